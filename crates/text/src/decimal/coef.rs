//! Coefficients: numbers without a sign, small ones in place.
//!
//! Invariant: `Big` holds only what does not fit 128 bits, so equal coefficients
//! have equal forms. Powers of ten beyond 128 bits are remembered by each thread.
//! Tests: `tests.rs`.

use std::cell::RefCell;
use std::cmp::Ordering;

use dashu_int::UBig;
use dashu_int::ops::{BitTest, DivRem};

use super::MOST_DIGITS;
use super::wide::{POW10, Wide, digits128};

/// A coefficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coef {
    Small(u128),
    Big(UBig),
}

/// What dropped digits were, compared with half a unit of the digit before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// All zeros.
    Zero,
    Below,
    Half,
    Above,
}

impl Tail {
    /// The tail that has this one somewhere after it.
    #[inline]
    pub fn followed_by(self, later: Tail) -> Tail {
        match (self, later) {
            (Tail::Zero, Tail::Below | Tail::Half | Tail::Above) => Tail::Below,
            (Tail::Half, Tail::Below | Tail::Half | Tail::Above) => Tail::Above,
            (tail, _) => tail,
        }
    }

    fn of(rest: Ordering, zero: bool) -> Tail {
        match rest {
            _ if zero => Tail::Zero,
            Ordering::Less => Tail::Below,
            Ordering::Equal => Tail::Half,
            Ordering::Greater => Tail::Above,
        }
    }

    /// Of a remainder of a division by `d`.
    #[inline]
    pub fn of_small(rest: u128, d: u128) -> Tail {
        Tail::of(rest.cmp(&(d - rest)), rest == 0)
    }
}

/// How many powers of ten a thread remembers.
const REMEMBERED: usize = 12;

thread_local! {
    static POWERS: RefCell<Vec<(u64, UBig)>> = const { RefCell::new(Vec::new()) };
}

/// Run `f` on 10**k.
pub fn with_pow10<R>(k: u64, f: impl FnOnce(&UBig) -> R) -> R {
    if k < 39 {
        return f(&UBig::from(POW10[k as usize]));
    }
    let found = POWERS.with_borrow_mut(|powers| {
        let at = powers.iter().position(|(n, _)| *n == k)?;
        let entry = powers.remove(at);
        powers.push(entry);
        powers.last().map(|(_, v)| v.clone())
    });
    match found {
        Some(v) => f(&v),
        None => {
            let v = UBig::from(5u8).pow(k as usize) << k as usize;
            let r = f(&v);
            POWERS.with_borrow_mut(|powers| {
                if powers.len() >= REMEMBERED {
                    powers.remove(0);
                }
                powers.push((k, v));
            });
            r
        }
    }
}

/// Digits of a number that is not zero.
pub fn big_digits(v: &UBig) -> i64 {
    let bits = v.bit_len();
    if bits <= 128 {
        return i64::from(digits128(u128::try_from(v).unwrap_or(u128::MAX)));
    }
    // The leading 64 bits give the logarithm to some 18 digits.
    let words = v.as_words();
    let (top, next) = (words[words.len() - 1], words[words.len() - 2]);
    let lead = top.leading_zeros();
    let high = (u128::from(top) << 64 | u128::from(next)) << lead >> 64;
    let log = (high as f64).log10() + (bits as f64 - 64.0) * std::f64::consts::LOG10_2;
    let whole = log.floor();
    let near = log - whole;
    let margin = 1e-9 + log * 1e-15;
    if near > margin && near < 1.0 - margin {
        return whole as i64 + 1;
    }
    let k = log.round();
    k as i64 + i64::from(with_pow10(k as u64, |p| v >= p))
}

impl Coef {
    pub const ZERO: Coef = Coef::Small(0);

    /// In its one form.
    #[inline]
    pub fn from_big(v: UBig) -> Coef {
        match v.bit_len() {
            0..=128 => Coef::Small(u128::try_from(&v).unwrap_or_default()),
            _ => Coef::Big(v),
        }
    }
    /// From limbs, the lowest first.
    pub fn from_limbs(limbs: &[u64]) -> Coef {
        match limbs {
            [] => Coef::ZERO,
            &[low] => Coef::Small(u128::from(low)),
            &[low, high] => Coef::Small(u128::from(high) << 64 | u128::from(low)),
            _ => Coef::from_big(UBig::from_words(limbs)),
        }
    }
    pub fn from_wide(v: Wide) -> Coef {
        match v.high {
            0 => Coef::Small(v.low),
            high => Coef::Big((UBig::from(high) << 128) + UBig::from(v.low)),
        }
    }
    /// As a big number.
    pub fn to_big(&self) -> UBig {
        match self {
            Coef::Small(v) => UBig::from(*v),
            Coef::Big(v) => v.clone(),
        }
    }
    /// Run `f` on its limbs.
    pub fn with_limbs<R>(&self, f: impl FnOnce(&[u64]) -> R) -> R {
        match self {
            Coef::Small(v) => f(crate::int::trim(&[*v as u64, (*v >> 64) as u64])),
            Coef::Big(v) => f(v.as_words()),
        }
    }
    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self, Coef::Small(0))
    }
    pub fn is_one(&self) -> bool {
        matches!(self, Coef::Small(1))
    }
    pub fn is_odd(&self) -> bool {
        match self {
            Coef::Small(v) => v & 1 == 1,
            Coef::Big(v) => v.bit(0),
        }
    }
    /// Digits; 1 for zero.
    #[inline]
    pub fn digits(&self) -> i64 {
        match self {
            Coef::Small(v) => i64::from(digits128(*v)),
            Coef::Big(v) => big_digits(v),
        }
    }
    /// The last digit.
    pub fn last_digit(&self) -> u8 {
        match self {
            Coef::Small(v) => (v % 10) as u8,
            Coef::Big(v) => v % 10u8,
        }
    }
    /// The digits as text.
    pub fn to_text(&self) -> String {
        match self {
            Coef::Small(v) => v.to_string(),
            Coef::Big(v) => crate::int::to_text(crate::int::IntRef::new(false, v.as_words()), 10),
        }
    }
    /// self * 10**k, if that is not too large.
    pub fn mul_pow10(&self, k: i64) -> Option<Coef> {
        debug_assert!(k >= 0);
        match self {
            Coef::Small(0) => return Some(Coef::ZERO),
            _ if k == 0 => return Some(self.clone()),
            _ if k > MOST_DIGITS => return None,
            Coef::Small(v) if k < 39 => {
                let p = POW10[k as usize];
                return Some(match v.checked_mul(p) {
                    Some(v) => Coef::Small(v),
                    None => Coef::from_wide(Wide::mul(*v, p)),
                });
            }
            _ => {}
        }
        Some(with_pow10(k as u64, |p| match self {
            Coef::Small(v) => Coef::from_big(p * UBig::from(*v)),
            Coef::Big(v) => Coef::from_big(p * v),
        }))
    }
    /// self / 10**k and what is lost by that.
    pub fn div_pow10(&self, k: i64) -> (Coef, Tail) {
        debug_assert!(k >= 0);
        if k == 0 || self.is_zero() {
            return (self.clone(), Tail::Zero);
        }
        match self {
            // 128 bits hold less than half of 10**39.
            Coef::Small(_) if k >= 39 => (Coef::ZERO, Tail::Below),
            Coef::Small(v) => {
                let p = POW10[k as usize];
                // Halves are divided several times faster.
                let (q, r) = match (u64::try_from(*v), u64::try_from(p)) {
                    (Ok(v), Ok(p)) => (u128::from(v / p), u128::from(v % p)),
                    _ => {
                        let q = v / p;
                        (q, v - q * p)
                    }
                };
                (Coef::Small(q), Tail::of_small(r, p))
            }
            Coef::Big(_) if k > self.digits() => (Coef::ZERO, Tail::Below),
            Coef::Big(v) => with_pow10(k as u64, |p| {
                let (q, r) = v.div_rem(p);
                let tail = Tail::of((&r << 1usize).cmp(p), r.is_zero());
                (Coef::from_big(q), tail)
            }),
        }
    }
    /// self % 10**k
    pub fn rem_pow10(&self, k: i64) -> Coef {
        match self {
            _ if k >= self.digits() => self.clone(),
            Coef::Small(v) => Coef::Small(v % POW10[k as usize]),
            Coef::Big(v) => with_pow10(k as u64, |p| Coef::from_big(v % p)),
        }
    }
    /// Whether 10**k divides it.
    pub fn divides_pow10(&self, k: i64) -> bool {
        k < self.digits() && self.div_pow10(k).1 == Tail::Zero
    }
    /// How many zeros it ends with; 0 for zero.
    pub fn trailing_zeros(&self) -> i64 {
        match self {
            Coef::Small(0) => 0,
            Coef::Small(v) => {
                let (mut v, mut n) = (*v, 0);
                while v % 10 == 0 {
                    v /= 10;
                    n += 1;
                }
                n
            }
            Coef::Big(v) => {
                // No more zeros than factors of two; halving the search from there.
                let twos = v.trailing_zeros().unwrap_or(0) as i64;
                let (mut low, mut high) = (0, twos.min(self.digits() - 1));
                while low < high {
                    let mid = low + (high - low + 1) / 2;
                    if self.divides_pow10(mid) {
                        low = mid;
                    } else {
                        high = mid - 1;
                    }
                }
                low
            }
        }
    }
    pub fn add(&self, other: &Coef) -> Coef {
        if let (Coef::Small(a), Coef::Small(b)) = (self, other)
            && let Some(sum) = a.checked_add(*b)
        {
            return Coef::Small(sum);
        }
        Coef::from_big(self.to_big() + other.to_big())
    }
    /// self - other, which is not larger.
    pub fn sub(&self, other: &Coef) -> Coef {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => Coef::Small(a - b),
            (Coef::Big(a), Coef::Small(b)) => Coef::from_big(a - UBig::from(*b)),
            _ => Coef::from_big(self.to_big() - other.to_big()),
        }
    }
    pub fn mul(&self, other: &Coef) -> Coef {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => match a.checked_mul(*b) {
                Some(v) => Coef::Small(v),
                None => Coef::from_wide(Wide::mul(*a, *b)),
            },
            (Coef::Big(a), Coef::Big(b)) => Coef::Big(a * b),
            (Coef::Big(a), Coef::Small(b)) | (Coef::Small(b), Coef::Big(a)) => Coef::from_big(a * UBig::from(*b)),
        }
    }
    /// Quotient and remainder; `other` is not zero.
    pub fn div_rem(&self, other: &Coef) -> (Coef, Coef) {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => (Coef::Small(a / b), Coef::Small(a % b)),
            (Coef::Small(_), Coef::Big(_)) => (Coef::ZERO, self.clone()),
            (Coef::Big(a), _) => {
                let (q, r) = a.div_rem(other.to_big());
                (Coef::from_big(q), Coef::from_big(r))
            }
        }
    }
}

impl PartialOrd for Coef {
    fn partial_cmp(&self, other: &Coef) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Coef {
    #[inline]
    fn cmp(&self, other: &Coef) -> Ordering {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => a.cmp(b),
            (Coef::Small(_), Coef::Big(_)) => Ordering::Less,
            (Coef::Big(_), Coef::Small(_)) => Ordering::Greater,
            (Coef::Big(a), Coef::Big(b)) => a.cmp(b),
        }
    }
}

/// base ** k
pub fn power_of(base: u8, k: u32) -> Coef {
    Coef::from_big(UBig::from(base).pow(k as usize))
}

/// coef / 10**k in lowest terms, if that power is not too large.
pub fn lowest_terms(coef: &Coef, k: i64) -> Option<(Coef, Coef)> {
    use dashu_int::ops::Gcd;
    let bottom = Coef::Small(1).mul_pow10(k)?.to_big();
    let top = coef.to_big();
    let common = (&top).gcd(&bottom);
    Some((Coef::from_big(top / &common), Coef::from_big(bottom / common)))
}
