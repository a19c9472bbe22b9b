//! The native modules of the standard library that need no VM internals.
//!
//! [`MODULES`] is the table of contents: one file or folder per module. The
//! Python part of the library imports these by CPython's names.
//!
//! Shared helpers: `util.rs` (errors, paths, blocking calls), `buffer.rs`
//! (bytes-like arguments), `structseq.rs` (tuples with named fields), `sys.rs`
//! (the only `unsafe`).

pub mod at_fork;
pub mod buffer;
pub mod codecs;
mod errno;
mod itertools;
mod posix;
pub mod structseq;
mod sys;
mod unicodedata;
pub mod util;

use typhon_object::native::ModuleSpec;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result};

/// Every native module of this crate.
pub static MODULES: &[&ModuleSpec] = &[
    &codecs::codecs::SPEC,
    &errno::errno::SPEC,
    &itertools::itertools::SPEC,
    &posix::posix::SPEC,
    &unicodedata::unicodedata::SPEC,
];

/// `types.GenericAlias(origin, item)`.
pub(crate) fn generic_alias(cx: &mut Cx, origin: Obj, item: Obj) -> Result<Obj> {
    match cx.rt().hooks().generic_alias.get().copied() {
        Some(f) => f(cx, origin, item),
        None => Err(cx.type_error("classes are not subscriptable yet")),
    }
}
