//! `cmath`: functions of complex numbers, on the crate pymath, which gives the
//! same last bits as CPython.
//!
//! Tests: tests/lang/cmath.md; CPython test_cmath.

use crate::util::set;
use pymath::cmath as on;
use typhon_builtins::complex::{self, construct::from_number};
use typhon_macros::module;
use typhon_object::native::{FromArg, IntoObj, Missing};
use typhon_object::obj::Obj;
use typhon_object::{Cx, ExcKind, Result};

type Z = num_complex::Complex64;

/// A complex argument.
#[derive(Clone, Copy)]
struct Arg(Z);

impl FromArg for Arg {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Arg> {
        let (re, im) = from_number(cx, v)?;
        Ok(Arg(Z::new(re, im)))
    }
}

/// A complex result.
struct Out(Z);

impl IntoObj for Out {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        complex::new(cx, (self.0.re, self.0.im))
    }
}

fn lift<T>(cx: &Cx, r: pymath::Result<T>) -> Result<T> {
    r.map_err(|e| match e {
        pymath::Error::EDOM => cx.value_error("math domain error"),
        _ => cx.error(ExcKind::OverflowError, "math range error"),
    })
}

fn lifted(cx: &Cx, r: pymath::Result<Z>) -> Result<Out> {
    lift(cx, r).map(Out)
}

/// This module provides access to mathematical functions for complex
/// numbers.
#[module("cmath")]
pub mod cmath {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set(cx, module, "pi", std::f64::consts::PI)?;
        set(cx, module, "e", std::f64::consts::E)?;
        set(cx, module, "tau", std::f64::consts::TAU)?;
        set(cx, module, "inf", f64::INFINITY)?;
        set(cx, module, "nan", f64::NAN)?;
        set(cx, module, "infj", Out(Z::new(0.0, f64::INFINITY)))?;
        set(cx, module, "nanj", Out(Z::new(0.0, f64::NAN)))
    }
    /// Return the arc cosine of z.
    fn acos(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::acos(z.0))
    }
    /// Return the inverse hyperbolic cosine of z.
    fn acosh(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::acosh(z.0))
    }
    /// Return the arc sine of z.
    fn asin(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::asin(z.0))
    }
    /// Return the inverse hyperbolic sine of z.
    fn asinh(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::asinh(z.0))
    }
    /// Return the arc tangent of z.
    fn atan(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::atan(z.0))
    }
    /// Return the inverse hyperbolic tangent of z.
    fn atanh(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::atanh(z.0))
    }
    /// Return the cosine of z.
    fn cos(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::cos(z.0))
    }
    /// Return the hyperbolic cosine of z.
    fn cosh(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::cosh(z.0))
    }
    /// Return the exponential value e**z.
    fn exp(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::exp(z.0))
    }
    /// Return the sine of z.
    fn sin(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::sin(z.0))
    }
    /// Return the hyperbolic sine of z.
    fn sinh(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::sinh(z.0))
    }
    /// Return the square root of z.
    fn sqrt(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::sqrt(z.0))
    }
    /// Return the tangent of z.
    fn tan(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::tan(z.0))
    }
    /// Return the hyperbolic tangent of z.
    fn tanh(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::tanh(z.0))
    }
    /// Return the base-10 logarithm of z.
    fn log10(cx: &mut Cx, z: Arg) -> Result<Out> {
        lifted(cx, on::log10(z.0))
    }
    /// log(z[, base]) -> the logarithm of z to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of z.
    #[sig(z, base = <missing>, /)]
    fn log(cx: &mut Cx, z: Arg, base: Missing<Arg>) -> Result<Out> {
        lifted(cx, on::log(z.0, base.given().map(|b| b.0)))
    }
    /// Return argument, also known as the phase angle, of a complex.
    fn phase(cx: &mut Cx, z: Arg) -> Result<f64> {
        lift(cx, on::phase(z.0))
    }
    /// Convert a complex from rectangular coordinates to polar coordinates.
    ///
    /// r is the distance from 0 and phi the phase angle.
    fn polar(cx: &mut Cx, z: Arg) -> Result<(f64, f64)> {
        lift(cx, on::polar(z.0))
    }
    /// Convert from polar coordinates to rectangular coordinates.
    fn rect(cx: &mut Cx, r: f64, phi: f64) -> Result<Out> {
        lifted(cx, on::rect(r, phi))
    }
    /// Return True if both the real and imaginary parts of z are finite, else False.
    fn isfinite(z: Arg) -> bool {
        z.0.re.is_finite() && z.0.im.is_finite()
    }
    /// Checks if the real or imaginary part of z is infinite.
    fn isinf(z: Arg) -> bool {
        z.0.re.is_infinite() || z.0.im.is_infinite()
    }
    /// Checks if the real or imaginary part of z not a number (NaN).
    fn isnan(z: Arg) -> bool {
        z.0.re.is_nan() || z.0.im.is_nan()
    }
    /// Determine whether two complex numbers are close in value.
    #[sig(a, b, *, rel_tol = 1e-09, abs_tol = 0.0)]
    fn isclose(cx: &mut Cx, a: Arg, b: Arg, rel_tol: f64, abs_tol: f64) -> Result<bool> {
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(cx.value_error("tolerances must be non-negative"));
        }
        let (a, b) = (a.0, b.0);
        if a == b {
            return Ok(true);
        }
        let infinite = |z: Z| z.re.is_infinite() || z.im.is_infinite();
        if infinite(a) || infinite(b) {
            return Ok(false);
        }
        let size = |z: Z| z.re.hypot(z.im);
        let diff = size(a - b);
        Ok(diff <= rel_tol * size(b) || diff <= rel_tol * size(a) || diff <= abs_tol)
    }
}
