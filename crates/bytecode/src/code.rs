//! Compiled code as plain data: `Code`, its constants, flags and exception table.
//!
//! Invariants: `instrs` passes `verify`; `exceptions` is sorted by `start` and
//! its ranges do not overlap; `nregs` counts every register that any
//! instruction, including call windows, touches.
//!
//! Tests: `tests/roundtrip.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use crate::nesting::Nests;
use crate::positions::{Position, Positions};

/// Code flags with CPython's values.
pub mod flags {
    /// Locals live in registers.
    pub const OPTIMIZED: u32 = 0x1;
    /// A call makes a fresh namespace.
    pub const NEWLOCALS: u32 = 0x2;
    /// Has `*args`.
    pub const VARARGS: u32 = 0x4;
    /// Has `**kwargs`.
    pub const VARKEYWORDS: u32 = 0x8;
    /// Defined inside another function.
    pub const NESTED: u32 = 0x10;
    /// Is a generator.
    pub const GENERATOR: u32 = 0x20;
    /// Is a coroutine.
    pub const COROUTINE: u32 = 0x80;
    /// Is a generator usable in `await`.
    pub const ITERABLE_COROUTINE: u32 = 0x100;
    /// Is an asynchronous generator.
    pub const ASYNC_GENERATOR: u32 = 0x200;
    /// `from __future__ import division` and friends of old.
    pub const FUTURE_DIVISION: u32 = 0x20000;
    /// `from __future__ import absolute_import`.
    pub const FUTURE_ABSOLUTE_IMPORT: u32 = 0x40000;
    /// `from __future__ import with_statement`.
    pub const FUTURE_WITH_STATEMENT: u32 = 0x80000;
    /// `from __future__ import print_function`.
    pub const FUTURE_PRINT_FUNCTION: u32 = 0x100000;
    /// `from __future__ import unicode_literals`.
    pub const FUTURE_UNICODE_LITERALS: u32 = 0x200000;
    /// `from __future__ import barry_as_FLUFL`.
    pub const FUTURE_BARRY_AS_BDFL: u32 = 0x400000;
    /// `from __future__ import generator_stop`.
    pub const FUTURE_GENERATOR_STOP: u32 = 0x800000;
    /// `from __future__ import annotations`.
    pub const FUTURE_ANNOTATIONS: u32 = 0x1000000;
    /// The first constant is the docstring.
    pub const HAS_DOCSTRING: u32 = 0x4000000;
    /// Defined directly in a class body.
    pub const METHOD: u32 = 0x8000000;
}

/// Words of linkage below the first register of a frame.
pub const FRAME_LINK: u16 = 4;
/// The register number that means "absent" in an `OptR` operand.
pub const NO_REG: u16 = 0xFFFF;

/// Text of a code object. The packed library's stays where it is in the binary.
pub type Text = Cow<'static, str>;
/// The same for bytes.
pub type Raw = Cow<'static, [u8]>;

/// A constant. Equality is Python's notion of "same constant": type and bits.
#[derive(Clone, Debug)]
pub enum Const {
    /// `None`.
    None,
    /// `True`.
    True,
    /// `False`.
    False,
    /// `...`.
    Ellipsis,
    /// An integer of 64 bits.
    Int(i64),
    /// A bigger integer as hexadecimal digits, `-` first if negative.
    BigInt(Text),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex(f64, f64),
    /// A string.
    Str(Text),
    /// A string with lone surrogates, as WTF-8.
    Wtf8(Raw),
    /// Bytes.
    Bytes(Raw),
    /// A tuple.
    Tuple(Box<[Const]>),
    /// A frozen set, in source order, without duplicates.
    FrozenSet(Box<[Const]>),
    /// A slice: start, stop, step.
    Slice(Box<[Const; 3]>),
    /// A nested code object.
    Code(Arc<Code>),
}

impl Const {
    /// A string, copied.
    pub fn text(s: &str) -> Const {
        Const::Str(Cow::Owned(s.to_owned()))
    }
}

impl PartialEq for Const {
    fn eq(&self, other: &Const) -> bool {
        use Const::*;
        match (self, other) {
            (None, None) | (True, True) | (False, False) | (Ellipsis, Ellipsis) => true,
            (Int(a), Int(b)) => a == b,
            (BigInt(a), BigInt(b)) | (Str(a), Str(b)) => a == b,
            (Float(a), Float(b)) => a.to_bits() == b.to_bits(),
            (Complex(a, b), Complex(c, d)) => a.to_bits() == c.to_bits() && b.to_bits() == d.to_bits(),
            (Wtf8(a), Wtf8(b)) | (Bytes(a), Bytes(b)) => a == b,
            (Tuple(a), Tuple(b)) | (FrozenSet(a), FrozenSet(b)) => a == b,
            (Slice(a), Slice(b)) => a == b,
            (Code(a), Code(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Const {}

impl std::hash::Hash for Const {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        std::mem::discriminant(self).hash(h);
        match self {
            Const::None | Const::True | Const::False | Const::Ellipsis => {}
            Const::Int(v) => v.hash(h),
            Const::BigInt(s) | Const::Str(s) => s.hash(h),
            Const::Float(f) => f.to_bits().hash(h),
            Const::Complex(a, b) => (a.to_bits(), b.to_bits()).hash(h),
            Const::Wtf8(b) | Const::Bytes(b) => b.hash(h),
            Const::Tuple(t) | Const::FrozenSet(t) => t.hash(h),
            Const::Slice(s) => s.hash(h),
            Const::Code(c) => Arc::as_ptr(c).hash(h),
        }
    }
}

/// One range of the exception table, in word offsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// First covered word.
    pub start: u32,
    /// First word no longer covered.
    pub end: u32,
    /// Where to go on.
    pub target: u32,
    /// The register that receives the exception.
    pub reg: u16,
}

/// A compiled body.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// `co_name`.
    pub name: Text,
    /// `co_qualname`.
    pub qualname: Text,
    /// `co_filename`.
    pub filename: Arc<str>,
    /// `co_firstlineno`.
    pub first_line: u32,
    /// `co_flags`.
    pub flags: u32,
    /// Positional parameters, including positional-only ones.
    pub argcount: u32,
    /// Positional-only parameters.
    pub posonlyargcount: u32,
    /// Keyword-only parameters.
    pub kwonlyargcount: u32,
    /// Names of registers 0..nlocals: parameters first (positional,
    /// keyword-only, `*args`, `**kwargs`), then other locals.
    pub varnames: Vec<Text>,
    /// Names of variables that inner scopes see.
    pub cellvars: Vec<Text>,
    /// Names of variables of outer scopes.
    pub freevars: Vec<Text>,
    /// The register of each cell variable. A parameter that is a cell keeps
    /// its parameter register; the others follow the locals.
    pub cell_regs: Vec<u16>,
    /// The register of the first free variable; the others follow.
    pub free_base: u16,
    /// Names used by instructions.
    pub names: Vec<Text>,
    /// Constants.
    pub consts: Vec<Const>,
    /// The instruction words.
    pub instrs: Vec<u64>,
    /// Registers of a frame.
    pub nregs: u32,
    /// The exception table; see the module's invariants.
    pub exceptions: Vec<Handler>,
    /// Source positions.
    pub positions: Positions,
    /// The blocks around the instructions.
    pub nests: Nests,
}

impl Code {
    /// The handler that covers the instruction at word `pc`.
    pub fn handler(&self, pc: u32) -> Option<&Handler> {
        let i = self.exceptions.partition_point(|h| h.start <= pc);
        let h = &self.exceptions[i.checked_sub(1)?];
        (pc < h.end).then_some(h)
    }
    /// The source position of the instruction at word `pc`.
    pub fn position(&self, pc: u32) -> Option<Position> {
        self.positions.at(self.first_line, pc)
    }
    /// Number of local variables.
    pub fn nlocals(&self) -> usize {
        self.varnames.len()
    }
    /// The docstring, if there is one.
    pub fn docstring(&self) -> Option<&Const> {
        (self.flags & flags::HAS_DOCSTRING != 0).then(|| self.consts.first()).flatten()
    }
}
