//! `for`: making iterators and stepping them.

use crate::frame::{Fr, PB};
use std::sync::atomic::Ordering;
use typhon_bytecode::{Insn, Op};
use typhon_object::types::NextPair;
use typhon_object::{Obj, Result, ops, shape};

fn poll(f: &mut Fr<'_>, to: PB) -> Result<PB> {
    if f.cx.mutator.poll_pending() {
        crate::poll::handle(f.cx)?;
    }
    Ok(to)
}

/// `for a, b in it`: an iterator that makes a tuple for each step need not, if the loop's
/// body begins with taking it apart and nothing else sees it. `None` if this is no such
/// loop; else the address to go on at.
#[inline]
fn pair_loop(f: &mut Fr<'_>, it: Obj) -> Result<Option<PB>> {
    let Some(next) = ops::class_of(it).next_pair_fn() else { return Ok(None) };
    let body = f.jump16();
    // The body's first instruction; a traced body begins with another one.
    let first = Insn(unsafe { (*body.pc).load(Ordering::Relaxed) });
    let target = f.b() as u16;
    if first.op() != Some(Op::UNPACKSEQ) || first.b() != target || first.c() != 2 {
        return Ok(None);
    }
    // A variable stays visible; what the compiler made for this tuple does not.
    if f.b() < f.code().varnames.get().map_or(usize::MAX, |v| v.len()) {
        return Ok(None);
    }
    match next(f.cx, it)? {
        NextPair::Two(x, y) => {
            let a = first.a() as usize;
            f.set(a, x);
            f.set(a + 1, y);
            // Behind the instruction, which is one word.
            let to = PB { pc: unsafe { body.pc.add(1) }, base: f.base };
            poll(f, to).map(Some)
        }
        NextPair::End => Ok(Some(f.done())),
        NextPair::NoPairs => Ok(None),
    }
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
            _ => {
                f.requicken(Op::FORLOOP);
                if let Some(to) = pair_loop(f, it)? {
                    return Ok(to);
                }
            }
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
