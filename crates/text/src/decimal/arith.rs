//! Sums, products, quotients.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use std::cmp::Ordering;

use super::coef::Tail;
use super::quick::aligned;
use super::round::{fit, nans};
use super::wide::{POW10, Wide, digits128};
use super::{Coef, Context, Decimal, Flags, MOST_DIGITS, Round, finalize};

/// a + b
#[inline]
pub fn add(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    add_signed(a, b, b.negative, ctx, st)
}

/// a - b
#[inline]
pub fn sub(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    add_signed(a, b, !b.negative, ctx, st)
}

/// a + b, `negative` being the sign of b.
#[inline]
fn add_signed(a: &Decimal, b: &Decimal, negative: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() || b.is_special() {
        return add_special(a, b, negative, ctx, st);
    }
    if let (Coef::Small(x), Coef::Small(y)) = (&a.coef, &b.coef)
        && let Some((x, y, exp)) = aligned(*x, a.exp, *y, b.exp)
        && let Some((sign, sum)) = add_small(a.negative, x, negative, y, ctx.round)
    {
        return fit(sign, Coef::Small(sum), exp, Tail::Zero, ctx, st);
    }
    add_finite(a, b, negative, ctx, st)
}

#[inline]
fn add_small(x_neg: bool, x: u128, y_neg: bool, y: u128, round: Round) -> Option<(bool, u128)> {
    if x_neg == y_neg {
        return Some((x_neg, x.checked_add(y)?));
    }
    Some(match x.cmp(&y) {
        Ordering::Equal => (round == Round::Floor, 0),
        Ordering::Greater => (x_neg, x - y),
        Ordering::Less => (y_neg, y - x),
    })
}

#[cold]
fn add_special(a: &Decimal, b: &Decimal, negative: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = nans(&[a, b], ctx, st) {
        return r;
    }
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) if a.negative != negative => Decimal::error(Flags::INVALID_OPERATION, st),
        (true, _) => Decimal::infinity(a.negative),
        _ => Decimal::infinity(negative),
    }
}

/// The long way. A number that is far below the last digit of the other one's result
/// is replaced by one that has the same effect and is near.
fn add_finite(a: &Decimal, b: &Decimal, negative: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    let (big, big_neg, small, small_neg) =
        if a.exp >= b.exp { (a, a.negative, b, negative) } else { (b, negative, a, a.negative) };
    let mut small_exp = small.exp;
    let mut small_coef = small.coef.clone();
    if big.exp != small_exp && !big.coef.is_zero() {
        let digits = big.digits();
        let floor = big.exp - 1 + if digits > ctx.prec { 0 } else { digits - ctx.prec - 1 };
        if small.adjusted() < floor {
            if !small_coef.is_zero() {
                small_coef = Coef::Small(1);
            }
            small_exp = floor;
        }
    }
    let Some(x) = big.coef.mul_pow10(big.exp - small_exp) else { return Decimal::error(Flags::MEMORY, st) };
    let y = small_coef;
    let (sign, sum) = if big_neg == small_neg {
        (big_neg, x.add(&y))
    } else {
        match x.cmp(&y) {
            Ordering::Equal => (ctx.round == Round::Floor, Coef::ZERO),
            Ordering::Greater => (big_neg, x.sub(&y)),
            Ordering::Less => (small_neg, y.sub(&x)),
        }
    };
    fit(sign, sum, small_exp, Tail::Zero, ctx, st)
}

/// +a
pub fn plus(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = if a.is_nan() { nans(&[a], ctx, st) } else { None } {
        return r;
    }
    let negative = a.negative && !(a.is_zero() && ctx.round != Round::Floor);
    finalize(a.clone().signed(negative), ctx, st)
}

/// -a
pub fn minus(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = if a.is_nan() { nans(&[a], ctx, st) } else { None } {
        return r;
    }
    let negative = !(a.negative || a.is_zero() && ctx.round != Round::Floor);
    finalize(a.clone().signed(negative), ctx, st)
}

/// abs(a)
pub fn abs(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.negative { minus(a, ctx, st) } else { plus(a, ctx, st) }
}

/// a * b
#[inline]
pub fn mul(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let (Coef::Small(x), Coef::Small(y), true) = (&a.coef, &b.coef, a.is_finite() && b.is_finite()) {
        let (sign, exp) = (a.negative != b.negative, a.exp + b.exp);
        if (x | y) >> 64 == 0 {
            return fit(sign, Coef::Small(x * y), exp, Tail::Zero, ctx, st);
        }
        let product = Wide::mul(*x, *y);
        if product.high == 0 {
            return fit(sign, Coef::Small(product.low), exp, Tail::Zero, ctx, st);
        }
        // Two numbers of full precision: most of the digits that go are dropped at once.
        let drop = i64::from(product.digits()) - ctx.prec;
        if drop > 0
            && let Some(p) = POW10.get(drop as usize)
            && let Some((q, r)) = product.div_rem(*p)
        {
            st.add(Flags::ROUNDED);
            return fit(sign, Coef::Small(q), exp + drop, Tail::of_small(r, *p), ctx, st);
        }
        return fit(sign, Coef::from_wide(product), exp, Tail::Zero, ctx, st);
    }
    finalize(mul_exact(a, b, ctx, st), ctx, st)
}

/// a * b as it is, whatever the precision; what is not a number as in [`mul`].
pub fn mul_exact(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let sign = a.negative != b.negative;
    if a.is_special() || b.is_special() {
        if let Some(r) = nans(&[a, b], ctx, st) {
            return r;
        }
        if a.is_zero() || b.is_zero() {
            return Decimal::error(Flags::INVALID_OPERATION, st);
        }
        return Decimal::infinity(sign);
    }
    if a.digits() + b.digits() > 2 * MOST_DIGITS {
        return Decimal::error(Flags::MEMORY, st);
    }
    Decimal::new(sign, a.coef.mul(&b.coef), a.exp + b.exp)
}

/// a * b + c, rounded once
pub fn fma(a: &Decimal, b: &Decimal, c: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let mut own = Flags::default();
    let product = mul_exact(a, b, ctx, &mut own);
    let r = if own.any(Flags::INVALID_OPERATION) { product } else { add(&product, c, ctx, &mut own) };
    st.add(own);
    r
}

/// a / b
pub fn div(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let sign = a.negative != b.negative;
    if a.is_special() || b.is_special() {
        if let Some(r) = nans(&[a, b], ctx, st) {
            return r;
        }
        if a.is_infinite() {
            if b.is_infinite() {
                return Decimal::error(Flags::INVALID_OPERATION, st);
            }
            return Decimal::infinity(sign);
        }
        st.add(Flags::CLAMPED);
        return Decimal::small(sign, 0, ctx.etiny());
    }
    if b.coef.is_zero() {
        if a.coef.is_zero() {
            return Decimal::error(Flags::DIVISION_UNDEFINED, st);
        }
        st.add(Flags::DIVISION_BY_ZERO);
        return Decimal::infinity(sign);
    }
    let ideal = a.exp - b.exp;
    if a.coef.is_zero() {
        return fit(sign, Coef::ZERO, ideal, Tail::Zero, ctx, st);
    }
    if let (Coef::Small(x), Coef::Small(y)) = (&a.coef, &b.coef)
        && let Some((q, inexact, shift)) = div_small(*x, *y, ctx.prec)
    {
        return quotient(sign, Coef::Small(q), ideal, shift, inexact, ctx, st);
    }
    let (x, y) = (a.digits(), b.digits());
    let mut prec = ctx.prec;
    if prec > MOST_DIGITS / 2 {
        // There is no room for all those digits; but an exact quotient has fewer.
        prec = prec.min(x + 4 * y);
        let narrow = ctx.with_prec(prec);
        let mut own = Flags::default();
        let r = div_finite(a, b, sign, ideal, &narrow, &mut own);
        if own.any(Flags::INEXACT | Flags::MEMORY) {
            return Decimal::error(Flags::MEMORY, st);
        }
        return finalize(r, ctx, st);
    }
    div_finite(a, b, sign, ideal, ctx, st)
}

fn div_finite(a: &Decimal, b: &Decimal, sign: bool, ideal: i64, ctx: &Context, st: &mut Flags) -> Decimal {
    let shift = b.digits() - a.digits() + ctx.prec + 1;
    let scaled = if shift >= 0 {
        (a.coef.mul_pow10(shift), Some(b.coef.clone()))
    } else {
        (Some(a.coef.clone()), b.coef.mul_pow10(-shift))
    };
    let (Some(x), Some(y)) = scaled else { return Decimal::error(Flags::MEMORY, st) };
    let (q, r) = x.div_rem(&y);
    quotient(sign, q, ideal, shift, !r.is_zero(), ctx, st)
}

/// A quotient of one digit or two more than the precision, `shift` places to the left.
fn quotient(sign: bool, q: Coef, ideal: i64, shift: i64, inexact: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    let mut exp = ideal - shift;
    if inexact {
        return fit(sign, q, exp, Tail::Below, ctx, st);
    }
    let mut q = q;
    if exp < ideal {
        // Exact: as few digits as bring it to the ideal exponent.
        let zeros = match &q {
            Coef::Small(v) => zeros_small(*v, ideal - exp),
            Coef::Big(_) => q.trailing_zeros().min(ideal - exp),
        };
        if zeros > 0 {
            q = q.div_pow10(zeros).0;
            exp += zeros;
        }
    }
    fit(sign, q, exp, Tail::Zero, ctx, st)
}

/// How many zeros, up to `most`, a number that is not zero ends with.
pub fn zeros_small(mut v: u128, most: i64) -> i64 {
    let mut n = 0;
    // Sixteen at once, as long as it is worth it.
    while most - n >= 16 && v.is_multiple_of(POW10[16]) {
        v /= POW10[16];
        n += 16;
    }
    while n < most {
        match u64::try_from(v) {
            Ok(mut v) => {
                while n < most && v.is_multiple_of(10) {
                    v /= 10;
                    n += 1;
                }
                return n;
            }
            Err(_) if v.is_multiple_of(10) => {
                v /= 10;
                n += 1;
            }
            Err(_) => break,
        }
    }
    n
}

/// x / y to `prec` + 1 digits or one more: the quotient, whether something remains,
/// and by how many places it was moved.
#[inline]
pub fn div_small(x: u128, y: u128, prec: i64) -> Option<(u128, bool, i64)> {
    let shift = i64::from(digits128(y)) - i64::from(digits128(x)) + prec + 1;
    if shift < 0 {
        return None;
    }
    let shift_at = usize::try_from(shift).ok()?;
    let (q, r) = match POW10.get(shift_at) {
        Some(p) => Wide::mul(x, *p).div_rem(y)?,
        None => {
            // Two steps, the first of which fits always.
            let p = *POW10.get(shift_at.checked_sub(38)?)?;
            let scaled = Wide::mul(x, p);
            if scaled.high != 0 {
                return None;
            }
            Wide::mul(scaled.low, POW10[38]).div_rem(y)?
        }
    };
    Some((q, r != 0, shift))
}
