//! C functions and memory by address: what `ctypes` stands on. No objects here.
//!
//! | file | what |
//! |---|---|
//! | `call.rs` | types of C, calling a function at an address |
//! | `closure.rs` | functions that C can call |
//! | `dl.rs` | shared libraries |
//! | `errno.rs` | each thread's private copy of `errno` |
//! | `long_double.rs` | `long double` as `f64` and back |
//! | `mem.rs` | memory by address |
//!
//! Invariant FFI-1: an address that is passed in is one that Python code gave, or was
//! given by a library; who gave it answers for it. A wild one crashes the process, as
//! it does in C. Everything else here is safe: lengths are checked and what libffi is
//! told of types is kept alive as long as it may look.
//! Tests: tests/lang/ctypes.md; CPython test_ctypes.

pub mod call;
pub mod closure;
pub mod dl;
pub mod errno;
pub mod long_double;
pub mod mem;

pub use call::{Cif, Type};
pub use closure::Closure;
