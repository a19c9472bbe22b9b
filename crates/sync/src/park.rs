//! Waiting with a deadline, and being interrupted: what `threading` locks and
//! `time.sleep` need.
//!
//! A [`Waiter`] belongs to a thread. While it waits, another thread (a signal
//! handler's delivery, an asynchronous exception) may [`Waiter::interrupt`] it; the
//! wait then returns [`Outcome::Interrupted`], and the caller runs what is due and
//! waits again with the same deadline.
//!
//! Invariant PARK-1: an interrupt is a bit in the word that the thread sleeps on, so
//! the system itself refuses to let a thread sleep that has one. None is lost.

use crate::parking::{self, Parked, Word};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

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
#[repr(transparent)]
pub struct Waiter(Word);

impl Waiter {
    pub const fn new() -> Self {
        Self(Word::new())
    }

    /// Makes the current or next wait of this thread return `Interrupted`. Safe in a
    /// signal handler.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Withdraws an interrupt that nobody has noticed yet; tells if there was one.
    pub fn take_interrupt(&self) -> bool {
        self.0.take_interrupt()
    }

    /// Parks on `key` while `valid()` holds. `None`: it did not hold.
    fn park(&self, key: usize, deadline: Option<Instant>, valid: impl Fn() -> bool) -> Option<Outcome> {
        let result = parking::park(key, &self.0, true, deadline, valid);
        if self.take_interrupt() {
            return Some(Outcome::Interrupted);
        }
        match result {
            Parked::Woken => Some(Outcome::Acquired),
            Parked::TimedOut => Some(Outcome::TimedOut),
            // Without the bit: somebody else has withdrawn it. Look again.
            Parked::Invalid | Parked::Interrupted => None,
        }
    }

    /// Sleeps until the deadline or an interrupt. Call it in the blocked state.
    pub fn sleep(&self, deadline: Option<Instant>) -> Outcome {
        loop {
            match self.park(std::ptr::from_ref(self).addr(), deadline, || true) {
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

    /// The same while the process has one thread only: without locked instructions.
    #[inline]
    pub fn try_acquire_alone(&self) -> bool {
        let old = self.permits.load(Ordering::Relaxed);
        if old > 0 {
            self.permits.store(old - 1, Ordering::Relaxed);
        }
        old > 0
    }

    /// [`Semaphore::release_binary`] while the process has one thread only.
    #[inline]
    pub fn release_binary_alone(&self) -> bool {
        let taken = self.permits.load(Ordering::Relaxed) == 0;
        if taken {
            self.permits.store(1, Ordering::Relaxed);
        }
        taken
    }

    /// In a forked child: sets the permits, and forgets the threads that waited.
    pub fn reset(&self, permits: u32) {
        self.permits.store(permits, Ordering::SeqCst);
        self.waiters.store(0, Ordering::SeqCst);
    }

    /// How many permits are free now.
    pub fn permits(&self) -> u32 {
        self.permits.load(Ordering::Relaxed)
    }

    /// Whether the thread of `waiter` sleeps here and nobody has woken it.
    pub fn is_asleep(&self, waiter: *const Waiter) -> bool {
        // A waiter is its word.
        parking::is_asleep(std::ptr::from_ref(self).addr(), waiter.cast())
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
                            waiter.interrupt();
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
            parking::unpark_one(std::ptr::from_ref(self).addr());
        }
    }

    /// Adds the permit of a lock that must hold at most one; false if it is free.
    pub fn release_binary(&self) -> bool {
        if self.permits.compare_exchange(0, 1, Ordering::SeqCst, Ordering::Relaxed).is_err() {
            return false;
        }
        if self.waiters.load(Ordering::SeqCst) > 0 {
            parking::unpark_one(std::ptr::from_ref(self).addr());
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
