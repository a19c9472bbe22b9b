//! Running the parser, and its errors in CPython's words.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_parser as ruff;
use rustpython_ruff_text_size::{Ranged, TextRange};

use ast::visitor::Visitor;

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

/// Parse source text; the text must have been let through by `with_stack`. With `barry`,
/// `from __future__ import barry_as_FLUFL` holds from the start.
pub fn parse(source: &Source<'_>, mode: Mode, barry: bool) -> Result<(Tree, Vec<Warning>), Box<SyntaxErr>> {
    let Some(text) = crate::barry::rewrite(source, barry)? else { return parse_text(source, mode) };
    parse_text(&Source::new(&text), mode).map_err(|mut e| {
        // As it was written.
        e.text = e.text.map(|_| source.line_text(e.line).into());
        e
    })
}

fn parse_text(source: &Source<'_>, mode: Mode) -> Result<(Tree, Vec<Warning>), Box<SyntaxErr>> {
    let text = source.text;
    let mut find = crate::escape::Finder { source, out: Vec::new() };
    let backslash = text.contains('\\');
    if mode != Mode::Exec
        && let Some(e) = nothing(text)
    {
        return Err(Box::new(e));
    }
    let tree = if mode == Mode::Eval {
        let ast::Mod::Expression(e) = checked(source, ruff::Mode::Expression, &mut find.out)? else {
            return Err(Box::new(SyntaxErr::bare(ErrKind::Syntax, "invalid syntax")));
        };
        if backslash {
            find.visit_expr(&e.body);
        }
        Tree::Expression(e)
    } else {
        let ast::Mod::Module(m) = checked(source, ruff::Mode::Module, &mut find.out)? else {
            return Err(Box::new(SyntaxErr::bare(ErrKind::Syntax, "invalid syntax")));
        };
        if mode == Mode::Single && m.body.len() > 1 && !one_line(source, &m.body) {
            // Where another line begins that should not.
            let r = source.newline(m.body[0].end());
            let msg = "multiple statements found while compiling a single statement";
            let mut e = source.error(ErrKind::Syntax, r, msg);
            e.end_col += 1;
            return Err(Box::new(e));
        }
        if mode == Mode::Single
            && let [s] = &m.body[..]
            && is_compound(s)
            && !source.text[s.start().to_usize()..].contains('\n')
        {
            // A block in its header's line goes on until a line ends.
            let mut e = SyntaxErr::bare(ErrKind::Syntax, "invalid syntax");
            e.at_end = true;
            return Err(Box::new(e));
        }
        if backslash {
            find.visit_body(&m.body);
        }
        Tree::Module(m)
    };
    Ok((tree, find.out))
}

/// The error for a source of blank lines and comments, which is no expression or statement.
fn nothing(text: &str) -> Option<SyntaxErr> {
    let mut last = (0, "");
    for (i, line) in text.split_inclusive('\n').enumerate() {
        if !matches!(line.trim_start_matches([' ', '\t', '\x0c', '\r', '\n']).bytes().next(), None | Some(b'#')) {
            return None;
        }
        last = (i as u32 + 1, line);
    }
    let (line, text) = last;
    let at = SyntaxErr {
        line,
        end_line: line,
        text: Some(text.into()),
        at_end: true,
        ..SyntaxErr::bare(ErrKind::Syntax, "invalid syntax")
    };
    if !text.is_empty() && text.trim_matches([' ', '\t']).is_empty() {
        let (kind, msg) = (ErrKind::Indentation, "unexpected indent".to_owned());
        return Some(SyntaxErr { kind, msg, col: text.len() as u32, end_col: u32::MAX, ..at });
    }
    Some(at)
}

fn one_line(source: &Source<'_>, body: &[ast::Stmt]) -> bool {
    let line = source.line_of(body[0].start());
    body.iter().all(|s| source.line_of(s.start()) == line)
}

fn is_compound(s: &ast::Stmt) -> bool {
    use ast::Stmt::*;
    matches!(s, FunctionDef(_) | ClassDef(_) | If(_) | For(_) | While(_) | With(_) | Try(_) | Match(_))
}

/// The tree and the warnings about its tokens, or the first error.
fn checked(source: &Source<'_>, mode: ruff::Mode, out: &mut Vec<Warning>) -> Result<ast::Mod, Box<SyntaxErr>> {
    if mode == ruff::Mode::Expression
        && let Some(indent) = first_indent(source.text)
    {
        let mut e = source.error(ErrKind::Indentation, indent, "unexpected indent");
        (e.col, e.end_col) = (indent.len().to_u32(), u32::MAX);
        return Err(Box::new(e));
    }
    let parsed = ruff::parse_unchecked(source.text, ruff::ParseOptions::from(mode));
    if parsed.errors().is_empty() {
        if let Some(at) = crate::misplaced::find(source, parsed.syntax()) {
            return Err(Box::new(source.error(ErrKind::Syntax, at.range, at.msg)));
        }
        crate::numbers::check(source, parsed.tokens(), out);
        return Ok(parsed.into_syntax());
    }
    let mut e = crate::messages::convert(source, parsed.errors(), parsed.syntax(), parsed.tokens());
    e.at_end = parsed.errors().iter().min_by_key(|x| x.location.start()).is_some_and(|first| at_end(source, first));
    Err(e)
}

/// The space before the first line that is neither blank nor a comment, if there is any.
fn first_indent(text: &str) -> Option<TextRange> {
    let mut at = 0;
    for l in text.split_inclusive('\n') {
        let code = l.trim_start_matches([' ', '\t', '\x0c']);
        if !code.trim_end().is_empty() && !code.starts_with('#') {
            let n = l.len() - code.len();
            return (n > 0).then(|| TextRange::at((at as u32).into(), (n as u32).into()));
        }
        at += l.len();
    }
    None
}

/// Whether CPython's tokenizer would have come to the end of the source before
/// its parser found this error.
fn at_end(source: &Source<'_>, e: &ruff::ParseError) -> bool {
    let text = source.text;
    use ruff::LexicalErrorType as L;
    use ruff::ParseErrorType as P;
    let start = e.location.start().to_usize();
    let triple = |s: usize| {
        let body = text[s..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
        body.starts_with("\"\"\"") || body.starts_with("'''")
    };
    let interpolated = |k: &ruff::InterpolatedStringErrorType| {
        matches!(k, ruff::InterpolatedStringErrorType::UnterminatedTripleQuotedString)
    };
    match &e.error {
        P::Lexical(L::Eof) => true,
        // A backslash at the end joins the next line to the string.
        P::Lexical(L::UnclosedStringError) => triple(start) || text.trim_end_matches('\n').ends_with('\\'),
        P::Lexical(L::FStringError(k) | L::TStringError(k)) | P::FStringError(k) | P::TStringError(k) => {
            interpolated(k)
        }
        P::OtherError(_) => start >= code_end(text),
        _ => start >= code_end(text) && crate::messages::open_at_end(source),
    }
}

/// Where the last line that is neither blank nor a comment ends.
fn code_end(text: &str) -> usize {
    let mut end = text.len();
    for l in text.split_inclusive('\n').rev() {
        let code = l.trim();
        if !code.is_empty() && !code.starts_with('#') {
            return end - (l.len() - l.trim_end().len());
        }
        end -= l.len();
    }
    0
}
