//! The global interpreter lock, as an option: with it, one thread runs at a time.
//!
//! A thread has it while it is in the RUNNING state, and gives it away for as long as
//! it is blocked. One that waits asks the holder to hand over after the switch
//! interval; the holder does so at its next poll, and does not take the lock again
//! before another thread has had it.
//!
//! Off, it costs the test of a flag where a thread blocks.
//!
//! Tests: here; tests/lang/gil.md.

use crate::parking::{self, Parked, Word};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

static ON: AtomicBool = AtomicBool::new(false);
static TAKEN: AtomicBool = AtomicBool::new(false);
static WAITING: AtomicU32 = AtomicU32::new(0);
/// How often it was taken.
static SWITCHES: AtomicU64 = AtomicU64::new(0);
/// Nanoseconds that a waiting thread leaves the holder.
static INTERVAL: AtomicU64 = AtomicU64::new(5_000_000);

thread_local! {
    /// What a thread sleeps on; a thread's other waits may be interrupted by signals.
    static WORD: Word = const { Word::new() };
}

fn key() -> usize {
    std::ptr::from_ref(&TAKEN).addr()
}

/// Where a thread waits that has handed over.
fn handed_key() -> usize {
    std::ptr::from_ref(&SWITCHES).addr()
}

/// Whether there is one.
#[inline(always)]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Has one from now on. Called before any thread is attached to the heap.
pub fn enable() {
    ON.store(true, Ordering::SeqCst);
}

/// `sys.setswitchinterval()`.
pub fn set_interval(interval: Duration) {
    INTERVAL.store(interval.as_nanos().clamp(1, u64::MAX.into()) as u64, Ordering::Relaxed);
}

fn try_take() -> bool {
    let taken = !TAKEN.swap(true, Ordering::SeqCst);
    if taken {
        SWITCHES.fetch_add(1, Ordering::SeqCst);
    }
    taken
}

fn park(key: usize, wait: Duration, valid: impl FnOnce() -> bool) -> Parked {
    let deadline = Instant::now().checked_add(wait);
    WORD.with(|word| parking::park(key, word, false, deadline, valid))
}

/// Waits for the lock. `request` asks the holder to hand over at its next poll. Call it
/// in the blocked state.
pub fn take(request: impl Fn()) {
    if try_take() {
        return;
    }
    WAITING.fetch_add(1, Ordering::SeqCst);
    loop {
        let seen = SWITCHES.load(Ordering::SeqCst);
        let interval = Duration::from_nanos(INTERVAL.load(Ordering::Relaxed));
        let parked = park(key(), interval, || TAKEN.load(Ordering::SeqCst));
        if try_take() {
            break;
        }
        if parked == Parked::TimedOut && SWITCHES.load(Ordering::SeqCst) == seen {
            request();
        }
    }
    WAITING.fetch_sub(1, Ordering::SeqCst);
    // Whoever handed over may try again.
    parking::unpark_one(handed_key());
}

/// Gives the lock away.
pub fn give() {
    TAKEN.store(false, Ordering::SeqCst);
    if WAITING.load(Ordering::SeqCst) > 0 {
        parking::unpark_one(key());
    }
}

/// Whether anybody wants it.
pub fn is_wanted() -> bool {
    WAITING.load(Ordering::SeqCst) > 0
}

/// Gives the lock away, waits until another thread has had it, and takes it again. Call
/// it in the blocked state.
pub fn hand_over(request: impl Fn()) {
    let seen = SWITCHES.load(Ordering::SeqCst);
    give();
    while is_wanted() && SWITCHES.load(Ordering::SeqCst) == seen {
        park(handed_key(), Duration::from_millis(1), || SWITCHES.load(Ordering::SeqCst) == seen);
    }
    take(request);
}

/// In a forked child: the caller holds it, and nobody waits.
pub fn after_fork() {
    WAITING.store(0, Ordering::SeqCst);
    TAKEN.store(true, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, since the lock is one.
    #[test]
    fn one_at_a_time_and_handed_over() {
        enable();
        assert!(try_take() && !try_take());
        set_interval(Duration::from_millis(1));
        static ASKED: AtomicBool = AtomicBool::new(false);
        static INSIDE: AtomicU32 = AtomicU32::new(0);
        static ROUNDS: AtomicU32 = AtomicU32::new(0);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                std::thread::spawn(|| {
                    for _ in 0..200 {
                        take(|| ASKED.store(true, Ordering::SeqCst));
                        assert_eq!(INSIDE.fetch_add(1, Ordering::SeqCst), 0);
                        ROUNDS.fetch_add(1, Ordering::SeqCst);
                        INSIDE.fetch_sub(1, Ordering::SeqCst);
                        give();
                    }
                })
            })
            .collect();
        while !ASKED.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        assert_eq!(ROUNDS.load(Ordering::SeqCst), 0);
        hand_over(|| {});
        assert!(ROUNDS.load(Ordering::SeqCst) > 0);
        give();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(ROUNDS.load(Ordering::SeqCst), 600);
        assert!(try_take());
    }
}
