//! Methods of `int`. Its representation and arithmetic are in typhon-object.
//!
//! Operators are in `IntOperators`, the rest in `IntMethods`; `int()` itself is
//! in `int_new.rs`.
//! Tests: tests/lang/int.md; CPython test_int, test_long.

use crate::any::{self, Int};
use crate::{bytes_new, int_new};
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{
    BinaryOp, CompareOp, Cx, ExcKind, Gc, Obj, Result, bigint, bytes, float, hash, int, ops, shape, str, tuple,
};
use typhon_text::format_spec;
use typhon_text::int::{self as limbs, ToBytesError};

#[inline]
fn binary(cx: &mut Cx, op: BinaryOp, a: Obj, b: Obj) -> Result<Obj> {
    if !int::is_int(a) || !int::is_int(b) {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    ops::int_binary(cx, op, a, b).unwrap_or(Ok(Obj::NOT_IMPLEMENTED))
}

fn power(cx: &mut Cx, a: Obj, b: Obj, m: Obj) -> Result<Obj> {
    if !int::is_int(a) || !int::is_int(b) {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    if m.is_none() {
        return binary(cx, BinaryOp::Pow, a, b);
    }
    if !int::is_int(m) {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    bigint::pow_mod(cx, a, b, m)
}

struct IntOperators;

#[class(name = "int", extends = Int)]
impl IntOperators {
    fn __add__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Add, this.obj(), value)
    }
    fn __radd__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Add, value, this.obj())
    }
    fn __sub__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, this.obj(), value)
    }
    fn __rsub__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, value, this.obj())
    }
    fn __mul__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mul, this.obj(), value)
    }
    fn __rmul__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mul, value, this.obj())
    }
    fn __mod__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mod, this.obj(), value)
    }
    fn __rmod__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Mod, value, this.obj())
    }
    fn __divmod__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::DivMod, this.obj(), value)
    }
    fn __rdivmod__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::DivMod, value, this.obj())
    }
    fn __lshift__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::LShift, this.obj(), value)
    }
    fn __rlshift__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::LShift, value, this.obj())
    }
    fn __rshift__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::RShift, this.obj(), value)
    }
    fn __rrshift__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::RShift, value, this.obj())
    }
    fn __and__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::And, this.obj(), value)
    }
    fn __rand__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::And, value, this.obj())
    }
    fn __xor__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Xor, this.obj(), value)
    }
    fn __rxor__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Xor, value, this.obj())
    }
    fn __or__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Or, this.obj(), value)
    }
    fn __ror__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::Or, value, this.obj())
    }
    fn __floordiv__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::FloorDiv, this.obj(), value)
    }
    fn __rfloordiv__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::FloorDiv, value, this.obj())
    }
    fn __truediv__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::TrueDiv, this.obj(), value)
    }
    fn __rtruediv__(this: Gc<Int>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        binary(cx, BinaryOp::TrueDiv, value, this.obj())
    }

    #[sig(value, mod = None, /)]
    fn __pow__(this: Gc<Int>, cx: &mut Cx, value: Obj, r#mod: Obj) -> Result<Obj> {
        power(cx, this.obj(), value, r#mod)
    }
    #[sig(value, mod = None, /)]
    fn __rpow__(this: Gc<Int>, cx: &mut Cx, value: Obj, r#mod: Obj) -> Result<Obj> {
        power(cx, value, this.obj(), r#mod)
    }

    fn __neg__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, Obj::int_unchecked(0), this.obj())
    }
    fn __pos__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    fn __abs__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        if bigint::with(this.obj(), |x| x.negative) {
            return binary(cx, BinaryOp::Sub, Obj::int_unchecked(0), this.obj());
        }
        int::exact(cx, this.obj())
    }
    fn __invert__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        binary(cx, BinaryOp::Sub, Obj::int_unchecked(-1), this.obj())
    }
    fn __bool__(this: Gc<Int>) -> bool {
        bigint::with(this.obj(), |x| !x.is_zero())
    }
    fn __int__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    fn __index__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    fn __float__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        let v = ops::int_to_float(cx, this.obj())?;
        float::new(cx, v)
    }
    fn __hash__(this: Gc<Int>) -> i64 {
        match int::small(this.obj()) {
            Some(v) => hash::hash_i64(v),
            None => bigint::with(this.obj(), limbs::hash),
        }
    }
    fn __richcmp__(this: Gc<Int>, _cx: &mut Cx, value: Obj, op: CompareOp) -> Obj {
        if !int::is_int(value) {
            return Obj::NOT_IMPLEMENTED;
        }
        Obj::bool(op.holds(bigint::compare(this.obj(), value)))
    }
}

struct IntMethods;

fn bad_order(cx: &Cx) -> typhon_object::Raised {
    cx.value_error("byteorder must be either 'little' or 'big'")
}

/// Whether a `byteorder` argument says "little".
fn is_little(cx: &Cx, byteorder: Obj, what: &str) -> Result<bool> {
    let s: Gc<Str> = any::str_arg(cx, byteorder, what)?;
    if s.eq_str("little") {
        Ok(true)
    } else if s.eq_str("big") {
        Ok(false)
    } else {
        Err(bad_order(cx))
    }
}

#[class(name = "int", extends = Int)]
impl IntMethods {
    /// Create and return a new object.  See help(type) for accurate signature.
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        int_new::construct(cx, cls, args)
    }

    fn __repr__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        Ok(int_new::to_text(cx, this.obj())?.obj())
    }

    /// Returns self, the complex conjugate of any int.
    fn conjugate(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }

    /// Number of bits necessary to represent self in binary.
    ///
    /// >>> bin(37)
    /// '0b100101'
    /// >>> (37).bit_length()
    /// 6
    fn bit_length(this: Gc<Int>) -> u64 {
        bigint::with(this.obj(), |x| limbs::bit_length(x.mag))
    }

    /// Number of ones in the binary representation of the absolute value of self.
    ///
    /// Also known as the population count.
    ///
    /// >>> bin(13)
    /// '0b1101'
    /// >>> (13).bit_count()
    /// 3
    fn bit_count(this: Gc<Int>) -> u64 {
        bigint::with(this.obj(), |x| limbs::bit_count(x.mag))
    }

    /// Return an array of bytes representing an integer.
    ///
    ///   length
    ///     Length of bytes object to use.  An OverflowError is raised if
    ///     the integer is not representable with the given number of bytes.
    ///     Default is length 1.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is
    ///     'big', the most significant byte is at the beginning of the byte
    ///     array.  If byteorder is 'little', the most significant byte is at
    ///     the end of the byte array.  To request the native byte order of the
    ///     host system, use sys.byteorder as the byte order value.  Default is
    ///     to use 'big'.
    ///   signed
    ///     Determines whether two's complement is used to represent the
    ///     integer.  If signed is False and a negative integer is given, an
    ///     OverflowError is raised.
    #[sig(length = 1, byteorder = "big", *, signed = False)]
    fn to_bytes(this: Gc<Int>, cx: &mut Cx, length: i64, byteorder: Obj, signed: bool) -> Result<Obj> {
        let little = is_little(cx, byteorder, "to_bytes() argument 'byteorder'")?;
        let Ok(n) = usize::try_from(length) else {
            return Err(cx.value_error("length argument must be non-negative"));
        };
        if n > isize::MAX as usize / 2 {
            return Err(cx.memory_error());
        }
        cx.check_room(n)?;
        let mut out = vec![0; n];
        match bigint::with(this.obj(), |x| limbs::to_bytes(x, &mut out, little, signed)) {
            Ok(()) => Ok(bytes::new(cx, &out)?.obj()),
            Err(ToBytesError::TooBig) => Err(cx.error(ExcKind::OverflowError, "int too big to convert")),
            Err(ToBytesError::Negative) => {
                Err(cx.error(ExcKind::OverflowError, "can't convert negative int to unsigned"))
            }
        }
    }

    /// Return the integer represented by the given array of bytes.
    ///
    ///   bytes
    ///     Holds the array of bytes to convert.  The argument must either
    ///     support the buffer protocol or be an iterable object producing
    ///     bytes.  Bytes and bytearray are examples of built-in objects that
    ///     support the buffer protocol.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is
    ///     'big', the most significant byte is at the beginning of the byte
    ///     array.  If byteorder is 'little', the most significant byte is at
    ///     the end of the byte array.  To request the native byte order of the
    ///     host system, use sys.byteorder as the byte order value.  Default is
    ///     to use 'big'.
    ///   signed
    ///     Indicates whether two's complement is used to represent the integer.
    #[classmethod]
    #[sig(bytes, byteorder = "big", *, signed = False)]
    fn from_bytes(cx: &mut Cx, cls: Gc<Type>, bytes: Obj, byteorder: Obj, signed: bool) -> Result<Obj> {
        let little = is_little(cx, byteorder, "from_bytes() argument 'byteorder'")?;
        let b = bytes_new::from_object(cx, bytes)?;
        let v = limbs::from_bytes(b.as_slice(), little, signed);
        let v = bigint::from_owned(cx, &v)?;
        if cls == types::class_for(shape::INT) {
            return Ok(v);
        }
        ops::call_args(cx, cls.obj(), &[v])
    }

    /// Return a pair of integers, whose ratio is equal to the original int.
    ///
    /// The ratio is in lowest terms and has a positive denominator.
    ///
    /// >>> (10).as_integer_ratio()
    /// (10, 1)
    /// >>> (-10).as_integer_ratio()
    /// (-10, 1)
    /// >>> (0).as_integer_ratio()
    /// (0, 1)
    fn as_integer_ratio(this: Gc<Int>, cx: &mut Cx) -> Result<(Obj, i64)> {
        Ok((int::exact(cx, this.obj())?, 1))
    }

    /// Truncating an Integral returns itself.
    fn __trunc__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    /// Flooring an Integral returns itself.
    fn __floor__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    /// Ceiling of an Integral returns itself.
    fn __ceil__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }

    /// Rounding an Integral returns itself.
    ///
    /// Rounding with an ndigits argument also returns an integer.
    #[sig(ndigits = None, /)]
    fn __round__(this: Gc<Int>, cx: &mut Cx, ndigits: Obj) -> Result<Obj> {
        let a = int::exact(cx, this.obj())?;
        if ndigits.is_none() {
            return Ok(a);
        }
        let n = ops::index_clamped(cx, ndigits)?;
        if n >= 0 {
            return Ok(a);
        }
        round_to(cx, a, n.unsigned_abs())
    }

    fn __getnewargs__(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        let v = int::exact(cx, this.obj())?;
        Ok(tuple::new(cx, &[v])?.obj())
    }

    /// Convert to a string according to format_spec.
    #[sig(format_spec, /)]
    fn __format__(this: Gc<Int>, cx: &mut Cx, format_spec: Obj) -> Result<Obj> {
        let spec = any::str_arg(cx, format_spec, "__format__() argument")?;
        if spec.is_empty() {
            return Ok(ops::to_str(cx, this.obj())?.obj());
        }
        format(cx, this.obj(), spec)
    }

    /// Returns size in memory, in bytes.
    fn __sizeof__(this: Gc<Int>) -> u64 {
        // CPython's digits have 30 bits.
        24 + 4 * bigint::with(this.obj(), |x| limbs::bit_length(x.mag)).div_ceil(30).max(1)
    }

    /// Returns True. Exists for duck type compatibility with float.is_integer.
    fn is_integer(this: Gc<Int>) -> bool {
        let _ = this;
        true
    }

    /// the real part of a complex number
    #[getter]
    fn real(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    /// the imaginary part of a complex number
    #[getter]
    fn imag(this: Gc<Int>) -> i64 {
        let _ = this;
        0
    }
    /// the numerator of a rational number in lowest terms
    #[getter]
    fn numerator(this: Gc<Int>, cx: &mut Cx) -> Result<Obj> {
        int::exact(cx, this.obj())
    }
    /// the denominator of a rational number in lowest terms
    #[getter]
    fn denominator(this: Gc<Int>) -> i64 {
        let _ = this;
        1
    }
}

/// `format(v, spec)` of an int (or a bool, which then counts as a number).
pub fn format(cx: &mut Cx, v: Obj, spec: Gc<Str>) -> Result<Obj> {
    let view = spec.payload().view();
    let kind = view.len().checked_sub(1).and_then(|i| view.get(i)).and_then(char::from_u32);
    if !matches!(kind, Some('x' | 'X' | 'o' | 'b' | 'c' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) {
        int_new::check_length(cx, v)?;
    }
    let name = cx.type_name(v);
    let r = any::with_locale(cx, view, |l| bigint::with(v, |x| format_spec::int(view, x, &name, l)))?;
    any::formatted(cx, r)
}

/// Round half to even at the `n`th digit before the point.
fn round_to(cx: &mut Cx, a: Obj, n: usize) -> Result<Obj> {
    let bits = bigint::with(a, |x| limbs::bit_length(x.mag)) as f64;
    if n as f64 > bits * 0.302 + 2.0 {
        return Ok(Obj::int_unchecked(0));
    }
    let ten = Obj::int_unchecked(10);
    let unit = binary(cx, BinaryOp::Pow, ten, Obj::int_unchecked(n as i64))?;
    let q = binary(cx, BinaryOp::FloorDiv, a, unit)?;
    let r = binary(cx, BinaryOp::Mod, a, unit)?;
    let twice = binary(cx, BinaryOp::Add, r, r)?;
    let odd = bigint::with(q, |q| q.mag.first().is_some_and(|l| l & 1 == 1));
    let q = match bigint::compare(twice, unit) {
        std::cmp::Ordering::Less => q,
        std::cmp::Ordering::Equal if !odd => q,
        _ => binary(cx, BinaryOp::Add, q, Obj::int_unchecked(1))?,
    };
    binary(cx, BinaryOp::Mul, q, unit)
}

/// A short text of an int for messages: no limit applies.
pub fn decimal(cx: &Cx, v: Obj) -> Result<Gc<Str>> {
    str::new(cx, &bigint::to_decimal(v))
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = types::class_for(shape::INT);
    types::add_members(cx, t, IntMethods::MEMBERS)?;
    types::add_members(cx, t, IntOperators::MEMBERS)
}
