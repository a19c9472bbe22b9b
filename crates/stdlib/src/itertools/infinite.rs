//! `count`, `cycle`, `repeat`.
//!
//! Tests: CPython test_itertools.

use super::stop;
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::list::{self, List};
use typhon_object::native::IntoObj;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::{BinaryOp, Cx, Result, int, ops};

/// `itertools.count`.
#[derive(Trace)]
pub struct Count {
    /// Next value while it is a plain int that grows by one.
    fast: AtomicI64,
    /// Next value otherwise; empty in fast mode.
    slow: Slot,
    step: Obj,
}

/// Return a count object whose .__next__() method returns consecutive values.
#[class(module = "itertools", name = "count", subclassable)]
impl Count {
    #[sig(start = 0, step = 1)]
    fn __new__(cx: &mut Cx, start: Obj, step: Obj) -> Result<Count> {
        for v in [start, step] {
            let c = ops::class_of(v);
            if !int::is_int(v)
                && typhon_object::float::value(v).is_none()
                && [
                    typhon_object::Dunder::Index,
                    typhon_object::Dunder::Float,
                    typhon_object::Dunder::Int,
                    typhon_object::Dunder::Complex,
                ]
                .iter()
                .all(|d| c.special(*d).is_none())
            {
                return Err(cx.type_error("a number is required"));
            }
        }
        // A bool counts as the number that it is.
        let fast = int::small(start).filter(|_| int::small(step) == Some(1));
        Ok(Count {
            fast: AtomicI64::new(fast.unwrap_or(0)),
            slow: if fast.is_some() { Slot::empty() } else { Slot::new(start) },
            step,
        })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        match this.slow.obj() {
            None => {
                let n = this.fast.fetch_add(1, Ordering::Relaxed);
                match Obj::small_int(n) {
                    Some(o) => Ok(o),
                    None => int::from_i64(cx, n),
                }
            }
            Some(v) => {
                let mut v = v;
                loop {
                    let next = ops::binary(cx, BinaryOp::Add, v, this.step)?;
                    // Another thread may have taken this number meanwhile.
                    let slot = this.slow.raw();
                    match slot.compare_exchange(v.word(), next.word(), Ordering::AcqRel, Ordering::Acquire) {
                        Ok(_) => {
                            cx.barrier(this.obj());
                            return Ok(v);
                        }
                        Err(_) => v = this.slow.obj().unwrap_or(v),
                    }
                }
            }
        }
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let v = match self.slow.obj() {
            Some(v) => v,
            None => self.fast.load(Ordering::Relaxed).into_obj(cx)?,
        };
        let a = ops::repr(cx, v)?.to_str().into_owned();
        if int::small(self.step) == Some(1) {
            return Ok(format!("count({a})"));
        }
        Ok(format!("count({a}, {})", ops::repr(cx, self.step)?.to_str()))
    }
}

/// `itertools.cycle`.
#[derive(Trace)]
pub struct Cycle {
    it: Slot,
    saved: Gc<List>,
    at: AtomicI64,
}

/// Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.
#[class(module = "itertools", name = "cycle", subclassable)]
impl Cycle {
    fn __new__(cx: &mut Cx, iterable: Obj) -> Result<Cycle> {
        let it = ops::get_iter(cx, iterable)?;
        Ok(Cycle { it: Slot::new(it), saved: list::new(cx, &[])?, at: AtomicI64::new(0) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        if let Some(it) = self.it.obj() {
            if let Some(v) = ops::iter_next(cx, it)? {
                self.saved.append(cx, v)?;
                return Ok(v);
            }
            self.it.clear();
        }
        let n = self.saved.len() as i64;
        if n == 0 {
            return Err(stop(cx));
        }
        let i = self.at.fetch_add(1, Ordering::Relaxed);
        if i + 1 >= n {
            self.at.store(0, Ordering::Relaxed);
        }
        self.saved.get((i % n) as usize).ok_or_else(|| stop(cx))
    }
}

/// `itertools.repeat`.
#[derive(Trace)]
pub struct Repeat {
    item: Obj,
    /// How many are left; -1 for no end.
    left: AtomicI64,
}

/// repeat(object [,times]) -> create an iterator which returns the object
/// for the specified number of times.  If not specified, returns the object
/// endlessly.
#[class(module = "itertools", name = "repeat", subclassable)]
impl Repeat {
    #[sig(object, times = <missing>)]
    fn __new__(object: Obj, times: typhon_object::native::Missing<isize>) -> Repeat {
        Repeat { item: object, left: AtomicI64::new(times.given().map_or(-1, |n| n.max(0) as i64)) }
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let n = self.left.load(Ordering::Relaxed);
        if n == 0 {
            return Err(stop(cx));
        }
        if n > 0 && self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            self.left.store(0, Ordering::Relaxed);
            return Err(stop(cx));
        }
        Ok(self.item)
    }
    fn __length_hint__(&self, cx: &mut Cx) -> Result<i64> {
        match self.left.load(Ordering::Relaxed) {
            n if n < 0 => Err(cx.type_error("len() of unsized object")),
            n => Ok(n),
        }
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let a = ops::repr(cx, self.item)?.to_str().into_owned();
        Ok(match self.left.load(Ordering::Relaxed) {
            n if n < 0 => format!("repeat({a})"),
            n => format!("repeat({a}, {n})"),
        })
    }
}

/// Let native loops step these without a method call.
pub(super) fn init(cx: &mut Cx) -> Result<()> {
    super::step_by!(cx, Count, |i, cx| Count::__next__(i, cx));
    super::step_by!(cx, Cycle, |i, cx| Cycle::__next__(&i, cx));
    super::step_by!(cx, Repeat, |i, cx| Repeat::__next__(&i, cx));
    Ok(())
}
