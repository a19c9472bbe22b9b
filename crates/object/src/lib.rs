//! Objects: values, classes, the core types, exceptions and the abstract
//! operations on them. Everything above stands on this crate.
//!
//! | to find | look in |
//! |---|---|
//! | what a value word means | `obj.rs` |
//! | a class, its MRO, its special methods | `types.rs`, `new_type.rs` |
//! | where attributes live | `shape.rs`, `instance.rs` |
//! | what `a + b`, `a.b`, `a[b]`, `f()` mean | `ops/` |
//! | how native code is declared | `native.rs`, `bind.rs`, `guarded.rs` |
//! | start-up order | `boot.rs` |
//!
//! Effects show in signatures: no context = pure; `&Cx` = may allocate or lock;
//! `&mut Cx` = may run Python code.

extern crate self as typhon_object;

pub mod array;
pub mod attr_cache;
pub mod bigint;
mod bind;
pub mod boot;
pub mod bytes;
pub mod cx;
pub mod dict;
pub mod dunder;
pub mod exc;
pub mod exc_class;
pub mod float;
pub mod guarded;
pub mod hash;
pub mod instance;
pub mod int;
pub mod intern;
pub mod interp;
pub mod list;
pub mod lock;
pub mod method;
pub mod mro;
pub mod native;
pub mod new_type;
pub mod obj;
pub mod ops;
pub mod own_dict;
pub mod raw;
pub mod reenter;
pub mod shape;
pub mod str;
pub mod subclasses;
pub mod tuple;
pub mod types;

pub use cx::Cx;
pub use dunder::Dunder;
pub use exc::{ExcKind, Raised};
pub use guarded::Guarded;
pub use native::Trace;
pub use obj::{Gc, Obj, Slot};
pub use ops::{BinaryOp, CompareOp};
pub use typhon_gc::Tracer;

/// The result of anything that may raise.
pub type Result<T> = std::result::Result<T, Raised>;
