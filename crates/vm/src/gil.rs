//! The GIL as an option (`-X gil=1`, `-X gil=checkinterval:N`): when a thread lets
//! another have it. The lock itself is in typhon-sync, and is given away around
//! everything that blocks by typhon-gc.
//!
//! `checkinterval` hands over after a number of bytecodes, as Python 2 did. They are
//! counted where a thread polls, that is at calls and at the ends of loops' rounds,
//! [`PER_POLL`] for each.
//!
//! Tests: tests/lang/gil.md.

use std::sync::atomic::{AtomicI64, Ordering};
use typhon_gc::POLL_GIL;
use typhon_object::Cx;
use typhon_sync::gil;

/// What a poll stands for: the round of a small loop in Python 2's bytecode.
pub const PER_POLL: i64 = 10;

/// Bytecodes between two handovers; 0: by time.
static CHECK_INTERVAL: AtomicI64 = AtomicI64::new(0);
/// What is left of them. All threads count on it, as in Python 2.
static TICKER: AtomicI64 = AtomicI64::new(0);

/// Has a GIL from now on. Called before the main thread is attached.
pub fn enable(check_interval: Option<i64>) {
    CHECK_INTERVAL.store(check_interval.unwrap_or(0), Ordering::Relaxed);
    gil::enable();
}

/// What a new thread does: where bytecodes are counted, each poll is looked at.
pub fn start_thread(cx: &Cx) {
    if CHECK_INTERVAL.load(Ordering::Relaxed) > 0 {
        cx.mutator.request(POLL_GIL);
    }
}

/// The poll bit is set.
pub fn handle(cx: &Cx) {
    let every = CHECK_INTERVAL.load(Ordering::Relaxed);
    if every == 0 {
        cx.mutator.clear(POLL_GIL);
    } else if TICKER.fetch_sub(PER_POLL, Ordering::Relaxed) > PER_POLL {
        return;
    } else {
        TICKER.store(every, Ordering::Relaxed);
    }
    cx.mutator.hand_over_gil();
}
