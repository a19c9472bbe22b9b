//! Waiting with a deadline, and being interrupted: what `threading` locks and
//! `time.sleep` need.
//!
//! A [`Waiter`] belongs to a thread. While it waits, another thread (a signal
//! handler's delivery, an asynchronous exception) may [`Waiter::interrupt`] it; the
//! wait then returns [`Outcome::Interrupted`], and the caller runs what is due and
//! waits again with the same deadline.
//!
//! Invariant PARK-1: `interrupt` sets the flag before it looks for the sleeper, and
//! a sleeper checks the flag under the queue's lock, so no interrupt is lost.

use parking_lot_core::{DEFAULT_UNPARK_TOKEN, FilterOp, ParkResult, ParkToken, UnparkToken};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Instant;

const INTERRUPT: UnparkToken = UnparkToken(1);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The lock was acquired, or the event has happened.
    Acquired,
    TimedOut,
    /// See [`Waiter::interrupt`].
    Interrupted,
}

/// A thread's handle for waiting; lives as long as the thread may wait.
#[derive(Default)]
pub struct Waiter {
    interrupted: AtomicBool,
    waiting_on: AtomicUsize,
}

impl Waiter {
    pub const fn new() -> Self {
        Self { interrupted: AtomicBool::new(false), waiting_on: AtomicUsize::new(0) }
    }

    /// Makes the current or next wait of this thread return `Interrupted`. Takes
    /// locks: not for signal handlers.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        let key = self.waiting_on.load(Ordering::SeqCst);
        if key == 0 {
            return;
        }
        let me = self.token();
        let mut done = false;
        // SAFETY: the callbacks neither panic nor park.
        unsafe {
            parking_lot_core::unpark_filter(
                key,
                |token| match token == me && !done {
                    true => {
                        done = true;
                        FilterOp::Unpark
                    }
                    false => FilterOp::Skip,
                },
                |_| INTERRUPT,
            );
        }
    }

    /// Withdraws an interrupt that nobody has noticed yet; tells if there was one.
    pub fn take_interrupt(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) && self.interrupted.swap(false, Ordering::SeqCst)
    }

    fn token(&self) -> ParkToken {
        ParkToken(std::ptr::from_ref(self).addr())
    }

    /// Parks on `key` while `valid()` holds. `None`: it did not hold.
    fn park(&self, key: usize, deadline: Option<Instant>, valid: impl Fn() -> bool) -> Option<Outcome> {
        self.waiting_on.store(key, Ordering::SeqCst);
        // SAFETY: the callbacks neither panic nor park.
        let result = unsafe {
            parking_lot_core::park(
                key,
                || !self.interrupted.load(Ordering::SeqCst) && valid(),
                || {},
                |_, _| {},
                self.token(),
                deadline,
            )
        };
        self.waiting_on.store(0, Ordering::SeqCst);
        if self.take_interrupt() {
            return Some(Outcome::Interrupted);
        }
        match result {
            ParkResult::Unparked(_) => Some(Outcome::Acquired),
            ParkResult::TimedOut => Some(Outcome::TimedOut),
            ParkResult::Invalid => None,
        }
    }

    /// Sleeps until the deadline or an interrupt. Call it in the blocked state.
    pub fn sleep(&self, deadline: Option<Instant>) -> Outcome {
        loop {
            match self.park(self.token().0, deadline, || true) {
                None | Some(Outcome::Acquired) => continue,
                Some(outcome) => return outcome,
            }
        }
    }
}

/// A counting semaphore; with one permit, `_thread.lock`. Anyone may release it.
pub struct Semaphore {
    permits: AtomicU32,
    waiters: AtomicU32,
}

impl Semaphore {
    pub const fn new(permits: u32) -> Self {
        Self { permits: AtomicU32::new(permits), waiters: AtomicU32::new(0) }
    }

    #[inline]
    pub fn try_acquire(&self) -> bool {
        let mut old = self.permits.load(Ordering::Relaxed);
        while old > 0 {
            match self.permits.compare_exchange_weak(old, old - 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => old = now,
            }
        }
        false
    }

    /// How many permits are free now.
    pub fn permits(&self) -> u32 {
        self.permits.load(Ordering::Relaxed)
    }

    /// Takes a permit, waiting for one until the deadline. Call it in the blocked
    /// state (SYNC-1), after [`Semaphore::try_acquire`] has failed.
    pub fn acquire(&self, waiter: &Waiter, deadline: Option<Instant>) -> Outcome {
        self.waiters.fetch_add(1, Ordering::SeqCst);
        let outcome = loop {
            if self.try_acquire() {
                break Outcome::Acquired;
            }
            let parked =
                waiter.park(std::ptr::from_ref(self).addr(), deadline, || self.permits.load(Ordering::SeqCst) == 0);
            match parked {
                None | Some(Outcome::Acquired) => {}
                Some(outcome) => {
                    // The wake that came with a permit may have been for us.
                    if self.try_acquire() {
                        if outcome == Outcome::Interrupted {
                            waiter.interrupted.store(true, Ordering::SeqCst);
                        }
                        break Outcome::Acquired;
                    }
                    break outcome;
                }
            }
        };
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    /// Adds a permit and wakes one waiter.
    pub fn release(&self) {
        self.permits.fetch_add(1, Ordering::SeqCst);
        if self.waiters.load(Ordering::SeqCst) > 0 {
            // SAFETY: the callback neither panics nor parks.
            unsafe {
                parking_lot_core::unpark_one(std::ptr::from_ref(self).addr(), |_| DEFAULT_UNPARK_TOKEN);
            }
        }
    }

    /// Adds the permit of a lock that must hold at most one; false if it is free.
    pub fn release_binary(&self) -> bool {
        if self.permits.compare_exchange(0, 1, Ordering::SeqCst, Ordering::Relaxed).is_err() {
            return false;
        }
        if self.waiters.load(Ordering::SeqCst) > 0 {
            // SAFETY: the callback neither panics nor parks.
            unsafe {
                parking_lot_core::unpark_one(std::ptr::from_ref(self).addr(), |_| DEFAULT_UNPARK_TOKEN);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn times_out_and_acquires() {
        let lock = Arc::new(Semaphore::new(0));
        let waiter = Waiter::new();
        let soon = Instant::now() + Duration::from_millis(5);
        assert_eq!(lock.acquire(&waiter, Some(soon)), Outcome::TimedOut);
        let other = lock.clone();
        let thread = std::thread::spawn(move || assert!(other.release_binary()));
        assert_eq!(lock.acquire(&waiter, None), Outcome::Acquired);
        thread.join().unwrap();
        assert!(lock.release_binary());
        assert!(!lock.release_binary());
    }

    #[test]
    fn interrupts_a_wait() {
        let pair = Arc::new((Semaphore::new(0), Waiter::new()));
        let other = pair.clone();
        let thread = std::thread::spawn(move || other.0.acquire(&other.1, None));
        std::thread::sleep(Duration::from_millis(10));
        pair.1.interrupt();
        assert_eq!(thread.join().unwrap(), Outcome::Interrupted);
        pair.1.interrupt();
        assert_eq!(pair.1.sleep(None), Outcome::Interrupted);
    }
}
