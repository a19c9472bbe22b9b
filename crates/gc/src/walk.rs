//! Walking the heap: `gc.get_objects`, and a check of everything reachable.

use crate::binding::{mmtk, pointer};
use crate::layout::{is_pointer, layout_count, object_size, shape_of, trace_object};
use crate::mutator::{Mutator, WORLD, from_state};
use crate::scan;
use mmtk::util::Address;
use std::collections::HashSet;

/// Whether the word is the address of an object's start. Safe for any word.
pub fn is_object(word: u64) -> bool {
    if !is_pointer(word) {
        return false;
    }
    // SAFETY: any aligned non-zero address may be asked about.
    let address = unsafe { Address::from_usize(word as usize) };
    mmtk::memory_manager::is_mmtk_object(address).is_some()
}

impl Mutator {
    /// Whether a word that was once written to this thread's value stack can be stored
    /// in an object: an immediate, or the start of an object that still is one. False
    /// for the return addresses and dead objects that a window's unused registers hold.
    #[inline]
    pub fn is_storable(&self, word: u64) -> bool {
        let at = word as usize;
        // SAFETY: the word is no foreign number, so if it is in the heap's range it is
        // in a chunk that has held objects, and the metadata of those stays mapped.
        !is_pointer(word)
            || (self.heap.get().0..self.heap.get().1).contains(&at)
                && unsafe { *((self.valid_bits.get() + (at >> 6)) as *const u8) } & (1 << ((at >> 3) & 7)) != 0
    }
}

/// Stops the world and calls `f` with each object, garbage not yet collected
/// included. `f` must not allocate.
pub fn for_each_object(m: &Mutator, mut f: impl FnMut(*mut u8)) {
    stopped(m, |world| world.objects(&mut f));
}

/// The stopped world, for who wants to see threads and objects at one moment.
pub struct Stopped<'a>(&'a Mutator);

impl Stopped<'_> {
    /// Calls `f` with each thread's mutator, the caller's included.
    pub fn mutators(&self, mut f: impl FnMut(&Mutator)) {
        let threads = WORLD.with_members(|members| members.threads().to_vec());
        for thread in threads {
            // SAFETY (SP-4): nobody comes or goes while the world is stopped.
            f(unsafe { &*from_state(thread) });
        }
    }
    /// Calls `f` with each object, as [`for_each_object`] does.
    pub fn objects(&self, mut f: impl FnMut(*mut u8)) {
        mmtk().enumerate_objects(|object| f(pointer(object)));
    }
    /// Whether `m` is the thread that looks.
    pub fn is_own(&self, m: &Mutator) -> bool {
        std::ptr::eq(self.0, m)
    }
}

/// Stops the world and calls `f`, which must not allocate or poll.
pub fn stopped<R>(m: &Mutator, f: impl FnOnce(&Stopped<'_>) -> R) -> R {
    m.stop_the_world(|| f(&Stopped(m)))
}

/// Calls `f` with each word that the collector would follow from `object`; it may be any
/// value word, or 0.
///
/// # Safety
/// `object` is a live object, and the world is stopped by the caller.
pub unsafe fn for_each_word(object: *mut u8, mut f: impl FnMut(u64)) {
    trace_object(object, &mut |slot| f(*slot));
}

/// What [`verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The object whose slot is wrong.
    pub holder: usize,
    pub holder_shape: u32,
    /// The word in the slot, or the address of the object with a bad shape.
    pub word: u64,
    pub problem: &'static str,
}

/// Stops the world and traces everything reachable, checking that each pointer is
/// an object with a known layout. Returns the number of objects reached.
pub fn verify(m: &Mutator) -> Result<usize, VerifyError> {
    m.stop_the_world(|| {
        let mut roots = Vec::new();
        // SAFETY (GC-6): the world is stopped, by us.
        unsafe {
            let threads: Vec<_> = WORLD.with_members(|members| members.threads().to_vec());
            for thread in threads {
                scan::thread_roots(&*from_state(thread), &mut roots);
            }
            scan::global_roots(&mut roots);
        }
        let mut seen = HashSet::new();
        let mut todo: Vec<(usize, u32, u64)> = roots.iter().map(|&root| (0, 0, pointer(root) as u64)).collect();
        while let Some((holder, holder_shape, word)) = todo.pop() {
            if !seen.insert(word) {
                continue;
            }
            let bad = |problem| Err(VerifyError { holder, holder_shape, word, problem });
            if !is_object(word) {
                return bad("the slot does not hold an object");
            }
            let object = word as *mut u8;
            // SAFETY: an object, and the world is stopped.
            unsafe {
                let shape = shape_of(object);
                if shape == 0 || shape as usize >= layout_count() {
                    return bad("the object's shape is unknown");
                }
                if object_size(object) < 8 {
                    return bad("the object's size is impossible");
                }
                trace_object(object, &mut |slot| {
                    let word = *slot;
                    if is_pointer(word) {
                        todo.push((object as usize, shape, word));
                    }
                });
            }
        }
        Ok(seen.len())
    })
}
