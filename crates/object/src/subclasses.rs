//! The classes derived from a class, which it does not keep alive: a class is
//! garbage like any other object once nothing but its base knows it.
//!
//! The list holds cells with a weak word each, that nobody else sees. It also names the
//! *followers*: classes whose metaclass's `mro()` put this one into their MRO although
//! they do not derive from it. They depend on it in lookups alone (TYPE-1, TYPE-2), so
//! whatever depends on a class is found below it and below its followers.
//!
//! Who walks a list takes no lock. So a list only ever grows at its end; what is to go from
//! it goes by putting another list in its place, under the lock of the old one.
//! Tests: tests/lang/weakrefs.md, tests/lang/classes.md, tests/stress/bases_race.py.

use crate::list::{self, List};
use crate::obj::{Gc, Obj};
use crate::types::{self, Type};
use crate::{Cx, Result, shape};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_gc::{LayoutInit, WEAK_REFERENT};

/// Bytes of a cell: header and referent.
const SIZE: usize = 16;

fn layout_id() -> u32 {
    static ID: OnceLock<u32> = OnceLock::new();
    *ID.get_or_init(|| {
        // Whoever walks the heap finds some class for every object.
        let owner = types::class_for(shape::OBJECT).obj().word();
        typhon_gc::new_layout(LayoutInit::leaf(SIZE as u32).with_flags(WEAK_REFERENT).with_owner(owner))
    })
}

fn cell(cx: &Cx, class: Gc<Type>) -> Result<Obj> {
    let p = cx.alloc(layout_id(), SIZE)?;
    // A fresh object of this layout, whose second word is the weak one.
    unsafe {
        (*(p.add(8) as *const AtomicU64)).store(class.obj().word(), Ordering::Release);
        typhon_gc::register_weak(p);
        Ok(Obj::from_word_unchecked(p as u64))
    }
}

/// The class in a cell, if it lives.
fn class_in(cell: Obj) -> Option<Gc<Type>> {
    // Only cells are in the lists, and only classes in cells.
    let word = unsafe { (*(cell.addr().add(8) as *const AtomicU64)).load(Ordering::Acquire) };
    Obj::from_word(word).map(|o| unsafe { Gc::from_obj(o) })
}

/// Note that `class`, which is new, is derived from `base`.
pub(crate) fn add(cx: &Cx, base: Gc<Type>, class: Gc<Type>) -> Result<()> {
    let new = cell(cx, class)?;
    let l = base.subclasses.get().expect("classes have the list");
    if l.len() >= 8 && l.len().is_power_of_two() {
        // Before it grows: without the dead.
        replace(cx, base, |_| true)?;
    }
    push(cx, base, new, None)
}

/// Note that `class` is derived from `base` or follows it, if that is not known.
pub(crate) fn add_once(cx: &Cx, base: Gc<Type>, class: Gc<Type>) -> Result<()> {
    let new = cell(cx, class)?;
    push(cx, base, new, Some(class))
}

/// Append a cell, unless there is one of the class `unless`.
fn push(cx: &Cx, base: Gc<Type>, new: Obj, unless: Option<Gc<Type>>) -> Result<()> {
    loop {
        let l = base.subclasses.get().expect("classes have the list");
        let mut g = l.write(cx);
        if base.subclasses.get() == Some(l) {
            // Not for new classes: `object` has thousands of subclasses.
            let there = unless.is_some() && (0..g.len()).any(|i| g.get(i).and_then(class_in) == unless);
            return if there { Ok(()) } else { g.push(new) };
        }
    }
}

/// Put a list in the place of the old one that has just the living classes of which `keep`
/// holds.
fn replace(cx: &Cx, base: Gc<Type>, keep: impl Fn(Gc<Type>) -> bool) -> Result<()> {
    loop {
        let Some(l) = base.subclasses.get() else { return Ok(()) };
        let new = list::new(cx, &[])?;
        let g = l.write(cx);
        if base.subclasses.get() != Some(l) {
            continue;
        }
        for i in 0..g.len() {
            if let Some(c) = g.get(i)
                && class_in(c).is_some_and(&keep)
            {
                new.append(cx, c)?;
            }
        }
        base.subclasses.set(cx, base, new);
        return Ok(());
    }
}

/// `class` is no longer derived from `base`, unless another thread has made it so again.
pub(crate) fn remove(cx: &Cx, base: Gc<Type>, class: Gc<Type>) -> Result<()> {
    replace(cx, base, |c| c != class || c.bases().contains(&base.obj()))
}

/// Call `f` with each class derived from `t`.
pub(crate) fn each(t: Gc<Type>, mut f: impl FnMut(Gc<Type>)) {
    let Some(l) = t.subclasses.get() else { return };
    for i in 0..l.len() {
        // Code that runs while bases change may leave others in the list.
        if let Some(c) = l.get(i).and_then(class_in)
            && c.bases().contains(&t.obj())
        {
            f(c);
        }
    }
}

/// Note that `class` has `t` in its MRO without being derived from it.
pub(crate) fn follow(cx: &Cx, t: Gc<Type>, class: Gc<Type>) -> Result<()> {
    add_once(cx, t, class)
}

/// Call `f` with each class that follows `t`.
pub(crate) fn each_follower(t: Gc<Type>, mut f: impl FnMut(Gc<Type>)) {
    let Some(l) = t.subclasses.get() else { return };
    for i in 0..l.len() {
        if let Some(c) = l.get(i).and_then(class_in)
            && !c.bases().contains(&t.obj())
            && c.mro().contains(&t.obj())
        {
            f(c);
        }
    }
}

/// The classes derived from `t`, in a list of their own, as far as the interpreter that
/// asks may know of them.
pub fn of(cx: &Cx, t: Gc<Type>) -> Result<Gc<List>> {
    let out = list::new(cx, &[])?;
    let Some(l) = t.subclasses.get() else { return Ok(out) };
    let here = cx.interp().id();
    for i in 0..l.len() {
        if let Some(c) = l.get(i).and_then(class_in)
            && c.bases().contains(&t.obj())
            && c.interp().is_none_or(|id| id == here)
        {
            out.append(cx, c.obj())?;
        }
    }
    Ok(out)
}
