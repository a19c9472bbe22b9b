//! Numbers in the format mini-language.

use super::parse::{Align, Sign, Spec, value_error};
use super::{FormatError, Formatted, Locale, Result};
use crate::float::{self, Flags, Notation};
use crate::int::{self, IntRef};

/// A precision from which on a float is not formatted.
const MAX_PRECISION: usize = i32::MAX as usize - 1023;

/// How digits are separated.
struct Separators<'a> {
    point: &'a str,
    thousands: String,
    /// Group sizes from the right; the last one repeats.
    sizes: Vec<usize>,
    fraction: Option<char>,
}

impl<'a> Separators<'a> {
    fn new(spec: &Spec, locale: &Locale<'a>) -> Self {
        let fraction = spec.fraction_grouping.map(|grouping| grouping.as_char());
        if spec.kind_char() == Some('n') {
            return Separators {
                point: locale.decimal_point,
                thousands: locale.thousands_separator.to_owned(),
                sizes: locale.grouping.iter().map(|size| usize::from(*size)).collect(),
                fraction,
            };
        }
        let thousands = spec.grouping.map(|grouping| grouping.as_char());
        Separators {
            point: ".",
            sizes: thousands.iter().map(|_| spec.group_size()).collect(),
            thousands: thousands.map(String::from).unwrap_or_default(),
            fraction,
        }
    }

    /// `digits` with separators, filled with zeros to `min_width`.
    fn group(&self, digits: &str, min_width: usize) -> String {
        if self.sizes.is_empty() {
            return zero_filled(digits, min_width);
        }
        let width = self.thousands.chars().count() as isize;
        let mut rest = digits;
        let mut missing = min_width as isize;
        let mut groups: Vec<String> = Vec::new();
        let mut sizes = self.sizes.iter().copied();
        let mut size = 3;
        loop {
            size = match sizes.next() {
                Some(0) | None => size,
                Some(127) => usize::MAX >> 1,
                Some(next) => next,
            };
            let len = size.min((rest.len() as isize).max(missing).max(1) as usize);
            let (before, group) = rest.split_at(rest.len() - len.min(rest.len()));
            groups.push(zero_filled(group, len));
            rest = before;
            missing -= len as isize;
            if rest.is_empty() && missing <= 0 {
                break;
            }
            missing -= width;
        }
        groups.reverse();
        groups.join(&self.thousands)
    }

    fn group_fraction(&self, digits: &str) -> String {
        let Some(separator) = self.fraction else {
            return digits.to_owned();
        };
        let mut out = String::with_capacity(digits.len() * 4 / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && index % 3 == 0 {
                out.push(separator);
            }
            out.push(digit);
        }
        out
    }
}

/// Zeros before `digits` up to `width`. (Widths in format strings stop at 65535.)
fn zero_filled(digits: &str, width: usize) -> String {
    "0".repeat(width.saturating_sub(digits.len())) + digits
}

/// Text of a number, taken apart.
struct Parts<'a> {
    negative: bool,
    prefix: &'a str,
    whole: &'a str,
    /// The point, the fraction, the exponent: what follows the whole digits.
    has_point: bool,
    fraction: &'a str,
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes apart what `float::format` wrote (without its sign).
    fn of_float(negative: bool, text: &'a str) -> Self {
        let digits_of = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = text.split_at(digits_of(text));
        let (has_point, rest) = match rest.strip_prefix('.') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (fraction, rest) = rest.split_at(if has_point { digits_of(rest) } else { 0 });
        Parts { negative, prefix: "", whole, has_point, fraction, rest }
    }

    /// Signed, grouped and padded.
    fn layout(&self, spec: &Spec, separators: &Separators<'_>) -> Formatted {
        let sign = match (self.negative, spec.sign) {
            (true, _) => "-",
            (false, Some(Sign::Plus)) => "+",
            (false, Some(Sign::Space)) => " ",
            (false, _) => "",
        };
        let mut tail = String::new();
        if self.has_point {
            tail.push_str(separators.point);
        }
        tail.push_str(&separators.group_fraction(self.fraction));
        tail.push_str(self.rest);
        let prefix = format!("{sign}{}", self.prefix);
        let zero_filled = spec.fill == u32::from(b'0') && spec.align == Align::AfterSign;
        let taken = prefix.chars().count() + tail.chars().count();
        let min_width = match spec.width {
            Some(width) if zero_filled => width.saturating_sub(taken),
            _ => 0,
        };
        let whole = match self.whole {
            // Infinity and NaN have no digits to group.
            "" => String::new(),
            whole => separators.group(whole, min_width),
        };
        Formatted { prefix, body: whole + &tail, ..Formatted::default() }.pad(spec)
    }
}

pub fn int(spec: &Spec, value: IntRef<'_>, type_name: &str, locale: &Locale<'_>) -> Result<Formatted> {
    let (radix, prefix) = match spec.kind_char() {
        Some('d' | 'n') => (10, ""),
        Some('b') => (2, "0b"),
        Some('o') => (8, "0o"),
        Some('x') => (16, "0x"),
        Some('X') => (16, "0X"),
        Some('c') => return character(spec, value),
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            let Some(value) = int::to_f64(value) else {
                return Err(FormatError::Overflow("int too large to convert to float"));
            };
            return float(spec, value, type_name, locale);
        }
        _ => return Err(spec.unknown_kind(type_name)),
    };
    check_int_options(spec)?;
    let mut digits = int::to_text(value.abs(), radix);
    if prefix == "0X" {
        digits.make_ascii_uppercase();
    }
    let parts = Parts {
        negative: value.negative,
        prefix: if spec.alternate { prefix } else { "" },
        whole: &digits,
        has_point: false,
        fraction: "",
        rest: "",
    };
    Ok(parts.layout(spec, &Separators::new(spec, locale)))
}

fn check_int_options(spec: &Spec) -> Result<()> {
    if spec.precision.is_some() {
        return Err(value_error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    Ok(())
}

/// Type `c`.
fn character(spec: &Spec, value: IntRef<'_>) -> Result<Formatted> {
    check_int_options(spec)?;
    let refuse = |what: &str| Err(value_error(format!("{what} not allowed with integer format specifier 'c'")));
    if spec.sign.is_some() {
        return refuse("Sign");
    }
    if spec.alternate {
        return refuse("Alternate form (#)");
    }
    if value.to_i64().is_none() {
        return Err(FormatError::Overflow("Python int too large to convert to C long"));
    }
    let code_point = value.to_u64().filter(|value| *value < 0x11_0000);
    let Some(code_point) = code_point else {
        return Err(FormatError::Overflow("%c arg not in range(0x110000)"));
    };
    Ok(Formatted { character: Some(code_point as u32), ..Formatted::default() }.pad(spec))
}

pub fn float(spec: &Spec, value: f64, type_name: &str, locale: &Locale<'_>) -> Result<Formatted> {
    let (value, percent) = match spec.kind_char() {
        Some('%') => (value * 100.0, "%"),
        _ => (value, ""),
    };
    let (negative, text) = float_text(spec, value, type_name, true)?;
    let text = text + percent;
    let parts = Parts::of_float(negative, &text);
    Ok(parts.layout(spec, &Separators::new(spec, locale)))
}

/// Sign and unsigned text of a float.
fn float_text(spec: &Spec, value: f64, type_name: &str, is_float: bool) -> Result<(bool, String)> {
    let mut precision = spec.precision.unwrap_or(6);
    let mut dot_zero = false;
    let notation = match spec.kind_char() {
        None => {
            dot_zero = is_float;
            match spec.precision {
                Some(_) => Notation::General,
                None => {
                    precision = 0;
                    Notation::Repr
                }
            }
        }
        Some('e' | 'E') => Notation::Exponent,
        Some('f' | 'F') => Notation::Fixed,
        Some('%') if is_float => Notation::Fixed,
        Some('g' | 'G' | 'n') => Notation::General,
        _ => return Err(spec.unknown_kind(type_name)),
    };
    // As much room as CPython leaves below the largest C int.
    if precision >= MAX_PRECISION {
        return Err(value_error("precision too big"));
    }
    let flags = Flags { alternate: spec.alternate, upper: matches!(spec.kind_char(), Some('E' | 'F' | 'G')), dot_zero };
    let text = float::format(value, notation, precision, flags);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.to_owned()),
        None => (false, text),
    };
    let is_zero = || {
        let mantissa = text.split(['e', 'E']).next().unwrap_or("");
        mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'))
    };
    Ok((negative && !(spec.no_negative_zero && is_zero()), text))
}

pub fn complex(spec: &Spec, real: f64, imag: f64, type_name: &str, locale: &Locale<'_>) -> Result<Formatted> {
    if spec.kind_char() == Some('%') {
        return Err(spec.unknown_kind(type_name));
    }
    let is_plain = spec.kind.is_none();
    let (real_negative, real_text) = float_text(spec, real, type_name, false)?;
    let (imag_negative, imag_text) = float_text(spec, imag, type_name, false)?;
    if spec.fill == u32::from(b'0') {
        return Err(value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == Align::AfterSign {
        return Err(value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let separators = Separators::new(spec, locale);
    let unpadded = Spec { width: None, ..spec.clone() };
    let skip_real = is_plain && real == 0.0 && real.is_sign_positive();
    let mut body = String::new();
    let mut push = |negative, text: &str, spec: &Spec| {
        let part = Parts::of_float(negative, text).layout(spec, &separators);
        body.push_str(&part.prefix);
        body.push_str(&part.body);
    };
    if skip_real {
        push(imag_negative, &imag_text, &unpadded);
    } else {
        let signed = Spec { sign: Some(Sign::Plus), ..unpadded.clone() };
        push(real_negative, &real_text, &unpadded);
        push(imag_negative, &imag_text, &signed);
    }
    body.push('j');
    if is_plain && !skip_real {
        body = format!("({body})");
    }
    Ok(Formatted { body, ..Formatted::default() }.pad(spec))
}
