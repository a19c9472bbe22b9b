//! Iterators: over sequences, backwards, `enumerate`, `zip`, `map`, `filter`,
//! `reversed` and `iter(callable, sentinel)`.
//!
//! Racing threads that share an iterator may get an item twice or miss one;
//! they never see anything else than items.
//! Tests: tests/containers.rs; CPython test_enumerate, test_iter, test_builtin.

use crate::{functions, generic_alias};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::list::List;
use typhon_object::native::{self, Args, instance_of};
use typhon_object::ops::SeqIter;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, NextPair, Type};
use typhon_object::{BinaryOp, Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, Slot, array, exc, int, ops, shape, tuple};

#[cold]
fn stop(cx: &Cx) -> Raised {
    exc::stop_iteration(cx, Obj::NONE)
}

/// `(iter, (o,), state)`: how iterators are pickled.
pub fn reduce_iter(cx: &mut Cx, o: Obj, state: Option<Obj>) -> Result<Obj> {
    let f = functions::builtin(cx, "iter")?;
    let args = tuple::new(cx, &[o])?;
    match state {
        Some(s) => Ok(tuple::new(cx, &[f, args.obj(), s])?.obj()),
        None => Ok(tuple::new(cx, &[f, args.obj()])?.obj()),
    }
}

struct SeqIterMethods;

#[class(name = "list_iterator", extends = SeqIter)]
impl SeqIterMethods {
    fn __iter__(this: Gc<SeqIter>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<SeqIter>, cx: &mut Cx) -> Result<Obj> {
        ops::iter_next(cx, this.obj())?.ok_or_else(|| stop(cx))
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(this: Gc<SeqIter>, cx: &mut Cx) -> Result<Obj> {
        let pos = this.pos.load(Ordering::Relaxed);
        if pos < 0 {
            return Ok(Obj::int_unchecked(0));
        }
        if ops::class_of(this.seq).special(Dunder::Len).is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let n = ops::len(cx, this.seq)? as i64;
        Ok(Obj::int_unchecked((n - pos).max(0)))
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<SeqIter>, cx: &mut Cx) -> Result<Obj> {
        let pos = this.pos.load(Ordering::Relaxed);
        if pos < 0 {
            let empty = match this.obj().shape() {
                shape::LIST_ITER => typhon_object::list::new(cx, &[])?.obj(),
                _ => tuple::new(cx, &[])?.obj(),
            };
            return reduce_iter(cx, empty, None);
        }
        reduce_iter(cx, this.seq, Some(Obj::int_unchecked(pos)))
    }
    /// Set state information for unpickling.
    fn __setstate__(this: Gc<SeqIter>, cx: &mut Cx, state: Obj) -> Result<()> {
        let i = ops::index_clamped(cx, state)?;
        if this.pos.load(Ordering::Relaxed) >= 0 {
            this.pos.store(i.max(0) as i64, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `reversed(list)`.
#[derive(Trace)]
pub struct ListReversed {
    seq: Slot<List>,
    pos: AtomicI64,
}

/// An iterator over the list, last item first.
pub fn list_reversed(cx: &mut Cx, l: Gc<List>) -> Result<Obj> {
    let pos = AtomicI64::new(l.len() as i64 - 1);
    Ok(native::instance(cx, ListReversed { seq: Slot::new(l), pos })?.obj())
}

#[class(name = "list_reverseiterator")]
impl ListReversed {
    fn __iter__(this: Gc<ListReversed>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        let pos = self.pos.load(Ordering::Relaxed);
        if pos >= 0
            && let Some(v) = self.seq.get().and_then(|l| l.get(pos as usize))
        {
            self.pos.store(pos - 1, Ordering::Relaxed);
            return Ok(v);
        }
        self.pos.store(-1, Ordering::Relaxed);
        self.seq.clear();
        Err(stop(cx))
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self) -> i64 {
        let left = self.pos.load(Ordering::Relaxed) + 1;
        match self.seq.get() {
            Some(l) if l.len() as i64 >= left => left,
            _ => 0,
        }
    }
    /// Return state information for pickling.
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        match self.seq.get() {
            Some(l) => {
                let f = functions::builtin(cx, "reversed")?;
                let args = tuple::new(cx, &[l.obj()])?;
                let state = Obj::int_unchecked(self.pos.load(Ordering::Relaxed));
                Ok(tuple::new(cx, &[f, args.obj(), state])?.obj())
            }
            None => {
                let l = typhon_object::list::new(cx, &[])?;
                reduce_iter(cx, l.obj(), None)
            }
        }
    }
    /// Set state information for unpickling.
    fn __setstate__(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        let i = ops::index_clamped(cx, state)? as i64;
        if let Some(l) = self.seq.get() {
            self.pos.store(i.clamp(-1, l.len() as i64 - 1), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The payload of `reversed`.
#[derive(Trace)]
pub struct Reversed {
    seq: Slot,
    pos: AtomicI64,
}

/// Return a reverse iterator over the values of the given sequence.
#[class(name = "reversed", subclassable)]
impl Reversed {
    #[sig(object, /)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, object: Obj) -> Result<Obj> {
        match ops::class_of(object).special(Dunder::Reversed) {
            Some(m) if m.is_none() => {
                return Err(cx.type_error(format!("'{}' object is not reversible", cx.type_name(object))));
            }
            Some(m) => return ops::call_unbound(cx, m, object, &[], None),
            None => {}
        }
        if !ops::is_sequence(object) {
            return Err(cx.type_error(format!("'{}' object is not reversible", cx.type_name(object))));
        }
        let n = ops::len(cx, object)?;
        let it = Reversed { seq: Slot::new(object), pos: AtomicI64::new(n as i64 - 1) };
        Ok(instance_of(cx, cls, it)?.obj())
    }
    fn __iter__(this: Gc<Reversed>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let pos = self.pos.load(Ordering::Relaxed);
        if pos >= 0
            && let Some(s) = self.seq.obj()
        {
            match ops::get_item(cx, s, Obj::int_unchecked(pos)) {
                Ok(v) => {
                    self.pos.store(pos - 1, Ordering::Relaxed);
                    return Ok(v);
                }
                Err(e) if e.is(cx, ExcKind::IndexError) || e.is(cx, ExcKind::StopIteration) => {}
                Err(e) => return Err(e),
            }
        }
        self.pos.store(-1, Ordering::Relaxed);
        self.seq.clear();
        Err(stop(cx))
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self, cx: &mut Cx) -> Result<i64> {
        let left = self.pos.load(Ordering::Relaxed) + 1;
        match self.seq.obj() {
            Some(s) => Ok(if (ops::len(cx, s)? as i64) < left { 0 } else { left }),
            None => Ok(0),
        }
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Reversed>, cx: &mut Cx) -> Result<Obj> {
        let class = ops::class_of(this.obj()).obj();
        match this.seq.obj() {
            Some(s) => {
                let args = tuple::new(cx, &[s])?;
                let state = Obj::int_unchecked(this.pos.load(Ordering::Relaxed));
                Ok(tuple::new(cx, &[class, args.obj(), state])?.obj())
            }
            None => {
                let empty = tuple::new(cx, &[])?;
                let args = tuple::new(cx, &[empty.obj()])?;
                Ok(tuple::new(cx, &[class, args.obj()])?.obj())
            }
        }
    }
    /// Set state information for unpickling.
    fn __setstate__(&self, cx: &mut Cx, state: Obj) -> Result<()> {
        let i = ops::index_clamped(cx, state)? as i64;
        if let Some(s) = self.seq.obj() {
            let n = ops::len(cx, s)? as i64;
            self.pos.store(i.clamp(-1, n - 1), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The payload of `enumerate`.
#[derive(Trace)]
pub struct Enumerate {
    it: Obj,
    count: Slot,
}

/// Return an enumerate object.
///
///   iterable
///     an object supporting iteration
///
/// The enumerate object yields pairs containing a count (from start, which
/// defaults to zero) and a value yielded by the iterable argument.
///
/// enumerate is useful for obtaining an indexed list:
///     (0, seq[0]), (1, seq[1]), (2, seq[2]), ...
#[class(name = "enumerate", subclassable)]
impl Enumerate {
    #[sig(iterable, start = 0)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, iterable: Obj, start: Obj) -> Result<Obj> {
        let count = ops::index(cx, start)?;
        let it = ops::get_iter(cx, iterable)?;
        Ok(instance_of(cx, cls, Enumerate { it, count: Slot::new(count) })?.obj())
    }
    fn __iter__(this: Gc<Enumerate>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<Enumerate>, cx: &mut Cx) -> Result<Obj> {
        Enumerate::advance(this, cx)?.ok_or_else(|| stop(cx))
    }
    #[internal]
    fn advance(this: Gc<Enumerate>, cx: &mut Cx) -> Result<Option<Obj>> {
        match Enumerate::pair(this, cx)? {
            Some((n, v)) => Ok(Some(tuple::new(cx, &[n, v])?.obj())),
            None => Ok(None),
        }
    }
    #[internal]
    fn pair(this: Gc<Enumerate>, cx: &mut Cx) -> Result<Option<(Obj, Obj)>> {
        let Some(v) = ops::iter_next(cx, this.it)? else { return Ok(None) };
        let n = this.count.obj().unwrap_or(Obj::int_unchecked(0));
        let next = match n.as_small_int() {
            Some(i) => int::from_i64(cx, i + 1)?,
            None => ops::binary(cx, BinaryOp::Add, n, Obj::int_unchecked(1))?,
        };
        this.count.set(cx, this, next);
        Ok(Some((n, v)))
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Enumerate>, cx: &mut Cx) -> Result<Obj> {
        let args = tuple::new(cx, &[this.it, this.count.obj().unwrap_or(Obj::NONE)])?;
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args.obj()])?.obj())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        generic_alias::new(cx, cls.obj(), item)
    }
}

/// The payload of `zip`.
#[derive(Trace)]
pub struct Zip {
    its: Gc<Tuple>,
    strict: AtomicBool,
}

/// The iterators of a plain `zip(a, b)`.
pub fn two_zipped(o: Obj) -> Option<(Obj, Obj)> {
    let z = o.cast::<Zip>().filter(|z| ops::class_of(o).is_native() && !z.strict.load(Ordering::Relaxed))?;
    match *z.its.items() {
        [a, b] => Some((a, b)),
        _ => None,
    }
}

/// Iterators of all `args`, as a tuple.
fn iterators(cx: &mut Cx, args: &[Obj]) -> Result<Gc<Tuple>> {
    let a = array::new(cx, args.len())?;
    for (i, o) in args.iter().enumerate() {
        let it = ops::get_iter(cx, *o)?;
        a.set(cx, i, it);
    }
    tuple::new(cx, a.items(args.len()))
}

fn strict_error(cx: &Cx, name: &str, i: usize, relation: &str) -> Raised {
    let plural = if i == 1 { " " } else { "s 1-" };
    cx.value_error(format!("{name}() argument {} is {relation} than argument{plural}{i}", i + 1))
}

/// The next item of every iterator, handed to `f`.
fn next_all<R>(
    cx: &mut Cx,
    name: &str,
    its: Gc<Tuple>,
    strict: bool,
    f: impl FnOnce(&mut Cx, &[Obj]) -> Result<R>,
) -> Result<Option<R>> {
    const INLINE: usize = 8;
    let n = its.len();
    let mut few = [Obj::NONE; INLINE];
    let many = if n > INLINE { Some(array::new(cx, n)?) } else { None };
    for (i, it) in its.items().iter().enumerate() {
        match ops::iter_next(cx, *it)? {
            Some(v) => match many {
                Some(a) => a.set(cx, i, v),
                None => few[i] = v,
            },
            None if strict => return zip_ended(cx, name, its, i),
            None => return Ok(None),
        }
    }
    match many {
        Some(a) => f(cx, a.items(n)).map(Some),
        None => f(cx, &few[..n]).map(Some),
    }
}

/// Iterator `i` is exhausted: in strict mode all others must be.
#[cold]
fn zip_ended<R>(cx: &mut Cx, name: &str, its: Gc<Tuple>, i: usize) -> Result<Option<R>> {
    if i > 0 {
        return Err(strict_error(cx, name, i, "shorter"));
    }
    for (j, it) in its.items().iter().enumerate().skip(1) {
        if ops::iter_next(cx, *it)?.is_some() {
            return Err(strict_error(cx, name, j, "longer"));
        }
    }
    Ok(None)
}

/// The `strict` keyword of `zip` and `map`.
fn strict_keyword(cx: &mut Cx, name: &str, args: &Args<'_>) -> Result<bool> {
    let mut strict = false;
    for (k, v) in args.keywords() {
        if k.eq_str("strict") {
            strict = ops::truth(cx, v)?;
        } else {
            return Err(cx.type_error(format!("{name}() got an unexpected keyword argument '{}'", k.to_str())));
        }
    }
    Ok(strict)
}

/// `(class, args)` or, when strict, `(class, args, True)`.
fn reduce_strict(cx: &mut Cx, this: Obj, args: Gc<Tuple>, strict: bool) -> Result<Obj> {
    let class = ops::class_of(this).obj();
    if strict {
        return Ok(tuple::new(cx, &[class, args.obj(), Obj::TRUE])?.obj());
    }
    Ok(tuple::new(cx, &[class, args.obj()])?.obj())
}

/// The zip object yields n-length tuples, where n is the number of iterables
/// passed as positional arguments to zip().  The i-th element in every tuple
/// comes from the i-th iterable argument to zip().  This continues until the
/// shortest argument is exhausted.
///
/// If strict is true and one of the arguments is exhausted before the others,
/// raise a ValueError.
///
///    >>> list(zip('abcdefg', range(3), range(4)))
///    [('a', 0, 0), ('b', 1, 1), ('c', 2, 2)]
#[allow(clippy::doc_lazy_continuation)]
#[class(name = "zip", subclassable)]
impl Zip {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let strict = strict_keyword(cx, "zip", &args)?;
        let its = iterators(cx, args.pos)?;
        Ok(instance_of(cx, cls, Zip { its, strict: AtomicBool::new(strict) })?.obj())
    }
    fn __iter__(this: Gc<Zip>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<Zip>, cx: &mut Cx) -> Result<Obj> {
        Zip::advance(this, cx)?.ok_or_else(|| stop(cx))
    }
    #[internal]
    fn advance(this: Gc<Zip>, cx: &mut Cx) -> Result<Option<Obj>> {
        if this.its.is_empty() {
            return Ok(None);
        }
        next_all(cx, "zip", this.its, this.strict.load(Ordering::Relaxed), |cx, v| Ok(tuple::new(cx, v)?.obj()))
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Zip>, cx: &mut Cx) -> Result<Obj> {
        reduce_strict(cx, this.obj(), this.its, this.strict.load(Ordering::Relaxed))
    }
    /// Set state information for unpickling.
    fn __setstate__(this: Gc<Zip>, cx: &mut Cx, state: Obj) -> Result<()> {
        this.strict.store(ops::truth(cx, state)?, Ordering::Relaxed);
        Ok(())
    }
}

/// The payload of `map`.
#[derive(Trace)]
pub struct Map {
    func: Obj,
    its: Gc<Tuple>,
    strict: AtomicBool,
}

/// Make an iterator that computes the function using arguments from
/// each of the iterables.  Stops when the shortest iterable is exhausted.
///
/// If strict is true and one of the arguments is exhausted before the others,
/// raise a ValueError.
#[class(name = "map", subclassable)]
impl Map {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let strict = strict_keyword(cx, "map", &args)?;
        let [func, rest @ ..] = args.pos else {
            return Err(cx.type_error("map() must have at least two arguments."));
        };
        if rest.is_empty() {
            return Err(cx.type_error("map() must have at least two arguments."));
        }
        let its = iterators(cx, rest)?;
        Ok(instance_of(cx, cls, Map { func: *func, its, strict: AtomicBool::new(strict) })?.obj())
    }
    fn __iter__(this: Gc<Map>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<Map>, cx: &mut Cx) -> Result<Obj> {
        Map::advance(this, cx)?.ok_or_else(|| stop(cx))
    }
    #[internal]
    fn advance(this: Gc<Map>, cx: &mut Cx) -> Result<Option<Obj>> {
        match this.its.items() {
            [it] => match ops::iter_next(cx, *it)? {
                Some(v) => ops::call_args(cx, this.func, &[v]).map(Some),
                None => Ok(None),
            },
            _ => next_all(cx, "map", this.its, this.strict.load(Ordering::Relaxed), |cx, v| {
                ops::call_args(cx, this.func, v)
            }),
        }
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Map>, cx: &mut Cx) -> Result<Obj> {
        let n = this.its.len() + 1;
        let a = array::new(cx, n)?;
        a.set(cx, 0, this.func);
        for (i, it) in this.its.items().iter().enumerate() {
            a.set(cx, i + 1, *it);
        }
        let args = tuple::new(cx, a.items(n))?;
        reduce_strict(cx, this.obj(), args, this.strict.load(Ordering::Relaxed))
    }
    /// Set state information for unpickling.
    fn __setstate__(this: Gc<Map>, cx: &mut Cx, state: Obj) -> Result<()> {
        this.strict.store(ops::truth(cx, state)?, Ordering::Relaxed);
        Ok(())
    }
}

/// The payload of `filter`.
#[derive(Trace)]
pub struct Filter {
    func: Obj,
    it: Obj,
}

/// Return an iterator yielding those items of iterable for which function(item)
/// is true. If function is None, return the items that are true.
#[class(name = "filter", subclassable)]
impl Filter {
    #[sig(function, iterable, /)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, function: Obj, iterable: Obj) -> Result<Obj> {
        let it = ops::get_iter(cx, iterable)?;
        Ok(instance_of(cx, cls, Filter { func: function, it })?.obj())
    }
    fn __iter__(this: Gc<Filter>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<Filter>, cx: &mut Cx) -> Result<Obj> {
        Filter::advance(this, cx)?.ok_or_else(|| stop(cx))
    }
    #[internal]
    fn advance(this: Gc<Filter>, cx: &mut Cx) -> Result<Option<Obj>> {
        while let Some(v) = ops::iter_next(cx, this.it)? {
            let keep = if this.func.is_none() {
                ops::truth(cx, v)?
            } else {
                let r = ops::call_args(cx, this.func, &[v])?;
                ops::truth(cx, r)?
            };
            if keep {
                return Ok(Some(v));
            }
        }
        Ok(None)
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Filter>, cx: &mut Cx) -> Result<Obj> {
        let args = tuple::new(cx, &[this.func, this.it])?;
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args.obj()])?.obj())
    }
}

/// `iter(callable, sentinel)`.
#[derive(Trace)]
pub struct CallableIter {
    func: Slot,
    sentinel: Obj,
}

/// `iter(callable, sentinel)`.
pub fn callable_iter(cx: &mut Cx, func: Obj, sentinel: Obj) -> Result<Obj> {
    Ok(native::instance(cx, CallableIter { func: Slot::new(func), sentinel })?.obj())
}

#[class(name = "callable_iterator")]
impl CallableIter {
    fn __iter__(this: Gc<CallableIter>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<CallableIter>, cx: &mut Cx) -> Result<Obj> {
        let Some(f) = this.func.obj() else { return Err(stop(cx)) };
        let v = match ops::call_args(cx, f, &[]) {
            Err(e) if e.is(cx, ExcKind::StopIteration) => {
                this.func.clear();
                return Err(stop(cx));
            }
            r => r?,
        };
        // The call may have exhausted this very iterator.
        if this.func.obj().is_none() {
            return Err(stop(cx));
        }
        if ops::equal(cx, this.sentinel, v)? {
            this.func.clear();
            return Err(stop(cx));
        }
        Ok(v)
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<CallableIter>, cx: &mut Cx) -> Result<Obj> {
        let Some(f) = this.func.obj() else {
            let empty = tuple::new(cx, &[])?;
            return reduce_iter(cx, empty.obj(), None);
        };
        let iter = functions::builtin(cx, "iter")?;
        let args = tuple::new(cx, &[f, this.sentinel])?;
        Ok(tuple::new(cx, &[iter, args.obj()])?.obj())
    }
}

/// Make the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    for s in [shape::LIST_ITER, shape::TUPLE_ITER, shape::SEQ_ITER] {
        types::add_members(cx, types::class_for(s), SeqIterMethods::MEMBERS)?;
    }
    /// Let `advance` serve native loops.
    macro_rules! advance {
        ($($ty:ident),*) => { $(
            native::class_of::<$ty>(cx)?.set_next_fn(|cx, it| match it.cast::<$ty>() {
                Some(i) => $ty::advance(i, cx),
                None => Ok(None),
            });
        )* };
    }
    advance!(Enumerate, Zip, Map, Filter);
    native::class_of::<Enumerate>(cx)?.set_next_pair_fn(|cx, it| match it.cast::<Enumerate>() {
        Some(i) => Ok(Enumerate::pair(i, cx)?.map_or(NextPair::End, |(n, v)| NextPair::Two(n, v))),
        None => Ok(NextPair::NoPairs),
    });
    native::class_of::<Zip>(cx)?.set_next_pair_fn(|cx, it| {
        let Some((a, b)) = two_zipped(it) else { return Ok(NextPair::NoPairs) };
        let Some(x) = ops::iter_next(cx, a)? else { return Ok(NextPair::End) };
        let Some(y) = ops::iter_next(cx, b)? else { return Ok(NextPair::End) };
        Ok(NextPair::Two(x, y))
    });
    native::class_of::<ListReversed>(cx)?;
    native::class_of::<CallableIter>(cx)?;
    Ok(())
}
