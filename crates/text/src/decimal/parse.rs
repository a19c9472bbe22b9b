//! From text.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use dashu_int::UBig;

use super::{Coef, Decimal, Kind};

/// Exponents beyond this are as good as it: nothing representable comes of them.
const FAR: i64 = 4_000_000_000_000_000_000;

/// The coefficient of decimal digits.
pub fn coefficient(digits: &[u8]) -> Coef {
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    let digits = &digits[zeros..];
    if digits.len() <= 19 {
        return Coef::Small(u128::from(small(digits)));
    }
    if digits.len() <= 38 {
        let (high, low) = digits.split_at(digits.len() - 19);
        return Coef::Small(u128::from(small(high)) * 10u128.pow(19) + u128::from(small(low)));
    }
    let text = std::str::from_utf8(digits).unwrap_or("0");
    Coef::from_big(UBig::from_str_radix(text, 10).unwrap_or(UBig::ZERO))
}

/// The value of at most 19 digits.
fn small(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |v, b| v * 10 + u64::from(b - b'0'))
}

/// The number that the text is, exactly as written; `None` if it is none.
pub fn parse(text: &[u8]) -> Option<Decimal> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    match rest.first()? {
        b'0'..=b'9' | b'.' => number(negative, rest),
        _ => special(negative, rest),
    }
}

fn special(negative: bool, text: &[u8]) -> Option<Decimal> {
    if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") {
        return Some(Decimal::infinity(negative));
    }
    let (kind, rest) = match text {
        [b's' | b'S', rest @ ..] => (Kind::Snan, rest),
        _ => (Kind::Nan, text),
    };
    let (name, payload) = rest.split_at_checked(3)?;
    if !name.eq_ignore_ascii_case(b"nan") || !payload.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(Decimal { negative, kind, exp: 0, coef: coefficient(payload) })
}

fn number(negative: bool, text: &[u8]) -> Option<Decimal> {
    let end = text.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(end);
    let exp = match exponent {
        [] => 0,
        [_, rest @ ..] => parse_exponent(rest)?,
    };
    let point = mantissa.iter().position(|b| *b == b'.');
    let is_digits = |b: &[u8]| b.iter().all(u8::is_ascii_digit);
    let Some(point) = point else {
        return is_digits(mantissa).then(|| Decimal::new(negative, coefficient(mantissa), exp));
    };
    let (whole, fraction) = (&mantissa[..point], &mantissa[point + 1..]);
    if !is_digits(whole) || !is_digits(fraction) || mantissa.len() == 1 {
        return None;
    }
    let exp = (exp - fraction.len() as i64).max(-FAR);
    if mantissa.len() <= 39 {
        // No copy of the digits is wanted.
        let scale = 10u128.checked_pow(fraction.len() as u32);
        if let (Coef::Small(w), Coef::Small(f), Some(scale)) = (coefficient(whole), coefficient(fraction), scale) {
            return Some(Decimal::small(negative, w * scale + f, exp));
        }
    }
    let digits = [whole, fraction].concat();
    Some(Decimal::new(negative, coefficient(&digits), exp))
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i64, |v, b| (v * 10 + i64::from(b - b'0')).min(FAR / 10));
    let value = if value >= FAR / 10 {
        // Saturated on the way, or just large: the exact value counts only below.
        std::str::from_utf8(digits).ok()?.parse::<i64>().map_or(FAR, |v| v.min(FAR))
    } else {
        value
    };
    Some(if negative { -value } else { value })
}
