//! To text, in scientific and engineering notation.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use super::{Decimal, Kind};

/// The text of a number that is not finite, without its sign.
pub fn special_text(d: &Decimal) -> String {
    let name = match d.kind {
        Kind::Infinite => return "Infinity".to_owned(),
        Kind::Snan => "sNaN",
        _ => "NaN",
    };
    if d.coef.is_zero() { name.to_owned() } else { format!("{name}{}", d.coef.to_text()) }
}

/// Digits with a point before the last `-exp` of them.
pub fn fixed(digits: &str, exp: i64, out: &mut String) {
    let places = exp.unsigned_abs() as usize;
    if places == 0 {
        out.push_str(digits);
    } else if places < digits.len() {
        let (whole, fraction) = digits.split_at(digits.len() - places);
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', places - digits.len()));
        out.push_str(digits);
    }
}

/// `Decimal.__str__`
pub fn to_sci(d: &Decimal, capitals: bool) -> String {
    write(d, capitals, false)
}

/// `Decimal.to_eng_string`
pub fn to_eng(d: &Decimal, capitals: bool) -> String {
    write(d, capitals, true)
}

fn write(d: &Decimal, capitals: bool, engineering: bool) -> String {
    let mut out = String::with_capacity(32);
    if d.negative {
        out.push('-');
    }
    if d.is_special() {
        out.push_str(&special_text(d));
        return out;
    }
    let digits = d.coef.to_text();
    let left = d.exp + digits.len() as i64;
    if d.exp <= 0 && left > -6 {
        fixed(&digits, d.exp, &mut out);
        return out;
    }
    // Digits before the point.
    let whole = if !engineering {
        1
    } else if d.coef.is_zero() {
        (left + 1).rem_euclid(3) - 1
    } else {
        (left - 1).rem_euclid(3) + 1
    };
    scientific(&digits, whole, &mut out);
    if left != whole {
        push_exponent(left - whole, capitals, &mut out);
    }
    out
}

/// Digits with a point after the first `whole` of them, with zeros where there are none.
pub fn scientific(digits: &str, whole: i64, out: &mut String) {
    let len = digits.len() as i64;
    if whole <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', whole.unsigned_abs() as usize));
        out.push_str(digits);
    } else if whole >= len {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', (whole - len) as usize));
    } else {
        let (before, after) = digits.split_at(whole as usize);
        out.push_str(before);
        out.push('.');
        out.push_str(after);
    }
}

/// `E+5`
pub fn push_exponent(exp: i64, capitals: bool, out: &mut String) {
    out.push(if capitals { 'E' } else { 'e' });
    out.push(if exp < 0 { '-' } else { '+' });
    out.push_str(&exp.unsigned_abs().to_string());
}
