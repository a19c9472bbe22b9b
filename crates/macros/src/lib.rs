//! `#[class]`, `#[module]` and `#[derive(Trace)]`: one declaration beside the
//! body feeds argument parsing, text signatures, docs and member tables.
//!
//! Invariant: the macros are shallow. They expand to ordinary functions and
//! constants that name only `::typhon_object` items; every decision that needs
//! an object happens there, in `typhon_object::native`.
//! Tests: tests/expand.rs runs expansions against a mock runtime.

mod attrs;
mod callable;
mod class;
#[cfg(test)]
mod misuse;
mod module;
mod sig;
mod slots;
mod trace;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Turns an `impl` block into a built-in type.
///
/// `#[class(module = "collections", name = "deque", subclassable)]`. Every
/// function becomes a member unless it is `#[internal]`. Helper attributes on
/// functions: `#[sig(..)]`, `#[classmethod]`, `#[staticmethod]`, `#[getter]`,
/// `#[setter]`, `#[constant]`, `#[name("..")]`, `#[leaf]`, `#[internal]`.
#[proc_macro_attribute]
pub fn class(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = parse_macro_input!(args as class::ClassArgs);
    let item = parse_macro_input!(item as syn::ItemImpl);
    finish(class::expand(args, item))
}

/// Turns a `mod` block into a native module and adds `pub static SPEC`.
///
/// `#[module("_bisect", classes(A, B))]`. Every function becomes a module
/// function unless it is `#[internal]`; `__exec__` runs on import.
#[proc_macro_attribute]
pub fn module(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = parse_macro_input!(args as module::ModuleArgs);
    let item = parse_macro_input!(item as syn::ItemMod);
    finish(module::expand(args, item))
}

/// Derives `typhon_object::Trace`, visiting every field that is not
/// `#[trace(skip)]`.
#[proc_macro_derive(Trace, attributes(trace))]
pub fn derive_trace(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    finish(trace::expand(item))
}

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|error| error.into_compile_error()).into()
}
