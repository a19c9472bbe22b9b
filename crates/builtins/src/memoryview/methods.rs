//! The methods of `memoryview`, and its iterator.
//!
//! Tests: tests/binary.rs; CPython test_memoryview.

use super::{MemoryView, extent, item};
use crate::buffer::{self, Dims, Export};
use crate::bytes_like::hex;
use crate::slice::{self, Slice};
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, Missing, SliceIndex, instance};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{CompareOp, Cx, ExcKind, Gc, Obj, Raised, Result, bytes, exc, hash, list, ops};

#[cold]
fn not_implemented(cx: &Cx, msg: &str) -> Raised {
    cx.error(ExcKind::NotImplementedError, msg)
}

#[cold]
fn out_of_bounds(cx: &Cx, dimension: usize) -> Raised {
    cx.error(ExcKind::IndexError, format!("index out of bounds on dimension {dimension}"))
}

#[cold]
fn bad_key(cx: &Cx, key: Obj) -> Raised {
    let slices = |t: Gc<Tuple>| !t.is_empty() && t.items().iter().all(|k| k.cast::<Slice>().is_some());
    if key.cast::<Tuple>().is_some_and(slices) {
        return not_implemented(cx, "multi-dimensional slicing is not implemented");
    }
    cx.type_error("memoryview: invalid slice key")
}

fn read(cx: &Cx, e: &Export, code: u8, at: isize) -> Result<Obj> {
    if code == 0 {
        return Err(item::unsupported(cx, e.format));
    }
    item::unpack(cx, code, e.view.memory.part(at as usize, e.itemsize).as_slice())
}

/// Nested lists of the items.
fn to_list(cx: &Cx, e: &Export, code: u8, shape: &[isize], strides: &[isize], at: isize) -> Result<Obj> {
    let ([n, shape @ ..], [s, strides @ ..]) = (shape, strides) else { return read(cx, e, code, at) };
    let l = list::new(cx, &[])?;
    for i in 0..*n {
        let v = to_list(cx, e, code, shape, strides, at + i * s)?;
        l.append(cx, v)?;
    }
    Ok(l.obj())
}

impl MemoryView {
    /// The byte offset of the item that `key` (an index or a tuple) names.
    fn offset(&self, cx: &mut Cx, key: Obj) -> Result<isize> {
        let (shape, strides) = (extent::shape(&self.dims), extent::strides(&self.dims));
        let at = |cx: &mut Cx, d: usize, k: Obj| -> Result<isize> {
            let i = ops::index_isize(cx, k)?;
            match ops::wrap(i as i64, shape[d] as usize) {
                Some(i) => Ok(i as isize * strides[d]),
                None => Err(out_of_bounds(cx, d + 1)),
            }
        };
        if let Some(t) = key.cast::<Tuple>() {
            if t.len() > shape.len() {
                return Err(cx.type_error(format!(
                    "cannot index {}-dimension view with {}-element tuple",
                    shape.len(),
                    t.len()
                )));
            }
            if t.len() < shape.len() {
                return Err(not_implemented(cx, "sub-views are not implemented"));
            }
            let mut sum = self.start;
            for (d, k) in t.items().iter().enumerate() {
                sum += at(cx, d, *k)?;
            }
            self.check(cx)?;
            return Ok(sum);
        }
        match shape.len() {
            0 => Err(cx.type_error("invalid indexing of 0-dim memory")),
            1 => {
                let sum = self.start + at(cx, 0, key)?;
                // `__index__` may have released the view.
                self.check(cx)?;
                Ok(sum)
            }
            _ => Err(not_implemented(cx, "multi-dimensional sub-views are not implemented")),
        }
    }
    fn sliced(&self, cx: &mut Cx, s: &Slice) -> Result<Export> {
        let (mut shape, mut strides) = (extent::shape(&self.dims), extent::strides(&self.dims));
        let (Some(len), Some(stride)) = (shape.first_mut(), strides.first_mut()) else {
            return Err(cx.type_error("invalid indexing of 0-dim memory"));
        };
        let (start, _, step, n) = s.indices(cx, *len as usize)?;
        let mut e = self.describe();
        e.start += start * *stride;
        (*len, *stride) = (n as isize, stride.wrapping_mul(step));
        e.dims = extent::dims(cx, &shape, &strides)?;
        Ok(e)
    }
    fn is_key(key: Obj) -> bool {
        slice::is_index(key) || key.cast::<Tuple>().is_some_and(|t| t.items().iter().all(|k| slice::is_index(*k)))
    }
    fn format_text(&self) -> String {
        self.format.map_or("B".into(), |f| f.to_str().into_owned())
    }
}

fn assign(cx: &mut Cx, to: &Export, code: u8, value: Obj) -> Result<()> {
    let Some(from) = buffer::export(cx, value, false)? else { return Err(buffer::not_bytes_like(cx, value)) };
    let same = item::code_of(from.format) == code
        && from.itemsize == to.itemsize
        && extent::shape(&from.dims) == extent::shape(&to.dims);
    if !same {
        return Err(cx.value_error("memoryview assignment: lvalue and rvalue have different structures"));
    }
    let data = extent::gather(&from, false);
    extent::scatter(to, &data);
    Ok(())
}

/// Whether two buffers have equal extents and items.
fn equal(cx: &mut Cx, a: &Export, b: &Export) -> Result<bool> {
    if extent::shape(&a.dims) != extent::shape(&b.dims) {
        return Ok(false);
    }
    let (ca, cb) = (item::code_of(a.format), item::code_of(b.format));
    let (da, db) = (extent::gather(a, false), extent::gather(b, false));
    if ca == cb && item::bytewise(ca) {
        return Ok(da == db);
    }
    if ca == 0 || cb == 0 {
        let same = a.format.zip(b.format).is_some_and(|(x, y)| x.eq(&y));
        return Ok(same && da == db);
    }
    for (x, y) in da.chunks_exact(a.itemsize).zip(db.chunks_exact(b.itemsize)) {
        let (x, y) = (item::unpack(cx, ca, x)?, item::unpack(cx, cb, y)?);
        if !ops::compare(cx, x, y, CompareOp::Eq)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Create a new memoryview object which references the given object.
#[class(name = "memoryview", weakref, sequence)]
impl MemoryView {
    #[sig(object)]
    fn __new__(cx: &mut Cx, object: Obj) -> Result<Obj> {
        Ok(MemoryView::over(cx, object)?.obj())
    }
    #[classmethod]
    #[name("_from_flags")]
    #[sig(object, flags)]
    fn from_flags(cx: &mut Cx, cls: Gc<typhon_object::types::Type>, object: Obj, flags: i64) -> Result<Obj> {
        let _ = cls;
        let m = MemoryView::over(cx, object)?;
        if flags & 1 != 0 && m.view.readonly {
            return Err(cx.error(ExcKind::BufferError, "Object is not writable."));
        }
        Ok(m.obj())
    }

    fn __repr__(this: Gc<MemoryView>, cx: &Cx) -> Result<Obj> {
        let what = if this.released.load(Ordering::Relaxed) { "released memory" } else { "memory" };
        Ok(str::new(cx, &format!("<{what} at {:#x}>", this.obj().word()))?.obj())
    }
    fn __len__(&self, cx: &Cx) -> Result<usize> {
        self.check(cx)?;
        match &self.dims {
            Dims::Line { len, .. } => Ok(*len as usize),
            Dims::Many { shape, .. } => match shape.get(0) {
                Some(n) => Ok(n.as_small_int().unwrap_or(0) as usize),
                None => Err(cx.type_error("0-dim memory has no length")),
            },
        }
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        self.check(cx)?;
        if let (Some(i), Dims::Line { len, stride }) = (key.as_small_int(), self.dims) {
            return match ops::wrap(i, len as usize) {
                Some(i) => read(cx, &self.describe(), self.code, self.start + i as isize * stride),
                None => Err(out_of_bounds(cx, 1)),
            };
        }
        if let Some(s) = key.cast::<Slice>() {
            // Counted first, as `__index__` of a bound may release this view.
            self.managed.views.fetch_add(1, Ordering::AcqRel);
            let e = self.sliced(cx, &s);
            let r = e.and_then(|e| MemoryView::sharing(cx, self.managed, e));
            self.managed.views.fetch_sub(1, Ordering::AcqRel);
            return Ok(r?.obj());
        }
        if extent::ndim(&self.dims) == 0 {
            let whole = key == Obj::ELLIPSIS;
            if whole {
                return Ok(self.derive(cx, |_| {})?.obj());
            }
            if key.cast::<Tuple>().is_some_and(|t| t.is_empty()) {
                return read(cx, &self.describe(), self.code, self.start);
            }
        }
        if !MemoryView::is_key(key) {
            return Err(bad_key(cx, key));
        }
        let at = self.offset(cx, key)?;
        read(cx, &self.describe(), self.code, at)
    }
    fn __setitem__(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        self.check(cx)?;
        if self.code == 0 {
            return Err(item::unsupported(cx, self.format));
        }
        if self.view.readonly {
            return Err(cx.type_error("cannot modify read-only memory"));
        }
        if let Some(s) = key.cast::<Slice>() {
            if extent::ndim(&self.dims) > 1 {
                let msg = "memoryview slice assignments are currently restricted to ndim = 1";
                return Err(not_implemented(cx, msg));
            }
            let e = self.sliced(cx, &s)?;
            self.check(cx)?;
            return assign(cx, &e, self.code, value);
        }
        let zero = extent::ndim(&self.dims) == 0
            && (key == Obj::ELLIPSIS || key.cast::<Tuple>().is_some_and(|t| t.is_empty()));
        if !zero && !MemoryView::is_key(key) {
            return Err(bad_key(cx, key));
        }
        let at = if zero { self.start } else { self.offset(cx, key)? };
        let (data, n) = item::pack(cx, self.code, value)?;
        self.check(cx)?;
        self.view.memory.write(at as usize, &data[..n]);
        Ok(())
    }
    fn __delitem__(&self, cx: &Cx, _key: Obj) -> Result<()> {
        self.check(cx)?;
        Err(cx.type_error(if self.view.readonly { "cannot modify read-only memory" } else { "cannot delete memory" }))
    }
    fn __iter__(this: Gc<MemoryView>, cx: &mut Cx) -> Result<Obj> {
        this.check(cx)?;
        match extent::ndim(&this.dims) {
            0 => return Err(cx.type_error("invalid indexing of 0-dim memory")),
            1 => {}
            _ => return Err(not_implemented(cx, "multi-dimensional sub-views are not implemented")),
        }
        if this.code == 0 {
            return Err(item::unsupported(cx, this.format));
        }
        Ok(instance(cx, MemoryIter { view: this, pos: AtomicI64::new(0) })?.obj())
    }

    fn __richcmp__(this: Gc<MemoryView>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let released = |o: Obj| o.cast::<MemoryView>().is_some_and(|m| m.released.load(Ordering::Relaxed));
        let same = if released(this.obj()) || released(other) {
            this.obj() == other
        } else {
            let Some(b) = buffer::export(cx, other, false)? else { return Ok(Obj::NOT_IMPLEMENTED) };
            let a = this.export(cx)?;
            equal(cx, &a, &b)?
        };
        Ok(Obj::bool(same == (op == CompareOp::Eq)))
    }
    fn __hash__(&self, cx: &mut Cx) -> Result<i64> {
        let known = self.hash.load(Ordering::Relaxed);
        if known != -1 {
            return Ok(known);
        }
        self.check(cx)?;
        if !self.view.readonly {
            return Err(cx.value_error("cannot hash writable memoryview object"));
        }
        if !item::is_byte(self.code) {
            return Err(cx.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
        }
        self.pinned(cx, |cx| ops::hash(cx, self.managed.owner))?;
        let h = hash::hash_bytes(&self.gather(false));
        self.hash.store(h, Ordering::Relaxed);
        Ok(h)
    }

    /// Release the underlying buffer exposed by the memoryview object.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        self.release_now(cx)
    }
    fn __enter__(this: Gc<MemoryView>, cx: &Cx) -> Result<Obj> {
        this.check(cx)?;
        Ok(this.obj())
    }
    fn __exit__(&self, cx: &mut Cx, _args: Args<'_>) -> Result<()> {
        self.release_now(cx)
    }
    fn __buffer__(this: Gc<MemoryView>, cx: &mut Cx, _flags: i64) -> Result<Obj> {
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
    fn __release_buffer__(&self, cx: &mut Cx, buffer: Obj) -> Result<()> {
        match buffer.cast::<MemoryView>() {
            Some(m) => m.release_now(cx),
            None => Err(cx.type_error("expected a memoryview object")),
        }
    }

    /// Cast a memoryview to a new format or shape.
    #[sig(format, shape = <missing>)]
    fn cast(&self, cx: &mut Cx, format: Obj, shape: Missing<Obj>) -> Result<Obj> {
        self.check(cx)?;
        let Some(format) = format.cast::<Str>() else {
            return Err(crate::any::bad_arg(cx, "cast() argument 'format'", "str", format));
        };
        let e = super::cast::cast(cx, self, format, shape.given())?;
        Ok(MemoryView::sharing(cx, self.managed, e)?.obj())
    }
    /// Return a readonly version of the memoryview.
    fn toreadonly(&self, cx: &mut Cx) -> Result<Obj> {
        self.check(cx)?;
        Ok(self.derive(cx, |e| e.view.readonly = true)?.obj())
    }
    /// Return the data in the buffer as a byte string.
    ///
    /// Order can be {'C', 'F', 'A'}. When order is 'C' or 'F', the data of the
    /// original array is converted to C or Fortran order. For contiguous views,
    /// 'A' returns an exact copy of the physical memory. In particular, in-memory
    /// Fortran order is preserved. For non-contiguous views, the data is converted
    /// to C first. order=None is the same as order='C'.
    #[sig(order = "C")]
    fn tobytes(&self, cx: &mut Cx, order: Obj) -> Result<Obj> {
        self.check(cx)?;
        let fortran = match order.cast::<Str>() {
            None if order.is_none() => false,
            None => return Err(cx.type_error(format!("order must be a string, not {}", cx.type_name(order)))),
            Some(s) if s.eq_str("C") => false,
            Some(s) if s.eq_str("F") => true,
            Some(s) if s.eq_str("A") => {
                !extent::is_contiguous(&self.dims, self.itemsize, true)
                    && extent::is_contiguous(&self.dims, self.itemsize, false)
            }
            Some(_) => return Err(cx.value_error("order must be 'C', 'F' or 'A'")),
        };
        Ok(bytes::new(cx, &self.gather(fortran))?.obj())
    }
    /// Return the data in the buffer as a list of elements.
    fn tolist(&self, cx: &mut Cx) -> Result<Obj> {
        self.check(cx)?;
        let e = self.describe();
        if self.code == 0 {
            return Err(item::unsupported(cx, self.format));
        }
        to_list(cx, &e, self.code, &extent::shape(&e.dims), &extent::strides(&e.dims), e.start)
    }
    /// Return the data in the buffer as a str of hexadecimal numbers.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    #[sig(sep = <unrepresentable>, bytes_per_sep = 1)]
    fn hex(&self, cx: &mut Cx, sep: Missing<Obj>, bytes_per_sep: i32) -> Result<Obj> {
        self.check(cx)?;
        let b = bytes::new(cx, &self.gather(false))?;
        self.pinned(cx, |cx| hex::hex(cx, || b.payload().as_slice(), sep.given(), bytes_per_sep.into()))
    }
    /// Count the number of occurrences of a value.
    fn count(this: Gc<MemoryView>, cx: &mut Cx, value: Obj) -> Result<usize> {
        let it = MemoryView::__iter__(this, cx)?;
        let mut n = 0;
        while let Some(v) = ops::iter_next(cx, it)? {
            n += ops::equal(cx, v, value)? as usize;
        }
        Ok(n)
    }
    /// Return the index of the first occurrence of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig(value, start = 0, stop = 9223372036854775807, /)]
    fn index(this: Gc<MemoryView>, cx: &mut Cx, value: Obj, start: SliceIndex, stop: SliceIndex) -> Result<usize> {
        let n = this.__len__(cx)?;
        let (start, stop) = crate::seq::search_range(start.0, stop.0, n);
        for i in start..stop.min(n) {
            let v = this.__getitem__(cx, Obj::int_unchecked(i as i64))?;
            if ops::equal(cx, v, value)? {
                return Ok(i);
            }
        }
        Err(cx.value_error("memoryview.index(x): x not found"))
    }

    /// The underlying object of the memoryview.
    #[getter]
    fn obj(&self, cx: &Cx) -> Result<Obj> {
        self.check(cx)?;
        Ok(self.managed.owner)
    }
    /// The amount of space in bytes that the array would use in
    ///  a contiguous representation.
    #[getter]
    fn nbytes(&self, cx: &Cx) -> Result<usize> {
        self.check(cx)?;
        Ok(extent::count(&self.dims) * self.itemsize)
    }
    /// A bool indicating whether the memory is read only.
    #[getter]
    fn readonly(&self, cx: &Cx) -> Result<bool> {
        self.check(cx)?;
        Ok(self.view.readonly)
    }
    /// The size in bytes of each element of the memoryview.
    #[getter]
    fn itemsize(&self, cx: &Cx) -> Result<usize> {
        self.check(cx)?;
        Ok(self.itemsize)
    }
    /// A string containing the format (in struct module style)
    ///  for each element in the view.
    #[getter]
    fn format(&self, cx: &Cx) -> Result<String> {
        self.check(cx)?;
        Ok(self.format_text())
    }
    /// An integer indicating how many dimensions of a multi-dimensional
    ///  array the memory represents.
    #[getter]
    fn ndim(&self, cx: &Cx) -> Result<usize> {
        self.check(cx)?;
        Ok(extent::ndim(&self.dims))
    }
    /// A tuple of ndim integers giving the shape of the memory
    ///  as an N-dimensional array.
    #[getter]
    fn shape(&self, cx: &Cx) -> Result<Obj> {
        self.check(cx)?;
        Ok(extent::tuple_of(cx, &extent::shape(&self.dims))?.obj())
    }
    /// A tuple of ndim integers giving the size in bytes to access
    ///  each element for each dimension of the array.
    #[getter]
    fn strides(&self, cx: &Cx) -> Result<Obj> {
        self.check(cx)?;
        Ok(extent::tuple_of(cx, &extent::strides(&self.dims))?.obj())
    }
    /// A tuple of integers used internally for PIL-style arrays.
    #[getter]
    fn suboffsets(&self, cx: &Cx) -> Result<Obj> {
        self.check(cx)?;
        Ok(extent::tuple_of(cx, &[])?.obj())
    }
    /// A bool indicating whether the memory is C contiguous.
    #[getter]
    fn c_contiguous(&self, cx: &Cx) -> Result<bool> {
        self.check(cx)?;
        Ok(extent::is_contiguous(&self.dims, self.itemsize, true))
    }
    /// A bool indicating whether the memory is Fortran contiguous.
    #[getter]
    fn f_contiguous(&self, cx: &Cx) -> Result<bool> {
        self.check(cx)?;
        Ok(extent::is_contiguous(&self.dims, self.itemsize, false))
    }
    /// A bool indicating whether the memory is contiguous.
    #[getter]
    fn contiguous(&self, cx: &Cx) -> Result<bool> {
        self.check(cx)?;
        Ok(extent::is_contiguous(&self.dims, self.itemsize, true)
            || extent::is_contiguous(&self.dims, self.itemsize, false))
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<typhon_object::types::Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias::new(cx, cls.obj(), item)
    }
}

/// The iterator of `memoryview`.
#[derive(Trace)]
pub struct MemoryIter {
    view: Gc<MemoryView>,
    pos: AtomicI64,
}

#[class(name = "memory_iterator")]
impl MemoryIter {
    fn __iter__(this: Gc<MemoryIter>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let i = self.pos.load(Ordering::Relaxed);
        if i < 0 {
            return Err(exc::stop_iteration(cx, Obj::NONE));
        }
        self.view.check(cx)?;
        if i as usize >= extent::count(&self.view.dims) {
            self.pos.store(-1, Ordering::Relaxed);
            return Err(exc::stop_iteration(cx, Obj::NONE));
        }
        self.pos.store(i + 1, Ordering::Relaxed);
        self.view.__getitem__(cx, Obj::int_unchecked(i))
    }
}

/// Make the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    typhon_object::native::class_of::<MemoryView>(cx)?;
    Ok(())
}
