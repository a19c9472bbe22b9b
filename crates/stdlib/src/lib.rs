//! The native modules of the standard library that need no VM internals.
//!
//! [`MODULES`] is the table of contents: one file or folder per module. The
//! Python part of the library imports these by CPython's names.
//!
//! Shared helpers: `util.rs` (errors, paths, blocking calls), `buffer.rs`
//! (bytes-like arguments), `structseq.rs` (tuples with named fields), `sys.rs`
//! (the only `unsafe`).

// A module's functions stand in a Rust module of the same name, by design.
#![allow(clippy::module_inception)]
// Python's parameter lists are as long as they are.
#![allow(clippy::too_many_arguments)]

mod abc;
mod array;
mod asyncio;
pub mod at_fork;
pub mod atexit;
mod binascii;
mod bisect;
pub mod buffer;
mod cmath;
pub mod codecs;
mod collections;
pub mod contextvars;
mod csv;
mod ctypes;
mod decimal;
mod errno;
mod fcntl;
mod functools;
mod grp;
mod hashes;
mod heapq;
pub mod io;
mod itertools;
mod json;
mod locale;
mod math;
mod mmap;
mod multiprocessing;
mod operator;
mod posix;
mod posixsubprocess;
mod random;
mod resource;
mod select;
mod socket;
mod sre;
mod string_;
mod struct_;
pub mod structseq;
mod sys;
mod syslog;
mod termios;
mod testinternalcapi;
mod time;
mod timeout;
mod tokenize;
mod types_;
mod unicodedata;
pub mod util;
mod zlib;

use typhon_object::native::ModuleSpec;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result};

/// Every native module of this crate.
pub static MODULES: &[&ModuleSpec] = &[
    &abc::abc::SPEC,
    &array::array::SPEC,
    &asyncio::asyncio::SPEC,
    &bisect::bisect::SPEC,
    &hashes::blake2::blake2::SPEC,
    &hashes::md5_::SPEC,
    &hashes::sha1_::SPEC,
    &hashes::sha2_::SPEC,
    &hashes::sha3_::SPEC,
    &heapq::heapq::SPEC,
    &random::random::SPEC,
    &struct_::struct_::SPEC,
    &string_::string_::SPEC,
    &atexit::atexit::SPEC,
    &contextvars::contextvars::SPEC,
    &locale::locale::SPEC,
    &fcntl::fcntl::SPEC,
    &fcntl::pwd::SPEC,
    &binascii::binascii::SPEC,
    &cmath::cmath::SPEC,
    &codecs::codecs::SPEC,
    &csv::csv::SPEC,
    &ctypes::ctypes::SPEC,
    &decimal::decimal::SPEC,
    &grp::grp::SPEC,
    &mmap::mmap::SPEC,
    &multiprocessing::multiprocessing::SPEC,
    &multiprocessing::posixshmem::SPEC,
    &syslog::syslog::SPEC,
    &termios::termios::SPEC,
    &zlib::zlib::SPEC,
    &collections::collections::SPEC,
    &errno::errno::SPEC,
    &io::io::SPEC,
    &functools::functools::SPEC,
    &itertools::itertools::SPEC,
    &json::json::SPEC,
    &math::math::SPEC,
    &operator::operator::SPEC,
    &posix::posix::SPEC,
    &posixsubprocess::posixsubprocess::SPEC,
    &resource::resource::SPEC,
    &select::select::SPEC,
    &socket::socket::SPEC,
    &sre::sre::SPEC,
    &testinternalcapi::testinternalcapi::SPEC,
    &time::time::SPEC,
    &tokenize::functions::SPEC,
    &types_::types_::SPEC,
    &unicodedata::unicodedata::SPEC,
];

/// `types.GenericAlias(origin, item)`.
pub(crate) fn generic_alias(cx: &mut Cx, origin: Obj, item: Obj) -> Result<Obj> {
    match cx.rt().hooks().generic_alias.get().copied() {
        Some(f) => f(cx, origin, item),
        None => Err(cx.type_error("classes are not subscriptable yet")),
    }
}
