//! Class definitions.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::Ranged;
use typhon_bytecode::{Const, Intrinsic1, Op};

use ast::name::Name;

use crate::assemble::Reg;
use crate::scope::{Res, Role};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    pub fn class_def(&mut self, c: &'a ast::StmtClassDef) -> Res<()> {
        let windows = self.decorators(&c.decorator_list)?;
        let w = self.u.temp();
        self.u.range = Some(self.def_range(c.range, &c.decorator_list));
        match &c.type_params {
            None => self.class_call(c, w, None)?,
            Some(tp) => {
                let id = self.scopes.of(c, Role::TypeParams);
                let start = c.decorator_list.first().map_or(c.range.start(), |d| d.range.start());
                let range = rustpython_ruff_text_size::TextRange::new(start, c.range.end());
                self.enter(id, &format!("<generic parameters of {}>", c.name), range);
                self.prologue();
                let list = self.u.temp();
                self.type_params(tp, list)?;
                self.store_name(&Name::new(".type_params"), list);
                let base = self.u.temp();
                self.u.emit(Op::INTRINSIC1, Intrinsic1::SubscriptGeneric as u8, base, list, 0);
                self.store_name(&Name::new(".generic_base"), base);
                let cw = self.u.temp();
                self.class_call(c, cw, Some(base))?;
                self.u.emit_a(Op::RETURN, cw);
                let code = self.leave()?;
                self.make_function(code, w, 0)?;
                self.u.set_top(w as u32 + 4);
                self.u.emit_ab(Op::CALL, w, 0);
            }
        }
        self.u.set_top(w as u32 + 1);
        let r = self.apply_decorators(&c.decorator_list, &windows, w);
        self.u.range = Some(self.def_range(c.range, &c.decorator_list));
        self.store_name(&c.name.id, r);
        Ok(())
    }

    /// Call `__build_class__` in window `w`.
    fn class_call(&mut self, c: &'a ast::StmtClassDef, w: Reg, generic: Option<Reg>) -> Res<()> {
        self.u.set_top(w as u32 + 1);
        let body = self.u.temps(6);
        self.class_body(c, body)?;
        let range = self.u.range;
        self.u.emit_a(Op::LOADBUILDCLASS, w);
        // The body function is made above the window and moved into place.
        let name = self.u.temp();
        self.u.load_const(name, Const::text(c.name.as_str()));
        let (f, n) = (w + 4, w + 5);
        self.u.mov(f, body);
        self.u.mov(n, name);
        let none = (&[][..], &[][..]);
        let (args, keywords) = c.arguments.as_deref().map_or(none, |a| (&*a.args, &*a.keywords));
        let spread = args.iter().any(|a| a.is_starred_expr()) || keywords.iter().any(|k| k.arg.is_none());
        self.u.set_top(w as u32 + 6);
        if spread {
            self.spread_call(args, keywords, w, &[f, n], generic)?;
        } else if let Some(g) = generic {
            // The generic base comes after the positional ones.
            let top = w as u32 + 6;
            self.u.set_top(top);
            for a in args {
                self.expr_temp(a)?;
            }
            let t = self.u.temp();
            self.u.mov(t, g);
            let mut names = Vec::new();
            for k in keywords {
                self.expr_temp(&k.value)?;
                names.extend(k.arg.as_ref().map(|n| Const::text(n.id.as_str())));
            }
            let count = (3 + args.len() + keywords.len()) as u16;
            if keywords.is_empty() {
                self.u.emit_ab(Op::CALL, w, count);
            } else {
                let k = self.u.konst(Const::Tuple(names.into()));
                self.u.emit_word(Op::CALL_KW, w, count, 0, k);
            }
        } else {
            self.plain_call(args, keywords, w, &[f, n])?;
        }
        self.u.range = range;
        self.u.set_top(w as u32 + 1);
        Ok(())
    }

    fn class_body(&mut self, c: &'a ast::StmtClassDef, to: Reg) -> Res<()> {
        let id = self.scopes.of(c, Role::Body);
        let start = c.decorator_list.first().map_or(c.range.start(), |d| d.range.start());
        let range = rustpython_ruff_text_size::TextRange::new(start, c.range.end());
        self.enter(id, &c.name, range);
        self.u.range = Some(range);
        self.prologue();
        let t = self.u.temp();
        self.u.range = Some(rustpython_ruff_text_size::TextRange::empty(start));
        self.load_name(&Name::new("__name__"), Some(t));
        self.store_name(&Name::new("__module__"), t);
        let qualname = self.u.code.qualname.clone();
        self.u.load_const(t, Const::Str(qualname));
        self.store_name(&Name::new("__qualname__"), t);
        let line = self.u.code.first_line;
        self.u.load_const(t, Const::Int(line as i64));
        self.store_name(&Name::new("__firstlineno__"), t);
        if c.type_params.is_some() {
            let r = self.load_name(&Name::new(".type_params"), Some(t));
            self.store_name(&Name::new("__type_params__"), r);
        }
        if let Some(&cell) = self.u.cells.get("__classdict__") {
            self.u.emit_a(Op::LOADLOCALS, t);
            self.u.emit_ab(Op::STORECELL, cell, t);
        }
        if self.scopes[id].conditional_annotations {
            self.u.emit_abc(Op::BUILDSET, t, 0, 0);
            self.store_name(&Name::new("__conditional_annotations__"), t);
        }
        if self.future & typhon_bytecode::flags::FUTURE_ANNOTATIONS != 0 && self.has_annotations(&c.body) {
            self.u.emit(Op::SETUPANNOTATIONS, 0, 0, 0, 0);
        }
        self.u.set_top(t as u32);
        let body = self.docstring_store(&c.body)?;
        self.stmts(body)?;
        self.u.range = Some(rustpython_ruff_text_size::TextRange::empty(start));
        self.finish_annotations("__annotate_func__")?;
        // What is stored now belongs to whichever line of the body ran last.
        self.u.range = if self.u.joins() { None } else { self.u.last_range() };
        let t = self.u.temp();
        let mut attrs: Vec<Name> = std::mem::take(&mut self.u.static_attributes);
        attrs.sort();
        attrs.dedup();
        let tuple = attrs.iter().map(|n| Const::text(n.as_str())).collect();
        self.u.load_const(t, Const::Tuple(tuple));
        self.store_name(&Name::new("__static_attributes__"), t);
        if let Some(&cell) = self.u.cells.get("__classdict__") {
            self.u.mov(t, cell);
            self.store_name(&Name::new("__classdictcell__"), t);
        }
        if let Some(&cell) = self.u.cells.get("__class__") {
            self.u.mov(t, cell);
            self.store_name(&Name::new("__classcell__"), t);
            self.u.emit_a(Op::RETURN, t);
        } else if self.u.range.is_none() {
            // Not as the end of a function, which belongs to the line before it.
            self.u.emit_a(Op::LOADNONE, t);
            self.u.emit_a(Op::RETURN, t);
        } else {
            self.u.emit(Op::RETURNNONE, 0, 0, 0, 0);
        }
        let code = self.leave()?;
        let _ = c.name.range();
        self.make_function(code, to, 0)
    }
}
