//! `Raw`: mutable bytes on the heap, the storage behind `bytearray`; and
//! `Memory`, a piece of any such memory as buffers hand it around.
//!
//! Invariants:
//! - RAW-1: a `Raw` never moves and never shrinks; whoever outgrows it takes a
//!   new one. So memory stays valid as long as a [`Memory`] refers to it.
//! - RAW-2: no invariant of the runtime depends on the bytes. Threads that race
//!   on them read old or new bytes, as Python documents for bytearray.
//!
//! Tests: through bytearray and memoryview.

use crate::bytes::Bytes;
use crate::cx::Cx;
use crate::native::Trace;
use crate::obj::{Gc, Obj};
use crate::{Result, Tracer, shape};
use std::sync::atomic::{AtomicU64, Ordering};

/// The payload: capacity, the part in use, then the bytes.
#[repr(C)]
pub struct Raw {
    cap: u64,
    start: AtomicU64,
    end: AtomicU64,
}

const HEAD: usize = 8 + size_of::<Raw>();

pub(crate) unsafe fn var_size(p: *const u8) -> usize {
    // Called on live objects of this layout only.
    unsafe { (HEAD + *(p.add(8) as *const u64) as usize + 7) & !7 }
}

/// Storage of `cap` zero bytes, none in use.
pub fn new(cx: &Cx, cap: usize) -> Result<Gc<Raw>> {
    if cap > isize::MAX as usize / 2 {
        return Err(cx.memory_error());
    }
    let p = cx.alloc_var(shape::RAW, (HEAD + cap + 7) & !7, cap as u64)?;
    // Fresh zeroed object of this layout.
    Ok(unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) })
}

impl Raw {
    /// How many bytes there is room for.
    #[inline(always)]
    pub fn cap(&self) -> usize {
        self.cap as usize
    }
    /// Where the part in use begins.
    #[inline(always)]
    pub fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed) as usize
    }
    /// Where it ends.
    #[inline(always)]
    pub fn end(&self) -> usize {
        self.end.load(Ordering::Acquire) as usize
    }
    /// Length of the part in use.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.end().saturating_sub(self.start())
    }
    /// Whether nothing is in use.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Say which part is in use. The caller holds its owner's lock.
    #[inline(always)]
    pub fn set_used(&self, start: usize, end: usize) {
        assert!(start <= end && end <= self.cap());
        self.start.store(start as u64, Ordering::Relaxed);
        self.end.store(end as u64, Ordering::Release);
    }
    /// All of the storage.
    #[inline(always)]
    pub fn all(&self) -> Memory {
        // The bytes follow the payload; RAW-1.
        Memory { keep: Gc::of(self).obj(), ptr: unsafe { (self as *const Raw).add(1) as *mut u8 }, len: self.cap() }
    }
    /// The part in use.
    #[inline(always)]
    pub fn used(&self) -> Memory {
        let (start, end) = (self.start(), self.end());
        // Two loads may see the halves of two changes.
        if start > end { self.all().part(0, 0) } else { self.all().part(start, end - start) }
    }
}

/// A piece of memory, and the object that keeps it alive.
#[derive(Clone, Copy)]
pub struct Memory {
    keep: Obj,
    ptr: *mut u8,
    len: usize,
}

impl Trace for Memory {
    fn trace(&self, t: &mut Tracer) {
        self.keep.trace(t);
    }
}

impl Memory {
    /// The contents of a bytes object. Nobody may write through this.
    #[inline]
    pub fn of_bytes(b: Gc<Bytes>) -> Memory {
        let s = b.payload().as_slice();
        Memory { keep: b.obj(), ptr: s.as_ptr() as *mut u8, len: s.len() }
    }
    /// No memory at all.
    pub fn empty(keep: Obj) -> Memory {
        Memory { keep, ptr: std::ptr::dangling_mut(), len: 0 }
    }
    /// Memory outside the heap, for example a mapped file.
    ///
    /// # Safety
    /// `len` bytes from `ptr` on are valid, for writing too unless the buffer is
    /// declared read-only, as long as `keep` is alive.
    pub unsafe fn foreign(keep: Obj, ptr: *mut u8, len: usize) -> Memory {
        Memory { keep, ptr, len }
    }
    /// The object that keeps the memory alive.
    pub fn keeper(&self) -> Obj {
        self.keep
    }
    /// Length in bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there are no bytes.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The bytes, which may change (RAW-2). Whoever holds the slice also holds
    /// the memory: the collector sees pointers into objects.
    #[inline(always)]
    pub fn as_slice(&self) -> &'static [u8] {
        // RAW-1 and the promise of `foreign`.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
    /// `len` bytes from `at` on.
    #[inline(always)]
    pub fn part(&self, at: usize, len: usize) -> Memory {
        assert!(at <= self.len && len <= self.len - at);
        // In bounds, as just checked.
        Memory { keep: self.keep, ptr: unsafe { self.ptr.add(at) }, len }
    }
    /// Store one byte.
    #[inline(always)]
    pub fn set(&self, at: usize, byte: u8) {
        assert!(at < self.len);
        // In bounds, as just checked; RAW-2.
        unsafe { *self.ptr.add(at) = byte }
    }
    /// Store `data` from `at` on; it may overlap this memory.
    #[inline]
    pub fn write(&self, at: usize, data: &[u8]) {
        assert!(at <= self.len && data.len() <= self.len - at);
        // In bounds, as just checked; RAW-2.
        unsafe { std::ptr::copy(data.as_ptr(), self.ptr.add(at), data.len()) }
    }
    /// Set `n` bytes from `at` on to `byte`.
    pub fn fill(&self, at: usize, n: usize, byte: u8) {
        assert!(at <= self.len && n <= self.len - at);
        // In bounds, as just checked; RAW-2.
        unsafe { std::ptr::write_bytes(self.ptr.add(at), byte, n) }
    }
    /// Whether two pieces share a byte.
    pub fn overlaps(&self, other: &[u8]) -> bool {
        let (a, b) = (self.ptr as usize, other.as_ptr() as usize);
        a < b + other.len() && b < a + self.len
    }
}
