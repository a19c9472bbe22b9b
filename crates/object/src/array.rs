//! `Array`: the one traced array, on which lists, tuples and tables stand.
//! A heap object of a fixed number of slots. Never visible to Python.
//!
//! Tests: through `list` and `tuple`.

use crate::cx::Cx;
use crate::obj::{Gc, Obj};
use crate::{Result, shape};
use std::sync::atomic::{AtomicU64, Ordering};

/// The payload: a capacity, then that many slots.
#[repr(C)]
pub struct Array {
    cap: u64,
}

impl Array {
    /// Number of slots.
    #[inline(always)]
    pub fn cap(&self) -> usize {
        self.cap as usize
    }
    /// All slots.
    #[inline(always)]
    pub fn slots(&self) -> &[AtomicU64] {
        // `cap` slots follow the payload; it never changes.
        unsafe { std::slice::from_raw_parts((self as *const Array).add(1) as *const AtomicU64, self.cap as usize) }
    }
    /// The word at `i`, which must be in range; 0 if empty.
    #[inline(always)]
    pub fn word(&self, i: usize) -> u64 {
        self.slots()[i].load(Ordering::Acquire)
    }
    /// The value at `i`, if it is in range and filled.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Obj> {
        self.slots().get(i).and_then(|s| Obj::from_word(s.load(Ordering::Acquire)))
    }
    /// The first `n` slots as values: up to the first empty one.
    ///
    /// Only for arrays that the caller alone writes to (snapshots): a slot
    /// emptied meanwhile would not be a value.
    pub fn items(&self, n: usize) -> &'static [Obj] {
        let n = self.slots()[..n].iter().take_while(|s| s.load(Ordering::Relaxed) != 0).count();
        // These slots were just seen to hold values, and the caller owns them.
        unsafe { std::slice::from_raw_parts((self as *const Array).add(1) as *const Obj, n) }
    }
    /// Store at `i`.
    #[inline(always)]
    pub fn set(&self, cx: &Cx, i: usize, v: Obj) {
        self.slots()[i].store(v.word(), Ordering::Release);
        cx.barrier(Gc::of(self).obj());
    }
    /// Empty slot `i`.
    pub fn clear(&self, i: usize) {
        self.slots()[i].store(0, Ordering::Release);
    }
}

/// An array of empty slots.
pub fn new(cx: &Cx, cap: usize) -> Result<Gc<Array>> {
    if cap > (isize::MAX as usize) / 16 {
        return Err(cx.memory_error());
    }
    let p = cx.alloc_var(shape::ARRAY, 16 + 8 * cap, cap as u64)?;
    // Fresh object of this layout.
    Ok(unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) })
}

/// Copy the first `n` slots of `from` to those of `to` from `at` on, without a barrier.
#[inline]
pub fn copy_slots(from: Gc<Array>, to: Gc<Array>, at: usize, n: usize) {
    copy_range(from, 0, to, at, n);
}

/// Copy `n` slots of `from` from `start` on to those of `to` from `at` on, without a barrier.
#[inline]
pub fn copy_range(from: Gc<Array>, start: usize, to: Gc<Array>, at: usize, n: usize) {
    let (from, to) = (&from.slots()[start..start + n], &to.slots()[at..at + n]);
    if !typhon_gc::multi_threaded() {
        // Both ranges exist, and no other thread does.
        unsafe { std::ptr::copy(from.as_ptr(), to.as_ptr() as *mut AtomicU64, n) };
        return;
    }
    for (f, t) in from.iter().zip(to) {
        t.store(f.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Copy `src` to the front of the fresh array `a`.
pub fn fill(cx: &Cx, a: Gc<Array>, src: &[Obj]) {
    for (s, v) in a.slots().iter().zip(src) {
        s.store(v.word(), Ordering::Relaxed);
    }
    // A large array may be born old.
    cx.barrier(a.obj());
}
