//! `StringIO`: a text file in memory.
//!
//! Tests: CPython test_memoryio.

use super::base::{TextIOBase, state_dict};
use super::bytesio::size_arg;
use super::newline::{self, Ends};
use crate::util::tuple_obj;
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{Args, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Guarded, Result, exc, instance, ops};
use typhon_text::strview::{StrBuf, StrView};

#[derive(Trace)]
struct State {
    #[trace(skip)]
    buf: StrBuf,
    pos: usize,
    closed: bool,
    /// Translate to `\n` when writing.
    universal: bool,
    #[trace(skip)]
    ends: Ends,
    /// What `\n` becomes when written.
    write_nl: Option<&'static str>,
    seen: u8,
}

/// `_io.StringIO`.
#[derive(Trace)]
pub struct StringIO {
    state: Guarded<State>,
}

impl StringIO {
    fn with<R>(&self, cx: &Cx, f: impl FnOnce(&mut State) -> R) -> Result<R> {
        let mut s = self.state.write(cx, self);
        if s.closed {
            drop(s);
            return Err(cx.value_error("I/O operation on closed file"));
        }
        Ok(f(&mut s))
    }
    fn line(&self, cx: &Cx, n: Option<usize>) -> Result<Gc<Str>> {
        let b = self.with(cx, |s| {
            let all = s.buf.as_view();
            let start = s.pos.min(all.len());
            let rest = all.slice(start..all.len());
            let mut len = newline::line_len(rest, s.ends).unwrap_or(rest.len());
            if let Some(n) = n {
                len = len.min(n);
            }
            let out = rest.slice(0..len).to_owned();
            s.pos = s.pos.max(start + len);
            out
        })?;
        str::from_view(cx, &b.as_view())
    }
    fn put(&self, cx: &Cx, v: StrView<'_>) -> Result<()> {
        self.with(cx, |s| {
            let translated = if s.universal { newline::translate(v, &mut s.seen) } else { None };
            let v = translated.as_ref().map_or(v, |b| b.as_view());
            let replaced = s.write_nl.filter(|_| newline::position(v, b'\n').is_some()).map(|nl| {
                let mut out = StrBuf::with_capacity(v.len() + 8);
                for c in v.iter() {
                    if c == 10 { out.push_str(nl) } else { out.push(c) }
                }
                out
            });
            let v = replaced.as_ref().map_or(v, |b| b.as_view());
            if v.is_empty() {
                return;
            }
            let len = s.buf.len();
            if s.pos > len {
                s.buf.push_repeated(0, s.pos - len);
            }
            if s.pos >= len {
                s.buf.push_view(v);
            } else {
                let mut out = StrBuf::with_capacity(len);
                let all = s.buf.as_view();
                out.push_view(all.slice(0..s.pos));
                out.push_view(v);
                if s.pos + v.len() < len {
                    out.push_view(all.slice(s.pos + v.len()..len));
                }
                s.buf = out;
            }
            s.pos += v.len();
        })
    }
}

/// Text I/O implementation using an in-memory buffer.
///
/// The initial_value argument sets the value of object.  The newline
/// argument is like the one of TextIOWrapper's constructor.
#[class(module = "_io", name = "StringIO", base = TextIOBase, subclassable, dict, weakref)]
impl StringIO {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<StringIO> {
        let _ = (cx, cls, args);
        let s = State {
            buf: StrBuf::new(),
            pos: 0,
            closed: false,
            universal: false,
            ends: Ends::Lf,
            write_nl: None,
            seen: 0,
        };
        Ok(StringIO { state: Guarded::new(s) })
    }
    #[sig(initial_value = "", newline = "\n")]
    fn __init__(&self, cx: &mut Cx, initial_value: Obj, newline: Obj) -> Result<()> {
        let nl = match newline.cast::<Str>() {
            Some(s) => Some(s.to_str().into_owned()),
            None if newline.is_none() => None,
            None => {
                return Err(cx.type_error(format!("newline must be str or None, not {}", cx.type_name(newline))));
            }
        };
        let (universal, ends, write_nl) = match nl.as_deref() {
            None => (true, Ends::Lf, None),
            Some("") => (false, Ends::Any, None),
            Some("\n") => (false, Ends::Lf, None),
            Some("\r") => (false, Ends::Cr, Some("\r")),
            Some("\r\n") => (false, Ends::CrLf, Some("\r\n")),
            Some(_) => {
                let r = ops::repr(cx, newline)?.to_str().into_owned();
                return Err(cx.value_error(format!("illegal newline value: {r}")));
            }
        };
        if !initial_value.is_none() && initial_value.cast::<Str>().is_none() {
            return Err(
                cx.type_error(format!("initial_value must be str or None, not {}", cx.type_name(initial_value)))
            );
        }
        *self.state.write(cx, self) =
            State { buf: StrBuf::new(), pos: 0, closed: false, universal, ends, write_nl, seen: 0 };
        if let Some(s) = initial_value.cast::<Str>() {
            self.put(cx, s.view())?;
            self.state.write(cx, self).pos = 0;
        }
        Ok(())
    }
    /// Retrieve the entire contents of the object.
    fn getvalue(&self, cx: &Cx) -> Result<Gc<Str>> {
        let b = self.with(cx, |s| s.buf.as_view().to_owned())?;
        str::from_view(cx, &b.as_view())
    }
    /// Read at most size characters, returned as a string.
    #[sig(size = -1, /)]
    fn read(&self, cx: &mut Cx, size: Missing<Obj>) -> Result<Gc<Str>> {
        let n = size_arg(cx, size)?;
        let b = self.with(cx, |s| {
            let all = s.buf.as_view();
            let start = s.pos.min(all.len());
            let end = n.map_or(all.len(), |n| start.saturating_add(n).min(all.len()));
            let out = all.slice(start..end).to_owned();
            s.pos = s.pos.max(end);
            out
        })?;
        str::from_view(cx, &b.as_view())
    }
    /// Read until newline or EOF.
    #[sig(size = -1, /)]
    fn readline(&self, cx: &mut Cx, size: Missing<Obj>) -> Result<Gc<Str>> {
        let n = size_arg(cx, size)?;
        self.line(cx, n)
    }
    /// Tell the current file position.
    fn tell(&self, cx: &Cx) -> Result<usize> {
        self.with(cx, |s| s.pos)
    }
    /// Truncate size to pos.
    #[sig(pos = None, /)]
    fn truncate(&self, cx: &mut Cx, pos: Option<i64>) -> Result<usize> {
        if let Some(n) = pos.filter(|n| *n < 0) {
            return Err(cx.value_error(format!("Negative size value {n}")));
        }
        self.with(cx, |s| {
            let n = pos.map_or(s.pos, |n| n as usize);
            if n < s.buf.len() {
                let mut b = StrBuf::new();
                b.push_view(s.buf.as_view().slice(0..n));
                s.buf = b;
            }
            n
        })
    }
    /// Change stream position.
    #[sig(pos, whence = 0, /)]
    fn seek(&self, cx: &mut Cx, pos: i64, whence: i32) -> Result<usize> {
        self.with(cx, |_| ())?;
        if !(0..3).contains(&whence) {
            return Err(cx.value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)")));
        }
        if whence == 0 && pos < 0 {
            return Err(cx.value_error(format!("Negative seek position {pos}")));
        }
        if whence != 0 && pos != 0 {
            return Err(cx.error(typhon_object::ExcKind::OSError, "Can't do nonzero cur-relative seeks"));
        }
        self.with(cx, |s| {
            match whence {
                0 => s.pos = pos as usize,
                2 => s.pos = s.buf.len(),
                _ => {}
            }
            s.pos
        })
    }
    /// Write string to file.
    fn write(&self, cx: &mut Cx, s: Obj) -> Result<usize> {
        let Some(s) = s.cast::<Str>() else {
            return Err(cx.type_error(format!("string argument expected, got '{}'", cx.type_name(s))));
        };
        self.put(cx, s.view())?;
        Ok(s.len())
    }
    /// Close the IO object.
    fn close(&self, cx: &Cx) {
        let mut s = self.state.write(cx, self);
        s.closed = true;
        s.buf = StrBuf::new();
    }
    fn readable(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| true)
    }
    fn writable(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| true)
    }
    fn seekable(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| true)
    }
    #[getter]
    fn closed(&self, cx: &Cx) -> bool {
        self.state.read(cx).closed
    }
    #[getter]
    fn line_buffering(&self, cx: &Cx) -> Result<bool> {
        self.with(cx, |_| false)
    }
    #[getter]
    fn newlines(&self, cx: &Cx) -> Result<Obj> {
        let seen = self.with(cx, |s| s.seen)?;
        newline::newlines(cx, seen)
    }
    fn __iter__(this: Gc<Self>, cx: &Cx) -> Result<Gc<Self>> {
        this.with(cx, |_| ())?;
        Ok(this)
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let line = if ops::class_of(this.obj()).is_native() {
            this.line(cx, None)?.obj()
        } else {
            ops::call_method(cx, this.obj(), "readline", &[])?
        };
        if ops::len(cx, line)? == 0 { Err(exc::stop_iteration(cx, Obj::NONE)) } else { Ok(line) }
    }
    fn __getstate__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let v = this.getvalue(cx)?.obj();
        let (pos, nl) = this.with(cx, |s| {
            let nl = match (s.universal, s.ends) {
                (true, _) => None,
                (_, Ends::Any) => Some(""),
                (_, Ends::Lf) => Some("\n"),
                (_, Ends::Cr) => Some("\r"),
                (_, Ends::CrLf) => Some("\r\n"),
            };
            (s.pos, nl)
        })?;
        let nl = match nl {
            Some(n) => str::new(cx, n)?.obj(),
            None => Obj::NONE,
        };
        let d = state_dict(cx, this.obj())?;
        tuple_obj(cx, &[v, nl, Obj::int_unchecked(pos as i64), d])
    }
    fn __setstate__(this: Gc<Self>, cx: &mut Cx, state: Obj) -> Result<()> {
        let Some(&[v, nl, pos, d]) = state.cast::<Tuple>().map(|t| t.payload().items()) else {
            let n = cx.type_name(this.obj());
            return Err(
                cx.type_error(format!("{n}.__setstate__ argument should be 4-tuple, got {}", cx.type_name(state)))
            );
        };
        this.__init__(cx, v, nl)?;
        let Some(pos) = pos.as_small_int() else {
            return Err(cx.type_error(format!("third item of state must be an integer, got {}", cx.type_name(pos))));
        };
        if pos < 0 {
            return Err(cx.value_error("position value cannot be negative"));
        }
        {
            let p = this.payload();
            let mut s = p.state.write(cx, p);
            s.pos = pos as usize;
            if let Some(v) = v.cast::<Str>() {
                // As it was, without a second translation.
                let mut b = StrBuf::new();
                b.push_view(v.view());
                s.buf = b;
            }
        }
        if let Some(d) = d.cast::<Dict>() {
            for (k, v) in d.items() {
                if let Some(k) = k.cast() {
                    let k = typhon_object::intern::intern(cx, k)?;
                    instance::set(cx, this.obj(), k, v)?;
                }
            }
        }
        Ok(())
    }
}
