//! Between integers and floats, bytes and hashes.

use super::bits::TwosComplement;
use super::div::div_rem_mag;
use super::{Int, IntRef, bit_length, trim};

/// The nearest float, ties to even; `None` when it would be infinite.
pub fn to_f64(value: IntRef<'_>) -> Option<f64> {
    let bits = bit_length(value.mag);
    if bits > 1024 {
        return None;
    }
    let (top, sticky) = top_bits(value.mag, bits);
    // The lowest of 64 bits is far below the rounding position.
    let magnitude = ldexp((top | u64::from(sticky)) as f64, bits.saturating_sub(64) as i64);
    match (magnitude.is_infinite(), value.negative) {
        (true, _) => None,
        (_, true) => Some(-magnitude),
        (_, false) => Some(magnitude),
    }
}

/// The value scaled to at most 64 bits, and whether bits were lost.
fn top_bits(mag: &[u64], bits: u64) -> (u64, bool) {
    if bits <= 64 {
        return (mag.first().copied().unwrap_or(0), false);
    }
    let shift = bits - 64;
    let (limbs, bits) = ((shift / 64) as usize, shift % 64);
    let mut top = mag[limbs] >> bits;
    let mut lost = mag[..limbs].iter().any(|limb| *limb != 0);
    if bits != 0 {
        top |= mag[limbs + 1] << (64 - bits);
        lost |= mag[limbs] << (64 - bits) != 0;
    }
    (top, lost)
}

/// value * 2 ** exponent, exact unless it overflows or is subnormal.
pub fn ldexp(value: f64, exponent: i64) -> f64 {
    let mut value = value;
    let mut exponent = exponent.clamp(-2200, 2200);
    while exponent > 1023 {
        value *= power_of_two(1023);
        exponent -= 1023;
    }
    // Steps of at most 969 leave 53 bits above the subnormal range, so only
    // the last multiplication can round.
    while exponent < -1022 {
        value *= power_of_two(-969);
        exponent += 969;
    }
    value * power_of_two(exponent)
}

fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The integer part of a finite float; `None` for infinities and NaN.
pub fn from_f64(value: f64) -> Option<Int> {
    if !value.is_finite() {
        return None;
    }
    let value = value.trunc();
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1075;
    if value == 0.0 {
        return Some(Int::default());
    }
    let mantissa = [bits & ((1 << 52) - 1) | 1 << 52];
    let mantissa = IntRef::new(value < 0.0, &mantissa);
    Some(if exponent >= 0 {
        Int::shl(mantissa, exponent as u64)
    } else {
        Int::new(mantissa.negative, vec![mantissa.mag[0] >> -exponent])
    })
}

/// a / b as the nearest float, ties to even; `None` when it would be infinite.
/// `b` is not zero.
pub fn true_div(a: IntRef<'_>, b: IntRef<'_>) -> Option<f64> {
    if a.is_zero() {
        // As in CPython, the sign of a zero quotient follows b.
        return Some(if b.negative { -0.0 } else { 0.0 });
    }
    let negative = a.negative != b.negative;
    let sign = if negative { -1.0 } else { 1.0 };
    const EXACT: u64 = 1 << 53;
    if let (&[x], &[y]) = (a.mag, b.mag)
        && x <= EXACT
        && y <= EXACT
    {
        return Some(sign * (x as f64 / y as f64));
    }
    let difference = bit_length(a.mag) as i64 - bit_length(b.mag) as i64;
    if difference > 1025 {
        return None;
    }
    if difference < -1080 {
        return Some(sign * 0.0);
    }
    // A quotient of 65 or 66 bits, with the remainder as sticky bit.
    let shift = 65 - difference;
    let (quotient, rest) = if shift >= 0 {
        div_rem_mag(&Int::shl(a.abs(), shift as u64).mag, b.mag)
    } else {
        div_rem_mag(a.mag, &Int::shl(b.abs(), -shift as u64).mag)
    };
    let high = quotient.get(1).copied().unwrap_or(0);
    let quotient = u128::from(high) << 64 | u128::from(quotient[0]);
    round_scaled(quotient, !rest.is_empty(), -shift).map(|magnitude| sign * magnitude)
}

/// The nearest float to `(value + epsilon) * 2 ** exponent`, where `sticky`
/// tells whether there is an epsilon; also right for subnormal results.
pub(crate) fn round_scaled(value: u128, sticky: bool, exponent: i64) -> Option<f64> {
    if value == 0 {
        return Some(0.0);
    }
    let bits = 128 - i64::from(value.leading_zeros());
    let top = exponent + bits - 1;
    let precision = if top < -1022 { 53 + 1022 + top } else { 53 };
    if precision < 0 {
        return Some(0.0);
    }
    let drop = bits - precision;
    let mantissa = if drop <= 0 {
        value
    } else {
        let half = 1u128 << (drop - 1);
        let kept = if drop == 128 { 0 } else { value >> drop };
        let lost = value & (half | (half - 1));
        let up = lost > half || lost == half && (sticky || kept & 1 == 1);
        kept + u128::from(up)
    };
    let result = ldexp(mantissa as f64, exponent + drop.max(0));
    result.is_finite().then_some(result)
}

/// Python's hash: the value modulo 2**61 - 1, signed, never -1.
pub fn hash(value: IntRef<'_>) -> i64 {
    const MODULUS: u64 = (1 << 61) - 1;
    let mut rest = 0u64;
    for limb in value.mag.iter().rev() {
        // 2**64 is 8 modulo 2**61 - 1.
        let wide = u128::from(rest) * 8 + u128::from(*limb);
        let folded = (wide as u64 & MODULUS) + (wide >> 61) as u64;
        rest = if folded >= MODULUS { folded - MODULUS } else { folded };
    }
    match (value.negative, rest as i64) {
        (true, 1) => -2,
        (true, rest) => -rest,
        (false, rest) => rest,
    }
}

/// The integer that the bytes spell.
pub fn from_bytes(bytes: &[u8], little: bool, signed: bool) -> Int {
    let mut limbs = Vec::with_capacity(bytes.len() / 8 + 1);
    if little {
        for chunk in bytes.chunks(8) {
            let mut limb = [0; 8];
            limb[..chunk.len()].copy_from_slice(chunk);
            limbs.push(u64::from_le_bytes(limb));
        }
    } else {
        for chunk in bytes.rchunks(8) {
            let mut limb = [0; 8];
            limb[8 - chunk.len()..].copy_from_slice(chunk);
            limbs.push(u64::from_be_bytes(limb));
        }
    }
    let top = if little { bytes.last() } else { bytes.first() };
    let negative = signed && top.is_some_and(|byte| byte & 0x80 != 0);
    if negative {
        let used = bytes.len() % 8;
        if used != 0
            && let Some(top) = limbs.last_mut()
        {
            *top |= u64::MAX << (used * 8);
        }
        let mut carry = true;
        for limb in &mut limbs {
            (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
        }
        if carry {
            limbs.push(1);
        }
    }
    Int::new(negative, limbs)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToBytesError {
    /// "int too big to convert"
    TooBig,
    /// "can't convert negative int to unsigned"
    Negative,
}

/// Writes the value into all of `out`.
pub fn to_bytes(value: IntRef<'_>, out: &mut [u8], little: bool, signed: bool) -> Result<(), ToBytesError> {
    if value.negative && !signed {
        return Err(ToBytesError::Negative);
    }
    let mut bits = bit_length(value.mag);
    if signed {
        let (top, rest) = value.mag.split_last().unwrap_or((&0, &[]));
        let is_minimum = value.negative && top.is_power_of_two() && trim(rest).is_empty();
        bits += u64::from(!is_minimum && bits > 0);
    }
    if bits > out.len() as u64 * 8 {
        return Err(ToBytesError::TooBig);
    }
    let mut limbs = TwosComplement::new(value);
    for chunk in out.chunks_mut(8) {
        chunk.copy_from_slice(&limbs.next_limb().to_le_bytes()[..chunk.len()]);
    }
    if !little {
        out.reverse();
    }
    Ok(())
}
