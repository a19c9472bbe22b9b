//! Delivery of signals: the C-level handler sets flags; the main thread runs
//! the Python handlers at its next poll.
//!
//! The system may run the handler on any thread. It then interrupts what the main
//! thread does: a wait for a lock by its waiter's word, a system call by sending it
//! the signal once more, which is not counted.
//!
//! Tests: tests/lang/signals.md; CPython test_signal.

use crate::{faulthandler, poll, thread};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};
use typhon_gc::{Mutator, Root};
use typhon_object::cx::POLL_SIGNAL;
use typhon_object::dict::Dict;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, dict, exc, int, ops};

static PENDING: AtomicU64 = AtomicU64::new(0);
/// The main thread's mutator, and its number at the system.
static MAIN: AtomicPtr<Mutator> = AtomicPtr::new(std::ptr::null_mut());
static MAIN_TID: AtomicI32 = AtomicI32::new(0);
/// The main thread is about to get a signal that is noted already.
static ECHO: AtomicBool = AtomicBool::new(false);
/// `signal.set_wakeup_fd`; -1: none.
pub static WAKEUP_FD: AtomicI32 = AtomicI32::new(-1);
static HANDLERS: Root = Root::new();

/// Has the main thread look for signals. Async-signal-safe.
pub fn wake_main() {
    // The main thread's context lives as long as the process.
    if let Some(m) = unsafe { MAIN.load(Ordering::SeqCst).as_ref() } {
        m.request(POLL_SIGNAL);
    }
    thread::interrupt_main_wait();
}

/// Note a signal. Async-signal-safe.
fn note(n: i32) {
    // Signal 64 has bit 0.
    PENDING.fetch_or(1 << (n as u64 & 63), Ordering::SeqCst);
    wake_main();
    let fd = WAKEUP_FD.load(Ordering::Relaxed);
    if fd >= 0 {
        let byte = n as u8;
        // One byte of ours; a full pipe has woken its reader already.
        unsafe { libc::write(fd, (&raw const byte).cast(), 1) };
    }
}

/// Sends a signal that has arrived on another thread on to the main thread: it may be
/// in a system call. Tells whether it did. Async-signal-safe.
pub fn pass_to_main(n: i32) -> bool {
    let main = MAIN_TID.load(Ordering::SeqCst);
    if main == 0 || thread::system_id() == main {
        return false;
    }
    // System calls with numbers of our own.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), main, n) == 0 }
}

extern "C" fn handler(n: i32) {
    // Functions that touch atomics, and system calls; the interrupted code's error
    // number is put back.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        let main = MAIN_TID.load(Ordering::SeqCst);
        if thread::system_id() == main {
            if !ECHO.swap(false, Ordering::SeqCst) {
                note(n);
            }
        } else {
            note(n);
            if main != 0 {
                ECHO.store(true, Ordering::SeqCst);
                libc::syscall(libc::SYS_tgkill, libc::getpid(), main, n);
            }
        }
        *errno = saved;
    }
}

/// As if signal `n` had arrived.
pub fn deliver(n: i32) {
    note(n);
}

/// Whether a Python function handles signal `n`.
pub fn is_handled(cx: &mut Cx, n: i64) -> Result<bool> {
    let key = int::from_i64(cx, n)?;
    Ok(match handlers(cx)?.get(cx, key)? {
        Some(h) => h.is_ptr() && !h.is_none(),
        // Before the module `signal` knows of its handler.
        None => n == libc::SIGINT as i64,
    })
}

/// Whether Python handles any signal in its own way: more than the KeyboardInterrupt
/// of SIGINT.
pub fn any_handler(cx: &mut Cx) -> Result<bool> {
    let (usual, ignored) = (libc::SIGINT as i64, Obj::int_unchecked(1));
    Ok(handlers(cx)?.items().any(|(n, h)| int::to_i64(n) != Some(usual) && h.is_ptr() && h != ignored))
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
    // `handler` is async-signal-safe. Without SA_RESTART: calls that block end with
    // EINTR, and Python's handlers run before they go on.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = handler as extern "C" fn(i32) as usize;
        a.sa_flags = libc::SA_ONSTACK;
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

/// Let the calling thread, which runs no Python, be spared all signals.
pub fn block_all() {
    typhon_gc::block_signals();
}

/// Prepare the main thread: SIGINT raises KeyboardInterrupt, SIGPIPE is ignored.
pub fn init_main(cx: &mut Cx) {
    main_is(cx);
    let _ = poll::SIGNALS.set(run_pending);
    uninstall(libc::SIGPIPE, true);
    uninstall(libc::SIGXFSZ, true);
    // Rust's runtime has handlers of its own, which would take the first of these signals
    // for a stack overflow and go on.
    uninstall(libc::SIGSEGV, false);
    uninstall(libc::SIGBUS, false);
    install(libc::SIGINT);
    faulthandler::init_main();
}

fn main_is(cx: &Cx) {
    // In a forked child it may be in another interpreter, and comes back from there.
    let outermost = typhon_gc::own_mutators().last().copied();
    MAIN.store(outermost.unwrap_or((&raw const cx.mutator).cast_mut()), Ordering::SeqCst);
    MAIN_TID.store(thread::system_id(), Ordering::SeqCst);
}

/// In a forked child: signals that arrived before are the parent's.
pub fn after_fork(cx: &Cx) {
    main_is(cx);
    PENDING.store(0, Ordering::SeqCst);
    ECHO.store(false, Ordering::SeqCst);
}

fn run_pending(cx: &mut Cx) -> Result<()> {
    faulthandler::run_pending(cx);
    loop {
        let mut pending = PENDING.swap(0, Ordering::SeqCst);
        if pending == 0 {
            return Ok(());
        }
        for n in 1..65 {
            let bit = 1 << (n as u64 & 63);
            if pending & bit == 0 {
                continue;
            }
            pending &= !bit;
            if let Err(e) = run_handler(cx, n) {
                // The others have their turn at the next poll.
                if pending != 0 {
                    PENDING.fetch_or(pending, Ordering::SeqCst);
                    wake_main();
                }
                return Err(e);
            }
        }
    }
}

fn run_handler(cx: &mut Cx, n: i64) -> Result<()> {
    let key = int::from_i64(cx, n)?;
    match handlers(cx)?.get(cx, key)? {
        None if n == libc::SIGINT as i64 => Err(exc::with_args(cx, ExcKind::KeyboardInterrupt, &[])?),
        Some(h) if ops::class_of(h).call_fn().is_some() || h.is_ptr() => {
            let f = match crate::frame::current(cx) {
                Some(w) => w.frame(cx)?.obj(),
                None => Obj::NONE,
            };
            ops::call_args(cx, h, &[key, f]).map(|_| ())
        }
        // Its handler went after it arrived.
        _ => {
            let e = cx.error(ExcKind::OSError, format!("Signal {n} ignored due to race condition"));
            poll::unraisable(cx, e, "", Obj::NONE);
            Ok(())
        }
    }
}
