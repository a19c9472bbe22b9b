//! Entering an interpreter, its beginning and its end.
//!
//! The calling thread lends its context to `Cx::blocked` and attaches another one, which
//! belongs to the interpreter. So the collector sees both, and everything that belongs to
//! a thread is its own in each interpreter; only the thread's ident stays the same.
//!
//! Invariant XI-1: no value leaves `enter`. While the thread comes back, neither context
//! shows the collector the frames in between.

use super::data::Data;
use super::errors;
use super::excinfo::{self, ExcInfo};
use crate::thread::{IDENT, ident};
use crate::{gil, greenlet, import, local, monitor};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use typhon_object::dict::Dict;
use typhon_object::interp::{self, Interp};
use typhon_object::{Cx, ExcKind, Gc, Result, name};

/// Makes what an interpreter needs, from a fresh record; supplied by the binary.
pub static START: OnceLock<fn(&mut Cx) -> Result<()>> = OnceLock::new();
/// Waits for the interpreter's threads, runs what is to run at its end, and lets go of
/// its modules; supplied by the binary.
pub static END: OnceLock<fn(&mut Cx)> = OnceLock::new();

/// What an interpreter needs of the native stack.
const ROOM: usize = 256 << 10;

/// Run `f` with a context of the interpreter (XI-1: what it gives holds no values).
pub fn enter<R>(cx: &mut Cx, interp: &'static Interp, mut f: impl FnMut(&mut Cx) -> R) -> Result<R> {
    let here = 0u8;
    if (&raw const here).addr() < cx.native_limit.saturating_add(ROOM) {
        return Err(cx.recursion_error());
    }
    let limit = cx.native_limit;
    Ok(cx.blocked(|| inside(interp, limit, &mut f)))
}

#[inline(never)]
fn inside<R>(interp: &'static Interp, limit: usize, f: &mut impl FnMut(&mut Cx) -> R) -> R {
    // This frame holds no values: those below it do.
    let marker = 0u64;
    let here = std::ptr::from_ref(std::hint::black_box(&marker)).addr() + 8;
    let mut cx = Cx::attach_in(interp, here, here.saturating_sub(limit));
    cx.ext[IDENT].set(ident());
    monitor::refresh(&cx);
    gil::start_thread(&cx);
    let r = below(&mut cx, f);
    Cx::detach(cx);
    r
}

#[inline(never)]
fn below<R>(cx: &mut Cx, f: &mut impl FnMut(&mut Cx) -> R) -> R {
    let r = f(cx);
    greenlet::leave(cx);
    local::leave(cx);
    r
}

/// A new interpreter that can be entered.
pub fn create(cx: &mut Cx, config: u32, whence: u32) -> Result<&'static Interp> {
    if cx.is_ending() {
        let text = "cannot create an interpreter at interpreter shutdown";
        return Err(cx.error(ExcKind::PythonFinalizationError, text));
    }
    let Some(start) = START.get() else { return Err(errors::failed(cx, "interpreter creation failed")) };
    let new = interp::create(cx, config, whence);
    let started = enter(cx, new, |cx| start(cx).map_err(|e| excinfo::of(cx, e.0)));
    match started {
        Ok(Ok(())) => {
            new.ready.store(true, Ordering::Release);
            Ok(new)
        }
        other => {
            interp::remove(cx, new);
            let e = errors::failed(cx, "interpreter creation failed");
            if let Ok(Err(info)) = other {
                let cause = cx.error(ExcKind::RuntimeError, info.formatted());
                e.0.context.set(cx, e.0, cause.obj());
            }
            Err(e)
        }
    }
}

/// End an interpreter that nobody runs code in.
pub fn destroy(cx: &mut Cx, interp: &'static Interp, id: i64) -> Result<()> {
    claim(cx, interp, id, "interpreter running")?;
    if is_outer(cx, interp) {
        interp.running.store(false, Ordering::Release);
        return Err(errors::failed(cx, "cannot destroy the current interpreter"));
    }
    // Nobody finds it any more, and whoever has found it sees that it has gone.
    interp.ready.store(false, Ordering::Release);
    let ended = enter(cx, interp, |cx| {
        if let Some(end) = END.get() {
            end(cx);
        }
    });
    if let Err(e) = ended {
        interp.ready.store(true, Ordering::Release);
        interp.running.store(false, Ordering::Release);
        return Err(e);
    }
    super::forget_items(cx, interp);
    interp::remove(cx, interp);
    Ok(())
}

/// Whether the calling thread came here from the interpreter.
fn is_outer(cx: &Cx, interp: &'static Interp) -> bool {
    typhon_gc::own_mutators().into_iter().any(|m| {
        // CX-1: each is the start of a context of this thread, which stays attached.
        let context = unsafe { &*m.cast::<Cx>() };
        context.mutator.id() != cx.mutator.id() && context.interp() == interp
    })
}

/// Be the one who runs code in the interpreter's `__main__`.
fn claim(cx: &mut Cx, interp: &'static Interp, id: i64, busy: &str) -> Result<()> {
    if interp.running.swap(true, Ordering::AcqRel) {
        // Its record may have been used again.
        return Err(if interp.id() == id { errors::failed(cx, busy) } else { errors::not_found(cx, id) });
    }
    if interp.id() == id && interp.ready.load(Ordering::Acquire) {
        return Ok(());
    }
    interp.running.store(false, Ordering::Release);
    Err(errors::not_found(cx, id))
}

/// The namespace of the interpreter's `__main__`.
pub fn main_namespace(cx: &mut Cx) -> Result<Gc<Dict>> {
    let main = import::modules(cx).get_str(name!(cx, "__main__"));
    match main.and_then(crate::hooks::module_dict) {
        Some(d) => Ok(d),
        None => Err(errors::failed(cx, "failed to get __main__ namespace")),
    }
}

/// Run `f` with the namespace of the interpreter's `__main__`, in which the values in
/// `shared` are set before. An exception is described in the result (XI-1).
pub fn in_main<R>(
    cx: &mut Cx,
    interp: &'static Interp,
    id: i64,
    shared: &[(Box<str>, Data)],
    mut f: impl FnMut(&mut Cx, Gc<Dict>) -> Result<R>,
) -> Result<std::result::Result<R, ExcInfo>> {
    claim(cx, interp, id, "interpreter already running")?;
    interp.used.store(true, Ordering::Relaxed);
    let ran = enter(cx, interp, |cx| {
        let r = (|| {
            let d = main_namespace(cx)?;
            for (k, v) in shared {
                let v = v.to_obj(cx)?;
                let k = cx.intern(k)?;
                d.insert_str(cx, k, v)?;
            }
            f(cx, d)
        })();
        r.map_err(|e| excinfo::of(cx, e.0))
    });
    interp.running.store(false, Ordering::Release);
    ran
}

/// At the end of the process: end the other interpreters, as far as nobody runs code in
/// them. Those of daemon threads stop where they are.
pub fn end_all(cx: &mut Cx) {
    for interp in interp::all(cx).into_iter().filter(|i| !i.is_main()) {
        let _ = destroy(cx, interp, interp.id());
    }
}
