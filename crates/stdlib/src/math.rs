//! `math`: functions of real numbers, on the crate pymath, which gives the
//! same last bits as CPython.
//!
//! Tests: CPython test_math.

use crate::util::set;
use typhon_macros::module;
use typhon_object::native::IntoObj;
use typhon_object::obj::Obj;
use typhon_object::ops::UnaryOp;
use typhon_object::{BinaryOp, CompareOp, Cx, Dunder, ExcKind, Raised, Result, bigint, float, int, list, ops};

fn domain(cx: &Cx) -> Raised {
    cx.value_error("math domain error")
}
fn range(cx: &Cx) -> Raised {
    cx.error(ExcKind::OverflowError, "math range error")
}
fn lift(cx: &Cx, r: pymath::Result<f64>) -> Result<f64> {
    r.map_err(|e| match e {
        pymath::Error::EDOM => domain(cx),
        _ => range(cx),
    })
}
/// The same with the text that names the argument.
fn lift_text(cx: &mut Cx, r: pymath::Result<f64>, x: f64, text: impl FnOnce(String) -> String) -> Result<f64> {
    match r {
        Ok(v) => Ok(v),
        Err(pymath::Error::EDOM) => {
            let shown = show(cx, x);
            Err(cx.value_error(text(shown)))
        }
        Err(_) => Err(range(cx)),
    }
}
/// `repr` of a float for messages.
fn show(cx: &mut Cx, x: f64) -> String {
    match x.into_obj(cx).and_then(|o| ops::repr(cx, o)) {
        Ok(s) => s.to_str().into_owned(),
        Err(_) => x.to_string(),
    }
}

fn int_arg(cx: &mut Cx, o: Obj) -> Result<Obj> {
    ops::index(cx, o)
}

fn is_negative(i: Obj) -> bool {
    bigint::with(i, |x| x.negative)
}

/// log of an int of any size, in base 2: mantissa and exponent.
fn log2_parts(cx: &Cx, i: Obj) -> Result<(f64, f64)> {
    let bits = bigint::with(i, |x| typhon_text::int::bit_length(x.mag)) as i64;
    let _ = cx;
    if bits <= 1000 {
        return Ok((ops::int_to_float(cx, i)?, 0.0));
    }
    // Keep the 64 leading bits.
    let shift = bits - 64;
    let top = bigint::with(i, |x| {
        let (limb, off) = ((shift / 64) as usize, (shift % 64) as u32);
        let lo = x.mag[limb] >> off;
        let hi = if off > 0 && limb + 1 < x.mag.len() { x.mag[limb + 1] << (64 - off) } else { 0 };
        lo | hi
    });
    Ok((top as f64 / 18446744073709551616.0, bits as f64))
}

fn log_any(cx: &mut Cx, x: Obj, f: fn(f64) -> pymath::Result<f64>) -> Result<f64> {
    if int::is_int(x) {
        let i = int_arg(cx, x)?;
        let zero = bigint::with(i, |x| x.mag.is_empty());
        if is_negative(i) || zero {
            return Err(cx.value_error("expected a positive input"));
        }
        let (m, e) = log2_parts(cx, i)?;
        let a = lift(cx, f(m))?;
        if e == 0.0 {
            return Ok(a);
        }
        let two = lift(cx, f(2.0))?;
        return Ok(two.mul_add(e, a));
    }
    let v = ops::as_float(cx, x)?;
    lift_text(cx, f(v), v, |s| format!("expected a positive input, got {s}"))
}

fn ln(x: f64) -> pymath::Result<f64> {
    pymath::math::log(x, None)
}

fn to_int(cx: &mut Cx, v: f64) -> Result<Obj> {
    if v.is_nan() {
        return Err(cx.value_error("cannot convert float NaN to integer"));
    }
    if v.is_infinite() {
        return Err(cx.error(ExcKind::OverflowError, "cannot convert float infinity to integer"));
    }
    if v.abs() < 9e18 {
        return int::from_i64(cx, v as i64);
    }
    let i = typhon_text::int::from_f64(v).ok_or_else(|| range(cx))?;
    bigint::from_owned(cx, &i)
}

fn gcd2(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
    let (mut a, mut b) = (a, b);
    loop {
        if let (Some(mut x), Some(mut y)) =
            (a.as_small_int().map(i64::unsigned_abs), b.as_small_int().map(i64::unsigned_abs))
        {
            while y != 0 {
                (x, y) = (y, x % y);
            }
            return (x as i128).into_obj(cx);
        }
        if b.as_small_int() == Some(0) {
            return if is_negative(a) { ops::unary(cx, UnaryOp::Neg, a) } else { Ok(a) };
        }
        let m = ops::binary(cx, BinaryOp::Mod, a, b)?;
        (a, b) = (b, m);
    }
}

/// The product of `lo..=hi`.
fn product(cx: &mut Cx, lo: i64, hi: i64) -> Result<Obj> {
    if lo > hi {
        return Ok(Obj::int_unchecked(1));
    }
    if hi - lo < 8 {
        let mut acc = int::from_i64(cx, lo)?;
        for k in lo + 1..=hi {
            let k = int::from_i64(cx, k)?;
            acc = ops::binary(cx, BinaryOp::Mul, acc, k)?;
        }
        return Ok(acc);
    }
    let mid = lo + (hi - lo) / 2;
    let a = product(cx, lo, mid)?;
    let b = product(cx, mid + 1, hi)?;
    ops::binary(cx, BinaryOp::Mul, a, b)
}

fn non_negative(cx: &mut Cx, o: Obj, what: &str) -> Result<Obj> {
    let i = int_arg(cx, o)?;
    if is_negative(i) {
        return Err(cx.value_error(format!("{what} must be a non-negative integer")));
    }
    Ok(i)
}

fn floats(cx: &mut Cx, it: Obj) -> Result<Vec<f64>> {
    let mut v = Vec::new();
    ops::for_each(cx, it, |cx, x| {
        v.push(ops::as_float(cx, x)?);
        Ok(true)
    })?;
    Ok(v)
}

macro_rules! one {
    ($($name:ident $doc:literal;)*) => { $(
        #[doc = $doc]
        pub fn $name(cx: &mut Cx, x: f64) -> Result<f64> {
            lift(cx, pymath::math::$name(x))
        }
    )* };
}
mod simple {
    use super::*;
    one! {
        asinh "a"; atan "a"; cbrt "c"; erf "e"; erfc "e"; exp "e"; exp2 "e"; expm1 "e"; fabs "f";
        sinh "s"; cosh "c"; tanh "t";
    }
}

/// What the special method says; unlike a missing one, None is called.
fn rounded(cx: &mut Cx, x: Obj, d: Dunder) -> Result<Option<Obj>> {
    match ops::class_of(x).special(d) {
        Some(m) => ops::call_unbound(cx, m, x, &[], None).map(Some),
        None => Ok(None),
    }
}

/// This module provides access to the mathematical functions
/// defined by the C standard.
#[module("math")]
pub mod math {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        for (n, v) in [
            ("pi", std::f64::consts::PI),
            ("e", std::f64::consts::E),
            ("tau", std::f64::consts::TAU),
            ("inf", f64::INFINITY),
            ("nan", f64::NAN),
        ] {
            set(cx, module, n, v)?;
        }
        Ok(())
    }

    /// Return the arc cosine (measured in radians) of x.
    fn acos(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::acos(x), x, |s| format!("expected a number in range from -1 up to 1, got {s}"))
    }
    /// Return the inverse hyperbolic cosine of x.
    fn acosh(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::acosh(x), x, |s| format!("expected argument value not less than 1, got {s}"))
    }
    /// Return the arc sine (measured in radians) of x.
    fn asin(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::asin(x), x, |s| format!("expected a number in range from -1 up to 1, got {s}"))
    }
    /// Return the inverse hyperbolic sine of x.
    fn asinh(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::asinh(cx, x)
    }
    /// Return the arc tangent (measured in radians) of x.
    fn atan(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::atan(cx, x)
    }
    /// Return the arc tangent (measured in radians) of y/x.
    fn atan2(cx: &mut Cx, y: f64, x: f64) -> Result<f64> {
        lift(cx, pymath::math::atan2(y, x))
    }
    /// Return the inverse hyperbolic tangent of x.
    fn atanh(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::atanh(x), x, |s| format!("expected a number between -1 and 1, got {s}"))
    }
    /// Return the cube root of x.
    fn cbrt(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::cbrt(cx, x)
    }
    /// Return the cosine of x (measured in radians).
    fn cos(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::cos(x), x, |s| format!("expected a finite input, got {s}"))
    }
    /// Return the hyperbolic cosine of x.
    fn cosh(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::cosh(cx, x)
    }
    /// Error function at x.
    fn erf(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::erf(cx, x)
    }
    /// Complementary error function at x.
    fn erfc(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::erfc(cx, x)
    }
    /// Return e raised to the power of x.
    fn exp(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::exp(cx, x)
    }
    /// Return 2 raised to the power of x.
    fn exp2(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::exp2(cx, x)
    }
    /// Return exp(x)-1.
    fn expm1(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::expm1(cx, x)
    }
    /// Return the absolute value of the float x.
    fn fabs(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::fabs(cx, x)
    }
    /// Gamma function at x.
    fn gamma(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::gamma(x), x, |s| format!("expected a noninteger or positive integer, got {s}"))
    }
    /// Natural logarithm of absolute value of Gamma function at x.
    fn lgamma(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::lgamma(x), x, |s| format!("expected a noninteger or positive integer, got {s}"))
    }
    /// Return the natural logarithm of 1+x (base e).
    fn log1p(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::log1p(x), x, |s| format!("expected argument value > -1, got {s}"))
    }
    /// Return the sine of x (measured in radians).
    fn sin(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::sin(x), x, |s| format!("expected a finite input, got {s}"))
    }
    /// Return the hyperbolic sine of x.
    fn sinh(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::sinh(cx, x)
    }
    /// Return the square root of x.
    fn sqrt(cx: &mut Cx, x: f64) -> Result<f64> {
        if x < 0.0 {
            let s = show(cx, x);
            return Err(cx.value_error(format!("expected a nonnegative input, got {s}")));
        }
        Ok(x.sqrt())
    }
    /// Return the tangent of x (measured in radians).
    fn tan(cx: &mut Cx, x: f64) -> Result<f64> {
        lift_text(cx, pymath::math::tan(x), x, |s| format!("expected a finite input, got {s}"))
    }
    /// Return the hyperbolic tangent of x.
    fn tanh(cx: &mut Cx, x: f64) -> Result<f64> {
        simple::tanh(cx, x)
    }
    /// Return a float with the magnitude (absolute value) of x but the sign of y.
    fn copysign(x: f64, y: f64) -> f64 {
        x.copysign(y)
    }
    /// Return fmod(x, y), according to platform C.
    fn fmod(cx: &mut Cx, x: f64, y: f64) -> Result<f64> {
        lift(cx, pymath::math::fmod(x, y))
    }
    /// Difference between x and the closest integer multiple of y.
    fn remainder(cx: &mut Cx, x: f64, y: f64) -> Result<f64> {
        lift(cx, pymath::math::remainder(x, y))
    }
    /// Fused multiply-add operation.
    fn fma(cx: &mut Cx, x: f64, y: f64, z: f64) -> Result<f64> {
        match pymath::math::fma(x, y, z) {
            Ok(v) => Ok(v),
            Err(pymath::Error::EDOM) => Err(cx.value_error("invalid operation in fma")),
            Err(_) => Err(cx.error(ExcKind::OverflowError, "overflow in fma")),
        }
    }
    /// Return x**y (x to the power of y).
    fn pow(cx: &mut Cx, x: f64, y: f64) -> Result<f64> {
        lift(cx, pymath::math::pow(x, y))
    }
    /// Convert angle x from radians to degrees.
    fn degrees(x: f64) -> f64 {
        pymath::math::degrees(x)
    }
    /// Convert angle x from degrees to radians.
    fn radians(x: f64) -> f64 {
        pymath::math::radians(x)
    }
    /// Return True if x is neither an infinity nor a NaN, and False otherwise.
    fn isfinite(x: f64) -> bool {
        x.is_finite()
    }
    /// Return True if x is a positive or negative infinity, and False otherwise.
    fn isinf(x: f64) -> bool {
        x.is_infinite()
    }
    /// Return True if x is a NaN (not a number), and False otherwise.
    fn isnan(x: f64) -> bool {
        x.is_nan()
    }
    /// Determine whether two floating-point numbers are close in value.
    #[sig(a, b, *, rel_tol = 1e-09, abs_tol = 0.0)]
    fn isclose(cx: &mut Cx, a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> Result<bool> {
        pymath::math::isclose(a, b, Some(rel_tol), Some(abs_tol))
            .map_err(|_| cx.value_error("tolerances must be non-negative"))
    }
    /// Return the mantissa and exponent of x, as pair (m, e).
    fn frexp(x: f64) -> (f64, i32) {
        pymath::math::frexp(x)
    }
    /// Return x * (2**i).
    fn ldexp(cx: &mut Cx, x: f64, i: Obj) -> Result<f64> {
        if !int::is_int(i) && ops::class_of(i).special(Dunder::Index).is_none() {
            return Err(cx.type_error("Expected an int as second argument to ldexp."));
        }
        let i = int_arg(cx, i)?;
        let n = match int::to_i64(i) {
            Some(n) => n.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32,
            None if is_negative(i) => i32::MIN,
            None => i32::MAX,
        };
        lift(cx, pymath::math::ldexp(x, n))
    }
    /// Return the fractional and integer parts of x.
    fn modf(x: f64) -> (f64, f64) {
        pymath::math::modf(x)
    }
    /// Return the value of the least significant bit of the float x.
    fn ulp(x: f64) -> f64 {
        pymath::math::ulp(x)
    }
    /// Return the floating-point value the given number of steps after x towards y.
    #[sig(x, y, /, *, steps = None)]
    fn nextafter(cx: &mut Cx, x: f64, y: f64, steps: Obj) -> Result<f64> {
        if steps.is_none() {
            return Ok(pymath::math::nextafter(x, y, None));
        }
        let i = int_arg(cx, steps)?;
        if is_negative(i) {
            return Err(cx.value_error("steps must be a non-negative integer"));
        }
        let n = int::to_i64(i).map_or(u64::MAX, |n| n as u64);
        Ok(pymath::math::nextafter(x, y, Some(n)))
    }
    /// log(x, [base=math.e])
    /// Return the logarithm of x to the given base.
    #[sig(x, base = <missing>, /)]
    fn log(cx: &mut Cx, x: Obj, base: typhon_object::native::Missing<Obj>) -> Result<f64> {
        let a = log_any(cx, x, ln)?;
        let Some(base) = base.given() else { return Ok(a) };
        let b = log_any(cx, base, ln)?;
        if b == 0.0 {
            return Err(cx.error(ExcKind::ZeroDivisionError, "division by zero"));
        }
        Ok(a / b)
    }
    /// Return the base 2 logarithm of x.
    fn log2(cx: &mut Cx, x: Obj) -> Result<f64> {
        log_any(cx, x, pymath::math::log2)
    }
    /// Return the base 10 logarithm of x.
    fn log10(cx: &mut Cx, x: Obj) -> Result<f64> {
        log_any(cx, x, pymath::math::log10)
    }
    /// Return the ceiling of x as an Integral.
    fn ceil(cx: &mut Cx, x: Obj) -> Result<Obj> {
        if let Some(v) = x.as_small_float() {
            return to_int(cx, v.ceil());
        }
        if let Some(r) = rounded(cx, x, Dunder::Ceil)? {
            return Ok(r);
        }
        let v = ops::as_float(cx, x)?;
        to_int(cx, v.ceil())
    }
    /// Return the floor of x as an Integral.
    fn floor(cx: &mut Cx, x: Obj) -> Result<Obj> {
        if let Some(v) = x.as_small_float() {
            return to_int(cx, v.floor());
        }
        if let Some(r) = rounded(cx, x, Dunder::Floor)? {
            return Ok(r);
        }
        let v = ops::as_float(cx, x)?;
        to_int(cx, v.floor())
    }
    /// Truncates the Real x to the nearest Integral toward 0.
    fn trunc(cx: &mut Cx, x: Obj) -> Result<Obj> {
        if let Some(v) = float::value(x).filter(|_| x.shape() == typhon_object::shape::FLOAT) {
            return to_int(cx, v.trunc());
        }
        match rounded(cx, x, Dunder::Trunc)? {
            Some(r) => Ok(r),
            None => Err(cx.type_error(format!("type {} doesn't define __trunc__ method", cx.type_name(x)))),
        }
    }
    /// Find n!.
    fn factorial(cx: &mut Cx, n: Obj) -> Result<Obj> {
        let i = int_arg(cx, n)?;
        if is_negative(i) {
            return Err(cx.value_error("factorial() not defined for negative values"));
        }
        match int::to_i64(i) {
            Some(n) => product(cx, 2, n),
            None => Err(cx.error(ExcKind::OverflowError, "factorial() argument should not exceed 9223372036854775807")),
        }
    }
    /// Number of ways to choose k items from n items without repetition and without order.
    fn comb(cx: &mut Cx, n: Obj, k: Obj) -> Result<Obj> {
        let (n, k) = (ops::index(cx, n)?, ops::index(cx, k)?);
        let n = non_negative(cx, n, "n")?;
        let k = non_negative(cx, k, "k")?;
        let rest = ops::binary(cx, BinaryOp::Sub, n, k)?;
        if is_negative(rest) {
            return Ok(Obj::int_unchecked(0));
        }
        let k = if ops::compare(cx, rest, k, CompareOp::Lt)? { rest } else { k };
        let Some(k) = int::to_i64(k) else {
            return Err(cx.error(ExcKind::OverflowError, "min(n - k, k) must not exceed 9223372036854775807"));
        };
        let top = falling(cx, n, k)?;
        let bottom = product(cx, 2, k)?;
        ops::binary(cx, BinaryOp::FloorDiv, top, bottom)
    }
    /// Number of ways to choose k items from n items without repetition and with order.
    #[sig(n, k = None, /)]
    fn perm(cx: &mut Cx, n: Obj, k: Obj) -> Result<Obj> {
        if k.is_none() {
            return factorial(cx, n);
        }
        let (n, k) = (ops::index(cx, n)?, ops::index(cx, k)?);
        let n = non_negative(cx, n, "n")?;
        let k = non_negative(cx, k, "k")?;
        if ops::compare(cx, n, k, CompareOp::Lt)? {
            return Ok(Obj::int_unchecked(0));
        }
        let Some(k) = int::to_i64(k) else {
            return Err(cx.error(ExcKind::OverflowError, "k must not exceed 9223372036854775807"));
        };
        falling(cx, n, k)
    }
    /// n * (n-1) * ... of k factors.
    #[internal]
    fn falling(cx: &mut Cx, n: Obj, k: i64) -> Result<Obj> {
        if let Some(n) = int::to_i64(n) {
            return product(cx, n - k + 1, n);
        }
        let mut acc = Obj::int_unchecked(1);
        for i in 0..k {
            let f = ops::binary(cx, BinaryOp::Sub, n, Obj::int_unchecked(i))?;
            acc = ops::binary(cx, BinaryOp::Mul, acc, f)?;
        }
        Ok(acc)
    }
    /// Greatest Common Divisor.
    #[sig(*integers)]
    fn gcd(cx: &mut Cx, integers: &[Obj]) -> Result<Obj> {
        let mut acc = Obj::int_unchecked(0);
        for i in integers {
            let i = int_arg(cx, *i)?;
            acc = gcd2(cx, acc, i)?;
        }
        Ok(acc)
    }
    /// Least Common Multiple.
    #[sig(*integers)]
    fn lcm(cx: &mut Cx, integers: &[Obj]) -> Result<Obj> {
        let mut acc = Obj::int_unchecked(1);
        for i in integers {
            let i = int_arg(cx, *i)?;
            if bigint::with(i, |x| x.mag.is_empty()) || acc.as_small_int() == Some(0) {
                acc = Obj::int_unchecked(0);
                continue;
            }
            let g = gcd2(cx, acc, i)?;
            let q = ops::binary(cx, BinaryOp::FloorDiv, acc, g)?;
            let p = ops::binary(cx, BinaryOp::Mul, q, i)?;
            acc = if is_negative(p) { ops::unary(cx, UnaryOp::Neg, p)? } else { p };
        }
        Ok(acc)
    }
    /// Return the integer part of the square root of the input.
    fn isqrt(cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = int_arg(cx, n)?;
        if is_negative(n) {
            return Err(cx.value_error("isqrt() argument must be nonnegative"));
        }
        if let Some(v) = n.as_small_int() {
            return Ok(Obj::int_unchecked((v as u64).isqrt() as i64));
        }
        let bits = bigint::with(n, |x| typhon_text::int::bit_length(x.mag)) as i64;
        // Newton's method from above.
        let one = Obj::int_unchecked(1);
        let shift = int::from_i64(cx, (bits + 1) / 2)?;
        let mut x = ops::binary(cx, BinaryOp::LShift, one, shift)?;
        loop {
            let q = ops::binary(cx, BinaryOp::FloorDiv, n, x)?;
            let s = ops::binary(cx, BinaryOp::Add, x, q)?;
            let y = ops::binary(cx, BinaryOp::RShift, s, one)?;
            if !ops::compare(cx, y, x, CompareOp::Lt)? {
                return Ok(x);
            }
            x = y;
        }
    }
    /// Return an accurate floating-point sum of values in the iterable seq.
    fn fsum(cx: &mut Cx, seq: Obj) -> Result<f64> {
        let v = floats(cx, seq)?;
        let infinite = v.iter().any(|x| x.is_infinite());
        pymath::math::fsum(v).map_err(|e| match e {
            pymath::Error::EDOM => cx.value_error("-inf + inf in fsum"),
            _ if infinite => range(cx),
            _ => cx.error(ExcKind::OverflowError, "intermediate overflow in fsum"),
        })
    }
    /// Multidimensional Euclidean distance from the origin to a point.
    #[sig(*coordinates)]
    fn hypot(cx: &mut Cx, coordinates: &[Obj]) -> Result<f64> {
        let mut v = Vec::with_capacity(coordinates.len());
        for c in coordinates {
            v.push(ops::as_float(cx, *c)?);
        }
        Ok(pymath::math::hypot(&v))
    }
    /// Return the Euclidean distance between two points p and q.
    fn dist(cx: &mut Cx, p: Obj, q: Obj) -> Result<f64> {
        let (p, q) = (ops::tuple_from_iter(cx, p)?, ops::tuple_from_iter(cx, q)?);
        if p.items().len() != q.items().len() {
            return Err(cx.value_error("both points must have the same number of dimensions"));
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (x, y) in p.items().iter().zip(q.items()) {
            a.push(ops::as_float(cx, *x)?);
            b.push(ops::as_float(cx, *y)?);
        }
        Ok(pymath::math::dist(&a, &b))
    }
    /// Calculate the product of all the elements in the input iterable.
    #[sig(iterable, /, *, start = 1)]
    fn prod(cx: &mut Cx, iterable: Obj, start: Obj) -> Result<Obj> {
        let mut acc = start;
        ops::for_each(cx, iterable, |cx, v| {
            acc = ops::binary(cx, BinaryOp::Mul, acc, v)?;
            Ok(true)
        })?;
        Ok(acc)
    }
    /// Return the sum of products of values from two iterables p and q.
    fn sumprod(cx: &mut Cx, p: Obj, q: Obj) -> Result<Obj> {
        let (a, b) = (ops::list_from_iter(cx, p)?, ops::list_from_iter(cx, q)?);
        let same = a.len() == b.len();
        let number = |l: typhon_object::obj::Gc<list::List>| {
            (0..l.len()).all(|i| l.get(i).is_some_and(|o| float::value(o).is_some() || o.is_small_int()))
        };
        let has_float = |l: typhon_object::obj::Gc<list::List>| {
            (0..l.len()).any(|i| l.get(i).is_some_and(|o| float::value(o).is_some()))
        };
        if same && number(a) && number(b) && (has_float(a) || has_float(b)) {
            let (x, y) = (floats(cx, a.obj())?, floats(cx, b.obj())?);
            if let Ok(v) = pymath::math::sumprod(&x, &y) {
                return v.into_obj(cx);
            }
        }
        let mut acc = Obj::int_unchecked(0);
        for i in 0..a.len() {
            let (Some(x), Some(y)) = (a.get(i), b.get(i)) else { break };
            let m = ops::binary(cx, BinaryOp::Mul, x, y)?;
            acc = ops::binary(cx, BinaryOp::Add, acc, m)?;
        }
        if !same {
            return Err(cx.value_error("Inputs are not the same length"));
        }
        Ok(acc)
    }
}
