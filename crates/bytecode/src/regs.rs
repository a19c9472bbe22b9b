//! Which registers an instruction reads and writes.
//!
//! The operand kinds of the table say it for single registers; the lengths of
//! ranges and the call windows are here. Used by the verifier and the JIT.

use crate::code::{Code, Const, FRAME_LINK, NO_REG};
use crate::insn::Insn;
use crate::op::{Op, Operand, func};

/// One use of a register range by an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegUse {
    /// First register.
    pub first: u32,
    /// Number of registers.
    pub count: u32,
    /// Whether the range is read.
    pub read: bool,
    /// Whether the range is written.
    pub write: bool,
}

/// Report every register range that the instruction at word `pc` touches. Words
/// of a call window that the call may overwrite count as written.
pub fn registers(code: &Code, pc: usize, mut f: impl FnMut(RegUse)) {
    let Some(&word) = code.instrs.get(pc) else {
        return;
    };
    let i = Insn(word);
    let Some(op) = i.op() else { return };
    let mut use_ = |first: u16, count: u32, read: bool, write: bool| {
        if count > 0 {
            f(RegUse { first: first as u32, count, read, write });
        }
    };
    let fields = [i.x() as u16, i.a(), i.b(), i.c()];
    for (kind, v) in op.info().operands.into_iter().zip(fields) {
        match kind {
            Operand::R => use_(v, 1, true, false),
            Operand::W => use_(v, 1, false, true),
            Operand::RW => use_(v, 1, true, true),
            Operand::OptR if v != NO_REG => {
                let present = op != Op::RAISE || (if v == i.a() { i.x() >= 1 } else { i.x() >= 2 });
                if present {
                    use_(v, 1, true, false);
                }
            }
            _ => {}
        }
    }
    let link = FRAME_LINK as u32;
    let (a, b, c) = (i.a(), i.b(), i.c());
    match op.info().base {
        Op::COPYFREE => use_(a, b as u32, false, true),
        Op::LOADSUPERATTR => use_(a, 3, true, true),
        Op::BUILDSLICE => use_(b, 2 + (i.x() & 1) as u32, true, false),
        Op::GETSLICE | Op::SETSLICE => use_(c, 2, true, false),
        Op::BUILDLIST | Op::BUILDTUPLE | Op::BUILDSET => use_(b, c as u32, true, false),
        Op::BUILDSTRING => use_(b, c as u32 + (i.x() & 1) as u32, true, false),
        Op::BUILDMAP => use_(b, 2 * c as u32, true, false),
        Op::UNPACKSEQ => use_(a, c as u32, false, true),
        Op::UNPACKEX => use_(a, i.x() as u32 + 1 + c as u32, false, true),
        Op::BUILDINTERPOLATION => use_(b, 2 + (i.x() >> 2 & 1) as u32, true, false),
        Op::CALL | Op::CALL_KW => {
            use_(a, 1, true, true);
            use_(a.saturating_add(1), link - 1, false, true);
            use_(a.saturating_add(FRAME_LINK), b as u32, true, true);
        }
        Op::CALL_EX => {
            use_(a, 1, true, true);
            use_(a.saturating_add(1), link - 1, false, true);
            use_(a.saturating_add(FRAME_LINK), 1 + (i.x() & 1) as u32, true, true);
        }
        Op::CALLM | Op::CALLM_KW => {
            use_(a, link, false, true);
            use_(a.saturating_add(FRAME_LINK), 1 + b as u32, true, true);
        }
        Op::LOADMETHOD => {
            use_(a, 1, false, true);
            use_(a.saturating_add(FRAME_LINK), 1, true, true);
        }
        Op::CALLMETHOD | Op::CALLMETHOD_KW => {
            use_(a, 1, true, true);
            use_(a.saturating_add(1), link - 1, false, true);
            use_(a.saturating_add(FRAME_LINK), 1 + b as u32, true, true);
        }
        Op::CALLSUPER => {
            use_(a, 2, true, true);
            use_(a.saturating_add(2), link - 2, false, true);
            use_(a.saturating_add(FRAME_LINK), 1 + b as u32, true, true);
        }
        Op::MAKEFUNCTION => {
            use_(a, 1, false, true);
            let all = func::DEFAULTS | func::KWDEFAULTS | func::ANNOTATE | func::CLOSURE;
            use_(a, (i.x() & all).count_ones(), true, false);
        }
        Op::IMPORTNAME => use_(b, 2, true, false),
        Op::CHECKEGMATCH => use_(a, 2, false, true),
        Op::WITHEXCEPTSTART => {
            use_(a, link + 4, false, true);
            use_(b, 2, true, false);
        }
        Op::MATCHCLASS => use_(b, 3, true, false),
        _ => {}
    }
}

/// The constant that a call's operand word names: the keyword names.
pub fn keyword_names(code: &Code, pc: usize) -> Option<&[Const]> {
    match code.consts.get(*code.instrs.get(pc + 1)? as usize)? {
        Const::Tuple(t) => Some(t),
        _ => None,
    }
}
