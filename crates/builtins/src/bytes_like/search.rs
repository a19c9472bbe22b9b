//! Finding bytes in bytes.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use super::Bound;
use crate::buffer;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Obj, Result};
use typhon_text::strview::{self, StrView};

/// The part of `len` bytes that `start` and `end` select; `None` if they cross.
pub fn window(len: usize, start: Option<Bound>, end: Option<Bound>) -> Option<(usize, usize)> {
    let fix = |i: isize| if i < 0 { i.saturating_add(len as isize).max(0) as usize } else { i as usize };
    let end = end.map_or(len, |e| fix(e.0).min(len));
    let start = start.map_or(0, |s| fix(s.0));
    (start <= end).then_some((start, end))
}

/// First position of `needle`.
#[inline]
pub fn find_in(hay: &[u8], needle: &[u8]) -> Option<usize> {
    strview::find(StrView::Latin1(hay), StrView::Latin1(needle))
}

/// Last position of `needle`.
#[inline]
pub fn rfind_in(hay: &[u8], needle: &[u8]) -> Option<usize> {
    strview::rfind(StrView::Latin1(hay), StrView::Latin1(needle))
}

/// `find` and `rfind`.
pub fn find(data: &[u8], needle: &[u8], start: Option<Bound>, end: Option<Bound>, last: bool) -> Option<usize> {
    let (start, end) = window(data.len(), start, end)?;
    let part = &data[start..end];
    let at = if last { rfind_in(part, needle) } else { find_in(part, needle) };
    at.map(|i| start + i)
}

/// `index` and `rindex`.
pub fn index(cx: &Cx, found: Option<usize>) -> Result<usize> {
    found.ok_or_else(|| cx.value_error("subsection not found"))
}

/// `count`.
pub fn count(data: &[u8], needle: &[u8], start: Option<Bound>, end: Option<Bound>) -> usize {
    match window(data.len(), start, end) {
        Some((s, e)) => strview::count(StrView::Latin1(&data[s..e]), StrView::Latin1(needle)),
        None => 0,
    }
}

/// `startswith` and `endswith`.
pub fn affix(
    cx: &mut Cx,
    data: impl Fn() -> &'static [u8],
    affixes: Obj,
    start: Option<Bound>,
    end: Option<Bound>,
    at_end: bool,
) -> Result<bool> {
    let test = |cx: &mut Cx, o: Obj| -> Result<bool> {
        let v = buffer::get(cx, o, false)?;
        let data = data();
        let Some((s, e)) = window(data.len(), start, end) else { return Ok(false) };
        let part = &data[s..e];
        Ok(if at_end { part.ends_with(v.as_slice()) } else { part.starts_with(v.as_slice()) })
    };
    if let Some(t) = affixes.cast::<Tuple>() {
        for o in t.items() {
            if test(cx, *o)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if !buffer::is_buffer(affixes) {
        let name = if at_end { "endswith" } else { "startswith" };
        return Err(
            cx.type_error(format!("{name} first arg must be bytes or a tuple of bytes, not {}", cx.type_name(affixes)))
        );
    }
    test(cx, affixes)
}
