//! What a thread remembers of attribute lookups, by shape and name.
//!
//! An instruction's own cache serves one shape. Places in a program that see
//! objects of several classes are served by this table, which belongs to one
//! thread, so that threads do not fight over the instruction's words.
//!
//! Invariants:
//! - ATTR-1: entries name no object that they keep alive. A value is used only
//!   after its class, which an object at hand keeps alive, was seen to have the
//!   entry's version still, so that the class still has the value.
//! - ATTR-2: an entry that names a slot holds until [`forget_all`], which the
//!   class layer calls when a name that some cache relies on (`mark_cached`)
//!   starts or ceases to be a data descriptor, or when attribute access itself
//!   changes (`__getattribute__`, `__setattr__`).
//!
//! Tests: tests/lang/attribute_caches.md.

use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::new_type::{BEHIND_PAYLOAD, MemberDescr};
use crate::obj::{Gc, Obj};
use crate::shape::{self, Storage};
use crate::str::Str;
use crate::types::{self, Type};
use crate::{instance, intern, ops};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use typhon_sync::object_lock;

/// Where an attribute lives.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Place {
    /// In the object, at this byte offset; an empty slot says nothing.
    Slot(u32),
    /// In a class: not a descriptor.
    Value(Obj),
    /// In a class: a Python function or native method, to be bound.
    Method(Obj),
    /// In a class: a property.
    Property(Obj),
    /// In a class: a `staticmethod`.
    Static(Obj),
    /// In a class: a `classmethod`.
    OfClass(Obj),
}

struct Entry {
    /// The name's address and, in the low bits, what is done with it; 0 if empty.
    key: Cell<u64>,
    shape: Cell<u32>,
    /// Byte offset, or for class attributes one of the two below.
    place: Cell<u32>,
    version: Cell<u64>,
    value: Cell<u64>,
}

const VALUE: u32 = 1;
const METHOD: u32 = 2;
const PROPERTY: u32 = 3;
const STATIC: u32 = 4;
const CLASS_METHOD: u32 = 5;
/// Offsets begin above: an object's first slot stands behind its header.
const KINDS: u32 = 8;

const READ: u64 = 0;
const WRITE: u64 = 1;
const SUPER: u64 = 2;
const OF_CLASS: u64 = 3;
const OF_META: u64 = 4;

/// Pairs of entries: with single ones the objects of one loop would often be in each
/// other's way.
const SETS: usize = 512;

static FLUSHES: AtomicU64 = AtomicU64::new(0);

/// All threads forget what they know, before they next use it (ATTR-2). Called
/// while the world is stopped.
pub fn forget_all() {
    FLUSHES.fetch_add(1, Ordering::SeqCst);
}

/// The table.
pub struct AttrCache {
    entries: Box<[Entry]>,
    flushes: Cell<u64>,
    misses: Cell<u32>,
}

impl Default for AttrCache {
    fn default() -> AttrCache {
        AttrCache {
            // A key of 0 is an empty entry. The pages are not touched.
            entries: unsafe { Box::new_zeroed_slice(2 * SETS).assume_init() },
            flushes: Cell::new(FLUSHES.load(Ordering::SeqCst)),
            misses: Cell::new(0),
        }
    }
}

#[inline(always)]
fn shape_of(o: Obj) -> u32 {
    // The callers' objects are pointers.
    unsafe { (*(o.addr() as *const AtomicU32)).load(Ordering::Acquire) }
}

#[inline(always)]
fn slot(o: Obj, offset: u32) -> &'static AtomicU64 {
    // The shape for which the entry was made has this slot.
    unsafe { &*(o.addr().add(offset as usize) as *const AtomicU64) }
}

impl Entry {
    /// What it says; a slot is not in the class. The class has the entry's version.
    #[inline(always)]
    fn in_class(&self) -> Option<Place> {
        // ATTR-1. A slot's entry has no value.
        let v = Obj::from_word(self.value.get())?;
        Some(match self.place.get() {
            VALUE => Place::Value(v),
            METHOD => Place::Method(v),
            PROPERTY => Place::Property(v),
            STATIC => Place::Static(v),
            CLASS_METHOD => Place::OfClass(v),
            _ => return None,
        })
    }
}

impl AttrCache {
    /// The first of the two places for a key.
    #[inline(always)]
    fn at(&self, shape: u32, key: u64) -> usize {
        let h = (key ^ (shape as u64) << 24).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (h >> (64 - SETS.trailing_zeros())) as usize * 2
    }
    #[inline(always)]
    fn find(&self, shape: u32, name: Gc<Str>, what: u64) -> Option<&Entry> {
        let key = name.obj().word() | what;
        let at = self.at(shape, key);
        // `at` is below twice the number of sets, and even.
        let (first, second) = unsafe { (self.entries.get_unchecked(at), self.entries.get_unchecked(at + 1)) };
        let hit = |e: &Entry| e.key.get() == key && e.shape.get() == shape;
        let e = if hit(first) {
            first
        } else if hit(second) {
            second
        } else {
            return None;
        };
        (self.flushes.get() == FLUSHES.load(Ordering::Relaxed)).then_some(e)
    }
    fn put(&self, shape: u32, name: Gc<Str>, what: u64, place: u32, version: u64, value: u64) {
        let now = FLUSHES.load(Ordering::SeqCst);
        if self.flushes.replace(now) != now {
            self.entries.iter().for_each(|e| e.key.set(0));
        }
        let key = name.obj().word() | what;
        let at = self.at(shape, key);
        let (first, second) = (&self.entries[at], &self.entries[at + 1]);
        if first.key.get() != key || first.shape.get() != shape {
            second.key.set(first.key.get());
            second.shape.set(first.shape.get());
            second.place.set(first.place.get());
            second.version.set(first.version.get());
            second.value.set(first.value.get());
        }
        first.key.set(key);
        first.shape.set(shape);
        first.place.set(place);
        first.version.set(version);
        first.value.set(value);
    }
    /// True now and then: an instruction whose own cache keeps missing should
    /// be specialised anew, in case that its first objects are gone.
    #[inline(always)]
    pub fn tired(&self) -> bool {
        let n = self.misses.get().wrapping_add(1);
        self.misses.set(n);
        n & 4095 == 0
    }
    /// `o.name` of a heap object, if this is known and needs no binding.
    #[inline(always)]
    pub fn read(&self, o: Obj, name: Gc<Str>) -> Option<Obj> {
        let id = shape_of(o);
        let e = self.find(id, name, READ)?;
        match e.place.get() {
            METHOD..KINDS => None,
            VALUE => (shape::class_of_shape(id).version() == e.version.get())
                // ATTR-1.
                .then(|| unsafe { Obj::from_word_unchecked(e.value.get()) }),
            offset => Obj::from_word(slot(o, offset).load(Ordering::Acquire)),
        }
    }
    /// The function that calling `o.name(...)` runs with `o` in front.
    #[inline(always)]
    pub fn method(&self, o: Obj, name: Gc<Str>) -> Option<Obj> {
        self.of_kind(o, name, METHOD)
    }
    /// The property that gives `o.name`.
    #[inline(always)]
    pub fn property(&self, o: Obj, name: Gc<Str>) -> Option<Obj> {
        self.of_kind(o, name, PROPERTY)
    }
    #[inline(always)]
    fn of_kind(&self, o: Obj, name: Gc<Str>, kind: u32) -> Option<Obj> {
        let id = shape_of(o);
        let e = self.find(id, name, READ)?;
        (e.place.get() == kind && shape::class_of_shape(id).version() == e.version.get())
            // ATTR-1.
            .then(|| unsafe { Obj::from_word_unchecked(e.value.get()) })
    }
    /// Where `o.name` was found, and what it is there, except for a slot.
    #[inline(always)]
    pub fn place(&self, o: Obj, name: Gc<Str>) -> Option<Place> {
        let id = shape_of(o);
        let e = self.find(id, name, READ)?;
        (shape::class_of_shape(id).version() == e.version.get()).then(|| e.in_class()).flatten()
    }
    /// Where `t.name` of a class whose metaclass is `type` was found, likewise.
    #[inline(always)]
    pub fn place_in_class(&self, t: Obj, name: Gc<Str>) -> Option<Place> {
        // The caller has seen its shape.
        let version = unsafe { Gc::<Type>::from_obj(t) }.version();
        let e = self.find(version as u32, name, OF_CLASS)?;
        (e.version.get() == version).then(|| e.in_class()).flatten()
    }
    /// `t.name` of a class whose metaclass is `type`.
    #[inline(always)]
    pub fn read_class(&self, t: Obj, name: Gc<Str>) -> Option<Obj> {
        // The caller has seen its shape.
        let version = unsafe { Gc::<Type>::from_obj(t) }.version();
        let e = self.find(version as u32, name, OF_CLASS)?;
        // ATTR-1; versions are never used twice.
        (e.version.get() == version && e.place.get() == VALUE)
            .then(|| unsafe { Obj::from_word_unchecked(e.value.get()) })
    }
    /// `t.name` of a class with another metaclass than `type`.
    #[inline]
    pub fn read_meta(&self, t: Gc<Type>, name: Gc<Str>) -> Option<Obj> {
        let version = t.version();
        let both = version << 32 | shape::class_of_shape(shape_of(t.obj())).version();
        let e = self.find(version as u32, name, OF_META)?;
        // ATTR-1, of the class and of its metaclass.
        (e.version.get() == both).then(|| unsafe { Obj::from_word_unchecked(e.value.get()) })
    }
    /// Remember what `t.name` gave, if it is the class's own and not a descriptor, and
    /// both classes have these versions still.
    pub fn note_meta(&self, cx: &Cx, t: Gc<Type>, name: Gc<Str>, versions: (u64, u64)) {
        let meta = ops::class_of(t.obj());
        let (a, b) = versions;
        if a == 0
            || b == 0
            || (a | b) >> 32 != 0
            || !name.is_interned()
            || meta.special(Dunder::GetAttribute) != types::class_for(shape::TYPE).special(Dunder::GetAttribute)
            || cx.lookup(meta, name).is_some_and(ops::is_data_descriptor)
        {
            return;
        }
        let Some(v) = cx.lookup(t, name) else { return };
        let plain = v.is_ptr() && v.shape() == shape::FUNCTION || ops::class_of(v).special(Dunder::Get).is_none();
        if plain && (t.version(), meta.version()) == versions {
            self.put(a as u32, name, OF_META, VALUE, a << 32 | b, v.word());
        }
    }
    /// Remember where `t.name` is found, if the class has this version still.
    pub fn note_class(&self, cx: &Cx, t: Gc<Type>, name: Gc<Str>, version: u64) {
        let meta = types::class_for(shape::TYPE);
        if t.obj().shape() != shape::TYPE
            || version == 0
            || !name.is_interned()
            || cx.lookup(meta, name).is_some_and(ops::is_data_descriptor)
        {
            return;
        }
        let Some(v) = cx.lookup(t, name) else { return };
        let kind = match wrapper_kind(v) {
            Some(kind) => kind,
            None if v.is_ptr() && v.shape() == shape::FUNCTION => VALUE,
            None if ops::class_of(v).special(Dunder::Get).is_none() => VALUE,
            None => return,
        };
        if t.version() == version {
            self.put(version as u32, name, OF_CLASS, kind, version, v.word());
        }
    }
    /// What `super(class, o).name` finds, if it is a method to call with `o`.
    #[inline(always)]
    pub fn super_method(&self, class: Gc<Type>, o: Obj, name: Gc<Str>) -> Option<Obj> {
        let id = shape_of(o);
        let e = self.find(id ^ (class.version() as u32) << 12, name, SUPER)?;
        let both = class.version() << 32 | shape::class_of_shape(id).version();
        // ATTR-1: the MRO of the object's class is part of its version.
        (e.version.get() == both && e.place.get() == id).then(|| unsafe { Obj::from_word_unchecked(e.value.get()) })
    }
    /// Remember what `super(class, o).name` found.
    pub fn note_super(&self, class: Gc<Type>, o: Obj, name: Gc<Str>, found: Obj) {
        let id = shape_of(o);
        let (a, b) = (class.version(), shape::class_of_shape(id).version());
        if a == 0 || b == 0 || (a | b) >> 32 != 0 {
            return;
        }
        self.put(id ^ (a as u32) << 12, name, SUPER, id, a << 32 | b, found.word());
    }
    /// `o.name = v`, if this is known to be a store in a slot.
    #[inline(always)]
    pub fn write(&self, cx: &Cx, o: Obj, name: Gc<Str>, v: Obj) -> bool {
        let id = shape_of(o);
        let Some(e) = self.find(id, name, WRITE) else { return false };
        let next = e.value.get() as u32;
        let w = slot(o, e.place.get());
        if next != 0 {
            if !add(o, id, w, v, next) {
                return false;
            }
        } else {
            w.store(v.word(), Ordering::Release);
        }
        cx.barrier(o);
        true
    }
    /// Remember a store that moved the object from one shape to another.
    pub fn note_add(&self, before: u32, after: u32, name: Gc<Str>, offset: u32) {
        self.put(before, name, WRITE, offset, 0, after as u64);
    }
}

/// Add an attribute: only while the object is locked, once there are threads,
/// since another one may add another attribute in the same slot.
#[inline(always)]
fn add(o: Obj, before: u32, w: &AtomicU64, v: Obj, after: u32) -> bool {
    let Some(h) = o.header() else { return false };
    if !typhon_gc::multi_threaded() {
        w.store(v.word(), Ordering::Release);
        h.shape.store(after, Ordering::Release);
        return true;
    }
    if !object_lock::try_lock(&h.meta) {
        return false;
    }
    let same = h.shape.load(Ordering::Acquire) == before;
    if same {
        w.store(v.word(), Ordering::Release);
        h.shape.store(after, Ordering::Release);
    }
    // Taken above.
    unsafe { object_lock::unlock(&h.meta) };
    same
}

/// The class `classmethod`, which another crate defines; never freed.
static CLASSMETHOD: AtomicU64 = AtomicU64::new(0);

/// Tell which class is `classmethod`.
pub fn classmethod_is(class: Gc<Type>) {
    CLASSMETHOD.store(class.obj().word(), Ordering::Relaxed);
}

/// Of a `staticmethod` or `classmethod`, which it is; subclasses may bind otherwise. Not by
/// the shape: most have attributes, taken over from the function.
fn wrapper_kind(v: Obj) -> Option<u32> {
    let class = v.is_ptr().then(|| ops::class_of(v))?;
    if class == types::class_for(shape::STATIC_METHOD) {
        Some(STATIC)
    } else if class.obj().word() == CLASSMETHOD.load(Ordering::Relaxed) {
        Some(CLASS_METHOD)
    } else {
        None
    }
}

fn is_object_dunder(c: Gc<Type>, d: Dunder) -> bool {
    c.special(d) == types::class_for(shape::OBJECT).special(d)
}

/// Where `o.name` lives, with the version of the class that says so; `None`
/// where only the general way finds out. Remembered by this thread.
pub fn place_of(cx: &Cx, o: Obj, name: Gc<Str>) -> Option<(Place, u64)> {
    if !o.is_ptr() || !name.is_interned() {
        return None;
    }
    // Before the lookup: a descriptor that comes later must flush (ATTR-2).
    intern::mark_cached(name);
    let c = ops::class_of(o);
    let version = c.version();
    if version == 0 || !is_object_dunder(c, Dunder::GetAttribute) {
        return None;
    }
    let id = o.shape();
    let place = match cx.lookup(c, name) {
        // An AttributeError of the getter would have to go on to `__getattr__`.
        Some(d) if d.shape() == shape::PROPERTY && c.special(Dunder::GetAttr).is_none() => Place::Property(d),
        Some(d) if ops::is_data_descriptor(d) => Place::Slot(member_offset(c, d)?),
        found => match slot_offset(o, id, name) {
            Ok(offset) => Place::Slot(offset),
            Err(false) => return None,
            Err(true) => {
                let d = found?;
                match d.shape() {
                    shape::FUNCTION | shape::METHOD_DESCRIPTOR => Place::Method(d),
                    _ if wrapper_kind(d) == Some(STATIC) => Place::Static(d),
                    _ if wrapper_kind(d) == Some(CLASS_METHOD) => Place::OfClass(d),
                    _ if !d.is_ptr() || ops::class_of(d).special(Dunder::Get).is_none() => Place::Value(d),
                    _ => return None,
                }
            }
        },
    };
    let (p, v) = match place {
        Place::Slot(offset) => (offset, 0),
        Place::Value(v) => (VALUE, v.word()),
        Place::Method(v) => (METHOD, v.word()),
        Place::Property(v) => (PROPERTY, v.word()),
        Place::Static(v) => (STATIC, v.word()),
        Place::OfClass(v) => (CLASS_METHOD, v.word()),
    };
    if o.shape() != id || c.version() != version {
        return None;
    }
    cx.attrs.put(id, name, READ, p, version, v);
    Some((place, version))
}

/// Where a store to the existing attribute `o.name` goes.
pub fn slot_for_store(cx: &Cx, o: Obj, name: Gc<Str>) -> Option<u32> {
    if !o.is_ptr() || !name.is_interned() {
        return None;
    }
    intern::mark_cached(name);
    let c = ops::class_of(o);
    let version = c.version();
    if version == 0 || !is_object_dunder(c, Dunder::SetAttr) {
        return None;
    }
    let id = o.shape();
    let offset = match cx.lookup(c, name) {
        Some(d) if ops::is_data_descriptor(d) => member_offset(c, d)?,
        _ => slot_offset(o, id, name).ok()?,
    };
    if o.shape() != id || c.version() != version {
        return None;
    }
    cx.attrs.put(id, name, WRITE, offset, 0, 0);
    Some(offset)
}

/// The slot of a `__slots__` descriptor, if it is for instances of `c`.
fn member_offset(c: Gc<Type>, d: Obj) -> Option<u32> {
    let m = d.cast::<MemberDescr>()?;
    (m.offset & BEHIND_PAYLOAD == 0 && c.is_subtype(m.owner.cast::<Type>()?)).then_some(m.offset)
}

/// The inline slot of an instance attribute. The error tells whether objects of
/// this shape are sure not to have one.
fn slot_offset(o: Obj, id: u32, name: Gc<Str>) -> Result<u32, bool> {
    if !instance::has_attrs(o) {
        return Err(true);
    }
    let s = shape::info(id);
    match s.storage {
        Storage::None => Err(true),
        Storage::Dict => Err(false),
        Storage::Slots => match s.find(name) {
            None => Err(true),
            Some(i) if i < s.inline => Ok(s.ext_offset + 8 + 8 * i),
            Some(_) => Err(false),
        },
    }
}
