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
    let mut carry = each_limb(low, short, out_low, u64::carrying_add);
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

/// `step` from the lowest limb up, in runs of eight without a branch: within one the carry
/// stays in the processor's flag. The carry out of the highest.
#[inline(always)]
fn each_limb(a: &[u64], b: &[u64], out: &mut [u64], step: impl Fn(u64, u64, bool) -> (u64, bool)) -> bool {
    let ((a_runs, a_rest), (b_runs, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let (out_runs, out_rest) = out.as_chunks_mut::<8>();
    let mut carry = false;
    for ((x, y), o) in a_runs.iter().zip(b_runs).zip(out_runs) {
        for i in 0..8 {
            (o[i], carry) = step(x[i], y[i], carry);
        }
    }
    for ((x, y), o) in a_rest.iter().zip(b_rest).zip(out_rest) {
        (*o, carry) = step(*x, *y, carry);
    }
    carry
}

/// a - b for a > b.
fn sub_mag(a: &[u64], b: &[u64], out: &mut [u64]) -> usize {
    let (low, high) = a.split_at(b.len());
    let (out_low, out_high) = out.split_at_mut(b.len());
    let mut borrow = each_limb(low, b, out_low, u64::borrowing_sub);
    for (x, difference) in high.iter().zip(out_high.iter_mut()) {
        (*difference, borrow) = x.overflowing_sub(u64::from(borrow));
    }
    trim(&out[..a.len()]).len()
}
