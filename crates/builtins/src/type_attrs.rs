//! The computed attributes of classes: `__name__`, `__bases__`, ...
//!
//! Tests: tests/lang/metaclasses.md; CPython test_descr, test_type_annotations.

use crate::object::check_layouts;
use crate::{mappingproxy, type_};
use typhon_macros::class;
use typhon_object::dict;
use typhon_object::str::Str;
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::{self, Type, class};
use typhon_object::{Cx, Dunder, Gc, Obj, Result, exc, mro, name, new_type, ops, shape};

struct TypeAttrs;

const TYPE_DOC: &str = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type";

/// Check that an attribute of a class may be set (or, without a value, that it
/// may be deleted, which is never so).
fn settable(cx: &Cx, t: Gc<Type>, value: Option<Obj>, name: &str) -> Result<Obj> {
    let what = ops::full_name(cx, t);
    if t.has(types::F_IMMUTABLE) {
        return Err(cx.type_error(format!("cannot set '{name}' attribute of immutable type '{what}'")));
    }
    value.ok_or_else(|| cx.type_error(format!("cannot delete '{name}' attribute of immutable type '{}'", t.name())))
}

fn own(t: Gc<Type>, name: Gc<Str>) -> Option<Obj> {
    t.dict()?.get_str(name)
}

fn missing(cx: &Cx, t: Gc<Type>, name: Gc<Str>) -> typhon_object::Raised {
    let msg = format!("type object '{}' has no attribute '{}'", ops::type_name(cx, t), name.to_str());
    exc::attribute_error(cx, msg, t.obj(), name.obj())
}

/// `__module__` of a class.
pub fn module(cx: &Cx, t: Gc<Type>) -> Option<Obj> {
    let m = types::d_module(cx, t);
    match m {
        Some(m) if !t.is_native() || m.cast::<Str>().is_some() => Some(m),
        // `type` itself has the descriptor there, other classes of builtins nothing.
        _ if t.is_native() => Some(name!(cx, "builtins").obj()),
        m => m,
    }
}

/// The annotate function of a class, or None.
fn annotate(cx: &mut Cx, t: Gc<Type>) -> Result<Obj> {
    // One that the class's author wrote comes first.
    let f = own(t, name!(cx, "__annotate__")).or_else(|| own(t, name!(cx, "__annotate_func__")));
    match f {
        Some(f) => ops::bind_descriptor_class(cx, f, t),
        None => Ok(Obj::NONE),
    }
}

#[class(name = "type", extends = Type)]
impl TypeAttrs {
    #[getter]
    fn __name__(this: Gc<Type>) -> Option<Gc<Str>> {
        this.name_obj()
    }
    #[setter]
    #[name("__name__")]
    fn set_name(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let v = settable(cx, this, value, "__name__")?;
        let Some(s) = v.cast::<Str>() else {
            let n = cx.type_name(v);
            return Err(cx.type_error(format!("can only assign string to {}.__name__, not '{n}'", this.name())));
        };
        type_::check_name(cx, s)?;
        this.set_name(cx, s);
        Ok(())
    }

    #[getter]
    fn __qualname__(this: Gc<Type>) -> Option<Gc<Str>> {
        this.qualname()
    }
    #[setter]
    #[name("__qualname__")]
    fn set_qualname(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let v = settable(cx, this, value, "__qualname__")?;
        let Some(s) = v.cast::<Str>() else {
            let n = cx.type_name(v);
            return Err(cx.type_error(format!("can only assign string to {}.__qualname__, not '{n}'", this.name())));
        };
        this.set_qualname(cx, s);
        Ok(())
    }

    #[getter]
    fn __module__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let n = name!(cx, "__module__");
        module(cx, this).ok_or_else(|| exc::attribute_error(cx, "__module__".into(), this.obj(), n.obj()))
    }
    #[setter]
    #[name("__module__")]
    fn set_module(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let v = settable(cx, this, value, "__module__")?;
        types::set_attr(cx, this, name!(cx, "__module__"), Some(v))?;
        types::set_attr(cx, this, name!(cx, "__firstlineno__"), None)?;
        Ok(())
    }

    #[getter]
    fn __doc__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        if this == types::class_for(shape::TYPE) {
            return Ok(typhon_object::str::new(cx, TYPE_DOC)?.obj());
        }
        match own(this, name!(cx, "__doc__")) {
            None => Ok(Obj::NONE),
            Some(d) => ops::bind_descriptor_class(cx, d, this),
        }
    }
    #[setter]
    #[name("__doc__")]
    fn set_doc(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let v = settable(cx, this, value, "__doc__")?;
        types::set_attr(cx, this, name!(cx, "__doc__"), Some(v))?;
        Ok(())
    }

    #[getter]
    fn __mro__(this: Gc<Type>) -> Option<Gc<Tuple>> {
        this.mro_tuple()
    }
    #[getter]
    fn __base__(this: Gc<Type>) -> Option<Gc<Type>> {
        this.base()
    }
    #[getter]
    fn __bases__(this: Gc<Type>) -> Option<Gc<Tuple>> {
        this.bases_tuple()
    }
    #[setter]
    #[name("__bases__")]
    fn set_bases(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let v = settable(cx, this, value, "__bases__")?;
        let n = this.name();
        let Some(bases) = v.cast::<Tuple>() else {
            let tn = cx.type_name(v);
            return Err(cx.type_error(format!("can only assign tuple to {n}.__bases__, not {tn}")));
        };
        if bases.is_empty() {
            return Err(cx.type_error(format!("can only assign non-empty tuple to {n}.__bases__, not ()")));
        }
        for b in bases.items() {
            let Some(c) = b.cast::<Type>() else {
                let tn = cx.type_name(*b);
                return Err(cx.type_error(format!("{n}.__bases__ must be tuple of classes, not '{tn}'")));
            };
            if c.is_subtype(this) {
                return Err(cx.type_error("a __bases__ item causes an inheritance cycle"));
            }
            if !c.has(types::F_SUBCLASSABLE) {
                let full = ops::full_name(cx, c);
                return Err(cx.type_error(format!("type '{full}' is not an acceptable base type")));
            }
        }
        let base = new_type::best_base(cx, bases.items())?;
        if let Some(old) = this.base() {
            check_layouts(cx, old, base, "__bases__")?;
        }
        mro::set_bases(cx, this, bases, base)
    }

    #[getter]
    fn __dict__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let d = this.dict().map_or(Obj::NONE, |d| d.obj());
        mappingproxy::new(cx, d)
    }

    #[getter]
    fn __abstractmethods__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let n = name!(cx, "__abstractmethods__");
        let found = if this == types::class_for(shape::TYPE) { None } else { own(this, n) };
        found.ok_or_else(|| exc::attribute_error(cx, "__abstractmethods__".into(), this.obj(), n.obj()))
    }
    #[setter]
    #[name("__abstractmethods__")]
    fn set_abstractmethods(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let n = name!(cx, "__abstractmethods__");
        let abstract_left = match value {
            Some(v) => ops::truth(cx, v)?,
            None => false,
        };
        if !types::set_attr(cx, this, n, value)? {
            return Err(exc::attribute_error(cx, "__abstractmethods__".into(), this.obj(), n.obj()));
        }
        this.set_flag(types::F_ABSTRACT, abstract_left);
        Ok(())
    }

    #[getter]
    fn __annotate__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        if !this.has(types::F_HEAP) {
            return Err(missing(cx, this, name!(cx, "__annotate__")));
        }
        annotate(cx, this)
    }
    #[setter]
    #[name("__annotate__")]
    fn set_annotate(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let Some(v) = value else { return Err(cx.type_error("cannot delete __annotate__ attribute")) };
        settable(cx, this, value, "__annotate__")?;
        if !v.is_none() && ops::class_of(v).call_fn().is_none() && ops::class_of(v).special(Dunder::Call).is_none() {
            return Err(cx.type_error("__annotate__ must be callable or None"));
        }
        types::set_attr(cx, this, name!(cx, "__annotate_func__"), Some(v))?;
        if !v.is_none() {
            types::set_attr(cx, this, name!(cx, "__annotations_cache__"), None)?;
        }
        Ok(())
    }

    #[getter]
    fn __annotations__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        if !this.has(types::F_HEAP) {
            return Err(missing(cx, this, name!(cx, "__annotations__")));
        }
        let (n, cache) = (name!(cx, "__annotations__"), name!(cx, "__annotations_cache__"));
        if let Some(a) = own(this, n).or_else(|| own(this, cache)) {
            return ops::bind_descriptor_class(cx, a, this);
        }
        let f = annotate(cx, this)?;
        let a = if f.is_none() {
            dict::new(cx)?.obj()
        } else {
            let a = ops::call_args(cx, f, &[Obj::int_unchecked(1)])?;
            if a.cast::<dict::Dict>().is_none() {
                let tn = cx.type_name(a);
                return Err(cx.type_error(format!("__annotate__ returned non-dict of type '{tn}'")));
            }
            a
        };
        types::set_attr(cx, this, cache, Some(a))?;
        Ok(a)
    }
    #[setter]
    #[name("__annotations__")]
    fn set_annotations(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        if this.has(types::F_IMMUTABLE) {
            settable(cx, this, value, "__annotations__")?;
        }
        let (n, cache) = (name!(cx, "__annotations__"), name!(cx, "__annotations_cache__"));
        let at = if own(this, n).is_some() { n } else { cache };
        if !types::set_attr(cx, this, at, value)? {
            return Err(exc::attribute_error(cx, "__annotations__".into(), this.obj(), n.obj()));
        }
        types::set_attr(cx, this, name!(cx, "__annotate_func__"), None)?;
        types::set_attr(cx, this, name!(cx, "__annotate__"), None)?;
        Ok(())
    }

    #[getter]
    fn __type_params__(this: Gc<Type>, cx: &mut Cx) -> Result<Obj> {
        let found = if this.is_native() { None } else { own(this, name!(cx, "__type_params__")) };
        match found {
            Some(v) => Ok(v),
            None => Ok(tuple::new(cx, &[])?.obj()),
        }
    }
    #[setter]
    #[name("__type_params__")]
    fn set_type_params(this: Gc<Type>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let v = settable(cx, this, value, "__type_params__")?;
        types::set_attr(cx, this, name!(cx, "__type_params__"), Some(v))?;
        Ok(())
    }

    #[getter]
    fn __text_signature__(this: Gc<Type>, cx: &mut Cx) -> Result<Option<String>> {
        if !this.is_native() {
            return Ok(None);
        }
        if this.root_shape() == shape::OBJECT {
            return Ok(Some("()".into()));
        }
        // That of the class's own constructor, without the receiver.
        for name in [name!(cx, "__init__"), name!(cx, "__new__")] {
            let f = this
                .dict()
                .and_then(|d| d.get_str(name))
                .and_then(|f| f.cast::<typhon_object::native::NativeFunction>());
            let text = f.map_or("", |f| f.member().signature);
            let rest = match text.strip_prefix("(self") {
                None if text.is_empty() => continue,
                None => return Ok(Some(text.into())),
                Some(rest) => rest.strip_prefix(", ").unwrap_or(rest),
            };
            let rest = rest.strip_prefix("/, ").or_else(|| (rest == "/)").then_some(")")).unwrap_or(rest);
            return Ok(Some(format!("({rest}")));
        }
        Ok(None)
    }

    #[getter]
    fn __flags__(this: Gc<Type>) -> u64 {
        flags(this)
    }
    #[getter]
    fn __basicsize__(this: Gc<Type>) -> usize {
        sizes(this).0
    }
    #[getter]
    fn __itemsize__(this: Gc<Type>) -> usize {
        sizes(this).1
    }
    #[getter]
    fn __dictoffset__(this: Gc<Type>) -> i64 {
        if this.has(types::F_DICT) { -1 } else { 0 }
    }
    #[getter]
    fn __weakrefoffset__(this: Gc<Type>) -> i64 {
        if this.has(types::F_WEAKREF) { -32 } else { 0 }
    }
}

/// `__flags__`, as far as CPython's bits have a meaning here.
fn flags(t: Gc<Type>) -> u64 {
    let mut f = 1 << 12 | 1 << 14;
    for (flag, bit) in [
        (types::F_HEAP, 9),
        (types::F_SUBCLASSABLE, 10),
        (types::F_IMMUTABLE, 8),
        (types::F_ABSTRACT, 20),
        (types::F_NO_NEW, 7),
        (types::F_SEQUENCE, 5),
        (types::F_MAPPING, 6),
    ] {
        f |= u64::from(t.has(flag)) << bit;
    }
    if t.has(types::F_HEAP) {
        f |= u64::from(t.has(types::F_DICT)) << 4 | u64::from(t.has(types::F_WEAKREF)) << 3;
    }
    for (shape_id, bit) in [
        (shape::INT, 24),
        (shape::LIST, 25),
        (shape::TUPLE, 26),
        (shape::BYTES, 27),
        (shape::STR, 28),
        (shape::DICT, 29),
        (shape::BASE_EXCEPTION, 30),
        (shape::TYPE, 31),
    ] {
        f |= u64::from(t.is_subtype(types::class_for(shape_id))) << bit;
    }
    f
}

/// `__basicsize__` and `__itemsize__`; CPython's figures where code relies on them.
fn sizes(t: Gc<Type>) -> (usize, usize) {
    let own = |shape_id: u32| t.is_subtype(types::class_for(shape_id));
    let extra = if t.has(types::F_HEAP) { 8 } else { 0 };
    match () {
        () if own(shape::INT) => (24 + extra, 4),
        () if own(shape::STR) => (64 + extra, 0),
        () if own(shape::BYTES) => (33 + extra, 1),
        () if own(shape::TUPLE) => (24 + extra, 8),
        () => {
            let members = t.mro().iter().filter_map(|c| class(*c).dict()).flat_map(|d| d.items());
            let members = members.filter(|(_, m)| m.shape() == shape::MEMBER).count();
            let payload = shape::layout(t.root_shape()).size as usize + 8;
            (if t.has(types::F_HEAP) { 16 + 8 * members } else { payload }, 0)
        }
    }
}

/// Add the attributes to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, types::class_for(shape::TYPE), TypeAttrs::MEMBERS)
}
