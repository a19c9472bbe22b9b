//! Generators and coroutines: what they are, and resuming them from native code.
//!
//! A suspended generator keeps its registers in an array of its own. Resuming
//! copies them into a fresh window; yielding copies them back. `for` over a
//! generator resumes it in the same interpreter loop (`suspend.rs`). How generators end otherwise than
//! by themselves is in `ending.rs`.
//!
//! Invariant GEN-1: only the thread that moved `state` to RUNNING touches
//! `regs` and `pc`, or, in `Borrowed`, the one that set the bit BORROWED.
//! Invariant GEN-2: who holds that bit neither allocates nor waits nor runs Python code: others
//! spin for it.
//! Tests: tests/lang/generators.md; CPython test_generators, test_coroutines.

use crate::call;
use crate::frame::{Base, Frame, PB, Pc, Window};
use crate::function::Function;
use crate::suspend::{install, resuming, resuming_step, switch_back, yield_target};
use crate::{ending, interp, unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use typhon_bytecode::{Insn, Op, flags};
use typhon_macros::Trace;
use typhon_object::array::{self, Array};
use typhon_object::exc::BaseException;
use typhon_object::native::Payload;
use typhon_object::str::Str;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, Slot, ops, shape};

/// Not started yet.
pub const CREATED: u32 = 0;
/// Waits at a `yield`.
pub const SUSPENDED: u32 = 1;
/// Runs.
pub const RUNNING: u32 = 2;
/// Has ended.
pub const DONE: u32 = 3;
/// Bit beside CREATED and SUSPENDED: another thread looks at its registers. Whoever wants to
/// run it waits; it is only held while nothing is allocated (GEN-2).
const BORROWED: u32 = 4;

/// Resumed by native code.
pub(crate) const BY_NATIVE: u32 = 0;
/// Resumed by FORLOOP.
pub(crate) const BY_LOOP: u32 = 1;
/// Resumed by SEND.
pub(crate) const BY_SEND: u32 = 2;
/// An asynchronous generator, resumed by SEND to the step that `__anext__` made.
pub(crate) const BY_STEP: u32 = 3;

/// Bit beside BY_SEND: the resumer is a generator that delegates, and `regs` of that holds
/// just what is in its window, where it has done nothing since it was resumed itself.
pub(crate) const IN_STEP: u32 = 8;

/// What stands for the return address in the window of a generator that native code resumed
/// and that has returned.
const RETURNED: u64 = 0;

/// The payload of generators, coroutines and asynchronous generators.
#[derive(Trace)]
#[repr(C)]
pub struct Generator {
    /// The function.
    pub func: Slot<Function>,
    /// Registers while suspended.
    pub regs: Slot<Array>,
    /// Where to go on.
    #[trace(skip)]
    pub pc: AtomicU64,
    /// One of the states above.
    #[trace(skip)]
    pub state: AtomicU32,
    #[trace(skip)]
    pub(crate) resumer: AtomicU32,
    /// The exception being handled inside.
    pub(crate) handled: Slot,
    /// The one that the resumer handles.
    pub(crate) outer: Slot,
    /// `__name__`.
    pub name: Slot<Str>,
    /// `__qualname__`.
    pub qualname: Slot<Str>,
    /// The frame object, if somebody asked for it.
    pub frame: Slot<Frame>,
    /// Of an asynchronous generator: the event loop's finalizer. Of a coroutine: where
    /// it was made, if that is tracked; of one that is a module, its namespace.
    pub extra: Slot,
    /// Bits that the steps of an asynchronous generator set (see `async_gen`), and
    /// [`ending::REGISTERED`].
    #[trace(skip)]
    pub steps: AtomicU32,
    /// How many of `regs` may hold something.
    #[trace(skip)]
    pub(crate) kept: AtomicU32,
}

impl Payload for Generator {
    fn is(o: Obj) -> bool {
        o.is_ptr() && matches!(o.shape(), shape::GENERATOR | shape::COROUTINE | shape::ASYNC_GENERATOR)
    }
}

/// What resuming gave.
pub use typhon_object::types::Sent as Step;

/// What to resume with.
pub enum Input {
    /// `send(v)`.
    Send(Obj),
    /// `throw(e)`.
    Throw(Raised),
}

impl Generator {
    /// Whether this is a module with `await` at its top level.
    fn is_module(&self) -> bool {
        self.func.get().is_some_and(|f| f.code().data.flags & flags::OPTIMIZED == 0)
    }

    /// BY_NATIVE and so on.
    #[inline(always)]
    pub(crate) fn resumed_by(&self) -> u32 {
        self.resumer.load(Ordering::Relaxed) & !IN_STEP
    }

    /// The namespace of a module.
    pub(crate) fn namespace(&self) -> Option<Obj> {
        self.extra.obj().filter(|_| self.is_module())
    }

    /// Where a coroutine was made, if that was tracked.
    pub(crate) fn origin(&self) -> Option<Obj> {
        self.extra.obj().filter(|_| !self.is_module())
    }
}

pub(crate) fn generator_of(w: Window) -> Option<Gc<Generator>> {
    let e = w.extra()?;
    if let Some(g) = e.cast::<Generator>() {
        return Some(g);
    }
    e.cast::<Frame>()?.extra.obj()?.cast::<Generator>()
}

/// The kind of thing, for error texts.
pub fn kind(g: Gc<Generator>) -> &'static str {
    match g.obj().shape() {
        shape::COROUTINE => "coroutine",
        shape::ASYNC_GENERATOR => "async generator",
        _ => "generator",
    }
}

/// Begin to run a generator that stands still (GEN-1): the state it was in.
#[inline(always)]
pub(crate) fn claim(g: Gc<Generator>) -> Option<u32> {
    let s = g.state.load(Ordering::Acquire);
    if s != SUSPENDED && s != CREATED {
        return None;
    }
    if !typhon_gc::multi_threaded() {
        g.state.store(RUNNING, Ordering::Relaxed);
        return Some(s);
    }
    g.state.compare_exchange(s, RUNNING, Ordering::AcqRel, Ordering::Acquire).ok()
}

/// Begin to run it, or learn that it has ended: the state it was in. ValueError if it runs.
pub(crate) fn start(cx: &mut Cx, g: Gc<Generator>) -> Result<u32> {
    if let Some(was) = claim(g) {
        return Ok(was);
    }
    loop {
        match g.state.load(Ordering::Acquire) {
            RUNNING => return Err(cx.value_error(format!("{} already executing", kind(g)))),
            DONE => return Ok(DONE),
            s if s & BORROWED != 0 => cx.blocked(std::thread::yield_now),
            s => {
                if g.state.compare_exchange(s, RUNNING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                    return Ok(s);
                }
            }
        }
    }
}

/// The registers of a generator that stands still, for a look (GEN-2).
pub(crate) struct Borrowed {
    g: Gc<Generator>,
    state: u32,
}

impl Borrowed {
    /// `None`: it runs or has ended.
    pub fn new(cx: &Cx, g: Gc<Generator>) -> Option<Borrowed> {
        loop {
            match g.state.load(Ordering::Acquire) {
                RUNNING | DONE => return None,
                s if s & BORROWED != 0 => cx.blocked(std::thread::yield_now),
                s => {
                    if g.state.compare_exchange(s, s | BORROWED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                        return Some(Borrowed { g, state: s });
                    }
                }
            }
        }
    }
    /// Its registers.
    pub fn regs(&self) -> Option<Gc<Array>> {
        self.g.regs.get()
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.g.state.store(self.state, Ordering::Release);
    }
}

impl Generator {
    /// CREATED, SUSPENDED, RUNNING or DONE.
    pub fn state(&self) -> u32 {
        self.state.load(Ordering::Acquire) & !BORROWED
    }
}

/// Bit of `Generator::steps`: the exception being handled is the generator's own, not what
/// its resumer handles. They may be one object, if the resumer throws in what it handles.
pub(crate) const HANDLING: u32 = 16;

/// Set bits of `Generator::steps`.
#[inline]
pub(crate) fn set_steps(g: Gc<Generator>, bits: u32) -> u32 {
    if typhon_gc::multi_threaded() {
        return g.steps.fetch_or(bits, Ordering::AcqRel);
    }
    let was = g.steps.load(Ordering::Relaxed);
    g.steps.store(was | bits, Ordering::Relaxed);
    was
}

/// Clear bits of `Generator::steps`.
#[inline]
pub(crate) fn clear_steps(g: Gc<Generator>, bits: u32) -> u32 {
    if typhon_gc::multi_threaded() {
        return g.steps.fetch_and(!bits, Ordering::AcqRel);
    }
    let was = g.steps.load(Ordering::Relaxed);
    g.steps.store(was & !bits, Ordering::Relaxed);
    was
}

/// A generator's handler begins while `handled` is handled: the word that it saves, 0 if the
/// generator itself has handled nothing so far.
pub(crate) fn begin_handling(pc: Pc, base: Base, handled: u64) -> u64 {
    match generator_of(Window { pc, base }) {
        Some(g) if g.steps.fetch_or(HANDLING, Ordering::Relaxed) & HANDLING == 0 => 0,
        _ => handled,
    }
}

/// A generator's outermost handler ends: the word of what is handled now, by its resumer.
pub(crate) fn end_handling(pc: Pc, base: Base) -> u64 {
    generator_of(Window { pc, base }).map_or(0, |g| {
        g.steps.fetch_and(!HANDLING, Ordering::Relaxed);
        g.outer.word()
    })
}

/// Resume from native code.
pub fn resume(cx: &mut Cx, g: Gc<Generator>, input: Input) -> Result<Step> {
    let was = start(cx, g)?;
    if was == DONE {
        return match input {
            _ if g.obj().shape() == shape::COROUTINE => {
                Err(cx.error(ExcKind::RuntimeError, "cannot reuse already awaited coroutine"))
            }
            Input::Throw(e) => Err(e),
            Input::Send(_) => Ok(Step::Return(Obj::NONE)),
        };
    }
    if was == CREATED {
        match input {
            Input::Send(v) if !v.is_none() => {
                g.state.store(CREATED, Ordering::Release);
                return Err(cx.type_error(format!("can't send non-None value to a just-started {}", kind(g))));
            }
            Input::Throw(e) => {
                // It ends before its first instruction.
                finish(g);
                return Err(e);
            }
            _ => {}
        }
    }
    resume_claimed(cx, g, input, was)
}

fn resume_claimed(cx: &mut Cx, g: Gc<Generator>, input: Input, was: u32) -> Result<Step> {
    cx.enter().inspect_err(|_| g.state.store(was, Ordering::Release))?;
    let func = g.func.get().expect("generators have a function");
    let pc = g.pc.load(Ordering::Relaxed) as Pc;
    // VM-1: a fresh window, filled from the generator (GEN-1).
    unsafe {
        let old_top = cx.top();
        let w = match call::push_entry(cx, func.obj().word()) {
            Ok(w) => w,
            Err(e) => {
                g.state.store(was, Ordering::Release);
                return Err(e);
            }
        };
        let base = w.add(4);
        cx.set_top(base.add(func.nregs.load(Ordering::Relaxed) as usize));
        install(cx, g, base, BY_NATIVE);
        let r = match input {
            Input::Send(v) => {
                if was == SUSPENDED {
                    *base.add(yield_target(pc)) = v.word();
                }
                call::run_window(cx, pc, base, w)
            }
            Input::Throw(e) => {
                // What the caller handles is not the generator's affair.
                if g.handled.word() != 0 {
                    typhon_object::exc::chain(cx, e.0);
                }
                throw_into(cx, pc, base, e)
            }
        };
        cx.set_top(old_top);
        match r {
            // Not by the state: after a yield another thread may have gone on with the
            // generator, and come to its end.
            Ok(v) if *w.add(1) == RETURNED => Ok(Step::Return(v)),
            Ok(v) => Ok(Step::Yield(v)),
            Err(e) => {
                // It could not be entered; nobody else claims one that runs.
                if g.state.load(Ordering::Relaxed) == RUNNING {
                    finish(g);
                }
                Err(e)
            }
        }
    }
}

unsafe fn throw_into(cx: &mut Cx, pc: Pc, base: Base, e: Raised) -> Result<Obj> {
    unsafe {
        if cx.depth >= cx.depth_limit {
            return Err(cx.recursion_error());
        }
        let (old_pc, old_base, old_depth) = (cx.pc, cx.base, cx.depth);
        cx.depth += 1;
        let mut e = e;
        if crate::monitor::on(cx) {
            cx.pc = pc;
            cx.base = base;
            e = crate::monitor::thrown(cx, Window { base, pc }, e);
        }
        let pb = unwind::unwind(cx, pc, base, e, unwind::Origin::Raised);
        let r = interp::run(pb.pc, pb.base, cx);
        cx.pc = old_pc;
        cx.base = old_base;
        cx.depth = old_depth;
        match r {
            interp::Exit::Value(v) => Ok(Obj::from_word_unchecked(v)),
            interp::Exit::Raised(e) => Err(Raised(Gc::from_obj(Obj::from_word_unchecked(e)))),
            interp::Exit::Switch => unreachable!("`run` goes on"),
        }
    }
}

fn finish(g: Gc<Generator>) {
    g.regs.clear();
    g.handled.clear();
    g.state.store(DONE, Ordering::Release);
    ending::deregister(g);
}

/// Whether native code resumed the generator for a loop of the calling window.
fn in_loop(w: Window) -> bool {
    // The word before `pc` is the instruction that runs (VM-2).
    w.caller().is_some_and(|c| unsafe {
        Insn((*c.pc.sub(1)).load(Ordering::Relaxed)).op().is_some_and(|op| op.info().base == Op::FORLOOP)
    })
}

/// A generator's window returns: `None` if the window is not a generator's.
pub fn returned(cx: &mut Cx, w: Window, v: Obj) -> Result<Option<PB>> {
    let Some(g) = generator_of(w) else { return Ok(None) };
    let by = g.resumed_by();
    if crate::monitor::on(cx) && (by == BY_SEND || !v.is_none() && (by == BY_LOOP || in_loop(w))) {
        crate::monitor::stopped(cx, w, v)?;
    }
    crate::frame::leave(cx, w)?;
    switch_back(cx, g, false);
    finish(g);
    cx.depth = cx.depth.saturating_sub(1);
    // The linkage of the window that ends.
    unsafe {
        let (mut ret, caller) = (*w.base.sub(3) as Pc, *w.base.sub(2) as Base);
        match by {
            BY_NATIVE => {
                *w.base.sub(4) = v.word();
                *w.base.sub(3) = RETURNED;
            }
            BY_SEND => {
                let i = resuming(ret, BY_SEND);
                *caller.add(i.a() as usize) = v.word();
                ret = ret.offset(i.c() as i16 as isize);
            }
            BY_STEP => {
                if let Some(step) = resuming_step(ret, caller) {
                    step.ended(true);
                }
                // Raised where the step is awaited, not in the window that has ended.
                let e = match typhon_object::exc::with_args(cx, ExcKind::StopAsyncIteration, &[]) {
                    Ok(e) | Err(e) => e,
                };
                return Ok(Some(unwind::raise(cx, ret, caller, e)));
            }
            _ => {}
        }
        Ok(Some(PB { pc: ret, base: caller }))
    }
}

/// A generator's window is left by an exception: end it. The unwinding itself
/// goes on as usual.
pub fn unwound(cx: &mut Cx, w: Window, e: Raised) -> Option<PB> {
    let g = generator_of(w)?;
    switch_back(cx, g, false);
    finish(g);
    if g.resumed_by() == BY_STEP {
        // The linkage of the window that ends.
        let step = unsafe { resuming_step(*w.base.sub(3) as Pc, *w.base.sub(2) as Base) };
        if let Some(step) = step {
            step.ended(e.is(cx, ExcKind::StopAsyncIteration) || e.is(cx, ExcKind::GeneratorExit));
        }
    }
    None
}

/// The iterator that a suspended generator delegates to.
pub fn delegate(g: Gc<Generator>) -> Option<Obj> {
    if g.state() != SUSPENDED {
        return None;
    }
    let pc = g.pc.load(Ordering::Relaxed) as Pc;
    // As in `yield_target`.
    let i = Insn(unsafe { (*pc.sub(1)).load(Ordering::Relaxed) });
    if i.op() != Some(Op::YIELD) || i.x() & 1 == 0 {
        return None;
    }
    g.regs.get()?.get(i.c() as usize)
}

crate::slow! {
    /// RETURNGENERATOR.
    fn return_generator(f) {
        let func = f.func();
        let n = func.nregs.load(Ordering::Relaxed) as usize;
        let regs = array::new(f.cx, n)?;
        let d = func.code().data.flags;
        let shape_id = if d & flags::COROUTINE != 0 {
            shape::COROUTINE
        } else if d & flags::ASYNC_GENERATOR != 0 {
            shape::ASYNC_GENERATOR
        } else {
            shape::GENERATOR
        };
        for (i, s) in regs.slots().iter().enumerate().take(func.nclear.load(Ordering::Relaxed) as usize) {
            s.store(f.word(i), Ordering::Relaxed);
        }
        f.cx.barrier(regs.obj());
        let g = crate::object_with(f.cx, shape_id, Generator {
            func: Slot::new(func),
            regs: Slot::new(regs),
            pc: AtomicU64::new(f.pc as u64),
            state: AtomicU32::new(CREATED),
            resumer: AtomicU32::new(BY_NATIVE),
            handled: Slot::empty(),
            outer: Slot::empty(),
            name: Slot::of(func.name.get()),
            qualname: Slot::of(func.qualname.get()),
            frame: Slot::empty(),
            extra: Slot::empty(),
            steps: AtomicU32::new(0),
            kept: AtomicU32::new(func.nclear.load(Ordering::Relaxed)),
        })?;
        // Its function may have been given other code meanwhile (`function::replace_code`).
        if g.func.get() != Some(f.func()) {
            g.func.set(f.cx, g, f.func());
        }
        // The linkage of the running window: a coroutine that is awaited at once is not one
        // that never is.
        let awaited = || unsafe { (*(*f.base.sub(3) as Pc)).load(Ordering::Relaxed) as u8 == Op::GETAWAITABLE as u8 };
        if func.code().handles || d & flags::COROUTINE != 0 && !(shape_id == shape::COROUTINE && awaited()) {
            ending::register(g);
        }
        if d & flags::OPTIMIZED == 0 {
            let ns = Window { base: f.base, pc: f.pc }.namespace();
            g.extra.put(f.cx, g, ns);
        } else if shape_id == shape::COROUTINE && ending::origin_depth(f.cx) != 0 {
            let o = ending::origin(f.cx, Window { base: f.base, pc: f.pc }.caller())?;
            g.extra.set(f.cx, g, o);
        }
        let w = Window { base: f.base, pc: f.pc };
        crate::frame::leave(f.cx, w)?;
        f.cx.depth -= 1;
        // The linkage of the running window.
        unsafe {
            *f.base.sub(4) = g.obj().word();
            Ok(PB { pc: *f.base.sub(3) as Pc, base: *f.base.sub(2) as Base })
        }
    }
    /// GETAWAITABLE.
    fn get_awaitable(f) {
        let o = f.reg(f.b());
        let x = f.x();
        let r = awaitable(f.cx, o);
        let v = match r {
            Ok(v) => v,
            Err(e) if x != 0 && e.is(f.cx, ExcKind::TypeError) && ops::class_of(o).special(Dunder::Await).is_none() => {
                let which = if x == 1 { "__aenter__" } else { "__aexit__" };
                return Err(f.cx.type_error(format!(
                    "'async with' received an object from {which} that does not implement __await__: {}",
                    f.cx.type_name(o))));
            }
            Err(e) => return Err(e),
        };
        let inner = v.cast::<Generator>().filter(|_| v.shape() == shape::COROUTINE);
        if inner.is_some_and(|g| delegate(g).is_some()) {
            return Err(f.cx.error(ExcKind::RuntimeError, "coroutine is being awaited already"));
        }
        // If it dies while it awaits, what it awaits is to be closed; a coroutine that only
        // it knows dies, too, and sees to that itself.
        if inner.is_none_or(|g| g.steps.load(Ordering::Relaxed) & ending::REGISTERED != 0)
            && let Some(g) = generator_of(Window { base: f.base, pc: f.pc })
            && g.obj().shape() == shape::COROUTINE
        {
            ending::register(g);
        }
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// GETYIELDFROMITER.
    fn get_yield_from_iter(f) {
        let o = f.reg(f.b());
        let v = match o.shape() {
            shape::GENERATOR => o,
            shape::COROUTINE => {
                let ok = f.code().data.flags & (flags::COROUTINE | flags::ITERABLE_COROUTINE) != 0;
                if !ok {
                    return Err(f.cx.type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"));
                }
                o
            }
            _ => ops::get_iter(f.cx, o)?,
        };
        f.set(f.a(), v);
        // If it dies while it delegates, what it delegates to is to be closed.
        if let Some(g) = generator_of(Window { base: f.base, pc: f.pc }) {
            ending::register(g);
        }
        Ok(f.done())
    }
    /// GETAITER.
    fn get_aiter(f) {
        let o = f.reg(f.b());
        let v = match ops::call_special(f.cx, o, Dunder::AIter, &[])? {
            Some(v) => v,
            None => return Err(f.cx.type_error(format!(
                "'async for' requires an object with __aiter__ method, got {}", f.cx.type_name(o)))),
        };
        if ops::class_of(v).special(Dunder::ANext).is_none() {
            return Err(f.cx.type_error(format!(
                "'async for' received an object from __aiter__ that does not implement __anext__: {}", f.cx.type_name(v))));
        }
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// GETANEXT.
    fn get_anext(f) {
        let o = f.reg(f.b());
        if o.shape() == shape::ASYNC_GENERATOR
            && let Some(g) = o.cast::<Generator>()
        {
            let step = crate::async_gen::asend(f.cx, g, Obj::NONE)?;
            f.set(f.a(), step);
            return Ok(f.done());
        }
        let v = match ops::call_special(f.cx, o, Dunder::ANext, &[])? {
            Some(v) => v,
            None => return Err(f.cx.type_error(format!(
                "'async for' requires an iterator with __anext__ method, got {}", f.cx.type_name(o)))),
        };
        let a = match awaitable(f.cx, v) {
            Ok(a) => a,
            Err(e) => {
                let r = f.cx.type_error(format!(
                    "'async for' received an invalid object from __anext__: {}", f.cx.type_name(v)));
                r.0.cause.set(f.cx, r.0, e.0);
                return Err(r);
            }
        };
        f.set(f.a(), a);
        Ok(f.done())
    }
    /// ENDASYNCFOR.
    fn end_async_for(f) {
        let e = f.reg(f.a());
        if ExcKind::StopAsyncIteration.matches(f.cx, e) {
            return Ok(f.done());
        }
        // A handler's register holds an exception.
        let e: Gc<BaseException> = unsafe { Gc::from_obj(e) };
        Ok(unsafe { unwind::unwind(f.cx, f.pc, f.base, Raised(e), unwind::Origin::Again) })
    }
    /// CLEANUPTHROW.
    fn cleanup_throw(f) {
        let e = f.reg(f.b());
        // A handler's register holds an exception.
        let x: Gc<BaseException> = unsafe { Gc::from_obj(e) };
        if ExcKind::StopIteration.matches(f.cx, e) {
            f.set(f.a(), call::stop_value(Raised(x)));
            return Ok(f.done());
        }
        Ok(unsafe { unwind::unwind(f.cx, f.pc, f.base, Raised(x), unwind::Origin::Again) })
    }
    /// ASYNCGENWRAP.
    fn async_gen_wrap(f) {
        let v = f.reg(f.b());
        if let Some(g) = generator_of(Window { base: f.base, pc: f.pc }) {
            set_steps(g, crate::async_gen::YIELDED);
        }
        f.set(f.a(), v);
        Ok(f.done())
    }
}

/// `it.send(v)`, `next(it)` if `v` is None.
pub fn send(cx: &mut Cx, it: Obj, v: Obj) -> Result<Step> {
    if let Some(g) = it.cast::<Generator>()
        && it.shape() != shape::ASYNC_GENERATOR
    {
        return resume(cx, g, Input::Send(v));
    }
    if let Some(f) = ops::class_of(it).send_fn() {
        return f(cx, it, v);
    }
    let r = if v.is_none() {
        match ops::class_of(it).special(Dunder::Next) {
            Some(m) => ops::call_unbound(cx, m, it, &[], None),
            None => Err(cx.type_error(format!("'{}' object is not an iterator", cx.type_name(it)))),
        }
    } else {
        ops::call_method(cx, it, "send", &[v])
    };
    match r {
        Ok(v) => Ok(Step::Yield(v)),
        Err(e) if e.is(cx, ExcKind::StopIteration) => Ok(Step::Return(call::stop_value(e))),
        Err(e) => Err(e),
    }
}

/// The iterator that `await o` steps.
pub fn awaitable(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if o.shape() == shape::COROUTINE {
        return Ok(o);
    }
    if let Some(g) = o.cast::<Generator>()
        && g.func.get().is_some_and(|f| f.code().data.flags & flags::ITERABLE_COROUTINE != 0)
    {
        return Ok(o);
    }
    let Some(r) = ops::call_special(cx, o, Dunder::Await, &[])? else {
        return Err(cx.type_error(format!("'{}' object can't be awaited", cx.type_name(o))));
    };
    if r.shape() == shape::COROUTINE {
        return Err(cx.type_error("__await__() returned a coroutine"));
    }
    if ops::class_of(r).special(Dunder::Next).is_none() {
        return Err(cx.type_error(format!("__await__() returned non-iterator of type '{}'", cx.type_name(r))));
    }
    Ok(r)
}

/// The next value, for native loops (a hook of typhon-object).
pub fn next(cx: &mut Cx, it: Obj) -> Result<Option<Obj>> {
    // By its shape.
    let g: Gc<Generator> = unsafe { Gc::from_obj(it) };
    match resume(cx, g, Input::Send(Obj::NONE))? {
        Step::Yield(v) => Ok(Some(v)),
        Step::Return(_) => Ok(None),
    }
}

/// Turn a step into what `send`, `throw` and `__next__` return or raise.
pub fn step_result(cx: &mut Cx, s: Step) -> Result<Obj> {
    match s {
        Step::Yield(v) => Ok(v),
        Step::Return(v) => Err(call::stop(cx, v)),
    }
}
