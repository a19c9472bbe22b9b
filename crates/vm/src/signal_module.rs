//! `_signal`: the part of `signal` that needs the VM. Delivery is in
//! `signal.rs`.
//!
//! Tests: CPython test_signal (later).

use crate::{signal, thread};
use typhon_macros::module;
use typhon_object::{Cx, ExcKind, Obj, Result, exc, int, name, ops};

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

/// The module.
#[module("_signal")]
pub mod functions {
    use super::*;

    /// Set the action for the given signal.
    #[sig(signalnum, handler, /)]
    fn signal(cx: &mut Cx, signalnum: i64, handler: Obj) -> Result<Obj> {
        if !thread::is_main() {
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
            let e = [Obj::int_unchecked(libc::EINVAL as i64), typhon_object::str::new(cx, "Invalid argument")?.obj()];
            let class = ExcKind::OSError.class(cx);
            let o = ops::call_args(cx, class.obj(), &e)?;
            return match o.cast::<exc::BaseException>() {
                Some(e) => Err(typhon_object::Raised(e)),
                None => Err(cx.error(ExcKind::OSError, "Invalid argument")),
            };
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
        // Plain system call.
        unsafe { libc::kill(libc::getpid(), signalnum as i32) };
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
    /// Sets the fd to be written to when a signal comes in; -1 only, for now.
    #[sig(fd, /, *, warn_on_full_buffer = True)]
    fn set_wakeup_fd(cx: &mut Cx, fd: i64, warn_on_full_buffer: bool) -> Result<i64> {
        let _ = warn_on_full_buffer;
        if fd == -1 {
            Ok(-1)
        } else {
            Err(cx.error(ExcKind::NotImplementedError, "set_wakeup_fd() is not implemented yet"))
        }
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
        if d.get(cx, key)?.is_none() {
            d.insert(cx, key, h)?;
        }
        let error = ExcKind::OSError.class(cx);
        ops::set_attr(cx, module, name!(cx, "ItimerError"), Some(error.obj()))
    }
}
