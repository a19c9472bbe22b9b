//! Descriptors of special kinds, moving data between descriptors, devices.
//!
//! Tests: CPython test_os, test_posix.

use crate::buffer::{self, Buf};
use crate::sys::transfer as call;
use crate::timeout;
use crate::util::{DirFd, Fd, Path, PathArg, sys_raise};
use typhon_macros::module;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::Obj;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Dunder, ExcKind, Result, float, int, ops, tuple};

/// The buffers that a call reads into or writes from.
fn buffers(cx: &mut Cx, o: Obj, what: &str) -> Result<typhon_object::obj::Gc<Tuple>> {
    if !ops::is_sequence(o) {
        return Err(cx.type_error(format!("{what}() arg 2 must be a sequence")));
    }
    let items = ops::tuple_from_iter(cx, o)?;
    tuple::new(cx, items.items())
}

fn read_into(cx: &mut Cx, fd: i32, o: Obj, at: Option<(i64, i32)>, what: &str) -> Result<usize> {
    let targets = buffers(cx, o, what)?;
    let mut data = Vec::with_capacity(targets.len());
    for t in targets.items() {
        if !buffer::is_buffer(*t) {
            return Err(buffer::not_bytes_like(cx, *t));
        }
        let n = match buffer::writable_len(cx, *t) {
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                return Err(cx.error(ExcKind::BufferError, "Object is not writable."));
            }
            n => n?,
        };
        data.push(vec![0u8; n]);
    }
    let got = sys_raise(cx, || call::readv(fd, &mut data, at))?;
    let mut left = got;
    for (t, d) in targets.items().iter().zip(&data) {
        let n = d.len().min(left);
        buffer::write_into(cx, *t, &d[..n])?;
        left -= n;
    }
    Ok(got)
}

fn write_from(cx: &mut Cx, fd: i32, o: Obj, at: Option<(i64, i32)>, what: &str) -> Result<usize> {
    let sources = buffers(cx, o, what)?;
    let mut data = Vec::with_capacity(sources.len());
    for s in sources.items() {
        data.push(Buf::from_arg(cx, *s)?.to_vec(cx)?);
    }
    sys_raise(cx, || call::writev(fd, &data, at))
}

fn byte_count(cx: &mut Cx, n: isize) -> Result<usize> {
    usize::try_from(n).map_err(|_| cx.value_error("negative value for 'count' not allowed"))
}

/// A C `unsigned` of some width.
fn unsigned(cx: &mut Cx, v: Obj, most: u64, name: &str) -> Result<u64> {
    let i = ops::index(cx, v)?;
    let negative = match int::to_i128(i) {
        Some(n) => n < 0,
        None => i.cast::<int::Int>().is_some_and(|b| b.is_negative()),
    };
    if negative {
        return Err(cx.value_error("Cannot convert negative int"));
    }
    int::to_i128(i)
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| *n <= most)
        .ok_or_else(|| cx.error(ExcKind::OverflowError, format!("Python int too large for C {name}")))
}

/// A device number, or -1 for "none".
fn device_arg(cx: &mut Cx, v: Obj) -> Result<u64> {
    if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
        return Err(cx.type_error(format!("'{}' object cannot be interpreted as an integer", cx.type_name(v))));
    }
    let i = ops::index(cx, v)?;
    match int::to_i128(i) {
        Some(-1) => Ok(u64::MAX),
        Some(n) if (0..=i128::from(u64::MAX)).contains(&n) => Ok(n as u64),
        Some(n) if n < 0 => Err(cx.error(ExcKind::OverflowError, "can't convert negative int to unsigned")),
        _ => Err(cx.error(ExcKind::OverflowError, "int too big to convert")),
    }
}

/// Half of a device number, or -1 for "none".
fn half_arg(cx: &mut Cx, v: Obj) -> Result<u32> {
    let i = ops::index(cx, v)?;
    match int::to_i128(i) {
        Some(-1) => Ok(u32::MAX),
        Some(n) if n < 0 => Err(cx.error(ExcKind::OverflowError, "can't convert negative int to unsigned")),
        Some(n) if n <= i128::from(u32::MAX) => Ok(n as u32),
        _ => Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C unsigned int")),
    }
}

/// The -1 of a half or a whole is shown as such.
fn half_obj(n: u32) -> Obj {
    Obj::int_unchecked(if n == u32::MAX { -1 } else { i64::from(n) })
}

fn seconds(cx: &mut Cx, (next, interval): call::Timer) -> Result<Obj> {
    (next as f64 * 1e-9, interval as f64 * 1e-9).into_obj(cx)
}

/// Seconds as nanoseconds, rounded down.
fn timer_arg(cx: &mut Cx, v: f64) -> Result<i64> {
    let v = float::new(cx, v)?;
    match timeout::nanoseconds(cx, v, 1_000_000_000) {
        Err(e) if e.is(cx, ExcKind::OverflowError) => {
            Err(cx.error(ExcKind::OverflowError, "timestamp out of range for C PyTime_t"))
        }
        n => Ok(n?.unwrap_or(0)),
    }
}

/// Part of `posix`.
#[module("posix")]
pub mod transfer {
    use super::*;

    // The defaults of `flags` here are the close-on-exec flags.

    /// Read from a file descriptor fd into an iterable of buffers; returns how
    /// many bytes there were.
    fn readv(cx: &mut Cx, fd: i32, buffers: Obj) -> Result<usize> {
        read_into(cx, fd, buffers, None, "readv")
    }
    /// Read from a file descriptor fd into a number of mutable bytes-like objects,
    /// from offset on; the file's position stays.
    #[sig(fd, buffers, offset, flags = 0, /)]
    fn preadv(cx: &mut Cx, fd: i32, buffers: Obj, offset: i64, flags: i32) -> Result<usize> {
        read_into(cx, fd, buffers, Some((offset, flags)), "preadv2")
    }
    /// Iterate over buffers, and write the contents of each to a file descriptor.
    fn writev(cx: &mut Cx, fd: i32, buffers: Obj) -> Result<usize> {
        write_from(cx, fd, buffers, None, "writev")
    }
    /// Writes the contents of bytes-like objects to a file descriptor fd at a
    /// given offset; the file's position stays.
    #[sig(fd, buffers, offset, flags = 0, /)]
    fn pwritev(cx: &mut Cx, fd: i32, buffers: Obj, offset: i64, flags: i32) -> Result<usize> {
        write_from(cx, fd, buffers, Some((offset, flags)), "pwritev")
    }
    /// Copy count bytes from one file descriptor to another, inside the kernel.
    #[sig(src, dst, count, offset_src = None, offset_dst = None)]
    fn copy_file_range(
        cx: &mut Cx,
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<i64>,
        offset_dst: Option<i64>,
    ) -> Result<usize> {
        let n = byte_count(cx, count)?;
        sys_raise(cx, || call::copy_file_range((src, offset_src), (dst, offset_dst), n))
    }
    /// Transfer count bytes from one pipe to a descriptor or vice versa.
    #[sig(src, dst, count, offset_src = None, offset_dst = None, flags = 0)]
    fn splice(
        cx: &mut Cx,
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<i64>,
        offset_dst: Option<i64>,
        flags: u32,
    ) -> Result<usize> {
        let n = byte_count(cx, count)?;
        sys_raise(cx, || call::splice((src, offset_src), (dst, offset_dst), n, flags))
    }
    /// Apply, test or remove a POSIX lock on an open file descriptor.
    fn lockf(cx: &mut Cx, fd: i32, command: i32, length: i64) -> Result<()> {
        sys_raise(cx, || call::lockf(fd, command, length))
    }
    /// Announce an intention to access data in a specific pattern.
    fn posix_fadvise(cx: &mut Cx, fd: i32, offset: i64, length: i64, advice: i32) -> Result<()> {
        sys_raise(cx, || call::fadvise(fd, offset, length, advice))
    }
    /// Ensure a file has allocated at least a particular number of bytes on disk.
    fn posix_fallocate(cx: &mut Cx, fd: i32, offset: i64, length: i64) -> Result<()> {
        sys_raise(cx, || call::fallocate(fd, offset, length))
    }
    /// Force write of everything to disk.
    fn sync(cx: &mut Cx) {
        cx.blocked(call::sync);
    }
    /// A file that lives in memory; its name is for looking at only.
    #[sig(name, flags = 1)]
    fn memfd_create(cx: &mut Cx, name: Path, flags: u32) -> Result<i32> {
        sys_raise(cx, || call::memfd_create(name.as_c(), flags))
    }
    /// Creates and returns an event notification file descriptor.
    #[sig(initval, flags = 524288)]
    fn eventfd(cx: &mut Cx, initval: Obj, flags: i32) -> Result<i32> {
        let n = unsigned(cx, initval, u64::from(u32::MAX), "unsigned int")?;
        sys_raise(cx, || call::eventfd(n as u32, flags))
    }
    /// Read eventfd value.
    #[sig(fd)]
    fn eventfd_read(cx: &mut Cx, fd: Fd) -> Result<u64> {
        sys_raise(cx, || call::eventfd_read(fd.0))
    }
    /// Write eventfd value.
    #[sig(fd, value)]
    fn eventfd_write(cx: &mut Cx, fd: Fd, value: Obj) -> Result<()> {
        let n = unsigned(cx, value, u64::MAX, "unsigned long long")?;
        sys_raise(cx, || call::eventfd_write(fd.0, n))
    }
    /// Create and return a timer file descriptor, which is not inherited.
    #[sig(clockid, /, *, flags = 0)]
    fn timerfd_create(cx: &mut Cx, clockid: i32, flags: i32) -> Result<i32> {
        sys_raise(cx, || call::timerfd_create(clockid, flags | libc::TFD_CLOEXEC))
    }
    /// Alter a timer file descriptor's internal timer in seconds; returns what it was.
    #[sig(fd, /, *, flags = 0, initial = 0.0, interval = 0.0)]
    fn timerfd_settime(cx: &mut Cx, fd: Fd, flags: i32, initial: f64, interval: f64) -> Result<Obj> {
        let new = (timer_arg(cx, initial)?, timer_arg(cx, interval)?);
        let old = sys_raise(cx, || call::timerfd_settime(fd.0, flags, new))?;
        seconds(cx, old)
    }
    /// Alter a timer file descriptor's internal timer in nanoseconds; returns what it was.
    #[sig(fd, /, *, flags = 0, initial = 0, interval = 0)]
    fn timerfd_settime_ns(cx: &mut Cx, fd: Fd, flags: i32, initial: i64, interval: i64) -> Result<(i64, i64)> {
        sys_raise(cx, || call::timerfd_settime(fd.0, flags, (initial, interval)))
    }
    /// Return a tuple of a timer file descriptor's (next expiration, interval) in float seconds.
    fn timerfd_gettime(cx: &mut Cx, fd: Fd) -> Result<Obj> {
        let t = sys_raise(cx, || call::timerfd_gettime(fd.0))?;
        seconds(cx, t)
    }
    /// Return a tuple of a timer file descriptor's (next expiration, interval) in nanoseconds.
    fn timerfd_gettime_ns(cx: &mut Cx, fd: Fd) -> Result<(i64, i64)> {
        sys_raise(cx, || call::timerfd_gettime(fd.0))
    }
    /// Create a node in the file system: a file, a named pipe or a device.
    #[sig(path, mode = 384, device = 0, *, dir_fd = None)]
    fn mknod(cx: &mut Cx, path: PathArg, mode: i32, device: Obj, dir_fd: DirFd) -> Result<()> {
        let device = device_arg(cx, device)?;
        // CPython's error does not name the file.
        sys_raise(cx, || call::mknodat(dir_fd.0, path.as_c(), mode as u32, device))
    }
    /// Extracts a device major number from a raw device number.
    fn major(cx: &mut Cx, device: Obj) -> Result<Obj> {
        let d = device_arg(cx, device)?;
        Ok(half_obj(libc::major(d)))
    }
    /// Extracts a device minor number from a raw device number.
    fn minor(cx: &mut Cx, device: Obj) -> Result<Obj> {
        let d = device_arg(cx, device)?;
        Ok(half_obj(libc::minor(d)))
    }
    /// Composes a raw device number from the major and minor device numbers.
    fn makedev(cx: &mut Cx, major: Obj, minor: Obj) -> Result<Obj> {
        let (a, b) = (half_arg(cx, major)?, half_arg(cx, minor)?);
        match libc::makedev(a, b) {
            u64::MAX => Ok(Obj::int_unchecked(-1)),
            d => d.into_obj(cx),
        }
    }
}
