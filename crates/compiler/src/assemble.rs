//! The assembler: symbolic instructions of one code object to words.
//!
//! While instructions are emitted it also tracks, per point, which locals are
//! definitely bound: a jump intersects its state into the label, binding a
//! label joins. A back-edge needs no second look, because along a path the set
//! only shrinks at `del`, and names that are deleted anywhere are dropped at
//! loop heads and handler entries. Instructions at unreachable points are not
//! emitted.
//!
//! Jumps start in their short form and grow until they reach.

use std::collections::HashMap;
use std::sync::Arc;

use rustpython_ruff_python_ast::name::Name;
use rustpython_ruff_text_size::TextRange;
use typhon_bytecode::{
    Code, Const, Handler, Insn, Nest, Nesting, Nests, Op, Operand, Position, Positions, Run, Spot, flags,
};

use crate::scope::Id;

pub(crate) type Reg = u16;

/// A jump target, bound once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label(pub u32);

/// An exception handler: index into `Unit::handlers`; `NO_HANDLER` is none.
pub(crate) type HandlerId = u32;
pub(crate) const NO_HANDLER: HandlerId = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Ins {
    op: Op,
    x: u8,
    a: u16,
    b: u16,
    c: u16,
    word: u32,
    label: Option<Label>,
    range: Option<TextRange>,
    handler: HandlerId,
    /// The blocks around it.
    nest: u32,
    /// A statement begins here.
    landing: bool,
}

#[derive(Clone, Copy)]
struct LabelInfo {
    at: u32,
    used: bool,
    state: u128,
}

/// What `return`, `break` and `continue` pass on their way out.
#[derive(Clone, Copy)]
pub(crate) enum Block<'a> {
    Loop {
        next: Label,
        end: Label,
        /// What it iterates over.
        iterator: Option<Reg>,
    },
    /// A `try` whose `finally` body must run.
    Finally {
        body: &'a [rustpython_ruff_python_ast::Stmt],
        outer: HandlerId,
    },
    /// Handling an exception; the register holds what was handled before.
    Handling {
        saved: Reg,
    },
    /// In an `except ... as name` body.
    Named {
        name: &'a rustpython_ruff_python_ast::Identifier,
    },
    With {
        exit: Reg,
        is_async: bool,
        range: TextRange,
        outer: HandlerId,
    },
    /// Running a `finally` body: leaving it by jump is warned about. A `return` on its way
    /// out keeps its value.
    InFinally {
        value: Option<Reg>,
    },
    /// The clauses of `except*`, with four registers of theirs.
    Star {
        first: Reg,
    },
}

impl Block<'_> {
    /// Whether it is there for others to see only: leaving it takes nothing.
    pub fn is_mark(&self) -> bool {
        matches!(self, Block::InFinally { .. } | Block::Star { .. })
    }

    /// The registers that live as long as it does.
    fn nesting(&self) -> Option<(Nesting, Reg, u16)> {
        Some(match *self {
            Block::Loop { iterator: Some(r), .. } => (Nesting::Iterator, r, 1),
            // The exception stands before what was handled before.
            Block::Handling { saved } => (Nesting::Except, saved - 1, 2),
            // `__exit__`, and the object unless it is bound to it.
            Block::With { exit, .. } => (Nesting::With, exit, 2),
            Block::InFinally { value: Some(r) } => (Nesting::Value, r, 1),
            Block::Star { first } => (Nesting::Star, first, 4),
            _ => return None,
        })
    }
}

/// A block and where it is in the table of nests.
#[derive(Clone, Copy)]
pub(crate) struct Nested<'a> {
    pub block: Block<'a>,
    nest: u32,
}

/// Registers of the names of an inlined comprehension.
pub(crate) struct Inline {
    pub scope: Id,
    pub depth: usize,
}

/// One code object under construction.
pub(crate) struct Unit<'a> {
    pub scope: Id,
    pub code: Code,
    /// Registers of the host scope's locals, cells and free variables.
    pub locals: HashMap<Name, Reg>,
    pub cells: HashMap<Name, Reg>,
    pub frees: HashMap<Name, Reg>,
    /// Registers of names of inlined comprehensions, by nesting depth.
    pub comp_regs: HashMap<(Name, usize), Reg>,
    pub inline: Vec<Inline>,
    pub blocks: Vec<Nested<'a>>,
    nests: Vec<Nest>,
    /// The blocks around what is emitted.
    pub nest: u32,
    /// The next instruction begins a statement.
    pub landing: bool,
    pub range: Option<TextRange>,
    pub handler: HandlerId,
    /// First free temporary, and the most there were.
    pub top: u32,
    max: u32,
    pub bound: u128,
    pub deletable: u128,
    pub dead: bool,
    pub static_attributes: Vec<Name>,
    /// Annotations of a module or class body, to be evaluated by `__annotate__`.
    pub annotations: Vec<(Name, &'a rustpython_ruff_python_ast::Expr, Option<i64>)>,
    pub conditional: u32,
    pub is_async_ok: bool,
    /// The first register that is not a named variable.
    pub first_temp: Reg,
    ins: Vec<Ins>,
    labels: Vec<LabelInfo>,
    handlers: Vec<(Label, Reg)>,
    const_index: HashMap<Const, u32>,
    name_index: HashMap<Box<str>, u32>,
}

impl<'a> Unit<'a> {
    pub fn new(scope: Id, code: Code) -> Unit<'a> {
        Unit {
            scope,
            code,
            locals: HashMap::new(),
            cells: HashMap::new(),
            frees: HashMap::new(),
            comp_regs: HashMap::new(),
            inline: Vec::new(),
            blocks: Vec::new(),
            nests: Vec::new(),
            nest: 0,
            landing: false,
            range: None,
            handler: NO_HANDLER,
            top: 0,
            max: 0,
            bound: 0,
            deletable: 0,
            dead: false,
            static_attributes: Vec::new(),
            annotations: Vec::new(),
            conditional: 0,
            is_async_ok: false,
            first_temp: 0,
            ins: Vec::new(),
            labels: Vec::new(),
            handlers: Vec::new(),
            const_index: HashMap::new(),
            name_index: HashMap::new(),
        }
    }

    // Registers.

    /// Take the next temporary.
    pub fn temp(&mut self) -> Reg {
        self.temps(1)
    }

    /// Take `n` consecutive temporaries; the first is returned.
    pub fn temps(&mut self, n: u32) -> Reg {
        let r = self.top;
        self.top += n;
        self.max = self.max.max(self.top);
        r.min(0xFFFE) as Reg
    }

    /// Make sure that registers below `n` exist, and free those from there.
    pub fn set_top(&mut self, n: u32) {
        self.top = n;
        self.max = self.max.max(n);
    }

    /// Whether the frame outgrew the register numbers.
    pub fn overflows(&self) -> bool {
        self.max > 0xFFF0 || self.name_index.len() > 0xFFFF
    }

    pub fn is_bound(&self, r: Reg) -> bool {
        self.dead || (r < 128 && self.bound & (1 << r) != 0)
    }

    pub fn set_bound(&mut self, r: Reg) {
        if r < 128 {
            self.bound |= 1 << r;
        }
    }

    pub fn set_unbound(&mut self, r: Reg) {
        if r < 128 {
            self.bound &= !(1 << r);
        }
    }

    // Tables.

    pub fn konst(&mut self, c: Const) -> u32 {
        if let Some(&i) = self.const_index.get(&c) {
            return i;
        }
        let i = self.code.consts.len() as u32;
        self.code.consts.push(c.clone());
        self.const_index.insert(c, i);
        i
    }

    pub fn name(&mut self, n: &str) -> u16 {
        if let Some(&i) = self.name_index.get(n) {
            return i as u16;
        }
        let i = self.code.names.len() as u32;
        self.code.names.push(n.to_owned().into());
        self.name_index.insert(n.into(), i);
        i as u16
    }

    // Blocks.

    /// Enter a block.
    pub fn push_block(&mut self, block: Block<'a>) {
        if let Some((kind, reg, len)) = block.nesting() {
            self.nests.push(Nest { parent: self.nest, kind, reg, len });
            self.nest = self.nests.len() as u32;
        }
        self.blocks.push(Nested { block, nest: self.nest });
    }

    /// Leave the innermost block.
    pub fn pop_block(&mut self) -> Option<Block<'a>> {
        let b = self.blocks.pop()?;
        self.set_nest();
        Some(b.block)
    }

    /// Go back to blocks that were around before.
    pub fn set_blocks(&mut self, blocks: Vec<Nested<'a>>) {
        self.blocks = blocks;
        self.set_nest();
    }

    fn set_nest(&mut self) {
        self.nest = self.blocks.last().map_or(0, |b| b.nest);
    }

    // Emission.

    fn push(&mut self, mut i: Ins) {
        i.landing = std::mem::take(&mut self.landing);
        if self.dead {
            return;
        }
        if let Some(l) = i.label {
            let l = &mut self.labels[l.0 as usize];
            l.state = if l.used { l.state & self.bound } else { self.bound };
            l.used = true;
        }
        if let Some(&(l, _)) = self.handlers.get(self.handler as usize) {
            self.labels[l.0 as usize].used = true;
        }
        if i.op.info().effects.has(typhon_bytecode::Effects::END) {
            self.dead = true;
        }
        self.ins.push(i);
    }

    fn ins(&self, op: Op, x: u8, a: u16, b: u16, c: u16) -> Ins {
        Ins {
            op,
            x,
            a,
            b,
            c,
            word: 0,
            label: None,
            range: self.range,
            handler: self.handler,
            nest: self.nest,
            landing: false,
        }
    }

    pub fn emit(&mut self, op: Op, x: u8, a: u16, b: u16, c: u16) {
        self.push(self.ins(op, x, a, b, c));
    }

    pub fn emit_abc(&mut self, op: Op, a: u16, b: u16, c: u16) {
        self.emit(op, 0, a, b, c);
    }

    pub fn emit_ab(&mut self, op: Op, a: u16, b: u16) {
        self.emit(op, 0, a, b, 0);
    }

    pub fn emit_a(&mut self, op: Op, a: u16) {
        self.emit(op, 0, a, 0, 0);
    }

    /// Raise `exc` again.
    pub fn reraise(&mut self, exc: u16) {
        self.emit(Op::RERAISE, self.range.is_none() as u8, exc, 0, 0);
    }

    /// Emit with a 32-bit operand in b:c.
    pub fn emit_wide(&mut self, op: Op, x: u8, a: u16, bc: u32) {
        self.emit(op, x, a, bc as u16, (bc >> 16) as u16);
    }

    /// Emit with an operand word.
    pub fn emit_word(&mut self, op: Op, a: u16, b: u16, c: u16, word: u32) {
        self.push(Ins { word, ..self.ins(op, 0, a, b, c) });
    }

    pub fn jump(&mut self, op: Op, a: u16, b: u16, to: Label) {
        self.push(Ins { label: Some(to), ..self.ins(op, 0, a, b, 0) });
    }

    pub fn mov(&mut self, a: Reg, b: Reg) {
        if a != b {
            self.emit_ab(Op::MOVE, a, b);
        }
    }

    pub fn load_const(&mut self, a: Reg, c: Const) {
        match c {
            Const::None => self.emit_a(Op::LOADNONE, a),
            Const::True => self.emit_a(Op::LOADTRUE, a),
            Const::False => self.emit_a(Op::LOADFALSE, a),
            Const::Int(i) if i32::try_from(i).is_ok() => self.emit_wide(Op::LOADI, 0, a, i as i32 as u32),
            c => {
                let k = self.konst(c);
                self.emit_wide(Op::LOADK, 0, a, k);
            }
        }
    }

    // Control.

    pub fn label(&mut self) -> Label {
        self.labels.push(LabelInfo { at: u32::MAX, used: false, state: 0 });
        Label(self.labels.len() as u32 - 1)
    }

    /// Bind a label that is reached by forward jumps and falling through.
    pub fn bind(&mut self, l: Label) {
        let at = self.ins.len() as u32;
        let info = &mut self.labels[l.0 as usize];
        info.at = at;
        if info.used {
            self.bound = if self.dead { info.state } else { self.bound & info.state };
            self.dead = false;
        }
    }

    /// Bind the head of a loop that is entered by falling through.
    pub fn bind_head(&mut self, l: Label) {
        self.labels[l.0 as usize].at = self.ins.len() as u32;
        self.bound &= !self.deletable;
    }

    /// Bind the head of a loop that is entered only by the jump at its end.
    pub fn bind_body(&mut self, l: Label, state: u128, dead: bool) {
        self.labels[l.0 as usize].at = self.ins.len() as u32;
        self.bound = state & !self.deletable;
        self.dead = dead;
    }

    /// Number of instructions so far.
    pub fn emitted(&self) -> usize {
        self.ins.len()
    }

    /// Whether jumps come here.
    pub fn joins(&self) -> bool {
        let here = self.ins.len() as u32;
        self.labels.iter().any(|l| l.used && l.at == here)
    }

    /// The range of the last instruction that has one.
    pub fn last_range(&self) -> Option<TextRange> {
        self.ins.iter().rev().find_map(|i| i.range)
    }

    pub fn is_used(&self, l: Label) -> bool {
        self.labels[l.0 as usize].used
    }

    /// A new handler; instructions are covered while `handler` is set to it.
    pub fn new_handler(&mut self, reg: Reg) -> (HandlerId, u128) {
        let suspends = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        if self.code.flags & suspends != 0 {
            // A `yield` keeps all registers up to the last one in use. This one is in use, but
            // has what a former call left there, and would keep it alive.
            let range = self.range.take();
            self.emit_a(Op::CLEAR, reg);
            self.range = range;
        }
        let l = self.label();
        self.handlers.push((l, reg));
        (self.handlers.len() as u32 - 1, self.bound)
    }

    /// Bind a handler's entry; `state` came from `new_handler`.
    pub fn bind_handler(&mut self, h: HandlerId, state: u128) {
        let l = self.handlers[h as usize].0;
        let at = self.ins.len() as u32;
        let info = &mut self.labels[l.0 as usize];
        info.at = at;
        self.dead = !info.used;
        self.bound = state & !self.deletable;
    }

    // Assembly.

    /// Turn the unit into code. `locate` maps source ranges to positions.
    pub fn finish(mut self, locate: &dyn Fn(TextRange) -> Position) -> Arc<Code> {
        self.thread_jumps();
        self.place_returns();
        let n = self.ins.len();
        let mut far = vec![false; n];
        let mut at = vec![0u32; n + 1];
        loop {
            let mut pc = 0;
            for i in 0..n {
                at[i] = pc;
                pc += self.size(i, far[i]);
            }
            at[n] = pc;
            let mut grew = false;
            for (i, far) in far.iter_mut().enumerate() {
                if !*far
                    && let Some(t) = self.target(i)
                    && self.ins[i].op.info().operands[3] == Operand::J16
                    && i16::try_from(at[t] as i64 - at[i] as i64 - 1).is_err()
                {
                    *far = true;
                    grew = true;
                }
            }
            if !grew {
                break;
            }
        }
        let mut words = Vec::with_capacity(at[n] as usize);
        for (i, &far) in far.iter().enumerate() {
            self.encode(i, far, &at, &mut words);
        }
        let mut cache: HashMap<TextRange, Position> = HashMap::new();
        let runs = (0..n).map(|i| Run {
            start: at[i],
            end: at[i + 1],
            position: self.ins[i].range.map(|r| *cache.entry(r).or_insert_with(|| locate(r))),
        });
        let positions = Positions::encode(self.code.first_line, runs.filter(|r| r.end > r.start));
        let mut table: Vec<Handler> = Vec::new();
        for i in 0..n {
            let Some(&(label, reg)) = self.handlers.get(self.ins[i].handler as usize) else {
                continue;
            };
            if at[i] == at[i + 1] {
                continue;
            }
            let target = at[self.labels[label.0 as usize].at as usize];
            match table.last_mut() {
                Some(h) if h.end == at[i] && h.target == target && h.reg == reg => h.end = at[i + 1],
                _ => table.push(Handler { start: at[i], end: at[i + 1], target, reg }),
            }
        }
        // A jump to the next instruction takes no room: what follows stands for it.
        let mut landing = false;
        let spots = (0..n).filter_map(|i| {
            landing |= self.ins[i].landing;
            (at[i] < at[i + 1]).then(|| Spot {
                start: at[i],
                nest: self.ins[i].nest,
                landing: std::mem::take(&mut landing),
            })
        });
        let nests = Nests::encode(&self.nests, spots);
        let mut code = self.code;
        // `co_consts` has the None that is returned, and is never empty.
        let none = self.ins.iter().any(|i| matches!(i.op, Op::RETURNNONE | Op::LOADNONE));
        if (none || code.consts.is_empty()) && !code.consts.contains(&Const::None) {
            code.consts.push(Const::None);
        }
        code.instrs = words;
        code.positions = positions;
        code.nests = nests;
        code.exceptions = table;
        code.nregs = self.max;
        Arc::new(code)
    }

    fn target(&self, i: usize) -> Option<usize> {
        self.ins[i].label.map(|l| self.labels[l.0 as usize].at as usize)
    }

    /// Give the `return` that ends a body without one the line that leads to it: one
    /// copy for each place that jumps there.
    fn place_returns(&mut self) {
        let Some(i) = self.ins.iter().rposition(|i| i.op == Op::RETURNNONE && i.range.is_none()) else { return };
        let mut copies: Vec<(TextRange, Label)> = Vec::new();
        for j in 0..i {
            if self.target(j) != Some(i) {
                continue;
            }
            let Some(range) = self.ins[..=j].iter().rev().find_map(|k| k.range) else { continue };
            if self.ins[j].op == Op::JMP {
                self.ins[j] = Ins { range: Some(range), handler: self.ins[j].handler, ..self.ins[i] };
                continue;
            }
            let label = match copies.iter().find(|c| c.0 == range) {
                Some(c) => c.1,
                None => {
                    let l = self.label();
                    self.labels[l.0 as usize].at = self.ins.len() as u32;
                    self.ins.push(Ins { range: Some(range), ..self.ins[i] });
                    copies.push((range, l));
                    l
                }
            };
            self.ins[j].label = Some(label);
        }
        let falls = i > 0 && !self.ins[i - 1].op.info().effects.has(typhon_bytecode::Effects::END);
        if falls {
            self.ins[i].range = self.ins[..i].iter().rev().find_map(|k| k.range);
        }
    }

    /// Let jumps to unconditional jumps go to the final place.
    fn thread_jumps(&mut self) {
        for i in 0..self.ins.len() {
            for _ in 0..8 {
                let Some(t) = self.target(i) else { break };
                let Some(&next) = self.ins.get(t) else { break };
                let op = self.ins[i].op;
                let forward = matches!(op, Op::JMP | Op::JT | Op::JF | Op::JNONE | Op::JNOTNONE);
                if t == i || !forward {
                    break;
                }
                // A jump of a line of its own (`break`, `continue`) is to be seen by who traces.
                if next.range.is_some() {
                    break;
                }
                match next.op {
                    Op::JMP if self.target(t).is_some_and(|u| u > t) => {}
                    Op::JMPBACK if op == Op::JMP => self.ins[i].op = Op::JMPBACK,
                    _ => break,
                }
                self.ins[i].label = next.label;
                if self.ins[i].op == Op::JMPBACK {
                    break;
                }
            }
        }
    }

    fn size(&self, i: usize, far: bool) -> u32 {
        let ins = &self.ins[i];
        // A `continue` at the end of a loop has a line of its own.
        let seen = ins.range.is_some() && (i == 0 || self.ins[i - 1].range != ins.range);
        if ins.op == Op::JMP && self.target(i) == Some(i + 1) && !seen {
            return 0;
        }
        ins.op.len() as u32 + far as u32
    }

    fn encode(&self, i: usize, far: bool, at: &[u32], out: &mut Vec<u64>) {
        let ins = self.ins[i];
        if at[i] == at[i + 1] {
            return;
        }
        let mut op = ins.op;
        let (mut b, mut c) = (ins.b, ins.c);
        let mut after = None;
        if let Some(t) = self.target(i) {
            let off = at[t] as i64 - at[i] as i64 - 1;
            if op.info().operands[2] == Operand::J32 {
                b = off as u16;
                c = (off >> 16) as u16;
            } else if far {
                // Jump over an unconditional jump instead.
                let size = op.len() as i64;
                let (over, jump) = opposite(op);
                op = over;
                c = size as u16;
                after = Some(Insn::wide(jump, 0, 0, (off - size) as u32));
            } else {
                c = off as u16;
            }
        }
        out.push(Insn::new(op, ins.x, ins.a, b, c).0);
        if op.info().words > 0 {
            out.push(ins.word as u64);
        }
        out.extend(std::iter::repeat_n(0, op.info().caches as usize));
        out.extend(after.map(|w| w.0));
    }
}

/// The operation that skips the far jump when `op` would not jump, and the far
/// jump itself.
fn opposite(op: Op) -> (Op, Op) {
    match op {
        Op::JIS => (Op::JISNOT, Op::JMP),
        Op::JISNOT => (Op::JIS, Op::JMP),
        Op::FORLOOP => (Op::FORITER, Op::JMPBACK),
        op => {
            // The three directions of one comparison are neighbours: T, F, L.
            let (t, dir) = ((op as u8 - Op::JLT_T as u8) / 3, (op as u8 - Op::JLT_T as u8) % 3);
            let over = Op::JLT_T as u8 + t * 3 + if dir == 1 { 0 } else { 1 };
            let jump = if dir == 2 { Op::JMPBACK } else { Op::JMP };
            (Op::from_u8(over).unwrap_or(Op::NOP), jump)
        }
    }
}
