//! Watching code run: what `sys.settrace`, `sys.setprofile` and `sys.monitoring`
//! are made of.
//!
//! The interpreter loop exists twice. A thread that is watched runs in the second
//! copy, which calls `step` before each instruction; the first copy, in which all
//! others run, has no trace of this. `sys.settrace` and the like set a poll bit, and
//! the next poll leaves the loop by way of `SWITCH`; `interp::run` then goes on in
//! the copy that is due. Code words are not touched, so it makes no difference to
//! other threads that run the same code.
//!
//! A trail of plain numbers remembers for each window which instruction and line it
//! ran last. From it and the present instruction follows what happened: a function
//! was entered or resumed, another line was reached, a jump was taken.
//!
//! While a callback runs its thread is not watched.
//!
//! Tests: tests/lang/tracing.md; CPython test_sys_settrace, test_sys_setprofile,
//! test_monitoring.

use crate::code::Code;
use crate::frame::{self, Base, Fr, PB, Pc, Window};
use crate::spots::{self, Kind};
use crate::{calls_watched, jump, tools, trace};
use std::cell::RefCell;
use std::sync::atomic::AtomicU64;
use typhon_bytecode::Op;
use typhon_object::{Cx, Gc, Obj, Raised, Result, exc};

/// Word of `Cx::ext`: whether the thread is watched.
const WATCH: usize = 0;
/// Somebody watches this thread.
const ON: u64 = 1;
/// One of the callbacks runs.
const INSIDE: u64 = 2;
/// Poll bit: the thread may have to change between the loops.
pub const POLL_WATCH: u32 = 1024;

/// Where the loop goes to be left for its other copy.
pub static SWITCH: [AtomicU64; 1] = [AtomicU64::new(Op::EXIT as u64 | 2 << 8)];

/// Events, with the numbers of their bits in `sys.monitoring.events`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Event {
    PyStart,
    PyResume,
    PyReturn,
    PyYield,
    Call,
    Line,
    Instruction,
    Jump,
    BranchLeft,
    BranchRight,
    StopIteration,
    Raise,
    ExceptionHandled,
    PyUnwind,
    PyThrow,
    Reraise,
    CReturn,
    CRaise,
}

impl Event {
    /// The bit in a set of events.
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// What the trail knows of a window.
#[derive(Clone, Copy)]
struct Seen {
    base: usize,
    func: u64,
    /// Word offset of the last instruction.
    at: u32,
    /// Its line, or that of the last one before that had a line.
    line: u32,
    /// The last instruction that had one.
    lined: u32,
    /// Where a line was told of last.
    told: u32,
    /// `frame.f_lineno = N` has brought it there: the instruction has not run yet.
    moved: bool,
}

thread_local! {
    static TRAIL: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Whether the thread runs in the watching loop.
#[inline(always)]
pub fn on(cx: &Cx) -> bool {
    cx.ext[WATCH].get() == ON
}

/// Whether one of the thread's callbacks runs.
pub fn inside(cx: &Cx) -> bool {
    cx.ext[WATCH].get() & INSIDE != 0
}

/// Look anew at whether somebody watches this thread.
pub fn refresh(cx: &Cx) {
    let was = cx.ext[WATCH].get();
    let on = trace::wanted(cx) || tools::active();
    if on && was & ON == 0 {
        TRAIL.with_borrow_mut(Vec::clear);
        if let Some(w) = frame::current(cx) {
            note(w);
        }
    }
    cx.ext[WATCH].set(was & INSIDE | if on { ON } else { 0 });
    if on {
        cx.mutator.request(POLL_WATCH);
    }
}

/// After native code or a poll: leave the loop if the other one is due. `next` is
/// where to go on.
#[cold]
pub fn switch(cx: &mut Cx, next: PB) -> PB {
    if cx.mutator.poll_bits() & POLL_WATCH == 0 {
        return next;
    }
    cx.mutator.clear(POLL_WATCH);
    if !on(cx) && !inside(cx) {
        refresh(cx);
        cx.mutator.clear(POLL_WATCH);
    }
    if !on(cx) {
        return next;
    }
    leave_loop(cx, next)
}

fn leave_loop(cx: &mut Cx, next: PB) -> PB {
    cx.pc = next.pc;
    cx.base = next.base;
    PB { pc: SWITCH.as_ptr(), base: next.base }
}

/// Whether `pb` leaves the loop, to go on at `done`.
pub fn goes_on(cx: &Cx, pb: PB, done: PB) -> bool {
    pb.pc == SWITCH.as_ptr() && cx.pc == done.pc
}

/// Native code that called Python code goes on: who called it may still run in the
/// other loop.
#[cold]
pub fn request_switch(cx: &Cx) {
    cx.mutator.request(POLL_WATCH);
}

/// The window is known from now on.
fn note(w: Window) {
    let code = w.func().code();
    // A window that stands before its first instruction has no place yet: it will start.
    let Some(at) = code.offset(w.pc).checked_sub(1) else { return };
    let line = spots::of(&code).line_before(at + 1);
    // The linkage of a live window.
    let func = unsafe { *w.base.sub(4) };
    TRAIL
        .with_borrow_mut(|t| t.push(Seen { base: w.base as usize, func, at, line, lined: at, told: at, moved: false }));
}

/// What a stack that is left keeps of how it is watched.
pub(crate) struct Kept {
    inside: u64,
    trail: Vec<Seen>,
}

/// The thread goes on with another stack.
pub(crate) fn leave_stack(cx: &Cx) -> Kept {
    let trail = TRAIL.with_borrow_mut(std::mem::take);
    Kept { inside: cx.ext[WATCH].get() & INSIDE, trail }
}

/// It is back on this one. What was set or reset meanwhile holds here, too.
pub(crate) fn enter_stack(cx: &Cx, kept: Kept) {
    TRAIL.set(kept.trail);
    let on = cx.ext[WATCH].get() & ON;
    cx.ext[WATCH].set(kept.inside | on);
    if on != 0 {
        request_switch(cx);
    }
}

/// The line that a watched window ran last.
pub fn last_line(base: Base) -> Option<u32> {
    TRAIL.with_borrow(|t| t.iter().rev().find(|s| s.base == base as usize).map(|s| s.line)).filter(|l| *l != 0)
}

/// A window is left.
fn forget(base: Base) {
    TRAIL.with_borrow_mut(|t| {
        while t.last().is_some_and(|s| s.base >= base as usize) {
            t.pop();
        }
    });
}

/// Run callbacks, with the thread not watched meanwhile.
pub fn unwatched<R>(cx: &mut Cx, f: impl FnOnce(&mut Cx) -> R) -> R {
    let was = cx.ext[WATCH].get();
    cx.ext[WATCH].set(was | INSIDE);
    let r = f(cx);
    cx.ext[WATCH].set(cx.ext[WATCH].get() & !INSIDE | was & INSIDE);
    r
}

/// `sys.call_tracing`: run what a callback calls as if no callback ran.
pub fn watched_again<R>(cx: &mut Cx, f: impl FnOnce(&mut Cx) -> R) -> R {
    let was = cx.ext[WATCH].get();
    cx.ext[WATCH].set(was & !INSIDE);
    let r = f(cx);
    cx.ext[WATCH].set(cx.ext[WATCH].get() | was & INSIDE);
    r
}

/// What an event tells besides the place where it happened.
#[derive(Clone, Copy)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// A value or an exception.
    Value(Obj),
    /// The line.
    Line(u32),
    /// The word offset of where a jump goes.
    To(u32),
    /// A callable and its first argument.
    Call(Obj, Option<Obj>),
}

/// An event at word offset `at` of the window: tell the tools, then the profile
/// function, then the trace function.
pub fn fire(cx: &mut Cx, w: Window, code: Gc<Code>, at: u32, event: Event, told: Told) -> Result<()> {
    if tools::wanted(&code) & event.bit() != 0 {
        unwatched(cx, |cx| trace::at_place(w.base, event, || tools::tell(cx, code, at, event, told)))?;
    }
    if trace::wanted(cx) {
        unwatched(cx, |cx| trace::at_place(w.base, event, || trace::tell(cx, w, event, told)))?;
    }
    Ok(())
}

/// Before each instruction in the watching loop. A null `pc` in what is returned
/// means to go on with the instruction.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe fn step(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        if insn as u8 == Op::EXIT as u8 {
            return PB { pc: std::ptr::null(), base };
        }
        frame::enter(pc, base, insn, cx, |f| {
            if !on(f.cx) {
                let here = PB { pc: f.pc.sub(1), base: f.base };
                return Ok(leave_loop(f.cx, here));
            }
            watch(f)
        })
    }
}

fn watch(f: &mut Fr<'_>) -> Result<PB> {
    let w = Window { base: f.base, pc: f.pc };
    let (base, func) = (f.base as usize, f.func().obj().word());
    let code = f.code();
    let table = spots::of(&code);
    let at = code.offset(f.pc).wrapping_sub(1);
    let spot = table.spots[at as usize];
    let op = f.op();
    let go_on = PB { pc: std::ptr::null(), base: f.base };
    if op == Op::RETURNGENERATOR {
        forget(f.base);
        return Ok(go_on);
    }
    let before = TRAIL.with_borrow_mut(|t| {
        while t.last().is_some_and(|s| s.base > base) {
            t.pop();
        }
        match t.last() {
            Some(s) if s.base == base && s.func == func => Some(*s),
            Some(s) if s.base == base => {
                t.pop();
                None
            }
            _ => None,
        }
    });
    // A jump to the first instruction is none from outside.
    let jumped = |s: &Seen| table.spots[s.at as usize].target == Some(at);
    let moved = before.is_some_and(|s| s.moved);
    let started = at == table.start && !moved && !before.as_ref().is_some_and(jumped);
    let resumed = spot.resumes
        && !moved
        && before.is_none_or(|s| s.at + 1 == at && table.spots[s.at as usize].kind == Kind::Yield);
    let mut seen = match before {
        Some(s) if !started => s,
        _ if started => Seen { base, func, at, line: 0, lined: at, told: at, moved: false },
        _ => {
            Seen { base, func, at: at.wrapping_sub(1), line: table.line_before(at), lined: at, told: at, moved: false }
        }
    };
    let last = seen.at;
    let last_line = seen.line;
    seen.at = at;
    seen.moved = false;
    if spot.line != 0 {
        seen.line = spot.line;
        seen.lined = at;
    }
    let entered = started || resumed;
    let (mut event, mut back) = (None, false);
    if !entered && !moved && before.is_some() {
        let from = table.spots[last as usize];
        if let Some(target) = from.target {
            let taken = target == at;
            // A loop that stands in one line; its head is told of once for each round.
            back = taken && at <= last && seen.told <= at;
            event = match from.kind {
                Kind::Jump if taken && from.line != 0 => Some((Event::Jump, at)),
                Kind::Branch | Kind::Loop => {
                    let left = taken == (from.kind == Kind::Loop);
                    Some((if left { Event::BranchLeft } else { Event::BranchRight }, at))
                }
                _ => None,
            };
        }
    }
    let line = spot.line != 0 && (spot.line != last_line || back);
    if line {
        seen.told = at;
    }
    TRAIL.with_borrow_mut(|t| match t.last_mut() {
        Some(s) if s.base == base => *s = seen,
        _ => t.push(seen),
    });
    if started || resumed {
        // Where the function begins, before its first word, or at the `yield`.
        let event = if started { Event::PyStart } else { Event::PyResume };
        let before = Window { base: f.base, pc: if started { code.entry } else { unsafe { f.pc.sub(1) } } };
        f.cx.pc = before.pc;
        fire(f.cx, before, code, at, event, Told::Nothing)?;
        if let Some(to) = jump::take(f.cx, w, code) {
            return Ok(go_to(f, code, to));
        }
        f.cx.pc = f.pc;
    }
    if let Some((event, to)) = event {
        fire(f.cx, w, code, last, event, Told::To(to))?;
    }
    if line {
        fire(f.cx, w, code, at, Event::Line, Told::Line(spot.line))?;
        if let Some(to) = jump::take(f.cx, w, code) {
            return Ok(go_to(f, code, to));
        }
    }
    fire(f.cx, w, code, at, Event::Instruction, Told::Nothing)?;
    if let Some(to) = jump::take(f.cx, w, code) {
        return Ok(go_to(f, code, to));
    }
    match op {
        Op::RETURN | Op::RETURNNONE => {
            let v = if op == Op::RETURN { f.reg(f.a()) } else { Obj::NONE };
            fire(f.cx, w, code, at, Event::PyReturn, Told::Value(v))?;
            forget(f.base);
        }
        Op::YIELD => {
            let v = f.reg(f.b());
            fire(f.cx, w, code, at, Event::PyYield, Told::Value(v))?;
            if let Some(to) = jump::take(f.cx, w, code) {
                return Ok(go_to(f, code, to));
            }
            forget(f.base);
        }
        _ if spot.kind == Kind::Call && (trace::profiled(f.cx) || tools::wanted(&code) & Event::Call.bit() != 0) => {
            if let Some(pb) = calls_watched::call(f, w, code, at)? {
                return Ok(pb);
            }
        }
        _ => {}
    }
    Ok(go_on)
}

/// Go on at word `to`, as `frame.f_lineno` wants it.
fn go_to(f: &mut Fr<'_>, code: Gc<Code>, to: u32) -> PB {
    TRAIL.with_borrow_mut(|t| {
        if let Some(s) = t.last_mut() {
            s.at = to;
            s.told = to;
            s.line = 0;
            s.moved = true;
        }
    });
    // `to` is the offset of an instruction.
    PB { pc: unsafe { code.entry.add(to as usize) }, base: f.base }
}

/// A window begins to handle or to pass on an exception. What comes back is the
/// exception that goes on.
pub fn raised(cx: &mut Cx, w: Window, e: Raised, again: bool) -> Raised {
    let code = w.func().code();
    let at = code.offset(w.pc).wrapping_sub(1);
    // Frames that the trail does not know were entered before anybody watched.
    forget_above(w.base);
    let event = if again { Event::Reraise } else { Event::Raise };
    replaced(cx, e, |cx| fire(cx, w, code, at, event, Told::Value(e.obj())))
}

fn forget_above(base: Base) {
    TRAIL.with_borrow_mut(|t| {
        while t.last().is_some_and(|s| s.base > base as usize) {
            t.pop();
        }
    });
}

/// The window of a generator returns `v` to a loop or a delegation: no exception is made
/// of it, and who watches is told of the one that there would be.
pub fn stopped(cx: &mut Cx, w: Window, v: Obj) -> Result<()> {
    let Some(caller) = w.caller() else { return Ok(()) };
    stopped_at(cx, caller, v)
}

/// What a delegation in the window waited for has ended with `v`.
pub fn stopped_at(cx: &mut Cx, caller: Window, v: Obj) -> Result<()> {
    let code = caller.func().code();
    let at = code.offset(caller.pc).wrapping_sub(1);
    let e = crate::call::stop(cx, v);
    fire(cx, caller, code, at, Event::StopIteration, Told::Value(e.obj()))
}

/// A handler has been found at word `at`.
pub fn handled(cx: &mut Cx, w: Window, at: u32, e: Raised) -> Result<()> {
    let code = w.func().code();
    fire(cx, w, code, at, Event::ExceptionHandled, Told::Value(e.obj()))
}

/// A window is left by an exception.
pub fn unwound(cx: &mut Cx, mut w: Window, e: Raised) -> Raised {
    let code = w.func().code();
    let mut at = code.offset(w.pc).wrapping_sub(1);
    // What raises again in the end stands in no line: the exception left the one before.
    let known = TRAIL.with_borrow(|t| t.iter().rev().find(|s| s.base == w.base as usize).map(|s| s.lined));
    if let Some(lined) = known.filter(|_| spots::of(&code).spots.get(at as usize).is_some_and(|s| s.line == 0)) {
        at = lined;
        // The offset of an instruction of this code.
        w.pc = unsafe { code.entry.add(at as usize + 1) };
        cx.pc = w.pc;
    }
    let e = replaced(cx, e, |cx| fire(cx, w, code, at, Event::PyUnwind, Told::Value(e.obj())));
    forget(w.base);
    e
}

/// An exception is thrown into a generator.
pub fn thrown(cx: &mut Cx, w: Window, e: Raised) -> Raised {
    forget(w.base);
    note(w);
    let code = w.func().code();
    let at = code.offset(w.pc).wrapping_sub(1);
    replaced(cx, e, |cx| fire(cx, w, code, at, Event::PyThrow, Told::Value(e.obj())))
}

/// The exception that goes on after a callback: its own, if it raised one.
fn replaced(cx: &mut Cx, e: Raised, f: impl FnOnce(&mut Cx) -> Result<()>) -> Raised {
    match f(cx) {
        Ok(()) => e,
        Err(n) => {
            exc::chain(cx, n.0);
            n
        }
    }
}

/// Whether another thread is to look whether it is watched.
pub fn refresh_all(cx: &Cx) {
    refresh(cx);
    typhon_gc::request_all(POLL_WATCH);
}
