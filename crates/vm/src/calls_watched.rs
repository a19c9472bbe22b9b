//! Calls that somebody watches: the callable is found first, told of, and called;
//! then what a native callable gave or raised is told of.

use crate::code::Code;
use crate::frame::{Fr, PB, Window};
use crate::monitor::{self, Event, Told};
use crate::{call, tools, trace};
use typhon_bytecode::Op;
use typhon_object::method::Method;
use typhon_object::native::KwNames;
use typhon_object::tuple::Tuple;
use typhon_object::{Gc, Obj, Result, ops};

/// Do the call at word `at`; `None` leaves it to the loop.
pub fn call(f: &mut Fr<'_>, w: Window, code: Gc<Code>, at: u32) -> Result<Option<PB>> {
    let a = f.a();
    let op = f.op().info().base;
    match op {
        Op::CALL_EX => {
            let first = f.reg(a + 4).cast::<Tuple>().and_then(|t| t.get(0));
            watched(f, w, code, at, f.reg(a), first, |f| {
                let (pc, base, insn, cx) = (f.pc, f.base, f.insn, &raw mut *f.cx);
                // VM-1: the loop's own locals.
                Ok(unsafe { call::call_ex(pc, base, insn, cx) })
            })
        }
        Op::CALLM | Op::CALLM_KW => {
            let n = f.b();
            let (o, name) = (f.reg(a + 4), f.name());
            let (m, first) = match call::unbound_method(f, o, name)? {
                Some(m) => (m, a + 4),
                None => (ops::get_attr(f.cx, o, name)?, a + 5),
            };
            f.set(a, m);
            go(f, w, code, at, m, first, a + 5 + n - first, op == Op::CALLM_KW)
        }
        Op::CALLSUPER => {
            let (n, name) = (f.b(), f.name());
            let (sup, class, this) = (f.reg(a), f.reg(a + 1), f.reg(a + 4));
            // It stands for two calls, of `super` and of what that has.
            let told = Told::Call(sup, (f.x() == 1).then_some(class));
            monitor::fire(f.cx, w, code, at, Event::Call, told)?;
            let found = crate::attr::super_attr(f.cx, sup, class, this, name, f.x());
            if monitor::on(f.cx) && (trace::profiled(f.cx) || tools::wanted(&code) & Event::Call.bit() != 0) {
                let event = if found.is_ok() { Event::CReturn } else { Event::CRaise };
                monitor::fire(f.cx, w, code, at, event, told)?;
            }
            let m = found?;
            match m.cast::<Method>() {
                Some(bound) if bound.this == this => {
                    f.set(a, bound.func);
                    go(f, w, code, at, bound.func, a + 4, n + 1, false)
                }
                _ => {
                    f.set(a, m);
                    go(f, w, code, at, m, a + 5, n, false)
                }
            }
        }
        Op::CALLMETHOD | Op::CALLMETHOD_KW => {
            let first = if f.word(a + 4) == 0 { a + 5 } else { a + 4 };
            let n = a + 5 + f.b() - first;
            go(f, w, code, at, f.reg(a), first, n, op == Op::CALLMETHOD_KW)
        }
        _ => go(f, w, code, at, f.reg(a), a + 4, f.b(), op == Op::CALL_KW),
    }
}

#[allow(clippy::too_many_arguments)]
fn go(
    f: &mut Fr<'_>,
    w: Window,
    code: Gc<Code>,
    at: u32,
    callee: Obj,
    first: usize,
    n: usize,
    named: bool,
) -> Result<Option<PB>> {
    let args = f.regs(first, n);
    let kw: Option<KwNames> = named.then(|| call::kw_names(f));
    let (a, done) = (f.a(), f.done());
    // VM-1; the arguments stand in the window.
    watched(f, w, code, at, callee, args.first().copied(), |f| unsafe { call::dispatch(f, callee, a, args, kw, done) })
}

fn watched(
    f: &mut Fr<'_>,
    w: Window,
    code: Gc<Code>,
    at: u32,
    callee: Obj,
    first: Option<Obj>,
    go: impl FnOnce(&mut Fr<'_>) -> Result<PB>,
) -> Result<Option<PB>> {
    let told = Told::Call(callee, first);
    monitor::fire(f.cx, w, code, at, Event::Call, told)?;
    let r = go(f);
    let interested = trace::profiled(f.cx) || tools::wanted(&code) & Event::Call.bit() != 0;
    if !interested || !monitor::on(f.cx) {
        return r.map(Some);
    }
    let done = f.done();
    match r {
        // Otherwise a Python function has been entered.
        Ok(pb) if pb.base == f.base && (pb.pc == done.pc || monitor::goes_on(f.cx, pb, done)) => {
            monitor::fire(f.cx, w, code, at, Event::CReturn, told)?;
            Ok(Some(pb))
        }
        Err(e) => {
            monitor::fire(f.cx, w, code, at, Event::CRaise, told)?;
            Err(e)
        }
        r => r.map(Some),
    }
}
