//! Where strings are cut: index ranges for split, strip, partition.

use std::ops::Range;

use super::search::{find, find_all, rfind};
use super::{StrView, each_width};
use crate::unicode;

/// Ranges of the pieces, in text order.
pub type Pieces = Vec<Range<usize>>;

/// `text.split(separator, limit)`; `separator` is not empty.
pub fn split(text: StrView<'_>, separator: StrView<'_>, limit: usize) -> Pieces {
    let found = find_all(text, separator, limit);
    let mut pieces = Vec::with_capacity(found.len() + 1);
    let mut from = 0;
    for at in found {
        pieces.push(from..at);
        from = at + separator.len();
    }
    pieces.push(from..text.len());
    pieces
}

/// `text.rsplit(separator, limit)`; `separator` is not empty.
pub fn rsplit(text: StrView<'_>, separator: StrView<'_>, limit: usize) -> Pieces {
    let mut pieces = Vec::new();
    let mut end = text.len();
    while pieces.len() < limit
        && let Some(at) = rfind(text.slice(0..end), separator)
    {
        pieces.push(at + separator.len()..end);
        end = at;
    }
    pieces.push(0..end);
    pieces.reverse();
    pieces
}

fn is_space(code_point: u32) -> bool {
    match code_point {
        0x21..=0x7e => false,
        _ => unicode::is_space(code_point),
    }
}

/// The end of the run of code points from `from` on for which `test` holds.
fn run_end(text: StrView<'_>, from: usize, test: impl Fn(u32) -> bool) -> usize {
    let run = each_width!(text.slice(from..text.len()), units => {
        units.iter().position(|unit| !test(u32::from(*unit)))
    });
    run.map_or(text.len(), |len| from + len)
}

/// The start of the run that ends at `to`.
fn run_start(text: StrView<'_>, to: usize, test: impl Fn(u32) -> bool) -> usize {
    let last_outside = each_width!(text.slice(0..to), units => {
        units.iter().rposition(|unit| !test(u32::from(*unit)))
    });
    last_outside.map_or(0, |index| index + 1)
}

/// `text.split(None, limit)`
pub fn split_space(text: StrView<'_>, limit: usize) -> Pieces {
    let mut pieces = Vec::with_capacity(16.min(text.len()));
    let mut at = run_end(text, 0, is_space);
    while at < text.len() {
        if pieces.len() == limit {
            // What is left stays whole, with the space at its end.
            pieces.push(at..text.len());
            break;
        }
        let end = run_end(text, at, |c| !is_space(c));
        pieces.push(at..end);
        at = run_end(text, end, is_space);
    }
    pieces
}

/// `text.rsplit(None, limit)`
pub fn rsplit_space(text: StrView<'_>, limit: usize) -> Pieces {
    let mut pieces = Vec::new();
    let mut end = run_start(text, text.len(), is_space);
    while end > 0 {
        if pieces.len() == limit {
            pieces.push(0..end);
            break;
        }
        let start = run_start(text, end, |c| !is_space(c));
        pieces.push(start..end);
        end = run_start(text, start, is_space);
    }
    pieces.reverse();
    pieces
}

/// `text.splitlines(keep_ends)`
pub fn split_lines(text: StrView<'_>, keep_ends: bool) -> Pieces {
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let end = run_end(text, from, |c| !unicode::is_line_break(c));
        let mut next = (end + 1).min(text.len());
        if text.get(end) == Some(0x0d) && text.get(end + 1) == Some(0x0a) {
            next = end + 2;
        }
        pieces.push(from..if keep_ends { next } else { end });
        from = next;
    }
    pieces
}

/// What stands before and after the first separator.
pub fn partition(text: StrView<'_>, separator: StrView<'_>) -> Option<(Range<usize>, Range<usize>)> {
    let at = find(text, separator)?;
    Some((0..at, at + separator.len()..text.len()))
}

/// What stands before and after the last separator.
pub fn rpartition(text: StrView<'_>, separator: StrView<'_>) -> Option<(Range<usize>, Range<usize>)> {
    let at = rfind(text, separator)?;
    Some((0..at, at + separator.len()..text.len()))
}

/// What `strip` removes.
#[derive(Clone, Copy, Debug)]
pub enum Chars<'a> {
    Space,
    AnyOf(StrView<'a>),
}

impl Chars<'_> {
    fn contains(self, code_point: u32) -> bool {
        match self {
            Chars::Space => is_space(code_point),
            Chars::AnyOf(chars) => chars.iter().any(|c| c == code_point),
        }
    }
}

/// `text.strip(chars)`
pub fn strip(text: StrView<'_>, chars: Chars<'_>) -> Range<usize> {
    let start = strip_start(text, chars).start;
    let end = run_start(text, text.len(), |c| chars.contains(c));
    start..end.max(start)
}

/// `text.lstrip(chars)`
pub fn strip_start(text: StrView<'_>, chars: Chars<'_>) -> Range<usize> {
    run_end(text, 0, |c| chars.contains(c))..text.len()
}

/// `text.rstrip(chars)`
pub fn strip_end(text: StrView<'_>, chars: Chars<'_>) -> Range<usize> {
    0..run_start(text, text.len(), |c| chars.contains(c))
}

/// `text.strip()`
pub fn strip_space(text: StrView<'_>) -> Range<usize> {
    strip(text, Chars::Space)
}

/// The text without space around it.
pub fn trim_space(text: StrView<'_>) -> StrView<'_> {
    text.slice(strip_space(text))
}
