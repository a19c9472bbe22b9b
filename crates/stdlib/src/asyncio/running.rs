//! Which loop runs in a thread, and which task it executes.
//!
//! Each thread that has run a loop has a [`Running`] in its `Cx::ext`; nothing else is
//! looked at on the way of a task's step, so loops in many threads do not meet. Those
//! that run are also in a list, for the rare question about another thread's loop.
//!
//! Tests: tests/lang/asyncio.md; CPython test_asyncio.test_tasks, test_free_threading.

use typhon_macros::{Trace, class};
use typhon_object::interp::InterpRoot;
use typhon_object::list::{self, List};
use typhon_object::native;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::{Cx, ExcKind, Result, ops};

/// The index in `Cx::ext` of the thread's [`Running`].
const EXT: usize = 8;

/// The [`Running`] of each thread whose loop runs.
static ALL: InterpRoot = InterpRoot::new();

/// What runs in one thread. Other threads may look.
#[derive(Trace)]
pub struct Running {
    event_loop: Slot,
    task: Slot,
}

/// What asyncio runs in a thread.
#[class(module = "_asyncio", name = "_Running")]
impl Running {}

fn here(cx: &Cx) -> Option<Gc<Running>> {
    Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast())
}

fn all(cx: &Cx) -> Result<Gc<List>> {
    if let Some(l) = Obj::from_word(ALL.get(cx)).and_then(|o| o.cast()) {
        return Ok(l);
    }
    let l = list::new(cx, &[])?;
    ALL.set(cx, l.obj().word());
    Ok(l)
}

/// The loop that runs in this thread.
#[inline]
pub fn running_loop(cx: &Cx) -> Option<Obj> {
    here(cx)?.event_loop.obj()
}

/// The same, or the error that there is none.
pub fn require_loop(cx: &Cx) -> Result<Obj> {
    running_loop(cx).ok_or_else(|| cx.error(ExcKind::RuntimeError, "no running event loop"))
}

/// `_set_running_loop`; `None` for none.
pub fn set_running_loop(cx: &mut Cx, event_loop: Option<Obj>) -> Result<()> {
    let known = all(cx)?;
    let r = match here(cx) {
        Some(r) => r,
        None if event_loop.is_none() => return Ok(()),
        None => {
            let r = native::instance(cx, Running { event_loop: Slot::empty(), task: Slot::empty() })?;
            cx.ext[EXT].set(r.obj().word());
            r
        }
    };
    r.payload().event_loop.put(cx, r, event_loop);
    let mut known = known.write(cx);
    let at = (0..known.len()).find(|i| known.get(*i) == Some(r.obj()));
    match (at, event_loop) {
        (None, Some(_)) => known.push(r.obj()),
        (Some(i), None) => known.splice(i, i + 1, &[]),
        _ => Ok(()),
    }
}

/// In a child process nothing runs yet: neither here nor in threads, which are gone.
pub fn after_fork_in_child(cx: &Cx) {
    ALL.set(cx, 0);
    cx.ext[EXT].set(0);
}

/// The task that `event_loop` executes, in whichever thread it runs.
pub fn current_task(cx: &Cx, event_loop: Obj) -> Result<Option<Obj>> {
    if let Some(r) = here(cx).filter(|r| r.event_loop.obj() == Some(event_loop)) {
        return Ok(r.task.obj());
    }
    Ok(threads_of(cx, event_loop)?.find_map(|r| r.task.obj()))
}

/// What is known of the threads in which `event_loop` runs.
fn threads_of(cx: &Cx, event_loop: Obj) -> Result<impl Iterator<Item = Gc<Running>>> {
    let known = all(cx)?;
    let items = known.snapshot(cx)?;
    let running = (0..items.cap()).map_while(move |i| items.get(i)).filter_map(|o| o.cast::<Running>());
    Ok(running.filter(move |r| r.event_loop.obj() == Some(event_loop)))
}

fn check(cx: &mut Cx, event_loop: Obj) -> Result<Gc<Running>> {
    if let Some(r) = here(cx).filter(|r| r.event_loop.obj() == Some(event_loop)) {
        return Ok(r);
    }
    let l = ops::repr(cx, event_loop)?.to_str().into_owned();
    Err(cx.error(ExcKind::RuntimeError, format!("loop {l} is not the running loop")))
}

/// `_enter_task`.
#[inline]
pub fn enter_task(cx: &mut Cx, event_loop: Obj, task: Obj) -> Result<()> {
    let r = check(cx, event_loop)?;
    if let Some(other) = r.task.obj() {
        let (t, o) = (ops::repr(cx, task)?, ops::repr(cx, other)?);
        let text =
            format!("Cannot enter into task {} while another task {} is being executed.", t.to_str(), o.to_str());
        return Err(cx.error(ExcKind::RuntimeError, text));
    }
    r.payload().task.set(cx, r, task);
    Ok(())
}

/// `_leave_task`.
#[inline]
pub fn leave_task(cx: &mut Cx, event_loop: Obj, task: Obj) -> Result<()> {
    let r = check(cx, event_loop)?;
    if r.task.obj() != Some(task) {
        let entered = r.task.obj().unwrap_or(Obj::NONE);
        let (t, o) = (ops::repr(cx, task)?, ops::repr(cx, entered)?);
        let text = format!("Invalid attempt to leave task {} while task {} is entered.", t.to_str(), o.to_str());
        return Err(cx.error(ExcKind::RuntimeError, text));
    }
    r.task.clear();
    Ok(())
}

/// `_swap_current_task`: the former one.
pub fn swap_task(cx: &mut Cx, event_loop: Obj, task: Option<Obj>) -> Result<Option<Obj>> {
    let r = check(cx, event_loop)?;
    let before = r.task.obj();
    r.payload().task.put(cx, r, task);
    Ok(before)
}
