//! `_asyncio`: futures, tasks and the running loop, as CPython has them in C.
//!
//! | file | what |
//! |---|---|
//! | `future` | `Future` |
//! | `iter` | what `await` steps of a future |
//! | `task` | `Task`, and which tasks there are |
//! | `step` | stepping a task |
//! | `running` | the loop and the task that run in a thread |
//!
//! The Python part of asyncio is unmodified; what it has written in Python as well is
//! replaced by this where it says so itself.
//!
//! Tests: tests/lang/asyncio.md; CPython test_asyncio.

mod future;
mod iter;
mod running;
mod step;
mod task;

pub use running::after_fork_in_child;

use crate::util;
use future::Future;
use iter::FutureIter;
use step::TaskStep;
use task::Task;
use typhon_gc::Root;
use typhon_macros::module;
use typhon_object::native::{self, KwNames};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::{self, Tuple};
use typhon_object::types;
use typhon_object::{Cx, Dunder, Raised, Result, exc, instance, name, ops, shape};

/// Something of the Python part, looked up when first needed.
struct Imported {
    module: &'static str,
    name: &'static str,
    value: Root,
}

impl Imported {
    const fn new(module: &'static str, name: &'static str) -> Imported {
        Imported { module, name, value: Root::new() }
    }
    fn get(&'static self, cx: &mut Cx) -> Result<Obj> {
        if let Some(v) = Obj::from_word(self.value.get()) {
            return Ok(v);
        }
        let m = util::import(cx, self.module)?;
        let n = cx.intern(self.name)?;
        let v = ops::get_attr(cx, m, n)?;
        self.value.set(&cx.mutator, v.word());
        Ok(v)
    }
    /// An exception of this class.
    fn error(&'static self, cx: &mut Cx, text: &str) -> Raised {
        let class = self.get(cx).and_then(|c| {
            let bad = || exc::new(cx, typhon_object::ExcKind::TypeError, "exceptions must derive from BaseException");
            c.cast::<types::Type>().ok_or_else(bad)
        });
        typhon_object::exc_class::error_of(cx, class, text)
    }
}

static CANCELLED_ERROR: Imported = Imported::new("asyncio.exceptions", "CancelledError");
static INVALID_STATE: Imported = Imported::new("asyncio.exceptions", "InvalidStateError");
static EXTRACT_STACK: Imported = Imported::new("traceback", "extract_stack");
static GET_POLICY: Imported = Imported::new("asyncio.events", "_get_event_loop_policy");
static FUTURE_REPR: Imported = Imported::new("asyncio.base_futures", "_future_repr");
static TASK_REPR: Imported = Imported::new("asyncio.base_tasks", "_task_repr");
static TASK_GET_STACK: Imported = Imported::new("asyncio.base_tasks", "_task_get_stack");
static TASK_PRINT_STACK: Imported = Imported::new("asyncio.base_tasks", "_task_print_stack");
static ISCOROUTINE: Imported = Imported::new("asyncio.coroutines", "iscoroutine");

static CONTEXT_KW: Root = Root::new();
static MSG_KW: Root = Root::new();

fn kw(cx: &Cx, root: &'static Root, name: &str) -> Result<KwNames> {
    if let Some(t) = Obj::from_word(root.get()).and_then(|o| o.cast::<Tuple>()) {
        return Ok(t);
    }
    let n = cx.intern(name)?;
    let t = tuple::new(cx, &[n.obj()])?;
    root.set(&cx.mutator, t.obj().word());
    Ok(t)
}

/// `("context",)`.
fn context_kw(cx: &Cx) -> Result<KwNames> {
    kw(cx, &CONTEXT_KW, "context")
}

/// `("msg",)`.
fn msg_kw(cx: &Cx) -> Result<KwNames> {
    kw(cx, &MSG_KW, "msg")
}

fn truth_of(cx: &mut Cx, o: Obj) -> Result<bool> {
    match o {
        Obj::FALSE | Obj::NONE => Ok(false),
        Obj::TRUE => Ok(true),
        _ => ops::truth(cx, o),
    }
}

/// `o.name(*args)`, without a bound method where the class has a plain function.
fn call_named(cx: &mut Cx, o: Obj, name: Gc<Str>, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    let class = ops::class_of(o);
    let object = types::class_for(shape::OBJECT);
    if class.special(Dunder::GetAttribute) == object.special(Dunder::GetAttribute)
        && let Some(m) = cx.lookup(class, name)
        && matches!(m.shape(), shape::FUNCTION | shape::METHOD_DESCRIPTOR)
        && (!class.has(types::F_DICT) || instance::get(o, name).is_none())
    {
        return ops::call_unbound(cx, m, o, args, kw);
    }
    let f = ops::get_attr(cx, o, name)?;
    ops::call(cx, f, args, kw)
}

/// `loop.call_soon(f, arg, context=context)`.
fn call_soon(cx: &mut Cx, event_loop: Obj, f: Obj, arg: Option<Obj>, context: Obj) -> Result<()> {
    let kw = context_kw(cx)?;
    let n = name!(cx, "call_soon");
    match arg {
        Some(a) => call_named(cx, event_loop, n, &[f, a, context], Some(kw)),
        None => call_named(cx, event_loop, n, &[f, context], Some(kw)),
    }
    .map(|_| ())
}

/// `asyncio.get_event_loop()`.
fn get_event_loop(cx: &mut Cx) -> Result<Obj> {
    if let Some(l) = running::running_loop(cx) {
        return Ok(l);
    }
    let f = GET_POLICY.get(cx)?;
    let policy = ops::call_args(cx, f, &[])?;
    ops::call_method(cx, policy, "get_event_loop", &[])
}

/// Accelerator module for asyncio
#[module("_asyncio", classes(Future, Task))]
pub mod asyncio {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let _ = module;
        // Their deaths are watched when they have something to say.
        native::class_of::<Future>(cx)?.set_flag(types::F_FINALIZER, false);
        native::class_of::<Task>(cx)?.set_flag(types::F_FINALIZER, false);
        native::set_idle_filter(task::dies_idle);
        native::class_of::<FutureIter>(cx)?.set_send_fn(|cx, it, _| match it.cast::<FutureIter>() {
            Some(i) => FutureIter::step(i, cx),
            None => Ok(types::Sent::Return(Obj::NONE)),
        });
        native::class_of::<TaskStep>(cx)?.set_call_fn(step::call_step);
        Ok(())
    }
    /// Return the running event loop or None.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[name("_get_running_loop")]
    fn get_running_loop_or_none(cx: &mut Cx) -> Option<Obj> {
        running::running_loop(cx)
    }
    /// Set the running event loop.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[name("_set_running_loop")]
    #[sig(r#loop, /)]
    fn set_running_loop(cx: &mut Cx, r#loop: Obj) -> Result<()> {
        running::set_running_loop(cx, Some(r#loop).filter(|l| !l.is_none()))
    }
    /// Return an asyncio event loop.
    ///
    /// When called from a coroutine or a callback (e.g. scheduled with
    /// call_soon or similar API), this function will always return the
    /// running event loop.
    ///
    /// If there is no running event loop set, the function will return
    /// the result of `get_event_loop_policy().get_event_loop()` call.
    fn get_event_loop(cx: &mut Cx) -> Result<Obj> {
        super::get_event_loop(cx)
    }
    /// Return the running event loop.  Raise a RuntimeError if there is none.
    ///
    /// This function is thread-specific.
    fn get_running_loop(cx: &mut Cx) -> Result<Obj> {
        running::require_loop(cx)
    }
    /// Return a currently executed task.
    #[sig(r#loop = None)]
    fn current_task(cx: &mut Cx, r#loop: Obj) -> Result<Option<Obj>> {
        let l = if r#loop.is_none() { running::require_loop(cx)? } else { r#loop };
        running::current_task(cx, l)
    }
    /// Return a set of all tasks for the loop.
    #[sig(r#loop = None)]
    fn all_tasks(cx: &mut Cx, r#loop: Obj) -> Result<Obj> {
        let l = if r#loop.is_none() { running::require_loop(cx)? } else { r#loop };
        task::all_tasks(cx, l)
    }
    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[name("_register_task")]
    #[sig(task)]
    fn register_task(cx: &mut Cx, task: Obj) -> Result<()> {
        task::register(cx, task, false)
    }
    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[name("_register_eager_task")]
    #[sig(task)]
    fn register_eager_task(cx: &mut Cx, task: Obj) -> Result<()> {
        task::register(cx, task, true)
    }
    /// Unregister a task.
    ///
    /// Returns None.
    #[name("_unregister_task")]
    #[sig(task)]
    fn unregister_task(cx: &mut Cx, task: Obj) -> Result<()> {
        task::unregister(cx, task, false)
    }
    /// Unregister a task.
    ///
    /// Returns None.
    #[name("_unregister_eager_task")]
    #[sig(task)]
    fn unregister_eager_task(cx: &mut Cx, task: Obj) -> Result<()> {
        task::unregister(cx, task, true)
    }
    /// Enter into task execution or resume suspended task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[name("_enter_task")]
    #[sig(r#loop, task)]
    fn enter_task(cx: &mut Cx, r#loop: Obj, task: Obj) -> Result<()> {
        running::enter_task(cx, r#loop, task)
    }
    /// Leave task execution or suspend a task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[name("_leave_task")]
    #[sig(r#loop, task)]
    fn leave_task(cx: &mut Cx, r#loop: Obj, task: Obj) -> Result<()> {
        running::leave_task(cx, r#loop, task)
    }
    /// Temporarily swap in the supplied task and return the original one (or None).
    ///
    /// This is intended for use during eager coroutine execution.
    #[name("_swap_current_task")]
    #[sig(r#loop, task)]
    fn swap_current_task(cx: &mut Cx, r#loop: Obj, task: Obj) -> Result<Option<Obj>> {
        running::swap_task(cx, r#loop, Some(task).filter(|t| !t.is_none()))
    }
    /// Record that `fut` is awaited on by `waiter`.
    #[sig(fut, waiter, /)]
    fn future_add_to_awaited_by(cx: &mut Cx, fut: Obj, waiter: Obj) -> Result<()> {
        match (fut.cast::<Future>(), waiter.cast::<Future>()) {
            (Some(f), Some(_)) => Future::add_awaited_by(f, cx, waiter),
            _ => Ok(()),
        }
    }
    #[sig(fut, waiter, /)]
    fn future_discard_from_awaited_by(cx: &mut Cx, fut: Obj, waiter: Obj) -> Result<()> {
        match (fut.cast::<Future>(), waiter.cast::<Future>()) {
            (Some(f), Some(_)) => Future::discard_awaited_by(f, cx, waiter),
            _ => Ok(()),
        }
    }
}
