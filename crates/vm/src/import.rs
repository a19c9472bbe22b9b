//! `import`: the instructions and `__import__`.
//!
//! The import system itself is the library's `importlib._bootstrap`; what is
//! native is what every `import` statement does: resolving the name, finding a
//! module that is already there, the names of a `from`. How importlib gets
//! started is in `library.rs`.
//!
//! Tests: tests/lang/imports.md; CPython test_import, test_importlib.

use crate::code::Code;
use crate::hooks;
use crate::library;
use crate::traceback::Traceback;
use crate::{call, function};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use typhon_builtins::hooks::warn;
use typhon_builtins::module::{shadowing, spec_initializing, spec_origin};
use typhon_object::dict::Dict;
use typhon_object::interp::InterpRoot;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, name, ops, types};

/// `importlib._bootstrap`, once it can find modules.
pub static IMPORTLIB: InterpRoot = InterpRoot::new();
/// `-X importtime`.
pub static IMPORT_TIME: AtomicBool = AtomicBool::new(false);
/// `-v`: frames of importlib stay in tracebacks.
pub static VERBOSE: AtomicBool = AtomicBool::new(false);

crate::slow! {
    /// IMPORTNAME.
    fn name(f) {
        let (b, n) = (f.b(), f.name());
        let imp = name!(f.cx, "__import__");
        let func = f.func();
        let hook = func.find_builtin(f.cx, imp)?;
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
    if let Some(mod_name) = mod_name {
        let full = format!("{}.{}", mod_name.to_str(), n.to_str());
        let key = str::new(cx, &full)?;
        if let Some(v) = modules(cx).get_str(key) {
            return Ok(v);
        }
    }
    Err(cannot_import(cx, m, mod_name, n)?)
}

/// The ImportError of a name that a module does not have.
fn cannot_import(cx: &mut Cx, m: Obj, mod_name: Option<Gc<Str>>, n: Gc<Str>) -> Result<Raised> {
    let shown = match mod_name {
        Some(m) => ops::repr(cx, m.obj())?.to_str().into_owned(),
        None => "'<unknown module name>'".to_string(),
    };
    let spec = ops::get_attr_opt(cx, m, name!(cx, "__spec__"))?.filter(|s| !s.is_none());
    let file = match spec_origin(cx, spec)? {
        Some(o) => Some(o),
        None => ops::get_attr_opt(cx, m, name!(cx, "__file__"))?.and_then(|s| s.cast::<Str>()),
    };
    let place = file.map_or("unknown location".to_string(), |f| f.to_str().into_owned());
    let what = format!("cannot import name '{}' from", n.to_str());
    let shadow = match mod_name {
        Some(m) => shadowing(cx, m, spec)?,
        None => None,
    };
    let msg = match shadow {
        Some(true) => format!(
            "{what} {shown} (consider renaming '{place}' since it has the same name as the standard library module \
             named {shown} and prevents importing that standard library module)"
        ),
        Some(false) if spec_initializing(cx, spec)? => format!(
            "{what} {shown} (consider renaming '{place}' if it has the same name as a library you intended to import)"
        ),
        _ if spec_initializing(cx, spec)? => {
            format!("{what} partially initialized module {shown} (most likely due to a circular import) ({place})")
        }
        _ => format!("{what} {shown} ({place})"),
    };
    let r = cx.error(ExcKind::ImportError, msg);
    set_import_fields(cx, r, mod_name, Some(n));
    if let Some(f) = file {
        r.0.fields[2].set(cx, r.0, f.obj());
    }
    Ok(r)
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
        None => match ops::get_attr_opt(cx, m, name!(cx, "__dict__"))? {
            Some(d) if d.cast::<Dict>().is_some() => (ops::list_from_iter(cx, d)?.obj(), true),
            Some(d) => (ops::call_method(cx, d, "keys", &[])?, true),
            None => {
                return Err(cx.error(ExcKind::ImportError, "from-import-* object has no __dict__ and no __all__"));
            }
        },
    };
    ops::for_each(cx, names, |cx, n| {
        let Some(n) = n.cast::<Str>() else {
            let Some(of) = ops::get_attr(cx, m, name!(cx, "__name__"))?.cast::<Str>() else {
                return Err(cx.type_error("module __name__ must be a string"));
            };
            let (what, list) = if skip { ("Key", "__dict__") } else { ("Item", "__all__") };
            let kind = cx.type_name(n);
            return Err(cx.type_error(format!("{what} in {}.{list} must be str, not {kind}", of.to_str())));
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
    let o = Obj::from_word(cx.interp().modules.get()).expect("sys.modules exists");
    // The root holds a dict; a program can only replace the attribute.
    unsafe { Gc::from_obj(o) }
}

/// Import by absolute name and return that very module.
pub fn import_module(cx: &mut Cx, full: &str) -> Result<Obj> {
    let key = cx.intern(full)?;
    import_absolute(cx, key)
}

fn import_absolute(cx: &mut Cx, full: Gc<Str>) -> Result<Obj> {
    if let Some(m) = modules(cx).get(cx, full.obj())?
        && !m.is_none()
    {
        // The import that was waited for may have failed: then it is begun anew.
        if !ensure_initialized(cx, m, full)? || modules(cx).get(cx, full.obj())? == Some(m) {
            return Ok(m);
        }
    }
    let Some(lib) = Obj::from_word(IMPORTLIB.get(cx)) else { return library::load_early(cx, &full.to_str()) };
    let find = ops::get_attr(cx, lib, name!(cx, "_find_and_load"))?;
    let import = ops::get_attr(cx, lib, name!(cx, "_gcd_import"))?;
    let clock = IMPORT_TIME.load(Ordering::Relaxed).then(Clock::start);
    let r = ops::call_args(cx, find, &[full.obj(), import]);
    if let Some(c) = clock {
        c.stop(cx, &full.to_str(), r.is_ok());
    }
    r.map_err(|e| remove_importlib_frames(cx, e))
}

/// Another thread may still be running the module's body; whether that was waited for.
fn ensure_initialized(cx: &mut Cx, m: Obj, full: Gc<Str>) -> Result<bool> {
    let spec = match hooks::module_dict(m) {
        Some(d) => d.get_str(name!(cx, "__spec__")),
        None => ops::get_attr_opt(cx, m, name!(cx, "__spec__"))?,
    };
    let spec = spec.filter(|s| !s.is_none());
    if !spec_initializing(cx, spec)? {
        return Ok(false);
    }
    let Some(lib) = Obj::from_word(IMPORTLIB.get(cx)) else { return Ok(false) };
    ops::call_method(cx, lib, "_lock_unlock_module", &[full.obj()]).map(|_| true)
}

/// What `-X importtime` writes.
struct Clock {
    began: std::time::Instant,
    outer: u64,
}

/// Nanoseconds spent in nested imports of the import in progress.
static NESTED: AtomicU64 = AtomicU64::new(0);
static LEVEL: AtomicU64 = AtomicU64::new(0);

impl Clock {
    fn start() -> Clock {
        if LEVEL.load(Ordering::Relaxed) == 0 && NESTED.load(Ordering::Relaxed) == 0 {
            eprintln!("import time: self [us] | cumulative | imported package");
        }
        LEVEL.fetch_add(1, Ordering::Relaxed);
        Clock { began: std::time::Instant::now(), outer: NESTED.swap(0, Ordering::Relaxed) }
    }

    fn stop(self, _cx: &Cx, full: &str, found: bool) {
        let total = self.began.elapsed().as_nanos() as u64;
        let own = total.saturating_sub(NESTED.load(Ordering::Relaxed));
        let level = LEVEL.fetch_sub(1, Ordering::Relaxed) - 1;
        NESTED.store(self.outer + total, Ordering::Relaxed);
        if found {
            let indent = level as usize * 2;
            eprintln!("import time: {:>9} | {:>10} | {:indent$}{full}", own.div_ceil(1000), total.div_ceil(1000), "");
        }
    }
}

/// Take the frames of importlib out of a traceback: all of them if the import
/// itself failed, else those that led to a module's body.
fn remove_importlib_frames(cx: &mut Cx, e: Raised) -> Raised {
    if VERBOSE.load(Ordering::Relaxed) {
        return e;
    }
    let always = e.is(cx, ExcKind::ImportError);
    let link = |cx: &Cx, before: Option<Gc<Traceback>>, next: Option<Obj>| match before {
        Some(b) => b.next.put(cx, b, next),
        None => e.0.traceback.put(cx, e.0, next),
    };
    // The entry whose link leads to the present one, and to the present chunk.
    let (mut before, mut chunk) = (None, None);
    let mut inside = false;
    let mut at = e.0.traceback.obj().and_then(|t| t.cast::<Traceback>());
    while let Some(t) = at {
        let next = t.next.obj();
        let code = t.frame.get().map(|f| f.code());
        let of_importlib = code.is_some_and(|c| c.data.filename.starts_with(library::FROZEN));
        if of_importlib && !inside {
            chunk = before;
        }
        inside = of_importlib;
        if inside && (always || code.is_some_and(|c| &*c.data.name == "_call_with_frames_removed")) {
            link(cx, chunk, next);
            before = chunk;
        } else {
            before = Some(t);
        }
        at = next.and_then(|n| n.cast::<Traceback>());
    }
    e
}

/// A module object with the given name.
pub fn new_module(cx: &mut Cx, full: &str) -> Result<Obj> {
    let n = str::new(cx, full)?;
    ops::call_args(cx, types::class_for(typhon_object::shape::MODULE).obj(), &[n.obj()])
}

/// Run module code in a namespace.
pub fn exec_code(cx: &mut Cx, code: Gc<Code>, globals: Gc<Dict>) -> Result<Obj> {
    exec_in(cx, code, globals, globals.obj())
}

/// Run module code with a namespace of its own for names.
pub fn exec_in(cx: &mut Cx, code: Gc<Code>, globals: Gc<Dict>, ns: Obj) -> Result<Obj> {
    let b = name!(cx, "__builtins__");
    if globals.get_str(b).is_none() {
        // The caller's, or the interpreter's: the namespace, not the module.
        let caller = crate::frame::current(cx).and_then(|w| w.func().builtins());
        let v = caller.unwrap_or_else(|| hooks::builtins(cx).obj());
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
    let path = name!(cx, "__path__");
    let package = match hooks::module_dict(m) {
        Some(d) => d.get_str(path).is_some(),
        None => ops::get_attr_opt(cx, m, path)?.is_some(),
    };
    if package {
        handle_fromlist(cx, m, &full, fromlist, false)?;
    }
    Ok(m)
}

fn handle_fromlist(cx: &mut Cx, m: Obj, full: &str, fromlist: Obj, of_all: bool) -> Result<()> {
    ops::for_each(cx, fromlist, |cx, x| {
        let Some(x) = x.cast::<Str>() else {
            let place = if of_all { format!("{full}.__all__") } else { "``from list''".to_string() };
            return Err(cx.type_error(format!("Item in {place} must be str, not {}", cx.type_name(x))));
        };
        if x.eq_str("*") {
            if !of_all && let Some(all) = ops::get_attr_opt(cx, m, name!(cx, "__all__"))? {
                handle_fromlist(cx, m, full, all, true)?;
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

/// The package that a relative import is relative to.
fn package_of(cx: &mut Cx, globals: Option<Obj>) -> Result<String> {
    let Some(g) = globals else { return Err(cx.error(ExcKind::KeyError, "'__name__' not in globals")) };
    let Some(g) = g.cast::<Dict>() else { return Err(cx.type_error("globals must be a dict")) };
    let present = |o: Option<Obj>| o.filter(|o| !o.is_none());
    let spec = present(g.get_str(name!(cx, "__spec__")));
    if let Some(p) = present(g.get_str(name!(cx, "__package__"))) {
        let Some(text) = p.cast::<Str>() else { return Err(cx.type_error("package must be a string")) };
        if let Some(spec) = spec {
            let parent = ops::get_attr(cx, spec, name!(cx, "parent"))?;
            if !ops::equal(cx, p, parent)? {
                warn(cx, "__package__ != __spec__.parent", ExcKind::DeprecationWarning)?;
            }
        }
        return Ok(text.to_str().into_owned());
    }
    if let Some(spec) = spec {
        let parent = ops::get_attr(cx, spec, name!(cx, "parent"))?;
        return match parent.cast::<Str>() {
            Some(p) => Ok(p.to_str().into_owned()),
            None => Err(cx.type_error("__spec__.parent must be a string")),
        };
    }
    let text = "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__";
    warn(cx, text, ExcKind::ImportWarning)?;
    let Some(n) = g.get_str(name!(cx, "__name__")) else {
        return Err(cx.error(ExcKind::KeyError, "'__name__' not in globals"));
    };
    let Some(n) = n.cast::<Str>() else { return Err(cx.type_error("__name__ must be a string")) };
    let n = n.to_str().into_owned();
    let is_package = g.get_str(name!(cx, "__path__")).is_some();
    Ok(if is_package { n } else { n.rsplit_once('.').map_or(String::new(), |x| x.0.to_string()) })
}

fn resolve(cx: &mut Cx, text: &str, globals: Option<Obj>, level: i64) -> Result<String> {
    let package = package_of(cx, globals)?;
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
