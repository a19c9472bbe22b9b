//! Stacks that belong to objects (GC-19): what stands on them lives as long as the object.

mod common;
use common::*;
use std::cell::Cell;
use std::sync::OnceLock;
use typhon_gc::*;

/// sp (not a value), upper end of the stack
static OWNER: OnceLock<u32> = OnceLock::new();

unsafe fn trace_owner(object: *mut u8, tracer: &mut Tracer) {
    let sp = get(object, 0) as usize;
    if sp != 0 {
        tracer.range(sp, get(object, 1) as usize);
    }
}

thread_local! {
    static MUTATOR: Cell<*const Mutator> = const { Cell::new(std::ptr::null()) };
    /// Where the thread's own stack was left, and its end.
    static HOME: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static RUNNING: Cell<*mut u8> = const { Cell::new(std::ptr::null_mut()) };
}

const STEPS: u64 = 5;

/// A chain of nodes with keys from `first` on, held by nothing but this frame.
#[inline(never)]
fn chain(m: &Mutator, first: u64, n: u64) -> *mut u8 {
    let mut head = std::ptr::null_mut();
    for i in (first..first + n).rev() {
        poll(m);
        head = node(m, head, std::ptr::null_mut(), i);
    }
    head
}

#[inline(never)]
fn check(mut head: *mut u8, first: u64, n: u64) {
    for i in first..first + n {
        assert!(is_object(head as u64), "{head:?} was freed");
        assert_eq!(get(head, 2), int(i));
        head = at(head, 0);
    }
    assert!(head.is_null());
}

/// Leave the running stack, which belongs to `RUNNING`.
#[inline(never)]
fn go_home(m: &Mutator) {
    let owner = RUNNING.get();
    let (sp, hi) = HOME.get();
    m.barrier(owner);
    m.set_stacks(hi, 0, 0);
    unsafe { switch(slot(owner, 0) as *mut usize, sp, std::ptr::null_mut()) };
}

unsafe extern "C" fn body(first: usize) -> ! {
    let m = unsafe { &*MUTATOR.get() };
    let mut chains = [std::ptr::null_mut(); STEPS as usize];
    for i in 0..STEPS as usize {
        chains[i] = chain(m, (first + i) as u64, 20);
        go_home(m);
        for (j, head) in chains[..=i].iter().enumerate() {
            check(*head, (first + j) as u64, 20);
        }
    }
    loop {
        go_home(m);
    }
}

#[inline(never)]
fn make(m: &Mutator, first: usize, stacks: &mut Vec<Stack>) -> *mut u8 {
    let owner = m.alloc(*OWNER.get().unwrap(), 24).unwrap();
    let stack = Stack::take().unwrap();
    init_slot(owner, 0, unsafe { stack.prepare(body, first) } as u64);
    init_slot(owner, 1, stack.native_high() as u64);
    stacks.push(stack);
    owner
}

#[inline(never)]
fn resume(m: &Mutator, owner: *mut u8) {
    let to = get(owner, 0) as usize;
    init_slot(owner, 0, 0);
    RUNNING.set(owner);
    let mut left = 0;
    let hi = m.stack_hi();
    m.set_stacks(get(owner, 1) as usize, 0, 0);
    // As `left` is written by the switch, home is told of it beforehand: the frame below.
    HOME.set((0, hi));
    unsafe { enter(&mut left, to) };
}

/// Switches with `HOME` set to where this frame is left.
unsafe fn enter(left: &mut usize, to: usize) {
    let (_, hi) = HOME.get();
    let home: *mut (usize, usize) = HOME.with(Cell::as_ptr);
    *home = (0, hi);
    unsafe { switch(&raw mut (*home).0, to, std::ptr::from_mut(left).cast()) };
}

#[test]
fn what_stands_on_a_stack_lives_with_its_object() {
    start(HeapOptions::default());
    OWNER.get_or_init(|| new_layout(LayoutInit::custom(24, trace_owner)));
    attached_here(|m| {
        MUTATOR.set(m);
        const N: usize = 100;
        let mut stacks = Vec::new();
        let owners = array(m, N);
        let weaks = array(m, N);
        for i in 0..N {
            let owner = make(m, i * 1000, &mut stacks);
            put(m, owners, 1 + i, owner as u64);
            let w = m.alloc(shapes().weak, 24).unwrap();
            init_slot(w, 0, owner as u64);
            unsafe { register_weak(w) };
            put(m, weaks, 1 + i, w as u64);
        }
        // The home stack is scanned only while it runs: the arrays are kept by roots.
        let roots = [OwnedRoot::new(m, owners as u64), OwnedRoot::new(m, weaks as u64)];
        for step in 0..STEPS as usize + 2 {
            for i in 0..N {
                resume(m, at(owners, 1 + i));
                if i % 10 == step {
                    m.collect(i % 20 == step);
                }
                // Garbage that takes the place of what was freed wrongly.
                chain(m, 7, 10);
            }
            m.collect(step % 2 == 0);
        }
        for i in (0..N).step_by(2) {
            put(m, owners, 1 + i, 0);
        }
        RUNNING.set(std::ptr::null_mut());
        scrub();
        m.collect(true);
        let alive = (0..N).filter(|&i| get(at(weaks, 1 + i), 0) != 0).count();
        assert!((N / 2..N / 2 + 4).contains(&alive), "{alive}");
        drop(roots);
        stacks.drain(..).for_each(Stack::give_back);
    });
}

#[test]
fn the_page_between_the_two_stacks_faults() {
    let stack = Stack::take().unwrap();
    // Also when the region was given back and lost its pages.
    for used in [false, true] {
        if used {
            unsafe { libc::madvise(stack.address() as *mut libc::c_void, STACK_BYTES, libc::MADV_DONTNEED) };
        }
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                *(stack.values_end() as *mut u64) = 1;
                libc::_exit(0);
            }
            let mut status = 0;
            libc::waitpid(child, &mut status, 0);
            assert!(libc::WIFSIGNALED(status), "{status}");
        }
    }
    stack.give_back();
}

#[test]
fn regions_are_used_again() {
    let first = Stack::take().unwrap();
    let at = first.address();
    assert!(first.values_end() < first.native_low() && first.native_high() == at + STACK_BYTES);
    first.give_back();
    let many: Vec<Stack> = (0..600).map(|_| Stack::take().unwrap()).collect();
    for stack in &many {
        unsafe { *(stack.address() as *mut u64) = 1 };
    }
    many.into_iter().for_each(Stack::give_back);
    let again: Vec<Stack> = (0..600).map(|_| Stack::take().unwrap()).collect();
    let mut places: Vec<usize> = again.iter().map(Stack::address).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 600);
    again.into_iter().for_each(Stack::give_back);
}
