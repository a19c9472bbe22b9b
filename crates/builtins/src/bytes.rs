//! Methods of `bytes`. Its layout is in typhon-object.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use crate::buffer::{self, BufferView};
use crate::bytes_like::iter::BytesIter;
use crate::bytes_like::{self, Bound, Sub, codec, hex, percent, search, split, transform};
use crate::bytes_new;
use crate::memoryview::MemoryView;
use crate::slice::{self, Slice};
use typhon_macros::class;
use typhon_object::bytes::{self, Bytes};
use typhon_object::native::{FromArg, Missing, instance};
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, int, ops, shape, tuple};
use typhon_text::strview;

const OWN_SHAPE: u32 = shape::BYTES;

fn make(cx: &Cx, b: &[u8]) -> Result<Obj> {
    Ok(bytes::new(cx, b)?.obj())
}

/// `part` of `this` as bytes: `this` itself where that is all.
fn same(cx: &Cx, this: Gc<Bytes>, part: &[u8]) -> Result<Obj> {
    if part.len() == this.as_slice().len() && this.obj().shape() == shape::BYTES {
        return Ok(this.obj());
    }
    make(cx, part)
}

/// Bytes never change while `f` runs; see the bytearray's.
fn pin<R>(_: Gc<Bytes>, cx: &mut Cx, f: impl FnOnce(&mut Cx) -> Result<R>) -> Result<R> {
    f(cx)
}

/// What `bytes(source, encoding, errors)` and `bytearray(...)` make of text and
/// of wrong combinations; `None` when `source` speaks for itself.
pub fn from_text(
    cx: &mut Cx,
    class: &str,
    source: Option<Obj>,
    encoding: Option<Obj>,
    errors: Option<Obj>,
) -> Result<Option<Obj>> {
    let text = source.and_then(|s| s.cast::<Str>());
    if encoding.is_none() && errors.is_none() {
        return match text {
            Some(_) if source.is_some_and(|s| ops::class_of(s).special(Dunder::Bytes).is_none()) => {
                Err(cx.type_error("string argument without an encoding"))
            }
            _ => Ok(None),
        };
    }
    let (e, h) = codec::names(cx, class, encoding, errors)?;
    match text {
        Some(s) if encoding.is_some() => codec::encode(cx, s, &e, &h).map(Some),
        Some(_) => Err(cx.type_error("string argument without an encoding")),
        None if encoding.is_some() => Err(cx.type_error("encoding without a string argument")),
        None => Err(cx.type_error("errors without a string argument")),
    }
}

/// The length that an int argument asks for; `None` for other objects.
pub fn count_arg(cx: &mut Cx, o: Obj) -> Result<Option<usize>> {
    if !slice::is_index(o) {
        return Ok(None);
    }
    let i = match ops::index(cx, o) {
        Err(e) if e.is(cx, ExcKind::TypeError) => return Ok(None),
        r => r?,
    };
    match int::to_i64(i) {
        Some(n) if n >= 0 => Ok(Some(n as usize)),
        Some(_) => Err(cx.value_error("negative count")),
        None => {
            Err(cx
                .error(ExcKind::OverflowError, format!("cannot fit '{}' into an index-sized integer", cx.type_name(o))))
        }
    }
}

fn construct(cx: &mut Cx, source: Option<Obj>, encoding: Option<Obj>, errors: Option<Obj>) -> Result<Gc<Bytes>> {
    if let Some(b) = from_text(cx, "bytes", source, encoding, errors)? {
        return b.cast::<Bytes>().ok_or_else(|| cx.type_error("encoder did not return a bytes object"));
    }
    let Some(o) = source else { return bytes::new(cx, &[]) };
    if (o.is_small_int() || ops::class_of(o).special(Dunder::Bytes).is_none())
        && let Some(n) = count_arg(cx, o)?
    {
        return bytes::build(cx, n, |_| {});
    }
    bytes_new::from_object(cx, o)
}

struct BytesMethods;

crate::bytes_like_class!(BytesMethods, Bytes, "bytes", make, same, pin, {
    #[sig(source = <missing>, encoding = <missing>, errors = <missing>)]
    fn __new__(
        cx: &mut Cx,
        cls: Gc<Type>,
        source: Missing<Obj>,
        encoding: Missing<Obj>,
        errors: Missing<Obj>,
    ) -> Result<Obj> {
        let b = construct(cx, source.given(), encoding.given(), errors.given())?;
        if cls.root_shape() == shape::BYTES {
            return Ok(b.obj());
        }
        bytes::new_of(cx, cls, b.as_slice())
    }

    fn __repr__(this: Gc<Bytes>, cx: &Cx) -> Result<Obj> {
        Ok(str::from_latin1(cx, strview::repr_bytes(this.as_slice()).as_bytes())?.obj())
    }
    fn __str__(this: Gc<Bytes>, cx: &Cx) -> Result<Obj> {
        BytesMethods::__repr__(this, cx)
    }

    fn __getitem__(this: Gc<Bytes>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        let d = this.payload().as_slice();
        if let Some(i) = key.as_small_int() {
            return match ops::wrap(i, d.len()) {
                Some(i) => Ok(Obj::int_unchecked(d[i] as i64)),
                None => Err(cx.error(ExcKind::IndexError, "index out of range")),
            };
        }
        if let Some(s) = key.cast::<Slice>() {
            let (start, stop, step, n) = s.indices(cx, d.len())?;
            if step == 1 {
                return same(cx, this, &d[start as usize..stop.max(start) as usize]);
            }
            let fill = |out: &mut [u8]| {
                for (i, b) in out.iter_mut().enumerate() {
                    *b = d[(start + i as isize * step) as usize];
                }
            };
            return Ok(bytes::build(cx, n, fill)?.obj());
        }
        if !slice::is_index(key) {
            return Err(cx.type_error(format!("byte indices must be integers or slices, not {}", cx.type_name(key))));
        }
        let i = ops::index_isize(cx, key)?;
        match ops::wrap(i as i64, d.len()) {
            Some(i) => Ok(Obj::int_unchecked(d[i] as i64)),
            None => Err(cx.error(ExcKind::IndexError, "index out of range")),
        }
    }

    fn __iter__(this: Gc<Bytes>, cx: &mut Cx) -> Result<Obj> {
        Ok(instance(cx, BytesIter::over(this))?.obj())
    }

    fn __add__(this: Gc<Bytes>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let a = this.payload().as_slice();
        let Some(b) = buffer::try_get(cx, other)? else {
            return Err(cx.type_error(format!("can't concat {} to {}", cx.type_name(other), cx.type_name(this.obj()))));
        };
        let b = b.as_slice();
        if b.is_empty() && this.obj().shape() == shape::BYTES {
            return Ok(this.obj());
        }
        if a.is_empty() && other.shape() == shape::BYTES {
            return Ok(other);
        }
        let fill = |out: &mut [u8]| {
            let (x, y) = out.split_at_mut(a.len());
            x.copy_from_slice(a);
            y.copy_from_slice(b);
        };
        Ok(bytes::build(cx, a.len() + b.len(), fill)?.obj())
    }

    fn __mul__(this: Gc<Bytes>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = slice::repeat_count(cx, n)?;
        if n == 1 && this.obj().shape() == shape::BYTES {
            return Ok(this.obj());
        }
        let d = this.payload().as_slice();
        let total = transform::repeated_len(cx, d.len(), n)?;
        Ok(bytes::build(cx, total, |out| transform::repeat_into(out, d))?.obj())
    }
    fn __rmul__(this: Gc<Bytes>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        BytesMethods::__mul__(this, cx, n)
    }

    fn __richcmp__(this: Gc<Bytes>, other: Obj, op: CompareOp) -> Obj {
        match other.cast::<Bytes>() {
            Some(b) => Obj::bool(match op {
                CompareOp::Eq => this.as_slice() == b.as_slice(),
                CompareOp::Ne => this.as_slice() != b.as_slice(),
                _ => op.holds(this.as_slice().cmp(b.as_slice())),
            }),
            None => Obj::NOT_IMPLEMENTED,
        }
    }
    fn __hash__(this: Gc<Bytes>) -> i64 {
        this.hash()
    }

    /// Convert this value to exact type bytes.
    fn __bytes__(this: Gc<Bytes>, cx: &Cx) -> Result<Obj> {
        same(cx, this, this.as_slice())
    }
    fn __getnewargs__(this: Gc<Bytes>, cx: &Cx) -> Result<Obj> {
        let b = make(cx, this.as_slice())?;
        Ok(tuple::new(cx, &[b])?.obj())
    }
    fn __buffer__(this: Gc<Bytes>, cx: &mut Cx, flags: i64) -> Result<Obj> {
        if flags & 1 != 0 {
            return Err(cx.error(ExcKind::BufferError, "Object is not writable."));
        }
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
    /// Return the size of the object in memory, in bytes.
    fn __sizeof__(this: Gc<Bytes>) -> usize {
        33 + this.as_slice().len()
    }
});

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    crate::bytes_like::iter::init(cx)?;
    types::add_members(cx, types::class_for(shape::BYTES), BytesMethods::MEMBERS)
}
