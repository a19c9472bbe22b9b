//! `collections.deque`: a double-ended queue.
//!
//! Invariant: no guard on the items lives while Python code runs; loops that
//! compare take one item at a time and check the state's version.
//! Tests: CPython test_deque.

use crate::util::tuple_obj;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_builtins::repr_guard;
use typhon_macros::{Trace, class};
use typhon_object::list::{self, List};
use typhon_object::native::{self, Args, FromArg, IntoObj, Missing, SliceIndex};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, ExcKind, Guarded, Raised, Result, exc, int, ops};

#[derive(Trace)]
struct State {
    items: VecDeque<Obj>,
    /// Changes with every change of length.
    version: u64,
    max: Option<usize>,
}

/// `collections.deque`.
#[derive(Trace)]
pub struct Deque {
    state: Guarded<State>,
}

/// `a is b or a == b` without Python code, if that can be known.
fn plain_equal(a: Obj, b: Obj) -> Option<bool> {
    if a == b { Some(true) } else { ops::compare_plain(a, b, CompareOp::Eq) }
}

fn empty(cx: &Cx) -> Raised {
    cx.error(ExcKind::IndexError, "pop from an empty deque")
}
fn mutated(cx: &Cx) -> Raised {
    cx.error(ExcKind::RuntimeError, "deque mutated during iteration")
}
fn range(cx: &Cx) -> Raised {
    cx.error(ExcKind::IndexError, "deque index out of range")
}

impl Deque {
    /// Change the items.
    fn edit<R>(&self, cx: &Cx, f: impl FnOnce(&mut State) -> R) -> R {
        let mut s = self.state.write(cx, self);
        s.version += 1;
        f(&mut s)
    }
    fn len(&self, cx: &Cx) -> usize {
        self.state.read(cx).items.len()
    }
    fn max(&self, cx: &Cx) -> Option<usize> {
        self.state.read(cx).max
    }
    /// The item at `i`, if the deque has not changed since `version`.
    fn item(&self, cx: &Cx, i: usize, version: u64) -> Result<Option<Obj>> {
        let s = self.state.read(cx);
        if s.version != version {
            drop(s);
            return Err(mutated(cx));
        }
        Ok(s.items.get(i).copied())
    }
    /// The first of the items `from..to` that equals `value`, found while the deque
    /// is locked; `None` if that takes Python code to know.
    fn find_plain(items: &VecDeque<Obj>, value: Obj, from: usize, to: usize) -> Option<Option<usize>> {
        for (i, v) in items.iter().enumerate().take(to).skip(from) {
            if plain_equal(*v, value)? {
                return Some(Some(i));
            }
        }
        Some(None)
    }
    fn version(&self, cx: &Cx) -> u64 {
        self.state.read(cx).version
    }
    fn push_right(&self, cx: &Cx, v: Obj) {
        self.edit(cx, |s| {
            s.items.push_back(v);
            if s.max.is_some_and(|m| s.items.len() > m) {
                s.items.pop_front();
            }
        });
    }
    fn push_left(&self, cx: &Cx, v: Obj) {
        self.edit(cx, |s| {
            s.items.push_front(v);
            if s.max.is_some_and(|m| s.items.len() > m) {
                s.items.pop_back();
            }
        });
    }
    fn to_list(&self, cx: &Cx) -> Result<Gc<List>> {
        let l = list::new(cx, &[])?;
        let mut i = 0;
        loop {
            let v = self.state.read(cx).items.get(i).copied();
            match v {
                Some(v) => l.append(cx, v)?,
                None => return Ok(l),
            }
            i += 1;
        }
    }
    fn extend_from(this: Gc<Deque>, cx: &mut Cx, iterable: Obj, left: bool) -> Result<()> {
        let source = if iterable == this.obj() { this.to_list(cx)?.obj() } else { iterable };
        ops::for_each(cx, source, |cx, v| {
            if left {
                this.payload().push_left(cx, v)
            } else {
                this.payload().push_right(cx, v)
            }
            Ok(true)
        })
    }
    fn index_arg(&self, cx: &mut Cx, i: Obj) -> Result<Option<usize>> {
        let i = ops::index_size(cx, i)?;
        Ok(ops::wrap(i as i64, self.len(cx)))
    }
    fn copy_of(this: Gc<Deque>, cx: &mut Cx) -> Result<Obj> {
        let class = ops::class_of(this.obj());
        let max = this.max(cx);
        if class.is_native() {
            let items = this.state.read(cx).items.clone();
            return Ok(native::instance(cx, Deque { state: Guarded::new(State { items, version: 0, max }) })?.obj());
        }
        match max {
            None => ops::call_args(cx, class.obj(), &[this.obj()]),
            Some(m) => {
                let m = m.into_obj(cx)?;
                ops::call_args(cx, class.obj(), &[this.obj(), m])
            }
        }
    }
}

/// A list-like sequence optimized for data accesses near its endpoints.
#[class(module = "collections", name = "deque", subclassable, weakref, unhashable, sequence, by_index)]
impl Deque {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Deque> {
        let _ = (cx, cls, args);
        Ok(Deque { state: Guarded::new(State { items: VecDeque::new(), version: 0, max: None }) })
    }
    #[sig(iterable = <missing>, maxlen = None)]
    fn __init__(this: Gc<Self>, cx: &mut Cx, iterable: Missing<Obj>, maxlen: Obj) -> Result<()> {
        let max = if maxlen.is_none() {
            None
        } else {
            if !int::is_int(maxlen) {
                return Err(cx.type_error("an integer is required"));
            }
            let n = isize::from_arg(cx, maxlen)?;
            Some(usize::try_from(n).map_err(|_| cx.value_error("maxlen must be non-negative"))?)
        };
        this.payload().edit(cx, |s| {
            s.max = max;
            s.items.clear();
        });
        match iterable.given() {
            Some(it) => Deque::extend_from(this, cx, it, false),
            None => Ok(()),
        }
    }
    /// Add an element to the right side of the deque.
    fn append(&self, cx: &Cx, item: Obj) {
        self.push_right(cx, item);
    }
    /// Add an element to the left side of the deque.
    fn appendleft(&self, cx: &Cx, item: Obj) {
        self.push_left(cx, item);
    }
    /// Remove and return the rightmost element.
    fn pop(&self, cx: &Cx) -> Result<Obj> {
        self.edit(cx, |s| s.items.pop_back()).ok_or_else(|| empty(cx))
    }
    /// Remove and return the leftmost element.
    fn popleft(&self, cx: &Cx) -> Result<Obj> {
        self.edit(cx, |s| s.items.pop_front()).ok_or_else(|| empty(cx))
    }
    /// Remove all elements from the deque.
    fn clear(&self, cx: &Cx) {
        self.edit(cx, |s| s.items.clear());
    }
    /// Extend the right side of the deque with elements from the iterable.
    fn extend(this: Gc<Self>, cx: &mut Cx, iterable: Obj) -> Result<()> {
        Deque::extend_from(this, cx, iterable, false)
    }
    /// Extend the left side of the deque with elements from the iterable.
    fn extendleft(this: Gc<Self>, cx: &mut Cx, iterable: Obj) -> Result<()> {
        Deque::extend_from(this, cx, iterable, true)
    }
    /// Rotate the deque n steps to the right.  If n is negative, rotates left.
    #[sig(n = 1, /)]
    fn rotate(&self, cx: &mut Cx, n: isize) {
        self.edit(cx, |s| {
            let len = s.items.len() as isize;
            if len > 1 {
                s.items.rotate_right(n.rem_euclid(len) as usize);
            }
        });
    }
    /// Reverse *IN PLACE*.
    fn reverse(&self, cx: &Cx) {
        self.edit(cx, |s| s.items.make_contiguous().reverse());
    }
    /// Return number of occurrences of value.
    fn count(&self, cx: &mut Cx, value: Obj) -> Result<usize> {
        let plain =
            |s: &State| s.items.iter().try_fold(0, |n, v| plain_equal(*v, value).map(|same| n + usize::from(same)));
        if let Some(n) = plain(&self.state.read(cx)) {
            return Ok(n);
        }
        let version = self.version(cx);
        let (mut i, mut n) = (0, 0);
        while let Some(v) = self.item(cx, i, version)? {
            n += usize::from(ops::equal(cx, v, value)?);
            i += 1;
        }
        if self.version(cx) != version {
            return Err(mutated(cx));
        }
        Ok(n)
    }
    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig(value, start = 0, stop = 9223372036854775807, /)]
    fn index(&self, cx: &mut Cx, value: Obj, start: SliceIndex, stop: SliceIndex) -> Result<usize> {
        let bounds = |len: isize| {
            let clamp = |i: isize| if i < 0 { (i + len).max(0) } else { i };
            (clamp(start.0), clamp(stop.0).min(len))
        };
        let plain = |s: &State| {
            let (start, stop) = bounds(s.items.len() as isize);
            Deque::find_plain(&s.items, value, start as usize, stop as usize)
        };
        let found = plain(&self.state.read(cx));
        if let Some(at) = found {
            return at.ok_or_else(|| cx.value_error("deque.index(x): x not in deque"));
        }
        let version = self.version(cx);
        let (start, stop) = bounds(self.len(cx) as isize);
        for i in start..stop {
            let Some(v) = self.item(cx, i as usize, version)? else { break };
            let same = ops::equal(cx, v, value)?;
            if self.version(cx) != version {
                return Err(mutated(cx));
            }
            if same {
                return Ok(i as usize);
            }
        }
        Err(cx.value_error("deque.index(x): x not in deque"))
    }
    /// Insert value before index.
    fn insert(&self, cx: &mut Cx, index: isize, value: Obj) -> Result<()> {
        let full = self.edit(cx, |s| {
            let n = s.items.len();
            if s.max.is_some_and(|m| n >= m) {
                return true;
            }
            let i = if index < 0 { index.saturating_add(n as isize).max(0) as usize } else { (index as usize).min(n) };
            s.items.insert(i, value);
            false
        });
        if full { Err(cx.error(ExcKind::IndexError, "deque already at its maximum size")) } else { Ok(()) }
    }
    /// Remove first occurrence of value.
    fn remove(&self, cx: &mut Cx, value: Obj) -> Result<()> {
        let plain = {
            let mut s = self.state.write(cx, self);
            let found = Deque::find_plain(&s.items, value, 0, usize::MAX);
            if let Some(Some(at)) = found {
                s.items.remove(at);
                s.version += 1;
            }
            found
        };
        match plain {
            Some(Some(_)) => return Ok(()),
            Some(None) => return Err(cx.value_error("deque.remove(x): x not in deque")),
            None => {}
        }
        let version = self.version(cx);
        let mut i = 0;
        while let Some(v) = self.item(cx, i, version)? {
            let same = ops::equal(cx, v, value)?;
            if self.version(cx) != version {
                return Err(cx.error(ExcKind::IndexError, "deque mutated during remove()."));
            }
            if same {
                self.edit(cx, |s| s.items.remove(i));
                return Ok(());
            }
            i += 1;
        }
        Err(cx.value_error("deque.remove(x): x not in deque"))
    }
    /// Return a shallow copy of a deque.
    fn copy(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Deque::copy_of(this, cx)
    }
    /// Return a shallow copy of a deque.
    fn __copy__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Deque::copy_of(this, cx)
    }
    /// maximum size of a deque or None if unbounded
    #[getter]
    fn maxlen(&self, cx: &Cx) -> Option<usize> {
        self.max(cx)
    }
    fn __len__(&self, cx: &Cx) -> usize {
        self.len(cx)
    }
    fn __bool__(&self, cx: &Cx) -> bool {
        self.len(cx) > 0
    }
    fn __getitem__(&self, cx: &mut Cx, index: Obj) -> Result<Obj> {
        let i = self.index_arg(cx, index)?;
        i.and_then(|i| self.state.read(cx).items.get(i).copied()).ok_or_else(|| range(cx))
    }
    fn __setitem__(&self, cx: &mut Cx, index: Obj, value: Obj) -> Result<()> {
        let i = self.index_arg(cx, index)?.ok_or_else(|| range(cx))?;
        let mut s = self.state.write(cx, self);
        match s.items.get_mut(i) {
            Some(slot) => {
                *slot = value;
                Ok(())
            }
            None => {
                drop(s);
                Err(range(cx))
            }
        }
    }
    fn __delitem__(&self, cx: &mut Cx, index: Obj) -> Result<()> {
        let i = self.index_arg(cx, index)?.ok_or_else(|| range(cx))?;
        match self.edit(cx, |s| s.items.remove(i)) {
            Some(_) => Ok(()),
            None => Err(range(cx)),
        }
    }
    fn __contains__(&self, cx: &mut Cx, value: Obj) -> Result<bool> {
        let plain = Deque::find_plain(&self.state.read(cx).items, value, 0, usize::MAX);
        if let Some(at) = plain {
            return Ok(at.is_some());
        }
        let version = self.version(cx);
        let mut i = 0;
        while let Some(v) = self.item(cx, i, version)? {
            if ops::equal(cx, v, value)? {
                return Ok(true);
            }
            i += 1;
        }
        Ok(false)
    }
    fn __iter__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let it = Walk::new(cx, this, false);
        Ok(native::instance(cx, DequeIter { it })?.obj())
    }
    fn __reversed__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let it = Walk::new(cx, this, true);
        Ok(native::instance(cx, DequeReverseIter { it })?.obj())
    }
    fn __add__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if value.cast::<Deque>().is_none() {
            return Err(cx.type_error(format!("can only concatenate deque (not \"{}\") to deque", cx.type_name(value))));
        }
        let new = Deque::copy_of(this, cx)?;
        if let Some(d) = new.cast::<Deque>() {
            Deque::extend_from(d, cx, value, false)?;
        }
        Ok(new)
    }
    fn __iadd__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Gc<Self>> {
        Deque::extend_from(this, cx, value, false)?;
        Ok(this)
    }
    fn __mul__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        let value = ops::index_size(cx, value)?;
        let new = Deque::copy_of(this, cx)?;
        if let Some(d) = new.cast::<Deque>() {
            d.payload().repeat(cx, value)?;
        }
        Ok(new)
    }
    fn __rmul__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        Deque::__mul__(this, cx, value)
    }
    fn __imul__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Gc<Self>> {
        let value = ops::index_size(cx, value)?;
        this.payload().repeat(cx, value)?;
        Ok(this)
    }
    #[internal]
    fn repeat(&self, cx: &Cx, n: isize) -> Result<()> {
        self.edit(cx, |s| {
            if n <= 0 || s.items.is_empty() {
                s.items.clear();
                return Ok(());
            }
            // No more often than fills the deque.
            let most = s.max.map_or(usize::MAX, |max| max.div_ceil(s.items.len()).max(1));
            let n = (n as usize).min(most);
            cx.check_room(n.saturating_mul(s.items.len()).saturating_mul(size_of::<Obj>()))?;
            let once = s.items.clone();
            for _ in 1..n {
                for v in &once {
                    s.items.push_back(*v);
                    if s.max.is_some_and(|m| s.items.len() > m) {
                        s.items.pop_front();
                    }
                }
            }
            Ok(())
        })
    }
    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(o) = other.cast::<Deque>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        let (n, m) = (self.len(cx), o.len(cx));
        if n != m && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::bool(op == CompareOp::Ne));
        }
        let mut i = 0;
        loop {
            let a = self.state.read(cx).items.get(i).copied();
            let b = o.state.read(cx).items.get(i).copied();
            let (Some(a), Some(b)) = (a, b) else { break };
            if !ops::equal(cx, a, b)? {
                return match op {
                    CompareOp::Eq => Ok(Obj::FALSE),
                    CompareOp::Ne => Ok(Obj::TRUE),
                    _ => ops::rich_compare(cx, a, b, op),
                };
            }
            i += 1;
        }
        Ok(Obj::bool(op.holds(n.cmp(&m))))
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let name = ops::class_of(this.obj()).name().into_owned();
        let Some(_inside) = repr_guard::enter(this.obj()) else { return Ok("[...]".to_string()) };
        let l = this.to_list(cx)?;
        let r = ops::repr(cx, l.obj())?.to_str().into_owned();
        Ok(match this.max(cx) {
            Some(m) => format!("{name}({r}, maxlen={m})"),
            None => format!("{name}({r})"),
        })
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let class = ops::class_of(this.obj()).obj();
        let state = typhon_builtins::object_reduce::get_state(cx, this.obj(), false)?;
        let args = match this.max(cx) {
            Some(m) => {
                let e = tuple_obj(cx, &[])?;
                let m = m.into_obj(cx)?;
                tuple_obj(cx, &[e, m])?
            }
            None => tuple_obj(cx, &[])?,
        };
        let it = ops::get_iter(cx, this.obj())?;
        tuple_obj(cx, &[class, args, state, it])
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// A walk over a deque, in one of the directions.
#[derive(Trace)]
struct Walk {
    deque: Gc<Deque>,
    version: u64,
    at: AtomicUsize,
    reverse: bool,
}

impl Walk {
    fn new(cx: &Cx, deque: Gc<Deque>, reverse: bool) -> Walk {
        Walk { deque, version: deque.version(cx), at: AtomicUsize::new(0), reverse }
    }
    /// The constructor of both classes: a walk that has come `index` items far.
    fn at(cx: &Cx, deque: Obj, index: isize, reverse: bool) -> Result<Walk> {
        let Some(deque) = deque.cast::<Deque>() else {
            let n = cx.type_name(deque);
            return Err(cx.type_error(format!("argument 1 must be collections.deque, not {n}")));
        };
        let w = Walk::new(cx, deque, reverse);
        w.at.store((index.max(0) as usize).min(deque.len(cx)), Ordering::Relaxed);
        Ok(w)
    }
    fn next(&self, cx: &Cx) -> Result<Obj> {
        let i = self.at.load(Ordering::Relaxed);
        let d = self.deque.payload();
        let (n, changed) = {
            let s = d.state.read(cx);
            (s.items.len(), s.version != self.version)
        };
        if changed {
            self.at.store(usize::MAX, Ordering::Relaxed);
            return Err(mutated(cx));
        }
        if i >= n {
            return Err(exc::stop_iteration(cx, Obj::NONE));
        }
        self.at.store(i + 1, Ordering::Relaxed);
        let v = d.item(cx, if self.reverse { n - 1 - i } else { i }, self.version)?;
        v.ok_or_else(|| mutated(cx))
    }
    fn left(&self, cx: &Cx) -> usize {
        self.deque.len(cx).saturating_sub(self.at.load(Ordering::Relaxed))
    }
    fn reduce(&self, cx: &Cx, class: Gc<Type>) -> Result<Obj> {
        let done = self.deque.len(cx).saturating_sub(self.left(cx)).into_obj(cx)?;
        let args = tuple_obj(cx, &[self.deque.obj(), done])?;
        tuple_obj(cx, &[class.obj(), args])
    }
}

/// `collections._deque_iterator`.
#[derive(Trace)]
pub struct DequeIter {
    it: Walk,
}

#[class(module = "collections", name = "_deque_iterator")]
impl DequeIter {
    #[sig(deque, index = 0, /)]
    fn __new__(cx: &mut Cx, deque: Obj, index: isize) -> Result<DequeIter> {
        Ok(DequeIter { it: Walk::at(cx, deque, index, false)? })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        self.it.next(cx)
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self, cx: &Cx) -> usize {
        self.it.left(cx)
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        this.it.reduce(cx, ops::class_of(this.obj()))
    }
}

/// `collections._deque_reverse_iterator`.
#[derive(Trace)]
pub struct DequeReverseIter {
    it: Walk,
}

#[class(module = "collections", name = "_deque_reverse_iterator")]
impl DequeReverseIter {
    #[sig(deque, index = 0, /)]
    fn __new__(cx: &mut Cx, deque: Obj, index: isize) -> Result<DequeReverseIter> {
        Ok(DequeReverseIter { it: Walk::at(cx, deque, index, true)? })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        self.it.next(cx)
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self, cx: &Cx) -> usize {
        self.it.left(cx)
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        this.it.reduce(cx, ops::class_of(this.obj()))
    }
}
