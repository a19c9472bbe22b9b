//! Expressions as nodes.

use super::Maker;
use ast::{Expr, ExprContext};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};
use typhon_bytecode::Const;
use typhon_object::{Cx, ExcKind, Obj, Result, list, str};

/// The class of an operator.
fn operator(o: ast::Operator) -> &'static str {
    use ast::Operator as O;
    match o {
        O::Add => "Add",
        O::Sub => "Sub",
        O::Mult => "Mult",
        O::MatMult => "MatMult",
        O::Div => "Div",
        O::Mod => "Mod",
        O::Pow => "Pow",
        O::LShift => "LShift",
        O::RShift => "RShift",
        O::BitOr => "BitOr",
        O::BitXor => "BitXor",
        O::BitAnd => "BitAnd",
        O::FloorDiv => "FloorDiv",
    }
}

fn comparison(o: ast::CmpOp) -> &'static str {
    use ast::CmpOp as O;
    match o {
        O::Eq => "Eq",
        O::NotEq => "NotEq",
        O::Lt => "Lt",
        O::LtE => "LtE",
        O::Gt => "Gt",
        O::GtE => "GtE",
        O::Is => "Is",
        O::IsNot => "IsNot",
        O::In => "In",
        O::NotIn => "NotIn",
    }
}

impl Maker<'_> {
    pub(super) fn operator(&self, cx: &mut Cx, o: ast::Operator) -> Result<Obj> {
        self.node(cx, operator(o), None, &[])
    }

    fn ctx(&self, c: ExprContext) -> Obj {
        match c {
            ExprContext::Store => self.store,
            ExprContext::Del => self.del,
            ExprContext::Load | ExprContext::Invalid => self.load,
        }
    }

    pub(super) fn exprs(&self, cx: &mut Cx, items: &[Expr]) -> Result<Obj> {
        self.list(cx, items, Self::expr)
    }

    pub(super) fn opt_expr(&self, cx: &mut Cx, e: Option<&Expr>) -> Result<Obj> {
        self.opt(cx, e, Self::expr)
    }

    pub(super) fn value(&self, cx: &mut Cx, c: &Const) -> Result<Obj> {
        let none = str::new(cx, "")?;
        typhon_vm::code::constant(cx, c, none)
    }

    /// A Constant node.
    pub(super) fn constant(&self, cx: &mut Cx, r: TextRange, value: Obj, u: bool) -> Result<Obj> {
        let kind = if u { self.name(cx, "u")? } else { Obj::NONE };
        self.node(cx, "Constant", Some(r), &[("value", value), ("kind", kind)])
    }

    /// An expression as a node.
    pub fn expr(&self, cx: &mut Cx, e: &Expr) -> Result<Obj> {
        cx.enter()?;
        let at = Some(e.range());
        let text = self.source.text;
        match e {
            Expr::BoolOp(x) => {
                let op = if x.op == ast::BoolOp::And { "And" } else { "Or" };
                let op = self.node(cx, op, None, &[])?;
                let values = self.exprs(cx, &x.values)?;
                self.node(cx, "BoolOp", at, &[("op", op), ("values", values)])
            }
            Expr::Named(x) => {
                let (target, value) = (self.expr(cx, &x.target)?, self.expr(cx, &x.value)?);
                self.node(cx, "NamedExpr", at, &[("target", target), ("value", value)])
            }
            Expr::BinOp(x) => {
                let left = self.expr(cx, &x.left)?;
                let op = self.operator(cx, x.op)?;
                let right = self.expr(cx, &x.right)?;
                self.node(cx, "BinOp", at, &[("left", left), ("op", op), ("right", right)])
            }
            Expr::UnaryOp(x) => {
                let op = match x.op {
                    ast::UnaryOp::Invert => "Invert",
                    ast::UnaryOp::Not => "Not",
                    ast::UnaryOp::UAdd => "UAdd",
                    ast::UnaryOp::USub => "USub",
                };
                let op = self.node(cx, op, None, &[])?;
                let operand = self.expr(cx, &x.operand)?;
                self.node(cx, "UnaryOp", at, &[("op", op), ("operand", operand)])
            }
            Expr::Lambda(x) => {
                let args = self.parameters(cx, x.parameters.as_deref())?;
                let body = self.expr(cx, &x.body)?;
                self.node(cx, "Lambda", at, &[("args", args), ("body", body)])
            }
            Expr::If(x) => {
                let test = self.expr(cx, &x.test)?;
                let body = self.expr(cx, &x.body)?;
                let orelse = self.expr(cx, &x.orelse)?;
                self.node(cx, "IfExp", at, &[("test", test), ("body", body), ("orelse", orelse)])
            }
            Expr::Dict(x) => {
                let keys = self.list(cx, &x.items, |m, cx, i| m.opt_expr(cx, i.key.as_ref()))?;
                let values = self.list(cx, &x.items, |m, cx, i| m.expr(cx, &i.value))?;
                self.node(cx, "Dict", at, &[("keys", keys), ("values", values)])
            }
            Expr::Set(x) => {
                let elts = self.exprs(cx, &x.elts)?;
                self.node(cx, "Set", at, &[("elts", elts)])
            }
            Expr::ListComp(x) => self.comprehension(cx, "ListComp", e.range(), &x.elt, &x.generators),
            Expr::SetComp(x) => self.comprehension(cx, "SetComp", e.range(), &x.elt, &x.generators),
            Expr::Generator(x) => self.comprehension(cx, "GeneratorExp", e.range(), &x.elt, &x.generators),
            Expr::DictComp(x) => {
                let (key, value) = (self.expr(cx, &x.key)?, self.expr(cx, &x.value)?);
                let generators = self.list(cx, &x.generators, Self::generator)?;
                self.node(cx, "DictComp", at, &[("key", key), ("value", value), ("generators", generators)])
            }
            Expr::Await(x) => {
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "Await", at, &[("value", value)])
            }
            Expr::Yield(x) => {
                let value = self.opt_expr(cx, x.value.as_deref())?;
                self.node(cx, "Yield", at, &[("value", value)])
            }
            Expr::YieldFrom(x) => {
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "YieldFrom", at, &[("value", value)])
            }
            Expr::Compare(x) => {
                let left = self.expr(cx, &x.left)?;
                let ops = self.list(cx, &x.ops, |m, cx, o| m.node(cx, comparison(*o), None, &[]))?;
                let comparators = self.exprs(cx, &x.comparators)?;
                self.node(cx, "Compare", at, &[("left", left), ("ops", ops), ("comparators", comparators)])
            }
            Expr::Call(x) => {
                let func = self.expr(cx, &x.func)?;
                let (args, keywords) = self.arguments(cx, &x.arguments)?;
                self.node(cx, "Call", at, &[("func", func), ("args", args), ("keywords", keywords)])
            }
            Expr::FString(x) => self.fstring(cx, x),
            Expr::TString(x) => self.tstring(cx, x),
            Expr::StringLiteral(x) => {
                let value = self.value(cx, &typhon_compiler::literal::string(text, x))?;
                let u = x.value.as_slice().first().is_some_and(|p| p.flags.prefix().is_unicode());
                self.constant(cx, e.range(), value, u)
            }
            Expr::BytesLiteral(x) => {
                let value = self.value(cx, &Const::Bytes(x.value.bytes().collect()))?;
                self.constant(cx, e.range(), value, false)
            }
            Expr::NumberLiteral(x) => match typhon_compiler::literal::number(&x.value) {
                Ok(c) => {
                    let value = self.value(cx, &c)?;
                    self.constant(cx, e.range(), value, false)
                }
                Err(m) => {
                    // Of the place, only the line is told.
                    let e = self.source.error(typhon_syntax::ErrKind::Syntax, e.range(), m);
                    let e = typhon_syntax::SyntaxErr { col: 0, end_col: 0, ..e };
                    Err(crate::compile::raise(cx, self.filename, &e, None)?)
                }
            },
            Expr::BooleanLiteral(x) => self.constant(cx, e.range(), Obj::bool(x.value), false),
            Expr::NoneLiteral(_) => self.constant(cx, e.range(), Obj::NONE, false),
            Expr::EllipsisLiteral(_) => self.constant(cx, e.range(), Obj::ELLIPSIS, false),
            Expr::Attribute(x) => {
                let value = self.expr(cx, &x.value)?;
                let attr = self.identifier(cx, &x.attr)?;
                self.node(cx, "Attribute", at, &[("value", value), ("attr", attr), ("ctx", self.ctx(x.ctx))])
            }
            Expr::Subscript(x) => {
                let value = self.expr(cx, &x.value)?;
                let slice = self.expr(cx, &x.slice)?;
                self.node(cx, "Subscript", at, &[("value", value), ("slice", slice), ("ctx", self.ctx(x.ctx))])
            }
            Expr::Starred(x) => {
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "Starred", at, &[("value", value), ("ctx", self.ctx(x.ctx))])
            }
            Expr::Name(x) => {
                let id = self.named(cx, &x.id)?;
                self.node(cx, "Name", at, &[("id", id), ("ctx", self.ctx(x.ctx))])
            }
            Expr::List(x) => {
                let elts = self.exprs(cx, &x.elts)?;
                self.node(cx, "List", at, &[("elts", elts), ("ctx", self.ctx(x.ctx))])
            }
            Expr::Tuple(x) => {
                let elts = self.exprs(cx, &x.elts)?;
                self.node(cx, "Tuple", at, &[("elts", elts), ("ctx", self.ctx(x.ctx))])
            }
            Expr::Slice(x) => {
                let lower = self.opt_expr(cx, x.lower.as_deref())?;
                let upper = self.opt_expr(cx, x.upper.as_deref())?;
                let step = self.opt_expr(cx, x.step.as_deref())?;
                self.node(cx, "Slice", at, &[("lower", lower), ("upper", upper), ("step", step)])
            }
            Expr::IpyEscapeCommand(_) => Err(cx.error(ExcKind::SyntaxError, "invalid syntax")),
        }
    }

    fn comprehension(
        &self,
        cx: &mut Cx,
        class: &str,
        r: TextRange,
        elt: &Expr,
        generators: &[ast::Comprehension],
    ) -> Result<Obj> {
        let elt = self.expr(cx, elt)?;
        let generators = self.list(cx, generators, Self::generator)?;
        self.node(cx, class, Some(r), &[("elt", elt), ("generators", generators)])
    }

    fn generator(&self, cx: &mut Cx, g: &ast::Comprehension) -> Result<Obj> {
        let (target, iter) = (self.expr(cx, &g.target)?, self.expr(cx, &g.iter)?);
        let ifs = self.exprs(cx, &g.ifs)?;
        let is_async = Obj::int_unchecked(g.is_async as i64);
        self.node(
            cx,
            "comprehension",
            None,
            &[("target", target), ("iter", iter), ("ifs", ifs), ("is_async", is_async)],
        )
    }

    /// The `args` and `keywords` of a call or class.
    pub(super) fn arguments(&self, cx: &mut Cx, a: &ast::Arguments) -> Result<(Obj, Obj)> {
        let args = self.list(cx, &a.args, |m, cx, e| match e {
            // Its place includes the parentheses of the call.
            Expr::Generator(g) if !g.parenthesized => {
                m.comprehension(cx, "GeneratorExp", a.range, &g.elt, &g.generators)
            }
            e => m.expr(cx, e),
        })?;
        let keywords = self.list(cx, &a.keywords, |m, cx, k| {
            let arg = m.opt(cx, k.arg.as_ref(), Self::identifier)?;
            let value = m.expr(cx, &k.value)?;
            m.node(cx, "keyword", Some(k.range), &[("arg", arg), ("value", value)])
        })?;
        Ok((args, keywords))
    }

    fn parameter(&self, cx: &mut Cx, p: &ast::Parameter) -> Result<Obj> {
        self.parameter_until(cx, p, p.range.end())
    }

    /// One that ends with its default at `end`.
    fn parameter_until(&self, cx: &mut Cx, p: &ast::Parameter, end: TextSize) -> Result<Obj> {
        let arg = self.identifier(cx, &p.name)?;
        let annotation = self.opt_expr(cx, p.annotation.as_deref())?;
        // The parser's range of `*args` begins with the star.
        let r = TextRange::new(p.name.range.start(), p.range.end());
        let comment = self.type_comment(cx, |c, s| c.after_parameter(s, end))?;
        self.node(cx, "arg", Some(r), &[("arg", arg), ("annotation", annotation), ("type_comment", comment)])
    }

    pub(super) fn parameters(&self, cx: &mut Cx, p: Option<&ast::Parameters>) -> Result<Obj> {
        let plain = |m: &Self, cx: &mut Cx, l: &[ast::ParameterWithDefault]| {
            m.list(cx, l, |m, cx, p| m.parameter_until(cx, &p.parameter, p.range.end()))
        };
        let none = ast::Parameters::default();
        let p = p.unwrap_or(&none);
        let posonlyargs = plain(self, cx, &p.posonlyargs)?;
        let args = plain(self, cx, &p.args)?;
        let vararg = self.opt(cx, p.vararg.as_deref(), Self::parameter)?;
        let kwonlyargs = plain(self, cx, &p.kwonlyargs)?;
        let kw_defaults = self.list(cx, &p.kwonlyargs, |m, cx, p| m.opt_expr(cx, p.default.as_deref()))?;
        let kwarg = self.opt(cx, p.kwarg.as_deref(), Self::parameter)?;
        let defaults = list::new(cx, &[])?;
        for d in p.posonlyargs.iter().chain(&p.args).filter_map(|p| p.default.as_deref()) {
            let d = self.expr(cx, d)?;
            defaults.append(cx, d)?;
        }
        let fields = [
            ("posonlyargs", posonlyargs),
            ("args", args),
            ("vararg", vararg),
            ("kwonlyargs", kwonlyargs),
            ("kw_defaults", kw_defaults),
            ("kwarg", kwarg),
            ("defaults", defaults.obj()),
        ];
        self.node(cx, "arguments", None, &fields)
    }
}
