//! `_codecs` and everything behind it: the registry of codecs and of error
//! handlers, and text conversions for the rest of the runtime.
//!
//! | file | what |
//! |---|---|
//! | `errors.rs` | error handlers, standard and registered |
//! | `convert.rs` | the native encodings |
//! | `registry.rs` | search functions and the cache of codecs |
//! | `utf7.rs` | UTF-7 |
//! | `module.rs` | the functions of `_codecs` |
//!
//! Tests: CPython test_codecs, test_codeccallbacks.

mod convert;
pub mod errors;
mod module;
pub mod registry;
mod utf7;

pub use convert::{Encoding, decode_known, encode_known};
pub use module::{codecs, connect, init_handlers};

use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::{Cx, Result};

/// `s.encode(encoding, errors)` as bytes; other encodings by the registry.
pub fn encode_text(cx: &mut Cx, s: Gc<Str>, encoding: &str, errors: &str) -> Result<Vec<u8>> {
    if let Some(e) = Encoding::from_name(encoding) {
        return encode_known(cx, s, e, errors);
    }
    let o = registry::encode(cx, s.obj(), encoding, Some(errors), true)?;
    crate::buffer::copy(cx, o)
}

/// `b.decode(encoding, errors)`.
pub fn decode_text(cx: &mut Cx, b: &[u8], encoding: &str, errors: &str) -> Result<Obj> {
    if let Some(e) = Encoding::from_name(encoding) {
        return decode_known(cx, b, e, errors, true).map(|r| r.0);
    }
    let o = crate::util::bytes_obj(cx, b)?;
    registry::decode(cx, o, encoding, Some(errors), true)
}
