//! The metaclass of function pointers: `_flags_`, `_argtypes_`, `_restype_`.
//!
//! Tests: tests/lang/ctypes.md; CPython test_funcptr, test_prototypes.

use super::call::MAX_ARGS;
use super::info::{CType, IS_POINTER, Info, Kind, info_of, install};
use super::metas::check_args;
use super::simple::is_callable;
use crate::util::attr_opt;
use typhon_macros::{Trace, class};
use typhon_object::native::Args;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Raised, Result, int, list, ops};

/// `errno` is exchanged around calls.
pub const USE_ERRNO: u32 = 8;
/// The function may raise; there is no GIL to keep.
pub const PYTHON_API: u32 = 4;
/// The C calling convention: more arguments than are declared may be given.
pub const CDECL: u32 = 1;
/// A flag of Windows.
pub const USE_LAST_ERROR: u32 = 16;

/// The metaclass.
#[derive(Trace)]
#[repr(C)]
pub struct FuncType {
    meta: CType,
}

/// The `from_param` of each argument's type.
pub fn converters(cx: &mut Cx, argtypes: Gc<Tuple>) -> Result<Gc<Tuple>> {
    if argtypes.len() > MAX_ARGS {
        let text = format!("_argtypes_ has too many arguments ({}), maximum is {MAX_ARGS}", argtypes.len());
        return Err(super::argument_error(cx, &text));
    }
    let out = list::new(cx, &[])?;
    for (i, t) in argtypes.payload().items().iter().enumerate() {
        match attr_opt(cx, *t, "from_param")? {
            Some(f) => out.append(cx, f)?,
            None => {
                return Err(cx.type_error(format!("item {} in _argtypes_ has no from_param method", i + 1)));
            }
        }
    }
    ops::tuple_from_list(cx, out)
}

/// Whether a value can be a result type.
pub fn is_restype(o: Obj) -> bool {
    o.is_none() || info_of(o).is_some() || is_callable(o)
}

/// `_check_retval_` of a result type.
pub fn checker(cx: &mut Cx, restype: Obj) -> Result<Option<Obj>> {
    if restype.is_none() { Ok(None) } else { attr_opt(cx, restype, "_check_retval_") }
}

#[cold]
fn bad_flags(cx: &Cx) -> Raised {
    cx.type_error("class must define _flags_ which must be an integer")
}

#[class(module = "_ctypes", name = "PyCFuncPtrType", base = CType, subclassable, inherit_new)]
impl FuncType {
    fn __init__(this: Gc<FuncType>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        check_args(cx, &args)?;
        let t = this.obj();
        let Some(flags) = attr_opt(cx, t, "_flags_")?.filter(|f| int::is_int(*f)) else {
            return Err(bad_flags(cx));
        };
        let mut i = Info::new(Kind::Func, 8, 8, 1);
        i.format = "X{}".to_owned();
        i.add_flags(super::codes::low_bits(flags).unwrap_or(0) as u32 & 0xff | IS_POINTER);
        if let Some(a) = attr_opt(cx, t, "_argtypes_")? {
            let Some(a) = a.cast::<Tuple>() else {
                return Err(cx.type_error("_argtypes_ must be a sequence of types"));
            };
            i.converters = Slot::new(converters(cx, a)?);
            i.argtypes = Slot::new(a);
        }
        if let Some(r) = attr_opt(cx, t, "_restype_")? {
            if !is_restype(r) {
                return Err(cx.type_error("_restype_ must be a type, a callable, or None"));
            }
            i.restype = Slot::new(r);
            i.checker = Slot::of(checker(cx, r)?);
        }
        install(cx, t, i).map(|_| ())
    }
}
