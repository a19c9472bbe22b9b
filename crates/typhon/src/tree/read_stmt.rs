//! Nodes of statements and type parameters as the parser's.

use super::read::Reader;
use ast::{Expr, ExprContext, Stmt, TypeParam};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::TextRange;
use typhon_object::{Cx, Obj, Result, ops};

impl Reader {
    fn targets(&mut self, cx: &mut Cx, o: Obj, class: &str, want: ExprContext) -> Result<Vec<Expr>> {
        let l = self.exprs_in(cx, o, class, "targets", want)?;
        if l.is_empty() {
            return Err(cx.value_error(format!("empty targets on {class}")));
        }
        Ok(l)
    }

    fn target(&mut self, cx: &mut Cx, o: Obj, class: &str) -> Result<Box<Expr>> {
        let t = self.any_expr(cx, o, class, "target")?;
        self.in_context(cx, &t, ExprContext::Store)?;
        Ok(t)
    }

    fn decorators(&mut self, cx: &mut Cx, o: Obj, class: &str) -> Result<Vec<ast::Decorator>> {
        let l = self.exprs(cx, o, class, "decorator_list")?;
        Ok(l.into_iter()
            .map(|expression| {
                let r = rustpython_ruff_text_size::Ranged::range(&expression);
                // The parser's range begins with the `@`.
                let start = r.start().to_u32().saturating_sub(1);
                let range = TextRange::new(start.into(), r.end());
                ast::Decorator { node_index: Default::default(), range, expression }
            })
            .collect())
    }

    pub(super) fn stmt(&mut self, cx: &mut Cx, o: Obj) -> Result<Stmt> {
        cx.enter()?;
        let range = self.range(cx, o, "stmt")?;
        let kind = self.kind(cx, o, "stmt")?;
        let k = kind.as_str();
        let node_index = ast::AtomicNodeIndex::NONE;
        Ok(match k {
            "FunctionDef" | "AsyncFunctionDef" => {
                let name = self.identifier(cx, o, k, "name", range)?;
                let args = self.required(cx, o, k, "args")?;
                let parameters = Box::new(self.parameters(cx, args, range)?);
                let body = self.full_body(cx, o, k, "body")?;
                let decorator_list = self.decorators(cx, o, k)?;
                let returns = self.opt_expr(cx, o, "returns")?;
                let type_params = self.type_params(cx, o, k, range)?;
                Stmt::FunctionDef(ast::StmtFunctionDef {
                    node_index,
                    range,
                    is_async: k == "AsyncFunctionDef",
                    decorator_list,
                    name,
                    type_params,
                    parameters,
                    returns,
                    body,
                })
            }
            "ClassDef" => {
                let name = self.identifier(cx, o, k, "name", range)?;
                let args = self.exprs(cx, o, k, "bases")?.into();
                let keywords = self.keywords(cx, o, k)?.into();
                let arguments =
                    Some(Box::new(ast::Arguments { node_index: Default::default(), range, args, keywords }));
                let body = self.full_body(cx, o, k, "body")?;
                let decorator_list = self.decorators(cx, o, k)?;
                let type_params = self.type_params(cx, o, k, range)?;
                Stmt::ClassDef(ast::StmtClassDef {
                    node_index,
                    range,
                    decorator_list,
                    name,
                    type_params,
                    arguments,
                    body,
                })
            }
            "Return" => {
                let value = self.opt_expr(cx, o, "value")?;
                Stmt::Return(ast::StmtReturn { node_index, range, value })
            }
            "Delete" => {
                let targets = self.targets(cx, o, k, ExprContext::Del)?;
                Stmt::Delete(ast::StmtDelete { node_index, range, targets })
            }
            "Assign" => {
                let targets = self.targets(cx, o, k, ExprContext::Store)?;
                let value = self.required_expr(cx, o, k, "value")?;
                Stmt::Assign(ast::StmtAssign { node_index, range, targets, value })
            }
            "TypeAlias" => {
                let name = self.any_expr(cx, o, k, "name")?;
                if !name.is_name_expr() {
                    return Err(cx.type_error("TypeAlias with non-Name name"));
                }
                self.in_context(cx, &name, ExprContext::Store)?;
                let type_params = self.type_params(cx, o, k, range)?;
                let value = self.required_expr(cx, o, k, "value")?;
                Stmt::TypeAlias(ast::StmtTypeAlias { node_index, range, name, type_params, value })
            }
            "AugAssign" => {
                let target = self.target(cx, o, k)?;
                let op = self.operator(cx, o, k)?;
                let value = self.required_expr(cx, o, k, "value")?;
                Stmt::AugAssign(ast::StmtAugAssign { node_index, range, target, op, value })
            }
            "AnnAssign" => {
                let target = self.target(cx, o, k)?;
                let simple = self.number(cx, o, "simple")?.unwrap_or(0) != 0;
                if simple && !target.is_name_expr() {
                    return Err(cx.type_error("AnnAssign with simple non-Name target"));
                }
                let annotation = self.required_expr(cx, o, k, "annotation")?;
                let value = self.opt_expr(cx, o, "value")?;
                Stmt::AnnAssign(ast::StmtAnnAssign { node_index, range, target, annotation, value, simple })
            }
            "For" | "AsyncFor" => {
                let target = self.target(cx, o, k)?;
                let iter = self.required_expr(cx, o, k, "iter")?;
                let body = self.full_body(cx, o, k, "body")?;
                let orelse = self.body(cx, o, k, "orelse")?;
                let is_async = k == "AsyncFor";
                Stmt::For(ast::StmtFor { node_index, range, is_async, target, iter, body, orelse })
            }
            "While" => {
                let test = self.required_expr(cx, o, k, "test")?;
                let body = self.full_body(cx, o, k, "body")?;
                let orelse = self.body(cx, o, k, "orelse")?;
                Stmt::While(ast::StmtWhile { node_index, range, test, body, orelse })
            }
            "If" => {
                let test = self.required_expr(cx, o, k, "test")?;
                let body = self.full_body(cx, o, k, "body")?;
                let orelse = self.body(cx, o, k, "orelse")?;
                let elif_else_clauses = match orelse.is_empty() {
                    true => Vec::new(),
                    false => {
                        vec![ast::ElifElseClause { node_index: Default::default(), range, test: None, body: orelse }]
                    }
                };
                Stmt::If(ast::StmtIf { node_index, range, test, body, elif_else_clauses })
            }
            "With" | "AsyncWith" => {
                let items = self.list(cx, o, k, "items", |r, cx, x| {
                    let k = r.kind(cx, x, "withitem")?;
                    let context_expr = *r.required_expr(cx, x, &k, "context_expr")?;
                    let optional_vars = r.opt_expr_in(cx, x, "optional_vars", ExprContext::Store)?;
                    let range = rustpython_ruff_text_size::Ranged::range(&context_expr);
                    Ok(ast::WithItem { node_index: Default::default(), range, context_expr, optional_vars })
                })?;
                if items.is_empty() {
                    return Err(cx.value_error(format!("empty items on {k}")));
                }
                let body = self.full_body(cx, o, k, "body")?;
                Stmt::With(ast::StmtWith { node_index, range, is_async: k == "AsyncWith", items, body })
            }
            "Match" => {
                let subject = self.required_expr(cx, o, k, "subject")?;
                let cases = self.list(cx, o, k, "cases", |r, cx, x| {
                    let k = r.kind(cx, x, "match_case")?;
                    let p = r.required(cx, x, &k, "pattern")?;
                    let pattern = r.pattern(cx, p)?;
                    let guard = r.opt_expr(cx, x, "guard")?;
                    let body = r.full_body(cx, x, &k, "body")?;
                    let range = rustpython_ruff_text_size::Ranged::range(&pattern);
                    Ok(ast::MatchCase { node_index: Default::default(), range, pattern, guard, body })
                })?;
                if cases.is_empty() {
                    return Err(cx.value_error("empty cases on Match"));
                }
                Stmt::Match(ast::StmtMatch { node_index, range, subject, cases })
            }
            "Raise" => {
                let exc = self.opt_expr(cx, o, "exc")?;
                let cause = self.opt_expr(cx, o, "cause")?;
                if exc.is_none() && cause.is_some() {
                    return Err(cx.value_error("Raise with cause but no exception"));
                }
                Stmt::Raise(ast::StmtRaise { node_index, range, exc, cause })
            }
            "Try" | "TryStar" => self.try_(cx, o, k, range)?,
            "Assert" => {
                let test = self.required_expr(cx, o, k, "test")?;
                let msg = self.opt_expr(cx, o, "msg")?;
                Stmt::Assert(ast::StmtAssert { node_index, range, test, msg })
            }
            "Import" => {
                let names = self.aliases(cx, o, k)?;
                Stmt::Import(ast::StmtImport { node_index, range, names, is_lazy: false })
            }
            "ImportFrom" => {
                let module = self.opt_identifier(cx, o, "module", range)?;
                let names = self.aliases(cx, o, k)?;
                let level = self.number(cx, o, "level")?.unwrap_or(0);
                if level < 0 {
                    return Err(cx.value_error("Negative ImportFrom level"));
                }
                let level = level as u32;
                Stmt::ImportFrom(ast::StmtImportFrom { node_index, range, module, names, level, is_lazy: false })
            }
            "Global" | "Nonlocal" => {
                let names = self.identifiers(cx, o, k, "names", range)?;
                if names.is_empty() {
                    return Err(cx.value_error(format!("empty names on {k}")));
                }
                match k {
                    "Global" => Stmt::Global(ast::StmtGlobal { node_index, range, names }),
                    _ => Stmt::Nonlocal(ast::StmtNonlocal { node_index, range, names }),
                }
            }
            "Expr" => {
                let value = self.required_expr(cx, o, k, "value")?;
                Stmt::Expr(ast::StmtExpr { node_index, range, value })
            }
            "Pass" => Stmt::Pass(ast::StmtPass { node_index, range }),
            "Break" => Stmt::Break(ast::StmtBreak { node_index, range }),
            "Continue" => Stmt::Continue(ast::StmtContinue { node_index, range }),
            _ => {
                let r = ops::repr(cx, o)?;
                return Err(cx.type_error(format!("expected some sort of stmt, but got {}", r.to_str())));
            }
        })
    }

    fn try_(&mut self, cx: &mut Cx, o: Obj, k: &str, range: TextRange) -> Result<Stmt> {
        let body = self.full_body(cx, o, k, "body")?;
        let handlers = self.list(cx, o, k, "handlers", |r, cx, x| {
            let range = r.range(cx, x, "excepthandler")?;
            let k = r.kind(cx, x, "excepthandler")?;
            let type_ = r.opt_expr(cx, x, "type")?;
            let name = r.opt_identifier(cx, x, "name", range)?;
            let body = r.full_body(cx, x, &k, "body")?;
            Ok(ast::ExceptHandler::ExceptHandler(ast::ExceptHandlerExceptHandler {
                node_index: Default::default(),
                range,
                type_,
                name,
                body,
            }))
        })?;
        let orelse = self.body(cx, o, k, "orelse")?;
        let finalbody = self.body(cx, o, k, "finalbody")?;
        if handlers.is_empty() && finalbody.is_empty() {
            return Err(cx.value_error(format!("{k} has neither except handlers nor finalbody")));
        }
        if handlers.is_empty() && !orelse.is_empty() {
            return Err(cx.value_error(format!("{k} has orelse but no except handlers")));
        }
        let is_star = k == "TryStar";
        let node_index = ast::AtomicNodeIndex::NONE;
        Ok(Stmt::Try(ast::StmtTry { node_index, range, body, handlers, orelse, finalbody, is_star }))
    }

    fn aliases(&mut self, cx: &mut Cx, o: Obj, class: &str) -> Result<Vec<ast::Alias>> {
        let l = self.list(cx, o, class, "names", |r, cx, x| {
            let k = r.kind(cx, x, "alias")?;
            let range = r.range(cx, x, &k)?;
            let name = r.identifier(cx, x, &k, "name", range)?;
            let asname = r.opt_identifier(cx, x, "asname", range)?;
            Ok(ast::Alias { node_index: Default::default(), range, name, asname })
        })?;
        if l.is_empty() {
            return Err(cx.value_error(format!("empty names on {class}")));
        }
        Ok(l)
    }

    fn type_params(
        &mut self,
        cx: &mut Cx,
        o: Obj,
        class: &str,
        range: TextRange,
    ) -> Result<Option<Box<ast::TypeParams>>> {
        let type_params = self.list(cx, o, class, "type_params", |r, cx, x| {
            let range = r.range(cx, x, "type_param")?;
            let kind = r.kind(cx, x, "type_param")?;
            let node_index = ast::AtomicNodeIndex::NONE;
            let name = r.identifier(cx, x, &kind, "name", range)?;
            let default = r.opt_expr(cx, x, "default_value")?;
            Ok(match kind.as_str() {
                "ParamSpec" => TypeParam::ParamSpec(ast::TypeParamParamSpec { node_index, range, name, default }),
                "TypeVarTuple" => {
                    TypeParam::TypeVarTuple(ast::TypeParamTypeVarTuple { node_index, range, name, default })
                }
                _ => {
                    let bound = r.opt_expr(cx, x, "bound")?;
                    TypeParam::TypeVar(ast::TypeParamTypeVar { node_index, range, name, bound, default })
                }
            })
        })?;
        if type_params.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(ast::TypeParams { node_index: Default::default(), range, type_params })))
    }
}
