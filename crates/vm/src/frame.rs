//! Frames: windows on the value stack, how slow paths see them, and the frame
//! objects that Python sees.
//!
//! Below a window stand four words of linkage: the function (its place receives
//! the result), the return address, the caller's window, and an extra word: 0,
//! or the namespace of a class or module body, or the generator that runs, or
//! the frame object once somebody asked for it.
//!
//! A window whose function word is 0 marks the entry from native code; its
//! linkage holds the context's former `pc` and `base`.

use crate::code::Code;
use crate::function::Function;
use crate::generator::{DONE, Generator};
use crate::greenlet::{self, Greenlet};
use crate::{spots, unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use typhon_bytecode::Op;
use typhon_macros::Trace;
use typhon_object::array;
use typhon_object::dict::Dict;
use typhon_object::native::Payload;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Raised, Result, Slot, shape};

/// A program counter: the next word.
pub type Pc = *const AtomicU64;
/// A window on the value stack.
pub type Base = *mut u64;

/// What a slow path returns: where to go on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PB {
    /// Next instruction word.
    pub pc: Pc,
    /// The window.
    pub base: Base,
}

/// A slow path's view of the running instruction.
pub struct Fr<'a> {
    /// The thread.
    pub cx: &'a mut Cx,
    /// The word behind the instruction word.
    pub pc: Pc,
    /// The window.
    pub base: Base,
    /// The instruction word.
    pub insn: u64,
}

impl Fr<'_> {
    /// Field a.
    #[inline(always)]
    pub fn a(&self) -> usize {
        (self.insn >> 16) as u16 as usize
    }
    /// Field b.
    #[inline(always)]
    pub fn b(&self) -> usize {
        (self.insn >> 32) as u16 as usize
    }
    /// Field c.
    #[inline(always)]
    pub fn c(&self) -> usize {
        (self.insn >> 48) as usize
    }
    /// Field x.
    #[inline(always)]
    pub fn x(&self) -> u8 {
        (self.insn >> 8) as u8
    }
    /// The unsigned 32-bit operand.
    pub fn bc(&self) -> usize {
        (self.insn >> 32) as usize
    }
    /// The operation.
    pub fn op(&self) -> Op {
        Op::from_u8(self.insn as u8).expect("verified code")
    }
    /// The raw word of register `r`.
    #[inline(always)]
    pub fn word(&self, r: usize) -> u64 {
        // VM-1: verified code names registers of the window.
        unsafe { *self.base.add(r) }
    }
    /// Register `r`, which holds a value.
    #[inline(always)]
    pub fn reg(&self, r: usize) -> Obj {
        // The compiler reads only registers that it has filled.
        unsafe { Obj::from_word_unchecked(*self.base.add(r)) }
    }
    /// Set register `r`.
    #[inline(always)]
    pub fn set(&mut self, r: usize, v: Obj) {
        // As in `word`.
        unsafe { *self.base.add(r) = v.word() }
    }
    /// Set register `r` to a raw word.
    pub fn set_word(&mut self, r: usize, v: u64) {
        // As in `word`.
        unsafe { *self.base.add(r) = v }
    }
    /// `n` registers from `r` on, all of which hold values.
    #[inline(always)]
    pub fn regs(&self, r: usize, n: usize) -> &'static [Obj] {
        // The value stack outlives every window on it.
        unsafe { std::slice::from_raw_parts(self.base.add(r) as *const Obj, n) }
    }
    /// The running function.
    #[inline(always)]
    pub fn func(&self) -> Gc<Function> {
        // VM-1.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(*self.base.sub(4))) }
    }
    /// Its code.
    pub fn code(&self) -> Gc<Code> {
        self.func().code()
    }
    /// The interned name in field c.
    #[inline]
    pub fn name(&self) -> Gc<Str> {
        self.code().name_at(self.c())
    }
    /// Cache word `i` (behind operand words).
    #[inline(always)]
    pub fn cache(&self, i: usize) -> &'static AtomicU64 {
        // Verified code has its cache words.
        unsafe { &*self.pc.add(i) }
    }
    /// Store an object in a cache word.
    pub fn cache_object(&mut self, i: usize, o: Obj) {
        self.cache(i).store(o.word(), Ordering::Release);
        let code = self.code();
        self.cx.barrier(code.obj());
    }
    /// Change the operation of the running instruction.
    #[inline]
    pub fn requicken(&self, op: Op) {
        // A store of what is there already would still take the line from the other
        // threads that run this code.
        if self.insn as u8 != op as u8 {
            // The instruction word stands before `pc`; VM-3.
            unsafe { (*self.pc.sub(1)).store(self.insn & !0xff | op as u64, Ordering::Relaxed) }
        }
    }
    /// Go on `words` further.
    #[inline(always)]
    pub fn next(&self, words: usize) -> PB {
        // Verified code.
        PB { pc: unsafe { self.pc.add(words) }, base: self.base }
    }
    /// Go on behind this instruction.
    #[inline(always)]
    pub fn done(&self) -> PB {
        let i = self.op().info();
        self.next(i.words as usize + i.caches as usize)
    }
    /// Take the jump of field c.
    pub fn jump16(&self) -> PB {
        // Verified code.
        PB { pc: unsafe { self.pc.offset((self.insn as i64 >> 48) as isize) }, base: self.base }
    }
    /// Take the jump of fields b and c.
    pub fn jump32(&self) -> PB {
        // Verified code.
        PB { pc: unsafe { self.pc.offset((self.insn as i64 >> 32) as isize) }, base: self.base }
    }
    /// The extra word.
    pub fn extra(&self) -> Option<Obj> {
        // The linkage below the window.
        Obj::from_word(unsafe { *self.base.sub(1) })
    }
}

/// Run a slow path: store what the collector and tracebacks need, and turn an
/// exception into the place that handles it (VM-2).
///
/// # Safety
/// Called by the interpreter loop with its locals.
#[inline(always)]
pub unsafe fn enter(pc: Pc, base: Base, insn: u64, cx: *mut Cx, f: impl FnOnce(&mut Fr<'_>) -> Result<PB>) -> PB {
    unsafe {
        let cx = &mut *cx;
        cx.pc = pc;
        cx.base = base;
        let func = &*((*base.sub(4) + 8) as *const Function);
        cx.set_top(base.add(func.nregs.load(Ordering::Relaxed) as usize));
        let mut fr = Fr { cx, pc, base, insn };
        match f(&mut fr) {
            Ok(pb) => pb,
            Err(e) => unwind::raise(fr.cx, pc, base, e),
        }
    }
}

/// Define slow paths: `slow! { /// doc  fn name(f) { body } }`; the body gives a
/// `Result<PB>`.
#[macro_export]
macro_rules! slow {
    ($($(#[$m:meta])* fn $name:ident($f:ident) $body:block)*) => { $(
        $(#[$m])*
        #[cold]
        #[inline(never)]
        #[allow(clippy::missing_safety_doc)]
        pub unsafe extern "C" fn $name(
            pc: $crate::frame::Pc,
            base: $crate::frame::Base,
            insn: u64,
            cx: *mut typhon_object::Cx,
        ) -> $crate::frame::PB {
            let body = |$f: &mut $crate::frame::Fr<'_>| -> typhon_object::Result<$crate::frame::PB> { $body };
            // The loop's locals (VM-1).
            unsafe { $crate::frame::enter(pc, base, insn, cx, body) }
        }
    )* };
}

/// The payload of a frame object.
#[derive(Trace)]
#[repr(C)]
pub struct Frame {
    /// The function that runs.
    pub func: Slot<Function>,
    /// The window while the frame runs, else 0.
    #[trace(skip)]
    pub base: AtomicU64,
    /// The last known program counter.
    #[trace(skip)]
    pub pc: AtomicU64,
    /// The caller's frame, once asked for or once the frame has ended.
    pub back: Slot,
    /// Namespace of a body, or the generator.
    pub extra: Slot,
    /// The variables when the frame ended: a copy of their registers.
    pub locals: Slot,
    /// What was stored in `f_locals` under names that are no variables.
    pub more_locals: Slot<Dict>,
    /// `f_trace`.
    pub trace: Slot,
    /// `f_trace_lines`.
    #[trace(skip)]
    pub trace_lines: AtomicBool,
    /// `f_trace_opcodes`.
    #[trace(skip)]
    pub trace_opcodes: AtomicBool,
}

impl Payload for Frame {
    fn is(o: Obj) -> bool {
        o.is_ptr() && o.shape() == shape::FRAME
    }
}

impl Frame {
    /// Its code.
    pub fn code(&self) -> Gc<Code> {
        self.func.get().expect("frames have a function").code()
    }
    /// The word offset of the instruction being executed.
    pub fn lasti(&self) -> u32 {
        let rests = self.base.load(Ordering::Acquire) == 0;
        let resting = self.extra.obj().filter(|_| rests).and_then(|e| e.cast::<Generator>());
        let pc = match resting.filter(|g| g.state() != DONE) {
            // It may have gone on without making itself known to its frame.
            Some(g) => g.pc.load(Ordering::Relaxed),
            None => self.pc.load(Ordering::Relaxed),
        };
        self.code().offset(pc as Pc).wrapping_sub(1)
    }
    /// The line being executed.
    pub fn line(&self) -> Option<u32> {
        if self.lasti() == u32::MAX {
            return Some(self.code().data.first_line);
        }
        let line = self.code().data.position(self.lasti()).map(|p| p.line);
        let begun = self.lasti() >= spots::of(&self.code()).start;
        line.or_else(|| (!begun).then(|| self.code().data.first_line))
    }
    /// The namespace of a class or module body.
    pub fn namespace(&self) -> Option<Obj> {
        self.extra.obj().and_then(namespace_of)
    }
}

/// The namespace that a window's extra word stands for: it, or that of the coroutine that
/// a module with `await` is.
fn namespace_of(extra: Obj) -> Option<Obj> {
    match extra.cast::<crate::generator::Generator>() {
        Some(g) => g.namespace(),
        None => Some(extra),
    }
}

/// A window and the program counter in it, for walking the stack.
#[derive(Clone, Copy)]
pub struct Window {
    /// The window.
    pub base: Base,
    /// The word behind the instruction that it executes.
    pub pc: Pc,
}

/// The innermost Python window of this thread.
pub fn current(cx: &Cx) -> Option<Window> {
    skip_entries(Window { base: cx.base, pc: cx.pc })
}

/// The window of a frame that runs in this thread: on the stack that is in use, or on that
/// of a greenlet, which is given then.
pub fn live(cx: &Cx, f: &Frame) -> Option<(Window, Option<Gc<Greenlet>>)> {
    let base = f.base.load(Ordering::Acquire) as Base;
    if base.is_null() {
        return None;
    }
    let find = |mut at: Option<Window>| {
        while let Some(w) = at.filter(|w| w.base != base) {
            at = w.caller();
        }
        at
    };
    if let Some(w) = find(current(cx)) {
        return Some((w, None));
    }
    let (g, top) = greenlet::owner(cx, base)?;
    find(top).map(|w| (w, Some(g)))
}

/// The innermost Python window at or above the given one of a stack that was left.
pub fn window(base: Base, pc: Pc) -> Option<Window> {
    skip_entries(Window { base, pc })
}

fn skip_entries(mut w: Window) -> Option<Window> {
    // Linkage of live windows, down to the null base of the first entry.
    unsafe {
        while !w.base.is_null() {
            if *w.base.sub(4) != 0 {
                return Some(w);
            }
            w = Window { pc: *w.base.sub(3) as Pc, base: *w.base.sub(2) as Base };
        }
    }
    None
}

impl Window {
    /// The function.
    pub fn func(&self) -> Gc<Function> {
        // Live windows have one; `current` skips entry markers.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(*self.base.sub(4))) }
    }
    /// The extra word.
    pub fn extra(&self) -> Option<Obj> {
        // Linkage of a live window.
        Obj::from_word(unsafe { *self.base.sub(1) })
    }
    /// The calling Python window.
    pub fn caller(&self) -> Option<Window> {
        // Linkage of a live window.
        unsafe { skip_entries(Window { pc: *self.base.sub(3) as Pc, base: *self.base.sub(2) as Base }) }
    }
    /// The frame object that was made for it before.
    pub fn existing(&self) -> Option<Gc<Frame>> {
        self.extra().and_then(|e| e.cast::<Frame>())
    }
    /// The namespace of a class or module body.
    pub fn namespace(&self) -> Option<Obj> {
        let e = self.extra()?;
        match e.cast::<Frame>() {
            Some(f) => f.namespace(),
            None => namespace_of(e),
        }
    }
    /// The frame object, made on first use.
    pub fn frame(&self, cx: &mut Cx) -> Result<Gc<Frame>> {
        if let Some(f) = self.existing() {
            f.pc.store(self.pc as u64, Ordering::Relaxed);
            return Ok(f);
        }
        // A generator that is resumed has a frame object already if it ever had one.
        if let Some(f) = self.extra().and_then(|e| e.cast::<Generator>()).and_then(|g| g.frame.get()) {
            f.base.store(self.base as u64, Ordering::Release);
            f.pc.store(self.pc as u64, Ordering::Relaxed);
            // The linkage of a live window of this thread.
            unsafe { *self.base.sub(1) = f.obj().word() };
            return Ok(f);
        }
        let f = crate::object_with(
            cx,
            shape::FRAME,
            Frame {
                func: Slot::new(self.func()),
                base: AtomicU64::new(self.base as u64),
                pc: AtomicU64::new(self.pc as u64),
                back: Slot::empty(),
                extra: Slot::of(self.extra()),
                locals: Slot::empty(),
                more_locals: Slot::empty(),
                trace: Slot::empty(),
                trace_lines: AtomicBool::new(true),
                trace_opcodes: AtomicBool::new(false),
            },
        )?;
        // It may have been given another while this was made (`function::replace_code`).
        if f.func.get() != Some(self.func()) {
            f.func.set(cx, f, self.func());
        }
        // The linkage of a live window of this thread.
        unsafe { *self.base.sub(1) = f.obj().word() };
        if let Some(g) = f.extra.obj().and_then(|e| e.cast::<Generator>()) {
            g.frame.set(cx, g, f);
        }
        Ok(f)
    }
}

/// The frame of a generator rests: its variables are in the generator.
pub fn rest(w: Window) {
    if let Some(f) = w.existing() {
        f.pc.store(w.pc as u64, Ordering::Relaxed);
        f.base.store(0, Ordering::Release);
    }
}

/// The frame ends: keep what its frame object may be asked for.
pub fn leave(cx: &mut Cx, w: Window) -> Result<()> {
    let Some(f) = w.existing() else { return Ok(()) };
    let vars = f.func.get().map_or(0, |f| f.nclear.load(Ordering::Relaxed) as usize);
    let copy = array::new(cx, vars)?;
    for (i, s) in copy.slots().iter().enumerate() {
        // VM-1: these registers belong to the window.
        s.store(unsafe { *w.base.add(i) }, Ordering::Relaxed);
    }
    cx.barrier(copy.obj());
    f.locals.set(cx, f, copy.obj());
    f.pc.store(w.pc as u64, Ordering::Relaxed);
    if f.back.obj().is_none()
        && let Some(c) = w.caller()
    {
        let b = c.frame(cx)?;
        f.back.set(cx, f, b);
    }
    f.base.store(0, Ordering::Release);
    Ok(())
}

/// An exception that cannot be: a broken invariant of the VM.
pub fn bug(cx: &Cx, what: &str) -> Raised {
    cx.error(typhon_object::ExcKind::SystemError, what)
}
