//! The functions of `_codecs`.
//!
//! Tests: CPython test_codecs.

use super::convert::{Enc, decode_known, encode_known};
use super::errors::{self, answer_decode, answer_encode, text_obj};
use super::registry;
use crate::buffer::{AsciiBuf, Buf};
use crate::util::{bytes_obj, import, set};
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::dict::{self, Dict};
use typhon_object::native::{CText, IntoObj, Member, MemberKind};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result, native, ops, shape};
use typhon_text::codec::{self, ByteOrder, DecodeError, Target};
use typhon_text::strview;

fn encoded(cx: &mut Cx, s: Gc<Str>, enc: Enc, errors: Option<CText>) -> Result<Obj> {
    let b = encode_known(cx, s, enc, errors.as_deref().unwrap_or("strict"))?;
    let b = bytes_obj(cx, &b)?;
    (b, s.len()).into_obj(cx)
}

fn decoded(cx: &mut Cx, data: Buf, enc: Enc, errors: Option<CText>, last: bool) -> Result<Obj> {
    let b = data.to_vec(cx)?;
    let (text, n, _) = decode_known(cx, &b, enc, errors.as_deref().unwrap_or("strict"), last)?;
    (text, n).into_obj(cx)
}

fn order(n: i32) -> ByteOrder {
    match n {
        0 => ByteOrder::Marked,
        n if n < 0 => ByteOrder::Little,
        _ => ByteOrder::Big,
    }
}

fn order_number(o: ByteOrder) -> i64 {
    match o {
        ByteOrder::Marked => 0,
        ByteOrder::Little => -1,
        ByteOrder::Big => 1,
    }
}

fn ex_decoded(cx: &mut Cx, data: Buf, wide: bool, errors: Option<CText>, byteorder: i32, last: bool) -> Result<Obj> {
    let b = data.to_vec(cx)?;
    let enc = if wide { Enc::Utf32(order(byteorder)) } else { Enc::Utf16(order(byteorder)) };
    let mark = match (wide, &b[..]) {
        (false, [0xff, 0xfe, ..]) | (true, [0xff, 0xfe, 0, 0, ..]) => -1,
        (false, [0xfe, 0xff, ..]) | (true, [0, 0, 0xfe, 0xff, ..]) => 1,
        _ => 0,
    };
    let (text, n, found) = decode_known(cx, &b, enc, errors.as_deref().unwrap_or("strict"), last)?;
    let o = if byteorder != 0 { order_number(found) } else { mark };
    (text, n, o).into_obj(cx)
}

macro_rules! standard_handlers {
    ($($f:ident $name:literal;)*) => {
        $(fn $f(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
            match args {
                [e] => errors::standard(cx, $name, *e),
                _ => Err(cx.type_error(format!("{}() takes exactly one argument ({} given)", stringify!($f), args.len()))),
            }
        })*
        static HANDLERS: &[(&str, Member)] = &[$(($name, Member {
            name: stringify!($f), doc: "", signature: "", kind: MemberKind::Function, call: $f, set: None,
            params: &[], leaf: false,
        })),*];
    };
}
standard_handlers! {
    strict_errors "strict";
    ignore_errors "ignore";
    replace_errors "replace";
    xmlcharrefreplace_errors "xmlcharrefreplace";
    backslashreplace_errors "backslashreplace";
    surrogatepass "surrogatepass";
    surrogateescape "surrogateescape";
}

fn namereplace_errors(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    let [e] = args else { return Err(cx.type_error("namereplace_errors() takes exactly one argument")) };
    let object = crate::util::attr(cx, *e, "object")?;
    let (start, end) = (crate::util::attr(cx, *e, "start")?, crate::util::attr(cx, *e, "end")?);
    let (Some(s), Some(a), Some(b)) = (object.cast::<Str>(), start.as_small_int(), end.as_small_int()) else {
        return Err(cx.type_error(format!("don't know how to handle {} in error callback", cx.type_name(*e))));
    };
    let mut out = String::new();
    let end = (b as usize).min(s.len());
    for i in a as usize..end {
        let c = s.at(i);
        match crate::unicodedata::name_of(c) {
            Some(n) => out.push_str(&format!("\\N{{{n}}}")),
            None if c < 256 => out.push_str(&format!("\\x{c:02x}")),
            None if c < 0x10000 => out.push_str(&format!("\\u{c:04x}")),
            None => out.push_str(&format!("\\U{c:08x}")),
        }
    }
    (out, end).into_obj(cx)
}

static NAMEREPLACE: Member = Member {
    name: "namereplace_errors",
    doc: "",
    signature: "",
    kind: MemberKind::Function,
    call: namereplace_errors,
    set: None,
    params: &[],
    leaf: false,
};

/// Make the standard error handlers known.
pub fn init_handlers(cx: &mut Cx) -> Result<()> {
    for (name, m) in HANDLERS {
        let f = native::function(cx, shape::NATIVE_FUNCTION, m, None, None)?;
        let n = str::new(cx, name)?;
        errors::register(cx, n, f)?;
    }
    let f = native::function(cx, shape::NATIVE_FUNCTION, &NAMEREPLACE, None, None)?;
    let n = str::new(cx, "namereplace")?;
    errors::register(cx, n, f)
}

/// Give `str` and `bytes` the registry. At start-up, not when `_codecs` is imported: a
/// program's first use of an encoding is what imports it.
pub fn connect() {
    let _ = typhon_builtins::hooks::CODECS_ENCODE.set(|cx, o, enc, errors| match o.cast::<Str>() {
        Some(s) => {
            let b = crate::codecs::encode_text(cx, s, enc, errors)?;
            bytes_obj(cx, &b)
        }
        None => Err(cx.type_error("text expected")),
    });
    let _ = typhon_builtins::hooks::LOOKUP_ERROR_HANDLER.set(|cx, name| {
        import(cx, "_codecs")?;
        errors::lookup(cx, name)
    });
    let _ = typhon_builtins::hooks::CODECS_DECODE.set(|cx, o, enc, errors| {
        let b = crate::buffer::copy(cx, o)?;
        crate::codecs::decode_text(cx, &b, enc, errors)
    });
}

/// `_codecs`: the native half of the codecs machinery.
#[module("_codecs")]
pub mod codecs {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        super::init_handlers(cx)?;
        set(cx, module, "__package__", "")
    }

    /// Register a codec search function.
    fn register(cx: &Cx, search_function: Obj) -> Result<()> {
        registry::register(cx, search_function)
    }
    /// Unregister a codec search function and clear the registry's cache.
    fn unregister(cx: &Cx, search_function: Obj) -> Result<()> {
        registry::unregister(cx, search_function)
    }
    /// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
    fn lookup(cx: &mut Cx, encoding: CText) -> Result<Obj> {
        registry::lookup(cx, &encoding)
    }
    /// Encodes obj using the codec registered for encoding.
    #[sig(obj, encoding = "utf-8", errors = "strict")]
    fn encode(cx: &mut Cx, obj: Obj, encoding: CText, errors: CText) -> Result<Obj> {
        registry::encode(cx, obj, &encoding, Some(&errors), false)
    }
    /// Decodes obj using the codec registered for encoding.
    #[sig(obj, encoding = "utf-8", errors = "strict")]
    fn decode(cx: &mut Cx, obj: Obj, encoding: CText, errors: CText) -> Result<Obj> {
        registry::decode(cx, obj, &encoding, Some(&errors), false)
    }
    /// Register the specified error handler under the name errors.
    fn register_error(cx: &Cx, errors: Gc<Str>, handler: Obj) -> Result<()> {
        if !registry::callable(handler) {
            return Err(cx.type_error("handler must be callable"));
        }
        errors::register(cx, errors, handler)
    }
    /// Un-register the specified error handler for the error handling `errors'.
    #[name("_unregister_error")]
    fn unregister_error(cx: &Cx, errors: Gc<Str>) -> Result<bool> {
        if HANDLERS.iter().any(|h| errors.eq_str(h.0)) || errors.eq_str("namereplace") {
            return Err(cx.value_error(format!("cannot un-register built-in error handler '{}'", errors.to_str())));
        }
        errors::unregister(cx, errors)
    }
    /// lookup_error(errors) -> handler
    fn lookup_error(cx: &Cx, name: CText) -> Result<Obj> {
        errors::lookup(cx, &name)
    }

    #[sig(str, errors = None, /)]
    fn utf_8_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Utf8, errors)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_8_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf8, errors, r#final)
    }
    #[sig(str, errors = None, /)]
    fn ascii_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Ascii, errors)
    }
    #[sig(data, errors = None, /)]
    fn ascii_decode(cx: &mut Cx, data: Buf, errors: Option<CText>) -> Result<Obj> {
        decoded(cx, data, Enc::Ascii, errors, true)
    }
    #[sig(str, errors = None, /)]
    fn latin_1_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Latin1, errors)
    }
    #[sig(data, errors = None, /)]
    fn latin_1_decode(cx: &mut Cx, data: Buf, errors: Option<CText>) -> Result<Obj> {
        decoded(cx, data, Enc::Latin1, errors, true)
    }
    #[sig(str, errors = None, byteorder = 0, /)]
    fn utf_16_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>, byteorder: i32) -> Result<Obj> {
        encoded(cx, str, Enc::Utf16(order(byteorder)), errors)
    }
    #[sig(str, errors = None, /)]
    fn utf_16_le_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Utf16(ByteOrder::Little), errors)
    }
    #[sig(str, errors = None, /)]
    fn utf_16_be_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Utf16(ByteOrder::Big), errors)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_16_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf16(ByteOrder::Marked), errors, r#final)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_16_le_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf16(ByteOrder::Little), errors, r#final)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_16_be_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf16(ByteOrder::Big), errors, r#final)
    }
    #[sig(data, errors = None, byteorder = 0, r#final = False, /)]
    fn utf_16_ex_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, byteorder: i32, r#final: bool) -> Result<Obj> {
        ex_decoded(cx, data, false, errors, byteorder, r#final)
    }
    #[sig(str, errors = None, byteorder = 0, /)]
    fn utf_32_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>, byteorder: i32) -> Result<Obj> {
        encoded(cx, str, Enc::Utf32(order(byteorder)), errors)
    }
    #[sig(str, errors = None, /)]
    fn utf_32_le_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Utf32(ByteOrder::Little), errors)
    }
    #[sig(str, errors = None, /)]
    fn utf_32_be_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        encoded(cx, str, Enc::Utf32(ByteOrder::Big), errors)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_32_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf32(ByteOrder::Marked), errors, r#final)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_32_le_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf32(ByteOrder::Little), errors, r#final)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_32_be_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        decoded(cx, data, Enc::Utf32(ByteOrder::Big), errors, r#final)
    }
    #[sig(data, errors = None, byteorder = 0, r#final = False, /)]
    fn utf_32_ex_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, byteorder: i32, r#final: bool) -> Result<Obj> {
        ex_decoded(cx, data, true, errors, byteorder, r#final)
    }

    #[sig(str, errors = None, /)]
    fn unicode_escape_encode(cx: &Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        let _ = errors;
        let b = bytes_obj(cx, &strview::unicode_escape_encode(str.view()))?;
        (b, str.len()).into_obj(cx)
    }
    #[sig(str, errors = None, /)]
    fn raw_unicode_escape_encode(cx: &Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        let _ = errors;
        let b = bytes_obj(cx, &strview::raw_unicode_escape_encode(str.view()))?;
        (b, str.len()).into_obj(cx)
    }
    #[sig(data, errors = None, r#final = True, /)]
    fn unicode_escape_decode(cx: &mut Cx, data: AsciiOrBuf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        let b = data.0;
        let e = errors.as_deref().unwrap_or("strict");
        let mut stop = None;
        let r = strview::unicode_escape_decode(&b, crate::unicodedata::code_point_of, |x| {
            if !r#final && x.end == b.len() && x.reason.starts_with("truncated") {
                // What the next call may complete.
                stop = Some(x.start);
                return Ok((strview::OwnedStr::Latin1(Vec::new()), b.len()));
            }
            let x = DecodeError { start: x.start, end: x.end, reason: x.reason };
            answer_decode(cx, "unicodeescape", Target::Other, e, &b, x)
        });
        let (text, _) = r?;
        let t = text_obj(cx, &text)?;
        (t, stop.unwrap_or(b.len())).into_obj(cx)
    }
    #[sig(data, errors = None, r#final = True, /)]
    fn raw_unicode_escape_decode(cx: &mut Cx, data: AsciiOrBuf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        let b = data.0;
        let e = errors.as_deref().unwrap_or("strict");
        let mut stop = None;
        let text = strview::raw_unicode_escape_decode(&b, |x| {
            if !r#final && x.end == b.len() && x.reason.starts_with("truncated") {
                stop = Some(x.start);
                return Ok((strview::OwnedStr::Latin1(Vec::new()), b.len()));
            }
            let x = DecodeError { start: x.start, end: x.end, reason: x.reason };
            answer_decode(cx, "rawunicodeescape", Target::Other, e, &b, x)
        })?;
        let t = text_obj(cx, &text)?;
        (t, stop.unwrap_or(b.len())).into_obj(cx)
    }
    #[sig(data, errors = None, /)]
    fn escape_encode(cx: &mut Cx, data: Buf, errors: Option<CText>) -> Result<Obj> {
        let _ = errors;
        let data = data.to_vec(cx)?;
        let mut out = Vec::new();
        for &c in &data {
            match c {
                b'\\' | b'\'' => out.extend([b'\\', c]),
                b'\t' => out.extend(b"\\t"),
                b'\n' => out.extend(b"\\n"),
                b'\r' => out.extend(b"\\r"),
                b' '..0x7f => out.push(c),
                _ => out.extend(format!("\\x{c:02x}").as_bytes()),
            }
        }
        let b = bytes_obj(cx, &out)?;
        (b, data.len()).into_obj(cx)
    }
    #[sig(data, errors = None, /)]
    fn escape_decode(cx: &mut Cx, data: AsciiOrBuf, errors: Option<CText>) -> Result<Obj> {
        let b = data.0;
        let mut out = Vec::new();
        let mut i = 0;
        while i < b.len() {
            if b[i] != b'\\' {
                out.push(b[i]);
                i += 1;
                continue;
            }
            i += 1;
            let Some(&c) = b.get(i) else { return Err(cx.value_error("Trailing \\ in string")) };
            i += 1;
            match c {
                b'\n' => {}
                b'\\' | b'\'' | b'"' => out.push(c),
                b'a' => out.push(7),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'n' => out.push(10),
                b'r' => out.push(13),
                b't' => out.push(9),
                b'v' => out.push(11),
                b'0'..=b'7' => {
                    let mut v = u32::from(c - b'0');
                    for _ in 0..2 {
                        match b.get(i) {
                            Some(d @ b'0'..=b'7') => {
                                v = v * 8 + u32::from(d - b'0');
                                i += 1;
                            }
                            _ => break,
                        }
                    }
                    out.push(v as u8);
                }
                b'x' => {
                    let hex = |k: usize| b.get(k).and_then(|c| (*c as char).to_digit(16));
                    match (hex(i), hex(i + 1)) {
                        (Some(a), Some(d)) => {
                            out.push((a * 16 + d) as u8);
                            i += 2;
                        }
                        _ => match errors.as_deref().unwrap_or("strict") {
                            "strict" => {
                                return Err(cx.value_error(format!("invalid \\x escape at position {}", i - 2)));
                            }
                            "replace" => out.push(b'?'),
                            "ignore" => {}
                            e => {
                                return Err(cx.value_error(format!("decoding error; unknown error handling code: {e}")));
                            }
                        },
                    }
                    if hex(i).is_some() && hex(i + 1).is_none() {
                        i += 1;
                    }
                }
                c => out.extend([b'\\', c]),
            }
        }
        let o = bytes_obj(cx, &out)?;
        (o, b.len()).into_obj(cx)
    }
    #[sig(data, errors = None, /)]
    fn readbuffer_encode(cx: &mut Cx, data: AsciiOrBuf, errors: Option<CText>) -> Result<Obj> {
        let _ = errors;
        let o = bytes_obj(cx, &data.0)?;
        (o, data.0.len()).into_obj(cx)
    }

    #[sig(data, errors = None, mapping = None, /)]
    fn charmap_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, mapping: Option<Obj>) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        let e = errors.as_deref().unwrap_or("strict");
        let Some(mapping) = mapping else {
            return (str::from_latin1(cx, &b)?, b.len()).into_obj(cx);
        };
        if let Some(table) = mapping.cast::<Str>() {
            let text =
                codec::charmap_decode(&b, table.view(), |x| answer_decode(cx, "charmap", Target::Other, e, &b, x))?;
            return (text_obj(cx, &text)?, b.len()).into_obj(cx);
        }
        let mut out = strview::StrBuf::new();
        let mut at = 0;
        while at < b.len() {
            let k = Obj::int_unchecked(i64::from(b[at]));
            let r = ops::get_item(cx, mapping, k);
            let v = ops::catch(cx, r, typhon_object::ExcKind::LookupError)?.unwrap_or(Obj::NONE);
            if let Some(i) = v.as_small_int()
                && i != 0xfffe
            {
                if !(0..0x110000).contains(&i) {
                    return Err(cx.type_error("character mapping must be in range(0x110000)"));
                }
                out.push(i as u32);
                at += 1;
            } else if let Some(s) = v.cast::<Str>()
                && !s.eq_str("\u{fffe}")
            {
                out.push_view(s.view());
                at += 1;
            } else if v.is_none() || v.is_small_int() || v.cast::<Str>().is_some() {
                let x = DecodeError { start: at, end: at + 1, reason: "character maps to <undefined>" };
                let (t, next) = answer_decode(cx, "charmap", Target::Other, e, &b, x)?;
                out.push_view(t.as_view());
                at = next;
            } else {
                return Err(cx.type_error("character mapping must return integer, None or str"));
            }
        }
        let t = str::from_view(cx, &out.as_view())?;
        (t, b.len()).into_obj(cx)
    }

    #[sig(str, errors = None, mapping = None, /)]
    fn charmap_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>, mapping: Option<Obj>) -> Result<Obj> {
        let Some(mapping) = mapping else { return encoded(cx, str, Enc::Latin1, errors) };
        let e = errors.as_deref().unwrap_or("strict");
        let plain = mapping.cast::<Dict>();
        let push = |cx: &mut Cx, c: u32, out: &mut Vec<u8>| -> Result<bool> {
            let k = Obj::int_unchecked(i64::from(c));
            let v = match plain.map(|d| d.get(cx, k)) {
                Some(r) => r?,
                None => {
                    let r = ops::get_item(cx, mapping, k);
                    ops::catch(cx, r, typhon_object::ExcKind::LookupError)?
                }
            };
            match v {
                None | Some(Obj::NONE) => Ok(false),
                Some(v) if v.is_small_int() => match v.as_small_int() {
                    Some(i @ 0..256) => {
                        out.push(i as u8);
                        Ok(true)
                    }
                    _ => Err(cx.type_error("character mapping must be in range(256)")),
                },
                Some(v) => match v.cast::<Bytes>() {
                    Some(b) => {
                        out.extend_from_slice(b.as_slice());
                        Ok(true)
                    }
                    None => Err(cx.type_error(format!(
                        "character mapping must return integer, bytes or None, not {}",
                        cx.type_name(v)
                    ))),
                },
            }
        };
        let mut out = Vec::new();
        let mut at = 0;
        while at < str.len() {
            if push(cx, str.at(at), &mut out)? {
                at += 1;
                continue;
            }
            let mut end = at + 1;
            let mark = out.len();
            while end < str.len() && !push(cx, str.at(end), &mut out)? {
                end += 1;
            }
            out.truncate(mark);
            let mut x = codec::EncodeError { start: at, end, reason: "character maps to <undefined>", fatal: false };
            let (rep, next) = answer_encode(cx, "charmap", Target::Other, e, str, x)?;
            match rep {
                codec::Replacement::Bytes(b) => out.extend(b),
                codec::Replacement::Text(t) => {
                    for c in t.as_view().iter() {
                        if !push(cx, c, &mut out)? {
                            x.fatal = true;
                            return Err(errors::encode_error(cx, "charmap", str, x));
                        }
                    }
                }
            }
            at = next;
        }
        let b = bytes_obj(cx, &out)?;
        (b, str.len()).into_obj(cx)
    }

    fn charmap_build(cx: &mut Cx, map: Gc<Str>) -> Result<Obj> {
        let d = dict::new(cx)?;
        for i in (0..map.len().min(256)).rev() {
            let c = map.at(i);
            if c != 0xfffe {
                d.insert(cx, Obj::int_unchecked(i64::from(c)), Obj::int_unchecked(i as i64))?;
            }
        }
        Ok(d.obj())
    }

    #[sig(str, errors = None, /)]
    fn utf_7_encode(cx: &mut Cx, str: Gc<Str>, errors: Option<CText>) -> Result<Obj> {
        let _ = errors;
        let b = bytes_obj(cx, &crate::codecs::utf7::encode(&str))?;
        (b, str.len()).into_obj(cx)
    }
    #[sig(data, errors = None, r#final = False, /)]
    fn utf_7_decode(cx: &mut Cx, data: Buf, errors: Option<CText>, r#final: bool) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        let e = errors.as_deref().unwrap_or("strict");
        let (text, n) =
            crate::codecs::utf7::decode(&b, r#final, |x| answer_decode(cx, "utf7", Target::Other, e, &b, x))?;
        let t = text_obj(cx, &text)?;
        (t, n).into_obj(cx)
    }
}

/// Text (as UTF-8) or bytes.
pub struct AsciiOrBuf(Vec<u8>);

impl native::FromArg for AsciiOrBuf {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<AsciiOrBuf> {
        match v.cast::<Str>() {
            Some(s) => Ok(AsciiOrBuf(encode_known(cx, s, Enc::Utf8, "strict")?)),
            None => {
                let b = <AsciiBuf as native::FromArg>::from_arg(cx, v)?;
                Ok(AsciiOrBuf(b.to_vec(cx)?))
            }
        }
    }
}
