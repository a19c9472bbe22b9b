//! Shifts, counts, and bit operations with two's-complement meaning.

use super::{Int, IntRef, trim};

/// Number of bits of the magnitude.
pub fn bit_length(mag: &[u64]) -> u64 {
    match mag.last() {
        None => 0,
        Some(top) => mag.len() as u64 * 64 - u64::from(top.leading_zeros()),
    }
}

/// Number of ones in the magnitude.
pub fn bit_count(mag: &[u64]) -> u64 {
    mag.iter().map(|limb| u64::from(limb.count_ones())).sum()
}

/// mag << n; `out` holds at least `len + n / 64 + 1` limbs.
pub fn shl_into(mag: &[u64], n: u64, out: &mut [u64]) -> usize {
    if mag.is_empty() {
        return 0;
    }
    let (limbs, bits) = ((n / 64) as usize, n % 64);
    let total = limbs + mag.len() + 1;
    out[..limbs].fill(0);
    if bits == 0 {
        out[limbs..total - 1].copy_from_slice(mag);
        return total - 1;
    }
    let mut carry = 0;
    for (x, shifted) in mag.iter().zip(&mut out[limbs..]) {
        *shifted = x << bits | carry;
        carry = x >> (64 - bits);
    }
    out[total - 1] = carry;
    total - usize::from(carry == 0)
}

/// |a| after a >> n, rounding to minus infinity; the sign stays unless the
/// result is zero. `out` holds at least `len + 1` limbs.
pub fn shr_into(a: IntRef<'_>, n: u64, out: &mut [u64]) -> usize {
    let (limbs, bits) = (usize::try_from(n / 64).unwrap_or(usize::MAX), n % 64);
    if limbs >= a.mag.len() {
        // Everything is shifted out; a negative number becomes -1.
        out[0] = 1;
        return usize::from(a.negative);
    }
    let kept = &a.mag[limbs..];
    for (index, shifted) in out[..kept.len()].iter_mut().enumerate() {
        let above = kept.get(index + 1).copied().unwrap_or(0);
        *shifted = if bits == 0 { kept[index] } else { kept[index] >> bits | above << (64 - bits) };
    }
    let mut len = trim(&out[..kept.len()]).len();
    let lost = a.mag[..limbs].iter().any(|limb| *limb != 0) || kept[0] & ((1 << bits) - 1) != 0;
    if a.negative && lost {
        len = increment(out, len);
    }
    len
}

/// Adds one to the first `len` limbs; `out` has room for one more.
fn increment(out: &mut [u64], len: usize) -> usize {
    for limb in &mut out[..len] {
        *limb = limb.wrapping_add(1);
        if *limb != 0 {
            return len;
        }
    }
    out[len] = 1;
    len + 1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitOp {
    And,
    Or,
    Xor,
}

impl BitOp {
    #[inline]
    fn apply(self, a: u64, b: u64) -> u64 {
        match self {
            BitOp::And => a & b,
            BitOp::Or => a | b,
            BitOp::Xor => a ^ b,
        }
    }
}

/// a op b; `out` holds at least `max(a.len, b.len) + 1` limbs.
pub fn bit_op_into(op: BitOp, a: IntRef<'_>, b: IntRef<'_>, out: &mut [u64]) -> (bool, usize) {
    let len = a.mag.len().max(b.mag.len()) + 1;
    let out = &mut out[..len];
    let (mut left, mut right) = (TwosComplement::new(a), TwosComplement::new(b));
    for limb in out.iter_mut() {
        *limb = op.apply(left.next_limb(), right.next_limb());
    }
    let sign = |negative: bool| u64::from(negative);
    let negative = op.apply(sign(a.negative), sign(b.negative)) != 0;
    if negative {
        let mut carry = true;
        for limb in out.iter_mut() {
            (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
        }
    }
    (negative, trim(out).len())
}

/// a op b
pub fn bit_op(op: BitOp, a: IntRef<'_>, b: IntRef<'_>) -> Int {
    let mut mag = vec![0; a.mag.len().max(b.mag.len()) + 1];
    let (negative, len) = bit_op_into(op, a, b, &mut mag);
    mag.truncate(len);
    Int::new(negative, mag)
}

/// The endless two's-complement limbs of a number.
pub(super) struct TwosComplement<'a> {
    limbs: std::slice::Iter<'a, u64>,
    negative: bool,
    carry: bool,
}

impl<'a> TwosComplement<'a> {
    pub(super) fn new(value: IntRef<'a>) -> Self {
        TwosComplement { limbs: value.mag.iter(), negative: value.negative, carry: value.negative }
    }

    #[inline]
    pub(super) fn next_limb(&mut self) -> u64 {
        let limb = self.limbs.next().copied().unwrap_or(0);
        if !self.negative {
            return limb;
        }
        let (limb, carry) = (!limb).overflowing_add(u64::from(self.carry));
        self.carry = carry;
        limb
    }
}
