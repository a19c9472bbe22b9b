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
pub(crate) fn name(e: &Expr) -> &'static str {
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
pub(crate) fn convert(
    source: &Source<'_>,
    errors: &[ParseError],
    tree: &ast::Mod,
    tokens: &ast::token::Tokens,
) -> Box<SyntaxErr> {
    let first = errors.iter().min_by_key(|e| e.location.start());
    let Some(e) = first else {
        return Box::new(SyntaxErr::bare(ErrKind::Syntax, "invalid syntax"));
    };
    let limit = source.line_of(e.location.end());
    let limit = (0..source.text.len()).find(|&i| source.line_of(TextSize::new(i as u32)) > limit);
    let interpolated = ["f\"", "f'", "F\"", "F'", "t\"", "t'", "T\"", "T'", "r\"", "r'", "R\"", "R'"];
    if !matches!(
        e.error,
        ParseErrorType::Lexical(LexicalErrorType::IndentationError) | ParseErrorType::UnexpectedIndentation
    ) && interpolated.iter().any(|p| source.text.contains(p))
        && let Some((r, m)) = crate::fields::first_mistake(source.text, limit.unwrap_or(source.text.len()))
    {
        return Box::new(place(source, ErrKind::Syntax, r, m));
    }
    let (kind, range, msg) = message(source, e, tree);
    if msg == "invalid syntax"
        || msg == "named arguments must follow bare *"
        || msg.ends_with("cannot have default value")
        || msg == "parameter without a default follows parameter with a default"
        || msg == "illegal target for annotation"
        || msg.starts_with("only single target")
    {
        let adjacent = e.location.start().to_usize();
        let digit = source.text[..adjacent].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
        let word = source.text[adjacent..]
            .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '+' || c == '-');
        if digit
            && word
            && let Some((r, m)) = crate::numbers::wrong(source.text, adjacent)
        {
            return Box::new(place(source, ErrKind::Syntax, r, m));
        }
        // CPython reads the source to its end to see whether there is worse.
        use LexicalErrorType as L;
        let worse = errors.iter().find(|x| {
            matches!(&x.error, ParseErrorType::Lexical(L::UnclosedStringError | L::UnrecognizedToken { .. }))
        });
        if msg == "invalid syntax"
            && let Some(worse) = worse
        {
            let (kind, range, msg) = message(source, worse, tree);
            return Box::new(place(source, kind, range, msg));
        }
        let rules = crate::grammar::Rules::new(source.text, tokens, e.location.start().to_usize());
        if let Some((r, m)) = rules.apply() {
            return Box::new(place(source, ErrKind::Syntax, r, m));
        }
    }
    Box::new(place(source, kind, range, msg))
}

/// The error with CPython's place for it: some have a start and no end, and the end
/// of a line is one column wide.
fn place(source: &Source<'_>, kind: ErrKind, range: TextRange, msg: String) -> SyntaxErr {
    // What CPython gives as -1: no column.
    const NONE: u32 = u32::MAX;
    let text = source.text;
    // At the end of an expression, which no line end follows.
    let unended = !text.ends_with('\n') && range.start().to_usize() >= text.len();
    let newline = source.newline(range.start());
    // The line's end, and that begins with a comment.
    let comment = !unended && kind == ErrKind::Syntax && range.start() == newline.end() && !newline.is_empty();
    let range = if comment { newline } else { range };
    let mut e = source.error(kind, range, msg);
    let msg = &*e.msg;
    let no_end = msg.ends_with("was never closed") || msg == crate::grammar::KEY_WITHOUT_VALUE;
    let at_end = text[range.start().to_usize()..].trim().is_empty();
    if no_end {
        (e.end_line, e.end_col) = (e.line, 0);
    } else if msg == "unexpected indent" {
        (e.col, e.end_line, e.end_col) = (e.end_col.saturating_sub(1), e.line, NONE);
    } else if msg.starts_with("unindent does not match") {
        let line = source.line_text(e.end_line);
        e = SyntaxErr {
            line: e.end_line,
            col: line.chars().count() as u32 + 1,
            end_col: NONE,
            text: Some(line.into()),
            ..e
        };
    } else if msg == "unexpected character after line continuation character" {
        let more = u32::from(range.start().to_usize() + 1 < text.len());
        (e.col, e.end_line, e.end_col) = (e.col + more, e.line, 0);
    } else if msg == "unexpected EOF while parsing" {
        // The parser's place may begin with the space before the backslash.
        let space = text[range.start().to_usize()..].find('\\').unwrap_or(0) as u32;
        (e.col, e.end_line, e.end_col) = (e.col + space + 1, e.line, NONE);
    } else if at_end && (kind == ErrKind::Indentation || msg.starts_with("expected 'except'")) {
        let last = source.lines() - u32::from(text.ends_with('\n') && source.lines() > 1);
        let line = source.line_text(last);
        let col = line.chars().count() as u32 + u32::from(!unended);
        e = SyntaxErr { line: last, col, end_line: last, end_col: NONE, text: Some(line.into()), ..e };
    } else if unended
        && kind == ErrKind::Syntax
        && (msg == "invalid syntax" || msg.to_ascii_lowercase().starts_with("expected"))
    {
        let width = source.line_text(e.line).chars().count() as u32;
        // The rules that ask for this colon ask for nothing else that could stand there.
        let asked = ["def ", "async def ", "try", "else", "finally"];
        let asked = asked.iter().any(|k| source.line_text(e.line).trim_start().starts_with(k));
        (e.end_line, (e.col, e.end_col)) = match msg {
            "invalid syntax" | "expected '('" => (e.line, (0, 0)),
            "expected ':'" if asked => (e.line, (0, 0)),
            _ if msg.starts_with("Expected one or more") => (e.line, (0, width)),
            _ => (e.line, (width, NONE)),
        };
    } else if comment || e.end_line == e.line + 1 && e.end_col == 1 || range.is_empty() && msg == "invalid syntax" {
        // A newline.
        let wide = u32::from(!msg.starts_with("Expected one or more"));
        let width =
            if comment { text[range.start().to_usize()..range.end().to_usize()].chars().count() as u32 } else { 0 };
        (e.end_line, e.end_col) = (e.line, e.col + width + wide);
    } else if msg.starts_with("invalid character") || msg.starts_with("invalid non-printable") {
        (e.end_line, e.end_col) = (e.line, e.col);
    } else if msg.starts_with("cannot have both 'except'") {
        let star = text[range.start().to_usize() + 6..].trim_start_matches(' ').starts_with('*');
        (e.end_line, e.end_col) = (e.line, e.col + 6 + u32::from(star));
    } else if msg.starts_with("multiple exception types must be") {
        let rest = source.line_text(e.line).trim_end();
        if let Some(colon) = rest.rfind(':') {
            e.end_col = rest[..colon].trim_end().chars().count() as u32 + 1;
        }
    } else if msg.starts_with("Type parameter list cannot be empty") {
        e.end_col = e.col;
    } else if msg == "iterable argument unpacking follows keyword argument unpacking" {
        let before = &text[..range.start().to_usize()];
        if let Some(comma) = before.rfind(',') {
            e.col -= before[comma..].chars().count() as u32;
        }
    } else if msg.starts_with("positional argument follows keyword argument") && e.line == e.end_line {
        // CPython points at what follows the argument.
        (e.col, e.end_col) = (e.end_col, e.end_col + 1);
    } else if msg.starts_with("bytes can only contain") {
        let line = source.line_text(e.line);
        let at = line.char_indices().nth(e.col as usize - 1).map_or(line.len(), |(i, _)| i);
        if let Some(open) = line[..at].rfind(['"', '\'']) {
            let quote = &line[open..=open];
            let start = open - line[..open].chars().rev().take_while(char::is_ascii_alphabetic).count();
            let close = line[at..].find(quote).map_or(line.len(), |i| at + i + 1);
            let count = |to: usize| line[..to].chars().count() as u32 + 1;
            (e.col, e.end_col) = (count(start), count(close));
        }
    } else if msg.starts_with("trailing comma not allowed") {
        (e.col, e.end_col) = (e.end_col, e.end_col + 1);
    }
    e
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
            // What the parser does not expect is at the end, or behind the end of this line.
            let rest = source.text[at.start().to_usize()..].trim_start_matches([' ', '\t', '\x0c']);
            let at_end = rest.is_empty() || rest.starts_with(['\n', '#']);
            (at_end || i == at.start().to_usize() || source.line_of(at.start()) > line)
                .then(|| (one(i), format!("'{c}' was never closed")))
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
        T::OtherError(m) if m.contains("mixed") || m.contains("t-string") => {
            let template = here.split(['"', '\'']).any(|part| {
                let word = part.rsplit(' ').next().unwrap_or("");
                matches!(&*word.to_ascii_lowercase(), "t" | "rt" | "tr")
            });
            if template { "cannot mix t-string literals with string or bytes literals".into() } else { other(m) }
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
        && {
            // One value, and not itself a target.
            let value = after[1..].lines().next().unwrap_or("").trim_start_matches(' ');
            let first = value.chars().next().is_some_and(|c| c.is_alphanumeric() || "_\"'([{-+~.".contains(c));
            let lone = value
                .match_indices('=')
                .any(|(i, _)| !value[i + 1..].starts_with('=') && !value[..i].ends_with(['=', '!', '<', '>', ':']));
            first && (!lone || value.starts_with(['"', '\'']))
        }
}

fn generic(source: &Source<'_>, range: TextRange) -> (ErrKind, TextRange, String) {
    if let Some((r, m)) = bracket_error(source, range, true) {
        return (ErrKind::Syntax, r, m);
    }
    let at = range.start().to_usize();
    if let Bracket::Unclosed(open, _) = brackets(source, at)
        && let Some((r, m)) = crate::fields::lacks_comma(source.text, open + 1, at, bracket_end(source, open))
    {
        // That the bracket is never closed comes first if the parser has read on behind it.
        let next = source.text[r.end().to_usize()..].trim_start_matches([' ', '\t', '\x0c']);
        return match brackets(source, source.text.len()) {
            Bracket::Unclosed(i, c)
                if next.is_empty()
                    || next.starts_with(['\n', '#'])
                    || source.line_of(r.end()) > source.line_of(TextSize::new(i as u32)) =>
            {
                (ErrKind::Syntax, TextRange::empty(TextSize::new(i as u32)), format!("'{c}' was never closed"))
            }
            _ => (ErrKind::Syntax, r, m),
        };
    }
    // The tokenizer has read the word that the parser did not expect.
    if let Some((r, m)) = crate::numbers::begins(source.text, at).filter(|(_, m)| m != "invalid syntax") {
        return (ErrKind::Syntax, r, m);
    }
    (ErrKind::Syntax, range, "invalid syntax".into())
}

/// Where the content of the bracket at `open` ends.
fn bracket_end(source: &Source<'_>, open: usize) -> usize {
    let close = match source.text.as_bytes()[open] {
        b'(' => ')',
        b'[' => ']',
        _ => '}',
    };
    let ends = source.text[open..].match_indices(close).map(|(i, _)| open + i);
    ends.into_iter()
        .find(|&end| matches!(brackets(source, end), Bracket::Unclosed(at, _) if at == open))
        .unwrap_or(source.text.len())
}

fn other(m: &str) -> String {
    let known = [
        ("Expected `except` or `finally` after `try` block", "expected 'except' or 'finally' block"),
        ("Expected one or more exception types", "expected one or more exception types"),
        ("Only single target (not tuple)", "only single target (not tuple) can be annotated"),
        ("Only single target (not list)", "only single target (not list) can be annotated"),
        ("Positional patterns cannot follow", "positional patterns follow keyword patterns"),
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
    let rest = rest.replace("' clause", "' statement").replace("'class' definition", "class definition");
    let rest = rest.replace("'case' block", "'case' statement");
    // The statement that lacks its block is the last line with a colon before.
    let before = &source.text[..range.start().to_usize()];
    let mut line = before.matches('\n').count();
    let lines: Vec<&str> = before.lines().collect();
    // The failure may be at the very end of that statement's line.
    line = (line + usize::from(before.lines().last().is_some_and(|l| !l.trim().is_empty()) && !before.ends_with('\n')))
        .min(lines.len());
    while line > 1 && (lines[line - 1].trim().is_empty() || lines[line - 1].trim_start().starts_with('#')) {
        line -= 1;
    }
    let star = lines.get(line.max(1) - 1).is_some_and(|l| l.trim_start().starts_with("except*"));
    let rest = if star { rest.replace("'except'", "'except*'") } else { rest };
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
                let line_text = text.lines().next().unwrap_or(text).trim_end();
                let quote = body.chars().next().unwrap_or('"');
                let escaped = line_text.strip_suffix(quote).is_some_and(|rest| rest.ends_with('\\'));
                let hint = if escaped { "; perhaps you escaped the end quote?" } else { "" };
                format!("unterminated string literal (detected at line {line}){hint}")
            };
            return (ErrKind::Syntax, point, msg);
        }
        L::InvalidByteLiteral => "bytes can only contain ASCII literal characters".into(),
        L::UnrecognizedToken { tok }
            if tok.is_control()
                || !tok.is_ascii()
                    && (tok.is_control()
                        || tok.is_whitespace()
                        || matches!(*tok as u32, 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xad | 0xe000..=0xf8ff)) =>
        {
            format!("invalid non-printable character U+{:04X}", *tok as u32)
        }
        L::UnrecognizedToken { tok } if !tok.is_ascii() => {
            format!("invalid character '{tok}' (U+{:04X})", *tok as u32)
        }
        L::LineContinuationError if text.len() < 2 => {
            return (ErrKind::Syntax, range, "unexpected character after line continuation character".into());
        }
        L::LineContinuationError if text[1..].trim_matches(['\n', '\r']).is_empty() => {
            return (ErrKind::Syntax, range, "unexpected EOF while parsing".into());
        }
        L::LineContinuationError => "unexpected character after line continuation character".into(),
        L::Eof => match bracket_error(source, TextRange::empty(TextSize::of(source.text)), true) {
            Some((r, m)) => return (ErrKind::Syntax, r, m),
            None => "unexpected EOF while parsing".into(),
        },
        L::UnicodeError | L::MissingUnicodeLbrace | L::MissingUnicodeRbrace => {
            if let Some((r, m)) = crate::fields::bad_escape(source.text, start) {
                return (ErrKind::Syntax, r, m);
            }
            "(unicode error) 'unicodeescape' codec can't decode bytes: malformed escape".into()
        }
        L::FStringError(k) => interpolated("f-string", k),
        L::TStringError(k) => interpolated("t-string", k),
        L::OtherError(_) => match crate::numbers::wrong(source.text, start) {
            Some((r, m)) => return (ErrKind::Syntax, r, m),
            None => return generic(source, range),
        },
        _ => return generic(source, range),
    };
    (ErrKind::Syntax, range, msg)
}
