//! Copying and merging whole dicts.
//!
//! Tests: `tests/dict.rs`, tests/lang/dict.md; CPython test_dict.

use super::{Dict, Entry, Probe, Table, new, new_table, table_bytes};
use crate::cx::Cx;
use crate::exc::ExcKind;
use crate::obj::{Gc, Obj};
use crate::{Result, shape};
use std::sync::atomic::Ordering;

impl Dict {
    /// A shallow copy of the storage into the fresh dict `to`.
    pub fn copy_into(&self, cx: &Cx, to: &Dict) -> Result<()> {
        let _g = self.lock(cx);
        let Some(t) = self.table() else { return Ok(()) };
        let n = match t.used() == self.len() {
            true if t.used() * 3 >= t.cap as usize => same_table(cx, t)?,
            _ => {
                let n = new_table(cx, self.len().max(5))?;
                copy_entries(cx, t, n, 0);
                n
            }
        };
        to.table.set(cx, Gc::of(to), n);
        to.live.store(n.used() as u64, Ordering::Release);
        Ok(())
    }
    /// Copy all items of `from`, whose iteration nobody overrides; existing keys win if
    /// `keep`.
    pub fn merge(&self, cx: &mut Cx, from: Gc<Dict>, keep: bool) -> Result<()> {
        if Gc::of(self) == from || from.is_empty() {
            return Ok(());
        }
        if self.is_empty() {
            let copied = copy(cx, &from)?;
            self.replace_with(cx, &copied);
            return Ok(());
        }
        let Some(t) = from.table() else { return Ok(()) };
        let n = from.len();
        self.make_room(cx, n)?;
        for e in t.entries() {
            let Some(v) = e.value() else { continue };
            let (k, h) = (e.key(), e.hash());
            if keep && self.get_hashed(cx, k, h)?.is_some() {
                continue;
            }
            self.insert_hashed(cx, k, h, v)?;
            if from.len() != n {
                return Err(cx.error(ExcKind::RuntimeError, "dict mutated during update"));
            }
        }
        Ok(())
    }

    /// Give an empty dict room for `n` items.
    pub fn reserve(&self, cx: &Cx, n: usize) -> Result<()> {
        let _g = self.lock(cx);
        if self.table().map_or(n > 5, |t| self.is_empty() && (t.cap as usize) < n) {
            let t = new_table(cx, n)?;
            self.table.set(cx, Gc::of(self), t);
        }
        Ok(())
    }
    /// Give back most of what [`Dict::reserve`] took and was not needed.
    pub fn trim(&self, cx: &Cx) -> Result<()> {
        let _g = self.lock(cx);
        if let Some(t) = self.table()
            && self.len().max(8) * 3 < t.cap as usize
        {
            let n = new_table(cx, self.len().max(5))?;
            copy_entries(cx, t, n, 0);
            self.table.set(cx, Gc::of(self), n);
        }
        Ok(())
    }
    /// Let a dict whose whole table could not take `more` items take them besides its own.
    fn make_room(&self, cx: &Cx, more: usize) -> Result<()> {
        let _g = self.lock(cx);
        if let Some(t) = self.table()
            && (t.cap as usize) < more
        {
            let n = new_table(cx, self.len() + more)?;
            copy_entries(cx, t, n, 0);
            self.table.set(cx, Gc::of(self), n);
        }
        Ok(())
    }
}

/// Copy the items into the empty table `to`, behind `front` free entries.
pub(super) fn copy_entries(cx: &Cx, from: Gc<Table>, to: Gc<Table>, front: usize) {
    let mut n = front;
    to.front.store(front as u32, Ordering::Relaxed);
    to.first.store(front as u32, Ordering::Relaxed);
    for e in from.entries() {
        let Some(v) = e.value() else { continue };
        let o = to.entry_at(n);
        o.hash.store(e.hash() as u64, Ordering::Relaxed);
        o.key.store(e.key().word(), Ordering::Relaxed);
        o.value.store(v.word(), Ordering::Relaxed);
        let Probe::Free(i) = to.probe(e.hash(), |_| Some(false)) else { unreachable!("no key is equal") };
        to.set_index(i, n + 1);
        n += 1;
    }
    to.tail.store(n as u32, Ordering::Relaxed);
    to.used.store(n as u32, Ordering::Release);
    cx.barrier(to.obj());
}

/// A copy of a table without deleted entries, index and all. The caller holds the lock.
fn same_table(cx: &Cx, from: Gc<Table>) -> Result<Gc<Table>> {
    let (cap, log2, width) = (from.cap as usize, from.log2, from.width);
    let p = cx.alloc_var(shape::DICT_TABLE, table_bytes(cap, log2, width), from.cap.into())?;
    // Fresh zeroed object; `cap` was written by the allocation.
    let to: Gc<Table> = unsafe {
        let t = p.add(8) as *mut Table;
        (*t).log2 = log2;
        (*t).width = width;
        Gc::from_obj(Obj::from_word_unchecked(p as u64))
    };
    if typhon_gc::multi_threaded() {
        for (i, e) in from.entries().iter().enumerate() {
            let o = to.entry_at(i);
            o.hash.store(e.hash.load(Ordering::Relaxed), Ordering::Relaxed);
            o.key.store(e.key.load(Ordering::Relaxed), Ordering::Relaxed);
            o.value.store(e.value.load(Ordering::Acquire), Ordering::Relaxed);
        }
    } else if cap > 0 {
        // Nobody else writes, and `to` has room for as many entries.
        unsafe {
            std::ptr::copy_nonoverlapping(from.entry_at(0), to.entry_at(0) as *const Entry as *mut Entry, from.used());
        }
    }
    // The index holds no references, and only the holder of the lock writes to it.
    unsafe { std::ptr::copy_nonoverlapping(from.index_base(), to.index_base() as *mut u8, 1 << log2 << width) };
    to.tail.store(from.used() as u32, Ordering::Relaxed);
    to.used.store(from.used() as u32, Ordering::Release);
    cx.barrier(to.obj());
    Ok(to)
}

/// A shallow copy as an exact dict.
pub fn copy(cx: &Cx, d: &Dict) -> Result<Gc<Dict>> {
    let n = new(cx)?;
    d.copy_into(cx, &n)?;
    Ok(n)
}
