//! The syntax tree as objects: `compile(..., ast.PyCF_ONLY_AST)`.
//!
//! The node classes come from one table, the overlay's `_ast`. `stmt.rs` and
//! `expr.rs` make nodes from the parser's tree; positions are those of CPython,
//! which differ from the parser's for decorated definitions, `elif` chains and
//! generator expressions that are a call's only argument. `read.rs` and its
//! neighbours go the other way, for `compile()` of a tree.
//!
//! Tests: tests/lang/ast.md; CPython test_ast.

mod expr;
pub mod read;
mod read_expr;
mod read_pattern;
mod read_stmt;
mod stmt;
mod text;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::TextRange;
use typhon_compiler::Mode;
use typhon_object::dict::Dict;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, list, ops, str};
use typhon_syntax::{Source, Tree, TypeComments};
use typhon_vm::{hooks, import};

/// What a conversion needs. It lives on the native stack, where the collector
/// sees what it holds.
pub struct Maker<'a> {
    source: &'a Source<'a>,
    /// The type comments, if they are wanted.
    comments: Option<&'a TypeComments>,
    /// The namespace of `_ast`.
    classes: Gc<Dict>,
    /// For errors.
    filename: &'a str,
    load: Obj,
    store: Obj,
    del: Obj,
}

/// The tree of a parsed source.
pub fn make(
    cx: &mut Cx,
    source: &Source<'_>,
    filename: &str,
    tree: &Tree,
    mode: Mode,
    comments: Option<&TypeComments>,
) -> Result<Obj> {
    let m = Maker::new(cx, source, filename, comments)?;
    match tree {
        Tree::Expression(e) => {
            let body = m.expr(cx, &e.body)?;
            m.node(cx, "Expression", None, &[("body", body)])
        }
        Tree::Module(t) => {
            let body = m.stmts(cx, &t.body)?;
            if mode == Mode::Single {
                return m.node(cx, "Interactive", None, &[("body", body)]);
            }
            let ignores = comments.map_or(&[][..], |c| &c.ignores);
            let ignores = m.list(cx, ignores, |m, cx, (line, tag)| {
                let tag = m.text(cx, tag)?;
                m.node(cx, "TypeIgnore", None, &[("lineno", Obj::int_unchecked(*line as i64)), ("tag", tag)])
            })?;
            m.node(cx, "Module", None, &[("body", body), ("type_ignores", ignores)])
        }
    }
}

/// The tree of a function's type.
pub fn make_func_type(
    cx: &mut Cx,
    source: &Source<'_>,
    filename: &str,
    types: &[ast::Expr],
    result: &ast::Expr,
) -> Result<Obj> {
    let m = Maker::new(cx, source, filename, None)?;
    let types = m.exprs(cx, types)?;
    let result = m.expr(cx, result)?;
    m.node(cx, "FunctionType", None, &[("argtypes", types), ("returns", result)])
}

impl<'a> Maker<'a> {
    fn new(
        cx: &mut Cx,
        source: &'a Source<'a>,
        filename: &'a str,
        comments: Option<&'a TypeComments>,
    ) -> Result<Maker<'a>> {
        let module = import::import_module(cx, "_ast")?;
        let Some(classes) = hooks::module_dict(module) else {
            return Err(cx.error(ExcKind::SystemError, "_ast is not a module"));
        };
        let mut m = Maker { source, comments, classes, filename, load: Obj::NONE, store: Obj::NONE, del: Obj::NONE };
        m.load = m.node(cx, "Load", None, &[])?;
        m.store = m.node(cx, "Store", None, &[])?;
        m.del = m.node(cx, "Del", None, &[])?;
        Ok(m)
    }
    /// A type comment as a field.
    fn type_comment(
        &self,
        cx: &mut Cx,
        find: impl FnOnce(&'a TypeComments, &'a Source<'a>) -> Option<&'a str>,
    ) -> Result<Obj> {
        match self.comments.and_then(|c| find(c, self.source)) {
            Some(text) => self.text(cx, text),
            None => Ok(Obj::NONE),
        }
    }
}

impl Maker<'_> {
    fn class(&self, cx: &mut Cx, n: &str) -> Result<Gc<Type>> {
        let key = cx.intern(n)?;
        match self.classes.get_str(key).and_then(|c| c.cast::<Type>()) {
            Some(c) => Ok(c),
            None => Err(cx.error(ExcKind::SystemError, format!("_ast has no {n}"))),
        }
    }

    /// A node with these fields and, if it has a place, its position.
    fn node(&self, cx: &mut Cx, class: &str, range: Option<TextRange>, fields: &[(&str, Obj)]) -> Result<Obj> {
        let class = self.class(cx, class)?;
        let o = hooks::new_instance(cx, class)?;
        for (n, v) in fields {
            let n = cx.intern(n)?;
            ops::set_attr(cx, o, n, Some(*v))?;
        }
        if let Some(r) = range {
            let p = self.source.position(r);
            for (n, v) in
                [("lineno", p.line), ("col_offset", p.col), ("end_lineno", p.end_line), ("end_col_offset", p.end_col)]
            {
                let n = cx.intern(n)?;
                ops::set_attr(cx, o, n, Some(Obj::int_unchecked(v as i64)))?;
            }
        }
        Ok(o)
    }

    /// A list of what `f` makes of each item.
    fn list<T>(&self, cx: &mut Cx, items: &[T], f: impl Fn(&Self, &mut Cx, &T) -> Result<Obj>) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for i in items {
            let o = f(self, cx, i)?;
            l.append(cx, o)?;
        }
        Ok(l.obj())
    }

    /// What `f` makes of an optional part, or None.
    fn opt<T>(&self, cx: &mut Cx, o: Option<&T>, f: impl Fn(&Self, &mut Cx, &T) -> Result<Obj>) -> Result<Obj> {
        match o {
            Some(x) => f(self, cx, x),
            None => Ok(Obj::NONE),
        }
    }

    fn name(&self, cx: &mut Cx, n: &str) -> Result<Obj> {
        Ok(cx.intern(n)?.obj())
    }

    fn text(&self, cx: &mut Cx, n: &str) -> Result<Obj> {
        Ok(str::new(cx, n)?.obj())
    }

    fn identifier(&self, cx: &mut Cx, n: &ast::Identifier) -> Result<Obj> {
        self.named(cx, &n.id)
    }

    /// A name of the program. One that is written with other letters, but reads as a
    /// constant, is none.
    fn named(&self, cx: &mut Cx, n: &str) -> Result<Obj> {
        match n {
            "None" | "True" | "False" => {
                Err(cx.value_error(format!("identifier field can't represent '{n}' constant")))
            }
            _ => self.name(cx, n),
        }
    }
}
