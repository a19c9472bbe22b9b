//! Decimal numbers: the General Decimal Arithmetic Specification (and PEP 327),
//! without objects.
//!
//! | file | what |
//! |---|---|
//! | `coef.rs` | coefficients: digits, powers of ten, what is lost by dropping digits |
//! | `wide.rs` | 256 bits: products and quotients of two small coefficients |
//! | `round.rs` | fitting a result into a context; NaN operands |
//! | `quick.rs` | sums, products, orders and texts of small numbers |
//! | `arith.rs` | `+ - *` and division |
//! | `divide.rs` | integer division and remainders |
//! | `compare.rs` | orders, maxima, minima |
//! | `adjust.rs` | quantize, integral values, exponents, neighbours |
//! | `logic.rs` | digit-wise operations, shifting and rotating |
//! | `roots.rs`, `powers.rs` | square root, powers |
//! | `series.rs` | e, logarithms, to any number of correct digits |
//! | `parse.rs`, `text.rs`, `format.rs` | from and to text |
//!
//! Operations take a [`Context`] and a [`Flags`] to which they add the conditions
//! that arose; what is raised is the caller's affair. Results that would need more
//! than [`MOST_DIGITS`] digits are NaN with [`Flags::MEMORY`].
//! Tests: `tests.rs`; CPython test_decimal with the specification's own cases.

mod adjust;
mod arith;
mod coef;
mod compare;
mod divide;
mod format;
mod logic;
mod parse;
mod powers;
mod quick;
mod roots;
mod round;
mod series;
#[cfg(test)]
mod tests;
mod text;
mod wide;

pub use adjust::{
    logb, next_minus, next_plus, next_toward, quantize, reduce, rescale, scaleb, to_integral, to_integral_exact,
};
pub use arith::{abs, add, div, fma, minus, mul, mul_exact, plus, sub};
pub use coef::{Coef, lowest_terms, power_of};
pub use compare::{
    compare, compare_op, compare_signal, compare_total, compare_total_mag, max, max_mag, min, min_mag, numeric_cmp,
    same_quantum,
};
pub use divide::{div_int, div_mod, rem, rem_near};
pub use format::{Layout, Spec, format, hash};
pub use logic::{logical_and, logical_invert, logical_or, logical_xor, rotate, shift};
pub use parse::parse;
pub use powers::{pow, pow_mod};
pub use quick::Small;
pub use roots::sqrt;
pub use round::{finalize, finalize_ref};
pub use series::{exp, ln, log10};
pub use text::{to_eng, to_sci};

/// The largest precision.
pub const MAX_PREC: i64 = 999_999_999_999_999_999;
/// The largest exponent limit.
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
/// The smallest exponent limit.
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
/// The smallest exponent of a subnormal number.
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);
/// More digits than this a coefficient is not given.
pub const MOST_DIGITS: i64 = 100_000_000;

/// How digits that do not fit are rounded away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Round {
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards infinity.
    Ceiling,
    /// Towards minus infinity.
    Floor,
    /// To the nearest, ties away from zero.
    HalfUp,
    /// To the nearest, ties towards zero.
    HalfDown,
    /// To the nearest, ties to the even one.
    HalfEven,
    /// Away from zero if the last digit is 0 or 5, else towards zero.
    ZeroFiveUp,
}

impl Round {
    /// All of them, with Python's names.
    pub const ALL: [(Round, &'static str); 8] = [
        (Round::Up, "ROUND_UP"),
        (Round::Down, "ROUND_DOWN"),
        (Round::Ceiling, "ROUND_CEILING"),
        (Round::Floor, "ROUND_FLOOR"),
        (Round::HalfUp, "ROUND_HALF_UP"),
        (Round::HalfDown, "ROUND_HALF_DOWN"),
        (Round::HalfEven, "ROUND_HALF_EVEN"),
        (Round::ZeroFiveUp, "ROUND_05UP"),
    ];
    /// Python's name.
    pub fn name(self) -> &'static str {
        Round::ALL[self as usize].1
    }
    /// The mode with this number.
    pub fn from_index(i: u8) -> Round {
        Round::ALL[usize::from(i) % 8].0
    }
}

/// A set of conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    pub const CLAMPED: Flags = Flags(1);
    pub const CONVERSION_SYNTAX: Flags = Flags(1 << 1);
    pub const DIVISION_BY_ZERO: Flags = Flags(1 << 2);
    pub const DIVISION_IMPOSSIBLE: Flags = Flags(1 << 3);
    pub const DIVISION_UNDEFINED: Flags = Flags(1 << 4);
    pub const INEXACT: Flags = Flags(1 << 5);
    pub const INVALID_CONTEXT: Flags = Flags(1 << 6);
    pub const INVALID_OPERATION: Flags = Flags(1 << 7);
    pub const FLOAT_OPERATION: Flags = Flags(1 << 8);
    pub const OVERFLOW: Flags = Flags(1 << 9);
    pub const ROUNDED: Flags = Flags(1 << 10);
    pub const SUBNORMAL: Flags = Flags(1 << 11);
    pub const UNDERFLOW: Flags = Flags(1 << 12);
    /// The result would not fit into memory.
    pub const MEMORY: Flags = Flags(1 << 13);
    /// All that count as `InvalidOperation`.
    pub const INVALID: Flags = Flags(
        Flags::CONVERSION_SYNTAX.0
            | Flags::DIVISION_IMPOSSIBLE.0
            | Flags::DIVISION_UNDEFINED.0
            | Flags::INVALID_CONTEXT.0
            | Flags::INVALID_OPERATION.0,
    );
    /// All after which the result is not a number, or is infinite for want of one.
    pub const ERRORS: Flags = Flags(Flags::INVALID.0 | Flags::DIVISION_BY_ZERO.0 | Flags::MEMORY.0);

    /// Whether any of `other` is in it.
    #[inline]
    pub fn any(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }
    /// What is in both.
    #[inline]
    pub fn and(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }
    /// Add `other`.
    #[inline]
    pub fn add(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// What an operation must know of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The most digits of a result.
    pub prec: i64,
    /// The largest adjusted exponent.
    pub emax: i64,
    /// The smallest adjusted exponent of a normal number.
    pub emin: i64,
    /// The rounding mode.
    pub round: Round,
    /// Whether exponents are kept at or below [`Context::etop`].
    pub clamp: bool,
}

impl Context {
    /// The widest context, in which all that can be represented is exact.
    pub const MAX: Context =
        Context { prec: MAX_PREC, emax: MAX_EMAX, emin: MIN_EMIN, round: Round::HalfEven, clamp: false };

    /// The exponent of the smallest subnormal number.
    #[inline]
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }
    /// The largest exponent of a number with all digits.
    #[inline]
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }
    /// The same with another rounding mode.
    pub fn rounding(&self, round: Round) -> Context {
        Context { round, ..*self }
    }
    /// The same with another precision.
    pub fn with_prec(&self, prec: i64) -> Context {
        Context { prec, ..*self }
    }
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Finite,
    Infinite,
    /// A quiet NaN, the coefficient being its payload (0 for none).
    Nan,
    /// A signaling NaN.
    Snan,
}

/// A decimal number: sign, coefficient, exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    pub negative: bool,
    pub kind: Kind,
    pub exp: i64,
    pub coef: Coef,
}

impl Decimal {
    /// A finite number.
    #[inline]
    pub fn new(negative: bool, coef: Coef, exp: i64) -> Decimal {
        Decimal { negative, kind: Kind::Finite, exp, coef }
    }
    /// A finite number with a small coefficient.
    #[inline]
    pub fn small(negative: bool, coef: u128, exp: i64) -> Decimal {
        Decimal::new(negative, Coef::Small(coef), exp)
    }
    /// An int.
    pub fn from_i64(v: i64) -> Decimal {
        Decimal::small(v < 0, u128::from(v.unsigned_abs()), 0)
    }
    /// An infinity.
    pub fn infinity(negative: bool) -> Decimal {
        Decimal { negative, kind: Kind::Infinite, exp: 0, coef: Coef::ZERO }
    }
    /// The NaN without a payload.
    pub fn nan() -> Decimal {
        Decimal { negative: false, kind: Kind::Nan, exp: 0, coef: Coef::ZERO }
    }
    /// The NaN of a failed operation, which `why` is added for.
    #[cold]
    pub fn error(why: Flags, st: &mut Flags) -> Decimal {
        st.add(why);
        Decimal::nan()
    }
    #[inline]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }
    #[inline]
    pub fn is_special(&self) -> bool {
        self.kind != Kind::Finite
    }
    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }
    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::Nan | Kind::Snan)
    }
    pub fn is_snan(&self) -> bool {
        self.kind == Kind::Snan
    }
    /// Whether it is a zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coef.is_zero()
    }
    /// Digits of the coefficient; a zero has one.
    pub fn digits(&self) -> i64 {
        self.coef.digits()
    }
    /// The exponent of the first digit.
    pub fn adjusted(&self) -> i64 {
        self.exp + self.digits() - 1
    }
    /// Whether it is an integer whatever its exponent.
    pub fn is_integral(&self) -> bool {
        self.is_finite() && (self.exp >= 0 || self.coef.is_zero() || self.coef.divides_pow10(-self.exp))
    }
    /// Whether it is an odd integer.
    pub fn is_odd(&self) -> bool {
        self.is_integral() && self.exp <= 0 && !self.coef.is_zero() && self.coef.div_pow10(-self.exp).0.is_odd()
    }
    /// Whether it is finite, not zero, and below the normal numbers.
    pub fn is_subnormal(&self, ctx: &Context) -> bool {
        self.is_finite() && !self.coef.is_zero() && self.adjusted() < ctx.emin
    }
    /// Whether it is finite, not zero, and not subnormal.
    pub fn is_normal(&self, ctx: &Context) -> bool {
        self.is_finite() && !self.coef.is_zero() && self.adjusted() >= ctx.emin
    }
    /// With the other sign.
    pub fn negated(mut self) -> Decimal {
        self.negative = !self.negative;
        self
    }
    /// With this sign.
    pub fn signed(mut self, negative: bool) -> Decimal {
        self.negative = negative;
        self
    }
    /// The name of its class, of the ten that the specification has.
    pub fn class_name(&self, ctx: &Context) -> &'static str {
        match (self.kind, self.negative) {
            (Kind::Snan, _) => "sNaN",
            (Kind::Nan, _) => "NaN",
            (Kind::Infinite, false) => "+Infinity",
            (Kind::Infinite, true) => "-Infinity",
            (Kind::Finite, negative) => match (self.coef.is_zero(), self.is_subnormal(ctx), negative) {
                (true, _, false) => "+Zero",
                (true, _, true) => "-Zero",
                (_, true, false) => "+Subnormal",
                (_, true, true) => "-Subnormal",
                (_, _, false) => "+Normal",
                (_, _, true) => "-Normal",
            },
        }
    }
}
