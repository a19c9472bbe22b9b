//! Stepping a task: what the loop calls, and what is done with what the coroutine yields.
//!
//! Tests: tests/lang/asyncio.md; CPython test_asyncio.test_tasks.

use super::future::{Future, PENDING, exact, loop_of};
use super::task::{MUST_CANCEL, Task};
use super::{CANCELLED_ERROR, INVALID_STATE, call_named, call_soon, context_kw, running, truth_of};
use typhon_macros::{Trace, class};
use typhon_object::native::{self, KwNames, Member, MemberKind, Param, ParamKind};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::{Sent, Type};
use typhon_object::{Cx, ExcKind, Raised, Result, exc, name, ops, shape};

/// What the loop calls for a task's next step.
#[derive(Trace)]
pub struct TaskStep {
    task: Gc<Task>,
    exception: Slot,
}

#[class(module = "_asyncio", name = "TaskStepMethWrapper")]
impl TaskStep {
    #[getter]
    fn __self__(&self) -> Gc<Task> {
        self.task
    }
    #[sig]
    fn __call__(&self, cx: &mut Cx) -> Result<Obj> {
        step(cx, self.task, self.exception.obj())
    }
}

/// How the loop calls it, without binding arguments.
pub fn call_step(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    if kw.is_some_and(|k| !k.is_empty()) {
        return Err(cx.type_error("function takes no keyword arguments"));
    }
    if !args.is_empty() {
        return Err(cx.type_error("function takes no positional arguments"));
    }
    match f.cast::<TaskStep>() {
        Some(s) => step(cx, s.task, s.exception.obj()),
        None => Ok(Obj::NONE),
    }
}

/// Have the loop step the task, throwing `exception` if there is one.
pub fn step_soon(cx: &mut Cx, task: Gc<Task>, exception: Option<Obj>) -> Result<()> {
    let event_loop = task.future.alive(cx)?;
    let f = native::instance(cx, TaskStep { task, exception: Slot::of(exception) })?;
    let context = task.context.obj().unwrap_or(Obj::NONE);
    call_soon(cx, event_loop, f.obj(), None, context)
}

static WAKEUP: Member = Member {
    name: "task_wakeup",
    doc: "",
    signature: "($self, object, /)",
    kind: MemberKind::Method,
    call: call_wakeup,
    set: None,
    params: &[Param { name: "object", kind: ParamKind::PosOnly, required: true }],
    leaf: false,
};

fn call_wakeup(cx: &mut Cx, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    let (Some(task), [_, future], None) = (args.first().and_then(|o| o.cast::<Task>()), args, kw) else {
        let n = args.len().saturating_sub(1);
        return Err(cx.type_error(format!("Task.task_wakeup() takes exactly one argument ({n} given)")));
    };
    wakeup(cx, task, *future)
}

/// The task's bound method that wakes it.
fn wakeup_of(cx: &mut Cx, task: Gc<Task>) -> Result<Obj> {
    if let Some(f) = task.wakeup.obj() {
        return Ok(f);
    }
    let class = native::class_of::<Task>(cx)?.obj();
    let f = native::function(cx, shape::NATIVE_FUNCTION, &WAKEUP, Some(task.obj()), Some(class))?;
    task.payload().wakeup.set(cx, task, f);
    Ok(f)
}

/// What the task waits for is done.
fn wakeup(cx: &mut Cx, task: Gc<Task>, future: Obj) -> Result<Obj> {
    if let Some(f) = future.cast::<Future>() {
        Future::discard_awaited_by(f, cx, task.obj())?;
    }
    let r = match exact(future) {
        Some(f) => Future::outcome(f, cx),
        None => {
            let n = name!(cx, "result");
            call_named(cx, future, n, &[], None)
        }
    };
    match r {
        Ok(_) => step(cx, task, None),
        Err(e) => step(cx, task, Some(e.obj())),
    }
}

/// One step as the loop's current task.
fn step(cx: &mut Cx, task: Gc<Task>, exception: Option<Obj>) -> Result<Obj> {
    let event_loop = task.future.alive(cx)?;
    running::enter_task(cx, event_loop, task.obj())?;
    let r = advance(cx, task, exception);
    running::leave_task(cx, event_loop, task.obj())?;
    r.map(|()| Obj::NONE)
}

/// The first step of a task, at its creation.
pub fn start_eagerly(cx: &mut Cx, task: Gc<Task>) -> Result<()> {
    let p = task.payload();
    let event_loop = p.future.alive(cx)?;
    let before = running::swap_task(cx, event_loop, Some(task.obj()))?;
    // `all_tasks` goes along these; one that nobody starts ends the way.
    p.starter.set(cx, task, before.unwrap_or(Obj::NONE));
    let context = p.context.obj().unwrap_or(Obj::NONE);
    let r = match crate::contextvars::enter(cx, context) {
        Ok(entered) => {
            let r = advance(cx, task, None);
            entered.leave(cx);
            r
        }
        Err(e) => Err(e),
    };
    let swapped = running::swap_task(cx, event_loop, before);
    p.starter.clear();
    if p.future.state() == PENDING {
        Task::register(task);
    } else {
        p.coro.clear();
    }
    swapped?;
    r
}

/// Send to or throw into the coroutine.
fn advance(cx: &mut Cx, task: Gc<Task>, exception: Option<Obj>) -> Result<()> {
    let p = task.payload();
    if p.future.state() != PENDING {
        let (t, e) = (ops::repr(cx, task.obj())?, ops::repr(cx, exception.unwrap_or(Obj::NONE))?);
        let text = format!("__step(): already done: {} {}", t.to_str(), e.to_str());
        return Err(INVALID_STATE.error(cx, &text));
    }
    let future = Task::future(task);
    let mut exception = exception;
    if p.has(MUST_CANCEL) {
        let class = CANCELLED_ERROR.get(cx)?;
        if !exception.is_some_and(|e| is_instance(e, class)) {
            exception = Some(Future::cancelled_error(future, cx)?.obj());
        }
        p.put(MUST_CANCEL, false);
    }
    p.waiter.clear();
    let Some(coro) = p.coro.obj() else {
        return Err(cx.error(ExcKind::RuntimeError, "uninitialized Task object"));
    };
    let r = match exception {
        None => send(cx, coro),
        Some(e) => {
            let n = name!(cx, "throw");
            let r = call_named(cx, coro, n, &[e], None);
            sent(cx, r)
        }
    };
    match r {
        Ok(Sent::Yield(v)) => yielded(cx, task, v),
        Ok(Sent::Return(_)) if p.has(MUST_CANCEL) => {
            // Cancelled right before it ended.
            p.put(MUST_CANCEL, false);
            let msg = p.future.cancel_msg.obj();
            Future::cancel_now(future, cx, msg).map(|_| ())
        }
        Ok(Sent::Return(v)) => Future::resolve(future, cx, v),
        Err(e) => {
            let class = CANCELLED_ERROR.get(cx)?;
            if is_instance(e.obj(), class) {
                p.future.cancelled_exc.set(cx, task, e.0);
                return Future::cancel_now(future, cx, None).map(|_| ());
            }
            Future::fail(future, cx, e.obj())?;
            match e.is(cx, ExcKind::KeyboardInterrupt) || e.is(cx, ExcKind::SystemExit) {
                true => Err(e),
                false => Ok(()),
            }
        }
    }
}

fn is_instance(o: Obj, class: Obj) -> bool {
    class.cast::<Type>().is_some_and(|t| ops::class_of(o).is_subtype(t))
}

fn send(cx: &mut Cx, coro: Obj) -> Result<Sent> {
    if let Some(f) = ops::class_of(coro).send_fn() {
        return f(cx, coro, Obj::NONE);
    }
    let n = name!(cx, "send");
    let r = call_named(cx, coro, n, &[Obj::NONE], None);
    sent(cx, r)
}

/// From what `send` and `throw` return or raise.
fn sent(cx: &Cx, r: Result<Obj>) -> Result<Sent> {
    match r {
        Ok(v) => Ok(Sent::Yield(v)),
        Err(e) if e.is(cx, ExcKind::StopIteration) => Ok(Sent::Return(e.0.fields[0].obj().unwrap_or(Obj::NONE))),
        Err(e) => Err(e),
    }
}

/// `o.cancel(msg=msg)`.
pub fn cancel(cx: &mut Cx, o: Obj, msg: Obj) -> Result<bool> {
    let kw = super::msg_kw(cx)?;
    let n = name!(cx, "cancel");
    let r = call_named(cx, o, n, &[msg], Some(kw))?;
    ops::truth(cx, r)
}

/// Deal with what the coroutine has yielded.
fn yielded(cx: &mut Cx, task: Gc<Task>, v: Obj) -> Result<()> {
    let p = task.payload();
    if v == task.obj() {
        return mistake(cx, task, |t, _| format!("Task cannot await on itself: {t}"), v);
    }
    let context = p.context.obj().unwrap_or(Obj::NONE);
    if let Some(f) = exact(v) {
        if f.event_loop() != p.future.event_loop() {
            return elsewhere(cx, task, v);
        }
        if !f.blocking() {
            return mistake(cx, task, |t, v| format!("yield was used instead of yield from in task {t} with {v}"), v);
        }
        Future::add_awaited_by(f, cx, task.obj())?;
        f.set_blocking(false);
        let wakeup = wakeup_of(cx, task)?;
        Future::when_done(f, cx, wakeup, context)?;
        return waits(cx, task, v);
    }
    if v.is_none() {
        return step_soon(cx, task, None);
    }
    let n = name!(cx, "_asyncio_future_blocking");
    let blocking = ops::get_attr_opt(cx, v, n)?.filter(|b| !b.is_none());
    if let Some(blocking) = blocking {
        let blocking = truth_of(cx, blocking)?;
        if Some(loop_of(cx, v)?) != p.future.event_loop() {
            return elsewhere(cx, task, v);
        }
        if !blocking {
            return mistake(cx, task, |t, v| format!("yield was used instead of yield from in task {t} with {v}"), v);
        }
        if let Some(f) = v.cast::<Future>() {
            Future::add_awaited_by(f, cx, task.obj())?;
        }
        ops::set_attr(cx, v, n, Some(Obj::FALSE))?;
        let wakeup = wakeup_of(cx, task)?;
        let kw = context_kw(cx)?;
        let n = name!(cx, "add_done_callback");
        call_named(cx, v, n, &[wakeup, context], Some(kw))?;
        return waits(cx, task, v);
    }
    if v.shape() == shape::GENERATOR {
        let text =
            |t: &str, v: &str| format!("yield was used instead of yield from for generator in task {t} with {v}");
        return mistake(cx, task, text, v);
    }
    mistake(cx, task, |_, v| format!("Task got bad yield: {v}"), v)
}

/// The task waits for `future` from now on.
fn waits(cx: &mut Cx, task: Gc<Task>, future: Obj) -> Result<()> {
    let p = task.payload();
    p.waiter.set(cx, task, future);
    if p.has(MUST_CANCEL) {
        let msg = p.future.cancel_msg.obj().unwrap_or(Obj::NONE);
        if cancel(cx, future, msg)? {
            p.put(MUST_CANCEL, false);
        }
    }
    Ok(())
}

fn elsewhere(cx: &mut Cx, task: Gc<Task>, v: Obj) -> Result<()> {
    mistake(cx, task, |t, v| format!("Task {t} got Future {v} attached to a different loop"), v)
}

/// Throw a RuntimeError into the coroutine soon.
fn mistake(cx: &mut Cx, task: Gc<Task>, text: impl FnOnce(&str, &str) -> String, v: Obj) -> Result<()> {
    let (t, v) = (ops::repr(cx, task.obj())?, ops::repr(cx, v)?);
    let e: Raised = exc::new(cx, ExcKind::RuntimeError, &text(&t.to_str(), &v.to_str()));
    step_soon(cx, task, Some(e.obj()))
}
