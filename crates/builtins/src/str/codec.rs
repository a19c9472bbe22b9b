//! Encoding and decoding: native encodings, standard and registered error
//! handlers. Other encodings go through `hooks::CODECS_ENCODE` and `_DECODE`.
//!
//! Tests: tests/lang/text_errors.md; CPython test_codecs, test_codeccallbacks.

use crate::exceptions::unicode;
use crate::{any, hooks};
use typhon_macros::class;
use typhon_object::bytes::{self, Bytes};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, ops};
use typhon_text::codec::{self as text, ByteOrder, DecodeError, EncodeError, Handler, Known, Replacement, Target};
use typhon_text::strview::{OwnedStr, StrView};

struct StrCodec;

#[class(name = "str", extends = Str)]
impl StrCodec {
    /// Encode the string using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding in which to encode the string.
    ///   errors
    ///     The error handling scheme to use for encoding errors.
    ///     The default is 'strict' meaning that encoding errors raise a
    ///     UnicodeEncodeError.  Other possible values are 'ignore', 'replace'
    ///     and 'xmlcharrefreplace' as well as any other name registered with
    ///     codecs.register_error that can handle UnicodeEncodeErrors.
    #[sig(encoding = "utf-8", errors = "strict")]
    fn encode(this: Gc<Str>, cx: &mut Cx, encoding: Obj, errors: Obj) -> Result<Obj> {
        let encoding = any::str_arg(cx, encoding, "encode() argument 'encoding'")?;
        let errors = any::str_arg(cx, errors, "encode() argument 'errors'")?;
        if let Some(text) = this.as_ascii()
            && errors.is_ascii()
            && encoding
                .as_ascii()
                .and_then(text::known)
                .is_some_and(|k| matches!(k, Known::Utf8 | Known::Ascii | Known::Latin1))
        {
            return Ok(bytes::new(cx, text.as_bytes())?.obj());
        }
        let (encoding, errors) = (ops::utf8(cx, encoding)?, ops::utf8(cx, errors)?);
        encode(cx, this, &encoding, &errors)
    }
}

/// The name that errors show, and what `surrogatepass` must know.
fn described(k: Known) -> (&'static str, Target) {
    match k {
        Known::Utf8 | Known::Utf8Sig => ("utf-8", Target::Utf8),
        Known::Utf16 => ("utf-16", Target::Utf16Le),
        Known::Utf16Le => ("utf-16-le", Target::Utf16Le),
        Known::Utf16Be => ("utf-16-be", Target::Utf16Be),
        Known::Utf32 => ("utf-32", Target::Utf32Le),
        Known::Utf32Le => ("utf-32-le", Target::Utf32Le),
        Known::Utf32Be => ("utf-32-be", Target::Utf32Be),
        Known::Ascii => ("ascii", Target::Other),
        Known::Latin1 => ("latin-1", Target::Other),
    }
}

/// Ask a registered error handler: its replacement and where to go on.
pub fn call_handler(cx: &mut Cx, errors: &str, e: Raised, len: usize, kind: &str) -> Result<(Obj, usize)> {
    let Some(lookup) = hooks::LOOKUP_ERROR_HANDLER.get() else {
        return Err(cx.error(ExcKind::LookupError, format!("unknown error handler name '{errors}'")));
    };
    let f = lookup(cx, errors)?;
    let r = ops::call_args(cx, f, &[e.obj()])?;
    let refuse = |cx: &Cx| {
        let wanted = if kind == "decoding" { "(str, int)" } else { "(str/bytes, int)" };
        cx.type_error(format!("{kind} error handler must return {wanted} tuple"))
    };
    let Some(t) = r.cast::<Tuple>() else { return Err(refuse(cx)) };
    let &[replacement, at] = t.payload().items() else { return Err(refuse(cx)) };
    let fits = replacement.cast::<Str>().is_some() || (kind == "encoding" && replacement.cast::<Bytes>().is_some());
    if !fits || !any::is_index(at) {
        return Err(refuse(cx));
    }
    let i = ops::index_clamped(cx, at)?;
    let wrapped = if i < 0 { i.saturating_add(len as isize) } else { i };
    if wrapped < 0 || wrapped as usize > len {
        return Err(cx.error(ExcKind::IndexError, format!("position {i} from error handler out of bounds")));
    }
    Ok((replacement, wrapped as usize))
}

/// What stands for the part of `s` that does not encode.
pub fn answer_encode(
    cx: &mut Cx,
    s: Gc<Str>,
    (encoding, target): (&str, Target),
    errors: &str,
    e: EncodeError,
) -> Result<(Replacement, usize)> {
    let view = s.payload().view();
    match Handler::from_name(errors) {
        Some(h) => match h.encode(view, e, target) {
            Some(answer) => Ok(answer),
            None => Err(Raised(unicode::encode_error(cx, encoding, s, e.start, e.end, e.reason)?)),
        },
        None => {
            let err = Raised(unicode::encode_error(cx, encoding, s, e.start, e.end, e.reason)?);
            if e.fatal {
                return Err(err);
            }
            let (r, at) = call_handler(cx, errors, err, s.len(), "encoding")?;
            Ok(match r.cast::<Str>() {
                Some(t) => (Replacement::Text(t.view().to_owned()), at),
                None => (Replacement::Bytes(r.cast::<Bytes>().map_or(Vec::new(), |b| b.as_slice().to_vec())), at),
            })
        }
    }
}

/// What stands for the bytes that do not decode.
pub fn answer_decode(
    cx: &mut Cx,
    data: &[u8],
    (encoding, target): (&str, Target),
    errors: &str,
    e: DecodeError,
) -> Result<(OwnedStr, usize)> {
    let handler = Handler::from_name(errors);
    if let Some(answer) = handler.and_then(|h| h.decode(data, e, target)) {
        return Ok(answer);
    }
    let err = Raised(unicode::decode_error(cx, encoding, data, e.start, e.end, e.reason)?);
    if handler.is_some() {
        return Err(err);
    }
    let (r, at) = call_handler(cx, errors, err, data.len(), "decoding")?;
    let r: OwnedStr = r.cast::<Str>().map_or_else(|| OwnedStr::from(""), |t| t.view().to_owned());
    Ok((r, at))
}

/// Encode with a native encoding.
pub fn encode_known(cx: &mut Cx, s: Gc<Str>, k: Known, errors: &str) -> Result<Vec<u8>> {
    let (name, target) = described(k);
    let view: StrView<'static> = s.payload().view();
    let answer = |e: EncodeError| answer_encode(cx, s, (name, target), errors, e);
    match k {
        Known::Utf8 => text::utf8_encode(view, answer),
        Known::Utf8Sig => {
            let mut out = b"\xef\xbb\xbf".to_vec();
            out.extend(text::utf8_encode(view, answer)?);
            Ok(out)
        }
        Known::Utf16 => text::utf16_encode(view, ByteOrder::Marked, answer),
        Known::Utf16Le => text::utf16_encode(view, ByteOrder::Little, answer),
        Known::Utf16Be => text::utf16_encode(view, ByteOrder::Big, answer),
        Known::Utf32 => text::utf32_encode(view, ByteOrder::Marked, answer),
        Known::Utf32Le => text::utf32_encode(view, ByteOrder::Little, answer),
        Known::Utf32Be => text::utf32_encode(view, ByteOrder::Big, answer),
        Known::Ascii => text::ascii_encode(view, answer),
        Known::Latin1 => text::latin1_encode(view, answer),
    }
}

/// Decode with a native encoding; all of the data.
pub fn decode_known(cx: &mut Cx, d: &[u8], k: Known, errors: &str) -> Result<Gc<Str>> {
    let (mut name, mut target) = described(k);
    if k == Known::Latin1 {
        return str::from_latin1(cx, d);
    }
    if d.is_ascii() && matches!(k, Known::Utf8 | Known::Ascii) {
        return str::from_latin1(cx, d);
    }
    // With a mark, errors name the order that it told.
    match (k, d) {
        (Known::Utf16, [0xfe, 0xff, ..]) => (name, target) = ("utf-16-be", Target::Utf16Be),
        (Known::Utf16, _) => name = "utf-16-le",
        (Known::Utf32, [0, 0, 0xfe, 0xff, ..]) => (name, target) = ("utf-32-be", Target::Utf32Be),
        (Known::Utf32, _) => name = "utf-32-le",
        _ => {}
    }
    let skip = if k == Known::Utf8Sig { text::utf8_sig_start(d) } else { 0 };
    let d = &d[skip..];
    let answer = |e: DecodeError| answer_decode(cx, d, (name, target), errors, e);
    let out = match k {
        Known::Utf8 | Known::Utf8Sig => text::utf8_decode(d, true, answer)?.text,
        Known::Utf16 => text::utf16_decode(d, ByteOrder::Marked, true, answer)?.0.text,
        Known::Utf16Le => text::utf16_decode(d, ByteOrder::Little, true, answer)?.0.text,
        Known::Utf16Be => text::utf16_decode(d, ByteOrder::Big, true, answer)?.0.text,
        Known::Utf32 => text::utf32_decode(d, ByteOrder::Marked, true, answer)?.0.text,
        Known::Utf32Le => text::utf32_decode(d, ByteOrder::Little, true, answer)?.0.text,
        Known::Utf32Be => text::utf32_decode(d, ByteOrder::Big, true, answer)?.0.text,
        Known::Ascii => text::ascii_decode(d, answer)?,
        Known::Latin1 => text::latin1_decode(d),
    };
    super::from_owned(cx, &out)
}

/// Names that may contain no zero character.
fn check_name(cx: &Cx, name: &str) -> Result<()> {
    if name.contains('\0') { Err(cx.value_error("embedded null character")) } else { Ok(()) }
}

/// `s.encode(encoding, errors)`.
pub fn encode(cx: &mut Cx, s: Gc<Str>, encoding: &str, errors: &str) -> Result<Obj> {
    check_name(cx, encoding)?;
    if let Some(k) = text::known(encoding) {
        let b = encode_known(cx, s, k, errors)?;
        return Ok(bytes::new(cx, &b)?.obj());
    }
    match hooks::CODECS_ENCODE.get() {
        Some(f) => f(cx, s.obj(), encoding, errors),
        None => Err(cx.error(ExcKind::LookupError, format!("unknown encoding: {encoding}"))),
    }
}

/// `o.decode(encoding, errors)`; the bytes-like object `o` holds `data`.
pub fn decode(cx: &mut Cx, o: Obj, data: &[u8], encoding: &str, errors: &str) -> Result<Gc<Str>> {
    check_name(cx, encoding)?;
    if let Some(k) = text::known(encoding) {
        return decode_known(cx, data, k, errors);
    }
    let Some(f) = hooks::CODECS_DECODE.get() else {
        return Err(cx.error(ExcKind::LookupError, format!("unknown encoding: {encoding}")));
    };
    let r = f(cx, o, encoding, errors)?;
    r.cast::<Str>().ok_or_else(|| {
        let n = cx.type_name(r);
        cx.type_error(format!(
            "'{encoding}' decoder returned '{n}' instead of 'str'; use codecs.decode() to decode to arbitrary types"
        ))
    })
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrCodec::MEMBERS)
}
