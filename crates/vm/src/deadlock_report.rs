//! The text that says which threads wait for each other, for what, and where.
//!
//! The table of waits is not locked here: the threads are where they were, since
//! they wait for each other, or they have gone on and the text is about the past.
//!
//! Tests: tests/lang/deadlocks.md.

use crate::code::Code;
use crate::deadlock::{Found, Link};
use crate::frame::{self, Frame, Pc};
use crate::{import, stacks, thread};
use std::fmt::Write as _;
use typhon_object::array::Array;
use typhon_object::dict::Dict;
use typhon_object::{Cx, Gc, Obj, Result, int, name, ops};

/// How many frames of a thread are shown, innermost first.
const FRAMES: usize = 8;

/// `threading`'s name of a thread, in quotes, or its ident.
pub fn thread_name(cx: &mut Cx, ident: u64) -> Result<String> {
    let key = int::from_i64(cx, ident as i64)?;
    if let Some(threading) = import::modules(cx).get_str(name!(cx, "threading"))
        && let Some(active) = ops::get_attr_opt(cx, threading, name!(cx, "_active"))?
        && let Some(active) = active.cast::<Dict>()
        && let Some(thread) = active.get(cx, key)?
        && let Some(name) = ops::get_attr_opt(cx, thread, name!(cx, "_name"))?
    {
        return Ok(format!("Thread {:?}", ops::to_str(cx, name)?.to_str()));
    }
    Ok(format!("Thread {ident:#x}"))
}

/// Whether a frame only starts the thread: `threading`'s own.
fn is_start(code: Gc<Code>) -> bool {
    const START: [&str; 3] = ["Thread.run", "Thread._bootstrap_inner", "Thread._bootstrap"];
    code.qualname.get().is_some_and(|q| START.iter().any(|s| q.eq_str(s)))
        && code.filename.get().is_some_and(|f| f.to_str().ends_with("/threading.py"))
}

fn place(out: &mut String, code: Gc<Code>, pc: Pc) {
    if is_start(code) {
        return;
    }
    let line = code.line_before(pc).unwrap_or(code.data.first_line);
    let text = |s: Option<Gc<typhon_object::str::Str>>| s.map_or_else(String::new, |s| s.to_str().into_owned());
    let _ = writeln!(out, "    File \"{}\", line {line}, in {}", text(code.filename.get()), text(code.qualname.get()));
}

/// The calling thread's own frames, whose objects need not exist.
fn own_stack(cx: &Cx, out: &mut String) {
    let mut at = frame::current(cx);
    for _ in 0..FRAMES {
        let Some(w) = at else { return };
        place(out, w.func().code(), w.pc);
        at = w.caller();
    }
    if at.is_some() {
        out.push_str("    ...\n");
    }
}

fn stack(out: &mut String, frame: Option<Gc<Frame>>) {
    let mut at = frame;
    for _ in 0..FRAMES {
        let Some(f) = at else { return };
        if let Some(func) = f.func.get() {
            place(out, func.code(), f.pc.load(std::sync::atomic::Ordering::Relaxed) as Pc);
        }
        at = f.back.obj().and_then(|b| b.cast());
    }
    if at.is_some() {
        out.push_str("    ...\n");
    }
}

fn waits(cx: &mut Cx, out: &mut String, link: &Link, lock: Option<Obj>, taken: Option<Gc<Code>>) -> Result<()> {
    let who = thread_name(cx, link.ident)?;
    let holder = match link.next {
        Some(id) => Some(thread_name(cx, id)?),
        None => None,
    };
    let own = link.next == Some(link.ident);
    match (lock, holder) {
        (Some(lock), Some(holder)) => {
            let lock = ops::repr(cx, lock)?;
            let by = if own { "that it took itself".to_owned() } else { format!("that {holder} took") };
            let _ = writeln!(out, "  {who} waits for {}, {by} here:", lock.to_str());
            if let (Some(f), Some(pc)) = (taken, link.taken) {
                place(out, f, pc);
            }
            out.push_str("  It waits here:\n");
            return Ok(());
        }
        (Some(lock), None) => {
            let lock = ops::repr(cx, lock)?;
            let _ = writeln!(out, "  {who} waits for {} here:", lock.to_str());
        }
        (None, Some(holder)) => {
            let _ = writeln!(out, "  {who} waits for the end of {holder} here:");
        }
        (None, None) => {
            let _ = writeln!(out, "  {who} waits for an item of a queue here:");
        }
    }
    Ok(())
}

/// The whole text, a line each, for `found` and the objects of its links.
pub fn text(cx: &mut Cx, found: &Found, objects: Gc<Array>) -> Result<String> {
    let mut out = match (found.links.len(), found.everybody, found.certain) {
        (1, false, _) => "deadlock: a thread waits for itself\n".to_owned(),
        (1, true, _) => "deadlock: the only thread waits, and nobody is left to wake it\n".to_owned(),
        (n, true, _) => format!("deadlock: all {n} threads wait, and nobody is left to wake one\n"),
        (n, false, true) => format!("deadlock: {n} threads wait for each other\n"),
        (n, false, false) => format!("probably a deadlock: {n} threads wait for each other\n"),
    };
    let frames = stacks::frames(cx, |id| found.links.iter().any(|l| l.ident == id))?;
    for (i, link) in found.links.iter().enumerate() {
        let lock = objects.get(2 * i).filter(|_| link.taken.is_some());
        let taken = objects.get(2 * i + 1).and_then(|c| c.cast::<Code>());
        waits(cx, &mut out, link, lock, taken)?;
        if link.ident == thread::ident() {
            own_stack(cx, &mut out);
            continue;
        }
        let key = int::from_i64(cx, link.ident as i64)?;
        let frame = frames.get(cx, key)?.and_then(|f| f.cast::<Frame>());
        stack(&mut out, frame);
    }
    Ok(out)
}
