//! `_collections`: `deque`, `defaultdict`, `OrderedDict`, helpers of
//! `namedtuple` and `Counter`.
//!
//! Tests: CPython test_deque, test_defaultdict, test_ordered_dict, test_collections.

mod defaultdict;
mod deque;
mod ordered_dict;
mod ordered_dict_iter;

use defaultdict::DefaultDict;
use deque::{Deque, DequeIter, DequeReverseIter};
use ordered_dict::OrderedDict;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::Dict;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::tuple::Tuple;
use typhon_object::{BinaryOp, Cx, Result, int, ops};

/// `_collections._tuplegetter`: the attributes of named tuples.
#[derive(Trace)]
pub struct TupleGetter {
    index: usize,
    doc: Slot,
}

#[class(module = "collections", name = "_tuplegetter")]
impl TupleGetter {
    #[sig(index, doc, /)]
    fn __new__(index: usize, doc: Obj) -> TupleGetter {
        TupleGetter { index, doc: Slot::new(doc) }
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<Self>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        if instance.is_none() {
            return if owner.is_none() { Err(cx.type_error("__get__(None, None) is invalid")) } else { Ok(this.obj()) };
        }
        match instance.cast::<Tuple>() {
            Some(t) => t
                .get(this.index)
                .ok_or_else(|| cx.error(typhon_object::ExcKind::IndexError, "tuple index out of range")),
            None => Err(cx.type_error(format!(
                "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                this.index,
                cx.type_name(instance)
            ))),
        }
    }
    fn __set__(&self, cx: &mut Cx, instance: Obj, value: Obj) -> Result<()> {
        let _ = (instance, value);
        Err(cx.error(typhon_object::ExcKind::AttributeError, "can't set attribute"))
    }
    fn __delete__(&self, cx: &mut Cx, instance: Obj) -> Result<()> {
        let _ = instance;
        Err(cx.error(typhon_object::ExcKind::AttributeError, "can't delete attribute"))
    }
    #[getter]
    fn __doc__(&self) -> Obj {
        self.doc.obj().unwrap_or(Obj::NONE)
    }
    #[setter]
    #[name("__doc__")]
    fn set_doc(this: Gc<Self>, cx: &Cx, v: Obj) {
        this.payload().doc.set(cx, this, v);
    }
    fn __reduce__(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        let args =
            crate::util::tuple_obj(cx, &[Obj::int_unchecked(this.index as i64), this.doc.obj().unwrap_or(Obj::NONE)])?;
        crate::util::tuple_obj(cx, &[ops::class_of(this.obj()).obj(), args])
    }
}

/// High performance data structures.
/// - deque:        ordered collection accessible from endpoints only
/// - defaultdict:  dict subclass with a default value factory
#[module("_collections", classes(Deque, DequeIter, DequeReverseIter, DefaultDict, OrderedDict, TupleGetter))]
pub mod collections {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let _ = module;
        ordered_dict_iter::init(cx)
    }

    /// Count elements in the iterable, updating the mapping
    #[name("_count_elements")]
    fn count_elements(cx: &mut Cx, mapping: Obj, iterable: Obj) -> Result<()> {
        let one = Obj::int_unchecked(1);
        let plain = mapping.cast::<Dict>().filter(|_| {
            let c = ops::class_of(mapping);
            let d = typhon_object::types::class_for(typhon_object::shape::DICT);
            let same = |m| c.special(m) == d.special(m);
            let get = cx.lookup(c, typhon_object::name!(cx, "get")) == cx.lookup(d, typhon_object::name!(cx, "get"));
            get && same(typhon_object::Dunder::SetItem)
        });
        if let Some(d) = plain {
            return ops::for_each(cx, iterable, |cx, v| {
                let h = ops::hash(cx, v)?;
                let new = match d.get_hashed(cx, v, h)? {
                    None => one,
                    Some(n) => match n.as_small_int() {
                        Some(i) => int::from_i64(cx, i + 1)?,
                        None => ops::binary(cx, BinaryOp::Add, n, one)?,
                    },
                };
                d.insert_hashed(cx, v, h, new)?;
                Ok(true)
            });
        }
        let get = crate::util::attr(cx, mapping, "get")?;
        ops::for_each(cx, iterable, |cx, v| {
            let old = ops::call_args(cx, get, &[v, Obj::int_unchecked(0)])?;
            let new = ops::binary(cx, BinaryOp::Add, old, one)?;
            ops::set_item(cx, mapping, v, new)?;
            Ok(true)
        })
    }
}
