//! The square root.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use dashu_int::ops::SquareRoot;

use super::coef::Tail;
use super::round::{fit, nans};
use super::{Coef, Context, Decimal, Flags, MOST_DIGITS, Round, finalize};

/// The square root, rounded half to even whatever the context says.
pub fn sqrt(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() {
        return match nans(&[a], ctx, st) {
            Some(r) => r,
            None if a.negative => Decimal::error(Flags::INVALID_OPERATION, st),
            None => a.clone(),
        };
    }
    let ideal = a.exp.div_euclid(2);
    if a.coef.is_zero() {
        return finalize(Decimal::small(a.negative, 0, ideal), ctx, st);
    }
    if a.negative {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    let half_even = ctx.rounding(Round::HalfEven);
    if ctx.prec > MOST_DIGITS / 2 {
        // No room for all digits; an exact root has at most half of the operand's.
        let narrow = half_even.with_prec(a.digits() + 2);
        let mut own = Flags::default();
        let r = root(a, ideal, &narrow, &mut own);
        if own.any(Flags::INEXACT | Flags::MEMORY) {
            return Decimal::error(Flags::MEMORY, st);
        }
        return finalize(r, &half_even, st);
    }
    root(a, ideal, &half_even, st)
}

fn root(a: &Decimal, ideal: i64, ctx: &Context, st: &mut Flags) -> Decimal {
    let odd = a.exp - 2 * ideal;
    let Some(c) = a.coef.mul_pow10(odd) else { return Decimal::error(Flags::MEMORY, st) };
    // So many places that the root has one digit more than the precision.
    let shift = ctx.prec + 1 - (c.digits() + 1) / 2;
    let (scaled, exact) = if shift >= 0 {
        (c.mul_pow10(2 * shift), true)
    } else {
        let (q, tail) = c.div_pow10(-2 * shift);
        (Some(q), tail == Tail::Zero)
    };
    let Some(scaled) = scaled else { return Decimal::error(Flags::MEMORY, st) };
    let (root, exact) = match &scaled {
        Coef::Small(v) => {
            let r = v.isqrt();
            (Coef::Small(r), exact && r * r == *v)
        }
        Coef::Big(v) => {
            let r = v.sqrt();
            let exact = exact && &(&r * &r) == v;
            (Coef::from_big(r), exact)
        }
    };
    if !exact {
        return fit(false, root, ideal - shift, Tail::Below, ctx, st);
    }
    let root = if shift >= 0 { Some(root.div_pow10(shift).0) } else { root.mul_pow10(-shift) };
    match root {
        Some(r) => fit(false, r, ideal, Tail::Zero, ctx, st),
        None => Decimal::error(Flags::MEMORY, st),
    }
}
