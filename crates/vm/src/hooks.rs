//! Built-in types that the VM makes instances of, by calling their classes.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use typhon_object::dict::Dict;
use typhon_object::list;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, Slot, name, ops, shape};

/// The builtins namespace.
pub fn builtins(cx: &Cx) -> Gc<Dict> {
    let o = Obj::from_word(cx.interp().builtins.get()).expect("builtins exist");
    // The root holds the builtins namespace.
    unsafe { Gc::from_obj(o) }
}

/// A built-in by name.
pub fn builtin(cx: &mut Cx, n: &str) -> Result<Obj> {
    let key = cx.intern(n)?;
    match builtins(cx).get_str(key) {
        Some(v) => Ok(v),
        None => Err(cx.error(ExcKind::NameError, format!("{n} not found"))),
    }
}

/// The namespace of a module object.
pub fn module_dict(m: Obj) -> Option<Gc<Dict>> {
    if !m.is_ptr() || !(m.shape() == shape::MODULE || typhon_object::native::has_payload(m, shape::MODULE)) {
        return None;
    }
    // A module's payload starts with its namespace.
    unsafe { (*(m.addr().add(8) as *const Slot<Dict>)).get() }
}

/// `complex(re, im)`.
pub fn complex(cx: &mut Cx, re: f64, im: f64) -> Result<Obj> {
    let c = builtin(cx, "complex")?;
    let args = [typhon_object::float::new(cx, re)?, typhon_object::float::new(cx, im)?];
    ops::call_args(cx, c, &args)
}

/// `frozenset(items)`.
pub fn frozenset(cx: &mut Cx, items: Obj) -> Result<Obj> {
    ops::call_args(cx, types::class_for(shape::FROZENSET).obj(), &[items])
}

/// `slice(start, stop, step)`.
pub fn slice(cx: &mut Cx, start: Obj, stop: Obj, step: Obj) -> Result<Obj> {
    Ok(typhon_builtins::slice::new(cx, start, stop, step)?.obj())
}

/// `set()`.
pub fn new_set(cx: &mut Cx) -> Result<Obj> {
    typhon_builtins::set::new(cx)
}

/// `s.add(v)`.
pub fn set_add(cx: &mut Cx, s: Obj, v: Obj) -> Result<()> {
    typhon_builtins::set::add(cx, s, v)
}

/// A fresh instance of a class without native payload.
pub fn new_instance(cx: &mut Cx, t: Gc<Type>) -> Result<Obj> {
    let id = t.root_shape();
    let p = cx.alloc(id, shape::layout(id).size as usize)?;
    if t.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(p) };
    }
    // Fresh zeroed object: no attributes yet.
    Ok(unsafe { Obj::from_word_unchecked(p as u64) })
}

/// How error texts name a callable: `mod.f()`.
pub fn function_text(cx: &mut Cx, f: Obj) -> Result<String> {
    let q = ops::get_attr_opt(cx, f, name!(cx, "__qualname__"))?;
    let Some(q) = q.and_then(|q| q.cast::<Str>()) else {
        return Ok(ops::to_str(cx, f)?.to_str().into_owned());
    };
    let m = ops::get_attr_opt(cx, f, name!(cx, "__module__"))?;
    Ok(match m.and_then(|m| m.cast::<Str>()) {
        Some(m) if !m.eq_str("builtins") => format!("{}.{}()", m.to_str(), q.to_str()),
        _ => format!("{}()", q.to_str()),
    })
}

/// An exception group of bare exceptions.
pub fn group(cx: &mut Cx, msg: &str, items: &[Obj]) -> Result<Obj> {
    let class = builtin(cx, "BaseExceptionGroup")?;
    let m = typhon_object::str::new(cx, msg)?;
    let l = typhon_object::tuple::new(cx, items)?;
    ops::call_args(cx, class, &[m.obj(), l.obj()])
}

/// The part of group `orig` whose leaves are those of the groups in `keep`.
pub fn project_group(cx: &mut Cx, orig: Obj, keep: Obj) -> Result<Obj> {
    let ids = new_set(cx)?;
    collect_leaves(cx, keep, ids)?;
    subgroup(cx, orig, ids)
}

fn leaves_of(cx: &mut Cx, g: Obj) -> Result<Obj> {
    ops::get_attr(cx, g, name!(cx, "exceptions"))
}

fn collect_leaves(cx: &mut Cx, groups: Obj, ids: Obj) -> Result<()> {
    cx.enter()?;
    ops::for_each(cx, groups, |cx, e| {
        if ExcKind::BaseExceptionGroup.matches(cx, e) {
            let l = leaves_of(cx, e)?;
            collect_leaves(cx, l, ids)?;
        } else {
            let id = typhon_object::int::from_i64(cx, e.word() as i64)?;
            set_add(cx, ids, id)?;
        }
        Ok(true)
    })
}

fn subgroup(cx: &mut Cx, g: Obj, ids: Obj) -> Result<Obj> {
    cx.enter()?;
    let out = list::new(cx, &[])?;
    let items = leaves_of(cx, g)?;
    let mut all = true;
    ops::for_each(cx, items, |cx, e| {
        if ExcKind::BaseExceptionGroup.matches(cx, e) {
            let s = subgroup(cx, e, ids)?;
            all &= s == e;
            if !s.is_none() {
                out.append(cx, s)?;
            }
        } else {
            let id = typhon_object::int::from_i64(cx, e.word() as i64)?;
            if ops::contains(cx, ids, id)? {
                out.append(cx, e)?;
            } else {
                all = false;
            }
        }
        Ok(true)
    })?;
    if all {
        return Ok(g);
    }
    if out.is_empty() {
        return Ok(Obj::NONE);
    }
    let n = ops::call_method(cx, g, "derive", &[out.obj()])?;
    if let (Some(a), Some(b)) =
        (n.cast::<typhon_object::exc::BaseException>(), g.cast::<typhon_object::exc::BaseException>())
    {
        a.traceback.put(cx, a, b.traceback.obj());
        a.context.put(cx, a, b.context.obj());
        a.cause.put(cx, a, b.cause.obj());
        a.suppress_context.store(b.suppress_context.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    Ok(n)
}

/// `string.templatelib.Interpolation` or `Template`.
pub fn template_class(cx: &mut Cx, n: &str) -> Result<Obj> {
    let m = crate::import::import_module(cx, "_template")?;
    let n = cx.intern(n)?;
    ops::get_attr(cx, m, n)
}

/// A template of strings and interpolations.
pub fn new_template(cx: &mut Cx, make: Obj, strings: Obj, interpolations: Obj) -> Result<Obj> {
    ops::call_args(cx, make, &[strings, interpolations])
}

/// Compile source text; supplied by the binary, so that this crate does not
/// wait for the front end.
pub type CompileFn = fn(&mut Cx, &CompileRequest<'_>) -> Result<Gc<crate::code::Code>>;

/// What to compile.
pub struct CompileRequest<'a> {
    /// The source.
    pub source: Source<'a>,
    /// `co_filename`.
    pub filename: &'a str,
    /// `exec`, `eval`, `single`; for a tree also `func_type`.
    pub mode: &'a str,
    /// Future flags to inherit.
    pub flags: u32,
    /// Optimisation level, -1 for the interpreter's.
    pub optimize: i32,
    /// The minor version of the Python whose syntax a tree may have; -1 is our own.
    pub feature_version: i32,
}

/// Source text or bytes with a coding line.
pub enum Source<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A syntax tree of `_ast` nodes.
    Tree(Obj),
}

/// The compiler.
pub static COMPILE: OnceLock<CompileFn> = OnceLock::new();

/// Source to a syntax tree of `_ast` nodes; supplied like the compiler.
pub static PARSE: OnceLock<fn(&mut Cx, &CompileRequest<'_>) -> Result<Obj>> = OnceLock::new();

/// Parse, or raise if there is no parser.
pub fn parse(cx: &mut Cx, r: &CompileRequest<'_>) -> Result<Obj> {
    match PARSE.get() {
        Some(f) => f(cx, r),
        None => Err(cx.error(ExcKind::NotImplementedError, "this build has no parser")),
    }
}

/// Compile, or raise if there is no compiler.
pub fn compile(cx: &mut Cx, r: &CompileRequest<'_>) -> Result<Gc<crate::code::Code>> {
    match COMPILE.get() {
        Some(f) => f(cx, r),
        None => Err(cx.error(ExcKind::NotImplementedError, "this build has no compiler")),
    }
}
