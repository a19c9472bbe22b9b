//! Shapes: what an object's 32-bit shape id says about it.
//!
//! A shape id names the object's class, its memory layout (known to the
//! collector) and, for instances with attributes, which name lives in which
//! slot. Inline caches compare one 32-bit id.
//!
//! Invariants:
//! - SHAPE-1: a slot never changes its meaning. In every shape that an object
//!   goes through, slot `i` belongs to the same name, so an attribute store
//!   that raced with a shape change still lands where that name lives.
//! - SHAPE-2: ids are never reused and records never move.
//! - SHAPE-3: attribute names in shapes are interned strings, which live for
//!   ever, so shapes may hold their addresses outside the collected heap.
//!
//! Tests: `tests/instances.rs`.

use crate::cx::Cx;
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::types::Type;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{OnceLock, RwLock};
use typhon_gc::{Layout, LayoutInit};

macro_rules! fixed_shapes {
    ($($(#[$m:meta])* $id:ident = $n:literal,)*) => {
        $(#[allow(missing_docs)] $(#[$m])* pub const $id: u32 = $n;)*
        /// How many ids are reserved for the runtime's own types.
        pub const FIXED: u32 = [$($n),*].len() as u32;
    };
}

fixed_shapes! {
    TYPE = 1, OBJECT = 2, NONE = 3, BOOL = 4, ELLIPSIS = 5, NOT_IMPLEMENTED = 6,
    INT = 7, FLOAT = 8, STR = 9, BYTES = 10, TUPLE = 11, LIST = 12, DICT = 13,
    FUNCTION = 14, METHOD = 15, NATIVE_FUNCTION = 16, METHOD_DESCRIPTOR = 17, CELL = 18,
    CODE = 19, RANGE = 20, RANGE_ITER = 21, LIST_ITER = 22, TUPLE_ITER = 23, GENERATOR = 24,
    MODULE = 25, SET = 26, FROZENSET = 27, SLICE = 28, COMPLEX = 29, DICT_TABLE = 30,
    ARRAY = 31, BASE_EXCEPTION = 32, CACHE_ENTRY = 33, PROPERTY = 34, BYTEARRAY = 35,
    GETSET = 36, MEMBER = 37, STATIC_METHOD = 38, CLASS_METHOD = 39, CHUNK = 40, MAPPING_PROXY = 41,
    COROUTINE = 42, ASYNC_GENERATOR = 43, TRACEBACK = 44, FRAME = 45, SEQ_ITER = 46,
    SUPER = 47, WEAKREF = 48, DICT_ITER = 49, RAW = 50,
}

/// Where an instance keeps its attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// No `__dict__`.
    None,
    /// Slots named by the shape.
    Slots,
    /// A dict object in the ext word (many or strange attributes).
    Dict,
}

/// The object layer's part of a shape record.
pub struct ShapeInfo {
    /// This shape's id.
    pub id: u32,
    /// The shape of a fresh instance of the same class.
    pub root: u32,
    /// Where attributes live.
    pub storage: Storage,
    /// Byte offset of the ext word, which the inline slots follow; 0 means
    /// "behind the variable-size payload", which then has no inline slots.
    pub ext_offset: u32,
    /// Number of inline attribute slots.
    pub inline: u32,
    /// Live attribute names in insertion order, with their slots.
    pub attrs: Vec<(u64, u32)>,
    /// Deleted names, whose slots stay theirs (SHAPE-1).
    holes: Vec<(u64, u32)>,
    index: Option<HashMap<u64, u32>>,
    next: RwLock<Next>,
    dict_shape: OnceLock<u32>,
}

#[derive(Default)]
struct Next {
    add: HashMap<u64, u32>,
    del: HashMap<u64, u32>,
}

/// Instances with more attributes than this go to [`Storage::Dict`].
pub const MAX_ATTRS: usize = 128;

/// The information behind a shape id, if its objects can have attributes.
#[inline]
pub fn info(id: u32) -> &'static ShapeInfo {
    let p = typhon_gc::layout(id).user[0].load(Ordering::Acquire) as *const ShapeInfo;
    debug_assert!(!p.is_null());
    // Every shape made by `new_shape` has a leaked ShapeInfo.
    unsafe { &*p }
}

/// The class of objects with this shape.
#[inline(always)]
pub fn class_of_shape(id: u32) -> Gc<Type> {
    let w = typhon_gc::layout(id).owner.load(Ordering::Relaxed);
    // The owner slot of a live shape is its class.
    unsafe { Gc::from_obj(Obj::from_word_unchecked(w)) }
}

/// The collector's record of a shape.
#[inline(always)]
pub fn layout(id: u32) -> &'static Layout {
    typhon_gc::layout(id)
}

/// Make a new root shape for `class`.
pub fn new_root(init: LayoutInit, class: Option<Gc<Type>>, storage: Storage, ext_offset: u32, inline: u32) -> u32 {
    let id = typhon_gc::new_layout(init);
    if let Some(c) = class {
        layout(id).owner.store(c.obj().word(), Ordering::Release);
    }
    let s = ShapeInfo {
        id,
        root: id,
        storage,
        ext_offset,
        inline,
        attrs: Vec::new(),
        holes: Vec::new(),
        index: None,
        next: RwLock::default(),
        dict_shape: OnceLock::new(),
    };
    publish(id, s);
    id
}

/// Give a fixed shape, which has no instances yet, its attribute storage: the
/// ext word is the last word of the layout if there is one.
pub(crate) fn reset_root(id: u32, storage: Storage, ext: bool) {
    let size = layout(id).size;
    publish(
        id,
        ShapeInfo {
            id,
            root: id,
            storage,
            ext_offset: if ext { size - 8 } else { 0 },
            inline: 0,
            attrs: Vec::new(),
            holes: Vec::new(),
            index: None,
            next: RwLock::default(),
            dict_shape: OnceLock::new(),
        },
    );
}

fn publish(id: u32, s: ShapeInfo) {
    let p = Box::into_raw(Box::new(s)) as u64;
    layout(id).user[0].store(p, Ordering::Release);
}

impl ShapeInfo {
    /// The slot of `name`, if instances of this shape have it.
    #[inline]
    pub fn find(&self, name: Gc<Str>) -> Option<u32> {
        let w = name.obj().word();
        match &self.index {
            Some(ix) => ix.get(&w).copied(),
            None => self.attrs.iter().find(|e| e.0 == w).map(|e| e.1),
        }
    }

    fn derive(&self, attrs: Vec<(u64, u32)>, holes: Vec<(u64, u32)>, storage: Storage) -> u32 {
        let l = layout(self.id);
        let id = typhon_gc::new_layout(LayoutInit {
            trace: l.trace,
            kind: l.kind,
            flags: l.flags,
            nslots: l.nslots,
            size: l.size,
            size_fn: l.size_fn,
            owner: l.owner.load(Ordering::Acquire),
            user: [0; 4],
        });
        for i in 1..4 {
            layout(id).user[i].store(l.user[i].load(Ordering::Acquire), Ordering::Release);
        }
        let index = (attrs.len() > 8).then(|| attrs.iter().copied().collect());
        let s = ShapeInfo {
            id,
            root: self.root,
            storage,
            ext_offset: self.ext_offset,
            inline: self.inline,
            attrs,
            holes,
            index,
            next: RwLock::default(),
            dict_shape: OnceLock::new(),
        };
        publish(id, s);
        id
    }

    /// The shape after adding `name`, and its slot; `None` when the object
    /// should keep its attributes in a dict instead.
    pub fn with(&self, name: Gc<Str>) -> Option<(u32, u32)> {
        let w = name.obj().word();
        if let Some(&id) = self.next.read().unwrap().add.get(&w) {
            return Some((id, info(id).attrs.last().unwrap().1));
        }
        if self.attrs.len() + self.holes.len() >= MAX_ATTRS {
            return None;
        }
        let mut next = self.next.write().unwrap();
        if let Some(&id) = next.add.get(&w) {
            return Some((id, info(id).attrs.last().unwrap().1));
        }
        let mut holes = self.holes.clone();
        let slot = match holes.iter().position(|e| e.0 == w) {
            Some(i) => holes.remove(i).1,
            None => (self.attrs.len() + self.holes.len()) as u32,
        };
        let mut attrs = self.attrs.clone();
        attrs.push((w, slot));
        let id = self.derive(attrs, holes, Storage::Slots);
        next.add.insert(w, id);
        Some((id, slot))
    }

    /// The shape after deleting `name`, which must be present.
    pub fn without(&self, name: Gc<Str>) -> u32 {
        let w = name.obj().word();
        let mut next = self.next.write().unwrap();
        if let Some(&id) = next.del.get(&w) {
            return id;
        }
        let mut attrs = self.attrs.clone();
        let at = attrs.iter().position(|e| e.0 == w).expect("deleting an attribute that is there");
        let mut holes = self.holes.clone();
        holes.push(attrs.remove(at));
        let id = self.derive(attrs, holes, Storage::Slots);
        next.del.insert(w, id);
        id
    }

    /// The shape of an object of this class that keeps a dict.
    pub fn dict_mode(&self) -> u32 {
        let root = info(self.root);
        *root.dict_shape.get_or_init(|| root.derive(Vec::new(), Vec::new(), Storage::Dict))
    }

    /// The shape of objects in dict mode that were laid out by this shape and
    /// now belong to `class` (`o.__class__ = class`). Few pairs of classes do
    /// this, so the table is small.
    pub fn adopted(&self, class: Gc<Type>) -> u32 {
        static ADOPTED: RwLock<Vec<(u32, u64, u32)>> = RwLock::new(Vec::new());
        let w = class.obj().word();
        let from = self.dict_mode();
        let mut table = ADOPTED.write().unwrap();
        let id = match table.iter().find(|e| e.0 == from && e.1 == w) {
            Some(e) => e.2,
            None => {
                let id = info(from).derive(Vec::new(), Vec::new(), Storage::Dict);
                table.push((from, w, id));
                id
            }
        };
        // A class that died may have had the same address.
        layout(id).owner.store(w, Ordering::Release);
        id
    }

    /// The interned name behind an entry of `attrs`.
    pub fn name(&self, i: usize) -> Gc<Str> {
        // SHAPE-3.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(self.attrs[i].0)) }
    }
}

/// The byte address of the ext word of an instance.
#[inline(always)]
pub fn ext_word(o: Obj, s: &ShapeInfo) -> &'static std::sync::atomic::AtomicU64 {
    let off = if s.ext_offset != 0 { s.ext_offset as usize } else { var_payload_size(o) };
    // The class's layout reserves this word in every instance.
    unsafe { &*(o.addr().add(off) as *const std::sync::atomic::AtomicU64) }
}

/// Size of header and payload of a variable-size object, without attributes.
pub fn var_payload_size(o: Obj) -> usize {
    let f = layout(o.shape()).user[2].load(Ordering::Relaxed);
    debug_assert!(f != 0);
    // user[2] of shapes with variable payload is their `VarSizeFn`.
    let f: crate::native::VarSizeFn = unsafe { std::mem::transmute(f as usize) };
    unsafe { f(o.addr()) }
}

/// Change an object's shape id.
pub fn set_shape(cx: &Cx, o: Obj, id: u32) {
    o.header().unwrap().shape.store(id, Ordering::Release);
    // The new shape may keep a younger class alive.
    cx.barrier(o);
}
