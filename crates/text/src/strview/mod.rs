//! Python strings as code points stored at 1, 2 or 4 bytes each.
//!
//! Owns: views, the builder, and every `str` algorithm that needs no object.
//! Invariant: a string is stored at the narrowest width that fits it, so equal
//! strings have equal widths. Lone surrogates are ordinary code points.
//! Tests: tests/strings.rs, against CPython.

mod buf;
mod case;
mod escape;
mod layout;
mod predicate;
mod search;
mod split;

pub use buf::{OwnedStr, StrBuf};
pub use case::{capitalize, casefold, lower, swapcase, title, upper};
pub use escape::{
    EscapeError, ascii, push_ascii_escape, raw_unicode_escape_decode, raw_unicode_escape_encode, repr, repr_bytes,
    unicode_escape_decode, unicode_escape_encode,
};
pub use layout::{Padding, center_padding, expand_tabs, join_len, zfill};
pub use predicate::{
    is_alnum, is_alpha, is_decimal, is_digit, is_identifier, is_lower, is_numeric, is_printable, is_space, is_title,
    is_upper, to_ascii_digits,
};
pub use search::{count, ends_with, find, find_all, replace, rfind, starts_with};
pub use split::{
    Chars, Pieces, partition, rpartition, rsplit, rsplit_space, split, split_lines, split_space, strip, strip_end,
    strip_space, strip_start, trim_space,
};

/// A borrowed string.
#[derive(Clone, Copy, Debug)]
pub enum StrView<'a> {
    Latin1(&'a [u8]),
    Ucs2(&'a [u16]),
    Ucs4(&'a [u32]),
}

/// One stored code point.
pub trait Unit: Copy + Eq + Ord + Into<u32> + 'static {
    /// The code point at this width, if it fits.
    fn narrow(code_point: u32) -> Option<Self>;
}

impl Unit for u8 {
    fn narrow(code_point: u32) -> Option<Self> {
        u8::try_from(code_point).ok()
    }
}

impl Unit for u16 {
    fn narrow(code_point: u32) -> Option<Self> {
        u16::try_from(code_point).ok()
    }
}

impl Unit for u32 {
    fn narrow(code_point: u32) -> Option<Self> {
        Some(code_point)
    }
}

/// Runs one expression for whichever width a view has.
macro_rules! each_width {
    ($view:expr, $units:ident => $body:expr) => {
        match $view {
            $crate::strview::StrView::Latin1($units) => $body,
            $crate::strview::StrView::Ucs2($units) => $body,
            $crate::strview::StrView::Ucs4($units) => $body,
        }
    };
}
pub(crate) use each_width;

impl<'a> StrView<'a> {
    /// A view of ASCII text.
    pub fn ascii(text: &'a str) -> Self {
        debug_assert!(text.is_ascii());
        StrView::Latin1(text.as_bytes())
    }

    pub fn len(self) -> usize {
        each_width!(self, units => units.len())
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The code point at `index`.
    pub fn get(self, index: usize) -> Option<u32> {
        each_width!(self, units => units.get(index).map(|unit| u32::from(*unit)))
    }

    /// The code points of a range, at the same width (maybe wider than needed).
    pub fn slice(self, range: std::ops::Range<usize>) -> StrView<'a> {
        match self {
            StrView::Latin1(units) => StrView::Latin1(&units[range]),
            StrView::Ucs2(units) => StrView::Ucs2(&units[range]),
            StrView::Ucs4(units) => StrView::Ucs4(&units[range]),
        }
    }

    pub fn iter(self) -> Iter<'a> {
        Iter { view: self }
    }

    /// The largest code point, 0 for an empty string.
    pub fn max_code_point(self) -> u32 {
        match self {
            StrView::Latin1(units) if units.is_ascii() => units.first().map_or(0, |_| 0x7f),
            StrView::Latin1(_) => 0xff,
            StrView::Ucs2(units) => units.iter().copied().max().map_or(0, u32::from),
            StrView::Ucs4(units) => units.iter().copied().max().unwrap_or(0),
        }
    }

    pub fn is_ascii(self) -> bool {
        match self {
            StrView::Latin1(units) => units.is_ascii(),
            StrView::Ucs2(units) => units.iter().all(|unit| *unit < 0x80),
            StrView::Ucs4(units) => units.iter().all(|unit| *unit < 0x80),
        }
    }

    /// UTF-8 text, if there are no lone surrogates.
    pub fn to_utf8(self) -> Option<String> {
        self.iter().map(char::from_u32).collect()
    }

    /// UTF-8 text with U+FFFD for lone surrogates; for messages.
    pub fn to_utf8_lossy(self) -> String {
        self.iter().map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }

    pub fn to_owned(self) -> OwnedStr {
        let mut buf = StrBuf::new();
        buf.push_view(self);
        buf.finish()
    }
}

impl PartialEq for StrView<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (StrView::Latin1(a), StrView::Latin1(b)) => a == b,
            (StrView::Ucs2(a), StrView::Ucs2(b)) => a == b,
            (StrView::Ucs4(a), StrView::Ucs4(b)) => a == b,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Eq for StrView<'_> {}

impl PartialOrd for StrView<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for StrView<'_> {
    /// Order by code points.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (StrView::Latin1(a), StrView::Latin1(b)) => a.cmp(b),
            _ => self.iter().cmp(other.iter()),
        }
    }
}

/// Code points of a view, from either end.
#[derive(Clone)]
pub struct Iter<'a> {
    view: StrView<'a>,
}

impl Iterator for Iter<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        each_width!(&mut self.view, units => {
            let (first, rest) = units.split_first()?;
            *units = rest;
            Some(u32::from(*first))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.view.len();
        (len, Some(len))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        each_width!(&mut self.view, units => {
            let (last, rest) = units.split_last()?;
            *units = rest;
            Some(u32::from(*last))
        })
    }
}

impl ExactSizeIterator for Iter<'_> {}
