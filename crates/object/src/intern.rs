//! Interned strings: one object per value, compared by address.
//!
//! Invariant STR-3: an interned string lives for ever, so its address may be
//! kept outside the heap (shapes, caches, `names!`).
//! Tests: `tests/strings.rs`.

use crate::cx::Cx;
use crate::obj::{Gc, Obj};
use crate::str::{self, Str};
use crate::{Result, shape};
use std::sync::atomic::{AtomicU64, Ordering};

/// The interned string equal to `s`.
#[inline]
pub fn intern(cx: &Cx, s: Gc<Str>) -> Result<Gc<Str>> {
    if s.is_interned() { Ok(s) } else { add(cx, s) }
}

/// Intern Rust text.
pub fn intern_str(cx: &Cx, s: &str) -> Result<Gc<Str>> {
    add(cx, str::new(cx, s)?)
}

pub(crate) fn add(cx: &Cx, s: Gc<Str>) -> Result<Gc<Str>> {
    let table = cx.rt().intern_table();
    // An instance of a subclass is not found by its text.
    let own = if s.obj().shape() == shape::STR { s } else { str::from_view(cx, &s.view())? };
    loop {
        if let Some(e) = table.get_str(own) {
            // The table maps strings to themselves.
            let found: Gc<Str> = unsafe { Gc::from_obj(e) };
            if !found.is_interned() {
                // Whoever put it in has not come to that yet.
                str::set_interned(found);
            }
            return Ok(found);
        }
        if table.insert_new_str(cx, own)? {
            str::set_interned(own);
            return Ok(own);
        }
    }
}

/// A name known at compile time; its object is found once.
pub struct Name(&'static str, AtomicU64);

impl Name {
    /// Declare a name.
    pub const fn new(s: &'static str) -> Name {
        Name(s, AtomicU64::new(0))
    }
    /// The interned string.
    #[inline]
    pub fn get(&self, cx: &Cx) -> Gc<Str> {
        match Obj::from_word(self.1.load(Ordering::Acquire)) {
            // STR-3.
            Some(o) => unsafe { Gc::from_obj(o) },
            None => self.find(cx),
        }
    }
    #[cold]
    fn find(&self, cx: &Cx) -> Gc<Str> {
        // Start-up interns a few hundred names; running out of memory there
        // leaves nothing to run.
        let s = intern_str(cx, self.0).unwrap_or_else(|_| panic!("no memory for the name {}", self.0));
        self.1.store(s.obj().word(), Ordering::Release);
        s
    }
}

/// The interned string of a literal: `name!(cx, "__init__")`.
#[macro_export]
macro_rules! name {
    ($cx:expr, $s:literal) => {{
        static NAME: $crate::intern::Name = $crate::intern::Name::new($s);
        NAME.get($cx)
    }};
}

/// Note that a cache relies on no data descriptor of this name appearing.
pub fn mark_cached(s: Gc<Str>) {
    str::set_cached(s);
}
