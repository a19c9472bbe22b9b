//! `exp`, `ln`, `log10`, to any number of digits, correctly rounded (half to even).
//!
//! Values are binary fixed-point numbers. They are computed with some digits more than
//! wanted, and again with more of them if the digits that go are too near to a tie or
//! to zero to be sure (Ziv's method). Each function says how wrong its result may be.
//! Tests: `tests.rs`; CPython test_decimal.

use std::cell::RefCell;

use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, UBig};

use super::coef::{Tail, big_digits, with_pow10};
use super::powers::inexact;
use super::round::{fit, nans};
use super::{Coef, Context, Decimal, Flags, MOST_DIGITS, Round};

const BITS_PER_DIGIT: f64 = std::f64::consts::LOG2_10;

fn bits_for(digits: i64) -> usize {
    (digits as f64 * BITS_PER_DIGIT) as usize + 3
}

/// Series in 1/n that give a logarithm: sum of factor * artanh(1/n).
type Artanhs = &'static [(u32, u64)];
/// ln 10
const LN10: Artanhs = &[(46, 31), (34, 49), (20, 161)];

/// artanh(1/n) with `w` bits after the point, up to one for each term too small.
fn artanh_inverse(n: u64, w: usize) -> UBig {
    let square = n * n;
    let mut power = (UBig::ONE << w) / n;
    let mut sum = power.clone();
    let mut k = 3u64;
    loop {
        power /= square;
        if power.is_zero() {
            return sum;
        }
        sum += &power / k;
        k += 2;
    }
}

thread_local! {
    /// ln 10 with so many bits as were wanted so far.
    static KNOWN_LN10: RefCell<(usize, UBig)> = const { RefCell::new((0, UBig::ZERO)) };
}

/// ln 10 with `w` bits after the point, at most 2 too small.
fn ln10(w: usize) -> UBig {
    let known = KNOWN_LN10.with_borrow(|(bits, value)| (*bits >= w).then(|| value >> (bits - w)));
    known.unwrap_or_else(|| {
        let bits = w + 64 + w / 8;
        // The series lose less than one for each of their terms.
        let guard = 40;
        let mut sum = UBig::ZERO;
        for (factor, n) in LN10 {
            sum += artanh_inverse(*n, bits + guard) * *factor;
        }
        let value = sum >> guard;
        let r = &value >> (bits - w);
        KNOWN_LN10.set((bits, value));
        r
    })
}

/// e**r of 0 <= r < 4, with `w` bits after the point, wrong by less than 4.
fn exp_fixed(r: &UBig, w: usize) -> UBig {
    // Halved `m` times, the series converges quickly; then it is squared as often.
    let m = ((w as f64 / 3.0).sqrt() as usize).max(4);
    let work = w + 2 * m + 24;
    let x = r << (work - w) >> m;
    let one = UBig::ONE << work;
    let mut sum = &one + &x;
    let mut term = x.clone();
    let mut n = 2u64;
    loop {
        term = (&term * &x) >> work;
        term /= n;
        if term.is_zero() {
            break;
        }
        sum += &term;
        n += 1;
    }
    for _ in 0..m {
        sum = (&sum * &sum) >> work;
    }
    sum >> (work - w)
}

/// |a| with `w` bits after the point, rounded down.
fn to_fixed(coef: &UBig, exp: i64, w: usize) -> UBig {
    if exp >= 0 {
        return with_pow10(exp as u64, |p| coef * p) << w;
    }
    // Digits that are not seen are not worth a long division.
    let spare = big_digits(coef) - (w as f64 / BITS_PER_DIGIT) as i64 - 40;
    let (coef, exp) = match spare.min(-exp) {
        spare @ 1.. => (with_pow10(spare as u64, |p| coef / p), exp + spare),
        _ => (coef.clone(), exp),
    };
    if exp >= 0 {
        return with_pow10(exp as u64, |p| &coef * p) << w;
    }
    with_pow10(exp.unsigned_abs(), |p| (coef << w) / p)
}

/// Whether rounding `v`, the last `guard` digits of which go, is the same for all
/// numbers within `error` of it.
fn is_sure(v: &UBig, guard: i64, error: u32) -> bool {
    with_pow10(guard as u64, |p| {
        let rest = v % p;
        let half = p >> 1usize;
        let apart = |a: &UBig, b: &UBig| if a > b { a - b } else { b - a };
        let error = UBig::from(error);
        rest > error && p - &rest > error && apart(&rest, &half) > error
    })
}

/// Search for a sure result: `f` is given a number of digits and returns at least as
/// many, the exponent of the last one, and how wrong that may be.
fn sure(prec: i64, mut f: impl FnMut(i64) -> (UBig, i64, u32)) -> (Coef, i64) {
    let mut guard = 8;
    loop {
        let (v, exp, error) = f(prec + guard);
        let spare = big_digits(&v) - prec;
        if spare > 0 && is_sure(&v, spare, error) {
            return (Coef::from_big(v), exp);
        }
        guard *= 2;
    }
}

fn too_large(ctx: &Context) -> bool {
    ctx.prec > MOST_DIGITS / 20
}

/// e ** a
pub fn exp(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if a.is_special() {
        return match nans(&[a], ctx, st) {
            Some(r) => r,
            None if a.negative => Decimal::small(false, 0, 0),
            None => a.clone(),
        };
    }
    if a.coef.is_zero() {
        return Decimal::small(false, 1, 0);
    }
    let ctx = &ctx.rounding(Round::HalfEven);
    let adjusted = a.adjusted();
    if adjusted >= 19 {
        let (coef, exp) = (Coef::Small(1), if a.negative { ctx.etiny() - 1 } else { 2 * super::MAX_EMAX });
        return fit(false, coef, exp, Tail::Zero, ctx, st);
    }
    if too_large(ctx) {
        return Decimal::error(Flags::MEMORY, st);
    }
    if adjusted < -(ctx.prec + 4) {
        // 1.00..01 or 0.99..9.
        let Some(mut one) = Coef::Small(1).mul_pow10(ctx.prec + 2) else {
            return Decimal::error(Flags::MEMORY, st);
        };
        let exp = -(ctx.prec + 2);
        if a.negative {
            one = one.sub(&Coef::Small(1));
        }
        return fit(false, one, exp, Tail::Below, ctx, st);
    }
    let coef = a.coef.to_big();
    let (v, exp) = sure(ctx.prec, |digits| exp_digits(&coef, a.exp, a.negative, adjusted, digits));
    inexact(false, v, exp, ctx, st)
}

/// `digits` digits of e**(+-coef * 10**exp), wrong by less than 3.
fn exp_digits(coef: &UBig, exp: i64, negative: bool, adjusted: i64, digits: i64) -> (UBig, i64, u32) {
    // The multiple of ln 10 has as many digits as the argument.
    let w = bits_for(digits + 2) + 16;
    let more = bits_for(adjusted.max(0) + 2);
    let wide = w + more;
    let x = to_fixed(coef, exp, wide);
    let unit = ln10(wide);
    let (mut k, mut r) = x.div_rem(&unit);
    if negative && !r.is_zero() {
        k += UBig::ONE;
        r = &unit - r;
    }
    // Less than k + 2 units wrong, which `more` bits hold.
    let r = r >> more;
    let e = exp_fixed(&r, w);
    let k = i64::try_from(&k).unwrap_or(i64::MAX / 2);
    let v = with_pow10(digits as u64, |p| (e * p) >> w);
    (v, if negative { -k } else { k } - digits, 3)
}

/// ln(m) of 1 <= m < 16, both with `w` bits after the point; wrong by less than 64.
fn ln_fixed(m: &UBig, w: usize) -> IBig {
    let head = if w > 60 { m >> (w - 60) } else { m << (60 - w) };
    let start = (u64::try_from(&head).unwrap_or(1 << 60) as f64 / (1u64 << 60) as f64).ln();
    let mut known = 48;
    let mut y = IBig::from((start * (1u64 << 50) as f64) as i64);
    let mut y_bits = 50;
    while known < w {
        // Three times as many bits: y + 2 (m - e**y) / (m + e**y).
        let next = (known * 3 - 4).min(w);
        let work = next + 12;
        y = shifted(y, work as isize - y_bits as isize);
        y_bits = work;
        let m = if w >= work { m >> (w - work) } else { m << (work - w) };
        let e = match UBig::try_from(y.clone()) {
            Ok(y) => exp_fixed(&y, work),
            // Next to 1 the estimate may be negative.
            Err(_) => {
                let positive = UBig::try_from(-y.clone()).unwrap_or(UBig::ZERO);
                (UBig::ONE << (2 * work)) / exp_fixed(&positive, work)
            }
        };
        let difference = IBig::from(m.clone()) - IBig::from(e.clone());
        y += (difference << (work + 1)) / IBig::from(m + e);
        known = next;
    }
    shifted(y, w as isize - y_bits as isize)
}

fn shifted(v: IBig, by: isize) -> IBig {
    if by >= 0 { v << by as usize } else { v >> by.unsigned_abs() }
}

/// The logarithm of a positive number that is not 1: sign, magnitude with so many bits
/// after the point, and that number. At least `digits` digits, wrong by less than 2**8.
fn ln_bits(coef: &UBig, exp: i64, digits: i64) -> (bool, UBig, usize) {
    let k = exp + big_digits(coef) - 1;
    let mut w = bits_for(digits) + 24 + bits_for(Coef::Small(u128::from(k.unsigned_abs())).digits());
    if k == 0 || k == -1 {
        // Near 1 the first digits cancel.
        let one = with_pow10(exp.unsigned_abs(), UBig::clone);
        let apart = if *coef > one { coef - &one } else { &one - coef };
        let leading = exp + big_digits(&apart);
        w += bits_for(-leading.min(0));
    }
    let m = to_fixed(coef, exp - k, w);
    let y = ln_fixed(&m, w);
    let total = match k {
        0 => y,
        _ => {
            let more = 64;
            y + ((IBig::from(ln10(w + more)) * IBig::from(k)) >> more)
        }
    };
    let negative = total < IBig::ZERO;
    (negative, UBig::try_from(if negative { -total } else { total }).unwrap_or(UBig::ZERO), w)
}

/// What logarithms of special numbers and zeros are.
fn log_special(a: &Decimal, ctx: &Context, st: &mut Flags) -> Option<Decimal> {
    if let Some(r) = nans(&[a], ctx, st) {
        return Some(r);
    }
    if a.is_zero() {
        return Some(Decimal::infinity(true));
    }
    if a.negative {
        return Some(Decimal::error(Flags::INVALID_OPERATION, st));
    }
    a.is_infinite().then(|| Decimal::infinity(false))
}

/// `digits` decimal digits or some more of a fixed-point number.
fn to_digits(v: UBig, w: usize, digits: i64) -> (UBig, i64, u32) {
    // The exponent of the first digit, about.
    let lead = ((v.bit_len() as f64 - w as f64) / BITS_PER_DIGIT).floor() as i64;
    let scale = digits - lead;
    if scale >= 0 {
        (with_pow10(scale as u64, |p| (v * p) >> w), -scale, 2)
    } else {
        (with_pow10(scale.unsigned_abs(), |p| (v >> w) / p), -scale, 2)
    }
}

/// ln(a)
pub fn ln(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = log_special(a, ctx, st) {
        return r;
    }
    if super::compare::magnitude_cmp(a, &Decimal::from_i64(1)).is_eq() {
        return Decimal::small(false, 0, 0);
    }
    if too_large(ctx) {
        return Decimal::error(Flags::MEMORY, st);
    }
    let ctx = &ctx.rounding(Round::HalfEven);
    let coef = a.coef.to_big();
    let mut negative = false;
    let (v, exp) = sure(ctx.prec, |digits| {
        let (sign, v, w) = ln_bits(&coef, a.exp, digits + 4);
        negative = sign;
        to_digits(v, w, digits)
    });
    inexact(negative, v, exp, ctx, st)
}

/// log10(a)
pub fn log10(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    if let Some(r) = log_special(a, ctx, st) {
        return r;
    }
    let ctx = &ctx.rounding(Round::HalfEven);
    let digits = a.digits();
    if a.coef.trailing_zeros() == digits - 1 && a.coef.div_pow10(digits - 1).0.is_one() {
        return super::finalize(Decimal::from_i64(a.adjusted()), ctx, st);
    }
    if too_large(ctx) {
        return Decimal::error(Flags::MEMORY, st);
    }
    let coef = a.coef.to_big();
    let mut negative = false;
    let (v, exp) = sure(ctx.prec, |digits| {
        let (sign, v, w) = ln_bits(&coef, a.exp, digits + 5);
        negative = sign;
        let v = (v << w) / ln10(w);
        to_digits(v, w, digits)
    });
    inexact(negative, v, exp, ctx, st)
}
