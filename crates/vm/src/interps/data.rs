//! Values on their way from one interpreter to another: plain data, without objects.
//!
//! A few immutable types cross as copies. A memoryview crosses with the memory that it
//! looks at, a queue or the end of a channel as its number. With the full fallback a
//! function that needs nothing of its module crosses as its code, and everything else
//! pickled.
//!
//! Tests: tests/lang/interpreters.md; CPython test_interpreters.

use super::channel_id::{self, ChannelRef};
use super::queues::{self, QueueRef};
use super::script::{self, Body};
use super::{buffer_view, enter, errors, fake_main};
use crate::function::Function;
use crate::import;
use typhon_builtins::memoryview::MemoryView;
use typhon_gc::OwnedRoot;
use typhon_object::bytes::{self, Bytes};
use typhon_object::exc::BaseException;
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, float, int, ops, shape};

/// A value between two interpreters.
pub enum Data {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
    /// Text that is no UTF-8: code points.
    Points(Box<[u32]>),
    Bytes(Box<[u8]>),
    Tuple(Vec<Data>),
    /// A memoryview: its memory is shared.
    Buffer(OwnedRoot),
    Function(Body),
    /// A pickle, and the file of the `__main__` in which it was made.
    Pickle(Box<[u8]>, Option<Box<str>>),
    Queue(QueueRef),
    ChannelId(ChannelRef),
    ChannelEnd(ChannelRef),
}

/// Whether objects of this type cross as they are, whatever is in them.
pub fn is_shareable(cx: &mut Cx, o: Obj) -> Result<bool> {
    let simple = [shape::BOOL, shape::INT, shape::FLOAT, shape::STR, shape::BYTES, shape::TUPLE];
    Ok(o.is_none()
        || simple.iter().any(|s| ops::is_exact(o, *s))
        || o.cast::<MemoryView>().is_some()
        || queues::is_queue(cx, o)
        || channel_id::crosses(cx, o))
}

impl Data {
    /// What is sent of an object.
    pub fn of(cx: &mut Cx, o: Obj, full: bool) -> Result<Data> {
        cx.enter()?;
        let cause = match Data::of_type(cx, o, full) {
            Ok(Some(d)) => return Ok(d),
            Ok(None) => None,
            Err(e) => Some(e.0),
        };
        if full {
            if let Some(f) = o.cast::<Function>()
                && let Ok(body) = script::stateless(cx, f)
            {
                return Ok(Data::Function(body));
            }
            if let Ok(d) = pickled(cx, o) {
                return Ok(d);
            }
        }
        Err(errors::does_not_cross(cx, o, cause))
    }

    /// The same, without the fallbacks for this very object. `None` is for types that do
    /// not cross.
    fn of_type(cx: &mut Cx, o: Obj, full: bool) -> Result<Option<Data>> {
        Ok(Some(if o.is_none() {
            Data::None
        } else if o == Obj::TRUE || o == Obj::FALSE {
            Data::Bool(o == Obj::TRUE)
        } else if ops::is_exact(o, shape::INT) {
            match int::to_i64(o) {
                Some(i) => Data::Int(i),
                None => return Err(cx.error(ExcKind::OverflowError, "try sending as bytes")),
            }
        } else if ops::is_exact(o, shape::FLOAT) {
            Data::Float(float::value(o).unwrap_or(0.0))
        } else if let Some(s) = o.cast::<Str>().filter(|_| ops::is_exact(o, shape::STR)) {
            match s.to_utf8() {
                Some(t) => Data::Text(t.into()),
                None => Data::Points(s.chars().collect()),
            }
        } else if let Some(b) = o.cast::<Bytes>().filter(|_| ops::is_exact(o, shape::BYTES)) {
            Data::Bytes(b.as_slice().into())
        } else if let Some(t) = o.cast::<Tuple>().filter(|_| ops::is_exact(o, shape::TUPLE)) {
            let items = t.payload().items().iter();
            Data::Tuple(items.map(|i| Data::of(cx, *i, full)).collect::<Result<_>>()?)
        } else if o.cast::<MemoryView>().is_some() {
            Data::of_buffer(cx, o)?
        } else if let Some(q) = queues::reference(cx, o)? {
            Data::Queue(q)
        } else if let Some((c, is_end)) = channel_id::reference(cx, o)? {
            if is_end { Data::ChannelEnd(c) } else { Data::ChannelId(c) }
        } else {
            return Ok(None);
        }))
    }

    /// The memory of a bytes-like object.
    pub fn of_buffer(cx: &mut Cx, o: Obj) -> Result<Data> {
        // A view of its own, so that releasing the one given does not take this one.
        let view = MemoryView::over(cx, o)?;
        Ok(Data::Buffer(OwnedRoot::new(&cx.mutator, view.obj().word())))
    }

    /// The value in the interpreter that the caller runs in.
    pub fn to_obj(&self, cx: &mut Cx) -> Result<Obj> {
        Ok(match self {
            Data::None => Obj::NONE,
            Data::Bool(b) => Obj::bool(*b),
            Data::Int(i) => int::from_i64(cx, *i)?,
            Data::Float(f) => float::new(cx, *f)?,
            Data::Text(t) => str::new(cx, t)?.obj(),
            Data::Points(p) => str::from_ucs4(cx, p)?.obj(),
            Data::Bytes(b) => bytes::new(cx, b)?.obj(),
            Data::Tuple(items) => {
                cx.enter()?;
                let l = typhon_object::list::new(cx, &[])?;
                for i in items {
                    let o = i.to_obj(cx)?;
                    l.append(cx, o)?;
                }
                ops::tuple_from_list(cx, l)?.obj()
            }
            Data::Buffer(root) => {
                let Some(view) = Obj::from_word(root.get()) else { return Ok(Obj::NONE) };
                buffer_view::memoryview(cx, view)?
            }
            Data::Function(body) => {
                let d = enter::main_namespace(cx)?;
                body.function(cx, d)?.obj()
            }
            Data::Pickle(bytes, main) => unpickled(cx, bytes, main.as_deref())?,
            Data::Queue(q) => queues::object(cx, q)?,
            Data::ChannelId(c) => channel_id::object(cx, c, false)?,
            Data::ChannelEnd(c) => channel_id::object(cx, c, true)?,
        })
    }
}

/// What arrived cannot be made an object here.
pub fn not_arrived(cx: &mut Cx, what: &str, cause: Gc<BaseException>) -> typhon_object::Raised {
    errors::not_shareable(cx, what, Some(cause))
}

fn pickled(cx: &mut Cx, o: Obj) -> Result<Data> {
    let pickle = import::import_module(cx, "pickle")?;
    let b = ops::call_method(cx, pickle, "dumps", &[o])?;
    let Some(b) = b.cast::<Bytes>() else { return Err(cx.type_error("pickle.dumps() gave no bytes")) };
    let bytes = b.as_slice().into();
    Ok(Data::Pickle(bytes, fake_main::file_of_main(cx)))
}

fn unpickled(cx: &mut Cx, data: &[u8], main: Option<&str>) -> Result<Obj> {
    let pickle = import::import_module(cx, "pickle")?;
    let b = bytes::new(cx, data)?;
    let load = |cx: &mut Cx| ops::call_method(cx, pickle, "loads", &[b.obj()]);
    let failed = match load(cx) {
        Ok(o) => return Ok(o),
        Err(e) => e,
    };
    if failed.is(cx, ExcKind::AttributeError)
        && fake_main::is_about_main(cx, failed)
        && let Some(main) = main
        && let Ok(o) = fake_main::with(cx, main, load)
    {
        return Ok(o);
    }
    Err(errors::not_shareable(cx, "object could not be unpickled", Some(failed.0)))
}
