//! The error handlers that need no object: what `errors="replace"` means.

use super::{DecodeError, EncodeError, Replacement};
use crate::strview::{OwnedStr, StrBuf, StrView, push_ascii_escape};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlCharRefReplace,
    SurrogateEscape,
    SurrogatePass,
}

/// Which encoding an error came from, as far as `surrogatepass` cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Utf8,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
    Other,
}

impl Handler {
    /// The handler of that name; others are registered with `codecs`.
    pub fn from_name(name: &str) -> Option<Handler> {
        Some(match name {
            "strict" => Handler::Strict,
            "ignore" => Handler::Ignore,
            "replace" => Handler::Replace,
            "backslashreplace" => Handler::BackslashReplace,
            "xmlcharrefreplace" => Handler::XmlCharRefReplace,
            "surrogateescape" => Handler::SurrogateEscape,
            "surrogatepass" => Handler::SurrogatePass,
            _ => return None,
        })
    }

    /// What stands for the bytes, and where to go on; `None` raises.
    pub fn decode(self, bytes: &[u8], error: DecodeError, target: Target) -> Option<(OwnedStr, usize)> {
        let bad = &bytes[error.start..error.end];
        let mut out = StrBuf::new();
        let mut next = error.end;
        match self {
            Handler::Ignore => {}
            Handler::Replace => out.push(0xfffd),
            Handler::BackslashReplace => {
                for byte in bad {
                    push_ascii_escape(&mut out, u32::from(*byte));
                }
            }
            Handler::SurrogateEscape => {
                let escapable: Vec<u32> =
                    bad.iter().take_while(|byte| !byte.is_ascii()).map(|byte| 0xdc00 + u32::from(*byte)).collect();
                if escapable.is_empty() {
                    return None;
                }
                next = error.start + escapable.len();
                out.extend(escapable);
            }
            Handler::SurrogatePass => {
                let (surrogate, len) = read_surrogate(&bytes[error.start..], target)?;
                out.push(surrogate);
                next = error.start + len;
            }
            Handler::Strict | Handler::XmlCharRefReplace => return None,
        }
        Some((out.finish(), next))
    }

    /// What stands for the code points, and where to go on; `None` raises.
    pub fn encode(self, text: StrView<'_>, error: EncodeError, target: Target) -> Option<(Replacement, usize)> {
        if error.fatal {
            return None;
        }
        let bad = text.slice(error.start..error.end);
        let mut out = StrBuf::new();
        match self {
            Handler::Ignore => {}
            Handler::Replace => out.push_repeated(u32::from(b'?'), bad.len()),
            Handler::BackslashReplace => {
                for code_point in bad.iter() {
                    push_ascii_escape(&mut out, code_point);
                }
            }
            Handler::XmlCharRefReplace => {
                for code_point in bad.iter() {
                    out.push_str(&format!("&#{code_point};"));
                }
            }
            Handler::SurrogateEscape => {
                let byte = |c: u32| matches!(c, 0xdc80..=0xdcff).then_some(c as u8);
                let bytes = bad.iter().map(byte).collect::<Option<Vec<u8>>>()?;
                return Some((Replacement::Bytes(bytes), error.end));
            }
            Handler::SurrogatePass => {
                let mut bytes = Vec::new();
                for code_point in bad.iter() {
                    write_surrogate(code_point, target, &mut bytes)?;
                }
                return Some((Replacement::Bytes(bytes), error.end));
            }
            Handler::Strict => return None,
        }
        Some((Replacement::Text(out.finish()), error.end))
    }
}

fn is_surrogate(code_point: u32) -> bool {
    matches!(code_point, 0xd800..=0xdfff)
}

fn read_surrogate(bytes: &[u8], target: Target) -> Option<(u32, usize)> {
    let (code_point, len) = match (target, bytes) {
        (Target::Utf8, &[a @ 0xe0..=0xef, b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..]) => {
            let parts = [a & 0x0f, b & 0x3f, c & 0x3f].map(u32::from);
            (parts[0] << 12 | parts[1] << 6 | parts[2], 3)
        }
        (Target::Utf16Le, &[a, b, ..]) => (u32::from(u16::from_le_bytes([a, b])), 2),
        (Target::Utf16Be, &[a, b, ..]) => (u32::from(u16::from_be_bytes([a, b])), 2),
        (Target::Utf32Le, &[a, b, c, d, ..]) => (u32::from_le_bytes([a, b, c, d]), 4),
        (Target::Utf32Be, &[a, b, c, d, ..]) => (u32::from_be_bytes([a, b, c, d]), 4),
        _ => return None,
    };
    is_surrogate(code_point).then_some((code_point, len))
}

fn write_surrogate(code_point: u32, target: Target, out: &mut Vec<u8>) -> Option<()> {
    if !is_surrogate(code_point) {
        return None;
    }
    let low_bits = |shift: u32| 0x80 | (code_point >> shift & 0x3f) as u8;
    match target {
        Target::Utf8 => out.extend([0xe0 | (code_point >> 12) as u8, low_bits(6), low_bits(0)]),
        Target::Utf16Le => out.extend((code_point as u16).to_le_bytes()),
        Target::Utf16Be => out.extend((code_point as u16).to_be_bytes()),
        Target::Utf32Le => out.extend(code_point.to_le_bytes()),
        Target::Utf32Be => out.extend(code_point.to_be_bytes()),
        Target::Other => return None,
    }
    Some(())
}
