//! From floats to decimal text. A given number of digits comes from the standard
//! library, which rounds exactly, the fewest digits from `ryu`; placing the point follows
//! Python's rules.
//!
//! Tests: tests/lang/float.md, tests/float.rs; CPython test_float, test_strtod.

/// How the digits are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `e`: `precision` digits after the point and an exponent.
    Exponent,
    /// `f`: `precision` digits after the point.
    Fixed,
    /// `g`: `precision` significant digits, the shorter layout.
    General,
    /// `r`: the fewest digits that read back equal; no precision.
    Repr,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `#`: keep the point and trailing zeros.
    pub alternate: bool,
    /// `E`, `F`, `G`: capital letters, also in INF and NAN.
    pub upper: bool,
    /// Integral values end in ".0".
    pub dot_zero: bool,
}

/// `repr(value)`
pub fn repr(value: f64) -> String {
    let flags = Flags { dot_zero: true, ..Flags::default() };
    format(value, Notation::Repr, 0, flags)
}

/// The text of `value`, with a minus sign if it has one (NaN never shows it).
pub fn format(value: f64, notation: Notation, precision: usize, flags: Flags) -> String {
    let text = if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value < 0.0 { "-inf" } else { "inf" }.to_owned()
    } else {
        finite(value, notation, precision, flags)
    };
    if flags.upper { text.to_uppercase() } else { text }
}

/// `0.digits * 10 ** point`
struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

/// No double has more significant digits or decimal places than this; what
/// is asked beyond it is zeros.
const MAX_DIGITS: usize = 1100;

impl Decimal {
    /// Of two shortest texts that are equally near, the one that ends in an even digit;
    /// the standard library takes the larger one.
    fn shortest(value: f64) -> Self {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        let exponent: i32 = exponent.parse().unwrap_or(0);
        if leading == digits.len() {
            return Decimal { digits: vec![b'0'], point: 1 };
        }
        digits.drain(..leading);
        let mut decimal = Decimal { digits, point: whole.len() as i32 + exponent - leading as i32 };
        decimal.trim_zeros();
        decimal
    }

    /// Exactly `count` digits (at least one).
    fn significant(value: f64, count: usize) -> Self {
        let precision = count.saturating_sub(1).min(MAX_DIGITS);
        let mut decimal = Self::from_scientific(&format!("{value:.precision$e}"));
        decimal.digits.resize(count.max(1), b'0');
        decimal
    }

    /// Digits down to `places` after the point.
    fn fixed(value: f64, places: usize) -> Self {
        let precision = places.min(MAX_DIGITS);
        let text = format!("{value:.precision$}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let whole = whole.trim_start_matches('0');
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        digits.resize(whole.len() + places, b'0');
        Decimal { digits, point: whole.len() as i32 }
    }

    fn from_scientific(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let is_zero = digits.iter().all(|digit| *digit == b'0');
        Decimal { digits, point: if is_zero { 1 } else { exponent + 1 } }
    }

    fn trim_zeros(&mut self) {
        while self.digits.len() > 1 && self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
    }
}

fn finite(value: f64, notation: Notation, precision: usize, flags: Flags) -> String {
    let magnitude = value.abs();
    let (decimal, with_exponent) = match notation {
        Notation::Exponent => (Decimal::significant(magnitude, precision + 1), true),
        Notation::Fixed => (Decimal::fixed(magnitude, precision), false),
        Notation::General => {
            let precision = precision.max(1);
            let mut decimal = Decimal::significant(magnitude, precision);
            if !flags.alternate {
                decimal.trim_zeros();
            }
            let limit = precision as i64 - i64::from(flags.dot_zero);
            let with_exponent = decimal.point <= -4 || i64::from(decimal.point) > limit;
            (decimal, with_exponent)
        }
        Notation::Repr => {
            let decimal = Decimal::shortest(magnitude);
            let with_exponent = decimal.point <= -4 || decimal.point > 16;
            (decimal, with_exponent)
        }
    };
    let mut text = String::with_capacity(decimal.digits.len() + 8);
    if value.is_sign_negative() {
        text.push('-');
    }
    if with_exponent {
        push_exponent_form(&mut text, &decimal, flags);
    } else {
        push_point_form(&mut text, &decimal, flags);
    }
    text
}

fn push_exponent_form(text: &mut String, decimal: &Decimal, flags: Flags) {
    push_digits(text, &decimal.digits[..1]);
    if decimal.digits.len() > 1 || flags.alternate {
        text.push('.');
        push_digits(text, &decimal.digits[1..]);
    }
    let exponent = decimal.point - 1;
    let sign = if exponent < 0 { '-' } else { '+' };
    text.push_str(&format!("e{sign}{:02}", exponent.abs()));
}

fn push_point_form(text: &mut String, decimal: &Decimal, flags: Flags) {
    let digits = &decimal.digits;
    let whole = usize::try_from(decimal.point).unwrap_or(0);
    let zeros_before = usize::try_from(-decimal.point).unwrap_or(0);
    if whole == 0 {
        text.push('0');
    } else {
        push_digits(text, &digits[..whole.min(digits.len())]);
        push_zeros(text, whole.saturating_sub(digits.len()));
    }
    let fraction = &digits[whole.min(digits.len())..];
    if !fraction.is_empty() {
        text.push('.');
        push_zeros(text, zeros_before);
        push_digits(text, fraction);
    } else if flags.dot_zero {
        text.push_str(".0");
    } else if flags.alternate {
        text.push('.');
    }
}

fn push_digits(text: &mut String, digits: &[u8]) {
    text.extend(digits.iter().map(|digit| char::from(*digit)));
}

fn push_zeros(text: &mut String, count: usize) {
    text.extend(std::iter::repeat_n('0', count));
}
