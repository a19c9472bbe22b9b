//! Start-up: the heap's first objects, the modules that are always there, the
//! import system, the standard streams.
//!
//! Tests: crates/typhon/tests/cli.rs.

use crate::config::Config;
use crate::{compile, library, sys_values};
use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use typhon_object::dict::Dict;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, boot, name, ops, str};
use typhon_vm::hooks;
use typhon_vm::library as vm_library;
use typhon_vm::{deadlock, import, init, sys, thread};

/// Make a runtime that can import and print.
#[inline(never)]
pub fn start(cx: &mut Cx, c: &Config) -> Result<()> {
    // Before the first string is hashed, for the first call counts.
    let _ = CONFIG.set(c.clone());
    let key = hash_key(c);
    typhon_object::hash::set_key(key.0, key.1);
    boot::bootstrap(cx)?;
    compile::OPTIMIZE.store(c.optimize.clamp(0, 2) as u8, Ordering::Relaxed);
    typhon_builtins::init(cx)?;
    init::init(cx)?;
    typhon_vm::weakref::init(cx)?;
    let _ = hooks::COMPILE.set(compile::compile);
    let _ = hooks::PARSE.set(compile::parse);
    let _ = vm_library::PACKED.set(library::LIBRARY);
    let mut native = typhon_stdlib::MODULES.to_vec();
    native.extend_from_slice(init::MODULES);
    native.push(&crate::symtable::functions::SPEC);
    let _ = vm_library::NATIVE.set(native);
    crate::wiring::connect();
    thread::init_main(cx);
    typhon_vm::code_object::NO_DEBUG_RANGES.store(c.no_debug_ranges, Ordering::Relaxed);
    typhon_builtins::int_new::MAX_STR_DIGITS.store(c.int_max_str_digits as usize, Ordering::Relaxed);
    if let Some(mode) = c.deadlock {
        deadlock::set_mode(mode);
    }
    sys::CPU_COUNT.store(c.cpu_count.unwrap_or(-1), Ordering::Relaxed);
    import::IMPORT_TIME.store(c.import_time > 0, Ordering::Relaxed);
    import::VERBOSE.store(c.verbose > 0, Ordering::Relaxed);
    typhon_vm::signal::init_main(cx);
    interpreter(cx, c)?;
    crate::wiring::started();
    Ok(())
}

/// Make an interpreter that can import and print, of which there is only the record.
pub fn interpreter(cx: &mut Cx, c: &Config) -> Result<()> {
    init::init_interp(cx)?;
    hooks::builtins(cx).insert_str(cx, name!(cx, "__debug__"), Obj::bool(c.optimize == 0))?;
    let s = sys::init(cx)?;
    let sd = hooks::module_dict(s).expect("a module");
    sys_values::fill(cx, sd, c)?;
    vm_library::start_importlib(cx)?;
    if let Some(how) = &c.check_pycs {
        let imp = import::import_module(cx, "_imp")?;
        let how = str::new(cx, how)?;
        ops::set_attr(cx, imp, name!(cx, "check_hash_based_pycs"), Some(how.obj()))?;
    }
    standard_streams(cx, sd, c)
}

fn hash_key(c: &Config) -> (u64, u64) {
    match c.hash_seed {
        Some(0) => (0, 0),
        Some(s) => {
            let mut state = s;
            let mut next = || {
                state = state.wrapping_mul(214013).wrapping_add(2531011);
                (state >> 16) as u8
            };
            let mut word = || u64::from_le_bytes(std::array::from_fn(|_| next()));
            (word(), word())
        }
        None => {
            let mut b = [0u8; 16];
            // Without the device the key is zero, which is still correct.
            if let Ok(mut f) = std::fs::File::open("/dev/urandom") {
                let _ = f.read_exact(&mut b);
            }
            let half = |i: usize| u64::from_le_bytes(b[i..i + 8].try_into().unwrap());
            (half(0), half(8))
        }
    }
}

/// Whether the environment asks for the C locale, or for none.
fn plain_locale() -> bool {
    let set = |n: &str| std::env::var_os(n).filter(|v| !v.is_empty());
    match set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")) {
        None => true,
        Some(v) => matches!(v.as_bytes(), b"C" | b"POSIX"),
    }
}

/// `sys.stdin`, `stdout`, `stderr`.
fn standard_streams(cx: &mut Cx, sd: Gc<Dict>, c: &Config) -> Result<()> {
    let io = import::import_module(cx, "_io")?;
    let open = ops::get_attr(cx, io, name!(cx, "open"))?;
    hooks::builtins(cx).insert_str(cx, name!(cx, "open"), open)?;
    let lenient = c.utf8_mode == 1 || plain_locale();
    for (fd, n) in [(0i64, "stdin"), (1, "stdout"), (2, "stderr")] {
        let f = stream(cx, io, c, fd, lenient)?;
        for n in [n.to_string(), format!("__{n}__")] {
            let n = cx.intern(&n)?;
            sd.insert_str(cx, n, f)?;
        }
    }
    Ok(())
}

/// One of the streams; a closed descriptor gives None.
fn stream(cx: &mut Cx, io: Obj, c: &Config, fd: i64, lenient: bool) -> Result<Obj> {
    let Ok(meta) = std::fs::metadata(format!("/proc/self/fd/{fd}")) else {
        // A pipe or socket has no path behind its link, but has the link.
        if std::fs::read_link(format!("/proc/self/fd/{fd}")).is_err() {
            return Ok(Obj::NONE);
        }
        return open_stream(cx, io, c, fd, lenient);
    };
    if fd == 0 && meta.is_dir() {
        eprintln!(
            "Fatal Python error: init_sys_streams: <stdin> is a directory, cannot continue\n\
             Python runtime state: core initialized"
        );
        std::process::exit(1);
    }
    open_stream(cx, io, c, fd, lenient)
}

fn open_stream(cx: &mut Cx, io: Obj, c: &Config, fd: i64, lenient: bool) -> Result<Obj> {
    let write = fd > 0;
    let tty = match fd {
        0 => std::io::stdin().is_terminal(),
        1 => std::io::stdout().is_terminal(),
        _ => std::io::stderr().is_terminal(),
    };
    let raw = c.unbuffered && write;
    let open = ops::get_attr(cx, io, name!(cx, "open"))?;
    let mode = str::new(cx, if write { "wb" } else { "rb" })?;
    let buffering = Obj::int_unchecked(if raw { 0 } else { -1 });
    let keywords = names(cx, &["closefd"])?;
    let buffer = ops::call(cx, open, &[Obj::int_unchecked(fd), mode.obj(), buffering, Obj::FALSE], Some(keywords))?;
    let file = match raw {
        true => buffer,
        false => ops::get_attr(cx, buffer, name!(cx, "raw"))?,
    };
    let shown = str::new(cx, ["<stdin>", "<stdout>", "<stderr>"][fd as usize])?;
    ops::set_attr(cx, file, name!(cx, "name"), Some(shown.obj()))?;
    let (encoding, errors) = &c.io_encoding;
    let encoding = str::new(cx, encoding.as_deref().unwrap_or("utf-8"))?;
    let errors = match (fd, errors) {
        (2, _) => "backslashreplace",
        (_, Some(e)) => e.as_str(),
        // An encoding that was asked for is taken at its word.
        (_, None) if lenient && c.io_encoding.0.is_none() => "surrogateescape",
        _ => "strict",
    };
    let errors = str::new(cx, errors)?;
    let newline = str::new(cx, "\n")?;
    let newline = if write { newline.obj() } else { Obj::NONE };
    let line = Obj::bool(write && (tty || fd == 2));
    let keywords = names(cx, &["line_buffering", "write_through"])?;
    let wrapper = ops::get_attr(cx, io, name!(cx, "TextIOWrapper"))?;
    let args = [buffer, encoding.obj(), errors.obj(), newline, line, Obj::bool(raw)];
    let f = ops::call(cx, wrapper, &args, Some(keywords))?;
    let mode = str::new(cx, if write { "w" } else { "r" })?;
    ops::set_attr(cx, f, name!(cx, "mode"), Some(mode.obj()))?;
    Ok(f)
}

fn names(cx: &mut Cx, n: &[&str]) -> Result<Gc<typhon_object::tuple::Tuple>> {
    let l = typhon_object::list::new(cx, &[])?;
    for n in n {
        let n = cx.intern(n)?;
        l.append(cx, n.obj())?;
    }
    ops::tuple_from_list(cx, l)
}

/// What subinterpreters begin with: the command's configuration, and the first entry that
/// the program's `sys.path` was given.
static CONFIG: OnceLock<Config> = OnceLock::new();
pub static PATH_0: OnceLock<OsString> = OnceLock::new();

/// Make another interpreter, of which there is only the record, like the first one.
pub fn subinterpreter(cx: &mut Cx) -> Result<()> {
    let Some(c) = CONFIG.get() else {
        return Err(cx.error(ExcKind::RuntimeError, "the main interpreter is not ready"));
    };
    interpreter(cx, c)?;
    main_module(cx)?;
    if !c.warnings.is_empty() {
        import::import_module(cx, "warnings")?;
    }
    if !c.no_site {
        import::import_module(cx, "site")?;
    }
    if let Some(entry) = PATH_0.get() {
        crate::run::path_first(cx, c, entry)?;
    }
    Ok(())
}

/// What happens before the program once the runtime runs: `warnings` if there
/// are filters, `faulthandler`, `__main__`, `site`.
#[inline(never)]
pub fn prepare(cx: &mut Cx, c: &Config) -> Result<()> {
    main_module(cx)?;
    if !c.warnings.is_empty() {
        import::import_module(cx, "warnings")?;
    }
    if c.faulthandler {
        match import::import_module(cx, "faulthandler") {
            Ok(f) => {
                ops::call_method(cx, f, "enable", &[])?;
            }
            // A build without the module runs without the tracebacks.
            Err(e) if e.is(cx, ExcKind::ImportError) => {}
            Err(e) => return Err(e),
        }
    }
    if !c.no_site {
        import::import_module(cx, "site")?;
    }
    Ok(())
}

/// A fresh `__main__`.
fn main_module(cx: &mut Cx) -> Result<()> {
    let m = import::new_module(cx, "__main__")?;
    let d = hooks::module_dict(m).expect("a module");
    import::modules(cx).insert_str(cx, name!(cx, "__main__"), m)?;
    let b = import::import_module(cx, "builtins")?;
    d.insert_str(cx, name!(cx, "__builtins__"), b)?;
    let boot = import::import_module(cx, "_frozen_importlib")?;
    let loader = ops::get_attr(cx, boot, name!(cx, "BuiltinImporter"))?;
    d.insert_str(cx, name!(cx, "__loader__"), loader)?;
    Ok(())
}

/// The namespace of `__main__`, as long as there is one.
pub fn main_dict(cx: &mut Cx) -> Result<Gc<Dict>> {
    let n = name!(cx, "__main__");
    match import::modules(cx).get_str(n).and_then(hooks::module_dict) {
        Some(d) => Ok(d),
        None => Err(cx.error(ExcKind::RuntimeError, "lost __main__")),
    }
}
