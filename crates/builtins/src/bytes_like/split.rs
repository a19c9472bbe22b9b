//! Cutting bytes: split, splitlines, partition, strip.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use super::search::{find_in, rfind_in};
use super::{Maker, list_of};
use crate::buffer::BufferView;
use std::ops::Range;
use typhon_object::{Cx, Obj, Result, tuple};
use typhon_text::strview::{self, StrView};

/// What bytes methods count as white space.
#[inline]
pub fn is_space(b: u8) -> bool {
    matches!(b, b' ' | 0x09..=0x0d)
}

fn limit(maxsplit: isize) -> usize {
    usize::try_from(maxsplit).unwrap_or(usize::MAX)
}

fn fields(data: &[u8], limit: usize) -> Vec<Range<usize>> {
    let (mut out, mut at) = (Vec::new(), 0);
    loop {
        while at < data.len() && is_space(data[at]) {
            at += 1;
        }
        if at == data.len() {
            return out;
        }
        if out.len() == limit {
            // The rest keeps its trailing white space.
            out.push(at..data.len());
            return out;
        }
        let start = at;
        while at < data.len() && !is_space(data[at]) {
            at += 1;
        }
        out.push(start..at);
    }
}

fn rfields(data: &[u8], limit: usize) -> Vec<Range<usize>> {
    let (mut out, mut end) = (Vec::new(), data.len());
    loop {
        while end > 0 && is_space(data[end - 1]) {
            end -= 1;
        }
        if end == 0 {
            break;
        }
        if out.len() == limit {
            out.push(0..end);
            break;
        }
        let stop = end;
        while end > 0 && !is_space(data[end - 1]) {
            end -= 1;
        }
        out.push(end..stop);
    }
    out.reverse();
    out
}

/// `split` and `rsplit`.
pub fn split(
    cx: &Cx,
    data: &[u8],
    sep: Option<BufferView>,
    maxsplit: isize,
    from_right: bool,
    make: Maker,
) -> Result<Obj> {
    let max = limit(maxsplit);
    let pieces = match &sep {
        None if from_right => rfields(data, max),
        None => fields(data, max),
        Some(s) if s.is_empty() => return Err(cx.value_error("empty separator")),
        Some(s) => {
            let (data, sep) = (StrView::Latin1(data), StrView::Latin1(s.as_slice()));
            if from_right { strview::rsplit(data, sep, max) } else { strview::split(data, sep, max) }
        }
    };
    list_of(cx, data, &pieces, make)
}

/// `splitlines`.
pub fn splitlines(cx: &Cx, data: &[u8], keepends: bool, make: Maker) -> Result<Obj> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < data.len() {
        let rest = &data[at..];
        let (len, mark) = match rest.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            None => (rest.len(), 0),
            Some(i) if rest[i..].starts_with(b"\r\n") => (i, 2),
            Some(i) => (i, 1),
        };
        pieces.push(at..at + len + if keepends { mark } else { 0 });
        at += len + mark;
    }
    list_of(cx, data, &pieces, make)
}

/// `partition` and `rpartition`; `whole` is returned for the part that is all.
/// Of `bytes` the separator is given back as the object that it is, of `bytearray` (`same`
/// is `None`) as a new one.
pub fn partition(
    cx: &Cx,
    data: &[u8],
    (sep, same): (&BufferView, Option<Obj>),
    from_right: bool,
    make: Maker,
) -> Result<Obj> {
    let s = sep.as_slice();
    if s.is_empty() {
        return Err(cx.value_error("empty separator"));
    }
    let at = if from_right { rfind_in(data, s) } else { find_in(data, s) };
    let parts: [&[u8]; 3] = match at {
        Some(i) => [&data[..i], s, &data[i + s.len()..]],
        None if from_right => [&[], &[], data],
        None => [data, &[], &[]],
    };
    let middle = match same {
        Some(sep) if at.is_some() => sep,
        _ => make(cx, parts[1])?,
    };
    let items = [make(cx, parts[0])?, middle, make(cx, parts[2])?];
    Ok(tuple::new(cx, &items)?.obj())
}

/// What `strip` keeps; `left` and `right` say on which sides it works.
pub fn strip<'a>(data: &'a [u8], chars: Option<&BufferView>, left: bool, right: bool) -> &'a [u8] {
    let drop = |b: u8| match chars {
        None => is_space(b),
        Some(c) => memchr_in(b, c.as_slice()),
    };
    let start = if left { data.iter().position(|b| !drop(*b)).unwrap_or(data.len()) } else { 0 };
    let rest = &data[start..];
    let end = if right { rest.iter().rposition(|b| !drop(*b)).map_or(0, |i| i + 1) } else { rest.len() };
    &rest[..end]
}

fn memchr_in(b: u8, set: &[u8]) -> bool {
    set.contains(&b)
}
