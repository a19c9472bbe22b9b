//! Methods of the singletons' types: `NoneType`, `ellipsis`, `NotImplementedType`.
//!
//! Tests: tests/lang/none.md.

use crate::any::{Ellipsis, NoneType, NotImplementedType};
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Gc, Obj, Result, name, shape};

fn no_arguments(cx: &Cx, args: Args<'_>, name: &str, value: Obj) -> Result<Obj> {
    if args.all().is_empty() { Ok(value) } else { Err(cx.type_error(format!("{name} takes no arguments"))) }
}

struct NoneMethods;

#[class(name = "NoneType", extends = NoneType)]
impl NoneMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        no_arguments(cx, args, "NoneType", Obj::NONE)
    }
    fn __repr__(this: Gc<NoneType>, cx: &mut Cx) -> Obj {
        let _ = this;
        name!(cx, "None").obj()
    }
    fn __bool__(this: Gc<NoneType>) -> bool {
        let _ = this;
        false
    }
    fn __hash__(this: Gc<NoneType>) -> i64 {
        let _ = this;
        // As in CPython, so that runs can be compared.
        0xfca8_6420
    }
    fn __richcmp__(this: Gc<NoneType>, other: Obj, op: CompareOp) -> Obj {
        match op {
            CompareOp::Eq if this.obj() == other => Obj::TRUE,
            CompareOp::Ne if this.obj() == other => Obj::FALSE,
            _ => Obj::NOT_IMPLEMENTED,
        }
    }
}

struct EllipsisMethods;

#[class(name = "ellipsis", extends = Ellipsis)]
impl EllipsisMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        no_arguments(cx, args, "EllipsisType", Obj::ELLIPSIS)
    }
    fn __repr__(this: Gc<Ellipsis>, cx: &mut Cx) -> Obj {
        let _ = this;
        name!(cx, "Ellipsis").obj()
    }
    fn __reduce__(this: Gc<Ellipsis>, cx: &mut Cx) -> Obj {
        let _ = this;
        name!(cx, "Ellipsis").obj()
    }
}

struct NotImplementedMethods;

#[class(name = "NotImplementedType", extends = NotImplementedType)]
impl NotImplementedMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        no_arguments(cx, args, "NotImplementedType", Obj::NOT_IMPLEMENTED)
    }
    fn __repr__(this: Gc<NotImplementedType>, cx: &mut Cx) -> Obj {
        let _ = this;
        name!(cx, "NotImplemented").obj()
    }
    fn __bool__(this: Gc<NotImplementedType>, cx: &mut Cx) -> Result<bool> {
        let _ = this;
        Err(cx.type_error("NotImplemented should not be used in a boolean context"))
    }
    fn __reduce__(this: Gc<NotImplementedType>, cx: &mut Cx) -> Obj {
        let _ = this;
        name!(cx, "NotImplemented").obj()
    }
}

/// Add the methods to the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, types::class_for(shape::NONE), NoneMethods::MEMBERS)?;
    types::add_members(cx, types::class_for(shape::ELLIPSIS), EllipsisMethods::MEMBERS)?;
    types::add_members(cx, types::class_for(shape::NOT_IMPLEMENTED), NotImplementedMethods::MEMBERS)
}
