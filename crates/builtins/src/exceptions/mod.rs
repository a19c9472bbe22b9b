//! Methods and attributes of the built-in exceptions. The payload, with its
//! numbered fields, is `typhon_object::exc::BaseException`.
//!
//! | to find | look in |
//! |---|---|
//! | what all exceptions have | `base.rs` |
//! | StopIteration, SystemExit, KeyError, NameError, AttributeError, ImportError | `simple.rs` |
//! | OSError | `os_error.rs` |
//! | SyntaxError | `syntax.rs` |
//! | UnicodeError and its subclasses | `unicode.rs` |
//! | ExceptionGroup | `group.rs` |
//!
//! Tests: tests/containers.rs; CPython test_exceptions.

pub mod base;
pub mod group;
pub mod os_error;
pub mod simple;
pub mod syntax;
pub mod unicode;

use typhon_object::exc::BaseException;
use typhon_object::native::Args;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Gc, Obj, Result, tuple};

/// The positional arguments of an exception, never absent.
pub fn args_of(cx: &Cx, e: &BaseException) -> Result<Gc<Tuple>> {
    match e.args() {
        Some(t) => Ok(t),
        None => tuple::new(cx, &[]),
    }
}

/// Refuse keyword arguments.
pub(crate) fn no_keywords(cx: &Cx, name: &str, args: &Args<'_>) -> Result<()> {
    if args.kw.is_some_and(|k| !k.is_empty()) {
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    Ok(())
}

/// Store the keyword arguments called `names` into the numbered fields; absent
/// ones are emptied. Others are refused.
pub(crate) fn keyword_fields(
    cx: &Cx,
    name: &str,
    e: Gc<BaseException>,
    args: &Args<'_>,
    names: &[(&str, usize)],
) -> Result<()> {
    for (_, i) in names {
        e.fields[*i].clear();
    }
    for (k, v) in args.keywords() {
        match names.iter().find(|n| k.eq_str(n.0)) {
            Some((_, i)) => e.fields[*i].set(cx, e, v),
            None => {
                return Err(cx.type_error(format!("{name}() got an unexpected keyword argument '{}'", k.to_str())));
            }
        }
    }
    Ok(())
}

/// A field's value, None if absent.
pub(crate) fn field(e: &BaseException, i: usize) -> Obj {
    e.fields[i].obj().unwrap_or(Obj::NONE)
}

/// Complete all exception classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    base::init(cx)?;
    simple::init(cx)?;
    os_error::init(cx)?;
    syntax::init(cx)?;
    unicode::init(cx)?;
    group::init(cx)
}
