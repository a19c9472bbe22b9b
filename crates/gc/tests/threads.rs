//! Threads that allocate, mutate, block and stop each other while collections run.
//! GC-1 to GC-10, GC-12, GC-14.

mod common;
use common::*;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use typhon_gc::*;

fn begin() {
    start(HeapOptions { min_heap: 4 << 20, ..HeapOptions::default() });
}

static SHARED: Root = Root::new();

/// Trees and buffers held from the stack only, with a shadow in Rust memory.
fn churn(m: &Mutator, seed: u64, time: Duration) -> u64 {
    let mut rng = Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let end = Instant::now() + time;
    let kept = array(m, 64);
    let mut shadow = [(0usize, 0u8); 64];
    let mut rounds = 0;
    while Instant::now() < end {
        rounds += 1;
        let mut root = node(m, std::ptr::null_mut(), std::ptr::null_mut(), 1 << 40);
        let mut keys = vec![1 << 40];
        for _ in 0..300 {
            poll(m);
            let key = rng.below(1 << 41);
            root = insert(m, root, key);
            keys.push(key);
            match rng.below(16) {
                0 => {
                    let i = rng.below(64) as usize;
                    let len = match rng.below(40) {
                        0 => 20_000 + rng.below(60_000),
                        1..=5 => rng.below(4000),
                        _ => rng.below(200),
                    } as usize;
                    let fill = rng.below(256) as u8;
                    let b = bytes(m, len, fill);
                    put(m, kept, 1 + i, b as u64);
                    shadow[i] = (len, fill);
                }
                1 => interior(m, &mut rng),
                2 => {
                    let shared = SHARED.get() as *mut u8;
                    let i = 1 + rng.below(256) as usize;
                    let fresh = node(m, std::ptr::null_mut(), std::ptr::null_mut(), 77);
                    let old = at(shared, i);
                    put(m, shared, i, fresh as u64);
                    if !old.is_null() {
                        assert_eq!(get(old, 2), int(77));
                    }
                }
                3 => {
                    let n = node(m, std::ptr::null_mut(), std::ptr::null_mut(), key);
                    m.blocked(|| m.blocked(std::thread::yield_now));
                    assert_eq!(get(n, 2), int(key));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        walk(m, root, &mut found);
        keys.sort_unstable();
        assert_eq!(found, keys);
        for (i, &(len, fill)) in shadow.iter().enumerate() {
            let b = at(kept, 1 + i);
            if !b.is_null() {
                assert_eq!(unsafe { *(b.add(8) as *const u64) } as usize, len);
                assert!((0..len).step_by(97).all(|j| unsafe { *b.add(16 + j) } == fill));
            }
        }
    }
    rounds
}

fn insert(m: &Mutator, root: *mut u8, key: u64) -> *mut u8 {
    let fresh = node(m, std::ptr::null_mut(), std::ptr::null_mut(), key);
    let mut parent = root;
    loop {
        poll(m);
        let side = (key >= get(parent, 2) >> 1) as usize;
        if get(parent, side) == 0 {
            put(m, parent, side, fresh as u64);
            return root;
        }
        parent = at(parent, side);
    }
}

fn walk(m: &Mutator, tree: *mut u8, out: &mut Vec<u64>) {
    poll(m);
    if get(tree, 0) != 0 {
        walk(m, at(tree, 0), out);
    }
    out.push(get(tree, 2) >> 1);
    if get(tree, 1) != 0 {
        walk(m, at(tree, 1), out);
    }
}

/// Only an interior pointer survives the allocations (GC-10).
#[inline(never)]
fn interior(m: &Mutator, rng: &mut Rng) {
    let len = 2 + rng.below(600) as usize;
    let a = array(m, len);
    for i in 0..len {
        init_slot(a, 1 + i, int(i as u64));
    }
    let k = rng.below(len as u64) as usize;
    let middle = black_box(unsafe { a.add(16 + 8 * k) });
    for _ in 0..rng.below(10) {
        black_box(build(m, 4));
    }
    for i in k..len {
        assert_eq!(unsafe { *(middle.add(8 * (i - k)) as *const u64) }, int(i as u64));
    }
    assert_eq!(unsafe { shape_of(middle.sub(16 + 8 * k)) }, shapes().array);
}

fn share(m: &Mutator) {
    if SHARED.get() == 0 {
        let a = array(m, 256);
        SHARED.set(m, a as u64);
    }
}

#[test]
fn churn_with_stops_and_blocked_threads() {
    begin();
    static DONE: AtomicBool = AtomicBool::new(false);
    static STOPS: AtomicU64 = AtomicU64::new(0);
    attached_here(|m| {
        share(m);
        let time = Duration::from_secs(4);
        let workers: Vec<_> = (1..4).map(|seed| spawn(move |m| churn(m, seed, time))).collect();
        let collector = spawn(|m| {
            while !DONE.load(Ordering::Relaxed) {
                m.blocked(|| std::thread::sleep(Duration::from_millis(3)));
                m.collect(STOPS.load(Ordering::Relaxed).is_multiple_of(3));
                poll(m);
            }
        });
        let stoppers: Vec<_> = (0..2)
            .map(|_| {
                spawn(|m| {
                    // Two plain cells that only stopped-world sections touch.
                    static CELL: AtomicU64 = AtomicU64::new(0);
                    while !DONE.load(Ordering::Relaxed) {
                        m.stop_the_world(|| {
                            let seen = CELL.load(Ordering::Relaxed);
                            std::thread::yield_now();
                            CELL.store(seen + 1, Ordering::Relaxed);
                            assert_eq!(CELL.load(Ordering::Relaxed), seen + 1);
                        });
                        STOPS.fetch_add(1, Ordering::Relaxed);
                        m.blocked(|| std::thread::sleep(Duration::from_micros(300)));
                        poll(m);
                    }
                })
            })
            .collect();
        // Threads come and go meanwhile.
        let end = Instant::now() + time;
        while Instant::now() < end {
            let short = spawn(|m| count(build(m, 8)));
            assert_eq!(m.blocked(|| short.join().unwrap()), 511);
            poll(m);
        }
        m.blocked(|| {
            workers.into_iter().for_each(|t| assert!(t.join().unwrap() > 0));
            DONE.store(true, Ordering::Relaxed);
            collector.join().unwrap();
            stoppers.into_iter().for_each(|t| t.join().unwrap());
        });
        assert!(multi_threaded() && m.multi());
        let s = stats();
        assert!(s.young_collections > 10 && s.full_collections > 10, "{s:?}");
        assert!(STOPS.load(Ordering::Relaxed) > 100);
        let reached = verify(m).unwrap();
        assert!(reached > 256, "{reached}");
    });
}

#[test]
fn roots_of_every_kind_are_kept() {
    begin();
    static STATIC: Root = Root::new();
    attached_here(|m| {
        STATIC.set(m, build(m, 6) as u64);
        let owned = OwnedRoot::new(m, build(m, 7) as u64);
        // A value stack: words outside the native stack.
        let mut values = vec![0u64; 100];
        let lo = values.as_mut_ptr() as usize;
        m.set_value_stack(lo);
        values[3] = build(m, 5) as u64;
        m.set_vs_top(lo + 4 * 8);
        let mut ranged = vec![0u64; 8];
        ranged[7] = build(m, 4) as u64 + 24;
        let range_lo = ranged.as_ptr() as usize;
        let range = unsafe { StackRange::new(m, range_lo, range_lo + 64) };
        for i in 0..6 {
            scrub();
            m.collect(i % 2 == 0);
            black_box(build(m, 12));
        }
        assert_eq!(count(STATIC.get() as *mut u8), 127);
        assert_eq!(count(owned.get() as *mut u8), 255);
        assert_eq!(count(black_box(&values)[3] as *mut u8), 63);
        assert_eq!(count((black_box(&ranged)[7] - 24) as *mut u8), 31);
        drop(range);
        // The root moves into another thread's closure.
        let sum = spawn(move |m| {
            m.collect(true);
            count(owned.get() as *mut u8)
        });
        assert_eq!(m.blocked(|| sum.join().unwrap()), 255);
    });
}

#[test]
fn heap_walk_finds_objects() {
    begin();
    attached_here(|m| {
        let tree = build(m, 5);
        let mut seen = false;
        for_each_object(m, |object| seen |= object == tree);
        assert!(seen && is_object(tree as u64));
        assert!(!is_object(tree as u64 + 8) && !is_object(int(4)) && !is_object(0));
        assert!(!is_object(&raw const seen as u64 & !7));
        let big = array(m, 100_000);
        assert!(is_object(big as u64));
        black_box((tree, big));
    });
}

#[test]
fn many_blocked_threads_do_not_hold_up_collections() {
    begin();
    static GO: AtomicBool = AtomicBool::new(false);
    attached_here(|m| {
        let threads: Vec<_> = (0..50)
            .map(|i| {
                spawn(move |m| {
                    let tree = build(m, 3);
                    m.blocked(|| {
                        while !GO.load(Ordering::Relaxed) {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                    });
                    poll(m);
                    count(tree) + i
                })
            })
            .collect();
        for _ in 0..5 {
            m.collect(true);
            black_box(build(m, 10));
        }
        GO.store(true, Ordering::Relaxed);
        m.blocked(|| {
            for (i, t) in threads.into_iter().enumerate() {
                assert_eq!(t.join().unwrap(), 15 + i as u64);
            }
        });
    });
}

#[test]
fn threads_that_have_ended_leave_no_memory() {
    begin();
    let in_use = || unsafe { libc::mallinfo2().uordblks };
    let come_and_go = |n| {
        for _ in 0..n {
            attached_here(|_| ());
        }
    };
    come_and_go(100);
    let before = in_use();
    come_and_go(5000);
    let grown = in_use().saturating_sub(before);
    assert!(grown < 5000, "{grown} bytes");
}
