//! Methods of `bool`; the arithmetic is int's.
//!
//! Tests: tests/lang/bool.md; CPython test_bool.

use crate::any::{self, Bool};
use crate::hooks;
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::types::{self, Type};
use typhon_object::{BinaryOp, Cx, ExcKind, Gc, Obj, Result, int, name, ops, shape};

/// `&`, `|` and `^`: two bools give a bool, otherwise int's rules hold.
fn logic(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    if !int::is_int(a) || !int::is_int(b) {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    let r = ops::int_binary(cx, op, a, b).unwrap_or(Ok(Obj::NOT_IMPLEMENTED))?;
    if a.shape() == shape::BOOL && b.shape() == shape::BOOL {
        return Ok(Obj::bool(r != Obj::int_unchecked(0)));
    }
    Ok(r)
}

struct BoolMethods;

#[class(name = "bool", extends = Bool)]
impl BoolMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        match any::at_most_one(cx, "bool", args)? {
            None => Ok(Obj::FALSE),
            Some(v) => Ok(Obj::bool(ops::truth(cx, v)?)),
        }
    }

    fn __repr__(this: Gc<Bool>, cx: &mut Cx) -> Obj {
        if this.obj() == Obj::TRUE { name!(cx, "True").obj() } else { name!(cx, "False").obj() }
    }

    fn __and__(this: Gc<Bool>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        logic(cx, BinaryOp::And, this.obj(), value)
    }
    fn __rand__(this: Gc<Bool>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        logic(cx, BinaryOp::And, value, this.obj())
    }
    fn __xor__(this: Gc<Bool>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        logic(cx, BinaryOp::Xor, this.obj(), value)
    }
    fn __rxor__(this: Gc<Bool>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        logic(cx, BinaryOp::Xor, value, this.obj())
    }
    fn __or__(this: Gc<Bool>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        logic(cx, BinaryOp::Or, this.obj(), value)
    }
    fn __ror__(this: Gc<Bool>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        logic(cx, BinaryOp::Or, value, this.obj())
    }

    fn __invert__(this: Gc<Bool>, cx: &mut Cx) -> Result<Obj> {
        let text = "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of the underlying int object and is usually not what you expect from negating a bool. Use the 'not' operator for boolean negation or ~int(x) if you really want the bitwise inversion of the underlying int.";
        hooks::warn(cx, text, ExcKind::DeprecationWarning)?;
        Ok(Obj::int_unchecked(if this.obj() == Obj::TRUE { -2 } else { -1 }))
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, types::class_for(shape::BOOL), BoolMethods::MEMBERS)
}
