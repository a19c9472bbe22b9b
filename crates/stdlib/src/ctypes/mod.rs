//! `_ctypes`: C data and C functions. `Lib/ctypes` is its face.
//!
//! | file | what |
//! |---|---|
//! | `info.rs` | what a class knows of itself |
//! | `codes.rs` | letters of simple types, values in memory |
//! | `data.rs` | the base of all C data: memory, keeping alive, buffers |
//! | `metas.rs` | what all classes can; metaclasses of arrays and pointers |
//! | `simple.rs`, `structure.rs`, `array.rs`, `pointer.rs` | the kinds of data |
//! | `field.rs` | fields of structures |
//! | `func_type.rs`, `func.rs` | function pointers |
//! | `params.rs`, `call.rs` | arguments and calls |
//! | `callback.rs` | functions that C calls |
//! | `helpers.rs` | `cast`, `string_at` and their like |
//! | `library.rs` | shared libraries |
//! | `raw.rs` | the only `unsafe` here; the rest of it is the crate `ffi` |
//!
//! There is no C API of Python: `pythonapi` finds no symbols.
//! Tests: tests/lang/ctypes.md; CPython test_ctypes.

mod array;
mod call;
mod callback;
mod codes;
mod data;
mod field;
mod func;
mod func_type;
mod helpers;
mod info;
mod library;
mod metas;
mod params;
mod pointer;
mod raw;
mod simple;
mod structure;

use crate::util::{set, set_ints, tuple_obj};
use array::Array;
use data::CData;
use field::CField;
use func::FuncPtr;
use info::{info_of, info_of_instance};
use pointer::Pointer;
use simple::Simple;
use structure::{Structure, Union};
use typhon_ffi::{errno, mem};
use typhon_macros::module;
use typhon_object::interp::InterpRoot;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Raised, Result, dict, new_type, ops, shape, tuple};

static ARGUMENT_ERROR: InterpRoot = InterpRoot::new();

/// `ctypes.ArgumentError`.
pub fn argument_error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    if let Some(t) = Obj::from_word(ARGUMENT_ERROR.get(cx)).and_then(|o| o.cast()) {
        return Ok(t);
    }
    let ns = dict::new(cx)?;
    let (m, v) = (cx.intern("__module__")?, cx.intern("ctypes")?);
    ns.insert_str(cx, m, v.obj())?;
    let bases = tuple::new(cx, &[ExcKind::Exception.class(cx).obj()])?;
    let name = cx.intern("ArgumentError")?;
    let t = new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)?;
    ARGUMENT_ERROR.set(cx, t.obj().word());
    Ok(t)
}

/// `ArgumentError(text)`.
pub fn argument_error(cx: &mut Cx, text: &str) -> Raised {
    let made = argument_error_class(cx).and_then(|c| {
        let t = text.into_obj(cx)?;
        ops::call_args(cx, c.obj(), &[t])
    });
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.type_error(text)),
        Err(e) => e,
    }
}

/// Create and manipulate C compatible data types in Python.
#[module("_ctypes", classes(Simple, Structure, Union, Array, Pointer, FuncPtr, CField))]
pub mod ctypes {
    use super::*;

    fn get_errno() -> i32 {
        errno::get()
    }
    fn set_errno(value: i32) -> i32 {
        errno::set(value)
    }
    /// sizeof(C type) -> integer
    /// sizeof(C instance) -> integer
    /// Return the size in bytes of a C instance
    fn sizeof(cx: &mut Cx, obj: Obj) -> Result<usize> {
        if let Some(i) = info_of(obj) {
            return Ok(i.size);
        }
        match obj.cast::<CData>() {
            Some(d) => Ok(d.size()),
            None => Err(cx.type_error("this type has no size")),
        }
    }
    /// alignment(C type) -> integer
    /// alignment(C instance) -> integer
    /// Return the alignment requirements of a C instance
    fn alignment(cx: &mut Cx, obj: Obj) -> Result<usize> {
        match info_of(obj).or_else(|| obj.cast::<CData>().and_then(|_| info_of_instance(obj))) {
            Some(i) => Ok(i.align),
            None => Err(cx.type_error("no alignment info")),
        }
    }
    /// addressof(C instance) -> integer
    /// Return the address of the C instance internal buffer
    fn addressof(cx: &mut Cx, obj: Obj) -> Result<usize> {
        match obj.cast::<CData>() {
            Some(d) => Ok(d.at()),
            None => Err(cx.type_error(format!(
                "addressof() argument must be _ctypes._CData, not {}",
                typhon_builtins::any::arg_type(cx, obj)
            ))),
        }
    }
    /// byref(C instance[, offset=0]) -> byref-object
    /// Return a pointer lookalike to a C instance, only usable
    /// as function argument
    #[sig(obj, offset = 0, /)]
    fn byref(cx: &mut Cx, obj: Obj, offset: isize) -> Result<Obj> {
        params::byref(cx, obj, offset)
    }
    /// Resize the memory buffer of a ctypes instance
    fn resize(cx: &mut Cx, obj: Obj, size: isize) -> Result<()> {
        let (Some(d), Some(i)) = (obj.cast::<CData>(), info_of_instance(obj)) else {
            return Err(cx.type_error("excepted ctypes instance"));
        };
        if size < i.size as isize {
            return Err(cx.value_error(format!("minimum size is {}", i.size)));
        }
        if !d.is_owner() {
            return Err(cx.value_error("Memory cannot be resized because this object doesn't own it"));
        }
        d.resize(cx, size as usize, i.align)
    }
    /// Return buffer interface information
    fn buffer_info(cx: &mut Cx, obj: Obj) -> Result<Obj> {
        let Some(i) = info_of(obj).or_else(|| obj.cast::<CData>().and_then(|_| info_of_instance(obj))) else {
            return Err(cx.type_error("not a ctypes type or object"));
        };
        let shape = typhon_builtins::memoryview::extent::tuple_of(cx, &i.shape)?;
        let format = i.format.as_str().into_obj(cx)?;
        tuple_obj(cx, &[format, i.shape.len().into_obj(cx)?, shape.obj()])
    }
    fn _unpickle(cx: &mut Cx, typ: Obj, state: Obj) -> Result<Obj> {
        let o = ops::call_method(cx, typ, "__new__", &[typ])?;
        let Some(t) = state.cast::<Tuple>() else { return Err(cx.type_error("state must be a tuple")) };
        ops::call_method(cx, o, "__setstate__", t.payload().items())?;
        Ok(o)
    }
    #[name("PyObj_FromPtr")]
    fn object_from_address(cx: &mut Cx, address: Obj) -> Result<Obj> {
        let at = library::address(cx, address)?;
        raw::object(at as u64).ok_or_else(|| cx.value_error("no object at this address"))
    }
    #[name("Py_INCREF")]
    fn add_reference(cx: &mut Cx, obj: Obj) -> Result<Obj> {
        helpers::count_reference(cx, obj, 1)?;
        Ok(obj)
    }
    #[name("Py_DECREF")]
    fn drop_reference(cx: &mut Cx, obj: Obj) -> Result<Obj> {
        helpers::count_reference(cx, obj, -1)?;
        Ok(obj)
    }
    fn call_function(cx: &mut Cx, func: Obj, arguments: Obj) -> Result<Obj> {
        call_by_address(cx, func, arguments, 0)
    }
    fn call_cdeclfunction(cx: &mut Cx, func: Obj, arguments: Obj) -> Result<Obj> {
        call_by_address(cx, func, arguments, func_type::CDECL)
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            typhon_builtins::buffer::register(data::export);
            typhon_builtins::buffer::register(helpers::export_region);
        });
        for m in library::functions::SPEC.functions {
            let f = ops::native_function(cx, m, "_ctypes")?;
            set(cx, module, m.name, f)?;
        }
        let e = argument_error_class(cx)?;
        set(cx, module, "ArgumentError", e.obj())?;
        set(cx, module, "__version__", "1.1.0")?;
        set_ints(
            cx,
            module,
            &[
                ("FUNCFLAG_CDECL", func_type::CDECL.into()),
                ("FUNCFLAG_PYTHONAPI", func_type::PYTHON_API.into()),
                ("FUNCFLAG_USE_ERRNO", func_type::USE_ERRNO.into()),
                ("FUNCFLAG_USE_LASTERROR", func_type::USE_LAST_ERROR.into()),
                ("RTLD_LOCAL", libc::RTLD_LOCAL.into()),
                ("RTLD_GLOBAL", libc::RTLD_GLOBAL.into()),
                ("CTYPES_MAX_ARGCOUNT", call::MAX_ARGS as i64),
                ("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64),
            ],
        )?;
        let [cast, string, wide, view] = *helpers::addresses() else { return Ok(()) };
        for (name, at) in [
            ("_memmove_addr", mem::memmove_address()),
            ("_memset_addr", mem::memset_address()),
            ("_cast_addr", cast),
            ("_string_at_addr", string),
            ("_wstring_at_addr", wide),
            ("_memoryview_at_addr", view),
        ] {
            set(cx, module, name, at)?;
        }
        Ok(())
    }
}

fn call_by_address(cx: &mut Cx, func: Obj, arguments: Obj, flags: u32) -> Result<Obj> {
    let at = library::address(cx, func)?;
    let args = Gc::<Tuple>::from_arg(cx, arguments)?;
    call::invoke(cx, at, args, flags, None, None, None)
}
