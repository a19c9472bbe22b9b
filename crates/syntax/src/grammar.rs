//! CPython's special messages for common mistakes, found among the tokens around the
//! place where Ruff's parser gave up: its grammar calls these the invalid rules.
//!
//! Every rule looks at tokens only; an expression is what the parser accepts as one.
//!
//! Tests: tests/lang/syntax_errors.md.

use rustpython_ruff_python_ast::token::{TokenKind, Tokens};
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

use crate::fields::{expression_prefix, is_disjunction, kind_of, starts};

/// A message and its place.
type Found = Option<(TextRange, String)>;

/// The tokens that count, and the one at which the parser failed.
pub(crate) struct Rules<'a> {
    text: &'a str,
    toks: Vec<(TokenKind, usize, usize)>,
    at: usize,
}

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(TextSize::new(start as u32), TextSize::new(end.max(start) as u32))
}

fn found(start: usize, end: usize, msg: impl Into<String>) -> Found {
    Some((range(start, end), msg.into()))
}

const STATEMENTS: &[&str] =
    &["pass", "break", "continue", "return", "raise", "import", "from", "del", "assert", "global", "nonlocal"];

impl<'a> Rules<'a> {
    /// The rules for a failure at `at`.
    pub(crate) fn new(text: &'a str, tokens: &Tokens, at: usize) -> Rules<'a> {
        let toks: Vec<_> = tokens
            .iter()
            .filter(|t| !matches!(t.kind(), TokenKind::Comment | TokenKind::NonLogicalNewline))
            .map(|t| (t.kind(), t.start().to_usize(), t.end().to_usize()))
            .collect();
        let at =
            toks.iter().position(|t| t.2 > at).or_else(|| toks.iter().position(|t| t.1 >= at)).unwrap_or(toks.len());
        Rules { text, toks, at }
    }

    fn tok(&self, i: usize) -> &'a str {
        self.toks.get(i).and_then(|t| self.text.get(t.1..t.2)).unwrap_or("")
    }

    fn start(&self, i: usize) -> usize {
        self.toks.get(i).map_or(self.text.len(), |t| t.1)
    }

    fn end(&self, i: usize) -> usize {
        self.toks.get(i).map_or(self.text.len(), |t| t.2)
    }

    fn is_break(&self, i: usize) -> bool {
        matches!(self.toks[i].0, TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::Semi)
    }

    /// The first token of the statement that token `i` is in.
    fn statement(&self, i: usize) -> usize {
        (0..i.min(self.toks.len())).rev().find(|&k| self.is_break(k)).map_or(0, |k| k + 1)
    }

    /// The innermost bracket open before token `i`.
    fn open(&self, i: usize) -> Option<usize> {
        let mut depth = 0;
        for k in (self.statement(i)..i.min(self.toks.len())).rev() {
            match self.tok(k) {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" if depth == 0 => return Some(k),
                "(" | "[" | "{" => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// The bracket that closes `open`, or the end of the tokens.
    fn close(&self, open: usize) -> usize {
        let mut depth = 0;
        for k in open..self.toks.len() {
            match self.tok(k) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth -= 1;
                    if depth == 0 {
                        return k;
                    }
                }
                _ => {}
            }
        }
        self.toks.len()
    }

    /// The tokens `from..to` outside of brackets.
    fn flat(&self, from: usize, to: usize) -> Vec<usize> {
        let (mut out, mut k) = (Vec::new(), from);
        while k < to.min(self.toks.len()) {
            out.push(k);
            k = match self.tok(k) {
                "(" | "[" | "{" => self.close(k) + 1,
                _ => k + 1,
            };
        }
        out
    }

    /// What the grammar's invalid rules say, if one of them fits.
    pub(crate) fn apply(&self) -> Found {
        self.prefixes()
            .or_else(|| self.legacy())
            .or_else(|| self.quotes())
            .or_else(|| self.import())
            .or_else(|| self.bad_target())
            .or_else(|| self.bound())
            .or_else(|| self.definition())
            .or_else(|| self.parameters())
            .or_else(|| self.arguments())
            .or_else(|| self.dict())
            .or_else(|| self.assignment())
            .or_else(|| self.conditional())
            .or_else(|| self.operators())
            .or_else(|| self.groups())
    }

    /// Python 2's `print x` and `exec x`.
    fn legacy(&self) -> Found {
        let first = self.statement(self.at);
        for i in first..=self.at.min(self.toks.len().saturating_sub(1)) {
            let word = self.tok(i);
            let begins = i == first || self.tok(i - 1) == ":";
            if !begins || !matches!(word, "print" | "exec") || self.tok(i + 1) == "(" {
                continue;
            }
            let start = self.end(i);
            let Some(n) = self.text.get(start..self.line_end(i)).and_then(expression_prefix) else { continue };
            if n > 0 {
                let msg = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
                return found(self.start(i), start + n, msg);
            }
        }
        None
    }

    fn prefixes(&self) -> Found {
        let i = self.at;
        let (kind, start, _) = *self.toks.get(i)?;
        let string = matches!(kind, TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart);
        if !string || i == 0 || self.end(i - 1) != start || self.toks[i - 1].0 != TokenKind::Name {
            return None;
        }
        let quote = start + self.text[start..].find(['"', '\''])?;
        let word = self.text[self.start(i - 1)..quote].to_ascii_lowercase();
        let has = |c: char| word.contains(c);
        if word.len() > 5 || !word.chars().all(|c| "burft".contains(c)) {
            return None;
        }
        let pairs = [('u', 'b'), ('u', 'r'), ('u', 'f'), ('u', 't'), ('b', 'f'), ('b', 't'), ('f', 't')];
        let (a, b) = pairs.into_iter().find(|&(a, b)| has(a) && has(b))?;
        found(self.start(i - 1), quote, format!("'{a}' and '{b}' prefixes are incompatible"))
    }

    /// Words between two strings: a quote inside of a literal was not escaped.
    fn quotes(&self) -> Found {
        let i = self.at;
        if i == 0 || self.toks[i - 1].0 != TokenKind::String || self.toks.get(i)?.0 != TokenKind::Name {
            return None;
        }
        let next = (i..self.toks.len()).find(|&k| self.toks[k].0 != TokenKind::Name)?;
        (self.toks[next].0 == TokenKind::String).then(|| {
            let msg = "invalid syntax. Is this intended to be part of the string?".to_owned();
            (range(self.start(i), self.end(next - 1)), msg)
        })
    }

    fn import(&self) -> Found {
        let s = self.statement(self.at);
        if self.tok(s) != "import" || self.tok(self.at) != "from" {
            return None;
        }
        let mut k = self.at + 1;
        while k < self.toks.len() && (self.toks[k].0 == TokenKind::Name || matches!(self.tok(k), "." | "...")) {
            k += 1;
        }
        let end = if self.toks.get(k).is_none_or(|t| t.0 == TokenKind::Newline) { self.start(k) } else { self.end(k) };
        found(self.start(s), end, "Did you mean to use 'from ... import ...' instead?")
    }

    /// What follows `as` and is no name.
    fn bad_target(&self) -> Found {
        let s = self.statement(self.at);
        let k = (s..self.at.min(self.toks.len())).rev().find(|&k| self.tok(k) == "as")?;
        let start = self.start(k + 1);
        let stops = |j: &usize| matches!(self.tok(*j), "," | ")" | ":" | "|") || self.is_break(*j);
        let end = self.flat(k + 1, self.toks.len()).into_iter().find(stops).map_or(self.text.len(), |j| self.start(j));
        let n = expression_prefix(self.text.get(start..end)?)?;
        let kind = kind_of(&self.text[start..start + n])?;
        if kind == "name" {
            return None;
        }
        let msg = match self.tok(s) {
            "import" | "from" => format!("cannot use {kind} as import target"),
            "except" if self.tok(s + 1) == "*" => format!("cannot use except* statement with {kind}"),
            "except" => format!("cannot use except statement with {kind}"),
            "case" => format!("cannot use {kind} as pattern target"),
            _ => return None,
        };
        // Parentheses around it do not count, but for a tuple.
        let whole = &self.text[start..start + n];
        let inner = whole.trim_start_matches('(').len();
        if whole.starts_with('(') && kind != "tuple" && kind != "generator expression" {
            let skip = whole.len() - inner;
            return found(start + skip, start + whole.trim_end_matches(')').len(), msg);
        }
        found(start, start + n, msg)
    }

    /// The end of the statement's text after token `k`, for parsing parts of it.
    fn line_end(&self, k: usize) -> usize {
        (k..self.toks.len())
            .find(|&i| matches!(self.toks[i].0, TokenKind::Newline | TokenKind::Semi))
            .map_or(self.text.len(), |i| self.start(i))
    }

    /// `[*Ts: int]`
    fn bound(&self) -> Found {
        let i = self.at;
        let what = match self.tok(i.checked_sub(2)?) {
            "*" => "TypeVarTuple",
            "**" => "ParamSpec",
            _ => return None,
        };
        let s = self.statement(i);
        let open = self.open(i)?;
        let def = [self.tok(s), self.tok(s + 1)].iter().any(|w| matches!(*w, "def" | "class" | "type"));
        if self.tok(i) != ":" || self.tok(open) != "[" || !def {
            return None;
        }
        let start = self.start(i + 1);
        let n = expression_prefix(self.text.get(start..self.start(self.close(open)))?)?;
        let kind = if kind_of(&self.text[start..start + n]) == Some("tuple") { "constraints" } else { "bound" };
        found(self.start(i), start + n, format!("cannot use {kind} with {what}"))
    }

    fn definition(&self) -> Found {
        let i = self.at;
        let s = self.statement(i);
        let d = if self.tok(s) == "async" { s + 1 } else { s };
        if self.tok(d) == "def" && self.tok(i) != "(" && self.toks.get(d + 1)?.0 == TokenKind::Name {
            let after = if self.tok(d + 2) == "[" { self.close(d + 2) + 1 } else { d + 2 };
            if after == i {
                let (start, end) =
                    (self.start(i), self.end(i).min(self.start(i) + self.tok(i).trim_end().len().max(1)));
                return found(start, end, "expected '('");
            }
        }
        if self.tok(i) == "elif" {
            let indent = self.start(i) - self.text[..self.start(i)].rfind('\n').map_or(0, |n| n + 1);
            let before = self.text[..self.start(i)].lines().rev().find(|l| {
                let t = l.trim_start();
                !t.is_empty() && !t.starts_with('#') && l.len() - t.len() <= indent
            })?;
            if before.trim_start().starts_with("else") {
                return found(self.start(i), self.end(i), "'elif' block follows an 'else' block");
            }
        }
        None
    }

    /// The lists of parameters of functions.
    fn parameters(&self) -> Found {
        let s = self.statement(self.at);
        let d = if self.tok(s) == "async" { s + 1 } else { s };
        if self.tok(d) == "def" {
            let open = if self.tok(d + 2) == "[" { self.close(d + 2) + 1 } else { d + 2 };
            if self.tok(open) == "(" && self.at > open {
                let close = self.close(open);
                if self.at <= close {
                    return self.parameter_list(open + 1, close, "Function");
                }
            }
        }
        let l = (s..=self.at.min(self.toks.len().checked_sub(1)?)).rev().find(|&k| self.tok(k) == "lambda")?;
        let end = self.flat(l + 1, self.toks.len()).into_iter().find(|&k| self.tok(k) == ":" || self.is_break(k))?;
        if self.tok(end) != ":" { None } else { self.parameter_list(l + 1, end, "Lambda expression") }
    }

    fn parameter_list(&self, from: usize, to: usize, what: &str) -> Found {
        let one = |k: usize, msg: &str| found(self.start(k), self.end(k), msg);
        let (mut slash, mut star, mut fresh, mut stars) = (false, false, true, "");
        let mut unpacked = false;
        for k in self.flat(from, to) {
            let next = self.tok(k + 1);
            match self.tok(k) {
                "/" if fresh && k == from => return one(k, "at least one argument must precede /"),
                "/" if fresh && slash => return one(k, "/ may appear only once"),
                "/" if fresh && star => return one(k, "/ must be ahead of *"),
                "/" if fresh && next == "*" => return one(k + 1, "expected comma between / and *"),
                "/" if fresh => slash = true,
                "*" if fresh && star => return one(k, "* argument may appear only once"),
                "*" if fresh && (k + 1 == to || next == "," && (k + 2 == to || self.tok(k + 2) == "**")) => {
                    let place = if what == "Function" { k } else { k + 1 };
                    return one(place, "named arguments must follow bare *");
                }
                "*" if fresh => (star, stars) = (true, "var-positional"),
                "**" if fresh => stars = "var-keyword",
                "(" if fresh && self.close(k) <= to => {
                    return found(
                        self.start(k),
                        self.end(self.close(k)),
                        format!("{what} parameters cannot be parenthesized"),
                    );
                }
                // Such an annotation has a rule of its own, which knows no default.
                "=" if stars == "var-positional" && unpacked => return one(k, "invalid syntax"),
                ":" if next == "*" => unpacked = true,
                "=" if !stars.is_empty() => return one(k, &format!("{stars} argument cannot have default value")),
                "=" if k + 1 == to && what == "Function" || next == "," => {
                    return one(k, "expected default value expression");
                }
                // The last default of a lambda is missing, which no rule has words for.
                "=" if k + 1 == to => return one(to, "invalid syntax"),
                "," => {
                    unpacked = false;
                    (fresh, stars) = (true, "");
                    continue;
                }
                _ => {}
            }
            fresh = false;
        }
        None
    }

    /// Whether the bracket starts the arguments of a call.
    fn is_call(&self, open: usize) -> bool {
        let callee = open > 0
            && (matches!(self.toks[open - 1].0, TokenKind::Name | TokenKind::String)
                || matches!(self.tok(open - 1), ")" | "]"));
        let s = self.statement(open);
        self.tok(open) == "(" && callee && !matches!(self.tok(s), "def" | "case") && self.tok(s + 1) != "def"
    }

    fn arguments(&self) -> Found {
        let open = self.open(self.at)?;
        let close = self.close(open);
        if self.tok(open) != "{" {
            // `f(*)`, `a[*]`
            let star = self.flat(open + 1, close).into_iter().find(|&k| {
                self.tok(k) == "*"
                    && matches!(self.tok(k - 1), "," | "(" | "[")
                    && matches!(self.tok(k + 1), "," | ")" | "]" | ":")
            });
            if let Some(k) = star.filter(|_| self.is_call(open) || self.tok(open) == "[") {
                return found(self.start(k + 1), self.end(k + 1), "Invalid star expression");
            }
        }
        if !self.is_call(open) {
            return None;
        }
        let flat = self.flat(open + 1, close);
        let mut s = open + 1;
        for (n, &k) in flat.iter().enumerate() {
            if self.tok(k) == "," {
                s = k + 1;
                continue;
            }
            if self.tok(k) != "=" || flat[..n].iter().any(|&j| j >= s && self.tok(j) == "=") {
                continue;
            }
            let (start, eq_end) = (self.start(s), self.end(k));
            let value = self.start(k + 1);
            let value_end = || value + self.text.get(value..self.start(close)).and_then(expression_prefix).unwrap_or(0);
            match self.tok(s) {
                "*" => return found(start, value_end(), "cannot assign to iterable argument unpacking"),
                "**" => return found(start, value_end(), "cannot assign to keyword argument unpacking"),
                word @ ("True" | "False" | "None") if s + 1 == k => {
                    return found(start, eq_end, format!("cannot assign to {word}"));
                }
                _ if s + 1 == k && self.toks[s].0 == TokenKind::Name => {
                    if k + 1 == close || self.tok(k + 1) == "," {
                        return found(start, eq_end, "expected argument value expression");
                    }
                    let end = flat[n..].iter().find(|&&j| matches!(self.tok(j), "," | "for")).copied();
                    if end.is_some_and(|j| self.tok(j) == "for" && j > k + 1) {
                        return found(start, eq_end, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
                    }
                }
                _ => {
                    let left = self.text.get(start..self.start(k))?.trim_end();
                    if expression_prefix(left) == Some(left.len()) {
                        let msg = "expression cannot contain assignment, perhaps you meant \"==\"?";
                        return found(start, eq_end, msg);
                    }
                }
            }
        }
        None
    }

    fn dict(&self) -> Found {
        let open = self.open(self.at)?;
        let close = self.close(open);
        let flat = self.flat(open + 1, close);
        let keyed = flat.iter().any(|&k| self.tok(k) == ":");
        if self.tok(open) != "{" || !keyed {
            return None;
        }
        let (mut s, mut colon) = (open + 1, false);
        for k in flat.iter().copied().chain([close]) {
            match self.tok(k) {
                ":" if !colon => {
                    colon = true;
                    if k + 1 == close || self.tok(k + 1) == "," {
                        return found(self.start(k), self.end(k), "expression expected after dictionary key and ':'");
                    }
                    if self.tok(k + 1) == "*" {
                        let end = (k + 1..=close).find(|&j| j == close || self.tok(j) == ",")?;
                        let msg = "cannot use a starred expression in a dictionary value";
                        return found(self.start(k + 1), self.end(end - 1), msg);
                    }
                }
                "for" | "async" | "lambda" | "**" => return None,
                "," | "}" => {
                    if !colon && k > s && close < self.toks.len() {
                        let end = self.end(k - 1);
                        return found(end.saturating_sub(1), end.saturating_sub(1), KEY_WITHOUT_VALUE);
                    }
                    (s, colon) = (k + 1, false);
                }
                _ => {}
            }
        }
        None
    }

    /// `=` where `==` or `:=` was meant.
    fn assignment(&self) -> Found {
        let i = self.at;
        if self.tok(i) != "=" {
            return None;
        }
        let from = match self.open(i) {
            Some(open) => open + 1,
            None if matches!(self.tok(self.statement(i)), "if" | "elif" | "while" | "assert") => self.statement(i) + 1,
            None => return None,
        };
        let (base, eq) = (self.start(from), self.start(i));
        let before = self.text.get(base..eq)?;
        let value = self.start(i + 1);
        let stops = |j: &usize| matches!(self.tok(*j), "," | ")" | "]" | "}" | ":") || self.is_break(*j);
        let end = self.flat(i + 1, self.toks.len()).into_iter().find(stops).map_or(self.text.len(), |j| self.start(j));
        let n = expression_prefix(self.text.get(value..end)?)?;
        let after = self.text[value + n..].trim_start();
        if after.starts_with('=') && !after.starts_with("==") {
            return None;
        }
        let left = starts(before).into_iter().find_map(|s| {
            let part = before[s..].trim_end();
            is_disjunction(part).then_some((s, part))
        })?;
        let (start, end) = (base + left.0, base + left.0 + left.1.len());
        match kind_of(left.1)? {
            "name" => found(start, value + n, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"),
            "list"
            | "tuple"
            | "generator expression"
            | "True"
            | "False"
            | "None"
            | "comparison"
            | "conditional expression"
            | "lambda" => None,
            kind => found(start, end, format!("cannot assign to {kind} here. Maybe you meant '==' instead of '='?")),
        }
    }

    fn conditional(&self) -> Found {
        let i = self.at;
        if i > 0 && self.tok(i - 1) == "else" && self.tok(i) != ":" {
            let end_of_line = self.toks.get(i).is_none_or(|t| t.0 == TokenKind::Newline);
            if (STATEMENTS.contains(&self.tok(i)) || end_of_line) && i > 2 && self.statement(i) != i - 1 {
                let end = if end_of_line { self.start(i) + 1 } else { self.end(i) };
                return found(self.start(i), end, "expected expression after 'else', but statement is given");
            }
        }
        if matches!(self.tok(i), "pass" | "break" | "continue") && self.tok(i + 1) == "if" {
            return found(self.start(i), self.end(i), "expected expression before 'if', but statement is given");
        }
        let from = self.open(i).map_or(self.statement(i), |open| open + 1);
        let flat = self.flat(from, i);
        let at = flat.iter().rposition(|&k| self.tok(k) == "if")?;
        let k = flat[at];
        if k == from
            || matches!(self.tok(i), "else" | ":")
            || flat.iter().any(|&j| matches!(self.tok(j), "for" | "else" | "case"))
        {
            return None;
        }
        let base = self.start(from);
        let before = self.text.get(base..self.start(k))?.trim_end();
        let test = self.text.get(self.start(k + 1)..self.start(i))?.trim_end();
        if test.is_empty() || expression_prefix(test) != Some(test.len()) {
            return None;
        }
        let s = starts(before).into_iter().find(|&s| is_disjunction(&before[s..]))?;
        found(base + s, self.start(k + 1) + test.len(), "expected 'else' after 'if' expression")
    }

    fn operators(&self) -> Found {
        let i = self.at;
        if self.tok(i) == ">" && i > 0 && self.tok(i - 1) == "<" && self.end(i - 1) == self.start(i) {
            return found(self.start(i - 1), self.end(i), "invalid syntax.  Maybe you meant '!=' instead of '<>'?");
        }
        if self.tok(i) == "not"
            && i > 0
            && matches!(self.tok(i - 1), "+" | "-" | "*" | "/" | "//" | "%" | "@" | "~" | "**")
        {
            let start = self.start(i);
            let n = expression_prefix(self.text.get(start..self.line_end(i))?)?;
            return found(start, start + n, "'not' after an operator must be parenthesized");
        }
        let op = self.tok(i);
        if op.ends_with('=') && matches!(op.len(), 2 | 3) && !matches!(op, "==" | "!=" | "<=" | ">=" | ":=") {
            let s = self.start(self.statement(i));
            let target = self.text.get(s..self.start(i))?.trim_end();
            if let Some(kind) = kind_of(target) {
                return found(
                    s,
                    s + target.len(),
                    format!("'{kind}' is an illegal expression for augmented assignment"),
                );
            }
        }
        None
    }

    /// Stars and commas in brackets.
    fn groups(&self) -> Found {
        let i = self.at;
        let open = self.open(i)?;
        let s = self.statement(i);
        let def = [self.tok(s), self.tok(s + 1)].contains(&"def");
        if self.tok(open) == "(" && matches!(self.tok(open + 1), "*" | "**") && !self.is_call(open) && !def {
            let close = self.close(open);
            if !self.flat(open + 1, close).iter().any(|&k| matches!(self.tok(k), "," | "for")) && close > open + 2 {
                let double = if self.tok(open + 1) == "**" { "double " } else { "" };
                let start = self.start(open + 1);
                return found(start, self.end(close - 1), format!("cannot use {double}starred expression here"));
            }
        }
        if matches!(self.tok(open), "[" | "{") && self.tok(i) == "for" {
            let flat = self.flat(open + 1, i);
            if flat.iter().any(|&k| self.tok(k) == ",")
                && !flat.iter().any(|&k| matches!(self.tok(k), ":" | "for" | "**"))
            {
                let msg = "did you forget parentheses around the comprehension target?";
                return found(self.start(open + 1), self.end(i - 1), msg);
            }
            if self.tok(open) == "{" && self.tok(open + 1) == "**" {
                return found(
                    self.start(open + 1),
                    self.end(open + 1),
                    "dict unpacking cannot be used in dict comprehension",
                );
            }
        }
        None
    }
}

/// The message whose place has a start only.
pub(crate) const KEY_WITHOUT_VALUE: &str = "':' expected after dictionary key";
