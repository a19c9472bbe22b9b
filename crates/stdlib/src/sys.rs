//! System calls: this file and the folder `sys` are the only places of this
//! crate with `unsafe`. Each wrapper passes
//! valid pointers and lengths taken from Rust references, and turns the C
//! convention of -1 and `errno` into a `Result`.
//!
//! Nothing here touches the heap, so all of it may run in the blocked state.
//! Tests: CPython test_os, test_posix.

#![allow(missing_docs)]

pub mod conf;
pub mod ids;
pub mod limits;
pub mod mapping;
pub mod poll;
pub mod posix_spawn;
pub mod sched;
pub mod semaphore;
pub mod socket;
pub mod spawn;
pub mod terminal;
pub mod transfer;
pub mod xattr;
pub mod zlib;

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

/// A result with an `errno`.
pub type Sys<T> = Result<T, i32>;

/// The current `errno`.
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn int(r: i32) -> Sys<i32> {
    if r < 0 { Err(errno()) } else { Ok(r) }
}
fn unit(r: i32) -> Sys<()> {
    int(r).map(|_| ())
}
fn long(r: i64) -> Sys<i64> {
    if r < 0 { Err(errno()) } else { Ok(r) }
}

/// Declares wrappers of functions that take C strings and numbers.
macro_rules! calls {
    ($($name:ident($($arg:ident: $ty:ty => $pass:expr),*) = $c:expr;)*) => { $(
        pub fn $name($($arg: $ty),*) -> Sys<()> {
            // Strings are NUL-terminated, the rest are numbers.
            unit(unsafe { $c($($pass),*) })
        }
    )* };
}

calls! {
    close(fd: i32 => fd) = libc::close;
    mkdirat(dir: i32 => dir, path: &CStr => path.as_ptr(), mode: u32 => mode) = libc::mkdirat;
    mkfifoat(dir: i32 => dir, path: &CStr => path.as_ptr(), mode: u32 => mode) = libc::mkfifoat;
    unlinkat(dir: i32 => dir, path: &CStr => path.as_ptr(), flags: i32 => flags) = libc::unlinkat;
    renameat(d1: i32 => d1, a: &CStr => a.as_ptr(), d2: i32 => d2, b: &CStr => b.as_ptr()) = libc::renameat;
    linkat(d1: i32 => d1, a: &CStr => a.as_ptr(), d2: i32 => d2, b: &CStr => b.as_ptr(), f: i32 => f) = libc::linkat;
    symlinkat(a: &CStr => a.as_ptr(), d: i32 => d, b: &CStr => b.as_ptr()) = libc::symlinkat;
    faccessat(d: i32 => d, p: &CStr => p.as_ptr(), mode: i32 => mode, flags: i32 => flags) = libc::faccessat;
    chdir(p: &CStr => p.as_ptr()) = libc::chdir;
    fchdir(fd: i32 => fd) = libc::fchdir;
    chroot(p: &CStr => p.as_ptr()) = libc::chroot;
    fchmodat(d: i32 => d, p: &CStr => p.as_ptr(), mode: u32 => mode, flags: i32 => flags) = libc::fchmodat;
    fchmod(fd: i32 => fd, mode: u32 => mode) = libc::fchmod;
    fchownat(d: i32 => d, p: &CStr => p.as_ptr(), u: u32 => u, g: u32 => g, f: i32 => f) = libc::fchownat;
    fchown(fd: i32 => fd, u: u32 => u, g: u32 => g) = libc::fchown;
    fsync(fd: i32 => fd) = libc::fsync;
    fdatasync(fd: i32 => fd) = libc::fdatasync;
    ftruncate(fd: i32 => fd, n: i64 => n) = libc::ftruncate;
    truncate(p: &CStr => p.as_ptr(), n: i64 => n) = libc::truncate;
    kill(pid: i32 => pid, sig: i32 => sig) = libc::kill;
    killpg(pid: i32 => pid, sig: i32 => sig) = libc::killpg;
    setpgid(pid: i32 => pid, g: i32 => g) = libc::setpgid;
    setuid(u: u32 => u) = libc::setuid;
    setgid(u: u32 => u) = libc::setgid;
    seteuid(u: u32 => u) = libc::seteuid;
    setegid(u: u32 => u) = libc::setegid;
    tcsetpgrp(fd: i32 => fd, g: i32 => g) = libc::tcsetpgrp;
    sched_yield() = libc::sched_yield;
}

pub fn openat(dir: i32, path: &CStr, flags: i32, mode: u32) -> Sys<i32> {
    int(unsafe { libc::openat(dir, path.as_ptr(), flags, mode) })
}
pub fn read(fd: i32, buf: &mut [u8]) -> Sys<usize> {
    long(unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) } as i64).map(|n| n as usize)
}
pub fn write(fd: i32, buf: &[u8]) -> Sys<usize> {
    long(unsafe { libc::write(fd, buf.as_ptr().cast(), buf.len()) } as i64).map(|n| n as usize)
}
pub fn pread(fd: i32, buf: &mut [u8], at: i64) -> Sys<usize> {
    long(unsafe { libc::pread(fd, buf.as_mut_ptr().cast(), buf.len(), at) } as i64).map(|n| n as usize)
}
pub fn pwrite(fd: i32, buf: &[u8], at: i64) -> Sys<usize> {
    long(unsafe { libc::pwrite(fd, buf.as_ptr().cast(), buf.len(), at) } as i64).map(|n| n as usize)
}
pub fn lseek(fd: i32, pos: i64, how: i32) -> Sys<i64> {
    long(unsafe { libc::lseek(fd, pos, how) })
}
pub fn dup(fd: i32) -> Sys<i32> {
    int(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}
pub fn dup3(fd: i32, to: i32, inheritable: bool) -> Sys<i32> {
    if fd == to {
        return int(unsafe { libc::dup2(fd, to) });
    }
    int(unsafe { libc::dup3(fd, to, if inheritable { 0 } else { libc::O_CLOEXEC }) })
}
pub fn pipe2(flags: i32) -> Sys<(i32, i32)> {
    let mut fds = [0; 2];
    unit(unsafe { libc::pipe2(fds.as_mut_ptr(), flags) })?;
    Ok((fds[0], fds[1]))
}
pub fn isatty(fd: i32) -> bool {
    unsafe { libc::isatty(fd) == 1 }
}
pub fn fcntl(fd: i32, cmd: i32, arg: i64) -> Sys<i32> {
    int(unsafe { libc::fcntl(fd, cmd, arg) })
}
pub fn fcntl_buf(fd: i32, cmd: i32, buf: &mut [u8]) -> Sys<i32> {
    int(unsafe { libc::fcntl(fd, cmd, buf.as_mut_ptr()) })
}
pub fn ioctl(fd: i32, cmd: u64, arg: i64) -> Sys<i32> {
    int(unsafe { libc::ioctl(fd, cmd as _, arg) })
}
pub fn ioctl_buf(fd: i32, cmd: u64, buf: &mut [u8]) -> Sys<i32> {
    int(unsafe { libc::ioctl(fd, cmd as _, buf.as_mut_ptr()) })
}
pub fn flock(fd: i32, op: i32) -> Sys<()> {
    unit(unsafe { libc::flock(fd, op) })
}
pub fn set_inheritable(fd: i32, on: bool) -> Sys<()> {
    let old = fcntl(fd, libc::F_GETFD, 0)?;
    let new = if on { old & !libc::FD_CLOEXEC } else { old | libc::FD_CLOEXEC };
    fcntl(fd, libc::F_SETFD, i64::from(new)).map(|_| ())
}
pub fn stat_at(dir: i32, path: &CStr, flags: i32) -> Sys<libc::stat> {
    let mut st = MaybeUninit::uninit();
    unit(unsafe { libc::fstatat(dir, path.as_ptr(), st.as_mut_ptr(), flags) })?;
    // Filled by the call.
    Ok(unsafe { st.assume_init() })
}
pub fn fstat(fd: i32) -> Sys<libc::stat> {
    let mut st = MaybeUninit::uninit();
    unit(unsafe { libc::fstat(fd, st.as_mut_ptr()) })?;
    // Filled by the call.
    Ok(unsafe { st.assume_init() })
}
pub fn readlinkat(dir: i32, path: &CStr) -> Sys<Vec<u8>> {
    let mut buf = vec![0u8; 4096];
    let n = long(unsafe { libc::readlinkat(dir, path.as_ptr(), buf.as_mut_ptr().cast(), buf.len()) } as i64)?;
    buf.truncate(n as usize);
    Ok(buf)
}
pub fn utimens(dir: i32, path: Option<&CStr>, times: Option<[(i64, i64); 2]>, flags: i32) -> Sys<()> {
    let t = times.map(|t| t.map(|(s, n)| libc::timespec { tv_sec: s, tv_nsec: n }));
    let p = t.as_ref().map_or(std::ptr::null(), |t| t.as_ptr());
    unit(match path {
        Some(path) => unsafe { libc::utimensat(dir, path.as_ptr(), p, flags) },
        None => unsafe { libc::futimens(dir, p) },
    })
}
pub fn umask(mask: u32) -> u32 {
    unsafe { libc::umask(mask) }
}
pub fn ids() -> (u32, u32, u32, u32) {
    unsafe { (libc::getuid(), libc::geteuid(), libc::getgid(), libc::getegid()) }
}
pub fn getpid() -> i32 {
    unsafe { libc::getpid() }
}
pub fn getppid() -> i32 {
    unsafe { libc::getppid() }
}
pub fn getpgrp() -> i32 {
    unsafe { libc::getpgrp() }
}
pub fn getpgid(pid: i32) -> Sys<i32> {
    int(unsafe { libc::getpgid(pid) })
}
pub fn getsid(pid: i32) -> Sys<i32> {
    int(unsafe { libc::getsid(pid) })
}
pub fn setsid() -> Sys<i32> {
    int(unsafe { libc::setsid() })
}
pub fn tcgetpgrp(fd: i32) -> Sys<i32> {
    int(unsafe { libc::tcgetpgrp(fd) })
}
pub fn getgroups() -> Sys<Vec<u32>> {
    let n = int(unsafe { libc::getgroups(0, std::ptr::null_mut()) })?;
    let mut v = vec![0; n as usize];
    let n = int(unsafe { libc::getgroups(n, v.as_mut_ptr()) })?;
    v.truncate(n as usize);
    Ok(v)
}
pub fn strerror(n: i32) -> String {
    let mut buf = [0u8; 256];
    // The GNU variant may return a static string; the XSI one fills the buffer.
    unsafe {
        libc::strerror_r(n, buf.as_mut_ptr().cast(), buf.len());
    }
    CStr::from_bytes_until_nul(&buf).map_or(String::new(), |s| s.to_string_lossy().into_owned())
}
pub fn winsize(fd: i32) -> Sys<(u16, u16)> {
    let mut w = MaybeUninit::<libc::winsize>::zeroed();
    unit(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, w.as_mut_ptr()) })?;
    // Filled by the call.
    let w = unsafe { w.assume_init() };
    Ok((w.ws_col, w.ws_row))
}
pub fn uname() -> Sys<[Vec<u8>; 5]> {
    let mut u = MaybeUninit::<libc::utsname>::zeroed();
    unit(unsafe { libc::uname(u.as_mut_ptr()) })?;
    // Filled by the call; the fields are NUL-terminated.
    let u = unsafe { u.assume_init() };
    let s = |f: &[libc::c_char]| f.iter().take_while(|c| **c != 0).map(|c| *c as u8).collect::<Vec<u8>>();
    Ok([s(&u.sysname), s(&u.nodename), s(&u.release), s(&u.version), s(&u.machine)])
}
pub fn waitpid(pid: i32, options: i32) -> Sys<(i32, i32)> {
    let mut status = 0;
    int(unsafe { libc::waitpid(pid, &mut status, options) }).map(|p| (p, status))
}
pub fn wait4(pid: i32, options: i32) -> Sys<(i32, i32, libc::rusage)> {
    let mut status = 0;
    let mut usage = MaybeUninit::zeroed();
    let p = int(unsafe { libc::wait4(pid, &mut status, options, usage.as_mut_ptr()) })?;
    // Zeroed, then filled by the call.
    Ok((p, status, unsafe { usage.assume_init() }))
}
pub fn exit(code: i32) -> ! {
    unsafe { libc::_exit(code) }
}
pub fn abort() -> ! {
    unsafe { libc::abort() }
}
/// Fork without any care; the VM's hook does the rest.
pub fn raw_fork() -> Sys<i32> {
    int(unsafe { libc::fork() })
}
/// Replace the process; returns only the error.
pub fn execve(path: &CStr, args: &[CString], env: Option<&[CString]>) -> i32 {
    let ptrs = |v: &[CString]| v.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>();
    let a = ptrs(args);
    match env {
        Some(e) => {
            let e = ptrs(e);
            unsafe { libc::execve(path.as_ptr(), a.as_ptr(), e.as_ptr()) };
        }
        None => {
            unsafe { libc::execv(path.as_ptr(), a.as_ptr()) };
        }
    }
    errno()
}
/// Process times in clock ticks: user, system, children's, elapsed.
pub fn times() -> [f64; 5] {
    let mut t = MaybeUninit::<libc::tms>::zeroed();
    let (e, hz) = unsafe { (libc::times(t.as_mut_ptr()), libc::sysconf(libc::_SC_CLK_TCK) as f64) };
    // Zeroed, then filled by the call.
    let t = unsafe { t.assume_init() };
    [t.tms_utime, t.tms_stime, t.tms_cutime, t.tms_cstime, e].map(|v| v as f64 / hz)
}
pub fn sysconf(name: i32) -> Sys<i64> {
    clear_errno();
    let r = unsafe { libc::sysconf(name) };
    if r == -1 && errno() != 0 { Err(errno()) } else { Ok(r) }
}
fn clear_errno() {
    unsafe { *libc::__errno_location() = 0 };
}
pub fn affinity(pid: i32) -> Sys<Vec<usize>> {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    unit(unsafe { libc::sched_getaffinity(pid, size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) })?;
    // Filled by the call.
    let set = unsafe { set.assume_init() };
    Ok((0..libc::CPU_SETSIZE as usize).filter(|i| unsafe { libc::CPU_ISSET(*i, &set) }).collect())
}
pub fn set_affinity(pid: i32, cpus: &[usize]) -> Sys<()> {
    let mut set = unsafe { MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init() };
    for c in cpus.iter().filter(|c| **c < libc::CPU_SETSIZE as usize) {
        unsafe { libc::CPU_SET(*c, &mut set) };
    }
    unit(unsafe { libc::sched_setaffinity(pid, size_of::<libc::cpu_set_t>(), &set) })
}
pub fn getrandom(buf: &mut [u8], flags: u32) -> Sys<usize> {
    long(unsafe { libc::getrandom(buf.as_mut_ptr().cast(), buf.len(), flags) } as i64).map(|n| n as usize)
}
pub fn setenv(k: &CStr, v: &CStr) -> Sys<()> {
    unit(unsafe { libc::setenv(k.as_ptr(), v.as_ptr(), 1) })
}
pub fn unsetenv(k: &CStr) -> Sys<()> {
    unit(unsafe { libc::unsetenv(k.as_ptr()) })
}
pub fn loadavg() -> Option<[f64; 3]> {
    let mut l = [0f64; 3];
    (unsafe { libc::getloadavg(l.as_mut_ptr(), 3) } == 3).then_some(l)
}
pub fn ttyname(fd: i32) -> Sys<Vec<u8>> {
    let mut buf = [0u8; 256];
    match unsafe { libc::ttyname_r(fd, buf.as_mut_ptr().cast(), buf.len()) } {
        0 => Ok(buf.into_iter().take_while(|b| *b != 0).collect()),
        e => Err(e),
    }
}
pub fn sendfile(out: i32, from: i32, offset: Option<i64>, count: usize) -> Sys<usize> {
    let mut at = offset.unwrap_or(0);
    let p = if offset.is_some() { &mut at as *mut i64 } else { std::ptr::null_mut() };
    long(unsafe { libc::sendfile(out, from, p, count) } as i64).map(|n| n as usize)
}
pub fn statvfs(path: Option<&CStr>, fd: i32) -> Sys<libc::statvfs> {
    let mut st = MaybeUninit::uninit();
    unit(match path {
        Some(p) => unsafe { libc::statvfs(p.as_ptr(), st.as_mut_ptr()) },
        None => unsafe { libc::fstatvfs(fd, st.as_mut_ptr()) },
    })?;
    // Filled by the call.
    Ok(unsafe { st.assume_init() })
}

/// A directory being read.
pub struct Dir(*mut libc::DIR);
// A DIR may be used by any one thread at a time; `&mut self` sees to that.
unsafe impl Send for Dir {}

/// A directory entry: name, inode, `d_type`.
pub struct Entry(pub Vec<u8>, pub u64, pub u8);

impl Dir {
    pub fn open(path: &CStr) -> Sys<Dir> {
        let d = unsafe { libc::opendir(path.as_ptr()) };
        if d.is_null() { Err(errno()) } else { Ok(Dir(d)) }
    }
    pub fn open_fd(fd: i32) -> Sys<Dir> {
        let fd = dup(fd)?;
        let d = unsafe { libc::fdopendir(fd) };
        if d.is_null() {
            let e = errno();
            let _ = close(fd);
            return Err(e);
        }
        unsafe { libc::rewinddir(d) };
        Ok(Dir(d))
    }
    /// The next entry besides `.` and `..`.
    pub fn next(&mut self) -> Sys<Option<Entry>> {
        loop {
            clear_errno();
            let e = unsafe { libc::readdir(self.0) };
            if e.is_null() {
                return match errno() {
                    0 => Ok(None),
                    e => Err(e),
                };
            }
            // The entry is valid until the next call; its name is NUL-terminated.
            let (name, ino, kind) =
                unsafe { (CStr::from_ptr((*e).d_name.as_ptr()).to_bytes(), (*e).d_ino, (*e).d_type) };
            if name != b"." && name != b".." {
                return Ok(Some(Entry(name.to_vec(), ino, kind)));
            }
        }
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        unsafe { libc::closedir(self.0) };
    }
}

pub fn clock_gettime(id: i32) -> Sys<i128> {
    let mut t = MaybeUninit::<libc::timespec>::uninit();
    unit(unsafe { libc::clock_gettime(id, t.as_mut_ptr()) })?;
    // Filled by the call.
    let t = unsafe { t.assume_init() };
    Ok(t.tv_sec as i128 * 1_000_000_000 + t.tv_nsec as i128)
}
pub fn clock_getres(id: i32) -> Sys<i128> {
    let mut t = MaybeUninit::<libc::timespec>::uninit();
    unit(unsafe { libc::clock_getres(id, t.as_mut_ptr()) })?;
    // Filled by the call.
    let t = unsafe { t.assume_init() };
    Ok(t.tv_sec as i128 * 1_000_000_000 + t.tv_nsec as i128)
}
pub fn clock_settime(id: i32, ns: i128) -> Sys<()> {
    let t =
        libc::timespec { tv_sec: (ns.div_euclid(1_000_000_000)) as i64, tv_nsec: ns.rem_euclid(1_000_000_000) as i64 };
    unit(unsafe { libc::clock_settime(id, &t) })
}

/// Broken-down time with its zone.
#[derive(Clone, Debug)]
pub struct Tm {
    /// year, month 1-12, day, hour, minute, second, weekday (Monday 0), day of
    /// the year 1-366, dst flag.
    pub fields: [i64; 9],
    pub zone: String,
    pub gmtoff: i64,
}

pub fn broken_down(t: i64, local: bool) -> Sys<Tm> {
    let mut tm = MaybeUninit::<libc::tm>::zeroed();
    let p = unsafe { if local { libc::localtime_r(&t, tm.as_mut_ptr()) } else { libc::gmtime_r(&t, tm.as_mut_ptr()) } };
    if p.is_null() {
        return Err(errno());
    }
    // Filled by the call; tm_zone points to a static string.
    let tm = unsafe { tm.assume_init() };
    let zone = if tm.tm_zone.is_null() {
        String::new()
    } else {
        unsafe { CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
    };
    let f = [
        tm.tm_year + 1900,
        tm.tm_mon + 1,
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        (tm.tm_wday + 6) % 7,
        tm.tm_yday + 1,
        tm.tm_isdst,
    ];
    Ok(Tm { fields: f.map(i64::from), zone, gmtoff: tm.tm_gmtoff })
}

fn to_c(f: &[i64; 9]) -> libc::tm {
    // All-zero is a valid `tm`.
    let mut tm: libc::tm = unsafe { MaybeUninit::zeroed().assume_init() };
    tm.tm_year = (f[0] - 1900) as i32;
    tm.tm_mon = f[1] as i32 - 1;
    tm.tm_mday = f[2] as i32;
    tm.tm_hour = f[3] as i32;
    tm.tm_min = f[4] as i32;
    tm.tm_sec = f[5] as i32;
    tm.tm_wday = ((f[6] + 1) % 7) as i32;
    tm.tm_yday = f[7] as i32 - 1;
    tm.tm_isdst = f[8] as i32;
    tm
}

/// `mktime`; `None` if it cannot be represented.
pub fn mktime(f: &[i64; 9]) -> Option<i64> {
    let mut tm = to_c(f);
    tm.tm_wday = -1;
    let t = unsafe { libc::mktime(&mut tm) };
    if t == -1 && tm.tm_wday == -1 { None } else { Some(t) }
}

/// `strftime` with the C library's locale.
pub fn strftime(format: &CStr, f: &[i64; 9], zone: Option<(&CStr, i64)>) -> Vec<u8> {
    let mut tm = to_c(f);
    if let Some((z, off)) = zone {
        tm.tm_zone = z.as_ptr();
        tm.tm_gmtoff = off;
    }
    let mut size = 256 + format.to_bytes().len();
    loop {
        let mut buf = vec![0u8; size];
        let n = unsafe { libc::strftime(buf.as_mut_ptr().cast(), size, format.as_ptr(), &tm) };
        if n > 0 || size > 256 * (1 + format.to_bytes().len()) {
            buf.truncate(n);
            return buf;
        }
        size *= 4;
    }
}
pub fn tzset() {
    unsafe extern "C" {
        fn tzset();
    }
    unsafe { tzset() }
}

/// Set or ask the C locale of a category.
pub fn setlocale(category: i32, name: Option<&CStr>) -> Option<Vec<u8>> {
    let p = unsafe { libc::setlocale(category, name.map_or(std::ptr::null(), CStr::as_ptr)) };
    // The result is a NUL-terminated string valid until the next call.
    if p.is_null() { None } else { Some(unsafe { CStr::from_ptr(p) }.to_bytes().to_vec()) }
}
pub fn nl_langinfo(item: i32) -> Vec<u8> {
    let p = unsafe { libc::nl_langinfo(item) };
    // As for `setlocale`.
    if p.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(p) }.to_bytes().to_vec() }
}

/// A record of the user database.
pub struct Passwd {
    pub texts: [Vec<u8>; 5],
    pub uid: u32,
    pub gid: u32,
}

/// Look a user up by name or number.
pub fn getpw(name: Option<&CStr>, uid: u32) -> Sys<Option<Passwd>> {
    let mut buf = vec![0u8; 16384];
    let mut pw = MaybeUninit::<libc::passwd>::zeroed();
    let mut found = std::ptr::null_mut();
    let r = unsafe {
        match name {
            Some(n) => libc::getpwnam_r(n.as_ptr(), pw.as_mut_ptr(), buf.as_mut_ptr().cast(), buf.len(), &mut found),
            None => libc::getpwuid_r(uid, pw.as_mut_ptr(), buf.as_mut_ptr().cast(), buf.len(), &mut found),
        }
    };
    if r != 0 {
        return Err(r);
    }
    if found.is_null() {
        return Ok(None);
    }
    // Filled by the call; the strings lie in `buf`.
    Ok(Some(unsafe { passwd(&*found) }))
}

unsafe fn passwd(p: &libc::passwd) -> Passwd {
    let s = |p: *const libc::c_char| {
        if p.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(p) }.to_bytes().to_vec() }
    };
    Passwd {
        texts: [s(p.pw_name), s(p.pw_passwd), s(p.pw_gecos), s(p.pw_dir), s(p.pw_shell)],
        uid: p.pw_uid,
        gid: p.pw_gid,
    }
}

/// All users. Not for several threads at once.
pub fn getpwall() -> Vec<Passwd> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _g = LOCK.lock();
    let mut out = Vec::new();
    unsafe {
        libc::setpwent();
        loop {
            let p = libc::getpwent();
            if p.is_null() {
                break;
            }
            out.push(passwd(&*p));
        }
        libc::endpwent();
    }
    out
}

/// Sleep; an error when a signal comes.
pub fn nanosleep(d: std::time::Duration) -> Sys<()> {
    let t = libc::timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) };
    unit(unsafe { libc::nanosleep(&t, std::ptr::null_mut()) })
}
