//! `_string`: the parser of format strings, for `string.Formatter`.
//!
//! Tests: CPython test_string.

use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_macros::{Trace, class, module};
use typhon_object::native;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result, exc, int};

/// Yields `(literal, field, spec, conversion)`.
#[derive(Trace)]
pub struct FormatterIterator {
    text: Gc<Str>,
    at: AtomicUsize,
}

fn part(cx: &Cx, c: &[u32]) -> Result<Obj> {
    Ok(str::from_ucs4(cx, c)?.obj())
}

#[class(module = "builtins", name = "formatteriterator")]
impl FormatterIterator {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let all: Vec<u32> = self.text.chars().collect();
        let mut i = self.at.load(Ordering::Relaxed);
        if i >= all.len() {
            return Err(exc::stop_iteration(cx, Obj::NONE));
        }
        let (open, close) = (u32::from(b'{'), u32::from(b'}'));
        let mut literal = Vec::new();
        while i < all.len() {
            let c = all[i];
            if c != open && c != close {
                literal.push(c);
                i += 1;
                continue;
            }
            if all.get(i + 1) == Some(&c) {
                // Doubled: itself, and the literal ends here.
                literal.push(c);
                self.at.store(i + 2, Ordering::Relaxed);
                let l = part(cx, &literal)?;
                return crate::util::tuple_obj(cx, &[l, Obj::NONE, Obj::NONE, Obj::NONE]);
            }
            if c == close {
                return Err(cx.value_error("Single '}' encountered in format string"));
            }
            if i + 1 >= all.len() {
                return Err(cx.value_error("Single '{' encountered in format string"));
            }
            return self.field(cx, &all, i + 1, &literal);
        }
        self.at.store(i, Ordering::Relaxed);
        let l = part(cx, &literal)?;
        crate::util::tuple_obj(cx, &[l, Obj::NONE, Obj::NONE, Obj::NONE])
    }
    /// The replacement field that starts at `from`.
    #[internal]
    fn field(&self, cx: &mut Cx, all: &[u32], from: usize, literal: &[u32]) -> Result<Obj> {
        let is = |i: usize, c: u8| all.get(i) == Some(&u32::from(c));
        let (mut depth, mut brackets, mut i) = (1, 0, from);
        let mut name_end = None;
        while i < all.len() {
            if is(i, b'[') && name_end.is_none() {
                brackets += 1;
            } else if is(i, b']') && brackets > 0 && name_end.is_none() {
                brackets -= 1;
            } else if brackets > 0 && name_end.is_none() {
            } else if is(i, b'{') {
                if name_end.is_none() {
                    return Err(cx.value_error("unexpected '{' in field name"));
                }
                depth += 1;
            } else if is(i, b'}') {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            } else if name_end.is_none() && (is(i, b'!') || is(i, b':')) {
                name_end = Some(i);
            }
            i += 1;
        }
        if depth > 0 || i >= all.len() {
            return Err(cx.value_error("expected '}' before end of string"));
        }
        let end = i;
        self.at.store(end + 1, Ordering::Relaxed);
        let name_stop = name_end.unwrap_or(end);
        let (mut conversion, mut spec_start) = (Obj::NONE, end);
        if let Some(e) = name_end {
            if is(e, b'!') {
                if e + 1 >= end {
                    return Err(cx.value_error("end of string while looking for conversion specifier"));
                }
                conversion = part(cx, &all[e + 1..e + 2])?;
                if e + 2 < end {
                    if !is(e + 2, b':') {
                        return Err(cx.value_error("expected ':' after conversion specifier"));
                    }
                    spec_start = e + 3;
                }
            } else {
                spec_start = e + 1;
            }
        }
        let l = part(cx, literal)?;
        let n = part(cx, &all[from..name_stop])?;
        let s = part(cx, &all[spec_start.min(end)..end])?;
        crate::util::tuple_obj(cx, &[l, n, s, conversion])
    }
}

/// Yields `(is_attribute, name or index)`.
#[derive(Trace)]
pub struct FieldNameIterator {
    text: Gc<Str>,
    at: AtomicUsize,
}

/// An int for digits, else the text.
fn key(cx: &Cx, c: &[u32]) -> Result<Obj> {
    if !c.is_empty() && c.len() < 19 && c.iter().all(|c| (48..58).contains(c)) {
        return int::from_i64(cx, c.iter().fold(0, |n, c| n * 10 + i64::from(*c - 48)));
    }
    part(cx, c)
}

#[class(module = "builtins", name = "fieldnameiterator")]
impl FieldNameIterator {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let all: Vec<u32> = self.text.chars().collect();
        let i = self.at.load(Ordering::Relaxed);
        let Some(c) = all.get(i) else { return Err(exc::stop_iteration(cx, Obj::NONE)) };
        let rest = &all[i + 1..];
        if *c == u32::from(b'.') {
            let n = rest.iter().position(|c| *c == 46 || *c == 91).unwrap_or(rest.len());
            if n == 0 {
                return Err(cx.value_error("Empty attribute in format string"));
            }
            self.at.store(i + 1 + n, Ordering::Relaxed);
            let k = part(cx, &rest[..n])?;
            return crate::util::tuple_obj(cx, &[Obj::TRUE, k]);
        }
        if *c == u32::from(b'[') {
            let Some(n) = rest.iter().position(|c| *c == 93) else {
                return Err(cx.value_error("Missing ']' in format string"));
            };
            if n == 0 {
                return Err(cx.value_error("Empty attribute in format string"));
            }
            self.at.store(i + 2 + n, Ordering::Relaxed);
            let k = key(cx, &rest[..n])?;
            return crate::util::tuple_obj(cx, &[Obj::FALSE, k]);
        }
        Err(cx.value_error("Only '.' or '[' may follow ']' in format field specifier"))
    }
}

/// string helper module
#[module("_string")]
pub mod string_ {
    use super::*;

    /// parse the argument as a format string
    fn formatter_parser(cx: &mut Cx, text: Obj) -> Result<Obj> {
        let Some(text) = text.cast::<Str>() else {
            return Err(cx.type_error(format!("expected str, got {}", cx.type_name(text))));
        };
        Ok(native::instance(cx, FormatterIterator { text, at: AtomicUsize::new(0) })?.obj())
    }
    /// split the argument as a field name
    fn formatter_field_name_split(cx: &mut Cx, text: Obj) -> Result<Obj> {
        let Some(text) = text.cast::<Str>() else {
            return Err(cx.type_error(format!("expected str, got {}", cx.type_name(text))));
        };
        let all: Vec<u32> = text.chars().collect();
        let n = all.iter().position(|c| *c == 46 || *c == 91).unwrap_or(all.len());
        let first = key(cx, &all[..n])?;
        let it = native::instance(cx, FieldNameIterator { text, at: AtomicUsize::new(n) })?;
        crate::util::tuple_obj(cx, &[first, it.obj()])
    }
}
