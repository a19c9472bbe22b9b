//! Powers, with and without a modulus.
//!
//! Powers with integral exponents are multiplied together with some digits more than
//! the precision; others are `exp(ln(base) * exponent)` with 23 digits more. Both are
//! CPython's ways, so the last digits agree with it.
//! Tests: `tests.rs`; CPython test_decimal.

use std::cmp::Ordering;

use dashu_int::UBig;
use dashu_int::ops::BitTest;

use super::arith::{div, mul, sub};
use super::coef::Tail;
use super::compare::magnitude_cmp;
use super::round::{fit, nans};
use super::{Coef, Context, Decimal, Flags, MOST_DIGITS, Round, exp, finalize, ln};

/// How many digits an exponent has at most: the guard digits of a power.
const EXP_DIGITS: i64 = 19;

fn one() -> Decimal {
    Decimal::small(false, 1, 0)
}

/// A number beyond all exponents.
fn beyond(negative: bool) -> Decimal {
    Decimal::small(negative, 1, 2 * super::MAX_EMAX)
}

/// One with `shift` zeros after the point.
fn padded_one(negative: bool, shift: i64, st: &mut Flags) -> Decimal {
    match Coef::Small(1).mul_pow10(shift) {
        Some(c) => Decimal::new(negative, c, -shift),
        None => Decimal::error(Flags::MEMORY, st),
    }
}

/// base ** exponent
pub fn pow(base: &Decimal, exponent: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = nans(&[base, exponent], ctx, st) {
        return r;
    }
    let integral = exponent.is_integral();
    let sign = integral && base.negative && exponent.is_odd();
    if base.is_zero() {
        return match (exponent.is_zero(), exponent.negative) {
            (true, _) => Decimal::error(Flags::INVALID_OPERATION, st),
            (_, true) => Decimal::infinity(sign),
            _ => Decimal::small(sign, 0, 0),
        };
    }
    if base.negative && !integral {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    if exponent.is_infinite() {
        let order = if base.is_infinite() { Ordering::Greater } else { magnitude_cmp(base, &one()) };
        return match (order, exponent.negative) {
            (Ordering::Equal, _) => {
                st.add(Flags::INEXACT | Flags::ROUNDED);
                padded_one(sign, ctx.prec - 1, st)
            }
            (Ordering::Greater, false) | (Ordering::Less, true) => Decimal::infinity(sign),
            _ => Decimal::small(sign, 0, 0),
        };
    }
    if base.is_infinite() {
        return match (exponent.is_zero(), exponent.negative) {
            (true, _) => Decimal::small(sign, 1, 0),
            (_, true) => Decimal::small(sign, 0, 0),
            _ => Decimal::infinity(sign),
        };
    }
    if exponent.is_zero() {
        return Decimal::small(sign, 1, 0);
    }
    if magnitude_cmp(base, &one()) == Ordering::Equal {
        return power_of_one(base, exponent, integral, sign, ctx, st);
    }
    if let Some(far) = out_of_bounds(base, exponent, sign, ctx) {
        return finalize(far, ctx, st);
    }
    if integral {
        return pow_integral(base, exponent, sign, ctx, st);
    }
    let mut r = pow_real(base, exponent, ctx, st);
    if r.is_finite() && !r.coef.is_zero() && magnitude_cmp(&r, &one()) == Ordering::Equal {
        r = padded_one(false, ctx.prec - 1, st);
    }
    if r.is_infinite() {
        // Whether that is infinite in the end depends on the rounding mode.
        r = beyond(false);
    }
    finalize(r, ctx, st)
}

/// 1.00 to some power, which has so many places as the product has.
fn power_of_one(
    base: &Decimal,
    exponent: &Decimal,
    integral: bool,
    sign: bool,
    ctx: &Context,
    st: &mut Flags,
) -> Decimal {
    if !integral {
        st.add(Flags::INEXACT | Flags::ROUNDED);
        return padded_one(sign, ctx.prec - 1, st);
    }
    if exponent.negative {
        return Decimal::small(sign, 1, 0);
    }
    let n = integral_value(exponent, 60).and_then(|n| i64::try_from(&n).ok());
    let places = n.and_then(|n| n.checked_mul(-base.exp)).unwrap_or(if base.exp == 0 { 0 } else { i64::MAX });
    if places > ctx.prec - 1 {
        st.add(Flags::ROUNDED);
    }
    padded_one(sign, places.min(ctx.prec - 1), st)
}

/// The magnitude of an integral number, if its exponent is at most `most`.
fn integral_value(a: &Decimal, most: i64) -> Option<UBig> {
    match a.exp {
        0.. if a.exp > most => None,
        0.. => Some(a.coef.mul_pow10(a.exp)?.to_big()),
        _ => Some(a.coef.div_pow10(-a.exp).0.to_big()),
    }
}

fn number_digits(n: i64) -> i64 {
    Coef::Small(u128::from(n.unsigned_abs())).digits()
}

/// A number that stands for the power if that is surely too large or too small: from
/// bounds of the logarithms of exponent and base.
fn out_of_bounds(base: &Decimal, exponent: &Decimal, sign: bool, ctx: &Context) -> Option<Decimal> {
    let base = base.clone().signed(false);
    let theta = exponent.adjusted();
    let adjusted = base.adjusted();
    let zeta = match adjusted {
        1.. => number_digits(adjusted) - 1,
        ..-1 => number_digits(adjusted + 1) - 1,
        _ => {
            let mut own = Flags::default();
            let difference = sub(&base, &one(), &Context::MAX, &mut own);
            difference.adjusted() - if adjusted == 0 { 2 } else { 1 }
        }
    };
    if (adjusted < 0) == exponent.negative {
        (number_digits(ctx.emax) < zeta + theta).then(|| beyond(sign))
    } else {
        (number_digits(ctx.etiny()) < zeta + theta).then(|| Decimal::small(sign, 1, ctx.etiny() - 1))
    }
}

fn pow_integral(base: &Decimal, exponent: &Decimal, sign: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    let more = exponent.digits() + exponent.exp + 2 + i64::from(exponent.negative);
    let work = Context { prec: ctx.prec + more, round: Round::HalfEven, clamp: false, ..*ctx };
    let mut base = base.clone();
    if exponent.negative {
        let mut own = Flags::default();
        base = div(&one(), &base, &work, &mut own);
        st.add(own);
        if own.any(Flags::ERRORS) {
            return Decimal::nan();
        }
    }
    // Exponents beyond that many digits were out of bounds unless the base is all but 1.
    let Some(n) = integral_value(exponent, MOST_DIGITS) else { return Decimal::error(Flags::MEMORY, st) };
    let mut own = Flags::default();
    let mut r = base.clone();
    let done = |r: &Decimal, own: Flags| r.is_special() || r.coef.is_zero() && own.any(Flags::CLAMPED);
    for bit in (0..n.bit_len() - 1).rev() {
        r = mul(&r, &r, &work, &mut own);
        if n.bit(bit) {
            r = mul(&r, &base, &work, &mut own);
        }
        if done(&r, own) {
            break;
        }
    }
    st.add(own);
    r.negative = sign;
    if r.is_infinite() {
        r = beyond(sign);
    }
    finalize(r, ctx, st)
}

fn pow_real(base: &Decimal, exponent: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let prec = base.digits().max(ctx.prec) + 4 + EXP_DIGITS;
    let work = Context { prec, ..Context::MAX };
    let mut own = Flags::default();
    let log = ln(base, &work, &mut own);
    let product = mul(&log, exponent, &work, &mut own);
    st.add(own.and(Flags::ERRORS));
    let r = exp(&product, &work, st);
    st.add(Flags::INEXACT | Flags::ROUNDED);
    r
}

/// base ** exponent % modulus, of integers
pub fn pow_mod(base: &Decimal, exponent: &Decimal, modulus: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = nans(&[base, exponent, modulus], ctx, st) {
        return r;
    }
    let all = [base, exponent, modulus];
    if all.iter().any(|d| !d.is_integral()) || modulus.coef.is_zero() {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    if modulus.digits() + modulus.exp > ctx.prec {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    let sign = base.negative && exponent.is_odd();
    if exponent.coef.is_zero() {
        if base.coef.is_zero() {
            return Decimal::error(Flags::INVALID_OPERATION, st);
        }
        let r = u128::from(magnitude_cmp(modulus, &one()) != Ordering::Equal);
        return Decimal::small(sign, r, 0);
    }
    if exponent.negative {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    if base.coef.is_zero() {
        return Decimal::small(sign, 0, 0);
    }
    let (Some(m), Some(e)) = (integral_value(modulus, MOST_DIGITS), integral_value(exponent, MOST_DIGITS)) else {
        return Decimal::error(Flags::MEMORY, st);
    };
    if m.is_one() {
        return Decimal::small(sign, 0, 0);
    }
    let ring = dashu_int::fast_div::ConstDivisor::new(m);
    let mut b = ring.reduce(if base.exp < 0 { base.coef.div_pow10(-base.exp).0 } else { base.coef.clone() }.to_big());
    if base.exp > 0 {
        b *= ring.reduce(UBig::from(10u8)).pow(&UBig::from(base.exp.unsigned_abs()));
    }
    Decimal::new(sign, Coef::from_big(b.pow(&e).residue()), 0)
}

/// A result known to a few digits more than the precision.
pub fn inexact(negative: bool, coef: Coef, exp: i64, ctx: &Context, st: &mut Flags) -> Decimal {
    fit(negative, coef, exp, Tail::Below, ctx, st)
}
