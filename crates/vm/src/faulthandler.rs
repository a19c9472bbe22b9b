//! `faulthandler`: Python stacks when the process crashes, after a time, or on a
//! signal.
//!
//! A fatal signal shows the stack of the thread that it hit, from the signal handler.
//! For signals that a program registers, and for SIGQUIT if it has no other handler, the
//! main thread shows all stacks at its next poll: all threads are stopped then, so they
//! belong together. The timer has a thread of its own, which attaches itself for a dump.
//!
//! Tests: tests/lang/faulthandler.md; CPython test_faulthandler.

use crate::dump::{self, Out};
use crate::{import, signal};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use typhon_gc::Root;
use typhon_macros::module;
use typhon_object::native::Missing;
use typhon_object::{Cx, ExcKind, Obj, Result, int, list, name, ops};

/// The signals that end a process by a fault of its own, and what they are called.
const FATAL: [(i32, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

/// Where fatal signals are reported; -1: not at all.
static FATAL_FD: AtomicI32 = AtomicI32::new(-1);
static ALL_THREADS: AtomicBool = AtomicBool::new(true);
/// What handled them before.
static BEFORE: Mutex<Vec<(i32, libc::sigaction)>> = Mutex::new(Vec::new());
/// File objects whose descriptors are in use stay open.
static FILES: Root = Root::new();

/// A registered signal.
struct User {
    signal: i32,
    fd: i32,
    all: bool,
    /// With the locks: the runtime's own.
    locks: bool,
    chain: bool,
    before: libc::sigaction,
}

static USERS: Mutex<Vec<User>> = Mutex::new(Vec::new());
/// Registered signals that have arrived, a bit each.
static ARRIVED: AtomicU64 = AtomicU64::new(0);

/// The request that the timer is to serve: another number with each new or cancelled one.
static REQUEST: Mutex<u64> = Mutex::new(0);
static CANCELLED: Condvar = Condvar::new();

/// For bounded time, and never across Python code or a poll.
fn locked<T>(m: &'static Mutex<T>) -> MutexGuard<'static, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current<'a>() -> Option<&'a Cx> {
    // CX-1: a context starts with its mutator, and lives while its thread is attached.
    unsafe { typhon_gc::current().cast::<Cx>().as_ref() }
}

/// Which descriptor `file` means; the file is kept.
fn descriptor(cx: &mut Cx, file: Missing<Obj>) -> Result<i32> {
    let file = match file {
        Missing::Given(f) if !f.is_none() => f,
        _ => {
            let sys = import::import_module(cx, "sys")?;
            match ops::get_attr_opt(cx, sys, name!(cx, "stderr"))? {
                None => return Err(cx.error(ExcKind::RuntimeError, "unable to get sys.stderr")),
                Some(f) if f.is_none() => return Err(cx.error(ExcKind::RuntimeError, "sys.stderr is None")),
                Some(f) => f,
            }
        }
    };
    if int::is_int(file) {
        return match int::to_i64(file) {
            Some(fd @ 0..=0x7fff_ffff) => Ok(fd as i32),
            _ => Err(cx.value_error("file is not a valid file descriptor")),
        };
    }
    let fd = ops::call_method(cx, file, "fileno", &[])?;
    let fd = match int::to_i64(fd) {
        Some(fd @ 0..=0x7fff_ffff) => fd as i32,
        _ => return Err(cx.error(ExcKind::RuntimeError, "file.fileno() is not a valid file descriptor")),
    };
    // A file that cannot be flushed is written to all the same.
    let _ = ops::call_method(cx, file, "flush", &[]);
    keep(cx, file)?;
    Ok(fd)
}

fn keep(cx: &mut Cx, file: Obj) -> Result<()> {
    let files = match Obj::from_word(FILES.get()).and_then(|o| o.cast::<list::List>()) {
        Some(l) => l,
        None => {
            let l = list::new(cx, &[])?;
            FILES.set(&cx.mutator, l.obj().word());
            l
        }
    };
    let known = (0..).map_while(|i| files.get(i)).any(|f| f == file);
    if known { Ok(()) } else { files.append(cx, file) }
}

fn action(handler: extern "C" fn(i32), flags: i32) -> libc::sigaction {
    // All zero is a valid value; the fields that matter are set.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = handler as usize;
        a.sa_flags = libc::SA_ONSTACK | flags;
        libc::sigemptyset(&mut a.sa_mask);
        a
    }
}

/// Installs a handler; what was there before.
fn install(n: i32, new: &libc::sigaction) -> Option<libc::sigaction> {
    // Two valid places.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(n, new, &mut old) == 0).then_some(old)
    }
}

/// A fatal signal. Only what is safe in a signal handler happens here.
extern "C" fn fatal(n: i32) {
    let fd = FATAL_FD.load(Ordering::SeqCst);
    // A second fault ends the process at once.
    unsafe { libc::signal(n, libc::SIG_DFL) };
    if fd >= 0 {
        let mut out = Out::new(fd);
        out.text("Fatal Python error: ");
        out.text(FATAL.iter().find(|(s, _)| *s == n).map_or("unknown signal", |(_, name)| name));
        out.text("\n\n");
        if ALL_THREADS.load(Ordering::Relaxed) {
            out.text("<Cannot show all threads while the GIL is disabled>\n");
        }
        // What is being handled cannot be trusted to be whole: text is handed over in parts.
        out.flush();
        dump::one(&mut out, current());
        out.flush();
        out.text("\n");
        c_stack(&mut out);
        out.flush();
    }
    // It ends the process now, or when the handler returns to the faulty instruction.
    unsafe { libc::raise(n) };
}

fn c_stack(out: &mut Out) {
    out.text("Current thread's C stack trace (most recent call first):\n  <cannot get C stack on this system>\n");
}

/// A registered signal: the main thread looks at it.
extern "C" fn arrived(n: i32) {
    if signal::pass_to_main(n) {
        return;
    }
    ARRIVED.fetch_or(1 << (n as u64 & 63), Ordering::SeqCst);
    signal::wake_main();
}

/// SIGQUIT shows all stacks and locks on standard error, and the program goes on.
pub fn init_main() {
    if let Some(before) = install(libc::SIGQUIT, &action(arrived, 0)) {
        locked(&USERS).push(User { signal: libc::SIGQUIT, fd: 2, all: true, locks: true, chain: false, before });
    }
}

/// Shows the stacks that registered signals have asked for. Called by the main thread.
pub fn run_pending(cx: &mut Cx) {
    let bits = ARRIVED.swap(0, Ordering::SeqCst);
    if bits == 0 {
        return;
    }
    let due: Vec<(i32, i32, (bool, bool), Option<libc::sigaction>)> = locked(&USERS)
        .iter()
        .filter(|u| bits & 1 << (u.signal as u64 & 63) != 0)
        .map(|u| (u.signal, u.fd, (u.all, u.locks), u.chain.then_some(u.before)))
        .collect();
    for (n, fd, what, before) in due {
        let mut out = Out::new(fd);
        match what {
            (_, true) => dump::all_with_locks(&mut out, cx),
            (true, _) => dump::all(&mut out, cx),
            (false, _) => dump::one(&mut out, Some(cx)),
        }
        out.flush();
        if let Some(before) = before {
            // The one before gets the signal, too; then it is ours again.
            if let Some(ours) = install(n, &before) {
                unsafe { libc::raise(n) };
                install(n, &ours);
            }
        }
    }
}

/// Shows all stacks after `time`, and again if `repeat`.
fn watch(request: u64, time: Duration, head: String, fd: i32, repeat: bool, exit: bool) {
    signal::block_all();
    loop {
        let (now, _) = CANCELLED
            .wait_timeout_while(locked(&REQUEST), time, |now| *now == request)
            .unwrap_or_else(PoisonError::into_inner);
        if *now != request {
            return;
        }
        drop(now);
        let cx = Cx::attach(64 << 10);
        let mut out = Out::new(fd);
        out.text(&head);
        dump::everybody_else(&mut out, &cx);
        out.flush();
        Cx::detach(cx);
        if exit {
            // As asked for: without any cleaning up.
            unsafe { libc::_exit(1) };
        }
        if !repeat {
            return;
        }
    }
}

/// `Timeout (0:00:01.500000)!`, as CPython writes it.
fn timeout_line(us: u64) -> String {
    let (s, us) = (us / 1_000_000, us % 1_000_000);
    let clock = format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    if us == 0 { format!("Timeout ({clock})!\n") } else { format!("Timeout ({clock}.{us:06})!\n") }
}

fn check_signal(cx: &Cx, n: i64) -> Result<i32> {
    if FATAL.iter().any(|(s, _)| i64::from(*s) == n) {
        return Err(cx.error(ExcKind::RuntimeError, format!("signal {n} cannot be registered, use enable() instead")));
    }
    if (1..65).contains(&n) { Ok(n as i32) } else { Err(cx.value_error("signal number out of range")) }
}

/// Never returns before the native stack is used up.
#[inline(never)]
#[allow(unconditional_recursion)]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    let below = overflow(depth + 1);
    below + room[(depth % 512) as usize]
}

/// Dump Python tracebacks on faults, after a time, or on a signal.
#[module("faulthandler")]
pub mod functions {
    use super::*;

    /// Enable the fault handler.
    #[sig(file = <missing>, all_threads = True, c_stack = True)]
    fn enable(cx: &mut Cx, file: Missing<Obj>, all_threads: bool, c_stack: bool) -> Result<()> {
        let _ = c_stack;
        let fd = descriptor(cx, file)?;
        ALL_THREADS.store(all_threads, Ordering::Relaxed);
        if FATAL_FD.swap(fd, Ordering::SeqCst) < 0 {
            let mut before = locked(&BEFORE);
            for (n, _) in FATAL {
                before.extend(install(n, &action(fatal, libc::SA_NODEFER)).map(|old| (n, old)));
            }
        }
        Ok(())
    }
    /// Disable the fault handler.
    fn disable() -> bool {
        let was = FATAL_FD.swap(-1, Ordering::SeqCst) >= 0;
        for (n, old) in locked(&BEFORE).drain(..) {
            install(n, &old);
        }
        was
    }
    /// Check if the handler is enabled.
    fn is_enabled() -> bool {
        FATAL_FD.load(Ordering::SeqCst) >= 0
    }
    /// Dump the traceback of the current thread, or of all threads if all_threads is True, into file.
    #[sig(file = <missing>, all_threads = True)]
    fn dump_traceback(cx: &mut Cx, file: Missing<Obj>, all_threads: bool) -> Result<()> {
        let mut out = Out::new(descriptor(cx, file)?);
        match all_threads {
            true => dump::all(&mut out, cx),
            false => dump::one(&mut out, Some(cx)),
        }
        out.flush();
        Ok(())
    }
    /// Dump the C stack of the current thread.
    #[sig(file = <missing>)]
    fn dump_c_stack(cx: &mut Cx, file: Missing<Obj>) -> Result<()> {
        let mut out = Out::new(descriptor(cx, file)?);
        c_stack(&mut out);
        out.flush();
        Ok(())
    }
    /// Dump the traceback of all threads in timeout seconds,
    /// or each timeout seconds if repeat is True. If exit is True, call _exit(1) which is not safe.
    #[sig(timeout, repeat = False, file = <missing>, exit = False)]
    fn dump_traceback_later(cx: &mut Cx, timeout: f64, repeat: bool, file: Missing<Obj>, exit: bool) -> Result<()> {
        if timeout.is_nan() || timeout * 1e6 > i64::MAX as f64 {
            return Err(cx.error(ExcKind::OverflowError, "timeout value is too large"));
        }
        let us = (timeout * 1e6).round() as i64;
        if us <= 0 {
            return Err(cx.value_error("timeout must be greater than 0"));
        }
        let fd = descriptor(cx, file)?;
        let head = timeout_line(us as u64);
        let request = {
            let mut now = locked(&REQUEST);
            *now += 1;
            *now
        };
        CANCELLED.notify_all();
        let time = Duration::from_micros(us as u64);
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        match thread.spawn(move || watch(request, time, head, fd, repeat, exit)) {
            Ok(_) => Ok(()),
            Err(_) => Err(cx.error(ExcKind::RuntimeError, "unable to start watchdog thread")),
        }
    }
    /// Cancel the previous call to dump_traceback_later().
    fn cancel_dump_traceback_later() {
        *locked(&REQUEST) += 1;
        CANCELLED.notify_all();
    }
    /// Register a handler for the signal 'signum': dump the traceback of the current thread, or of all threads if all_threads is True, into file.
    #[sig(signum, file = <missing>, all_threads = True, chain = False)]
    fn register(cx: &mut Cx, signum: i64, file: Missing<Obj>, all_threads: bool, chain: bool) -> Result<()> {
        let n = check_signal(cx, signum)?;
        let fd = descriptor(cx, file)?;
        let mut users = locked(&USERS);
        if let Some(u) = users.iter_mut().find(|u| u.signal == n) {
            (u.fd, u.all, u.locks, u.chain) = (fd, all_threads, false, chain);
            return Ok(());
        }
        // Where it goes on to another handler, that one may be entered at once. Calls that
        // block are to end, so that the main thread comes to its poll.
        let flags = if chain { libc::SA_NODEFER } else { 0 };
        match install(n, &action(arrived, flags)) {
            Some(before) => users.push(User { signal: n, fd, all: all_threads, locks: false, chain, before }),
            None => {
                drop(users);
                return Err(cx.error(ExcKind::OSError, format!("signal {n} cannot be handled")));
            }
        }
        Ok(())
    }
    /// Unregister the handler of the signal 'signum' registered by register().
    #[sig(signum, /)]
    fn unregister(cx: &mut Cx, signum: i64) -> Result<bool> {
        let n = check_signal(cx, signum)?;
        let mut users = locked(&USERS);
        match users.iter().position(|u| u.signal == n) {
            Some(at) => {
                install(n, &users.remove(at).before);
                Ok(true)
            }
            None => Ok(false),
        }
    }
    /// Read from NULL, raise a SIGSEGV or SIGBUS signal depending on the platform.
    fn _read_null() {
        // The crash is what is asked for.
        unsafe { libc::raise(libc::SIGSEGV) };
    }
    /// Raise a SIGSEGV signal.
    #[sig(release_gil = False, /)]
    fn _sigsegv(cx: &mut Cx, release_gil: bool) {
        // As above.
        let crash = || unsafe { libc::raise(libc::SIGSEGV) };
        if release_gil {
            cx.blocked(crash)
        } else {
            crash()
        };
    }
    /// Raise a SIGFPE signal.
    fn _sigfpe() {
        // As above.
        unsafe { libc::raise(libc::SIGFPE) };
    }
    /// Raise a SIGABRT signal.
    fn _sigabrt() {
        // As above.
        unsafe { libc::abort() };
    }
    /// Recursive call to raise a stack overflow.
    fn _stack_overflow() -> u64 {
        overflow(0)
    }
    /// Call Py_FatalError() in a new C thread.
    fn _fatal_error_c_thread() {
        let thread = std::thread::spawn(|| {
            let mut out = Out::new(2);
            out.text("Fatal Python error: faulthandler_fatal_error_thread: in new thread\n");
            out.text("Python runtime state: initialized\n\n");
            dump::one(&mut out, None);
            out.flush();
            // As above.
            unsafe { libc::abort() }
        });
        let _ = thread.join();
    }
}
