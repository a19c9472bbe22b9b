//! `hex` and `fromhex`.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use crate::buffer;
use typhon_object::bytes::Bytes;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Obj, Raised, Result, ops};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The separator `sep`; one beyond ASCII only if the result is to be bytes.
pub fn separator(cx: &mut Cx, sep: Obj, bytes: bool) -> Result<u8> {
    if ops::len(cx, sep)? != 1 {
        return Err(cx.value_error("sep must be length 1."));
    }
    let c = if let Some(s) = sep.cast::<Str>() {
        s.at(0)
    } else if let Some(b) = sep.cast::<Bytes>() {
        b.as_slice()[0] as u32
    } else {
        return Err(cx.type_error("sep must be str or bytes."));
    };
    match c {
        0..128 => Ok(c as u8),
        128..256 if bytes && sep.cast::<Str>().is_some_and(|s| s.width() == 0) => Ok(c as u8),
        _ => Err(cx.value_error("sep must be ASCII.")),
    }
}

/// `data.hex(sep, bytes_per_sep)`. `data` is asked for after Python code ran.
pub fn hex(cx: &mut Cx, data: impl FnOnce() -> &'static [u8], sep: Option<Obj>, per: i64) -> Result<Obj> {
    let sep = match sep {
        Some(s) => Some(separator(cx, s, false)?),
        None => None,
    };
    let data = data();
    let mut room = [0u8; 512];
    if (sep.is_none() || per == 0) && 2 * data.len() <= room.len() {
        for (two, b) in room.as_chunks_mut::<2>().0.iter_mut().zip(data) {
            *two = pair(*b);
        }
        return Ok(str::from_latin1(cx, &room[..2 * data.len()])?.obj());
    }
    Ok(str::from_latin1(cx, &text(data, sep, per))?.obj())
}

fn pair(b: u8) -> [u8; 2] {
    [DIGITS[(b >> 4) as usize], DIGITS[(b & 15) as usize]]
}

fn text(data: &[u8], sep: Option<u8>, per: i64) -> Vec<u8> {
    let group = per.unsigned_abs() as usize;
    let Some(sep) = sep.filter(|_| group > 0 && group < data.len()) else {
        let mut out = vec![0; 2 * data.len()];
        for (two, b) in out.as_chunks_mut::<2>().0.iter_mut().zip(data) {
            *two = pair(*b);
        }
        return out;
    };
    let mut out = Vec::with_capacity(data.len() * 2 + data.len() / group);
    for (i, b) in data.iter().enumerate() {
        // Groups are counted from the right unless `per` is negative.
        let at = if per > 0 { data.len() - i } else { i };
        if i > 0 && at.is_multiple_of(group) {
            out.push(sep);
        }
        out.extend(pair(*b));
    }
    out
}

fn digit(c: u8) -> Option<u8> {
    (c as char).to_digit(16).map(|d| d as u8)
}

fn bad(cx: &Cx, at: usize) -> Raised {
    cx.value_error(format!("non-hexadecimal number found in fromhex() arg at position {at}"))
}

fn parse(cx: &Cx, text: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut at = 0;
    while at < text.len() {
        if matches!(text[at], b' ' | 0x09..=0x0d) {
            at += 1;
            continue;
        }
        let Some(high) = digit(text[at]) else { return Err(bad(cx, at)) };
        let Some(c) = text.get(at + 1) else {
            return Err(cx.value_error("fromhex() arg must contain an even number of hexadecimal digits"));
        };
        let Some(low) = digit(*c) else { return Err(bad(cx, at + 1)) };
        out.push(high << 4 | low);
        at += 2;
    }
    Ok(out)
}

/// The bytes that `fromhex`'s argument spells.
pub fn from_hex(cx: &mut Cx, arg: Obj) -> Result<Vec<u8>> {
    if let Some(s) = arg.cast::<Str>() {
        if let Some(a) = s.as_ascii() {
            return parse(cx, a.as_bytes());
        }
        // What is not ASCII is told first, at its place.
        let at = s.chars().take_while(|c| *c < 128).count();
        return Err(bad(cx, at));
    }
    match buffer::try_get(cx, arg)? {
        Some(v) => parse(cx, v.as_slice()),
        None => Err(cx.type_error(format!("fromhex() argument must be str or bytes-like, not {}", cx.type_name(arg)))),
    }
}
