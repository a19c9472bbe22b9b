//! Function definitions, lambdas, closures, annotation functions.

use std::sync::Arc;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};
use typhon_bytecode::{Code, Common, Const, Op, flags, func};

use ast::name::Name;
use ast::{Expr, Parameters};

use crate::assemble::Reg;
use crate::scope::{Res, Role};
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    /// Make a function of `code` in `w`. The values for `given` stand from `w`
    /// on, in the order of the bits; the closure is added here.
    pub fn make_function(&mut self, code: Arc<Code>, w: Reg, given: u8) -> Res<()> {
        let mut flags = given;
        let n = given.count_ones();
        self.u.set_top(w as u32 + n.max(1));
        if !code.freevars.is_empty() {
            flags |= func::CLOSURE;
            let at = w as u32 + n;
            self.u.set_top(at);
            for name in &code.freevars {
                let cell = self.cell_of(&Name::new(&**name));
                let t = self.u.temp();
                self.u.mov(t, cell);
            }
            self.u.emit_abc(Op::BUILDTUPLE, at as Reg, at as Reg, code.freevars.len() as u16);
        }
        let k = self.u.code.consts.len() as u32;
        self.u.code.consts.push(Const::Code(code));
        self.u.emit_wide(Op::MAKEFUNCTION, flags, w, k);
        self.u.set_top(w as u32 + 1);
        Ok(())
    }

    /// Evaluate defaults into registers from `w`; returns the bits given.
    fn defaults(&mut self, p: &'a Parameters, w: Reg) -> Res<u8> {
        let mut given = 0;
        self.u.set_top(w as u32);
        let positional: Vec<&'a Expr> =
            p.posonlyargs.iter().chain(&p.args).filter_map(|p| p.default.as_deref()).collect();
        if !positional.is_empty() {
            given |= func::DEFAULTS;
            let mut consts = Vec::new();
            for e in &positional {
                match self.fold(e)? {
                    Some(c) => consts.push(c),
                    None => break,
                }
            }
            let t = self.u.temp();
            if consts.len() == positional.len() {
                self.u.load_const(t, Const::Tuple(consts.into()));
            } else {
                self.u.set_top(t as u32);
                for e in &positional {
                    self.expr_temp(e)?;
                }
                self.u.emit_abc(Op::BUILDTUPLE, t, t, positional.len() as u16);
                self.u.set_top(t as u32 + 1);
            }
        }
        let kw: Vec<_> = p.kwonlyargs.iter().filter(|p| p.default.is_some()).collect();
        if !kw.is_empty() {
            given |= func::KWDEFAULTS;
            let t = self.u.top as Reg;
            for p in &kw {
                let m = self.mangled(&p.parameter.name.id);
                self.const_temp(Const::text(m.as_str()));
                if let Some(d) = &p.default {
                    self.expr_temp(d)?;
                }
            }
            self.u.emit_abc(Op::BUILDMAP, t, t, kw.len() as u16);
            self.u.set_top(t as u32 + 1);
        }
        Ok(given)
    }

    fn set_params(&mut self, p: &Parameters) {
        let c = &mut self.u.code;
        c.posonlyargcount = p.posonlyargs.len() as u32;
        c.argcount = (p.posonlyargs.len() + p.args.len()) as u32;
        c.kwonlyargcount = p.kwonlyargs.len() as u32;
        if p.vararg.is_some() {
            c.flags |= flags::VARARGS;
        }
        if p.kwarg.is_some() {
            c.flags |= flags::VARKEYWORDS;
        }
    }

    pub fn lambda(&mut self, l: &'a ast::ExprLambda, d: Reg) -> Res<()> {
        let w = self.range_start(d);
        let given = match &l.parameters {
            Some(p) => self.defaults(p, w)?,
            None => 0,
        };
        let id = self.scopes.of(l, Role::Body);
        self.enter(id, "<lambda>", l.range);
        if let Some(p) = &l.parameters {
            self.set_params(p);
        }
        let generator = self.scopes[id].is_generator;
        if generator {
            self.u.code.flags |= flags::GENERATOR;
        }
        self.prologue();
        let guard = generator.then(|| self.generator_guard());
        self.u.range = Some(l.body.range());
        let r = self.operand(&l.body)?;
        self.u.emit_a(Op::RETURN, r);
        if let Some(g) = guard {
            self.end_generator_guard(g);
        }
        let code = self.leave()?;
        self.make_function(code, w, given)?;
        self.u.mov(d, w);
        Ok(())
    }

    pub fn decorators(&mut self, list: &'a [ast::Decorator]) -> Res<Vec<Reg>> {
        let mut out = Vec::new();
        for d in list {
            // Each decorator is evaluated where its call window starts.
            let w = self.u.temps(4);
            out.push(w);
            let t = w;
            self.expr_to_window(&d.expression, t)?;
        }
        Ok(out)
    }

    fn expr_to_window(&mut self, e: &'a Expr, w: Reg) -> Res<()> {
        let top = self.u.top;
        self.u.set_top(w as u32 + 1);
        self.expr_to(e, w)?;
        self.u.set_top(top);
        Ok(())
    }

    /// Call the decorators, innermost first; the decorated value is in the
    /// register after the last window, the result in the first one.
    pub fn apply_decorators(&mut self, list: &'a [ast::Decorator], windows: &[Reg], value: Reg) -> Reg {
        let mut value = value;
        for (d, &w) in list.iter().zip(windows).rev() {
            self.at(d.expression.range(), |c| {
                c.u.mov(w + 4, value);
                c.u.emit_ab(Op::CALL, w, 1);
            });
            value = w;
        }
        value
    }

    pub fn function_def(&mut self, f: &'a ast::StmtFunctionDef) -> Res<()> {
        let windows = self.decorators(&f.decorator_list)?;
        let w = self.u.temp();
        let range = self.def_range(f.range, &f.decorator_list);
        self.u.range = Some(range);
        let given = match &f.type_params {
            None => {
                let given = self.defaults(&f.parameters, w)?;
                self.function_object(f, w, given)?
            }
            Some(tp) => {
                // The generic wrapper takes the defaults as arguments.
                let args = w + 4;
                self.u.set_top(args as u32);
                let given = self.defaults(&f.parameters, args)?;
                let n = (given & 3).count_ones() as u16;
                let id = self.scopes.of(f, Role::TypeParams);
                let first = self.first_line_range(&f.decorator_list, range);
                self.enter(id, &format!("<generic parameters of {}>", f.name), first);
                self.u.code.argcount = n as u32;
                self.fix_generic_params(given);
                self.prologue();
                let list = self.u.temp();
                self.type_params(tp, list)?;
                let w = self.u.temps(1);
                self.u.set_top(w as u32);
                for (bit, name) in [(func::DEFAULTS, ".defaults"), (func::KWDEFAULTS, ".kwdefaults")] {
                    if given & bit != 0 {
                        let t = self.u.temp();
                        let r = self.u.locals[name];
                        self.u.mov(t, r);
                    }
                }
                if given == 0 {
                    self.u.temp();
                }
                self.function_object(f, w, given)?;
                let set = typhon_bytecode::Intrinsic2::SetFunctionTypeParams as u8;
                self.u.emit(Op::INTRINSIC2, set, w, w, list);
                self.u.emit_a(Op::RETURN, w);
                let code = self.leave()?;
                self.u.set_top(args as u32 + n as u32);
                let fw = self.u.temp();
                self.make_function(code, fw, 0)?;
                self.u.mov(w_of(args), fw);
                self.u.emit_ab(Op::CALL, w_of(args), n);
                self.u.set_top(args as u32);
                0
            }
        };
        let _ = given;
        let r = self.apply_decorators(&f.decorator_list, &windows, w);
        self.u.range = Some(range);
        self.store_name(&f.name.id, r);
        Ok(())
    }

    /// The wrapper's parameters are those of `.defaults`, `.kwdefaults` that
    /// are given; they stand in the first registers.
    fn fix_generic_params(&mut self, given: u8) {
        if given & 3 == func::KWDEFAULTS {
            self.u.locals.insert(Name::new(".kwdefaults"), 0);
        }
    }

    /// Make the function object itself in `w`; the defaults are there already.
    fn function_object(&mut self, f: &'a ast::StmtFunctionDef, w: Reg, given: u8) -> Res<u8> {
        let mut given = given;
        self.u.set_top(w as u32 + given.count_ones());
        if let Some(code) = self.annotations_of(f)? {
            let t = self.u.temp();
            self.make_function(code, t, 0)?;
            given |= func::ANNOTATE;
        }
        let code = self.function_code(f)?;
        self.make_function(code, w, given)?;
        Ok(given)
    }

    /// The range of a definition without its decorators.
    pub fn def_range(&self, range: TextRange, decorators: &[ast::Decorator]) -> TextRange {
        let Some(last) = decorators.last() else {
            return range;
        };
        let from = last.range.end().to_usize();
        let mut at = from;
        // A tree that was not parsed has no text, and its places no decorators.
        let Some(rest) = self.source.text.get(from..) else { return range };
        for line in rest.split_inclusive('\n') {
            let code = line.trim_start();
            if !code.is_empty() && !code.starts_with('#') {
                at += line.len() - code.len();
                break;
            }
            at += line.len();
        }
        let start = rustpython_ruff_text_size::TextSize::new(at as u32);
        TextRange::new(start.min(range.end()), range.end())
    }

    fn first_line_range(&self, decorators: &[ast::Decorator], range: TextRange) -> TextRange {
        match decorators.first() {
            Some(d) => TextRange::new(d.range.start(), range.end()),
            None => range,
        }
    }

    fn function_code(&mut self, f: &'a ast::StmtFunctionDef) -> Res<Arc<Code>> {
        let id = self.scopes.of(f, Role::Body);
        let range = self.first_line_range(&f.decorator_list, f.range);
        self.enter(id, &f.name, range);
        self.set_params(&f.parameters);
        let generator = self.scopes[id].is_generator;
        let kind = match (f.is_async, generator) {
            (true, true) => flags::ASYNC_GENERATOR,
            (true, false) => flags::COROUTINE,
            (false, true) => flags::GENERATOR,
            (false, false) => 0,
        };
        self.u.code.flags |= kind;
        let mut body = &f.body[..];
        if let Some((first, rest)) = body.split_first()
            && let Some(doc) = crate::is_docstring(first)
        {
            body = rest;
            if self.options.optimize < 2 {
                let c = crate::fold::clean_doc(crate::literal::string(self.source.text, doc));
                self.u.konst(c);
                self.u.code.flags |= flags::HAS_DOCSTRING;
            }
        }
        self.prologue();
        self.u.range = Some(range);
        let guard = (kind != 0).then(|| self.generator_guard());
        self.stmts(body)?;
        // It gets the line that leads to it (`place_returns`).
        let range = if body.is_empty() { self.u.range } else { None };
        let range = std::mem::replace(&mut self.u.range, range);
        self.u.emit(Op::RETURNNONE, 0, 0, 0, 0);
        self.u.range = range;
        if let Some(g) = guard {
            self.end_generator_guard(g);
        }
        self.leave()
    }

    /// The `__annotate__` code of a function's signature.
    fn annotations_of(&mut self, f: &'a ast::StmtFunctionDef) -> Res<Option<Arc<Code>>> {
        let any = f.returns.is_some() || f.parameters.iter().any(|p| p.annotation().is_some());
        if !any {
            return Ok(None);
        }
        let mut items: Vec<(Name, &'a Expr, Option<i64>)> = Vec::new();
        for p in ordered(&f.parameters) {
            if let Some(a) = &p.annotation {
                items.push((self.mangled(&p.name.id), a, None));
            }
        }
        items.extend(f.returns.as_deref().map(|r| (Name::new("return"), r, None)));
        let id = self.scopes.of(f, Role::Annotations);
        let range = self.def_range(f.range, &f.decorator_list);
        let function = self.qualname(self.scopes.of(f, Role::Body), &f.name);
        let mut code = Arc::unwrap_or_clone(self.annotate_code(id, items, range)?);
        code.qualname = format!("{function}.__annotate__").into();
        Ok(Some(Arc::new(code)))
    }

    /// The code of an `__annotate__` function for these annotations.
    pub fn annotate_code(
        &mut self,
        id: usize,
        items: Vec<(Name, &'a Expr, Option<i64>)>,
        range: TextRange,
    ) -> Res<Arc<Code>> {
        self.enter(id, "__annotate__", range);
        self.format_check();
        let map = self.u.temp();
        self.u.emit_abc(Op::BUILDMAP, map, 0, 0);
        for (name, e, condition) in items {
            let top = self.u.top;
            let skip = self.u.label();
            if let Some(i) = condition {
                let k = self.const_temp(Const::Int(i));
                let set = self.u.temp();
                self.load_name(&Name::new("__conditional_annotations__"), Some(set));
                self.u.emit_abc(Op::IN, k, k, set);
                self.u.jump(Op::JF, k, 0, skip);
            }
            let k = self.const_temp(Const::text(name.as_str()));
            let v = if self.future & flags::FUTURE_ANNOTATIONS != 0 {
                let text = crate::unparse::unparse(e, self.source.text);
                self.const_temp(text)
            } else if let Expr::Starred(s) = e {
                let t = self.expr_temp(&s.value)?;
                self.at(s.range, |c| c.u.emit_abc(Op::UNPACKSEQ, t, t, 1));
                t
            } else {
                self.operand(e)?
            };
            self.at(e.range(), |c| c.u.emit_abc(Op::MAPADD, map, k, v));
            self.u.bind(skip);
            self.u.set_top(top);
        }
        self.u.emit_a(Op::RETURN, map);
        self.leave()
    }

    /// Start an annotation-like function: it takes a format, and can only do
    /// real values.
    pub fn format_check(&mut self) {
        self.u.code.argcount = 1;
        self.u.code.posonlyargcount = 1;
        self.prologue();
        if let Some(name) = self.u.code.varnames.first_mut() {
            *name = "format".into();
        }
        let ok = self.u.label();
        let format = self.u.locals.get(crate::scope::FORMAT).copied().unwrap_or(0);
        self.u.jump(Op::JLEI_T, format, 2, ok);
        let t = self.u.temp();
        self.u.emit(Op::LOADCOMMON, Common::NotImplementedError as u8, t, 0, 0);
        self.u.emit(Op::RAISE, 1, t, 0, 0);
        self.u.bind(ok);
        self.u.set_top(t as u32);
    }

    /// Make the `__annotate__` function of a body whose annotations are not known yet:
    /// the index of the constant that will be its code.
    pub fn begin_annotations(&mut self, store: &str) -> Res<Option<usize>> {
        if self.scopes[self.u.scope].annotate.is_none() || self.future & flags::FUTURE_ANNOTATIONS != 0 {
            return Ok(None);
        }
        let w = self.u.temp();
        let k = self.u.code.consts.len();
        self.make_function(Arc::new(Code::default()), w, 0)?;
        self.store_name(&Name::new(store), w);
        self.u.set_top(w as u32);
        Ok(Some(k))
    }

    /// Write the code that [`Self::begin_annotations`] has left out.
    pub fn fill_annotations(&mut self, at: Option<usize>) -> Res<()> {
        let (Some(at), Some(id)) = (at, self.scopes[self.u.scope].annotate) else { return Ok(()) };
        let code = self.body_annotations(id)?;
        debug_assert!(code.freevars.is_empty(), "a module's names are in its namespace");
        self.u.code.consts[at] = Const::Code(code);
        Ok(())
    }

    /// The code of a body's `__annotate__` function.
    fn body_annotations(&mut self, id: usize) -> Res<Arc<Code>> {
        let items = std::mem::take(&mut self.u.annotations);
        let start = items.first().map_or(TextSize::default(), |item| item.1.range().start());
        let range = TextRange::empty(self.source.line_start(start));
        let first = self.u.code.first_line;
        let mut code = Arc::unwrap_or_clone(self.annotate_code(id, items, range)?);
        // As in CPython the function starts where the body starts.
        rebase(&mut code, first);
        Ok(Arc::new(code))
    }

    /// Make the `__annotate__` function of a class body.
    pub fn finish_annotations(&mut self, store: &str) -> Res<()> {
        let Some(id) = self.scopes[self.u.scope].annotate else {
            return Ok(());
        };
        if self.u.annotations.is_empty() {
            return Ok(());
        }
        let code = self.body_annotations(id)?;
        let w = self.u.temp();
        self.make_function(code, w, 0)?;
        self.store_name(&Name::new(store), w);
        self.u.set_top(w as u32);
        Ok(())
    }
}

fn rebase(code: &mut Code, first: u32) {
    let runs: Vec<_> = code.positions.runs(code.first_line).collect();
    code.positions = typhon_bytecode::Positions::encode(first, runs);
    code.first_line = first;
}

/// The window of a generic wrapper's call, given where its arguments start.
fn w_of(args: Reg) -> Reg {
    args - 4
}

/// Parameters in the order in which their annotations are evaluated.
fn ordered(p: &Parameters) -> impl Iterator<Item = &ast::Parameter> {
    let positional = p.posonlyargs.iter().chain(&p.args).map(|p| &p.parameter);
    positional.chain(p.vararg.as_deref()).chain(p.kwonlyargs.iter().map(|p| &p.parameter)).chain(p.kwarg.as_deref())
}
