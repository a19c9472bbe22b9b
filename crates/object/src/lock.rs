//! `SmallLock`: a 4-byte mutex for object storage.
//!
//! Waiting happens in the blocked state (LOCK-2), which the caller supplies.

use std::sync::atomic::AtomicU32;
use typhon_sync::object_lock;

/// A parking mutex of one word.
#[repr(transparent)]
pub struct SmallLock(AtomicU32);

impl SmallLock {
    /// An open lock.
    pub const fn new() -> SmallLock {
        SmallLock(AtomicU32::new(0))
    }
    /// Take the lock; `block` runs the wait in the blocked state.
    #[inline]
    pub fn lock(&self, block: impl FnMut(&mut dyn FnMut())) {
        object_lock::lock_own(&self.0, block);
    }
    /// Let go.
    #[inline]
    pub fn unlock(&self) {
        // Only guards call this, once each, and they hold the lock.
        unsafe { object_lock::unlock(&self.0) }
    }
}

impl Default for SmallLock {
    fn default() -> Self {
        SmallLock::new()
    }
}
