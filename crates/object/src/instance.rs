//! Attributes of instances: where shapes say they are.
//!
//! An instance has an ext word, then its inline slots. The ext word is empty,
//! or a `Chunk` (first of a chain of overflow slots), or the instance's dict.
//! Chunks are never moved or reallocated, so an attribute's place is fixed for
//! the life of the object (SHAPE-1) and stores need no lock; only adding and
//! deleting attributes does, once a second thread exists.
//!
//! Tests: `tests/instances.rs`.

use crate::Result;
use crate::array::{self, Array};
use crate::cx::Cx;
use crate::dict::{self, Dict};
use crate::obj::{Gc, Obj};
use crate::shape::{self, ShapeInfo, Storage};
use crate::str::Str;
use crate::types::Type;
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_sync::object_lock;

/// Slots of the first chunk; each further one doubles.
const FIRST: usize = 8;
/// A chunk's first words: the next chunk, and (in the first chunk) the dict.
const HEAD: usize = 2;

struct ObjectLock(Obj, bool);

impl ObjectLock {
    fn take(cx: &Cx, o: Obj) -> ObjectLock {
        let multi = typhon_gc::multi_threaded();
        if multi {
            object_lock::lock(&o.header().unwrap().meta, |wait| cx.blocked(wait));
        }
        ObjectLock(o, multi)
    }
}
impl Drop for ObjectLock {
    fn drop(&mut self) {
        if self.1 {
            // Taken in `take`.
            unsafe { object_lock::unlock(&self.0.header().unwrap().meta) }
        }
    }
}

/// A fresh instance of a class without a payload of its own (`object` and what
/// derives from it in Python).
pub fn alloc(cx: &Cx, class: Gc<Type>) -> Result<Obj> {
    let shape_id = class.root_shape();
    let p = cx.alloc(shape_id, shape::layout(shape_id).size as usize)?;
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(p) };
    }
    // Fresh zeroed object: no attribute is set.
    Ok(unsafe { Obj::from_word_unchecked(p as u64) })
}

/// The shape information of an instance that can have attributes.
#[inline]
fn info(o: Obj) -> &'static ShapeInfo {
    shape::info(o.shape())
}

/// The word of slot `i`, if its storage exists.
#[inline]
pub fn slot_word(o: Obj, s: &ShapeInfo, i: u32) -> Option<&'static AtomicU64> {
    if i < s.inline {
        // The class's layout has `inline` words behind the ext word (TYPE-3).
        return Some(unsafe { &*(o.addr().add(s.ext_offset as usize + 8 + 8 * i as usize) as *const AtomicU64) });
    }
    let mut at = first_chunk(o, s)?;
    let mut i = (i - s.inline) as usize;
    let mut size = FIRST;
    while i >= size {
        i -= size;
        size *= 2;
        // Slot 0 of a chunk is empty or the next chunk.
        at = unsafe { Gc::from_obj(at.get(0)?) };
    }
    Some(&at.get_slots()[HEAD + i])
}

impl Array {
    fn get_slots(&self) -> &'static [AtomicU64] {
        Gc::of(self).payload().slots()
    }
}

fn first_chunk(o: Obj, s: &ShapeInfo) -> Option<Gc<Array>> {
    let ext = Obj::from_word(shape::ext_word(o, s).load(Ordering::Acquire))?;
    // By its shape.
    (ext.shape() == shape::ARRAY).then(|| unsafe { Gc::from_obj(ext) })
}

/// The dict object of an instance in dict mode, or the view made for
/// `__dict__` before.
fn stored_dict(o: Obj, s: &ShapeInfo) -> Option<Gc<Dict>> {
    let ext = Obj::from_word(shape::ext_word(o, s).load(Ordering::Acquire))?;
    let d = if ext.shape() == shape::ARRAY {
        // By its shape; slot 1 of the first chunk is empty or the dict.
        unsafe { Gc::<Array>::from_obj(ext) }.get(1)?
    } else {
        ext
    };
    // Only dicts are stored besides chunks.
    Some(unsafe { Gc::from_obj(d) })
}

/// Make sure that slot `i` has storage. Called with the object locked.
fn ensure(cx: &Cx, o: Obj, s: &ShapeInfo, i: u32) -> Result<&'static AtomicU64> {
    if let Some(w) = slot_word(o, s, i) {
        return Ok(w);
    }
    let ext = shape::ext_word(o, s);
    let mut at = match first_chunk(o, s) {
        Some(c) => c,
        None => {
            let c = array::new(cx, HEAD + FIRST)?;
            if let Some(d) = Obj::from_word(ext.load(Ordering::Acquire)) {
                c.set(cx, 1, d);
            }
            ext.store(c.obj().word(), Ordering::Release);
            cx.barrier(o);
            c
        }
    };
    let mut left = (i - s.inline) as usize;
    let mut size = FIRST;
    while left >= size {
        left -= size;
        size *= 2;
        at = match at.get(0) {
            // As in `slot_word`.
            Some(n) => unsafe { Gc::from_obj(n) },
            None => {
                let n = array::new(cx, HEAD + size)?;
                at.set(cx, 0, n.obj());
                n
            }
        };
    }
    Ok(&at.get_slots()[HEAD + left])
}

/// The object that owns the storage of slot `i`, for the write barrier.
fn storage_owner(o: Obj, s: &ShapeInfo, i: u32) -> Obj {
    if i < s.inline {
        return o;
    }
    let mut at = first_chunk(o, s).expect("slot has storage");
    let mut i = (i - s.inline) as usize;
    let mut size = FIRST;
    while i >= size {
        i -= size;
        size *= 2;
        // As in `slot_word`.
        at = unsafe { Gc::from_obj(at.get(0).expect("slot has storage")) };
    }
    at.obj()
}

/// Whether objects of this shape have a `__dict__`.
#[inline]
pub fn has_attrs(o: Obj) -> bool {
    o.is_ptr() && shape::layout(o.shape()).user[0].load(Ordering::Relaxed) != 0 && info(o).storage != Storage::None
}

/// The instance attribute `name` (interned).
#[inline]
pub fn get(o: Obj, name: Gc<Str>) -> Option<Obj> {
    let s = info(o);
    match s.storage {
        Storage::None => None,
        Storage::Slots => Obj::from_word(slot_word(o, s, s.find(name)?)?.load(Ordering::Acquire)),
        Storage::Dict => stored_dict(o, s)?.get_str(name),
    }
}

/// Set the instance attribute `name` (interned).
pub fn set(cx: &Cx, o: Obj, name: Gc<Str>, v: Obj) -> Result<()> {
    loop {
        let id = o.shape();
        let s = shape::info(id);
        if s.storage == Storage::Dict {
            stored_dict(o, s).expect("dict mode has a dict").insert_str(cx, name, v)?;
            return Ok(());
        }
        if let Some(i) = s.find(name) {
            let w = slot_word(o, s, i).expect("a live attribute has storage");
            w.store(v.word(), Ordering::Release);
            cx.barrier(storage_owner(o, s, i));
            return Ok(());
        }
        let Some((next, i)) = s.with(name) else {
            to_dict(cx, o)?;
            continue;
        };
        let _g = ObjectLock::take(cx, o);
        if o.shape() != id {
            continue;
        }
        let w = ensure(cx, o, s, i)?;
        w.store(v.word(), Ordering::Release);
        cx.barrier(storage_owner(o, s, i));
        shape::set_shape(cx, o, next);
        return Ok(());
    }
}

/// Delete the instance attribute `name`; false if it is not there.
pub fn delete(cx: &Cx, o: Obj, name: Gc<Str>) -> bool {
    loop {
        let id = o.shape();
        let s = shape::info(id);
        if s.storage == Storage::Dict {
            return stored_dict(o, s).is_some_and(|d| d.remove_str(cx, name).is_some());
        }
        let Some(i) = s.find(name) else { return false };
        let next = s.without(name);
        let _g = ObjectLock::take(cx, o);
        if o.shape() != id {
            continue;
        }
        shape::set_shape(cx, o, next);
        if let Some(w) = slot_word(o, s, i) {
            w.store(0, Ordering::Release);
        }
        return true;
    }
}

/// All instance attributes in order.
pub fn names(o: Obj) -> Vec<Gc<Str>> {
    let s = info(o);
    match s.storage {
        Storage::None | Storage::Dict => Vec::new(),
        // SHAPE-3: names live for ever, so a vector may hold them.
        Storage::Slots => (0..s.attrs.len()).map(|i| s.name(i)).collect(),
    }
}

/// Whether an instance has no attributes of its own, or can have none.
pub fn is_bare(o: Obj) -> bool {
    if !has_attrs(o) {
        return true;
    }
    let s = info(o);
    match s.storage {
        Storage::None => true,
        Storage::Slots => s.attrs.is_empty(),
        Storage::Dict => stored_dict(o, s).is_none_or(|d| d.is_empty()),
    }
}

/// Whether all attributes of an instance lie in the object itself.
pub fn is_inline(o: Obj) -> bool {
    has_attrs(o) && {
        let s = info(o);
        s.storage == Storage::Slots && s.inline > 0 && s.attrs.len() <= s.inline as usize
    }
}

/// Change an instance to keep its attributes in a dict. No other thread may be
/// between reading its shape and using a slot, so the world stops if there are
/// other threads; that is rare.
fn to_dict(cx: &Cx, o: Obj) -> Result<Gc<Dict>> {
    let d = match stored_dict(o, info(o)) {
        Some(d) => d,
        None => dict::new(cx)?,
    };
    // Space first: nothing may fail once the world has stopped.
    let fresh = dict::new(cx)?;
    for n in names(o) {
        if let Some(v) = get(o, n) {
            fresh.insert_str(cx, n, v)?;
        }
    }
    let work = || {
        let s = info(o);
        if s.storage == Storage::Dict {
            return;
        }
        // What changed since the copy above; same names, so no growth.
        for i in 0..s.attrs.len() {
            if let Some(v) = slot_word(o, s, s.attrs[i].1).and_then(|w| Obj::from_word(w.load(Ordering::Acquire)))
                && let Some(e) = fresh.find_str(s.name(i))
            {
                e.value_word().store(v.word(), Ordering::Release);
            }
        }
        d.replace_with(cx, &fresh);
        shape::ext_word(o, s).store(d.obj().word(), Ordering::Release);
        cx.barrier(o);
        shape::set_shape(cx, o, s.dict_mode());
    };
    if typhon_gc::multi_threaded() {
        cx.mutator.stop_the_world(work)
    } else {
        work()
    }
    Ok(stored_dict(o, info(o)).unwrap_or(d))
}

/// `o.__dict__`: the instance then keeps its attributes in this dict.
pub fn dict_of(cx: &Cx, o: Obj) -> Result<Gc<Dict>> {
    let s = info(o);
    if s.storage == Storage::Dict
        && let Some(d) = stored_dict(o, s)
    {
        return Ok(d);
    }
    to_dict(cx, o)
}

/// `o.__dict__ = d`.
pub fn set_dict(cx: &Cx, o: Obj, d: Gc<Dict>) -> Result<()> {
    to_dict(cx, o)?;
    shape::ext_word(o, info(o)).store(d.obj().word(), Ordering::Release);
    cx.barrier(o);
    Ok(())
}

/// `o.__class__ = class`, whose instances have the same fixed layout.
pub fn set_class(cx: &Cx, o: Obj, class: Gc<Type>) -> Result<()> {
    let s = info(o);
    if s.storage == Storage::None {
        shape::set_shape(cx, o, class.root_shape());
        return Ok(());
    }
    // The classes may differ in their inline slots: the dict serves both.
    dict_of(cx, o)?;
    let id = info(o).adopted(class);
    shape::set_shape(cx, o, id);
    Ok(())
}

/// Copy the attributes of `o` into a new dict, without changing `o`.
pub fn attrs_copy(cx: &mut Cx, o: Obj) -> Result<Gc<Dict>> {
    let s = info(o);
    if s.storage == Storage::Dict
        && let Some(d) = stored_dict(o, s)
    {
        return dict::copy(cx, &d);
    }
    let d = dict::new(cx)?;
    for n in names(o) {
        if let Some(v) = get(o, n) {
            d.insert_str(cx, n, v)?;
        }
    }
    Ok(d)
}
