//! What refers to what: `gc.get_objects`, `gc.get_referents`, `gc.get_referrers`.
//!
//! An object's storage (tables, arrays) is an object of the heap too, but has no class:
//! what it refers to counts as referred to by its owner.
//! Every walk happens with the world stopped and stores what it finds in an array made
//! beforehand, so that nothing found can die before the list exists.
//! Tests: tests/lang/gc.md; CPython test_gc.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use typhon_builtins::buffer::{Exports, Hold};
use typhon_builtins::memoryview::{Managed, MemoryView};
use typhon_object::list::List;
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, Gc, Obj, Result, array, list, ops, shape};

/// Whether `o` is storage of another object, or otherwise none that Python sees.
fn is_storage(o: Obj) -> bool {
    o.is_ptr()
        && (matches!(o.shape(), shape::CACHE_ENTRY | shape::CHUNK | shape::RAW)
            || shape::layout(o.shape()).owner.load(Ordering::Relaxed) == 0)
}

/// `gc.is_tracked(o)`: whether it could be part of a cycle, as CPython sees it.
pub fn is_tracked(o: Obj) -> bool {
    if !o.is_ptr() || is_storage(o) {
        return false;
    }
    match o.shape() {
        // As in CPython the classes of `builtins` are not, those of native modules are; they
        // alone say which module.
        shape::TYPE => o.cast::<Type>().is_some_and(|t| !t.is_native() || names_module(t)),
        shape::STR | shape::INT | shape::FLOAT | shape::BYTES | shape::COMPLEX | shape::BYTEARRAY => false,
        shape::OBJECT | shape::NONE | shape::BOOL | shape::ELLIPSIS | shape::NOT_IMPLEMENTED | shape::RANGE => false,
        shape::CODE => false,
        _ => true,
    }
}

fn names_module(t: Gc<Type>) -> bool {
    // A getset under that name, which `type` has, is for its instances.
    let named = |k: Obj, v: Obj| k.cast::<Str>().is_some_and(|s| s.eq_str("__module__")) && v.cast::<Str>().is_some();
    t.dict().is_some_and(|d| d.items().any(|(k, v)| named(k, v)))
}

/// Call `f` with each value that `o` refers to.
///
/// # Safety
/// The world is stopped by the caller.
unsafe fn visit(o: Obj, f: &mut dyn FnMut(Obj)) {
    if !o.is_ptr() {
        return;
    }
    // The caches of code hold storage of others and words that are no values.
    let code = o.shape() == shape::CODE;
    let class = ops::class_of(o);
    let mut seen = HashSet::new();
    let mut todo = vec![o];
    while let Some(at) = todo.pop() {
        // A live object: `o`, or storage that a live object refers to.
        typhon_gc::for_each_word(at.addr(), |word| {
            let Some(v) = Obj::from_word(word) else { return };
            if is_storage(v) {
                if !code && seen.insert(word) {
                    todo.push(v);
                }
            } else if v.is_ptr() || !code {
                // The classes of built-in objects are there without them.
                if v != class.obj() || !class.is_native() {
                    f(v);
                }
            }
        });
    }
}

/// A list of what `walk`, which stops the world, gives to its argument. It is called again
/// if there was more than the array had room for.
fn collect(cx: &mut Cx, mut room: usize, mut walk: impl FnMut(&Cx, &mut dyn FnMut(Obj))) -> Result<Gc<List>> {
    loop {
        let a = array::new(cx, room)?;
        let mut n = 0;
        walk(cx, &mut |o| {
            if n < room && o != a.obj() {
                a.slots()[n].store(o.word(), Ordering::Relaxed);
            }
            n += 1;
        });
        cx.barrier(a.obj());
        if n <= room {
            return list::from_array(cx, a, n);
        }
        room = n + n / 4;
    }
}

/// How many objects there are that `gc` speaks of, garbage included.
pub fn count(cx: &Cx) -> usize {
    let mut n = 0;
    typhon_gc::for_each_object(&cx.mutator, |p| {
        n += Obj::from_word(p as u64).is_some_and(is_tracked) as usize;
    });
    n
}

/// The objects for which `wanted` holds.
pub fn objects(cx: &mut Cx, mut wanted: impl FnMut(Obj) -> bool) -> Result<Gc<List>> {
    collect(cx, 1024, |cx, found| {
        typhon_gc::for_each_object(&cx.mutator, |p| {
            // GC-12: an object, complete up to its header; the world is stopped.
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            if !is_storage(o) && wanted(o) {
                found(o);
            }
        });
    })
}

/// Releases the looks at a buffer that belong to views to which no object and no frame
/// refers: only a word on a native stack, which may be left from a former call.
pub fn release_unheld(cx: &Cx, exports: Gc<Exports>) {
    // The looks, the views that have them, and what else only those refer to.
    let mut own = HashSet::new();
    let mut grown = true;
    let mut held = false;
    while std::mem::take(&mut grown) && !held {
        typhon_gc::for_each_object(&cx.mutator, |p| {
            // As in `objects`.
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            if own.contains(&o.word()) {
                return;
            }
            let mut refers = o.cast::<Hold>().is_some_and(|h| h.is_on(exports));
            let view = refers || o.cast::<MemoryView>().is_some() || o.cast::<Managed>().is_some() || is_storage(o);
            if !refers && !own.is_empty() {
                // Complete, as above.
                unsafe { typhon_gc::for_each_word(o.addr(), |word| refers |= own.contains(&word)) };
            }
            if refers && view {
                own.insert(o.word());
                grown = true;
            }
            held |= refers && !view;
        });
    }
    cx.mutator.visit_mutators(|m| {
        let frames = crate::stacks::context(m);
        // The windows of a stopped thread, or of the caller.
        let words =
            unsafe { std::slice::from_raw_parts(frames.stack, frames.top().offset_from_unsigned(frames.stack)) };
        held |= words.iter().any(|word| own.contains(word));
    });
    if !held {
        // Found again, since another thread may have collected between two walks.
        typhon_gc::for_each_object(&cx.mutator, |p| {
            // As in `objects`.
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            if own.contains(&o.word())
                && let Some(h) = o.cast::<Hold>().filter(|h| h.is_on(exports))
            {
                h.release();
            }
        });
    }
}

/// `gc.get_referents(*objs)`.
pub fn referents(cx: &mut Cx, objs: &[Obj]) -> Result<Gc<List>> {
    collect(cx, 64, |cx, found| {
        cx.mutator.stop_the_world(|| {
            for &o in objs {
                // The world is stopped.
                unsafe { visit(o, found) }
            }
        });
    })
}

/// `gc.get_referrers(*objs)`.
pub fn referrers(cx: &mut Cx, objs: &[Obj]) -> Result<Gc<List>> {
    objects(cx, |o| {
        let mut refers = false;
        if is_tracked(o) {
            // `objects` calls this while the world is stopped.
            unsafe { visit(o, &mut |v| refers |= v.is_ptr() && objs.contains(&v)) };
        }
        refers
    })
}
