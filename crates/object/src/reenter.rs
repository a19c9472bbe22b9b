//! Coming back into the runtime from native code that knows nothing of it: a C library
//! calls a function that Python made.
//!
//! Such code was called in the blocked state (GC-4) by a thread whose context is further
//! up its stack, or runs in a thread that Python has never seen.
//! Tests: tests/lang/ctypes.md; CPython test_ctypes.test_callbacks.

use crate::cx::{Cx, rt};

/// Run `f` with the calling thread's context; a thread without one is attached for so
/// long. False if the runtime has ended and cannot.
pub fn reenter(f: &mut dyn FnMut(&mut Cx)) -> bool {
    let m = typhon_gc::current();
    if m.is_null() {
        return match rt().hooks().with_foreign_thread.get() {
            Some(attach) => {
                attach(f);
                true
            }
            None => false,
        };
    }
    // CX-1: the mutator is the start of a context, which stays where it is. Whoever called
    // the native code has lent its own reference to `blocked` until that returns.
    unsafe {
        let cx = m.cast::<Cx>();
        (*m).unblocked(|| f(&mut *cx));
    }
    true
}
