//! Methods of bound methods. Their payload is in typhon-object.
//!
//! Tests: tests/containers.rs; CPython test_funcattrs.

use typhon_macros::class;
use typhon_object::method::{self, Method};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Gc, Obj, Result, intern, name, ops, shape, tuple};

struct MethodMethods;

#[class(name = "method", extends = Method)]
impl MethodMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        let &[func, this] = args.pos else {
            return Err(cx.type_error(format!("method expected 2 arguments, got {}", args.pos.len())));
        };
        if !crate::functions::is_callable(func) {
            return Err(cx.type_error("first argument must be callable"));
        }
        if this.is_none() {
            return Err(cx.type_error("instance must not be None"));
        }
        method::new(cx, func, this)
    }
    fn __getattribute__(this: Gc<Method>, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let name = intern::intern(cx, name)?;
        let c = types::class_for(shape::METHOD);
        // Attributes that `method` itself has, then those of the function.
        match cx.lookup(c, name) {
            Some(d) => ops::bind_descriptor(cx, d, this.obj(), c),
            None => ops::get_attr(cx, this.func, name),
        }
    }
    #[getter]
    fn __func__(this: Gc<Method>) -> Obj {
        this.func
    }
    #[getter]
    fn __self__(this: Gc<Method>) -> Obj {
        this.this
    }
    #[getter]
    fn __doc__(this: Gc<Method>, cx: &mut Cx) -> Result<Obj> {
        let n = name!(cx, "__doc__");
        Ok(ops::get_attr_opt(cx, this.func, n)?.unwrap_or(Obj::NONE))
    }
    fn __call__(this: Gc<Method>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        ops::call_prepend(cx, this.func, this.this, args.all(), args.kw)
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<Method>, cx: &Cx, instance: Obj, owner: Obj) -> Obj {
        let _ = (cx, instance, owner);
        // Already bound.
        this.obj()
    }
    fn __repr__(this: Gc<Method>, cx: &mut Cx) -> Result<String> {
        let n = name!(cx, "__qualname__");
        let mut name = ops::get_attr_opt(cx, this.func, n)?;
        if name.is_none() {
            let n = name!(cx, "__name__");
            name = ops::get_attr_opt(cx, this.func, n)?;
        }
        let name = name.and_then(|n| n.cast::<Str>()).map_or("?".to_owned(), |s| s.to_str().into_owned());
        Ok(format!("<bound method {name} of {}>", ops::repr(cx, this.this)?.to_str()))
    }
    fn __richcmp__(this: Gc<Method>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<Method>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let same = this.this == b.this && ops::equal(cx, this.func, b.func)?;
        Ok(Obj::bool(same == (op == CompareOp::Eq)))
    }
    fn __hash__(this: Gc<Method>, cx: &mut Cx) -> Result<i64> {
        let h = ops::hash(cx, this.func)? ^ ops::hash_identity(this.this);
        Ok(if h == -1 { -2 } else { h })
    }
    /// Helper for pickle.
    fn __reduce__(this: Gc<Method>, cx: &mut Cx) -> Result<Obj> {
        let f = crate::functions::builtin(cx, "getattr")?;
        let n = name!(cx, "__name__");
        let name = ops::get_attr(cx, this.func, n)?;
        let args = tuple::new(cx, &[this.this, name])?;
        Ok(tuple::new(cx, &[f, args.obj()])?.obj())
    }
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, types::class_for(shape::METHOD), MethodMethods::MEMBERS)
}
