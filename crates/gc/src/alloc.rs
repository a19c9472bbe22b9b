//! Allocation and the write barrier.
//!
//! Up to [`INLINE_MAX`] bytes the bump pointer is advanced inline, as mmtk itself would
//! first do; a failing check leads to mmtk, which may collect. Stress mode gives mutators an empty bump
//! pointer, so that each allocation comes through `alloc_slow`.

use crate::binding::{Vm, mmtk, mutator_tls, object_ref};
use crate::mutator::Mutator;
use mmtk::AllocationSemantics;
use mmtk::MutatorContext;
use mmtk::util::alloc::{BumpPointer, ImmixAllocator};
use mmtk::util::{Address, ObjectReference};
use mmtk::vm::slot::UnimplementedMemorySlice;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Objects above this size are always allocated out of line. Larger ones are rare, and
/// the largest belong to the space of large objects.
pub const INLINE_MAX: usize = 4096;

/// The heap limit is reached, and an emergency collection did not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// 0: no stress. Otherwise every Nth allocation collects.
pub(crate) static STRESS: AtomicU64 = AtomicU64::new(0);
/// Largest object of the ordinary space, from the plan's constraints.
pub(crate) static MAX_SMALL: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct EmptyBump(UnsafeCell<BumpPointer>);
// SAFETY: cursor = limit = 0 for ever: each allocation check fails before a write.
unsafe impl Sync for EmptyBump {}
static EMPTY: EmptyBump = EmptyBump(UnsafeCell::new(BumpPointer { cursor: Address::ZERO, limit: Address::ZERO }));

pub(crate) fn empty_bump() -> *mut BumpPointer {
    EMPTY.0.get()
}

/// Creates mmtk's part of a mutator. Runs under the world's mutex (GC-8).
pub(crate) fn bind(m: &Mutator) {
    let bound = Box::into_raw(mmtk::memory_manager::bind_mutator(mmtk(), mutator_tls(m)));
    m.mmtk.set(bound);
    let selector = mmtk::memory_manager::get_allocator_mapping(mmtk(), AllocationSemantics::Default);
    let offset = mmtk::Mutator::<Vm>::get_allocator_base_offset(selector)
        + std::mem::offset_of!(ImmixAllocator<Vm>, bump_pointer);
    let inline = STRESS.load(Ordering::Relaxed) == 0 && !cfg!(feature = "checks");
    m.bump.set(match inline {
        // SAFETY: mmtk documents this as the place of the bump pointer.
        true => unsafe { (bound as *mut u8).add(offset).cast() },
        false => empty_bump(),
    });
    m.valid_bits.set(mmtk::util::metadata::vo_bit::vo_bit_side_metadata_addr().as_usize());
    m.log_bits.set(crate::binding::log_bit_base());
    m.heap.set(crate::scan::heap_range());
}

/// Destroys mmtk's part of a mutator. Runs under the world's mutex (GC-8).
pub(crate) fn unbind(m: &Mutator) {
    m.bump.set(empty_bump());
    let bound = m.mmtk.replace(std::ptr::null_mut());
    // SAFETY: created by `bind`, destroyed once.
    unsafe {
        mmtk::memory_manager::destroy_mutator(&mut *bound);
        let selector = mmtk::memory_manager::get_allocator_mapping(mmtk(), AllocationSemantics::Default);
        let context = std::ptr::from_ref((*bound).allocator(selector).get_context());
        drop(Box::from_raw(bound));
        // Its allocators share one context by counted references; mmtk 0.33 keeps them as
        // `MaybeUninit` and so never drops them. All that are left are theirs.
        let shared = std::mem::ManuallyDrop::new(Arc::from_raw(context));
        for _ in 0..Arc::strong_count(&shared) {
            Arc::decrement_strong_count(context);
        }
    }
}

/// Offsets and constants for code generators.
pub mod jit {
    use super::*;

    /// Offset in [`Mutator`] of a pointer to `{ cursor, limit }`.
    pub const BUMP: usize = std::mem::offset_of!(Mutator, bump);
    /// Offset in [`Mutator`] of the base of the valid-object bits: bit `(a >> 3) & 7` of
    /// byte `base + (a >> 6)`.
    pub const VALID_BITS: usize = std::mem::offset_of!(Mutator, valid_bits);
    /// As `VALID_BITS`, for the log bits that the barrier tests.
    pub const LOG_BITS: usize = std::mem::offset_of!(Mutator, log_bits);
    /// Offset in [`Mutator`] of the 32-bit poll word.
    pub const POLL: usize = 0;
}

impl Mutator {
    /// From here on every `n`th allocation collects. To be called while this is the only
    /// mutator: others go on with the buffers they have.
    pub fn stress(&self, n: u64) {
        STRESS.store(n, Ordering::Relaxed);
        self.bump.set(empty_bump());
    }

    /// Allocates a zeroed object of `size` bytes (rounded up to a multiple of eight)
    /// with its header written. Fields may be stored without a barrier until the next
    /// safepoint. May collect.
    #[inline(always)]
    pub fn alloc(&self, shape: u32, size: usize) -> Result<*mut u8, OutOfMemory> {
        self.alloc_with(shape, size, None)
    }

    /// As [`Mutator::alloc`], with `len` written at offset 8 before the object becomes
    /// visible to the collector. For kinds Array and Bytes.
    #[inline(always)]
    pub fn alloc_var(&self, shape: u32, size: usize, len: u64) -> Result<*mut u8, OutOfMemory> {
        self.alloc_with(shape, size, Some(len))
    }

    #[inline(always)]
    fn alloc_with(&self, shape: u32, size: usize, len: Option<u64>) -> Result<*mut u8, OutOfMemory> {
        if size <= INLINE_MAX {
            let size = (size + 7) & !7;
            let bump = self.bump.get();
            // SAFETY: the bump pointer is this thread's own; the range below its limit
            // is zeroed memory that only this thread allocates in.
            unsafe {
                let start = (*bump).cursor.as_usize();
                let end = start + size;
                if end <= (*bump).limit.as_usize() {
                    (*bump).cursor = Address::from_usize(end);
                    let object = start as *mut u8;
                    // GC-12: the header, then the length, then the valid-object bit.
                    *(object as *mut u64) = shape as u64;
                    if let Some(len) = len {
                        *(object.add(8) as *mut u64) = len;
                    }
                    // Not atomic: allocation regions own whole bytes of these bits
                    // (they are aligned to 256-byte lines, a byte covers 64 bytes).
                    *((self.valid_bits.get() + (start >> 6)) as *mut u8) |= 1 << ((start >> 3) & 7);
                    return Ok(object);
                }
            }
        }
        self.alloc_slow(shape, size, len.unwrap_or(0))
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&self, shape: u32, size: usize, len: u64) -> Result<*mut u8, OutOfMemory> {
        debug_assert!(!self.is_away(), "GC-4: allocation in the blocked state");
        if size > isize::MAX as usize {
            return Err(OutOfMemory);
        }
        let size = (size + 7) & !7;
        let stress = STRESS.load(Ordering::Relaxed);
        if stress != 0 {
            let n = ALLOCATIONS.fetch_add(1, Ordering::Relaxed) + 1;
            if n.is_multiple_of(stress) {
                // Mostly young ones, which are cheap and ask the most of the barrier.
                self.collect((n / stress).is_multiple_of(64));
            }
        }
        let semantics = match size > MAX_SMALL.load(Ordering::Relaxed) {
            true => AllocationSemantics::Los,
            false => AllocationSemantics::Default,
        };
        // SAFETY: `mmtk` is this thread's own mutator, bound and not destroyed.
        let bound = unsafe { &mut *self.mmtk.get() };
        let address = self.asking(|| mmtk::memory_manager::alloc(bound, size, 8, 0, semantics));
        if address.is_zero() {
            return Err(OutOfMemory);
        }
        crate::trim::note_allocation(address.as_usize(), size, semantics);
        let object: *mut u8 = address.to_mut_ptr();
        // SAFETY: fresh, zeroed memory of `size` bytes. GC-12: the bit comes last.
        // A length of 0 is what an object without a length has there anyway.
        unsafe {
            *(object as *mut u64) = shape as u64;
            if len != 0 {
                *(object.add(8) as *mut u64) = len;
            }
            match semantics {
                // Not atomic, as above: the block is this thread's.
                AllocationSemantics::Default if !cfg!(feature = "checks") => {
                    let start = address.as_usize();
                    *((self.valid_bits.get() + (start >> 6)) as *mut u8) |= 1 << ((start >> 3) & 7);
                }
                _ => mmtk::memory_manager::post_alloc(bound, object_ref(object), size, semantics),
            }
        }
        Ok(object)
    }

    /// The generational barrier (GC-14): call it *after* the store.
    #[inline(always)]
    pub fn barrier(&self, object: *mut u8) {
        let address = object as usize;
        let byte = (self.log_bits.get() + (address >> 6)) as *const std::sync::atomic::AtomicU8;
        // SAFETY: side metadata is mapped for every chunk that holds objects.
        let byte = unsafe { (*byte).load(Ordering::Relaxed) };
        if byte & (1 << ((address >> 3) & 7)) != 0 {
            self.barrier_slow(object);
        }
    }

    #[cold]
    #[inline(never)]
    fn barrier_slow(&self, object: *mut u8) {
        // SAFETY: this thread's own mutator; `object` is a live object.
        unsafe {
            let bound = &mut *self.mmtk.get();
            let object: ObjectReference = object_ref(object);
            let slot = crate::binding::ValueSlot(std::ptr::null_mut());
            bound.barrier().object_reference_write_slow(object, slot, None);
        }
    }
}

/// The slices that mmtk asks for; object barriers need none.
pub(crate) type NoSlice = UnimplementedMemorySlice<crate::binding::ValueSlot>;
