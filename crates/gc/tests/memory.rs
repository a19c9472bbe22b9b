//! The heap limit, large objects, giving memory back.

mod common;
use common::*;
use std::hint::black_box;
use std::sync::Mutex;
use typhon_gc::*;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
const MB: usize = 1 << 20;

fn run(f: impl FnOnce(&Mutator)) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    start(HeapOptions { min_heap: 8 * MB, max_heap: 160 * MB, ..HeapOptions::default() });
    attached_here(f);
}

fn rss() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[inline(never)]
fn fill_up(m: &Mutator, size: usize) -> usize {
    let mut list: *mut u8 = std::ptr::null_mut();
    let mut total = 0;
    loop {
        poll(m);
        let len = size / 8;
        match m.alloc_var(shapes().array, 16 + 8 * len, len as u64) {
            Ok(a) => {
                init_slot(a, 1, list as u64);
                list = a;
                total += size;
            }
            Err(OutOfMemory) => break,
        }
        assert!(total < 400 * MB, "the limit is not enforced");
    }
    let mut n = 0;
    while !list.is_null() {
        n += size;
        list = at(list, 1);
    }
    assert_eq!(n, total);
    total
}

#[test]
fn out_of_memory_is_an_error_and_passes() {
    run(|m| {
        for size in [64, 10_000, MB] {
            let total = fill_up(m, size);
            assert!(total > 70 * MB, "size {size}: only {total}");
            scrub();
            assert_eq!(count(build(m, 10)), 2047);
        }
        assert!(m.alloc_var(shapes().bytes, 1 << 40, (1 << 40) - 16).is_err());
        assert!(m.alloc_var(shapes().bytes, usize::MAX - 7, 1).is_err());
        assert!(stats().out_of_memory >= 4);
        assert_eq!(count(build(m, 10)), 2047);
    });
}

#[inline(never)]
fn peak(m: &Mutator) -> usize {
    let small = build(m, 19);
    let large = array(m, 8 * MB / 8);
    for i in 0..5 {
        let b = bytes(m, 8 * MB, 7);
        put(m, large, 1 + i, b as u64);
    }
    let used = rss();
    assert_eq!(count(small), (1 << 20) - 1);
    black_box(large);
    used
}

#[test]
fn memory_is_given_back_after_a_peak() {
    run(|m| {
        let high = peak(m);
        scrub();
        for _ in 0..2 {
            m.collect(true);
        }
        let low = rss();
        assert!(stats().returned_bytes > 0);
        assert!(low + 40 * MB < high, "{} MB, then {} MB", high / MB, low / MB);
        // What was dropped is usable, and zero.
        for _ in 0..50 {
            let a = array(m, MB / 8);
            assert!((0..MB / 8).step_by(511).all(|i| get(a, 1 + i) == 0));
        }
        assert_eq!(count(build(m, 16)), (1 << 17) - 1);
        verify(m).unwrap();
    });
}

#[test]
fn large_objects_are_traced_through_barriers() {
    run(|m| {
        let large = array(m, 100_000);
        m.collect(true);
        for i in 0..1000 {
            put(m, large, 1 + i * 100, build(m, 3) as u64);
            poll(m);
            if i % 250 == 0 {
                m.collect(false);
            }
        }
        m.collect(false);
        for i in 0..1000 {
            assert_eq!(count(at(large, 1 + i * 100)), 15);
        }
        assert_eq!(get(large, 2), 0);
    });
}
