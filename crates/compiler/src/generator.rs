//! Generators and coroutines: `yield`, `yield from`, `await`.

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::{Insn, Intrinsic1, NO_REG, Op, flags};

use crate::assemble::{HandlerId, NO_HANDLER, Reg};
use crate::scope::{Kind, Res};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    /// Whether `await` and friends may stand here.
    pub fn async_allowed(&self) -> bool {
        self.u.is_async_ok || self.u.code.flags & (flags::COROUTINE | flags::ASYNC_GENERATOR) != 0
    }

    /// Cover a generator body: StopIteration that escapes becomes RuntimeError.
    pub fn generator_guard(&mut self) -> (HandlerId, u128, Reg) {
        let r = self.u.temp();
        let (h, state) = self.u.new_handler(r);
        self.u.handler = h;
        (h, state, r)
    }

    /// `exc` is handled from here on; what was handled before goes to `saved`. A generator
    /// does not save what its caller handles: it may be another one by then.
    pub fn push_exc(&mut self, saved: Reg, exc: Reg) {
        let own = self.is_generator();
        self.u.emit(Op::PUSHEXC, own, saved, exc, 0);
    }

    /// What was handled before `push_exc` is handled again.
    pub fn pop_exc(&mut self, saved: Reg) {
        let own = self.is_generator();
        self.u.emit(Op::POPEXC, own, saved, 0, 0);
    }

    fn is_generator(&self) -> u8 {
        (self.u.code.flags & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR) != 0) as u8
    }

    pub fn end_generator_guard(&mut self, (h, state, r): (HandlerId, u128, Reg)) {
        self.u.handler = NO_HANDLER;
        self.u.bind_handler(h, state);
        let range = self.u.range.take();
        self.u.emit(Op::INTRINSIC1, Intrinsic1::StopIterationError as u8, r, r, 0);
        self.u.reraise(r);
        self.u.range = range;
    }

    /// What YIELD says of the registers that are in use, which are those below `top`.
    fn kept(&self, top: u32) -> u8 {
        top.min(Insn::YIELD_KEEPS_ALL as u32) as u8 * 2
    }

    /// Yield register `v`; what is sent arrives in `d`.
    pub fn emit_yield(&mut self, d: Reg, v: Reg) {
        if self.u.code.flags & flags::ASYNC_GENERATOR != 0 {
            self.u.emit_ab(Op::ASYNCGENWRAP, d, v);
            self.u.emit(Op::YIELD, self.kept(self.u.top), d, d, NO_REG);
        } else {
            self.u.emit(Op::YIELD, self.kept(self.u.top), d, v, NO_REG);
        }
    }

    pub fn yield_expr(&mut self, y: &'a ast::ExprYield, d: Reg) -> Res<()> {
        if !matches!(self.kind(), Kind::Function | Kind::Lambda) {
            return self.err(y.range, "'yield' outside function");
        }
        let t = self.scratch(d);
        let v = match &y.value {
            Some(e) => self.operand_into(e, t)?,
            None => {
                self.u.emit_a(Op::LOADNONE, t);
                t
            }
        };
        self.emit_yield(t, v);
        self.u.mov(d, t);
        Ok(())
    }

    pub fn yield_from(&mut self, y: &'a ast::ExprYieldFrom, d: Reg) -> Res<()> {
        if !matches!(self.kind(), Kind::Function | Kind::Lambda) {
            return self.err(y.range, "'yield from' outside function");
        }
        if self.scopes[self.u.scope].is_coroutine {
            return self.err(y.range, "'yield from' inside async function");
        }
        let t = self.scratch(d);
        let v = self.operand_into(&y.value, t)?;
        self.u.emit_ab(Op::GETYIELDFROMITER, t, v);
        self.send_loop(t, t);
        self.u.mov(d, t);
        Ok(())
    }

    pub fn await_expr(&mut self, a: &'a ast::ExprAwait, d: Reg) -> Res<()> {
        if !self.async_allowed() {
            let msg = if matches!(self.kind(), Kind::Function | Kind::Lambda | Kind::GenExpr) {
                "'await' outside async function"
            } else {
                "'await' outside function"
            };
            return self.err(a.range, msg);
        }
        let t = self.scratch(d);
        let v = self.operand_into(&a.value, t)?;
        self.u.emit(Op::GETAWAITABLE, 0, t, v, 0);
        self.send_loop(t, t);
        self.u.mov(d, t);
        Ok(())
    }

    /// Run the iterator in `from` to its end, passing on what it yields; its
    /// result arrives in `d`.
    pub fn send_loop(&mut self, from: Reg, d: Reg) {
        let top = self.u.top;
        let it = self.u.temp();
        let v = self.u.temp();
        self.u.mov(it, from);
        self.u.emit_a(Op::LOADNONE, v);
        let (head, done) = (self.u.label(), self.u.label());
        self.u.bind_head(head);
        self.u.jump(Op::SEND, v, it, done);
        let exc = self.u.temp();
        let (h, state) = self.u.new_handler(exc);
        let outer = std::mem::replace(&mut self.u.handler, h);
        self.u.emit(Op::YIELD, self.kept(v as u32) | 1, v, v, it);
        self.u.handler = outer;
        self.u.jump(Op::JMP, 0, 0, head);
        self.u.bind_handler(h, state);
        self.u.emit_ab(Op::CLEANUPTHROW, v, exc);
        self.u.bind(done);
        self.u.mov(d, v);
        self.u.set_top(top);
    }
}
