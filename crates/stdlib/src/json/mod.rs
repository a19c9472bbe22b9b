//! `_json`: the fast parts of `json`.
//!
//! | file | what |
//! |---|---|
//! | `strings.rs` | JSON strings, both ways |
//! | `scan.rs` | `make_scanner`: text to values |
//! | `encode.rs` | `make_encoder`: values to text |
//!
//! Tests: tests/lang/json.md; CPython test_json.

mod encode;
mod scan;
mod strings;

use encode::Encoder;
use scan::Scanner;
use typhon_macros::module;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result, tuple};
use typhon_text::strview::StrBuf;

fn text_arg(cx: &Cx, o: Obj) -> Result<Gc<Str>> {
    o.cast::<Str>().ok_or_else(|| cx.type_error(format!("first argument must be a string, not {}", cx.type_name(o))))
}

/// json speedups
#[module("_json", classes(Scanner, Encoder))]
pub mod json {
    use super::*;

    /// encode_basestring(string) -> string
    ///
    /// Return a JSON representation of a Python string
    fn encode_basestring(cx: &mut Cx, string: Obj) -> Result<Gc<Str>> {
        let s = text_arg(cx, string)?;
        let mut out = StrBuf::with_capacity(s.len() + 2);
        strings::quote(&mut out, s.view(), false);
        str::from_view(cx, &out.as_view())
    }
    /// encode_basestring_ascii(string) -> string
    ///
    /// Return an ASCII-only JSON representation of a Python string
    fn encode_basestring_ascii(cx: &mut Cx, string: Obj) -> Result<Gc<Str>> {
        let s = text_arg(cx, string)?;
        let mut out = StrBuf::with_capacity(s.len() + 2);
        strings::quote(&mut out, s.view(), true);
        str::from_view(cx, &out.as_view())
    }
    /// scanstring(string, end, strict=True) -> (string, end)
    ///
    /// Scan the string s for a JSON string. End is the index of the
    /// character in s after the quote that started the JSON string.
    #[sig(string, end, strict = True, /)]
    fn scanstring(cx: &mut Cx, string: Obj, end: isize, strict: bool) -> Result<Obj> {
        let s = text_arg(cx, string)?;
        let Some(at) = usize::try_from(end).ok().filter(|n| *n <= s.len()) else {
            return Err(cx.value_error("end is out of bounds"));
        };
        let (v, end) = scan::string_at(cx, s, at, strict)?;
        Ok(tuple::new(cx, &[v.obj(), Obj::int_unchecked(end as i64)])?.obj())
    }
}
