//! The lock of a buffered object. It may be held while the raw object's
//! methods run, so it knows its owner: a second entry by the same thread is an
//! error instead of a deadlock.
//!
//! Tests: CPython test_io.

use std::sync::atomic::{AtomicU64, Ordering};
use typhon_object::native::Trace;
use typhon_object::obj::Obj;
use typhon_object::{Cx, ExcKind, Result, Tracer, ops};
use typhon_sync::park::{Outcome, Semaphore, Waiter};

/// See the file's comment.
pub struct IoLock {
    owner: AtomicU64,
    sem: Semaphore,
}

impl Trace for IoLock {
    fn trace(&self, _: &mut Tracer) {}
}

/// Holds the lock.
pub struct IoGuard {
    lock: Option<&'static IoLock>,
}

impl Drop for IoGuard {
    fn drop(&mut self) {
        if let Some(l) = self.lock {
            l.owner.store(0, Ordering::Relaxed);
            l.sem.release_binary();
        }
    }
}

fn me(cx: &Cx) -> u64 {
    std::ptr::from_ref(cx).addr() as u64
}

impl IoLock {
    /// A free lock.
    pub const fn new() -> IoLock {
        IoLock { owner: AtomicU64::new(0), sem: Semaphore::new(1) }
    }
    /// Take the lock for an operation on `o`.
    pub fn enter(&'static self, cx: &mut Cx, o: Obj) -> Result<IoGuard> {
        if self.sem.try_acquire() {
            self.owner.store(me(cx), Ordering::Relaxed);
            return Ok(IoGuard { lock: Some(self) });
        }
        if self.owner.load(Ordering::Relaxed) == me(cx) {
            let r = ops::repr(cx, o)?.to_str().into_owned();
            return Err(cx.error(ExcKind::RuntimeError, format!("reentrant call inside {r}")));
        }
        self.wait(cx)
    }
    /// The same, where a second entry by the owner is harmless.
    pub fn enter_again(&'static self, cx: &mut Cx) -> Result<IoGuard> {
        if self.sem.try_acquire() {
            self.owner.store(me(cx), Ordering::Relaxed);
            return Ok(IoGuard { lock: Some(self) });
        }
        if self.owner.load(Ordering::Relaxed) == me(cx) {
            return Ok(IoGuard { lock: None });
        }
        self.wait(cx)
    }
    fn wait(&'static self, cx: &mut Cx) -> Result<IoGuard> {
        let waiter = Waiter::new();
        loop {
            match cx.blocked(|| self.sem.acquire(&waiter, None)) {
                Outcome::Acquired => break,
                _ => crate::util::check_signals(cx)?,
            }
        }
        self.owner.store(me(cx), Ordering::Relaxed);
        Ok(IoGuard { lock: Some(self) })
    }
}
