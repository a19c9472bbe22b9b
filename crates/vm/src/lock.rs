//! `_thread.lock` and `_thread.RLock`.
//!
//! Waiting happens in the blocked state; a signal for the main thread interrupts
//! its wait, runs the handlers, and the wait goes on with the same deadline.
//!
//! Tests: tests/lang/threads.md; CPython test_thread, lock_tests.

use crate::poll;
use crate::thread::{TIMEOUT_MAX, ident, with_waiter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, int};
use typhon_sync::park::{Outcome, Semaphore};

/// A deadline from a timeout in seconds; negative waits for ever.
pub fn deadline(cx: &Cx, timeout: f64) -> Result<Option<Instant>> {
    if timeout < 0.0 {
        return Ok(None);
    }
    if timeout > TIMEOUT_MAX {
        return Err(cx.error(ExcKind::OverflowError, "timeout value is too large"));
    }
    Ok(Instant::now().checked_add(Duration::from_secs_f64(timeout)))
}

/// Take a permit, running signal handlers when interrupted.
pub fn acquire(cx: &mut Cx, s: &Semaphore, deadline: Option<Instant>) -> Result<bool> {
    for _ in 0..3 {
        if s.try_acquire() {
            return Ok(true);
        }
        std::hint::spin_loop();
    }
    loop {
        match with_waiter(|w| cx.blocked(|| s.acquire(w, deadline))) {
            Outcome::Acquired => return Ok(true),
            Outcome::TimedOut => return Ok(false),
            Outcome::Interrupted => poll::handle(cx)?,
        }
    }
}

/// Take a permit within so many seconds; negative waits for ever.
pub fn acquire_within(cx: &mut Cx, s: &Semaphore, timeout: f64) -> Result<bool> {
    let d = deadline(cx, timeout)?;
    acquire(cx, s, d)
}

fn lock_args(cx: &mut Cx, blocking: bool, timeout: f64) -> Result<Option<Option<Instant>>> {
    if !blocking && timeout != -1.0 {
        return Err(cx.value_error("can't specify a timeout for a non-blocking call"));
    }
    if timeout < 0.0 && timeout != -1.0 {
        return Err(cx.value_error("timeout value must be a non-negative number"));
    }
    if !blocking { Ok(None) } else { deadline(cx, timeout).map(Some) }
}

/// `_thread.lock`.
#[derive(Trace)]
pub struct Lock {
    #[trace(skip)]
    sem: Semaphore,
}

impl Lock {
    fn take(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        let d = lock_args(cx, blocking, timeout)?;
        if self.sem.try_acquire() {
            return Ok(true);
        }
        match d {
            None => Ok(false),
            Some(d) => acquire(cx, &self.sem, d),
        }
    }
}

/// A lock object is a synchronization primitive.
#[class(module = "_thread", name = "lock", weakref)]
impl Lock {
    fn __new__(_cx: &mut Cx) -> Lock {
        Lock { sem: Semaphore::new(1) }
    }
    /// Lock the lock.
    #[sig(blocking = True, timeout = -1)]
    fn acquire(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        self.take(cx, blocking, timeout)
    }
    /// An obsolete synonym of acquire().
    #[sig(blocking = True, timeout = -1)]
    fn acquire_lock(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        self.take(cx, blocking, timeout)
    }
    /// Release the lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        if self.sem.release_binary() { Ok(()) } else { Err(cx.error(ExcKind::RuntimeError, "release unlocked lock")) }
    }
    /// An obsolete synonym of release().
    fn release_lock(&self, cx: &mut Cx) -> Result<()> {
        self.release(cx)
    }
    /// Return whether the lock is locked.
    fn locked(&self) -> bool {
        self.sem.permits() == 0
    }
    /// An obsolete synonym of locked().
    fn locked_lock(&self) -> bool {
        self.sem.permits() == 0
    }
    fn __enter__(&self, cx: &mut Cx) -> Result<bool> {
        self.take(cx, true, -1.0)
    }
    #[sig(*exc_info)]
    fn __exit__(&self, cx: &mut Cx, exc_info: &[Obj]) -> Result<()> {
        let _ = exc_info;
        self.release(cx)
    }
    fn __repr__(this: Gc<Lock>) -> String {
        let s = if this.sem.permits() == 0 { "locked" } else { "unlocked" };
        format!("<{s} _thread.lock object at {:#x}>", this.obj().word())
    }
    fn _at_fork_reinit(&self) {
        self.sem.reset(1);
    }
}

/// `_thread.RLock`.
#[derive(Trace)]
pub struct RLock {
    #[trace(skip)]
    sem: Semaphore,
    /// `ident()` of the owner, or 0. Only the owner changes it from itself.
    #[trace(skip)]
    owner: AtomicU64,
    #[trace(skip)]
    count: AtomicU64,
}

impl RLock {
    fn take(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        let me = ident();
        if self.owner.load(Ordering::Relaxed) == me {
            self.count.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let d = lock_args(cx, blocking, timeout)?;
        let got = self.sem.try_acquire()
            || match d {
                None => false,
                Some(d) => acquire(cx, &self.sem, d)?,
            };
        if got {
            self.owner.store(me, Ordering::Relaxed);
            self.count.store(1, Ordering::Relaxed);
        }
        Ok(got)
    }
    fn give(&self, cx: &Cx) -> Result<()> {
        if self.owner.load(Ordering::Relaxed) != ident() {
            return Err(cx.error(ExcKind::RuntimeError, "cannot release un-acquired lock"));
        }
        if self.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.owner.store(0, Ordering::Relaxed);
            self.sem.release_binary();
        }
        Ok(())
    }
}

/// A reentrant lock.
#[class(module = "_thread", name = "RLock", subclassable, weakref)]
impl RLock {
    fn __new__(_cx: &mut Cx, args: Args<'_>) -> RLock {
        let _ = args.pos;
        RLock { sem: Semaphore::new(1), owner: AtomicU64::new(0), count: AtomicU64::new(0) }
    }
    /// Lock the lock.
    #[sig(blocking = True, timeout = -1)]
    fn acquire(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        self.take(cx, blocking, timeout)
    }
    /// Release the lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        self.give(cx)
    }
    /// Return whether this object is locked.
    fn locked(&self) -> bool {
        self.owner.load(Ordering::Relaxed) != 0
    }
    fn __enter__(&self, cx: &mut Cx) -> Result<bool> {
        self.take(cx, true, -1.0)
    }
    #[sig(*exc_info)]
    fn __exit__(&self, cx: &mut Cx, exc_info: &[Obj]) -> Result<()> {
        let _ = exc_info;
        self.give(cx)
    }
    fn __repr__(this: Gc<RLock>) -> String {
        let owner = this.owner.load(Ordering::Relaxed);
        let count = if owner == 0 { 0 } else { this.count.load(Ordering::Relaxed) };
        let s = if owner == 0 { "unlocked" } else { "locked" };
        format!("<{s} _thread.RLock object owner={owner} count={count} at {:#x}>", this.obj().word())
    }
    fn _is_owned(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == ident()
    }
    fn _recursion_count(&self) -> u64 {
        if self.owner.load(Ordering::Relaxed) == ident() { self.count.load(Ordering::Relaxed) } else { 0 }
    }
    fn _release_save(&self, cx: &mut Cx) -> Result<(u64, u64)> {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner != ident() {
            return Err(cx.error(ExcKind::RuntimeError, "cannot release un-acquired lock"));
        }
        let n = self.count.swap(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Relaxed);
        self.sem.release_binary();
        Ok((n, owner))
    }
    fn _acquire_restore(&self, cx: &mut Cx, state: Gc<Tuple>) -> Result<()> {
        let n = state.get(0).and_then(int::to_i64).unwrap_or(1);
        acquire(cx, &self.sem, None)?;
        self.owner.store(ident(), Ordering::Relaxed);
        self.count.store(n as u64, Ordering::Relaxed);
        Ok(())
    }
    fn _at_fork_reinit(&self) {
        self.owner.store(0, Ordering::Relaxed);
        self.count.store(0, Ordering::Relaxed);
        self.sem.reset(1);
    }
}

/// `allocate_lock()`.
pub fn new_lock(cx: &mut Cx) -> Result<Gc<Lock>> {
    native::instance(cx, Lock { sem: Semaphore::new(1) })
}
