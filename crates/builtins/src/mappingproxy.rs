//! `types.MappingProxyType`: a read-only view of a mapping.
//!
//! Tests: tests/containers.rs; CPython test_types.

use crate::generic_alias;
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{MAPPING, Payload, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{BinaryOp, CompareOp, Cx, Dunder, Gc, Obj, Result, boot, list, ops, shape, str, tuple};

/// The payload of a `mappingproxy`.
#[derive(Trace)]
#[repr(C)]
pub struct MappingProxy {
    /// What it shows.
    pub mapping: Obj,
}

impl Payload for MappingProxy {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.shape() == shape::MAPPING_PROXY
    }
}

/// A read-only view of `mapping`.
pub fn new(cx: &Cx, mapping: Obj) -> Result<Obj> {
    Ok(instance_of(cx, types::class_for(shape::MAPPING_PROXY), MappingProxy { mapping })?.obj())
}

fn unwrap(o: Obj) -> Obj {
    o.cast::<MappingProxy>().map_or(o, |p| p.mapping)
}

#[class(name = "mappingproxy", extends = MappingProxy)]
impl MappingProxy {
    #[sig(mapping)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, mapping: Obj) -> Result<Obj> {
        let _ = cls;
        let bad = ops::class_of(mapping).special(Dunder::GetItem).is_none()
            || mapping.cast::<list::List>().is_some()
            || mapping.cast::<tuple::Tuple>().is_some();
        if bad {
            return Err(
                cx.type_error(format!("mappingproxy() argument must be a mapping, not {}", cx.type_name(mapping)))
            );
        }
        new(cx, mapping)
    }
    fn __len__(&self, cx: &mut Cx) -> Result<usize> {
        ops::len(cx, self.mapping)
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        ops::get_item(cx, self.mapping, key)
    }
    fn __contains__(&self, cx: &mut Cx, key: Obj) -> Result<bool> {
        match self.mapping.cast::<Dict>() {
            Some(d) if self.mapping.shape() == shape::DICT => Ok(d.get(cx, key)?.is_some()),
            _ => ops::contains(cx, self.mapping, key),
        }
    }
    fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
        ops::get_iter(cx, self.mapping)
    }
    fn __reversed__(&self, cx: &mut Cx) -> Result<Obj> {
        ops::call_method(cx, self.mapping, "__reversed__", &[])
    }
    fn __str__(&self, cx: &mut Cx) -> Result<Gc<str::Str>> {
        ops::to_str(cx, self.mapping)
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        Ok(format!("mappingproxy({})", ops::repr(cx, self.mapping)?.to_str()))
    }
    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        ops::hash(cx, self.mapping)
    }
    fn __richcmp__(this: Gc<MappingProxy>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        ops::rich_compare(cx, this.mapping, unwrap(other), op)
    }
    fn __or__(this: Gc<MappingProxy>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        ops::binary(cx, BinaryOp::Or, this.mapping, unwrap(other))
    }
    fn __ror__(this: Gc<MappingProxy>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        ops::binary(cx, BinaryOp::Or, unwrap(other), this.mapping)
    }
    fn __ior__(this: Gc<MappingProxy>, cx: &mut Cx, _other: Obj) -> Result<Obj> {
        let _ = this;
        Err(cx.type_error("'|=' is not supported by mappingproxy; use '|' instead"))
    }
    /// Return the value for key if key is in the mapping, else default.
    #[sig(key, default = None, /)]
    fn get(&self, cx: &mut Cx, key: Obj, default: Obj) -> Result<Obj> {
        ops::call_method(cx, self.mapping, "get", &[key, default])
    }
    /// a set-like object providing a view on D's keys
    fn keys(&self, cx: &mut Cx) -> Result<Obj> {
        ops::call_method(cx, self.mapping, "keys", &[])
    }
    /// an object providing a view on D's values
    fn values(&self, cx: &mut Cx) -> Result<Obj> {
        ops::call_method(cx, self.mapping, "values", &[])
    }
    /// a set-like object providing a view on D's items
    fn items(&self, cx: &mut Cx) -> Result<Obj> {
        ops::call_method(cx, self.mapping, "items", &[])
    }
    /// a shallow copy of D
    fn copy(&self, cx: &mut Cx) -> Result<Obj> {
        ops::call_method(cx, self.mapping, "copy", &[])
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        generic_alias::new(cx, cls.obj(), item)
    }
}

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let layout = types::layout_of::<MappingProxy>(0);
    let doc = "Read-only proxy of a mapping.";
    let t = boot::define(cx, shape::MAPPING_PROXY, "mappingproxy", doc, MAPPING, None, Some(layout))?;
    types::add_members(cx, t, MappingProxy::MEMBERS)
}
