//! Complex numbers: text.

use crate::float::{self, Flags, Notation};

/// `repr(complex(real, imag))`
pub fn repr(real: f64, imag: f64) -> String {
    let part = |value| float::format(value, Notation::Repr, 0, Flags::default());
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", part(imag));
    }
    let imag = part(imag);
    let plus = if imag.starts_with('-') { "" } else { "+" };
    format!("({}{plus}{imag}j)", part(real))
}

/// The value of ASCII text as `complex()` reads it, or `None` for "complex() arg
/// is a malformed string".
pub fn parse(text: &[u8]) -> Option<(f64, f64)> {
    let mut text = float::trim_space(text);
    if let [b'(', inner @ .., b')'] = text {
        text = float::trim_space(inner);
    }
    let plain;
    if text.contains(&b'_') {
        plain = without_underscores(text)?;
        text = &plain;
    }
    let (first, rest) = number(text);
    match (first, rest) {
        (Some(real), []) => Some((real, 0.0)),
        (Some(imag), [b'j' | b'J']) => Some((0.0, imag)),
        (None, [b'j' | b'J']) => Some((0.0, 1.0)),
        (None, [sign @ (b'+' | b'-'), b'j' | b'J']) => Some((0.0, unit(*sign))),
        (Some(real), [sign @ (b'+' | b'-'), b'j' | b'J']) => Some((real, unit(*sign))),
        (Some(real), [b'+' | b'-', ..]) => match number(rest) {
            (Some(imag), [b'j' | b'J']) => Some((real, imag)),
            _ => None,
        },
        _ => None,
    }
}

fn unit(sign: u8) -> f64 {
    if sign == b'-' { -1.0 } else { 1.0 }
}

/// A float at the start of the text, and what follows it.
fn number(text: &[u8]) -> (Option<f64>, &[u8]) {
    let (number, rest) = text.split_at(float::prefix_len(text));
    (float::parse(number), rest)
}

fn without_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let mut plain = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if *byte != b'_' {
            plain.push(*byte);
        } else if index == 0 || !is_digit(text.get(index - 1)) || !is_digit(text.get(index + 1)) {
            return None;
        }
    }
    Some(plain)
}
