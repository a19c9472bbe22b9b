//! `format(o, spec)`, and the joining of a string's formatted parts.
//!
//! Numbers in an f-string are formatted when the string is built, straight into it: the
//! text of a small number with a usual spec can be made without an error and without
//! Python code, so nobody sees when. That spares a string for each.
//!
//! Tests: tests/lang/fstrings.md, CPython test_fstring.

use super::{call_unbound, class_of};
use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::{Result, shape, str};
use typhon_text::float;
use typhon_text::format_spec::simple;
use typhon_text::strview::StrView;

/// Strings up to this length are made in one piece.
const ROOM: usize = 256;

/// `str(o)` of a machine integer.
pub(super) fn small_int_text(cx: &Cx, o: Obj) -> Result<Gc<Str>> {
    let mut room = [0; simple::ROOM];
    let n = o.as_small_int().and_then(|i| simple::int(b"", i, &mut room)).unwrap_or(0);
    str::from_latin1(cx, &room[..n])
}

/// `format(o, spec)`.
pub fn format(cx: &mut Cx, o: Obj, spec: Option<Obj>) -> Result<Gc<Str>> {
    if spec.is_none_or(|s| s.cast::<Str>().is_some_and(|s| s.is_empty())) {
        if o.shape() == shape::STR {
            // By its shape.
            return Ok(unsafe { Gc::from_obj(o) });
        }
        if o.is_small_int() {
            return small_int_text(cx, o);
        }
    }
    let mut room = [0; simple::ROOM];
    if let Some(s) = spec.and_then(|s| s.cast::<Str>())
        && let Some(s) = s.payload().as_ascii().map(str::as_bytes)
        && let Some(n) = match (o.as_small_int(), o.as_small_float()) {
            (Some(i), _) => simple::int(s, i, &mut room),
            (_, Some(f)) => simple::float(s, f, &mut room),
            _ => None,
        }
    {
        return str::from_latin1(cx, &room[..n]);
    }
    let spec = match spec {
        Some(s) => s,
        None => str::from_latin1(cx, b"")?.obj(),
    };
    match class_of(o).special(Dunder::Format).map(|m| call_unbound(cx, m, o, &[spec], None)).transpose()? {
        Some(r) => r
            .cast::<Str>()
            .ok_or_else(|| cx.type_error(format!("__format__ must return a str, not {}", cx.type_name(r)))),
        None => Err(cx.type_error(format!("Type {} doesn't define __format__", cx.type_name(o)))),
    }
}

/// Whether [`join_formatted`] may format `o`: a small number, and a spec that cannot fail.
pub fn formats_later(o: Obj, spec: Option<Obj>) -> bool {
    let spec = match spec.map(|s| s.cast::<Str>().map(|s| s.payload())) {
        None => Some(&b""[..]),
        Some(s) => s.and_then(|s| s.as_ascii()).map(str::as_bytes),
    };
    match spec {
        Some(spec) if o.is_small_int() => simple::is_for_int(spec),
        Some(spec) if o.is_small_float() => simple::is_for_float(spec),
        _ => false,
    }
}

/// The concatenation of strings and of numbers that [`formats_later`] has let pass with
/// the `specs` at the same places. `None`: it is not the usual case, format them before.
pub fn join_formatted(cx: &Cx, parts: &[Obj], specs: &[Obj]) -> Result<Option<Gc<Str>>> {
    let mut room = [0; ROOM];
    let mut n = 0;
    for (part, spec) in parts.iter().zip(specs) {
        let Some(left) = room.get_mut(n..) else { return Ok(None) };
        let put = if let Some(s) = part.cast::<Str>() {
            let StrView::Latin1(text) = s.view() else { return Ok(None) };
            put(left, text)
        } else {
            let Some(spec) = spec.cast::<Str>() else { return Ok(None) };
            put_number(left, *part, spec.payload().as_ascii().unwrap_or("?").as_bytes())
        };
        let Some(len) = put else { return Ok(None) };
        n += len;
    }
    str::from_latin1(cx, &room[..n]).map(Some)
}

/// Copies `text` to the front of `out`, if there is room; its length.
fn put(out: &mut [u8], text: &[u8]) -> Option<usize> {
    out.get_mut(..text.len())?.copy_from_slice(text);
    Some(text.len())
}

fn put_number(out: &mut [u8], o: Obj, spec: &[u8]) -> Option<usize> {
    if let Some(v) = o.as_small_int() {
        return simple::int(spec, v, out.first_chunk_mut()?);
    }
    let v = o.as_small_float()?;
    match spec {
        b"" => put(out, float::repr(v).as_bytes()),
        _ => simple::float(spec, v, out.first_chunk_mut()?),
    }
}
