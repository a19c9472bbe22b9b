//! `import`: the instructions, `__import__`, and the finders.
//!
//! Modules are found in this order: native modules, the packed standard
//! library, then the directories of `sys.path`. `sys.meta_path` finders that a
//! program adds are asked first.
//!
//! Tests: tests/lang/imports.md.

use crate::code::{self, Code};
use crate::hooks::{self, CompileRequest, Source};
use crate::{call, function};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use typhon_object::dict::Dict;
use typhon_object::list::List;
use typhon_object::native::{MemberKind, ModuleSpec};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, list, name, ops, types};

/// A module of the packed standard library.
pub struct Packed {
    /// Compiled code in the format of `typhon_bytecode::store`.
    pub code: &'static [u8],
    /// Whether it is a package.
    pub package: bool,
    /// Path below the library's root.
    pub path: &'static str,
}

/// Finds a packed module by its dotted name; supplied by the binary.
pub static PACKED: OnceLock<fn(&str) -> Option<Packed>> = OnceLock::new();
/// The tables of native modules.
pub static NATIVE: OnceLock<Vec<&'static ModuleSpec>> = OnceLock::new();
/// Where packed modules claim to be.
pub const LIB: &str = "/typhon/lib";

crate::slow! {
    /// IMPORTNAME.
    fn name(f) {
        let (b, n) = (f.b(), f.name());
        let imp = name!(f.cx, "__import__");
        let func = f.func();
        let hook = func.builtins.get().and_then(|b| b.get_str(imp));
        let Some(hook) = hook else { return Err(f.cx.error(ExcKind::ImportError, "__import__ not found")) };
        let w = crate::frame::Window { base: f.base, pc: f.pc };
        let ns = w.namespace().unwrap_or(Obj::NONE);
        let args = [n.obj(), func.globals().obj(), ns, f.reg(b + 1), f.reg(b)];
        let m = ops::call_args(f.cx, hook, &args)?;
        f.set(f.a(), m);
        Ok(f.done())
    }
    /// IMPORTFROM.
    fn from(f) {
        let (m, n) = (f.reg(f.b()), f.name());
        let v = import_from(f.cx, m, n)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// IMPORTSTAR.
    fn star(f) {
        let m = f.reg(f.a());
        let w = crate::frame::Window { base: f.base, pc: f.pc };
        let ns = w.namespace().unwrap_or_else(|| f.func().globals().obj());
        import_star(f.cx, m, ns)?;
        Ok(f.done())
    }
}

fn import_from(cx: &mut Cx, m: Obj, n: Gc<Str>) -> Result<Obj> {
    if let Some(v) = ops::get_attr_opt(cx, m, n)? {
        return Ok(v);
    }
    let mod_name = ops::get_attr_opt(cx, m, name!(cx, "__name__"))?.and_then(|s| s.cast::<Str>());
    let Some(mod_name) = mod_name else {
        return Err(cx.error(
            ExcKind::ImportError,
            format!("cannot import name '{}' from '<unknown module name>' (unknown location)", n.to_str()),
        ));
    };
    let full = format!("{}.{}", mod_name.to_str(), n.to_str());
    let key = str::new(cx, &full)?;
    if let Some(v) = modules(cx).get_str(key) {
        return Ok(v);
    }
    let file = ops::get_attr_opt(cx, m, name!(cx, "__file__"))?.and_then(|s| s.cast::<Str>());
    let place = file.map_or("unknown location".to_string(), |f| f.to_str().into_owned());
    let r = cx.error(
        ExcKind::ImportError,
        format!("cannot import name '{}' from '{}' ({place})", n.to_str(), mod_name.to_str()),
    );
    set_import_fields(cx, r, Some(mod_name), Some(n));
    Err(r)
}

fn set_import_fields(cx: &Cx, r: Raised, module: Option<Gc<Str>>, from: Option<Gc<Str>>) {
    if let Some(a) = r.0.args().and_then(|a| a.get(0)) {
        r.0.fields[0].set(cx, r.0, a);
    }
    r.0.fields[1].put(cx, r.0, module);
    r.0.fields[3].put(cx, r.0, from);
}

fn import_star(cx: &mut Cx, m: Obj, ns: Obj) -> Result<()> {
    let all = ops::get_attr_opt(cx, m, name!(cx, "__all__"))?;
    let (names, skip) = match all {
        Some(a) => (a, false),
        None => match hooks::module_dict(m) {
            Some(d) => (ops::list_from_iter(cx, d.obj())?.obj(), true),
            None => {
                let d = ops::get_attr(cx, m, name!(cx, "__dict__"))?;
                (ops::call_method(cx, d, "keys", &[])?, true)
            }
        },
    };
    ops::for_each(cx, names, |cx, n| {
        let Some(n) = n.cast::<Str>() else {
            return Err(cx.type_error(format!("Item in __all__ must be str, not {}", cx.type_name(n))));
        };
        if skip && !n.is_empty() && n.at(0) == '_' as u32 {
            return Ok(true);
        }
        let v = ops::get_attr(cx, m, n)?;
        ops::set_item(cx, ns, n.obj(), v)?;
        Ok(true)
    })
}

/// `sys.modules`.
pub fn modules(cx: &Cx) -> Gc<Dict> {
    let o = Obj::from_word(cx.rt().modules.get()).expect("sys.modules exists");
    // The root holds a dict; a program can only replace the attribute.
    unsafe { Gc::from_obj(o) }
}

/// Import by absolute name and return that very module.
pub fn import_module(cx: &mut Cx, full: &str) -> Result<Obj> {
    let key = cx.intern(full)?;
    if let Some(m) = modules(cx).get_str(key)
        && !m.is_none()
    {
        return Ok(m);
    }
    let mut done = String::new();
    let mut module = Obj::NONE;
    for part in full.split('.') {
        let parent = module;
        if !done.is_empty() {
            done.push('.');
        }
        done.push_str(part);
        module = import_one(cx, &done, parent, part)?;
    }
    Ok(module)
}

fn import_one(cx: &mut Cx, full: &str, parent: Obj, part: &str) -> Result<Obj> {
    let key = cx.intern(full)?;
    if let Some(m) = modules(cx).get_str(key) {
        if m.is_none() {
            let r = cx.error(ExcKind::ModuleNotFoundError, format!("import of {full} halted; None in sys.modules"));
            set_import_fields(cx, r, Some(key), None);
            return Err(r);
        }
        wait_until_initialised(cx, m)?;
        return Ok(m);
    }
    let path = match parent {
        Obj::NONE => None,
        p => match ops::get_attr_opt(cx, p, name!(cx, "__path__"))? {
            Some(path) => Some(path),
            None => {
                let parent_name = &full[..full.len() - part.len() - 1];
                let r = cx.error(
                    ExcKind::ModuleNotFoundError,
                    format!("No module named '{full}'; '{parent_name}' is not a package"),
                );
                set_import_fields(cx, r, Some(key), None);
                return Err(r);
            }
        },
    };
    let m = find_and_load(cx, full, part, path)?;
    let Some(m) = m else {
        let r = cx.error(ExcKind::ModuleNotFoundError, format!("No module named '{full}'"));
        set_import_fields(cx, r, Some(key), None);
        return Err(r);
    };
    if !parent.is_none() {
        let n = cx.intern(part)?;
        let r = ops::set_attr(cx, parent, n, Some(m));
        ops::catch(cx, r, ExcKind::AttributeError)?;
    }
    Ok(m)
}

/// Another thread may still be running the module's body.
fn wait_until_initialised(cx: &mut Cx, m: Obj) -> Result<()> {
    loop {
        let owner = match hooks::module_dict(m).and_then(|d| d.get_str(name!(cx, "__initializing__"))) {
            Some(o) => o.as_small_int().unwrap_or(0),
            None => return Ok(()),
        };
        if owner == cx.mutator.id() as i64 {
            return Ok(());
        }
        cx.blocked(|| std::thread::sleep(std::time::Duration::from_micros(200)));
        if cx.mutator.poll_pending() {
            crate::poll::handle(cx)?;
        }
    }
}

fn find_and_load(cx: &mut Cx, full: &str, part: &str, path: Option<Obj>) -> Result<Option<Obj>> {
    if let Some(m) = ask_meta_path(cx, full, path)? {
        return Ok(Some(m));
    }
    if path.is_none()
        && let Some(spec) = NATIVE.get().and_then(|t| t.iter().find(|s| s.name == full))
    {
        return native_module(cx, spec).map(Some);
    }
    match find_source(cx, full, part, path)? {
        Some(f) => load_code(cx, full, &f.data, &f.file, f.dir).map(Some),
        None => Ok(None),
    }
}

/// A Python module that was found: its code and where it came from.
pub struct Found {
    /// The compiled code.
    pub data: Arc<typhon_bytecode::Code>,
    /// `__file__`.
    pub file: String,
    /// The package's folder, if it is one.
    pub dir: Option<String>,
}

/// Find and compile a Python module: packed, or in the directories of `path`
/// (`sys.path` if `None`).
pub fn find_source(cx: &mut Cx, full: &str, part: &str, path: Option<Obj>) -> Result<Option<Found>> {
    if let Some(p) = PACKED.get().and_then(|f| f(full)) {
        let data = match typhon_bytecode::load(p.code) {
            Ok(d) => d,
            Err(e) => return Err(cx.error(ExcKind::ImportError, format!("damaged library module {full}: {e}"))),
        };
        let file = format!("{LIB}/{}", p.path);
        let dir = p.package.then(|| file.rsplit_once('/').map_or(String::new(), |x| x.0.to_string()));
        return Ok(Some(Found { data, file, dir }));
    }
    let dirs = match path {
        Some(p) => p,
        None => {
            let sys = import_module(cx, "sys")?;
            ops::get_attr(cx, sys, name!(cx, "path"))?
        }
    };
    let dirs = ops::list_from_iter(cx, dirs)?;
    for i in 0..dirs.len() {
        let Some(d) = dirs.get(i).and_then(|d| d.cast::<Str>()) else { continue };
        let d = d.to_str().into_owned();
        let base = PathBuf::from(if d.is_empty() { "." } else { &d }).join(part);
        let init = base.join("__init__.py");
        let plain = PathBuf::from(format!("{}.py", base.display()));
        let (file, dir) = if init.is_file() {
            (init, Some(base.to_string_lossy().into_owned()))
        } else if plain.is_file() {
            (plain, None)
        } else {
            continue;
        };
        let name = file.to_string_lossy().into_owned();
        let bytes = match cx.blocked(|| std::fs::read(&file)) {
            Ok(b) => b,
            Err(e) => return Err(cx.error(ExcKind::ImportError, format!("cannot read {name}: {e}"))),
        };
        let request =
            CompileRequest { source: Source::Bytes(&bytes), filename: &name, mode: "exec", flags: 0, optimize: -1 };
        let code = hooks::compile(cx, &request)?;
        let data = code.data.clone();
        return Ok(Some(Found { data, file: name, dir }));
    }
    Ok(None)
}

/// Finders that the program itself put on `sys.meta_path`.
fn ask_meta_path(cx: &mut Cx, full: &str, path: Option<Obj>) -> Result<Option<Obj>> {
    let key = name!(cx, "sys");
    let Some(sys) = modules(cx).get_str(key) else { return Ok(None) };
    let finders =
        hooks::module_dict(sys).and_then(|d| d.get_str(name!(cx, "meta_path"))).and_then(|l| l.cast::<List>());
    let Some(finders) = finders else { return Ok(None) };
    let mut i = 0;
    while let Some(f) = finders.get(i) {
        i += 1;
        let n = str::new(cx, full)?;
        let Some(find) = ops::get_attr_opt(cx, f, name!(cx, "find_spec"))? else { continue };
        let spec = ops::call_args(cx, find, &[n.obj(), path.unwrap_or(Obj::NONE), Obj::NONE])?;
        if spec.is_none() {
            continue;
        }
        let boot = import_module(cx, "importlib._bootstrap")?;
        return ops::call_method(cx, boot, "_load", &[spec]).map(Some);
    }
    Ok(None)
}

/// A module object with the given name.
pub fn new_module(cx: &mut Cx, full: &str) -> Result<Obj> {
    let n = str::new(cx, full)?;
    ops::call_args(cx, types::class_for(typhon_object::shape::MODULE).obj(), &[n.obj()])
}

/// A module from its table, put into `sys.modules`.
pub fn native_module(cx: &mut Cx, spec: &'static ModuleSpec) -> Result<Obj> {
    let m = new_module(cx, spec.name)?;
    let d = hooks::module_dict(m).expect("a module");
    if !spec.doc.is_empty() {
        let doc = str::new(cx, spec.doc)?;
        d.insert_str(cx, name!(cx, "__doc__"), doc.obj())?;
    }
    for f in spec.functions {
        let n = cx.intern(f.name)?;
        let v = if f.kind == MemberKind::Constant {
            (f.call)(cx, &[], None)?
        } else {
            ops::native_function(cx, f, spec.name)?
        };
        d.insert_str(cx, n, v)?;
    }
    for c in spec.classes {
        let (n, class) = c(cx)?;
        let n = cx.intern(n)?;
        d.insert_str(cx, n, class)?;
    }
    let key = cx.intern(spec.name)?;
    modules(cx).insert_str(cx, key, m)?;
    let empty = str::from_latin1(cx, b"")?;
    d.insert_str(cx, name!(cx, "__package__"), empty.obj())?;
    if let Some(exec) = spec.exec
        && let Err(e) = exec(cx, m)
    {
        modules(cx).remove_str(cx, key);
        return Err(e);
    }
    Ok(m)
}

fn load_code(
    cx: &mut Cx,
    full: &str,
    data: &Arc<typhon_bytecode::Code>,
    file: &str,
    dir: Option<String>,
) -> Result<Obj> {
    let m = new_module(cx, full)?;
    let d = hooks::module_dict(m).expect("a module");
    let f = str::new(cx, file)?;
    d.insert_str(cx, name!(cx, "__file__"), f.obj())?;
    let package = match &dir {
        Some(_) => full,
        None => full.rsplit_once('.').map_or("", |p| p.0),
    };
    let p = str::new(cx, package)?;
    d.insert_str(cx, name!(cx, "__package__"), p.obj())?;
    if let Some(dir) = dir {
        let s = str::new(cx, &dir)?;
        let l = list::new(cx, &[s.obj()])?;
        d.insert_str(cx, name!(cx, "__path__"), l.obj())?;
    }
    let id = typhon_object::int::from_i64(cx, cx.mutator.id() as i64)?;
    d.insert_str(cx, name!(cx, "__initializing__"), id)?;
    let key = cx.intern(full)?;
    // Of two threads that got here, the first one's module counts.
    let won = modules(cx).set_default(cx, key.obj(), m)?;
    if won != m {
        wait_until_initialised(cx, won)?;
        return Ok(won);
    }
    let r = code::load(cx, data).and_then(|c| exec_code(cx, c, d));
    d.remove_str(cx, name!(cx, "__initializing__"));
    if let Err(e) = r {
        modules(cx).remove_str(cx, key);
        return Err(e);
    }
    // A module may have replaced itself.
    Ok(modules(cx).get_str(key).unwrap_or(m))
}

/// Run module code in a namespace.
pub fn exec_code(cx: &mut Cx, code: Gc<Code>, globals: Gc<Dict>) -> Result<Obj> {
    exec_in(cx, code, globals, globals.obj())
}

/// Run module code with a namespace of its own for names.
pub fn exec_in(cx: &mut Cx, code: Gc<Code>, globals: Gc<Dict>, ns: Obj) -> Result<Obj> {
    let b = name!(cx, "__builtins__");
    if globals.get_str(b).is_none() {
        let bm = name!(cx, "builtins");
        let v = modules(cx).get_str(bm).unwrap_or_else(|| hooks::builtins(cx).obj());
        globals.insert_str(cx, b, v)?;
    }
    let f = function::new(cx, code, globals)?;
    call::run_function(cx, f, &[], None, ns.word())
}

/// `__import__`.
pub fn dunder_import(cx: &mut Cx, n: Gc<Str>, globals: Option<Obj>, fromlist: Obj, level: i64) -> Result<Obj> {
    if level < 0 {
        return Err(cx.value_error("level must be >= 0"));
    }
    let text = n.to_str().into_owned();
    let full = if level == 0 {
        if text.is_empty() {
            return Err(cx.value_error("Empty module name"));
        }
        text.clone()
    } else {
        resolve(cx, &text, globals, level)?
    };
    let m = import_module(cx, &full)?;
    if fromlist.is_none() || !ops::truth(cx, fromlist)? {
        if level == 0 {
            return match text.split_once('.') {
                Some((top, _)) => import_module(cx, top),
                None => Ok(m),
            };
        }
        if text.is_empty() {
            return Ok(m);
        }
        // `from . import x` has a fromlist; this is `__import__('a.b', level=1)`.
        let cut = text.len() - text.split('.').next().map_or(0, str::len);
        return import_module(cx, &full[..full.len() - cut]);
    }
    if let Some(d) = hooks::module_dict(m)
        && d.get_str(name!(cx, "__path__")).is_some()
    {
        handle_fromlist(cx, m, &full, fromlist)?;
    }
    Ok(m)
}

fn handle_fromlist(cx: &mut Cx, m: Obj, full: &str, fromlist: Obj) -> Result<()> {
    ops::for_each(cx, fromlist, |cx, x| {
        let Some(x) = x.cast::<Str>() else {
            return Err(cx.type_error(format!("Item in ``from list'' must be str, not {}", cx.type_name(x))));
        };
        if x.eq_str("*") {
            if let Some(all) = ops::get_attr_opt(cx, m, name!(cx, "__all__"))? {
                handle_fromlist(cx, m, full, all)?;
            }
            return Ok(true);
        }
        if ops::get_attr_opt(cx, m, x)?.is_none() {
            let sub = format!("{full}.{}", x.to_str());
            match import_module(cx, &sub) {
                Ok(_) => {}
                // A missing submodule is reported by the `from` itself.
                Err(e) if e.is(cx, ExcKind::ModuleNotFoundError) && names_module(e, &sub) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    })
}

fn names_module(e: Raised, n: &str) -> bool {
    e.0.fields[1].obj().and_then(|o| o.cast::<Str>()).is_some_and(|s| s.eq_str(n))
}

fn resolve(cx: &mut Cx, text: &str, globals: Option<Obj>, level: i64) -> Result<String> {
    let g = globals.and_then(|g| g.cast::<Dict>());
    let get = |cx: &Cx, n: &str| -> Option<Gc<Str>> {
        let key = cx.intern(n).ok()?;
        g?.get_str(key)?.cast::<Str>()
    };
    let package = match get(cx, "__package__") {
        Some(p) => p.to_str().into_owned(),
        None => {
            let n = get(cx, "__name__").map(|n| n.to_str().into_owned());
            let Some(n) = n else {
                return Err(cx.error(ExcKind::KeyError, "'__name__' not in globals"));
            };
            let is_package = g.is_some_and(|g| g.get_str(name!(cx, "__path__")).is_some());
            if is_package { n } else { n.rsplit_once('.').map_or(String::new(), |x| x.0.to_string()) }
        }
    };
    if package.is_empty() {
        return Err(cx.error(ExcKind::ImportError, "attempted relative import with no known parent package"));
    }
    let mut base = package.as_str();
    for _ in 1..level {
        match base.rsplit_once('.') {
            Some((b, _)) => base = b,
            None => return Err(cx.error(ExcKind::ImportError, "attempted relative import beyond top-level package")),
        }
    }
    Ok(if text.is_empty() { base.to_string() } else { format!("{base}.{text}") })
}

/// `importlib.reload` of a Python module.
pub fn reload(cx: &mut Cx, module: Obj) -> Result<()> {
    let Some(d) = hooks::module_dict(module) else { return Err(cx.type_error("reload() argument must be a module")) };
    let n = d.get_str(name!(cx, "__name__")).and_then(|n| n.cast::<Str>());
    let full = n.map_or_else(String::new, |n| n.to_str().into_owned());
    let (parent, part) = match full.rsplit_once('.') {
        Some((p, part)) => (Some(p.to_string()), part.to_string()),
        None => (None, full.clone()),
    };
    let path = match parent {
        Some(p) => {
            let m = import_module(cx, &p)?;
            Some(ops::get_attr(cx, m, name!(cx, "__path__"))?)
        }
        None => None,
    };
    match find_source(cx, &full, &part, path)? {
        Some(f) => {
            let c = code::load(cx, &f.data)?;
            exec_code(cx, c, d).map(|_| ())
        }
        None => Ok(()),
    }
}

/// `typhon -m full`: the code to run as `__main__`.
pub fn find_main(cx: &mut Cx, full: &str) -> Result<Option<(Found, String)>> {
    let mut name = full.to_string();
    for _ in 0..2 {
        let (path, part) = match name.rsplit_once('.') {
            Some((p, part)) => {
                let m = import_module(cx, p)?;
                (ops::get_attr_opt(cx, m, name!(cx, "__path__"))?, part.to_string())
            }
            None => (None, name.clone()),
        };
        match find_source(cx, &name, &part, path)? {
            Some(f) if f.dir.is_some() => name.push_str(".__main__"),
            Some(f) => return Ok(Some((f, name))),
            None => return Ok(None),
        }
    }
    Ok(None)
}
