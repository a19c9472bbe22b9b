//! `_heapq`: accelerates the standard library's heapq.py.
//!
//! Tests: CPython test_heapq.

use typhon_macros::module;
use typhon_object::list::List;
use typhon_object::obj::{Gc, Obj};
use typhon_object::{Cx, ExcKind, Raised, Result, ops};

fn changed(cx: &Cx) -> Raised {
    cx.error(ExcKind::RuntimeError, "list changed size during iteration")
}
fn out_of_range(cx: &Cx) -> Raised {
    cx.error(ExcKind::IndexError, "index out of range")
}
fn get(cx: &Cx, h: Gc<List>, i: usize) -> Result<Obj> {
    h.get(i).ok_or_else(|| out_of_range(cx))
}
/// Whether `a` comes before `b` in the heap.
fn before(cx: &mut Cx, a: Obj, b: Obj, max: bool) -> Result<bool> {
    if max { ops::less(cx, b, a) } else { ops::less(cx, a, b) }
}

fn sift_down(cx: &mut Cx, h: Gc<List>, start: usize, pos: usize, max: bool) -> Result<()> {
    let n = h.len();
    let mut pos = pos;
    let item = get(cx, h, pos)?;
    while pos > start {
        let parent = (pos - 1) / 2;
        let p = get(cx, h, parent)?;
        let up = before(cx, item, p, max)?;
        if h.len() != n {
            return Err(changed(cx));
        }
        if !up {
            break;
        }
        h.set(cx, pos, p);
        h.set(cx, parent, item);
        pos = parent;
    }
    Ok(())
}

fn sift_up(cx: &mut Cx, h: Gc<List>, pos: usize, max: bool) -> Result<()> {
    let n = h.len();
    let start = pos;
    let mut pos = pos;
    let item = get(cx, h, pos)?;
    while pos < n / 2 {
        let mut child = 2 * pos + 1;
        if child + 1 < n {
            let (a, b) = (get(cx, h, child)?, get(cx, h, child + 1)?);
            if !before(cx, a, b, max)? {
                child += 1;
            }
            if h.len() != n {
                return Err(changed(cx));
            }
        }
        let c = get(cx, h, child)?;
        h.set(cx, pos, c);
        h.set(cx, child, item);
        pos = child;
    }
    sift_down(cx, h, start, pos, max)
}

fn pop(cx: &mut Cx, h: Gc<List>, max: bool) -> Result<Obj> {
    let last = h.write(cx).pop().ok_or_else(|| out_of_range(cx))?;
    if h.is_empty() {
        return Ok(last);
    }
    let first = get(cx, h, 0)?;
    h.set(cx, 0, last);
    sift_up(cx, h, 0, max)?;
    Ok(first)
}

fn replace(cx: &mut Cx, h: Gc<List>, item: Obj, max: bool) -> Result<Obj> {
    let first = get(cx, h, 0)?;
    h.set(cx, 0, item);
    sift_up(cx, h, 0, max)?;
    Ok(first)
}

fn push(cx: &mut Cx, h: Gc<List>, item: Obj, max: bool) -> Result<()> {
    h.append(cx, item)?;
    let n = h.len();
    sift_down(cx, h, 0, n - 1, max)
}

fn push_pop(cx: &mut Cx, h: Gc<List>, item: Obj, max: bool) -> Result<Obj> {
    let Some(top) = h.get(0) else { return Ok(item) };
    if !before(cx, top, item, max)? {
        return Ok(item);
    }
    replace(cx, h, item, max)
}

fn heapify_it(cx: &mut Cx, h: Gc<List>, max: bool) -> Result<()> {
    for i in (0..h.len() / 2).rev() {
        sift_up(cx, h, i, max)?;
    }
    Ok(())
}

/// Heap queue algorithm (a.k.a. priority queue).
#[module("_heapq")]
pub mod heapq {
    use super::*;

    /// Push item onto heap, maintaining the heap invariant.
    fn heappush(cx: &mut Cx, heap: Gc<List>, item: Obj) -> Result<()> {
        push(cx, heap, item, false)
    }
    /// Pop the smallest item off the heap, maintaining the heap invariant.
    fn heappop(cx: &mut Cx, heap: Gc<List>) -> Result<Obj> {
        pop(cx, heap, false)
    }
    /// Pop and return the current smallest value, and add the new item.
    fn heapreplace(cx: &mut Cx, heap: Gc<List>, item: Obj) -> Result<Obj> {
        replace(cx, heap, item, false)
    }
    /// Push item on the heap, then pop and return the smallest item from the heap.
    fn heappushpop(cx: &mut Cx, heap: Gc<List>, item: Obj) -> Result<Obj> {
        push_pop(cx, heap, item, false)
    }
    /// Transform list into a heap, in-place, in O(len(heap)) time.
    fn heapify(cx: &mut Cx, heap: Gc<List>) -> Result<()> {
        heapify_it(cx, heap, false)
    }
    /// Push item onto max heap, maintaining the heap invariant.
    fn heappush_max(cx: &mut Cx, heap: Gc<List>, item: Obj) -> Result<()> {
        push(cx, heap, item, true)
    }
    /// Maxheap variant of heappop.
    fn heappop_max(cx: &mut Cx, heap: Gc<List>) -> Result<Obj> {
        pop(cx, heap, true)
    }
    /// Maxheap variant of heapreplace.
    fn heapreplace_max(cx: &mut Cx, heap: Gc<List>, item: Obj) -> Result<Obj> {
        replace(cx, heap, item, true)
    }
    /// Maxheap variant of heappushpop.
    fn heappushpop_max(cx: &mut Cx, heap: Gc<List>, item: Obj) -> Result<Obj> {
        push_pop(cx, heap, item, true)
    }
    /// Maxheap variant of heapify.
    fn heapify_max(cx: &mut Cx, heap: Gc<List>) -> Result<()> {
        heapify_it(cx, heap, true)
    }
}
