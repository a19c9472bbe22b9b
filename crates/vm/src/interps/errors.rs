//! The exceptions of interpreters, queues and channels. Each interpreter has classes of
//! its own.
//!
//! Tests: tests/lang/interpreters.md.

use typhon_object::exc::{BaseException, Raised};
use typhon_object::exc_class::{exception_class, exception_subclass};
use typhon_object::interp::InterpRoot;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, name, ops, str};

/// Where the public classes are found.
const HOME: &str = "concurrent.interpreters";

static FAILED: InterpRoot = InterpRoot::new();
static NOT_FOUND: InterpRoot = InterpRoot::new();
static NOT_SHAREABLE: InterpRoot = InterpRoot::new();

/// The same class as before, with a docstring if it is new.
pub fn documented(cx: &mut Cx, class: Gc<Type>, doc: &str) -> Result<Gc<Type>> {
    let n = name!(cx, "__doc__");
    if class.dict().and_then(|d| d.get_str(n)).is_none_or(|d| d.is_none()) {
        let doc = str::new(cx, doc)?;
        types::set_attr(cx, class, n, Some(doc.obj()))?;
    }
    Ok(class)
}

/// `InterpreterError`.
pub fn failed_class(cx: &mut Cx) -> Result<Gc<Type>> {
    let class = exception_class(cx, &FAILED, HOME, "InterpreterError", ExcKind::Exception)?;
    documented(cx, class, "A cross-interpreter operation failed")
}

/// `InterpreterNotFoundError`.
pub fn not_found_class(cx: &mut Cx) -> Result<Gc<Type>> {
    let base = failed_class(cx)?;
    let class = exception_subclass(cx, &NOT_FOUND, HOME, "InterpreterNotFoundError", base)?;
    documented(cx, class, "An interpreter was not found")
}

/// `NotShareableError`.
pub fn not_shareable_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &NOT_SHAREABLE, HOME, "NotShareableError", ExcKind::TypeError)
}

/// An exception of a class with a text.
pub fn raised(cx: &mut Cx, class: Result<Gc<Type>>, text: &str) -> Raised {
    typhon_object::exc_class::error_of(cx, class, text)
}

/// An `InterpreterError`.
pub fn failed(cx: &mut Cx, text: &str) -> Raised {
    let class = failed_class(cx);
    raised(cx, class, text)
}

/// There is no interpreter with this id.
pub fn not_found(cx: &mut Cx, id: i64) -> Raised {
    let class = not_found_class(cx);
    raised(cx, class, &format!("unrecognized interpreter ID {id}"))
}

/// A `NotShareableError` with a cause.
pub fn not_shareable(cx: &mut Cx, text: &str, cause: Option<Gc<BaseException>>) -> Raised {
    let class = not_shareable_class(cx);
    let e = raised(cx, class, text);
    if let Some(c) = cause {
        e.0.cause.set(cx, e.0, c.obj());
        e.0.suppress_context.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    e
}

/// The object is of a type that does not cross.
pub fn does_not_cross(cx: &mut Cx, o: Obj, cause: Option<Gc<BaseException>>) -> Raised {
    let shown = match ops::to_str(cx, o) {
        Ok(s) => s.to_str().into_owned(),
        Err(_) => format!("{} object", cx.type_name(o)),
    };
    not_shareable(cx, &format!("{shown} does not support cross-interpreter data"), cause)
}
