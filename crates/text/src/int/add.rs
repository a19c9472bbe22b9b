//! Addition and subtraction.

use std::cmp::Ordering;

use super::{IntRef, cmp_mag, trim};

/// a + b; `out` holds at least `max(a.len, b.len) + 1` limbs.
pub fn add_into(a: IntRef<'_>, b: IntRef<'_>, out: &mut [u64]) -> (bool, usize) {
    if a.negative == b.negative {
        return (a.negative, add_mag(a.mag, b.mag, out));
    }
    match cmp_mag(a.mag, b.mag) {
        Ordering::Equal => (false, 0),
        Ordering::Greater => (a.negative, sub_mag(a.mag, b.mag, out)),
        Ordering::Less => (b.negative, sub_mag(b.mag, a.mag, out)),
    }
}

/// a - b; `out` as for `add_into`.
pub fn sub_into(a: IntRef<'_>, b: IntRef<'_>, out: &mut [u64]) -> (bool, usize) {
    add_into(a, b.negated(), out)
}

fn add_mag(a: &[u64], b: &[u64], out: &mut [u64]) -> usize {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (low, high) = long.split_at(short.len());
    let (out_low, out_high) = out.split_at_mut(short.len());
    let mut carry = false;
    for ((x, y), sum) in low.iter().zip(short).zip(out_low) {
        (*sum, carry) = x.carrying_add(*y, carry);
    }
    for (x, sum) in high.iter().zip(out_high.iter_mut()) {
        (*sum, carry) = x.overflowing_add(u64::from(carry));
    }
    if carry {
        out_high[high.len()] = 1;
        long.len() + 1
    } else {
        long.len()
    }
}

/// a - b for a > b.
fn sub_mag(a: &[u64], b: &[u64], out: &mut [u64]) -> usize {
    let (low, high) = a.split_at(b.len());
    let (out_low, out_high) = out.split_at_mut(b.len());
    let mut borrow = false;
    for ((x, y), difference) in low.iter().zip(b).zip(out_low) {
        (*difference, borrow) = x.borrowing_sub(*y, borrow);
    }
    for (x, difference) in high.iter().zip(out_high.iter_mut()) {
        (*difference, borrow) = x.overflowing_sub(u64::from(borrow));
    }
    trim(&out[..a.len()]).len()
}
