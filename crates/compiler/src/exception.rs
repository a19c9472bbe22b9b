//! `raise`, `try` with `except`, `except*`, `finally`.
//!
//! A handler enters with the exception in a register, saves the exception that
//! was being handled and makes this one current. While its body runs, a second
//! handler restores the saved one and raises again what escapes.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_bytecode::Op;

use ast::ExceptHandler;

use crate::assemble::{Block, HandlerId, Label, Reg};
use crate::scope::Res;
use crate::unit::Compiler;

/// A handler body being compiled: what restores the state if it raises.
pub(crate) struct Cleanup {
    handler: HandlerId,
    state: u128,
    outer: HandlerId,
    saved: Reg,
    exc: Reg,
}

impl<'a> Compiler<'a> {
    pub fn raise_stmt(&mut self, r: &'a ast::StmtRaise) -> Res<()> {
        let Some(e) = &r.exc else {
            self.u.emit(Op::RAISE, 0, 0, 0, 0);
            return Ok(());
        };
        let x = match &r.cause {
            Some(c) => self.operand_before(e, &[c])?,
            None => self.operand(e)?,
        };
        match &r.cause {
            Some(c) => {
                let c = self.operand(c)?;
                self.u.emit(Op::RAISE, 2, x, c, 0);
            }
            None => self.u.emit(Op::RAISE, 1, x, 0, 0),
        }
        Ok(())
    }

    /// At a handler's entry: make `exc` the handled exception.
    pub fn begin_handling(&mut self, exc: Reg, saved: Reg) -> Cleanup {
        let range = self.u.range.take();
        let again = self.u.temp();
        self.push_exc(saved, exc);
        let (handler, state) = self.u.new_handler(again);
        let outer = std::mem::replace(&mut self.u.handler, handler);
        self.u.range = range;
        debug_assert_eq!(exc + 1, saved);
        self.u.push_block(Block::Handling { saved });
        Cleanup { handler, state, outer, saved, exc: again }
    }

    /// The body is done: its escape route goes here. The code before must not
    /// fall through.
    pub fn end_handling(&mut self, c: Cleanup) {
        self.u.pop_block();
        self.u.handler = c.outer;
        self.u.bind_handler(c.handler, c.state);
        let range = self.u.range.take();
        self.pop_exc(c.saved);
        self.u.reraise(c.exc);
        self.u.range = range;
    }

    /// Restore the saved exception; the rest is outside of the handler.
    fn restore(&mut self, c: &Cleanup) {
        let h = std::mem::replace(&mut self.u.handler, c.outer);
        let range = self.u.range.take();
        self.pop_exc(c.saved);
        self.u.range = range;
        self.u.handler = h;
    }

    /// A jump that the source does not show: nobody is told of it.
    pub fn artificial_jump(&mut self, to: Label) {
        let range = self.u.range.take();
        self.u.jump(Op::JMP, 0, 0, to);
        self.u.range = range;
    }

    pub fn try_stmt(&mut self, t: &'a ast::StmtTry) -> Res<()> {
        // The line of `try` is to be seen by who traces.
        self.u.emit(Op::NOP, 0, 0, 0, 0);
        if t.finalbody.is_empty() {
            return self.try_except(t);
        }
        let exc = self.u.temp();
        let saved = self.u.temp();
        let end = self.u.label();
        let (h, state) = self.u.new_handler(exc);
        let outer = std::mem::replace(&mut self.u.handler, h);
        self.u.push_block(Block::Finally { body: &t.finalbody, outer });
        if t.handlers.is_empty() {
            self.stmts(&t.body)?;
            self.stmts(&t.orelse)?;
        } else {
            self.try_except(t)?;
        }
        self.u.pop_block();
        self.u.handler = outer;
        self.u.push_block(Block::InFinally { value: None });
        self.stmts(&t.finalbody)?;
        self.u.pop_block();
        self.artificial_jump(end);

        self.u.bind_handler(h, state);
        let warned = self.warnings.len();
        let c = self.begin_handling(exc, saved);
        self.u.push_block(Block::InFinally { value: Some(exc) });
        self.stmts(&t.finalbody)?;
        self.u.pop_block();
        self.warnings.truncate(warned);
        self.restore(&c);
        let h = std::mem::replace(&mut self.u.handler, c.outer);
        // The frame ends where the clause did (PEP 626).
        let last = t.finalbody.last().filter(|s| is_simple(s)).map(Ranged::range);
        let range = std::mem::replace(&mut self.u.range, last);
        self.u.reraise(exc);
        self.u.range = range;
        self.u.handler = h;
        self.end_handling(c);
        self.u.bind(end);
        Ok(())
    }

    fn try_except(&mut self, t: &'a ast::StmtTry) -> Res<()> {
        let top = self.u.top;
        let exc = self.u.temp();
        let saved = self.u.temp();
        let end = self.u.label();
        let (h, state) = self.u.new_handler(exc);
        let outer = std::mem::replace(&mut self.u.handler, h);
        // Keeps the blocks of a loop inside apart from those outside.
        self.stmts(&t.body)?;
        self.u.handler = outer;
        self.stmts(&t.orelse)?;
        self.artificial_jump(end);

        self.u.bind_handler(h, state);
        let c = self.begin_handling(exc, saved);
        if t.is_star {
            self.except_star(t, exc, &c, end)?;
        } else {
            self.except_clauses(t, exc, &c, end)?;
        }
        self.end_handling(c);
        self.u.bind(end);
        self.u.set_top(top);
        Ok(())
    }

    fn except_clauses(&mut self, t: &'a ast::StmtTry, exc: Reg, c: &Cleanup, end: Label) -> Res<()> {
        let n = t.handlers.len();
        for (i, ExceptHandler::ExceptHandler(h)) in t.handlers.iter().enumerate() {
            let top = self.u.top;
            let next = self.u.label();
            let saved = self.u.range.replace(h.range);
            self.u.landing = true;
            match &h.type_ {
                Some(ty) => {
                    let r = self.operand(ty)?;
                    let m = self.u.temp();
                    self.at(ty.range(), |c| {
                        c.u.emit_abc(Op::CHECKEXCMATCH, m, exc, r);
                        c.u.jump(Op::JF, m, 0, next);
                    });
                }
                None if i + 1 < n => {
                    return self.err(h.range, "default 'except:' must be last");
                }
                None => self.u.emit(Op::NOP, 0, 0, 0, 0),
            }
            self.u.set_top(top);
            self.handler_body(h, exc)?;
            self.restore(c);
            self.artificial_jump(end);
            self.u.bind(next);
            self.u.range = saved;
        }
        self.restore(c);
        let h = std::mem::replace(&mut self.u.handler, c.outer);
        // The frame ends at the clause that was tried last (PEP 626).
        let tried = t.handlers.last().and_then(|ExceptHandler::ExceptHandler(h)| h.type_.as_ref());
        let range = std::mem::replace(&mut self.u.range, tried.map(|ty| ty.range()));
        self.u.reraise(exc);
        self.u.range = range;
        self.u.handler = h;
        Ok(())
    }

    /// The body of a clause, with its name bound and unbound.
    fn handler_body(&mut self, h: &'a ast::ExceptHandlerExceptHandler, exc: Reg) -> Res<()> {
        let Some(name) = &h.name else {
            return self.stmts(&h.body);
        };
        let again = self.u.temp();
        self.store_name(&name.id, exc);
        let (n, state) = self.u.new_handler(again);
        let outer = std::mem::replace(&mut self.u.handler, n);
        self.u.push_block(Block::Named { name });
        self.stmts(&h.body)?;
        self.u.pop_block();
        self.u.handler = outer;
        let done = self.u.label();
        self.unname(name);
        self.artificial_jump(done);
        self.u.bind_handler(n, state);
        self.unname(name);
        let range = self.u.range.take();
        self.u.reraise(again);
        self.u.range = range;
        self.u.bind(done);
        Ok(())
    }

    pub fn unname(&mut self, name: &ast::Identifier) {
        let range = self.u.range.take();
        if let Some(r) = self.local_reg(&name.id) {
            self.u.emit_a(Op::CLEAR, r);
            self.u.set_unbound(r);
        } else {
            let t = self.u.temp();
            self.u.emit_a(Op::LOADNONE, t);
            self.store_name(&name.id, t);
            self.delete_name(&name.id);
        }
        self.u.range = range;
    }

    fn except_star(&mut self, t: &'a ast::StmtTry, exc: Reg, c: &Cleanup, end: Label) -> Res<()> {
        // `rest` is what no clause has matched yet, `raised` collects what the
        // clauses raise.
        let raised = self.u.temp();
        let pair = self.u.temps(2);
        let rest = self.u.temp();
        let range = self.u.range.take();
        self.u.emit_abc(Op::BUILDLIST, raised, 0, 0);
        self.u.mov(rest, exc);
        self.u.range = range;
        self.u.push_block(Block::Star { first: raised });
        for ExceptHandler::ExceptHandler(h) in &t.handlers {
            let top = self.u.top;
            let range = self.u.range.replace(h.range);
            let next = self.u.label();
            self.u.landing = true;
            let Some(ty) = &h.type_ else {
                return self.err(h.range, "expected one or more exception types");
            };
            let r = self.operand(ty)?;
            self.at(ty.range(), |c| c.u.emit_abc(Op::CHECKEGMATCH, pair, rest, r));
            self.at(ty.range(), |c| {
                c.u.mov(rest, pair + 1);
                c.u.jump(Op::JNONE, pair, 0, next);
            });
            let again = self.u.temp();
            let inner_saved = self.u.temp();
            let line = self.u.range.take();
            self.push_exc(inner_saved, pair);
            self.u.range = line;
            let (s, state) = self.u.new_handler(again);
            let outer = std::mem::replace(&mut self.u.handler, s);
            self.u.push_block(Block::Handling { saved: inner_saved });
            self.star_body(h, pair)?;
            self.u.pop_block();
            self.u.handler = outer;
            self.u.range = None;
            self.pop_exc(inner_saved);
            self.artificial_jump(next);
            self.u.bind_handler(s, state);
            self.pop_exc(inner_saved);
            self.u.emit_ab(Op::LISTAPPEND, raised, again);
            self.u.bind(next);
            self.u.range = range;
            self.u.set_top(top);
        }
        self.u.pop_block();
        let none = self.u.label();
        let range = self.u.range.take();
        self.u.emit_ab(Op::LISTAPPEND, raised, rest);
        self.u.emit_abc(Op::PREPRERAISESTAR, pair, exc, raised);
        self.u.jump(Op::JNONE, pair, 0, none);
        self.restore(c);
        let h = std::mem::replace(&mut self.u.handler, c.outer);
        self.u.reraise(pair);
        self.u.handler = h;
        self.u.bind(none);
        self.restore(c);
        self.artificial_jump(end);
        self.u.range = range;
        Ok(())
    }

    fn star_body(&mut self, h: &'a ast::ExceptHandlerExceptHandler, exc: Reg) -> Res<()> {
        if let Some((range, word)) = leaves(&h.body, false) {
            let _ = word;
            return self.err(range, "'break', 'continue' and 'return' cannot appear in an except* block");
        }
        self.handler_body(h, exc)
    }
}

/// A `return`, or a `break` or `continue` of an outer loop, in a body.
fn leaves(body: &[ast::Stmt], in_loop: bool) -> Option<(TextRange, &'static str)> {
    use ast::Stmt;
    body.iter().find_map(|s| match s {
        Stmt::Return(r) => Some((r.range, "return")),
        Stmt::Break(b) if !in_loop => Some((b.range, "break")),
        Stmt::Continue(b) if !in_loop => Some((b.range, "continue")),
        Stmt::If(i) => {
            leaves(&i.body, in_loop).or_else(|| i.elif_else_clauses.iter().find_map(|c| leaves(&c.body, in_loop)))
        }
        Stmt::For(f) => leaves(&f.body, true).or_else(|| leaves(&f.orelse, in_loop)),
        Stmt::While(f) => leaves(&f.body, true).or_else(|| leaves(&f.orelse, in_loop)),
        Stmt::With(w) => leaves(&w.body, in_loop),
        Stmt::Try(t) => leaves(&t.body, in_loop)
            .or_else(|| leaves(&t.orelse, in_loop))
            .or_else(|| leaves(&t.finalbody, in_loop))
            .or_else(|| t.handlers.iter().find_map(|ExceptHandler::ExceptHandler(h)| leaves(&h.body, in_loop))),
        Stmt::Match(m) => m.cases.iter().find_map(|c| leaves(&c.body, in_loop)),
        _ => None,
    })
}

/// Whether nothing of the statement comes after its own place.
fn is_simple(s: &ast::Stmt) -> bool {
    use ast::Stmt::*;
    !matches!(s, FunctionDef(_) | ClassDef(_) | If(_) | For(_) | While(_) | With(_) | Try(_) | Match(_))
}
