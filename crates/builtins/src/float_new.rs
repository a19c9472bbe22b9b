//! `float()`: conversion from text and numbers.
//!
//! Tests: tests/lang/number_errors.md; CPython test_float.

use crate::{buffer, hooks};
use typhon_object::str::Str;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, float, int, ops, shape};
use typhon_text::float::{self as text, FromHexError};
use typhon_text::strview;

/// `float(o)`.
pub fn convert(cx: &mut Cx, o: Obj) -> Result<f64> {
    match o.shape() {
        shape::FLOAT => return ops::as_float(cx, o),
        shape::STR => {
            if let Some(s) = o.cast::<Str>() {
                return parse_str(cx, s);
            }
        }
        _ if o.is_small_int() => return ops::as_float(cx, o),
        _ => {}
    }
    if let Some(r) = ops::call_special(cx, o, Dunder::Float, &[])? {
        return float_result(cx, o, r);
    }
    if int::is_int(o) || ops::class_of(o).special(Dunder::Index).is_some() {
        return ops::as_float(cx, o);
    }
    if let Some(s) = o.cast::<Str>() {
        return parse_str(cx, s);
    }
    if buffer::is_buffer(o) {
        let view = buffer::get(cx, o, false)?;
        return match text::parse(view.as_slice()) {
            Some(v) => Ok(v),
            None => {
                let shown = ops::repr(cx, o)?;
                Err(bad(cx, &shown.to_str()))
            }
        };
    }
    let n = cx.type_name(o);
    Err(cx.type_error(format!("float() argument must be a string or a real number, not '{n}'")))
}

/// Check what `__float__` returned.
fn float_result(cx: &mut Cx, o: Obj, r: Obj) -> Result<f64> {
    let Some(v) = float::value(r) else {
        let (n, t) = (cx.type_name(o), cx.type_name(r));
        return Err(cx.type_error(format!("{n}.__float__ returned non-float (type {t})")));
    };
    if r.shape() != shape::FLOAT {
        let (n, t) = (cx.type_name(o), cx.type_name(r));
        hooks::warn(
            cx,
            &format!(
                "{n}.__float__ returned non-float (type {t}).  The ability to return an instance of a strict subclass of float is deprecated, and may be removed in a future version of Python."
            ),
            ExcKind::DeprecationWarning,
        )?;
    }
    Ok(v)
}

#[cold]
fn bad(cx: &Cx, shown: &str) -> Raised {
    cx.value_error(format!("could not convert string to float: {shown}"))
}

fn parse_str(cx: &Cx, s: Gc<Str>) -> Result<f64> {
    let v = match s.as_ascii() {
        Some(a) => text::parse(a.as_bytes()),
        None => text::parse(&strview::to_ascii_digits(s.view())),
    };
    match v {
        Some(v) => Ok(v),
        None => {
            let shown = strview::repr(s.view()).as_view().to_utf8_lossy();
            Err(bad(cx, &shown))
        }
    }
}

/// `float.fromhex(o)`.
pub fn from_hex(cx: &mut Cx, o: Obj) -> Result<f64> {
    let Some(s) = o.cast::<Str>() else { return Err(cx.type_error("bad argument type for built-in operation")) };
    ops::utf8(cx, s)?;
    // A character outside ASCII becomes one that no number contains.
    let bytes: Vec<u8> = s.chars().map(|c| if c < 128 { c as u8 } else { b'?' }).collect();
    match text::from_hex(&bytes) {
        Ok(v) => Ok(v),
        Err(FromHexError::Invalid) => Err(cx.value_error("invalid hexadecimal floating-point string")),
        Err(FromHexError::TooLarge) => {
            Err(cx.error(ExcKind::OverflowError, "hexadecimal value too large to represent as a float"))
        }
    }
}
