//! `dict`: an insertion-ordered hash table that is read without a lock.
//! Python's methods are in typhon-builtins; sets use the same table.
//!
//! A `Dict` points to a `Table`: a power-of-two index of small integers and an
//! array of entries (hash, key, value) in insertion order.
//!
//! Invariants:
//! - DICT-1: within one table an entry, once written, keeps its key for ever.
//!   Deleting empties the value; inserting the key again appends a new entry.
//! - DICT-2: a table that is full is replaced; the old one stays as it was.
//! - DICT-3: writers hold the lock once a second thread exists. Keys are
//!   compared by Python code only outside the lock; afterwards the writer
//!   checks that nothing was inserted meanwhile: an entry is in the index before the
//!   table's stamp changes.
//!
//! Tests: `tests/dict.rs`, tests/lang/dict.md; CPython test_dict.

use crate::cx::Cx;
use crate::exc::{ExcKind, Raised};
use crate::lock::SmallLock;
use crate::native::Payload;
use crate::obj::{Gc, Obj, Slot};
use crate::str::Str;
use crate::{Result, hash, ops, shape};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

mod bulk;
pub use bulk::copy;
use bulk::copy_entries;

/// The payload of a `dict` (and, with ignored values, of a `set`).
#[repr(C)]
pub struct Dict {
    pub(crate) table: Slot<Table>,
    live: AtomicU64,
    lock: SmallLock,
}

/// A hash table; see the module's comment.
#[repr(C)]
pub struct Table {
    /// The allocation writes this and `tail` as one word, whose upper half is 0.
    cap: u32,
    /// The entries from here to `used` are deleted.
    tail: AtomicU32,
    used: AtomicU32,
    /// The entries below were never written: room to move items to the front.
    front: AtomicU32,
    /// The entries below are deleted, or were never written.
    first: AtomicU32,
    log2: u8,
    width: u8,
}

const _: () = assert!(cfg!(target_endian = "little"), "`cap` is the lower half of a word");

/// One entry of a table.
#[repr(C)]
pub struct Entry {
    hash: AtomicU64,
    key: AtomicU64,
    value: AtomicU64,
}

/// Header and table payload.
const ENTRIES: usize = 8 + size_of::<Table>();

impl crate::native::Trace for Dict {
    fn trace(&self, t: &mut crate::Tracer) {
        self.table.trace(t);
    }
}

impl Payload for Dict {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::DICT || crate::native::has_payload(o, shape::DICT))
    }
}

/// Size of a table, for the collector.
pub(crate) unsafe fn table_size(p: *const u8) -> usize {
    // Called on live tables only.
    unsafe {
        let t = &*(p.add(8) as *const Table);
        table_bytes(t.cap as usize, t.log2, t.width)
    }
}

fn table_bytes(cap: usize, log2: u8, width: u8) -> usize {
    (ENTRIES + cap * size_of::<Entry>() + (1usize << log2 << width) + 7) & !7
}

/// Visit keys and values.
pub(crate) unsafe fn trace_table(p: *mut u8, t: &mut crate::Tracer) {
    // Called on live tables; a table still being filled has `used` = 0 or
    // zeroed entries, and zero words are no pointers.
    unsafe {
        let table = &*(p.add(8) as *const Table);
        for e in table.entries() {
            t.slot(&e.key);
            t.slot(&e.value);
        }
    }
}

impl Entry {
    /// The key's hash.
    #[inline(always)]
    pub fn hash(&self) -> i64 {
        self.hash.load(Ordering::Relaxed) as i64
    }
    /// The key.
    #[inline(always)]
    pub fn key(&self) -> Obj {
        // Only called for entries below `used`, which have keys (DICT-1).
        unsafe { Obj::from_word_unchecked(self.key.load(Ordering::Relaxed)) }
    }
    /// The value; `None` if deleted.
    #[inline(always)]
    pub fn value(&self) -> Option<Obj> {
        Obj::from_word(self.value.load(Ordering::Acquire))
    }
    /// The word that holds the value, for inline caches.
    #[inline(always)]
    pub fn value_word(&self) -> &AtomicU64 {
        &self.value
    }
}

impl Table {
    /// Entries appended so far, deleted ones included.
    #[inline(always)]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire) as usize
    }
    /// Changes whenever an entry is written to this table.
    #[inline(always)]
    pub fn stamp(&self) -> Stamp {
        Stamp(self.used.load(Ordering::Acquire), self.front.load(Ordering::Acquire))
    }
    /// Where a search for the first item may begin.
    #[inline(always)]
    pub fn first(&self) -> usize {
        self.first.load(Ordering::Acquire) as usize
    }
    /// The appended entries.
    #[inline(always)]
    pub fn entries(&self) -> &'static [Entry] {
        // `cap` entries follow the payload, and `used` never exceeds it.
        unsafe { std::slice::from_raw_parts((self as *const Table).add(1) as *const Entry, self.used()) }
    }
    /// The entry at `i` if it has been appended.
    #[inline(always)]
    pub fn entry(&self, i: usize) -> Option<&'static Entry> {
        self.entries().get(i)
    }
    /// The position of an entry of this table.
    pub fn position(&self, e: &'static Entry) -> usize {
        let first = self.entries().as_ptr();
        (e as *const Entry as usize - first as usize) / size_of::<Entry>()
    }
    fn entry_at(&self, i: usize) -> &'static Entry {
        debug_assert!(i < self.cap as usize);
        // As above.
        unsafe { &*((self as *const Table).add(1) as *const Entry).add(i) }
    }
    fn index_base(&self) -> *const u8 {
        // The index follows the entries.
        unsafe { ((self as *const Table).add(1) as *const Entry).add(self.cap as usize) as *const u8 }
    }
    #[inline(always)]
    fn index(&self, i: usize) -> usize {
        // `i` is masked to the size of the index.
        unsafe {
            let b = self.index_base();
            match self.width {
                0 => (*(b.add(i) as *const AtomicU8)).load(Ordering::Acquire) as usize,
                1 => (*(b.add(i * 2) as *const AtomicU16)).load(Ordering::Acquire) as usize,
                _ => (*(b.add(i * 4) as *const AtomicU32)).load(Ordering::Acquire) as usize,
            }
        }
    }
    fn set_index(&self, i: usize, v: usize) {
        // As above.
        unsafe {
            let b = self.index_base();
            match self.width {
                0 => (*(b.add(i) as *const AtomicU8)).store(v as u8, Ordering::Release),
                1 => (*(b.add(i * 2) as *const AtomicU16)).store(v as u16, Ordering::Release),
                _ => (*(b.add(i * 4) as *const AtomicU32)).store(v as u32, Ordering::Release),
            }
        }
    }
    /// The first item's position. The caller holds the dict's lock, as below.
    fn first_live(&self) -> Option<usize> {
        let mut i = self.first();
        while i < self.used() && self.entry_at(i).value().is_none() {
            i += 1;
        }
        self.first.store(i as u32, Ordering::Release);
        (i < self.used()).then_some(i)
    }
    /// The last item's position.
    fn last_live(&self) -> Option<usize> {
        let mut end = self.tail.load(Ordering::Relaxed) as usize;
        while end > 0 && self.entry_at(end - 1).value().is_none() {
            end -= 1;
        }
        self.tail.store(end as u32, Ordering::Relaxed);
        end.checked_sub(1)
    }
    fn mask(&self) -> usize {
        (1usize << self.log2) - 1
    }
    /// Find an interned or simple key without running Python code.
    #[inline]
    fn probe(&self, hash: i64, mut same: impl FnMut(Obj) -> Option<bool>) -> Probe {
        let mask = self.mask();
        let mut perturb = hash as u64;
        let mut i = hash as usize & mask;
        loop {
            match self.index(i) {
                0 => return Probe::Free(i),
                n => {
                    let e = self.entry_at(n - 1);
                    if e.hash() == hash {
                        match same(e.key()) {
                            Some(true) => return Probe::Found(i, n - 1),
                            Some(false) => {}
                            None => return Probe::Ask(n - 1),
                        }
                    }
                }
            }
            perturb >>= 5;
            i = (i * 5 + perturb as usize + 1) & mask;
        }
    }
}

/// How much has been written to a table; see [`Table::stamp`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp(u32, u32);

impl crate::native::Trace for Stamp {
    fn trace(&self, _: &mut crate::Tracer) {}
}

enum Probe {
    /// Index position that ended the search.
    Free(usize),
    /// Index position and entry.
    Found(usize, usize),
    /// Only Python code can tell whether this entry's key is equal.
    Ask(usize),
}

/// What a search found, and in what state of the dict.
struct Found {
    table: Option<Gc<Table>>,
    stamp: Stamp,
    /// Index position and, if the key is there (perhaps deleted), its entry.
    at: Option<(usize, Option<usize>)>,
}

impl Found {
    const NOTHING: Found = Found { table: None, stamp: Stamp(0, 0), at: None };
}

/// Equality of two keys where it can be told without running Python code.
#[inline(always)]
fn simple_eq(a: Obj, b: Obj) -> Option<bool> {
    if a == b {
        return Some(true);
    }
    if a.is_small_int() && b.is_small_int() {
        return Some(false);
    }
    if a.shape() == shape::STR && b.shape() == shape::STR {
        // Both shapes say str.
        let (x, y): (Gc<Str>, Gc<Str>) = unsafe { (Gc::from_obj(a), Gc::from_obj(b)) };
        return Some(!(x.is_interned() && y.is_interned()) && x.same_text(&y));
    }
    ops::plain_equal(a, b)
}

fn new_table(cx: &Cx, want: usize) -> Result<Gc<Table>> {
    let mut log2 = 3u8;
    while (1usize << log2) * 2 / 3 < want {
        log2 += 1;
    }
    let cap = (1usize << log2) * 2 / 3;
    let width = if cap < 255 {
        0
    } else if cap < 65535 {
        1
    } else {
        2
    };
    if cap >= u32::MAX as usize {
        return Err(cx.memory_error());
    }
    let p = cx.alloc_var(shape::DICT_TABLE, table_bytes(cap, log2, width), cap as u64)?;
    // Fresh zeroed object; `cap` was written by the allocation.
    unsafe {
        let t = p.add(8) as *mut Table;
        (*t).log2 = log2;
        (*t).width = width;
        Ok(Gc::from_obj(Obj::from_word_unchecked(p as u64)))
    }
}

impl Dict {
    /// An empty dict's payload.
    pub const fn empty() -> Dict {
        Dict { table: Slot::empty(), live: AtomicU64::new(0), lock: SmallLock::new() }
    }
    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.live.load(Ordering::Acquire) as usize
    }
    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The current table.
    #[inline(always)]
    pub fn table(&self) -> Option<Gc<Table>> {
        self.table.get()
    }
    fn lock<'a>(&'a self, cx: &'a Cx) -> Lock<'a> {
        let locked = typhon_gc::multi_threaded();
        if locked {
            self.lock.lock(|wait| cx.blocked(wait));
        }
        Lock(self, locked)
    }

    /// Search without Python code; `Err(entry)` names one that needs it.
    #[inline]
    fn search(&self, key: Obj, hash: i64) -> std::result::Result<Found, (Gc<Table>, usize)> {
        let Some(t) = self.table() else { return Ok(Found::NOTHING) };
        let stamp = t.stamp();
        match t.probe(hash, |k| simple_eq(key, k)) {
            Probe::Free(i) => Ok(Found { table: Some(t), stamp, at: Some((i, None)) }),
            Probe::Found(i, e) => Ok(Found { table: Some(t), stamp, at: Some((i, Some(e))) }),
            Probe::Ask(e) => Err((t, e)),
        }
    }

    /// Whether a key that is an `int` or `str` is there, if that can be told at once.
    #[inline]
    pub fn has_plain(&self, key: Obj) -> Option<bool> {
        let hash = match key.as_small_int() {
            Some(i) => hash::hash_i64(i),
            None if key.is_ptr() && key.shape() == shape::STR => {
                // By its shape.
                unsafe { Gc::<Str>::from_obj(key) }.hash()
            }
            None => return None,
        };
        let Some(t) = self.table() else { return Some(false) };
        let stamp = t.stamp();
        match t.probe(hash, |k| simple_eq(key, k)) {
            // Another thread may be moving items.
            Probe::Free(_) => (t.stamp() == stamp).then_some(false),
            Probe::Found(_, e) => t.entry_at(e).value().map(|_| true),
            Probe::Ask(_) => None,
        }
    }

    /// Search, asking `__eq__` where needed.
    fn find(&self, cx: &mut Cx, key: Obj, hash: i64) -> Result<Found> {
        match self.search(key, hash) {
            Ok(f) => Ok(f),
            Err(_) => self.find_asking(cx, key, hash),
        }
    }

    #[cold]
    fn find_asking(&self, cx: &mut Cx, key: Obj, hash: i64) -> Result<Found> {
        'again: loop {
            let Some(t) = self.table() else { return Ok(Found::NOTHING) };
            let stamp = t.stamp();
            // Keys that Python code has compared. The table keeps them alive; the
            // vector only holds their addresses.
            let mut unequal: Vec<u64> = Vec::new();
            let mut equal = None;
            loop {
                let p = t.probe(hash, |k| {
                    simple_eq(key, k).or_else(|| {
                        if equal == Some(k) { Some(true) } else { unequal.contains(&k.word()).then_some(false) }
                    })
                });
                match p {
                    Probe::Free(i) => return Ok(Found { table: Some(t), stamp, at: Some((i, None)) }),
                    Probe::Found(i, e) => return Ok(Found { table: Some(t), stamp, at: Some((i, Some(e))) }),
                    Probe::Ask(e) => {
                        // A deleted entry's key still decides where the key's
                        // index position is, so it is compared too.
                        let k = t.entry_at(e).key();
                        let same = ops::equal(cx, k, key)?;
                        if self.table() != Some(t) {
                            continue 'again;
                        }
                        if same { equal = Some(k) } else { unequal.push(k.word()) }
                    }
                }
            }
        }
    }

    /// The value of `key`, whose hash is known.
    #[inline]
    pub fn get_hashed(&self, cx: &mut Cx, key: Obj, hash: i64) -> Result<Option<Obj>> {
        loop {
            let f = self.find(cx, key, hash)?;
            let Found { table: Some(t), at: Some((_, Some(e))), stamp } = f else { return Ok(None) };
            match t.entry_at(e).value() {
                // Another thread may just have moved the item.
                None if t.stamp() != stamp => {}
                v => return Ok(v),
            }
        }
    }
    /// The value of `key`.
    #[inline]
    pub fn get(&self, cx: &mut Cx, key: Obj) -> Result<Option<Obj>> {
        let hash = key_hash(cx, key)?;
        self.get_hashed(cx, key, hash)
    }
    /// The value of a string key, in a namespace: keys other than strings are
    /// not asked whether they equal a string.
    #[inline]
    pub fn get_str(&self, key: Gc<Str>) -> Option<Obj> {
        self.find_str(key)?.value()
    }
    /// The live or deleted entry of a string key in a namespace.
    #[inline]
    pub fn find_str(&self, key: Gc<Str>) -> Option<&'static Entry> {
        let t = self.table()?;
        match t.probe(key.hash(), |k| Some(simple_eq(key.obj(), k) == Some(true))) {
            Probe::Found(_, e) => Some(t.entry_at(e)),
            _ => None,
        }
    }

    /// Store `value` under `key`. Returns the value that it replaced.
    pub fn insert_hashed(&self, cx: &mut Cx, key: Obj, hash: i64, value: Obj) -> Result<Option<Obj>> {
        if let Some(done) = self.insert_alone(cx, key, hash, value) {
            return Ok(done);
        }
        loop {
            let f = self.find(cx, key, hash)?;
            if let Some(old) = self.try_insert(cx, &f, key, hash, value)? {
                return Ok(old);
            }
        }
    }
    /// The same where no other thread can be in the way, the table has room, and no
    /// Python code is asked: most insertions, in one walk.
    #[inline]
    fn insert_alone(&self, cx: &Cx, key: Obj, hash: i64, value: Obj) -> Option<Option<Obj>> {
        if typhon_gc::multi_threaded() {
            return None;
        }
        let t = self.table()?;
        match t.probe(hash, |k| simple_eq(key, k)) {
            Probe::Free(i) if t.used() < t.cap as usize => {
                self.append(cx, t, Some(i), key, hash, value);
                self.count(1);
                Some(None)
            }
            Probe::Found(_, e) => {
                let slot = &t.entry_at(e).value;
                let old = Obj::from_word(slot.load(Ordering::Relaxed))?;
                slot.store(value.word(), Ordering::Relaxed);
                cx.barrier(t.obj());
                Some(Some(old))
            }
            _ => None,
        }
    }
    /// `d[key] = value`.
    #[inline]
    pub fn insert(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<Option<Obj>> {
        let hash = key_hash(cx, key)?;
        self.insert_hashed(cx, key, hash, value)
    }
    /// The value of `key`, or `value` after inserting it: one atomic step.
    pub fn set_default(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<Obj> {
        let hash = key_hash(cx, key)?;
        loop {
            let f = self.find(cx, key, hash)?;
            if let Found { table: Some(t), at: Some((_, Some(e))), .. } = f
                && let Some(v) = t.entry_at(e).value()
            {
                return Ok(v);
            }
            if self.try_insert(cx, &f, key, hash, value)?.is_some() {
                return Ok(value);
            }
        }
    }
    /// If `key` has the value `old`, gives it the value `new`, in one atomic step; `None`
    /// stands for a key that is not there. Values are compared by identity. Tells whether
    /// it was done.
    pub fn compare_swap(&self, cx: &mut Cx, key: Obj, old: Option<Obj>, new: Option<Obj>) -> Result<bool> {
        let hash = key_hash(cx, key)?;
        loop {
            let f = self.find(cx, key, hash)?;
            let Found { table: Some(t), at: Some((_, Some(e))), stamp } = f else {
                match (old, new) {
                    (Some(_), _) => return Ok(false),
                    (None, None) => return Ok(true),
                    (None, Some(v)) if self.try_insert(cx, &f, key, hash, v)?.is_some() => return Ok(true),
                    (None, Some(_)) => continue,
                }
            };
            let slot = &t.entry_at(e).value;
            if slot.load(Ordering::Acquire) == 0 {
                // Removed for good, unless another thread has just moved the item.
                match (old, new) {
                    _ if t.stamp() != stamp => {}
                    (Some(_), _) => return Ok(false),
                    (None, None) => return Ok(true),
                    (None, Some(v)) if self.try_insert(cx, &f, key, hash, v)?.is_some() => return Ok(true),
                    (None, Some(_)) => {}
                }
                continue;
            }
            let _g = self.lock(cx);
            let now = Obj::from_word(slot.load(Ordering::Acquire));
            if !self.is_as(&f) || now.is_none() {
                continue;
            }
            if now != old {
                return Ok(false);
            }
            match new {
                Some(v) => {
                    slot.store(v.word(), Ordering::Release);
                    cx.barrier(t.obj());
                }
                None => {
                    self.remove_entry(t, e);
                }
            }
            return Ok(true);
        }
    }
    /// Store under a string key of a namespace.
    pub fn insert_str(&self, cx: &Cx, key: Gc<Str>, value: Obj) -> Result<Option<Obj>> {
        let hash = key.hash();
        loop {
            let f = match self.table() {
                None => Found::NOTHING,
                Some(t) => {
                    let stamp = t.stamp();
                    match t.probe(hash, |k| Some(simple_eq(key.obj(), k) == Some(true))) {
                        Probe::Free(i) | Probe::Ask(i) => Found { table: Some(t), stamp, at: Some((i, None)) },
                        Probe::Found(i, e) => Found { table: Some(t), stamp, at: Some((i, Some(e))) },
                    }
                }
            };
            if let Some(old) = self.try_insert(cx, &f, key.obj(), hash, value)? {
                return Ok(old);
            }
        }
    }

    /// Map a string to itself unless an equal one is there (interning).
    pub(crate) fn insert_new_str(&self, cx: &Cx, s: Gc<Str>) -> Result<bool> {
        let hash = s.hash();
        loop {
            let f = match self.table() {
                None => Found::NOTHING,
                Some(t) => {
                    let stamp = t.stamp();
                    match t.probe(hash, |k| Some(simple_eq(s.obj(), k) == Some(true))) {
                        Probe::Free(i) => Found { table: Some(t), stamp, at: Some((i, None)) },
                        Probe::Found(..) | Probe::Ask(_) => return Ok(false),
                    }
                }
            };
            if self.try_insert(cx, &f, s.obj(), hash, s.obj())?.is_some() {
                return Ok(true);
            }
        }
    }

    /// Whether nothing was inserted since `find` found this.
    fn is_as(&self, f: &Found) -> bool {
        self.table() == f.table && f.table.is_none_or(|t| t.stamp() == f.stamp)
    }

    /// Insert at what `find` found; `None` if the dict has changed since.
    fn try_insert(&self, cx: &Cx, f: &Found, key: Obj, hash: i64, value: Obj) -> Result<Option<Option<Obj>>> {
        let _g = self.lock(cx);
        if !self.is_as(f) {
            return Ok(None);
        }
        let Some(t) = f.table else {
            let t = new_table(cx, 5)?;
            self.append(cx, t, None, key, hash, value);
            self.table.set(cx, Gc::of(self), t);
            self.live.store(1, Ordering::Release);
            return Ok(Some(None));
        };
        let (pos, entry) = f.at.expect("a table has an index position");
        if let Some(e) = entry
            && let Some(old) = t.entry_at(e).value()
        {
            t.entry_at(e).value.store(value.word(), Ordering::Release);
            cx.barrier(t.obj());
            return Ok(Some(Some(old)));
        }
        if t.used() == t.cap as usize {
            let n = self.rebuild(cx, t, 0)?;
            self.append(cx, n, None, key, hash, value);
            self.table.set(cx, Gc::of(self), n);
        } else {
            self.append(cx, t, Some(pos), key, hash, value);
        }
        self.count(1);
        Ok(Some(None))
    }

    /// Append an entry to `t`, which has room.
    fn append(&self, cx: &Cx, t: Gc<Table>, pos: Option<usize>, key: Obj, hash: i64, value: Obj) {
        let n = t.used();
        let e = t.entry_at(n);
        e.hash.store(hash as u64, Ordering::Relaxed);
        e.key.store(key.word(), Ordering::Relaxed);
        e.value.store(value.word(), Ordering::Relaxed);
        let pos = pos.unwrap_or_else(|| match t.probe(hash, |_| Some(false)) {
            Probe::Free(i) | Probe::Found(i, _) | Probe::Ask(i) => i,
        });
        // Whoever sees the new stamp finds the entry, or would insert the key twice.
        t.set_index(pos, n + 1);
        t.tail.store(n as u32 + 1, Ordering::Relaxed);
        t.used.store(n as u32 + 1, Ordering::Release);
        cx.barrier(t.obj());
    }

    /// A compact copy of `t` with room for more, `front` of them at the front.
    fn rebuild(&self, cx: &Cx, t: Gc<Table>, front: usize) -> Result<Gc<Table>> {
        let live = self.len();
        // A small one may well grow again.
        let room = if live < 8 { live * 3 } else { live };
        let n = new_table(cx, (live + room.max(1) + front).max(5))?;
        copy_entries(cx, t, n, front);
        Ok(n)
    }

    /// Make `key` the last item, or the first; whether it is there.
    pub fn move_to_end(&self, cx: &mut Cx, key: Obj, last: bool) -> Result<bool> {
        let hash = key_hash(cx, key)?;
        loop {
            let f = self.find(cx, key, hash)?;
            let Found { table: Some(t), at: Some((pos, Some(from))), .. } = f else { return Ok(false) };
            let _g = self.lock(cx);
            if !self.is_as(&f) {
                continue;
            }
            let old = t.entry_at(from);
            let Some(v) = old.value() else { return Ok(false) };
            if Some(from) == if last { t.last_live() } else { t.first_live() } {
                return Ok(true);
            }
            let full = if last { t.used() == t.cap as usize } else { t.front.load(Ordering::Relaxed) == 0 };
            if full {
                let n = self.rebuild(cx, t, if last { 0 } else { self.len() / 2 + 4 })?;
                self.table.set(cx, Gc::of(self), n);
                continue;
            }
            // A reader finds the item at its old place or at its new one.
            if last {
                self.append(cx, t, Some(pos), old.key(), hash, v);
            } else {
                let n = t.front.load(Ordering::Relaxed) - 1;
                let e = t.entry_at(n as usize);
                e.hash.store(hash as u64, Ordering::Relaxed);
                e.key.store(old.key().word(), Ordering::Relaxed);
                e.value.store(v.word(), Ordering::Release);
                t.set_index(pos, n as usize + 1);
                t.first.store(n, Ordering::Release);
                t.front.store(n, Ordering::Release);
                cx.barrier(t.obj());
            }
            old.value.store(0, Ordering::Release);
            return Ok(true);
        }
    }

    /// Remove `key` and return its value.
    pub fn remove_hashed(&self, cx: &mut Cx, key: Obj, hash: i64) -> Result<Option<Obj>> {
        loop {
            let f = self.find(cx, key, hash)?;
            let Found { table: Some(t), at: Some((_, Some(e))), .. } = f else { return Ok(None) };
            let _g = self.lock(cx);
            if !self.is_as(&f) {
                continue;
            }
            return Ok(self.remove_entry(t, e));
        }
    }
    /// Remove `key` and return its value.
    pub fn remove(&self, cx: &mut Cx, key: Obj) -> Result<Option<Obj>> {
        let hash = key_hash(cx, key)?;
        self.remove_hashed(cx, key, hash)
    }
    /// Remove a string key of a namespace.
    pub fn remove_str(&self, cx: &Cx, key: Gc<Str>) -> Option<Obj> {
        let _g = self.lock(cx);
        let t = self.table()?;
        match t.probe(key.hash(), |k| Some(simple_eq(key.obj(), k) == Some(true))) {
            Probe::Found(_, e) => self.remove_entry(t, e),
            _ => None,
        }
    }
    fn remove_entry(&self, t: Gc<Table>, e: usize) -> Option<Obj> {
        let slot = &t.entry_at(e).value;
        let v = Obj::from_word(slot.load(Ordering::Acquire))?;
        slot.store(0, Ordering::Release);
        let e = e as u32;
        if t.first.load(Ordering::Relaxed) == e {
            t.first.store(e + 1, Ordering::Release);
        }
        if t.tail.load(Ordering::Relaxed) == e + 1 {
            t.tail.store(e, Ordering::Relaxed);
        }
        self.count(-1);
        Some(v)
    }
    /// One item more or less. Only the holder of the lock writes this (DICT-3).
    #[inline(always)]
    fn count(&self, change: i64) {
        let live = self.live.load(Ordering::Relaxed);
        self.live.store(live.wrapping_add_signed(change), Ordering::Release);
    }
    /// Remove the last item.
    pub fn pop_last(&self, cx: &Cx) -> Option<(Obj, Obj)> {
        let _g = self.lock(cx);
        let t = self.table()?;
        let n = t.last_live()?;
        let k = t.entry_at(n).key();
        Some((k, self.remove_entry(t, n)?))
    }
    /// Remove the first item.
    pub fn pop_first(&self, cx: &Cx) -> Option<(Obj, Obj)> {
        let _g = self.lock(cx);
        let t = self.table()?;
        let n = t.first_live()?;
        let k = t.entry_at(n).key();
        Some((k, self.remove_entry(t, n)?))
    }
    /// Remove everything.
    pub fn clear(&self, cx: &Cx) {
        let _g = self.lock(cx);
        self.table.clear();
        self.live.store(0, Ordering::Release);
    }
    /// The first live item at or after entry `pos`: next position, key, value.
    #[inline]
    pub fn next_from(&self, pos: usize) -> Option<(usize, Obj, Obj)> {
        next_in(self.table()?, pos)
    }
    /// All live items of the current table. The dict may change meanwhile: the
    /// iterator then goes on in the table that it started with.
    pub fn items(&self) -> impl Iterator<Item = (Obj, Obj)> + use<> {
        let t = self.table();
        let mut pos = 0;
        std::iter::from_fn(move || {
            let (next, k, v) = next_in(t?, pos)?;
            pos = next;
            Some((k, v))
        })
    }
    /// Take over the storage of the fresh dict `from`.
    pub fn replace_with(&self, cx: &Cx, from: &Dict) {
        let _g = self.lock(cx);
        match from.table() {
            Some(t) => self.table.set(cx, Gc::of(self), t),
            None => self.table.clear(),
        }
        self.live.store(from.len() as u64, Ordering::Release);
    }
}

/// The first live item of `t` at or after entry `pos`.
#[inline]
pub fn next_in(t: Gc<Table>, mut pos: usize) -> Option<(usize, Obj, Obj)> {
    let es = t.entries();
    pos = pos.max(t.first());
    while let Some(e) = es.get(pos) {
        pos += 1;
        if let Some(v) = e.value() {
            return Some((pos, e.key(), v));
        }
    }
    None
}

struct Lock<'a>(&'a Dict, bool);
impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.lock.unlock();
        }
    }
}

/// `hash(key)`; a TypeError says that a dict wanted it.
#[inline]
pub fn key_hash(cx: &mut Cx, key: Obj) -> Result<i64> {
    match ops::hash(cx, key) {
        Ok(h) => Ok(h),
        Err(e) => Err(unhashable(cx, key, e, "a dict key")),
    }
}

/// The error of a key or element whose hash raised `e`.
#[cold]
pub fn unhashable(cx: &mut Cx, key: Obj, e: Raised, what: &str) -> Raised {
    if ops::class_of(e.obj()) != ExcKind::TypeError.class(cx) {
        return e;
    }
    let class = ops::full_name(cx, ops::class_of(key));
    match ops::to_str(cx, e.obj()) {
        Ok(s) => cx.type_error(format!("cannot use '{class}' as {what} ({})", s.to_str())),
        Err(e) => e,
    }
}

/// A new empty dict.
pub fn new(cx: &Cx) -> Result<Gc<Dict>> {
    let p = cx.alloc(shape::DICT, size_of::<Dict>() + 8)?;
    // Fresh zeroed object: an empty dict.
    Ok(unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) })
}
