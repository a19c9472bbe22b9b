//! Scopes as the module `symtable` shows them: the tables, numbers and flags of CPython.
//!
//! What differs from `scope.rs`: an inlined comprehension has no table of its own, its
//! names are its host's; every function has a table for its annotations, if only an empty
//! one; names that a block only passes on to an inner one are among its symbols.
//! Tests: tests/lang/symtable.md; CPython test_symtable.

use crate::scope::{self, Id, Kind, Place, Scope, Scopes};
use typhon_syntax::Source;

/// One block.
#[derive(Clone, Debug)]
pub struct SymbolTable {
    /// Of the function, class, ...; `top` for a module.
    pub name: String,
    /// One of the `TYPE_*` constants.
    pub kind: u32,
    /// The line of its first statement's beginning; 0 for a module.
    pub line: u32,
    /// Whether it is inside of a function.
    pub nested: bool,
    /// Its parameters.
    pub params: Vec<String>,
    /// Its names with their flags.
    pub symbols: Vec<(String, u32)>,
    /// The blocks in it.
    pub children: Vec<SymbolTable>,
}

/// The numbers of CPython's `_symtable`.
pub mod constants {
    /// A name for each.
    pub const ALL: &[(&str, u32)] = &[
        ("USE", USE),
        ("DEF_GLOBAL", DEF_GLOBAL),
        ("DEF_NONLOCAL", DEF_NONLOCAL),
        ("DEF_LOCAL", DEF_LOCAL),
        ("DEF_PARAM", DEF_PARAM),
        ("DEF_TYPE_PARAM", DEF_TYPE_PARAM),
        ("DEF_FREE_CLASS", DEF_FREE_CLASS),
        ("DEF_IMPORT", DEF_IMPORT),
        ("DEF_BOUND", DEF_LOCAL | DEF_PARAM | DEF_IMPORT),
        ("DEF_ANNOT", DEF_ANNOT),
        ("DEF_COMP_ITER", DEF_COMP_ITER),
        ("DEF_COMP_CELL", DEF_COMP_CELL),
        ("TYPE_FUNCTION", TYPE_FUNCTION),
        ("TYPE_CLASS", TYPE_CLASS),
        ("TYPE_MODULE", TYPE_MODULE),
        ("TYPE_ANNOTATION", TYPE_ANNOTATION),
        ("TYPE_TYPE_ALIAS", TYPE_TYPE_ALIAS),
        ("TYPE_TYPE_PARAMETERS", TYPE_TYPE_PARAMETERS),
        ("TYPE_TYPE_VARIABLE", TYPE_TYPE_VARIABLE),
        ("LOCAL", LOCAL),
        ("GLOBAL_EXPLICIT", GLOBAL_EXPLICIT),
        ("GLOBAL_IMPLICIT", GLOBAL_IMPLICIT),
        ("FREE", FREE),
        ("CELL", CELL),
        ("SCOPE_OFF", SCOPE_OFF),
        ("SCOPE_MASK", 15),
    ];
    pub(super) const USE: u32 = 16;
    pub(super) const DEF_GLOBAL: u32 = 1;
    pub(super) const DEF_NONLOCAL: u32 = 8;
    pub(super) const DEF_LOCAL: u32 = 2;
    pub(super) const DEF_PARAM: u32 = 4;
    pub(super) const DEF_TYPE_PARAM: u32 = 1024;
    pub(super) const DEF_FREE_CLASS: u32 = 64;
    pub(super) const DEF_IMPORT: u32 = 128;
    pub(super) const DEF_ANNOT: u32 = 256;
    pub(super) const DEF_COMP_ITER: u32 = 512;
    pub(super) const DEF_COMP_CELL: u32 = 2048;
    pub(super) const TYPE_FUNCTION: u32 = 0;
    pub(super) const TYPE_CLASS: u32 = 1;
    pub(super) const TYPE_MODULE: u32 = 2;
    pub(super) const TYPE_ANNOTATION: u32 = 3;
    pub(super) const TYPE_TYPE_ALIAS: u32 = 4;
    pub(super) const TYPE_TYPE_PARAMETERS: u32 = 5;
    pub(super) const TYPE_TYPE_VARIABLE: u32 = 6;
    pub(super) const LOCAL: u32 = 1;
    pub(super) const GLOBAL_EXPLICIT: u32 = 2;
    pub(super) const GLOBAL_IMPLICIT: u32 = 3;
    pub(super) const FREE: u32 = 4;
    pub(super) const CELL: u32 = 5;
    pub(super) const SCOPE_OFF: u32 = 12;
}
use constants::*;

/// The table of the whole.
pub(crate) fn make(scopes: &Scopes, source: &Source<'_>) -> SymbolTable {
    let mut children = vec![Vec::new(); scopes.list.len()];
    for (id, sc) in scopes.list.iter().enumerate() {
        if let Some(p) = sc.parent {
            children[p].push(id);
        }
    }
    let m = Maker { scopes, source, children };
    let mut top = m.table(0, false);
    // Names that are declared global anywhere are the module's, too.
    for sym in scopes.list[1..].iter().flat_map(|s| &s.syms).filter(|s| s.flags & scope::GLOBAL != 0) {
        if !top.symbols.iter().any(|(n, _)| *n == sym.name.as_str()) {
            top.symbols.push((sym.name.as_str().into(), DEF_GLOBAL | GLOBAL_EXPLICIT << SCOPE_OFF));
        }
    }
    top
}

struct Maker<'a> {
    scopes: &'a Scopes,
    source: &'a Source<'a>,
    children: Vec<Vec<Id>>,
}

impl Maker<'_> {
    fn table(&self, id: Id, nested: bool) -> SymbolTable {
        let sc = &self.scopes[id];
        let mut t = SymbolTable {
            name: sc.name.as_str().into(),
            kind: kind(sc),
            line: if sc.kind == Kind::Module { 0 } else { self.source.line_of(sc.start) },
            nested,
            params: params(sc),
            symbols: symbols(sc),
            children: Vec::new(),
        };
        self.add_children(&mut t, id, nested || sc.kind.is_function());
        for name in &sc.frees {
            match t.symbols.iter_mut().find(|(n, _)| n == name.as_str()) {
                Some((_, flags)) if sc.kind == Kind::Class && *flags & (DEF_LOCAL | DEF_GLOBAL | DEF_IMPORT) != 0 => {
                    *flags |= DEF_FREE_CLASS
                }
                Some(_) => {}
                None => t.symbols.push((name.as_str().into(), FREE << SCOPE_OFF)),
            }
        }
        t
    }

    fn add_children(&self, t: &mut SymbolTable, id: Id, nested: bool) {
        let sc = &self.scopes[id];
        for (i, &child) in self.children[id].iter().enumerate() {
            let c = &self.scopes[child];
            if c.inlined {
                self.inline(t, child, sc.kind == Kind::Class);
                continue;
            }
            // Those of its own have been found as they come before it.
            let before = i.checked_sub(1).map(|i| &self.scopes[self.children[id][i]]);
            let has = before.is_some_and(|b| b.kind == Kind::Annotations && b.start == c.start);
            if c.kind == Kind::Function && !has {
                t.children.push(self.no_annotations(sc, c, nested));
            }
            t.children.push(self.table(child, nested));
        }
    }

    /// The names and blocks of an inlined comprehension become its host's.
    fn inline(&self, t: &mut SymbolTable, id: Id, in_class: bool) {
        let comp = &self.scopes[id];
        let mut own = SymbolTable { symbols: symbols(comp), children: Vec::new(), ..t.clone() };
        self.add_children(&mut own, id, true);
        t.children.append(&mut own.children);
        for (name, flags) in own.symbols {
            let place = flags >> SCOPE_OFF;
            let bound = flags & (DEF_LOCAL | DEF_PARAM) != 0;
            let cell = place == CELL || flags & DEF_COMP_CELL != 0;
            let mark = if cell { DEF_COMP_CELL } else { 0 };
            match t.symbols.iter_mut().find(|(n, _)| *n == name) {
                Some((_, old)) => {
                    *old |= mark;
                    if !bound && !in_class {
                        *old |= flags & USE;
                    }
                }
                None => t.symbols.push((name, flags | mark)),
            }
        }
    }

    /// The block for the annotations of a function that has none.
    fn no_annotations(&self, host: &Scope, f: &Scope, nested: bool) -> SymbolTable {
        let mut symbols = vec![(scope::FORMAT.into(), DEF_PARAM | USE | LOCAL << SCOPE_OFF)];
        if host.kind == Kind::Class || host.sees_class {
            symbols.push(("__classdict__".into(), USE | FREE << SCOPE_OFF));
        }
        SymbolTable {
            name: "__annotate__".into(),
            kind: TYPE_ANNOTATION,
            line: self.source.line_of(f.start),
            nested,
            params: vec![scope::FORMAT.into()],
            symbols,
            children: Vec::new(),
        }
    }
}

fn kind(sc: &Scope) -> u32 {
    match sc.kind {
        Kind::Module => TYPE_MODULE,
        Kind::Class => TYPE_CLASS,
        Kind::Annotations => TYPE_ANNOTATION,
        Kind::TypeParams => TYPE_TYPE_PARAMETERS,
        Kind::Deferred if sc.is_alias() => TYPE_TYPE_ALIAS,
        Kind::Deferred => TYPE_TYPE_VARIABLE,
        _ => TYPE_FUNCTION,
    }
}

fn params(sc: &Scope) -> Vec<String> {
    sc.syms.iter().filter(|s| s.flags & scope::PARAM != 0).map(|s| s.name.as_str().into()).collect()
}

fn symbols(sc: &Scope) -> Vec<(String, u32)> {
    let mut all: Vec<_> = sc.syms.iter().map(|s| (s.name.as_str().to_owned(), flags(sc, s))).collect();
    // Wanted before anything else is; the class of the scope is noted first here.
    if let Some(i) = all.iter().position(|(n, _)| n == scope::FORMAT) {
        all[..=i].rotate_right(1);
    }
    all
}

fn flags(sc: &Scope, s: &scope::Sym) -> u32 {
    let table = [
        (scope::GLOBAL, DEF_GLOBAL),
        (scope::NONLOCAL, DEF_NONLOCAL),
        (scope::LOCAL, DEF_LOCAL),
        (scope::PARAM, DEF_PARAM),
        (scope::USE, USE),
        (scope::ANNOT, DEF_ANNOT),
        (scope::ITER, DEF_COMP_ITER),
        (scope::TYPEPARAM, DEF_TYPE_PARAM),
        (scope::IMPORT, DEF_IMPORT),
    ];
    let mut flags: u32 = table.iter().filter(|(ours, _)| s.flags & ours != 0).map(|(_, flag)| flag).sum();
    let place = match s.place {
        Place::Local => LOCAL,
        Place::Cell => CELL,
        Place::Free => FREE,
        Place::GlobalExplicit => GLOBAL_EXPLICIT,
        Place::GlobalImplicit => GLOBAL_IMPLICIT,
    };
    if s.name == scope::FORMAT {
        flags |= USE;
    }
    if sc.kind == Kind::Module && s.name == "__conditional_annotations__" {
        return USE | GLOBAL_IMPLICIT << SCOPE_OFF;
    }
    flags | place << SCOPE_OFF
}
