//! `_SimpleCData` and its metaclass: one number, character or pointer.
//!
//! Tests: tests/lang/ctypes.md; CPython test_numbers, test_c_simple_type_meta, test_simplesubclasses.

use super::codes;
use super::data::{self, CData};
use super::info::{CType, Code, IS_POINTER, Info, Kind, info_of, info_of_instance, install};
use super::metas::{self, no_attr};
use super::params::{self, CArg};
use crate::util::attr_opt;
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{self, Args, MemberKind, Missing};
use typhon_object::new_type;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, ExcKind, Result, ops, shape};

/// The metaclass.
#[derive(Trace)]
#[repr(C)]
pub struct SimpleType {
    meta: CType,
}

fn info_for(code: Code, proto: Obj) -> Info {
    let (size, align) = codes::size(code.letter).unwrap_or((8, 8));
    let mut i = Info::new(Kind::Simple, size, align, 0);
    i.code = Some(code);
    i.proto = Slot::new(proto);
    i.format = codes::format(code);
    if matches!(code.letter, b'z' | b'Z' | b'P' | b's' | b'O' | b'X') {
        i.add_flags(IS_POINTER);
    }
    i
}

/// The class with the other byte order, and the attributes that lead to it and back.
fn add_swapped(cx: &mut Cx, t: Obj, args: Args<'_>, code: Code, proto: Obj) -> Result<()> {
    let [name, bases, ns] = *args.pos else { return Ok(()) };
    let (Some(name), Some(bases), Some(ns)) = (name.cast::<Str>(), bases.cast::<Tuple>(), ns.cast::<Dict>()) else {
        return Ok(());
    };
    let little = cfg!(target_endian = "little");
    let suffix = if little { "_be" } else { "_le" };
    let name = str::new(cx, &format!("{}{suffix}", name.to_str()))?;
    let meta = ops::class_of(t);
    let other = new_type::new_type(cx, meta, name, bases, ns)?;
    install(cx, other.obj(), info_for(Code { swapped: true, ..code }, proto))?;
    let (le, be) = (cx.intern("__ctype_le__")?, cx.intern("__ctype_be__")?);
    let (own, swapped) = if little { (le, be) } else { (be, le) };
    for (class, key, value) in [
        (types::class(t), own, t),
        (types::class(t), swapped, other.obj()),
        (other, own, t),
        (other, swapped, other.obj()),
    ] {
        types::set_attr(cx, class, key, Some(value))?;
    }
    Ok(())
}

#[class(module = "_ctypes", name = "PyCSimpleType", base = CType, subclassable, inherit_new)]
impl SimpleType {
    fn __init__(this: Gc<SimpleType>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let t = this.obj();
        metas::check_args(cx, &args)?;
        let Some(proto) = attr_opt(cx, t, "_type_")? else { return Err(no_attr(cx, t, "_type_")) };
        let Some(s) = proto.cast::<Str>() else {
            return Err(cx.type_error("class must define a '_type_' string attribute"));
        };
        if s.len() != 1 {
            return Err(cx.value_error("class must define a '_type_' attribute which must be a string of length 1"));
        }
        let letter = u8::try_from(s.at(0)).ok().filter(|c| codes::LETTERS.as_bytes().contains(c));
        let Some(letter) = letter else {
            return Err(cx.error(
                ExcKind::AttributeError,
                format!(
                    "class must define a '_type_' attribute which must be\na single character string containing one of '{}'.",
                    codes::LETTERS
                ),
            ));
        };
        if codes::size(letter).is_none() {
            return Err(cx.value_error(format!("_type_ '{}' not supported", letter as char)));
        }
        let code = Code { letter, swapped: false };
        install(cx, t, info_for(code, proto))?;
        let name = match letter {
            b'z' => "c_char_p_from_param",
            b'Z' => "c_wchar_p_from_param",
            b'P' => "c_void_p_from_param",
            _ => "",
        };
        let direct = types::class(t).base() == Some(native::class_of::<Simple>(cx)?);
        if direct && let Some(m) = params::functions::SPEC.functions.iter().find(|m| m.name == name) {
            debug_assert!(m.kind == MemberKind::Function);
            let f = native::function(cx, shape::CLASS_METHOD, m, None, Some(t))?;
            let key = cx.intern("from_param")?;
            types::set_attr(cx, types::class(t), key, Some(f))?;
        }
        if codes::swappable(letter) && native::class_of::<SimpleType>(cx)? == ops::class_of(t) {
            add_swapped(cx, t, args, code, proto)?;
        }
        Ok(())
    }
    /// Convert a Python object into a function call parameter.
    fn from_param(this: Gc<SimpleType>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        let t = this.obj();
        if ops::is_instance(cx, value, t)? {
            return Ok(value);
        }
        let Some(i) = info_of(t) else { return Err(cx.type_error("abstract class")) };
        let Some(code) = i.code else { return Err(cx.type_error("abstract class")) };
        match CArg::of_value(cx, code, value) {
            Ok(a) => Ok(a.obj()),
            Err(e) => match attr_opt(cx, value, "_as_parameter_")? {
                Some(p) => {
                    cx.enter_while("while processing _as_parameter_")?;
                    SimpleType::from_param(this, cx, p)
                }
                None => Err(e),
            },
        }
    }
}

/// An instance.
#[derive(Trace)]
#[repr(C)]
pub struct Simple {
    data: CData,
}

fn code_of(o: Obj) -> Option<Code> {
    info_of_instance(o)?.code
}

/// The value as Python has it.
pub fn value_of(cx: &mut Cx, d: Gc<CData>) -> Result<Obj> {
    match code_of(d.obj()) {
        Some(c) => codes::get(cx, c, d.at(), d.size(), None),
        None => Err(cx.type_error("abstract class")),
    }
}

fn set_value(cx: &mut Cx, d: Gc<CData>, value: Obj) -> Result<()> {
    let Some(c) = code_of(d.obj()) else { return Err(cx.type_error("abstract class")) };
    let keep = codes::set(cx, c, d.at(), d.size(), None, value)?;
    data::keep_ref(cx, d, 0, keep)
}

fn is_direct(this: Obj) -> bool {
    !data::is_simple_subclass(ops::class_of(this))
}

#[class(module = "_ctypes", name = "_SimpleCData", base = CData, meta = SimpleType, subclassable)]
impl Simple {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        data::construct(cx, cls, args)
    }
    fn __init__(this: Gc<Simple>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        match *args.pos {
            [] => Ok(()),
            [v] => set_value(cx, as_data(this), v),
            ref all => Err(cx.type_error(format!("__init__ expected at most 1 argument, got {}", all.len()))),
        }
    }
    /// current value
    #[getter]
    fn value(this: Gc<Simple>, cx: &mut Cx) -> Result<Obj> {
        value_of(cx, as_data(this))
    }
    #[setter]
    fn set_value(this: Gc<Simple>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        match value.given() {
            Some(v) => set_value(cx, as_data(this), v),
            None => Err(cx.type_error("can't delete attribute")),
        }
    }
    fn __bool__(this: Gc<Simple>) -> bool {
        let d = as_data(this);
        d.to_vec().iter().any(|b| *b != 0)
    }
    fn __repr__(this: Gc<Simple>, cx: &mut Cx) -> Result<Obj> {
        let class = ops::class_of(this.obj());
        if !is_direct(this.obj()) {
            let text = format!("<{} object at {:#x}>", class.name(), this.addr() as usize);
            return Ok(str::new(cx, &text)?.obj());
        }
        let v = value_of(cx, as_data(this))?;
        let r = ops::repr(cx, v)?;
        let (open, close) = (str::new(cx, &format!("{}(", class.name()))?, str::new(cx, ")")?);
        Ok(str::join(cx, &[open, r, close])?.obj())
    }
    fn __ctypes_from_outparam__(this: Gc<Simple>, cx: &mut Cx) -> Result<Obj> {
        if is_direct(this.obj()) { value_of(cx, as_data(this)) } else { Ok(this.obj()) }
    }
}

fn as_data(this: Gc<Simple>) -> Gc<CData> {
    Gc::of(&this.payload().data)
}

/// Whether the class has a `__call__` or is a class.
pub fn is_callable(o: Obj) -> bool {
    o.is_ptr() && (ops::class_of(o).call_fn().is_some() || ops::class_of(o).special(Dunder::Call).is_some())
}
