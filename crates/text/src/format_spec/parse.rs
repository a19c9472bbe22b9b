//! The grammar `[[fill]align][sign][z][#][0][width][,_][.precision[,_]][type]`.

use super::{FormatError, Result};
use crate::strview::StrView;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    Center,
    AfterSign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Plus,
    Minus,
    Space,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    Comma,
    Underscore,
}

impl Grouping {
    pub(super) fn as_char(self) -> char {
        match self {
            Grouping::Comma => ',',
            Grouping::Underscore => '_',
        }
    }
}

#[derive(Clone, Debug)]
pub struct Spec {
    pub fill: u32,
    pub align: Align,
    pub sign: Option<Sign>,
    pub no_negative_zero: bool,
    pub alternate: bool,
    pub width: Option<usize>,
    pub grouping: Option<Grouping>,
    pub precision: Option<usize>,
    pub fraction_grouping: Option<Grouping>,
    /// The presentation type, a code point.
    pub kind: Option<u32>,
}

struct Reader<'a> {
    text: StrView<'a>,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).and_then(char::from_u32)
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn number(&mut self) -> Result<Option<usize>> {
        let start = self.at;
        let mut value = 0usize;
        while let Some(digit) = self.text.get(self.at).and_then(crate::unicode::decimal) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(digit as usize))
                .filter(|value| isize::try_from(*value).is_ok())
                .ok_or_else(|| value_error("Too many decimal digits in format string"))?;
            self.at += 1;
        }
        Ok((self.at > start).then_some(value))
    }

    fn grouping(&mut self) -> Result<Option<Grouping>> {
        let comma = self.eat(',');
        let underscore = self.eat('_');
        if underscore && (comma || self.peek() == Some(',')) {
            return Err(value_error("Cannot specify both ',' and '_'."));
        }
        Ok(match (comma, underscore) {
            (true, _) => Some(Grouping::Comma),
            (_, true) => Some(Grouping::Underscore),
            _ => None,
        })
    }
}

fn align_of(code_point: Option<u32>) -> Option<Align> {
    match char::from_u32(code_point?)? {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Center),
        '=' => Some(Align::AfterSign),
        _ => None,
    }
}

pub(super) fn value_error(text: impl Into<String>) -> FormatError {
    FormatError::Value(text.into())
}

impl Spec {
    pub fn parse(text: StrView<'_>, default_kind: Option<u8>, default_align: Align, type_name: &str) -> Result<Spec> {
        let mut reader = Reader { text, at: 0 };
        let mut spec = Spec {
            fill: u32::from(b' '),
            align: default_align,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            width: None,
            grouping: None,
            precision: None,
            fraction_grouping: None,
            kind: default_kind.map(u32::from),
        };
        let mut fill_given = false;
        let mut align_given = true;
        if let Some(align) = align_of(text.get(1)) {
            spec.align = align;
            spec.fill = text.get(0).unwrap_or(spec.fill);
            fill_given = true;
            reader.at = 2;
        } else if let Some(align) = align_of(text.get(0)) {
            spec.align = align;
            reader.at = 1;
        } else {
            align_given = false;
        }
        spec.sign = match reader.peek() {
            Some('+') => Some(Sign::Plus),
            Some('-') => Some(Sign::Minus),
            Some(' ') => Some(Sign::Space),
            _ => None,
        };
        reader.at += usize::from(spec.sign.is_some());
        spec.no_negative_zero = reader.eat('z');
        spec.alternate = reader.eat('#');
        if !fill_given && reader.eat('0') {
            spec.fill = u32::from(b'0');
            if !align_given && default_align == Align::Right {
                spec.align = Align::AfterSign;
            }
        }
        spec.width = reader.number()?;
        // A vector that cannot grow ends the process.
        if spec.width.is_some_and(|n| n > 1 << 26 && Vec::<u8>::new().try_reserve_exact(n).is_err()) {
            return Err(FormatError::Memory);
        }
        spec.grouping = reader.grouping()?;
        if reader.eat('.') {
            spec.precision = reader.number()?;
            spec.fraction_grouping = reader.grouping()?;
            if spec.precision.is_none() && spec.fraction_grouping.is_none() {
                return Err(value_error("Format specifier missing precision"));
            }
        }
        match text.len() - reader.at {
            0 => {}
            1 => spec.kind = text.get(reader.at),
            _ => {
                return Err(value_error(format!(
                    "Invalid format specifier '{}' for object of type '{type_name}'",
                    text.to_utf8_lossy(),
                )));
            }
        }
        spec.check_grouping()?;
        Ok(spec)
    }

    fn check_grouping(&self) -> Result<()> {
        let kind = self.kind_char();
        if let Some(grouping) = self.grouping {
            let allowed = match kind {
                None | Some('d' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F') => true,
                Some('b' | 'o' | 'x' | 'X') => grouping == Grouping::Underscore,
                _ => false,
            };
            if !allowed {
                return Err(self.bad_grouping(grouping));
            }
        }
        match self.fraction_grouping {
            Some(grouping) if kind == Some('n') => Err(self.bad_grouping(grouping)),
            _ => Ok(()),
        }
    }

    fn bad_grouping(&self, grouping: Grouping) -> FormatError {
        let kind = self.shown_kind();
        value_error(format!("Cannot specify '{}' with '{kind}'.", grouping.as_char()))
    }

    pub(super) fn kind_char(&self) -> Option<char> {
        self.kind.map(|kind| char::from_u32(kind).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn shown_kind(&self) -> String {
        match self.kind {
            Some(kind @ 0x21..0x80) => char::from(kind as u8).to_string(),
            kind => format!("\\x{:x}", kind.unwrap_or(0)),
        }
    }

    pub(super) fn unknown_kind(&self, type_name: &str) -> FormatError {
        let kind = self.shown_kind();
        value_error(format!("Unknown format code '{kind}' for object of type '{type_name}'"))
    }

    /// Digits between separators.
    pub(super) fn group_size(&self) -> usize {
        match self.kind_char() {
            Some('b' | 'o' | 'x' | 'X') => 4,
            _ => 3,
        }
    }
}
