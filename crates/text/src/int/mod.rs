//! Big integers: little-endian `u64` magnitudes with a sign beside them.
//!
//! Functions named `*_into` write limbs into a slice of the caller's, so that the
//! runtime can compute straight into a heap object; they return the normalised
//! length (no zero limbs on top, zero has length 0). The rest return `Int`.
//!
//! Invariant: every `IntRef` handed in is normalised, and zero is not negative.

mod add;
mod bits;
mod convert;
mod div;
mod mul;
mod radix;

use std::cmp::Ordering;

pub use add::{add_into, sub_into};
pub use bits::{BitOp, bit_count, bit_length, bit_op, bit_op_into, shl_into, shr_into};
pub(crate) use convert::round_scaled;
pub use convert::{ToBytesError, from_bytes, from_f64, hash, ldexp, to_bytes, to_f64, true_div};
pub use div::{div_rem_small_into, floor_div_mod, gcd, inverse_mod, isqrt, pow_mod};
pub use mul::{mul_into, mul_small_into, pow};
pub use radix::{ParseError, Scanned, scan, to_text};

/// A borrowed integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntRef<'a> {
    pub negative: bool,
    pub mag: &'a [u64],
}

/// An owned integer: the result of operations that cannot predict their size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Int {
    pub negative: bool,
    pub mag: Vec<u64>,
}

impl<'a> IntRef<'a> {
    pub fn new(negative: bool, mag: &'a [u64]) -> Self {
        let mag = trim(mag);
        IntRef { negative: negative && !mag.is_empty(), mag }
    }

    /// A small value, with `buf` to hold its limb.
    pub fn small(value: i64, buf: &'a mut [u64; 1]) -> Self {
        buf[0] = value.unsigned_abs();
        IntRef::new(value < 0, buf)
    }

    pub fn is_zero(self) -> bool {
        self.mag.is_empty()
    }

    /// The value, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        match (self.mag, self.negative) {
            ([], _) => Some(0),
            (&[limb], false) => i64::try_from(limb).ok(),
            (&[limb], true) => 0i64.checked_sub_unsigned(limb),
            _ => None,
        }
    }

    pub fn to_u64(self) -> Option<u64> {
        match (self.mag, self.negative) {
            ([], _) => Some(0),
            (&[limb], false) => Some(limb),
            _ => None,
        }
    }

    pub fn negated(self) -> Self {
        IntRef::new(!self.negative, self.mag)
    }

    pub fn abs(self) -> Self {
        IntRef::new(false, self.mag)
    }

    pub fn to_owned(self) -> Int {
        Int { negative: self.negative, mag: self.mag.to_vec() }
    }

    /// Numeric order.
    pub fn compare(self, other: IntRef<'_>) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => cmp_mag(self.mag, other.mag),
            (true, true) => cmp_mag(other.mag, self.mag),
        }
    }
}

impl Int {
    pub fn new(negative: bool, mut mag: Vec<u64>) -> Self {
        mag.truncate(trim(&mag).len());
        Int { negative: negative && !mag.is_empty(), mag }
    }

    pub fn from_i64(value: i64) -> Self {
        Int::new(value < 0, vec![value.unsigned_abs()])
    }

    pub fn from_u128(value: u128) -> Self {
        Int::new(false, vec![value as u64, (value >> 64) as u64])
    }

    pub fn as_ref(&self) -> IntRef<'_> {
        IntRef { negative: self.negative, mag: &self.mag }
    }

    /// a + b
    pub fn add(a: IntRef<'_>, b: IntRef<'_>) -> Int {
        let mut mag = vec![0; a.mag.len().max(b.mag.len()) + 1];
        let (negative, len) = add_into(a, b, &mut mag);
        mag.truncate(len);
        Int { negative, mag }
    }

    /// a - b
    pub fn sub(a: IntRef<'_>, b: IntRef<'_>) -> Int {
        Int::add(a, b.negated())
    }

    /// a * b
    pub fn mul(a: IntRef<'_>, b: IntRef<'_>) -> Int {
        let mut mag = vec![0; a.mag.len() + b.mag.len()];
        let len = mul_into(a.mag, b.mag, &mut mag);
        mag.truncate(len);
        Int::new(a.negative != b.negative, mag)
    }

    /// a << n
    pub fn shl(a: IntRef<'_>, n: u64) -> Int {
        let mut mag = vec![0; a.mag.len() + (n / 64) as usize + 1];
        let len = shl_into(a.mag, n, &mut mag);
        mag.truncate(len);
        Int::new(a.negative, mag)
    }

    /// a >> n, rounding to minus infinity
    pub fn shr(a: IntRef<'_>, n: u64) -> Int {
        let mut mag = vec![0; a.mag.len() + 1];
        let len = shr_into(a, n, &mut mag);
        mag.truncate(len);
        Int::new(a.negative, mag)
    }
}

/// The magnitude without zero limbs on top.
pub fn trim(mag: &[u64]) -> &[u64] {
    let len = mag.iter().rposition(|limb| *limb != 0).map_or(0, |i| i + 1);
    &mag[..len]
}

/// Order of two normalised magnitudes.
pub fn cmp_mag(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn big(mag: &[u64]) -> dashu_int::UBig {
    dashu_int::UBig::from_words(mag)
}

fn from_big(negative: bool, value: &dashu_int::UBig) -> Int {
    Int::new(negative, value.as_words().to_vec())
}
