//! Methods of `object`.
//!
//! Pickling support is in `object_reduce.rs`.
//! Tests: tests/lang/classes.md; CPython test_descr, test_class.

use crate::any::Object;
use crate::object_reduce;
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::new_type::{self, MemberDescr};
use typhon_object::types::{self, Type, class};
use typhon_object::{Cx, Dunder, Gc, Obj, Result, dict, instance, list, name, ops, shape, str, str::Str};

struct ObjectMethods;

fn object_class() -> Gc<Type> {
    types::class_for(shape::OBJECT)
}

/// An attribute's name.
pub fn attr_name(cx: &Cx, name: Obj) -> Result<Gc<Str>> {
    name.cast::<Str>()
        .ok_or_else(|| cx.type_error(format!("attribute name must be string, not '{}'", cx.type_name(name))))
}

#[class(name = "object", extends = Object)]
impl ObjectMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        if !args.all().is_empty() {
            if cls.special(Dunder::New) != object_class().special(Dunder::New) {
                return Err(cx.type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
            }
            if cls.special(Dunder::Init) == object_class().special(Dunder::Init) {
                return Err(cx.type_error(format!("{}() takes no arguments", cls.name())));
            }
        }
        if cls.has(types::F_ABSTRACT) {
            return Err(new_type::abstract_error(cx, cls)?);
        }
        instance::alloc(cx, cls)
    }

    fn __init__(this: Gc<Object>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        if args.all().is_empty() {
            return Ok(());
        }
        let c = ops::class_of(this.obj());
        if c.special(Dunder::Init) != object_class().special(Dunder::Init) {
            return Err(cx.type_error("object.__init__() takes exactly one argument (the instance to initialize)"));
        }
        if c.special(Dunder::New) == object_class().special(Dunder::New) {
            return Err(cx.type_error(format!(
                "{}.__init__() takes exactly one argument (the instance to initialize)",
                c.name()
            )));
        }
        Ok(())
    }

    fn __repr__(this: Gc<Object>, cx: &mut Cx) -> Result<Obj> {
        let c = ops::class_of(this.obj());
        let module = types::d_module(cx, c);
        let q = c.qualname().map_or_else(|| c.name().into_owned(), |q| q.to_str().into_owned());
        let s = match module.and_then(|m| m.cast::<Str>()) {
            Some(m) if !m.eq_str("builtins") => format!("<{}.{q} object at {:#x}>", m.to_str(), this.obj().word()),
            _ => format!("<{} object at {:#x}>", c.name(), this.obj().word()),
        };
        Ok(str::new(cx, &s)?.obj())
    }

    fn __str__(this: Gc<Object>, cx: &mut Cx) -> Result<Obj> {
        Ok(ops::repr(cx, this.obj())?.obj())
    }

    fn __eq__(this: Gc<Object>, value: Obj) -> Obj {
        if this.obj() == value { Obj::TRUE } else { Obj::NOT_IMPLEMENTED }
    }

    fn __ne__(this: Gc<Object>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        // The opposite of what `__eq__` says.
        match ops::call_special(cx, this.obj(), Dunder::Eq, &[value])? {
            None | Some(Obj::NOT_IMPLEMENTED) => Ok(Obj::NOT_IMPLEMENTED),
            Some(r) => Ok(Obj::bool(!ops::truth(cx, r)?)),
        }
    }

    fn __lt__(this: Gc<Object>, _value: Obj) -> Obj {
        let _ = this;
        Obj::NOT_IMPLEMENTED
    }

    fn __le__(this: Gc<Object>, _value: Obj) -> Obj {
        let _ = this;
        Obj::NOT_IMPLEMENTED
    }

    fn __gt__(this: Gc<Object>, _value: Obj) -> Obj {
        let _ = this;
        Obj::NOT_IMPLEMENTED
    }

    fn __ge__(this: Gc<Object>, _value: Obj) -> Obj {
        let _ = this;
        Obj::NOT_IMPLEMENTED
    }

    fn __hash__(this: Gc<Object>) -> i64 {
        ops::hash_identity(this.obj())
    }

    fn __getattribute__(this: Gc<Object>, cx: &mut Cx, name: Obj) -> Result<Obj> {
        let name = attr_name(cx, name)?;
        ops::generic_get_attr(cx, this.obj(), name)
    }

    fn __setattr__(this: Gc<Object>, cx: &mut Cx, name: Obj, value: Obj) -> Result<()> {
        let name = attr_name(cx, name)?;
        check_class_receiver(cx, this.obj(), "__setattr__")?;
        ops::generic_set_attr(cx, this.obj(), name, Some(value))
    }

    fn __delattr__(this: Gc<Object>, cx: &mut Cx, name: Obj) -> Result<()> {
        let name = attr_name(cx, name)?;
        check_class_receiver(cx, this.obj(), "__delattr__")?;
        ops::generic_set_attr(cx, this.obj(), name, None)
    }

    /// Default dir() implementation.
    fn __dir__(this: Gc<Object>, cx: &mut Cx) -> Result<Obj> {
        let all = dict::new(cx)?;
        if let Some(d) = ops::get_attr_opt(cx, this.obj(), name!(cx, "__dict__"))?
            && let Some(d) = d.cast::<dict::Dict>()
        {
            merge(cx, all, d)?;
        }
        if let Some(c) = ops::get_attr_opt(cx, this.obj(), name!(cx, "__class__"))? {
            merge_class_dict(cx, all, c)?;
        }
        keys(cx, all)
    }

    /// the object's class
    #[getter]
    fn __class__(this: Gc<Object>) -> Gc<Type> {
        ops::class_of(this.obj())
    }

    #[setter]
    #[name("__class__")]
    fn set_class(this: Gc<Object>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let Some(value) = value else { return Err(cx.type_error("can't delete __class__ attribute")) };
        let Some(new) = value.cast::<Type>() else {
            return Err(
                cx.type_error(format!("__class__ must be set to a class, not '{}' object", cx.type_name(value)))
            );
        };
        let old = ops::class_of(this.obj());
        if old == new {
            return Ok(());
        }
        let movable = |c: Gc<Type>| c.has(types::F_HEAP) || is_module(c);
        if !movable(old) || !movable(new) {
            return Err(cx.type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
        }
        check_layouts(cx, old, new, "__class__")?;
        instance::set_class(cx, this.obj(), new)
    }

    /// Default object formatter.
    ///
    /// Return str(self) if format_spec is empty. Raise TypeError otherwise.
    #[sig(format_spec, /)]
    fn __format__(this: Gc<Object>, cx: &mut Cx, format_spec: Obj) -> Result<Obj> {
        let spec = crate::any::str_arg(cx, format_spec, "__format__() argument")?;
        if !spec.is_empty() {
            let n = ops::full_name(cx, ops::class_of(this.obj()));
            return Err(cx.type_error(format!("unsupported format string passed to {n}.__format__")));
        }
        Ok(ops::to_str(cx, this.obj())?.obj())
    }

    /// Helper for pickle.
    fn __reduce__(this: Gc<Object>, cx: &mut Cx) -> Result<Obj> {
        object_reduce::reduce(cx, this.obj(), 0)
    }

    /// Helper for pickle.
    #[sig(protocol, /)]
    fn __reduce_ex__(this: Gc<Object>, cx: &mut Cx, protocol: i32) -> Result<Obj> {
        let n = name!(cx, "__reduce__");
        let own = cx.lookup(ops::class_of(this.obj()), n);
        if own != cx.lookup(object_class(), n) {
            let f = ops::get_attr(cx, this.obj(), n)?;
            return ops::call_args(cx, f, &[]);
        }
        object_reduce::reduce(cx, this.obj(), protocol)
    }

    /// Helper for pickle.
    fn __getstate__(this: Gc<Object>, cx: &mut Cx) -> Result<Obj> {
        object_reduce::state(cx, this.obj(), false)
    }

    /// Size of object in memory, in bytes.
    fn __sizeof__(this: Gc<Object>) -> usize {
        let o = this.obj();
        if !o.is_ptr() {
            return 24;
        }
        // Header and payload, plus the reference count that CPython would add.
        shape::layout(o.shape()).size as usize + 8
    }

    /// This method is called when a class is subclassed.
    ///
    /// The default implementation does nothing. It may be
    /// overridden to extend subclasses.
    #[classmethod]
    fn __init_subclass__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<()> {
        if args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error(format!("{}.__init_subclass__() takes no keyword arguments", cls.name())));
        }
        if !args.pos.is_empty() {
            return Err(cx.type_error(format!(
                "{}.__init_subclass__() takes no arguments ({} given)",
                cls.name(),
                args.pos.len()
            )));
        }
        Ok(())
    }

    /// Abstract classes can override this to customize issubclass().
    ///
    /// This is invoked early on by abc.ABCMeta.__subclasscheck__().
    /// It should return True, False or NotImplemented.  If it returns
    /// NotImplemented, the normal algorithm is used.  Otherwise, it
    /// overrides the normal algorithm (and the outcome is cached).
    #[classmethod]
    fn __subclasshook__(cls: Gc<Type>, _object: Obj) -> Obj {
        let _ = cls;
        Obj::NOT_IMPLEMENTED
    }
}

/// `object.__setattr__` must not get round a class's own rules.
fn check_class_receiver(cx: &Cx, o: Obj, what: &str) -> Result<()> {
    if o.cast::<Type>().is_some() {
        return Err(cx.type_error(format!("can't apply this {what} to {} object", cx.type_name(o))));
    }
    Ok(())
}

fn is_module(c: Gc<Type>) -> bool {
    types::cell_of(c).is_some_and(|a| std::ptr::eq(a, typhon_object::native::core_cell(shape::MODULE)))
}

/// A list of a dict's keys.
pub fn keys(cx: &Cx, d: Gc<dict::Dict>) -> Result<Obj> {
    let out = list::new(cx, &[])?;
    for (k, _) in d.items() {
        out.append(cx, k)?;
    }
    Ok(out.obj())
}

/// `all.update(d)`
fn merge(cx: &mut Cx, all: Gc<dict::Dict>, d: Gc<dict::Dict>) -> Result<()> {
    for (k, v) in d.items() {
        all.insert(cx, k, v)?;
    }
    Ok(())
}

/// Add the attributes of a class and of its bases, the bases first.
pub fn merge_class_dict(cx: &mut Cx, all: Gc<dict::Dict>, c: Obj) -> Result<()> {
    cx.enter()?;
    if let Some(t) = c.cast::<Type>() {
        for k in t.mro().iter().rev() {
            if let Some(d) = class(*k).dict() {
                merge(cx, all, d)?;
            }
        }
        return Ok(());
    }
    if let Some(d) = ops::get_attr_opt(cx, c, name!(cx, "__dict__"))?
        && let Some(d) = d.cast::<dict::Dict>()
    {
        merge(cx, all, d)?;
    }
    if let Some(b) = ops::get_attr_opt(cx, c, name!(cx, "__bases__"))?
        && let Some(b) = b.cast::<typhon_object::tuple::Tuple>()
    {
        for base in b.items() {
            merge_class_dict(cx, all, *base)?;
        }
    }
    Ok(())
}

/// Whether a class adds nothing to the layout of its base.
fn adds_nothing(t: Gc<Type>, base: Gc<Type>) -> bool {
    let end = |t: Gc<Type>| new_type::fixed_end(shape::info(t.root_shape()), t);
    let same_cell = types::cell_of(t).map(std::ptr::from_ref) == types::cell_of(base).map(std::ptr::from_ref);
    same_cell
        && end(t) == end(base)
        && t.has(types::F_DICT) == base.has(types::F_DICT)
        // Weak references need no room, but CPython's classes differ by them.
        && (base.is_native() || t.has(types::F_WEAKREF) == base.has(types::F_WEAKREF))
}

fn layout_owner(t: Gc<Type>) -> Gc<Type> {
    let mut t = t;
    while let Some(b) = t.base() {
        if !adds_nothing(t, b) {
            break;
        }
        t = b;
    }
    t
}

/// Names of a class's own `__slots__`, in the order of their places.
fn slot_names(t: Gc<Type>) -> Vec<(u32, u64)> {
    let mut v: Vec<(u32, u64)> = t
        .dict()
        .into_iter()
        .flat_map(|d| d.items())
        .filter_map(|(_, m)| m.cast::<MemberDescr>())
        .map(|m| (m.offset, m.name.word()))
        .collect();
    v.sort_unstable();
    v
}

/// Whether instances of `old` can become instances of `new`.
pub fn check_layouts(cx: &Cx, old: Gc<Type>, new: Gc<Type>, what: &str) -> Result<()> {
    let (a, b) = (layout_owner(old), layout_owner(new));
    let flags = |t: Gc<Type>| (t.has(types::F_DICT), t.has(types::F_WEAKREF));
    let same = a == b
        || (a.base() == b.base()
            && a.base().is_some()
            && flags(a) == flags(b)
            && slot_names(a) == slot_names(b)
            && !a.is_native()
            && !b.is_native());
    if same {
        return Ok(());
    }
    Err(cx.type_error(format!("{what} assignment: '{}' object layout differs from '{}'", new.name(), old.name())))
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, object_class(), ObjectMethods::MEMBERS)
}
