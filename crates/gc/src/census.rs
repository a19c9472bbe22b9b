//! Counting what a collection frees that was in a cycle, or that only such objects referred
//! to: what `gc.collect()` returns. With counted references, as in CPython, all else would
//! have been gone before.
//!
//! The dead objects are those that nothing has reached when marking is over. From them those
//! are taken away, one after the other, to which no other dead one refers.
//! Tests: `tests/weak.rs`; tests/lang/gc.md; CPython test_gc.

use crate::binding::{mmtk, object_ref, pointer};
use crate::layout::{is_pointer, trace_object};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Mutex;
use typhon_sync::prim::lock;

/// With more dead objects than that none is taken away: it would take longer than the
/// collection.
const MOST_DEAD: usize = 1 << 18;

/// With more objects than that no list of them is made: it would take too much memory.
const MOST: usize = 1 << 24;

/// Whether an object counts.
pub(crate) type Counts = fn(*mut u8) -> bool;

/// What was found.
#[derive(Clone, Copy)]
pub(crate) enum Found {
    /// How many are gone.
    Gone(usize),
    /// There are too many objects: how many there were before.
    Before(usize),
}

struct Census {
    full: bool,
    counts: Counts,
    objects: Vec<*mut u8>,
    found: Option<Found>,
}

// SAFETY: the addresses are used while the world is stopped.
unsafe impl Send for Census {}

static CENSUS: Mutex<Option<Census>> = Mutex::new(None);

/// The next collection counts; the next full one if `full`.
pub(crate) fn ask(full: bool, counts: Counts) {
    *lock(&CENSUS) = Some(Census { full, counts, objects: Vec::new(), found: None });
}

/// What the collection that was asked has found.
pub(crate) fn answer() -> Found {
    lock(&CENSUS).take().and_then(|c| c.found).unwrap_or(Found::Gone(0))
}

/// The world is stopped, nothing is marked.
pub(crate) fn begin() {
    let mut census = lock(&CENSUS);
    let Some(Census { counts, objects, found: found @ None, .. }) = &mut *census else { return };
    objects.clear();
    let mut before = 0;
    let mut too_many = false;
    mmtk().enumerate_objects(|object| {
        let object = pointer(object);
        before += counts(object) as usize;
        if objects.len() < MOST {
            objects.push(object);
        } else {
            too_many = true;
        }
    });
    if too_many {
        *objects = Vec::new();
        *found = Some(Found::Before(before));
    }
}

/// Marking is over, nothing is swept.
pub(crate) fn take(young: bool) {
    if let Some(census) = &mut *lock(&CENSUS)
        && (!young || !census.full)
        && census.found.is_none()
    {
        let mut dead = std::mem::take(&mut census.objects);
        // SAFETY: they were objects when the world was stopped.
        dead.retain(|&object| !unsafe { object_ref(object) }.is_reachable());
        census.found = Some(Found::Gone(count(&dead, census.counts)));
    }
}

/// Addresses are their own hash, but for their low bits, which are all alike.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("addresses are hashed as numbers");
    }
    fn write_u64(&mut self, address: u64) {
        self.0 = (address >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

fn count(dead: &[*mut u8], counts: Counts) -> usize {
    if dead.len() > MOST_DEAD {
        return dead.iter().filter(|&&object| counts(object)).count();
    }
    let mut place = HashMap::with_capacity_and_hasher(dead.len(), BuildHasherDefault::<AddressHasher>::default());
    place.extend(dead.iter().enumerate().map(|(i, &object)| (object as u64, i as u32)));
    let each_referent = |object: *mut u8, f: &mut dyn FnMut(usize)| {
        // SAFETY: dead, but not swept: as complete as it was; the world is stopped.
        unsafe {
            trace_object(object, &mut |slot| {
                let word = *slot;
                if is_pointer(word)
                    && let Some(&i) = place.get(&word)
                {
                    f(i as usize);
                }
            });
        }
    };
    let mut referrers = vec![0u32; dead.len()];
    for &object in dead {
        each_referent(object, &mut |i| referrers[i] += 1);
    }
    let mut free: Vec<usize> = (0..dead.len()).filter(|&i| referrers[i] == 0).collect();
    let mut left = dead.iter().filter(|&&object| counts(object)).count();
    while let Some(i) = free.pop() {
        left -= counts(dead[i]) as usize;
        each_referent(dead[i], &mut |j| {
            referrers[j] -= 1;
            if referrers[j] == 0 {
                free.push(j);
            }
        });
    }
    left
}
