//! `_signal`: the part of `signal` that needs the VM. Delivery is in
//! `signal.rs`.
//!
//! Tests: CPython test_signal (later).

use crate::{signal, thread};
use typhon_macros::module;
use typhon_object::{Cx, ExcKind, Obj, Raised, Result, exc, int, name, ops};

const DFL: i64 = 0;
const IGN: i64 = 1;
const NSIG: i64 = 65;

fn check(cx: &Cx, n: i64) -> Result<()> {
    if (1..NSIG).contains(&n) { Ok(()) } else { Err(cx.value_error("signal number out of range")) }
}

/// The handler that Python knows for a signal.
fn current(cx: &mut Cx, n: i64) -> Result<Obj> {
    let key = int::from_i64(cx, n)?;
    let d = signal::handlers(cx)?;
    Ok(match d.get(cx, key)? {
        Some(h) => h,
        None if n == libc::SIGPIPE as i64 => Obj::int_unchecked(IGN),
        None => Obj::int_unchecked(DFL),
    })
}

/// `OSError` of a system call that has just failed.
fn os_error(cx: &mut Cx) -> Raised {
    os_error_of(cx, std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// `OSError(errno, strerror(errno))`.
fn os_error_of(cx: &mut Cx, errno: i32) -> Raised {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or("").to_owned();
    let made = typhon_object::str::new(cx, &text).and_then(|text| {
        let class = ExcKind::OSError.class(cx).obj();
        ops::call_args(cx, class, &[Obj::int_unchecked(errno as i64), text.obj()])
    });
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::OSError, text)),
        Err(e) => e,
    }
}

fn empty_set() -> libc::sigset_t {
    // `sigemptyset` fills it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        set
    }
}

/// An iterable of signal numbers as the system wants it.
fn signal_set(cx: &mut Cx, signals: Obj) -> Result<libc::sigset_t> {
    let mut set = empty_set();
    ops::for_each(cx, signals, |cx, o| {
        let n = ops::index(cx, o).map(|n| int::to_i64(n).unwrap_or(0))?;
        if !(1..NSIG).contains(&n) {
            return Err(cx.value_error(format!("signal number {n} out of range [1; 64]")));
        }
        // The number is in range; the two that the C library keeps are refused.
        unsafe { libc::sigaddset(&mut set, n as i32) };
        Ok(true)
    })?;
    Ok(set)
}

fn from_set(cx: &mut Cx, set: &libc::sigset_t) -> Result<Obj> {
    let s = typhon_builtins::set::new(cx)?;
    for n in 1..NSIG {
        // A set of ours.
        if unsafe { libc::sigismember(set, n as i32) } == 1 {
            typhon_builtins::set::add(cx, s, Obj::int_unchecked(n))?;
        }
    }
    Ok(s)
}

fn timeval(seconds: f64) -> libc::timeval {
    let whole = seconds.floor();
    libc::timeval { tv_sec: whole as i64, tv_usec: ((seconds - whole) * 1e6) as i64 }
}

fn seconds_of(t: libc::timeval) -> f64 {
    t.tv_sec as f64 + t.tv_usec as f64 * 1e-6
}

/// The module.
#[module("_signal")]
pub mod functions {
    use super::*;

    /// Set the action for the given signal.
    #[sig(signalnum, handler, /)]
    fn signal(cx: &mut Cx, signalnum: i64, handler: Obj) -> Result<Obj> {
        if !thread::is_main(cx) {
            return Err(cx.value_error("signal only works in main thread of the main interpreter"));
        }
        check(cx, signalnum)?;
        let old = current(cx, signalnum)?;
        let n = signalnum as i32;
        let done = match handler.as_small_int() {
            Some(DFL) => super::signal::uninstall(n, false),
            Some(IGN) => super::signal::uninstall(n, true),
            None if ops::class_of(handler).call_fn().is_some()
                || ops::class_of(handler).special(typhon_object::Dunder::Call).is_some() =>
            {
                super::signal::install(n)
            }
            _ => {
                return Err(
                    cx.type_error("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
                );
            }
        };
        if !done {
            return Err(os_error_of(cx, libc::EINVAL));
        }
        let key = int::from_i64(cx, signalnum)?;
        let d = super::signal::handlers(cx)?;
        d.insert(cx, key, handler)?;
        Ok(old)
    }
    /// Return the current action for the given signal.
    fn getsignal(cx: &mut Cx, signalnum: i64) -> Result<Obj> {
        check(cx, signalnum)?;
        current(cx, signalnum)
    }
    /// The default handler for SIGINT: raises KeyboardInterrupt.
    #[sig(signalnum, frame, /)]
    fn default_int_handler(cx: &mut Cx, signalnum: Obj, frame: Obj) -> Result<()> {
        let _ = (signalnum, frame);
        Err(exc::with_args(cx, ExcKind::KeyboardInterrupt, &[])?)
    }
    /// Send a signal to the executing process.
    fn raise_signal(cx: &mut Cx, signalnum: i64) -> Result<()> {
        check(cx, signalnum)?;
        // On this thread, so that it has arrived when the call returns.
        unsafe { libc::raise(signalnum as i32) };
        if cx.mutator.poll_pending() {
            crate::poll::handle(cx)?;
        }
        Ok(())
    }
    /// Arrange for SIGALRM to arrive after the given number of seconds.
    fn alarm(seconds: u32) -> u32 {
        // Plain system call.
        unsafe { libc::alarm(seconds) }
    }
    /// Return the system description of the given signal.
    fn strsignal(cx: &mut Cx, signalnum: i64) -> Result<Option<String>> {
        check(cx, signalnum)?;
        // The returned text is static or per thread, and null-terminated.
        let p = unsafe { libc::strsignal(signalnum as i32) };
        if p.is_null() {
            return Ok(None);
        }
        let s = unsafe { std::ffi::CStr::from_ptr(p) }.to_string_lossy().into_owned();
        Ok(Some(s).filter(|s| !s.starts_with("Unknown")))
    }
    /// Return a set of valid signal numbers on this platform.
    fn valid_signals(cx: &mut Cx) -> Result<Obj> {
        let s = typhon_builtins::set::new(cx)?;
        for n in (1..NSIG).filter(|n| !(32..34).contains(n)) {
            typhon_builtins::set::add(cx, s, Obj::int_unchecked(n))?;
        }
        Ok(s)
    }
    /// Sets the fd to be written to (with the signal number) when a signal comes in.
    #[sig(fd, /, *, warn_on_full_buffer = True)]
    fn set_wakeup_fd(cx: &mut Cx, fd: i32, warn_on_full_buffer: bool) -> Result<i32> {
        // A full buffer is nothing to warn of: its reader has been woken.
        let _ = warn_on_full_buffer;
        if !thread::is_main(cx) {
            return Err(cx.value_error("set_wakeup_fd only works in main thread of the main interpreter"));
        }
        if fd != -1 {
            // Plain system call.
            let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
            if flags == -1 {
                return Err(os_error(cx));
            }
            if flags & libc::O_NONBLOCK == 0 {
                return Err(cx.value_error(format!("the fd {fd} must be in non-blocking mode")));
            }
        }
        Ok(super::signal::WAKEUP_FD.swap(fd.max(-1), std::sync::atomic::Ordering::SeqCst))
    }
    /// Wait until a signal arrives.
    fn pause(cx: &mut Cx) -> Result<()> {
        // Plain system call, in the blocked state. It ends when a signal was handled.
        cx.blocked(|| unsafe { libc::pause() });
        crate::poll::handle(cx)
    }
    /// Send a signal to a thread.
    #[sig(thread_id, signalnum, /)]
    fn pthread_kill(cx: &mut Cx, thread_id: u64, signalnum: i32) -> Result<()> {
        // The caller names a thread that lives, as in CPython.
        let r = unsafe { libc::pthread_kill(thread_id as libc::pthread_t, signalnum) };
        if r != 0 {
            return Err(os_error_of(cx, r));
        }
        crate::poll::handle(cx)
    }
    /// Send a signal to a process by a descriptor of it.
    #[sig(pidfd, signalnum, siginfo = None, flags = 0, /)]
    fn pidfd_send_signal(cx: &mut Cx, pidfd: i32, signalnum: i32, siginfo: Obj, flags: i32) -> Result<()> {
        if !siginfo.is_none() {
            return Err(cx.type_error("siginfo must be None"));
        }
        // Null stands for what kill() would say of the sender.
        let r = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signalnum, std::ptr::null::<libc::siginfo_t>(), flags)
        };
        if r < 0 {
            return Err(os_error(cx));
        }
        crate::poll::handle(cx)
    }
    /// Fetch and/or change the signal mask of the calling thread.
    #[sig(how, mask, /)]
    fn pthread_sigmask(cx: &mut Cx, how: i32, mask: Obj) -> Result<Obj> {
        let set = signal_set(cx, mask)?;
        let mut old = empty_set();
        // Sets of ours.
        let r = unsafe { libc::pthread_sigmask(how, &set, &mut old) };
        if r != 0 {
            return Err(os_error_of(cx, r));
        }
        // A signal that was held back has arrived now.
        crate::poll::handle(cx)?;
        from_set(cx, &old)
    }
    /// Examine pending signals.
    fn sigpending(cx: &mut Cx) -> Result<Obj> {
        let mut set = empty_set();
        // A set of ours.
        if unsafe { libc::sigpending(&mut set) } != 0 {
            return Err(os_error(cx));
        }
        from_set(cx, &set)
    }
    /// Wait for a signal of the set; it is taken, and no handler runs.
    #[sig(sigset, /)]
    fn sigwait(cx: &mut Cx, sigset: Obj) -> Result<i32> {
        let set = signal_set(cx, sigset)?;
        let mut n = 0;
        // Sets of ours, in the blocked state.
        match cx.blocked(|| unsafe { libc::sigwait(&set, &mut n) }) {
            0 => Ok(n),
            e => Err(os_error_of(cx, e)),
        }
    }
    /// Change system call restart behaviour: if flag is true, calls end with EINTR.
    #[sig(signalnum, flag, /)]
    fn siginterrupt(cx: &mut Cx, signalnum: i64, flag: bool) -> Result<()> {
        check(cx, signalnum)?;
        // A structure of ours; the handler stays as it is.
        let ok = unsafe {
            let mut a: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signalnum as i32, std::ptr::null(), &mut a) == 0 && {
                a.sa_flags = if flag { a.sa_flags & !libc::SA_RESTART } else { a.sa_flags | libc::SA_RESTART };
                libc::sigaction(signalnum as i32, &a, std::ptr::null_mut()) == 0
            }
        };
        if ok { Ok(()) } else { Err(os_error(cx)) }
    }
    /// Sets given itimer (ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
    #[sig(which, seconds, interval = 0.0, /)]
    fn setitimer(cx: &mut Cx, which: i32, seconds: f64, interval: f64) -> Result<(f64, f64)> {
        let new = libc::itimerval { it_interval: timeval(interval), it_value: timeval(seconds) };
        let mut old = libc::itimerval { it_interval: timeval(0.0), it_value: timeval(0.0) };
        // Structures of ours; `which` is checked by the system.
        if unsafe { libc::syscall(libc::SYS_setitimer, which, &raw const new, &raw mut old) } != 0 {
            return Err(os_error(cx));
        }
        Ok((seconds_of(old.it_value), seconds_of(old.it_interval)))
    }
    /// Returns current value of given itimer.
    #[sig(which, /)]
    fn getitimer(cx: &mut Cx, which: i32) -> Result<(f64, f64)> {
        let mut now = libc::itimerval { it_interval: timeval(0.0), it_value: timeval(0.0) };
        // As above.
        if unsafe { libc::syscall(libc::SYS_getitimer, which, &raw mut now) } != 0 {
            return Err(os_error(cx));
        }
        Ok((seconds_of(now.it_value), seconds_of(now.it_interval)))
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let values: &[(&str, i64)] = &[
            ("SIG_DFL", DFL),
            ("SIG_IGN", IGN),
            ("NSIG", NSIG),
            ("SIG_BLOCK", libc::SIG_BLOCK as i64),
            ("SIG_UNBLOCK", libc::SIG_UNBLOCK as i64),
            ("SIG_SETMASK", libc::SIG_SETMASK as i64),
            ("SIGHUP", 1),
            ("SIGINT", 2),
            ("SIGQUIT", 3),
            ("SIGILL", 4),
            ("SIGTRAP", 5),
            ("SIGABRT", 6),
            ("SIGIOT", 6),
            ("SIGBUS", 7),
            ("SIGFPE", 8),
            ("SIGKILL", 9),
            ("SIGUSR1", 10),
            ("SIGSEGV", 11),
            ("SIGUSR2", 12),
            ("SIGPIPE", 13),
            ("SIGALRM", 14),
            ("SIGTERM", 15),
            ("SIGSTKFLT", 16),
            ("SIGCHLD", 17),
            ("SIGCLD", 17),
            ("SIGCONT", 18),
            ("SIGSTOP", 19),
            ("SIGTSTP", 20),
            ("SIGTTIN", 21),
            ("SIGTTOU", 22),
            ("SIGURG", 23),
            ("SIGXCPU", 24),
            ("SIGXFSZ", 25),
            ("SIGVTALRM", 26),
            ("SIGPROF", 27),
            ("SIGWINCH", 28),
            ("SIGIO", 29),
            ("SIGPOLL", 29),
            ("SIGPWR", 30),
            ("SIGSYS", 31),
            ("SIGRTMIN", 34),
            ("SIGRTMAX", 64),
            ("ITIMER_REAL", 0),
            ("ITIMER_VIRTUAL", 1),
            ("ITIMER_PROF", 2),
        ];
        for (n, v) in values {
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(Obj::int_unchecked(*v)))?;
        }
        let d = super::signal::handlers(cx)?;
        let h = ops::get_attr(cx, module, name!(cx, "default_int_handler"))?;
        let key = Obj::int_unchecked(libc::SIGINT as i64);
        if cx.interp().is_main() && d.get(cx, key)?.is_none() {
            d.insert(cx, key, h)?;
        }
        let error = ExcKind::OSError.class(cx);
        ops::set_attr(cx, module, name!(cx, "ItimerError"), Some(error.obj()))
    }
}
