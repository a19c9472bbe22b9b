//! The class `decimal.Context`: its settings as attributes, and the operations of
//! `Decimal` with the operands as arguments.
//!
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::class::{Binary, Unary, finish, pair};
use super::context::{self, Context, Settings};
use super::signals;
use super::value::{self, Decimal, make, required};
use crate::util::tuple_obj;
use std::sync::atomic::Ordering;
use typhon_macros::class;
use typhon_object::native::IntoObj;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result, ops};
use typhon_text::decimal::{self as num, Decimal as Number, Flags};

fn unary(cx: &mut Cx, c: Gc<Context>, x: Obj, f: Unary) -> Result<Obj> {
    let a = required(cx, x)?;
    let mut st = Flags::default();
    let r = f(&a, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

fn binary(cx: &mut Cx, c: Gc<Context>, x: Obj, y: Obj, f: Binary) -> Result<Obj> {
    let (a, b) = (required(cx, x)?, required(cx, y)?);
    let mut st = Flags::default();
    let r = f(&a, &b, &c.spec(), &mut st);
    finish(cx, c, r, st)
}

/// The context controls rounding, the limits of exponents, and what is raised.
#[class(module = "decimal", name = "Context", subclassable, immutable)]
impl Context {
    #[sig(*args, **kwargs)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: &[Obj], kwargs: Obj) -> Result<Obj> {
        let _ = (args, kwargs);
        Ok(context::new_like_default(cx, cls)?.obj())
    }
    #[sig(prec = None, rounding = None, Emin = None, Emax = None, capitals = None, clamp = None, flags = None, traps = None)]
    #[allow(non_snake_case)]
    fn __init__(
        this: Gc<Self>,
        cx: &mut Cx,
        prec: Obj,
        rounding: Obj,
        Emin: Obj,
        Emax: Obj,
        capitals: Obj,
        clamp: Obj,
        flags: Obj,
        traps: Obj,
    ) -> Result<()> {
        context::change(cx, this, &[prec, rounding, Emin, Emax, capitals, clamp, flags, traps])
    }
    fn __setattr__(this: Gc<Self>, cx: &mut Cx, name: Obj, value: Obj) -> Result<()> {
        let Some(name) = name.cast::<Str>() else {
            let n = cx.type_name(name);
            return Err(cx.type_error(format!("attribute name must be string, not '{n}'")));
        };
        if context::set_one(cx, this, &name.to_str(), value)? {
            return Ok(());
        }
        ops::generic_set_attr(cx, this.obj(), name, Some(value))
    }
    fn __delattr__(&self, cx: &Cx, name: Obj) -> Result<()> {
        let _ = name;
        Err(cx.error(ExcKind::AttributeError, "context attributes cannot be deleted"))
    }
    #[getter]
    fn prec(&self) -> i64 {
        self.spec().prec
    }
    #[getter]
    #[name("Emin")]
    fn emin(&self) -> i64 {
        self.spec().emin
    }
    #[getter]
    #[name("Emax")]
    fn emax(&self) -> i64 {
        self.spec().emax
    }
    #[getter]
    fn rounding(&self, cx: &Cx) -> Result<Obj> {
        Ok(cx.intern(self.spec().round.name())?.obj())
    }
    #[getter]
    fn capitals(&self) -> i64 {
        i64::from(self.capital_e())
    }
    #[getter]
    fn clamp(&self) -> i64 {
        i64::from(self.spec().clamp)
    }
    #[getter]
    fn flags(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        context::view(cx, this, false)
    }
    #[getter]
    fn traps(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        context::view(cx, this, true)
    }
    fn __repr__(&self) -> String {
        let s = self.spec();
        let names = |w: &std::sync::atomic::AtomicU32| signals::names(Flags(w.load(Ordering::Relaxed)));
        format!(
            "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
            s.prec,
            s.round.name(),
            s.emin,
            s.emax,
            u8::from(self.capital_e()),
            u8::from(s.clamp),
            names(&self.flags),
            names(&self.traps)
        )
    }
    fn __copy__(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Self>> {
        context::copy(cx, this, true)
    }
    /// Return a copy with the same flags.
    fn copy(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Self>> {
        context::copy(cx, this, true)
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let s = this.spec();
        let flags = signals::to_list(cx, Flags(this.flags.load(Ordering::Relaxed)))?;
        let traps = signals::to_list(cx, Flags(this.traps.load(Ordering::Relaxed)))?;
        let settings: Settings = [
            s.prec.into_obj(cx)?,
            cx.intern(s.round.name())?.obj(),
            s.emin.into_obj(cx)?,
            s.emax.into_obj(cx)?,
            i64::from(this.capital_e()).into_obj(cx)?,
            i64::from(s.clamp).into_obj(cx)?,
            flags,
            traps,
        ];
        let args = tuple_obj(cx, &settings)?;
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), args])
    }
    /// Return the exponent of the smallest subnormal number.
    #[name("Etiny")]
    fn etiny(&self) -> i64 {
        self.spec().etiny()
    }
    /// Return the largest exponent of a number with all digits.
    #[name("Etop")]
    fn etop(&self) -> i64 {
        self.spec().etop()
    }
    /// Return Decimal(10).
    fn radix(&self, cx: &mut Cx) -> Result<Obj> {
        make(cx, Number::from_i64(10))
    }
    /// Clear all flags.
    fn clear_flags(&self) {
        self.flags.store(0, Ordering::Relaxed);
    }
    /// Trap nothing.
    fn clear_traps(&self) {
        self.traps.store(0, Ordering::Relaxed);
    }
    /// Return a number that is rounded in this context.
    #[sig(num = "0", /)]
    fn create_decimal(this: Gc<Self>, cx: &mut Cx, num: Obj) -> Result<Obj> {
        value::convert(cx, num, this)
    }
    /// Return the number nearest to a float, rounded in this context.
    fn create_decimal_from_float(this: Gc<Self>, cx: &mut Cx, f: Obj) -> Result<Obj> {
        let n = value::int_or_float(cx, f)?;
        let mut st = Flags::default();
        let r = num::finalize(n, &this.spec(), &mut st);
        finish(cx, this, r, st)
    }
    /// Return x, which is a Decimal.
    fn canonical(&self, cx: &Cx, x: Obj) -> Result<Obj> {
        if x.cast::<Decimal>().is_none() {
            return Err(cx.type_error("argument must be a Decimal"));
        }
        Ok(x)
    }
    /// Whether x has its canonical form, which all have.
    fn is_canonical(&self, cx: &Cx, x: Obj) -> Result<bool> {
        if x.cast::<Decimal>().is_none() {
            return Err(cx.type_error("argument must be a Decimal"));
        }
        Ok(true)
    }
    /// Return a name for what kind of number x is.
    fn number_class(&self, cx: &Cx, x: Obj) -> Result<&'static str> {
        Ok(required(cx, x)?.class_name(&self.spec()))
    }
    /// Return the text of x in scientific notation.
    fn to_sci_string(&self, cx: &Cx, x: Obj) -> Result<String> {
        Ok(num::to_sci(&required(cx, x)?, self.capital_e()))
    }
    /// Return the text of x in engineering notation.
    fn to_eng_string(&self, cx: &Cx, x: Obj) -> Result<String> {
        Ok(num::to_eng(&required(cx, x)?, self.capital_e()))
    }
    /// Whether x and y have the same exponent, or both are infinite or NaN.
    fn same_quantum(&self, cx: &Cx, x: Obj, y: Obj) -> Result<bool> {
        Ok(num::same_quantum(&required(cx, x)?, &required(cx, y)?))
    }
    /// Return quotient and remainder of the integral division of x by y.
    fn divmod(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        let (a, b) = (required(cx, x)?, required(cx, y)?);
        pair(cx, this, &a, &b)
    }
    /// Return x * y + z, rounded once.
    fn fma(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj, z: Obj) -> Result<Obj> {
        let (a, b, c) = (required(cx, x)?, required(cx, y)?, required(cx, z)?);
        let mut st = Flags::default();
        let r = num::fma(&a, &b, &c, &this.spec(), &mut st);
        finish(cx, this, r, st)
    }
    /// Return a ** b, or a ** b % modulo.
    #[sig(a, b, modulo = None)]
    fn power(this: Gc<Self>, cx: &mut Cx, a: Obj, b: Obj, modulo: Obj) -> Result<Obj> {
        let (x, y) = (required(cx, a)?, required(cx, b)?);
        let mut st = Flags::default();
        let r = if modulo.is_none() {
            num::pow(&x, &y, &this.spec(), &mut st)
        } else {
            num::pow_mod(&x, &y, &required(cx, modulo)?, &this.spec(), &mut st)
        };
        finish(cx, this, r, st)
    }
    /// Return e ** x.
    fn exp(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::exp)
    }
    /// Return the natural logarithm of x.
    fn ln(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::ln)
    }
    /// Return the logarithm of x to the base ten.
    fn log10(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::log10)
    }
    /// Return the largest representable number below x.
    fn next_minus(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::next_minus)
    }
    /// Return the smallest representable number above x.
    fn next_plus(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::next_plus)
    }
    /// Return x without trailing zeros.
    fn normalize(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::reduce)
    }
    /// Return the square root of x.
    fn sqrt(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::sqrt)
    }
    /// Return the exponent of the first digit of x.
    fn logb(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::logb)
    }
    /// Return the digit-wise inversion of x.
    fn logical_invert(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::logical_invert)
    }
    /// Return the absolute value of x, rounded.
    fn abs(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::abs)
    }
    /// Return -x, rounded.
    fn minus(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::minus)
    }
    /// Return +x, rounded.
    fn plus(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::plus)
    }
    /// Round x to an integer.
    fn to_integral_value(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::to_integral)
    }
    /// The same as to_integral_value(x).
    fn to_integral(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::to_integral)
    }
    /// Round x to an integer, signaling if it was none.
    fn to_integral_exact(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::to_integral_exact)
    }
    /// Return x rounded in this context.
    #[name("_apply")]
    fn apply(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, num::finalize_ref)
    }
    /// Return x without its sign.
    fn copy_abs(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, |a, _, _| a.clone().signed(false))
    }
    /// Return x with the other sign.
    fn copy_negate(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, |a, _, _| a.clone().negated())
    }
    /// Return x as a Decimal, unchanged.
    fn copy_decimal(this: Gc<Self>, cx: &mut Cx, x: Obj) -> Result<Obj> {
        unary(cx, this, x, |a, _, _| a.clone())
    }
    /// Return x + y.
    fn add(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::add)
    }
    /// Return x - y.
    fn subtract(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::sub)
    }
    /// Return x * y.
    fn multiply(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::mul)
    }
    /// Return x / y.
    fn divide(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::div)
    }
    /// Return the integral part of x / y.
    fn divide_int(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::div_int)
    }
    /// Return the remainder of the integral division of x by y.
    fn remainder(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::rem)
    }
    /// Return -1, 0 or 1 as x is less than, equal to or greater than y.
    fn compare(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::compare)
    }
    /// Like compare, but any NaN is an invalid operation.
    fn compare_signal(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::compare_signal)
    }
    /// Return the larger number.
    fn max(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::max)
    }
    /// Return the number with the larger absolute value.
    fn max_mag(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::max_mag)
    }
    /// Return the smaller number.
    fn min(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::min)
    }
    /// Return the number with the smaller absolute value.
    fn min_mag(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::min_mag)
    }
    /// Return the representable number next to it in the direction of y.
    fn next_toward(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::next_toward)
    }
    /// Return the remainder whose absolute value is the smallest.
    fn remainder_near(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::rem_near)
    }
    /// Return the digit-wise and.
    fn logical_and(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::logical_and)
    }
    /// Return the digit-wise or.
    fn logical_or(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::logical_or)
    }
    /// Return the digit-wise exclusive or.
    fn logical_xor(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::logical_xor)
    }
    /// Return the number with its digits rotated.
    fn rotate(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::rotate)
    }
    /// Return the number with its exponent increased by y.
    fn scaleb(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::scaleb)
    }
    /// Return the number with its digits shifted.
    fn shift(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::shift)
    }
    /// Compare by the total order of representations.
    fn compare_total(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, |a, b, _, _| num::compare_total(a, b))
    }
    /// Compare by the total order, the signs left out.
    fn compare_total_mag(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, |a, b, _, _| num::compare_total_mag(a, b))
    }
    /// Return x with the exponent of y.
    fn quantize(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, num::quantize)
    }
    /// Return x with the sign of y.
    fn copy_sign(this: Gc<Self>, cx: &mut Cx, x: Obj, y: Obj) -> Result<Obj> {
        binary(cx, this, x, y, |a, b, _, _| a.clone().signed(b.negative))
    }
    /// Whether x is finite.
    fn is_finite(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_finite())
    }
    /// Whether x is infinite.
    fn is_infinite(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_infinite())
    }
    /// Whether x is a NaN.
    fn is_nan(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_nan())
    }
    /// Whether x is a quiet NaN.
    fn is_qnan(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_nan() && !n.is_snan())
    }
    /// Whether x is a signaling NaN.
    fn is_snan(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_snan())
    }
    /// Whether x is negative.
    fn is_signed(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.negative)
    }
    /// Whether x is a zero.
    fn is_zero(&self, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_zero())
    }
    /// Whether x is a normal number.
    fn is_normal(this: Gc<Self>, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_normal(&this.spec()))
    }
    /// Whether x is subnormal.
    fn is_subnormal(this: Gc<Self>, cx: &Cx, x: Obj) -> Result<bool> {
        let n = required(cx, x)?;
        Ok(n.is_subnormal(&this.spec()))
    }
}
