//! Line ends: finding them in text, translating them, and
//! `IncrementalNewlineDecoder`.
//!
//! Tests: CPython test_io.

use crate::util::tuple_obj;
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Guarded, Result, ops};
use typhon_text::strview::{StrBuf, StrView};

/// `\r` has been seen.
pub const CR: u8 = 1;
/// `\n` has been seen.
pub const LF: u8 = 2;
/// `\r\n` has been seen.
pub const CRLF: u8 = 4;

/// What ends a line when reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    /// `\n` only.
    Lf,
    /// Any of the three, left as they are.
    Any,
    /// `\r` only.
    Cr,
    /// `\r\n` only.
    CrLf,
}

/// The first position of a code point.
pub fn position(v: StrView<'_>, c: u8) -> Option<usize> {
    match v {
        StrView::Latin1(b) => memchr::memchr(c, b),
        StrView::Ucs2(b) => b.iter().position(|x| *x == u16::from(c)),
        StrView::Ucs4(b) => b.iter().position(|x| *x == u32::from(c)),
    }
}

/// The length of the first line with its end; `None` if no end is there (or
/// it cannot be told yet, for a final `\r`).
pub fn line_len(v: StrView<'_>, ends: Ends) -> Option<usize> {
    match ends {
        Ends::Lf => position(v, b'\n').map(|i| i + 1),
        Ends::Cr => position(v, b'\r').map(|i| i + 1),
        Ends::CrLf => {
            let mut from = 0;
            while let Some(i) = position(v.slice(from..v.len()), b'\r') {
                if v.get(from + i + 1) == Some(10) {
                    return Some(from + i + 2);
                }
                from += i + 1;
            }
            None
        }
        Ends::Any => {
            let lf = position(v, b'\n');
            let cr = position(v.slice(0..lf.unwrap_or(v.len())), b'\r');
            match (cr, lf) {
                (Some(c), _) => match v.get(c + 1) {
                    Some(10) => Some(c + 2),
                    _ => Some(c + 1),
                },
                (None, Some(l)) => Some(l + 1),
                _ => None,
            }
        }
    }
}

/// Replace `\r\n` and `\r` by `\n`; which ends occurred is added to `seen`.
pub fn translate(v: StrView<'_>, seen: &mut u8) -> Option<StrBuf> {
    if position(v, b'\r').is_none() {
        if *seen & LF == 0 && position(v, b'\n').is_some() {
            *seen |= LF;
        }
        return None;
    }
    let mut out = StrBuf::with_capacity(v.len());
    let mut i = 0;
    while let Some(c) = v.get(i) {
        i += 1;
        match c {
            13 if v.get(i) == Some(10) => {
                *seen |= CRLF;
                out.push(10);
                i += 1;
            }
            13 => {
                *seen |= CR;
                out.push(10);
            }
            10 => {
                *seen |= LF;
                out.push(10);
            }
            c => out.push(c),
        }
    }
    Some(out)
}

/// Which ends occur.
pub fn scan(v: StrView<'_>, seen: &mut u8) {
    let mut i = 0;
    while let Some(c) = v.get(i) {
        i += 1;
        match c {
            13 if v.get(i) == Some(10) => {
                *seen |= CRLF;
                i += 1;
            }
            13 => *seen |= CR,
            10 => *seen |= LF,
            _ => {}
        }
    }
}

/// The value of a `newlines` attribute.
pub fn newlines(cx: &Cx, seen: u8) -> Result<Obj> {
    let names = [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")];
    let mut v = [Obj::NONE; 3];
    let mut n = 0;
    for (bit, s) in names {
        if seen & bit != 0 {
            v[n] = str::new(cx, s)?.obj();
            n += 1;
        }
    }
    match n {
        0 => Ok(Obj::NONE),
        1 => Ok(v[0]),
        n => tuple_obj(cx, &v[..n]),
    }
}

/// `v` without its first or last code points.
pub fn with_cr(v: StrView<'_>) -> StrBuf {
    let mut b = StrBuf::with_capacity(v.len() + 1);
    b.push(13);
    b.push_view(v);
    b
}

/// `_io.IncrementalNewlineDecoder`.
#[derive(Trace)]
pub struct IncrementalNewlineDecoder {
    decoder: Slot,
    /// Whether to translate, whether a `\r` is held back, ends seen.
    state: Guarded<(bool, (bool, u8))>,
}

/// Codec used when reading a file in universal newlines mode.
///
/// It wraps another incremental decoder, translating \r\n and \r into \n.
/// It also records the types of newlines encountered.  When used with
/// translate=False, it ensures that the newline sequence is returned in
/// one piece. When used with decoder=None, it expects unicode strings as
/// decode input and translates newlines without first invoking an external
/// decoder.
#[class(module = "_io", name = "IncrementalNewlineDecoder", subclassable)]
impl IncrementalNewlineDecoder {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<IncrementalNewlineDecoder> {
        let _ = (cx, cls, args);
        Ok(IncrementalNewlineDecoder { decoder: Slot::empty(), state: Guarded::new((true, (false, 0))) })
    }
    #[sig(decoder, translate, errors = "strict")]
    fn __init__(this: Gc<Self>, cx: &mut Cx, decoder: Obj, translate: bool, errors: Obj) -> Result<()> {
        let _ = errors;
        this.payload().decoder.set(cx, this, decoder);
        *this.payload().state.write(cx, this.payload()) = (translate, (false, 0));
        Ok(())
    }
    #[sig(input, r#final = False)]
    fn decode(&self, cx: &mut Cx, input: Obj, r#final: bool) -> Result<Obj> {
        let Some(d) = self.decoder.obj() else {
            return Err(cx.value_error("IncrementalNewlineDecoder.__init__() not called"));
        };
        let text = if d.is_none() { input } else { ops::call_method(cx, d, "decode", &[input, Obj::bool(r#final)])? };
        let Some(text) = text.cast::<Str>() else {
            return Err(cx.type_error(format!("decoder should return a string result, not '{}'", cx.type_name(text))));
        };
        let (translating, (held, mut seen)) = *self.state.read(cx);
        let mut joined = None;
        if held && (!text.is_empty() || r#final) {
            joined = Some(with_cr(text.view()));
        }
        let mut view = joined.as_ref().map_or(text.view(), |j| j.as_view());
        let mut hold = held && joined.is_none();
        if !r#final && !view.is_empty() && view.get(view.len() - 1) == Some(13) {
            view = view.slice(0..view.len() - 1);
            hold = true;
        }
        let out = if translating {
            match translate(view, &mut seen) {
                Some(b) => str::from_view(cx, &b.as_view())?,
                None if joined.is_none() && view.len() == text.len() => text,
                None => str::from_view(cx, &view)?,
            }
        } else {
            scan(view, &mut seen);
            str::from_view(cx, &view)?
        };
        *self.state.write(cx, self) = (translating, (hold, seen));
        Ok(out.obj())
    }
    fn getstate(&self, cx: &mut Cx) -> Result<Obj> {
        let (_, (held, _)) = *self.state.read(cx);
        let (mut buf, mut flag) = (crate::util::bytes_obj(cx, b"")?, 0i64);
        if let Some(d) = self.decoder.obj().filter(|d| !d.is_none()) {
            let s = ops::call_method(cx, d, "getstate", &[])?;
            match s.cast::<Tuple>().map(|t| t.payload().items()) {
                Some(&[b, f]) => {
                    buf = b;
                    flag = i64::from_arg(cx, f)?;
                }
                _ => return Err(cx.type_error("illegal decoder state")),
            }
        }
        (buf, flag << 1 | i64::from(held)).into_obj(cx)
    }
    fn setstate(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        let Some(&[b, f]) = state.cast::<Tuple>().map(|t| t.payload().items()) else {
            return Err(cx.type_error("state argument must be a tuple"));
        };
        let f = i64::from_arg(cx, f)?;
        self.state.write(cx, self).1.0 = f & 1 != 0;
        if let Some(d) = self.decoder.obj().filter(|d| !d.is_none()) {
            let s = tuple_obj(cx, &[b, Obj::int_unchecked(f >> 1)])?;
            ops::call_method(cx, d, "setstate", &[s])?;
        }
        Ok(())
    }
    fn reset(&self, cx: &mut Cx) -> Result<()> {
        self.state.write(cx, self).1 = (false, 0);
        if let Some(d) = self.decoder.obj().filter(|d| !d.is_none()) {
            ops::call_method(cx, d, "reset", &[])?;
        }
        Ok(())
    }
    #[getter]
    fn newlines(&self, cx: &Cx) -> Result<Obj> {
        let seen = self.state.read(cx).1.1;
        newlines(cx, seen)
    }
}

/// Whether the text has this ASCII character.
pub fn has_char(s: &Str, c: u8) -> bool {
    position(s.view(), c).is_some()
}
