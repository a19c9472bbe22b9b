//! Asynchronous generators: the awaitables of `__anext__`, `asend`, `athrow`
//! and `aclose` (PEP 525).
//!
//! Tests: tests/lang/async.md; CPython test_asyncgen.

use crate::generator::{self, DONE, Generator, Input, Step};
use std::sync::atomic::{AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, native};

/// A value that an asynchronous generator yields, as opposed to what an
/// `await` inside it passes through.
#[derive(Trace)]
pub struct Wrapped {
    value: Obj,
}

/// Only the VM sees these.
#[class(name = "async_generator_wrapped_value", module = "builtins")]
impl Wrapped {}

/// Wrap a value.
pub fn wrap(cx: &mut Cx, value: Obj) -> Result<Obj> {
    native::instance(cx, Wrapped { value }).map(|g| g.obj())
}

const SEND: u32 = 0;
const THROW: u32 = 1;
const CLOSE: u32 = 2;

/// The awaitable of one step.
#[derive(Trace)]
pub struct Asend {
    gen_: Gc<Generator>,
    value: Obj,
    #[trace(skip)]
    kind: u32,
    /// 0 fresh, 1 started, 2 done.
    #[trace(skip)]
    state: AtomicU32,
}

/// The awaitable of a step of an asynchronous generator.
#[class(name = "async_generator_asend", module = "builtins")]
impl Asend {
    fn __await__(this: Gc<Asend>) -> Obj {
        this.obj()
    }
    fn __iter__(this: Gc<Asend>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        self.advance(cx, Input::Send(Obj::NONE))
    }
    fn send(&self, cx: &mut Cx, v: Obj) -> Result<Obj> {
        self.advance(cx, Input::Send(v))
    }
    #[sig(typ, val = None, tb = None, /)]
    fn throw(&self, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        let e = generator::thrown(cx, typ, val, tb)?;
        self.advance(cx, Input::Throw(e))
    }
    fn close(&self) {
        self.state.store(2, Ordering::Relaxed);
    }
}

impl Asend {
    fn advance(&self, cx: &mut Cx, input: Input) -> Result<Obj> {
        let s = self.state.swap(1, Ordering::AcqRel);
        if s == 2 {
            self.state.store(2, Ordering::Relaxed);
            return Err(cx.error(ExcKind::RuntimeError, "cannot reuse already awaited __anext__()/asend()"));
        }
        let g = self.gen_;
        let step = if s == 0 {
            match (self.kind, input) {
                (_, Input::Throw(e)) => generator::throw(cx, g, e),
                (SEND, Input::Send(v)) => {
                    if !v.is_none() && self.value.is_none() {
                        generator::resume(cx, g, Input::Send(v))
                    } else {
                        generator::resume(cx, g, Input::Send(self.value))
                    }
                }
                (THROW, _) => {
                    let e = generator::thrown(cx, self.value, None, None)?;
                    generator::throw(cx, g, e)
                }
                _ => {
                    if g.state.load(Ordering::Acquire) == DONE {
                        self.state.store(2, Ordering::Relaxed);
                        return Err(crate::call::stop(cx, Obj::NONE));
                    }
                    let e = typhon_object::exc::with_args(cx, ExcKind::GeneratorExit, &[])?;
                    generator::throw(cx, g, e)
                }
            }
        } else {
            match input {
                Input::Send(v) => generator::resume(cx, g, Input::Send(v)),
                Input::Throw(e) => generator::throw(cx, g, e),
            }
        };
        self.finish(cx, step)
    }

    /// What a step of the generator means for the awaiting coroutine.
    fn finish(&self, cx: &mut Cx, step: Result<Step>) -> Result<Obj> {
        let done = |e: Raised| -> Result<Obj> {
            self.state.store(2, Ordering::Relaxed);
            Err(e)
        };
        match step {
            Ok(Step::Yield(v)) => match v.cast::<Wrapped>() {
                Some(_) if self.kind == CLOSE => {
                    done(cx.error(ExcKind::RuntimeError, "async generator ignored GeneratorExit"))
                }
                Some(w) => done(crate::call::stop(cx, w.value)),
                // An `await` inside: passed on to the event loop.
                None => Ok(v),
            },
            Ok(Step::Return(_)) if self.kind == CLOSE => done(crate::call::stop(cx, Obj::NONE)),
            Ok(Step::Return(_)) => {
                let e = typhon_object::exc::with_args(cx, ExcKind::StopAsyncIteration, &[])?;
                done(e)
            }
            Err(e)
                if self.kind == CLOSE
                    && (e.is(cx, ExcKind::GeneratorExit) || e.is(cx, ExcKind::StopAsyncIteration)) =>
            {
                done(crate::call::stop(cx, Obj::NONE))
            }
            Err(e) => done(e),
        }
    }
}

fn step(cx: &mut Cx, g: Gc<Generator>, value: Obj, kind: u32) -> Result<Obj> {
    native::instance(cx, Asend { gen_: g, value, kind, state: AtomicU32::new(0) }).map(|a| a.obj())
}

/// `g.asend(v)`.
pub fn asend(cx: &mut Cx, g: Gc<Generator>, v: Obj) -> Result<Obj> {
    step(cx, g, v, SEND)
}
/// `g.athrow(e)`.
pub fn athrow(cx: &mut Cx, g: Gc<Generator>, e: Raised) -> Result<Obj> {
    step(cx, g, e.obj(), THROW)
}
/// `g.aclose()`.
pub fn aclose(cx: &mut Cx, g: Gc<Generator>) -> Result<Obj> {
    step(cx, g, Obj::NONE, CLOSE)
}
