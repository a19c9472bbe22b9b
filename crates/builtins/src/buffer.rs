//! The buffer protocol: the one door to the memory of bytes-like objects.
//!
//! Invariants:
//! - BUF-1: the memory behind a view is never freed or moved while the view is
//!   reachable (RAW-1): a bytearray that grows takes new storage.
//! - BUF-2: an exporter that must not change its size while memoryviews look at
//!   it counts them in [`Exports`]; one that died unreleased no longer counts
//!   after the next collection.
//!
//! Tests: tests/binary.rs; CPython test_buffer, test_memoryview.

use crate::bytearray::Bytearray;
use crate::hooks;
use crate::memoryview::MemoryView;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use typhon_macros::{Trace, class};
use typhon_object::bytes::{self, Bytes};
use typhon_object::native::{FromArg, Trace, instance};
use typhon_object::raw::Memory;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, Tracer, ops, shape};

/// Contiguous bytes of a bytes-like object.
#[derive(Clone, Copy)]
pub struct BufferView {
    /// The memory.
    pub memory: Memory,
    /// Whether it must not be written to.
    pub readonly: bool,
}

impl BufferView {
    /// A read-only view of bytes.
    #[inline]
    pub fn of_bytes(b: Gc<Bytes>) -> BufferView {
        BufferView { memory: Memory::of_bytes(b), readonly: true }
    }
    /// The contents. They may change where the memory is shared.
    #[inline]
    pub fn as_slice(&self) -> &'static [u8] {
        self.memory.as_slice()
    }
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.memory.len()
    }
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.memory.is_empty()
    }
}

impl Trace for BufferView {
    fn trace(&self, t: &mut Tracer) {
        self.memory.trace(t);
    }
}

impl FromArg for BufferView {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<BufferView> {
        get(cx, v, false)
    }
}

/// Extents of a buffer.
#[derive(Clone, Copy)]
pub enum Dims {
    /// One dimension.
    Line {
        /// Number of items.
        len: isize,
        /// Bytes from one item to the next.
        stride: isize,
    },
    /// None, or several: two tuples of ints of equal length.
    Many {
        /// Number of items per dimension.
        shape: Gc<Tuple>,
        /// Bytes between items per dimension.
        strides: Gc<Tuple>,
    },
}

impl Trace for Dims {
    fn trace(&self, t: &mut Tracer) {
        if let Dims::Many { shape, strides } = self {
            shape.trace(t);
            strides.trace(t);
        }
    }
}

/// All that an exporter tells of its memory.
#[derive(Clone, Copy)]
pub struct Export {
    /// The memory and whether it may be written to.
    pub view: BufferView,
    /// Byte offset of the first item.
    pub start: isize,
    /// Format of items as a str, in the language of `struct`; `None` for "B".
    pub format: Option<Gc<Str>>,
    /// Size of items in bytes.
    pub itemsize: usize,
    /// Extents.
    pub dims: Dims,
    /// Where the exporter counts views.
    pub exports: Option<Gc<Exports>>,
    /// What `__buffer__` of a Python class returned.
    pub released: Option<Obj>,
}

impl Export {
    /// Plain bytes.
    pub fn plain(view: BufferView) -> Export {
        let dims = Dims::Line { len: view.len() as isize, stride: 1 };
        Export { view, start: 0, format: None, itemsize: 1, dims, exports: None, released: None }
    }
}

/// The number of memoryviews that look at an object (BUF-2).
#[derive(Trace)]
pub struct Exports {
    #[trace(skip)]
    count: Arc<AtomicUsize>,
}

#[class(name = "buffer_exports")]
impl Exports {}

impl Exports {
    /// No views.
    pub fn new() -> Exports {
        Exports { count: Arc::default() }
    }
    /// Whether no view is left, once those that nobody holds have gone. A young collection
    /// mostly finds them; one that the native stack seems to refer to, since a dead word
    /// there looks like a live one, is looked for in the heap and in the frames.
    pub fn is_unheld(&self, cx: &Cx) -> bool {
        if self.count() == 0 {
            return true;
        }
        cx.collect_thoroughly(false);
        if self.count() > 0
            && let Some(release) = hooks::RELEASE_UNHELD.get()
        {
            release(cx, Gc::of(self));
        }
        if self.count() > 0 {
            cx.collect_thoroughly(true);
        }
        self.count() == 0
    }
    /// How many views there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

impl Default for Exports {
    fn default() -> Self {
        Exports::new()
    }
}

/// One counted look at an object; it ends when released or collected.
#[derive(Trace)]
pub struct Hold {
    #[trace(skip)]
    count: Arc<AtomicUsize>,
    live: AtomicBool,
}

#[class(name = "buffer_hold")]
impl Hold {}

impl Hold {
    /// Count one more view.
    pub fn on(cx: &mut Cx, e: Gc<Exports>) -> Result<Gc<Hold>> {
        let count = e.count.clone();
        count.fetch_add(1, Ordering::AcqRel);
        instance(cx, Hold { count, live: AtomicBool::new(true) })
    }
    /// Whether it is a look at what `e` counts for, and has not ended.
    pub fn is_on(&self, e: Gc<Exports>) -> bool {
        self.live.load(Ordering::Acquire) && Arc::ptr_eq(&self.count, &e.count)
    }
    /// Count one less, once.
    pub fn release(&self) {
        if self.live.swap(false, Ordering::AcqRel) {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

/// How native types outside this crate (arrays, memory maps) export buffers:
/// `None` for objects of other types.
pub type Exporter = fn(&mut Cx, Obj) -> Result<Option<Export>>;

static EXPORTERS: RwLock<Vec<Exporter>> = RwLock::new(Vec::new());

/// Add an exporter; at start-up or when its module is imported.
pub fn register(f: Exporter) {
    if let Ok(mut v) = EXPORTERS.write() {
        v.push(f);
    }
}

/// Whether `o` is a bytearray or an instance of a subclass.
pub fn is_bytearray(o: Obj) -> bool {
    o.cast::<Bytearray>().is_some()
}

/// Whether `o` supports the buffer protocol.
pub fn is_buffer(o: Obj) -> bool {
    o.is_ptr()
        && (o.shape() == shape::BYTES
            || o.cast::<Bytes>().is_some()
            || is_bytearray(o)
            || o.cast::<MemoryView>().is_some()
            || ops::class_of(o).special(Dunder::Buffer).is_some())
}

/// Whether the class of `o` has a `__buffer__` that is written in Python.
fn overrides(o: Obj) -> Option<Obj> {
    ops::class_of(o).special(Dunder::Buffer).filter(|m| m.shape() != shape::METHOD_DESCRIPTOR)
}

/// All about the buffer of `o`, if it has one.
pub fn export(cx: &mut Cx, o: Obj, writable: bool) -> Result<Option<Export>> {
    if !o.is_ptr() {
        return Ok(None);
    }
    if overrides(o).is_none() {
        if let Some(b) = o.cast::<Bytes>() {
            return Ok(Some(Export::plain(BufferView::of_bytes(b))));
        }
        if let Some(b) = o.cast::<Bytearray>() {
            let exports = Some(b.exports(cx)?);
            return Ok(Some(Export { exports, ..Export::plain(b.view(cx)) }));
        }
        if let Some(m) = o.cast::<MemoryView>() {
            return m.export(cx).map(Some);
        }
        let exporters: Vec<Exporter> = EXPORTERS.read().map(|v| v.clone()).unwrap_or_default();
        for f in exporters {
            if let Some(v) = f(cx, o)? {
                return Ok(Some(v));
            }
        }
    }
    // PyBUF_FULL_RO, and PyBUF_WRITABLE
    let flags = 0x11c | i64::from(writable);
    match ops::call_special(cx, o, Dunder::Buffer, &[Obj::int_unchecked(flags)])? {
        Some(m) => match m.cast::<MemoryView>() {
            Some(v) => Ok(Some(Export { released: Some(m), ..v.export(cx)? })),
            None => Err(cx.type_error("__buffer__ returned non-memoryview object")),
        },
        None => Ok(None),
    }
}

/// The contiguous bytes of `o` if it has a buffer.
pub fn try_get(cx: &mut Cx, o: Obj) -> Result<Option<BufferView>> {
    if !o.is_ptr() {
        return Ok(None);
    }
    match o.shape() {
        shape::BYTES => return Ok(o.cast::<Bytes>().map(BufferView::of_bytes)),
        shape::BYTEARRAY => return Ok(o.cast::<Bytearray>().map(|b| b.view(cx))),
        _ => {}
    }
    match export(cx, o, false)? {
        Some(e) => simple(cx, o, e).map(Some),
        None => Ok(None),
    }
}

/// A copy of the bytes of `o`, contiguous or not, if it has a buffer.
pub fn gather(cx: &mut Cx, o: Obj) -> Result<Option<Vec<u8>>> {
    if let Some(m) = o.cast::<MemoryView>() {
        m.check(cx)?;
        return Ok(Some(m.gather(false)));
    }
    Ok(try_get(cx, o)?.map(|v| v.as_slice().to_vec()))
}

/// An export as contiguous bytes.
fn simple(cx: &mut Cx, o: Obj, e: Export) -> Result<BufferView> {
    let Some(view) = MemoryView::as_contiguous(&e) else {
        return Err(cx.error(ExcKind::BufferError, "memoryview: underlying buffer is not C-contiguous"));
    };
    let Some(m) = e.released else { return Ok(view) };
    if !view.readonly {
        return Ok(view);
    }
    // What a Python class lends is copied and given back at once.
    let copy = bytes::new(cx, view.as_slice())?;
    release_python(cx, o, m)?;
    Ok(BufferView::of_bytes(copy))
}

/// `o.__release_buffer__(m)`, and release `m`.
pub fn release_python(cx: &mut Cx, o: Obj, m: Obj) -> Result<()> {
    ops::call_special(cx, o, Dunder::ReleaseBuffer, &[m])?;
    if let Some(v) = m.cast::<MemoryView>() {
        v.release_now(cx)?;
    }
    Ok(())
}

/// The buffer of `o`, or the TypeError for objects that are not bytes-like;
/// `writable` refuses read-only ones.
#[inline]
pub fn get(cx: &mut Cx, o: Obj, writable: bool) -> Result<BufferView> {
    match try_get(cx, o)? {
        Some(v) if writable && v.readonly => Err(cx.error(ExcKind::BufferError, "Object is not writable.")),
        Some(v) => Ok(v),
        None => Err(not_bytes_like(cx, o)),
    }
}

/// The TypeError of something that is not bytes-like.
#[cold]
pub fn not_bytes_like(cx: &Cx, o: Obj) -> Raised {
    cx.type_error(format!("a bytes-like object is required, not '{}'", cx.type_name(o)))
}

/// Copy a bytes-like object's contents out.
pub fn copy(cx: &mut Cx, o: Obj) -> Result<Vec<u8>> {
    Ok(get(cx, o, false)?.as_slice().to_vec())
}

fn writable(cx: &mut Cx, o: Obj) -> Result<BufferView> {
    match try_get(cx, o)? {
        Some(v) if !v.readonly => Ok(v),
        _ => Err(cx
            .type_error(format!("argument must be read-write bytes-like object, not {}", crate::any::arg_type(cx, o)))),
    }
}

/// The length in bytes of a writable bytes-like object.
pub fn writable_len(cx: &mut Cx, o: Obj) -> Result<usize> {
    Ok(writable(cx, o)?.len())
}

/// Store `data` at the front of a writable bytes-like object, as far as it fits.
pub fn write_into(cx: &mut Cx, o: Obj, data: &[u8]) -> Result<()> {
    let v = writable(cx, o)?;
    v.memory.write(0, &data[..data.len().min(v.len())]);
    Ok(())
}

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
        let v = get(cx, self.0, false)?;
        Ok(f(cx, v.as_slice()))
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
