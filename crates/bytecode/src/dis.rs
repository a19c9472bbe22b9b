//! Code as text.

use std::fmt::Write;

use crate::code::{Code, Const, NO_REG};
use crate::insn::Insn;
use crate::op::{Common, Intrinsic1, Intrinsic2, Op, Operand, Special};
use crate::verify::jump_target;

/// The disassembly of `code`, without that of code inside it.
pub fn dis(code: &Code) -> String {
    let mut out = String::new();
    let mut pc = 0;
    let mut line = None;
    while pc < code.instrs.len() {
        let i = Insn(code.instrs[pc]);
        let l = code.position(pc as u32).map(|p| p.line);
        let mark = if l != line && l.is_some() { l.map_or(String::new(), |l| l.to_string()) } else { String::new() };
        if l.is_some() {
            line = l;
        }
        let Some(op) = i.op() else {
            let _ = writeln!(out, "{mark:>4} {pc:4} ?{:#x}", i.0);
            pc += 1;
            continue;
        };
        let _ = writeln!(out, "{mark:>4} {pc:4} {}", instruction(code, pc, i, op).trim_end());
        pc += op.len();
    }
    for h in &code.exceptions {
        let _ = writeln!(out, "     {}..{} -> {} {}", h.start, h.end, h.target, reg(code, h.reg));
    }
    out
}

/// An instruction as text.
#[derive(Debug)]
pub struct Line {
    /// Its word.
    pub pc: usize,
    /// Its name.
    pub name: &'static str,
    /// What it works on, but for where it may jump.
    pub operands: String,
    /// Where it may jump.
    pub target: Option<u32>,
}

/// The instructions of `code`.
pub fn lines(code: &Code) -> Vec<Line> {
    let (mut out, mut pc) = (Vec::new(), 0);
    while let Some(word) = code.instrs.get(pc) {
        let i = Insn(*word);
        let Some(op) = i.op() else {
            out.push(Line { pc, name: "?", operands: format!("{:#x}", i.0), target: None });
            pc += 1;
            continue;
        };
        let text = instruction(code, pc, i, op);
        let jumps = op.info().operands.iter().any(|o| matches!(o, Operand::J32 | Operand::J16));
        let target = jump_target(code, pc).filter(|_| jumps).and_then(|t| u32::try_from(t).ok());
        let operands = text[op.info().name.len()..].trim();
        let operands = match operands.rsplit_once("->") {
            Some((rest, _)) if target.is_some() => rest.trim_end(),
            _ => operands,
        };
        out.push(Line { pc, name: op.info().name, operands: operands.to_owned(), target });
        pc += op.len();
    }
    out
}

/// The disassembly of `code` and of all code inside it.
pub fn dis_all(code: &Code) -> String {
    let mut out = format!("{}:\n{}", code.qualname, dis(code));
    for c in &code.consts {
        if let Const::Code(inner) = c {
            out.push('\n');
            out.push_str(&dis_all(inner));
        }
    }
    out
}

fn reg(code: &Code, r: u16) -> String {
    match code.varnames.get(r as usize) {
        Some(n) => n.to_string(),
        None => format!("r{r}"),
    }
}

fn instruction(code: &Code, pc: usize, i: Insn, op: Op) -> String {
    let info = op.info();
    let mut out = format!("{:<18}", info.name);
    let fields = [i.x() as u16, i.a(), i.b(), i.c()];
    for (n, (kind, v)) in info.operands.into_iter().zip(fields).enumerate() {
        let text = match kind {
            Operand::N | Operand::Hi => continue,
            Operand::R | Operand::W | Operand::RW => reg(code, v),
            Operand::Base => format!("{}..", reg(code, v)),
            Operand::OptR if v == NO_REG || op == Op::RAISE && i.x() < n as u8 => continue,
            Operand::OptR => reg(code, v),
            Operand::Cnt => format!("#{v}"),
            Operand::Name => code.names.get(v as usize).map_or("?".into(), |n| format!(".{n}")),
            Operand::K32 => code.consts.get(i.bc() as usize).map_or("?".into(), show),
            Operand::I32 => (i.bc() as i32).to_string(),
            Operand::I16 => (v as i16).to_string(),
            Operand::J32 | Operand::J16 => format!("->{}", jump_target(code, pc).unwrap_or(-1)),
            Operand::Flag => match info.base {
                Op::LOADCOMMON => Common::from_u8(i.x()).map_or("?", |s| s.text()).into(),
                Op::LOADSPECIAL => Special::from_u8(i.x()).map_or("?", |s| s.text()).into(),
                Op::INTRINSIC1 => Intrinsic1::from_u8(i.x()).map_or("?", |s| s.text()).into(),
                Op::INTRINSIC2 => Intrinsic2::from_u8(i.x()).map_or("?", |s| s.text()).into(),
                _ if i.x() == 0 => continue,
                _ => format!("x{}", i.x()),
            },
        };
        out.push(' ');
        out.push_str(&text);
    }
    if info.words > 0
        && let Some(&k) = code.instrs.get(pc + 1)
    {
        out.push(' ');
        out.push_str(&code.consts.get(k as usize).map_or("?".into(), show));
    }
    out
}

/// A constant as text.
fn show(c: &Const) -> String {
    let list = |t: &[Const]| t.iter().map(show).collect::<Vec<_>>().join(", ");
    match c {
        Const::None => "None".into(),
        Const::True => "True".into(),
        Const::False => "False".into(),
        Const::Ellipsis => "Ellipsis".into(),
        Const::Int(v) => v.to_string(),
        Const::BigInt(s) => format!("0x{s}"),
        Const::Float(f) => format!("{f:?}"),
        Const::Complex(a, b) => format!("({a:?}+{b:?}j)"),
        Const::Str(s) => format!("{s:?}"),
        Const::Wtf8(b) => format!("w\"{}\"", b.escape_ascii()),
        Const::Bytes(b) => format!("b\"{}\"", b.escape_ascii()),
        Const::Tuple(t) => format!("({})", list(t)),
        Const::FrozenSet(t) => format!("{{{}}}", list(t)),
        Const::Slice(s) => format!("slice({})", list(&**s)),
        Const::Code(c) => format!("<code {}>", c.qualname),
    }
}
