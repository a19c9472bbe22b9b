//! `for` and `while`, `break` and `continue`.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_bytecode::Op;

use ast::Expr;

use crate::assemble::{Block, HandlerId, Label, Reg};
use crate::scope::Res;
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    /// The register that a loop writes its items to: the variable's own if it
    /// is a plain local.
    pub fn loop_target(&mut self, target: &Expr) -> Reg {
        if let Expr::Name(n) = target
            && let Some(r) = self.local_reg(&n.id)
        {
            return r;
        }
        self.u.temp()
    }

    /// Store the item at the start of the loop body.
    pub fn loop_store(&mut self, target: &'a Expr, r: Reg) -> Res<()> {
        if r < self.u.first_temp {
            self.u.set_bound(r);
            return Ok(());
        }
        self.store(target, r)
    }

    pub fn for_stmt(&mut self, f: &'a ast::StmtFor) -> Res<()> {
        if f.is_async {
            return self.async_for(f);
        }
        let it = self.u.temp();
        match self.fold_container(&f.iter)? {
            Some(c) if !f.iter.is_set_expr() => self.at(f.iter.range(), |s| s.u.load_const(it, c)),
            _ => {
                let r = self.operand_into(&f.iter, it)?;
                if r != it {
                    self.at(f.iter.range(), |c| c.u.emit_ab(Op::GETITER, it, r));
                }
                if r == it {
                    self.at(f.iter.range(), |c| c.u.emit_ab(Op::GETITER, it, it));
                }
                return self.for_loop(f, it);
            }
        }
        self.at(f.iter.range(), |c| c.u.emit_ab(Op::GETITER, it, it));
        self.for_loop(f, it)
    }

    fn for_loop(&mut self, f: &'a ast::StmtFor, it: Reg) -> Res<()> {
        let (body, next, end) = (self.u.label(), self.u.label(), self.u.label());
        let target = self.loop_target(&f.target);
        let dead = self.u.dead;
        self.artificial_jump(next);
        let state = self.u.bound;
        self.u.bind_body(body, state, dead);
        self.u.push_block(Block::Loop { next, end, iterator: Some(it) });
        self.at(f.target.range(), |c| c.loop_store(&f.target, target))?;
        self.stmts(&f.body)?;
        self.u.bind(next);
        self.at(f.iter.range(), |c| c.u.jump(Op::FORLOOP, it, target, body));
        self.u.pop_block();
        self.stmts(&f.orelse)?;
        self.u.bind(end);
        Ok(())
    }

    fn async_for(&mut self, f: &'a ast::StmtFor) -> Res<()> {
        if !self.async_allowed() {
            return self.err(f.range, "'async for' outside async function");
        }
        let it = self.expr_temp(&f.iter)?;
        self.at(f.iter.range(), |c| c.u.emit_ab(Op::GETAITER, it, it));
        let (head, end) = (self.u.label(), self.u.label());
        let exc = self.u.temp();
        let next = self.u.label();
        self.u.bind_head(head);
        self.u.push_block(Block::Loop { next, end, iterator: Some(it) });
        let h = self.async_next(it, &f.target, exc, f.iter.range())?;
        self.stmts(&f.body)?;
        self.u.bind(next);
        self.u.jump(Op::JMPBACK, 0, 0, head);
        self.u.pop_block();
        self.end_async_for(h, exc, f.iter.range());
        self.stmts(&f.orelse)?;
        self.u.bind(end);
        Ok(())
    }

    /// Await the next item of `it` and store it; the end of the iteration goes
    /// to the returned handler.
    pub fn async_next(&mut self, it: Reg, target: &'a Expr, exc: Reg, range: TextRange) -> Res<(HandlerId, u128)> {
        let (h, state) = self.u.new_handler(exc);
        let outer = std::mem::replace(&mut self.u.handler, h);
        let top = self.u.top;
        let v = self.u.temp();
        self.at(range, |c| {
            c.u.emit_ab(Op::GETANEXT, v, it);
            c.send_loop(v, v);
        });
        self.u.handler = outer;
        self.store(target, v)?;
        self.u.set_top(top);
        Ok((h, state))
    }

    pub fn end_async_for(&mut self, (h, state): (HandlerId, u128), exc: Reg, range: TextRange) {
        self.u.bind_handler(h, state);
        self.at(range, |c| c.u.emit_a(Op::ENDASYNCFOR, exc));
    }

    pub fn while_stmt(&mut self, w: &'a ast::StmtWhile) -> Res<()> {
        let (head, next, end) = (self.u.label(), self.u.label(), self.u.label());
        let constant = match self.fold(&w.test)? {
            Some(c) => crate::fold::truth(&c),
            None => None,
        };
        let (dead, state) = (self.u.dead, self.u.bound);
        match constant {
            Some(false) => {
                // Never runs; compile it for its errors only. Its line is to be seen.
                self.at(w.test.range(), |c| c.u.emit(Op::NOP, 0, 0, 0, 0));
                self.u.dead = true;
                self.loop_body(w, head, next, end)?;
                self.u.dead = dead;
                self.u.bound = state;
            }
            Some(true) => {
                // The line of the loop is to be seen by who traces.
                self.at(w.test.range(), |c| c.u.emit(Op::NOP, 0, 0, 0, 0));
                self.u.bind_head(head);
                self.u.push_block(Block::Loop { next, end, iterator: None });
                self.stmts(&w.body)?;
                self.u.pop_block();
                self.u.bind(next);
                self.at(w.test.range(), |c| c.u.jump(Op::JMPBACK, 0, 0, head));
                let dead = std::mem::replace(&mut self.u.dead, true);
                self.stmts(&w.orelse)?;
                self.u.dead = dead;
                self.u.bind(end);
                return Ok(());
            }
            None if crate::walk::has_walrus(&w.test) => {
                // The test binds names for the body: keep it on top.
                let out = self.u.label();
                self.u.bind_head(head);
                self.jump_if(&w.test, out, false)?;
                self.u.push_block(Block::Loop { next, end, iterator: None });
                self.stmts(&w.body)?;
                self.u.pop_block();
                self.u.bind(next);
                self.at(w.test.range(), |c| c.u.jump(Op::JMPBACK, 0, 0, head));
                self.u.bind(out);
            }
            None => {
                self.artificial_jump(next);
                self.u.bind_body(head, state, dead);
                self.loop_body(w, head, next, end)?;
                self.u.bind(next);
                self.u.landing = true;
                self.jump_back_if(&w.test, head)?;
            }
        }
        self.stmts(&w.orelse)?;
        self.u.bind(end);
        Ok(())
    }

    fn loop_body(&mut self, w: &'a ast::StmtWhile, _head: Label, next: Label, end: Label) -> Res<()> {
        self.u.push_block(Block::Loop { next, end, iterator: None });
        let r = self.stmts(&w.body);
        self.u.pop_block();
        r
    }

    /// `break` or `continue`.
    pub fn leave_loop(&mut self, range: TextRange, is_break: bool) -> Res<()> {
        let word = if is_break { "break" } else { "continue" };
        let Some(i) = self.u.blocks.iter().rposition(|b| matches!(b.block, Block::Loop { .. })) else {
            return if is_break {
                self.err(range, "'break' outside loop")
            } else {
                self.err(range, "'continue' not properly in loop")
            };
        };
        let Block::Loop { next, end, .. } = self.u.blocks[i].block else {
            return Ok(());
        };
        if self.u.blocks[i..].iter().any(|b| matches!(b.block, Block::InFinally { .. })) {
            self.warn(range, format!("'{word}' in a 'finally' block"));
        }
        let saved = (self.u.blocks.to_vec(), self.u.handler);
        let unwinding = self.u.blocks[i + 1..].iter().any(|b| !matches!(b.block, Block::InFinally { .. }));
        if unwinding {
            self.at(range, |c| c.u.emit(Op::NOP, 0, 0, 0, 0));
        }
        self.unwind(i + 1, None)?;
        let own = std::mem::replace(&mut self.u.range, (!unwinding).then_some(range));
        self.u.jump(Op::JMP, 0, 0, if is_break { end } else { next });
        self.u.range = own;
        self.u.set_blocks(saved.0);
        self.u.handler = saved.1;
        Ok(())
    }
}
