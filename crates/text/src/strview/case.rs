//! Case mappings: full Unicode ones, with the context rule for final sigma.

use super::{StrBuf, StrView, Unit};
use crate::unicode::{self, Mapped};

const SIGMA: u32 = 0x3a3;
const FINAL_SIGMA: u32 = 0x3c2;
const SMALL_SIGMA: u32 = 0x3c3;

fn map_ascii(text: StrView<'_>, change: impl Fn(&mut [u8])) -> Option<StrBuf> {
    let StrView::Latin1(units) = text else {
        return None;
    };
    if !units.is_ascii() {
        return None;
    }
    let mut bytes = units.to_vec();
    change(&mut bytes);
    Some(StrBuf::from_latin1(bytes))
}

/// The mapping of wide text, if each code point has one of the same width. `None` of `other`
/// is for those that have not, and for what depends on its surroundings.
fn map_wide<U: Unit>(units: &[U], of_ascii: fn(&u8) -> u8, other: impl Fn(u32) -> Option<u32>) -> Option<Vec<U>> {
    let mut out = Vec::with_capacity(units.len());
    for unit in units {
        let code_point: u32 = (*unit).into();
        let mapped = match u8::try_from(code_point) {
            Ok(ascii @ 0..0x80) => u32::from(of_ascii(&ascii)),
            _ => other(code_point)?,
        };
        out.push(U::narrow(mapped)?);
    }
    Some(out)
}

/// `map_wide` of a text of two bytes a code point.
fn map_ucs2(text: StrView<'_>, of_ascii: fn(&u8) -> u8, mapping: impl Fn(u32) -> Mapped) -> Option<StrBuf> {
    let StrView::Ucs2(units) = text else { return None };
    let one = |code_point| match mapping(code_point).as_slice() {
        [one] if code_point != SIGMA => Some(*one),
        _ => None,
    };
    map_wide(units, of_ascii, one).map(StrBuf::from_ucs2)
}

/// `of_ascii` is the same for ASCII.
fn map(text: StrView<'_>, of_ascii: fn(&u8) -> u8, mapping: impl Fn(u32) -> Mapped) -> StrBuf {
    if let Some(done) = map_ucs2(text, of_ascii, &mapping) {
        return done;
    }
    let mut out = StrBuf::as_wide_as(text, text.len());
    for code_point in text.iter() {
        if code_point < 0x80 {
            out.push(u32::from(of_ascii(&(code_point as u8))));
        } else {
            out.extend(mapping(code_point).as_slice().iter().copied());
        }
    }
    out
}

/// Lower case of the code point at `index`.
fn push_lower(out: &mut StrBuf, text: StrView<'_>, index: usize, code_point: u32) {
    if code_point < 0x80 {
        out.push(u32::from((code_point as u8).to_ascii_lowercase()));
    } else if code_point == SIGMA {
        out.push(if is_final_sigma(text, index) { FINAL_SIGMA } else { SMALL_SIGMA });
    } else {
        out.extend(unicode::to_lower(code_point).as_slice().iter().copied());
    }
}

/// A letter before and none after, skipping what case ignores.
fn is_final_sigma(text: StrView<'_>, index: usize) -> bool {
    let is_letter = |code_point: Option<u32>| code_point.is_some_and(unicode::is_cased);
    let before = text.slice(0..index).iter().rev();
    let after = text.slice(index + 1..text.len()).iter();
    let relevant = |code_point: &u32| !unicode::is_case_ignorable(*code_point);
    is_letter(before.into_iter().find(relevant)) && !is_letter(after.into_iter().find(relevant))
}

pub fn lower(text: StrView<'_>) -> StrBuf {
    let short = map_ascii(text, <[u8]>::make_ascii_lowercase);
    short.or_else(|| map_ucs2(text, u8::to_ascii_lowercase, unicode::to_lower)).unwrap_or_else(|| {
        let mut out = StrBuf::as_wide_as(text, text.len());
        for (index, code_point) in text.iter().enumerate() {
            push_lower(&mut out, text, index, code_point);
        }
        out
    })
}

pub fn upper(text: StrView<'_>) -> StrBuf {
    map_ascii(text, <[u8]>::make_ascii_uppercase)
        .unwrap_or_else(|| map(text, u8::to_ascii_uppercase, unicode::to_upper))
}

pub fn casefold(text: StrView<'_>) -> StrBuf {
    map_ascii(text, <[u8]>::make_ascii_lowercase)
        .unwrap_or_else(|| map(text, u8::to_ascii_lowercase, unicode::to_casefold))
}

pub fn swapcase(text: StrView<'_>) -> StrBuf {
    let mut out = StrBuf::with_capacity(text.len());
    for (index, code_point) in text.iter().enumerate() {
        if unicode::is_upper(code_point) {
            push_lower(&mut out, text, index, code_point);
        } else if unicode::is_lower(code_point) {
            out.extend(unicode::to_upper(code_point).as_slice().iter().copied());
        } else {
            out.push(code_point);
        }
    }
    out
}

pub fn title(text: StrView<'_>) -> StrBuf {
    let mut out = StrBuf::with_capacity(text.len());
    let mut after_cased = false;
    for (index, code_point) in text.iter().enumerate() {
        if after_cased {
            push_lower(&mut out, text, index, code_point);
        } else if code_point < 0x80 {
            out.push(u32::from((code_point as u8).to_ascii_uppercase()));
        } else {
            out.extend(unicode::to_title(code_point).as_slice().iter().copied());
        }
        after_cased = match u8::try_from(code_point) {
            Ok(ascii @ 0..0x80) => ascii.is_ascii_alphabetic(),
            _ => unicode::is_cased(code_point),
        };
    }
    out
}

pub fn capitalize(text: StrView<'_>) -> StrBuf {
    let mut out = StrBuf::with_capacity(text.len());
    for (index, code_point) in text.iter().enumerate() {
        if index == 0 {
            out.extend(unicode::to_title(code_point).as_slice().iter().copied());
        } else {
            push_lower(&mut out, text, index, code_point);
        }
    }
    out
}
