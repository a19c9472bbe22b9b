//! The compiler's state, and entering and leaving code objects.

use std::sync::Arc;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange};
use typhon_bytecode::{Code, Const, Op, Position, flags};
use typhon_syntax::{Mode, Source, Warning};

use ast::Stmt;
use ast::name::Name;

use crate::assemble::{NO_HANDLER, Reg, Unit};
use crate::scope::{Body, Id, Kind, Place, Res, Scopes};
use crate::{CompileErr, Options, is_docstring};

pub(crate) struct Compiler<'a> {
    pub source: &'a Source<'a>,
    pub scopes: Scopes,
    pub filename: Arc<str>,
    pub options: Options,
    pub future: u32,
    pub warnings: Vec<Warning>,
    /// The unit being compiled.
    pub u: Unit<'a>,
    pub outer: Vec<Unit<'a>>,
    /// Inlined comprehensions of each frame, with their nesting depth.
    inlined: Vec<Vec<(Id, usize)>>,
}

/// The future features that a body asks for; they must come first.
pub(crate) fn future_flags(body: Body<'_>) -> Res<u32> {
    let Body::Stmts(stmts) = body else {
        return Ok(0);
    };
    let mut out = 0;
    let mut first = true;
    let mut done = false;
    for s in stmts {
        match s {
            Stmt::ImportFrom(i) if i.level == 0 && i.module.as_ref().is_some_and(|m| m.as_str() == "__future__") => {
                if done {
                    return Err(CompileErr::syntax(
                        i.range,
                        "from __future__ imports must occur at the beginning of the file",
                    ));
                }
                for a in &i.names {
                    out |= match a.name.as_str() {
                        "nested_scopes" | "generators" | "division" | "absolute_import" | "with_statement"
                        | "print_function" | "unicode_literals" | "generator_stop" => 0,
                        "barry_as_FLUFL" => flags::FUTURE_BARRY_AS_BDFL,
                        "annotations" => flags::FUTURE_ANNOTATIONS,
                        "braces" => return Err(CompileErr::syntax(a.range, "not a chance")),
                        other => {
                            return Err(CompileErr::syntax(a.range, format!("future feature {other} is not defined")));
                        }
                    };
                }
            }
            s if first && is_docstring(s).is_some() => {}
            _ => done = true,
        }
        first = false;
    }
    Ok(out)
}

impl<'a> Compiler<'a> {
    pub fn new(source: &'a Source<'a>, scopes: Scopes, filename: &str, options: &Options, future: u32) -> Compiler<'a> {
        let mut inlined = vec![Vec::new(); scopes.list.len()];
        for id in 0..scopes.list.len() {
            let (mut host, mut depth) = (id, 0);
            while scopes[host].inlined {
                host = scopes[host].parent.unwrap_or(0);
                depth += 1;
            }
            if depth > 0 {
                inlined[host].push((id, depth));
            }
        }
        Compiler {
            source,
            scopes,
            filename: filename.into(),
            options: options.clone(),
            future,
            warnings: Vec::new(),
            u: Unit::new(0, Code::default()),
            outer: Vec::new(),
            inlined,
        }
    }

    pub fn err<T>(&self, range: TextRange, msg: impl Into<String>) -> Res<T> {
        Err(CompileErr::syntax(range, msg))
    }

    pub fn warn(&mut self, range: TextRange, msg: impl Into<String>) {
        let p = self.source.position(range);
        self.warnings.push(Warning { msg: msg.into(), line: p.line, col: p.col });
    }

    pub fn kind(&self) -> Kind {
        self.scopes[self.u.scope].kind
    }

    /// Run `f` with instructions positioned at `range`.
    pub fn at<T>(&mut self, range: TextRange, f: impl FnOnce(&mut Self) -> T) -> T {
        let saved = self.u.range.replace(range);
        let r = f(self);
        self.u.range = saved;
        r
    }

    /// Start the code object of `scope`.
    pub fn enter(&mut self, scope: Id, name: &str, range: TextRange) {
        let qualname = self.qualname(scope, name);
        let sc = &self.scopes[scope];
        let mut code = Code {
            name: name.to_owned().into(),
            qualname: qualname.into_string().into(),
            filename: self.filename.clone(),
            first_line: self.source.position(range).line,
            flags: self.future,
            ..Code::default()
        };
        let function = sc.kind.is_function();
        if function {
            code.flags |= flags::OPTIMIZED | flags::NEWLOCALS;
            let mut up = sc.parent;
            while let Some(p) = up {
                let p = &self.scopes[p];
                if p.kind.is_function() {
                    code.flags |= flags::NESTED;
                    break;
                }
                if p.kind == Kind::Class && (matches!(sc.kind, Kind::Function | Kind::Lambda) || sc.kind.is_comp()) {
                    code.flags |= flags::METHOD;
                }
                up = p.parent;
            }
        }
        let mut u = Unit::new(scope, code);
        u.range = Some(range);
        let mut cells: Vec<Name> = Vec::new();
        if function {
            // Parameters first: positional, keyword-only, then * and **, as
            // the scope recorded them.
            for s in &sc.syms {
                let param = s.flags & crate::scope::PARAM != 0;
                if param || s.place == Place::Local && !self.is_cell_only(s.flags) {
                    let r = u.temp();
                    u.locals.insert(s.name.clone(), r);
                    u.code.varnames.push(s.name.as_str().to_owned().into());
                    if param {
                        u.set_bound(r);
                    }
                    if sc.deleted.contains(&s.name) && r < 128 {
                        u.deletable |= 1 << r;
                    }
                }
                if s.place == Place::Cell {
                    cells.push(s.name.clone());
                }
            }
        } else {
            cells.extend(sc.syms.iter().filter(|s| s.place == Place::Cell).map(|s| s.name.clone()));
            for (on, name) in [(sc.needs_class_cell, "__class__"), (sc.needs_classdict, "__classdict__")] {
                if on {
                    cells.push(Name::new(name));
                }
            }
        }
        let mut comp_cells: Vec<(Name, usize)> = Vec::new();
        for &(id, depth) in &self.inlined[scope] {
            for s in &self.scopes[id].syms {
                let key = (s.name.clone(), depth);
                match s.place {
                    Place::Local if !u.comp_regs.contains_key(&key) => {
                        let r = u.temp();
                        u.comp_regs.insert(key, r);
                        u.code.varnames.push(s.name.as_str().to_owned().into());
                    }
                    Place::Cell if !comp_cells.contains(&key) => comp_cells.push(key),
                    _ => {}
                }
            }
        }
        cells.sort();
        for name in cells {
            let r = match u.locals.get(&name) {
                Some(&r) => r,
                None => u.temp(),
            };
            u.code.cellvars.push(name.as_str().to_owned().into());
            u.code.cell_regs.push(r);
            u.cells.insert(name, r);
        }
        for (name, depth) in comp_cells {
            let r = u.temp();
            u.code.cellvars.push(name.as_str().to_owned().into());
            u.code.cell_regs.push(r);
            u.comp_regs.insert((name, depth + 1000), r);
        }
        u.code.free_base = u.top as u16;
        for name in &sc.frees {
            let r = u.temp();
            u.code.freevars.push(name.as_str().to_owned().into());
            u.frees.insert(name.clone(), r);
        }
        u.first_temp = u.top as Reg;
        self.outer.push(std::mem::replace(&mut self.u, u));
    }

    fn is_cell_only(&self, _flags: u16) -> bool {
        false
    }

    /// The instructions that every frame starts with.
    pub fn prologue(&mut self) {
        let range = self.u.range.take();
        let f = self.u.code.flags;
        if f & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR) != 0 {
            self.u.emit(Op::RETURNGENERATOR, 0, 0, 0, 0);
        }
        let n = self.u.code.freevars.len() as u16;
        if n > 0 {
            let base = self.u.code.free_base;
            self.u.emit_ab(Op::COPYFREE, base, n);
        }
        let mut cells: Vec<Reg> = self.u.cells.values().copied().collect();
        cells.sort_unstable();
        for r in cells {
            self.u.emit_a(Op::MAKECELL, r);
        }
        self.u.range = range;
    }

    /// Finish the current code object and return to the outer one.
    pub fn leave(&mut self) -> Res<Arc<Code>> {
        let outer = self.outer.pop().unwrap_or_else(|| Unit::new(0, Code::default()));
        let u = std::mem::replace(&mut self.u, outer);
        if u.overflows() {
            return self.err(u.range.unwrap_or_default(), "code object too large");
        }
        let source = self.source;
        Ok(u.finish(&|r| -> Position { source.position(r) }))
    }

    pub fn qualname(&self, scope: Id, name: &str) -> Box<str> {
        let sc = &self.scopes[scope];
        if sc.parent.is_none() {
            return name.into();
        }
        // Scopes for annotations and type parameters leave no trace themselves.
        let mut u = &self.u;
        let hidden = matches!(self.scopes[u.scope].kind, Kind::TypeParams | Kind::Annotations | Kind::Deferred);
        if hidden && let Some(outer) = self.outer.last() {
            u = outer;
        }
        if matches!(sc.kind, Kind::Function | Kind::Class) {
            let m = self.scopes[u.scope].mangled(&Name::new(name));
            if self.scopes[u.scope].sym(&m).is_some_and(|s| s.place == Place::GlobalExplicit) {
                return name.into();
            }
        }
        match self.scopes[u.scope].kind {
            Kind::Module => name.into(),
            Kind::Function | Kind::Lambda => format!("{}.<locals>.{name}", u.code.qualname).into(),
            _ => format!("{}.{name}", u.code.qualname).into(),
        }
    }

    /// Compile a whole module, expression or interactive statement.
    pub fn module(&mut self, body: Body<'a>) -> Res<Arc<Code>> {
        let start = TextRange::default();
        self.enter(0, "<module>", start);
        self.u.code.first_line = 1;
        self.u.is_async_ok = self.options.top_level_await;
        self.u.range = None;
        match body {
            Body::Expr(e) => {
                let guard = self.module_prologue();
                let r = self.operand(e)?;
                self.at(e.range(), |c| c.u.emit_a(Op::RETURN, r));
                if let Some(g) = guard {
                    self.end_generator_guard(g);
                }
            }
            Body::Stmts(stmts) => {
                let guard = self.module_prologue();
                if self.scopes[0].conditional_annotations {
                    let t = self.u.temp();
                    self.u.emit_abc(Op::BUILDSET, t, 0, 0);
                    self.store_name(&Name::new("__conditional_annotations__"), t);
                    self.u.set_top(t as u32);
                }
                if self.scopes[0].sym("__annotations__").is_some()
                    && self.future & flags::FUTURE_ANNOTATIONS != 0
                    && self.has_annotations(stmts)
                {
                    self.u.emit(Op::SETUPANNOTATIONS, 0, 0, 0, 0);
                }
                // A module's annotations can be asked for while its body runs.
                let annotations = self.begin_annotations("__annotate__")?;
                let rest = if self.options.mode == Mode::Single { stmts } else { self.docstring_store(stmts)? };
                self.stmts(rest)?;
                self.fill_annotations(annotations)?;
                self.u.emit(Op::RETURNNONE, 0, 0, 0, 0);
                if let Some(g) = guard {
                    self.end_generator_guard(g);
                }
            }
        }
        debug_assert_eq!(self.u.handler, NO_HANDLER);
        self.leave()
    }

    /// The start of a module's code, which is a coroutine if it awaits something and the
    /// caller of `compile()` allows that.
    fn module_prologue(&mut self) -> Option<(crate::assemble::HandlerId, u128, Reg)> {
        let is_async = self.options.top_level_await && self.scopes[0].is_coroutine;
        if is_async {
            self.u.code.flags |= flags::COROUTINE;
        }
        self.prologue();
        is_async.then(|| self.generator_guard())
    }

    pub fn has_annotations(&self, stmts: &[Stmt]) -> bool {
        fn any(s: &Stmt) -> bool {
            match s {
                Stmt::AnnAssign(_) => true,
                Stmt::If(i) => i.body.iter().any(any) || i.elif_else_clauses.iter().any(|c| c.body.iter().any(any)),
                Stmt::For(f) => f.body.iter().any(any) || f.orelse.iter().any(any),
                Stmt::While(f) => f.body.iter().any(any) || f.orelse.iter().any(any),
                Stmt::With(f) => f.body.iter().any(any),
                Stmt::Try(t) => {
                    t.body.iter().any(any)
                        || t.orelse.iter().any(any)
                        || t.finalbody.iter().any(any)
                        || t.handlers.iter().any(|ast::ExceptHandler::ExceptHandler(h)| h.body.iter().any(any))
                }
                Stmt::Match(m) => m.cases.iter().any(|c| c.body.iter().any(any)),
                _ => false,
            }
        }
        stmts.iter().any(any)
    }

    /// Store the docstring of a module or class; returns the other statements.
    pub fn docstring_store(&mut self, stmts: &'a [Stmt]) -> Res<&'a [Stmt]> {
        let Some((first, rest)) = stmts.split_first() else {
            return Ok(stmts);
        };
        let Some(doc) = is_docstring(first) else {
            return Ok(stmts);
        };
        if self.options.optimize >= 2 {
            return Ok(rest);
        }
        let text = crate::fold::clean_doc(crate::literal::string(self.source.text, doc));
        let t = self.u.temp();
        self.at(first.range(), |c| {
            c.u.load_const(t, text);
            c.store_name(&Name::new("__doc__"), t);
        });
        self.u.set_top(t as u32);
        Ok(rest)
    }

    /// Evaluate a constant into the next temporary.
    pub fn const_temp(&mut self, c: Const) -> Reg {
        let t = self.u.temp();
        self.u.load_const(t, c);
        t
    }
}
