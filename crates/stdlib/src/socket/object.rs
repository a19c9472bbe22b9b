//! `_socket.socket`: the object.
//!
//! A socket with a timeout is non-blocking for the system; each call first
//! waits for readiness and then tries, until the deadline.
//! Tests: tests/lang/sockets.md; CPython test_socket.

use super::{addr, message};
use crate::buffer::{self, Buf};
use crate::sys::socket::{self as call, RawAddr};
use crate::sys::{self, Sys, poll};
use crate::timeout::{self, Deadline};
use crate::util::{before_blocking, bytes_obj, check_signals, os_error, tuple_obj, unraisable, warn};
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, FromArg, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result, float, int, ops};

/// `socket.setdefaulttimeout()` in nanoseconds, -1 for none.
pub static DEFAULT_TIMEOUT: AtomicI64 = AtomicI64::new(-1);

const SECOND: i64 = 1_000_000_000;

/// `_socket.socket`.
#[derive(Trace)]
pub struct Socket {
    /// The descriptor, or -1 when closed.
    fd: AtomicI64,
    family: AtomicI64,
    kind: AtomicI64,
    proto: AtomicI64,
    /// Nanoseconds: -1 blocks for ever, 0 does not block.
    timeout: AtomicI64,
}

/// A timeout argument in nanoseconds, -1 for None.
pub fn timeout_arg(cx: &mut Cx, v: Obj) -> Result<i64> {
    if v.is_none() {
        return Ok(-1);
    }
    match timeout::nanoseconds(cx, v, SECOND)? {
        None => {
            Err(cx.type_error(format!("'{}' object cannot be interpreted as an integer or float", cx.type_name(v))))
        }
        Some(n) if n < 0 => Err(cx.value_error("Timeout value out of range")),
        Some(n) => Ok(n),
    }
}

/// A timeout as Python sees it.
pub fn timeout_obj(cx: &Cx, ns: i64) -> Result<Obj> {
    if ns < 0 { Ok(Obj::NONE) } else { float::new(cx, ns as f64 / 1e9) }
}

impl Socket {
    fn get(field: &AtomicI64) -> i32 {
        field.load(Ordering::Relaxed) as i32
    }
    /// The descriptor; -1 makes the system say that it is bad.
    pub fn raw(&self) -> i32 {
        Socket::get(&self.fd)
    }
    /// The address family.
    pub fn family_number(&self) -> i32 {
        Socket::get(&self.family)
    }
    fn ns(&self) -> i64 {
        self.timeout.load(Ordering::Relaxed)
    }
    fn fill(&self, cx: &mut Cx, fd: i32, family: i32, kind: i32, proto: i32) -> Result<()> {
        self.family.store(i64::from(family), Ordering::Relaxed);
        let plain = kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC);
        self.kind.store(i64::from(plain), Ordering::Relaxed);
        self.proto.store(i64::from(proto), Ordering::Relaxed);
        let default = DEFAULT_TIMEOUT.load(Ordering::Relaxed);
        let ns = if kind & libc::SOCK_NONBLOCK != 0 { 0 } else { default };
        self.timeout.store(ns, Ordering::Relaxed);
        self.fd.store(i64::from(fd), Ordering::Relaxed);
        if ns >= 0 && kind & libc::SOCK_NONBLOCK == 0 {
            call::set_blocking(fd, false).map_err(|e| os_error(cx, e))?;
        }
        Ok(())
    }
    /// When calls that start now give up.
    pub fn deadline(&self) -> Deadline {
        Deadline::after(Some(self.ns()).filter(|n| *n > 0))
    }
    /// Wait until the socket is ready; raises TimeoutError.
    fn await_ready(&self, cx: &mut Cx, events: i16, deadline: Deadline) -> Result<()> {
        let fd = self.raw();
        if fd < 0 {
            return Ok(());
        }
        let mut one = [libc::pollfd { fd, events, revents: 0 }];
        match timeout::wait(cx, deadline, |d| poll::poll(&mut one, d.left_ms()))? {
            None | Some(Ok(0)) => Err(cx.error(ExcKind::TimeoutError, "timed out")),
            // The call itself will report errors.
            Some(_) => Ok(()),
        }
    }
    /// Make a call on the socket, minding its timeout.
    pub fn attempt<T>(
        &self,
        cx: &mut Cx,
        events: i16,
        deadline: Deadline,
        mut f: impl FnMut(i32) -> Sys<T>,
    ) -> Result<Sys<T>> {
        let timed = self.ns() > 0;
        before_blocking(cx)?;
        loop {
            if timed {
                self.await_ready(cx, events, deadline)?;
            }
            let fd = self.raw();
            match cx.blocked(|| f(fd)) {
                Err(libc::EINTR) => check_signals(cx)?,
                Err(libc::EAGAIN) if timed => {}
                r => return Ok(r),
            }
        }
    }
    /// Receive with the socket's timeout.
    pub fn reading<T>(&self, cx: &mut Cx, f: impl FnMut(i32) -> Sys<T>) -> Result<T> {
        self.attempt(cx, libc::POLLIN, self.deadline(), f)?.map_err(|e| os_error(cx, e))
    }
    /// Send with the socket's timeout.
    pub fn writing<T>(&self, cx: &mut Cx, f: impl FnMut(i32) -> Sys<T>) -> Result<T> {
        self.attempt(cx, libc::POLLOUT, self.deadline(), f)?.map_err(|e| os_error(cx, e))
    }
    /// Connect; gives the `errno`, 0 for success.
    fn connect_to(&self, cx: &mut Cx, a: &RawAddr) -> Result<i32> {
        let fd = self.raw();
        before_blocking(cx)?;
        match cx.blocked(|| call::connect(fd, a)) {
            Ok(()) => return Ok(0),
            // Interrupted, it goes on in the background.
            Err(libc::EINTR) => check_signals(cx)?,
            Err(libc::EINPROGRESS) if self.ns() > 0 => {}
            Err(e) => return Ok(e),
        }
        if self.ns() == 0 {
            return Ok(libc::EINPROGRESS);
        }
        match self.await_ready(cx, libc::POLLOUT, self.deadline()) {
            Err(e) if e.is(cx, ExcKind::TimeoutError) => return Ok(TIMED_OUT),
            r => r?,
        }
        Ok(call::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR).unwrap_or_else(|e| e))
    }
    fn size_arg(cx: &Cx, n: isize, what: &str) -> Result<usize> {
        usize::try_from(n).map_err(|_| cx.value_error(format!("negative buffersize in {what}")))
    }
    fn room(cx: &mut Cx, buffer: Obj, nbytes: isize, what: &str) -> Result<usize> {
        let Ok(len) = buffer::writable_len(cx, buffer) else {
            return Err(cx.type_error(format!(
                "{what}() argument 1 must be read-write bytes-like object, not {}",
                cx.type_name(buffer)
            )));
        };
        let n = Socket::size_arg(cx, nbytes, what)?;
        if n > len {
            let which = if what == "recv_into" {
                "buffer too small for requested bytes"
            } else {
                "nbytes is greater than the length of the buffer"
            };
            return Err(cx.value_error(which));
        }
        Ok(if n == 0 { len } else { n })
    }
    fn close_fd(&self, cx: &mut Cx) -> Result<()> {
        let fd = self.fd.swap(-1, Ordering::Relaxed);
        if fd < 0 {
            return Ok(());
        }
        match cx.blocked(|| sys::close(fd as i32)) {
            Ok(()) | Err(libc::ECONNRESET | libc::EINTR) => Ok(()),
            Err(e) => Err(os_error(cx, e)),
        }
    }
}

/// Stands for a timeout among `errno`s.
const TIMED_OUT: i32 = -1;

/// socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object
/// socket(family=-1, type=-1, proto=-1, fileno=None) -> socket object
///
/// Open a socket of the given type.
#[class(module = "_socket", name = "socket", subclassable)]
impl Socket {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Socket> {
        let _ = (cx, cls, args);
        let f = || AtomicI64::new(-1);
        Ok(Socket { fd: f(), family: f(), kind: f(), proto: f(), timeout: f() })
    }
    #[sig(family = -1, r#type = -1, proto = -1, fileno = None)]
    fn __init__(&self, cx: &mut Cx, family: i32, r#type: i32, proto: i32, fileno: Obj) -> Result<()> {
        if fileno.is_none() {
            let family = if family == -1 { libc::AF_INET } else { family };
            let kind = if r#type == -1 { libc::SOCK_STREAM } else { r#type };
            let proto = if proto == -1 { 0 } else { proto };
            let fd = cx.blocked(|| call::socket(family, kind, proto)).map_err(|e| os_error(cx, e))?;
            return self.fill(cx, fd, family, kind, proto);
        }
        if !int::is_int(fileno) {
            return Err(cx.type_error(format!("'{}' object cannot be interpreted as an integer", cx.type_name(fileno))));
        }
        let fd = i32::from_arg(cx, fileno)?;
        if fd < 0 {
            return Err(cx.value_error("negative file descriptor"));
        }
        let name = call::getsockname(fd);
        let family = match (family, name) {
            (-1, Ok(a)) => a.family(),
            (-1, Err(e)) | (_, Err(e @ (libc::EBADF | libc::ENOTSOCK))) => return Err(os_error(cx, e)),
            (f, _) => f,
        };
        let option = |given: i32, name: i32| match given {
            -1 => call::getsockopt_int(fd, libc::SOL_SOCKET, name),
            n => Ok(n),
        };
        let kind = option(r#type, libc::SO_TYPE).map_err(|e| os_error(cx, e))?;
        let proto = option(proto, libc::SO_PROTOCOL).map_err(|e| os_error(cx, e))?;
        self.fill(cx, fd, family, kind, proto)
    }
    fn __del__(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        if this.raw() < 0 {
            return Ok(());
        }
        let text = ops::repr(cx, this.obj())?.to_str().into_owned();
        if let Err(e) = warn(cx, &format!("unclosed {text}"), ExcKind::ResourceWarning, 1) {
            unraisable(cx, e, "Exception ignored while finalizing socket", this.obj());
        }
        this.close_fd(cx)
    }
    fn __repr__(&self) -> String {
        format!(
            "<socket object, fd={}, family={}, type={}, proto={}>",
            self.raw(),
            self.family_number(),
            Socket::get(&self.kind),
            Socket::get(&self.proto)
        )
    }
    /// the socket family
    #[getter]
    fn family(&self) -> i32 {
        self.family_number()
    }
    /// the socket type
    #[getter]
    fn r#type(&self) -> i32 {
        Socket::get(&self.kind)
    }
    /// the socket protocol
    #[getter]
    fn proto(&self) -> i32 {
        Socket::get(&self.proto)
    }
    /// the socket timeout
    #[getter]
    fn timeout(&self, cx: &Cx) -> Result<Obj> {
        timeout_obj(cx, self.ns())
    }
    /// Wait for an incoming connection.
    fn _accept(&self, cx: &mut Cx) -> Result<Obj> {
        let (fd, a) = self.reading(cx, call::accept)?;
        let a = addr::to_obj(cx, &a)?;
        (fd, a).into_obj(cx)
    }
    /// Bind the socket to a local address.
    fn bind(&self, cx: &mut Cx, address: Obj) -> Result<()> {
        let a = addr::from_obj(cx, self.family_number(), address, "bind()")?;
        let fd = self.raw();
        cx.blocked(|| call::bind(fd, &a)).map_err(|e| os_error(cx, e))
    }
    /// Close the socket.  It cannot be used after this call.
    fn close(&self, cx: &mut Cx) -> Result<()> {
        self.close_fd(cx)
    }
    /// Connect the socket to a remote address.
    fn connect(&self, cx: &mut Cx, address: Obj) -> Result<()> {
        let a = addr::from_obj(cx, self.family_number(), address, "connect()")?;
        match self.connect_to(cx, &a)? {
            0 => Ok(()),
            TIMED_OUT => Err(cx.error(ExcKind::TimeoutError, "timed out")),
            e => Err(os_error(cx, e)),
        }
    }
    /// This is like connect(address), but returns an error code instead of raising an exception.
    fn connect_ex(&self, cx: &mut Cx, address: Obj) -> Result<i32> {
        let a = addr::from_obj(cx, self.family_number(), address, "connect_ex()")?;
        Ok(match self.connect_to(cx, &a)? {
            TIMED_OUT => libc::EWOULDBLOCK,
            e => e,
        })
    }
    /// Close the socket object without closing the underlying file descriptor.
    fn detach(&self) -> i32 {
        self.fd.swap(-1, Ordering::Relaxed) as i32
    }
    /// Return the integer file descriptor of the socket.
    fn fileno(&self) -> i32 {
        self.raw()
    }
    /// Return the address of the remote endpoint.
    fn getpeername(&self, cx: &mut Cx) -> Result<Obj> {
        let a = call::getpeername(self.raw()).map_err(|e| os_error(cx, e))?;
        addr::to_obj(cx, &a)
    }
    /// Return the address of the local endpoint.
    fn getsockname(&self, cx: &mut Cx) -> Result<Obj> {
        let a = call::getsockname(self.raw()).map_err(|e| os_error(cx, e))?;
        addr::to_obj(cx, &a)
    }
    /// Get a socket option.
    #[sig(level, option, buffersize = 0, /)]
    fn getsockopt(&self, cx: &mut Cx, level: i32, option: i32, buffersize: i32) -> Result<Obj> {
        if buffersize == 0 {
            let n = call::getsockopt_int(self.raw(), level, option).map_err(|e| os_error(cx, e))?;
            return n.into_obj(cx);
        }
        if !(1..=1024).contains(&buffersize) {
            return Err(cx.error(ExcKind::OSError, "getsockopt buflen out of range"));
        }
        let v = call::getsockopt(self.raw(), level, option, buffersize as usize).map_err(|e| os_error(cx, e))?;
        bytes_obj(cx, &v)
    }
    /// Set a socket option.
    fn setsockopt(&self, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let a = args.all();
        if !(3..=4).contains(&a.len()) {
            let n = a.len();
            return Err(cx.type_error(format!("setsockopt() takes exactly 3 arguments ({n} given)")));
        }
        let (level, option) = (i32::from_arg(cx, a[0])?, i32::from_arg(cx, a[1])?);
        let fd = self.raw();
        let r = if a.len() == 4 {
            if !a[2].is_none() {
                return Err(cx.type_error(format!("setsockopt() argument 3 must be None, not {}", cx.type_name(a[2]))));
            }
            let n = u32::from_arg(cx, a[3])?;
            call::setsockopt(fd, level, option, Err(n))
        } else if int::is_int(a[2]) {
            let n = i32::from_arg(cx, a[2])?;
            call::setsockopt(fd, level, option, Ok(&n.to_ne_bytes()))
        } else {
            let b = Buf::from_arg(cx, a[2])?.to_vec(cx)?;
            call::setsockopt(fd, level, option, Ok(&b))
        };
        r.map_err(|e| os_error(cx, e))
    }
    /// Enable a server to accept connections.
    #[sig(backlog = <missing>, /)]
    fn listen(&self, cx: &mut Cx, backlog: Missing<i32>) -> Result<()> {
        let n = backlog.given().unwrap_or(libc::SOMAXCONN.min(128)).max(0);
        call::listen(self.raw(), n).map_err(|e| os_error(cx, e))
    }
    /// Receive up to buffersize bytes from the socket.
    #[sig(buffersize, flags = 0, /)]
    fn recv(&self, cx: &mut Cx, buffersize: isize, flags: i32) -> Result<Obj> {
        let n = Socket::size_arg(cx, buffersize, "recv")?;
        let mut buf = message::space(cx, n)?;
        let got = self.reading(cx, |fd| call::recv(fd, &mut buf, flags))?;
        bytes_obj(cx, &buf[..got])
    }
    /// A version of recv() that stores its data into a buffer.
    #[sig(buffer, nbytes = 0, flags = 0)]
    fn recv_into(&self, cx: &mut Cx, buffer: Obj, nbytes: isize, flags: i32) -> Result<usize> {
        let n = Socket::room(cx, buffer, nbytes, "recv_into")?;
        let mut buf = message::space(cx, n)?;
        let got = self.reading(cx, |fd| call::recv(fd, &mut buf, flags))?;
        buffer::write_into(cx, buffer, &buf[..got])?;
        Ok(got)
    }
    /// Like recv(buffersize, flags) but also return the sender's address info.
    #[sig(buffersize, flags = 0, /)]
    fn recvfrom(&self, cx: &mut Cx, buffersize: isize, flags: i32) -> Result<Obj> {
        let n = Socket::size_arg(cx, buffersize, "recvfrom")?;
        let mut buf = message::space(cx, n)?;
        let (got, a) = self.reading(cx, |fd| call::recvfrom(fd, &mut buf, flags))?;
        let b = bytes_obj(cx, &buf[..got])?;
        let a = addr::to_obj(cx, &a)?;
        tuple_obj(cx, &[b, a])
    }
    /// Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    #[sig(buffer, nbytes = 0, flags = 0)]
    fn recvfrom_into(&self, cx: &mut Cx, buffer: Obj, nbytes: isize, flags: i32) -> Result<Obj> {
        let n = Socket::room(cx, buffer, nbytes, "recvfrom_into")?;
        let mut buf = message::space(cx, n)?;
        let (got, a) = self.reading(cx, |fd| call::recvfrom(fd, &mut buf, flags))?;
        buffer::write_into(cx, buffer, &buf[..got])?;
        let a = addr::to_obj(cx, &a)?;
        (got, a).into_obj(cx)
    }
    /// Receive normal data (up to bufsize bytes) and ancillary data from the socket.
    #[sig(bufsize, ancbufsize = 0, flags = 0, /)]
    fn recvmsg(&self, cx: &mut Cx, bufsize: isize, ancbufsize: isize, flags: i32) -> Result<Obj> {
        let n = usize::try_from(bufsize).map_err(|_| cx.value_error("negative buffer size in recvmsg()"))?;
        let mut bufs = [message::space(cx, n)?];
        let r = message::receive(cx, self, &mut bufs, ancbufsize, flags)?;
        let data = bytes_obj(cx, &bufs[0][..r.len])?;
        tuple_obj(cx, &[data, r.ancillary, Obj::int_unchecked(i64::from(r.flags)), r.from])
    }
    /// Receive normal data and ancillary data from the socket, scattering the
    /// former into a series of buffers.
    #[sig(buffers, ancbufsize = 0, flags = 0, /)]
    fn recvmsg_into(&self, cx: &mut Cx, buffers: Obj, ancbufsize: isize, flags: i32) -> Result<Obj> {
        message::receive_into(cx, self, buffers, ancbufsize, flags)
    }
    /// Send a data string to the socket.
    #[sig(data, flags = 0, /)]
    fn send(&self, cx: &mut Cx, data: Buf, flags: i32) -> Result<usize> {
        let b = data.to_vec(cx)?;
        self.writing(cx, |fd| call::send(fd, &b, flags))
    }
    /// Send a data string to the socket.
    #[sig(data, flags = 0, /)]
    fn sendall(&self, cx: &mut Cx, data: Buf, flags: i32) -> Result<()> {
        let b = data.to_vec(cx)?;
        // The timeout is for all of it.
        let deadline = self.deadline();
        let mut done = 0;
        loop {
            let rest = &b[done..];
            match self.attempt(cx, libc::POLLOUT, deadline, |fd| call::send(fd, rest, flags))? {
                Ok(n) => done += n,
                Err(e) => return Err(os_error(cx, e)),
            }
            if done >= b.len() {
                return Ok(());
            }
            check_signals(cx)?;
        }
    }
    /// sendto(data[, flags], address) -> count
    fn sendto(&self, cx: &mut Cx, args: Args<'_>) -> Result<usize> {
        let (data, flags, address) = match *args.all() {
            [d, a] => (d, 0, a),
            [d, f, a] => (d, i32::from_arg(cx, f)?, a),
            ref a => {
                return Err(cx.type_error(format!("sendto() takes 2 or 3 arguments ({} given)", a.len())));
            }
        };
        let b = Buf::from_arg(cx, data)?.to_vec(cx)?;
        let a = addr::from_obj(cx, self.family_number(), address, "sendto()")?;
        self.writing(cx, |fd| call::sendto(fd, &b, flags, &a))
    }
    /// Send normal and ancillary data to the socket.
    #[sig(buffers, ancdata = <missing>, flags = 0, address = None, /)]
    fn sendmsg(&self, cx: &mut Cx, buffers: Obj, ancdata: Missing<Obj>, flags: i32, address: Obj) -> Result<usize> {
        message::send(cx, self, buffers, ancdata.given(), flags, address)
    }
    /// Set the socket to blocking (flag is true) or non-blocking (false).
    fn setblocking(&self, cx: &mut Cx, flag: bool) -> Result<()> {
        self.timeout.store(if flag { -1 } else { 0 }, Ordering::Relaxed);
        call::set_blocking(self.raw(), flag).map_err(|e| os_error(cx, e))
    }
    /// Returns True if socket is in blocking mode, or False if it is in non-blocking mode.
    fn getblocking(&self) -> bool {
        self.ns() != 0
    }
    /// Set a timeout on socket operations.
    fn settimeout(&self, cx: &mut Cx, timeout: Obj) -> Result<()> {
        let ns = timeout_arg(cx, timeout)?;
        self.timeout.store(ns, Ordering::Relaxed);
        call::set_blocking(self.raw(), ns < 0).map_err(|e| os_error(cx, e))
    }
    /// Returns the timeout in seconds (float) associated with socket operations.
    fn gettimeout(&self, cx: &Cx) -> Result<Obj> {
        timeout_obj(cx, self.ns())
    }
    /// Shut down the reading side of the socket, the writing side, or both ends.
    fn shutdown(&self, cx: &mut Cx, flag: i32) -> Result<()> {
        let fd = self.raw();
        cx.blocked(|| call::shutdown(fd, flag)).map_err(|e| os_error(cx, e))
    }
}
