//! `CType_Type`: what all classes of C data can do, and the metaclasses of arrays and
//! pointers.
//!
//! Tests: tests/lang/ctypes.md; CPython test_arrays, test_pointers, test_frombuffer.

use super::codes;
use super::data::{self, CData};
use super::info::{self, CType, FINAL, HAS_POINTER, IS_POINTER, Info, Kind, info_of, info_of_instance, install};
use super::params::{self, CArg};
use super::{array, library};
use crate::util::attr_opt;
use typhon_builtins::memoryview::MemoryView;
use typhon_ffi::mem;
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{Args, FromArg, Missing, class_of};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, exc, int, ops, str, tuple, types};

/// The base of the metaclasses.
#[class(module = "_ctypes", name = "CType_Type", base = "type", subclassable, inherit_new)]
impl CType {
    /// C.from_address(integer) -> C instance
    ///
    /// access a C instance at the specified address
    fn from_address(this: Gc<CType>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        let Some(at) = codes::low_bits(value) else { return Err(cx.type_error("integer expected")) };
        Ok(data::at_address(cx, class(this), at as usize)?.obj())
    }
    /// C.from_buffer(object, offset=0, /) -> C instance
    ///
    /// create a C instance from a writeable buffer
    #[sig(obj, offset = 0, /)]
    fn from_buffer(this: Gc<CType>, cx: &mut Cx, obj: Obj, offset: isize) -> Result<Obj> {
        let i = info::final_info(cx, class(this))?;
        let mv = MemoryView::over(cx, obj)?;
        let e = mv.export(cx)?;
        if e.view.readonly {
            return Err(cx.type_error("underlying buffer is not writable"));
        }
        let Some(view) = MemoryView::as_contiguous(&e) else {
            return Err(cx.type_error("underlying buffer is not C contiguous"));
        };
        let offset = in_range(cx, view.len(), offset, i.size)?;
        let at = view.as_slice().as_ptr() as usize + offset;
        let d = data::at_address(cx, class(this), at)?;
        data::keep_ref(cx, d, -1, mv.obj())?;
        Ok(d.obj())
    }
    /// C.from_buffer_copy(object, offset=0, /) -> C instance
    ///
    /// create a C instance from a readable buffer
    #[sig(buffer, offset = 0, /)]
    fn from_buffer_copy(this: Gc<CType>, cx: &mut Cx, buffer: Obj, offset: isize) -> Result<Obj> {
        let i = info::final_info(cx, class(this))?;
        let view = typhon_builtins::buffer::get(cx, buffer, false)?;
        let offset = in_range(cx, view.len(), offset, i.size)?;
        let d = ops::call_args(cx, this.obj(), &[])?;
        let Some(c) = d.cast::<CData>() else { return Ok(d) };
        mem::write(c.at(), &view.as_slice()[offset..offset + i.size.min(c.size())]);
        Ok(d)
    }
    /// C.in_dll(dll, name) -> C instance
    ///
    /// access a C instance in a dll
    fn in_dll(this: Gc<CType>, cx: &mut Cx, dll: Obj, name: Gc<Str>) -> Result<Obj> {
        let handle = library::handle_of(cx, dll)?;
        let at = library::find(cx, handle, name, ExcKind::ValueError)?;
        Ok(data::at_address(cx, class(this), at)?.obj())
    }
    /// Convert a Python object into a function call parameter.
    fn from_param(this: Gc<CType>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        from_param(cx, this.obj(), value)
    }
    fn __mul__(this: Gc<CType>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        repeat(cx, this, n)
    }
    fn __rmul__(this: Gc<CType>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        repeat(cx, this, n)
    }
    #[getter]
    fn __pointer_type__(this: Gc<CType>, cx: &mut Cx) -> Result<Obj> {
        let Some(i) = this.info() else { return Err(no_info(cx, this.obj())?) };
        match i.pointer_type.obj() {
            Some(p) => Ok(p),
            None => {
                let name = cx.intern("__pointer_type__")?;
                let r = ops::repr(cx, this.obj())?;
                let text = format!("type {} has no attribute '__pointer_type__'", r.to_str());
                Err(exc::attribute_error(cx, text, this.obj(), name.obj()))
            }
        }
    }
    #[setter]
    #[name("__pointer_type__")]
    fn set_pointer_type(this: Gc<CType>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        let Some(i) = this.info() else { return Err(no_info(cx, this.obj())?) };
        i.payload().pointer_type.put(cx, i, value.given());
        Ok(())
    }
}

fn no_info(cx: &mut Cx, t: Obj) -> Result<Raised> {
    let r = ops::repr(cx, t)?;
    Ok(cx.type_error(format!("{} must have storage info", r.to_str())))
}

/// What `type.__init__` says of its arguments.
pub fn check_args(cx: &Cx, args: &Args<'_>) -> Result<()> {
    if matches!(args.pos.len(), 1 | 3) {
        return Ok(());
    }
    Err(cx.type_error("type.__init__() takes 1 or 3 arguments"))
}

/// The class as what it is to everybody else.
pub fn class(t: Gc<CType>) -> Gc<Type> {
    types::class(t.obj())
}

fn in_range(cx: &Cx, len: usize, offset: isize, size: usize) -> Result<usize> {
    let Ok(at) = usize::try_from(offset) else { return Err(cx.value_error("offset cannot be negative")) };
    if at.checked_add(size).is_none_or(|end| end > len) {
        return Err(cx.value_error(format!(
            "Buffer size too small ({len} instead of at least {} bytes)",
            at.saturating_add(size)
        )));
    }
    Ok(at)
}

/// `from_param` of classes without better ideas: instances and what stands for one.
pub fn from_param(cx: &mut Cx, class: Obj, value: Obj) -> Result<Obj> {
    if ops::is_instance(cx, value, class)? {
        return Ok(value);
    }
    if let Some(a) = value.cast::<CArg>() {
        let ob = a.obj.obj();
        if let (Some(ob), Some(proto)) = (ob, info_of(class).and_then(|i| i.item()))
            && ops::is_instance(cx, ob, proto.obj())?
        {
            return Ok(value);
        }
        let what = ob.map_or("NULL".to_owned(), |o| cx.type_name(o));
        return Err(cx.type_error(format!("expected {} instance instead of pointer to {what}", name_of(class))));
    }
    if let Some(p) = attr_opt(cx, value, "_as_parameter_")? {
        cx.enter()?;
        return from_param(cx, class, p);
    }
    Err(cx.type_error(format!("expected {} instance instead of {}", name_of(class), cx.type_name(value))))
}

/// `__name__`, for messages.
pub fn name_of(class: Obj) -> String {
    class.cast::<Type>().map_or("?".into(), |t| t.name().into_owned())
}

/// `cls * n`: an array class, the same one each time.
fn repeat(cx: &mut Cx, this: Gc<CType>, n: Obj) -> Result<Obj> {
    if !typhon_builtins::slice::is_index(n) {
        return Err(cx.type_error(format!("can't multiply sequence by non-int of type '{}'", cx.type_name(n))));
    }
    let n = isize::from_arg(cx, n)?;
    if n < 0 {
        return Err(cx.value_error(format!("Array length must be >= 0, not {n}")));
    }
    let Some(i) = this.info() else { return Err(cx.type_error("Expected a type object")) };
    let known = match i.arrays.get() {
        Some(d) => d,
        None => {
            let d = dict::new(cx)?;
            i.payload().arrays.set(cx, i, d);
            d
        }
    };
    let key = int::from_i64(cx, n as i64)?;
    if let Some(found) = known.get(cx, key)? {
        return Ok(found);
    }
    let meta = class_of::<ArrayType>(cx)?;
    let base = class_of::<array::Array>(cx)?;
    let name = str::new(cx, &format!("{}_Array_{n}", class(this).name()))?;
    let bases = tuple::new(cx, &[base.obj()])?;
    let ns = dict::new(cx)?;
    let (length, item) = (cx.intern("_length_")?, cx.intern("_type_")?);
    ns.insert_str(cx, length, key)?;
    ns.insert_str(cx, item, this.obj())?;
    let made = ops::call_args(cx, meta.obj(), &[name.obj(), bases.obj(), ns.obj()])?;
    known.set_default(cx, key, made)
}

/// The metaclass of arrays.
#[derive(Trace)]
#[repr(C)]
pub struct ArrayType {
    meta: CType,
}

#[class(module = "_ctypes", name = "PyCArrayType", base = CType, subclassable, inherit_new)]
impl ArrayType {
    fn __init__(this: Gc<ArrayType>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let t = this.obj();
        check_args(cx, &args)?;
        // `Array` itself is abstract.
        let Some(length) = attr_opt(cx, t, "_length_")?.filter(|v| !v.is_none()) else {
            return Err(no_attr(cx, t, "_length_"));
        };
        if !int::is_int(length) {
            return Err(cx.type_error("The '_length_' attribute must be an integer"));
        }
        if ops::less(cx, length, Obj::int_unchecked(0))? {
            return Err(cx.value_error("The '_length_' attribute must not be negative"));
        }
        let Some(n) = int::to_i64(length) else {
            return Err(cx.error(ExcKind::OverflowError, "The '_length_' attribute is too large"));
        };
        let Some(item) = attr_opt(cx, t, "_type_")? else { return Err(no_attr(cx, t, "_type_")) };
        let Some(it) = info_of(item) else { return Err(cx.type_error("_type_ must have storage info")) };
        let size = it.size.checked_mul(n as usize).filter(|s| *s <= isize::MAX as usize);
        let Some(size) = size else { return Err(cx.error(ExcKind::OverflowError, "array too large")) };
        let mut i = Info::new(Kind::Array, size, it.align, n as usize);
        i.format = it.format.clone();
        i.shape = [n as isize].into_iter().chain(it.shape.iter().copied()).collect();
        i.proto = typhon_object::obj::Slot::new(item);
        if it.has(IS_POINTER | HAS_POINTER) {
            i.add_flags(HAS_POINTER);
        }
        it.add_flags(FINAL);
        let letter = it.code.map(|c| c.letter);
        install(cx, t, i)?;
        array::add_text_attributes(cx, types::class(t), letter)
    }
}

/// The error of a class statement that says too little.
#[cold]
pub fn no_attr(cx: &Cx, _t: Obj, name: &str) -> Raised {
    cx.error(ExcKind::AttributeError, format!("class must define a '{name}' attribute"))
}

/// The metaclass of pointers.
#[derive(Trace)]
#[repr(C)]
pub struct PointerType {
    meta: CType,
}

fn set_proto(cx: &mut Cx, this: Obj, i: Gc<Info>, proto: Obj) -> Result<()> {
    if proto.cast::<Type>().is_none() {
        return Err(cx.type_error("_type_ must be a type"));
    }
    let Some(p) = info_of(proto) else { return Err(no_info(cx, proto)?) };
    i.payload().proto.set(cx, i, proto);
    if p.pointer_type.obj().is_none() {
        p.payload().pointer_type.set(cx, p, types::class(this));
    }
    Ok(())
}

/// `&` and the format of what is pointed to.
fn pointer_format(p: &Info) -> String {
    if p.shape.is_empty() {
        return format!("&{}", p.format);
    }
    let dims: Vec<String> = p.shape.iter().map(isize::to_string).collect();
    format!("&({}){}", dims.join(","), p.format)
}

#[class(module = "_ctypes", name = "PyCPointerType", base = CType, subclassable, inherit_new)]
impl PointerType {
    fn __init__(this: Gc<PointerType>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let t = this.obj();
        check_args(cx, &args)?;
        let key = cx.intern("_type_")?;
        let proto = args.pos.get(2).and_then(|d| d.cast::<Dict>()).and_then(|d| d.get_str(key));
        let mut i = Info::new(Kind::Pointer, 8, 8, 1);
        i.format = match proto.and_then(info_of) {
            Some(p) => pointer_format(&p),
            None => "&B".to_owned(),
        };
        i.add_flags(IS_POINTER);
        if let Some(p) = proto {
            if p.cast::<Type>().is_none() {
                return Err(cx.type_error("_type_ must be a type"));
            }
            if info_of(p).is_none() {
                return Err(no_info(cx, p)?);
            }
        }
        let i = install(cx, t, i)?;
        match proto {
            Some(p) => set_proto(cx, t, i, p),
            None => Ok(()),
        }
    }
    /// Say later what the pointers point to.
    fn set_type(this: Gc<PointerType>, cx: &mut Cx, r#type: Obj) -> Result<()> {
        let t = this.obj();
        let Some(i) = info_of(t) else { return Err(cx.type_error("abstract class")) };
        set_proto(cx, t, i, r#type)?;
        let name = cx.intern("_type_")?;
        ops::set_attr(cx, t, name, Some(r#type))
    }
    /// Convert a Python object into a function call parameter.
    fn from_param(this: Gc<PointerType>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if value.is_none() {
            return Ok(value);
        }
        let t = this.obj();
        let Some(i) = info_of(t) else { return Err(cx.type_error("abstract class")) };
        if let Some(p) = i.item() {
            if ops::is_instance(cx, value, p.obj())? {
                return params::byref(cx, value, 0);
            }
            if value.cast::<CData>().is_some()
                && let Some(v) = info_of_instance(value)
                && matches!(v.kind, Kind::Pointer | Kind::Array)
                && let Some(item) = v.item()
                && ops::is_subclass(cx, item.obj(), p.obj())?
            {
                return Ok(value);
            }
        }
        from_param(cx, t, value)
    }
}
