//! Running the parser, and its errors in CPython's words.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_parser as ruff;
use rustpython_ruff_text_size::{Ranged, TextRange};

use ast::visitor::Visitor;
use ruff::{LexicalErrorType, ParseError, ParseErrorType};

use crate::Warning;
use crate::error::{ErrKind, SyntaxErr};
use crate::source::Source;

/// What kind of source is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A module.
    Exec,
    /// One expression.
    Eval,
    /// One interactive statement.
    Single,
}

/// A parsed source.
#[derive(Debug)]
pub enum Tree {
    /// Statements.
    Module(ast::ModModule),
    /// One expression.
    Expression(ast::ModExpression),
}

/// Parse source text; the text must have been let through by `with_stack`.
pub fn parse(source: &Source<'_>, mode: Mode) -> Result<(Tree, Vec<Warning>), Box<SyntaxErr>> {
    let text = source.text;
    let mut find = crate::escape::Finder {
        source,
        out: Vec::new(),
    };
    let backslash = text.contains('\\');
    let tree = if mode == Mode::Eval {
        let parsed = ruff::parse_expression(text).map_err(|e| convert(source, &e))?;
        let e = parsed.into_syntax();
        if backslash {
            find.visit_expr(&e.body);
        }
        Tree::Expression(e)
    } else {
        let parsed = ruff::parse_module(text).map_err(|e| convert(source, &e))?;
        let m = parsed.into_syntax();
        if mode == Mode::Single && m.body.len() > 1 && !one_line(source, &m.body) {
            let r = m.body[1].range();
            let msg = "multiple statements found while compiling a single statement";
            return Err(Box::new(source.error(ErrKind::Syntax, r, msg)));
        }
        if backslash {
            find.visit_body(&m.body);
        }
        Tree::Module(m)
    };
    Ok((tree, find.out))
}

fn one_line(source: &Source<'_>, body: &[ast::Stmt]) -> bool {
    let line = source.line_of(body[0].start());
    body.iter().all(|s| source.line_of(s.start()) == line)
}

fn convert(source: &Source<'_>, e: &ParseError) -> Box<SyntaxErr> {
    let (kind, range, msg) = message(source, e);
    Box::new(source.error(kind, range, msg))
}

fn message(source: &Source<'_>, e: &ParseError) -> (ErrKind, TextRange, String) {
    use ParseErrorType as T;
    let range = e.location;
    let syntax = |m: &str| (ErrKind::Syntax, range, m.to_string());
    match &e.error {
        T::UnexpectedIndentation => (ErrKind::Indentation, range, "unexpected indent".into()),
        T::Lexical(LexicalErrorType::IndentationError) => (
            ErrKind::Indentation,
            range,
            "unindent does not match any outer indentation level".into(),
        ),
        T::Lexical(LexicalErrorType::UnclosedStringError) => {
            let line = source.line_of(range.start());
            syntax(&format!(
                "unterminated string literal (detected at line {line})"
            ))
        }
        T::EmptySlice | T::ExpectedExpression | T::UnexpectedExpressionToken => {
            syntax("invalid syntax")
        }
        T::DuplicateKeywordArgumentError(n) => syntax(&format!("keyword argument repeated: {n}")),
        T::OtherError(m) if m.starts_with("Expected an indented block") => (
            ErrKind::Indentation,
            range,
            m.replacen("Expected", "expected", 1),
        ),
        _ => syntax("invalid syntax"),
    }
}
