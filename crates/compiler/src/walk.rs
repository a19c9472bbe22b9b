//! Small questions about expression trees.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};

use ast::Expr;
use ast::visitor::{self, Visitor};

struct Find<'a> {
    hit: &'a mut dyn FnMut(&Expr) -> bool,
    found: bool,
}

impl<'a> Visitor<'a> for Find<'_> {
    fn visit_expr(&mut self, e: &'a Expr) {
        if self.found || (self.hit)(e) {
            self.found = true;
        } else {
            visitor::walk_expr(self, e);
        }
    }
}

/// Whether `hit` holds for `e` or an expression inside it.
pub(crate) fn any(e: &Expr, mut hit: impl FnMut(&Expr) -> bool) -> bool {
    let mut f = Find { hit: &mut hit, found: false };
    f.visit_expr(e);
    f.found
}

/// Whether `e` contains an assignment expression.
pub(crate) fn has_walrus(e: &Expr) -> bool {
    any(e, |e| e.is_named_expr())
}

/// The first expression in an unevaluated annotation that may not be there.
///
/// A comprehension with `async for` has no name of its own in the message.
pub(crate) fn forbidden_in_annotation(e: &Expr) -> Option<(TextRange, Option<&'static str>)> {
    let mut found = None;
    any(e, |e| {
        let what = match e {
            Expr::Yield(_) | Expr::YieldFrom(_) => Some("yield expression"),
            Expr::Await(_) => Some("await expression"),
            Expr::Named(_) => Some("named expression"),
            Expr::ListComp(ast::ExprListComp { generators, .. })
            | Expr::SetComp(ast::ExprSetComp { generators, .. })
            | Expr::DictComp(ast::ExprDictComp { generators, .. })
                if generators.iter().any(|g| g.is_async) =>
            {
                None
            }
            _ => return false,
        };
        found = Some((e.range(), what));
        true
    });
    found
}

/// Whether evaluating `e` can run Python code or raise anything but an unbound name's
/// error: whether a lookup before it can be told from one after it.
pub(crate) fn may_run(e: &Expr) -> bool {
    any(e, |e| {
        !matches!(
            e,
            Expr::Name(_)
                | Expr::NumberLiteral(_)
                | Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::BooleanLiteral(_)
                | Expr::NoneLiteral(_)
                | Expr::EllipsisLiteral(_)
                | Expr::Tuple(_)
                | Expr::List(_)
                | Expr::Lambda(_)
        )
    })
}
