//! Methods of `dict`. Its table and invariants are in typhon-object; views and
//! iterators are in `dict_views.rs`.
//!
//! Tests: tests/containers.rs; CPython test_dict.

use crate::{dict_views, generic_alias, iterators, repr_guard, seq};
use typhon_macros::class;
use typhon_object::dict::{self, Dict};
use typhon_object::native::{Args, Missing, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{
    CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, exc, name, new_type, ops, shape, str, tuple,
};
use typhon_text::strview::StrBuf;

/// Whether iterating over `o` visits what its table holds: no override.
fn iterates_plainly(o: Obj) -> bool {
    o.shape() == shape::DICT
        || (ops::class_of(o).special(Dunder::Iter) == types::class_for(shape::DICT).special(Dunder::Iter)
            && o.cast::<Dict>().is_some())
}

/// `to.update(from)` for a mapping.
pub fn merge_mapping(cx: &mut Cx, to: Gc<Dict>, from: Obj) -> Result<()> {
    if let Some(d) = from.cast::<Dict>().filter(|_| iterates_plainly(from)) {
        return to.merge(cx, d, false);
    }
    let keys = ops::call_method(cx, from, "keys", &[])?;
    let it = ops::get_iter(cx, keys)?;
    while let Some(k) = ops::iter_next(cx, it)? {
        let v = ops::get_item(cx, from, k)?;
        to.insert(cx, k, v)?;
    }
    Ok(())
}

/// `to.update(pairs)` for an iterable of pairs.
pub fn merge_pairs(cx: &mut Cx, to: Gc<Dict>, pairs: Obj) -> Result<()> {
    if let Some((keys, values)) = iterators::two_zipped(pairs) {
        // The pairs need not be made.
        while let Some(k) = ops::iter_next(cx, keys)? {
            let Some(v) = ops::iter_next(cx, values)? else { break };
            to.insert(cx, k, v)?;
        }
        return Ok(());
    }
    let it = ops::get_iter(cx, pairs)?;
    let mut i = 0;
    while let Some(pair) = ops::iter_next(cx, it)? {
        let items = match seq::fast_items(cx, pair, "object is not iterable") {
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                let note = format!("Cannot convert dictionary update sequence element #{i} to a sequence");
                new_type::add_note(cx, e.obj(), &note)?;
                return Err(e);
            }
            r => r?.1,
        };
        let &[k, v] = items else {
            return Err(cx.value_error(format!(
                "dictionary update sequence element #{i} has length {}; 2 is required",
                items.len()
            )));
        };
        to.insert(cx, k, v)?;
        i += 1;
    }
    Ok(())
}

/// What `dict(...)` and `update(...)` do with their arguments.
fn update_args(cx: &mut Cx, this: Gc<Dict>, args: &Args<'_>, what: &str) -> Result<()> {
    if args.pos.len() > 1 {
        return Err(cx.type_error(format!("{what} expected at most 1 argument, got {}", args.pos.len())));
    }
    if let Some(&from) = args.pos.first() {
        merge_any(cx, this, from)?;
    }
    for (k, v) in args.keywords() {
        this.insert(cx, k.obj(), v)?;
    }
    Ok(())
}

/// `to.update(from)`.
pub fn merge_any(cx: &mut Cx, to: Gc<Dict>, from: Obj) -> Result<()> {
    if from.shape() == shape::DICT {
        return merge_mapping(cx, to, from);
    }
    let n = name!(cx, "keys");
    if ops::get_attr_opt(cx, from, n)?.is_some() {
        return merge_mapping(cx, to, from);
    }
    merge_pairs(cx, to, from)
}

/// Whether two dicts have equal items.
pub fn equal(cx: &mut Cx, a: Gc<Dict>, b: Gc<Dict>) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let Some(t) = a.table() else { return Ok(true) };
    for e in t.entries() {
        let Some(v) = e.value() else { continue };
        match b.get_hashed(cx, e.key(), e.hash())? {
            Some(w) if ops::equal(cx, v, w)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// `d[key]`, with `__missing__` of subclasses.
pub fn subscript(cx: &mut Cx, this: Gc<Dict>, key: Obj) -> Result<Obj> {
    if let Some(v) = this.get(cx, key)? {
        return Ok(v);
    }
    if this.obj().shape() != shape::DICT
        && let Some(r) = ops::call_special(cx, this.obj(), Dunder::Missing, &[key])?
    {
        return Ok(r);
    }
    Err(exc::key_error(cx, key))
}

fn empty_pop(cx: &Cx) -> Raised {
    match str::new(cx, "popitem(): dictionary is empty") {
        Ok(s) => exc::key_error(cx, s.obj()),
        Err(e) => e,
    }
}

struct DictMethods;

#[class(name = "dict", extends = Dict)]
impl DictMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        if cls.root_shape() == shape::DICT {
            return Ok(dict::new(cx)?.obj());
        }
        Ok(instance_of(cx, cls, Dict::empty())?.obj())
    }

    fn __init__(this: Gc<Dict>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        update_args(cx, this, &args, "dict")
    }

    fn __repr__(this: Gc<Dict>, cx: &mut Cx) -> Result<Obj> {
        let Some(_entered) = repr_guard::enter(this.obj()) else {
            return Ok(str::new(cx, "{...}")?.obj());
        };
        let mut out = StrBuf::new();
        out.push_str("{");
        let mut pos = 0;
        while let Some((next, k, v)) = this.next_from(pos) {
            if pos > 0 {
                out.push_str(", ");
            }
            pos = next;
            repr_guard::push_repr(cx, &mut out, k)?;
            out.push_str(": ");
            repr_guard::push_repr(cx, &mut out, v)?;
        }
        out.push_str("}");
        Ok(repr_guard::finish(cx, out)?.obj())
    }

    #[leaf]
    fn __len__(this: Gc<Dict>) -> usize {
        this.len()
    }

    /// Return self[key].
    fn __getitem__(this: Gc<Dict>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        subscript(cx, this, key)
    }

    fn __setitem__(this: Gc<Dict>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        this.insert(cx, key, value).map(|_| ())
    }

    fn __delitem__(this: Gc<Dict>, cx: &mut Cx, key: Obj) -> Result<()> {
        match this.remove(cx, key)? {
            Some(_) => Ok(()),
            None => Err(exc::key_error(cx, key)),
        }
    }

    /// True if the dictionary has the specified key, else False.
    fn __contains__(this: Gc<Dict>, cx: &mut Cx, key: Obj) -> Result<bool> {
        Ok(this.get(cx, key)?.is_some())
    }

    fn __iter__(this: Gc<Dict>, cx: &mut Cx) -> Result<Obj> {
        dict_views::key_iter(cx, this)
    }

    /// Return a reverse iterator over the dict keys.
    fn __reversed__(this: Gc<Dict>, cx: &mut Cx) -> Result<Obj> {
        dict_views::reversed(cx, this, dict_views::Kind::Keys)
    }

    fn __richcmp__(this: Gc<Dict>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<Dict>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        match op {
            CompareOp::Eq => Ok(Obj::bool(equal(cx, this, b)?)),
            CompareOp::Ne => Ok(Obj::bool(!equal(cx, this, b)?)),
            _ => Ok(Obj::NOT_IMPLEMENTED),
        }
    }

    fn __or__(this: Gc<Dict>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if other.cast::<Dict>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let d = dict::copy(cx, &this)?;
        merge_any(cx, d, other)?;
        Ok(d.obj())
    }

    fn __ror__(this: Gc<Dict>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let Some(a) = other.cast::<Dict>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        let d = dict::copy(cx, &a)?;
        merge_any(cx, d, this.obj())?;
        Ok(d.obj())
    }

    fn __ior__(this: Gc<Dict>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        merge_any(cx, this, other)?;
        Ok(this.obj())
    }

    /// Return the value for key if key is in the dictionary, else default.
    #[sig(key, default = None, /)]
    fn get(this: Gc<Dict>, cx: &mut Cx, key: Obj, default: Obj) -> Result<Obj> {
        Ok(this.get(cx, key)?.unwrap_or(default))
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[sig(key, default = None, /)]
    fn setdefault(this: Gc<Dict>, cx: &mut Cx, key: Obj, default: Obj) -> Result<Obj> {
        this.set_default(cx, key, default)
    }

    /// D.pop(k[,d]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[sig(key, default = <unrepresentable>, /)]
    fn pop(this: Gc<Dict>, cx: &mut Cx, key: Obj, default: Missing<Obj>) -> Result<Obj> {
        if this.is_empty() {
            // An empty dict does not hash the key when it has a default.
            if let Missing::Given(d) = default {
                return Ok(d);
            }
            return Err(exc::key_error(cx, key));
        }
        match (this.remove(cx, key)?, default) {
            (Some(v), _) | (None, Missing::Given(v)) => Ok(v),
            (None, Missing::Absent) => Err(exc::key_error(cx, key)),
        }
    }

    /// Remove and return a (key, value) pair as a 2-tuple.
    ///
    /// Pairs are returned in LIFO (last-in, first-out) order.
    /// Raises KeyError if the dict is empty.
    fn popitem(this: Gc<Dict>, cx: &Cx) -> Result<(Obj, Obj)> {
        this.pop_last(cx).ok_or_else(|| empty_pop(cx))
    }

    /// Return a set-like object providing a view on the dict's keys.
    fn keys(this: Gc<Dict>, cx: &mut Cx) -> Result<Obj> {
        dict_views::view(cx, this, dict_views::Kind::Keys)
    }

    /// Return an object providing a view on the dict's values.
    fn values(this: Gc<Dict>, cx: &mut Cx) -> Result<Obj> {
        dict_views::view(cx, this, dict_views::Kind::Values)
    }

    /// Return a set-like object providing a view on the dict's items.
    fn items(this: Gc<Dict>, cx: &mut Cx) -> Result<Obj> {
        dict_views::view(cx, this, dict_views::Kind::Items)
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    ///
    /// If E is present and has a .keys() method, then does:  for k in E.keys(): D[k] = E[k]
    /// If E is present and lacks a .keys() method, then does:  for k, v in E: D[k] = v
    /// In either case, this is followed by: for k in F:  D[k] = F[k]
    fn update(this: Gc<Dict>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        update_args(cx, this, &args, "update")
    }

    /// Remove all items from the dict.
    fn clear(this: Gc<Dict>, cx: &Cx) {
        this.clear(cx);
    }

    /// Return a shallow copy of the dict.
    fn copy(this: Gc<Dict>, cx: &Cx) -> Result<Gc<Dict>> {
        dict::copy(cx, &this)
    }

    /// Create a new dictionary with keys from iterable and values set to value.
    #[classmethod]
    #[sig(iterable, value = None, /)]
    fn fromkeys(cx: &mut Cx, cls: Gc<Type>, iterable: Obj, value: Obj) -> Result<Obj> {
        let d = ops::call_args(cx, cls.obj(), &[])?;
        let plain = d.cast::<Dict>().filter(|_| d.shape() == shape::DICT);
        // The keys of a set or dict come with their hashes.
        let hashed = match iterable.shape() {
            shape::SET | shape::FROZENSET => iterable.cast::<crate::set::SetItems>().map(|s| &s.payload().items),
            shape::DICT => iterable.cast::<Dict>().map(|d| d.payload()),
            _ => None,
        };
        if let (Some(p), Some(keys)) = (plain, hashed.filter(|_| iterable.is_ptr())) {
            for e in keys.table().map_or(&[][..], |t| t.entries()) {
                if e.value().is_some() {
                    p.insert_hashed(cx, e.key(), e.hash(), value)?;
                }
            }
            return Ok(d);
        }
        let it = ops::get_iter(cx, iterable)?;
        while let Some(k) = ops::iter_next(cx, it)? {
            match plain {
                Some(p) => {
                    p.insert(cx, k, value)?;
                }
                None => ops::set_item(cx, d, k, value)?,
            }
        }
        Ok(d)
    }

    /// Return the size of the dict in memory, in bytes.
    fn __sizeof__(this: Gc<Dict>) -> usize {
        64 + this.table().map_or(0, |t| 24 * t.used().max(8))
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        generic_alias::new(cx, cls.obj(), item)
    }
}

/// A `(key, value)` tuple.
pub fn pair(cx: &Cx, k: Obj, v: Obj) -> Result<Obj> {
    Ok(tuple::new(cx, &[k, v])?.obj())
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = types::class_for(shape::DICT);
    types::add_members(cx, t, DictMethods::MEMBERS)?;
    types::set_attr(cx, t, types::d_name(cx, Dunder::Hash), Some(Obj::NONE))?;
    dict_views::init(cx)
}
