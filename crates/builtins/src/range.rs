//! `range` and its iterators.
//!
//! A range keeps its three values and its length as Python ints. Iterating over
//! one whose values fit 62 bits uses `RangeIter`, whose fields the VM advances
//! itself; others use `longrange_iterator`.
//! Tests: tests/containers.rs; CPython test_range.

use crate::{iterators, slice, slice::Slice};
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args, NO_NEW, Payload, SEQUENCE, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{
    BinaryOp, CompareOp, Cx, ExcKind, Gc, Obj, Result, Slot, array, boot, exc, int, list, ops, shape, tuple,
};

/// The payload of a `range`. It never changes.
#[derive(Trace)]
#[repr(C)]
pub struct Range {
    /// `start`.
    pub start: Obj,
    /// `stop`.
    pub stop: Obj,
    /// `step`.
    pub step: Obj,
    /// Number of items.
    pub length: Obj,
}

impl Payload for Range {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.shape() == shape::RANGE
    }
}

/// The payload of a `range_iterator`.
///
/// It is exhausted when `cur` has reached `stop` in the direction of `step`;
/// `stop` is exact, that is, `start + length * step`.
#[derive(Trace)]
#[repr(C)]
pub struct RangeIter {
    /// The next value.
    pub cur: AtomicI64,
    /// One step past the last value.
    pub stop: i64,
    /// Never 0.
    pub step: i64,
}

impl Payload for RangeIter {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.shape() == shape::RANGE_ITER
    }
}

impl RangeIter {
    /// The next value.
    #[inline(always)]
    pub fn next(&self) -> Option<i64> {
        let v = self.cur.load(Ordering::Relaxed);
        if if self.step > 0 { v >= self.stop } else { v <= self.stop } {
            return None;
        }
        self.cur.store(v + self.step, Ordering::Relaxed);
        Some(v)
    }
    fn left(&self) -> i64 {
        let v = self.cur.load(Ordering::Relaxed);
        ((self.stop - v) / self.step).max(0)
    }
}

impl Range {
    /// All values, unless they are large or too many to be worth it.
    pub fn to_list(&self, cx: &Cx) -> Result<Option<Gc<list::List>>> {
        let (Some(mut v), Some(step), Some(n)) =
            (self.start.as_small_int(), self.step.as_small_int(), self.length.as_small_int())
        else {
            return Ok(None);
        };
        if v.abs() >= LIMIT || step.abs() >= LIMIT || (v as i128 + n as i128 * step as i128).abs() >= LIMIT as i128 {
            return Ok(None);
        }
        let a = array::new(cx, n as usize)?;
        for slot in a.slots() {
            slot.store(Obj::int_unchecked(v).word(), Ordering::Relaxed);
            v += step;
        }
        Ok(Some(list::from_array(cx, a, n as usize)?))
    }
}

/// Values beyond this are left to Python ints.
const LIMIT: i64 = 1 << 61;

fn one() -> Obj {
    Obj::int_unchecked(1)
}
fn zero() -> Obj {
    Obj::int_unchecked(0)
}

fn length(cx: &mut Cx, start: Obj, stop: Obj, step: Obj) -> Result<Obj> {
    if let (Some(a), Some(b), Some(s)) = (start.as_small_int(), stop.as_small_int(), step.as_small_int()) {
        let (a, b, s) = (a as i128, b as i128, s as i128);
        let n = if s > 0 && a < b {
            (b - a - 1) / s + 1
        } else if s < 0 && a > b {
            (a - b - 1) / -s + 1
        } else {
            0
        };
        return int::from_i128(cx, n);
    }
    let up = ops::less(cx, zero(), step)?;
    let (lo, hi) = if up { (start, stop) } else { (stop, start) };
    if !ops::less(cx, lo, hi)? {
        return Ok(zero());
    }
    let step = if up { step } else { ops::unary(cx, ops::UnaryOp::Neg, step)? };
    let d = ops::binary(cx, BinaryOp::Sub, hi, lo)?;
    let d = ops::binary(cx, BinaryOp::Sub, d, one())?;
    let q = ops::binary(cx, BinaryOp::FloorDiv, d, step)?;
    ops::binary(cx, BinaryOp::Add, q, one())
}

/// A range of exact ints; `step` is not 0.
pub fn new(cx: &mut Cx, start: Obj, stop: Obj, step: Obj) -> Result<Obj> {
    let length = length(cx, start, stop, step)?;
    Ok(instance_of(cx, types::class_for(shape::RANGE), Range { start, stop, step, length })?.obj())
}

/// `start + i * step`.
fn item(cx: &mut Cx, r: &Range, i: Obj) -> Result<Obj> {
    let d = ops::binary(cx, BinaryOp::Mul, i, r.step)?;
    ops::binary(cx, BinaryOp::Add, r.start, d)
}

/// `iter(r)` over `count` values from `start`.
fn make_iter(cx: &mut Cx, start: Obj, step: Obj, count: Obj) -> Result<Obj> {
    if let (Some(a), Some(s), Some(n)) = (start.as_small_int(), step.as_small_int(), count.as_small_int()) {
        let end = a as i128 + n as i128 * s as i128;
        if a.abs() < LIMIT && s.abs() < LIMIT && end.abs() < LIMIT as i128 {
            let it = RangeIter { cur: AtomicI64::new(a), stop: end as i64, step: s };
            return Ok(instance_of(cx, types::class_for(shape::RANGE_ITER), it)?.obj());
        }
    }
    let it = LongRangeIter { index: Slot::new(zero()), start, step, length: count };
    Ok(native::instance(cx, it)?.obj())
}

/// `iter(r)`.
#[inline]
pub fn iter(cx: &mut Cx, r: Gc<Range>) -> Result<Obj> {
    make_iter(cx, r.start, r.step, r.length)
}

/// Whether the int `v` is in the range.
fn contains_int(cx: &mut Cx, r: &Range, v: Obj) -> Result<bool> {
    if let (Some(v), Some(a), Some(b), Some(s)) =
        (int::small(v), r.start.as_small_int(), r.stop.as_small_int(), r.step.as_small_int())
    {
        let inside = if s > 0 { v >= a && v < b } else { v <= a && v > b };
        return Ok(inside && (v as i128 - a as i128) % s as i128 == 0);
    }
    let up = ops::less(cx, zero(), r.step)?;
    let inside = if up {
        !ops::less(cx, v, r.start)? && ops::less(cx, v, r.stop)?
    } else {
        !ops::less(cx, r.start, v)? && ops::less(cx, r.stop, v)?
    };
    if !inside {
        return Ok(false);
    }
    let d = ops::binary(cx, BinaryOp::Sub, v, r.start)?;
    let m = ops::binary(cx, BinaryOp::Mod, d, r.step)?;
    Ok(m == zero())
}

fn is_plain_int(v: Obj) -> bool {
    v.shape() == shape::INT || v.shape() == shape::BOOL
}

#[class(name = "range", extends = Range)]
impl Range {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        if args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("range() takes no keyword arguments"));
        }
        let (start, stop, step) = match *args.pos {
            [stop] => (zero(), ops::index(cx, stop)?, one()),
            [a, b] => (ops::index(cx, a)?, ops::index(cx, b)?, one()),
            [a, b, c] => (ops::index(cx, a)?, ops::index(cx, b)?, ops::index(cx, c)?),
            [] => return Err(cx.type_error("range expected at least 1 argument, got 0")),
            _ => return Err(cx.type_error(format!("range expected at most 3 arguments, got {}", args.pos.len()))),
        };
        if step == zero() {
            return Err(cx.value_error("range() arg 3 must not be zero"));
        }
        new(cx, start, stop, step)
    }

    #[getter]
    fn start(&self) -> Obj {
        self.start
    }
    #[getter]
    fn stop(&self) -> Obj {
        self.stop
    }
    #[getter]
    fn step(&self) -> Obj {
        self.step
    }

    fn __len__(&self, cx: &mut Cx) -> Result<Obj> {
        match int::to_i64(self.length) {
            Some(_) => Ok(self.length),
            None => Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t")),
        }
    }

    fn __bool__(&self) -> bool {
        self.length != zero()
    }

    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let mut s = String::from("range(");
        s.push_str(&ops::repr(cx, self.start)?.to_str());
        s.push_str(", ");
        s.push_str(&ops::repr(cx, self.stop)?.to_str());
        if self.step != one() {
            s.push_str(", ");
            s.push_str(&ops::repr(cx, self.step)?.to_str());
        }
        s.push(')');
        Ok(s)
    }

    fn __getitem__(this: Gc<Range>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(s) = key.cast::<Slice>() {
            let (start, stop, step) = slice::long_indices(cx, &s, this.length)?;
            let start = item(cx, &this, start)?;
            let stop = item(cx, &this, stop)?;
            let step = ops::binary(cx, BinaryOp::Mul, this.step, step)?;
            return new(cx, start, stop, step);
        }
        if !slice::is_index(key) {
            return Err(cx.type_error(format!("range indices must be integers or slices, not {}", cx.type_name(key))));
        }
        let mut i = ops::index(cx, key)?;
        if ops::less(cx, i, zero())? {
            i = ops::binary(cx, BinaryOp::Add, i, this.length)?;
        }
        if ops::less(cx, i, zero())? || !ops::less(cx, i, this.length)? {
            return Err(cx.error(ExcKind::IndexError, "range object index out of range"));
        }
        item(cx, &this, i)
    }

    fn __iter__(this: Gc<Range>, cx: &mut Cx) -> Result<Obj> {
        iter(cx, this)
    }

    /// Return a reverse iterator.
    fn __reversed__(this: Gc<Range>, cx: &mut Cx) -> Result<Obj> {
        let last = ops::binary(cx, BinaryOp::Sub, this.length, one())?;
        let start = item(cx, &this, last)?;
        let step = ops::unary(cx, ops::UnaryOp::Neg, this.step)?;
        make_iter(cx, start, step, this.length)
    }

    fn __contains__(this: Gc<Range>, cx: &mut Cx, key: Obj) -> Result<bool> {
        if is_plain_int(key) {
            return contains_int(cx, &this, key);
        }
        let it = iter(cx, this)?;
        while let Some(v) = ops::iter_next(cx, it)? {
            if ops::equal(cx, v, key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn __richcmp__(this: Gc<Range>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<Range>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let a = this;
        let same = a == b
            || (ops::equal(cx, a.length, b.length)?
                && (a.length == zero()
                    || (ops::equal(cx, a.start, b.start)? && (a.length == one() || ops::equal(cx, a.step, b.step)?))));
        Ok(Obj::bool(same == (op == CompareOp::Eq)))
    }

    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        let none = Obj::NONE;
        let items = match self.length {
            n if n == zero() => [n, none, none],
            n if n == one() => [n, self.start, none],
            n => [n, self.start, self.step],
        };
        tuple::hash_items(cx, &items)
    }

    /// rangeobject.count(value) -> integer -- return number of occurrences of value
    fn count(this: Gc<Range>, cx: &mut Cx, value: Obj) -> Result<usize> {
        if is_plain_int(value) {
            return Ok(contains_int(cx, &this, value)? as usize);
        }
        let it = iter(cx, this)?;
        let mut n = 0;
        while let Some(v) = ops::iter_next(cx, it)? {
            n += ops::equal(cx, v, value)? as usize;
        }
        Ok(n)
    }

    /// rangeobject.index(value) -> integer -- return index of value.
    /// Raise ValueError if the value is not present.
    fn index(this: Gc<Range>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if is_plain_int(value) {
            if contains_int(cx, &this, value)? {
                let d = ops::binary(cx, BinaryOp::Sub, value, this.start)?;
                return ops::binary(cx, BinaryOp::FloorDiv, d, this.step);
            }
        } else {
            let it = iter(cx, this)?;
            let mut i = 0;
            while let Some(v) = ops::iter_next(cx, it)? {
                if ops::equal(cx, v, value)? {
                    return int::from_i64(cx, i);
                }
                i += 1;
            }
            return Err(cx.value_error("sequence.index(x): x not in sequence"));
        }
        Err(cx.value_error("range.index(x): x not in range"))
    }

    fn __reduce__(this: Gc<Range>, cx: &mut Cx) -> Result<Obj> {
        let args = tuple::new(cx, &[this.start, this.stop, this.step])?;
        Ok(tuple::new(cx, &[types::class_for(shape::RANGE).obj(), args.obj()])?.obj())
    }
}

#[class(name = "range_iterator", extends = RangeIter)]
impl RangeIter {
    fn __iter__(this: Gc<RangeIter>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        match self.next() {
            Some(v) => Ok(Obj::int_unchecked(v)),
            None => Err(exc::stop_iteration(cx, Obj::NONE)),
        }
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self) -> i64 {
        self.left()
    }
    /// Return state information for pickling.
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        let start = Obj::int_unchecked(self.cur.load(Ordering::Relaxed));
        let r = new(cx, start, Obj::int_unchecked(self.stop), Obj::int_unchecked(self.step))?;
        iterators::reduce_iter(cx, r, Some(zero()))
    }
    /// Set state information for unpickling.
    fn __setstate__(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        let i = ops::index_clamped(cx, state)? as i64;
        let i = i.clamp(0, self.left());
        self.cur.fetch_add(i * self.step, Ordering::Relaxed);
        Ok(())
    }
}

/// The iterator of a range whose values are too large for `RangeIter`.
#[derive(Trace)]
pub struct LongRangeIter {
    index: Slot,
    start: Obj,
    step: Obj,
    length: Obj,
}

#[class(name = "longrange_iterator")]
impl LongRangeIter {
    fn __iter__(this: Gc<LongRangeIter>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<LongRangeIter>, cx: &mut Cx) -> Result<Obj> {
        let i = this.index.obj().unwrap_or(zero());
        if !ops::less(cx, i, this.length)? {
            return Err(exc::stop_iteration(cx, Obj::NONE));
        }
        let next = ops::binary(cx, BinaryOp::Add, i, one())?;
        this.index.set(cx, this, next);
        let d = ops::binary(cx, BinaryOp::Mul, i, this.step)?;
        ops::binary(cx, BinaryOp::Add, this.start, d)
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(this: Gc<LongRangeIter>, cx: &mut Cx) -> Result<Obj> {
        let i = this.index.obj().unwrap_or(zero());
        ops::binary(cx, BinaryOp::Sub, this.length, i)
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<LongRangeIter>, cx: &mut Cx) -> Result<Obj> {
        let d = ops::binary(cx, BinaryOp::Mul, this.length, this.step)?;
        let stop = ops::binary(cx, BinaryOp::Add, this.start, d)?;
        let r = new(cx, this.start, stop, this.step)?;
        let i = this.index.obj();
        iterators::reduce_iter(cx, r, i)
    }
    /// Set state information for unpickling.
    fn __setstate__(this: Gc<LongRangeIter>, cx: &mut Cx, state: Obj) -> Result<()> {
        let mut i = ops::index(cx, state)?;
        if ops::less(cx, i, zero())? {
            i = zero();
        } else if ops::less(cx, this.length, i)? {
            i = this.length;
        }
        this.index.set(cx, this, i);
        Ok(())
    }
}

const DOC: &str = "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nReturn an object that produces a sequence of integers from start (inclusive)\nto stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.\nstart defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.\nThese are exactly the valid indices for a list of 4 elements.\nWhen step is given, it specifies the increment (or decrement).";

/// Make the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = boot::define(cx, shape::RANGE, "range", DOC, SEQUENCE, None, Some(types::layout_of::<Range>(0)))?;
    types::add_members(cx, t, Range::MEMBERS)?;
    let layout = types::layout_of::<RangeIter>(0);
    let t = boot::define(cx, shape::RANGE_ITER, "range_iterator", "", NO_NEW, None, Some(layout))?;
    types::add_members(cx, t, RangeIter::MEMBERS)?;
    t.set_next_fn(|_, it| Ok(it.cast::<RangeIter>().and_then(|r| r.next()).map(Obj::int_unchecked)));
    native::class_of::<LongRangeIter>(cx).map(|_| ())
}
