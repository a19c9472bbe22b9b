//! `for`: making iterators and stepping them.

use crate::frame::{Fr, PB};
use typhon_bytecode::Op;
use typhon_object::ops;
use typhon_object::{Result, shape};

fn poll(f: &mut Fr<'_>, to: PB) -> Result<PB> {
    if f.cx.mutator.poll_pending() {
        crate::poll::handle(f.cx)?;
    }
    Ok(to)
}

crate::slow! {
    /// GETITER.
    fn get_iter(f) {
        let o = f.reg(f.b());
        let it = ops::get_iter(f.cx, o)?;
        f.set(f.a(), it);
        Ok(f.done())
    }
    /// FORLOOP.
    fn for_loop(f) {
        let it = f.reg(f.a());
        match it.shape() {
            shape::RANGE_ITER => f.requicken(Op::FORLOOP_RANGE),
            shape::LIST_ITER => f.requicken(Op::FORLOOP_LIST),
            shape::TUPLE_ITER => f.requicken(Op::FORLOOP_TUPLE),
            shape::GENERATOR => f.requicken(Op::FORLOOP_GEN),
            _ if f.op() != Op::FORLOOP => f.requicken(Op::FORLOOP),
            _ => {}
        }
        match ops::iter_next(f.cx, it)? {
            Some(v) => {
                f.set(f.b(), v);
                let to = f.jump16();
                poll(f, to)
            }
            None => Ok(f.done()),
        }
    }
    /// FORITER.
    fn for_iter(f) {
        let it = f.reg(f.a());
        match ops::iter_next(f.cx, it)? {
            Some(v) => {
                f.set(f.b(), v);
                let to = f.done();
                poll(f, to)
            }
            None => Ok(f.jump16()),
        }
    }
}
