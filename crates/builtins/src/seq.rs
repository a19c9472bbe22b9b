//! What `list` and `tuple` share: comparison, searching, and taking any
//! iterable as a slice of values.
//!
//! Tests: through list and tuple.

use typhon_object::{CompareOp, Cx, ExcKind, Gc, Obj, Result, list::List, ops, tuple::Tuple};

/// Compare item by item; `item` functions return `None` past the end, so that
/// lists may change while Python code compares their items.
pub fn compare(
    cx: &mut Cx,
    a: impl Fn(usize) -> Option<Obj>,
    b: impl Fn(usize) -> Option<Obj>,
    lens: impl Fn() -> (usize, usize),
    op: CompareOp,
) -> Result<Obj> {
    let (la, lb) = lens();
    if la != lb && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Obj::bool(op == CompareOp::Ne));
    }
    let mut i = 0;
    while let (Some(x), Some(y)) = (a(i), b(i)) {
        if !ops::equal(cx, x, y)? {
            // The comparison may have shortened them.
            let (la, lb) = lens();
            if i >= la.min(lb) {
                break;
            }
            return match op {
                CompareOp::Eq => Ok(Obj::FALSE),
                CompareOp::Ne => Ok(Obj::TRUE),
                _ => ops::rich_compare(cx, x, y, op),
            };
        }
        i += 1;
    }
    let (la, lb) = lens();
    Ok(Obj::bool(op.holds(la.cmp(&lb))))
}

/// Position of the first item equal to `x` in `start..stop`.
pub fn position(
    cx: &mut Cx,
    item: impl Fn(usize) -> Option<Obj>,
    x: Obj,
    start: usize,
    stop: usize,
) -> Result<Option<usize>> {
    let mut i = start;
    while i < stop {
        let Some(v) = item(i) else { break };
        if ops::equal(cx, v, x)? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

/// The items of any iterable as a slice that stays as it is. The object in
/// front keeps it alive; `msg` replaces "object is not iterable".
pub fn fast_items(cx: &mut Cx, v: Obj, msg: &str) -> Result<(Obj, &'static [Obj])> {
    if let Some(t) = v.cast::<Tuple>() {
        return Ok((v, t.payload().items()));
    }
    let l: Gc<List> = match v.cast::<List>() {
        Some(l) => l,
        None => {
            let it = match ops::get_iter(cx, v) {
                Err(e) if e.is(cx, ExcKind::TypeError) => return Err(cx.type_error(msg)),
                r => r?,
            };
            ops::list_from_iter(cx, it)?
        }
    };
    let a = l.snapshot(cx)?;
    Ok((a.obj(), a.items(a.cap())))
}

/// `start` and `stop` arguments of `index`, from the end if negative.
pub fn search_range(start: isize, stop: isize, len: usize) -> (usize, usize) {
    let fix = |i: isize| if i < 0 { i.saturating_add(len as isize).max(0) as usize } else { i as usize };
    (fix(start), fix(stop))
}
