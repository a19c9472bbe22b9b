//! Assignment targets, unpacking, annotated assignment.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Const, Op, flags};

use ast::Expr;
use ast::name::Name;

use crate::assemble::Reg;
use crate::scope::{Kind, Res};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    pub fn assign(&mut self, a: &'a ast::StmtAssign) -> Res<()> {
        if let [target] = &a.targets[..] {
            if let Expr::Name(n) = target
                && let Some(r) = self.local_reg(&n.id)
            {
                self.expr_to(&a.value, r)?;
                self.u.set_bound(r);
                return Ok(());
            }
            if self.parallel(target, &a.value)? {
                return Ok(());
            }
        }
        let v = self.operand(&a.value)?;
        // A local may be rebound by one target before the next one is stored.
        let v = if v < self.u.first_temp && (a.targets.len() > 1 || !a.targets[0].is_name_expr()) {
            let t = self.u.temp();
            self.u.mov(t, v);
            t
        } else {
            v
        };
        for t in &a.targets {
            self.store(t, v)?;
        }
        Ok(())
    }

    /// `a, b = x, y` without a tuple.
    fn parallel(&mut self, target: &'a Expr, value: &'a Expr) -> Res<bool> {
        let (Expr::Tuple(t), Expr::Tuple(v)) = (target, value) else {
            return Ok(false);
        };
        let starred = |e: &Expr| e.is_starred_expr();
        if t.elts.len() != v.elts.len()
            || t.elts.len() > 8
            || t.elts.iter().any(starred)
            || v.elts.iter().any(starred)
            || t.elts.is_empty()
            || self.fold(value)?.is_some() && !t.elts.iter().all(|e| e.is_name_expr())
        {
            return Ok(false);
        }
        let locals: Vec<Option<Reg>> =
            t.elts.iter().map(|e| e.as_name_expr().and_then(|n| self.local_reg(&n.id))).collect();
        let distinct = locals.iter().enumerate().all(|(i, r)| r.is_some() && !locals[..i].contains(r));
        let mut values = Vec::new();
        for (i, e) in v.elts.iter().enumerate() {
            if i + 1 == v.elts.len()
                && distinct
                && let Some(r) = locals[i]
            {
                self.expr_to(e, r)?;
                self.u.set_bound(r);
                values.push(r);
            } else {
                values.push(self.expr_temp(e)?);
            }
        }
        for (t, r) in t.elts.iter().zip(values) {
            self.store(t, r)?;
        }
        Ok(true)
    }

    /// Store register `src` in a target.
    pub fn store(&mut self, target: &'a Expr, src: Reg) -> Res<()> {
        let top = self.u.top;
        match target {
            Expr::Name(n) => self.at(n.range, |c| c.store_name(&n.id, src)),
            Expr::Attribute(a) => {
                self.note_static_attribute(a);
                let obj = self.operand(&a.value)?;
                let n = self.attr_name(a);
                self.at(a.range, |c| c.u.emit_abc(Op::SETATTR, obj, src, n));
            }
            Expr::Subscript(s) => self.store_subscript(s, src)?,
            Expr::Tuple(t) => self.unpack(&t.elts, src, target.range())?,
            Expr::List(t) => self.unpack(&t.elts, src, target.range())?,
            Expr::Starred(s) => {
                return self.err(s.range, "starred assignment target must be in a list or tuple");
            }
            e => return self.err(e.range(), "cannot assign to expression"),
        }
        self.u.set_top(top);
        Ok(())
    }

    fn unpack(&mut self, elts: &'a [Expr], src: Reg, range: rustpython_ruff_text_size::TextRange) -> Res<()> {
        if let Some(first) = self.adjacent_locals(elts) {
            self.at(range, |c| c.u.emit_abc(Op::UNPACKSEQ, first, src, elts.len() as u16));
            (first..first + elts.len() as u16).for_each(|r| self.u.set_bound(r));
            return Ok(());
        }
        let star = elts.iter().position(|e| e.is_starred_expr());
        let start = self.u.temps(elts.len() as u32);
        match star {
            None => self.at(range, |c| c.u.emit_abc(Op::UNPACKSEQ, start, src, elts.len() as u16)),
            Some(i) => {
                if elts[i + 1..].iter().any(|e| e.is_starred_expr()) {
                    return self.err(range, "multiple starred expressions in assignment");
                }
                let after = elts.len() - i - 1;
                if i > 255 || after > 0xFFFF {
                    return self.err(range, "too many expressions in star-unpacking assignment");
                }
                self.at(range, |c| c.u.emit(Op::UNPACKEX, i as u8, start, src, after as u16));
            }
        }
        for (k, e) in elts.iter().enumerate() {
            let e = if let Expr::Starred(s) = e { &*s.value } else { e };
            self.store(e, start + k as u16)?;
        }
        Ok(())
    }

    /// The first register of targets that are locals in registers one after another, as
    /// they are where their first assignment is an unpacking.
    fn adjacent_locals(&self, elts: &[Expr]) -> Option<Reg> {
        let register = |e: &Expr| e.as_name_expr().and_then(|n| self.local_reg(&n.id));
        let first = register(elts.first()?)?;
        let adjacent = |(k, e): (usize, &Expr)| register(e) == Some(first + k as u16);
        elts.iter().enumerate().all(adjacent).then_some(first)
    }

    /// Remember `self.x = ...` in methods for `__static_attributes__`.
    fn note_static_attribute(&mut self, a: &ast::ExprAttribute) {
        let Expr::Name(n) = &*a.value else { return };
        if n.id.as_str() != "self" {
            return;
        }
        let name = a.attr.id.clone();
        let scopes = &self.scopes;
        let class = self.outer.iter_mut().rev().find(|u| scopes[u.scope].kind == Kind::Class);
        if let Some(class) = class {
            let name = scopes[class.scope].mangled(&name);
            class.static_attributes.push(name);
        }
    }

    pub fn ann_assign(&mut self, a: &'a ast::StmtAnnAssign) -> Res<()> {
        if let Some(v) = &a.value {
            if let Expr::Name(n) = &*a.target
                && let Some(r) = self.local_reg(&n.id)
            {
                self.expr_to(v, r)?;
                self.u.set_bound(r);
            } else {
                let r = self.operand(v)?;
                self.store(&a.target, r)?;
            }
        }
        let in_body = !self.kind().is_function();
        match &*a.target {
            Expr::Name(n) if a.simple && in_body => {
                let m = self.mangled(&n.id);
                if self.future & flags::FUTURE_ANNOTATIONS != 0 {
                    let text = crate::unparse::unparse(&a.annotation, self.source.text);
                    let v = self.const_temp(text);
                    let map = self.u.temp();
                    self.load_name(&Name::new("__annotations__"), Some(map));
                    let k = self.const_temp(Const::text(m.as_str()));
                    self.u.emit_abc(Op::SETIDX, map, k, v);
                    return Ok(());
                }
                let conditional = self.scopes[self.u.scope].conditional_annotations
                    && (self.kind() == Kind::Module || self.u.conditional > 0);
                let mut index = None;
                if conditional {
                    let i = self.u.annotations.len() as i64;
                    index = Some(i);
                    let set = self.u.temp();
                    self.load_name(&Name::new("__conditional_annotations__"), Some(set));
                    let k = self.const_temp(Const::Int(i));
                    self.u.emit_ab(Op::SETADD, set, k);
                }
                if !self.u.annotations.iter().any(|x| std::ptr::eq(x.1, &*a.annotation)) {
                    self.u.annotations.push((m, &a.annotation, index));
                }
            }
            Expr::Name(_) => self.plain_annotation(a, in_body)?,
            Expr::Attribute(t) => {
                if a.value.is_none() {
                    self.expr_drop(&t.value)?;
                }
                self.plain_annotation(a, in_body)?;
            }
            Expr::Subscript(t) => {
                if a.value.is_none() {
                    self.expr_drop(&t.value)?;
                    self.expr_drop(&t.slice)?;
                }
                self.plain_annotation(a, in_body)?;
            }
            e => return self.err(e.range(), "illegal target for annotation"),
        }
        Ok(())
    }

    /// The annotation of a target that is not a simple name is only evaluated.
    fn plain_annotation(&mut self, a: &'a ast::StmtAnnAssign, in_body: bool) -> Res<()> {
        if in_body && self.future & flags::FUTURE_ANNOTATIONS == 0 {
            self.expr_drop(&a.annotation)?;
        }
        Ok(())
    }
}
