//! `collections.OrderedDict`: a dict whose items can be moved to either end.
//!
//! The payload is a dict's: its table is in insertion order and moves items itself
//! (`Dict::move_to_end`), so that whatever changes a dict changes this one rightly. Its
//! views and iterators are in `ordered_dict_iter.rs`.
//! Tests: tests/lang/ordered_dict.md; CPython test_ordered_dict.

use super::ordered_dict_iter::{self, Kind, OrderedItems, OrderedKeys, OrderedValues, State};
use crate::util::{self, tuple_obj};
use typhon_builtins::dict_views::{DictItems, DictKeys, DictValues};
use typhon_builtins::{dict as plain, repr_guard};
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{self, Args, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, ExcKind, Raised, Result, exc, ops, shape};
use typhon_text::strview::StrBuf;

/// `collections.OrderedDict`.
#[derive(Trace)]
#[repr(C)]
pub struct OrderedDict {
    dict: Dict,
}

/// As a dict, which it is.
pub(super) fn of(this: Gc<OrderedDict>) -> Gc<Dict> {
    this.obj().cast().expect("an OrderedDict is a dict")
}

/// Whether a subclass has overridden nothing, there being none.
fn is_exact(this: Gc<OrderedDict>) -> bool {
    ops::class_of(this.obj()).is_native()
}

/// `this[key] = value`.
fn store(cx: &mut Cx, this: Gc<OrderedDict>, key: Obj, value: Obj) -> Result<()> {
    match is_exact(this) {
        true => OrderedDict::__setitem__(this, cx, key, value),
        false => ops::set_item(cx, this.obj(), key, value),
    }
}

/// Add what iterables of two items give.
fn add_pairs(cx: &mut Cx, this: Gc<OrderedDict>, pairs: Obj) -> Result<()> {
    ops::for_each(cx, pairs, |cx, pair| {
        let it = ops::get_iter(cx, pair)?;
        let Some(k) = ops::iter_next(cx, it)? else {
            return Err(cx.value_error("need more than 0 values to unpack"));
        };
        let Some(v) = ops::iter_next(cx, it)? else {
            return Err(cx.value_error("need more than 1 value to unpack"));
        };
        if ops::iter_next(cx, it)?.is_some() {
            return Err(cx.value_error("too many values to unpack (expected 2)"));
        }
        store(cx, this, k, v)?;
        Ok(true)
    })
}

/// Add what a mapping or an iterable of pairs has.
fn add_any(cx: &mut Cx, this: Gc<OrderedDict>, from: Obj) -> Result<()> {
    let ordered = from.cast::<OrderedDict>().filter(|o| is_exact(*o));
    if let Some(d) = ordered.map(of).or_else(|| from.cast::<Dict>().filter(|_| from.shape() == shape::DICT)) {
        if is_exact(this) {
            return of(this).merge(cx, d, false);
        }
        let state = State::of(&d);
        for (k, v) in d.items() {
            store(cx, this, k, v)?;
            state.check(cx, &d)?;
        }
        return Ok(());
    }
    if let Some(keys) = util::attr_opt(cx, from, "keys")? {
        let keys = ops::call_args(cx, keys, &[])?;
        return ops::for_each(cx, keys, |cx, k| {
            let v = ops::get_item(cx, from, k)?;
            store(cx, this, k, v)?;
            Ok(true)
        });
    }
    if let Some(items) = util::attr_opt(cx, from, "items")? {
        let items = ops::call_args(cx, items, &[])?;
        return add_pairs(cx, this, items);
    }
    add_pairs(cx, this, from)
}

fn add_args(cx: &mut Cx, this: Gc<OrderedDict>, args: &Args<'_>) -> Result<()> {
    if let Some(&from) = args.pos.first() {
        add_any(cx, this, from)?;
    }
    for (k, v) in args.keywords() {
        store(cx, this, k.obj(), v)?;
    }
    Ok(())
}

/// Whether two have their (equal) keys in the same order.
fn same_order(cx: &mut Cx, a: Gc<Dict>, b: Gc<Dict>) -> Result<bool> {
    let (sa, sb) = (State::of(&a), State::of(&b));
    for ((x, _), (y, _)) in a.items().zip(b.items()) {
        let same = ops::equal(cx, x, y)?;
        sa.check(cx, &a)?;
        sb.check(cx, &b)?;
        if !same {
            return Ok(false);
        }
    }
    // Comparing the dicts may have changed one.
    Ok(a.len() == b.len())
}

/// An instance of `class`, which derives from this one, with the items of `from`.
fn made_of(cx: &mut Cx, class: Gc<Type>, from: Obj) -> Result<Gc<OrderedDict>> {
    let o = ops::call_args(cx, class.obj(), &[from])?;
    o.cast().ok_or_else(|| cx.type_error(format!("expected OrderedDict, got {}", cx.type_name(o))))
}

/// KeyError for `key` as the C code of `OrderedDict` raises it: a tuple is taken for the
/// arguments, and None for none.
fn missing(cx: &mut Cx, key: Obj) -> Raised {
    let args = match key.cast::<Tuple>() {
        Some(t) => t.items().to_vec(),
        None if key.is_none() => Vec::new(),
        None => vec![key],
    };
    // The key holds its items.
    match exc::with_args(cx, ExcKind::KeyError, &args) {
        Ok(e) | Err(e) => e,
    }
}

fn no_items(cx: &mut Cx) -> Raised {
    match cx.intern("dictionary is empty") {
        Ok(s) => exc::key_error(cx, s.obj()),
        Err(e) => e,
    }
}

/// Dictionary that remembers insertion order
#[class(module = "collections", name = "OrderedDict", base = "dict", subclassable, weakref, dict, mapping, unhashable)]
impl OrderedDict {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<OrderedDict> {
        let _ = (cls, args, &cx);
        Ok(OrderedDict { dict: Dict::empty() })
    }
    fn __init__(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        if args.pos.len() > 1 {
            return Err(cx.type_error(format!("expected at most 1 argument, got {}", args.pos.len())));
        }
        add_args(cx, this, &args)
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let name = ops::class_of(this.obj()).name();
        let mut out = StrBuf::new();
        out.push_str(&name);
        out.push_str("(");
        if !of(this).is_empty() {
            let Some(_entered) = repr_guard::enter(this.obj()) else {
                return Ok(cx.intern("...")?.obj());
            };
            let copy = dict::new(cx)?;
            if is_exact(this) {
                copy.merge(cx, of(this), false)?;
            } else {
                plain::merge_any(cx, copy, this.obj())?;
            }
            repr_guard::push_repr(cx, &mut out, copy.obj())?;
        }
        out.push_str(")");
        Ok(repr_guard::finish(cx, out)?.obj())
    }
    fn __iter__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        ordered_dict_iter::new(cx, of(this), Kind::Keys, false)
    }
    /// od.__reversed__() <==> reversed(od)
    fn __reversed__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        ordered_dict_iter::new(cx, of(this), Kind::Keys, true)
    }
    fn __richcmp__(this: Gc<Self>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let (Some(b), CompareOp::Eq | CompareOp::Ne) = (other.cast::<Dict>(), op) else {
            return Ok(Obj::NOT_IMPLEMENTED);
        };
        let a = of(this);
        let equal = plain::equal(cx, a, b)? && (other.cast::<OrderedDict>().is_none() || same_order(cx, a, b)?);
        Ok(Obj::bool(equal == (op == CompareOp::Eq)))
    }
    fn __or__(this: Gc<Self>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if other.cast::<Dict>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let new = made_of(cx, ops::class_of(this.obj()), this.obj())?;
        add_any(cx, new, other)?;
        Ok(new.obj())
    }
    fn __ror__(this: Gc<Self>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if other.cast::<Dict>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let new = made_of(cx, ops::class_of(this.obj()), other)?;
        add_any(cx, new, this.obj())?;
        Ok(new.obj())
    }
    fn __ior__(this: Gc<Self>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        add_any(cx, this, other)?;
        Ok(this.obj())
    }
    /// Create a new ordered dictionary with keys from iterable and values set to value.
    #[classmethod]
    #[sig(iterable, value = None)]
    fn fromkeys(cx: &mut Cx, cls: Gc<Type>, iterable: Obj, value: Obj) -> Result<Obj> {
        let new = ops::call_args(cx, cls.obj(), &[])?;
        let exact = new.cast::<OrderedDict>().filter(|o| is_exact(*o));
        ops::for_each(cx, iterable, |cx, k| {
            match exact {
                Some(o) => store(cx, o, k, value)?,
                None => ops::set_item(cx, new, k, value)?,
            }
            Ok(true)
        })?;
        Ok(new)
    }
    fn __sizeof__(this: Gc<Self>) -> usize {
        96 + of(this).table().map_or(0, |t| 24 * t.used().max(8))
    }
    /// Return state information for pickling
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let state = ops::call_method(cx, this.obj(), "__getstate__", &[])?;
        let items = ops::call_method(cx, this.obj(), "items", &[])?;
        let it = ops::get_iter(cx, items)?;
        let none = tuple_obj(cx, &[])?;
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), none, state, Obj::NONE, it])
    }
    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[sig(key, default = None)]
    fn setdefault(this: Gc<Self>, cx: &mut Cx, key: Obj, default: Obj) -> Result<Obj> {
        if is_exact(this) {
            return of(this).set_default(cx, key, default);
        }
        if ops::contains(cx, this.obj(), key)? {
            return ops::get_item(cx, this.obj(), key);
        }
        ops::set_item(cx, this.obj(), key, default)?;
        Ok(default)
    }
    /// od.pop(key[,default]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[sig(key, default = <unrepresentable>)]
    fn pop(this: Gc<Self>, cx: &mut Cx, key: Obj, default: Missing<Obj>) -> Result<Obj> {
        let hash = ops::hash(cx, key)?;
        match (of(this).remove_hashed(cx, key, hash)?, default) {
            (Some(v), _) | (None, Missing::Given(v)) => Ok(v),
            (None, Missing::Absent) => Err(missing(cx, key)),
        }
    }
    fn __setitem__(this: Gc<Self>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        // The error of a key without a hash is not a dict's.
        let hash = ops::hash(cx, key)?;
        of(this).insert_hashed(cx, key, hash, value).map(|_| ())
    }
    fn __delitem__(this: Gc<Self>, cx: &mut Cx, key: Obj) -> Result<()> {
        let hash = ops::hash(cx, key)?;
        match of(this).remove_hashed(cx, key, hash)? {
            Some(_) => Ok(()),
            None => Err(exc::key_error(cx, key)),
        }
    }
    /// Remove and return a (key, value) pair from the dictionary.
    ///
    /// Pairs are returned in LIFO order if last is true or FIFO order if
    /// false.
    #[sig(last = True)]
    fn popitem(this: Gc<Self>, cx: &mut Cx, last: bool) -> Result<(Obj, Obj)> {
        let d = of(this);
        let item = if last { d.pop_last(cx) } else { d.pop_first(cx) };
        item.ok_or_else(|| no_items(cx))
    }
    /// Move an existing element to the end (or beginning if last is false).
    ///
    /// Raise KeyError if the element does not exist.
    #[sig(key, last = True)]
    fn move_to_end(this: Gc<Self>, cx: &mut Cx, key: Obj, last: bool) -> Result<()> {
        if of(this).is_empty() {
            return Err(missing(cx, key));
        }
        ops::hash(cx, key)?;
        if !of(this).move_to_end(cx, key, last)? {
            return Err(missing(cx, key));
        }
        Ok(())
    }
    fn keys(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Ok(native::instance(cx, OrderedKeys { view: DictKeys { dict: of(this) } })?.obj())
    }
    fn values(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Ok(native::instance(cx, OrderedValues { view: DictValues { dict: of(this) } })?.obj())
    }
    fn items(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Ok(native::instance(cx, OrderedItems { view: DictItems { dict: of(this) } })?.obj())
    }
    fn update(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        if args.pos.len() > 1 {
            return Err(
                cx.type_error(format!("update() takes at most 1 positional argument ({} given)", args.pos.len()))
            );
        }
        add_args(cx, this, &args)
    }
    /// Remove all items from ordered dict.
    fn clear(this: Gc<Self>, cx: &Cx) {
        of(this).clear(cx);
    }
    /// A shallow copy of ordered dict.
    fn copy(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let d = of(this);
        if is_exact(this) {
            let new = native::instance(cx, OrderedDict { dict: Dict::empty() })?;
            d.copy_into(cx, &of(new))?;
            return Ok(new.obj());
        }
        let new = ops::call_args(cx, ops::class_of(this.obj()).obj(), &[])?;
        let state = State::of(&d);
        for (k, _) in d.items() {
            let v = ops::get_item(cx, this.obj(), k)?;
            ops::set_item(cx, new, k, v)?;
            state.check(cx, &d)?;
        }
        Ok(new)
    }
}
