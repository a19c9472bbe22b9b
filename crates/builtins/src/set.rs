//! `set` and `frozenset`: the table of a dict whose values are ignored.
//!
//! Invariant: a frozenset does not change once another thread can see it.
//! Tests: tests/containers.rs; CPython test_set.

use crate::{generic_alias, repr_guard};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{self, Args, Payload, SUBCLASSABLE, WEAKREF, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, Slot, boot, exc, list, ops, shape, str, tuple};
use typhon_text::strview::StrBuf;

/// What stands for the value of every element.
const PRESENT: Obj = Obj::TRUE;

/// The payload of a `set` or `frozenset`.
#[derive(Trace)]
#[repr(C)]
pub struct SetItems {
    /// The elements as keys.
    pub items: Dict,
    /// A frozenset's hash, 0 if not computed yet.
    pub hash: AtomicU64,
}

/// The payload of a `set`.
#[repr(transparent)]
pub struct Set(SetItems);
/// The payload of a `frozenset`.
#[repr(transparent)]
pub struct FrozenSet(SetItems);

impl Payload for Set {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::SET || native::has_payload(o, shape::SET))
    }
}
impl Payload for FrozenSet {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::FROZENSET || native::has_payload(o, shape::FROZENSET))
    }
}
impl Payload for SetItems {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        Set::is(o) || FrozenSet::is(o)
    }
}

fn empty() -> SetItems {
    SetItems { items: Dict::empty(), hash: AtomicU64::new(0) }
}

fn storage(o: Obj) -> Option<Gc<SetItems>> {
    o.cast::<SetItems>()
}

/// An empty instance of `cls`, which is or derives from `set` or `frozenset`.
fn alloc(cx: &Cx, cls: Gc<Type>) -> Result<Gc<SetItems>> {
    instance_of(cx, cls, empty())
}

/// An empty `set`.
pub fn new(cx: &Cx) -> Result<Obj> {
    Ok(alloc(cx, types::class_for(shape::SET))?.obj())
}

/// `set(iterable)`.
pub fn from_iterable(cx: &mut Cx, iterable: Obj) -> Result<Obj> {
    let s = new(cx)?;
    add_all(cx, s, iterable)?;
    Ok(s)
}

/// `s.add(v)`.
#[inline]
pub fn add(cx: &mut Cx, s: Obj, v: Obj) -> Result<()> {
    let Some(s) = storage(s) else { return Err(cx.type_error("not a set")) };
    let h = element_hash(cx, v)?;
    s.items.insert_hashed(cx, v, h, PRESENT).map(|_| ())
}

/// A new set of exact class, with the elements of `from`.
fn copy_as(cx: &Cx, cls: Gc<Type>, from: &SetItems) -> Result<Gc<SetItems>> {
    let s = alloc(cx, cls)?;
    from.items.copy_into(cx, &s.items)?;
    Ok(s)
}

/// The class of what an operator on `o` gives: its exact built-in base.
fn base_class(o: Obj) -> Gc<Type> {
    types::class_for(if o.cast::<FrozenSet>().is_some() { shape::FROZENSET } else { shape::SET })
}

/// `s |= iterable`.
pub fn add_all(cx: &mut Cx, s: Obj, iterable: Obj) -> Result<()> {
    let Some(s) = storage(s) else { return Ok(()) };
    if let Some(o) = storage(iterable) {
        if s.items.is_empty() && o != s {
            let copy = copy_as(cx, types::class_for(shape::SET), &o)?;
            s.items.replace_with(cx, &copy.items);
            return Ok(());
        }
        for e in o.items.table().map_or(&[][..], |t| t.entries()) {
            if e.value().is_some() {
                s.items.insert_hashed(cx, e.key(), e.hash(), PRESENT)?;
            }
        }
        return Ok(());
    }
    if let Some(d) = iterable.cast::<Dict>().filter(|_| iterable.shape() == shape::DICT) {
        for e in d.table().map_or(&[][..], |t| t.entries()) {
            if e.value().is_some() {
                s.items.insert_hashed(cx, e.key(), e.hash(), PRESENT)?;
            }
        }
        return Ok(());
    }
    let add = |cx: &mut Cx, v: Obj| {
        let h = element_hash(cx, v)?;
        s.items.insert_hashed(cx, v, h, PRESENT).map(|_| true)
    };
    let list = iterable.cast::<list::List>().filter(|_| iterable.shape() == shape::LIST);
    let Some(l) = list else { return ops::for_each(cx, iterable, add) };
    let fresh = s.items.is_empty();
    if fresh {
        s.items.reserve(cx, l.len())?;
    }
    let mut i = 0;
    while let Some(v) = l.get(i) {
        add(cx, v)?;
        i += 1;
    }
    if fresh { s.items.trim(cx) } else { Ok(()) }
}

/// `s -= iterable`.
pub fn remove_all(cx: &mut Cx, s: Obj, iterable: Obj) -> Result<()> {
    let Some(s) = storage(s) else { return Ok(()) };
    if s.obj() == iterable {
        s.items.clear(cx);
        return Ok(());
    }
    if let Some(o) = storage(iterable) {
        for e in o.items.table().map_or(&[][..], |t| t.entries()) {
            if e.value().is_some() {
                s.items.remove_hashed(cx, e.key(), e.hash())?;
            }
        }
        return Ok(());
    }
    if let Some(d) = iterable.cast::<Dict>().filter(|_| iterable.shape() == shape::DICT) {
        for e in d.table().map_or(&[][..], |t| t.entries()) {
            if e.value().is_some() {
                s.items.remove_hashed(cx, e.key(), e.hash())?;
            }
        }
        return Ok(());
    }
    ops::for_each(cx, iterable, |cx, v| {
        let h = element_hash(cx, v)?;
        s.items.remove_hashed(cx, v, h).map(|_| true)
    })
}

/// `s - iterable`, of the exact class of `s`.
pub fn difference(cx: &mut Cx, s: Obj, iterable: Obj) -> Result<Obj> {
    if let (Some(a), Some(b)) = (storage(s), storage(iterable))
        && a.items.len() / 4 <= b.items.len()
    {
        let out = alloc(cx, base_class(s))?;
        for e in a.items.table().map_or(&[][..], |t| t.entries()) {
            if e.value().is_some() && b.items.get_hashed(cx, e.key(), e.hash())?.is_none() {
                out.items.insert_hashed(cx, e.key(), e.hash(), PRESENT)?;
            }
        }
        return Ok(out.obj());
    }
    let out = alloc(cx, base_class(s))?;
    if let Some(a) = storage(s) {
        a.items.copy_into(cx, &out.items)?;
    }
    remove_all(cx, out.obj(), iterable)?;
    Ok(out.obj())
}

/// `s ^= iterable`.
pub fn toggle_all(cx: &mut Cx, s: Obj, iterable: Obj) -> Result<()> {
    let Some(s) = storage(s) else { return Ok(()) };
    // Duplicates count once, so other iterables become sets first.
    let other = match storage(iterable) {
        Some(o) => o,
        None => {
            let o = from_iterable(cx, iterable)?;
            let Some(o) = storage(o) else { return Ok(()) };
            o
        }
    };
    if other == s {
        s.items.clear(cx);
        return Ok(());
    }
    for e in other.items.table().map_or(&[][..], |t| t.entries()) {
        if e.value().is_none() {
            continue;
        }
        if s.items.remove_hashed(cx, e.key(), e.hash())?.is_none() {
            s.items.insert_hashed(cx, e.key(), e.hash(), PRESENT)?;
        }
    }
    Ok(())
}

/// `s & iterable`, of the exact class of `s`.
pub fn intersection(cx: &mut Cx, s: Obj, iterable: Obj) -> Result<Obj> {
    let out = alloc(cx, base_class(s))?;
    let Some(a) = storage(s) else { return Ok(out.obj()) };
    if let Some(b) = storage(iterable) {
        let (small, large) = if b.items.len() > a.items.len() { (a, b) } else { (b, a) };
        for e in small.items.table().map_or(&[][..], |t| t.entries()) {
            if e.value().is_some() && large.items.get_hashed(cx, e.key(), e.hash())?.is_some() {
                out.items.insert_hashed(cx, e.key(), e.hash(), PRESENT)?;
            }
        }
        return Ok(out.obj());
    }
    ops::for_each(cx, iterable, |cx, v| {
        // Nothing is to become an element here, and so the error does not say it.
        let h = ops::hash(cx, v)?;
        if a.items.get_hashed(cx, v, h)?.is_some() {
            out.items.insert_hashed(cx, v, h, PRESENT)?;
        }
        Ok(true)
    })?;
    Ok(out.obj())
}

/// Whether all of `a` is in `b`.
fn is_subset(cx: &mut Cx, a: Gc<SetItems>, b: Gc<SetItems>) -> Result<bool> {
    if a.items.len() > b.items.len() {
        return Ok(false);
    }
    for e in a.items.table().map_or(&[][..], |t| t.entries()) {
        if e.value().is_some() && b.items.get_hashed(cx, e.key(), e.hash())?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn as_set(cx: &mut Cx, o: Obj) -> Result<Gc<SetItems>> {
    match storage(o) {
        Some(s) => Ok(s),
        None => {
            let s = from_iterable(cx, o)?;
            storage(s).ok_or_else(|| cx.type_error("not a set"))
        }
    }
}

fn compare(cx: &mut Cx, a: Gc<SetItems>, other: Obj, op: CompareOp) -> Result<Obj> {
    let Some(b) = storage(other) else { return Ok(Obj::NOT_IMPLEMENTED) };
    let (la, lb) = (a.items.len(), b.items.len());
    Ok(Obj::bool(match op {
        CompareOp::Eq => la == lb && is_subset(cx, a, b)?,
        CompareOp::Ne => la != lb || !is_subset(cx, a, b)?,
        CompareOp::Lt => la < lb && is_subset(cx, a, b)?,
        CompareOp::Le => is_subset(cx, a, b)?,
        CompareOp::Gt => la > lb && is_subset(cx, b, a)?,
        CompareOp::Ge => is_subset(cx, b, a)?,
    }))
}

fn repr(cx: &mut Cx, this: Obj, s: Gc<SetItems>) -> Result<Obj> {
    let name = cx.type_name(this);
    if s.items.is_empty() {
        return Ok(str::new(cx, &format!("{name}()"))?.obj());
    }
    let Some(_entered) = repr_guard::enter(this) else {
        return Ok(str::new(cx, &format!("{name}(...)"))?.obj());
    };
    let exact = this.shape() == shape::SET;
    let mut out = StrBuf::new();
    if !exact {
        out.push_str(&name);
        out.push_str("(");
    }
    out.push_str("{");
    let mut pos = 0;
    while let Some((next, k, _)) = s.items.next_from(pos) {
        if pos > 0 {
            out.push_str(", ");
        }
        pos = next;
        repr_guard::push_repr(cx, &mut out, k)?;
    }
    out.push_str(if exact { "}" } else { "})" });
    Ok(repr_guard::finish(cx, out)?.obj())
}

/// A set given as an element to look for stands for the equal frozenset.
fn lookup_key(cx: &mut Cx, key: Obj) -> Result<(Obj, i64)> {
    match ops::hash(cx, key) {
        Ok(h) => Ok((key, h)),
        Err(e) => match (storage(key), key.cast::<Set>()) {
            (Some(s), Some(_)) if e.is(cx, ExcKind::TypeError) => {
                let f = copy_as(cx, types::class_for(shape::FROZENSET), &s)?;
                let h = hash(&f);
                Ok((f.obj(), h))
            }
            _ => Err(dict::unhashable(cx, key, e, "a set element")),
        },
    }
}

/// `x in o`, of a set or frozenset.
#[inline]
pub fn contains(cx: &mut Cx, o: Obj, x: Obj) -> Result<bool> {
    if let Some(there) = storage(o).and_then(|s| s.items.has_plain(x)) {
        return Ok(there);
    }
    contains_slow(cx, o, x)
}

fn contains_slow(cx: &mut Cx, o: Obj, x: Obj) -> Result<bool> {
    let (k, h) = lookup_key(cx, x)?;
    match storage(o) {
        Some(s) => Ok(s.items.get_hashed(cx, k, h)?.is_some()),
        None => Ok(false),
    }
}

/// The element's hash; the error says that a set wanted it.
fn element_hash(cx: &mut Cx, v: Obj) -> Result<i64> {
    match ops::hash(cx, v) {
        Ok(h) => Ok(h),
        Err(e) => Err(dict::unhashable(cx, v, e, "a set element")),
    }
}

/// CPython's order-independent hash of a frozenset.
fn hash(s: &SetItems) -> i64 {
    let cached = s.hash.load(Ordering::Relaxed);
    if cached != 0 {
        return cached as i64;
    }
    let mut h: u64 = 0;
    for e in s.items.table().map_or(&[][..], |t| t.entries()) {
        if e.value().is_some() {
            let v = e.hash() as u64;
            h ^= ((v ^ 89869747) ^ (v << 16)).wrapping_mul(3644798167);
        }
    }
    h ^= (s.items.len() as u64 + 1).wrapping_mul(1927868237);
    h ^= (h >> 11) ^ (h >> 25);
    h = h.wrapping_mul(69069).wrapping_add(907133923);
    if h == u64::MAX {
        h = 590923713;
    }
    s.hash.store(h, Ordering::Relaxed);
    h as i64
}

fn check_arguments(cx: &Cx, args: &Args<'_>, name: &str, keywords: bool) -> Result<()> {
    if !keywords && args.kw.is_some_and(|k| !k.is_empty()) {
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    if args.pos.len() > 1 {
        return Err(cx.type_error(format!("{name} expected at most 1 argument, got {}", args.pos.len())));
    }
    Ok(())
}

fn reduce(cx: &mut Cx, this: Obj) -> Result<Obj> {
    let items = ops::list_from_iter(cx, this)?;
    let args = tuple::new(cx, &[items.obj()])?;
    let n = typhon_object::name!(cx, "__getstate__");
    let state = match ops::get_attr_opt(cx, this, n)? {
        Some(f) => ops::call_args(cx, f, &[])?,
        None => Obj::NONE,
    };
    Ok(tuple::new(cx, &[ops::class_of(this).obj(), args.obj(), state])?.obj())
}

/// The members that both classes have.
macro_rules! common {
    ($methods:ident, $ty:ident, $name:literal) => {
        struct $methods;

        #[class(name = $name, extends = $ty)]
        impl $methods {
            fn __repr__(this: Gc<$ty>, cx: &mut Cx) -> Result<Obj> {
                let s = as_set(cx, this.obj())?;
                repr(cx, this.obj(), s)
            }
            #[leaf]
            fn __len__(this: Gc<$ty>) -> usize {
                this.0.items.len()
            }
            /// x.__contains__(y) <==> y in x.
            fn __contains__(this: Gc<$ty>, cx: &mut Cx, object: Obj) -> Result<bool> {
                contains(cx, this.obj(), object)
            }
            fn __iter__(this: Gc<$ty>, cx: &mut Cx) -> Result<Obj> {
                iter(cx, this.obj())
            }
            fn __richcmp__(this: Gc<$ty>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
                let s = as_set(cx, this.obj())?;
                compare(cx, s, other, op)
            }
            fn __and__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                if storage(other).is_none() {
                    return Ok(Obj::NOT_IMPLEMENTED);
                }
                intersection(cx, this.obj(), other)
            }
            fn __rand__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                if storage(other).is_none() {
                    return Ok(Obj::NOT_IMPLEMENTED);
                }
                intersection(cx, other, this.obj())
            }
            fn __or__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                binary(cx, this.obj(), other, add_all)
            }
            fn __ror__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                binary(cx, other, this.obj(), add_all)
            }
            fn __sub__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                if storage(other).is_none() {
                    return Ok(Obj::NOT_IMPLEMENTED);
                }
                difference(cx, this.obj(), other)
            }
            fn __rsub__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                if storage(other).is_none() {
                    return Ok(Obj::NOT_IMPLEMENTED);
                }
                difference(cx, other, this.obj())
            }
            fn __xor__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                binary(cx, this.obj(), other, toggle_all)
            }
            fn __rxor__(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                binary(cx, other, this.obj(), toggle_all)
            }
            /// Return a new set with elements from the set and all others.
            #[sig(*others)]
            fn union(this: Gc<$ty>, cx: &mut Cx, others: &[Obj]) -> Result<Obj> {
                let s = copy_as(cx, base_class(this.obj()), &this.0)?;
                for o in others {
                    add_all(cx, s.obj(), *o)?;
                }
                Ok(s.obj())
            }
            /// Return a new set with elements common to the set and all others.
            #[sig(*others)]
            fn intersection(this: Gc<$ty>, cx: &mut Cx, others: &[Obj]) -> Result<Obj> {
                let mut s = copy_as(cx, base_class(this.obj()), &this.0)?.obj();
                for o in others {
                    s = intersection(cx, s, *o)?;
                }
                Ok(s)
            }
            /// Return a new set with elements in the set that are not in the others.
            #[sig(*others)]
            fn difference(this: Gc<$ty>, cx: &mut Cx, others: &[Obj]) -> Result<Obj> {
                let Some((first, rest)) = others.split_first() else {
                    return Ok(copy_as(cx, base_class(this.obj()), &this.0)?.obj());
                };
                let s = difference(cx, this.obj(), *first)?;
                for o in rest {
                    remove_all(cx, s, *o)?;
                }
                Ok(s)
            }
            /// Return a new set with elements in either the set or other but not both.
            fn symmetric_difference(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<Obj> {
                let s = copy_as(cx, base_class(this.obj()), &this.0)?;
                toggle_all(cx, s.obj(), other)?;
                Ok(s.obj())
            }
            /// Return True if two sets have a null intersection.
            fn isdisjoint(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<bool> {
                if let Some(b) = storage(other).filter(|_| base_class(other) == ops::class_of(other)) {
                    let a = as_set(cx, this.obj())?;
                    let (few, many) = if b.items.len() > a.items.len() { (a, b) } else { (b, a) };
                    for e in few.items.table().map_or(&[][..], |t| t.entries()) {
                        if e.value().is_some() && many.items.get_hashed(cx, e.key(), e.hash())?.is_some() {
                            return Ok(false);
                        }
                    }
                    return Ok(true);
                }
                let it = ops::get_iter(cx, other)?;
                while let Some(v) = ops::iter_next(cx, it)? {
                    let h = element_hash(cx, v)?;
                    if this.0.items.get_hashed(cx, v, h)?.is_some() {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            /// Report whether another set contains this set.
            fn issubset(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<bool> {
                let a = as_set(cx, this.obj())?;
                if storage(other).is_none() {
                    let common = intersection(cx, this.obj(), other)?;
                    return Ok(as_set(cx, common)?.items.len() == a.items.len());
                }
                let b = as_set(cx, other)?;
                is_subset(cx, a, b)
            }
            /// Report whether this set contains another set.
            fn issuperset(this: Gc<$ty>, cx: &mut Cx, other: Obj) -> Result<bool> {
                let a = as_set(cx, this.obj())?;
                if let Some(b) = storage(other) {
                    return is_subset(cx, b, a);
                }
                let it = ops::get_iter(cx, other)?;
                while let Some(v) = ops::iter_next(cx, it)? {
                    let h = element_hash(cx, v)?;
                    if a.items.get_hashed(cx, v, h)?.is_none() {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            /// Return a shallow copy of a set.
            fn copy(this: Gc<$ty>, cx: &Cx) -> Result<Obj> {
                if this.obj().shape() == shape::FROZENSET {
                    return Ok(this.obj());
                }
                Ok(copy_as(cx, base_class(this.obj()), &this.0)?.obj())
            }
            /// Return state information for pickling.
            fn __reduce__(this: Gc<$ty>, cx: &mut Cx) -> Result<Obj> {
                reduce(cx, this.obj())
            }
            /// S.__sizeof__() -> size of S in memory, in bytes.
            fn __sizeof__(this: Gc<$ty>) -> usize {
                200 + this.0.items.table().map_or(0, |t| 24 * t.used())
            }
            /// See PEP 585
            #[classmethod]
            fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
                generic_alias::new(cx, cls.obj(), item)
            }
        }
    };
}

common!(SetCommon, Set, "set");
common!(FrozenCommon, FrozenSet, "frozenset");

/// `a op b` for two sets, through the in-place form on a copy.
fn binary(cx: &mut Cx, a: Obj, b: Obj, f: fn(&mut Cx, Obj, Obj) -> Result<()>) -> Result<Obj> {
    let (Some(x), Some(_)) = (storage(a), storage(b)) else { return Ok(Obj::NOT_IMPLEMENTED) };
    let s = copy_as(cx, base_class(a), &x)?;
    f(cx, s.obj(), b)?;
    Ok(s.obj())
}

fn in_place(cx: &mut Cx, a: Obj, b: Obj, f: fn(&mut Cx, Obj, Obj) -> Result<()>) -> Result<Obj> {
    if storage(b).is_none() {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    f(cx, a, b)?;
    Ok(a)
}

fn keep_common(cx: &mut Cx, a: Obj, b: Obj) -> Result<()> {
    let kept = intersection(cx, a, b)?;
    if let (Some(s), Some(k)) = (storage(a), storage(kept)) {
        s.items.replace_with(cx, &k.items);
    }
    Ok(())
}

struct SetMethods;

#[class(name = "set", extends = Set)]
impl SetMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        Ok(alloc(cx, cls)?.obj())
    }
    fn __init__(this: Gc<Set>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        check_arguments(cx, &args, "set", false)?;
        this.0.items.clear(cx);
        match args.pos.first() {
            Some(v) => add_all(cx, this.obj(), *v),
            None => Ok(()),
        }
    }
    /// Add an element to a set.
    ///
    /// This has no effect if the element is already present.
    fn add(this: Gc<Set>, cx: &mut Cx, object: Obj) -> Result<()> {
        let h = element_hash(cx, object)?;
        this.0.items.insert_hashed(cx, object, h, PRESENT).map(|_| ())
    }
    /// Remove all elements from this set.
    fn clear(this: Gc<Set>, cx: &Cx) {
        this.0.items.clear(cx);
    }
    /// Remove an element from a set if it is a member.
    ///
    /// Unlike set.remove(), the discard() method does not raise
    /// an exception when an element is missing from the set.
    fn discard(this: Gc<Set>, cx: &mut Cx, object: Obj) -> Result<()> {
        let (k, h) = lookup_key(cx, object)?;
        this.0.items.remove_hashed(cx, k, h).map(|_| ())
    }
    /// Remove an element from a set; it must be a member.
    ///
    /// If the element is not a member, raise a KeyError.
    fn remove(this: Gc<Set>, cx: &mut Cx, object: Obj) -> Result<()> {
        let (k, h) = lookup_key(cx, object)?;
        match this.0.items.remove_hashed(cx, k, h)? {
            Some(_) => Ok(()),
            None => Err(exc::key_error(cx, object)),
        }
    }
    /// Remove and return an arbitrary set element.
    ///
    /// Raises KeyError if the set is empty.
    fn pop(this: Gc<Set>, cx: &mut Cx) -> Result<Obj> {
        match this.0.items.pop_last(cx) {
            Some((k, _)) => Ok(k),
            None => {
                let s = str::new(cx, "pop from an empty set")?;
                Err(exc::key_error(cx, s.obj()))
            }
        }
    }
    /// Update the set, adding elements from all others.
    #[sig(*others)]
    fn update(this: Gc<Set>, cx: &mut Cx, others: &[Obj]) -> Result<()> {
        for o in others {
            add_all(cx, this.obj(), *o)?;
        }
        Ok(())
    }
    /// Update the set, keeping only elements found in it and all others.
    #[sig(*others)]
    fn intersection_update(this: Gc<Set>, cx: &mut Cx, others: &[Obj]) -> Result<()> {
        for o in others {
            keep_common(cx, this.obj(), *o)?;
        }
        Ok(())
    }
    /// Update the set, removing elements found in others.
    #[sig(*others)]
    fn difference_update(this: Gc<Set>, cx: &mut Cx, others: &[Obj]) -> Result<()> {
        for o in others {
            remove_all(cx, this.obj(), *o)?;
        }
        Ok(())
    }
    /// Update the set, keeping only elements found in either set, but not in both.
    fn symmetric_difference_update(this: Gc<Set>, cx: &mut Cx, other: Obj) -> Result<()> {
        toggle_all(cx, this.obj(), other)
    }
    fn __ior__(this: Gc<Set>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        in_place(cx, this.obj(), other, add_all)
    }
    fn __isub__(this: Gc<Set>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        in_place(cx, this.obj(), other, remove_all)
    }
    fn __ixor__(this: Gc<Set>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        in_place(cx, this.obj(), other, toggle_all)
    }
    fn __iand__(this: Gc<Set>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        in_place(cx, this.obj(), other, keep_common)
    }
}

struct FrozenSetMethods;

#[class(name = "frozenset", extends = FrozenSet)]
impl FrozenSetMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let exact = cls.root_shape() == shape::FROZENSET;
        // Keywords are for an `__init__` that a subclass adds.
        let init = cls.special(typhon_object::Dunder::Init);
        let plain = types::class_for(shape::OBJECT).special(typhon_object::Dunder::Init);
        check_arguments(cx, &args, &cls.name(), !exact && init != plain)?;
        let Some(&v) = args.pos.first() else { return Ok(alloc(cx, cls)?.obj()) };
        if exact && v.shape() == shape::FROZENSET {
            return Ok(v);
        }
        let s = alloc(cx, cls)?;
        add_all(cx, s.obj(), v)?;
        Ok(s.obj())
    }
    fn __hash__(this: Gc<FrozenSet>) -> i64 {
        hash(&this.0)
    }
}

/// The iterator of both classes.
#[derive(Trace)]
pub struct SetIter {
    set: Slot<SetItems>,
    pos: AtomicI64,
    size: AtomicI64,
    left: AtomicI64,
}

/// `iter(s)`.
pub fn iter(cx: &mut Cx, s: Obj) -> Result<Obj> {
    let n = storage(s).map_or(0, |s| s.items.len()) as i64;
    let it = SetIter { set: Slot::new(s), pos: AtomicI64::new(0), size: AtomicI64::new(n), left: AtomicI64::new(n) };
    Ok(native::instance(cx, it)?.obj())
}

#[class(name = "set_iterator")]
impl SetIter {
    fn __iter__(this: Gc<SetIter>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        self.advance(cx)?.ok_or_else(|| exc::stop_iteration(cx, Obj::NONE))
    }
    #[internal]
    fn advance(&self, cx: &Cx) -> Result<Option<Obj>> {
        let Some(s) = self.set.get() else { return Ok(None) };
        if s.items.len() as i64 != self.size.load(Ordering::Relaxed) {
            self.size.store(-1, Ordering::Relaxed);
            return Err(cx.error(ExcKind::RuntimeError, "Set changed size during iteration"));
        }
        match s.items.next_from(self.pos.load(Ordering::Relaxed) as usize) {
            Some((pos, k, _)) => {
                self.pos.store(pos as i64, Ordering::Relaxed);
                self.left.fetch_sub(1, Ordering::Relaxed);
                Ok(Some(k))
            }
            None => {
                self.set.clear();
                Ok(None)
            }
        }
    }
    /// Private method returning an estimate of len(list(it)).
    fn __length_hint__(&self) -> i64 {
        match self.set.get() {
            Some(s) if s.items.len() as i64 == self.size.load(Ordering::Relaxed) => {
                self.left.load(Ordering::Relaxed).max(0)
            }
            _ => 0,
        }
    }
    /// Return state information for pickling.
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        let rest = list::new(cx, &[])?;
        if let Some(s) = self.set.get() {
            let mut pos = self.pos.load(Ordering::Relaxed) as usize;
            while let Some((next, k, _)) = s.items.next_from(pos) {
                pos = next;
                rest.append(cx, k)?;
            }
        }
        crate::iterators::reduce_iter(cx, rest.obj(), None)
    }
}

const SET_DOC: &str = "Build an unordered collection of unique elements.";
const FROZEN_DOC: &str = "Build an immutable unordered collection of unique elements.";

/// Make the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    let flags = SUBCLASSABLE | WEAKREF;
    let t = boot::define(cx, shape::SET, "set", SET_DOC, flags, None, Some(types::layout_of::<SetItems>(0)))?;
    types::add_members(cx, t, SetCommon::MEMBERS)?;
    types::add_members(cx, t, SetMethods::MEMBERS)?;
    types::set_attr(cx, t, types::d_name(cx, Dunder::Hash), Some(Obj::NONE))?;
    let layout = types::layout_of::<SetItems>(0);
    let t = boot::define(cx, shape::FROZENSET, "frozenset", FROZEN_DOC, flags, None, Some(layout))?;
    types::add_members(cx, t, FrozenCommon::MEMBERS)?;
    types::add_members(cx, t, FrozenSetMethods::MEMBERS)?;
    native::class_of::<SetIter>(cx)?.set_next_fn(|cx, it| match it.cast::<SetIter>() {
        Some(i) => i.advance(cx),
        None => Ok(None),
    });
    Ok(())
}
