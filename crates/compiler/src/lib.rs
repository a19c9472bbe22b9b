//! From syntax tree to code objects: scopes, then lowering to register code.
//!
//! Opcode families have one file each, named as in the VM. `assemble.rs` turns
//! symbolic instructions into words and tracks which locals are bound.
//!
//! Invariant: compiling never panics and never overflows the native stack; all
//! failures are `CompileErr`s. Every code object passes the verifier.
//!
//! Tests: `tests/`.

#![forbid(unsafe_code)]

/// The flag of `from __future__ import barry_as_FLUFL`.
const BARRY: u32 = typhon_bytecode::flags::FUTURE_BARRY_AS_BDFL;

mod assemble;
mod assign;
mod attr;
mod binary;
mod call;
mod class;
mod compare;
mod comprehension;
mod exception;
mod expr;
mod fold;
mod format;
mod function;
mod generator;
mod import;
mod iter;
pub mod literal;
mod names;
mod pattern;
mod scope;
mod stmt;
mod subscript;
mod symtable;
mod typeparams;
mod unit;
mod unparse;
mod walk;
mod with;

use std::sync::Arc;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::TextRange;
use typhon_bytecode::Code;
use typhon_syntax::{Source, SyntaxErr, Tree};

pub use symtable::{SymbolTable, constants as symbol_constants};
pub use typhon_syntax::{ErrKind, Mode, Warning};

/// Choices of one compilation.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the source is.
    pub mode: Mode,
    /// `sys.flags.optimize`: 1 removes asserts, 2 docstrings too.
    pub optimize: u8,
    /// Future flags (`flags::FUTURE_*`) that hold from the start.
    pub future: u32,
    /// Allow `await` at top level (`ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`).
    pub top_level_await: bool,
    /// What only the end of the source makes wrong is `ErrKind::Incomplete`
    /// (`PyCF_ALLOW_INCOMPLETE_INPUT`).
    pub allow_incomplete: bool,
    /// The end of the source does not end a block (`PyCF_DONT_IMPLY_DEDENT`).
    pub keep_open: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            mode: Mode::Exec,
            optimize: 0,
            future: 0,
            top_level_await: false,
            allow_incomplete: false,
            keep_open: false,
        }
    }
}

/// A finished compilation.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The module's code.
    pub code: Arc<Code>,
    /// Warnings to be issued.
    pub warnings: Vec<Warning>,
}

/// An error found while compiling, at a source range.
#[derive(Clone, Debug)]
pub(crate) struct CompileErr {
    range: TextRange,
    msg: String,
    kind: ErrKind,
}

impl CompileErr {
    pub fn syntax(range: TextRange, msg: impl Into<String>) -> CompileErr {
        CompileErr { range, msg: msg.into(), kind: ErrKind::Syntax }
    }
}

/// Compile source text.
pub fn compile(text: &str, filename: &str, options: &Options) -> Result<Compiled, Box<SyntaxErr>> {
    let text = &*typhon_syntax::normal_lines(text, options.mode == Mode::Exec);
    typhon_syntax::with_stack(text, || {
        let source = Source::new(text);
        let parsed = typhon_syntax::parse(&source, options.mode, options.future & BARRY != 0);
        let (tree, mut warnings) = match parsed {
            Err(e) if options.allow_incomplete && e.at_end => return Err(incomplete(*e)),
            r => r?,
        };
        if options.keep_open && options.mode == Mode::Single && !text.ends_with('\n') && ends_in_block(&tree) {
            let end = TextRange::empty(rustpython_ruff_text_size::TextSize::of(text));
            let e = source.error(ErrKind::Syntax, end, "invalid syntax");
            return Err(if options.allow_incomplete { incomplete(e) } else { Box::new(e) });
        }
        let mut out = lower(&tree, &source, filename, options)?;
        warnings.append(&mut out.warnings);
        warnings.sort_by_key(|w| (w.line, w.col));
        warnings.dedup();
        out.warnings = warnings;
        Ok(out)
    })
}

fn incomplete(e: SyntaxErr) -> Box<SyntaxErr> {
    Box::new(SyntaxErr { kind: ErrKind::Incomplete, msg: "incomplete input".into(), ..e })
}

/// Whether an interactive statement wants an empty line behind it.
fn ends_in_block(tree: &Tree) -> bool {
    let Tree::Module(m) = tree else { return false };
    use ast::Stmt as S;
    matches!(
        m.body.last(),
        Some(
            S::FunctionDef(_)
                | S::ClassDef(_)
                | S::For(_)
                | S::While(_)
                | S::If(_)
                | S::With(_)
                | S::Match(_)
                | S::Try(_)
        )
    )
}

/// Compile source bytes: decode first (BOM, PEP 263).
pub fn compile_bytes(bytes: &[u8], filename: &str, options: &Options) -> Result<Compiled, Box<SyntaxErr>> {
    let text = typhon_syntax::decode(bytes, &mut |_, _| None)?;
    compile(&text, filename, options)
}

/// Compile a tree that `source` gives places to.
pub fn compile_tree(
    tree: &Tree,
    source: &Source<'_>,
    filename: &str,
    options: &Options,
) -> Result<Compiled, Box<SyntaxErr>> {
    lower(tree, source, filename, options)
}

fn lower(tree: &Tree, source: &Source, filename: &str, options: &Options) -> Result<Compiled, Box<SyntaxErr>> {
    let fail = |e: CompileErr| Box::new(failed(source, e));
    let body = match tree {
        Tree::Module(m) => scope::Body::Stmts(&m.body),
        Tree::Expression(e) => scope::Body::Expr(&e.body),
    };
    let future = unit::future_flags(body).map_err(fail)? | options.future;
    let annotations = future & typhon_bytecode::flags::FUTURE_ANNOTATIONS != 0;
    let scopes = scope::analyse(body, annotations).map_err(fail)?;
    let mut c = unit::Compiler::new(source, scopes, filename, options, future);
    let code = c.module(body).map_err(fail)?;
    Ok(Compiled { code, warnings: c.warnings })
}

/// Messages of errors that CPython's parser finds; all others are its compiler's.
const OF_THE_PARSER: [&str; 6] = [
    "cannot delete",
    "cannot assign to",
    "iterable unpacking cannot be used",
    "dict unpacking cannot be used",
    "illegal target",
    "invalid syntax",
];

/// The error with its place. As in CPython, the compiler's columns count bytes, and it has
/// no text: whoever raises it looks into the file.
fn failed(source: &Source<'_>, e: CompileErr) -> SyntaxErr {
    let p = source.position(e.range);
    let err = source.error(e.kind, e.range, e.msg);
    let of_the_parser = OF_THE_PARSER.iter().any(|m| err.msg.starts_with(m)) && !err.msg.ends_with("__debug__");
    if of_the_parser {
        return err;
    }
    SyntaxErr { col: p.col + 1, end_col: p.end_col + 1, text: None, ..err }
}

/// The symbol table of source text.
pub fn symbol_table(text: &str, mode: Mode) -> Result<SymbolTable, Box<SyntaxErr>> {
    let text = &*typhon_syntax::normal_lines(text, mode == Mode::Exec);
    typhon_syntax::with_stack(text, || {
        let source = Source::new(text);
        let (tree, _) = typhon_syntax::parse(&source, mode, false)?;
        let fail = |e: CompileErr| Box::new(failed(&source, e));
        let body = match &tree {
            Tree::Module(m) => scope::Body::Stmts(&m.body),
            Tree::Expression(e) => scope::Body::Expr(&e.body),
        };
        let future = unit::future_flags(body).map_err(fail)?;
        let annotations = future & typhon_bytecode::flags::FUTURE_ANNOTATIONS != 0;
        Ok(symtable::make(&scope::analyse(body, annotations).map_err(fail)?, &source))
    })
}

/// Whether the future statement of `body` list is a docstring-like expression.
pub(crate) fn is_docstring(s: &ast::Stmt) -> Option<&ast::ExprStringLiteral> {
    match s {
        ast::Stmt::Expr(e) => e.value.as_string_literal_expr(),
        _ => None,
    }
}
