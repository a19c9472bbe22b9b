//! `memoryview`: a typed, strided look at the memory of another object.
//!
//! | to find | look in |
//! |---|---|
//! | payload, making and releasing views | this file |
//! | items and formats | `item.rs` |
//! | extents: contiguity, walking | `extent.rs` |
//! | casts | `cast.rs` |
//! | the methods | `methods.rs` |
//!
//! Invariant MV-1: a view itself never changes but for `released`; slices and
//! casts are views of their own that share one `Managed`.
//! Tests: tests/binary.rs; CPython test_memoryview.

pub mod cast;
pub mod extent;
pub mod item;
pub mod methods;

use crate::buffer::{self, BufferView, Dims, Export, Hold};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use typhon_macros::Trace;
use typhon_object::native::instance;
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result};

/// What all views made from one `memoryview(o)` share.
#[derive(Trace)]
pub struct Managed {
    /// The exporter.
    pub owner: Obj,
    /// What its `__buffer__` returned, if that is written in Python.
    lent: Option<Obj>,
    hold: Option<Gc<Hold>>,
    views: AtomicUsize,
}

#[typhon_macros::class(name = "managedbuffer")]
impl Managed {}

/// The payload.
#[derive(Trace)]
pub struct MemoryView {
    managed: Gc<Managed>,
    view: BufferView,
    start: isize,
    format: Option<Gc<Str>>,
    /// The native format character, 0 if the format is another.
    code: u8,
    itemsize: usize,
    dims: Dims,
    released: AtomicBool,
    hash: AtomicI64,
    /// Operations under way that need the memory while Python code runs.
    busy: AtomicUsize,
}

impl MemoryView {
    /// `memoryview(o)`.
    pub fn over(cx: &mut Cx, o: Obj) -> Result<Gc<MemoryView>> {
        let Some(e) = buffer::export(cx, o, false)? else {
            return Err(
                cx.type_error(format!("memoryview: a bytes-like object is required, not '{}'", cx.type_name(o)))
            );
        };
        if let Some(m) = o.cast::<MemoryView>() {
            return MemoryView::sharing(cx, m.managed, e);
        }
        let hold = match e.exports {
            Some(x) => Some(Hold::on(cx, x)?),
            None => None,
        };
        let managed = instance(cx, Managed { owner: o, lent: e.released, hold, views: AtomicUsize::new(0) })?;
        MemoryView::sharing(cx, managed, e)
    }
    /// Another view of the same object.
    fn sharing(cx: &mut Cx, managed: Gc<Managed>, e: Export) -> Result<Gc<MemoryView>> {
        let v = MemoryView {
            managed,
            view: e.view,
            start: e.start,
            format: e.format,
            code: item::code_of(e.format),
            itemsize: e.itemsize,
            dims: e.dims,
            released: AtomicBool::new(false),
            hash: AtomicI64::new(-1),
            busy: AtomicUsize::new(0),
        };
        managed.views.fetch_add(1, Ordering::AcqRel);
        instance(cx, v)
    }
    /// A view like this one but for what `change` does.
    fn derive(&self, cx: &mut Cx, change: impl FnOnce(&mut Export)) -> Result<Gc<MemoryView>> {
        let mut e = self.describe();
        change(&mut e);
        MemoryView::sharing(cx, self.managed, e)
    }
    fn describe(&self) -> Export {
        Export {
            view: self.view,
            start: self.start,
            format: self.format,
            itemsize: self.itemsize,
            dims: self.dims,
            exports: None,
            released: None,
        }
    }
    /// Refuse to work once released.
    #[inline]
    pub fn check(&self, cx: &Cx) -> Result<()> {
        if self.released.load(Ordering::Relaxed) {
            return Err(cx.value_error("operation forbidden on released memoryview object"));
        }
        Ok(())
    }
    /// The buffer that this view exports in its turn.
    pub fn export(&self, cx: &Cx) -> Result<Export> {
        self.check(cx)?;
        Ok(self.describe())
    }
    /// An export as contiguous bytes, if its items lie like that.
    pub fn as_contiguous(e: &Export) -> Option<BufferView> {
        if !extent::is_contiguous(&e.dims, e.itemsize, true) {
            return None;
        }
        let n = extent::count(&e.dims) * e.itemsize;
        let start = if n == 0 { 0 } else { e.start as usize };
        Some(BufferView { memory: e.view.memory.part(start, n), ..e.view })
    }
    /// `release()`.
    pub fn release_now(&self, cx: &mut Cx) -> Result<()> {
        let n = self.busy.load(Ordering::Acquire);
        if n > 0 {
            let plural = if n == 1 { "" } else { "s" };
            return Err(cx.error(ExcKind::BufferError, format!("memoryview has {n} exported buffer{plural}")));
        }
        if self.released.swap(true, Ordering::AcqRel) || self.managed.views.fetch_sub(1, Ordering::AcqRel) != 1 {
            return Ok(());
        }
        let m = self.managed;
        if let Some(h) = m.hold {
            h.release();
        }
        match m.lent {
            Some(v) => buffer::release_python(cx, m.owner, v),
            None => Ok(()),
        }
    }
    /// Run `f`, during which the view cannot be released.
    fn pinned<R>(&self, cx: &mut Cx, f: impl FnOnce(&mut Cx) -> Result<R>) -> Result<R> {
        self.busy.fetch_add(1, Ordering::AcqRel);
        let r = f(cx);
        self.busy.fetch_sub(1, Ordering::AcqRel);
        r
    }
    /// The bytes of all items in C order (or Fortran order).
    pub fn gather(&self, fortran: bool) -> Vec<u8> {
        let e = self.describe();
        if !fortran && let Some(v) = MemoryView::as_contiguous(&e) {
            return v.as_slice().to_vec();
        }
        extent::gather(&e, fortran)
    }
}
