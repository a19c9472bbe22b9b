//! `BaseException`: what all exceptions have.
//!
//! Tests: CPython test_exceptions, test_baseexception.

use super::{args_of, no_keywords};
use std::sync::atomic::Ordering;
use typhon_macros::class;
use typhon_object::dict::Dict;
use typhon_object::exc::{self, BaseException, ExcKind};
use typhon_object::list::{self, List};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result, instance, name, ops, shape, str, tuple};

/// Whether `o` may be a `__traceback__`.
fn is_traceback(o: Obj) -> bool {
    o.is_none() || o.shape() == shape::TRACEBACK
}

/// Set `__traceback__`.
fn put_traceback(cx: &Cx, e: Gc<BaseException>, tb: Obj) -> Result<()> {
    if !is_traceback(tb) {
        return Err(cx.type_error("__traceback__ must be a traceback or None"));
    }
    if tb.is_none() {
        e.traceback.clear();
    } else {
        e.traceback.set(cx, e, tb);
    }
    Ok(())
}

fn put_exception(cx: &Cx, what: &str, v: Obj) -> Result<Option<Obj>> {
    if v.is_none() {
        return Ok(None);
    }
    if v.cast::<BaseException>().is_none() {
        return Err(cx.type_error(format!("exception {what} must be None or derive from BaseException")));
    }
    Ok(Some(v))
}

struct BaseExceptionMethods;

#[class(name = "BaseException", extends = BaseException)]
impl BaseExceptionMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        Ok(exc::alloc(cx, cls, args.pos)?.obj())
    }

    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let name = cx.type_name(this.obj());
        no_keywords(cx, &name, &args)?;
        // `__new__` stored the same values already, unless a subclass changed them.
        if this.args().is_none_or(|t| t.payload().items() != args.pos) {
            let t = tuple::new(cx, args.pos)?;
            this.args.set(cx, this, t);
        }
        Ok(())
    }

    fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?;
        Ok(match args.payload().items() {
            [] => str::new(cx, "")?.obj(),
            [one] => ops::to_str(cx, *one)?.obj(),
            _ => ops::to_str(cx, args.obj())?.obj(),
        })
    }

    fn __repr__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let name = cx.type_name(this.obj());
        let args = args_of(cx, &this)?;
        let text = match args.payload().items() {
            [one] => format!("({})", ops::repr(cx, *one)?.to_str()),
            _ => ops::repr(cx, args.obj())?.to_str().into_owned(),
        };
        Ok(str::new(cx, &format!("{name}{text}"))?.obj())
    }

    #[getter]
    fn args(this: Gc<BaseException>, cx: &Cx) -> Result<Obj> {
        Ok(args_of(cx, &this)?.obj())
    }
    #[setter]
    fn set_args(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let Some(v) = value else { return Err(cx.type_error("args may not be deleted")) };
        let t = ops::tuple_from_iter(cx, v)?;
        this.args.set(cx, this, t);
        Ok(())
    }

    #[getter]
    fn __traceback__(this: Gc<BaseException>) -> Obj {
        this.traceback.obj().unwrap_or(Obj::NONE)
    }
    #[setter]
    #[name("__traceback__")]
    fn set_traceback(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        match value {
            Some(v) => put_traceback(cx, this, v),
            None => Err(cx.type_error("__traceback__ may not be deleted")),
        }
    }

    #[getter]
    fn __context__(this: Gc<BaseException>) -> Obj {
        this.context.obj().unwrap_or(Obj::NONE)
    }
    #[setter]
    #[name("__context__")]
    fn set_context(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let Some(v) = value else { return Err(cx.type_error("__context__ may not be deleted")) };
        let v = put_exception(cx, "context", v)?;
        this.context.put(cx, this, v);
        Ok(())
    }

    #[getter]
    fn __cause__(this: Gc<BaseException>) -> Obj {
        this.cause.obj().unwrap_or(Obj::NONE)
    }
    #[setter]
    #[name("__cause__")]
    fn set_cause(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        let Some(v) = value else { return Err(cx.type_error("__cause__ may not be deleted")) };
        let v = put_exception(cx, "cause", v)?;
        this.cause.put(cx, this, v);
        this.suppress_context.store(true, Ordering::Relaxed);
        Ok(())
    }

    #[getter]
    fn __suppress_context__(this: Gc<BaseException>) -> bool {
        this.suppresses_context()
    }
    #[setter]
    #[name("__suppress_context__")]
    fn set_suppress_context(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) -> Result<()> {
        match value {
            Some(Obj::TRUE) => this.suppress_context.store(true, Ordering::Relaxed),
            Some(Obj::FALSE) => this.suppress_context.store(false, Ordering::Relaxed),
            Some(_) => return Err(cx.type_error("attribute value type must be bool")),
            None => return Err(cx.type_error("can't delete numeric/char attribute")),
        }
        Ok(())
    }

    /// Set self.__traceback__ to tb and return self.
    fn with_traceback(this: Gc<BaseException>, cx: &mut Cx, object: Obj) -> Result<Obj> {
        put_traceback(cx, this, object)?;
        Ok(this.obj())
    }

    /// Add a note to the exception
    fn add_note(this: Gc<BaseException>, cx: &mut Cx, object: Obj) -> Result<()> {
        if object.cast::<Str>().is_none() {
            return Err(cx.type_error(format!("add_note() argument must be str, not {}", cx.type_name(object))));
        }
        let n = name!(cx, "__notes__");
        match ops::get_attr_opt(cx, this.obj(), n)? {
            Some(l) => match l.cast::<List>() {
                Some(l) => l.append(cx, object),
                None => Err(cx.type_error("Cannot add note: __notes__ is not a list")),
            },
            None => {
                let l = list::new(cx, &[object])?;
                ops::set_attr(cx, this.obj(), n, Some(l.obj()))
            }
        }
    }

    fn __reduce__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?.obj();
        reduce_with(cx, this.obj(), args)
    }

    fn __setstate__(this: Gc<BaseException>, cx: &mut Cx, state: Obj) -> Result<()> {
        if state.is_none() {
            return Ok(());
        }
        let Some(d) = state.cast::<Dict>() else { return Err(cx.type_error("state is not a dictionary")) };
        for (k, v) in d.items() {
            let Some(k) = k.cast::<Str>() else {
                return Err(cx.type_error("attribute name must be string"));
            };
            ops::set_attr(cx, this.obj(), k, Some(v))?;
        }
        Ok(())
    }
}

/// `(class, args)`, with the instance's attributes if it has any.
pub(crate) fn reduce_with(cx: &mut Cx, this: Obj, args: Obj) -> Result<Obj> {
    let class = ops::class_of(this).obj();
    let attrs = instance::attrs_copy(cx, this)?;
    if attrs.is_empty() {
        return Ok(tuple::new(cx, &[class, args])?.obj());
    }
    Ok(tuple::new(cx, &[class, args, attrs.obj()])?.obj())
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = ExcKind::BaseException.class(cx);
    types::add_members(cx, t, BaseExceptionMethods::MEMBERS)
}
