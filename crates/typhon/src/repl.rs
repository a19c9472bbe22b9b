//! Interactive mode: the library's `_pyrepl` at a terminal that it can use, else
//! a plain one.
//!
//! The plain one reads lines with `sys.ps1` and `sys.ps2` as prompts until they
//! make a statement, and runs each statement in `__main__`.
//!
//! Tests: crates/typhon/tests/cli.rs; CPython test_repl.

use crate::compile::FUTURES;
use crate::config::{self, Config};
use crate::{run, start, usage};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, name, ops, str};
use typhon_vm::code::Code;
use typhon_vm::hooks::{self, CompileRequest, Source};
use typhon_vm::{display, import};

/// `PyCF_ALLOW_INCOMPLETE_INPUT | PyCF_DONT_IMPLY_DEDENT`.
const INTERACTIVE: u32 = 0x4200;

/// The file name of statements.
const FILE: &str = "<stdin>";

/// Interactive mode from the start.
pub fn run(cx: &mut Cx, c: &Config) -> Result<()> {
    if !c.quiet {
        let mut text = format!("Python {} on linux\n", usage::long_version());
        if !c.no_site {
            text.push_str("Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n");
        }
        display::write_stderr(cx, &text);
    }
    hook(cx, c);
    if pyrepl(cx, c, true)? {
        return Ok(());
    }
    startup(cx, c);
    plain(cx)
}

/// Interactive mode after a program (`-i`).
pub fn after_program(cx: &mut Cx, c: &Config) -> Result<()> {
    hook(cx, c);
    if pyrepl(cx, c, false)? {
        return Ok(());
    }
    plain(cx)
}

/// `sys.__interactivehook__`: site's set-up of the line editor.
fn hook(cx: &mut Cx, c: &Config) {
    if c.isolated {
        return;
    }
    let r: Result<()> = (|| {
        let sys = import::import_module(cx, "sys")?;
        let n = name!(cx, "__interactivehook__");
        if let Some(f) = ops::get_attr_opt(cx, sys, n)? {
            ops::call_args(cx, f, &[])?;
        }
        Ok(())
    })();
    if let Err(e) = r {
        display::write_stderr(cx, "Failed calling sys.__interactivehook__\n");
        display::print_exception(cx, e);
    }
}

/// Run the library's own interactive mode, if it can work here.
fn pyrepl(cx: &mut Cx, c: &Config, startup: bool) -> Result<bool> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !terminal || config::env(c, "PYTHON_BASIC_REPL").is_some() {
        return Ok(false);
    }
    let main = match import::import_module(cx, "_pyrepl.main") {
        Ok(m) => m,
        // It needs modules that a build may lack.
        Err(_) => return Ok(false),
    };
    let can = ops::get_attr(cx, main, name!(cx, "CAN_USE_PYREPL"))?;
    if !ops::truth(cx, can)? {
        return Ok(false);
    }
    let n = name!(cx, "__main__");
    let module = import::modules(cx).get_str(n).unwrap_or(Obj::NONE);
    let args = [module, Obj::bool(c.quiet), Obj::bool(startup)];
    ops::call_method(cx, main, "interactive_console", &args)?;
    Ok(true)
}

/// `PYTHONSTARTUP`.
fn startup(cx: &mut Cx, c: &Config) {
    let Some(file) = config::env(c, "PYTHONSTARTUP") else { return };
    let bytes = match std::fs::read(&file) {
        Ok(b) => b,
        Err(e) => {
            let why = e.to_string();
            let why = why.split(" (os error").next().unwrap_or("").to_string();
            let shown = String::from_utf8_lossy(file.as_bytes()).into_owned();
            let number = e.raw_os_error().unwrap_or(0);
            display::write_stderr(cx, &format!("Could not open PYTHONSTARTUP\n[Errno {number}] {why}: '{shown}'\n"));
            return;
        }
    };
    let shown = file.to_string_lossy().into_owned();
    let r: Result<()> = (|| {
        let d = start::main_dict(cx)?;
        let r = CompileRequest {
            source: Source::Bytes(&bytes),
            filename: &shown,
            mode: "exec",
            flags: 0,
            optimize: -1,
            feature_version: -1,
        };
        let code = hooks::compile(cx, &r)?;
        import::exec_code(cx, code, d).map(|_| ())
    })();
    run::report(cx, r, true);
}

/// A prompt: `str(sys.ps1)`, set to its default if it is missing.
fn prompt(cx: &mut Cx, n: &str, default: &str) -> Result<Gc<Str>> {
    let sys = import::import_module(cx, "sys")?;
    let n = cx.intern(n)?;
    if let Some(p) = ops::get_attr_opt(cx, sys, n)? {
        return match ops::to_str(cx, p) {
            Ok(s) => Ok(s),
            Err(_) => str::new(cx, ""),
        };
    }
    let d = str::new(cx, default)?;
    ops::set_attr(cx, sys, n, Some(d.obj()))?;
    Ok(d)
}

/// One line without its end; None at the end of the input.
fn read_line(cx: &mut Cx, prompt: Gc<Str>) -> Result<Option<String>> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        // `input` uses the line editor, if there is one.
        let input = hooks::builtin(cx, "input")?;
        return match ops::call_args(cx, input, &[prompt.obj()]) {
            Ok(l) => Ok(Some(ops::to_str(cx, l)?.to_str().into_owned())),
            Err(e) if e.is(cx, ExcKind::EOFError) => Ok(None),
            Err(e) => Err(e),
        };
    }
    let text = prompt.to_str().into_owned();
    display::write_stderr(cx, &text);
    let sys = import::import_module(cx, "sys")?;
    let stdin = ops::get_attr(cx, sys, name!(cx, "stdin"))?;
    let line = ops::call_method(cx, stdin, "readline", &[])?;
    let line = ops::to_str(cx, line)?.to_str().into_owned();
    if line.is_empty() {
        return Ok(None);
    }
    Ok(Some(line.strip_suffix('\n').unwrap_or(&line).to_string()))
}

/// What became of one statement.
enum Step {
    Done,
    End,
    Exit(Raised),
}

fn plain(cx: &mut Cx) -> Result<()> {
    // The future statements that were made.
    let mut futures = 0;
    loop {
        match statement(cx, &mut futures) {
            Ok(Step::Done) => {}
            Ok(Step::End) => break,
            Ok(Step::Exit(e)) => return Err(e),
            Err(e) if e.is(cx, ExcKind::KeyboardInterrupt) => display::write_stderr(cx, "\nKeyboardInterrupt\n"),
            Err(e) => {
                run::report(cx, Err(e), true);
            }
        }
    }
    display::write_stderr(cx, "\n");
    Ok(())
}

/// Read a statement and run it.
fn statement(cx: &mut Cx, futures: &mut u32) -> Result<Step> {
    let ps1 = prompt(cx, "ps1", ">>> ")?;
    let ps2 = prompt(cx, "ps2", "... ")?;
    let mut text = String::new();
    let mut first = true;
    let code = loop {
        let Some(line) = read_line(cx, if first { ps1 } else { ps2 })? else {
            if first {
                return Ok(Step::End);
            }
            // What is there must do.
            text.push('\n');
            break compile(cx, &text, *futures)?;
        };
        if first && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Step::Done);
        }
        if !first {
            text.push('\n');
        }
        text.push_str(&line);
        first = false;
        match compile(cx, &text, INTERACTIVE | *futures) {
            Ok(c) => break c,
            Err(e) if is_incomplete(cx, e) => {}
            Err(e) => return Err(e),
        }
    };
    *futures |= code.data.flags & FUTURES;
    remember(cx, &text, code, FILE);
    let d = start::main_dict(cx)?;
    match import::exec_code(cx, code, d) {
        Ok(_) => Ok(Step::Done),
        Err(e) if e.is(cx, ExcKind::SystemExit) => Ok(Step::Exit(e)),
        Err(e) => Err(e),
    }
}

fn compile(cx: &mut Cx, text: &str, flags: u32) -> Result<Gc<Code>> {
    let r = CompileRequest {
        source: Source::Text(text),
        filename: FILE,
        mode: "single",
        flags,
        optimize: -1,
        feature_version: -1,
    };
    hooks::compile(cx, &r)
}

fn is_incomplete(cx: &mut Cx, e: Raised) -> bool {
    e.is(cx, ExcKind::_IncompleteInputError)
}

/// Let tracebacks show the lines of a text that no file has. Where `linecache` cannot be
/// had they go without.
pub fn remember(cx: &mut Cx, text: &str, code: Gc<Code>, file: &str) {
    let _: Result<()> = (|| {
        let linecache = import::import_module(cx, "linecache")?;
        let source = str::new(cx, text)?;
        let file = str::new(cx, file)?;
        ops::call_method(cx, linecache, "_register_code", &[code.obj(), source.obj(), file.obj()]).map(|_| ())
    })();
}
