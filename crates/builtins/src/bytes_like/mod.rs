//! What `bytes` and `bytearray` share: algorithms on slices, arguments, and the
//! macro that declares the common methods for both.
//!
//! | to find | look in |
//! |---|---|
//! | the common methods | `methods.rs` |
//! | find, count, startswith | `search.rs` |
//! | split, partition, strip | `split.rs` |
//! | case, padding, translate, replace, join | `transform.rs` |
//! | `%` | `percent.rs` |
//! | hex, fromhex | `hex.rs` |
//! | decode, and encoding for constructors | `codec.rs` |
//! | iterators | `iter.rs` |
//!
//! Tests: tests/binary.rs; CPython test_bytes.

pub mod codec;
pub mod hex;
pub mod iter;
pub mod methods;
pub mod percent;
pub mod search;
pub mod split;
pub mod transform;

use crate::buffer::{self, BufferView};
use crate::slice::is_index;
use typhon_object::native::FromArg;
use typhon_object::{Cx, Obj, Result, array, int, list, ops};

/// Makes the result of a method: bytes or bytearray.
pub type Maker = fn(&Cx, &[u8]) -> Result<Obj>;

/// What is searched for: a byte or several.
pub enum Sub {
    /// One byte, given as an int.
    Byte([u8; 1]),
    /// Bytes-like.
    View(BufferView),
}

impl Sub {
    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Sub::Byte(b) => b,
            Sub::View(v) => v.as_slice(),
        }
    }
}

/// An int as a byte, or the ValueError.
pub fn byte_value(cx: &mut Cx, o: Obj) -> Result<u8> {
    if let Some(b) = o.as_small_int().and_then(|i| u8::try_from(i).ok()) {
        return Ok(b);
    }
    let i = ops::index(cx, o)?;
    match int::to_i64(i).and_then(|i| u8::try_from(i).ok()) {
        Some(b) => Ok(b),
        None => Err(cx.value_error("byte must be in range(0, 256)")),
    }
}

impl FromArg for Sub {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Sub> {
        if let Some(view) = buffer::try_get(cx, v)? {
            return Ok(Sub::View(view));
        }
        if is_index(v) {
            return Ok(Sub::Byte([byte_value(cx, v)?]));
        }
        Err(cx.type_error(format!("argument should be integer or bytes-like object, not '{}'", cx.type_name(v))))
    }
}

/// A `start` or `end` argument.
#[derive(Clone, Copy)]
pub struct Bound(pub isize);

impl FromArg for Bound {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Bound> {
        if !is_index(v) {
            return Err(cx.type_error("slice indices must be integers or None or have an __index__ method"));
        }
        Ok(Bound(ops::index_clamped(cx, v)?))
    }
}

/// A list of pieces.
pub fn list_of(cx: &Cx, data: &[u8], pieces: &[std::ops::Range<usize>], make: Maker) -> Result<Obj> {
    let a = array::new(cx, pieces.len())?;
    for (i, p) in pieces.iter().enumerate() {
        a.set(cx, i, make(cx, &data[p.clone()])?);
    }
    if pieces.is_empty() {
        return Ok(list::new(cx, &[])?.obj());
    }
    Ok(list::from_array(cx, a, pieces.len())?.obj())
}
