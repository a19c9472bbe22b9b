//! `complex(real, imag)` and `complex.from_number`.
//!
//! Tests: tests/binary.rs; CPython test_complex.

use super::Complex;
use super::arith::C;
use crate::hooks;
use typhon_object::str::Str;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, float, int, ops};
use typhon_text::{complex as text, unicode};

/// Whether an underscore of the text does not stand between digits.
fn misplaced_underscore(s: Gc<Str>) -> bool {
    let digit = |i: Option<usize>| i.is_some_and(|i| i < s.len() && unicode::decimal(s.at(i)).is_some());
    (0..s.len()).any(|i| s.at(i) == '_' as u32 && !(digit(i.checked_sub(1)) && digit(Some(i + 1))))
}

fn parse(cx: &mut Cx, s: Gc<Str>) -> Result<C> {
    let parsed = match s.as_ascii() {
        Some(a) => text::parse(a.as_bytes()),
        None => {
            let plain = |c: u32| match c {
                0..128 => Some(c as u8),
                c if unicode::is_space(c) => Some(b' '),
                c => unicode::decimal(c).map(|d| b'0' + d as u8),
            };
            s.chars().map(plain).collect::<Option<Vec<u8>>>().and_then(|v| text::parse(&v))
        }
    };
    match parsed {
        Some(c) => Ok(c),
        None if misplaced_underscore(s) => {
            let text = ops::repr(cx, s.obj())?.to_str().into_owned();
            Err(cx.value_error(format!("could not convert string to complex: {text}")))
        }
        None => Err(cx.value_error("complex() arg is a malformed string")),
    }
}

/// What `__complex__` of `o` returns, if it has that.
fn special(cx: &mut Cx, o: Obj) -> Result<Option<C>> {
    if let Some(c) = o.cast::<Complex>()
        && o.shape() == typhon_object::shape::COMPLEX
    {
        return Ok(Some((c.re, c.im)));
    }
    let Some(r) = ops::call_special(cx, o, Dunder::Complex, &[])? else { return Ok(None) };
    let Some(c) = r.cast::<Complex>() else {
        return Err(cx.type_error(format!("__complex__ returned non-complex (type {})", cx.type_name(r))));
    };
    if r.shape() != typhon_object::shape::COMPLEX
        && let Some(warn) = hooks::WARN.get()
    {
        let msg = format!(
            "__complex__ returned non-complex (type {}).  The ability to return an instance of a strict \
             subclass of complex is deprecated, and may not be supported in a future version of Python.",
            cx.type_name(r)
        );
        warn(cx, &msg, ExcKind::DeprecationWarning)?;
    }
    Ok(Some((c.re, c.im)))
}

fn is_real(o: Obj) -> bool {
    let c = ops::class_of(o);
    float::value(o).is_some()
        || int::is_int(o)
        || c.special(Dunder::Float).is_some()
        || c.special(Dunder::Index).is_some()
}

/// `complex.from_number(o)`.
pub fn from_number(cx: &mut Cx, o: Obj) -> Result<C> {
    match special(cx, o)? {
        Some(c) => Ok(c),
        None => Ok((ops::as_float(cx, o)?, 0.0)),
    }
}

/// `complex(real, imag)`.
pub fn construct(cx: &mut Cx, real: Option<Obj>, imag: Option<Obj>) -> Result<C> {
    let Some(imag) = imag else {
        let Some(o) = real else { return Ok((0.0, 0.0)) };
        if let Some(s) = o.cast::<Str>() {
            return parse(cx, s);
        }
        if let Some(c) = special(cx, o)? {
            return Ok(c);
        }
        if is_real(o) {
            return Ok((ops::as_float(cx, o)?, 0.0));
        }
        return Err(cx.type_error(format!("complex() argument must be a string or a number, not {}", cx.type_name(o))));
    };
    let real = match real {
        None => (0.0, None),
        Some(o) => component(cx, o, "real")?,
    };
    let imag = component(cx, imag, "imag")?;
    // Only parts that are there are added, which keeps signs of zeros.
    let re = imag.1.map_or(real.0, |d| real.0 - d);
    let im = real.1.map_or(imag.0, |b| imag.0 + b);
    Ok((re, im))
}

/// An argument as real part and, if it is complex, imaginary part.
fn component(cx: &mut Cx, o: Obj, name: &str) -> Result<(f64, Option<f64>)> {
    if let Some(c) = o.cast::<Complex>() {
        if let Some(warn) = hooks::WARN.get() {
            let msg = format!("complex() argument '{name}' must be a real number, not {}", cx.type_name(o));
            warn(cx, &msg, ExcKind::DeprecationWarning)?;
        }
        return Ok((c.re, Some(c.im)));
    }
    if is_real(o) {
        return Ok((ops::as_float(cx, o)?, None));
    }
    if name == "real"
        && let Some(c) = special(cx, o)?
    {
        let msg = format!("complex() argument 'real' must be a real number, not {}", cx.type_name(o));
        hooks::warn(cx, &msg, ExcKind::DeprecationWarning)?;
        return Ok((c.0, Some(c.1)));
    }
    Err(cx.type_error(format!("complex() argument '{name}' must be a real number, not {}", cx.type_name(o))))
}
