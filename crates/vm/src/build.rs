//! Displays and unpacking: building lists, tuples, sets, dicts.

use crate::hooks;
use typhon_object::dict::{self, Dict};
use typhon_object::list::{self, List};
use typhon_object::tuple;
use typhon_object::types;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, name, ops, shape};

fn as_list(o: Obj) -> Gc<List> {
    // The compiler made the list itself.
    unsafe { Gc::from_obj(o) }
}
fn as_dict(o: Obj) -> Gc<Dict> {
    // The compiler made the dict itself.
    unsafe { Gc::from_obj(o) }
}

crate::slow! {
    /// BUILDLIST.
    fn list(f) {
        let l = list::new(f.cx, f.regs(f.b(), f.c()))?;
        f.set(f.a(), l.obj());
        Ok(f.done())
    }
    /// BUILDTUPLE.
    fn tuple(f) {
        let t = tuple::new(f.cx, f.regs(f.b(), f.c()))?;
        f.set(f.a(), t.obj());
        Ok(f.done())
    }
    /// BUILDSET.
    fn set(f) {
        let s = hooks::new_set(f.cx)?;
        for v in f.regs(f.b(), f.c()) {
            hooks::set_add(f.cx, s, *v)?;
        }
        f.set(f.a(), s);
        Ok(f.done())
    }
    /// BUILDMAP.
    fn map(f) {
        let d = dict::new(f.cx)?;
        for p in f.regs(f.b(), 2 * f.c()).chunks_exact(2) {
            d.insert(f.cx, p[0], p[1])?;
        }
        f.set(f.a(), d.obj());
        Ok(f.done())
    }
    /// LISTAPPEND.
    fn list_append(f) {
        as_list(f.reg(f.a())).append(f.cx, f.reg(f.b()))?;
        Ok(f.done())
    }
    /// LISTEXTEND.
    fn list_extend(f) {
        let (l, o) = (as_list(f.reg(f.a())), f.reg(f.b()));
        match ops::extend_list(f.cx, l, o) {
            Err(e) if e.is(f.cx, ExcKind::TypeError)
                && ops::class_of(o).special(Dunder::Iter).is_none()
                && ops::class_of(o).special(Dunder::GetItem).is_none() =>
            {
                Err(f.cx.type_error(format!("Value after * must be an iterable, not {}", f.cx.type_name(o))))
            }
            r => r.map(|_| f.done()),
        }
    }
    /// SETADD.
    fn set_add(f) {
        // A program may have put something else in `__conditional_annotations__`.
        let s = f.reg(f.a());
        if s.shape() != shape::SET && !ops::class_of(s).is_subtype(types::class_for(shape::SET)) {
            return Err(f.cx.type_error(format!("expected a set, got '{}'", f.cx.type_name(s))));
        }
        hooks::set_add(f.cx, f.reg(f.a()), f.reg(f.b()))?;
        Ok(f.done())
    }
    /// SETUPDATE.
    fn set_update(f) {
        let s = f.reg(f.a());
        let o = f.reg(f.b());
        ops::for_each(f.cx, o, |cx, v| hooks::set_add(cx, s, v).map(|_| true))?;
        Ok(f.done())
    }
    /// MAPADD.
    fn map_add(f) {
        as_dict(f.reg(f.a())).insert(f.cx, f.reg(f.b()), f.reg(f.c()))?;
        Ok(f.done())
    }
    /// DICTUPDATE.
    fn dict_update(f) {
        let (d, m) = (as_dict(f.reg(f.a())), f.reg(f.b()));
        if !is_mapping(f.cx, m)? {
            return Err(f.cx.type_error(format!("'{}' object is not a mapping", f.cx.type_name(m))));
        }
        match m.cast::<Dict>().filter(|_| m.shape() == shape::DICT) {
            Some(m) => d.merge(f.cx, m, false)?,
            None => each_pair(f.cx, m, |cx, k, v| d.insert(cx, k, v).map(|_| ()))?,
        }
        Ok(f.done())
    }
    /// DICTMERGE.
    fn dict_merge(f) {
        let (d, m, callee) = (as_dict(f.reg(f.a())), f.reg(f.b()), f.reg(f.c()));
        if !is_mapping(f.cx, m)? {
            let what = hooks::function_text(f.cx, callee)?;
            return Err(f.cx.type_error(format!("{what} argument after ** must be a mapping, not {}", f.cx.type_name(m))));
        }
        each_pair(f.cx, m, |cx, k, v| {
            // Whether keys are strings is the call's affair.
            if d.get(cx, k)?.is_some() {
                let what = hooks::function_text(cx, callee)?;
                let key = ops::to_str(cx, k)?;
                let key = key.to_str();
                return Err(cx.type_error(format!("{what} got multiple values for keyword argument '{key}'")));
            }
            d.insert(cx, k, v).map(|_| ())
        })?;
        Ok(f.done())
    }
    /// LISTTOTUPLE.
    fn list_to_tuple(f) {
        let t = ops::tuple_from_list(f.cx, as_list(f.reg(f.b())))?;
        f.set(f.a(), t.obj());
        Ok(f.done())
    }
    /// UNPACKSEQ.
    fn unpack_seq(f) {
        let (a, n, o) = (f.a(), f.c(), f.reg(f.b()));
        if o.shape() == shape::LIST {
            // By its shape. Another thread may make it shorter meanwhile.
            let l: Gc<List> = unsafe { Gc::from_obj(o) };
            if l.len() == n && (0..n).all(|i| l.get(i).map(|v| f.set(a + i, v)).is_some()) {
                return Ok(f.done());
            }
        }
        let l = unpack(f.cx, o, n, None)?;
        for i in 0..n {
            f.set(a + i, l.get(i).expect("counted"));
        }
        Ok(f.done())
    }
    /// UNPACKEX.
    fn unpack_ex(f) {
        let (a, before, after, o) = (f.a(), f.x() as usize, f.c(), f.reg(f.b()));
        let l = unpack(f.cx, o, before, Some(after))?;
        let n = l.len();
        let rest = list::new(f.cx, &[])?;
        for i in before..n - after {
            rest.append(f.cx, l.get(i).expect("counted"))?;
        }
        for i in 0..before {
            f.set(a + i, l.get(i).expect("counted"));
        }
        f.set(a + before, rest.obj());
        for i in 0..after {
            f.set(a + before + 1 + i, l.get(n - after + i).expect("counted"));
        }
        Ok(f.done())
    }
}

/// Take exactly `n` items, or at least `n + after` if `after` is given.
fn unpack(cx: &mut Cx, o: Obj, n: usize, after: Option<usize>) -> Result<Gc<List>> {
    let it = match ops::get_iter(cx, o) {
        Err(e)
            if e.is(cx, ExcKind::TypeError)
                && ops::class_of(o).special(Dunder::Iter).is_none()
                && ops::class_of(o).special(Dunder::GetItem).is_none() =>
        {
            return Err(cx.type_error(format!("cannot unpack non-iterable {} object", cx.type_name(o))));
        }
        r => r?,
    };
    let l = list::new(cx, &[])?;
    let limit = if after.is_some() { usize::MAX } else { n };
    while l.len() < limit {
        match ops::iter_next(cx, it)? {
            Some(v) => l.append(cx, v)?,
            None => break,
        }
    }
    let got = l.len();
    let least = n + after.unwrap_or(0);
    if got < least {
        let at_least = if after.is_some() { "at least " } else { "" };
        return Err(cx.value_error(format!("not enough values to unpack (expected {at_least}{least}, got {got})")));
    }
    if after.is_none() && ops::iter_next(cx, it)?.is_some() {
        let given = match o.shape() {
            shape::LIST | shape::TUPLE | shape::DICT => format!(", got {}", ops::len(cx, o)?),
            _ => String::new(),
        };
        return Err(cx.value_error(format!("too many values to unpack (expected {n}{given})")));
    }
    Ok(l)
}

/// Whether `**m` accepts `m`.
fn is_mapping(cx: &mut Cx, m: Obj) -> Result<bool> {
    if m.cast::<Dict>().is_some() {
        return Ok(true);
    }
    Ok(ops::get_attr_opt(cx, m, name!(cx, "keys"))?.is_some())
}

/// Every key and value of a mapping.
pub fn each_pair(cx: &mut Cx, m: Obj, mut f: impl FnMut(&mut Cx, Obj, Obj) -> Result<()>) -> Result<()> {
    if m.shape() == shape::DICT
        && let Some(d) = m.cast::<Dict>()
    {
        for (k, v) in d.items() {
            f(cx, k, v)?;
        }
        return Ok(());
    }
    let keys = ops::call_method(cx, m, "keys", &[])?;
    ops::for_each(cx, keys, |cx, k| {
        let v = ops::get_item(cx, m, k)?;
        f(cx, k, v).map(|_| true)
    })
}
