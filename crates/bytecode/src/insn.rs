//! One instruction word: packing and field access.
//!
//! Layout: `op:8 | x:8 | a:16 | b:16 | c:16`, lowest byte first.

use crate::op::Op;

/// An instruction word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insn(pub u64);

impl Insn {
    /// Pack four fields.
    #[inline]
    pub fn new(op: Op, x: u8, a: u16, b: u16, c: u16) -> Insn {
        Insn(op as u64 | (x as u64) << 8 | (a as u64) << 16 | (b as u64) << 32 | (c as u64) << 48)
    }
    /// Pack fields with a 32-bit operand in `b:c`.
    #[inline]
    pub fn wide(op: Op, x: u8, a: u16, bc: u32) -> Insn {
        Insn(op as u64 | (x as u64) << 8 | (a as u64) << 16 | (bc as u64) << 32)
    }
    /// The operation, if the byte names one.
    #[inline]
    pub fn op(self) -> Option<Op> {
        Op::from_u8(self.0 as u8)
    }
    /// Field x.
    #[inline]
    pub fn x(self) -> u8 {
        (self.0 >> 8) as u8
    }
    /// [`Insn::yield_keeps`] of a YIELD that keeps all registers.
    pub const YIELD_KEEPS_ALL: u8 = 127;
    /// Of a YIELD: how many registers are in use while it waits; `None`: maybe all.
    #[inline]
    pub fn yield_keeps(self) -> Option<usize> {
        let n = self.x() >> 1;
        (n != Self::YIELD_KEEPS_ALL).then_some(n as usize)
    }
    /// Field a.
    #[inline]
    pub fn a(self) -> u16 {
        (self.0 >> 16) as u16
    }
    /// Field b.
    #[inline]
    pub fn b(self) -> u16 {
        (self.0 >> 32) as u16
    }
    /// Field c.
    #[inline]
    pub fn c(self) -> u16 {
        (self.0 >> 48) as u16
    }
    /// The 32-bit operand in `b:c`.
    #[inline]
    pub fn bc(self) -> u32 {
        (self.0 >> 32) as u32
    }
}
