//! Type comments (`ast.parse(..., type_comments=True)`) and what stands in those of
//! functions (`compile(..., 'func_type')`).
//!
//! The parser skips comments, so they are found among its tokens and asked for by the
//! place where the grammar allows one. What nobody has asked for is an error, as it is
//! in CPython, whose tokenizer makes tokens of them.
//!
//! Tests: tests/lang/ast.md; CPython test_type_comments.

use std::cell::{Cell, RefCell};

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_parser as ruff;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

use ast::token::TokenKind;

use crate::error::{ErrKind, SyntaxErr};
use crate::source::Source;

/// The type comments of a source.
#[derive(Debug, Default)]
pub struct TypeComments {
    list: Vec<Comment>,
    /// Line and rest of each `# type: ignore`.
    pub ignores: Vec<(u32, String)>,
    /// A second comment of one `def`.
    second: RefCell<Option<TextRange>>,
}

#[derive(Debug)]
struct Comment {
    range: TextRange,
    text: String,
    used: Cell<bool>,
}

/// What stands behind `# type:`, the spaces being optional.
fn type_in(comment: &str) -> Option<&str> {
    let blank = [' ', '\t'];
    let rest = comment.strip_prefix('#')?.trim_start_matches(blank);
    Some(rest.strip_prefix("type:")?.trim_start_matches(blank))
}

impl TypeComments {
    /// Find them.
    pub fn find(source: &Source<'_>) -> TypeComments {
        let mut out = TypeComments::default();
        let parsed = ruff::parse_unchecked(source.text, ruff::ParseOptions::from(ruff::Mode::Module));
        for t in parsed.tokens().iter().filter(|t| t.kind() == TokenKind::Comment) {
            let Some(text) = type_in(&source.text[t.range()]) else { continue };
            match text.strip_prefix("ignore") {
                Some(tag) if !tag.starts_with(|c: char| c.is_ascii_alphanumeric() || !c.is_ascii()) => {
                    out.ignores.push((source.line_of(t.start()), tag.to_owned()));
                }
                _ => out.list.push(Comment { range: t.range(), text: text.to_owned(), used: Cell::new(false) }),
            }
        }
        out
    }

    /// The first comment after `at` and before `end`, if `fits` accepts the text before it.
    fn take(&self, source: &Source<'_>, at: TextSize, end: TextSize, fits: fn(&str) -> bool) -> Option<&Comment> {
        let c = self.list.iter().find(|c| c.range.start() >= at && !c.used.get())?;
        if c.range.start() >= end || !fits(&source.text[TextRange::new(at, c.range.start())]) {
            return None;
        }
        c.used.set(true);
        Some(c)
    }

    /// Of a simple statement that ends at `at`.
    pub fn after_statement(&self, source: &Source<'_>, at: TextSize) -> Option<&str> {
        let end = TextSize::of(source.text);
        self.take(source, at, end, |between| between.trim_matches([' ', '\t', '\x0c']).is_empty())
            .map(|c| c.text.as_str())
    }

    /// Behind the colon of a header whose last expression ends at `at`.
    pub fn after_colon(&self, source: &Source<'_>, at: TextSize, body: &[ast::Stmt]) -> Option<&str> {
        let end = body.first().map_or(at, Ranged::start);
        self.take(source, at, end, |between| between.trim_end_matches([' ', '\t']).ends_with(':'))
            .map(|c| c.text.as_str())
    }

    /// Behind a parameter, and the comma that may follow.
    pub fn after_parameter(&self, source: &Source<'_>, at: TextSize) -> Option<&str> {
        let end = TextSize::of(source.text);
        self.take(source, at, end, |between| matches!(between.trim(), "" | ",")).map(|c| c.text.as_str())
    }

    /// Of a function: behind its header, which ends at `at`, or in a line before its body.
    pub fn of_function(&self, source: &Source<'_>, at: TextSize, body: &[ast::Stmt]) -> Option<&str> {
        let end = body.first().map_or(at, Ranged::start);
        let first = self.take(source, at, end, |_| true)?;
        if let Some(second) = self.take(source, first.range.end(), end, |_| true) {
            self.second.borrow_mut().get_or_insert(second.range);
        }
        Some(&first.text)
    }

    /// After the whole tree: the comment that stands where none may.
    pub fn problem(&self, source: &Source<'_>) -> Option<Box<SyntaxErr>> {
        let (range, msg) = match (*self.second.borrow(), self.list.iter().find(|c| !c.used.get())) {
            (Some(second), _) => (second, "Cannot have two type comments on def"),
            (None, Some(c)) => (c.range, "invalid syntax"),
            (None, None) => return None,
        };
        Some(Box::new(source.error(ErrKind::Syntax, range, msg)))
    }
}

/// The types of the arguments and of the result: `(int, *str, **Any) -> float`.
pub fn parse_func_type(source: &Source<'_>) -> Result<(Vec<ast::Expr>, ast::Expr), Box<SyntaxErr>> {
    let text = source.text;
    let invalid = |r: TextRange| Box::new(source.error(ErrKind::Syntax, r, "invalid syntax"));
    let parsed = ruff::parse_unchecked(text, ruff::ParseOptions::from(ruff::Mode::ParenthesizedExpression));
    let toks: Vec<_> = parsed
        .tokens()
        .iter()
        .filter(|t| !matches!(t.kind(), TokenKind::NonLogicalNewline | TokenKind::Newline | TokenKind::Comment))
        .filter(|t| t.kind() != TokenKind::EndOfFile)
        .collect();
    let all = TextRange::new(TextSize::new(0), TextSize::of(text));
    let whole = |r: TextRange| match ruff::parse_expression_range(text, r) {
        Ok(e) => Ok(*e.into_syntax().body),
        Err(e) => Err(invalid(e.location)),
    };
    let (mut depth, mut arrow) = (0, None);
    // Where each argument begins and ends, as places among the tokens.
    let (mut parts, mut from) = (Vec::new(), 1);
    for (i, t) in toks.iter().enumerate() {
        match t.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => depth += 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                depth -= 1;
                if depth == 0 {
                    parts.push((from, i));
                    arrow = Some(i + 1);
                    break;
                }
            }
            TokenKind::Comma if depth == 1 => {
                parts.push((from, i));
                from = i + 1;
            }
            _ => {}
        }
    }
    let starts = toks.first().is_some_and(|t| t.kind() == TokenKind::Lpar);
    let Some(arrow) = arrow.filter(|a| starts && toks.get(*a).is_some_and(|t| t.kind() == TokenKind::Rarrow)) else {
        return Err(invalid(toks.first().map_or(all, |t| t.range())));
    };
    if let [(a, b)] = parts[..]
        && a == b
    {
        parts.clear();
    }
    let (mut types, mut stars) = (Vec::new(), 0);
    for (a, b) in parts {
        let mark = match toks[a].kind() {
            TokenKind::Star => 1,
            TokenKind::DoubleStar => 2,
            _ => 0,
        };
        let first = if mark > 0 { a + 1 } else { a };
        // Each kind once, in this order, and behind all others.
        if first >= b || (stars > 0 && mark <= stars) {
            return Err(invalid(toks[a].range()));
        }
        stars = mark;
        types.push(whole(TextRange::new(toks[first].start(), toks[b - 1].end()))?);
    }
    match (toks.get(arrow + 1), toks.last()) {
        (Some(a), Some(b)) => Ok((types, whole(TextRange::new(a.start(), b.end()))?)),
        _ => Err(invalid(toks[arrow].range())),
    }
}
