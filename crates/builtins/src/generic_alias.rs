//! `types.GenericAlias`: `list[int]`.
//!
//! Tests: tests/containers.rs; CPython test_genericalias.

use typhon_macros::{Trace, class};
use typhon_object::list::{self, List};
use typhon_object::native::{self, Args, instance_of};
use typhon_object::str::Str;
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, ExcKind, Gc, Obj, Result, intern, name, ops, shape};

/// The payload of a generic alias.
#[derive(Trace)]
pub struct GenericAlias {
    /// `__origin__`.
    pub origin: Obj,
    /// `__args__`.
    pub args: Gc<Tuple>,
    /// Made by `*list[int]`.
    pub starred: bool,
}

/// `origin[item]`.
pub fn new(cx: &mut Cx, origin: Obj, item: Obj) -> Result<Obj> {
    let args = match item.cast::<Tuple>() {
        Some(t) => t,
        None => tuple::new(cx, &[item])?,
    };
    Ok(native::instance(cx, GenericAlias { origin, args, starred: false })?.obj())
}

/// The text of a type argument.
pub fn repr_item(cx: &mut Cx, o: Obj) -> Result<String> {
    if o == Obj::ELLIPSIS {
        return Ok("...".to_owned());
    }
    if let Some(l) = o.cast::<List>() {
        let mut parts = Vec::new();
        let mut i = 0;
        while let Some(v) = l.get(i) {
            i += 1;
            parts.push(repr_item(cx, v)?);
        }
        return Ok(format!("[{}]", parts.join(", ")));
    }
    let (origin, args) = (name!(cx, "__origin__"), name!(cx, "__args__"));
    let is_alias = ops::get_attr_opt(cx, o, origin)?.is_some() && ops::get_attr_opt(cx, o, args)?.is_some();
    if !is_alias {
        let (q, m) = (name!(cx, "__qualname__"), name!(cx, "__module__"));
        let q = ops::get_attr_opt(cx, o, q)?.filter(|q| !q.is_none());
        let m = ops::get_attr_opt(cx, o, m)?.filter(|m| !m.is_none());
        if let (Some(q), Some(m)) = (q, m) {
            let q = ops::to_str(cx, q)?.to_str().into_owned();
            let m = ops::to_str(cx, m)?.to_str().into_owned();
            return Ok(if m == "builtins" { q } else { format!("{m}.{q}") });
        }
    }
    Ok(ops::repr(cx, o)?.to_str().into_owned())
}

/// The type variables in `args`, in order and once each.
pub fn parameters(cx: &mut Cx, args: Gc<Tuple>) -> Result<Obj> {
    let out = list::new(cx, &[])?;
    collect(cx, args.payload().items(), out)?;
    Ok(ops::tuple_from_list(cx, out)?.obj())
}

fn collect(cx: &mut Cx, items: &[Obj], out: Gc<List>) -> Result<()> {
    cx.enter()?;
    for a in items {
        if a.cast::<Type>().is_some() {
            continue;
        }
        if let Some(t) = a.cast::<Tuple>() {
            collect(cx, t.payload().items(), out)?;
            continue;
        }
        if let Some(l) = a.cast::<List>() {
            let t = ops::tuple_from_list(cx, l)?;
            collect(cx, t.payload().items(), out)?;
            continue;
        }
        let (subst, params) = (name!(cx, "__typing_subst__"), name!(cx, "__parameters__"));
        if ops::get_attr_opt(cx, *a, subst)?.is_some() {
            add_once(cx, out, *a)?;
        } else if let Some(p) = ops::get_attr_opt(cx, *a, params)?
            && let Some(t) = p.cast::<Tuple>()
        {
            for v in t.payload().items() {
                add_once(cx, out, *v)?;
            }
        }
    }
    Ok(())
}

fn add_once(cx: &mut Cx, out: Gc<List>, o: Obj) -> Result<()> {
    if (0..out.len()).any(|i| out.get(i) == Some(o)) {
        return Ok(());
    }
    out.append(cx, o)
}

/// The given arguments, with `*tuple[int, str]` as two of them.
fn unpack_args(cx: &mut Cx, given: Obj) -> Result<Gc<Tuple>> {
    let given = match given.cast::<Tuple>() {
        Some(t) => t,
        None => tuple::new(cx, &[given])?,
    };
    let out = list::new(cx, &[])?;
    for a in given.payload().items() {
        let n = name!(cx, "__typing_unpacked_tuple_args__");
        let parts = if a.cast::<Type>().is_some() { None } else { ops::get_attr_opt(cx, *a, n)? };
        match parts.and_then(|p| p.cast::<Tuple>()) {
            // `*tuple[int, ...]` is of no known length.
            Some(t) if t.payload().items().last() != Some(&Obj::ELLIPSIS) => {
                t.payload().items().iter().try_for_each(|v| out.append(cx, *v))?;
            }
            _ => out.append(cx, *a)?,
        }
    }
    ops::tuple_from_list(cx, out)
}

/// `args` with the parameters replaced by `item` (a tuple for several).
pub fn substitute(cx: &mut Cx, this: Obj, args: Gc<Tuple>, params: Obj, item: Obj) -> Result<Gc<Tuple>> {
    let params = match params.cast::<Tuple>() {
        Some(p) if !p.is_empty() => p.payload().items(),
        _ => {
            let text = ops::repr(cx, this)?.to_str().into_owned();
            return Err(cx.type_error(format!("{text} is not a generic class")));
        }
    };
    let mut given = unpack_args(cx, item)?.obj();
    let prepare = name!(cx, "__typing_prepare_subst__");
    for p in params {
        if let Some(f) = ops::get_attr_opt(cx, *p, prepare)?.filter(|f| !f.is_none()) {
            let as_tuple = match given.cast::<Tuple>() {
                Some(_) => given,
                None => tuple::new(cx, &[given])?.obj(),
            };
            given = ops::call_args(cx, f, &[this, as_tuple])?;
        }
    }
    let given = match given.cast::<Tuple>() {
        Some(t) => t,
        None => tuple::new(cx, &[given])?,
    };
    let values = given.payload().items();
    if values.len() != params.len() {
        let text = ops::repr(cx, this)?.to_str().into_owned();
        let what = if values.len() > params.len() { "many" } else { "few" };
        return Err(cx.type_error(format!(
            "Too {what} arguments for {text}; actual {}, expected {}",
            values.len(),
            params.len()
        )));
    }
    let out = list::new(cx, &[])?;
    replace(cx, args.payload().items(), params, values, out)?;
    ops::tuple_from_list(cx, out)
}

/// Whether `o` is `*Ts` or `Unpack[Ts]`, for which several arguments stand.
fn is_unpacked_typevartuple(cx: &mut Cx, o: Obj) -> Result<bool> {
    let n = name!(cx, "__typing_is_unpacked_typevartuple__");
    match ops::get_attr_opt(cx, o, n)? {
        Some(u) => ops::truth(cx, u),
        None => Ok(false),
    }
}

fn replace(cx: &mut Cx, items: &[Obj], params: &[Obj], values: &[Obj], out: Gc<List>) -> Result<()> {
    cx.enter()?;
    for a in items {
        if a.cast::<Type>().is_some() {
            out.append(cx, *a)?;
            continue;
        }
        if a.cast::<Tuple>().is_some() || a.cast::<List>().is_some() {
            let inner = list::new(cx, &[])?;
            let t = ops::tuple_from_iter(cx, *a)?;
            replace(cx, t.payload().items(), params, values, inner)?;
            if a.cast::<Tuple>().is_some() {
                let t = ops::tuple_from_list(cx, inner)?;
                out.append(cx, t.obj())?;
            } else {
                out.append(cx, inner.obj())?;
            }
            continue;
        }
        let several = is_unpacked_typevartuple(cx, *a)?;
        let subst = name!(cx, "__typing_subst__");
        let v = match ops::get_attr_opt(cx, *a, subst)?.filter(|f| !f.is_none()) {
            Some(f) => {
                let Some(i) = params.iter().position(|p| p == a) else {
                    let text = ops::repr(cx, *a)?.to_str().into_owned();
                    return Err(cx.type_error(format!("{text} not found in __parameters__")));
                };
                ops::call_args(cx, f, &[values[i]])?
            }
            None => with_parameters(cx, *a, params, values)?,
        };
        match v.cast::<Tuple>() {
            Some(t) if several => t.payload().items().iter().try_for_each(|v| out.append(cx, *v))?,
            None if several => {
                let (this, got) = (ops::class_of(*a).name(), ops::class_of(v).name());
                return Err(
                    cx.type_error(format!("expected __typing_subst__ of {this} objects to return a tuple, not {got}"))
                );
            }
            _ => out.append(cx, v)?,
        }
    }
    Ok(())
}

/// `a` with its own parameters replaced, if it has any.
fn with_parameters(cx: &mut Cx, a: Obj, params: &[Obj], values: &[Obj]) -> Result<Obj> {
    let own = name!(cx, "__parameters__");
    let inner = match ops::get_attr_opt(cx, a, own)? {
        Some(p) => p.cast::<Tuple>().filter(|t| !t.is_empty()),
        None => None,
    };
    let Some(inner) = inner else { return Ok(a) };
    let picked = list::new(cx, &[])?;
    for p in inner.payload().items() {
        let Some(i) = params.iter().position(|q| q == p) else {
            picked.append(cx, *p)?;
            continue;
        };
        // What can be iterated over is a TypeVarTuple, whose value is a tuple.
        let variadic = ops::class_of(*p).lookup_uncached(name!(cx, "__iter__")).is_some();
        match values[i].cast::<Tuple>().filter(|_| variadic) {
            Some(t) => t.payload().items().iter().try_for_each(|v| picked.append(cx, *v))?,
            None => picked.append(cx, values[i])?,
        }
    }
    let key = ops::tuple_from_list(cx, picked)?;
    ops::get_item(cx, a, key.obj())
}

/// Attributes that the alias answers itself instead of its origin.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "__class__"
            | "__origin__"
            | "__args__"
            | "__unpacked__"
            | "__parameters__"
            | "__typing_unpacked_tuple_args__"
            | "__mro_entries__"
            | "__reduce_ex__"
            | "__reduce__"
            | "__copy__"
            | "__deepcopy__"
    )
}

/// Represent a PEP 585 generic type
///
/// E.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).
#[class(name = "GenericAlias", module = "types", subclassable, weakref)]
impl GenericAlias {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        if args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("GenericAlias() takes no keyword arguments"));
        }
        let &[origin, item] = args.pos else {
            return Err(cx.type_error(format!("GenericAlias expected 2 arguments, got {}", args.pos.len())));
        };
        let t = match item.cast::<Tuple>() {
            Some(t) => t,
            None => tuple::new(cx, &[item])?,
        };
        let a = GenericAlias { origin, args: t, starred: false };
        Ok(instance_of(cx, cls, a)?.obj())
    }
    #[getter]
    fn __origin__(&self) -> Obj {
        self.origin
    }
    #[getter]
    fn __args__(&self) -> Gc<Tuple> {
        self.args
    }
    #[getter]
    fn __unpacked__(&self) -> bool {
        self.starred
    }
    #[getter]
    fn __parameters__(&self, cx: &mut Cx) -> Result<Obj> {
        parameters(cx, self.args)
    }
    #[getter]
    fn __typing_unpacked_tuple_args__(&self) -> Option<Gc<Tuple>> {
        let is_tuple = self.origin == types::class_for(shape::TUPLE).obj();
        (self.starred && is_tuple).then_some(self.args)
    }
    fn __getattribute__(this: Gc<GenericAlias>, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let text = name.to_str();
        // It is no class: the bases of its origin are not its own.
        if !is_own(&text) && text != "__bases__" {
            let name = intern::intern(cx, name)?;
            // Other special names are the class's when the alias is asked as
            // an instance of a subclass.
            return match ops::get_attr_opt(cx, this.origin, name)? {
                Some(v) => Ok(v),
                None => match ops::generic_get_attr(cx, this.obj(), name) {
                    Err(e) if e.is(cx, ExcKind::AttributeError) => ops::get_attr(cx, this.origin, name),
                    r => r,
                },
            };
        }
        ops::generic_get_attr(cx, this.obj(), name)
    }
    fn __getitem__(this: Gc<GenericAlias>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        let params = parameters(cx, this.args)?;
        let args = substitute(cx, this.obj(), this.args, params, key)?;
        let a = GenericAlias { origin: this.origin, args, starred: this.starred };
        Ok(instance_of(cx, ops::class_of(this.obj()), a)?.obj())
    }
    fn __call__(this: Gc<GenericAlias>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let o = ops::call(cx, this.origin, args.all(), args.kw)?;
        let n = name!(cx, "__orig_class__");
        match ops::set_attr(cx, o, n, Some(this.obj())) {
            Err(e) if !e.is(cx, ExcKind::AttributeError) && !e.is(cx, ExcKind::TypeError) => Err(e),
            _ => Ok(o),
        }
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let mut parts = Vec::new();
        for a in self.args.payload().items() {
            parts.push(repr_item(cx, *a)?);
        }
        let inner = if parts.is_empty() { "()".to_owned() } else { parts.join(", ") };
        let star = if self.starred { "*" } else { "" };
        Ok(format!("{star}{}[{inner}]", repr_item(cx, self.origin)?))
    }
    fn __richcmp__(this: Gc<GenericAlias>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<GenericAlias>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let same = this.starred == b.starred
            && ops::equal(cx, this.origin, b.origin)?
            && ops::equal(cx, this.args.obj(), b.args.obj())?;
        Ok(Obj::bool(same == (op == CompareOp::Eq)))
    }
    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        let h = ops::hash(cx, self.origin)? ^ ops::hash(cx, self.args.obj())?;
        Ok(if h == -1 { -2 } else { h })
    }
    fn __or__(this: Gc<GenericAlias>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        crate::union::new(cx, this.obj(), other)
    }
    fn __ror__(this: Gc<GenericAlias>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        crate::union::new(cx, other, this.obj())
    }
    fn __mro_entries__(&self, cx: &mut Cx, _bases: Obj) -> Result<Obj> {
        Ok(tuple::new(cx, &[self.origin])?.obj())
    }
    fn __instancecheck__(&self, cx: &mut Cx, _o: Obj) -> Result<Obj> {
        Err(cx.type_error("isinstance() argument 2 cannot be a parameterized generic"))
    }
    fn __subclasscheck__(&self, cx: &mut Cx, _c: Obj) -> Result<Obj> {
        Err(cx.type_error("issubclass() argument 2 cannot be a parameterized generic"))
    }
    fn __reduce__(this: Gc<GenericAlias>, cx: &mut Cx) -> Result<Obj> {
        let args = tuple::new(cx, &[this.origin, this.args.obj()])?;
        if this.starred {
            let plain = GenericAlias { origin: this.origin, args: this.args, starred: false };
            let plain = instance_of(cx, ops::class_of(this.obj()), plain)?.obj();
            let typing = crate::object_reduce::import(cx, "_typing")?;
            let next = name!(cx, "_starred");
            let next = ops::get_attr(cx, typing, next)?;
            let args = tuple::new(cx, &[plain])?;
            return Ok(tuple::new(cx, &[next, args.obj()])?.obj());
        }
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args.obj()])?.obj())
    }
    fn __dir__(this: Gc<GenericAlias>, cx: &mut Cx) -> Result<Obj> {
        let builtins = crate::object_reduce::import(cx, "builtins")?;
        let names = ops::call_method(cx, builtins, "dir", &[this.origin])?;
        let names = ops::list_from_iter(cx, names)?;
        for own in [
            "__args__",
            "__origin__",
            "__parameters__",
            "__unpacked__",
            "__typing_unpacked_tuple_args__",
            "__mro_entries__",
        ] {
            let own = typhon_object::str::new(cx, own)?;
            names.append(cx, own.obj())?;
        }
        Ok(names.obj())
    }
    fn __iter__(this: Gc<GenericAlias>, cx: &mut Cx) -> Result<Obj> {
        // One item: the alias with a star.
        let a = GenericAlias { origin: this.origin, args: this.args, starred: true };
        let starred = instance_of(cx, ops::class_of(this.obj()), a)?;
        let t = tuple::new(cx, &[starred.obj()])?;
        ops::tuple_iter(cx, t.obj())
    }
}

/// Make the class and supply it to `type[k]`.
pub fn init(cx: &mut Cx) -> Result<()> {
    native::class_of::<GenericAlias>(cx)?;
    let _ = cx.rt().hooks().generic_alias.set(new);
    Ok(())
}
