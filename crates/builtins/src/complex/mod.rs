//! `complex`.
//!
//! Tests: tests/binary.rs; CPython test_complex.

pub mod arith;
pub mod construct;

use crate::any;
use arith::{C, PowError};
use typhon_macros::class;
use typhon_object::native::{self, Missing, Payload, SUBCLASSABLE, Trace, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, Tracer};
use typhon_object::{boot, float, hash, int, ops, shape, str, tuple};
use typhon_text::{complex as text, format_spec};

/// The payload. It never changes.
#[repr(C)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

impl Trace for Complex {
    fn trace(&self, _: &mut Tracer) {}
}

impl Payload for Complex {
    #[inline]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::COMPLEX || native::has_payload(o, shape::COMPLEX))
    }
}

/// `complex(re, im)`.
pub fn new(cx: &Cx, (re, im): C) -> Result<Obj> {
    Ok(instance_of(cx, types::class_for(shape::COMPLEX), Complex { re, im })?.obj())
}

impl Complex {
    fn value(&self) -> C {
        (self.re, self.im)
    }
}

/// An operand.
enum Number {
    Real(f64),
    Complex(C),
}

impl Number {
    fn complex(self) -> C {
        match self {
            Number::Real(r) => (r, 0.0),
            Number::Complex(c) => c,
        }
    }
}

fn number(cx: &Cx, o: Obj) -> Result<Option<Number>> {
    if let Some(c) = o.cast::<Complex>() {
        return Ok(Some(Number::Complex(c.value())));
    }
    if let Some(v) = float::value(o) {
        return Ok(Some(Number::Real(v)));
    }
    if int::is_int(o) {
        return Ok(Some(Number::Real(ops::int_to_float(cx, o)?)));
    }
    Ok(None)
}

/// Apply `f` to this and the other operand, if that is a number.
fn apply(cx: &Cx, other: Obj, f: impl FnOnce(Number) -> Option<C>) -> Result<Obj> {
    let Some(n) = number(cx, other)? else { return Ok(Obj::NOT_IMPLEMENTED) };
    match f(n) {
        Some(c) => new(cx, c),
        None => Err(cx.error(ExcKind::ZeroDivisionError, "division by zero")),
    }
}

#[cold]
fn pow_error(cx: &Cx, e: PowError) -> Raised {
    match e {
        PowError::ZeroBase => cx.error(ExcKind::ZeroDivisionError, "zero to a negative or complex power"),
        PowError::Overflow => cx.error(ExcKind::OverflowError, "complex exponentiation"),
    }
}

fn power(cx: &Cx, x: C, y: C, modulus: Option<Obj>) -> Result<Obj> {
    if modulus.is_some() {
        return Err(cx.value_error("complex modulo"));
    }
    match arith::pow(x, y) {
        Ok(c) => new(cx, c),
        Err(e) => Err(pow_error(cx, e)),
    }
}

/// `x ** y` of floats whose power is complex.
fn float_power(cx: &mut Cx, x: f64, y: f64) -> Result<Obj> {
    power(cx, (x, 0.0), (y, 0.0), None)
}

fn equal(c: C, o: Obj) -> Option<bool> {
    if let Some(d) = o.cast::<Complex>() {
        return Some(c == d.value());
    }
    if let Some(v) = float::value(o) {
        return Some(c == (v, 0.0));
    }
    if int::is_int(o) {
        return Some(c.1 == 0.0 && ops::compare_int_float(o, c.0) == Some(std::cmp::Ordering::Equal));
    }
    None
}

/// Hash of a part; a nan hashes like the object that holds it.
fn part_hash(o: Obj, v: f64) -> i64 {
    if v.is_nan() { ops::hash_identity(o) } else { hash::hash_f64(v) }
}

struct ComplexMethods;

#[class(name = "complex", extends = Complex)]
impl ComplexMethods {
    #[sig(real = <missing>, imag = <missing>)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, real: Missing<Obj>, imag: Missing<Obj>) -> Result<Obj> {
        let exact = cls.root_shape() == shape::COMPLEX;
        if let (true, Missing::Given(r), Missing::Absent) = (exact, real, imag)
            && r.shape() == shape::COMPLEX
        {
            return Ok(r);
        }
        let (re, im) = construct::construct(cx, real.given(), imag.given())?;
        Ok(instance_of(cx, cls, Complex { re, im })?.obj())
    }

    /// Convert number to a complex floating-point number.
    #[classmethod]
    #[sig(number, /)]
    fn from_number(cx: &mut Cx, cls: Gc<Type>, number: Obj) -> Result<Obj> {
        let exact = cls == types::class_for(shape::COMPLEX);
        if exact && number.shape() == shape::COMPLEX {
            return Ok(number);
        }
        let (re, im) = construct::from_number(cx, number)?;
        if exact {
            return new(cx, (re, im));
        }
        let c = new(cx, (re, im))?;
        ops::call_args(cx, cls.obj(), &[c])
    }

    fn __repr__(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        Ok(str::new(cx, &text::repr(this.re, this.im))?.obj())
    }
    /// Convert to a string according to format_spec.
    fn __format__(this: Gc<Complex>, cx: &mut Cx, format_spec: Obj) -> Result<Obj> {
        let spec = any::str_arg(cx, format_spec, "__format__() argument")?;
        if spec.is_empty() {
            return Ok(ops::to_str(cx, this.obj())?.obj());
        }
        let name = cx.type_name(this.obj());
        let r = any::with_locale(cx, spec.view(), |l| format_spec::complex(spec.view(), this.re, this.im, &name, l))?;
        any::formatted(cx, r)
    }
    fn __hash__(this: Gc<Complex>) -> i64 {
        let im = part_hash(this.obj(), this.im).wrapping_mul(1_000_003);
        match part_hash(this.obj(), this.re).wrapping_add(im) {
            -1 => -2,
            h => h,
        }
    }
    fn __richcmp__(this: Gc<Complex>, other: Obj, op: CompareOp) -> Obj {
        match (op, equal(this.value(), other)) {
            (CompareOp::Eq, Some(e)) => Obj::bool(e),
            (CompareOp::Ne, Some(e)) => Obj::bool(!e),
            _ => Obj::NOT_IMPLEMENTED,
        }
    }
    fn __bool__(this: Gc<Complex>) -> bool {
        this.value() != (0.0, 0.0)
    }

    fn __add__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        let (a, b) = this.value();
        apply(cx, other, |o| {
            Some(match o {
                Number::Real(r) => (a + r, b),
                Number::Complex((c, d)) => (a + c, b + d),
            })
        })
    }
    fn __radd__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        ComplexMethods::__add__(this, cx, other)
    }
    fn __sub__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        let (a, b) = this.value();
        apply(cx, other, |o| {
            Some(match o {
                Number::Real(r) => (a - r, b),
                Number::Complex((c, d)) => (a - c, b - d),
            })
        })
    }
    fn __rsub__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        let (a, b) = this.value();
        apply(cx, other, |o| {
            Some(match o {
                Number::Real(r) => (r - a, -b),
                Number::Complex((c, d)) => (c - a, d - b),
            })
        })
    }
    fn __mul__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        let (a, b) = this.value();
        apply(cx, other, |o| {
            Some(match o {
                Number::Real(r) => (a * r, b * r),
                Number::Complex(c) => arith::mul((a, b), c),
            })
        })
    }
    fn __rmul__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        ComplexMethods::__mul__(this, cx, other)
    }
    fn __truediv__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        let (a, b) = this.value();
        apply(cx, other, |o| match o {
            Number::Real(0.0) => None,
            Number::Real(r) => Some((a / r, b / r)),
            Number::Complex(c) => arith::div((a, b), c),
        })
    }
    fn __rtruediv__(this: Gc<Complex>, cx: &Cx, other: Obj) -> Result<Obj> {
        apply(cx, other, |o| match o {
            Number::Real(r) => arith::div_real(r, this.value()),
            Number::Complex(c) => arith::div(c, this.value()),
        })
    }
    #[sig(value, r#mod = None, /)]
    fn __pow__(this: Gc<Complex>, cx: &Cx, value: Obj, r#mod: Option<Obj>) -> Result<Obj> {
        match number(cx, value)? {
            Some(n) => power(cx, this.value(), n.complex(), r#mod),
            None => Ok(Obj::NOT_IMPLEMENTED),
        }
    }
    #[sig(value, r#mod = None, /)]
    fn __rpow__(this: Gc<Complex>, cx: &Cx, value: Obj, r#mod: Option<Obj>) -> Result<Obj> {
        match number(cx, value)? {
            Some(n) => power(cx, n.complex(), this.value(), r#mod),
            None => Ok(Obj::NOT_IMPLEMENTED),
        }
    }
    fn __neg__(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        new(cx, (-this.re, -this.im))
    }
    fn __pos__(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        if this.obj().shape() == shape::COMPLEX { Ok(this.obj()) } else { new(cx, this.value()) }
    }
    fn __abs__(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        let r = this.re.hypot(this.im);
        if r.is_infinite() && this.re.is_finite() && this.im.is_finite() {
            return Err(cx.error(ExcKind::OverflowError, "absolute value too large"));
        }
        float::new(cx, r)
    }

    /// the real part of a complex number
    #[getter]
    fn real(this: Gc<Complex>) -> f64 {
        this.re
    }
    /// the imaginary part of a complex number
    #[getter]
    fn imag(this: Gc<Complex>) -> f64 {
        this.im
    }
    /// Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.
    fn conjugate(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        new(cx, (this.re, -this.im))
    }
    /// Convert this value to exact type complex.
    fn __complex__(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        ComplexMethods::__pos__(this, cx)
    }
    fn __getnewargs__(this: Gc<Complex>, cx: &Cx) -> Result<Obj> {
        let parts = [float::new(cx, this.re)?, float::new(cx, this.im)?];
        Ok(tuple::new(cx, &parts)?.obj())
    }
}

const DOC: &str = "Create a complex number from a string or numbers.\n\nIf a string is given, parse it as a complex number.\nIf a single number is given, convert it to a complex number.\nIf the 'real' or 'imag' arguments are given, create a complex number\nwith the specified real and imaginary components.";

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let layout = types::layout_of::<Complex>(0);
    let t = boot::define(cx, shape::COMPLEX, "complex", DOC, SUBCLASSABLE, None, Some(layout))?;
    types::add_members(cx, t, ComplexMethods::MEMBERS)?;
    let _ = cx.rt().hooks().complex_pow.set(float_power);
    debug_assert!(t.special(Dunder::Complex).is_some());
    Ok(())
}
