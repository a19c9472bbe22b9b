//! Methods of `str`. Its representation is in typhon-object, the algorithms on
//! text in typhon-text.
//!
//! | to find | look in |
//! |---|---|
//! | find, count, replace, startswith | `search.rs` |
//! | split, partition, strip, join | `split.rs` |
//! | upper, title, isalpha | `case.rs` |
//! | center, zfill, expandtabs | `pad.rs` |
//! | maketrans, translate | `translate.rs` |
//! | encode, and decoding for `bytes` | `codec.rs` |
//! | format, `__format__` | `format.rs`, `formatter.rs` |
//! | the % operator | `percent.rs` |
//!
//! Tests: tests/lang/str.md; CPython test_str.

pub mod case;
pub mod codec;
pub mod format;
pub mod formatter;
pub mod iter;
pub mod pad;
pub mod percent;
pub mod search;
pub mod split;
pub mod translate;

use crate::slice::Slice;
use crate::{any, buffer};
use typhon_macros::class;
use typhon_object::native::{Args, CText, FromArg};
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, int, ops, shape, tuple};
use typhon_text::strview::{self, OwnedStr, StrBuf, StrView};

/// A `str` of text that was built.
pub fn from_buf(cx: &Cx, b: StrBuf) -> Result<Gc<Str>> {
    str::from_view(cx, &b.as_view())
}

/// A `str` of owned text.
pub fn from_owned(cx: &Cx, b: &OwnedStr) -> Result<Gc<Str>> {
    str::from_view(cx, &b.as_view())
}

/// The text of `s` as an exact `str`.
pub fn exact(cx: &Cx, s: Gc<Str>) -> Result<Obj> {
    if s.obj().shape() == shape::STR { Ok(s.obj()) } else { Ok(str::from_view(cx, &s.view())?.obj()) }
}

struct StrMethods;

#[class(name = "str", extends = Str)]
impl StrMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        if let ([o], None) = (args.pos, args.kw) {
            let s = ops::to_str(cx, *o)?;
            return if cls.root_shape() == shape::STR { Ok(s.obj()) } else { str::new_of(cx, cls, s) };
        }
        let s = construct(cx, args)?;
        str::new_of(cx, cls, s)
    }

    fn __repr__(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        Ok(from_owned(cx, &strview::repr(this.view()))?.obj())
    }

    fn __str__(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        exact(cx, this)
    }

    fn __hash__(this: Gc<Str>) -> i64 {
        this.hash()
    }

    fn __richcmp__(this: Gc<Str>, _cx: &mut Cx, value: Obj, op: CompareOp) -> Obj {
        let Some(other) = value.cast::<Str>() else { return Obj::NOT_IMPLEMENTED };
        Obj::bool(match op {
            CompareOp::Eq => this.same_text(&other),
            CompareOp::Ne => !this.same_text(&other),
            _ => op.holds(this.compare(&other)),
        })
    }

    #[leaf]
    fn __len__(this: Gc<Str>) -> usize {
        this.len()
    }

    fn __iter__(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        iter::new(cx, this)
    }

    fn __getitem__(this: Gc<Str>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(s) = key.cast::<Slice>() {
            let (start, stop, step, n) = s.indices(cx, this.len())?;
            return slice(cx, this, start, stop, step, n);
        }
        if !int::is_int(key) && ops::class_of(key).special(Dunder::Index).is_none() {
            let n = cx.type_name(key);
            return Err(cx.type_error(format!("string indices must be integers, not '{n}'")));
        }
        let i = ops::index_isize(cx, key)?;
        match ops::wrap(i as i64, this.len()) {
            Some(i) => Ok(str::from_char(cx, this.at(i))?.obj()),
            None => Err(cx.error(ExcKind::IndexError, "string index out of range")),
        }
    }

    fn __add__(this: Gc<Str>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        let Some(other) = value.cast::<Str>() else {
            let n = cx.type_name(value);
            return Err(cx.type_error(format!("can only concatenate str (not \"{n}\") to str")));
        };
        Ok(str::concat(cx, this, other)?.obj())
    }

    fn __mul__(this: Gc<Str>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        let n = any::repeat_count(cx, value)?;
        if n.checked_mul(this.len()).is_none_or(|n| n > isize::MAX as usize) {
            return Err(cx.error(ExcKind::OverflowError, "repeated string is too long"));
        }
        Ok(str::repeat(cx, this, n)?.obj())
    }

    fn __rmul__(this: Gc<Str>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        StrMethods::__mul__(this, cx, value)
    }

    fn __mod__(this: Gc<Str>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        percent::format(cx, this, value)
    }

    fn __rmod__(this: Gc<Str>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        match value.cast::<Str>() {
            Some(format) => percent::format(cx, format, this.obj()),
            None => Ok(Obj::NOT_IMPLEMENTED),
        }
    }

    fn __contains__(this: Gc<Str>, cx: &mut Cx, key: Obj) -> Result<bool> {
        let Some(sub) = key.cast::<Str>() else {
            let n = cx.type_name(key);
            return Err(cx.type_error(format!("'in <string>' requires string as left operand, not {n}")));
        };
        Ok(strview::find(this.view(), sub.view()).is_some())
    }

    fn __getnewargs__(this: Gc<Str>, cx: &mut Cx) -> Result<Obj> {
        let s = str::from_view(cx, &this.view())?;
        Ok(tuple::new(cx, &[s.obj()])?.obj())
    }

    /// Return the size of the string in memory, in bytes.
    fn __sizeof__(this: Gc<Str>) -> usize {
        // CPython's figures: a header, the units, one unit of zero.
        let head = if this.is_ascii() { 40 } else { 56 };
        head + ((this.len() + 1) << this.width())
    }
}

/// `s[start:stop:step]`, clipped, of `n` items.
fn slice(cx: &mut Cx, s: Gc<Str>, start: isize, stop: isize, step: isize, n: usize) -> Result<Obj> {
    if n == 0 {
        return Ok(str::from_latin1(cx, b"")?.obj());
    }
    if step == 1 {
        return Ok(str::substring(cx, s, start as usize, stop as usize)?.obj());
    }
    let at = |i: usize| (start + i as isize * step) as usize;
    let s = match s.payload().view() {
        StrView::Latin1(b) => {
            let v: Vec<u8> = (0..n).map(|i| b[at(i)]).collect();
            str::from_latin1(cx, &v)?
        }
        StrView::Ucs2(b) => {
            let v: Vec<u16> = (0..n).map(|i| b[at(i)]).collect();
            str::from_view(cx, &StrView::Ucs2(&v))?
        }
        StrView::Ucs4(b) => {
            let v: Vec<u32> = (0..n).map(|i| b[at(i)]).collect();
            str::from_ucs4(cx, &v)?
        }
    };
    Ok(s.obj())
}

/// `str(object, encoding, errors)`.
fn construct(cx: &mut Cx, args: Args<'_>) -> Result<Gc<Str>> {
    if args.pos.len() > 3 {
        return Err(cx.type_error(format!("str expected at most 3 arguments, got {}", args.pos.len())));
    }
    if args.all().len() > 3 {
        return Err(cx.type_error(format!("str() takes at most 3 arguments ({} given)", args.all().len())));
    }
    let mut given = [None; 3];
    given[..args.pos.len()].copy_from_slice(&args.pos.iter().map(|o| Some(*o)).collect::<Vec<_>>());
    for (name, value) in args.keywords() {
        let names = ["object", "encoding", "errors"];
        let Some(i) = names.iter().position(|n| name.eq_str(n)) else {
            return Err(cx.type_error(format!("str() got an unexpected keyword argument '{}'", name.to_str())));
        };
        if given[i].replace(value).is_some() {
            return Err(cx.type_error(format!(
                "argument for str() given by name ('{}') and position ({})",
                names[i],
                i + 1
            )));
        }
    }
    let mut text = [None, None];
    for (i, name) in ["encoding", "errors"].into_iter().enumerate() {
        if let Some(o) = given[i + 1] {
            if o.cast::<Str>().is_none() {
                let n = cx.type_name(o);
                return Err(cx.type_error(format!("str() argument '{name}' must be str, not {n}")));
            }
            text[i] = Some(CText::from_arg(cx, o)?);
        }
    }
    let Some(o) = given[0] else { return str::from_latin1(cx, b"") };
    if text.iter().all(Option::is_none) {
        return ops::to_str(cx, o);
    }
    if o.cast::<Str>().is_some() {
        return Err(cx.type_error("decoding str is not supported"));
    }
    if !buffer::is_buffer(o) {
        let n = cx.type_name(o);
        return Err(cx.type_error(format!("decoding to str: need a bytes-like object, {n} found")));
    }
    let view = buffer::get(cx, o, false)?;
    if view.as_slice().is_empty() {
        // Whatever the encoding.
        return str::from_latin1(cx, b"");
    }
    let (encoding, errors) = (text[0].as_deref().unwrap_or("utf-8"), text[1].as_deref().unwrap_or("strict"));
    codec::decode(cx, o, view.as_slice(), encoding, errors)
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = types::class_for(shape::STR);
    types::add_members(cx, t, StrMethods::MEMBERS)?;
    iter::init(cx)?;
    search::init(cx, t)?;
    split::init(cx, t)?;
    case::init(cx, t)?;
    pad::init(cx, t)?;
    translate::init(cx, t)?;
    codec::init(cx, t)?;
    format::init(cx, t)
}
