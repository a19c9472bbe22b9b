//! Starting the heap.

use crate::alloc::{MAX_SMALL, STRESS};
use crate::binding::{MMTK_INSTANCE, Vm, mmtk};
use crate::trigger::{MAX_PAGES, MIN_PAGES, NURSERY, NURSERY_PAGES, pages};
use mmtk::MMTKBuilder;
use mmtk::util::options::{GCTriggerSelector, PlanSelector};
use std::sync::atomic::Ordering;

/// How the heap is to behave.
#[derive(Clone, Debug)]
pub struct HeapOptions {
    /// The heap limit to start with, in bytes. It also bounds the first nursery.
    pub min_heap: usize,
    /// The most the heap may use, in bytes; 0: the machine's memory.
    pub max_heap: usize,
    /// The nursery for each core, in bytes, while the heap is small; doubled when several threads run.
    pub nursery: usize,
    /// Collector threads; 0: one for every four cores, at least one, at most eight. To wake
    /// a second one costs as much as most collections do, several times a second; with too
    /// few, they are what a program with many threads waits for.
    pub threads: usize,
    /// Collect at every Nth allocation.
    pub stress: Option<u64>,
}

impl Default for HeapOptions {
    fn default() -> Self {
        Self { min_heap: 64 << 20, max_heap: 0, nursery: NURSERY, threads: 0, stress: None }
    }
}

/// Whether [`init`] has returned.
pub fn is_initialized() -> bool {
    MMTK_INSTANCE.get().is_some()
}

/// Sets up the heap; once per process, before the first `attach`. May run on any
/// thread. Collector threads are not started before the first collection.
pub fn init(options: &HeapOptions) {
    let max = match options.max_heap {
        0 => physical_memory(),
        max => max,
    };
    MIN_PAGES.store(pages(options.min_heap.min(max)), Ordering::Relaxed);
    MAX_PAGES.store(pages(max), Ordering::Relaxed);
    NURSERY_PAGES.store(pages(options.nursery).max(1), Ordering::Relaxed);
    STRESS.store(options.stress.unwrap_or(0), Ordering::Relaxed);

    let mut builder = MMTKBuilder::new_no_env_vars();
    let o = &mut builder.options;
    let mut accepted = o.plan.set(PlanSelector::StickyImmix);
    accepted &= o.threads.set(match options.threads {
        0 => std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 4).clamp(1, 8)),
        n => n,
    });
    accepted &= o.gc_trigger.set(GCTriggerSelector::Delegated);
    accepted &= o.full_heap_system_gc.set(false);
    accepted &= o.no_finalizer.set(true);
    accepted &= o.no_reference_types.set(true);
    assert!(accepted, "mmtk refused an option");
    check_address_space();
    let instance = mmtk::memory_manager::mmtk_init::<Vm>(&builder);
    assert!(MMTK_INSTANCE.set(instance).is_ok(), "the heap is initialized twice");
    let limit = mmtk().get_plan().constraints().max_non_los_default_alloc_bytes;
    MAX_SMALL.store(limit, Ordering::Relaxed);
}

/// The heap's places are laid out over terabytes of addresses. A process that may not have
/// those ends here, and says why.
fn check_address_space() {
    const NEEDED: u64 = 12 << 40;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure lives across the call.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) } == 0;
    if known && limit.rlim_cur != libc::RLIM_INFINITY && limit.rlim_cur < NEEDED {
        eprintln!(
            "Fatal Python error: the heap is laid out over 12 TB of addresses, of which little becomes memory; \
             the limit of address space (ulimit -v) is {} MB. A control group can limit the memory itself.",
            limit.rlim_cur >> 20
        );
        std::process::exit(1);
    }
}

fn physical_memory() -> usize {
    // SAFETY: no preconditions.
    let (count, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    match (count, size) {
        (1.., 1..) => count as usize * size as usize,
        _ => 1 << 40,
    }
}
