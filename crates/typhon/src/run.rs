//! Running the program, what its end means, and shutdown.
//!
//! Tests: crates/typhon/tests/cli.rs; CPython test_cmd_line, test_cmd_line_script.

use crate::config::{self, Config, Program};
use crate::{repl, start};
use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use typhon_object::dict::Dict;
use typhon_object::interp;
use typhon_object::list::List;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, exc, int, name, ops, str};
use typhon_syntax::{ErrKind, SyntaxErr};
use typhon_vm::hooks::{self, CompileRequest, Source};
use typhon_vm::{display, import};

/// Exit code when the standard streams cannot be flushed at the end.
const FLUSH_FAILED: u8 = 120;

/// Run the program; the exit code. In a frame of its own: what the program's end collects
/// must not stand in frames that are still there.
#[inline(never)]
pub fn program(cx: &mut Cx, c: &Config, p: &Program) -> u8 {
    let r = execute(cx, c, p);
    let interactive = match p {
        Program::Stdin => false,
        _ => c.inspect || inspect_now(c),
    };
    let mut code = report(cx, r, interactive);
    if interactive && (c.interactive || std::io::stdin().is_terminal()) {
        let r = repl::after_program(cx, c);
        code = report(cx, r, false);
    }
    code
}

/// A program may set `PYTHONINSPECT` itself; `os.putenv` changes the environment
/// of the process.
fn inspect_now(c: &Config) -> bool {
    config::env(c, "PYTHONINSPECT").is_some()
}

/// A str of what the operating system gave.
fn decode(cx: &mut Cx, s: &OsStr) -> Result<Obj> {
    typhon_stdlib::util::fs_decode(cx, s.as_bytes())
}

/// `sys.path.insert(0, entry)`.
pub fn path_first(cx: &mut Cx, c: &Config, entry: &OsStr) -> Result<()> {
    if c.safe_path {
        return Ok(());
    }
    let _ = start::PATH_0.set(entry.to_owned());
    let entry = decode(cx, entry)?;
    prepend(cx, entry)
}

fn prepend(cx: &mut Cx, entry: Obj) -> Result<()> {
    let sys = import::import_module(cx, "sys")?;
    let path = ops::get_attr(cx, sys, name!(cx, "path"))?;
    if path.cast::<List>().is_some() {
        ops::call_method(cx, path, "insert", &[Obj::int_unchecked(0), entry])?;
    }
    Ok(())
}

fn execute(cx: &mut Cx, c: &Config, p: &Program) -> Result<()> {
    match p {
        Program::Module(m) => {
            let cwd = std::env::current_dir().unwrap_or_default();
            path_first(cx, c, cwd.as_os_str())?;
            let m = decode(cx, m)?;
            run_module(cx, m, true)
        }
        Program::Command(text) => {
            path_first(cx, c, OsStr::new(""))?;
            let Some(text) = text.to_str() else {
                eprintln!("Unable to decode the command from the command line:");
                return Err(exit_with(cx, 1)?);
            };
            let d = start::main_dict(cx)?;
            let text = dedent(text);
            run_source(cx, d, Source::Text(&text), "<string>")
        }
        Program::File(f) => file(cx, c, f),
        Program::Stdin => {
            path_first(cx, c, OsStr::new(""))?;
            if c.interactive || std::io::stdin().is_terminal() {
                return repl::run(cx, c);
            }
            let mut text = Vec::new();
            let _ = cx.blocked(|| std::io::stdin().read_to_end(&mut text));
            let d = start::main_dict(cx)?;
            run_source(cx, d, Source::Bytes(skip_line(c, &text)), "<stdin>")
        }
    }
}

/// The text of `-c` may be indented as a whole.
fn dedent(text: &str) -> String {
    let blank = |l: &str| l.trim_matches([' ', '\t']).is_empty();
    let indent = |l: &str| l.len() - l.trim_start_matches([' ', '\t']).len();
    let mut lines = text.split('\n').filter(|l| !blank(l));
    let Some(first) = lines.next() else { return text.to_string() };
    let mut margin = first[..indent(first)].to_string();
    for l in lines {
        let same = margin.bytes().zip(l.bytes()).take_while(|(a, b)| a == b).count();
        margin.truncate(same);
    }
    if margin.is_empty() {
        return text.to_string();
    }
    let cut = |l: &str| l.strip_prefix(&margin).unwrap_or("").to_string();
    text.split('\n').map(|l| if blank(l) { String::new() } else { cut(l) }).collect::<Vec<_>>().join("\n")
}

fn run_module(cx: &mut Cx, m: Obj, set_argv0: bool) -> Result<()> {
    let runpy = import::import_module(cx, "runpy")?;
    ops::call_method(cx, runpy, "_run_module_as_main", &[m, Obj::bool(set_argv0)]).map(|_| ())
}

/// The name that messages have for the interpreter.
fn program_name() -> String {
    let exe = std::env::current_exe().map(|p| p.to_string_lossy().into_owned());
    exe.unwrap_or_else(|_| "typhon".to_string())
}

/// A script, or a folder or archive with a `__main__`.
fn file(cx: &mut Cx, c: &Config, f: &OsString) -> Result<()> {
    let full = std::path::absolute(f).unwrap_or_else(|_| f.into());
    let shown = full.to_string_lossy().into_owned();
    if full.is_dir() || is_archive(&full) {
        let entry = decode(cx, full.as_os_str())?;
        let hook = import::import_module(cx, "pkgutil")?;
        let finder = ops::call_method(cx, hook, "get_importer", &[entry])?;
        if !finder.is_none() {
            prepend(cx, entry)?;
            let m = str::new(cx, "__main__")?;
            return run_module(cx, m.obj(), false);
        }
    }
    let bytes = match std::fs::read(&full) {
        Ok(b) => b,
        Err(_) if full.is_dir() => {
            eprintln!("{}: '{shown}' is a directory, cannot continue", program_name());
            return Err(exit_with(cx, 1)?);
        }
        Err(e) => {
            let why = e.to_string();
            let why = why.split(" (os error").next().unwrap_or("").to_string();
            let number = e.raw_os_error().unwrap_or(0);
            eprintln!("{}: can't open file '{shown}': [Errno {number}] {why}", program_name());
            return Err(exit_with(cx, 2)?);
        }
    };
    // Relative to where the file is, not to a link that leads there.
    let real = match std::fs::read_link(&full) {
        Ok(to) => full.parent().map_or(to.clone(), |p| p.join(&to)),
        Err(_) => full.clone(),
    };
    let folder = real.parent().map(|p| std::fs::canonicalize(p).unwrap_or_else(|_| p.to_path_buf()));
    path_first(cx, c, folder.unwrap_or_default().as_os_str())?;
    let d = start::main_dict(cx)?;
    let name = decode(cx, full.as_os_str())?;
    d.insert_str(cx, name!(cx, "__file__"), name)?;
    d.insert_str(cx, name!(cx, "__cached__"), Obj::NONE)?;
    let compiled = bytes.len() > 4 && bytes[2..4] == *b"\r\n" && shown.ends_with(".pyc");
    let external = import::import_module(cx, "_frozen_importlib_external")?;
    let loader = if compiled { "SourcelessFileLoader" } else { "SourceFileLoader" };
    let loader = cx.intern(loader)?;
    let loader = ops::get_attr(cx, external, loader)?;
    let main = str::new(cx, "__main__")?;
    let loader = ops::call_args(cx, loader, &[main.obj(), name])?;
    d.insert_str(cx, name!(cx, "__loader__"), loader)?;
    if compiled {
        let code = ops::call_method(cx, loader, "get_code", &[main.obj()])?;
        let exec = hooks::builtin(cx, "exec")?;
        return ops::call_args(cx, exec, &[code, d.obj()]).map(|_| ());
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(null_byte(cx, &bytes, at, &shown)?);
    }
    let r = run_source(cx, d, Source::Bytes(skip_line(c, &bytes)), &shown);
    if let Err(e) = &r
        && e.is(cx, ExcKind::SyntaxError)
    {
        unplaced(cx, e.obj())?;
    }
    r
}

/// The error about a null byte of a file, which is told with what is before it.
fn null_byte(cx: &mut Cx, bytes: &[u8], at: usize, filename: &str) -> Result<Raised> {
    let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let mut e = SyntaxErr::bare(ErrKind::Syntax, "source code cannot contain null bytes");
    e.line = bytes[..at].iter().filter(|b| **b == b'\n').count() as u32 + 1;
    e.text = Some(String::from_utf8_lossy(&bytes[start..at]).into());
    crate::compile::raise(cx, filename, &e, None)
}

/// The end of a file behind a backslash with nothing before it has no column; that of a
/// text has one.
fn unplaced(cx: &mut Cx, e: Obj) -> Result<()> {
    let (msg, text, offset) = (name!(cx, "msg"), name!(cx, "text"), name!(cx, "offset"));
    let is = |o: Obj, what: &str| o.cast::<str::Str>().is_some_and(|s| s.to_str().trim_end() == what);
    let (m, t) = (ops::get_attr(cx, e, msg)?, ops::get_attr(cx, e, text)?);
    if is(m, "unexpected EOF while parsing") && is(t, "\\") {
        ops::set_attr(cx, e, offset, Some(Obj::int_unchecked(0)))?;
    }
    Ok(())
}

/// Whether the file may be an archive: it is one that ends in a directory.
fn is_archive(p: &Path) -> bool {
    let Ok(b) = std::fs::read(p) else { return false };
    let tail = &b[b.len().saturating_sub(66_000)..];
    tail.windows(4).any(|w| w == b"PK\x05\x06")
}

/// `-x`: the program without its first line, whose number still counts.
fn skip_line<'a>(c: &Config, b: &'a [u8]) -> &'a [u8] {
    if !c.skip_first_line {
        return b;
    }
    &b[b.iter().position(|b| *b == b'\n').unwrap_or(b.len())..]
}

fn run_source(cx: &mut Cx, d: Gc<Dict>, source: Source<'_>, filename: &str) -> Result<()> {
    let r = CompileRequest { source, filename, mode: "exec", flags: 0, optimize: -1, feature_version: -1 };
    let code = hooks::compile(cx, &r)?;
    if let Source::Text(text) = r.source {
        repl::remember(cx, text, code, filename);
    }
    import::exec_code(cx, code, d).map(|_| ())
}

fn exit_with(cx: &mut Cx, code: i64) -> Result<Raised> {
    let class = ExcKind::SystemExit.class(cx);
    let o = ops::call_args(cx, class.obj(), &[Obj::int_unchecked(code)])?;
    match o.cast::<exc::BaseException>() {
        Some(e) => Ok(Raised(e)),
        None => Ok(cx.error(ExcKind::SystemError, "SystemExit is not an exception")),
    }
}

/// What a `SystemExit` says: the exit code, after printing what is not a number.
fn exit_code(cx: &mut Cx, e: Raised) -> u8 {
    let n = name!(cx, "code");
    let code = ops::get_attr(cx, e.obj(), n).unwrap_or(Obj::NONE);
    if code.is_none() {
        return 0;
    }
    if let Some(i) = int::to_i64(code) {
        return i as u8;
    }
    if ops::class_of(code) == typhon_object::types::class_for(typhon_object::shape::INT) {
        return 255;
    }
    flush(cx, "stdout");
    // As it is: text may have what only the stream knows how to show.
    if let Ok(text) = ops::to_str(cx, code) {
        display::write_stderr_str(cx, text);
    }
    display::write_stderr(cx, "\n");
    1
}

/// Show an uncaught exception; the exit code. With `stay`, SystemExit is shown
/// as well, since the interpreter goes on.
#[inline(never)]
pub fn report(cx: &mut Cx, r: Result<()>, stay: bool) -> u8 {
    let Err(e) = r else { return 0 };
    if e.is(cx, ExcKind::SystemExit) && !stay {
        return exit_code(cx, e);
    }
    let interrupted = e.is(cx, ExcKind::KeyboardInterrupt);
    if let Err(x) = display::call_excepthook(cx, e) {
        return exit_code(cx, x);
    }
    if interrupted && !stay {
        INTERRUPTED.store(true, Ordering::Relaxed);
        return 130;
    }
    1
}

/// The program ended by KeyboardInterrupt: the process ends by the signal.
static INTERRUPTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn flush(cx: &mut Cx, stream: &str) -> Option<Raised> {
    let sys = name!(cx, "sys");
    let sys = import::modules(cx).get_str(sys)?;
    let n = cx.intern(stream).ok()?;
    let f = ops::get_attr_opt(cx, sys, n).ok()??;
    if f.is_none() {
        return None;
    }
    let n = name!(cx, "closed");
    if let Ok(Some(closed)) = ops::get_attr_opt(cx, f, n)
        && ops::truth(cx, closed).unwrap_or(false)
    {
        return None;
    }
    ops::call_method(cx, f, "flush", &[]).err()
}

/// Join the threads that are not daemons, run `atexit`, flush the streams; whether the
/// streams took everything.
fn wind_down(cx: &mut Cx) -> bool {
    let key = |cx: &Cx, n: &str| cx.intern(n).ok().and_then(|k| import::modules(cx).get_str(k));
    if let Some(t) = key(cx, "threading")
        && let Err(e) = ops::call_method(cx, t, "_shutdown", &[])
    {
        typhon_vm::poll::unraisable(cx, e, "Exception ignored on threading shutdown", t);
    }
    typhon_stdlib::atexit::run_all(cx);
    let mut whole = true;
    if let Some(e) = flush(cx, "stdout") {
        typhon_vm::poll::unraisable(cx, e, "Exception ignored while flushing sys.stdout", Obj::NONE);
        whole = false;
    }
    whole && flush(cx, "stderr").is_none()
}

/// The end of an interpreter other than the main one.
pub fn end_subinterpreter(cx: &mut Cx) {
    wind_down(cx);
    cx.interp().finalizing.store(true, Ordering::SeqCst);
    crate::wiring::finalize_modules(cx);
}

/// At the end of the process: end the interpreters that the program has left.
fn end_others(cx: &mut Cx) {
    if !interp::several() {
        return;
    }
    // Those that nobody knows of any more end by themselves.
    cx.collect_thoroughly(true);
    typhon_vm::poll::finalize(cx);
    if interp::all(cx).len() > 1 {
        let text = "remaining subinterpreters; close them with Interpreter.close()";
        if let Err(e) = warn_of_no_place(cx, text) {
            typhon_vm::poll::unraisable(cx, e, "", Obj::NONE);
        }
        typhon_vm::interps::end_all(cx);
    }
}

/// A RuntimeWarning that no code is to blame for.
fn warn_of_no_place(cx: &mut Cx, text: &str) -> Result<()> {
    let warnings = import::import_module(cx, "warnings")?;
    let (text, place) = (str::new(cx, text)?, str::new(cx, "<sys>")?);
    let class = ExcKind::RuntimeWarning.class(cx).obj();
    let args = [text.obj(), class, place.obj(), Obj::int_unchecked(0)];
    ops::call_method(cx, warnings, "warn_explicit", &args).map(|_| ())
}

/// Wind down, and end everything else; the exit code.
#[inline(never)]
pub fn shut_down(cx: &mut Cx, code: u8) -> u8 {
    let mut code = code;
    if !wind_down(cx) {
        code = FLUSH_FAILED;
    }
    end_others(cx);
    cx.rt().finalizing.store(true, Ordering::SeqCst);
    typhon_object::cx::scrub();
    crate::wiring::finalize_modules(cx);
    // Files that were left open, and what finalizers wrote.
    typhon_stdlib::io::flush_all(cx);
    if INTERRUPTED.load(Ordering::Relaxed) && code == 130 {
        die_of_interrupt(cx);
    }
    code
}

/// Let the parent see that the process was interrupted.
fn die_of_interrupt(cx: &mut Cx) {
    let _: Result<()> = (|| {
        let signal = import::import_module(cx, "_signal")?;
        let number = ops::get_attr(cx, signal, name!(cx, "SIGINT"))?;
        let default = ops::get_attr(cx, signal, name!(cx, "SIG_DFL"))?;
        ops::call_method(cx, signal, "signal", &[number, default])?;
        ops::call_method(cx, signal, "raise_signal", &[number])?;
        Ok(())
    })();
}
