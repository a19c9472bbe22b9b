//! The parking table: threads asleep, each on the address of what it waits for.
//!
//! Waiting on an address means that nothing has to be made for a lock that nobody
//! waits for. The table is our own because of `fork`: the child must be able to
//! forget the sleepers that it does not have, and no bucket may be locked by one of
//! them.
//!
//! Each sleeper waits on a [`Word`] of its thread, by the system's futex: a signal
//! handler can interrupt it with a store and a system call, without any lock.
//!
//! Invariant PARK-2: `WOKEN` is set only while the sleeper is in its bucket, under the
//! bucket's lock; the sleeper returns only after it has left.
//!
//! Tests: here, `park.rs`, `object_lock.rs`; tests/lang/fork.md.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const WOKEN: u32 = 1;
const INTERRUPTED: u32 = 2;

/// What a thread sleeps on: one sleep at a time.
#[derive(Default)]
pub struct Word(AtomicU32);

impl Word {
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Makes the thread's current or next interruptible sleep end. Safe in a signal
    /// handler: the bit is there before a sleeper that has not slept yet looks.
    pub fn interrupt(&self) {
        self.0.fetch_or(INTERRUPTED, Ordering::SeqCst);
        futex_wake(&self.0);
    }

    /// Whether an interrupt waits to be noticed.
    pub fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::SeqCst) & INTERRUPTED != 0
    }

    /// Withdraws an interrupt; tells if there was one.
    pub fn take_interrupt(&self) -> bool {
        self.is_interrupted() && self.0.fetch_and(!INTERRUPTED, Ordering::SeqCst) & INTERRUPTED != 0
    }
}

/// How [`park`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// `valid` was false; the thread has not slept.
    Invalid,
    /// Woken by another thread.
    Woken,
    /// See [`Word::interrupt`]; the bit is still set.
    Interrupted,
    TimedOut,
}

struct Sleeper {
    key: usize,
    word: *const Word,
}

// SAFETY: the pointer is followed under PARK-2 only.
unsafe impl Send for Sleeper {}

/// A cache line each, so that waiting in one bucket disturbs no other.
#[repr(align(64))]
struct Bucket(Mutex<Vec<Sleeper>>);

const BUCKETS: usize = 256;

static TABLE: [Bucket; BUCKETS] = [const { Bucket(Mutex::new(Vec::new())) }; BUCKETS];

fn bucket(key: usize) -> MutexGuard<'static, Vec<Sleeper>> {
    let at = key.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize) >> (usize::BITS - BUCKETS.ilog2());
    TABLE[at].0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleeps on `key` unless `valid` is false, until woken, interrupted (if that is
/// wanted), or until the deadline. `valid` runs under the bucket's lock: a waker that
/// changes what it looks at before it calls [`unpark_one`] is never missed. It must not
/// park or wake.
pub fn park(
    key: usize,
    word: &Word,
    interruptible: bool,
    deadline: Option<Instant>,
    valid: impl FnOnce() -> bool,
) -> Parked {
    let ends = if interruptible { WOKEN | INTERRUPTED } else { WOKEN };
    {
        let mut sleepers = bucket(key);
        if !valid() {
            return Parked::Invalid;
        }
        word.0.fetch_and(!WOKEN, Ordering::Relaxed);
        sleepers.push(Sleeper { key, word });
    }
    loop {
        let now = word.0.load(Ordering::Acquire);
        if now & WOKEN != 0 {
            return Parked::Woken;
        }
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        if now & ends != 0 || left.is_some_and(|left| left.is_zero()) {
            let mut sleepers = bucket(key);
            if word.0.load(Ordering::Acquire) & WOKEN != 0 {
                return Parked::Woken;
            }
            sleepers.retain(|s| !std::ptr::eq(s.word, word));
            return if now & ends != 0 { Parked::Interrupted } else { Parked::TimedOut };
        }
        futex_wait(&word.0, now, left);
    }
}

/// Whether the thread of `word` sleeps on `key` and nobody has woken it. While it does,
/// it does nothing else: it leaves its bucket before it goes on.
pub fn is_asleep(key: usize, word: *const Word) -> bool {
    bucket(key).iter().any(|s| s.key == key && std::ptr::eq(s.word, word))
}

/// Wakes the one that has slept longest on `key`, if there is one.
pub fn unpark_one(key: usize) {
    let mut sleepers = bucket(key);
    let Some(at) = sleepers.iter().position(|s| s.key == key) else { return };
    let sleeper = sleepers.remove(at);
    // SAFETY (PARK-2): it was in its bucket, whose lock we hold.
    let word = unsafe { &(*sleeper.word).0 };
    word.fetch_or(WOKEN, Ordering::Release);
    let word: *const AtomicU32 = word;
    drop(sleepers);
    // The thread may be gone already; then this wakes nobody, or one that looks again.
    futex_wake(word);
}

/// Waits while `*word == seen`; may return early.
fn futex_wait(word: &AtomicU32, seen: u32, left: Option<std::time::Duration>) {
    let time = left.map(|left| libc::timespec {
        tv_sec: left.as_secs().min(i64::MAX as u64) as libc::time_t,
        tv_nsec: left.subsec_nanos().into(),
    });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word and the time live across the call.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, seen, time) };
}

fn futex_wake(word: *const AtomicU32) {
    // SAFETY: the system takes any address, and reads nothing there.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1) };
}

/// The whole table, locked: what a fork holds across the system call.
pub struct Held(Vec<MutexGuard<'static, Vec<Sleeper>>>);

/// Locks the table.
pub fn hold() -> Held {
    Held(TABLE.iter().map(|b| b.0.lock().unwrap_or_else(PoisonError::into_inner)).collect())
}

impl Held {
    /// In a forked child: the sleepers are threads that do not exist here.
    pub fn forget_sleepers(&mut self) {
        for sleepers in &mut self.0 {
            sleepers.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn wakes_and_times_out() {
        let key = 0x1238;
        let here = Word::new();
        assert_eq!(park(key, &here, false, None, || false), Parked::Invalid);
        assert!(!is_asleep(key, &here));
        let soon = || Some(Instant::now() + Duration::from_millis(5));
        assert_eq!(park(key, &here, false, soon(), || true), Parked::TimedOut);
        here.interrupt();
        assert_eq!(park(key, &here, false, soon(), || true), Parked::TimedOut);
        assert_eq!(park(key, &here, true, None, || true), Parked::Interrupted);
        assert!(here.take_interrupt() && !here.take_interrupt());
        let threads: Vec<_> = (0..3)
            .map(|before| {
                let thread = std::thread::spawn(move || park(key, &Word::new(), false, None, || true));
                while bucket(key).iter().filter(|s| s.key == key).count() == before {
                    std::thread::yield_now();
                }
                thread
            })
            .collect();
        let asleep = bucket(key).last().unwrap().word;
        assert!(is_asleep(key, asleep) && !is_asleep(key + 8, asleep));
        (0..3).for_each(|_| unpark_one(key));
        assert!(!is_asleep(key, asleep));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Parked::Woken);
        }
        assert!(bucket(key).iter().all(|s| s.key != key));
    }

    #[test]
    fn forgets() {
        let end = Some(Instant::now() + Duration::from_millis(50));
        let thread = std::thread::spawn(move || park(0x77, &Word::new(), false, end, || true));
        std::thread::sleep(Duration::from_millis(10));
        bucket(0x77).clear();
        unpark_one(0x77);
        assert_eq!(thread.join().unwrap(), Parked::TimedOut);
    }
}
