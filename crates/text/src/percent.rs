//! The `%` operator of str and bytes: its format strings, taken apart lazily,
//! since errors must appear between the conversions before and after them.
//!
//! Tests: tests/format.rs, against CPython.

use std::ops::Range;

use crate::float::{self, Flags as FloatFlags, Notation};
use crate::int::{self, IntRef};
use crate::strview::{StrView, each_width};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Copied as it is.
    Literal(Range<usize>),
    Conversion(Conversion),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Where the key of `%(key)s` stands.
    pub key: Option<Range<usize>>,
    pub flags: Flags,
    pub width: Amount,
    pub precision: Amount,
    /// The conversion type, any code point; see `unsupported`.
    pub kind: u32,
    /// Where it stands.
    pub index: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub left: bool,
    pub plus: bool,
    pub space: bool,
    pub alternate: bool,
    pub zero: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    None,
    /// `*`: the next argument; "* wants int" unless it is one.
    Argument,
    Given(usize),
}

pub const NOT_ENOUGH: &str = "not enough arguments for format string";
pub const NOT_ALL_CONVERTED: &str = "not all arguments converted during string formatting";
pub const NEEDS_MAPPING: &str = "format requires a mapping";
pub const STAR_WANTS_INT: &str = "* wants int";
pub const CHARACTER_RANGE: &str = "%c arg not in range(0x110000)";

/// The text of a ValueError.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PercentError(pub String);

/// The pieces of a format string.
pub struct Pieces<'a> {
    text: StrView<'a>,
    at: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(text: StrView<'a>) -> Self {
        Pieces { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).and_then(|c| u8::try_from(c).ok())
    }

    fn literal(&mut self, start: usize) -> Piece {
        let at = self.at;
        let rest = self.text.slice(at..self.text.len());
        let length = each_width!(rest, units => units.iter().position(|unit| u32::from(*unit) == u32::from(b'%')));
        self.at = length.map_or(self.text.len(), |length| at + length);
        Piece::Literal(start..self.at)
    }

    fn conversion(&mut self) -> Result<Conversion, PercentError> {
        let key = self.key()?;
        let mut flags = Flags::default();
        loop {
            match self.peek() {
                Some(b'-') => flags.left = true,
                Some(b'+') => flags.plus = true,
                Some(b' ') => flags.space = true,
                Some(b'#') => flags.alternate = true,
                Some(b'0') => flags.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        let width = self.amount("width too big", isize::MAX as usize)?;
        let precision = if self.peek() == Some(b'.') {
            self.at += 1;
            match self.amount("precision too big", i32::MAX as usize)? {
                Amount::None => Amount::Given(0),
                amount => amount,
            }
        } else {
            Amount::None
        };
        if matches!(self.peek(), Some(b'h' | b'l' | b'L')) {
            self.at += 1;
        }
        let index = self.at;
        let Some(kind) = self.text.get(index) else {
            return Err(PercentError("incomplete format".into()));
        };
        self.at += 1;
        Ok(Conversion { key, flags, width, precision, kind, index })
    }

    fn key(&mut self) -> Result<Option<Range<usize>>, PercentError> {
        if self.peek() != Some(b'(') {
            return Ok(None);
        }
        let start = self.at + 1;
        let mut depth = 0;
        while self.at < self.text.len() {
            match self.peek() {
                Some(b'(') => depth += 1,
                Some(b')') => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(Some(start..self.at - 1));
            }
        }
        Err(PercentError("incomplete format key".into()))
    }

    fn amount(&mut self, too_big: &str, limit: usize) -> Result<Amount, PercentError> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Ok(Amount::Argument);
        }
        let mut amount = Amount::None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let before = match amount {
                Amount::Given(value) => value,
                _ => 0,
            };
            let value = before
                .checked_mul(10)
                .and_then(|value| value.checked_add(usize::from(digit - b'0')))
                .filter(|value| *value <= limit)
                .ok_or_else(|| PercentError(too_big.into()))?;
            amount = Amount::Given(value);
            self.at += 1;
        }
        Ok(amount)
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Piece, PercentError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.text.len() {
            return None;
        }
        if self.peek() != Some(b'%') {
            let start = self.at;
            return Some(Ok(self.literal(start)));
        }
        self.at += 1;
        if self.peek() == Some(b'%') {
            // The second percent sign begins a literal.
            let start = self.at;
            self.at += 1;
            return Some(Ok(self.literal(start)));
        }
        Some(self.conversion().map(Piece::Conversion))
    }
}

impl Conversion {
    /// The text of the ValueError for a conversion type that does not exist.
    pub fn unsupported(&self) -> String {
        let shown = match self.kind {
            kind @ 0x20..0x80 => char::from(kind as u8),
            _ => '?',
        };
        format!("unsupported format character '{shown}' (0x{:x}) at index {}", self.kind, self.index)
    }
}

/// Digits of an integer conversion (`d i u o x X`), with sign and prefix but
/// without padding to the width. `kind` is one of these.
pub fn int_text(value: IntRef<'_>, kind: u8, flags: Flags, precision: Option<usize>) -> NumberText {
    let (radix, prefix) = match kind {
        b'o' => (8, "0o"),
        b'x' => (16, "0x"),
        b'X' => (16, "0X"),
        _ => (10, ""),
    };
    let digits = int::to_text(value.abs(), radix);
    let zeros = precision.unwrap_or(0).saturating_sub(digits.len());
    let mut digits = "0".repeat(zeros) + &digits;
    if kind == b'X' {
        digits.make_ascii_uppercase();
    }
    NumberText {
        prefix: format!("{}{}", sign(value.negative, flags), if flags.alternate { prefix } else { "" }),
        digits,
    }
}

/// Text of a float conversion (`e E f F g G`), as `int_text`.
pub fn float_text(value: f64, kind: u8, flags: Flags, precision: Option<usize>) -> NumberText {
    let notation = match kind.to_ascii_lowercase() {
        b'e' => Notation::Exponent,
        b'f' => Notation::Fixed,
        _ => Notation::General,
    };
    let float_flags = FloatFlags { alternate: flags.alternate, upper: kind.is_ascii_uppercase(), dot_zero: false };
    let text = float::format(value, notation, precision.unwrap_or(6), float_flags);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, text),
    };
    NumberText { prefix: sign(negative, flags).to_owned(), digits }
}

fn sign(negative: bool, flags: Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

/// A converted number before padding; all ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberText {
    pub prefix: String,
    pub digits: String,
}

impl NumberText {
    /// Padded to the width: zeros go between prefix and digits.
    pub fn padded(&self, flags: Flags, width: usize) -> String {
        let NumberText { prefix, digits } = self;
        let missing = width.saturating_sub(prefix.len() + digits.len());
        let fill = if flags.zero && !flags.left { "0" } else { " " };
        let fill = fill.repeat(missing);
        if flags.left {
            [prefix, digits, fill.as_str()].concat()
        } else if flags.zero {
            [prefix, fill.as_str(), digits].concat()
        } else {
            [fill.as_str(), prefix, digits].concat()
        }
    }
}
