//! `format(decimal, spec)`: the mini-language as the C module of CPython reads it.
//!
//! Tests: `tests.rs`; CPython test_decimal.

use super::round::to_exponent;
use super::text::{fixed, push_exponent, scientific, special_text};
use super::{Coef, Context, Decimal, Flags, MAX_EMAX, MAX_PREC, MIN_ETINY};

/// A format specification that was read.
#[derive(Clone, Debug)]
pub struct Spec {
    fill: char,
    /// `<`, `>`, `=`, `^`, or `z` for zeros after the sign.
    align: char,
    sign: char,
    no_negative_zero: bool,
    /// Whether there is a point even before no digits.
    alternate: bool,
    width: usize,
    separator: Option<char>,
    fraction_separator: Option<char>,
    precision: Option<i64>,
    kind: char,
    capitals: bool,
    /// Whether the code is a capital letter.
    capitals_code: bool,
    /// Whether the locale's marks are wanted.
    pub localized: bool,
}

/// The marks of a locale.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    pub point: &'a str,
    pub separator: &'a str,
    /// Group sizes from the right, the last one repeating; 127 ends the grouping.
    pub grouping: &'a [u8],
}

impl Spec {
    /// Whether it is the deprecated code `N`.
    pub fn is_deprecated(&self) -> bool {
        self.localized && self.capitals_code
    }
    /// Whether the whole part has separators.
    pub fn is_grouped(&self) -> bool {
        self.separator.is_some()
    }
    /// Read a specification; `None` if it is none.
    pub fn parse(text: &str, capitals: bool) -> Option<Spec> {
        let mut spec = Spec {
            fill: ' ',
            align: '>',
            sign: '-',
            no_negative_zero: false,
            alternate: false,
            width: 0,
            separator: None,
            fraction_separator: None,
            precision: None,
            kind: 'g',
            capitals,
            capitals_code: false,
            localized: false,
        };
        let is_align = |c: Option<&char>| c.copied().filter(|c| matches!(c, '<' | '>' | '=' | '^'));
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        let mut aligned = false;
        if let Some(align) = is_align(chars.get(1)) {
            (spec.fill, spec.align, aligned, at) = (chars[0], align, true, 2);
        } else if let Some(align) = is_align(chars.first()) {
            (spec.align, aligned, at) = (align, true, 1);
        }
        let eat = |at: &mut usize, of: &[char]| {
            let found = chars.get(*at).copied().filter(|c| of.contains(c));
            *at += usize::from(found.is_some());
            found
        };
        if let Some(sign) = eat(&mut at, &['+', '-', ' ']) {
            spec.sign = sign;
        }
        spec.no_negative_zero = eat(&mut at, &['z']).is_some();
        spec.alternate = eat(&mut at, &['#']).is_some();
        if eat(&mut at, &['0']).is_some() {
            if aligned {
                return None;
            }
            (spec.align, spec.fill) = ('z', '0');
        }
        let number = |at: &mut usize| -> Option<Option<i64>> {
            let start = *at;
            let mut value = 0i64;
            while let Some(digit) = chars.get(*at).and_then(|c| c.to_digit(10)) {
                value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
                *at += 1;
            }
            Some((*at > start).then_some(value))
        };
        spec.width = usize::try_from(number(&mut at)?.unwrap_or(0)).ok()?;
        spec.separator = eat(&mut at, &[',', '_']);
        if eat(&mut at, &['.']).is_some() {
            let precision = number(&mut at)?;
            spec.fraction_separator = eat(&mut at, &[',', '_']);
            if precision.is_none() && spec.fraction_separator.is_none() {
                return None;
            }
            spec.precision = precision;
        }
        match chars.get(at..)? {
            [] => {}
            ['n' | 'N'] if spec.separator.is_some() => return None,
            [c @ ('n' | 'N')] => {
                spec.localized = true;
                (spec.capitals, spec.capitals_code) = (*c == 'N', *c == 'N');
            }
            [c @ ('E' | 'F' | 'G' | 'e' | 'f' | 'g' | '%')] => {
                spec.kind = c.to_ascii_lowercase();
                spec.capitals = c.is_ascii_uppercase();
            }
            _ => return None,
        }
        Some(spec)
    }
}

/// Rounded to `digits` significant digits, if it has more.
fn to_precision(d: &Decimal, digits: i64, ctx: &Context) -> Option<Decimal> {
    if d.coef.is_zero() || d.digits() <= digits {
        return Some(d.clone());
    }
    let exp = d.exp + d.digits() - digits;
    let r = rescaled(d, exp, ctx)?;
    if r.digits() > digits { rescaled(&r, exp + 1, ctx) } else { Some(r) }
}

fn rescaled(d: &Decimal, exp: i64, ctx: &Context) -> Option<Decimal> {
    if !(MIN_ETINY - MAX_PREC..=MAX_EMAX + 1).contains(&exp) {
        return None;
    }
    to_exponent(d, exp, ctx.round, &mut Flags::default())
}

/// `format(d, spec)`; `None` if it would be too large.
pub fn format(d: &Decimal, spec: &Spec, ctx: &Context, layout: &Layout<'_>) -> Option<String> {
    let limit = MAX_PREC.min(super::MOST_DIGITS * 4);
    if spec.width as i64 > limit || spec.precision.is_some_and(|p| p > limit) {
        return None;
    }
    let mut negative = d.negative;
    let (body, groupable) = if d.is_special() {
        (special_text(d), false)
    } else {
        let (number, text) = finite(d, spec, ctx)?;
        negative = negative && !(spec.no_negative_zero && number.coef.is_zero());
        (text, true)
    };
    let mut body = if spec.kind == '%' { body + "%" } else { body };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (_, '+') => "+",
        (_, ' ') => " ",
        _ => "",
    };
    let (fill, align) = match spec.align {
        'z' if d.is_special() => (' ', '>'),
        'z' => ('0', '='),
        align => (spec.fill, align),
    };
    if groupable {
        let zeros = if spec.align == 'z' { spec.width.saturating_sub(sign.len()) } else { 0 };
        body = laid_out(&body, spec, layout, zeros);
    }
    let missing = spec.width.saturating_sub(sign.len() + body.chars().count());
    let fills = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    Some(match align {
        '<' => format!("{sign}{body}{}", fills(missing)),
        '^' => format!("{}{sign}{body}{}", fills(missing / 2), fills(missing - missing / 2)),
        '=' => format!("{sign}{}{body}", fills(missing)),
        _ => format!("{}{sign}{body}", fills(missing)),
    })
}

/// The rounded number and its text without sign and percent sign.
fn finite(d: &Decimal, spec: &Spec, ctx: &Context) -> Option<(Decimal, String)> {
    let mut r = d.clone();
    let mut out = String::new();
    match spec.kind {
        'g' => {
            if let Some(p) = spec.precision {
                r = to_precision(&r, p.max(1), ctx)?;
            }
            let text = super::to_sci(&r.clone().signed(false), spec.capitals);
            Some((r, text))
        }
        'e' => {
            let mut whole = 1;
            if let Some(p) = spec.precision {
                if r.coef.is_zero() {
                    whole -= p;
                } else {
                    // As many digits as that, with zeros if there are fewer.
                    r = to_precision(&r, p + 1, ctx)?;
                    let short = p + 1 - r.digits();
                    if short > 0 {
                        r = Decimal::new(r.negative, r.coef.mul_pow10(short)?, r.exp - short);
                    }
                }
            }
            let mut digits = r.coef.to_text();
            // A zero is given its places before the digits that it has.
            if whole < 1 {
                digits.insert_str(0, &"0".repeat(whole.abs_diff(1) as usize));
            }
            let left = r.exp + r.digits();
            scientific(&digits, 1, &mut out);
            push_exponent(left - whole, spec.capitals, &mut out);
            Some((r, out))
        }
        _ => {
            if spec.kind == '%' {
                r.exp += 2;
            }
            let exp = -spec.precision.unwrap_or(r.exp.min(0).saturating_neg());
            if r.coef.is_zero() || r.exp < exp {
                r = rescaled(&r, exp, ctx)?;
            }
            let mut digits = r.coef.to_text();
            if r.exp > exp {
                // The zeros are cheaper as text than as a number.
                let zeros = r.exp - exp;
                if zeros > super::MOST_DIGITS * 4 {
                    return None;
                }
                digits.extend(std::iter::repeat_n('0', zeros as usize));
            }
            fixed(&digits, exp, &mut out);
            Some((r, out))
        }
    }
}

/// With separators and the locale's point; the whole part is filled with zeros so that
/// all has `width` characters.
fn laid_out(body: &str, spec: &Spec, layout: &Layout<'_>, width: usize) -> String {
    let own;
    let (point, separator, grouping) = match spec.separator {
        _ if spec.localized => (layout.point, layout.separator, layout.grouping),
        Some(c) => {
            own = c.to_string();
            (".", own.as_str(), &[3u8][..])
        }
        None => (".", "", &[][..]),
    };
    let whole_len = body.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = body.split_at(whole_len);
    let (fraction, rest) = match rest.strip_prefix('.') {
        None => (None, rest),
        Some(rest) => {
            let (f, rest) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
            (Some(f), rest)
        }
    };
    let mut tail = String::new();
    if let Some(fraction) = fraction {
        tail.push_str(point);
        for (i, c) in fraction.chars().enumerate() {
            if let (Some(s), true) = (spec.fraction_separator, i > 0 && i % 3 == 0) {
                tail.push(s);
            }
            tail.push(c);
        }
    }
    if spec.alternate && fraction.is_none() {
        tail.push_str(point);
    }
    tail.push_str(rest);
    grouped(whole, separator, grouping, width.saturating_sub(tail.chars().count())) + &tail
}

fn grouped(digits: &str, separator: &str, grouping: &[u8], width: usize) -> String {
    let sep_len = separator.chars().count();
    let mut groups: Vec<String> = Vec::new();
    let mut rest = digits;
    let mut missing = width as i64;
    let mut sizes = grouping.iter().copied();
    let mut size = i64::MAX;
    loop {
        size = match sizes.next() {
            Some(127) => i64::MAX,
            Some(0) | None => size,
            Some(n) => i64::from(n),
        };
        let take = size.min((rest.len() as i64).max(missing).max(1)) as usize;
        let (before, group) = rest.split_at(rest.len() - take.min(rest.len()));
        groups.push("0".repeat(take - group.len()) + group);
        rest = before;
        missing -= take as i64;
        if rest.is_empty() && missing <= 0 {
            break;
        }
        missing -= sep_len as i64;
    }
    groups.reverse();
    groups.join(separator)
}

/// The hash of a finite number, equal to that of an int, float or fraction of the same
/// value.
pub fn hash(d: &Decimal) -> i64 {
    const P: u64 = (1 << 61) - 1;
    // 10 ** (P - 2), the inverse of 10.
    const INVERSE: u64 = 2_075_258_708_292_324_556;
    let base = if d.exp >= 0 { 10 } else { INVERSE };
    let mut power = 1u64;
    let mut square = base;
    // 10 ** (P - 1) is 1.
    let mut n = d.exp.unsigned_abs() % (P - 1);
    let times = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(P)) as u64;
    while n > 0 {
        if n & 1 == 1 {
            power = times(power, square);
        }
        square = times(square, square);
        n >>= 1;
    }
    let rest = match &d.coef {
        Coef::Small(v) => (v % u128::from(P)) as u64,
        Coef::Big(v) => crate::int::hash(crate::int::IntRef::new(false, v.as_words())) as u64,
    };
    let h = times(rest, power) as i64;
    match if d.negative { -h } else { h } {
        -1 => -2,
        h => h,
    }
}
