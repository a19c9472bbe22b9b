//! `groupby` and `tee`.
//!
//! Tests: CPython test_itertools.

use super::stop;
use crate::util::tuple_obj;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Result, native, ops};

/// `itertools.groupby`.
#[derive(Trace)]
pub struct GroupBy {
    it: Obj,
    key: Obj,
    target_key: Slot,
    current_key: Slot,
    current_value: Slot,
    /// Number of the current group; older groups are exhausted.
    group: AtomicU64,
}

impl GroupBy {
    fn step(this: Gc<GroupBy>, cx: &mut Cx) -> Result<bool> {
        let Some(v) = ops::iter_next(cx, this.it)? else { return Ok(false) };
        let k = if this.key.is_none() { v } else { ops::call_args(cx, this.key, &[v])? };
        this.current_value.set(cx, this, v);
        this.current_key.set(cx, this, k);
        Ok(true)
    }
}

/// make an iterator that returns consecutive keys and groups from the iterable
///
/// iterable
///   Elements to divide into groups according to the key function.
/// key
///   A function for computing the group category for each element.
///   If the key function is not specified or is None, the element itself
///   is used for grouping.
#[class(module = "itertools", name = "groupby", subclassable)]
impl GroupBy {
    #[sig(iterable, key = None)]
    fn __new__(cx: &mut Cx, iterable: Obj, key: Obj) -> Result<GroupBy> {
        Ok(GroupBy {
            it: ops::get_iter(cx, iterable)?,
            key,
            target_key: Slot::empty(),
            current_key: Slot::empty(),
            current_value: Slot::empty(),
            group: AtomicU64::new(0),
        })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let id = this.group.fetch_add(1, Ordering::Relaxed) + 1;
        loop {
            match (this.current_key.obj(), this.target_key.obj()) {
                (None, _) => {}
                (Some(_), None) => break,
                (Some(a), Some(b)) => {
                    if !ops::equal(cx, b, a)? {
                        break;
                    }
                }
            }
            if !GroupBy::step(this, cx)? {
                return Err(stop(cx));
            }
        }
        let key = this.current_key.obj().unwrap_or(Obj::NONE);
        this.target_key.set(cx, this, key);
        let g = native::instance(cx, Grouper { parent: this, key, id })?;
        tuple_obj(cx, &[key, g.obj()])
    }
}

/// `itertools._grouper`.
#[derive(Trace)]
pub struct Grouper {
    parent: Gc<GroupBy>,
    key: Obj,
    id: u64,
}

#[class(module = "itertools", name = "_grouper")]
impl Grouper {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let p = self.parent;
        if p.group.load(Ordering::Relaxed) != self.id {
            return Err(stop(cx));
        }
        if p.current_value.obj().is_none() && !GroupBy::step(p, cx)? {
            return Err(stop(cx));
        }
        let Some(k) = p.current_key.obj() else { return Err(stop(cx)) };
        if !ops::equal(cx, self.key, k)? {
            return Err(stop(cx));
        }
        match p.current_value.obj() {
            Some(v) => {
                p.current_value.clear();
                Ok(v)
            }
            None => Err(stop(cx)),
        }
    }
}

const CHUNK: usize = 57;

/// A piece of the items that several iterators share: a link of a chain.
#[derive(Trace)]
pub struct TeeData {
    it: Obj,
    items: Guarded<Vec<Obj>>,
    next: Slot,
    /// The source is being asked for its next item.
    running: AtomicBool,
}

/// `running` is set until this is dropped.
struct Asking<'a>(&'a AtomicBool);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[class(module = "itertools", name = "_tee_dataobject")]
impl TeeData {}

impl TeeData {
    /// Item `i` of this link, fetched if it is the next of the source.
    fn get(this: Gc<TeeData>, cx: &mut Cx, i: usize) -> Result<Option<Obj>> {
        let known = this.items.read(cx).get(i).copied();
        if known.is_some() {
            return Ok(known);
        }
        // The source may ask us, and other threads may at the same time.
        if this.running.swap(true, Ordering::Acquire) {
            return Err(cx.error(ExcKind::RuntimeError, "cannot re-enter the tee iterator"));
        }
        let _asking = Asking(&this.payload().running);
        let known = this.items.read(cx).get(i).copied();
        if known.is_some() {
            return Ok(known);
        }
        let Some(v) = ops::iter_next(cx, this.it)? else { return Ok(None) };
        let mut g = this.payload().items.write(cx, this.payload());
        g.push(v);
        Ok(g.get(i).copied())
    }
    fn next_link(this: Gc<TeeData>, cx: &mut Cx) -> Result<Obj> {
        if let Some(n) = this.next.obj() {
            return Ok(n);
        }
        let n = native::instance(
            cx,
            TeeData {
                it: this.it,
                items: Guarded::new(Vec::new()),
                next: Slot::empty(),
                running: AtomicBool::new(false),
            },
        )?;
        // Another thread may have made one; then that one counts.
        let slot = this.next.raw();
        match slot.compare_exchange(0, n.obj().word(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                cx.barrier(this.obj());
                Ok(n.obj())
            }
            Err(_) => Ok(this.next.obj().unwrap_or(n.obj())),
        }
    }
}

/// `itertools._tee`.
#[derive(Trace)]
pub struct Tee {
    at: Guarded<(Obj, usize)>,
}

impl Tee {
    /// A first iterator over `iterable`, or a copy of one.
    pub fn make(cx: &mut Cx, iterable: Obj) -> Result<Gc<Tee>> {
        let it = ops::get_iter(cx, iterable)?;
        if let Some(t) = it.cast::<Tee>() {
            let at = *t.at.read(cx);
            return native::instance(cx, Tee { at: Guarded::new(at) });
        }
        let data = native::instance(
            cx,
            TeeData { it, items: Guarded::new(Vec::new()), next: Slot::empty(), running: AtomicBool::new(false) },
        )?;
        native::instance(cx, Tee { at: Guarded::new((data.obj(), 0)) })
    }
}

/// Iterator wrapped to make it copyable.
#[class(module = "itertools", name = "_tee", weakref)]
impl Tee {
    #[sig(iterable, /)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, iterable: Obj) -> Result<Obj> {
        let _ = cls;
        Ok(Tee::make(cx, iterable)?.obj())
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let (mut data, mut i) = *self.at.read(cx);
        if i >= CHUNK {
            let link = data.cast::<TeeData>().expect("a link");
            data = TeeData::next_link(link, cx)?;
            i = 0;
        }
        let link = data.cast::<TeeData>().expect("a link");
        match TeeData::get(link, cx, i)? {
            Some(v) => {
                *self.at.write(cx, self) = (data, i + 1);
                Ok(v)
            }
            None => Err(stop(cx)),
        }
    }
    /// Returns an independent iterator.
    fn __copy__(&self, cx: &mut Cx) -> Result<Obj> {
        let at = *self.at.read(cx);
        Ok(native::instance(cx, Tee { at: Guarded::new(at) })?.obj())
    }
}

/// Let native loops step these without a method call.
pub(super) fn init(cx: &mut Cx) -> Result<()> {
    super::step_by!(cx, GroupBy, |i, cx| GroupBy::__next__(i, cx));
    super::step_by!(cx, Grouper, |i, cx| Grouper::__next__(&i, cx));
    super::step_by!(cx, Tee, |i, cx| Tee::__next__(&i, cx));
    Ok(())
}
