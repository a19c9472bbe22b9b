//! Weak references, finalizers, destructors, hooks, external memory (GC-17, GC-18).

mod common;
use common::*;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use typhon_gc::*;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn run(f: impl FnOnce(&Mutator)) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    start(HeapOptions::default());
    attached_here(f);
}

fn weak(m: &Mutator, shape: u32, referent: *mut u8) -> *mut u8 {
    let w = m.alloc(shape, 24).unwrap();
    init_slot(w, 0, referent as u64);
    unsafe { register_weak(w) };
    w
}

static DROPS: AtomicU64 = AtomicU64::new(0);
unsafe fn count_drop(object: *mut u8) {
    assert_eq!(shape_of(object), shapes().node);
    DROPS.fetch_add(1, Ordering::Relaxed);
}

/// `n` weak objects in an array, every other referent kept in another array.
#[inline(never)]
fn populate(m: &Mutator, n: usize) -> (*mut u8, *mut u8) {
    let weaks = array(m, n);
    let kept = array(m, n);
    for i in 0..n {
        poll(m);
        let referent = node(m, std::ptr::null_mut(), std::ptr::null_mut(), 2 * i as u64);
        let shape = if i % 4 < 2 { shapes().weak } else { shapes().weak_queued };
        put(m, weaks, 1 + i, weak(m, shape, referent) as u64);
        if i % 2 == 0 {
            put(m, kept, 1 + i, referent as u64);
        } else if i % 4 == 1 {
            unsafe { register_finalizable(referent) };
        }
        unsafe { register_native_drop(referent, count_drop) };
    }
    (weaks, kept)
}

#[test]
fn counts() {
    run(|m| {
        const N: usize = 20_000;
        let (weaks, kept) = populate(m, N);
        scrub();
        m.collect(true);
        let alive = (0..N).filter(|&i| get(at(weaks, 1 + i), 0) != 0).count();
        // A stale word on the stack may keep one or the other.
        assert!((N / 2..N / 2 + 4).contains(&alive), "{alive}");
        assert!(m.poll_bits() & POLL_FINALIZE != 0);
        let drops = DROPS.load(Ordering::Relaxed);
        assert!((N as u64 / 4 - 4..=N as u64 / 4).contains(&drops), "{drops}");
        let mut finalizers = 0;
        while let Some(object) = pop_ready_finalizer() {
            // Resurrected whole.
            assert_eq!(unsafe { shape_of(object) }, shapes().node);
            assert_eq!(get(object, 2) >> 1 & 3, 2);
            finalizers += 1;
            if finalizers == 100 {
                m.collect(true);
            }
        }
        assert!((N / 4 - 4..=N / 4).contains(&finalizers), "{finalizers}");
        let mut queued = 0;
        while let Some(w) = pop_cleared_weak() {
            assert_eq!(unsafe { shape_of(w) }, shapes().weak_queued);
            assert_eq!(get(w, 0), 0);
            queued += 1;
        }
        assert!((N / 4 - 4..=N / 4).contains(&queued), "{queued}");
        // Finalized objects are gone for good now, and not queued again.
        scrub();
        m.collect(true);
        assert!(pop_ready_finalizer().is_none());
        assert!(DROPS.load(Ordering::Relaxed) >= N as u64 / 2 - 8);
        black_box((weaks, kept));
    });
}

#[inline(never)]
fn make_resurrected(m: &Mutator) {
    // A dead object holds a weak object to something that lives on for now.
    let holder = node(m, std::ptr::null_mut(), std::ptr::null_mut(), 4);
    let target = build(m, 2);
    KEEP.set(m, target as u64);
    let w = weak(m, shapes().weak, target);
    put(m, holder, 0, w as u64);
    unsafe { register_finalizable(holder) };
}
#[inline(never)]
fn forget(m: &Mutator, holder: *mut u8) {
    assert_eq!(get(at(holder, 0), 0), KEEP.get());
    KEEP.set(m, 0);
}
static KEEP: Root = Root::new();

#[test]
fn weak_object_brought_back_by_a_finalizer_is_still_cleared() {
    run(|m| {
        while pop_ready_finalizer().is_some() {}
        make_resurrected(m);
        scrub();
        m.collect(false);
        let Some(holder) = pop_ready_finalizer() else {
            return; // A stale word kept it: nothing to test this time.
        };
        forget(m, holder);
        scrub();
        m.collect(true);
        m.collect(true);
        assert_eq!(get(at(holder, 0), 0), 0);
    });
}

#[test]
fn hooks_and_external_memory() {
    static SIDE: AtomicU64 = AtomicU64::new(0);
    static CALLED: AtomicBool = AtomicBool::new(false);
    run(|m| {
        register_weak_hook(|query| {
            CALLED.store(true, Ordering::Relaxed);
            if !query.is_live(SIDE.load(Ordering::Relaxed)) {
                SIDE.store(0, Ordering::Relaxed);
            }
        });
        #[inline(never)]
        fn fill(m: &Mutator) {
            SIDE.store(build(m, 2) as u64, Ordering::Relaxed);
        }
        fill(m);
        scrub();
        let before = stats().full_collections;
        add_external(200 << 20);
        assert!(m.poll_bits() & POLL_COLLECT != 0);
        poll(m);
        assert!(stats().full_collections > before);
        assert!(CALLED.load(Ordering::Relaxed));
        assert_eq!(SIDE.load(Ordering::Relaxed), 0);
        add_external(-(200 << 20));
        assert_eq!(stats().external_bytes, 0);
    });
}
