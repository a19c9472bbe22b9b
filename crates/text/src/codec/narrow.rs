//! ASCII and Latin-1.

use super::{DecodeAnswer, DecodeError, EncodeAnswer, EncodeError, encode_units};
use crate::strview::{OwnedStr, StrBuf, StrView};

pub fn ascii_decode<E>(bytes: &[u8], mut on_error: impl FnMut(DecodeError) -> DecodeAnswer<E>) -> Result<OwnedStr, E> {
    if bytes.is_ascii() {
        return Ok(OwnedStr::Latin1(bytes.to_vec()));
    }
    let mut out = StrBuf::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii() {
            out.push(u32::from(*byte));
            at += 1;
            continue;
        }
        let (replacement, next) =
            on_error(DecodeError { start: at, end: at + 1, reason: "ordinal not in range(128)" })?;
        out.push_view(replacement.as_view());
        at = next;
    }
    Ok(out.finish())
}

/// Never fails.
pub fn latin1_decode(bytes: &[u8]) -> OwnedStr {
    OwnedStr::Latin1(bytes.to_vec())
}

pub fn ascii_encode<E>(text: StrView<'_>, on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>) -> Result<Vec<u8>, E> {
    match text {
        StrView::Latin1(units) if units.is_ascii() => Ok(units.to_vec()),
        _ => below(text, 0x80, "ordinal not in range(128)", on_error),
    }
}

pub fn latin1_encode<E>(text: StrView<'_>, on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>) -> Result<Vec<u8>, E> {
    match text {
        StrView::Latin1(units) => Ok(units.to_vec()),
        _ => below(text, 0x100, "ordinal not in range(256)", on_error),
    }
}

fn below<E>(
    text: StrView<'_>,
    limit: u32,
    reason: &'static str,
    on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>,
) -> Result<Vec<u8>, E> {
    let push = |code_point: u32, out: &mut Vec<u8>| {
        if code_point < limit {
            out.push(code_point as u8);
        }
        code_point < limit
    };
    encode_units(text, reason, true, push, on_error)
}
