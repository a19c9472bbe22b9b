//! The lock around importlib's table of module locks, and around `fork`, so that no
//! child begins with half of an import.
//!
//! A thread may take it again while it has it.
//! Tests: tests/lang/fork.md; CPython test_fork1, test_importlib.

use crate::deadlock::On;
use crate::{lock, thread};
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_object::{Cx, Result};
use typhon_sync::park::Semaphore;

static FREE: Semaphore = Semaphore::new(1);
/// `ident()` of the owner, or 0; and how often it has the lock.
static OWNER: AtomicU64 = AtomicU64::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Take the lock. A signal's handler may raise instead.
pub fn acquire(cx: &mut Cx) -> Result<()> {
    if OWNER.load(Ordering::Relaxed) != thread::ident() {
        if !FREE.try_acquire() {
            lock::acquire(cx, &FREE, None, On::Thread(OWNER.load(Ordering::Relaxed)))?;
        }
        OWNER.store(thread::ident(), Ordering::Relaxed);
    }
    COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Let go of the lock; false if the caller does not have it.
pub fn release() -> bool {
    if OWNER.load(Ordering::Relaxed) != thread::ident() {
        return false;
    }
    if COUNT.fetch_sub(1, Ordering::Relaxed) == 1 {
        OWNER.store(0, Ordering::Relaxed);
        FREE.release_binary();
    }
    true
}

/// Whether any thread has it.
pub fn held() -> bool {
    OWNER.load(Ordering::Relaxed) != 0
}
