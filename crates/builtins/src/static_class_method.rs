//! `staticmethod` and `classmethod`.
//!
//! Tests: tests/containers.rs; CPython test_descr, test_decorators.

use crate::property::is_abstract;
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args, DICT, Missing, Payload, SUBCLASSABLE, WEAKREF, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, Slot, boot, instance, method, ops, shape};

/// The payload of a `staticmethod`.
#[derive(Trace)]
#[repr(C)]
pub struct StaticMethod {
    /// `__func__`.
    pub func: Slot,
}

impl Payload for StaticMethod {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::STATIC_METHOD || native::has_payload(o, shape::STATIC_METHOD))
    }
}

/// Take over the function's names and docstring.
fn adopt(cx: &mut Cx, o: Obj, f: Obj) -> Result<()> {
    for n in ["__module__", "__name__", "__qualname__", "__doc__"] {
        let n = cx.intern(n)?;
        if let Some(v) = ops::get_attr_opt(cx, f, n)?
            && instance::has_attrs(o)
        {
            instance::set(cx, o, n, v)?;
        }
    }
    Ok(())
}

/// `__annotations__` and its like: the method's own, or the function's, which is
/// then kept.
fn wrapped_attr(cx: &mut Cx, o: Obj, func: &Slot, n: &str) -> Result<Obj> {
    let n = cx.intern(n)?;
    if let Some(v) = instance::get(o, n) {
        return Ok(v);
    }
    let f = func.obj().unwrap_or(Obj::NONE);
    let v = ops::get_attr(cx, f, n)?;
    instance::set(cx, o, n, v)?;
    Ok(v)
}

fn set_wrapped_attr(cx: &mut Cx, o: Obj, class: &str, n: &str, v: Missing<Obj>) -> Result<()> {
    let key = cx.intern(n)?;
    match v {
        Missing::Given(v) => instance::set(cx, o, key, v),
        Missing::Absent if instance::delete(cx, o, key) => Ok(()),
        Missing::Absent => Err(cx.error(ExcKind::AttributeError, format!("'{class}' object has no attribute '{n}'"))),
    }
}

fn one_function(cx: &mut Cx, args: &Args<'_>, name: &str) -> Result<Obj> {
    if args.kw.is_some_and(|k| !k.is_empty()) {
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    match args.pos {
        [f] => Ok(*f),
        _ => Err(cx.type_error(format!("{name} expected 1 argument, got {}", args.pos.len()))),
    }
}

fn uninitialized(cx: &Cx, name: &str) -> typhon_object::Raised {
    cx.error(ExcKind::RuntimeError, format!("uninitialized {name} object"))
}

fn is_bound_to_abstract(cx: &mut Cx, func: &Slot) -> Result<bool> {
    match func.obj() {
        Some(f) => is_abstract(cx, f),
        None => Ok(false),
    }
}

fn repr(cx: &mut Cx, name: &str, func: &Slot) -> Result<String> {
    let f = func.obj().unwrap_or(Obj::NONE);
    Ok(format!("<{name}({})>", ops::repr(cx, f)?.to_str()))
}

#[class(name = "staticmethod", extends = StaticMethod)]
impl StaticMethod {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        Ok(instance_of(cx, cls, StaticMethod { func: Slot::empty() })?.obj())
    }
    fn __init__(this: Gc<StaticMethod>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let f = one_function(cx, &args, "staticmethod")?;
        this.func.set(cx, this, f);
        adopt(cx, this.obj(), f)
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<StaticMethod>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        let _ = (instance, owner);
        this.func.obj().ok_or_else(|| uninitialized(cx, "staticmethod"))
    }
    fn __call__(this: Gc<StaticMethod>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let f = this.func.obj().ok_or_else(|| uninitialized(cx, "staticmethod"))?;
        ops::call(cx, f, args.all(), args.kw)
    }
    fn __repr__(this: Gc<StaticMethod>, cx: &mut Cx) -> Result<String> {
        repr(cx, "staticmethod", &this.func)
    }
    #[getter]
    fn __func__(this: Gc<StaticMethod>) -> Option<Obj> {
        this.func.obj()
    }
    #[getter]
    fn __wrapped__(this: Gc<StaticMethod>) -> Option<Obj> {
        this.func.obj()
    }
    #[getter]
    fn __annotations__(this: Gc<StaticMethod>, cx: &mut Cx) -> Result<Obj> {
        wrapped_attr(cx, this.obj(), &this.func, "__annotations__")
    }
    #[setter]
    #[name("__annotations__")]
    fn set_annotations(this: Gc<StaticMethod>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        set_wrapped_attr(cx, this.obj(), "staticmethod", "__annotations__", value)
    }
    #[getter]
    fn __annotate__(this: Gc<StaticMethod>, cx: &mut Cx) -> Result<Obj> {
        wrapped_attr(cx, this.obj(), &this.func, "__annotate__")
    }
    #[setter]
    #[name("__annotate__")]
    fn set_annotate(this: Gc<StaticMethod>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        set_wrapped_attr(cx, this.obj(), "staticmethod", "__annotate__", value)
    }
    #[getter]
    fn __isabstractmethod__(this: Gc<StaticMethod>, cx: &mut Cx) -> Result<bool> {
        is_bound_to_abstract(cx, &this.func)
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias::new(cx, cls.obj(), item)
    }
}

/// The payload of a `classmethod`.
#[derive(Trace)]
pub struct ClassMethod {
    /// `__func__`.
    pub func: Slot,
}

/// Convert a function to be a class method.
///
/// A class method receives the class as implicit first argument,
/// just like an instance method receives the instance.
/// To declare a class method, use this idiom:
///
///   class C:
///       @classmethod
///       def f(cls, arg1, arg2, argN):
///           ...
///
/// It can be called either on the class (e.g. C.f()) or on an instance
/// (e.g. C().f()).  The instance is ignored except for its class.
/// If a class method is called for a derived class, the derived class
/// object is passed as the implied first argument.
///
/// Class methods are different than C++ or Java static methods.
/// If you want those, see the staticmethod builtin.
#[class(name = "classmethod", subclassable, dict, weakref)]
impl ClassMethod {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        Ok(instance_of(cx, cls, ClassMethod { func: Slot::empty() })?.obj())
    }
    fn __init__(this: Gc<ClassMethod>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let f = one_function(cx, &args, "classmethod")?;
        this.func.set(cx, this, f);
        adopt(cx, this.obj(), f)
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<ClassMethod>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        let f = this.func.obj().ok_or_else(|| uninitialized(cx, "classmethod"))?;
        let owner = if owner.is_none() { ops::class_of(instance).obj() } else { owner };
        method::new(cx, f, owner)
    }
    fn __repr__(this: Gc<ClassMethod>, cx: &mut Cx) -> Result<String> {
        repr(cx, "classmethod", &this.func)
    }
    #[getter]
    fn __func__(this: Gc<ClassMethod>) -> Option<Obj> {
        this.func.obj()
    }
    #[getter]
    fn __wrapped__(this: Gc<ClassMethod>) -> Option<Obj> {
        this.func.obj()
    }
    #[getter]
    fn __annotations__(this: Gc<ClassMethod>, cx: &mut Cx) -> Result<Obj> {
        wrapped_attr(cx, this.obj(), &this.func, "__annotations__")
    }
    #[setter]
    #[name("__annotations__")]
    fn set_annotations(this: Gc<ClassMethod>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        set_wrapped_attr(cx, this.obj(), "classmethod", "__annotations__", value)
    }
    #[getter]
    fn __annotate__(this: Gc<ClassMethod>, cx: &mut Cx) -> Result<Obj> {
        wrapped_attr(cx, this.obj(), &this.func, "__annotate__")
    }
    #[setter]
    #[name("__annotate__")]
    fn set_annotate(this: Gc<ClassMethod>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        set_wrapped_attr(cx, this.obj(), "classmethod", "__annotate__", value)
    }
    #[getter]
    fn __isabstractmethod__(this: Gc<ClassMethod>, cx: &mut Cx) -> Result<bool> {
        is_bound_to_abstract(cx, &this.func)
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias::new(cx, cls.obj(), item)
    }
}

/// `staticmethod(f)` or `classmethod(f)`.
pub fn wrap(cx: &mut Cx, f: Obj, is_static: bool) -> Result<Obj> {
    let o = if is_static {
        instance_of(cx, types::class_for(shape::STATIC_METHOD), StaticMethod { func: Slot::new(f) })?.obj()
    } else {
        native::instance(cx, ClassMethod { func: Slot::new(f) })?.obj()
    };
    adopt(cx, o, f)?;
    Ok(o)
}

const DOC: &str = "Convert a function to be a static method.\n\nA static method does not receive an implicit first argument.\nTo declare a static method, use this idiom:\n\n     class C:\n         @staticmethod\n         def f(arg1, arg2, argN):\n             ...\n\nIt can be called either on the class (e.g. C.f()) or on an instance\n(e.g. C().f()). Both the class and the instance are ignored, and\nneither is passed implicitly as the first argument to the method.\n\nStatic methods in Python are similar to those found in Java or C++.\nFor a more advanced concept, see the classmethod builtin.";

/// Make the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    let layout = types::layout_of::<StaticMethod>(1);
    let flags = SUBCLASSABLE | DICT | WEAKREF;
    let t = boot::define(cx, shape::STATIC_METHOD, "staticmethod", DOC, flags, None, Some(layout))?;
    types::add_members(cx, t, StaticMethod::MEMBERS)?;
    let class_method = native::class_of::<ClassMethod>(cx)?;
    typhon_object::attr_cache::classmethod_is(class_method);
    let _ = cx.rt().hooks().wrap_method.set(wrap);
    debug_assert!(t.special(Dunder::Call).is_some());
    Ok(())
}
