//! The `__main__` of another interpreter. A function or class that a program's main file
//! defines is pickled as a name in `__main__`, where the receiving interpreter does not
//! have it. It runs that file once, as a module of another name, and looks there.
//!
//! Tests: CPython test_interpreters (test_func_in___main__...).

use crate::hooks::{self, CompileRequest, Source};
use crate::import;
use typhon_object::dict::{self, Dict};
use typhon_object::interp::InterpRoot;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, name, ops};

/// Modules by file name.
static MODULES: InterpRoot = InterpRoot::new();
const NAME: &str = "<fake __main__>";

/// The file of this interpreter's `__main__`.
pub fn file_of_main(cx: &mut Cx) -> Option<Box<str>> {
    let main = import::modules(cx).get_str(name!(cx, "__main__")).and_then(hooks::module_dict)?;
    let file = main.get_str(name!(cx, "__file__"))?.cast::<Str>()?;
    Some(file.to_str().into())
}

/// Whether the error says that `__main__` lacks a name.
pub fn is_about_main(cx: &mut Cx, e: Raised) -> bool {
    ops::to_str(cx, e.obj()).is_ok_and(|s| s.to_str().contains("__main__"))
}

fn module(cx: &mut Cx, file: &str) -> Result<Obj> {
    let known: Gc<Dict> = match Obj::from_word(MODULES.get(cx)).and_then(|o| o.cast()) {
        Some(d) => d,
        None => {
            let d = dict::new(cx)?;
            MODULES.set(cx, d.obj().word());
            d
        }
    };
    let key = str::new(cx, file)?;
    if let Some(m) = known.get(cx, key.obj())? {
        return Ok(m);
    }
    let Ok(source) = cx.blocked(|| std::fs::read(file)) else {
        return Err(cx.error(ExcKind::OSError, format!("cannot read {file}")));
    };
    let m = import::new_module(cx, NAME)?;
    let d = hooks::module_dict(m).expect("a module");
    d.insert_str(cx, name!(cx, "__file__"), key.obj())?;
    let source = Source::Bytes(&source);
    let request = CompileRequest { source, filename: file, mode: "exec", flags: 0, optimize: -1, feature_version: -1 };
    let code = hooks::compile(cx, &request)?;
    import::exec_code(cx, code, d)?;
    known.insert(cx, key.obj(), m)?;
    Ok(m)
}

/// Run `f` while `__main__` is the module made of `file`.
pub fn with(cx: &mut Cx, file: &str, f: impl FnOnce(&mut Cx) -> Result<Obj>) -> Result<Obj> {
    let m = module(cx, file)?;
    let n = name!(cx, "__main__");
    let modules = import::modules(cx);
    let before = modules.get_str(n);
    modules.insert_str(cx, n, m)?;
    let r = f(cx);
    match before {
        Some(b) => {
            modules.insert_str(cx, n, b)?;
        }
        None => {
            modules.remove_str(cx, n);
        }
    }
    r
}
