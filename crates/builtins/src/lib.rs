//! Every built-in type's methods, and the functions of `builtins`.
//!
//! Core types (str, int, list, dict, ...) live in typhon-object; a file here
//! adds their methods with `#[class(extends = Str)]`. Other types are declared
//! whole with `#[class]`.

pub mod any;
pub mod bool_;
pub mod buffer;
pub mod bytearray;
pub mod bytes;
pub mod bytes_init;
pub mod bytes_like;
pub mod bytes_new;
pub mod complex;
pub mod containers;
pub mod dict;
pub mod dict_views;
pub mod exceptions;
pub mod float;
pub mod float_new;
pub mod functions;
pub mod generic_alias;
pub mod hooks;
pub mod int;
pub mod int_new;
pub mod iterators;
pub mod list;
pub mod mappingproxy;
pub mod memoryview;
pub mod method;
pub mod module;
pub mod namespace;
pub mod native_function;
pub mod none;
pub mod object;
pub mod object_reduce;
mod of_one;
pub mod percent_args;
pub mod property;
pub mod range;
pub mod repr_guard;
pub mod scalars;
pub mod seq;
pub mod set;
pub mod slice;
pub mod sort;
pub mod static_class_method;
pub mod str;
pub mod super_;
pub mod tuple;
pub mod type_;
pub mod type_attrs;
pub mod union;

use typhon_object::{Cx, Result};

/// Make the built-in classes complete. Called once, after
/// `typhon_object::boot::bootstrap`.
pub fn init(cx: &mut Cx) -> Result<()> {
    scalars::init_scalars(cx)?;
    bytes_init::init_bytes(cx)?;
    containers::init_containers(cx)?;
    of_one::init();
    Ok(())
}
