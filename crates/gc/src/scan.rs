//! Finding roots: stacks conservatively, everything else exactly.

use crate::binding::{ValueSlot, Vm, mmtk, object_ref, pointer, tls_mutator};
use crate::layout::{is_pointer, trace_object};
use crate::mutator::Mutator;
use crate::{roots, weak};
use mmtk::util::{Address, ObjectReference, VMWorkerThread};
use mmtk::vm::slot::Slot;
use mmtk::vm::{ObjectTracer, ObjectTracerContext, RootsWorkFactory, Scanning, SlotVisitor};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use typhon_sync::prim::lock;

/// Appends the objects that words in [lo, hi) point to or into (GC-10).
///
/// # Safety
/// The range is readable, and no mutator allocates.
pub(crate) unsafe fn scan_range(lo: usize, hi: usize, out: &mut Vec<ObjectReference>) {
    let heap = heap_range();
    let mut last = 0;
    let mut p = (lo + 7) & !7;
    while p + 8 <= hi {
        // Volatile: the words belong to other threads' frames, which have stopped.
        let word = std::ptr::read_volatile(p as *const usize);
        p += 8;
        if word < heap.0 || word >= heap.1 || word == last {
            continue;
        }
        last = word;
        let address = Address::from_usize(word);
        out.extend(mmtk::memory_manager::find_object_from_internal_pointer(address, MAX_SEARCH));
    }
}

/// Slots with the objects that words in [lo, hi) point to or into.
///
/// # Safety
/// As for [`scan_range`].
pub(crate) unsafe fn words_in(lo: usize, hi: usize) -> Box<[AtomicU64]> {
    let mut found = Vec::new();
    scan_range(lo, hi, &mut found);
    found.iter().map(|&object| AtomicU64::new(pointer(object) as u64)).collect()
}

/// The slots of `words_in` that were handed out since the last collection ended.
static KEPT: Mutex<Vec<Box<[AtomicU64]>>> = Mutex::new(Vec::new());

/// Keep slots until a collection ends. No lock of the runtime: only whoever has stopped
/// the world traces (GC-18).
pub(crate) fn keep(words: Box<[AtomicU64]>) {
    if !words.is_empty() {
        lock(&KEPT).push(words);
    }
}

/// The trace is over.
pub(crate) fn forget_kept() {
    let kept = std::mem::take(&mut *lock(&KEPT));
    drop(kept);
}

/// An interior pointer may be this far from its object's start.
const MAX_SEARCH: usize = usize::MAX >> 1;

pub(crate) fn heap_range() -> (usize, usize) {
    (mmtk::memory_manager::starting_heap_address().as_usize(), mmtk::memory_manager::last_heap_address().as_usize())
}

/// The roots in one stopped thread's native stack and value stack.
///
/// # Safety
/// The thread is stopped (GC-6).
pub(crate) unsafe fn thread_roots(m: &Mutator, out: &mut Vec<ObjectReference>) {
    let (sp, hi) = m.native_stack();
    scan_range(sp, hi, out);
    if let Some(mark) = m.scanned_mark() {
        let (lo, hi) = mark.registers();
        scan_range(lo, hi, out);
    }
    let (lo, top) = m.value_stack();
    scan_range(lo, top, out);
    let (lo, hi) = m.own_words();
    scan_range(lo, hi, out);
}

/// The roots that belong to no thread.
///
/// # Safety
/// The world is stopped.
pub(crate) unsafe fn global_roots(out: &mut Vec<ObjectReference>) {
    let mut ranges = Vec::new();
    let push = |word: u64, out: &mut Vec<ObjectReference>| {
        if is_pointer(word) {
            // SAFETY: non-null and aligned.
            out.push(unsafe { object_ref(word as *const u8) });
        }
    };
    roots::for_each(|word| push(word, out), |lo, hi| ranges.push((lo, hi)));
    weak::for_each_queued(|word| push(word, out));
    for (lo, hi) in ranges {
        scan_range(lo, hi, out);
    }
}

impl Scanning<Vm> for Vm {
    #[inline(always)]
    fn scan_object<SV: SlotVisitor<ValueSlot>>(_: VMWorkerThread, object: ObjectReference, visitor: &mut SV) {
        // SAFETY: mmtk passes live objects while the world is stopped.
        unsafe { trace_object(pointer(object), &mut |slot| visitor.visit_slot(ValueSlot(slot))) }
    }

    fn scan_object_and_trace_edges<OT: ObjectTracer>(tls: VMWorkerThread, object: ObjectReference, tracer: &mut OT) {
        Self::scan_object(tls, object, &mut |slot: ValueSlot| {
            if let Some(target) = slot.load() {
                tracer.trace_object(target);
            }
        });
    }

    fn notify_initial_thread_scan_complete(_: bool, _: VMWorkerThread) {}

    fn scan_roots_in_mutator_thread(
        _: VMWorkerThread,
        mutator: &'static mut mmtk::Mutator<Vm>,
        mut factory: impl RootsWorkFactory<ValueSlot>,
    ) {
        let mut found = Vec::new();
        // SAFETY (GC-6): the thread is stopped.
        unsafe { thread_roots(tls_mutator(mutator.mutator_tls), &mut found) };
        if !found.is_empty() {
            factory.create_process_pinning_roots_work(found);
        }
    }

    fn scan_vm_specific_roots(_: VMWorkerThread, mut factory: impl RootsWorkFactory<ValueSlot>) {
        let mut found = Vec::new();
        // SAFETY (GC-6): the world is stopped.
        unsafe { global_roots(&mut found) };
        if !found.is_empty() {
            factory.create_process_pinning_roots_work(found);
        }
    }

    fn supports_return_barrier() -> bool {
        false
    }

    fn prepare_for_roots_re_scanning() {}

    fn process_weak_refs(worker: &mut mmtk::scheduler::GCWorker<Vm>, context: impl ObjectTracerContext<Vm>) -> bool {
        let young = mmtk().get_plan().generational().is_some_and(|p| p.is_current_gc_nursery());
        weak::process(young, |objects| {
            context.with_tracer(worker, |tracer| {
                for &object in objects {
                    tracer.trace_object(object);
                }
            });
        })
    }
}
