//! When to collect, and how the heap grows.
//!
//! The limit starts at `min_heap` and becomes max(min, 2 x live + min / 2) after each
//! full collection, never more than `max_heap`; `min` is `min_heap` for each core that
//! the attached threads can keep busy: they allocate that much faster, and a collection
//! stops them all. Memory outside the heap (`add_external`) counts as live.
//!
//! A young collection is due when so much has been allocated since the last collection as
//! the nursery is large: a fixed size for each of those cores, small enough that the
//! memory that programs use again and again stays in the processor's caches, and that what
//! survives lies close together; twice that when several threads must stop for it; but a
//! quarter of what is live if that is more, for a young collection looks at every block.

use crate::binding::Vm;
use crate::mutator::{POLL_COLLECT, WORLD, request_all};
use crate::{collection, stats};
use mmtk::MMTK;
use mmtk::plan::Plan;
use mmtk::util::heap::{GCTriggerPolicy, SpaceStats};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAGE: usize = 4096;
/// From here on, in pages, a limit is no real one.
const LARGE: usize = (4 << 30) / PAGE;

/// Beyond so many cores the least limit does not grow.
const MOST_CORES: usize = 8;

/// The nursery of a small heap, in bytes for each core.
pub(crate) const NURSERY: usize = 8 << 20;
/// Set by `init`, in pages.
pub(crate) static NURSERY_PAGES: AtomicUsize = AtomicUsize::new(NURSERY / PAGE);

/// In pages; set by `init` before mmtk asks for a policy.
pub(crate) static MIN_PAGES: AtomicUsize = AtomicUsize::new(0);
pub(crate) static MAX_PAGES: AtomicUsize = AtomicUsize::new(0);

/// External bytes at which the next collection is due.
static EXTERNAL_LIMIT: AtomicUsize = AtomicUsize::new(EXTERNAL_MIN);
const EXTERNAL_MIN: usize = 64 << 20;

/// Called when external memory has grown to `bytes`.
pub(crate) fn external_grew(bytes: usize) {
    let limit = EXTERNAL_LIMIT.load(Ordering::Relaxed);
    if bytes > limit {
        // Ask once per limit.
        let next = bytes.saturating_mul(2);
        if EXTERNAL_LIMIT.compare_exchange(limit, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            request_all(POLL_COLLECT);
        }
    }
}

/// Called at the end of a collection.
pub(crate) fn external_collected() {
    let limit = stats::external().saturating_mul(2).max(EXTERNAL_MIN);
    EXTERNAL_LIMIT.store(limit, Ordering::Relaxed);
}

pub(crate) struct Policy {
    min: usize,
    max: usize,
    limit: AtomicUsize,
    pending: AtomicUsize,
    /// Pages in use at which the next young collection is due.
    young: AtomicUsize,
}

impl Policy {
    /// The least limit, in pages, for the threads there are.
    fn least(&self) -> usize {
        self.min * Self::busy_cores()
    }

    /// How many cores the attached threads can use.
    fn busy_cores() -> usize {
        static CORES: OnceLock<usize> = OnceLock::new();
        let cores = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_CORES)));
        let threads = WORLD.with_members(|members| members.threads().len());
        threads.clamp(1, cores)
    }

    /// After a collection that left `used` pages.
    fn set_nursery(&self, used: usize) {
        let cores = Self::busy_cores();
        let nursery = NURSERY_PAGES.load(Ordering::Relaxed) * cores * cores.min(2);
        self.young.store(used + nursery.max(used / 4), Ordering::Relaxed);
    }

    pub(crate) fn new() -> Self {
        let min = MIN_PAGES.load(Ordering::Relaxed);
        Self {
            min,
            max: MAX_PAGES.load(Ordering::Relaxed),
            limit: AtomicUsize::new(min),
            pending: AtomicUsize::new(0),
            young: AtomicUsize::new(NURSERY_PAGES.load(Ordering::Relaxed)),
        }
    }
}

impl GCTriggerPolicy<Vm> for Policy {
    fn on_pending_allocation(&self, pages: usize) {
        self.pending.fetch_add(pages, Ordering::SeqCst);
    }

    fn on_gc_release(&self, mmtk: &'static MMTK<Vm>) {
        // At the end of a full collection mmtk first decides, by the current limit,
        // whether the next one must be full too, and only then asks for a new limit
        // (`on_gc_end`). Without a provisional one every growth costs two full
        // collections.
        if !collection::is_young() {
            let used = mmtk.get_plan().get_reserved_pages();
            let limit = self.limit.load(Ordering::Relaxed).max(used * 2);
            self.limit.store(limit.min(self.max), Ordering::Relaxed);
        }
    }

    fn on_gc_end(&self, mmtk: &'static MMTK<Vm>) {
        let pending = self.pending.swap(0, Ordering::SeqCst);
        self.set_nursery(mmtk.get_plan().get_reserved_pages() + pending);
        if collection::is_young() {
            // Live size is not known; only make room for what is waited for.
            let limit = self.limit.load(Ordering::Relaxed).max(self.least()) + pending;
            self.limit.store(limit.min(self.max), Ordering::Relaxed);
            return;
        }
        let live = mmtk.get_plan().get_reserved_pages();
        let min = self.least();
        let limit = (live * 2 + min / 2).max(min) + pending;
        self.limit.store(limit.min(self.max), Ordering::Relaxed);
    }

    fn is_gc_required(&self, space_full: bool, space: Option<SpaceStats<Vm>>, plan: &dyn Plan<VM = Vm>) -> bool {
        let full = plan.get_reserved_pages() >= self.young.load(Ordering::Relaxed);
        let required = full || plan.collection_required(space_full, space);
        if required {
            // mmtk is about to request a collection, which panics without workers.
            collection::ensure_workers();
        }
        required
    }

    fn is_heap_full(&self, plan: &dyn Plan<VM = Vm>) -> bool {
        plan.get_reserved_pages() > self.limit.load(Ordering::Relaxed)
    }

    fn get_current_heap_size_in_pages(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    fn get_max_heap_size_in_pages(&self) -> usize {
        // While the spaces are made, mmtk reserves twice this for each of them and notes
        // every chunk of it, which is a good part of starting up. Where the limit is all
        // the memory there is, once that is room enough; a small heap that is used to its
        // limit needs the rest, since its space is fragmented.
        match crate::init::is_initialized() || self.max < LARGE {
            true => self.max,
            false => self.max / 2,
        }
    }

    fn can_heap_size_grow(&self) -> bool {
        self.limit.load(Ordering::Relaxed) < self.max
    }
}

/// Bytes to whole pages.
pub(crate) const fn pages(bytes: usize) -> usize {
    bytes.div_ceil(PAGE)
}
