//! `repr`, `ascii`, and the unicode-escape codecs.

use super::{OwnedStr, StrBuf, StrView};
use crate::unicode;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The quote that `repr` chooses: single, unless only single ones occur inside.
fn quote_for(text: StrView<'_>) -> u32 {
    let has = |quote: u8| text.iter().any(|c| c == u32::from(quote));
    u32::from(if has(b'\'') && !has(b'"') { b'"' } else { b'\'' })
}

/// `repr(text)`
pub fn repr(text: StrView<'_>) -> OwnedStr {
    quoted(text, unicode::is_printable)
}

/// `ascii(text)`
pub fn ascii(text: StrView<'_>) -> OwnedStr {
    quoted(text, |c| matches!(c, 0x20..0x7f))
}

fn quoted(text: StrView<'_>, is_plain: impl Fn(u32) -> bool) -> OwnedStr {
    let quote = quote_for(text);
    let mut out = StrBuf::with_capacity(text.len() + 2);
    out.push(quote);
    for code_point in text.iter() {
        match code_point {
            0x09 => out.push_str("\\t"),
            0x0a => out.push_str("\\n"),
            0x0d => out.push_str("\\r"),
            0x5c => out.push_str("\\\\"),
            _ if code_point == quote => {
                out.push(u32::from(b'\\'));
                out.push(quote);
            }
            0x20..0x7f => out.push(code_point),
            _ if is_plain(code_point) => out.push(code_point),
            _ => push_ascii_escape(&mut out, code_point),
        }
    }
    out.push(quote);
    out.finish()
}

/// `\xhh`, `\uhhhh` or `\Uhhhhhhhh`, whichever is the shortest that fits.
pub fn push_ascii_escape(out: &mut StrBuf, code_point: u32) {
    let (letter, digits) = match code_point {
        0..=0xff => (b'x', 2),
        0x100..=0xffff => (b'u', 4),
        _ => (b'U', 8),
    };
    out.push(u32::from(b'\\'));
    out.push(u32::from(letter));
    for digit in (0..digits).rev() {
        out.push(u32::from(HEX[(code_point >> (digit * 4) & 15) as usize]));
    }
}

/// `repr(bytes)`, all ASCII.
pub fn repr_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(char::from(quote));
    for byte in bytes {
        match byte {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\\' => out.push_str("\\\\"),
            byte if *byte == quote => {
                out.push('\\');
                out.push(char::from(quote));
            }
            0x20..0x7f => out.push(char::from(*byte)),
            byte => {
                out.push_str("\\x");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push(char::from(quote));
    out
}

/// `text.encode("unicode-escape")`
pub fn unicode_escape_encode(text: StrView<'_>) -> Vec<u8> {
    encode(
        text,
        |c| match c {
            0x09 => Some(b't'),
            0x0a => Some(b'n'),
            0x0d => Some(b'r'),
            0x5c => Some(b'\\'),
            _ => None,
        },
        0x20..=0x7e,
    )
}

/// `text.encode("raw-unicode-escape")`
pub fn raw_unicode_escape_encode(text: StrView<'_>) -> Vec<u8> {
    encode(text, |_| None, 0..=0xff)
}

fn encode(text: StrView<'_>, short: impl Fn(u32) -> Option<u8>, plain: std::ops::RangeInclusive<u32>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for code_point in text.iter() {
        if let Some(letter) = short(code_point) {
            out.extend([b'\\', letter]);
        } else if plain.contains(&code_point) {
            out.push(code_point as u8);
        } else {
            let mut escape = StrBuf::new();
            push_ascii_escape(&mut escape, code_point);
            out.extend(escape.as_view().iter().map(|c| c as u8));
        }
    }
    out
}

/// Bytes that are not a valid escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscapeError {
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

/// `bytes.decode("unicode-escape")`. `name` looks up `\N{...}`; `on_error` gives
/// what stands for bad bytes and where to go on. Also returned: where the first
/// escape stands that will become invalid in the future, such as `\d`.
pub fn unicode_escape_decode<E>(
    bytes: &[u8],
    name: impl Fn(&str) -> Option<u32>,
    mut on_error: impl FnMut(EscapeError) -> Result<(OwnedStr, usize), E>,
) -> Result<(OwnedStr, Option<usize>), E> {
    let mut out = StrBuf::with_capacity(bytes.len());
    let mut first_invalid = None;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte != b'\\' {
            out.push(u32::from(*byte));
            at += 1;
            continue;
        }
        match escape(bytes, at, &name) {
            Ok(Escape::CodePoint(code_point, end)) => {
                out.push(code_point);
                at = end;
            }
            Ok(Escape::Nothing(end)) => at = end,
            Ok(Escape::Unknown) => {
                first_invalid = first_invalid.or(Some(at));
                out.push(u32::from(b'\\'));
                at += 1;
            }
            Ok(Escape::BigOctal(code_point, end)) => {
                first_invalid = first_invalid.or(Some(at));
                out.push(code_point);
                at = end;
            }
            Err(error) => {
                let (replacement, end) = on_error(error)?;
                out.push_view(replacement.as_view());
                at = end;
            }
        }
    }
    Ok((out.finish(), first_invalid))
}

enum Escape {
    CodePoint(u32, usize),
    /// An octal escape above 0o377.
    BigOctal(u32, usize),
    /// A backslash before a newline.
    Nothing(usize),
    Unknown,
}

fn escape(bytes: &[u8], start: usize, name: &impl Fn(&str) -> Option<u32>) -> Result<Escape, EscapeError> {
    let error = |end: usize, reason| EscapeError { start, end, reason };
    let Some(letter) = bytes.get(start + 1) else {
        return Err(error(bytes.len(), "\\ at end of string"));
    };
    let at = start + 2;
    let simple = |code_point: u8| Ok(Escape::CodePoint(u32::from(code_point), at));
    match letter {
        b'\n' => Ok(Escape::Nothing(at)),
        b'\\' | b'\'' | b'"' => simple(*letter),
        b'a' => simple(7),
        b'b' => simple(8),
        b't' => simple(9),
        b'n' => simple(10),
        b'v' => simple(11),
        b'f' => simple(12),
        b'r' => simple(13),
        b'0'..=b'7' => {
            let digits = bytes[start + 1..].iter().take(3);
            let digits = digits.take_while(|byte| matches!(byte, b'0'..=b'7'));
            let (value, len) =
                digits.fold((0, 0), |(value, len), digit| (value * 8 + u32::from(digit - b'0'), len + 1));
            let end = start + 1 + len;
            Ok(if value > 0o377 { Escape::BigOctal(value, end) } else { Escape::CodePoint(value, end) })
        }
        b'x' => hex_escape(bytes, start, 2, "truncated \\xXX escape"),
        b'u' => hex_escape(bytes, start, 4, "truncated \\uXXXX escape"),
        b'U' => hex_escape(bytes, start, 8, "truncated \\UXXXXXXXX escape"),
        b'N' => {
            let reason = "malformed \\N character escape";
            if bytes.get(at) != Some(&b'{') {
                return Err(error(at, reason));
            }
            let Some(len) = bytes[at..].iter().position(|byte| *byte == b'}') else {
                return Err(error(bytes.len(), reason));
            };
            if len == 1 {
                return Err(error(at + 2, reason));
            }
            let end = at + len + 1;
            let text = std::str::from_utf8(&bytes[at + 1..end - 1]).ok();
            text.and_then(name)
                .map(|code_point| Escape::CodePoint(code_point, end))
                .ok_or(error(end, "unknown Unicode character name"))
        }
        _ => Ok(Escape::Unknown),
    }
}

fn hex_escape(bytes: &[u8], start: usize, wanted: usize, reason: &'static str) -> Result<Escape, EscapeError> {
    let digits = bytes[start + 2..].iter().take(wanted);
    let mut value = 0u32;
    let mut len = 0;
    for digit in digits.map_while(|byte| char::from(*byte).to_digit(16)) {
        value = value << 4 | digit;
        len += 1;
    }
    let end = start + 2 + len;
    if len < wanted {
        return Err(EscapeError { start, end, reason });
    }
    if value > 0x10_ffff {
        return Err(EscapeError { start, end, reason: "illegal Unicode character" });
    }
    Ok(Escape::CodePoint(value, end))
}

/// `bytes.decode("raw-unicode-escape")`
pub fn raw_unicode_escape_decode<E>(
    bytes: &[u8],
    mut on_error: impl FnMut(EscapeError) -> Result<(OwnedStr, usize), E>,
) -> Result<OwnedStr, E> {
    let mut out = StrBuf::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = match (byte, bytes.get(at + 1)) {
            (b'\\', Some(b'u')) => hex_escape(bytes, at, 4, "truncated \\uXXXX escape"),
            (b'\\', Some(b'U')) => hex_escape(bytes, at, 8, "truncated \\UXXXXXXXX escape"),
            (b'\\', Some(next)) => {
                // The pair is plain, so a second backslash escapes nothing.
                out.push(u32::from(b'\\'));
                Ok(Escape::CodePoint(u32::from(*next), at + 2))
            }
            _ => Ok(Escape::CodePoint(u32::from(*byte), at + 1)),
        };
        match escaped {
            Ok(Escape::CodePoint(code_point, end)) => {
                out.push(code_point);
                at = end;
            }
            Ok(_) => at += 1,
            Err(error) => {
                let reason = match error.reason {
                    "illegal Unicode character" => "\\Uxxxxxxxx out of range",
                    reason => reason,
                };
                let (replacement, end) = on_error(EscapeError { reason, ..error })?;
                out.push_view(replacement.as_view());
                at = end;
            }
        }
    }
    Ok(out.finish())
}
