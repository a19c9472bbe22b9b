//! Registration: completes the container types and makes the namespace of
//! `builtins`. This list is the table of contents of half of this crate.
//!
//! Tests: tests/containers.rs.

use crate::{
    dict, exceptions, functions, generic_alias, iterators, list, mappingproxy, method, module, namespace,
    native_function, property, range, set, slice, static_class_method, super_, tuple, union,
};
use typhon_object::dict::Dict;
use typhon_object::exc::ExcKind;
use typhon_object::native::{NativeClass, class_of};
use typhon_object::{Cx, Gc, Obj, Result, shape, types};

/// Complete the container types, exceptions, iterators and descriptors.
pub fn init_containers(cx: &mut Cx) -> Result<()> {
    slice::init(cx)?;
    mappingproxy::init(cx)?;
    module::init(cx)?;
    exceptions::init(cx)?;
    list::init(cx)?;
    tuple::init(cx)?;
    dict::init(cx)?;
    range::init(cx)?;
    set::init(cx)?;
    iterators::init(cx)?;
    property::init(cx)?;
    static_class_method::init(cx)?;
    super_::init(cx)?;
    method::init(cx)?;
    native_function::init(cx)?;
    generic_alias::init(cx)?;
    union::init(cx)?;
    class_of::<namespace::Namespace>(cx).map(|_| ())
}

/// Fixed shapes whose classes are names of `builtins`.
const NAMED: &[u32] = &[
    shape::OBJECT,
    shape::TYPE,
    shape::BOOL,
    shape::INT,
    shape::FLOAT,
    shape::COMPLEX,
    shape::STR,
    shape::BYTES,
    shape::BYTEARRAY,
    shape::TUPLE,
    shape::LIST,
    shape::DICT,
    shape::SET,
    shape::FROZENSET,
    shape::RANGE,
    shape::SLICE,
    shape::PROPERTY,
    shape::SUPER,
    shape::STATIC_METHOD,
];

fn put_class<T: NativeClass>(cx: &mut Cx, d: Gc<Dict>) -> Result<()> {
    let n = cx.intern(T::SPEC.name)?;
    let c = class_of::<T>(cx)?;
    d.insert_str(cx, n, c.obj())?;
    Ok(())
}

/// The namespace of the `builtins` module: classes, exceptions, constants and
/// the functions that need no VM. It also becomes `interp().builtins`.
pub fn builtins_namespace(cx: &mut Cx) -> Result<Gc<Dict>> {
    let m = module::from_spec(cx, &functions::builtins::SPEC)?;
    let d = module::namespace(cx, m)?;
    cx.interp().builtins.set(&cx.mutator, d.obj().word());
    for id in NAMED {
        // The owner of a reserved shape that nobody has defined yet is empty.
        if shape::layout(*id).owner.load(std::sync::atomic::Ordering::Acquire) == 0 {
            continue;
        }
        let c = types::class_for(*id);
        if let Some(n) = c.name_obj() {
            d.insert_str(cx, n, c.obj())?;
        }
    }
    put_class::<static_class_method::ClassMethod>(cx, d)?;
    put_class::<iterators::Enumerate>(cx, d)?;
    put_class::<iterators::Filter>(cx, d)?;
    put_class::<iterators::Map>(cx, d)?;
    put_class::<iterators::Reversed>(cx, d)?;
    put_class::<iterators::Zip>(cx, d)?;
    put_class::<crate::memoryview::MemoryView>(cx, d)?;
    let base = ExcKind::BaseException.class(cx);
    let n = cx.intern("BaseException")?;
    d.insert_str(cx, n, base.obj())?;
    for (name, kind, _, _) in ExcKind::table() {
        let n = cx.intern(name)?;
        let c = kind.class(cx);
        d.insert_str(cx, n, c.obj())?;
    }
    let n = cx.intern("ExceptionGroup")?;
    let c = exceptions::group::exception_group(cx);
    d.insert_str(cx, n, c.obj())?;
    for alias in ["EnvironmentError", "IOError"] {
        let n = cx.intern(alias)?;
        let c = ExcKind::OSError.class(cx);
        d.insert_str(cx, n, c.obj())?;
    }
    let constants = [
        ("None", Obj::NONE),
        ("True", Obj::TRUE),
        ("False", Obj::FALSE),
        ("Ellipsis", Obj::ELLIPSIS),
        ("NotImplemented", Obj::NOT_IMPLEMENTED),
        ("__debug__", Obj::TRUE),
    ];
    for (name, v) in constants {
        let n = cx.intern(name)?;
        d.insert_str(cx, n, v)?;
    }
    Ok(d)
}
