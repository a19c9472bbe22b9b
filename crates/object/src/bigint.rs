//! Arithmetic of ints beyond 63 bits: the limb algorithms of typhon-text,
//! writing straight into heap objects.
//!
//! Tests: tests/lang/int.md; CPython test_long.

use crate::cx::Cx;
use crate::exc::ExcKind;
use crate::obj::Obj;
use crate::ops::BinaryOp;
use crate::{Result, float, int, tuple};
use std::cmp::Ordering;
use typhon_text::int::{self as limbs, BitOp, Int, IntRef};

/// Run `f` on the two values as limbs.
fn with2<R>(a: Obj, b: Obj, f: impl FnOnce(IntRef<'_>, IntRef<'_>) -> R) -> R {
    let (mut ra, mut rb) = ([0], [0]);
    let (na, la) = int::parts(a, &mut ra).expect("an int");
    let (nb, lb) = int::parts(b, &mut rb).expect("an int");
    f(IntRef::new(na, la), IntRef::new(nb, lb))
}

/// Run `f` on an int's limbs.
pub fn with<R>(a: Obj, f: impl FnOnce(IntRef<'_>) -> R) -> R {
    let mut room = [0];
    let (n, l) = int::parts(a, &mut room).expect("an int");
    f(IntRef::new(n, l))
}

/// An int object of an owned value.
pub fn from_owned(cx: &Cx, v: &Int) -> Result<Obj> {
    int::from_limbs(cx, v.negative, &v.mag)
}

/// Python's hash.
pub fn hash(negative: bool, mag: &[u64]) -> i64 {
    limbs::hash(IntRef::new(negative, mag))
}

/// The nearest float; `None` if out of range.
pub fn to_f64(negative: bool, mag: &[u64]) -> Option<f64> {
    limbs::to_f64(IntRef::new(negative, mag))
}

/// The order of two ints.
pub fn compare(a: Obj, b: Obj) -> Ordering {
    with2(a, b, |x, y| x.compare(y))
}

/// The order of an int and a finite float.
pub fn compare_f64(i: Obj, f: f64) -> Ordering {
    let whole = limbs::from_f64(f.trunc()).expect("a finite float");
    with(i, |x| x.compare(whole.as_ref())).then_with(|| 0.0f64.partial_cmp(&(f - f.trunc())).unwrap_or(Ordering::Equal))
}

fn zero_division(cx: &Cx, op: BinaryOp) -> crate::exc::Raised {
    cx.error(
        ExcKind::ZeroDivisionError,
        match op {
            BinaryOp::TrueDiv | BinaryOp::FloorDiv | BinaryOp::DivMod => "division by zero",
            _ => "division by zero",
        },
    )
}

/// `a op b` of two ints; any operator but `@`.
pub fn binary(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    match op {
        BinaryOp::Add | BinaryOp::Sub => {
            let cap = with2(a, b, |x, y| x.mag.len().max(y.mag.len()) + 1);
            int::build(cx, cap, |out| {
                with2(
                    a,
                    b,
                    |x, y| {
                        if op == BinaryOp::Add { limbs::add_into(x, y, out) } else { limbs::sub_into(x, y, out) }
                    },
                )
            })
        }
        BinaryOp::Mul => {
            let cap = with2(a, b, |x, y| x.mag.len() + y.mag.len());
            int::build(cx, cap, |out| {
                with2(a, b, |x, y| (x.negative != y.negative, limbs::mul_into(x.mag, y.mag, out)))
            })
        }
        BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => {
            let bit = match op {
                BinaryOp::And => BitOp::And,
                BinaryOp::Or => BitOp::Or,
                _ => BitOp::Xor,
            };
            let cap = with2(a, b, |x, y| x.mag.len().max(y.mag.len()) + 1);
            int::build(cx, cap, |out| with2(a, b, |x, y| limbs::bit_op_into(bit, x, y, out)))
        }
        BinaryOp::FloorDiv | BinaryOp::Mod | BinaryOp::DivMod => {
            if let (Some(x), Some(y)) = (int::to_i128(a), int::to_i128(b))
                && y != 0
                && x != i128::MIN
            {
                // Two limbs: no storage is wanted for the quotient.
                let (mut q, mut m) = (x / y, x % y);
                if m != 0 && (m < 0) != (y < 0) {
                    q -= 1;
                    m += y;
                }
                return match op {
                    BinaryOp::FloorDiv => int::from_i128(cx, q),
                    BinaryOp::Mod => int::from_i128(cx, m),
                    _ => crate::ops::int_pair(cx, q, m),
                };
            }
            let Some((q, m)) = with2(a, b, limbs::floor_div_mod) else {
                return Err(zero_division(cx, op));
            };
            match op {
                BinaryOp::FloorDiv => from_owned(cx, &q),
                BinaryOp::Mod => from_owned(cx, &m),
                _ => {
                    let pair = [from_owned(cx, &q)?, from_owned(cx, &m)?];
                    Ok(tuple::new(cx, &pair)?.obj())
                }
            }
        }
        BinaryOp::TrueDiv => {
            if with(b, |y| y.is_zero()) {
                return Err(zero_division(cx, op));
            }
            match with2(a, b, limbs::true_div) {
                Some(v) => float::new(cx, v),
                None => Err(cx.error(ExcKind::OverflowError, "integer division result too large for a float")),
            }
        }
        BinaryOp::LShift | BinaryOp::RShift => shift(cx, op == BinaryOp::LShift, a, b),
        BinaryOp::Pow => pow(cx, a, b),
        BinaryOp::MatMul => Err(cx.type_error("unsupported operand type(s) for @: 'int' and 'int'")),
    }
}

fn shift(cx: &mut Cx, left: bool, a: Obj, b: Obj) -> Result<Obj> {
    if with(b, |n| n.negative) {
        return Err(cx.value_error("negative shift count"));
    }
    let n = with(b, |n| n.to_u64());
    if left {
        if with(a, |x| x.is_zero()) {
            return Ok(Obj::int_unchecked(0));
        }
        let Some(n) = n.filter(|n| *n < 1 << 40) else {
            return Err(cx.error(ExcKind::OverflowError, "too many digits in integer"));
        };
        let cap = with(a, |x| x.mag.len()) + (n / 64) as usize + 1;
        return int::build(cx, cap, |out| with(a, |x| (x.negative, limbs::shl_into(x.mag, n, out))));
    }
    let n = n.unwrap_or(u64::MAX);
    let cap = with(a, |x| x.mag.len()) + 1;
    int::build(cx, cap, |out| with(a, |x| (x.negative, limbs::shr_into(x, n, out))))
}

fn pow(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
    if with(b, |n| n.negative) {
        let x = crate::ops::int_to_float(cx, a)?;
        let y = crate::ops::int_to_float(cx, b)?;
        return crate::ops::float_pow(cx, x, y);
    }
    let bits = with(a, |x| limbs::bit_length(x.mag));
    let n = with(b, |n| n.to_u64());
    if bits <= 1 {
        // 0, 1 and -1 stay small whatever the exponent.
        let x = int::small(a).unwrap_or(0);
        let even = with(b, |n| n.mag.first().is_none_or(|l| l & 1 == 0));
        let zero = with(b, |n| n.is_zero());
        return Ok(Obj::int_unchecked(if zero || (x == -1 && even) { 1 } else { x }));
    }
    match n {
        Some(n) if (n as u128) * (bits as u128) < 1 << 40 => {
            let r = with(a, |x| limbs::pow(x, n));
            from_owned(cx, &r)
        }
        _ => Err(cx.memory_error()),
    }
}

/// `pow(a, b, m)` of ints.
pub fn pow_mod(cx: &mut Cx, a: Obj, b: Obj, m: Obj) -> Result<Obj> {
    if with(m, |m| m.is_zero()) {
        return Err(cx.value_error("pow() 3rd argument cannot be 0"));
    }
    let (base, exp) = if with(b, |n| n.negative) {
        let Some(inv) = with2(a, m, limbs::inverse_mod) else {
            return Err(cx.value_error("base is not invertible for the given modulus"));
        };
        (inv, with(b, |n| n.abs().to_owned()))
    } else {
        (with(a, |x| x.to_owned()), with(b, |n| n.to_owned()))
    };
    let r = with(m, |m| limbs::pow_mod(base.as_ref(), &exp.mag, m));
    from_owned(cx, &r)
}

/// Decimal text.
pub fn to_decimal(o: Obj) -> String {
    match int::small(o) {
        Some(v) => v.to_string(),
        None => with(o, |x| limbs::to_text(x, 10)),
    }
}
