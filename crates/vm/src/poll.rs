//! What a safepoint poll does beyond the collector: finalizers, weak-reference
//! callbacks, signals, asynchronous exceptions. All run as ordinary Python code
//! of the polling thread, with no lock held.

use crate::{async_gen, ending, generator, gil, greenlet, interps, thread};
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use typhon_gc::{POLL_FINALIZE, POLL_GIL, pop_cleared_weak, pop_ready_finalizer};
use typhon_object::cx::{POLL_ASYNC_EXC, POLL_SIGNAL};
use typhon_object::{Cx, Dunder, Obj, Raised, Result, ops, shape};

/// Runs pending signal handlers; supplied by the signal module.
pub static SIGNALS: OnceLock<fn(&mut Cx) -> Result<()>> = OnceLock::new();
/// Runs a cleared weak reference's callback.
pub static WEAK_CALLBACK: OnceLock<fn(&mut Cx, Obj)> = OnceLock::new();
/// Reports an exception that nobody can catch (`sys.unraisablehook`).
pub static UNRAISABLE: OnceLock<fn(&mut Cx, Raised, &str, Obj)> = OnceLock::new();

/// Do what the poll word asks for. Signals wait for the end of finalizers and callbacks that
/// run (see [`HOLD`]).
pub fn handle(cx: &mut Cx) -> Result<()> {
    handle_as(cx, false)
}

/// The same for who waits, or asks for signals expressly: none is held back.
pub fn handle_now(cx: &mut Cx) -> Result<()> {
    handle_as(cx, true)
}

fn handle_as(cx: &mut Cx, now: bool) -> Result<()> {
    cx.mutator.poll_slow();
    let bits = cx.mutator.poll_bits();
    if bits & (POLL_FINALIZE | POLL_ASYNC_EXC) != 0 {
        // Before a finalizer is begun: at the process's end it would never be gone on with.
        thread::stop_if_finalizing(cx);
    }
    if bits & POLL_FINALIZE != 0 {
        cx.mutator.clear(POLL_FINALIZE);
        finalize(cx);
    }
    if bits & greenlet::POLL_GREENLETS != 0 {
        cx.mutator.clear(greenlet::POLL_GREENLETS);
        greenlet::kill_posted(cx);
    }
    if bits & POLL_GIL != 0 {
        gil::handle(cx);
    }
    if bits & POLL_SIGNAL != 0 && (now || !holds_signals()) {
        HELD_SINCE.set(None);
        cx.mutator.clear(POLL_SIGNAL);
        if let Some(f) = SIGNALS.get() {
            f(cx)?;
        }
    }
    if bits & POLL_ASYNC_EXC != 0 {
        cx.mutator.clear(POLL_ASYNC_EXC);
    }
    Ok(())
}

thread_local! {
    /// This thread runs finalizers. Those that become due meanwhile wait for their
    /// turn: one inside the other, they could use up any stack. A greenlet that a
    /// finalizer switches to has a stack of its own, and a flag of its own.
    static FINALIZING: Cell<bool> = const { Cell::new(false) };
}

/// How long a signal waits for finalizers that run. They run at whatever place the collector
/// found them due, and nobody can catch what is raised in them: a KeyboardInterrupt would be
/// lost there, and a weak set's callback would be left half done. One that runs for longer is
/// interrupted.
const HOLD: Duration = Duration::from_millis(100);

thread_local! {
    /// Since when a signal has been waiting for finalizers.
    static HELD_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn holds_signals() -> bool {
    if !FINALIZING.get() {
        return false;
    }
    let since = HELD_SINCE.get().unwrap_or_else(Instant::now);
    HELD_SINCE.set(Some(since));
    since.elapsed() < HOLD
}

/// Set whether finalizers run on this stack; what was set before.
pub(crate) fn replace_finalizing(on: bool) -> bool {
    FINALIZING.replace(on)
}

/// Run what a collection found due. Whether there was a finalizer.
pub fn finalize(cx: &mut Cx) -> bool {
    if FINALIZING.replace(true) {
        return false;
    }
    let mut any = false;
    loop {
        // Handed over by the collector: live objects.
        if let Some(p) = pop_cleared_weak() {
            let w = unsafe { Obj::from_word_unchecked(p as u64) };
            if let Some(f) = WEAK_CALLBACK.get() {
                f(cx, w);
            }
        } else if let Some(p) = pop_ready_finalizer() {
            any = true;
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            if o.cast::<greenlet::Greenlet>().is_some() {
                // Which context it belongs to, it knows itself.
                finalize_one(cx, o);
            } else {
                interps::run_for(cx, o, |cx| finalize_one(cx, o));
            }
        } else {
            break;
        }
    }
    FINALIZING.set(false);
    any
}

fn finalize_one(cx: &mut Cx, o: Obj) {
    let saved = cx.handled.replace(0);
    if let Some(g) = o.cast::<generator::Generator>() {
        let fresh = o.shape() == shape::COROUTINE && g.state() == generator::CREATED;
        if let Err(e) = ending::finalize(cx, g) {
            let what = if fresh {
                "Exception ignored while finalizing coroutine"
            } else {
                "Exception ignored while closing generator"
            };
            unraisable(cx, e, what, o);
        }
        cx.handled.set(saved);
        return;
    }
    if let Some(g) = o.cast::<greenlet::Greenlet>() {
        greenlet::finalize(cx, g);
        cx.handled.set(saved);
        return;
    }
    match async_gen::finalize_step(cx, o) {
        Ok(false) => {}
        r => {
            if let Err(e) = r {
                unraisable(cx, e, "Exception ignored in:", o);
            }
            cx.handled.set(saved);
            return;
        }
    }
    call_del(cx, o);
    cx.handled.set(saved);
}

/// Run `o.__del__()`, if there is one.
pub(crate) fn call_del(cx: &mut Cx, o: Obj) {
    if let Err(e) = ops::call_special(cx, o, Dunder::Del, &[]) {
        let n = typhon_object::name!(cx, "__del__");
        let del = cx.lookup(ops::class_of(o), n).unwrap_or(o);
        unraisable(cx, e, "Exception ignored while calling deallocator", del);
    }
}

/// Report an exception that nobody can catch.
pub fn unraisable(cx: &mut Cx, e: Raised, what: &str, o: Obj) {
    if let Some(f) = UNRAISABLE.get() {
        f(cx, e, what, o);
    }
}
