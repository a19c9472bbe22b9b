//! `match`: the tests that patterns make.

use typhon_object::dict::Dict;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, int, list, name, ops};

crate::slow! {
    /// MATCHCLASS.
    fn match_class(f) {
        let (b, n) = (f.b(), f.c());
        let r = class_attrs(f.cx, f.reg(b), f.reg(b + 1), f.reg(b + 2), n)?;
        f.set(f.a(), r.unwrap_or(Obj::NONE));
        Ok(f.done())
    }
    /// MATCHKEYS.
    fn match_keys(f) {
        let (m, keys) = (f.reg(f.b()), f.reg(f.c()));
        let r = keys_of(f.cx, m, keys)?;
        f.set(f.a(), r.unwrap_or(Obj::NONE));
        Ok(f.done())
    }
    /// MATCHMAPPING.
    fn match_mapping(f) {
        let r = ops::class_of(f.reg(f.b())).has(types::F_MAPPING);
        f.set(f.a(), Obj::bool(r));
        Ok(f.done())
    }
    /// MATCHSEQUENCE.
    fn match_sequence(f) {
        let r = ops::class_of(f.reg(f.b())).has(types::F_SEQUENCE);
        f.set(f.a(), Obj::bool(r));
        Ok(f.done())
    }
    /// GETLEN.
    fn get_len(f) {
        let o = f.reg(f.b());
        let n = ops::len(f.cx, o)?;
        let n = int::from_i64(f.cx, n as i64)?;
        f.set(f.a(), n);
        Ok(f.done())
    }
}

fn keys_of(cx: &mut Cx, m: Obj, keys: Obj) -> Result<Option<Obj>> {
    let keys = ops::tuple_from_iter(cx, keys)?;
    let out = list::new(cx, &[])?;
    let seen = typhon_object::dict::new(cx)?;
    let missing = list::new(cx, &[])?.obj();
    for k in keys.items() {
        if seen.insert(cx, *k, Obj::NONE)?.is_some() {
            let r = ops::repr(cx, *k)?;
            return Err(cx.value_error(format!("mapping pattern checks duplicate key ({})", r.to_str())));
        }
        let v = match m.cast::<Dict>() {
            Some(d) if m.shape() == typhon_object::shape::DICT => d.get(cx, *k)?,
            _ => {
                // `get` does not trigger `__missing__`.
                let v = ops::call_method(cx, m, "get", &[*k, missing])?;
                (v != missing).then_some(v)
            }
        };
        match v {
            Some(v) => out.append(cx, v)?,
            None => return Ok(None),
        }
    }
    Ok(Some(ops::tuple_from_list(cx, out)?.obj()))
}

/// Classes that match one positional pattern with the subject itself.
const SELF_MATCH: &[&str] =
    &["bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"];

fn class_attrs(cx: &mut Cx, subject: Obj, cls: Obj, names: Obj, positional: usize) -> Result<Option<Obj>> {
    let Some(t) = cls.cast::<Type>() else {
        return Err(cx.type_error("called match pattern must be a class"));
    };
    if !ops::is_instance(cx, subject, cls)? {
        return Ok(None);
    }
    let out = list::new(cx, &[])?;
    let seen = typhon_object::dict::new(cx)?;
    if positional > 0 {
        let args = ops::get_attr_opt(cx, cls, name!(cx, "__match_args__"))?;
        match args {
            Some(a) => {
                let Some(a) = a.cast::<Tuple>() else {
                    return Err(cx.type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        t.name(),
                        cx.type_name(a)
                    )));
                };
                if a.len() < positional {
                    return Err(too_many(cx, t, a.len(), positional));
                }
                for n in &a.items()[..positional] {
                    let Some(n) = n.cast::<Str>() else {
                        return Err(cx.type_error(format!(
                            "__match_args__ elements must be strings (got {})",
                            cx.type_name(*n)
                        )));
                    };
                    if !attr(cx, subject, n, t, seen, out)? {
                        return Ok(None);
                    }
                }
            }
            None => {
                let whole = t.mro().iter().any(|c| {
                    let c = types::class(*c);
                    c.is_native() && SELF_MATCH.contains(&c.name().as_ref())
                });
                if !whole || positional > 1 {
                    return Err(too_many(cx, t, whole as usize, positional));
                }
                out.append(cx, subject)?;
            }
        }
    }
    let names = ops::tuple_from_iter(cx, names)?;
    for n in names.items() {
        let Some(n) = n.cast::<Str>() else { continue };
        if !attr(cx, subject, n, t, seen, out)? {
            return Ok(None);
        }
    }
    Ok(Some(ops::tuple_from_list(cx, out)?.obj()))
}

fn too_many(cx: &Cx, t: Gc<Type>, allowed: usize, given: usize) -> typhon_object::Raised {
    cx.error(
        ExcKind::TypeError,
        format!(
            "{}() accepts {allowed} positional sub-pattern{} ({given} given)",
            t.name(),
            if allowed == 1 { "" } else { "s" }
        ),
    )
}

fn attr(cx: &mut Cx, o: Obj, n: Gc<Str>, t: Gc<Type>, seen: Gc<Dict>, out: Gc<list::List>) -> Result<bool> {
    if seen.insert(cx, n.obj(), Obj::NONE)?.is_some() {
        return Err(cx.type_error(format!("{}() got multiple sub-patterns for attribute '{}'", t.name(), n.to_str())));
    }
    match ops::get_attr_opt(cx, o, n)? {
        Some(v) => out.append(cx, v).map(|_| true),
        None => Ok(false),
    }
}
