//! Statements, patterns and type parameters as nodes.

use super::Maker;
use ast::{Pattern, Stmt, TypeParam};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};
use typhon_object::{Cx, ExcKind, Obj, Result, list};

impl Maker<'_> {
    pub(super) fn stmts(&self, cx: &mut Cx, body: &[Stmt]) -> Result<Obj> {
        self.list(cx, body, Self::stmt)
    }

    /// The range of a definition without its decorators.
    fn undecorated(&self, r: TextRange, decorators: &[ast::Decorator]) -> TextRange {
        let Some(last) = decorators.last() else { return r };
        let mut at = last.range.end().to_usize();
        let text = self.source.text.as_bytes();
        loop {
            match text.get(at) {
                Some(b'#') => {
                    while text.get(at).is_some_and(|b| *b != b'\n') {
                        at += 1;
                    }
                }
                Some(b) if b.is_ascii_whitespace() || *b == b'\\' => at += 1,
                _ => break,
            }
        }
        TextRange::new(TextSize::new(at as u32), r.end())
    }

    fn stmt(&self, cx: &mut Cx, s: &Stmt) -> Result<Obj> {
        cx.enter()?;
        let at = Some(s.range());
        match s {
            Stmt::FunctionDef(x) => {
                let class = if x.is_async { "AsyncFunctionDef" } else { "FunctionDef" };
                let name = self.identifier(cx, &x.name)?;
                let args = self.parameters(cx, Some(&x.parameters))?;
                let header = x.returns.as_ref().map_or(x.parameters.range.end(), |r| r.end());
                let comment = self.type_comment(cx, |c, s| c.of_function(s, header, &x.body))?;
                let body = self.stmts(cx, &x.body)?;
                let decorators = self.list(cx, &x.decorator_list, |m, cx, d| m.expr(cx, &d.expression))?;
                let returns = self.opt_expr(cx, x.returns.as_deref())?;
                let type_params = self.type_params(cx, x.type_params.as_deref())?;
                let fields = [
                    ("name", name),
                    ("args", args),
                    ("body", body),
                    ("decorator_list", decorators),
                    ("returns", returns),
                    ("type_comment", comment),
                    ("type_params", type_params),
                ];
                self.node(cx, class, Some(self.undecorated(s.range(), &x.decorator_list)), &fields)
            }
            Stmt::ClassDef(x) => {
                let name = self.identifier(cx, &x.name)?;
                let (bases, keywords) = match &x.arguments {
                    Some(a) => self.arguments(cx, a)?,
                    None => (list::new(cx, &[])?.obj(), list::new(cx, &[])?.obj()),
                };
                let body = self.stmts(cx, &x.body)?;
                let decorators = self.list(cx, &x.decorator_list, |m, cx, d| m.expr(cx, &d.expression))?;
                let type_params = self.type_params(cx, x.type_params.as_deref())?;
                let fields = [
                    ("name", name),
                    ("bases", bases),
                    ("keywords", keywords),
                    ("body", body),
                    ("decorator_list", decorators),
                    ("type_params", type_params),
                ];
                self.node(cx, "ClassDef", Some(self.undecorated(s.range(), &x.decorator_list)), &fields)
            }
            Stmt::Return(x) => {
                let value = self.opt_expr(cx, x.value.as_deref())?;
                self.node(cx, "Return", at, &[("value", value)])
            }
            Stmt::Delete(x) => {
                let targets = self.exprs(cx, &x.targets)?;
                self.node(cx, "Delete", at, &[("targets", targets)])
            }
            Stmt::TypeAlias(x) => {
                let name = self.expr(cx, &x.name)?;
                let params = self.type_params(cx, x.type_params.as_deref())?;
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "TypeAlias", at, &[("name", name), ("type_params", params), ("value", value)])
            }
            Stmt::Assign(x) => {
                let targets = self.exprs(cx, &x.targets)?;
                let value = self.expr(cx, &x.value)?;
                let comment = self.type_comment(cx, |c, t| c.after_statement(t, s.end()))?;
                self.node(cx, "Assign", at, &[("targets", targets), ("value", value), ("type_comment", comment)])
            }
            Stmt::AugAssign(x) => {
                let target = self.expr(cx, &x.target)?;
                let op = self.operator(cx, x.op)?;
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "AugAssign", at, &[("target", target), ("op", op), ("value", value)])
            }
            Stmt::AnnAssign(x) => {
                let target = self.expr(cx, &x.target)?;
                let annotation = self.expr(cx, &x.annotation)?;
                let value = self.opt_expr(cx, x.value.as_deref())?;
                let simple = Obj::int_unchecked(x.simple as i64);
                let fields = [("target", target), ("annotation", annotation), ("value", value), ("simple", simple)];
                self.node(cx, "AnnAssign", at, &fields)
            }
            Stmt::For(x) => {
                let target = self.expr(cx, &x.target)?;
                let iter = self.expr(cx, &x.iter)?;
                let comment = self.type_comment(cx, |c, s| c.after_colon(s, x.iter.end(), &x.body))?;
                let body = self.stmts(cx, &x.body)?;
                let orelse = self.stmts(cx, &x.orelse)?;
                let fields =
                    [("target", target), ("iter", iter), ("body", body), ("orelse", orelse), ("type_comment", comment)];
                self.node(cx, if x.is_async { "AsyncFor" } else { "For" }, at, &fields)
            }
            Stmt::While(x) => {
                let test = self.expr(cx, &x.test)?;
                let body = self.stmts(cx, &x.body)?;
                let orelse = self.stmts(cx, &x.orelse)?;
                self.node(cx, "While", at, &[("test", test), ("body", body), ("orelse", orelse)])
            }
            Stmt::If(x) => self.if_(cx, s.range(), &x.test, &x.body, &x.elif_else_clauses),
            Stmt::With(x) => {
                let items = self.list(cx, &x.items, |m, cx, i| {
                    let e = m.expr(cx, &i.context_expr)?;
                    let vars = m.opt_expr(cx, i.optional_vars.as_deref())?;
                    m.node(cx, "withitem", None, &[("context_expr", e), ("optional_vars", vars)])
                })?;
                let header = x.items.last().map_or(s.start(), |i| i.end());
                let comment = self.type_comment(cx, |c, s| c.after_colon(s, header, &x.body))?;
                let body = self.stmts(cx, &x.body)?;
                let class = if x.is_async { "AsyncWith" } else { "With" };
                self.node(cx, class, at, &[("items", items), ("body", body), ("type_comment", comment)])
            }
            Stmt::Match(x) => {
                let subject = self.expr(cx, &x.subject)?;
                let cases = self.list(cx, &x.cases, |m, cx, c| {
                    let pattern = m.pattern(cx, &c.pattern)?;
                    let guard = m.opt_expr(cx, c.guard.as_deref())?;
                    let body = m.stmts(cx, &c.body)?;
                    m.node(cx, "match_case", None, &[("pattern", pattern), ("guard", guard), ("body", body)])
                })?;
                self.node(cx, "Match", at, &[("subject", subject), ("cases", cases)])
            }
            Stmt::Raise(x) => {
                let exc = self.opt_expr(cx, x.exc.as_deref())?;
                let cause = self.opt_expr(cx, x.cause.as_deref())?;
                self.node(cx, "Raise", at, &[("exc", exc), ("cause", cause)])
            }
            Stmt::Try(x) => {
                let body = self.stmts(cx, &x.body)?;
                let handlers = self.list(cx, &x.handlers, |m, cx, h| {
                    let ast::ExceptHandler::ExceptHandler(h) = h;
                    let kind = m.opt_expr(cx, h.type_.as_deref())?;
                    let name = m.opt(cx, h.name.as_ref(), Self::identifier)?;
                    let body = m.stmts(cx, &h.body)?;
                    m.node(cx, "ExceptHandler", Some(h.range), &[("type", kind), ("name", name), ("body", body)])
                })?;
                let orelse = self.stmts(cx, &x.orelse)?;
                let finalbody = self.stmts(cx, &x.finalbody)?;
                let fields = [("body", body), ("handlers", handlers), ("orelse", orelse), ("finalbody", finalbody)];
                self.node(cx, if x.is_star { "TryStar" } else { "Try" }, at, &fields)
            }
            Stmt::Assert(x) => {
                let test = self.expr(cx, &x.test)?;
                let msg = self.opt_expr(cx, x.msg.as_deref())?;
                self.node(cx, "Assert", at, &[("test", test), ("msg", msg)])
            }
            Stmt::Import(x) => {
                let names = self.list(cx, &x.names, Self::alias)?;
                self.node(cx, "Import", at, &[("names", names)])
            }
            Stmt::ImportFrom(x) => {
                let module = self.opt(cx, x.module.as_ref(), Self::identifier)?;
                let names = self.list(cx, &x.names, Self::alias)?;
                let level = Obj::int_unchecked(x.level as i64);
                self.node(cx, "ImportFrom", at, &[("module", module), ("names", names), ("level", level)])
            }
            Stmt::Global(x) => {
                let names = self.list(cx, &x.names, Self::identifier)?;
                self.node(cx, "Global", at, &[("names", names)])
            }
            Stmt::Nonlocal(x) => {
                let names = self.list(cx, &x.names, Self::identifier)?;
                self.node(cx, "Nonlocal", at, &[("names", names)])
            }
            Stmt::Expr(x) => {
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "Expr", at, &[("value", value)])
            }
            Stmt::Pass(_) => self.node(cx, "Pass", at, &[]),
            Stmt::Break(_) => self.node(cx, "Break", at, &[]),
            Stmt::Continue(_) => self.node(cx, "Continue", at, &[]),
            Stmt::IpyEscapeCommand(_) => Err(cx.error(ExcKind::SyntaxError, "invalid syntax")),
        }
    }

    /// `if` with its chain of `elif`s, each of which is an If in the `orelse` of
    /// the one before.
    fn if_(
        &self,
        cx: &mut Cx,
        r: TextRange,
        test: &ast::Expr,
        body: &[Stmt],
        rest: &[ast::ElifElseClause],
    ) -> Result<Obj> {
        cx.enter()?;
        let test = self.expr(cx, test)?;
        let body = self.stmts(cx, body)?;
        let orelse = match rest.split_first() {
            None => list::new(cx, &[])?.obj(),
            Some((clause, more)) => match &clause.test {
                Some(t) => {
                    let inner = TextRange::new(clause.range.start(), r.end());
                    let n = self.if_(cx, inner, t, &clause.body, more)?;
                    list::new(cx, &[n])?.obj()
                }
                None => self.stmts(cx, &clause.body)?,
            },
        };
        self.node(cx, "If", Some(r), &[("test", test), ("body", body), ("orelse", orelse)])
    }

    fn alias(&self, cx: &mut Cx, a: &ast::Alias) -> Result<Obj> {
        let name = self.identifier(cx, &a.name)?;
        let asname = self.opt(cx, a.asname.as_ref(), Self::identifier)?;
        self.node(cx, "alias", Some(a.range), &[("name", name), ("asname", asname)])
    }

    fn type_params(&self, cx: &mut Cx, p: Option<&ast::TypeParams>) -> Result<Obj> {
        let params = p.map_or(&[][..], |p| &p.type_params);
        self.list(cx, params, |m, cx, p| {
            let at = Some(p.range());
            match p {
                TypeParam::TypeVar(x) => {
                    let name = m.identifier(cx, &x.name)?;
                    let bound = m.opt_expr(cx, x.bound.as_deref())?;
                    let default = m.opt_expr(cx, x.default.as_deref())?;
                    m.node(cx, "TypeVar", at, &[("name", name), ("bound", bound), ("default_value", default)])
                }
                TypeParam::ParamSpec(x) => {
                    let name = m.identifier(cx, &x.name)?;
                    let default = m.opt_expr(cx, x.default.as_deref())?;
                    m.node(cx, "ParamSpec", at, &[("name", name), ("default_value", default)])
                }
                TypeParam::TypeVarTuple(x) => {
                    let name = m.identifier(cx, &x.name)?;
                    let default = m.opt_expr(cx, x.default.as_deref())?;
                    m.node(cx, "TypeVarTuple", at, &[("name", name), ("default_value", default)])
                }
            }
        })
    }

    fn pattern(&self, cx: &mut Cx, p: &Pattern) -> Result<Obj> {
        cx.enter()?;
        let at = Some(p.range());
        match p {
            Pattern::MatchValue(x) => {
                let value = self.expr(cx, &x.value)?;
                self.node(cx, "MatchValue", at, &[("value", value)])
            }
            Pattern::MatchSingleton(x) => {
                let value = match x.value {
                    ast::Singleton::None => Obj::NONE,
                    ast::Singleton::True => Obj::TRUE,
                    ast::Singleton::False => Obj::FALSE,
                };
                self.node(cx, "MatchSingleton", at, &[("value", value)])
            }
            Pattern::MatchSequence(x) => {
                let patterns = self.list(cx, &x.patterns, Self::pattern)?;
                self.node(cx, "MatchSequence", at, &[("patterns", patterns)])
            }
            Pattern::MatchMapping(x) => {
                let keys = self.exprs(cx, &x.keys)?;
                let patterns = self.list(cx, &x.patterns, Self::pattern)?;
                let rest = self.opt(cx, x.rest.as_ref(), Self::identifier)?;
                self.node(cx, "MatchMapping", at, &[("keys", keys), ("patterns", patterns), ("rest", rest)])
            }
            Pattern::MatchClass(x) => {
                let cls = self.expr(cx, &x.cls)?;
                let patterns = self.list(cx, &x.arguments.patterns, Self::pattern)?;
                let names = self.list(cx, &x.arguments.keywords, |m, cx, k| m.identifier(cx, &k.attr))?;
                let values = self.list(cx, &x.arguments.keywords, |m, cx, k| m.pattern(cx, &k.pattern))?;
                let fields = [("cls", cls), ("patterns", patterns), ("kwd_attrs", names), ("kwd_patterns", values)];
                self.node(cx, "MatchClass", at, &fields)
            }
            Pattern::MatchStar(x) => {
                let name = self.opt(cx, x.name.as_ref(), Self::identifier)?;
                self.node(cx, "MatchStar", at, &[("name", name)])
            }
            Pattern::MatchAs(x) => {
                let pattern = self.opt(cx, x.pattern.as_deref(), Self::pattern)?;
                let name = self.opt(cx, x.name.as_ref(), Self::identifier)?;
                self.node(cx, "MatchAs", at, &[("pattern", pattern), ("name", name)])
            }
            Pattern::MatchOr(x) => {
                let patterns = self.list(cx, &x.patterns, Self::pattern)?;
                self.node(cx, "MatchOr", at, &[("patterns", patterns)])
            }
        }
    }
}
