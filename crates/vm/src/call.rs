//! Calls: `f(...)`, methods, classes, returning, and the entry from native code into
//! the loop. Arguments are bound in `bind.rs`.
//!
//! Tests: tests/lang/functions.md; CPython test_extcall, test_call.

use crate::bind::bind;
use crate::code::{CacheEntry, cache_entry};
use crate::frame::{self, Base, Fr, PB, Pc, Window};
use crate::function::Function;
use crate::interp::{self, Exit};
use crate::{generator, hooks, monitor, poll};
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_builtins::static_class_method::{ClassMethod, StaticMethod};
use typhon_bytecode::Op;
use typhon_object::attr_cache::{self, Place};
use typhon_object::dict::Dict;
use typhon_object::method::Method;
use typhon_object::native::{KwNames, NativeFunction};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, exc, ops, shape};

/// Where a window entered from native code returns to.
pub static EXIT: [AtomicU64; 1] = [AtomicU64::new(Op::EXIT as u64)];
/// Where it goes with an exception.
pub static EXIT_RAISE: [AtomicU64; 1] = [AtomicU64::new(Op::EXIT as u64 | 1 << 8)];

/// Whether a return address leaves the loop.
#[inline]
pub fn is_exit(pc: Pc) -> bool {
    pc == EXIT.as_ptr()
}

/// Call a Python function from native code (`Type::call` of functions).
pub fn call_function(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    // This is the call function of functions only.
    let func: Gc<Function> = unsafe { Gc::from_obj(f) };
    run_function(cx, func, args, kw, 0)
}

/// Run `func` in a new window; `extra` is the window's extra word.
pub fn run_function(cx: &mut Cx, func: Gc<Function>, args: &[Obj], kw: Option<KwNames>, extra: u64) -> Result<Obj> {
    cx.enter()?;
    // As a call in the loop does: native code may call without end.
    if cx.mutator.poll_pending() {
        poll::handle(cx)?;
    }
    // VM-1: a fresh entry window above everything in use (CX-2).
    unsafe {
        let old_top = cx.top();
        let entry = func.entry.load(Ordering::Acquire);
        let w = push_entry(cx, func.obj().word())?;
        let base = w.add(4);
        cx.set_top(base.add(func.nregs.load(Ordering::Relaxed) as usize));
        let n = args.len() - kw.map_or(0, |k| k.len());
        if kw.is_none() && func.simple.load(Ordering::Relaxed) as usize == n {
            for (i, a) in args.iter().enumerate() {
                *base.add(i) = a.word();
            }
            for i in n..func.nclear.load(Ordering::Relaxed) as usize {
                *base.add(i) = 0;
            }
        } else if let Err(e) = bind(cx, func, base, args, kw) {
            cx.set_top(old_top);
            return Err(e);
        }
        *base.sub(1) = extra;
        // Binding may have let another thread change the code: begin anew.
        if func.entry.load(Ordering::Acquire) != entry {
            cx.set_top(old_top);
            return run_function(cx, func, args, kw, extra);
        }
        let r = run_window(cx, entry as Pc, base, w);
        cx.set_top(old_top);
        r
    }
}

/// An entry marker and, above it, the place for a window's linkage.
///
/// # Safety
/// The caller fills the window and runs it, or resets the top.
pub unsafe fn push_entry(cx: &mut Cx, func: u64) -> Result<Base> {
    unsafe {
        let w = cx.top().add(4);
        let need =
            if func == 0 { 0 } else { (*((func + 8) as *const Function)).nregs.load(Ordering::Relaxed) as usize };
        if w.add(8 + need) as usize >= cx.limit as usize {
            return Err(cx.recursion_error());
        }
        *w.sub(4) = 0;
        *w.sub(3) = cx.pc as u64;
        *w.sub(2) = cx.base as u64;
        *w.sub(1) = 0;
        *w = func;
        *w.add(1) = EXIT.as_ptr() as u64;
        *w.add(2) = w as u64;
        *w.add(3) = 0;
        Ok(w)
    }
}

/// Run a prepared window to its end.
///
/// # Safety
/// `w` came from `push_entry` and `base` is the window above it (VM-1).
pub unsafe fn run_window(cx: &mut Cx, pc: Pc, base: Base, w: Base) -> Result<Obj> {
    if cx.depth >= cx.depth_limit {
        return Err(cx.recursion_error());
    }
    unsafe {
        let (old_pc, old_base, old_depth) = (cx.pc, cx.base, cx.depth);
        cx.depth += 1;
        let _ = w;
        let r = interp::run(pc, base, cx);
        cx.pc = old_pc;
        cx.base = old_base;
        cx.depth = old_depth;
        match r {
            Exit::Value(v) => Ok(Obj::from_word_unchecked(v)),
            Exit::Raised(e) => Err(Raised(Gc::from_obj(Obj::from_word_unchecked(e)))),
            Exit::Switch => unreachable!("`run` goes on"),
        }
    }
}

/// Push a window for `func` in the loop, its arguments bound.
///
/// # Safety
/// VM-1 for the caller's window; `a` is the first register of the call window.
#[inline(never)]
unsafe fn push(f: &mut Fr<'_>, func: Gc<Function>, a: usize, args: &[Obj], kw: Option<KwNames>, ret: Pc) -> Result<PB> {
    unsafe {
        let polled = f.cx.mutator.poll_pending();
        if polled {
            poll::handle(f.cx)?;
        }
        let entry = func.entry.load(Ordering::Acquire);
        let nb = f.base.add(a + 4);
        let end = nb.add(func.nregs.load(Ordering::Relaxed) as usize + 8);
        if end as usize >= f.cx.limit as usize || f.cx.depth >= f.cx.depth_limit {
            return Err(f.cx.recursion_error());
        }
        let old = f.cx.top();
        f.cx.set_top(if end > old { end } else { old });
        bind(f.cx, func, nb, args, kw)?;
        // As in `run_function`.
        if func.entry.load(Ordering::Acquire) != entry {
            f.cx.set_top(old);
            return push(f, func, a, args, kw, ret);
        }
        *nb.sub(4) = func.obj().word();
        *nb.sub(3) = ret as u64;
        *nb.sub(2) = f.base as u64;
        *nb.sub(1) = 0;
        f.cx.depth += 1;
        let next = PB { pc: entry as Pc, base: nb };
        Ok(if polled { monitor::switch(f.cx, next) } else { next })
    }
}

/// Push a window for `func`, whose `n` arguments stand in their places from `nb`
/// on; defaults serve for those that are missing. `None` if more is to be done.
///
/// # Safety
/// VM-1 for the caller's window; `nb` is the window to be.
#[inline(always)]
unsafe fn push_ready(cx: &mut Cx, base: Base, func: &Function, nb: Base, n: usize, ret: Pc) -> Option<PB> {
    unsafe {
        let end = nb.add(func.nregs.load(Ordering::Relaxed) as usize);
        if end as usize >= cx.limit as usize || cx.depth >= cx.depth_limit || cx.mutator.poll_pending() {
            return None;
        }
        let wanted = func.simple.load(Ordering::Relaxed) as usize;
        if wanted != n {
            let defaults = func.last_defaults(n)?;
            for (i, v) in defaults.iter().enumerate() {
                *nb.add(n + i) = v.word();
            }
        }
        cx.depth += 1;
        *nb.sub(4) = Gc::of(func).obj().word();
        *nb.sub(3) = ret as u64;
        *nb.sub(2) = base as u64;
        *nb.sub(1) = 0;
        for i in wanted..func.nclear.load(Ordering::Relaxed) as usize {
            *nb.add(i) = 0;
        }
        Some(PB { pc: func.entry.load(Ordering::Acquire) as Pc, base: nb })
    }
}

/// `push_ready` for the loop, which has seen that defaults are needed.
///
/// # Safety
/// VM-1 for the caller's window; `nb` is the window to be.
#[inline(never)]
pub unsafe fn push_short(cx: *mut Cx, base: Base, func: &Function, nb: Base, n: usize, ret: Pc) -> Option<PB> {
    unsafe { push_ready(&mut *cx, base, func, nb, n, ret) }
}

/// CALLM in every form, when the instruction's own cache did not serve: ask the
/// thread's.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn call_method(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let (a, n) = ((insn >> 16) as u16 as usize, (insn >> 32) as u16 as usize);
        let w = *base.add(a + 4);
        if w & 7 == 0 && !(*cx).attrs.tired() {
            let name = crate::attr::name_of(base, insn);
            let o = Obj::from_word_unchecked(w);
            let of_class = o.shape() == shape::TYPE;
            let place = if of_class { (*cx).attrs.place_in_class(o, name) } else { (*cx).attrs.place(o, name) };
            // The function, and what stands before the arguments.
            let (m, first) = match place {
                // The generic form is specialised first.
                Some(Place::Method(m)) if insn as u8 != Op::CALLM as u8 => (Some(m), Some(o)),
                Some(Place::OfClass(m)) => {
                    let class = if of_class { o } else { shape::class_of_shape(o.shape()).obj() };
                    (m.cast::<ClassMethod>().and_then(|m| m.func.obj()), Some(class))
                }
                Some(Place::Static(m)) => (m.cast::<StaticMethod>().and_then(|m| m.func.obj()), None),
                Some(Place::Value(m)) => (Some(m), None),
                _ => (None, None),
            };
            if let Some(m) = m.filter(|m| m.is_ptr() && m.shape() == shape::FUNCTION) {
                let func: Gc<Function> = Gc::from_obj(m);
                let window = base.add(a + 4);
                let n = n + first.is_some() as usize;
                if func.simple.load(Ordering::Relaxed) as usize == n || func.last_defaults(n).is_some() {
                    match first {
                        Some(first) => *window = first.word(),
                        None => std::ptr::copy(window.add(1), window, n),
                    }
                    if let Some(pb) = push_ready(&mut *cx, base, func.payload(), window, n, pc.add(2)) {
                        return pb;
                    }
                    if first.is_none() {
                        std::ptr::copy(window, window.add(1), n);
                    }
                    *window = w;
                }
            }
        }
        call_method_slow(pc, base, insn, cx)
    }
}

/// CALLSUPER, when the thread knows what it finds.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn call_super(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let (a, n) = ((insn >> 16) as u16 as usize, (insn >> 32) as u16 as usize);
        let reg = |r: usize| Obj::from_word_unchecked(*base.add(r));
        let this = *base.add(a + 4);
        if this & 7 == 0
            && reg(a) == types::class_for(shape::SUPER).obj()
            && let Some(class) = reg(a + 1).cast::<Type>()
            && let Some(m) =
                (*cx).attrs.super_method(class, Obj::from_word_unchecked(this), crate::attr::name_of(base, insn))
        {
            if m.shape() == shape::FUNCTION {
                let func: Gc<Function> = Gc::from_obj(m);
                if let Some(pb) = push_ready(&mut *cx, base, func.payload(), base.add(a + 4), n + 1, pc) {
                    return pb;
                }
            }
            return call_found(pc, base, insn & !0xff | Op::CALLMETHOD as u64, cx, m);
        }
        call_super_slow(pc, base, insn, cx)
    }
}

/// Call `m`, whose receiver and arguments stand behind register a.
unsafe fn call_found(pc: Pc, base: Base, insn: u64, cx: *mut Cx, m: Obj) -> PB {
    unsafe {
        *base.add((insn >> 16) as u16 as usize) = m.word();
        call_loaded(pc, base, insn, cx)
    }
}

/// A bound method of a Python function: push its window, unless there are many arguments.
#[inline(never)]
unsafe fn push_bound(
    f: &mut Fr<'_>,
    m: Gc<Method>,
    a: usize,
    args: &[Obj],
    kw: Option<KwNames>,
    ret: Pc,
) -> Result<Option<PB>> {
    let mut all = [m.this; 9];
    if m.func.shape() != shape::FUNCTION || args.len() >= all.len() {
        return Ok(None);
    }
    all[1..=args.len()].copy_from_slice(args);
    unsafe { push(f, Gc::from_obj(m.func), a, &all[..=args.len()], kw, ret).map(Some) }
}

/// Call anything in the loop: Python functions push a window, the rest is
/// native. What needs room for arguments is in functions of its own: a native callee, which
/// may collect, would find there what the last call left.
/// The window starts at `a`; `args` are its values.
pub(crate) unsafe fn dispatch(
    f: &mut Fr<'_>,
    callee: Obj,
    a: usize,
    args: &[Obj],
    kw: Option<KwNames>,
    done: PB,
) -> Result<PB> {
    unsafe {
        match callee.shape() {
            shape::METHOD => {
                if let Some(pb) = push_bound(f, Gc::from_obj(callee), a, args, kw, done.pc)? {
                    return Ok(pb);
                }
            }
            shape::NATIVE_FUNCTION => {
                let n: Gc<NativeFunction> = Gc::from_obj(callee);
                let r = match n.receiver.obj() {
                    None => (n.call)(f.cx, args, kw)?,
                    Some(_) => ops::call(f.cx, callee, args, kw)?,
                };
                f.set(a, r);
                if f.cx.mutator.poll_pending() {
                    // It may have set a trace function.
                    return Ok(monitor::switch(f.cx, done));
                }
                return Ok(done);
            }
            _ => {
                if callee.is_ptr() && callee.cast::<Function>().is_some() {
                    return push(f, Gc::from_obj(callee), a, args, kw, done.pc);
                }
                if let Some(t) = callee.cast::<Type>() {
                    if let ([arg], None, Some(make)) = (args, kw, t.of_one()) {
                        let r = make(f.cx, *arg)?;
                        f.set(a, r);
                        return Ok(monitor::switch(f.cx, done));
                    }
                    if let Some(pb) = construct(f, t, a, args, kw, done)? {
                        return Ok(pb);
                    }
                }
            }
        }
    }
    let r = ops::call(f.cx, callee, args, kw)?;
    f.set(a, r);
    Ok(monitor::switch(f.cx, done))
}

/// `C(...)` for a Python class with `object.__new__` and a Python `__init__`
/// that returns None: allocate and run `__init__` without native recursion.
#[inline(never)]
unsafe fn construct(
    f: &mut Fr<'_>,
    t: Gc<Type>,
    a: usize,
    args: &[Obj],
    kw: Option<KwNames>,
    done: PB,
) -> Result<Option<PB>> {
    if !t.has(types::F_HEAP)
        || t.has(types::F_ABSTRACT | types::F_VARIABLE)
        || ops::class_of(t.obj()).obj() != types::class_for(shape::TYPE).obj()
    {
        return Ok(None);
    }
    if t.special(Dunder::New) != types::class_for(shape::OBJECT).special(Dunder::New) {
        return Ok(None);
    }
    let Some(init) = t.special(Dunder::Init) else { return Ok(None) };
    if init.shape() != shape::FUNCTION {
        return Ok(None);
    }
    // By its shape.
    let init: Gc<Function> = unsafe { Gc::from_obj(init) };
    if !init.code().returns_none || init.kind.load(Ordering::Relaxed) != 0 {
        return Ok(None);
    }
    let o = hooks::new_instance(f.cx, t)?;
    // The instance goes to the result register at once; `__init__` gets a
    // window behind the arguments, whose own result place nobody reads.
    f.set(a, o);
    let n = args.len();
    // VM-1; `args` stand below the new window or outside of the stack.
    unsafe {
        let nb = f.base.add(a + 8 + n);
        if kw.is_none() && (nb.add(n + 1) as usize) < f.cx.limit as usize {
            *nb = o.word();
            std::ptr::copy_nonoverlapping(args.as_ptr() as *const u64, nb.add(1), n);
            if let Some(pb) = push_ready(f.cx, f.base, init.payload(), nb, n + 1, done.pc) {
                return Ok(Some(pb));
            }
        }
        let mut all = [Obj::NONE; 13];
        if n >= all.len() {
            return ops::call(f.cx, t.obj(), args, kw).map(|v| {
                f.set(a, v);
                Some(done)
            });
        }
        all[0] = o;
        all[1..=n].copy_from_slice(args);
        push(f, init, a + 5 + n, &all[..=n], kw, done.pc).map(Some)
    }
}

pub(crate) fn kw_names(f: &Fr<'_>) -> KwNames {
    // The operand word is the index of a constant tuple of strings.
    unsafe { Gc::from_obj(f.code().constant((*f.pc).load(Ordering::Relaxed) as usize)) }
}

crate::slow! {
    /// CALL.
    fn call(f) {
        let (a, n) = (f.a(), f.b());
        let (callee, args, done) = (f.reg(a), f.regs(a + 4, n), f.done());
        unsafe { dispatch(f, callee, a, args, None, done) }
    }
    /// CALL_KW.
    fn call_kw(f) {
        let (a, n) = (f.a(), f.b());
        let kw = kw_names(f);
        let (callee, args, done) = (f.reg(a), f.regs(a + 4, n), f.done());
        unsafe { dispatch(f, callee, a, args, Some(kw), done) }
    }
    /// CALL_EX.
    fn call_ex(f) {
        let a = f.a();
        let callee = f.reg(a);
        let args = f.reg(a + 4);
        let args = match args.cast::<Tuple>() {
            Some(t) => t,
            None => {
                let r = ops::tuple_from_iter(f.cx, args);
                match r {
                    // What the iteration of a sequence raises is its own.
                    Err(e)
                        if e.is(f.cx, ExcKind::TypeError)
                            && ops::class_of(args).special(Dunder::Iter).is_none()
                            && ops::class_of(args).special(Dunder::GetItem).is_none() =>
                    {
                        let what = crate::hooks::function_text(f.cx, callee)?;
                        return Err(f.cx.type_error(format!("{what} argument after * must be an iterable, not {}", f.cx.type_name(args))));
                    }
                    r => r?,
                }
            }
        };
        f.set(a + 4, args.obj());
        let done = f.done();
        if f.x() & 1 == 0 {
            return unsafe { dispatch(f, callee, a, args.payload().items(), None, done) };
        }
        let d = f.reg(a + 5);
        let d: Gc<Dict> = match d.cast::<Dict>() {
            Some(d) => d,
            None => return Err(frame::bug(f.cx, "CALL_EX without a dict")),
        };
        if d.is_empty() {
            return unsafe { dispatch(f, callee, a, args.payload().items(), None, done) };
        }
        let names = typhon_object::list::new(f.cx, &[])?;
        let all = typhon_object::list::new(f.cx, args.items())?;
        for (k, v) in d.items() {
            let Some(k) = k.cast::<Str>() else { return Err(f.cx.type_error("keywords must be strings")) };
            let k = typhon_object::intern::intern(f.cx, k)?;
            names.append(f.cx, k.obj())?;
            all.append(f.cx, v)?;
        }
        let names = ops::tuple_from_list(f.cx, names)?;
        let all = ops::tuple_from_list(f.cx, all)?;
        // Keep both where the collector sees them.
        f.set(a + 4, all.obj());
        f.set(a + 5, names.obj());
        unsafe { dispatch(f, callee, a, all.payload().items(), Some(names), done) }
    }
    /// CALLM.
    fn call_method_slow(f) {
        let (a, n) = (f.a(), f.b());
        let o = f.reg(a + 4);
        let name = f.name();
        let done = f.done();
        if let Some(m) = typhon_builtins::module::own_attr(f.cx, o, name) {
            f.set(a, m);
            let args = f.regs(a + 5, n);
            return unsafe { dispatch(f, m, a, args, None, done) };
        }
        if let Some(m) = plain_method(f, o, name, Op::CALLM)? {
            let args = f.regs(a + 4, n + 1);
            f.set(a, m);
            return unsafe { dispatch(f, m, a, args, None, done) };
        }
        let m = ops::get_attr(f.cx, o, name)?;
        if let Some(t) = o.cast::<Type>() {
            f.cx.attrs.note_class(f.cx, t, name, t.version());
        }
        f.set(a, m);
        let args = f.regs(a + 5, n);
        unsafe { dispatch(f, m, a, args, None, done) }
    }
    /// CALLM_NATIVE.
    fn call_method_native(f) {
        let (a, n) = (f.a(), f.b());
        let o = f.reg(a + 4);
        if let Some(e) = Obj::from_word(f.cache(1).load(Ordering::Acquire)).filter(|e| e.is_ptr()) {
            // CODE-1: word 1 of a call is an entry.
            let e: Gc<CacheEntry> = unsafe { Gc::from_obj(e) };
            // Another thread may have put a Python method there.
            if e.holds(o.shape()) && e.value.shape() == shape::METHOD_DESCRIPTOR {
                let m: Gc<NativeFunction> = unsafe { Gc::from_obj(e.value) };
                let r = (m.call)(f.cx, f.regs(a + 4, n + 1), None)?;
                f.set(a, r);
                return Ok(f.done());
            }
        }
        // The generic form does it all.
        let (pc, base, insn) = (f.pc, f.base, f.insn & !0xff | Op::CALLM as u64);
        let cx: *mut Cx = f.cx;
        Ok(unsafe { call_method_slow(pc, base, insn, cx) })
    }
    /// CALLM_KW.
    fn call_method_kw(f) {
        let (a, n) = (f.a(), f.b());
        let o = f.reg(a + 4);
        let name = f.name();
        let kw = kw_names(f);
        let done = f.done();
        if let Some(m) = typhon_builtins::module::own_attr(f.cx, o, name) {
            f.set(a, m);
            let args = f.regs(a + 5, n);
            return unsafe { dispatch(f, m, a, args, Some(kw), done) };
        }
        if let Some(m) = unbound_method(f, o, name)? {
            let args = f.regs(a + 4, n + 1);
            f.set(a, m);
            return unsafe { dispatch(f, m, a, args, Some(kw), done) };
        }
        let m = ops::get_attr(f.cx, o, name)?;
        f.set(a, m);
        let args = f.regs(a + 5, n);
        unsafe { dispatch(f, m, a, args, Some(kw), done) }
    }
    /// LOADMETHOD.
    fn load_method(f) {
        let a = f.a();
        let o = f.reg(a + 4);
        let name = f.name();
        if o.is_ptr()
            && let Some(e) = Obj::from_word(f.cache(1).load(Ordering::Acquire)).filter(|e| e.is_ptr())
        {
            // CODE-1.
            let e: Gc<CacheEntry> = unsafe { Gc::from_obj(e) };
            if e.holds(o.shape()) {
                f.set(a, e.value);
                return Ok(f.done());
            }
        }
        if let Some(m) = plain_method(f, o, name, Op::LOADMETHOD)? {
            f.set(a, m);
        } else {
            let m = ops::get_attr(f.cx, o, name)?;
            f.set(a, m);
            f.set_word(a + 4, 0);
        }
        Ok(f.done())
    }
    /// CALLMETHOD.
    fn call_loaded(f) {
        let (a, n) = (f.a(), f.b());
        let (m, done) = (f.reg(a), f.done());
        let bound = f.word(a + 4) != 0;
        let args = if bound { f.regs(a + 4, n + 1) } else { f.regs(a + 5, n) };
        if bound && m.shape() == shape::METHOD_DESCRIPTOR {
            // LOADMETHOD found it in the receiver's class.
            let m: Gc<NativeFunction> = unsafe { Gc::from_obj(m) };
            let r = (m.call)(f.cx, args, None)?;
            f.set(a, r);
            return Ok(done);
        }
        unsafe { dispatch(f, m, a, args, None, done) }
    }
    /// CALLMETHOD_KW.
    fn call_loaded_kw(f) {
        let (a, n) = (f.a(), f.b());
        let kw = kw_names(f);
        let (m, done) = (f.reg(a), f.done());
        let args = if f.word(a + 4) == 0 { f.regs(a + 5, n) } else { f.regs(a + 4, n + 1) };
        unsafe { dispatch(f, m, a, args, Some(kw), done) }
    }
    /// CALLSUPER.
    fn call_super_slow(f) {
        let (a, n) = (f.a(), f.b());
        let name = f.name();
        if f.reg(a) == types::class_for(shape::SUPER).obj()
            && let Some(class) = f.reg(a + 1).cast::<Type>()
            && let Some(m) = typhon_builtins::super_::find_method(class, f.reg(a + 4), name)
        {
            f.cx.attrs.note_super(class, f.reg(a + 4), name, m);
        }
        let m = crate::attr::super_attr(f.cx, f.reg(a), f.reg(a + 1), f.reg(a + 4), name, f.x())?;
        f.set(a, m);
        let (args, done) = (f.regs(a + 5, n), f.done());
        unsafe { dispatch(f, m, a, args, None, done) }
    }
    /// RETURN and RETURNNONE of a window with an extra word.
    fn slow_return(f) {
        let v = if f.op() == Op::RETURN { f.reg(f.a()) } else { Obj::NONE };
        let w = Window { base: f.base, pc: f.pc };
        if let Some(pb) = generator::returned(f.cx, w, v)? {
            return Ok(pb);
        }
        frame::leave(f.cx, w)?;
        // The linkage of the running window.
        unsafe {
            *f.base.sub(4) = v.word();
            f.cx.depth -= 1;
            Ok(PB { pc: *f.base.sub(3) as Pc, base: *f.base.sub(2) as Base })
        }
    }
}

/// The function that `o.name` finds on the class of `o`, if calling it with
/// `o` in front is what Python would do.
pub(crate) fn unbound_method(f: &mut Fr<'_>, o: Obj, name: Gc<Str>) -> Result<Option<Obj>> {
    let c = ops::class_of(o);
    if c.special(Dunder::GetAttribute) != types::class_for(shape::OBJECT).special(Dunder::GetAttribute) {
        return Ok(None);
    }
    let Some(m) = f.cx.lookup(c, name) else { return Ok(None) };
    if !matches!(m.shape(), shape::FUNCTION | shape::METHOD_DESCRIPTOR) {
        return Ok(None);
    }
    if typhon_object::instance::has_attrs(o) && typhon_object::instance::get(o, name).is_some() {
        return Ok(None);
    }
    Ok(Some(m))
}

/// The same, and remember it in the caches of a CALLM or LOADMETHOD.
fn plain_method(f: &mut Fr<'_>, o: Obj, name: Gc<Str>, op: Op) -> Result<Option<Obj>> {
    // A specialised instruction that met another class stays as it is, if this
    // thread knows the method.
    let first = f.cache(1).load(Ordering::Relaxed) == 0 || f.cx.attrs.tired();
    if o.is_ptr()
        && !first
        && let Some(m) = f.cx.attrs.method(o, name)
    {
        return Ok(Some(m));
    }
    match attr_cache::place_of(f.cx, o, name) {
        Some((Place::Method(m), version)) => {
            let quick = match (op, m.shape()) {
                (Op::CALLM, shape::FUNCTION) => Op::CALLM_FUNC,
                (Op::CALLM, _) => Op::CALLM_NATIVE,
                (op, _) => op,
            };
            let e = cache_entry(f.cx, o.shape(), ops::class_of(o).obj(), m, version)?;
            f.cache_object(1, e);
            f.requicken(quick);
            Ok(Some(m))
        }
        Some(_) => Ok(None),
        None => unbound_method(f, o, name),
    }
}

/// The StopIteration-free end of an iterator, for callers that need the value.
pub fn stop_value(e: Raised) -> Obj {
    e.0.fields[0].obj().unwrap_or(Obj::NONE)
}

/// `raise StopIteration(v)`.
pub fn stop(cx: &Cx, v: Obj) -> Raised {
    exc::stop_iteration(cx, v)
}
