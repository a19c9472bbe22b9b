//! What all threads are doing: `sys._current_frames`, `sys._current_exceptions`.
//!
//! The windows of a thread may be read by another only while the world is stopped,
//! and then nothing can be allocated. So functions and program counters are noted
//! down first, into an array made before, and frames are made of them afterwards.
//! These frames know where they are, not the values of their variables.
//!
//! Tests: tests/lang/threads.md.

use crate::frame::{self, Frame, Pc, Window};
use crate::function::Function;
use crate::object_with;
use crate::thread::{IDENT, ident};
use std::sync::atomic::AtomicU64;
use typhon_gc::Mutator;
use typhon_object::array::{self, Array};
use typhon_object::exc::BaseException;
use typhon_object::{Cx, Gc, Obj, Result, Slot, dict, int, shape};

/// One thread of a snapshot: its ident and how many windows follow.
struct Stack {
    ident: u64,
    pcs: Vec<u64>,
}

/// The context that a mutator belongs to.
pub fn context(m: &Mutator) -> &Cx {
    // CX-1: it starts with its mutator.
    unsafe { &*std::ptr::from_ref(m).cast::<Cx>() }
}

/// Calls `f` with the context of each thread but this one, while all are stopped.
pub fn others(cx: &Cx, mut f: impl FnMut(&Cx)) {
    cx.mutator.visit_mutators(|m| {
        if m.id() != cx.mutator.id() {
            f(context(m));
        }
    });
}

/// The functions of all other threads' windows, innermost first, in one array.
fn snapshot(cx: &Cx) -> Result<(Gc<Array>, Vec<Stack>)> {
    let mut room = 1024;
    loop {
        let functions = array::new(cx, room)?;
        let mut stacks = Vec::new();
        let mut n = 0;
        others(cx, |other| {
            let mut stack = Stack { ident: other.ext[IDENT].get(), pcs: Vec::new() };
            let mut at = frame::current(other);
            while let Some(w) = at {
                if n < room {
                    functions.set(cx, n, w.func().obj());
                }
                n += 1;
                stack.pcs.push(w.pc as u64);
                at = w.caller();
            }
            stacks.push(stack);
        });
        if n <= room {
            return Ok((functions, stacks));
        }
        room = n + n / 4;
    }
}

/// A frame of a thread that runs on: without its window.
fn frame_of(cx: &mut Cx, func: Obj, pc: u64, back: Option<Gc<Frame>>) -> Result<Gc<Frame>> {
    let func: Option<Gc<Function>> = func.cast();
    object_with(
        cx,
        shape::FRAME,
        Frame {
            func: Slot::of(func),
            base: AtomicU64::new(0),
            pc: AtomicU64::new(pc as Pc as u64),
            back: Slot::of(back.map(|b| b.obj())),
            extra: Slot::empty(),
            locals: Slot::empty(),
            more_locals: Slot::empty(),
            trace: Slot::empty(),
            trace_lines: std::sync::atomic::AtomicBool::new(true),
            trace_opcodes: std::sync::atomic::AtomicBool::new(false),
        },
    )
}

/// `sys._current_frames()`.
pub fn current_frames(cx: &mut Cx) -> Result<Obj> {
    let d = dict::new(cx)?;
    let (functions, stacks) = snapshot(cx)?;
    let mut end = 0;
    for stack in stacks {
        let start = end;
        end += stack.pcs.len();
        let mut back = None;
        for i in (start..end).rev() {
            let Some(f) = functions.get(i) else { break };
            back = Some(frame_of(cx, f, stack.pcs[i - start], back)?);
        }
        if let Some(f) = back {
            let id = int::from_i64(cx, stack.ident as i64)?;
            d.insert(cx, id, f.obj())?;
        }
    }
    if let Some(w) = frame::current(cx) {
        let f = Window::frame(&w, cx)?;
        let id = int::from_i64(cx, ident() as i64)?;
        d.insert(cx, id, f.obj())?;
    }
    Ok(d.obj())
}

/// `sys._current_exceptions()`: what each thread handles, or None.
pub fn current_exceptions(cx: &mut Cx) -> Result<Obj> {
    let mut room = 64;
    let (handled, idents) = loop {
        let handled = array::new(cx, room)?;
        let mut idents = Vec::new();
        others(cx, |other| {
            if let Some(e) = other.handled()
                && idents.len() < room
            {
                handled.set(cx, idents.len(), e.obj());
            }
            idents.push(other.ext[IDENT].get());
        });
        if idents.len() <= room {
            break (handled, idents);
        }
        room = idents.len() * 2;
    };
    let d = dict::new(cx)?;
    for (i, ident) in idents.into_iter().enumerate() {
        let id = int::from_i64(cx, ident as i64)?;
        d.insert(cx, id, handled.get(i).unwrap_or(Obj::NONE))?;
    }
    let own: Option<Gc<BaseException>> = cx.handled();
    let id = int::from_i64(cx, ident() as i64)?;
    d.insert(cx, id, own.map_or(Obj::NONE, |e| e.obj()))?;
    Ok(d.obj())
}
