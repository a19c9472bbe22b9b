//! Descriptors of special kinds, and moving data between them. Tests: CPython
//! test_os, test_posix.

use super::{Sys, int, long, unit};
use std::ffi::CStr;
use std::mem::MaybeUninit;

/// Read into the buffers in turn; from the file's position if there is no offset.
pub fn readv(fd: i32, bufs: &mut [Vec<u8>], at: Option<(i64, i32)>) -> Sys<usize> {
    let v: Vec<libc::iovec> =
        bufs.iter_mut().map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: b.len() }).collect();
    // Each entry is a buffer that is borrowed for the call.
    long(unsafe {
        match at {
            None => libc::readv(fd, v.as_ptr(), v.len() as i32),
            Some((at, 0)) => libc::preadv(fd, v.as_ptr(), v.len() as i32, at),
            Some((at, flags)) => libc::preadv2(fd, v.as_ptr(), v.len() as i32, at, flags),
        }
    } as i64)
    .map(|n| n as usize)
}
/// Write the buffers in turn; at the file's position if there is no offset.
pub fn writev(fd: i32, bufs: &[Vec<u8>], at: Option<(i64, i32)>) -> Sys<usize> {
    let v: Vec<libc::iovec> =
        bufs.iter().map(|b| libc::iovec { iov_base: b.as_ptr().cast_mut().cast(), iov_len: b.len() }).collect();
    // Each entry is a buffer that is borrowed for the call, and only read.
    long(unsafe {
        match at {
            None => libc::writev(fd, v.as_ptr(), v.len() as i32),
            Some((at, 0)) => libc::pwritev(fd, v.as_ptr(), v.len() as i32, at),
            Some((at, flags)) => libc::pwritev2(fd, v.as_ptr(), v.len() as i32, at, flags),
        }
    } as i64)
    .map(|n| n as usize)
}

fn place(at: &mut Option<i64>) -> *mut i64 {
    at.as_mut().map_or(std::ptr::null_mut(), |p| p as *mut i64)
}
/// Source and destination are a descriptor and an offset.
pub fn copy_file_range(from: (i32, Option<i64>), to: (i32, Option<i64>), count: usize) -> Sys<usize> {
    let (mut a, mut b) = (from.1, to.1);
    // The offsets are on this stack.
    long(unsafe { libc::copy_file_range(from.0, place(&mut a), to.0, place(&mut b), count, 0) } as i64)
        .map(|n| n as usize)
}
pub fn splice(from: (i32, Option<i64>), to: (i32, Option<i64>), count: usize, flags: u32) -> Sys<usize> {
    let (mut a, mut b) = (from.1, to.1);
    // The offsets are on this stack.
    long(unsafe { libc::splice(from.0, place(&mut a), to.0, place(&mut b), count, flags) } as i64).map(|n| n as usize)
}
pub fn lockf(fd: i32, command: i32, length: i64) -> Sys<()> {
    unit(unsafe { libc::lockf(fd, command, length) })
}
/// A lock of a part of a file: where it starts and how long it is.
pub fn lock_record(fd: i32, command: i32, kind: i16, (start, len): (i64, i64), whence: i16) -> Sys<()> {
    let l = libc::flock { l_type: kind, l_whence: whence, l_start: start, l_len: len, l_pid: 0 };
    unit(unsafe { libc::fcntl(fd, command, &l) })
}
/// These two return the error instead of setting `errno`.
fn code(r: i32) -> Sys<()> {
    if r == 0 { Ok(()) } else { Err(r) }
}
pub fn fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> Sys<()> {
    code(unsafe { libc::posix_fadvise(fd, offset, length, advice) })
}
pub fn fallocate(fd: i32, offset: i64, length: i64) -> Sys<()> {
    code(unsafe { libc::posix_fallocate(fd, offset, length) })
}
pub fn sync() {
    unsafe { libc::sync() }
}
pub fn mknodat(dir: i32, path: &CStr, mode: u32, device: u64) -> Sys<()> {
    unit(unsafe { libc::mknodat(dir, path.as_ptr(), mode, device) })
}
pub fn memfd_create(name: &CStr, flags: u32) -> Sys<i32> {
    int(unsafe { libc::memfd_create(name.as_ptr(), flags) })
}
pub fn eventfd(value: u32, flags: i32) -> Sys<i32> {
    int(unsafe { libc::eventfd(value, flags) })
}
pub fn eventfd_read(fd: i32) -> Sys<u64> {
    let mut n = 0;
    unit(unsafe { libc::eventfd_read(fd, &mut n) })?;
    Ok(n)
}
pub fn eventfd_write(fd: i32, n: u64) -> Sys<()> {
    unit(unsafe { libc::eventfd_write(fd, n) })
}

/// The next expiration and the interval, in nanoseconds.
pub type Timer = (i64, i64);

fn to_spec(t: Timer) -> libc::itimerspec {
    let one = |n: i64| libc::timespec { tv_sec: n.div_euclid(1_000_000_000), tv_nsec: n.rem_euclid(1_000_000_000) };
    libc::itimerspec { it_value: one(t.0), it_interval: one(t.1) }
}
fn from_spec(t: &libc::itimerspec) -> Timer {
    let one = |t: &libc::timespec| t.tv_sec * 1_000_000_000 + t.tv_nsec;
    (one(&t.it_value), one(&t.it_interval))
}
pub fn timerfd_create(clock: i32, flags: i32) -> Sys<i32> {
    int(unsafe { libc::timerfd_create(clock, flags) })
}
/// Returns what was set before.
pub fn timerfd_settime(fd: i32, flags: i32, new: Timer) -> Sys<Timer> {
    let mut old = MaybeUninit::<libc::itimerspec>::zeroed();
    unit(unsafe { libc::timerfd_settime(fd, flags, &to_spec(new), old.as_mut_ptr()) })?;
    // Filled by the call.
    Ok(from_spec(&unsafe { old.assume_init() }))
}
pub fn timerfd_gettime(fd: i32) -> Sys<Timer> {
    let mut t = MaybeUninit::<libc::itimerspec>::zeroed();
    unit(unsafe { libc::timerfd_gettime(fd, t.as_mut_ptr()) })?;
    // Filled by the call.
    Ok(from_spec(&unsafe { t.assume_init() }))
}
