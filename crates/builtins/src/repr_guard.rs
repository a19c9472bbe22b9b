//! What `repr` of containers shares: the guard against containers that contain
//! themselves, and building text.
//!
//! Invariant: the objects whose `repr` runs are alive on the native stack, so
//! the list of their addresses needs no tracing; it is only compared.
//! Tests: tests/containers.rs.

use std::cell::RefCell;
use typhon_object::{Cx, Gc, Obj, Result, ops, str, str::Str};
use typhon_text::strview::StrBuf;

thread_local! {
    static ACTIVE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The `repr` of one object is in progress until this is dropped.
pub struct Entered(u64);

impl Drop for Entered {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(|v| {
            if let Some(i) = v.iter().rposition(|w| *w == self.0) {
                v.remove(i);
            }
        });
    }
}

/// Begin the `repr` of `o`; `None` if this thread is already at it.
pub fn enter(o: Obj) -> Option<Entered> {
    ACTIVE.with_borrow_mut(|v| {
        if v.contains(&o.word()) {
            return None;
        }
        v.push(o.word());
        Some(Entered(o.word()))
    })
}

/// Append `repr(o)`.
pub fn push_repr(cx: &mut Cx, out: &mut StrBuf, o: Obj) -> Result<()> {
    let s = ops::repr(cx, o)?;
    out.push_view(s.view());
    Ok(())
}

/// The finished text as a `str`.
pub fn finish(cx: &Cx, out: StrBuf) -> Result<Gc<Str>> {
    str::from_view(cx, &out.as_view())
}

/// `repr` of the items that `item` yields, between brackets.
pub fn repr_items(cx: &mut Cx, open: &str, close: &str, item: impl Fn(usize) -> Option<Obj>) -> Result<Gc<Str>> {
    let mut out = StrBuf::new();
    out.push_str(open);
    let mut i = 0;
    while let Some(o) = item(i) {
        if i > 0 {
            out.push_str(", ");
        }
        push_repr(cx, &mut out, o)?;
        i += 1;
    }
    out.push_str(close);
    finish(cx, out)
}
