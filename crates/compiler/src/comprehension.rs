//! Comprehensions and generator expressions.
//!
//! List, set and dict comprehensions run inside the frame around them, with
//! registers of their own for their names; generator expressions, and
//! comprehensions in annotation scopes of classes, are functions.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_bytecode::{Op, flags};

use ast::{Comprehension, Expr};

use crate::assemble::{Inline, Reg};
use crate::scope::{Kind, Place, Res, Role};
use crate::unit::Compiler;

/// The parts of a comprehension.
struct Parts<'a> {
    generators: &'a [Comprehension],
    elt: &'a Expr,
    value: Option<&'a Expr>,
    name: &'static str,
}

fn parts(e: &Expr) -> Parts<'_> {
    let (generators, elt, value, name) = match e {
        Expr::ListComp(c) => (&c.generators, &c.elt, None, "<listcomp>"),
        Expr::SetComp(c) => (&c.generators, &c.elt, None, "<setcomp>"),
        Expr::DictComp(c) => (&c.generators, &c.key, Some(&*c.value), "<dictcomp>"),
        Expr::Generator(c) => (&c.generators, &c.elt, None, "<genexpr>"),
        _ => unreachable!("only called for comprehensions"),
    };
    Parts { generators, elt, value, name }
}

impl<'a> Compiler<'a> {
    pub fn comprehension(&mut self, e: &'a Expr, d: Reg) -> Res<()> {
        if let Expr::Starred(s) = parts(e).elt {
            return self.err(s.range, "iterable unpacking cannot be used in comprehension");
        }
        if matches!(e, Expr::Generator(_)) {
            self.u.range = Some(self.comp_range(e));
        }
        let p = parts(e);
        let id = match e {
            Expr::ListComp(c) => self.scopes.of(c, Role::Body),
            Expr::SetComp(c) => self.scopes.of(c, Role::Body),
            Expr::DictComp(c) => self.scopes.of(c, Role::Body),
            Expr::Generator(c) => self.scopes.of(c, Role::Body),
            _ => unreachable!("only called for comprehensions"),
        };
        let kind = self.scopes[id].kind;
        let is_async = self.scopes[id].is_coroutine;
        if is_async && kind != Kind::GenExpr && !self.async_allowed() {
            return self.err(e.range(), "asynchronous comprehension outside of an asynchronous function");
        }
        if self.scopes[id].inlined {
            return self.inlined(e, id, p, d);
        }
        // The first iterable is evaluated outside.
        let first = &p.generators[0];
        let w = self.range_start(d);
        self.enter(id, p.name, self.comp_range(e));
        let f = match (is_async, kind == Kind::GenExpr) {
            (true, true) => flags::ASYNC_GENERATOR,
            (true, false) => flags::COROUTINE,
            (false, true) => flags::GENERATOR,
            _ => 0,
        };
        self.u.code.flags |= f;
        self.u.code.argcount = 1;
        self.u.is_async_ok = is_async;
        self.prologue();
        let guard =
            (f & (flags::GENERATOR | flags::ASYNC_GENERATOR | flags::COROUTINE) != 0).then(|| self.generator_guard());
        let acc = self.u.temp();
        self.new_container(kind, acc);
        self.generators(&p, 0, kind, acc, true)?;
        if kind == Kind::GenExpr {
            self.u.emit(Op::RETURNNONE, 0, 0, 0, 0);
        } else {
            self.u.emit_a(Op::RETURN, acc);
        }
        if let Some(g) = guard {
            self.end_generator_guard(g);
        }
        let code = self.leave()?;
        self.make_function(code, w, 0)?;
        let arg = w + 4;
        self.u.set_top(arg as u32 + 1);
        self.expr_to(&first.iter, arg)?;
        let op = if first.is_async { Op::GETAITER } else { Op::GETITER };
        self.at(first.iter.range(), |c| c.u.emit_ab(op, arg, arg));
        self.u.emit_ab(Op::CALL, w, 1);
        if is_async && kind != Kind::GenExpr {
            self.u.set_top(w as u32 + 1);
            self.u.emit(Op::GETAWAITABLE, 0, w, w, 0);
            self.send_loop(w, w);
        }
        self.u.mov(d, w);
        Ok(())
    }

    /// An unparenthesised generator argument is shown with the call's brackets.
    fn comp_range(&self, e: &Expr) -> TextRange {
        let r = e.range();
        let bare = matches!(e, Expr::Generator(g) if !g.parenthesized);
        let text = self.source.text;
        let (Some(before), Some(after)) = (text.get(..r.start().to_usize()), text.get(r.end().to_usize()..)) else {
            return r;
        };
        if bare && let (Some(open), Some(close)) = (before.rfind('('), after.find(')')) {
            let start = rustpython_ruff_text_size::TextSize::new(open as u32);
            let end = r.end() + rustpython_ruff_text_size::TextSize::new(close as u32 + 1);
            return TextRange::new(start, end);
        }
        r
    }

    fn new_container(&mut self, kind: Kind, acc: Reg) {
        match kind {
            Kind::ListComp => self.u.emit_abc(Op::BUILDLIST, acc, 0, 0),
            Kind::SetComp => self.u.emit_abc(Op::BUILDSET, acc, 0, 0),
            Kind::DictComp => self.u.emit_abc(Op::BUILDMAP, acc, 0, 0),
            _ => {}
        }
    }

    fn inlined(&mut self, e: &'a Expr, id: usize, p: Parts<'a>, d: Reg) -> Res<()> {
        let kind = self.scopes[id].kind;
        let first = &p.generators[0];
        let it = self.u.temp();
        self.expr_to(&first.iter, it)?;
        let op = if first.is_async { Op::GETAITER } else { Op::GETITER };
        self.at(first.iter.range(), |c| c.u.emit_ab(op, it, it));
        let depth = 1 + self.u.inline.len();
        let mut locals: Vec<Reg> = Vec::new();
        let mut cells: Vec<Reg> = Vec::new();
        for s in &self.scopes[id].syms {
            match s.place {
                Place::Local => locals.extend(self.u.comp_regs.get(&(s.name.clone(), depth))),
                Place::Cell => cells.extend(self.u.comp_regs.get(&(s.name.clone(), depth + 1000))),
                _ => {}
            }
        }
        for &r in &cells {
            self.u.emit_a(Op::CLEAR, r);
            self.u.emit_a(Op::MAKECELL, r);
        }
        for &r in &locals {
            self.u.set_unbound(r);
        }
        let acc = self.u.temp();
        self.new_container(kind, acc);
        self.u.inline.push(Inline { scope: id, depth });
        let r = self.generators_from(&p, 0, kind, acc, it);
        self.u.inline.pop();
        r?;
        for r in locals.into_iter().chain(cells) {
            self.at(e.range(), |c| c.u.emit_a(Op::CLEAR, r));
            self.u.set_unbound(r);
        }
        self.u.mov(d, acc);
        Ok(())
    }

    fn generators(&mut self, p: &Parts<'a>, i: usize, kind: Kind, acc: Reg, outermost: bool) -> Res<()> {
        if outermost {
            return self.generators_from(p, i, kind, acc, 0);
        }
        let g = &p.generators[i];
        // `for x in [y]` is an assignment.
        if let Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) = &g.iter
            && let [one] = &elts[..]
            && !one.is_starred_expr()
            && !g.is_async
        {
            let t = self.expr_temp(one)?;
            self.store(&g.target, t)?;
            let skip = self.u.label();
            for cond in &g.ifs {
                self.jump_if(cond, skip, false)?;
            }
            self.inner(p, i, kind, acc)?;
            self.u.bind(skip);
            return Ok(());
        }
        let it = self.expr_temp(&g.iter)?;
        let op = if g.is_async { Op::GETAITER } else { Op::GETITER };
        self.at(g.iter.range(), |c| c.u.emit_ab(op, it, it));
        self.generators_from(p, i, kind, acc, it)
    }

    /// The loop of generator `i` over the iterator in `it`, and all inside.
    fn generators_from(&mut self, p: &Parts<'a>, i: usize, kind: Kind, acc: Reg, it: Reg) -> Res<()> {
        let top = self.u.top;
        let g = &p.generators[i];
        if g.is_async {
            let (head, next) = (self.u.label(), self.u.label());
            let exc = self.u.temp();
            self.u.bind_head(head);
            let h = self.async_next(it, &g.target, exc, g.iter.range())?;
            for cond in &g.ifs {
                self.jump_if(cond, next, false)?;
            }
            self.inner(p, i, kind, acc)?;
            self.u.bind(next);
            self.u.jump(Op::JMPBACK, 0, 0, head);
            self.end_async_for(h, exc, g.iter.range());
        } else {
            let (body, next) = (self.u.label(), self.u.label());
            let target = self.loop_target(&g.target);
            self.u.jump(Op::JMP, 0, 0, next);
            let state = self.u.bound;
            let dead = !self.u.is_used(next);
            self.u.bind_body(body, state, dead);
            self.loop_store(&g.target, target)?;
            for cond in &g.ifs {
                self.jump_if(cond, next, false)?;
            }
            self.inner(p, i, kind, acc)?;
            self.u.bind(next);
            self.at(g.iter.range(), |c| c.u.jump(Op::FORLOOP, it, target, body));
        }
        self.u.set_top(top);
        Ok(())
    }

    fn inner(&mut self, p: &Parts<'a>, i: usize, kind: Kind, acc: Reg) -> Res<()> {
        if i + 1 < p.generators.len() {
            return self.generators(p, i + 1, kind, acc, false);
        }
        let top = self.u.top;
        let range = p.elt.range();
        match (kind, p.value) {
            (Kind::DictComp, Some(value)) => {
                let k = self.operand_before(p.elt, &[value])?;
                let v = self.operand(value)?;
                let range = TextRange::new(range.start(), value.range().end());
                self.at(range, |c| c.u.emit_abc(Op::MAPADD, acc, k, v));
            }
            (Kind::ListComp, _) => {
                let r = self.operand(p.elt)?;
                self.at(range, |c| c.u.emit_ab(Op::LISTAPPEND, acc, r));
            }
            (Kind::SetComp, _) => {
                let r = self.operand(p.elt)?;
                self.at(range, |c| c.u.emit_ab(Op::SETADD, acc, r));
            }
            _ => {
                let r = self.operand(p.elt)?;
                let t = self.u.temp();
                self.at(range, |c| c.emit_yield(t, r));
            }
        }
        self.u.set_top(top);
        Ok(())
    }
}
