//! Constants: literals to `Const`, and folding of constant expressions.
//!
//! Integers are folded while they fit 128 bits; what does not is left to run
//! time, which gives the same value. Anything that would raise is left too.

use rustpython_ruff_python_ast as ast;
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
            Expr::NumberLiteral(n) => {
                return match crate::literal::number(&n.value) {
                    Ok(c) => Ok(Some(c)),
                    Err(m) => self.err(n.range, m),
                };
            }
            Expr::StringLiteral(s) => crate::literal::string(self.source.text, s),
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
            Expr::Set(s) if Self::frozen(s) => return Ok(self.fold_all(&s.elts)?.map(frozenset)),
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

    /// Whether a set display stands for a constant: a tree that a program made may hold
    /// frozen sets, for which there is no literal.
    fn frozen(s: &ast::ExprSet) -> bool {
        s.node_index.load() != ast::NodeIndex::NONE
    }

    /// A list or set display of constants, where only its items matter.
    pub fn fold_container(&self, e: &Expr) -> Res<Option<Const>> {
        Ok(match e {
            Expr::List(l) => self.fold_all(&l.elts)?.map(|v| Const::Tuple(v.into())),
            Expr::Set(s) => self.fold_all(&s.elts)?.map(frozenset),
            _ => None,
        })
    }
}

fn maybe_const(e: &Expr) -> bool {
    !matches!(
        e,
        Expr::Call(_) | Expr::Attribute(_) | Expr::List(_) | Expr::Dict(_) | Expr::Lambda(_) | Expr::Starred(_)
    )
}

pub(crate) fn int(v: i128) -> Const {
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
            Some(d) => Const::BigInt(d.to_owned().into()),
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
            Some(Const::text(&s[k..k + 1]))
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
        Const::Complex(0.0, i) => format!("{i}j"),
        Const::Complex(r, i) => format!("({r}{}{i}j)", if *i < 0.0 { "" } else { "+" }),
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
        Expr::TString(_) => "string.templatelib.Template",
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
