//! `sendmsg` and `recvmsg`: several buffers, and ancillary data.
//!
//! Ancillary items lie in one buffer: a header of 16 bytes (length, level,
//! kind), the data, padding to 8.
//! Tests: tests/lang/sockets.md; CPython test_socket.

use super::addr;
use super::object::Socket;
use crate::buffer::{self, Buf};
use crate::sys::socket as call;
use crate::util::{bytes_obj, tuple_obj};
use typhon_object::list;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::Obj;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Result, ops};

const HEADER: usize = 16;

/// Room of `n` bytes, or MemoryError.
pub fn space(cx: &Cx, n: usize) -> Result<Vec<u8>> {
    let mut v = Vec::new();
    if v.try_reserve_exact(n).is_err() {
        return Err(cx.error(ExcKind::MemoryError, ""));
    }
    v.resize(n, 0);
    Ok(v)
}

/// `CMSG_LEN`, if it fits.
pub fn cmsg_len(n: usize) -> Option<usize> {
    n.checked_add(HEADER).filter(|n| *n <= i32::MAX as usize)
}
/// `CMSG_SPACE`, if it fits.
pub fn cmsg_space(n: usize) -> Option<usize> {
    // With room for the padding, whatever its size is.
    cmsg_len(n)?.checked_add(8).filter(|n| *n <= i32::MAX as usize).map(|n| (n - 8).next_multiple_of(8))
}

/// What came.
pub struct Message {
    /// Bytes in the buffers.
    pub len: usize,
    /// A list of `(level, kind, data)`.
    pub ancillary: Obj,
    /// Flags about the message.
    pub flags: i32,
    /// The sender.
    pub from: Obj,
}

fn items(cx: &mut Cx, mut control: &[u8]) -> Result<Obj> {
    let out = list::new(cx, &[])?;
    while control.len() >= HEADER {
        let word = |at: usize| i32::from_ne_bytes([control[at], control[at + 1], control[at + 2], control[at + 3]]);
        let len = usize::from_ne_bytes(control[..8].try_into().unwrap_or([0; 8]));
        if len < HEADER {
            break;
        }
        // A truncated item gives what there is of it.
        let data = bytes_obj(cx, &control[HEADER..len.min(control.len())])?;
        let t = (word(8), word(12), data).into_obj(cx)?;
        out.append(cx, t)?;
        control = control.get(len.next_multiple_of(8)..).unwrap_or(&[]);
    }
    Ok(out.obj())
}

/// Receive into buffers of our own.
pub fn receive(cx: &mut Cx, s: &Socket, bufs: &mut [Vec<u8>], room: isize, flags: i32) -> Result<Message> {
    let room = match usize::try_from(room) {
        Ok(n) if n <= i32::MAX as usize => n,
        _ => return Err(cx.value_error("invalid ancillary data buffer length")),
    };
    let mut control = space(cx, room)?;
    let r = s.reading(cx, |fd| call::recvmsg(fd, bufs, &mut control, flags))?;
    let ancillary = items(cx, &control[..r.control_len.min(room)])?;
    let from = addr::to_obj(cx, &r.from)?;
    Ok(Message { len: r.len, ancillary, flags: r.flags, from })
}

/// `recvmsg_into`.
pub fn receive_into(cx: &mut Cx, s: &Socket, buffers: Obj, room: isize, flags: i32) -> Result<Obj> {
    let targets = match ops::list_from_iter(cx, buffers) {
        Err(e) if e.is(cx, ExcKind::TypeError) => {
            return Err(cx.type_error("recvmsg_into() argument 1 must be an iterable"));
        }
        r => r?,
    };
    let mut bufs = Vec::new();
    let mut i = 0;
    while let Some(t) = targets.get(i) {
        let Ok(n) = buffer::writable_len(cx, t) else {
            return Err(
                cx.type_error("recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers")
            );
        };
        bufs.push(space(cx, n)?);
        i += 1;
    }
    let m = receive(cx, s, &mut bufs, room, flags)?;
    let mut left = m.len;
    for (i, b) in bufs.iter().enumerate() {
        let n = b.len().min(left);
        if let Some(t) = targets.get(i).filter(|_| n > 0) {
            buffer::write_into(cx, t, &b[..n])?;
        }
        left -= n;
    }
    let n = m.len.into_obj(cx)?;
    tuple_obj(cx, &[n, m.ancillary, Obj::int_unchecked(i64::from(m.flags)), m.from])
}

/// `sendmsg`.
pub fn send(cx: &mut Cx, s: &Socket, buffers: Obj, ancillary: Option<Obj>, flags: i32, to: Obj) -> Result<usize> {
    let source = match ops::list_from_iter(cx, buffers) {
        Err(e) if e.is(cx, ExcKind::TypeError) => {
            return Err(cx.type_error("sendmsg() argument 1 must be an iterable"));
        }
        r => r?,
    };
    let mut bufs = Vec::new();
    let mut i = 0;
    while let Some(b) = source.get(i) {
        bufs.push(Buf::from_arg(cx, b)?.to_vec(cx)?);
        i += 1;
    }
    let mut control = Vec::new();
    if let Some(a) = ancillary {
        let list = match ops::list_from_iter(cx, a) {
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                return Err(cx.type_error("sendmsg() argument 2 must be an iterable"));
            }
            r => r?,
        };
        let mut i = 0;
        while let Some(item) = list.get(i) {
            let Some(t) = item.cast::<Tuple>() else {
                return Err(cx.type_error("[sendmsg() ancillary data items]() argument must be sequence"));
            };
            let &[level, kind, data] = t.payload().items() else {
                return Err(cx.type_error(format!(
                    "[sendmsg() ancillary data items]() argument must be tuple of length 3, not {}",
                    t.len()
                )));
            };
            let (level, kind) = (i32::from_arg(cx, level)?, i32::from_arg(cx, kind)?);
            let data = Buf::from_arg(cx, data)?.to_vec(cx)?;
            let Some(len) = cmsg_len(data.len()) else {
                return Err(cx.error(ExcKind::OSError, "ancillary data item too large"));
            };
            control.extend(len.to_ne_bytes());
            control.extend(level.to_ne_bytes());
            control.extend(kind.to_ne_bytes());
            control.extend(&data);
            control.resize(control.len().next_multiple_of(8), 0);
            i += 1;
        }
    }
    let to = match to {
        Obj::NONE => None,
        a => Some(addr::from_obj(cx, s.family_number(), a, "sendmsg()")?),
    };
    s.writing(cx, |fd| call::sendmsg(fd, &bufs, &control, flags, to.as_ref()))
}
