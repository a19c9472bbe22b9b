//! Bytecode as plain data: the opcode table, code objects, their text form,
//! verification and serialisation. No dependencies, no unsafe code.
//!
//! `op.rs` is the specification of the instruction set; `regs.rs` adds which
//! registers each instruction reads and writes; `verify.rs` checks a `Code`
//! against both; `dis.rs` prints it; `store.rs` writes and reads cache files.

#![forbid(unsafe_code)]

mod code;
mod dis;
mod insn;
mod nesting;
mod op;
mod positions;
mod regs;
mod store;
mod verify;

pub use code::{Code, Const, FRAME_LINK, Handler, NO_REG, Raw, Text, flags};
pub use dis::{dis, dis_all, lines as dis_lines};
pub use insn::Insn;
pub use nesting::{Nest, NestTable, Nesting, Nests, Spot};
pub use op::{Common, Effects, Intrinsic1, Intrinsic2, OPS, Op, OpInfo, Operand, Special, func};
pub use positions::{Position, Positions, Run, Runs};
pub use regs::{RegUse, keyword_names, registers};
pub use store::{FORMAT, load, load_verified, store};
pub use verify::{jump_target, verify};
