//! Receivers of methods of types whose values need not be on the heap, and
//! argument checks that several types share.
//!
//! The marker types stand in `Gc<T>` for "any value that is a T"; only
//! `Gc::obj` may be used on them, nothing is ever behind the pointer.
//! Tests: through the types.

use typhon_object::native::Payload;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Raised, Result, float, int, shape};

macro_rules! receivers {
    ($($(#[$doc:meta])* $name:ident($o:ident) $test:expr;)*) => { $(
        $(#[$doc])*
        pub struct $name;
        impl Payload for $name {
            #[inline]
            fn is($o: Obj) -> bool {
                $test
            }
        }
    )* };
}

receivers! {
    /// Any value.
    Object(_o) true;
    /// An int of any size, a bool, or an instance of a subclass.
    Int(o) int::is_int(o);
    /// A float or an instance of a subclass.
    Float(o) o.is_small_float() || float::value(o).is_some();
    /// `True` or `False`.
    Bool(o) o.shape() == shape::BOOL;
    /// `None`.
    NoneType(o) o.is_none();
    /// `...`
    Ellipsis(o) o == Obj::ELLIPSIS;
    /// `NotImplemented`
    NotImplementedType(o) o == Obj::NOT_IMPLEMENTED;
}

/// How CPython's argument parser names the type of a wrong argument.
pub fn arg_type(cx: &Cx, o: Obj) -> String {
    if o.is_none() { "None".into() } else { cx.type_name(o) }
}

/// `"{what} must be {wanted}, not {type}"`.
#[cold]
pub fn bad_arg(cx: &Cx, what: &str, wanted: &str, o: Obj) -> Raised {
    cx.type_error(format!("{what} must be {wanted}, not {}", arg_type(cx, o)))
}

/// A `str` argument; `what` is for example "find() argument 1".
#[inline]
pub fn str_arg(cx: &Cx, o: Obj, what: &str) -> Result<Gc<Str>> {
    match o.cast::<Str>() {
        Some(s) => Ok(s),
        None => Err(bad_arg(cx, what, "str", o)),
    }
}
