//! What other crates and files supply to the scalar types.
//!
//! Each hook is set once at start-up; before that its operation raises or
//! falls back, as its comment says.

use crate::buffer::Exports;
use std::sync::OnceLock;
use typhon_object::{Cx, Gc, Obj, Result};

/// `codecs.encode(text, encoding, errors)` for encodings that are not native,
/// and for error handlers that are registered in Python: text, encoding name,
/// error handler name. Returns the encoded bytes object. LookupError before.
pub static CODECS_ENCODE: OnceLock<fn(&mut Cx, Obj, &str, &str) -> Result<Obj>> = OnceLock::new();

/// `codecs.decode(data, encoding, errors)`, likewise; returns the text.
pub static CODECS_DECODE: OnceLock<fn(&mut Cx, Obj, &str, &str) -> Result<Obj>> = OnceLock::new();

/// `__name__` in the globals of the calling Python frame, for `__module__` of
/// classes that `type()` makes. No `__module__` before.
pub static CALLER_MODULE: OnceLock<fn(&mut Cx) -> Option<Obj>> = OnceLock::new();

/// `localeconv()`'s decimal point, thousands separator and grouping, for the
/// format code `n`. The C locale before.
pub static LOCALE: OnceLock<fn(&mut Cx) -> Result<(String, String, Vec<u8>)>> = OnceLock::new();

/// `warnings.warn(text, category)`; the module of that name before.
pub static WARN: OnceLock<fn(&mut Cx, &str, typhon_object::ExcKind) -> Result<()>> = OnceLock::new();

/// `codecs.lookup_error(name)`: the handler that Python code registered.
/// LookupError before.
pub static LOOKUP_ERROR_HANDLER: OnceLock<fn(&mut Cx, &str) -> Result<Obj>> = OnceLock::new();

/// The class and the first argument of the calling Python function, for
/// `super()` without arguments. RuntimeError before.
pub static SUPER_ARGS: OnceLock<fn(&mut Cx) -> Result<(Obj, Obj)>> = OnceLock::new();

/// Issue a warning, which the filters may turn into an exception.
pub fn warn(cx: &mut Cx, text: &str, kind: typhon_object::ExcKind) -> Result<()> {
    if let Some(f) = WARN.get() {
        return f(cx, text, kind);
    }
    let module = crate::object_reduce::import(cx, "warnings")?;
    let text = typhon_object::str::new(cx, text)?;
    let class = kind.class(cx).obj();
    typhon_object::ops::call_method(cx, module, "warn", &[text.obj(), class])?;
    Ok(())
}

/// Releases the views of a buffer to which nothing but what is left on the native stack
/// refers.
pub static RELEASE_UNHELD: OnceLock<fn(&Cx, Gc<Exports>)> = OnceLock::new();
