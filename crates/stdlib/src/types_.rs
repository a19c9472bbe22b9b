//! `_types`: names for built-in types, which `types` passes on.
//!
//! Tests: tests/lang/types.md; CPython test_types.

use crate::util::{attr, set};
use typhon_builtins::{generic_alias, namespace, union};
use typhon_macros::{Trace, class, module};
use typhon_object::native;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, ops, shape, types};

/// `types.CapsuleType`: what C code hides its pointers in. Nothing here makes one.
#[derive(Trace)]
pub struct PyCapsule {}

/// Capsule objects let you wrap a C "void *" pointer in a Python object.
#[class(module = "builtins", name = "PyCapsule")]
impl PyCapsule {}

/// Define names for built-in types.
#[module("_types")]
pub mod types_ {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        for (name, id) in [
            ("AsyncGeneratorType", shape::ASYNC_GENERATOR),
            ("BuiltinFunctionType", shape::NATIVE_FUNCTION),
            ("BuiltinMethodType", shape::NATIVE_FUNCTION),
            ("CellType", shape::CELL),
            ("CodeType", shape::CODE),
            ("CoroutineType", shape::COROUTINE),
            ("EllipsisType", shape::ELLIPSIS),
            ("FrameType", shape::FRAME),
            ("FunctionType", shape::FUNCTION),
            ("GeneratorType", shape::GENERATOR),
            ("GetSetDescriptorType", shape::GETSET),
            ("LambdaType", shape::FUNCTION),
            ("MappingProxyType", shape::MAPPING_PROXY),
            ("MemberDescriptorType", shape::MEMBER),
            ("MethodType", shape::METHOD),
            ("ModuleType", shape::MODULE),
            ("NoneType", shape::NONE),
            ("NotImplementedType", shape::NOT_IMPLEMENTED),
            ("TracebackType", shape::TRACEBACK),
        ] {
            set(cx, module, name, types::class_for(id))?;
        }
        let (object, text) = (types::class_for(shape::OBJECT).obj(), types::class_for(shape::STR).obj());
        let instance = ops::call_args(cx, object, &[])?;
        for (name, of, member) in [
            ("WrapperDescriptorType", object, "__init__"),
            ("MethodWrapperType", instance, "__str__"),
            ("MethodDescriptorType", text, "join"),
        ] {
            let m = attr(cx, of, member)?;
            set(cx, module, name, ops::class_of(m))?;
        }
        let n = cx.intern("fromkeys")?;
        if let Some(m) = types::class_for(shape::DICT).dict().and_then(|d| d.get_str(n)) {
            set(cx, module, "ClassMethodDescriptorType", ops::class_of(m))?;
        }
        let c = native::class_of::<generic_alias::GenericAlias>(cx)?;
        set(cx, module, "GenericAlias", c)?;
        let c = native::class_of::<union::Union>(cx)?;
        set(cx, module, "UnionType", c)?;
        let c = native::class_of::<namespace::Namespace>(cx)?;
        set(cx, module, "SimpleNamespace", c)?;
        let c = native::class_of::<PyCapsule>(cx)?;
        set(cx, module, "CapsuleType", c)
    }
}
