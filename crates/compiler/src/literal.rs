//! The values of literals.
//!
//! Tests: `tests/`; tests/lang/str.md, int.md.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::Const;

/// The value of a number; the message of one that has too many digits.
pub fn number(n: &ast::Number) -> Result<Const, String> {
    Ok(match n {
        ast::Number::Float(f) => Const::Float(*f),
        ast::Number::Complex { real, imag } => Const::Complex(*real, *imag),
        ast::Number::Int(i) => match i.as_i64() {
            Some(v) => Const::Int(v),
            None => return big(&i.to_string()),
        },
    })
}

/// Digits that a decimal literal may have; 0 for any number.
pub static MAX_STR_DIGITS: AtomicUsize = AtomicUsize::new(4300);

fn big(text: &str) -> Result<Const, String> {
    let text: String = text.chars().filter(|c| *c != '_').collect();
    let low = text.to_ascii_lowercase();
    let digits = low.get(2..).unwrap_or("");
    let hex = match low.get(..2) {
        Some("0x") => digits.to_string(),
        Some("0o") => from_radix(digits, 8),
        Some("0b") => from_radix(digits, 2),
        _ => {
            let n = low.trim_start_matches('0').len();
            let limit = MAX_STR_DIGITS.load(Ordering::Relaxed);
            if limit > 0 && n > limit {
                return Err(format!(
                    "Exceeds the limit ({limit} digits) for integer string conversion: value has {n} digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to avoid decimal conversion limits."
                ));
            }
            from_radix(&low, 10)
        }
    };
    let hex = hex.trim_start_matches('0');
    Ok(match i128::from_str_radix(if hex.is_empty() { "0" } else { hex }, 16) {
        Ok(v) => crate::fold::int(v),
        Err(_) => Const::BigInt(hex.to_owned().into()),
    })
}

/// The value of a string literal. The parser replaces lone surrogates, so a
/// value with a replacement character is decoded again from the source.
pub fn string(source: &str, s: &ast::ExprStringLiteral) -> Const {
    let parts = s.value.as_slice();
    if let [one] = parts {
        return part(source, one);
    }
    let mut bytes = Vec::new();
    for p in parts {
        push(&mut bytes, &part(source, p));
    }
    text(bytes)
}

/// The value of one part of a string literal.
pub fn part(source: &str, l: &ast::StringLiteral) -> Const {
    if l.value.contains('\u{FFFD}') && !l.flags.prefix().is_raw() {
        let r = l.content_range();
        // A tree that was not parsed has no source to look at.
        let raw = source.get(r.start().to_usize()..r.end().to_usize()).unwrap_or("");
        if raw.contains('\\') {
            return text(unescape(raw, false));
        }
    }
    Const::text(&l.value)
}

/// The value of a literal piece of an f-string or t-string.
pub fn element(source: &str, l: &ast::InterpolatedStringLiteralElement, raw: bool) -> Const {
    if l.value.contains('\u{FFFD}') && !raw {
        let text_of = source.get(l.range.start().to_usize()..l.range.end().to_usize()).unwrap_or("");
        if text_of.contains('\\') {
            return text(unescape(text_of, true));
        }
    }
    Const::text(&l.value)
}

/// The text of a self-documenting interpolation, `=` included.
pub fn debug_text(source: &str, i: &ast::InterpolatedElement, d: &ast::DebugText) -> String {
    use rustpython_ruff_text_size::Ranged;
    let r = i.expression.range();
    let text = source.get(r.start().to_usize()..r.end().to_usize()).unwrap_or("");
    // A parenthesised expression keeps its parentheses in the margins.
    without_comments(format!("{}{}{}", d.leading, text, d.trailing))
}

/// The source of an interpolation's expression with the space around it, as
/// `Interpolation.expression`.
pub fn interpolation_text(source: &str, i: &ast::InterpolatedElement) -> String {
    use rustpython_ruff_text_size::Ranged;
    let start = i.range.start().to_usize() + 1;
    let tail = i.expression.range().end().to_usize();
    let rest = source.get(tail..i.range.end().to_usize()).unwrap_or("");
    // Closing parentheses of the expression belong to it.
    let mut comment = false;
    let after = rest.find(|c: char| {
        comment = c == '#' || comment && c != '\n';
        !comment && c != ')' && !c.is_whitespace()
    });
    let end = tail + after.unwrap_or(rest.len());
    without_comments(source.get(start..end).unwrap_or("").to_string())
}

/// An expression's source without its comments; their line ends stay.
fn without_comments(text: String) -> String {
    if !text.contains('#') {
        return text;
    }
    let mut out = String::new();
    let mut rest = &text[..];
    // The quotes of the string literal that `rest` is in.
    let mut quotes: Option<&str> = None;
    while let Some(c) = rest.chars().next() {
        let mut n = c.len_utf8();
        match quotes {
            Some(q) if rest.starts_with(q) => {
                n = q.len();
                quotes = None;
            }
            Some(_) if c == '\\' => n += rest[n..].chars().next().map_or(0, char::len_utf8),
            Some(_) => {}
            None if c == '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            None => {
                quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| rest.starts_with(q));
                n = quotes.map_or(n, str::len);
            }
        }
        out.push_str(&rest[..n]);
        rest = &rest[n..];
    }
    out
}

/// Append the bytes of a string constant.
pub fn push(out: &mut Vec<u8>, c: &Const) {
    match c {
        Const::Str(s) => out.extend(s.as_bytes()),
        Const::Wtf8(b) => out.extend(&**b),
        _ => {}
    }
}

/// Decode the escapes of a string known to be valid; surrogates stay.
fn unescape(text: &str, braces: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut it = text.chars().peekable();
    let push = |out: &mut Vec<u8>, cp: u32| match char::from_u32(cp) {
        Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([0xE0 | (cp >> 12) as u8, 0x80 | (cp >> 6 & 0x3F) as u8, 0x80 | (cp & 0x3F) as u8]),
    };
    while let Some(c) = it.next() {
        if braces && (c == '{' || c == '}') {
            it.next_if_eq(&c);
        }
        if c != '\\' {
            push(&mut out, c as u32);
            continue;
        }
        let Some(e) = it.next() else {
            out.push(b'\\');
            break;
        };
        let mut hex = |n: usize| {
            let mut v = 0u32;
            for _ in 0..n {
                v = v.wrapping_shl(4) | it.next().and_then(|c| c.to_digit(16)).unwrap_or(0);
            }
            v
        };
        match e {
            '\n' => {}
            '\r' => {
                it.next_if_eq(&'\n');
            }
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(10),
            'r' => out.push(13),
            't' => out.push(9),
            'v' => out.push(11),
            '\\' | '\'' | '"' => out.push(e as u8),
            'x' => {
                let v = hex(2);
                push(&mut out, v);
            }
            'u' => {
                let v = hex(4);
                push(&mut out, v);
            }
            'U' => {
                let v = hex(8);
                push(&mut out, v);
            }
            '0'..='7' => {
                let mut v = e as u32 - 48;
                for _ in 0..2 {
                    match it.next_if(|c| ('0'..='7').contains(c)) {
                        Some(d) => v = v * 8 + (d as u32 - 48),
                        None => break,
                    }
                }
                push(&mut out, v);
            }
            'N' => {
                // A named character next to a surrogate: rare enough to keep
                // the parser's replacement.
                for c in it.by_ref() {
                    if c == '}' {
                        break;
                    }
                }
                push(&mut out, 0xFFFD);
            }
            c => {
                out.push(b'\\');
                push(&mut out, c as u32);
            }
        }
    }
    out
}

/// WTF-8 bytes to a string constant.
pub fn text(bytes: Vec<u8>) -> Const {
    match String::from_utf8(bytes) {
        Ok(s) => Const::Str(s.into()),
        Err(e) => Const::Wtf8(e.into_bytes().into()),
    }
}

/// Digits of a small radix to hexadecimal.
fn from_radix(digits: &str, radix: u64) -> String {
    let mut limbs: Vec<u32> = Vec::new();
    for c in digits.chars() {
        let mut carry = c.to_digit(radix as u32).unwrap_or(0) as u64;
        for l in &mut limbs {
            let v = *l as u64 * radix + carry;
            *l = v as u32;
            carry = v >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    limbs.iter().rev().map(|l| format!("{l:08x}")).collect()
}
