//! Modules: a namespace with attribute access of its own.
//!
//! Tests: tests/containers.rs; CPython test_module.

use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::list::List;
use typhon_object::native::{self, ModuleSpec, Payload, SUBCLASSABLE, WEAKREF, instance_of};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result, Slot, boot, exc, intern, name, ops, shape, str};

/// The payload of a module.
#[derive(Trace)]
#[repr(C)]
pub struct Module {
    /// The namespace; empty until `__init__`.
    pub dict: Slot<Dict>,
}

impl Payload for Module {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::MODULE || native::has_payload(o, shape::MODULE))
    }
}

/// A new module with the names that every module has.
pub fn new(cx: &Cx, name: &str) -> Result<Gc<Module>> {
    let m = alloc(cx, types::class_for(shape::MODULE))?;
    let n = str::new(cx, name)?;
    fill(cx, m, n.obj(), Obj::NONE)?;
    Ok(m)
}

/// A native module with its functions and classes; `exec` has run.
pub fn from_spec(cx: &mut Cx, spec: &'static ModuleSpec) -> Result<Gc<Module>> {
    let m = new(cx, spec.name)?;
    let d = namespace(cx, m)?;
    if !spec.doc.is_empty() {
        let doc = str::new(cx, spec.doc)?;
        d.insert_str(cx, name!(cx, "__doc__"), doc.obj())?;
    }
    for f in spec.functions {
        let n = cx.intern(f.name)?;
        let o = ops::native_function(cx, f, spec.name)?;
        d.insert_str(cx, n, o)?;
    }
    for c in spec.classes {
        let (n, o) = c(cx)?;
        let n = cx.intern(n)?;
        d.insert_str(cx, n, o)?;
    }
    if let Some(f) = spec.exec {
        f(cx, m.obj())?;
    }
    Ok(m)
}

fn alloc(cx: &Cx, cls: Gc<Type>) -> Result<Gc<Module>> {
    let d = dict::new(cx)?;
    instance_of(cx, cls, Module { dict: Slot::new(d) })
}

fn fill(cx: &Cx, m: Gc<Module>, name: Obj, doc: Obj) -> Result<()> {
    let d = namespace(cx, m)?;
    d.insert_str(cx, name!(cx, "__name__"), name)?;
    d.insert_str(cx, name!(cx, "__doc__"), doc)?;
    d.insert_str(cx, name!(cx, "__package__"), Obj::NONE)?;
    d.insert_str(cx, name!(cx, "__loader__"), Obj::NONE)?;
    d.insert_str(cx, name!(cx, "__spec__"), Obj::NONE)?;
    Ok(())
}

/// The module's namespace.
#[inline]
pub fn namespace(cx: &Cx, m: Gc<Module>) -> Result<Gc<Dict>> {
    match m.dict.get() {
        Some(d) => Ok(d),
        None => {
            let d = dict::new(cx)?;
            m.dict.set(cx, m, d);
            Ok(d)
        }
    }
}

/// What a plain module has under `name`, if it has and nothing stands against reading it
/// from the namespace.
#[inline]
pub fn own_attr(cx: &Cx, o: Obj, name: Gc<Str>) -> Option<Obj> {
    if !o.is_ptr() || o.shape() != shape::MODULE || cx.lookup(types::class_for(shape::MODULE), name).is_some() {
        return None;
    }
    o.cast::<Module>()?.dict.get()?.get_str(name)
}

/// `m.name`, `None` where no attribute is found and there is no `__getattr__`.
pub fn find_attr(cx: &mut Cx, m: Gc<Module>, name: Gc<Str>) -> Result<Option<Obj>> {
    let name = intern::intern(cx, name)?;
    let c = ops::class_of(m.obj());
    let found = cx.lookup(c, name);
    if let Some(d) = found
        && ops::is_data_descriptor(d)
    {
        return ops::bind_descriptor(cx, d, m.obj(), c).map(Some);
    }
    let ns = namespace(cx, m)?;
    if let Some(v) = ns.get_str(name) {
        return Ok(Some(v));
    }
    if let Some(d) = found {
        return ops::bind_descriptor(cx, d, m.obj(), c).map(Some);
    }
    match ns.get_str(name!(cx, "__getattr__")) {
        Some(f) => ops::call_args(cx, f, &[name.obj()]).map(Some),
        None => Ok(None),
    }
}

/// The AttributeError of a missing module attribute.
#[cold]
fn missing(cx: &mut Cx, m: Gc<Module>, name: Gc<Str>) -> Result<exc::Raised> {
    let ns = namespace(cx, m)?;
    let attr = name.to_str().into_owned();
    let msg = match ns.get_str(name!(cx, "__name__")).and_then(|n| n.cast::<Str>()) {
        None => format!("module has no attribute '{attr}'"),
        Some(n) => missing_text(cx, ns, n, &attr)?,
    };
    Ok(exc::attribute_error(cx, msg, m.obj(), name.obj()))
}

fn missing_text(cx: &mut Cx, ns: Gc<Dict>, module: Gc<Str>, attr: &str) -> Result<String> {
    let n = module.to_str().into_owned();
    let spec = ns.get_str(name!(cx, "__spec__")).filter(|s| !s.is_none());
    let origin = spec_origin(cx, spec)?.map(|o| o.to_str().into_owned());
    let initializing = spec_initializing(cx, spec)?;
    let rename =
        format!("module '{n}' has no attribute '{attr}' (consider renaming '{}'", origin.as_deref().unwrap_or(""));
    Ok(match shadowing(cx, module, spec)? {
        Some(true) => format!(
            "{rename} since it has the same name as the standard library module named '{n}' and prevents importing \
             that standard library module)"
        ),
        Some(false) if initializing => {
            format!("{rename} if it has the same name as a library you intended to import)")
        }
        _ if initializing => match origin {
            Some(o) => format!(
                "partially initialized module '{n}' from '{o}' has no attribute '{attr}' (most likely due to a \
                 circular import)"
            ),
            None => format!(
                "partially initialized module '{n}' has no attribute '{attr}' (most likely due to a circular import)"
            ),
        },
        _ if submodule_initializing(cx, spec, attr)? => {
            format!("cannot access submodule '{attr}' of module '{n}' (most likely due to a circular import)")
        }
        _ => format!("module '{n}' has no attribute '{attr}'"),
    })
}

/// `spec._initializing`: the module's body is running.
pub fn spec_initializing(cx: &mut Cx, spec: Option<Obj>) -> Result<bool> {
    let Some(spec) = spec else { return Ok(false) };
    let n = name!(cx, "_initializing");
    match ops::get_attr_opt(cx, spec, n)? {
        Some(v) => ops::truth(cx, v),
        None => Ok(false),
    }
}

fn submodule_initializing(cx: &mut Cx, spec: Option<Obj>, attr: &str) -> Result<bool> {
    let Some(spec) = spec else { return Ok(false) };
    let n = name!(cx, "_uninitialized_submodules");
    match ops::get_attr_opt(cx, spec, n)? {
        Some(l) => {
            let a = str::new(cx, attr)?;
            ops::contains(cx, l, a.obj())
        }
        None => Ok(false),
    }
}

/// `spec.origin`, if the module comes from a place.
pub fn spec_origin(cx: &mut Cx, spec: Option<Obj>) -> Result<Option<Gc<Str>>> {
    let Some(spec) = spec else { return Ok(None) };
    let n = name!(cx, "has_location");
    match ops::get_attr_opt(cx, spec, n)? {
        Some(v) if ops::truth(cx, v)? => {}
        _ => return Ok(None),
    }
    let n = name!(cx, "origin");
    Ok(ops::get_attr_opt(cx, spec, n)?.and_then(|o| o.cast::<Str>()))
}

fn sys_module(cx: &Cx) -> Option<Obj> {
    let n = name!(cx, "sys");
    Obj::from_word(cx.interp().modules.get())?.cast::<Dict>()?.get_str(n)
}

/// Whether the module's file stands in the folder that comes first in `sys.path`,
/// so that it may hide another of its name: `Some(true)` if it does hide a module
/// of the standard library.
pub fn shadowing(cx: &mut Cx, module: Gc<Str>, spec: Option<Obj>) -> Result<Option<bool>> {
    let Some(origin) = spec_origin(cx, spec)? else { return Ok(None) };
    let Some(sys) = sys_module(cx) else { return Ok(None) };
    let n = name!(cx, "flags");
    if let Some(flags) = ops::get_attr_opt(cx, sys, n)?
        && let Some(safe) = ops::get_attr_opt(cx, flags, name!(cx, "safe_path"))?
        && ops::truth(cx, safe)?
    {
        return Ok(None);
    }
    let Some(path) = ops::get_attr_opt(cx, sys, name!(cx, "path"))?.and_then(|p| p.cast::<List>()) else {
        return Ok(None);
    };
    let Some(first) = path.get(0).and_then(|p| p.cast::<Str>()) else { return Ok(None) };
    let origin = origin.to_str().into_owned();
    let folder = origin.rsplit_once('/').map_or("", |x| x.0);
    let folder = folder.strip_suffix(&format!("/{}", module.to_str().replace('.', "/"))).unwrap_or(folder);
    let first = match &*first.to_str() {
        "" => std::env::current_dir().map(|d| d.to_string_lossy().into_owned()).unwrap_or_default(),
        p => p.to_string(),
    };
    if folder != first {
        return Ok(None);
    }
    let n = name!(cx, "stdlib_module_names");
    match ops::get_attr_opt(cx, sys, n)? {
        Some(names) => Ok(Some(ops::contains(cx, names, module.obj())?)),
        None => Ok(Some(false)),
    }
}

struct ModuleMethods;

#[class(name = "module", extends = Module)]
impl ModuleMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: native::Args<'_>) -> Result<Obj> {
        Ok(alloc(cx, cls)?.obj())
    }

    #[sig(name, doc = None)]
    fn __init__(this: Gc<Module>, cx: &mut Cx, name: Obj, doc: Option<Obj>) -> Result<()> {
        if name.cast::<Str>().is_none() {
            return Err(cx.type_error(format!("module() argument 'name' must be str, not {}", cx.type_name(name))));
        }
        fill(cx, this, name, doc.unwrap_or(Obj::NONE))
    }

    fn __getattribute__(this: Gc<Module>, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        match find_attr(cx, this, name)? {
            Some(v) => Ok(v),
            None => Err(missing(cx, this, name)?),
        }
    }

    fn __setattr__(this: Gc<Module>, cx: &mut Cx, name: Gc<Str>, value: Obj) -> Result<()> {
        let name = intern::intern(cx, name)?;
        let c = ops::class_of(this.obj());
        if let Some(d) = cx.lookup(c, name)
            && ops::is_data_descriptor(d)
        {
            return ops::set_through_descriptor(cx, d, this.obj(), name, Some(value));
        }
        namespace(cx, this)?.insert_str(cx, name, value)?;
        Ok(())
    }

    fn __delattr__(this: Gc<Module>, cx: &mut Cx, name: Gc<Str>) -> Result<()> {
        let name = intern::intern(cx, name)?;
        let c = ops::class_of(this.obj());
        if let Some(d) = cx.lookup(c, name)
            && ops::is_data_descriptor(d)
        {
            return ops::set_through_descriptor(cx, d, this.obj(), name, None);
        }
        match namespace(cx, this)?.remove_str(cx, name) {
            Some(_) => Ok(()),
            None => Err(missing(cx, this, name)?),
        }
    }

    #[getter]
    fn __dict__(this: Gc<Module>, cx: &Cx) -> Result<Gc<Dict>> {
        namespace(cx, this)
    }

    #[getter]
    fn __annotations__(this: Gc<Module>, cx: &mut Cx) -> Result<Obj> {
        let ns = namespace(cx, this)?;
        if let Some(v) = ns.get_str(name!(cx, "__annotations__")) {
            return Ok(v);
        }
        let v = match ns.get_str(name!(cx, "__annotate__")).filter(|f| !f.is_none()) {
            Some(f) => {
                let r = ops::call_args(cx, f, &[Obj::int_unchecked(1)])?;
                if r.cast::<Dict>().is_none() {
                    return Err(cx.type_error(format!("__annotate__ returned non-dict of type '{}'", cx.type_name(r))));
                }
                r
            }
            None => dict::new(cx)?.obj(),
        };
        ns.insert_str(cx, name!(cx, "__annotations__"), v)?;
        Ok(v)
    }
    #[setter]
    #[name("__annotations__")]
    fn set_annotations(this: Gc<Module>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let ns = namespace(cx, this)?;
        let n = name!(cx, "__annotations__");
        match value {
            Some(v) => {
                ns.insert_str(cx, n, v)?;
            }
            None if ns.remove_str(cx, n).is_none() => {
                return Err(cx.error(typhon_object::ExcKind::AttributeError, "__annotations__"));
            }
            None => {}
        }
        ns.remove_str(cx, name!(cx, "__annotate__"));
        Ok(())
    }

    #[getter]
    fn __annotate__(this: Gc<Module>, cx: &mut Cx) -> Result<Obj> {
        let ns = namespace(cx, this)?;
        Ok(ns.get_str(name!(cx, "__annotate__")).unwrap_or(Obj::NONE))
    }
    #[setter]
    #[name("__annotate__")]
    fn set_annotate(this: Gc<Module>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let Some(v) = value else { return Err(cx.type_error("cannot delete __annotate__ attribute")) };
        if !v.is_none()
            && ops::class_of(v).special(typhon_object::Dunder::Call).is_none()
            && ops::class_of(v).call_fn().is_none()
        {
            return Err(cx.type_error("__annotate__ must be callable or None"));
        }
        let ns = namespace(cx, this)?;
        ns.insert_str(cx, name!(cx, "__annotate__"), v)?;
        if !v.is_none() {
            ns.remove_str(cx, name!(cx, "__annotations__"));
        }
        Ok(())
    }

    fn __repr__(this: Gc<Module>, cx: &mut Cx) -> Result<String> {
        let ns = namespace(cx, this)?;
        let text = |cx: &mut Cx, o: Obj| -> Result<String> { Ok(ops::repr(cx, o)?.to_str().into_owned()) };
        let name = match ns.get_str(name!(cx, "__name__")) {
            Some(n) if n.cast::<Str>().is_some() => text(cx, n)?,
            _ => "'?'".to_owned(),
        };
        if let Some(spec) = ns.get_str(name!(cx, "__spec__")).filter(|s| !s.is_none()) {
            let n = name!(cx, "has_location");
            let located = match ops::get_attr_opt(cx, spec, n)? {
                Some(v) => ops::truth(cx, v)?,
                None => false,
            };
            let n = name!(cx, "origin");
            if let Some(origin) = ops::get_attr_opt(cx, spec, n)?.filter(|o| !o.is_none()) {
                let at = ops::to_str(cx, origin)?.to_str().into_owned();
                return Ok(if located {
                    format!("<module {name} from {}>", text(cx, origin)?)
                } else {
                    format!("<module {name} ({at})>")
                });
            }
            // A package without a place of its own, which tells where its parts are.
            let n = name!(cx, "loader");
            if let Some(loader) = ops::get_attr_opt(cx, spec, n)?
                && &*ops::class_of(loader).name() == "NamespaceLoader"
            {
                let n = name!(cx, "_path");
                let path = ops::get_attr(cx, loader, n)?;
                let path = ops::list_from_iter(cx, path)?;
                return Ok(format!("<module {name} (namespace) from {}>", text(cx, path.obj())?));
            }
        }
        if let Some(f) = ns.get_str(name!(cx, "__file__")) {
            return Ok(format!("<module {name} from {}>", text(cx, f)?));
        }
        match ns.get_str(name!(cx, "__loader__")).filter(|l| !l.is_none()) {
            Some(l) => Ok(format!("<module {name} ({})>", text(cx, l)?)),
            None => Ok(format!("<module {name}>")),
        }
    }

    /// __dir__() -> list
    /// specialized dir() implementation
    fn __dir__(this: Gc<Module>, cx: &mut Cx) -> Result<Obj> {
        let ns = ops::get_attr(cx, this.obj(), name!(cx, "__dict__"))?;
        let Some(ns) = ns.cast::<Dict>() else {
            let n = ops::class_of(this.obj()).name();
            return Err(cx.type_error(format!("{n}.__dict__ is not a dictionary")));
        };
        match ns.get_str(name!(cx, "__dir__")) {
            Some(f) => ops::call_args(cx, f, &[]),
            None => Ok(ops::list_from_iter(cx, ns.obj())?.obj()),
        }
    }
}

const DOC: &str =
    "Create a module object.\n\nThe name must be a string; the optional docstring argument can have any type.";

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let flags = SUBCLASSABLE | WEAKREF;
    let t = boot::define(cx, shape::MODULE, "module", DOC, flags, None, Some(types::layout_of::<Module>(0)))?;
    // The namespace is in the payload, so the layout has no word for it.
    t.set_flag(types::F_DICT, true);
    types::add_members(cx, t, ModuleMethods::MEMBERS)
}
