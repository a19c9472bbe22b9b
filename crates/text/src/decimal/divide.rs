//! Integer division and remainders.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use std::cmp::Ordering;

use super::arith::{add, sub};
use super::round::nans;
use super::{Coef, Context, Decimal, Flags, finalize};

/// Quotient and remainder of finite numbers, the divisor not zero; `None` if the
/// quotient has too many digits.
fn parts(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Option<(Decimal, Decimal)> {
    let sign = a.negative != b.negative;
    let ideal = a.exp.min(b.exp);
    if a.coef.is_zero() {
        return Some((Decimal::small(sign, 0, 0), Decimal::new(a.negative, Coef::ZERO, ideal)));
    }
    let above = a.adjusted() - b.adjusted();
    if above < 0 {
        let Some(r) = a.coef.mul_pow10(a.exp - ideal) else {
            st.add(Flags::MEMORY);
            return None;
        };
        return Some((Decimal::small(sign, 0, 0), Decimal::new(a.negative, r, ideal)));
    }
    if above > ctx.prec {
        st.add(Flags::DIVISION_IMPOSSIBLE);
        return None;
    }
    let (Some(x), Some(y)) = (a.coef.mul_pow10(a.exp - ideal), b.coef.mul_pow10(b.exp - ideal)) else {
        st.add(Flags::MEMORY);
        return None;
    };
    let (q, r) = x.div_rem(&y);
    if q.digits() > ctx.prec {
        st.add(Flags::DIVISION_IMPOSSIBLE);
        return None;
    }
    Some((Decimal::new(sign, q, 0), Decimal::new(a.negative, r, ideal)))
}

/// a // b, towards zero
pub fn div_int(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let sign = a.negative != b.negative;
    if a.is_special() || b.is_special() {
        if let Some(r) = nans(&[a, b], ctx, st) {
            return r;
        }
        return match (a.is_infinite(), b.is_infinite()) {
            (true, true) => Decimal::error(Flags::INVALID_OPERATION, st),
            (true, _) => Decimal::infinity(sign),
            _ => Decimal::small(sign, 0, 0),
        };
    }
    if b.coef.is_zero() {
        if a.coef.is_zero() {
            return Decimal::error(Flags::DIVISION_UNDEFINED, st);
        }
        st.add(Flags::DIVISION_BY_ZERO);
        return Decimal::infinity(sign);
    }
    match parts(a, b, ctx, st) {
        Some((q, _)) => finalize(q, ctx, st),
        None => Decimal::nan(),
    }
}

/// What a remainder is when an operand is not finite or the divisor is zero.
fn rem_special(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Option<Decimal> {
    if a.is_special() || b.is_special() {
        if let Some(r) = nans(&[a, b], ctx, st) {
            return Some(r);
        }
        if a.is_infinite() {
            return Some(Decimal::error(Flags::INVALID_OPERATION, st));
        }
        return Some(finalize(a.clone(), ctx, st));
    }
    if b.coef.is_zero() {
        let why = if a.coef.is_zero() { Flags::DIVISION_UNDEFINED } else { Flags::INVALID_OPERATION };
        return Some(Decimal::error(why, st));
    }
    None
}

/// a % b, with the sign of a
pub fn rem(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = rem_special(a, b, ctx, st) {
        return r;
    }
    match parts(a, b, ctx, st) {
        Some((_, r)) => finalize(r, ctx, st),
        None => Decimal::nan(),
    }
}

/// (a // b, a % b)
pub fn div_mod(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> (Decimal, Decimal) {
    let sign = a.negative != b.negative;
    if a.is_special() || b.is_special() {
        if let Some(r) = nans(&[a, b], ctx, st) {
            return (r.clone(), r);
        }
        if a.is_infinite() {
            st.add(Flags::INVALID_OPERATION);
            let q = if b.is_infinite() { Decimal::nan() } else { Decimal::infinity(sign) };
            return (q, Decimal::nan());
        }
        return (Decimal::small(sign, 0, 0), finalize(a.clone(), ctx, st));
    }
    if b.coef.is_zero() {
        if a.coef.is_zero() {
            st.add(Flags::DIVISION_UNDEFINED);
            return (Decimal::nan(), Decimal::nan());
        }
        st.add(Flags::DIVISION_BY_ZERO | Flags::INVALID_OPERATION);
        return (Decimal::infinity(sign), Decimal::nan());
    }
    match parts(a, b, ctx, st) {
        Some((q, r)) => (finalize(q, ctx, st), finalize(r, ctx, st)),
        None => (Decimal::nan(), Decimal::nan()),
    }
}

/// a - b * n, n being the integer nearest to a / b
pub fn rem_near(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = rem_special(a, b, ctx, st) {
        return r;
    }
    let Some((q, mut r)) = parts(a, b, ctx, st) else { return Decimal::nan() };
    if !r.coef.is_zero() && (b.adjusted() - r.adjusted()).abs() <= 1 {
        let mut own = Flags::default();
        let same = a.negative == b.negative;
        let other = if same { sub(&r, b, &Context::MAX, &mut own) } else { add(&r, b, &Context::MAX, &mut own) };
        if own.any(Flags::ERRORS) {
            return Decimal::error(own.and(Flags::ERRORS), st);
        }
        let nearer = super::compare::magnitude_cmp(&other, &r);
        if nearer == Ordering::Less || nearer == Ordering::Equal && q.coef.is_odd() {
            if super::round::nines(ctx.prec.min(q.digits() + 1)).as_ref() == Some(&q.coef) {
                return Decimal::error(Flags::DIVISION_IMPOSSIBLE, st);
            }
            r = other;
        }
    }
    finalize(r, ctx, st)
}
