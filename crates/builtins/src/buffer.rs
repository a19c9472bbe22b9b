//! The buffer protocol: bytes-like objects as slices.
//!
//! Invariants:
//! - BUF-1: the memory behind a `BufferView` is never unmapped, freed or moved
//!   while its owner is reachable. A bytearray that grows gets new storage; the
//!   old one lives as long as somebody refers to it.
//! - BUF-2: writers go through atomic bytes, so that a race between threads
//!   gives old or new bytes, as documented for bytearray.
//!
//! Tests: tests/binary.rs; CPython test_buffer, test_memoryview.

use crate::bytearray::Bytearray;
use crate::memoryview::MemoryView;
use std::sync::RwLock;
use std::sync::atomic::AtomicU8;
use typhon_object::bytes::Bytes;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, ops, shape};

/// What an exporter shows of itself.
#[derive(Clone)]
pub struct BufferView {
    /// Keeps the memory alive (BUF-1).
    pub owner: Obj,
    /// The memory.
    pub data: &'static [u8],
    /// The memory for writing; `None` if it is read-only.
    pub cells: Option<&'static [AtomicU8]>,
    /// Format of items, as in `struct`.
    pub format: &'static str,
    /// Size of items in bytes.
    pub itemsize: usize,
}

impl BufferView {
    /// A read-only view of bytes.
    pub fn of_bytes(b: Gc<Bytes>) -> BufferView {
        BufferView { owner: b.obj(), data: b.payload().as_slice(), cells: None, format: "B", itemsize: 1 }
    }
    /// The contents. They may change where the memory is shared.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        self.data
    }
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.data.len()
    }
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

/// How native types outside this crate (arrays, memory maps) export buffers:
/// the view, or `None` for objects of other types.
pub type Exporter = fn(&mut Cx, Obj) -> Result<Option<BufferView>>;

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

/// The buffer of `o` if it has one.
pub fn try_get(cx: &mut Cx, o: Obj) -> Result<Option<BufferView>> {
    if !o.is_ptr() {
        return Ok(None);
    }
    if let Some(b) = o.cast::<Bytes>() {
        return Ok(Some(BufferView::of_bytes(b)));
    }
    if let Some(b) = o.cast::<Bytearray>() {
        return Ok(Some(b.view(cx)));
    }
    if let Some(m) = o.cast::<MemoryView>() {
        return m.simple(cx).map(Some);
    }
    let exporters: Vec<Exporter> = EXPORTERS.read().map(|v| v.clone()).unwrap_or_default();
    for f in exporters {
        if let Some(v) = f(cx, o)? {
            return Ok(Some(v));
        }
    }
    // PyBUF_FULL_RO
    const FLAGS: i64 = 0x11c;
    match ops::call_special(cx, o, Dunder::Buffer, &[Obj::int_unchecked(FLAGS)])? {
        Some(m) => match m.cast::<MemoryView>() {
            Some(m) => m.simple(cx).map(Some),
            None => Err(cx.type_error("__buffer__ returned non-memoryview object")),
        },
        None => Ok(None),
    }
}

/// The buffer of `o`, or the TypeError for objects that are not bytes-like;
/// `writable` refuses read-only ones.
pub fn get(cx: &mut Cx, o: Obj, writable: bool) -> Result<BufferView> {
    match try_get(cx, o)? {
        Some(v) if writable && v.cells.is_none() => Err(cx.error(ExcKind::BufferError, "Object is not writable.")),
        Some(v) => Ok(v),
        None => {
            let n = cx.type_name(o);
            Err(cx.type_error(format!("a bytes-like object is required, not '{n}'")))
        }
    }
}
