//! `frame.f_lineno = N` in a trace function: whether the frame may go on at another
//! line, and going there.
//!
//! The compiler notes which blocks are around each instruction (`typhon_bytecode::Nests`).
//! A jump may leave blocks; it enters none, but takes the registers of one block to
//! another of the same kind. The request is checked when it is made, and carried out when
//! the trace function has returned: only then are the frame's registers its own again.
//!
//! Tests: tests/lang/tracing_jumps.md; CPython test_sys_settrace.

use crate::code::Code;
use crate::frame::{self, Frame, Window};
use crate::monitor::Event;
use crate::{generator, spots, trace};
use std::cell::Cell;
use std::sync::atomic::Ordering;
use typhon_bytecode::{Nest, NestTable, Nesting};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, ops};

thread_local! {
    /// The window that is to go on elsewhere, from which word and at which.
    static JUMP: Cell<Option<(usize, u32, u32)>> = const { Cell::new(None) };
}

/// Let the frame go on at another line.
pub fn ask(cx: &mut Cx, f: Gc<Frame>, line: Obj) -> Result<()> {
    if !line.is_small_int() && &*ops::class_of(line).name() != "int" {
        return Err(cx.value_error("lineno must be an integer"));
    }
    match trace::place().map(|p| p.event) {
        None => return Err(cx.value_error("f_lineno can only be set in a trace function")),
        Some(Event::Line | Event::PyResume | Event::PyYield | Event::Jump) => {}
        Some(Event::PyStart) => {
            return Err(cx.value_error("can't jump from the 'call' trace event of a new frame"));
        }
        Some(Event::Call | Event::CReturn) => return Err(cx.value_error("can't jump during a call")),
        Some(_) => return Err(cx.value_error("can only jump from a 'line' trace event")),
    }
    let Some(line) = line.as_small_int().filter(|l| i32::try_from(*l).is_ok()) else {
        return Err(cx.value_error("lineno out of range"));
    };
    let base = f.base.load(Ordering::Acquire);
    let mut w = frame::current(cx);
    while let Some(x) = w.filter(|x| x.base as u64 != base) {
        w = x.caller();
    }
    let told = trace::place().is_some_and(|p| p.base as u64 == base);
    let Some(w) = w.filter(|_| told) else {
        return Err(cx.value_error("f_lineno can only be set in a trace function"));
    };
    let code = w.func().code();
    let from = code.offset(w.pc).wrapping_sub(1);
    let to = target(cx, code, from, line)?;
    bind_all(cx, w, code)?;
    JUMP.set(Some((base as usize, from, to)));
    Ok(())
}

/// The word where `line` begins, or the next one that has code.
fn target(cx: &mut Cx, code: Gc<Code>, from: u32, line: i64) -> Result<u32> {
    if line < code.data.first_line as i64 {
        return Err(cx.value_error(format!("line {line} comes before the current code block")));
    }
    let table = spots::of(&code);
    let words = || table.spots.iter().enumerate().filter(|(_, s)| s.starts && s.line != 0);
    let Some(next) = words().map(|(_, s)| s.line).filter(|l| *l as i64 >= line).min() else {
        return Err(cx.value_error(format!("line {line} comes after the current code block")));
    };
    let nests = code.data.nests.decode().unwrap_or_default();
    let have = nests.around(from);
    let (mut best, mut why): (Option<(usize, u32)>, Option<&'static str>) = (None, None);
    for (at, _) in words().filter(|(_, s)| s.line == next) {
        let at = at as u32;
        let want = nests.around(at);
        if !nests.lands(at) || !reaches(&have, &want, code.nregs) {
            why = why.or(Some(refusal(&want)));
        } else if best.is_none_or(|(depth, _)| want.len() > depth) {
            best = Some((want.len(), at));
        }
    }
    match best {
        Some((_, at)) => Ok(at),
        None => Err(cx.value_error(why.unwrap_or("cannot find bytecode for specified line"))),
    }
}

/// Whether what is kept for `want` is there within `have`.
fn reaches(have: &[Nest], want: &[Nest], nregs: u32) -> bool {
    let fits = |n: &Nest| n.reg as u32 + n.len as u32 <= nregs;
    want.len() <= have.len()
        && have.iter().all(fits)
        && have.iter().zip(want).all(|(h, w)| h.kind == w.kind && h.len == w.len && fits(w))
}

fn refusal(want: &[Nest]) -> &'static str {
    match want.last().map(|n| n.kind) {
        Some(Nesting::Except) => "can't jump into an 'except' block as there's no exception",
        Some(Nesting::Iterator) => "can't jump into the body of a for loop",
        _ => "incompatible stacks",
    }
}

/// Code after a jump may read variables that the compiler knows to be bound there.
fn bind_all(cx: &mut Cx, w: Window, code: Gc<Code>) -> Result<()> {
    let n = code.data.varnames.len();
    // VM-1: the variables are the window's first registers.
    let unbound = |i: &usize| unsafe { *w.base.add(*i) == 0 };
    let count = (0..n).filter(unbound).count();
    if count == 0 {
        return Ok(());
    }
    let s = if count == 1 { "" } else { "s" };
    let text = format!("assigning None to {count} unbound local{s}");
    typhon_builtins::hooks::warn(cx, &text, ExcKind::RuntimeWarning)?;
    for i in (0..n).filter(unbound) {
        // As above.
        unsafe { *w.base.add(i) = Obj::NONE.word() }
    }
    Ok(())
}

/// The line where the frame is about to go on.
pub fn pending_line(f: &Frame) -> Option<u32> {
    let base = f.base.load(Ordering::Acquire) as usize;
    let (_, _, to) = JUMP.get().filter(|(b, ..)| *b == base)?;
    let code = f.code();
    Some(spots::of(&code).spots[to as usize].line)
}

/// Whether the window is to go on elsewhere: at which word. Its registers are set for
/// there, and the exceptions that it leaves are handled no more.
pub fn take(cx: &mut Cx, w: Window, code: Gc<Code>) -> Option<u32> {
    let base = w.base;
    let (b, from, to) = JUMP.get()?;
    if b != base as usize {
        return None;
    }
    JUMP.set(None);
    let nests: NestTable = code.data.nests.decode().unwrap_or_default();
    let (have, want) = (nests.around(from), nests.around(to));
    for n in have[want.len()..].iter().rev().filter(|n| n.kind == Nesting::Except) {
        // VM-1; `reaches` has seen that the registers are the window's.
        let before = unsafe { *base.add(n.reg as usize + 1) };
        // As POPEXC does it: in a generator none is what its caller handles.
        let none = before == Obj::NONE.word();
        cx.handled.set(if none { generator::end_handling(code.entry, base) } else { before });
    }
    // What was kept may belong in other registers now. Nothing is allocated on the heap
    // between reading and writing.
    let words = |n: &Nest| n.reg as usize..n.reg as usize + n.len as usize;
    // As above.
    let kept: Vec<u64> = have[..want.len()].iter().flat_map(words).map(|r| unsafe { *base.add(r) }).collect();
    for (r, word) in want.iter().flat_map(words).zip(kept) {
        // As above.
        unsafe { *base.add(r) = word }
    }
    Some(to)
}
