//! System calls of sockets, and the C library's resolver.
//!
//! Tests: CPython test_socket.

use super::{Sys, errno, int, long, unit};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;

/// A socket address as the system has it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct RawAddr {
    bytes: [u8; 128],
    len: u32,
}

impl RawAddr {
    /// From its bytes, the family first.
    pub fn new(b: &[u8]) -> RawAddr {
        let mut bytes = [0; 128];
        let n = b.len().min(128);
        bytes[..n].copy_from_slice(&b[..n]);
        RawAddr { bytes, len: n as u32 }
    }
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..(self.len as usize).min(128)]
    }
    /// Its family; 0 if it has none.
    pub fn family(&self) -> i32 {
        if self.len < 2 { 0 } else { i32::from(u16::from_ne_bytes([self.bytes[0], self.bytes[1]])) }
    }
    fn ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }
    fn empty() -> RawAddr {
        RawAddr { bytes: [0; 128], len: 128 }
    }
    fn parts(&mut self) -> (*mut libc::sockaddr, *mut u32) {
        (self.bytes.as_mut_ptr().cast(), &mut self.len)
    }
    /// From C's pointer and length.
    unsafe fn copy(p: *const libc::sockaddr, len: u32) -> RawAddr {
        RawAddr::new(unsafe { std::slice::from_raw_parts(p.cast(), (len as usize).min(128)) })
    }
}

pub fn socket(family: i32, kind: i32, proto: i32) -> Sys<i32> {
    int(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, proto) })
}
pub fn socketpair(family: i32, kind: i32, proto: i32) -> Sys<(i32, i32)> {
    let mut fds = [0; 2];
    unit(unsafe { libc::socketpair(family, kind | libc::SOCK_CLOEXEC, proto, fds.as_mut_ptr()) })?;
    Ok((fds[0], fds[1]))
}
pub fn bind(fd: i32, a: &RawAddr) -> Sys<()> {
    unit(unsafe { libc::bind(fd, a.ptr(), a.len) })
}
pub fn connect(fd: i32, a: &RawAddr) -> Sys<()> {
    unit(unsafe { libc::connect(fd, a.ptr(), a.len) })
}
pub fn listen(fd: i32, backlog: i32) -> Sys<()> {
    unit(unsafe { libc::listen(fd, backlog) })
}
pub fn accept(fd: i32) -> Sys<(i32, RawAddr)> {
    let mut a = RawAddr::empty();
    let (p, n) = a.parts();
    let fd = int(unsafe { libc::accept4(fd, p, n, libc::SOCK_CLOEXEC) })?;
    Ok((fd, a))
}
pub fn getsockname(fd: i32) -> Sys<RawAddr> {
    let mut a = RawAddr::empty();
    let (p, n) = a.parts();
    unit(unsafe { libc::getsockname(fd, p, n) })?;
    Ok(a)
}
pub fn getpeername(fd: i32) -> Sys<RawAddr> {
    let mut a = RawAddr::empty();
    let (p, n) = a.parts();
    unit(unsafe { libc::getpeername(fd, p, n) })?;
    Ok(a)
}
pub fn shutdown(fd: i32, how: i32) -> Sys<()> {
    unit(unsafe { libc::shutdown(fd, how) })
}
/// The value's bytes, or only their number.
pub fn setsockopt(fd: i32, level: i32, name: i32, value: Result<&[u8], u32>) -> Sys<()> {
    let (p, n) = match value {
        Ok(b) => (b.as_ptr().cast(), b.len() as u32),
        Err(n) => (std::ptr::null(), n),
    };
    unit(unsafe { libc::setsockopt(fd, level, name, p, n) })
}
pub fn getsockopt(fd: i32, level: i32, name: i32, len: usize) -> Sys<Vec<u8>> {
    let mut v = vec![0u8; len];
    let mut n = len as u32;
    unit(unsafe { libc::getsockopt(fd, level, name, v.as_mut_ptr().cast(), &mut n) })?;
    v.truncate(n as usize);
    Ok(v)
}
pub fn getsockopt_int(fd: i32, level: i32, name: i32) -> Sys<i32> {
    let v = getsockopt(fd, level, name, 4)?;
    Ok(v.get(..4).map_or(0, |b| i32::from_ne_bytes([b[0], b[1], b[2], b[3]])))
}
pub fn recv(fd: i32, buf: &mut [u8], flags: i32) -> Sys<usize> {
    long(unsafe { libc::recv(fd, buf.as_mut_ptr().cast(), buf.len(), flags) } as i64).map(|n| n as usize)
}
pub fn recvfrom(fd: i32, buf: &mut [u8], flags: i32) -> Sys<(usize, RawAddr)> {
    let mut a = RawAddr::empty();
    let (p, n) = a.parts();
    let got = long(unsafe { libc::recvfrom(fd, buf.as_mut_ptr().cast(), buf.len(), flags, p, n) } as i64)?;
    Ok((got as usize, a))
}
pub fn send(fd: i32, buf: &[u8], flags: i32) -> Sys<usize> {
    long(unsafe { libc::send(fd, buf.as_ptr().cast(), buf.len(), flags) } as i64).map(|n| n as usize)
}
pub fn sendto(fd: i32, buf: &[u8], flags: i32, a: &RawAddr) -> Sys<usize> {
    let n = unsafe { libc::sendto(fd, buf.as_ptr().cast(), buf.len(), flags, a.ptr(), a.len) };
    long(n as i64).map(|n| n as usize)
}

/// What `recvmsg` gives besides the data.
pub struct Received {
    pub len: usize,
    pub control_len: usize,
    pub flags: i32,
    pub from: RawAddr,
}

/// A header without anything in it.
fn empty_header() -> libc::msghdr {
    // All-zero is a valid header.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The control buffer's items are laid out by the caller.
pub fn recvmsg(fd: i32, bufs: &mut [Vec<u8>], control: &mut [u8], flags: i32) -> Sys<Received> {
    let mut iov: Vec<libc::iovec> =
        bufs.iter_mut().map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: b.len() }).collect();
    let mut from = RawAddr::empty();
    let mut h = empty_header();
    let (p, _) = from.parts();
    h.msg_name = p.cast();
    h.msg_namelen = 128;
    h.msg_iov = iov.as_mut_ptr();
    h.msg_iovlen = iov.len() as _;
    h.msg_control = control.as_mut_ptr().cast();
    h.msg_controllen = control.len() as _;
    let n = long(unsafe { libc::recvmsg(fd, &mut h, flags) } as i64)?;
    from.len = h.msg_namelen;
    Ok(Received { len: n as usize, control_len: h.msg_controllen, flags: h.msg_flags, from })
}
pub fn sendmsg(fd: i32, bufs: &[Vec<u8>], control: &[u8], flags: i32, to: Option<&RawAddr>) -> Sys<usize> {
    let mut iov: Vec<libc::iovec> =
        bufs.iter().map(|b| libc::iovec { iov_base: b.as_ptr() as *mut c_void, iov_len: b.len() }).collect();
    let mut h = empty_header();
    if let Some(a) = to {
        h.msg_name = a.ptr() as *mut c_void;
        h.msg_namelen = a.len;
    }
    h.msg_iov = iov.as_mut_ptr();
    h.msg_iovlen = iov.len() as _;
    if !control.is_empty() {
        h.msg_control = control.as_ptr() as *mut c_void;
        h.msg_controllen = control.len() as _;
    }
    long(unsafe { libc::sendmsg(fd, &h, flags) } as i64).map(|n| n as usize)
}

/// One answer of `getaddrinfo`.
pub struct Info {
    pub family: i32,
    pub kind: i32,
    pub proto: i32,
    pub name: Vec<u8>,
    pub addr: RawAddr,
}

/// `getaddrinfo`; the error is one of `EAI_*`, with `errno` for EAI_SYSTEM.
pub fn getaddrinfo(
    host: Option<&CStr>,
    service: Option<&CStr>,
    [family, kind, proto, flags]: [i32; 4],
) -> Result<Vec<Info>, (i32, i32)> {
    // All-zero is a valid record.
    let mut hints: libc::addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    hints.ai_family = family;
    hints.ai_socktype = kind;
    hints.ai_protocol = proto;
    hints.ai_flags = flags;
    let mut list = std::ptr::null_mut();
    let p = |s: Option<&CStr>| s.map_or(std::ptr::null(), CStr::as_ptr);
    let r = unsafe { libc::getaddrinfo(p(host), p(service), &hints, &mut list) };
    if r != 0 {
        return Err((r, errno()));
    }
    let mut out = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // The list is valid until it is freed below.
        let i = unsafe { &*at };
        out.push(Info {
            family: i.ai_family,
            kind: i.ai_socktype,
            proto: i.ai_protocol,
            name: if i.ai_canonname.is_null() {
                Vec::new()
            } else {
                unsafe { CStr::from_ptr(i.ai_canonname) }.to_bytes().to_vec()
            },
            addr: unsafe { RawAddr::copy(i.ai_addr, i.ai_addrlen) },
        });
        at = i.ai_next;
    }
    unsafe { libc::freeaddrinfo(list) };
    Ok(out)
}
pub fn getnameinfo(a: &RawAddr, flags: i32) -> Result<(Vec<u8>, Vec<u8>), (i32, i32)> {
    let (mut host, mut service) = ([0u8; 1025], [0u8; 32]);
    let r = unsafe {
        libc::getnameinfo(
            a.ptr(),
            a.len,
            host.as_mut_ptr().cast(),
            host.len() as u32,
            service.as_mut_ptr().cast(),
            service.len() as u32,
            flags,
        )
    };
    if r != 0 {
        return Err((r, errno()));
    }
    let s = |b: &[u8]| b.iter().copied().take_while(|c| *c != 0).collect();
    Ok((s(&host), s(&service)))
}
pub fn gai_strerror(e: i32) -> String {
    // A static string.
    unsafe { CStr::from_ptr(libc::gai_strerror(e)) }.to_string_lossy().into_owned()
}

unsafe extern "C" {
    fn inet_aton(s: *const c_char, a: *mut libc::in_addr) -> c_int;
    fn inet_pton(family: c_int, s: *const c_char, a: *mut c_void) -> c_int;
    fn inet_ntop(family: c_int, a: *const c_void, s: *mut c_char, len: u32) -> *const c_char;
    fn gethostbyaddr_r(
        addr: *const c_void,
        len: u32,
        family: c_int,
        out: *mut libc::hostent,
        buf: *mut c_char,
        buf_len: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyname_r(
        name: *const c_char,
        out: *mut libc::hostent,
        buf: *mut c_char,
        buf_len: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn hstrerror(e: c_int) -> *const c_char;
}

pub fn aton(s: &CStr) -> Option<[u8; 4]> {
    let mut a = libc::in_addr { s_addr: 0 };
    (unsafe { inet_aton(s.as_ptr(), &mut a) } != 0).then(|| a.s_addr.to_ne_bytes())
}
/// 4 or 16 bytes; `None` for text that is no address.
pub fn pton(family: i32, s: &CStr) -> Sys<Option<Vec<u8>>> {
    let mut b = [0u8; 16];
    match unsafe { inet_pton(family, s.as_ptr(), b.as_mut_ptr().cast()) } {
        1 => Ok(Some(b[..if family == libc::AF_INET { 4 } else { 16 }].to_vec())),
        0 => Ok(None),
        _ => Err(errno()),
    }
}
/// `addr` has the family's length.
pub fn ntop(family: i32, addr: &[u8]) -> Sys<String> {
    let mut b = [0u8; 64];
    let need = if family == libc::AF_INET { 4 } else { 16 };
    if addr.len() < need {
        return Err(libc::EINVAL);
    }
    let p = unsafe { inet_ntop(family, addr.as_ptr().cast(), b.as_mut_ptr().cast(), 64) };
    if p.is_null() {
        return Err(errno());
    }
    Ok(CStr::from_bytes_until_nul(&b).map_or(String::new(), |s| s.to_string_lossy().into_owned()))
}

/// A host's name, other names and addresses.
pub struct Host {
    pub name: Vec<u8>,
    pub aliases: Vec<Vec<u8>>,
    pub family: i32,
    pub addrs: Vec<Vec<u8>>,
}

unsafe fn host(h: &libc::hostent) -> Host {
    // A filled record: NUL-terminated strings and null-terminated arrays.
    unsafe {
        let mut r = Host { name: Vec::new(), aliases: Vec::new(), family: h.h_addrtype, addrs: Vec::new() };
        if !h.h_name.is_null() {
            r.name = CStr::from_ptr(h.h_name).to_bytes().to_vec();
        }
        let mut p = h.h_aliases;
        while !p.is_null() && !(*p).is_null() {
            r.aliases.push(CStr::from_ptr(*p).to_bytes().to_vec());
            p = p.add(1);
        }
        let mut p = h.h_addr_list;
        while !p.is_null() && !(*p).is_null() {
            r.addrs.push(std::slice::from_raw_parts((*p).cast(), h.h_length as usize).to_vec());
            p = p.add(1);
        }
        r
    }
}

fn lookup(
    f: impl FnOnce(*mut libc::hostent, &mut [u8], *mut *mut libc::hostent, *mut c_int) -> c_int,
) -> Result<Host, i32> {
    let mut buf = vec![0u8; 16384];
    let mut h = MaybeUninit::<libc::hostent>::zeroed();
    let mut found = std::ptr::null_mut();
    let mut e = 0;
    f(h.as_mut_ptr(), &mut buf, &mut found, &mut e);
    // Filled by the call; its strings lie in `buf`.
    if found.is_null() { Err(e) } else { Ok(unsafe { host(&*found) }) }
}
/// The error is for [`host_strerror`].
pub fn gethostbyname(name: &CStr) -> Result<Host, i32> {
    lookup(|h, b, r, e| unsafe { gethostbyname_r(name.as_ptr(), h, b.as_mut_ptr().cast(), b.len(), r, e) })
}
/// The error is for [`host_strerror`].
pub fn gethostbyaddr(family: i32, a: &[u8]) -> Result<Host, i32> {
    lookup(|h, b, r, e| unsafe {
        gethostbyaddr_r(a.as_ptr().cast(), a.len() as u32, family, h, b.as_mut_ptr().cast(), b.len(), r, e)
    })
}
pub fn host_strerror(e: i32) -> String {
    // A static string.
    unsafe { CStr::from_ptr(hstrerror(e)) }.to_string_lossy().into_owned()
}

/// The C library's tables have one static record each.
static TABLES: std::sync::Mutex<()> = std::sync::Mutex::new(());

pub fn getservbyname(name: &CStr, proto: Option<&CStr>) -> Option<u16> {
    let _g = TABLES.lock();
    let p = unsafe { libc::getservbyname(name.as_ptr(), proto.map_or(std::ptr::null(), CStr::as_ptr)) };
    // Valid until the next call, which the lock holds back.
    if p.is_null() { None } else { Some(u16::from_be(unsafe { (*p).s_port } as u16)) }
}
pub fn getservbyport(port: u16, proto: Option<&CStr>) -> Option<Vec<u8>> {
    let _g = TABLES.lock();
    let proto = proto.map_or(std::ptr::null(), CStr::as_ptr);
    let p = unsafe { libc::getservbyport(i32::from(port.to_be()), proto) };
    // As above.
    if p.is_null() { None } else { Some(unsafe { CStr::from_ptr((*p).s_name) }.to_bytes().to_vec()) }
}
pub fn getprotobyname(name: &CStr) -> Option<i32> {
    let _g = TABLES.lock();
    let p = unsafe { libc::getprotobyname(name.as_ptr()) };
    // As above.
    if p.is_null() { None } else { Some(unsafe { (*p).p_proto }) }
}
pub fn gethostname() -> Sys<Vec<u8>> {
    let mut b = [0u8; 1024];
    unit(unsafe { libc::gethostname(b.as_mut_ptr().cast(), b.len() - 1) })?;
    Ok(b.iter().copied().take_while(|c| *c != 0).collect())
}
pub fn sethostname(name: &[u8]) -> Sys<()> {
    unit(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })
}
pub fn if_nametoindex(name: &CStr) -> Sys<u32> {
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(errno()),
        n => Ok(n),
    }
}
pub fn if_indextoname(index: u32) -> Sys<Vec<u8>> {
    let mut b = [0u8; libc::IF_NAMESIZE];
    if unsafe { libc::if_indextoname(index, b.as_mut_ptr().cast()) }.is_null() {
        return Err(errno());
    }
    Ok(b.iter().copied().take_while(|c| *c != 0).collect())
}
pub fn if_nameindex() -> Sys<Vec<(u32, Vec<u8>)>> {
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(errno());
    }
    let mut out = Vec::new();
    let mut p = list;
    // The array ends with an entry whose index is 0 and name null.
    unsafe {
        while (*p).if_index != 0 && !(*p).if_name.is_null() {
            out.push(((*p).if_index, CStr::from_ptr((*p).if_name).to_bytes().to_vec()));
            p = p.add(1);
        }
        libc::if_freenameindex(list);
    }
    Ok(out)
}
/// Set or clear O_NONBLOCK.
pub fn set_blocking(fd: i32, on: bool) -> Sys<()> {
    let old = super::fcntl(fd, libc::F_GETFL, 0)?;
    let new = if on { old & !libc::O_NONBLOCK } else { old | libc::O_NONBLOCK };
    if new == old { Ok(()) } else { super::fcntl(fd, libc::F_SETFL, i64::from(new)).map(|_| ()) }
}
