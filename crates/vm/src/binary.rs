//! Operators: the slow paths of arithmetic.

use typhon_bytecode::Op;
use typhon_object::ops::{self, UnaryOp};
use typhon_object::{BinaryOp, Obj};

/// The operator of an arithmetic operation, immediate and quick forms included.
pub fn operator(op: Op) -> BinaryOp {
    match op {
        Op::ADD | Op::ADDI | Op::ADD_F => BinaryOp::Add,
        Op::SUB | Op::SUBI | Op::SUB_F => BinaryOp::Sub,
        Op::MUL | Op::MULI | Op::MUL_F => BinaryOp::Mul,
        Op::TRUEDIV | Op::TRUEDIV_F => BinaryOp::TrueDiv,
        Op::FLOORDIV | Op::FLOORDIVI => BinaryOp::FloorDiv,
        Op::MOD | Op::MODI => BinaryOp::Mod,
        Op::POW => BinaryOp::Pow,
        Op::MATMUL => BinaryOp::MatMul,
        Op::AND | Op::ANDI => BinaryOp::And,
        Op::OR => BinaryOp::Or,
        Op::XOR => BinaryOp::Xor,
        Op::SHL | Op::SHLI => BinaryOp::LShift,
        _ => BinaryOp::RShift,
    }
}

crate::slow! {
    /// Arithmetic on two registers that the fast path did not finish.
    fn slow_arith(f) {
        let (x, y, op) = (f.reg(f.b()), f.reg(f.c()), f.op());
        if x.is_small_float() && y.is_small_float() {
            match op {
                Op::ADD => f.requicken(Op::ADD_F),
                Op::SUB => f.requicken(Op::SUB_F),
                Op::MUL => f.requicken(Op::MUL_F),
                Op::TRUEDIV => f.requicken(Op::TRUEDIV_F),
                _ => {}
            }
        } else if op.is_quick() && x.is_small_int() {
            f.requicken(op.info().base);
        }
        let r = if f.x() == 0 { ops::binary(f.cx, operator(op), x, y)? } else { ops::inplace(f.cx, operator(op), x, y)? };
        f.set(f.a(), r);
        Ok(f.done())
    }
    /// Arithmetic with a small integer.
    fn slow_arith_imm(f) {
        let (x, op) = (f.reg(f.b()), f.op());
        let y = Obj::int_unchecked(f.insn as i64 >> 48);
        let r = if f.x() == 0 { ops::binary(f.cx, operator(op), x, y)? } else { ops::inplace(f.cx, operator(op), x, y)? };
        f.set(f.a(), r);
        Ok(f.done())
    }
    /// NEG, POS, INVERT.
    fn slow_unary(f) {
        let op = match f.op() {
            Op::NEG => UnaryOp::Neg,
            Op::POS => UnaryOp::Pos,
            _ => UnaryOp::Invert,
        };
        let x = f.reg(f.b());
        let r = ops::unary(f.cx, op, x)?;
        f.set(f.a(), r);
        Ok(f.done())
    }
}
