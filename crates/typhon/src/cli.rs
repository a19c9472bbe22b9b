//! The command: options, start-up, the program, shutdown.
//!
//! Tests: `tests/cli.rs`.

use crate::config::{self, Config, Gil, Program, Wanted};
use crate::{run, start};
use std::ffi::OsString;
use typhon_gc::HeapOptions;
use typhon_object::cx::{Cx, init_heap};
use typhon_vm::{display, gil};

/// Native stack of the main Python thread (reserved, not committed).
pub const MAIN_STACK: usize = 64 << 20;

/// What start-up takes from the native allocator, and a bit more.
const NATIVE_AT_START: usize = 6 << 20;

/// Let the native allocator take at once what start-up needs. This thread is not the
/// first, and glibc lets what such a thread allocates grow by a page or two, with a system
/// call each: 800 of them, a sixth of the time of `-c pass`. A large block that was freed
/// tells it that such blocks are to be kept. Pages are touched when they are used.
fn grow_native_heap() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(NATIVE_AT_START + (2 << 20))));
    drop(std::hint::black_box(Vec::<u8>::with_capacity(NATIVE_AT_START)));
}

/// Run the command; the result is the exit code.
pub fn run(args: Vec<OsString>) -> u8 {
    grow_native_heap();
    let (config, program) = match config::parse(&args) {
        Wanted::Run(c, p) => (c, p),
        Wanted::Print(text) => {
            println!("{}", text.trim_end());
            return 0;
        }
        Wanted::Refuse(text, code) => {
            eprint!("{text}");
            return code;
        }
    };
    let mut heap = HeapOptions::default();
    let number = |name| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    // "start:N" begins at once, "N" with the program.
    let stress = std::env::var("TYPHON_GC_STRESS").unwrap_or_default();
    heap.stress = stress.strip_prefix("start:").and_then(|n| n.parse().ok());
    if let Some(mb) = number("TYPHON_GC_HEAP") {
        heap.min_heap = (mb as usize) << 20;
    }
    if let Some(mb) = number("TYPHON_GC_NURSERY") {
        heap.nursery = (mb as usize) << 20;
    }
    if let Some(n) = number("TYPHON_GC_THREADS") {
        heap.threads = n as usize;
    }
    match config.gil {
        Some(Gil::Timed) => gil::enable(None),
        Some(Gil::Counted(n)) => gil::enable(Some(n)),
        None => {}
    }
    init_heap(&heap);
    let cx = Cx::attach(MAIN_STACK - (1 << 20));
    below(cx, &config, &program, stress.parse().ok())
}

/// Everything that holds objects runs in frames below the attachment.
#[inline(never)]
fn below(mut cx: Box<Cx>, config: &Config, program: &Program, stress: Option<u64>) -> u8 {
    gil::start_thread(&cx);
    let code = match start::start(&mut cx, config) {
        Ok(()) => {
            let ready = start::prepare(&mut cx, config);
            let code = match ready {
                Ok(()) => {
                    if let Some(n) = stress.filter(|&n| n != 0) {
                        cx.mutator.stress(n);
                    }
                    run::program(&mut cx, config, program)
                }
                Err(e) => run::report(&mut cx, Err(e), false),
            };
            // Its frame, too, has gaps in which the program's words would be seen.
            typhon_object::cx::scrub();
            run::shut_down(&mut cx, code)
        }
        Err(e) => {
            let text = display::plain(&mut cx, e.0);
            eprintln!("Fatal error at start-up:\n{text}");
            1
        }
    };
    // Daemon threads may still run; the process ends under them.
    std::process::exit(code as i32)
}
