//! Raising: from a slow path to the handler, through Python windows, out to the
//! native caller; and what a poll does.

use crate::call::{EXIT_RAISE, is_exit};
use crate::frame::{self, Base, PB, Pc, Window};
use crate::{generator, monitor, traceback};
use typhon_object::{Cx, Raised, exc};

/// An exception was raised by the instruction before `pc`.
///
/// # Safety
/// VM-1 for the window.
#[cold]
#[inline(never)]
pub unsafe fn raise(cx: &mut Cx, pc: Pc, base: Base, e: Raised) -> PB {
    // One that came from Python code, through native code, got its context there; so did the
    // RuntimeError that a generator's StopIteration becomes, which has no traceback yet.
    if e.0.traceback.obj().is_none() && e.0.context.obj().is_none() {
        exc::chain(cx, e.0);
    }
    // The same window.
    unsafe { unwind(cx, pc, base, e, Origin::Raised) }
}

/// How an exception came up in the first window that `unwind` looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was raised here: the frame becomes an entry of its traceback.
    Raised,
    /// It is raised again here, where its traceback knows this frame already.
    Again,
    /// It is raised again by code that the source does not show: the frame ends where it
    /// was raised (PEP 626).
    Hidden,
}

/// Find the handler.
///
/// # Safety
/// VM-1 for the window.
pub unsafe fn unwind(cx: &mut Cx, mut pc: Pc, mut base: Base, mut e: Raised, mut origin: Origin) -> PB {
    unsafe {
        loop {
            let w = Window { base, pc };
            let code = w.func().code();
            let at = code.offset(pc).wrapping_sub(1);
            cx.pc = pc;
            cx.base = base;
            cx.set_top(base.add(code.nregs as usize));
            if origin == Origin::Raised {
                // Without memory for an entry the traceback lacks it.
                let _ = traceback::add(cx, e.0, w);
            }
            let watched = monitor::on(cx);
            if watched {
                e = monitor::raised(cx, w, e, origin != Origin::Raised);
            }
            if let Some(h) = code.data.handler(at) {
                if watched && let Err(n) = monitor::handled(cx, w, h.target, e) {
                    e = n;
                }
                *base.add(h.reg as usize) = e.obj().word();
                return PB { pc: code.entry.add(h.target as usize), base };
            }
            if watched {
                e = monitor::unwound(cx, w, e);
            }
            // Leave the window.
            let (ret, caller) = (*base.sub(3) as Pc, *base.sub(2) as Base);
            if *base.sub(1) != 0 {
                if let Some(pb) = generator::unwound(cx, w, e) {
                    return pb;
                }
                let mut last = pc;
                if origin == Origin::Hidden
                    && let Some(at) = w.existing().and_then(|f| traceback::raised_at(e.0, f))
                {
                    last = code.entry.add(at as usize + 1);
                }
                let _ = frame::leave(cx, Window { base, pc: last });
            }
            cx.depth = cx.depth.saturating_sub(1);
            if is_exit(ret) {
                *caller = e.obj().word();
                return PB { pc: EXIT_RAISE.as_ptr(), base: caller };
            }
            pc = ret;
            base = caller;
            origin = Origin::Raised;
        }
    }
}

crate::slow! {
    /// A poll found work: the collector, signals, finalizers, asynchronous
    /// exceptions. `pc` is already the next instruction.
    fn slow_poll(f) {
        let here = PB { pc: f.pc, base: f.base };
        crate::poll::handle(f.cx)?;
        Ok(monitor::switch(f.cx, here))
    }
}
