//! The command line and the environment, understood.
//!
//! Nothing here needs a running runtime: the result is plain data.
//!
//! Tests: crates/typhon/tests/cli.rs; CPython test_cmd_line.

use crate::usage;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use typhon_vm::deadlock;

/// What to run.
pub enum Program {
    /// A script, a folder or an archive.
    File(OsString),
    /// `-c`.
    Command(OsString),
    /// `-m`.
    Module(OsString),
    /// Standard input.
    Stdin,
}

/// When a thread lets another have the GIL.
#[derive(Clone, Copy)]
pub enum Gil {
    /// After the switch interval.
    Timed,
    /// After so many bytecodes.
    Counted(i64),
}

/// What the command line comes to.
pub enum Wanted {
    /// Run a program.
    Run(Box<Config>, Program),
    /// Print this and leave.
    Print(String),
    /// Complain on standard error and leave with this code.
    Refuse(String, u8),
}

/// The options.
#[derive(Clone, Default)]
pub struct Config {
    /// `sys.argv`.
    pub argv: Vec<OsString>,
    /// `sys.orig_argv`.
    pub orig_argv: Vec<OsString>,
    /// `sys.warnoptions`.
    pub warnings: Vec<String>,
    /// `-X` options.
    pub x_options: Vec<String>,
    /// What `PYTHONPATH` adds to `sys.path`.
    pub path: Vec<OsString>,
    /// `-O`, counted.
    pub optimize: i64,
    /// `-v`, counted.
    pub verbose: i64,
    /// `-b`, counted.
    pub bytes_warning: i64,
    /// `-d`, counted.
    pub debug: i64,
    /// `-i`.
    pub inspect: bool,
    /// `-i` itself, not its environment variable: prompt even without a terminal.
    pub interactive: bool,
    /// `-q`.
    pub quiet: bool,
    /// `-x`.
    pub skip_first_line: bool,
    /// `-I`.
    pub isolated: bool,
    /// `-E`.
    pub ignore_env: bool,
    /// `-s`.
    pub no_user_site: bool,
    /// `-S`.
    pub no_site: bool,
    /// `-P`.
    pub safe_path: bool,
    /// `-u`.
    pub unbuffered: bool,
    /// `-B`.
    pub no_bytecode: bool,
    /// `-X dev`.
    pub dev_mode: bool,
    /// `-X utf8`.
    pub utf8_mode: i64,
    /// `-X warn_default_encoding`.
    pub warn_default_encoding: bool,
    /// `-X importtime`.
    pub import_time: i64,
    /// `-X faulthandler`.
    pub faulthandler: bool,
    /// `-X no_debug_ranges`.
    pub no_debug_ranges: bool,
    /// `-X gil`.
    pub gil: Option<Gil>,
    /// `-X deadlock`.
    pub deadlock: Option<deadlock::Mode>,
    /// `-X cpu_count`.
    pub cpu_count: Option<i64>,
    /// `-X int_max_str_digits`.
    pub int_max_str_digits: i64,
    /// `-X thread_inherit_context`.
    pub thread_inherit_context: i64,
    /// `-X context_aware_warnings`.
    pub context_aware_warnings: i64,
    /// `sys.pycache_prefix`.
    pub pycache_prefix: Option<OsString>,
    /// `PYTHONHASHSEED` with a number.
    pub hash_seed: Option<u32>,
    /// `PYTHONIOENCODING`: encoding and error handler.
    pub io_encoding: (Option<String>, Option<String>),
    /// `--check-hash-based-pycs`.
    pub check_pycs: Option<String>,
}

type Parsed<T> = std::result::Result<T, Wanted>;

/// The fatal error of a value that makes no sense.
fn fatal(function: &str, msg: &str) -> Wanted {
    let text = format!("Fatal Python error: {function}: {msg}\nPython runtime state: preinitialized\n");
    Wanted::Refuse(text, 1)
}

/// Digits that `int_max_str_digits` may not be below, other than 0.
const DIGITS_THRESHOLD: i64 = 640;

/// An option's letters and the value of one that takes a value.
struct Cursor<'a> {
    rest: std::slice::Iter<'a, OsString>,
}

/// Understand the command line.
pub fn parse(args: &[OsString]) -> Wanted {
    match understand(args) {
        Ok((c, p)) => Wanted::Run(Box::new(c), p),
        Err(w) => w,
    }
}

fn understand(args: &[OsString]) -> Parsed<(Config, Program)> {
    let mut c = Config {
        orig_argv: args.to_vec(),
        int_max_str_digits: 4300,
        utf8_mode: 1,
        thread_inherit_context: 1,
        context_aware_warnings: 1,
        ..Config::default()
    };
    let name = args.first().map_or("python".into(), |a| a.to_string_lossy().into_owned());
    let mut cursor = Cursor { rest: args.get(1..).unwrap_or_default().iter() };
    let mut warnings = Vec::new();
    let mut random = false;
    let program = options(&mut c, &mut cursor, &name, &mut warnings, &mut random)?;
    c.argv.extend(cursor.rest.cloned());
    if c.argv.is_empty() {
        c.argv.push("".into());
    }
    environment(&mut c, random)?;
    x_options(&mut c)?;
    finish_warnings(&mut c, warnings);
    Ok((c, program))
}

fn options(
    c: &mut Config,
    cursor: &mut Cursor<'_>,
    name: &str,
    warnings: &mut Vec<String>,
    random: &mut bool,
) -> Parsed<Program> {
    let mut versions = 0;
    let refuse = |text: String| Wanted::Refuse(format!("{text}\n{}", usage::short(name)), 2);
    let version = |n| Wanted::Print(usage::version(n > 1));
    while let Some(a) = cursor.rest.next() {
        let bytes = a.as_bytes();
        if bytes == b"-" || bytes.first() != Some(&b'-') {
            c.argv.push(a.clone());
            return Ok(if bytes == b"-" { Program::Stdin } else { Program::File(a.clone()) });
        }
        if bytes == b"--" {
            break;
        }
        if let Some(long) = bytes.strip_prefix(b"--") {
            match long {
                b"help" => return Err(Wanted::Print(usage::help(name))),
                b"help-env" => return Err(Wanted::Print(usage::ENV.to_string())),
                b"help-xoptions" => return Err(Wanted::Print(usage::XOPTIONS.to_string())),
                b"help-all" => {
                    return Err(Wanted::Print(format!("{}\n{}\n{}", usage::help(name), usage::ENV, usage::XOPTIONS)));
                }
                b"version" => {
                    versions += 1;
                    continue;
                }
                b"check-hash-based-pycs" => {
                    let Some(v) = cursor.rest.next() else {
                        return Err(refuse("Argument expected for the --check-hash-based-pycs option".into()));
                    };
                    if !matches!(v.as_bytes(), b"always" | b"never" | b"default") {
                        let text = "--check-hash-based-pycs must be one of 'default', 'always', or 'never'";
                        return Err(refuse(text.into()));
                    }
                    c.check_pycs = Some(v.to_string_lossy().into_owned());
                    continue;
                }
                _ => return Err(refuse(format!("unknown option {}", a.to_string_lossy()))),
            }
        }
        for (i, &letter) in bytes.iter().enumerate().skip(1) {
            if matches!(letter, b'c' | b'm' | b'W' | b'X') {
                let tail = &bytes[i + 1..];
                let value = match tail {
                    [_, ..] => OsStr::from_bytes(tail).to_os_string(),
                    [] => match cursor.rest.next() {
                        Some(v) => v.clone(),
                        None => {
                            return Err(refuse(format!("Argument expected for the -{} option", letter as char)));
                        }
                    },
                };
                match letter {
                    b'c' => {
                        c.argv.push("-c".into());
                        return Ok(Program::Command(value));
                    }
                    b'm' => {
                        c.argv.push("-m".into());
                        return Ok(Program::Module(value));
                    }
                    b'W' => warnings.push(value.to_string_lossy().into_owned()),
                    _ => c.x_options.push(value.to_string_lossy().into_owned()),
                }
                break;
            }
            match letter {
                b'b' => c.bytes_warning += 1,
                b'B' => c.no_bytecode = true,
                b'd' => c.debug += 1,
                b'E' => c.ignore_env = true,
                b'h' | b'?' => return Err(Wanted::Print(usage::help(name))),
                b'i' => (c.inspect, c.interactive) = (true, true),
                b'I' => {
                    (c.isolated, c.ignore_env, c.no_user_site, c.safe_path) = (true, true, true, true);
                }
                b'O' => c.optimize += 1,
                b'P' => c.safe_path = true,
                b'q' => c.quiet = true,
                b'R' => *random = true,
                b's' => c.no_user_site = true,
                b'S' => c.no_site = true,
                b't' => {}
                b'u' => c.unbuffered = true,
                b'v' => c.verbose += 1,
                b'V' => versions += 1,
                b'x' => c.skip_first_line = true,
                b'J' => return Err(refuse("-J is reserved for Jython".into())),
                other => return Err(refuse(format!("Unknown option: -{}", other as char))),
            }
        }
        if versions > 0 && cursor.rest.as_slice().is_empty() {
            return Err(version(versions));
        }
    }
    if versions > 0 {
        return Err(version(versions));
    }
    match cursor.rest.next() {
        Some(a) => {
            c.argv.push(a.clone());
            Ok(Program::File(a.clone()))
        }
        None => Ok(Program::Stdin),
    }
}

/// The value of an environment variable, unless it is empty or ignored.
pub fn env(c: &Config, n: &str) -> Option<OsString> {
    if c.ignore_env { None } else { std::env::var_os(n).filter(|v| !v.is_empty()) }
}

fn environment(c: &mut Config, random: bool) -> Parsed<()> {
    let text = |c: &Config, n: &str| env(c, n).map(|v| v.to_string_lossy().into_owned());
    // A number counts as a level, any other text as 1.
    let level = |c: &Config, n: &str, have: i64| match text(c, n) {
        Some(v) => have.max(v.parse::<i64>().ok().filter(|v| *v >= 0).unwrap_or(1)),
        None => have,
    };
    c.debug = level(c, "PYTHONDEBUG", c.debug).min(1);
    c.verbose = level(c, "PYTHONVERBOSE", c.verbose);
    c.optimize = level(c, "PYTHONOPTIMIZE", c.optimize);
    c.inspect |= env(c, "PYTHONINSPECT").is_some();
    c.no_bytecode |= env(c, "PYTHONDONTWRITEBYTECODE").is_some();
    c.no_user_site |= env(c, "PYTHONNOUSERSITE").is_some();
    c.unbuffered |= env(c, "PYTHONUNBUFFERED").is_some();
    c.safe_path |= env(c, "PYTHONSAFEPATH").is_some();
    c.dev_mode |= env(c, "PYTHONDEVMODE").is_some();
    c.faulthandler |= env(c, "PYTHONFAULTHANDLER").is_some();
    c.no_debug_ranges |= env(c, "PYTHONNODEBUGRANGES").is_some();
    c.warn_default_encoding |= env(c, "PYTHONWARNDEFAULTENCODING").is_some();
    c.import_time = level(c, "PYTHONPROFILEIMPORTTIME", 0);
    c.pycache_prefix = env(c, "PYTHONPYCACHEPREFIX");
    if let Some(p) = env(c, "PYTHONPATH") {
        c.path = p.as_bytes().split(|b| *b == b':').map(|p| OsStr::from_bytes(p).to_os_string()).collect();
    }
    if let Some(v) = text(c, "PYTHONIOENCODING") {
        let (e, h) = v.split_once(':').map_or((v.as_str(), None), |(e, h)| (e, Some(h)));
        let some = |s: &str| Some(s.to_string()).filter(|s| !s.is_empty());
        c.io_encoding = (some(e), h.and_then(some));
    }
    match text(c, "PYTHONUTF8").as_deref() {
        None => {}
        Some("0") => c.utf8_mode = 0,
        Some("1") => c.utf8_mode = 1,
        Some(_) => {
            return Err(fatal("preconfig_init_utf8_mode", "invalid PYTHONUTF8 environment variable value"));
        }
    }
    if let Some(v) = text(c, "PYTHONHASHSEED")
        && !random
        && v != "random"
    {
        match v.parse::<u32>() {
            Ok(n) => c.hash_seed = Some(n),
            Err(_) => {
                let msg = "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]";
                return Err(fatal("config_init_hash_seed", msg));
            }
        }
    }
    if let Some(v) = text(c, "PYTHONINTMAXSTRDIGITS") {
        c.int_max_str_digits = digits(&v).ok_or_else(|| {
            let msg =
                format!("PYTHONINTMAXSTRDIGITS: invalid limit; must be >= {DIGITS_THRESHOLD} or 0 for unlimited.");
            fatal("config_init_int_max_str_digits", &msg)
        })?;
    }
    if let Some(v) = text(c, "PYTHON_CPU_COUNT") {
        c.cpu_count = cpu_count(&v)?;
    }
    if let Some(v) = text(c, "PYTHON_GIL") {
        c.gil = gil(&v, "PYTHON_GIL")?;
    }
    if let Some(v) = text(c, "PYTHON_THREAD_INHERIT_CONTEXT") {
        c.thread_inherit_context = switch(&v, "PYTHON_THREAD_INHERIT_CONTEXT")?;
    }
    if let Some(v) = text(c, "PYTHON_CONTEXT_AWARE_WARNINGS") {
        c.context_aware_warnings = switch(&v, "PYTHON_CONTEXT_AWARE_WARNINGS")?;
    }
    Ok(())
}

fn digits(v: &str) -> Option<i64> {
    v.parse::<i64>().ok().filter(|n| *n == 0 || (DIGITS_THRESHOLD..=i32::MAX as i64).contains(n))
}

fn switch(v: &str, what: &str) -> Parsed<i64> {
    match v {
        "0" => Ok(0),
        "1" => Ok(1),
        _ => Err(fatal("config_init", &format!("{what} must be '0' or '1'"))),
    }
}

/// There is no lock to switch on: asking for one is refused.
/// `None`: no GIL. `checkinterval:N` is our own.
fn gil(v: &str, what: &str) -> Parsed<Option<Gil>> {
    match (v, v.strip_prefix("checkinterval:").map(str::parse)) {
        ("0", _) => Ok(None),
        ("1", _) => Ok(Some(Gil::Timed)),
        (_, Some(Ok(n))) if n > 0 => Ok(Some(Gil::Counted(n))),
        _ => Err(fatal("config_read_gil", &format!("{what} must be \"0\" or \"1\""))),
    }
}

fn cpu_count(v: &str) -> Parsed<Option<i64>> {
    match v {
        "default" => Ok(None),
        v => match v.parse::<i64>() {
            Ok(n) if n >= 1 => Ok(Some(n)),
            _ => {
                let msg = "-X cpu_count=n option: n is missing or an invalid number, n must be greater than 0";
                Err(fatal("config_init_cpu_count", msg))
            }
        },
    }
}

fn deadlock_mode(v: Option<&str>) -> Parsed<deadlock::Mode> {
    match v {
        Some("raise") => Ok(deadlock::Mode::Raise),
        Some("report") => Ok(deadlock::Mode::Report),
        Some("off") => Ok(deadlock::Mode::Off),
        _ => Err(fatal("config_init_deadlock", "-X deadlock: the value must be raise, report or off")),
    }
}

fn x_options(c: &mut Config) -> Parsed<()> {
    for o in c.x_options.clone() {
        let (k, v) = o.split_once('=').map_or((o.as_str(), None), |(k, v)| (k, Some(v)));
        match (k, v) {
            ("dev", _) => c.dev_mode = true,
            ("faulthandler", _) => c.faulthandler = true,
            ("no_debug_ranges", _) => c.no_debug_ranges = true,
            ("warn_default_encoding", _) => c.warn_default_encoding = true,
            ("importtime", None | Some("1")) => c.import_time = 1,
            ("importtime", Some("2")) => c.import_time = 2,
            ("importtime", Some("0")) => c.import_time = 0,
            ("importtime", _) => {
                return Err(fatal(
                    "config_init_import_time",
                    "-X importtime: values other than 1, 2 are reserved for future use.",
                ));
            }
            ("utf8", None | Some("1")) => c.utf8_mode = 1,
            ("utf8", Some("0")) => c.utf8_mode = 0,
            ("utf8", _) => return Err(fatal("preconfig_init_utf8_mode", "invalid -X utf8 option value")),
            ("pycache_prefix", v) => c.pycache_prefix = v.filter(|v| !v.is_empty()).map(OsString::from),
            ("int_max_str_digits", v) => {
                c.int_max_str_digits = v.and_then(digits).ok_or_else(|| {
                    let msg = format!(
                        "-X int_max_str_digits: invalid limit; must be >= {DIGITS_THRESHOLD} or 0 for unlimited."
                    );
                    fatal("config_init_int_max_str_digits", &msg)
                })?;
            }
            ("deadlock", v) => c.deadlock = Some(deadlock_mode(v)?),
            ("cpu_count", v) => c.cpu_count = cpu_count(v.unwrap_or(""))?,
            ("gil", v) => c.gil = gil(v.unwrap_or(""), "-X gil")?,
            ("thread_inherit_context", v) => {
                c.thread_inherit_context = switch(v.unwrap_or(""), "-X thread_inherit_context")?;
            }
            ("context_aware_warnings", v) => {
                c.context_aware_warnings = switch(v.unwrap_or(""), "-X context_aware_warnings")?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// `sys.warnoptions`, weakest first.
fn finish_warnings(c: &mut Config, options: Vec<String>) {
    let mut all = Vec::new();
    if c.dev_mode {
        all.push("default".to_string());
        c.faulthandler = true;
    }
    if let Some(w) = env(c, "PYTHONWARNINGS") {
        all.extend(w.to_string_lossy().split(',').map(str::to_string));
    }
    all.extend(options);
    match c.bytes_warning {
        0 => {}
        1 => all.push("default::BytesWarning".to_string()),
        _ => all.push("error::BytesWarning".to_string()),
    }
    // An option that is given again counts where it stands last.
    for (i, w) in all.iter().enumerate() {
        if !all[i + 1..].contains(w) {
            c.warnings.push(w.clone());
        }
    }
}
