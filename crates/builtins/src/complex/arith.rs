//! Arithmetic of complex numbers, with C's rules for infinities (Annex G).
//!
//! Tests: tests/binary.rs; CPython test_complex.

/// Real and imaginary part.
pub type C = (f64, f64);

/// 1 or 0 with the sign of `x`: 1 for infinities.
fn boxed(x: f64) -> f64 {
    (if x.is_infinite() { 1.0f64 } else { 0.0 }).copysign(x)
}

fn zero_nan(x: f64) -> f64 {
    if x.is_nan() { 0f64.copysign(x) } else { x }
}

/// `x * y`.
pub fn mul((mut a, mut b): C, (mut c, mut d): C) -> C {
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let r = (ac - bd, ad + bc);
    if !(r.0.is_nan() && r.1.is_nan()) {
        return r;
    }
    // An infinity came out as nan+nanj: recover its direction.
    let mut again = false;
    if a.is_infinite() || b.is_infinite() {
        (a, b, c, d) = (boxed(a), boxed(b), zero_nan(c), zero_nan(d));
        again = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (a, b, c, d) = (zero_nan(a), zero_nan(b), boxed(c), boxed(d));
        again = true;
    }
    if !again && [ac, bd, ad, bc].iter().any(|v| v.is_infinite()) {
        (a, b, c, d) = (zero_nan(a), zero_nan(b), zero_nan(c), zero_nan(d));
        again = true;
    }
    if again { (f64::INFINITY * (a * c - b * d), f64::INFINITY * (a * d + b * c)) } else { r }
}

/// `x / y`; `None` for a zero `y`.
pub fn div(x: C, y: C) -> Option<C> {
    let r = if y.0.abs() >= y.1.abs() {
        if y.0 == 0.0 {
            return None;
        }
        let ratio = y.1 / y.0;
        let denom = y.0 + y.1 * ratio;
        ((x.0 + x.1 * ratio) / denom, (x.1 - x.0 * ratio) / denom)
    } else if y.1.abs() >= y.0.abs() {
        let ratio = y.0 / y.1;
        let denom = y.0 * ratio + y.1;
        ((x.0 * ratio + x.1) / denom, (x.1 * ratio - x.0) / denom)
    } else {
        (f64::NAN, f64::NAN)
    };
    Some(recover(x, y, r))
}

/// `x / y` of a real `x`.
pub fn div_real(x: f64, y: C) -> Option<C> {
    let r = if y.0.abs() >= y.1.abs() {
        if y.0 == 0.0 {
            return None;
        }
        let ratio = y.1 / y.0;
        let denom = y.0 + y.1 * ratio;
        (x / denom, (-x * ratio) / denom)
    } else if y.1.abs() >= y.0.abs() {
        let ratio = y.0 / y.1;
        let denom = y.0 * ratio + y.1;
        ((x * ratio) / denom, -x / denom)
    } else {
        (f64::NAN, f64::NAN)
    };
    if r.0.is_nan() && r.1.is_nan() && (y.0.is_infinite() || y.1.is_infinite()) && x.is_finite() {
        return Some((0.0 * (x * boxed(y.0)), 0.0 * (-x * boxed(y.1))));
    }
    Some(r)
}

fn recover(x: C, y: C, r: C) -> C {
    if !(r.0.is_nan() && r.1.is_nan()) {
        return r;
    }
    let finite = |c: C| c.0.is_finite() && c.1.is_finite();
    let infinite = |c: C| c.0.is_infinite() || c.1.is_infinite();
    if infinite(x) && finite(y) {
        let (a, b) = (boxed(x.0), boxed(x.1));
        return (f64::INFINITY * (a * y.0 + b * y.1), f64::INFINITY * (b * y.0 - a * y.1));
    }
    if infinite(y) && finite(x) {
        let (c, d) = (boxed(y.0), boxed(y.1));
        return (0.0 * (x.0 * c + x.1 * d), 0.0 * (x.1 * c - x.0 * d));
    }
    r
}

fn pow_unsigned(x: C, n: u32) -> C {
    let (mut r, mut p, mut mask) = ((1.0, 0.0), x, 1u32);
    while mask > 0 && n >= mask {
        if n & mask != 0 {
            r = mul(r, p);
        }
        mask <<= 1;
        p = mul(p, p);
    }
    r
}

/// Why a power has no value.
pub enum PowError {
    /// Zero to a negative or complex power.
    ZeroBase,
    /// Too large.
    Overflow,
}

/// `x ** y`.
pub fn pow(x: C, y: C) -> Result<C, PowError> {
    // As far as repeated multiplication is more exact.
    const SMALL: f64 = 100.0;
    let r = if y.1 == 0.0 && y.0 == y.0.floor() && y.0.abs() <= SMALL {
        let p = pow_unsigned(x, y.0.abs() as u32);
        if y.0 > 0.0 {
            p
        } else if y.0 == 0.0 {
            (1.0, 0.0)
        } else {
            div((1.0, 0.0), p).ok_or(PowError::ZeroBase)?
        }
    } else if x == (0.0, 0.0) {
        if y.1 != 0.0 || y.0 < 0.0 {
            return Err(PowError::ZeroBase);
        }
        (0.0, 0.0)
    } else {
        let size = x.0.hypot(x.1);
        let angle = x.1.atan2(x.0);
        let (mut len, mut phase) = (size.powf(y.0), angle * y.0);
        if y.1 != 0.0 {
            len *= (-angle * y.1).exp();
            phase += y.1 * size.ln();
        }
        if phase.is_infinite() {
            // C's cos refuses infinities, which CPython takes for this error.
            return Err(PowError::ZeroBase);
        }
        (len * phase.cos(), len * phase.sin())
    };
    if r.0.is_infinite() || r.1.is_infinite() { Err(PowError::Overflow) } else { Ok(r) }
}
