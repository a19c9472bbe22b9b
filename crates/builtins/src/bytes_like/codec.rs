//! The `encoding` and `errors` arguments of bytes methods. Encoding and decoding
//! itself is in `str/codec.rs`.
//!
//! Tests: tests/binary.rs; CPython test_bytes, test_codecs.

use crate::any;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Obj, Result, ops};
use typhon_text::codec::Known;

pub use crate::str::codec::{decode, encode};

/// The names of `encoding` and `errors` arguments, with their defaults.
pub fn names(cx: &mut Cx, function: &str, encoding: Option<Obj>, errors: Option<Obj>) -> Result<(String, String)> {
    let mut text = |o: Option<Obj>, what: &str, absent: &str| match o {
        None => Ok(absent.to_string()),
        Some(o) => {
            let s = any::str_arg(cx, o, &format!("{function}() argument '{what}'"))?;
            match s.chars().any(|c| c == 0) {
                true => Err(cx.value_error("embedded null character")),
                false => Ok(ops::utf8(cx, s)?.into_owned()),
            }
        }
    };
    Ok((text(encoding, "encoding", "utf-8")?, text(errors, "errors", "strict")?))
}

/// The method `decode`; `o` holds `data`. The usual call looks at no names.
pub fn decode_method(cx: &mut Cx, o: Obj, data: &[u8], encoding: Obj, errors: Obj) -> Result<Obj> {
    if let (Some(name), Some(errors)) = (encoding.cast::<Str>(), errors.cast::<Str>())
        && errors.eq_str("strict")
        && let Some(known) = name.as_ascii().and_then(typhon_text::codec::known)
        && (known == Known::Latin1 || matches!(known, Known::Utf8 | Known::Ascii) && data.is_ascii())
    {
        return Ok(str::from_latin1(cx, data)?.obj());
    }
    let (encoding, errors) = names(cx, "decode", Some(encoding), Some(errors))?;
    if data.is_empty() {
        // Whatever the encoding.
        return Ok(str::from_latin1(cx, data)?.obj());
    }
    Ok(decode(cx, o, data, &encoding, &errors)?.obj())
}
