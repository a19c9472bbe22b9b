//! `collections.defaultdict`.
//!
//! The payload is a dict's with one word behind it, so everything that takes a
//! dict takes it. The factory is kept as a hidden attribute of the instance.
//! Tests: CPython test_defaultdict.

use crate::util::tuple_obj;
use typhon_builtins::repr_guard;
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::Args;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::Type;
use typhon_object::{Cx, Dunder, Result, exc, ops, shape, types};

/// `collections.defaultdict`.
#[derive(Trace)]
#[repr(C)]
pub struct DefaultDict {
    dict: Dict,
    factory: Slot,
}

/// defaultdict(default_factory=None, /, [...]) --> dict with default factory
///
/// The default factory is called without arguments to produce
/// a new value when a key is not present, in __getitem__ only.
/// A defaultdict compares equal to a dict with the same items.
/// All remaining arguments are treated the same as if they were
/// passed to the dict constructor, including keyword arguments.
#[class(module = "collections", name = "defaultdict", base = "dict", subclassable, weakref, mapping, unhashable)]
impl DefaultDict {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<DefaultDict> {
        let _ = (cls, args, &cx);
        Ok(DefaultDict { dict: Dict::empty(), factory: Slot::empty() })
    }
    fn __init__(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let (factory, rest) = match args.pos.split_first() {
            Some((f, _)) => {
                if !f.is_none() && !crate::codecs::registry::callable(*f) {
                    return Err(cx.type_error("first argument must be callable or None"));
                }
                (*f, &args.all()[1..])
            }
            None => (Obj::NONE, args.all()),
        };
        this.payload().factory.set(cx, this, factory);
        let init = types::class_for(shape::DICT).special(Dunder::Init).expect("dict has __init__");
        ops::call_unbound(cx, init, this.obj(), rest, args.kw)?;
        Ok(())
    }
    /// __missing__(key) # Called by __getitem__ for missing key; pseudo-code:
    /// if self.default_factory is None: raise KeyError((key,))
    /// self[key] = value = self.default_factory()
    /// return value
    fn __missing__(this: Gc<Self>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        let f = this.factory.obj().unwrap_or(Obj::NONE);
        if f.is_none() {
            return Err(exc::key_error(cx, key));
        }
        let v = ops::call_args(cx, f, &[])?;
        // A value that the factory has put there stays.
        let d: Gc<Dict> = this.obj().cast().expect("a defaultdict is a dict");
        d.set_default(cx, key, v)
    }
    /// Factory for default value called by __missing__().
    #[getter]
    fn default_factory(&self) -> Obj {
        self.factory.obj().unwrap_or(Obj::NONE)
    }
    #[setter]
    fn set_default_factory(this: Gc<Self>, cx: &Cx, v: Option<Obj>) {
        this.payload().factory.put(cx, this, v);
    }
    /// D.copy() -> a shallow copy of D.
    fn copy(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let c = ops::class_of(this.obj()).obj();
        ops::call_args(cx, c, &[this.factory.obj().unwrap_or(Obj::NONE), this.obj()])
    }
    /// D.copy() -> a shallow copy of D.
    fn __copy__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        DefaultDict::copy(this, cx)
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let base = types::class_for(shape::DICT).special(Dunder::Repr).expect("dict has __repr__");
        let r = ops::call_unbound(cx, base, this.obj(), &[], None)?;
        let r = ops::to_str(cx, r)?.to_str().into_owned();
        let f = this.factory.obj().unwrap_or(Obj::NONE);
        let f = match repr_guard::enter(f) {
            Some(_inside) => ops::repr(cx, f)?.to_str().into_owned(),
            None => "...".to_string(),
        };
        Ok(format!("{}({f}, {r})", ops::class_of(this.obj()).name()))
    }
    fn __or__(this: Gc<Self>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if other.cast::<Dict>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let new = DefaultDict::copy(this, cx)?;
        ops::call_method(cx, new, "update", &[other])?;
        Ok(new)
    }
    fn __ror__(this: Gc<Self>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if other.cast::<Dict>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let c = ops::class_of(this.obj()).obj();
        let new = ops::call_args(cx, c, &[this.factory.obj().unwrap_or(Obj::NONE), other])?;
        ops::call_method(cx, new, "update", &[this.obj()])?;
        Ok(new)
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let f = this.factory.obj().unwrap_or(Obj::NONE);
        let args = if f.is_none() { tuple_obj(cx, &[])? } else { tuple_obj(cx, &[f])? };
        let items = ops::call_method(cx, this.obj(), "items", &[])?;
        let it = ops::get_iter(cx, items)?;
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), args, Obj::NONE, Obj::NONE, it])
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}
