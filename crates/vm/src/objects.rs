//! What Python sees of functions, frames, cells and generators.
//!
//! Tests: tests/lang/functions.md; CPython test_funcattrs, test_frame.

// Setters are named after dunders.
#![allow(non_snake_case)]

use crate::async_gen;
use crate::code::Code;
use crate::ending;
use crate::frame::{self, Frame, Window};
use crate::frame_locals;
use crate::function::{self, Cell, Function};
use crate::generator::{self, Generator, Input, RUNNING, SUSPENDED};
use std::sync::atomic::Ordering;
use typhon_bytecode::flags;
use typhon_macros::class;
use typhon_object::dict::{self, Dict};
use typhon_object::str::{self, Str};
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, ExcKind, Gc, Obj, Raised, Result, instance, ops, shape};

/// An argument that must be of one class, if it is given.
fn or_none<T: typhon_object::native::Payload>(
    cx: &Cx,
    v: Option<Obj>,
    what: &str,
    class: &str,
) -> Result<Option<Gc<T>>> {
    match v {
        None => Ok(None),
        Some(o) => match o.cast::<T>() {
            Some(t) => Ok(Some(t)),
            None => Err(cx.type_error(format!("{what} must be None or {class}"))),
        },
    }
}

/// Attributes of functions.
pub struct FunctionMethods;

#[class(name = "function", extends = Function)]
impl FunctionMethods {
    #[sig(code, globals, name = None, argdefs = None, closure = None, kwdefaults = None)]
    fn __new__(
        cx: &mut Cx,
        code: Obj,
        globals: Obj,
        name: Option<Obj>,
        argdefs: Option<Obj>,
        closure: Option<Obj>,
        kwdefaults: Option<Obj>,
    ) -> Result<Obj> {
        let Some(code) = code.cast::<Code>() else {
            return Err(cx.type_error(format!("function() argument 'code' must be code, not {}", cx.type_name(code))));
        };
        let Some(globals) = globals.cast::<Dict>() else {
            let got = cx.type_name(globals);
            return Err(cx.type_error(format!("function() argument 'globals' must be dict, not {got}")));
        };
        let name: Option<Gc<Str>> = or_none(cx, name, "arg 3 (name)", "string")?;
        let argdefs: Option<Gc<Tuple>> = or_none(cx, argdefs, "arg 4 (defaults)", "tuple")?;
        let closure: Option<Gc<Tuple>> = or_none(cx, closure, "arg 5 (closure)", "tuple")?;
        let kwdefaults: Option<Gc<Dict>> = or_none(cx, kwdefaults, "arg 6 (kwdefaults)", "dict")?;
        let free = code.data.freevars.len();
        match closure {
            None if free > 0 => return Err(cx.type_error("arg 5 (closure) must be tuple")),
            Some(c) if c.len() != free => {
                let n = code.data.name.to_string();
                return Err(cx.value_error(format!("{n} requires closure of length {free}, not {}", c.len())));
            }
            Some(c) => {
                if let Some(bad) = c.items().iter().find(|o| o.cast::<Cell>().is_none()) {
                    return Err(cx.type_error(format!("arg 5 (closure) expected cell, found {}", cx.type_name(*bad))));
                }
            }
            None => {}
        }
        let f = function::new(cx, code, globals)?;
        if let Some(n) = name {
            f.name.set(cx, f, n);
        }
        f.defaults.put(cx, f, argdefs);
        f.closure.put(cx, f, closure);
        f.kwdefaults.put(cx, f, kwdefaults);
        Ok(f.obj())
    }
    fn __repr__(this: Gc<Function>) -> String {
        let q = this.qualname.get().map_or_else(String::new, |s| s.to_str().into_owned());
        format!("<function {q} at {:#x}>", this.obj().word())
    }
    fn __call__(this: Gc<Function>, cx: &mut Cx, args: typhon_object::native::Args<'_>) -> Result<Obj> {
        ops::call(cx, this.obj(), args.all(), args.kw)
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<Function>, cx: &mut Cx, instance: Obj, owner: Option<Obj>) -> Result<Obj> {
        if instance.is_none() && owner.is_some() {
            return Ok(this.obj());
        }
        typhon_object::method::new(cx, this.obj(), instance)
    }
    #[getter]
    fn __code__(this: Gc<Function>) -> Gc<Code> {
        this.code()
    }
    #[setter]
    fn set___code__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        let Some(c) = v.and_then(|v| v.cast::<Code>()) else {
            return Err(cx.type_error("__code__ must be set to a code object"));
        };
        let (have, want) = (this.closure.get().map_or(0, |c| c.len()), c.data.freevars.len());
        if have != want {
            let n = this.name.get().map_or_else(String::new, |s| s.to_str().into_owned());
            return Err(cx.value_error(format!("{n}() requires a code object with {have} free vars, not {want}")));
        }
        let kind = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        if (this.code().data.flags ^ c.data.flags) & kind != 0 {
            let msg = "Assigning a code object of non-matching type is deprecated \
                       (e.g., from a generator to a plain function)";
            typhon_builtins::hooks::warn(cx, msg, ExcKind::DeprecationWarning)?;
        }
        function::replace_code(cx, this, c)
    }
    #[getter]
    fn __globals__(this: Gc<Function>) -> Gc<Dict> {
        this.globals()
    }
    #[getter]
    fn __builtins__(this: Gc<Function>) -> Option<Obj> {
        this.builtins()
    }
    #[getter]
    fn __closure__(this: Gc<Function>) -> Option<Obj> {
        this.closure.obj()
    }
    #[getter]
    fn __name__(this: Gc<Function>) -> Option<Obj> {
        this.name.obj()
    }
    #[setter]
    fn set___name__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        match v.and_then(|v| v.cast::<Str>()) {
            Some(s) => this.name.set(cx, this, s),
            None => return Err(cx.type_error("__name__ must be set to a string object")),
        }
        Ok(())
    }
    #[getter]
    fn __qualname__(this: Gc<Function>) -> Option<Obj> {
        this.qualname.obj()
    }
    #[setter]
    fn set___qualname__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        match v.and_then(|v| v.cast::<Str>()) {
            Some(s) => this.qualname.set(cx, this, s),
            None => return Err(cx.type_error("__qualname__ must be set to a string object")),
        }
        Ok(())
    }
    #[getter]
    fn __doc__(this: Gc<Function>) -> Option<Obj> {
        this.doc.obj()
    }
    #[setter]
    fn set___doc__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) {
        this.doc.put(cx, this, v);
    }
    #[getter]
    fn __module__(this: Gc<Function>) -> Option<Obj> {
        this.module.obj()
    }
    #[setter]
    fn set___module__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) {
        this.module.put(cx, this, v);
    }
    #[getter]
    fn __defaults__(this: Gc<Function>) -> Option<Obj> {
        this.defaults.obj()
    }
    #[setter]
    fn set___defaults__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        match v.filter(|v| !v.is_none()) {
            None => this.defaults.clear(),
            Some(v) if v.cast::<Tuple>().is_some() => this.defaults.set(cx, this, v),
            Some(_) => return Err(cx.type_error("__defaults__ must be set to a tuple object")),
        }
        Ok(())
    }
    #[getter]
    fn __kwdefaults__(this: Gc<Function>) -> Option<Obj> {
        this.kwdefaults.obj()
    }
    #[setter]
    fn set___kwdefaults__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        match v.filter(|v| !v.is_none()) {
            None => this.kwdefaults.clear(),
            Some(v) if v.cast::<Dict>().is_some() => this.kwdefaults.set(cx, this, v),
            Some(_) => return Err(cx.type_error("__kwdefaults__ must be set to a dict object")),
        }
        Ok(())
    }
    #[getter]
    fn __annotations__(this: Gc<Function>, cx: &mut Cx) -> Result<Obj> {
        if let Some(a) = this.annotations.obj() {
            return Ok(a);
        }
        let d = match this.annotate.obj() {
            Some(f) if !f.is_none() => {
                let r = ops::call_args(cx, f, &[Obj::int_unchecked(1)])?;
                if r.cast::<Dict>().is_none() {
                    return Err(cx.type_error(format!("__annotate__ returned non-dict of type '{}'", cx.type_name(r))));
                }
                r
            }
            _ => dict::new(cx)?.obj(),
        };
        this.annotations.set(cx, this, d);
        Ok(d)
    }
    #[setter]
    fn set___annotations__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        match v.filter(|v| !v.is_none()) {
            None => this.annotations.clear(),
            Some(v) if v.cast::<Dict>().is_some() => this.annotations.set(cx, this, v),
            Some(_) => return Err(cx.type_error("__annotations__ must be set to a dict object")),
        }
        this.annotate.clear();
        Ok(())
    }
    #[getter]
    fn __annotate__(this: Gc<Function>) -> Option<Obj> {
        this.annotate.obj()
    }
    #[setter]
    fn set___annotate__(this: Gc<Function>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        let Some(v) = v else { return Err(cx.type_error("__annotate__ cannot be deleted")) };
        if v.is_none() {
            this.annotate.clear();
            return Ok(());
        }
        if ops::class_of(v).call_fn().is_none() && ops::class_of(v).special(typhon_object::Dunder::Call).is_none() {
            return Err(cx.type_error("__annotate__ must be callable or None"));
        }
        this.annotate.set(cx, this, v);
        this.annotations.clear();
        Ok(())
    }
    #[getter]
    fn __type_params__(this: Gc<Function>, cx: &mut Cx) -> Result<Obj> {
        match this.type_params.obj() {
            Some(t) => Ok(t),
            None => Ok(tuple::new(cx, &[])?.obj()),
        }
    }
    #[setter]
    fn set___type_params__(this: Gc<Function>, cx: &mut Cx, v: Obj) -> Result<()> {
        if v.cast::<Tuple>().is_none() {
            return Err(cx.type_error("__type_params__ must be set to a tuple"));
        }
        this.type_params.set(cx, this, v);
        Ok(())
    }
    #[getter]
    fn __dict__(this: Gc<Function>, cx: &mut Cx) -> Result<Obj> {
        Ok(instance::dict_of(cx, this.obj())?.obj())
    }
    #[setter]
    fn set___dict__(this: Gc<Function>, cx: &mut Cx, v: Obj) -> Result<()> {
        match v.cast::<Dict>() {
            Some(d) => instance::set_dict(cx, this.obj(), d),
            None => Err(cx.type_error(format!("__dict__ must be set to a dictionary, not a '{}'", cx.type_name(v)))),
        }
    }
}

/// Attributes of cells.
pub struct CellMethods;

#[class(name = "cell", extends = Cell)]
impl CellMethods {
    #[sig(contents = <missing>, /)]
    fn __new__(cx: &mut Cx, contents: typhon_object::native::Missing<Obj>) -> Result<Obj> {
        Ok(function::new_cell(cx, contents.given())?.obj())
    }
    fn __richcmp__(this: Gc<Cell>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(other) = other.cast::<Cell>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        let (a, b) = (this.value.obj(), other.value.obj());
        match (a, b) {
            (Some(a), Some(b)) => ops::rich_compare(cx, a, b, op),
            // An empty one is less than all others.
            _ => Ok(Obj::bool(op.holds(a.is_some().cmp(&b.is_some())))),
        }
    }
    fn __repr__(this: Gc<Cell>, cx: &mut Cx) -> String {
        match this.value.obj() {
            None => format!("<cell at {:#x}: empty>", this.obj().word()),
            Some(v) => format!("<cell at {:#x}: {} object at {:#x}>", this.obj().word(), cx.type_name(v), v.word()),
        }
    }
    #[getter]
    fn cell_contents(this: Gc<Cell>, cx: &mut Cx) -> Result<Obj> {
        this.value.obj().ok_or_else(|| cx.value_error("cell is empty"))
    }
    #[setter]
    fn set_cell_contents(this: Gc<Cell>, cx: &mut Cx, v: Option<Obj>) {
        this.value.put(cx, this, v);
    }
}

/// Attributes of frames.
pub struct FrameMethods;

/// The value of an attribute that is True or False.
fn flag(cx: &Cx, v: Obj) -> Result<bool> {
    if v != Obj::TRUE && v != Obj::FALSE {
        return Err(cx.type_error("attribute value type must be bool"));
    }
    Ok(v == Obj::TRUE)
}

fn live_window(f: Gc<Frame>, cx: &Cx) -> Option<Window> {
    frame::live(cx, f.payload()).map(|(w, _)| w)
}

fn undeletable(cx: &Cx, name: &str) -> Raised {
    cx.error(ExcKind::AttributeError, format!("attribute '{name}' of 'frame' objects cannot be deleted"))
}

fn line_of(f: Gc<Frame>, cx: &Cx) -> Option<u32> {
    if let Some(w) = live_window(f, cx) {
        // Code without a line of its own belongs to the line before it.
        let line = crate::jump::pending_line(&f).or_else(|| w.func().code().line_before(w.pc));
        return line.or_else(|| crate::monitor::last_line(w.base));
    }
    f.line()
}

#[class(name = "frame", extends = Frame)]
impl FrameMethods {
    fn __repr__(this: Gc<Frame>, cx: &Cx) -> String {
        let c = this.code();
        format!(
            "<frame at {:#x}, file '{}', line {}, code {}>",
            this.obj().word(),
            c.data.filename,
            line_of(this, cx).unwrap_or(0),
            c.data.name
        )
    }
    #[getter]
    fn f_code(this: Gc<Frame>) -> Gc<Code> {
        this.code()
    }
    #[getter]
    fn f_globals(this: Gc<Frame>) -> Option<Obj> {
        this.func.get().map(|f| f.globals().obj())
    }
    #[getter]
    fn f_builtins(this: Gc<Frame>) -> Option<Obj> {
        this.func.get().and_then(|f| f.builtins())
    }
    #[getter]
    fn f_lineno(this: Gc<Frame>, cx: &Cx) -> Option<u32> {
        line_of(this, cx)
    }
    #[setter]
    fn set_f_lineno(this: Gc<Frame>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        match v {
            Some(v) => crate::jump::ask(cx, this, v),
            None => Err(undeletable(cx, "f_lineno")),
        }
    }
    #[getter]
    fn f_lasti(this: Gc<Frame>) -> i64 {
        this.lasti() as i32 as i64 * 2
    }
    #[getter]
    fn f_back(this: Gc<Frame>, cx: &mut Cx) -> Result<Option<Obj>> {
        if let Some((w, waits)) = frame::live(cx, this.payload()) {
            let Some(c) = w.caller() else { return Ok(None) };
            let back = c.frame(cx)?;
            if let Some(g) = waits {
                // Its stack has changed.
                cx.barrier(g.obj());
            }
            return Ok(Some(back.obj()));
        }
        Ok(this.back.obj())
    }
    #[getter]
    fn f_locals(this: Gc<Frame>, cx: &mut Cx) -> Result<Obj> {
        if let Some(ns) = this.namespace() {
            return Ok(ns);
        }
        if this.code().data.flags & flags::OPTIMIZED == 0 {
            return Ok(this.func.get().map_or(Obj::NONE, |f| f.globals().obj()));
        }
        frame_locals::new(cx, this)
    }
    #[getter]
    fn f_trace(this: Gc<Frame>) -> Option<Obj> {
        this.trace.obj()
    }
    #[setter]
    fn set_f_trace(this: Gc<Frame>, cx: &mut Cx, v: Option<Obj>) {
        this.trace.put(cx, this, v.filter(|v| !v.is_none()));
    }
    #[getter]
    fn f_trace_lines(this: Gc<Frame>) -> bool {
        this.trace_lines.load(Ordering::Relaxed)
    }
    #[setter]
    fn set_f_trace_lines(this: Gc<Frame>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        let Some(v) = v else { return Err(cx.type_error("can't delete numeric/char attribute")) };
        this.trace_lines.store(flag(cx, v)?, Ordering::Relaxed);
        Ok(())
    }
    #[getter]
    fn f_trace_opcodes(this: Gc<Frame>) -> bool {
        this.trace_opcodes.load(Ordering::Relaxed)
    }
    #[setter]
    fn set_f_trace_opcodes(this: Gc<Frame>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        let Some(v) = v else { return Err(undeletable(cx, "f_trace_opcodes")) };
        this.trace_opcodes.store(flag(cx, v)?, Ordering::Relaxed);
        Ok(())
    }
    #[getter]
    fn f_generator(this: Gc<Frame>) -> Option<Obj> {
        this.extra.obj().filter(|e| e.cast::<Generator>().is_some())
    }
    /// Clear most references held by the frame.
    fn clear(this: Gc<Frame>, cx: &mut Cx) -> Result<()> {
        if this.base.load(Ordering::Acquire) != 0 {
            return Err(cx.error(ExcKind::RuntimeError, "cannot clear an executing frame"));
        }
        if let Some(g) = this.extra.obj().and_then(|e| e.cast::<Generator>()) {
            match g.state() {
                RUNNING => return Err(cx.error(ExcKind::RuntimeError, "cannot clear an executing frame")),
                SUSPENDED => return Err(cx.error(ExcKind::RuntimeError, "cannot clear a suspended frame")),
                // It ends before it began.
                _ => ending::close(cx, g)?,
            };
        }
        this.locals.clear();
        this.more_locals.clear();
        Ok(())
    }
}

fn set_name(cx: &mut Cx, g: Gc<Generator>, v: Option<Obj>) -> Result<()> {
    match v.and_then(|v| v.cast::<Str>()) {
        Some(s) => g.name.set(cx, g, s),
        None => return Err(cx.type_error("__name__ must be set to a string object")),
    }
    Ok(())
}

fn set_qualname(cx: &mut Cx, g: Gc<Generator>, v: Option<Obj>) -> Result<()> {
    match v.and_then(|v| v.cast::<Str>()) {
        Some(s) => g.qualname.set(cx, g, s),
        None => return Err(cx.type_error("__qualname__ must be set to a string object")),
    }
    Ok(())
}

/// `throw` with more than one argument is going away.
fn warn_arguments(cx: &mut Cx, more: bool, name: &str) -> Result<()> {
    if !more {
        return Ok(());
    }
    let text =
        format!("the (type, exc, tb) signature of {name}() is deprecated, use the single-arg signature instead.");
    typhon_builtins::hooks::warn(cx, &text, ExcKind::DeprecationWarning)
}

/// Methods of generators, coroutines and asynchronous generators.
pub struct GeneratorMethods;

fn generator_repr(g: Gc<Generator>, what: &str) -> String {
    let q = g.qualname.get().map_or_else(String::new, |s| s.to_str().into_owned());
    format!("<{what} object {q} at {:#x}>", g.obj().word())
}

#[class(name = "generator", extends = Generator)]
impl GeneratorMethods {
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        typhon_builtins::generic_alias::new(cx, cls.obj(), item)
    }
    fn __repr__(this: Gc<Generator>) -> String {
        generator_repr(this, "generator")
    }
    fn __iter__(this: Gc<Generator>) -> Obj {
        this.obj()
    }
    fn __next__(this: Gc<Generator>, cx: &mut Cx) -> Result<Obj> {
        let s = generator::resume(cx, this, Input::Send(Obj::NONE))?;
        generator::step_result(cx, s)
    }
    /// send(arg) -> send 'arg' into generator,
    /// return next yielded value or raise StopIteration.
    fn send(this: Gc<Generator>, cx: &mut Cx, v: Obj) -> Result<Obj> {
        let s = generator::resume(cx, this, Input::Send(v))?;
        generator::step_result(cx, s)
    }
    /// Raise exception in generator, return next yielded value or raise
    /// StopIteration.
    #[sig(typ, val = None, tb = None, /)]
    fn throw(this: Gc<Generator>, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        warn_arguments(cx, val.is_some() || tb.is_some(), "throw")?;
        let e = ending::thrown(cx, typ, val, tb)?;
        let s = ending::throw(cx, this, e)?;
        generator::step_result(cx, s)
    }
    /// Raise GeneratorExit inside generator.
    fn close(this: Gc<Generator>, cx: &mut Cx) -> Result<Obj> {
        ending::close(cx, this)
    }
    fn __del__(this: Gc<Generator>, cx: &mut Cx) -> Result<()> {
        ending::finalize(cx, this)
    }
    #[getter]
    fn gi_running(this: Gc<Generator>) -> bool {
        this.state() == RUNNING
    }
    #[getter]
    fn gi_suspended(this: Gc<Generator>) -> bool {
        this.state() == SUSPENDED
    }
    #[getter]
    fn gi_code(this: Gc<Generator>) -> Option<Obj> {
        this.func.get().map(|f| f.code().obj())
    }
    #[getter]
    fn gi_frame(this: Gc<Generator>, cx: &mut Cx) -> Result<Option<Obj>> {
        generator_frame(cx, this)
    }
    #[getter]
    fn gi_yieldfrom(this: Gc<Generator>) -> Option<Obj> {
        generator::delegate(this)
    }
    #[getter]
    fn __name__(this: Gc<Generator>) -> Option<Obj> {
        this.name.obj()
    }
    #[setter]
    fn set___name__(this: Gc<Generator>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        set_name(cx, this, v)
    }
    #[getter]
    fn __qualname__(this: Gc<Generator>) -> Option<Obj> {
        this.qualname.obj()
    }
    #[setter]
    fn set___qualname__(this: Gc<Generator>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        set_qualname(cx, this, v)
    }
}

fn generator_frame(cx: &mut Cx, g: Gc<Generator>) -> Result<Option<Obj>> {
    if g.state() == generator::DONE {
        return Ok(None);
    }
    if let Some(f) = g.frame.obj() {
        return Ok(Some(f));
    }
    let mut w = frame::current(cx);
    while let Some(x) = w {
        if x.extra() == Some(g.obj()) {
            return Ok(Some(x.frame(cx)?.obj()));
        }
        w = x.caller();
    }
    let f = crate::object_with(
        cx,
        shape::FRAME,
        Frame {
            func: typhon_object::Slot::of(g.func.get()),
            base: std::sync::atomic::AtomicU64::new(0),
            pc: std::sync::atomic::AtomicU64::new(g.pc.load(Ordering::Relaxed)),
            back: typhon_object::Slot::empty(),
            extra: typhon_object::Slot::new(g),
            locals: typhon_object::Slot::empty(),
            more_locals: typhon_object::Slot::empty(),
            trace: typhon_object::Slot::empty(),
            trace_lines: std::sync::atomic::AtomicBool::new(true),
            trace_opcodes: std::sync::atomic::AtomicBool::new(false),
        },
    )?;
    g.frame.set(cx, g, f);
    Ok(Some(f.obj()))
}

/// Methods of coroutines.
pub struct CoroutineMethods;

#[class(name = "coroutine", extends = Generator)]
impl CoroutineMethods {
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        typhon_builtins::generic_alias::new(cx, cls.obj(), item)
    }
    fn __repr__(this: Gc<Generator>) -> String {
        generator_repr(this, "coroutine")
    }
    fn __await__(this: Gc<Generator>, cx: &mut Cx) -> Result<Obj> {
        typhon_object::native::instance(cx, CoroutineWrapper { coro: this }).map(|g| g.obj())
    }
    /// send(arg) -> send 'arg' into coroutine,
    /// return next yielded value or raise StopIteration.
    fn send(this: Gc<Generator>, cx: &mut Cx, v: Obj) -> Result<Obj> {
        let s = generator::resume(cx, this, Input::Send(v))?;
        generator::step_result(cx, s)
    }
    /// Raise exception in coroutine, return next yielded value or raise
    /// StopIteration.
    #[sig(typ, val = None, tb = None, /)]
    fn throw(this: Gc<Generator>, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        warn_arguments(cx, val.is_some() || tb.is_some(), "throw")?;
        let e = ending::thrown(cx, typ, val, tb)?;
        let s = ending::throw(cx, this, e)?;
        generator::step_result(cx, s)
    }
    /// Raise GeneratorExit inside coroutine.
    fn close(this: Gc<Generator>, cx: &mut Cx) -> Result<()> {
        ending::close(cx, this).map(|_| ())
    }
    #[getter]
    fn cr_running(this: Gc<Generator>) -> bool {
        this.state() == RUNNING
    }
    #[getter]
    fn cr_suspended(this: Gc<Generator>) -> bool {
        this.state() == SUSPENDED
    }
    #[getter]
    fn cr_code(this: Gc<Generator>) -> Option<Obj> {
        this.func.get().map(|f| f.code().obj())
    }
    #[getter]
    fn cr_frame(this: Gc<Generator>, cx: &mut Cx) -> Result<Option<Obj>> {
        generator_frame(cx, this)
    }
    #[getter]
    fn cr_await(this: Gc<Generator>) -> Option<Obj> {
        generator::delegate(this)
    }
    #[getter]
    fn cr_origin(this: Gc<Generator>) -> Obj {
        this.origin().unwrap_or(Obj::NONE)
    }
    #[getter]
    fn __name__(this: Gc<Generator>) -> Option<Obj> {
        this.name.obj()
    }
    #[setter]
    fn set___name__(this: Gc<Generator>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        set_name(cx, this, v)
    }
    #[getter]
    fn __qualname__(this: Gc<Generator>) -> Option<Obj> {
        this.qualname.obj()
    }
    #[setter]
    fn set___qualname__(this: Gc<Generator>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        set_qualname(cx, this, v)
    }
    fn __del__(this: Gc<Generator>, cx: &mut Cx) -> Result<()> {
        ending::finalize(cx, this)
    }
}

/// What `coroutine.__await__()` returns.
#[derive(typhon_macros::Trace)]
pub struct CoroutineWrapper {
    coro: Gc<Generator>,
}

/// A wrapper object implementing __await__ for coroutines.
#[class(name = "coroutine_wrapper", module = "builtins")]
impl CoroutineWrapper {
    fn __iter__(this: Gc<CoroutineWrapper>) -> Obj {
        this.obj()
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let s = generator::resume(cx, self.coro, Input::Send(Obj::NONE))?;
        generator::step_result(cx, s)
    }
    fn send(&self, cx: &mut Cx, v: Obj) -> Result<Obj> {
        let s = generator::resume(cx, self.coro, Input::Send(v))?;
        generator::step_result(cx, s)
    }
    #[sig(typ, val = None, tb = None, /)]
    fn throw(&self, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        let e = ending::thrown(cx, typ, val, tb)?;
        let s = ending::throw(cx, self.coro, e)?;
        generator::step_result(cx, s)
    }
    fn close(&self, cx: &mut Cx) -> Result<()> {
        ending::close(cx, self.coro).map(|_| ())
    }
}

/// Methods of asynchronous generators.
pub struct AsyncGeneratorMethods;

#[class(name = "async_generator", extends = Generator)]
impl AsyncGeneratorMethods {
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        typhon_builtins::generic_alias::new(cx, cls.obj(), item)
    }
    fn __repr__(this: Gc<Generator>) -> String {
        generator_repr(this, "async_generator")
    }
    fn __aiter__(this: Gc<Generator>) -> Obj {
        this.obj()
    }
    fn __anext__(this: Gc<Generator>, cx: &mut Cx) -> Result<Obj> {
        async_gen::asend(cx, this, Obj::NONE)
    }
    /// asend(v) -> send 'v' in generator.
    fn asend(this: Gc<Generator>, cx: &mut Cx, v: Obj) -> Result<Obj> {
        let a = async_gen::asend(cx, this, v)?;
        async_gen::watch_awaiting(a);
        Ok(a)
    }
    /// athrow(value) -> raise exception in generator.
    #[sig(typ, val = None, tb = None, /)]
    fn athrow(this: Gc<Generator>, cx: &mut Cx, typ: Obj, val: Option<Obj>, tb: Option<Obj>) -> Result<Obj> {
        warn_arguments(cx, val.is_some() || tb.is_some(), "athrow")?;
        let all = [typ, val.unwrap_or(Obj::NONE), tb.unwrap_or(Obj::NONE)];
        let n = if tb.is_some() { 3 } else { 1 + val.is_some() as usize };
        async_gen::athrow(cx, this, &all[..n])
    }
    /// aclose() -> raise GeneratorExit inside generator.
    fn aclose(this: Gc<Generator>, cx: &mut Cx) -> Result<Obj> {
        async_gen::aclose(cx, this)
    }
    #[getter]
    fn ag_running(this: Gc<Generator>) -> bool {
        this.steps.load(Ordering::Relaxed) & async_gen::STEPPING != 0
    }
    #[getter]
    fn ag_suspended(this: Gc<Generator>) -> bool {
        this.state() == SUSPENDED
    }
    #[getter]
    fn ag_code(this: Gc<Generator>) -> Option<Obj> {
        this.func.get().map(|f| f.code().obj())
    }
    #[getter]
    fn ag_frame(this: Gc<Generator>, cx: &mut Cx) -> Result<Option<Obj>> {
        generator_frame(cx, this)
    }
    #[getter]
    fn ag_await(this: Gc<Generator>) -> Option<Obj> {
        generator::delegate(this)
    }
    #[getter]
    fn __name__(this: Gc<Generator>) -> Option<Obj> {
        this.name.obj()
    }
    #[setter]
    fn set___name__(this: Gc<Generator>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        set_name(cx, this, v)
    }
    #[getter]
    fn __qualname__(this: Gc<Generator>) -> Option<Obj> {
        this.qualname.obj()
    }
    #[setter]
    fn set___qualname__(this: Gc<Generator>, cx: &mut Cx, v: Option<Obj>) -> Result<()> {
        set_qualname(cx, this, v)
    }
    fn __del__(this: Gc<Generator>, cx: &mut Cx) -> Result<()> {
        ending::finalize(cx, this)
    }
}

/// Names of variables that the current frame defines, for `dir()`.
pub fn current_locals(cx: &mut Cx) -> Result<Obj> {
    let Some(w) = frame::current(cx) else { return Ok(dict::new(cx)?.obj()) };
    match w.namespace() {
        Some(ns) => Ok(ns),
        None if w.func().code().data.flags & flags::OPTIMIZED == 0 => Ok(w.func().globals().obj()),
        None => Ok(frame_locals::of_window(cx, w)?.obj()),
    }
}

/// The class that a frame's first argument belongs to, and that argument: what
/// `super()` without arguments uses when it is not compiled as `super().x`.
pub fn super_args(cx: &mut Cx) -> Result<(Obj, Obj)> {
    let Some(w) = frame::current(cx) else { return Err(cx.error(ExcKind::RuntimeError, "super(): no current frame")) };
    let code = w.func().code();
    if code.data.argcount == 0 {
        return Err(cx.error(ExcKind::RuntimeError, "super(): no arguments"));
    }
    // Register 0 of a live window.
    let first = Obj::from_word(unsafe { *w.base });
    // Only a variable that inner functions see is in a cell; the argument may be one itself.
    let in_cell = code.data.cell_regs.contains(&0);
    let this = match first.map(|f| (f, f.cast::<Cell>().filter(|_| in_cell))) {
        Some((_, Some(c))) => c.value.obj(),
        Some((f, None)) => Some(f),
        None => None,
    };
    let Some(this) = this else { return Err(cx.error(ExcKind::RuntimeError, "super(): arg[0] deleted")) };
    let at = code.data.freevars.iter().position(|n| &**n == "__class__");
    let Some(at) = at else { return Err(cx.error(ExcKind::RuntimeError, "super(): __class__ cell not found")) };
    // The register of that free variable.
    let cell = Obj::from_word(unsafe { *w.base.add(code.data.free_base as usize + at) }).and_then(|c| c.cast::<Cell>());
    match cell.and_then(|c| c.value.obj()) {
        Some(c) if c.cast::<Type>().is_some() => Ok((c, this)),
        Some(c) => {
            Err(cx.error(ExcKind::RuntimeError, format!("super(): __class__ is not a type ({})", cx.type_name(c))))
        }
        None => Err(cx.error(ExcKind::RuntimeError, "super(): empty __class__ cell")),
    }
}

/// A string constant, for module tables.
pub fn text(cx: &Cx, s: &str) -> Result<Obj> {
    Ok(str::new(cx, s)?.obj())
}
