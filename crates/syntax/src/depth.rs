//! A bound on nesting, found on the raw text before the parser runs.
//!
//! The parser and the compiler recurse along the tree. Sources that are
//! ordinary run on the caller's stack; deep ones run on a thread with a large
//! one; very deep ones are refused. The count is an upper bound on tree depth:
//! per bracket level it counts operators since the last separator.

use rustpython_ruff_text_size::{TextRange, TextSize};

use crate::error::{ErrKind, SyntaxErr};
use crate::source::Source;

/// Depth up to which the caller's stack is enough.
const SHALLOW: u32 = 120;
/// Depth that is refused.
const LIMIT: u32 = 6000;
/// Brackets that CPython's tokenizer refuses to go beyond.
const MAX_BRACKETS: usize = 200;
const MAX_INDENTS: usize = 100;

/// What a scan of the text found.
struct Scan {
    depth: u32,
    error: Option<(ErrKind, usize, &'static str)>,
}

/// Run `f`, on a large stack if the source is deeply nested; refuse sources
/// that are too deep.
pub fn with_stack<T: Send>(
    text: &str,
    f: impl FnOnce() -> Result<T, Box<SyntaxErr>> + Send,
) -> Result<T, Box<SyntaxErr>> {
    if text.contains('\0') {
        // CPython says no place.
        let mut e = SyntaxErr::bare(ErrKind::Syntax, "source code string cannot contain null bytes");
        e.line = 0;
        return Err(Box::new(e));
    }
    let scan = scan(text);
    if let Some((kind, at, msg)) = scan.error {
        let at = TextRange::empty(TextSize::new(at as u32));
        let mut e = Box::new(Source::new(text).error(kind, at, msg));
        if kind != ErrKind::Tab {
            return Err(e);
        }
        // It counts unless the parser fails before it.
        (e.col, e.end_line, e.end_col) = (1, e.line, 0);
        return match f() {
            Err(other) if other.line < e.line => Err(other),
            _ => Err(e),
        };
    }
    if scan.depth > LIMIT {
        let msg = "maximum recursion depth exceeded during compilation";
        return Err(Box::new(SyntaxErr::bare(ErrKind::Recursion, msg)));
    }
    if scan.depth <= SHALLOW {
        return f();
    }
    let stack = ((scan.depth as usize * 64) << 10) + (16 << 20);
    std::thread::scope(|s| {
        let t = std::thread::Builder::new().stack_size(stack).spawn_scoped(s, f);
        match t.map(|t| t.join()) {
            Ok(Ok(r)) => r,
            Ok(Err(p)) => std::panic::resume_unwind(p),
            Err(_) => Err(Box::new(SyntaxErr::bare(ErrKind::Memory, "out of memory"))),
        }
    })
}

fn scan(text: &str) -> Scan {
    let b = text.as_bytes();
    let mut out = Scan { depth: 0, error: None };
    // Per open bracket: operators seen since the last separator.
    let mut open: Vec<u32> = Vec::new();
    let mut sum = 0u32;
    let mut chain = 0u32;
    // The columns of the open blocks, with tabs of eight columns and of one: where they
    // disagree about what is deeper, the source mixes tabs and spaces.
    let mut indents: Vec<(usize, usize)> = vec![(0, 0)];
    let mut elifs = 0u32;
    let mut fresh = true;
    let mut after_string = false;
    let mut i = 0;
    while i < b.len() {
        if fresh && open.is_empty() {
            fresh = false;
            let start = i;
            let (mut col, mut alt) = (0, 0);
            while i < b.len() {
                match b[i] {
                    b' ' => (col, alt) = (col + 1, alt + 1),
                    b'\t' => (col, alt) = ((col / 8 + 1) * 8, alt + 1),
                    b'\x0c' => (col, alt) = (0, 0),
                    _ => break,
                }
                i += 1;
            }
            if i < b.len() && !matches!(b[i], b'\n' | b'\r' | b'#' | b'\\') {
                while indents.len() > 1 && indents.last().is_some_and(|&(t, _)| t > col) {
                    indents.pop();
                }
                let (top, alt_top) = indents.last().copied().unwrap_or_default();
                if col == top && alt != alt_top || col > top && alt <= alt_top {
                    const MSG: &str = "inconsistent use of tabs and spaces in indentation";
                    out.error = Some((ErrKind::Tab, start, MSG));
                    return out;
                }
                if col > top {
                    indents.push((col, alt));
                    if indents.len() > MAX_INDENTS {
                        out.error = Some((ErrKind::Indentation, start, "too many levels of indentation"));
                        return out;
                    }
                }
                elifs = 0;
            }
            continue;
        }
        let c = b[i];
        i += 1;
        let prefix = c.is_ascii_alphabetic() && b[i..].iter().take(2).any(|c| matches!(c, b'"' | b'\''));
        if !prefix && !matches!(c, b' ' | b'\t' | b'\n' | b'"' | b'\'' | b'#') {
            after_string = false;
        }
        match c {
            b'#' => {
                while i < b.len() && b[i] != b'\n' {
                    i += 1;
                }
            }
            b'\n' if open.is_empty() => {
                chain = 0;
                fresh = true;
            }
            b'\\' => {
                if b.get(i) == Some(&b'\r') {
                    i += 1;
                }
                i += 1;
            }
            b'"' | b'\'' => {
                // Only plain strings are skipped whole; an f-string's text may
                // be counted, which only makes the bound larger.
                let quote = c;
                let triple = b.get(i) == Some(&quote) && b.get(i + 1) == Some(&quote);
                if triple {
                    i += 2;
                }
                // Fields open in the text, and the most that were.
                let (mut inner, mut deepest) = (0u32, 0u32);
                while i < b.len() {
                    let d = b[i];
                    i += 1;
                    if d == b'\\' {
                        i += 1;
                    } else if d == quote {
                        if !triple {
                            break;
                        }
                        if b.get(i) == Some(&quote) && b.get(i + 1) == Some(&quote) {
                            i += 2;
                            break;
                        }
                    } else if d == b'\n' && !triple {
                        i -= 1;
                        break;
                    } else if d == b'{' {
                        inner += 1;
                        deepest = deepest.max(inner);
                    } else if d == b'}' {
                        inner = inner.saturating_sub(1);
                    }
                }
                // Strings side by side are one; what is open still is a string in a string.
                if !after_string {
                    chain = chain.saturating_add(1);
                }
                out.depth = out.depth.max(sum.saturating_add(chain).saturating_add(deepest));
                chain = chain.saturating_add(inner);
                after_string = true;
                continue;
            }
            b'(' | b'[' | b'{' => {
                chain = chain.saturating_add(1);
                sum = sum.saturating_add(chain);
                open.push(chain);
                chain = 0;
                if open.len() > MAX_BRACKETS {
                    out.error = Some((ErrKind::Syntax, i - 1, "too many nested parentheses"));
                    return out;
                }
            }
            b')' | b']' | b'}' => {
                let c = open.pop().unwrap_or(0);
                sum = sum.saturating_sub(c);
                chain = c;
            }
            b',' | b';' => chain = 0,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>' | b'=' | b'.' | b':'
            | b'!' => {
                chain = chain.saturating_add(1);
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let s = i - 1;
                while i < b.len() && (b[i].is_ascii_alphanumeric() || b[i] == b'_') {
                    i += 1;
                }
                match &b[s..i] {
                    b"not" | b"lambda" | b"if" | b"else" | b"await" | b"and" | b"or" | b"in" | b"is" | b"for"
                    | b"yield" => chain = chain.saturating_add(1),
                    b"elif" => elifs = elifs.saturating_add(1),
                    _ => {}
                }
            }
            _ => {}
        }
        out.depth = out.depth.max(sum.saturating_add(chain).saturating_add(indents.len() as u32));
    }
    out
}
