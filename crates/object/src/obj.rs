//! The value word `Obj`, and `Gc<T>`, a typed pointer to a heap object.
//!
//! Encoding (64 bits, never zero for a value; zero means "unbound"/"absent"):
//!
//! | low bits      | meaning                                                     |
//! |---------------|-------------------------------------------------------------|
//! | `1`           | int of 63 bits, `value << 1 \| 1`                            |
//! | `10`          | float: `rotl(bits + 2^60, 3)`; the pattern 2 itself is 0.0  |
//! | `100`         | singleton: None, False, True, Ellipsis, NotImplemented      |
//! | `000`         | pointer to a heap object (8-byte aligned, non-null)         |
//!
//! Invariant VAL-1: a word that is 8-aligned and non-zero is a live heap
//! object; the collector relies on nothing else about values.
//! Tests: `tests/values.rs`.

use crate::cx::Cx;
use crate::shape;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_gc::Header;

/// Any Python value. `Copy`, one word, no reference count.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Obj(NonZeroU64);

const SPECIAL: u64 = 0b100;
/// The word that encodes the float 0.0.
pub const FLOAT_ZERO: u64 = 2;
/// Largest and smallest int that fits the word.
pub const SMALL_MAX: i64 = (1 << 62) - 1;
/// See [`SMALL_MAX`].
pub const SMALL_MIN: i64 = -(1 << 62);

const fn special(n: u64) -> Obj {
    // Never zero: bit 2 is set.
    match NonZeroU64::new(n << 3 | SPECIAL) {
        Some(w) => Obj(w),
        None => unreachable!(),
    }
}

impl Obj {
    /// `None`.
    pub const NONE: Obj = special(0);
    /// `False`.
    pub const FALSE: Obj = special(1);
    /// `True`.
    pub const TRUE: Obj = special(2);
    /// `...`
    pub const ELLIPSIS: Obj = special(3);
    /// `NotImplemented`.
    pub const NOT_IMPLEMENTED: Obj = special(4);

    /// The raw word.
    #[inline(always)]
    pub const fn word(self) -> u64 {
        self.0.get()
    }
    /// A value from its word; `None` for the empty word.
    #[inline(always)]
    pub const fn from_word(w: u64) -> Option<Obj> {
        match NonZeroU64::new(w) {
            Some(w) => Some(Obj(w)),
            None => None,
        }
    }
    /// A value from a word known not to be zero.
    ///
    /// # Safety
    /// `w` is a value word (VAL-1).
    #[inline(always)]
    pub const unsafe fn from_word_unchecked(w: u64) -> Obj {
        Obj(unsafe { NonZeroU64::new_unchecked(w) })
    }
    /// A Python bool.
    #[inline(always)]
    pub const fn bool(b: bool) -> Obj {
        if b { Obj::TRUE } else { Obj::FALSE }
    }
    /// An int that fits the word, or `None`.
    #[inline(always)]
    pub const fn small_int(v: i64) -> Option<Obj> {
        if v >= SMALL_MIN && v <= SMALL_MAX { Some(Obj::int_unchecked(v)) } else { None }
    }
    /// An int known to fit 63 bits (lengths, indices).
    #[inline(always)]
    pub const fn int_unchecked(v: i64) -> Obj {
        Obj(unsafe { NonZeroU64::new_unchecked((v << 1 | 1) as u64) })
    }
    /// Whether the value is an immediate int (bools are not).
    #[inline(always)]
    pub const fn is_small_int(self) -> bool {
        self.0.get() & 1 != 0
    }
    /// The immediate int, if it is one.
    #[inline(always)]
    pub const fn as_small_int(self) -> Option<i64> {
        if self.is_small_int() { Some(self.0.get() as i64 >> 1) } else { None }
    }
    /// Whether the value is an immediate float.
    #[inline(always)]
    pub const fn is_small_float(self) -> bool {
        self.0.get() & 3 == 2
    }
    /// The immediate float, if it is one.
    #[inline(always)]
    pub const fn as_small_float(self) -> Option<f64> {
        if self.is_small_float() { Some(decode_float(self.0.get())) } else { None }
    }
    /// Whether the value is a heap pointer.
    #[inline(always)]
    pub const fn is_ptr(self) -> bool {
        self.0.get() & 7 == 0
    }
    /// `x is None`.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self == Obj::NONE
    }
    /// The heap address; meaningless for immediates.
    #[inline(always)]
    pub const fn addr(self) -> *mut u8 {
        self.0.get() as *mut u8
    }
    /// The header of a heap object.
    #[inline(always)]
    pub fn header(self) -> Option<&'static Header> {
        // VAL-1: pointers are live objects, and every object starts with a header.
        if self.is_ptr() { Some(unsafe { &*(self.addr() as *const Header) }) } else { None }
    }
    /// The shape id; immediates have the fixed shape of their type.
    #[inline(always)]
    pub fn shape(self) -> u32 {
        let w = self.0.get();
        if w & 7 == 0 {
            // VAL-1.
            return unsafe { (*(w as *const Header)).shape.load(Ordering::Relaxed) };
        }
        immediate_shape(w)
    }
    /// The object as a `T` if its class (or a base) stores a `T`.
    #[inline(always)]
    pub fn cast<T: crate::native::Payload>(self) -> Option<Gc<T>> {
        // Shape flags tell the payload; see `Payload::is`.
        if T::is(self) { Some(Gc(self, PhantomData)) } else { None }
    }
}

#[inline(always)]
fn immediate_shape(w: u64) -> u32 {
    if w & 1 != 0 {
        shape::INT
    } else if w & 2 != 0 {
        shape::FLOAT
    } else {
        match w >> 3 {
            0 => shape::NONE,
            1 | 2 => shape::BOOL,
            3 => shape::ELLIPSIS,
            _ => shape::NOT_IMPLEMENTED,
        }
    }
}

/// Decode an immediate float word.
#[inline(always)]
pub const fn decode_float(w: u64) -> f64 {
    let bits = w.rotate_right(3).wrapping_sub(1 << 60);
    f64::from_bits(if w == FLOAT_ZERO { 0 } else { bits })
}

/// Encode a float; `None` when it needs a heap object.
#[inline(always)]
pub const fn encode_float(v: f64) -> Option<Obj> {
    let w = v.to_bits().wrapping_add(1 << 60).rotate_left(3);
    if w & 3 == 2 && w != FLOAT_ZERO {
        return Obj::from_word(w);
    }
    if v.to_bits() == 0 { Obj::from_word(FLOAT_ZERO) } else { None }
}

impl std::fmt::Debug for Obj {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(i) = self.as_small_int() {
            write!(f, "Obj({i})")
        } else if let Some(v) = self.as_small_float() {
            write!(f, "Obj({v:?})")
        } else {
            write!(f, "Obj({:#x} shape {})", self.word(), self.shape())
        }
    }
}

/// A pointer to a heap object whose payload is a `T`.
///
/// It carries no lifetime: the collector finds references on native stacks
/// itself. It must not be stored outside the stack or traced objects (GC-3).
#[repr(transparent)]
pub struct Gc<T>(Obj, PhantomData<*const T>);

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, o: &Self) -> bool {
        self.0 == o.0
    }
}
impl<T> Eq for Gc<T> {}

impl<T> Gc<T> {
    /// Wrap a pointer.
    ///
    /// # Safety
    /// `o` is a heap object with a `T` behind its header.
    #[inline(always)]
    pub unsafe fn from_obj(o: Obj) -> Gc<T> {
        Gc(o, PhantomData)
    }
    /// The untyped value.
    #[inline(always)]
    pub fn obj(self) -> Obj {
        self.0
    }
    /// The object's address.
    #[inline(always)]
    pub fn addr(self) -> *mut u8 {
        self.0.addr()
    }
    /// The object's header.
    #[inline(always)]
    pub fn header(self) -> &'static Header {
        // VAL-1.
        unsafe { &*(self.addr() as *const Header) }
    }
    /// The typed pointer of a payload reference. Sound because payloads only
    /// ever live inside heap objects, 8 bytes behind the header.
    #[inline(always)]
    pub fn of(payload: &T) -> Gc<T> {
        let p = payload as *const T as u64 - 8;
        Gc(unsafe { Obj::from_word_unchecked(p) }, PhantomData)
    }
    /// The payload, with the lifetime of the world: see the type's comment.
    #[inline(always)]
    pub fn payload(self) -> &'static T
    where
        T: 'static,
    {
        // VAL-1; the payload follows the 8-byte header.
        unsafe { &*(self.addr().add(8) as *const T) }
    }
}

impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // As for `payload`.
        unsafe { &*(self.addr().add(8) as *const T) }
    }
}
impl<T> From<Gc<T>> for Obj {
    #[inline(always)]
    fn from(g: Gc<T>) -> Obj {
        g.0
    }
}

/// A mutable reference field of a heap object: one atomic word.
///
/// Reads are plain loads. Writes go through [`Slot::set`], which names the
/// owner so that the generational barrier sees it.
#[repr(transparent)]
pub struct Slot<T = ()>(AtomicU64, PhantomData<*const T>);

// A slot is one atomic word.
unsafe impl<T> Sync for Slot<T> {}
unsafe impl<T> Send for Slot<T> {}

impl<T> Slot<T> {
    /// An empty slot.
    pub const fn empty() -> Self {
        Slot(AtomicU64::new(0), PhantomData)
    }
    /// A slot holding `o`, for the initial value of a fresh object.
    pub fn new(o: impl Into<Obj>) -> Self {
        Slot(AtomicU64::new(o.into().word()), PhantomData)
    }
    /// A slot holding `o`, or empty.
    pub fn of(o: Option<impl Into<Obj>>) -> Self {
        Slot(AtomicU64::new(o.map_or(0, |o| o.into().word())), PhantomData)
    }
    /// The raw word.
    #[inline(always)]
    pub fn word(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
    /// The value, if any.
    #[inline(always)]
    pub fn obj(&self) -> Option<Obj> {
        Obj::from_word(self.word())
    }
    /// The atomic itself, for tracing and compare-and-set.
    #[inline(always)]
    pub fn raw(&self) -> &AtomicU64 {
        &self.0
    }
    /// Store into a field of `owner`.
    #[inline(always)]
    pub fn set(&self, cx: &Cx, owner: impl Into<Obj>, v: impl Into<Obj>) {
        self.0.store(v.into().word(), Ordering::Release);
        cx.barrier(owner.into());
    }
    /// Empty the field; no barrier needed.
    #[inline(always)]
    pub fn clear(&self) {
        self.0.store(0, Ordering::Release);
    }
    /// Store an optional value.
    pub fn put(&self, cx: &Cx, owner: impl Into<Obj>, v: Option<impl Into<Obj>>) {
        match v {
            Some(v) => self.set(cx, owner, v),
            None => self.clear(),
        }
    }
}

impl<T> Slot<T> {
    /// The value as a typed pointer. The slot's type parameter promises it.
    #[inline(always)]
    pub fn get(&self) -> Option<Gc<T>> {
        // Only `T`s are stored in a `Slot<T>` with `T` other than `()`.
        self.obj().map(|o| unsafe { Gc::from_obj(o) })
    }
}
