//! `from __future__ import barry_as_FLUFL`: "<>" is how to ask whether things differ.
//!
//! The parser does not know the operator. It is as long as the one it replaces, so the
//! text is rewritten, and every place stays where it is.
//!
//! Tests: tests/lang/barry.md; CPython test_flufl.

use rustpython_ruff_python_ast::token::TokenKind;
use rustpython_ruff_python_parser as ruff;
use rustpython_ruff_text_size::Ranged;

use crate::error::{ErrKind, SyntaxErr};
use crate::source::Source;

/// The text with "!=" for each "<>", if the source is one of those that mean it.
pub(crate) fn rewrite(source: &Source<'_>, from_start: bool) -> Result<Option<String>, Box<SyntaxErr>> {
    if !from_start && !source.text.contains("barry_as_FLUFL") {
        return Ok(None);
    }
    let parsed = ruff::parse_unchecked(source.text, ruff::ParseOptions::from(ruff::Mode::Module));
    let tokens = parsed.tokens();
    let text = |i: usize| tokens.get(i).map_or("", |t| &source.text[t.range()]);
    let (mut holds, mut importing) = (from_start, false);
    let mut out: Option<String> = None;
    for (i, t) in tokens.iter().enumerate() {
        match t.kind() {
            TokenKind::From => importing = text(i + 1) == "__future__" && text(i + 2) == "import",
            TokenKind::Newline | TokenKind::Semi => importing = false,
            TokenKind::Name if importing && text(i) == "barry_as_FLUFL" => holds = true,
            TokenKind::NotEqual if holds => {
                let text = "with Barry as BDFL, use '<>' instead of '!='";
                return Err(Box::new(source.error(ErrKind::Syntax, t.range(), text)));
            }
            TokenKind::Less if holds && text(i + 1) == ">" && tokens[i + 1].start() == t.end() => {
                let at = t.start().to_usize();
                out.get_or_insert_with(|| source.text.into()).replace_range(at..at + 2, "!=");
            }
            _ => {}
        }
    }
    Ok(out)
}
