//! Source to code objects: the front end behind the VM's `compile` hook.

use crate::tree::read;
use typhon_compiler::{ErrKind, Mode, Options, Warning};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, exc, int, ops, str};
use typhon_syntax::SyntaxErr;
use typhon_vm::code::{self, Code};
use typhon_vm::hooks::{CompileRequest, Source};

/// Optimisation level of the interpreter (`-O`, `-OO`).
pub static OPTIMIZE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// `PyCF_*` flags: the future statements, and what else changes a compilation.
pub const FUTURES: u32 = 0x1fe0000;
const DONT_IMPLY_DEDENT: u32 = 0x200;
const TYPE_COMMENTS: u32 = 0x1000;
const TOP_LEVEL_AWAIT: u32 = 0x2000;
const ALLOW_INCOMPLETE: u32 = 0x4000;

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
    let compiled = match r.source {
        Source::Text(t) => typhon_compiler::compile(t, r.filename, &options),
        Source::Bytes(b) => typhon_compiler::compile_bytes(b, r.filename, &options),
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
        Err(e) => Err(raise(cx, r.filename, &e)?),
    }
}

/// The hook for trees.
pub fn parse(cx: &mut Cx, r: &CompileRequest<'_>) -> Result<Obj> {
    if r.flags & TYPE_COMMENTS != 0 {
        return Err(cx.error(ExcKind::NotImplementedError, "type comments in syntax trees are not implemented yet"));
    }
    let mode = match r.mode {
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    };
    let text = match r.source {
        Source::Text(t) => Ok(std::borrow::Cow::Borrowed(t)),
        // `compile` gives a tree back as it is.
        Source::Tree(node) => return Ok(node),
        Source::Bytes(b) => typhon_syntax::decode(b, &mut |_, _| None).map(|t| t.to_string().into()),
    };
    let text = match text {
        Ok(t) => t,
        Err(e) => return Err(raise(cx, r.filename, &e)?),
    };
    let source = typhon_syntax::Source::new(&text);
    let incomplete = r.flags & ALLOW_INCOMPLETE != 0;
    match typhon_syntax::with_stack(&text, || typhon_syntax::parse(&source, mode)) {
        Ok((tree, warnings)) => {
            for w in &warnings {
                warn(cx, r.filename, w)?;
            }
            crate::tree::make(cx, &source, &tree, mode)
        }
        Err(e) if incomplete && e.at_end => {
            let e = SyntaxErr { kind: ErrKind::Incomplete, msg: "incomplete input".into(), ..*e };
            Err(raise(cx, r.filename, &e)?)
        }
        Err(e) => Err(raise(cx, r.filename, &e)?),
    }
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
            let e = SyntaxErr { line: w.line, col: w.col + 1, ..SyntaxErr::bare(ErrKind::Syntax, &*w.msg) };
            Err(raise(cx, filename, &e)?)
        }
        Err(e) => Err(e),
    }
}

/// The exception of a syntax error.
fn raise(cx: &mut Cx, filename: &str, e: &SyntaxErr) -> Result<Raised> {
    let kind = match e.kind {
        ErrKind::Syntax => ExcKind::SyntaxError,
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
    if e.line == 0 {
        return exc::with_args(cx, kind, &[msg.obj()]);
    }
    let file = str::new(cx, filename)?;
    let num = |cx: &Cx, v: u32| int::from_i64(cx, v as i64);
    let text = match &e.text {
        Some(t) => str::new(cx, t)?.obj(),
        None => Obj::NONE,
    };
    let place = [file.obj(), num(cx, e.line)?, num(cx, e.col)?, text, num(cx, e.end_line)?, num(cx, e.end_col)?];
    let place = typhon_object::tuple::new(cx, &place)?;
    let class = kind.class(cx);
    let o = ops::call_args(cx, class.obj(), &[msg.obj(), place.obj()])?;
    match o.cast::<exc::BaseException>() {
        Some(e) => Ok(Raised(e)),
        None => Ok(cx.error(ExcKind::SystemError, "SyntaxError is not an exception")),
    }
}
