//! `object.__reduce_ex__`: how objects take part in pickling and copying.
//!
//! Tests: CPython test_copy, test_pickle.

use typhon_object::dict::{self, Dict};
use typhon_object::list::List;
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result, instance, name, ops, shape, str};

/// A module by name, from `sys.modules` or imported.
pub fn import(cx: &mut Cx, module: &str) -> Result<Obj> {
    let n = cx.intern(module)?;
    let loaded = Obj::from_word(cx.interp().modules.get()).and_then(|m| m.cast::<Dict>()).and_then(|m| m.get_str(n));
    if let Some(m) = loaded.filter(|m| !m.is_none()) {
        return Ok(m);
    }
    let f = Obj::from_word(cx.interp().builtins.get())
        .and_then(|b| b.cast::<Dict>())
        .and_then(|b| b.get_str(name!(cx, "__import__")));
    match f {
        Some(f) => ops::call_args(cx, f, &[n.obj()]),
        None => Err(cx.error(typhon_object::ExcKind::ImportError, format!("cannot import {module}"))),
    }
}

/// What `__reduce_ex__(protocol)` returns for objects without a way of their own.
pub fn reduce(cx: &mut Cx, o: Obj, protocol: i32) -> Result<Obj> {
    let copyreg = import(cx, "copyreg")?;
    if protocol >= 2 {
        return reduce_new(cx, o, copyreg);
    }
    let f = ops::get_attr(cx, copyreg, name!(cx, "_reduce_ex"))?;
    ops::call_args(cx, f, &[o, Obj::int_unchecked(protocol as i64)])
}

/// A special method as found on the class, bound.
fn special(cx: &mut Cx, o: Obj, name: Gc<str::Str>) -> Result<Option<Obj>> {
    let c = ops::class_of(o);
    match cx.lookup(c, name) {
        Some(f) => ops::bind_descriptor(cx, f, o, c).map(Some),
        None => Ok(None),
    }
}

/// Positional and keyword arguments for `__new__`.
fn new_args(cx: &mut Cx, o: Obj) -> Result<(Option<Gc<Tuple>>, Option<Gc<Dict>>)> {
    if let Some(f) = special(cx, o, name!(cx, "__getnewargs_ex__"))? {
        let r = ops::call_args(cx, f, &[])?;
        let Some(t) = r.cast::<Tuple>() else {
            let n = cx.type_name(r);
            return Err(cx.type_error(format!("__getnewargs_ex__ should return a tuple, not '{n}'")));
        };
        let &[a, k] = t.payload().items() else {
            return Err(cx.value_error(format!("__getnewargs_ex__ should return a tuple of length 2, not {}", t.len())));
        };
        let Some(args) = a.cast::<Tuple>() else {
            let n = cx.type_name(a);
            return Err(cx.type_error(format!(
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{n}'"
            )));
        };
        let Some(kw) = k.cast::<Dict>() else {
            let n = cx.type_name(k);
            return Err(cx.type_error(format!(
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{n}'"
            )));
        };
        return Ok((Some(args), Some(kw)));
    }
    if let Some(f) = special(cx, o, name!(cx, "__getnewargs__"))? {
        let r = ops::call_args(cx, f, &[])?;
        return match r.cast::<Tuple>() {
            Some(t) => Ok((Some(t), None)),
            None => {
                let n = cx.type_name(r);
                Err(cx.type_error(format!("__getnewargs__ should return a tuple, not '{n}'")))
            }
        };
    }
    Ok((None, None))
}

fn cannot_pickle(cx: &Cx, c: Gc<Type>) -> typhon_object::Raised {
    let name = ops::type_name(cx, c);
    // CPython says it thus of objects whose size varies.
    if matches!(&*name, "memoryview" | "code") {
        return cx.type_error(format!("cannot pickle {name} objects"));
    }
    cx.type_error(format!("cannot pickle '{name}' object"))
}

fn reduce_new(cx: &mut Cx, o: Obj, copyreg: Obj) -> Result<Obj> {
    let c = ops::class_of(o);
    if c.has(types::F_NO_NEW) {
        return Err(cannot_pickle(cx, c));
    }
    let (args, kw) = new_args(cx, o)?;
    let has_args = args.is_some();
    let (new, new_args) = match kw.filter(|k| !k.is_empty()) {
        Some(kw) => {
            let f = ops::get_attr(cx, copyreg, name!(cx, "__newobj_ex__"))?;
            let args = args.map_or(Obj::NONE, |a| a.obj());
            (f, tuple::new(cx, &[c.obj(), args, kw.obj()])?)
        }
        None => {
            let f = ops::get_attr(cx, copyreg, name!(cx, "__newobj__"))?;
            let l = typhon_object::list::new(cx, &[c.obj()])?;
            if let Some(a) = args {
                for v in a.items() {
                    l.append(cx, *v)?;
                }
            }
            (f, ops::tuple_from_list(cx, l)?)
        }
    };
    let is_container = o.cast::<List>().is_some() || o.cast::<Dict>().is_some();
    let state = get_state(cx, o, !has_args && !is_container)?;
    let items = if o.cast::<List>().is_some() { ops::get_iter(cx, o)? } else { Obj::NONE };
    let pairs = if o.cast::<Dict>().is_some() {
        let v = ops::call_method(cx, o, "items", &[])?;
        ops::get_iter(cx, v)?
    } else {
        Obj::NONE
    };
    Ok(tuple::new(cx, &[new, new_args.obj(), state, items, pairs])?.obj())
}

/// What `o.__getstate__()` returns; `required` tells that `object`'s own must be
/// all there is.
pub fn get_state(cx: &mut Cx, o: Obj, required: bool) -> Result<Obj> {
    let n = name!(cx, "__getstate__");
    if cx.lookup(ops::class_of(o), n) == cx.lookup(types::class_for(shape::OBJECT), n) {
        return state(cx, o, required);
    }
    let f = ops::get_attr(cx, o, n)?;
    ops::call_args(cx, f, &[])
}

/// `object.__getstate__`; `required` tells that the state must be all there is.
pub fn state(cx: &mut Cx, o: Obj, required: bool) -> Result<Obj> {
    let c = ops::class_of(o);
    if required && types::cell_of(c).is_some() {
        return Err(cannot_pickle(cx, c));
    }
    let attrs = if instance::has_attrs(o) {
        let d = instance::attrs_copy(cx, o)?;
        if d.is_empty() { Obj::NONE } else { instance::dict_of(cx, o)?.obj() }
    } else {
        Obj::NONE
    };
    let known = c.dict().and_then(|d| d.get_str(name!(cx, "__slotnames__"))).and_then(|n| n.cast::<List>());
    let names = match known {
        Some(l) => l,
        None if !has_members(c) => return Ok(attrs),
        None => {
            let copyreg = import(cx, "copyreg")?;
            let f = ops::get_attr(cx, copyreg, name!(cx, "_slotnames"))?;
            let names = ops::call_args(cx, f, &[c.obj()])?;
            match names.cast::<List>() {
                Some(l) => l,
                None => return Err(cx.type_error("copyreg._slotnames didn't return a list or None")),
            }
        }
    };
    let slots = dict::new(cx)?;
    for i in 0..names.len() {
        let Some(n) = names.get(i).and_then(|n| n.cast::<str::Str>()) else { continue };
        if let Some(v) = ops::get_attr_opt(cx, o, n)? {
            slots.insert(cx, n.obj(), v)?;
        }
    }
    if slots.is_empty() {
        return Ok(attrs);
    }
    Ok(tuple::new(cx, &[attrs, slots.obj()])?.obj())
}

/// Whether instances have `__slots__` members.
fn has_members(c: Gc<Type>) -> bool {
    c.mro().iter().any(|k| {
        types::class(*k).dict().is_some_and(|d| d.items().any(|(_, m)| m.shape() == shape::MEMBER))
            && types::class(*k).has(types::F_HEAP)
    })
}
