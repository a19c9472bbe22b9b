//! The views and the iterator of `collections.OrderedDict`.
//!
//! The iterator knows which table it walks and how much was written to it, so it notices
//! every change of keys or order, but for the last item: having given that, it is done.
//! Tests: tests/lang/ordered_dict.md; CPython test_ordered_dict.

use crate::util::{self, tuple_obj};
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_builtins::dict::pair;
use typhon_builtins::dict_views::{DictItems, DictKeys, DictValues};
use typhon_macros::{Trace, class};
use typhon_object::dict::{Dict, Stamp, Table};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::{Cx, ExcKind, Result, exc, list, native};

/// The keys and the order of a dict at one time.
#[derive(Trace)]
pub struct State {
    table: Slot<Table>,
    stamp: Option<Stamp>,
    len: usize,
}

impl State {
    pub fn of(d: &Dict) -> State {
        let table = d.table();
        State { table: Slot::of(table), stamp: table.map(|t| t.stamp()), len: d.len() }
    }
    fn holds(&self, d: &Dict) -> bool {
        let table = d.table();
        table == self.table.get() && d.len() == self.len && table.map(|t| t.stamp()) == self.stamp
    }
    /// Raise if `d` has other keys, or the same in another order.
    pub fn check(&self, cx: &Cx, d: &Dict) -> Result<()> {
        if self.holds(d) {
            return Ok(());
        }
        Err(cx.error(ExcKind::RuntimeError, "OrderedDict mutated during iteration"))
    }
}

/// What an iterator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Keys,
    Values,
    Items,
}

impl native::Trace for Kind {
    fn trace(&self, _: &mut typhon_object::Tracer) {}
}

/// An iterator over an ordered dict.
#[derive(Trace)]
pub struct OrderedIter {
    /// Empty at the end.
    dict: Slot<Dict>,
    state: State,
    kind: Kind,
    backward: bool,
    /// Position of the next item in the table; one behind it, going backward.
    pos: AtomicUsize,
}

impl OrderedIter {
    fn new(d: Gc<Dict>, kind: Kind, backward: bool) -> OrderedIter {
        let state = State::of(&d);
        let start = if backward { state.table.get().map_or(0, |t| t.used()) } else { 0 };
        OrderedIter { dict: Slot::new(d), state, kind, backward, pos: AtomicUsize::new(start) }
    }
    /// The item at or after `pos` in the iterator's direction, and where to go on.
    fn item_at(&self, pos: usize) -> Option<(usize, Obj, Obj)> {
        let t = self.state.table.get()?;
        if !self.backward {
            return typhon_object::dict::next_in(t, pos);
        }
        let entries = t.entries().get(..pos)?;
        let first = t.first().min(pos);
        (first..pos).rev().find_map(|i| entries[i].value().map(|v| (i, entries[i].key(), v)))
    }
    fn next(&self, cx: &Cx) -> Result<Option<Obj>> {
        let Some(d) = self.dict.get() else { return Ok(None) };
        if let Err(e) = self.state.check(cx, &d) {
            self.dict.clear();
            return Err(e);
        }
        let Some((pos, k, v)) = self.item_at(self.pos.load(Ordering::Relaxed)) else {
            self.dict.clear();
            return Ok(None);
        };
        self.pos.store(pos, Ordering::Relaxed);
        if self.item_at(pos).is_none() {
            self.dict.clear();
        }
        Ok(Some(match self.kind {
            Kind::Keys => k,
            Kind::Values => v,
            Kind::Items => pair(cx, k, v)?,
        }))
    }
}

#[class(name = "odict_iterator")]
impl OrderedIter {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        self.next(cx)?.ok_or_else(|| exc::stop_iteration(cx, Obj::NONE))
    }
    /// Return state information for pickling
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        let rest = list::new(cx, &[])?;
        if let Some(d) = self.dict.get() {
            self.state.check(cx, &d)?;
            let copy = OrderedIter::new(d, self.kind, self.backward);
            copy.pos.store(self.pos.load(Ordering::Relaxed), Ordering::Relaxed);
            while let Some(v) = copy.next(cx)? {
                rest.append(cx, v)?;
            }
        }
        let iter = util::builtin(cx, "iter")?;
        let args = tuple_obj(cx, &[rest.obj()])?;
        tuple_obj(cx, &[iter, args])
    }
}

/// An iterator over `d`.
pub fn new(cx: &mut Cx, d: Gc<Dict>, kind: Kind, backward: bool) -> Result<Obj> {
    Ok(native::instance(cx, OrderedIter::new(d, kind, backward))?.obj())
}

macro_rules! view {
    ($ty:ident, $base:ident, $name:literal, $kind:expr) => {
        /// A view of an ordered dict.
        #[derive(Trace)]
        #[repr(C)]
        pub struct $ty {
            pub view: $base,
        }

        #[class(name = $name, base = $base)]
        impl $ty {
            fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
                new(cx, self.view.dict, $kind, false)
            }
            fn __reversed__(&self, cx: &mut Cx) -> Result<Obj> {
                new(cx, self.view.dict, $kind, true)
            }
        }
    };
}

view!(OrderedKeys, DictKeys, "odict_keys", Kind::Keys);
view!(OrderedValues, DictValues, "odict_values", Kind::Values);
view!(OrderedItems, DictItems, "odict_items", Kind::Items);

/// Complete the iterator's class.
pub fn init(cx: &mut Cx) -> Result<()> {
    native::class_of::<OrderedIter>(cx)?.set_next_fn(|cx, it| match it.cast::<OrderedIter>() {
        Some(i) => i.next(cx),
        None => Ok(None),
    });
    Ok(())
}
