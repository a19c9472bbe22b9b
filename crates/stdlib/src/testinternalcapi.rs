//! `_testinternalcapi`: what CPython's tests ask about an interpreter's inside,
//! as far as the question has an answer here.
//!
//! Tests: CPython test_class.

use typhon_macros::module;
use typhon_object::instance;
use typhon_object::obj::Obj;

/// Questions about the inside of the interpreter.
#[module("_testinternalcapi")]
pub mod testinternalcapi {
    use super::*;

    /// Whether an object's attributes are stored in the object itself.
    fn has_inline_values(o: Obj) -> bool {
        instance::is_inline(o)
    }
}
