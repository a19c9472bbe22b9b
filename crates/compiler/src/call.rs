//! Calls: arguments are evaluated straight into the callee's window.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_bytecode::{Const, FRAME_LINK, Op};

use ast::{Expr, Keyword};

use crate::assemble::Reg;
use crate::scope::Res;
use crate::unit::Compiler;

/// Calls with more values than this go through a tuple and a dict.
const MAX_WINDOW: usize = 250;

impl<'a> Compiler<'a> {
    pub fn call(&mut self, call: &'a ast::ExprCall, d: Reg) -> Res<()> {
        self.check_call(call);
        let args = &call.arguments;
        let w = self.range_start(d);
        let spread = args.args.iter().any(|a| a.is_starred_expr())
            || args.keywords.iter().any(|k| k.arg.is_none())
            || args.args.len() + args.keywords.len() > MAX_WINDOW;
        if let Expr::Attribute(a) = &*call.func
            && !spread
        {
            self.method_call(call, a, w)?;
        } else {
            self.expr_to(&call.func, w)?;
            if spread {
                self.spread_call(&args.args, &args.keywords, w, &[], None)?;
            } else {
                self.plain_call(&args.args, &args.keywords, w, &[])?;
            }
        }
        self.u.mov(d, w);
        Ok(())
    }

    fn method_call(&mut self, call: &'a ast::ExprCall, a: &'a ast::ExprAttribute, w: Reg) -> Res<()> {
        let args = &call.arguments;
        let recv = w + FRAME_LINK;
        let sup = self.super_call(&a.value);
        if let Some(s) = sup {
            if args.keywords.is_empty() {
                self.super_parts(s, w, recv)?;
                self.arguments(&args.args, &[], recv + 1)?;
                let name = self.attr_name(a);
                let two = !s.arguments.is_empty() as u8;
                let n = args.args.len() as u16;
                self.at(self.method_range(call, a), |c| c.u.emit(Op::CALLSUPER, two, w, n, name));
                return Ok(());
            }
            self.expr_to(&call.func, w)?;
            return self.plain_call(&args.args, &args.keywords, w, &[]);
        }
        self.u.set_top(recv as u32 + 1);
        self.expr_to(&a.value, recv)?;
        let name = self.attr_name(a);
        let n = (args.args.len() + args.keywords.len()) as u16;
        // The method is looked up before the arguments are evaluated; where
        // that cannot be seen, lookup and call are one instruction.
        let values = args.args.iter().chain(args.keywords.iter().map(|k| &k.value));
        let fused = values.clone().all(|v| !crate::walk::may_run(v));
        if !fused {
            self.at(a.range, |c| c.u.emit_abc(Op::LOADMETHOD, w, 0, name));
        }
        self.arguments(&args.args, &args.keywords, recv + 1)?;
        let range = self.method_range(call, a);
        if args.keywords.is_empty() {
            self.at(range, |c| match fused {
                true => c.u.emit_abc(Op::CALLM, w, n, name),
                false => c.u.emit_ab(Op::CALLMETHOD, w, n),
            });
        } else {
            let k = self.keyword_names(&args.keywords);
            self.at(range, |c| match fused {
                true => c.u.emit_word(Op::CALLM_KW, w, n, name, k),
                false => c.u.emit_word(Op::CALLMETHOD_KW, w, n, 0, k),
            });
        }
        Ok(())
    }

    /// A method call on a later line than its receiver is shown from its name on.
    fn method_range(&self, call: &ast::ExprCall, a: &ast::ExprAttribute) -> TextRange {
        if self.source.line_of(call.range.start()) == self.source.line_of(a.attr.range.start()) {
            call.range
        } else {
            TextRange::new(a.attr.range.start(), call.range.end())
        }
    }

    fn keyword_names(&mut self, keywords: &[Keyword]) -> u32 {
        // As they are written: the names of keyword arguments are never private.
        let names = keywords.iter().flat_map(|k| &k.arg).map(|n| Const::text(n.id.as_str()));
        let tuple = Const::Tuple(names.collect());
        self.u.konst(tuple)
    }

    /// Positional and keyword values into consecutive registers from `at`.
    fn arguments(&mut self, args: &'a [Expr], keywords: &'a [Keyword], at: Reg) -> Res<()> {
        self.u.set_top(at as u32);
        for e in args.iter().chain(keywords.iter().map(|k| &k.value)) {
            let t = self.u.temp();
            self.expr_to(e, t)?;
        }
        Ok(())
    }

    /// Call what is in `w`; `extra` registers are passed before `args`.
    pub fn plain_call(&mut self, args: &'a [Expr], keywords: &'a [Keyword], w: Reg, extra: &[Reg]) -> Res<()> {
        let first = w + FRAME_LINK;
        self.u.set_top(first as u32);
        for &r in extra {
            let t = self.u.temp();
            self.u.mov(t, r);
        }
        self.arguments(args, keywords, first + extra.len() as u16)?;
        let n = (extra.len() + args.len() + keywords.len()) as u16;
        if keywords.is_empty() {
            self.u.emit_ab(Op::CALL, w, n);
        } else {
            let k = self.keyword_names(keywords);
            self.u.emit_word(Op::CALL_KW, w, n, 0, k);
        }
        self.u.set_top(w as u32 + 1);
        Ok(())
    }

    /// Call what is in `w` with a tuple and a dict built from the arguments.
    /// `last` is one more positional argument.
    pub fn spread_call(
        &mut self,
        args: &'a [Expr],
        keywords: &'a [Keyword],
        w: Reg,
        extra: &[Reg],
        last: Option<Reg>,
    ) -> Res<()> {
        let t = w + FRAME_LINK;
        self.u.set_top(t as u32 + 1);
        let mut flags = 0;
        let starred = args.iter().any(|a| a.is_starred_expr());
        match args {
            [Expr::Starred(s)] if extra.is_empty() && last.is_none() => {
                self.expr_to(&s.value, t)?;
                flags |= 2;
            }
            _ if !starred && extra.is_empty() && last.is_none() && args.len() <= 30 => {
                self.consecutive(args, t)?;
                self.u.set_top(t as u32 + args.len().max(1) as u32);
                self.u.emit_abc(Op::BUILDTUPLE, t, t, args.len() as u16);
            }
            _ => {
                for (i, &r) in extra.iter().enumerate() {
                    self.u.set_top(t as u32 + 1 + i as u32);
                    self.u.mov(t + i as u16, r);
                }
                self.u.emit_abc(Op::BUILDLIST, t, t, extra.len() as u16);
                self.u.set_top(t as u32 + 1);
                for e in args {
                    let top = self.u.top;
                    if let Expr::Starred(s) = e {
                        let r = self.operand(&s.value)?;
                        self.u.emit_ab(Op::LISTEXTEND, t, r);
                    } else {
                        let r = self.operand(e)?;
                        self.u.emit_ab(Op::LISTAPPEND, t, r);
                    }
                    self.u.set_top(top);
                }
                if let Some(r) = last {
                    self.u.emit_ab(Op::LISTAPPEND, t, r);
                }
                self.u.emit_ab(Op::LISTTOTUPLE, t, t);
            }
        }
        if !keywords.is_empty() {
            flags |= 1;
            let d = t + 1;
            self.u.set_top(d as u32 + 1);
            let n = keywords.iter().take(15).take_while(|k| k.arg.is_some()).count();
            self.u.set_top(d as u32);
            for k in &keywords[..n] {
                let name = k.arg.as_ref().map_or("", |n| n.id.as_str());
                self.const_temp(Const::text(name));
                self.expr_temp(&k.value)?;
            }
            self.u.set_top(d as u32 + 1);
            self.u.emit_abc(Op::BUILDMAP, d, d, n as u16);
            for k in &keywords[n..] {
                let top = self.u.top;
                match &k.arg {
                    Some(name) => {
                        // Merge, so that a repeated name is an error.
                        let pair = self.const_temp(Const::text(name.id.as_str()));
                        self.expr_temp(&k.value)?;
                        self.u.emit_abc(Op::BUILDMAP, pair, pair, 1);
                        self.u.emit_abc(Op::DICTMERGE, d, pair, w);
                    }
                    None => {
                        let r = self.operand(&k.value)?;
                        self.at(k.value.range(), |c| c.u.emit_abc(Op::DICTMERGE, d, r, w));
                    }
                }
                self.u.set_top(top);
            }
        }
        self.u.set_top(t as u32 + 2);
        self.u.emit(Op::CALL_EX, flags, w, 0, 0);
        self.u.set_top(w as u32 + 1);
        Ok(())
    }

    fn check_call(&mut self, call: &'a ast::ExprCall) {
        if let Some(what) = crate::fold::not_callable(&call.func) {
            self.warn(call.range, format!("'{what}' object is not callable; perhaps you missed a comma?"));
        }
    }
}
