//! `_symtable`: the compiler's symbol tables as objects.
//!
//! Tests: tests/lang/symtable.md; CPython test_symtable.

use crate::compile;
use typhon_compiler::{Mode, SymbolTable, symbol_constants};
use typhon_macros::{Trace, class, module};
use typhon_object::native;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Result, bytes, dict, list, ops};
use typhon_stdlib::util;

/// One block's table.
#[derive(Trace)]
pub struct Entry {
    name: Gc<Str>,
    symbols: Gc<dict::Dict>,
    varnames: Gc<list::List>,
    children: Gc<list::List>,
    kind: u32,
    line: u32,
    nested: bool,
}

#[class(name = "symtable entry")]
impl Entry {
    fn __repr__(this: Gc<Self>) -> String {
        format!("<symtable entry {}({}), line {}>", this.name.to_str(), this.obj().word(), this.line)
    }
    #[getter]
    fn id(this: Gc<Self>) -> u64 {
        this.obj().word()
    }
    #[getter]
    fn name(&self) -> Gc<Str> {
        self.name
    }
    #[getter]
    fn symbols(&self) -> Gc<dict::Dict> {
        self.symbols
    }
    #[getter]
    fn varnames(&self) -> Gc<list::List> {
        self.varnames
    }
    #[getter]
    fn children(&self) -> Gc<list::List> {
        self.children
    }
    #[getter]
    fn nested(&self) -> i64 {
        self.nested.into()
    }
    #[getter]
    fn r#type(&self) -> u32 {
        self.kind
    }
    #[getter]
    fn lineno(&self) -> u32 {
        self.line
    }
}

/// The object of a table. Tables are as deep as the source's blocks, which the parser bounds.
fn entry(cx: &mut Cx, t: &SymbolTable) -> Result<Gc<Entry>> {
    let (symbols, varnames, children) = (dict::new(cx)?, list::new(cx, &[])?, list::new(cx, &[])?);
    for (name, flags) in &t.symbols {
        let name = cx.intern(name)?;
        symbols.insert_str(cx, name, Obj::int_unchecked((*flags).into()))?;
    }
    for name in &t.params {
        varnames.append(cx, cx.intern(name)?.obj())?;
    }
    for child in &t.children {
        let child = entry(cx, child)?;
        children.append(cx, child.obj())?;
    }
    let name = cx.intern(&t.name)?;
    native::instance(cx, Entry { name, symbols, varnames, children, kind: t.kind, line: t.line, nested: t.nested })
}

/// The module.
#[module("_symtable")]
pub mod functions {
    use super::*;

    /// Return symbol and scope dictionaries used internally by compiler.
    #[sig(source, filename, startstr, /)]
    fn symtable(cx: &mut Cx, source: Obj, filename: Obj, startstr: Obj) -> Result<Gc<Entry>> {
        let filename = util::fspath(cx, filename)?;
        let filename = match filename.cast::<bytes::Bytes>() {
            Some(b) => util::fs_decode(cx, b.as_slice())?,
            None => filename,
        };
        let filename = ops::to_str(cx, filename)?.to_str().into_owned();
        let Some(mode) = startstr.cast::<Str>() else {
            let n = cx.type_name(startstr);
            return Err(cx.type_error(format!("symtable() argument 3 must be str, not {n}")));
        };
        let mode = match &*mode.to_str() {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => return Err(cx.value_error("symtable() arg 3 must be 'exec' or 'eval' or 'single'")),
        };
        let text = compile::text_of(cx, source, &filename)?;
        let table = typhon_compiler::symbol_table(&text, mode);
        match table {
            Ok(t) => entry(cx, &t),
            Err(e) => Err(compile::raise(cx, &filename, &e, Some((&text, mode)))?),
        }
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        for (name, value) in symbol_constants::ALL {
            let name = cx.intern(name)?;
            ops::set_attr(cx, module, name, Some(Obj::int_unchecked((*value).into())))?;
        }
        Ok(())
    }
}
