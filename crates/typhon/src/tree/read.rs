//! Nodes as the parser's tree, for `compile()` of a tree.
//!
//! A tree says its places itself, so its "source" is an index of lines of equal
//! length without text: line and column become the offset that the index leads
//! back to them.
//!
//! Tests: tests/lang/ast.md; CPython test_ast.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{TextRange, TextSize};
use typhon_object::dict::Dict;
use typhon_object::list::List;
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, int, ops};
use typhon_syntax::Tree;
use typhon_vm::{hooks, import};

/// Columns of a line: a place behind them is put at the last.
pub const STRIDE: u32 = 4096;
/// Lines that offsets of 32 bits can tell apart.
const LINES: u32 = u32::MAX / STRIDE - 2;

/// Reads nodes; what is missing is reported in CPython's order, the place of a node
/// before its kind. It lives on the native stack, where the collector sees what it
/// holds.
pub struct Reader {
    classes: Gc<Dict>,
    /// The last line that was seen.
    pub last: u32,
}

/// Whether `node` is the root of a tree that `mode` allows.
pub fn check(cx: &mut Cx, node: Obj, mode: &str) -> Result<()> {
    let module = import::import_module(cx, "_ast")?;
    let Some(classes) = hooks::module_dict(module) else {
        return Err(cx.error(ExcKind::SystemError, "_ast is not a module"));
    };
    Reader { classes, last: 1 }.root(cx, node, mode).map(|_| ())
}

/// The parser's tree of a node that `mode` ("exec", "eval", "single") allows, and
/// its number of lines.
pub fn read(cx: &mut Cx, node: Obj, mode: &str) -> Result<(Tree, u32)> {
    let module = import::import_module(cx, "_ast")?;
    let Some(classes) = hooks::module_dict(module) else {
        return Err(cx.error(ExcKind::SystemError, "_ast is not a module"));
    };
    let mut r = Reader { classes, last: 1 };
    let want = r.root(cx, node, mode)?;
    let range = TextRange::empty(TextSize::new(0));
    let tree = if want == "Expression" {
        let body = r.required_expr(cx, node, "Expression", "body")?;
        Tree::Expression(ast::ModExpression { node_index: Default::default(), range, body })
    } else {
        let body = r.body(cx, node, want, "body")?;
        Tree::Module(ast::ModModule { node_index: Default::default(), range, body })
    };
    Ok((tree, r.last))
}

impl Reader {
    /// The name of the class that `mode` asks the root of a tree for, which it must have.
    fn root(&self, cx: &mut Cx, node: Obj, mode: &str) -> Result<&'static str> {
        let want = match mode {
            "eval" => "Expression",
            "single" => "Interactive",
            "func_type" => "FunctionType",
            _ => "Module",
        };
        match self.kind(cx, node, want) {
            Ok(_) => Ok(want),
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                let got = cx.type_name(node);
                Err(cx.type_error(format!("expected {want} node, got {got}")))
            }
            Err(e) => Err(e),
        }
    }

    /// The name of the node class of `o`, which must be of the family `family`.
    pub(super) fn kind(&self, cx: &mut Cx, o: Obj, family: &str) -> Result<String> {
        let class = ops::class_of(o);
        let mut own = None;
        for c in class.mro() {
            let Some(c) = c.cast::<Type>() else { continue };
            let Some(n) = c.name_obj() else { continue };
            if self.classes.get_str(n) != Some(c.obj()) {
                continue;
            }
            let n = n.to_str().into_owned();
            if n == family {
                return Ok(own.unwrap_or(n));
            }
            own.get_or_insert(n);
        }
        let shown = ops::repr(cx, o)?;
        Err(cx.type_error(format!("expected some sort of {family}, but got {}", shown.to_str())))
    }

    /// A field that may be missing or None.
    pub(super) fn field(&self, cx: &mut Cx, o: Obj, n: &str) -> Result<Option<Obj>> {
        let n = cx.intern(n)?;
        Ok(ops::get_attr_opt(cx, o, n)?.filter(|v| !v.is_none()))
    }

    fn missing(cx: &Cx, class: &str, n: &str) -> Raised {
        cx.type_error(format!("required field \"{n}\" missing from {class}"))
    }

    /// A field that must be there and is a node.
    pub(super) fn required(&self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Obj> {
        match self.field(cx, o, n)? {
            Some(v) => Ok(v),
            None => {
                let name = cx.intern(n)?;
                match ops::get_attr_opt(cx, o, name)? {
                    Some(_) => Err(cx.value_error(format!("field '{n}' is required for {class}"))),
                    None => Err(Self::missing(cx, class, n)),
                }
            }
        }
    }

    /// A list field; missing ones are empty.
    pub(super) fn items(&self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Option<Gc<List>>> {
        let name = cx.intern(n)?;
        let Some(v) = ops::get_attr_opt(cx, o, name)? else { return Ok(None) };
        match v.cast::<List>() {
            Some(l) => Ok(Some(l)),
            None => {
                let got = cx.type_name(v);
                Err(cx.type_error(format!("{class} field \"{n}\" must be a list, not a {got}")))
            }
        }
    }

    /// What `f` makes of each item of a list field.
    pub(super) fn list<T>(
        &mut self,
        cx: &mut Cx,
        o: Obj,
        class: &str,
        n: &str,
        mut f: impl FnMut(&mut Self, &mut Cx, Obj) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut out = Vec::new();
        let Some(l) = self.items(cx, o, class, n)? else { return Ok(out) };
        let mut i = 0;
        while let Some(x) = l.get(i) {
            out.push(f(self, cx, x)?);
            i += 1;
        }
        Ok(out)
    }

    /// A list of expressions in this context.
    pub(super) fn exprs_in(
        &mut self,
        cx: &mut Cx,
        o: Obj,
        class: &str,
        n: &str,
        context: ast::ExprContext,
    ) -> Result<Vec<ast::Expr>> {
        self.list(cx, o, class, n, |r, cx, x| {
            if x.is_none() {
                return Err(cx.value_error("None disallowed in expression list"));
            }
            let e = r.expr(cx, x)?;
            r.in_context(cx, &e, context)?;
            Ok(e)
        })
    }

    /// A list of expressions that are read.
    pub(super) fn exprs(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Vec<ast::Expr>> {
        self.exprs_in(cx, o, class, n, ast::ExprContext::Load)
    }

    /// A list of expressions that are read, some of which may be missing.
    pub(super) fn opt_exprs(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Vec<Option<ast::Expr>>> {
        self.list(cx, o, class, n, |r, cx, x| {
            if x.is_none() {
                return Ok(None);
            }
            let e = r.expr(cx, x)?;
            r.in_context(cx, &e, ast::ExprContext::Load)?;
            Ok(Some(e))
        })
    }

    /// A list of statements that must not be empty, unless it is optional.
    pub(super) fn body(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Vec<ast::Stmt>> {
        self.list(cx, o, class, n, |r, cx, x| match x.is_none() {
            true => Err(cx.value_error("None disallowed in statement list")),
            false => r.stmt(cx, x),
        })
    }

    pub(super) fn full_body(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Vec<ast::Stmt>> {
        let b = self.body(cx, o, class, n)?;
        match b.is_empty() {
            true => Err(cx.value_error(format!("empty {n} on {class}"))),
            false => Ok(b),
        }
    }

    /// An expression in whatever context.
    pub(super) fn any_expr(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Box<ast::Expr>> {
        let e = self.required(cx, o, class, n)?;
        Ok(Box::new(self.expr(cx, e)?))
    }

    /// An expression that is read.
    pub(super) fn required_expr(&mut self, cx: &mut Cx, o: Obj, class: &str, n: &str) -> Result<Box<ast::Expr>> {
        let e = self.any_expr(cx, o, class, n)?;
        self.in_context(cx, &e, ast::ExprContext::Load)?;
        Ok(e)
    }

    /// An expression in this context, if it is there.
    pub(super) fn opt_expr_in(
        &mut self,
        cx: &mut Cx,
        o: Obj,
        n: &str,
        context: ast::ExprContext,
    ) -> Result<Option<Box<ast::Expr>>> {
        let Some(e) = self.field(cx, o, n)? else { return Ok(None) };
        let e = self.expr(cx, e)?;
        self.in_context(cx, &e, context)?;
        Ok(Some(Box::new(e)))
    }

    /// An expression that is read, if it is there.
    pub(super) fn opt_expr(&mut self, cx: &mut Cx, o: Obj, n: &str) -> Result<Option<Box<ast::Expr>>> {
        self.opt_expr_in(cx, o, n, ast::ExprContext::Load)
    }

    fn identifier_of(&self, cx: &mut Cx, v: Obj, r: TextRange) -> Result<ast::Identifier> {
        let Some(s) = v.cast::<Str>() else { return Err(cx.type_error("AST identifier must be of type str")) };
        let text = s.to_str().into_owned();
        if matches!(text.as_str(), "None" | "True" | "False") {
            return Err(cx.value_error(format!("identifier field can't represent '{text}' constant")));
        }
        Ok(ast::Identifier::new(text, r))
    }

    pub(super) fn identifier(
        &self,
        cx: &mut Cx,
        o: Obj,
        class: &str,
        n: &str,
        r: TextRange,
    ) -> Result<ast::Identifier> {
        let v = self.required(cx, o, class, n)?;
        self.identifier_of(cx, v, r)
    }

    pub(super) fn opt_identifier(&self, cx: &mut Cx, o: Obj, n: &str, r: TextRange) -> Result<Option<ast::Identifier>> {
        match self.field(cx, o, n)? {
            Some(v) => Ok(Some(self.identifier_of(cx, v, r)?)),
            None => Ok(None),
        }
    }

    pub(super) fn identifiers(
        &mut self,
        cx: &mut Cx,
        o: Obj,
        class: &str,
        n: &str,
        range: TextRange,
    ) -> Result<Vec<ast::Identifier>> {
        self.list(cx, o, class, n, |r, cx, x| r.identifier_of(cx, x, range))
    }

    /// A field that is a small number.
    pub(super) fn number(&self, cx: &mut Cx, o: Obj, n: &str) -> Result<Option<i64>> {
        let Some(v) = self.field(cx, o, n)? else { return Ok(None) };
        match int::to_i64(v) {
            Some(i) => Ok(Some(i)),
            None => {
                let r = ops::repr(cx, v)?;
                Err(cx.value_error(format!("invalid integer value: {}", r.to_str())))
            }
        }
    }

    /// A number that says where a node begins.
    fn place(&self, cx: &mut Cx, o: Obj, family: &str, n: &str) -> Result<i64> {
        if let Some(i) = self.number(cx, o, n)? {
            return Ok(i);
        }
        let name = cx.intern(n)?;
        Err(match ops::get_attr_opt(cx, o, name)? {
            Some(_) => cx.value_error("invalid integer value: None"),
            None => Self::missing(cx, family, n),
        })
    }

    /// The place of a node of this family.
    pub(super) fn range(&mut self, cx: &mut Cx, o: Obj, family: &str) -> Result<TextRange> {
        let line = self.place(cx, o, family, "lineno")?;
        let col = self.place(cx, o, family, "col_offset")?;
        let end_line = self.number(cx, o, "end_lineno")?.unwrap_or(line);
        let end_col = self.number(cx, o, "end_col_offset")?.unwrap_or(col);
        if line > end_line {
            return Err(cx.value_error(format!("AST node line range ({line}, {end_line}) is not valid")));
        }
        if (line < 0 && end_line != line) || (col < 0 && col != end_col) {
            return Err(cx.value_error(format!(
                "AST node column range ({col}, {end_col}) for line range ({line}, {end_line}) is not valid"
            )));
        }
        if line == end_line && col > end_col {
            return Err(cx.value_error(format!("line {line}, column {col}-{end_col} is not a valid range")));
        }
        let at = |line: i64, col: i64| {
            let line = line.clamp(1, LINES as i64) as u32;
            TextSize::new((line - 1) * STRIDE + col.clamp(0, STRIDE as i64 - 1) as u32)
        };
        self.last = self.last.max(end_line.clamp(1, LINES as i64) as u32);
        let start = at(line, col);
        Ok(TextRange::new(start, at(end_line, end_col).max(start)))
    }
}
