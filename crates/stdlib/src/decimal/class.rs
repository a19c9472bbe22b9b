//! The class `decimal.Decimal`.
//!
//! Operators use the current context and decline operands that are not Decimals or ints;
//! methods use the context that they are given and refuse such operands.
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::context::{Context, current, optional, rounding};
use super::format;
use super::ordering;
use super::value::{self, Decimal, convert_exact, make, operand, required, ssize};
use crate::util::tuple_obj;
use typhon_macros::class;
use typhon_object::native::{self, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, Result, float, int, list, ops, str};
use typhon_text::decimal::{self as num, Decimal as Number, Flags, Kind, Round, Small};

/// An operation on one number.
pub type Unary = fn(&Number, &num::Context, &mut Flags) -> Number;
/// An operation on two numbers.
pub type Binary = fn(&Number, &Number, &num::Context, &mut Flags) -> Number;

/// The result of an operation, once its conditions are signaled.
#[inline]
pub fn finish(cx: &mut Cx, c: Gc<Context>, r: Number, st: Flags) -> Result<Obj> {
    if st.0 != 0 {
        c.signal(cx, st)?;
    }
    make(cx, r)
}

/// An operator of one operand.
fn unary(cx: &mut Cx, a: Number, f: Unary) -> Result<Obj> {
    let c = current(cx)?;
    let mut st = Flags::default();
    let r = f(&a, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

/// An operator of two operands.
#[inline]
fn binary(
    cx: &mut Cx,
    a: Obj,
    b: Obj,
    f: impl FnOnce(&Number, &Number, &num::Context, &mut Flags) -> Number,
) -> Result<Obj> {
    let c = current(cx)?;
    let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(Obj::NOT_IMPLEMENTED) };
    let mut st = Flags::default();
    let r = f(&x, &y, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

/// An operator of two small numbers with a result of that kind.
#[inline]
fn quick(
    cx: &mut Cx,
    a: Gc<Decimal>,
    b: Obj,
    f: impl FnOnce(Small, Small, &num::Context) -> Option<(Small, Flags)>,
) -> Result<Option<Obj>> {
    let y = match b.cast::<Decimal>() {
        Some(b) => b.small(),
        None => int::small(b).map(|v| Small { negative: v < 0, coef: u128::from(v.unsigned_abs()), exp: 0 }),
    };
    let (Some(x), Some(y)) = (a.small(), y) else { return Ok(None) };
    let c = current(cx)?;
    match f(x, y, &c.spec()) {
        Some((r, st)) => {
            if st.0 != 0 {
                c.signal(cx, st)?;
            }
            value::make_small(cx, r).map(Some)
        }
        None => Ok(None),
    }
}

fn unary_in(cx: &mut Cx, a: Number, context: Obj, f: Unary) -> Result<Obj> {
    let c = optional(cx, context)?;
    let mut st = Flags::default();
    let r = f(&a, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

fn binary_in(cx: &mut Cx, a: Number, other: Obj, context: Obj, f: Binary) -> Result<Obj> {
    let c = optional(cx, context)?;
    let b = required(cx, other)?;
    let mut st = Flags::default();
    let r = f(&a, &b, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

/// `divmod(a, b)`
pub fn pair(cx: &mut Cx, c: Gc<Context>, a: &Number, b: &Number) -> Result<Obj> {
    let mut st = Flags::default();
    let (q, r) = num::div_mod(a, b, &c.spec(), &mut st);
    c.signal(cx, st)?;
    let q = make(cx, q)?;
    let r = make(cx, r)?;
    tuple_obj(cx, &[q, r])
}

fn div_mod(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
    let c = current(cx)?;
    match (operand(a), operand(b)) {
        (Some(x), Some(y)) => pair(cx, c, &x, &y),
        _ => Ok(Obj::NOT_IMPLEMENTED),
    }
}

fn power(cx: &mut Cx, a: Obj, b: Obj, modulus: Obj) -> Result<Obj> {
    if modulus.is_none() {
        return binary(cx, a, b, num::pow);
    }
    let c = current(cx)?;
    let (Some(x), Some(y), Some(m)) = (operand(a), operand(b), operand(modulus)) else {
        return Ok(Obj::NOT_IMPLEMENTED);
    };
    let mut st = Flags::default();
    let r = num::pow_mod(&x, &y, &m, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

/// `pow(a, b, modulus)` of other numbers, if the modulus is a Decimal.
pub fn power_by_modulus(cx: &mut Cx, a: Obj, b: Obj, modulus: Obj) -> Result<Obj> {
    if modulus.cast::<Decimal>().is_none() {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    power(cx, a, b, modulus)
}

/// The settings of `c` with another rounding mode, if one is given.
fn rounded_by(cx: &Cx, c: Gc<Context>, mode: Obj) -> Result<num::Context> {
    if mode.is_none() { Ok(c.spec()) } else { Ok(c.spec().rounding(rounding(cx, mode)?)) }
}

fn integral(cx: &mut Cx, a: Number, mode: Obj, context: Obj, f: Unary) -> Result<Obj> {
    let c = optional(cx, context)?;
    let spec = rounded_by(cx, c, mode)?;
    let mut st = Flags::default();
    let r = f(&a, &spec, &mut st);
    finish(cx, c, r, st)
}

/// Construct a decimal number from an int, a str, a tuple, a float or another one,
/// exactly. Without a value it is 0. The context matters only if the value is invalid.
#[class(module = "decimal", name = "Decimal", subclassable, immutable)]
impl Decimal {
    #[sig(value = "0", context = None)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, value: Obj, context: Obj) -> Result<Obj> {
        let c = optional(cx, context)?;
        convert_exact(cx, cls, value, c)
    }
    /// Convert a float or an int exactly.
    #[classmethod]
    fn from_float(cx: &mut Cx, cls: Gc<Type>, f: Obj) -> Result<Obj> {
        let n = value::int_or_float(cx, f)?;
        derived(cx, cls, n)
    }
    /// Convert a real number exactly.
    #[classmethod]
    fn from_number(cx: &mut Cx, cls: Gc<Type>, number: Obj) -> Result<Obj> {
        if operand(number).is_none() && float::value(number).is_none() {
            return Err(value::not_supported(cx, number));
        }
        let c = current(cx)?;
        let exact = native::class_of::<Decimal>(cx)?;
        let d = convert_exact(cx, exact, number, c)?;
        if cls == exact { Ok(d) } else { ops::call_args(cx, cls.obj(), &[d]) }
    }

    fn __add__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if let Some(r) = quick(cx, this, value, Small::add)? {
            return Ok(r);
        }
        binary(cx, this.obj(), value, num::add)
    }
    fn __radd__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, value, this.obj(), num::add)
    }
    fn __sub__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if let Some(r) = quick(cx, this, value, Small::sub)? {
            return Ok(r);
        }
        binary(cx, this.obj(), value, num::sub)
    }
    fn __rsub__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, value, this.obj(), num::sub)
    }
    fn __mul__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if let Some(r) = quick(cx, this, value, Small::mul)? {
            return Ok(r);
        }
        binary(cx, this.obj(), value, num::mul)
    }
    fn __rmul__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, value, this.obj(), num::mul)
    }
    fn __truediv__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        if let Some(r) = quick(cx, this, value, Small::div)? {
            return Ok(r);
        }
        binary(cx, this.obj(), value, num::div)
    }
    fn __rtruediv__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, value, this.obj(), num::div)
    }
    fn __floordiv__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, this.obj(), value, num::div_int)
    }
    fn __rfloordiv__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, value, this.obj(), num::div_int)
    }
    fn __mod__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, this.obj(), value, num::rem)
    }
    fn __rmod__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, value, this.obj(), num::rem)
    }
    fn __divmod__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        div_mod(cx, this.obj(), value)
    }
    fn __rdivmod__(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        div_mod(cx, value, this.obj())
    }
    #[sig(value, mod = None, /)]
    fn __pow__(this: Gc<Self>, cx: &mut Cx, value: Obj, r#mod: Obj) -> Result<Obj> {
        power(cx, this.obj(), value, r#mod)
    }
    #[sig(value, mod = None, /)]
    fn __rpow__(this: Gc<Self>, cx: &mut Cx, value: Obj, r#mod: Obj) -> Result<Obj> {
        power(cx, value, this.obj(), r#mod)
    }
    fn __neg__(&self, cx: &mut Cx) -> Result<Obj> {
        unary(cx, self.number(), num::minus)
    }
    fn __pos__(&self, cx: &mut Cx) -> Result<Obj> {
        unary(cx, self.number(), num::plus)
    }
    fn __abs__(&self, cx: &mut Cx) -> Result<Obj> {
        unary(cx, self.number(), num::abs)
    }
    fn __bool__(&self) -> bool {
        !self.zero()
    }
    fn __richcmp__(this: Gc<Self>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        ordering::compare(cx, this, other, op)
    }
    fn __hash__(this: Gc<Self>, cx: &Cx) -> Result<i64> {
        match this.kind() {
            Kind::Finite => Ok(num::hash(&this.number())),
            Kind::Infinite => Ok(if this.is_negative() { -314_159 } else { 314_159 }),
            Kind::Nan => Ok(ops::hash_identity(this.obj())),
            Kind::Snan => Err(cx.type_error("Cannot hash a signaling NaN value")),
        }
    }
    fn __int__(&self, cx: &mut Cx) -> Result<Obj> {
        value::to_int(cx, &self.number(), Round::Down)
    }
    fn __trunc__(&self, cx: &mut Cx) -> Result<Obj> {
        value::to_int(cx, &self.number(), Round::Down)
    }
    fn __floor__(&self, cx: &mut Cx) -> Result<Obj> {
        value::to_int(cx, &self.number(), Round::Floor)
    }
    fn __ceil__(&self, cx: &mut Cx) -> Result<Obj> {
        value::to_int(cx, &self.number(), Round::Ceiling)
    }
    fn __float__(&self, cx: &mut Cx) -> Result<f64> {
        value::to_f64(cx, &self.number())
    }
    fn __complex__(&self, cx: &mut Cx) -> Result<Obj> {
        let re = value::to_f64(cx, &self.number())?;
        typhon_builtins::complex::new(cx, (re, 0.0))
    }
    #[sig(ndigits = <missing>, /)]
    fn __round__(&self, cx: &mut Cx, ndigits: Missing<Obj>) -> Result<Obj> {
        let Missing::Given(places) = ndigits else {
            return value::to_int(cx, &self.number(), Round::HalfEven);
        };
        if !int::is_int(places) {
            return Err(cx.type_error("optional arg must be an integer"));
        }
        let places = ssize(cx, places)?;
        let unit = Number::small(false, 1, places.checked_neg().unwrap_or(i64::MAX));
        let c = current(cx)?;
        let mut st = Flags::default();
        let r = num::quantize(&self.number(), &unit, &c.spec(), &mut st);
        finish(cx, c, r, st)
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let c = current(cx)?;
        Ok(format!("Decimal('{}')", num::to_sci(&self.number(), c.capital_e())))
    }
    fn __str__(&self, cx: &mut Cx) -> Result<Obj> {
        let mut room = [0; 96];
        if let Some(b) = self.small().and_then(|s| s.text(&mut room)) {
            return Ok(str::from_latin1(cx, b)?.obj());
        }
        let c = current(cx)?;
        num::to_sci(&self.number(), c.capital_e()).into_obj(cx)
    }
    #[sig(fmtarg, overriding = <missing>, /)]
    fn __format__(&self, cx: &mut Cx, fmtarg: Obj, overriding: Missing<Obj>) -> Result<Obj> {
        format::format(cx, &self.number(), fmtarg, overriding.given())
    }
    fn __copy__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __deepcopy__(this: Gc<Self>, object: Obj) -> Gc<Self> {
        let _ = object;
        this
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let text = ops::to_str(cx, this.obj())?.obj();
        let args = tuple_obj(cx, &[text])?;
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), args])
    }
    fn __sizeof__(&self) -> usize {
        let n = self.number();
        let more = if n.digits() > 38 { n.coef.with_limbs(|l| 16 + 8 * l.len()) } else { 0 };
        8 + size_of::<Decimal>() + more
    }

    #[getter]
    fn real(this: Gc<Self>) -> Gc<Self> {
        this
    }
    #[getter]
    fn imag(&self, cx: &mut Cx) -> Result<Obj> {
        make(cx, Number::from_i64(0))
    }
    /// Return the exponent of the first digit.
    fn adjusted(&self) -> i64 {
        if self.kind() == Kind::Finite { self.number().adjusted() } else { 0 }
    }
    /// Return a pair of ints whose quotient is the number, in lowest terms.
    fn as_integer_ratio(&self, cx: &mut Cx) -> Result<Obj> {
        value::ratio(cx, &self.number())
    }
    /// Return the number as a named tuple of sign, digits and exponent.
    fn as_tuple(&self, cx: &mut Cx) -> Result<Obj> {
        let n = self.number();
        let exponent = match n.kind {
            Kind::Finite => int::from_i64(cx, n.exp)?,
            Kind::Infinite => cx.intern("F")?.obj(),
            Kind::Nan => cx.intern("n")?.obj(),
            Kind::Snan => cx.intern("N")?.obj(),
        };
        let text = if n.is_nan() && n.coef.is_zero() { String::new() } else { n.coef.to_text() };
        let digits = list::new(cx, &[])?;
        for b in text.bytes() {
            digits.append(cx, Obj::int_unchecked(i64::from(b - b'0')))?;
        }
        let digits = ops::tuple_from_list(cx, digits)?.obj();
        let class = super::decimal_tuple(cx)?;
        ops::call_args(cx, class, &[Obj::int_unchecked(i64::from(n.negative)), digits, exponent])
    }
    /// Return the number itself: all have their canonical form.
    fn canonical(this: Gc<Self>) -> Gc<Self> {
        this
    }
    /// Return the number itself.
    fn conjugate(this: Gc<Self>) -> Gc<Self> {
        this
    }
    /// Return Decimal(10), the base of all arithmetic here.
    fn radix(&self, cx: &mut Cx) -> Result<Obj> {
        make(cx, Number::from_i64(10))
    }
    /// Return the number without its sign.
    fn copy_abs(&self, cx: &mut Cx) -> Result<Obj> {
        make(cx, self.number().signed(false))
    }
    /// Return the number with the other sign.
    fn copy_negate(&self, cx: &mut Cx) -> Result<Obj> {
        make(cx, self.number().negated())
    }
    /// Return the number with the sign of other.
    #[sig(other, context = None)]
    fn copy_sign(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, |a, b, _, _| a.clone().signed(b.negative))
    }
    fn is_canonical(&self) -> bool {
        true
    }
    fn is_finite(&self) -> bool {
        self.kind() == Kind::Finite
    }
    fn is_infinite(&self) -> bool {
        self.kind() == Kind::Infinite
    }
    fn is_nan(&self) -> bool {
        matches!(self.kind(), Kind::Nan | Kind::Snan)
    }
    fn is_qnan(&self) -> bool {
        self.kind() == Kind::Nan
    }
    fn is_snan(&self) -> bool {
        self.kind() == Kind::Snan
    }
    fn is_signed(&self) -> bool {
        self.is_negative()
    }
    fn is_zero(&self) -> bool {
        self.zero()
    }
    #[sig(context = None)]
    fn is_normal(&self, cx: &mut Cx, context: Obj) -> Result<bool> {
        let c = optional(cx, context)?;
        Ok(self.number().is_normal(&c.spec()))
    }
    #[sig(context = None)]
    fn is_subnormal(&self, cx: &mut Cx, context: Obj) -> Result<bool> {
        let c = optional(cx, context)?;
        Ok(self.number().is_subnormal(&c.spec()))
    }
    /// Return a name for what kind of number it is.
    #[sig(context = None)]
    fn number_class(&self, cx: &mut Cx, context: Obj) -> Result<&'static str> {
        let c = optional(cx, context)?;
        Ok(self.number().class_name(&c.spec()))
    }
    /// Return self * other + third, rounded once.
    #[sig(other, third, context = None)]
    fn fma(&self, cx: &mut Cx, other: Obj, third: Obj, context: Obj) -> Result<Obj> {
        let c = optional(cx, context)?;
        let (b, t) = (required(cx, other)?, required(cx, third)?);
        let mut st = Flags::default();
        let r = num::fma(&self.number(), &b, &t, &c.spec(), &mut st);
        finish(cx, c, r, st)
    }
    /// Return the number rounded to the exponent of another one.
    #[sig(exp, rounding = None, context = None)]
    fn quantize(&self, cx: &mut Cx, exp: Obj, rounding: Obj, context: Obj) -> Result<Obj> {
        let c = optional(cx, context)?;
        let spec = rounded_by(cx, c, rounding)?;
        let e = required(cx, exp)?;
        let mut st = Flags::default();
        let r = num::quantize(&self.number(), &e, &spec, &mut st);
        finish(cx, c, r, st)
    }
    /// Whether both numbers have the same exponent, or both are infinite or NaN.
    #[sig(other, context = None)]
    fn same_quantum(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<bool> {
        optional(cx, context)?;
        Ok(num::same_quantum(&self.number(), &required(cx, other)?))
    }
    /// Return the text with an exponent that is a multiple of three, if any.
    #[sig(context = None)]
    fn to_eng_string(&self, cx: &mut Cx, context: Obj) -> Result<String> {
        let c = optional(cx, context)?;
        Ok(num::to_eng(&self.number(), c.capital_e()))
    }
    /// The same as to_integral_value().
    #[sig(rounding = None, context = None)]
    fn to_integral(&self, cx: &mut Cx, rounding: Obj, context: Obj) -> Result<Obj> {
        integral(cx, self.number(), rounding, context, num::to_integral)
    }
    /// Round to an integer.
    #[sig(rounding = None, context = None)]
    fn to_integral_value(&self, cx: &mut Cx, rounding: Obj, context: Obj) -> Result<Obj> {
        integral(cx, self.number(), rounding, context, num::to_integral)
    }
    /// Round to an integer, signaling if it was none.
    #[sig(rounding = None, context = None)]
    fn to_integral_exact(&self, cx: &mut Cx, rounding: Obj, context: Obj) -> Result<Obj> {
        integral(cx, self.number(), rounding, context, num::to_integral_exact)
    }
    /// Return e raised to the power of the number.
    #[sig(context = None)]
    fn exp(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::exp)
    }
    /// Return the natural logarithm.
    #[sig(context = None)]
    fn ln(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::ln)
    }
    /// Return the logarithm to the base ten.
    #[sig(context = None)]
    fn log10(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::log10)
    }
    /// Return the largest representable number below.
    #[sig(context = None)]
    fn next_minus(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::next_minus)
    }
    /// Return the smallest representable number above.
    #[sig(context = None)]
    fn next_plus(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::next_plus)
    }
    /// Return the number without trailing zeros.
    #[sig(context = None)]
    fn normalize(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::reduce)
    }
    /// Return the square root.
    #[sig(context = None)]
    fn sqrt(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::sqrt)
    }
    /// Return the exponent of the first digit.
    #[sig(context = None)]
    fn logb(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::logb)
    }
    /// Return the digit-wise inversion.
    #[sig(context = None)]
    fn logical_invert(&self, cx: &mut Cx, context: Obj) -> Result<Obj> {
        unary_in(cx, self.number(), context, num::logical_invert)
    }
    /// Return -1, 0 or 1 as the number is less than, equal to or greater than other.
    #[sig(other, context = None)]
    fn compare(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::compare)
    }
    /// Like compare, but any NaN is an invalid operation.
    #[sig(other, context = None)]
    fn compare_signal(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::compare_signal)
    }
    /// Return the larger number.
    #[sig(other, context = None)]
    fn max(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::max)
    }
    /// Return the number with the larger absolute value.
    #[sig(other, context = None)]
    fn max_mag(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::max_mag)
    }
    /// Return the smaller number.
    #[sig(other, context = None)]
    fn min(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::min)
    }
    /// Return the number with the smaller absolute value.
    #[sig(other, context = None)]
    fn min_mag(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::min_mag)
    }
    /// Return the representable number next to it in the direction of other.
    #[sig(other, context = None)]
    fn next_toward(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::next_toward)
    }
    /// Return the remainder whose absolute value is the smallest.
    #[sig(other, context = None)]
    fn remainder_near(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::rem_near)
    }
    /// Return the digit-wise and.
    #[sig(other, context = None)]
    fn logical_and(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::logical_and)
    }
    /// Return the digit-wise or.
    #[sig(other, context = None)]
    fn logical_or(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::logical_or)
    }
    /// Return the digit-wise exclusive or.
    #[sig(other, context = None)]
    fn logical_xor(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::logical_xor)
    }
    /// Return the number with its digits rotated.
    #[sig(other, context = None)]
    fn rotate(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::rotate)
    }
    /// Return the number with its exponent increased by other.
    #[sig(other, context = None)]
    fn scaleb(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::scaleb)
    }
    /// Return the number with its digits shifted.
    #[sig(other, context = None)]
    fn shift(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, num::shift)
    }
    /// Compare by the total order of representations.
    #[sig(other, context = None)]
    fn compare_total(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, |a, b, _, _| num::compare_total(a, b))
    }
    /// Compare by the total order, the signs left out.
    #[sig(other, context = None)]
    fn compare_total_mag(&self, cx: &mut Cx, other: Obj, context: Obj) -> Result<Obj> {
        binary_in(cx, self.number(), other, context, |a, b, _, _| num::compare_total_mag(a, b))
    }
}

/// `n` as an instance of `cls`, which may have a constructor of its own.
fn derived(cx: &mut Cx, cls: Gc<Type>, n: Number) -> Result<Obj> {
    let d = make(cx, n)?;
    if cls == native::class_of::<Decimal>(cx)? { Ok(d) } else { ops::call_args(cx, cls.obj(), &[d]) }
}
