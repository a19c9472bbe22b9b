//! `_CData`: objects that are C data, and what all kinds of them share.
//!
//! Invariants:
//! - CDATA-1: memory of our own is a `Raw` on the heap, which neither moves nor shrinks
//!   and is found by `keep`. Pointers stored in it are not traced: what they point to is
//!   kept alive by `_objects` of the object at the root, as in CPython.
//! - CDATA-2: `at` and `size` describe memory that is there as long as `keep` and `base`
//!   are, or that Python code answers for (FFI-1).
//!
//! Tests: tests/lang/ctypes.md; CPython test_keeprefs, test_frombuffer.

use super::codes::{self, Bits};
use super::info::{self, CType, Code, Info, Kind, info_of, info_of_instance};
use super::raw;
use crate::util::{attr, import, tuple_obj};
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_builtins::buffer::{BufferView, Dims, Export};
use typhon_builtins::memoryview::MemoryView;
use typhon_builtins::memoryview::extent;
use typhon_ffi::mem;
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{Args, instance_of};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::raw::Memory;
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result, instance, intern, ops, tuple};

/// The payload of all C data.
#[derive(Trace)]
#[repr(C)]
pub struct CData {
    at: AtomicUsize,
    size: AtomicUsize,
    /// What has the memory.
    keep: Slot,
    /// The object that this one is a part of, or was found through.
    pub base: Slot<CData>,
    /// Which part.
    pub index: usize,
    /// What the memory's pointers need.
    pub objects: Slot,
    /// Whether the memory is our own and can be replaced.
    owned: bool,
}

impl CData {
    /// The address.
    #[inline]
    pub fn at(&self) -> usize {
        self.at.load(Ordering::Acquire)
    }
    /// In bytes.
    #[inline]
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Acquire)
    }
    /// Address and size, of the same memory: a bigger one gets its address first.
    pub fn span(&self) -> (usize, usize) {
        let size = self.size();
        (self.at(), size)
    }
    /// A copy of the contents.
    pub fn to_vec(&self) -> Vec<u8> {
        let (at, size) = self.span();
        mem::to_vec(at, size)
    }
    /// The memory as buffers have it.
    pub fn memory(&self) -> Memory {
        let (at, size) = self.span();
        raw::memory(Gc::of(self).obj(), at, size)
    }
    /// Whether it has memory of its own.
    pub fn is_owner(&self) -> bool {
        self.owned
    }
    /// More memory, the contents copied; or less, which stays where it is.
    pub fn resize(&self, cx: &Cx, size: usize, align: usize) -> Result<()> {
        if size <= self.size() {
            self.size.store(size, Ordering::Release);
            return Ok(());
        }
        let (keep, at) = fresh(cx, size, align)?;
        mem::copy(at, self.at(), self.size().min(size));
        // The old memory stays as long as parts of the object refer to it: they have it
        // through `base`, so the new one keeps the old one.
        let both = tuple::new(cx, &[keep, self.keep.obj().unwrap_or(Obj::NONE)])?;
        self.keep.set(cx, Gc::of(self), both);
        self.at.store(at, Ordering::Release);
        self.size.store(size, Ordering::Release);
        Ok(())
    }
}

/// Room for any simple value: an object whose `__class__` was replaced is no danger.
const SMALLEST: usize = 32;

/// Zeroed memory on the heap: its owner and its address.
fn fresh(cx: &Cx, size: usize, align: usize) -> Result<(Obj, usize)> {
    let spare = if align > 8 { align } else { 0 };
    let memory = typhon_object::raw::new(cx, size.max(SMALLEST) + spare)?;
    let at = memory.all().as_slice().as_ptr() as usize;
    Ok((memory.obj(), at.next_multiple_of(align.max(1))))
}

fn make(cx: &Cx, class: Gc<Type>, at: usize, size: usize, keep: Option<Obj>, owned: bool) -> Result<Gc<CData>> {
    let data = CData {
        at: AtomicUsize::new(at),
        size: AtomicUsize::new(size),
        keep: Slot::of(keep),
        base: Slot::empty(),
        index: 0,
        objects: Slot::empty(),
        owned,
    };
    instance_of(cx, class, data)
}

/// A new object of a class that is not abstract, all zero.
pub fn new(cx: &Cx, class: Gc<Type>) -> Result<Gc<CData>> {
    let i = info::final_info(cx, class)?;
    let (keep, at) = fresh(cx, i.size, i.align)?;
    make(cx, class, at, i.size, Some(keep), true)
}

/// An object over memory that is somebody else's.
pub fn at_address(cx: &Cx, class: Gc<Type>, at: usize) -> Result<Gc<CData>> {
    let i = info::final_info(cx, class)?;
    make(cx, class, at, i.size, None, false)
}

/// A part of `base`, or a copy of what is at the address.
pub fn from_base(cx: &Cx, class: Gc<Type>, base: Option<Gc<CData>>, index: usize, at: usize) -> Result<Gc<CData>> {
    let Some(base) = base else {
        let d = new(cx, class)?;
        mem::copy(d.at(), at, d.size());
        return Ok(d);
    };
    let i = info::final_info(cx, class)?;
    let data = CData {
        at: AtomicUsize::new(at),
        size: AtomicUsize::new(i.size),
        keep: Slot::of(base.keep.obj()),
        base: Slot::new(base),
        index,
        objects: Slot::empty(),
        owned: false,
    };
    instance_of(cx, class, data)
}

/// Whether values of the class are objects of it rather than Python's own: a class
/// derived from one like `c_int`.
pub fn is_simple_subclass(class: Gc<Type>) -> bool {
    info_of(class.obj()).is_some_and(|i| i.kind == Kind::Simple)
        && class.base().is_some_and(|b| info_of(b.obj()).is_some())
}

/// The value of a part.
pub fn get_value(
    cx: &mut Cx,
    class: Gc<Type>,
    code: Option<Code>,
    src: Gc<CData>,
    index: usize,
    size: usize,
    at: usize,
    bits: Bits,
) -> Result<Obj> {
    if let Some(c) = code {
        return codes::get(cx, c, at, size, bits);
    }
    if let Some(c) = info_of(class.obj()).and_then(|i| i.code)
        && !is_simple_subclass(class)
    {
        return codes::get(cx, c, at, size, bits);
    }
    Ok(from_base(cx, class, Some(src), index, at)?.obj())
}

/// Store the value of a part, and keep alive what it needs.
pub fn set_value(
    cx: &mut Cx,
    dst: Gc<CData>,
    class: Gc<Type>,
    code: Option<Code>,
    value: Obj,
    index: i64,
    size: usize,
    at: usize,
    bits: Bits,
) -> Result<()> {
    let keep = store(cx, class, code, value, size, at, bits)?;
    keep_ref(cx, dst, index, keep)
}

fn store(
    cx: &mut Cx,
    class: Gc<Type>,
    code: Option<Code>,
    value: Obj,
    size: usize,
    at: usize,
    bits: Bits,
) -> Result<Obj> {
    if let Some(c) = code {
        return codes::set(cx, c, at, size, bits, value);
    }
    let i = info_of(class.obj());
    let Some(src) = value.cast::<CData>() else {
        if let Some(c) = i.and_then(|i| i.code) {
            return codes::set(cx, c, at, size, bits, value);
        }
        if let Some(t) = value.cast::<Tuple>() {
            let made = ops::call_args(cx, class.obj(), t.payload().items());
            let made = made
                .map_err(|e| extend_error(cx, e, ExcKind::RuntimeError.class(cx), &format!("({}) ", class.name())))?;
            return store(cx, class, code, made, size, at, bits);
        }
        if value.is_none() && i.is_some_and(|i| i.kind == Kind::Pointer) {
            mem::write(at, &[0; 8]);
            return Ok(Obj::NONE);
        }
        return Err(cx.type_error(format!("expected {} instance, got {}", class.name(), cx.type_name(value))));
    };
    if ops::is_instance(cx, value, class.obj())? {
        // Never more than there is: an object may be smaller than its class says.
        let (from, n) = src.span();
        mem::copy(at, from, size.min(n));
        return kept_objects(cx, src);
    }
    let (Some(i), Some(v)) = (i, info_of_instance(value)) else { return Err(incompatible(cx, value, class)) };
    if i.kind == Kind::Pointer && v.kind == Kind::Array {
        if i.proto.obj() != v.proto.obj() {
            return Err(incompatible(cx, value, class));
        }
        mem::write(at, &src.at().to_ne_bytes());
        // The array itself has to stay, not only what it keeps.
        let kept = kept_objects(cx, src)?;
        return tuple_obj(cx, &[kept, value]);
    }
    Err(incompatible(cx, value, class))
}

#[cold]
fn incompatible(cx: &Cx, value: Obj, class: Gc<Type>) -> typhon_object::Raised {
    cx.type_error(format!("incompatible types, {} instance instead of {} instance", cx.type_name(value), class.name()))
}

/// The exception with another class and text in front: `prefix`, class, text.
pub fn extend_error(cx: &mut Cx, e: typhon_object::Raised, class: Gc<Type>, prefix: &str) -> typhon_object::Raised {
    let text = ops::to_str(cx, e.obj()).map_or_else(|_| "???".to_owned(), |s| s.to_str().into_owned());
    let all = format!("{prefix}{}: {text}", cx.type_name(e.obj()));
    let made = str::new(cx, &all).and_then(|s| ops::call_args(cx, class.obj(), &[s.obj()]));
    match made {
        Ok(o) => o.cast().map(typhon_object::Raised).unwrap_or(e),
        Err(e) => e,
    }
}

/// The object at the root, whose `_objects` counts.
fn container(cx: &Cx, d: Gc<CData>) -> Result<Gc<CData>> {
    let mut d = d;
    while let Some(b) = d.base.get() {
        d = b;
    }
    if d.objects.obj().is_none() {
        let has_parts = info_of_instance(d.obj()).is_some_and(|i| i.length > 0);
        let first = if has_parts { dict::new(cx)?.obj() } else { Obj::NONE };
        d.payload().objects.set(cx, d, first);
    }
    Ok(d)
}

/// `_objects` of the root.
pub fn kept_objects(cx: &Cx, d: Gc<CData>) -> Result<Obj> {
    Ok(container(cx, d)?.objects.obj().unwrap_or(Obj::NONE))
}

/// Keep a value alive for a part of `d`.
pub fn keep_ref(cx: &mut Cx, d: Gc<CData>, index: i64, keep: Obj) -> Result<()> {
    if keep.is_none() {
        return Ok(());
    }
    let root = container(cx, d)?;
    let Some(all) = root.objects.obj().and_then(|o| o.cast::<Dict>()) else {
        root.payload().objects.set(cx, root, keep);
        return Ok(());
    };
    let mut key = format!("{:x}", index as u32);
    let mut at = d;
    while let Some(b) = at.base.get() {
        key.push_str(&format!(":{:x}", at.index));
        at = b;
    }
    let key = str::new(cx, &key)?;
    all.insert(cx, key.obj(), keep)?;
    Ok(())
}

/// How C data shows its memory to buffers.
pub fn export(cx: &mut Cx, o: Obj) -> Result<Option<Export>> {
    let Some(d) = o.cast::<CData>() else { return Ok(None) };
    let Some(i) = info_of_instance(o) else { return Ok(None) };
    let mut item: Gc<Info> = i;
    while item.kind == Kind::Array
        && let Some(next) = item.item().and_then(|c| info_of(c.obj()))
    {
        item = next;
    }
    let format = Some(str::new(cx, &i.format)?);
    let dims: Dims = extent::dense(cx, &i.shape, item.size)?;
    let view = BufferView { memory: d.memory(), readonly: false };
    Ok(Some(Export { format, itemsize: item.size, dims, ..Export::plain(view) }))
}

/// The base of all C data.
#[class(module = "_ctypes", name = "_CData", meta = CType, subclassable, weakref)]
impl CData {
    fn __hash__(this: Gc<Self>, cx: &mut Cx) -> Result<i64> {
        let _ = this;
        Err(cx.type_error("unhashable type"))
    }
    #[getter]
    fn _b_base_(&self) -> Option<Obj> {
        self.base.obj()
    }
    #[getter]
    fn _b_needsfree_(&self) -> i64 {
        i64::from(self.owned)
    }
    #[getter]
    fn _objects(&self) -> Option<Obj> {
        self.objects.obj()
    }
    fn __ctypes_from_outparam__(this: Gc<Self>) -> Obj {
        this.obj()
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let o = this.obj();
        let i = info_of_instance(o);
        if i.is_none_or(|i| i.has(info::IS_POINTER | info::HAS_POINTER)) {
            return Err(cx.value_error("ctypes objects containing pointers cannot be pickled"));
        }
        let class = ops::class_of(o).obj();
        let module = import(cx, "_ctypes")?;
        let f = attr(cx, module, "_unpickle")?;
        let d = if instance::has_attrs(o) { instance::attrs_copy(cx, o)? } else { dict::new(cx)? };
        let data = crate::util::bytes_obj(cx, &this.to_vec())?;
        let state = tuple_obj(cx, &[d.obj(), data])?;
        let args = tuple_obj(cx, &[class, state])?;
        tuple_obj(cx, &[f, args])
    }
    fn __setstate__(this: Gc<Self>, cx: &mut Cx, dict: Obj, data: Obj) -> Result<()> {
        let Some(d) = dict.cast::<Dict>() else {
            return Err(cx.type_error(format!(
                "{}.__setstate__() argument 1 must be dict, not {}",
                cx.type_name(this.obj()),
                cx.type_name(dict)
            )));
        };
        let data = crate::buffer::copy(cx, data)?;
        let (at, size) = this.span();
        mem::write(at, &data[..data.len().min(size)]);
        for (k, v) in d.items() {
            if let Some(k) = k.cast::<Str>() {
                let k = intern::intern(cx, k)?;
                instance::set(cx, this.obj(), k, v)?;
            }
        }
        Ok(())
    }
    fn __buffer__(this: Gc<Self>, cx: &mut Cx, flags: i64) -> Result<Obj> {
        let _ = flags;
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
    fn __release_buffer__(this: Gc<Self>, cx: &mut Cx, buffer: Obj) -> Result<()> {
        let _ = this;
        match buffer.cast::<MemoryView>() {
            Some(m) => m.release_now(cx),
            None => Err(cx.type_error("expected a memoryview object")),
        }
    }
}

/// `cls(*args)` of C data.
pub fn construct(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
    Ok(new(cx, cls)?.obj())
}
