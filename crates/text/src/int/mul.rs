//! Multiplication and powers: schoolbook while it fits the cache and saves the
//! copies, dashu above.

use super::{Int, IntRef, big, from_big, trim};

/// Below this many limbs of the shorter operand schoolbook wins (measured).
const LARGE: usize = 16;

/// a * b; `out` holds at least `a.len + b.len` limbs.
pub fn mul_into(a: &[u64], b: &[u64], out: &mut [u64]) -> usize {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return 0;
    }
    let total = long.len() + short.len();
    if short.len() >= LARGE {
        let product = big(long) * big(short);
        let words = product.as_words();
        out[..words.len()].copy_from_slice(words);
        return words.len();
    }
    let out = &mut out[..total];
    let (low, high) = out.split_at_mut(long.len());
    high[0] = mul_row(long, short[0], low);
    for (shift, factor) in short.iter().enumerate().skip(1) {
        let carry = add_mul_row(long, *factor, &mut out[shift..shift + long.len()]);
        out[shift + long.len()] = carry;
    }
    trim(out).len()
}

/// a * factor; `out` holds at least `a.len + 1` limbs.
pub fn mul_small_into(a: &[u64], factor: u64, out: &mut [u64]) -> usize {
    let carry = mul_row(a, factor, out);
    out[a.len()] = carry;
    trim(&out[..=a.len()]).len()
}

fn mul_row(a: &[u64], factor: u64, out: &mut [u64]) -> u64 {
    let mut carry = 0u64;
    for (x, product) in a.iter().zip(out) {
        let wide = u128::from(*x) * u128::from(factor) + u128::from(carry);
        *product = wide as u64;
        carry = (wide >> 64) as u64;
    }
    carry
}

fn add_mul_row(a: &[u64], factor: u64, out: &mut [u64]) -> u64 {
    let mut carry = 0u64;
    for (x, sum) in a.iter().zip(out) {
        let wide = u128::from(*x) * u128::from(factor) + u128::from(*sum) + u128::from(carry);
        *sum = wide as u64;
        carry = (wide >> 64) as u64;
    }
    carry
}

/// base ** exponent
pub fn pow(base: IntRef<'_>, exponent: u64) -> Int {
    let negative = base.negative && exponent % 2 == 1;
    if exponent == 0 {
        return Int::from_i64(1);
    }
    match base.mag {
        [] => return Int::default(),
        [1] => return Int::new(negative, vec![1]),
        [limb] => {
            // Powers that stay within two limbs need no allocation on the way.
            let small = u32::try_from(exponent).ok();
            if let Some(power) = small.and_then(|e| u128::from(*limb).checked_pow(e)) {
                return Int { negative, ..Int::from_u128(power) };
            }
        }
        _ => {}
    }
    from_big(negative, &big(base.mag).pow(exponent as usize))
}
