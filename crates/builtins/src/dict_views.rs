//! Views of a dict (`keys`, `values`, `items`) and its iterators.
//!
//! An iterator walks the current table by position and counts what is left, so
//! that a change of size, or keys that come and go, are noticed as in CPython.
//! Tests: tests/containers.rs; CPython test_dict, test_dictviews.

use crate::range::Range;
use crate::{dict, mappingproxy, repr_guard, set};
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{self, NO_NEW, NativeClass, Payload, instance_of};
use typhon_object::{
    BinaryOp, CompareOp, Cx, ExcKind, Gc, Obj, Result, Slot, array, boot, exc, list, ops, shape, str,
    types::{self, NextPair},
};
use typhon_text::strview::StrBuf;

/// Which part of the items.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keys.
    Keys,
    /// Values.
    Values,
    /// Pairs.
    Items,
}

impl Kind {
    fn pick(self, cx: &Cx, k: Obj, v: Obj) -> Result<Obj> {
        match self {
            Kind::Keys => Ok(k),
            Kind::Values => Ok(v),
            Kind::Items => dict::pair(cx, k, v),
        }
    }
}

/// The state of a dict iterator, forward or backward.
#[derive(Trace)]
#[repr(C)]
pub struct DictIter {
    /// The dict; empty when exhausted.
    pub dict: Slot<Dict>,
    /// Next position in the table (one past it, going backward).
    pub pos: AtomicI64,
    /// Size of the dict at the start; -1 once it was seen to change.
    pub size: AtomicI64,
    /// Items left.
    pub left: AtomicI64,
}

impl Payload for DictIter {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.shape() == shape::DICT_ITER
    }
}

impl DictIter {
    fn new(d: Gc<Dict>, backward: bool) -> DictIter {
        let n = d.len() as i64;
        let end = d.table().map_or(0, |t| t.used()) as i64;
        DictIter {
            dict: Slot::new(d),
            pos: AtomicI64::new(if backward { end } else { 0 }),
            size: AtomicI64::new(n),
            left: AtomicI64::new(n),
        }
    }
    /// The next item.
    #[inline]
    pub fn next(&self, cx: &Cx) -> Result<Option<(Obj, Obj)>> {
        let Some(d) = self.dict.get() else { return Ok(None) };
        if d.len() as i64 != self.size.load(Ordering::Relaxed) {
            self.size.store(-1, Ordering::Relaxed);
            return Err(cx.error(ExcKind::RuntimeError, "dictionary changed size during iteration"));
        }
        match d.next_from(self.pos.load(Ordering::Relaxed) as usize) {
            Some((pos, k, v)) => {
                let left = self.left.load(Ordering::Relaxed);
                if left <= 0 {
                    self.dict.clear();
                    return Err(cx.error(ExcKind::RuntimeError, "dictionary keys changed during iteration"));
                }
                self.left.store(left - 1, Ordering::Relaxed);
                self.pos.store(pos as i64, Ordering::Relaxed);
                Ok(Some((k, v)))
            }
            None => {
                self.dict.clear();
                Ok(None)
            }
        }
    }
    fn next_back(&self, cx: &Cx) -> Result<Option<(Obj, Obj)>> {
        let Some(d) = self.dict.get() else { return Ok(None) };
        if d.len() as i64 != self.size.load(Ordering::Relaxed) {
            self.size.store(-1, Ordering::Relaxed);
            return Err(cx.error(ExcKind::RuntimeError, "dictionary changed size during iteration"));
        }
        let mut pos = self.pos.load(Ordering::Relaxed);
        let entries = d.table().map_or(&[][..], |t| t.entries());
        if pos > entries.len() as i64 {
            // Another table, which never had this position: none of it is ours.
            pos = 0;
        }
        while pos > 0 {
            pos -= 1;
            if let Some(e) = entries.get(pos as usize)
                && let Some(v) = e.value()
            {
                if self.left.load(Ordering::Relaxed) <= 0 {
                    self.dict.clear();
                    return Err(cx.error(ExcKind::RuntimeError, "dictionary keys changed during iteration"));
                }
                self.pos.store(pos, Ordering::Relaxed);
                self.left.fetch_sub(1, Ordering::Relaxed);
                return Ok(Some((e.key(), v)));
            }
        }
        self.dict.clear();
        Ok(None)
    }
    fn hint(&self) -> usize {
        match self.dict.get() {
            Some(d) if d.len() as i64 == self.size.load(Ordering::Relaxed) => {
                self.left.load(Ordering::Relaxed).max(0) as usize
            }
            _ => 0,
        }
    }
    /// What is left, without using it up.
    fn rest(&self, cx: &Cx, kind: Kind, backward: bool) -> Result<Obj> {
        let copy = DictIter {
            dict: Slot::of(self.dict.get()),
            pos: AtomicI64::new(self.pos.load(Ordering::Relaxed)),
            size: AtomicI64::new(self.size.load(Ordering::Relaxed)),
            left: AtomicI64::new(self.left.load(Ordering::Relaxed)),
        };
        let l = list::new(cx, &[])?;
        while let Some((k, v)) = if backward { copy.next_back(cx)? } else { copy.next(cx)? } {
            l.append(cx, kind.pick(cx, k, v)?)?;
        }
        Ok(l.obj())
    }
}

fn reduce(cx: &mut Cx, rest: Obj) -> Result<Obj> {
    let f = crate::functions::builtin(cx, "iter")?;
    let args = typhon_object::tuple::new(cx, &[rest])?;
    Ok(typhon_object::tuple::new(cx, &[f, args.obj()])?.obj())
}

macro_rules! iterator {
    ($ty:ident, $name:literal, $kind:expr, $next:ident, $back:literal) => {
        /// A dict iterator class.
        #[derive(Trace)]
        #[repr(transparent)]
        pub struct $ty(DictIter);

        #[class(name = $name)]
        impl $ty {
            fn __iter__(this: Gc<$ty>) -> Obj {
                this.obj()
            }
            fn __next__(this: Gc<$ty>, cx: &Cx) -> Result<Obj> {
                match this.0.$next(cx)? {
                    Some((k, v)) => $kind.pick(cx, k, v),
                    None => Err(exc::stop_iteration(cx, Obj::NONE)),
                }
            }
            /// Private method returning an estimate of len(list(it)).
            fn __length_hint__(this: Gc<$ty>) -> usize {
                this.0.hint()
            }
            /// Return state information for pickling.
            fn __reduce__(this: Gc<$ty>, cx: &mut Cx) -> Result<Obj> {
                let rest = this.0.rest(cx, $kind, $back)?;
                reduce(cx, rest)
            }
        }
    };
}

iterator!(ValueIter, "dict_valueiterator", Kind::Values, next, false);
iterator!(ItemIter, "dict_itemiterator", Kind::Items, next, false);
iterator!(KeyReversed, "dict_reversekeyiterator", Kind::Keys, next_back, true);
iterator!(ValueReversed, "dict_reversevalueiterator", Kind::Values, next_back, true);
iterator!(ItemReversed, "dict_reverseitemiterator", Kind::Items, next_back, true);

struct KeyIterMethods;

#[class(name = "dict_keyiterator", extends = DictIter)]
impl KeyIterMethods {
    fn __iter__(this: Gc<DictIter>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<DictIter>, cx: &Cx) -> Result<Obj> {
        match this.next(cx)? {
            Some((k, _)) => Ok(k),
            None => Err(exc::stop_iteration(cx, Obj::NONE)),
        }
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(this: Gc<DictIter>) -> usize {
        this.hint()
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<DictIter>, cx: &mut Cx) -> Result<Obj> {
        let rest = this.rest(cx, Kind::Keys, false)?;
        reduce(cx, rest)
    }
}

/// `iter(d)`.
#[inline]
pub fn key_iter(cx: &Cx, d: Gc<Dict>) -> Result<Obj> {
    Ok(instance_of(cx, types::class_for(shape::DICT_ITER), DictIter::new(d, false))?.obj())
}

fn iter_of(cx: &mut Cx, d: Gc<Dict>, kind: Kind) -> Result<Obj> {
    match kind {
        Kind::Keys => key_iter(cx, d),
        Kind::Values => Ok(native::instance(cx, ValueIter(DictIter::new(d, false)))?.obj()),
        Kind::Items => Ok(native::instance(cx, ItemIter(DictIter::new(d, false)))?.obj()),
    }
}

/// A reversed iterator.
pub fn reversed(cx: &mut Cx, d: Gc<Dict>, kind: Kind) -> Result<Obj> {
    let s = DictIter::new(d, true);
    Ok(match kind {
        Kind::Keys => native::instance(cx, KeyReversed(s))?.obj(),
        Kind::Values => native::instance(cx, ValueReversed(s))?.obj(),
        Kind::Items => native::instance(cx, ItemReversed(s))?.obj(),
    })
}

/// A view.
pub fn view(cx: &mut Cx, d: Gc<Dict>, kind: Kind) -> Result<Obj> {
    Ok(match kind {
        Kind::Keys => native::instance(cx, DictKeys { dict: d })?.obj(),
        Kind::Values => native::instance(cx, DictValues { dict: d })?.obj(),
        Kind::Items => native::instance(cx, DictItems { dict: d })?.obj(),
    })
}

fn repr_view(cx: &mut Cx, this: Obj, d: Gc<Dict>, kind: Kind) -> Result<Obj> {
    let Some(_entered) = repr_guard::enter(this) else { return Ok(str::new(cx, "...")?.obj()) };
    let mut out = StrBuf::new();
    out.push_str(&cx.type_name(this));
    out.push_str("([");
    let mut pos = 0;
    while let Some((next, k, v)) = d.next_from(pos) {
        if pos > 0 {
            out.push_str(", ");
        }
        pos = next;
        let o = kind.pick(cx, k, v)?;
        repr_guard::push_repr(cx, &mut out, o)?;
    }
    out.push_str("])");
    Ok(repr_guard::finish(cx, out)?.obj())
}

/// Whether `o` is a set or a set-like view.
fn is_set_like(o: Obj) -> bool {
    o.cast::<set::SetItems>().is_some() || o.cast::<DictKeys>().is_some() || o.cast::<DictItems>().is_some()
}

/// Whether every item of `a` is in `b`.
fn all_in(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
    let it = ops::get_iter(cx, a)?;
    while let Some(v) = ops::iter_next(cx, it)? {
        if !ops::contains(cx, b, v)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare_views(cx: &mut Cx, a: Obj, b: Obj, op: CompareOp) -> Result<Obj> {
    if !is_set_like(b) {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    let (la, lb) = (ops::len(cx, a)?, ops::len(cx, b)?);
    let r = match op {
        CompareOp::Eq | CompareOp::Ne => {
            let same = la == lb && all_in(cx, a, b)?;
            same == (op == CompareOp::Eq)
        }
        CompareOp::Lt => la < lb && all_in(cx, a, b)?,
        CompareOp::Le => la <= lb && all_in(cx, a, b)?,
        CompareOp::Gt => la > lb && all_in(cx, b, a)?,
        CompareOp::Ge => la >= lb && all_in(cx, b, a)?,
    };
    Ok(Obj::bool(r))
}

/// `a op b` where one side is a view and the other any iterable: a set.
fn set_operation(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    let s = set::from_iterable(cx, a)?;
    match op {
        BinaryOp::Sub => set::remove_all(cx, s, b)?,
        BinaryOp::Or => set::add_all(cx, s, b)?,
        BinaryOp::And => return set::intersection(cx, s, b),
        _ => set::toggle_all(cx, s, b)?,
    }
    Ok(s)
}

fn is_disjoint(cx: &mut Cx, this: Obj, other: Obj) -> Result<bool> {
    if this == other {
        return Ok(ops::len(cx, this)? == 0);
    }
    let it = ops::get_iter(cx, other)?;
    while let Some(v) = ops::iter_next(cx, it)? {
        if ops::contains(cx, this, v)? {
            return Ok(false);
        }
    }
    Ok(true)
}

macro_rules! set_view {
    ($ty:ident, $name:literal, $kind:expr, $contains:expr) => {
        /// A set-like view.
        #[derive(Trace)]
        #[repr(C)]
        pub struct $ty {
            /// What it shows.
            pub dict: Gc<Dict>,
        }

        #[class(name = $name, unhashable)]
        impl $ty {
            #[leaf]
            fn __len__(&self) -> usize {
                self.dict.len()
            }
            fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
                iter_of(cx, self.dict, $kind)
            }
            /// Return a reverse iterator over the view.
            fn __reversed__(&self, cx: &mut Cx) -> Result<Obj> {
                reversed(cx, self.dict, $kind)
            }
            fn __contains__(&self, cx: &mut Cx, key: Obj) -> Result<bool> {
                let f: fn(&mut Cx, Gc<Dict>, Obj) -> Result<bool> = $contains;
                f(cx, self.dict, key)
            }
            fn __repr__(this: Gc<$ty>, cx: &mut Cx) -> Result<Obj> {
                repr_view(cx, this.obj(), this.dict, $kind)
            }
            fn __richcmp__(this: Gc<$ty>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
                compare_views(cx, this.obj(), other, op)
            }
            fn __and__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::And, this.obj(), other)
            }
            fn __rand__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::And, other, this.obj())
            }
            fn __or__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::Or, this.obj(), other)
            }
            fn __ror__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::Or, other, this.obj())
            }
            fn __xor__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::Xor, this.obj(), other)
            }
            fn __rxor__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::Xor, other, this.obj())
            }
            fn __sub__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::Sub, this.obj(), other)
            }
            fn __rsub__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                set_operation(cx, BinaryOp::Sub, other, this.obj())
            }
            /// Return True if the view and the given iterable have a null intersection.
            fn isdisjoint(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<bool> {
                is_disjoint(cx, this.obj(), other)
            }
            #[getter]
            fn mapping(&self, cx: &mut Cx) -> Result<Obj> {
                mappingproxy::new(cx, self.dict.obj())
            }
        }
    };
}

set_view!(DictKeys, "dict_keys", Kind::Keys, |cx, d, k| Ok(d.get(cx, k)?.is_some()));
set_view!(DictItems, "dict_items", Kind::Items, |cx, d, pair| {
    let Some(t) = pair.cast::<typhon_object::tuple::Tuple>() else { return Ok(false) };
    let &[k, v] = t.payload().items() else { return Ok(false) };
    match d.get(cx, k)? {
        Some(found) => ops::equal(cx, found, v),
        None => Ok(false),
    }
});

/// `dict.values()`.
#[derive(Trace)]
#[repr(C)]
pub struct DictValues {
    /// What it shows.
    pub dict: Gc<Dict>,
}

#[class(name = "dict_values")]
impl DictValues {
    #[leaf]
    fn __len__(&self) -> usize {
        self.dict.len()
    }
    fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
        iter_of(cx, self.dict, Kind::Values)
    }
    /// Return a reverse iterator over the view.
    fn __reversed__(&self, cx: &mut Cx) -> Result<Obj> {
        reversed(cx, self.dict, Kind::Values)
    }
    fn __repr__(this: Gc<DictValues>, cx: &mut Cx) -> Result<Obj> {
        repr_view(cx, this.obj(), this.dict, Kind::Values)
    }
    #[getter]
    fn mapping(&self, cx: &mut Cx) -> Result<Obj> {
        mappingproxy::new(cx, self.dict.obj())
    }
}

/// The items of a dict or view as a list: one pass over one table, whatever
/// other threads do meanwhile. Those of a range, too, whose number is known.
fn snapshot(cx: &mut Cx, o: Obj) -> Result<Option<Gc<typhon_object::list::List>>> {
    let (d, kind) = if o.shape() == shape::DICT {
        match o.cast::<Dict>() {
            Some(d) => (d, Kind::Keys),
            None => return Ok(None),
        }
    } else if let Some(v) = o.cast::<DictKeys>() {
        (v.dict, Kind::Keys)
    } else if let Some(v) = o.cast::<DictValues>() {
        (v.dict, Kind::Values)
    } else if let Some(v) = o.cast::<DictItems>() {
        (v.dict, Kind::Items)
    } else if let Some(r) = o.cast::<Range>() {
        return r.to_list(cx);
    } else {
        return Ok(None);
    };
    let n = d.len();
    let a = array::new(cx, n)?;
    let mut filled = 0;
    // What lies behind the first `n` was inserted by another thread meanwhile.
    for (k, v) in d.items().take(n) {
        let x = kind.pick(cx, k, v)?;
        a.slots()[filled].store(x.word(), Ordering::Release);
        filled += 1;
        if kind == Kind::Items {
            // Fresh tuples; otherwise nothing is allocated before the end.
            cx.barrier(a.obj());
        }
    }
    cx.barrier(a.obj());
    Ok(Some(typhon_object::list::from_array(cx, a, filled)?))
}

/// Make the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    let _ = cx.rt().hooks().snapshot.set(snapshot);
    let layout = types::layout_of::<DictIter>(0);
    let t = boot::define(cx, shape::DICT_ITER, "dict_keyiterator", "", NO_NEW, None, Some(layout))?;
    types::add_members(cx, t, KeyIterMethods::MEMBERS)?;
    t.set_next_fn(|cx, it| match it.cast::<DictIter>() {
        Some(i) => Ok(i.next(cx)?.map(|(k, _)| k)),
        None => Ok(None),
    });
    fn make<T: NativeClass>(cx: &mut Cx) -> Result<()> {
        native::class_of::<T>(cx).map(|_| ())
    }
    native::class_of::<ValueIter>(cx)?.set_next_fn(|cx, it| match it.cast::<ValueIter>() {
        Some(i) => Ok(i.0.next(cx)?.map(|(_, v)| v)),
        None => Ok(None),
    });
    native::class_of::<ItemIter>(cx)?.set_next_pair_fn(|cx, it| match it.cast::<ItemIter>() {
        Some(i) => Ok(i.0.next(cx)?.map_or(NextPair::End, |(k, v)| NextPair::Two(k, v))),
        None => Ok(NextPair::NoPairs),
    });
    native::class_of::<ItemIter>(cx)?.set_next_fn(|cx, it| match it.cast::<ItemIter>() {
        Some(i) => i.0.next(cx)?.map(|(k, v)| dict::pair(cx, k, v)).transpose(),
        None => Ok(None),
    });
    make::<DictKeys>(cx)?;
    make::<DictItems>(cx)?;
    make::<DictValues>(cx)
}
