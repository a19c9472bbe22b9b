//! `float`: immediate when the exponent is moderate, else a heap object.
//!
//! Tests: `tests/values.rs`; CPython test_float.

use crate::cx::Cx;
use crate::native::Payload;
use crate::obj::{self, Gc, Obj};
use crate::types::Type;
use crate::{Result, shape};

/// The payload of a heap float.
#[repr(C)]
pub struct Float {
    value: f64,
}

impl Payload for Float {
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::FLOAT || crate::native::has_payload(o, shape::FLOAT))
    }
}

/// A float value.
#[inline(always)]
pub fn new(cx: &Cx, v: f64) -> Result<Obj> {
    match obj::encode_float(v) {
        Some(o) => Ok(o),
        None => new_heap(cx, shape::FLOAT, v),
    }
}

/// A heap float, of `float` or a subclass.
#[cold]
#[inline(never)]
pub fn new_heap(cx: &Cx, shape_id: u32, v: f64) -> Result<Obj> {
    let p = cx.alloc(shape_id, shape::layout(shape_id).size as usize)?;
    // Fresh object with a Float payload.
    unsafe {
        (p.add(8) as *mut f64).write(v);
        Ok(Obj::from_word_unchecked(p as u64))
    }
}

/// The value of a float or of an instance of a subclass.
#[inline(always)]
pub fn value(o: Obj) -> Option<f64> {
    match o.as_small_float() {
        Some(v) => Some(v),
        None => o.cast::<Float>().map(|f| f.value),
    }
}

/// `v` as an instance of `class`, which is `float` or derives from it.
pub fn new_of(cx: &Cx, class: Gc<Type>, v: f64) -> Result<Obj> {
    let shape_id = class.root_shape();
    if shape_id == shape::FLOAT {
        return new(cx, v);
    }
    let o = new_heap(cx, shape_id, v)?;
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(o.addr()) };
    }
    Ok(o)
}
