//! `property`.
//!
//! Tests: tests/containers.rs; CPython test_property.

use std::sync::atomic::{AtomicBool, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args, Payload, SUBCLASSABLE, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, Slot, boot, name, ops, shape};

/// The payload of a `property`.
#[derive(Trace)]
#[repr(C)]
pub struct Property {
    /// `fget`.
    pub get: Slot,
    /// `fset`.
    pub set: Slot,
    /// `fdel`.
    pub del: Slot,
    doc: Slot,
    name: Slot,
    /// The docstring is the getter's.
    getter_doc: AtomicBool,
}

impl Payload for Property {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::PROPERTY || native::has_payload(o, shape::PROPERTY))
    }
}

fn or_none(s: &Slot) -> Obj {
    s.obj().unwrap_or(Obj::NONE)
}

/// The property's name: given by the class, or that of its getter.
fn name_of(cx: &mut Cx, p: &Property) -> Result<Option<Obj>> {
    if let Some(n) = p.name.obj() {
        return Ok(Some(n));
    }
    match p.get.obj() {
        Some(g) => {
            let n = name!(cx, "__name__");
            ops::get_attr_opt(cx, g, n)
        }
        None => Ok(None),
    }
}

#[cold]
fn no_accessor(cx: &mut Cx, p: &Property, o: Obj, what: &str) -> Result<Raised> {
    let class = ops::class_of(o);
    let q = class.qualname().map_or_else(|| class.name().into_owned(), |q| q.to_str().into_owned());
    let msg = match name_of(cx, p)? {
        Some(n) => format!("property {} of '{q}' object has no {what}", ops::repr(cx, n)?.to_str()),
        None => format!("property of '{q}' object has no {what}"),
    };
    Ok(cx.error(ExcKind::AttributeError, msg))
}

/// A copy with some of the functions replaced.
fn copy(cx: &mut Cx, this: Gc<Property>, get: Option<Obj>, set: Option<Obj>, del: Option<Obj>) -> Result<Obj> {
    let pick = |new: Option<Obj>, old: &Slot| new.filter(|f| !f.is_none()).unwrap_or(or_none(old));
    let get = pick(get, &this.get);
    // What came from the getter comes from it again.
    let getter_doc = this.getter_doc.load(Ordering::Relaxed) && !get.is_none();
    let doc = if getter_doc { Obj::NONE } else { or_none(&this.doc) };
    let args = [get, pick(set, &this.set), pick(del, &this.del), doc];
    let new = ops::call_args(cx, ops::class_of(this.obj()).obj(), &args)?;
    if let (Some(p), Some(n)) = (new.cast::<Property>(), this.name.obj()) {
        p.name.set(cx, p, n);
    }
    Ok(new)
}

#[class(name = "property", extends = Property)]
impl Property {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        let p = Property {
            get: Slot::empty(),
            set: Slot::empty(),
            del: Slot::empty(),
            doc: Slot::empty(),
            name: Slot::empty(),
            getter_doc: AtomicBool::new(false),
        };
        Ok(instance_of(cx, cls, p)?.obj())
    }

    #[sig(fget = None, fset = None, fdel = None, doc = None)]
    fn __init__(
        this: Gc<Property>,
        cx: &mut Cx,
        fget: Option<Obj>,
        fset: Option<Obj>,
        fdel: Option<Obj>,
        doc: Option<Obj>,
    ) -> Result<()> {
        let given = doc;
        this.get.put(cx, this, fget);
        this.set.put(cx, this, fset);
        this.del.put(cx, this, fdel);
        this.doc.clear();
        this.name.clear();
        let n = name!(cx, "__doc__");
        let mut doc = doc;
        if doc.is_none()
            && let Some(g) = fget
        {
            doc = ops::get_attr_opt(cx, g, n)?.filter(|d| !d.is_none());
        }
        let from_getter = fget.is_some() && doc.is_some() && given.is_none();
        this.getter_doc.store(from_getter, Ordering::Relaxed);
        if ops::class_of(this.obj()).is_native() {
            this.doc.put(cx, this, doc);
            return Ok(());
        }
        // An instance of a subclass would find the class's docstring first, so
        // it has one of its own, unless it has no place for that.
        match ops::set_attr(cx, this.obj(), n, Some(doc.unwrap_or(Obj::NONE))) {
            Err(e) if !from_getter && e.is(cx, ExcKind::AttributeError) => Ok(()),
            r => r,
        }
    }

    fn __get__(this: Gc<Property>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let Some(&o) = args.pos.first() else {
            return Err(cx.type_error("expected at least 1 argument, got 0"));
        };
        if o.is_none() && args.pos.len() > 1 && !args.pos[1].is_none() {
            return Ok(this.obj());
        }
        match this.get.obj() {
            Some(f) => ops::call_args(cx, f, &[o]),
            None => Err(no_accessor(cx, &this, o, "getter")?),
        }
    }

    fn __set__(this: Gc<Property>, cx: &mut Cx, instance: Obj, value: Obj) -> Result<()> {
        match this.set.obj() {
            Some(f) => ops::call_args(cx, f, &[instance, value]).map(|_| ()),
            None => Err(no_accessor(cx, &this, instance, "setter")?),
        }
    }

    fn __delete__(this: Gc<Property>, cx: &mut Cx, instance: Obj) -> Result<()> {
        match this.del.obj() {
            Some(f) => ops::call_args(cx, f, &[instance]).map(|_| ()),
            None => Err(no_accessor(cx, &this, instance, "deleter")?),
        }
    }

    /// Descriptor to obtain a copy of the property with a different getter.
    fn getter(this: Gc<Property>, cx: &mut Cx, fget: Obj) -> Result<Obj> {
        copy(cx, this, Some(fget), None, None)
    }
    /// Descriptor to obtain a copy of the property with a different setter.
    fn setter(this: Gc<Property>, cx: &mut Cx, fset: Obj) -> Result<Obj> {
        copy(cx, this, None, Some(fset), None)
    }
    /// Descriptor to obtain a copy of the property with a different deleter.
    fn deleter(this: Gc<Property>, cx: &mut Cx, fdel: Obj) -> Result<Obj> {
        copy(cx, this, None, None, Some(fdel))
    }
    /// Method to set name of a property.
    fn __set_name__(this: Gc<Property>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let &[_, n] = args.pos else {
            let given = args.pos.len();
            return Err(cx.type_error(format!("__set_name__() takes 2 positional arguments but {given} were given")));
        };
        this.name.set(cx, this, n);
        Ok(())
    }

    #[getter]
    fn fget(this: Gc<Property>) -> Obj {
        or_none(&this.get)
    }
    #[getter]
    fn fset(this: Gc<Property>) -> Obj {
        or_none(&this.set)
    }
    #[getter]
    fn fdel(this: Gc<Property>) -> Obj {
        or_none(&this.del)
    }
    #[getter]
    fn __doc__(this: Gc<Property>) -> Obj {
        or_none(&this.doc)
    }
    #[setter]
    #[name("__doc__")]
    fn set_doc(this: Gc<Property>, cx: &mut Cx, value: Option<Obj>) {
        this.doc.put(cx, this, value);
    }
    #[getter]
    fn __name__(this: Gc<Property>, cx: &mut Cx) -> Result<Obj> {
        match name_of(cx, &this)? {
            Some(n) => Ok(n),
            None => {
                let n = name!(cx, "__name__");
                Err(ops::no_attribute(cx, this.obj(), n))
            }
        }
    }
    #[setter]
    #[name("__name__")]
    fn set_name(this: Gc<Property>, cx: &mut Cx, value: Option<Obj>) {
        this.name.put(cx, this, value);
    }
    #[getter]
    fn __isabstractmethod__(this: Gc<Property>, cx: &mut Cx) -> Result<bool> {
        for f in [&this.get, &this.set, &this.del] {
            if let Some(f) = f.obj()
                && is_abstract(cx, f)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a function is marked as abstract.
pub fn is_abstract(cx: &mut Cx, f: Obj) -> Result<bool> {
    let n = name!(cx, "__isabstractmethod__");
    match ops::get_attr_opt(cx, f, n)? {
        Some(v) => ops::truth(cx, v),
        None => Ok(false),
    }
}

const DOC: &str = "Property attribute.\n\n  fget\n    function to be used for getting an attribute value\n  fset\n    function to be used for setting an attribute value\n  fdel\n    function to be used for del'ing an attribute\n  doc\n    docstring\n\nTypical use is to define a managed attribute x:\n\nclass C(object):\n    def getx(self): return self._x\n    def setx(self, value): self._x = value\n    def delx(self): del self._x\n    x = property(getx, setx, delx, \"I'm the 'x' property.\")\n\nDecorators make defining new properties or modifying existing ones easy:\n\nclass C(object):\n    @property\n    def x(self):\n        \"I am the 'x' property.\"\n        return self._x\n    @x.setter\n    def x(self, value):\n        self._x = value\n    @x.deleter\n    def x(self):\n        del self._x";

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let layout = types::layout_of::<Property>(0);
    let t = boot::define(cx, shape::PROPERTY, "property", DOC, SUBCLASSABLE, None, Some(layout))?;
    types::add_members(cx, t, Property::MEMBERS)?;
    Ok(())
}
