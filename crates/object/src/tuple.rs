//! `tuple`: an immutable sequence. Its methods are in typhon-builtins.
//!
//! Layout: header, length, items, hash. The items are an array that never changes once
//! returned; the hash is 0 until somebody has asked for it.
//! Tests: tests/lang/tuple.md; CPython test_tuple.

use crate::cx::Cx;
use crate::native::Payload;
use crate::obj::{Gc, Obj};
use crate::types::Type;
use crate::{Result, ops, shape};
use std::sync::atomic::{AtomicU64, Ordering};

/// The payload of a `tuple`.
#[repr(C)]
pub struct Tuple {
    len: u64,
}

/// Bytes behind the items: the hash.
pub(crate) const TAIL: usize = 8;

pub(crate) unsafe fn var_size(p: *const u8) -> usize {
    // Called on live tuples only.
    unsafe { 16 + 8 * *(p.add(8) as *const u64) as usize + TAIL }
}

impl Tuple {
    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }
    /// Whether it is `()`.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The items.
    #[inline(always)]
    pub fn items(&self) -> &'static [Obj] {
        // `len` values follow and never change; tuples are filled before
        // anyone else sees them.
        unsafe { std::slice::from_raw_parts((self as *const Tuple).add(1) as *const Obj, self.len as usize) }
    }
    fn hash_word(&self) -> &AtomicU64 {
        // It stands behind the items.
        unsafe { &*(self.items().as_ptr_range().end as *const AtomicU64) }
    }
    /// The hash, if it was computed before.
    #[inline(always)]
    pub fn known_hash(&self) -> Option<i64> {
        let h = self.hash_word().load(Ordering::Relaxed) as i64;
        (h != 0).then_some(h)
    }
    /// The item at `i`, if in range.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Obj> {
        self.items().get(i).copied()
    }
}

impl Payload for Tuple {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::TUPLE || crate::native::has_payload(o, shape::TUPLE))
    }
}

/// A tuple of these items.
pub fn new(cx: &Cx, items: &[Obj]) -> Result<Gc<Tuple>> {
    if items.is_empty()
        && let Some(t) = cx.rt().empty_tuple()
    {
        return Ok(t);
    }
    alloc(cx, shape::TUPLE, items, 0)
}

/// An instance of `class`, which is `tuple` or derives from it.
pub fn new_of(cx: &Cx, class: Gc<Type>, items: &[Obj]) -> Result<Obj> {
    let shape_id = class.root_shape();
    if shape_id == shape::TUPLE {
        return Ok(new(cx, items)?.obj());
    }
    // A subclass has an ext word behind the hash.
    let t = alloc(cx, shape_id, items, 8)?;
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(t.addr()) };
    }
    Ok(t.obj())
}

/// A tuple (or subclass instance: `tail` extra bytes) of these items.
pub(crate) fn alloc(cx: &Cx, shape_id: u32, items: &[Obj], tail: usize) -> Result<Gc<Tuple>> {
    let p = cx.alloc_var(shape_id, 16 + 8 * items.len() + TAIL + tail, items.len() as u64)?;
    // Fresh object with room for the items.
    unsafe {
        let slots = std::slice::from_raw_parts(p.add(16) as *const AtomicU64, items.len());
        for (s, v) in slots.iter().zip(items) {
            s.store(v.word(), Ordering::Relaxed);
        }
        let t = Obj::from_word_unchecked(p as u64);
        // A large tuple may be born old.
        cx.barrier(t);
        Ok(Gc::from_obj(t))
    }
}

/// The hash of a tuple, computed once.
pub fn hash(cx: &mut Cx, t: Gc<Tuple>) -> Result<i64> {
    if let Some(h) = t.known_hash() {
        return Ok(h);
    }
    cx.enter_while("while hashing a tuple")?;
    let h = hash_items(cx, t.items())?;
    // Two threads find the same; what it was computed from does not change.
    t.hash_word().store(h as u64, Ordering::Relaxed);
    Ok(h)
}

/// CPython's hash of a tuple: xxHash's mixing of the items' hashes.
pub fn hash_items(cx: &mut Cx, items: &[Obj]) -> Result<i64> {
    const P1: u64 = 11400714785074694791;
    const P2: u64 = 14029467366897019727;
    const P5: u64 = 2870177450012600261;
    let mut acc = P5;
    for v in items {
        let lane = ops::hash(cx, *v)? as u64;
        acc = acc.wrapping_add(lane.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1);
    }
    acc = acc.wrapping_add(items.len() as u64 ^ (P5 ^ 3527539));
    Ok(if acc == u64::MAX { 1546275796 } else { acc as i64 })
}
