//! Counters for `gc.get_stats`, tests and tuning; external memory; the user's switch.

use crate::binding::mmtk;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use typhon_sync::prim::lock;

/// A snapshot of the collector's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub young_collections: u64,
    pub full_collections: u64,
    pub last_pause: Duration,
    pub max_young_pause: Duration,
    pub max_full_pause: Duration,
    pub total_pause: Duration,
    /// Pauses of 2^i to 2^(i+1) microseconds; the first also counts shorter ones.
    pub pause_histogram: [u64; 24],
    pub weak_cleared: u64,
    pub finalizers_queued: u64,
    pub native_drops: u64,
    /// Failed allocations.
    pub out_of_memory: u64,
    /// Bytes of heap in use, including garbage not collected yet.
    pub used_bytes: usize,
    /// Bytes that the last trims gave back to the system, in total.
    pub returned_bytes: u64,
    pub external_bytes: usize,
}

static STATS: Mutex<Option<Stats>> = Mutex::new(None);
static OUT_OF_MEMORY: AtomicU64 = AtomicU64::new(0);
static EXTERNAL: AtomicUsize = AtomicUsize::new(0);
static AUTOMATIC: AtomicBool = AtomicBool::new(true);

pub(crate) fn update(f: impl FnOnce(&mut Stats)) {
    f(lock(&STATS).get_or_insert_default());
}

pub(crate) fn record(young: bool, pause: Duration) {
    update(|s| {
        let (count, max) = match young {
            true => (&mut s.young_collections, &mut s.max_young_pause),
            false => (&mut s.full_collections, &mut s.max_full_pause),
        };
        *count += 1;
        *max = pause.max(*max);
        s.last_pause = pause;
        s.total_pause += pause;
        let bucket = (pause.as_micros().max(1) as u64).ilog2() as usize;
        s.pause_histogram[bucket.min(23)] += 1;
    });
}

pub(crate) fn count_out_of_memory() {
    OUT_OF_MEMORY.fetch_add(1, Ordering::Relaxed);
}

/// The counters now.
pub fn stats() -> Stats {
    let mut s = lock(&STATS).clone().unwrap_or_default();
    s.out_of_memory = OUT_OF_MEMORY.load(Ordering::Relaxed);
    s.external_bytes = external();
    s.used_bytes = mmtk::memory_manager::used_bytes(mmtk());
    s
}

/// Accounts for memory outside the heap that objects keep (negative: freed). Enough
/// of it brings about a collection at the next poll.
pub fn add_external(bytes: isize) {
    if bytes >= 0 {
        let bytes = bytes as usize;
        crate::trigger::external_grew(EXTERNAL.fetch_add(bytes, Ordering::Relaxed) + bytes);
    } else {
        let less = bytes.unsigned_abs();
        let _ = EXTERNAL.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| Some(old.saturating_sub(less)));
    }
}

pub(crate) fn external() -> usize {
    EXTERNAL.load(Ordering::Relaxed)
}

/// The flag of `gc.enable` and `gc.disable`. The collector itself ignores it, since
/// without reference counts collections are the only way to free memory; the upper
/// layer may delay finalizers by it.
pub fn automatic() -> bool {
    AUTOMATIC.load(Ordering::Relaxed)
}

pub fn set_automatic(on: bool) {
    AUTOMATIC.store(on, Ordering::Relaxed);
}
