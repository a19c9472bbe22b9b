//! Error handlers of codecs: the standard ones run natively, others are called
//! with the exception and answer with a replacement and a position.
//!
//! Tests: CPython test_codeccallbacks.

use crate::util::{self, bytes_obj, tuple_obj};
use typhon_object::bytes::Bytes;
use typhon_object::dict::{self, Dict};
use typhon_object::exc::{ExcKind, Raised};
use typhon_object::interp::InterpRoot;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Result, int, ops};
use typhon_text::codec::{DecodeError, EncodeError, Handler, Replacement, Target};
use typhon_text::strview::{OwnedStr, StrBuf};

static REGISTERED: InterpRoot = InterpRoot::new();

/// The dict of registered handlers.
fn table(cx: &Cx) -> Result<Gc<Dict>> {
    if let Some(d) = Obj::from_word(REGISTERED.get(cx)).and_then(|o| o.cast()) {
        return Ok(d);
    }
    let d = dict::new(cx)?;
    REGISTERED.set(cx, d.obj().word());
    Ok(d)
}

/// `codecs.register_error(name, handler)`.
pub fn register(cx: &Cx, name: Gc<Str>, handler: Obj) -> Result<()> {
    table(cx)?.insert_str(cx, name, handler).map(|_| ())
}

/// `_codecs._unregister_error(name)`.
pub fn unregister(cx: &Cx, name: Gc<Str>) -> Result<bool> {
    Ok(table(cx)?.remove_str(cx, name).is_some())
}

/// `codecs.lookup_error(name)`.
pub fn lookup(cx: &Cx, name: &str) -> Result<Obj> {
    let n = str::new(cx, name)?;
    table(cx)?.get_str(n).ok_or_else(|| cx.error(ExcKind::LookupError, format!("unknown error handler name '{name}'")))
}

/// `UnicodeDecodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn decode_error(cx: &mut Cx, encoding: &str, object: &[u8], e: DecodeError) -> Raised {
    let made = (|| {
        let args = [
            encoding.into_obj(cx)?,
            bytes_obj(cx, object)?,
            e.start.into_obj(cx)?,
            e.end.into_obj(cx)?,
            e.reason.into_obj(cx)?,
        ];
        let class = ExcKind::UnicodeDecodeError.class(cx).obj();
        ops::call_args(cx, class, &args)
    })();
    raised(cx, made)
}

/// `UnicodeEncodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn encode_error(cx: &mut Cx, encoding: &str, object: Gc<Str>, e: EncodeError) -> Raised {
    let made = (|| {
        let args =
            [encoding.into_obj(cx)?, object.obj(), e.start.into_obj(cx)?, e.end.into_obj(cx)?, e.reason.into_obj(cx)?];
        let class = ExcKind::UnicodeEncodeError.class(cx).obj();
        ops::call_args(cx, class, &args)
    })();
    raised(cx, made)
}

fn raised(cx: &Cx, made: Result<Obj>) -> Raised {
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.type_error("exceptions must derive from BaseException")),
        Err(e) => e,
    }
}

/// Answer a decoding error.
pub fn answer_decode(
    cx: &mut Cx,
    encoding: &str,
    target: Target,
    errors: &str,
    input: &[u8],
    e: DecodeError,
) -> Result<(OwnedStr, usize)> {
    if let Some(h) = Handler::from_name(errors) {
        return match h.decode(input, e, target) {
            Some(a) => Ok(a),
            None => Err(decode_error(cx, encoding, input, e)),
        };
    }
    let handler = lookup(cx, errors)?;
    let exc = decode_error(cx, encoding, input, e);
    let r = ops::call_args(cx, handler, &[exc.obj()])?;
    let bad = "decoding error handler must return (str, int) tuple";
    let (text, pos) = pair(cx, r, bad)?;
    let Some(text) = text.cast::<Str>() else { return Err(cx.type_error(bad)) };
    let at = position(cx, pos, input.len())?;
    Ok((text.view().to_owned(), at))
}

/// Answer an encoding error.
pub fn answer_encode(
    cx: &mut Cx,
    encoding: &str,
    target: Target,
    errors: &str,
    input: Gc<Str>,
    e: EncodeError,
) -> Result<(Replacement, usize)> {
    if let Some(h) = Handler::from_name(errors) {
        return match h.encode(input.view(), e, target) {
            Some(a) => Ok(a),
            None => Err(encode_error(cx, encoding, input, e)),
        };
    }
    if e.fatal {
        return Err(encode_error(cx, encoding, input, e));
    }
    let handler = lookup(cx, errors)?;
    let exc = encode_error(cx, encoding, input, e);
    let r = ops::call_args(cx, handler, &[exc.obj()])?;
    let bad = "encoding error handler must return (str/bytes, int) tuple";
    let (rep, pos) = pair(cx, r, bad)?;
    let rep = match (rep.cast::<Str>(), rep.cast::<Bytes>()) {
        (Some(s), _) => Replacement::Text(s.view().to_owned()),
        (_, Some(b)) => Replacement::Bytes(b.as_slice().to_vec()),
        _ => return Err(cx.type_error(bad)),
    };
    let at = position(cx, pos, input.len())?;
    Ok((rep, at))
}

fn pair(cx: &Cx, r: Obj, bad: &str) -> Result<(Obj, Obj)> {
    match r.cast::<Tuple>().map(|t| t.payload().items()) {
        Some(&[a, b]) if int::is_int(b) => Ok((a, b)),
        _ => Err(cx.type_error(bad)),
    }
}

fn position(cx: &mut Cx, pos: Obj, len: usize) -> Result<usize> {
    let i = i64::from_arg(cx, pos)?;
    let at = if i < 0 { i + len as i64 } else { i };
    if at < 0 || at > len as i64 {
        return Err(cx.error(ExcKind::IndexError, format!("position {i} from error handler out of bounds")));
    }
    Ok(at as usize)
}

/// What the callable standard handlers do with an exception object.
pub fn standard(cx: &mut Cx, name: &str, exc: Obj) -> Result<Obj> {
    let Some(e) = exc.cast::<typhon_object::exc::BaseException>() else {
        return Err(cx.type_error(format!("codec must pass exception instance, not {}", cx.type_name(exc))));
    };
    if name == "strict" {
        return Err(Raised(e));
    }
    let raised = Raised(e);
    let handler = Handler::from_name(name).expect("a standard handler");
    let decode = raised.is(cx, ExcKind::UnicodeDecodeError);
    let encode = raised.is(cx, ExcKind::UnicodeEncodeError);
    let translate = raised.is(cx, ExcKind::UnicodeTranslateError);
    let known = match handler {
        Handler::XmlCharRefReplace => encode,
        Handler::SurrogateEscape | Handler::SurrogatePass => encode || decode,
        _ => encode || decode || translate,
    };
    if !known {
        return Err(cx.type_error(format!("don't know how to handle {} in error callback", cx.type_name(exc))));
    }
    let object = util::attr(cx, exc, "object")?;
    let start = util::attr(cx, exc, "start")?;
    let end = util::attr(cx, exc, "end")?;
    let (start, end) = (usize::from_arg(cx, start)?, usize::from_arg(cx, end)?);
    let target = match util::attr_opt(cx, exc, "encoding")?.and_then(|o| o.cast::<Str>()) {
        Some(s) => super::Encoding::from_name(&s.to_str()).map_or(Target::Other, |e| e.target()),
        None => Target::Other,
    };
    let fail = || Err(raised);
    let (text, at) = if decode {
        let b = crate::buffer::copy(cx, object)?;
        match handler.decode(&b, DecodeError { start, end: end.min(b.len()), reason: "" }, target) {
            Some((t, at)) => (str::from_view(cx, &t.as_view())?.obj(), at),
            None => return fail(),
        }
    } else {
        let Some(s) = object.cast::<Str>() else { return Err(cx.type_error("object attribute must be unicode")) };
        let end = end.min(s.len());
        if translate && handler == Handler::Replace {
            let mut out = StrBuf::new();
            out.push_repeated(0xfffd, end - start);
            (str::from_view(cx, &out.as_view())?.obj(), end)
        } else {
            match handler.encode(s.view(), EncodeError { start, end, reason: "", fatal: false }, target) {
                Some((Replacement::Text(t), at)) => (str::from_view(cx, &t.as_view())?.obj(), at),
                Some((Replacement::Bytes(b), at)) => (bytes_obj(cx, &b)?, at),
                None => return fail(),
            }
        }
    };
    let at = at.into_obj(cx)?;
    tuple_obj(cx, &[text, at])
}

/// A string object of converted text.
pub fn text_obj(cx: &Cx, t: &OwnedStr) -> Result<Obj> {
    Ok(match t {
        OwnedStr::Latin1(b) => str::from_latin1(cx, b)?,
        other => str::from_view(cx, &other.as_view())?,
    }
    .obj())
}
