//! The warning about a number that a keyword follows at once: `1if x else y`.
//!
//! Tests: tests/lang/syntax_warnings.md; CPython test_grammar.

use rustpython_ruff_python_ast::token::{TokenKind, Tokens};
use rustpython_ruff_text_size::{Ranged, TextRange};

use crate::Warning;
use crate::source::Source;

/// What CPython's tokenizer calls a number written so.
fn kind_of(text: &str) -> &'static str {
    let radix = text.get(1..2).filter(|_| text.starts_with('0')).map(str::to_ascii_lowercase);
    match radix.as_deref() {
        Some("x") => "hexadecimal",
        Some("o") => "octal",
        Some("b") => "binary",
        _ if text.ends_with(['j', 'J']) => "imaginary",
        _ => "decimal",
    }
}

/// Add the warnings of a source that was parsed without an error.
pub(crate) fn check(source: &Source<'_>, tokens: &Tokens, out: &mut Vec<Warning>) {
    for pair in tokens.windows(2) {
        let [number, next] = pair else { continue };
        let is_number = matches!(number.kind(), TokenKind::Int | TokenKind::Float | TokenKind::Complex);
        if !is_number || number.end() != next.start() {
            continue;
        }
        let text = |r: TextRange| source.text.get(r.start().to_usize()..r.end().to_usize()).unwrap_or("");
        if text(next.range()).starts_with(|c: char| c.is_ascii_lowercase()) {
            let msg = format!("invalid {} literal", kind_of(text(number.range())));
            let at = source.position(number.range());
            out.push(Warning { msg, line: at.line, col: at.col });
        }
    }
}
