//! Abstract operations, with CPython's verbs: what `a + b`, `a.b`, `a[b]`,
//! `iter(a)` mean for any objects. One file per family.

mod attr;
mod binary;
mod call;
mod compare;
mod convert;
mod format;
mod iter;
mod subscript;

pub use attr::*;
pub use binary::*;
pub use call::*;
pub use compare::*;
pub use convert::*;
pub use format::*;
pub use iter::*;
pub use subscript::*;

use crate::obj::{Gc, Obj};
use crate::shape;
use crate::types::Type;

/// `type(o)`.
#[inline(always)]
pub fn class_of(o: Obj) -> Gc<Type> {
    shape::class_of_shape(o.shape())
}

/// Whether `o` is an instance of exactly the class with this fixed shape.
#[inline(always)]
pub fn is_exact(o: Obj, fixed_shape: u32) -> bool {
    o.shape() == fixed_shape
}
