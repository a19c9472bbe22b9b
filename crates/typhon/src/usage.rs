//! What `--help`, `--help-env`, `--help-xoptions` and `--version` print.
//!
//! Tests: CPython test_cmd_line (test_help and its neighbours).

use crate::sys_values::VERSION;

/// `Python 3.14.0`, and more about the build if asked twice.
pub fn version(long: bool) -> String {
    let (a, b, c) = VERSION;
    if long {
        return format!("Python {}", long_version());
    }
    format!("Python {a}.{b}.{c}")
}

/// `sys.version`.
pub fn long_version() -> String {
    let (a, b, c) = VERSION;
    format!("{a}.{b}.{c} (Typhon {}) [Rust]", env!("CARGO_PKG_VERSION"))
}

/// After a mistake in the options.
pub fn short(name: &str) -> String {
    format!(
        "usage: {name} [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n"
    )
}

/// `--help`.
pub fn help(name: &str) -> String {
    format!("usage: {name} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n{OPTIONS}")
}

const OPTIONS: &str = "\
Options:
-b      warn where bytes meet str: str(bytes), bytes == str (-bb: error)
-B      write no .pyc files (PYTHONDONTWRITEBYTECODE=x)
-c cmd  run this text; what follows are the program's arguments
-d      accepted for compatibility (PYTHONDEBUG=x)
-E      take no notice of PYTHON* variables
-h      print this (also -? and --help)
-i      go on interactively after the program, even without a terminal
        (PYTHONINSPECT=x)
-I      isolate from the user's surroundings: -E, -P and -s
-m mod  run a module; what follows are the program's arguments
-O      leave out assertions (PYTHONOPTIMIZE=x); -OO: docstrings as well
-P      put neither the script's nor the current folder first in sys.path
        (PYTHONSAFEPATH=x)
-q      start the interactive mode without a greeting
-s      leave the user's own packages out of sys.path (PYTHONNOUSERSITE=x)
-S      do not import site at start-up
-u      write standard output and error at once (PYTHONUNBUFFERED=x)
-v      tell what is imported (PYTHONVERBOSE=x); can be repeated
-V      print the version (also --version); -VV: the build as well
-W arg  what to do with warnings: action:message:category:module:lineno
        (PYTHONWARNINGS=arg)
-x      skip the first line of the program
-X opt  an option of the implementation
--check-hash-based-pycs always|default|never
        when to check .pyc files that go by a hash of their source
--help-env, --help-xoptions, --help-all
        print more

Arguments:
file    the program
-       read the program from standard input (interactively at a terminal)
arg ... sys.argv[1:]
";

/// `--help-env`.
pub const ENV: &str = "\
Variables that change what the interpreter does:
PYTHON_BASIC_REPL  use the plain interactive mode
PYTHON_COLORS      0 or 1: never or always write colours
PYTHON_CPU_COUNT   what os.process_cpu_count() tells (-X cpu_count)
PYTHON_HISTORY     the file of the interactive mode's history
PYTHONHASHSEED     random, or a number that makes hashes the same every time
PYTHONHOME         accepted; the library is inside the interpreter
PYTHONIOENCODING   encoding[:errors] of the standard streams
PYTHONPATH         folders for sys.path, with ':' between them
PYTHONSTARTUP      a file to run when the interactive mode begins

These variables have equivalent options:
PYTHON_CONTEXT_AWARE_WARNINGS  -X context_aware_warnings
PYTHONDEBUG                    -d
PYTHONDEVMODE                  -X dev
PYTHONDONTWRITEBYTECODE        -B
PYTHONFAULTHANDLER             -X faulthandler
PYTHON_GIL                     -X gil
PYTHONINSPECT                  -i
PYTHONINTMAXSTRDIGITS          -X int_max_str_digits
PYTHONNODEBUGRANGES            -X no_debug_ranges
PYTHONNOUSERSITE               -s
PYTHONOPTIMIZE                 -O
PYTHONPROFILEIMPORTTIME        -X importtime
PYTHONPYCACHEPREFIX            -X pycache_prefix
PYTHONSAFEPATH                 -P
PYTHON_THREAD_INHERIT_CONTEXT  -X thread_inherit_context
PYTHONUNBUFFERED               -u
PYTHONUTF8                     -X utf8
PYTHONVERBOSE                  -v
PYTHONWARNDEFAULTENCODING      -X warn_default_encoding
PYTHONWARNINGS                 -W
";

/// `--help-xoptions`.
pub const XOPTIONS: &str = "\
Options of the implementation:
-X context_aware_warnings=[0|1]  keep warnings.catch_warnings() to its context
-X cpu_count=N                   what os.process_cpu_count() tells
-X deadlock=raise|report|off     what is done about threads that wait for each other
-X dev                           development mode: more checks and warnings
-X faulthandler                  print tracebacks on fatal signals
-X frozen_modules=[on|off]       accepted; the library is always built in
-X gil=[0|1]                     one thread at a time, as with CPython's GIL
-X gil=checkinterval:N           the same, handing over every N bytecodes
-X importtime[=2]                print how long each import takes
-X int_max_str_digits=N          longest int to convert from or to text
-X no_debug_ranges               no carets in tracebacks
-X pycache_prefix=PATH           where .pyc files go
-X thread_inherit_context=[0|1]  threads start with a copy of the context
-X utf8[=0|1]                    UTF-8 mode
-X warn_default_encoding         warn where a default encoding is used
";
