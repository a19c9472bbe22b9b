//! The verifier: what every code object must satisfy before it runs.
//!
//! Operands are in range, jumps and handlers land on instruction starts, the
//! exception table is sorted and its ranges do not overlap, and control cannot
//! run off the end. It does not check that registers are written before they
//! are read: an unwritten register is unbound, and reading it is harmless.

use crate::code::{Code, Const};
use crate::insn::Insn;
use crate::op::{Common, Effects, Intrinsic1, Intrinsic2, Op, Operand, Special, func};
use crate::regs::registers;

/// Check `code` and all code inside it.
pub fn verify(code: &Code) -> Result<(), String> {
    verify_one(code).map_err(|e| format!("{}: {e}", code.qualname))?;
    for c in &code.consts {
        if let Const::Code(inner) = c {
            verify(inner)?;
        }
    }
    Ok(())
}

/// The target of the jump at word `pc`, if the instruction there is one.
pub fn jump_target(code: &Code, pc: usize) -> Option<i64> {
    let i = Insn(*code.instrs.get(pc)?);
    let operands = i.op()?.info().operands;
    if operands[2] == Operand::J32 {
        Some(pc as i64 + 1 + i.bc() as i32 as i64)
    } else if operands[3] == Operand::J16 {
        Some(pc as i64 + 1 + i.c() as i16 as i64)
    } else {
        None
    }
}

fn verify_one(code: &Code) -> Result<(), String> {
    let n = code.instrs.len();
    let mut starts = vec![false; n + 1];
    let mut pc = 0;
    let mut last_ends = false;
    while pc < n {
        starts[pc] = true;
        let i = Insn(code.instrs[pc]);
        let Some(op) = i.op() else {
            return Err(format!("bad opcode at {pc}"));
        };
        operands(code, pc, i, op).map_err(|e| format!("{} at {pc}: {e}", op.info().name))?;
        last_ends = op.info().effects.has(Effects::END);
        pc += op.len();
    }
    if pc != n || !last_ends {
        return Err("control runs off the end".into());
    }
    for pc in 0..n {
        if starts[pc]
            && let Some(t) = jump_target(code, pc)
        {
            let ok = usize::try_from(t).is_ok_and(|t| t < n && starts[t]);
            if !ok {
                return Err(format!("jump at {pc} to {t}"));
            }
        }
    }
    let mut end = 0;
    for h in &code.exceptions {
        let at = |p: u32| (p as usize) < n && starts[p as usize];
        if h.start < end || h.end <= h.start || h.end as usize > n || !at(h.start) || !at(h.target) {
            return Err(format!("bad handler {h:?}"));
        }
        if h.reg as u32 >= code.nregs {
            return Err(format!("handler register {}", h.reg));
        }
        end = h.end;
    }
    let named = code.varnames.len() as u32;
    let frees = code.free_base as u32 + code.freevars.len() as u32;
    if named > code.nregs
        || frees > code.nregs
        || code.cell_regs.len() != code.cellvars.len()
        || code.cell_regs.iter().any(|&r| r as u32 >= code.nregs)
    {
        return Err("variables outside of the frame".into());
    }
    let params = code.argcount as u64
        + code.kwonlyargcount as u64
        + (code.flags & crate::flags::VARARGS != 0) as u64
        + (code.flags & crate::flags::VARKEYWORDS != 0) as u64;
    if code.posonlyargcount > code.argcount || params > named as u64 {
        return Err("more parameters than names".into());
    }
    if code.positions.runs(code.first_line).last().map_or(0, |r| r.end) as usize != n {
        return Err("position table does not cover the code".into());
    }
    Ok(())
}

fn operands(code: &Code, pc: usize, i: Insn, op: Op) -> Result<(), String> {
    let info = op.info();
    let fields = [i.x() as u16, i.a(), i.b(), i.c()];
    for (kind, v) in info.operands.into_iter().zip(fields) {
        match kind {
            Operand::N if v != 0 => return Err(format!("unused field holds {v}")),
            Operand::Name if v as usize >= code.names.len() => return Err(format!("name {v}")),
            Operand::K32 if i.bc() as usize >= code.consts.len() => {
                return Err(format!("constant {}", i.bc()));
            }
            _ => {}
        }
    }
    let x = i.x();
    let bad_selector = match info.base {
        Op::LOADCOMMON => Common::from_u8(x).is_none(),
        Op::LOADSPECIAL => Special::from_u8(x).is_none(),
        Op::INTRINSIC1 => Intrinsic1::from_u8(x).is_none(),
        Op::INTRINSIC2 => Intrinsic2::from_u8(x).is_none(),
        Op::MAKEFUNCTION => {
            x & !(func::DEFAULTS | func::KWDEFAULTS | func::ANNOTATE | func::CLOSURE) != 0
                || !matches!(code.consts[i.bc() as usize], Const::Code(_))
        }
        _ => false,
    };
    if bad_selector {
        return Err(format!("selector {x}"));
    }
    if info.words > 0 {
        match crate::regs::keyword_names(code, pc) {
            Some(names) if names.len() <= i.b() as usize => {}
            _ => return Err("keyword names".into()),
        }
    }
    let mut worst = 0;
    registers(code, pc, |r| worst = worst.max(r.first + r.count));
    if worst > code.nregs {
        return Err(format!("register {} of {}", worst - 1, code.nregs));
    }
    Ok(())
}
