//! How generators and coroutines end otherwise than by themselves: `throw()`, `close()`,
//! and what is done for one that dies; where a coroutine was made.
//!
//! A generator that dies is closed only if it has something to do: the collector tells
//! of those that were registered, and forgets the ones that have ended by then.
//! Tests: tests/lang/generators.md; CPython test_generators, test_coroutines.

use crate::call;
use crate::frame::Window;
use crate::generator::{self, CREATED, DONE, Generator, Input, SUSPENDED, Step, delegate, kind, resume, start};
use std::sync::atomic::Ordering;
use typhon_object::exc::BaseException;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, name, native, ops, shape};

/// `g.throw(e)`.
pub fn throw(cx: &mut Cx, g: Gc<Generator>, e: Raised) -> Result<Step> {
    if let Some(sub) = delegate(g) {
        // It runs while what it delegates to does.
        if start(cx, g)? == DONE {
            return resume(cx, g, Input::Throw(e));
        }
        let rest = || g.state.store(SUSPENDED, Ordering::Release);
        if e.is(cx, ExcKind::GeneratorExit) {
            let r = close_iterator(cx, sub);
            rest();
            if let Err(e) = r {
                return resume(cx, g, Input::Throw(e));
            }
            return resume(cx, g, Input::Throw(e));
        }
        let r = throw_to(cx, sub, e);
        rest();
        return match r {
            Ok(Some(Step::Yield(v))) => Ok(Step::Yield(v)),
            Ok(Some(Step::Return(v))) => {
                let stop = call::stop(cx, v);
                resume(cx, g, Input::Throw(stop))
            }
            Ok(None) => resume(cx, g, Input::Throw(e)),
            Err(e) => resume(cx, g, Input::Throw(e)),
        };
    }
    resume(cx, g, Input::Throw(e))
}

/// Throw into what a generator delegates to; `None` if it has no `throw`.
fn throw_to(cx: &mut Cx, sub: Obj, e: Raised) -> Result<Option<Step>> {
    if let Some(s) = sub.cast::<Generator>()
        && sub.shape() != shape::ASYNC_GENERATOR
    {
        return throw(cx, s, e).map(Some);
    }
    let Some(m) = ops::get_attr_opt(cx, sub, name!(cx, "throw"))? else { return Ok(None) };
    match ops::call_args(cx, m, &[e.obj()]) {
        Ok(v) => Ok(Some(Step::Yield(v))),
        Err(e) if e.is(cx, ExcKind::StopIteration) => Ok(Some(Step::Return(call::stop_value(e)))),
        Err(e) => Err(e),
    }
}

fn close_iterator(cx: &mut Cx, it: Obj) -> Result<()> {
    if let Some(g) = it.cast::<Generator>() {
        return close(cx, g).map(|_| ());
    }
    match ops::get_attr_opt(cx, it, name!(cx, "close")) {
        Ok(Some(m)) => ops::call_args(cx, m, &[]).map(|_| ()),
        Ok(None) => Ok(()),
        // The generator is closed in any case.
        Err(e) => {
            crate::poll::unraisable(cx, e, "Exception ignored while closing generator", it);
            Ok(())
        }
    }
}

/// `g.close()`: the value that it returned, if any.
pub fn close(cx: &mut Cx, g: Gc<Generator>) -> Result<Obj> {
    loop {
        match g.state() {
            DONE => return Ok(Obj::NONE),
            CREATED => {}
            _ => break,
        }
        if g.state.compare_exchange(CREATED, DONE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            g.regs.clear();
            return Ok(Obj::NONE);
        }
        // Another thread runs it by now, or looks at it.
        cx.blocked(std::thread::yield_now);
    }
    let e = typhon_object::exc::with_args(cx, ExcKind::GeneratorExit, &[])?;
    match throw(cx, g, e) {
        Ok(Step::Yield(_)) => Err(cx.error(ExcKind::RuntimeError, format!("{} ignored GeneratorExit", kind(g)))),
        Ok(Step::Return(v)) => Ok(v),
        Err(e) if e.is(cx, ExcKind::GeneratorExit) => Ok(Obj::NONE),
        Err(e) if e.is(cx, ExcKind::StopIteration) => Ok(call::stop_value(e)),
        Err(e) => Err(e),
    }
}

/// The exception that `throw(typ, val, tb)` raises.
pub fn thrown(cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Raised> {
    let e = if let Some(e) = typ.cast::<BaseException>() {
        if val.is_some_and(|v| !v.is_none()) {
            return Err(cx.type_error("instance exception may not have a separate value"));
        }
        e
    } else if let Some(t) = typ.cast::<typhon_object::types::Type>()
        && t.is_subtype(ExcKind::BaseException.class(cx))
    {
        // Where it cannot be made, that error is what is thrown.
        match val {
            Some(v) if ops::class_of(v).is_subtype(t) => match v.cast::<BaseException>() {
                Some(e) => e,
                None => return Err(cx.type_error("exceptions must derive from BaseException")),
            },
            Some(v) if !v.is_none() => {
                let made = match v.cast::<typhon_object::tuple::Tuple>() {
                    Some(a) => ops::call_args(cx, typ, a.payload().items()),
                    None => ops::call_args(cx, typ, &[v]),
                };
                made.and_then(|o| crate::exception::to_exception(cx, o)).unwrap_or_else(|e| e.0)
            }
            _ => crate::exception::to_exception(cx, typ).unwrap_or_else(|e| e.0),
        }
    } else {
        return Err(cx.type_error(format!(
            "exceptions must be classes or instances deriving from BaseException, not {}",
            cx.type_name(typ)
        )));
    };
    if let Some(t) = tb.filter(|t| !t.is_none()) {
        if t.cast::<crate::traceback::Traceback>().is_none() {
            return Err(cx.type_error("throw() third argument must be a traceback object"));
        }
        e.traceback.set(cx, e, t);
    }
    Ok(Raised(e))
}

/// Word of `Cx::ext`: how many frames of a coroutine's origin are kept, as an odd
/// number, or 0.
const ORIGIN: usize = 7;

/// `sys.get_coroutine_origin_tracking_depth()`.
pub fn origin_depth(cx: &Cx) -> i64 {
    (cx.ext[ORIGIN].get() >> 1) as i64
}

/// `sys.set_coroutine_origin_tracking_depth()`.
pub fn set_origin_depth(cx: &Cx, depth: u32) {
    cx.ext[ORIGIN].set(if depth == 0 { 0 } else { (depth as u64) << 1 | 1 });
}

/// Where a coroutine is made: file, line and function of the calling frames.
pub(crate) fn origin(cx: &mut Cx, mut w: Option<Window>) -> Result<Obj> {
    let out = typhon_object::list::new(cx, &[])?;
    for _ in 0..origin_depth(cx) {
        let Some(at) = w else { break };
        let code = at.func().code();
        let line = code.line_before(at.pc).unwrap_or(0);
        let (file, name) = (code.filename.obj().unwrap_or(Obj::NONE), code.name.obj().unwrap_or(Obj::NONE));
        let t = typhon_object::tuple::new(cx, &[file, Obj::int_unchecked(line as i64), name])?;
        out.append(cx, t.obj())?;
        w = at.caller();
    }
    Ok(ops::tuple_from_list(cx, out)?.obj())
}

/// Bit of `Generator::steps`: the collector tells of its death.
pub const REGISTERED: u32 = 8;

/// Have a generator told when it dies. One that has no `try` or `with` is registered when
/// it begins to delegate: before that its death changes nothing.
pub fn register(g: Gc<Generator>) {
    if g.steps.load(Ordering::Relaxed) & REGISTERED != 0
        || g.steps.fetch_or(REGISTERED, Ordering::Relaxed) & REGISTERED != 0
    {
        return;
    }
    // A live object.
    unsafe { typhon_gc::register_finalizable(g.obj().addr()) }
}

/// A generator is done: its death changes nothing any more.
pub fn deregister(g: Gc<Generator>) {
    if g.steps.load(Ordering::Relaxed) & REGISTERED != 0 {
        typhon_gc::unregister_last_finalizable(g.obj().addr());
    }
}

/// Whether a dead object that was registered has something to do still: a filter of the
/// collector, which calls it while the world is stopped.
pub fn has_work(object: *mut u8) -> bool {
    // Dead, but not swept: its header and payload are there.
    let o = unsafe { Obj::from_word_unchecked(object as u64) };
    let Some(g) = o.cast::<Generator>() else {
        return match o.cast::<crate::greenlet::Greenlet>() {
            Some(g) => g.has_work(),
            None => !native::dies_idle(o),
        };
    };
    match g.state() {
        generator::DONE => false,
        generator::CREATED => o.shape() != shape::GENERATOR,
        _ => true,
    }
}

/// A generator has died: run what its `finally` blocks and `with` statements still
/// have to do.
pub fn finalize(cx: &mut Cx, g: Gc<Generator>) -> Result<()> {
    let state = g.state();
    // One that runs and is dead ran in a greenlet whose thread is gone.
    if state == DONE || state == generator::RUNNING {
        return Ok(());
    }
    if g.obj().shape() == shape::ASYNC_GENERATOR
        && let Some(f) = g.extra.obj()
        && g.steps.load(Ordering::Acquire) & crate::async_gen::CLOSED == 0
    {
        return ops::call_args(cx, f, &[g.obj()]).map(|_| ());
    }
    if g.obj().shape() == shape::COROUTINE && state == CREATED {
        return never_awaited(cx, g);
    }
    close(cx, g).map(|_| ())
}

/// "coroutine 'f' was never awaited"; `warnings` knows how to say it.
fn never_awaited(cx: &mut Cx, g: Gc<Generator>) -> Result<()> {
    let warnings = crate::import::import_module(cx, "warnings")?;
    if let Some(f) = ops::get_attr_opt(cx, warnings, name!(cx, "_warn_unawaited_coroutine"))? {
        return ops::call_args(cx, f, &[g.obj()]).map(|_| ());
    }
    let name = g.qualname.get().map_or_else(String::new, |q| q.to_str().into_owned());
    typhon_builtins::hooks::warn(cx, &format!("coroutine '{name}' was never awaited"), ExcKind::RuntimeWarning)
}
