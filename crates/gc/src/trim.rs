//! Pages: huge ones for a heap that grows, and giving memory back after a peak.
//!
//! mmtk never unmaps. But after a collection no mutator owns an allocation buffer, and
//! all memory is zeroed when it is handed out again, so memory without objects may be
//! dropped with `madvise(MADV_DONTNEED)`. The valid-object bits tell where:
//!
//! - ordinary space: objects do not span 32 KB blocks, so a block whose 512 bytes of
//!   bits are zero is free. Partly used blocks are kept.
//! - large objects: each starts on a page of its own; pages that no object covers
//!   are free.
//!
//! It costs a walk over the bits and page faults later, so it is done only if the heap
//! has been well above the size to which it may grow before the next full collection.

use crate::binding::mmtk;
use crate::layout::object_size;
use crate::stats;
use mmtk::AllocationSemantics;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAGE: usize = 4096;
const BLOCK: usize = 32 << 10;
const CHUNK: usize = 4 << 20;
const HUGE: usize = 2 << 20;
/// Below this much to gain, do not bother.
const WORTHWHILE: usize = 32 << 20;

/// The extent of a space that allocation has reached.
struct Extent {
    lo: AtomicUsize,
    hi: AtomicUsize,
}

impl Extent {
    const fn new() -> Self {
        Self { lo: AtomicUsize::new(usize::MAX), hi: AtomicUsize::new(0) }
    }
    fn include(&self, lo: usize, hi: usize) {
        if lo < self.lo.load(Ordering::Relaxed) {
            self.lo.fetch_min(lo, Ordering::Relaxed);
        }
        if hi > self.hi.load(Ordering::Relaxed) {
            let old = self.hi.fetch_max(hi, Ordering::Relaxed);
            if old != 0 {
                use_huge_pages(old.next_multiple_of(CHUNK), hi.next_multiple_of(CHUNK));
            }
        }
    }
    fn get(&self) -> (usize, usize) {
        (self.lo.load(Ordering::Relaxed), self.hi.load(Ordering::Relaxed))
    }
}

/// Asks for huge pages for the chunks from `lo` to `hi`, which a space has just grown
/// into: a heap of some size spends much of its time in page faults and TLB misses
/// otherwise. A space's first chunk keeps small pages, so that small programs stay small.
fn use_huge_pages(lo: usize, hi: usize) {
    if lo < hi {
        // The chunk's first block has been touched already, with small pages: these are
        // to become a huge one at once.
        // SAFETY: advice about memory that mmtk maps by whole chunks; where the system
        // has no such pages it fails, and nothing changes.
        unsafe {
            libc::madvise(lo as *mut libc::c_void, hi - lo, libc::MADV_HUGEPAGE);
            libc::madvise(lo as *mut libc::c_void, HUGE, libc::MADV_COLLAPSE);
        }
    }
}

static SMALL: Extent = Extent::new();
static LARGE: Extent = Extent::new();
/// Most bytes in use before a collection since the last trim.
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Called for each out-of-line allocation.
pub(crate) fn note_allocation(start: usize, size: usize, semantics: AllocationSemantics) {
    let space = match semantics {
        AllocationSemantics::Los => &LARGE,
        _ => &SMALL,
    };
    space.include(start & !(BLOCK - 1), (start + size).next_multiple_of(BLOCK));
}

/// Called before the collector frees anything.
pub(crate) fn note_peak() {
    PEAK.fetch_max(mmtk::memory_manager::used_bytes(mmtk()), Ordering::Relaxed);
}

/// Called while the world is stopped, at the end of a full collection.
pub(crate) fn after_full_collection() {
    let next = mmtk::memory_manager::total_bytes(mmtk());
    if PEAK.load(Ordering::Relaxed) < next + WORTHWHILE {
        return;
    }
    PEAK.store(next, Ordering::Relaxed);
    let bits = mmtk::util::metadata::vo_bit::vo_bit_side_metadata_addr().as_usize();
    // SAFETY: the world is stopped, the collection has ended: see the module comment.
    let returned = unsafe { trim_small(bits) + trim_large(bits) };
    stats::update(|s| s.returned_bytes += returned as u64);
}

/// Collects adjacent free ranges into one system call each.
struct Free {
    start: usize,
    end: usize,
    total: usize,
}

impl Free {
    unsafe fn add(&mut self, start: usize, end: usize) {
        if start != self.end {
            self.flush();
            self.start = start;
        }
        self.end = end;
    }
    unsafe fn flush(&mut self) {
        if self.end > self.start {
            libc::madvise(self.start as *mut _, self.end - self.start, libc::MADV_DONTNEED);
            self.total += self.end - self.start;
        }
        self.start = self.end;
    }
}

fn is_mapped(address: usize) -> bool {
    // SAFETY: any number is an address to ask about.
    mmtk::memory_manager::is_mapped_address(unsafe { mmtk::util::Address::from_usize(address) })
}

unsafe fn trim_small(bits: usize) -> usize {
    let mut free = Free { start: 0, end: 0, total: 0 };
    let (lo, hi) = SMALL.get();
    let mut block = lo;
    while block < hi {
        if block.is_multiple_of(CHUNK) && !is_mapped(block) {
            block += CHUNK;
            continue;
        }
        let words = (bits + (block >> 6)) as *const u64;
        if (0..BLOCK >> 9).all(|i| *words.add(i) == 0) {
            free.add(block, block + BLOCK);
        }
        block += BLOCK;
    }
    free.flush();
    free.total
}

unsafe fn trim_large(bits: usize) -> usize {
    let mut free = Free { start: 0, end: 0, total: 0 };
    let (lo, hi) = LARGE.get();
    let mut page = lo;
    while page < hi {
        if page.is_multiple_of(CHUNK) && !is_mapped(page) {
            page += CHUNK;
        } else if *((bits + (page >> 6)) as *const u8) & 1 != 0 {
            page += object_size(page as *const u8).next_multiple_of(PAGE);
        } else {
            free.add(page, page + PAGE);
            page += PAGE;
        }
    }
    free.flush();
    free.total
}
