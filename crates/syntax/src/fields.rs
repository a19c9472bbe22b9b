//! What is wrong with the replacement fields of f-strings and t-strings, in CPython's
//! words, and where two expressions lack a comma between them.
//!
//! The parser's errors say little of fields, so that a scan of the text finds the
//! fields and judges each as CPython's grammar does. It only reports; a source that
//! parses is never scanned.
//!
//! Tests: tests/lang/fstrings.md, tests/lang/syntax_errors.md.

use rustpython_ruff_python_ast::Expr;
use rustpython_ruff_python_ast::token::TokenKind;
use rustpython_ruff_python_parser as ruff;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

/// A message and its place.
type Found = Option<(TextRange, String)>;

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32))
}

/// The first mistake in a field of an interpolated string that starts before `limit`.
pub(crate) fn first_mistake(text: &str, limit: usize) -> Found {
    let b = text.as_bytes();
    let mut i = 0;
    while i < b.len() && i <= limit {
        match b[i] {
            b'#' => i = line_end(b, i),
            b'"' | b'\'' => {
                let prefix = prefix(b, i);
                let interpolated = prefix.iter().find_map(|c| match c.to_ascii_lowercase() {
                    b'f' => Some("f-string"),
                    b't' => Some("t-string"),
                    _ => None,
                });
                let raw = prefix.iter().any(|c| c.eq_ignore_ascii_case(&b'r'));
                match interpolated {
                    None => i = plain_end(b, i)?,
                    Some(what) => match (Scan { text, b, what, raw, depth: 0 }).string(i) {
                        Ok(end) => i = end,
                        Err(found) => return found,
                    },
                }
            }
            _ => i += 1,
        }
    }
    None
}

fn line_end(b: &[u8], i: usize) -> usize {
    b[i..].iter().position(|&c| c == b'\n').map_or(b.len(), |n| i + n)
}

/// The letters before a quote that are a string's prefix; a name before it is none.
fn prefix(b: &[u8], quote: usize) -> &[u8] {
    let in_name = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_' || !c.is_ascii();
    let start = b[..quote].iter().rposition(|c| !in_name(c)).map_or(0, |i| i + 1);
    let p = &b[start..quote];
    let is_prefix = match *p {
        [one] => b"rubft".contains(&one.to_ascii_lowercase()),
        [one, two] => match [one.to_ascii_lowercase(), two.to_ascii_lowercase()] {
            [b'r', other] | [other, b'r'] => b"bft".contains(&other),
            _ => false,
        },
        _ => false,
    };
    if is_prefix { p } else { &[] }
}

/// Behind the end of a plain string that starts at `i`; None if it has no end.
fn plain_end(b: &[u8], i: usize) -> Option<usize> {
    let (q, triple) = (b[i], is_triple(b, i));
    let mut i = i + if triple { 3 } else { 1 };
    while i < b.len() {
        match b[i] {
            b'\\' => i += 1,
            b'\n' if !triple => return None,
            c if c == q && (!triple || is_triple(b, i)) => return Some(i + if triple { 3 } else { 1 }),
            _ => {}
        }
        i += 1;
    }
    None
}

fn is_triple(b: &[u8], i: usize) -> bool {
    b.get(i + 1) == Some(&b[i]) && b.get(i + 2) == Some(&b[i])
}

/// The scan of one interpolated string and what it holds.
struct Scan<'a> {
    text: &'a str,
    b: &'a [u8],
    what: &'static str,
    raw: bool,
    depth: u32,
}

/// Behind what was scanned, or why the scan ended: a mistake, or nothing that a scan can say.
type Step = Result<usize, Found>;

impl Scan<'_> {
    fn mistake<T>(&self, start: usize, end: usize, msg: &str) -> Result<T, Found> {
        Err(Some((range(start, end), format!("{}: {msg}", self.what))))
    }

    /// A mistake that CPython's tokenizer notes: its place has no width.
    fn point<T>(&self, at: usize, msg: &str) -> Result<T, Found> {
        self.mistake(at, at, msg)
    }

    /// The string whose quote is at `i`.
    fn string(&self, i: usize) -> Step {
        let triple = is_triple(self.b, i);
        let quote = &self.b[i..i + if triple { 3 } else { 1 }];
        let end = self.middle(i + quote.len(), quote, false);
        if let Err(None) = end {
            // Where did it stop? At the end of a line, or of the source.
            let start = i - prefix(self.b, i).len();
            let stop = if triple { self.b.len() } else { line_end(self.b, i) };
            let line = 1 + self.b[..stop].iter().filter(|&&c| c == b'\n').count()
                - usize::from(triple && self.b.ends_with(b"\n"));
            let kind = if triple { "unterminated triple-quoted" } else { "unterminated" };
            let msg = format!("{kind} {} literal (detected at line {line})", self.what);
            return Err(Some((range(start, start), msg)));
        }
        end
    }

    /// Text and fields, up to the closing quote, or up to `}` in a format spec.
    fn middle(&self, mut i: usize, quote: &[u8], spec: bool) -> Step {
        let b = self.b;
        while i < b.len() {
            match b[i] {
                b'\\' if !self.raw && b[i..].starts_with(b"\\N{") => {
                    i += b[i..].iter().position(|&c| c == b'}').unwrap_or(2);
                }
                b'\\' if !matches!(b.get(i + 1), Some(b'{' | b'}')) => i += 1,
                b'{' if b.get(i + 1) == Some(&b'{') && !spec => i += 1,
                b'{' => {
                    i = self.field(i, quote)?;
                    continue;
                }
                b'}' if spec => return Ok(i),
                b'}' if b.get(i + 1) == Some(&b'}') => i += 1,
                b'}' => return self.point(i, "single '}' is not allowed"),
                b'\n' if quote.len() == 1 && spec => {
                    let what = self.what;
                    return self
                        .point(i, &format!("newlines are not allowed in format specifiers for single quoted {what}s"));
                }
                b'\n' if quote.len() == 1 => return Err(None),
                _ if b[i..].starts_with(quote) => {
                    if spec {
                        return self.mistake(i, i + 1, "expecting '}', or format specs");
                    }
                    return Ok(i + quote.len());
                }
                _ => {}
            }
            i += 1;
        }
        Err(None)
    }

    /// The field whose brace is at `open`; gives what is behind its closing brace.
    fn field(&self, open: usize, quote: &[u8]) -> Step {
        let b = self.b;
        let start = self.blank(open + 1);
        match b.get(start) {
            Some(b'}') => return self.mistake(start, start + 1, "valid expression required before '}'"),
            Some(b'!') if b.get(start + 1) != Some(&b'=') => {
                return self.mistake(start, start + 1, "valid expression required before '!'");
            }
            Some(b':') => return self.mistake(start, start + 1, "valid expression required before ':'"),
            Some(b'=') if b.get(start + 1) != Some(&b'=') => {
                return self.mistake(start, start + 1, "valid expression required before '='");
            }
            None => return Err(Some((range(open, open), "'{' was never closed".into()))),
            Some(c) if !c.is_ascii() => {
                let c = self.text[start..].chars().next().unwrap_or(' ');
                if !c.is_alphanumeric() {
                    let kind = if c.is_whitespace() || c.is_control() {
                        format!("invalid non-printable character U+{:04X}", c as u32)
                    } else {
                        format!("invalid character '{c}' (U+{:04X})", c as u32)
                    };
                    return Err(Some((range(start, start), kind)));
                }
            }
            _ => {}
        }
        let end = self.expression(open, start, quote)?;
        self.judge(start, end)?;
        let mut i = end;
        if b.get(i) == Some(&b'=') {
            i = self.blank(i + 1);
            self.ended(i, quote)?;
            if !matches!(b.get(i), Some(b'!' | b':' | b'}')) {
                return self.mistake(i, i + 1, "expecting '!', or ':', or '}'");
            }
        }
        if b.get(i) == Some(&b'!') {
            i += 1;
            let word: usize =
                self.text[i..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
            let name = &self.text[i..i + word];
            let at = self.blank(i);
            if name.is_empty() {
                self.ended(at, quote)?;
                return match b.get(at) {
                    Some(b':' | b'}') => self.mistake(at, at + 1, "missing conversion character"),
                    Some(c) if at > i && (c.is_ascii_alphabetic() || *c == b'_') => {
                        self.mistake(i, at, "conversion type must come right after the exclamation mark")
                    }
                    _ => self.mistake(at, at + 1, "invalid conversion character"),
                };
            }
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                return self.mistake(i, i + word, "invalid conversion character");
            }
            if !matches!(name, "s" | "r" | "a") {
                let msg = format!("invalid conversion character '{name}': expected 's', 'r', or 'a'");
                return self.mistake(i, i + word, &msg);
            }
            i = self.blank(i + word);
            self.ended(i, quote)?;
            if !matches!(b.get(i), Some(b':' | b'}')) {
                return self.mistake(i, i + 1, "expecting ':' or '}'");
            }
        }
        if b.get(i) == Some(&b':') {
            if self.depth >= 2 {
                return self.point(i, "expressions nested too deeply");
            }
            i = Scan { depth: self.depth + 1, ..*self }.middle(i + 1, quote, true)?;
        }
        match b.get(i) {
            Some(b'}') => Ok(i + 1),
            _ => self.mistake(i.min(b.len()), (i + 1).min(b.len()), "expecting '}'"),
        }
    }

    /// Refuse a field that the end of the string or a bracket cuts off at `i`.
    fn ended(&self, i: usize, quote: &[u8]) -> Result<(), Found> {
        match self.b.get(i) {
            Some(_) if self.b[i..].starts_with(quote) => self.point(i, "expecting '}'"),
            Some(&c @ (b')' | b']')) => self.point(i, &format!("unmatched '{}'", c as char)),
            _ => Ok(()),
        }
    }

    /// Behind blanks and comments.
    fn blank(&self, mut i: usize) -> usize {
        while let Some(c) = self.b.get(i) {
            match c {
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => i += 1,
                b'#' => i = line_end(self.b, i),
                _ => break,
            }
        }
        i
    }

    /// The end of the expression that starts at `i`.
    fn expression(&self, brace: usize, mut i: usize, quote: &[u8]) -> Step {
        let (b, start) = (self.b, i);
        let mut open: Vec<(usize, u8)> = Vec::new();
        while i < b.len() {
            let c = b[i];
            let next = b.get(i + 1).copied();
            match c {
                b'#' => {
                    i = line_end(b, i);
                    continue;
                }
                b'"' | b'\'' => {
                    // The quote of the string itself where nothing is nested ends it all.
                    let nested = prefix(b, i);
                    let interpolated = nested.iter().any(|c| matches!(c, b'f' | b'F' | b't' | b'T'));
                    let end = if interpolated {
                        let raw = nested.iter().any(|c| c.eq_ignore_ascii_case(&b'r'));
                        match (Scan { raw, ..*self }).string(i) {
                            Ok(end) => Some(end),
                            Err(None) => None,
                            Err(found) => return Err(found),
                        }
                    } else {
                        plain_end(b, i)
                    };
                    match end {
                        Some(end) => i = end,
                        None if b[i..].starts_with(quote) => {
                            if self.text[start..i].trim() != "" {
                                self.judge(start, i)?;
                            }
                            return self.point(i, "expecting '}'");
                        }
                        None if interpolated => return Err(None),
                        None => {
                            let line = 1 + b[..i].iter().filter(|&&c| c == b'\n').count();
                            let kind = if is_triple(b, i) {
                                "unterminated triple-quoted string"
                            } else {
                                "unterminated string"
                            };
                            let at = i - nested.len();
                            return Err(Some((range(at, at), format!("{kind} literal (detected at line {line})"))));
                        }
                    }
                    continue;
                }
                b'\\' if !matches!(next, None | Some(b'\n' | b'\r')) => {
                    let msg = "unexpected character after line continuation character";
                    return Err(Some((range(i, i), msg.into())));
                }
                b'(' | b'[' | b'{' => open.push((i, c)),
                b')' | b']' | b'}' => match open.pop() {
                    None if c == b'}' => return Ok(i),
                    None => return self.point(i, &format!("unmatched '{}'", c as char)),
                    Some((_, o)) if !matches!((o, c), (b'(', b')') | (b'[', b']') | (b'{', b'}')) => {
                        let (c, o) = (c as char, o as char);
                        let msg = format!("closing parenthesis '{c}' does not match opening parenthesis '{o}'");
                        return Err(Some((range(i, i), msg)));
                    }
                    Some(_) => {}
                },
                b':' if open.is_empty() => return Ok(i),
                b'!' if open.is_empty() && next != Some(b'=') => return Ok(i),
                b'!' | b'=' | b'<' | b'>' if next == Some(b'=') => i += 1,
                b'=' if open.is_empty() => return Ok(i),
                _ => {}
            }
            i += 1;
        }
        let (at, c) = open.pop().unwrap_or((brace, b'{'));
        Err(Some((range(at, at), format!("'{}' was never closed", c as char))))
    }

    /// Whether the text of a field is an expression.
    fn judge(&self, start: usize, end: usize) -> Result<(), Found> {
        let text = &self.text[start..end];
        let Some(at) = mistake_in(text) else { return Ok(()) };
        if text.starts_with("lambda") && self.b.get(end) == Some(&b':') && mistake_in(&format!("{text}: 0")).is_none() {
            let msg = "lambda expressions are not allowed without parentheses";
            return self.mistake(start, end + 1, msg);
        }
        let at = start + at.min(text.len());
        if let Some((r, m)) = lacks_comma(self.text, start, at, end) {
            return Err(Some((r, m)));
        }
        if longest(text).is_none() {
            let wide = if text.starts_with("**") { 2 } else { 1 };
            return self.mistake(start, start + wide, "expecting a valid expression after '{'");
        }
        let word =
            self.text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum::<usize>();
        let next = self.text[at..].chars().next().map_or(0, char::len_utf8);
        self.mistake(at, at + word.max(next), "expecting '=', or '!', or ':', or '}'")
    }
}

/// Where `text`, as if in parentheses, stops to be an expression.
fn mistake_in(text: &str) -> Option<usize> {
    let source = format!("({text}\n)");
    let parsed = ruff::parse_unchecked(&source, ruff::ParseOptions::from(ruff::Mode::Expression));
    let first = parsed.errors().iter().map(|e| e.location.start().to_usize()).min();
    first.map(|at| at.saturating_sub(1))
}

/// The longest part of `text` from its start that is an expression, ended at a token.
fn longest(text: &str) -> Option<usize> {
    let source = format!("({text}\n)");
    let parsed = ruff::parse_unchecked(&source, ruff::ParseOptions::from(ruff::Mode::Expression));
    let code =
        parsed.tokens().iter().filter(|t| !matches!(t.kind(), TokenKind::Comment | TokenKind::NonLogicalNewline));
    let mut ends: Vec<usize> = code.map(|t| t.end().to_usize() - 1).collect();
    ends.retain(|&e| e > 0 && e <= text.len());
    ends.into_iter().rev().find(|&e| is_expression(&text[..e]))
}

fn parsed(text: &str) -> Option<Expr> {
    let source = format!("({text}\n)");
    ruff::parse_expression(&source).ok().map(|m| *m.into_syntax().body)
}

fn is_expression(text: &str) -> bool {
    parsed(text)
        .is_some_and(|e| !matches!(e, Expr::Generator(_) | Expr::Starred(_)) || text.trim_start().starts_with('('))
}

/// The length of the longest expression that `text` starts with.
pub(crate) fn expression_prefix(text: &str) -> Option<usize> {
    longest(text).map(|n| text[..n].trim_end().len())
}

/// What CPython calls the expression `text`.
pub(crate) fn kind_of(text: &str) -> Option<&'static str> {
    parsed(text).map(|e| crate::messages::name(&e))
}

/// Whether `text` is what the grammar calls a disjunction.
pub(crate) fn is_disjunction(text: &str) -> bool {
    let bare = |e: &Expr| {
        matches!(
            e,
            Expr::If(_)
                | Expr::Lambda(_)
                | Expr::Tuple(_)
                | Expr::Starred(_)
                | Expr::Named(_)
                | Expr::Yield(_)
                | Expr::YieldFrom(_)
                | Expr::Generator(_)
        )
    };
    parsed(text).is_some_and(|e| !bare(&e) || text.starts_with('(') && e.range().start().to_usize() > 1)
}

/// What is wrong with the first bad escape in the literal around `at`: the place is the
/// literal, or the part of an interpolated string between fields.
pub(crate) fn bad_escape(text: &str, at: usize) -> Found {
    let b = text.as_bytes();
    let mut i = 0;
    while i < b.len() {
        match b[i] {
            b'#' => i = line_end(b, i),
            b'"' | b'\'' => {
                let prefix = prefix(b, i);
                let has = |x: u8| prefix.iter().any(|c| c.eq_ignore_ascii_case(&x));
                let width = if is_triple(b, i) { 3 } else { 1 };
                let end = plain_end(b, i)?;
                let (start, body) = (i - prefix.len(), i + width..end - width);
                if end >= at && !has(b'r') {
                    if !has(b'f') && !has(b't') {
                        let msg = escape_mistake(&text[body], has(b'b'))?;
                        return Some((range(start, end), msg));
                    }
                    // The part between fields that `at` is in.
                    let mut from = body.start;
                    for (k, _) in text[body.clone()].match_indices(['{', '}']) {
                        let k = body.start + k;
                        let named = text[from..k].ends_with("\\N")
                            || text[from..k].rfind("\\N{").is_some_and(|n| !text[from + n..k].contains('}'));
                        if named {
                            continue;
                        }
                        if let Some(msg) = escape_mistake(&text[from..k], false).filter(|_| b[k] == b'{') {
                            return Some((range(from, k), msg));
                        }
                        from = k + 1;
                    }
                    return escape_mistake(&text[from..body.end], false).map(|msg| (range(from, body.end), msg));
                }
                i = end;
            }
            _ => i += 1,
        }
    }
    None
}

/// The first bad escape in a literal's content.
fn escape_mistake(body: &str, bytes: bool) -> Option<String> {
    let b = body.as_bytes();
    // What is not ASCII counts as the escape that CPython makes of it.
    let column = |i: usize| body[..i].chars().map(|c| if c.is_ascii() || bytes { 1 } else { 10 }).sum::<usize>();
    let mut i = 0;
    while let Some(n) = b[i..].iter().position(|&c| c == b'\\') {
        let at = i + n;
        let c = body[at + 1..].chars().next()?;
        i = at + 1 + c.len_utf8();
        let wrong = |end: usize, what: &str| {
            let (from, to) = (column(at), column(end) - 1);
            Some(format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {from}-{to}: {what}"))
        };
        let (count, what) = match c {
            'x' => (2, "truncated \\xXX escape"),
            'u' if !bytes => (4, "truncated \\uXXXX escape"),
            'U' if !bytes => (8, "truncated \\UXXXXXXXX escape"),
            'N' if !bytes => {
                let close = body[i..].find('}').filter(|&n| b.get(i) == Some(&b'{') && n > 1);
                match close {
                    None => {
                        let end =
                            if b.get(i) == Some(&b'{') { body[i..].find('}').map_or(body.len(), |n| i + n) } else { i };
                        return wrong(end, "malformed \\N character escape");
                    }
                    Some(n) => {
                        let name = &body[i + 1..i + n];
                        i += n + 1;
                        if ruff::parse_expression(&format!("'\\N{{{name}}}'")).is_err() {
                            return wrong(i, "unknown Unicode character name");
                        }
                        continue;
                    }
                }
            }
            _ => continue,
        };
        let digits = b[i..].iter().take(count).take_while(|c| c.is_ascii_hexdigit()).count();
        if digits < count {
            if bytes {
                return Some(format!("(value error) invalid \\x escape at position {at}"));
            }
            return wrong(i + digits, what);
        }
        if count == 8 && u32::from_str_radix(&body[i..i + 8], 16).is_ok_and(|v| v > 0x10ffff) {
            return wrong(i + 8, "illegal Unicode character");
        }
        i += count;
    }
    None
}

/// Two expressions behind one another, the second from `at` on: in brackets a comma
/// is missing. `start` is where the bracket's content starts, `end` where it ends.
pub(crate) fn lacks_comma(text: &str, start: usize, at: usize, end: usize) -> Found {
    let before = text.get(start..at)?;
    let first = text[at..].chars().next()?;
    if !(first.is_alphanumeric() || matches!(first, '_' | '"' | '\'' | '(' | '[' | '{' | '~' | '.')) {
        return None;
    }
    let a = starts(before).into_iter().find(|&s| is_disjunction(before[s..].trim_end()))?;
    let left = before[a..].trim_end();
    let rest = text.get(at..end)?;
    let rest = &rest[..first_comma(rest)];
    let n = longest(rest)?;
    let name =
        |s: &str| s.chars().all(|c| c.is_alphanumeric() || c == '_') && !s.starts_with(|c: char| c.is_ascii_digit());
    if name(left) && matches!(first, '"' | '\'') || matches!(left, "print" | "exec" | "match" | "case" | "type" | "_") {
        return None;
    }
    Some((range(start + a, at + rest[..n].trim_end().len()), "invalid syntax. Perhaps you forgot a comma?".into()))
}

/// Where the first comma outside of brackets and strings is, or else the end.
fn first_comma(text: &str) -> usize {
    let b = text.as_bytes();
    let (mut depth, mut i) = (0u32, 0);
    while i < b.len() {
        match b[i] {
            b'"' | b'\'' => {
                i = plain_end(b, i).unwrap_or(b.len());
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return i,
            _ => {}
        }
        i += 1;
    }
    text.len()
}

/// Where in the content of a bracket an expression can start, outermost first.
pub(crate) fn starts(before: &str) -> Vec<usize> {
    let b = before.as_bytes();
    let mut out = vec![0];
    let (mut depth, mut i) = (0u32, 0);
    while i < b.len() {
        match b[i] {
            b'"' | b'\'' => {
                i = plain_end(b, i).unwrap_or(b.len());
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' | b':' | b'=' | b'*' if depth == 0 => out.push(i + 1),
            c if depth == 0 && c.is_ascii_alphabetic() && (i == 0 || !b[i - 1].is_ascii_alphanumeric()) => {
                for word in ["else", "lambda", "await", "not"] {
                    let end = i + word.len();
                    if before[i..].starts_with(word)
                        && b.get(end).is_some_and(|c| !c.is_ascii_alphanumeric() && *c != b'_')
                    {
                        out.push(end);
                    }
                }
            }
            _ => {}
        }
        i += 1;
    }
    for s in &mut out {
        *s += before[*s..].len() - before[*s..].trim_start().len();
    }
    out.retain(|&s| s < before.len());
    out
}
