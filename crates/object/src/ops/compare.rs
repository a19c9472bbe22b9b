//! Comparison: `==`, `<`, `is` in containers, and rich comparison dispatch.

use super::class_of;
use crate::bytes::Bytes;
use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::{Result, float, int, ops, shape, types};
use std::cmp::Ordering;

/// The six comparison operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum CompareOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

impl CompareOp {
    /// The special method.
    pub fn dunder(self) -> Dunder {
        match self {
            CompareOp::Lt => Dunder::Lt,
            CompareOp::Le => Dunder::Le,
            CompareOp::Eq => Dunder::Eq,
            CompareOp::Ne => Dunder::Ne,
            CompareOp::Gt => Dunder::Gt,
            CompareOp::Ge => Dunder::Ge,
        }
    }
    /// The operator with its operands exchanged.
    pub fn swapped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            o => o,
        }
    }
    /// As written.
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
    /// Whether an ordering satisfies it.
    #[inline]
    pub fn holds(self, o: Ordering) -> bool {
        match self {
            CompareOp::Lt => o == Ordering::Less,
            CompareOp::Le => o != Ordering::Greater,
            CompareOp::Eq => o == Ordering::Equal,
            CompareOp::Ne => o != Ordering::Equal,
            CompareOp::Gt => o == Ordering::Greater,
            CompareOp::Ge => o != Ordering::Less,
        }
    }
    /// Apply to floats.
    #[inline]
    pub fn floats(self, a: f64, b: f64) -> bool {
        match self {
            CompareOp::Lt => a < b,
            CompareOp::Le => a <= b,
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            CompareOp::Gt => a > b,
            CompareOp::Ge => a >= b,
        }
    }
}

/// `a op b` as an object.
pub fn rich_compare(cx: &mut Cx, a: Obj, b: Obj, op: CompareOp) -> Result<Obj> {
    if let Some(r) = compare_simple(a, b, op) {
        return Ok(Obj::bool(r));
    }
    cx.enter_while("in comparison")?;
    let (ca, cb) = (class_of(a), class_of(b));
    let mut tried_right = false;
    if ca != cb
        && cb.is_subtype(ca)
        && let Some(m) = cb.special(op.swapped().dunder())
    {
        tried_right = true;
        let r = ops::call_unbound(cx, m, b, &[a], None)?;
        if r != Obj::NOT_IMPLEMENTED {
            return Ok(r);
        }
    }
    if let Some(m) = ca.special(op.dunder()) {
        let r = ops::call_unbound(cx, m, a, &[b], None)?;
        if r != Obj::NOT_IMPLEMENTED {
            return Ok(r);
        }
    }
    if !tried_right && let Some(m) = cb.special(op.swapped().dunder()) {
        let r = ops::call_unbound(cx, m, b, &[a], None)?;
        if r != Obj::NOT_IMPLEMENTED {
            return Ok(r);
        }
    }
    match op {
        CompareOp::Eq => Ok(Obj::bool(a == b)),
        CompareOp::Ne => Ok(Obj::bool(a != b)),
        _ => Err(cx.type_error(format!(
            "'{}' not supported between instances of '{}' and '{}'",
            op.symbol(),
            cx.type_name(a),
            cx.type_name(b)
        ))),
    }
}

/// The result for exact ints, floats and strings.
#[inline]
fn compare_simple(a: Obj, b: Obj, op: CompareOp) -> Option<bool> {
    if let (Some(x), Some(y)) = (a.as_small_int(), b.as_small_int()) {
        return Some(op.holds(x.cmp(&y)));
    }
    let (sa, sb) = (a.shape(), b.shape());
    if sa == shape::STR && sb == shape::STR {
        // By their shapes.
        let (x, y): (Gc<Str>, Gc<Str>) = unsafe { (Gc::from_obj(a), Gc::from_obj(b)) };
        return Some(match op {
            CompareOp::Eq => x.same_text(&y),
            CompareOp::Ne => !x.same_text(&y),
            _ => op.holds(x.compare(&y)),
        });
    }
    if sa == shape::FLOAT && sb == shape::FLOAT {
        return Some(op.floats(float::value(a)?, float::value(b)?));
    }
    if sa == shape::INT && sb == shape::INT {
        return Some(op.holds(crate::bigint::compare(a, b)));
    }
    match op {
        CompareOp::Eq => plain_equal(a, b),
        CompareOp::Ne => plain_equal(a, b).map(|same| !same),
        _ => None,
    }
}

/// Equality of values of built-in types where no Python code decides it: numbers, texts,
/// None, and tuples of them. `None` says that this function cannot tell.
pub fn plain_equal(a: Obj, b: Obj) -> Option<bool> {
    plain_equal_within(a, b, 4)
}

fn plain_equal_within(a: Obj, b: Obj, depth: u32) -> Option<bool> {
    let (sa, sb) = (a.shape(), b.shape());
    if a == b {
        // Containers take anything for equal to itself; the operator asks.
        return (depth < 4 || matches!(sa, shape::NONE | shape::STR | shape::INT | shape::TUPLE)).then_some(true);
    }
    if sa != sb {
        let unlike = |s: u32| matches!(s, shape::NONE | shape::STR | shape::TUPLE | shape::LIST | shape::DICT);
        let number = |s: u32| matches!(s, shape::INT | shape::FLOAT | shape::BOOL);
        // Bytes are left out for the warnings about comparing them with texts.
        return ((unlike(sa) && (unlike(sb) || number(sb))) || (number(sa) && unlike(sb))).then_some(false);
    }
    // By their shapes.
    unsafe {
        match sa {
            shape::INT => Some(crate::bigint::compare(a, b) == Ordering::Equal),
            shape::FLOAT => Some(float::value(a)? == float::value(b)?),
            shape::STR => Some(Gc::<Str>::from_obj(a).same_text(&Gc::<Str>::from_obj(b))),
            shape::BYTES => Some(Gc::<Bytes>::from_obj(a).as_slice() == Gc::<Bytes>::from_obj(b).as_slice()),
            shape::TUPLE => items_equal(Gc::from_obj(a), Gc::from_obj(b), depth),
            _ => {
                // A named tuple, say, compares as tuples do.
                let (c, tuple) = (shape::class_of_shape(sa), types::class_for(shape::TUPLE));
                let tuples = [Dunder::Eq, Dunder::Ne].iter().all(|d| c.special(*d) == tuple.special(*d));
                items_equal(a.cast().filter(|_| tuples)?, b.cast()?, depth)
            }
        }
    }
}

/// `a op b` where neither Python code nor an allocation is needed to know it, so
/// that a lock may be held meanwhile: for exact ints, floats and strings.
pub fn compare_plain(a: Obj, b: Obj, op: CompareOp) -> Option<bool> {
    compare_simple(a, b, op)
}

fn items_equal(x: Gc<Tuple>, y: Gc<Tuple>, depth: u32) -> Option<bool> {
    let (x, y) = (x.payload().items(), y.payload().items());
    if x.len() != y.len() {
        return Some(false);
    }
    if depth == 0 {
        return None;
    }
    for (x, y) in x.iter().zip(y) {
        if !plain_equal_within(*x, *y, depth - 1)? {
            return Some(false);
        }
    }
    Some(true)
}

/// `a op b` as a truth value.
pub fn compare(cx: &mut Cx, a: Obj, b: Obj, op: CompareOp) -> Result<bool> {
    if let Some(r) = compare_simple(a, b, op) {
        return Ok(r);
    }
    let r = rich_compare(cx, a, b, op)?;
    ops::truth(cx, r)
}

/// `a is b or a == b`, as containers compare.
#[inline]
pub fn equal(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
    if a == b {
        return Ok(true);
    }
    compare(cx, a, b, CompareOp::Eq)
}

/// `a < b`.
pub fn less(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
    compare(cx, a, b, CompareOp::Lt)
}

/// The order of an int and a float, exactly; `None` for nan.
pub fn compare_int_float(i: Obj, f: f64) -> Option<Ordering> {
    if f.is_nan() {
        return None;
    }
    if f.is_infinite() {
        return Some(if f > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let v = match int::small(i) {
        Some(v) => v as i128,
        None => match int::to_i128(i) {
            Some(v) => v,
            None => return Some(crate::bigint::compare_f64(i, f)),
        },
    };
    // Beyond 2^100 every float is an integer and exceeds any 64-bit int.
    if f.abs() >= 1.2e30 {
        return Some(if v.unsigned_abs() < 1 << 99 {
            if f > 0.0 { Ordering::Less } else { Ordering::Greater }
        } else {
            crate::bigint::compare_f64(i, f)
        });
    }
    let whole = f.trunc();
    Some((v.cmp(&(whole as i128))).then_with(|| 0.0f64.partial_cmp(&(f - whole)).unwrap_or(Ordering::Equal)))
}
