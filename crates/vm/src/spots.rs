//! What watching needs to know of each word of a code object: its line, whether it
//! is a jump and where to, whether a generator goes on there. Made once, when the
//! code first runs watched.

use crate::code::Code;
use typhon_bytecode::{Effects, Insn, Op, Operand};
use typhon_object::Gc;

/// What an instruction does to the flow of control, as far as events tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing of interest.
    Plain,
    /// Jumps always.
    Jump,
    /// Jumps or goes on.
    Branch,
    /// Jumps back to a loop's body or leaves the loop.
    Loop,
    /// Calls something.
    Call,
    /// Suspends a generator.
    Yield,
}

/// What is known of one word.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// The line, or 0.
    pub line: u32,
    /// Where it jumps to.
    pub target: Option<u32>,
    /// What it does.
    pub kind: Kind,
    /// An instruction starts here.
    pub starts: bool,
    /// It stands behind a YIELD.
    pub resumes: bool,
}

/// The words of a code object.
#[derive(Debug)]
pub struct Table {
    /// One for each word.
    pub spots: Box<[Spot]>,
    /// The first word that runs when the function is called, or a generator started.
    pub start: u32,
}

impl Table {
    /// The line of the nearest instruction before word `at` that has one, or 0.
    pub fn line_before(&self, at: u32) -> u32 {
        let end = (at as usize).min(self.spots.len());
        self.spots[..end].iter().rev().find(|s| s.line != 0).map_or(0, |s| s.line)
    }
}

/// The table of a code object.
pub fn of(code: &Gc<Code>) -> &'static Table {
    let code: &'static Code = code.payload();
    code.table.get_or_init(|| Box::new(make(code)))
}

/// The branches: the word of each, and where it goes on when taken to the left and to the
/// right. Staying in a loop is left.
pub fn branches(code: &Gc<Code>) -> impl Iterator<Item = (u32, u32, u32)> + use<> {
    let spots = &of(code).spots;
    spots.iter().enumerate().filter_map(move |(at, s)| {
        let target = s.target.filter(|_| s.starts)?;
        let next = (at + 1..spots.len()).find(|&i| spots[i].starts)? as u32;
        match s.kind {
            Kind::Loop => Some((at as u32, target, next)),
            Kind::Branch => Some((at as u32, next, target)),
            _ => None,
        }
    })
}

fn kind(op: Op) -> Kind {
    let info = op.info();
    match info.base {
        Op::JMP | Op::JMPBACK => Kind::Jump,
        Op::FORLOOP => Kind::Loop,
        Op::FORITER => Kind::Branch,
        Op::YIELD => Kind::Yield,
        Op::SEND => Kind::Plain,
        Op::CALL
        | Op::CALL_KW
        | Op::CALL_EX
        | Op::CALLM
        | Op::CALLM_KW
        | Op::CALLMETHOD
        | Op::CALLMETHOD_KW
        | Op::CALLSUPER => Kind::Call,
        _ if info.operands.iter().any(|o| matches!(o, Operand::J16 | Operand::J32)) => {
            if info.effects.has(Effects::POLL) { Kind::Loop } else { Kind::Branch }
        }
        _ => Kind::Plain,
    }
}

fn make(code: &Code) -> Table {
    let d = &code.data;
    let blank = Spot { line: 0, target: None, kind: Kind::Plain, starts: false, resumes: false };
    let mut spots = vec![blank; d.instrs.len()].into_boxed_slice();
    for run in d.positions.runs(d.first_line) {
        let Some(p) = run.position else { continue };
        for s in spots.iter_mut().take(run.end as usize).skip(run.start as usize) {
            s.line = p.line;
        }
    }
    let (mut at, mut start) = (0, 0);
    while at < d.instrs.len() {
        let i = Insn(d.instrs[at]);
        let op = i.op().unwrap_or(Op::NOP);
        let s = &mut spots[at];
        s.starts = true;
        s.kind = kind(op);
        let info = op.info();
        let offset = match info.operands {
            [.., Operand::J16] => Some(i.c() as i16 as i64),
            [.., Operand::J32, _] => Some(i.bc() as i32 as i64),
            _ => None,
        };
        s.target = offset.map(|o| (at as i64 + 1 + o) as u32);
        let next = at + op.len();
        if op == Op::RETURNGENERATOR {
            start = next as u32;
        }
        if op == Op::YIELD && next < spots.len() {
            spots[next].resumes = true;
        }
        at = next;
    }
    Table { spots, start }
}
