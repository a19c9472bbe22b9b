//! `raise`, `except` and `except*`.

use crate::frame::Fr;
use crate::unwind;
use std::sync::atomic::Ordering;
use typhon_object::exc::BaseException;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, list, ops};

/// The exception that `raise o` raises.
pub fn to_exception(cx: &mut Cx, o: Obj) -> Result<Gc<BaseException>> {
    if let Some(e) = o.cast::<BaseException>() {
        return Ok(e);
    }
    if let Some(t) = o.cast::<Type>()
        && t.is_subtype(ExcKind::BaseException.class(cx))
    {
        let v = ops::call_args(cx, o, &[])?;
        return match v.cast::<BaseException>() {
            Some(e) => Ok(e),
            None => {
                let (a, b) = (ops::repr(cx, o)?, ops::repr(cx, ops::class_of(v).obj())?);
                Err(cx.type_error(format!(
                    "calling {} should have returned an instance of BaseException, not {}",
                    a.to_str(),
                    b.to_str()
                )))
            }
        };
    }
    Err(cx.type_error("exceptions must derive from BaseException"))
}

/// Check the right side of `except`.
fn check_class(cx: &Cx, c: Obj, star: bool) -> Result<()> {
    let bad = |o: &Obj| o.cast::<Type>().is_none_or(|t| !t.is_subtype(ExcKind::BaseException.class(cx)));
    let wrong = match c.cast::<Tuple>() {
        Some(t) => t.items().iter().any(bad),
        None => bad(&c),
    };
    if wrong {
        return Err(cx.type_error("catching classes that do not inherit from BaseException is not allowed"));
    }
    if star {
        let group = |o: &Obj| o.cast::<Type>().is_some_and(|t| t.is_subtype(ExcKind::BaseExceptionGroup.class(cx)));
        let any = match c.cast::<Tuple>() {
            Some(t) => t.items().iter().any(group),
            None => group(&c),
        };
        if any {
            return Err(cx.type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
        }
    }
    Ok(())
}

fn matches(e: Obj, c: Obj) -> bool {
    let k = ops::class_of(e);
    match c.cast::<Tuple>() {
        Some(t) => t.items().iter().any(|c| c.cast::<Type>().is_some_and(|c| k.is_subtype(c))),
        None => c.cast::<Type>().is_some_and(|c| k.is_subtype(c)),
    }
}

crate::slow! {
    /// RAISE.
    fn raise(f) {
        let r: Raised = match f.x() {
            0 => match f.cx.handled() {
                // A reraise keeps the context and the traceback that it has.
                Some(e) => return Ok(unsafe { unwind::unwind(f.cx, f.pc, f.base, Raised(e), unwind::Origin::Again) }),
                None => f.cx.error(ExcKind::RuntimeError, "No active exception to reraise"),
            },
            x => {
                let (o, cause) = (f.reg(f.a()), (x == 2).then(|| f.reg(f.b())));
                let e = to_exception(f.cx, o)?;
                if let Some(c) = cause {
                    if c.is_none() {
                        e.cause.clear();
                    } else {
                        let c = match to_exception(f.cx, c) {
                            Ok(c) => c,
                            Err(_) if c.cast::<Type>().is_none() => {
                                return Err(f.cx.type_error("exception causes must derive from BaseException"));
                            }
                            Err(e) => return Err(e),
                        };
                        e.cause.set(f.cx, e, c);
                    }
                    e.suppress_context.store(true, Ordering::Relaxed);
                }
                // Even if it was raised before.
                typhon_object::exc::chain(f.cx, e);
                Raised(e)
            }
        };
        Err(r)
    }
    /// RERAISE.
    fn reraise(f) {
        let e = as_exception(f, f.reg(f.a()));
        let origin = if f.x() == 0 { unwind::Origin::Again } else { unwind::Origin::Hidden };
        Ok(unsafe { unwind::unwind(f.cx, f.pc, f.base, Raised(e), origin) })
    }
    /// CHECKEXCMATCH.
    fn check_match(f) {
        let (e, c) = (f.reg(f.b()), f.reg(f.c()));
        check_class(f.cx, c, false)?;
        f.set(f.a(), Obj::bool(matches(e, c)));
        Ok(f.done())
    }
    /// CHECKEGMATCH.
    fn check_group_match(f) {
        let (e, c, a) = (f.reg(f.b()), f.reg(f.c()), f.a());
        check_class(f.cx, c, true)?;
        if e.is_none() {
            f.set(a, Obj::NONE);
            f.set(a + 1, Obj::NONE);
            return Ok(f.done());
        }
        if matches(e, c) {
            let m = if ExcKind::BaseExceptionGroup.matches(f.cx, e) {
                e
            } else {
                let group = crate::hooks::group(f.cx, "", &[e])?;
                if let (Some(g), Some(x)) = (group.cast::<BaseException>(), e.cast::<BaseException>())
                    && let Some(t) = x.traceback.obj()
                {
                    g.traceback.set(f.cx, g, t);
                }
                group
            };
            f.set(a, m);
            f.set(a + 1, Obj::NONE);
            return Ok(f.done());
        }
        if ExcKind::BaseExceptionGroup.matches(f.cx, e) {
            let r = ops::call_method(f.cx, e, "split", &[c])?;
            let n = f.cx.type_name(e);
            let Some(t) = r.cast::<Tuple>() else {
                return Err(f.cx.type_error(format!("{n}.split must return a tuple, not {}", f.cx.type_name(r))));
            };
            // More are allowed, as CPython does.
            if t.len() < 2 {
                let size = t.len();
                return Err(f.cx.type_error(format!("{n}.split must return a 2-tuple, got tuple of size {size}")));
            }
            f.set(a, t.items()[0]);
            f.set(a + 1, t.items()[1]);
            return Ok(f.done());
        }
        f.set(a, Obj::NONE);
        f.set(a + 1, e);
        Ok(f.done())
    }
    /// PREPRERAISESTAR.
    fn prep_reraise_star(f) {
        let (orig, l) = (f.reg(f.b()), f.reg(f.c()));
        let r = prep_reraise(f.cx, orig, l)?;
        f.set(f.a(), r);
        Ok(f.done())
    }
}

fn as_exception(_: &Fr<'_>, o: Obj) -> Gc<BaseException> {
    // The compiler reraises only what a handler received.
    unsafe { Gc::from_obj(o) }
}

/// What `except*` raises at its end: new exceptions beside the part of the
/// original group that nobody handled or that was raised again.
fn prep_reraise(cx: &mut Cx, orig: Obj, excs: Obj) -> Result<Obj> {
    let l = ops::list_from_iter(cx, excs)?;
    if ExcKind::BaseExceptionGroup.matches(cx, orig) {
        let (raised, again) = (list::new(cx, &[])?, list::new(cx, &[])?);
        for i in 0..l.len() {
            let e = l.get(i).expect("ours");
            if e.is_none() {
                continue;
            }
            if same_origin(e, orig) { again.append(cx, e)? } else { raised.append(cx, e)? }
        }
        let projected = if again.is_empty() { Obj::NONE } else { crate::hooks::project_group(cx, orig, again.obj())? };
        if raised.is_empty() {
            return Ok(projected);
        }
        if !projected.is_none() {
            raised.append(cx, projected)?;
        }
        if raised.len() > 1 {
            let items = ops::tuple_from_list(cx, raised)?;
            return crate::hooks::group(cx, "", items.payload().items());
        }
        return Ok(raised.get(0).expect("one"));
    }
    // A bare exception: what the last handler left.
    let first = (0..l.len()).filter_map(|i| l.get(i)).find(|e| !e.is_none());
    Ok(first.unwrap_or(Obj::NONE))
}

/// Whether `e` is a part of the original group that was raised again: it shares
/// the original's traceback and context.
fn same_origin(e: Obj, orig: Obj) -> bool {
    match (e.cast::<BaseException>(), orig.cast::<BaseException>()) {
        (Some(a), Some(b)) => {
            a.traceback.word() == b.traceback.word()
                && a.cause.word() == b.cause.word()
                && a.context.word() == b.context.word()
        }
        _ => false,
    }
}
