//! Methods of `type`. Its attributes that are computed are in `type_attrs.rs`.
//!
//! Tests: tests/lang/metaclasses.md; CPython test_descr, test_metaclass.

use crate::object::{keys, merge_class_dict};
use crate::{any, hooks, object, type_attrs, union};
use typhon_macros::class;
use typhon_object::dict::{self, Dict};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, list, name, ops, shape, str};
use typhon_object::{mro, new_type};

struct TypeMethods;

/// Check what becomes a class's `__name__`.
pub fn check_name(cx: &mut Cx, name: Gc<Str>) -> Result<()> {
    if name.chars().any(|c| c == 0) {
        return Err(cx.value_error("type name must not contain null characters"));
    }
    check_text(cx, name)
}

/// Raise for text that is no UTF-8, because it has half a surrogate pair.
fn check_text(cx: &mut Cx, s: Gc<Str>) -> Result<()> {
    if s.chars().any(|c| (0xd800..0xe000).contains(&c)) {
        ops::call_method(cx, s.obj(), "encode", &[])?;
    }
    Ok(())
}

/// `type.__new__` with its arguments checked.
fn make(cx: &mut Cx, meta: Gc<Type>, args: Args<'_>, name: Gc<Str>, bases: Gc<Tuple>, ns: Gc<Dict>) -> Result<Obj> {
    for b in bases.items() {
        if b.cast::<Type>().is_none() && ops::get_attr_opt(cx, *b, name!(cx, "__mro_entries__"))?.is_some() {
            return Err(cx.type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
        }
    }
    let winner = new_type::calculate_metaclass(cx, meta, bases.items())?;
    if winner != meta {
        let own = types::class_for(shape::TYPE).special(Dunder::New);
        if let Some(new) = winner.special(Dunder::New).filter(|n| Some(*n) != own) {
            let f = ops::bind_descriptor_class(cx, new, winner)?;
            return ops::call_prepend(cx, f, winner.obj(), args.all(), args.kw);
        }
    }
    check_name(cx, name)?;
    if let Some(doc) = ns.get_str(name!(cx, "__doc__")).and_then(|d| d.cast::<Str>()) {
        check_text(cx, doc)?;
    }
    if ns.items().any(|(k, _)| k.cast::<Str>().is_none()) {
        let text = format!("non-string key in the __dict__ of class {}", name.to_str());
        hooks::warn(cx, &text, ExcKind::RuntimeWarning)?;
    }
    let ns = match (ns.get_str(name!(cx, "__module__")), hooks::CALLER_MODULE.get()) {
        (None, Some(module)) => {
            let copy = dict::copy(cx, &ns)?;
            if let Some(m) = module(cx) {
                copy.insert_str(cx, name!(cx, "__module__"), m)?;
            }
            copy
        }
        _ => ns,
    };
    let t = new_type::new_type(cx, winner, name, bases, ns)?;
    new_type::finish(cx, t, &args.all()[args.pos.len()..], args.kw)?;
    Ok(t.obj())
}

#[class(name = "type", extends = Type)]
impl TypeMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let &[name, bases, ns] = args.pos else {
            return Err(cx.type_error(format!("type.__new__() takes exactly 3 arguments ({} given)", args.pos.len())));
        };
        let name = any::str_arg(cx, name, "type.__new__() argument 1")?;
        let Some(bases) = bases.cast::<Tuple>() else {
            return Err(any::bad_arg(cx, "type.__new__() argument 2", "tuple", bases));
        };
        let Some(ns) = ns.cast::<Dict>() else {
            return Err(any::bad_arg(cx, "type.__new__() argument 3", "dict", ns));
        };
        make(cx, cls, args, name, bases, ns)
    }

    fn __init__(this: Gc<Type>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let _ = this;
        if args.pos.len() == 1 && args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("type.__init__() takes no keyword arguments"));
        }
        if args.pos.len() != 1 && args.pos.len() != 3 {
            return Err(cx.type_error("type.__init__() takes 1 or 3 arguments"));
        }
        Ok(())
    }

    fn __call__(this: Gc<Type>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        ops::call_type(cx, this.obj(), args.all(), args.kw)
    }

    fn __repr__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let module = type_attrs::module(cx, this);
        let q = this.qualname().map_or_else(|| this.name().into_owned(), |q| q.to_str().into_owned());
        let s = match module.and_then(|m| m.cast::<Str>()) {
            Some(m) if !m.eq_str("builtins") => format!("<class '{}.{q}'>", m.to_str()),
            _ => format!("<class '{}'>", this.name()),
        };
        Ok(str::new(cx, &s)?.obj())
    }

    fn __getattribute__(this: Gc<Type>, cx: &mut Cx, name: Obj) -> Result<Obj> {
        let name = object::attr_name(cx, name)?;
        ops::type_get_attr(cx, this, name)
    }

    fn __setattr__(this: Gc<Type>, cx: &mut Cx, name: Obj, value: Obj) -> Result<()> {
        let name = object::attr_name(cx, name)?;
        ops::type_set_attr(cx, this, name, Some(value))
    }

    fn __delattr__(this: Gc<Type>, cx: &mut Cx, name: Obj) -> Result<()> {
        let name = object::attr_name(cx, name)?;
        ops::type_set_attr(cx, this, name, None)
    }

    fn __or__(this: Gc<Type>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        union::new(cx, this.obj(), value)
    }

    fn __ror__(this: Gc<Type>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        union::new(cx, value, this.obj())
    }

    /// Return a type's method resolution order.
    fn mro(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let m = mro::compute(cx, this)?;
        Ok(list::new(cx, m.items())?.obj())
    }

    /// Return a list of immediate subclasses.
    fn __subclasses__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        Ok(typhon_object::subclasses::of(cx, this)?.obj())
    }

    /// Create the namespace for the class statement
    #[classmethod]
    fn __prepare__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        Ok(dict::new(cx)?.obj())
    }

    /// Check if an object is an instance.
    #[sig(instance, /)]
    fn __instancecheck__(this: Gc<Type>, cx: &mut Cx, instance: Obj) -> Result<bool> {
        ops::real_is_instance(cx, instance, this.obj())
    }

    /// Check if a class is a subclass.
    #[sig(subclass, /)]
    fn __subclasscheck__(this: Gc<Type>, cx: &mut Cx, subclass: Obj) -> Result<bool> {
        ops::real_is_subclass(cx, subclass, this.obj())
    }

    /// Specialized __dir__ implementation for types.
    fn __dir__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let all = dict::new(cx)?;
        merge_class_dict(cx, all, this.obj())?;
        keys(cx, all)
    }

    /// Return memory consumption of the type object.
    fn __sizeof__(this: Gc<Type>) -> usize {
        shape::layout(this.obj().shape()).size as usize
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = types::class_for(shape::TYPE);
    types::add_members(cx, t, TypeMethods::MEMBERS)?;
    type_attrs::init(cx)
}
