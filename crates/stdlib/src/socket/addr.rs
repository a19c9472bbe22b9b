//! Socket addresses: Python's tuples, strings and bytes, and the system's.
//!
//! Tests: tests/lang/sockets.md; CPython test_socket.

use crate::buffer;
use crate::sys::socket::{self as call, RawAddr};
use crate::util::{bytes_obj, fs_decode, fs_encode, tuple_obj};
use std::ffi::CString;
use typhon_object::bytes::Bytes;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::Obj;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Raised, Result, ops};

/// Room for a path in `sockaddr_un`.
const PATH_MAX: usize = 108;

/// An IPv4 address with its port.
fn v4(host: [u8; 4], port: u16) -> RawAddr {
    let mut b = [0u8; 16];
    b[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    b[2..4].copy_from_slice(&port.to_be_bytes());
    b[4..8].copy_from_slice(&host);
    RawAddr::new(&b)
}

/// An IPv6 address with all that belongs to it.
fn v6(host: [u8; 16], port: u16, flow: u32, scope: u32) -> RawAddr {
    let mut b = [0u8; 28];
    b[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
    b[2..4].copy_from_slice(&port.to_be_bytes());
    b[4..8].copy_from_slice(&flow.to_be_bytes());
    b[8..24].copy_from_slice(&host);
    b[24..28].copy_from_slice(&scope.to_ne_bytes());
    RawAddr::new(&b)
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |b| u32::from_ne_bytes([b[0], b[1], b[2], b[3]]))
}
fn port_of(b: &[u8]) -> u16 {
    b.get(2..4).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]))
}

/// The numeric text of an address's host, without asking anybody.
pub fn host_text(a: &RawAddr) -> String {
    let b = a.bytes();
    match a.family() {
        libc::AF_INET if b.len() >= 8 => call::ntop(libc::AF_INET, &b[4..8]).unwrap_or_default(),
        libc::AF_INET6 if b.len() >= 24 => call::ntop(libc::AF_INET6, &b[8..24]).unwrap_or_default(),
        _ => String::new(),
    }
}

/// What Python sees of an address.
pub fn to_obj(cx: &mut Cx, a: &RawAddr) -> Result<Obj> {
    let b = a.bytes();
    if b.is_empty() {
        return Ok(Obj::NONE);
    }
    match a.family() {
        libc::AF_INET => (host_text(a), port_of(b)).into_obj(cx),
        libc::AF_INET6 => {
            let flow = b.get(4..8).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
            let mut host = host_text(a);
            let scope = u32_at(b, 24);
            // Link-local addresses are shown with their interface, as getnameinfo does.
            if scope != 0 && b.len() >= 10 && b[8] == 0xfe && b[9] & 0xc0 == 0x80 {
                let name = call::if_indextoname(scope).map(|n| String::from_utf8_lossy(&n).into_owned());
                host.push('%');
                host.push_str(&name.unwrap_or_else(|_| scope.to_string()));
            }
            let items = [host.into_obj(cx)?, port_of(b).into_obj(cx)?, flow.into_obj(cx)?, scope.into_obj(cx)?];
            tuple_obj(cx, &items)
        }
        libc::AF_UNIX => {
            let path = b.get(2..).unwrap_or(&[]);
            if path.first() == Some(&0) {
                // An abstract name is all of the rest.
                return bytes_obj(cx, path);
            }
            let n = path.iter().position(|c| *c == 0).unwrap_or(path.len());
            fs_decode(cx, &path[..n])
        }
        libc::AF_NETLINK => (u32_at(b, 4), u32_at(b, 8)).into_obj(cx),
        libc::AF_VSOCK => (u32_at(b, 8), u32_at(b, 4)).into_obj(cx),
        libc::AF_PACKET => {
            let ifindex = u32_at(b, 4);
            let name = call::if_indextoname(ifindex).unwrap_or_default();
            let n = b.get(11).map_or(0, |n| usize::from(*n)).min(b.len().saturating_sub(12));
            let items = [
                fs_decode(cx, &name)?,
                port_of(b).into_obj(cx)?,
                b.get(10).copied().unwrap_or(0).into_obj(cx)?,
                b.get(8..10).map_or(0, |b| u16::from_ne_bytes([b[0], b[1]])).into_obj(cx)?,
                bytes_obj(cx, &b[12.min(b.len())..12.min(b.len()) + n])?,
            ];
            tuple_obj(cx, &items)
        }
        f => {
            let raw = bytes_obj(cx, b.get(2..).unwrap_or(&[]))?;
            (f, raw).into_obj(cx)
        }
    }
}

/// A host name as bytes: text in its IDNA form.
pub fn host_arg(cx: &mut Cx, o: Obj) -> Result<CString> {
    let raw = if let Some(s) = o.cast::<Str>() {
        match s.as_ascii() {
            Some(a) => a.as_bytes().to_vec(),
            None => crate::codecs::encode_text(cx, s, "idna", "strict")?,
        }
    } else if o.cast::<Bytes>().is_some() || typhon_builtins::buffer::is_bytearray(o) {
        buffer::copy(cx, o)?
    } else {
        return Err(cx.type_error(format!("str, bytes or bytearray expected, not {}", cx.type_name(o))));
    };
    CString::new(raw).map_err(|_| cx.type_error("host name must not contain null character"))
}

/// The address of a host in one family (0 for any), asking the resolver if need
/// be.
pub fn resolve(cx: &mut Cx, host: &CString, family: i32) -> Result<RawAddr> {
    let text = host.as_bytes();
    if text.is_empty() {
        return match family {
            libc::AF_INET6 => Ok(v6([0; 16], 0, 0, 0)),
            _ => Ok(v4([0; 4], 0)),
        };
    }
    if text == b"255.255.255.255" || text == b"<broadcast>" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            return Err(cx.error(ExcKind::OSError, "address family mismatched"));
        }
        return Ok(v4([255; 4], 0));
    }
    if family != libc::AF_INET6
        && let Ok(Some(b)) = call::pton(libc::AF_INET, host)
    {
        return Ok(v4([b[0], b[1], b[2], b[3]], 0));
    }
    if family != libc::AF_INET
        && let Ok(Some(b)) = call::pton(libc::AF_INET6, host)
    {
        return Ok(v6(b.try_into().unwrap_or([0; 16]), 0, 0, 0));
    }
    let found = cx.blocked(|| call::getaddrinfo(Some(host), None, [family, 0, 0, 0]));
    match found {
        Ok(v) => match v.first() {
            Some(i) => Ok(i.addr),
            None => Err(super::names::gai_error(cx, (libc::EAI_NONAME, 0))),
        },
        Err(e) => Err(super::names::gai_error(cx, e)),
    }
}

/// Checked port number.
fn port_arg(cx: &mut Cx, o: Obj, what: &str) -> Result<u16> {
    let msg = format!("{what}: port must be 0-65535.");
    let n = ops::index_i64(cx, o, &msg)?;
    u16::try_from(n).map_err(|_| cx.error(ExcKind::OverflowError, msg))
}

fn flow_arg(cx: &mut Cx, o: Obj, what: &str) -> Result<u32> {
    let msg = format!("{what}: flowinfo must be 0-1048575.");
    let n = ops::index_i64(cx, o, &msg)?;
    match u32::try_from(n) {
        Ok(n) if n <= 0xfffff => Ok(n),
        _ => Err(cx.error(ExcKind::OverflowError, msg)),
    }
}

#[cold]
fn not_tuple(cx: &Cx, family: &str, o: Obj, what: &str) -> Raised {
    cx.type_error(format!("{what}: {family} address must be tuple, not {}", cx.type_name(o)))
}

/// An address argument for a socket of this family; `what` names the method.
pub fn from_obj(cx: &mut Cx, family: i32, o: Obj, what: &str) -> Result<RawAddr> {
    match family {
        libc::AF_INET => {
            let Some(t) = o.cast::<Tuple>() else { return Err(not_tuple(cx, "AF_INET", o, what)) };
            let &[host, port] = t.payload().items() else {
                return Err(cx.type_error("AF_INET address must be a pair (host, port)"));
            };
            let host = host_arg(cx, host)?;
            let port = ops::index(cx, port)?;
            let a = resolve(cx, &host, family)?;
            let port = port_arg(cx, port, what)?;
            let b = a.bytes();
            Ok(v4([b[4], b[5], b[6], b[7]], port))
        }
        libc::AF_INET6 => {
            let Some(t) = o.cast::<Tuple>() else { return Err(not_tuple(cx, "AF_INET6", o, what)) };
            let items = t.payload().items();
            if !(2..=4).contains(&items.len()) {
                return Err(cx.type_error("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"));
            }
            let host = host_arg(cx, items[0])?;
            let port = ops::index(cx, items[1])?;
            let a = resolve(cx, &host, family)?;
            let port = port_arg(cx, port, what)?;
            let flow = match items.get(2) {
                Some(o) => flow_arg(cx, *o, what)?,
                None => 0,
            };
            let b = a.bytes();
            let mut scope = u32_at(b, 24);
            if let Some(o) = items.get(3) {
                scope = u32::from_arg(cx, *o)?;
            }
            let mut raw = [0; 16];
            raw.copy_from_slice(&b[8..24]);
            Ok(v6(raw, port, flow, scope))
        }
        libc::AF_UNIX => {
            let path = match o.cast::<Str>() {
                Some(s) => fs_encode(cx, s)?,
                None => {
                    if !buffer::is_buffer(o) {
                        return Err(buffer::not_bytes_like(cx, o));
                    }
                    buffer::copy(cx, o)?
                }
            };
            let mut b = (libc::AF_UNIX as u16).to_ne_bytes().to_vec();
            // An abstract name may fill the room; a path needs its NUL.
            let room = if path.first() == Some(&0) { PATH_MAX } else { PATH_MAX - 1 };
            if path.len() > room {
                return Err(cx.error(ExcKind::OSError, "AF_UNIX path too long"));
            }
            b.extend(&path);
            if !path.is_empty() && path[0] != 0 {
                b.push(0);
            }
            Ok(RawAddr::new(&b))
        }
        libc::AF_NETLINK | libc::AF_VSOCK => {
            let name = if family == libc::AF_NETLINK { "AF_NETLINK" } else { "AF_VSOCK" };
            let Some(t) = o.cast::<Tuple>() else {
                return Err(cx.type_error(format!("{what}: {name} address must be tuple, not {}", cx.type_name(o))));
            };
            let &[x, y] = t.payload().items() else {
                return Err(cx.type_error(format!("{what}: {name} address must be a pair")));
            };
            let (x, y) = (u32::from_arg(cx, x)?, u32::from_arg(cx, y)?);
            let mut b = [0u8; 16];
            b[..2].copy_from_slice(&(family as u16).to_ne_bytes());
            if family == libc::AF_NETLINK {
                b[4..8].copy_from_slice(&x.to_ne_bytes());
                b[8..12].copy_from_slice(&y.to_ne_bytes());
                return Ok(RawAddr::new(&b[..12]));
            }
            b[4..8].copy_from_slice(&y.to_ne_bytes());
            b[8..12].copy_from_slice(&x.to_ne_bytes());
            Ok(RawAddr::new(&b))
        }
        libc::AF_PACKET => packet(cx, o, what),
        _ => Err(cx.error(ExcKind::OSError, format!("{what}: bad family"))),
    }
}

/// `(ifname, proto[, pkttype[, hatype[, addr]]])`.
fn packet(cx: &mut Cx, o: Obj, what: &str) -> Result<RawAddr> {
    let Some(t) = o.cast::<Tuple>() else { return Err(not_tuple(cx, "AF_PACKET", o, what)) };
    let items = t.payload().items();
    if !(2..=5).contains(&items.len()) {
        return Err(cx.type_error(
            "AF_PACKET address must be a tuple of two to five elements (ifname, proto[, pkttype[, hatype[, addr]]])",
        ));
    }
    let name = host_arg(cx, items[0])?;
    let proto = port_arg(cx, items[1], what)?;
    let number = |cx: &mut Cx, i: usize| items.get(i).map_or(Ok(0), |o| i64::from_arg(cx, *o));
    let (kind, hatype) = (number(cx, 2)?, number(cx, 3)?);
    let addr = match items.get(4) {
        Some(o) => buffer::copy(cx, *o)?,
        None => Vec::new(),
    };
    if addr.len() > 8 {
        return Err(cx.value_error("Hardware address must be 8 bytes or less"));
    }
    let index = call::if_nametoindex(&name).map_err(|e| crate::util::os_error(cx, e))?;
    let mut b = [0u8; 20];
    b[..2].copy_from_slice(&(libc::AF_PACKET as u16).to_ne_bytes());
    b[2..4].copy_from_slice(&proto.to_be_bytes());
    b[4..8].copy_from_slice(&index.to_ne_bytes());
    b[8..10].copy_from_slice(&(hatype as u16).to_ne_bytes());
    b[10] = kind as u8;
    b[11] = addr.len() as u8;
    b[12..12 + addr.len()].copy_from_slice(&addr);
    Ok(RawAddr::new(&b))
}
