//! Between text and bytes: `decode`, and `bytes(text, encoding)`. The usual
//! encodings and error handlers run here; the rest goes through the hooks.
//!
//! Tests: tests/binary.rs; CPython test_bytes, test_codecs.

use crate::exceptions::unicode;
use crate::{any, hooks};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, bytes};
use typhon_text::codec::{self, ByteOrder, DecodeError, EncodeError, Handler, Known, Target};
use typhon_text::strview::OwnedStr;

/// Name, byte order and `surrogatepass` target of a native encoding.
fn details(k: Known) -> Option<(&'static str, ByteOrder, Target)> {
    Some(match k {
        Known::Utf8 => ("utf-8", ByteOrder::Little, Target::Utf8),
        Known::Utf8Sig => return None,
        Known::Utf16 => ("utf-16", ByteOrder::Marked, Target::Utf16Le),
        Known::Utf16Le => ("utf-16-le", ByteOrder::Little, Target::Utf16Le),
        Known::Utf16Be => ("utf-16-be", ByteOrder::Big, Target::Utf16Be),
        Known::Utf32 => ("utf-32", ByteOrder::Marked, Target::Utf32Le),
        Known::Utf32Le => ("utf-32-le", ByteOrder::Little, Target::Utf32Le),
        Known::Utf32Be => ("utf-32-be", ByteOrder::Big, Target::Utf32Be),
        Known::Ascii => ("ascii", ByteOrder::Little, Target::Other),
        Known::Latin1 => ("latin-1", ByteOrder::Little, Target::Other),
    })
}

fn unknown(cx: &Cx, encoding: &str, errors: &str) -> Raised {
    let msg = match codec::known(encoding) {
        Some(_) => format!("unknown error handler name '{errors}'"),
        None => format!("unknown encoding: {encoding}"),
    };
    cx.error(ExcKind::LookupError, msg)
}

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

/// `decode`: `o` holds `data`.
pub fn decode(cx: &mut Cx, o: Obj, data: &[u8], encoding: &str, errors: &str) -> Result<Obj> {
    let native = codec::known(encoding).and_then(|k| details(k).map(|d| (k, d)));
    let Some((known, (name, order, target))) = native else {
        return match hooks::CODECS_DECODE.get() {
            Some(f) => f(cx, o, encoding, errors),
            None => Err(unknown(cx, encoding, errors)),
        };
    };
    match known {
        Known::Latin1 => return Ok(str::from_latin1(cx, data)?.obj()),
        Known::Utf8 | Known::Ascii if data.is_ascii() => return Ok(str::from_latin1(cx, data)?.obj()),
        _ => {}
    }
    let handler = Handler::from_name(errors);
    // `Some` must be raised, `None` needs a handler from the registry.
    let on_error = |e: DecodeError| -> std::result::Result<(OwnedStr, usize), Option<DecodeError>> {
        match handler {
            Some(h) => h.decode(data, e, target).ok_or(Some(e)),
            None => Err(None),
        }
    };
    let text = match known {
        Known::Utf8 => codec::utf8_decode(data, true, on_error).map(|d| d.text),
        Known::Ascii => codec::ascii_decode(data, on_error),
        Known::Utf16 | Known::Utf16Le | Known::Utf16Be => {
            codec::utf16_decode(data, order, true, on_error).map(|d| d.0.text)
        }
        _ => codec::utf32_decode(data, order, true, on_error).map(|d| d.0.text),
    };
    match text {
        Ok(t) => Ok(str::from_view(cx, &t.as_view())?.obj()),
        Err(Some(e)) => Err(Raised(unicode::decode_error(cx, name, data, e.start, e.end, e.reason)?)),
        Err(None) => match hooks::CODECS_DECODE.get() {
            Some(f) => f(cx, o, encoding, errors),
            None => Err(unknown(cx, encoding, errors)),
        },
    }
}

/// `text.encode(encoding, errors)` as a bytes object.
pub fn encode(cx: &mut Cx, s: Gc<Str>, encoding: &str, errors: &str) -> Result<Obj> {
    let native = codec::known(encoding).and_then(|k| details(k).map(|d| (k, d)));
    let hook = |cx: &mut Cx| match hooks::CODECS_ENCODE.get() {
        Some(f) => f(cx, s.obj(), encoding, errors),
        None => Err(unknown(cx, encoding, errors)),
    };
    let Some((known, (name, order, target))) = native else { return hook(cx) };
    let handler = Handler::from_name(errors);
    let on_error = |e: EncodeError| match handler {
        Some(h) => h.encode(s.view(), e, target).ok_or(Some(e)),
        None => Err(None),
    };
    let data = match known {
        Known::Utf8 => codec::utf8_encode(s.view(), on_error),
        Known::Ascii => codec::ascii_encode(s.view(), on_error),
        Known::Latin1 => codec::latin1_encode(s.view(), on_error),
        Known::Utf16 | Known::Utf16Le | Known::Utf16Be => codec::utf16_encode(s.view(), order, on_error),
        _ => codec::utf32_encode(s.view(), order, on_error),
    };
    match data {
        Ok(v) => Ok(bytes::new(cx, &v)?.obj()),
        Err(Some(e)) => Err(Raised(unicode::encode_error(cx, name, s, e.start, e.end, e.reason)?)),
        Err(None) => hook(cx),
    }
}
