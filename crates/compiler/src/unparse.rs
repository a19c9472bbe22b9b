//! Expressions back to text, for `from __future__ import annotations`: the text that
//! CPython gives annotations, with as few parentheses as the precedences allow.
//!
//! Tests: tests/lang/future_annotations.md; CPython test_future_stmt.

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::Const;
use typhon_text::strview;

use ast::{BoolOp, CmpOp, ConversionFlag, Expr, FStringPart, InterpolatedStringElement as Element, Operator, UnaryOp};

/// How tightly the parts of an expression bind, from loose to tight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Tuple,
    Test,
    AboveTest,
    And,
    Not,
    Cmp,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Arith,
    Term,
    Factor,
    Power,
    Await,
    Atom,
}
use Level::*;

/// `or` binds as a conditional's parts do.
const OR: Level = AboveTest;

/// The text of an annotation.
pub(crate) fn unparse(e: &Expr, source: &str) -> Const {
    let mut u = Unparser { source, out: Vec::new() };
    u.expr(e, Test);
    crate::literal::text(u.out)
}

struct Unparser<'s> {
    source: &'s str,
    /// WTF-8, as a literal may hold lone surrogates.
    out: Vec<u8>,
}

/// The level of an operator, and whether it groups from the right.
fn operator(op: Operator) -> (&'static str, Level) {
    match op {
        Operator::Add => (" + ", Arith),
        Operator::Sub => (" - ", Arith),
        Operator::Mult => (" * ", Term),
        Operator::MatMult => (" @ ", Term),
        Operator::Div => (" / ", Term),
        Operator::Mod => (" % ", Term),
        Operator::FloorDiv => (" // ", Term),
        Operator::LShift => (" << ", Shift),
        Operator::RShift => (" >> ", Shift),
        Operator::BitOr => (" | ", BitOr),
        Operator::BitXor => (" ^ ", BitXor),
        Operator::BitAnd => (" & ", BitAnd),
        Operator::Pow => (" ** ", Power),
    }
}

fn comparison(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => " == ",
        CmpOp::NotEq => " != ",
        CmpOp::Lt => " < ",
        CmpOp::LtE => " <= ",
        CmpOp::Gt => " > ",
        CmpOp::GtE => " >= ",
        CmpOp::Is => " is ",
        CmpOp::IsNot => " is not ",
        CmpOp::In => " in ",
        CmpOp::NotIn => " not in ",
    }
}

/// The next tighter level.
fn above(level: Level) -> Level {
    const ALL: [Level; 16] =
        [Tuple, Test, AboveTest, And, Not, Cmp, BitOr, BitXor, BitAnd, Shift, Arith, Term, Factor, Power, Await, Atom];
    ALL[(level as usize + 1).min(ALL.len() - 1)]
}

impl Unparser<'_> {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            each(self, item);
        }
    }

    fn exprs<'e>(&mut self, items: impl IntoIterator<Item = &'e Expr>) {
        self.list(items, |u, e| u.expr(e, Test));
    }

    /// What `inner` writes, in parentheses if it binds looser than asked for.
    fn group(&mut self, parens: bool, inner: impl FnOnce(&mut Self)) {
        if parens {
            self.put("(");
        }
        inner(self);
        if parens {
            self.put(")");
        }
    }

    fn expr(&mut self, e: &Expr, level: Level) {
        match e {
            Expr::BoolOp(b) => {
                let (text, own) = match b.op {
                    BoolOp::And => (" and ", And),
                    BoolOp::Or => (" or ", OR),
                };
                self.group(level > own, |u| {
                    for (i, v) in b.values.iter().enumerate() {
                        if i > 0 {
                            u.put(text);
                        }
                        u.expr(v, above(own));
                    }
                });
            }
            Expr::BinOp(b) => {
                let (text, own) = operator(b.op);
                let (left, right) = match b.op {
                    Operator::Pow => (above(own), own),
                    _ => (own, above(own)),
                };
                self.group(level > own, |u| {
                    u.expr(&b.left, left);
                    u.put(text);
                    u.expr(&b.right, right);
                });
            }
            Expr::UnaryOp(o) => {
                let (text, own) = match o.op {
                    UnaryOp::Invert => ("~", Factor),
                    UnaryOp::Not => ("not ", Not),
                    UnaryOp::UAdd => ("+", Factor),
                    UnaryOp::USub => ("-", Factor),
                };
                self.group(level > own, |u| {
                    u.put(text);
                    u.expr(&o.operand, own);
                });
            }
            Expr::Lambda(l) => self.group(level > Test, |u| {
                u.put("lambda");
                if let Some(p) = &l.parameters {
                    u.put(" ");
                    u.parameters(p);
                }
                u.put(": ");
                u.expr(&l.body, Test);
            }),
            Expr::If(i) => self.group(level > Test, |u| {
                u.expr(&i.body, AboveTest);
                u.put(" if ");
                u.expr(&i.test, AboveTest);
                u.put(" else ");
                u.expr(&i.orelse, Test);
            }),
            Expr::Named(n) => self.group(level > Tuple, |u| {
                u.expr(&n.target, Atom);
                u.put(" := ");
                u.expr(&n.value, Atom);
            }),
            Expr::Await(a) => self.group(level > Await, |u| {
                u.put("await ");
                u.expr(&a.value, Atom);
            }),
            Expr::Yield(y) => {
                self.put("(yield");
                if let Some(v) = &y.value {
                    self.put(" ");
                    self.expr(v, Test);
                }
                self.put(")");
            }
            Expr::YieldFrom(y) => {
                self.put("(yield from ");
                self.expr(&y.value, Test);
                self.put(")");
            }
            Expr::Compare(c) => self.group(level > Cmp, |u| {
                u.expr(&c.left, above(Cmp));
                for (op, right) in c.ops.iter().zip(&c.comparators) {
                    u.put(comparison(*op));
                    u.expr(right, above(Cmp));
                }
            }),
            Expr::Call(c) => self.call(c),
            Expr::Attribute(a) => {
                self.expr(&a.value, Atom);
                // `1 .real`: without the space it would be a float.
                let int = matches!(&*a.value, Expr::NumberLiteral(n) if n.value.is_int());
                self.put(if int { " ." } else { "." });
                self.put(&a.attr);
            }
            Expr::Subscript(s) => {
                self.expr(&s.value, Atom);
                self.put("[");
                self.expr(&s.slice, Tuple);
                self.put("]");
            }
            Expr::Slice(s) => {
                if let Some(lower) = &s.lower {
                    self.expr(lower, Test);
                }
                self.put(":");
                if let Some(upper) = &s.upper {
                    self.expr(upper, Test);
                }
                if let Some(step) = &s.step {
                    self.put(":");
                    self.expr(step, Test);
                }
            }
            Expr::Starred(s) => {
                self.put("*");
                self.expr(&s.value, BitOr);
            }
            Expr::Name(n) => self.put(&n.id),
            Expr::List(l) => {
                self.put("[");
                self.exprs(&l.elts);
                self.put("]");
            }
            Expr::Tuple(t) if t.elts.is_empty() => self.put("()"),
            Expr::Tuple(t) => self.group(level > Tuple, |u| {
                u.exprs(&t.elts);
                if t.elts.len() == 1 {
                    u.put(",");
                }
            }),
            Expr::Set(s) => {
                self.put("{");
                self.exprs(&s.elts);
                self.put("}");
            }
            Expr::Dict(d) => {
                self.put("{");
                self.list(&d.items, |u, item| match &item.key {
                    Some(k) => {
                        u.expr(k, Test);
                        u.put(": ");
                        u.expr(&item.value, Test);
                    }
                    None => {
                        u.put("**");
                        u.expr(&item.value, BitOr);
                    }
                });
                self.put("}");
            }
            Expr::ListComp(c) => self.comprehension("[", &c.elt, None, &c.generators, "]"),
            Expr::SetComp(c) => self.comprehension("{", &c.elt, None, &c.generators, "}"),
            Expr::DictComp(c) => self.comprehension("{", &c.key, Some(&c.value), &c.generators, "}"),
            Expr::Generator(c) => self.comprehension("(", &c.elt, None, &c.generators, ")"),
            Expr::NumberLiteral(n) => self.number(&n.value),
            Expr::StringLiteral(s) => {
                let value = crate::literal::string(self.source, s);
                if s.value.is_unicode() {
                    self.put("u");
                }
                let mut bytes = Vec::new();
                crate::literal::push(&mut bytes, &value);
                self.repr(&bytes);
            }
            Expr::BytesLiteral(b) => {
                let bytes: Vec<u8> = b.value.bytes().collect();
                self.put(&strview::repr_bytes(&bytes));
            }
            Expr::BooleanLiteral(b) => self.put(if b.value { "True" } else { "False" }),
            Expr::NoneLiteral(_) => self.put("None"),
            Expr::EllipsisLiteral(_) => self.put("..."),
            Expr::FString(f) => self.fstring(f),
            Expr::TString(t) => self.tstring(t),
            Expr::IpyEscapeCommand(_) => {}
        }
    }

    fn call(&mut self, c: &ast::ExprCall) {
        self.expr(&c.func, Atom);
        if let ([only @ Expr::Generator(_)], []) = (&*c.arguments.args, &*c.arguments.keywords) {
            return self.expr(only, Tuple);
        }
        self.put("(");
        self.exprs(&c.arguments.args);
        for (i, k) in c.arguments.keywords.iter().enumerate() {
            if i > 0 || !c.arguments.args.is_empty() {
                self.put(", ");
            }
            match &k.arg {
                Some(name) => {
                    self.put(name);
                    self.put("=");
                }
                None => self.put("**"),
            }
            self.expr(&k.value, Test);
        }
        self.put(")");
    }

    fn comprehension(
        &mut self,
        open: &str,
        elt: &Expr,
        value: Option<&Expr>,
        generators: &[ast::Comprehension],
        close: &str,
    ) {
        self.put(open);
        self.expr(elt, Test);
        if let Some(v) = value {
            self.put(": ");
            self.expr(v, Test);
        }
        for g in generators {
            self.put(if g.is_async { " async for " } else { " for " });
            self.expr(&g.target, Tuple);
            self.put(" in ");
            self.expr(&g.iter, AboveTest);
            for cond in &g.ifs {
                self.put(" if ");
                self.expr(cond, AboveTest);
            }
        }
        self.put(close);
    }

    fn parameters(&mut self, p: &ast::Parameters) {
        let mut first = true;
        let mut next = |u: &mut Self| {
            if !std::mem::take(&mut first) {
                u.put(", ");
            }
        };
        for one in &p.posonlyargs {
            next(self);
            self.parameter(one);
        }
        if !p.posonlyargs.is_empty() {
            next(self);
            self.put("/");
        }
        for one in &p.args {
            next(self);
            self.parameter(one);
        }
        if p.vararg.is_some() || !p.kwonlyargs.is_empty() {
            next(self);
            self.put("*");
            if let Some(v) = &p.vararg {
                self.put(&v.name);
            }
        }
        for one in &p.kwonlyargs {
            next(self);
            self.parameter(one);
        }
        if let Some(k) = &p.kwarg {
            next(self);
            self.put("**");
            self.put(&k.name);
        }
    }

    fn parameter(&mut self, p: &ast::ParameterWithDefault) {
        self.put(&p.parameter.name);
        if let Some(d) = &p.default {
            self.put("=");
            self.expr(d, Test);
        }
    }

    fn number(&mut self, n: &ast::Number) {
        // An infinite literal has no other spelling.
        let real = |v: f64| typhon_text::float::repr(v).replace("inf", "1e309");
        match n {
            ast::Number::Int(i) => match i.as_i64() {
                Some(v) => self.put(&v.to_string()),
                // As it was written: CPython would give its decimal digits.
                None => self.put(&i.to_string()),
            },
            ast::Number::Float(f) => self.put(&real(*f)),
            ast::Number::Complex { real: r, imag } => {
                let text = typhon_text::complex::repr(*r, *imag);
                self.put(&text.replace("inf", "1e309"));
            }
        }
    }

    /// `repr()` of a str given as WTF-8.
    fn repr(&mut self, bytes: &[u8]) {
        let mut text = strview::StrBuf::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            // Three bytes that begin so are a lone surrogate.
            let lone = |w: &[u8]| w[0] == 0xED && w[1] >= 0xA0;
            let plain = rest.windows(3).position(lone).unwrap_or(rest.len());
            text.push_str(&String::from_utf8_lossy(&rest[..plain]));
            rest = &rest[plain..];
            if let [_, second, third, tail @ ..] = rest {
                text.push(0xD000 | (*second as u32 & 0x3F) << 6 | (*third as u32 & 0x3F));
                rest = tail;
            }
        }
        let quoted = strview::repr(text.as_view());
        self.put(&quoted.as_view().to_utf8_lossy());
    }

    fn fstring(&mut self, f: &ast::ExprFString) {
        let mut body = Unparser { source: self.source, out: Vec::new() };
        for part in &f.value {
            match part {
                FStringPart::Literal(l) => body.braces(&crate::literal::part(self.source, l)),
                FStringPart::FString(fs) => body.elements(&fs.elements, fs.flags.prefix().is_raw(), false),
            }
        }
        self.put("f");
        self.repr(&body.out);
    }

    fn tstring(&mut self, t: &ast::ExprTString) {
        let mut body = Unparser { source: self.source, out: Vec::new() };
        for part in t.value.as_slice() {
            body.elements(&part.elements, part.flags.prefix().is_raw(), true);
        }
        self.put("t");
        self.repr(&body.out);
    }

    /// Literal text of an f-string: braces are doubled.
    fn braces(&mut self, c: &Const) {
        let mut bytes = Vec::new();
        crate::literal::push(&mut bytes, c);
        for b in bytes {
            self.out.push(b);
            if matches!(b, b'{' | b'}') {
                self.out.push(b);
            }
        }
    }

    fn elements(&mut self, elements: &ast::InterpolatedStringElements, raw: bool, template: bool) {
        for el in elements {
            match el {
                Element::Literal(l) => self.braces(&crate::literal::element(self.source, l, raw)),
                Element::Interpolation(i) => {
                    let mut conversion = i.conversion;
                    if let Some(debug) = &i.debug_text {
                        self.braces(&Const::Str(crate::literal::debug_text(self.source, i, debug).into()));
                        if conversion == ConversionFlag::None && i.format_spec.is_none() {
                            conversion = ConversionFlag::Repr;
                        }
                    }
                    self.put("{");
                    let at = self.out.len();
                    match template {
                        true => self.put(&crate::literal::interpolation_text(self.source, i)),
                        false => self.expr(&i.expression, AboveTest),
                    }
                    if self.out.get(at) == Some(&b'{') {
                        self.out.insert(at, b' ');
                    }
                    self.put(match conversion {
                        ConversionFlag::None => "",
                        ConversionFlag::Str => "!s",
                        ConversionFlag::Repr => "!r",
                        ConversionFlag::Ascii => "!a",
                    });
                    if let Some(spec) = &i.format_spec {
                        self.put(":");
                        self.elements(&spec.elements, raw, template);
                    }
                    self.put("}");
                }
            }
        }
    }
}
