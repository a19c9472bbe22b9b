//! The `encoding` and `errors` arguments of bytes methods. Encoding and decoding
//! itself is in `str/codec.rs`.
//!
//! Tests: tests/binary.rs; CPython test_bytes, test_codecs.

use crate::any;
use typhon_object::{Cx, Obj, Result};

pub use crate::str::codec::{decode, encode};

/// The names of `encoding` and `errors` arguments, with their defaults.
pub fn names(cx: &Cx, function: &str, encoding: Option<Obj>, errors: Option<Obj>) -> Result<(String, String)> {
    let text = |o: Option<Obj>, what: &str, absent: &str| match o {
        None => Ok(absent.to_string()),
        Some(o) => {
            let s = any::str_arg(cx, o, &format!("{function}() argument '{what}'"))?;
            match s.chars().any(|c| c == 0) {
                true => Err(cx.value_error("embedded null character")),
                false => Ok(s.to_str().into_owned()),
            }
        }
    };
    Ok((text(encoding, "encoding", "utf-8")?, text(errors, "errors", "strict")?))
}
