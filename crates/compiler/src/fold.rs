//! Constants: literals to `Const`, and folding of constant expressions.
//!
//! Integers are folded while they fit 128 bits; what does not is left to run
//! time, which gives the same value. Anything that would raise is left too.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::TextRange;
use typhon_bytecode::Const;

use ast::{Expr, Number, Operator, UnaryOp};

use crate::scope::Res;
use crate::unit::Compiler;

/// Longest string, bytes or tuple made by folding.
const MAX_LEN: usize = 4096;
const MAX_TUPLE: usize = 256;

impl<'a> Compiler<'a> {
    /// The constant that `e` evaluates to, if it is one.
    pub fn fold(&self, e: &Expr) -> Res<Option<Const>> {
        Ok(Some(match e {
            Expr::NumberLiteral(n) => return self.number(&n.value, n.range).map(Some),
            Expr::StringLiteral(s) => self.string_const(s),
            Expr::BytesLiteral(b) => Const::Bytes(b.value.bytes().collect()),
            Expr::BooleanLiteral(b) => {
                if b.value {
                    Const::True
                } else {
                    Const::False
                }
            }
            Expr::NoneLiteral(_) => Const::None,
            Expr::EllipsisLiteral(_) => Const::Ellipsis,
            Expr::Name(n) if n.id.as_str() == "__debug__" => {
                if self.options.optimize == 0 {
                    Const::True
                } else {
                    Const::False
                }
            }
            Expr::UnaryOp(u) => {
                let Some(v) = self.fold(&u.operand)? else {
                    return Ok(None);
                };
                return Ok(unary(u.op, &v));
            }
            Expr::BinOp(b) => {
                let Some(r) = self.fold(&b.right)? else {
                    return Ok(None);
                };
                let Some(l) = self.fold(&b.left)? else {
                    return Ok(None);
                };
                return Ok(binary(&l, b.op, &r));
            }
            Expr::Tuple(t) => {
                if t.elts.first().is_some_and(|e| !maybe_const(e)) {
                    return Ok(None);
                }
                return Ok(self.fold_all(&t.elts)?.map(|v| Const::Tuple(v.into())));
            }
            Expr::Subscript(s) if matches!(s.ctx, ast::ExprContext::Load) => {
                let Some(i) = self.fold(&s.slice)? else {
                    return Ok(None);
                };
                let Some(v) = self.fold(&s.value)? else {
                    return Ok(None);
                };
                return Ok(index(&v, &i));
            }
            _ => return Ok(None),
        }))
    }

    /// Whether folding would succeed.
    pub fn is_const(&self, e: &Expr) -> bool {
        matches!(self.fold(e), Ok(Some(_)))
    }

    pub fn fold_all(&self, es: &[Expr]) -> Res<Option<Vec<Const>>> {
        let mut out = Vec::with_capacity(es.len());
        for e in es {
            match self.fold(e)? {
                Some(c) => out.push(c),
                None => return Ok(None),
            }
        }
        Ok(Some(out))
    }

    /// A list or set display of constants, where only its items matter.
    pub fn fold_container(&self, e: &Expr) -> Res<Option<Const>> {
        Ok(match e {
            Expr::List(l) => self.fold_all(&l.elts)?.map(|v| Const::Tuple(v.into())),
            Expr::Set(s) => self.fold_all(&s.elts)?.map(frozenset),
            _ => None,
        })
    }

    fn number(&self, n: &Number, range: TextRange) -> Res<Const> {
        Ok(match n {
            Number::Float(f) => Const::Float(*f),
            Number::Complex { real, imag } => Const::Complex(*real, *imag),
            Number::Int(i) => match i.as_i64() {
                Some(v) => Const::Int(v),
                None => return self.big(&i.to_string(), range),
            },
        })
    }

    fn big(&self, text: &str, range: TextRange) -> Res<Const> {
        let text: String = text.chars().filter(|c| *c != '_').collect();
        let low = text.to_ascii_lowercase();
        let digits = low.get(2..).unwrap_or("");
        let hex = match low.get(..2) {
            Some("0x") => digits.to_string(),
            Some("0o") => from_radix(digits, 8),
            Some("0b") => from_radix(digits, 2),
            _ => {
                let n = low.trim_start_matches('0').len();
                if n > 4300 {
                    return self.err(
                        range,
                        format!("Exceeds the limit (4300 digits) for integer string conversion: value has {n} digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to avoid decimal conversion limits."),
                    );
                }
                from_radix(&low, 10)
            }
        };
        let hex = hex.trim_start_matches('0');
        Ok(match i128::from_str_radix(if hex.is_empty() { "0" } else { hex }, 16) {
            Ok(v) => int(v),
            Err(_) => Const::BigInt(hex.into()),
        })
    }

    /// The value of a string literal. The parser replaces lone surrogates, so a
    /// value with a replacement character is decoded again from the source.
    pub fn string_const(&self, s: &ast::ExprStringLiteral) -> Const {
        let parts = s.value.as_slice();
        if let [one] = parts {
            return self.literal_const(one);
        }
        let mut bytes = Vec::new();
        for p in parts {
            match self.literal_const(p) {
                Const::Str(s) => bytes.extend(s.as_bytes()),
                Const::Wtf8(b) => bytes.extend(&*b),
                _ => {}
            }
        }
        text_const(bytes)
    }

    pub fn literal_const(&self, l: &ast::StringLiteral) -> Const {
        if l.value.contains('\u{FFFD}') && !l.flags.prefix().is_raw() {
            let r = l.content_range();
            let text = &self.source.text[r.start().to_usize()..r.end().to_usize()];
            if text.contains('\\') {
                return text_const(unescape(text, false));
            }
        }
        Const::Str(l.value.clone())
    }

    pub fn element_const(&self, l: &ast::InterpolatedStringLiteralElement, raw: bool) -> Const {
        if l.value.contains('\u{FFFD}') && !raw {
            let text = &self.source.text[l.range.start().to_usize()..l.range.end().to_usize()];
            if text.contains('\\') {
                return text_const(unescape(text, true));
            }
        }
        Const::Str(l.value.clone())
    }
}

fn maybe_const(e: &Expr) -> bool {
    !matches!(
        e,
        Expr::Call(_) | Expr::Attribute(_) | Expr::List(_) | Expr::Dict(_) | Expr::Lambda(_) | Expr::Starred(_)
    )
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
pub(crate) fn text_const(bytes: Vec<u8>) -> Const {
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

fn int(v: i128) -> Const {
    match i64::try_from(v) {
        Ok(v) => Const::Int(v),
        Err(_) if v < 0 => Const::BigInt(format!("-{:x}", v.unsigned_abs()).into()),
        Err(_) => Const::BigInt(format!("{v:x}").into()),
    }
}

fn as_int(c: &Const) -> Option<i128> {
    match c {
        Const::Int(v) => Some(*v as i128),
        Const::True => Some(1),
        Const::False => Some(0),
        Const::BigInt(s) => {
            let (neg, digits) = s.strip_prefix('-').map_or((false, &**s), |d| (true, d));
            let v = i128::from_str_radix(digits, 16).ok()?;
            Some(if neg { -v } else { v })
        }
        _ => None,
    }
}

fn as_float(c: &Const) -> Option<f64> {
    match c {
        Const::Float(f) => Some(*f),
        Const::Int(v) if v.unsigned_abs() <= 1 << 53 => Some(*v as f64),
        Const::True => Some(1.0),
        Const::False => Some(0.0),
        _ => None,
    }
}

/// The truth of a constant.
pub(crate) fn truth(c: &Const) -> Option<bool> {
    Some(match c {
        Const::None | Const::False => false,
        Const::True | Const::Ellipsis | Const::Code(_) | Const::Slice(_) | Const::BigInt(_) => true,
        Const::Int(v) => *v != 0,
        Const::Float(f) => *f != 0.0,
        Const::Complex(a, b) => *a != 0.0 || *b != 0.0,
        Const::Str(s) => !s.is_empty(),
        Const::Wtf8(b) | Const::Bytes(b) => !b.is_empty(),
        Const::Tuple(t) | Const::FrozenSet(t) => !t.is_empty(),
    })
}

fn unary(op: UnaryOp, v: &Const) -> Option<Const> {
    Some(match (op, v) {
        (UnaryOp::Not, v) => {
            if truth(v)? {
                Const::False
            } else {
                Const::True
            }
        }
        (UnaryOp::USub, Const::Float(f)) => Const::Float(-f),
        (UnaryOp::USub, Const::Complex(a, b)) => Const::Complex(-a, -b),
        (UnaryOp::USub, Const::BigInt(s)) => match s.strip_prefix('-') {
            Some(d) => Const::BigInt(d.into()),
            None => as_int(v).map_or_else(|| Const::BigInt(format!("-{s}").into()), |i| int(-i)),
        },
        (UnaryOp::USub, v) => int(as_int(v)?.checked_neg()?),
        (UnaryOp::UAdd, Const::Float(_) | Const::Complex(..) | Const::BigInt(_)) => v.clone(),
        (UnaryOp::UAdd, v) => int(as_int(v)?),
        // ~True is deprecated and warns at run time.
        (UnaryOp::Invert, Const::True | Const::False) => return None,
        (UnaryOp::Invert, v) => int(!as_int(v)?),
    })
}

/// The value of a binary operation on constants, if it is safe to fold.
pub(crate) fn binary(l: &Const, op: Operator, r: &Const) -> Option<Const> {
    if let (Some(a), Some(b)) = (as_int(l), as_int(r)) {
        let bools = matches!(l, Const::True | Const::False) && matches!(r, Const::True | Const::False);
        return Some(match op {
            Operator::Add => int(a.checked_add(b)?),
            Operator::Sub => int(a.checked_sub(b)?),
            Operator::Mult => int(a.checked_mul(b)?),
            Operator::FloorDiv if b != 0 => int(a.checked_div_euclid(b).map(|_| floor_div(a, b))?),
            Operator::Mod if b != 0 => int(a.checked_sub(floor_div(a, b).checked_mul(b)?)?),
            Operator::Div if b != 0 => Const::Float(as_float(l)? / as_float(r)?),
            Operator::Pow if (0..=128).contains(&b) => int(a.checked_pow(b as u32)?),
            Operator::LShift if (0..=100).contains(&b) => {
                let v = a.checked_shl(b as u32)?;
                if v >> b != a {
                    return None;
                }
                int(v)
            }
            Operator::RShift if b >= 0 => int(a >> b.min(127)),
            Operator::BitAnd | Operator::BitOr | Operator::BitXor if bools => {
                let v = match op {
                    Operator::BitAnd => a & b,
                    Operator::BitOr => a | b,
                    _ => a ^ b,
                };
                if v != 0 { Const::True } else { Const::False }
            }
            Operator::BitAnd => int(a & b),
            Operator::BitOr => int(a | b),
            Operator::BitXor => int(a ^ b),
            _ => return None,
        });
    }
    if let (Const::Float(_), Some(_)) | (Const::Int(_) | Const::True | Const::False, Some(_)) = (l, as_float(r))
        && let (Some(a), Some(b)) = (as_float(l), as_float(r))
    {
        return Some(Const::Float(match op {
            Operator::Add => a + b,
            Operator::Sub => a - b,
            Operator::Mult => a * b,
            Operator::Div if b != 0.0 => a / b,
            _ => return None,
        }));
    }
    match (l, op, r) {
        (a, Operator::Add | Operator::Sub, Const::Complex(re, im)) => {
            let (x, y) = match a {
                Const::Complex(x, y) => (*x, *y),
                a => (as_float(a)?, 0.0),
            };
            let real_left = !matches!(a, Const::Complex(..));
            Some(if op == Operator::Add {
                Const::Complex(x + re, if real_left { *im } else { y + im })
            } else {
                Const::Complex(x - re, if real_left { -im } else { y - im })
            })
        }
        (Const::Str(a), Operator::Add, Const::Str(b)) if a.len() + b.len() <= MAX_LEN => {
            Some(Const::Str(format!("{a}{b}").into()))
        }
        (Const::Bytes(a), Operator::Add, Const::Bytes(b)) if a.len() + b.len() <= MAX_LEN => {
            Some(Const::Bytes([&**a, &**b].concat().into()))
        }
        (Const::Tuple(a), Operator::Add, Const::Tuple(b)) => Some(Const::Tuple([&**a, &**b].concat().into())),
        (Const::Int(n), Operator::Mult, s @ (Const::Str(_) | Const::Bytes(_) | Const::Tuple(_)))
        | (s @ (Const::Str(_) | Const::Bytes(_) | Const::Tuple(_)), Operator::Mult, Const::Int(n)) => {
            let n = usize::try_from(*n).unwrap_or(0);
            let fits = |len: usize, max: usize| len.checked_mul(n).is_some_and(|t| t <= max);
            match s {
                Const::Str(s) if fits(s.len(), MAX_LEN) => Some(Const::Str(s.repeat(n).into())),
                Const::Bytes(s) if fits(s.len(), MAX_LEN) => Some(Const::Bytes(s.repeat(n).into())),
                Const::Tuple(t) if fits(t.len(), MAX_TUPLE) => {
                    Some(Const::Tuple((0..n).flat_map(|_| t.iter().cloned()).collect()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn floor_div(a: i128, b: i128) -> i128 {
    let q = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
}

fn index(v: &Const, i: &Const) -> Option<Const> {
    let Const::Int(i) = i else { return None };
    let at = |len: usize| -> Option<usize> {
        let i = if *i < 0 { i + len as i64 } else { *i };
        usize::try_from(i).ok().filter(|i| *i < len)
    };
    match v {
        Const::Tuple(t) => Some(t[at(t.len())?].clone()),
        Const::Str(s) if s.is_ascii() => {
            let k = at(s.len())?;
            Some(Const::Str(s[k..k + 1].into()))
        }
        Const::Bytes(b) => Some(Const::Int(b[at(b.len())?] as i64)),
        _ => None,
    }
}

/// A frozen set of these items, equal ones once.
pub(crate) fn frozenset(items: Vec<Const>) -> Const {
    let mut out: Vec<Const> = Vec::new();
    for c in items {
        if !out.contains(&c) {
            out.push(c);
        }
    }
    Const::FrozenSet(out.into())
}

/// Strip a docstring's common indentation, as `inspect.cleandoc` does, but keep
/// trailing blank lines.
pub(crate) fn clean_doc(c: Const) -> Const {
    let Const::Str(s) = &c else { return c };
    let expanded: Vec<String> = s.split('\n').map(expand_tabs).collect();
    let margin = expanded[1..]
        .iter()
        .filter(|l| !l.trim_start_matches(' ').is_empty())
        .map(|l| l.len() - l.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut out = expanded[0].trim_start_matches(' ').to_string();
    for l in &expanded[1..] {
        out.push('\n');
        out.push_str(l.get(margin..).unwrap_or(""));
    }
    Const::Str(out.into())
}

fn expand_tabs(line: &str) -> String {
    if !line.contains('\t') {
        return line.to_string();
    }
    let mut out = String::new();
    let mut col = 0;
    for c in line.chars() {
        if c == '\t' {
            let n = 8 - col % 8;
            out.extend(std::iter::repeat_n(' ', n));
            col += n;
        } else {
            out.push(c);
            col += 1;
        }
    }
    out
}

/// A constant as Python would show it, for error messages.
pub(crate) fn repr(c: &Const) -> String {
    match c {
        Const::None => "None".into(),
        Const::True => "True".into(),
        Const::False => "False".into(),
        Const::Int(v) => v.to_string(),
        Const::Float(f) => format!("{f:?}"),
        Const::Str(s) => format!("'{s}'"),
        Const::Bytes(b) => format!("b'{}'", b.escape_ascii()),
        Const::Complex(_, i) => format!("{i}j"),
        _ => "...".into(),
    }
}

/// The type name of a literal.
pub(crate) fn type_name(e: &Expr) -> &'static str {
    match e {
        Expr::StringLiteral(_) => "str",
        Expr::BytesLiteral(_) => "bytes",
        Expr::Tuple(_) => "tuple",
        Expr::NumberLiteral(n) => match n.value {
            Number::Int(_) => "int",
            Number::Float(_) => "float",
            Number::Complex { .. } => "complex",
        },
        _ => "object",
    }
}

/// The type name of an expression that certainly cannot be called.
pub(crate) fn not_callable(e: &Expr) -> Option<&'static str> {
    Some(match e {
        Expr::Tuple(_) | Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) => type_name(e),
        Expr::List(_) | Expr::ListComp(_) => "list",
        Expr::Dict(_) | Expr::DictComp(_) => "dict",
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::Generator(_) => "generator",
        Expr::FString(_) => "str",
        Expr::TString(_) => "string.templatelib.Template",
        Expr::BooleanLiteral(_) => "bool",
        Expr::NoneLiteral(_) => "NoneType",
        Expr::EllipsisLiteral(_) => "ellipsis",
        _ => return None,
    })
}

/// The type name of an expression that certainly cannot be subscripted.
pub(crate) fn not_subscriptable(e: &Expr) -> Option<&'static str> {
    Some(match e {
        Expr::NoneLiteral(_) => "NoneType",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::BooleanLiteral(_) => "bool",
        Expr::NumberLiteral(_) => type_name(e),
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::Lambda(_) => "function",
        Expr::Generator(_) => "generator",
        _ => return None,
    })
}

/// The type name of a literal sequence.
pub(crate) fn sequence_name(e: &Expr) -> Option<&'static str> {
    Some(match e {
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) => type_name(e),
        Expr::FString(_) => "str",
        Expr::Tuple(_) => "tuple",
        Expr::List(_) | Expr::ListComp(_) => "list",
        _ => return None,
    })
}

/// The type name of an index that no sequence takes.
pub(crate) fn bad_index(e: &Expr) -> Option<&'static str> {
    Some(match e {
        Expr::NumberLiteral(n) if matches!(n.value, Number::Int(_)) => return None,
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::Tuple(_) => type_name(e),
        Expr::List(_) | Expr::ListComp(_) => "list",
        Expr::Dict(_) | Expr::DictComp(_) => "dict",
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::FString(_) => "str",
        Expr::Lambda(_) => "function",
        Expr::Generator(_) => "generator",
        Expr::NoneLiteral(_) => "NoneType",
        Expr::EllipsisLiteral(_) => "ellipsis",
        _ => return None,
    })
}
