//! Micro-benchmarks: `cargo run --release -p typhon-gc --example alloc [part]`.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use typhon_gc::*;

static NODE: AtomicU64 = AtomicU64::new(0);
static ARRAY: AtomicU64 = AtomicU64::new(0);

fn poll(m: &Mutator) {
    if m.poll_pending() {
        m.poll_slow();
    }
}
fn slot(object: *mut u8, i: usize) -> &'static AtomicU64 {
    unsafe { &*(object.add(8 + 8 * i) as *const AtomicU64) }
}

#[inline(never)]
fn build(m: &Mutator, shape: u32, depth: u32) -> *mut u8 {
    poll(m);
    if depth == 0 {
        return m.alloc(shape, 24).unwrap();
    }
    let left = build(m, shape, depth - 1);
    let right = build(m, shape, depth - 1);
    let n = m.alloc(shape, 24).unwrap();
    slot(n, 0).store(left as u64, Ordering::Relaxed);
    slot(n, 1).store(right as u64, Ordering::Relaxed);
    n
}

fn check(tree: *mut u8) -> u64 {
    match slot(tree, 0).load(Ordering::Relaxed) {
        0 => 1,
        left => {
            let right = slot(tree, 1).load(Ordering::Relaxed);
            1 + check(left as *mut u8) + check(right as *mut u8)
        }
    }
}

fn binary_trees(m: &Mutator, max: u32) -> u64 {
    let shape = NODE.load(Ordering::Relaxed) as u32;
    let mut total = check(build(m, shape, max + 1));
    let long = build(m, shape, max);
    for depth in (4..=max).step_by(2) {
        for _ in 0..1u64 << (max - depth + 4) {
            total += check(build(m, shape, depth));
        }
    }
    total + check(black_box(long))
}

fn rss() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4 / 1024
}

fn on_thread<R: Send + 'static>(f: impl FnOnce(&Mutator) -> R + Send + 'static) -> std::thread::JoinHandle<R> {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || unsafe { attached(&mut *Box::new(Mutator::new()), f) })
        .unwrap()
}

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    let wants = |name: &str| part.is_empty() || part == name;
    let number = |name: &str| std::env::var(name).ok().and_then(|s| s.parse::<usize>().ok());
    let t = Instant::now();
    let before = rss();
    let defaults = HeapOptions::default();
    init(&HeapOptions {
        min_heap: number("MIN_HEAP_MB").map_or(defaults.min_heap, |mb| mb << 20),
        threads: number("GC_THREADS").unwrap_or(1),
        ..defaults
    });
    let init_time = t.elapsed();
    NODE.store(new_layout(LayoutInit::slots(2)) as u64, Ordering::Relaxed);
    ARRAY.store(new_layout(LayoutInit::array()) as u64, Ordering::Relaxed);
    let mut context = Box::new(Mutator::new());
    unsafe {
        attached(&mut *context, |m| {
            println!("init {init_time:?}, first attach at {:?}, RSS {before} -> {} MB", t.elapsed(), rss());
            if part == "start" {
                return;
            }
            if wants("alloc") {
                allocation(m);
            }
            if wants("trees") {
                trees(m);
            }
            if wants("live") {
                live(m);
            }
        });
    }
    println!("{:?}", stats());
}

fn allocation(m: &Mutator) {
    let shape = NODE.load(Ordering::Relaxed) as u32;
    const N: u32 = 50_000_000;
    let t = Instant::now();
    for _ in 0..N {
        poll(m);
        black_box(m.alloc(shape, 24).unwrap());
    }
    println!("alloc 24 B: {:.2} ns", t.elapsed().as_nanos() as f64 / N as f64);
    let old = m.alloc(shape, 24).unwrap();
    m.collect(true);
    let t = Instant::now();
    for _ in 0..N {
        slot(black_box(old), 0).store(1, Ordering::Relaxed);
        m.barrier(old);
    }
    println!("store with barrier: {:.2} ns", t.elapsed().as_nanos() as f64 / N as f64);
    let t = Instant::now();
    for _ in 0..N / 10 {
        m.blocked(|| black_box(0));
    }
    println!("blocked(): {:.1} ns", t.elapsed().as_nanos() as f64 / (N / 10) as f64);
    for i in 0..2 {
        let t = Instant::now();
        for _ in 0..20 {
            m.collect(i == 0);
        }
        println!("collection of nothing, full = {}: {:?}", i == 0, t.elapsed() / 20);
    }
}

fn trees(m: &Mutator) {
    for depth in [16, 18] {
        let (t, pauses) = (Instant::now(), stats().total_pause);
        black_box(binary_trees(m, depth));
        let pauses = stats().total_pause - pauses;
        println!("binary trees {depth}: {:?}, of it in pauses {pauses:?}", t.elapsed());
    }
    let (t, pauses) = (Instant::now(), stats().total_pause);
    let threads: Vec<_> = (0..2).map(|_| on_thread(|m| binary_trees(m, 18))).collect();
    m.blocked(|| threads.into_iter().for_each(|t| assert!(black_box(t.join().unwrap()) > 0)));
    println!(
        "binary trees 18, two threads each: {:?}, of it in pauses {:?}, RSS {} MB",
        t.elapsed(),
        stats().total_pause - pauses,
        rss()
    );
}

/// Pauses with 500 MB live.
fn live(m: &Mutator) {
    let (node, array) = (NODE.load(Ordering::Relaxed) as u32, ARRAY.load(Ordering::Relaxed) as u32);
    let n = 10;
    let list = m.alloc_var(array, 16 + 8 * n, n as u64).unwrap();
    for i in 0..n {
        let tree = build(m, node, 20);
        slot(list, 1 + i).store(tree as u64, Ordering::Relaxed);
        m.barrier(list);
    }
    m.collect(true);
    let s = stats();
    println!("live {} MB, full pause {:?}, RSS {} MB", s.used_bytes >> 20, s.last_pause, rss());
    let (mut worst, mut total, mut count) = (Duration::ZERO, Duration::ZERO, 0);
    let (mut seen, full) = (s.young_collections, s.full_collections);
    let t = Instant::now();
    while t.elapsed() < Duration::from_secs(2) {
        black_box(build(m, node, 10));
        let s = stats();
        if s.young_collections != seen {
            seen = s.young_collections;
            worst = worst.max(s.last_pause);
            total += s.last_pause;
            count += 1;
        }
    }
    let full = stats().full_collections - full;
    println!("young pauses: {count}, mean {:?}, worst {worst:?}; full {full}", total / count.max(1));
    black_box(list);
}
