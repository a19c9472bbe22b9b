//! Attribute access, including the short form of `super().name`.

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::Op;

use ast::Expr;
use ast::name::Name;

use crate::assemble::Reg;
use crate::names::Var;
use crate::scope::{Kind, Place, Res};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    /// The name index of an attribute.
    pub fn attr_name(&mut self, a: &ast::ExprAttribute) -> u16 {
        let m = self.mangled(&a.attr.id);
        self.u.name(&m)
    }

    pub fn attribute(&mut self, a: &'a ast::ExprAttribute, d: Reg) -> Res<()> {
        if let Some(call) = self.super_call(&a.value) {
            let w = self.range_start(d);
            self.super_parts(call, w, w + 2)?;
            let name = self.attr_name(a);
            let two = !call.arguments.is_empty() as u8;
            self.u.emit(Op::LOADSUPERATTR, two, w, 0, name);
            self.u.mov(d, w);
            return Ok(());
        }
        let t = self.scratch(d);
        let obj = self.operand_into(&a.value, t)?;
        let name = self.attr_name(a);
        self.u.emit_abc(Op::GETATTR, d, obj, name);
        Ok(())
    }

    /// Whether `e` is a call of the global `super` that can be short-cut.
    pub fn super_call(&self, e: &'a Expr) -> Option<&'a ast::ExprCall> {
        let Expr::Call(call) = e else { return None };
        let Expr::Name(n) = &*call.func else {
            return None;
        };
        if n.id.as_str() != "super" || !call.arguments.keywords.is_empty() {
            return None;
        }
        let sc = &self.scopes[self.u.scope];
        if !matches!(sc.kind, Kind::Function | Kind::Lambda) || self.lookup(&n.id) != Var::Global {
            return None;
        }
        // A module that binds `super` itself does not mean the built-in.
        if self.scopes[0].sym("super").is_some_and(|s| s.place == Place::Local) {
            return None;
        }
        match call.arguments.args.len() {
            0 => (self.u.code.argcount > 0 && self.u.frees.contains_key("__class__")).then_some(call),
            2 => (!call.arguments.args.iter().any(|a| a.is_starred_expr())).then_some(call),
            _ => None,
        }
    }

    /// Evaluate the name `super` to `w`, the class to `w+1`, self to `self_to`.
    pub fn super_parts(&mut self, call: &'a ast::ExprCall, w: Reg, self_to: Reg) -> Res<()> {
        self.u.set_top(self_to as u32 + 1);
        let name = Name::new("super");
        self.at(ast_range(&call.func), |c| c.load_name(&name, Some(w)));
        if let [cls, obj] = &*call.arguments.args {
            self.expr_to(cls, w + 1)?;
            self.expr_to(obj, self_to)?;
        } else {
            let class = Name::new("__class__");
            let cell = self.cell_of(&class);
            self.at(call.range, |c| c.u.emit_ab(Op::LOADCELL, w + 1, cell));
            let first = self.u.code.varnames[0].clone();
            if self.u.cells.contains_key(&*first) {
                self.u.emit_ab(Op::LOADCELL, self_to, 0);
            } else {
                if !self.u.is_bound(0) {
                    self.u.emit_a(Op::CHECKLOCAL, 0);
                }
                self.u.mov(self_to, 0);
            }
        }
        Ok(())
    }
}

fn ast_range(e: &Expr) -> rustpython_ruff_text_size::TextRange {
    rustpython_ruff_text_size::Ranged::range(e)
}
