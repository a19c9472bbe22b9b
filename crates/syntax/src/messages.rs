//! The parser's errors in CPython's words.
//!
//! Where CPython's tokenizer would have complained first (brackets, numbers),
//! a scan of the raw text decides; otherwise the kind of the parser's error and
//! the tree around its place do.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_parser as ruff;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

use ast::visitor::{self, Visitor};
use ast::{Expr, Stmt};
use ruff::{InterpolatedStringErrorType, LexicalErrorType, ParseError, ParseErrorType};

use crate::error::{ErrKind, SyntaxErr};
use crate::source::Source;

/// The expression with exactly this range, or else the smallest around it.
struct At {
    range: TextRange,
    found: Option<(&'static str, TextRange, bool)>,
}

impl<'a> Visitor<'a> for At {
    fn visit_stmt(&mut self, s: &'a Stmt) {
        if s.range().contains_range(self.range) {
            visitor::walk_stmt(self, s);
        }
    }
    fn visit_expr(&mut self, e: &'a Expr) {
        if e.range() == self.range {
            self.found.get_or_insert((name(e), e.range(), hints(e)));
        } else if e.range().contains_range(self.range) {
            visitor::walk_expr(self, e);
        }
    }
}

/// What CPython calls an expression in "cannot assign to ...".
fn name(e: &Expr) -> &'static str {
    match e {
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Name(_) => "name",
        Expr::List(_) => "list",
        Expr::Tuple(_) => "tuple",
        Expr::Lambda(_) => "lambda",
        Expr::Call(_) => "function call",
        Expr::BoolOp(_) | Expr::BinOp(_) | Expr::UnaryOp(_) => "expression",
        Expr::Generator(_) => "generator expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::Await(_) => "await expression",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::FString(_) => "f-string expression",
        Expr::TString(_) => "t-string expression",
        Expr::BooleanLiteral(b) if b.value => "True",
        Expr::BooleanLiteral(_) => "False",
        Expr::NoneLiteral(_) => "None",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) => "literal",
        Expr::Compare(_) => "comparison",
        Expr::If(_) => "conditional expression",
        Expr::Named(_) => "named expression",
        Expr::Slice(_) | Expr::IpyEscapeCommand(_) => "expression",
    }
}

/// Whether `=` after this expression was perhaps meant as `==`.
fn hints(e: &Expr) -> bool {
    match e {
        Expr::UnaryOp(u) => u.op != ast::UnaryOp::Not,
        Expr::BinOp(_)
        | Expr::Call(_)
        | Expr::FString(_)
        | Expr::TString(_)
        | Expr::Dict(_)
        | Expr::Set(_)
        | Expr::EllipsisLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::ListComp(_)
        | Expr::SetComp(_)
        | Expr::DictComp(_)
        | Expr::Await(_) => true,
        _ => false,
    }
}

/// An open bracket, or what is wrong with one.
enum Bracket {
    Fine,
    Unclosed(usize, char),
    Unmatched(usize, char),
    Mismatch(usize, char, char, Option<u32>),
}

/// Scan brackets outside of strings and comments, up to `end`.
fn brackets(source: &Source<'_>, end: usize) -> Bracket {
    let b = source.text.as_bytes();
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut i = 0;
    while i < b.len().min(end) {
        let c = b[i];
        match c {
            b'#' => {
                while i < b.len() && b[i] != b'\n' {
                    i += 1;
                }
            }
            b'"' | b'\'' => {
                let triple = b.get(i + 1) == Some(&c) && b.get(i + 2) == Some(&c);
                i += if triple { 3 } else { 1 };
                while i < b.len() {
                    if b[i] == b'\\' {
                        i += 1;
                    } else if b[i] == c && (!triple || b.get(i + 1) == Some(&c) && b.get(i + 2) == Some(&c)) {
                        i += if triple { 2 } else { 0 };
                        break;
                    } else if b[i] == b'\n' && !triple {
                        break;
                    }
                    i += 1;
                }
            }
            b'(' | b'[' | b'{' => open.push((i, c)),
            b')' | b']' | b'}' => match open.pop() {
                None => return Bracket::Unmatched(i, c as char),
                Some((at, o)) => {
                    let fits = matches!((o, c), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
                    if !fits {
                        let line = |at: usize| source.line_of(TextSize::new(at as u32));
                        let other = (line(at) != line(i)).then(|| line(at));
                        return Bracket::Mismatch(i, c as char, o as char, other);
                    }
                }
            },
            _ => {}
        }
        i += 1;
    }
    open.pop().map_or(Bracket::Fine, |(at, c)| Bracket::Unclosed(at, c as char))
}

/// Whether a bracket is still open at the end.
pub(crate) fn open_at_end(source: &Source<'_>) -> bool {
    matches!(brackets(source, source.text.len()), Bracket::Unclosed(..))
}

/// The error that CPython would raise for these errors of the parser.
pub(crate) fn convert(source: &Source<'_>, errors: &[ParseError], tree: &ast::Mod) -> Box<SyntaxErr> {
    let first = errors.iter().min_by_key(|e| e.location.start());
    let Some(e) = first else {
        return Box::new(SyntaxErr::bare(ErrKind::Syntax, "invalid syntax"));
    };
    let (kind, range, msg) = message(source, e, tree);
    Box::new(source.error(kind, range, msg))
}

fn bracket_error(source: &Source<'_>, at: TextRange, generic: bool) -> Option<(TextRange, String)> {
    let one = |i: usize| TextRange::empty(TextSize::new(i as u32));
    let end = if generic { source.text.len() } else { at.end().to_usize() };
    match brackets(source, end) {
        Bracket::Unmatched(i, c) if i <= at.end().to_usize() => Some((one(i), format!("unmatched '{c}'"))),
        Bracket::Mismatch(i, c, o, line) => {
            let on = line.map_or(String::new(), |l| format!(" on line {l}"));
            let msg = format!("closing parenthesis '{c}' does not match opening parenthesis '{o}'{on}");
            Some((one(i), msg))
        }
        Bracket::Unclosed(i, c) if generic => {
            let line = source.line_of(TextSize::new(i as u32));
            let at_end = source.text[at.start().to_usize()..].trim().is_empty();
            (at_end || source.line_of(at.start()) > line).then(|| (one(i), format!("'{c}' was never closed")))
        }
        _ => None,
    }
}

fn message(source: &Source<'_>, e: &ParseError, tree: &ast::Mod) -> (ErrKind, TextRange, String) {
    use ParseErrorType as T;
    let range = e.location;
    let here = &source.text[range.start().to_usize()..range.end().to_usize()];
    let target = || {
        let mut at = At { range, found: None };
        match tree {
            ast::Mod::Module(m) => at.visit_body(&m.body),
            ast::Mod::Expression(m) => at.visit_expr(&m.body),
        }
        at.found
    };
    let msg: String = match &e.error {
        T::UnexpectedIndentation => {
            return (ErrKind::Indentation, range, "unexpected indent".into());
        }
        T::Lexical(l) => return lexical(source, l, range),
        T::OtherError(m) if m.starts_with("Expected an indented block") => {
            return (ErrKind::Indentation, range, indented_block(source, m, range));
        }
        T::DuplicateKeywordArgumentError(n) => format!("keyword argument repeated: {n}"),
        T::InvalidAssignmentTarget => match target() {
            Some((n, r, hint)) if hint && statement_assign(source, r) => {
                format!("cannot assign to {n} here. Maybe you meant '==' instead of '='?")
            }
            Some(("yield expression", ..)) => "assignment to yield expression not possible".into(),
            Some((n, ..)) => format!("cannot assign to {n}"),
            None => "invalid syntax".into(),
        },
        T::InvalidNamedAssignmentTarget => match target() {
            Some((n, ..)) => format!("cannot use assignment expressions with {n}"),
            None => "invalid syntax".into(),
        },
        T::InvalidAugmentedAssignmentTarget => match target() {
            Some((n, ..)) => format!("'{n}' is an illegal expression for augmented assignment"),
            None => "invalid syntax".into(),
        },
        T::InvalidAnnotatedAssignmentTarget => match target() {
            Some((n @ ("list" | "tuple"), ..)) => {
                format!("only single target (not {n}) can be annotated")
            }
            _ => "illegal target for annotation".into(),
        },
        T::InvalidDeleteTarget => match target() {
            Some((n, ..)) => format!("cannot delete {n}"),
            None => "invalid syntax".into(),
        },
        T::PositionalAfterKeywordArgument => "positional argument follows keyword argument".into(),
        T::PositionalAfterKeywordUnpacking => "positional argument follows keyword argument unpacking".into(),
        T::InvalidArgumentUnpackingOrder => "iterable argument unpacking follows keyword argument unpacking".into(),
        T::IterableUnpackingInComprehension => "iterable unpacking cannot be used in comprehension".into(),
        T::UnparenthesizedGeneratorExpression => "Generator expression must be parenthesized".into(),
        T::ParamAfterVarKeywordParam => "arguments cannot follow var-keyword argument".into(),
        T::NonDefaultParamAfterDefaultParam => "parameter without a default follows parameter with a default".into(),
        T::ExpectedKeywordParam => "named arguments must follow bare *".into(),
        T::VarParameterWithDefault => {
            let stars = source.text[..range.start().to_usize()].trim_end().ends_with("**") || here.starts_with("**");
            let word = if stars { "var-keyword" } else { "var-positional" };
            format!("{word} argument cannot have default value")
        }
        T::EmptyImportNames => match bracket_error(source, range, true) {
            Some((r, m)) => return (ErrKind::Syntax, r, m),
            None => "Expected one or more names after 'import'".into(),
        },
        T::EmptyTypeParams => "Type parameter list cannot be empty".into(),
        T::FStringError(k) => interpolated("f-string", k),
        T::TStringError(k) => interpolated("t-string", k),
        T::ExpectedToken { expected: ast::token::TokenKind::Colon, .. }
            if matches!(here, "" | "\n" | "\r\n") && !matches!(bracket_error(source, range, true), Some(..)) =>
        {
            "expected ':'".into()
        }
        T::OtherError(m) => other(m),
        _ => return generic(source, range),
    };
    if msg == "invalid syntax" {
        return generic(source, range);
    }
    (ErrKind::Syntax, range, msg)
}

/// Whether `=` at the end of a target is in a plain assignment, not in a loop,
/// `with` or tuple.
fn statement_assign(source: &Source<'_>, r: TextRange) -> bool {
    let start = source.line_start(r.start()).to_usize();
    let before = source.text[start..r.start().to_usize()].trim_start();
    let after = source.text[r.end().to_usize()..].trim_start();
    (before.is_empty() || before.ends_with('=') || before.ends_with(';') || before.ends_with(':'))
        && after.starts_with('=')
        && !after.starts_with("==")
}

fn generic(source: &Source<'_>, range: TextRange) -> (ErrKind, TextRange, String) {
    if let Some((r, m)) = bracket_error(source, range, true) {
        return (ErrKind::Syntax, r, m);
    }
    let line = source.line_text(source.line_of(range.start()));
    let trimmed = line.trim_start();
    for word in ["print", "exec"] {
        if let Some(rest) = trimmed.strip_prefix(word)
            && rest.starts_with(' ')
            && !matches!(rest.trim_start().chars().next(), Some('=' | '(' | '.' | ',') | None)
        {
            let start = source.line_start(range.start()) + TextSize::new((line.len() - trimmed.len()) as u32);
            let r = TextRange::at(start, TextSize::new(trimmed.trim_end().len() as u32));
            let msg = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
            return (ErrKind::Syntax, r, msg);
        }
    }
    (ErrKind::Syntax, range, "invalid syntax".into())
}

fn other(m: &str) -> String {
    let known = [
        ("Expected `except` or `finally` after `try` block", "expected 'except' or 'finally' block"),
        ("Expected one or more exception types", "expected one or more exception types"),
        ("Expected `else` clause", "expected 'else' after 'if' expression"),
        ("Cannot have both", "cannot have both 'except' and 'except*' on the same 'try'"),
        (
            "Multiple exception types must be parenthesized",
            "multiple exception types must be parenthesized when using 'as'",
        ),
        ("Trailing comma not allowed", "trailing comma not allowed without surrounding parentheses"),
        ("Bytes literal cannot be mixed", "cannot mix bytes and nonbytes literals"),
    ];
    known.iter().find(|(k, _)| m.starts_with(k)).map_or_else(|| "invalid syntax".into(), |(_, v)| (*v).into())
}

fn interpolated(what: &str, k: &InterpolatedStringErrorType) -> String {
    use InterpolatedStringErrorType as I;
    match k {
        I::UnclosedLbrace => format!("{what}: expecting '}}'"),
        I::SingleRbrace => format!("{what}: single '}}' is not allowed"),
        I::InvalidConversionFlag => {
            format!("{what}: invalid conversion character: expected 's', 'r', or 'a'")
        }
        I::UnterminatedString => format!("unterminated {what} literal (detected at line 1)"),
        I::UnterminatedTripleQuotedString => {
            format!("unterminated triple-quoted {what} literal (detected at line 1)")
        }
        I::LambdaWithoutParentheses => {
            format!("{what}: lambda expressions are not allowed without parentheses")
        }
        I::ConversionFlagNotImmediatelyAfterExclamation => {
            format!("{what}: conversion type must come right after the exclamation mark")
        }
        I::NewlineInFormatSpec => {
            format!("{what}: newlines are not allowed in format specifiers for single quoted {what}s")
        }
    }
}

fn indented_block(source: &Source<'_>, m: &str, range: TextRange) -> String {
    let rest = m.trim_start_matches("Expected an indented block after ").replace('`', "'");
    // The statement that lacks its block is the last line with a colon before.
    let before = &source.text[..range.start().to_usize()];
    let mut line = before.matches('\n').count();
    let lines: Vec<&str> = before.lines().collect();
    line = line.min(lines.len());
    while line > 1 && (lines[line - 1].trim().is_empty() || lines[line - 1].trim_start().starts_with('#')) {
        line -= 1;
    }
    format!("expected an indented block after {rest} on line {}", line.max(1))
}

fn lexical(source: &Source<'_>, l: &LexicalErrorType, range: TextRange) -> (ErrKind, TextRange, String) {
    use LexicalErrorType as L;
    let start = range.start().to_usize();
    let text = &source.text[start..];
    let last_line = {
        let n = source.lines();
        if source.text.ends_with('\n') && n > 1 { n - 1 } else { n }
    };
    let point = TextRange::empty(range.start());
    let msg = match l {
        L::IndentationError => {
            let kind = "unindent does not match any outer indentation level";
            return (ErrKind::Indentation, range, kind.into());
        }
        L::UnclosedStringError => {
            let body = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let line = source.line_of(range.start());
            let msg = if body.starts_with("\"\"\"") || body.starts_with("'''") {
                format!("unterminated triple-quoted string literal (detected at line {last_line})")
            } else {
                format!("unterminated string literal (detected at line {line})")
            };
            return (ErrKind::Syntax, point, msg);
        }
        L::InvalidByteLiteral => "bytes can only contain ASCII literal characters".into(),
        L::UnrecognizedToken { tok } if !tok.is_ascii() => {
            format!("invalid character '{tok}' (U+{:04X})", *tok as u32)
        }
        L::LineContinuationError => "unexpected character after line continuation character".into(),
        L::Eof => match bracket_error(source, range, true) {
            Some((r, m)) => return (ErrKind::Syntax, r, m),
            None => "unexpected EOF while parsing".into(),
        },
        L::UnicodeError | L::MissingUnicodeLbrace | L::MissingUnicodeRbrace => {
            "(unicode error) 'unicodeescape' codec can't decode bytes: malformed escape".into()
        }
        L::FStringError(k) => interpolated("f-string", k),
        L::TStringError(k) => interpolated("t-string", k),
        L::OtherError(_) => match number(source, range) {
            Some((r, m)) => return (ErrKind::Syntax, r, m),
            None => return generic(source, range),
        },
        _ => return generic(source, range),
    };
    (ErrKind::Syntax, range, msg)
}

/// What is wrong with the number around a place.
fn number(source: &Source<'_>, range: TextRange) -> Option<(TextRange, String)> {
    let b = source.text.as_bytes();
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'.';
    let mut s = range.start().to_usize().min(b.len());
    while s > 0 && word(b[s - 1]) {
        s -= 1;
    }
    let text = &source.text[s..];
    let n = text.bytes().take_while(|&c| word(c)).count();
    let text = &text[..n];
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let point = |i: usize| TextRange::empty(TextSize::new((s + i) as u32));
    for (prefix, kind, valid) in
        [("0x", "hexadecimal", "0123456789abcdef"), ("0o", "octal", "01234567"), ("0b", "binary", "01")]
    {
        let Some(digits) = text.to_ascii_lowercase().strip_prefix(prefix).map(str::to_string) else {
            continue;
        };
        let bad = digits.chars().position(|c| c != '_' && !valid.contains(c));
        return Some(match bad {
            Some(i) if digits.as_bytes()[i].is_ascii_digit() => {
                let d = digits.as_bytes()[i] as char;
                (point(i + 2), format!("invalid digit '{d}' in {kind} literal"))
            }
            _ => (point(1), format!("invalid {kind} literal")),
        });
    }
    let zeros = text.starts_with('0')
        && text.bytes().all(|c| c.is_ascii_digit() || c == b'_')
        && !text.contains("__")
        && !text.ends_with('_');
    if zeros && text.len() > 1 {
        let r = TextRange::at(
            TextSize::new(s as u32),
            TextSize::new(text.bytes().take_while(|c| *c == b'0' || *c == b'_').count() as u32),
        );
        return Some((
            r,
            "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers".into(),
        ));
    }
    let good = text.bytes().take_while(|c| c.is_ascii_digit() || *c == b'.').count();
    Some((point(good.saturating_sub(1)), "invalid decimal literal".into()))
}
