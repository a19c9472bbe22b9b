//! Going from one greenlet to another.
//!
//! A switch looks for its target first (`resolve`): a greenlet that has ended stands for
//! its parent, and one that is new is given stacks, for which Python code may run that
//! looks `run` up. Then the message is put into the target's inbox and the stacks are
//! changed, with no safepoint between, and whoever goes on takes the message out at once.
//!
//! Tests: tests/lang/greenlet.md.

use super::{
    BY_US, CURRENT, DEAD, Greenlet, LIVE, MAIN, NEW, ORIGIN, RUNS, TRACER, WAITS, WATCHED, current, main, module, typed,
};
use crate::{gc_module, monitor, poll, thread, trace};
use std::cell::Cell;
use std::sync::atomic::Ordering;
use typhon_gc::Stack;
use typhon_object::cx::{CONTEXT, SPARE_WORDS};
use typhon_object::dict::Dict;
use typhon_object::exc::BaseException;
use typhon_object::native::watch_death;
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, Gc, Obj, Raised, Result, name, ops};

/// Bytes at the end of a greenlet's native stack that Python code may not use.
const HEADROOM: usize = 128 << 10;

thread_local! {
    /// The region of a greenlet that has ended, until the thread has left it.
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

/// What is handed over by a switch.
#[derive(Clone, Copy)]
pub enum Message {
    /// `switch()`.
    Nothing,
    /// `switch(v)`.
    One(Obj),
    /// `switch(*args, **kwargs)`.
    Many(Gc<Tuple>, Option<Gc<Dict>>),
    /// `throw(e)`.
    Throw(Raised),
}

impl Message {
    /// What a switch that gets it gives.
    fn result(self, cx: &mut Cx) -> Result<Obj> {
        match self {
            Message::Nothing => Ok(tuple::new(cx, &[])?.obj()),
            Message::One(v) => Ok(v),
            Message::Many(args, None) => Ok(args.obj()),
            Message::Many(args, Some(kw)) if args.payload().items().is_empty() => Ok(kw.obj()),
            Message::Many(args, Some(kw)) => Ok(tuple::new(cx, &[args.obj(), kw.obj()])?.obj()),
            Message::Throw(e) => Err(e),
        }
    }
    fn put(self, cx: &Cx, to: Gc<Greenlet>) {
        let (kind, word, kw) = match self {
            Message::Nothing => (0, None, None),
            Message::One(v) => (1, Some(v), None),
            Message::Many(args, kw) => (2, Some(args.obj()), kw),
            Message::Throw(e) => (3, Some(e.obj()), None),
        };
        to.inbox.put(cx, to, word);
        to.inbox_kw.put(cx, to, kw);
        to.inbox_kind.store(kind, Ordering::Relaxed);
    }
    fn take(g: Gc<Greenlet>) -> Message {
        let (word, kw) = (g.inbox.obj(), g.inbox_kw.get());
        g.inbox.clear();
        g.inbox_kw.clear();
        match (g.inbox_kind.swap(0, Ordering::Relaxed), word) {
            (1, Some(v)) => Message::One(v),
            // As `put` stored them.
            (2, Some(v)) => Message::Many(unsafe { Gc::from_obj(v) }, kw),
            (3, Some(v)) => Message::Throw(Raised(unsafe { Gc::from_obj(v) })),
            _ => Message::Nothing,
        }
    }
}

/// `g.switch(..)` and `g.throw(..)`.
pub fn switch_to(cx: &mut Cx, g: Gc<Greenlet>, m: Message) -> Result<Obj> {
    let me = current(cx)?;
    let target = resolve(cx, g)?;
    if target == me {
        cx.ext[ORIGIN].set(me.obj().word());
        return arrive(cx, me, m)?.result(cx);
    }
    m.put(cx, target);
    // GREEN-1: `resolve` gives greenlets of this thread that wait.
    unsafe { transfer(cx, me, target) };
    let m = Message::take(me);
    arrive(cx, me, m)?.result(cx)
}

/// Whether this thread may switch to `g`: the greenlet, or the first one up the line that
/// is started, is its own.
pub fn check_allowed(cx: &mut Cx, g: Gc<Greenlet>) -> Result<()> {
    let mut at = g;
    while at.thread() == 0 {
        match at.parent.get() {
            Some(p) => at = p,
            None => return Err(module::error(cx, "cannot switch to a garbage collected greenlet")),
        }
    }
    if at.thread() == cx.mutator.id() {
        return Ok(());
    }
    if at.is_stranded(cx) {
        return Err(module::error(cx, "cannot switch to a different thread (which happens to have exited)"));
    }
    let mine = main(cx)?;
    let theirs = at.main.get().unwrap_or(at);
    let (mine, theirs) = (ops::repr(cx, mine.obj())?, ops::repr(cx, theirs.obj())?);
    let text =
        format!("Cannot switch to a different thread\n\tCurrent:  {}\n\tExpected: {}", mine.to_str(), theirs.to_str());
    Err(module::error(cx, &text))
}

/// The greenlet that a switch to `g` goes to: it waits, or runs.
fn resolve(cx: &mut Cx, g: Gc<Greenlet>) -> Result<Gc<Greenlet>> {
    check_allowed(cx, g)?;
    let mut at = g;
    loop {
        match at.state() {
            WAITS | RUNS if at.thread() == cx.mutator.id() => return Ok(at),
            NEW if at.thread() == 0 => {
                if start(cx, at)? {
                    return Ok(at);
                }
            }
            DEAD => match at.parent.get() {
                Some(p) => at = p,
                None => return Err(module::error(cx, "cannot switch to a garbage collected greenlet")),
            },
            // Another thread has taken it meanwhile.
            _ => {
                check_allowed(cx, at)?;
                std::thread::yield_now();
                if cx.mutator.poll_pending() {
                    poll::handle(cx)?;
                }
            }
        }
    }
}

/// Give a new greenlet stacks. False if it was started meanwhile.
fn start(cx: &mut Cx, g: Gc<Greenlet>) -> Result<bool> {
    let run = ops::get_attr(cx, g.obj(), name!(cx, "run"))?;
    // Looking `run` up may have done anything.
    check_allowed(cx, g)?;
    let main = main(cx)?;
    if g.state() != NEW {
        return Ok(false);
    }
    let Some(stack) = Stack::take() else { return Err(cx.memory_error()) };
    // GREEN-1.
    if g.thread.compare_exchange(0, cx.mutator.id(), Ordering::AcqRel, Ordering::Acquire).is_err() {
        stack.give_back();
        return Ok(false);
    }
    g.run.set(cx, g, run);
    g.main.set(cx, g, main);
    watch(g);
    LIVE.with_borrow_mut(|live| {
        g.place.store(live.len() as u32, Ordering::Relaxed);
        live.push(g.obj().word());
    });
    let s = &g.payload().stacks;
    s.stack_hi.store(stack.native_high(), Ordering::Relaxed);
    s.vs_lo.store(stack.address(), Ordering::Relaxed);
    s.vs_top.store(stack.address(), Ordering::Relaxed);
    s.base.store(0, Ordering::Relaxed);
    s.pc.store(0, Ordering::Relaxed);
    s.region.store(stack.address(), Ordering::Relaxed);
    // CX-1: the context stays where it is. Nobody runs on a stack that was just taken.
    let sp = unsafe { stack.prepare(entry, std::ptr::from_mut(cx).addr()) };
    s.sp.store(sp, Ordering::Release);
    cx.barrier(g.obj());
    g.set_state(WAITS);
    Ok(true)
}

/// GREEN-3.
pub fn watch(g: Gc<Greenlet>) {
    if g.flags.fetch_or(WATCHED, Ordering::AcqRel) & WATCHED == 0 {
        g.flags.fetch_or(BY_US, Ordering::AcqRel);
        watch_death(g.obj());
    }
}

/// What of the context belongs to the greenlet that is left. It stands on its own stack,
/// where the collector finds `handled`.
struct Kept {
    stack: *mut u64,
    limit: *mut u64,
    base: *mut u64,
    pc: crate::frame::Pc,
    depth: u32,
    repr_depth: u32,
    native_limit: usize,
    handled: u64,
    mark: [usize; 3],
    finalizing: bool,
    collecting: bool,
    place: Option<trace::Place>,
    watched: monitor::Kept,
}

/// Leave `me` and go on in `to`; returns when somebody has switched back.
///
/// # Safety
/// `me` is the current greenlet, `to` waits in the same thread and has a message.
#[inline(never)]
unsafe fn transfer(cx: &mut Cx, me: Gc<Greenlet>, to: Gc<Greenlet>) {
    let kept = Kept {
        stack: cx.stack,
        limit: cx.limit,
        base: cx.base,
        pc: cx.pc,
        depth: cx.depth,
        repr_depth: cx.repr_depth,
        native_limit: cx.native_limit,
        handled: cx.handled.get(),
        mark: cx.mutator.mark.save(),
        finalizing: poll::replace_finalizing(false),
        collecting: gc_module::replace_collecting(false),
        place: trace::replace_place(None),
        watched: monitor::leave_stack(cx),
    };
    let s = &me.payload().stacks;
    let (vs_lo, vs_top) = cx.mutator.value_stack();
    s.stack_hi.store(cx.mutator.stack_hi(), Ordering::Relaxed);
    s.vs_lo.store(vs_lo, Ordering::Relaxed);
    s.vs_top.store(vs_top, Ordering::Relaxed);
    s.base.store(cx.base as u64, Ordering::Relaxed);
    s.pc.store(cx.pc as u64, Ordering::Relaxed);
    me.context.put(cx, me, Obj::from_word(cx.ext[CONTEXT].get()));
    me.set_state(WAITS);
    // GC-19: its stacks have changed since they were traced last.
    cx.barrier(me.obj());
    // GREEN-2: the word is written before anything can stop this thread.
    unsafe { go(cx, me, s.sp.as_ptr(), to) };
    cx.stack = kept.stack;
    cx.limit = kept.limit;
    cx.base = kept.base;
    cx.pc = kept.pc;
    cx.depth = kept.depth;
    cx.repr_depth = kept.repr_depth;
    cx.native_limit = kept.native_limit;
    cx.handled.set(kept.handled);
    cx.mutator.mark.restore(kept.mark);
    poll::replace_finalizing(kept.finalizing);
    gc_module::replace_collecting(kept.collecting);
    trace::replace_place(kept.place);
    monitor::enter_stack(cx, kept.watched);
    free_left();
}

/// Change the stacks. `left` gets the stack pointer.
unsafe fn go(cx: &mut Cx, me: Gc<Greenlet>, left: *mut usize, to: Gc<Greenlet>) {
    let s = &to.payload().stacks;
    let sp = s.sp.swap(0, Ordering::AcqRel);
    to.set_state(RUNS);
    cx.ext[ORIGIN].set(me.obj().word());
    cx.ext[CURRENT].set(to.obj().word());
    cx.ext[CONTEXT].set(to.context.word());
    to.context.clear();
    cx.mutator.set_stacks(
        s.stack_hi.load(Ordering::Relaxed),
        s.vs_lo.load(Ordering::Relaxed),
        s.vs_top.load(Ordering::Relaxed),
    );
    // GREEN-2: somebody left `to` there, or it was prepared.
    unsafe { typhon_gc::switch(left, sp, std::ptr::from_mut(cx).cast()) };
}

/// Give back the stacks of a greenlet that has ended, now that nobody runs on them.
fn free_left() {
    let region = LEFT.replace(0);
    if region != 0 {
        // Stored by `entry`, once.
        unsafe { Stack::from_address(region) }.give_back();
    }
}

/// A switch has come to `me`: tell the trace function.
fn arrive(cx: &mut Cx, me: Gc<Greenlet>, m: Message) -> Result<Message> {
    let tracer = Obj::from_word(cx.ext[TRACER].get());
    let origin = typed(cx, ORIGIN);
    // It would keep it alive.
    cx.ext[ORIGIN].set(0);
    if let (Some(tracer), Some(origin)) = (tracer, origin) {
        let event = if matches!(m, Message::Throw(_)) { name!(cx, "throw") } else { name!(cx, "switch") };
        let told = (|| {
            let pair = tuple::new(cx, &[origin.obj(), me.obj()])?;
            monitor::unwatched(cx, |cx| ops::call_args(cx, tracer, &[event.obj(), pair.obj()]))
        })();
        if let Err(e) = told {
            // As in `sys.settrace`: a function that fails is not asked again.
            cx.ext[TRACER].set(0);
            return Err(e);
        }
    }
    Ok(m)
}

/// The first frame of every greenlet, which holds no values.
unsafe extern "C" fn entry(cx: usize) -> ! {
    // `start` gave the thread's context; its reference in the greenlet that was left is
    // lent to the switch until that returns.
    let cx = unsafe { &mut *(cx as *mut Cx) };
    let to = life(cx);
    let me = typed(cx, CURRENT).expect("the greenlet that ends");
    LEFT.set(me.stacks.region.swap(0, Ordering::Relaxed));
    let mut nobody_comes_back = 0;
    // `life` gives a greenlet that waits, and its message is there.
    unsafe { go(cx, me, &mut nobody_comes_back, to) };
    std::process::abort()
}

/// Run a greenlet from its beginning to its end: where to go then.
#[inline(never)]
fn life(cx: &mut Cx) -> Gc<Greenlet> {
    free_left();
    let me = typed(cx, CURRENT).expect("the greenlet that begins");
    let s = &me.payload().stacks;
    // The region is the greenlet's until it ends.
    let stack = unsafe { Stack::from_address(s.region.load(Ordering::Relaxed)) };
    cx.stack = stack.address() as *mut u64;
    cx.limit = (stack.values_end() - 8 * SPARE_WORDS) as *mut u64;
    cx.base = std::ptr::null_mut();
    cx.pc = std::ptr::null();
    cx.depth = 0;
    cx.repr_depth = 0;
    cx.native_limit = stack.native_low() + HEADROOM;
    cx.handled.set(0);
    // The stack may have been another greenlet's, with a marked frame.
    cx.mutator.mark.restore([0; 3]);
    poll::replace_finalizing(false);
    gc_module::replace_collecting(false);
    trace::replace_place(None);
    // What is left is of a greenlet that has ended.
    drop(monitor::leave_stack(cx));
    let m = Message::take(me);
    let result = arrive(cx, me, m).and_then(|m| call_run(cx, me, m));
    me.run.clear();
    let mut m = match result {
        Ok(v) => Message::One(v),
        Err(e) if module::is_exit(cx, e) => Message::One(e.obj()),
        Err(e) => Message::Throw(e),
    };
    let mut parent = me.parent.get();
    loop {
        let Some(p) = parent else {
            // The thread's main greenlet is at the end of every line, and waits.
            let main = typed(cx, MAIN).expect("made before any other");
            return end(cx, me, main, m);
        };
        match resolve(cx, p) {
            Ok(target) if target != me => return end(cx, me, target, m),
            // A line that comes back to the greenlet that ends.
            Ok(_) => {}
            Err(e) => m = Message::Throw(e),
        }
        parent = p.parent.get();
    }
}

fn end(cx: &mut Cx, me: Gc<Greenlet>, to: Gc<Greenlet>, m: Message) -> Gc<Greenlet> {
    m.put(cx, to);
    me.context.put(cx, me, Obj::from_word(cx.ext[CONTEXT].get()));
    forget(me);
    me.set_state(DEAD);
    if me.has(BY_US) {
        // Mostly it is the last one that was registered.
        typhon_gc::unregister_last_finalizable(me.obj().addr());
    }
    to
}

/// A greenlet ends: its thread need not know of it.
pub fn forget(g: Gc<Greenlet>) {
    LIVE.with_borrow_mut(|live| {
        let at = g.place.load(Ordering::Relaxed) as usize;
        if live.get(at) == Some(&g.obj().word()) {
            live.swap_remove(at);
            if let Some(&moved) = live.get(at) {
                // GREEN-3: it has not ended, so it is there.
                let moved: Gc<Greenlet> = unsafe { Gc::from_obj(Obj::from_word_unchecked(moved)) };
                moved.place.store(at as u32, Ordering::Relaxed);
            }
        }
    });
}

fn call_run(cx: &mut Cx, me: Gc<Greenlet>, m: Message) -> Result<Obj> {
    let run = me.run.obj().unwrap_or(Obj::NONE);
    match m {
        Message::Throw(e) => Err(e),
        Message::Nothing => ops::call_args(cx, run, &[]),
        Message::One(v) => ops::call_args(cx, run, &[v]),
        Message::Many(args, None) => ops::call_args(cx, run, args.payload().items()),
        Message::Many(args, Some(kw)) => thread::call_with_dict(cx, run, args, kw),
    }
}

/// The exception that a greenlet is ended with.
pub fn exit_exception(cx: &mut Cx) -> Result<Gc<BaseException>> {
    module::exit(cx, "Killing the greenlet because all references have vanished.")
}
