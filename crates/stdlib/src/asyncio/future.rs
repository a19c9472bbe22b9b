//! `_asyncio.Future`.
//!
//! A future belongs to its loop's thread. Other threads may still call its methods:
//! whether it is done and who waits change together, under the lock of `callbacks`,
//! so no callback is lost or called twice.
//!
//! Its death is watched only once an exception has been set ([`Future::watch`]): before
//! that its `__del__` has nothing to say.
//!
//! Tests: tests/lang/asyncio.md; CPython test_asyncio.test_futures.

use super::iter::FutureIter;
use super::{CANCELLED_ERROR, FUTURE_REPR, INVALID_STATE, call_named, call_soon, truth_of};
use crate::util;
use std::sync::atomic::{AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::exc::BaseException;
use typhon_object::list::{self, List};
use typhon_object::native::{self, Args, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Guarded, Raised, Result, dict, name, ops, shape, tuple};

/// Nothing is known yet.
pub const PENDING: u32 = 0;
/// Has been cancelled.
pub const CANCELLED: u32 = 1;
/// Has a result or an exception.
pub const FINISHED: u32 = 2;
const STATE: u32 = 3;
/// Its exception has not been looked at.
const LOG_TB: u32 = 4;
/// It was yielded by its own iterator.
const BLOCKING: u32 = 8;
/// `awaited_by` is a set of tasks.
const AWAITED_BY_MANY: u32 = 16;
/// The collector tells of its death.
const WATCHED: u32 = 32;

/// The payload of a future, with which that of a task begins.
#[derive(Trace)]
#[repr(C)]
pub struct Future {
    event_loop: Slot,
    callbacks: Guarded<Callbacks>,
    result: Slot,
    exception: Slot<BaseException>,
    exception_tb: Slot,
    source_tb: Slot,
    /// What the last `cancel` said.
    pub cancel_msg: Slot,
    /// The error that cancelled a task, to be raised to the first who asks.
    pub cancelled_exc: Slot<BaseException>,
    awaited_by: Slot,
    flags: AtomicU32,
}

/// Whom to call. Nearly always there is one.
#[derive(Trace, Default)]
struct Callbacks {
    first: Option<Obj>,
    context: Option<Obj>,
    /// Callback, context, callback, context, ...
    rest: Option<Gc<List>>,
}

impl Callbacks {
    /// In order of addition.
    fn pairs(&self) -> impl Iterator<Item = (Obj, Obj)> {
        let rest = self.rest;
        let pair = move |i: usize| Some((rest?.get(2 * i)?, rest?.get(2 * i + 1)?));
        self.first.zip(self.context).into_iter().chain((0usize..).map_while(pair))
    }
}

impl Future {
    /// One whose `__init__` has not run.
    pub fn blank() -> Future {
        Future {
            event_loop: Slot::empty(),
            callbacks: Guarded::new(Callbacks::default()),
            result: Slot::empty(),
            exception: Slot::empty(),
            exception_tb: Slot::empty(),
            source_tb: Slot::empty(),
            cancel_msg: Slot::empty(),
            cancelled_exc: Slot::empty(),
            awaited_by: Slot::empty(),
            flags: AtomicU32::new(PENDING),
        }
    }
    fn has(&self, flag: u32) -> bool {
        self.flags.load(Ordering::Acquire) & flag != 0
    }
    fn put(&self, flag: u32, on: bool) {
        if on {
            self.flags.fetch_or(flag, Ordering::AcqRel);
        } else if self.has(flag) {
            self.flags.fetch_and(!flag, Ordering::AcqRel);
        }
    }
    /// One of the states above.
    #[inline]
    pub fn state(&self) -> u32 {
        self.flags.load(Ordering::Acquire) & STATE
    }
    /// Whether its iterator has just yielded it.
    #[inline]
    pub fn blocking(&self) -> bool {
        self.has(BLOCKING)
    }
    /// See [`Future::blocking`].
    pub fn set_blocking(&self, on: bool) {
        self.put(BLOCKING, on);
    }
    /// Its loop, if `__init__` has run.
    #[inline]
    pub fn event_loop(&self) -> Option<Obj> {
        self.event_loop.obj()
    }
    /// The same, or the error.
    pub fn alive(&self, cx: &Cx) -> Result<Obj> {
        self.event_loop.obj().ok_or_else(|| cx.error(ExcKind::RuntimeError, "Future object is not initialized."))
    }
    /// Whether `__del__` has an exception to tell of.
    pub fn logs(&self) -> bool {
        self.has(LOG_TB)
    }
    /// It is looked after: its exception needs no report.
    pub fn forget_log(&self) {
        self.put(LOG_TB, false);
    }
    /// Have `__del__` run. Instances of Python classes are watched from their birth.
    pub fn watch(this: Gc<Future>) {
        if !this.has(WATCHED) {
            this.put(WATCHED, true);
            if !ops::class_of(this.obj()).has_finalizer() {
                native::watch_death(this.obj());
            }
        }
    }

    /// What `__init__` does.
    pub fn init(this: Gc<Future>, cx: &mut Cx, event_loop: Obj) -> Result<()> {
        let p = this.payload();
        p.flags.fetch_and(WATCHED, Ordering::AcqRel);
        *p.callbacks.write(cx, p) = Callbacks::default();
        for s in [&p.event_loop, &p.result, &p.exception_tb, &p.source_tb, &p.cancel_msg, &p.awaited_by] {
            s.clear();
        }
        p.exception.clear();
        p.cancelled_exc.clear();
        let l = if event_loop.is_none() { super::get_event_loop(cx)? } else { event_loop };
        p.event_loop.set(cx, this, l);
        let n = name!(cx, "get_debug");
        let debug = call_named(cx, l, n, &[], None)?;
        if truth_of(cx, debug)? && !cx.rt().finalizing.load(Ordering::Relaxed) {
            let f = super::EXTRACT_STACK.get(cx)?;
            let tb = ops::call_args(cx, f, &[])?;
            p.source_tb.set(cx, this, tb);
        }
        Ok(())
    }

    /// Make it done: false if it is already. `fill` stores what there is to store.
    fn settle(this: Gc<Future>, cx: &mut Cx, state: u32, fill: impl FnOnce(&Cx, &Future)) -> Result<bool> {
        let p = this.payload();
        let event_loop = p.alive(cx)?;
        let waiting = {
            let mut waiting = p.callbacks.write(cx, p);
            if p.state() != PENDING {
                return Ok(false);
            }
            fill(cx, p);
            p.put(state, true);
            std::mem::take(&mut *waiting)
        };
        for (f, context) in waiting.pairs() {
            call_soon(cx, event_loop, f, Some(this.obj()), context)?;
        }
        Ok(true)
    }

    fn invalid(cx: &mut Cx) -> Raised {
        INVALID_STATE.error(cx, "invalid state")
    }

    /// `Future.set_result`.
    pub fn resolve(this: Gc<Future>, cx: &mut Cx, value: Obj) -> Result<()> {
        match Future::settle(this, cx, FINISHED, |cx, p| p.result.set(cx, this, value))? {
            true => Ok(()),
            false => Err(Future::invalid(cx)),
        }
    }

    /// `Future.set_exception`.
    pub fn fail(this: Gc<Future>, cx: &mut Cx, exception: Obj) -> Result<()> {
        this.alive(cx)?;
        if this.state() != PENDING {
            return Err(Future::invalid(cx));
        }
        let class = exception.cast::<Type>().filter(|t| t.is_subtype(ExcKind::BaseException.class(cx)));
        let o = if class.is_some() { ops::call_args(cx, exception, &[])? } else { exception };
        let Some(mut e) = o.cast::<BaseException>() else { return Err(cx.type_error("invalid exception object")) };
        if ExcKind::StopIteration.matches(cx, o) {
            let text = "StopIteration interacts badly with generators and cannot be raised into a Future";
            let new = cx.error(ExcKind::RuntimeError, text).0;
            new.cause.set(cx, new, e);
            new.context.set(cx, new, e);
            new.suppress_context.store(true, Ordering::Relaxed);
            e = new;
        }
        let store = |cx: &Cx, p: &Future| {
            p.exception.set(cx, this, e);
            p.exception_tb.put(cx, this, e.traceback.obj());
        };
        if !Future::settle(this, cx, FINISHED, store)? {
            return Err(Future::invalid(cx));
        }
        this.put(LOG_TB, true);
        Future::watch(this);
        Ok(())
    }

    /// `Future.cancel`.
    pub fn cancel_now(this: Gc<Future>, cx: &mut Cx, msg: Option<Obj>) -> Result<bool> {
        this.alive(cx)?;
        this.put(LOG_TB, false);
        Future::settle(this, cx, CANCELLED, |cx, p| p.cancel_msg.put(cx, this, msg))
    }

    /// `Future.add_done_callback` with a context.
    pub fn when_done(this: Gc<Future>, cx: &mut Cx, f: Obj, context: Obj) -> Result<()> {
        let p = this.payload();
        let event_loop = p.alive(cx)?;
        {
            let mut waiting = p.callbacks.write(cx, p);
            if p.state() == PENDING {
                match (waiting.first, waiting.rest) {
                    (None, None) => (waiting.first, waiting.context) = (Some(f), Some(context)),
                    (_, Some(l)) => l.write(cx).extend(&[f, context])?,
                    (_, None) => waiting.rest = Some(list::new(cx, &[f, context])?),
                }
                return Ok(());
            }
        }
        call_soon(cx, event_loop, f, Some(this.obj()), context)
    }

    /// The CancelledError to raise.
    pub fn cancelled_error(this: Gc<Future>, cx: &mut Cx) -> Result<Raised> {
        if let Some(e) = this.cancelled_exc.get() {
            this.cancelled_exc.clear();
            return Ok(Raised(e));
        }
        let class = CANCELLED_ERROR.get(cx)?;
        let msg = this.cancel_msg.obj().filter(|m| !m.is_none());
        let o = match msg {
            Some(m) => ops::call_args(cx, class, &[m])?,
            None => ops::call_args(cx, class, &[])?,
        };
        o.cast().map(Raised).ok_or_else(|| cx.type_error("exceptions must derive from BaseException"))
    }

    /// `Future.result()`.
    pub fn outcome(this: Gc<Future>, cx: &mut Cx) -> Result<Obj> {
        if this.event_loop.obj().is_none() {
            return Err(INVALID_STATE.error(cx, "Future object is not initialized."));
        }
        match this.state() {
            CANCELLED => return Err(Future::cancelled_error(this, cx)?),
            PENDING => return Err(INVALID_STATE.error(cx, "Result is not set.")),
            _ => {}
        }
        this.put(LOG_TB, false);
        match this.exception.get() {
            Some(e) => {
                e.traceback.put(cx, e, this.exception_tb.obj());
                this.exception_tb.clear();
                Err(Raised(e))
            }
            None => Ok(this.result.obj().unwrap_or(Obj::NONE)),
        }
    }

    /// `future_add_to_awaited_by`.
    pub fn add_awaited_by(this: Gc<Future>, cx: &mut Cx, waiter: Obj) -> Result<()> {
        match this.awaited_by.obj() {
            None => this.payload().awaited_by.set(cx, this, waiter),
            Some(set) if this.has(AWAITED_BY_MANY) => typhon_builtins::set::add(cx, set, waiter)?,
            Some(one) if one == waiter => {}
            Some(one) => {
                let set = typhon_builtins::set::new(cx)?;
                typhon_builtins::set::add(cx, set, one)?;
                typhon_builtins::set::add(cx, set, waiter)?;
                this.payload().awaited_by.set(cx, this, set);
                this.put(AWAITED_BY_MANY, true);
            }
        }
        Ok(())
    }

    /// `future_discard_from_awaited_by`.
    pub fn discard_awaited_by(this: Gc<Future>, cx: &mut Cx, waiter: Obj) -> Result<()> {
        match this.awaited_by.obj() {
            Some(one) if one == waiter => this.awaited_by.clear(),
            Some(set) if this.has(AWAITED_BY_MANY) => ops::call_method(cx, set, "discard", &[waiter]).map(|_| ())?,
            _ => {}
        }
        Ok(())
    }

    /// Tell the loop's exception handler. `what` is the key of the future.
    pub fn report(this: Gc<Future>, cx: &mut Cx, text: &str, what: &str, exception: Option<Obj>) -> Result<()> {
        let Some(event_loop) = this.event_loop.obj() else { return Ok(()) };
        let context = dict::new(cx)?;
        let put = |cx: &mut Cx, k: &str, v: Obj| {
            let k = cx.intern(k)?;
            context.insert_str(cx, k, v)
        };
        if what == "task" {
            put(cx, what, this.obj())?;
        }
        let text = typhon_object::str::new(cx, text)?;
        put(cx, "message", text.obj())?;
        if let Some(e) = exception {
            put(cx, "exception", e)?;
        }
        if what != "task" {
            put(cx, what, this.obj())?;
        }
        if let Some(tb) = this.source_tb.obj() {
            put(cx, "source_traceback", tb)?;
        }
        ops::call_method(cx, event_loop, "call_exception_handler", &[context.obj()]).map(|_| ())
    }

    /// What `__del__` does for an exception that nobody has looked at.
    pub fn report_exception(this: Gc<Future>, cx: &mut Cx) -> Result<()> {
        if !this.logs() {
            return Ok(());
        }
        this.put(LOG_TB, false);
        let text = format!("{} exception was never retrieved", ops::class_of(this.obj()).name());
        Future::report(this, cx, &text, "future", this.exception.obj())
    }
}

/// This class is *almost* compatible with concurrent.futures.Future.
///
///     Differences:
///
///     - result() and exception() do not take a timeout argument and
///       raise an exception when the future isn't done yet.
///
///     - Callbacks registered with add_done_callback() are always called
///       via the event loop's call_soon_threadsafe().
///
///     - This class is not compatible with the wait() and as_completed()
///       methods in the concurrent.futures package.
#[class(module = "_asyncio", name = "Future", subclassable, dict, weakref)]
impl Future {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Future> {
        let _ = (cx, cls, args);
        Ok(Future::blank())
    }
    #[sig(*, r#loop = None)]
    fn __init__(this: Gc<Self>, cx: &mut Cx, r#loop: Obj) -> Result<()> {
        Future::init(this, cx, r#loop)
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let f = FUTURE_REPR.get(cx)?;
        ops::call_args(cx, f, &[this.obj()])
    }
    fn __del__(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        Future::report_exception(this, cx)
    }
    fn __iter__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        FutureIter::over(cx, this)
    }
    fn __await__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        FutureIter::over(cx, this)
    }
    /// Return the result this future represents.
    ///
    /// If the future has been cancelled, raises CancelledError.  If the
    /// future's result isn't yet available, raises InvalidStateError.  If
    /// the future is done and has an exception set, this exception is raised.
    fn result(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Future::outcome(this, cx)
    }
    /// Return the exception that was set on this future.
    ///
    /// The exception (or None if no exception was set) is returned only if
    /// the future is done.  If the future has been cancelled, raises
    /// CancelledError.  If the future isn't done yet, raises
    /// InvalidStateError.
    fn exception(this: Gc<Self>, cx: &mut Cx) -> Result<Option<Obj>> {
        if this.event_loop.obj().is_none() {
            return Err(INVALID_STATE.error(cx, "Future object is not initialized."));
        }
        match this.state() {
            CANCELLED => return Err(Future::cancelled_error(this, cx)?),
            PENDING => return Err(INVALID_STATE.error(cx, "Exception is not set.")),
            _ => {}
        }
        this.put(LOG_TB, false);
        Ok(this.exception.obj())
    }
    /// Mark the future done and set its result.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[sig(result, /)]
    fn set_result(this: Gc<Self>, cx: &mut Cx, result: Obj) -> Result<()> {
        Future::resolve(this, cx, result)
    }
    /// Mark the future done and set an exception.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[sig(exception, /)]
    fn set_exception(this: Gc<Self>, cx: &mut Cx, exception: Obj) -> Result<()> {
        Future::fail(this, cx, exception)
    }
    /// Add a callback to be run when the future becomes done.
    ///
    /// The callback is called with a single argument - the future object. If
    /// the future is already done when this is called, the callback is
    /// scheduled with call_soon.
    #[sig(r#fn, /, *, context = <unrepresentable>)]
    fn add_done_callback(this: Gc<Self>, cx: &mut Cx, r#fn: Obj, context: Missing<Obj>) -> Result<()> {
        let context = match context.given() {
            Some(c) => c,
            None => crate::contextvars::copy_current(cx)?,
        };
        Future::when_done(this, cx, r#fn, context)
    }
    /// Remove all instances of a callback from the "call when done" list.
    ///
    /// Returns the number of callbacks removed.
    #[sig(r#fn, /)]
    fn remove_done_callback(this: Gc<Self>, cx: &mut Cx, r#fn: Obj) -> Result<usize> {
        let p = this.payload();
        p.alive(cx)?;
        // Comparing runs Python code, which may change the callbacks.
        let doomed = list::new(cx, &[])?;
        let all = p.listed(cx)?;
        for i in (0..).step_by(2) {
            let Some(f) = all.get(i) else { break };
            if ops::equal(cx, f, r#fn)? {
                doomed.append(cx, f)?;
            }
        }
        if doomed.is_empty() {
            return Ok(0);
        }
        let kept = list::new(cx, &[])?;
        let mut waiting = p.callbacks.write(cx, p);
        let mut removed = 0;
        for (f, context) in waiting.pairs() {
            if (0..doomed.len()).any(|i| doomed.get(i) == Some(f)) {
                removed += 1;
            } else {
                kept.write(cx).extend(&[f, context])?;
            }
        }
        *waiting = match kept.len() {
            0 => Callbacks::default(),
            2 => Callbacks { first: kept.get(0), context: kept.get(1), rest: None },
            _ => Callbacks { first: None, context: None, rest: Some(kept) },
        };
        Ok(removed)
    }
    /// Cancel the future and schedule callbacks.
    ///
    /// If the future is already done or cancelled, return False.  Otherwise,
    /// change the future's state to cancelled, schedule the callbacks and
    /// return True.
    #[sig(msg = None)]
    fn cancel(this: Gc<Self>, cx: &mut Cx, msg: Obj) -> Result<bool> {
        Future::cancel_now(this, cx, Some(msg))
    }
    /// Return True if the future was cancelled.
    fn cancelled(&self) -> bool {
        self.event_loop.obj().is_some() && self.state() == CANCELLED
    }
    /// Return True if the future is done.
    ///
    /// Done means either that a result / exception are available, or that the
    /// future was cancelled.
    fn done(&self) -> bool {
        self.event_loop.obj().is_some() && self.state() != PENDING
    }
    /// Return the event loop the Future is bound to.
    fn get_loop(&self, cx: &Cx) -> Result<Obj> {
        self.alive(cx)
    }
    /// Create the CancelledError to raise if the Future is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[name("_make_cancelled_error")]
    fn make_cancelled_error(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Future::cancelled_error(this, cx).map(Raised::obj)
    }
    /// Futures are generic over the type of their results
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, object: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), object)
    }
    #[getter]
    #[name("_state")]
    fn state_name(&self, cx: &Cx) -> Result<Obj> {
        self.alive(cx)?;
        let n = match self.state() {
            PENDING => name!(cx, "PENDING"),
            CANCELLED => name!(cx, "CANCELLED"),
            _ => name!(cx, "FINISHED"),
        };
        Ok(n.obj())
    }
    #[getter]
    #[name("_asyncio_future_blocking")]
    fn asyncio_future_blocking(&self) -> bool {
        self.event_loop.obj().is_some() && self.blocking()
    }
    #[setter]
    #[name("_asyncio_future_blocking")]
    fn set_asyncio_future_blocking(&self, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        self.alive(cx)?;
        let Some(v) = v.given() else { return Err(no_deletion(cx)) };
        let on = ops::truth(cx, v)?;
        self.set_blocking(on);
        Ok(())
    }
    #[getter]
    #[name("_loop")]
    fn loop_(&self) -> Option<Obj> {
        self.event_loop.obj()
    }
    #[getter]
    #[name("_callbacks")]
    fn callbacks_listed(&self, cx: &mut Cx) -> Result<Obj> {
        self.alive(cx)?;
        let all = self.listed(cx)?;
        if all.is_empty() {
            return Ok(Obj::NONE);
        }
        let out = list::new(cx, &[])?;
        for i in (0..all.len()).step_by(2) {
            let pair = [all.get(i).unwrap_or(Obj::NONE), all.get(i + 1).unwrap_or(Obj::NONE)];
            out.append(cx, tuple::new(cx, &pair)?.obj())?;
        }
        Ok(out.obj())
    }
    #[getter]
    #[name("_result")]
    fn result_value(&self, cx: &Cx) -> Result<Option<Obj>> {
        self.alive(cx)?;
        Ok(self.result.obj())
    }
    #[getter]
    #[name("_exception")]
    fn exception_value(&self, cx: &Cx) -> Result<Option<Obj>> {
        self.alive(cx)?;
        Ok(self.exception.obj())
    }
    #[getter]
    #[name("_log_traceback")]
    fn log_traceback(&self, cx: &Cx) -> Result<bool> {
        self.alive(cx)?;
        Ok(self.logs())
    }
    #[setter]
    #[name("_log_traceback")]
    fn set_log_traceback(&self, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        let Some(v) = v.given() else { return Err(no_deletion(cx)) };
        if ops::truth(cx, v)? {
            return Err(cx.value_error("_log_traceback can only be set to False"));
        }
        self.put(LOG_TB, false);
        Ok(())
    }
    #[getter]
    #[name("_source_traceback")]
    fn source_traceback(&self) -> Option<Obj> {
        self.source_tb.obj()
    }
    #[getter]
    #[name("_cancel_message")]
    fn cancel_message(&self) -> Option<Obj> {
        self.cancel_msg.obj()
    }
    #[setter]
    #[name("_cancel_message")]
    fn set_cancel_message(this: Gc<Self>, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        let Some(v) = v.given() else { return Err(no_deletion(cx)) };
        this.payload().cancel_msg.set(cx, this, v);
        Ok(())
    }
    #[getter]
    #[name("_asyncio_awaited_by")]
    fn asyncio_awaited_by(&self, cx: &mut Cx) -> Result<Obj> {
        let Some(by) = self.awaited_by.obj() else { return Ok(Obj::NONE) };
        let tasks = if self.has(AWAITED_BY_MANY) { by } else { list::new(cx, &[by])?.obj() };
        ops::call_args(cx, types::class_for(shape::FROZENSET).obj(), &[tasks])
    }
    /// Callback, context, callback, context, ...
    #[internal]
    fn listed(&self, cx: &Cx) -> Result<Gc<List>> {
        let waiting = self.callbacks.read(cx);
        let out = list::new(cx, &[])?;
        for (f, context) in waiting.pairs() {
            out.write(cx).extend(&[f, context])?;
        }
        Ok(out)
    }
}

/// The error of deleting an attribute.
pub fn no_deletion(cx: &Cx) -> Raised {
    cx.error(ExcKind::AttributeError, "cannot delete attribute")
}

/// The loop of anything like a future, as `asyncio.futures._get_loop` finds it.
pub fn loop_of(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if let Some(f) = exact(o) {
        return f.alive(cx);
    }
    let n = name!(cx, "get_loop");
    if let Some(f) = ops::get_attr_opt(cx, o, n)? {
        return ops::call_args(cx, f, &[]);
    }
    let n = name!(cx, "_loop");
    ops::get_attr(cx, o, n)
}

/// A future or task of exactly the native classes, whose methods nobody has overridden.
#[inline]
pub fn exact(o: Obj) -> Option<Gc<Future>> {
    o.cast::<Future>().filter(|_| ops::class_of(o).is_native())
}

/// Raise what is like a warning of a use that is going away.
pub fn deprecated(cx: &mut Cx, text: &str) -> Result<()> {
    util::warn(cx, text, ExcKind::DeprecationWarning, 1)
}
