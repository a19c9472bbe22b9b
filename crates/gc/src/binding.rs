//! What mmtk wants to know about objects and threads.

use crate::layout::{is_pointer, object_size, shape_of};
use crate::mutator::{Mutator, WORLD, from_state};
use mmtk::MMTK;
use mmtk::util::copy::{CopySemantics, GCWorkerCopyContext};
use mmtk::util::{Address, ObjectReference, OpaquePointer, VMMutatorThread, VMThread, VMWorkerThread};
use mmtk::vm::slot::Slot;
use mmtk::vm::{
    ActivePlan, ObjectModel, ReferenceGlue, VMBinding, VMGlobalLogBitSpec, VMLocalForwardingBitsSpec,
    VMLocalForwardingPointerSpec, VMLocalLOSMarkNurserySpec, VMLocalMarkBitSpec,
};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The type by which mmtk knows us.
#[derive(Default)]
pub struct Vm;

pub(crate) static MMTK_INSTANCE: OnceLock<Box<MMTK<Vm>>> = OnceLock::new();

pub(crate) fn mmtk() -> &'static MMTK<Vm> {
    MMTK_INSTANCE.get().expect("typhon_gc::init has not been called")
}

/// The address that stands for a collector thread; mutators have that of their struct.
const WORKER: usize = 0x10;

pub(crate) fn worker_tls() -> VMWorkerThread {
    // SAFETY: mmtk only passes it back.
    let pointer = OpaquePointer::from_address(unsafe { Address::from_usize(WORKER) });
    VMWorkerThread(VMThread(pointer))
}

pub(crate) fn mutator_tls(m: &Mutator) -> VMMutatorThread {
    VMMutatorThread(VMThread(OpaquePointer::from_address(Address::from_ref(m))))
}

/// The mutator of a thread that `mutator_tls` named.
pub(crate) fn tls_mutator(tls: VMMutatorThread) -> &'static Mutator {
    // SAFETY: see `mutator_tls`; mutators stay in place while attached.
    unsafe { &*tls.0.0.to_address().to_ptr::<Mutator>() }
}

/// # Safety
/// `object` is not null and 8-byte aligned.
#[inline(always)]
pub(crate) unsafe fn object_ref(object: *const u8) -> ObjectReference {
    ObjectReference::from_raw_address_unchecked(Address::from_ptr(object))
}

#[inline(always)]
pub(crate) fn pointer(object: ObjectReference) -> *mut u8 {
    object.to_raw_address().to_mut_ptr()
}

/// The address of a value word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ValueSlot(pub *mut u64);
// SAFETY: slots are only accessed atomically.
unsafe impl Send for ValueSlot {}
unsafe impl Sync for ValueSlot {}

impl Slot for ValueSlot {
    #[inline(always)]
    fn load(&self) -> Option<ObjectReference> {
        // SAFETY: slots come from `trace_object` on live objects.
        let word = unsafe { AtomicU64::from_ptr(self.0) }.load(Ordering::Relaxed);
        // SAFETY: non-null and aligned.
        is_pointer(word).then(|| unsafe { object_ref(word as *const u8) })
    }
    fn store(&self, object: ObjectReference) {
        let word = object.to_raw_address().as_usize() as u64;
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(self.0) }.store(word, Ordering::Relaxed);
    }
}

impl VMBinding for Vm {
    type VMObjectModel = Vm;
    type VMScanning = Vm;
    type VMCollection = Vm;
    type VMActivePlan = Vm;
    type VMReferenceGlue = Vm;
    type VMSlot = ValueSlot;
    type VMMemorySlice = crate::alloc::NoSlice;
    const ALIGNMENT_VALUE: u8 = 0;
    const MIN_ALIGNMENT: usize = 8;
    const MAX_ALIGNMENT: usize = 8;
    const USE_ALLOCATION_OFFSET: bool = false;
    const ALLOC_END_ALIGNMENT: usize = 8;
}

/// The base address of the log bits, one per eight bytes of heap.
pub(crate) fn log_bit_base() -> usize {
    Vm::GLOBAL_LOG_BIT_SPEC.as_spec().extract_side_spec().get_starting_address().as_usize()
}

impl ObjectModel<Vm> for Vm {
    const GLOBAL_LOG_BIT_SPEC: VMGlobalLogBitSpec = VMGlobalLogBitSpec::side_first();
    // Unused: nothing moves (GC-13).
    const LOCAL_FORWARDING_POINTER_SPEC: VMLocalForwardingPointerSpec = VMLocalForwardingPointerSpec::in_header(0);
    const LOCAL_FORWARDING_BITS_SPEC: VMLocalForwardingBitsSpec = VMLocalForwardingBitsSpec::in_header(0);
    const LOCAL_MARK_BIT_SPEC: VMLocalMarkBitSpec = VMLocalMarkBitSpec::side_first();
    const LOCAL_LOS_MARK_NURSERY_SPEC: VMLocalLOSMarkNurserySpec =
        VMLocalLOSMarkNurserySpec::side_after(Self::LOCAL_MARK_BIT_SPEC.as_spec());
    // For the stacks that belong to objects (GC-19).
    const NEED_VO_BITS_DURING_TRACING: bool = true;
    const UNIFIED_OBJECT_REFERENCE_ADDRESS: bool = true;
    const OBJECT_REF_OFFSET_LOWER_BOUND: isize = 0;

    fn copy(_: ObjectReference, _: CopySemantics, _: &mut GCWorkerCopyContext<Vm>) -> ObjectReference {
        unreachable!("GC-13: objects never move")
    }
    fn copy_to(_: ObjectReference, _: ObjectReference, _: Address) -> Address {
        unreachable!("GC-13: objects never move")
    }
    fn get_reference_when_copied_to(_: ObjectReference, _: Address) -> ObjectReference {
        unreachable!("GC-13: objects never move")
    }
    #[inline(always)]
    fn get_current_size(object: ObjectReference) -> usize {
        // SAFETY: mmtk asks about objects that have been allocated (GC-12).
        unsafe { object_size(pointer(object)) }
    }
    fn get_size_when_copied(object: ObjectReference) -> usize {
        Self::get_current_size(object)
    }
    fn get_align_when_copied(_: ObjectReference) -> usize {
        8
    }
    fn get_align_offset_when_copied(_: ObjectReference) -> usize {
        0
    }
    fn get_type_descriptor(_: ObjectReference) -> &'static [i8] {
        unreachable!("only used by plans that log types")
    }
    fn ref_to_object_start(object: ObjectReference) -> Address {
        object.to_raw_address()
    }
    fn ref_to_header(object: ObjectReference) -> Address {
        object.to_raw_address()
    }
    fn dump_object(object: ObjectReference) {
        // SAFETY: as in `get_current_size`.
        let shape = unsafe { shape_of(pointer(object)) };
        eprintln!("{object:?} shape {shape}");
    }
}

impl ActivePlan<Vm> for Vm {
    fn is_mutator(tls: VMThread) -> bool {
        tls.0.to_address().as_usize() > WORKER
    }
    fn mutator(tls: VMMutatorThread) -> &'static mut mmtk::Mutator<Vm> {
        // SAFETY (GC-8): bound while attached.
        unsafe { &mut *tls_mutator(tls).mmtk.get() }
    }
    fn mutators<'a>() -> Box<dyn Iterator<Item = &'a mut mmtk::Mutator<Vm>> + 'a> {
        Box::new(bound_mutators().into_iter().map(|m| {
            // SAFETY (GC-6, GC-8): mmtk asks while the world is stopped, when no
            // mutator comes or goes and none uses its own.
            unsafe { &mut *m }
        }))
    }
    fn number_of_mutators() -> usize {
        WORLD.with_members(|members| members.threads().len())
    }
}

/// mmtk's mutators of all attached threads.
pub(crate) fn bound_mutators() -> Vec<*mut mmtk::Mutator<Vm>> {
    WORLD.with_members(|members| {
        // SAFETY (SP-4): attached, under the mutex.
        members.threads().iter().map(|&t| unsafe { (*from_state(t)).mmtk.get() }).collect()
    })
}

impl ReferenceGlue<Vm> for Vm {
    type FinalizableType = ObjectReference;
    fn clear_referent(_: ObjectReference) {
        unreachable!("we process weak references ourselves")
    }
    fn get_referent(_: ObjectReference) -> Option<ObjectReference> {
        unreachable!("we process weak references ourselves")
    }
    fn set_referent(_: ObjectReference, _: ObjectReference) {
        unreachable!("we process weak references ourselves")
    }
    fn enqueue_references(_: &[ObjectReference], _: VMWorkerThread) {}
}
