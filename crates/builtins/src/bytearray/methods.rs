//! The methods of `bytearray`, beside those in `bytes_like`.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use super::Bytearray;
use crate::buffer::{self, BufferView};
use crate::bytes::{count_arg, from_text};
use crate::bytes_like::iter::BytearrayIter;
use crate::bytes_like::{self, Bound, Sub, codec, hex, percent, search, split, transform};
use crate::memoryview::MemoryView;
use crate::slice::{self, Slice};
use crate::{bytes_new, object_reduce};
use typhon_macros::class;
use typhon_object::list::List;
use typhon_object::native::{Args, FromArg, Missing, SUBCLASSABLE, instance, instance_of};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Raised, Result};
use typhon_object::{boot, bytes, ops, shape, tuple};
use typhon_text::strview;

const OWN_SHAPE: u32 = shape::BYTEARRAY;

fn make(cx: &Cx, b: &[u8]) -> Result<Obj> {
    Ok(super::new(cx, b)?.obj())
}

fn same(cx: &Cx, _this: Gc<Bytearray>, part: &[u8]) -> Result<Obj> {
    make(cx, part)
}

/// Run `f`, during which the length cannot change.
fn pin<R>(this: Gc<Bytearray>, cx: &mut Cx, f: impl FnOnce(&mut Cx) -> Result<R>) -> Result<R> {
    this.payload().pinned(cx, f)
}

#[cold]
fn out_of_range(cx: &Cx) -> Raised {
    cx.error(ExcKind::IndexError, "bytearray index out of range")
}

fn position(cx: &mut Cx, this: Gc<Bytearray>, key: Obj) -> Result<Option<usize>> {
    if !slice::is_index(key) {
        return Err(cx.type_error(format!("bytearray indices must be integers or slices, not {}", cx.type_name(key))));
    }
    let i = ops::index_isize(cx, key)?;
    Ok(ops::wrap(i as i64, this.len()))
}

/// What is stored by `b[slice] = value`.
fn slice_value(cx: &mut Cx, value: Obj) -> Result<Vec<u8>> {
    if let Some(v) = buffer::gather(cx, value)? {
        return Ok(v);
    }
    if slice::is_index(value) || value.cast::<Str>().is_some() {
        return Err(cx.type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)"));
    }
    bytes_new::collect(cx, value, "bytearray")
}

/// Replace (`Some`) or delete (`None`) the bytes that a slice selects.
fn set_slice(cx: &mut Cx, this: Gc<Bytearray>, s: &Slice, value: Option<&[u8]>) -> Result<()> {
    let b = s.bounds(cx)?;
    let (start, stop, step, n) = b.clip(this.len());
    if step == 1 {
        return this.splice(cx, start as usize, stop.max(start) as usize, value.unwrap_or(&[]));
    }
    match value {
        // An extended slice with nothing to store is deleted.
        Some([]) | None => {
            if n == 0 {
                return Ok(());
            }
            let (first, step) = match step {
                s if s < 0 => ((start + (n as isize - 1) * s) as usize, s.unsigned_abs()),
                s => (start as usize, s as usize),
            };
            let gone = |i: usize| i >= first && (i - first).is_multiple_of(step) && (i - first) / step < n;
            let d = this.payload().as_slice();
            let rest: Vec<u8> = d.iter().enumerate().filter(|(i, _)| !gone(*i)).map(|(_, b)| *b).collect();
            this.assign(cx, &rest)
        }
        Some(v) if v.len() != n => {
            Err(cx.value_error(format!("attempt to assign bytes of size {} to extended slice of size {n}", v.len())))
        }
        Some(v) => {
            this.change(cx, |m| {
                for (i, byte) in v.iter().enumerate() {
                    let at = (start + i as isize * step) as usize;
                    if at < m.len() {
                        m.set(at, *byte);
                    }
                }
            });
            Ok(())
        }
    }
}

fn concat(cx: &mut Cx, this: Gc<Bytearray>, other: Obj) -> Result<BufferView> {
    match buffer::try_get(cx, other)? {
        Some(v) => Ok(v),
        None => Err(cx.type_error(format!("can't concat {} to {}", cx.type_name(other), cx.type_name(this.obj())))),
    }
}

/// How bytearrays are pickled: class, arguments, attributes.
fn reduce(cx: &mut Cx, this: Gc<Bytearray>, proto: i64) -> Result<Obj> {
    let d = this.payload().as_slice();
    let args = if d.is_empty() {
        tuple::new(cx, &[])?
    } else if proto < 3 {
        let parts = [str::from_latin1(cx, d)?.obj(), str::new(cx, "latin-1")?.obj()];
        tuple::new(cx, &parts)?
    } else {
        let b = bytes::new(cx, d)?.obj();
        tuple::new(cx, &[b])?
    };
    let state = object_reduce::state(cx, this.obj(), false)?;
    let class = ops::class_of(this.obj()).obj();
    Ok(tuple::new(cx, &[class, args.obj(), state])?.obj())
}

struct BytearrayMethods;

crate::bytes_like_class!(BytearrayMethods, Bytearray, "bytearray", make, same, pin, {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        Ok(instance_of(cx, cls, Bytearray::empty())?.obj())
    }

    #[sig(source = <missing>, encoding = <missing>, errors = <missing>)]
    fn __init__(
        this: Gc<Bytearray>,
        cx: &mut Cx,
        source: Missing<Obj>,
        encoding: Missing<Obj>,
        errors: Missing<Obj>,
    ) -> Result<()> {
        let source = source.given();
        if !this.is_empty() {
            this.clear(cx)?;
        }
        if let Some(b) = from_text(cx, "bytearray", source, encoding.given(), errors.given())? {
            let b = buffer::get(cx, b, false)?;
            return this.assign(cx, b.as_slice());
        }
        let Some(o) = source else { return Ok(()) };
        if o.cast::<Str>().is_some() {
            return Err(cx.type_error("string argument without an encoding"));
        }
        if let Some(n) = count_arg(cx, o)? {
            if n > isize::MAX as usize / 4 {
                return Err(cx.memory_error());
            }
            return this.resize_to(cx, n);
        }
        if let Some(v) = buffer::gather(cx, o)? {
            return this.assign(cx, &v);
        }
        if o.cast::<List>().is_some() || o.cast::<Tuple>().is_some() {
            // All or nothing, where nobody can watch it grow.
            let v = bytes_new::collect(cx, o, "bytearray")?;
            return this.assign(cx, &v);
        }
        bytes_new::each_byte(cx, o, "bytearray", |cx, b| this.push(cx, b))
    }

    fn __repr__(this: Gc<Bytearray>, cx: &mut Cx) -> Result<Obj> {
        let name = ops::class_of(this.obj()).name();
        let mut shown = strview::repr_bytes(this.as_slice());
        if shown.starts_with("b\"") {
            // Unlike bytes, bytearray escapes single quotes in double ones too.
            shown = shown.replace('\'', "\\'");
        }
        let s = format!("{name}({shown})");
        Ok(str::new(cx, &s)?.obj())
    }
    fn __str__(this: Gc<Bytearray>, cx: &mut Cx) -> Result<Obj> {
        BytearrayMethods::__repr__(this, cx)
    }

    fn __getitem__(this: Gc<Bytearray>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(s) = key.cast::<Slice>() {
            let b = s.bounds(cx)?;
            let d = this.payload().as_slice();
            let (start, stop, step, n) = b.clip(d.len());
            if step == 1 {
                return make(cx, &d[start as usize..stop.max(start) as usize]);
            }
            let v: Vec<u8> = (0..n as isize).map(|i| d[(start + i * step) as usize]).collect();
            return make(cx, &v);
        }
        let i = position(cx, this, key)?;
        match i.and_then(|i| this.as_slice().get(i)) {
            Some(b) => Ok(Obj::int_unchecked(*b as i64)),
            None => Err(out_of_range(cx)),
        }
    }
    fn __setitem__(this: Gc<Bytearray>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        if let Some(s) = key.cast::<Slice>() {
            let v = slice_value(cx, value)?;
            return set_slice(cx, this, &s, Some(&v));
        }
        position(cx, this, key)?;
        let b = bytes_like::byte_value(cx, value)?;
        match position(cx, this, key)? {
            Some(i) if this.set(cx, i, b) => Ok(()),
            _ => Err(out_of_range(cx)),
        }
    }
    fn __delitem__(this: Gc<Bytearray>, cx: &mut Cx, key: Obj) -> Result<()> {
        if let Some(s) = key.cast::<Slice>() {
            return set_slice(cx, this, &s, None);
        }
        match position(cx, this, key)? {
            Some(i) => this.splice(cx, i, i + 1, &[]),
            None => Err(out_of_range(cx)),
        }
    }

    fn __iter__(this: Gc<Bytearray>, cx: &mut Cx) -> Result<Obj> {
        Ok(instance(cx, BytearrayIter::over(this))?.obj())
    }

    fn __add__(this: Gc<Bytearray>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let v = concat(cx, this, other)?;
        let r = super::new(cx, this.payload().as_slice())?;
        r.splice(cx, usize::MAX, usize::MAX, v.as_slice())?;
        Ok(r.obj())
    }
    fn __iadd__(this: Gc<Bytearray>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let v = concat(cx, this, other)?;
        if other == this.obj() && !v.is_empty() {
            // As in CPython, it exports its buffer to itself.
            return Err(super::cannot_resize(cx));
        }
        this.splice(cx, usize::MAX, usize::MAX, v.as_slice())?;
        Ok(this.obj())
    }
    fn __mul__(this: Gc<Bytearray>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = slice::repeat_count(cx, n)?;
        let r = super::new(cx, this.payload().as_slice())?;
        r.repeat(cx, n)?;
        Ok(r.obj())
    }
    fn __rmul__(this: Gc<Bytearray>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        BytearrayMethods::__mul__(this, cx, n)
    }
    fn __imul__(this: Gc<Bytearray>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = slice::repeat_count(cx, n)?;
        this.repeat(cx, n)?;
        Ok(this.obj())
    }

    fn __richcmp__(this: Gc<Bytearray>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = buffer::try_get(cx, other)? else { return Ok(Obj::NOT_IMPLEMENTED) };
        let (a, b) = (this.as_slice(), b.as_slice());
        Ok(Obj::bool(match op {
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            _ => op.holds(a.cmp(b)),
        }))
    }

    /// Append a single item to the end of the bytearray.
    ///
    ///   item
    ///     The item to be appended.
    fn append(this: Gc<Bytearray>, cx: &mut Cx, item: Obj) -> Result<()> {
        let b = bytes_like::byte_value(cx, item)?;
        this.push(cx, b)
    }
    /// Append all the items from the iterator or sequence to the end of the bytearray.
    ///
    ///   iterable_of_ints
    ///     The iterable of items to append.
    fn extend(this: Gc<Bytearray>, cx: &mut Cx, iterable_of_ints: Obj) -> Result<()> {
        let end = this.len();
        if let Some(v) = buffer::try_get(cx, iterable_of_ints)? {
            return this.splice(cx, end, end, v.as_slice());
        }
        if iterable_of_ints.cast::<Str>().is_some_and(|s| !s.is_empty()) {
            return Err(cx.type_error("expected iterable of integers; got: 'str'"));
        }
        let it = match ops::get_iter(cx, iterable_of_ints) {
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                return Err(cx.type_error(format!("can't extend bytearray with {}", cx.type_name(iterable_of_ints))));
            }
            r => r?,
        };
        // It is asked how many there are, and may raise.
        ops::length_hint(cx, iterable_of_ints)?;
        let mut v = Vec::new();
        while let Some(o) = ops::iter_next(cx, it)? {
            v.push(bytes_like::byte_value(cx, o)?);
        }
        this.splice(cx, usize::MAX, usize::MAX, &v)
    }
    /// Insert a single item into the bytearray before the given index.
    ///
    ///   index
    ///     The index where the value is to be inserted.
    ///   item
    ///     The item to be inserted.
    fn insert(this: Gc<Bytearray>, cx: &mut Cx, index: isize, item: Obj) -> Result<()> {
        let b = bytes_like::byte_value(cx, item)?;
        let i = slice::clamp_position(index, this.len());
        this.splice(cx, i, i, &[b])
    }
    /// Remove and return a single item from B.
    ///
    ///   index
    ///     The index from where to remove the item.
    ///     -1 (the default value) means remove the last item.
    ///
    /// If no index argument is given, will pop the last item.
    #[sig(index = -1, /)]
    fn pop(this: Gc<Bytearray>, cx: &mut Cx, index: isize) -> Result<Obj> {
        if this.is_empty() {
            return Err(cx.error(ExcKind::IndexError, "pop from empty bytearray"));
        }
        let at = ops::wrap(index as i64, this.len());
        let Some((i, b)) = at.and_then(|i| this.as_slice().get(i).map(|b| (i, *b))) else {
            return Err(cx.error(ExcKind::IndexError, "pop index out of range"));
        };
        this.splice(cx, i, i + 1, &[])?;
        Ok(Obj::int_unchecked(b as i64))
    }
    /// Remove the first occurrence of a value in the bytearray.
    ///
    ///   value
    ///     The value to remove.
    fn remove(this: Gc<Bytearray>, cx: &mut Cx, value: Obj) -> Result<()> {
        let b = bytes_like::byte_value(cx, value)?;
        match search::find_in(this.payload().as_slice(), &[b]) {
            Some(i) => this.splice(cx, i, i + 1, &[]),
            None => Err(cx.value_error("value not found in bytearray")),
        }
    }
    /// Reverse the order of the values in B in place.
    fn reverse(this: Gc<Bytearray>, cx: &Cx) {
        this.change(cx, |m| {
            let v: Vec<u8> = m.as_slice().iter().rev().copied().collect();
            m.write(0, &v);
        });
    }
    /// Remove all items from the bytearray.
    fn clear(this: Gc<Bytearray>, cx: &Cx) -> Result<()> {
        this.payload().clear(cx)
    }
    /// Return a copy of B.
    fn copy(this: Gc<Bytearray>, cx: &Cx) -> Result<Obj> {
        make(cx, this.payload().as_slice())
    }
    /// Resize the internal buffer of bytearray to len.
    ///
    ///   size
    ///     New size to resize to..
    fn resize(this: Gc<Bytearray>, cx: &mut Cx, size: isize) -> Result<()> {
        match usize::try_from(size) {
            Ok(n) if n < isize::MAX as usize / 4 => this.resize_to(cx, n),
            Ok(_) => Err(cx.memory_error()),
            Err(_) => Err(cx.value_error(format!("Can only resize to positive sizes, got {size}"))),
        }
    }

    /// B.__alloc__() -> int
    ///
    /// Return the number of bytes actually allocated.
    fn __alloc__(this: Gc<Bytearray>) -> usize {
        if this.capacity() == 0 { 0 } else { this.capacity() + 1 }
    }
    /// Returns the size of the bytearray object in memory, in bytes.
    fn __sizeof__(this: Gc<Bytearray>) -> usize {
        56 + if this.capacity() == 0 { 0 } else { this.capacity() + 1 }
    }
    /// Return state information for pickling.
    fn __reduce__(this: Gc<Bytearray>, cx: &mut Cx) -> Result<Obj> {
        reduce(cx, this, 2)
    }
    /// Return state information for pickling.
    #[sig(proto = 0, /)]
    fn __reduce_ex__(this: Gc<Bytearray>, cx: &mut Cx, proto: i64) -> Result<Obj> {
        reduce(cx, this, proto)
    }
    fn __buffer__(this: Gc<Bytearray>, cx: &mut Cx, _flags: i64) -> Result<Obj> {
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
    fn __release_buffer__(this: Gc<Bytearray>, cx: &mut Cx, buffer: Obj) -> Result<()> {
        let _ = this;
        match buffer.cast::<MemoryView>() {
            Some(m) => m.release_now(cx),
            None => Err(cx.type_error("expected a memoryview object")),
        }
    }
});

impl Bytearray {
    /// Make it `n` bytes long; new bytes are zero.
    pub fn resize_to(&self, cx: &Cx, n: usize) -> Result<()> {
        let len = self.len();
        if n <= len {
            return self.splice(cx, n, usize::MAX, &[]);
        }
        cx.check_room(n - len)?;
        self.splice(cx, len, len, &vec![0; n - len])
    }
    /// Make it `n` times as long.
    pub fn repeat(&self, cx: &Cx, n: usize) -> Result<()> {
        let unit = self.as_slice();
        let mut v = vec![0; transform::repeated_len(cx, unit.len(), n)?];
        transform::repeat_into(&mut v, unit);
        self.assign(cx, &v)
    }
}

const DOC: &str = "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\nbytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\nbytearray(int) -> bytes array of size given by the parameter initialized with null bytes\nbytearray() -> empty bytes array\n\nConstruct a mutable bytearray object from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - a bytes or a buffer object\n  - any object implementing the buffer API.\n  - an integer";

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let layout = types::layout_of::<Bytearray>(0);
    let t = boot::define(cx, shape::BYTEARRAY, "bytearray", DOC, SUBCLASSABLE, None, Some(layout))?;
    types::add_members(cx, t, BytearrayMethods::MEMBERS)?;
    types::set_attr(cx, t, types::d_name(cx, Dunder::Hash), Some(Obj::NONE))?;
    Ok(())
}
