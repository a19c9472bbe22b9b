//! JSON strings: quoting them and reading them. No objects here.
//!
//! Tests: tests/lang/json.md; CPython test_json.

use typhon_text::strview::{StrBuf, StrView, Unit};

/// Append a string in quotes, with what JSON needs escaped; in `ascii` also
/// everything beyond ASCII.
pub fn quote(out: &mut StrBuf, text: StrView<'_>, ascii: bool) {
    out.push_str("\"");
    match text {
        StrView::Latin1(u) => body(out, u, ascii, StrView::Latin1),
        StrView::Ucs2(u) => body(out, u, ascii, StrView::Ucs2),
        StrView::Ucs4(u) => body(out, u, ascii, StrView::Ucs4),
    }
    out.push_str("\"");
}

fn body<'a, U: Unit>(out: &mut StrBuf, units: &'a [U], ascii: bool, view: fn(&'a [U]) -> StrView<'a>) {
    let plain = |u: U| {
        let c: u32 = u.into();
        c >= 0x20 && c != 0x22 && c != 0x5c && (!ascii || c < 0x7f)
    };
    let mut at = 0;
    while at < units.len() {
        let run = units[at..].iter().position(|u| !plain(*u)).unwrap_or(units.len() - at);
        if run > 0 {
            out.push_view(view(&units[at..at + run]));
            at += run;
        }
        if let Some(u) = units.get(at) {
            escape(out, (*u).into());
            at += 1;
        }
    }
}

fn escape(out: &mut StrBuf, c: u32) {
    match c {
        0x22 => out.push_str("\\\""),
        0x5c => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        0x0a => out.push_str("\\n"),
        0x0d => out.push_str("\\r"),
        0x09 => out.push_str("\\t"),
        c if c >= 0x10000 => {
            let v = c - 0x10000;
            out.push_str(&format!("\\u{:04x}\\u{:04x}", 0xd800 | (v >> 10), 0xdc00 | (v & 0x3ff)));
        }
        c => out.push_str(&format!("\\u{c:04x}")),
    }
}

/// What is wrong with a JSON document, and where.
pub struct Bad(pub &'static str, pub usize);

/// A string read from a document.
pub enum Read {
    /// It stands there as it is: its range.
    Plain(usize, usize),
    /// It had escapes.
    Built(StrBuf),
}

/// Read a string from behind its opening quote; gives where it ends, behind the
/// closing quote.
pub fn read<'a, U: Unit>(
    units: &'a [U],
    start: usize,
    strict: bool,
    view: fn(&'a [U]) -> StrView<'a>,
) -> Result<(Read, usize), Bad> {
    let begin = start.wrapping_sub(1);
    let at = |i: usize| units.get(i).map(|u| -> u32 { (*u).into() });
    let mut built: Option<StrBuf> = None;
    let mut from = start;
    let mut i = start;
    loop {
        let c = loop {
            let Some(c) = at(i) else { return Err(Bad("Unterminated string starting at", begin)) };
            if c == 0x22 || c == 0x5c {
                break c;
            }
            if c < 0x20 && strict {
                return Err(Bad("Invalid control character at", i));
            }
            i += 1;
        };
        if c == 0x22 {
            return Ok(match built {
                None => (Read::Plain(from, i), i + 1),
                Some(mut b) => {
                    b.push_view(view(&units[from..i]));
                    (Read::Built(b), i + 1)
                }
            });
        }
        let out = built.get_or_insert_with(StrBuf::new);
        out.push_view(view(&units[from..i]));
        i += 1;
        let Some(c) = at(i) else { return Err(Bad("Unterminated string starting at", begin)) };
        i += 1;
        let c = match c {
            0x22 | 0x5c | 0x2f => c,
            0x62 => 0x08,
            0x66 => 0x0c,
            0x6e => 0x0a,
            0x72 => 0x0d,
            0x74 => 0x09,
            0x75 => {
                let mut c = hex4(units, i).ok_or(Bad("Invalid \\uXXXX escape", i - 1))?;
                i += 4;
                if c & 0xfc00 == 0xd800 && at(i) == Some(0x5c) && at(i + 1) == Some(0x75) {
                    let low = hex4(units, i + 2).ok_or(Bad("Invalid \\uXXXX escape", i + 1))?;
                    if low & 0xfc00 == 0xdc00 {
                        c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
                        i += 6;
                    }
                }
                c
            }
            _ => return Err(Bad("Invalid \\escape", i - 2)),
        };
        out.push(c);
        from = i;
    }
}

fn hex4<U: Unit>(units: &[U], at: usize) -> Option<u32> {
    units.get(at..at + 4)?.iter().try_fold(0, |n, u| {
        let c: u32 = (*u).into();
        char::from_u32(c).and_then(|c| c.to_digit(16)).map(|d| n << 4 | d)
    })
}
