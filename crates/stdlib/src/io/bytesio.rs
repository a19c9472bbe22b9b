//! `BytesIO`: a file in memory.
//!
//! Tests: CPython test_memoryio.

use super::base::{BufferedIOBase, state_dict};
use crate::buffer::{self, Buf};
use crate::util::{bytes_obj, tuple_obj};
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{Args, FromArg, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Result, exc, instance, list};

/// The contents and the position.
#[derive(Trace)]
struct State {
    #[trace(skip)]
    buf: Vec<u8>,
    pos: usize,
    closed: bool,
}

/// `_io.BytesIO`.
#[derive(Trace)]
pub struct BytesIO {
    state: Guarded<State>,
}

/// A size argument: None and negative numbers mean everything.
pub fn size_arg(cx: &mut Cx, size: Missing<Obj>) -> Result<Option<usize>> {
    match size.given() {
        None | Some(Obj::NONE) => Ok(None),
        Some(v) => {
            if !typhon_object::int::is_int(v)
                && typhon_object::ops::class_of(v).special(typhon_object::Dunder::Index).is_none()
            {
                return Err(cx.type_error(format!("argument should be integer or None, not '{}'", cx.type_name(v))));
            }
            Ok(usize::try_from(isize::from_arg(cx, v)?).ok())
        }
    }
}

impl BytesIO {
    /// Run `f` on the state of an open file.
    fn with<R>(&self, cx: &Cx, f: impl FnOnce(&mut State) -> R) -> Result<R> {
        let mut s = self.state.write(cx, self);
        if s.closed {
            drop(s);
            return Err(cx.value_error("I/O operation on closed file."));
        }
        Ok(f(&mut s))
    }
    fn take(&self, cx: &Cx, n: Option<usize>) -> Result<Obj> {
        let b = self.with(cx, |s| {
            let start = s.pos.min(s.buf.len());
            let end = n.map_or(s.buf.len(), |n| start.saturating_add(n).min(s.buf.len()));
            s.pos = s.pos.max(end);
            s.buf[start..end].to_vec()
        })?;
        bytes_obj(cx, &b)
    }
    fn line(&self, cx: &Cx, n: Option<usize>) -> Result<Obj> {
        let b = self.with(cx, |s| {
            let start = s.pos.min(s.buf.len());
            let rest = &s.buf[start..];
            let mut len = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            if let Some(n) = n {
                len = len.min(n);
            }
            s.pos = s.pos.max(start + len);
            rest[..len].to_vec()
        })?;
        bytes_obj(cx, &b)
    }
    fn put(&self, cx: &Cx, b: &[u8]) -> Result<()> {
        if !b.is_empty() {
            let end = self.with(cx, |s| s.pos)?.saturating_add(b.len());
            cx.check_room(end)?;
        }
        self.with(cx, |s| {
            if b.is_empty() {
                return;
            }
            if s.pos > s.buf.len() {
                s.buf.resize(s.pos, 0);
            }
            let over = (s.buf.len() - s.pos).min(b.len());
            let at = s.pos;
            s.buf[at..at + over].copy_from_slice(&b[..over]);
            s.buf.extend_from_slice(&b[over..]);
            s.pos += b.len();
        })
    }
}

/// Buffered I/O implementation using an in-memory bytes buffer.
#[class(module = "_io", name = "BytesIO", base = BufferedIOBase, subclassable, dict, weakref)]
impl BytesIO {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<BytesIO> {
        let _ = (cx, cls, args);
        Ok(BytesIO { state: Guarded::new(State { buf: Vec::new(), pos: 0, closed: false }) })
    }
    #[sig(initial_bytes = None)]
    fn __init__(&self, cx: &mut Cx, initial_bytes: Option<Buf>) -> Result<()> {
        let b = match initial_bytes {
            Some(b) => b.to_vec(cx)?,
            None => Vec::new(),
        };
        *self.state.write(cx, self) = State { buf: b, pos: 0, closed: false };
        Ok(())
    }
    /// Returns True if the IO object can be read.
    fn readable(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| true)
    }
    /// Returns True if the IO object can be written.
    fn writable(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| true)
    }
    /// Returns True if the IO object can be seeked.
    fn seekable(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| true)
    }
    /// Does nothing.
    fn flush(&self, cx: &Cx) -> Result<()> {
        self.with(cx, |_| ())
    }
    /// Always returns False.
    fn isatty(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| false)
    }
    /// Retrieve the entire contents of the BytesIO object.
    fn getvalue(&self, cx: &Cx) -> Result<Obj> {
        let b = self.with(cx, |s| s.buf.clone())?;
        bytes_obj(cx, &b)
    }
    /// Get a read-write view over the contents of the BytesIO object.
    fn getbuffer(&self, cx: &mut Cx) -> Result<Obj> {
        let b = self.getvalue(cx)?;
        let array = crate::util::builtin(cx, "bytearray")?;
        let a = typhon_object::ops::call_args(cx, array, &[b])?;
        let view = crate::util::builtin(cx, "memoryview")?;
        typhon_object::ops::call_args(cx, view, &[a])
    }
    /// Read at most size bytes, returned as a bytes object.
    #[sig(size = -1, /)]
    fn read(&self, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let n = size_arg(cx, size)?;
        self.take(cx, n)
    }
    /// Read at most size bytes, returned as a bytes object.
    #[sig(size = -1, /)]
    fn read1(&self, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let n = size_arg(cx, size)?;
        self.take(cx, n)
    }
    /// Next line from the file, as a bytes object.
    #[sig(size = -1, /)]
    fn readline(&self, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let n = size_arg(cx, size)?;
        self.line(cx, n)
    }
    /// List of bytes objects, each a line from the file.
    #[sig(size = None, /)]
    fn readlines(&self, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
        let limit = size_arg(cx, size)?.filter(|n| *n > 0);
        let l = list::new(cx, &[])?;
        let mut total = 0;
        loop {
            let line = self.line(cx, None)?;
            let n = typhon_object::ops::len(cx, line)?;
            if n == 0 {
                break;
            }
            l.append(cx, line)?;
            total += n;
            if limit.is_some_and(|l| total >= l) {
                break;
            }
        }
        Ok(l.obj())
    }
    /// Read bytes into buffer.
    fn readinto(&self, cx: &mut Cx, buffer: Obj) -> Result<usize> {
        let n = buffer::writable_len(cx, buffer)?;
        let b = self.with(cx, |s| {
            let start = s.pos.min(s.buf.len());
            let end = (start + n).min(s.buf.len());
            s.pos = s.pos.max(end);
            s.buf[start..end].to_vec()
        })?;
        buffer::write_into(cx, buffer, &b)?;
        Ok(b.len())
    }
    /// Current file position, an integer.
    fn tell(&self, cx: &Cx) -> Result<usize> {
        self.with(cx, |s| s.pos)
    }
    /// Change stream position.
    #[sig(pos, whence = 0, /)]
    fn seek(&self, cx: &mut Cx, pos: i64, whence: i32) -> Result<usize> {
        if whence == 0 && pos < 0 {
            return Err(cx.value_error(format!("negative seek value {pos}")));
        }
        if !(0..3).contains(&whence) {
            return Err(cx.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)")));
        }
        self.with(cx, |s| {
            let from = match whence {
                0 => 0,
                1 => s.pos as i64,
                _ => s.buf.len() as i64,
            };
            s.pos = from.saturating_add(pos).max(0) as usize;
            s.pos
        })
    }
    /// Truncate the file to at most size bytes.
    #[sig(size = None, /)]
    fn truncate(&self, cx: &mut Cx, size: Option<i64>) -> Result<usize> {
        if let Some(n) = size.filter(|n| *n < 0) {
            return Err(cx.value_error(format!("negative size value {n}")));
        }
        self.with(cx, |s| {
            let n = size.map_or(s.pos, |n| n as usize);
            s.buf.truncate(n);
            n
        })
    }
    /// Write bytes to file.
    fn write(&self, cx: &mut Cx, b: Buf) -> Result<usize> {
        self.with(cx, |_| ())?;
        if let Some(b) = b.0.cast::<typhon_object::bytes::Bytes>() {
            self.put(cx, b.as_slice())?;
            return Ok(b.as_slice().len());
        }
        let v = b.to_vec(cx)?;
        self.put(cx, &v)?;
        Ok(v.len())
    }
    /// Write lines to the file.
    fn writelines(&self, cx: &mut Cx, lines: Obj) -> Result<()> {
        self.with(cx, |_| ())?;
        typhon_object::ops::for_each(cx, lines, |cx, l| {
            let b = Buf::from_arg(cx, l)?.to_vec(cx)?;
            self.put(cx, &b)?;
            Ok(true)
        })
    }
    /// Disable all I/O operations.
    fn close(&self, cx: &Cx) {
        let mut s = self.state.write(cx, self);
        s.closed = true;
        s.buf = Vec::new();
    }
    #[getter]
    fn closed(&self, cx: &Cx) -> bool {
        self.state.read(cx).closed
    }
    fn __iter__(this: Gc<Self>, cx: &Cx) -> Result<Gc<Self>> {
        this.with(cx, |_| ())?;
        Ok(this)
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let native = typhon_object::ops::class_of(this.obj()).is_native();
        let line = if native {
            this.line(cx, None)?
        } else {
            typhon_object::ops::call_method(cx, this.obj(), "readline", &[])?
        };
        if typhon_object::ops::len(cx, line)? == 0 { Err(exc::stop_iteration(cx, Obj::NONE)) } else { Ok(line) }
    }
    fn __getstate__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let v = this.getvalue(cx)?;
        let pos = Obj::int_unchecked(this.state.read(cx).pos as i64);
        let d = state_dict(cx, this.obj())?;
        tuple_obj(cx, &[v, pos, d])
    }
    fn __setstate__(this: Gc<Self>, cx: &mut Cx, state: Obj) -> Result<()> {
        let items = state.cast::<Tuple>().map(|t| t.payload().items());
        let Some(&[v, pos, d]) = items else {
            let n = cx.type_name(this.obj());
            return Err(
                cx.type_error(format!("{n}.__setstate__ argument should be 3-tuple, got {}", cx.type_name(state)))
            );
        };
        let b = buffer::copy(cx, v)?;
        let Some(pos) = pos.as_small_int() else {
            return Err(cx.type_error(format!("second item of state must be an integer, not {}", cx.type_name(pos))));
        };
        if pos < 0 {
            return Err(cx.value_error("position value cannot be negative"));
        }
        *this.payload().state.write(cx, this.payload()) = State { buf: b, pos: pos as usize, closed: false };
        if let Some(d) = d.cast::<Dict>() {
            for (k, v) in d.items() {
                if let Some(k) = k.cast() {
                    let k = typhon_object::intern::intern(cx, k)?;
                    instance::set(cx, this.obj(), k, v)?;
                }
            }
        } else if !d.is_none() {
            return Err(cx.error(
                ExcKind::TypeError,
                format!("third item of state should be a dict, got a {}", cx.type_name(d)),
            ));
        }
        Ok(())
    }
}
