//! How exceptions that nobody catches are shown: `sys.excepthook`,
//! `sys.unraisablehook`, and what they do by default.
//!
//! The `traceback` module does the work. Where it cannot run (too deep a
//! recursion, too early, too late, broken by the program) a printer of our own
//! writes the same without suggestions and colours.
//!
//! Tests: tests/lang/exceptions.md; CPython test_sys, test_traceback.

use crate::import;
use crate::traceback::Traceback;
use std::sync::atomic::Ordering;
use typhon_object::exc::BaseException;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, dict, name, ops, str};

/// `print(text, file=sys.stderr)`, or straight to the descriptor.
pub fn write_stderr(cx: &mut Cx, text: &str) {
    match str::new(cx, text) {
        Ok(s) => write_stderr_str(cx, s),
        Err(_) => eprint!("{text}"),
    }
}

/// The same for a str.
pub fn write_stderr_str(cx: &mut Cx, text: Gc<Str>) {
    let key = cx.intern("sys").ok().and_then(|k| import::modules(cx).get_str(k));
    if let Some(sys) = key {
        let n = name!(cx, "stderr");
        match ops::get_attr_opt(cx, sys, n) {
            // No stream, no message: as in CPython.
            Ok(Some(Obj::NONE)) => return,
            Ok(Some(f)) if ops::call_method(cx, f, "write", &[text.obj()]).is_ok() => {
                let _ = ops::call_method(cx, f, "flush", &[]);
                return;
            }
            _ => {}
        }
    }
    eprint!("{}", text.to_str());
}

/// What `sys.excepthook` does unless it is replaced.
pub fn print_exception(cx: &mut Cx, e: Raised) {
    let r = import::import_module(cx, "traceback")
        .and_then(|m| ops::call_method(cx, m, "_print_exception_bltin", &[e.obj()]));
    if r.is_err() {
        let text = plain(cx, e.0);
        write_stderr(cx, &text);
    }
}

/// Call `sys.excepthook`. An error is the hook's own `SystemExit`.
pub fn call_excepthook(cx: &mut Cx, e: Raised) -> Result<()> {
    let sys = match import::import_module(cx, "sys") {
        Ok(sys) => sys,
        Err(_) => {
            print_exception(cx, e);
            return Ok(());
        }
    };
    for (n, v) in [
        ("last_exc", e.obj()),
        ("last_type", ops::class_of(e.obj()).obj()),
        ("last_value", e.obj()),
        ("last_traceback", e.0.traceback.obj().unwrap_or(Obj::NONE)),
    ] {
        if let Ok(n) = cx.intern(n) {
            let _ = ops::set_attr(cx, sys, n, Some(v));
        }
    }
    let n = name!(cx, "excepthook");
    let Ok(Some(hook)) = ops::get_attr_opt(cx, sys, n) else {
        write_stderr(cx, "sys.excepthook is missing\n");
        print_exception(cx, e);
        return Ok(());
    };
    let tb = e.0.traceback.obj().unwrap_or(Obj::NONE);
    let class = ops::class_of(e.obj());
    match ops::call_args(cx, hook, &[class.obj(), e.obj(), tb]) {
        Ok(_) => Ok(()),
        Err(x) if x.is(cx, ExcKind::SystemExit) => Err(x),
        Err(x) => {
            write_stderr(cx, "Error in sys.excepthook:\n");
            print_exception(cx, x);
            write_stderr(cx, "\nOriginal exception was:\n");
            print_exception(cx, e);
            Ok(())
        }
    }
}

/// Report an exception that cannot be raised: call `sys.unraisablehook`.
///
/// `o`, unless None, is what the text goes on to name.
pub fn unraisable(cx: &mut Cx, e: Raised, what: &str, o: Obj) {
    let (what, o) = match ops::repr(cx, o) {
        Ok(r) if !o.is_none() && !what.is_empty() => (&*format!("{what} {}", r.to_str()), Obj::NONE),
        _ => (what, o),
    };
    let r: Result<()> = (|| {
        let sys = import::import_module(cx, "sys")?;
        let hook = ops::get_attr(cx, sys, name!(cx, "unraisablehook"))?;
        let fields = dict::new(cx)?;
        let msg = str::new(cx, what)?;
        for (n, v) in [
            ("exc_type", ops::class_of(e.obj()).obj()),
            ("exc_value", e.obj()),
            ("exc_traceback", e.0.traceback.obj().unwrap_or(Obj::NONE)),
            ("err_msg", if what.is_empty() { Obj::NONE } else { msg.obj() }),
            ("object", o),
        ] {
            let n = cx.intern(n)?;
            fields.insert_str(cx, n, v)?;
        }
        let a = typhon_builtins::namespace::new(cx, fields)?;
        if let Err(x) = ops::call_args(cx, hook, &[a]) {
            show_unraisable(cx, x, Some("Exception ignored in sys.unraisablehook"), hook);
        }
        Ok(())
    })();
    if r.is_err() {
        let text = plain(cx, e.0);
        write_stderr(cx, &format!("{what}:\n{text}"));
    }
}

/// What `sys.unraisablehook` does unless it is replaced.
pub fn show_unraisable(cx: &mut Cx, e: Raised, msg: Option<&str>, o: Obj) {
    let head = if o.is_none() {
        msg.map(|m| format!("{m}:\n"))
    } else {
        let shown = match ops::repr(cx, o) {
            Ok(r) => r.to_str().into_owned(),
            Err(_) => "<object repr() failed>".to_string(),
        };
        Some(format!("{} {shown}\n", msg.map_or("Exception ignored in:".to_string(), |m| format!("{m}:"))))
    };
    if let Some(head) = head {
        write_stderr(cx, &head);
    }
    print_exception(cx, e);
}

/// The text of an exception, its causes and contexts, by native means alone.
pub fn plain(cx: &mut Cx, e: Gc<BaseException>) -> String {
    let mut out = String::new();
    chain(cx, e, &mut out, &mut Vec::new(), 0);
    out
}

/// `seen` holds addresses, which are only compared.
fn chain(cx: &mut Cx, e: Gc<BaseException>, out: &mut String, seen: &mut Vec<u64>, depth: usize) {
    seen.push(e.obj().word());
    let older = |o: Option<Obj>| o.and_then(|o| o.cast::<BaseException>());
    let cause = older(e.cause.obj());
    let context = older(e.context.obj()).filter(|_| !e.suppress_context.load(Ordering::Relaxed));
    let (from, text) = match (cause, context) {
        (Some(c), _) => (Some(c), "The above exception was the direct cause of the following exception:"),
        (None, c) => (c, "During handling of the above exception, another exception occurred:"),
    };
    if let Some(c) = from
        && depth < 100
        && !seen.contains(&c.obj().word())
    {
        chain(cx, c, out, seen, depth + 1);
        out.push_str(&format!("\n{text}\n\n"));
    }
    one(cx, e, out);
}

fn one(cx: &mut Cx, e: Gc<BaseException>, out: &mut String) {
    if let Some(t) = e.traceback.obj().and_then(|t| t.cast::<Traceback>()) {
        out.push_str("Traceback (most recent call last):\n");
        entries(t, out);
    }
    let class = ops::class_of(e.obj());
    if ExcKind::SyntaxError.matches(cx, e.obj()) {
        place(cx, e, out);
    }
    let text = if ExcKind::SyntaxError.matches(cx, e.obj()) {
        let n = name!(cx, "msg");
        ops::get_attr_opt(cx, e.obj(), n).ok().flatten().and_then(|m| ops::to_str(cx, m).ok())
    } else {
        match ops::to_str(cx, e.obj()) {
            Ok(s) => Some(s),
            Err(_) => str::new(cx, "<exception str() failed>").ok(),
        }
    };
    out.push_str(&ops::full_name(cx, class));
    match text.filter(|t| !t.is_empty()) {
        Some(t) => out.push_str(&format!(": {}\n", t.to_str())),
        None => out.push('\n'),
    }
    let n = name!(cx, "__notes__");
    if let Ok(Some(notes)) = ops::get_attr_opt(cx, e.obj(), n) {
        let _ = ops::for_each(cx, notes, |cx, n| {
            let n = ops::to_str(cx, n)?;
            out.push_str(&format!("{}\n", n.to_str()));
            Ok(true)
        });
    }
    if ExcKind::BaseExceptionGroup.matches(cx, e.obj()) {
        let n = name!(cx, "exceptions");
        if let Ok(Some(items)) = ops::get_attr_opt(cx, e.obj(), n)
            && let Some(items) = items.cast::<Tuple>()
        {
            for (i, x) in items.items().iter().enumerate() {
                let Some(x) = x.cast::<BaseException>() else { continue };
                let mut inner = String::new();
                one(cx, x, &mut inner);
                out.push_str(&format!("  +---------------- {} ----------------\n", i + 1));
                for line in inner.lines() {
                    out.push_str(&format!("    | {line}\n"));
                }
            }
            out.push_str("    +------------------------------------\n");
        }
    }
}

/// How often one line is repeated before the rest is only counted.
const REPEATS: usize = 3;

fn entries(first: Gc<Traceback>, out: &mut String) {
    let mut tb = Some(first);
    let mut last = (String::new(), 0);
    let told = |last: &(String, usize), out: &mut String| {
        if last.1 > REPEATS {
            let more = last.1 - REPEATS;
            let s = if more == 1 { "" } else { "s" };
            out.push_str(&format!("  [Previous line repeated {more} more time{s}]\n"));
        }
    };
    while let Some(t) = tb {
        if let Some(f) = t.frame.get() {
            let c = f.code();
            let line = t.line().unwrap_or(0);
            let head = format!("  File \"{}\", line {line}, in {}\n", c.data.filename, c.data.qualname);
            if head == last.0 {
                last.1 += 1;
            } else {
                told(&last, out);
                last = (head.clone(), 1);
            }
            if last.1 <= REPEATS {
                out.push_str(&head);
                if let Some(text) = source_line(&c.data.filename, line.max(0) as u32) {
                    out.push_str(&format!("    {}\n", text.trim()));
                }
            }
        }
        tb = t.next.obj().and_then(|n| n.cast::<Traceback>());
    }
    told(&last, out);
}

fn source_line(file: &str, line: u32) -> Option<String> {
    if file.starts_with('<') {
        return None;
    }
    let text = std::fs::read(file).ok()?;
    let line = text.split(|b| *b == b'\n').nth(line.checked_sub(1)? as usize)?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// Where a SyntaxError is: file, line, carets.
fn place(cx: &mut Cx, e: Gc<BaseException>, out: &mut String) {
    let mut get = |n: &str| -> Option<Obj> {
        let n = cx.intern(n).ok()?;
        ops::get_attr_opt(cx, e.obj(), n).ok().flatten().filter(|o| !o.is_none())
    };
    let text = |o: Option<Obj>| o.and_then(|o| o.cast::<Str>()).map(|s| s.to_str().into_owned());
    let number = |o: Option<Obj>| o.and_then(|o| o.as_small_int());
    let Some(line) = number(get("lineno")) else { return };
    let file = text(get("filename")).unwrap_or_else(|| "<string>".to_string());
    out.push_str(&format!("  File \"{file}\", line {line}\n"));
    let Some(source) = text(get("text")) else { return };
    let body = source.trim_end();
    let shown = body.trim_start();
    out.push_str(&format!("    {shown}\n"));
    let Some(start) = number(get("offset")).filter(|o| *o >= 1) else { return };
    let cut = (body.chars().count() - shown.chars().count()) as i64;
    let end = match number(get("end_lineno")) {
        Some(l) if l == line => number(get("end_offset")).unwrap_or(0),
        _ => 0,
    };
    let from = (start - 1 - cut).max(0);
    let count = (end - start).max(1);
    out.push_str(&format!("    {}{}\n", " ".repeat(from as usize), "^".repeat(count as usize)));
}
