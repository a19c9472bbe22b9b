//! A mutual-exclusion lock in two bits of an object header's `meta` word, or in a word of
//! its own.
//!
//! | bit | meaning |
//! |---|---|
//! | 0 `LOCKED` | held |
//! | 1 `CONTENDED` | somebody may be parked on this word; meaningful while `LOCKED` |
//!
//! In a header all other bits are left alone and may change at any time by atomic
//! read-modify-write. In a word of its own they say in which process the lock was taken:
//! a fork may find another thread stopped with the lock held, while it allocates what it
//! is about to store. That thread does not exist in the child, and a lock that was taken
//! before the fork is free there ([`after_fork`]). Waiters sleep in the table of `parking.rs`, keyed by the
//! word's address; that is sound because objects never move and a waiter keeps the
//! object alive from its own stack.
//!
//! Not re-entrant, not fair, no poison. The holder must not run Python code, and
//! waits happen in the blocked state (SYNC-1), so a holder may poll but should not.

use crate::parking::{self, Word};
use std::sync::atomic::{AtomicU32, Ordering};

thread_local! {
    static ASLEEP: Word = const { Word::new() };
}

/// The lock is held.
pub const LOCKED: u32 = 1;
/// A thread may be parked, waiting for the lock.
pub const CONTENDED: u32 = 2;
/// The bits of the word that this module owns.
pub const MASK: u32 = LOCKED | CONTENDED;

/// Runs its argument, a wait, in the calling thread's blocked state.
pub type Block<'a> = &'a mut dyn FnMut(&mut dyn FnMut());

/// Counts the forks between the first process and this one, in the bits beside [`MASK`].
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// In a forked child, whose only thread holds no lock: locks in words of their own that
/// were taken before are free.
pub fn after_fork() {
    PROCESS.fetch_add(MASK + 1, Ordering::SeqCst);
}

/// `old` with `bits` set, by this process.
#[inline(always)]
fn taken<const OWN: bool>(old: u32, bits: u32) -> u32 {
    if OWN { PROCESS.load(Ordering::Relaxed) | bits } else { old | bits }
}

#[inline(always)]
fn try_take<const OWN: bool>(word: &AtomicU32) -> bool {
    let mut old = word.load(Ordering::Relaxed);
    while old & LOCKED == 0 {
        match word.compare_exchange_weak(old, taken::<OWN>(old, LOCKED), Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => old = now,
        }
    }
    false
}

/// Takes the lock in a header if it is free.
#[inline]
pub fn try_lock(word: &AtomicU32) -> bool {
    try_take::<false>(word)
}

/// Takes the lock in a header. `block` runs its argument (a wait) in the blocked state.
#[inline]
pub fn lock(word: &AtomicU32, block: impl FnMut(&mut dyn FnMut())) {
    if !try_take::<false>(word) {
        let mut block = block;
        lock_slow::<false>(word, &mut block);
    }
}

/// The same in a word of its own.
#[inline]
pub fn lock_own(word: &AtomicU32, block: impl FnMut(&mut dyn FnMut())) {
    if !try_take::<true>(word) {
        let mut block = block;
        lock_slow::<true>(word, &mut block);
    }
}

#[cold]
fn lock_slow<const OWN: bool>(word: &AtomicU32, block: Block<'_>) {
    let old = word.load(Ordering::Relaxed);
    if OWN && old & LOCKED != 0 && old & !MASK != PROCESS.load(Ordering::Relaxed) {
        // Its holder is a thread of another process.
        let _ = word.compare_exchange(old, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
    for spins in 0..6 {
        for _ in 0..1 << spins {
            std::hint::spin_loop();
        }
        if try_take::<OWN>(word) {
            return;
        }
    }
    loop {
        let old = word.load(Ordering::Relaxed);
        if old & LOCKED == 0 {
            // Others may still be parked: keep CONTENDED set, so that our unlock
            // wakes the next one. A superfluous wake is harmless.
            let new = taken::<OWN>(old, MASK);
            if word.compare_exchange_weak(old, new, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return;
            }
            continue;
        }
        if old & CONTENDED == 0
            && word.compare_exchange_weak(old, old | CONTENDED, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            continue;
        }
        block(&mut || {
            let key = std::ptr::from_ref(word).addr();
            ASLEEP.with(|here| parking::park(key, here, false, None, || word.load(Ordering::Relaxed) & MASK == MASK));
        });
    }
}

/// Lets go of the lock.
///
/// # Safety
/// The caller holds it.
#[inline]
pub unsafe fn unlock(word: &AtomicU32) {
    let old = word.fetch_and(!MASK, Ordering::Release);
    debug_assert!(old & LOCKED != 0, "unlock of a free object lock");
    if old & CONTENDED != 0 {
        wake_one(word);
    }
}

#[cold]
fn wake_one(word: &AtomicU32) {
    parking::unpark_one(std::ptr::from_ref(word).addr());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::UnsafeCell;
    use std::sync::Arc;

    struct Shared(AtomicU32, UnsafeCell<u64>);
    // SAFETY: the cell is touched only under the lock in the word.
    unsafe impl Sync for Shared {}

    #[test]
    fn free_in_a_child() {
        let word = AtomicU32::new(0);
        lock_own(&word, |_| panic!("free"));
        after_fork();
        lock_own(&word, |_| panic!("its holder is not here"));
        // SAFETY: held.
        unsafe { unlock(&word) };
        assert_eq!(word.load(Ordering::Relaxed) & MASK, 0);
        lock_own(&word, |_| panic!("free"));
        assert_ne!(word.load(Ordering::Relaxed) & LOCKED, 0);
    }

    #[test]
    fn excludes_and_wakes() {
        let shared = Arc::new(Shared(AtomicU32::new(0x100), UnsafeCell::new(0)));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    for i in 0..20_000 {
                        lock(&shared.0, |wait| wait());
                        // SAFETY: the lock is held.
                        unsafe { *shared.1.get() += 1 };
                        if i % 500 == 0 {
                            std::thread::yield_now();
                        }
                        // SAFETY: held.
                        unsafe { unlock(&shared.0) };
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        // SAFETY: all threads have ended.
        assert_eq!(unsafe { *shared.1.get() }, 80_000);
        assert_eq!(shared.0.load(Ordering::Relaxed), 0x100);
    }
}
