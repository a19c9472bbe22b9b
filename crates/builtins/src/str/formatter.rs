//! The replacement-field language of `str.format`: taking format strings and
//! field names apart.
//!
//! Shared with `string.Formatter`, which reaches it through the module
//! `_string`: `formatter_parser` is [`Pieces`], `formatter_field_name_split` is
//! [`FieldName`].
//! Tests: tests/lang/text_errors.md; CPython test_str, test_string.

use std::ops::Range;
use typhon_text::strview::StrView;

/// The text of a ValueError.
#[derive(Debug, PartialEq, Eq)]
pub struct FormatStringError(pub &'static str);

type Result<T> = std::result::Result<T, FormatStringError>;

/// A replacement field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What stands before `!` and `:`.
    pub name: Range<usize>,
    /// What stands after `:`.
    pub spec: Range<usize>,
    /// The character after `!`.
    pub conversion: Option<u32>,
    /// Whether the specification contains fields itself.
    pub nested: bool,
}

/// Literal text and the field behind it, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Copied as it is.
    pub literal: Range<usize>,
    /// The field.
    pub field: Option<Field>,
}

/// The pieces of a format string.
pub struct Pieces<'a> {
    text: StrView<'a>,
    at: usize,
}

const OPEN: u32 = b'{' as u32;
const CLOSE: u32 = b'}' as u32;

impl<'a> Pieces<'a> {
    /// Take a format string apart.
    pub fn new(text: StrView<'a>) -> Pieces<'a> {
        Pieces { text, at: 0 }
    }

    /// Where the next piece begins, to go on later with `resume`.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Go on where another run stopped.
    pub fn resume(text: StrView<'a>, at: usize) -> Pieces<'a> {
        Pieces { text, at }
    }

    fn take(&mut self) -> Option<u32> {
        let c = self.text.get(self.at)?;
        self.at += 1;
        Some(c)
    }

    fn piece(&mut self) -> Result<Piece> {
        let start = self.at;
        let mut brace = None;
        while let Some(c) = self.take() {
            if c == OPEN || c == CLOSE {
                brace = Some(c);
                break;
            }
        }
        let Some(brace) = brace else { return Ok(Piece { literal: start..self.at, field: None }) };
        let next = self.text.get(self.at);
        if next == Some(brace) {
            // The first of two braces belongs to the literal.
            let literal = start..self.at;
            self.at += 1;
            return Ok(Piece { literal, field: None });
        }
        if brace == CLOSE {
            return Err(FormatStringError("Single '}' encountered in format string"));
        }
        if next.is_none() {
            return Err(FormatStringError("Single '{' encountered in format string"));
        }
        let literal = start..self.at - 1;
        Ok(Piece { literal, field: Some(self.field()?) })
    }

    fn field(&mut self) -> Result<Field> {
        let start = self.at;
        let mut in_brackets = false;
        let mut end = None;
        while let Some(c) = self.take() {
            match char::from_u32(c) {
                Some('{') if !in_brackets => return Err(FormatStringError("unexpected '{' in field name")),
                Some('[') => in_brackets = true,
                Some(']') => in_brackets = false,
                Some(c @ ('}' | ':' | '!')) if !in_brackets => {
                    end = Some(c);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else { return Err(FormatStringError("expected '}' before end of string")) };
        let name = start..self.at - 1;
        let mut field = Field { name, spec: self.at..self.at, conversion: None, nested: false };
        if end == '}' {
            return Ok(field);
        }
        if end == '!' {
            field.conversion = self.take();
            if field.conversion.is_none() {
                return Err(FormatStringError("end of string while looking for conversion specifier"));
            }
            match self.take().and_then(char::from_u32) {
                Some('}') => return Ok(field),
                Some(':') => {}
                Some(_) => return Err(FormatStringError("expected ':' after conversion specifier")),
                None => return Err(FormatStringError("unmatched '{' in format spec")),
            }
        }
        let start = self.at;
        let mut depth = 1;
        while let Some(c) = self.take() {
            if c == OPEN {
                field.nested = true;
                depth += 1;
            } else if c == CLOSE {
                depth -= 1;
                if depth == 0 {
                    field.spec = start..self.at - 1;
                    return Ok(field);
                }
            }
        }
        Err(FormatStringError("unmatched '{' in format spec"))
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Piece>;
    fn next(&mut self) -> Option<Self::Item> {
        (self.at < self.text.len()).then(|| self.piece())
    }
}

/// The beginning of a field name, or one of the accesses behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// `.name`
    Attribute(Range<usize>),
    /// `[number]`
    Index(usize),
    /// `[text]`
    Key(Range<usize>),
}

/// A field name, taken apart: what it begins with, then an iterator over the
/// accesses.
pub struct FieldName<'a> {
    text: StrView<'a>,
    /// The first part: a keyword or number, perhaps empty.
    pub first: Range<usize>,
    /// The number that the first part is.
    pub number: Option<usize>,
    at: usize,
}

/// A part of a field name as a number, if it consists of digits.
pub fn number(text: StrView<'_>, part: &Range<usize>) -> Result<Option<usize>> {
    if part.is_empty() {
        return Ok(None);
    }
    let mut n: usize = 0;
    for i in part.clone() {
        let Some(d) = text.get(i).and_then(typhon_text::unicode::decimal) else { return Ok(None) };
        n = n
            .checked_mul(10)
            .and_then(|n| n.checked_add(d as usize))
            .filter(|n| *n <= isize::MAX as usize)
            .ok_or(FormatStringError("Too many decimal digits in format string"))?;
    }
    Ok(Some(n))
}

impl<'a> FieldName<'a> {
    /// Take the name in `range` apart; it is a slice of the format string.
    pub fn new(text: StrView<'a>) -> Result<FieldName<'a>> {
        let is_access = |c: u32| c == u32::from(b'.') || c == u32::from(b'[');
        let end = text.iter().position(is_access).unwrap_or(text.len());
        let first = 0..end;
        Ok(FieldName { text, number: number(text, &first)?, first, at: end })
    }

    fn access(&mut self) -> Result<Access> {
        let c = self.text.get(self.at).and_then(char::from_u32);
        self.at += 1;
        let start = self.at;
        let find = |from: usize, test: fn(char) -> bool| {
            (from..self.text.len()).find(|i| self.text.get(*i).and_then(char::from_u32).is_some_and(test))
        };
        let access = match c {
            Some('.') => {
                let end = find(start, |c| c == '.' || c == '[').unwrap_or(self.text.len());
                self.at = end;
                Access::Attribute(start..end)
            }
            Some('[') => {
                let Some(end) = find(start, |c| c == ']') else {
                    return Err(FormatStringError("Missing ']' in format string"));
                };
                self.at = end + 1;
                match number(self.text, &(start..end))? {
                    Some(n) => Access::Index(n),
                    None => Access::Key(start..end),
                }
            }
            _ => return Err(FormatStringError("Only '.' or '[' may follow ']' in format field specifier")),
        };
        match &access {
            Access::Attribute(r) | Access::Key(r) if r.is_empty() => {
                Err(FormatStringError("Empty attribute in format string"))
            }
            _ => Ok(access),
        }
    }
}

impl Iterator for FieldName<'_> {
    type Item = Result<Access>;
    fn next(&mut self) -> Option<Self::Item> {
        (self.at < self.text.len()).then(|| self.access())
    }
}
