//! `_interpqueues`: queues between interpreters.
//!
//! A queue is known by its number. It goes when as many have let go of it as have bound
//! themselves to it. An item is plain data; with its interpreter's end it goes or leaves
//! a gap behind, as the sender wished.
//!
//! Invariant XQ-1: the table is locked for bounded time, by attached threads that neither
//! allocate nor poll meanwhile, and nothing is dropped under the lock: an item may hold a
//! reference to a queue.
//! Tests: tests/lang/interpreters.md; CPython test_interpreters.test_queues.

use super::data::Data;
use super::errors::{self, documented};
use super::{fallback, id_arg, unbound};
use crate::import;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use typhon_macros::module;
use typhon_object::exc_class::{exception_class, exception_subclass};
use typhon_object::interp::InterpRoot;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, list, name, ops, tuple};

const HOME: &str = "concurrent.interpreters";
/// The Python part, which tells of its classes when it is imported.
const PYTHON: &str = "concurrent.interpreters._queues";

static ERROR: InterpRoot = InterpRoot::new();
static NOT_FOUND: InterpRoot = InterpRoot::new();
static QUEUE: InterpRoot = InterpRoot::new();
static EMPTY: InterpRoot = InterpRoot::new();
static FULL: InterpRoot = InterpRoot::new();

struct Item {
    /// `None` once its interpreter has ended.
    data: Option<Data>,
    interp: i64,
    unbound: i64,
}

struct Queue {
    items: VecDeque<Item>,
    maxsize: i64,
    unbound: i64,
    fallback: i64,
    refs: i64,
}

struct Table {
    queues: BTreeMap<i64, Queue>,
    next: i64,
}

static TABLE: Mutex<Table> = Mutex::new(Table { queues: BTreeMap::new(), next: 1 });

fn table() -> MutexGuard<'static, Table> {
    // XQ-1.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A queue on its way between interpreters, which it outlives.
pub struct QueueRef(i64);

impl QueueRef {
    fn new(id: i64) -> Option<QueueRef> {
        table().queues.get_mut(&id)?.refs += 1;
        Some(QueueRef(id))
    }
}

impl Drop for QueueRef {
    fn drop(&mut self) {
        drop(release(self.0));
    }
}

/// One reference less; what the queue had, if that was the last. `Err(true)`: nobody is
/// bound to it; `Err(false)`: there is no such queue.
fn release(id: i64) -> std::result::Result<Option<Queue>, bool> {
    let mut t = table();
    let q = t.queues.get_mut(&id).ok_or(false)?;
    if q.refs == 0 {
        return Err(true);
    }
    q.refs -= 1;
    let last = q.refs == 0;
    Ok(if last { t.queues.remove(&id) } else { None })
}

/// The items of an interpreter that has ended.
pub fn forget_items(_cx: &Cx, interp: i64) {
    let mut dead = Vec::new();
    for q in table().queues.values_mut() {
        let (gone, kept) =
            std::mem::take(&mut q.items).into_iter().partition(|i| i.interp == interp && i.unbound == unbound::REMOVE);
        q.items = kept;
        dead.extend::<VecDeque<Item>>(gone);
        for i in q.items.iter_mut().filter(|i| i.interp == interp && i.data.is_some()) {
            dead.push(Item { data: i.data.take(), interp, unbound: 0 });
        }
    }
}

fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    let class = exception_class(cx, &ERROR, HOME, "QueueError", ExcKind::RuntimeError)?;
    documented(cx, class, "Indicates that a queue-related error happened.")
}

fn not_found_class(cx: &mut Cx) -> Result<Gc<Type>> {
    let base = error_class(cx)?;
    exception_subclass(cx, &NOT_FOUND, HOME, "QueueNotFoundError", base)
}

#[cold]
fn not_found(cx: &mut Cx, id: i64) -> Raised {
    let class = not_found_class(cx);
    errors::raised(cx, class, &format!("queue {id} not found"))
}

/// A class that the Python part has told of.
fn registered(cx: &mut Cx, root: &'static InterpRoot) -> Result<Gc<Type>> {
    if root.get(cx) == 0 {
        import::import_module(cx, PYTHON)?;
    }
    match Obj::from_word(root.get(cx)).and_then(|o| o.cast::<Type>()) {
        Some(t) => Ok(t),
        None => Err(cx.error(ExcKind::RuntimeError, format!("{PYTHON} has not registered its types"))),
    }
}

#[cold]
fn refused(cx: &mut Cx, root: &'static InterpRoot, id: i64, how: &str) -> Raised {
    let class = registered(cx, root);
    errors::raised(cx, class, &format!("queue {id} is {how}"))
}

/// Whether the object is a `Queue` of this interpreter.
pub fn is_queue(cx: &Cx, o: Obj) -> bool {
    QUEUE.get(cx) != 0 && ops::class_of(o).obj().word() == QUEUE.get(cx)
}

/// What is sent of a `Queue`.
pub fn reference(cx: &mut Cx, o: Obj) -> Result<Option<QueueRef>> {
    if !is_queue(cx, o) {
        return Ok(None);
    }
    let id = ops::get_attr(cx, o, name!(cx, "_id"))?;
    let id = id_arg(cx, id, "queue")?;
    match QueueRef::new(id) {
        Some(r) => Ok(Some(r)),
        None => Err(not_found(cx, id)),
    }
}

/// The `Queue` that was sent.
pub fn object(cx: &mut Cx, q: &QueueRef) -> Result<Obj> {
    let class = registered(cx, &QUEUE)?;
    ops::call_args(cx, class.obj(), &[Obj::int_unchecked(q.0)])
}

fn with<R>(cx: &mut Cx, qid: Obj, f: impl FnOnce(&mut Queue) -> R) -> Result<R> {
    let id = id_arg(cx, qid, "queue")?;
    // XQ-1: `f` is dropped outside if there is no such queue.
    let found = {
        let mut t = table();
        match t.queues.get_mut(&id) {
            Some(q) => Ok(f(q)),
            None => Err(f),
        }
    };
    found.map_err(|_| not_found(cx, id))
}

fn pair(cx: &Cx, a: Obj, b: Obj) -> Result<Obj> {
    Ok(tuple::new(cx, &[a, b])?.obj())
}

/// This module provides primitive operations to communicate between
/// interpreters by queues.
#[module("_interpqueues")]
pub mod functions {
    use super::*;

    /// Create a new cross-interpreter queue and return its unique generated ID.
    #[sig(maxsize, unboundop = -1, fallback = -1)]
    fn create(cx: &mut Cx, maxsize: i64, unboundop: i64, fallback: i64) -> Result<i64> {
        let unbound = unbound::check(cx, unboundop, unbound::REPLACE)?;
        let fallback = fallback::check(cx, fallback, fallback::FULL)?;
        let mut t = table();
        let id = t.next;
        t.next += 1;
        t.queues.insert(id, Queue { items: VecDeque::new(), maxsize, unbound, fallback, refs: 0 });
        Ok(id)
    }

    /// Clear and destroy the queue.  Afterward attempts to use the queue
    /// will behave as though it never existed.
    #[sig(qid)]
    fn destroy(cx: &mut Cx, qid: Obj) -> Result<()> {
        let id = id_arg(cx, qid, "queue")?;
        let gone = table().queues.remove(&id);
        match gone {
            Some(_) => Ok(()),
            None => Err(not_found(cx, id)),
        }
    }

    /// Return the list of IDs for all queues.
    fn list_all(cx: &mut Cx) -> Result<Obj> {
        super::super::settle(cx);
        // The newest first.
        let all: Vec<_> = table().queues.iter().rev().map(|(id, q)| [*id, q.unbound, q.fallback]).collect();
        let l = list::new(cx, &[])?;
        for row in all {
            let row = tuple::new(cx, &row.map(Obj::int_unchecked))?;
            l.append(cx, row.obj())?;
        }
        Ok(l.obj())
    }

    /// Add the object's data to the queue.
    #[sig(qid, obj, unboundop = -1, fallback = -1)]
    fn put(cx: &mut Cx, qid: Obj, obj: Obj, unboundop: i64, fallback: i64) -> Result<()> {
        let id = id_arg(cx, qid, "queue")?;
        let defaults = with(cx, qid, |q| (q.unbound, q.fallback))?;
        let unbound = unbound::check(cx, unboundop, defaults.0)?;
        let full = fallback::check(cx, fallback, defaults.1)? == fallback::FULL;
        let data = Some(Data::of(cx, obj, full)?);
        let item = Item { data, interp: cx.interp().id(), unbound };
        let left = with(cx, qid, |q| {
            if q.maxsize > 0 && q.items.len() as i64 >= q.maxsize {
                return Some(item);
            }
            q.items.push_back(item);
            None
        })?;
        match left {
            None => Ok(()),
            Some(_) => Err(refused(cx, &FULL, id, "full")),
        }
    }

    /// Return the (object, unbound op) from the front of the queue.
    ///
    /// If there is nothing to receive then raise QueueEmpty.
    #[sig(qid)]
    fn get(cx: &mut Cx, qid: Obj) -> Result<Obj> {
        let id = id_arg(cx, qid, "queue")?;
        let Some(item) = with(cx, qid, |q| q.items.pop_front())? else {
            return Err(refused(cx, &EMPTY, id, "empty"));
        };
        match item.data {
            Some(d) => {
                let o = d.to_obj(cx)?;
                pair(cx, o, Obj::NONE)
            }
            None => pair(cx, Obj::NONE, Obj::int_unchecked(item.unbound)),
        }
    }

    /// Take a reference to the identified queue.
    /// The queue is not destroyed until there are no references left.
    #[sig(qid)]
    fn bind(cx: &mut Cx, qid: Obj) -> Result<()> {
        with(cx, qid, |q| q.refs += 1)
    }

    /// Release a reference to the queue.
    /// The queue is destroyed once there are no references left.
    #[sig(qid)]
    fn release(cx: &mut Cx, qid: Obj) -> Result<()> {
        let id = id_arg(cx, qid, "queue")?;
        match super::release(id) {
            Ok(_) => Ok(()),
            Err(false) => Err(not_found(cx, id)),
            Err(true) => {
                let class = error_class(cx);
                Err(errors::raised(cx, class, &format!("queue {id} not bound")))
            }
        }
    }

    /// Return the maximum number of items in the queue.
    #[sig(qid)]
    fn get_maxsize(cx: &mut Cx, qid: Obj) -> Result<i64> {
        with(cx, qid, |q| q.maxsize)
    }

    /// Return the queue's default values, set when it was created.
    #[sig(qid)]
    fn get_queue_defaults(cx: &mut Cx, qid: Obj) -> Result<(i64, i64)> {
        with(cx, qid, |q| (q.unbound, q.fallback))
    }

    /// Return true if the queue has a maxsize and has reached it.
    #[sig(qid)]
    fn is_full(cx: &mut Cx, qid: Obj) -> Result<bool> {
        with(cx, qid, |q| q.maxsize > 0 && q.items.len() as i64 >= q.maxsize)
    }

    /// Return the number of items in the queue.
    #[sig(qid)]
    fn get_count(cx: &mut Cx, qid: Obj) -> Result<usize> {
        with(cx, qid, |q| q.items.len())
    }

    /// Tell of the classes of the Python part.
    #[sig(queuetype, emptyerror, fullerror)]
    fn _register_heap_types(cx: &mut Cx, queuetype: Obj, emptyerror: Obj, fullerror: Obj) -> Result<()> {
        let given = [("queuetype", queuetype), ("emptyerror", emptyerror), ("fullerror", fullerror)];
        for (n, o) in given {
            if o.cast::<Type>().is_none() {
                return Err(cx.type_error(format!("expected a type for '{n}'")));
            }
        }
        QUEUE.set(cx, queuetype.word());
        EMPTY.set(cx, emptyerror.word());
        FULL.set(cx, fullerror.word());
        Ok(())
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let (a, b) = (error_class(cx)?, not_found_class(cx)?);
        ops::set_attr(cx, module, name!(cx, "QueueError"), Some(a.obj()))?;
        ops::set_attr(cx, module, name!(cx, "QueueNotFoundError"), Some(b.obj()))
    }
}
