//! `_imp`: what importlib asks about native and packed modules.
//!
//! Tests: CPython test_importlib (later).

use crate::code::Code;
use crate::library::{self, Packed};
use crate::{import, import_lock};
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::module;
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, bytes, list, name, ops, tuple};

static MULTI_INTERP_CHECK: AtomicI64 = AtomicI64::new(0);

/// A frozen module: its name in the library, and what is packed there.
fn find(name: Gc<Str>) -> Option<(&'static str, Packed)> {
    let origin = library::frozen(&name.to_str())?;
    Some((origin, library::packed(origin)?))
}

fn no_such_frozen(cx: &Cx, name: Gc<Str>) -> Raised {
    let e = cx.error(ExcKind::ImportError, format!("No such frozen object named {}", name.to_str()));
    e.0.fields[1].set(cx, e.0, name.obj());
    e
}

/// The module.
#[module("_imp")]
pub mod functions {
    use super::*;

    /// Acquires the interpreter's import lock for the current thread.
    fn acquire_lock(cx: &mut Cx) -> Result<()> {
        import_lock::acquire(cx)
    }
    /// Release the interpreter's import lock.
    fn release_lock(cx: &mut Cx) -> Result<()> {
        if import_lock::release() {
            Ok(())
        } else {
            Err(cx.error(ExcKind::RuntimeError, "not holding the import lock"))
        }
    }
    /// Return True if the import lock is currently held, else False.
    fn lock_held() -> bool {
        import_lock::held()
    }
    /// Returns True if the module name corresponds to a native module.
    fn is_builtin(name: Gc<Str>) -> i64 {
        let n = name.to_str();
        (library::native(&n).is_some() || matches!(&*n, "sys" | "builtins")) as i64
    }
    /// Create a native module.
    #[sig(spec, /)]
    fn create_builtin(cx: &mut Cx, spec: Obj) -> Result<Obj> {
        let n = ops::get_attr(cx, spec, name!(cx, "name"))?;
        let n = ops::to_str(cx, n)?.to_str().into_owned();
        // These two exist once, with what start-up put into them.
        if matches!(n.as_str(), "sys" | "builtins") {
            let key = cx.intern(&n)?;
            if let Some(m) = import::modules(cx).get_str(key) {
                return Ok(m);
            }
        }
        match library::native(&n) {
            Some(spec) => library::create_native(cx, spec),
            None => Ok(Obj::NONE),
        }
    }
    /// Initialize a native module.
    fn exec_builtin(cx: &mut Cx, module: Obj) -> Result<i64> {
        let n = ops::get_attr(cx, module, name!(cx, "__name__"))?;
        let n = ops::to_str(cx, n)?.to_str().into_owned();
        if let Some(exec) = library::native(&n).and_then(|s| s.exec) {
            exec(cx, module)?;
        }
        Ok(0)
    }
    /// Returns True if the module name corresponds to a frozen module.
    fn is_frozen(name: Gc<Str>) -> bool {
        find(name).is_some()
    }
    /// Returns True if the module name is of a frozen package.
    fn is_frozen_package(cx: &mut Cx, name: Gc<Str>) -> Result<bool> {
        match find(name) {
            Some((_, p)) => Ok(p.package),
            None => Err(no_such_frozen(cx, name)),
        }
    }
    /// Return info about the frozen module: its data if asked for, whether it is
    /// a package, and the name that it has in the library.
    #[sig(name, /, *, withdata = False)]
    fn find_frozen(cx: &mut Cx, name: Gc<Str>, withdata: bool) -> Result<Obj> {
        let Some((origin, p)) = find(name) else { return Ok(Obj::NONE) };
        let data = if withdata {
            let b = bytes::new(cx, p.code)?;
            let view = crate::hooks::builtin(cx, "memoryview")?;
            ops::call_args(cx, view, &[b.obj()])?
        } else {
            Obj::NONE
        };
        let origin = match name.eq_str("__hello_only__") {
            true => Obj::NONE,
            false => str::new(cx, origin)?.obj(),
        };
        Ok(tuple::new(cx, &[data, Obj::bool(p.package), origin])?.obj())
    }
    /// Create a code object for a frozen module.
    #[sig(name, data = None, /)]
    fn get_frozen_object(cx: &mut Cx, name: Gc<Str>, data: Option<Obj>) -> Result<Obj> {
        let _ = data;
        match find(name) {
            Some((origin, p)) => Ok(library::packed_code(cx, origin, &p)?.obj()),
            None => Err(no_such_frozen(cx, name)),
        }
    }
    /// Initialize a frozen module: None if there is no such module.
    fn init_frozen(cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        match find(name) {
            Some(_) => library::load_early(cx, &name.to_str()),
            None => Ok(Obj::NONE),
        }
    }
    /// The names of the frozen modules.
    fn _frozen_module_names(cx: &mut Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for n in library::FROZEN_NAMES {
            let n = str::new(cx, n)?;
            l.append(cx, n.obj())?;
        }
        Ok(l.obj())
    }
    /// Whether the packed library has the module: 1, or 2 for a package.
    fn _packed_find(name: Option<Gc<Str>>) -> i64 {
        name.and_then(|n| library::packed(&n.to_str())).map_or(0, |p| 1 + p.package as i64)
    }
    /// The code of a packed module.
    fn _packed_code(cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let n = name.to_str().into_owned();
        match library::packed(&n) {
            Some(p) => Ok(library::packed_code(cx, &n, &p)?.obj()),
            None => Err(cx.error(ExcKind::ImportError, format!("no packed module named '{n}'"))),
        }
    }
    /// The source of a packed module.
    fn _packed_source(cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let n = name.to_str().into_owned();
        match (library::packed(&n), library::PACKED.get()) {
            (Some(p), Some(l)) => Ok(bytes::new(cx, &(l.inflate)(p.source))?.obj()),
            _ => Err(cx.error(ExcKind::ImportError, format!("no packed module named '{n}'"))),
        }
    }
    /// The names of the packed modules directly in a package ('' for the top).
    fn _packed_names(cx: &mut Cx, package: Gc<Str>) -> Result<Obj> {
        let prefix = if package.is_empty() { String::new() } else { format!("{}.", package.to_str()) };
        let l = list::new(cx, &[])?;
        for n in library::PACKED.get().map(|l| (l.names)()).unwrap_or_default() {
            if let Some(n) = n.strip_prefix(&prefix)
                && !n.contains('.')
            {
                let n = str::new(cx, n)?;
                l.append(cx, n.obj())?;
            }
        }
        Ok(l.obj())
    }
    /// The instructions of a code object, for `dis`: word, name, operands and target of each.
    fn _instructions(cx: &mut Cx, code: Obj) -> Result<Obj> {
        let Some(code) = code.cast::<Code>() else { return Err(cx.type_error("a code object is required")) };
        let l = list::new(cx, &[])?;
        for line in typhon_bytecode::dis_lines(&code.payload().data) {
            let (name, text) = (str::new(cx, line.name)?, str::new(cx, &line.operands)?);
            let target = line.target.map_or(Obj::NONE, |t| Obj::int_unchecked(t as i64));
            let row = [Obj::int_unchecked(line.pc as i64), name.obj(), text.obj(), target];
            let row = tuple::new(cx, &row)?;
            l.append(cx, row.obj())?;
        }
        Ok(l.obj())
    }
    /// Let no attribute of a class be set any more, as if it were a native one.
    fn _make_immutable(class: Gc<Type>) {
        class.set_flag(types::F_IMMUTABLE, true);
    }
    /// Returns the list of file suffixes used to identify extension modules.
    fn extension_suffixes(cx: &mut Cx) -> Result<Obj> {
        Ok(list::new(cx, &[])?.obj())
    }
    /// Whether frozen modules are used, 1 or -1, or 0 for the default: kept for
    /// programs that set it, since what is frozen here is needed either way.
    fn _override_frozen_modules_for_tests(r#override: i64) {
        let _ = r#override;
    }
    /// Whether extension modules must support subinterpreters; returns the old
    /// setting. No extension modules exist, so it decides nothing.
    fn _override_multi_interp_extensions_check(r#override: i64) -> i64 {
        MULTI_INTERP_CHECK.swap(r#override, Ordering::Relaxed)
    }
    /// Extension modules cannot be loaded yet.
    #[sig(spec, file = None, /)]
    fn create_dynamic(cx: &mut Cx, spec: Obj, file: Option<Obj>) -> Result<Obj> {
        let _ = (spec, file);
        Err(cx.error(ExcKind::ImportError, "extension modules are not supported yet"))
    }

    /// Changes code.co_filename to specify the passed-in file path.
    ///
    ///   code
    ///     Code object to change.
    ///   path
    ///     File path to use.
    #[sig(code, path, /)]
    fn _fix_co_filename(cx: &mut Cx, code: Obj, path: Obj) -> Result<()> {
        let Some(code) = code.cast::<Code>() else {
            let t = cx.type_name(code);
            return Err(cx.type_error(format!("_fix_co_filename() argument 1 must be code, not {t}")));
        };
        let path = str::expect(cx, path, "_fix_co_filename() argument 2")?;
        if let Some(old) = code.filename.get().filter(|old| !old.same_text(&path)) {
            rename(cx, code, old, path);
        }
        Ok(())
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let how = str::new(cx, "default")?;
        ops::set_attr(cx, module, name!(cx, "check_hash_based_pycs"), Some(how.obj()))?;
        ops::set_attr(cx, module, name!(cx, "pyc_magic_number_token"), Some(Obj::int_unchecked(magic())))
    }
}

/// Give the code, and the code in it, that comes from the file `old` another file's name.
fn rename(cx: &Cx, code: Gc<Code>, old: Gc<Str>, new: Gc<Str>) {
    if code.filename.get().is_none_or(|name| !name.same_text(&old)) {
        return;
    }
    code.filename.set(cx, code, new);
    for inner in code.consts.get().iter().flat_map(|consts| consts.items()) {
        if let Some(inner) = inner.cast::<Code>() {
            rename(cx, inner, old, new);
        }
    }
}

/// What cache files begin with: CPython's end of line and a number that changes with the
/// format and with what the instructions are and mean.
fn magic() -> i64 {
    let names = typhon_bytecode::OPS.iter().map(|op| op.info());
    let hash = names.fold(u32::from(typhon_bytecode::FORMAT as u16), |hash, op| {
        let shape = u32::from(op.words) << 8 | u32::from(op.caches);
        op.name
            .bytes()
            .chain(op.doc.bytes())
            .fold(hash ^ shape, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193))
    });
    i64::from(0x0a0d_0000 | (hash >> 16))
}
