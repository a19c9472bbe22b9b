//! Greenlets: executions with stacks of their own that a thread changes between when the
//! program says so. The interface is that of the package `greenlet`.
//!
//! | file | what |
//! |---|---|
//! | `mod` | the object, whose thread it is, which greenlet runs |
//! | `switch` | starting, changing from one to another, what is handed over |
//! | `ending` | greenlets that die or whose thread ends |
//! | `module` | what Python sees |
//!
//! A greenlet that waits keeps its registers on its native stack and the rest of what it
//! needs of the context in the frame of `switch::transfer`. The collector finds its stacks
//! by tracing the greenlet object, so one that nobody can reach dies; the one that runs is
//! scanned as its thread. A thread's own stacks belong to its *main* greenlet, which is
//! made when the first other one is, or asked for.
//!
//! Invariants:
//! - GREEN-1: only the thread that `thread` names runs a greenlet or touches its stacks,
//!   and it is set once, by the thread that starts the greenlet.
//! - GREEN-2: `sp` is non-zero exactly while the greenlet waits, and [`sp`, `stack_hi`)
//!   and [`vs_lo`, `vs_top`) then have all its values.
//! - GREEN-3: a greenlet that waits is registered to have its death told of
//!   ([`WATCHED`]): it is never swept, so its thread may keep its address in `LIVE`, and
//!   frames that outlive it have been told that it ended.
//!
//! Tests: tests/lang/greenlet.md; tests/stress/greenlet_race.py.

mod ending;
pub mod module;
mod switch;

use crate::frame::{self, Base, Pc, Window};
pub use ending::{finalize, kill_posted, leave};
use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use typhon_macros::Trace;
use typhon_object::dict::Dict;
use typhon_object::list::{self, List};
use typhon_object::native::{self, Trace};
use typhon_object::{Cx, Gc, Obj, Result, Slot, Tracer};

/// Poll bit: greenlets of this thread have died.
pub const POLL_GREENLETS: u32 = 2048;

/// Word of `Cx::ext`: the greenlet that runs, or 0.
const CURRENT: usize = 9;
/// Word of `Cx::ext`: the thread's main greenlet, or 0.
const MAIN: usize = 10;
/// Word of `Cx::ext`: the function of `settrace`, or 0.
const TRACER: usize = 11;
/// Word of `Cx::ext`: the greenlet that was left last.
const ORIGIN: usize = 12;

/// Not started.
const NEW: u32 = 0;
/// Has stacks and waits.
const WAITS: u32 = 1;
/// Runs.
const RUNS: u32 = 2;
/// Has ended.
const DEAD: u32 = 3;

/// Bit of `Greenlet::flags`: its death will be told of.
const WATCHED: u32 = 1;
/// Bit of `Greenlet::flags`: its `__del__` was run.
const DELETED: u32 = 2;
/// Bit of `Greenlet::flags`: the main greenlet of a thread.
const IS_MAIN: u32 = 4;

/// Bit of `Greenlet::flags`: it was registered for that when it began, not as an instance
/// of a class with a `__del__`.
const BY_US: u32 = 8;

/// `greenlet.greenlet`.
#[derive(Trace)]
pub struct Greenlet {
    /// What it runs; empty once it has begun to.
    run: Slot,
    /// Who gets what it returns or raises.
    parent: Slot<Greenlet>,
    /// The main greenlet of its thread, once started; empty for that itself.
    main: Slot<Greenlet>,
    /// Its `contextvars.Context` while it does not run.
    context: Slot,
    /// What is handed over: see `switch::Message`.
    inbox: Slot,
    inbox_kw: Slot<Dict>,
    /// Of a main greenlet: the list of those that died while other threads ran.
    posted: Slot<List>,
    #[trace(skip)]
    inbox_kind: AtomicU32,
    #[trace(skip)]
    state: AtomicU32,
    #[trace(skip)]
    flags: AtomicU32,
    /// Its index in the thread's `LIVE`.
    #[trace(skip)]
    place: AtomicU32,
    /// GREEN-1: the number of the thread's mutator, or 0.
    #[trace(skip)]
    thread: AtomicU64,
    stacks: Stacks,
}

/// Where a greenlet that waits has its stacks.
struct Stacks {
    /// GREEN-2.
    sp: AtomicUsize,
    stack_hi: AtomicUsize,
    vs_lo: AtomicUsize,
    vs_top: AtomicUsize,
    /// The window that waits, and where in it.
    base: AtomicU64,
    pc: AtomicU64,
    /// The region, or 0 for a thread's own stacks.
    region: AtomicUsize,
}

impl Trace for Stacks {
    fn trace(&self, t: &mut Tracer) {
        let sp = self.sp.load(Ordering::Acquire);
        if sp != 0 {
            // GREEN-2; the world is stopped.
            unsafe {
                t.range(sp, self.stack_hi.load(Ordering::Relaxed));
                t.range(self.vs_lo.load(Ordering::Relaxed), self.vs_top.load(Ordering::Relaxed));
            }
        }
    }
}

/// How many main greenlets there are.
static MAINS: AtomicI64 = AtomicI64::new(0);
/// Held while parents change: nobody makes a circle of them. No allocation, no Python code.
static PARENTS: Mutex<()> = Mutex::new(());

thread_local! {
    /// The addresses of the thread's greenlets that were started and have not ended
    /// (GREEN-3), but for the main one.
    static LIVE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Greenlet {
    /// One that is not started. `watched`: its class has a `__del__`.
    fn new(watched: bool) -> Greenlet {
        Greenlet {
            run: Slot::empty(),
            parent: Slot::empty(),
            main: Slot::empty(),
            context: Slot::empty(),
            inbox: Slot::empty(),
            inbox_kw: Slot::empty(),
            posted: Slot::empty(),
            inbox_kind: AtomicU32::new(0),
            state: AtomicU32::new(NEW),
            flags: AtomicU32::new(if watched { WATCHED } else { 0 }),
            place: AtomicU32::new(0),
            thread: AtomicU64::new(0),
            stacks: Stacks {
                sp: AtomicUsize::new(0),
                stack_hi: AtomicUsize::new(0),
                vs_lo: AtomicUsize::new(0),
                vs_top: AtomicUsize::new(0),
                base: AtomicU64::new(0),
                pc: AtomicU64::new(0),
                region: AtomicUsize::new(0),
            },
        }
    }
    fn state(&self) -> u32 {
        self.state.load(Ordering::Acquire)
    }
    fn set_state(&self, state: u32) {
        self.state.store(state, Ordering::Release);
    }
    fn has(&self, flag: u32) -> bool {
        self.flags.load(Ordering::Acquire) & flag != 0
    }
    fn thread(&self) -> u64 {
        self.thread.load(Ordering::Acquire)
    }
    /// Whether it was started by a thread that has ended, or is not in this process.
    fn is_stranded(&self, cx: &Cx) -> bool {
        let id = self.thread();
        id != 0 && id != cx.mutator.id() && !typhon_gc::request_one(id, 0)
    }
    /// Whether it has begun and not ended.
    fn is_active(&self, cx: &Cx) -> bool {
        matches!(self.state(), WAITS | RUNS) && !self.is_stranded(cx)
    }
    /// Whether something is to be done when it is found dead. Asked by the collector.
    pub fn has_work(&self) -> bool {
        let class = typhon_object::ops::class_of(Gc::of(self).obj());
        self.state() == WAITS || class.has_finalizer() && !self.has(DELETED)
    }
    /// The native stack that it occupies while it waits.
    fn native_bytes(&self) -> usize {
        match self.stacks.sp.load(Ordering::Relaxed) {
            0 => 0,
            sp => self.stacks.stack_hi.load(Ordering::Relaxed).saturating_sub(sp),
        }
    }
}

/// Make `parent` the parent of `g`, unless `g` is in its line.
fn reparent(cx: &Cx, g: Gc<Greenlet>, parent: Gc<Greenlet>) -> bool {
    let _guard = PARENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut at = Some(parent);
    while let Some(p) = at {
        if p == g {
            return false;
        }
        at = p.parent.get();
    }
    g.parent.set(cx, g, parent);
    true
}

/// The greenlet that runs.
pub fn current(cx: &mut Cx) -> Result<Gc<Greenlet>> {
    match typed(cx, CURRENT) {
        Some(g) => Ok(g),
        None => make_main(cx),
    }
}

/// The greenlet of this thread that waits and has this word on its value stack, and its
/// innermost window.
pub fn owner(cx: &Cx, base: Base) -> Option<(Gc<Greenlet>, Option<Window>)> {
    let has = |g: &Gc<Greenlet>| {
        let s = &g.payload().stacks;
        let (lo, top) = (s.vs_lo.load(Ordering::Relaxed), s.vs_top.load(Ordering::Relaxed));
        g.state() == WAITS && (lo..top).contains(&base.addr())
    };
    let main = typed(cx, MAIN)?;
    let g = if has(&main) {
        main
    } else {
        // GREEN-3.
        let typed = |w: &u64| unsafe { Gc::from_obj(Obj::from_word_unchecked(*w)) };
        LIVE.with_borrow(|live| live.iter().map(typed).find(has))?
    };
    let s = &g.payload().stacks;
    let (base, pc) = (s.base.load(Ordering::Relaxed), s.pc.load(Ordering::Relaxed));
    Some((g, frame::window(base as Base, pc as Pc)))
}

impl Greenlet {
    /// The innermost Python window of a greenlet that waits.
    pub fn window(&self) -> Option<Window> {
        let s = &self.stacks;
        let (base, pc) = (s.base.load(Ordering::Relaxed), s.pc.load(Ordering::Relaxed));
        if self.state() == WAITS { frame::window(base as Base, pc as Pc) } else { None }
    }
}

/// The thread's main greenlet.
fn main(cx: &mut Cx) -> Result<Gc<Greenlet>> {
    current(cx)?;
    Ok(typed(cx, MAIN).expect("made with the current one"))
}

fn typed(cx: &Cx, word: usize) -> Option<Gc<Greenlet>> {
    // Only greenlets are stored in these words.
    Obj::from_word(cx.ext[word].get()).map(|o| unsafe { Gc::from_obj(o) })
}

#[cold]
fn make_main(cx: &mut Cx) -> Result<Gc<Greenlet>> {
    let g = native::instance(cx, Greenlet::new(false))?;
    let posted = list::new(cx, &[])?;
    g.posted.set(cx, g, posted);
    g.thread.store(cx.mutator.id(), Ordering::Release);
    g.flags.fetch_or(IS_MAIN, Ordering::Relaxed);
    g.set_state(RUNS);
    cx.ext[CURRENT].set(g.obj().word());
    cx.ext[MAIN].set(g.obj().word());
    MAINS.fetch_add(1, Ordering::Relaxed);
    Ok(g)
}
