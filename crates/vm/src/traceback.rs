//! Traceback objects.
//!
//! Tests: CPython test_traceback.

use crate::frame::{Frame, Window};
use std::sync::atomic::{AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::exc::BaseException;
use typhon_object::native::Payload;
use typhon_object::{Cx, Gc, Obj, Result, Slot, shape};

/// The payload of a traceback.
#[derive(Trace)]
#[repr(C)]
pub struct Traceback {
    /// Towards the place where the exception was raised.
    pub next: Slot,
    /// The frame.
    pub frame: Slot<Frame>,
    /// Word offset of the instruction.
    #[trace(skip)]
    pub lasti: AtomicU32,
}

impl Traceback {
    /// The line, found only when somebody asks: most exceptions are handled
    /// without a look at their traceback.
    pub fn line(&self) -> Option<u32> {
        let code = self.frame.get()?.code();
        code.data.position(self.lasti.load(Ordering::Relaxed)).map(|p| p.line)
    }
}

impl Payload for Traceback {
    fn is(o: Obj) -> bool {
        o.is_ptr() && o.shape() == shape::TRACEBACK
    }
}

/// Add an entry for the window to an exception's traceback.
pub fn add(cx: &mut Cx, e: Gc<BaseException>, w: Window) -> Result<()> {
    let frame = w.frame(cx)?;
    let code = w.func().code();
    let lasti = code.offset(w.pc).wrapping_sub(1);
    let t = crate::object_with(
        cx,
        shape::TRACEBACK,
        Traceback { next: Slot::of(e.traceback.obj()), frame: Slot::new(frame), lasti: AtomicU32::new(lasti) },
    )?;
    e.traceback.set(cx, e, t);
    Ok(())
}

/// Attributes of tracebacks.
pub struct TracebackMethods;

#[class(name = "traceback", extends = Traceback)]
impl TracebackMethods {
    #[getter]
    fn tb_next(this: Gc<Traceback>) -> Option<Obj> {
        this.next.obj()
    }
    #[setter]
    fn set_tb_next(this: Gc<Traceback>, cx: &mut Cx, v: Obj) -> Result<()> {
        if v.is_none() {
            this.next.clear();
            return Ok(());
        }
        let Some(t) = v.cast::<Traceback>() else {
            return Err(cx.type_error(format!("expected traceback object or None, got '{}'", cx.type_name(v))));
        };
        let mut at = Some(t);
        while let Some(x) = at {
            if x == this {
                return Err(cx.value_error("traceback loop detected"));
            }
            at = x.next.obj().and_then(|o| o.cast::<Traceback>());
        }
        this.next.set(cx, this, v);
        Ok(())
    }
    #[getter]
    fn tb_frame(this: Gc<Traceback>) -> Option<Obj> {
        this.frame.obj()
    }
    #[getter]
    fn tb_lasti(this: Gc<Traceback>) -> i64 {
        this.lasti.load(Ordering::Relaxed) as i64 * 2
    }
    #[getter]
    fn tb_lineno(this: Gc<Traceback>) -> Option<u32> {
        this.line()
    }
}
