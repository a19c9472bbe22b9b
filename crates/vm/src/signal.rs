//! Delivery of signals: the C-level handler sets flags; the main thread runs
//! the Python handlers at its next poll.
//!
//! Tests: CPython test_signal (later); tests/lang/threads.md.

use crate::{poll, thread};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use typhon_gc::{Mutator, Root};
use typhon_object::cx::POLL_SIGNAL;
use typhon_object::dict::Dict;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, dict, exc, int, ops};

static PENDING: AtomicU64 = AtomicU64::new(0);
static MAIN: AtomicPtr<Mutator> = AtomicPtr::new(std::ptr::null_mut());
static WAKE: AtomicBool = AtomicBool::new(false);
static HANDLERS: Root = Root::new();
static WATCHER: OnceLock<()> = OnceLock::new();

/// Note a signal. Async-signal-safe.
fn note(n: i32) {
    PENDING.fetch_or(1 << (n as u64 & 63), Ordering::SeqCst);
    WAKE.store(true, Ordering::SeqCst);
    let m = MAIN.load(Ordering::SeqCst);
    if !m.is_null() {
        // The main thread's context lives as long as the process.
        unsafe { (*m).request(POLL_SIGNAL) };
    }
}

extern "C" fn handler(n: i32) {
    note(n);
}

/// As if signal `n` had arrived.
pub fn deliver(n: i32) {
    note(n);
    thread::interrupt_main_wait();
}

/// Python's handlers by signal number.
pub fn handlers(cx: &mut Cx) -> Result<Gc<Dict>> {
    if HANDLERS.get() == 0 {
        let d = dict::new(cx)?;
        HANDLERS.set(&cx.mutator, d.obj().word());
    }
    // Set above.
    Ok(unsafe { Gc::from_obj(Obj::from_word_unchecked(HANDLERS.get())) })
}

/// Route signal `n` to Python.
pub fn install(n: i32) -> bool {
    watch();
    // `handler` only touches atomics.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = handler as extern "C" fn(i32) as usize;
        libc::sigemptyset(&mut a.sa_mask);
        libc::sigaction(n, &a, std::ptr::null_mut()) == 0
    }
}

/// Give signal `n` back to the system: default or ignored.
pub fn uninstall(n: i32, ignore: bool) -> bool {
    let how = if ignore { libc::SIG_IGN } else { libc::SIG_DFL };
    // Plain system call.
    unsafe { libc::signal(n, how) != libc::SIG_ERR }
}

/// Waking a parked thread takes locks, which a handler must not; a thread of
/// its own does it.
fn watch() {
    WATCHER.get_or_init(|| {
        let spawned = std::thread::Builder::new().name("signals".into()).stack_size(64 << 10).spawn(|| {
            // This thread takes no signals itself.
            unsafe {
                let mut all: libc::sigset_t = std::mem::zeroed();
                libc::sigfillset(&mut all);
                libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
            }
            loop {
                std::thread::sleep(std::time::Duration::from_millis(10));
                if WAKE.swap(false, Ordering::SeqCst) {
                    thread::interrupt_main_wait();
                }
            }
        });
        drop(spawned);
    });
}

/// Prepare the main thread: SIGINT raises KeyboardInterrupt, SIGPIPE is ignored.
pub fn init_main(cx: &mut Cx) {
    MAIN.store(&raw mut cx.mutator, Ordering::SeqCst);
    let _ = poll::SIGNALS.set(run_pending);
    uninstall(libc::SIGPIPE, true);
    // The same handler, without the watcher until something can wait.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = handler as extern "C" fn(i32) as usize;
        libc::sigemptyset(&mut a.sa_mask);
        libc::sigaction(libc::SIGINT, &a, std::ptr::null_mut());
    }
}

/// Start what wakes the main thread from waits; called when it may wait.
pub fn ensure_watcher() {
    watch();
}

fn run_pending(cx: &mut Cx) -> Result<()> {
    loop {
        let p = PENDING.swap(0, Ordering::SeqCst);
        if p == 0 {
            return Ok(());
        }
        for n in 1..64 {
            if p & 1 << n == 0 {
                continue;
            }
            let key = int::from_i64(cx, n)?;
            let h = handlers(cx)?.get(cx, key)?;
            match h {
                None if n == libc::SIGINT as i64 => {
                    return Err(exc::with_args(cx, ExcKind::KeyboardInterrupt, &[])?);
                }
                Some(h) if ops::class_of(h).call_fn().is_some() || h.is_ptr() => {
                    let f = match crate::frame::current(cx) {
                        Some(w) => w.frame(cx)?.obj(),
                        None => Obj::NONE,
                    };
                    ops::call_args(cx, h, &[key, f])?;
                }
                _ => {}
            }
        }
    }
}
