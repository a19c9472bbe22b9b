//! `long double` as `f64` and back: 80 bits of x87 or 128 bits of IEEE, by the machine.
//!
//! Tests: CPython test_numbers, test_callbacks.

/// Bytes in memory.
pub const SIZE: usize = 16;

const X87: bool = cfg!(target_arch = "x86_64");
/// Bits of the fraction, of which x87 has the leading one as well.
const FRACTION: u32 = if X87 { 63 } else { 112 };
const BIAS: i32 = 16383;

/// The nearest `f64`.
pub fn to_f64(b: [u8; SIZE]) -> f64 {
    let all = u128::from_le_bytes(b);
    let (sign, exponent, fraction, lead) = if X87 {
        let top = (all >> 64) as u16;
        let m = all as u64;
        (top >> 15, i32::from(top & 0x7fff), u128::from(m & (u64::MAX >> 1)), (m >> 63) as u32)
    } else {
        let top = (all >> 112) as u16;
        let e = i32::from(top & 0x7fff);
        (top >> 15, e, all & ((1 << 112) - 1), u32::from(e != 0))
    };
    let magnitude = if exponent == 0x7fff {
        if fraction == 0 { f64::INFINITY } else { f64::NAN }
    } else {
        let m = fraction | u128::from(lead) << FRACTION;
        scale(m, exponent.max(1) - BIAS - FRACTION as i32)
    };
    if sign != 0 { -magnitude } else { magnitude }
}

/// `m` times a power of two, rounded once, to even.
fn scale(m: u128, power: i32) -> f64 {
    if m == 0 {
        return 0.0;
    }
    let bits = 128 - m.leading_zeros() as i32;
    // The result has 53 bits, or fewer where it is subnormal.
    let keep = 53.min(bits + power + 1074);
    if keep < 0 {
        return 0.0;
    }
    let drop = bits - keep;
    if drop <= 0 {
        return m as f64 * pow2(power);
    }
    let (kept, rest, half) = (m >> drop, m & ((1u128 << drop) - 1), 1u128 << (drop - 1));
    let up = rest > half || rest == half && kept & 1 == 1;
    (kept + u128::from(up)) as f64 * pow2(power + drop)
}

/// 2 to the power of `e`, in two steps where one would leave the range.
fn pow2(e: i32) -> f64 {
    if e < -1022 {
        // Exact: the other factor has few bits.
        return f64::from_bits(1u64 << (e + 1074).clamp(0, 51));
    }
    if e > 1023 { f64::INFINITY } else { f64::from_bits(((e + 1023) as u64) << 52) }
}

/// The same value.
pub fn from_f64(v: f64) -> [u8; SIZE] {
    let bits = v.to_bits();
    let sign = (bits >> 63) as u128;
    let (mut e, mut m) = (((bits >> 52) & 0x7ff) as i32, u128::from(bits & ((1 << 52) - 1)));
    let top = if e == 0x7ff {
        m <<= FRACTION - 52;
        0x7fff
    } else if e == 0 && m == 0 {
        0
    } else {
        if e == 0 {
            // A subnormal has its leading one further down.
            let shift = m.leading_zeros() - 75;
            m = (m << shift) & ((1 << 52) - 1);
            e = 1 - shift as i32;
        }
        m <<= FRACTION - 52;
        e - 1023 + BIAS
    };
    let all = if X87 {
        let lead = u128::from(top != 0) << 63;
        (sign << 15 | top as u128) << 64 | lead | m
    } else {
        (sign << 15 | top as u128) << 112 | m
    };
    all.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for v in [0.0, -0.0, 1.0, -1.5, 1e300, 1e-300, 5e-324, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, 0.1] {
            assert_eq!(to_f64(from_f64(v)).to_bits(), v.to_bits(), "{v}");
        }
        assert!(to_f64(from_f64(f64::NAN)).is_nan());
    }
}
