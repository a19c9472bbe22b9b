//! `types.SimpleNamespace`: an object with the attributes it was called with.
//!
//! Tests: tests/containers.rs; CPython test_types.

use crate::repr_guard;
use typhon_macros::{Trace, class};
use typhon_object::dict::Dict;
use typhon_object::native::{self, Args, instance_of};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, Gc, Obj, Result, instance, intern, ops, str, tuple};
use typhon_text::strview::StrBuf;

/// The payload: everything is in the attributes.
#[derive(Trace)]
pub struct Namespace;

/// A namespace with the items of `attrs`, which has string keys.
pub fn new(cx: &mut Cx, attrs: Gc<Dict>) -> Result<Obj> {
    let o = native::instance(cx, Namespace)?.obj();
    fill(cx, o, attrs)?;
    Ok(o)
}

fn fill(cx: &Cx, o: Obj, attrs: Gc<Dict>) -> Result<()> {
    for (k, v) in attrs.items() {
        let Some(k) = k.cast::<Str>() else { return Err(cx.type_error("keywords must be strings")) };
        let k = intern::intern(cx, k)?;
        instance::set(cx, o, k, v)?;
    }
    Ok(())
}

/// A simple attribute-based namespace.
#[class(name = "SimpleNamespace", module = "types", subclassable, dict)]
impl Namespace {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        Ok(instance_of(cx, cls, Namespace)?.obj())
    }
    fn __init__(this: Gc<Namespace>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let o = this.obj();
        match *args.pos {
            [] => {}
            [from] => {
                let d = match from.cast::<Dict>() {
                    Some(d) => d,
                    None => {
                        let class = typhon_object::types::class_for(typhon_object::shape::DICT).obj();
                        let d = ops::call_args(cx, class, &[from])?;
                        d.cast::<Dict>().ok_or_else(|| cx.type_error("not a mapping"))?
                    }
                };
                fill(cx, o, d)?;
            }
            _ => {
                let (name, n) = (ops::class_of(o).name(), args.pos.len());
                return Err(cx.type_error(format!("{name} expected at most 1 argument, got {n}")));
            }
        }
        for (k, v) in args.keywords() {
            let k = intern::intern(cx, k)?;
            instance::set(cx, o, k, v)?;
        }
        Ok(())
    }
    #[getter]
    fn __dict__(this: Gc<Namespace>, cx: &Cx) -> Result<Gc<Dict>> {
        instance::dict_of(cx, this.obj())
    }
    fn __repr__(this: Gc<Namespace>, cx: &mut Cx) -> Result<Obj> {
        let exact = Namespace::is_exact(this);
        let name = if exact { "namespace".to_owned() } else { cx.type_name(this.obj()) };
        let Some(_entered) = repr_guard::enter(this.obj()) else {
            return Ok(str::new(cx, &format!("{name}(...)"))?.obj());
        };
        let mut out = StrBuf::new();
        out.push_str(&name);
        out.push_str("(");
        let d = instance::attrs_copy(cx, this.obj())?;
        let mut first = true;
        for (k, v) in d.items() {
            let Some(k) = k.cast::<Str>().filter(|k| !k.is_empty()) else { continue };
            if !first {
                out.push_str(", ");
            }
            first = false;
            out.push_view(k.view());
            out.push_str("=");
            repr_guard::push_repr(cx, &mut out, v)?;
        }
        out.push_str(")");
        Ok(repr_guard::finish(cx, out)?.obj())
    }
    fn __richcmp__(this: Gc<Namespace>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        if other.cast::<Namespace>().is_none() {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let (a, b) = (instance::attrs_copy(cx, this.obj())?, instance::attrs_copy(cx, other)?);
        ops::rich_compare(cx, a.obj(), b.obj(), op)
    }
    /// Return state information for pickling
    fn __reduce__(this: Gc<Namespace>, cx: &mut Cx) -> Result<Obj> {
        let empty = tuple::new(cx, &[])?;
        let d = instance::attrs_copy(cx, this.obj())?;
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), empty.obj(), d.obj()])?.obj())
    }
    /// Return a copy of the namespace object with new values for the specified attributes.
    fn __replace__(this: Gc<Namespace>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        if !args.pos.is_empty() {
            return Err(cx.type_error("__replace__() takes no positional arguments"));
        }
        let class = ops::class_of(this.obj());
        let new = ops::call_args(cx, class.obj(), &[])?;
        if new.cast::<Namespace>().is_none() {
            let (want, got) = (ops::full_name(cx, class), cx.type_name(new));
            let want = want.strip_prefix("__main__.").unwrap_or(&want);
            let text = format!("expect types.SimpleNamespace type, but {want}() returned '{got}' object");
            return Err(cx.type_error(text));
        }
        let d = instance::attrs_copy(cx, this.obj())?;
        fill(cx, new, d)?;
        for (k, v) in args.keywords() {
            let k = intern::intern(cx, k)?;
            instance::set(cx, new, k, v)?;
        }
        Ok(new)
    }
    #[internal]
    fn is_exact(this: Gc<Namespace>) -> bool {
        ops::class_of(this.obj()).is_native()
    }
}
