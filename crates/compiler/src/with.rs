//! `with` and `async with`.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Op, Special};

use crate::assemble::{Block, Reg};
use crate::scope::Res;
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    pub fn with_stmt(&mut self, w: &'a ast::StmtWith) -> Res<()> {
        if w.is_async && !self.async_allowed() {
            return self.err(w.range, "'async with' outside async function");
        }
        self.with_item(w, 0)
    }

    /// Call `exit(None, None, None)` and drop the result. `exit` is what LOADSPECIAL gave,
    /// and the object stands behind it.
    pub fn call_exit(&mut self, exit: Reg, is_async: bool) {
        let top = self.u.top;
        let done = self.u.label();
        if !is_async {
            self.u.jump(Op::EXITLOCK, exit + 1, 0, done);
        }
        let w = self.u.temps(5);
        self.u.mov(w, exit);
        self.u.mov(w + 4, exit + 1);
        for _ in 0..3 {
            let t = self.u.temp();
            self.u.emit_a(Op::LOADNONE, t);
        }
        self.u.emit_ab(Op::CALLMETHOD, w, 3);
        if is_async {
            self.u.emit(Op::GETAWAITABLE, 2, w, w, 0);
            self.send_loop(w, w);
        }
        self.u.bind(done);
        self.u.set_top(top);
    }

    fn with_item(&mut self, w: &'a ast::StmtWith, i: usize) -> Res<()> {
        let Some(item) = w.items.get(i) else {
            return self.stmts(&w.body);
        };
        let range = item.context_expr.range();
        let exit = self.u.temps(2);
        let exc = self.u.temp();
        let saved = self.u.temp();
        let top = self.u.top;
        let (enter_id, exit_id) =
            if w.is_async { (Special::Aenter, Special::Aexit) } else { (Special::Enter, Special::Exit) };
        let win = self.u.temps(5);
        self.expr_to(&item.context_expr, win + 4)?;
        self.at(range, |c| {
            c.u.mov(exit + 1, win + 4);
            c.u.emit(Op::LOADSPECIAL, exit_id as u8, exit, exit + 1, 0);
            c.u.emit(Op::LOADSPECIAL, enter_id as u8, win, win + 4, 0);
            c.u.emit_ab(Op::CALLMETHOD, win, 0);
            if w.is_async {
                c.u.emit(Op::GETAWAITABLE, 1, win, win, 0);
                c.send_loop(win, win);
            }
        });
        self.u.set_top(win as u32 + 1);
        let (h, state) = self.u.new_handler(exc);
        let outer = std::mem::replace(&mut self.u.handler, h);
        self.u.push_block(Block::With { exit, is_async: w.is_async, range, outer });
        if let Some(v) = &item.optional_vars {
            self.store(v, win)?;
        }
        self.u.set_top(top);
        self.with_item(w, i + 1)?;
        self.u.handler = outer;
        let end = self.u.label();
        self.u.landing = true;
        self.at(range, |c| {
            c.call_exit(exit, w.is_async);
            c.u.pop_block();
            c.u.jump(Op::JMP, 0, 0, end);
        });

        self.u.bind_handler(h, state);
        let c = self.begin_handling(exc, saved);
        let suppress = self.u.label();
        let win = self.u.temps(8);
        self.at(range, |s| {
            s.u.emit_abc(Op::WITHEXCEPTSTART, win, exit, exc);
            if w.is_async {
                s.u.emit(Op::GETAWAITABLE, 2, win, win, 0);
                s.send_loop(win, win);
            }
            s.u.jump(Op::JT, win, 0, suppress);
        });
        self.u.handler = outer;
        let line = self.u.range.take();
        self.pop_exc(saved);
        self.u.reraise(exc);
        self.u.bind(suppress);
        self.pop_exc(saved);
        self.u.jump(Op::JMP, 0, 0, end);
        self.u.range = line;
        self.end_handling(c);
        self.u.bind(end);
        self.u.set_top(exit as u32);
        Ok(())
    }
}
