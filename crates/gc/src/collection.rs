//! Running a collection: stopping and resuming the world, the collector's threads.
//!
//! The collector's threads are started by the first collection: most short programs
//! never need one.

use crate::binding::{Vm, bound_mutators, mmtk, tls_mutator, worker_tls};
use crate::mutator::{POLL_FINALIZE, WORLD, request_all};
use crate::{census, scan, stats, trigger, trim, weak};
use mmtk::Mutator;
use mmtk::util::alloc::AllocationError;
use mmtk::util::heap::GCTriggerPolicy;
use mmtk::util::{VMMutatorThread, VMThread, VMWorkerThread};
use mmtk::vm::{Collection, GCThreadContext};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;
use typhon_sync::prim::lock;

static STARTED: AtomicBool = AtomicBool::new(false);
static START: Mutex<()> = Mutex::new(());
/// The collector's threads, for `fork` to wait for.
pub(crate) static WORKERS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());
static PAUSE_START: Mutex<Option<Instant>> = Mutex::new(None);

/// Starts the collector's threads if they are not running.
pub(crate) fn ensure_workers() {
    if !STARTED.load(Ordering::Acquire) {
        // Nobody collects while this lock is held (GC-9): there are no workers yet.
        let _guard = lock(&START);
        if !STARTED.load(Ordering::Relaxed) {
            mmtk::memory_manager::initialize_collection(mmtk(), VMThread::UNINITIALIZED);
            STARTED.store(true, Ordering::Release);
        }
    }
}

pub(crate) fn workers_started() -> bool {
    STARTED.load(Ordering::Acquire)
}

/// Blocks all signals in the calling thread: the mask as it was.
pub fn block_signals() -> libc::sigset_t {
    // SAFETY: sets on this stack.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before);
        before
    }
}

impl Collection<Vm> for Vm {
    fn stop_all_mutators<F>(_: VMWorkerThread, mut visit: F)
    where
        F: FnMut(&'static mut Mutator<Vm>),
    {
        *lock(&PAUSE_START) = Some(Instant::now());
        WORLD.stop(None);
        weak::begin();
        census::begin();
        trim::note_peak();
        for m in bound_mutators() {
            // SAFETY (GC-6): all mutators are stopped.
            visit(unsafe { &mut *m });
        }
    }

    fn resume_mutators(_: VMWorkerThread) {
        let young = is_young();
        if !young {
            trim::after_full_collection();
        }
        let started = lock(&PAUSE_START).take();
        stats::record(young, started.map_or_else(Default::default, |t| t.elapsed()));
        trigger::external_collected();
        scan::forget_kept();
        if weak::work_waits() {
            request_all(POLL_FINALIZE);
        }
        WORLD.resume(None, true);
    }

    fn block_for_gc(tls: VMMutatorThread) {
        tls_mutator(tls).wait_for_collection();
    }

    fn spawn_gc_thread(_: VMThread, context: GCThreadContext<Vm>) {
        let GCThreadContext::Worker(worker) = context;
        // It inherits the mask: a signal that the program blocks must not arrive there.
        let mask = block_signals();
        let thread = std::thread::Builder::new()
            .name("gc".into())
            .stack_size(256 << 10)
            .spawn(move || mmtk::memory_manager::start_worker(mmtk(), worker_tls(), worker))
            .expect("cannot start a collector thread");
        // SAFETY: a mask that the system gave.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut()) };
        lock(&WORKERS).push(thread);
    }

    fn out_of_memory(_: VMThread, _: AllocationError) {
        // The allocation returns null, which becomes `OutOfMemory`.
        stats::count_out_of_memory();
    }

    fn create_gc_trigger() -> Box<dyn GCTriggerPolicy<Vm>> {
        Box::new(trigger::Policy::new())
    }

    fn vm_live_bytes() -> usize {
        stats::external()
    }
}

/// Whether the collection under way (or the last one) is a young one.
pub(crate) fn is_young() -> bool {
    mmtk().get_plan().generational().is_some_and(|plan| plan.is_current_gc_nursery())
}
