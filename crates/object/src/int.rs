//! `int`: immediate up to 63 bits, else limbs inline in a heap object.
//! Arithmetic is in `ops::binary` for immediates and in `bigint.rs`.
//!
//! Layout of a heap int: header, limb count (negative for negative numbers),
//! limbs, least significant first.
//!
//! Invariant INT-1: a value that fits 63 bits is never a heap `int` (instances
//! of subclasses always are on the heap).
//! Tests: `tests/values.rs`; CPython test_int, test_long.

use crate::cx::Cx;
use crate::native::Payload;
use crate::obj::{Gc, Obj, SMALL_MAX, SMALL_MIN};
use crate::types::Type;
use crate::{Result, shape};

/// The payload of a heap int.
#[repr(C)]
pub struct Int {
    len: i64,
}

pub(crate) unsafe fn var_size(p: *const u8) -> usize {
    // Called on live ints only.
    unsafe { 16 + 8 * (*(p.add(8) as *const i64)).unsigned_abs() as usize }
}

impl Int {
    /// Whether it is below zero.
    #[inline]
    pub fn is_negative(&self) -> bool {
        self.len < 0
    }
    /// The limbs of the absolute value, without leading zeros.
    #[inline]
    pub fn limbs(&self) -> &'static [u64] {
        // `|len|` limbs follow; an int never changes once returned.
        unsafe {
            std::slice::from_raw_parts((self as *const Int).add(1) as *const u64, self.len.unsigned_abs() as usize)
        }
    }
}

impl Payload for Int {
    #[inline]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::INT || crate::native::has_payload(o, shape::INT))
    }
}

/// An int of any value.
#[inline(always)]
pub fn from_i64(cx: &Cx, v: i64) -> Result<Obj> {
    match Obj::small_int(v) {
        Some(o) => Ok(o),
        None => from_i128(cx, v as i128),
    }
}

/// An int of any value.
pub fn from_i128(cx: &Cx, v: i128) -> Result<Obj> {
    if v >= SMALL_MIN as i128 && v <= SMALL_MAX as i128 {
        return Ok(Obj::int_unchecked(v as i64));
    }
    let m = v.unsigned_abs();
    from_limbs(cx, v < 0, &[m as u64, (m >> 64) as u64])
}

/// An int from sign and magnitude; leading zero limbs are allowed.
pub fn from_limbs(cx: &Cx, negative: bool, limbs: &[u64]) -> Result<Obj> {
    build(cx, limbs.len(), |out| {
        out.copy_from_slice(limbs);
        (negative, limbs.len())
    })
}

/// An int whose limbs `fill` writes into a fresh object of `cap` zero limbs; it
/// returns the sign and how many limbs count. Nothing else sees the object yet.
pub fn build(cx: &Cx, cap: usize, fill: impl FnOnce(&mut [u64]) -> (bool, usize)) -> Result<Obj> {
    if cap > (isize::MAX / 64) as usize {
        return Err(cx.memory_error());
    }
    let p = cx.alloc_var(shape::INT, 16 + 8 * cap.max(1), cap.max(1) as u64)?;
    // Fresh object with `cap` limbs behind the length. No allocation happens
    // before its length is right.
    unsafe {
        let limbs = std::slice::from_raw_parts_mut(p.add(16) as *mut u64, cap);
        let (negative, mut n) = fill(limbs);
        while n > 0 && limbs[n - 1] == 0 {
            n -= 1;
        }
        if n == 0 {
            return Ok(Obj::int_unchecked(0));
        }
        if n == 1 && limbs[0] <= SMALL_MAX as u64 + negative as u64 {
            let v = limbs[0] as i64;
            return Ok(Obj::int_unchecked(if negative { -v } else { v }));
        }
        *(p.add(8) as *mut i64) = if negative { -(n as i64) } else { n as i64 };
        Ok(Obj::from_word_unchecked(p as u64))
    }
}

/// The value of `v` as an instance of `class`, which is `int` or derives from it.
pub fn new_of(cx: &Cx, class: Gc<Type>, v: Obj) -> Result<Obj> {
    let shape_id = class.root_shape();
    if shape_id == shape::INT {
        return exact(cx, v);
    }
    let o = subclass_instance(cx, shape_id, v)?;
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(o.addr()) };
    }
    Ok(o)
}

/// An instance of a subclass of int with the value of `v`.
pub fn subclass_instance(cx: &Cx, shape_id: u32, v: Obj) -> Result<Obj> {
    let mut one = [0u64];
    let (negative, limbs) = parts(v, &mut one).expect("an int");
    let p = cx.alloc_var(shape_id, 16 + 8 * limbs.len() + 8, limbs.len() as u64)?;
    // Fresh object with room for the limbs and the ext word.
    unsafe {
        std::ptr::copy_nonoverlapping(limbs.as_ptr(), p.add(16) as *mut u64, limbs.len());
        if negative {
            *(p.add(8) as *mut i64) = -(limbs.len() as i64);
        }
        Ok(Obj::from_word_unchecked(p as u64))
    }
}

/// Sign and magnitude of any int (or bool); `room` holds an immediate's limb.
#[inline]
pub fn parts(o: Obj, room: &mut [u64; 1]) -> Option<(bool, &[u64])> {
    if let Some(v) = small(o) {
        room[0] = v.unsigned_abs();
        return Some((v < 0, if v == 0 { &room[..0] } else { &room[..] }));
    }
    o.cast::<Int>().map(|i| (i.is_negative(), i.payload().limbs()))
}

/// The immediate value of an int or bool.
#[inline(always)]
pub fn small(o: Obj) -> Option<i64> {
    if o.is_small_int() {
        return o.as_small_int();
    }
    match o {
        Obj::TRUE => Some(1),
        Obj::FALSE => Some(0),
        _ => None,
    }
}

/// Whether `o` is an int (bools and subclass instances included).
#[inline]
pub fn is_int(o: Obj) -> bool {
    o.is_small_int() || o == Obj::TRUE || o == Obj::FALSE || o.cast::<Int>().is_some()
}

/// The value if it fits 64 bits.
pub fn to_i64(o: Obj) -> Option<i64> {
    if let Some(v) = small(o) {
        return Some(v);
    }
    let i = o.cast::<Int>()?;
    match (i.is_negative(), i.limbs()) {
        (_, []) => Some(0),
        (false, [l]) => i64::try_from(*l).ok(),
        (true, [l]) if *l <= 1 << 63 => Some((*l as i64).wrapping_neg()),
        _ => None,
    }
}

/// The value if it fits 128 bits.
pub fn to_i128(o: Obj) -> Option<i128> {
    let mut room = [0];
    let (neg, l) = parts(o, &mut room)?;
    let m = match l {
        [] => 0u128,
        [a] => *a as u128,
        [a, b] => *a as u128 | (*b as u128) << 64,
        _ => return None,
    };
    if m > i128::MAX as u128 {
        return None;
    }
    Some(if neg { -(m as i128) } else { m as i128 })
}

/// Reduce an instance of a subclass to a plain int.
pub fn exact(cx: &Cx, o: Obj) -> Result<Obj> {
    if o.is_small_int() || (o.is_ptr() && o.shape() == shape::INT) {
        return Ok(o);
    }
    let mut room = [0];
    let (neg, limbs) = parts(o, &mut room).expect("an int");
    from_limbs(cx, neg, limbs)
}

/// The typed pointer of a heap int.
pub fn heap(o: Obj) -> Option<Gc<Int>> {
    o.cast::<Int>()
}
