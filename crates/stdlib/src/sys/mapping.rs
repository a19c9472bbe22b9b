//! Memory maps. Tests: CPython test_mmap.
//!
//! Invariant: a map's memory is valid as long as its [`Mapping`] exists, and it
//! is unmapped only when that is dropped, that is when nothing refers to it.

use super::{Sys, errno, unit};
use typhon_object::obj::Obj;
use typhon_object::raw::Memory;

/// A piece of mapped memory.
pub struct Mapping {
    ptr: *mut u8,
    len: usize,
}

// The memory belongs to the process; racing accesses see old or new bytes.
unsafe impl Send for Mapping {}
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Map `len` bytes, which is not 0.
    pub fn new(len: usize, prot: i32, flags: i32, fd: i32, offset: i64) -> Sys<Mapping> {
        let p = unsafe { libc::mmap(std::ptr::null_mut(), len, prot, flags, fd, offset) };
        if p == libc::MAP_FAILED { Err(errno()) } else { Ok(Mapping { ptr: p.cast(), len }) }
    }
    pub fn len(&self) -> usize {
        self.len
    }
    /// The memory, kept alive by `keep`, which holds this mapping.
    pub fn memory(&self, keep: Obj) -> Memory {
        // The invariant above.
        unsafe { Memory::foreign(keep, self.ptr, self.len) }
    }
    pub fn flush(&self, at: usize, len: usize) -> Sys<()> {
        assert!(at <= self.len && len <= self.len - at);
        unit(unsafe { libc::msync(self.ptr.add(at).cast(), len, libc::MS_SYNC) })
    }
    pub fn advise(&self, at: usize, len: usize, advice: i32) -> Sys<()> {
        assert!(at <= self.len && len <= self.len - at);
        unit(unsafe { libc::madvise(self.ptr.add(at).cast(), len, advice) })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        unsafe { libc::munmap(self.ptr.cast(), self.len) };
    }
}
