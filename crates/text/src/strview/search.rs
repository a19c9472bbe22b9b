//! Finding strings in strings. Positions are code-point indices; a needle of
//! another width is converted first, and cannot occur if it does not fit.

use memchr::memmem;

use super::{StrBuf, StrView, Unit, each_width};

/// The needle at the width of the haystack. Most are short: no memory is asked for.
struct AtWidth<U> {
    short: [U; 24],
    long: Vec<U>,
    len: usize,
}

impl<U: Unit> AtWidth<U> {
    /// `None` if the needle does not fit.
    fn new(needle: StrView<'_>) -> Option<AtWidth<U>> {
        let zero = U::narrow(0)?;
        let mut new = AtWidth { short: [zero; 24], long: Vec::new(), len: needle.len() };
        if needle.len() > new.short.len() {
            new.long = needle.iter().map(U::narrow).collect::<Option<_>>()?;
        } else {
            for (unit, code_point) in new.short.iter_mut().zip(needle.iter()) {
                *unit = U::narrow(code_point)?;
            }
        }
        Some(new)
    }

    fn units(&self) -> &[U] {
        if self.long.is_empty() { &self.short[..self.len] } else { &self.long }
    }
}

/// How many units are compared at once.
const CHUNK: usize = 16;

/// The first place of `wanted`.
fn position<U: Unit>(units: &[U], wanted: U) -> Option<usize> {
    let (chunks, _) = units.as_chunks::<CHUNK>();
    // No way out within a chunk: so it becomes a few instructions.
    let has = |chunk: &&[U; CHUNK]| chunk.iter().fold(false, |any, unit| any | (*unit == wanted));
    let from = CHUNK * chunks.iter().position(|chunk| has(&chunk)).unwrap_or(chunks.len());
    units[from..].iter().position(|unit| *unit == wanted).map(|at| from + at)
}

/// The last place of `wanted`.
fn last_position<U: Unit>(units: &[U], wanted: U) -> Option<usize> {
    let (_, chunks) = units.as_rchunks::<CHUNK>();
    let has = |chunk: &&[U; CHUNK]| chunk.iter().fold(false, |any, unit| any | (*unit == wanted));
    let passed = chunks.iter().rev().position(|chunk| has(&chunk)).unwrap_or(chunks.len());
    units[..units.len() - CHUNK * passed].iter().rposition(|unit| *unit == wanted)
}

/// Runs `$body` with both strings as slices of one width; `$missing` when the
/// needle cannot occur.
macro_rules! same_width {
    ($hay:expr, $needle:expr, |$h:ident, $n:ident| $body:expr, $missing:expr) => {{
        let needle: StrView<'_> = $needle;
        match ($hay, needle) {
            (StrView::Latin1($h), StrView::Latin1($n)) => $body,
            (StrView::Ucs2($h), StrView::Ucs2($n)) => $body,
            (StrView::Ucs4($h), StrView::Ucs4($n)) => $body,
            (hay, needle) => each_width!(hay, $h => match AtWidth::new(needle) {
                Some(converted) => {
                    let $n = converted.units();
                    $body
                }
                None => $missing,
            }),
        }
    }};
}

trait Search: Unit {
    fn find(hay: &[Self], needle: &[Self]) -> Option<usize>;
    fn rfind(hay: &[Self], needle: &[Self]) -> Option<usize>;
    fn positions(hay: &[Self], needle: &[Self], limit: usize, out: &mut Vec<usize>);
    fn count(hay: &[Self], needle: &[Self]) -> usize;
}

/// To prepare the fast search takes longer than to look through so many bytes.
const SHORT: usize = 256;

/// Looks for the first byte, then compares; `needle` is not empty.
fn find_short(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let last_start = hay.len().checked_sub(needle.len())?;
    let mut at = 0;
    loop {
        at += memchr::memchr(*first, hay.get(at..=last_start)?)?;
        if hay[at + 1..at + needle.len()] == *rest {
            return Some(at);
        }
        at += 1;
    }
}

impl Search for u8 {
    fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
        match needle {
            [] => Some(0),
            [byte] => memchr::memchr(*byte, hay),
            _ if hay.len() < SHORT => find_short(hay, needle),
            _ => memmem::find(hay, needle),
        }
    }

    fn rfind(hay: &[u8], needle: &[u8]) -> Option<usize> {
        match needle {
            [byte] => memchr::memrchr(*byte, hay),
            _ => memmem::rfind(hay, needle),
        }
    }

    fn positions(hay: &[u8], needle: &[u8], limit: usize, out: &mut Vec<usize>) {
        match needle {
            [byte] => out.extend(memchr::memchr_iter(*byte, hay).take(limit)),
            _ if hay.len() < SHORT => {
                let mut at = 0;
                while out.len() < limit
                    && let Some(found) = find_short(&hay[at..], needle)
                {
                    out.push(at + found);
                    at += found + needle.len();
                }
            }
            _ => out.extend(memmem::find_iter(hay, needle).take(limit)),
        }
    }

    fn count(hay: &[u8], needle: &[u8]) -> usize {
        match needle {
            [byte] => memchr::memchr_iter(*byte, hay).count(),
            _ if hay.len() < SHORT => {
                let (mut count, mut at) = (0, 0);
                while let Some(found) = find_short(&hay[at..], needle) {
                    count += 1;
                    at += found + needle.len();
                }
                count
            }
            _ => memmem::find_iter(hay, needle).count(),
        }
    }
}

/// Wide strings: look for the first unit, then compare; a long needle that keeps
/// disappointing falls back to the linear-time search on bytes.
macro_rules! search_wide {
    ($unit:ty) => {
        impl Search for $unit {
            fn find(hay: &[$unit], needle: &[$unit]) -> Option<usize> {
                let (first, rest) = needle.split_first()?;
                let last_start = hay.len().checked_sub(needle.len())?;
                let mut disappointments = 0;
                let mut at = 0;
                while at <= last_start {
                    at += position(&hay[at..=last_start], *first)?;
                    if hay[at + 1..].starts_with(rest) {
                        return Some(at);
                    }
                    at += 1;
                    disappointments += needle.len();
                    if needle.len() > 16 && disappointments > at + 4096 {
                        return find_as_bytes(&hay[at..], needle).map(|found| at + found);
                    }
                }
                None
            }

            fn rfind(hay: &[$unit], needle: &[$unit]) -> Option<usize> {
                let mut end = hay.len();
                let first = needle.first()?;
                while end >= needle.len() {
                    let starts = &hay[..=end - needle.len()];
                    let at = last_position(starts, *first)?;
                    if hay[at..].starts_with(needle) {
                        return Some(at);
                    }
                    end = at + needle.len() - 1;
                }
                None
            }

            fn positions(hay: &[$unit], needle: &[$unit], limit: usize, out: &mut Vec<usize>) {
                if let [unit] = needle {
                    let found = hay.iter().enumerate().filter(|(_, u)| *u == unit);
                    return out.extend(found.map(|(at, _)| at).take(limit));
                }
                let mut at = 0;
                while out.len() < limit
                    && let Some(found) = Self::find(&hay[at..], needle)
                {
                    out.push(at + found);
                    at += found + needle.len();
                }
            }

            fn count(hay: &[$unit], needle: &[$unit]) -> usize {
                if let [unit] = needle {
                    return hay.iter().filter(|u| *u == unit).count();
                }
                let mut positions = Vec::new();
                Self::positions(hay, needle, usize::MAX, &mut positions);
                positions.len()
            }
        }
    };
}

search_wide!(u16);
search_wide!(u32);

fn find_as_bytes<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    let bytes = |units: &[U]| -> Vec<u8> {
        let wide = units.iter().map(|unit| (*unit).into());
        wide.flat_map(|unit: u32| unit.to_le_bytes()).collect()
    };
    let (hay, needle) = (bytes(hay), bytes(needle));
    let finder = memmem::Finder::new(&needle);
    let mut at = 0;
    loop {
        let found = at + finder.find(&hay[at..])?;
        if found % 4 == 0 {
            return Some(found / 4);
        }
        at = found + 1;
    }
}

/// The first position of `needle`; 0 for an empty one.
pub fn find(hay: StrView<'_>, needle: StrView<'_>) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    same_width!(hay, needle, |h, n| Search::find(h, n), None)
}

/// The last position of `needle`; the end for an empty one.
pub fn rfind(hay: StrView<'_>, needle: StrView<'_>) -> Option<usize> {
    if needle.is_empty() {
        return Some(hay.len());
    }
    same_width!(hay, needle, |h, n| Search::rfind(h, n), None)
}

/// Number of occurrences that do not overlap.
pub fn count(hay: StrView<'_>, needle: StrView<'_>) -> usize {
    if needle.is_empty() {
        return hay.len() + 1;
    }
    same_width!(hay, needle, |h, n| Search::count(h, n), 0)
}

/// Up to `limit` positions that do not overlap, from the left. An empty needle
/// is found before every code point and at the end.
pub fn find_all(hay: StrView<'_>, needle: StrView<'_>, limit: usize) -> Vec<usize> {
    if needle.is_empty() {
        return (0..=hay.len()).take(limit).collect();
    }
    let mut positions = Vec::with_capacity(16.min(limit));
    same_width!(hay, needle, |h, n| Search::positions(h, n, limit, &mut positions), ());
    positions
}

pub fn starts_with(text: StrView<'_>, prefix: StrView<'_>) -> bool {
    prefix.len() <= text.len() && text.slice(0..prefix.len()) == prefix
}

pub fn ends_with(text: StrView<'_>, suffix: StrView<'_>) -> bool {
    suffix.len() <= text.len() && text.slice(text.len() - suffix.len()..text.len()) == suffix
}

fn replace_byte(text: &[u8], old: u8, new: &[u8], limit: usize) -> Option<Vec<u8>> {
    let first = memchr::memchr(old, text).filter(|_| limit > 0 && *new != [old])?;
    let mut out = Vec::with_capacity(text.len() + 4 * new.len());
    out.extend_from_slice(&text[..first]);
    let mut left = limit;
    for byte in &text[first..] {
        if *byte == old && left > 0 {
            left -= 1;
            out.extend_from_slice(new);
        } else {
            out.push(*byte);
        }
    }
    Some(out)
}

/// `text.replace(old, new, limit)`; `None` when nothing is replaced, so that the
/// caller can return the same object.
pub fn replace(text: StrView<'_>, old: StrView<'_>, new: StrView<'_>, limit: usize) -> Option<StrBuf> {
    if let (StrView::Latin1(text), StrView::Latin1(&[old]), StrView::Latin1(new)) = (text, old, new) {
        return replace_byte(text, old, new, limit).map(StrBuf::from_latin1);
    }
    let positions = find_all(text, old, limit);
    if positions.is_empty() || old == new {
        return None;
    }
    let grown = positions.len() * new.len().saturating_sub(old.len());
    let mut out = StrBuf::as_wide_as(text, text.len() + grown);
    let mut from = 0;
    for position in positions {
        out.push_view(text.slice(from..position));
        out.push_view(new);
        from = position + old.len();
    }
    out.push_view(text.slice(from..text.len()));
    Some(out)
}
