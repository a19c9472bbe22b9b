//! `greenlet._greenlet`: the class, the exceptions, `getcurrent`, `settrace`.
//!
//! What is not there: the C interface, and what the original has for its own tests of
//! memory that leaks.
//! Tests: tests/lang/greenlet.md.

use super::switch::{self, Message};
use super::{CURRENT, DEAD, Greenlet, IS_MAIN, MAINS, NEW, TRACER, WAITS, current, reparent};
use crate::ending;
use crate::frame;
use std::sync::atomic::Ordering;
use typhon_macros::{class, module};
use typhon_object::cx::CONTEXT;
use typhon_object::exc::BaseException;
use typhon_object::exc_class::{error_of, exception_class};
use typhon_object::interp::InterpRoot;
use typhon_object::native::{self, Args, Missing};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, dict, name, new_type, ops, tuple};

static ERROR: InterpRoot = InterpRoot::new();
static EXIT: InterpRoot = InterpRoot::new();

fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &ERROR, "greenlet", "error", ExcKind::Exception)
}

fn exit_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &EXIT, "greenlet", "GreenletExit", ExcKind::BaseException)
}

/// `greenlet.error(text)`.
#[cold]
pub fn error(cx: &mut Cx, text: &str) -> Raised {
    let class = error_class(cx);
    error_of(cx, class, text)
}

/// `GreenletExit(text)`.
pub fn exit(cx: &mut Cx, text: &str) -> Result<Gc<BaseException>> {
    let class = exit_class(cx);
    Ok(error_of(cx, class, text).0)
}

/// Whether it is a `GreenletExit`.
pub fn is_exit(cx: &mut Cx, e: Raised) -> bool {
    exit_class(cx).is_ok_and(|c| ops::class_of(e.obj()).is_subtype(c))
}

/// The exception that `throw(typ, val, tb)` raises.
fn thrown(cx: &mut Cx, typ: Obj, val: Obj, tb: Obj) -> Result<Raised> {
    if !tb.is_none() && tb.cast::<crate::traceback::Traceback>().is_none() {
        return Err(cx.type_error("throw() third argument must be a traceback object"));
    }
    let class = typ.cast::<Type>().is_some_and(|t| t.is_subtype(ExcKind::BaseException.class(cx)));
    if !class && typ.cast::<BaseException>().is_none() {
        let name = cx.type_name(typ);
        return Err(cx.type_error(format!("exceptions must be classes, or instances, not {name}")));
    }
    ending::thrown(cx, typ, Some(val), Some(tb))
}

/// What `switch` was called with.
fn message(cx: &mut Cx, args: &Args<'_>) -> Result<Message> {
    if args.kw.is_none_or(|k| k.is_empty()) {
        return Ok(match args.pos {
            [] => Message::Nothing,
            [v] => Message::One(*v),
            all => Message::Many(tuple::new(cx, all)?, None),
        });
    }
    let kw = dict::new(cx)?;
    for (k, v) in args.keywords() {
        kw.insert_str(cx, k, v)?;
    }
    Ok(Message::Many(tuple::new(cx, args.pos)?, Some(kw)))
}

/// Execution that is left and resumed by the program.
///
/// greenlet(run=None, parent=None): `run` is what it runs when it is switched to first,
/// `parent`, the current greenlet if not given, gets what that returns or raises.
#[class(module = "greenlet", name = "greenlet", subclassable, weakref, dict)]
impl Greenlet {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Greenlet> {
        // They are for `__init__`.
        let _ = args;
        if cls.has(types::F_ABSTRACT) {
            return Err(new_type::abstract_error(cx, cls)?);
        }
        let parent = current(cx)?;
        let g = Greenlet::new(cls.has_finalizer());
        g.parent.raw().store(parent.obj().word(), Ordering::Relaxed);
        Ok(g)
    }
    #[sig(run = <missing>, parent = None)]
    fn __init__(this: Gc<Greenlet>, cx: &mut Cx, run: Missing<Obj>, parent: Obj) -> Result<()> {
        if let Missing::Given(run) = run {
            Greenlet::set_run(this, cx, Missing::Given(run))?;
        }
        if parent.is_none() { Ok(()) } else { Greenlet::set_parent(this, cx, Missing::Given(parent)) }
    }
    /// Switch execution to this greenlet.
    ///
    /// If it has never run it calls run(*args, **kwargs). Otherwise the switch() in which
    /// it waits returns what is given: one argument itself, several as a tuple, those with
    /// names as a dict. A greenlet that has ended stands for its parent.
    fn switch(this: Gc<Greenlet>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        switch::check_allowed(cx, this)?;
        let m = message(cx, &args)?;
        switch::switch_to(cx, this, m)
    }
    /// Switch execution to this greenlet and raise the exception there.
    ///
    /// Without arguments it is GreenletExit, which ends the greenlet.
    #[sig(typ = <missing>, val = None, tb = None, /)]
    fn throw(this: Gc<Greenlet>, cx: &mut Cx, typ: Missing<Obj>, val: Obj, tb: Obj) -> Result<Obj> {
        switch::check_allowed(cx, this)?;
        let typ = match typ {
            Missing::Given(t) => t,
            Missing::Absent => exit_class(cx)?.obj(),
        };
        let e = thrown(cx, typ, val, tb)?;
        let over = this.state() == DEAD && is_exit(cx, e);
        // A greenlet that has ended hands it on as a value, as if it had ended by it.
        let m = if over { Message::One(e.obj()) } else { Message::Throw(e) };
        switch::switch_to(cx, this, m)
    }
    fn __bool__(&self, cx: &Cx) -> bool {
        self.is_active(cx)
    }
    /// Whether it has ended.
    #[getter]
    fn dead(&self, cx: &Cx) -> bool {
        self.state() == DEAD || self.is_stranded(cx)
    }
    /// What it will run.
    #[getter]
    fn run(this: Gc<Greenlet>, cx: &mut Cx) -> Result<Obj> {
        match this.run.obj().filter(|_| this.state() == NEW) {
            Some(run) => Ok(run),
            None => Err(cx.error(ExcKind::AttributeError, "run")),
        }
    }
    #[setter]
    fn set_run(this: Gc<Greenlet>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        if this.thread() != 0 {
            let text = "run cannot be set after the start of the greenlet";
            return Err(cx.error(ExcKind::AttributeError, text));
        }
        this.run.put(cx, this, value.given());
        Ok(())
    }
    /// Who gets what it returns or raises.
    #[getter]
    fn parent(this: Gc<Greenlet>) -> Option<Obj> {
        this.parent.obj()
    }
    #[setter]
    fn set_parent(this: Gc<Greenlet>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        let Missing::Given(value) = value else {
            return Err(cx.error(ExcKind::AttributeError, "can't delete attribute"));
        };
        if this.has(IS_MAIN) {
            return Err(cx.error(ExcKind::AttributeError, "cannot set the parent of a main greenlet"));
        }
        let Some(parent) = value.cast::<Greenlet>() else {
            let name = cx.type_name(value);
            return Err(cx.type_error(format!("GreenletChecker: Expected any type of greenlet, not {name}")));
        };
        let own = this.thread();
        let mut thread = parent.thread();
        let mut at = parent;
        while thread == 0 {
            let Some(p) = at.parent.get() else { return Err(cx.value_error("parent must not be garbage collected")) };
            at = p;
            thread = at.thread();
        }
        if own != 0 && thread != own {
            return Err(cx.value_error("parent cannot be on a different thread"));
        }
        if reparent(cx, this, parent) { Ok(()) } else { Err(cx.value_error("cyclic parent chain")) }
    }
    /// The frame in which it waits, or None.
    #[getter]
    fn gr_frame(this: Gc<Greenlet>, cx: &mut Cx) -> Result<Option<Obj>> {
        // GREEN-1: the thread that runs it might go on with it meanwhile.
        if this.state() != WAITS || this.thread() != cx.mutator.id() {
            return Ok(None);
        }
        let s = &this.payload().stacks;
        let (base, pc) = (s.base.load(Ordering::Relaxed), s.pc.load(Ordering::Relaxed));
        match frame::window(base as frame::Base, pc as frame::Pc) {
            // Its window is written to, which its next trace must see.
            Some(w) => {
                let f = w.frame(cx)?;
                cx.barrier(this.obj());
                Ok(Some(f.obj()))
            }
            None => Ok(None),
        }
    }
    /// The contextvars.Context in which it runs; None stands for one that is empty still.
    #[getter]
    fn gr_context(this: Gc<Greenlet>, cx: &mut Cx) -> Result<Option<Obj>> {
        if current(cx)? == this {
            return Ok(Obj::from_word(cx.ext[CONTEXT].get()));
        }
        if this.state() == super::RUNS && !this.is_stranded(cx) {
            return Err(cx.value_error("cannot get context of a greenlet that is running in a different thread"));
        }
        Ok(this.context.obj())
    }
    #[setter]
    fn set_gr_context(this: Gc<Greenlet>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        let Missing::Given(value) = value else {
            return Err(cx.error(ExcKind::AttributeError, "can't delete context attribute"));
        };
        let context = if value.is_none() { None } else { Some(value) };
        if context.is_some() {
            let module = crate::import::import_module(cx, "_contextvars")?;
            let class = ops::get_attr(cx, module, name!(cx, "Context"))?;
            if ops::class_of(value).obj() != class {
                return Err(cx.type_error("greenlet context must be a contextvars.Context or None"));
            }
        }
        if current(cx)? == this {
            cx.ext[CONTEXT].set(context.map_or(0, Obj::word));
            return Ok(());
        }
        if this.state() == super::RUNS && !this.is_stranded(cx) {
            return Err(cx.value_error("cannot set context of a greenlet that is running in a different thread"));
        }
        this.context.put(cx, this, context);
        Ok(())
    }
    /// Bytes of native stack that it occupies while it waits.
    #[getter]
    fn _stack_saved(&self) -> usize {
        self.native_bytes()
    }
    fn __getstate__(this: Gc<Greenlet>, cx: &mut Cx) -> Result<Obj> {
        let text = format!("cannot serialize '{}' object", type_name(this));
        Err(cx.type_error(text))
    }
    fn __repr__(this: Gc<Greenlet>, cx: &mut Cx) -> Result<String> {
        let at = this.obj().word();
        let name = type_name(this);
        let thread = this.thread();
        let stranded = this.is_stranded(cx);
        if this.state() == DEAD || stranded {
            let gone = if stranded { "(thread exited) " } else { "" };
            return Ok(format!("<{name} object at {at:#x} (otid={thread:#x}) {gone}dead>"));
        }
        let state = match this.state() {
            _ if cx.ext[CURRENT].get() == at => " current active started",
            NEW => " pending",
            _ => " suspended active started",
        };
        let main = if this.has(IS_MAIN) { " main" } else { "" };
        Ok(format!("<{name} object at {at:#x} (otid={thread:#x}){state}{main}>"))
    }
}

/// As C names the class: those of native code with their module.
fn type_name(g: Gc<Greenlet>) -> String {
    let class = ops::class_of(g.obj());
    if class.is_native() { "greenlet.greenlet".to_owned() } else { class.name().into_owned() }
}

/// The module.
#[module("greenlet._greenlet", classes(Greenlet))]
pub mod functions {
    use super::*;

    /// Return the greenlet that runs: the one that called this function.
    fn getcurrent(cx: &mut Cx) -> Result<Obj> {
        if cx.rt().finalizing.load(Ordering::Relaxed) {
            return Err(cx.error(ExcKind::RuntimeError, "greenlet is being finalized"));
        }
        Ok(current(cx)?.obj())
    }

    /// Set a function that is told of each switch, and return the one before.
    ///
    /// It is called in the greenlet that was switched to, with 'switch' or 'throw' and
    /// the pair of the greenlet that was left and that one. None sets none.
    #[sig(callback, /)]
    fn settrace(cx: &mut Cx, callback: Obj) -> Obj {
        let word = if callback.is_none() { 0 } else { callback.word() };
        Obj::from_word(cx.ext[TRACER].replace(word)).unwrap_or(Obj::NONE)
    }

    /// Return the function that settrace() has set, or None.
    fn gettrace(cx: &mut Cx) -> Obj {
        Obj::from_word(cx.ext[TRACER].get()).unwrap_or(Obj::NONE)
    }

    /// How many threads have a main greenlet.
    fn get_total_main_greenlets() -> i64 {
        MAINS.load(Ordering::Relaxed)
    }

    /// How many threads have ended whose greenlets are not cleaned up yet: none, since a
    /// thread does that itself.
    fn get_pending_cleanup_count() -> i64 {
        0
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let (error, exit) = (error_class(cx)?, exit_class(cx)?);
        let class = native::class_of::<Greenlet>(cx)?;
        for (name, value) in [("error", error.obj()), ("GreenletExit", exit.obj())] {
            let name = cx.intern(name)?;
            ops::set_attr(cx, module, name, Some(value))?;
        }
        for flag in ["GREENLET_USE_GC", "GREENLET_USE_TRACING", "GREENLET_USE_CONTEXT_VARS"] {
            let flag = cx.intern(flag)?;
            ops::set_attr(cx, module, flag, Some(Obj::TRUE))?;
        }
        // The class has them, too.
        for name in ["getcurrent", "error", "GreenletExit", "settrace", "gettrace"] {
            let name = cx.intern(name)?;
            let value = ops::get_attr(cx, module, name)?;
            types::set_attr(cx, class, name, Some(value))?;
        }
        Ok(())
    }
}
