//! Scopes: which names each block binds, and where every name lives.
//!
//! One walk collects symbols and reports declaration errors; a second one
//! resolves them. A name captured by an inner function becomes a cell of the
//! scope that owns it and a free variable of every scope in between. A
//! comprehension that is inlined (PEP 709) is a scope without a frame: its own
//! names get registers of the host frame, and a use of a host name through it
//! is no capture.
//!
//! Scopes are found again by the address of their node, so a body that is
//! compiled twice (`finally`) finds the same scope. The tree must not move.
//!
//! Tests: `tests/scopes.rs`.

use std::collections::{BTreeSet, HashMap, HashSet};

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_text_size::{Ranged, TextRange, TextSize};

use ast::name::Name;
use ast::{Expr, Stmt};

use crate::CompileErr;

pub(crate) type Res<T> = Result<T, CompileErr>;

/// Index of a scope.
pub(crate) type Id = usize;

/// What kind of block a scope is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Module,
    Class,
    Function,
    Lambda,
    ListComp,
    SetComp,
    DictComp,
    GenExpr,
    TypeParams,
    Annotations,
    /// Value of a type alias; bound or default of a type parameter.
    Deferred,
}

impl Kind {
    /// Whether locals live in registers and inner scopes may capture them.
    pub fn is_function(self) -> bool {
        !matches!(self, Kind::Module | Kind::Class)
    }
    /// The name of a block that has none of its own.
    fn usual_name(self) -> &'static str {
        match self {
            Kind::Module => "top",
            Kind::Lambda => "lambda",
            Kind::ListComp => "listcomp",
            Kind::SetComp => "setcomp",
            Kind::DictComp => "dictcomp",
            Kind::GenExpr => "genexpr",
            Kind::Annotations => "__annotate__",
            Kind::Class | Kind::Function | Kind::TypeParams | Kind::Deferred => "",
        }
    }
    pub fn is_comp(self) -> bool {
        matches!(self, Kind::ListComp | Kind::SetComp | Kind::DictComp | Kind::GenExpr)
    }
}

/// Why there are several scopes for one node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Role {
    Body,
    TypeParams,
    Annotations,
    Bound,
    Default,
    Value,
}

pub(crate) const GLOBAL: u16 = 1;
pub(crate) const NONLOCAL: u16 = 2;
pub(crate) const LOCAL: u16 = 4;
pub(crate) const PARAM: u16 = 8;
pub(crate) const USE: u16 = 16;
pub(crate) const ANNOT: u16 = 32;
pub(crate) const ITER: u16 = 64;
pub(crate) const TYPEPARAM: u16 = 128;
pub(crate) const IMPORT: u16 = 256;
pub(crate) const BOUND: u16 = LOCAL | PARAM | IMPORT;

/// The parameter of an annotation-like function: no name of a program is in its way.
pub(crate) const FORMAT: &str = ".format";

/// Where a name of a scope lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Local,
    Cell,
    Free,
    GlobalExplicit,
    GlobalImplicit,
}

#[derive(Clone, Debug)]
pub(crate) struct Sym {
    pub name: Name,
    pub flags: u16,
    pub place: Place,
    pub range: TextRange,
}

#[derive(Debug)]
pub(crate) struct Scope {
    pub kind: Kind,
    /// What it is called in symbol tables, and where it begins.
    pub name: Name,
    pub start: TextSize,
    pub parent: Option<Id>,
    pub syms: Vec<Sym>,
    index: HashMap<Name, usize>,
    /// Names of outer scopes that this frame needs in its closure.
    pub frees: BTreeSet<Name>,
    /// The innermost class's name, for private names.
    pub private: Option<Name>,
    /// In the scope of a class's type parameters only these names are private.
    pub mangles_only: Option<Vec<Name>>,
    pub inlined: bool,
    pub is_generator: bool,
    pub is_coroutine: bool,
    pub has_walrus: bool,
    pub needs_class_cell: bool,
    pub needs_classdict: bool,
    pub sees_class: bool,
    pub conditional_annotations: bool,
    /// The `__annotate__` scope of a module or class body.
    pub annotate: Option<Id>,
    in_conditional: u32,
    /// In the iterable of a comprehension: no walrus.
    in_comp_iter: u32,
    in_comp_target: bool,
    /// What an annotation-like scope is called in error messages.
    describes: &'static str,
    /// Names that are deleted somewhere (also by `except ... as`).
    pub deleted: HashSet<Name>,
}

impl Scope {
    /// Whether it is the value of a type alias.
    pub fn is_alias(&self) -> bool {
        self.describes == "type alias"
    }
    pub fn sym(&self, name: &str) -> Option<&Sym> {
        self.index.get(name).map(|&i| &self.syms[i])
    }
}

/// All scopes of one compilation.
pub(crate) struct Scopes {
    pub list: Vec<Scope>,
    by_node: HashMap<(usize, Role), Id>,
}

/// The identity of a node.
pub(crate) fn addr<T>(node: &T) -> usize {
    std::ptr::from_ref(node) as usize
}

impl Scopes {
    /// The scope of `node` in the given role.
    pub fn of<T>(&self, node: &T, role: Role) -> Id {
        self.by_node[&(addr(node), role)]
    }
}

impl std::ops::Index<Id> for Scopes {
    type Output = Scope;
    fn index(&self, id: Id) -> &Scope {
        &self.list[id]
    }
}

impl Scope {
    /// The name that `name` stands for in this scope.
    pub fn mangled(&self, name: &Name) -> Name {
        match &self.mangles_only {
            Some(only) if !only.contains(name) => name.clone(),
            _ => mangle(self.private.as_ref(), name),
        }
    }
}

/// The name that `name` stands for inside class `private`.
fn mangle(private: Option<&Name>, name: &Name) -> Name {
    let Some(class) = private else {
        return name.clone();
    };
    let s = name.as_str();
    if !s.starts_with("__") || s.ends_with("__") || s.contains('.') {
        return name.clone();
    }
    let class = class.as_str().trim_start_matches('_');
    if class.is_empty() {
        return name.clone();
    }
    Name::new(format!("_{class}{s}"))
}

/// Build the scopes of a body.
pub(crate) fn analyse(body: Body<'_>, future_annotations: bool) -> Res<Scopes> {
    let mut b = Builder { s: Scopes { list: Vec::new(), by_node: HashMap::new() }, cur: 0, future_annotations };
    b.push(Kind::Module, None);
    match body {
        Body::Stmts(stmts) => b.stmts(stmts)?,
        Body::Expr(e) => b.expr(e)?,
    }
    b.resolve()?;
    Ok(b.s)
}

/// What is compiled.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    Stmts(&'a [Stmt]),
    Expr(&'a Expr),
}

struct Builder {
    s: Scopes,
    cur: Id,
    future_annotations: bool,
}

fn err<T>(range: TextRange, msg: impl Into<String>) -> Res<T> {
    Err(CompileErr::syntax(range, msg))
}

impl Builder {
    fn push(&mut self, kind: Kind, node: Option<(usize, Role)>) -> Id {
        let id = self.s.list.len();
        let parent = (id > 0).then_some(self.cur);
        let private = parent.and_then(|p| self.s.list[p].private.clone());
        let mangles_only = parent.and_then(|p| self.s.list[p].mangles_only.clone());
        let sees = parent.is_some_and(|p| {
            let p = &self.s.list[p];
            p.kind == Kind::Class || p.sees_class
        });
        let sees_class = sees && matches!(kind, Kind::TypeParams | Kind::Annotations | Kind::Deferred);
        let inlined = matches!(kind, Kind::ListComp | Kind::SetComp | Kind::DictComp)
            && parent.is_some_and(|p| !self.s.list[p].sees_class);
        self.s.list.push(Scope {
            kind,
            name: Name::new(kind.usual_name()),
            start: TextSize::default(),
            parent,
            syms: Vec::new(),
            index: HashMap::new(),
            frees: BTreeSet::new(),
            private,
            mangles_only,
            inlined,
            is_generator: false,
            is_coroutine: false,
            has_walrus: false,
            needs_class_cell: false,
            needs_classdict: false,
            sees_class,
            conditional_annotations: false,
            annotate: None,
            in_conditional: 0,
            in_comp_iter: parent
                .map_or(0, |p| if kind.is_comp() || kind == Kind::Lambda { self.s.list[p].in_comp_iter } else { 0 }),
            in_comp_target: false,
            describes: "",
            deleted: HashSet::new(),
        });
        if let Some(key) = node {
            self.s.by_node.insert(key, id);
        }
        self.cur = id;
        if sees_class {
            self.add(&Name::new("__classdict__"), USE, TextRange::default());
        }
        id
    }

    /// Say what the current scope is called, and where it begins.
    fn call_it(&mut self, name: &Name, start: TextSize) {
        let sc = self.scope();
        sc.name = name.clone();
        sc.start = start;
    }

    fn pop(&mut self) {
        self.cur = self.s.list[self.cur].parent.expect("the module scope is never left");
    }

    fn scope(&mut self) -> &mut Scope {
        &mut self.s.list[self.cur]
    }

    fn add_to(&mut self, id: Id, name: &Name, flags: u16, range: TextRange) -> u16 {
        let sc = &mut self.s.list[id];
        let n = sc.syms.len();
        let i = *sc.index.entry(name.clone()).or_insert(n);
        if i == n {
            let place = Place::Local;
            sc.syms.push(Sym { name: name.clone(), flags: 0, place, range });
        }
        let old = sc.syms[i].flags;
        sc.syms[i].flags |= flags;
        old
    }

    fn add(&mut self, name: &Name, flags: u16, range: TextRange) -> u16 {
        self.add_to(self.cur, name, flags, range)
    }

    fn mangled(&self, name: &Name) -> Name {
        self.s.list[self.cur].mangled(name)
    }

    fn bind(&mut self, name: &Name, range: TextRange) -> Res<()> {
        self.bind_with(name, LOCAL, range)
    }

    fn bind_with(&mut self, name: &Name, flags: u16, range: TextRange) -> Res<()> {
        if name.as_str() == "__debug__" {
            return err(range, "cannot assign to __debug__");
        }
        let m = self.mangled(name);
        if self.scope().in_comp_target {
            let old = self.add(&m, flags | ITER, range);
            if old & (GLOBAL | NONLOCAL) != 0 {
                return err(
                    range,
                    format!("comprehension inner loop cannot rebind assignment expression target '{name}'"),
                );
            }
            return Ok(());
        }
        self.add(&m, flags, range);
        Ok(())
    }

    fn use_name(&mut self, name: &Name, range: TextRange) {
        let m = self.mangled(name);
        self.add(&m, USE, range);
        if name.as_str() == "super" && self.scope().kind.is_function() {
            self.add(&Name::new("__class__"), USE, range);
        }
    }

    // Statements.

    fn stmts(&mut self, body: &[Stmt]) -> Res<()> {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    fn conditional(&mut self, body: &[Stmt]) -> Res<()> {
        self.scope().in_conditional += 1;
        self.stmts(body)?;
        self.scope().in_conditional -= 1;
        Ok(())
    }

    fn stmt(&mut self, s: &Stmt) -> Res<()> {
        match s {
            Stmt::FunctionDef(f) => self.function_def(f),
            Stmt::ClassDef(c) => self.class_def(c),
            Stmt::Return(r) => r.value.as_deref().map_or(Ok(()), |v| self.expr(v)),
            Stmt::Delete(d) => d.targets.iter().try_for_each(|t| self.delete(t)),
            Stmt::TypeAlias(t) => self.type_alias(t),
            Stmt::Assign(a) => {
                a.targets.iter().try_for_each(|t| self.expr(t))?;
                self.expr(&a.value)
            }
            Stmt::AugAssign(a) => {
                if let Expr::Name(n) = &*a.target {
                    self.use_name(&n.id, n.range);
                }
                self.expr(&a.target)?;
                self.expr(&a.value)
            }
            Stmt::AnnAssign(a) => self.ann_assign(a),
            Stmt::For(f) => {
                if f.is_async {
                    self.awaits();
                }
                self.expr(&f.target)?;
                self.expr(&f.iter)?;
                self.conditional(&f.body)?;
                self.conditional(&f.orelse)
            }
            Stmt::While(w) => {
                self.expr(&w.test)?;
                self.conditional(&w.body)?;
                self.conditional(&w.orelse)
            }
            Stmt::If(i) => {
                self.expr(&i.test)?;
                self.conditional(&i.body)?;
                for c in &i.elif_else_clauses {
                    if let Some(t) = &c.test {
                        self.expr(t)?;
                    }
                    self.conditional(&c.body)?;
                }
                Ok(())
            }
            Stmt::With(w) => {
                if w.is_async {
                    self.awaits();
                }
                for item in &w.items {
                    self.expr(&item.context_expr)?;
                    if let Some(v) = &item.optional_vars {
                        self.expr(v)?;
                    }
                }
                self.conditional(&w.body)
            }
            Stmt::Match(m) => {
                self.expr(&m.subject)?;
                for c in &m.cases {
                    self.pattern(&c.pattern)?;
                    if let Some(g) = &c.guard {
                        self.expr(g)?;
                    }
                    self.conditional(&c.body)?;
                }
                Ok(())
            }
            Stmt::Raise(r) => {
                for e in [&r.exc, &r.cause].into_iter().flatten() {
                    self.expr(e)?;
                }
                Ok(())
            }
            Stmt::Try(t) => {
                self.conditional(&t.body)?;
                for ast::ExceptHandler::ExceptHandler(h) in &t.handlers {
                    if let Some(t) = &h.type_ {
                        self.expr(t)?;
                    }
                    if let Some(n) = &h.name {
                        self.bind(&n.id, n.range)?;
                        let m = self.mangled(&n.id);
                        self.scope().deleted.insert(m);
                    }
                    self.conditional(&h.body)?;
                }
                self.conditional(&t.orelse)?;
                self.conditional(&t.finalbody)
            }
            Stmt::Assert(a) => {
                self.expr(&a.test)?;
                a.msg.as_deref().map_or(Ok(()), |m| self.expr(m))
            }
            Stmt::Import(i) => i.names.iter().try_for_each(|a| self.alias(a, false)),
            Stmt::ImportFrom(i) => i.names.iter().try_for_each(|a| self.alias(a, true)),
            Stmt::Global(g) => self.declare(&g.names, GLOBAL, g.range),
            Stmt::Nonlocal(n) => self.declare(&n.names, NONLOCAL, n.range),
            Stmt::Expr(e) => self.expr(&e.value),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) => Ok(()),
            Stmt::IpyEscapeCommand(c) => err(c.range, "invalid syntax"),
        }
    }

    fn alias(&mut self, a: &ast::Alias, from: bool) -> Res<()> {
        if let Some(n) = &a.asname {
            return self.bind_with(&n.id, IMPORT, n.range);
        }
        if from && a.name.as_str() == "*" {
            if self.scope().kind != Kind::Module {
                return err(a.range, "import * only allowed at module level");
            }
            return Ok(());
        }
        let first = a.name.as_str().split('.').next().unwrap_or("");
        self.bind_with(&Name::new(first), IMPORT, a.range)
    }

    fn declare(&mut self, names: &[ast::Identifier], flag: u16, range: TextRange) -> Res<()> {
        if flag == NONLOCAL && self.scope().kind == Kind::Module {
            return err(range, "nonlocal declaration not allowed at module level");
        }
        let word = if flag == GLOBAL { "global" } else { "nonlocal" };
        for n in names {
            let m = self.mangled(&n.id);
            let old = self.scope().sym(&m).map_or(0, |s| s.flags);
            let name = n.as_str();
            if old & PARAM != 0 {
                return err(range, format!("name '{name}' is parameter and {word}"));
            }
            if old & (GLOBAL | NONLOCAL) != 0 && old & (GLOBAL | NONLOCAL) != flag {
                return err(range, format!("name '{name}' is nonlocal and global"));
            }
            if old & flag == 0 {
                if old & USE != 0 {
                    return err(range, format!("name '{name}' is used prior to {word} declaration"));
                }
                if old & ANNOT != 0 {
                    return err(range, format!("annotated name '{name}' can't be {word}"));
                }
                if old & (LOCAL | IMPORT) != 0 {
                    return err(range, format!("name '{name}' is assigned to before {word} declaration"));
                }
            }
            if name == "__debug__" {
                return err(range, "cannot assign to __debug__");
            }
            self.add(&m, flag, range);
        }
        Ok(())
    }

    fn delete(&mut self, t: &Expr) -> Res<()> {
        match t {
            Expr::Name(n) => {
                if n.id.as_str() == "__debug__" {
                    return err(n.range, "cannot delete __debug__");
                }
                let m = self.mangled(&n.id);
                self.add(&m, LOCAL, n.range);
                self.scope().deleted.insert(m);
                Ok(())
            }
            Expr::Tuple(t) => t.elts.iter().try_for_each(|e| self.delete(e)),
            Expr::List(t) => t.elts.iter().try_for_each(|e| self.delete(e)),
            e => self.expr(e),
        }
    }

    fn ann_assign(&mut self, a: &ast::StmtAnnAssign) -> Res<()> {
        if let Expr::Name(n) = &*a.target {
            if n.id.as_str() == "__debug__" {
                return err(n.range, "cannot assign to __debug__");
            }
            let m = self.mangled(&n.id);
            let old = self.scope().sym(&m).map_or(0, |s| s.flags);
            let kind = self.scope().kind;
            if a.simple && old & (GLOBAL | NONLOCAL) != 0 && !(kind == Kind::Module && old & GLOBAL != 0) {
                let word = if old & GLOBAL != 0 { "global" } else { "nonlocal" };
                return err(a.range, format!("annotated name '{}' can't be {word}", n.id));
            }
            if a.simple {
                self.add(&m, ANNOT | LOCAL, n.range);
            } else if a.value.is_some() {
                self.add(&m, LOCAL, n.range);
            }
        } else {
            self.expr(&a.target)?;
        }
        let kind = self.scope().kind;
        if kind.is_function() {
            self.forbid(&a.annotation, "annotation")?;
        } else if !(a.simple && a.target.is_name_expr()) {
            self.forbid(&a.annotation, "annotation")?;
            if !self.future_annotations {
                self.expr(&a.annotation)?;
            }
        } else if self.future_annotations {
            self.forbid(&a.annotation, "annotation")?;
            self.add(&Name::new("__annotations__"), USE | LOCAL, a.range);
        } else {
            let module = kind == Kind::Module;
            let sc = self.scope();
            if (module || sc.in_conditional > 0) && !sc.conditional_annotations {
                sc.conditional_annotations = true;
                self.add(&Name::new("__conditional_annotations__"), LOCAL | USE, a.range);
            }
            let host = self.cur;
            match self.s.list[host].annotate {
                Some(id) => self.cur = id,
                None => {
                    let id = self.annotation_scope(None, a.range.start());
                    self.s.list[host].annotate = Some(id);
                }
            }
            if self.s.list[host].conditional_annotations {
                self.add(&Name::new("__conditional_annotations__"), USE, a.range);
            }
            self.expr(&a.annotation)?;
            self.cur = host;
        }
        if let Some(v) = &a.value {
            self.expr(v)?;
        }
        Ok(())
    }

    fn annotation_scope(&mut self, key: Option<(usize, Role)>, start: TextSize) -> Id {
        let id = self.push(Kind::Annotations, key);
        self.scope().describes = "annotation";
        self.scope().start = start;
        self.add(&Name::new(FORMAT), PARAM, TextRange::default());
        id
    }

    /// Check an annotation that is not evaluated for expressions that it may
    /// not contain.
    fn forbid(&mut self, e: &Expr, what: &str) -> Res<()> {
        match crate::walk::forbidden_in_annotation(e) {
            Some((range, Some(name))) => err(range, format!("{name} cannot be used within an {what}")),
            Some((range, None)) => err(range, "asynchronous comprehension outside of an asynchronous function"),
            None => Ok(()),
        }
    }

    fn function_def(&mut self, f: &ast::StmtFunctionDef) -> Res<()> {
        self.bind(&f.name.id, f.name.range)?;
        f.decorator_list.iter().try_for_each(|d| self.expr(&d.expression))?;
        self.defaults(&f.parameters)?;
        if let Some(tp) = &f.type_params {
            self.push(Kind::TypeParams, Some((addr(f), Role::TypeParams)));
            self.call_it(&f.name.id, f.name.range.start());
            self.scope().describes = "type parameter";
            let none = TextRange::default();
            for d in [".defaults", ".kwdefaults"] {
                self.add(&Name::new(d), PARAM, none);
            }
            self.type_params(tp)?;
        }
        self.function_annotations(f)?;
        self.push(Kind::Function, Some((addr(f), Role::Body)));
        self.call_it(&f.name.id, f.name.range.start());
        self.scope().is_coroutine = f.is_async;
        self.params(&f.parameters)?;
        self.stmts(&f.body)?;
        self.pop();
        if f.type_params.is_some() {
            self.pop();
        }
        Ok(())
    }

    fn function_annotations(&mut self, f: &ast::StmtFunctionDef) -> Res<()> {
        let p = &f.parameters;
        let any = f.returns.is_some() || p.iter().any(|p| p.annotation().is_some());
        if !any {
            return Ok(());
        }
        if self.future_annotations {
            for p in p.iter() {
                if let Some(a) = p.annotation() {
                    self.forbid(a, "annotation")?;
                }
            }
            if let Some(r) = &f.returns {
                self.forbid(r, "annotation")?;
            }
            self.annotation_scope(Some((addr(f), Role::Annotations)), f.name.range.start());
            self.pop();
            return Ok(());
        }
        self.annotation_scope(Some((addr(f), Role::Annotations)), f.name.range.start());
        for p in p.iter() {
            if let Some(a) = p.annotation() {
                self.expr(a)?;
            }
        }
        if let Some(r) = &f.returns {
            self.expr(r)?;
        }
        self.pop();
        Ok(())
    }

    fn defaults(&mut self, p: &ast::Parameters) -> Res<()> {
        for p in p.iter_non_variadic_params() {
            if let Some(d) = &p.default {
                self.expr(d)?;
            }
        }
        Ok(())
    }

    fn params(&mut self, p: &ast::Parameters) -> Res<()> {
        let named = p.posonlyargs.iter().chain(&p.args).chain(&p.kwonlyargs);
        let all = named.map(|p| &p.parameter);
        let rest = [p.vararg.as_deref(), p.kwarg.as_deref()].into_iter().flatten();
        for p in all.chain(rest) {
            let m = self.mangled(&p.name.id);
            if p.name.as_str() == "__debug__" {
                return err(p.name.range, "cannot assign to __debug__");
            }
            if self.add(&m, PARAM, p.name.range) & PARAM != 0 {
                let name = &p.name;
                return err(p.name.range, format!("duplicate argument '{name}' in function definition"));
            }
        }
        Ok(())
    }

    fn keywords(&mut self, keywords: &[ast::Keyword]) -> Res<()> {
        for k in keywords {
            if k.arg.as_ref().is_some_and(|name| name.as_str() == "__debug__") {
                return err(k.range, "cannot assign to __debug__");
            }
            self.expr(&k.value)?;
        }
        Ok(())
    }

    fn class_def(&mut self, c: &ast::StmtClassDef) -> Res<()> {
        self.bind(&c.name.id, c.name.range)?;
        c.decorator_list.iter().try_for_each(|d| self.expr(&d.expression))?;
        if let Some(tp) = &c.type_params {
            self.push(Kind::TypeParams, Some((addr(c), Role::TypeParams)));
            self.call_it(&c.name.id, c.name.range.start());
            self.scope().describes = "type parameter";
            let none = TextRange::default();
            self.scope().private = Some(c.name.id.clone());
            self.scope().mangles_only = Some(tp.type_params.iter().map(|p| p.name().id.clone()).collect());
            self.add(&Name::new(".type_params"), LOCAL | USE, none);
            self.add(&Name::new(".generic_base"), LOCAL | USE, none);
            self.type_params(tp)?;
        }
        if let Some(args) = &c.arguments {
            for a in &args.args {
                // The parser takes one as it does for a call.
                if let Expr::Generator(g) = a
                    && !g.parenthesized
                    && let Some(first) = g.generators.first()
                {
                    let at = first.range.start();
                    let word = if first.is_async { "async" } else { "for" };
                    return err(TextRange::at(at, TextSize::of(word)), "invalid syntax");
                }
            }
            args.args.iter().try_for_each(|a| self.expr(a))?;
            self.keywords(&args.keywords)?;
        }
        self.push(Kind::Class, Some((addr(c), Role::Body)));
        self.call_it(&c.name.id, c.name.range.start());
        self.scope().private = Some(c.name.id.clone());
        self.scope().mangles_only = None;
        let none = TextRange::default();
        if c.type_params.is_some() {
            self.add(&Name::new("__type_params__"), LOCAL, none);
            self.add(&Name::new(".type_params"), USE, none);
        }
        self.stmts(&c.body)?;
        self.pop();
        if c.type_params.is_some() {
            self.pop();
        }
        Ok(())
    }

    fn type_alias(&mut self, t: &ast::StmtTypeAlias) -> Res<()> {
        self.expr(&t.name)?;
        let none = Name::default();
        let name = t.name.as_name_expr().map_or(&none, |n| &n.id);
        if let Some(tp) = &t.type_params {
            self.push(Kind::TypeParams, Some((addr(t), Role::TypeParams)));
            self.call_it(name, t.range.start());
            self.scope().describes = "type parameter";
            self.type_params(tp)?;
        }
        self.deferred((addr(t), Role::Value), (name, t.range.start()), &t.value, "type alias")?;
        if t.type_params.is_some() {
            self.pop();
        }
        Ok(())
    }

    fn type_params(&mut self, tp: &ast::TypeParams) -> Res<()> {
        let mut default_seen = false;
        for p in &tp.type_params {
            let name = p.name();
            let m = self.mangled(&name.id);
            match name.as_str() {
                "__debug__" => return err(p.range(), "cannot assign to __debug__"),
                "__classdict__" => {
                    let msg = "reserved name '__classdict__' cannot be used for type parameter";
                    return err(p.range(), msg);
                }
                _ => {}
            }
            if self.add(&m, LOCAL | TYPEPARAM, name.range) & TYPEPARAM != 0 {
                return err(p.range(), format!("duplicate type parameter '{name}'"));
            }
            if let ast::TypeParam::TypeVar(v) = p
                && let Some(b) = &v.bound
            {
                let what = if b.is_tuple_expr() { "TypeVar constraint" } else { "TypeVar bound" };
                self.deferred((addr(p), Role::Bound), (&name.id, name.range.start()), b, what)?;
            }
            match p.default() {
                Some(d) => {
                    default_seen = true;
                    let what = match p {
                        ast::TypeParam::TypeVar(_) => "TypeVar default",
                        ast::TypeParam::ParamSpec(_) => "ParamSpec default",
                        ast::TypeParam::TypeVarTuple(_) => "TypeVarTuple default",
                    };
                    self.deferred((addr(p), Role::Default), (&name.id, name.range.start()), d, what)?;
                }
                None if default_seen => {
                    return err(
                        p.range(),
                        format!("non-default type parameter '{name}' follows default type parameter"),
                    );
                }
                None => {}
            }
        }
        Ok(())
    }

    fn deferred(
        &mut self,
        key: (usize, Role),
        (name, start): (&Name, TextSize),
        e: &Expr,
        what: &'static str,
    ) -> Res<()> {
        self.push(Kind::Deferred, Some(key));
        self.call_it(name, start);
        self.scope().describes = what;
        self.add(&Name::new(FORMAT), PARAM, TextRange::default());
        self.expr(e)?;
        self.pop();
        Ok(())
    }

    // Expressions.

    fn exprs<'a>(&mut self, es: impl IntoIterator<Item = &'a Expr>) -> Res<()> {
        es.into_iter().try_for_each(|e| self.expr(e))
    }

    fn no_yield(&mut self, range: TextRange, what: &str) -> Res<()> {
        let sc = self.scope();
        let article = if sc.describes.starts_with('a') { "an" } else { "a" };
        match sc.kind {
            Kind::Annotations | Kind::Deferred => {
                let d = sc.describes;
                err(range, format!("{what} cannot be used within {article} {d}"))
            }
            Kind::TypeParams => err(range, format!("{what} cannot be used within the definition of a generic")),
            Kind::ListComp if what == "yield expression" => err(range, "'yield' inside list comprehension"),
            Kind::SetComp if what == "yield expression" => err(range, "'yield' inside set comprehension"),
            Kind::DictComp if what == "yield expression" => err(range, "'yield' inside dict comprehension"),
            Kind::GenExpr if what == "yield expression" => err(range, "'yield' inside generator expression"),
            _ => Ok(()),
        }
    }

    fn expr(&mut self, e: &Expr) -> Res<()> {
        match e {
            Expr::Name(n) => match n.ctx {
                ast::ExprContext::Load => {
                    self.use_name(&n.id, n.range);
                    Ok(())
                }
                _ => self.bind(&n.id, n.range),
            },
            Expr::BoolOp(b) => self.exprs(&b.values),
            Expr::Named(n) => self.walrus(n),
            Expr::BinOp(_) => {
                let mut spine = Vec::new();
                let mut left = e;
                while let Expr::BinOp(b) = left {
                    spine.push(&*b.right);
                    left = &b.left;
                }
                self.expr(left)?;
                self.exprs(spine.into_iter().rev())
            }
            Expr::UnaryOp(u) => self.expr(&u.operand),
            Expr::Lambda(l) => {
                if let Some(p) = &l.parameters {
                    self.defaults(p)?;
                }
                self.push(Kind::Lambda, Some((addr(l), Role::Body)));
                self.scope().start = l.range.start();
                if let Some(p) = &l.parameters {
                    self.params(p)?;
                }
                self.expr(&l.body)?;
                self.pop();
                Ok(())
            }
            Expr::If(i) => self.exprs([&*i.test, &i.body, &i.orelse]),
            Expr::Dict(d) => {
                for i in &d.items {
                    if let Some(k) = &i.key {
                        self.expr(k)?;
                    }
                    self.expr(&i.value)?;
                }
                Ok(())
            }
            Expr::Set(s) => self.exprs(&s.elts),
            Expr::ListComp(c) => self.comp(Kind::ListComp, addr(c), &c.generators, [&*c.elt, &c.elt], e),
            Expr::SetComp(c) => self.comp(Kind::SetComp, addr(c), &c.generators, [&*c.elt, &c.elt], e),
            Expr::DictComp(c) => self.comp(Kind::DictComp, addr(c), &c.generators, [&*c.key, &c.value], e),
            Expr::Generator(c) => self.comp(Kind::GenExpr, addr(c), &c.generators, [&*c.elt, &c.elt], e),
            Expr::Await(a) => {
                self.no_yield(a.range, "await expression")?;
                self.awaits();
                self.expr(&a.value)
            }
            Expr::Yield(y) => {
                self.no_yield(y.range, "yield expression")?;
                self.scope().is_generator = true;
                y.value.as_deref().map_or(Ok(()), |v| self.expr(v))
            }
            Expr::YieldFrom(y) => {
                self.no_yield(y.range, "yield expression")?;
                self.scope().is_generator = true;
                self.expr(&y.value)
            }
            Expr::Compare(c) => {
                self.expr(&c.left)?;
                self.exprs(&*c.comparators)
            }
            Expr::Call(c) => {
                self.expr(&c.func)?;
                self.exprs(&*c.arguments.args)?;
                self.keywords(&c.arguments.keywords)
            }
            Expr::FString(f) => f.value.elements().try_for_each(|el| self.interpolated(el)),
            Expr::TString(f) => f.value.elements().try_for_each(|el| self.interpolated(el)),
            Expr::Attribute(a) => {
                if !matches!(a.ctx, ast::ExprContext::Load) && a.attr.as_str() == "__debug__" {
                    return err(a.range, "cannot assign to __debug__");
                }
                self.expr(&a.value)
            }
            Expr::Subscript(s) => {
                self.expr(&s.value)?;
                self.expr(&s.slice)
            }
            Expr::Starred(s) => self.expr(&s.value),
            Expr::List(l) => self.exprs(&l.elts),
            Expr::Tuple(t) => self.exprs(&t.elts),
            Expr::Slice(s) => {
                for e in [&s.lower, &s.upper, &s.step].into_iter().flatten() {
                    self.expr(e)?;
                }
                Ok(())
            }
            Expr::IpyEscapeCommand(c) => err(c.range, "invalid syntax"),
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_) => Ok(()),
        }
    }

    fn interpolated(&mut self, el: &ast::InterpolatedStringElement) -> Res<()> {
        if let ast::InterpolatedStringElement::Interpolation(i) = el {
            self.expr(&i.expression)?;
            if let Some(spec) = &i.format_spec {
                spec.elements.iter().try_for_each(|el| self.interpolated(el))?;
            }
        }
        Ok(())
    }

    fn walrus(&mut self, n: &ast::ExprNamed) -> Res<()> {
        self.no_yield(n.range, "named expression")?;
        let Expr::Name(t) = &*n.target else {
            return self.expr(&n.value);
        };
        if self.scope().in_comp_iter > 0 {
            return err(n.range, "assignment expression cannot be used in a comprehension iterable expression");
        }
        self.scope().has_walrus = true;
        let m = self.mangled(&t.id);
        if t.id.as_str() == "__debug__" {
            return err(t.range, "cannot assign to __debug__");
        }
        let mut id = self.cur;
        while self.s.list[id].kind.is_comp() {
            if self.s.list[id].sym(&m).is_some_and(|s| s.flags & ITER != 0) {
                let name = &t.id;
                return err(
                    t.range,
                    format!("assignment expression cannot rebind comprehension iteration variable '{name}'"),
                );
            }
            id = self.s.list[id].parent.unwrap_or(0);
        }
        let host = id;
        if host != self.cur {
            let flag = match self.s.list[host].kind {
                Kind::Class => {
                    return err(t.range, "assignment expression within a comprehension cannot be used in a class body");
                }
                Kind::TypeParams | Kind::Annotations | Kind::Deferred => {
                    return err(
                        t.range,
                        "assignment expression within a comprehension cannot be used within the definition of a generic",
                    );
                }
                Kind::Module => GLOBAL,
                _ if self.s.list[host].sym(&m).is_some_and(|s| s.flags & GLOBAL != 0) => GLOBAL,
                _ => NONLOCAL,
            };
            let mut id = self.cur;
            while id != host {
                self.add_to(id, &m, flag, t.range);
                id = self.s.list[id].parent.unwrap_or(0);
            }
        }
        self.s.list[host].has_walrus = true;
        self.add_to(host, &m, LOCAL, t.range);
        self.expr(&n.value)
    }

    fn comp(
        &mut self,
        kind: Kind,
        node: usize,
        gens: &[ast::Comprehension],
        elts: [&Expr; 2],
        whole: &Expr,
    ) -> Res<()> {
        let first = &gens[0];
        self.scope().in_comp_iter += 1;
        self.expr(&first.iter)?;
        self.scope().in_comp_iter -= 1;
        // `__class__` of a class body that is not there yet: a function finds that out.
        let frame =
            std::iter::successors(Some(self.cur), |&id| self.s.list[id].parent).find(|&id| !self.s.list[id].inlined);
        let in_class = frame.is_some_and(|id| self.s.list[id].kind == Kind::Class);
        self.push(kind, Some((node, Role::Body)));
        if in_class
            && crate::walk::any(whole, |e| matches!(e, Expr::Name(n) if matches!(n.id.as_str(), "__class__" | "super")))
        {
            self.scope().inlined = false;
        }
        self.scope().start = whole.range().start();
        if !self.scope().inlined {
            self.add(&Name::new(".0"), PARAM, whole.range());
        }
        self.scope().is_generator = kind == Kind::GenExpr;
        for (i, g) in gens.iter().enumerate() {
            self.scope().is_coroutine |= g.is_async;
            self.scope().in_comp_target = true;
            self.expr(&g.target)?;
            self.scope().in_comp_target = false;
            if i > 0 {
                self.scope().in_comp_iter += 1;
                self.expr(&g.iter)?;
                self.scope().in_comp_iter -= 1;
            }
            self.exprs(&g.ifs)?;
        }
        self.expr(elts[0])?;
        if kind == Kind::DictComp {
            self.expr(elts[1])?;
        }
        let sc = self.scope();
        let (coroutine, walrus) = (sc.is_coroutine, sc.has_walrus);
        self.pop();
        // An async comprehension makes the comprehension around it async.
        if coroutine && kind != Kind::GenExpr {
            self.awaits();
        }
        self.scope().has_walrus |= walrus;
        Ok(())
    }

    /// The current scope awaits something: it is a coroutine if it may be one without
    /// being declared `async`.
    fn awaits(&mut self) {
        let sc = self.scope();
        sc.is_coroutine |= sc.kind.is_comp() || sc.kind == Kind::Module;
    }

    fn pattern(&mut self, p: &ast::Pattern) -> Res<()> {
        use ast::Pattern as P;
        match p {
            P::MatchValue(v) => self.expr(&v.value),
            P::MatchSingleton(_) => Ok(()),
            P::MatchSequence(s) => s.patterns.iter().try_for_each(|p| self.pattern(p)),
            P::MatchMapping(m) => {
                self.exprs(&m.keys)?;
                m.patterns.iter().try_for_each(|p| self.pattern(p))?;
                m.rest.as_ref().map_or(Ok(()), |n| self.bind(&n.id, n.range))
            }
            P::MatchClass(c) => {
                self.expr(&c.cls)?;
                c.arguments.patterns.iter().try_for_each(|p| self.pattern(p))?;
                c.arguments.keywords.iter().try_for_each(|k| self.pattern(&k.pattern))
            }
            P::MatchStar(s) => s.name.as_ref().map_or(Ok(()), |n| self.bind(&n.id, n.range)),
            P::MatchAs(a) => {
                if let Some(p) = &a.pattern {
                    self.pattern(p)?;
                }
                a.name.as_ref().map_or(Ok(()), |n| self.bind(&n.id, n.range))
            }
            P::MatchOr(o) => o.patterns.iter().try_for_each(|p| self.pattern(p)),
        }
    }

    // Resolution.

    /// A name that any scope declares global is global in the module's body too:
    /// that matters where the body runs with a namespace of its own (`exec`).
    fn spread_globals(&mut self) {
        let Some((module, inner)) = self.s.list.split_first_mut() else { return };
        if module.kind != Kind::Module {
            return;
        }
        for sym in inner.iter().flat_map(|s| &s.syms).filter(|s| s.flags & GLOBAL != 0) {
            if let Some(&i) = module.index.get(&sym.name) {
                module.syms[i].flags |= GLOBAL;
            }
        }
    }

    fn resolve(&mut self) -> Res<()> {
        self.spread_globals();
        for id in 0..self.s.list.len() {
            for i in 0..self.s.list[id].syms.len() {
                let sym = &self.s.list[id].syms[i];
                let (name, flags, range) = (sym.name.clone(), sym.flags, sym.range);
                let place = if flags & GLOBAL != 0 {
                    Place::GlobalExplicit
                } else if flags & NONLOCAL != 0 {
                    if !self.capture(id, &name) {
                        return err(range, format!("no binding for nonlocal '{name}' found"));
                    }
                    if self.owner(id, &name).is_some_and(|s| s.flags & TYPEPARAM != 0) {
                        return err(range, format!("nonlocal binding not allowed for type parameter '{name}'"));
                    }
                    Place::Free
                } else if flags & BOUND != 0 {
                    // A capture by an inner scope may come before or after.
                    if sym.place == Place::Cell { Place::Cell } else { Place::Local }
                } else if let Some(place) = self.class_binding(id, &name) {
                    place
                } else if self.capture(id, &name) {
                    Place::Free
                } else {
                    Place::GlobalImplicit
                };
                self.s.list[id].syms[i].place = place;
            }
        }
        Ok(())
    }

    /// What a name means in an annotation scope whose class binds it: it is
    /// looked up in the class namespace first, then among globals.
    fn class_binding(&self, id: Id, name: &Name) -> Option<Place> {
        let mut sc = &self.s.list[id];
        if !sc.sees_class || name.as_str() == "__classdict__" {
            return None;
        }
        while sc.kind != Kind::Class {
            sc = &self.s.list[sc.parent?];
            if sc.kind != Kind::Class && sc.sym(name).is_some_and(|s| s.flags & BOUND != 0) {
                return None;
            }
        }
        let flags = sc.sym(name)?.flags;
        if flags & GLOBAL != 0 {
            Some(Place::GlobalExplicit)
        } else if flags & BOUND != 0 && flags & NONLOCAL == 0 && name.as_str() != "__conditional_annotations__" {
            Some(Place::GlobalImplicit)
        } else {
            None
        }
    }

    /// The binding in a function around scope `id` that a nonlocal name stands for.
    fn owner(&self, id: Id, name: &Name) -> Option<&Sym> {
        let outer = std::iter::successors(self.s.list[id].parent, |&id| self.s.list[id].parent);
        let mut functions = outer.map(|id| &self.s.list[id]).filter(|s| s.kind.is_function());
        functions.find_map(|s| s.sym(name).filter(|s| s.flags & BOUND != 0 && s.flags & NONLOCAL == 0))
    }

    /// Find the scope that owns a name used in `id` and mark the way there.
    fn capture(&mut self, id: Id, name: &Name) -> bool {
        let mut owner = None;
        let mut at = self.s.list[id].parent;
        while let Some(p) = at {
            let sc = &self.s.list[p];
            if sc.kind == Kind::Class {
                if matches!(name.as_str(), "__class__" | "__classdict__")
                    || name.as_str() == "__conditional_annotations__" && sc.conditional_annotations
                {
                    owner = Some(p);
                    break;
                }
            } else if sc.kind.is_function()
                && let Some(s) = sc.sym(name)
            {
                if s.flags & GLOBAL != 0 {
                    return false;
                }
                if s.flags & NONLOCAL == 0 && s.flags & BOUND != 0 {
                    owner = Some(p);
                    break;
                }
            }
            at = sc.parent;
        }
        let Some(owner) = owner else { return false };
        let mut q = id;
        let mut crossed = false;
        while q != owner {
            // An inlined comprehension has no frame of its own.
            if !self.s.list[q].inlined {
                crossed = true;
                self.s.list[q].frees.insert(name.clone());
            }
            q = self.s.list[q].parent.unwrap_or(owner);
        }
        let o = &mut self.s.list[owner];
        if o.kind == Kind::Class {
            match name.as_str() {
                "__class__" => o.needs_class_cell = true,
                "__classdict__" => o.needs_classdict = true,
                _ => {
                    if let Some(&i) = o.index.get(name.as_str()) {
                        o.syms[i].place = Place::Cell;
                    }
                }
            }
        } else if crossed && let Some(&i) = o.index.get(name.as_str()) {
            o.syms[i].place = Place::Cell;
        }
        true
    }
}
