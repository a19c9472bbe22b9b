//! The format mini-language: `format(value, spec)` for str, int, float, complex.
//!
//! Results are plans (`Formatted`), not strings, since the fill may be any code
//! point; `Formatted::write` puts one into a `StrBuf`.
//! Tests: tests/format.rs, against CPython.

mod number;
mod parse;
pub mod simple;

use crate::int::IntRef;
use crate::strview::{StrBuf, StrView};

pub use parse::{Align, Grouping, Sign, Spec};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// ValueError
    Value(String),
    /// OverflowError
    Overflow(&'static str),
    /// MemoryError
    Memory,
}

pub type Result<T> = std::result::Result<T, FormatError>;

/// Number layout of a locale, for type `n`.
#[derive(Clone, Copy, Debug)]
pub struct Locale<'a> {
    pub decimal_point: &'a str,
    pub thousands_separator: &'a str,
    /// As in C's `lconv`: group sizes from the right, the last one repeating,
    /// 127 for "no further groups"; empty for no grouping.
    pub grouping: &'a [u8],
}

impl Locale<'_> {
    pub const C: Locale<'static> = Locale { decimal_point: ".", thousands_separator: "", grouping: &[] };
}

/// Padded text: `left` fills, `prefix`, `inner` fills, `body`, `right` fills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formatted {
    pub left: usize,
    /// Sign and base prefix.
    pub prefix: String,
    pub inner: usize,
    pub body: String,
    /// The code point of type `c`, which may be a lone surrogate.
    pub character: Option<u32>,
    pub right: usize,
    pub fill: u32,
}

impl Formatted {
    /// Length in code points.
    pub fn len(&self) -> usize {
        let text = self.prefix.chars().count() + self.body.chars().count();
        self.left + self.inner + self.right + text + usize::from(self.character.is_some())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn write(&self, out: &mut StrBuf) {
        out.push_repeated(self.fill, self.left);
        out.push_str(&self.prefix);
        out.push_repeated(self.fill, self.inner);
        out.push_str(&self.body);
        out.extend(self.character);
        out.push_repeated(self.fill, self.right);
    }

    /// Distributes what is missing to the width as the alignment says.
    fn pad(mut self, spec: &Spec) -> Self {
        let missing = spec.width.unwrap_or(0).saturating_sub(self.len());
        self.fill = spec.fill;
        match spec.align {
            Align::Left => self.right = missing,
            Align::Right => self.left = missing,
            Align::Center => {
                self.left = missing / 2;
                self.right = missing - missing / 2;
            }
            Align::AfterSign => self.inner = missing,
        }
        self
    }
}

/// What `format(str, spec)` keeps and adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrPlan {
    pub left: usize,
    /// How many code points of the value are kept.
    pub keep: usize,
    pub right: usize,
    pub fill: u32,
}

/// `format(value, spec)` for a string of `len` code points.
pub fn string(spec: StrView<'_>, len: usize, type_name: &str) -> Result<StrPlan> {
    let spec = Spec::parse(spec, Some(b's'), Align::Left, type_name)?;
    if spec.kind != Some(u32::from(b's')) {
        return Err(spec.unknown_kind(type_name));
    }
    let refuse = |what: &str| Err(FormatError::Value(format!("{what} not allowed in string format specifier")));
    match spec.sign {
        Some(Sign::Space) => return refuse("Space"),
        Some(_) => return refuse("Sign"),
        None => {}
    }
    if spec.no_negative_zero {
        return refuse("Negative zero coercion (z)");
    }
    if spec.alternate {
        return refuse("Alternate form (#)");
    }
    if spec.align == Align::AfterSign {
        return refuse("'=' alignment");
    }
    let keep = spec.precision.map_or(len, |precision| precision.min(len));
    let missing = spec.width.unwrap_or(0).saturating_sub(keep);
    let left = match spec.align {
        Align::Right => missing,
        Align::Center => missing / 2,
        _ => 0,
    };
    Ok(StrPlan { left, keep, right: missing - left, fill: spec.fill })
}

/// `format(value, spec)` for an int.
pub fn int(spec: StrView<'_>, value: IntRef<'_>, type_name: &str, locale: &Locale<'_>) -> Result<Formatted> {
    let spec = Spec::parse(spec, Some(b'd'), Align::Right, type_name)?;
    number::int(&spec, value, type_name, locale)
}

/// `format(value, spec)` for a float.
pub fn float(spec: StrView<'_>, value: f64, type_name: &str, locale: &Locale<'_>) -> Result<Formatted> {
    let spec = Spec::parse(spec, None, Align::Right, type_name)?;
    number::float(&spec, value, type_name, locale)
}

/// `format(complex(real, imag), spec)`
pub fn complex(spec: StrView<'_>, real: f64, imag: f64, type_name: &str, locale: &Locale<'_>) -> Result<Formatted> {
    let spec = Spec::parse(spec, None, Align::Right, type_name)?;
    number::complex(&spec, real, imag, type_name, locale)
}
