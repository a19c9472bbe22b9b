//! Orders, and maxima and minima by them.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use std::cmp::Ordering;

use super::round::nans;
use super::{Coef, Context, Decimal, Flags, Kind, finalize};

/// The order of two finite numbers without their signs.
pub fn magnitude_cmp(a: &Decimal, b: &Decimal) -> Ordering {
    if a.exp == b.exp {
        return a.coef.cmp(&b.coef);
    }
    match (a.coef.is_zero(), b.coef.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    match a.adjusted().cmp(&b.adjusted()) {
        Ordering::Equal => {}
        unequal => return unequal,
    }
    // The same first place: as many digits as the longer one has.
    let scale = |c: &Coef, by: i64| c.mul_pow10(by).unwrap_or(Coef::ZERO);
    if a.exp > b.exp { scale(&a.coef, a.exp - b.exp).cmp(&b.coef) } else { a.coef.cmp(&scale(&b.coef, b.exp - a.exp)) }
}

/// The order of two numbers, neither of them a NaN.
pub fn numeric_cmp(a: &Decimal, b: &Decimal) -> Ordering {
    if a.is_special() || b.is_special() {
        let rank = |d: &Decimal| match (d.is_infinite(), d.negative) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => -1,
        };
        return rank(a).cmp(&rank(b));
    }
    match (a.coef.is_zero(), b.coef.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return if b.negative { Ordering::Greater } else { Ordering::Less },
        (false, true) => return if a.negative { Ordering::Less } else { Ordering::Greater },
        _ => {}
    }
    match (a.negative, b.negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => magnitude_cmp(a, b),
        (true, true) => magnitude_cmp(b, a),
    }
}

fn from_order(o: Ordering) -> Decimal {
    Decimal::from_i64(o as i64)
}

/// -1, 0 or 1, or NaN
pub fn compare(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    match nans(&[a, b], ctx, st) {
        Some(r) => r,
        None => from_order(numeric_cmp(a, b)),
    }
}

/// The same, any NaN being an error.
pub fn compare_signal(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    match nans(&[a, b], ctx, st) {
        Some(r) => {
            st.add(Flags::INVALID_OPERATION);
            r
        }
        None => from_order(numeric_cmp(a, b)),
    }
}

/// What a comparison operator wants to know: the order, `None` with a NaN, which is an
/// error if it is a signaling one or, for the `ordering` operators, any.
pub fn compare_op(a: &Decimal, b: &Decimal, ordering: bool, st: &mut Flags) -> Option<Ordering> {
    if a.is_nan() || b.is_nan() {
        if ordering || a.is_snan() || b.is_snan() {
            st.add(Flags::INVALID_OPERATION);
        }
        return None;
    }
    Some(numeric_cmp(a, b))
}

/// The total order: by value, then by exponent, NaNs outermost.
fn total_order(a: &Decimal, b: &Decimal) -> Ordering {
    let turned = |o: Ordering, negative: bool| if negative { o.reverse() } else { o };
    if a.negative != b.negative {
        return if a.negative { Ordering::Less } else { Ordering::Greater };
    }
    let rank = |d: &Decimal| match d.kind {
        Kind::Finite => 0,
        Kind::Infinite => 1,
        Kind::Snan => 2,
        Kind::Nan => 3,
    };
    let order = match (a.is_nan(), b.is_nan()) {
        (true, true) => rank(a).cmp(&rank(b)).then_with(|| a.coef.cmp(&b.coef)),
        (true, _) | (_, true) => rank(a).cmp(&rank(b)),
        _ => match numeric_cmp(a, b) {
            // Equal, so both are finite or both infinite.
            Ordering::Equal => a.exp.cmp(&b.exp),
            o => return o,
        },
    };
    turned(order, a.negative)
}

/// -1, 0 or 1 by the total order
pub fn compare_total(a: &Decimal, b: &Decimal) -> Decimal {
    from_order(total_order(a, b))
}

/// The same without the signs
pub fn compare_total_mag(a: &Decimal, b: &Decimal) -> Decimal {
    from_order(total_order(&a.clone().signed(false), &b.clone().signed(false)))
}

/// The one that `wanted` prefers; a number is preferred to a quiet NaN.
fn choose(a: &Decimal, b: &Decimal, wanted: Ordering, magnitude: bool, ctx: &Context, st: &mut Flags) -> Decimal {
    match (a.kind, b.kind) {
        (Kind::Nan, Kind::Finite | Kind::Infinite) => return finalize(b.clone(), ctx, st),
        (Kind::Finite | Kind::Infinite, Kind::Nan) => return finalize(a.clone(), ctx, st),
        _ => {}
    }
    if a.is_nan() || b.is_nan() {
        return nans(&[a, b], ctx, st).unwrap_or_else(Decimal::nan);
    }
    let order =
        if magnitude { numeric_cmp(&a.clone().signed(false), &b.clone().signed(false)) } else { numeric_cmp(a, b) };
    let order = order.then_with(|| total_order(a, b));
    finalize(if order == wanted || order == Ordering::Equal { a } else { b }.clone(), ctx, st)
}

/// The larger one
pub fn max(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    choose(a, b, Ordering::Greater, false, ctx, st)
}

/// The smaller one
pub fn min(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    choose(a, b, Ordering::Less, false, ctx, st)
}

/// The one with the larger magnitude
pub fn max_mag(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    choose(a, b, Ordering::Greater, true, ctx, st)
}

/// The one with the smaller magnitude
pub fn min_mag(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    choose(a, b, Ordering::Less, true, ctx, st)
}

/// Whether the exponents are the same, or both are infinite, or both NaN
pub fn same_quantum(a: &Decimal, b: &Decimal) -> bool {
    if a.is_special() || b.is_special() {
        return a.is_nan() && b.is_nan() || a.is_infinite() && b.is_infinite();
    }
    a.exp == b.exp
}
