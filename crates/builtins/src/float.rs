//! Methods of `float`.
//!
//! Tests: tests/lang/float.md; CPython test_float.

use crate::any::{self, Float};
use crate::float_new;
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::types::{self, Type};
use typhon_object::{
    BinaryOp, CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, bigint, float, hash, int, ops, shape, str, tuple,
};
use typhon_text::float as text;
use typhon_text::format_spec;
use typhon_text::int as limbs;

/// The value of a receiver.
fn val(this: Gc<Float>) -> f64 {
    float::value(this.obj()).unwrap_or_default()
}

/// The operand as a float; `None` where the operator does not apply.
fn operand(cx: &Cx, o: Obj) -> Result<Option<f64>> {
    if let Some(v) = float::value(o) {
        return Ok(Some(v));
    }
    if int::is_int(o) {
        return ops::int_to_float(cx, o).map(Some);
    }
    Ok(None)
}

fn binary(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    let (Some(x), Some(y)) = (operand(cx, a)?, operand(cx, b)?) else { return Ok(Obj::NOT_IMPLEMENTED) };
    ops::float_binary(cx, op, x, y).unwrap_or(Ok(Obj::NOT_IMPLEMENTED))
}

fn power(cx: &mut Cx, a: Obj, b: Obj, m: Obj) -> Result<Obj> {
    if !m.is_none() {
        return Err(cx.type_error("pow() 3rd argument not allowed unless all arguments are integers"));
    }
    binary(cx, BinaryOp::Pow, a, b)
}

/// The int nearest to zero from an integral float.
pub fn to_int(cx: &Cx, v: f64) -> Result<Obj> {
    if v.abs() < 4e18 {
        return int::from_i64(cx, v as i64);
    }
    match limbs::from_f64(v) {
        Some(i) => bigint::from_owned(cx, &i),
        None if v.is_nan() => Err(cx.value_error("cannot convert float NaN to integer")),
        None => Err(cx.error(ExcKind::OverflowError, "cannot convert float infinity to integer")),
    }
}

struct FloatOperators;

#[class(name = "float", extends = Float)]
impl FloatOperators {
    fn __add__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Add, this.obj(), value)
    }
    fn __radd__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Add, value, this.obj())
    }
    fn __sub__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, this.obj(), value)
    }
    fn __rsub__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, value, this.obj())
    }
    fn __mul__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mul, this.obj(), value)
    }
    fn __rmul__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mul, value, this.obj())
    }
    fn __mod__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mod, this.obj(), value)
    }
    fn __rmod__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mod, value, this.obj())
    }
    fn __divmod__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::DivMod, this.obj(), value)
    }
    fn __rdivmod__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::DivMod, value, this.obj())
    }
    fn __floordiv__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::FloorDiv, this.obj(), value)
    }
    fn __rfloordiv__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::FloorDiv, value, this.obj())
    }
    fn __truediv__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::TrueDiv, this.obj(), value)
    }
    fn __rtruediv__(this: Gc<Float>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::TrueDiv, value, this.obj())
    }

    #[sig(value, mod = None, /)]
    fn __pow__(this: Gc<Float>, cx: &mut Cx, value: Obj, r#mod: Obj) -> Result<Obj> {
        power(cx, this.obj(), value, r#mod)
    }
    #[sig(value, mod = None, /)]
    fn __rpow__(this: Gc<Float>, cx: &mut Cx, value: Obj, r#mod: Obj) -> Result<Obj> {
        power(cx, value, this.obj(), r#mod)
    }

    fn __neg__(this: Gc<Float>) -> f64 {
        -val(this)
    }
    fn __pos__(this: Gc<Float>) -> f64 {
        val(this)
    }
    fn __abs__(this: Gc<Float>) -> f64 {
        val(this).abs()
    }
    fn __bool__(this: Gc<Float>) -> bool {
        val(this) != 0.0
    }
    fn __int__(this: Gc<Float>, cx: &mut Cx) -> Result<Obj> {
        to_int(cx, val(this).trunc())
    }
    fn __float__(this: Gc<Float>) -> f64 {
        val(this)
    }
    fn __hash__(this: Gc<Float>) -> i64 {
        let v = val(this);
        if v.is_nan() { ops::hash_identity(this.obj()) } else { hash::hash_f64(v) }
    }
    fn __richcmp__(this: Gc<Float>, _cx: &mut Cx, value: Obj, op: CompareOp) -> Obj {
        let x = val(this);
        if let Some(y) = float::value(value) {
            return Obj::bool(op.floats(x, y));
        }
        if !int::is_int(value) {
            return Obj::NOT_IMPLEMENTED;
        }
        // The order of the int and the float, with the operands exchanged.
        Obj::bool(match ops::compare_int_float(value, x) {
            Some(order) => op.holds(order.reverse()),
            None => op == CompareOp::Ne,
        })
    }
}

struct FloatMethods;

#[class(name = "float", extends = Float)]
impl FloatMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let exact = types::class_for(shape::FLOAT);
        let v = if cls == exact || cls.special(Dunder::Init) == exact.special(Dunder::Init) {
            any::at_most_one(cx, "float", args)?
        } else {
            // The subclass's `__init__` may take keywords.
            any::at_most_one(cx, "float", Args::new(args.pos, None))?
        };
        let v = match v {
            None => 0.0,
            Some(o) if cls.root_shape() == shape::FLOAT && o.shape() == shape::FLOAT => return Ok(o),
            Some(o) => float_new::convert(cx, o)?,
        };
        float::new_of(cx, cls, v)
    }

    fn __repr__(this: Gc<Float>, cx: &mut Cx) -> Result<Obj> {
        Ok(str::new(cx, &text::repr(val(this)))?.obj())
    }

    /// Convert real number to a floating-point number.
    #[classmethod]
    #[sig(number, /)]
    fn from_number(cx: &mut Cx, cls: Gc<Type>, number: Obj) -> Result<Obj> {
        let exact = types::class_for(shape::FLOAT);
        if number.shape() == shape::FLOAT && cls == exact {
            return Ok(number);
        }
        let v = ops::as_float(cx, number)?;
        let v = float::new(cx, v)?;
        if cls == exact { Ok(v) } else { ops::call_args(cx, cls.obj(), &[v]) }
    }

    /// Return the Integral closest to x between 0 and x.
    fn __trunc__(this: Gc<Float>, cx: &mut Cx) -> Result<Obj> {
        to_int(cx, val(this).trunc())
    }
    /// Return the floor as an Integral.
    fn __floor__(this: Gc<Float>, cx: &mut Cx) -> Result<Obj> {
        to_int(cx, val(this).floor())
    }
    /// Return the ceiling as an Integral.
    fn __ceil__(this: Gc<Float>, cx: &mut Cx) -> Result<Obj> {
        to_int(cx, val(this).ceil())
    }

    /// Return the Integral closest to x, rounding half toward even.
    ///
    /// When an argument is passed, work like built-in round(x, ndigits).
    #[sig(ndigits = None, /)]
    fn __round__(this: Gc<Float>, cx: &mut Cx, ndigits: Obj) -> Result<Obj> {
        let v = val(this);
        if ndigits.is_none() {
            return to_int(cx, v.round_ties_even());
        }
        let n = ops::index_clamped(cx, ndigits)?;
        if !v.is_finite() {
            return float::new(cx, v);
        }
        match text::round(v, n as i64) {
            Some(r) => float::new(cx, r),
            None => Err(cx.error(ExcKind::OverflowError, "rounded value too large to represent")),
        }
    }

    /// Return self, the complex conjugate of any float.
    fn conjugate(this: Gc<Float>) -> f64 {
        val(this)
    }

    /// Return a pair of integers, whose ratio is exactly equal to the original float.
    ///
    /// The ratio is in lowest terms and has a positive denominator.  Raise
    /// OverflowError on infinities and a ValueError on NaNs.
    ///
    /// >>> (10.0).as_integer_ratio()
    /// (10, 1)
    /// >>> (0.0).as_integer_ratio()
    /// (0, 1)
    /// >>> (-.25).as_integer_ratio()
    /// (-1, 4)
    fn as_integer_ratio(this: Gc<Float>, cx: &mut Cx) -> Result<(Obj, Obj)> {
        let v = val(this);
        match text::as_integer_ratio(v) {
            Some((n, d)) => Ok((bigint::from_owned(cx, &n)?, bigint::from_owned(cx, &d)?)),
            None if v.is_nan() => Err(cx.value_error("cannot convert NaN to integer ratio")),
            None => Err(cx.error(ExcKind::OverflowError, "cannot convert Infinity to integer ratio")),
        }
    }

    /// Create a floating-point number from a hexadecimal string.
    ///
    /// >>> float.fromhex('0x1.ffffp10')
    /// 2047.984375
    /// >>> float.fromhex('-0x1p-1074')
    /// -5e-324
    #[classmethod]
    #[sig(string, /)]
    fn fromhex(cx: &mut Cx, cls: Gc<Type>, string: Obj) -> Result<Obj> {
        let v = float_new::from_hex(cx, string)?;
        let v = float::new(cx, v)?;
        if cls == types::class_for(shape::FLOAT) { Ok(v) } else { ops::call_args(cx, cls.obj(), &[v]) }
    }

    /// Return a hexadecimal representation of a floating-point number.
    ///
    /// >>> (-0.1).hex()
    /// '-0x1.999999999999ap-4'
    /// >>> 3.14159.hex()
    /// '0x1.921f9f01b866ep+1'
    fn hex(this: Gc<Float>) -> String {
        text::hex(val(this))
    }

    /// Return True if the float is an integer.
    fn is_integer(this: Gc<Float>) -> bool {
        text::is_integer(val(this))
    }

    fn __getnewargs__(this: Gc<Float>, cx: &mut Cx) -> Result<Obj> {
        let v = float::new(cx, val(this))?;
        Ok(tuple::new(cx, &[v])?.obj())
    }

    /// Formats the float according to format_spec.
    #[sig(format_spec, /)]
    fn __format__(this: Gc<Float>, cx: &mut Cx, format_spec: Obj) -> Result<Obj> {
        let spec = any::str_arg(cx, format_spec, "__format__() argument")?;
        if spec.is_empty() {
            return Ok(ops::to_str(cx, this.obj())?.obj());
        }
        let view = spec.payload().view();
        let name = cx.type_name(this.obj());
        let r = any::with_locale(cx, view, |l| format_spec::float(view, val(this), &name, l))?;
        any::formatted(cx, r)
    }

    /// You probably don't want to use this function.
    ///
    ///   typestr
    ///     Must be 'double' or 'float'.
    ///
    /// It exists mainly to be used in Python's test suite.
    ///
    /// This function returns whichever of 'unknown', 'IEEE, big-endian' or
    /// 'IEEE, little-endian' best describes the format of floating-point
    /// numbers used by the C type named by typestr.
    #[classmethod]
    #[sig(typestr, /)]
    fn __getformat__(cx: &mut Cx, cls: Gc<Type>, typestr: Obj) -> Result<&'static str> {
        let _ = cls;
        let s = any::str_arg(cx, typestr, "__getformat__() argument")?;
        if !s.eq_str("double") && !s.eq_str("float") {
            return Err(cx.value_error("__getformat__() argument 1 must be 'double' or 'float'"));
        }
        Ok(if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" })
    }

    /// the real part of a complex number
    #[getter]
    fn real(this: Gc<Float>) -> f64 {
        val(this)
    }
    /// the imaginary part of a complex number
    #[getter]
    fn imag(this: Gc<Float>) -> f64 {
        let _ = this;
        0.0
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = types::class_for(shape::FLOAT);
    types::add_members(cx, t, FloatMethods::MEMBERS)?;
    types::add_members(cx, t, FloatOperators::MEMBERS)
}
