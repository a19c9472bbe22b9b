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
    /// The line that a program gave, or [`LINE_OF_CODE`].
    #[trace(skip)]
    given: i32,
}

/// The line is that of the instruction.
const LINE_OF_CODE: i32 = i32::MIN;

impl Traceback {
    /// The line, found only when somebody asks: most exceptions are handled
    /// without a look at their traceback.
    pub fn line(&self) -> Option<i32> {
        if self.given != LINE_OF_CODE {
            return Some(self.given);
        }
        let code = self.frame.get()?.code();
        code.data.position(self.lasti.load(Ordering::Relaxed)).map(|p| p.line as i32)
    }
}

impl Payload for Traceback {
    fn is(o: Obj) -> bool {
        o.is_ptr() && o.shape() == shape::TRACEBACK
    }
}

fn expect_traceback(cx: &Cx, v: Obj) -> Result<Gc<Traceback>> {
    v.cast::<Traceback>()
        .ok_or_else(|| cx.type_error(format!("expected traceback object or None, got '{}'", cx.type_name(v))))
}

/// Add an entry for the window to an exception's traceback.
pub fn add(cx: &mut Cx, e: Gc<BaseException>, w: Window) -> Result<()> {
    let frame = w.frame(cx)?;
    let code = w.func().code();
    let lasti = code.offset(w.pc).wrapping_sub(1);
    let t = crate::object_with(
        cx,
        shape::TRACEBACK,
        Traceback {
            next: Slot::of(e.traceback.obj()),
            frame: Slot::new(frame),
            lasti: AtomicU32::new(lasti),
            given: LINE_OF_CODE,
        },
    )?;
    e.traceback.set(cx, e, t);
    Ok(())
}

/// Where `e` was raised in this frame, if that is what its traceback begins with.
pub fn raised_at(e: Gc<BaseException>, frame: Gc<Frame>) -> Option<u32> {
    let t = e.traceback.obj()?.cast::<Traceback>()?;
    (t.frame.get() == Some(frame)).then(|| t.lasti.load(Ordering::Relaxed))
}

/// Attributes of tracebacks.
pub struct TracebackMethods;

#[class(name = "traceback", extends = Traceback)]
impl TracebackMethods {
    #[sig(tb_next, tb_frame, tb_lasti, tb_lineno)]
    fn __new__(cx: &mut Cx, tb_next: Obj, tb_frame: Obj, tb_lasti: i32, tb_lineno: i32) -> Result<Obj> {
        let Some(frame) = tb_frame.cast::<Frame>() else {
            let n = cx.type_name(tb_frame);
            return Err(cx.type_error(format!("traceback() argument 'tb_frame' must be frame, not {n}")));
        };
        let next = match tb_next.is_none() {
            true => None,
            false => Some(expect_traceback(cx, tb_next)?.obj()),
        };
        let t = Traceback {
            next: Slot::of(next),
            frame: Slot::new(frame),
            lasti: AtomicU32::new((tb_lasti / 2) as u32),
            given: tb_lineno,
        };
        Ok(crate::object_with(cx, shape::TRACEBACK, t)?.obj())
    }
    fn __dir__(this: Gc<Traceback>, cx: &mut Cx) -> Result<Obj> {
        let _ = this;
        let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"];
        let names: Vec<Obj> = names.iter().map(|n| Ok(cx.intern(n)?.obj())).collect::<Result<_>>()?;
        Ok(typhon_object::list::new(cx, &names)?.obj())
    }
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
        let t = expect_traceback(cx, v)?;
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
    fn tb_lineno(this: Gc<Traceback>) -> Option<i32> {
        this.line()
    }
}
