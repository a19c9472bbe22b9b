//! Fitting results into a context, and operands that are NaN.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use super::coef::Tail;
use super::{Coef, Context, Decimal, Flags, Kind, MOST_DIGITS, Round};

/// Whether `coef`, of which `tail` was dropped, is to be increased.
pub fn goes_up(round: Round, negative: bool, coef: &Coef, tail: Tail) -> bool {
    if tail == Tail::Zero {
        return false;
    }
    match round {
        Round::HalfEven => tail == Tail::Above || tail == Tail::Half && coef.is_odd(),
        Round::HalfUp => tail != Tail::Below,
        Round::HalfDown => tail == Tail::Above,
        Round::Up => true,
        Round::Down => false,
        Round::Ceiling => !negative,
        Round::Floor => negative,
        Round::ZeroFiveUp => matches!(coef.last_digit(), 0 | 5),
    }
}

/// A result that is exact as it stands, fitted into the context.
#[inline]
pub fn finalize(r: Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    match r.kind {
        Kind::Finite => fit(r.negative, r.coef, r.exp, Tail::Zero, ctx, st),
        Kind::Infinite => r,
        _ => fix_nan(r, ctx),
    }
}

/// The same of a borrowed number.
pub fn finalize_ref(r: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    finalize(r.clone(), ctx, st)
}

/// The number `coef`, followed by digits of which only `tail` is known, fitted into
/// the context. If there is such a tail, `coef` has the context's precision at least.
#[inline]
pub fn fit(negative: bool, coef: Coef, exp: i64, tail: Tail, ctx: &Context, st: &mut Flags) -> Decimal {
    let digits = coef.digits();
    let adjusted = exp + digits - 1;
    // The usual case: it fits, or the exponent is far from the limits.
    if tail == Tail::Zero && digits <= ctx.prec && adjusted >= ctx.emin && adjusted <= ctx.emax && !ctx.clamp {
        return Decimal::new(negative, coef, exp);
    }
    fit_slow(negative, coef, exp, digits, tail, ctx, st)
}

fn fit_slow(
    negative: bool,
    mut coef: Coef,
    mut exp: i64,
    digits: i64,
    tail: Tail,
    ctx: &Context,
    st: &mut Flags,
) -> Decimal {
    let adjusted = exp + digits - 1;
    let etiny = ctx.etiny();
    if coef.is_zero() && tail == Tail::Zero {
        let top = if ctx.clamp { ctx.etop() } else { ctx.emax };
        if exp < etiny || exp > top {
            exp = exp.clamp(etiny, top);
            st.add(Flags::CLAMPED);
        }
        return Decimal::new(negative, coef, exp);
    }
    if adjusted > ctx.emax {
        return overflow(negative, ctx, st);
    }
    let subnormal = adjusted < ctx.emin;
    let drop = if subnormal {
        st.add(Flags::SUBNORMAL);
        etiny - exp
    } else {
        digits - ctx.prec
    };
    if drop > 0 || tail != Tail::Zero {
        let drop = drop.max(0);
        let (kept, lost) = coef.div_pow10(drop);
        // What was lost before comes after what is dropped here.
        let lost = if drop > 0 { lost.followed_by(tail) } else { tail };
        (coef, exp) = (kept, exp + drop);
        st.add(Flags::ROUNDED);
        if lost != Tail::Zero {
            st.add(Flags::INEXACT);
            if subnormal {
                st.add(Flags::UNDERFLOW);
            }
            if goes_up(ctx.round, negative, &coef, lost) {
                coef = coef.add(&Coef::Small(1));
                if coef.digits() > ctx.prec {
                    // A power of ten.
                    coef = coef.div_pow10(1).0;
                    exp += 1;
                }
            }
            if coef.is_zero() {
                st.add(Flags::CLAMPED);
            }
            if exp + coef.digits() - 1 > ctx.emax {
                return overflow(negative, ctx, st);
            }
        }
    }
    if ctx.clamp && exp > ctx.etop() && !coef.is_zero() {
        let Some(padded) = coef.mul_pow10(exp - ctx.etop()) else { return Decimal::error(Flags::MEMORY, st) };
        (coef, exp) = (padded, ctx.etop());
        st.add(Flags::CLAMPED);
    }
    Decimal::new(negative, coef, exp)
}

#[cold]
fn overflow(negative: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    st.add(Flags::OVERFLOW | Flags::INEXACT | Flags::ROUNDED);
    let infinite = match ctx.round {
        Round::HalfUp | Round::HalfEven | Round::HalfDown | Round::Up => true,
        Round::Down | Round::ZeroFiveUp => false,
        Round::Ceiling => !negative,
        Round::Floor => negative,
    };
    if infinite { Decimal::infinity(negative) } else { largest(negative, ctx, st) }
}

/// The largest finite number of the context.
pub fn largest(negative: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    match nines(ctx.prec) {
        Some(c) => Decimal::new(negative, c, ctx.etop()),
        None => Decimal::error(Flags::MEMORY, st),
    }
}

/// `n` nines.
pub fn nines(n: i64) -> Option<Coef> {
    Coef::Small(1).mul_pow10(n).map(|c| c.sub(&Coef::Small(1)))
}

/// A NaN whose payload fits.
pub fn fix_nan(mut r: Decimal, ctx: &Context) -> Decimal {
    let room = ctx.prec - i64::from(ctx.clamp);
    if r.coef.digits() > room {
        r.coef = if room <= 0 { Coef::ZERO } else { r.coef.rem_pow10(room) };
    }
    r
}

/// What an operation of NaN operands gives; `None` if none is a NaN.
#[cold]
pub fn nans(operands: &[&Decimal], ctx: &Context, st: &mut Flags) -> Option<Decimal> {
    let signaling = operands.iter().find(|d| d.is_snan());
    if signaling.is_some() {
        st.add(Flags::INVALID_OPERATION);
    }
    let found = signaling.or_else(|| operands.iter().find(|d| d.is_nan()))?;
    let quiet = Decimal { kind: Kind::Nan, exp: 0, ..(**found).clone() };
    Some(fix_nan(quiet, ctx))
}

/// Round to an exponent, whatever the precision: what `rescale` and the rounding to
/// integers do. `None` if there would be too many digits.
pub fn to_exponent(a: &Decimal, exp: i64, round: Round, st: &mut Flags) -> Option<Decimal> {
    if a.coef.is_zero() {
        return Some(Decimal::new(a.negative, Coef::ZERO, exp));
    }
    if a.exp >= exp {
        if a.digits() + (a.exp - exp) > MOST_DIGITS {
            return None;
        }
        return Some(Decimal::new(a.negative, a.coef.mul_pow10(a.exp - exp)?, exp));
    }
    let (mut coef, tail) = a.coef.div_pow10(exp - a.exp);
    st.add(Flags::ROUNDED);
    if tail != Tail::Zero {
        st.add(Flags::INEXACT);
        if goes_up(round, a.negative, &coef, tail) {
            coef = coef.add(&Coef::Small(1));
        }
    }
    Some(Decimal::new(a.negative, coef, exp))
}
