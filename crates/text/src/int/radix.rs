//! Between integers and text in radix 2 to 36.

use dashu_int::UBig;

use super::{Int, IntRef, big, bit_length, from_big};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The digits of the value with a sign, without a prefix, in lower case.
pub fn to_text(value: IntRef<'_>, radix: u32) -> String {
    debug_assert!((2..=36).contains(&radix));
    let mut text = match value.mag {
        [] => "0".to_owned(),
        &[low] => small_text(u128::from(low), radix),
        &[low, high] => small_text(u128::from(high) << 64 | u128::from(low), radix),
        mag if radix.is_power_of_two() => power_of_two_text(mag, radix.trailing_zeros()),
        mag if radix == 10 && mag.len() <= QUADRATIC => decimal(mag),
        mag if radix == 10 => big(mag).to_string(),
        mag => big(mag).in_radix(radix as u8).to_string(),
    };
    if value.negative {
        text.insert(0, '-');
    }
    text
}

/// Up to so many limbs the simple way, a digit group at a time, is the fastest.
const QUADRATIC: usize = 30;
/// Decimal digits in a group: the most that a limb always has room for.
const GROUP: usize = 19;
const GROUP_VALUE: u64 = 10u64.pow(GROUP as u32);

fn decimal(mag: &[u64]) -> String {
    let mut rest = [0u64; QUADRATIC];
    rest[..mag.len()].copy_from_slice(mag);
    let mut len = mag.len();
    // 64 bits are 19.27 digits.
    let mut buffer = [0u8; (QUADRATIC + 1) * 20];
    let mut at = buffer.len();
    while len > 0 {
        let mut remainder = 0u64;
        for limb in rest[..len].iter_mut().rev() {
            let wide = u128::from(remainder) << 64 | u128::from(*limb);
            *limb = (wide / u128::from(GROUP_VALUE)) as u64;
            remainder = (wide % u128::from(GROUP_VALUE)) as u64;
        }
        while len > 0 && rest[len - 1] == 0 {
            len -= 1;
        }
        for _ in 0..GROUP {
            if len == 0 && remainder == 0 {
                break;
            }
            at -= 1;
            buffer[at] = b'0' + (remainder % 10) as u8;
            remainder /= 10;
        }
    }
    ascii(&buffer[at..])
}

/// The value of decimal digits, a group at a time.
fn from_decimal(digits: impl Iterator<Item = u8>, count: usize) -> Vec<u64> {
    let mut limbs: Vec<u64> = Vec::with_capacity(count / GROUP + 2);
    let mut append = |group: u64, scale: u64| {
        let mut carry = group;
        for limb in &mut limbs {
            let wide = u128::from(*limb) * u128::from(scale) + u128::from(carry);
            *limb = wide as u64;
            carry = (wide >> 64) as u64;
        }
        if carry != 0 {
            limbs.push(carry);
        }
    };
    let (mut group, mut scale) = (0, 1);
    for digit in digits {
        group = group * 10 + u64::from(digit - b'0');
        scale *= 10;
        if scale == GROUP_VALUE {
            append(group, scale);
            (group, scale) = (0, 1);
        }
    }
    if scale > 1 {
        append(group, scale);
    }
    limbs
}

fn small_text(mut value: u128, radix: u32) -> String {
    if radix == 10 {
        return match u64::try_from(value) {
            Ok(value) => value.to_string(),
            Err(_) => value.to_string(),
        };
    }
    let mut buffer = [0u8; 128];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = DIGITS[(value % u128::from(radix)) as usize];
        value /= u128::from(radix);
        if value == 0 {
            break;
        }
    }
    ascii(&buffer[at..])
}

fn power_of_two_text(mag: &[u64], bits: u32) -> String {
    let digits = bit_length(mag).div_ceil(u64::from(bits));
    let mut text = String::with_capacity(digits as usize + 1);
    for digit in (0..digits).rev() {
        let at = digit * u64::from(bits);
        let (limb, offset) = ((at / 64) as usize, at % 64);
        let mut value = mag[limb] >> offset;
        if offset + u64::from(bits) > 64 && limb + 1 < mag.len() {
            value |= mag[limb + 1] << (64 - offset);
        }
        text.push(char::from(DIGITS[(value & ((1 << bits) - 1)) as usize]));
    }
    text
}

fn ascii(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// "invalid literal for int() with base ..."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError;

/// Text that follows the grammar of `int()`, not yet converted: the caller may
/// check the number of digits against the limit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned<'a> {
    pub negative: bool,
    pub radix: u32,
    /// Digits and single underscores between them.
    digits: &'a [u8],
    pub digit_count: usize,
}

/// Reads `text` as `int(text, base)` does; base 0 means as in a literal. The text
/// is ASCII: the caller has mapped other Unicode digits and spaces.
pub fn scan(text: &[u8], base: u32) -> Result<Scanned<'_>, ParseError> {
    let text = text.trim_ascii();
    // trim_ascii leaves the vertical tab and the separators 0x1c to 0x1f.
    let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ');
    let start = text.iter().position(|b| !is_space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !is_space(b)).map_or(start, |i| i + 1);
    let text = &text[start..end];

    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (prefix, unprefixed) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        _ => (0, text),
    };
    let (radix, digits, must_be_zero) = match base {
        0 if prefix != 0 => (prefix, unprefixed, false),
        // In a literal only zero itself may begin with zeros.
        0 => (10, text, text.first() == Some(&b'0')),
        base if base == prefix => (base, unprefixed, false),
        base => (base, text, false),
    };
    let digits = match digits {
        [b'_', rest @ ..] if radix == prefix && digits.len() < text.len() => rest,
        _ => digits,
    };

    let mut digit_count = 0;
    let mut after_digit = false;
    for byte in digits {
        match digit_value(*byte) {
            _ if *byte == b'_' && after_digit => after_digit = false,
            Some(value) if value < radix && !(must_be_zero && value != 0) => {
                digit_count += 1;
                after_digit = true;
            }
            _ => return Err(ParseError),
        }
    }
    if !after_digit {
        return Err(ParseError);
    }
    Ok(Scanned { negative, radix, digits, digit_count })
}

impl Scanned<'_> {
    /// The value, if it fits and is short.
    pub fn to_i64(&self) -> Option<i64> {
        if self.digit_count > 64 {
            return None;
        }
        let mut value = 0i64;
        for digit in self.digits.iter().filter_map(|byte| digit_value(*byte)) {
            value = value.checked_mul(i64::from(self.radix))?;
            value = if self.negative {
                value.checked_sub(i64::from(digit))?
            } else {
                value.checked_add(i64::from(digit))?
            };
        }
        Some(value)
    }

    pub fn to_int(&self) -> Int {
        if let Some(value) = self.to_i64() {
            return Int::from_i64(value);
        }
        if self.radix.is_power_of_two() {
            return Int::new(self.negative, self.power_of_two());
        }
        if self.radix == 10 && self.digit_count <= QUADRATIC * GROUP {
            let digits = self.digits.iter().copied().filter(|byte| *byte != b'_');
            return Int::new(self.negative, from_decimal(digits, self.digit_count));
        }
        let text: String = self.digits.iter().filter(|byte| **byte != b'_').map(|byte| char::from(*byte)).collect();
        let value = UBig::from_str_radix(&text, self.radix).unwrap_or(UBig::ZERO);
        from_big(self.negative, &value)
    }

    fn power_of_two(&self) -> Vec<u64> {
        let bits = self.radix.trailing_zeros();
        let mut limbs = vec![0u64; self.digit_count * bits as usize / 64 + 1];
        let values = self.digits.iter().rev().filter_map(|b| digit_value(*b));
        for (index, value) in values.enumerate() {
            let at = index * bits as usize;
            let (limb, offset) = (at / 64, at % 64);
            limbs[limb] |= u64::from(value) << offset;
            if offset + bits as usize > 64 {
                limbs[limb + 1] |= u64::from(value) >> (64 - offset);
            }
        }
        limbs
    }
}

fn digit_value(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(36)
}
