//! Iterators that pass the items of others on.
//!
//! Tests: CPython test_itertools.

use super::stop;
use crate::util::tuple_obj;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::list::{self, List};
use typhon_object::native::{self, Args, FromArg};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::Type;
use typhon_object::{BinaryOp, Cx, Dunder, Result, ops};

/// `itertools.accumulate`.
#[derive(Trace)]
pub struct Accumulate {
    it: Obj,
    func: Option<Obj>,
    total: Slot,
    initial: Slot,
}

/// Return series of accumulated sums (or other binary function results).
#[class(module = "itertools", name = "accumulate", subclassable)]
impl Accumulate {
    #[sig(iterable, func = None, *, initial = None)]
    fn __new__(cx: &mut Cx, iterable: Obj, func: Option<Obj>, initial: Option<Obj>) -> Result<Accumulate> {
        let it = ops::get_iter(cx, iterable)?;
        Ok(Accumulate { it, func, total: Slot::empty(), initial: Slot::of(initial) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        if let Some(v) = this.initial.obj() {
            this.initial.clear();
            this.total.set(cx, this, v);
            return Ok(v);
        }
        let Some(v) = ops::iter_next(cx, this.it)? else { return Err(stop(cx)) };
        let new = match (this.total.obj(), this.func) {
            (None, _) => v,
            (Some(t), None) => ops::binary(cx, BinaryOp::Add, t, v)?,
            (Some(t), Some(f)) => ops::call_args(cx, f, &[t, v])?,
        };
        this.total.set(cx, this, new);
        Ok(new)
    }
}

/// `itertools.batched`.
#[derive(Trace)]
pub struct Batched {
    it: Slot,
    n: usize,
    strict: bool,
}

/// Batch data into tuples of length n. The last batch may be shorter than n.
#[class(module = "itertools", name = "batched", subclassable)]
impl Batched {
    #[sig(iterable, n, *, strict = False)]
    fn __new__(cx: &mut Cx, iterable: Obj, n: isize, strict: bool) -> Result<Batched> {
        if n < 1 {
            return Err(cx.value_error("n must be at least one"));
        }
        let it = ops::get_iter(cx, iterable)?;
        Ok(Batched { it: Slot::new(it), n: n as usize, strict })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let Some(it) = self.it.obj() else { return Err(stop(cx)) };
        let l = list::new(cx, &[])?;
        while l.len() < self.n {
            match ops::iter_next(cx, it)? {
                Some(v) => l.append(cx, v)?,
                None => {
                    self.it.clear();
                    break;
                }
            }
        }
        if l.is_empty() {
            return Err(stop(cx));
        }
        if self.strict && l.len() < self.n {
            return Err(cx.value_error("batched(): incomplete batch"));
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
}

/// `itertools.chain`.
#[derive(Trace)]
pub struct Chain {
    /// The iterator of iterables; empty at the end.
    source: Slot,
    active: Slot,
}

/// Return a chain object whose .__next__() method returns elements from the
/// first iterable until it is exhausted, then elements from the next
/// iterable, until all of the iterables are exhausted.
#[class(module = "itertools", name = "chain", subclassable)]
impl Chain {
    #[sig(*iterables)]
    fn __new__(cx: &mut Cx, iterables: Obj) -> Result<Chain> {
        let it = ops::get_iter(cx, iterables)?;
        Ok(Chain { source: Slot::new(it), active: Slot::empty() })
    }
    /// Alternative chain() constructor taking a single iterable argument that evaluates lazily.
    #[classmethod]
    fn from_iterable(cx: &mut Cx, cls: Gc<Type>, iterable: Obj) -> Result<Obj> {
        let it = ops::get_iter(cx, iterable)?;
        let c = Chain { source: Slot::new(it), active: Slot::empty() };
        Ok(native::instance_of(cx, cls, c)?.obj())
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        loop {
            let active = match this.active.obj() {
                Some(a) => a,
                None => {
                    let Some(source) = this.source.obj() else { return Err(stop(cx)) };
                    let next = match ops::iter_next(cx, source) {
                        Ok(Some(n)) => ops::get_iter(cx, n),
                        Ok(None) => {
                            this.source.clear();
                            return Err(stop(cx));
                        }
                        Err(e) => Err(e),
                    };
                    match next {
                        Ok(a) => {
                            this.active.set(cx, this, a);
                            a
                        }
                        Err(e) => {
                            this.source.clear();
                            return Err(e);
                        }
                    }
                }
            };
            if let Some(v) = ops::iter_next(cx, active)? {
                return Ok(v);
            }
            this.active.clear();
        }
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// `itertools.compress`.
#[derive(Trace)]
pub struct Compress {
    data: Obj,
    selectors: Obj,
}

/// Return data elements corresponding to true selector elements.
#[class(module = "itertools", name = "compress", subclassable)]
impl Compress {
    #[sig(data, selectors)]
    fn __new__(cx: &mut Cx, data: Obj, selectors: Obj) -> Result<Compress> {
        Ok(Compress { data: ops::get_iter(cx, data)?, selectors: ops::get_iter(cx, selectors)? })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        loop {
            let Some(v) = ops::iter_next(cx, self.data)? else { return Err(stop(cx)) };
            let Some(s) = ops::iter_next(cx, self.selectors)? else { return Err(stop(cx)) };
            if ops::truth(cx, s)? {
                return Ok(v);
            }
        }
    }
}

/// `itertools.dropwhile`.
#[derive(Trace)]
pub struct DropWhile {
    predicate: Obj,
    it: Obj,
    started: AtomicBool,
}

/// Drop items from the iterable while predicate(item) is true.
///
/// Afterwards, return every element until the iterable is exhausted.
#[class(module = "itertools", name = "dropwhile", subclassable)]
impl DropWhile {
    #[sig(predicate, iterable, /)]
    fn __new__(cx: &mut Cx, predicate: Obj, iterable: Obj) -> Result<DropWhile> {
        Ok(DropWhile { predicate, it: ops::get_iter(cx, iterable)?, started: AtomicBool::new(false) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        loop {
            let Some(v) = ops::iter_next(cx, self.it)? else { return Err(stop(cx)) };
            if self.started.load(Ordering::Relaxed) {
                return Ok(v);
            }
            let r = ops::call_args(cx, self.predicate, &[v])?;
            if !ops::truth(cx, r)? {
                self.started.store(true, Ordering::Relaxed);
                return Ok(v);
            }
        }
    }
}

/// `itertools.takewhile`.
#[derive(Trace)]
pub struct TakeWhile {
    predicate: Obj,
    it: Obj,
    stopped: AtomicBool,
}

/// Return successive entries from an iterable as long as the predicate evaluates to true for each entry.
#[class(module = "itertools", name = "takewhile", subclassable)]
impl TakeWhile {
    #[sig(predicate, iterable, /)]
    fn __new__(cx: &mut Cx, predicate: Obj, iterable: Obj) -> Result<TakeWhile> {
        Ok(TakeWhile { predicate, it: ops::get_iter(cx, iterable)?, stopped: AtomicBool::new(false) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(stop(cx));
        }
        let Some(v) = ops::iter_next(cx, self.it)? else { return Err(stop(cx)) };
        let r = ops::call_args(cx, self.predicate, &[v])?;
        if ops::truth(cx, r)? {
            return Ok(v);
        }
        self.stopped.store(true, Ordering::Relaxed);
        Err(stop(cx))
    }
}

/// `itertools.filterfalse`.
#[derive(Trace)]
pub struct FilterFalse {
    function: Obj,
    it: Obj,
}

/// Return those items of iterable for which function(item) is false.
///
/// If function is None, return the items that are false.
#[class(module = "itertools", name = "filterfalse", subclassable)]
impl FilterFalse {
    #[sig(function, iterable, /)]
    fn __new__(cx: &mut Cx, function: Obj, iterable: Obj) -> Result<FilterFalse> {
        Ok(FilterFalse { function, it: ops::get_iter(cx, iterable)? })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        loop {
            let Some(v) = ops::iter_next(cx, self.it)? else { return Err(stop(cx)) };
            let r = if self.function.is_none() { v } else { ops::call_args(cx, self.function, &[v])? };
            if !ops::truth(cx, r)? {
                return Ok(v);
            }
        }
    }
}

/// `itertools.islice`.
#[derive(Trace)]
pub struct ISlice {
    it: Slot,
    /// Index of the next item to return.
    next: AtomicI64,
    /// How many items were taken from the iterator.
    taken: AtomicI64,
    stop: i64,
    step: i64,
}

fn slice_index(cx: &mut Cx, v: Obj, what: &str) -> Result<Option<i64>> {
    if v.is_none() {
        return Ok(None);
    }
    let bad = if what == "step" {
        "Step for islice() must be a positive integer or None.".to_string()
    } else if what == "stop" {
        "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.".to_string()
    } else {
        "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.".to_string()
    };
    match i64::from_arg(cx, v) {
        Ok(n) if n >= i64::from(what == "step") => Ok(Some(n)),
        // -1 is what a failed conversion looks like in C.
        Ok(n) if what == "stop" && n < -1 => slice_index(cx, v, "start"),
        _ => Err(cx.value_error(bad)),
    }
}

/// islice(iterable, stop) --> islice object
/// islice(iterable, start, stop[, step]) --> islice object
///
/// Return an iterator whose next() method returns selected values from an
/// iterable.  If start is specified, will skip all preceding elements;
/// otherwise, start defaults to zero.  Step defaults to one.  If
/// specified as another value, step determines how many values are
/// skipped between successive calls.  Works like a slice() on a list
/// but returns an iterator.
#[class(module = "itertools", name = "islice", subclassable)]
impl ISlice {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<ISlice> {
        let others = native::keywords_are_others(cls, Dunder::New);
        if !others && args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("islice() takes no keyword arguments"));
        }
        let (start, end, step) = match *args.pos {
            [_, e] => (None, slice_index(cx, e, "stop")?, None),
            [_, s, e] => {
                let stop = slice_index(cx, e, "stop")?;
                (slice_index(cx, s, "start")?, stop, None)
            }
            [_, s, e, st] => {
                let stop = slice_index(cx, e, "stop")?;
                (slice_index(cx, s, "start")?, stop, slice_index(cx, st, "step")?)
            }
            ref a if a.len() < 2 => {
                return Err(cx.type_error(format!("islice expected at least 2 arguments, got {}", a.len())));
            }
            ref a => return Err(cx.type_error(format!("islice expected at most 4 arguments, got {}", a.len()))),
        };
        let it = ops::get_iter(cx, args.pos[0])?;
        Ok(ISlice {
            it: Slot::new(it),
            next: AtomicI64::new(start.unwrap_or(0)),
            taken: AtomicI64::new(0),
            stop: end.unwrap_or(-1),
            step: step.unwrap_or(1),
        })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let Some(it) = self.it.obj() else { return Err(stop(cx)) };
        let next = self.next.load(Ordering::Relaxed);
        let goal = if self.stop >= 0 { next.min(self.stop) } else { next };
        while self.taken.load(Ordering::Relaxed) < goal {
            if ops::iter_next(cx, it)?.is_none() {
                self.it.clear();
                return Err(stop(cx));
            }
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
        if self.stop >= 0 && next >= self.stop {
            self.it.clear();
            return Err(stop(cx));
        }
        match ops::iter_next(cx, it)? {
            Some(v) => {
                self.taken.fetch_add(1, Ordering::Relaxed);
                let after = next.saturating_add(self.step);
                self.next.store(if self.stop >= 0 { after.min(self.stop) } else { after }, Ordering::Relaxed);
                Ok(v)
            }
            None => {
                self.it.clear();
                Err(stop(cx))
            }
        }
    }
}

/// `itertools.pairwise`.
#[derive(Trace)]
pub struct Pairwise {
    it: Slot,
    old: Slot,
}

/// Return an iterator of overlapping pairs taken from the input iterator.
///
///     s -> (s0,s1), (s1,s2), (s2, s3), ...
#[class(module = "itertools", name = "pairwise", subclassable)]
impl Pairwise {
    #[sig(iterable, /)]
    fn __new__(cx: &mut Cx, iterable: Obj) -> Result<Pairwise> {
        let it = ops::get_iter(cx, iterable)?;
        Ok(Pairwise { it: Slot::new(it), old: Slot::empty() })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let Some(it) = this.it.obj() else { return Err(stop(cx)) };
        let old = match this.old.obj() {
            Some(o) => o,
            None => match ops::iter_next(cx, it)? {
                Some(o) => {
                    this.old.set(cx, this, o);
                    if this.it.obj().is_none() {
                        this.old.clear();
                        return Err(stop(cx));
                    }
                    o
                }
                None => {
                    this.it.clear();
                    return Err(stop(cx));
                }
            },
        };
        match ops::iter_next(cx, it)? {
            Some(new) => {
                this.old.set(cx, this, new);
                tuple_obj(cx, &[old, new])
            }
            None => {
                this.it.clear();
                this.old.clear();
                Err(stop(cx))
            }
        }
    }
}

/// `itertools.starmap`.
#[derive(Trace)]
pub struct StarMap {
    function: Obj,
    it: Obj,
}

/// Return an iterator whose values are returned from the function evaluated with an argument tuple taken from the given sequence.
#[class(module = "itertools", name = "starmap", subclassable)]
impl StarMap {
    #[sig(function, iterable, /)]
    fn __new__(cx: &mut Cx, function: Obj, iterable: Obj) -> Result<StarMap> {
        Ok(StarMap { function, it: ops::get_iter(cx, iterable)? })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let Some(args) = ops::iter_next(cx, self.it)? else { return Err(stop(cx)) };
        let args = ops::tuple_from_iter(cx, args)?;
        ops::call_args(cx, self.function, args.items())
    }
}

/// `itertools.zip_longest`.
#[derive(Trace)]
pub struct ZipLongest {
    /// The iterators; None in place of an exhausted one.
    its: Gc<List>,
    active: AtomicUsize,
    fill: Obj,
}

/// Return a zip_longest object whose .__next__() method returns a tuple where
/// the i-th element comes from the i-th iterable argument.  The .__next__()
/// method continues until the longest iterable in the argument sequence
/// is exhausted and then it raises StopIteration.  When the shorter iterables
/// are exhausted, the fillvalue is substituted in their place.  The fillvalue
/// defaults to None or can be specified by a keyword argument.
#[class(module = "itertools", name = "zip_longest", subclassable)]
impl ZipLongest {
    fn __new__(cx: &mut Cx, args: Args<'_>) -> Result<ZipLongest> {
        let mut fill = Obj::NONE;
        for (k, v) in args.keywords() {
            if !k.eq_str("fillvalue") {
                return Err(cx.type_error("zip_longest() got an unexpected keyword argument"));
            }
            fill = v;
        }
        let its = list::new(cx, &[])?;
        for a in args.pos {
            let it = ops::get_iter(cx, *a)?;
            its.append(cx, it)?;
        }
        Ok(ZipLongest { its, active: AtomicUsize::new(args.pos.len()), fill })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        if self.its.is_empty() || self.active.load(Ordering::Relaxed) == 0 {
            return Err(stop(cx));
        }
        let out = list::new(cx, &[])?;
        let mut i = 0;
        while let Some(it) = self.its.get(i) {
            let mut v = self.fill;
            if !it.is_none() {
                match ops::iter_next(cx, it) {
                    Ok(Some(x)) => v = x,
                    Ok(None) => {
                        self.its.set(cx, i, Obj::NONE);
                        if self.active.fetch_sub(1, Ordering::Relaxed) <= 1 {
                            self.active.store(0, Ordering::Relaxed);
                            return Err(stop(cx));
                        }
                    }
                    Err(e) => {
                        self.active.store(0, Ordering::Relaxed);
                        return Err(e);
                    }
                }
            }
            out.append(cx, v)?;
            i += 1;
        }
        Ok(ops::tuple_from_list(cx, out)?.obj())
    }
}

/// Let native loops step these without a method call.
pub(super) fn init(cx: &mut Cx) -> Result<()> {
    super::step_by!(cx, Accumulate, |i, cx| Accumulate::__next__(i, cx));
    super::step_by!(cx, Batched, |i, cx| Batched::__next__(&i, cx));
    super::step_by!(cx, Chain, |i, cx| Chain::__next__(i, cx));
    super::step_by!(cx, Compress, |i, cx| Compress::__next__(&i, cx));
    super::step_by!(cx, DropWhile, |i, cx| DropWhile::__next__(&i, cx));
    super::step_by!(cx, TakeWhile, |i, cx| TakeWhile::__next__(&i, cx));
    super::step_by!(cx, FilterFalse, |i, cx| FilterFalse::__next__(&i, cx));
    super::step_by!(cx, ISlice, |i, cx| ISlice::__next__(&i, cx));
    super::step_by!(cx, Pairwise, |i, cx| Pairwise::__next__(i, cx));
    super::step_by!(cx, StarMap, |i, cx| StarMap::__next__(&i, cx));
    super::step_by!(cx, ZipLongest, |i, cx| ZipLongest::__next__(&i, cx));
    Ok(())
}
