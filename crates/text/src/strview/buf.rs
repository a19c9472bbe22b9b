//! `StrBuf`: builds a string at the narrowest width, widening as it goes.

use super::{StrView, Unit};

/// A string that is not an object yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedStr {
    Latin1(Vec<u8>),
    Ucs2(Vec<u16>),
    Ucs4(Vec<u32>),
}

impl OwnedStr {
    pub fn as_view(&self) -> StrView<'_> {
        match self {
            OwnedStr::Latin1(units) => StrView::Latin1(units),
            OwnedStr::Ucs2(units) => StrView::Ucs2(units),
            OwnedStr::Ucs4(units) => StrView::Ucs4(units),
        }
    }
}

impl From<&str> for OwnedStr {
    fn from(text: &str) -> Self {
        let mut buf = StrBuf::new();
        buf.push_str(text);
        buf.finish()
    }
}

#[derive(Clone, Debug)]
pub struct StrBuf {
    /// Wide enough for everything so far; wider than needed after [`StrBuf::as_wide_as`] alone.
    units: OwnedStr,
}

impl Default for StrBuf {
    fn default() -> Self {
        StrBuf::new()
    }
}

impl StrBuf {
    pub fn new() -> Self {
        StrBuf::with_capacity(0)
    }

    pub fn with_capacity(capacity: usize) -> Self {
        StrBuf { units: OwnedStr::Latin1(Vec::with_capacity(capacity)) }
    }

    /// One that is to take parts of `text` and so is as wide from the beginning. In the end it
    /// may be wider than it has to be.
    pub fn as_wide_as(text: StrView<'_>, capacity: usize) -> Self {
        let units = match text {
            StrView::Latin1(_) => OwnedStr::Latin1(Vec::with_capacity(capacity)),
            StrView::Ucs2(_) => OwnedStr::Ucs2(Vec::with_capacity(capacity)),
            StrView::Ucs4(_) => OwnedStr::Ucs4(Vec::with_capacity(capacity)),
        };
        StrBuf { units }
    }

    /// Takes over units that are already built.
    pub fn from_latin1(units: Vec<u8>) -> Self {
        StrBuf { units: OwnedStr::Latin1(units) }
    }

    /// The same with two bytes each; in the end it may be wider than it has to be.
    pub fn from_ucs2(units: Vec<u16>) -> Self {
        StrBuf { units: OwnedStr::Ucs2(units) }
    }

    pub fn len(&self) -> usize {
        self.units.as_view().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn as_view(&self) -> StrView<'_> {
        self.units.as_view()
    }

    #[inline]
    pub fn push(&mut self, code_point: u32) {
        match &mut self.units {
            OwnedStr::Latin1(units) if code_point <= 0xff => units.push(code_point as u8),
            OwnedStr::Ucs2(units) if code_point <= 0xffff => units.push(code_point as u16),
            OwnedStr::Ucs4(units) => units.push(code_point),
            _ => {
                self.widen(code_point);
                self.push(code_point);
            }
        }
    }

    pub fn push_char(&mut self, c: char) {
        self.push(u32::from(c));
    }

    pub fn push_str(&mut self, text: &str) {
        match &mut self.units {
            OwnedStr::Latin1(units) if text.is_ascii() => units.extend_from_slice(text.as_bytes()),
            _ => text.chars().for_each(|c| self.push(u32::from(c))),
        }
    }

    pub fn push_repeated(&mut self, code_point: u32, count: usize) {
        self.widen(code_point);
        match &mut self.units {
            OwnedStr::Latin1(units) => units.resize(units.len() + count, code_point as u8),
            OwnedStr::Ucs2(units) => units.resize(units.len() + count, code_point as u16),
            OwnedStr::Ucs4(units) => units.resize(units.len() + count, code_point),
        }
    }

    pub fn push_view(&mut self, view: StrView<'_>) {
        if let (OwnedStr::Latin1(units), StrView::Latin1(more)) = (&mut self.units, view) {
            return units.extend_from_slice(more);
        }
        let fits = matches!(
            (&self.units, view),
            (OwnedStr::Ucs4(_), _) | (OwnedStr::Ucs2(_), StrView::Latin1(_) | StrView::Ucs2(_))
        );
        if !fits {
            self.widen(view.max_code_point());
        }
        match (&mut self.units, view) {
            (OwnedStr::Ucs2(units), StrView::Latin1(more)) => units.extend(more.iter().map(|unit| u16::from(*unit))),
            (OwnedStr::Ucs2(units), StrView::Ucs2(more)) => units.extend_from_slice(more),
            (OwnedStr::Ucs4(units), StrView::Ucs4(more)) => units.extend_from_slice(more),
            (OwnedStr::Latin1(units), more) => units.extend(more.iter().filter_map(u8::narrow)),
            (OwnedStr::Ucs2(units), more) => units.extend(more.iter().filter_map(u16::narrow)),
            (OwnedStr::Ucs4(units), more) => units.extend(more.iter()),
        }
    }

    pub fn finish(self) -> OwnedStr {
        self.units
    }

    /// Makes room for `code_point`, which is about to be pushed.
    fn widen(&mut self, code_point: u32) {
        match &mut self.units {
            OwnedStr::Latin1(units) if code_point > 0xffff => {
                self.units = OwnedStr::Ucs4(units.iter().map(|unit| u32::from(*unit)).collect());
            }
            OwnedStr::Latin1(units) if code_point > 0xff => {
                self.units = OwnedStr::Ucs2(units.iter().map(|unit| u16::from(*unit)).collect());
            }
            OwnedStr::Ucs2(units) if code_point > 0xffff => {
                self.units = OwnedStr::Ucs4(units.iter().map(|unit| u32::from(*unit)).collect());
            }
            _ => {}
        }
    }
}

impl Extend<u32> for StrBuf {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, code_points: I) {
        code_points.into_iter().for_each(|c| self.push(c));
    }
}
