//! `bytes`: an immutable sequence of bytes. Methods are in typhon-builtins.
//!
//! Layout: header, length, hash (0 = not computed), data, a zero byte: C code that is
//! given the data as text finds its end.
//! Tests: tests/lang/bytes.md; CPython test_bytes.

use crate::cx::Cx;
use crate::native::Payload;
use crate::obj::{Gc, Obj};
use crate::types::Type;
use crate::{Result, hash, shape};
use std::sync::atomic::{AtomicU64, Ordering};

/// The payload of a `bytes`.
#[repr(C)]
pub struct Bytes {
    len: u64,
    hash: AtomicU64,
}

pub(crate) unsafe fn var_size(p: *const u8) -> usize {
    // Called on live bytes only.
    unsafe { size_for(*(p.add(8) as *const u64) as usize) }
}

/// Bytes of an object with `len` bytes of data, the zero byte behind them included.
#[inline(always)]
fn size_for(len: usize) -> usize {
    (24 + len + 8) & !7
}

impl Bytes {
    /// The contents.
    #[inline]
    pub fn as_slice(&self) -> &'static [u8] {
        // `len` bytes follow and never change once returned.
        unsafe { std::slice::from_raw_parts((self as *const Bytes).add(1) as *const u8, self.len as usize) }
    }
    /// Python's hash.
    pub fn hash(&self) -> i64 {
        match self.hash.load(Ordering::Relaxed) {
            0 => {
                let h = hash::hash_bytes(self.as_slice());
                self.hash.store(h as u64, Ordering::Relaxed);
                h
            }
            h => h as i64,
        }
    }
}

impl Payload for Bytes {
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::BYTES || crate::native::has_payload(o, shape::BYTES))
    }
}

/// A bytes object.
pub fn new(cx: &Cx, b: &[u8]) -> Result<Gc<Bytes>> {
    alloc(cx, shape::BYTES, b, 0)
}

/// These bytes as an instance of `class`, which is `bytes` or derives from it.
pub fn new_of(cx: &Cx, class: Gc<Type>, b: &[u8]) -> Result<Obj> {
    let shape_id = class.root_shape();
    if shape_id == shape::BYTES {
        return Ok(new(cx, b)?.obj());
    }
    // A subclass has an ext word behind the data.
    let o = alloc(cx, shape_id, b, 8)?;
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(o.addr()) };
    }
    Ok(o.obj())
}

/// The same for a subclass, with `tail` bytes behind.
pub fn alloc(cx: &Cx, shape_id: u32, b: &[u8], tail: usize) -> Result<Gc<Bytes>> {
    let p = cx.alloc_var(shape_id, size_for(b.len()) + tail, b.len() as u64)?;
    // Fresh object with room for the bytes.
    unsafe {
        std::ptr::copy_nonoverlapping(b.as_ptr(), p.add(24), b.len());
        Ok(Gc::from_obj(Obj::from_word_unchecked(p as u64)))
    }
}

/// A bytes object of `len` bytes, zero at first, that `fill` writes. Nothing
/// else sees the object yet.
pub fn build(cx: &Cx, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Gc<Bytes>> {
    if len > isize::MAX as usize / 2 {
        return Err(cx.memory_error());
    }
    let p = cx.alloc_var(shape::BYTES, size_for(len), len as u64)?;
    // Fresh zeroed object with room for the bytes.
    unsafe {
        fill(std::slice::from_raw_parts_mut(p.add(24), len));
        Ok(Gc::from_obj(Obj::from_word_unchecked(p as u64)))
    }
}
