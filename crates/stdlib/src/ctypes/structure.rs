//! `Structure` and `Union`, and their metaclasses. Where fields lie is decided in
//! `Lib/ctypes/_layout.py`.
//!
//! Tests: tests/lang/ctypes.md; CPython test_structures, test_struct_fields, test_anon.

use super::data::{self, CData};
use super::field::{self, CField};
use super::info::{CType, FINAL, HAS_BITFIELD, HAS_POINTER, HAS_UNION, IS_POINTER, Info, Kind, info_of, install};
use super::metas::check_args;
use crate::util::{attr, attr_opt, call_kw, import};
use std::sync::atomic::Ordering;
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args, FromArg};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Result, intern, list, ops};

/// The metaclass of structures.
#[derive(Trace)]
#[repr(C)]
pub struct StructType {
    meta: CType,
}

/// The metaclass of unions.
#[derive(Trace)]
#[repr(C)]
pub struct UnionType {
    meta: CType,
}

fn own_attr(cx: &Cx, t: Obj, name: &str) -> Result<Option<Obj>> {
    let key = cx.intern(name)?;
    Ok(types::class(t).dict().and_then(|d| d.get_str(key)))
}

fn base_info(t: Obj) -> Option<Gc<Info>> {
    types::class(t).base().and_then(|b| info_of(b.obj()))
}

/// A copy that can still change, and does not know the class's relatives.
fn inherit(kind: Kind, b: &Info) -> Info {
    let mut i = Info::new(kind, b.size, b.align, b.length);
    i.format = b.format.clone();
    i.fields = Slot::of(b.fields.get());
    i.add_flags(b.flags.load(Ordering::Relaxed) & !FINAL);
    i
}

fn init(cx: &mut Cx, t: Obj, kind: Kind) -> Result<()> {
    if own_attr(cx, t, "_abstract_")?.is_some() {
        return Ok(());
    }
    match own_attr(cx, t, "_fields_")? {
        Some(fields) => {
            install(cx, t, Info::new(kind, 0, 0, 0))?;
            let name = cx.intern("_fields_")?;
            ops::set_attr(cx, t, name, Some(fields))
        }
        None => match base_info(t) {
            Some(b) => {
                install(cx, t, inherit(kind, &b))?;
                b.add_flags(FINAL);
                Ok(())
            }
            None => install(cx, t, Info::new(kind, 0, 0, 0)).map(|_| ()),
        },
    }
}

/// `_fields_` was set: lay the fields out and make their descriptors.
fn set_fields(cx: &mut Cx, t: Obj, fields: Obj, kind: Kind) -> Result<()> {
    let Some(i) = info_of(t) else { return Err(cx.type_error("ctypes state is not initialized")) };
    if i.has(FINAL) {
        return Err(cx.error(ExcKind::AttributeError, "_fields_ is final"));
    }
    let base = types::class(t).base().filter(|b| info_of(b.obj()).is_some());
    let module = import(cx, "ctypes._layout")?;
    let f = attr(cx, module, "get_layout")?;
    let base_obj = base.map_or(Obj::NONE, |b| b.obj());
    let layout = call_kw(cx, f, &[t, fields], &[("is_struct", Obj::bool(kind == Kind::Struct)), ("base", base_obj)])?;
    let made = attr(cx, layout, "fields")?;
    let made = ops::tuple_from_iter(cx, made)?;
    let size = attr(cx, layout, "size")?;
    let size = usize::from_arg(cx, size)?;
    let align = attr(cx, layout, "align")?;
    let align = usize::from_arg(cx, align)?;
    let format = attr(cx, layout, "format_spec")?;
    let format = String::from_arg(cx, format)?;
    let all = list::new(cx, &[])?;
    let mut flags = if kind == Kind::Union { HAS_UNION } else { 0 };
    if let Some(b) = base_info(t) {
        flags |= b.flags.load(Ordering::Relaxed) & (HAS_UNION | HAS_BITFIELD | HAS_POINTER);
        let inherited = b.fields.get();
        for n in 0..inherited.map_or(0, |l| l.len()) {
            if let Some(f) = inherited.and_then(|l| l.get(n)) {
                all.append(cx, f)?;
            }
        }
    }
    for (n, f) in made.items().iter().enumerate() {
        let Some(f) = f.cast::<CField>() else {
            return Err(cx.type_error(format!("fields must be of type CField, got {}", cx.type_name(*f))));
        };
        if f.index != n {
            let r = ops::repr(cx, f.name.obj())?;
            return Err(cx.value_error(format!("field {} index mismatch (expected {n}, got {})", r.to_str(), f.index)));
        }
        let Some(fi) = info_of(f.class.obj()) else {
            return Err(cx.type_error(format!("second item in _fields_ tuple (index {n}) must be a C type")));
        };
        if fi.has(IS_POINTER | HAS_POINTER) {
            flags |= HAS_POINTER;
        }
        flags |= fi.flags.load(Ordering::Relaxed) & (HAS_UNION | HAS_BITFIELD);
        if f.bits().is_some() {
            flags |= HAS_BITFIELD;
        }
        fi.add_flags(FINAL);
        all.append(cx, f.class.obj())?;
        ops::set_attr(cx, t, f.name, Some(f.obj()))?;
    }
    // A field of the class itself has made it final meanwhile.
    if i.has(FINAL) {
        return Err(cx.error(ExcKind::AttributeError, "Structure or union cannot contain itself"));
    }
    let mut new = Info::new(kind, size, align, made.len());
    new.format = format;
    new.fields = Slot::new(all);
    new.pointer_type = Slot::of(i.pointer_type.obj());
    new.arrays = Slot::of(i.arrays.get());
    new.add_flags(flags | FINAL);
    let new = native::instance(cx, new)?;
    if let Some(t) = t.cast::<CType>() {
        t.set_info(cx, new);
    }
    field::add_anonymous(cx, t)
}

fn set_attribute(cx: &mut Cx, t: Obj, name: Obj, value: Option<Obj>, kind: Kind) -> Result<()> {
    let name = typhon_builtins::object::attr_name(cx, name)?;
    let class = types::class(t);
    if name.eq_str("_fields_")
        && let Some(v) = value
        && info_of(t).is_some_and(|i| i.has(FINAL))
    {
        let _ = v;
        return Err(cx.error(ExcKind::AttributeError, "_fields_ is final"));
    }
    ops::type_set_attr(cx, class, name, value)?;
    match value {
        Some(v) if name.eq_str("_fields_") => set_fields(cx, t, v, kind),
        _ => Ok(()),
    }
}

#[class(module = "_ctypes", name = "PyCStructType", base = CType, subclassable, inherit_new)]
impl StructType {
    fn __init__(this: Gc<StructType>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        check_args(cx, &args)?;
        init(cx, this.obj(), Kind::Struct)
    }
    fn __setattr__(this: Gc<StructType>, cx: &mut Cx, name: Obj, value: Obj) -> Result<()> {
        set_attribute(cx, this.obj(), name, Some(value), Kind::Struct)
    }
    fn __delattr__(this: Gc<StructType>, cx: &mut Cx, name: Obj) -> Result<()> {
        set_attribute(cx, this.obj(), name, None, Kind::Struct)
    }
}

#[class(module = "_ctypes", name = "UnionType", base = CType, subclassable, inherit_new)]
impl UnionType {
    fn __init__(this: Gc<UnionType>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        check_args(cx, &args)?;
        init(cx, this.obj(), Kind::Union)
    }
    fn __setattr__(this: Gc<UnionType>, cx: &mut Cx, name: Obj, value: Obj) -> Result<()> {
        set_attribute(cx, this.obj(), name, Some(value), Kind::Union)
    }
    fn __delattr__(this: Gc<UnionType>, cx: &mut Cx, name: Obj) -> Result<()> {
        set_attribute(cx, this.obj(), name, None, Kind::Union)
    }
}

/// Positional values go to the fields in order, those of base classes first; what is left.
fn init_positional(cx: &mut Cx, this: Obj, class: Gc<Type>, args: &Args<'_>, from: usize) -> Result<usize> {
    let mut at = from;
    if let Some(b) = class.base()
        && info_of(b.obj()).is_some()
    {
        cx.enter()?;
        at = init_positional(cx, this, b, args, at)?;
    }
    let Some(fields) = own_attr(cx, class.obj(), "_fields_")? else { return Ok(at) };
    let n = ops::len(cx, fields)?;
    for i in 0..n {
        let Some(v) = args.pos.get(at) else { break };
        let pair = ops::get_item(cx, fields, Obj::int_unchecked(i as i64))?;
        let name = ops::get_item(cx, pair, Obj::int_unchecked(0))?;
        let Some(name) = name.cast::<Str>() else { return Err(cx.type_error("attribute name must be string")) };
        if args.keywords().any(|(k, _)| k.same_text(&name)) {
            let r = ops::repr(cx, name.obj())?;
            return Err(cx.type_error(format!("duplicate values for field {}", r.to_str())));
        }
        ops::set_attr(cx, this, name, Some(*v))?;
        at += 1;
    }
    Ok(at)
}

fn init_instance(cx: &mut Cx, this: Obj, args: Args<'_>) -> Result<()> {
    let used = init_positional(cx, this, ops::class_of(this), &args, 0)?;
    if used < args.pos.len() {
        return Err(cx.type_error("too many initializers"));
    }
    for (k, v) in args.keywords() {
        let k = intern::intern(cx, k)?;
        ops::set_attr(cx, this, k, Some(v))?;
    }
    Ok(())
}

/// An instance of a structure.
#[derive(Trace)]
#[repr(C)]
pub struct Structure {
    data: CData,
}

/// Structure base class
#[class(module = "_ctypes", name = "Structure", base = CData, meta = StructType, subclassable)]
impl Structure {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        data::construct(cx, cls, args)
    }
    fn __init__(this: Gc<Structure>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        init_instance(cx, this.obj(), args)
    }
}

/// An instance of a union.
#[derive(Trace)]
#[repr(C)]
pub struct Union {
    data: CData,
}

/// Union base class
#[class(module = "_ctypes", name = "Union", base = CData, meta = UnionType, subclassable)]
impl Union {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        data::construct(cx, cls, args)
    }
    fn __init__(this: Gc<Union>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        init_instance(cx, this.obj(), args)
    }
}

/// `getattr(t, name, None)`, without the difference between the two.
pub fn optional(cx: &mut Cx, t: Obj, name: &str) -> Result<Option<Obj>> {
    Ok(attr_opt(cx, t, name)?.filter(|v| !v.is_none()))
}
