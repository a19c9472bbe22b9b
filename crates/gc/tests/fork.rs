//! GC-11: fork while other threads allocate.

mod common;
use common::*;
use std::sync::atomic::{AtomicBool, Ordering};
use typhon_gc::*;

static DONE: AtomicBool = AtomicBool::new(false);

fn wait_for(m: &Mutator, pid: libc::pid_t) {
    let mut status = 0;
    let got = m.blocked(|| unsafe { libc::waitpid(pid, &mut status, 0) });
    assert_eq!(got, pid);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
}

fn child(m: &Mutator, tree: *mut u8) -> ! {
    let before = stats();
    let mut ok = count(tree) == 1023;
    m.collect(true);
    m.collect(false);
    let more = build(m, 14);
    ok &= count(more) == (1 << 15) - 1 && count(tree) == 1023;
    ok &= stats().full_collections > before.full_collections;
    ok &= verify(m).is_ok();
    // Threads work in the child.
    let other = spawn(|m| count(build(m, 5)));
    ok &= m.blocked(|| other.join().unwrap()) == 63;
    unsafe { libc::_exit(!ok as i32) }
}

#[test]
fn fork_while_others_allocate() {
    start(HeapOptions { min_heap: 4 << 20, ..HeapOptions::default() });
    attached_here(|m| {
        let tree = build(m, 9);
        // Before the first collection: no collector threads exist.
        match m.fork() {
            0 => child(m, tree),
            pid => wait_for(m, pid),
        }
        let others: Vec<_> = (0..2)
            .map(|_| {
                spawn(|m| {
                    while !DONE.load(Ordering::Relaxed) {
                        assert_eq!(count(build(m, 10)), 2047);
                    }
                })
            })
            .collect();
        let forker = spawn(|m| {
            let tree = build(m, 9);
            for _ in 0..10 {
                match m.fork() {
                    0 => child(m, tree),
                    pid => wait_for(m, pid),
                }
                poll(m);
            }
        });
        for _ in 0..15 {
            match m.fork() {
                0 => child(m, tree),
                pid => wait_for(m, pid),
            }
            poll(m);
            assert_eq!(count(tree), 1023);
        }
        m.blocked(|| {
            forker.join().unwrap();
            DONE.store(true, Ordering::Relaxed);
            others.into_iter().for_each(|t| t.join().unwrap());
        });
    });
}
