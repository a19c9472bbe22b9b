//! Rare operations: type parameters, `print` of the interactive mode, and
//! StopIteration escaping from a generator.

use typhon_bytecode::{Intrinsic1, Intrinsic2, flags};
use typhon_object::exc::BaseException;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, name, ops};

/// A class of the `_typing` module.
fn typing(cx: &mut Cx, n: &str) -> Result<Obj> {
    let m = crate::import::import_module(cx, "_typing")?;
    let n = cx.intern(n)?;
    ops::get_attr(cx, m, n)
}

crate::slow! {
    /// INTRINSIC1.
    fn one(f) {
        let v = f.reg(f.b());
        let r = match Intrinsic1::from_u8(f.x()).expect("verified code") {
            Intrinsic1::Print => {
                let sys = crate::import::import_module(f.cx, "sys")?;
                let hook = match ops::get_attr_opt(f.cx, sys, name!(f.cx, "displayhook"))? {
                    Some(h) => h,
                    None => return Err(f.cx.error(ExcKind::RuntimeError, "lost sys.displayhook")),
                };
                ops::call_args(f.cx, hook, &[v])?
            }
            Intrinsic1::StopIterationError => {
                let asyncgen = f.code().data.flags & flags::ASYNC_GENERATOR != 0;
                let kind = if asyncgen {
                    "async generator"
                } else if f.code().data.flags & flags::COROUTINE != 0 {
                    "coroutine"
                } else {
                    "generator"
                };
                let which = if ExcKind::StopIteration.matches(f.cx, v) {
                    Some("StopIteration")
                } else if asyncgen && ExcKind::StopAsyncIteration.matches(f.cx, v) {
                    Some("StopAsyncIteration")
                } else {
                    None
                };
                match which {
                    Some(w) => {
                        let e: Raised = f.cx.error(ExcKind::RuntimeError, format!("{kind} raised {w}"));
                        // The compiler passes a handler's exception.
                        let cause: Gc<BaseException> = unsafe { Gc::from_obj(v) };
                        e.0.cause.set(f.cx, e.0, cause);
                        e.0.context.set(f.cx, e.0, cause);
                        e.0.suppress_context.store(true, std::sync::atomic::Ordering::Relaxed);
                        e.obj()
                    }
                    None => v,
                }
            }
            Intrinsic1::TypeVar => {
                let c = typing(f.cx, "_type_var")?;
                ops::call_args(f.cx, c, &[v])?
            }
            Intrinsic1::ParamSpec => {
                let c = typing(f.cx, "_param_spec")?;
                ops::call_args(f.cx, c, &[v])?
            }
            Intrinsic1::TypeVarTuple => {
                let c = typing(f.cx, "_type_var_tuple")?;
                ops::call_args(f.cx, c, &[v])?
            }
            Intrinsic1::SubscriptGeneric => {
                let c = typing(f.cx, "_subscript_generic")?;
                ops::call_args(f.cx, c, &[v])?
            }
            Intrinsic1::TypeAlias => {
                let c = typing(f.cx, "_type_alias")?;
                ops::call_args(f.cx, c, &[v])?
            }
        };
        f.set(f.a(), r);
        Ok(f.done())
    }
    /// INTRINSIC2.
    fn two(f) {
        let (x, y) = (f.reg(f.b()), f.reg(f.c()));
        let r = match Intrinsic2::from_u8(f.x()).expect("verified code") {
            Intrinsic2::TypeVarWithBound => {
                let c = typing(f.cx, "_type_var_with_bound")?;
                ops::call_args(f.cx, c, &[x, y])?
            }
            Intrinsic2::TypeVarWithConstraints => {
                let c = typing(f.cx, "_type_var_with_constraints")?;
                ops::call_args(f.cx, c, &[x, y])?
            }
            Intrinsic2::SetFunctionTypeParams => {
                let n = name!(f.cx, "__type_params__");
                ops::set_attr(f.cx, x, n, Some(y))?;
                x
            }
            Intrinsic2::SetTypeparamDefault => {
                let n = name!(f.cx, "__default__");
                ops::set_attr(f.cx, x, n, Some(y))?;
                x
            }
        };
        f.set(f.a(), r);
        Ok(f.done())
    }
}
