//! Comparison of Decimals with numbers of other types.
//!
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::context::{Context, current};
use super::value::{Decimal, from_f64, from_int};
use typhon_builtins::complex::Complex;
use typhon_object::interp::InterpRoot;
use typhon_object::obj::{Gc, Obj};
use typhon_object::{CompareOp, Cx, Result, float, ops};
use typhon_text::decimal::{self as num, Decimal as Number, Flags};

/// `numbers.Rational`
pub static RATIONAL: InterpRoot = InterpRoot::new();

/// `this op other`
pub fn compare(cx: &mut Cx, this: Gc<Decimal>, other: Obj, op: CompareOp) -> Result<Obj> {
    if let (Some(a), Some(b)) = (this.small(), other.cast::<Decimal>().and_then(|b| b.small()))
        && let Some(o) = a.compare(b)
    {
        return Ok(Obj::bool(op.holds(o)));
    }
    let c = current(cx)?;
    let mut a = this.number();
    let b = match other.cast::<Decimal>() {
        Some(d) => d.number(),
        None => match counterpart(cx, c, &mut a, other, op)? {
            Some(b) => b,
            None => return Ok(Obj::NOT_IMPLEMENTED),
        },
    };
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let mut st = Flags::default();
    let order = num::compare_op(&a, &b, !equality, &mut st);
    c.signal(cx, st)?;
    Ok(Obj::bool(match order {
        Some(o) => op.holds(o),
        // With a NaN nothing holds but that they differ.
        None => op == CompareOp::Ne,
    }))
}

/// What to compare with; `a` is multiplied with the denominator if that is a fraction.
fn counterpart(cx: &mut Cx, c: Gc<Context>, a: &mut Number, other: Obj, op: CompareOp) -> Result<Option<Number>> {
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    if let Some(n) = from_int(other) {
        return Ok(Some(n));
    }
    if let Some(v) = float::value(other) {
        if equality {
            c.note(Flags::FLOAT_OPERATION);
        } else {
            c.signal(cx, Flags::FLOAT_OPERATION)?;
        }
        return Ok(Some(from_f64(v)));
    }
    if let Some(z) = other.cast::<Complex>() {
        if !equality || z.im != 0.0 {
            return Ok(None);
        }
        c.note(Flags::FLOAT_OPERATION);
        return Ok(Some(from_f64(z.re)));
    }
    let Some(rational) = Obj::from_word(RATIONAL.get(cx)) else { return Ok(None) };
    if !ops::is_instance(cx, other, rational)? {
        return Ok(None);
    }
    let top = crate::util::attr(cx, other, "numerator")?;
    let top = from_int(top).ok_or_else(|| cx.type_error("argument must be an integer"))?;
    if a.is_finite() {
        let bottom = crate::util::attr(cx, other, "denominator")?;
        let bottom = from_int(bottom).ok_or_else(|| cx.type_error("argument must be an integer"))?;
        a.coef = a.coef.mul(&bottom.coef);
        a.negative ^= bottom.negative;
    }
    Ok(Some(top))
}
