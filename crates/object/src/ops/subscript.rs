//! Subscripts: `o[k]`, `o[k] = v`, `del o[k]`, `x in o`.

use super::class_of;
use crate::cx::Cx;
use crate::dict::Dict;
use crate::dunder::Dunder;
use crate::exc::{self, ExcKind};
use crate::list::List;
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::types::Type;
use crate::{Result, ops, shape, str};

/// `o[k]`.
pub fn get_item(cx: &mut Cx, o: Obj, k: Obj) -> Result<Obj> {
    match o.shape() {
        shape::LIST if k.is_small_int() => {
            // By its shape.
            let l: Gc<List> = unsafe { Gc::from_obj(o) };
            let i = wrap(k.as_small_int().unwrap(), l.len());
            return match i.and_then(|i| l.get(i)) {
                Some(v) => Ok(v),
                None => Err(cx.error(ExcKind::IndexError, "list index out of range")),
            };
        }
        shape::TUPLE if k.is_small_int() => {
            // By its shape.
            let t: Gc<Tuple> = unsafe { Gc::from_obj(o) };
            let i = wrap(k.as_small_int().unwrap(), t.len());
            return match i.and_then(|i| t.get(i)) {
                Some(v) => Ok(v),
                None => Err(cx.error(ExcKind::IndexError, "tuple index out of range")),
            };
        }
        shape::STR if k.is_small_int() => {
            // By its shape.
            let s: Gc<Str> = unsafe { Gc::from_obj(o) };
            return match wrap(k.as_small_int().unwrap(), s.len()) {
                Some(i) => Ok(str::from_char(cx, s.at(i))?.obj()),
                None => Err(cx.error(ExcKind::IndexError, "string index out of range")),
            };
        }
        shape::DICT => {
            // By its shape.
            let d: Gc<Dict> = unsafe { Gc::from_obj(o) };
            return match d.get(cx, k)? {
                Some(v) => Ok(v),
                None => Err(exc::key_error(cx, k)),
            };
        }
        _ => {}
    }
    let k = subscript(cx, o, k)?;
    if let Some(r) = ops::call_special(cx, o, Dunder::GetItem, &[k])? {
        return Ok(r);
    }
    if let Some(t) = o.cast::<Type>() {
        let n = crate::types::d_name(cx, Dunder::ClassGetItem);
        if t.obj() == crate::types::class_for(shape::TYPE).obj() {
            return match cx.rt().generic_alias_hook() {
                Some(f) => f(cx, o, k),
                None => Err(cx.type_error("type 'type' is not subscriptable")),
            };
        }
        if let Some(f) = ops::get_attr_opt(cx, o, n)? {
            return ops::call_args(cx, f, &[k]);
        }
        return Err(cx.type_error(format!("type '{}' is not subscriptable", ops::type_name(cx, t))));
    }
    Err(cx.type_error(format!("'{}' object is not subscriptable", cx.type_name(o))))
}

/// A Python index (negative from the end) as an offset, if in range.
#[inline(always)]
pub fn wrap(i: i64, len: usize) -> Option<usize> {
    let i = if i < 0 { i + len as i64 } else { i };
    (i >= 0 && (i as usize) < len).then_some(i as usize)
}

/// What the method gets as the key: of a class whose items are found by index only, the
/// operator makes the index, with errors of its own.
#[inline]
fn subscript(cx: &mut Cx, o: Obj, k: Obj) -> Result<Obj> {
    let c = class_of(o);
    if k.is_small_int() || !c.has(crate::types::F_BY_INDEX) {
        return Ok(k);
    }
    if class_of(k).special(Dunder::Index).is_none() {
        return Err(cx.type_error(format!("sequence index must be integer, not '{}'", cx.type_name(k))));
    }
    let i = ops::index_isize(cx, k)?;
    crate::int::from_i64(cx, i as i64)
}

/// `o[k] = v`.
pub fn set_item(cx: &mut Cx, o: Obj, k: Obj, v: Obj) -> Result<()> {
    match o.shape() {
        shape::LIST if k.is_small_int() => {
            // By its shape.
            let l: Gc<List> = unsafe { Gc::from_obj(o) };
            let i = wrap(k.as_small_int().unwrap(), l.len());
            return match i {
                Some(i) if l.set(cx, i, v) => Ok(()),
                _ => Err(cx.error(ExcKind::IndexError, "list assignment index out of range")),
            };
        }
        shape::DICT => {
            // By its shape.
            let d: Gc<Dict> = unsafe { Gc::from_obj(o) };
            d.insert(cx, k, v)?;
            return Ok(());
        }
        _ => {}
    }
    let k = subscript(cx, o, k)?;
    match ops::call_special(cx, o, Dunder::SetItem, &[k, v])? {
        Some(_) => Ok(()),
        None => Err(cx.type_error(format!("'{}' object does not support item assignment", cx.type_name(o)))),
    }
}

/// `del o[k]`.
pub fn del_item(cx: &mut Cx, o: Obj, k: Obj) -> Result<()> {
    let k = subscript(cx, o, k)?;
    match ops::call_special(cx, o, Dunder::DelItem, &[k])? {
        Some(_) => Ok(()),
        None => Err(cx.type_error(format!("'{}' object doesn't support item deletion", cx.type_name(o)))),
    }
}

fn any_equal(cx: &mut Cx, x: Obj, item: impl Fn(usize) -> Option<Obj>) -> Result<bool> {
    let mut i = 0;
    while let Some(v) = item(i) {
        if ops::equal(cx, v, x)? {
            return Ok(true);
        }
        i += 1;
    }
    Ok(false)
}

/// `x in o`.
pub fn contains(cx: &mut Cx, o: Obj, x: Obj) -> Result<bool> {
    // By their shapes.
    match o.shape() {
        shape::DICT => return Ok(unsafe { Gc::<Dict>::from_obj(o) }.get(cx, x)?.is_some()),
        shape::LIST => return any_equal(cx, x, |i| unsafe { Gc::<List>::from_obj(o) }.get(i)),
        shape::TUPLE => return any_equal(cx, x, |i| unsafe { Gc::<Tuple>::from_obj(o) }.get(i)),
        _ => {}
    }
    let c = class_of(o);
    match c.special(Dunder::Contains) {
        Some(m) if m.is_none() => {
            return Err(cx.type_error(format!("'{}' object is not a container", c.name())));
        }
        Some(m) => {
            let r = ops::call_unbound(cx, m, o, &[x], None)?;
            return ops::truth(cx, r);
        }
        None => {}
    }
    if c.special(Dunder::Iter).is_none() && c.special(Dunder::GetItem).is_none() {
        return Err(cx.type_error(format!("argument of type '{}' is not a container or iterable", c.name())));
    }
    let mut found = false;
    ops::for_each(cx, o, |cx, v| {
        found = ops::equal(cx, v, x)?;
        Ok(!found)
    })?;
    Ok(found)
}
