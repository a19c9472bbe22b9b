//! `_typhon`: the native part of the package `typhon`. Its Python part, with a fallback
//! for each of these names, is `crates/typhon/lib/typhon`.
//!
//! Tests: tests/lang/typhon_module.md; tests/stress/typhon_*.py.

use crate::deadlock;
use std::sync::atomic::Ordering;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::Dict;
use typhon_object::ops::BinaryOp;
use typhon_object::{Cx, Gc, Obj, Result, Slot, name, ops, shape};

/// `typhon.Atomic`.
#[derive(Trace)]
pub struct Atomic {
    /// Never empty.
    value: Slot,
}

/// Whether a compare-and-set takes `a` for `b`: the same object, or equal ints.
fn same(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
    let big = |o: Obj| o.is_ptr() && o.shape() == shape::INT;
    // Comparing two ints runs no code.
    Ok(a == b || big(a) && big(b) && ops::equal(cx, a, b)?)
}

fn load(a: Gc<Atomic>) -> Obj {
    a.value.obj().unwrap_or(Obj::NONE)
}

fn swap_if(cx: &Cx, a: Gc<Atomic>, old: Obj, new: Obj) -> bool {
    let done = a.value.raw().compare_exchange(old.word(), new.word(), Ordering::AcqRel, Ordering::Acquire).is_ok();
    if done {
        cx.barrier(a.obj());
    }
    done
}

/// Replaces the value by what `f` makes of it; `f` runs again when another thread was
/// faster. Gives the old and the new value.
fn update(cx: &mut Cx, a: Gc<Atomic>, mut f: impl FnMut(&mut Cx, Obj) -> Result<Obj>) -> Result<(Obj, Obj)> {
    loop {
        let old = load(a);
        let new = f(cx, old)?;
        if swap_if(cx, a, old, new) {
            return Ok((old, new));
        }
    }
}

/// A variable that threads share: each method is one atomic step.
///
/// Integers and any other objects may be stored. compare_exchange() takes equal
/// integers for the same, and compares other objects by identity.
#[class(module = "typhon", name = "Atomic", weakref)]
impl Atomic {
    #[sig(value = 0, /)]
    fn __new__(_cx: &mut Cx, value: Obj) -> Atomic {
        Atomic { value: Slot::new(value) }
    }
    /// The value now.
    #[getter]
    fn value(this: Gc<Atomic>) -> Obj {
        load(this)
    }
    #[setter]
    fn set_value(this: Gc<Atomic>, cx: &mut Cx, value: Obj) {
        this.value.set(cx, this, value);
    }
    /// Return the value.
    fn load(this: Gc<Atomic>) -> Obj {
        load(this)
    }
    /// Set the value.
    #[sig(value, /)]
    fn store(this: Gc<Atomic>, cx: &mut Cx, value: Obj) {
        this.value.set(cx, this, value);
    }
    /// Set the value and return the one that was replaced.
    #[sig(value, /)]
    fn exchange(this: Gc<Atomic>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        update(cx, this, |_, _| Ok(value)).map(|(old, _)| old)
    }
    /// Set the value to `new` if it is `expected`; return whether it was.
    #[sig(expected, new, /)]
    fn compare_exchange(this: Gc<Atomic>, cx: &mut Cx, expected: Obj, new: Obj) -> Result<bool> {
        loop {
            let now = load(this);
            if !same(cx, now, expected)? {
                return Ok(false);
            }
            if swap_if(cx, this, now, new) {
                return Ok(true);
            }
        }
    }
    /// Add `amount` and return the new value.
    #[sig(amount = 1, /)]
    fn add(this: Gc<Atomic>, cx: &mut Cx, amount: Obj) -> Result<Obj> {
        update(cx, this, |cx, old| ops::binary(cx, BinaryOp::Add, old, amount)).map(|(_, new)| new)
    }
    /// Add `amount` and return the value before that.
    #[sig(amount = 1, /)]
    fn fetch_add(this: Gc<Atomic>, cx: &mut Cx, amount: Obj) -> Result<Obj> {
        update(cx, this, |cx, old| ops::binary(cx, BinaryOp::Add, old, amount)).map(|(old, _)| old)
    }
    /// Set the value to function(value) and return it.
    ///
    /// The function may be called several times, if other threads change the value
    /// meanwhile; only the last call counts.
    #[sig(function, /)]
    fn update(this: Gc<Atomic>, cx: &mut Cx, function: Obj) -> Result<Obj> {
        update(cx, this, |cx, old| ops::call_args(cx, function, &[old])).map(|(_, new)| new)
    }
    fn __repr__(this: Gc<Atomic>, cx: &mut Cx) -> Result<String> {
        Ok(format!("Atomic({})", ops::repr(cx, load(this))?.to_str()))
    }
}

/// What the package typhon needs of the runtime.
#[module("_typhon", classes(Atomic))]
pub mod functions {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let error = deadlock::error_class(cx)?;
        ops::set_attr(cx, module, name!(cx, "DeadlockError"), Some(error.obj()))
    }

    /// Give `key` the value `new` if it has the value `old`, in one atomic step.
    ///
    /// `absent` stands for a key that is not there.
    #[sig(dictionary, key, old, new, absent, /)]
    fn compare_swap(cx: &mut Cx, dictionary: Gc<Dict>, key: Obj, old: Obj, new: Obj, absent: Obj) -> Result<bool> {
        let given = |o: Obj| (o != absent).then_some(o);
        dictionary.compare_swap(cx, key, given(old), given(new))
    }
}
