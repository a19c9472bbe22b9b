//! `_queue`: `SimpleQueue`, a queue without bounds between threads.
//!
//! A permit of the semaphore stands for an item, put in before the permit is
//! given; who has taken a permit finds an item.
//! Tests: tests/lang/threads.md; CPython test_queue.

use crate::lock;
use std::collections::VecDeque;
use typhon_macros::{Trace, class, module};
use typhon_object::exc_class::exception_class;
use typhon_object::interp::InterpRoot;
use typhon_object::native::Args;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Guarded, Obj, Raised, Result, float, int, name, ops, str};
use typhon_sync::park::Semaphore;

static EMPTY: InterpRoot = InterpRoot::new();

fn empty_class(cx: &mut Cx) -> Result<Gc<Type>> {
    if let Some(t) = Obj::from_word(EMPTY.get(cx)).and_then(|o| o.cast()) {
        return Ok(t);
    }
    let class = exception_class(cx, &EMPTY, "_queue", "Empty", ExcKind::Exception)?;
    let doc = str::new(cx, "Exception raised by Queue.get(block=0)/get_nowait().")?;
    types::set_attr(cx, class, name!(cx, "__doc__"), Some(doc.obj()))?;
    Ok(class)
}

#[cold]
fn empty(cx: &mut Cx) -> Raised {
    let made = empty_class(cx).and_then(|c| ops::call_args(cx, c.obj(), &[]));
    match made {
        Ok(e) => e.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::SystemError, "Empty is no exception")),
        Err(e) => e,
    }
}

/// Seconds to wait; -1 for ever.
fn seconds(cx: &mut Cx, v: Obj) -> Result<f64> {
    if v.is_none() {
        return Ok(-1.0);
    }
    let range = "timestamp out of range for C PyTime_t";
    let s = match float::value(v) {
        Some(f) if f.is_nan() => return Err(cx.value_error("Invalid value NaN (not a number)")),
        Some(f) => f,
        None if int::is_int(v) => ops::index_i64(cx, v, range)? as f64,
        None => {
            return Err(
                cx.type_error(format!("'{}' object cannot be interpreted as an integer or float", cx.type_name(v)))
            );
        }
    };
    if s.abs() > 9.2e9 {
        return Err(cx.error(ExcKind::OverflowError, range));
    }
    if s < 0.0 {
        return Err(cx.value_error("'timeout' must be a non-negative number"));
    }
    Ok(s)
}

/// `_queue.SimpleQueue`.
#[derive(Trace)]
pub struct SimpleQueue {
    items: Guarded<VecDeque<Obj>>,
    #[trace(skip)]
    permits: Semaphore,
}

impl SimpleQueue {
    fn add(&self, cx: &Cx, item: Obj) {
        self.items.write(cx, self).push_back(item);
        self.permits.release();
    }
    fn take(&self, cx: &mut Cx) -> Result<Obj> {
        let first = self.items.write(cx, self).pop_front();
        first.ok_or_else(|| empty(cx))
    }
}

/// Simple, unbounded, reentrant FIFO queue.
#[class(module = "_queue", name = "SimpleQueue", subclassable, weakref)]
impl SimpleQueue {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<SimpleQueue> {
        if cls.is_native() && !args.all().is_empty() {
            let what = if args.pos.is_empty() { "keyword" } else { "positional" };
            return Err(cx.type_error(format!("SimpleQueue() takes no {what} arguments")));
        }
        Ok(SimpleQueue { items: Guarded::new(VecDeque::new()), permits: Semaphore::new(0) })
    }
    /// Put the item on the queue.
    ///
    /// The optional 'block' and 'timeout' arguments are ignored, as this method
    /// never blocks.  They are provided for compatibility with the Queue class.
    #[sig(item, block = True, timeout = None)]
    fn put(&self, cx: &mut Cx, item: Obj, block: bool, timeout: Obj) {
        let _ = (block, timeout);
        self.add(cx, item);
    }
    /// Put an item into the queue without blocking.
    ///
    /// This is exactly equivalent to `put(item)` and is only provided
    /// for compatibility with the Queue class.
    #[sig(item)]
    fn put_nowait(&self, cx: &mut Cx, item: Obj) {
        self.add(cx, item);
    }
    /// Remove and return an item from the queue.
    ///
    /// If optional args 'block' is true and 'timeout' is None (the default),
    /// block if necessary until an item is available. If 'timeout' is
    /// a non-negative number, it blocks at most 'timeout' seconds and raises
    /// the Empty exception if no item was available within that time.
    /// Otherwise ('block' is false), return an item if one is immediately
    /// available, else raise the Empty exception ('timeout' is ignored
    /// in that case).
    #[sig(block = True, timeout = None)]
    fn get(&self, cx: &mut Cx, block: bool, timeout: Obj) -> Result<Obj> {
        let got = if !block {
            self.permits.try_acquire()
        } else {
            let s = seconds(cx, timeout)?;
            self.permits.try_acquire() || lock::acquire_within(cx, &self.permits, s)?
        };
        if got { self.take(cx) } else { Err(empty(cx)) }
    }
    /// Remove and return an item from the queue without blocking.
    ///
    /// Only get an item if one is immediately available. Otherwise
    /// raise the Empty exception.
    fn get_nowait(&self, cx: &mut Cx) -> Result<Obj> {
        if self.permits.try_acquire() { self.take(cx) } else { Err(empty(cx)) }
    }
    /// Return True if the queue is empty, False otherwise (not reliable!).
    fn empty(&self, cx: &Cx) -> bool {
        self.items.read(cx).is_empty()
    }
    /// Return the approximate size of the queue (not reliable!).
    fn qsize(&self, cx: &Cx) -> usize {
        self.items.read(cx).len()
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        match cx.rt().hooks().generic_alias.get().copied() {
            Some(f) => f(cx, cls.obj(), item),
            None => Err(cx.type_error("classes are not subscriptable yet")),
        }
    }
}

/// C implementation of the Python queue module.
/// This module is an implementation detail, please do not use it directly.
#[module("_queue", classes(SimpleQueue))]
pub mod functions {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let e = empty_class(cx)?;
        ops::set_attr(cx, module, name!(cx, "Empty"), Some(e.obj()))
    }
}
