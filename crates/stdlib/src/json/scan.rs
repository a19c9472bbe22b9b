//! `make_scanner`: JSON text to values.
//!
//! The text stays where it is while it is read: nothing moves, and the scanner
//! holds the string. Keys that come again share one string.
//! Tests: tests/lang/json.md; CPython test_json.

use super::strings::{self, Bad, Read};
use crate::util::{attr, import};
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::list::{self, List};
use typhon_object::native::IntoObj;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Raised, Result, exc, float, int, ops, shape, tuple};
use typhon_text::strview::{StrView, Unit};

/// `_json.Scanner`.
#[derive(Trace)]
pub struct Scanner {
    strict: bool,
    object_hook: Obj,
    object_pairs_hook: Obj,
    parse_float: Obj,
    parse_int: Obj,
    parse_constant: Obj,
}

#[cold]
fn decode_error(cx: &mut Cx, doc: Gc<Str>, Bad(msg, at): Bad) -> Raised {
    let made = (|| {
        let m = import(cx, "json.decoder")?;
        let class = attr(cx, m, "JSONDecodeError")?;
        let args = [msg.into_obj(cx)?, doc.obj(), at.into_obj(cx)?];
        ops::call_args(cx, class, &args)
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.value_error(msg)),
        Err(e) => e,
    }
}

/// A string of the document from behind its quote, and where it ends.
pub fn string_at(cx: &mut Cx, doc: Gc<Str>, at: usize, strict: bool) -> Result<(Gc<Str>, usize)> {
    let read = match doc.view() {
        StrView::Latin1(u) => strings::read(u, at, strict, StrView::Latin1),
        StrView::Ucs2(u) => strings::read(u, at, strict, StrView::Ucs2),
        StrView::Ucs4(u) => strings::read(u, at, strict, StrView::Ucs4),
    };
    match read {
        Ok((Read::Plain(from, to), end)) => Ok((str::substring(cx, doc, from, to)?, end)),
        Ok((Read::Built(b), end)) => Ok((str::from_view(cx, &b.as_view())?, end)),
        Err(bad) => Err(decode_error(cx, doc, bad)),
    }
}

const MEMO: usize = 256;

/// One reading of a document.
struct Scan<'a, U: Unit> {
    of: Gc<Scanner>,
    doc: Gc<Str>,
    units: &'a [U],
    view: fn(&'a [U]) -> StrView<'a>,
    /// Where keys stand that `known` has, by hash: start, length, index.
    memo: Box<[(u32, u32, u32); MEMO]>,
    known: Gc<List>,
    int_type: Obj,
    float_type: Obj,
}

impl<'a, U: Unit> Scan<'a, U> {
    fn new(
        cx: &mut Cx,
        of: Gc<Scanner>,
        doc: Gc<Str>,
        units: &'a [U],
        view: fn(&'a [U]) -> StrView<'a>,
    ) -> Result<Self> {
        Ok(Scan {
            of,
            doc,
            units,
            view,
            memo: Box::new([(0, 0, u32::MAX); MEMO]),
            known: list::new(cx, &[])?,
            int_type: types::class_for(shape::INT).obj(),
            float_type: types::class_for(shape::FLOAT).obj(),
        })
    }
    #[inline]
    fn at(&self, i: usize) -> Option<u32> {
        self.units.get(i).map(|u| (*u).into())
    }
    #[inline]
    fn skip(&self, mut i: usize) -> usize {
        while let Some(0x20 | 0x09 | 0x0a | 0x0d) = self.at(i) {
            i += 1;
        }
        i
    }
    #[cold]
    fn bad<T>(&self, cx: &mut Cx, msg: &'static str, at: usize) -> Result<T> {
        Err(decode_error(cx, self.doc, Bad(msg, at)))
    }
    fn text(&self, cx: &Cx, from: usize, to: usize) -> Result<Gc<Str>> {
        str::substring(cx, self.doc, from, to)
    }
    fn string(&self, cx: &mut Cx, at: usize) -> Result<(Gc<Str>, usize)> {
        match strings::read(self.units, at, self.of.strict, self.view) {
            Ok((Read::Plain(from, to), end)) => Ok((self.text(cx, from, to)?, end)),
            Ok((Read::Built(b), end)) => Ok((str::from_view(cx, &b.as_view())?, end)),
            Err(bad) => Err(decode_error(cx, self.doc, bad)),
        }
    }
    /// A key: like a string, but the same one for the same text.
    fn key(&mut self, cx: &mut Cx, at: usize) -> Result<(Gc<Str>, usize)> {
        let (from, to, end) = match strings::read(self.units, at, self.of.strict, self.view) {
            Ok((Read::Plain(from, to), end)) => (from, to, end),
            Ok((Read::Built(b), end)) => return Ok((str::from_view(cx, &b.as_view())?, end)),
            Err(bad) => return Err(decode_error(cx, self.doc, bad)),
        };
        let text = &self.units[from..to];
        let hash = text.iter().fold(0u32, |h, u| (h ^ (*u).into()).wrapping_mul(0x0100_0193));
        let slot = hash as usize % MEMO;
        let (start, len, index) = self.memo[slot];
        let seen = &self.units[start as usize..(start + len) as usize];
        if index != u32::MAX
            && seen == text
            && let Some(k) = self.known.get(index as usize).and_then(|k| k.cast::<Str>())
        {
            return Ok((k, end));
        }
        let k = self.text(cx, from, to)?;
        if let (Ok(start), Ok(len)) = (u32::try_from(from), u32::try_from(to - from)) {
            self.memo[slot] = (start, len, self.known.len() as u32);
            self.known.append(cx, k.obj())?;
        }
        Ok((k, end))
    }
    fn literal(&self, at: usize, word: &str) -> bool {
        word.bytes().enumerate().all(|(i, b)| self.at(at + i) == Some(u32::from(b)))
    }
    fn constant(&self, cx: &mut Cx, at: usize, word: &str) -> Result<(Obj, usize)> {
        let w = word.into_obj(cx)?;
        Ok((ops::call_args(cx, self.of.parse_constant, &[w])?, at + word.len()))
    }
    fn nothing<T>(&self, cx: &mut Cx, at: usize) -> Result<T> {
        let at = at.into_obj(cx)?;
        Err(exc::stop_iteration(cx, at))
    }

    /// The value at `i`, and where it ends.
    fn value(&mut self, cx: &mut Cx, i: usize) -> Result<(Obj, usize)> {
        let Some(c) = self.at(i) else { return self.nothing(cx, i) };
        match char::from_u32(c).unwrap_or('\0') {
            '"' => {
                let (s, end) = self.string(cx, i + 1)?;
                return Ok((s.obj(), end));
            }
            '{' => {
                cx.enter()?;
                return self.object(cx, i + 1);
            }
            '[' => {
                cx.enter()?;
                return self.array(cx, i + 1);
            }
            'n' if self.literal(i, "null") => return Ok((Obj::NONE, i + 4)),
            't' if self.literal(i, "true") => return Ok((Obj::TRUE, i + 4)),
            'f' if self.literal(i, "false") => return Ok((Obj::FALSE, i + 5)),
            'N' if self.literal(i, "NaN") => return self.constant(cx, i, "NaN"),
            'I' if self.literal(i, "Infinity") => return self.constant(cx, i, "Infinity"),
            '-' if self.literal(i, "-Infinity") => return self.constant(cx, i, "-Infinity"),
            _ => {}
        }
        self.number(cx, i)
    }
    fn digits(&self, mut i: usize) -> usize {
        while let Some(0x30..=0x39) = self.at(i) {
            i += 1;
        }
        i
    }
    fn number(&self, cx: &mut Cx, start: usize) -> Result<(Obj, usize)> {
        let negative = self.at(start) == Some(0x2d);
        let first = start + usize::from(negative);
        let mut end = match self.at(first) {
            Some(0x30) => first + 1,
            Some(0x31..=0x39) => self.digits(first),
            _ => return self.nothing(cx, start),
        };
        let whole_end = end;
        if self.at(end) == Some(0x2e) {
            let d = self.digits(end + 1);
            if d > end + 1 {
                end = d;
            }
        }
        if let Some(0x65 | 0x45) = self.at(end) {
            let sign = matches!(self.at(end + 1), Some(0x2b | 0x2d));
            let from = end + 1 + usize::from(sign);
            let d = self.digits(from);
            if d > from {
                end = d;
            }
        }
        let is_float = end > whole_end;
        let hook = if is_float { self.of.parse_float } else { self.of.parse_int };
        if is_float && hook == self.float_type {
            let text: String = self.units[start..end].iter().filter_map(|u| char::from_u32((*u).into())).collect();
            if let Ok(f) = text.parse::<f64>() {
                return Ok((float::new(cx, f)?, end));
            }
        }
        if !is_float && hook == self.int_type && end - first <= 18 {
            let n = self.units[first..end].iter().fold(0i64, |n, u| n * 10 + i64::from((*u).into() - 0x30));
            return Ok((int::from_i64(cx, if negative { -n } else { n })?, end));
        }
        let t = self.text(cx, start, end)?;
        Ok((ops::call_args(cx, hook, &[t.obj()])?, end))
    }
    fn array(&mut self, cx: &mut Cx, i: usize) -> Result<(Obj, usize)> {
        let out = list::new(cx, &[])?;
        let mut i = self.skip(i);
        if self.at(i) == Some(0x5d) {
            return Ok((out.obj(), i + 1));
        }
        loop {
            let (v, end) = self.value(cx, i)?;
            out.append(cx, v)?;
            i = self.skip(end);
            match self.at(i) {
                Some(0x5d) => return Ok((out.obj(), i + 1)),
                Some(0x2c) => {}
                _ => return self.bad(cx, "Expecting ',' delimiter", i),
            }
            let comma = i;
            i = self.skip(i + 1);
            if self.at(i) == Some(0x5d) {
                return self.bad(cx, "Illegal trailing comma before end of array", comma);
            }
        }
    }
    fn object(&mut self, cx: &mut Cx, i: usize) -> Result<(Obj, usize)> {
        let pairs = !self.of.object_pairs_hook.is_none();
        // One of the two stays empty.
        let (d, l): (Gc<Dict>, Gc<List>) = (dict::new(cx)?, list::new(cx, &[])?);
        let mut i = self.skip(i);
        if self.at(i) != Some(0x7d) {
            loop {
                if self.at(i) != Some(0x22) {
                    return self.bad(cx, "Expecting property name enclosed in double quotes", i);
                }
                let (k, end) = self.key(cx, i + 1)?;
                i = self.skip(end);
                if self.at(i) != Some(0x3a) {
                    return self.bad(cx, "Expecting ':' delimiter", i);
                }
                i = self.skip(i + 1);
                let (v, end) = self.value(cx, i)?;
                if pairs {
                    let t = tuple::new(cx, &[k.obj(), v])?;
                    l.append(cx, t.obj())?;
                } else {
                    d.insert_str(cx, k, v)?;
                }
                i = self.skip(end);
                match self.at(i) {
                    Some(0x7d) => break,
                    Some(0x2c) => {}
                    _ => return self.bad(cx, "Expecting ',' delimiter", i),
                }
                let comma = i;
                i = self.skip(i + 1);
                if self.at(i) == Some(0x7d) {
                    return self.bad(cx, "Illegal trailing comma before end of object", comma);
                }
            }
        }
        let v = if pairs {
            ops::call_args(cx, self.of.object_pairs_hook, &[l.obj()])?
        } else if !self.of.object_hook.is_none() {
            ops::call_args(cx, self.of.object_hook, &[d.obj()])?
        } else {
            d.obj()
        };
        Ok((v, i + 1))
    }
}

/// JSON scanner object
#[class(module = "_json", name = "make_scanner")]
impl Scanner {
    #[sig(context)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, context: Obj) -> Result<Scanner> {
        let _ = cls;
        let strict = attr(cx, context, "strict")?;
        Ok(Scanner {
            strict: ops::truth(cx, strict)?,
            object_hook: attr(cx, context, "object_hook")?,
            object_pairs_hook: attr(cx, context, "object_pairs_hook")?,
            parse_float: attr(cx, context, "parse_float")?,
            parse_int: attr(cx, context, "parse_int")?,
            parse_constant: attr(cx, context, "parse_constant")?,
        })
    }
    #[sig(string, idx)]
    fn __call__(this: Gc<Self>, cx: &mut Cx, string: Obj, idx: isize) -> Result<Obj> {
        let s = super::text_arg(cx, string)?;
        let Ok(at) = usize::try_from(idx) else { return Err(cx.value_error("idx cannot be negative")) };
        let (v, end) = match s.view() {
            StrView::Latin1(u) => Scan::new(cx, this, s, u, StrView::Latin1)?.value(cx, at)?,
            StrView::Ucs2(u) => Scan::new(cx, this, s, u, StrView::Ucs2)?.value(cx, at)?,
            StrView::Ucs4(u) => Scan::new(cx, this, s, u, StrView::Ucs4)?.value(cx, at)?,
        };
        Ok(tuple::new(cx, &[v, Obj::int_unchecked(end as i64)])?.obj())
    }
    #[getter]
    fn strict(&self) -> bool {
        self.strict
    }
    #[getter]
    fn object_hook(&self) -> Obj {
        self.object_hook
    }
    #[getter]
    fn object_pairs_hook(&self) -> Obj {
        self.object_pairs_hook
    }
    #[getter]
    fn parse_float(&self) -> Obj {
        self.parse_float
    }
    #[getter]
    fn parse_int(&self) -> Obj {
        self.parse_int
    }
    #[getter]
    fn parse_constant(&self) -> Obj {
        self.parse_constant
    }
}
