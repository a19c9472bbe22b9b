//! Type parameters and type aliases (PEP 695, 696).

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Const, Intrinsic1, Intrinsic2, Op};

use ast::{Expr, TypeParam};

use crate::assemble::Reg;
use crate::scope::{Res, Role};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    /// Make the type parameters and a tuple of them in `d`.
    pub fn type_params(&mut self, tp: &'a ast::TypeParams, d: Reg) -> Res<()> {
        let top = self.u.top;
        let list = self.u.temp();
        self.u.emit_abc(Op::BUILDLIST, list, 0, 0);
        for p in &tp.type_params {
            let inner = self.u.top;
            let name = p.name();
            self.u.range = Some(p.range());
            let t = self.const_temp(Const::text(name.as_str()));
            let plain = match p {
                TypeParam::TypeVar(v) => match &v.bound {
                    Some(b) => {
                        let f = self.u.temp();
                        self.deferred(p, Role::Bound, b, name, f)?;
                        let which = if b.is_tuple_expr() {
                            Intrinsic2::TypeVarWithConstraints
                        } else {
                            Intrinsic2::TypeVarWithBound
                        };
                        self.u.emit(Op::INTRINSIC2, which as u8, t, t, f);
                        None
                    }
                    None => Some(Intrinsic1::TypeVar),
                },
                TypeParam::ParamSpec(_) => Some(Intrinsic1::ParamSpec),
                TypeParam::TypeVarTuple(_) => Some(Intrinsic1::TypeVarTuple),
            };
            if let Some(which) = plain {
                self.u.emit(Op::INTRINSIC1, which as u8, t, t, 0);
            }
            if let Some(e) = p.default() {
                let f = self.u.temp();
                self.deferred(p, Role::Default, e, name, f)?;
                self.u.emit(Op::INTRINSIC2, Intrinsic2::SetTypeparamDefault as u8, t, t, f);
            }
            self.store_name(&name.id, t);
            self.u.emit_ab(Op::LISTAPPEND, list, t);
            self.u.set_top(inner);
        }
        self.u.emit_ab(Op::LISTTOTUPLE, d, list);
        self.u.set_top(top);
        Ok(())
    }

    /// A function that evaluates `e` when asked; it has a default format.
    fn deferred<T>(&mut self, node: &T, role: Role, e: &'a Expr, name: &str, f: Reg) -> Res<()> {
        let id = self.scopes.of(node, role);
        self.enter(id, name, e.range());
        self.format_check();
        let r = match e {
            Expr::Starred(s) => {
                let t = self.expr_temp(&s.value)?;
                self.at(s.range, |c| c.u.emit_abc(Op::UNPACKSEQ, t, t, 1));
                t
            }
            e => self.operand(e)?,
        };
        self.u.emit_a(Op::RETURN, r);
        let code = self.leave()?;
        self.u.load_const(f, Const::Tuple([Const::Int(1)].into()));
        self.make_function(code, f, typhon_bytecode::func::DEFAULTS)
    }

    pub fn type_alias(&mut self, t: &'a ast::StmtTypeAlias) -> Res<()> {
        let Expr::Name(n) = &*t.name else {
            return self.err(t.name.range(), "invalid syntax");
        };
        let w = self.u.temp();
        match &t.type_params {
            None => self.alias_value(t, n, w, None)?,
            Some(tp) => {
                let id = self.scopes.of(t, Role::TypeParams);
                self.enter(id, &format!("<generic parameters of {}>", n.id), t.range);
                self.prologue();
                let list = self.u.temp();
                self.type_params(tp, list)?;
                let iw = self.u.temp();
                self.alias_value(t, n, iw, Some(list))?;
                self.u.emit_a(Op::RETURN, iw);
                let code = self.leave()?;
                self.make_function(code, w, 0)?;
                self.u.set_top(w as u32 + 4);
                self.u.emit_ab(Op::CALL, w, 0);
            }
        }
        self.store_name(&n.id, w);
        Ok(())
    }

    fn alias_value(&mut self, t: &'a ast::StmtTypeAlias, n: &ast::ExprName, d: Reg, params: Option<Reg>) -> Res<()> {
        let at = self.const_temp(Const::text(n.id.as_str()));
        let p = self.u.temp();
        match params {
            Some(r) => self.u.mov(p, r),
            None => self.u.emit_a(Op::LOADNONE, p),
        }
        let f = self.u.temp();
        self.deferred(t, Role::Value, &t.value, &n.id, f)?;
        self.u.emit_abc(Op::BUILDTUPLE, at, at, 3);
        self.u.emit(Op::INTRINSIC1, Intrinsic1::TypeAlias as u8, d, at, 0);
        self.u.set_top(d as u32 + 1);
        Ok(())
    }
}
