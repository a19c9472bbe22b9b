//! Every built-in type's methods, and the functions of `builtins`.
//!
//! Core types (str, int, list, dict, ...) live in typhon-object; a file here
//! adds their methods with `#[class(extends = Str)]`. Other types are declared
//! whole with `#[class]`.

pub mod containers;
pub mod dict;
pub mod dict_views;
pub mod exceptions;
pub mod functions;
pub mod generic_alias;
pub mod iterators;
pub mod list;
pub mod mappingproxy;
pub mod module;
pub mod range;
pub mod repr_guard;
pub mod seq;
pub mod set;
pub mod slice;
pub mod sort;
pub mod tuple;

use typhon_object::{Cx, Result};

/// Make the built-in classes complete. Called once, after
/// `typhon_object::boot::bootstrap`.
pub fn init(_cx: &mut Cx) -> Result<()> {
    Ok(())
}
