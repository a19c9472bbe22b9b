//! `FileIO`: a raw file on a descriptor.
//!
//! Tests: CPython test_fileio, test_io.

use super::base::{RawIOBase, name_for_repr};
use super::{closed_error, unsupported};
use crate::buffer::{self, Buf};
use crate::sys;
use crate::util::{Path, bytes_obj, os_error, os_error_with, sys_call, sys_raise};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result, float, int, ops};

const READ: u32 = 1;
const WRITE: u32 = 2;
const CREATE: u32 = 4;
const APPEND: u32 = 8;
const CLOSE_FD: u32 = 16;
const SEEKABLE: u32 = 32;
const NOT_SEEKABLE: u32 = 64;

/// `_io.FileIO`.
#[derive(Trace)]
pub struct FileIO {
    /// The descriptor, or -1 when closed.
    fd: AtomicI64,
    flags: AtomicU32,
    blksize: AtomicI64,
    finalizing: AtomicBool,
}

impl FileIO {
    /// The descriptor, if open.
    pub fn fd(&self) -> Option<i32> {
        match self.fd.load(Ordering::Relaxed) {
            n if n >= 0 => Some(n as i32),
            _ => None,
        }
    }
    fn open_fd(&self, cx: &Cx) -> Result<i32> {
        self.fd().ok_or_else(|| closed_error(cx))
    }
    fn has(&self, f: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & f != 0
    }
    /// Preferred buffer size.
    pub fn block_size(&self) -> i64 {
        self.blksize.load(Ordering::Relaxed)
    }
    fn for_reading(&self, cx: &mut Cx) -> Result<i32> {
        let fd = self.open_fd(cx)?;
        if self.has(READ) { Ok(fd) } else { Err(unsupported(cx, "File not open for reading")) }
    }
    fn for_writing(&self, cx: &mut Cx) -> Result<i32> {
        let fd = self.open_fd(cx)?;
        if self.has(WRITE) { Ok(fd) } else { Err(unsupported(cx, "File not open for writing")) }
    }
    /// Read into `buf`; `None` when it would block.
    pub fn read_raw(&self, cx: &mut Cx, buf: &mut [u8]) -> Result<Option<usize>> {
        let fd = self.for_reading(cx)?;
        match sys_call(cx, || sys::read(fd, buf))? {
            Ok(n) => Ok(Some(n)),
            Err(libc::EAGAIN) => Ok(None),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Write; `None` when it would block.
    pub fn write_raw(&self, cx: &mut Cx, data: &[u8]) -> Result<Option<usize>> {
        let fd = self.for_writing(cx)?;
        match sys_call(cx, || sys::write(fd, data))? {
            Ok(n) => Ok(Some(n)),
            Err(libc::EAGAIN) => Ok(None),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// `lseek`.
    pub fn seek_raw(&self, cx: &mut Cx, pos: i64, how: i32) -> Result<i64> {
        let fd = self.open_fd(cx)?;
        sys_raise(cx, || sys::lseek(fd, pos, how))
    }
    /// Read until the end.
    pub fn read_all(&self, cx: &mut Cx) -> Result<Option<Vec<u8>>> {
        let fd = self.for_reading(cx)?;
        let rest = cx.blocked(|| {
            let end = sys::fstat(fd).map_or(0, |s| s.st_size);
            let at = sys::lseek(fd, 0, libc::SEEK_CUR).unwrap_or(0);
            (end - at).max(0) as usize
        });
        let mut buf = Vec::new();
        let mut len = 0;
        buf.resize(if rest > 0 { rest + 1 } else { super::BUFFER_SIZE }, 0);
        loop {
            if len == buf.len() {
                buf.resize(len + len.max(super::BUFFER_SIZE), 0);
            }
            match self.read_raw(cx, &mut buf[len..])? {
                Some(0) => break,
                Some(n) => len += n,
                None if len == 0 => return Ok(None),
                None => break,
            }
        }
        buf.truncate(len);
        Ok(Some(buf))
    }
    fn close_raw(&self, cx: &mut Cx) -> Result<()> {
        let fd = self.fd.swap(-1, Ordering::Relaxed);
        if fd >= 0 && self.has(CLOSE_FD) {
            match cx.blocked(|| sys::close(fd as i32)) {
                Ok(()) | Err(libc::EINTR) => {}
                Err(e) => return Err(os_error(cx, e)),
            }
        }
        Ok(())
    }
    fn mode_text(&self) -> &'static str {
        match (self.has(CREATE), self.has(APPEND), self.has(READ), self.has(WRITE)) {
            (true, _, true, _) => "xb+",
            (true, _, false, _) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, false, _) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, false) => "rb",
            _ => "wb",
        }
    }
}

/// ResourceWarning for a file that was not closed.
pub fn warn_unclosed(cx: &mut Cx, f: Gc<FileIO>) {
    if f.fd().is_none() || !f.has(CLOSE_FD) || f.finalizing.swap(true, Ordering::Relaxed) {
        return;
    }
    if let Ok(r) = ops::repr(cx, f.obj()) {
        let text = format!("unclosed file {}", r.to_str());
        let _ = crate::util::warn(cx, &text, ExcKind::ResourceWarning, 1);
    }
}

fn parse_mode(cx: &mut Cx, mode: &str) -> Result<(u32, i32)> {
    let bad = "Must have exactly one of create/read/write/append mode and at most one plus";
    let (mut flags, mut os) = (0, 0);
    let (mut seen, mut plus) = (false, false);
    for c in mode.chars() {
        match c {
            'x' | 'r' | 'w' | 'a' if seen => return Err(cx.value_error(bad)),
            'x' => {
                seen = true;
                flags |= CREATE | WRITE;
                os |= libc::O_EXCL | libc::O_CREAT;
            }
            'r' => {
                seen = true;
                flags |= READ;
            }
            'w' => {
                seen = true;
                flags |= WRITE;
                os |= libc::O_CREAT | libc::O_TRUNC;
            }
            'a' => {
                seen = true;
                flags |= WRITE | APPEND;
                os |= libc::O_APPEND | libc::O_CREAT;
            }
            'b' => {}
            '+' if plus => return Err(cx.value_error(bad)),
            '+' => {
                plus = true;
                flags |= READ | WRITE;
            }
            _ => return Err(cx.value_error(format!("invalid mode: {mode}"))),
        }
    }
    if !seen {
        return Err(cx.value_error(bad));
    }
    os |= match (flags & READ != 0, flags & WRITE != 0) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    Ok((flags, os | libc::O_CLOEXEC))
}

/// Open a file.
///
/// The mode can be 'r' (default), 'w', 'x' or 'a' for reading, writing,
/// exclusive creation or appending.  The file will be created if it
/// doesn't exist when opened for writing or appending; it will be
/// truncated when opened for writing.  A FileExistsError will be raised
/// if it already exists when opened for creating. Opening a file for
/// creating implies writing so this mode behaves in a similar way to 'w'.
/// Add a '+' to the mode to allow simultaneous reading and writing.
/// A custom opener can be used by passing a callable as *opener*. The
/// underlying file descriptor for the file object is then obtained by
/// calling opener with (*name*, *flags*). *opener* must return an open
/// file descriptor (passing os.open as *opener* results in functionality
/// similar to passing None).
#[class(module = "_io", name = "FileIO", base = RawIOBase, subclassable, dict, weakref)]
impl FileIO {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<FileIO> {
        let _ = (cx, cls, args);
        Ok(FileIO {
            fd: AtomicI64::new(-1),
            flags: AtomicU32::new(CLOSE_FD),
            blksize: AtomicI64::new(super::BUFFER_SIZE as i64),
            finalizing: AtomicBool::new(false),
        })
    }
    #[sig(file, mode = "r", closefd = True, opener = None)]
    fn __init__(
        this: Gc<Self>,
        cx: &mut Cx,
        file: Obj,
        mode: String,
        closefd: bool,
        opener: Option<Obj>,
    ) -> Result<()> {
        if this.fd().is_some() {
            if this.has(CLOSE_FD) {
                this.close_raw(cx)?;
            } else {
                this.fd.store(-1, Ordering::Relaxed);
            }
        }
        let mut given = None;
        if float::value(file).is_some() {
            return Err(cx.type_error("integer argument expected, got float"));
        }
        if int::is_int(file) {
            crate::util::warn_of_bool(cx, file)?;
            let fd = i32::from_arg(cx, file)?;
            if fd < 0 {
                return Err(cx.value_error("negative file descriptor"));
            }
            given = Some(fd);
        }
        let (mut flags, os) = parse_mode(cx, &mode)?;
        if closefd {
            flags |= CLOSE_FD;
        }
        let mut own = false;
        let fd = match (given, opener) {
            (Some(fd), _) => {
                if let Err(e) = cx.blocked(|| sys::fstat(fd)) {
                    return Err(os_error(cx, e));
                }
                fd
            }
            (None, _) if !closefd => return Err(cx.value_error("Cannot use closefd=False with file name")),
            (None, Some(f)) => {
                own = true;
                let r = ops::call_args(cx, f, &[file, Obj::int_unchecked(i64::from(os))])?;
                if !int::is_int(r) {
                    return Err(cx.type_error("expected integer from opener"));
                }
                let fd = i32::from_arg(cx, r)?;
                if fd < 0 {
                    return Err(cx.value_error(format!("opener returned {fd}")));
                }
                fd
            }
            (None, None) => {
                own = true;
                let path = Path::from_arg(cx, file)?;
                let mut open = || sys::openat(libc::AT_FDCWD, path.as_c(), os, 0o666);
                match sys_call(cx, &mut open)? {
                    Ok(fd) => fd,
                    Err(e) => return Err(os_error_with(cx, e, &[file])),
                }
            }
        };
        this.fd.store(i64::from(fd), Ordering::Relaxed);
        this.flags.store(flags, Ordering::Relaxed);
        let st = cx.blocked(|| sys::fstat(fd));
        if let Ok(st) = st {
            if st.st_mode & libc::S_IFMT == libc::S_IFDIR {
                if !own {
                    this.flags.fetch_and(!CLOSE_FD, Ordering::Relaxed);
                }
                this.close_raw(cx)?;
                return Err(os_error_with(cx, libc::EISDIR, &[file]));
            }
            if st.st_blksize > 1 {
                this.blksize.store(st.st_blksize.max(super::BUFFER_SIZE as i64), Ordering::Relaxed);
            }
        }
        let n = cx.intern("name")?;
        ops::set_attr(cx, this.obj(), n, Some(file))?;
        if flags & APPEND != 0 {
            let _ = cx.blocked(|| sys::lseek(fd, 0, libc::SEEK_END));
        }
        Ok(())
    }
    /// Read at most size bytes, returned as bytes.
    #[sig(size = -1, /)]
    fn read(&self, cx: &mut Cx, size: Option<isize>) -> Result<Obj> {
        match size {
            Some(n) if n >= 0 => {
                cx.check_room(n as usize)?;
                let mut buf = vec![0; n as usize];
                match self.read_raw(cx, &mut buf)? {
                    Some(n) => bytes_obj(cx, &buf[..n]),
                    None => Ok(Obj::NONE),
                }
            }
            _ => self.readall(cx),
        }
    }
    /// Read all data from the file, returned as bytes.
    fn readall(&self, cx: &mut Cx) -> Result<Obj> {
        match self.read_all(cx)? {
            Some(b) => bytes_obj(cx, &b),
            None => Ok(Obj::NONE),
        }
    }
    /// Same as RawIOBase.readinto().
    fn readinto(&self, cx: &mut Cx, buffer: Obj) -> Result<Obj> {
        self.for_reading(cx)?;
        let mut buf = vec![0; buffer::writable_len(cx, buffer)?];
        match self.read_raw(cx, &mut buf)? {
            Some(n) => {
                buffer::write_into(cx, buffer, &buf[..n])?;
                Ok(Obj::int_unchecked(n as i64))
            }
            None => Ok(Obj::NONE),
        }
    }
    /// Write buffer b to file, return number of bytes written.
    fn write(&self, cx: &mut Cx, b: Buf) -> Result<Option<usize>> {
        self.for_writing(cx)?;
        let data = b.to_vec(cx)?;
        self.write_raw(cx, &data)
    }
    /// Move to new file position and return the file position.
    #[sig(pos, whence = 0, /)]
    fn seek(&self, cx: &mut Cx, pos: Obj, whence: i32) -> Result<i64> {
        if float::value(pos).is_some() {
            return Err(cx.type_error("an integer is required"));
        }
        self.open_fd(cx)?;
        let pos = i64::from_arg(cx, pos)?;
        self.seek_raw(cx, pos, whence)
    }
    /// Current file position.
    fn tell(&self, cx: &mut Cx) -> Result<i64> {
        self.seek_raw(cx, 0, libc::SEEK_CUR)
    }
    /// Truncate the file to at most size bytes and return the truncated size.
    #[sig(size = None, /)]
    fn truncate(&self, cx: &mut Cx, size: Option<i64>) -> Result<i64> {
        let fd = self.for_writing(cx)?;
        let n = match size {
            Some(n) => n,
            None => self.seek_raw(cx, 0, libc::SEEK_CUR)?,
        };
        sys_raise(cx, || sys::ftruncate(fd, n))?;
        Ok(n)
    }
    /// Close the file.
    fn close(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        // A derived class's `flush` is called first, as IOBase.close does.
        let n = cx.intern("__IOBase_closed")?;
        let class = ops::class_of(this.obj());
        let mut first = Ok(());
        if !class.is_native() && typhon_object::instance::get(this.obj(), n).is_none() {
            first = ops::call_method(cx, this.obj(), "flush", &[]).map(|_| ());
            typhon_object::instance::set(cx, this.obj(), n, Obj::TRUE)?;
        }
        if !this.has(CLOSE_FD) {
            this.fd.store(-1, Ordering::Relaxed);
            return first;
        }
        let r = this.close_raw(cx);
        first.and(r)
    }
    fn flush(&self, cx: &mut Cx) -> Result<()> {
        self.open_fd(cx).map(|_| ())
    }
    #[getter]
    fn closed(&self) -> bool {
        self.fd().is_none()
    }
    /// True if the file descriptor will be closed by close().
    #[getter]
    fn closefd(&self) -> bool {
        self.has(CLOSE_FD)
    }
    /// String giving the file mode
    #[getter]
    fn mode(&self) -> &'static str {
        self.mode_text()
    }
    #[getter]
    #[name("_blksize")]
    fn blksize(&self) -> i64 {
        self.block_size()
    }
    #[setter]
    #[name("_blksize")]
    fn set_blksize(&self, v: i64) {
        self.blksize.store(v, Ordering::Relaxed);
    }
    /// True if file supports random-access.
    fn seekable(&self, cx: &mut Cx) -> Result<bool> {
        let fd = self.open_fd(cx)?;
        if !self.has(SEEKABLE | NOT_SEEKABLE) {
            let ok = cx.blocked(|| sys::lseek(fd, 0, libc::SEEK_CUR)).is_ok();
            self.flags.fetch_or(if ok { SEEKABLE } else { NOT_SEEKABLE }, Ordering::Relaxed);
        }
        Ok(self.has(SEEKABLE))
    }
    /// True if file was opened in a read mode.
    fn readable(&self, cx: &Cx) -> Result<bool> {
        self.open_fd(cx)?;
        Ok(self.has(READ))
    }
    /// True if file was opened in a write mode.
    fn writable(&self, cx: &Cx) -> Result<bool> {
        self.open_fd(cx)?;
        Ok(self.has(WRITE))
    }
    /// Return the underlying file descriptor (an integer).
    fn fileno(&self, cx: &Cx) -> Result<i32> {
        self.open_fd(cx)
    }
    /// True if the file is connected to a TTY device.
    fn isatty(&self, cx: &mut Cx) -> Result<bool> {
        let fd = self.open_fd(cx)?;
        Ok(cx.blocked(|| sys::isatty(fd)))
    }
    #[name("_isatty_open_only")]
    fn isatty_open_only(&self, cx: &mut Cx) -> Result<bool> {
        self.isatty(cx)
    }
    #[name("_dealloc_warn")]
    fn dealloc_warn(this: Gc<Self>, cx: &mut Cx, source: Obj) {
        let _ = source;
        warn_unclosed(cx, this);
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let class = ops::full_name(cx, ops::class_of(this.obj()));
        let Some(fd) = this.fd() else { return Ok(format!("<{class} [closed]>")) };
        let close = if this.has(CLOSE_FD) { "True" } else { "False" };
        let mode = this.mode_text();
        Ok(match name_for_repr(cx, this.obj())? {
            Some(n) => format!("<{class} name={n} mode='{mode}' closefd={close}>"),
            None => format!("<{class} fd={fd} mode='{mode}' closefd={close}>"),
        })
    }
    fn __getstate__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let n = cx.type_name(this.obj());
        let e = cx.type_error(format!("cannot pickle '{n}' instances"));
        let _ = 0.into_obj(cx);
        Err(e)
    }
}
