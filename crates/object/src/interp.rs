//! `Interp`: one of the interpreters of the process, and what it has for itself.
//!
//! All interpreters share the heap, the native classes and the interned strings. What
//! Python code could tell them apart by, or reach one from another with, is kept here:
//! `sys.modules`, the builtins, and whatever an [`InterpRoot`] names. A context belongs
//! to one interpreter from its attachment to its end.
//!
//! Records are never freed, only reused, so a `&'static Interp` is always readable. One
//! is reused if no context belonged to it any more when it ended.
//! Invariant INTERP-1: the list of interpreters is locked for bounded time, by attached
//! threads that neither allocate nor poll meanwhile. So no fork finds it locked.
//!
//! Tests: `tests/lang/interpreters.md`; CPython test_interpreters, test__interpreters.

use crate::cx::Cx;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use typhon_gc::Root;

/// How many [`InterpRoot`]s there can be.
const SLOTS: usize = 128;

/// The interpreter may fork.
pub const ALLOW_FORK: u32 = 1;
/// It may replace the process.
pub const ALLOW_EXEC: u32 = 2;
/// It may start threads.
pub const ALLOW_THREADS: u32 = 4;
/// It may start threads that nobody waits for.
pub const ALLOW_DAEMONS: u32 = 8;
/// Kept, for there is no other allocator: `use_main_obmalloc`.
pub const MAIN_OBMALLOC: u32 = 16;
/// Kept, for there are no extension modules: `check_multi_interp_extensions`.
pub const CHECK_EXTENSIONS: u32 = 32;
/// `gil="own"`; without it the GIL is shared. Kept, for there is none.
pub const OWN_GIL: u32 = 64;

/// One interpreter.
pub struct Interp {
    id: AtomicI64,
    /// The modules dict (`sys.modules`).
    pub modules: Root,
    /// The namespace of `builtins`.
    pub builtins: Root,
    roots: [Root; SLOTS],
    /// Deepest Python recursion (`sys.setrecursionlimit`).
    pub recursion_limit: AtomicUsize,
    /// Set once the interpreter has begun to end.
    pub finalizing: AtomicBool,
    /// What it may do: the bits above.
    pub config: AtomicU32,
    /// Where it comes from: `_interpreters.WHENCE_...`.
    pub whence: AtomicU32,
    /// Whether code of its `__main__` runs.
    pub running: AtomicBool,
    /// Set as long as others may enter it.
    pub ready: AtomicBool,
    /// Threads that Python has started in it and that run still.
    pub threads: AtomicI64,
    /// References to its id; the interpreter ends with the last one if that is asked for.
    pub refs: AtomicI64,
    /// Whether it is.
    pub ends_with_refs: AtomicBool,
    /// Whether any code of a program has run in it.
    pub used: AtomicBool,
    /// Contexts that belong to it.
    contexts: AtomicUsize,
}

impl Interp {
    const fn new() -> Interp {
        Interp {
            id: AtomicI64::new(0),
            modules: Root::new(),
            builtins: Root::new(),
            roots: [const { Root::new() }; SLOTS],
            recursion_limit: AtomicUsize::new(1000),
            finalizing: AtomicBool::new(false),
            config: AtomicU32::new(ALLOW_FORK | ALLOW_EXEC | ALLOW_THREADS | ALLOW_DAEMONS | MAIN_OBMALLOC | OWN_GIL),
            whence: AtomicU32::new(1),
            running: AtomicBool::new(true),
            ready: AtomicBool::new(true),
            threads: AtomicI64::new(0),
            refs: AtomicI64::new(0),
            ends_with_refs: AtomicBool::new(false),
            used: AtomicBool::new(true),
            contexts: AtomicUsize::new(0),
        }
    }
    /// Its number, which no other interpreter of the process has had. 0 is the main one.
    #[inline]
    pub fn id(&self) -> i64 {
        self.id.load(Ordering::Relaxed)
    }
    /// Whether it is the one that the process started with.
    #[inline]
    pub fn is_main(&self) -> bool {
        std::ptr::eq(self, &MAIN)
    }
    /// Whether the configuration has the bit.
    pub fn may(&self, bit: u32) -> bool {
        self.config.load(Ordering::Relaxed) & bit != 0
    }
    pub(crate) fn enter(&self) {
        self.contexts.fetch_add(1, Ordering::AcqRel);
    }
    pub(crate) fn leave(&self) {
        self.contexts.fetch_sub(1, Ordering::AcqRel);
    }
}

impl PartialEq for Interp {
    fn eq(&self, other: &Interp) -> bool {
        std::ptr::eq(self, other)
    }
}

static MAIN: Interp = Interp::new();
static NEXT_ID: AtomicI64 = AtomicI64::new(1);
/// Whether there has ever been a second interpreter.
static SEVERAL: AtomicBool = AtomicBool::new(false);

struct Table {
    /// Those that exist, by id.
    alive: Vec<&'static Interp>,
    /// Records to be used again.
    free: Vec<&'static Interp>,
}

static TABLE: Mutex<Table> = Mutex::new(Table { alive: Vec::new(), free: Vec::new() });

fn table(_cx: &Cx) -> MutexGuard<'static, Table> {
    // INTERP-1.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The interpreter that the process started with.
#[inline]
pub fn main() -> &'static Interp {
    &MAIN
}

/// Whether there has ever been a second interpreter.
#[inline]
pub fn several() -> bool {
    SEVERAL.load(Ordering::Relaxed)
}

/// A new interpreter, which has nothing yet and is not ready.
pub fn create(cx: &Cx, config: u32, whence: u32) -> &'static Interp {
    SEVERAL.store(true, Ordering::SeqCst);
    let mut t = table(cx);
    let new: &'static Interp = match t.free.pop() {
        Some(old) => old,
        None => Box::leak(Box::new(Interp::new())),
    };
    new.id.store(NEXT_ID.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    new.recursion_limit.store(1000, Ordering::Relaxed);
    new.config.store(config, Ordering::Relaxed);
    new.whence.store(whence, Ordering::Relaxed);
    for flag in [&new.finalizing, &new.running, &new.ready, &new.ends_with_refs, &new.used] {
        flag.store(false, Ordering::Relaxed);
    }
    new.threads.store(0, Ordering::Relaxed);
    new.refs.store(0, Ordering::Relaxed);
    t.alive.push(new);
    new
}

/// The interpreter is no more: what it had goes, and its record may be used again. If a
/// thread stands still in it, its record and what it has stay for ever.
pub fn remove(cx: &Cx, interp: &'static Interp) {
    table(cx).alive.retain(|i| *i != interp);
    if interp.contexts.load(Ordering::Acquire) != 0 || interp.threads.load(Ordering::Acquire) != 0 {
        return;
    }
    interp.modules.set(&cx.mutator, 0);
    interp.builtins.set(&cx.mutator, 0);
    for r in interp.roots.iter().filter(|r| r.get() != 0) {
        r.set(&cx.mutator, 0);
    }
    table(cx).free.push(interp);
}

/// The interpreter with this id.
pub fn find(cx: &Cx, id: i64) -> Option<&'static Interp> {
    if id == 0 {
        return Some(&MAIN);
    }
    table(cx).alive.iter().find(|i| i.id() == id).copied()
}

/// All interpreters, in the order of their ids.
pub fn all(cx: &Cx) -> Vec<&'static Interp> {
    let mut all = vec![main()];
    all.extend(table(cx).alive.iter());
    all
}

/// In a forked child: the other interpreters' threads are gone, and they with them. The
/// caller's own stays.
pub fn after_fork(cx: &Cx) {
    table(cx).alive.retain(|i| *i == cx.interp());
}

/// A value that each interpreter has for itself: `static PATH: InterpRoot = InterpRoot::new();`.
pub struct InterpRoot {
    /// Its index in [`Interp::roots`] plus one, or 0 before the first use.
    index: AtomicUsize,
}

static NEXT_ROOT: AtomicUsize = AtomicUsize::new(1);

impl InterpRoot {
    /// Without a value in any interpreter.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> InterpRoot {
        InterpRoot { index: AtomicUsize::new(0) }
    }
    /// The value word in the interpreter that the caller runs in; 0 before the first `set`.
    #[inline]
    pub fn get(&self, cx: &Cx) -> u64 {
        self.get_in(cx.interp())
    }
    /// The value word in an interpreter.
    #[inline]
    pub fn get_in(&self, interp: &'static Interp) -> u64 {
        match self.index.load(Ordering::Acquire) {
            0 => 0,
            i => interp.roots[i - 1].get(),
        }
    }
    /// Stores a value for the interpreter that the caller runs in.
    pub fn set(&self, cx: &Cx, word: u64) {
        let mut i = self.index.load(Ordering::Acquire);
        if i == 0 {
            let mine = NEXT_ROOT.fetch_add(1, Ordering::Relaxed);
            // Whoever comes second loses its number, which nobody else gets.
            i = match self.index.compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => mine,
                Err(other) => other,
            };
        }
        cx.interp().roots[i - 1].set(&cx.mutator, word);
    }
}
