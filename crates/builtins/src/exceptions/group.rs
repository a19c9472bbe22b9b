//! `BaseExceptionGroup` (fields message 0, exceptions 1, the text of exceptions that were no list or tuple 2), `ExceptionGroup`, and
//! what `except*` does with them.
//!
//! Tests: CPython test_exception_group, test_except_star.

use super::{args_of, base, field, no_keywords};
use typhon_gc::Root;
use typhon_macros::class;
use typhon_object::exc::{self, BaseException, ExcKind};
use typhon_object::list::{self, List};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result, dict, name, new_type, ops, shape, str, tuple};

static EXCEPTION_GROUP: Root = Root::new();

/// The class `ExceptionGroup`.
pub fn exception_group(cx: &Cx) -> Gc<Type> {
    match Obj::from_word(EXCEPTION_GROUP.get()).and_then(|o| o.cast::<Type>()) {
        Some(t) => t,
        // Only before `init` has run.
        None => ExcKind::BaseExceptionGroup.class(cx),
    }
}

/// Whether `o` is an exception group.
pub fn is_group(cx: &Cx, o: Obj) -> bool {
    ExcKind::BaseExceptionGroup.matches(cx, o)
}

fn exceptions_of(e: &BaseException) -> &'static [Obj] {
    e.fields[1].obj().and_then(|o| o.cast::<Tuple>()).map_or(&[], |t| t.payload().items())
}

/// How exceptions are chosen.
#[derive(Clone, Copy)]
enum Matcher {
    /// By class or tuple of classes.
    Class(Obj),
    /// By a predicate.
    Call(Obj),
    /// Those in a list.
    OneOf(Gc<List>),
}

impl Matcher {
    fn new(cx: &Cx, o: Obj) -> Result<Matcher> {
        let base = ExcKind::BaseException.class(cx);
        let is_exc = |o: &Obj| o.cast::<Type>().is_some_and(|t| t.is_subtype(base));
        if is_exc(&o) {
            return Ok(Matcher::Class(o));
        }
        if let Some(t) = o.cast::<Tuple>() {
            if t.payload().items().iter().all(is_exc) {
                return Ok(Matcher::Class(o));
            }
        } else if o.cast::<Type>().is_none() && crate::functions::is_callable(o) {
            return Ok(Matcher::Call(o));
        }
        Err(cx.type_error("expected an exception type, a tuple of exception types, or a callable (other than a class)"))
    }
    fn matches(self, cx: &mut Cx, e: Obj) -> Result<bool> {
        match self {
            Matcher::Class(c) => ops::is_subclass(cx, ops::class_of(e).obj(), c),
            Matcher::Call(f) => {
                let r = ops::call_args(cx, f, &[e])?;
                ops::truth(cx, r)
            }
            Matcher::OneOf(l) => Ok(!is_group(cx, e) && (0..l.len()).any(|i| l.get(i) == Some(e))),
        }
    }
}

/// The matching part of `e`, and (if wanted) the rest.
fn split(cx: &mut Cx, e: Obj, m: Matcher, want_rest: bool) -> Result<(Option<Obj>, Option<Obj>)> {
    if m.matches(cx, e)? {
        return Ok((Some(e), None));
    }
    let Some(g) = e.cast::<BaseException>().filter(|_| is_group(cx, e)) else { return Ok((None, Some(e))) };
    cx.enter()?;
    let matching = list::new(cx, &[])?;
    let rest = list::new(cx, &[])?;
    for inner in exceptions_of(&g) {
        let (a, b) = split(cx, *inner, m, want_rest)?;
        if let Some(a) = a {
            matching.append(cx, a)?;
        }
        if let Some(b) = b
            && want_rest
        {
            rest.append(cx, b)?;
        }
    }
    let a = subset(cx, g, matching)?;
    let b = if want_rest { subset(cx, g, rest)? } else { None };
    Ok((a, b))
}

/// A group like `of` with these exceptions.
fn subset(cx: &mut Cx, of: Gc<BaseException>, excs: Gc<List>) -> Result<Option<Obj>> {
    if excs.is_empty() {
        return Ok(None);
    }
    let o = ops::call_method(cx, of.obj(), "derive", &[excs.obj()])?;
    let Some(e) = o.cast::<BaseException>().filter(|_| is_group(cx, o)) else {
        return Err(cx.type_error("derive must return an instance of BaseExceptionGroup"));
    };
    e.traceback.put(cx, e, of.traceback.obj());
    e.context.put(cx, e, of.context.obj());
    e.cause.put(cx, e, of.cause.obj());
    if of.cause.obj().is_some() {
        e.suppress_context.store(of.suppresses_context(), std::sync::atomic::Ordering::Relaxed);
    }
    let n = name!(cx, "__notes__");
    if let Some(notes) = ops::get_attr_opt(cx, of.obj(), n)?
        && (notes.cast::<List>().is_some() || notes.cast::<Tuple>().is_some())
    {
        let copy = ops::list_from_iter(cx, notes)?;
        ops::set_attr(cx, o, n, Some(copy.obj()))?;
    }
    Ok(Some(o))
}

/// For `except* cls`: what the handler gets (a naked exception is wrapped) and
/// what remains; `None` where there is nothing.
pub fn match_star(cx: &mut Cx, e: Obj, cls: Obj) -> Result<(Option<Obj>, Option<Obj>)> {
    if is_group(cx, e) {
        return split(cx, e, Matcher::Class(cls), true);
    }
    if ops::is_subclass(cx, ops::class_of(e).obj(), cls)? {
        let excs = tuple::new(cx, &[e])?;
        let text = str::new(cx, "")?.obj();
        let class = ExcKind::BaseExceptionGroup.class(cx).obj();
        let g = ops::call_args(cx, class, &[text, excs.obj()])?;
        if let (Some(g), Some(e)) = (g.cast::<BaseException>(), e.cast::<BaseException>()) {
            g.traceback.put(cx, g, e.traceback.obj());
        }
        return Ok((Some(g), None));
    }
    Ok((None, Some(e)))
}

fn same_metadata(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
    let (Some(x), Some(y)) = (a.cast::<BaseException>(), b.cast::<BaseException>()) else { return Ok(false) };
    if !is_group(cx, a) {
        return Ok(false);
    }
    let n = name!(cx, "__notes__");
    Ok(ops::get_attr_opt(cx, a, n)? == ops::get_attr_opt(cx, b, n)?
        && x.traceback.word() == y.traceback.word()
        && x.cause.word() == y.cause.word()
        && x.context.word() == y.context.word())
}

fn leaves(cx: &mut Cx, e: Obj, out: Gc<List>) -> Result<()> {
    match e.cast::<BaseException>().filter(|_| is_group(cx, e)) {
        None => out.append(cx, e),
        Some(g) => {
            cx.enter()?;
            exceptions_of(&g).iter().try_for_each(|i| leaves(cx, *i, out))
        }
    }
}

/// What is raised after all `except*` clauses: `orig` was caught, and `excs`
/// lists what the clauses raised or left unhandled (None entries count for
/// nothing). `None` if all is handled.
pub fn prep_reraise_star(cx: &mut Cx, orig: Obj, excs: Gc<List>) -> Result<Option<Obj>> {
    if excs.is_empty() {
        return Ok(None);
    }
    if !is_group(cx, orig) {
        // A naked exception was wrapped for its clause.
        return Ok(excs.get(0).filter(|e| !e.is_none()));
    }
    let raised = list::new(cx, &[])?;
    let kept = list::new(cx, &[])?;
    let mut i = 0;
    while let Some(e) = excs.get(i) {
        i += 1;
        if e.is_none() {
            continue;
        }
        if same_metadata(cx, e, orig)? {
            leaves(cx, e, kept)?;
        } else {
            raised.append(cx, e)?;
        }
    }
    let (again, _) = split(cx, orig, Matcher::OneOf(kept), false)?;
    if raised.is_empty() {
        return Ok(again);
    }
    if let Some(g) = again {
        raised.append(cx, g)?;
    }
    if raised.len() == 1 {
        return Ok(raised.get(0));
    }
    let text = str::new(cx, "")?.obj();
    let class = ExcKind::BaseExceptionGroup.class(cx).obj();
    ops::call_args(cx, class, &[text, raised.obj()]).map(Some)
}

struct GroupMethods;

#[class(name = "BaseExceptionGroup", extends = BaseException)]
impl GroupMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let &[msg, excs] = args.pos else {
            return Err(cx.type_error(format!(
                "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)",
                args.pos.len()
            )));
        };
        if msg.cast::<Str>().is_none() {
            return Err(cx.type_error(format!(
                "BaseExceptionGroup.__new__() argument 1 must be str, not {}",
                cx.type_name(msg)
            )));
        }
        if !ops::is_sequence(excs) || excs.shape() == shape::SET {
            return Err(cx.type_error("second argument (exceptions) must be a sequence"));
        }
        let t = ops::tuple_from_iter(cx, excs)?;
        let items = t.payload().items();
        if items.is_empty() {
            return Err(cx.value_error("second argument (exceptions) must be a non-empty sequence"));
        }
        let mut all_plain = true;
        for (i, e) in items.iter().enumerate() {
            if e.cast::<BaseException>().is_none() {
                return Err(cx.value_error(format!("Item {i} of second argument (exceptions) is not an exception")));
            }
            all_plain &= ExcKind::Exception.matches(cx, *e);
        }
        let mut cls = cls;
        if cls == ExcKind::BaseExceptionGroup.class(cx) {
            if all_plain {
                cls = exception_group(cx);
            }
        } else if !all_plain && cls == exception_group(cx) {
            return Err(cx.type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
        } else if !all_plain && cls.is_subtype(ExcKind::Exception.class(cx)) {
            return Err(cx.type_error(format!("Cannot nest BaseExceptions in '{}'", cls.name())));
        }
        // A sequence of another class is shown as it is now: it may change.
        let shown = match excs.cast::<List>().is_some() || excs.cast::<Tuple>().is_some() {
            true => None,
            false => Some(ops::repr(cx, excs)?),
        };
        let e = exc::alloc(cx, cls, args.pos)?;
        e.fields[0].set(cx, e, msg);
        e.fields[1].set(cx, e, t);
        e.fields[2].put(cx, e, shown.map(|s| s.obj()));
        Ok(e.obj())
    }

    fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let name = cx.type_name(this.obj());
        no_keywords(cx, &name, &args)?;
        let t = tuple::new(cx, args.pos)?;
        this.args.set(cx, this, t);
        Ok(())
    }

    fn __repr__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let msg = ops::repr(cx, field(&this, 0))?;
        let excs = match this.fields[2].obj() {
            Some(shown) => ops::to_str(cx, shown)?,
            None => {
                let args = args_of(cx, &this)?;
                let as_list = args.payload().items().get(1).is_some_and(|a| a.cast::<List>().is_some());
                let items = exceptions_of(&this);
                let all = if as_list { list::new(cx, items)?.obj() } else { tuple::new(cx, items)?.obj() };
                ops::repr(cx, all)?
            }
        };
        let name = cx.type_name(this.obj());
        let open = str::new(cx, &format!("{name}("))?;
        let text = str::concat(cx, open, msg)?;
        let comma = str::new(cx, ", ")?;
        let text = str::concat(cx, text, comma)?;
        let text = str::concat(cx, text, excs)?;
        let close = str::new(cx, ")")?;
        Ok(str::concat(cx, text, close)?.obj())
    }

    fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let msg = ops::to_str(cx, field(&this, 0))?;
        let n = exceptions_of(&this).len();
        let tail = str::new(cx, &format!(" ({n} sub-exception{})", if n == 1 { "" } else { "s" }))?;
        Ok(str::concat(cx, msg, tail)?.obj())
    }

    #[getter]
    fn message(this: Gc<BaseException>) -> Obj {
        field(&this, 0)
    }
    #[getter]
    fn exceptions(this: Gc<BaseException>) -> Obj {
        field(&this, 1)
    }

    /// Return a group like this one with these exceptions.
    fn derive(this: Gc<BaseException>, cx: &mut Cx, excs: Obj) -> Result<Obj> {
        let class = ExcKind::BaseExceptionGroup.class(cx).obj();
        ops::call_args(cx, class, &[field(&this, 0), excs])
    }
    /// Return the matching part and the rest.
    fn split(this: Gc<BaseException>, cx: &mut Cx, matcher_value: Obj) -> Result<(Option<Obj>, Option<Obj>)> {
        let m = Matcher::new(cx, matcher_value)?;
        split(cx, this.obj(), m, true)
    }
    /// Return the matching part.
    fn subgroup(this: Gc<BaseException>, cx: &mut Cx, matcher_value: Obj) -> Result<Option<Obj>> {
        let m = Matcher::new(cx, matcher_value)?;
        Ok(split(cx, this.obj(), m, false)?.0)
    }

    fn __reduce__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
        let args = args_of(cx, &this)?.obj();
        base::reduce_with(cx, this.obj(), args)
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias::new(cx, cls.obj(), item)
    }
}

/// Complete the class and make `ExceptionGroup`, which has two bases.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = ExcKind::BaseExceptionGroup.class(cx);
    types::add_members(cx, t, GroupMethods::MEMBERS)?;
    let bases = tuple::new(cx, &[t.obj(), ExcKind::Exception.class(cx).obj()])?;
    let ns = dict::new(cx)?;
    let module = str::new(cx, "builtins")?;
    ns.insert_str(cx, name!(cx, "__module__"), module.obj())?;
    let n = cx.intern("ExceptionGroup")?;
    let g = new_type::new_type(cx, types::class_for(shape::TYPE), n, bases, ns)?;
    g.set_flag(types::F_IMMUTABLE, true);
    EXCEPTION_GROUP.set(&cx.mutator, g.obj().word());
    Ok(())
}
