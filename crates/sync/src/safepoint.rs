//! The safepoint handshake: how one thread (a stopper: the collector, a fork, or a
//! mutator that needs the world to itself) stops all mutators and lets them go.
//!
//! Each mutator has a [`ThreadState`]. Its states:
//!
//! - RUNNING: may touch the heap; must reach a poll in bounded time.
//! - BLOCKED: in native code that does not touch the heap; a stopper may claim it.
//! - STOPPED: parked at a poll, or a BLOCKED thread that a stopper has claimed.
//!
//! Invariants (cited as `SP-n`):
//!
//! - SP-1: while a stop is in force (between the return of [`World::stop`] and
//!   [`World::resume`]) no other mutator is RUNNING. Proof idea: RUNNING is reached
//!   from STOPPED only under the mutex while `stopping` is false, and from BLOCKED
//!   only by a CAS that competes with the stopper's claim.
//! - SP-2 (Dekker): a thread stores BLOCKED, then loads `stop_flag`; a stopper stores
//!   `stop_flag`, then loads the state; both sequentially consistent. So either
//!   the stopper sees BLOCKED or the thread sees the flag and wakes the stopper.
//! - SP-3: `sp` is written before the state leaves RUNNING, and therefore
//!   visible to a stopper that has seen the thread stopped.
//! - SP-4: threads come and go only under the mutex while no stop is in force.
//! - SP-5: one stop at a time; later stoppers wait as STOPPED if they are mutators.
//! - SP-6: at the end of a collection one waiting thread is woken, and each that goes on
//!   wakes two more: a collector's thread that wakes all at once, on a core of its own
//!   still, gets them queued behind each other on the others. Nobody is forgotten: all
//!   who wait then may go on unless the next stop is under way, whose end wakes again.
//!   After any other stop all are woken, for some may have to wait on for a collection.
//!
//! Tests: `tests/loom.rs` (with `RUSTFLAGS="--cfg loom"`), `typhon-gc/tests`.

use crate::prim::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use crate::prim::{Condvar, Mutex, MutexGuard, lock, wait};

/// Poll bit: a stop is requested. All other bits belong to upper layers.
pub const POLL_STOP: u32 = 1;

const RUNNING: u32 = 0;
const BLOCKED: u32 = 1;
const STOPPED: u32 = 2;

/// The safepoint words of one thread. `poll` comes first: compiled code tests it.
#[repr(C)]
pub struct ThreadState {
    /// Non-zero: call the slow path of the poll. A set of bits.
    pub poll: AtomicU32,
    state: AtomicU32,
    sp: AtomicUsize,
}

impl Default for ThreadState {
    fn default() -> Self {
        Self { poll: AtomicU32::new(0), state: AtomicU32::new(RUNNING), sp: AtomicUsize::new(0) }
    }
}

impl ThreadState {
    /// The stack pointer saved when the thread last left RUNNING (SP-3).
    pub fn saved_sp(&self) -> usize {
        self.sp.load(Ordering::Acquire)
    }

    /// Whether the thread may touch the heap now. Exact only for the thread itself.
    pub fn is_running(&self) -> bool {
        self.state.load(Ordering::Relaxed) == RUNNING
    }

    fn leave_running(&self, sp: usize, state: u32) {
        self.sp.store(sp, Ordering::Release);
        // A read-modify-write, not a store: SP-2 needs it to be globally ordered
        // before the following load of the stop flag.
        self.state.swap(state, Ordering::SeqCst);
    }
}

/// Everything that the mutex protects.
pub struct Members {
    threads: Vec<*const ThreadState>,
    stopping: bool,
    /// A mutator waits for a collection that has not begun; all others may park.
    wanted: bool,
    epoch: u64,
}

// SAFETY (SP-4): the pointers are dereferenced only while their threads are attached.
unsafe impl Send for Members {}

impl Members {
    /// The attached threads.
    pub fn threads(&self) -> &[*const ThreadState] {
        &self.threads
    }

    /// Forgets all states but those of the caller: the child's side of a fork.
    pub fn retain_only(&mut self, mine: &[*const ThreadState]) {
        self.threads.retain(|t| mine.contains(t));
        // Whoever waited for a collection is not in the child.
        self.wanted = false;
    }

    const fn new() -> Self {
        Self { threads: Vec::new(), stopping: false, wanted: false, epoch: 0 }
    }

    fn ask_to_stop(&self, but: *const ThreadState) {
        for &thread in self.threads.iter().filter(|&&t| t != but) {
            // SAFETY (SP-4): attached, and `self` is borrowed under the mutex.
            unsafe { (*thread).poll.fetch_or(POLL_STOP, Ordering::SeqCst) };
        }
    }
}

/// The handshake. One static per process (one per model under loom).
pub struct World {
    members: Mutex<Members>,
    stop_flag: AtomicBool,
    /// Waited on by the one active stopper.
    stopped: Condvar,
    /// Waited on by everybody who waits for a stop to end.
    resumed: Condvar,
}

impl World {
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            members: Mutex::new(Members::new()),
            stop_flag: AtomicBool::new(false),
            stopped: Condvar::new(),
            resumed: Condvar::new(),
        }
    }

    #[cfg(loom)]
    pub fn new() -> Self {
        Self {
            members: Mutex::new(Members::new()),
            stop_flag: AtomicBool::new(false),
            stopped: Condvar::new(),
            resumed: Condvar::new(),
        }
    }

    /// Adds a thread, RUNNING from here on. `bind` runs under the mutex and gets
    /// the number of threads attached before.
    ///
    /// # Safety
    /// `thread` stays valid until [`World::detach`].
    pub unsafe fn attach<R>(&self, thread: *const ThreadState, bind: impl FnOnce(usize) -> R) -> R {
        let mut members = self.wait_resumed(lock(&self.members), |m| m.stopping);
        (*thread).state.store(RUNNING, Ordering::SeqCst);
        let result = bind(members.threads.len());
        members.threads.push(thread);
        result
    }

    /// Removes the calling thread. It first parks if a stop is under way, so `sp`
    /// must be as for [`World::park`]. `unbind` runs under the mutex.
    ///
    /// # Safety
    /// `thread` is the calling thread's, attached and RUNNING.
    pub unsafe fn detach(&self, thread: &ThreadState, sp: usize, unbind: impl FnOnce()) {
        let mut members = lock(&self.members);
        if members.stopping {
            members = self.wait_stopped(members, thread, sp, |m| m.stopping);
        }
        unbind();
        members.threads.retain(|&t| !std::ptr::eq(t, thread));
    }

    /// Parks the calling thread while a stop is in force.
    pub fn park(&self, thread: &ThreadState, sp: usize) {
        let members = lock(&self.members);
        if members.stopping || members.wanted {
            drop(self.wait_stopped(members, thread, sp, |m| m.stopping || m.wanted));
        }
    }

    /// Parks until a collection has ended that had not ended before this call; one must
    /// have been asked for. Sound because the caller is RUNNING when the epoch is read: a
    /// collection cannot end before it has parked.
    ///
    /// All others are asked to park as well. The collector's thread has been woken, but
    /// where all cores are taken it would wait for a slice of the system's scheduler,
    /// several milliseconds, before it could ask them itself.
    pub fn wait_for_collection(&self, thread: &ThreadState, sp: usize) {
        let mut members = lock(&self.members);
        let epoch = members.epoch;
        if !members.stopping && !members.wanted {
            members.wanted = true;
            members.ask_to_stop(thread);
        }
        drop(self.wait_stopped(members, thread, sp, |m| m.stopping || m.epoch == epoch));
    }

    fn wait_stopped<'a>(
        &self,
        members: MutexGuard<'a, Members>,
        thread: &ThreadState,
        sp: usize,
        keep_waiting: impl Fn(&Members) -> bool,
    ) -> MutexGuard<'a, Members> {
        thread.leave_running(sp, STOPPED);
        self.stopped.notify_all();
        let members = self.wait_resumed(members, keep_waiting);
        // SYNC-3: under the mutex, and every `keep_waiting` implies `!stopping`.
        thread.state.store(RUNNING, Ordering::SeqCst);
        members
    }

    /// Waits on `resumed`, then wakes two more who do (SP-6).
    fn wait_resumed<'a>(
        &self,
        mut members: MutexGuard<'a, Members>,
        keep_waiting: impl Fn(&Members) -> bool,
    ) -> MutexGuard<'a, Members> {
        if keep_waiting(&members) {
            while keep_waiting(&members) {
                members = wait(&self.resumed, members);
            }
            self.resumed.notify_one();
            self.resumed.notify_one();
        }
        members
    }

    /// RUNNING to BLOCKED: from here on the thread must not touch the heap.
    pub fn enter_blocked(&self, thread: &ThreadState, sp: usize) {
        thread.leave_running(sp, BLOCKED);
        if self.stop_flag.load(Ordering::SeqCst) {
            self.wake_stopper();
        }
    }

    #[cold]
    fn wake_stopper(&self) {
        let _members = lock(&self.members);
        self.stopped.notify_all();
    }

    /// BLOCKED (or claimed) to RUNNING, waiting for the end of a stop in force.
    pub fn leave_blocked(&self, thread: &ThreadState) {
        if thread.state.compare_exchange(BLOCKED, RUNNING, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            self.leave_claimed(thread);
        }
    }

    #[cold]
    fn leave_claimed(&self, thread: &ThreadState) {
        let _members = self.wait_resumed(lock(&self.members), |m| m.stopping);
        thread.state.store(RUNNING, Ordering::SeqCst);
    }

    /// Stops all threads. `me` is the stopper's own state if it is a mutator; it
    /// counts as STOPPED until [`World::resume`], with `sp` as for a park.
    pub fn stop(&self, me: Option<(&ThreadState, usize)>) {
        let mut members = lock(&self.members);
        if let Some((thread, sp)) = me {
            thread.leave_running(sp, STOPPED);
            self.stopped.notify_all();
        }
        // Whoever is waiting besides goes on waiting, for our end.
        while members.stopping {
            members = wait(&self.resumed, members);
        }
        members.stopping = true;
        self.stop_flag.store(true, Ordering::SeqCst);
        members.ask_to_stop(me.map_or(std::ptr::null(), |(thread, _)| thread));
        while !members.threads.iter().all(|&thread| claim(thread)) {
            members = wait(&self.stopped, members);
        }
    }

    /// Ends the stop. `collected` tells whether a collection took place in it.
    pub fn resume(&self, me: Option<&ThreadState>, collected: bool) {
        let mut members = lock(&self.members);
        debug_assert!(members.stopping);
        members.stopping = false;
        if collected {
            members.epoch += 1;
            members.wanted = false;
        }
        self.stop_flag.store(false, Ordering::SeqCst);
        if !members.wanted {
            for &thread in &members.threads {
                // SAFETY (SP-4): attached, and we hold the mutex.
                unsafe { (*thread).poll.fetch_and(!POLL_STOP, Ordering::SeqCst) };
            }
        }
        if let Some(thread) = me {
            thread.state.store(RUNNING, Ordering::SeqCst);
        }
        drop(members);
        match collected {
            true => self.resumed.notify_one(),
            false => self.resumed.notify_all(),
        }
    }

    /// Runs `f` with the list of threads, under the mutex. `f` must be short and
    /// must not poll, allocate from the heap or stop the world.
    pub fn with_members<R>(&self, f: impl FnOnce(&mut Members) -> R) -> R {
        f(&mut lock(&self.members))
    }
}

#[cfg(not(loom))]
impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether the thread is stopped, claiming it if it is BLOCKED.
fn claim(thread: *const ThreadState) -> bool {
    // SAFETY (SP-4): called under the mutex for attached threads.
    let state = unsafe { &(*thread).state };
    match state.load(Ordering::SeqCst) {
        STOPPED => true,
        BLOCKED => state.compare_exchange(BLOCKED, STOPPED, Ordering::SeqCst, Ordering::SeqCst).is_ok(),
        _ => false,
    }
}
