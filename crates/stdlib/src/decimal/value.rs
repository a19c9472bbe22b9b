//! The payload of `decimal.Decimal`, and conversions between it and other objects.
//!
//! Invariant: an instance never changes. A coefficient of at most 128 bits is in the
//! object; a larger one is an int object, which `big` holds.
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::context::Context;
use typhon_macros::Trace;
use typhon_object::list::List;
use typhon_object::native::{self, class_of, instance_of};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, float, int, ops};
use typhon_text::decimal::{self as num, Coef, Decimal as Number, Flags, Kind, Round, Small};
use typhon_text::unicode;

/// `decimal.Decimal`.
#[derive(Trace)]
pub struct Decimal {
    low: u64,
    high: u64,
    exp: i64,
    big: Option<Obj>,
    #[trace(skip)]
    kind: Kind,
    negative: bool,
}

impl Decimal {
    /// The value.
    #[inline]
    pub fn number(&self) -> Number {
        let coef = match self.big {
            None => Coef::Small(u128::from(self.high) << 64 | u128::from(self.low)),
            Some(o) => big_coef(o),
        };
        Number { negative: self.negative, kind: self.kind, exp: self.exp, coef }
    }
    /// The value, if it is finite with a small coefficient.
    #[inline]
    pub fn small(&self) -> Option<Small> {
        if self.kind != Kind::Finite || self.big.is_some() {
            return None;
        }
        let coef = u128::from(self.high) << 64 | u128::from(self.low);
        Some(Small { negative: self.negative, coef, exp: self.exp })
    }
    pub fn kind(&self) -> Kind {
        self.kind
    }
    pub fn is_negative(&self) -> bool {
        self.negative
    }
    /// Whether it is a finite zero.
    pub fn zero(&self) -> bool {
        self.kind == Kind::Finite && self.low == 0 && self.high == 0 && self.big.is_none()
    }
}

#[cold]
fn big_coef(o: Obj) -> Coef {
    let mut room = [0];
    let (_, limbs) = int::parts(o, &mut room).expect("coefficients are ints");
    Coef::from_limbs(limbs)
}

/// An instance of `class`, which is `Decimal` or derives from it.
#[inline]
pub fn make_of(cx: &Cx, class: Gc<Type>, n: Number) -> Result<Obj> {
    let Number { negative, kind, exp, coef } = n;
    let (low, high, big) = match &coef {
        Coef::Small(v) => (*v as u64, (*v >> 64) as u64, None),
        Coef::Big(_) => (0, 0, Some(coef.with_limbs(|l| int::from_limbs(cx, false, l))?)),
    };
    Ok(instance_of(cx, class, Decimal { low, high, exp, big, kind, negative })?.obj())
}

/// A `Decimal`.
#[inline]
pub fn make(cx: &mut Cx, n: Number) -> Result<Obj> {
    let class = class_of::<Decimal>(cx)?;
    make_of(cx, class, n)
}

/// A `Decimal` of a small number.
#[inline]
pub fn make_small(cx: &mut Cx, n: Small) -> Result<Obj> {
    let Small { negative, coef, exp } = n;
    let (low, high) = (coef as u64, (coef >> 64) as u64);
    let class = class_of::<Decimal>(cx)?;
    Ok(instance_of(cx, class, Decimal { low, high, exp, big: None, kind: Kind::Finite, negative })?.obj())
}

/// Whether `o` is a `Decimal` and no instance of a subclass.
pub fn is_exact(o: Obj) -> bool {
    o.is_ptr() && <Decimal as native::NativeClass>::cell().get().is_some_and(|c| ops::class_of(o) == c)
}

/// What does not become a `Decimal`.
#[cold]
pub fn not_supported(cx: &Cx, o: Obj) -> Raised {
    cx.type_error(format!("conversion from {} to Decimal is not supported", cx.type_name(o)))
}

/// The value of an int.
pub fn from_int(o: Obj) -> Option<Number> {
    if let Some(v) = int::small(o) {
        return Some(Number::from_i64(v));
    }
    let mut room = [0];
    let (negative, limbs) = int::parts(o, &mut room)?;
    Some(Number::new(negative, Coef::from_limbs(limbs), 0))
}

/// An operand: a `Decimal` or an int.
#[inline]
pub fn operand(o: Obj) -> Option<Number> {
    match o.cast::<Decimal>() {
        Some(d) => Some(d.number()),
        None => from_int(o),
    }
}

/// An operand, or TypeError.
#[inline]
pub fn required(cx: &Cx, o: Obj) -> Result<Number> {
    operand(o).ok_or_else(|| not_supported(cx, o))
}

/// The exact value of a float.
pub fn from_f64(v: f64) -> Number {
    if v.is_nan() {
        return Number::nan();
    }
    let negative = v.is_sign_negative();
    if v.is_infinite() {
        return Number::infinity(negative);
    }
    if v == 0.0 {
        return Number::small(negative, 0, 0);
    }
    let bits = v.to_bits();
    let (mut m, mut e) = (bits & ((1 << 52) - 1), ((bits >> 52) & 0x7ff) as i64);
    if e == 0 {
        e = 1;
    } else {
        m |= 1 << 52;
    }
    e -= 1075;
    let zeros = i64::from(m.trailing_zeros());
    (m, e) = (m >> zeros, e + zeros);
    let m = num::Coef::Small(u128::from(m));
    if e >= 0 {
        return Number::new(negative, m.mul(&num::power_of(2, e as u32)), 0);
    }
    // m / 2**k is m * 5**k / 10**k.
    Number::new(negative, m.mul(&num::power_of(5, -e as u32)), e)
}

/// The characters of a number in text; `None` if there are others.
fn numeric(s: Gc<Str>, lenient: bool) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(s.len());
    for c in s.chars() {
        match c {
            0x5f if lenient => {}
            1..=127 => out.push(c as u8),
            c if unicode::is_space(c) => out.push(b' '),
            c => out.push(b'0' + unicode::decimal(c)? as u8),
        }
    }
    Some(out)
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | 9..=13 | 0x1c..=0x1f)
}

fn trimmed(mut b: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = b
        && is_space(*first)
    {
        b = rest;
    }
    while let [rest @ .., last] = b
        && is_space(*last)
    {
        b = rest;
    }
    b
}

/// The number that text says; `lenient`: with space around it and underscores.
fn parse(s: Gc<Str>, lenient: bool) -> Option<Number> {
    if let Some(a) = s.as_ascii()
        && !(lenient && a.contains('_'))
    {
        let b = a.as_bytes();
        return num::parse(if lenient { trimmed(b) } else { b });
    }
    let b = numeric(s, lenient)?;
    num::parse(if lenient { trimmed(&b) } else { &b })
}

/// An exact conversion: what does not fit the widest context is invalid.
fn exactly(n: Option<Number>, st: &mut Flags) -> Number {
    let Some(n) = n else { return Number::error(Flags::CONVERSION_SYNTAX, st) };
    let mut own = Flags::default();
    let n = num::finalize(n, &num::Context::MAX, &mut own);
    if own.any(Flags::INEXACT | Flags::ROUNDED | Flags::CLAMPED) {
        return Number::error(Flags::INVALID_OPERATION, st);
    }
    n
}

/// A conversion in a context, in which payloads of NaN must fit.
fn in_context(n: Option<Number>, ctx: &num::Context, st: &mut Flags) -> Number {
    match n {
        Some(n) if n.is_nan() && !n.coef.is_zero() && n.digits() > ctx.prec - i64::from(ctx.clamp) => {
            Number::error(Flags::CONVERSION_SYNTAX, st)
        }
        Some(n) => num::finalize(n, ctx, st),
        None => Number::error(Flags::CONVERSION_SYNTAX, st),
    }
}

/// A tuple, or the items of a list as one.
fn items_of(cx: &Cx, o: Obj) -> Result<Option<Gc<Tuple>>> {
    match (o.cast::<Tuple>(), o.cast::<List>()) {
        (None, Some(l)) => ops::tuple_from_list(cx, l).map(Some),
        (t, _) => Ok(t),
    }
}

/// The text of a sequence (sign, digits, exponent), which is then read like any.
fn from_triple(cx: &mut Cx, o: Obj) -> Result<Option<Number>> {
    let &[sign, digits, exp] = items_of(cx, o)?.map_or(&[][..], |t| t.items()) else {
        return Err(cx.value_error("argument must be a sequence of length 3"));
    };
    let mut text = match int::to_i64(sign) {
        Some(0) => String::new(),
        Some(1) => "-".to_owned(),
        _ => return Err(cx.value_error("sign must be an integer with the value 0 or 1")),
    };
    let mut exponent = None;
    let mut infinite = false;
    if let Some(s) = exp.cast::<Str>() {
        match &*s.to_str() {
            "F" => {
                infinite = true;
                text.push_str("Inf");
            }
            "n" => text.push_str("NaN"),
            "N" => text.push_str("sNaN"),
            _ => return Err(cx.value_error("string argument in the third position must be 'F', 'n' or 'N'")),
        }
    } else if int::is_int(exp) {
        exponent = Some(ssize(cx, exp)?);
    } else {
        return Err(cx.value_error("exponent must be an integer"));
    }
    let no_digits = "coefficient must be a tuple of digits";
    let Some(digits) = items_of(cx, digits)? else { return Err(cx.value_error(no_digits)) };
    if digits.is_empty() && exponent.is_some() {
        text.push('0');
    }
    for d in digits.items() {
        match int::to_i64(*d) {
            Some(d @ 0..=9) if !infinite => text.push((b'0' + d as u8) as char),
            Some(0..=9) => {}
            _ => return Err(cx.value_error(no_digits)),
        }
    }
    if let Some(e) = exponent {
        text.push_str(&format!("E{e}"));
    }
    Ok(num::parse(text.as_bytes()))
}

/// An int that fits a machine word.
pub fn ssize(cx: &Cx, o: Obj) -> Result<i64> {
    if !int::is_int(o) {
        return Err(cx.type_error("an integer is required"));
    }
    int::to_i64(o).ok_or_else(|| cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t"))
}

/// `class(o)`: whatever the constructor takes, exactly.
pub fn convert_exact(cx: &mut Cx, class: Gc<Type>, o: Obj, ctx: Gc<Context>) -> Result<Obj> {
    let mut st = Flags::default();
    let n = if let Some(s) = o.cast::<Str>() {
        exactly(parse(s, true), &mut st)
    } else if let Some(d) = o.cast::<Decimal>() {
        if is_exact(o) && ops::class_of(o) == class {
            return Ok(o);
        }
        return make_of(cx, class, d.number());
    } else if let Some(n) = from_int(o) {
        exactly(Some(n), &mut st)
    } else if o.cast::<Tuple>().is_some() || o.cast::<List>().is_some() {
        let n = from_triple(cx, o)?;
        exactly(n, &mut st)
    } else if let Some(v) = float::value(o) {
        ctx.signal(cx, Flags::FLOAT_OPERATION)?;
        from_f64(v)
    } else {
        return Err(not_supported(cx, o));
    };
    ctx.signal(cx, st.and(Flags::ERRORS))?;
    make_of(cx, class, n)
}

/// `context.create_decimal(o)`
pub fn convert(cx: &mut Cx, o: Obj, ctx: Gc<Context>) -> Result<Obj> {
    let spec = ctx.spec();
    let mut st = Flags::default();
    let n = if let Some(d) = o.cast::<Decimal>() {
        in_context(Some(d.number()), &spec, &mut st)
    } else if let Some(s) = o.cast::<Str>() {
        in_context(parse(s, false), &spec, &mut st)
    } else if let Some(n) = from_int(o) {
        in_context(Some(n), &spec, &mut st)
    } else if o.cast::<Tuple>().is_some() || o.cast::<List>().is_some() {
        let n = from_triple(cx, o)?;
        in_context(n, &spec, &mut st)
    } else if let Some(v) = float::value(o) {
        ctx.signal(cx, Flags::FLOAT_OPERATION)?;
        in_context(Some(from_f64(v)), &spec, &mut st)
    } else {
        return Err(not_supported(cx, o));
    };
    ctx.signal(cx, st)?;
    make(cx, n)
}

/// The value of an int or a float, for `from_float`.
pub fn int_or_float(cx: &Cx, o: Obj) -> Result<Number> {
    match (from_int(o), float::value(o)) {
        (Some(n), _) => Ok(n),
        (_, Some(v)) => Ok(from_f64(v)),
        _ => Err(cx.type_error("argument must be int or float")),
    }
}

/// The int that a number is rounded to.
pub fn to_int(cx: &mut Cx, n: &Number, round: Round) -> Result<Obj> {
    match n.kind {
        Kind::Finite => {}
        Kind::Infinite => {
            return Err(cx.error(ExcKind::OverflowError, "cannot convert Infinity to integer"));
        }
        _ => return Err(cx.value_error("cannot convert NaN to integer")),
    }
    let ctx = num::Context::MAX.rounding(round);
    let mut st = Flags::default();
    let whole = if n.exp < 0 { num::to_integral(n, &ctx, &mut st) } else { num::rescale(n, 0, &ctx, &mut st) };
    if st.any(Flags::MEMORY) || whole.is_special() {
        return Err(cx.memory_error());
    }
    whole.coef.with_limbs(|l| int::from_limbs(cx, whole.negative, l))
}

/// The nearest float.
pub fn to_f64(cx: &mut Cx, n: &Number) -> Result<f64> {
    Ok(match n.kind {
        Kind::Finite => match (&n.coef, n.exp) {
            // Both are exact as floats, and so the one rounding is that of the quotient.
            (Coef::Small(v), -22..=0) if *v < 1 << 53 => {
                let q = *v as f64 / 10f64.powi(-n.exp as i32);
                if n.negative { -q } else { q }
            }
            _ => typhon_text::float::parse(num::to_sci(n, true).as_bytes()).unwrap_or(f64::NAN),
        },
        Kind::Infinite if n.negative => f64::NEG_INFINITY,
        Kind::Infinite => f64::INFINITY,
        Kind::Nan if n.negative => -f64::NAN,
        Kind::Nan => f64::NAN,
        Kind::Snan => return Err(cx.value_error("cannot convert signaling NaN to float")),
    })
}

/// `(numerator, denominator)` of a finite number, in lowest terms.
pub fn ratio(cx: &mut Cx, n: &Number) -> Result<Obj> {
    match n.kind {
        Kind::Finite => {}
        Kind::Infinite => {
            return Err(cx.error(ExcKind::OverflowError, "cannot convert Infinity to integer ratio"));
        }
        _ => return Err(cx.value_error("cannot convert NaN to integer ratio")),
    }
    if n.exp >= 0 || n.coef.is_zero() {
        let whole = Number { exp: if n.coef.is_zero() { 0 } else { n.exp }, ..n.clone() };
        let top = to_int(cx, &whole, Round::Floor)?;
        return crate::util::tuple_obj(cx, &[top, Obj::int_unchecked(1)]);
    }
    let Some((top, bottom)) = num::lowest_terms(&n.coef, -n.exp) else { return Err(cx.memory_error()) };
    let top = top.with_limbs(|l| int::from_limbs(cx, n.negative, l))?;
    let bottom = bottom.with_limbs(|l| int::from_limbs(cx, false, l))?;
    crate::util::tuple_obj(cx, &[top, bottom])
}
