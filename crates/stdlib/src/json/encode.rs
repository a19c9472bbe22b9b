//! `make_encoder`: values to JSON text.
//!
//! Tests: tests/lang/json.md; CPython test_json.

use super::strings;
use crate::util::tuple_obj;
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::list::List;
use typhon_object::native::{IntoObj, NativeFunction};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Raised, Result, float, int, ops};
use typhon_text::strview::StrBuf;

/// How strings are encoded.
#[derive(Clone, Copy, PartialEq)]
enum Quoting {
    /// `encode_basestring_ascii`.
    Ascii,
    /// `encode_basestring`.
    Plain,
    /// Something of the program's own.
    Call,
}

/// `_json.make_encoder`.
#[derive(Trace)]
pub struct Encoder {
    markers: Obj,
    default: Obj,
    encoder: Obj,
    indent: Obj,
    key_separator: Gc<Str>,
    item_separator: Gc<Str>,
    sort_keys: bool,
    skipkeys: bool,
    allow_nan: bool,
    #[trace(skip)]
    quoting: Quoting,
}

/// Says what was being encoded when an error came.
#[cold]
fn note(cx: &mut Cx, e: Raised, text: String) -> Raised {
    let e_obj = e.0.obj();
    let done = text.into_obj(cx).and_then(|t| ops::call_method(cx, e_obj, "add_note", &[t]));
    match done {
        Ok(_) => e,
        Err(other) => other,
    }
}

impl Encoder {
    fn mark(&self, cx: &mut Cx, o: Obj) -> Result<Option<(Gc<Dict>, Obj)>> {
        let Some(d) = self.markers.cast::<Dict>() else { return Ok(None) };
        let id = o.word().into_obj(cx)?;
        if d.get(cx, id)?.is_some() {
            return Err(cx.value_error("Circular reference detected"));
        }
        d.insert(cx, id, o)?;
        Ok(Some((d, id)))
    }
    fn unmark(cx: &mut Cx, m: Option<(Gc<Dict>, Obj)>) -> Result<()> {
        if let Some((d, id)) = m {
            d.remove(cx, id)?;
        }
        Ok(())
    }
    fn push_string(&self, cx: &mut Cx, out: &mut StrBuf, s: Gc<Str>) -> Result<()> {
        match self.quoting {
            Quoting::Ascii => strings::quote(out, s.view(), true),
            Quoting::Plain => strings::quote(out, s.view(), false),
            Quoting::Call => {
                let r = ops::call_args(cx, self.encoder, &[s.obj()])?;
                let Some(r) = r.cast::<Str>() else {
                    let n = cx.type_name(r);
                    return Err(cx.type_error(format!("encoder() must return a string, not {n}")));
                };
                out.push_view(r.view());
            }
        }
        Ok(())
    }
    fn float_text(&self, cx: &mut Cx, o: Obj, f: f64) -> Result<Gc<Str>> {
        if f.is_finite() {
            let f = float::new(cx, f)?;
            return ops::repr(cx, f);
        }
        if !self.allow_nan {
            let r = ops::repr(cx, o)?.to_str().into_owned();
            return Err(cx.value_error(format!("Out of range float values are not JSON compliant: {r}")));
        }
        let t = if f.is_nan() {
            "NaN"
        } else if f > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        str::new(cx, t)
    }
    fn int_text(cx: &mut Cx, o: Obj) -> Result<Gc<Str>> {
        let o = int::exact(cx, o)?;
        ops::repr(cx, o)
    }
    fn newline(&self, out: &mut StrBuf, level: isize) {
        if let Some(s) = self.indent.cast::<Str>() {
            out.push_str("\n");
            for _ in 0..level {
                out.push_view(s.view());
            }
        }
    }
    fn value(&self, cx: &mut Cx, out: &mut StrBuf, o: Obj, level: isize) -> Result<()> {
        match o {
            Obj::NONE => out.push_str("null"),
            Obj::TRUE => out.push_str("true"),
            Obj::FALSE => out.push_str("false"),
            _ => {
                if let Some(n) = o.as_small_int() {
                    out.push_str(&n.to_string());
                } else if let Some(s) = o.cast::<Str>() {
                    return self.push_string(cx, out, s);
                } else if int::is_int(o) {
                    out.push_view(Encoder::int_text(cx, o)?.view());
                } else if let Some(f) = float::value(o) {
                    out.push_view(self.float_text(cx, o, f)?.view());
                } else {
                    cx.enter()?;
                    if o.cast::<List>().is_some() || o.cast::<Tuple>().is_some() {
                        return self.list(cx, out, o, level);
                    }
                    if let Some(d) = o.cast::<Dict>() {
                        return self.dict(cx, out, o, d, level);
                    }
                    return self.other(cx, out, o, level);
                }
            }
        }
        Ok(())
    }
    fn other(&self, cx: &mut Cx, out: &mut StrBuf, o: Obj, level: isize) -> Result<()> {
        let m = self.mark(cx, o)?;
        let new = ops::call_args(cx, self.default, &[o])?;
        if let Err(e) = self.value(cx, out, new, level) {
            let n = ops::full_name(cx, ops::class_of(o));
            return Err(note(cx, e, format!("when serializing {n} object")));
        }
        Encoder::unmark(cx, m)
    }
    fn list(&self, cx: &mut Cx, out: &mut StrBuf, o: Obj, level: isize) -> Result<()> {
        let get = |i: usize| match (o.cast::<List>(), o.cast::<Tuple>()) {
            (Some(l), _) => l.get(i),
            (_, Some(t)) => t.get(i),
            _ => None,
        };
        if get(0).is_none() {
            out.push_str("[]");
            return Ok(());
        }
        let m = self.mark(cx, o)?;
        out.push_str("[");
        self.newline(out, level + 1);
        let mut i = 0;
        while let Some(v) = get(i) {
            if i > 0 {
                out.push_view(self.item_separator.view());
                self.newline(out, level + 1);
            }
            if let Err(e) = self.value(cx, out, v, level + 1) {
                let n = ops::full_name(cx, ops::class_of(o));
                return Err(note(cx, e, format!("when serializing {n} item {i}")));
            }
            i += 1;
        }
        Encoder::unmark(cx, m)?;
        self.newline(out, level);
        out.push_str("]");
        Ok(())
    }
    /// The text of a dict's key; `None` if it is to be skipped.
    fn key_text(&self, cx: &mut Cx, k: Obj) -> Result<Option<Gc<Str>>> {
        if let Some(s) = k.cast::<Str>() {
            return Ok(Some(s));
        }
        Ok(Some(match k {
            Obj::NONE => str::new(cx, "null")?,
            Obj::TRUE => str::new(cx, "true")?,
            Obj::FALSE => str::new(cx, "false")?,
            _ => {
                if let Some(f) = float::value(k) {
                    self.float_text(cx, k, f)?
                } else if int::is_int(k) {
                    Encoder::int_text(cx, k)?
                } else if self.skipkeys {
                    return Ok(None);
                } else {
                    return Err(
                        cx.type_error(format!("keys must be str, int, float, bool or None, not {}", cx.type_name(k)))
                    );
                }
            }
        }))
    }
    fn dict(&self, cx: &mut Cx, out: &mut StrBuf, o: Obj, d: Gc<Dict>, level: isize) -> Result<()> {
        let exact = ops::class_of(o).is_native();
        if exact && d.is_empty() {
            out.push_str("{}");
            return Ok(());
        }
        let m = self.mark(cx, o)?;
        let mut first = true;
        let opened = out.len();
        out.push_str("{");
        if self.sort_keys || !exact {
            let items = ops::call_method(cx, o, "items", &[])?;
            let items = ops::list_from_iter(cx, items)?;
            if self.sort_keys {
                ops::call_method(cx, items.obj(), "sort", &[])?;
            }
            let mut i = 0;
            while let Some(t) = items.get(i) {
                let Some(&[k, v]) = t.cast::<Tuple>().map(|t| t.payload().items()) else {
                    return Err(cx.value_error("items must return 2-tuples"));
                };
                self.item(cx, out, o, (k, v), level, &mut first)?;
                i += 1;
            }
        } else {
            let mut at = 0;
            while let Some((next, k, v)) = d.next_from(at) {
                at = next;
                self.item(cx, out, o, (k, v), level, &mut first)?;
            }
        }
        Encoder::unmark(cx, m)?;
        if first && !exact && out.len() == opened + 1 {
            out.push_str("}");
            return Ok(());
        }
        if !first {
            self.newline(out, level);
        }
        out.push_str("}");
        Ok(())
    }
    fn item(
        &self,
        cx: &mut Cx,
        out: &mut StrBuf,
        of: Obj,
        (k, v): (Obj, Obj),
        level: isize,
        first: &mut bool,
    ) -> Result<()> {
        let Some(key) = self.key_text(cx, k)? else { return Ok(()) };
        if !*first {
            out.push_view(self.item_separator.view());
        }
        *first = false;
        self.newline(out, level + 1);
        self.push_string(cx, out, key)?;
        out.push_view(self.key_separator.view());
        if let Err(e) = self.value(cx, out, v, level + 1) {
            let n = ops::full_name(cx, ops::class_of(of));
            let r = ops::repr(cx, k)?.to_str().into_owned();
            return Err(note(cx, e, format!("when serializing {n} item {r}")));
        }
        Ok(())
    }
}

/// Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)
#[class(module = "_json", name = "make_encoder")]
impl Encoder {
    #[sig(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)]
    fn __new__(
        cx: &mut Cx,
        cls: Gc<Type>,
        markers: Obj,
        default: Obj,
        encoder: Obj,
        indent: Obj,
        key_separator: Gc<Str>,
        item_separator: Gc<Str>,
        sort_keys: bool,
        skipkeys: bool,
        allow_nan: bool,
    ) -> Result<Encoder> {
        let _ = cls;
        if !markers.is_none() && markers.cast::<Dict>().is_none() {
            return Err(
                cx.type_error(format!("make_encoder() argument 1 must be dict or None, not {}", cx.type_name(markers)))
            );
        }
        if !indent.is_none() && indent.cast::<Str>().is_none() {
            return Err(
                cx.type_error(format!("make_encoder() argument 4 must be str or None, not {}", cx.type_name(indent)))
            );
        }
        let quoting = match encoder.cast::<NativeFunction>().map(|f| f.member().name) {
            Some("encode_basestring_ascii") => Quoting::Ascii,
            Some("encode_basestring") => Quoting::Plain,
            _ => Quoting::Call,
        };
        Ok(Encoder {
            markers,
            default,
            encoder,
            indent,
            key_separator,
            item_separator,
            sort_keys,
            skipkeys,
            allow_nan,
            quoting,
        })
    }
    /// Encode a value; gives a tuple of text.
    #[sig(obj, _current_indent_level)]
    fn __call__(&self, cx: &mut Cx, obj: Obj, _current_indent_level: isize) -> Result<Obj> {
        let mut out = StrBuf::new();
        self.value(cx, &mut out, obj, _current_indent_level.max(0))?;
        let s = str::from_view(cx, &out.as_view())?;
        tuple_obj(cx, &[s.obj()])
    }
    #[getter]
    fn markers(&self) -> Obj {
        self.markers
    }
    #[getter]
    fn default(&self) -> Obj {
        self.default
    }
    #[getter]
    fn encoder(&self) -> Obj {
        self.encoder
    }
    #[getter]
    fn indent(&self) -> Obj {
        self.indent
    }
    #[getter]
    fn key_separator(&self) -> Obj {
        self.key_separator.obj()
    }
    #[getter]
    fn item_separator(&self) -> Obj {
        self.item_separator.obj()
    }
    #[getter]
    fn sort_keys(&self) -> bool {
        self.sort_keys
    }
    #[getter]
    fn skipkeys(&self) -> bool {
        self.skipkeys
    }
}
