//! `Cx`: a thread's context, and `Rt`: what all threads share.
//!
//! `Cx` is passed, never looked up. `&Cx` may allocate or lock; `&mut Cx` may
//! run Python code. Python frames are register windows on the thread's value
//! stack, which the collector scans conservatively up to `top`.
//!
//! What belongs to the execution rather than to the thread (the stacks and their limits,
//! `base`, `pc`, `depth`, `handled`) a greenlet keeps while it does not run: see
//! `typhon-vm/src/greenlet/switch.rs`.
//!
//! Invariants:
//! - CX-1: `Cx` starts with the collector's `Mutator` and never moves.
//! - CX-2: `top` is at or above every live word of the value stack.
//!
//! Tests: `tests/cx.rs`.

use crate::attr_cache::AttrCache;
use crate::exc::{BaseException, ExcKind, Raised};
use crate::interp::{self, Interp};
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::types::Type;
use crate::{Result, exc, intern, ops, shape};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use typhon_gc::{Mutator, Root};

/// Words at the end of a value stack that are kept for exception handling near the limit.
pub const SPARE_WORDS: usize = 8192;
/// Words in a thread's value stack (reserved, not committed).
pub const VALUE_STACK_WORDS: usize = 1 << 20;
pub use typhon_gc::POLL_FINALIZE;
/// Poll bit: a signal has arrived (main thread only).
pub const POLL_SIGNAL: u32 = 256;
/// Poll bit: an asynchronous exception is waiting.
pub const POLL_ASYNC_EXC: u32 = 512;
/// The index in [`Cx::ext`] of the current `contextvars.Context`, which each greenlet has
/// for itself.
pub const CONTEXT: usize = 6;

/// A thread's context.
#[repr(C)]
pub struct Cx {
    /// The collector's part (CX-1).
    pub mutator: Mutator,
    /// First word of the value stack.
    pub stack: *mut u64,
    /// End of the usable value stack.
    pub limit: *mut u64,
    /// Window of the Python frame that runs, null outside Python code.
    pub base: *mut u64,
    /// Its next instruction, valid whenever native code was called from it.
    pub pc: *const AtomicU64,
    /// Depth of Python calls and guarded native recursion.
    pub depth: u32,
    /// The depth at which RecursionError is raised.
    pub depth_limit: u32,
    /// Lowest native stack address that guarded recursion may reach.
    pub native_limit: usize,
    /// The exception being handled (`sys.exception()`), or 0.
    pub handled: Cell<u64>,
    /// Objects whose `repr` is in progress (see `ops::repr_enter`).
    pub repr_depth: u32,
    /// What upper layers keep per thread, by index: values or plain numbers. The
    /// collector sees these words and `handled`.
    pub ext: [Cell<u64>; 13],
    interp: &'static Interp,
    /// What this thread knows of attribute lookups.
    pub attrs: AttrCache,
    lookup: Box<[LookupEntry]>,
}

#[derive(Clone, Default)]
struct LookupEntry {
    version: Cell<u64>,
    name: Cell<u64>,
    value: Cell<u64>,
}

const LOOKUPS: usize = 1024;

/// What all interpreters of the process share. Heap references are in `Root`s. What each
/// has for itself is in [`Interp`].
pub struct Rt {
    latin1: Root,
    empty_tuple: Root,
    names: Root,
    classes: Root,
    exceptions: Root,
    spare: Root,
    hooks: Hooks,
    /// Set once the process has begun to shut down.
    pub finalizing: AtomicBool,
}

static RT: Rt = Rt {
    latin1: Root::new(),
    empty_tuple: Root::new(),
    names: Root::new(),
    classes: Root::new(),
    exceptions: Root::new(),
    spare: Root::new(),
    hooks: Hooks {
        generic_alias: OnceLock::new(),
        complex_pow: OnceLock::new(),
        pow_by_modulus: OnceLock::new(),
        set_cell: OnceLock::new(),
        flush_caches: OnceLock::new(),
        own_attributes: OnceLock::new(),
        snapshot: OnceLock::new(),
        gen_next: OnceLock::new(),
        warn: OnceLock::new(),
        wrap_method: OnceLock::new(),
        weakref_of: OnceLock::new(),
        forget_dead: OnceLock::new(),
        with_foreign_thread: OnceLock::new(),
    },
    finalizing: AtomicBool::new(false),
};

/// What upper layers supply for the operations of this crate.
pub struct Hooks {
    /// `type[k]`: `types.GenericAlias(origin, k)`.
    pub generic_alias: OnceLock<fn(&mut Cx, Obj, Obj) -> Result<Obj>>,
    /// A power of floats that is complex.
    pub complex_pow: OnceLock<fn(&mut Cx, f64, f64) -> Result<Obj>>,
    /// `pow(a, b, modulus)` for a native class that has a say as the modulus only;
    /// NotImplemented if it is none of its.
    pub pow_by_modulus: OnceLock<fn(&mut Cx, Obj, Obj, Obj) -> Result<Obj>>,
    /// Fill the `__class__` cell: cell, class.
    pub set_cell: OnceLock<fn(&mut Cx, Obj, Obj) -> Result<()>>,
    /// The items of a dict or of a view of one, in one atomic step; `None` for
    /// other iterables.
    pub snapshot: OnceLock<fn(&mut Cx, Obj) -> Result<Option<Gc<crate::list::List>>>>,
    /// Step a generator.
    pub gen_next: OnceLock<fn(&mut Cx, Obj) -> Result<Option<Obj>>>,
    /// Forget cached attribute positions: a data descriptor has appeared.
    pub flush_caches: OnceLock<fn(&Cx)>,
    /// Call the visitor with each name that a function stores on its first argument.
    pub own_attributes: OnceLock<fn(Obj, &mut dyn FnMut(Obj))>,
    /// `warnings.warn(text, category)`.
    pub warn: OnceLock<fn(&mut Cx, &str, ExcKind) -> Result<()>>,
    /// `staticmethod(f)` if true, else `classmethod(f)`.
    pub wrap_method: OnceLock<fn(&mut Cx, Obj, bool) -> Result<Obj>>,
    /// The plain weak reference to an object, if there is one.
    pub weakref_of: OnceLock<fn(Obj) -> Option<Obj>>,
    /// Clear what the running frame's registers hold of former calls.
    pub forget_dead: OnceLock<fn(&Cx)>,
    /// Attach the calling thread, which Python did not start, run this, detach.
    pub with_foreign_thread: OnceLock<fn(&mut dyn FnMut(&mut Cx))>,
}

/// Overwrite the native stack below the caller: the collection's own frames have gaps,
/// in which would stand what the last native call worked with.
#[inline(never)]
pub fn scrub() {
    let mut below = [0u64; 2048];
    std::hint::black_box(&mut below);
}

/// The shared state.
pub fn rt() -> &'static Rt {
    &RT
}

impl Rt {
    /// The cached one-character string.
    #[inline]
    pub fn latin1_char(&self, b: u8) -> Gc<Str> {
        // Filled at start-up with 256 strings.
        unsafe { Gc::from_obj(self.latin1_tuple().items()[b as usize]) }
    }
    fn latin1_tuple(&self) -> Gc<Tuple> {
        // Set at start-up.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(self.latin1.get())) }
    }
    /// `()`, once it exists.
    pub fn empty_tuple(&self) -> Option<Gc<Tuple>> {
        // Only a tuple is stored there.
        Obj::from_word(self.empty_tuple.get()).map(|o| unsafe { Gc::from_obj(o) })
    }
    /// Namespace of strings that are interned.
    pub(crate) fn intern_table(&self) -> Gc<crate::dict::Dict> {
        // Set first of all at start-up.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(self.names.get())) }
    }
    /// Every native class, which thereby lives for ever.
    pub(crate) fn classes(&self) -> Gc<crate::list::List> {
        // Set at start-up.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(self.classes.get())) }
    }
    /// What upper layers supply.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }
    pub(crate) fn generic_alias_hook(&self) -> Option<fn(&mut Cx, Obj, Obj) -> Result<Obj>> {
        self.hooks.generic_alias.get().copied()
    }
    pub(crate) fn complex_pow_hook(&self) -> Option<fn(&mut Cx, f64, f64) -> Result<Obj>> {
        self.hooks.complex_pow.get().copied()
    }
    pub(crate) fn set_cell_hook(&self) -> Option<fn(&mut Cx, Obj, Obj) -> Result<()>> {
        self.hooks.set_cell.get().copied()
    }
    pub(crate) fn wrap_method_hook(&self) -> Option<fn(&mut Cx, Obj, bool) -> Result<Obj>> {
        self.hooks.wrap_method.get().copied()
    }
    /// The MemoryError kept for when no other can be allocated.
    pub(crate) fn spare_memory_error(&self) -> Gc<BaseException> {
        let o = Obj::from_word(self.spare.get()).expect("memory for start-up");
        // Set at start-up.
        unsafe { Gc::from_obj(o) }
    }
    pub(crate) fn keep_spare(&'static self, cx: &Cx, e: Gc<BaseException>) {
        self.spare.set(&cx.mutator, e.obj().word());
    }
    pub(crate) fn exceptions(&self) -> Gc<crate::array::Array> {
        // Set at start-up.
        unsafe { Gc::from_obj(Obj::from_word_unchecked(self.exceptions.get())) }
    }
    /// Prepare what strings and names need; called once, first of all.
    pub(crate) fn bootstrap(&'static self, cx: &Cx) -> Result<()> {
        self.names.set(&cx.mutator, crate::dict::new(cx)?.obj().word());
        self.classes.set(&cx.mutator, crate::list::new(cx, &[])?.obj().word());
        self.exceptions.set(&cx.mutator, crate::array::new(cx, exc::KINDS)?.obj().word());
        let chars = crate::array::new(cx, 256)?;
        for i in 0..=255u8 {
            chars.set(cx, i as usize, crate::str::from_latin1_uncached(cx, &[i])?.obj());
        }
        let items: [Obj; 256] = std::array::from_fn(|i| chars.get(i).unwrap());
        let t = crate::tuple::alloc(cx, shape::TUPLE, &items, 0)?;
        self.latin1.set(&cx.mutator, t.obj().word());
        for i in 0..128u8 {
            intern::add(cx, self.latin1_char(i))?;
        }
        let t = crate::tuple::alloc(cx, shape::TUPLE, &[], 0)?;
        self.empty_tuple.set(&cx.mutator, t.obj().word());
        Ok(())
    }
}

static START: OnceLock<()> = OnceLock::new();

impl Cx {
    /// Attach the calling thread. Values are found in the caller's frame, if it is
    /// small, and in all frames below; `native_room` bytes may be used for those.
    #[inline(always)]
    pub fn attach(native_room: usize) -> Box<Cx> {
        let marker = 0usize;
        Cx::attach_below(std::ptr::from_ref(std::hint::black_box(&marker)).addr() + 4096, native_room)
    }
    #[inline(never)]
    fn attach_below(hi: usize, native_room: usize) -> Box<Cx> {
        // A thread's first frame may be less than that below the end of its stack.
        Cx::attach_at(hi.min(native_stack_end()), native_room)
    }
    /// Attach the calling thread. Values are found in the frames below the address
    /// `hi`, which is in the caller's frame or above it.
    pub fn attach_at(hi: usize, native_room: usize) -> Box<Cx> {
        Cx::attach_in(interp::main(), hi, native_room)
    }
    /// The same in an interpreter. A thread that has a context may get another inside
    /// [`Cx::blocked`] of the former one.
    #[inline(never)]
    pub fn attach_in(interp: &'static Interp, hi: usize, native_room: usize) -> Box<Cx> {
        interp.enter();
        START.get().expect("the heap is initialised first");
        let former = RETIRED.lock().ok().and_then(|mut r| r.pop());
        let Retired { stack, lookup, attrs } = former.unwrap_or_else(Retired::fresh);
        let mut cx = Box::new(Cx {
            mutator: Mutator::new(),
            stack,
            limit: unsafe { stack.add(VALUE_STACK_WORDS - SPARE_WORDS) },
            base: std::ptr::null_mut(),
            pc: std::ptr::null(),
            depth: 0,
            depth_limit: interp.recursion_limit.load(Ordering::Relaxed) as u32,
            native_limit: hi.saturating_sub(native_room),
            handled: Cell::new(0),
            repr_depth: 0,
            ext: Default::default(),
            interp,
            attrs,
            lookup,
        });
        // CX-1: the box keeps its address until `detach`.
        cx.mutator.set_value_stack(stack as usize);
        let (first, last) = (&raw const cx.handled as usize, &raw const cx.ext as usize);
        debug_assert!(first < last, "`handled` stands before `ext`");
        unsafe { cx.mutator.set_own_words(first, last + size_of_val(&cx.ext)) };
        unsafe { typhon_gc::attach(&mut cx.mutator, hi) };
        cx
    }
    /// Detach the calling thread.
    pub fn detach(mut self: Box<Cx>) {
        // The box is not used afterwards.
        unsafe { typhon_gc::detach(&mut self.mutator) };
        self.interp.leave();
        Retired { stack: self.stack, lookup: self.lookup, attrs: self.attrs }.keep();
    }
    /// What all interpreters share.
    #[inline(always)]
    pub fn rt(&self) -> &'static Rt {
        &RT
    }
    /// The interpreter that the context belongs to.
    #[inline(always)]
    pub fn interp(&self) -> &'static Interp {
        self.interp
    }
    /// Whether nothing new is to be begun: the interpreter or the whole process ends.
    pub fn is_ending(&self) -> bool {
        RT.finalizing.load(Ordering::Relaxed) || self.interp.finalizing.load(Ordering::Relaxed)
    }
    /// The first unused word of the value stack (CX-2).
    #[inline(always)]
    pub fn top(&self) -> *mut u64 {
        self.mutator.vs_top() as *mut u64
    }
    /// Move the top of the value stack.
    #[inline(always)]
    pub fn set_top(&self, top: *mut u64) {
        self.mutator.set_vs_top(top as usize);
    }
    /// Allocate a fixed-size object.
    #[inline(always)]
    pub fn alloc(&self, shape: u32, size: usize) -> Result<*mut u8> {
        match self.mutator.alloc(shape, size) {
            Ok(p) => Ok(p),
            Err(_) => Err(self.memory_error()),
        }
    }
    /// Allocate a variable-size object; `len` is written behind the header.
    #[inline(always)]
    pub fn alloc_var(&self, shape: u32, size: usize, len: u64) -> Result<*mut u8> {
        match self.mutator.alloc_var(shape, size, len) {
            Ok(p) => Ok(p),
            Err(_) => Err(self.memory_error()),
        }
    }
    /// To be called after a reference was stored into `owner`.
    #[inline(always)]
    pub fn barrier(&self, owner: Obj) {
        self.mutator.barrier(owner.addr());
    }
    /// Run code that may block; it must not touch the heap.
    pub fn blocked<R>(&self, f: impl FnOnce() -> R) -> R {
        self.mutator.blocked(f)
    }
    /// Collect, for a caller that needs to know what is dead: without what former calls
    /// have left in registers and on the native stack, where it would count as a reference.
    pub fn collect_thoroughly(&self, full: bool) {
        if let Some(forget) = self.rt().hooks().forget_dead.get() {
            forget(self);
        }
        scrub();
        self.mutator.collect(full);
    }
    /// Run `f` with `n` words of scratch space on the value stack, where the
    /// collector sees them. They start out empty.
    pub fn scratch<R>(&mut self, n: usize, f: impl FnOnce(&mut Cx, &mut [u64]) -> Result<R>) -> Result<R> {
        let at = self.top();
        // CX-2: nothing lives above `top`.
        let end = unsafe { at.add(n) };
        if end as usize > self.limit as usize {
            return Err(self.recursion_error());
        }
        let words = unsafe { std::slice::from_raw_parts_mut(at, n) };
        words.fill(0);
        self.set_top(end);
        let r = f(self, words);
        self.set_top(at);
        r
    }
    /// Check the native stack before native code recurses.
    #[inline]
    pub fn enter(&mut self) -> Result<()> {
        let here = 0u8;
        if (&here as *const u8 as usize) < self.native_limit || self.depth >= self.depth_limit {
            return Err(self.recursion_error());
        }
        Ok(())
    }
    /// Like [`Cx::enter`]; where the native stack ends the error says what recursed, "while
    /// hashing a tuple".
    #[inline]
    pub fn enter_while(&mut self, what: &str) -> Result<()> {
        if self.native_stack_low() {
            return Err(self.native_recursion_error(what));
        }
        self.enter()
    }
    #[cold]
    fn native_recursion_error(&self, what: &str) -> Raised {
        exc::new(self, ExcKind::RecursionError, &format!("maximum recursion depth exceeded {what}"))
    }
    /// Like [`Cx::enter`], for recursion that is counted by the native stack
    /// alone and happens under `&Cx`.
    #[inline]
    pub fn native_stack_low(&self) -> bool {
        let here = 0u8;
        (&here as *const u8 as usize) < self.native_limit
    }

    /// An exception of a built-in class with one text argument.
    #[cold]
    #[inline(never)]
    pub fn error(&self, kind: ExcKind, msg: impl AsRef<str>) -> Raised {
        exc::new(self, kind, msg.as_ref())
    }
    /// `TypeError(msg)`.
    #[cold]
    #[inline(never)]
    pub fn type_error(&self, msg: impl AsRef<str>) -> Raised {
        exc::new(self, ExcKind::TypeError, msg.as_ref())
    }
    /// `ValueError(msg)`.
    #[cold]
    #[inline(never)]
    pub fn value_error(&self, msg: impl AsRef<str>) -> Raised {
        exc::new(self, ExcKind::ValueError, msg.as_ref())
    }
    /// MemoryError if `n` bytes outside of the heap are not to be had. For what a program may
    /// ask to be of any size: a vector that cannot grow ends the process.
    #[inline]
    pub fn check_room(&self, n: usize) -> Result<()> {
        const LARGE: usize = 1 << 26;
        if n >= LARGE && Vec::<u8>::new().try_reserve_exact(n).is_err() {
            return Err(self.memory_error());
        }
        Ok(())
    }
    /// `MemoryError()`.
    #[cold]
    #[inline(never)]
    pub fn memory_error(&self) -> Raised {
        exc::memory_error(self)
    }
    /// The RecursionError of too deep calls.
    #[cold]
    #[inline(never)]
    pub fn recursion_error(&self) -> Raised {
        exc::new(self, ExcKind::RecursionError, "maximum recursion depth exceeded")
    }
    /// The exception being handled.
    pub fn handled(&self) -> Option<Gc<BaseException>> {
        // Only exceptions are stored there.
        Obj::from_word(self.handled.get()).map(|o| unsafe { Gc::from_obj(o) })
    }
    /// The name of `type(o)`, for messages: of native classes outside builtins with their
    /// module (`re.Match`), as CPython's `tp_name`.
    pub fn type_name(&self, o: Obj) -> String {
        ops::type_name(self, ops::class_of(o))
    }
    /// Intern Rust text.
    pub fn intern(&self, s: &str) -> Result<Gc<Str>> {
        intern::intern_str(self, s)
    }
    /// Look `name` up along the class's MRO, through this thread's cache.
    #[inline]
    pub fn lookup(&self, class: Gc<Type>, name: Gc<Str>) -> Option<Obj> {
        let v = class.version();
        let n = name.obj().word();
        let e = &self.lookup[((v.wrapping_mul(0x9E37) ^ (n >> 3)) as usize) % LOOKUPS];
        if e.version.get() == v && e.name.get() == n && v != 0 {
            return Obj::from_word(e.value.get());
        }
        let r = class.lookup_uncached(name);
        if name.is_interned() && v != 0 && class.version() == v {
            e.name.set(n);
            e.value.set(r.map_or(0, Obj::word));
            e.version.set(v);
        }
        r
    }
}

/// What a thread that has ended leaves to the next one: mapping a stack and filling a
/// cache cost more than everything else about a short thread.
///
/// The entries of the caches hold for any thread: versions are never reused.
struct Retired {
    stack: *mut u64,
    lookup: Box<[LookupEntry]>,
    attrs: AttrCache,
}

// SAFETY: the stack belongs to nobody else, and the cells to whoever owns the box.
unsafe impl Send for Retired {}

static RETIRED: Mutex<Vec<Retired>> = Mutex::new(Vec::new());
/// More of them than start and end together would only cost memory.
const RETIRED_MAX: usize = 64;
/// Bytes of a stack that stay committed.
const KEEP: usize = 64 << 10;

impl Retired {
    fn fresh() -> Retired {
        // Zero is an empty entry: version 0 is no version. The pages are not touched.
        let lookup = unsafe { Box::new_zeroed_slice(LOOKUPS).assume_init() };
        Retired { stack: map_stack(VALUE_STACK_WORDS * 8), lookup, attrs: AttrCache::default() }
    }
    fn keep(self) {
        if let Ok(mut retired) = RETIRED.lock()
            && retired.len() < RETIRED_MAX
        {
            // The mapping is ours; what a deep recursion committed goes back.
            unsafe {
                let rest = (self.stack as *mut u8).add(KEEP);
                libc::madvise(rest.cast(), VALUE_STACK_WORDS * 8 - KEEP, libc::MADV_DONTNEED);
            }
            retired.push(self);
            return;
        }
        // Nobody uses the mapping any more.
        unsafe { libc::munmap(self.stack.cast(), VALUE_STACK_WORDS * 8) };
    }
}

/// The upper end of the calling thread's native stack.
fn native_stack_end() -> usize {
    // The attributes are initialised by the first call, if it succeeds.
    unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) != 0 {
            return usize::MAX;
        }
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        libc::pthread_attr_getstack(&attr, &mut low, &mut size);
        libc::pthread_attr_destroy(&mut attr);
        low as usize + size
    }
}

fn map_stack(bytes: usize) -> *mut u64 {
    // A fresh private mapping; nothing else refers to it.
    let p = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert!(p != libc::MAP_FAILED, "no address space for a value stack");
    p as *mut u64
}

/// Initialise the heap. Called once, before the first [`Cx::attach`].
pub fn init_heap(opts: &typhon_gc::HeapOptions) {
    START.get_or_init(|| typhon_gc::init(opts));
}
