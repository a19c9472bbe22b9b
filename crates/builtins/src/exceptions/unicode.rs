//! `UnicodeEncodeError`, `UnicodeDecodeError`, `UnicodeTranslateError`: fields
//! encoding 0, object 1, start 2, end 3, reason 4.
//!
//! Tests: CPython test_exceptions, test_codeccallbacks.

use super::{field, no_keywords};
use typhon_macros::class;
use typhon_object::bytes::{self, Bytes};
use typhon_object::exc::{self, BaseException, ExcKind};
use typhon_object::native::{Args, Payload};
use typhon_object::str::Str;
use typhon_object::{Cx, Dunder, Gc, Obj, Result, int, ops, shape, str, tuple, types};

/// Check that argument `i` (from 1) is a string.
fn want_str(cx: &Cx, i: usize, o: Obj) -> Result<()> {
    if o.cast::<Str>().is_none() {
        return Err(cx.type_error(format!("argument {i} must be str, not {}", cx.type_name(o))));
    }
    Ok(())
}

fn count(cx: &Cx, pos: &[Obj], n: usize) -> Result<()> {
    if pos.len() != n {
        return Err(cx.type_error(format!("function takes exactly {n} arguments ({} given)", pos.len())));
    }
    Ok(())
}

/// Store `[object, start, end, reason]`, and `args`.
fn store(cx: &mut Cx, e: Gc<BaseException>, pos: &[Obj], rest: &[Obj; 4]) -> Result<()> {
    let t = tuple::new(cx, pos)?;
    e.args.set(cx, e, t);
    let (start, end) = (ops::index(cx, rest[1])?, ops::index(cx, rest[2])?);
    e.fields[1].set(cx, e, rest[0]);
    e.fields[2].set(cx, e, start);
    e.fields[3].set(cx, e, end);
    e.fields[4].set(cx, e, rest[3]);
    Ok(())
}

/// Where the error is, as it was given; the index, if that is one item of `len`.
fn range(e: &BaseException, len: usize) -> (i64, i64, Option<usize>) {
    let start = int::to_i64(field(e, 2)).unwrap_or(0);
    let end = int::to_i64(field(e, 3)).unwrap_or(0);
    let one = (0..len as i64).contains(&start) && end == start.wrapping_add(1);
    (start, end, one.then_some(start as usize))
}

/// The object, looked at again: `str()` of the other fields may have changed it.
fn object_of<T: Payload>(cx: &Cx, e: Gc<BaseException>, what: &str) -> Result<Gc<T>> {
    match e.fields[1].obj() {
        None => Err(cx.type_error("UnicodeError 'object' attribute is not set")),
        Some(o) => {
            o.cast::<T>().ok_or_else(|| cx.type_error(format!("UnicodeError 'object' attribute must be a {what}")))
        }
    }
}

fn escaped(c: u32) -> String {
    match c {
        0..0x100 => format!("\\x{c:02x}"),
        0x100..0x10000 => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

fn text_of(cx: &mut Cx, o: Obj) -> Result<String> {
    Ok(ops::to_str(cx, o)?.to_str().into_owned())
}

/// `verb` is "encode" or "translate".
fn text_message(cx: &mut Cx, e: Gc<BaseException>, has_codec: bool, verb: &str) -> Result<String> {
    if e.fields[1].obj().is_none() {
        return Ok(String::new());
    }
    let reason = text_of(cx, field(&e, 4))?;
    let who = match has_codec {
        true => format!("'{}' codec ", text_of(cx, field(&e, 0))?),
        false => String::new(),
    };
    let s = object_of::<Str>(cx, e, "string")?;
    Ok(match range(&e, s.len()) {
        (start, _, Some(i)) => {
            format!("{who}can't {verb} character '{}' in position {start}: {reason}", escaped(s.at(i)))
        }
        (start, end, None) => {
            format!("{who}can't {verb} characters in position {start}-{}: {reason}", end.wrapping_sub(1))
        }
    })
}

macro_rules! unicode_error {
    ($methods:ident, $name:literal, $init:ident, $str:ident $(, $encoding:ident $set_encoding:ident)?) => {
        struct $methods;

        #[class(name = $name, extends = BaseException)]
        impl $methods {
            fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
                no_keywords(cx, $name, &args)?;
                $init(cx, this, args.pos)
            }
            fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<String> {
                $str(cx, this)
            }
            $(
                #[getter]
                fn $encoding(this: Gc<BaseException>) -> Obj {
                    field(&this, 0)
                }
                #[setter]
                fn $set_encoding(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
                    this.fields[0].put(cx, this, value);
                }
            )?
            #[getter]
            fn object(this: Gc<BaseException>) -> Obj {
                field(&this, 1)
            }
            #[setter]
            fn set_object(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
                this.fields[1].put(cx, this, value);
            }
            #[getter]
            fn start(this: Gc<BaseException>) -> Obj {
                field(&this, 2)
            }
            #[setter]
            fn set_start(this: Gc<BaseException>, cx: &mut Cx, value: Obj) -> Result<()> {
                let i = ops::index(cx, value)?;
                this.fields[2].set(cx, this, i);
                Ok(())
            }
            #[getter]
            fn end(this: Gc<BaseException>) -> Obj {
                field(&this, 3)
            }
            #[setter]
            fn set_end(this: Gc<BaseException>, cx: &mut Cx, value: Obj) -> Result<()> {
                let i = ops::index(cx, value)?;
                this.fields[3].set(cx, this, i);
                Ok(())
            }
            #[getter]
            fn reason(this: Gc<BaseException>) -> Obj {
                field(&this, 4)
            }
            #[setter]
            fn set_reason(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
                this.fields[4].put(cx, this, value);
            }
        }
    };
}

unicode_error!(EncodeMethods, "UnicodeEncodeError", init_encode, str_encode, encoding set_encoding);
unicode_error!(DecodeMethods, "UnicodeDecodeError", init_decode, str_decode, encoding set_encoding);
unicode_error!(TranslateMethods, "UnicodeTranslateError", init_translate, str_translate);

fn init_encode(cx: &mut Cx, e: Gc<BaseException>, pos: &[Obj]) -> Result<()> {
    count(cx, pos, 5)?;
    want_str(cx, 1, pos[0])?;
    want_str(cx, 2, pos[1])?;
    want_str(cx, 5, pos[4])?;
    e.fields[0].set(cx, e, pos[0]);
    store(cx, e, pos, &[pos[1], pos[2], pos[3], pos[4]])
}

fn init_decode(cx: &mut Cx, e: Gc<BaseException>, pos: &[Obj]) -> Result<()> {
    count(cx, pos, 5)?;
    want_str(cx, 1, pos[0])?;
    want_str(cx, 5, pos[4])?;
    let mut object = pos[1];
    if object.cast::<Bytes>().is_none() {
        if object.shape() != shape::BYTEARRAY && ops::class_of(object).special(Dunder::Buffer).is_none() {
            return Err(cx.type_error(format!("a bytes-like object is required, not '{}'", cx.type_name(object))));
        }
        let class = types::class_for(shape::BYTES).obj();
        object = ops::call_args(cx, class, &[object])?;
    }
    e.fields[0].set(cx, e, pos[0]);
    store(cx, e, pos, &[object, pos[2], pos[3], pos[4]])
}

fn init_translate(cx: &mut Cx, e: Gc<BaseException>, pos: &[Obj]) -> Result<()> {
    count(cx, pos, 4)?;
    want_str(cx, 1, pos[0])?;
    want_str(cx, 4, pos[3])?;
    store(cx, e, pos, &[pos[0], pos[1], pos[2], pos[3]])
}

fn str_encode(cx: &mut Cx, e: Gc<BaseException>) -> Result<String> {
    text_message(cx, e, true, "encode")
}

fn str_translate(cx: &mut Cx, e: Gc<BaseException>) -> Result<String> {
    text_message(cx, e, false, "translate")
}

fn str_decode(cx: &mut Cx, e: Gc<BaseException>) -> Result<String> {
    if e.fields[1].obj().is_none() {
        return Ok(String::new());
    }
    let reason = text_of(cx, field(&e, 4))?;
    let codec = text_of(cx, field(&e, 0))?;
    let b = object_of::<Bytes>(cx, e, "bytes")?;
    let b = b.payload().as_slice();
    Ok(match range(&e, b.len()) {
        (start, _, Some(i)) => {
            format!("'{codec}' codec can't decode byte 0x{:02x} in position {start}: {reason}", b[i])
        }
        (start, end, None) => {
            format!("'{codec}' codec can't decode bytes in position {start}-{}: {reason}", end.wrapping_sub(1))
        }
    })
}

/// A UnicodeDecodeError, for codecs.
pub fn decode_error(
    cx: &mut Cx,
    codec: &str,
    input: &[u8],
    start: usize,
    end: usize,
    reason: &str,
) -> Result<Gc<BaseException>> {
    let object = bytes::new(cx, input)?.obj();
    make(cx, ExcKind::UnicodeDecodeError, codec, object, start, end, reason)
}

/// A UnicodeEncodeError, for codecs.
pub fn encode_error(
    cx: &mut Cx,
    codec: &str,
    text: Gc<Str>,
    start: usize,
    end: usize,
    reason: &str,
) -> Result<Gc<BaseException>> {
    make(cx, ExcKind::UnicodeEncodeError, codec, text.obj(), start, end, reason)
}

fn make(
    cx: &mut Cx,
    kind: ExcKind,
    codec: &str,
    object: Obj,
    start: usize,
    end: usize,
    reason: &str,
) -> Result<Gc<BaseException>> {
    let e = exc::alloc(cx, kind.class(cx), &[])?;
    let codec = str::new(cx, codec)?.obj();
    let reason = str::new(cx, reason)?.obj();
    let n = |v: usize| Obj::int_unchecked(v as i64);
    e.fields[0].set(cx, e, codec);
    store(cx, e, &[codec, object, n(start), n(end), reason], &[object, n(start), n(end), reason])?;
    Ok(e)
}

/// Complete the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, ExcKind::UnicodeEncodeError.class(cx), EncodeMethods::MEMBERS)?;
    types::add_members(cx, ExcKind::UnicodeDecodeError.class(cx), DecodeMethods::MEMBERS)?;
    types::add_members(cx, ExcKind::UnicodeTranslateError.class(cx), TranslateMethods::MEMBERS)
}
