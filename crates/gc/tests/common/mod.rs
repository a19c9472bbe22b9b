//! Shared by the test binaries: mmtk is one per process, so each binary is one
//! configuration of the heap.
#![allow(dead_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_gc::*;

pub struct Shapes {
    /// left, right, key
    pub node: u32,
    pub array: u32,
    pub bytes: u32,
    /// As `node`, through a trace function.
    pub custom: u32,
    /// referent (weak), payload
    pub weak: u32,
    /// As `weak`, queued when cleared.
    pub weak_queued: u32,
}

unsafe fn trace_custom(object: *mut u8, tracer: &mut Tracer) {
    tracer.slots(slot(object, 0), 3);
}

static SHAPES: OnceLock<Shapes> = OnceLock::new();

pub fn start(options: HeapOptions) -> &'static Shapes {
    SHAPES.get_or_init(|| {
        init(&options);
        Shapes {
            node: new_layout(LayoutInit::slots(3)),
            array: new_layout(LayoutInit::array()),
            bytes: new_layout(LayoutInit::bytes()),
            custom: new_layout(LayoutInit::custom(32, trace_custom)),
            weak: new_layout(LayoutInit::slots(2).with_flags(WEAK_REFERENT)),
            weak_queued: new_layout(LayoutInit::slots(2).with_flags(WEAK_REFERENT | QUEUE_CLEARED)),
        }
    })
}

pub fn shapes() -> &'static Shapes {
    SHAPES.get().expect("start() comes first")
}

/// Runs `f` on the calling thread as a mutator.
pub fn attached_here<R>(f: impl FnOnce(&Mutator) -> R) -> R {
    let mut m = Box::new(Mutator::new());
    unsafe { attached(&mut *m, f) }
}

pub fn spawn<R: Send + 'static>(f: impl FnOnce(&Mutator) -> R + Send + 'static) -> std::thread::JoinHandle<R> {
    std::thread::spawn(move || attached_here(f))
}

pub fn poll(m: &Mutator) {
    if m.poll_pending() {
        m.clear(POLL_FINALIZE);
        m.poll_slow();
    }
}

pub fn slot(object: *mut u8, i: usize) -> *const AtomicU64 {
    unsafe { object.add(8 + 8 * i) as *const AtomicU64 }
}
pub fn get(object: *mut u8, i: usize) -> u64 {
    unsafe { (*slot(object, i)).load(Ordering::Relaxed) }
}
pub fn at(object: *mut u8, i: usize) -> *mut u8 {
    get(object, i) as *mut u8
}
pub fn init_slot(object: *mut u8, i: usize, value: u64) {
    unsafe { (*slot(object, i)).store(value, Ordering::Release) }
}
pub fn put(m: &Mutator, object: *mut u8, i: usize, value: u64) {
    init_slot(object, i, value);
    m.barrier(object);
}
pub fn int(n: u64) -> u64 {
    n << 1 | 1
}

pub fn node(m: &Mutator, left: *mut u8, right: *mut u8, key: u64) -> *mut u8 {
    let shape = if key & 1 == 0 { shapes().node } else { shapes().custom };
    let n = m.alloc(shape, 32).unwrap();
    init_slot(n, 0, left as u64);
    init_slot(n, 1, right as u64);
    init_slot(n, 2, int(key));
    n
}
pub fn array(m: &Mutator, len: usize) -> *mut u8 {
    m.alloc_var(shapes().array, 16 + 8 * len, len as u64).unwrap()
}
pub fn bytes(m: &Mutator, len: usize, fill: u8) -> *mut u8 {
    let b = m.alloc_var(shapes().bytes, 16 + len, len as u64).unwrap();
    unsafe { b.add(16).write_bytes(fill, len) };
    b
}

#[inline(never)]
pub fn build(m: &Mutator, depth: u32) -> *mut u8 {
    poll(m);
    let null = std::ptr::null_mut();
    if depth == 0 {
        return node(m, null, null, 0);
    }
    let left = build(m, depth - 1);
    let right = build(m, depth - 1);
    node(m, left, right, depth as u64)
}
pub fn count(tree: *mut u8) -> u64 {
    let shape = unsafe { shape_of(tree) };
    assert!(shape == shapes().node || shape == shapes().custom, "corrupt object {tree:p}");
    match get(tree, 0) {
        0 => 1,
        _ => 1 + count(at(tree, 0)) + count(at(tree, 1)),
    }
}

/// Overwrites the part of the stack that finished calls may have left pointers in.
#[inline(never)]
pub fn scrub() {
    let junk = [0u64; 4096];
    std::hint::black_box(&junk);
}

pub struct Rng(pub u64);
impl Rng {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}
