//! Loading, storing and deleting names; closures.

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::Op;

use ast::name::Name;

use crate::assemble::Reg;
use crate::scope::{Kind, Place};
use crate::unit::Compiler;

/// How a name is reached from the current point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Var {
    Local(Reg),
    Cell(Reg),
    /// In the frame's namespace (module and class bodies).
    Name,
    Global,
    /// Look in the class namespace first, then in the cell.
    ClassOrCell(Reg),
    /// Look in the class namespace first, then among globals.
    ClassOrGlobal,
}

impl<'a> Compiler<'a> {
    pub fn mangled(&self, name: &Name) -> Name {
        let scope = self.u.inline.last().map_or(self.u.scope, |i| i.scope);
        self.scopes[scope].mangled(name)
    }

    /// Find a name; `name` is mangled already.
    pub fn lookup(&self, name: &Name) -> Var {
        for inl in self.u.inline.iter().rev() {
            match self.scopes[inl.scope].sym(name).map(|s| s.place) {
                Some(Place::Local) => {
                    if let Some(&r) = self.u.comp_regs.get(&(name.clone(), inl.depth)) {
                        return Var::Local(r);
                    }
                }
                Some(Place::Cell) => {
                    if let Some(&r) = self.u.comp_regs.get(&(name.clone(), inl.depth + 1000)) {
                        return Var::Cell(r);
                    }
                }
                Some(Place::GlobalExplicit | Place::GlobalImplicit) => return Var::Global,
                Some(Place::Free) | None => {}
            }
        }
        let through_comp = !self.u.inline.is_empty();
        let sc = &self.scopes[self.u.scope];
        let free = self.u.frees.get(name).copied();
        let function = sc.kind.is_function();
        if through_comp && !function {
            return match (free, self.u.cells.get(name)) {
                (Some(r), _) | (None, Some(&r)) => Var::Cell(r),
                _ => Var::Global,
            };
        }
        match sc.sym(name).map(|s| s.place) {
            Some(Place::Local) if function => Var::Local(self.u.locals[name]),
            Some(Place::Local) => Var::Name,
            Some(Place::Cell) => Var::Cell(self.u.cells[name]),
            Some(Place::Free) => match free {
                Some(r) if sc.kind == Kind::Class || sc.sees_class => Var::ClassOrCell(r),
                Some(r) => Var::Cell(r),
                None => Var::Global,
            },
            Some(Place::GlobalExplicit) => Var::Global,
            Some(Place::GlobalImplicit) | None => match free {
                // The class binds it, whatever an inner scope takes from further out.
                _ if sc.sees_class && sc.sym(name).is_some() => Var::ClassOrGlobal,
                Some(r) if function => Var::Cell(r),
                _ if sc.sees_class => Var::ClassOrGlobal,
                _ if function => Var::Global,
                _ => Var::Name,
            },
        }
    }

    /// The register with the raw cell of a free variable of an inner function.
    pub fn cell_of(&self, name: &Name) -> Reg {
        for inl in self.u.inline.iter().rev() {
            if self.scopes[inl.scope].sym(name).is_some_and(|s| s.place == Place::Cell)
                && let Some(&r) = self.u.comp_regs.get(&(name.clone(), inl.depth + 1000))
            {
                return r;
            }
        }
        // A class's own special cells come before free ones of the same name.
        let found = self.u.cells.get(name).or(self.u.frees.get(name));
        found.copied().unwrap_or(0)
    }

    /// Load a name into `dst`, or find the register that it lives in.
    pub fn load_name(&mut self, name: &Name, dst: Option<Reg>) -> Reg {
        let m = self.mangled(name);
        let var = self.lookup(&m);
        self.load_var(&m, var, dst)
    }

    pub fn load_var(&mut self, m: &Name, var: Var, dst: Option<Reg>) -> Reg {
        if let Var::Local(r) = var {
            if !self.u.is_bound(r) {
                self.u.emit_a(Op::CHECKLOCAL, r);
                self.u.set_bound(r);
            }
            if let Some(d) = dst {
                self.u.mov(d, r);
                return d;
            }
            return r;
        }
        let d = dst.unwrap_or_else(|| self.u.temp());
        match var {
            Var::Local(_) => {}
            Var::Cell(r) => self.u.emit_ab(Op::LOADCELL, d, r),
            Var::Name | Var::Global => {
                let n = self.u.name(m);
                let op = if var == Var::Name { Op::LOADNAME } else { Op::LOADGLOBAL };
                self.u.emit_abc(op, d, 0, n);
            }
            Var::ClassOrCell(_) | Var::ClassOrGlobal => {
                // The destination may be a local that must survive an error.
                let saved = self.u.top;
                let t = self.u.temp();
                if self.kind() == Kind::Class {
                    self.u.emit_a(Op::LOADLOCALS, t);
                } else {
                    let cell = self.cell_of(&Name::new("__classdict__"));
                    self.u.emit_ab(Op::LOADCELL, t, cell);
                }
                let n = self.u.name(m);
                match var {
                    Var::ClassOrCell(r) => self.u.emit_abc(Op::LOADDICTORCELL, t, r, n),
                    _ => self.u.emit_abc(Op::LOADDICTORGLOBAL, t, 0, n),
                }
                self.u.mov(d, t);
                self.u.set_top(saved);
            }
        }
        d
    }

    /// Store register `src` in a name.
    pub fn store_name(&mut self, name: &Name, src: Reg) {
        let m = self.mangled(name);
        match self.lookup(&m) {
            Var::Local(r) => {
                self.u.mov(r, src);
                self.u.set_bound(r);
            }
            Var::Cell(r) | Var::ClassOrCell(r) => self.u.emit_ab(Op::STORECELL, r, src),
            Var::Name => {
                let n = self.u.name(&m);
                self.u.emit_abc(Op::STORENAME, src, 0, n);
            }
            Var::Global | Var::ClassOrGlobal => {
                let n = self.u.name(&m);
                self.u.emit_abc(Op::STOREGLOBAL, src, 0, n);
            }
        }
    }

    /// The register of a name that is a plain local, to evaluate into directly.
    pub fn local_reg(&self, name: &Name) -> Option<Reg> {
        match self.lookup(&self.mangled(name)) {
            Var::Local(r) => Some(r),
            _ => None,
        }
    }

    pub fn delete_name(&mut self, name: &Name) {
        let m = self.mangled(name);
        match self.lookup(&m) {
            Var::Local(r) => {
                if self.u.is_bound(r) {
                    self.u.emit_a(Op::CLEAR, r);
                } else {
                    self.u.emit_a(Op::DELLOCAL, r);
                }
                self.u.set_unbound(r);
            }
            Var::Cell(r) | Var::ClassOrCell(r) => self.u.emit_a(Op::DELCELL, r),
            Var::Name => {
                let n = self.u.name(&m);
                self.u.emit_abc(Op::DELNAME, 0, 0, n);
            }
            Var::Global | Var::ClassOrGlobal => {
                let n = self.u.name(&m);
                self.u.emit_abc(Op::DELGLOBAL, 0, 0, n);
            }
        }
    }
}
