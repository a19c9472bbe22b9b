//! UTF-16 with and without byte-order mark.

use super::{ByteOrder, DecodeAnswer, DecodeError, Decoded, EncodeAnswer, EncodeError, encode_units};
use crate::strview::{StrBuf, StrView};

/// Decodes, and tells the byte order that was found (`Little` or `Big`).
pub fn utf16_decode<E>(
    bytes: &[u8],
    order: ByteOrder,
    is_final: bool,
    mut on_error: impl FnMut(DecodeError) -> DecodeAnswer<E>,
) -> Result<(Decoded, ByteOrder), E> {
    let mut at = 0;
    let order = match (order, bytes.get(..2)) {
        (ByteOrder::Marked, Some([0xff, 0xfe])) => {
            at = 2;
            ByteOrder::Little
        }
        (ByteOrder::Marked, Some([0xfe, 0xff])) => {
            at = 2;
            ByteOrder::Big
        }
        (ByteOrder::Marked, _) => ByteOrder::Little,
        (order, _) => order,
    };
    let unit = |at: usize| {
        let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
        Some(match order {
            ByteOrder::Big => u16::from_be_bytes(pair),
            _ => u16::from_le_bytes(pair),
        })
    };
    let mut out = StrBuf::with_capacity(bytes.len() / 2);
    while at < bytes.len() {
        let (end, reason) = match (unit(at), unit(at + 2)) {
            (None, _) => (bytes.len(), "truncated data"),
            (Some(0xdc00..=0xdfff), _) => (at + 2, "illegal encoding"),
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                let (high, low) = (u32::from(high) & 0x3ff, u32::from(low) & 0x3ff);
                out.push(0x10000 + (high << 10 | low));
                at += 4;
                continue;
            }
            (Some(0xd800..=0xdbff), None) => (bytes.len(), "unexpected end of data"),
            (Some(0xd800..=0xdbff), Some(_)) => (at + 2, "illegal UTF-16 surrogate"),
            (Some(plain), _) => {
                out.push(u32::from(plain));
                at += 2;
                continue;
            }
        };
        if !is_final && matches!(reason, "truncated data" | "unexpected end of data") {
            break;
        }
        let (replacement, next) = on_error(DecodeError { start: at, end, reason })?;
        out.push_view(replacement.as_view());
        at = next;
    }
    let decoded = Decoded { text: out.finish(), consumed: at.min(bytes.len()) };
    Ok((decoded, order))
}

pub fn utf16_encode<E>(
    text: StrView<'_>,
    order: ByteOrder,
    on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>,
) -> Result<Vec<u8>, E> {
    let bytes = |unit: u16| match order {
        ByteOrder::Big => unit.to_be_bytes(),
        _ => unit.to_le_bytes(),
    };
    let push = |code_point: u32, out: &mut Vec<u8>| {
        let Some(c) = char::from_u32(code_point) else {
            return false;
        };
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.extend(bytes(*unit));
        }
        true
    };
    let mut encoded = encode_units(text, "surrogates not allowed", false, push, on_error)?;
    if order == ByteOrder::Marked {
        encoded.splice(0..0, bytes(0xfeff));
    }
    Ok(encoded)
}
