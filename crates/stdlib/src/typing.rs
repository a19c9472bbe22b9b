//! `_typing` and `_opcode`: what typing.py and opcode.py must find.
//!
//! Tests: CPython test_typing, test_dis.

use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, list};

/// Primitives and accelerators for the typing module.
#[module("_typing")]
pub mod typing {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        // The classes are the VM's, if it has them.
        for hook in crate::TYPING_NAMES.get().copied().unwrap_or(&[]) {
            let v = (hook.1)(cx)?;
            crate::util::set(cx, module, hook.0, v)?;
        }
        Ok(())
    }
    #[name("_idfunc")]
    fn idfunc(x: Obj) -> Obj {
        x
    }
}

/// Opcode support module.
#[module("_opcode")]
pub mod opcode {
    use super::*;

    fn has_arg(opcode: i32) -> bool {
        opcode > 43
    }
    #[sig(opcode)]
    fn is_valid(opcode: i32) -> bool {
        (0..256).contains(&opcode)
    }
    #[sig(opcode)]
    fn has_const(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[sig(opcode)]
    fn has_name(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[sig(opcode)]
    fn has_jump(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[sig(opcode)]
    fn has_free(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[sig(opcode)]
    fn has_local(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[sig(opcode)]
    fn has_exc(opcode: i32) -> bool {
        let _ = opcode;
        false
    }
    #[sig(opcode, oparg = None, /, *, jump = None)]
    fn stack_effect(opcode: i32, oparg: Obj, jump: Obj) -> i32 {
        let _ = (opcode, oparg, jump);
        0
    }
    fn get_executor(code: Obj, offset: Obj) {
        let _ = (code, offset);
    }
    fn get_specialization_stats() {}
    fn get_intrinsic1_descs(cx: &Cx) -> Result<Obj> {
        names(cx, &["INTRINSIC_1_INVALID", "INTRINSIC_PRINT", "INTRINSIC_IMPORT_STAR", "INTRINSIC_STOPITERATION_ERROR", "INTRINSIC_ASYNC_GEN_WRAP", "INTRINSIC_UNARY_POSITIVE", "INTRINSIC_LIST_TO_TUPLE", "INTRINSIC_TYPEVAR", "INTRINSIC_PARAMSPEC", "INTRINSIC_TYPEVARTUPLE", "INTRINSIC_SUBSCRIPT_GENERIC", "INTRINSIC_TYPEALIAS"])
    }
    fn get_intrinsic2_descs(cx: &Cx) -> Result<Obj> {
        names(cx, &["INTRINSIC_2_INVALID", "INTRINSIC_PREP_RERAISE_STAR", "INTRINSIC_TYPEVAR_WITH_BOUND", "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS", "INTRINSIC_SET_FUNCTION_TYPE_PARAMS", "INTRINSIC_SET_TYPEPARAM_DEFAULT"])
    }
    fn get_special_method_names(cx: &Cx) -> Result<Obj> {
        names(cx, &["__enter__", "__exit__", "__aenter__", "__aexit__"])
    }
    fn get_nb_ops(cx: &Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for (n, s) in NB {
            let (a, b) = (cx.intern(n)?, cx.intern(s)?);
            let t = crate::util::tuple_obj(cx, &[a.obj(), b.obj()])?;
            l.append(cx, t)?;
        }
        Ok(l.obj())
    }
    #[internal]
    fn names(cx: &Cx, v: &[&str]) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for n in v {
            let s = cx.intern(n)?;
            l.append(cx, s.obj())?;
        }
        Ok(l.obj())
    }
    const NB: &[(&str, &str)] = &[
        ("NB_ADD", "+"), ("NB_AND", "&"), ("NB_FLOOR_DIVIDE", "//"), ("NB_LSHIFT", "<<"), ("NB_MATRIX_MULTIPLY", "@"),
        ("NB_MULTIPLY", "*"), ("NB_REMAINDER", "%"), ("NB_OR", "|"), ("NB_POWER", "**"), ("NB_RSHIFT", ">>"),
        ("NB_SUBTRACT", "-"), ("NB_TRUE_DIVIDE", "/"), ("NB_XOR", "^"), ("NB_INPLACE_ADD", "+="),
        ("NB_INPLACE_AND", "&="), ("NB_INPLACE_FLOOR_DIVIDE", "//="), ("NB_INPLACE_LSHIFT", "<<="),
        ("NB_INPLACE_MATRIX_MULTIPLY", "@="), ("NB_INPLACE_MULTIPLY", "*="), ("NB_INPLACE_REMAINDER", "%="),
        ("NB_INPLACE_OR", "|="), ("NB_INPLACE_POWER", "**="), ("NB_INPLACE_RSHIFT", ">>="),
        ("NB_INPLACE_SUBTRACT", "-="), ("NB_INPLACE_TRUE_DIVIDE", "/="), ("NB_INPLACE_XOR", "^="), ("NB_SUBSCR", "[]"),
    ];
}
