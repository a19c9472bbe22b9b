//! The safepoint handshake under loom. Run with
//! `RUSTFLAGS="--cfg loom" cargo test --release -p typhon-sync --test loom`.
//!
//! Every model shares one plain cell: mutators write it while RUNNING, stoppers
//! while the world is stopped. Loom reports any write that SP-1 should exclude.
#![cfg(loom)]

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::Ordering;
use loom::thread;
use typhon_sync::safepoint::{POLL_STOP, ThreadState, World};

struct Model {
    world: World,
    /// One cell per mutator, written by it and by stoppers.
    cells: [UnsafeCell<u32>; 2],
}
// SAFETY: this is what the models verify.
unsafe impl Sync for Model {}
unsafe impl Send for Model {}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self { world: World::new(), cells: [UnsafeCell::new(0), UnsafeCell::new(0)] })
    }
    fn touch(&self, cell: usize) {
        self.cells[cell].with_mut(|p| unsafe { *p += 1 });
    }
    fn poll(&self, me: &ThreadState) {
        if me.poll.load(Ordering::Relaxed) & POLL_STOP != 0 {
            self.world.park(me, 1);
        }
    }
    fn mutator(&self, cell: usize, work: impl FnOnce(&ThreadState)) {
        let me = Box::new(ThreadState::default());
        unsafe { self.world.attach(&*me, |_| ()) };
        self.touch(cell);
        work(&me);
        self.touch(cell);
        unsafe { self.world.detach(&me, 1, || ()) };
    }
}

#[test]
fn blocked_against_stop() {
    loom::model(|| {
        let model = Model::new();
        let m = model.clone();
        let thread = thread::spawn(move || {
            m.mutator(0, |me| {
                m.world.enter_blocked(me, 1);
                m.world.leave_blocked(me);
            })
        });
        model.world.stop(None);
        model.touch(0);
        model.world.resume(None, true);
        thread.join().unwrap();
    });
}

#[test]
fn poll_and_attach_against_stop() {
    loom::model(|| {
        let model = Model::new();
        let m = model.clone();
        let thread = thread::spawn(move || m.mutator(0, |me| m.poll(me)));
        model.world.stop(None);
        model.touch(0);
        model.world.resume(None, true);
        thread.join().unwrap();
    });
}

#[test]
fn two_stoppers() {
    loom::model(|| {
        let model = Model::new();
        let m = model.clone();
        let thread = thread::spawn(move || {
            m.mutator(0, |me| {
                m.world.stop(Some((me, 1)));
                m.touch(0);
                m.touch(1);
                m.world.resume(Some(me), false);
            })
        });
        model.mutator(1, |me| {
            model.world.stop(Some((me, 1)));
            model.touch(0);
            model.touch(1);
            model.world.resume(Some(me), false);
        });
        thread.join().unwrap();
    });
}

#[test]
fn stopping_mutator_against_collector() {
    loom::model(|| {
        let model = Model::new();
        let m = model.clone();
        let thread = thread::spawn(move || {
            m.mutator(0, |me| {
                m.world.stop(Some((me, 1)));
                m.touch(0);
                m.world.resume(Some(me), false);
                m.poll(me);
            })
        });
        model.world.stop(None);
        model.touch(0);
        model.world.resume(None, true);
        thread.join().unwrap();
    });
}

#[test]
fn wait_for_collection_sees_its_end() {
    loom::model(|| {
        let model = Model::new();
        let me = Box::new(ThreadState::default());
        unsafe { model.world.attach(&*me, |_| ()) };
        let m = model.clone();
        // The request comes from a mutator that is already attached.
        let collector = thread::spawn(move || {
            m.world.stop(None);
            m.touch(0);
            m.world.resume(None, true);
        });
        model.touch(0);
        model.world.wait_for_collection(&me, 1);
        model.touch(0);
        unsafe { model.world.detach(&me, 1, || ()) };
        collector.join().unwrap();
    });
}

/// SP-6: a thread that parked because a collection is wanted goes on when it has ended,
/// and so does the one that wanted it.
#[test]
fn wanted_collection_parks_and_wakes_both() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let model = Model::new();
        let me = Box::new(ThreadState::default());
        unsafe { model.world.attach(&*me, |_| ()) };
        let m = model.clone();
        let other = thread::spawn(move || m.mutator(0, |me| m.poll(me)));
        let m = model.clone();
        let collector = thread::spawn(move || {
            m.world.stop(None);
            m.touch(0);
            m.touch(1);
            m.world.resume(None, true);
        });
        model.touch(1);
        model.world.wait_for_collection(&me, 1);
        model.touch(1);
        unsafe { model.world.detach(&me, 1, || ()) };
        collector.join().unwrap();
        other.join().unwrap();
    });
}
