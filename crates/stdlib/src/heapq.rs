//! `_heapq`: accelerates the standard library's heapq.py.
//!
//! Each operation is tried under the list's lock first, so that threads which
//! share a heap of numbers, strings or tuples of them keep its order. It changes
//! nothing before it knows all comparisons that it needs; if one of them would
//! take Python code, the lock is let go of and the operation done without it
//! (LOCK-1). Then a list that changes meanwhile is an error, as in CPython.
//!
//! Tests: tests/lang/racing.md; CPython test_heapq, test_free_threading.

use typhon_macros::module;
use typhon_object::list::{List, ListGuard};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::{CompareOp, Cx, ExcKind, Raised, Result, ops, shape};

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

/// How deep tuples in tuples are compared under the lock.
const DEPTH: usize = 4;

fn plain_less(a: Obj, b: Obj, depth: usize) -> Option<bool> {
    if let Some(r) = ops::compare_plain(a, b, CompareOp::Lt) {
        return Some(r);
    }
    let (x, y) = (exact_tuple(a, depth)?, exact_tuple(b, depth)?);
    for (a, b) in x.items().iter().zip(y.items()) {
        if !plain_equal(*a, *b, depth - 1)? {
            return plain_less(*a, *b, depth - 1);
        }
    }
    Some(x.len() < y.len())
}

fn plain_equal(a: Obj, b: Obj, depth: usize) -> Option<bool> {
    if a == b {
        return Some(true);
    }
    if let Some(r) = ops::compare_plain(a, b, CompareOp::Eq) {
        return Some(r);
    }
    let (x, y) = (exact_tuple(a, depth)?, exact_tuple(b, depth)?);
    if x.len() != y.len() {
        return Some(false);
    }
    for (a, b) in x.items().iter().zip(y.items()) {
        if !plain_equal(*a, *b, depth - 1)? {
            return Some(false);
        }
    }
    Some(true)
}

fn exact_tuple(o: Obj, depth: usize) -> Option<Gc<Tuple>> {
    if depth == 0 || o.shape() != shape::TUPLE { None } else { o.cast() }
}

/// [`before`] under a lock, if that can be known.
fn plain_before(a: Obj, b: Obj, max: bool) -> Option<bool> {
    if max { plain_less(b, a, DEPTH) } else { plain_less(a, b, DEPTH) }
}

/// A locked list. Its operations answer `None`, and have done nothing, where a
/// comparison is not plain.
struct Plain<'a> {
    list: ListGuard<'a>,
    cx: &'a Cx,
    max: bool,
}

impl<'a> Plain<'a> {
    fn new(cx: &'a Cx, h: Gc<List>, max: bool) -> Plain<'a> {
        Plain { list: h.payload().write(cx), cx, max }
    }
    fn store(&self, i: usize, v: Obj) {
        if let Some(b) = self.list.buf() {
            b.set(self.cx, i, v);
        }
    }
    /// Append an item and let it rise to its place.
    fn push(mut self, item: Obj) -> Option<Result<()>> {
        let last = self.list.len();
        let mut at = last;
        while at > 0 {
            let parent = (at - 1) / 2;
            if !plain_before(item, self.list.get(parent)?, self.max)? {
                break;
            }
            at = parent;
        }
        if let Err(e) = self.list.push(item) {
            return Some(Err(e));
        }
        let mut i = last;
        while i > at {
            let parent = (i - 1) / 2;
            self.store(i, self.list.get(parent)?);
            i = parent;
        }
        self.store(at, item);
        Some(Ok(()))
    }
    /// Put an item at `top`, whose own item goes, and restore the order of the
    /// heap of the first `n` items below it: the gap sinks along the children
    /// that come first, and then the item rises from there.
    fn settle(&self, top: usize, item: Obj, n: usize) -> Option<()> {
        let mut path = [0usize; usize::BITS as usize];
        let (mut depth, mut at) = (0, top);
        while at < n / 2 {
            let mut child = 2 * at + 1;
            if child + 1 < n && !plain_before(self.list.get(child)?, self.list.get(child + 1)?, self.max)? {
                child += 1;
            }
            path[depth] = child;
            depth += 1;
            at = child;
        }
        while depth > 0 && plain_before(item, self.list.get(path[depth - 1])?, self.max)? {
            depth -= 1;
        }
        at = top;
        for child in &path[..depth] {
            self.store(at, self.list.get(*child)?);
            at = *child;
        }
        self.store(at, item);
        Some(())
    }
    fn pop(mut self) -> Option<Obj> {
        let last = self.list.len().checked_sub(1)?;
        let (first, item) = (self.list.get(0)?, self.list.get(last)?);
        if last > 0 {
            self.settle(0, item, last)?;
        }
        self.list.pop();
        Some(first)
    }
    fn replace(self, item: Obj) -> Option<Obj> {
        let first = self.list.get(0)?;
        self.settle(0, item, self.list.len())?;
        Some(first)
    }
    fn push_pop(self, item: Obj) -> Option<Obj> {
        if !plain_before(self.list.get(0)?, item, self.max)? {
            return Some(item);
        }
        self.replace(item)
    }
    fn heapify(self) -> Option<()> {
        let n = self.list.len();
        for i in (0..n / 2).rev() {
            self.settle(i, self.list.get(i)?, n)?;
        }
        Some(())
    }
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
    if let Some(v) = Plain::new(cx, h, max).pop() {
        return Ok(v);
    }
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
    if let Some(v) = Plain::new(cx, h, max).replace(item) {
        return Ok(v);
    }
    let first = get(cx, h, 0)?;
    h.set(cx, 0, item);
    sift_up(cx, h, 0, max)?;
    Ok(first)
}

fn push(cx: &mut Cx, h: Gc<List>, item: Obj, max: bool) -> Result<()> {
    if let Some(r) = Plain::new(cx, h, max).push(item) {
        return r;
    }
    h.append(cx, item)?;
    let n = h.len();
    sift_down(cx, h, 0, n - 1, max)
}

fn push_pop(cx: &mut Cx, h: Gc<List>, item: Obj, max: bool) -> Result<Obj> {
    if let Some(v) = Plain::new(cx, h, max).push_pop(item) {
        return Ok(v);
    }
    let Some(top) = h.get(0) else { return Ok(item) };
    if !before(cx, top, item, max)? {
        return Ok(item);
    }
    replace(cx, h, item, max)
}

fn heapify_it(cx: &mut Cx, h: Gc<List>, max: bool) -> Result<()> {
    if Plain::new(cx, h, max).heapify().is_some() {
        return Ok(());
    }
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
