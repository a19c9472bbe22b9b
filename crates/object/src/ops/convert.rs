//! Conversions: truth, hash, repr, str, len, index, float.

use std::borrow::Cow;

use super::class_of;
use crate::bytes::Bytes;
use crate::cx::Cx;
use crate::dict::Dict;
use crate::dunder::Dunder;
use crate::exc::ExcKind;
use crate::int::{self, Int};
use crate::list::List;
use crate::native::Payload;
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::{Result, float, hash, ops, shape, str, types};

/// `bool(o)`.
#[inline]
pub fn truth(cx: &mut Cx, o: Obj) -> Result<bool> {
    match o {
        Obj::TRUE => return Ok(true),
        Obj::FALSE | Obj::NONE => return Ok(false),
        _ => {}
    }
    if let Some(i) = o.as_small_int() {
        return Ok(i != 0);
    }
    truth_slow(cx, o)
}

fn truth_slow(cx: &mut Cx, o: Obj) -> Result<bool> {
    // By the fixed shapes.
    unsafe {
        match o.shape() {
            shape::STR => return Ok(!Gc::<Str>::from_obj(o).is_empty()),
            shape::LIST => return Ok(!Gc::<List>::from_obj(o).is_empty()),
            shape::TUPLE => return Ok(!Gc::<Tuple>::from_obj(o).is_empty()),
            shape::DICT => return Ok(!Gc::<Dict>::from_obj(o).is_empty()),
            shape::INT => return Ok(true),
            shape::FLOAT => return Ok(float::value(o) != Some(0.0)),
            _ => {}
        }
    }
    // A `__bool__` of None fails when called, unlike one that is not there.
    if let Some(m) = class_of(o).special(Dunder::Bool) {
        let r = ops::call_unbound(cx, m, o, &[], None)?;
        return match r {
            Obj::TRUE => Ok(true),
            Obj::FALSE => Ok(false),
            _ => Err(cx.type_error(format!("__bool__ should return bool, returned {}", cx.type_name(r)))),
        };
    }
    if class_of(o).special(Dunder::Len).is_some() {
        return Ok(len(cx, o)? != 0);
    }
    Ok(true)
}

/// `len(o)`.
pub fn len(cx: &mut Cx, o: Obj) -> Result<usize> {
    // By the fixed shapes.
    unsafe {
        match o.shape() {
            shape::STR => return Ok(Gc::<Str>::from_obj(o).len()),
            shape::LIST => return Ok(Gc::<List>::from_obj(o).len()),
            shape::TUPLE => return Ok(Gc::<Tuple>::from_obj(o).len()),
            shape::DICT => return Ok(Gc::<Dict>::from_obj(o).len()),
            _ => {}
        }
    }
    match ops::call_special(cx, o, Dunder::Len, &[])? {
        Some(r) => len_result(cx, r),
        None => Err(cx.type_error(format!("object of type '{}' has no len()", cx.type_name(o)))),
    }
}

/// Check what a `__len__` returned.
pub fn len_result(cx: &mut Cx, r: Obj) -> Result<usize> {
    let i = index(cx, r)?;
    match int::to_i64(i) {
        Some(n) if n >= 0 => Ok(n as usize),
        Some(_) => Err(cx.value_error("__len__() should return >= 0")),
        None if i.cast::<Int>().is_some_and(|b| b.is_negative()) => Err(cx.value_error("__len__() should return >= 0")),
        None => Err(cx.error(ExcKind::OverflowError, "cannot fit 'int' into an index-sized integer")),
    }
}

/// `hash(o)`.
#[inline]
pub fn hash(cx: &mut Cx, o: Obj) -> Result<i64> {
    if o.is_ptr() {
        // By their shapes.
        match o.shape() {
            shape::STR => return Ok(unsafe { Gc::<Str>::from_obj(o) }.hash()),
            shape::BYTES => return Ok(unsafe { Gc::<Bytes>::from_obj(o) }.hash()),
            shape::TUPLE => return crate::tuple::hash(cx, unsafe { Gc::from_obj(o) }),
            _ => {}
        }
    }
    if let Some(i) = o.as_small_int() {
        return Ok(hash::hash_i64(i));
    }
    hash_slow(cx, o)
}

fn hash_slow(cx: &mut Cx, o: Obj) -> Result<i64> {
    if let Some(v) = o.as_small_float() {
        return Ok(if v.is_nan() { hash_identity(o) } else { hash::hash_f64(v) });
    }
    match o {
        Obj::TRUE => return Ok(1),
        Obj::FALSE => return Ok(0),
        _ => {}
    }
    match class_of(o).special(Dunder::Hash) {
        // By address, as `object.__hash__` has it.
        Some(m) if Some(m) == types::class_for(shape::OBJECT).special(Dunder::Hash) => Ok(hash_identity(o)),
        Some(m) if Some(m) == types::class_for(shape::TUPLE).special(Dunder::Hash) && <Tuple as Payload>::is(o) => {
            // The class derives from `tuple`.
            crate::tuple::hash(cx, unsafe { Gc::from_obj(o) })
        }
        Some(m) if !m.is_none() => {
            let r = ops::call_unbound(cx, m, o, &[], None)?;
            hash_result(cx, r)
        }
        _ => Err(cx.type_error(format!("unhashable type: '{}'", cx.type_name(o)))),
    }
}

fn hash_result(cx: &mut Cx, r: Obj) -> Result<i64> {
    if let Some(i) = int::to_i64(r) {
        return Ok(if i == -1 { -2 } else { i });
    }
    match r.cast::<Int>() {
        Some(b) => Ok(crate::bigint::hash(b.is_negative(), b.payload().limbs())),
        None => Err(cx.type_error("__hash__ method should return an integer")),
    }
}

/// `object.__hash__`: by address.
pub fn hash_identity(o: Obj) -> i64 {
    match o.word().rotate_right(4) as i64 {
        -1 => -2,
        h => h,
    }
}

/// `repr(o)`.
pub fn repr(cx: &mut Cx, o: Obj) -> Result<Gc<Str>> {
    cx.enter_while("while getting the repr of an object")?;
    // None there is called like anything else, and refuses.
    match class_of(o).special(Dunder::Repr).map(|m| ops::call_unbound(cx, m, o, &[], None)).transpose()? {
        Some(r) => r
            .cast::<Str>()
            .ok_or_else(|| cx.type_error(format!("__repr__ returned non-string (type {})", cx.type_name(r)))),
        None => {
            let s = format!("<{} object at {:#x}>", ops::full_name(cx, class_of(o)), o.word());
            str::new(cx, &s)
        }
    }
}

/// `str(o)`.
pub fn to_str(cx: &mut Cx, o: Obj) -> Result<Gc<Str>> {
    if o.shape() == shape::STR {
        // By its shape.
        return Ok(unsafe { Gc::from_obj(o) });
    }
    if o.is_small_int() {
        return super::format::small_int_text(cx, o);
    }
    cx.enter_while("while getting the str of an object")?;
    // None there is called like anything else, and refuses.
    match class_of(o).special(Dunder::Str).map(|m| ops::call_unbound(cx, m, o, &[], None)).transpose()? {
        Some(r) => r
            .cast::<Str>()
            .ok_or_else(|| cx.type_error(format!("__str__ returned non-string (type {})", cx.type_name(r)))),
        None => repr(cx, o),
    }
}

/// `ascii(o)`.
pub fn ascii(cx: &mut Cx, o: Obj) -> Result<Gc<Str>> {
    let r = repr(cx, o)?;
    if r.is_ascii() {
        return Ok(r);
    }
    let mut s = String::new();
    for c in r.chars() {
        match c {
            0..128 => s.push(c as u8 as char),
            128..256 => s.push_str(&format!("\\x{c:02x}")),
            256..0x10000 => s.push_str(&format!("\\u{c:04x}")),
            _ => s.push_str(&format!("\\U{c:08x}")),
        }
    }
    str::new(cx, &s)
}

/// `operator.index(o)`: an exact int or an instance of a subclass.
pub fn index(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if o.is_small_int() {
        return Ok(o);
    }
    if int::is_int(o) {
        return int::exact(cx, o);
    }
    match ops::call_special(cx, o, Dunder::Index, &[])? {
        Some(r) if int::is_int(r) => {
            if class_of(r) != crate::types::class_for(shape::INT)
                && let Some(warn) = cx.rt().hooks().warn.get()
            {
                let text = format!(
                    "__index__ returned non-int (type {}).  The ability to return an instance of a strict subclass of int is deprecated, and may be removed in a future version of Python.",
                    cx.type_name(r)
                );
                warn(cx, &text, ExcKind::DeprecationWarning)?;
            }
            int::exact(cx, r)
        }
        Some(r) => Err(cx.type_error(format!("__index__ returned non-int (type {})", cx.type_name(r)))),
        None => Err(cx.type_error(format!("'{}' object cannot be interpreted as an integer", cx.type_name(o)))),
    }
}

/// `index(o)` as 64 bits, else OverflowError with this text.
pub fn index_i64(cx: &mut Cx, o: Obj, too_large: &str) -> Result<i64> {
    let i = index(cx, o)?;
    int::to_i64(i).ok_or_else(|| cx.error(ExcKind::OverflowError, too_large))
}

/// `index(o)` for a subscript: IndexError when it does not fit.
pub fn index_isize(cx: &mut Cx, o: Obj) -> Result<isize> {
    let i = index(cx, o)?;
    match int::to_i64(i) {
        Some(v) => Ok(v as isize),
        None => {
            Err(cx.error(ExcKind::IndexError, format!("cannot fit '{}' into an index-sized integer", cx.type_name(o))))
        }
    }
}

/// `index(o)` for a count or a position that is no subscript: OverflowError when it does not
/// fit.
pub fn index_size(cx: &mut Cx, o: Obj) -> Result<isize> {
    let i = index(cx, o)?;
    int::to_i64(i).map(|v| v as isize).ok_or_else(|| {
        let text = format!("cannot fit '{}' into an index-sized integer", cx.type_name(o));
        cx.error(ExcKind::OverflowError, text)
    })
}

/// The text of `s` in UTF-8; UnicodeEncodeError if it has a lone surrogate.
pub fn utf8(cx: &mut Cx, s: Gc<Str>) -> Result<Cow<'static, str>> {
    if let Some(text) = s.payload().to_utf8() {
        return Ok(text);
    }
    ops::call_method(cx, s.obj(), "encode", &[])?;
    Err(cx.error(ExcKind::UnicodeError, "surrogates not allowed"))
}

/// `index(o)` clamped, as slices want it.
pub fn index_clamped(cx: &mut Cx, o: Obj) -> Result<isize> {
    let i = index(cx, o)?;
    Ok(match int::to_i64(i) {
        Some(v) => v as isize,
        None if i.cast::<Int>().is_some_and(|b| b.is_negative()) => isize::MIN,
        None => isize::MAX,
    })
}

/// `float(o)` for numbers: no strings.
pub fn as_float(cx: &mut Cx, o: Obj) -> Result<f64> {
    if let Some(v) = float::value(o) {
        return Ok(v);
    }
    if let Some(i) = int::small(o) {
        return Ok(i as f64);
    }
    if let Some(r) = ops::call_special(cx, o, Dunder::Float, &[])? {
        return float::value(r).ok_or_else(|| {
            cx.type_error(format!("{}.__float__ returned non-float (type {})", cx.type_name(o), cx.type_name(r)))
        });
    }
    if class_of(o).special(Dunder::Index).is_some() {
        let i = index(cx, o)?;
        return int_to_float(cx, i);
    }
    Err(cx.type_error(format!("must be real number, not {}", cx.type_name(o))))
}

/// The float nearest to an int.
pub fn int_to_float(cx: &Cx, i: Obj) -> Result<f64> {
    if let Some(v) = int::small(i) {
        return Ok(v as f64);
    }
    let b = i.cast::<Int>().expect("an int");
    crate::bigint::to_f64(b.is_negative(), b.payload().limbs())
        .ok_or_else(|| cx.error(ExcKind::OverflowError, "int too large to convert to float"))
}
