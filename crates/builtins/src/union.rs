//! `typing.Union`: the type of `int | str`.
//!
//! The arguments are kept without duplicates; nested unions are flattened.
//! Tests: tests/containers.rs; CPython test_types, test_typing.

use crate::generic_alias;
use typhon_macros::{Trace, class};
use typhon_object::list::{self, List};
use typhon_object::native;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, ExcKind, Gc, Obj, Result, ops, shape};

/// The payload of a union. It never changes.
#[derive(Trace)]
pub struct Union {
    /// `__args__`.
    pub args: Gc<Tuple>,
    /// How many of them had no hash.
    unhashable: usize,
}

/// Whether `|` makes a union of `o`.
fn is_unionable(cx: &Cx, o: Obj) -> bool {
    o.is_none()
        || o.cast::<Type>().is_some()
        || o.cast::<Union>().is_some()
        || o.cast::<generic_alias::GenericAlias>().is_some()
        || is_typing_form(cx, o)
}

/// Type variables and type aliases, which the VM or `_typing` define.
fn is_typing_form(cx: &Cx, o: Obj) -> bool {
    let c = ops::class_of(o);
    matches!(&*c.name(), "TypeVar" | "ParamSpec" | "TypeAliasType")
        && types::d_module(cx, c).and_then(|m| m.cast::<Str>()).is_some_and(|m| m.eq_str("typing"))
}

fn add(cx: &mut Cx, out: Gc<List>, o: Obj) -> Result<()> {
    if let Some(u) = o.cast::<Union>() {
        return u.payload().args.payload().items().iter().try_for_each(|a| add(cx, out, *a));
    }
    let o = if o.is_none() { types::class_for(shape::NONE).obj() } else { o };
    let hash = hash_if_any(cx, o)?;
    let mut i = 0;
    while let Some(a) = out.get(i) {
        i += 1;
        // As in a set; what cannot be in one is only compared with its like.
        if a == o || hash_if_any(cx, a)? == hash && ops::equal(cx, a, o)? {
            return Ok(());
        }
    }
    out.append(cx, o)
}

/// The hash of `o`, unless it has none.
fn hash_if_any(cx: &mut Cx, o: Obj) -> Result<Option<i64>> {
    let hash = ops::hash(cx, o);
    ops::catch(cx, hash, ExcKind::TypeError)
}

/// The union of all `items`; a single one stands for itself.
pub fn of(cx: &mut Cx, items: &[Obj]) -> Result<Obj> {
    let out = list::new(cx, &[])?;
    for o in items {
        add(cx, out, *o)?;
    }
    if out.len() == 1
        && let Some(o) = out.get(0)
    {
        return Ok(o);
    }
    let args = ops::tuple_from_list(cx, out)?;
    let mut unhashable = 0;
    for a in args.payload().items() {
        unhashable += hash_if_any(cx, *a)?.is_none() as usize;
    }
    Ok(native::instance(cx, Union { args, unhashable })?.obj())
}

/// `a | b` of types: NotImplemented if one is no type.
pub fn new(cx: &mut Cx, a: Obj, b: Obj) -> Result<Obj> {
    let either = a.cast::<Union>().is_some() || b.cast::<Union>().is_some();
    if !either && (!is_unionable(cx, a) || !is_unionable(cx, b)) {
        return Ok(Obj::NOT_IMPLEMENTED);
    }
    of_checked(cx, &[a, b])
}

/// The union of what `typing` accepts as types: a str is a forward reference.
fn of_checked(cx: &mut Cx, items: &[Obj]) -> Result<Obj> {
    if items.iter().all(|o| is_unionable(cx, *o)) {
        return of(cx, items);
    }
    let typing = crate::object_reduce::import(cx, "typing")?;
    let msg = typhon_object::str::new(cx, "Union[arg, ...]: each arg must be a type.")?;
    let checked = list::new(cx, &[])?;
    for o in items {
        let o = if is_unionable(cx, *o) { *o } else { ops::call_method(cx, typing, "_type_check", &[*o, msg.obj()])? };
        checked.append(cx, o)?;
    }
    let checked = ops::tuple_from_list(cx, checked)?;
    of(cx, checked.payload().items())
}

/// Represent a union type
///
/// E.g. for int | str
#[class(name = "Union", module = "typing", weakref)]
impl Union {
    #[getter]
    fn __args__(&self) -> Gc<Tuple> {
        self.args
    }
    #[getter]
    fn __parameters__(&self, cx: &mut Cx) -> Result<Obj> {
        generic_alias::parameters(cx, self.args)
    }
    #[getter]
    fn __origin__(this: Gc<Union>) -> Obj {
        ops::class_of(this.obj()).obj()
    }
    #[getter]
    fn __name__(&self) -> &'static str {
        "Union"
    }
    #[getter]
    fn __qualname__(&self) -> &'static str {
        "Union"
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        let _ = cls;
        match item.cast::<Tuple>() {
            Some(t) if t.is_empty() => Err(cx.type_error("Cannot take a Union of no types.")),
            Some(t) => of_checked(cx, t.payload().items()),
            None => of_checked(cx, &[item]),
        }
    }
    fn __or__(this: Gc<Union>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        new(cx, this.obj(), other)
    }
    fn __ror__(this: Gc<Union>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        new(cx, other, this.obj())
    }
    fn __getitem__(this: Gc<Union>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        let params = generic_alias::parameters(cx, this.args)?;
        let args = generic_alias::substitute(cx, this.obj(), this.args, params, key)?;
        of(cx, args.payload().items())
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        let mut out = Vec::new();
        for a in self.args.payload().items() {
            out.push(if *a == types::class_for(shape::NONE).obj() {
                "None".to_owned()
            } else {
                generic_alias::repr_item(cx, *a)?
            });
        }
        Ok(out.join(" | "))
    }
    fn __richcmp__(this: Gc<Union>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<Union>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let (x, y) = (this.args.payload().items(), b.payload().args.payload().items());
        let mut same = x.len() == y.len();
        for a in x {
            if !same {
                break;
            }
            same = false;
            for b in y {
                if ops::equal(cx, *a, *b)? {
                    same = true;
                    break;
                }
            }
        }
        Ok(Obj::bool(same == (op == CompareOp::Eq)))
    }
    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        // Independent of order.
        let mut h = 0x55_6e69_6f6e_i64;
        for a in self.args.payload().items() {
            h ^= ops::hash(cx, *a)?.wrapping_mul(0x9E37_79B9);
        }
        if self.unhashable > 0 {
            // They are hashable by now; the union was not made so.
            return Err(cx.type_error(format!("union contains {} unhashable elements", self.unhashable)));
        }
        Ok(if h == -1 { -2 } else { h })
    }
    fn __instancecheck__(&self, cx: &mut Cx, o: Obj) -> Result<bool> {
        for a in self.args.payload().items() {
            if ops::is_instance(cx, o, *a)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
    fn __subclasscheck__(&self, cx: &mut Cx, c: Obj) -> Result<bool> {
        for a in self.args.payload().items() {
            if ops::is_subclass(cx, c, *a)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
    fn __mro_entries__(&self, cx: &mut Cx, _bases: Obj) -> Result<Obj> {
        let text = Union::__repr__(self, cx)?;
        Err(cx.type_error(format!("Cannot subclass {text}")))
    }
}

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    native::class_of::<Union>(cx).map(|_| ())
}
