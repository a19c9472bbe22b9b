//! Asynchronous generators: the awaitables of `__anext__`, `asend`, `athrow`
//! and `aclose`, and the hooks that an event loop sets (PEP 525).
//!
//! Tests: tests/lang/async.md; CPython test_asyncgen.

use crate::ending;
use crate::generator::{self, DONE, Generator, Input, Step};
use std::sync::atomic::{AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::interp::InterpRoot;
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, native, ops};

/// Bit of `Generator::steps`: a step is under way.
pub const STEPPING: u32 = 1;
/// Bit of `Generator::steps`: it has ended, or is being closed.
pub const CLOSED: u32 = 2;
/// Bit of `Generator::steps`: the event loop's hooks were asked.
const HOOKED: u32 = 4;

/// Bit of `Generator::steps`: what it yields is for whoever steps it, as opposed to what
/// an `await` inside it passes through.
pub const YIELDED: u32 = 32;

/// Word of `Cx::ext`: a tuple of the thread's hooks `firstiter` and `finalizer`.
const HOOKS: usize = 3;

/// The class of what `sys.get_asyncgen_hooks()` returns, which the binary makes.
pub static HOOKS_CLASS: InterpRoot = InterpRoot::new();

/// `sys.get_asyncgen_hooks()`.
pub fn hooks(cx: &Cx) -> (Obj, Obj) {
    match Obj::from_word(cx.ext[HOOKS].get()).and_then(|o| o.cast::<Tuple>()) {
        Some(t) => (t.items()[0], t.items()[1]),
        None => (Obj::NONE, Obj::NONE),
    }
}

/// `sys.set_asyncgen_hooks()`.
pub fn set_hooks(cx: &mut Cx, firstiter: Obj, finalizer: Obj) -> Result<()> {
    let t = tuple::new(cx, &[firstiter, finalizer])?;
    cx.ext[HOOKS].set(t.obj().word());
    Ok(())
}

/// Before the first step: tell the event loop.
fn first(cx: &mut Cx, g: Gc<Generator>) -> Result<()> {
    let hooked = g.steps.load(Ordering::Relaxed) & HOOKED != 0;
    if hooked || generator::set_steps(g, HOOKED) & HOOKED != 0 || cx.ext[HOOKS].get() == 0 {
        return Ok(());
    }
    let (firstiter, finalizer) = hooks(cx);
    if !finalizer.is_none() {
        g.extra.set(cx, g, finalizer);
        ending::register(g);
    }
    if !firstiter.is_none() {
        ops::call_args(cx, firstiter, &[g.obj()])?;
    }
    Ok(())
}

const FRESH: u32 = 0;
const STARTED: u32 = 1;
const OVER: u32 = 2;

/// The awaitable of one step.
#[derive(Trace)]
pub struct Asend {
    generator: Gc<Generator>,
    value: Obj,
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
        let s = self.send_value(cx, Obj::NONE)?;
        generator::step_result(cx, s)
    }
    fn send(&self, cx: &mut Cx, v: Obj) -> Result<Obj> {
        let s = self.send_value(cx, v)?;
        generator::step_result(cx, s)
    }
    #[sig(typ, val = None, tb = None, /)]
    fn throw(&self, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        let e = ending::thrown(cx, typ, val, tb)?;
        let s = self.throw_in(cx, e)?;
        generator::step_result(cx, s)
    }
    fn close(&self, cx: &mut Cx) -> Result<()> {
        if self.state.load(Ordering::Acquire) == OVER {
            return Ok(());
        }
        let e = typhon_object::exc::with_args(cx, ExcKind::GeneratorExit, &[])?;
        let r = self.throw_in(cx, e);
        closed(cx, r)
    }
}

/// What closing a step gave, from what throwing GeneratorExit into it gave.
fn closed(cx: &Cx, r: Result<Step>) -> Result<()> {
    match r {
        Ok(Step::Return(_)) => Ok(()),
        Ok(Step::Yield(_)) => Err(cx.error(ExcKind::RuntimeError, "coroutine ignored GeneratorExit")),
        Err(e)
            if e.is(cx, ExcKind::StopIteration)
                || e.is(cx, ExcKind::StopAsyncIteration)
                || e.is(cx, ExcKind::GeneratorExit) =>
        {
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Begin with a step: a generator takes one at a time.
fn begin(cx: &Cx, state: &AtomicU32, g: Gc<Generator>, what: &str) -> Result<()> {
    if generator::set_steps(g, STEPPING) & STEPPING != 0 {
        state.store(OVER, Ordering::Release);
        return Err(cx.error(ExcKind::RuntimeError, format!("{what}(): asynchronous generator is already running")));
    }
    // Left by a `close` that it ignored.
    if g.steps.load(Ordering::Relaxed) & YIELDED != 0 {
        generator::clear_steps(g, YIELDED);
    }
    state.store(STARTED, Ordering::Release);
    Ok(())
}

impl Asend {
    /// The generator that it steps.
    #[inline]
    pub(crate) fn generator(&self) -> Gc<Generator> {
        self.generator
    }
    /// Go on, in the interpreter's loop: what to send to the generator, and whether the step
    /// begins; `None` if something stands against it.
    #[inline]
    pub(crate) fn begin(&self, sent: u64) -> Option<(u64, bool)> {
        match self.state.load(Ordering::Acquire) {
            STARTED => Some((sent, false)),
            FRESH => {
                let was = generator::set_steps(self.generator, STEPPING);
                if was & STEPPING != 0 {
                    return None;
                }
                if was & YIELDED != 0 {
                    generator::clear_steps(self.generator, YIELDED);
                }
                self.state.store(STARTED, Ordering::Release);
                Some((if sent == Obj::NONE.word() { self.value.word() } else { sent }, true))
            }
            _ => None,
        }
    }
    /// It did not begin after all.
    pub(crate) fn retract(&self) {
        self.state.store(FRESH, Ordering::Release);
        generator::clear_steps(self.generator, STEPPING);
    }
    /// The generator has yielded: whether that is what the step gives.
    #[inline]
    pub(crate) fn yielded(&self) -> bool {
        if self.generator.steps.load(Ordering::Relaxed) & YIELDED == 0 {
            return false;
        }
        generator::clear_steps(self.generator, STEPPING | YIELDED);
        self.state.store(OVER, Ordering::Release);
        true
    }
    /// The generator has ended, for good or by any other exception.
    pub(crate) fn ended(&self, closed: bool) {
        if closed {
            generator::set_steps(self.generator, CLOSED);
        }
        generator::clear_steps(self.generator, STEPPING);
        self.state.store(OVER, Ordering::Release);
    }
}

impl Asend {
    fn send_value(&self, cx: &mut Cx, v: Obj) -> Result<Step> {
        let g = self.generator;
        let mut v = v;
        match self.state.load(Ordering::Acquire) {
            OVER => return Err(self.reused(cx)),
            FRESH => {
                begin(cx, &self.state, g, "anext")?;
                if v.is_none() {
                    v = self.value;
                }
            }
            _ => {}
        }
        let r = generator::resume(cx, g, Input::Send(v));
        self.done(cx, r)
    }
    fn throw_in(&self, cx: &mut Cx, e: Raised) -> Result<Step> {
        match self.state.load(Ordering::Acquire) {
            OVER => return Err(self.reused(cx)),
            FRESH => begin(cx, &self.state, self.generator, "anext")?,
            _ => {}
        }
        let r = ending::throw(cx, self.generator, e);
        self.done(cx, r)
    }
    fn done(&self, cx: &mut Cx, r: Result<Step>) -> Result<Step> {
        let r = unwrap(cx, self.generator, r);
        if !matches!(r, Ok(Step::Yield(_))) {
            self.state.store(OVER, Ordering::Release);
        }
        r
    }
    fn reused(&self, cx: &Cx) -> Raised {
        cx.error(ExcKind::RuntimeError, "cannot reuse already awaited __anext__()/asend()")
    }
}

/// What a step of the generator means for the awaiting coroutine.
fn unwrap(cx: &mut Cx, g: Gc<Generator>, r: Result<Step>) -> Result<Step> {
    let e = match r {
        Ok(Step::Yield(v)) => {
            if g.steps.load(Ordering::Relaxed) & YIELDED == 0 {
                // An `await` inside: passed on to the event loop.
                return Ok(Step::Yield(v));
            }
            generator::clear_steps(g, STEPPING | YIELDED);
            return Ok(Step::Return(v));
        }
        Ok(Step::Return(_)) => typhon_object::exc::with_args(cx, ExcKind::StopAsyncIteration, &[])?,
        Err(e) => e,
    };
    if e.is(cx, ExcKind::StopAsyncIteration) || e.is(cx, ExcKind::GeneratorExit) {
        generator::set_steps(g, CLOSED);
    }
    generator::clear_steps(g, STEPPING);
    Err(e)
}

/// The awaitable of `athrow` or `aclose`.
#[derive(Trace)]
pub struct Athrow {
    generator: Gc<Generator>,
    /// What to throw; `aclose` has none.
    args: Option<Obj>,
    state: AtomicU32,
}

/// The awaitable of `athrow` and `aclose` of an asynchronous generator.
#[class(name = "async_generator_athrow", module = "builtins")]
impl Athrow {
    fn __await__(this: Gc<Athrow>) -> Obj {
        this.obj()
    }
    fn __iter__(this: Gc<Athrow>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let s = self.send_value(cx, Obj::NONE)?;
        generator::step_result(cx, s)
    }
    fn send(&self, cx: &mut Cx, v: Obj) -> Result<Obj> {
        let s = self.send_value(cx, v)?;
        generator::step_result(cx, s)
    }
    #[sig(typ, val = None, tb = None, /)]
    fn throw(&self, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        let e = ending::thrown(cx, typ, val, tb)?;
        let s = self.throw_in(cx, e)?;
        generator::step_result(cx, s)
    }
    fn close(&self, cx: &mut Cx) -> Result<()> {
        if self.state.load(Ordering::Acquire) == OVER {
            return Ok(());
        }
        let e = typhon_object::exc::with_args(cx, ExcKind::GeneratorExit, &[])?;
        let r = self.throw_in(cx, e);
        closed(cx, r)
    }
}

impl Athrow {
    fn what(&self) -> &'static str {
        if self.args.is_some() { "athrow" } else { "aclose" }
    }
    fn reused(&self, cx: &Cx) -> Raised {
        cx.error(ExcKind::RuntimeError, "cannot reuse already awaited aclose()/athrow()")
    }
    fn over(&self) {
        self.state.store(OVER, Ordering::Release);
    }
    fn send_value(&self, cx: &mut Cx, v: Obj) -> Result<Step> {
        let g = self.generator;
        let state = self.state.load(Ordering::Acquire);
        if state == OVER {
            return Err(self.reused(cx));
        }
        if g.state() == DONE {
            self.over();
            return Ok(Step::Return(Obj::NONE));
        }
        let step = if state == FRESH {
            let steps = g.steps.load(Ordering::Acquire);
            if steps & (STEPPING | CLOSED) == CLOSED {
                self.over();
                return Err(typhon_object::exc::with_args(cx, ExcKind::StopAsyncIteration, &[])?);
            }
            if steps & STEPPING == 0 && !v.is_none() {
                let text = "can't send non-None value to a just-started coroutine";
                return Err(cx.error(ExcKind::RuntimeError, text));
            }
            begin(cx, &self.state, g, self.what())?;
            let e = match self.args {
                None => {
                    g.steps.fetch_or(CLOSED, Ordering::AcqRel);
                    typhon_object::exc::with_args(cx, ExcKind::GeneratorExit, &[])
                }
                Some(a) => {
                    // `athrow` keeps its arguments as they came.
                    let t: Gc<Tuple> = unsafe { Gc::from_obj(a) };
                    ending::thrown(cx, t.items()[0], t.get(1), t.get(2))
                }
            };
            match e {
                Ok(e) => ending::throw(cx, g, e),
                Err(e) => Err(e),
            }
        } else {
            generator::resume(cx, g, Input::Send(v))
        };
        self.finish(cx, step)
    }
    fn throw_in(&self, cx: &mut Cx, e: Raised) -> Result<Step> {
        match self.state.load(Ordering::Acquire) {
            OVER => return Err(self.reused(cx)),
            FRESH => begin(cx, &self.state, self.generator, self.what())?,
            _ => {}
        }
        let step = ending::throw(cx, self.generator, e);
        self.finish(cx, step)
    }
    fn finish(&self, cx: &mut Cx, step: Result<Step>) -> Result<Step> {
        let g = self.generator;
        if self.args.is_some() {
            let r = unwrap(cx, g, step);
            if !matches!(r, Ok(Step::Yield(_))) {
                self.over();
            }
            return r;
        }
        let r = match step {
            Ok(Step::Yield(v)) if g.steps.load(Ordering::Relaxed) & YIELDED == 0 => return Ok(Step::Yield(v)),
            Ok(Step::Yield(_)) => Err(cx.error(ExcKind::RuntimeError, "async generator ignored GeneratorExit")),
            Ok(Step::Return(_)) => Ok(Step::Return(Obj::NONE)),
            Err(e) if e.is(cx, ExcKind::StopAsyncIteration) || e.is(cx, ExcKind::GeneratorExit) => {
                Ok(Step::Return(Obj::NONE))
            }
            Err(e) => Err(e),
        };
        generator::clear_steps(g, STEPPING | YIELDED);
        self.over();
        r
    }
}

/// Have the VM step these without exceptions.
pub fn init(cx: &mut Cx) -> Result<()> {
    native::class_of::<Asend>(cx)?.set_send_fn(|cx, it, v| match it.cast::<Asend>() {
        Some(a) => a.send_value(cx, v),
        None => Ok(Step::Return(Obj::NONE)),
    });
    native::class_of::<Athrow>(cx)?.set_send_fn(|cx, it, v| match it.cast::<Athrow>() {
        Some(a) => a.send_value(cx, v),
        None => Ok(Step::Return(Obj::NONE)),
    });
    Ok(())
}

/// `g.__anext__()`, and `g.asend(v)`.
pub fn asend(cx: &mut Cx, g: Gc<Generator>, value: Obj) -> Result<Obj> {
    first(cx, g)?;
    native::instance(cx, Asend { generator: g, value, state: AtomicU32::new(FRESH) }).map(|a| a.obj())
}
/// `g.athrow(...)`.
pub fn athrow(cx: &mut Cx, g: Gc<Generator>, args: &[Obj]) -> Result<Obj> {
    first(cx, g)?;
    let args = tuple::new(cx, args)?;
    step(cx, g, Some(args.obj()))
}
/// `g.aclose()`.
pub fn aclose(cx: &mut Cx, g: Gc<Generator>) -> Result<Obj> {
    first(cx, g)?;
    step(cx, g, None)
}

fn step(cx: &mut Cx, generator: Gc<Generator>, args: Option<Obj>) -> Result<Obj> {
    let a = native::instance(cx, Athrow { generator, args, state: AtomicU32::new(FRESH) })?;
    watch_awaiting(a.obj());
    Ok(a.obj())
}

/// Have it known when a step dies that nobody has awaited. `__anext__` does not:
/// `async for` makes one each time and awaits it.
pub fn watch_awaiting(o: Obj) {
    // A live object of a native class.
    unsafe { typhon_gc::register_finalizable(o.addr()) }
}

/// A step has died: warn if nobody has awaited it. Whether `o` is a step.
pub fn finalize_step(cx: &mut Cx, o: Obj) -> Result<bool> {
    let (g, method, state) = if let Some(a) = o.cast::<Asend>() {
        (a.generator, "asend", a.state.load(Ordering::Acquire))
    } else if let Some(a) = o.cast::<Athrow>() {
        (a.generator, a.what(), a.state.load(Ordering::Acquire))
    } else {
        return Ok(false);
    };
    if state == FRESH {
        let name = g.qualname.get().map_or_else(String::new, |q| q.to_str().into_owned());
        let text = format!("coroutine method '{method}' of '{name}' was never awaited");
        typhon_builtins::hooks::warn(cx, &text, ExcKind::RuntimeWarning)?;
    }
    Ok(true)
}

/// The awaitable of `anext(iterator, default)`.
#[derive(Trace)]
pub struct AnextDefault {
    awaitable: Obj,
    default: Obj,
}

/// What `anext()` with a default returns.
#[class(name = "anext_awaitable", module = "builtins")]
impl AnextDefault {
    fn __await__(this: Gc<AnextDefault>) -> Obj {
        this.obj()
    }
    fn __iter__(this: Gc<AnextDefault>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        self.step(cx, |cx, it| {
            let s = generator::send(cx, it, Obj::NONE)?;
            generator::step_result(cx, s)
        })
    }
    fn send(&self, cx: &mut Cx, v: Obj) -> Result<Obj> {
        self.step(cx, |cx, it| ops::call_method(cx, it, "send", &[v]))
    }
    #[sig(*args)]
    fn throw(&self, cx: &mut Cx, args: &[Obj]) -> Result<Obj> {
        self.step(cx, |cx, it| ops::call_method(cx, it, "throw", args))
    }
    fn close(&self, cx: &mut Cx) -> Result<Obj> {
        self.step(cx, |cx, it| ops::call_method(cx, it, "close", &[]))
    }
}

impl AnextDefault {
    fn step(&self, cx: &mut Cx, f: impl FnOnce(&mut Cx, Obj) -> Result<Obj>) -> Result<Obj> {
        let mut it = generator::awaitable(cx, self.awaitable)?;
        if it.shape() == typhon_object::shape::COROUTINE {
            it = ops::call_method(cx, it, "__await__", &[])?;
        }
        match f(cx, it) {
            Err(e) if e.is(cx, ExcKind::StopAsyncIteration) => Err(crate::call::stop(cx, self.default)),
            r => r,
        }
    }
}

/// `anext(iterator, default)`, given what `__anext__` returned.
pub fn anext_default(cx: &mut Cx, awaitable: Obj, default: Obj) -> Result<Obj> {
    native::instance(cx, AnextDefault { awaitable, default }).map(|a| a.obj())
}
