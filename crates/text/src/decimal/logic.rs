//! Operations on digits: logical ones of zeros and ones, shifting, rotating.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use super::adjust::small_integer;
use super::parse::coefficient;
use super::round::nans;
use super::{Coef, Context, Decimal, Flags, MOST_DIGITS};

/// The digits of a logical operand, the last first.
fn bits(a: &Decimal) -> Option<Vec<bool>> {
    if a.is_special() || a.negative || a.exp != 0 {
        return None;
    }
    let text = a.coef.to_text();
    text.bytes()
        .rev()
        .map(|b| match b {
            b'0' => Some(false),
            b'1' => Some(true),
            _ => None,
        })
        .collect()
}

/// The number with these digits, of which the last `prec` count.
fn from_bits(bits: impl Iterator<Item = bool>, ctx: &Context) -> Decimal {
    let mut text: Vec<u8> = bits.take(ctx.prec as usize).map(|b| b'0' + u8::from(b)).collect();
    text.reverse();
    Decimal::new(false, coefficient(&text), 0)
}

fn logical(a: &Decimal, b: &Decimal, f: fn(bool, bool) -> bool, ctx: &Context, st: &mut Flags) -> Decimal {
    let (Some(x), Some(y)) = (bits(a), bits(b)) else { return Decimal::error(Flags::INVALID_OPERATION, st) };
    let at = |v: &Vec<bool>, i: usize| v.get(i).copied().unwrap_or(false);
    from_bits((0..x.len().max(y.len())).map(|i| f(at(&x, i), at(&y, i))), ctx)
}

/// Digit-wise and
pub fn logical_and(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    logical(a, b, |x, y| x && y, ctx, st)
}

/// Digit-wise or
pub fn logical_or(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    logical(a, b, |x, y| x || y, ctx, st)
}

/// Digit-wise exclusive or
pub fn logical_xor(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    logical(a, b, |x, y| x != y, ctx, st)
}

/// Digit-wise not, to the precision
pub fn logical_invert(a: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let Some(x) = bits(a) else { return Decimal::error(Flags::INVALID_OPERATION, st) };
    if ctx.prec > MOST_DIGITS {
        return Decimal::error(Flags::MEMORY, st);
    }
    from_bits((0..ctx.prec as usize).map(|i| !x.get(i).copied().unwrap_or(false)), ctx)
}

/// Operand and count of `shift` and `rotate`, or the result at once.
fn counted(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Result<i64, Decimal> {
    if let Some(r) = nans(&[a, b], ctx, st) {
        return Err(r);
    }
    match small_integer(b) {
        Some(n) if n.abs() <= ctx.prec => {
            if a.is_infinite() {
                return Err(a.clone());
            }
            Ok(n)
        }
        _ => Err(Decimal::error(Flags::INVALID_OPERATION, st)),
    }
}

/// The last digits that the precision has room for.
fn capped(c: Coef, ctx: &Context) -> Coef {
    if c.digits() > ctx.prec { c.rem_pow10(ctx.prec) } else { c }
}

/// The digits moved by `b` places, zeros following.
pub fn shift(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let n = match counted(a, b, ctx, st) {
        Ok(n) => n,
        Err(r) => return r,
    };
    let coef = capped(a.coef.clone(), ctx);
    let moved = if n < 0 {
        Some(coef.div_pow10(-n).0)
    } else if coef.digits() + n > ctx.prec {
        // Only what stays is worth moving.
        coef.rem_pow10((ctx.prec - n).max(0)).mul_pow10(n)
    } else {
        coef.mul_pow10(n)
    };
    match moved {
        Some(c) => Decimal::new(a.negative, c, a.exp),
        None => Decimal::error(Flags::MEMORY, st),
    }
}

/// The digits rotated by `b` places within the precision.
pub fn rotate(a: &Decimal, b: &Decimal, ctx: &Context, st: &mut Flags) -> Decimal {
    let n = match counted(a, b, ctx, st) {
        Ok(n) => n,
        Err(r) => return r,
    };
    let coef = capped(a.coef.clone(), ctx);
    let left = if n < 0 { n + ctx.prec } else { n };
    let right = ctx.prec - left;
    // `right` digits move to the left, what is before them to the end.
    let (head, _) = coef.div_pow10(right);
    match (if right == 0 { Coef::ZERO } else { coef.rem_pow10(right) }).mul_pow10(left) {
        Some(c) => Decimal::new(a.negative, c.add(&head), a.exp),
        None => Decimal::error(Flags::MEMORY, st),
    }
}
