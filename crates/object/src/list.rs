//! `list`: its storage and the operations that the runtime itself needs.
//! Python's methods are in typhon-builtins.
//!
//! Invariants:
//! - LIST-1: readers take no lock. They check an index against the capacity
//!   inside the buffer and treat an empty slot as out of range; the length
//!   alone is never trusted with a separately loaded buffer.
//! - LIST-2: a buffer is replaced, never moved within or shrunk, whenever
//!   items change places, so a reader sees the old list or the new one.
//! - LIST-3: writers hold the list's lock once a second thread exists.
//!
//! Tests: tests/lang/list.md; CPython test_list.

use crate::array::{self, Array};
use crate::cx::Cx;
use crate::lock::SmallLock;
use crate::native::{Payload, Trace};
use crate::obj::{Gc, Obj, Slot};
use crate::{Result, Tracer, shape};
use std::sync::atomic::{AtomicU64, Ordering};

/// The payload of a `list`.
#[repr(C)]
pub struct List {
    pub(crate) buf: Slot<Array>,
    pub(crate) len: AtomicU64,
    pub(crate) lock: SmallLock,
}

impl Payload for List {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::LIST || crate::native::has_payload(o, shape::LIST))
    }
}

impl Trace for List {
    fn trace(&self, t: &mut Tracer) {
        // The lock beside it holds no reference.
        self.buf.trace(t);
    }
}

/// Exclusive access to a list's storage.
pub struct ListGuard<'a> {
    list: Gc<List>,
    cx: &'a Cx,
    locked: bool,
}

impl Drop for ListGuard<'_> {
    fn drop(&mut self) {
        if self.locked {
            self.list.lock.unlock();
        }
    }
}

impl List {
    /// An empty list's payload.
    pub const fn empty() -> List {
        List { buf: Slot::empty(), len: AtomicU64::new(0), lock: SmallLock::new() }
    }
    /// The current buffer, for iterating without the lock (LIST-1).
    #[inline(always)]
    pub fn buffer(&self) -> Option<Gc<Array>> {
        self.buf.get()
    }
    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire) as usize
    }
    /// Whether it is `[]`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The item at `i`, or None if out of range (LIST-1).
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Obj> {
        if i >= self.len() {
            return None;
        }
        self.buf.get()?.get(i)
    }
    /// Lock for writing (LIST-3).
    pub fn write<'a>(&self, cx: &'a Cx) -> ListGuard<'a> {
        let locked = typhon_gc::multi_threaded();
        if locked {
            self.lock.lock(|wait| cx.blocked(wait));
        }
        ListGuard { list: Gc::of(self), cx, locked }
    }
    /// Append an item.
    #[inline]
    pub fn append(&self, cx: &Cx, v: Obj) -> Result<()> {
        self.write(cx).push(v)
    }
    /// Replace item `i`; false if out of range.
    #[inline]
    pub fn set(&self, cx: &Cx, i: usize, v: Obj) -> bool {
        let g = self.write(cx);
        if i >= g.len() {
            return false;
        }
        g.buf().unwrap().set(cx, i, v);
        true
    }
    /// A consistent copy of the items as an array, and how many there are.
    pub fn snapshot(&self, cx: &Cx) -> Result<Gc<Array>> {
        let g = self.write(cx);
        let n = g.len();
        let a = array::new(cx, n)?;
        if let Some(b) = g.buf() {
            array::copy_slots(b, a, 0, n);
        }
        cx.barrier(a.obj());
        Ok(a)
    }
    /// The items from `start` to `stop`, or what there is of them, as a list.
    pub fn sub(&self, cx: &Cx, start: usize, stop: usize) -> Result<Gc<List>> {
        let (a, n) = {
            let g = self.write(cx);
            let n = stop.min(g.len()).saturating_sub(start);
            let Some(b) = g.buf().filter(|_| n != 0) else { return new(cx, &[]) };
            let a = array::new(cx, n)?;
            array::copy_range(b, start, a, 0, n);
            cx.barrier(a.obj());
            (a, n)
        };
        from_array(cx, a, n)
    }
    /// Copy the first `n` items, or what there is of them, to `a` from `at` on; how many
    /// there were. The caller owns `a` and does what the barrier wants.
    pub fn copy_to(&self, cx: &Cx, a: Gc<Array>, at: usize, n: usize) -> usize {
        let g = self.write(cx);
        let n = n.min(g.len());
        if let Some(b) = g.buf() {
            array::copy_slots(b, a, at, n);
        }
        n
    }
}

impl ListGuard<'_> {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.list.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The current buffer.
    pub fn buf(&self) -> Option<Gc<Array>> {
        self.list.buf.get()
    }
    /// The item at `i`.
    pub fn get(&self, i: usize) -> Option<Obj> {
        self.list.get(i)
    }
    /// Append.
    #[inline]
    pub fn push(&mut self, v: Obj) -> Result<()> {
        let n = self.len();
        if let Some(b) = self.buf()
            && n < b.cap()
        {
            b.set(self.cx, n, v);
            self.list.len.store(n as u64 + 1, Ordering::Release);
            return Ok(());
        }
        self.push_grow(v)
    }
    #[cold]
    fn push_grow(&mut self, v: Obj) -> Result<()> {
        let n = self.len();
        let cap = if n < 4 { 4 } else { n + n / 2 + 2 };
        self.reallocate(cap)?;
        self.buf().unwrap().set(self.cx, n, v);
        self.list.len.store(n as u64 + 1, Ordering::Release);
        Ok(())
    }
    fn reallocate(&mut self, cap: usize) -> Result<()> {
        let a = array::new(self.cx, cap)?;
        if let Some(b) = self.buf() {
            array::copy_slots(b, a, 0, self.len().min(cap));
        }
        self.cx.barrier(a.obj());
        self.list.buf.set(self.cx, self.list, a);
        Ok(())
    }
    /// Append all of `new`, which is no part of this list's own buffer.
    pub fn extend(&mut self, new: &[Obj]) -> Result<()> {
        let n = self.len();
        let total = n + new.len();
        if self.buf().is_none_or(|b| b.cap() < total) {
            self.reallocate(if n == 0 { total } else { total + total / 8 + 2 })?;
        }
        let Some(b) = self.buf() else { return Ok(()) };
        for (s, v) in b.slots()[n..].iter().zip(new) {
            s.store(v.word(), Ordering::Release);
        }
        self.cx.barrier(b.obj());
        self.list.len.store(total as u64, Ordering::Release);
        Ok(())
    }
    /// Remove and return the last item.
    pub fn pop(&mut self) -> Option<Obj> {
        let n = self.len();
        let v = self.list.get(n.checked_sub(1)?)?;
        // A reader that still has the old length finds an empty slot (LIST-1).
        self.list.len.store(n as u64 - 1, Ordering::Release);
        self.buf()?.clear(n - 1);
        Some(v)
    }
    /// Replace the items `start..end` by `new` (LIST-2).
    pub fn splice(&mut self, start: usize, end: usize, new: &[Obj]) -> Result<()> {
        let n = self.len();
        debug_assert!(start <= end && end <= n);
        let total = n - (end - start) + new.len();
        if start == n && end == n {
            return self.extend(new);
        }
        if !self.locked
            && let Some(b) = self.buf()
            && total <= b.cap()
            && (total * 4 >= b.cap() || b.cap() <= 64)
        {
            // There is no other thread, so nobody sees items change places.
            let s = b.slots();
            let (from, to) = (&s[end..n], &s[start + new.len()..total]);
            // As many slots each, of one buffer.
            unsafe { std::ptr::copy(from.as_ptr(), to.as_ptr() as *mut AtomicU64, from.len()) };
            new.iter().enumerate().for_each(|(i, v)| s[start + i].store(v.word(), Ordering::Relaxed));
            (total..n).for_each(|i| b.clear(i));
            self.cx.barrier(b.obj());
            self.list.len.store(total as u64, Ordering::Release);
            return Ok(());
        }
        let a = array::new(self.cx, total + total / 8)?;
        let out = a.slots();
        if let Some(b) = self.buf() {
            array::copy_slots(b, a, 0, start);
            (end..n).for_each(|i| out[start + new.len() + i - end].store(b.word(i), Ordering::Relaxed));
        }
        new.iter().enumerate().for_each(|(i, v)| out[start + i].store(v.word(), Ordering::Relaxed));
        self.cx.barrier(a.obj());
        self.install(a, total);
        Ok(())
    }
    /// Put the items in the opposite order (LIST-2).
    pub fn reverse(&mut self) -> Result<()> {
        let n = self.len();
        let Some(b) = self.buf() else { return Ok(()) };
        let s = &b.slots()[..n];
        if !self.locked {
            // There is no other thread, so nobody sees items change places. They stay in
            // the buffer, which the collector knows to hold them.
            for i in 0..n / 2 {
                let (x, y) = (s[i].load(Ordering::Relaxed), s[n - 1 - i].load(Ordering::Relaxed));
                s[i].store(y, Ordering::Relaxed);
                s[n - 1 - i].store(x, Ordering::Relaxed);
            }
            return Ok(());
        }
        let a = array::new(self.cx, n)?;
        for (from, to) in s.iter().rev().zip(a.slots()) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.cx.barrier(a.obj());
        self.install(a, n);
        Ok(())
    }
    /// Take `a`, whose first `len` slots are filled, as the new storage.
    pub fn install(&mut self, a: Gc<Array>, len: usize) {
        // Length first when shrinking, last when growing: a reader between the
        // two stores finds empty slots at worst.
        self.list.buf.set(self.cx, self.list, a);
        self.list.len.store(len as u64, Ordering::Release);
    }
    /// Remove everything, and hand out what was there.
    pub fn take(&mut self) -> (Option<Gc<Array>>, usize) {
        let n = self.len();
        let b = self.buf();
        self.list.len.store(0, Ordering::Release);
        self.list.buf.clear();
        (b, n)
    }
}

/// A list of these items.
pub fn new(cx: &Cx, items: &[Obj]) -> Result<Gc<List>> {
    let buf = if items.is_empty() {
        None
    } else {
        let a = array::new(cx, items.len())?;
        array::fill(cx, a, items);
        Some(a)
    };
    let p = cx.alloc(shape::LIST, size_of::<List>() + 8)?;
    // Fresh zeroed object: an empty list.
    let l: Gc<List> = unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) };
    if let Some(a) = buf {
        l.buf.set(cx, l, a);
        l.len.store(items.len() as u64, Ordering::Release);
    }
    Ok(l)
}

/// A list that takes over `a`, whose first `len` slots are filled.
pub fn from_array(cx: &Cx, a: Gc<Array>, len: usize) -> Result<Gc<List>> {
    let l = new(cx, &[])?;
    l.write(cx).install(a, len);
    Ok(l)
}
