//! The per-thread side of the collector: attaching, polling, native calls, and
//! stopping everybody else.
//!
//! A [`Mutator`] lives at offset 0 of the object layer's per-thread context. Its
//! poll word is at offset 0 of that.
//!
//! Tests: `tests/threads.rs`, `tests/fork.rs`.

use crate::binding::{Vm, mmtk, mutator_tls};
use crate::census::Found;
use crate::registers::{FrameMark, with_stack};
use mmtk::util::alloc::BumpPointer;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use typhon_sync::gil;
pub use typhon_sync::safepoint::POLL_STOP;
use typhon_sync::safepoint::{ThreadState, World};

/// Poll bit: weak callbacks or finalizers wait (see `pop_ready_finalizer`). Set on
/// *every* mutator, because any of them may be blocked for long; the upper layer
/// clears its own and takes from the queues until they are empty.
pub const POLL_FINALIZE: u32 = 2;
/// Poll bit, handled by [`Mutator::poll_slow`]: external memory calls for a
/// collection. Bits from 8 (value 256) on are free for upper layers.
pub const POLL_COLLECT: u32 = 4;

/// Poll bit: another thread wants the GIL, if there is one; the upper layer answers
/// with [`Mutator::hand_over_gil`].
pub const POLL_GIL: u32 = 8;

pub(crate) static WORLD: World = World::new();
static MULTI: AtomicBool = AtomicBool::new(false);
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static CURRENT: Cell<*mut Mutator> = const { Cell::new(null_mut()) };
}

/// The calling thread's mutator; null if it is not attached.
#[inline]
pub fn current() -> *mut Mutator {
    CURRENT.with(Cell::get)
}

/// Whether a second mutator has ever been attached. Never reset. A thread that reads
/// false is the only mutator, and knows of any other before that one runs.
#[inline(always)]
pub fn multi_threaded() -> bool {
    MULTI.load(Ordering::Relaxed)
}

/// Sets poll bits on all mutators.
pub fn request_all(bits: u32) {
    WORLD.with_members(|members| {
        for &thread in members.threads() {
            // SAFETY (SP-4): attached threads' states are valid under the mutex.
            unsafe { (*thread).poll.fetch_or(bits, Ordering::SeqCst) };
        }
    });
}

/// Sets poll bits on the mutator with this number; false if there is none any more.
pub fn request_one(id: u64, bits: u32) -> bool {
    WORLD.with_members(|members| {
        // SAFETY (SP-4): as above.
        let found = members.threads().iter().find(|&&t| unsafe { (*from_state(t)).id() } == id);
        if let Some(&thread) = found {
            unsafe { (*thread).poll.fetch_or(bits, Ordering::SeqCst) };
        }
        found.is_some()
    })
}

/// One thread's share of the collector.
#[repr(C)]
pub struct Mutator {
    /// Safepoint state; the poll word is its first field.
    safepoint: ThreadState,
    /// mmtk's bump pointer {cursor, limit}; an empty one in stress mode.
    pub(crate) bump: Cell<*mut BumpPointer>,
    /// Side metadata bases, here because this cache line is hot.
    pub(crate) valid_bits: Cell<usize>,
    pub(crate) log_bits: Cell<usize>,
    /// First and last address of the heap.
    pub(crate) heap: Cell<(usize, usize)>,
    /// The value stack: words in [vs_lo, vs_top) are scanned conservatively.
    vs_lo: AtomicUsize,
    vs_top: AtomicUsize,
    /// Words of the upper layer's context, scanned like the stacks.
    own_lo: AtomicUsize,
    own_hi: AtomicUsize,
    multi: AtomicBool,
    /// Inside `blocked` or `stop_the_world`.
    away: Cell<bool>,
    stack_hi: AtomicUsize,
    id: Cell<u64>,
    /// The same thread's mutator that was current before, which is blocked meanwhile.
    outer: Cell<*mut Mutator>,
    pub(crate) mmtk: Cell<*mut mmtk::Mutator<Vm>>,
    /// The innermost frame that is marked, see [`Mutator::collect_above_mark`].
    pub mark: FrameMark,
    /// Whether the collection under way takes no notice of frames below the mark.
    above_mark: AtomicBool,
    /// In a call that may ask the collector's threads for a collection, see
    /// [`Mutator::asking`].
    pub(crate) asks: AtomicBool,
}

impl Default for Mutator {
    fn default() -> Self {
        Self::new()
    }
}

impl Mutator {
    /// A mutator that is not attached yet.
    pub fn new() -> Self {
        Self {
            safepoint: ThreadState::default(),
            bump: Cell::new(crate::alloc::empty_bump()),
            valid_bits: Cell::new(0),
            log_bits: Cell::new(0),
            heap: Cell::new((0, 0)),
            vs_lo: AtomicUsize::new(0),
            vs_top: AtomicUsize::new(0),
            own_lo: AtomicUsize::new(0),
            own_hi: AtomicUsize::new(0),
            multi: AtomicBool::new(false),
            away: Cell::new(false),
            stack_hi: AtomicUsize::new(0),
            id: Cell::new(0),
            outer: Cell::new(null_mut()),
            mmtk: Cell::new(null_mut()),
            mark: FrameMark::default(),
            above_mark: AtomicBool::new(false),
            asks: AtomicBool::new(false),
        }
    }

    /// A number that no other thread of this process has had.
    pub fn id(&self) -> u64 {
        self.id.get()
    }

    /// This thread's mirror of [`multi_threaded`].
    #[inline(always)]
    pub fn multi(&self) -> bool {
        self.multi.load(Ordering::Relaxed)
    }

    /// Registers the value stack; its top is `lo` until [`Mutator::set_vs_top`].
    pub fn set_value_stack(&self, lo: usize) {
        self.vs_top.store(lo, Ordering::Relaxed);
        self.vs_lo.store(lo, Ordering::Relaxed);
    }

    /// Tells how far the value stack is in use. Above it nothing is scanned.
    #[inline(always)]
    pub fn set_vs_top(&self, top: usize) {
        self.vs_top.store(top, Ordering::Relaxed);
    }

    #[inline(always)]
    pub fn vs_top(&self) -> usize {
        self.vs_top.load(Ordering::Relaxed)
    }

    /// Has the words in [lo, hi) scanned conservatively while the mutator is attached.
    ///
    /// # Safety
    /// They are readable for as long, and written only by this thread while it runs.
    pub unsafe fn set_own_words(&self, lo: usize, hi: usize) {
        self.own_lo.store(lo, Ordering::Relaxed);
        self.own_hi.store(hi, Ordering::Relaxed);
    }

    pub(crate) fn own_words(&self) -> (usize, usize) {
        (self.own_lo.load(Ordering::Relaxed), self.own_hi.load(Ordering::Relaxed))
    }

    /// The part of the value stack that is in use.
    pub fn value_stack(&self) -> (usize, usize) {
        (self.vs_lo.load(Ordering::Relaxed), self.vs_top.load(Ordering::Relaxed))
    }

    /// The thread is about to go on with other stacks (GC-19): the upper end of the native
    /// one, the lower end of the value stack and how far that is in use.
    pub fn set_stacks(&self, stack_hi: usize, vs_lo: usize, vs_top: usize) {
        debug_assert!(!self.away.get(), "a switch of stacks in the blocked state");
        self.stack_hi.store(stack_hi, Ordering::Relaxed);
        self.vs_lo.store(vs_lo, Ordering::Relaxed);
        self.vs_top.store(vs_top, Ordering::Relaxed);
    }

    /// The upper end of the native stack in use.
    pub fn stack_hi(&self) -> usize {
        self.stack_hi.load(Ordering::Relaxed)
    }

    pub(crate) fn native_stack(&self) -> (usize, usize) {
        (self.scanned_mark().map_or(self.safepoint.saved_sp(), FrameMark::sp), self.stack_hi())
    }

    /// The mark, if the native stack is scanned from there on, and its registers too.
    pub(crate) fn scanned_mark(&self) -> Option<&FrameMark> {
        let inside = self.safepoint.saved_sp()..self.stack_hi();
        (self.above_mark.load(Ordering::Relaxed) && inside.contains(&self.mark.sp())).then_some(&self.mark)
    }

    /// Whether any poll bit is set (GC-1).
    #[inline(always)]
    pub fn poll_pending(&self) -> bool {
        self.safepoint.poll.load(Ordering::Relaxed) != 0
    }

    /// The poll bits that are set.
    #[inline]
    pub fn poll_bits(&self) -> u32 {
        self.safepoint.poll.load(Ordering::Acquire)
    }

    /// Sets poll bits of this mutator; callable from any thread that knows it alive,
    /// and from signal handlers.
    pub fn request(&self, bits: u32) {
        self.safepoint.poll.fetch_or(bits, Ordering::SeqCst);
    }

    /// Clears poll bits; bit 0 is left alone.
    pub fn clear(&self, bits: u32) {
        self.safepoint.poll.fetch_and(!(bits & !POLL_STOP), Ordering::SeqCst);
    }

    /// The collector's part of a poll: parks if a stop is requested.
    #[cold]
    #[inline(never)]
    pub fn poll_slow(&self) {
        let bits = self.poll_bits();
        if bits & POLL_STOP != 0 {
            with_stack(|sp| WORLD.park(&self.safepoint, sp));
        }
        if bits & POLL_COLLECT != 0 {
            self.clear(POLL_COLLECT);
            self.collect(true);
        }
    }

    /// Runs native code that may block; it must not touch the heap (GC-4). Nested
    /// calls just run it.
    pub fn blocked<R>(&self, f: impl FnOnce() -> R) -> R {
        if self.away.get() {
            return f();
        }
        with_stack(|sp| {
            self.away.set(true);
            WORLD.enter_blocked(&self.safepoint, sp);
            let result = if gil::is_on() { without_gil(f) } else { f() };
            WORLD.leave_blocked(&self.safepoint);
            self.away.set(false);
            result
        })
    }

    /// Comes back from `blocked` for the time of `f`: native code that was called there
    /// calls the runtime. Outside of `blocked` it just runs `f`.
    pub fn unblocked<R>(&self, f: impl FnOnce() -> R) -> R {
        if !self.away.get() {
            return f();
        }
        if gil::is_on() {
            gil::take(ask_for_gil);
        }
        WORLD.leave_blocked(&self.safepoint);
        self.away.set(false);
        let result = f();
        // From here on the frames of the native code, which lie above, are scanned as
        // they were before; what is below this one is done with.
        with_stack(|sp| {
            self.away.set(true);
            WORLD.enter_blocked(&self.safepoint, sp);
        });
        if gil::is_on() {
            gil::give();
        }
        result
    }

    /// Lets another thread have the GIL that there is, if one wants it ([`POLL_GIL`]).
    pub fn hand_over_gil(&self) {
        if gil::is_wanted() && !self.away.get() {
            with_stack(|sp| {
                WORLD.enter_blocked(&self.safepoint, sp);
                gil::hand_over(ask_for_gil);
                WORLD.leave_blocked(&self.safepoint);
            });
        }
    }

    /// Whether the thread is inside [`Mutator::blocked`] or stopping the world.
    pub fn is_away(&self) -> bool {
        self.away.get()
    }

    /// Stops all other mutators, runs `f`, lets them go. Not a collection; waits for
    /// one that is under way. `f` may use the heap but neither allocate nor poll.
    pub fn stop_the_world<R>(&self, f: impl FnOnce() -> R) -> R {
        self.with_world_stopped(|_| f())
    }

    /// As `stop_the_world`; `f` sees each mutator, this one included.
    pub fn visit_mutators(&self, mut f: impl FnMut(&Mutator)) {
        crate::walk::stopped(self, |world| world.mutators(&mut f));
    }

    /// As `stop_the_world`; `f` also gets this thread's own state.
    pub(crate) fn with_world_stopped<R>(&self, f: impl FnOnce(&ThreadState) -> R) -> R {
        assert!(!self.away.get(), "stop_the_world inside blocked or itself");
        with_stack(|sp| {
            self.away.set(true);
            WORLD.stop(Some((&self.safepoint, sp)));
            let result = f(&self.safepoint);
            WORLD.resume(Some(&self.safepoint), false);
            self.away.set(false);
            result
        })
    }

    /// Collects, and returns when a collection (a full one if asked for) has ended.
    pub fn collect(&self, full: bool) {
        assert!(!self.away.get(), "collect() by a thread that is blocked");
        crate::collection::ensure_workers();
        let before = crate::stats::stats().full_collections;
        // A request can be merged with a young collection already under way.
        for _ in 0..3 {
            self.asking(|| mmtk().handle_user_collection_request(mutator_tls(self), true, full));
            if !full || crate::stats::stats().full_collections != before {
                break;
            }
        }
    }

    /// Runs `collect`, which collects (fully, if `full`): how many of the objects that it frees
    /// were in a cycle or held by one alone; very large heaps are not looked at so closely, then
    /// it is all that it frees. Of those, only what `counts` says is counted; it
    /// runs on a thread of the collector and reads the object, no more.
    pub fn counting(&self, full: bool, counts: fn(*mut u8) -> bool, collect: impl FnOnce()) -> usize {
        crate::census::ask(full, counts);
        collect();
        match crate::census::answer() {
            Found::Gone(n) => n,
            Found::Before(n) => {
                let mut after = 0;
                crate::walk::for_each_object(self, |object| after += counts(object) as usize);
                n.saturating_sub(after)
            }
        }
    }

    /// As `collect`, without what this thread's frames below the mark happen to hold: gaps
    /// between them keep the words of former calls.
    ///
    /// # Safety
    /// No frame below the mark uses a value of the heap afterwards that is nowhere else.
    pub unsafe fn collect_above_mark(&self, full: bool) {
        self.above_mark.store(true, Ordering::Relaxed);
        self.collect(full);
        self.above_mark.store(false, Ordering::Relaxed);
    }

    pub(crate) fn wait_for_collection(&self) {
        assert!(!self.away.get(), "allocation while the world is stopped");
        with_stack(|sp| WORLD.wait_for_collection(&self.safepoint, sp));
    }
}

/// Binds the calling thread. From here on it is RUNNING and must poll. Values may
/// live in its frames below `stack_hi`, an address at or above the caller's frame.
///
/// # Safety
/// `m` stays at its address until [`detach`] and is used by this thread only, except
/// for `request`. The thread is not attached, or is in [`Mutator::blocked`] until after
/// [`detach`].
pub unsafe fn attach(m: *mut Mutator, stack_hi: usize) {
    let outer = current();
    assert!(outer.is_null() || (*outer).away.get(), "the thread is attached already");
    if gil::is_on() {
        gil::take(ask_for_gil);
    }
    let this = &*m;
    this.stack_hi.store(stack_hi, Ordering::Relaxed);
    this.id.set(NEXT_ID.fetch_add(1, Ordering::Relaxed));
    this.outer.set(outer);
    this.away.set(false);
    let second = WORLD.attach(&this.safepoint, |others| {
        crate::alloc::bind(this);
        others > 0 && !multi_threaded()
    });
    this.multi.store(multi_threaded(), Ordering::Relaxed);
    CURRENT.with(|c| c.set(m));
    if second {
        // The first thread may be between a test of the flag and an unlocked access
        // that follows it; it is past that when it has stopped.
        this.stop_the_world(|| {
            MULTI.store(true, Ordering::SeqCst);
            WORLD.with_members(|members| {
                for &thread in members.threads() {
                    (*from_state(thread)).multi.store(true, Ordering::SeqCst);
                }
            });
        });
    }
    if crate::weak::work_waits() {
        this.request(POLL_FINALIZE);
    }
}

/// Attaches, runs `f` with all its frames scanned, detaches.
///
/// # Safety
/// As for [`attach`]. `f` returns no values that the heap owns.
pub unsafe fn attached<R>(m: *mut Mutator, f: impl FnOnce(&Mutator) -> R) -> R {
    // Its own frame, so that all of it lies below the marker.
    #[inline(never)]
    fn below<R>(m: &Mutator, f: impl FnOnce(&Mutator) -> R) -> R {
        f(m)
    }
    let marker = 0usize;
    attach(m, std::ptr::from_ref(std::hint::black_box(&marker)).addr() + 8);
    let result = below(&*m, f);
    detach(m);
    result
}

/// Unbinds the calling thread; parks first if a stop is under way.
///
/// # Safety
/// `m` was attached by this thread; no value of it is used afterwards.
pub unsafe fn detach(m: *mut Mutator) {
    let this = &*m;
    with_stack(|sp| WORLD.detach(&this.safepoint, sp, || crate::alloc::unbind(this)));
    CURRENT.with(|c| c.set(this.outer.get()));
    if gil::is_on() {
        gil::give();
    }
}

/// What a thread does that waits for the GIL: whoever has it is to see the bit.
fn ask_for_gil() {
    crate::request_all(POLL_GIL);
}

fn without_gil<R>(f: impl FnOnce() -> R) -> R {
    gil::give();
    let result = f();
    gil::take(ask_for_gil);
    result
}

/// The states of the calling thread's mutators: of the current one and of those that are
/// blocked further up its stack.
pub(crate) fn own_states() -> Vec<*const ThreadState> {
    let mut states = Vec::new();
    let mut at = current();
    // SAFETY: each stays attached until the one inside it is not.
    while let Some(m) = unsafe { at.as_ref() } {
        states.push(&raw const m.safepoint);
        at = m.outer.get();
    }
    states
}

/// The mutator that a safepoint state belongs to.
pub(crate) fn from_state(state: *const ThreadState) -> *mut Mutator {
    // `safepoint` is the first field of a `repr(C)` struct.
    state as *mut Mutator
}

/// The calling thread's mutators, the current one first.
pub fn own_mutators() -> Vec<*mut Mutator> {
    own_states().into_iter().map(from_state).collect()
}
