//! `import` and `from ... import`.

use rustpython_ruff_python_ast as ast;
use typhon_bytecode::{Const, Op};

use ast::name::Name;

use crate::assemble::Reg;
use crate::scope::Res;
use crate::unit::Compiler;

impl<'a> Compiler<'a> {
    fn import_name(&mut self, name: &str, level: u32, from: Const) -> Reg {
        let t = self.u.temps(2);
        self.u.load_const(t, Const::Int(level as i64));
        self.u.load_const(t + 1, from);
        let n = self.u.name(name);
        self.u.emit_abc(Op::IMPORTNAME, t, t, n);
        t
    }

    pub fn import(&mut self, i: &'a ast::StmtImport) -> Res<()> {
        for a in &i.names {
            let top = self.u.top;
            let full = a.name.as_str();
            let m = self.import_name(full, 0, Const::None);
            let mut parts = full.split('.');
            let first = parts.next().unwrap_or("");
            match &a.asname {
                None => self.store_name(&Name::new(first), m),
                Some(name) => {
                    for p in parts {
                        let n = self.u.name(p);
                        self.u.emit_abc(Op::IMPORTFROM, m, m, n);
                    }
                    self.store_name(&name.id, m);
                }
            }
            self.u.set_top(top);
        }
        Ok(())
    }

    pub fn import_from(&mut self, i: &'a ast::StmtImportFrom) -> Res<()> {
        let names = i.names.iter().map(|a| Const::text(a.name.as_str())).collect();
        let module = i.module.as_ref().map_or("", |m| m.as_str());
        let m = self.import_name(module, i.level, Const::Tuple(names));
        if i.names.len() == 1 && i.names[0].name.as_str() == "*" {
            let star = i.names[0].range;
            let before = self.source.text.get(..star.start().to_usize()).unwrap_or("");
            if before.trim_end().ends_with('(') {
                return self.err(star, "invalid syntax");
            }
            self.u.emit_a(Op::IMPORTSTAR, m);
            return Ok(());
        }
        let t = self.u.temp();
        for a in &i.names {
            let n = self.u.name(a.name.as_str());
            self.u.emit_abc(Op::IMPORTFROM, t, m, n);
            let name = a.asname.as_ref().unwrap_or(&a.name);
            self.store_name(&name.id, t);
        }
        Ok(())
    }
}
