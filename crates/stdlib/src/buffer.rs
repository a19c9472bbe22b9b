//! Bytes-like arguments: one door for `bytes`, `bytearray`, `memoryview` and
//! everything else with the buffer protocol.
//!
//! Tests: through the modules.

use typhon_object::bytes::Bytes;
use typhon_object::native::FromArg;
use typhon_object::obj::Obj;
use typhon_object::str::Str;
use typhon_object::{Cx, Result, ops};

/// A bytes-like argument.
#[derive(Clone, Copy)]
pub struct Buf(pub Obj);

impl Buf {
    /// Copy the contents out.
    pub fn to_vec(self, cx: &mut Cx) -> Result<Vec<u8>> {
        copy(cx, self.0)
    }
    /// Look at the contents; `f` must not run Python.
    pub fn with<R>(self, cx: &mut Cx, f: impl FnOnce(&Cx, &[u8]) -> R) -> Result<R> {
        match self.0.cast::<Bytes>() {
            Some(b) => Ok(f(cx, b.as_slice())),
            None => {
                let v = copy(cx, self.0)?;
                Ok(f(cx, &v))
            }
        }
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
    o.cast::<Bytes>().is_some() || ops::class_of(o).special(typhon_object::Dunder::Buffer).is_some()
}

/// Copy a bytes-like object's contents out.
pub fn copy(cx: &mut Cx, o: Obj) -> Result<Vec<u8>> {
    if let Some(b) = o.cast::<Bytes>() {
        return Ok(b.as_slice().to_vec());
    }
    let class = crate::util::builtin(cx, "bytes")?;
    if !is_buffer(o) {
        return Err(not_bytes_like(cx, o));
    }
    let b = ops::call_args(cx, class, &[o])?;
    match b.cast::<Bytes>() {
        Some(b) => Ok(b.as_slice().to_vec()),
        None => Err(not_bytes_like(cx, o)),
    }
}

/// The length in bytes of a writable bytes-like object.
pub fn writable_len(cx: &mut Cx, o: Obj) -> Result<usize> {
    if o.cast::<Bytes>().is_some() || !is_buffer(o) {
        return Err(cx.type_error(format!(
            "argument must be read-write bytes-like object, not {}",
            cx.type_name(o)
        )));
    }
    let v = view(cx, o)?;
    let n = crate::util::attr(cx, v, "nbytes")?;
    usize::from_arg(cx, n)
}

fn view(cx: &mut Cx, o: Obj) -> Result<Obj> {
    let class = crate::util::builtin(cx, "memoryview")?;
    let v = ops::call_args(cx, class, &[o])?;
    let b = typhon_object::str::new(cx, "B")?;
    ops::call_method(cx, v, "cast", &[b.obj()])
}

/// Store `data` at the front of a writable bytes-like object.
pub fn write_into(cx: &mut Cx, o: Obj, data: &[u8]) -> Result<()> {
    let v = view(cx, o)?;
    let range = crate::util::builtin(cx, "slice")?;
    let end = Obj::int_unchecked(data.len() as i64);
    let range = ops::call_args(cx, range, &[Obj::int_unchecked(0), end])?;
    let b = crate::util::bytes_obj(cx, data)?;
    ops::set_item(cx, v, range, b)
}
