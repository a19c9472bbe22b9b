//! The iterator of arrays, and how arrays are pickled.
//!
//! Tests: CPython test_array.

use super::codes::{self, Machine};
use super::{Array, make};
use crate::util::{attr, bytes_obj, import, tuple_obj};
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::native::{IntoObj, class_of};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, Result, exc, instance, ops};

/// `array.arrayiterator`.
#[derive(Trace)]
pub struct ArrayIter {
    /// Empty when it has ended.
    array: Slot<Array>,
    at: AtomicUsize,
}

impl ArrayIter {
    /// From the start.
    pub fn over(array: Gc<Array>) -> ArrayIter {
        ArrayIter { array: Slot::of(Some(array)), at: AtomicUsize::new(0) }
    }
}

#[class(module = "array", name = "arrayiterator")]
impl ArrayIter {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        if let Some(a) = self.array.get() {
            let i = self.at.load(Ordering::Relaxed);
            if let Some(v) = a.item(cx, i)? {
                self.at.store(i + 1, Ordering::Relaxed);
                return Ok(v);
            }
            self.array.clear();
        }
        Err(exc::stop_iteration(cx, Obj::NONE))
    }
    /// Return state information for pickling.
    fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
        let iter = crate::util::builtin(cx, "iter")?;
        match self.array.get() {
            None => {
                let empty = tuple_obj(cx, &[])?;
                let args = tuple_obj(cx, &[empty])?;
                tuple_obj(cx, &[iter, args])
            }
            Some(a) => {
                let args = tuple_obj(cx, &[a.obj()])?;
                let at = self.at.load(Ordering::Relaxed);
                tuple_obj(cx, &[iter, args, Obj::int_unchecked(at as i64)])
            }
        }
    }
    /// Set state information for unpickling.
    fn __setstate__(&self, state: isize) {
        if let Some(a) = self.array.get() {
            self.at.store((state.max(0) as usize).min(a.count_items()), Ordering::Relaxed);
        }
    }
}

/// `array.__reduce_ex__`.
pub fn reduce(cx: &mut Cx, this: Gc<Array>, protocol: i64) -> Result<Obj> {
    let state = if instance::has_attrs(this.obj()) && !instance::names(this.obj()).is_empty() {
        instance::attrs_copy(cx, this.obj())?.obj()
    } else {
        Obj::NONE
    };
    let class = ops::class_of(this.obj()).obj();
    let code = (this.code as char).to_string().into_obj(cx)?;
    if protocol < 3 {
        let items = this.payload().tolist(cx)?;
        let args = tuple_obj(cx, &[code, items])?;
        return tuple_obj(cx, &[class, args, state]);
    }
    let m = import(cx, "array")?;
    let make = attr(cx, m, "_array_reconstructor")?;
    let data = bytes_obj(cx, this.bytes())?;
    let args = tuple_obj(cx, &[class, code, Obj::int_unchecked(codes::machine_code(this.code)), data])?;
    tuple_obj(cx, &[make, args, state])
}

/// `_array_reconstructor`.
pub fn reconstruct(cx: &mut Cx, class: Obj, code: Obj, format: i64, items: Obj) -> Result<Obj> {
    let base = class_of::<Array>(cx)?;
    let Some(cls) = class.cast::<Type>() else {
        return Err(cx.type_error(format!("first argument must be a type object, not {}", cx.type_name(class))));
    };
    if !cls.is_subtype(base) {
        return Err(cx.type_error(format!("{} is not a subtype of array.array", cls.name())));
    }
    let code = match code.cast::<Str>() {
        Some(s) if s.len() == 1 => s.at(0),
        _ => {
            return Err(cx.type_error("_array_reconstructor() argument 2 must be a unicode character"));
        }
    };
    let Some(code) = u8::try_from(code).ok().filter(|c| codes::CODES.as_bytes().contains(c)) else {
        return Err(cx.value_error("second argument must be a valid type code"));
    };
    let Some(machine) = codes::machine(format) else {
        return Err(cx.value_error("third argument must be a valid machine format code."));
    };
    let Some(b) = items.cast::<Bytes>() else {
        return Err(cx.type_error(format!("fourth argument should be bytes, not {}", cx.type_name(items))));
    };
    let b = b.as_slice();
    let (from, swapped) = match machine {
        Machine::Text(codec) => {
            let text = crate::codecs::decode_text(cx, b, codec, "strict")?;
            let code = (code as char).to_string().into_obj(cx)?;
            return ops::call_args(cx, class, &[code, text]);
        }
        Machine::Number(from, swapped) => (from, swapped),
    };
    if !b.len().is_multiple_of(codes::size(from)) {
        return Err(cx.value_error("bytes length not a multiple of item size"));
    }
    let mut data = b.to_vec();
    if swapped {
        codes::swap(from, &mut data);
    }
    // The same stored form needs no conversion.
    if codes::size(from) == codes::size(code) && codes::machine_code(from) == codes::machine_code(code) {
        return make(cx, Some(cls), code, &data);
    }
    let a = make(cx, Some(cls), code, &[])?;
    if let Some(a) = a.cast::<Array>() {
        for item in data.chunks_exact(codes::size(from)) {
            let v = codes::get(cx, from, item)?;
            a.push(cx, v)?;
        }
    }
    Ok(a)
}
