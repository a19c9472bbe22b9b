//! Native modules, the packed standard library, and how importlib gets going.
//!
//! Until importlib can find modules, an import takes a native module or a packed
//! one, without a spec; `start_importlib` gives those their specs. Afterwards
//! importlib asks for native modules through `_imp` and for packed ones through
//! the overlay's `_packed_library`.
//!
//! Tests: tests/lang/imports.md; CPython test_importlib.

use crate::code::{self, Code};
use crate::hooks;
use crate::import::{IMPORTLIB, exec_code, modules, new_module};
use std::sync::OnceLock;
use typhon_object::native::{MemberKind, ModuleSpec};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, list, name, ops, str};

/// A module of the packed standard library.
pub struct Packed {
    /// Compiled code in the format of `typhon_bytecode::store`.
    pub code: &'static [u8],
    /// The source, compressed.
    pub source: &'static [u8],
    /// Whether it is a package.
    pub package: bool,
    /// Path below the library's root.
    pub path: &'static str,
}

/// What the binary knows about the packed library.
pub struct Library {
    /// The module with this dotted name.
    pub find: fn(&str) -> Option<Packed>,
    /// All dotted names, sorted.
    pub names: fn() -> Vec<&'static str>,
    /// Bring a source back to its full length.
    pub inflate: fn(&[u8]) -> Vec<u8>,
}

/// The packed library; supplied by the binary.
pub static PACKED: OnceLock<Library> = OnceLock::new();
/// The tables of native modules.
pub static NATIVE: OnceLock<Vec<&'static ModuleSpec>> = OnceLock::new();
/// Where packed modules claim to be.
pub const LIB: &str = "/typhon/lib";
/// How the file names of importlib's own code begin.
pub const FROZEN: &str = "<frozen importlib.";

/// The packed module with this dotted name.
pub fn packed(full: &str) -> Option<Packed> {
    PACKED.get().and_then(|l| (l.find)(full))
}

/// The native module with this name.
pub fn native(full: &str) -> Option<&'static ModuleSpec> {
    NATIVE.get().and_then(|t| t.iter().find(|s| s.name == full).copied())
}

/// The names of frozen modules: what must be there before modules can be found,
/// and the modules whose purpose is to be frozen.
pub const FROZEN_NAMES: &[&str] = &[
    "_frozen_importlib",
    "_frozen_importlib_external",
    "__hello__",
    "__hello_alias__",
    "__hello_only__",
    "__phello_alias__",
    "__phello_alias__.spam",
    "__phello__",
    "__phello__.spam",
    "__phello__.ham",
    "__phello__.ham.eggs",
];

/// The packed module behind the name of a frozen one.
pub fn frozen(full: &str) -> Option<&'static str> {
    let n = *FROZEN_NAMES.iter().find(|n| **n == full)?;
    Some(match n {
        "_frozen_importlib" => "importlib._bootstrap",
        "_frozen_importlib_external" => "importlib._bootstrap_external",
        "__hello_alias__" | "__hello_only__" | "__phello_alias__" | "__phello_alias__.spam" => "__hello__",
        n => n,
    })
}

/// The code of a packed module.
pub fn packed_code(cx: &mut Cx, full: &str, p: &Packed) -> Result<Gc<Code>> {
    match typhon_bytecode::load_verified(p.code) {
        Ok(d) => code::load(cx, &d),
        Err(e) => Err(cx.error(ExcKind::ImportError, format!("damaged library module {full}: {e}"))),
    }
}

/// A new native module with its functions and classes, before its `exec`.
pub fn create_native(cx: &mut Cx, spec: &'static ModuleSpec) -> Result<Obj> {
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
    Ok(m)
}

/// A complete native module, put into `sys.modules`.
pub fn native_module(cx: &mut Cx, spec: &'static ModuleSpec) -> Result<Obj> {
    let key = cx.intern(spec.name)?;
    let m = create_native(cx, spec)?;
    modules(cx).insert_str(cx, key, m)?;
    if let Some(exec) = spec.exec
        && let Err(e) = exec(cx, m)
    {
        modules(cx).remove_str(cx, key);
        return Err(e);
    }
    Ok(m)
}

/// Import without importlib, while it is not there yet.
pub fn load_early(cx: &mut Cx, full: &str) -> Result<Obj> {
    let key = cx.intern(full)?;
    if let Some(spec) = native(full) {
        return native_module(cx, spec);
    }
    let Some(p) = packed(frozen(full).unwrap_or(full)) else {
        return Err(cx.error(ExcKind::ModuleNotFoundError, format!("No module named '{full}'")));
    };
    let m = new_module(cx, full)?;
    let d = hooks::module_dict(m).expect("a module");
    let package = if p.package { full } else { full.rsplit_once('.').map_or("", |p| p.0) };
    let package = str::new(cx, package)?;
    d.insert_str(cx, name!(cx, "__package__"), package.obj())?;
    if p.package {
        let s = str::new(cx, &format!("{LIB}/{}", full.replace('.', "/")))?;
        let l = list::new(cx, &[s.obj()])?;
        d.insert_str(cx, name!(cx, "__path__"), l.obj())?;
    }
    if frozen(full).is_some() {
        let origin = str::new(cx, frozen(full).unwrap_or(full))?;
        d.insert_str(cx, name!(cx, "__origname__"), origin.obj())?;
    }
    modules(cx).insert_str(cx, key, m)?;
    let r = packed_code(cx, full, &p).and_then(|c| exec_code(cx, c, d));
    if let Err(e) = r {
        modules(cx).remove_str(cx, key);
        return Err(e);
    }
    Ok(m)
}

/// Start importlib: from now on it finds and loads modules.
pub fn start_importlib(cx: &mut Cx) -> Result<()> {
    let boot = load_early(cx, "_frozen_importlib")?;
    let imp = load_early(cx, "_imp")?;
    for n in ["_thread", "_warnings", "_weakref", "_io", "marshal", "posix", "time"] {
        let key = cx.intern(n)?;
        if modules(cx).get_str(key).is_none() {
            load_early(cx, n)?;
        }
    }
    let key = cx.intern("sys")?;
    let sys = modules(cx).get_str(key).unwrap_or(Obj::NONE);
    ops::call_method(cx, boot, "_install", &[sys, imp])?;
    load_early(cx, "_frozen_importlib_external")?;
    ops::call_method(cx, boot, "_install_external_importers", &[])?;
    let packed = load_early(cx, "_packed_library")?;
    ops::call_method(cx, packed, "install", &[])?;
    IMPORTLIB.set(cx, boot.word());
    Ok(())
}
