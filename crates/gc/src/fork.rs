//! `fork` with a live heap (GC-11).
//!
//! Only the forking thread exists in the child, so nobody else may hold a lock then:
//! the collector's threads end first, then the world stops, and the world's mutex
//! and the locks of the parking table are held across the call. Both sides start the collector's threads again.
//!
//! Tests: `tests/fork.rs`.

use crate::binding::mmtk;
use crate::collection::{WORKERS, workers_started};
use crate::mutator::{Mutator, WORLD, from_state};
use mmtk::util::VMThread;
use std::sync::atomic::{AtomicBool, Ordering};
use typhon_sync::prim::lock;
use typhon_sync::safepoint::ThreadState;

/// Taken in the blocked state (GC-9), let go on both sides. A flag, not a mutex: its
/// guard would have to live in a blocked section and outlive it.
static FORKING: AtomicBool = AtomicBool::new(false);

impl Mutator {
    /// Runs `f`, which may ask the collector's threads for a collection. Not while they end
    /// for a fork: the last of them relies on nobody being about to ask.
    #[inline]
    pub(crate) fn asking<R>(&self, f: impl FnOnce() -> R) -> R {
        if !crate::mutator::multi_threaded() {
            return f();
        }
        // Either the forking thread sees this mark, or we see that it forks.
        self.asks.store(true, Ordering::SeqCst);
        while FORKING.load(Ordering::SeqCst) {
            self.asks.store(false, Ordering::SeqCst);
            self.blocked(|| std::thread::sleep(std::time::Duration::from_micros(200)));
            self.asks.store(true, Ordering::SeqCst);
        }
        let r = f();
        self.asks.store(false, Ordering::Release);
        r
    }

    /// Forks the process. In the child this is the only thread and mutator.
    /// Returns what `fork` returns: 0 in the child, -1 (and `errno`) on failure.
    pub fn fork(&self) -> libc::pid_t {
        self.blocked(|| {
            while FORKING.swap(true, Ordering::SeqCst) {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            while somebody_asks() {
                std::thread::sleep(std::time::Duration::from_micros(50));
            }
        });
        loop {
            let workers = workers_started();
            if workers {
                // A collection under way must be able to stop us while we wait for it.
                self.blocked(stop_workers);
            }
            let pid = self.with_world_stopped(|state| {
                // Another thread may have started the workers after we looked.
                (workers == workers_started()).then(|| fork_stopped(state, workers))
            });
            if let Some(pid) = pid {
                return pid;
            }
        }
    }
}

/// The world is stopped, by us, and no collector thread exists.
fn fork_stopped(me: &ThreadState, workers: bool) -> libc::pid_t {
    let roots = crate::roots::hold();
    let mut sleepers = typhon_sync::parking::hold();
    let pid = WORLD.with_members(|members| {
        // SAFETY: no other thread runs heap code; the locks that threads outside the
        // protocol may take (the world's, those of the roots) are ours on both sides.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let mine = crate::mutator::own_states();
            debug_assert!(mine.contains(&std::ptr::from_ref(me)));
            for &other in members.threads().iter().filter(|t| !mine.contains(t)) {
                // SAFETY (GC-8): its thread does not exist here.
                unsafe { crate::alloc::unbind(&*from_state(other)) };
            }
            let alone = members.threads().len() == mine.len();
            members.retain_only(&mine);
            sleepers.forget_sleepers();
            typhon_sync::gil::after_fork();
            typhon_sync::object_lock::after_fork();
            if !alone {
                release_object_locks();
            }
        }
        pid
    });
    drop(sleepers);
    drop(roots);
    // While the world is stopped, so that nobody forks before the workers are back.
    if workers {
        mmtk().after_fork(VMThread::UNINITIALIZED);
    }
    FORKING.store(false, Ordering::Release);
    pid
}

/// A thread may stop for a collection, and so for a fork, with an object's lock held:
/// while it allocates what it is about to store. The object is as it was before.
fn release_object_locks() {
    mmtk().enumerate_objects(|object| {
        // SAFETY: every object starts with a header.
        let header = unsafe { &*(crate::binding::pointer(object) as *const crate::layout::Header) };
        if header.meta.load(Ordering::Relaxed) & typhon_sync::object_lock::MASK != 0 {
            header.meta.fetch_and(!typhon_sync::object_lock::MASK, Ordering::Relaxed);
        }
    });
}

fn somebody_asks() -> bool {
    WORLD.with_members(|members| {
        // SAFETY (SP-4): nobody comes or goes while the members are locked.
        members.threads().iter().any(|&thread| unsafe { (*from_state(thread)).asks.load(Ordering::SeqCst) })
    })
}

fn stop_workers() {
    mmtk().prepare_to_fork();
    for thread in lock(&WORKERS).drain(..) {
        // A collector thread that panicked would have aborted the process.
        let _ = thread.join();
    }
}
