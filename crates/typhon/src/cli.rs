//! The command line, start-up and shutdown.
//!
//! Tests: `tests/cli.rs`.

use crate::{compile, library, sys_values};
use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::sync::atomic::Ordering;
use typhon_gc::HeapOptions;
use typhon_object::cx::{Cx, init_heap};
use typhon_object::dict::Dict;
use typhon_object::{ExcKind, Gc, Obj, Raised, Result, boot, name, ops, str};
use typhon_vm::hooks::{self, CompileRequest, Source};
use typhon_vm::{import, init, sys, thread};

/// Native stack of the main Python thread (reserved, not committed).
pub const MAIN_STACK: usize = 64 << 20;

/// What to run.
enum Program {
    File(OsString),
    Command(String),
    Module(String),
    Stdin,
}

/// The command line, understood.
#[derive(Default)]
pub struct Config {
    /// `sys.argv`.
    pub argv: Vec<OsString>,
    /// `sys.orig_argv`.
    pub orig_argv: Vec<OsString>,
    /// `-W` options.
    pub warnings: Vec<String>,
    /// `-X` options.
    pub x_options: Vec<String>,
    /// `sys.path`.
    pub path: Vec<String>,
    /// `-O` level.
    pub optimize: u8,
    /// `-i`.
    pub inspect: bool,
    /// `-I`.
    pub isolated: bool,
    /// `-E`.
    pub ignore_env: bool,
    /// `-S`.
    pub no_site: bool,
    /// `-u`.
    pub unbuffered: bool,
}

const USAGE: &str = "usage: typhon [option] ... [-c cmd | -m mod | file | -] [arg] ...";

fn parse(args: Vec<OsString>) -> std::result::Result<(Config, Program), String> {
    let mut c = Config { orig_argv: args.clone(), ..Config::default() };
    let mut rest = args.into_iter().skip(1);
    let mut program = None;
    while let Some(a) = rest.next() {
        let text = a.to_string_lossy().into_owned();
        if text == "-" || !text.starts_with('-') {
            program = Some(if text == "-" { Program::Stdin } else { Program::File(a.clone()) });
            c.argv.push(a);
            break;
        }
        match text.as_str() {
            "--version" => {
                return Err(format!(
                    "Python {}.{}.{}",
                    sys_values::VERSION.0,
                    sys_values::VERSION.1,
                    sys_values::VERSION.2
                ));
            }
            "--help" => return Err(USAGE.to_string()),
            _ => {}
        }
        let chars = text[1..].char_indices();
        for (i, ch) in chars {
            let value = |rest: &mut dyn Iterator<Item = OsString>| -> std::result::Result<String, String> {
                let tail = &text[1 + i + 1..];
                if !tail.is_empty() {
                    return Ok(tail.to_string());
                }
                match rest.next() {
                    Some(v) => Ok(v.to_string_lossy().into_owned()),
                    None => Err(format!("Argument expected for the -{ch} option\n{USAGE}")),
                }
            };
            match ch {
                'c' => {
                    program = Some(Program::Command(value(&mut rest)?));
                    c.argv.push("-c".into());
                }
                'm' => {
                    program = Some(Program::Module(value(&mut rest)?));
                    c.argv.push("-m".into());
                }
                'W' => c.warnings.push(value(&mut rest)?),
                'X' => c.x_options.push(value(&mut rest)?),
                'O' => c.optimize += 1,
                'u' => c.unbuffered = true,
                'i' => c.inspect = true,
                'E' => c.ignore_env = true,
                'S' => c.no_site = true,
                's' | 'B' | 'b' | 'q' | 'd' | 'v' | 'P' => {}
                'I' => {
                    c.isolated = true;
                    c.ignore_env = true;
                }
                'V' => {
                    return Err(format!(
                        "Python {}.{}.{}",
                        sys_values::VERSION.0,
                        sys_values::VERSION.1,
                        sys_values::VERSION.2
                    ));
                }
                'h' | '?' => return Err(USAGE.to_string()),
                _ => return Err(format!("Unknown option: -{ch}\n{USAGE}")),
            }
            if matches!(ch, 'c' | 'm' | 'W' | 'X') {
                break;
            }
        }
        if program.is_some() {
            break;
        }
    }
    c.argv.extend(rest);
    let program = program.unwrap_or(Program::Stdin);
    if c.argv.is_empty() {
        c.argv.push("".into());
    }
    let env = |n: &str| if c.ignore_env { None } else { std::env::var(n).ok().filter(|v| !v.is_empty()) };
    if let Some(o) = env("PYTHONOPTIMIZE") {
        c.optimize = c.optimize.max(o.parse().unwrap_or(1));
    }
    c.unbuffered |= env("PYTHONUNBUFFERED").is_some();
    c.inspect |= env("PYTHONINSPECT").is_some();
    if let Some(w) = env("PYTHONWARNINGS") {
        let mut all: Vec<String> = w.split(',').map(str::to_string).collect();
        all.append(&mut c.warnings);
        c.warnings = all;
    }
    if !c.isolated {
        c.path.push(match &program {
            Program::File(f) => {
                let p = std::fs::canonicalize(f).unwrap_or_else(|_| f.into());
                p.parent().map_or(String::new(), |p| p.to_string_lossy().into_owned())
            }
            Program::Module(_) => std::env::current_dir().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default(),
            _ => String::new(),
        });
    }
    if let Some(p) = env("PYTHONPATH") {
        c.path.extend(p.split(':').filter(|p| !p.is_empty()).map(str::to_string));
    }
    c.path.push(import::LIB.to_string());
    Ok((c, program))
}

/// Run the command; the result is the exit code.
pub fn run(args: Vec<OsString>) -> u8 {
    let (config, program) = match parse(args) {
        Ok(p) => p,
        Err(m) if m.starts_with("Python") || m == USAGE => {
            println!("{m}");
            return 0;
        }
        Err(m) => {
            eprintln!("{m}");
            return 2;
        }
    };
    let mut heap = HeapOptions::default();
    let number = |name| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    heap.stress = number("TYPHON_GC_STRESS");
    if let Some(mb) = number("TYPHON_GC_HEAP") {
        heap.min_heap = (mb as usize) << 20;
    }
    if let Some(mb) = number("TYPHON_GC_NURSERY") {
        heap.nursery = (mb as usize) << 20;
    }
    init_heap(&heap);
    let cx = Cx::attach(MAIN_STACK - (1 << 20));
    below(cx, config, program)
}

/// Everything that holds objects runs in frames below the attachment.
#[inline(never)]
fn below(mut cx: Box<Cx>, config: Config, program: Program) -> u8 {
    let code = match start(&mut cx, &config) {
        Ok(()) => {
            let r = execute(&mut cx, &program);
            let code = report(&mut cx, r);
            shut_down(&mut cx);
            code
        }
        Err(e) => {
            let text = sys::plain_traceback(&mut cx, e);
            eprintln!("Fatal error at start-up:\n{text}");
            1
        }
    };
    // Daemon threads may still run; the process ends under them.
    std::process::exit(code as i32)
}

fn start(cx: &mut Cx, c: &Config) -> Result<()> {
    boot::bootstrap(cx)?;
    let key = hash_key(c);
    typhon_object::hash::set_key(key.0, key.1);
    compile::OPTIMIZE.store(c.optimize.min(2), Ordering::Relaxed);
    typhon_builtins::init(cx)?;
    let builtins = typhon_builtins::containers::builtins_namespace(cx)?;
    let modules = typhon_object::dict::new(cx)?;
    cx.rt().modules.set(&cx.mutator, modules.obj().word());
    init::init(cx)?;
    typhon_vm::weakref::init(cx)?;
    let _ = hooks::COMPILE.set(compile::compile);
    let _ = import::PACKED.set(library::find);
    let mut native = typhon_stdlib::MODULES.to_vec();
    native.extend_from_slice(init::MODULES);
    let _ = import::NATIVE.set(native);
    thread::init_main();
    let b = import::new_module(cx, "builtins")?;
    let bd = hooks::module_dict(b).expect("a module");
    bd.replace_with(cx, &builtins);
    cx.rt().builtins.set(&cx.mutator, bd.obj().word());
    bd.insert_str(cx, name!(cx, "__debug__"), Obj::bool(c.optimize == 0))?;
    modules.insert_str(cx, name!(cx, "builtins"), b)?;
    let s = sys::init(cx)?;
    let sd = hooks::module_dict(s).expect("a module");
    sys_values::fill(cx, sd, c)?;
    let monitoring = import::native_module(cx, &typhon_stdlib::monitoring::monitoring::SPEC)?;
    sd.insert_str(cx, name!(cx, "monitoring"), monitoring)?;
    typhon_vm::signal::init_main(cx);
    standard_streams(cx, sd, c)?;
    // `warnings` filters and `site`'s helpers are set up when first needed.
    Ok(())
}

fn hash_key(c: &Config) -> (u64, u64) {
    let seed = if c.ignore_env { None } else { std::env::var("PYTHONHASHSEED").ok() };
    match seed.as_deref().and_then(|s| s.parse::<u32>().ok()) {
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

/// `sys.stdin`, `stdout`, `stderr` by `io.open`.
fn standard_streams(cx: &mut Cx, sd: Gc<Dict>, c: &Config) -> Result<()> {
    let io = import::import_module(cx, "_io")?;
    let open = ops::get_attr(cx, io, name!(cx, "open"))?;
    let b = hooks::builtins(cx);
    b.insert_str(cx, name!(cx, "open"), open)?;
    let mode = |w: bool| if w { "w" } else { "r" };
    for (fd, n, write, errors) in [
        (0i64, "stdin", false, "surrogateescape"),
        (1, "stdout", true, "surrogateescape"),
        (2, "stderr", true, "backslashreplace"),
    ] {
        // A closed descriptor gives None, as in CPython.
        let valid = std::fs::read_link(format!("/proc/self/fd/{fd}")).is_ok();
        let f = if !valid {
            Obj::NONE
        } else {
            let raw = ops::get_attr(cx, io, name!(cx, "open"))?;
            let m = str::new(cx, &format!("{}b", mode(write)))?;
            let buffering = if c.unbuffered && write { 0 } else { -1 };
            let names = names(cx, &["closefd"])?;
            let buf = ops::call(
                cx,
                raw,
                &[Obj::int_unchecked(fd), m.obj(), Obj::int_unchecked(buffering), Obj::FALSE],
                Some(names),
            )?;
            let wrapper = ops::get_attr(cx, io, name!(cx, "TextIOWrapper"))?;
            let tty = match fd {
                0 => std::io::stdin().is_terminal(),
                1 => std::io::stdout().is_terminal(),
                _ => std::io::stderr().is_terminal(),
            };
            let (enc, err, nl) = (str::new(cx, "utf-8")?, str::new(cx, errors)?, str::new(cx, "\n")?);
            let newline = if write { nl.obj() } else { Obj::NONE };
            let line = Obj::bool(write && (tty || fd == 2));
            let names = self::names(cx, &["line_buffering", "write_through"])?;
            let f = ops::call(
                cx,
                wrapper,
                &[buf, enc.obj(), err.obj(), newline, line, Obj::bool(c.unbuffered)],
                Some(names),
            )?;
            let md = str::new(cx, mode(write))?;
            ops::set_attr(cx, f, name!(cx, "mode"), Some(md.obj()))?;
            f
        };
        for n in [n.to_string(), format!("__{n}__")] {
            let n = cx.intern(&n)?;
            sd.insert_str(cx, n, f)?;
        }
    }
    Ok(())
}

fn names(cx: &mut Cx, n: &[&str]) -> Result<Gc<typhon_object::tuple::Tuple>> {
    let l = typhon_object::list::new(cx, &[])?;
    for n in n {
        let n = cx.intern(n)?;
        l.append(cx, n.obj())?;
    }
    ops::tuple_from_list(cx, l)
}

/// A fresh `__main__`.
fn main_module(cx: &mut Cx) -> Result<Gc<Dict>> {
    let m = import::new_module(cx, "__main__")?;
    let d = hooks::module_dict(m).expect("a module");
    import::modules(cx).insert_str(cx, name!(cx, "__main__"), m)?;
    let b = import::import_module(cx, "builtins")?;
    d.insert_str(cx, name!(cx, "__builtins__"), b)?;
    Ok(d)
}

fn execute(cx: &mut Cx, p: &Program) -> Result<()> {
    match p {
        Program::Module(m) => {
            let Some((f, full)) = import::find_main(cx, m)? else {
                let exe = std::env::current_exe().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
                eprintln!("{exe}: No module named {m}");
                return Err(exit_with(cx, 1)?);
            };
            let d = main_module(cx)?;
            let file = str::new(cx, &f.file)?;
            d.insert_str(cx, name!(cx, "__file__"), file.obj())?;
            let package = str::new(cx, full.rsplit_once('.').map_or("", |x| x.0))?;
            d.insert_str(cx, name!(cx, "__package__"), package.obj())?;
            let s = import::import_module(cx, "sys")?;
            let argv = ops::get_attr(cx, s, name!(cx, "argv"))?;
            ops::set_item(cx, argv, Obj::int_unchecked(0), file.obj())?;
            let code = typhon_vm::code::load(cx, &f.data)?;
            import::exec_code(cx, code, d).map(|_| ())
        }
        Program::Command(c) => {
            let d = main_module(cx)?;
            run_source(cx, d, Source::Text(c), "<string>")
        }
        Program::File(f) => {
            let name = f.to_string_lossy().into_owned();
            let bytes = match std::fs::read(f) {
                Ok(b) => b,
                Err(e) => {
                    let exe = std::env::args().next().unwrap_or_default();
                    let why = e.to_string();
                    let why = why.split(" (os error").next().unwrap_or("").to_string();
                    eprintln!("{exe}: can't open file '{name}': [Errno {}] {why}", e.raw_os_error().unwrap_or(0));
                    return Err(exit_with(cx, 2)?);
                }
            };
            let d = main_module(cx)?;
            let file = str::new(cx, &name)?;
            d.insert_str(cx, name!(cx, "__file__"), file.obj())?;
            run_source(cx, d, Source::Bytes(&bytes), &name)
        }
        Program::Stdin => {
            if std::io::stdin().is_terminal() {
                main_module(cx)?;
                let code = import::import_module(cx, "code")?;
                return ops::call_method(cx, code, "interact", &[]).map(|_| ());
            }
            let mut text = Vec::new();
            let _ = std::io::stdin().read_to_end(&mut text);
            let d = main_module(cx)?;
            run_source(cx, d, Source::Bytes(&text), "<stdin>")
        }
    }
}

fn run_source(cx: &mut Cx, d: Gc<Dict>, source: Source<'_>, filename: &str) -> Result<()> {
    let r = CompileRequest { source, filename, mode: "exec", flags: 0, optimize: -1 };
    let code = hooks::compile(cx, &r)?;
    import::exec_code(cx, code, d).map(|_| ())
}

fn exit_with(cx: &mut Cx, code: i64) -> Result<Raised> {
    let class = ExcKind::SystemExit.class(cx);
    let o = ops::call_args(cx, class.obj(), &[Obj::int_unchecked(code)])?;
    match o.cast::<typhon_object::exc::BaseException>() {
        Some(e) => Ok(Raised(e)),
        None => Ok(cx.error(ExcKind::SystemError, "SystemExit is not an exception")),
    }
}

/// Print an uncaught exception; the exit code.
fn report(cx: &mut Cx, r: Result<()>) -> u8 {
    let Err(e) = r else { return 0 };
    if e.is(cx, ExcKind::SystemExit) {
        let code = ops::get_attr(cx, e.obj(), name!(cx, "code")).unwrap_or(Obj::NONE);
        if code.is_none() {
            return 0;
        }
        if let Some(i) = typhon_object::int::to_i64(code) {
            return i as u8;
        }
        let text = ops::to_str(cx, code).map(|s| s.to_str().into_owned()).unwrap_or_default();
        sys::write_stderr(cx, &format!("{text}\n"));
        return 1;
    }
    let interrupted = e.is(cx, ExcKind::KeyboardInterrupt);
    let hooked = (|| {
        let s = import::import_module(cx, "sys")?;
        let hook = ops::get_attr(cx, s, name!(cx, "excepthook"))?;
        let tb = e.0.traceback.obj().unwrap_or(Obj::NONE);
        ops::call_args(cx, hook, &[ops::class_of(e.obj()).obj(), e.obj(), tb])
    })();
    if hooked.is_err() {
        sys::print_exception(cx, e);
    }
    if interrupted { 130 } else { 1 }
}

/// Join the threads that are not daemons, run `atexit`, flush the streams.
fn shut_down(cx: &mut Cx) {
    let key = |cx: &Cx, n: &str| cx.intern(n).ok().and_then(|k| import::modules(cx).get_str(k));
    if let Some(t) = key(cx, "threading")
        && let Err(e) = ops::call_method(cx, t, "_shutdown", &[])
    {
        typhon_vm::poll::unraisable(cx, e, "Exception ignored on threading shutdown", t);
    }
    if let Some(a) = key(cx, "atexit") {
        let _ = ops::call_method(cx, a, "_run_exitfuncs", &[]);
    }
    cx.rt().finalizing.store(true, Ordering::SeqCst);
    for n in ["stdout", "stderr"] {
        let Some(s) = key(cx, "sys") else { continue };
        let Ok(n) = cx.intern(n) else { continue };
        if let Ok(Some(f)) = ops::get_attr_opt(cx, s, n)
            && !f.is_none()
        {
            let _ = ops::call_method(cx, f, "flush", &[]);
        }
    }
}
