//! What older Pythons do not have: `ast.parse(..., feature_version=(3, n))`.
//!
//! Tests: tests/lang/ast.md; CPython test_type_comments, test_ast.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};

use ast::visitor::{self, Visitor};
use ast::{Expr, Operator, Stmt, TypeParam};

use crate::error::{ErrKind, SyntaxErr};
use crate::parse::Tree;
use crate::source::Source;

/// The first thing in the tree that Python 3.`minor` does not have.
pub fn too_new(source: &Source<'_>, tree: &Tree, minor: u8) -> Option<Box<SyntaxErr>> {
    let mut f = Finder { text: source.text, minor, found: None };
    match tree {
        Tree::Module(m) => f.visit_body(&m.body),
        Tree::Expression(e) => f.visit_expr(&e.body),
    }
    let (range, what, since) = f.found?;
    let msg = format!("{what} only supported in Python 3.{since} and greater");
    Some(Box::new(source.error(ErrKind::Syntax, range, msg)))
}

struct Finder<'a> {
    text: &'a str,
    minor: u8,
    found: Option<(TextRange, &'static str, u8)>,
}

impl Finder<'_> {
    fn since(&mut self, minor: u8, range: TextRange, what: &'static str) {
        if self.minor < minor && self.found.is_none() {
            self.found = Some((range, what, minor));
        }
    }
}

impl<'n> Visitor<'n> for Finder<'_> {
    fn visit_stmt(&mut self, s: &'n Stmt) {
        let at = s.range();
        match s {
            Stmt::FunctionDef(f) if f.is_async => self.since(5, at, "Async functions are"),
            Stmt::For(f) if f.is_async => self.since(5, at, "Async for loops are"),
            Stmt::With(w) if w.is_async => self.since(5, at, "Async with statements are"),
            Stmt::AugAssign(a) if a.op == Operator::MatMult => self.since(5, at, "The '@' operator is"),
            Stmt::AnnAssign(_) => self.since(6, at, "Variable annotation syntax is"),
            Stmt::Match(_) => self.since(10, at, "Pattern matching is"),
            Stmt::Try(t) if t.is_star => self.since(11, at, "Exception groups are"),
            Stmt::TypeAlias(_) => self.since(12, at, "Type statement is"),
            _ => {}
        }
        visitor::walk_stmt(self, s);
    }

    fn visit_expr(&mut self, e: &'n Expr) {
        let at = e.range();
        match e {
            Expr::Await(_) => self.since(5, at, "Await expressions are"),
            Expr::BinOp(b) if b.op == Operator::MatMult => self.since(5, at, "The '@' operator is"),
            Expr::Named(_) => self.since(8, at, "Assignment expressions are"),
            Expr::NumberLiteral(_) if self.text[at].contains('_') => {
                self.since(6, at, "Underscores in numeric literals are");
            }
            Expr::TString(_) => self.since(14, at, "t-strings are"),
            _ => {}
        }
        visitor::walk_expr(self, e);
    }

    fn visit_comprehension(&mut self, c: &'n ast::Comprehension) {
        if c.is_async {
            self.since(6, c.range, "Async comprehensions are");
        }
        visitor::walk_comprehension(self, c);
    }

    fn visit_parameters(&mut self, p: &'n ast::Parameters) {
        if !p.posonlyargs.is_empty() {
            self.since(8, p.range, "Positional-only parameters are");
        }
        visitor::walk_parameters(self, p);
    }

    fn visit_except_handler(&mut self, h: &'n ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(x) = h;
        if let Some(Expr::Tuple(t)) = x.type_.as_deref()
            && !t.parenthesized
        {
            self.since(14, t.range, "except expressions without parentheses are");
        }
        visitor::walk_except_handler(self, h);
    }

    fn visit_type_params(&mut self, p: &'n ast::TypeParams) {
        self.since(12, p.range, "Type parameter lists are");
        visitor::walk_type_params(self, p);
    }

    fn visit_type_param(&mut self, p: &'n TypeParam) {
        let default = match p {
            TypeParam::TypeVar(t) => &t.default,
            TypeParam::ParamSpec(t) => &t.default,
            TypeParam::TypeVarTuple(t) => &t.default,
        };
        if default.is_some() {
            self.since(13, p.range(), "Type parameter defaults are");
        }
        visitor::walk_type_param(self, p);
    }
}
