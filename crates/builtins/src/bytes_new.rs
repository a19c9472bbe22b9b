//! Bytes from any object: what `bytes(o)`, `bytearray(o)` and `int.from_bytes`
//! accept.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use crate::buffer;
use typhon_object::bytes::{self, Bytes};
use typhon_object::str::Str;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, int, ops};

/// `bytes(o)` for objects that contain bytes: no ints and no text.
pub fn from_object(cx: &mut Cx, o: Obj) -> Result<Gc<Bytes>> {
    if let Some(b) = o.cast::<Bytes>()
        && o.shape() == typhon_object::shape::BYTES
    {
        return Ok(b);
    }
    if ops::class_of(o).special(Dunder::Bytes) == Some(Obj::NONE) {
        return Err(cx.type_error("'NoneType' object is not callable"));
    }
    if let Some(r) = ops::call_special(cx, o, Dunder::Bytes, &[])? {
        return match r.cast::<Bytes>() {
            Some(b) => Ok(b),
            None => {
                let n = cx.type_name(r);
                Err(cx.type_error(format!("__bytes__ returned non-bytes (type {n})")))
            }
        };
    }
    from_buffer_or_iterable(cx, o)
}

/// The same without `__bytes__`.
pub fn from_buffer_or_iterable(cx: &mut Cx, o: Obj) -> Result<Gc<Bytes>> {
    if let Some(m) = o.cast::<crate::memoryview::MemoryView>() {
        // Also where the memory is not contiguous.
        m.check(cx)?;
        return bytes::new(cx, &m.gather(false));
    }
    if let Some(v) = buffer::try_get(cx, o)? {
        return bytes::new(cx, v.as_slice());
    }
    // As CPython asks it, what says how many there will be may raise.
    if iterable(o) && o.cast::<Str>().is_none() {
        let hint = ops::length_hint(cx, o)?;
        cx.check_room(hint)?;
    }
    let v = collect(cx, o, "bytes")?;
    bytes::new(cx, &v)
}

/// The bytes that an iterable of ints yields; `what` names the type being made.
pub fn collect(cx: &mut Cx, o: Obj, what: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    each_byte(cx, o, what, |_, b| {
        out.push(b);
        Ok(())
    })?;
    Ok(out)
}

/// Call `f` with every byte that an iterable of ints yields.
pub fn each_byte(cx: &mut Cx, o: Obj, what: &str, mut f: impl FnMut(&mut Cx, u8) -> Result<()>) -> Result<()> {
    let refuse = |cx: &Cx| {
        let n = cx.type_name(o);
        cx.type_error(format!("cannot convert '{n}' object to {what}"))
    };
    if o.cast::<Str>().is_some() {
        return Err(refuse(cx));
    }
    let it = match ops::get_iter(cx, o) {
        Ok(it) => it,
        Err(e) if e.is(cx, ExcKind::TypeError) && !iterable(o) => return Err(refuse(cx)),
        Err(e) => return Err(e),
    };
    while let Some(v) = ops::iter_next(cx, it)? {
        let b = byte(cx, v, what)?;
        f(cx, b)?;
    }
    Ok(())
}

fn iterable(o: Obj) -> bool {
    let c = ops::class_of(o);
    c.special(Dunder::Iter).is_some_and(|m| !m.is_none()) || ops::is_sequence(o)
}

/// An int as an item of `what`.
pub fn byte(cx: &mut Cx, v: Obj, what: &str) -> Result<u8> {
    if let Some(i) = v.as_small_int()
        && let Ok(b) = u8::try_from(i)
    {
        return Ok(b);
    }
    let i = ops::index(cx, v)?;
    match int::to_i64(i).and_then(|i| u8::try_from(i).ok()) {
        Some(b) => Ok(b),
        None if what == "bytearray" => Err(cx.value_error("byte must be in range(0, 256)")),
        None => Err(cx.value_error("bytes must be in range(0, 256)")),
    }
}
