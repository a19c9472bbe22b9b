//! Bytes-like arguments: one door for `bytes`, `bytearray`, `memoryview` and
//! everything else with the buffer protocol.
//!
//! Tests: through the modules.

use typhon_builtins::buffer::BufferView;
use typhon_object::bytes::Bytes;
use typhon_object::native::FromArg;
use typhon_object::obj::Obj;
use typhon_object::str::Str;
use typhon_object::{Cx, Result};

/// A bytes-like argument.
#[derive(Clone, Copy)]
pub struct Buf(pub Obj);

impl Buf {
    /// Copy the contents out.
    pub fn to_vec(self, cx: &mut Cx) -> Result<Vec<u8>> {
        copy(cx, self.0)
    }
}

impl FromArg for Buf {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Buf> {
        if is_buffer(v) { Ok(Buf(v)) } else { Err(not_bytes_like(cx, v)) }
    }
}

/// Bytes-like, or text that is all ASCII.
#[derive(Clone, Copy)]
pub struct AsciiBuf(pub Obj);

impl AsciiBuf {
    /// Copy the contents out.
    pub fn to_vec(self, cx: &mut Cx) -> Result<Vec<u8>> {
        match self.0.cast::<Str>() {
            Some(s) => match s.as_ascii() {
                Some(a) => Ok(a.as_bytes().to_vec()),
                None => Err(cx.value_error("string argument should contain only ASCII characters")),
            },
            None => copy(cx, self.0),
        }
    }
}

impl FromArg for AsciiBuf {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<AsciiBuf> {
        if v.cast::<Str>().is_some() || is_buffer(v) {
            return Ok(AsciiBuf(v));
        }
        Err(cx.type_error(format!("argument should be bytes, buffer or ASCII string, not '{}'", cx.type_name(v))))
    }
}

/// The TypeError of something that is not bytes-like.
pub fn not_bytes_like(cx: &Cx, v: Obj) -> typhon_object::Raised {
    cx.type_error(format!("a bytes-like object is required, not '{}'", cx.type_name(v)))
}

/// Whether `o` has the buffer protocol.
pub fn is_buffer(o: Obj) -> bool {
    typhon_builtins::buffer::is_buffer(o)
}

/// Copy a bytes-like object's contents out.
pub fn copy(cx: &mut Cx, o: Obj) -> Result<Vec<u8>> {
    if let Some(b) = o.cast::<Bytes>() {
        return Ok(b.as_slice().to_vec());
    }
    Ok(typhon_builtins::buffer::get(cx, o, false)?.as_slice().to_vec())
}

/// A writable view, or CPython's TypeError.
fn writable(cx: &mut Cx, o: Obj) -> Result<BufferView> {
    let view = match typhon_builtins::buffer::try_get(cx, o) {
        Err(e) if e.is(cx, typhon_object::ExcKind::BufferError) => None,
        r => r?,
    };
    match view {
        Some(v) if !v.readonly => Ok(v),
        _ => Err(cx.type_error(format!("argument must be read-write bytes-like object, not {}", cx.type_name(o)))),
    }
}

/// The length in bytes of a writable bytes-like object.
pub fn writable_len(cx: &mut Cx, o: Obj) -> Result<usize> {
    Ok(writable(cx, o)?.len())
}

/// Store `data` at the front of a writable bytes-like object.
pub fn write_into(cx: &mut Cx, o: Obj, data: &[u8]) -> Result<()> {
    write_at(cx, o, 0, data)
}

/// Store `data` at an offset of a writable bytes-like object.
pub fn write_at(cx: &mut Cx, o: Obj, at: usize, data: &[u8]) -> Result<()> {
    let v = writable(cx, o)?;
    let room = v.len().saturating_sub(at);
    if room > 0 {
        v.memory.write(at, &data[..data.len().min(room)]);
    }
    Ok(())
}
