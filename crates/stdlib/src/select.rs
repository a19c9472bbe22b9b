//! `select`: `select`, `poll` objects and `epoll`.
//!
//! Tests: tests/lang/sockets.md; CPython test_select, test_poll, test_epoll,
//! test_selectors.

use crate::sys::{self, poll as call};
use crate::timeout::{self, Deadline};
use crate::util::{Fd, os_error, set, set_ints, sys_raise, tuple_obj};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use typhon_macros::{Trace, class, module};
use typhon_object::list::{self, List};
use typhon_object::native::{self, FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Raised, Result, ops};

/// Descriptors of a sequence, and the sequence's items beside them. A list is
/// read as it is at each step: `fileno()` may change it.
fn fd_list(cx: &mut Cx, o: Obj) -> Result<(Vec<i32>, Gc<List>)> {
    let source = match o.cast::<List>() {
        Some(l) => l,
        None => match ops::list_from_iter(cx, o) {
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                return Err(cx.type_error("arguments 1-3 must be sequences"));
            }
            r => r?,
        },
    };
    let items = list::new(cx, &[])?;
    let mut fds = Vec::new();
    while let Some(v) = source.get(fds.len()) {
        let fd = Fd::from_arg(cx, v)?.0;
        if fd >= call::FD_SETSIZE {
            return Err(cx.value_error("filedescriptor out of range in select()"));
        }
        fds.push(fd);
        items.append(cx, v)?;
    }
    Ok((fds, items))
}

/// The items whose descriptors are ready.
fn ready(cx: &mut Cx, all: &[i32], ready: &[i32], items: Gc<List>) -> Result<Obj> {
    let out = list::new(cx, &[])?;
    for (i, fd) in all.iter().enumerate() {
        if ready.contains(fd)
            && let Some(v) = items.get(i)
        {
            out.append(cx, v)?;
        }
    }
    Ok(out.obj())
}

fn pair(cx: &mut Cx, fd: i32, events: u32) -> Result<Obj> {
    tuple_obj(cx, &[Obj::int_unchecked(i64::from(fd)), Obj::int_unchecked(i64::from(events))])
}

/// An event mask of 16 bits.
#[derive(Clone, Copy)]
struct Mask(u16);

impl FromArg for Mask {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Mask> {
        let too_large = "Python int too large to convert to C unsigned short";
        let n = ops::index_i64(cx, v, too_large)?;
        if n < 0 {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        Ok(Mask(u16::try_from(n).map_err(|_| cx.error(ExcKind::OverflowError, too_large))?))
    }
}

/// `select.poll` objects.
#[derive(Trace)]
pub struct Poll {
    #[trace(skip)]
    fds: Guarded<Vec<(i32, u16)>>,
    polling: AtomicBool,
}

impl Poll {
    fn key_error(cx: &mut Cx, fd: i32) -> Raised {
        match ops::call_args(cx, ExcKind::KeyError.class(cx).obj(), &[Obj::int_unchecked(i64::from(fd))]) {
            Ok(e) => e.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::KeyError, fd.to_string())),
            Err(e) => e,
        }
    }
}

/// Supports registering and unregistering file descriptors, and then polling
/// them for I/O events.
#[class(module = "select", name = "poll")]
impl Poll {
    /// Register a file descriptor with the polling object.
    #[sig(fd, eventmask = 7, /)]
    fn register(&self, cx: &mut Cx, fd: Fd, eventmask: Mask) {
        let mut v = self.fds.write(cx, self);
        match v.iter_mut().find(|e| e.0 == fd.0) {
            Some(e) => e.1 = eventmask.0,
            None => v.push((fd.0, eventmask.0)),
        }
    }
    /// Modify an already registered file descriptor.
    fn modify(&self, cx: &mut Cx, fd: Fd, eventmask: Mask) -> Result<()> {
        let known = {
            let mut v = self.fds.write(cx, self);
            v.iter_mut().find(|e| e.0 == fd.0).map(|e| e.1 = eventmask.0)
        };
        known.ok_or_else(|| os_error(cx, libc::ENOENT))
    }
    /// Remove a file descriptor being tracked by the polling object.
    fn unregister(&self, cx: &mut Cx, fd: Fd) -> Result<()> {
        let known = {
            let mut v = self.fds.write(cx, self);
            let at = v.iter().position(|e| e.0 == fd.0);
            at.map(|i| v.remove(i))
        };
        known.map(|_| ()).ok_or_else(|| Poll::key_error(cx, fd.0))
    }
    /// Polls the set of registered file descriptors.
    #[sig(timeout = None, /)]
    fn poll(&self, cx: &mut Cx, timeout: Obj) -> Result<Obj> {
        let ns = if timeout.is_none() {
            None
        } else {
            let ns = timeout::nanoseconds(cx, timeout, 1_000_000)?;
            Some(ns.ok_or_else(|| cx.type_error("timeout must be an integer or None"))?)
        };
        if ns.is_some_and(|n| n / 1_000_000 > i64::from(i32::MAX)) {
            return Err(cx.error(ExcKind::OverflowError, "timeout is too large"));
        }
        if self.polling.swap(true, Ordering::Acquire) {
            return Err(cx.error(ExcKind::RuntimeError, "concurrent poll() invocation"));
        }
        let mut raw: Vec<libc::pollfd> =
            self.fds.read(cx).iter().map(|e| libc::pollfd { fd: e.0, events: e.1 as i16, revents: 0 }).collect();
        let r = timeout::wait(cx, Deadline::after(ns), |d| call::poll(&mut raw, d.left_ms()));
        self.polling.store(false, Ordering::Release);
        match r? {
            Some(Err(e)) => return Err(os_error(cx, e)),
            None => raw.clear(),
            Some(Ok(_)) => {}
        }
        let out = list::new(cx, &[])?;
        for e in raw.iter().filter(|e| e.revents != 0) {
            let t = pair(cx, e.fd, u32::from(e.revents as u16))?;
            out.append(cx, t)?;
        }
        Ok(out.obj())
    }
}

/// `select.epoll`.
#[derive(Trace)]
pub struct Epoll {
    /// The descriptor, or -1 when closed.
    fd: AtomicI64,
}

impl Epoll {
    fn open(&self, cx: &Cx) -> Result<i32> {
        match self.fd.load(Ordering::Relaxed) {
            n if n >= 0 => Ok(n as i32),
            _ => Err(cx.value_error("I/O operation on closed epoll object")),
        }
    }
    fn control(&self, cx: &mut Cx, op: i32, fd: i32, events: u32) -> Result<()> {
        let ep = self.open(cx)?;
        sys_raise(cx, || call::epoll_ctl(ep, op, fd, events))
    }
    fn close_fd(&self, cx: &mut Cx) -> Result<()> {
        let fd = self.fd.swap(-1, Ordering::Relaxed);
        if fd < 0 {
            return Ok(());
        }
        cx.blocked(|| sys::close(fd as i32)).map_err(|e| os_error(cx, e))
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        if *self.fd.get_mut() >= 0 {
            let _ = sys::close(*self.fd.get_mut() as i32);
        }
    }
}

/// select.epoll(sizehint=-1, flags=0)
///
/// Returns an epolling object
#[class(module = "select", name = "epoll", subclassable)]
impl Epoll {
    #[sig(sizehint = -1, flags = 0)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, sizehint: i32, flags: i32) -> Result<Epoll> {
        let _ = cls;
        if sizehint != -1 && sizehint <= 0 {
            return Err(cx.value_error("negative sizehint"));
        }
        if flags & !libc::EPOLL_CLOEXEC != 0 {
            return Err(os_error(cx, libc::EINVAL));
        }
        let fd = sys_raise(cx, || call::epoll_create(libc::EPOLL_CLOEXEC))?;
        Ok(Epoll { fd: AtomicI64::new(i64::from(fd)) })
    }
    /// Create an epoll object from a given control fd.
    #[classmethod]
    fn fromfd(cx: &mut Cx, cls: Gc<Type>, fd: i32) -> Result<Obj> {
        Ok(native::instance_of(cx, cls, Epoll { fd: AtomicI64::new(i64::from(fd)) })?.obj())
    }
    /// Close the epoll control file descriptor.
    fn close(&self, cx: &mut Cx) -> Result<()> {
        self.close_fd(cx)
    }
    /// True if the epoll handler is closed
    #[getter]
    fn closed(&self) -> bool {
        self.fd.load(Ordering::Relaxed) < 0
    }
    /// Return the epoll control file descriptor.
    fn fileno(&self, cx: &mut Cx) -> Result<i32> {
        self.open(cx)
    }
    /// Registers a new fd or raises an OSError if the fd is already registered.
    #[sig(fd, eventmask = 7)]
    fn register(&self, cx: &mut Cx, fd: Fd, eventmask: u32) -> Result<()> {
        self.control(cx, libc::EPOLL_CTL_ADD, fd.0, eventmask)
    }
    /// Modify event mask for a registered file descriptor.
    #[sig(fd, eventmask)]
    fn modify(&self, cx: &mut Cx, fd: Fd, eventmask: u32) -> Result<()> {
        self.control(cx, libc::EPOLL_CTL_MOD, fd.0, eventmask)
    }
    /// Remove a registered file descriptor from the epoll object.
    #[sig(fd)]
    fn unregister(&self, cx: &mut Cx, fd: Fd) -> Result<()> {
        self.control(cx, libc::EPOLL_CTL_DEL, fd.0, 0)
    }
    /// Wait for events on the epoll file descriptor.
    #[sig(timeout = None, maxevents = -1)]
    fn poll(&self, cx: &mut Cx, timeout: Obj, maxevents: i32) -> Result<Obj> {
        let ep = self.open(cx)?;
        let ns = if timeout.is_none() {
            None
        } else {
            let ns = timeout::nanoseconds(cx, timeout, 1_000_000_000)?;
            let ns = ns.ok_or_else(|| {
                cx.type_error(format!("timeout must be an integer or None, not {}", cx.type_name(timeout)))
            })?;
            if ns / 1_000_000 > i64::from(i32::MAX) {
                return Err(cx.error(ExcKind::OverflowError, "timeout is too large"));
            }
            Some(ns)
        };
        let max = match maxevents {
            -1 => call::FD_SETSIZE as usize - 1,
            n if n > 0 => n as usize,
            n => return Err(cx.value_error(format!("maxevents must be greater than 0, got {n}"))),
        };
        let found = match timeout::wait(cx, Deadline::after(ns), |d| call::epoll_wait(ep, max, d.left_ms()))? {
            Some(Ok(v)) => v,
            Some(Err(e)) => return Err(os_error(cx, e)),
            None => Vec::new(),
        };
        let out = list::new(cx, &[])?;
        for (fd, events) in found {
            let t = pair(cx, fd, events)?;
            out.append(cx, t)?;
        }
        Ok(out.obj())
    }
    fn __enter__(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Self>> {
        this.open(cx)?;
        Ok(this)
    }
    #[sig(exc_type = None, exc_value = None, exc_tb = None, /)]
    fn __exit__(&self, cx: &mut Cx, exc_type: Obj, exc_value: Obj, exc_tb: Obj) -> Result<()> {
        let _ = (exc_type, exc_value, exc_tb);
        self.close_fd(cx)
    }
}

/// This module supports asynchronous I/O on multiple file descriptors.
///
/// *** IMPORTANT NOTICE ***
/// On Windows, only sockets are supported; on Unix, all file descriptors.
#[module("select", classes(Epoll))]
pub mod select {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        macro_rules! c {
            ($($n:ident)*) => { &[$((stringify!($n), libc::$n as u32 as i64)),*] };
        }
        set_ints(
            cx,
            module,
            c!(PIPE_BUF POLLIN POLLPRI POLLOUT POLLERR POLLHUP POLLNVAL POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND
            POLLRDHUP EPOLLIN EPOLLOUT EPOLLPRI EPOLLERR EPOLLHUP EPOLLRDHUP EPOLLET EPOLLONESHOT EPOLLEXCLUSIVE
            EPOLLRDNORM EPOLLRDBAND EPOLLWRNORM EPOLLWRBAND EPOLLMSG EPOLLWAKEUP EPOLL_CLOEXEC),
        )?;
        set(cx, module, "POLLMSG", 0x400)?;
        let e = ExcKind::OSError.class(cx);
        set(cx, module, "error", e)
    }
    /// Wait until one or more file descriptors are ready for some kind of I/O.
    #[sig(rlist, wlist, xlist, timeout = None, /)]
    fn select(cx: &mut Cx, rlist: Obj, wlist: Obj, xlist: Obj, timeout: Obj) -> Result<Obj> {
        let ns = if timeout.is_none() {
            None
        } else {
            let ns = timeout::nanoseconds(cx, timeout, 1_000_000_000)?;
            let ns = ns.ok_or_else(|| cx.type_error("timeout must be a float or None"))?;
            if ns < 0 {
                return Err(cx.value_error("timeout must be non-negative"));
            }
            Some(ns)
        };
        let ((r, ro), (w, wo), (x, xo)) = (fd_list(cx, rlist)?, fd_list(cx, wlist)?, fd_list(cx, xlist)?);
        let all = [r, w, x];
        let mut found = all.clone();
        match timeout::wait(cx, Deadline::after(ns), |d| call::select(&mut found, d.left()))? {
            Some(Ok(())) => {}
            Some(Err(e)) => return Err(os_error(cx, e)),
            None => found.iter_mut().for_each(Vec::clear),
        }
        let r = ready(cx, &all[0], &found[0], ro)?;
        let w = ready(cx, &all[1], &found[1], wo)?;
        let x = ready(cx, &all[2], &found[2], xo)?;
        (r, w, x).into_obj(cx)
    }
    /// Returns a polling object.
    fn poll(cx: &mut Cx) -> Result<Obj> {
        let p = Poll { fds: Guarded::new(Vec::new()), polling: AtomicBool::new(false) };
        Ok(native::instance(cx, p)?.obj())
    }
}
