//! The encodings that need no Python: UTF-8, -16, -32, ASCII, Latin-1.
//!
//! Tests: CPython test_codecs.

use super::errors::{answer_decode, answer_encode, text_obj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result};
use typhon_text::codec::{self, ByteOrder, Known, Target};

/// A native encoding.
pub type Encoding = Enc;

/// A native encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Enc {
    Utf8,
    Utf16(ByteOrder),
    Utf32(ByteOrder),
    Ascii,
    Latin1,
}

impl Enc {
    /// The native encoding of this name, apart from those with signatures.
    pub fn from_name(name: &str) -> Option<Enc> {
        // The two most common names, without normalising.
        match name {
            "utf-8" => return Some(Enc::Utf8),
            "ascii" => return Some(Enc::Ascii),
            _ => {}
        }
        Some(match codec::known(name)? {
            Known::Utf8 => Enc::Utf8,
            Known::Utf8Sig => return None,
            Known::Utf16 => Enc::Utf16(ByteOrder::Marked),
            Known::Utf16Le => Enc::Utf16(ByteOrder::Little),
            Known::Utf16Be => Enc::Utf16(ByteOrder::Big),
            Known::Utf32 => Enc::Utf32(ByteOrder::Marked),
            Known::Utf32Le => Enc::Utf32(ByteOrder::Little),
            Known::Utf32Be => Enc::Utf32(ByteOrder::Big),
            Known::Ascii => Enc::Ascii,
            Known::Latin1 => Enc::Latin1,
        })
    }
    /// As named in exceptions.
    pub fn name(self) -> &'static str {
        match self {
            Enc::Utf8 => "utf-8",
            Enc::Utf16(ByteOrder::Marked) => "utf-16",
            Enc::Utf16(ByteOrder::Little) => "utf-16-le",
            Enc::Utf16(ByteOrder::Big) => "utf-16-be",
            Enc::Utf32(ByteOrder::Marked) => "utf-32",
            Enc::Utf32(ByteOrder::Little) => "utf-32-le",
            Enc::Utf32(ByteOrder::Big) => "utf-32-be",
            Enc::Ascii => "ascii",
            Enc::Latin1 => "latin-1",
        }
    }
    /// For `surrogatepass`.
    pub fn target(self) -> Target {
        match self {
            Enc::Utf8 => Target::Utf8,
            Enc::Utf16(ByteOrder::Big) => Target::Utf16Be,
            Enc::Utf16(_) => Target::Utf16Le,
            Enc::Utf32(ByteOrder::Big) => Target::Utf32Be,
            Enc::Utf32(_) => Target::Utf32Le,
            _ => Target::Other,
        }
    }
}

/// Encode with error handling.
pub fn encode_known(cx: &mut Cx, s: Gc<Str>, enc: Enc, errors: &str) -> Result<Vec<u8>> {
    let name = enc.name();
    let target = enc.target();
    let on_error = |e| answer_encode(cx, name, target, errors, s, e);
    match enc {
        Enc::Utf8 => codec::utf8_encode(s.view(), on_error),
        Enc::Utf16(o) => codec::utf16_encode(s.view(), o, on_error),
        Enc::Utf32(o) => codec::utf32_encode(s.view(), o, on_error),
        Enc::Ascii => codec::ascii_encode(s.view(), on_error),
        Enc::Latin1 => codec::latin1_encode(s.view(), on_error),
    }
}

/// Decode: the text, how many bytes it took, and the byte order found.
pub fn decode_known(cx: &mut Cx, b: &[u8], enc: Enc, errors: &str, last: bool) -> Result<(Obj, usize, ByteOrder)> {
    // With a mark, errors name the order that it told.
    let (name, target) = match (enc, b) {
        (Enc::Utf16(ByteOrder::Marked), [0xfe, 0xff, ..]) => ("utf-16-be", Target::Utf16Be),
        (Enc::Utf16(ByteOrder::Marked), _) => ("utf-16-le", enc.target()),
        (Enc::Utf32(ByteOrder::Marked), [0, 0, 0xfe, 0xff, ..]) => ("utf-32-be", Target::Utf32Be),
        (Enc::Utf32(ByteOrder::Marked), _) => ("utf-32-le", enc.target()),
        _ => (enc.name(), enc.target()),
    };
    match enc {
        Enc::Latin1 => return Ok((str::from_latin1(cx, b)?.obj(), b.len(), ByteOrder::Marked)),
        Enc::Utf8 | Enc::Ascii if b.is_ascii() => {
            return Ok((str::from_latin1(cx, b)?.obj(), b.len(), ByteOrder::Marked));
        }
        _ => {}
    }
    let on_error = |e| answer_decode(&mut *cx, name, target, errors, b, e);
    let (text, consumed, order) = match enc {
        Enc::Utf8 => {
            let d = codec::utf8_decode(b, last, on_error)?;
            (d.text, d.consumed, ByteOrder::Marked)
        }
        Enc::Utf16(o) => {
            let (d, o) = codec::utf16_decode(b, o, last, on_error)?;
            (d.text, d.consumed, o)
        }
        Enc::Utf32(o) => {
            let (d, o) = codec::utf32_decode(b, o, last, on_error)?;
            (d.text, d.consumed, o)
        }
        _ => (codec::ascii_decode(b, on_error)?, b.len(), ByteOrder::Marked),
    };
    Ok((text_obj(cx, &text)?, consumed, order))
}
