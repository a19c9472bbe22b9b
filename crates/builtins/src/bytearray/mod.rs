//! `bytearray`: a mutable sequence of bytes.
//!
//! | to find | look in |
//! |---|---|
//! | storage and its changes | this file |
//! | the methods | `methods.rs` |
//!
//! Invariants:
//! - BA-1: the payload refers to one `Raw`, which knows the part in use. Readers
//!   load that reference once and then see a consistent piece of memory; what
//!   they hold stays valid however the bytearray changes (RAW-1).
//! - BA-2: whoever changes length or storage holds `lock`.
//! - BA-3: while memoryviews look at it, or one of its methods runs Python code
//!   in between, neither length nor storage changes.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

pub mod methods;

use crate::buffer::{BufferView, Exports};
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_macros::Trace;
use typhon_object::lock::SmallLock;
use typhon_object::native::{self, Payload, instance_of};
use typhon_object::raw::{self, Memory, Raw};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, Slot, bytes, shape, types};

/// The payload.
#[derive(Trace)]
#[repr(C)]
pub struct Bytearray {
    data: Slot<Raw>,
    exports: Slot<Exports>,
    lock: SmallLock,
    /// Methods under way that run Python code and need the contents (BA-3).
    busy: AtomicUsize,
}

impl Payload for Bytearray {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::BYTEARRAY || native::has_payload(o, shape::BYTEARRAY))
    }
}

/// `lock` is held until this is dropped (in a process with several threads).
struct Held<'a>(Option<&'a SmallLock>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(l) = self.0 {
            l.unlock();
        }
    }
}

/// A bytearray with these contents.
pub fn new(cx: &Cx, data: &[u8]) -> Result<Gc<Bytearray>> {
    let b = instance_of(cx, types::class_for(shape::BYTEARRAY), Bytearray::empty())?;
    b.splice(cx, 0, 0, data)?;
    Ok(b)
}

/// The BufferError of BA-3.
#[cold]
pub fn cannot_resize(cx: &Cx) -> Raised {
    cx.error(ExcKind::BufferError, "Existing exports of data: object cannot be re-sized")
}

impl Bytearray {
    /// An empty payload.
    pub const fn empty() -> Bytearray {
        Bytearray { data: Slot::empty(), exports: Slot::empty(), lock: SmallLock::new(), busy: AtomicUsize::new(0) }
    }
    fn hold(&self, cx: &Cx) -> Held<'_> {
        if !typhon_gc::multi_threaded() {
            return Held(None);
        }
        self.lock.lock(|wait| cx.blocked(wait));
        Held(Some(&self.lock))
    }
    /// The memory in use.
    #[inline(always)]
    pub fn memory(&self) -> Option<Memory> {
        self.data.get().map(|r| r.payload().used())
    }
    /// The contents, which may change (RAW-2).
    #[inline(always)]
    pub fn as_slice(&self) -> &'static [u8] {
        self.memory().map_or(&[], |m| m.as_slice())
    }
    /// Length.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.data.get().map_or(0, |r| r.len())
    }
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes of storage.
    pub fn capacity(&self) -> usize {
        self.data.get().map_or(0, |r| r.cap())
    }
    /// The contents as a buffer.
    pub fn view(&self, cx: &Cx) -> BufferView {
        match self.memory() {
            Some(memory) => BufferView { memory, readonly: false },
            None => match bytes::new(cx, &[]) {
                Ok(b) => BufferView { readonly: false, ..BufferView::of_bytes(b) },
                // Empty memory needs no storage: any object may keep it alive.
                Err(e) => BufferView { memory: Memory::empty(e.obj()), readonly: false },
            },
        }
    }
    /// Where memoryviews are counted.
    pub fn exports(&self, cx: &mut Cx) -> Result<Gc<Exports>> {
        if let Some(e) = self.exports.get() {
            return Ok(e);
        }
        let e = native::instance(cx, Exports::new())?;
        let _held = self.hold(cx);
        if let Some(e) = self.exports.get() {
            return Ok(e);
        }
        self.exports.set(cx, Gc::of(self), e);
        Ok(e)
    }
    /// Run `f`, during which BA-3 holds.
    pub fn pinned<R>(&self, cx: &mut Cx, f: impl FnOnce(&mut Cx) -> Result<R>) -> Result<R> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        let r = f(cx);
        self.busy.fetch_sub(1, Ordering::Relaxed);
        r
    }
    /// Check BA-3. Views that nobody holds any more are collected first.
    pub fn check_resizable(&self, cx: &Cx) -> Result<()> {
        if self.busy.load(Ordering::Relaxed) > 0 {
            return Err(cannot_resize(cx));
        }
        let Some(e) = self.exports.get() else { return Ok(()) };
        if e.is_unheld(cx) { Ok(()) } else { Err(cannot_resize(cx)) }
    }
    /// Store a byte; false if there is no such place.
    pub fn set(&self, cx: &Cx, i: usize, byte: u8) -> bool {
        let _held = self.hold(cx);
        match self.memory() {
            Some(m) if i < m.len() => {
                m.set(i, byte);
                true
            }
            _ => false,
        }
    }
    /// Add a byte at the end.
    pub fn push(&self, cx: &Cx, byte: u8) -> Result<()> {
        if self.exports.get().is_none() && self.busy.load(Ordering::Relaxed) == 0 {
            let _held = self.hold(cx);
            if let Some(r) = self.data.get() {
                let end = r.end();
                if end < r.cap() {
                    r.all().set(end, byte);
                    r.set_used(r.start(), end + 1);
                    return Ok(());
                }
            }
        }
        self.splice(cx, usize::MAX, usize::MAX, &[byte])
    }
    /// Replace `start..end`, clipped to the length, by `new`.
    pub fn splice(&self, cx: &Cx, start: usize, end: usize, new: &[u8]) -> Result<()> {
        let len = self.len();
        if end.min(len).saturating_sub(start.min(len)) != new.len() {
            self.check_resizable(cx)?;
        }
        let _held = self.hold(cx);
        self.splice_held(cx, start, end, new)
    }
    fn splice_held(&self, cx: &Cx, start: usize, end: usize, new: &[u8]) -> Result<()> {
        let len = self.len();
        let start = start.min(len);
        let end = end.clamp(start, len);
        let total = len - (end - start) + new.len();
        let Some(r) = self.data.get() else {
            return if new.is_empty() { Ok(()) } else { self.replace(cx, &[new], total) };
        };
        let (all, at) = (r.all(), r.start());
        if total == len {
            all.write(at + start, new);
            return Ok(());
        }
        if new.is_empty() && start == 0 {
            // Queues drop their front often: only the start moves.
            let (from, to) = if total == 0 { (0, 0) } else { (at + end, at + len) };
            r.set_used(from, to);
            return Ok(());
        }
        let old = r.used().as_slice();
        let sparse = r.cap() > 4096 && total < r.cap() / 4;
        if at + total > r.cap() || sparse || all.overlaps(new) {
            return self.replace(cx, &[&old[..start], new, &old[end..]], total);
        }
        all.write(at + start + new.len(), &old[end..]);
        all.write(at + start, new);
        r.set_used(at, at + total);
        Ok(())
    }
    /// Take new storage with these contents, of `total` bytes.
    fn replace(&self, cx: &Cx, parts: &[&[u8]], total: usize) -> Result<()> {
        let grows = total > self.len() && !self.is_empty();
        let spare = if grows { total / 8 + 8 } else { 0 };
        let r = raw::new(cx, total + spare)?;
        let mut at = 0;
        for p in parts {
            r.all().write(at, p);
            at += p.len();
        }
        r.set_used(0, at);
        self.data.set(cx, Gc::of(self), r);
        Ok(())
    }
    /// Change the contents to `new`.
    pub fn assign(&self, cx: &Cx, new: &[u8]) -> Result<()> {
        self.splice(cx, 0, usize::MAX, new)
    }
    /// Run `f` on the memory, of which it may change the bytes.
    pub fn change(&self, cx: &Cx, f: impl FnOnce(Memory)) {
        let _held = self.hold(cx);
        if let Some(m) = self.memory() {
            f(m);
        }
    }
    /// Drop all contents and storage.
    pub fn clear(&self, cx: &Cx) -> Result<()> {
        if !self.is_empty() {
            self.check_resizable(cx)?;
        }
        let _held = self.hold(cx);
        self.data.clear();
        Ok(())
    }
}
