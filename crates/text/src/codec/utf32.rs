//! UTF-32 with and without byte-order mark.

use super::{ByteOrder, DecodeAnswer, DecodeError, Decoded, EncodeAnswer, EncodeError, encode_units};
use crate::strview::{StrBuf, StrView};

/// Decodes, and tells the byte order that was found (`Little` or `Big`).
pub fn utf32_decode<E>(
    bytes: &[u8],
    order: ByteOrder,
    is_final: bool,
    mut on_error: impl FnMut(DecodeError) -> DecodeAnswer<E>,
) -> Result<(Decoded, ByteOrder), E> {
    let mut at = 0;
    let order = match (order, bytes.get(..4)) {
        (ByteOrder::Marked, Some([0xff, 0xfe, 0, 0])) => {
            at = 4;
            ByteOrder::Little
        }
        (ByteOrder::Marked, Some([0, 0, 0xfe, 0xff])) => {
            at = 4;
            ByteOrder::Big
        }
        (ByteOrder::Marked, _) => ByteOrder::Little,
        (order, _) => order,
    };
    let mut out = StrBuf::with_capacity(bytes.len() / 4);
    while at < bytes.len() {
        let (end, reason) = match bytes[at..].first_chunk::<4>() {
            None if !is_final => break,
            None => (bytes.len(), "truncated data"),
            Some(unit) => {
                let code_point = match order {
                    ByteOrder::Big => u32::from_be_bytes(*unit),
                    _ => u32::from_le_bytes(*unit),
                };
                match code_point {
                    0xd800..=0xdfff => (at + 4, "code point in surrogate code point range(0xd800, 0xe000)"),
                    0x11_0000.. => (at + 4, "code point not in range(0x110000)"),
                    _ => {
                        out.push(code_point);
                        at += 4;
                        continue;
                    }
                }
            }
        };
        let (replacement, next) = on_error(DecodeError { start: at, end, reason })?;
        out.push_view(replacement.as_view());
        at = next;
    }
    let decoded = Decoded { text: out.finish(), consumed: at.min(bytes.len()) };
    Ok((decoded, order))
}

pub fn utf32_encode<E>(
    text: StrView<'_>,
    order: ByteOrder,
    on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>,
) -> Result<Vec<u8>, E> {
    let bytes = |unit: u32| match order {
        ByteOrder::Big => unit.to_be_bytes(),
        _ => unit.to_le_bytes(),
    };
    let push = |code_point: u32, out: &mut Vec<u8>| {
        let is_scalar = char::from_u32(code_point).is_some();
        if is_scalar {
            out.extend(bytes(code_point));
        }
        is_scalar
    };
    let mut encoded = encode_units(text, "surrogates not allowed", false, push, on_error)?;
    if order == ByteOrder::Marked {
        encoded.splice(0..0, bytes(0xfeff));
    }
    Ok(encoded)
}
