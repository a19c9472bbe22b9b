//! Exponents: quantizing, rounding to integers, scaling, neighbours.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use std::cmp::Ordering;

use super::arith::{add, sub};
use super::compare::numeric_cmp;
use super::round::{largest, nans, to_exponent};
use super::{Context, Decimal, Flags, MAX_EMAX, MIN_ETINY, Round, finalize};

/// `a` with the exponent of `b`, if it has room for that.
pub fn quantize(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() || b.is_special() {
        if let Some(r) = nans(&[a, b], ctx, st) {
            return r;
        }
        if a.is_infinite() && b.is_infinite() {
            return a.clone();
        }
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    if b.exp > ctx.emax || b.exp < ctx.etiny() {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    if !a.coef.is_zero() && a.digits() + (a.exp - b.exp) > ctx.prec {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    let mut own = Flags::default();
    let Some(r) = to_exponent(a, b.exp, ctx.round, &mut own) else { return Decimal::error(Flags::MEMORY, st) };
    if r.coef.is_zero() {
        st.add(own);
        return finalize(r, ctx, st);
    }
    if r.digits() > ctx.prec || r.adjusted() > ctx.emax || r.adjusted() < ctx.etiny() {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    st.add(own);
    finalize(r, ctx, st)
}

/// `a` with an exponent, whatever the precision: for formatting.
pub fn rescale(a: &Decimal, exp: i64, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() {
        return a.clone();
    }
    if !(MIN_ETINY - super::MAX_PREC..=MAX_EMAX + 1).contains(&exp) {
        return Decimal::error(Flags::INVALID_OPERATION, st);
    }
    match to_exponent(a, exp, ctx.round, st) {
        Some(r) => r,
        None => Decimal::error(Flags::MEMORY, st),
    }
}

fn integral(a: &Decimal, ctx: &Context, st: &mut Flags) -> (Decimal, Flags) {
    let mut own = Flags::default();
    let r = match a {
        _ if a.is_special() => nans(&[a], ctx, st).unwrap_or_else(|| a.clone()),
        _ if a.exp >= 0 => a.clone(),
        _ => to_exponent(a, 0, ctx.round, &mut own).unwrap_or_else(Decimal::nan),
    };
    (r, own)
}

/// The nearest integer by the rounding mode, silently.
pub fn to_integral(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    integral(a, ctx, st).0
}

/// The same with the conditions of rounding.
pub fn to_integral_exact(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let (r, own) = integral(a, ctx, st);
    st.add(own);
    r
}

/// Without trailing zeros.
pub fn reduce(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() {
        return nans(&[a], ctx, st).unwrap_or_else(|| a.clone());
    }
    let r = finalize(a.clone(), ctx, st);
    if r.is_special() {
        return r;
    }
    if r.coef.is_zero() {
        return Decimal::small(a.negative, 0, 0);
    }
    let most = if ctx.clamp { ctx.etop() } else { ctx.emax } - r.exp;
    let zeros = r.coef.trailing_zeros().min(most);
    Decimal::new(r.negative, r.coef.div_pow10(zeros).0, r.exp + zeros)
}

/// The exponent of the first digit.
pub fn logb(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() {
        return nans(&[a], ctx, st).unwrap_or_else(|| Decimal::infinity(false));
    }
    if a.coef.is_zero() {
        st.add(Flags::DIVISION_BY_ZERO);
        return Decimal::infinity(true);
    }
    finalize(Decimal::from_i64(a.adjusted()), ctx, st)
}

/// The value of `b` as a small integer with exponent 0.
pub fn small_integer(b: &Decimal) -> Option<i64> {
    match &b.coef {
        super::Coef::Small(v) if b.is_finite() && b.exp == 0 => {
            let v = i64::try_from(*v).ok()?;
            Some(if b.negative { -v } else { v })
        }
        _ => None,
    }
}

/// a * 10**b
pub fn scaleb(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = nans(&[a, b], ctx, st) {
        return r;
    }
    let most = 2 * (ctx.emax as i128 + ctx.prec as i128);
    match small_integer(b) {
        Some(n) if i128::from(n).abs() <= most => {
            if a.is_infinite() {
                return a.clone();
            }
            // Beyond these bounds nothing changes any more.
            let exp = (a.exp as i128 + n as i128).clamp(i128::from(MIN_ETINY) * 2, i128::from(MAX_EMAX) * 2);
            finalize(Decimal::new(a.negative, a.coef.clone(), exp as i64), ctx, st)
        }
        _ => Decimal::error(Flags::INVALID_OPERATION, st),
    }
}

/// The largest number below.
pub fn next_minus(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    neighbour(a, true, ctx, st)
}

/// The smallest number above.
pub fn next_plus(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    neighbour(a, false, ctx, st)
}

fn neighbour(a: &Decimal, below: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() {
        if let Some(r) = nans(&[a], ctx, st) {
            return r;
        }
        return if a.negative == below { a.clone() } else { largest(a.negative, ctx, st) };
    }
    let work = ctx.rounding(if below { Round::Floor } else { Round::Ceiling });
    let mut own = Flags::default();
    let r = finalize(a.clone(), &work, &mut own);
    if own.any(Flags::INEXACT | Flags::ERRORS) {
        st.add(own.and(Flags::ERRORS));
        return r;
    }
    let tiny = Decimal::small(false, 1, ctx.etiny() - 1);
    own = Flags::default();
    let r = if below { sub(a, &tiny, &work, &mut own) } else { add(a, &tiny, &work, &mut own) };
    st.add(own.and(Flags::ERRORS));
    r
}

/// The neighbour on the way to `b`.
pub fn next_toward(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = nans(&[a, b], ctx, st) {
        return r;
    }
    let r = match numeric_cmp(a, b) {
        Ordering::Equal => return a.clone().signed(b.negative),
        Ordering::Less => next_plus(a, ctx, st),
        Ordering::Greater => next_minus(a, ctx, st),
    };
    if r.is_infinite() {
        st.add(Flags::OVERFLOW | Flags::ROUNDED | Flags::INEXACT);
    } else if r.is_finite() && r.adjusted() < ctx.emin {
        st.add(Flags::UNDERFLOW | Flags::SUBNORMAL | Flags::ROUNDED | Flags::INEXACT);
        if r.coef.is_zero() {
            st.add(Flags::CLAMPED);
        }
    }
    r
}
