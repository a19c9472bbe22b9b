//! UTF-8. Surrogates are errors here; `surrogatepass` is a handler.

use super::{DecodeAnswer, DecodeError, Decoded, EncodeAnswer, EncodeError, encode_units};
use crate::strview::{OwnedStr, StrBuf, StrView};

/// Decodes; `is_final` tells that no more bytes follow.
pub fn utf8_decode<E>(
    bytes: &[u8],
    is_final: bool,
    mut on_error: impl FnMut(DecodeError) -> DecodeAnswer<E>,
) -> Result<Decoded, E> {
    if bytes.is_ascii() {
        return Ok(Decoded { text: OwnedStr::Latin1(bytes.to_vec()), consumed: bytes.len() });
    }
    let mut out = StrBuf::with_capacity(bytes.len());
    let mut at = 0;
    loop {
        let error = match std::str::from_utf8(&bytes[at..]) {
            Ok(text) => {
                out.push_str(text);
                at = bytes.len();
                break;
            }
            Err(error) => error,
        };
        let valid = &bytes[at..at + error.valid_up_to()];
        out.push_str(std::str::from_utf8(valid).unwrap_or_default());
        let start = at + valid.len();
        let (end, reason) = match (error.error_len(), bytes[start]) {
            (None, _) if !is_final => {
                at = start;
                break;
            }
            (None, _) => (bytes.len(), "unexpected end of data"),
            (Some(len), 0xc2..=0xf4) => (start + len, "invalid continuation byte"),
            (Some(len), _) => (start + len, "invalid start byte"),
        };
        let (replacement, next) = on_error(DecodeError { start, end, reason })?;
        out.push_view(replacement.as_view());
        at = next;
        if at >= bytes.len() {
            break;
        }
    }
    Ok(Decoded { text: out.finish(), consumed: at })
}

/// Where the text begins after the mark that `utf-8-sig` skips.
pub fn utf8_sig_start(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

pub fn utf8_encode<E>(text: StrView<'_>, on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>) -> Result<Vec<u8>, E> {
    if let StrView::Latin1(units) = text
        && units.is_ascii()
    {
        return Ok(units.to_vec());
    }
    // Mostly there is nothing that does not encode.
    let whole = match text {
        StrView::Latin1(units) => all_utf8(units),
        StrView::Ucs2(units) => all_utf8(units),
        StrView::Ucs4(units) => all_utf8(units),
    };
    if let Some(out) = whole {
        return Ok(out);
    }
    let push = |code_point: u32, out: &mut Vec<u8>| {
        let Some(c) = char::from_u32(code_point) else {
            return false;
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        true
    };
    encode_units(text, "surrogates not allowed", true, push, on_error)
}

/// The UTF-8 of code points, unless there is a surrogate among them.
fn all_utf8<T: Copy + Into<u32>>(units: &[T]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(units.len() + units.len() / 2 + 4);
    for &unit in units {
        match unit.into() {
            c @ 0..=0x7f => out.push(c as u8),
            c @ 0x80..=0x7ff => out.extend([0xc0 | (c >> 6) as u8, 0x80 | (c & 0x3f) as u8]),
            0xd800..=0xdfff => return None,
            c @ 0x800..=0xffff => {
                out.extend([0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8]);
            }
            c => out.extend([
                0xf0 | (c >> 18) as u8,
                0x80 | (c >> 12 & 0x3f) as u8,
                0x80 | (c >> 6 & 0x3f) as u8,
                0x80 | (c & 0x3f) as u8,
            ]),
        }
    }
    Some(out)
}
