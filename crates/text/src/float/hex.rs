//! `float.hex` and `float.fromhex`.

use super::parse::trim_space;
use crate::int::round_scaled;

/// `value.hex()`
pub fn hex(value: f64) -> String {
    if !value.is_finite() {
        return super::repr(value);
    }
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let fraction = bits & ((1 << 52) - 1);
    let biased = (bits >> 52 & 0x7ff) as i64;
    if value == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let (lead, exponent) = if biased == 0 { (0, -1022) } else { (1, biased - 1023) };
    format!("{sign}0x{lead}.{fraction:013x}p{exponent:+}")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromHexError {
    /// "invalid hexadecimal floating-point string"
    Invalid,
    /// "hexadecimal value too large to represent as a float"
    TooLarge,
}

/// `float.fromhex(text)`
pub fn from_hex(text: &[u8]) -> Result<f64, FromHexError> {
    let text = trim_space(text);
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let magnitude = match body.to_ascii_lowercase().as_slice() {
        b"inf" | b"infinity" => f64::INFINITY,
        b"nan" => f64::NAN,
        body => magnitude(body.strip_prefix(b"0x").unwrap_or(body))?,
    };
    Ok(if negative { -magnitude } else { magnitude })
}

fn magnitude(body: &[u8]) -> Result<f64, FromHexError> {
    let mut mantissa = 0u128;
    let mut sticky = false;
    let mut exponent = 0i64;
    let (mut seen_point, mut seen_digit) = (false, false);
    let mut rest = body;
    while let [byte, tail @ ..] = rest {
        match (byte, char::from(*byte).to_digit(16)) {
            (b'.', _) if !seen_point => seen_point = true,
            (_, Some(digit)) => {
                seen_digit = true;
                if mantissa >> 120 == 0 {
                    mantissa = mantissa << 4 | u128::from(digit);
                    exponent -= if seen_point { 4 } else { 0 };
                } else {
                    sticky |= digit != 0;
                    exponent += if seen_point { 0 } else { 4 };
                }
            }
            _ => break,
        }
        rest = tail;
    }
    if !seen_digit {
        return Err(FromHexError::Invalid);
    }
    if let [b'p', tail @ ..] = rest {
        let digits = tail.strip_prefix(b"+").unwrap_or(tail);
        let (sign, digits) = match digits.strip_prefix(b"-") {
            Some(digits) if digits.len() == tail.len() - 1 => (-1, digits),
            _ => (1, digits),
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(FromHexError::Invalid);
        }
        let power =
            digits.iter().fold(0i64, |power, digit| power.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        exponent = exponent.saturating_add(sign * power.min(1 << 60));
    } else if !rest.is_empty() {
        return Err(FromHexError::Invalid);
    }
    round_scaled(mantissa, sticky, exponent).ok_or(FromHexError::TooLarge)
}
