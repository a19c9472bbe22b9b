//! Greenlets that nobody can reach any more, and those of a thread that ends.
//!
//! One that waits is ended by a `GreenletExit` that is thrown in, in its own thread: its
//! `finally` blocks run. If the thread is gone nobody can do that, and the stacks are
//! thrown away as they are.
//!
//! Tests: tests/lang/greenlet.md; tests/stress/greenlet_race.py.

use super::switch::{self, Message};
use super::{
    CURRENT, DEAD, DELETED, Greenlet, LIVE, MAIN, MAINS, POLL_GREENLETS, TRACER, WAITS, WATCHED, reparent, typed,
};
use crate::frame::{self, Pc, Window};
use crate::poll;
use std::sync::atomic::Ordering;
use typhon_gc::{OwnedRoot, Stack};
use typhon_object::{Cx, Gc, Obj, Raised, Result};

/// A collection has found the greenlet dead.
pub fn finalize(cx: &mut Cx, g: Gc<Greenlet>) {
    g.flags.fetch_and(!WATCHED, Ordering::AcqRel);
    if g.flags.fetch_or(DELETED, Ordering::AcqRel) & DELETED == 0 {
        poll::call_del(cx, g.obj());
    }
    if g.state() == WAITS {
        // GREEN-3, in case that it goes on, or waits for its thread.
        switch::watch(g);
        // At the end of the process nothing is begun any more.
        if !cx.rt().finalizing.load(Ordering::Relaxed) {
            end(cx, g);
        }
    }
}

fn end(cx: &mut Cx, g: Gc<Greenlet>) {
    if g.thread() == cx.mutator.id() {
        kill(cx, g);
    } else if g.is_stranded(cx) {
        discard(cx, g);
    } else if let Some(posted) = g.main.get().and_then(|m| m.posted.get()) {
        if let Err(e) = posted.append(cx, g.obj()) {
            poll::unraisable(cx, e, "Exception ignored while ending a greenlet", g.obj());
        }
        typhon_gc::request_one(g.thread(), POLL_GREENLETS);
    }
}

/// Other threads have found greenlets of this one dead.
pub fn kill_posted(cx: &mut Cx) {
    let Some(posted) = typed(cx, MAIN).and_then(|m| m.posted.get()) else { return };
    // Python code that runs meanwhile may see to the rest.
    loop {
        let last = posted.write(cx).pop();
        let Some(g) = last.and_then(|o| o.cast::<Greenlet>()) else { break };
        kill(cx, g);
    }
}

/// Throw `GreenletExit` in a greenlet of this thread that waits.
fn kill(cx: &mut Cx, g: Gc<Greenlet>) {
    if g.state() != WAITS {
        return;
    }
    let saved = cx.handled.replace(0);
    let result: Result<Obj> = (|| {
        let me = super::current(cx)?;
        let e = switch::exit_exception(cx)?;
        // What it raises comes here, if it is not in our own line, found again meanwhile.
        let old = g.parent.get();
        let moved = reparent(cx, g, me);
        let r = switch::switch_to(cx, g, Message::Throw(Raised(e)));
        if moved && let Some(old) = old {
            reparent(cx, g, old);
        }
        r
    })();
    if let Err(e) = result {
        poll::unraisable(cx, e, "Exception ignored in", g.obj());
    }
    cx.handled.set(saved);
}

/// Throw the stacks of a greenlet away that cannot run any more: its thread is gone, or
/// ends. Frames that somebody has are told that they have ended.
fn discard(cx: &mut Cx, g: Gc<Greenlet>) {
    switch::forget(g);
    // One thread does it.
    if g.state.compare_exchange(WAITS, DEAD, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return;
    }
    let s = &g.payload().stacks;
    let mut at = frame::window(s.base.load(Ordering::Relaxed) as frame::Base, s.pc.load(Ordering::Relaxed) as Pc);
    while let Some(w) = at {
        at = Window::caller(&w);
        if frame::leave(cx, w).is_err() {
            // No memory: the stacks stay for ever, since somebody may read them.
            std::mem::forget(OwnedRoot::new(&cx.mutator, g.obj().word()));
            return;
        }
    }
    s.sp.store(0, Ordering::Release);
    let region = s.region.swap(0, Ordering::AcqRel);
    if region != 0 {
        // GREEN-2: nobody runs there, and it was swapped out once.
        unsafe { Stack::from_address(region) }.give_back();
    }
}

/// The thread ends: so do its greenlets.
pub fn leave(cx: &mut Cx) {
    let Some(main) = typed(cx, MAIN) else { return };
    cx.ext[TRACER].set(0);
    kill_posted(cx);
    // What runs now may start others, but not for ever.
    let mut kills = LIVE.with_borrow(Vec::len) * 2 + 100;
    while kills > 0
        && let Some(g) = newest(cx)
    {
        kills -= 1;
        kill(cx, g);
        if g.state() == WAITS {
            // It has caught the exception and waits again.
            discard(cx, g);
        }
    }
    while let Some(g) = newest(cx) {
        discard(cx, g);
    }
    main.set_state(DEAD);
    MAINS.fetch_sub(1, Ordering::Relaxed);
    cx.ext[CURRENT].set(0);
    cx.ext[MAIN].set(0);
}

/// The thread's greenlet that was started last. The thread may have others in another
/// interpreter, to which it goes back.
fn newest(cx: &Cx) -> Option<Gc<Greenlet>> {
    // GREEN-3.
    let typed = |&w: &u64| -> Gc<Greenlet> { unsafe { Gc::from_obj(Obj::from_word_unchecked(w)) } };
    LIVE.with_borrow(|live| live.iter().rev().map(typed).find(|g| g.thread() == cx.mutator.id()))
}
