//! Numbers as CPython's tokenizer reads them: what is wrong with one, and the warning about
//! a keyword that follows at once (`1if x else y`).
//!
//! Tests: tests/lang/syntax_warnings.md; CPython test_grammar.

use rustpython_ruff_python_ast::token::{TokenKind, Tokens};
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

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

/// What is wrong with the number around a place, and where.
pub(crate) fn wrong(text: &str, place: usize) -> Option<(TextRange, String)> {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'.';
    let b = text.as_bytes();
    let mut start = place.min(b.len());
    while start > 0 && word(b[start - 1]) {
        start -= 1;
    }
    begins(text, start)
}

/// What is wrong with the number that begins at a place, if one does.
pub(crate) fn begins(text: &str, start: usize) -> Option<(TextRange, String)> {
    let b = text.as_bytes();
    let digit = |i: usize| b.get(i).is_some_and(u8::is_ascii_digit);
    let begins = digit(start) || b.get(start) == Some(&b'.') && digit(start + 1);
    if !begins {
        return None;
    }
    Scan { text, start, at: start }.number().err()
}

/// Reads one number. CPython points at the last character that it has consumed.
struct Scan<'a> {
    text: &'a str,
    start: usize,
    at: usize,
}

type Fault = (TextRange, String);

impl Scan<'_> {
    fn next(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let taken = wanted(self.next());
        self.at += usize::from(taken);
        taken
    }
    fn fault(&self, msg: String) -> Fault {
        (TextRange::empty(TextSize::new(self.at.saturating_sub(1) as u32)), msg)
    }
    fn invalid(&self, kind: &str) -> Fault {
        self.fault(format!("invalid {kind} literal"))
    }
    fn number(&mut self) -> Result<(), Fault> {
        if self.take(|c| c == b'0') {
            for (letter, kind, radix) in [(b'x', "hexadecimal", 16), (b'o', "octal", 8), (b'b', "binary", 2)] {
                if self.take(|c| c.to_ascii_lowercase() == letter) {
                    return self.with_radix(kind, radix);
                }
            }
            while self.take(|c| c == b'0') || self.next() == b'_' {
                self.underscore()?;
            }
            let zeros = self.at;
            if self.next().is_ascii_digit() {
                self.digits()?;
                if !matches!(self.next(), b'.' | b'e' | b'E' | b'j' | b'J') {
                    let range = TextRange::new(TextSize::new(self.start as u32), TextSize::new(zeros as u32));
                    let msg = "leading zeros in decimal integer literals are not permitted; \
                               use an 0o prefix for octal integers";
                    return Err((range, msg.into()));
                }
            }
        } else if self.next() != b'.' {
            self.digits()?;
        }
        if self.take(|c| c == b'.') && self.next().is_ascii_digit() {
            self.digits()?;
        }
        self.exponent()
    }
    fn exponent(&mut self) -> Result<(), Fault> {
        let before = self.at;
        if self.take(|c| matches!(c, b'e' | b'E')) {
            let sign = self.take(|c| matches!(c, b'+' | b'-'));
            if self.next().is_ascii_digit() {
                self.digits()?;
            } else if sign {
                return Err(self.invalid("decimal"));
            } else {
                self.at = before;
                return self.end("decimal");
            }
        }
        match self.take(|c| matches!(c, b'j' | b'J')) {
            true => self.end("imaginary"),
            false => self.end("decimal"),
        }
    }
    fn with_radix(&mut self, kind: &str, radix: u32) -> Result<(), Fault> {
        let valid = |c: u8| (c as char).is_digit(radix);
        let bad_digit = |s: &mut Self| {
            let d = s.next();
            d.is_ascii_digit().then(|| {
                s.at += 1;
                s.fault(format!("invalid digit '{}' in {kind} literal", d as char))
            })
        };
        loop {
            self.take(|c| c == b'_');
            if !valid(self.next()) {
                return Err(bad_digit(self).unwrap_or_else(|| self.invalid(kind)));
            }
            while self.take(valid) {}
            if self.next() != b'_' {
                break;
            }
        }
        bad_digit(self).map_or(Ok(()), Err)?;
        self.end(kind)
    }
    /// One underscore, which a digit must follow.
    fn underscore(&mut self) -> Result<(), Fault> {
        match self.take(|c| c == b'_') && !self.next().is_ascii_digit() {
            true => Err(self.invalid("decimal")),
            false => Ok(()),
        }
    }
    fn digits(&mut self) -> Result<(), Fault> {
        while self.take(|c| c.is_ascii_digit()) || self.next() == b'_' {
            self.underscore()?;
        }
        Ok(())
    }
    /// A number may be followed by certain keywords, and what begins like three of them, but by
    /// no other word.
    fn end(&mut self, kind: &str) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let n = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum::<usize>();
        let next = &rest[..n];
        if ["if", "in", "is"].iter().any(|k| next.starts_with(k)) || ["and", "else", "for", "or", "not"].contains(&next)
        {
            let range = TextRange::at(TextSize::new(self.at as u32), TextSize::new(n as u32));
            return Err((range, "invalid syntax".into()));
        }
        let word = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if word { Err(self.invalid(kind)) } else { Ok(()) }
    }
}
