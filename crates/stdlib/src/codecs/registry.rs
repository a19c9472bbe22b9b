//! The codec registry: search functions, and a cache by normalised name.
//!
//! Tests: CPython test_codecs.

use crate::util::{self, import};
use typhon_object::bytes::Bytes;
use typhon_object::dict::{self, Dict};
use typhon_object::exc::ExcKind;
use typhon_object::interp::InterpRoot;
use typhon_object::list::{self, List};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Result, ops};

static PATH: InterpRoot = InterpRoot::new();
static CACHE: InterpRoot = InterpRoot::new();

fn path(cx: &Cx) -> Result<Gc<List>> {
    if let Some(l) = Obj::from_word(PATH.get(cx)).and_then(|o| o.cast()) {
        return Ok(l);
    }
    let l = list::new(cx, &[])?;
    PATH.set(cx, l.obj().word());
    Ok(l)
}

fn cache(cx: &Cx) -> Result<Gc<Dict>> {
    if let Some(d) = Obj::from_word(CACHE.get(cx)).and_then(|o| o.cast()) {
        return Ok(d);
    }
    let d = dict::new(cx)?;
    CACHE.set(cx, d.obj().word());
    Ok(d)
}

/// Whether `o` can be called.
pub fn callable(o: Obj) -> bool {
    let c = ops::class_of(o);
    c.call_fn().is_some() || c.special(typhon_object::Dunder::Call).is_some()
}

/// `codecs.register(f)`.
pub fn register(cx: &Cx, f: Obj) -> Result<()> {
    if !callable(f) {
        return Err(cx.type_error("argument must be callable"));
    }
    path(cx)?.append(cx, f)
}

/// `codecs.unregister(f)`.
pub fn unregister(cx: &Cx, f: Obj) -> Result<()> {
    let l = path(cx)?;
    let mut g = l.write(cx);
    if let Some(i) = (0..g.len()).find(|i| g.get(*i) == Some(f)) {
        g.splice(i, i + 1, &[])?;
        cache(cx)?.clear(cx);
    }
    Ok(())
}

fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

/// `codecs.lookup(encoding)`: the CodecInfo.
pub fn lookup(cx: &mut Cx, encoding: &str) -> Result<Obj> {
    let key = str::new(cx, &normalize(encoding))?;
    let c = cache(cx)?;
    if let Some(v) = c.get_str(key) {
        return Ok(v);
    }
    // The search function of the standard encodings registers itself.
    import(cx, "encodings")?;
    let l = path(cx)?;
    if l.is_empty() {
        return Err(cx.error(ExcKind::LookupError, "no codec search functions registered: can't find encoding"));
    }
    let mut i = 0;
    while let Some(f) = l.get(i) {
        i += 1;
        let r = ops::call_args(cx, f, &[key.obj()])?;
        if r.is_none() {
            continue;
        }
        if r.cast::<Tuple>().is_none_or(|t| t.len() != 4) {
            return Err(cx.type_error("codec search functions must return 4-tuples"));
        }
        c.insert_str(cx, key, r)?;
        return Ok(r);
    }
    Err(cx.error(ExcKind::LookupError, format!("unknown encoding: {encoding}")))
}

fn text_only(cx: &mut Cx, info: Obj, encoding: &str, how: &str) -> Result<()> {
    if let Some(f) = util::attr_opt(cx, info, "_is_text_encoding")?
        && !ops::truth(cx, f)?
    {
        return Err(cx.error(
            ExcKind::LookupError,
            format!("'{encoding}' is not a text encoding; use {how} to handle arbitrary codecs"),
        ));
    }
    Ok(())
}

fn run(cx: &mut Cx, info: Obj, which: usize, o: Obj, encoding: &str, errors: Option<&str>) -> Result<Obj> {
    let f = info.cast::<Tuple>().and_then(|t| t.get(which)).expect("checked by lookup");
    let r = match errors {
        Some(e) => {
            let e = str::new(cx, e)?;
            ops::call_args(cx, f, &[o, e.obj()])
        }
        None => ops::call_args(cx, f, &[o]),
    };
    let r = match r {
        Ok(r) => r,
        Err(e) => {
            let what = if which == 0 { "encoding" } else { "decoding" };
            let note = str::new(cx, &format!("{what} with '{encoding}' codec failed"))?;
            ops::call_method(cx, e.obj(), "add_note", &[note.obj()])?;
            return Err(e);
        }
    };
    match r.cast::<Tuple>().map(|t| t.payload().items()) {
        Some(&[v, _]) => Ok(v),
        _ => Err(cx.type_error(if which == 0 {
            "encoder must return a tuple (object, integer)"
        } else {
            "decoder must return a tuple (object,integer)"
        })),
    }
}

/// Encode by the registry; `text` refuses codecs that are not text encodings.
pub fn encode(cx: &mut Cx, o: Obj, encoding: &str, errors: Option<&str>, text: bool) -> Result<Obj> {
    let info = lookup(cx, encoding)?;
    if text {
        text_only(cx, info, encoding, "codecs.encode()")?;
    }
    let r = run(cx, info, 0, o, encoding, errors)?;
    if text && r.cast::<Bytes>().is_none() {
        return Err(cx.type_error(format!(
            "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
            cx.type_name(r)
        )));
    }
    Ok(r)
}

/// Decode by the registry.
pub fn decode(cx: &mut Cx, o: Obj, encoding: &str, errors: Option<&str>, text: bool) -> Result<Obj> {
    let info = lookup(cx, encoding)?;
    if text {
        text_only(cx, info, encoding, "codecs.decode()")?;
    }
    let r = run(cx, info, 1, o, encoding, errors)?;
    if text && r.cast::<Str>().is_none() {
        return Err(cx.type_error(format!(
            "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
            cx.type_name(r)
        )));
    }
    Ok(r)
}

/// `str.encode` for encodings that are not native (a hook for `str`).
pub fn encode_hook(cx: &mut Cx, s: Gc<Str>, encoding: &str, errors: &str) -> Result<Obj> {
    encode(cx, s.obj(), encoding, Some(errors), true)
}

/// `bytes.decode` for encodings that are not native (a hook for `bytes`).
pub fn decode_hook(cx: &mut Cx, b: Obj, encoding: &str, errors: &str) -> Result<Obj> {
    decode(cx, b, encoding, Some(errors), true)
}
