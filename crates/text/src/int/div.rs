//! Division with Python's rounding, and what is built on it.

use dashu_int::UBig;
use dashu_int::fast_div::ConstDivisor;
use dashu_int::ops::{DivRem, Gcd, SquareRoot};

use super::{Int, IntRef, big, from_big, trim};

/// mag / divisor into `quotient` (at least `mag.len` limbs), and the remainder.
pub fn div_rem_small_into(mag: &[u64], divisor: u64, quotient: &mut [u64]) -> (usize, u64) {
    let mut rest = 0u64;
    if divisor <= u64::from(u32::MAX) {
        // Two 64-bit divisions are much faster than one of 128 bits.
        for (limb, out) in mag.iter().zip(&mut quotient[..mag.len()]).rev() {
            let high = rest << 32 | limb >> 32;
            let low = (high % divisor) << 32 | limb & u64::from(u32::MAX);
            *out = (high / divisor) << 32 | low / divisor;
            rest = low % divisor;
        }
    } else {
        for (limb, out) in mag.iter().zip(&mut quotient[..mag.len()]).rev() {
            let wide = u128::from(rest) << 64 | u128::from(*limb);
            *out = (wide / u128::from(divisor)) as u64;
            rest = (wide % u128::from(divisor)) as u64;
        }
    }
    (trim(&quotient[..mag.len()]).len(), rest)
}

/// Quotient and remainder of the magnitudes; `b` is not zero.
pub(super) fn div_rem_mag(a: &[u64], b: &[u64]) -> (Vec<u64>, Vec<u64>) {
    if super::cmp_mag(a, b).is_lt() {
        return (Vec::new(), a.to_vec());
    }
    if let &[divisor] = b {
        let mut quotient = vec![0; a.len()];
        let (len, rest) = div_rem_small_into(a, divisor, &mut quotient);
        quotient.truncate(len);
        let rest = if rest == 0 { vec![] } else { vec![rest] };
        return (quotient, rest);
    }
    let (quotient, rest) = big(a).div_rem(big(b));
    (quotient.as_words().to_vec(), rest.as_words().to_vec())
}

/// (a // b, a % b), or `None` for division by zero. The remainder has the sign
/// of `b`.
pub fn floor_div_mod(a: IntRef<'_>, b: IntRef<'_>) -> Option<(Int, Int)> {
    if b.is_zero() {
        return None;
    }
    let (quotient, rest) = div_rem_mag(a.mag, b.mag);
    let quotient = Int::new(a.negative != b.negative, quotient);
    let rest = Int::new(a.negative, rest);
    if a.negative != b.negative && !rest.mag.is_empty() {
        let one = IntRef { negative: true, mag: &[1] };
        return Some((Int::add(quotient.as_ref(), one), Int::add(rest.as_ref(), b)));
    }
    Some((quotient, rest))
}

/// The greatest common divisor, never negative.
pub fn gcd(a: IntRef<'_>, b: IntRef<'_>) -> Int {
    if a.is_zero() || b.is_zero() {
        return Int::new(false, if a.is_zero() { b.mag } else { a.mag }.to_vec());
    }
    from_big(false, &big(a.mag).gcd(big(b.mag)))
}

/// The integer square root of a magnitude.
pub fn isqrt(mag: &[u64]) -> Int {
    match mag {
        [] => Int::default(),
        [limb] => Int::new(false, vec![limb.isqrt()]),
        _ => from_big(false, &big(mag).sqrt()),
    }
}

/// base ** exponent % modulus with the sign of the modulus; `modulus` is not
/// zero and `exponent` not negative.
pub fn pow_mod(base: IntRef<'_>, exponent: &[u64], modulus: IntRef<'_>) -> Int {
    if modulus.mag == [1] {
        return Int::default();
    }
    let ring = ConstDivisor::new(big(modulus.mag));
    let reduced = ring.reduce(positive_residue(base, modulus.mag));
    with_sign_of(modulus, reduced.pow(&big(exponent)).residue())
}

/// The inverse of `value` modulo `modulus`, with the sign of the modulus, or
/// `None` if they have a common factor.
pub fn inverse_mod(value: IntRef<'_>, modulus: IntRef<'_>) -> Option<Int> {
    if modulus.mag == [1] {
        return Some(Int::default());
    }
    let ring = ConstDivisor::new(big(modulus.mag));
    let inverse = ring.reduce(positive_residue(value, modulus.mag)).inv()?;
    Some(with_sign_of(modulus, inverse.residue()))
}

fn positive_residue(value: IntRef<'_>, modulus: &[u64]) -> UBig {
    let (_, rest) = div_rem_mag(value.mag, modulus);
    let rest = big(&rest);
    if value.negative && !rest.is_zero() { big(modulus) - rest } else { rest }
}

fn with_sign_of(modulus: IntRef<'_>, residue: UBig) -> Int {
    if modulus.negative && !residue.is_zero() {
        from_big(true, &(big(modulus.mag) - residue))
    } else {
        from_big(false, &residue)
    }
}
