//! `_imp`: what importlib asks about native and packed modules.
//!
//! Tests: CPython test_importlib (later).

use crate::import;
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::module;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, list, name, ops};

static MULTI_INTERP_CHECK: AtomicI64 = AtomicI64::new(0);

/// The module.
#[module("_imp")]
pub mod functions {
    use super::*;

    /// Acquires the interpreter's import lock: there is none.
    fn acquire_lock() {}
    /// Releases the interpreter's import lock: there is none.
    fn release_lock() {}
    /// Return True if the import lock is currently held.
    fn lock_held() -> bool {
        false
    }
    /// Returns True if the module name corresponds to a native module.
    fn is_builtin(name: Gc<Str>) -> i64 {
        import::NATIVE.get().is_some_and(|t| t.iter().any(|s| name.eq_str(s.name))) as i64
    }
    /// Create a native module.
    #[sig(spec, /)]
    fn create_builtin(cx: &mut Cx, spec: Obj) -> Result<Obj> {
        let n = ops::get_attr(cx, spec, name!(cx, "name"))?;
        let n = ops::to_str(cx, n)?.to_str().into_owned();
        import::import_module(cx, &n)
    }
    /// Initialize a native module: done when it was created.
    fn exec_builtin(module: Obj) -> i64 {
        let _ = module;
        0
    }
    /// Returns True if the module name corresponds to a frozen module: none does.
    fn is_frozen(name: Obj) -> bool {
        let _ = name;
        false
    }
    /// Returns True if the module name is of a frozen package: none is.
    fn is_frozen_package(name: Obj) -> bool {
        let _ = name;
        false
    }
    /// Return info about the frozen module, if there is one.
    #[sig(name, /, *, withdata = False)]
    fn find_frozen(name: Obj, withdata: bool) -> Obj {
        let _ = (name, withdata);
        Obj::NONE
    }
    /// Create a code object for a frozen module.
    fn get_frozen_object(cx: &mut Cx, name: Obj) -> Result<Obj> {
        let r = ops::repr(cx, name)?;
        Err(cx.error(ExcKind::ImportError, format!("No such frozen object named {}", r.to_str())))
    }
    /// Returns the list of file suffixes used to identify extension modules.
    fn extension_suffixes(cx: &mut Cx) -> Result<Obj> {
        Ok(list::new(cx, &[])?.obj())
    }
    /// Whether frozen modules are used, 1 or -1, or 0 for the default: kept for
    /// programs that set it, since no module is frozen.
    fn _override_frozen_modules_for_tests(r#override: i64) {
        let _ = r#override;
    }
    /// Whether extension modules must support subinterpreters; returns the old
    /// setting. No extension modules exist, so it decides nothing.
    fn _override_multi_interp_extensions_check(r#override: i64) -> i64 {
        MULTI_INTERP_CHECK.swap(r#override, Ordering::Relaxed)
    }
    /// Names of frozen modules: there are none.
    fn _frozen_module_names(cx: &mut Cx) -> Result<Obj> {
        Ok(list::new(cx, &[])?.obj())
    }
    /// Run a module's code again.
    fn _reload(cx: &mut Cx, module: Obj) -> Result<()> {
        import::reload(cx, module)
    }
    /// Extension modules cannot be loaded yet.
    #[sig(spec, file = None, /)]
    fn create_dynamic(cx: &mut Cx, spec: Obj, file: Option<Obj>) -> Result<Obj> {
        let _ = (spec, file);
        Err(cx.error(ExcKind::ImportError, "extension modules are not supported yet"))
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let how = str::new(cx, "default")?;
        ops::set_attr(cx, module, name!(cx, "check_hash_based_pycs"), Some(how.obj()))?;
        ops::set_attr(cx, module, name!(cx, "pyc_magic_number_token"), Some(Obj::int_unchecked(168627755)))
    }
}
