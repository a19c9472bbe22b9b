//! Unsigned numbers of 256 bits, as two halves: what products of two small
//! coefficients and dividends of small divisors need.
//!
//! Tests: `tests.rs`.

/// 10**k for every k whose power has at most 128 bits.
pub static POW10: [u128; 39] = {
    let mut table = [1u128; 39];
    let mut k = 1;
    while k < 39 {
        table[k] = table[k - 1] * 10;
        k += 1;
    }
    table
};

/// A number of 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    pub high: u128,
    pub low: u128,
}

/// 10**(39 + k): the powers with more than 128 and at most 256 bits.
static POW10_WIDE: [Wide; 39] = {
    let mut table = [Wide { high: 0, low: 0 }; 39];
    let mut last = Wide { high: 0, low: POW10[38] };
    let mut k = 0;
    while k < 39 {
        // Times ten, by halves of 64 bits.
        let a = (last.low as u64 as u128) * 10;
        let b = (last.low >> 64) * 10 + (a >> 64);
        let high = last.high * 10 + (b >> 64);
        last = Wide { high, low: (b << 64) | (a as u64 as u128) };
        table[k] = last;
        k += 1;
    }
    table
};

/// Digits of a number; 1 for zero.
#[inline]
pub fn digits128(v: u128) -> u32 {
    let bits = 128 - v.leading_zeros();
    // 1233 / 4096 is a little less than log10(2).
    let guess = (bits * 1233) >> 12;
    guess + u32::from(v >= POW10[guess as usize]) + u32::from(v == 0)
}

impl Wide {
    /// a * b
    #[inline]
    pub fn mul(a: u128, b: u128) -> Wide {
        let (a1, a0) = (a >> 64, a & u128::from(u64::MAX));
        let (b1, b0) = (b >> 64, b & u128::from(u64::MAX));
        let low = a0 * b0;
        let mid = a1 * b0 + (low >> 64);
        let mid2 = a0 * b1 + (mid & u128::from(u64::MAX));
        Wide { high: a1 * b1 + (mid >> 64) + (mid2 >> 64), low: (mid2 << 64) | (low & u128::from(u64::MAX)) }
    }

    /// self + v, if that fits.
    #[inline]
    pub fn add(self, v: u128) -> Option<Wide> {
        let (low, carry) = self.low.overflowing_add(v);
        Some(Wide { high: self.high.checked_add(u128::from(carry))?, low })
    }

    /// self - v, if that is not negative.
    #[inline]
    pub fn sub(self, v: u128) -> Option<Wide> {
        let (low, borrow) = self.low.overflowing_sub(v);
        Some(Wide { high: self.high.checked_sub(u128::from(borrow))?, low })
    }

    /// Digits; 1 for zero.
    pub fn digits(self) -> u32 {
        if self.high == 0 {
            return digits128(self.low);
        }
        let bits = 256 - self.high.leading_zeros();
        let guess = (bits * 1233) >> 12;
        // At least 129 bits, which are at least 39 digits.
        let bound = match guess {
            ..39 => Wide { high: 0, low: POW10[guess as usize] },
            _ => POW10_WIDE[guess as usize - 39],
        };
        guess + u32::from(self >= bound)
    }

    /// (self / d, self % d), if the quotient has at most 128 bits.
    pub fn div_rem(self, d: u128) -> Option<(u128, u128)> {
        if self.high >= d {
            return None;
        }
        if self.high == 0 {
            let q = self.low / d;
            return Some((q, self.low - q * d));
        }
        let shift = d.leading_zeros();
        let d = d << shift;
        let (d1, d0) = (d >> 64, d & u128::from(u64::MAX));
        let high = if shift == 0 { self.high } else { (self.high << shift) | (self.low >> (128 - shift)) };
        let low = self.low << shift;
        let (q1, rest) = half_step(high, low >> 64, d, d1, d0);
        let (q0, rest) = half_step(rest, low & u128::from(u64::MAX), d, d1, d0);
        Some(((q1 << 64) | q0, rest >> shift))
    }
}

/// One digit in base 2**64 of a division by the normalised `d` = (d1, d0): the
/// dividend is `high * 2**64 + next`, `high` below `d`.
#[inline]
fn half_step(high: u128, next: u128, d: u128, d1: u128, d0: u128) -> (u128, u128) {
    let mut q = high / d1;
    // The remainder for less than a second division.
    let mut r = high - q * d1;
    // At most two steps too large (Knuth, 4.3.1).
    while q >> 64 != 0 || q * d0 > ((r << 64) | next) {
        q -= 1;
        r += d1;
        if r >> 64 != 0 {
            break;
        }
    }
    (q, (high << 64).wrapping_add(next).wrapping_sub(q.wrapping_mul(d)))
}
