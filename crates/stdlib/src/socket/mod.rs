//! `_socket`: what `socket` is made of.
//!
//! | file | what |
//! |---|---|
//! | `object.rs` | the `socket` class |
//! | `message.rs` | `sendmsg`, `recvmsg` |
//! | `addr.rs` | addresses |
//! | `names.rs` | the resolver and functions on names |
//! | `consts.rs` | constants |
//!
//! Families with addresses: INET, INET6, UNIX, NETLINK, PACKET, VSOCK; the
//! constants of others are left out, so that programs see what is missing.
//! Tests: tests/lang/sockets.md; CPython test_socket.

mod addr;
mod consts;
mod message;
mod names;
mod object;

use crate::sys::socket as call;
use crate::util::{os_error, set, set_ints};
use object::Socket;
use std::sync::atomic::Ordering;
use typhon_macros::module;
use typhon_object::native::{IntoObj, class_of};
use typhon_object::obj::Obj;
use typhon_object::{Cx, ExcKind, Result, ops};

/// Implementation module for socket operations.
///
/// See the socket module for documentation.
#[module("_socket", classes(Socket))]
pub mod socket {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let names = &names::names::SPEC;
        for m in names.functions {
            let f = ops::native_function(cx, m, "_socket")?;
            set(cx, module, m.name, f)?;
        }
        if let Some(f) = names.exec {
            f(cx, module)?;
        }
        set_ints(cx, module, consts::TABLE)?;
        set(cx, module, "has_ipv6", true)?;
        let c = class_of::<Socket>(cx)?;
        set(cx, module, "SocketType", c)?;
        let e = ExcKind::OSError.class(cx);
        set(cx, module, "error", e)?;
        let t = ExcKind::TimeoutError.class(cx);
        set(cx, module, "timeout", t)
    }
    /// Returns the default timeout in seconds (float) for new socket objects.
    fn getdefaulttimeout(cx: &mut Cx) -> Result<Obj> {
        object::timeout_obj(cx, object::DEFAULT_TIMEOUT.load(Ordering::Relaxed))
    }
    /// Set the default timeout in seconds (float) for new socket objects.
    fn setdefaulttimeout(cx: &mut Cx, timeout: Obj) -> Result<()> {
        let ns = object::timeout_arg(cx, timeout)?;
        object::DEFAULT_TIMEOUT.store(ns, Ordering::Relaxed);
        Ok(())
    }
    /// Create a pair of socket objects from the sockets returned by the platform socketpair() function.
    #[sig(family = 1, r#type = 1, proto = 0, /)]
    fn socketpair(cx: &mut Cx, family: i32, r#type: i32, proto: i32) -> Result<Obj> {
        let (a, b) = call::socketpair(family, r#type, proto).map_err(|e| os_error(cx, e))?;
        let class = class_of::<Socket>(cx)?.obj();
        let mut made = [Obj::NONE; 2];
        for (o, fd) in made.iter_mut().zip([a, b]) {
            let args = [family.into_obj(cx)?, r#type.into_obj(cx)?, proto.into_obj(cx)?, fd.into_obj(cx)?];
            *o = ops::call_args(cx, class, &args)?;
        }
        (made[0], made[1]).into_obj(cx)
    }
    /// Return the total length, without trailing padding, of an ancillary data item.
    #[name("CMSG_LEN")]
    fn cmsg_len(cx: &mut Cx, length: isize) -> Result<usize> {
        let n = usize::try_from(length).ok().and_then(message::cmsg_len);
        n.ok_or_else(|| cx.error(ExcKind::OverflowError, "CMSG_LEN() argument out of range"))
    }
    /// Return the buffer size needed for recvmsg() to receive an ancillary data item.
    #[name("CMSG_SPACE")]
    fn cmsg_space(cx: &mut Cx, length: isize) -> Result<usize> {
        let n = usize::try_from(length).ok().and_then(message::cmsg_space);
        n.ok_or_else(|| cx.error(ExcKind::OverflowError, "CMSG_SPACE() argument out of range"))
    }
}
