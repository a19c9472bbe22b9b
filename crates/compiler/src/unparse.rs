//! Expressions back to text, for `from __future__ import annotations`.

use rustpython_ruff_python_ast::Expr;
use rustpython_ruff_text_size::Ranged;

/// The text of an annotation.
pub(crate) fn unparse(e: &Expr, source: &str) -> String {
    let r = e.range();
    let text = &source[r.start().to_usize()..r.end().to_usize()];
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
