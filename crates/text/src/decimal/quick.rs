//! Small finite numbers without a [`Decimal`](super::Decimal) around them: what most
//! programs do all day. Each function declines (`None`) what is not normal in the context.
//!
//! Tests: `tests.rs`.

use std::cmp::Ordering;

use super::arith::{div_small, zeros_small};
use super::coef::Tail;
use super::round::goes_up;
use super::wide::{POW10, Wide, digits128};
use super::{Coef, Context, Flags, Round};

/// A finite number with a small coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Small {
    pub negative: bool,
    pub coef: u128,
    pub exp: i64,
}

impl Small {
    /// The number, if it fits as it is.
    #[inline]
    fn fitting(self, ctx: &Context) -> Option<Rounded> {
        let digits = i64::from(digits128(self.coef));
        let adjusted = self.exp + digits - 1;
        let fits = digits <= ctx.prec && adjusted >= ctx.emin && adjusted <= ctx.emax && !ctx.clamp;
        fits.then_some((self, Flags(0)))
    }

    /// A number of any width rounded to the precision, if it is then normal.
    #[inline]
    fn rounded(negative: bool, v: Wide, exp: i64, more: bool, ctx: &Context) -> Option<Rounded> {
        let digits = i64::from(v.digits());
        let drop = digits - ctx.prec;
        if drop <= 0 {
            let small = v.high == 0 && !more;
            return if small { Small { negative, coef: v.low, exp }.fitting(ctx) } else { None };
        }
        if exp + digits - 1 < ctx.emin {
            // Subnormal, even if rounding makes it normal.
            return None;
        }
        let p = *POW10.get(drop as usize)?;
        let (q, rest) = v.div_rem(p)?;
        let mut flags = Flags::ROUNDED;
        let mut coef = q;
        if rest != 0 || more {
            flags.add(Flags::INEXACT);
            let tail = Tail::of_small(rest, p).followed_by(if more { Tail::Below } else { Tail::Zero });
            if goes_up(ctx.round, negative, &Coef::Small(q), tail) {
                coef += 1;
            }
        }
        let (r, _) = Small { negative, coef, exp: exp + drop }.fitting(ctx)?;
        Some((r, flags))
    }

    /// a + b
    #[inline]
    pub fn add(self, b: Small, ctx: &Context) -> Option<Rounded> {
        if let Some((x, y, exp)) = aligned(self.coef, self.exp, b.coef, b.exp) {
            let (negative, coef) = if self.negative == b.negative {
                (self.negative, x.checked_add(y)?)
            } else {
                match x.cmp(&y) {
                    Ordering::Equal => (ctx.round == Round::Floor, 0),
                    Ordering::Greater => (self.negative, x - y),
                    Ordering::Less => (b.negative, y - x),
                }
            };
            if let r @ Some(_) = (Small { negative, coef, exp }).fitting(ctx) {
                return r;
            }
            return Small::rounded(negative, Wide { high: 0, low: coef }, exp, false, ctx);
        }
        // Too far apart for 128 bits: the one with the larger exponent is the wide one.
        let (a, b) = if self.exp > b.exp { (self, b) } else { (b, self) };
        let p = *POW10.get(usize::try_from(a.exp - b.exp).ok()?)?;
        let x = Wide::mul(a.coef, p);
        if a.negative == b.negative {
            Small::rounded(a.negative, x.add(b.coef)?, b.exp, false, ctx)
        } else {
            // It has more than 128 bits, so it is the larger one.
            Small::rounded(a.negative, x.sub(b.coef)?, b.exp, false, ctx)
        }
    }

    /// a - b
    #[inline]
    pub fn sub(self, b: Small, ctx: &Context) -> Option<Rounded> {
        self.add(Small { negative: !b.negative, ..b }, ctx)
    }

    /// a * b
    #[inline]
    pub fn mul(self, b: Small, ctx: &Context) -> Option<Rounded> {
        let (negative, exp) = (self.negative != b.negative, self.exp + b.exp);
        if (self.coef | b.coef) >> 64 == 0
            && let r @ Some(_) = (Small { negative, coef: self.coef * b.coef, exp }).fitting(ctx)
        {
            return r;
        }
        Small::rounded(negative, Wide::mul(self.coef, b.coef), exp, false, ctx)
    }

    /// a / b
    #[inline]
    pub fn div(self, b: Small, ctx: &Context) -> Option<Rounded> {
        if self.coef == 0 || b.coef == 0 {
            return None;
        }
        let (q, more, shift) = div_small(self.coef, b.coef, ctx.prec)?;
        let (negative, ideal) = (self.negative != b.negative, self.exp - b.exp);
        if more {
            return Small::rounded(negative, Wide { high: 0, low: q }, ideal - shift, true, ctx);
        }
        // Exact: as few digits as bring it to the ideal exponent.
        let zeros = zeros_small(q, shift.max(0));
        let coef = q / POW10[zeros as usize];
        Small { negative, coef, exp: ideal - shift + zeros }.fitting(ctx)
    }

    /// The order of two numbers.
    #[inline]
    pub fn compare(self, b: Small) -> Option<Ordering> {
        let (x, y, _) = aligned(self.coef, self.exp, b.coef, b.exp)?;
        Some(match (self.negative && x != 0, b.negative && y != 0) {
            (false, false) => x.cmp(&y),
            (true, true) => y.cmp(&x),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        })
    }

    /// The text in scientific notation, in `room`; `None` for what has no room there.
    pub fn text(self, room: &mut [u8; 96]) -> Option<&[u8]> {
        let digits = i64::from(digits128(self.coef));
        let left = self.exp + digits;
        if self.exp > 0 || left <= -6 {
            return None;
        }
        // From the end: fraction, point, whole part, sign.
        let mut at = room.len();
        let mut places = -self.exp;
        let mut put = |b: u8| {
            at -= 1;
            room[at] = b;
        };
        let mut rest = self.coef;
        let mut left_digits = digits.max(places + 1);
        while left_digits > 0 {
            // As many digits as a machine word holds at once.
            let (mut low, n) = match u64::try_from(rest) {
                Ok(v) => {
                    rest = 0;
                    (v, left_digits)
                }
                Err(_) => {
                    let q = rest / POW10[19];
                    let low = (rest - q * POW10[19]) as u64;
                    rest = q;
                    (low, 19)
                }
            };
            for _ in 0..n {
                put(b'0' + (low % 10) as u8);
                low /= 10;
                places -= 1;
                if places == 0 {
                    put(b'.');
                }
            }
            left_digits -= n;
        }
        if self.negative {
            put(b'-');
        }
        Some(&room[at..])
    }
}

/// A result, and the conditions that it raises.
pub type Rounded = (Small, Flags);

/// Two coefficients at the smaller exponent, if that is easily done.
#[inline]
pub fn aligned(x: u128, x_exp: i64, y: u128, y_exp: i64) -> Option<(u128, u128, i64)> {
    if x_exp == y_exp {
        return Some((x, y, x_exp));
    }
    let shift = x_exp.abs_diff(y_exp);
    let p = *POW10.get(usize::try_from(shift).ok()?)?;
    if x_exp > y_exp { Some((x.checked_mul(p)?, y, y_exp)) } else { Some((x, y.checked_mul(p)?, x_exp)) }
}
