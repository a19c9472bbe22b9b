//! A thread's private copy of `errno`, which functions with `use_errno` see.
//!
//! Tests: CPython test_errno.

use std::cell::Cell;

thread_local! {
    static SAVED: Cell<i32> = const { Cell::new(0) };
}

/// The private copy.
pub fn get() -> i32 {
    SAVED.get()
}

/// Change the private copy; what it was.
pub fn set(value: i32) -> i32 {
    SAVED.replace(value)
}

/// Exchange the private copy and the real one.
pub fn swap() {
    // The thread's own variable.
    let real = unsafe { &mut *libc::__errno_location() };
    *real = SAVED.replace(*real);
}
