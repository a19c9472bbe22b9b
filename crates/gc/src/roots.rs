//! Exact roots outside the heap (GC-15), and further stacks.
//!
//! All are visited at each collection, young ones included, so stores need no
//! barrier.

use crate::layout::is_pointer;
use crate::mutator::Mutator;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use typhon_sync::prim::lock;

/// A value in a static: `static NONE_TYPE: Root = Root::new();`.
pub struct Root {
    value: AtomicU64,
    registered: AtomicBool,
}

static STATICS: Mutex<Vec<&'static Root>> = Mutex::new(Vec::new());

impl Root {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self { value: AtomicU64::new(0), registered: AtomicBool::new(false) }
    }

    /// The value word; 0 before the first `set`.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.value.load(Ordering::Acquire)
    }

    /// Stores a value. The mutator proves that the caller is attached.
    pub fn set(&'static self, _m: &Mutator, value: u64) {
        self.value.store(value, Ordering::Release);
        if !self.registered.load(Ordering::Relaxed) {
            let mut statics = lock(&STATICS);
            if !self.registered.swap(true, Ordering::Relaxed) {
                statics.push(self);
            }
        }
    }
}

/// A value owned by native code: for values that move into another thread's closure
/// or live in a Rust structure. Dropping it unregisters it.
pub struct OwnedRoot {
    index: usize,
}

pub(crate) struct Slab {
    slots: Vec<u64>,
    free: Vec<usize>,
}

static OWNED: Mutex<Slab> = Mutex::new(Slab { slots: Vec::new(), free: Vec::new() });

impl OwnedRoot {
    pub fn new(_m: &Mutator, value: u64) -> Self {
        let mut slab = lock(&OWNED);
        let index = slab.free.pop().unwrap_or(slab.slots.len());
        match index == slab.slots.len() {
            true => slab.slots.push(value),
            false => slab.slots[index] = value,
        }
        Self { index }
    }

    pub fn get(&self) -> u64 {
        lock(&OWNED).slots[self.index]
    }

    pub fn set(&self, _m: &Mutator, value: u64) {
        lock(&OWNED).slots[self.index] = value;
    }
}

impl Drop for OwnedRoot {
    /// May run on any thread, attached or not.
    fn drop(&mut self) {
        let mut slab = lock(&OWNED);
        slab.slots[self.index] = 0;
        slab.free.push(self.index);
    }
}

/// Memory that is scanned conservatively: the used part of a stack that no thread
/// runs on at the moment. Dropping it unregisters it.
pub struct StackRange {
    id: u64,
}

pub(crate) struct Ranges {
    next: u64,
    list: Vec<(u64, usize, usize)>,
}

static RANGES: Mutex<Ranges> = Mutex::new(Ranges { next: 0, list: Vec::new() });

impl StackRange {
    /// # Safety
    /// [lo, hi) stays readable until the range is changed or dropped.
    pub unsafe fn new(_m: &Mutator, lo: usize, hi: usize) -> Self {
        let mut ranges = lock(&RANGES);
        let id = ranges.next;
        ranges.next += 1;
        ranges.list.push((id, lo, hi));
        Self { id }
    }

    /// # Safety
    /// As for [`StackRange::new`].
    pub unsafe fn set(&self, _m: &Mutator, lo: usize, hi: usize) {
        let mut ranges = lock(&RANGES);
        if let Some(range) = ranges.list.iter_mut().find(|r| r.0 == self.id) {
            (range.1, range.2) = (lo, hi);
        }
    }
}

impl Drop for StackRange {
    fn drop(&mut self) {
        lock(&RANGES).list.retain(|r| r.0 != self.id);
    }
}

/// Calls `value` with each root and `range` with each registered range.
pub(crate) fn for_each(mut value: impl FnMut(u64), mut range: impl FnMut(usize, usize)) {
    for root in lock(&STATICS).iter() {
        value(root.value.load(Ordering::Relaxed));
    }
    for &word in lock(&OWNED).slots.iter().filter(|&&word| is_pointer(word)) {
        value(word);
    }
    for &(_, lo, hi) in lock(&RANGES).list.iter() {
        range(lo, hi);
    }
}

/// Holds the locks that an `OwnedRoot` or `StackRange` dropped by a thread outside the
/// safepoint protocol may take, so that they are free in a forked child.
pub(crate) fn hold() -> Held {
    (lock(&OWNED), lock(&RANGES))
}

pub(crate) type Held = (MutexGuard<'static, Slab>, MutexGuard<'static, Ranges>);
