//! `_asyncio.FutureIter`: what `await` steps of a future.
//!
//! Tests: tests/lang/asyncio.md; CPython test_asyncio.test_futures.

use super::future::{Future, PENDING, deprecated};
use typhon_macros::{Trace, class};
use typhon_object::exc::{self, BaseException};
use typhon_object::native::{self, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::{Sent, Type};
use typhon_object::{Cx, ExcKind, Raised, Result, ops};

/// Yields the future once, if it is pending, and returns its result.
#[derive(Trace)]
pub struct FutureIter {
    /// Empty once it was closed or something was thrown in.
    future: Slot<Future>,
}

impl FutureIter {
    /// The iterator of a future.
    pub fn over(cx: &mut Cx, future: Gc<Future>) -> Result<Obj> {
        future.alive(cx)?;
        native::instance(cx, FutureIter { future: Slot::new(future) }).map(|i| i.obj())
    }
    /// One step.
    pub fn step(this: Gc<FutureIter>, cx: &mut Cx) -> Result<Sent> {
        let Some(f) = this.future.get() else { return Ok(Sent::Return(Obj::NONE)) };
        if f.state() == PENDING {
            if f.blocking() {
                return Err(cx.error(ExcKind::RuntimeError, "await wasn't used with future"));
            }
            f.set_blocking(true);
            return Ok(Sent::Yield(f.obj()));
        }
        Future::outcome(f, cx).map(Sent::Return)
    }
    fn value(this: Gc<FutureIter>, cx: &mut Cx) -> Result<Obj> {
        match FutureIter::step(this, cx)? {
            Sent::Yield(v) => Ok(v),
            Sent::Return(v) => Err(exc::stop_iteration(cx, v)),
        }
    }
}

#[class(module = "_asyncio", name = "FutureIter")]
impl FutureIter {
    fn __iter__(this: Gc<Self>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        FutureIter::value(this, cx)
    }
    fn send(this: Gc<Self>, cx: &mut Cx, arg: Obj) -> Result<Obj> {
        let _ = arg;
        FutureIter::value(this, cx)
    }
    #[sig(typ, val = <missing>, tb = <missing>, /)]
    fn throw(this: Gc<Self>, cx: &mut Cx, typ: Obj, val: Missing<Obj>, tb: Missing<Obj>) -> Result<Obj> {
        if val.given().is_some() {
            let text = "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.";
            deprecated(cx, text)?;
        }
        let given = |o: Missing<Obj>| o.given().filter(|o| !o.is_none());
        let tb = given(tb);
        if tb.is_some_and(|t| &*cx.type_name(t) != "traceback") {
            return Err(cx.type_error("throw() third argument must be a traceback"));
        }
        let e = made(cx, typ, given(val))?;
        if tb.is_some() {
            e.traceback.put(cx, e, tb);
        }
        this.future.clear();
        Err(Raised(e))
    }
    fn close(&self) {
        self.future.clear();
    }
}

/// The exception that `throw(typ, val)` raises.
fn made(cx: &mut Cx, typ: Obj, val: Option<Obj>) -> Result<Gc<BaseException>> {
    if let Some(e) = typ.cast::<BaseException>() {
        return match val {
            Some(_) => Err(cx.type_error("instance exception may not have a separate value")),
            None => Ok(e),
        };
    }
    let bad = "exceptions must be classes deriving BaseException or instances of such a class";
    let Some(class) = typ.cast::<Type>().filter(|t| t.is_subtype(ExcKind::BaseException.class(cx))) else {
        return Err(cx.type_error(bad));
    };
    let o = match val {
        Some(v) if ops::class_of(v).is_subtype(class) => v,
        Some(v) => ops::call_args(cx, typ, &[v])?,
        None => ops::call_args(cx, typ, &[])?,
    };
    o.cast().ok_or_else(|| cx.type_error(bad))
}
