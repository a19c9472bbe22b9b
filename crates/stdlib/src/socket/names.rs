//! Names and addresses of hosts, services and interfaces.
//!
//! Tests: tests/lang/sockets.md; CPython test_socket.

use super::addr::{self, host_arg};
use crate::buffer::Buf;
use crate::sys::{self, socket as call};
use crate::util::{bytes_obj, exception_class, fs_decode, os_error, os_error_with, set};
use std::ffi::CString;
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::interp::InterpRoot;
use typhon_object::native::{IntoObj, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, int, list, ops};

static GAIERROR: InterpRoot = InterpRoot::new();
static HERROR: InterpRoot = InterpRoot::new();

fn gaierror(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &GAIERROR, "socket", "gaierror", ExcKind::OSError)
}
fn herror(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &HERROR, "socket", "herror", ExcKind::OSError)
}

#[cold]
fn coded(cx: &mut Cx, class: Result<Gc<Type>>, code: i32, text: String) -> Raised {
    let made = (|| {
        let args = [code.into_obj(cx)?, text.into_obj(cx)?];
        ops::call_args(cx, class?.obj(), &args)
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::OSError, "resolver error")),
        Err(e) => e,
    }
}

/// `gaierror` for an `EAI_*` code, or OSError for the system's.
#[cold]
pub fn gai_error(cx: &mut Cx, (e, errno): (i32, i32)) -> Raised {
    if e == libc::EAI_SYSTEM {
        return os_error(cx, errno);
    }
    let class = gaierror(cx);
    coded(cx, class, e, call::gai_strerror(e))
}

#[cold]
fn host_error(cx: &mut Cx, e: i32) -> Raised {
    let class = herror(cx);
    coded(cx, class, e, call::host_strerror(e))
}

fn c_string(cx: &mut Cx, s: String) -> Result<CString> {
    CString::new(s).map_err(|_| cx.value_error("embedded null character"))
}

/// `(name, aliases, addresses)`.
fn host_obj(cx: &mut Cx, h: &call::Host) -> Result<Obj> {
    let (aliases, addrs) = (list::new(cx, &[])?, list::new(cx, &[])?);
    for a in &h.aliases {
        let a = fs_decode(cx, a)?;
        aliases.append(cx, a)?;
    }
    for a in &h.addrs {
        let a = call::ntop(h.family, a).unwrap_or_default().into_obj(cx)?;
        addrs.append(cx, a)?;
    }
    let name = fs_decode(cx, &h.name)?;
    (name, aliases, addrs).into_obj(cx)
}

/// A number without sign of so many bits, for the byte order functions.
fn unsigned(cx: &mut Cx, v: Obj, bits: u32) -> Result<u32> {
    let v = ops::index(cx, v)?;
    match int::to_i128(v) {
        Some(n) if n < 0 => Err(cx.value_error("Cannot convert negative int")),
        Some(n) if n < 1 << bits => Ok(n as u32),
        None if ops::less(cx, v, Obj::int_unchecked(0))? => Err(cx.value_error("Cannot convert negative int")),
        _ => Err(cx.error(ExcKind::OverflowError, format!("Python int too large for C uint{bits}_t"))),
    }
}

/// Part of `_socket`.
#[module("_socket")]
pub mod names {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let g = gaierror(cx)?;
        set(cx, module, "gaierror", g)?;
        let h = herror(cx)?;
        set(cx, module, "herror", h)
    }
    /// Resolve host and port into addrinfo struct.
    #[sig(host, port, family = 0, type = 0, proto = 0, flags = 0)]
    fn getaddrinfo(cx: &mut Cx, host: Obj, port: Obj, family: i32, r#type: i32, proto: i32, flags: i32) -> Result<Obj> {
        let host = if host.is_none() {
            None
        } else if host.cast::<Str>().is_some() || host.cast::<Bytes>().is_some() {
            Some(host_arg(cx, host)?)
        } else {
            return Err(cx.type_error("getaddrinfo() argument 1 must be string or None"));
        };
        let service = if port.is_none() {
            None
        } else if int::is_int(port) {
            let n = ops::index(cx, port)?;
            let n = ops::repr(cx, n)?.to_str().into_owned();
            Some(c_string(cx, n)?)
        } else if let Some(s) = port.cast::<Str>() {
            let b = crate::codecs::encode_text(cx, s, "utf-8", "strict")?;
            Some(CString::new(b).map_err(|_| cx.value_error("embedded null character"))?)
        } else if let Some(b) = port.cast::<Bytes>() {
            Some(CString::new(b.as_slice()).map_err(|_| cx.value_error("embedded null byte"))?)
        } else {
            return Err(cx.error(ExcKind::OSError, "Int or String expected"));
        };
        let found =
            cx.blocked(|| call::getaddrinfo(host.as_deref(), service.as_deref(), [family, r#type, proto, flags]));
        let found = found.map_err(|e| gai_error(cx, e))?;
        let out = list::new(cx, &[])?;
        for i in &found {
            let items = [
                i.family.into_obj(cx)?,
                i.kind.into_obj(cx)?,
                i.proto.into_obj(cx)?,
                fs_decode(cx, &i.name)?,
                addr::to_obj(cx, &i.addr)?,
            ];
            let t = crate::util::tuple_obj(cx, &items)?;
            out.append(cx, t)?;
        }
        Ok(out.obj())
    }
    /// Get host and port for a sockaddr.
    fn getnameinfo(cx: &mut Cx, sockaddr: Obj, flags: i32) -> Result<Obj> {
        let Some(t) = sockaddr.cast::<Tuple>() else {
            return Err(cx.type_error("getnameinfo() argument 1 must be a tuple"));
        };
        let items = t.payload().items();
        if !(2..=4).contains(&items.len()) {
            return Err(cx.type_error("getnameinfo(): illegal sockaddr argument"));
        }
        let Some(host) = items[0].cast::<Str>() else {
            return Err(cx.type_error("getnameinfo(): illegal sockaddr argument"));
        };
        let host = host.to_str().into_owned();
        let host = c_string(cx, host)?;
        let port = ops::index_i64(cx, items[1], "Python int too large to convert to C int")?;
        if let Some(f) = items.get(2) {
            let flow = ops::index_i64(cx, *f, "Python int too large to convert to C int")?;
            if !(0..=0xfffff).contains(&flow) {
                return Err(cx.error(ExcKind::OverflowError, "getnameinfo(): flowinfo must be 0-1048575."));
            }
        }
        let service = c_string(cx, port.to_string())?;
        let hints = [libc::AF_UNSPEC, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST];
        let found = cx.blocked(|| call::getaddrinfo(Some(&host), Some(&service), hints));
        let found = found.map_err(|e| gai_error(cx, e))?;
        let [one] = &found[..] else {
            return Err(cx.error(ExcKind::OSError, "sockaddr resolved to multiple addresses"));
        };
        let a = match (one.family, items.len()) {
            (libc::AF_INET, 2) => one.addr,
            (libc::AF_INET, _) => {
                return Err(cx.error(ExcKind::OSError, "IPv4 sockaddr must be 2 tuple"));
            }
            (libc::AF_INET6, _) => addr::from_obj(cx, libc::AF_INET6, sockaddr, "getnameinfo()")?,
            _ => one.addr,
        };
        let (host, service) = cx.blocked(|| call::getnameinfo(&a, flags)).map_err(|e| gai_error(cx, e))?;
        let (host, service) = (fs_decode(cx, &host)?, fs_decode(cx, &service)?);
        (host, service).into_obj(cx)
    }
    /// Return the IP address (a string of the form '255.255.255.255') for a host.
    fn gethostbyname(cx: &mut Cx, host: Obj) -> Result<String> {
        let host = host_arg(cx, host)?;
        Ok(addr::host_text(&addr::resolve(cx, &host, libc::AF_INET)?))
    }
    /// Return the true host name, a list of aliases, and a list of IP addresses, for a host.
    fn gethostbyname_ex(cx: &mut Cx, host: Obj) -> Result<Obj> {
        let host = host_arg(cx, host)?;
        addr::resolve(cx, &host, libc::AF_INET)?;
        match cx.blocked(|| call::gethostbyname(&host)) {
            Ok(h) => host_obj(cx, &h),
            Err(e) => Err(host_error(cx, e)),
        }
    }
    /// Return the true host name, a list of aliases, and a list of IP addresses, for a host.
    fn gethostbyaddr(cx: &mut Cx, host: Obj) -> Result<Obj> {
        let host = host_arg(cx, host)?;
        let a = addr::resolve(cx, &host, libc::AF_UNSPEC)?;
        let b = a.bytes();
        let raw = match a.family() {
            libc::AF_INET => &b[4..8],
            libc::AF_INET6 => &b[8..24],
            _ => return Err(cx.error(ExcKind::OSError, "unsupported address family")),
        };
        match cx.blocked(|| call::gethostbyaddr(a.family(), raw)) {
            Ok(h) => host_obj(cx, &h),
            Err(e) => Err(host_error(cx, e)),
        }
    }
    /// Return the current host name.
    fn gethostname(cx: &mut Cx) -> Result<Obj> {
        let n = call::gethostname().map_err(|e| os_error(cx, e))?;
        fs_decode(cx, &n)
    }
    /// Sets the hostname to name.
    fn sethostname(cx: &mut Cx, name: Obj) -> Result<()> {
        let n = match name.cast::<Str>() {
            Some(s) => crate::util::fs_encode(cx, s)?,
            None => crate::buffer::copy(cx, name)?,
        };
        call::sethostname(&n).map_err(|e| os_error(cx, e))
    }
    /// Return a port number from a service name and protocol name.
    #[sig(servicename, protocolname = <missing>, /)]
    fn getservbyname(cx: &mut Cx, servicename: String, protocolname: Missing<String>) -> Result<u16> {
        let name = c_string(cx, servicename)?;
        let proto = match protocolname.given() {
            Some(p) => Some(c_string(cx, p)?),
            None => None,
        };
        cx.blocked(|| call::getservbyname(&name, proto.as_deref()))
            .ok_or_else(|| cx.error(ExcKind::OSError, "service/proto not found"))
    }
    /// Return the service name from a port number and protocol name.
    #[sig(port, protocolname = <missing>, /)]
    fn getservbyport(cx: &mut Cx, port: i32, protocolname: Missing<String>) -> Result<Obj> {
        let Ok(port) = u16::try_from(port) else {
            return Err(cx.error(ExcKind::OverflowError, "getservbyport: port must be 0-65535."));
        };
        let proto = match protocolname.given() {
            Some(p) => Some(c_string(cx, p)?),
            None => None,
        };
        match cx.blocked(|| call::getservbyport(port, proto.as_deref())) {
            Some(n) => fs_decode(cx, &n),
            None => Err(cx.error(ExcKind::OSError, "port/proto not found")),
        }
    }
    /// Return the protocol number for the named protocol.
    fn getprotobyname(cx: &mut Cx, name: String) -> Result<i32> {
        let name = c_string(cx, name)?;
        cx.blocked(|| call::getprotobyname(&name)).ok_or_else(|| cx.error(ExcKind::OSError, "protocol not found"))
    }
    /// Convert a 16-bit unsigned integer from network to host byte order.
    fn ntohs(cx: &mut Cx, x: Obj) -> Result<u16> {
        Ok(u16::from_be(unsigned(cx, x, 16)? as u16))
    }
    /// Convert a 16-bit unsigned integer from host to network byte order.
    fn htons(cx: &mut Cx, x: Obj) -> Result<u16> {
        Ok((unsigned(cx, x, 16)? as u16).to_be())
    }
    /// Convert a 32-bit unsigned integer from network to host byte order.
    fn ntohl(cx: &mut Cx, x: Obj) -> Result<u32> {
        Ok(u32::from_be(unsigned(cx, x, 32)?))
    }
    /// Convert a 32-bit unsigned integer from host to network byte order.
    fn htonl(cx: &mut Cx, x: Obj) -> Result<u32> {
        Ok(unsigned(cx, x, 32)?.to_be())
    }
    /// Convert an IP address in string format to the 32-bit packed binary format.
    fn inet_aton(cx: &mut Cx, ip_addr: String) -> Result<Obj> {
        let s = c_string(cx, ip_addr)?;
        match call::aton(&s) {
            Some(b) => bytes_obj(cx, &b),
            None => Err(cx.error(ExcKind::OSError, "illegal IP address string passed to inet_aton")),
        }
    }
    /// Convert an IP address from 32-bit packed binary format to string format.
    fn inet_ntoa(cx: &mut Cx, packed_ip: Buf) -> Result<String> {
        let b = packed_ip.to_vec(cx)?;
        if b.len() != 4 {
            return Err(cx.error(ExcKind::OSError, "packed IP wrong length for inet_ntoa"));
        }
        call::ntop(libc::AF_INET, &b).map_err(|e| os_error(cx, e))
    }
    /// Convert an IP address from string format to a packed string.
    fn inet_pton(cx: &mut Cx, address_family: i32, ip_string: String) -> Result<Obj> {
        let s = c_string(cx, ip_string)?;
        match call::pton(address_family, &s) {
            Ok(Some(b)) => bytes_obj(cx, &b),
            Ok(None) => Err(cx.error(ExcKind::OSError, "illegal IP address string passed to inet_pton")),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Convert a packed IP address of the given family to string format.
    fn inet_ntop(cx: &mut Cx, address_family: i32, packed_ip: Buf) -> Result<String> {
        let b = packed_ip.to_vec(cx)?;
        let need = match address_family {
            libc::AF_INET => 4,
            libc::AF_INET6 => 16,
            f => return Err(cx.value_error(format!("unknown address family {f}"))),
        };
        if b.len() != need {
            return Err(cx.value_error("invalid length of packed IP address string"));
        }
        call::ntop(address_family, &b).map_err(|e| os_error(cx, e))
    }
    /// Returns a list of network interface information (index, name) tuples.
    fn if_nameindex(cx: &mut Cx) -> Result<Obj> {
        let out = list::new(cx, &[])?;
        for (i, n) in call::if_nameindex().map_err(|e| os_error(cx, e))? {
            let n = fs_decode(cx, &n)?;
            let t = (i, n).into_obj(cx)?;
            out.append(cx, t)?;
        }
        Ok(out.obj())
    }
    /// Returns the interface index corresponding to the interface name if_name.
    fn if_nametoindex(cx: &mut Cx, oname: crate::util::Path) -> Result<u32> {
        call::if_nametoindex(oname.as_c()).map_err(|e| os_error(cx, e))
    }
    /// Returns the interface name corresponding to the interface index if_index.
    fn if_indextoname(cx: &mut Cx, if_index: Obj) -> Result<Obj> {
        let if_index = unsigned(cx, if_index, 32)?;
        let n = call::if_indextoname(if_index).map_err(|e| os_error(cx, e))?;
        fs_decode(cx, &n)
    }
    /// Close an integer socket file descriptor.
    fn close(cx: &mut Cx, fd: i32) -> Result<()> {
        match cx.blocked(|| sys::close(fd)) {
            Ok(()) | Err(libc::ECONNRESET) => Ok(()),
            Err(e) => Err(os_error_with(cx, e, &[])),
        }
    }
    /// Duplicate an integer socket file descriptor.
    fn dup(cx: &mut Cx, fd: i32) -> Result<i32> {
        sys::dup(fd).map_err(|e| os_error(cx, e))
    }
}
