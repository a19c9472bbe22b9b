//! `_IOBase` and the abstract classes under it.
//!
//! These have no payload: a Python class may derive from them together with
//! anything else. Whether such an object is closed is an attribute of it.
//! Tests: CPython test_io.

use super::{closed_error, unsupported};
use crate::util::{attr, attr_opt};
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::native::Missing;
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result, exc, instance, list, name, ops};

/// Raise if `o.closed`.
pub fn check_closed(cx: &mut Cx, o: Obj) -> Result<()> {
    let c = attr(cx, o, "closed")?;
    if ops::truth(cx, c)? {
        return Err(closed_error(cx));
    }
    Ok(())
}

fn method_true(cx: &mut Cx, o: Obj, method: &str, msg: &str) -> Result<()> {
    let r = ops::call_method(cx, o, method, &[])?;
    if r == Obj::TRUE { Ok(()) } else { Err(unsupported(cx, msg)) }
}

/// `_io._IOBase`.
#[derive(Trace)]
pub struct IOBase {}

/// The abstract base class for all I/O classes.
///
/// This class provides dummy implementations for many methods that
/// derived classes can override selectively; the default implementations
/// represent a file that cannot be read, written or seeked.
///
/// Even though IOBase does not declare read, readinto, or write because
/// their signatures will vary, implementations and clients should
/// consider those methods part of the interface. Also, implementations
/// may raise UnsupportedOperation when operations they do not support are
/// called.
///
/// The basic type used for binary data read from or written to a file is
/// bytes. Other bytes-like objects are accepted as method arguments too.
/// In some cases (such as readinto), a writable object is required. Text
/// I/O classes work with str data.
///
/// Note that calling any method (except additional calls to close(),
/// which are ignored) on a closed stream should raise a ValueError.
///
/// IOBase (and its subclasses) support the iterator protocol, meaning
/// that an IOBase object can be iterated over yielding the lines in a
/// stream.
///
/// IOBase also supports the :keyword:`with` statement. In this example,
/// fp is closed after the suite of the with statement is complete:
///
/// with open('spam.txt', 'r') as fp:
///     fp.write('Spam and eggs!')
#[class(module = "_io", name = "_IOBase", subclassable, dict, weakref)]
impl IOBase {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: typhon_object::native::Args<'_>) -> Result<IOBase> {
        let _ = (cx, cls, args);
        Ok(IOBase {})
    }
    /// Change the stream position to the given byte offset.
    #[sig(offset, whence = 0, /)]
    fn seek(this: Gc<Self>, cx: &mut Cx, offset: Obj, whence: i32) -> Result<Obj> {
        let _ = (this, offset, whence);
        Err(unsupported(cx, "seek"))
    }
    /// Return current stream position.
    fn tell(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        ops::call_method(cx, this.obj(), "seek", &[Obj::int_unchecked(0), Obj::int_unchecked(1)])
    }
    /// Truncate file to size bytes.
    #[sig(size = None, /)]
    fn truncate(this: Gc<Self>, cx: &mut Cx, size: Obj) -> Result<Obj> {
        let _ = (this, size);
        Err(unsupported(cx, "truncate"))
    }
    /// Flush write buffers, if applicable.
    fn flush(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let n = name!(cx, "__IOBase_closed");
        if ops::get_attr_opt(cx, this.obj(), n)?.is_some() {
            return Err(closed_error(cx));
        }
        Ok(())
    }
    /// Flush and close the IO object.
    fn close(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let n = name!(cx, "__IOBase_closed");
        if ops::get_attr_opt(cx, this.obj(), n)?.is_some() {
            return Ok(());
        }
        let r = ops::call_method(cx, this.obj(), "flush", &[]);
        let s = ops::set_attr(cx, this.obj(), n, Some(Obj::TRUE));
        r?;
        s
    }
    #[getter]
    fn closed(this: Gc<Self>, cx: &mut Cx) -> Result<bool> {
        let n = name!(cx, "__IOBase_closed");
        Ok(ops::get_attr_opt(cx, this.obj(), n)?.is_some())
    }
    /// Return whether object supports random access.
    fn seekable(&self) -> bool {
        false
    }
    /// Return whether object was opened for reading.
    fn readable(&self) -> bool {
        false
    }
    /// Return whether object was opened for writing.
    fn writable(&self) -> bool {
        false
    }
    #[name("_checkClosed")]
    #[sig(msg = None)]
    fn check_closed(this: Gc<Self>, cx: &mut Cx, msg: Obj) -> Result<Obj> {
        let _ = msg;
        check_closed(cx, this.obj())?;
        Ok(Obj::TRUE)
    }
    #[name("_checkSeekable")]
    #[sig(msg = None)]
    fn check_seekable(this: Gc<Self>, cx: &mut Cx, msg: Obj) -> Result<Obj> {
        let _ = msg;
        method_true(cx, this.obj(), "seekable", "File or stream is not seekable.")?;
        Ok(Obj::TRUE)
    }
    #[name("_checkReadable")]
    #[sig(msg = None)]
    fn check_readable(this: Gc<Self>, cx: &mut Cx, msg: Obj) -> Result<Obj> {
        let _ = msg;
        method_true(cx, this.obj(), "readable", "File or stream is not readable.")?;
        Ok(Obj::TRUE)
    }
    #[name("_checkWritable")]
    #[sig(msg = None)]
    fn check_writable(this: Gc<Self>, cx: &mut Cx, msg: Obj) -> Result<Obj> {
        let _ = msg;
        method_true(cx, this.obj(), "writable", "File or stream is not writable.")?;
        Ok(Obj::TRUE)
    }
    /// Return underlying file descriptor if one exists.
    fn fileno(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let _ = this;
        Err(unsupported(cx, "fileno"))
    }
    /// Return whether this is an 'interactive' stream.
    fn isatty(this: Gc<Self>, cx: &mut Cx) -> Result<bool> {
        check_closed(cx, this.obj())?;
        Ok(false)
    }
    fn __enter__(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Self>> {
        check_closed(cx, this.obj())?;
        Ok(this)
    }
    #[sig(*args)]
    fn __exit__(this: Gc<Self>, cx: &mut Cx, args: &[Obj]) -> Result<()> {
        let _ = args;
        ops::call_method(cx, this.obj(), "close", &[]).map(|_| ())
    }
    fn __iter__(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Self>> {
        check_closed(cx, this.obj())?;
        Ok(this)
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let line = ops::call_method(cx, this.obj(), "readline", &[])?;
        if ops::truth(cx, line)? { Ok(line) } else { Err(exc::stop_iteration(cx, Obj::NONE)) }
    }
    /// Read and return a line from the stream.
    #[sig(size = -1, /)]
    fn readline(this: Gc<Self>, cx: &mut Cx, size: Option<isize>) -> Result<Obj> {
        let o = this.obj();
        let limit = size.filter(|n| *n >= 0).map(|n| n as usize);
        let peek = attr_opt(cx, o, "peek")?;
        let mut out: Vec<u8> = Vec::new();
        while limit.is_none_or(|l| out.len() < l) {
            let mut want = 1;
            if let Some(p) = peek {
                let b = ops::call_args(cx, p, &[Obj::int_unchecked(1)])?;
                let Some(b) = b.cast::<Bytes>() else {
                    let msg = format!("peek() should have returned a bytes object, not '{}'", cx.type_name(b));
                    return Err(cx.error(ExcKind::OSError, msg));
                };
                let b = b.as_slice();
                if !b.is_empty() {
                    want = memchr::memchr(b'\n', b).map_or(b.len(), |i| i + 1);
                    if let Some(l) = limit {
                        want = want.min(l - out.len());
                    }
                }
            }
            let b = ops::call_method(cx, o, "read", &[Obj::int_unchecked(want as i64)])?;
            let Some(b) = b.cast::<Bytes>() else {
                let msg = format!("read() should have returned a bytes object, not '{}'", cx.type_name(b));
                return Err(cx.error(ExcKind::OSError, msg));
            };
            if b.as_slice().is_empty() {
                break;
            }
            out.extend_from_slice(b.as_slice());
            if out.ends_with(b"\n") {
                break;
            }
        }
        crate::util::bytes_obj(cx, &out)
    }
    /// Return a list of lines from the stream.
    #[sig(hint = -1, /)]
    fn readlines(this: Gc<Self>, cx: &mut Cx, hint: Option<isize>) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        let mut left = hint.filter(|h| *h > 0);
        ops::for_each(cx, this.obj(), |cx, line| {
            l.append(cx, line)?;
            if let Some(n) = &mut left {
                *n -= ops::len(cx, line)? as isize;
                return Ok(*n > 0);
            }
            Ok(true)
        })?;
        Ok(l.obj())
    }
    /// Write a list of lines to stream.
    fn writelines(this: Gc<Self>, cx: &mut Cx, lines: Obj) -> Result<()> {
        check_closed(cx, this.obj())?;
        let write = attr(cx, this.obj(), "write")?;
        ops::for_each(cx, lines, |cx, line| {
            ops::call_args(cx, write, &[line])?;
            Ok(true)
        })
    }
    fn __del__(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let o = this.obj();
        let closed = match attr(cx, o, "closed") {
            Ok(c) => ops::truth(cx, c).unwrap_or(true),
            Err(_) => return Ok(()),
        };
        if !closed {
            if let Some(f) = o.cast::<super::fileio::FileIO>() {
                super::fileio::warn_unclosed(cx, f);
            }
            ops::call_method(cx, o, "close", &[])?;
        }
        Ok(())
    }
}

/// `_io._RawIOBase`.
#[derive(Trace)]
pub struct RawIOBase {}

/// Base class for raw binary I/O.
#[class(module = "_io", name = "_RawIOBase", base = IOBase, subclassable, dict, weakref, inherit_new)]
impl RawIOBase {
    #[sig(size = -1, /)]
    fn read(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let n = match size.given() {
            None | Some(Obj::NONE) => -1,
            Some(v) => <isize as typhon_object::native::FromArg>::from_arg(cx, v)?,
        };
        if n < 0 {
            return ops::call_method(cx, this.obj(), "readall", &[]);
        }
        let class = crate::util::builtin(cx, "bytearray")?;
        let b = ops::call_args(cx, class, &[Obj::int_unchecked(n as i64)])?;
        let r = ops::call_method(cx, this.obj(), "readinto", &[b])?;
        if r.is_none() {
            return Ok(r);
        }
        let got = <isize as typhon_object::native::FromArg>::from_arg(cx, r)?;
        if got < 0 || got > n {
            return Err(cx.value_error(format!("readinto returned {got} outside buffer size {n}")));
        }
        let v = crate::buffer::copy(cx, b)?;
        crate::util::bytes_obj(cx, &v[..got as usize])
    }
    /// Read until EOF, using multiple read() call.
    fn readall(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let mut out = Vec::new();
        loop {
            let b = ops::call_method(cx, this.obj(), "read", &[Obj::int_unchecked(super::BUFFER_SIZE as i64)])?;
            if b.is_none() {
                if out.is_empty() {
                    return Ok(b);
                }
                break;
            }
            let Some(b) = b.cast::<Bytes>() else { return Err(cx.type_error("read() should return bytes")) };
            if b.as_slice().is_empty() {
                break;
            }
            out.extend_from_slice(b.as_slice());
        }
        crate::util::bytes_obj(cx, &out)
    }
}

/// `_io._BufferedIOBase`.
#[derive(Trace)]
pub struct BufferedIOBase {}

/// Base class for buffered IO objects.
///
/// The main difference with RawIOBase is that the read() method
/// supports omitting the size argument, and does not have a default
/// implementation that defers to readinto().
///
/// In addition, read(), readinto() and write() may raise
/// BlockingIOError if the underlying raw stream is in non-blocking
/// mode and not ready; unlike their raw counterparts, they will never
/// return None.
///
/// A typical implementation should not inherit from a RawIOBase
/// implementation, but wrap one.
#[class(module = "_io", name = "_BufferedIOBase", base = IOBase, subclassable, dict, weakref, inherit_new)]
impl BufferedIOBase {
    /// Disconnect this buffer from its underlying raw stream and return it.
    fn detach(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let _ = this;
        Err(unsupported(cx, "detach"))
    }
    /// Read and return up to n bytes.
    #[sig(size = -1, /)]
    fn read(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let _ = (this, size);
        Err(unsupported(cx, "read"))
    }
    /// Read and return up to size bytes, with at most one read() call to the underlying raw stream.
    #[sig(size = -1, /)]
    fn read1(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let _ = (this, size);
        Err(unsupported(cx, "read1"))
    }
    fn readinto(this: Gc<Self>, cx: &mut Cx, buffer: Obj) -> Result<Obj> {
        read_into(cx, this.obj(), buffer, "read")
    }
    fn readinto1(this: Gc<Self>, cx: &mut Cx, buffer: Obj) -> Result<Obj> {
        read_into(cx, this.obj(), buffer, "read1")
    }
    /// Write buffer b to the IO stream.
    fn write(this: Gc<Self>, cx: &mut Cx, b: Obj) -> Result<Obj> {
        let _ = (this, b);
        Err(unsupported(cx, "write"))
    }
}

fn read_into(cx: &mut Cx, o: Obj, buffer: Obj, method: &str) -> Result<Obj> {
    let n = crate::buffer::writable_len(cx, buffer)?;
    let b = ops::call_method(cx, o, method, &[Obj::int_unchecked(n as i64)])?;
    let Some(b) = b.cast::<Bytes>() else { return Err(cx.type_error("read() should return bytes")) };
    let b = b.as_slice();
    if b.len() > n {
        return Err(cx.value_error(format!("read() returned too much data: {n} bytes requested, {} returned", b.len())));
    }
    crate::buffer::write_into(cx, buffer, b)?;
    Ok(Obj::int_unchecked(b.len() as i64))
}

/// `_io._TextIOBase`.
#[derive(Trace)]
pub struct TextIOBase {}

/// Base class for text I/O.
///
/// This class provides a character and line based interface to stream
/// I/O. There is no readinto method because Python's character strings
/// are immutable.
#[class(module = "_io", name = "_TextIOBase", base = IOBase, subclassable, dict, weakref, inherit_new)]
impl TextIOBase {
    /// Separate the underlying buffer from the TextIOBase and return it.
    fn detach(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let _ = this;
        Err(unsupported(cx, "detach"))
    }
    /// Read at most size characters from stream.
    #[sig(size = -1, /)]
    fn read(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let _ = (this, size);
        Err(unsupported(cx, "read"))
    }
    /// Read until newline or EOF.
    #[sig(size = -1, /)]
    fn readline(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let _ = (this, size);
        Err(unsupported(cx, "readline"))
    }
    /// Write string s to stream.
    fn write(this: Gc<Self>, cx: &mut Cx, s: Obj) -> Result<Obj> {
        let _ = (this, s);
        Err(unsupported(cx, "write"))
    }
    /// Encoding of the text stream.
    #[getter]
    fn encoding(&self) -> Obj {
        Obj::NONE
    }
    /// Line endings translated so far.
    #[getter]
    fn newlines(&self) -> Obj {
        Obj::NONE
    }
    /// The error setting of the decoder or encoder.
    #[getter]
    fn errors(&self) -> Obj {
        Obj::NONE
    }
}

/// The `name` attribute for reprs: text of its repr, if there is one.
pub fn name_for_repr(cx: &mut Cx, o: Obj) -> Result<Option<String>> {
    match attr_opt(cx, o, "name") {
        Ok(Some(n)) => Ok(Some(ops::repr(cx, n)?.to_str().into_owned())),
        Ok(None) => Ok(None),
        Err(e) if e.is(cx, ExcKind::ValueError) => Ok(None),
        Err(e) => Err(e),
    }
}

/// `o.__dict__` for pickling state: None if there is none.
pub fn state_dict(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if instance::has_attrs(o) { Ok(instance::attrs_copy(cx, o)?.obj()) } else { Ok(Obj::NONE) }
}
