//! `Guarded<T>`: the door to shared mutable state of ordinary types.
//!
//! It joins mutual exclusion and the collector's write barrier. A guard borrows
//! `&Cx`, so it cannot live across anything that takes `&mut Cx`, that is
//! across Python code (LOCK-1).
//!
//! Tests: `tests/guarded.rs`.

use crate::Tracer;
use crate::cx::Cx;
use crate::lock::SmallLock;
use crate::native::Trace;
use crate::obj::{Gc, Obj};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

/// State behind a small lock, inside a heap object.
pub struct Guarded<T> {
    lock: SmallLock,
    value: UnsafeCell<T>,
}

// The lock gives exclusive access.
unsafe impl<T> Sync for Guarded<T> {}
unsafe impl<T> Send for Guarded<T> {}

/// Shared access (readers exclude each other too: the lock is a mutex).
pub struct ReadGuard<'a, T> {
    of: &'a Guarded<T>,
    locked: bool,
}
/// Exclusive access.
pub struct WriteGuard<'a, T> {
    of: &'a Guarded<T>,
    locked: bool,
    cx: &'a Cx,
    owner: Obj,
}

impl<T> Guarded<T> {
    /// New state.
    pub const fn new(value: T) -> Self {
        Guarded { lock: SmallLock::new(), value: UnsafeCell::new(value) }
    }
    fn acquire(&self, cx: &Cx) -> bool {
        if !typhon_gc::multi_threaded() {
            return false;
        }
        self.lock.lock(|wait| cx.blocked(wait));
        true
    }
    /// Look at the state.
    pub fn read<'a>(&'a self, cx: &'a Cx) -> ReadGuard<'a, T> {
        ReadGuard { of: self, locked: self.acquire(cx) }
    }
    /// Change the state; `owner` is the object that contains it.
    pub fn write<'a, O>(&'a self, cx: &'a Cx, owner: &O) -> WriteGuard<'a, T> {
        let owner = Gc::of(owner).obj();
        let g = WriteGuard { of: self, locked: self.acquire(cx), cx, owner };
        // Logged both now and when the guard ends: an allocation in between
        // may collect, which forgets the first.
        cx.barrier(owner);
        g
    }
    /// Access without a lock, while no other thread can have the object.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Trace> Trace for Guarded<T> {
    fn trace(&self, t: &mut Tracer) {
        // The world is stopped and no guard lives across a safepoint.
        unsafe { (*self.value.get()).trace(t) }
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // The guard holds the lock, or the process has one thread.
        unsafe { &*self.of.value.get() }
    }
}
impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // The guard holds the lock, or the process has one thread.
        unsafe { &*self.of.value.get() }
    }
}
impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // As for Deref; WriteGuard is the only mutable door.
        unsafe { &mut *self.of.value.get() }
    }
}
impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        if self.locked {
            self.of.lock.unlock();
        }
    }
}
impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        self.cx.barrier(self.owner);
        if self.locked {
            self.of.lock.unlock();
        }
    }
}
