//! `_asyncio.Task`. How it is stepped is in `step.rs`.
//!
//! The tasks of a loop are found through the collector, which is told to watch each
//! that waits for its next step: nothing is to be done when one ends, and no table is
//! shared by the loops of several threads.
//!
//! Tests: tests/lang/asyncio.md; CPython test_asyncio.test_tasks, test_eager_task_factory.

use super::future::{Future, PENDING, no_deletion};
use super::{ISCOROUTINE, TASK_GET_STACK, TASK_PRINT_STACK, TASK_REPR, call_named, running, step, truth_of};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use typhon_builtins::set;
use typhon_macros::{Trace, class};
use typhon_object::interp::InterpRoot;
use typhon_object::native::{self, Args, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::{self, Str};
use typhon_object::types::Type;
use typhon_object::{Cx, Dunder, ExcKind, Raised, Result, int, name, ops, shape};

/// `cancel` was called while nothing could be cancelled.
pub const MUST_CANCEL: u32 = 1;
/// Dying unfinished is to be told of.
const LOG_PENDING: u32 = 2;
/// `all_tasks` finds it.
const REGISTERED: u32 = 4;

/// The payload of a task.
#[derive(Trace)]
#[repr(C)]
pub struct Task {
    /// That of the class it derives from.
    pub future: Future,
    /// What it waits for.
    pub waiter: Slot,
    /// The coroutine.
    pub coro: Slot,
    /// Its name; of one that was not given any, the number.
    name: Slot,
    /// The context it runs in.
    pub context: Slot,
    /// What is called when that which it waits for is done; made when first needed.
    pub wakeup: Slot,
    /// While it is started eagerly: the task that starts it.
    pub starter: Slot,
    cancels: AtomicU32,
    flags: AtomicU32,
}

static COUNTER: AtomicU64 = AtomicU64::new(1);

/// Tasks of other classes that were registered: a `WeakSet`.
static OTHERS: InterpRoot = InterpRoot::new();
/// The same for those in their first step.
static EAGER_OTHERS: InterpRoot = InterpRoot::new();

impl Task {
    /// Whether a flag is set.
    #[inline]
    pub fn has(&self, flag: u32) -> bool {
        self.flags.load(Ordering::Acquire) & flag != 0
    }
    /// Set or clear a flag.
    pub fn put(&self, flag: u32, on: bool) {
        if on {
            self.flags.fetch_or(flag, Ordering::AcqRel);
        } else if self.has(flag) {
            self.flags.fetch_and(!flag, Ordering::AcqRel);
        }
    }
    /// As the future it is.
    #[inline]
    pub fn future(this: Gc<Task>) -> Gc<Future> {
        Gc::of(&this.payload().future)
    }
    /// Let `all_tasks` find it, and the collector tell if it dies unfinished.
    pub fn register(this: Gc<Task>) {
        this.put(REGISTERED, true);
        Future::watch(Task::future(this));
    }
    /// Whether its `__del__` has nothing to do.
    pub fn idle(&self) -> bool {
        !(self.future.logs() || self.future.state() == PENDING && self.has(LOG_PENDING))
    }
    fn named(this: Gc<Task>, cx: &mut Cx) -> Result<Obj> {
        let p = this.payload();
        match p.name.obj() {
            None => Ok(Obj::NONE),
            Some(n) => match n.as_small_int() {
                None => Ok(n),
                Some(i) => {
                    let s = str::new(cx, &format!("Task-{i}"))?;
                    p.name.set(cx, this, s);
                    Ok(s.obj())
                }
            },
        }
    }
}

/// A coroutine wrapped in a Future.
#[class(module = "_asyncio", name = "Task", base = Future, subclassable, dict, weakref)]
impl Task {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Task> {
        let _ = (cx, cls, args);
        Ok(Task {
            future: Future::blank(),
            waiter: Slot::empty(),
            coro: Slot::empty(),
            name: Slot::empty(),
            context: Slot::empty(),
            wakeup: Slot::empty(),
            starter: Slot::empty(),
            cancels: AtomicU32::new(0),
            flags: AtomicU32::new(0),
        })
    }
    #[sig(coro, *, r#loop = None, name = None, context = None, eager_start = False)]
    fn __init__(
        this: Gc<Self>,
        cx: &mut Cx,
        coro: Obj,
        r#loop: Obj,
        name: Obj,
        context: Obj,
        eager_start: bool,
    ) -> Result<()> {
        let p = this.payload();
        Future::init(Task::future(this), cx, r#loop)?;
        if !is_coroutine(cx, coro)? {
            p.put(LOG_PENDING, false);
            let r = ops::repr(cx, coro)?;
            return Err(cx.type_error(format!("a coroutine was expected, got {}", r.to_str())));
        }
        let context = if context.is_none() { crate::contextvars::copy_current(cx)? } else { context };
        p.context.set(cx, this, context);
        p.waiter.clear();
        p.put(MUST_CANCEL, false);
        p.put(LOG_PENDING, true);
        p.cancels.store(0, Ordering::Relaxed);
        p.coro.set(cx, this, coro);
        let name = if name.is_none() {
            int::from_i128(cx, COUNTER.fetch_add(1, Ordering::Relaxed).into())?
        } else if ops::is_exact(name, shape::STR) {
            name
        } else {
            ops::to_str(cx, name)?.obj()
        };
        p.name.set(cx, this, name);
        if eager_start {
            let n = name!(cx, "is_running");
            let l = p.future.alive(cx)?;
            let running = call_named(cx, l, n, &[], None)?;
            if truth_of(cx, running)? {
                return step::start_eagerly(cx, this);
            }
        }
        // Should the loop refuse it, its death is told of all the same.
        Future::watch(Task::future(this));
        step::step_soon(cx, this, None)?;
        Task::register(this);
        Ok(())
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let f = TASK_REPR.get(cx)?;
        ops::call_args(cx, f, &[this.obj()])
    }
    fn __del__(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let f = Task::future(this);
        if this.future.state() == PENDING && this.has(LOG_PENDING) {
            this.put(LOG_PENDING, false);
            let r = Future::report(f, cx, "Task was destroyed but it is pending!", "task", None);
            if let Err(e) = r {
                crate::util::unraisable(cx, e, "Exception ignored while finalizing task", this.obj());
            }
        }
        Future::report_exception(f, cx)
    }
    #[sig(result, /)]
    fn set_result(&self, cx: &Cx, result: Obj) -> Result<()> {
        let _ = result;
        Err(cx.error(ExcKind::RuntimeError, "Task does not support set_result operation"))
    }
    #[sig(exception, /)]
    fn set_exception(&self, cx: &Cx, exception: Obj) -> Result<()> {
        let _ = exception;
        Err(cx.error(ExcKind::RuntimeError, "Task does not support set_exception operation"))
    }
    /// Request that this task cancel itself.
    ///
    /// This arranges for a CancelledError to be thrown into the
    /// wrapped coroutine on the next cycle through the event loop.
    /// The coroutine then has a chance to clean up or even deny
    /// the request using try/except/finally.
    ///
    /// Unlike Future.cancel, this does not guarantee that the
    /// task will be cancelled: the exception might be caught and
    /// acted upon, delaying cancellation of the task or preventing
    /// cancellation completely.  The task may also return a value or
    /// raise a different exception.
    ///
    /// Immediately after this method is called, Task.cancelled() will
    /// not return True (unless the task was already cancelled).  A
    /// task will be marked as cancelled when the wrapped coroutine
    /// terminates with a CancelledError exception (even if cancel()
    /// was not called).
    ///
    /// This also increases the task's count of cancellation requests.
    #[sig(msg = None)]
    fn cancel(this: Gc<Self>, cx: &mut Cx, msg: Obj) -> Result<bool> {
        let p = this.payload();
        p.future.alive(cx)?;
        p.future.forget_log();
        if p.future.state() != PENDING {
            return Ok(false);
        }
        p.cancels.fetch_add(1, Ordering::AcqRel);
        if let Some(w) = p.waiter.obj()
            && step::cancel(cx, w, msg)?
        {
            return Ok(true);
        }
        p.put(MUST_CANCEL, true);
        p.future.cancel_msg.set(cx, this, msg);
        Ok(true)
    }
    /// Return the count of the task's cancellation requests.
    ///
    /// This count is incremented when .cancel() is called
    /// and may be decremented using .uncancel().
    fn cancelling(&self) -> u32 {
        self.cancels.load(Ordering::Acquire)
    }
    /// Decrement the task's count of cancellation requests.
    ///
    /// This should be used by tasks that catch CancelledError
    /// and wish to continue indefinitely until they are cancelled again.
    ///
    /// Returns the remaining number of cancellation requests.
    fn uncancel(&self) -> u32 {
        let less = |n: u32| n.checked_sub(1);
        let before = self.cancels.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        if before == Ok(1) {
            self.put(MUST_CANCEL, false);
        }
        before.map_or(0, |n| n - 1)
    }
    /// Return the list of stack frames for this task's coroutine.
    ///
    /// If the coroutine is not done, this returns the stack where it is
    /// suspended.  If the coroutine has completed successfully or was
    /// cancelled, this returns an empty list.  If the coroutine was
    /// terminated by an exception, this returns the list of traceback
    /// frames.
    ///
    /// The frames are always ordered from oldest to newest.
    ///
    /// The optional limit gives the maximum number of frames to
    /// return; by default all available frames are returned.  Its
    /// meaning differs depending on whether a stack or a traceback is
    /// returned: the newest frames of a stack are returned, but the
    /// oldest frames of a traceback are returned.  (This matches the
    /// behavior of the traceback module.)
    ///
    /// For reasons beyond our control, only one stack frame is
    /// returned for a suspended coroutine.
    #[sig(*, limit = None)]
    fn get_stack(this: Gc<Self>, cx: &mut Cx, limit: Obj) -> Result<Obj> {
        let f = TASK_GET_STACK.get(cx)?;
        ops::call_args(cx, f, &[this.obj(), limit])
    }
    /// Print the stack or traceback for this task's coroutine.
    ///
    /// This produces output similar to that of the traceback module,
    /// for the frames retrieved by get_stack().  The limit argument
    /// is passed to get_stack().  The file argument is an I/O stream
    /// to which the output is written; by default output is written
    /// to sys.stderr.
    #[sig(*, limit = None, file = None)]
    fn print_stack(this: Gc<Self>, cx: &mut Cx, limit: Obj, file: Obj) -> Result<Obj> {
        let f = TASK_PRINT_STACK.get(cx)?;
        ops::call_args(cx, f, &[this.obj(), limit, file])
    }
    /// Create the CancelledError to raise if the Task is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[name("_make_cancelled_error")]
    fn make_cancelled_error(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Future::cancelled_error(Task::future(this), cx).map(Raised::obj)
    }
    fn get_name(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Task::named(this, cx)
    }
    #[sig(value, /)]
    fn set_name(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<()> {
        let n: Gc<Str> = ops::to_str(cx, value)?;
        this.payload().name.set(cx, this, n);
        Ok(())
    }
    fn get_coro(&self) -> Option<Obj> {
        self.coro.obj()
    }
    fn get_context(&self) -> Option<Obj> {
        self.context.obj()
    }
    /// Tasks are generic over the return type of their wrapped coroutines
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, object: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), object)
    }
    #[getter]
    #[name("_log_destroy_pending")]
    fn log_destroy_pending(&self) -> bool {
        self.has(LOG_PENDING)
    }
    #[setter]
    #[name("_log_destroy_pending")]
    fn set_log_destroy_pending(&self, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        let Some(v) = v.given() else { return Err(no_deletion(cx)) };
        let on = ops::truth(cx, v)?;
        self.put(LOG_PENDING, on);
        Ok(())
    }
    #[getter]
    #[name("_must_cancel")]
    fn must_cancel(&self) -> bool {
        self.has(MUST_CANCEL)
    }
    #[getter]
    #[name("_coro")]
    fn coro_value(&self) -> Option<Obj> {
        self.coro.obj()
    }
    #[getter]
    #[name("_fut_waiter")]
    fn fut_waiter(&self) -> Option<Obj> {
        self.waiter.obj()
    }
}

fn is_coroutine(cx: &mut Cx, o: Obj) -> Result<bool> {
    if o.shape() == shape::COROUTINE {
        return Ok(true);
    }
    let f = ISCOROUTINE.get(cx)?;
    let r = ops::call_args(cx, f, &[o])?;
    ops::truth(cx, r)
}

/// Whether the `__del__` of a dead object would do nothing (see `native::set_idle_filter`).
pub fn dies_idle(o: Obj) -> bool {
    let del = ops::class_of(o).special(Dunder::Del);
    let own = |t: Option<Gc<Type>>| t.is_some_and(|t| t.special(Dunder::Del) == del);
    if let Some(t) = o.cast::<Task>() {
        return own(Task::class()) && t.idle();
    }
    match o.cast::<Future>() {
        Some(f) => own(Future::class()) && !f.logs(),
        None => false,
    }
}

/// The class, if it exists yet.
trait Existing {
    fn class() -> Option<Gc<Type>>;
}
impl<T: native::NativeClass> Existing for T {
    fn class() -> Option<Gc<Type>> {
        T::cell().get()
    }
}

fn others(cx: &mut Cx, root: &'static InterpRoot, weak: bool) -> Result<Obj> {
    if let Some(s) = Obj::from_word(root.get(cx)) {
        return Ok(s);
    }
    let s = if weak {
        let m = crate::util::import(cx, "weakref")?;
        ops::call_method(cx, m, "WeakSet", &[])?
    } else {
        set::new(cx)?
    };
    root.set(cx, s.word());
    Ok(s)
}

/// `_register_task` and `_register_eager_task`.
pub fn register(cx: &mut Cx, task: Obj, eager: bool) -> Result<()> {
    match task.cast::<Task>() {
        Some(t) => Task::register(t),
        None => {
            let s = others(cx, if eager { &EAGER_OTHERS } else { &OTHERS }, !eager)?;
            ops::call_method(cx, s, "add", &[task])?;
        }
    }
    Ok(())
}

/// `_unregister_task` and `_unregister_eager_task`.
pub fn unregister(cx: &mut Cx, task: Obj, eager: bool) -> Result<()> {
    match task.cast::<Task>() {
        Some(t) => t.put(REGISTERED, false),
        None => {
            let s = others(cx, if eager { &EAGER_OTHERS } else { &OTHERS }, !eager)?;
            ops::call_method(cx, s, "discard", &[task])?;
        }
    }
    Ok(())
}

/// `all_tasks`.
pub fn all_tasks(cx: &mut Cx, event_loop: Obj) -> Result<Obj> {
    let found = set::new(cx)?;
    // In their first step: eagerly started tasks are known to what runs.
    let mut at = running::current_task(cx, event_loop)?;
    while let Some(t) = at.and_then(|o| o.cast::<Task>()) {
        if t.starter.obj().is_some() && t.future.state() == PENDING {
            set::add(cx, found, t.obj())?;
        }
        at = t.starter.obj();
    }
    let mine =
        |t: Gc<Task>| t.has(REGISTERED) && t.future.event_loop() == Some(event_loop) && t.future.state() == PENDING;
    let (tasks, n) = native::watched::<Task>(cx, mine)?;
    for t in (0..n).filter_map(|i| tasks.get(i)) {
        set::add(cx, found, t)?;
    }
    for root in [&EAGER_OTHERS, &OTHERS] {
        let Some(s) = Obj::from_word(root.get(cx)) else { continue };
        let l = ops::list_from_iter(cx, s)?;
        for t in (0..).map_while(|i| l.get(i)) {
            if super::future::loop_of(cx, t)? != event_loop {
                continue;
            }
            let n = name!(cx, "done");
            let done = call_named(cx, t, n, &[], None)?;
            if !truth_of(cx, done)? {
                set::add(cx, found, t)?;
            }
        }
    }
    Ok(found)
}
