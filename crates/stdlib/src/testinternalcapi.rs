//! What CPython's tests ask about an interpreter's inside, as far as the question has an
//! answer here; the overlay's `_testinternalcapi` adds what Python code can find out.
//!
//! Tests: CPython test_class.

use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, instance};

/// Questions about the inside of the interpreter.
#[module("_testinternals")]
pub mod testinternalcapi {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        // An instruction is made a quicker one when it first runs.
        crate::util::set(cx, module, "SPECIALIZATION_THRESHOLD", 1i64)?;
        crate::util::set(cx, module, "SPECIALIZATION_COOLDOWN", 1i64)
    }
    /// How many calls are under way.
    fn get_recursion_depth(cx: &mut Cx) -> u32 {
        cx.depth
    }
    /// Whether an object's attributes are stored in the object itself.
    fn has_inline_values(o: Obj) -> bool {
        instance::is_inline(o)
    }
}
