//! `_bisect`: accelerates the standard library's bisect.py.
//!
//! Tests: CPython test_bisect.

use typhon_macros::module;
use typhon_object::native::FromArg;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Dunder, Result, dict::Dict, int, list::List, ops};

/// A bound: an integer, or None for the end.
#[derive(Clone, Copy)]
struct Bound(Option<isize>);

impl FromArg for Bound {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Bound> {
        if v.is_none() {
            return Ok(Bound(None));
        }
        if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
            return Err(cx.type_error(format!("argument should be integer or None, not '{}'", cx.type_name(v))));
        }
        Ok(Bound(Some(ops::index_size(cx, v)?)))
    }
}

/// Where `x` belongs; `right` puts it behind equal items.
fn search(cx: &mut Cx, a: Obj, x: Obj, lo: isize, hi: Bound, key: Option<Obj>, right: bool) -> Result<usize> {
    if lo < 0 {
        return Err(cx.value_error("lo must be non-negative"));
    }
    if a.cast::<Dict>().is_some() && ops::class_of(a).is_native() {
        return Err(cx.type_error(format!("{} is not a sequence", cx.type_name(a))));
    }
    // As in CPython, -1 says the same as None, and nothing lies before another negative one.
    let hi = hi.0.filter(|h| *h != -1);
    let length = if hi.is_none() { ops::len(cx, a)? } else { 0 };
    if !ops::is_sequence(a) && ops::class_of(a).special(Dunder::GetItem).is_none() {
        return Err(cx.type_error(format!("'{}' object does not support indexing", cx.type_name(a))));
    }
    let mut lo = lo as usize;
    let mut hi = match hi {
        Some(h) => h.max(0) as usize,
        None => length,
    };
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        let i = int::from_i64(cx, mid as i64)?;
        let mut v = ops::get_item(cx, a, i)?;
        if let Some(k) = key {
            v = ops::call_args(cx, k, &[v])?;
        }
        let before = if right { !ops::less(cx, x, v)? } else { ops::less(cx, v, x)? };
        if before { lo = mid + 1 } else { hi = mid }
    }
    Ok(lo)
}

fn insert(cx: &mut Cx, a: Obj, x: Obj, at: usize) -> Result<()> {
    if let Some(l) = a.cast::<List>().filter(|_| ops::class_of(a).is_native()) {
        let mut g = l.write(cx);
        let at = at.min(g.len());
        return g.splice(at, at, &[x]);
    }
    let at = int::from_i64(cx, at as i64)?;
    ops::call_method(cx, a, "insert", &[at, x]).map(|_| ())
}

fn keyed(cx: &mut Cx, x: Obj, key: Option<Obj>) -> Result<Obj> {
    match key {
        Some(k) => ops::call_args(cx, k, &[x]),
        None => Ok(x),
    }
}

/// Bisection algorithms.
///
/// This module provides support for maintaining a list in sorted order without
/// having to sort the list after each insertion. For long lists of items with
/// expensive comparison operations, this can be an improvement over the more
/// common approach.
#[module("_bisect")]
pub mod bisect {
    use super::*;

    /// Return the index where to insert item x in list a, assuming a is sorted.
    #[sig(a, x, lo = 0, hi = None, *, key = None)]
    fn bisect_right(cx: &mut Cx, a: Obj, x: Obj, lo: isize, hi: Bound, key: Option<Obj>) -> Result<usize> {
        search(cx, a, x, lo, hi, key, true)
    }
    /// Return the index where to insert item x in list a, assuming a is sorted.
    #[sig(a, x, lo = 0, hi = None, *, key = None)]
    fn bisect_left(cx: &mut Cx, a: Obj, x: Obj, lo: isize, hi: Bound, key: Option<Obj>) -> Result<usize> {
        search(cx, a, x, lo, hi, key, false)
    }
    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    #[sig(a, x, lo = 0, hi = None, *, key = None)]
    fn insort_right(cx: &mut Cx, a: Obj, x: Obj, lo: isize, hi: Bound, key: Option<Obj>) -> Result<()> {
        let k = keyed(cx, x, key)?;
        let at = search(cx, a, k, lo, hi, key, true)?;
        insert(cx, a, x, at)
    }
    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    #[sig(a, x, lo = 0, hi = None, *, key = None)]
    fn insort_left(cx: &mut Cx, a: Obj, x: Obj, lo: isize, hi: Bound, key: Option<Obj>) -> Result<()> {
        let k = keyed(cx, x, key)?;
        let at = search(cx, a, k, lo, hi, key, false)?;
        insert(cx, a, x, at)
    }
}
