//! Start-up: the fixed shapes, the core classes and the built-in exceptions.
//!
//! Order matters: strings and the intern table need layouts but no classes;
//! then `object` and `type`, then the rest.

use crate::cx::Cx;
use crate::exc::{BaseException, ExcKind};
use crate::method::Method;
use crate::native::{self, NativeFunction};
use crate::new_type::MemberDescr;
use crate::obj::Gc;
use crate::ops::{self, SeqIter};
use crate::shape::{self, Storage};
use crate::types::{self, CoreClass, Type};
use crate::{Result, bytes, dict, int, list, raw, str, tuple};
use std::sync::atomic::Ordering;
use typhon_gc::LayoutInit;

unsafe fn no_refs(_: *mut u8, _: &mut crate::Tracer) {}

/// The layout of each fixed shape that this crate owns; the rest are reserved
/// and filled in by the crate that owns the type (`define`).
fn fixed_layout(id: u32) -> LayoutInit {
    match id {
        shape::TYPE => types::layout_of::<Type>(0),
        shape::STR => LayoutInit::custom_var(str::var_size, no_refs),
        shape::BYTES => LayoutInit::custom_var(bytes::var_size, no_refs),
        shape::INT => LayoutInit::custom_var(int::var_size, no_refs),
        shape::RAW => LayoutInit::custom_var(raw::var_size, no_refs),
        shape::FLOAT => LayoutInit::leaf(16),
        shape::TUPLE => LayoutInit::array_with_tail(tuple::TAIL as u32),
        shape::ARRAY => LayoutInit::array(),
        shape::LIST => types::layout_of::<list::List>(0),
        shape::DICT => types::layout_of::<dict::Dict>(0),
        shape::DICT_TABLE => LayoutInit::custom_var(dict::table_size, dict::trace_table),
        shape::METHOD => types::layout_of::<Method>(0),
        shape::NATIVE_FUNCTION | shape::METHOD_DESCRIPTOR | shape::GETSET | shape::CLASS_METHOD => {
            types::layout_of::<NativeFunction>(0)
        }
        shape::MEMBER => types::layout_of::<MemberDescr>(0),
        shape::LIST_ITER | shape::TUPLE_ITER | shape::SEQ_ITER => types::layout_of::<SeqIter>(0),
        shape::BASE_EXCEPTION => types::layout_of::<BaseException>(1),
        shape::OBJECT => LayoutInit::slots(0),
        _ => LayoutInit::slots(0),
    }
}

/// Fixed shapes whose payload has variable size, and whether it holds values.
const VARIABLE: &[(u32, native::VarSizeFn, u64)] = &[
    (shape::STR, str::var_size, 0),
    (shape::BYTES, bytes::var_size, 0),
    (shape::INT, int::var_size, 0),
    (shape::TUPLE, tuple::var_size, 1),
];

macro_rules! core {
    ($($shape:ident $name:literal $flags:expr, $doc:literal;)*) => {
        const CORE: &[CoreClass] = &[$(CoreClass { shape: shape::$shape, name: $name, doc: $doc, flags: $flags }),*];
    };
}
use native::{DICT, MAPPING, NO_NEW, SEQUENCE, SUBCLASSABLE as SUB, WEAKREF};

core! {
    NONE "NoneType" 0, "The type of the None singleton.";
    ELLIPSIS "ellipsis" 0, "The type of the Ellipsis singleton.";
    NOT_IMPLEMENTED "NotImplementedType" 0, "The type of the NotImplemented singleton.";
    INT "int" SUB, "int([x]) -> integer\nint(x, base=10) -> integer\n\nConvert a number or string to an integer, or return 0 if no arguments\nare given.  If x is a number, return x.__int__().  For floating-point\nnumbers, this truncates towards zero.\n\nIf x is not a number or if base is given, then x must be a string,\nbytes, or bytearray instance representing an integer literal in the\ngiven base.  The literal can be preceded by '+' or '-' and be surrounded\nby whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.\nBase 0 means to interpret the base from the string as an integer literal.\n>>> int('0b100', base=0)\n4";
    FLOAT "float" SUB, "Convert a string or number to a floating-point number, if possible.";
    STR "str" SUB, "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nCreate a new string object from the given object. If encoding or\nerrors is specified, then the object must expose a data buffer\nthat will be decoded using the given encoding and error handler.\nOtherwise, returns the result of object.__str__() (if defined)\nor repr(object).\nencoding defaults to 'utf-8'.\nerrors defaults to 'strict'.";
    BYTES "bytes" SUB, "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\nbytes(int) -> bytes object of size given by the parameter initialized with null bytes\nbytes() -> empty bytes object\n\nConstruct an immutable array of bytes from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - any object implementing the buffer API.\n  - an integer";
    TUPLE "tuple" SUB | SEQUENCE, "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\nIf iterable is specified the tuple is initialized from iterable's items.\n\nIf the argument is a tuple, the return value is the same object.";
    LIST "list" SUB | SEQUENCE, "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\nThe argument must be an iterable if specified.";
    DICT "dict" SUB | MAPPING, "dict() -> new empty dictionary\ndict(mapping) -> new dictionary initialized from a mapping object's\n    (key, value) pairs\ndict(iterable) -> new dictionary initialized as if via:\n    d = {}\n    for k, v in iterable:\n        d[k] = v\ndict(**kwargs) -> new dictionary initialized with the name=value pairs\n    in the keyword argument list.  For example:  dict(one=1, two=2)";
    METHOD "method" WEAKREF, "Create a bound instance method object.";
    NATIVE_FUNCTION "builtin_function_or_method" NO_NEW | WEAKREF, "";
    METHOD_DESCRIPTOR "method_descriptor" NO_NEW, "";
    GETSET "getset_descriptor" NO_NEW, "";
    CLASS_METHOD "classmethod_descriptor" NO_NEW, "";
    MEMBER "member_descriptor" NO_NEW, "";
    LIST_ITER "list_iterator" NO_NEW, "";
    TUPLE_ITER "tuple_iterator" NO_NEW, "";
    SEQ_ITER "iterator" NO_NEW, "";
}

/// Make everything that exists before the first Python code. Once per process.
pub fn bootstrap(cx: &mut Cx) -> Result<()> {
    for id in 1..=shape::FIXED {
        let got = shape::new_root(fixed_layout(id), None, Storage::None, 0, 0);
        assert_eq!(got, id, "fixed shapes come first");
        types::set_cell(id, native::core_cell(id));
    }
    for (id, size, refs) in VARIABLE {
        let l = shape::layout(*id);
        l.user[2].store(*size as usize as u64, Ordering::Release);
        l.user[3].store(*refs, Ordering::Release);
    }
    cx.rt().bootstrap(cx)?;
    let object = types::alloc(cx, shape::TYPE)?;
    let type_ = types::alloc(cx, shape::TYPE)?;
    types::finish_native(cx, object, "object", "builtins", OBJECT_DOC, None, SUB, shape::OBJECT)?;
    types::finish_native(cx, type_, "type", "builtins", TYPE_DOC, Some(object), SUB | DICT | WEAKREF, shape::TYPE)?;
    type_.set_call_fn(ops::call_type);
    type_.set_of_one(|_, o| Ok(ops::class_of(o).obj()));
    // Plain objects have no payload of their own.
    shape::layout(shape::OBJECT).user[1].store(0, Ordering::Release);
    for c in CORE {
        let t = types::alloc(cx, shape::TYPE)?;
        types::finish_native(cx, t, c.name, module_of(c.name), c.doc, Some(object), c.flags, c.shape)?;
        if VARIABLE.iter().any(|v| v.0 == c.shape) {
            t.set_flag(types::F_VARIABLE, true);
        }
        native::core_cell(c.shape).set(t, None);
    }
    let int = types::class_for(shape::INT);
    define(cx, shape::BOOL, "bool", BOOL_DOC, 0, Some(int), None)?;
    for s in [shape::NATIVE_FUNCTION, shape::METHOD_DESCRIPTOR, shape::CLASS_METHOD] {
        types::class_for(s).set_call_fn(ops::call_native_function);
    }
    types::class_for(shape::METHOD).set_call_fn(ops::call_method_object);
    exceptions(cx, object)?;
    Ok(())
}

fn module_of(name: &str) -> &'static str {
    match name {
        "NoneType" | "ellipsis" | "NotImplementedType" => "builtins",
        _ => "builtins",
    }
}

/// Make the class of a reserved fixed shape. `layout` replaces the placeholder;
/// no instance may exist yet.
pub fn define(
    cx: &Cx,
    shape_id: u32,
    name: &str,
    doc: &str,
    flags: u32,
    base: Option<Gc<Type>>,
    layout: Option<LayoutInit>,
) -> Result<Gc<Type>> {
    if let Some(init) = layout {
        // No instance of this shape exists, so nobody reads the record.
        unsafe { typhon_gc::replace_layout(shape_id, init) };
        shape::reset_root(shape_id, if flags & DICT != 0 { Storage::Slots } else { Storage::None }, flags & DICT != 0);
        types::set_cell(shape_id, native::core_cell(shape_id));
    }
    let t = types::alloc(cx, shape::TYPE)?;
    let base = base.unwrap_or_else(|| types::class_for(shape::OBJECT));
    types::finish_native(cx, t, name, "builtins", doc, Some(base), flags, shape_id)?;
    native::core_cell(shape_id).set(t, types::cell_of(base));
    Ok(t)
}

fn exceptions(cx: &mut Cx, object: Gc<Type>) -> Result<()> {
    shape::reset_root(shape::BASE_EXCEPTION, Storage::Slots, true);
    let t = types::alloc(cx, shape::TYPE)?;
    let doc = "Common base class for all exceptions.";
    types::finish_native(
        cx,
        t,
        "BaseException",
        "builtins",
        doc,
        Some(object),
        SUB | DICT | WEAKREF,
        shape::BASE_EXCEPTION,
    )?;
    native::core_cell(shape::BASE_EXCEPTION).set(t, None);
    cx.rt().exceptions().set(cx, ExcKind::BaseException as usize, t.obj());
    for (name, kind, base, doc) in ExcKind::table() {
        let b = base.class(cx);
        types::make_exception(cx, *kind, name, doc, b)?;
    }
    let class = ExcKind::MemoryError.class(cx);
    let spare = crate::exc::alloc(cx, class, &[])?;
    cx.rt().keep_spare(cx, spare);
    Ok(())
}

const OBJECT_DOC: &str = "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new featureless\ninstance that has no instance attributes and cannot be given any.\n";
const TYPE_DOC: &str = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type";
const BOOL_DOC: &str = "Returns True when the argument is true, False otherwise.\nThe builtins True and False are the only two instances of the class bool.\nThe class bool is a subclass of the class int, and cannot be subclassed.";
