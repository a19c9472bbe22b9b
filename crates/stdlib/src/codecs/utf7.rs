//! UTF-7 (RFC 2152): base64 runs between `+` and `-`.
//!
//! Tests: CPython test_codecs.

use typhon_object::str::Str;
use typhon_text::codec::{DecodeAnswer, DecodeError};
use typhon_text::strview::{OwnedStr, StrBuf};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn value(c: u8) -> Option<u32> {
    BASE64.iter().position(|b| *b == c).map(|i| i as u32)
}

fn direct(c: u32) -> bool {
    c < 128
        && c != u32::from(b'+')
        && c != u32::from(b'\\')
        && c != u32::from(b'~')
        && (c >= 32 || matches!(c, 9 | 10 | 13))
        || c == 0
}

/// Encode text.
pub fn encode(s: &Str) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut n, mut inside) = (0u64, 0u32, false);
    for c in s.chars() {
        if direct(c) {
            if inside {
                if n > 0 {
                    out.push(BASE64[(bits << (6 - n) & 63) as usize]);
                    (bits, n) = (0, 0);
                }
                inside = false;
                if value(c as u8).is_some() || c == u32::from(b'-') {
                    out.push(b'-');
                }
            }
            out.push(c as u8);
            continue;
        }
        if !inside {
            out.push(b'+');
            if c == u32::from(b'+') {
                out.push(b'-');
                continue;
            }
            inside = true;
        }
        let mut push = |unit: u64| {
            bits = (bits << 16 | unit) & 0xffff_ffff_ffff;
            n += 16;
            while n >= 6 {
                n -= 6;
                out.push(BASE64[(bits >> n & 63) as usize]);
            }
        };
        if c >= 0x10000 {
            push(u64::from(0xd800 + ((c - 0x10000) >> 10)));
            push(u64::from(0xdc00 + ((c - 0x10000) & 0x3ff)));
        } else {
            push(u64::from(c));
        }
    }
    if n > 0 {
        out.push(BASE64[(bits << (6 - n) & 63) as usize]);
    }
    if inside {
        out.push(b'-');
    }
    out
}

/// Decode; also how many bytes were taken.
pub fn decode<E>(
    b: &[u8],
    last: bool,
    mut on_error: impl FnMut(DecodeError) -> DecodeAnswer<E>,
) -> Result<(OwnedStr, usize), E> {
    let mut out = StrBuf::new();
    let mut at = 0;
    while at < b.len() {
        let c = b[at];
        if c != b'+' {
            if c < 128 {
                out.push(u32::from(c));
                at += 1;
            } else {
                let (t, next) =
                    on_error(DecodeError { start: at, end: at + 1, reason: "unexpected special character" })?;
                out.push_view(t.as_view());
                at = next;
            }
            continue;
        }
        let start = at;
        at += 1;
        if b.get(at) == Some(&b'-') {
            out.push(u32::from(b'+'));
            at += 1;
            continue;
        }
        let (mut bits, mut n, mut high) = (0u64, 0u32, None);
        let mut text = StrBuf::new();
        while let Some(v) = b.get(at).and_then(|c| value(*c)) {
            at += 1;
            bits = (bits << 6 | u64::from(v)) & 0xffff_ffff;
            n += 6;
            if n < 16 {
                continue;
            }
            n -= 16;
            let unit = (bits >> n & 0xffff) as u32;
            match (high.take(), unit) {
                (Some(h), 0xdc00..0xe000) => text.push(0x1_0000u32 + ((h - 0xd800u32) << 10) + (unit - 0xdc00)),
                (before, unit) => {
                    if let Some(h) = before {
                        text.push(h);
                    }
                    if (0xd800..0xdc00).contains(&unit) { high = Some(unit) } else { text.push(unit) }
                }
            }
        }
        if at >= b.len() && !last {
            return Ok((out.finish(), start));
        }
        let reason = match b.get(at) {
            None => Some("unterminated shift sequence"),
            Some(c) if *c >= 128 => Some("unexpected special character"),
            Some(_) if at == start + 1 => Some("ill-formed sequence"),
            _ if n >= 6 => Some("partial character in base64 sequence"),
            _ if bits & ((1 << n) - 1) != 0 => Some("non-zero padding bits in shift sequence"),
            _ => None,
        };
        out.push_view(text.as_view());
        if let Some(h) = high {
            out.push(h);
        }
        match reason {
            Some(reason) => {
                let end = if at < b.len() { at + 1 } else { at };
                let (t, next) = on_error(DecodeError { start, end, reason })?;
                out.push_view(t.as_view());
                at = next;
            }
            None if b.get(at) == Some(&b'-') => at += 1,
            None => {}
        }
    }
    Ok((out.finish(), at))
}
