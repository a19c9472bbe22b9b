//! `function` and `cell`.
//!
//! Tests: tests/lang/functions.md; CPython test_funcattrs.

use crate::code::Code;
use crate::frame::{self, Frame, Window};
use crate::generator::Generator;
use crate::greenlet::Greenlet;
use crate::stacks;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use typhon_bytecode::flags;
use typhon_macros::Trace;
use typhon_object::dict::Dict;
use typhon_object::native::Payload;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Gc, Obj, Result, Slot, name, shape};

/// The payload of a function. The first fields are what a call reads.
#[derive(Trace)]
#[repr(C)]
pub struct Function {
    /// First instruction.
    #[trace(skip)]
    pub entry: AtomicU64,
    /// Number of positional arguments of a call that needs no binding (of one that needs
    /// defaults at most, the number of them and the arguments), or
    /// `u32::MAX` if every call needs it.
    #[trace(skip)]
    pub simple: AtomicU32,
    /// Registers of a frame.
    #[trace(skip)]
    pub nregs: AtomicU32,
    /// Registers to clear on entry: those of locals behind the parameters.
    #[trace(skip)]
    pub nclear: AtomicU32,
    /// First constant of the code.
    #[trace(skip)]
    pub consts: AtomicU64,
    /// First name of the code.
    #[trace(skip)]
    pub names: AtomicU64,
    /// Bit 0: generator-like.
    #[trace(skip)]
    pub kind: AtomicU32,
    /// The namespace of its module.
    pub globals: Slot<Dict>,
    /// The namespace of builtins; empty when it is not a plain dict.
    pub builtins: Slot<Dict>,
    /// What the program gave for builtins instead of a plain dict: any object.
    pub own_builtins: Slot,
    /// The code.
    pub code: Slot<Code>,
    /// Cells of free variables.
    pub closure: Slot<Tuple>,
    /// Defaults of the last positional parameters.
    pub defaults: Slot<Tuple>,
    /// Defaults of keyword-only parameters.
    pub kwdefaults: Slot<Dict>,
    /// `__name__`.
    pub name: Slot<Str>,
    /// `__qualname__`.
    pub qualname: Slot<Str>,
    /// `__doc__`.
    pub doc: Slot,
    /// `__module__`.
    pub module: Slot,
    /// `__annotations__`, once made.
    pub annotations: Slot,
    /// `__annotate__`.
    pub annotate: Slot,
    /// `__type_params__`.
    pub type_params: Slot<Tuple>,
}

impl Payload for Function {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && o.shape() == shape::FUNCTION || has_attrs_shape(o)
    }
}

/// Functions with attributes of their own have derived shapes.
#[inline]
fn has_attrs_shape(o: Obj) -> bool {
    typhon_object::native::has_payload(o, shape::FUNCTION)
}

impl Function {
    /// Take over a code object.
    pub fn set_code(&self, cx: &Cx, code: Gc<Code>) {
        let d = &code.data;
        let plain = d.kwonlyargcount == 0 && d.flags & (flags::VARARGS | flags::VARKEYWORDS) == 0;
        self.code.set(cx, Gc::of(self), code);
        self.nregs.store(d.nregs, Ordering::Relaxed);
        let locals = d
            .cell_regs
            .iter()
            .map(|r| *r as u32 + 1)
            .chain([d.varnames.len() as u32, d.free_base as u32 + d.freevars.len() as u32])
            .max()
            .unwrap_or(0);
        self.nclear.store(locals, Ordering::Relaxed);
        let generator = d.flags & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR) != 0;
        self.kind.store(generator as u32, Ordering::Relaxed);
        self.simple.store(if plain { d.argcount } else { u32::MAX }, Ordering::Relaxed);
        let consts = code.consts.get().expect("loaded code has constants").items().as_ptr();
        self.consts.store(consts as u64, Ordering::Relaxed);
        let names = code.names.get().expect("loaded code has names").items().as_ptr();
        self.names.store(names as u64, Ordering::Relaxed);
        self.entry.store(code.entry as u64, Ordering::Release);
    }
    /// The defaults that serve for what is missing if there are `n` positional arguments
    /// and nothing else; `None` if that will not do.
    #[inline]
    pub fn last_defaults(&self, n: usize) -> Option<&'static [Obj]> {
        let wanted = self.simple.load(Ordering::Relaxed);
        if wanted == u32::MAX {
            return None;
        }
        let missing = (wanted as usize).checked_sub(n)?;
        let defaults = self.defaults.get()?.payload().items();
        Some(&defaults[defaults.len().checked_sub(missing)?..])
    }
    /// The code.
    #[inline]
    pub fn code(&self) -> Gc<Code> {
        self.code.get().expect("functions have code")
    }
    /// The globals.
    #[inline]
    pub fn globals(&self) -> Gc<Dict> {
        self.globals.get().expect("functions have globals")
    }
}

/// A function of `code` in the namespace `globals`.
pub fn new(cx: &mut Cx, code: Gc<Code>, globals: Gc<Dict>) -> Result<Gc<Function>> {
    let builtins = builtins_of(cx, globals);
    let plain = Some(builtins).filter(|b| b.shape() == shape::DICT).and_then(|b| b.cast::<Dict>());
    let module = globals.get_str(name!(cx, "__name__"));
    let doc = match code.data.docstring() {
        Some(_) => code.constant(0),
        None => Obj::NONE,
    };
    let f = Function {
        entry: AtomicU64::new(0),
        simple: AtomicU32::new(0),
        nregs: AtomicU32::new(0),
        nclear: AtomicU32::new(0),
        consts: AtomicU64::new(0),
        names: AtomicU64::new(0),
        kind: AtomicU32::new(0),
        globals: Slot::new(globals),
        builtins: Slot::of(plain),
        own_builtins: Slot::of(Some(builtins).filter(|_| plain.is_none())),
        code: Slot::empty(),
        closure: Slot::empty(),
        defaults: Slot::empty(),
        kwdefaults: Slot::empty(),
        name: Slot::of(code.name.get()),
        qualname: Slot::of(code.qualname.get()),
        doc: Slot::new(doc),
        module: Slot::of(module),
        annotations: Slot::empty(),
        annotate: Slot::empty(),
        type_params: Slot::empty(),
    };
    let g = crate::object_with(cx, shape::FUNCTION, f)?;
    g.set_code(cx, code);
    Ok(g)
}

/// `f.__code__ = code`. Calls that are under way go on in the code that they began (VM-1):
/// their windows, generators and frames get a function of that code to themselves.
pub fn replace_code(cx: &mut Cx, f: Gc<Function>, code: Gc<Code>) -> Result<()> {
    let before = new(cx, f.code(), f.globals())?;
    before.name.put(cx, before, f.name.obj());
    before.qualname.put(cx, before, f.qualname.obj());
    before.closure.put(cx, before, f.closure.obj());
    before.builtins.put(cx, before, f.builtins.obj());
    before.own_builtins.put(cx, before, f.own_builtins.obj());
    let in_windows = |mut at: Option<Window>| {
        while let Some(w) = at {
            if w.func() == f {
                // The linkage of a live window; its thread has stopped.
                unsafe { *w.base.sub(4) = before.obj().word() };
            }
            at = w.caller();
        }
    };
    typhon_gc::stopped(&cx.mutator, |world| {
        // Another thread may have changed it since the stand-in was made.
        before.set_code(cx, f.code());
        world.mutators(|m| in_windows(frame::current(stacks::context(m))));
        world.objects(|p| {
            // GC-12: an object, complete up to its header.
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            if let Some(g) = o.cast::<Generator>() {
                if g.func.get() == Some(f) {
                    g.func.set(cx, g, before);
                }
            } else if let Some(frame) = o.cast::<Frame>() {
                if frame.func.get() == Some(f) {
                    frame.func.set(cx, frame, before);
                }
            } else if let Some(g) = o.cast::<Greenlet>() {
                in_windows(g.window());
                cx.barrier(o);
            }
        });
        f.set_code(cx, code);
    });
    Ok(())
}

/// The builtins that code with these globals uses: a module's namespace or any object.
pub fn builtins_of(cx: &Cx, globals: Gc<Dict>) -> Obj {
    match globals.get_str(name!(cx, "__builtins__")) {
        Some(b) => crate::hooks::module_dict(b).map_or(b, Gc::obj),
        None => Obj::from_word(cx.interp().builtins.get()).expect("builtins exist"),
    }
}

impl Function {
    /// The builtins.
    pub fn builtins(&self) -> Option<Obj> {
        self.builtins.obj().or_else(|| self.own_builtins.obj())
    }
    /// A builtin, which may be found by Python code.
    pub fn find_builtin(&self, cx: &mut Cx, name: Gc<Str>) -> Result<Option<Obj>> {
        match (self.builtins.get(), self.own_builtins.obj()) {
            (Some(plain), _) => Ok(plain.get_str(name)),
            (None, Some(own)) => crate::names::get_from(cx, own, name),
            (None, None) => Ok(None),
        }
    }
}

/// The payload of a cell.
#[derive(Trace)]
#[repr(C)]
pub struct Cell {
    /// The content; empty when unbound.
    pub value: Slot,
}

impl Payload for Cell {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && o.shape() == shape::CELL
    }
}

/// A cell.
pub fn new_cell(cx: &mut Cx, value: Option<Obj>) -> Result<Gc<Cell>> {
    crate::object_with(cx, shape::CELL, Cell { value: Slot::of(value) })
}
