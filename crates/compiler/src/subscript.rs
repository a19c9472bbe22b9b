//! Subscripts and slices.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Const, Op};

use ast::Expr;

use crate::assemble::Reg;
use crate::scope::Res;
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    pub fn subscript(&mut self, s: &'a ast::ExprSubscript, d: Reg) -> Res<()> {
        if let Some(what) = crate::fold::not_subscriptable(&s.value) {
            self.warn(s.range, format!("'{what}' object is not subscriptable; perhaps you missed a comma?"));
        } else if let (Some(what), Some(index)) =
            (crate::fold::sequence_name(&s.value), crate::fold::bad_index(&s.slice))
        {
            self.warn(
                s.range,
                format!("{what} indices must be integers or slices, not {index}; perhaps you missed a comma?"),
            );
        }
        let t = self.scratch(d);
        let obj = match self.operand_into(&s.value, t)? {
            r if r < self.u.first_temp && self.scopes[self.u.scope].has_walrus && crate::walk::has_walrus(&s.slice) => {
                self.u.mov(t, r);
                t
            }
            r => r,
        };
        if let Expr::Slice(sl) = &*s.slice
            && sl.step.is_none()
        {
            let at = self.slice_bounds(sl)?;
            self.u.emit_abc(Op::GETSLICE, d, obj, at);
            return Ok(());
        }
        if let Some(Const::Int(i)) = self.fold(&s.slice)?
            && let Ok(i) = i16::try_from(i)
        {
            self.u.emit_abc(Op::GETIDXI, d, obj, i as u16);
            return Ok(());
        }
        let i = self.operand(&s.slice)?;
        self.u.emit_abc(Op::GETIDX, d, obj, i);
        Ok(())
    }

    /// Lower and upper bound into two consecutive temporaries.
    pub fn slice_bounds(&mut self, s: &'a ast::ExprSlice) -> Res<Reg> {
        let at = self.u.top as Reg;
        for e in [&s.lower, &s.upper] {
            let t = self.u.temp();
            match e {
                Some(e) => self.expr_to(e, t)?,
                None => self.u.emit_a(Op::LOADNONE, t),
            }
        }
        Ok(at)
    }

    pub fn slice_value(&mut self, s: &'a ast::ExprSlice, d: Reg) -> Res<()> {
        let start = self.range_start(d);
        self.u.set_top(start as u32);
        let at = self.slice_bounds(s)?;
        if let Some(step) = &s.step {
            self.expr_temp(step)?;
        }
        self.u.emit(Op::BUILDSLICE, s.step.is_some() as u8, d, at, 0);
        Ok(())
    }

    /// Store `src` in a subscript.
    pub fn store_subscript(&mut self, s: &'a ast::ExprSubscript, src: Reg) -> Res<()> {
        let obj = self.operand_before(&s.value, &[&s.slice])?;
        if let Expr::Slice(sl) = &*s.slice
            && sl.step.is_none()
        {
            let at = self.slice_bounds(sl)?;
            self.at(s.range(), |c| c.u.emit_abc(Op::SETSLICE, obj, src, at));
        } else {
            let i = self.operand(&s.slice)?;
            self.at(s.range(), |c| c.u.emit_abc(Op::SETIDX, obj, i, src));
        }
        Ok(())
    }
}
