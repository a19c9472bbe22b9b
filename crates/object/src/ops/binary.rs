//! Binary and unary operators: what `a + b` means.

use super::class_of;
use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::exc::ExcKind;
use crate::obj::Obj;
use crate::{Result, bigint, float, int, ops, shape};

/// The binary operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    TrueDiv,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    And,
    Or,
    Xor,
    LShift,
    RShift,
    DivMod,
}

const TABLE: [(Dunder, Dunder, Dunder, &str); 14] = [
    (Dunder::Add, Dunder::RAdd, Dunder::IAdd, "+"),
    (Dunder::Sub, Dunder::RSub, Dunder::ISub, "-"),
    (Dunder::Mul, Dunder::RMul, Dunder::IMul, "*"),
    (Dunder::TrueDiv, Dunder::RTrueDiv, Dunder::ITrueDiv, "/"),
    (Dunder::FloorDiv, Dunder::RFloorDiv, Dunder::IFloorDiv, "//"),
    (Dunder::Mod, Dunder::RMod, Dunder::IMod, "%"),
    (Dunder::Pow, Dunder::RPow, Dunder::IPow, "** or pow()"),
    (Dunder::MatMul, Dunder::RMatMul, Dunder::IMatMul, "@"),
    (Dunder::And, Dunder::RAnd, Dunder::IAnd, "&"),
    (Dunder::Or, Dunder::ROr, Dunder::IOr, "|"),
    (Dunder::Xor, Dunder::RXor, Dunder::IXor, "^"),
    (Dunder::LShift, Dunder::RLShift, Dunder::ILShift, "<<"),
    (Dunder::RShift, Dunder::RRShift, Dunder::IRShift, ">>"),
    (Dunder::DivMod, Dunder::RDivMod, Dunder::DivMod, "divmod()"),
];

impl BinaryOp {
    /// From the order of the variants.
    pub fn from_index(i: usize) -> BinaryOp {
        use BinaryOp::*;
        [Add, Sub, Mul, TrueDiv, FloorDiv, Mod, Pow, MatMul, And, Or, Xor, LShift, RShift, DivMod][i]
    }
    /// The special methods: left, right, in place.
    pub fn dunders(self) -> (Dunder, Dunder, Dunder) {
        let (l, r, i, _) = TABLE[self as usize];
        (l, r, i)
    }
    /// As written in error texts.
    pub fn symbol(self) -> &'static str {
        TABLE[self as usize].3
    }
}

/// `a op b`.
#[inline]
pub fn binary(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    match simple(cx, op, a, b) {
        Some(r) => r,
        None => dispatch(cx, op, a, b, false),
    }
}

/// `a op= b`.
#[inline]
pub fn inplace(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    match simple(cx, op, a, b) {
        Some(r) => r,
        None => dispatch(cx, op, a, b, true),
    }
}

/// Exact ints, floats and strings.
#[inline]
fn simple(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Option<Result<Obj>> {
    let (sa, sb) = (a.shape(), b.shape());
    match (sa, sb) {
        (shape::INT, shape::INT) => int_binary(cx, op, a, b),
        (shape::FLOAT, shape::FLOAT) => float_binary(cx, op, float::value(a)?, float::value(b)?),
        (shape::FLOAT, shape::INT) => {
            let y = b.as_small_int()?;
            float_binary(cx, op, float::value(a)?, y as f64)
        }
        (shape::INT, shape::FLOAT) => {
            let x = a.as_small_int()?;
            float_binary(cx, op, x as f64, float::value(b)?)
        }
        (shape::STR, shape::STR) if op == BinaryOp::Add => {
            // By their shapes.
            let (x, y) = unsafe { (crate::obj::Gc::from_obj(a), crate::obj::Gc::from_obj(b)) };
            Some(crate::str::concat(cx, x, y).map(|s| s.obj()))
        }
        _ => None,
    }
}

/// Two floats; `None` for operators that floats lack.
pub fn float_binary(cx: &mut Cx, op: BinaryOp, x: f64, y: f64) -> Option<Result<Obj>> {
    let r = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::TrueDiv => {
            if y == 0.0 {
                return Some(Err(cx.error(ExcKind::ZeroDivisionError, "division by zero")));
            }
            x / y
        }
        BinaryOp::FloorDiv | BinaryOp::Mod | BinaryOp::DivMod => {
            if y == 0.0 {
                return Some(Err(cx.error(ExcKind::ZeroDivisionError, "division by zero")));
            }
            let (q, m) = float_divmod(x, y);
            match op {
                BinaryOp::FloorDiv => q,
                BinaryOp::Mod => m,
                _ => {
                    return Some((|| {
                        let pair = [float::new(cx, q)?, float::new(cx, m)?];
                        Ok(crate::tuple::new(cx, &pair)?.obj())
                    })());
                }
            }
        }
        BinaryOp::Pow => return Some(float_pow(cx, x, y)),
        _ => return None,
    };
    Some(float::new(cx, r))
}

/// Python's floor division and modulo of floats; `y` is not 0.
pub fn float_divmod(x: f64, y: f64) -> (f64, f64) {
    let mut m = x % y;
    let mut div = (x - m) / y;
    if m != 0.0 {
        if (y < 0.0) != (m < 0.0) {
            m += y;
            div -= 1.0;
        }
    } else {
        m = 0f64.copysign(y);
    }
    let q = if div != 0.0 {
        let f = div.floor();
        if div - f > 0.5 { f + 1.0 } else { f }
    } else {
        0f64.copysign(x / y)
    };
    (q, m)
}

/// `x ** y` of floats; a negative base with a fractional exponent is complex.
pub fn float_pow(cx: &mut Cx, x: f64, y: f64) -> Result<Obj> {
    if x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(cx.error(ExcKind::ZeroDivisionError, "zero to a negative power"));
    }
    if x < 0.0 && x.is_finite() && y.is_finite() && y != y.floor() {
        return match cx.rt().complex_pow_hook() {
            Some(f) => f(cx, x, y),
            None => Err(cx.value_error("negative number cannot be raised to a fractional power")),
        };
    }
    let r = x.powf(y);
    if r.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(cx.error(ExcKind::OverflowError, "(34, 'Numerical result out of range')"));
    }
    float::new(cx, r)
}

/// Two ints (bools count); `None` never for ints but for matmul.
pub fn int_binary(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Option<Result<Obj>> {
    if let (Some(x), Some(y)) = (int::small(a), int::small(b)) {
        let r = match op {
            BinaryOp::Add => return Some(int::from_i64(cx, x + y)),
            BinaryOp::Sub => return Some(int::from_i64(cx, x - y)),
            BinaryOp::Mul => return Some(int::from_i128(cx, x as i128 * y as i128)),
            BinaryOp::And => x & y,
            BinaryOp::Or => x | y,
            BinaryOp::Xor => x ^ y,
            BinaryOp::FloorDiv if y != 0 => floor_div(x, y),
            BinaryOp::Mod if y != 0 => floor_mod(x, y),
            BinaryOp::DivMod if y != 0 => return Some(int_pair(cx, floor_div(x, y) as i128, floor_mod(x, y) as i128)),
            BinaryOp::RShift if y >= 0 => x >> y.min(63),
            BinaryOp::LShift if (0..62).contains(&y) && x.unsigned_abs().leading_zeros() as i64 > y + 2 => x << y,
            BinaryOp::TrueDiv if y != 0 && x.unsigned_abs() < 1 << 53 && y.unsigned_abs() < 1 << 53 => {
                return Some(float::new(cx, x as f64 / y as f64));
            }
            BinaryOp::MatMul => return None,
            _ => return Some(bigint::binary(cx, op, a, b)),
        };
        return Some(int::from_i64(cx, r));
    }
    if op == BinaryOp::MatMul {
        return None;
    }
    Some(bigint::binary(cx, op, a, b))
}

/// `(q, m)`.
pub(crate) fn int_pair(cx: &Cx, q: i128, m: i128) -> Result<Obj> {
    let pair = [int::from_i128(cx, q)?, int::from_i128(cx, m)?];
    Ok(crate::tuple::new(cx, &pair)?.obj())
}

/// `x // y`; `y` is not 0.
#[inline(always)]
pub fn floor_div(x: i64, y: i64) -> i64 {
    let q = x / y;
    if x % y != 0 && (x < 0) != (y < 0) { q - 1 } else { q }
}

/// `x % y`; `y` is not 0.
#[inline(always)]
pub fn floor_mod(x: i64, y: i64) -> i64 {
    let m = x % y;
    if m != 0 && (m < 0) != (y < 0) { m + y } else { m }
}

fn dispatch(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj, in_place: bool) -> Result<Obj> {
    cx.enter()?;
    let (left, right, place) = op.dunders();
    let ca = class_of(a);
    if matches!(op, BinaryOp::Add | BinaryOp::Mul)
        && let Some(r) = sequence(cx, op, a, b, in_place)?
    {
        return Ok(r);
    }
    if in_place && let Some(m) = ca.special(place) {
        let r = ops::call_unbound(cx, m, a, &[b], None)?;
        if r != Obj::NOT_IMPLEMENTED {
            return Ok(r);
        }
    }
    if let Some(r) = try_both(cx, a, b, left, right)? {
        return Ok(r);
    }
    Err(unsupported(cx, op, a, b, in_place))
}

/// `+` and `*` where a built-in sequence is an operand; `None` if there is none.
///
/// What sequences have is concatenation and repetition, not addition and
/// multiplication: any operator of a number goes first, and theirs raises where
/// numbers say NotImplemented.
fn sequence(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj, in_place: bool) -> Result<Option<Obj>> {
    let (left, right, place) = op.dunders();
    let (ca, cb) = (class_of(a), class_of(b));
    // A class that writes the reflected method has a number's operator.
    let on_left = is_sequence_operator(ca, left)
        && ca.special(right).is_none_or(|_| op == BinaryOp::Mul && is_sequence_operator(ca, right));
    let on_right = op == BinaryOp::Mul && is_sequence_operator(cb, right);
    if !on_left && !on_right {
        return Ok(None);
    }
    let own_place = ca.special(place).filter(|_| in_place);
    let mut numbers = [None; 3];
    numbers[0] = own_place.filter(|_| !is_sequence_operator(ca, place)).map(|m| (m, a, b));
    numbers[1] = ca.special(left).filter(|_| !on_left).map(|m| (m, a, b));
    // No built-in number does anything with a sequence.
    numbers[2] = cb.special(right).filter(|_| !on_right && ca != cb && !cb.is_native()).map(|m| (m, b, a));
    for (m, o, other) in numbers.into_iter().flatten() {
        let r = ops::call_unbound(cx, m, o, &[other], None)?;
        if r != Obj::NOT_IMPLEMENTED {
            return Ok(Some(r));
        }
    }
    if on_left && op == BinaryOp::Add {
        let m = own_place.or_else(|| ca.special(left)).expect("an operator");
        return ops::call_unbound(cx, m, a, &[b], None).map(Some);
    }
    if !on_left && in_place && !ca.is_native() {
        return Err(unsupported(cx, op, a, b, true));
    }
    let (s, count) = if on_left { (a, b) } else { (b, a) };
    if !int::is_int(count) && class_of(count).special(Dunder::Index).is_none() {
        let t = cx.type_name(count);
        return Err(cx.type_error(format!("can't multiply sequence by non-int of type '{t}'")));
    }
    let m = if on_left { own_place.or_else(|| ca.special(left)) } else { cb.special(right) };
    ops::call_unbound(cx, m.expect("an operator"), s, &[count], None).map(Some)
}

/// Whether a class has `__add__` or `__mul__` from a built-in sequence.
fn is_sequence_operator(c: crate::obj::Gc<crate::types::Type>, d: Dunder) -> bool {
    let own = c.special(d);
    if c.is_native() && c.has(crate::types::F_SEQUENCE) {
        return own.is_some();
    }
    own.is_some()
        && [shape::STR, shape::LIST, shape::TUPLE, shape::BYTES, shape::BYTEARRAY]
            .iter()
            .any(|s| crate::types::class_for(*s).special(d) == own)
}

/// `a.left(b)`, then `b.right(a)`; the other way round when `b`'s class derives
/// from `a`'s and overrides `right`.
fn try_both(cx: &mut Cx, a: Obj, b: Obj, left: Dunder, right: Dunder) -> Result<Option<Obj>> {
    let (ca, cb) = (class_of(a), class_of(b));
    let l = ca.special(left);
    let mut r = if ca == cb { None } else { cb.special(right) };
    if let Some(m) = r
        && cb.is_subtype(ca)
        && ca.special(right) != Some(m)
    {
        let v = ops::call_unbound(cx, m, b, &[a], None)?;
        if v != Obj::NOT_IMPLEMENTED {
            return Ok(Some(v));
        }
        r = None;
    }
    if let Some(m) = l {
        let v = ops::call_unbound(cx, m, a, &[b], None)?;
        if v != Obj::NOT_IMPLEMENTED {
            return Ok(Some(v));
        }
    }
    if let Some(m) = r {
        let v = ops::call_unbound(cx, m, b, &[a], None)?;
        if v != Obj::NOT_IMPLEMENTED {
            return Ok(Some(v));
        }
    }
    Ok(None)
}

#[cold]
fn unsupported(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj, in_place: bool) -> crate::exc::Raised {
    let (ta, tb) = (cx.type_name(a), cx.type_name(b));
    let sym = op.symbol();
    let eq = if in_place && op != BinaryOp::Pow { "=" } else { "" };
    let sym = if in_place && op == BinaryOp::Pow { "**=" } else { sym };
    cx.type_error(format!("unsupported operand type(s) for {sym}{eq}: '{ta}' and '{tb}'"))
}

/// `pow(a, b, m)`.
pub fn pow3(cx: &mut Cx, a: Obj, b: Obj, m: Obj) -> Result<Obj> {
    if m.is_none() {
        return binary(cx, BinaryOp::Pow, a, b);
    }
    // As with two operands, a subclass that overrides the right one goes first.
    let (ca, cb) = (class_of(a), class_of(b));
    let right_first = ca != cb && cb.is_subtype(ca) && ca.special(Dunder::RPow) != cb.special(Dunder::RPow);
    let mut order = [(a, Dunder::Pow), (b, Dunder::RPow)];
    if right_first {
        order.reverse();
    }
    for (o, d) in order {
        if let Some(f) = class_of(o).special(d) {
            let other = if d == Dunder::Pow { b } else { a };
            let r = ops::call_unbound(cx, f, o, &[other, m], None)?;
            if r != Obj::NOT_IMPLEMENTED {
                return Ok(r);
            }
        }
    }
    // The modulus has a say as well.
    if let Some(f) = cx.rt().hooks().pow_by_modulus.get().copied() {
        let r = f(cx, a, b, m)?;
        if r != Obj::NOT_IMPLEMENTED {
            return Ok(r);
        }
    }
    if float::value(m).is_some() {
        return Err(cx.type_error("pow() 3rd argument not allowed unless all arguments are integers"));
    }
    let is_number = |o: Obj| int::is_int(o) || float::value(o).is_some() || o.shape() == shape::COMPLEX;
    if m.shape() == shape::COMPLEX && is_number(a) && is_number(b) {
        return Err(cx.value_error("complex modulo"));
    }
    let (ta, tb, tm) = (cx.type_name(a), cx.type_name(b), cx.type_name(m));
    Err(cx.type_error(format!("unsupported operand type(s) for ** or pow(): '{ta}', '{tb}', '{tm}'")))
}

/// The unary operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Neg,
    Pos,
    Invert,
    Abs,
}

/// `op a`.
pub fn unary(cx: &mut Cx, op: UnaryOp, a: Obj) -> Result<Obj> {
    if let Some(v) = a.as_small_int() {
        return int::from_i64(
            cx,
            match op {
                UnaryOp::Neg => -v,
                UnaryOp::Pos => v,
                UnaryOp::Invert => !v,
                UnaryOp::Abs => v.abs(),
            },
        );
    }
    if let Some(v) = a.as_small_float()
        && op != UnaryOp::Invert
    {
        return float::new(
            cx,
            match op {
                UnaryOp::Neg => -v,
                UnaryOp::Abs => v.abs(),
                _ => v,
            },
        );
    }
    let (d, sym) = match op {
        UnaryOp::Neg => (Dunder::Neg, "unary -"),
        UnaryOp::Pos => (Dunder::Pos, "unary +"),
        UnaryOp::Invert => (Dunder::Invert, "unary ~"),
        UnaryOp::Abs => (Dunder::Abs, "abs()"),
    };
    cx.enter()?;
    match ops::call_special(cx, a, d, &[])? {
        Some(r) => Ok(r),
        None => Err(cx.type_error(format!("bad operand type for {sym}: '{}'", cx.type_name(a)))),
    }
}
