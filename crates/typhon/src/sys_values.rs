//! The plain values of `sys`: version, platform, flags, paths.

use crate::config::Config;
use typhon_object::dict::Dict;
use typhon_object::{Cx, Gc, Obj, Result, float, int, list, ops, str, tuple};

/// The language version that Typhon implements.
pub const VERSION: (i64, i64, i64) = (3, 14, 0);

fn text(cx: &Cx, s: &str) -> Result<Obj> {
    Ok(str::new(cx, s)?.obj())
}

fn put(cx: &Cx, d: Gc<Dict>, n: &str, v: Obj) -> Result<()> {
    let k = cx.intern(n)?;
    d.insert_str(cx, k, v)?;
    Ok(())
}

/// A str of what the operating system gave.
fn os(cx: &mut Cx, s: &std::ffi::OsStr) -> Result<Obj> {
    use std::os::unix::ffi::OsStrExt;
    typhon_stdlib::util::fs_decode(cx, s.as_bytes())
}

/// A namespace object with these attributes.
fn namespace(cx: &mut Cx, fields: &[(&str, Obj)]) -> Result<Obj> {
    let d = typhon_object::dict::new(cx)?;
    for (n, v) in fields {
        put(cx, d, n, *v)?;
    }
    typhon_builtins::namespace::new(cx, d)
}

/// A named tuple of integers, made by a class of its own.
fn named(cx: &mut Cx, class: &'static str, fields: &[(&'static str, Obj)]) -> Result<Obj> {
    typhon_stdlib::structseq::simple(cx, "sys", class, fields.len(), fields)
}

/// The one instance of its class: programs make no others.
fn no_more(o: Obj) {
    ops::class_of(o).set_flag(typhon_object::types::F_NO_NEW, true);
}

/// Fill `sys`.
pub fn fill(cx: &mut Cx, d: Gc<Dict>, c: &Config) -> Result<()> {
    let (a, b, p) = VERSION;
    let release = text(cx, "final")?;
    let n = |v: i64| Obj::int_unchecked(v);
    let version = named(
        cx,
        "version_info",
        &[("major", n(a)), ("minor", n(b)), ("micro", n(p)), ("releaselevel", release), ("serial", n(0))],
    )?;
    no_more(version);
    put(cx, d, "version_info", version)?;
    let hooks = named(cx, "asyncgen_hooks", &[("firstiter", Obj::NONE), ("finalizer", Obj::NONE)])?;
    typhon_vm::async_gen::HOOKS_CLASS.set(cx, ops::class_of(hooks).obj().word());
    let v = text(cx, &crate::usage::long_version())?;
    put(cx, d, "version", v)?;
    put(cx, d, "hexversion", n(a << 24 | b << 16 | p << 8 | 0xf0))?;
    put(cx, d, "api_version", n(1013))?;
    let (name, tag) = (text(cx, "typhon")?, text(cx, "typhon-314")?);
    let implementation = namespace(
        cx,
        &[
            ("name", name),
            ("cache_tag", tag),
            ("version", version),
            ("hexversion", n(a << 24 | b << 16 | p << 8 | 0xf0)),
            ("supports_isolated_interpreters", Obj::TRUE),
        ],
    )?;
    put(cx, d, "implementation", implementation)?;
    for (k, v) in [
        ("platform", "linux"),
        ("byteorder", "little"),
        (
            "copyright",
            "Copyright (c) the Typhon developers.\nThe standard library: Copyright (c) Python Software Foundation.",
        ),
        ("float_repr_style", "short"),
        ("platlibdir", "lib"),
        ("_framework", ""),
        ("abiflags", "t"),
    ] {
        let v = text(cx, v)?;
        put(cx, d, k, v)?;
    }
    // Name, branch, revision.
    let (name, none) = (text(cx, "Typhon")?, text(cx, "")?);
    let git = tuple::new(cx, &[name, none, none])?;
    put(cx, d, "_git", git.obj())?;
    let place = crate::place::find();
    for (k, v) in [("executable", &place.executable), ("_base_executable", &place.base), ("prefix", &place.prefix)] {
        let v = os(cx, v.as_os_str())?;
        put(cx, d, k, v)?;
    }
    let v = os(cx, place.prefix.as_os_str())?;
    put(cx, d, "exec_prefix", v)?;
    for (k, v) in [
        ("base_prefix", crate::place::PREFIX),
        ("base_exec_prefix", crate::place::PREFIX),
        ("_stdlib_dir", typhon_vm::library::LIB),
    ] {
        let v = text(cx, v)?;
        put(cx, d, k, v)?;
    }
    let prefix = match &c.pycache_prefix {
        Some(p) => os(cx, p)?,
        None => Obj::NONE,
    };
    put(cx, d, "pycache_prefix", prefix)?;
    put(cx, d, "dont_write_bytecode", Obj::bool(c.no_bytecode))?;
    let f = |b: bool| n(b as i64);
    // As in CPython, the newest three are no items.
    let flags = typhon_stdlib::structseq::simple(
        cx,
        "sys",
        "flags",
        18,
        &[
            ("debug", n(c.debug)),
            ("inspect", f(c.inspect)),
            ("interactive", f(c.interactive)),
            ("optimize", n(c.optimize)),
            ("dont_write_bytecode", f(c.no_bytecode)),
            ("no_user_site", f(c.no_user_site)),
            ("no_site", f(c.no_site)),
            ("ignore_environment", f(c.ignore_env)),
            ("verbose", n(c.verbose)),
            ("bytes_warning", n(c.bytes_warning)),
            ("quiet", f(c.quiet)),
            ("hash_randomization", f(c.hash_seed != Some(0))),
            ("isolated", f(c.isolated)),
            ("dev_mode", Obj::bool(c.dev_mode)),
            ("utf8_mode", n(c.utf8_mode)),
            ("warn_default_encoding", f(c.warn_default_encoding)),
            ("safe_path", Obj::bool(c.safe_path)),
            ("int_max_str_digits", n(c.int_max_str_digits)),
            ("gil", n(i64::from(c.gil.is_some()))),
            ("thread_inherit_context", n(c.thread_inherit_context)),
            ("context_aware_warnings", n(c.context_aware_warnings)),
        ],
    )?;
    no_more(flags);
    put(cx, d, "flags", flags)?;
    let (max, min, eps) =
        (float::new(cx, f64::MAX)?, float::new(cx, f64::MIN_POSITIVE)?, float::new(cx, f64::EPSILON)?);
    let info = named(
        cx,
        "float_info",
        &[
            ("max", max),
            ("max_exp", n(1024)),
            ("max_10_exp", n(308)),
            ("min", min),
            ("min_exp", n(-1021)),
            ("min_10_exp", n(-307)),
            ("dig", n(15)),
            ("mant_dig", n(53)),
            ("epsilon", eps),
            ("radix", n(2)),
            ("rounds", n(1)),
        ],
    )?;
    put(cx, d, "float_info", info)?;
    let info = named(
        cx,
        "int_info",
        &[
            ("bits_per_digit", n(30)),
            ("sizeof_digit", n(4)),
            ("default_max_str_digits", n(4300)),
            ("str_digits_check_threshold", n(640)),
        ],
    )?;
    put(cx, d, "int_info", info)?;
    let (modulus, algorithm) = (int::from_i64(cx, (1 << 61) - 1)?, text(cx, "siphash13")?);
    let info = named(
        cx,
        "hash_info",
        &[
            ("width", n(64)),
            ("modulus", modulus),
            ("inf", n(314159)),
            ("nan", n(0)),
            ("imag", n(1000003)),
            ("algorithm", algorithm),
            ("hash_bits", n(64)),
            ("seed_bits", n(128)),
            ("cutoff", n(0)),
        ],
    )?;
    put(cx, d, "hash_info", info)?;
    // Locks are of none of the kinds that have a name there.
    let name = text(cx, "pthread")?;
    let info = named(cx, "thread_info", &[("name", name), ("lock", Obj::NONE), ("version", Obj::NONE)])?;
    put(cx, d, "thread_info", info)?;
    let names = list::new(cx, &[])?;
    let mut native: Vec<&str> = typhon_vm::library::NATIVE.get().into_iter().flatten().map(|s| s.name).collect();
    native.extend(["builtins", "sys"]);
    native.sort_unstable();
    native.dedup();
    for n in native {
        let n = text(cx, n)?;
        names.append(cx, n)?;
    }
    let names = ops::tuple_from_list(cx, names)?;
    put(cx, d, "builtin_module_names", names.obj())?;
    let l = list::new(cx, &[])?;
    for a in &c.argv {
        let a = os(cx, a)?;
        l.append(cx, a)?;
    }
    put(cx, d, "argv", l.obj())?;
    let l = list::new(cx, &[])?;
    for a in &c.orig_argv {
        let a = os(cx, a)?;
        l.append(cx, a)?;
    }
    put(cx, d, "orig_argv", l.obj())?;
    let l = list::new(cx, &[])?;
    for w in &c.warnings {
        let w = text(cx, w)?;
        l.append(cx, w)?;
    }
    put(cx, d, "warnoptions", l.obj())?;
    let x = typhon_object::dict::new(cx)?;
    for o in &c.x_options {
        let (k, v) = match o.split_once('=') {
            Some((k, v)) => (k, text(cx, v)?),
            None => (o.as_str(), Obj::TRUE),
        };
        let k = cx.intern(k)?;
        x.insert_str(cx, k, v)?;
    }
    put(cx, d, "_xoptions", x.obj())?;
    let l = list::new(cx, &[])?;
    for p in &c.path {
        let p = os(cx, p)?;
        l.append(cx, p)?;
    }
    let lib = text(cx, typhon_vm::library::LIB)?;
    l.append(cx, lib)?;
    put(cx, d, "path", l.obj())?;
    let names = list::new(cx, &[])?;
    let packed = typhon_vm::library::PACKED.get().map(|l| (l.names)()).unwrap_or_default();
    let native = typhon_vm::library::NATIVE.get().into_iter().flatten().map(|s| s.name);
    for s in packed.into_iter().filter(|n| !n.contains('.')).chain(native) {
        let s = text(cx, s)?;
        names.append(cx, s)?;
    }
    let names = typhon_vm::hooks::frozenset(cx, names.obj())?;
    put(cx, d, "stdlib_module_names", names)?;
    Ok(())
}
