//! One byte, one code point, by table: the single-byte code pages.

use super::{DecodeAnswer, DecodeError, EncodeAnswer, EncodeError, encode_units};
use crate::strview::{OwnedStr, StrBuf, StrView};

const UNDEFINED: &str = "character maps to <undefined>";

/// Decodes by `table`, where U+FFFE and what lies beyond the end are undefined.
pub fn charmap_decode<E>(
    bytes: &[u8],
    table: StrView<'_>,
    mut on_error: impl FnMut(DecodeError) -> DecodeAnswer<E>,
) -> Result<OwnedStr, E> {
    let mut out = StrBuf::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match table.get(usize::from(*byte)) {
            Some(code_point) if code_point != 0xfffe => {
                out.push(code_point);
                at += 1;
            }
            _ => {
                let (replacement, next) = on_error(DecodeError { start: at, end: at + 1, reason: UNDEFINED })?;
                out.push_view(replacement.as_view());
                at = next;
            }
        }
    }
    Ok(out.finish())
}

/// Encodes by `byte_of`.
pub fn charmap_encode<E>(
    text: StrView<'_>,
    byte_of: impl Fn(u32) -> Option<u8>,
    on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>,
) -> Result<Vec<u8>, E> {
    let push = |code_point: u32, out: &mut Vec<u8>| {
        let byte = byte_of(code_point);
        out.extend(byte);
        byte.is_some()
    };
    encode_units(text, UNDEFINED, true, push, on_error)
}
