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

/// `args` with the parameters replaced by `item` (a tuple for several).
pub fn substitute(cx: &mut Cx, this: Obj, args: Gc<Tuple>, params: Obj, item: Obj) -> Result<Gc<Tuple>> {
    let params = match params.cast::<Tuple>() {
        Some(p) if !p.is_empty() => p.payload().items(),
        _ => {
            let text = ops::repr(cx, this)?.to_str().into_owned();
            return Err(cx.type_error(format!("{text} is not a generic class")));
        }
    };
    let mut given = item;
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
        let (subst, own) = (name!(cx, "__typing_subst__"), name!(cx, "__parameters__"));
        if let Some(f) = ops::get_attr_opt(cx, *a, subst)?.filter(|f| !f.is_none())
            && let Some(i) = params.iter().position(|p| p == a)
        {
            let v = ops::call_args(cx, f, &[values[i]])?;
            // A TypeVarTuple stands for several arguments.
            let unpacked = name!(cx, "__typing_is_unpacked_typevartuple__");
            let several = match ops::get_attr_opt(cx, *a, unpacked)? {
                Some(u) => ops::truth(cx, u)?,
                None => false,
            };
            match v.cast::<Tuple>().filter(|_| several) {
                Some(t) => t.payload().items().iter().try_for_each(|v| out.append(cx, *v))?,
                None => out.append(cx, v)?,
            }
            continue;
        }
        let inner = match ops::get_attr_opt(cx, *a, own)? {
            Some(p) => p.cast::<Tuple>().filter(|t| !t.is_empty()),
            None => None,
        };
        let Some(inner) = inner else {
            out.append(cx, *a)?;
            continue;
        };
        let picked = list::new(cx, &[])?;
        for p in inner.payload().items() {
            let v = params.iter().position(|q| q == p).map_or(*p, |i| values[i]);
            picked.append(cx, v)?;
        }
        let key = ops::tuple_from_list(cx, picked)?;
        let v = ops::get_item(cx, *a, key.obj())?;
        out.append(cx, v)?;
    }
    Ok(())
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
            | "__instancecheck__"
            | "__subclasscheck__"
            | "__getitem__"
            | "__call__"
            | "__or__"
            | "__ror__"
            | "__eq__"
            | "__hash__"
            | "__repr__"
            | "__dir__"
            | "__iter__"
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
        let special = text.starts_with("__") && text.ends_with("__");
        if !special || !is_own(&text) {
            let name = intern::intern(cx, name)?;
            // Other special names are the class's when the alias is asked as
            // an instance of a subclass.
            return match ops::get_attr_opt(cx, this.origin, name)? {
                Some(v) => Ok(v),
                None => ops::generic_get_attr(cx, this.obj(), name),
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
        Ok(tuple::new(cx, &[ops::class_of(this.obj()).obj(), args.obj()])?.obj())
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
