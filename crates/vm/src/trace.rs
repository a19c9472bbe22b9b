//! `sys.settrace` and `sys.setprofile`: the functions that a thread has set, and what
//! they are told.
//!
//! Tests: tests/lang/tracing.md; CPython test_sys_settrace, test_sys_setprofile.

use crate::frame::{Base, Frame, Window};
use crate::monitor::{self, Event, Told};
use std::sync::atomic::Ordering;
use typhon_object::exc::BaseException;
use typhon_object::{Cx, Gc, Obj, Result, name, ops, shape};

/// Word of `Cx::ext`: the trace function.
const TRACE: usize = 1;
/// Word of `Cx::ext`: the profile function.
const PROFILE: usize = 2;

/// Whether the thread has a trace or a profile function.
pub fn wanted(cx: &Cx) -> bool {
    cx.ext[TRACE].get() | cx.ext[PROFILE].get() != 0
}

/// Whether it has a profile function.
pub fn profiled(cx: &Cx) -> bool {
    cx.ext[PROFILE].get() != 0
}

fn slot(profile: bool) -> usize {
    if profile { PROFILE } else { TRACE }
}

/// The function that is set.
pub fn get(cx: &Cx, profile: bool) -> Obj {
    Obj::from_word(cx.ext[slot(profile)].get()).unwrap_or(Obj::NONE)
}

/// Set it, or with None none.
pub fn set(cx: &Cx, profile: bool, function: Obj) {
    cx.ext[slot(profile)].set(if function.is_none() { 0 } else { function.word() });
    monitor::refresh(cx);
}

/// Set it for all threads.
pub fn set_all(cx: &Cx, profile: bool, function: Obj) {
    let word = if function.is_none() { 0 } else { function.word() };
    cx.mutator.visit_mutators(|m| {
        // CX-1: a context starts with its mutator; its thread stands still.
        let other: &Cx = unsafe { &*std::ptr::from_ref(m).cast::<Cx>() };
        if other.interp() != cx.interp() {
            return;
        }
        other.ext[slot(profile)].set(word);
    });
    monitor::refresh_all(cx);
}

/// Tell both functions of an event.
pub fn tell(cx: &mut Cx, w: Window, event: Event, told: Told) -> Result<()> {
    if cx.ext[PROFILE].get() != 0 {
        profile(cx, w, event, told)?;
    }
    if cx.ext[TRACE].get() != 0 {
        trace(cx, w, event, told)?;
    }
    Ok(())
}

fn is_native(callee: Obj) -> bool {
    matches!(callee.shape(), shape::NATIVE_FUNCTION | shape::METHOD_DESCRIPTOR)
        || callee
            .cast::<typhon_object::method::Method>()
            .is_some_and(|m| matches!(m.func.shape(), shape::NATIVE_FUNCTION | shape::METHOD_DESCRIPTOR))
}

fn profile(cx: &mut Cx, w: Window, event: Event, told: Told) -> Result<()> {
    let value = |t: Told| if let Told::Value(v) = t { v } else { Obj::NONE };
    let (what, arg) = match (event, told) {
        (Event::PyStart | Event::PyResume | Event::PyThrow, _) => (name!(cx, "call"), Obj::NONE),
        (Event::PyReturn | Event::PyYield, t) => (name!(cx, "return"), value(t)),
        (Event::PyUnwind, _) => (name!(cx, "return"), Obj::NONE),
        (_, Told::Call(callee, first)) if is_native(callee) => {
            let what = match event {
                Event::Call => name!(cx, "c_call"),
                Event::CReturn => name!(cx, "c_return"),
                _ => name!(cx, "c_exception"),
            };
            // A method is told of as bound.
            let arg = match first.filter(|_| callee.shape() == shape::METHOD_DESCRIPTOR) {
                Some(o) => bound(cx, callee, o)?,
                None => callee,
            };
            (what, arg)
        }
        _ => return Ok(()),
    };
    let f = w.frame(cx)?;
    let function = get(cx, true);
    if let Err(e) = ops::call_args(cx, function, &[f.obj(), what.obj(), arg]) {
        set(cx, true, Obj::NONE);
        return Err(e);
    }
    Ok(())
}

fn bound(cx: &mut Cx, method: Obj, o: Obj) -> Result<Obj> {
    let class = ops::class_of(o).obj();
    match ops::call_method(cx, method, "__get__", &[o, class]) {
        Ok(m) => Ok(m),
        Err(_) => Ok(method),
    }
}

fn trace(cx: &mut Cx, w: Window, event: Event, told: Told) -> Result<()> {
    let entered = matches!(event, Event::PyStart | Event::PyResume | Event::PyThrow);
    // A frame that nobody asked for has no function of its own.
    let own = w.existing();
    if !entered && own.is_none_or(|f| f.trace.obj().is_none_or(|t| t.is_none())) {
        return Ok(());
    }
    if event == Event::Line && own.is_some_and(|f| !f.trace_lines.load(Ordering::Relaxed)) {
        return Ok(());
    }
    if event == Event::Instruction && own.is_some_and(|f| !f.trace_opcodes.load(Ordering::Relaxed)) {
        return Ok(());
    }
    let (what, arg) = match (event, told) {
        _ if entered => (name!(cx, "call"), Obj::NONE),
        (Event::PyReturn | Event::PyYield, Told::Value(v)) => (name!(cx, "return"), v),
        (Event::PyUnwind, _) => (name!(cx, "return"), Obj::NONE),
        (Event::Line, _) => (name!(cx, "line"), Obj::NONE),
        (Event::Instruction, _) => (name!(cx, "opcode"), Obj::NONE),
        (Event::Raise | Event::StopIteration, Told::Value(v)) => {
            let tb = v.cast::<BaseException>().and_then(|e| e.traceback.obj()).unwrap_or(Obj::NONE);
            let t = typhon_object::tuple::new(cx, &[ops::class_of(v).obj(), v, tb])?;
            (name!(cx, "exception"), t.obj())
        }
        _ => return Ok(()),
    };
    let f: Gc<Frame> = w.frame(cx)?;
    let function = if entered { get(cx, false) } else { f.trace.obj().unwrap_or(Obj::NONE) };
    match ops::call_args(cx, function, &[f.obj(), what.obj(), arg]) {
        Ok(v) if v.is_none() => Ok(()),
        Ok(v) => {
            f.trace.set(cx, f, v);
            Ok(())
        }
        Err(e) => {
            set(cx, false, Obj::NONE);
            f.trace.clear();
            Err(e)
        }
    }
}

/// The event that somebody is being told of.
#[derive(Clone, Copy)]
pub struct Place {
    /// The window.
    pub base: usize,
    /// The event.
    pub event: Event,
}

thread_local! {
    static PLACE: std::cell::Cell<Option<Place>> = const { std::cell::Cell::new(None) };
}

/// The event that somebody is being told of.
pub fn place() -> Option<Place> {
    PLACE.get()
}

/// Set what [`place`] gives; what it gave before.
pub(crate) fn replace_place(place: Option<Place>) -> Option<Place> {
    PLACE.replace(place)
}

/// Run what is told of an event.
pub fn at_place<R>(base: Base, event: Event, f: impl FnOnce() -> R) -> R {
    let outer = PLACE.replace(Some(Place { base: base as usize, event }));
    let r = f();
    PLACE.set(outer);
    r
}
