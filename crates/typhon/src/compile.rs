//! Source to code objects: the front end behind the VM's `compile` hook.

use crate::tree::read;
use typhon_compiler::{ErrKind, Mode, Options, Warning};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, bytes, exc, int, ops, str, tuple};
use typhon_syntax::SyntaxErr;
use typhon_vm::code::{self, Code};
use typhon_vm::hooks::{CompileRequest, Source};

/// Optimisation level of the interpreter (`-O`, `-OO`).
pub static OPTIMIZE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// `PyCF_*` flags: the future statements, and what else changes a compilation.
pub const FUTURES: u32 = 0x1fe0000;
const BARRY: u32 = 0x400000;
const DONT_IMPLY_DEDENT: u32 = 0x200;
const TYPE_COMMENTS: u32 = 0x1000;
const TOP_LEVEL_AWAIT: u32 = 0x2000;
const ALLOW_INCOMPLETE: u32 = 0x4000;
/// `PyCF_OPTIMIZED_AST` beside `PyCF_ONLY_AST`.
const OPTIMIZED_AST: u32 = 0x8000;

/// The hook.
pub fn compile(cx: &mut Cx, r: &CompileRequest<'_>) -> Result<Gc<Code>> {
    let mode = match r.mode {
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    };
    let optimize = match r.optimize {
        -1 => OPTIMIZE.load(std::sync::atomic::Ordering::Relaxed),
        n => n as u8,
    };
    let options = Options {
        mode,
        optimize,
        future: r.flags & FUTURES,
        top_level_await: r.flags & TOP_LEVEL_AWAIT != 0,
        allow_incomplete: r.flags & ALLOW_INCOMPLETE != 0,
        keep_open: r.flags & DONT_IMPLY_DEDENT != 0,
    };
    set_limits();
    let compiled = match r.source {
        Source::Text(t) => typhon_compiler::compile(t, r.filename, &options),
        Source::Bytes(b) => decode(cx, b).and_then(|t| typhon_compiler::compile(&t, r.filename, &options)),
        Source::Tree(node) => {
            let (tree, lines) = read::read(cx, node, r.mode)?;
            let source = typhon_syntax::Source::of_lines(lines + 1, read::STRIDE);
            typhon_compiler::compile_tree(&tree, &source, r.filename, &options)
        }
    };
    match compiled {
        Ok(c) => {
            for w in &c.warnings {
                warn(cx, r.filename, w)?;
            }
            code::load(cx, &c.code)
        }
        Err(e) => {
            let text = match r.source {
                Source::Text(t) => Some(t),
                _ => None,
            };
            Err(raise(cx, r.filename, &e, text.map(|t| (t, options.mode)))?)
        }
    }
}

/// Decode a source; what is not built into the parser is done by the codecs of Python.
fn decode(cx: &mut Cx, source: &[u8]) -> std::result::Result<String, Box<SyntaxErr>> {
    typhon_syntax::decode(source, &mut |name, _| {
        // A main program may come before anything has imported the codecs.
        let decoded =
            typhon_vm::import::import_module(cx, "encodings").and_then(|_| bytes::new(cx, source)).and_then(|b| {
                let name = str::new(cx, name)?;
                ops::call_method(cx, b.obj(), "decode", &[name.obj()])
            });
        let text = decoded.and_then(|text| ops::to_str(cx, text));
        Some(match text {
            Ok(text) => Ok(text.to_str().into_owned()),
            Err(e) => {
                Err(ops::to_str(cx, e.obj()).map_or_else(|_| "decoding error".into(), |t| t.to_str().into_owned()))
            }
        })
    })
}

/// Tell the compiler what the program set.
fn set_limits() {
    use std::sync::atomic::Ordering::Relaxed;
    let digits = typhon_builtins::int_new::MAX_STR_DIGITS.load(Relaxed);
    typhon_compiler::literal::MAX_STR_DIGITS.store(digits, Relaxed);
}

/// The hook for trees.
pub fn parse(cx: &mut Cx, r: &CompileRequest<'_>) -> Result<Obj> {
    set_limits();
    let mode = match r.mode {
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    };
    let text = match r.source {
        Source::Text(t) => Ok(std::borrow::Cow::Borrowed(t)),
        // `compile` gives a tree back as it is.
        Source::Tree(node) => {
            read::check(cx, node, r.mode)?;
            return optimized(cx, node, r);
        }
        Source::Bytes(b) => decode(cx, b).map(std::borrow::Cow::Owned),
    };
    let text = match text {
        Ok(t) => t,
        Err(e) => return Err(raise(cx, r.filename, &e, None)?),
    };
    let text = typhon_syntax::normal_lines(&text, mode == Mode::Exec && r.mode != "func_type");
    let source = typhon_syntax::Source::new(&text);
    let incomplete = r.flags & ALLOW_INCOMPLETE != 0;
    if r.mode == "func_type" {
        return match typhon_syntax::with_stack(&text, || typhon_syntax::parse_func_type(&source)) {
            Ok((types, result)) => crate::tree::make_func_type(cx, &source, r.filename, &types, &result),
            Err(e) => Err(raise(cx, r.filename, &e, Some((&text, mode)))?),
        };
    }
    let parsed = typhon_syntax::with_stack(&text, || typhon_syntax::parse(&source, mode, r.flags & BARRY != 0))
        .and_then(|(tree, warnings)| {
            match u8::try_from(r.feature_version).ok().and_then(|minor| typhon_syntax::too_new(&source, &tree, minor)) {
                Some(e) => Err(e),
                None => Ok((tree, warnings)),
            }
        });
    match parsed {
        Ok((tree, warnings)) => {
            for w in &warnings {
                warn(cx, r.filename, w)?;
            }
            let comments = (r.flags & TYPE_COMMENTS != 0).then(|| typhon_syntax::TypeComments::find(&source));
            let node = crate::tree::make(cx, &source, r.filename, &tree, mode, comments.as_ref())?;
            match comments.and_then(|c| c.problem(&source)) {
                Some(e) => Err(raise(cx, r.filename, &e, Some((&text, mode)))?),
                None => optimized(cx, node, r),
            }
        }
        Err(e) if incomplete && e.at_end => {
            let e = SyntaxErr { kind: ErrKind::Incomplete, msg: "incomplete input".into(), ..*e };
            Err(raise(cx, r.filename, &e, Some((&text, mode)))?)
        }
        Err(e) => Err(raise(cx, r.filename, &e, Some((&text, mode)))?),
    }
}

/// The tree as `PyCF_OPTIMIZED_AST` asks for it: what is known is replaced.
fn optimized(cx: &mut Cx, node: Obj, r: &CompileRequest<'_>) -> Result<Obj> {
    if r.flags & OPTIMIZED_AST == 0 || r.mode == "func_type" {
        return Ok(node);
    }
    let level = match r.optimize {
        -1 => OPTIMIZE.load(std::sync::atomic::Ordering::Relaxed) as i64,
        n => n as i64,
    };
    let module = typhon_vm::import::import_module(cx, "_ast")?;
    ops::call_method(cx, module, "_optimize", &[node, Obj::int_unchecked(level)])
}

/// Issue a SyntaxWarning through the `warnings` module. A filter that makes it an
/// error makes it a SyntaxError with the place.
fn warn(cx: &mut Cx, filename: &str, w: &Warning) -> Result<()> {
    let m = typhon_vm::import::import_module(cx, "warnings")?;
    let msg = str::new(cx, &w.msg)?;
    let file = str::new(cx, filename)?;
    let category = ExcKind::SyntaxWarning.class(cx);
    let line = Obj::int_unchecked(w.line as i64);
    let r = ops::call_method(cx, m, "warn_explicit", &[msg.obj(), category.obj(), file.obj(), line]);
    match r {
        Ok(_) => Ok(()),
        Err(e) if e.is(cx, ExcKind::SyntaxWarning) => {
            let msg = w.msg.replace(" Such sequences will not work in the future.", "");
            let e = SyntaxErr { line: w.line, col: w.col + 1, ..SyntaxErr::bare(ErrKind::Syntax, msg) };
            Err(raise(cx, filename, &e, None)?)
        }
        Err(e) => Err(e),
    }
}

/// The text of a source, which is a str or bytes.
pub fn text_of(cx: &mut Cx, source: Obj, filename: &str) -> Result<String> {
    if let Some(s) = source.cast::<str::Str>() {
        return ops::utf8(cx, s).map(|text| text.into_owned());
    }
    let Some(b) = source.cast::<bytes::Bytes>() else {
        return Err(cx.type_error("symtable() arg 1 must be a string or bytes"));
    };
    match decode(cx, b.as_slice()) {
        Ok(t) => Ok(t),
        Err(e) => Err(raise(cx, filename, &e, None)?),
    }
}

/// Whether CPython's tokenizer finds this error: it shows the line without its end.
fn of_the_tokenizer(e: &SyntaxErr) -> bool {
    let parsers = ["expected an indented block", "Expected one or more"];
    let point = (e.line, e.col) == (e.end_line, e.end_col) && !parsers.iter().any(|b| e.msg.starts_with(b));
    let begins = ["leading zeros in decimal", "encoding problem", "Non-UTF-8 code"];
    point || begins.iter().any(|b| e.msg.starts_with(b)) || e.msg.ends_with("prefixes are incompatible")
}

/// Whether CPython shows an error of its parser with the end of the line.
fn shows_end(e: &SyntaxErr, source: Option<(&str, Mode)>) -> bool {
    let Some((text, mode)) = source else { return true };
    if text.lines().count() <= e.line as usize {
        // The last line of a module is ended where it was not; of an expression it is left so.
        return mode == Mode::Exec || text.ends_with('\n');
    }
    // Not of a line that the tokenizer has left behind.
    let line = text.lines().nth((e.line as usize).saturating_sub(1)).unwrap_or("");
    let rest = line.chars().skip((e.end_col as usize).saturating_sub(1)).collect::<String>();
    let last = e.end_line > e.line || matches!(rest.trim_start().chars().next(), None | Some('#'));
    let pair = e.msg.ends_with("forgot a comma?") || e.msg.starts_with("Generator expression must");
    !(pair && last || e.msg.ends_with("was never closed"))
}

/// A line of a source file, with its end.
fn line_of_file(cx: &mut Cx, filename: &str, line: u32) -> Option<String> {
    let bytes = std::fs::read(filename).ok()?;
    let text = decode(cx, &bytes).ok()?;
    let text = typhon_syntax::normal_lines(&text, false);
    let line = text.lines().nth(line.checked_sub(1)? as usize)?;
    Some(format!("{line}\n"))
}

/// The line on which the outermost statement that line `at` belongs to begins.
fn statement_line(text: &str, at: u32) -> usize {
    let lines: Vec<&str> = text.lines().take(at as usize).collect();
    let goes_on = |l: &str| {
        let word: String = l.chars().take_while(|c| c.is_alphanumeric()).collect();
        l.starts_with([' ', '\t', '#', ')', ']', '}'])
            || l.is_empty()
            || matches!(word.as_str(), "else" | "elif" | "except" | "finally")
    };
    lines.iter().rposition(|l| !goes_on(l)).map_or(1, |i| i + 1)
}

/// The exception of a syntax error. From the text `traceback` finds out which keyword a
/// misspelt word stands for.
pub fn raise(cx: &mut Cx, filename: &str, e: &SyntaxErr, source: Option<(&str, Mode)>) -> Result<Raised> {
    let kind = match e.kind {
        ErrKind::Syntax | ErrKind::Undecoded => ExcKind::SyntaxError,
        ErrKind::Incomplete => ExcKind::_IncompleteInputError,
        ErrKind::Indentation => ExcKind::IndentationError,
        ErrKind::Tab => ExcKind::TabError,
        ErrKind::Recursion => ExcKind::RecursionError,
        ErrKind::Memory => ExcKind::MemoryError,
    };
    if matches!(e.kind, ErrKind::Recursion | ErrKind::Memory) {
        return Ok(exc::new(cx, kind, &e.msg));
    }
    let msg = str::new(cx, &e.msg)?;
    let file = str::new(cx, filename)?;
    // No column is `u32::MAX` there and -1 here.
    let num = |cx: &Cx, v: u32| int::from_i64(cx, v as i32 as i64);
    let place = match (&e.text, e.line) {
        _ if e.kind == ErrKind::Undecoded => {
            Some(tuple::new(cx, &[file.obj(), Obj::int_unchecked(0), Obj::int_unchecked(-1), Obj::NONE])?)
        }
        (None, 0) => None,
        (text, _) => {
            let text = match text {
                Some(t) if t.ends_with('\n') || of_the_tokenizer(e) || !shows_end(e, source) => str::new(cx, t)?.obj(),
                Some(t) => str::new(cx, &format!("{t}\n"))?.obj(),
                None => match line_of_file(cx, filename, e.line) {
                    Some(line) => str::new(cx, &line)?.obj(),
                    None => Obj::NONE,
                },
            };
            let place =
                [file.obj(), num(cx, e.line)?, num(cx, e.col)?, text, num(cx, e.end_line)?, num(cx, e.end_col)?];
            Some(tuple::new(cx, &place)?)
        }
    };
    let class = kind.class(cx).obj();
    let o = match place {
        Some(place) => ops::call_args(cx, class, &[msg.obj(), place.obj()])?,
        None => ops::call_args(cx, class, &[msg.obj()])?,
    };
    match o.cast::<exc::BaseException>() {
        Some(o) => {
            let vague = e.msg == "invalid syntax" || e.msg.contains("Perhaps you forgot a comma");
            if let Some((text, _)) = source.filter(|_| vague) {
                let first = Obj::int_unchecked(statement_line(text, e.line) as i64);
                let text = str::new(cx, text)?;
                let t = tuple::new(cx, &[first, Obj::int_unchecked(0), text.obj()])?;
                o.fields[exc::SYNTAX_METADATA].set(cx, o, t);
            }
            Ok(Raised(o))
        }
        None => Ok(cx.error(ExcKind::SystemError, "SyntaxError is not an exception")),
    }
}
