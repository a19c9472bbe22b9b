//! `_thread.lock` and `_thread.RLock`.
//!
//! Waiting happens in the blocked state; a signal for the main thread interrupts
//! its wait, runs the handlers, and the wait goes on with the same deadline.
//!
//! Tests: tests/lang/threads.md; CPython test_thread, lock_tests.

use crate::deadlock::{self, Holder, On, Verdict};
use crate::frame::Window;
use crate::poll;
use crate::thread::{TIMEOUT_MAX, ident_of, with_waiter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Args, NativeClass};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, int};
use typhon_sync::park::{Outcome, Semaphore};

/// A deadline from a timeout in seconds; negative waits for ever.
pub fn deadline(cx: &Cx, timeout: f64) -> Result<Option<Instant>> {
    if timeout.is_nan() {
        return Err(cx.value_error("Invalid value NaN (not a number)"));
    }
    if timeout < 0.0 {
        return Ok(None);
    }
    if timeout > TIMEOUT_MAX {
        return Err(cx.error(ExcKind::OverflowError, "timeout value is too large"));
    }
    Ok(Instant::now().checked_add(Duration::from_secs_f64(timeout)))
}

/// Take a permit, running signal handlers when interrupted. `on` is for the deadlock
/// guard, which looks after waits without a deadline.
pub fn acquire(cx: &mut Cx, s: &Semaphore, deadline: Option<Instant>, on: On<'_>) -> Result<bool> {
    for _ in 0..3 {
        if s.try_acquire() {
            return Ok(true);
        }
        std::hint::spin_loop();
    }
    if deadline.is_none() && deadlock::is_on() {
        return acquire_guarded(cx, s, on);
    }
    loop {
        match with_waiter(|w| cx.blocked(|| s.acquire(w, deadline))) {
            Outcome::Acquired => return Ok(true),
            Outcome::TimedOut => return Ok(false),
            Outcome::Interrupted => poll::handle_now(cx)?,
        }
    }
}

/// The same without a deadline.
fn acquire_guarded(cx: &mut Cx, s: &Semaphore, on: On<'_>) -> Result<bool> {
    let mut entry = None;
    let mut until = Some(deadlock::MOMENT);
    let mut last = false;
    loop {
        let end = until.and_then(|d| Instant::now().checked_add(d));
        match with_waiter(|w| cx.blocked(|| s.acquire(w, end))) {
            Outcome::Acquired => return Ok(true),
            Outcome::TimedOut => {
                entry.get_or_insert_with(|| deadlock::enter(s, on));
                until = match deadlock::look(cx, last)? {
                    Verdict::Perhaps => Some(deadlock::LONG),
                    Verdict::Nothing => None,
                };
                last = until.is_some();
            }
            Outcome::Interrupted => {
                // Handlers may do anything; after that the wait begins anew.
                entry = None;
                poll::handle_now(cx)?;
                until = Some(deadlock::MOMENT);
            }
        }
    }
}

/// Take a permit within so many seconds; negative waits for ever.
pub fn acquire_within(cx: &mut Cx, s: &Semaphore, timeout: f64) -> Result<bool> {
    let d = deadline(cx, timeout)?;
    acquire(cx, s, d, On::Anyone)
}

fn lock_args(cx: &mut Cx, blocking: bool, timeout: f64) -> Result<Option<Option<Instant>>> {
    if timeout.is_nan() {
        return Err(cx.value_error("Invalid value NaN (not a number)"));
    }
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
    holder: Holder,
}

/// Who holds `o`, if that is a lock.
pub(crate) fn holder_of(o: Obj) -> Option<&'static Holder> {
    // The object outlives what is done with it: it was found on a walk of the heap.
    let of_lock = o.cast::<Lock>().map(|l| &raw const l.holder);
    let holder = of_lock.or_else(|| o.cast::<RLock>().map(|l| &raw const l.holder));
    holder.map(|h| unsafe { &*h })
}

/// A lock that is free.
fn free_lock() -> Lock {
    Lock { sem: Semaphore::new(1), holder: Holder::free() }
}

#[inline(always)]
fn try_take(sem: &Semaphore) -> bool {
    if typhon_gc::multi_threaded() { sem.try_acquire() } else { sem.try_acquire_alone() }
}

#[inline(always)]
fn give(sem: &Semaphore) -> bool {
    if typhon_gc::multi_threaded() { sem.release_binary() } else { sem.release_binary_alone() }
}

/// `firm`: by a `with` statement, which will release it in this thread.
#[inline]
fn take(cx: &mut Cx, lock: Gc<Lock>, blocking: bool, timeout: f64, firm: bool) -> Result<bool> {
    // Only a lock that is not free cares for the arguments, unless they are wrong.
    let got = (timeout == -1.0 && try_take(&lock.sem)) || take_slow(cx, lock, blocking, timeout)?;
    if got {
        lock.holder.take(cx, lock.obj(), firm);
    }
    Ok(got)
}

#[cold]
#[inline(never)]
fn take_slow(cx: &mut Cx, lock: Gc<Lock>, blocking: bool, timeout: f64) -> Result<bool> {
    let d = lock_args(cx, blocking, timeout)?;
    if try_take(&lock.sem) {
        return Ok(true);
    }
    match d {
        None => Ok(false),
        Some(d) => acquire(cx, &lock.sem, d, On::Lock(&lock.holder, lock.obj())),
    }
}

/// Whether the object is exactly a `lock` or an `RLock`, whose `__enter__` and `__exit__`
/// nobody can replace.
#[inline(always)]
pub fn is_plain(o: Obj) -> bool {
    let class = Some(typhon_object::ops::class_of(o));
    class == Lock::cell().get() || class == RLock::cell().get()
}

/// `__enter__` of a plain lock for the window `w`, if it needs no waiting.
#[inline(always)]
pub fn take_free(cx: &Cx, o: Obj, w: Window) -> bool {
    if let Some(l) = o.cast::<Lock>() {
        let got = try_take(&l.sem);
        if got {
            l.holder.take_in(cx, o, w);
        }
        return got;
    }
    let Some(l) = o.cast::<RLock>() else { return false };
    if l.is_mine(cx) {
        l.count.store(l.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        return true;
    }
    let got = try_take(&l.sem);
    if got {
        l.count.store(1, Ordering::Relaxed);
        l.holder.take_in(cx, o, w);
    }
    got
}

/// `__exit__` of a plain lock; false if it is not held.
#[inline(always)]
pub fn give_held(cx: &Cx, o: Obj) -> bool {
    if let Some(l) = o.cast::<Lock>() {
        l.holder.clear();
        return give(&l.sem);
    }
    // The error of a lock that is not ours is not for this way, which must not allocate.
    o.cast::<RLock>().is_some_and(|l| l.is_mine(cx) && l.give(cx).is_ok())
}

/// A lock object is a synchronization primitive.
#[class(module = "_thread", name = "lock", weakref)]
impl Lock {
    fn __new__(_cx: &mut Cx) -> Lock {
        free_lock()
    }
    /// Lock the lock.
    #[sig(blocking = True, timeout = -1)]
    fn acquire(this: Gc<Lock>, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        take(cx, this, blocking, timeout, false)
    }
    /// An obsolete synonym of acquire().
    #[sig(blocking = True, timeout = -1)]
    fn acquire_lock(this: Gc<Lock>, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        take(cx, this, blocking, timeout, false)
    }
    /// Release the lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        self.holder.clear();
        if give(&self.sem) { Ok(()) } else { Err(cx.error(ExcKind::RuntimeError, "release unlocked lock")) }
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
    fn __enter__(this: Gc<Lock>, cx: &mut Cx) -> Result<bool> {
        take(cx, this, true, -1.0, true)
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
        self.holder.clear();
        self.sem.reset(1);
    }
}

/// `_thread.RLock`.
#[derive(Trace)]
pub struct RLock {
    #[trace(skip)]
    sem: Semaphore,
    /// Only the owner changes it from itself.
    holder: Holder,
    #[trace(skip)]
    count: AtomicU64,
}

impl RLock {
    fn take(this: Gc<RLock>, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        if this.is_mine(cx) {
            this.count.store(this.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return Ok(true);
        }
        let got = (timeout == -1.0 && try_take(&this.sem)) || RLock::take_slow(this, cx, blocking, timeout)?;
        if got {
            this.count.store(1, Ordering::Relaxed);
            this.holder.take(cx, this.obj(), true);
        }
        Ok(got)
    }
    #[cold]
    #[inline(never)]
    fn take_slow(this: Gc<RLock>, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        let d = lock_args(cx, blocking, timeout)?;
        if try_take(&this.sem) {
            return Ok(true);
        }
        match d {
            None => Ok(false),
            Some(d) => acquire(cx, &this.sem, d, On::Lock(&this.holder, this.obj())),
        }
    }
    #[inline]
    fn is_mine(&self, cx: &Cx) -> bool {
        self.holder.ident() == ident_of(cx)
    }
    fn give(&self, cx: &Cx) -> Result<()> {
        if !self.is_mine(cx) {
            return Err(cx.error(ExcKind::RuntimeError, "cannot release un-acquired lock"));
        }
        let count = self.count.load(Ordering::Relaxed) - 1;
        self.count.store(count, Ordering::Relaxed);
        if count == 0 {
            self.holder.clear();
            give(&self.sem);
        }
        Ok(())
    }
}

/// A reentrant lock.
#[class(module = "_thread", name = "RLock", subclassable, weakref)]
impl RLock {
    fn __new__(_cx: &mut Cx, args: Args<'_>) -> RLock {
        let _ = args.pos;
        RLock { sem: Semaphore::new(1), holder: Holder::free(), count: AtomicU64::new(0) }
    }
    /// Lock the lock.
    #[sig(blocking = True, timeout = -1)]
    fn acquire(this: Gc<RLock>, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        RLock::take(this, cx, blocking, timeout)
    }
    /// Release the lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        self.give(cx)
    }
    /// Return whether this object is locked.
    fn locked(&self) -> bool {
        self.holder.ident() != 0
    }
    fn __enter__(this: Gc<RLock>, cx: &mut Cx) -> Result<bool> {
        RLock::take(this, cx, true, -1.0)
    }
    #[sig(*exc_info)]
    fn __exit__(&self, cx: &mut Cx, exc_info: &[Obj]) -> Result<()> {
        let _ = exc_info;
        self.give(cx)
    }
    fn __repr__(this: Gc<RLock>) -> String {
        let owner = this.holder.ident();
        let count = if owner == 0 { 0 } else { this.count.load(Ordering::Relaxed) };
        let s = if owner == 0 { "unlocked" } else { "locked" };
        format!("<{s} _thread.RLock object owner={owner} count={count} at {:#x}>", this.obj().word())
    }
    fn _is_owned(&self, cx: &Cx) -> bool {
        self.is_mine(cx)
    }
    fn _recursion_count(&self, cx: &Cx) -> u64 {
        if self.is_mine(cx) { self.count.load(Ordering::Relaxed) } else { 0 }
    }
    fn _release_save(&self, cx: &mut Cx) -> Result<(u64, u64)> {
        if !self.is_mine(cx) {
            return Err(cx.error(ExcKind::RuntimeError, "cannot release un-acquired lock"));
        }
        let n = self.count.swap(0, Ordering::Relaxed);
        self.holder.clear();
        give(&self.sem);
        Ok((n, ident_of(cx)))
    }
    fn _acquire_restore(this: Gc<RLock>, cx: &mut Cx, state: Gc<Tuple>) -> Result<()> {
        let n = state.get(0).and_then(int::to_i64).unwrap_or(1);
        acquire(cx, &this.sem, None, On::Lock(&this.holder, this.obj()))?;
        this.count.store(n as u64, Ordering::Relaxed);
        this.holder.take(cx, this.obj(), true);
        Ok(())
    }
    fn _at_fork_reinit(&self) {
        self.holder.clear();
        self.count.store(0, Ordering::Relaxed);
        self.sem.reset(1);
    }
}

/// `allocate_lock()`.
pub fn new_lock(cx: &mut Cx) -> Result<Gc<Lock>> {
    native::instance(cx, free_lock())
}
