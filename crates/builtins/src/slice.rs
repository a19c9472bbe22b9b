//! `slice`, and what its three values mean for a sequence of given length.
//!
//! Tests: tests/containers.rs; CPython test_slice.

use crate::repr_guard;
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, Payload, instance_of};
use typhon_object::{BinaryOp, CompareOp, Cx, Dunder, Gc, Obj, Result, boot, int, ops, shape, tuple, types};
use typhon_text::strview::StrBuf;

/// The payload of a `slice`. It never changes.
#[derive(Trace)]
#[repr(C)]
pub struct Slice {
    /// `start`, perhaps None.
    pub start: Obj,
    /// `stop`, perhaps None.
    pub stop: Obj,
    /// `step`, perhaps None.
    pub step: Obj,
}

impl Payload for Slice {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.shape() == shape::SLICE
    }
}

/// The three values as numbers, before a length is known.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    start: Option<isize>,
    stop: Option<isize>,
    /// Never zero.
    pub step: isize,
}

impl Bounds {
    /// Start, stop, step and number of items in a sequence of `len` items.
    #[inline]
    pub fn clip(&self, len: usize) -> (isize, isize, isize, usize) {
        let n = len as isize;
        let (low, high) = if self.step < 0 { (-1, n - 1) } else { (0, n) };
        let fix = |v: Option<isize>, absent: isize| match v {
            None => absent,
            Some(i) if i < 0 => (i.saturating_add(n)).max(low),
            Some(i) => i.min(high),
        };
        let start = fix(self.start, if self.step < 0 { high } else { low });
        let stop = fix(self.stop, if self.step < 0 { low } else { high });
        let count = if self.step < 0 {
            if stop < start { ((start - stop - 1) as usize) / self.step.unsigned_abs() + 1 } else { 0 }
        } else if start < stop {
            ((stop - start - 1) as usize) / self.step as usize + 1
        } else {
            0
        };
        (start, stop, self.step, count)
    }
}

fn bound(cx: &mut Cx, o: Obj) -> Result<Option<isize>> {
    if o.is_none() {
        return Ok(None);
    }
    if !is_index(o) {
        return Err(cx.type_error("slice indices must be integers or None or have an __index__ method"));
    }
    ops::index_clamped(cx, o).map(Some)
}

/// Whether `o` can stand for an integer index.
#[inline]
pub fn is_index(o: Obj) -> bool {
    int::is_int(o) || ops::class_of(o).special(Dunder::Index).is_some()
}

impl Slice {
    /// The values as numbers; may run `__index__`.
    pub fn bounds(&self, cx: &mut Cx) -> Result<Bounds> {
        let step = match bound(cx, self.step)? {
            None => 1,
            Some(0) => return Err(cx.value_error("slice step cannot be zero")),
            // So that it can be negated.
            Some(s) => s.max(-isize::MAX),
        };
        Ok(Bounds { start: bound(cx, self.start)?, stop: bound(cx, self.stop)?, step })
    }
    /// Start, stop, step and number of items in a sequence of `len` items.
    pub fn indices(&self, cx: &mut Cx, len: usize) -> Result<(isize, isize, isize, usize)> {
        Ok(self.bounds(cx)?.clip(len))
    }
}

/// `slice(start, stop, step)`.
pub fn new(cx: &Cx, start: Obj, stop: Obj, step: Obj) -> Result<Gc<Slice>> {
    instance_of(cx, types::class_for(shape::SLICE), Slice { start, stop, step })
}

/// `slice.indices` for any size of integers: start, stop and step as ints.
pub fn long_indices(cx: &mut Cx, s: &Slice, len: Obj) -> Result<(Obj, Obj, Obj)> {
    let zero = Obj::int_unchecked(0);
    let one = Obj::int_unchecked(1);
    let minus = Obj::int_unchecked(-1);
    let step = if s.step.is_none() { one } else { slice_index(cx, s.step)? };
    if step == zero {
        return Err(cx.value_error("slice step cannot be zero"));
    }
    let negative = ops::less(cx, step, zero)?;
    let (low, high) = if negative { (minus, ops::binary(cx, BinaryOp::Sub, len, one)?) } else { (zero, len) };
    let fix = |cx: &mut Cx, v: Obj, absent: Obj| -> Result<Obj> {
        if v.is_none() {
            return Ok(absent);
        }
        let mut i = slice_index(cx, v)?;
        if ops::less(cx, i, zero)? {
            i = ops::binary(cx, BinaryOp::Add, i, len)?;
            return Ok(if ops::less(cx, i, low)? { low } else { i });
        }
        Ok(if ops::less(cx, high, i)? { high } else { i })
    };
    let start = fix(cx, s.start, if negative { high } else { low })?;
    let stop = fix(cx, s.stop, if negative { low } else { high })?;
    Ok((start, stop, step))
}

fn slice_index(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if !is_index(o) {
        return Err(cx.type_error("slice indices must be integers or None or have an __index__ method"));
    }
    ops::index(cx, o)
}

#[class(name = "slice", extends = Slice)]
impl Slice {
    fn __new__(cx: &mut Cx, cls: Gc<types::Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        if args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("slice() takes no keyword arguments"));
        }
        let (start, stop, step) = match *args.pos {
            [stop] => (Obj::NONE, stop, Obj::NONE),
            [start, stop] => (start, stop, Obj::NONE),
            [start, stop, step] => (start, stop, step),
            [] => return Err(cx.type_error("slice expected at least 1 argument, got 0")),
            _ => {
                return Err(cx.type_error(format!("slice expected at most 3 arguments, got {}", args.pos.len())));
            }
        };
        Ok(new(cx, start, stop, step)?.obj())
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

    /// S.indices(len) -> (start, stop, stride)
    ///
    /// Assuming a sequence of length len, calculate the start and stop
    /// indices, and the stride length of the extended slice described by
    /// S. Out of bounds indices are clipped in a manner consistent with the
    /// handling of normal slices.
    #[name("indices")]
    fn python_indices(&self, cx: &mut Cx, len: Obj) -> Result<(Obj, Obj, Obj)> {
        let len = ops::index(cx, len)?;
        if ops::less(cx, len, Obj::int_unchecked(0))? {
            return Err(cx.value_error("length should not be negative"));
        }
        long_indices(cx, self, len)
    }

    fn __repr__(&self, cx: &mut Cx) -> Result<Obj> {
        let mut out = StrBuf::new();
        out.push_str("slice(");
        repr_guard::push_repr(cx, &mut out, self.start)?;
        out.push_str(", ");
        repr_guard::push_repr(cx, &mut out, self.stop)?;
        out.push_str(", ");
        repr_guard::push_repr(cx, &mut out, self.step)?;
        out.push_str(")");
        Ok(repr_guard::finish(cx, out)?.obj())
    }

    fn __richcmp__(this: Gc<Slice>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<Slice>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        let a = this;
        if a.obj() == other {
            return Ok(Obj::bool(matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge)));
        }
        let x = tuple::new(cx, &[a.start, a.stop, a.step])?;
        let y = tuple::new(cx, &[b.start, b.stop, b.step])?;
        ops::rich_compare(cx, x.obj(), y.obj(), op)
    }

    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        let t = tuple::new(cx, &[self.start, self.stop, self.step])?;
        ops::hash(cx, t.obj())
    }

    /// Return state information for pickling.
    fn __reduce__(this: Gc<Slice>, cx: &mut Cx) -> Result<Obj> {
        let args = tuple::new(cx, &[this.start, this.stop, this.step])?;
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args.obj()])?.obj())
    }
}

/// A deliberately strict view of a position for `insert`-like methods.
pub fn clamp_position(i: isize, len: usize) -> usize {
    if i < 0 { (i.saturating_add(len as isize)).max(0) as usize } else { (i as usize).min(len) }
}

/// An index from `o`, or the OverflowError of a repeat count.
pub fn repeat_count(cx: &mut Cx, o: Obj) -> Result<usize> {
    Ok(ops::index_size(cx, o)?.max(0) as usize)
}

const DOC: &str = "slice(stop)\nslice(start, stop[, step])\n\nCreate a slice object.  This is used for extended slicing (e.g. a[0:10:2]).";

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = boot::define(cx, shape::SLICE, "slice", DOC, 0, None, Some(types::layout_of::<Slice>(0)))?;
    types::add_members(cx, t, Slice::MEMBERS)
}
