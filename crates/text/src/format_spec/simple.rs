//! The formats that programs use all the time, `5`, `05d`, `>8`, `.2f`, `8.3f`,
//! of machine integers and floats of middling size: without allocation.
//!
//! Everything else is refused and goes the general way.
//! Tests: tests/format.rs compares both ways.

/// Room for the longest result.
pub const ROOM: usize = 96;

/// What a spec of this kind asks for.
struct Plan {
    align: u8,
    zero: bool,
    width: usize,
    precision: Option<u32>,
    kind: u8,
}

impl Plan {
    fn is_for_int(&self) -> bool {
        self.precision.is_none() && matches!(self.kind, 0 | b'd')
    }
}

fn number(spec: &mut &[u8]) -> Option<usize> {
    let mut v = 0;
    let mut any = false;
    while let [d @ b'0'..=b'9', rest @ ..] = *spec {
        v = v * 10 + (d - b'0') as usize;
        any = true;
        *spec = rest;
        if v > 40 {
            return None;
        }
    }
    any.then_some(v)
}

fn plan(mut spec: &[u8]) -> Option<Plan> {
    let mut p = Plan { align: b'>', zero: false, width: 0, precision: None, kind: 0 };
    if let [a @ (b'<' | b'>'), rest @ ..] = spec {
        p.align = *a;
        spec = rest;
    } else if let [b'0', rest @ ..] = spec {
        p.zero = true;
        spec = rest;
    }
    if let [b'1'..=b'9', ..] = spec {
        p.width = number(&mut spec)?;
    }
    if let [b'.', rest @ ..] = spec {
        spec = rest;
        p.precision = Some(number(&mut spec)? as u32);
    }
    match spec {
        [] => Some(p),
        [kind] => {
            p.kind = *kind;
            Some(p)
        }
        _ => None,
    }
}

/// Decimal digits of `v` at the end of `out`; where they start.
fn decimal(mut v: u64, out: &mut [u8; 24]) -> usize {
    let mut at = out.len();
    loop {
        at -= 1;
        out[at] = b'0' + (v % 10) as u8;
        v /= 10;
        if v == 0 {
            return at;
        }
    }
}

fn lay_out(p: &Plan, negative: bool, body: &[u8], out: &mut [u8; ROOM]) -> usize {
    let missing = p.width.saturating_sub(body.len() + negative as usize);
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        out[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    let blanks = &[b' '; 40][..missing];
    if !p.zero && p.align == b'>' {
        put(blanks);
    }
    if negative {
        put(b"-");
    }
    if p.zero {
        put(&[b'0'; 40][..missing]);
    }
    put(body);
    if !p.zero && p.align == b'<' {
        put(blanks);
    }
    at
}

/// Whether `format(v, spec)` of an int cannot fail.
pub fn is_for_int(spec: &[u8]) -> bool {
    plan(spec).is_some_and(|p| p.is_for_int())
}

/// The same of a float.
pub fn is_for_float(spec: &[u8]) -> bool {
    spec.is_empty() || plan(spec).is_some_and(|p| p.kind == b'f')
}

/// `format(v, spec)` in the front of `out`; its length.
pub fn int(spec: &[u8], v: i64, out: &mut [u8; ROOM]) -> Option<usize> {
    let p = plan(spec)?;
    if !p.is_for_int() {
        return None;
    }
    let mut digits = [0; 24];
    let at = decimal(v.unsigned_abs(), &mut digits);
    Some(lay_out(&p, v < 0, &digits[at..], out))
}

/// `format(v, spec)` for type `f`: the product with the power of ten is exact in
/// 128 bits, and so is the rounding (half to even, of the binary value).
pub fn float(spec: &[u8], v: f64, out: &mut [u8; ROOM]) -> Option<usize> {
    let p = plan(spec)?;
    if p.kind != b'f' {
        return None;
    }
    let places = p.precision.unwrap_or(6);
    let body = &mut [0; 48];
    let n = fixed(v.abs(), places, body)?;
    Some(lay_out(&p, v.is_sign_negative(), &body[..n], out))
}

fn fixed(v: f64, places: u32, out: &mut [u8; 48]) -> Option<usize> {
    let bits = v.to_bits();
    let (exponent, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    // Tiny numbers, numbers from 2**53 on, infinities and NaN go the general way.
    if places > 16 || v != 0.0 && !(950..1023 + 53).contains(&exponent) {
        return None;
    }
    let scaled: u128 = if v == 0.0 {
        0
    } else {
        let shift = (1075 - exponent) as u32;
        let n = ((1 << 52) | fraction) as u128 * 10u128.pow(places);
        if shift >= 127 {
            0
        } else {
            let (q, rest, half) = (n >> shift, n & ((1 << shift) - 1), (1u128 << shift) >> 1);
            q + (rest > half || rest == half && shift > 0 && q & 1 == 1) as u128
        }
    };
    let one = 10u64.pow(places);
    let mut digits = [0; 24];
    let at = decimal(u64::try_from(scaled / one as u128).ok()?, &mut digits);
    let mut n = digits.len() - at;
    out[..n].copy_from_slice(&digits[at..]);
    if places > 0 {
        out[n] = b'.';
        n += 1;
        let at = decimal((scaled % one as u128) as u64, &mut digits);
        let zeros = places as usize - (digits.len() - at);
        out[n..n + zeros].fill(b'0');
        n += zeros;
        out[n..n + digits.len() - at].copy_from_slice(&digits[at..]);
        n += digits.len() - at;
    }
    Some(n)
}
