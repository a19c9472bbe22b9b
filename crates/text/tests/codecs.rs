//! Codecs; expectations were taken from CPython.

use typhon_text::codec::{self, ByteOrder, DecodeError, EncodeError, Handler, Known, Target};
use typhon_text::strview::{OwnedStr, StrView, unicode_escape_encode};

fn show(text: &OwnedStr) -> String {
    String::from_utf8(unicode_escape_encode(text.as_view())).expect("ASCII")
}

fn decode_utf8(bytes: &[u8], handler: Handler) -> String {
    let on_error = |error| handler.decode(bytes, error, Target::Utf8).ok_or(error);
    match codec::utf8_decode(bytes, true, on_error) {
        Ok(decoded) => show(&decoded.text),
        Err(DecodeError { start, end, reason }) => format!("{start} {end} {reason}"),
    }
}

#[test]
fn utf8_errors() {
    let error = |bytes: &[u8]| decode_utf8(bytes, Handler::Strict);
    assert_eq!(error(b"\xff"), "0 1 invalid start byte");
    assert_eq!(error(b"a\xc0\x80"), "1 2 invalid start byte");
    assert_eq!(error(b"\xe2\x82"), "0 2 unexpected end of data");
    assert_eq!(error(b"\xe2\x82("), "0 2 invalid continuation byte");
    assert_eq!(error(b"\xed\xa0\x80"), "0 1 invalid continuation byte");
    assert_eq!(error(b"\xf0\x9f\x98("), "0 3 invalid continuation byte");
    assert_eq!(error(b"\xe0\x80"), "0 1 invalid continuation byte");
    assert_eq!(error(b"\xe2\x82\xac"), "\\u20ac");
}

#[test]
fn decode_handlers() {
    let decode = |handler| decode_utf8(b"a\xe2\x82(\xed\xa0\x80", handler);
    assert_eq!(decode(Handler::Ignore), "a(");
    assert_eq!(decode(Handler::Replace), "a\\ufffd(\\ufffd\\ufffd\\ufffd");
    assert_eq!(decode(Handler::BackslashReplace), "a\\\\xe2\\\\x82(\\\\xed\\\\xa0\\\\x80");
    assert_eq!(decode(Handler::SurrogateEscape), "a\\udce2\\udc82(\\udced\\udca0\\udc80");
    assert_eq!(decode_utf8(b"\xed\xa0\x80b", Handler::SurrogatePass), "\\ud800b");
    assert_eq!(decode_utf8(b"\xff", Handler::SurrogatePass), "0 1 invalid start byte");
}

#[test]
fn incomplete_input_waits() {
    let on_error = Err::<(OwnedStr, usize), DecodeError>;
    let decoded = codec::utf8_decode(b"a\xe2\x82", false, on_error).expect("waits");
    assert_eq!((show(&decoded.text).as_str(), decoded.consumed), ("a", 1));
    let (decoded, order) = codec::utf16_decode(b"\xfe\xff\0a\xd8", ByteOrder::Marked, false, on_error).expect("waits");
    assert_eq!((show(&decoded.text).as_str(), decoded.consumed), ("a", 4));
    assert_eq!(order, ByteOrder::Big);
}

fn decode_16(bytes: &[u8], order: ByteOrder) -> String {
    match codec::utf16_decode(bytes, order, true, Err::<(OwnedStr, usize), _>) {
        Ok((decoded, _)) => show(&decoded.text),
        Err(DecodeError { start, end, reason }) => format!("{start} {end} {reason}"),
    }
}

#[test]
fn utf16() {
    use ByteOrder::{Big, Little, Marked};
    assert_eq!(decode_16(b"\xff\xfea\0", Marked), "a");
    assert_eq!(decode_16(b"\xff\xfea\0", Little), "\\ufeffa");
    assert_eq!(decode_16(b"\0a\xd8\x3d\xde\0", Big), "a\\U0001f600");
    assert_eq!(decode_16(b"a\0b", Little), "2 3 truncated data");
    assert_eq!(decode_16(b"\0\xd8", Little), "0 2 unexpected end of data");
    assert_eq!(decode_16(b"\0\xd8\0", Little), "0 3 unexpected end of data");
    assert_eq!(decode_16(b"\0\xdc", Little), "0 2 illegal encoding");
    assert_eq!(decode_16(b"\0\xd8a\0", Little), "0 2 illegal UTF-16 surrogate");
}

#[test]
fn utf32() {
    let decode = |bytes: &[u8], order| match codec::utf32_decode(bytes, order, true, Err::<(OwnedStr, usize), _>) {
        Ok((decoded, _)) => show(&decoded.text),
        Err(DecodeError { start, end, reason }) => format!("{start} {end} {reason}"),
    };
    assert_eq!(decode(b"\0\0\xfe\xff\0\0\0a", ByteOrder::Marked), "a");
    assert_eq!(decode(b"a\0\0", ByteOrder::Little), "0 3 truncated data");
    assert_eq!(
        decode(b"\0\xd8\0\0", ByteOrder::Little),
        "0 4 code point in surrogate code point range(0xd800, 0xe000)"
    );
    assert_eq!(decode(b"a\0\0\0", ByteOrder::Big), "0 4 code point not in range(0x110000)");
}

type Encoded = Result<Vec<u8>, EncodeError>;

fn show_encoded(encoded: Encoded) -> String {
    match encoded {
        Ok(bytes) => typhon_text::strview::repr_bytes(&bytes),
        Err(error) => format!("{} {} {}", error.start, error.end, error.reason),
    }
}

#[test]
fn encoding() {
    let text = StrView::Ucs4(&[0x61, 0xe9, 0xd800, 0xdc80, 0x1f600, 0x62]);
    let encode = |handler: Handler, target: Target| {
        let on_error = |error| handler.encode(text, error, target).ok_or(error);
        show_encoded(match target {
            Target::Utf8 => codec::utf8_encode(text, on_error),
            Target::Utf16Le => codec::utf16_encode(text, ByteOrder::Marked, on_error),
            Target::Utf32Be => codec::utf32_encode(text, ByteOrder::Big, on_error),
            _ => codec::ascii_encode(text, on_error),
        })
    };
    assert_eq!(encode(Handler::Strict, Target::Utf8), "2 4 surrogates not allowed");
    assert_eq!(encode(Handler::Strict, Target::Utf16Le), "2 3 surrogates not allowed");
    assert_eq!(encode(Handler::Strict, Target::Other), "1 5 ordinal not in range(128)");
    assert_eq!(encode(Handler::SurrogateEscape, Target::Utf8), "2 4 surrogates not allowed");
    assert_eq!(
        encode(Handler::SurrogatePass, Target::Utf8),
        "b'a\\xc3\\xa9\\xed\\xa0\\x80\\xed\\xb2\\x80\\xf0\\x9f\\x98\\x80b'"
    );
    assert_eq!(
        encode(Handler::SurrogatePass, Target::Utf16Le),
        "b'\\xff\\xfea\\x00\\xe9\\x00\\x00\\xd8\\x80\\xdc=\\xd8\\x00\\xdeb\\x00'"
    );
    assert_eq!(encode(Handler::Ignore, Target::Other), "b'ab'");
    assert_eq!(encode(Handler::Replace, Target::Other), "b'a????b'");
    assert_eq!(encode(Handler::BackslashReplace, Target::Other), "b'a\\\\xe9\\\\ud800\\\\udc80\\\\U0001f600b'");
    assert_eq!(encode(Handler::XmlCharRefReplace, Target::Other), "b'a&#233;&#55296;&#56448;&#128512;b'");
}

#[test]
fn charmap() {
    let table = StrView::Ucs2(&[0x20ac, 0xfffe, 0x61]);
    let decode = |bytes: &[u8]| codec::charmap_decode(bytes, table, Err::<(OwnedStr, usize), _>);
    assert_eq!(show(&decode(b"\x02\x00").expect("decodes")), "a\\u20ac");
    for bad in [b"\x02\x01", b"\x02\x07"] {
        let error = decode(bad).expect_err("undefined");
        assert_eq!((error.start, error.end), (1, 2));
    }
    let byte_of = |c| (c == 0x61).then_some(7);
    let text = StrView::ascii("abba");
    let encoded = codec::charmap_encode(text, byte_of, Err);
    assert_eq!(show_encoded(encoded), "1 3 character maps to <undefined>");
}

#[test]
fn names() {
    assert_eq!(codec::normalize(" UTF - 8_sig!"), "utf_8_sig");
    assert_eq!(codec::known("UTF-8"), Some(Known::Utf8));
    assert_eq!(codec::known("ISO-8859-1"), Some(Known::Latin1));
    assert_eq!(codec::known("cp1252"), None);
}
