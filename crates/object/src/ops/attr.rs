//! Attributes: `o.name`, descriptors, `type`'s own rules.

use super::class_of;
use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::exc::{self, ExcKind, Raised};
use crate::native::{self, NativeFunction};
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::types::{self, Type};
use crate::{Result, instance, intern, method, ops, shape, str};

/// `o.name`.
#[inline]
pub fn get_attr(cx: &mut Cx, o: Obj, name: Gc<Str>) -> Result<Obj> {
    get_attr_as_told(cx, o, name).map_err(|e| in_context(cx, e, o, name))
}

/// The error of an access that failed; an AttributeError that does not say what of which
/// object was missing says it now.
#[cold]
fn in_context(cx: &Cx, e: Raised, o: Obj, name: Gc<Str>) -> Raised {
    let unset = |i: usize| e.0.fields[i].obj().is_none_or(|v| v.is_none());
    if e.is(cx, ExcKind::AttributeError) && unset(0) && unset(1) {
        e.0.fields[0].set(cx, e.0, name.obj());
        e.0.fields[1].set(cx, e.0, o);
    }
    e
}

#[inline]
fn get_attr_as_told(cx: &mut Cx, o: Obj, name: Gc<Str>) -> Result<Obj> {
    let c = class_of(o);
    let Some(get) = c.special(Dunder::GetAttribute) else { return generic_get_attr(cx, o, name) };
    let r = if is_generic(cx, get) {
        if c.special(Dunder::GetAttr).is_none() {
            return generic_get_attr(cx, o, name);
        }
        match generic_find_attr(cx, o, name) {
            Ok(Some(v)) => return Ok(v),
            Ok(None) => Err(no_attribute(cx, o, name)),
            Err(e) => Err(e),
        }
    } else {
        ops::call_unbound(cx, get, o, &[name.obj()], None)
    };
    match r {
        Err(e) if c.special(Dunder::GetAttr).is_some() && e.is(cx, ExcKind::AttributeError) => {
            let f = c.special(Dunder::GetAttr).unwrap();
            cx.enter()?;
            ops::call_unbound(cx, f, o, &[name.obj()], None)
        }
        r => r,
    }
}

/// `getattr(o, name)`, or `None` where that raises AttributeError.
pub fn get_attr_opt(cx: &mut Cx, o: Obj, name: Gc<Str>) -> Result<Option<Obj>> {
    let c = class_of(o);
    if c.special(Dunder::GetAttr).is_none() && c.special(Dunder::GetAttribute).is_none_or(|g| is_generic(cx, g)) {
        return match generic_find_attr(cx, o, name) {
            Err(e) if e.is(cx, ExcKind::AttributeError) => Ok(None),
            r => r,
        };
    }
    // A class asked for what it may not have: no exception need be made for that.
    if c.obj() == types::class_for(shape::TYPE).obj()
        && let Some(t) = o.cast::<Type>()
    {
        return match type_find_attr(cx, t, name) {
            Err(e) if e.is(cx, ExcKind::AttributeError) => Ok(None),
            r => r,
        };
    }
    let r = get_attr(cx, o, name);
    ops::catch(cx, r, ExcKind::AttributeError)
}

/// Whether a `__getattribute__` is `object`'s, which needs no call.
#[inline]
fn is_generic(_cx: &Cx, get: Obj) -> bool {
    types::class_for(shape::OBJECT).special(Dunder::GetAttribute) == Some(get)
}

/// `object.__getattribute__`.
pub fn generic_get_attr(cx: &mut Cx, o: Obj, name: Gc<Str>) -> Result<Obj> {
    match generic_find_attr(cx, o, name)? {
        Some(v) => Ok(v),
        None => Err(no_attribute(cx, o, name)),
    }
}

/// The same, `None` where no attribute is found.
pub fn generic_find_attr(cx: &mut Cx, o: Obj, name: Gc<Str>) -> Result<Option<Obj>> {
    let name = intern::intern(cx, name)?;
    let c = class_of(o);
    let found = cx.lookup(c, name);
    if let Some(d) = found
        && is_data_descriptor(d)
        && has_get(d)
    {
        return bind_descriptor(cx, d, o, c).map(Some);
    }
    if instance::has_attrs(o)
        && let Some(v) = instance::get(o, name)
    {
        return Ok(Some(v));
    }
    match found {
        Some(d) => bind_descriptor(cx, d, o, c).map(Some),
        None => Ok(None),
    }
}

/// Whether an object found on a class comes before instance attributes.
#[inline]
pub fn is_data_descriptor(d: Obj) -> bool {
    match d.shape() {
        shape::FUNCTION | shape::METHOD_DESCRIPTOR | shape::NATIVE_FUNCTION | shape::CLASS_METHOD => false,
        shape::GETSET | shape::MEMBER | shape::PROPERTY => true,
        _ => {
            let c = class_of(d);
            c.special(Dunder::Set).is_some() || c.special(Dunder::Delete).is_some()
        }
    }
}

/// Whether a data descriptor also answers reads; one that only stores leaves
/// them to the instance.
#[inline]
fn has_get(d: Obj) -> bool {
    matches!(d.shape(), shape::GETSET | shape::MEMBER | shape::PROPERTY) || class_of(d).special(Dunder::Get).is_some()
}

/// What `d`, found on class `c`, gives for instance `o`.
#[inline]
pub fn bind_descriptor(cx: &mut Cx, d: Obj, o: Obj, c: Gc<Type>) -> Result<Obj> {
    match d.shape() {
        shape::FUNCTION | shape::METHOD_DESCRIPTOR => method::bind(cx, d, o),
        shape::NATIVE_FUNCTION => Ok(d),
        shape::GETSET => {
            // By its shape.
            let g: Gc<NativeFunction> = unsafe { Gc::from_obj(d) };
            (g.call)(cx, &[o], None)
        }
        shape::CLASS_METHOD => method::bind(cx, d, c.obj()),
        _ if d.is_ptr() => match class_of(d).special(Dunder::Get) {
            Some(g) => ops::call_unbound(cx, g, d, &[o, c.obj()], None),
            None => Ok(d),
        },
        _ => Ok(d),
    }
}

/// What `d`, found on class `c`, gives for the class itself.
pub fn bind_descriptor_class(cx: &mut Cx, d: Obj, c: Gc<Type>) -> Result<Obj> {
    match d.shape() {
        shape::FUNCTION | shape::METHOD_DESCRIPTOR | shape::NATIVE_FUNCTION | shape::GETSET => Ok(d),
        shape::CLASS_METHOD => method::bind(cx, d, c.obj()),
        _ if d.is_ptr() => match class_of(d).special(Dunder::Get) {
            Some(g) => ops::call_unbound(cx, g, d, &[Obj::NONE, c.obj()], None),
            None => Ok(d),
        },
        _ => Ok(d),
    }
}

/// `type.__getattribute__`.
pub fn type_get_attr(cx: &mut Cx, t: Gc<Type>, name: Gc<Str>) -> Result<Obj> {
    match type_find_attr(cx, t, name)? {
        Some(v) => Ok(v),
        None => {
            let msg = format!("type object '{}' has no attribute '{}'", type_name(cx, t), name.to_str());
            Err(exc::attribute_error(cx, msg, t.obj(), name.obj()))
        }
    }
}

/// The same, `None` where no attribute is found.
fn type_find_attr(cx: &mut Cx, t: Gc<Type>, name: Gc<Str>) -> Result<Option<Obj>> {
    let name = intern::intern(cx, name)?;
    let meta = class_of(t.obj());
    let on_meta = cx.lookup(meta, name);
    if let Some(d) = on_meta
        && is_data_descriptor(d)
        && has_get(d)
    {
        return bind_descriptor(cx, d, t.obj(), meta).map(Some);
    }
    if let Some(v) = cx.lookup(t, name) {
        return bind_descriptor_class(cx, v, t).map(Some);
    }
    match on_meta {
        Some(d) => bind_descriptor(cx, d, t.obj(), meta).map(Some),
        None => Ok(None),
    }
}

/// The AttributeError of a missing attribute.
#[cold]
pub fn no_attribute(cx: &Cx, o: Obj, name: Gc<Str>) -> Raised {
    let msg = format!("'{}' object has no attribute '{}'", cx.type_name(o), name.to_str());
    exc::attribute_error(cx, msg, o, name.obj())
}

/// `o.name = v`, or `del o.name` for `None`.
pub fn set_attr(cx: &mut Cx, o: Obj, name: Gc<Str>, v: Option<Obj>) -> Result<()> {
    let c = class_of(o);
    let d = if v.is_some() { Dunder::SetAttr } else { Dunder::DelAttr };
    match c.special(d) {
        Some(f) if types::class_for(shape::OBJECT).special(d) != Some(f) => {
            match v {
                Some(v) => ops::call_unbound(cx, f, o, &[name.obj(), v], None)?,
                None => ops::call_unbound(cx, f, o, &[name.obj()], None)?,
            };
            Ok(())
        }
        _ => generic_set_attr(cx, o, name, v),
    }
}

/// `object.__setattr__` and `__delattr__`.
pub fn generic_set_attr(cx: &mut Cx, o: Obj, name: Gc<Str>, v: Option<Obj>) -> Result<()> {
    let name = intern::intern(cx, name)?;
    let c = class_of(o);
    let found = cx.lookup(c, name);
    if let Some(d) = found
        && is_data_descriptor(d)
    {
        return set_through_descriptor(cx, d, o, name, v);
    }
    if instance::has_attrs(o) {
        match v {
            Some(v) => return instance::set(cx, o, name, v),
            None if instance::delete(cx, o, name) => return Ok(()),
            None => return Err(no_attribute(cx, o, name)),
        }
    }
    let (class, attr) = (type_name(cx, c), name.to_str());
    let msg = match found {
        Some(_) => format!("'{class}' object attribute '{attr}' is read-only"),
        None => format!("'{class}' object has no attribute '{attr}' and no __dict__ for setting new attributes"),
    };
    Err(exc::attribute_error(cx, msg, o, name.obj()))
}

/// Store through a data descriptor.
pub fn set_through_descriptor(cx: &mut Cx, d: Obj, o: Obj, name: Gc<Str>, v: Option<Obj>) -> Result<()> {
    if d.shape() == shape::GETSET {
        // By its shape.
        let g: Gc<NativeFunction> = unsafe { Gc::from_obj(d) };
        let Some(set) = g.member().set else {
            let msg = format!(
                "attribute '{}' of '{}' objects is not writable",
                name.to_str(),
                g.owner.obj().and_then(|c| c.cast::<Type>()).map_or("?".into(), |c| c.name())
            );
            return Err(exc::attribute_error(cx, msg, o, name.obj()));
        };
        match v {
            Some(v) => set(cx, &[o, v], None)?,
            None => set(cx, &[o], None)?,
        };
        return Ok(());
    }
    let c = class_of(d);
    let r = match v {
        Some(v) => c.special(Dunder::Set).map(|f| ops::call_unbound(cx, f, d, &[o, v], None)),
        None => c.special(Dunder::Delete).map(|f| ops::call_unbound(cx, f, d, &[o], None)),
    };
    match r {
        Some(r) => r.map(|_| ()),
        None => {
            let what = if v.is_some() { "__set__" } else { "__delete__" };
            Err(exc::attribute_error(cx, what.to_string(), o, name.obj()))
        }
    }
}

/// `type.__setattr__` and `__delattr__`.
pub fn type_set_attr(cx: &mut Cx, t: Gc<Type>, name: Gc<Str>, v: Option<Obj>) -> Result<()> {
    let name = intern::intern(cx, name)?;
    if t.has(types::F_IMMUTABLE) {
        let what = full_name(cx, t);
        return Err(cx.type_error(format!("cannot set '{}' attribute of immutable type '{what}'", name.to_str())));
    }
    let meta = class_of(t.obj());
    if let Some(d) = cx.lookup(meta, name)
        && is_data_descriptor(d)
    {
        return set_through_descriptor(cx, d, t.obj(), name, v);
    }
    if types::set_attr(cx, t, name, v)? {
        return Ok(());
    }
    let msg = format!("type object '{}' has no attribute '{}'", type_name(cx, t), name.to_str());
    Err(exc::attribute_error(cx, msg, t.obj(), name.obj()))
}

/// `module.qualname` of a class, without `builtins.`.
pub fn full_name(cx: &Cx, t: Gc<Type>) -> String {
    let q = t.qualname().map_or_else(|| t.name().into_owned(), |q| q.to_str().into_owned());
    let m = t.dict().and_then(|d| d.get_str(crate::name!(cx, "__module__"))).and_then(|m| m.cast::<Str>());
    match m {
        Some(m) if !m.eq_str("builtins") => format!("{}.{q}", m.to_str()),
        _ => q,
    }
}

/// The name of a class in messages about its instances: of native classes outside builtins
/// with the module (`re.Match`), as CPython's `tp_name`.
pub fn type_name(cx: &Cx, t: Gc<Type>) -> String {
    if t.is_native() { full_name(cx, t) } else { t.name().into_owned() }
}

/// A native function that is bound to nothing, for module namespaces.
pub fn native_function(cx: &Cx, m: &'static native::Member, module: &str) -> Result<Obj> {
    let owner = str::new(cx, module)?;
    native::function(cx, shape::NATIVE_FUNCTION, m, None, Some(owner.obj()))
}
