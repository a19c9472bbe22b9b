//! `_tokenize`: the tokens behind Python's `tokenize`. The scanner is the front end's.
//!
//! Tests: tests/lang/tokenize.md; CPython test_tokenize.

use crate::import;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_macros::{Trace, class, module};
use typhon_object::bytes::Bytes;
use typhon_object::dict::Dict;
use typhon_object::exc::{self, BaseException};
use typhon_object::list::{self, List};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, Slot, ops, tuple};

/// A token, as the front end gives it.
#[allow(missing_docs)]
pub struct Token {
    /// The name of its type in Python's `token`.
    pub kind: &'static str,
    pub text: String,
    /// Line from 1, column from 0.
    pub start: (u32, u32),
    pub end: (u32, u32),
    pub line: String,
}

/// Where tokens end too early: message, whether it is about indentation, line, column.
pub type Broken = (String, bool, u32, u32);

/// The front end's scanner; supplied by the binary.
pub static TOKENIZE: OnceLock<fn(&str) -> (Vec<Token>, Option<Broken>)> = OnceLock::new();

/// `_tokenize.TokenizerIter`.
#[derive(Trace)]
pub struct TokenizerIter {
    tokens: Slot<List>,
    /// The exception behind the last token.
    error: Slot<BaseException>,
    #[trace(skip)]
    next: AtomicUsize,
}

/// All that `readline` gives.
fn read(cx: &mut Cx, readline: Obj, encoding: Option<Gc<Str>>) -> Result<String> {
    let mut text = String::new();
    loop {
        let r = ops::call_args(cx, readline, &[]);
        let Some(line) = ops::catch(cx, r, ExcKind::StopIteration)? else { return Ok(text) };
        let line = match encoding {
            Some(e) if line.cast::<Bytes>().is_some() => ops::call_method(cx, line, "decode", &[e.obj()])?,
            Some(_) => return Err(cx.type_error("readline() returned a non-bytes object")),
            None => line,
        };
        let Some(line) = line.cast::<Str>() else {
            return Err(cx.type_error("readline() returned a non-string object"));
        };
        if line.len() == 0 {
            return Ok(text);
        }
        text.push_str(&line.to_str());
    }
}

fn error(cx: &mut Cx, (msg, indentation, line, col): Broken) -> Result<Gc<BaseException>> {
    let kind = if indentation { ExcKind::IndentationError } else { ExcKind::SyntaxError };
    let msg = str::new(cx, &msg)?;
    let file = str::new(cx, "<string>")?;
    let n = |v: u32| Obj::int_unchecked(v as i64);
    let place = tuple::new(cx, &[file.obj(), n(line), n(col), Obj::NONE, n(line), n(col)])?;
    let class = kind.class(cx).obj();
    let e = ops::call_args(cx, class, &[msg.obj(), place.obj()])?;
    e.cast().ok_or_else(|| cx.error(ExcKind::SystemError, "SyntaxError is not an exception"))
}

/// An iterator over the tokens of what `readline` gives.
#[class(module = "_tokenize", name = "TokenizerIter")]
impl TokenizerIter {
    #[sig(readline, /, *, encoding = None, extra_tokens = False)]
    fn __new__(cx: &mut Cx, readline: Obj, encoding: Option<Gc<Str>>, extra_tokens: bool) -> Result<TokenizerIter> {
        let Some(scan) = TOKENIZE.get() else {
            return Err(cx.error(ExcKind::NotImplementedError, "this build has no tokenizer"));
        };
        let text = read(cx, readline, encoding)?;
        let (tokens, broken) = scan(&text);
        let module = import::import_module(cx, "token")?;
        let exact = {
            let n = cx.intern("EXACT_TOKEN_TYPES")?;
            ops::get_attr(cx, module, n)?.cast::<Dict>()
        };
        let all = list::new(cx, &[])?;
        for t in tokens {
            if !extra_tokens && matches!(t.kind, "COMMENT" | "NL") {
                continue;
            }
            let text = str::new(cx, &t.text)?;
            let named = cx.intern(t.kind)?;
            let kind = match exact.filter(|_| !extra_tokens && t.kind == "OP").and_then(|d| d.get_str(text)) {
                Some(kind) => kind,
                None => ops::get_attr(cx, module, named)?,
            };
            let n = |v: u32| Obj::int_unchecked(v as i64);
            let start = tuple::new(cx, &[n(t.start.0), n(t.start.1)])?;
            let end = tuple::new(cx, &[n(t.end.0), n(t.end.1)])?;
            let line = str::new(cx, &t.line)?;
            let info = tuple::new(cx, &[kind, text.obj(), start.obj(), end.obj(), line.obj()])?;
            all.append(cx, info.obj())?;
        }
        let e = match broken {
            Some(b) => Slot::new(error(cx, b)?),
            None => Slot::empty(),
        };
        Ok(TokenizerIter { tokens: Slot::new(all), error: e, next: AtomicUsize::new(0) })
    }
    fn __iter__(this: Gc<TokenizerIter>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let i = self.next.fetch_add(1, Ordering::Relaxed);
        match self.tokens.get().and_then(|l| l.get(i)) {
            Some(t) => Ok(t),
            None => Err(self.error.get().map_or_else(|| exc::stop_iteration(cx, Obj::NONE), Raised)),
        }
    }
}

/// The module.
#[module("_tokenize", classes(TokenizerIter))]
pub mod functions {
    use super::*;
}
