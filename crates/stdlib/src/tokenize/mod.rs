//! `_tokenize`: what the standard library's tokenize.py is made of.
//!
//! All lines are read and split when the first token is asked for; what is wrong with the
//! text is raised behind the tokens before it.
//! Tests: tests/lang/tokenize.md; CPython test_tokenize.

mod lexer;

use crate::io::lock::IoLock;
use crate::util;
use lexer::{COMMENT, DEDENT, ENDMARKER, Failure, FailureKind, INDENT, Lexed, NEWLINE, NL, OP, Token};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_macros::{class, module};
use typhon_object::native::{IntoObj, Trace};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Raised, Result, Tracer, exc, ops};

/// `_tokenize.TokenizerIter`.
pub struct TokenizerIter {
    readline: Obj,
    encoding: Option<Obj>,
    extra_tokens: bool,
    /// Held while the lines are read.
    lock: IoLock,
    lexed: OnceLock<Lexed>,
    /// The next token's index.
    at: AtomicUsize,
}

impl Trace for TokenizerIter {
    fn trace(&self, t: &mut Tracer) {
        self.readline.trace(t);
        self.encoding.trace(t);
    }
}

impl TokenizerIter {
    /// The whole text, line by line.
    fn read(&self, cx: &mut Cx) -> Result<String> {
        let mut text = String::new();
        loop {
            let line = match ops::call_args(cx, self.readline, &[]) {
                Err(e) if e.is(cx, ExcKind::StopIteration) => return Ok(text),
                r => r?,
            };
            let line = match self.encoding {
                Some(encoding) => {
                    if line.cast::<typhon_object::bytes::Bytes>().is_none() {
                        return Err(cx.type_error("readline() returned a non-bytes object"));
                    }
                    ops::call_method(cx, line, "decode", &[encoding])?
                }
                None => line,
            };
            let Some(line) = line.cast::<Str>() else {
                return Err(cx.type_error("readline() returned a non-string object"));
            };
            if line.is_empty() {
                return Ok(text);
            }
            text.push_str(&line.to_str());
        }
    }

    /// A token without text of its own, where no extra tokens are wanted: it has a
    /// line and no column. At the end that is the last line there is, shown if
    /// code stands on it.
    fn mark(&self, cx: &mut Cx, lexed: &Lexed, t: &Token) -> Result<Obj> {
        let last = lexed.last_line();
        let row = t.start.0.min(last);
        let code = |n: &Token| n.kind == NEWLINE && n.end.0.min(last) == row;
        let shown = t.start.0 <= last || lexed.tokens.iter().rev().any(code);
        let line: String = if shown { lexed.lines_of(row, row).iter().collect() } else { String::new() };
        let (text, line) = (str::new(cx, "")?, str::new(cx, &line)?);
        let at = (row, -1isize).into_obj(cx)?;
        util::tuple_obj(cx, &[Obj::int_unchecked(t.kind.into()), text.obj(), at, at, line.obj()])
    }

    fn token(&self, cx: &mut Cx, lexed: &Lexed, t: &Token) -> Result<Obj> {
        // Without extra tokens, line ends have no text.
        let bare = t.kind == NEWLINE && !self.extra_tokens;
        let end = if bare { t.start } else { t.end };
        let chars = if bare { &[][..] } else { &lexed.chars[t.text.0..t.text.1] };
        let text: String = chars.iter().collect();
        let kind = if t.kind == OP && !self.extra_tokens { exact(&text) } else { t.kind };
        if !self.extra_tokens && matches!(t.kind, INDENT | DEDENT | ENDMARKER) {
            return self.mark(cx, lexed, t);
        }
        let line: String = lexed.lines_of(t.start.0, t.end.0).iter().collect();
        let (text, line) = (str::new(cx, &text)?, str::new(cx, &line)?);
        let (start, end) = (t.start.into_obj(cx)?, end.into_obj(cx)?);
        util::tuple_obj(cx, &[Obj::int_unchecked(kind.into()), text.obj(), start, end, line.obj()])
    }
}

/// The type of an operator, in the order of the module `token` from LPAR on.
fn exact(text: &str) -> u8 {
    const OPERATORS: [&str; 48] = [
        "(", ")", "[", "]", ":", ",", ";", "+", "-", "*", "/", "|", "&", "<", ">", "=", ".", "%", "{", "}", "==", "!=",
        "<=", ">=", "~", "^", "<<", ">>", "**", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "**=",
        "//", "//=", "@", "@=", "->", "...", ":=", "!",
    ];
    let text = if text == "<>" { "!=" } else { text };
    OPERATORS.iter().position(|op| *op == text).map_or(OP, |i| 7 + i as u8)
}

fn raise(cx: &mut Cx, lexed: &Lexed, f: &Failure) -> Raised {
    let made = (|| {
        let kind = match f.kind {
            FailureKind::Syntax => ExcKind::SyntaxError,
            FailureKind::Indentation => ExcKind::IndentationError,
            FailureKind::Tab => ExcKind::TabError,
        };
        let line: String = lexed.lines_of(f.line, f.line).iter().filter(|c| !matches!(c, '\n' | '\r')).collect();
        let (message, file) = (f.message.as_str().into_obj(cx)?, "<string>".into_obj(cx)?);
        let (row, offset, line) = (f.line.into_obj(cx)?, f.offset.into_obj(cx)?, line.into_obj(cx)?);
        let place = util::tuple_obj(cx, &[file, row, offset, line, Obj::NONE, Obj::NONE])?;
        let e = ops::call_args(cx, kind.class(cx).obj(), &[message, place])?;
        e.cast().map(Raised).ok_or_else(|| cx.error(kind, &f.message))
    })();
    made.unwrap_or_else(|e| e)
}

#[class(module = "_tokenize", name = "TokenizerIter")]
impl TokenizerIter {
    #[sig(readline, /, *, encoding = None, extra_tokens)]
    fn __new__(readline: Obj, encoding: Option<Obj>, extra_tokens: bool) -> TokenizerIter {
        TokenizerIter {
            readline,
            encoding,
            extra_tokens,
            lock: IoLock::new(),
            lexed: OnceLock::new(),
            at: AtomicUsize::new(0),
        }
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        this.payload().step(cx, this.obj())
    }
}

impl TokenizerIter {
    fn step(&'static self, cx: &mut Cx, this: Obj) -> Result<Obj> {
        let lexed = match self.lexed.get() {
            Some(l) => l,
            None => {
                // One thread reads the lines, which others must wait for.
                let _reading = self.lock.enter(cx, this)?;
                if self.lexed.get().is_none() {
                    let text = self.read(cx)?;
                    let _ = self.lexed.set(lexer::lex(&text, self.extra_tokens));
                }
                self.lexed.get_or_init(|| lexer::lex("", self.extra_tokens))
            }
        };
        loop {
            let i = self.at.fetch_add(1, Ordering::Relaxed);
            return match lexed.tokens.get(i) {
                Some(t) if !self.extra_tokens && matches!(t.kind, COMMENT | NL) => continue,
                // An empty source has not even an end.
                Some(_) if !self.extra_tokens && lexed.chars.is_empty() => Err(exc::stop_iteration(cx, Obj::NONE)),
                Some(t) => self.token(cx, lexed, t),
                None => match &lexed.failure {
                    Some(f) if i == lexed.tokens.len() => Err(raise(cx, lexed, f)),
                    _ => Err(exc::stop_iteration(cx, Obj::NONE)),
                },
            };
        }
    }
}

/// The module.
#[module("_tokenize", classes(TokenizerIter))]
pub mod functions {
    use super::*;
}
