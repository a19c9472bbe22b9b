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
    // One that came from Python code, through native code, got its context there.
    if e.0.traceback.obj().is_none() {
        exc::chain(cx, e.0);
    }
    // The same window.
    unsafe { unwind(cx, pc, base, e, true) }
}

/// Find the handler. `record`: add this frame to the traceback.
///
/// # Safety
/// VM-1 for the window.
pub unsafe fn unwind(cx: &mut Cx, mut pc: Pc, mut base: Base, mut e: Raised, mut record: bool) -> PB {
    unsafe {
        loop {
            let w = Window { base, pc };
            let code = w.func().code();
            let at = code.offset(pc).wrapping_sub(1);
            cx.pc = pc;
            cx.base = base;
            cx.set_top(base.add(code.nregs as usize));
            if record {
                // Without memory for an entry the traceback lacks it.
                let _ = traceback::add(cx, e.0, w);
            }
            let watched = monitor::on(cx);
            if watched {
                e = monitor::raised(cx, w, e, !record);
            }
            record = true;
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
                // Code that the source does not show raised it again: the frame ends where
                // it was raised (PEP 626).
                let hidden = code.data.position(at).is_none();
                let raised = w.existing().filter(|_| hidden).and_then(|f| traceback::raised_at(e.0, f));
                let pc = raised.map_or(pc, |at| code.entry.add(at as usize + 1));
                let _ = frame::leave(cx, Window { base, pc });
            }
            cx.depth = cx.depth.saturating_sub(1);
            if is_exit(ret) {
                *caller = e.obj().word();
                return PB { pc: EXIT_RAISE.as_ptr(), base: caller };
            }
            pc = ret;
            base = caller;
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
