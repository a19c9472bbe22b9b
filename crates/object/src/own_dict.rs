//! `__dict__` and `__weakref__`: the descriptors that a class gets when it is
//! the first of its line to have them.
//!
//! Tests: CPython test_descr.

use crate::cx::Cx;
use crate::dict::Dict;
use crate::exc;
use crate::native::{self, KwNames, Member, MemberKind, NativeFunction};
use crate::obj::{Gc, Obj};
use crate::types::{self, Type};
use crate::{Result, dict, instance, name, ops, shape};

static DICT: Member = Member {
    name: "__dict__",
    doc: "",
    signature: "",
    kind: MemberKind::GetSet,
    call: get_dict,
    set: Some(set_dict),
    params: &[],
    leaf: false,
};

/// The same for native classes, whose instances always have one.
static NATIVE_DICT: Member = Member { ..DICT };

static WEAKREF: Member = Member {
    name: "__weakref__",
    doc: "list of weak references to the object",
    signature: "",
    kind: MemberKind::GetSet,
    call: get_weakref,
    set: None,
    params: &[],
    leaf: false,
};

/// Add what `t` has and its base `base` lacks to its new namespace `d`.
pub(crate) fn add(cx: &Cx, t: Gc<Type>, base: Gc<Type>, d: Gc<Dict>) -> Result<()> {
    let new = |f: u32| t.has(f) && !base.has(f);
    if new(types::F_DICT) && d.get_str(name!(cx, "__dict__")).is_none() {
        let g = native::function(cx, shape::GETSET, &DICT, None, Some(t.obj()))?;
        d.insert_str(cx, name!(cx, "__dict__"), g)?;
    }
    if new(types::F_WEAKREF) && d.get_str(name!(cx, "__weakref__")).is_none() {
        let g = native::function(cx, shape::GETSET, &WEAKREF, None, Some(t.obj()))?;
        d.insert_str(cx, name!(cx, "__weakref__"), g)?;
    }
    Ok(())
}

/// The same for a native class that declares a `__dict__`.
pub(crate) fn add_native(cx: &Cx, t: Gc<Type>, d: Gc<Dict>) -> Result<()> {
    let g = native::function(cx, shape::GETSET, &NATIVE_DICT, None, Some(t.obj()))?;
    d.insert_str(cx, name!(cx, "__dict__"), g)?;
    Ok(())
}

fn owner(cx: &Cx, args: &[Obj]) -> Result<Obj> {
    match args.first() {
        Some(o) if instance::has_attrs(*o) => Ok(*o),
        Some(o) => {
            let msg = format!("'{}' object has no attribute '__dict__'", cx.type_name(*o));
            Err(exc::attribute_error(cx, msg, *o, name!(cx, "__dict__").obj()))
        }
        None => Err(cx.type_error("descriptor '__dict__' needs an argument")),
    }
}

/// The `__dict__` of a native base, for objects that keep no attributes here:
/// classes have their namespace.
fn inherited(cx: &Cx, args: &[Obj]) -> Option<Gc<NativeFunction>> {
    let o = *args.first()?;
    let natives = ops::class_of(o).mro().iter().map(|c| types::class(*c)).filter(|c| c.is_native());
    natives.filter_map(|c| c.dict()?.get_str(name!(cx, "__dict__"))).find_map(|g| g.cast::<NativeFunction>())
}

/// The getter of `__dict__`.
pub fn get_dict(cx: &mut Cx, args: &[Obj], _: Option<KwNames>) -> Result<Obj> {
    if let Some(o) = args.first()
        && !instance::has_attrs(*o)
        && let Some(g) = inherited(cx, args)
    {
        return (g.call)(cx, args, None);
    }
    let o = owner(cx, args)?;
    Ok(instance::dict_of(cx, o)?.obj())
}

/// The setter of `__dict__`; deleting it leaves an empty one.
pub fn set_dict(cx: &mut Cx, args: &[Obj], _: Option<KwNames>) -> Result<Obj> {
    let o = owner(cx, args)?;
    let d = match args.get(1) {
        // A native base may be the one that has it.
        None if inherited(cx, args).is_some_and(|g| std::ptr::eq(g.member(), &NATIVE_DICT)) => {
            return Err(cx.type_error("cannot delete __dict__"));
        }
        None => dict::new(cx)?,
        Some(v) => v.cast::<Dict>().ok_or_else(|| {
            cx.type_error(format!("__dict__ must be set to a dictionary, not a '{}'", cx.type_name(*v)))
        })?,
    };
    instance::set_dict(cx, o, d)?;
    Ok(Obj::NONE)
}

fn get_weakref(cx: &mut Cx, args: &[Obj], _: Option<KwNames>) -> Result<Obj> {
    // References with a callback are not listed anywhere.
    let find = cx.rt().hooks().weakref_of.get();
    Ok(find.zip(args.first()).and_then(|(f, o)| f(*o)).unwrap_or(Obj::NONE))
}
