//! Statements: dispatch and the simple ones; leaving blocks.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Common, Const, Intrinsic1, Op, flags};
use typhon_syntax::Mode;

use ast::{Expr, Stmt};

use crate::assemble::{Block, Reg};
use crate::scope::{Kind, Res};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    pub fn stmts(&mut self, body: &'a [Stmt]) -> Res<()> {
        for s in body {
            let top = self.u.top;
            let saved = self.u.range.replace(s.range());
            self.u.landing = true;
            self.stmt(s)?;
            self.u.landing = false;
            self.u.range = saved;
            self.u.set_top(top);
        }
        Ok(())
    }

    /// A body that may not run, or run more than once.
    fn conditional(&mut self, f: impl FnOnce(&mut Self) -> Res<()>) -> Res<()> {
        self.u.conditional += 1;
        let r = f(self);
        self.u.conditional -= 1;
        r
    }

    fn stmt(&mut self, s: &'a Stmt) -> Res<()> {
        match s {
            Stmt::Expr(e) => self.expr_stmt(e),
            Stmt::Assign(a) => self.assign(a),
            Stmt::AugAssign(a) => self.aug_assign(a),
            Stmt::AnnAssign(a) => self.ann_assign(a),
            Stmt::FunctionDef(f) => self.function_def(f),
            Stmt::ClassDef(c) => self.class_def(c),
            Stmt::Return(r) => self.return_stmt(r),
            Stmt::Delete(d) => d.targets.iter().try_for_each(|t| self.delete(t)),
            Stmt::TypeAlias(t) => self.type_alias(t),
            Stmt::If(i) => self.conditional(|c| c.if_stmt(i)),
            Stmt::For(f) => self.conditional(|c| c.for_stmt(f)),
            Stmt::While(w) => self.conditional(|c| c.while_stmt(w)),
            Stmt::With(w) => self.conditional(|c| c.with_stmt(w)),
            Stmt::Match(m) => self.conditional(|c| c.match_stmt(m)),
            Stmt::Try(t) => self.conditional(|c| c.try_stmt(t)),
            Stmt::Raise(r) => self.raise_stmt(r),
            Stmt::Assert(a) => self.assert_stmt(a),
            Stmt::Import(i) => self.import(i),
            Stmt::ImportFrom(i) => self.import_from(i),
            Stmt::Break(b) => self.leave_loop(b.range, true),
            Stmt::Continue(b) => self.leave_loop(b.range, false),
            Stmt::Pass(_) => {
                self.u.emit(Op::NOP, 0, 0, 0, 0);
                Ok(())
            }
            Stmt::Global(_) | Stmt::Nonlocal(_) => Ok(()),
            Stmt::IpyEscapeCommand(c) => self.err(c.range, "invalid syntax"),
        }
    }

    fn expr_stmt(&mut self, e: &'a ast::StmtExpr) -> Res<()> {
        if self.options.mode == Mode::Single && self.outer.len() <= 1 {
            let r = self.operand(&e.value)?;
            let t = self.u.temp();
            self.u.emit(Op::INTRINSIC1, Intrinsic1::Print as u8, t, r, 0);
            return Ok(());
        }
        if self.fold(&e.value)?.is_some() {
            // Kept as a NOP for tracing the line.
            self.u.emit(Op::NOP, 0, 0, 0, 0);
            return Ok(());
        }
        let before = self.u.emitted();
        self.expr_drop(&e.value)?;
        if self.u.emitted() == before {
            // As above.
            self.u.emit(Op::NOP, 0, 0, 0, 0);
        }
        Ok(())
    }

    /// `if test: break` and `if test: continue` are one conditional jump when
    /// nothing has to be unwound.
    fn loop_exit(&mut self, i: &'a ast::StmtIf) -> Res<bool> {
        if let Some(Block::Loop { next, end, .. }) = self.u.blocks.last().map(|b| b.block)
            && i.elif_else_clauses.is_empty()
            && let [s @ (Stmt::Break(_) | Stmt::Continue(_))] = &i.body[..]
            // A line of its own is to be seen by who traces.
            && self.source.position(i.test.range()).end_line == self.source.position(s.range()).line
        {
            self.jump_if(&i.test, if s.is_break_stmt() { end } else { next }, true)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn if_stmt(&mut self, i: &'a ast::StmtIf) -> Res<()> {
        if self.loop_exit(i)? {
            return Ok(());
        }
        let end = self.u.label();
        let mut arms: Vec<(Option<&'a Expr>, &'a [Stmt])> = vec![(Some(&i.test), &i.body)];
        arms.extend(i.elif_else_clauses.iter().map(|c| (c.test.as_ref(), &c.body[..])));
        let n = arms.len();
        for (k, (test, body)) in arms.into_iter().enumerate() {
            let next = self.u.label();
            if let Some(t) = test {
                self.u.landing = true;
                if self.fold(t)?.is_some() {
                    // The line of a test that is not made.
                    self.at(t.range(), |c| c.u.emit(Op::NOP, 0, 0, 0, 0));
                }
                self.jump_if(t, next, false)?;
            }
            self.stmts(body)?;
            if k + 1 < n {
                let range = self.u.range.take();
                self.u.jump(Op::JMP, 0, 0, end);
                self.u.range = range;
            }
            self.u.bind(next);
        }
        self.u.bind(end);
        Ok(())
    }

    fn return_stmt(&mut self, r: &'a ast::StmtReturn) -> Res<()> {
        if self.u.blocks.iter().any(|b| matches!(b.block, Block::InFinally { .. })) {
            self.warn(r.range, "'return' in a 'finally' block");
        }
        if !matches!(self.kind(), Kind::Function | Kind::Lambda) {
            return self.err(r.range, "'return' outside function");
        }
        if let Some(v) = &r.value
            && self.u.code.flags & flags::ASYNC_GENERATOR != 0
        {
            let _ = v;
            return self.err(r.range, "'return' with value in async generator");
        }
        let constant = match &r.value {
            Some(v) => self.fold(v)?,
            None => Some(Const::None),
        };
        let unwinding = self.u.blocks.iter().any(|b| !b.block.is_mark() && !matches!(b.block, Block::Loop { .. }));
        let saved = (self.u.blocks.to_vec(), self.u.handler);
        match (&r.value, constant) {
            (_, Some(c)) => {
                if unwinding {
                    self.u.emit(Op::NOP, 0, 0, 0, 0);
                }
                self.unwind(0, None)?;
                if unwinding {
                    // It happens where the last block was left.
                    self.u.range = self.u.last_range();
                }
                if c == Const::None {
                    self.u.emit(Op::RETURNNONE, 0, 0, 0, 0);
                } else {
                    let t = self.const_temp(c);
                    self.u.emit_a(Op::RETURN, t);
                }
            }
            (Some(v), None) => {
                let x = if unwinding { self.expr_temp(v)? } else { self.operand(v)? };
                self.unwind(0, Some(x))?;
                if unwinding {
                    self.u.range = self.u.last_range();
                }
                self.u.emit_a(Op::RETURN, x);
            }
            (None, None) => {}
        }
        self.u.set_blocks(saved.0);
        self.u.handler = saved.1;
        Ok(())
    }

    fn assert_stmt(&mut self, a: &'a ast::StmtAssert) -> Res<()> {
        if let Expr::Tuple(t) = &*a.test
            && !t.elts.is_empty()
        {
            self.warn(a.range, "assertion is always true, perhaps remove parentheses?");
        }
        if self.options.optimize == 0 {
            return self.assertion(a);
        }
        // It is not there, but where it awaits has to be right all the same.
        let awaits = |e: &Expr| match e {
            Expr::Await(_) => true,
            Expr::ListComp(c) => c.generators.iter().any(|g| g.is_async),
            Expr::SetComp(c) => c.generators.iter().any(|g| g.is_async),
            Expr::DictComp(c) => c.generators.iter().any(|g| g.is_async),
            _ => false,
        };
        if !crate::walk::any(&a.test, awaits) && !a.msg.as_ref().is_some_and(|m| crate::walk::any(m, awaits)) {
            return Ok(());
        }
        let (dead, bound) = (std::mem::replace(&mut self.u.dead, true), self.u.bound);
        self.assertion(a)?;
        (self.u.dead, self.u.bound) = (dead, bound);
        Ok(())
    }

    fn assertion(&mut self, a: &'a ast::StmtAssert) -> Res<()> {
        let ok = self.u.label();
        self.jump_if(&a.test, ok, true)?;
        let w = self.u.temp();
        self.at(a.test.range(), |c| {
            c.u.emit(Op::LOADCOMMON, Common::AssertionError as u8, w, 0, 0);
        });
        if let Some(m) = &a.msg {
            let arg = w + 4;
            self.u.set_top(arg as u32 + 1);
            self.expr_to(m, arg)?;
            self.at(a.test.range(), |c| c.u.emit_ab(Op::CALL, w, 1));
        }
        self.at(a.test.range(), |c| c.u.emit(Op::RAISE, 1, w, 0, 0));
        self.u.bind(ok);
        Ok(())
    }

    fn delete(&mut self, t: &'a Expr) -> Res<()> {
        let top = self.u.top;
        match t {
            Expr::Name(n) => self.at(n.range, |c| c.delete_name(&n.id)),
            Expr::Attribute(a) => {
                let obj = self.operand(&a.value)?;
                let n = self.attr_name(a);
                self.at(a.range, |c| c.u.emit_abc(Op::DELATTR, obj, 0, n));
            }
            Expr::Subscript(s) => {
                let obj = self.operand_before(&s.value, &[&s.slice])?;
                let i = self.operand(&s.slice)?;
                self.at(s.range, |c| c.u.emit_ab(Op::DELIDX, obj, i));
            }
            Expr::Tuple(t) => t.elts.iter().try_for_each(|e| self.delete(e))?,
            Expr::List(t) => t.elts.iter().try_for_each(|e| self.delete(e))?,
            e => return self.err(e.range(), "invalid syntax"),
        }
        self.u.set_top(top);
        Ok(())
    }

    /// Emit what leaving all blocks from number `down_to` on takes, innermost
    /// first, with a value on its way out. The caller restores `blocks` and `handler`.
    pub fn unwind(&mut self, down_to: usize, value: Option<Reg>) -> Res<()> {
        while self.u.blocks.len() > down_to {
            let within = self.u.nest;
            let Some(b) = self.u.pop_block() else { break };
            match b {
                Block::Loop { .. } | Block::InFinally { .. } | Block::Star { .. } => {}
                Block::Finally { body, outer } => {
                    self.u.handler = outer;
                    self.u.push_block(Block::InFinally { value });
                    let n = self.u.blocks.len();
                    self.stmts(body)?;
                    while self.u.blocks.len() >= n {
                        self.u.pop_block();
                    }
                }
                Block::Handling { saved } => {
                    let range = self.u.range.take();
                    self.pop_exc(saved);
                    self.u.range = range;
                }
                Block::Named { name } => self.unname(name),
                Block::With { exit, is_async, range, outer } => {
                    self.u.handler = outer;
                    let outside = std::mem::replace(&mut self.u.nest, within);
                    self.at(range, |c| c.call_exit(exit, is_async));
                    self.u.nest = outside;
                }
            }
        }
        Ok(())
    }
}
