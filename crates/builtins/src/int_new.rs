//! `int()`: conversion from text and numbers, and back to decimal text.
//!
//! Both directions obey the limit on digits (`sys.set_int_max_str_digits`).
//! Tests: tests/lang/number_errors.md; CPython test_int, test_int_literal.

use crate::{buffer, hooks};
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_object::native::Args;
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, bigint, bytes, float, int, ops, shape};
use typhon_text::int::{self as limbs, IntRef};
use typhon_text::strview::{self, StrView};

/// Most digits of a decimal conversion; 0 for no limit.
pub static MAX_STR_DIGITS: AtomicUsize = AtomicUsize::new(4300);

fn limit() -> usize {
    MAX_STR_DIGITS.load(Ordering::Relaxed)
}

#[cold]
fn too_long(cx: &Cx, detail: &str) -> Raised {
    let n = limit();
    cx.value_error(format!(
        "Exceeds the limit ({n} digits) for integer string conversion{detail}; use sys.set_int_max_str_digits() to increase the limit"
    ))
}

/// Raise unless the decimal text of an int is within the limit.
pub fn check_length(cx: &Cx, v: Obj) -> Result<()> {
    let n = limit();
    if n == 0 || int::small(v).is_some() {
        return Ok(());
    }
    let bits = bigint::with(v, |x| limbs::bit_length(x.mag)) as f64;
    // A number of `bits` bits has at least this many digits.
    let digits = (bits - 1.0) * std::f64::consts::LOG10_2;
    if digits < n as f64 - 1.0 {
        return Ok(());
    }
    if digits > n as f64 + 1.0 {
        return Err(too_long(cx, ""));
    }
    let exact = bigint::with(v, |x| limbs::to_text(IntRef { negative: false, ..x }, 10).len());
    if exact > n { Err(too_long(cx, "")) } else { Ok(()) }
}

/// `str(v)` of an int.
pub fn to_text(cx: &Cx, v: Obj) -> Result<Gc<Str>> {
    if let Some(v) = int::small(v) {
        return small_text(cx, v);
    }
    check_length(cx, v)?;
    str::from_latin1(cx, bigint::to_decimal(v).as_bytes())
}

/// Decimal text without a detour through the heap.
fn small_text(cx: &Cx, v: i64) -> Result<Gc<Str>> {
    let mut room = [0u8; 20];
    let mut at = room.len();
    let mut m = v.unsigned_abs();
    loop {
        at -= 1;
        room[at] = b'0' + (m % 10) as u8;
        m /= 10;
        if m == 0 {
            break;
        }
    }
    if v < 0 {
        at -= 1;
        room[at] = b'-';
    }
    str::from_latin1(cx, &room[at..])
}

/// `int.__new__`.
pub fn construct(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
    let (mut x, mut base) = (args.pos.first().copied(), args.pos.get(1).copied());
    if args.pos.len() > 2 {
        return Err(cx.type_error(format!("int expected at most 2 arguments, got {}", args.all().len())));
    }
    for (name, value) in args.keywords() {
        if !name.eq_str("base") {
            return Err(cx.type_error(format!("int() got an unexpected keyword argument '{}'", name.to_str())));
        }
        if base.replace(value).is_some() {
            return Err(cx.type_error("argument for int() given by name ('base') and position (2)"));
        }
    }
    let v = match (x.take(), base) {
        (None, None) => Obj::int_unchecked(0),
        (None, Some(_)) => return Err(cx.type_error("int() missing string argument")),
        (Some(x), None) => convert(cx, x)?,
        (Some(x), Some(b)) => {
            let base = ops::index_clamped(cx, b)?;
            if base != 0 && !(2..=36).contains(&base) {
                return Err(cx.value_error("int() base must be >= 2 and <= 36, or 0"));
            }
            if x.cast::<Str>().is_some()
                || x.cast::<bytes::Bytes>().is_some()
                || x.shape() == shape::BYTEARRAY
                || buffer::is_bytearray(x)
            {
                parse_object(cx, x, base as u32)?
            } else {
                return Err(cx.type_error("int() can't convert non-string with explicit base"));
            }
        }
    };
    int::new_of(cx, cls, v)
}

/// `int(x)`.
pub fn convert(cx: &mut Cx, x: Obj) -> Result<Obj> {
    if x.is_small_int() || (x.is_ptr() && x.shape() == shape::INT) {
        return Ok(x);
    }
    if x.shape() == shape::FLOAT {
        return crate::float::to_int(cx, float::value(x).unwrap_or_default().trunc());
    }
    if x.shape() == shape::STR {
        return parse_object(cx, x, 10);
    }
    if ops::class_of(x).special(Dunder::Int).is_some_and(|m| !m.is_none())
        && let Some(r) = ops::call_special(cx, x, Dunder::Int, &[])?
    {
        return int_result(cx, r);
    }
    if ops::class_of(x).special(Dunder::Index).is_some() {
        return ops::index(cx, x);
    }
    if x.cast::<Str>().is_some() || buffer::is_buffer(x) {
        return parse_object(cx, x, 10);
    }
    let n = cx.type_name(x);
    Err(cx.type_error(format!("int() argument must be a string, a bytes-like object or a real number, not '{n}'")))
}

/// Check what `__int__` returned.
fn int_result(cx: &mut Cx, r: Obj) -> Result<Obj> {
    if !int::is_int(r) {
        let n = cx.type_name(r);
        return Err(cx.type_error(format!("__int__ returned non-int (type {n})")));
    }
    if ops::class_of(r) != types::class_for(shape::INT) {
        let n = cx.type_name(r);
        let text = format!(
            "__int__ returned non-int (type {n}).  The ability to return an instance of a strict subclass of int is deprecated, and may be removed in a future version of Python."
        );
        hooks::warn(cx, &text, ExcKind::DeprecationWarning)?;
    }
    int::exact(cx, r)
}

/// `int(text, base)` for text in a `str` or any buffer.
fn parse_object(cx: &mut Cx, x: Obj, base: u32) -> Result<Obj> {
    if let Some(s) = x.cast::<Str>() {
        let r = match s.as_ascii() {
            Some(a) => parse(cx, a.as_bytes(), base)?,
            None => parse(cx, &strview::to_ascii_digits(s.view()), base)?,
        };
        return match r {
            Some(v) => Ok(v),
            None => {
                let shown = strview::repr(s.view());
                Err(invalid(cx, base, shown.as_view()))
            }
        };
    }
    let view = buffer::get(cx, x, false)?;
    match parse(cx, view.as_slice(), base)? {
        Some(v) => Ok(v),
        None => {
            let shown = strview::repr_bytes(view.as_slice());
            Err(invalid(cx, base, StrView::Latin1(shown.as_bytes())))
        }
    }
}

#[cold]
fn invalid(cx: &Cx, base: u32, shown: StrView<'_>) -> Raised {
    // As much as CPython's `%.200R` shows.
    let shown = shown.slice(0..shown.len().min(200));
    cx.value_error(format!("invalid literal for int() with base {base}: {}", shown.to_utf8_lossy()))
}

fn parse(cx: &Cx, text: &[u8], base: u32) -> Result<Option<Obj>> {
    if base == 10 && (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit) {
        let v = text.iter().fold(0, |v, d| v * 10 + i64::from(d - b'0'));
        return int::from_i64(cx, v).map(Some);
    }
    let Ok(scanned) = limbs::scan(text, base) else { return Ok(None) };
    let n = limit();
    if n != 0 && scanned.digit_count > n && !scanned.radix.is_power_of_two() {
        return Err(too_long(cx, &format!(": value has {} digits", scanned.digit_count)));
    }
    if let Some(v) = scanned.to_i64() {
        return int::from_i64(cx, v).map(Some);
    }
    bigint::from_owned(cx, &scanned.to_int()).map(Some)
}

/// The int that a literal's text spells (the compiler's and `ast`'s door).
pub fn from_text(cx: &Cx, text: &str, base: u32) -> Result<Option<Obj>> {
    parse(cx, text.as_bytes(), base)
}
