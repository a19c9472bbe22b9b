//! `_csv`: reading and writing delimited text.
//!
//! | file | what |
//! |---|---|
//! | `dialect.rs` | `Dialect`: checked parameters |
//! | `reader.rs` | the reader's state machine |
//! | `writer.rs` | the writer |
//!
//! Tests: tests/lang/csv.md; CPython test_csv.

mod dialect;
mod reader;
mod writer;

use crate::util::{error_of, exception_class, set, set_ints};
use dialect::Dialect;
use reader::Reader;
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::module;
use typhon_object::dict::{self, Dict};
use typhon_object::interp::InterpRoot;
use typhon_object::native::{Args, FromArg, class_of};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, int};
use writer::Writer;

static ERROR: InterpRoot = InterpRoot::new();
static DIALECTS: InterpRoot = InterpRoot::new();
/// `field_size_limit()`.
static LIMIT: AtomicI64 = AtomicI64::new(128 * 1024);

fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &ERROR, "_csv", "Error", ExcKind::Exception)
}

/// `_csv.Error`.
#[cold]
fn error(cx: &mut Cx, msg: &str) -> Raised {
    let c = error_class(cx);
    error_of(cx, c, msg)
}

/// Registered dialects by name.
fn dialects(cx: &mut Cx) -> Result<Gc<Dict>> {
    if let Some(d) = Obj::from_word(DIALECTS.get(cx)).and_then(|o| o.cast()) {
        return Ok(d);
    }
    let d = dict::new(cx)?;
    DIALECTS.set(cx, d.obj().word());
    Ok(d)
}

fn registered(cx: &mut Cx, name: Obj) -> Result<Obj> {
    dialects(cx)?.get(cx, name)?.ok_or_else(|| error(cx, "unknown dialect"))
}

/// The dialect of a function's arguments: one by position, and parameters by name.
fn from_args(cx: &mut Cx, base: Option<Obj>, args: &Args<'_>) -> Result<Gc<Dialect>> {
    let mut given = dialect::Given::default();
    for (k, v) in args.keywords() {
        if k.eq_str("dialect") && base.is_none() {
            return from_args_with(cx, Some(v), args);
        }
        given.set(cx, k, v)?;
    }
    dialect::make(cx, None, base, given)
}

fn from_args_with(cx: &mut Cx, base: Option<Obj>, args: &Args<'_>) -> Result<Gc<Dialect>> {
    let mut given = dialect::Given::default();
    for (k, v) in args.keywords().filter(|(k, _)| !k.eq_str("dialect")) {
        given.set(cx, k, v)?;
    }
    dialect::make(cx, None, base, given)
}

/// One or two arguments by position.
fn positional(cx: &Cx, args: &Args<'_>, name: &str) -> Result<(Obj, Option<Obj>)> {
    match *args.pos {
        [] => Err(cx.type_error(format!("{name} expected at least 1 argument, got 0"))),
        [a] => Ok((a, None)),
        [a, b] => Ok((a, Some(b))),
        ref p => Err(cx.type_error(format!("{name} expected at most 2 arguments, got {}", p.len()))),
    }
}

/// CSV parsing and writing.
#[module("_csv", classes(Dialect))]
pub mod csv {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let e = error_class(cx)?;
        set(cx, module, "Error", e)?;
        let d = dialects(cx)?;
        set(cx, module, "_dialects", d)?;
        let r = class_of::<Reader>(cx)?;
        set(cx, module, "Reader", r)?;
        let w = class_of::<Writer>(cx)?;
        set(cx, module, "Writer", w)?;
        set_ints(
            cx,
            module,
            &[
                ("QUOTE_MINIMAL", 0),
                ("QUOTE_ALL", 1),
                ("QUOTE_NONNUMERIC", 2),
                ("QUOTE_NONE", 3),
                ("QUOTE_STRINGS", 4),
                ("QUOTE_NOTNULL", 5),
            ],
        )
    }
    /// Return a reader object that will process lines from the given iterable.
    fn reader(cx: &mut Cx, args: Args<'_>) -> Result<Gc<Reader>> {
        let (source, base) = positional(cx, &args, "reader")?;
        let source = typhon_object::ops::get_iter(cx, source)?;
        let d = from_args(cx, base, &args)?;
        reader::make(cx, source, d)
    }
    /// Return a writer object that will write user data on the given file object.
    fn writer(cx: &mut Cx, args: Args<'_>) -> Result<Gc<Writer>> {
        let (file, base) = positional(cx, &args, "writer")?;
        let d = from_args(cx, base, &args)?;
        writer::make(cx, file, d)
    }
    /// Create a mapping from a string name to a CSV dialect.
    fn register_dialect(cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let (name, base) = positional(cx, &args, "register_dialect")?;
        if name.cast::<Str>().is_none() {
            return Err(cx.type_error("dialect name must be a string"));
        }
        let d = from_args(cx, base, &args)?;
        dialects(cx)?.insert(cx, name, d.obj())?;
        Ok(())
    }
    /// Delete the name/dialect mapping associated with a string name.
    #[sig(name)]
    fn unregister_dialect(cx: &mut Cx, name: Obj) -> Result<()> {
        match dialects(cx)?.remove(cx, name)? {
            Some(_) => Ok(()),
            None => Err(error(cx, "unknown dialect")),
        }
    }
    /// Return the dialect instance associated with name.
    #[sig(name)]
    fn get_dialect(cx: &mut Cx, name: Obj) -> Result<Obj> {
        registered(cx, name)
    }
    /// Return a list of all known dialect names.
    fn list_dialects(cx: &mut Cx) -> Result<Obj> {
        let d = dialects(cx)?;
        Ok(typhon_object::ops::list_from_iter(cx, d.obj())?.obj())
    }
    /// Sets an upper limit on parsed fields.
    #[sig(new_limit = <missing>)]
    fn field_size_limit(cx: &mut Cx, new_limit: typhon_object::native::Missing<Obj>) -> Result<i64> {
        let Some(v) = new_limit.given() else { return Ok(LIMIT.load(Ordering::Relaxed)) };
        if !int::is_int(v) {
            return Err(cx.type_error("limit must be an integer"));
        }
        let n = i64::from_arg(cx, v)?;
        Ok(LIMIT.swap(n, Ordering::Relaxed))
    }
}
