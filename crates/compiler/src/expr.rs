//! Expressions: dispatch, operands, displays, boolean and conditional forms.
//!
//! Two ways to evaluate: `expr_to` leaves the value in a given register, and
//! writes a local variable's register only by its last instruction; `operand`
//! finds a register that holds the value, the variable's own if it is a local.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Const, Op};

use ast::Expr;

use crate::assemble::{Label, Reg};
use crate::scope::Res;
use crate::unit::Compiler;
use crate::walk;

/// Displays up to this length are built from registers in one go.
const CHUNK: usize = 30;

impl<'a> Compiler<'a> {
    /// Whether `d` is the temporary taken last, so that a call window or a
    /// range of elements can start there.
    pub fn topmost(&self, d: Reg) -> bool {
        d >= self.u.first_temp && d as u32 + 1 == self.u.top
    }

    /// `d` if it may hold intermediate values, else a new temporary.
    pub fn scratch(&mut self, d: Reg) -> Reg {
        if d >= self.u.first_temp { d } else { self.u.temp() }
    }

    /// A range start: `d` itself if it is topmost, else the next temporary.
    /// The top is just above the result.
    pub fn range_start(&mut self, d: Reg) -> Reg {
        if self.topmost(d) { d } else { self.u.temp() }
    }

    /// A register that holds the value of `e`.
    pub fn operand(&mut self, e: &'a Expr) -> Res<Reg> {
        if let Expr::Name(n) = e {
            return Ok(self.at(n.range, |c| c.load_name(&n.id, None)));
        }
        let t = self.u.temp();
        self.expr_to(e, t)?;
        Ok(t)
    }

    /// Like `operand`, for a value that must survive the evaluation of `later`.
    pub fn operand_before(&mut self, e: &'a Expr, later: &[&Expr]) -> Res<Reg> {
        let r = self.operand(e)?;
        if r < self.u.first_temp && self.scopes[self.u.scope].has_walrus && later.iter().any(|l| walk::has_walrus(l)) {
            let t = self.u.temp();
            self.u.mov(t, r);
            return Ok(t);
        }
        Ok(r)
    }

    /// Evaluate into the next temporary.
    pub fn expr_temp(&mut self, e: &'a Expr) -> Res<Reg> {
        let t = self.u.temp();
        self.expr_to(e, t)?;
        Ok(t)
    }

    /// Evaluate and drop.
    pub fn expr_drop(&mut self, e: &'a Expr) -> Res<()> {
        let top = self.u.top;
        self.operand(e)?;
        self.u.set_top(top);
        Ok(())
    }

    /// Evaluate into `d`.
    pub fn expr_to(&mut self, e: &'a Expr, d: Reg) -> Res<()> {
        let top = self.u.top;
        let saved = self.u.range.replace(e.range());
        let r = self.expr_inner(e, d);
        self.u.range = saved;
        self.u.set_top(top);
        r
    }

    fn expr_inner(&mut self, e: &'a Expr, d: Reg) -> Res<()> {
        if let Some(c) = self.fold(e)? {
            self.u.load_const(d, c);
            return Ok(());
        }
        match e {
            Expr::Name(n) => {
                self.load_name(&n.id, Some(d));
                Ok(())
            }
            Expr::BinOp(_) => self.binop(e, d),
            Expr::UnaryOp(u) => self.unary(u, d),
            Expr::BoolOp(b) => self.bool_op(b, d),
            Expr::Compare(c) => self.compare(c, d),
            Expr::If(i) => self.if_exp(i, d),
            Expr::Call(c) => self.call(c, d),
            Expr::Attribute(a) => self.attribute(a, d),
            Expr::Subscript(s) => self.subscript(s, d),
            Expr::Named(n) => self.walrus(n, d),
            Expr::List(l) => self.list(&l.elts, d),
            Expr::Tuple(t) => self.tuple(&t.elts, d),
            Expr::Set(s) => self.set(&s.elts, d),
            Expr::Dict(m) => self.dict(&m.items, d),
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => self.comprehension(e, d),
            Expr::Lambda(l) => self.lambda(l, d),
            Expr::Await(a) => self.await_expr(a, d),
            Expr::Yield(y) => self.yield_expr(y, d),
            Expr::YieldFrom(y) => self.yield_from(y, d),
            Expr::FString(f) => self.fstring(f, d),
            Expr::TString(f) => self.tstring(f, d),
            Expr::Slice(s) => self.slice_value(s, d),
            Expr::Starred(s) => self.err(s.range, "can't use starred expression here"),
            e => self.err(e.range(), "invalid syntax"),
        }
    }

    fn walrus(&mut self, n: &'a ast::ExprNamed, d: Reg) -> Res<()> {
        let Expr::Name(t) = &*n.target else {
            return self.err(n.target.range(), "invalid syntax");
        };
        let t = &t.id;
        let s = self.scratch(d);
        self.expr_to(&n.value, s)?;
        self.store_name(t, s);
        self.u.mov(d, s);
        Ok(())
    }

    fn bool_op(&mut self, b: &'a ast::ExprBoolOp, d: Reg) -> Res<()> {
        let t = self.scratch(d);
        let end = self.u.label();
        let (last, init) = b.values.split_last().expect("a boolean operation has operands");
        for v in init {
            self.bool_operand(v, t, b.op, end)?;
        }
        self.expr_to(last, t)?;
        self.u.bind(end);
        self.u.mov(d, t);
        Ok(())
    }

    /// An operand that is not the last one: its value into `t`, and to `end` if that
    /// settles it. No value is asked twice whether it is true.
    fn bool_operand(&mut self, e: &'a Expr, t: Reg, op: ast::BoolOp, end: Label) -> Res<()> {
        let saved = self.u.range.replace(e.range());
        match e {
            Expr::BoolOp(b) if self.fold(e)?.is_none() => {
                // What settles the inner operation leaves the outer one open, if they differ.
                let next = self.u.label();
                let (last, init) = b.values.split_last().expect("a boolean operation has operands");
                for v in init {
                    self.bool_operand(v, t, b.op, if b.op == op { end } else { next })?;
                }
                self.bool_operand(last, t, op, end)?;
                self.u.bind(next);
            }
            _ => {
                self.expr_to(e, t)?;
                self.u.range = saved;
                self.u.jump(if op == ast::BoolOp::And { Op::JF } else { Op::JT }, t, 0, end);
            }
        }
        self.u.range = saved;
        Ok(())
    }

    fn if_exp(&mut self, i: &'a ast::ExprIf, d: Reg) -> Res<()> {
        let (other, end) = (self.u.label(), self.u.label());
        self.jump_if(&i.test, other, false)?;
        self.expr_to(&i.body, d)?;
        self.u.jump(Op::JMP, 0, 0, end);
        self.u.bind(other);
        self.expr_to(&i.orelse, d)?;
        self.u.bind(end);
        Ok(())
    }

    /// Elements into consecutive registers; the first is returned.
    pub fn consecutive(&mut self, es: &'a [Expr], start: Reg) -> Res<()> {
        self.u.set_top(start as u32);
        for e in es {
            let t = self.u.temp();
            self.expr_to(e, t)?;
        }
        Ok(())
    }

    pub fn list(&mut self, es: &'a [Expr], d: Reg) -> Res<()> {
        let consts = if es.len() >= 3 { self.fold_all(es)? } else { None };
        if let Some(cs) = consts {
            let l = self.range_start(d);
            self.u.emit_abc(Op::BUILDLIST, l, 0, 0);
            let t = self.const_temp(Const::Tuple(cs.into()));
            self.u.emit_ab(Op::LISTEXTEND, l, t);
            self.u.mov(d, l);
            return Ok(());
        }
        let start = self.range_start(d);
        let starred = es.iter().any(|e| e.is_starred_expr());
        if es.len() <= CHUNK && !starred {
            self.consecutive(es, start)?;
            self.u.emit_abc(Op::BUILDLIST, d, start, es.len() as u16);
            return Ok(());
        }
        self.sequence(es, start, Op::BUILDLIST, Op::LISTAPPEND, Op::LISTEXTEND)?;
        self.u.mov(d, start);
        Ok(())
    }

    /// A long or starred display, built step by step in `t`, which is topmost.
    pub fn sequence(&mut self, es: &'a [Expr], t: Reg, build: Op, add: Op, extend: Op) -> Res<()> {
        // A long one is built one by one, so that its registers are few.
        let few = if es.len() > CHUNK { 0 } else { es.len() };
        let n = es.iter().take(few).take_while(|e| !e.is_starred_expr()).count();
        self.consecutive(&es[..n], t)?;
        self.u.emit_abc(build, t, t, n as u16);
        self.u.set_top(t as u32 + 1);
        for e in &es[n..] {
            let top = self.u.top;
            if let Expr::Starred(s) = e {
                let r = self.operand(&s.value)?;
                self.at(s.range, |c| c.u.emit_ab(extend, t, r));
            } else {
                let r = self.operand(e)?;
                self.u.emit_ab(add, t, r);
            }
            self.u.set_top(top);
        }
        Ok(())
    }

    fn tuple(&mut self, es: &'a [Expr], d: Reg) -> Res<()> {
        let start = self.range_start(d);
        let starred = es.iter().any(|e| e.is_starred_expr());
        if es.len() <= CHUNK && !starred {
            self.consecutive(es, start)?;
            self.u.emit_abc(Op::BUILDTUPLE, d, start, es.len() as u16);
            return Ok(());
        }
        self.sequence(es, start, Op::BUILDLIST, Op::LISTAPPEND, Op::LISTEXTEND)?;
        self.u.emit_ab(Op::LISTTOTUPLE, d, start);
        Ok(())
    }

    fn set(&mut self, es: &'a [Expr], d: Reg) -> Res<()> {
        let start = self.range_start(d);
        let consts = if es.len() >= 3 { self.fold_all(es)? } else { None };
        if let Some(cs) = consts {
            self.u.emit_abc(Op::BUILDSET, start, 0, 0);
            let t = self.const_temp(crate::fold::frozenset(cs));
            self.u.emit_ab(Op::SETUPDATE, start, t);
        } else {
            self.sequence(es, start, Op::BUILDSET, Op::SETADD, Op::SETUPDATE)?;
        }
        self.u.mov(d, start);
        Ok(())
    }

    fn dict(&mut self, items: &'a [ast::DictItem], d: Reg) -> Res<()> {
        let start = self.range_start(d);
        let n = items.iter().take(CHUNK / 2).take_while(|i| i.key.is_some()).count();
        self.u.set_top(start as u32);
        for i in &items[..n] {
            for e in i.key.iter().chain([&i.value]) {
                let t = self.u.temp();
                self.expr_to(e, t)?;
            }
        }
        let whole = n == items.len();
        let to = if whole { d } else { start };
        self.u.emit_abc(Op::BUILDMAP, to, start, n as u16);
        self.u.set_top(start as u32 + 1);
        for i in &items[n..] {
            let top = self.u.top;
            match &i.key {
                Some(k) => {
                    let k = self.operand_before(k, &[&i.value])?;
                    let v = self.operand(&i.value)?;
                    self.u.emit_abc(Op::MAPADD, start, k, v);
                }
                None => {
                    let v = self.operand(&i.value)?;
                    self.u.emit_ab(Op::DICTUPDATE, start, v);
                }
            }
            self.u.set_top(top);
        }
        if !whole {
            self.u.mov(d, start);
        }
        Ok(())
    }
}
