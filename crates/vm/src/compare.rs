//! Comparison, truth and membership: the slow paths.

use crate::frame::{Fr, PB};
use typhon_bytecode::Op;
use typhon_object::dict::Dict;
use typhon_object::ops;
use typhon_object::{CompareOp, Obj, Result, shape};

/// Number of the first fused jump; they follow in groups of eighteen
/// (registers, integers, floats), each six operators of three forms.
const FIRST: u8 = Op::JLT_T as u8;

fn operator(i: u8) -> CompareOp {
    [CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge, CompareOp::Eq, CompareOp::Ne][i as usize]
}

/// Jump backward, polling.
fn back(f: &mut Fr<'_>, to: PB) -> Result<PB> {
    if f.cx.mutator.poll_pending() {
        crate::poll::handle(f.cx)?;
    }
    Ok(to)
}

crate::slow! {
    /// A fused compare and jump.
    fn slow_jump(f) {
        let i = f.insn as u8 - FIRST;
        let (group, op, form) = (i / 18, operator(i % 18 / 3), i % 3);
        let x = f.reg(f.a());
        let y = if group == 1 { Obj::int_unchecked((f.insn >> 32) as u16 as i16 as i64) } else { f.reg(f.b()) };
        if group == 0 && x.is_small_float() && y.is_small_float() {
            f.requicken(Op::from_u8(f.insn as u8 + 36).expect("float forms follow"));
        } else if group == 2 {
            f.requicken(Op::from_u8(f.insn as u8 - 36).expect("register forms precede"));
        }
        let r = ops::compare(f.cx, x, y, op)?;
        match (form, r) {
            (0, true) | (1, false) => Ok(f.jump16()),
            (2, true) => {
                let to = f.jump16();
                back(f, to)
            }
            _ => Ok(f.done()),
        }
    }
    /// Comparison to a register.
    fn slow_compare(f) {
        let op = match f.op() {
            Op::LT => CompareOp::Lt,
            Op::LE => CompareOp::Le,
            Op::GT => CompareOp::Gt,
            Op::GE => CompareOp::Ge,
            Op::EQ => CompareOp::Eq,
            _ => CompareOp::Ne,
        };
        let (x, y) = (f.reg(f.b()), f.reg(f.c()));
        let r = ops::rich_compare(f.cx, x, y, op)?;
        f.set(f.a(), r);
        Ok(f.done())
    }
    /// NOT.
    fn slow_not(f) {
        let x = f.reg(f.b());
        let r = ops::truth(f.cx, x)?;
        f.set(f.a(), Obj::bool(!r));
        Ok(f.done())
    }
    /// IN, NOTIN.
    fn slow_in(f) {
        let (x, o) = (f.reg(f.b()), f.reg(f.c()));
        let r = match o.shape() {
            shape::SET | shape::FROZENSET => typhon_builtins::set::contains(f.cx, o, x)?,
            shape::DICT => match o.cast::<Dict>().and_then(|d| d.has_plain(x)) {
                Some(there) => there,
                None => ops::contains(f.cx, o, x)?,
            },
            _ => ops::contains(f.cx, o, x)?,
        };
        f.set(f.a(), Obj::bool(r == (f.op() == Op::IN)));
        Ok(f.done())
    }
    /// JT, JF and their backward forms.
    fn slow_jump_truth(f) {
        let x = f.reg(f.a());
        let t = ops::truth(f.cx, x)?;
        let (want, polls) = match f.op() {
            Op::JT => (true, false),
            Op::JF => (false, false),
            Op::JT_L => (true, true),
            _ => (false, true),
        };
        if t != want {
            return Ok(f.done());
        }
        let to = f.jump32();
        if polls { back(f, to) } else { Ok(to) }
    }
}
