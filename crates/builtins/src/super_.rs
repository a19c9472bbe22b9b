//! `super`. The form without arguments is resolved by the compiler, which
//! passes the class and the first argument.
//!
//! Tests: tests/containers.rs; CPython test_super.

use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args, Payload, SUBCLASSABLE, instance_of};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, Slot, boot, intern, name, ops, shape};

/// The payload of a `super`.
#[derive(Trace)]
#[repr(C)]
pub struct Super {
    class: Slot<Type>,
    this: Slot,
    this_class: Slot<Type>,
}

impl Payload for Super {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::SUPER || native::has_payload(o, shape::SUPER))
    }
}

/// The class whose MRO `super(class, this)` searches.
fn check(cx: &mut Cx, class: Gc<Type>, this: Obj) -> Result<Gc<Type>> {
    if let Some(t) = this.cast::<Type>()
        && t.is_subtype(class)
    {
        return Ok(t);
    }
    let c = ops::class_of(this);
    if c.is_subtype(class) {
        return Ok(c);
    }
    let n = name!(cx, "__class__");
    if let Some(t) = ops::get_attr_opt(cx, this, n)?.and_then(|k| k.cast::<Type>())
        && t != c
        && t.is_subtype(class)
    {
        return Ok(t);
    }
    let (kind, name) = match this.cast::<Type>() {
        Some(t) => ("type", t.name()),
        None => ("instance of", c.name()),
    };
    Err(cx.type_error(format!(
        "super(type, obj): obj ({kind} {name}) is not an instance or subtype of type ({}).",
        class.name()
    )))
}

/// What the classes that follow `class` in the MRO of `start` have by this name.
fn search(class: Gc<Type>, start: Gc<Type>, name: Gc<Str>) -> Option<Obj> {
    let mro = start.mro();
    let at = mro.iter().position(|c| *c == class.obj())? + 1;
    mro[at..].iter().find_map(|c| c.cast::<Type>()?.dict()?.get_str(name))
}

/// What follows `class` in the MRO of `start` and has `name`, bound to `this`.
fn find(cx: &mut Cx, class: Gc<Type>, start: Gc<Type>, this: Obj, name: Gc<Str>) -> Result<Option<Obj>> {
    let Some(d) = search(class, start, name) else { return Ok(None) };
    // `super(C, C)` and class methods bind to the class.
    if this == start.obj() {
        return ops::bind_descriptor_class(cx, d, start).map(Some);
    }
    ops::bind_descriptor(cx, d, this, start).map(Some)
}

/// The function that calling `super(class, this).name(...)` runs with `this` in
/// front, if it is that simple.
pub fn find_method(class: Gc<Type>, this: Obj, name: Gc<Str>) -> Option<Obj> {
    let start = ops::class_of(this);
    if !this.is_ptr() || this.cast::<Type>().is_some() || !start.is_subtype(class) || !name.is_interned() {
        return None;
    }
    let d = search(class, start, name)?;
    matches!(d.shape(), shape::FUNCTION | shape::METHOD_DESCRIPTOR).then_some(d)
}

/// `super(class, this).name`, for the VM.
pub fn get_attr(cx: &mut Cx, class: Obj, this: Obj, name: Gc<Str>) -> Result<Obj> {
    let Some(c) = class.cast::<Type>() else {
        return Err(cx.type_error(format!("super() argument 1 must be a type, not {}", cx.type_name(class))));
    };
    let start = check(cx, c, this)?;
    let name = intern::intern(cx, name)?;
    if !name.eq_str("__class__")
        && let Some(v) = find(cx, c, start, this, name)?
    {
        return Ok(v);
    }
    let s = new(cx, class, this)?;
    ops::generic_get_attr(cx, s, name)
}

/// `super(class, this)`.
pub fn new(cx: &mut Cx, class: Obj, this: Obj) -> Result<Obj> {
    let s = Super { class: Slot::empty(), this: Slot::empty(), this_class: Slot::empty() };
    let s = instance_of(cx, types::class_for(shape::SUPER), s)?;
    init_super(cx, s, class, this)?;
    Ok(s.obj())
}

fn init_super(cx: &mut Cx, s: Gc<Super>, class: Obj, this: Obj) -> Result<()> {
    let Some(c) = class.cast::<Type>() else {
        return Err(cx.type_error(format!("super() argument 1 must be a type, not {}", cx.type_name(class))));
    };
    s.class.set(cx, s, c);
    if !this.is_none() {
        let start = check(cx, c, this)?;
        s.this.set(cx, s, this);
        s.this_class.set(cx, s, start);
    }
    Ok(())
}

#[class(name = "super", extends = Super)]
impl Super {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        let s = Super { class: Slot::empty(), this: Slot::empty(), this_class: Slot::empty() };
        Ok(instance_of(cx, cls, s)?.obj())
    }
    fn __init__(this: Gc<Super>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        if args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("super() takes no keyword arguments"));
        }
        match *args.pos {
            [class] => init_super(cx, this, class, Obj::NONE),
            [class, o] => init_super(cx, this, class, o),
            [] => match crate::hooks::SUPER_ARGS.get() {
                Some(f) => {
                    let (class, o) = f(cx)?;
                    init_super(cx, this, class, o)
                }
                None => Err(cx.error(ExcKind::RuntimeError, "super(): no arguments")),
            },
            _ => Err(cx.type_error(format!("super() expected at most 2 arguments, got {}", args.pos.len()))),
        }
    }
    fn __getattribute__(this: Gc<Super>, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let name = intern::intern(cx, name)?;
        if let (Some(c), Some(start), Some(o)) = (this.class.get(), this.this_class.get(), this.this.obj())
            && !name.eq_str("__class__")
            && let Some(v) = find(cx, c, start, o, name)?
        {
            return Ok(v);
        }
        ops::generic_get_attr(cx, this.obj(), name)
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<Super>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        let _ = owner;
        if instance.is_none() || this.this.obj().is_some() {
            return Ok(this.obj());
        }
        let class = this.class.obj().unwrap_or(Obj::NONE);
        if this.obj().shape() != shape::SUPER {
            let cls = ops::class_of(this.obj()).obj();
            return ops::call_args(cx, cls, &[class, instance]);
        }
        new(cx, class, instance)
    }
    fn __repr__(this: Gc<Super>) -> String {
        let class = this.class.get().map_or("NULL".into(), |c| c.name());
        match this.this_class.get() {
            Some(t) => format!("<super: <class '{class}'>, <{} object>>", t.name()),
            None => format!("<super: <class '{class}'>, NULL>"),
        }
    }
    #[getter]
    fn __thisclass__(this: Gc<Super>) -> Option<Obj> {
        this.class.obj()
    }
    #[getter]
    fn __self__(this: Gc<Super>) -> Option<Obj> {
        this.this.obj()
    }
    #[getter]
    fn __self_class__(this: Gc<Super>) -> Option<Obj> {
        this.this_class.obj()
    }
}

const DOC: &str = "super() -> same as super(__class__, <first argument>)\nsuper(type) -> unbound super object\nsuper(type, obj) -> bound super object; requires isinstance(obj, type)\nsuper(type, type2) -> bound super object; requires issubclass(type2, type)\nTypical use to call a cooperative superclass method:\nclass C(B):\n    def meth(self, arg):\n        super().meth(arg)\nThis works for class methods too:\nclass C(B):\n    @classmethod\n    def cmeth(cls, arg):\n        super().cmeth(arg)\n";

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let layout = types::layout_of::<Super>(0);
    let t = boot::define(cx, shape::SUPER, "super", DOC, SUBCLASSABLE, None, Some(layout))?;
    types::add_members(cx, t, Super::MEMBERS)
}
