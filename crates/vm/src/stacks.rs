//! What all threads are doing: `sys._current_frames`, `sys._current_exceptions`.
//!
//! The windows of a thread may be read by another only while the world is stopped,
//! and then nothing can be allocated. So functions and program counters are noted
//! down first with the values of the variables, into an array made before, and frames are
//! made of them afterwards. These frames stay as they were at that moment.
//!
//! Tests: tests/lang/threads.md.

use crate::frame::{self, Frame, Pc, Window};
use crate::function::Function;
use crate::object_with;
use crate::thread::{IDENT, ident};
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_gc::Mutator;
use typhon_object::array::{self, Array};
use typhon_object::dict::{self, Dict};
use typhon_object::exc::BaseException;
use typhon_object::{Cx, Gc, Obj, Result, Slot, int, shape};

/// One thread of a snapshot: its ident, and for each window where it stands and how many
/// variables it has.
struct Stack {
    ident: u64,
    windows: Vec<(u64, usize)>,
}

/// The context that a mutator belongs to.
pub fn context(m: &Mutator) -> &Cx {
    // CX-1: it starts with its mutator.
    unsafe { &*std::ptr::from_ref(m).cast::<Cx>() }
}

/// Calls `f` with the context of each thread of the interpreter but this one, while all
/// are stopped.
pub fn others(cx: &Cx, mut f: impl FnMut(&Cx)) {
    all_others(cx, |other| {
        if other.interp() == cx.interp() {
            f(other);
        }
    });
}

/// The same with the threads of all interpreters.
pub fn all_others(cx: &Cx, mut f: impl FnMut(&Cx)) {
    cx.mutator.visit_mutators(|m| {
        if m.id() != cx.mutator.id() {
            f(context(m));
        }
    });
}

/// The windows of all other threads that are `wanted`, by their idents, innermost first, in one
/// array: function, what stands for its namespace if it is a module's or class's, variables.
fn snapshot(cx: &Cx, wanted: impl Fn(u64) -> bool) -> Result<(Gc<Array>, Vec<Stack>)> {
    let mut room = 4096;
    loop {
        let values = array::new(cx, room)?;
        let mut stacks = Vec::new();
        let mut n = 0;
        others(cx, |other| {
            let mut stack = Stack { ident: other.ext[IDENT].get(), windows: Vec::new() };
            if !wanted(stack.ident) {
                return;
            }
            let mut at = frame::current(other);
            while let Some(w) = at {
                let func = w.func();
                let variables = func.nclear.load(Ordering::Relaxed) as usize;
                if n + 2 + variables <= room {
                    values.set(cx, n, func.obj());
                    if let Some(namespace) = w.namespace() {
                        values.set(cx, n + 1, namespace);
                    }
                    copy_variables(cx, w, &values.slots()[n + 2..][..variables], values);
                }
                n += 2 + variables;
                stack.windows.push((w.pc as u64, variables));
                at = w.caller();
            }
            stacks.push(stack);
        });
        if n <= room {
            return Ok((values, stacks));
        }
        room = n + n / 4;
    }
}

/// The registers that hold variables hold values or nothing, wherever their thread stands.
fn copy_variables(cx: &Cx, w: Window, to: &[AtomicU64], owner: Gc<Array>) {
    for (i, slot) in to.iter().enumerate() {
        // VM-1: registers of the window.
        slot.store(unsafe { *w.base.add(i) }, Ordering::Relaxed);
    }
    cx.barrier(owner.obj());
}

/// The variables, at this moment, of the window of `func` in another thread that is
/// `wanted`; `None`: there is no such window.
pub fn variables(cx: &Cx, func: Gc<Function>, wanted: impl Fn(Window) -> bool) -> Option<Gc<Array>> {
    let values = array::new(cx, func.nclear.load(Ordering::Relaxed) as usize).ok()?;
    let mut found = false;
    others(cx, |other| {
        let mut at = if found { None } else { frame::current(other) };
        while let Some(w) = at {
            if wanted(w) {
                copy_variables(cx, w, values.slots(), values);
                found = true;
                break;
            }
            at = w.caller();
        }
    });
    found.then_some(values)
}

/// A frame of a thread that runs on: without its window.
fn frame_of(cx: &mut Cx, seen: &[AtomicU64], pc: u64, back: Option<Gc<Frame>>) -> Result<Gc<Frame>> {
    let value = |i: usize| Obj::from_word(seen[i].load(Ordering::Relaxed));
    let func: Option<Gc<Function>> = value(0).and_then(|f| f.cast());
    let locals = array::new(cx, seen.len() - 2)?;
    for (i, slot) in locals.slots().iter().enumerate() {
        slot.store(seen[i + 2].load(Ordering::Relaxed), Ordering::Relaxed);
    }
    cx.barrier(locals.obj());
    object_with(
        cx,
        shape::FRAME,
        Frame {
            func: Slot::of(func),
            base: AtomicU64::new(0),
            pc: AtomicU64::new(pc as Pc as u64),
            back: Slot::of(back.map(|b| b.obj())),
            extra: Slot::of(value(1)),
            locals: Slot::of(Some(locals.obj())),
            more_locals: Slot::empty(),
            trace: Slot::empty(),
            trace_lines: std::sync::atomic::AtomicBool::new(true),
            trace_opcodes: std::sync::atomic::AtomicBool::new(false),
        },
    )
}

/// `sys._current_frames()`.
pub fn current_frames(cx: &mut Cx) -> Result<Obj> {
    let d = frames(cx, |_| true)?;
    if let Some(w) = frame::current(cx) {
        let f = Window::frame(&w, cx)?;
        let id = int::from_i64(cx, ident() as i64)?;
        d.insert(cx, id, f.obj())?;
    }
    Ok(d.obj())
}

/// The innermost frames of all other threads that are `wanted`, by their idents.
pub fn frames(cx: &mut Cx, wanted: impl Fn(u64) -> bool) -> Result<Gc<Dict>> {
    let d = dict::new(cx)?;
    let (values, stacks) = snapshot(cx, wanted)?;
    let mut end = 0;
    for stack in stacks {
        end += stack.windows.iter().map(|(_, n)| n + 2).sum::<usize>();
        let (mut back, mut at) = (None, end);
        for (pc, n) in stack.windows.into_iter().rev() {
            at -= n + 2;
            back = Some(frame_of(cx, &values.slots()[at..][..n + 2], pc, back)?);
        }
        if let Some(f) = back {
            let id = int::from_i64(cx, stack.ident as i64)?;
            d.insert(cx, id, f.obj())?;
        }
    }
    Ok(d)
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
