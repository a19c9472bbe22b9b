//! Weak references, finalizers, native destructors, weak hooks (GC-17, GC-18).
//!
//! Work at the end of marking, in two rounds, because finalizers resurrect:
//!
//! 1. Weak objects whose referent is dead are cleared. Then dead finalizable objects
//!    are traced and queued; if there are any, mmtk completes the trace.
//! 2. Tables drop what is dead now; destructors of dead objects and hooks run.
//!
//! Each table has a young part, looked at by every collection, and an old part, looked at
//! by full ones only. Survivors of any collection are old in StickyImmix, so the
//! young part empties each time.
//!
//! Tests: `tests/weak.rs`.

use crate::binding::{object_ref, pointer};
use crate::layout::{QUEUE_CLEARED, WEAK_REFERENT, is_pointer, layout, shape_of};
use crate::{census, stats};
use mmtk::util::ObjectReference;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use typhon_sync::prim::lock;

struct Table<T> {
    young: Vec<T>,
    old: Vec<T>,
}

impl<T> Table<T> {
    const fn new() -> Self {
        Self { young: Vec::new(), old: Vec::new() }
    }

    /// Keeps the entries that `keep` says; they are old from now on.
    fn sweep(&mut self, young_only: bool, mut keep: impl FnMut(&T) -> bool) {
        if !young_only {
            self.old.retain(&mut keep);
        }
        self.old.extend(self.young.drain(..).filter(keep));
    }

    fn for_each(&self, young_only: bool, f: impl FnMut(&T)) {
        let old = if young_only { &[] } else { &self.old[..] };
        self.young.iter().chain(old).for_each(f);
    }
}

type Destructor = (ObjectReference, unsafe fn(*mut u8));

struct Tables {
    weak: Table<ObjectReference>,
    finalizable: Table<ObjectReference>,
    /// Finalizable objects that the runtime made for itself, see [`settle_finalizable`].
    settled: Vec<ObjectReference>,
    native: Table<Destructor>,
    hooks: Vec<fn(&LivenessQuery)>,
    /// See [`set_finalizable_filter`].
    wanted: fn(*mut u8) -> bool,
}

static TABLES: Mutex<Tables> = Mutex::new(Tables {
    weak: Table::new(),
    finalizable: Table::new(),
    settled: Vec::new(),
    native: Table::new(),
    hooks: Vec::new(),
    wanted: |_| true,
});

/// Finalizable objects that were registered since the tables were last looked at. Programs
/// make many (each coroutine is one), so threads do not share a lock for that.
#[repr(align(128))]
struct Fresh(Mutex<Vec<ObjectReference>>);

static FRESH: [Fresh; 16] = [const { Fresh(Mutex::new(Vec::new())) }; 16];
static NEXT_FRESH: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MY_FRESH: usize = NEXT_FRESH.fetch_add(1, Ordering::Relaxed) % FRESH.len();
}

/// The tables, with all that is registered.
fn tables() -> MutexGuard<'static, Tables> {
    let mut tables = lock(&TABLES);
    for fresh in &FRESH {
        tables.finalizable.young.append(&mut lock(&fresh.0));
    }
    tables
}

/// Objects waiting for the upper layer; roots while they are here.
struct Queues {
    finalizers: VecDeque<u64>,
    cleared: VecDeque<u64>,
}

static QUEUES: Mutex<Queues> = Mutex::new(Queues { finalizers: VecDeque::new(), cleared: VecDeque::new() });
static QUEUED: AtomicUsize = AtomicUsize::new(0);
static SECOND_ROUND: AtomicBool = AtomicBool::new(false);

/// Asks which objects survive the collection under way.
pub struct LivenessQuery {
    young: bool,
}

impl LivenessQuery {
    /// Whether a value survives; immediates do, and in a young collection all old
    /// objects. Pointers must be to objects that were live before this collection.
    pub fn is_live(&self, word: u64) -> bool {
        // SAFETY: a pointer is non-null and aligned.
        !is_pointer(word) || unsafe { object_ref(word as *const u8) }.is_reachable()
    }

    /// Whether this is a young collection: then entries that have survived one
    /// collection need not be asked about.
    pub fn young(&self) -> bool {
        self.young
    }
}

/// Registers a weak object: its layout has [`WEAK_REFERENT`], and the word at offset 8
/// has been set. A zero there means dead or never set. A referent that is not a heap
/// pointer is left alone.
///
/// # Safety
/// `object` is a live object with that layout.
pub unsafe fn register_weak(object: *mut u8) {
    debug_assert!(layout(shape_of(object)).flags & WEAK_REFERENT != 0);
    lock(&TABLES).weak.young.push(object_ref(object));
}

/// Registers an object to be queued for [`pop_ready_finalizer`], once, when found dead.
///
/// # Safety
/// `object` is a live object.
pub unsafe fn register_finalizable(object: *mut u8) {
    // A thread that ends may register what its thread-locals held.
    let mine = MY_FRESH.try_with(|i| *i).unwrap_or(0);
    lock(&FRESH[mine].0).push(object_ref(object));
}

/// Takes back what was registered if nothing was after it, so that objects which are made
/// and done with like a stack are no work for a collection. One that stays registered does
/// no harm: the filter will say that it has nothing to do.
pub fn unregister_last_finalizable(object: *mut u8) {
    let mine = MY_FRESH.try_with(|i| *i).unwrap_or(0);
    lock(&FRESH[mine].0).pop_if(|&mut last| pointer(last) == object);
}

/// Sets the function that says of a dead finalizable object whether it still has something
/// to do; one that has nothing is forgotten and freed by the collection that found it dead,
/// with all that it holds. The function runs on a thread of the collector: it reads the
/// object and does no more.
pub fn set_finalizable_filter(f: fn(*mut u8) -> bool) {
    lock(&TABLES).wanted = f;
}

/// Those that are registered by now are the runtime's own: [`finalizable`] does not count
/// them, and only full collections ask about them.
pub fn settle_finalizable() {
    let mut tables = tables();
    let Tables { finalizable, settled, .. } = &mut *tables;
    settled.append(&mut finalizable.old);
    settled.append(&mut finalizable.young);
}

/// How many objects, but for the settled ones, have a finalizer to come.
pub fn finalizable() -> usize {
    let tables = tables();
    let registered = tables.finalizable.young.iter().chain(&tables.finalizable.old);
    registered.filter(|&&object| (tables.wanted)(pointer(object))).count()
}

/// Visits the objects that have a finalizer to come, but for the settled ones. Some may
/// be dead, not found so yet: the visitor may keep them alive by storing them. It must
/// not allocate (GC-9).
pub fn for_each_finalizable(mut f: impl FnMut(*mut u8)) {
    let tables = tables();
    let Tables { finalizable, .. } = &*tables;
    finalizable.young.iter().chain(&finalizable.old).for_each(|&object| f(pointer(object)));
}

/// Whether the object is registered and its finalizer not yet due. Looks through all.
pub fn awaits_finalizer(object: *mut u8) -> bool {
    let tables = tables();
    let Tables { finalizable, settled, .. } = &*tables;
    finalizable.young.iter().chain(&finalizable.old).chain(settled).any(|&o| pointer(o) == object)
}

/// Registers a native destructor, run when the object is dead for good (GC-18).
///
/// # Safety
/// `object` is a live object; `f` may be called with it on any thread.
pub unsafe fn register_native_drop(object: *mut u8, f: unsafe fn(*mut u8)) {
    lock(&TABLES).native.young.push((object_ref(object), f));
}

/// Registers a function to purge a side table at the end of each marking (GC-18).
pub fn register_weak_hook(f: fn(&LivenessQuery)) {
    lock(&TABLES).hooks.push(f);
}

/// Takes an object whose finalizer is due. The caller must have it on its stack or in the
/// heap before it reaches a safepoint.
pub fn pop_ready_finalizer() -> Option<*mut u8> {
    pop(|queues| &mut queues.finalizers)
}

/// Takes a weak object (of a layout with [`QUEUE_CLEARED`]) whose referent has died.
pub fn pop_cleared_weak() -> Option<*mut u8> {
    pop(|queues| &mut queues.cleared)
}

fn pop(queue: impl FnOnce(&mut Queues) -> &mut VecDeque<u64>) -> Option<*mut u8> {
    if !work_waits() {
        return None;
    }
    let object = queue(&mut lock(&QUEUES)).pop_front()?;
    QUEUED.fetch_sub(1, Ordering::Relaxed);
    Some(object as *mut u8)
}

/// Whether either queue has something.
pub(crate) fn work_waits() -> bool {
    QUEUED.load(Ordering::Relaxed) != 0
}

pub(crate) fn for_each_queued(mut f: impl FnMut(u64)) {
    let queues = lock(&QUEUES);
    queues.finalizers.iter().chain(&queues.cleared).for_each(|&word| f(word));
}

/// A collection begins.
pub(crate) fn begin() {
    SECOND_ROUND.store(false, Ordering::Relaxed);
}

/// One round; `trace` marks objects. Returns whether another round is needed.
pub(crate) fn process(young: bool, trace: impl FnOnce(&[ObjectReference])) -> bool {
    let mut tables = tables();
    if !SECOND_ROUND.swap(true, Ordering::Relaxed) {
        clear_weak(&tables, young);
        let dead = take_dead_finalizable(&mut tables, young);
        if !dead.is_empty() {
            trace(&dead);
            enqueue(|q| &mut q.finalizers, &dead);
            stats::update(|s| s.finalizers_queued += dead.len() as u64);
            return true;
        }
    }
    finish(&mut tables, young);
    false
}

fn clear_weak(tables: &Tables, young: bool) {
    let mut cleared = Vec::new();
    let mut count = 0;
    tables.weak.for_each(young, |&weak| {
        // SAFETY: the object existed before this collection, and is not swept yet.
        let slot = unsafe { AtomicU64::from_ptr(pointer(weak).add(8).cast()) };
        let word = slot.load(Ordering::Relaxed);
        // SAFETY: non-null and aligned.
        if !is_pointer(word) || unsafe { object_ref(word as *const u8) }.is_reachable() {
            return;
        }
        // Dead weak objects are cleared too: a finalizer may bring them back.
        slot.store(0, Ordering::Relaxed);
        count += 1;
        // SAFETY: as above.
        let flags = layout(unsafe { shape_of(pointer(weak)) }).flags;
        if flags & QUEUE_CLEARED != 0 && weak.is_reachable() {
            cleared.push(weak);
        }
    });
    enqueue(|q| &mut q.cleared, &cleared);
    stats::update(|s| s.weak_cleared += count);
}

fn take_dead_finalizable(tables: &mut Tables, young: bool) -> Vec<ObjectReference> {
    let mut dead = Vec::new();
    let wanted = tables.wanted;
    let mut keep = |object: &ObjectReference| {
        let live = object.is_reachable();
        // Dead, but not swept yet.
        if !live && wanted(pointer(*object)) {
            dead.push(*object);
        }
        live
    };
    tables.finalizable.sweep(young, &mut keep);
    if !young {
        tables.settled.retain(keep);
    }
    dead
}

fn enqueue(queue: impl FnOnce(&mut Queues) -> &mut VecDeque<u64>, objects: &[ObjectReference]) {
    queue(&mut lock(&QUEUES)).extend(objects.iter().map(|&o| pointer(o) as u64));
    QUEUED.fetch_add(objects.len(), Ordering::Relaxed);
}

fn finish(tables: &mut Tables, young: bool) {
    census::take(young);
    tables.weak.sweep(young, |weak| {
        // SAFETY: as in `clear_weak`.
        let word = unsafe { *(pointer(*weak).add(8) as *const u64) };
        weak.is_reachable() && is_pointer(word)
    });
    let mut dropped = 0;
    tables.native.sweep(young, |&(object, f)| {
        let live = object.is_reachable();
        if !live {
            dropped += 1;
            // SAFETY (GC-18): dead, not swept, and called once.
            unsafe { f(pointer(object)) };
        }
        live
    });
    stats::update(|s| s.native_drops += dropped);
    for hook in &tables.hooks {
        hook(&LivenessQuery { young });
    }
}
