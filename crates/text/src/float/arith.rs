//! Arithmetic where Python differs from the hardware or names its errors.

use crate::int::{Int, ldexp};

/// `value.is_integer()`
pub fn is_integer(value: f64) -> bool {
    value.is_finite() && value.fract() == 0.0
}

/// Numerator and denominator in lowest terms; `None` for infinities and NaN.
pub fn as_integer_ratio(value: f64) -> Option<(Int, Int)> {
    if !value.is_finite() {
        return None;
    }
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (mut mantissa, mut exponent) = match biased {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, biased - 1075),
    };
    if mantissa == 0 {
        return Some((Int::default(), Int::from_i64(1)));
    }
    let zeros = i64::from(mantissa.trailing_zeros());
    mantissa >>= zeros;
    exponent += zeros;
    let mantissa = Int::new(value < 0.0, vec![mantissa]);
    let one = Int::from_i64(1);
    let power = exponent.unsigned_abs();
    Some(if exponent >= 0 {
        (Int::shl(mantissa.as_ref(), power), one)
    } else {
        (mantissa, Int::shl(one.as_ref(), power))
    })
}

/// Python's hash of a float; `None` for NaN, which hashes by identity.
pub fn hash(value: f64) -> Option<i64> {
    const BITS: i64 = 61;
    const MODULUS: u64 = (1 << BITS) - 1;
    if value.is_nan() {
        return None;
    }
    if value.is_infinite() {
        return Some(if value > 0.0 { 314_159 } else { -314_159 });
    }
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match biased {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, biased - 1075),
    };
    // Multiplying by a power of two rotates the 61 bits.
    let turn = exponent.rem_euclid(BITS);
    let rotated = (mantissa << turn) & MODULUS | mantissa >> (BITS - turn);
    let rotated = if rotated == MODULUS { 0 } else { rotated };
    let signed = if value < 0.0 { -(rotated as i64) } else { rotated as i64 };
    Some(if signed == -1 { -2 } else { signed })
}

/// (a // b, a % b); `b` is not zero.
pub fn div_mod(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    let floor = if quotient == 0.0 {
        0f64.copysign(a / b)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    (floor, rest)
}

/// a // b; `b` is not zero.
pub fn floor_div(a: f64, b: f64) -> f64 {
    div_mod(a, b).0
}

/// a % b; `b` is not zero.
pub fn modulo(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        0f64.copysign(b)
    } else if (b < 0.0) != (rest < 0.0) {
        rest + b
    } else {
        rest
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowError {
    /// ZeroDivisionError "zero to a negative power"
    ZeroToNegative,
    /// OverflowError (34, 'Numerical result out of range')
    Overflow,
    /// A negative base with a fractional exponent: the result is complex.
    Complex,
}

/// base ** exponent
pub fn pow(base: f64, exponent: f64) -> Result<f64, PowError> {
    if base.is_finite() && exponent.is_finite() {
        if base == 0.0 && exponent < 0.0 {
            return Err(PowError::ZeroToNegative);
        }
        if base < 0.0 && exponent.fract() != 0.0 {
            return Err(PowError::Complex);
        }
        let result = base.powf(exponent);
        return if result.is_infinite() { Err(PowError::Overflow) } else { Ok(result) };
    }
    // C's pow agrees with Python about infinities and NaN.
    Ok(base.powf(exponent))
}

/// round(value, places) for a finite value; `None` when it overflows.
pub fn round(value: f64, places: i64) -> Option<f64> {
    if value == 0.0 || !value.is_finite() || places > 330 {
        return Some(value);
    }
    if places < -309 {
        return Some(0f64.copysign(value));
    }
    let text = if places >= 0 { format!("{value:.*}", places as usize) } else { round_left_of_point(value, -places) };
    let rounded: f64 = text.parse().unwrap_or(value);
    rounded.is_finite().then_some(rounded)
}

/// `value` rounded to a multiple of `10 ** digits`, ties to even.
fn round_left_of_point(value: f64, digits: i64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    // 25 places are exact enough to know the exponent, but not for rounding.
    let scientific = format!("{:.25e}", value.abs());
    let exponent: i64 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let precision = exponent - digits;
    if precision >= 0 {
        return format!("{value:.*e}", precision as usize);
    }
    if precision < -1 {
        return format!("{sign}0");
    }
    // The unit is one digit above the value: compare with half a unit, all digits.
    let exact = format!("{:.800e}", value.abs());
    let mantissa = exact.split_once('e').map_or("0", |(mantissa, _)| mantissa);
    let is_up = mantissa.starts_with(['6', '7', '8', '9'])
        || mantissa.starts_with('5') && mantissa[1..].bytes().any(|b| matches!(b, b'1'..=b'9'));
    if is_up { format!("{sign}1e{digits}") } else { format!("{sign}0") }
}

/// value * 2 ** exponent, or `None` for OverflowError.
pub fn scale(value: f64, exponent: i64) -> Option<f64> {
    let scaled = ldexp(value, exponent);
    (scaled.is_finite() || !value.is_finite()).then_some(scaled)
}
