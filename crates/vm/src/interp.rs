//! The interpreter loop.
//!
//! One `loop { match }` over the instruction words with four locals. A handler
//! here is a fast path of a few instructions; everything else goes to a slow
//! path out of line, `fn(pc, base, insn, cx) -> PB`, in the file named like the
//! instruction's family. Python calls push a window on the value stack and go
//! on in the same loop; they do not recurse natively.
//!
//! Invariants:
//! - VM-1: `pc` is a word of the code of the function in `base[-4]`, whose
//!   registers are `base[0..nregs]`; both are rooted by the value stack.
//! - VM-2: before anything that may collect or raise, a slow path has stored
//!   `pc`, `base` and the stack top in the context (`Fr::enter`).
//! - VM-3: a quickened form validates itself, so racing specialisations are
//!   harmless.
//!
//! Tests: `tests/`; the handlers are compared with CPython by tests/lang.

#![allow(clippy::missing_safety_doc)]

use crate::code::CacheEntry;
use crate::frame::{Base, PB, Pc};
use crate::function::{Cell, Function};
use crate::{
    attr, binary, build, call, compare, exception, format, function_ops, generator, import, iter, monitor, names,
    pattern, subscript, suspend, unwind, with,
};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use typhon_bytecode::Op;
use typhon_object::array::Array;
use typhon_object::list::List;
use typhon_object::obj::{FLOAT_ZERO, decode_float};
use typhon_object::ops::SeqIter;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Gc, Obj, shape};

/// How the loop was left.
pub enum Exit {
    /// With this word in the entry window.
    Value(u64),
    /// With an exception.
    Raised(u64),
    /// To go on in the other loop, at the context's `pc` and `base`.
    Switch,
}

/// Which LOADSPECIAL looks for `__enter__`.
const ENTER: u8 = typhon_bytecode::Special::Enter as u8;

#[inline(always)]
fn fa(i: u64) -> usize {
    (i >> 16) as u16 as usize
}
#[inline(always)]
fn fb(i: u64) -> usize {
    (i >> 32) as u16 as usize
}
#[inline(always)]
fn fc(i: u64) -> usize {
    (i >> 48) as usize
}
#[inline(always)]
fn ci(i: u64) -> i64 {
    i as i64 >> 48
}
#[inline(always)]
fn bi(i: u64) -> i64 {
    (i >> 32) as u16 as i16 as i64
}
#[inline(always)]
fn bc(i: u64) -> i64 {
    i as i64 >> 32
}
#[inline(always)]
unsafe fn rd(b: Base, r: usize) -> u64 {
    unsafe { *b.add(r) }
}
#[inline(always)]
unsafe fn wr(b: Base, r: usize, v: u64) {
    unsafe { *b.add(r) = v }
}
#[inline(always)]
fn both_float(x: u64, y: u64) -> bool {
    ((x ^ 2) | (y ^ 2)) & 3 == 0
}
#[inline(always)]
fn encode(v: f64) -> (u64, bool) {
    let r = v.to_bits().wrapping_add(1 << 60).rotate_left(3);
    (r, r & 3 == 2 && r != FLOAT_ZERO)
}
#[inline(always)]
unsafe fn shape_of(w: u64) -> u32 {
    // VAL-1, for pointers.
    unsafe { *(w as *const u32) }
}
#[inline(always)]
fn is_ptr(w: u64) -> bool {
    w & 7 == 0
}
/// The function of a window.
#[inline(always)]
pub(crate) unsafe fn func(base: Base) -> &'static Function {
    unsafe { &*((*base.sub(4) + 8) as *const Function) }
}

/// Run from `pc` in the window `base` until the entry window's EXIT.
///
/// # Safety
/// VM-1 holds, and the window was entered by `call::enter_native`.
pub unsafe fn run(mut pc: Pc, mut base: Base, cx: *mut Cx) -> Exit {
    unsafe {
        let mark = (*cx).mutator.mark.save();
        let exit = loop {
            let r = if monitor::on(&*cx) {
                let r = run_loop::<true>(pc, base, cx);
                monitor::request_switch(&*cx);
                r
            } else {
                run_loop::<false>(pc, base, cx)
            };
            let Exit::Switch = r else { break r };
            (pc, base) = ((*cx).pc, (*cx).base);
        };
        (*cx).mutator.mark.restore(mark);
        exit
    }
}

macro_rules! go {
    ($pc:ident, $base:ident, $f:path, $insn:ident, $cx:ident) => {{
        let r: PB = $f($pc, $base, $insn, $cx);
        $pc = r.pc;
        $base = r.base;
        continue;
    }};
}

macro_rules! poll {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident) => {
        if (*$cx).mutator.poll_pending() {
            go!($pc, $base, unwind::slow_poll, $insn, $cx)
        }
    };
}

/// A call of a Python function with another number of arguments than it has parameters, if
/// it has no more to do than to take defaults.
macro_rules! short {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $fun:ident, $n:expr, $ret:expr) => {
        if let Some(pb) = call::push_short($cx, $base, $fun, $base.add(fa($insn) + 4), $n, $ret) {
            $pc = pb.pc;
            $base = pb.base;
            continue;
        }
    };
}

/// Fused compare and jump of two registers.
macro_rules! cj {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $op:tt, $sense:expr, $poll:expr) => {{
        let x = rd($base, fa($insn));
        let y = rd($base, fb($insn));
        if x & y & 1 != 0 {
            if ((x as i64) $op (y as i64)) == $sense {
                $pc = $pc.offset(ci($insn) as isize);
                if $poll { poll!($pc, $base, $insn, $cx); }
            }
            continue;
        }
        go!($pc, $base, compare::slow_jump, $insn, $cx)
    }};
}
/// With a small integer.
macro_rules! cji {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $op:tt, $sense:expr, $poll:expr) => {{
        let x = rd($base, fa($insn));
        if x & 1 != 0 {
            if ((x as i64 >> 1) $op bi($insn)) == $sense {
                $pc = $pc.offset(ci($insn) as isize);
                if $poll { poll!($pc, $base, $insn, $cx); }
            }
            continue;
        }
        go!($pc, $base, compare::slow_jump, $insn, $cx)
    }};
}
/// Of two floats.
macro_rules! cjf {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $op:tt, $sense:expr, $poll:expr) => {{
        let x = rd($base, fa($insn));
        let y = rd($base, fb($insn));
        if both_float(x, y) {
            if (decode_float(x) $op decode_float(y)) == $sense {
                $pc = $pc.offset(ci($insn) as isize);
                if $poll { poll!($pc, $base, $insn, $cx); }
            }
            continue;
        }
        go!($pc, $base, compare::slow_jump, $insn, $cx)
    }};
}
/// Float arithmetic.
macro_rules! farith {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $op:tt) => {{
        let x = rd($base, fb($insn));
        let y = rd($base, fc($insn));
        if both_float(x, y) {
            let (r, ok) = encode(decode_float(x) $op decode_float(y));
            if ok {
                wr($base, fa($insn), r);
                continue;
            }
        }
        go!($pc, $base, binary::slow_arith, $insn, $cx)
    }};
}
/// Comparison to a register.
macro_rules! cmp {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $op:tt) => {{
        let x = rd($base, fb($insn));
        let y = rd($base, fc($insn));
        if x & y & 1 != 0 {
            wr($base, fa($insn), Obj::bool((x as i64) $op (y as i64)).word());
            continue;
        }
        go!($pc, $base, compare::slow_compare, $insn, $cx)
    }};
}
/// Push the window of a Python function whose arguments stand ready at `$nb`.
macro_rules! push_frame {
    ($pc:ident, $base:ident, $insn:ident, $cx:ident, $f:expr, $nb:expr, $n:expr, $ret:expr, $slow:path) => {{
        let f: &Function = $f;
        let nb: Base = $nb;
        let end = nb.add(f.nregs.load(Relaxed) as usize);
        if (end as usize) < (*$cx).limit as usize && (*$cx).depth < (*$cx).depth_limit {
            (*$cx).depth += 1;
            *nb.sub(3) = $ret as u64;
            *nb.sub(2) = $base as u64;
            *nb.sub(1) = 0;
            let mut i = $n;
            let clear = f.nclear.load(Relaxed) as usize;
            while i < clear {
                *nb.add(i) = 0;
                i += 1;
            }
            $pc = f.entry.load(Acquire) as Pc;
            $base = nb;
            poll!($pc, $base, $insn, $cx);
            continue;
        }
        go!($pc, $base, $slow, $insn, $cx)
    }};
}

/// The loop. `WATCHED`: with `monitor::step` before each instruction.
#[inline(never)]
unsafe fn run_loop<const WATCHED: bool>(mut pc: Pc, mut base: Base, cx: *mut Cx) -> Exit {
    unsafe {
        // All that this frame works with is in the windows; `run` restores the mark.
        (*cx).mutator.mark.set();
        loop {
            let insn = (*pc).load(Relaxed);
            pc = pc.add(1);
            if WATCHED {
                let r = monitor::step(pc, base, insn, cx);
                if !r.pc.is_null() {
                    pc = r.pc;
                    base = r.base;
                    continue;
                }
            }
            // The words of loaded code are verified instructions (VM-1).
            match std::mem::transmute::<u8, Op>(insn as u8) {
                Op::NOP => {}
                Op::EXIT => {
                    let w = rd(base, 0);
                    return match (insn >> 8) as u8 {
                        0 => Exit::Value(w),
                        1 => Exit::Raised(w),
                        _ => Exit::Switch,
                    };
                }
                Op::MOVE => wr(base, fa(insn), rd(base, fb(insn))),
                Op::LOADK => {
                    let k = func(base).consts.load(Relaxed) as *const u64;
                    wr(base, fa(insn), *k.add((insn >> 32) as usize));
                }
                Op::LOADI => wr(base, fa(insn), (bc(insn) << 1 | 1) as u64),
                Op::LOADNONE => wr(base, fa(insn), Obj::NONE.word()),
                Op::LOADTRUE => wr(base, fa(insn), Obj::TRUE.word()),
                Op::LOADFALSE => wr(base, fa(insn), Obj::FALSE.word()),
                Op::CLEAR => wr(base, fa(insn), 0),
                Op::LOADCOMMON => go!(pc, base, names::load_common, insn, cx),

                // Locals and cells
                Op::CHECKLOCAL => {
                    if rd(base, fa(insn)) == 0 {
                        go!(pc, base, names::unbound_local, insn, cx)
                    }
                }
                Op::DELLOCAL => {
                    if rd(base, fa(insn)) == 0 {
                        go!(pc, base, names::unbound_local, insn, cx)
                    }
                    wr(base, fa(insn), 0);
                }
                Op::MAKECELL => go!(pc, base, names::make_cell, insn, cx),
                Op::COPYFREE => {
                    let cells = func(base).closure.word();
                    if cells != 0 {
                        let items = (cells + 16) as *const u64;
                        for i in 0..fb(insn) {
                            wr(base, fa(insn) + i, *items.add(i));
                        }
                    }
                }
                Op::LOADCELL => {
                    let c = &*((rd(base, fb(insn)) + 8) as *const Cell);
                    let v = c.value.word();
                    if v == 0 {
                        go!(pc, base, names::unbound_cell, insn, cx)
                    }
                    wr(base, fa(insn), v);
                }
                Op::STORECELL => {
                    let o = rd(base, fa(insn));
                    let c = &*((o + 8) as *const Cell);
                    c.value.raw().store(rd(base, fb(insn)), Release);
                    (*cx).mutator.barrier(o as *mut u8);
                }
                Op::CLEARCELL => (*((rd(base, fa(insn)) + 8) as *const Cell)).value.clear(),
                Op::DELCELL => {
                    let c = &*((rd(base, fa(insn)) + 8) as *const Cell);
                    if c.value.word() == 0 {
                        go!(pc, base, names::unbound_cell, insn, cx)
                    }
                    c.value.clear();
                }
                Op::LOADDICTORCELL => go!(pc, base, names::load_dict_or_cell, insn, cx),
                Op::LOADDICTORGLOBAL => go!(pc, base, names::load_dict_or_global, insn, cx),

                // Names
                Op::LOADGLOBAL => go!(pc, base, names::load_global, insn, cx),
                Op::LOADGLOBAL_MODULE => {
                    // Word 0 is the name, the same for every thread.
                    let table = *((func(base).globals.word() + 8) as *const u64);
                    let w1 = (*pc.add(1)).load(Relaxed);
                    if table != 0 {
                        let v = names::value_of_key(table, (w1 as u32 >> 1) as usize, (*pc).load(Relaxed));
                        if v != 0 {
                            wr(base, fa(insn), v);
                            pc = pc.add(2);
                            continue;
                        }
                    }
                    go!(pc, base, names::load_global, insn, cx)
                }
                Op::LOADGLOBAL_BUILTIN => {
                    let f = func(base);
                    let table = *((f.globals.word() + 8) as *const u64);
                    let w1 = (*pc.add(1)).load(Relaxed);
                    if table != 0 && table == (*pc).load(Relaxed) && w1 & 1 != 0 && names::table_used(table) == w1 >> 32
                    {
                        let v = names::builtin_value(f, (w1 as u32 >> 1) as usize, fc(insn));
                        if v != 0 {
                            wr(base, fa(insn), v);
                            pc = pc.add(2);
                            continue;
                        }
                    }
                    go!(pc, base, names::load_global, insn, cx)
                }
                Op::STOREGLOBAL => go!(pc, base, names::store_global, insn, cx),
                Op::DELGLOBAL => go!(pc, base, names::del_global, insn, cx),
                Op::LOADNAME => go!(pc, base, names::load_name, insn, cx),
                Op::STORENAME => go!(pc, base, names::store_name, insn, cx),
                Op::DELNAME => go!(pc, base, names::del_name, insn, cx),
                Op::LOADLOCALS => go!(pc, base, names::load_locals, insn, cx),
                Op::SETUPANNOTATIONS => go!(pc, base, names::setup_annotations, insn, cx),

                // Arithmetic
                Op::ADD => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 {
                        let (r, o) = ((x - 1) as i64).overflowing_add(y as i64);
                        if !o {
                            wr(base, fa(insn), r as u64);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::SUB => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 {
                        let (r, o) = (x as i64).overflowing_sub((y - 1) as i64);
                        if !o {
                            wr(base, fa(insn), r as u64);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::MUL => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 {
                        let (r, o) = ((x - 1) as i64).overflowing_mul(y as i64 >> 1);
                        if !o {
                            wr(base, fa(insn), (r | 1) as u64);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::FLOORDIV => {
                    let x = rd(base, fb(insn)) as i64;
                    let y = rd(base, fc(insn)) as i64;
                    if x & y & 1 != 0 && x > 0 && y > 1 {
                        wr(base, fa(insn), (((x >> 1) / (y >> 1)) << 1 | 1) as u64);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::MOD => {
                    let x = rd(base, fb(insn)) as i64;
                    let y = rd(base, fc(insn)) as i64;
                    if x & y & 1 != 0 && x > 0 && y > 1 {
                        wr(base, fa(insn), (((x >> 1) % (y >> 1)) << 1 | 1) as u64);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::AND => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 {
                        wr(base, fa(insn), x & y);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::OR => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 {
                        wr(base, fa(insn), x | y);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::XOR => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 {
                        wr(base, fa(insn), (x ^ y) | 1);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::SHR => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if x & y & 1 != 0 && (y >> 1) < 63 {
                        wr(base, fa(insn), ((x as i64 >> (y >> 1)) | 1) as u64);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::SHL | Op::TRUEDIV | Op::POW | Op::MATMUL => go!(pc, base, binary::slow_arith, insn, cx),
                Op::ADDI => {
                    let x = rd(base, fb(insn));
                    if x & 1 != 0 {
                        let (r, o) = (x as i64).overflowing_add(ci(insn) << 1);
                        if !o {
                            wr(base, fa(insn), r as u64);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::SUBI => {
                    let x = rd(base, fb(insn));
                    if x & 1 != 0 {
                        let (r, o) = (x as i64).overflowing_sub(ci(insn) << 1);
                        if !o {
                            wr(base, fa(insn), r as u64);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::MULI => {
                    let x = rd(base, fb(insn));
                    if x & 1 != 0 {
                        let (r, o) = ((x - 1) as i64).overflowing_mul(ci(insn));
                        if !o {
                            wr(base, fa(insn), (r | 1) as u64);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::FLOORDIVI => {
                    let x = rd(base, fb(insn)) as i64;
                    if x & 1 != 0 && x > 0 && ci(insn) > 0 {
                        wr(base, fa(insn), (((x >> 1) / ci(insn)) << 1 | 1) as u64);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::MODI => {
                    let x = rd(base, fb(insn)) as i64;
                    if x & 1 != 0 && x > 0 && ci(insn) > 0 {
                        wr(base, fa(insn), (((x >> 1) % ci(insn)) << 1 | 1) as u64);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::ANDI => {
                    let x = rd(base, fb(insn));
                    if x & 1 != 0 {
                        wr(base, fa(insn), x & ((ci(insn) << 1 | 1) as u64));
                        continue;
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::SHRI => {
                    let x = rd(base, fb(insn));
                    if x & 1 != 0 && (ci(insn) as u64) < 63 {
                        wr(base, fa(insn), ((x as i64 >> ci(insn)) | 1) as u64);
                        continue;
                    }
                    go!(pc, base, binary::slow_arith_imm, insn, cx)
                }
                Op::SHLI => go!(pc, base, binary::slow_arith_imm, insn, cx),
                Op::ADD_F => farith!(pc, base, insn, cx, +),
                Op::SUB_F => farith!(pc, base, insn, cx, -),
                Op::MUL_F => farith!(pc, base, insn, cx, *),
                Op::TRUEDIV_F => {
                    let x = rd(base, fb(insn));
                    let y = rd(base, fc(insn));
                    if both_float(x, y) && y != FLOAT_ZERO {
                        let (r, ok) = encode(decode_float(x) / decode_float(y));
                        if ok {
                            wr(base, fa(insn), r);
                            continue;
                        }
                    }
                    go!(pc, base, binary::slow_arith, insn, cx)
                }
                Op::NEG | Op::POS | Op::INVERT => go!(pc, base, binary::slow_unary, insn, cx),
                Op::NOT => {
                    let x = rd(base, fb(insn));
                    if x == Obj::TRUE.word() {
                        wr(base, fa(insn), Obj::FALSE.word());
                        continue;
                    }
                    if x == Obj::FALSE.word() || x == Obj::NONE.word() {
                        wr(base, fa(insn), Obj::TRUE.word());
                        continue;
                    }
                    go!(pc, base, compare::slow_not, insn, cx)
                }

                // Comparison
                Op::LT => cmp!(pc, base, insn, cx, <),
                Op::LE => cmp!(pc, base, insn, cx, <=),
                Op::GT => cmp!(pc, base, insn, cx, >),
                Op::GE => cmp!(pc, base, insn, cx, >=),
                Op::EQ => cmp!(pc, base, insn, cx, ==),
                Op::NE => cmp!(pc, base, insn, cx, !=),
                Op::IS => wr(base, fa(insn), Obj::bool(rd(base, fb(insn)) == rd(base, fc(insn))).word()),
                Op::ISNOT => wr(base, fa(insn), Obj::bool(rd(base, fb(insn)) != rd(base, fc(insn))).word()),
                Op::IN | Op::NOTIN => go!(pc, base, compare::slow_in, insn, cx),

                // Jumps
                Op::JMP => pc = pc.offset(bc(insn) as isize),
                Op::JMPBACK => {
                    pc = pc.offset(bc(insn) as isize);
                    poll!(pc, base, insn, cx);
                }
                Op::JT => {
                    let x = rd(base, fa(insn));
                    if x == Obj::TRUE.word() {
                        pc = pc.offset(bc(insn) as isize);
                        continue;
                    }
                    if x == Obj::FALSE.word() || x == Obj::NONE.word() {
                        continue;
                    }
                    if x & 1 != 0 {
                        if x != 1 {
                            pc = pc.offset(bc(insn) as isize);
                        }
                        continue;
                    }
                    go!(pc, base, compare::slow_jump_truth, insn, cx)
                }
                Op::JF => {
                    let x = rd(base, fa(insn));
                    if x == Obj::FALSE.word() || x == Obj::NONE.word() {
                        pc = pc.offset(bc(insn) as isize);
                        continue;
                    }
                    if x == Obj::TRUE.word() {
                        continue;
                    }
                    if x & 1 != 0 {
                        if x == 1 {
                            pc = pc.offset(bc(insn) as isize);
                        }
                        continue;
                    }
                    go!(pc, base, compare::slow_jump_truth, insn, cx)
                }
                Op::JT_L => {
                    let x = rd(base, fa(insn));
                    if x == Obj::TRUE.word() {
                        pc = pc.offset(bc(insn) as isize);
                        poll!(pc, base, insn, cx);
                        continue;
                    }
                    if x == Obj::FALSE.word() {
                        continue;
                    }
                    go!(pc, base, compare::slow_jump_truth, insn, cx)
                }
                Op::JF_L => {
                    let x = rd(base, fa(insn));
                    if x == Obj::FALSE.word() {
                        pc = pc.offset(bc(insn) as isize);
                        poll!(pc, base, insn, cx);
                        continue;
                    }
                    if x == Obj::TRUE.word() {
                        continue;
                    }
                    go!(pc, base, compare::slow_jump_truth, insn, cx)
                }
                Op::JNONE => {
                    if rd(base, fa(insn)) == Obj::NONE.word() {
                        pc = pc.offset(bc(insn) as isize);
                    }
                }
                Op::JNOTNONE => {
                    if rd(base, fa(insn)) != Obj::NONE.word() {
                        pc = pc.offset(bc(insn) as isize);
                    }
                }
                Op::JIS => {
                    if rd(base, fa(insn)) == rd(base, fb(insn)) {
                        pc = pc.offset(ci(insn) as isize);
                    }
                }
                Op::JISNOT => {
                    if rd(base, fa(insn)) != rd(base, fb(insn)) {
                        pc = pc.offset(ci(insn) as isize);
                    }
                }
                Op::JLT_T => cj!(pc, base, insn, cx, <, true, false),
                Op::JLT_F => cj!(pc, base, insn, cx, <, false, false),
                Op::JLT_L => cj!(pc, base, insn, cx, <, true, true),
                Op::JLE_T => cj!(pc, base, insn, cx, <=, true, false),
                Op::JLE_F => cj!(pc, base, insn, cx, <=, false, false),
                Op::JLE_L => cj!(pc, base, insn, cx, <=, true, true),
                Op::JGT_T => cj!(pc, base, insn, cx, >, true, false),
                Op::JGT_F => cj!(pc, base, insn, cx, >, false, false),
                Op::JGT_L => cj!(pc, base, insn, cx, >, true, true),
                Op::JGE_T => cj!(pc, base, insn, cx, >=, true, false),
                Op::JGE_F => cj!(pc, base, insn, cx, >=, false, false),
                Op::JGE_L => cj!(pc, base, insn, cx, >=, true, true),
                Op::JEQ_T => cj!(pc, base, insn, cx, ==, true, false),
                Op::JEQ_F => cj!(pc, base, insn, cx, ==, false, false),
                Op::JEQ_L => cj!(pc, base, insn, cx, ==, true, true),
                Op::JNE_T => cj!(pc, base, insn, cx, !=, true, false),
                Op::JNE_F => cj!(pc, base, insn, cx, !=, false, false),
                Op::JNE_L => cj!(pc, base, insn, cx, !=, true, true),
                Op::JLTI_T => cji!(pc, base, insn, cx, <, true, false),
                Op::JLTI_F => cji!(pc, base, insn, cx, <, false, false),
                Op::JLTI_L => cji!(pc, base, insn, cx, <, true, true),
                Op::JLEI_T => cji!(pc, base, insn, cx, <=, true, false),
                Op::JLEI_F => cji!(pc, base, insn, cx, <=, false, false),
                Op::JLEI_L => cji!(pc, base, insn, cx, <=, true, true),
                Op::JGTI_T => cji!(pc, base, insn, cx, >, true, false),
                Op::JGTI_F => cji!(pc, base, insn, cx, >, false, false),
                Op::JGTI_L => cji!(pc, base, insn, cx, >, true, true),
                Op::JGEI_T => cji!(pc, base, insn, cx, >=, true, false),
                Op::JGEI_F => cji!(pc, base, insn, cx, >=, false, false),
                Op::JGEI_L => cji!(pc, base, insn, cx, >=, true, true),
                Op::JEQI_T => cji!(pc, base, insn, cx, ==, true, false),
                Op::JEQI_F => cji!(pc, base, insn, cx, ==, false, false),
                Op::JEQI_L => cji!(pc, base, insn, cx, ==, true, true),
                Op::JNEI_T => cji!(pc, base, insn, cx, !=, true, false),
                Op::JNEI_F => cji!(pc, base, insn, cx, !=, false, false),
                Op::JNEI_L => cji!(pc, base, insn, cx, !=, true, true),
                Op::JLTF_T => cjf!(pc, base, insn, cx, <, true, false),
                Op::JLTF_F => cjf!(pc, base, insn, cx, <, false, false),
                Op::JLTF_L => cjf!(pc, base, insn, cx, <, true, true),
                Op::JLEF_T => cjf!(pc, base, insn, cx, <=, true, false),
                Op::JLEF_F => cjf!(pc, base, insn, cx, <=, false, false),
                Op::JLEF_L => cjf!(pc, base, insn, cx, <=, true, true),
                Op::JGTF_T => cjf!(pc, base, insn, cx, >, true, false),
                Op::JGTF_F => cjf!(pc, base, insn, cx, >, false, false),
                Op::JGTF_L => cjf!(pc, base, insn, cx, >, true, true),
                Op::JGEF_T => cjf!(pc, base, insn, cx, >=, true, false),
                Op::JGEF_F => cjf!(pc, base, insn, cx, >=, false, false),
                Op::JGEF_L => cjf!(pc, base, insn, cx, >=, true, true),
                Op::JEQF_T => cjf!(pc, base, insn, cx, ==, true, false),
                Op::JEQF_F => cjf!(pc, base, insn, cx, ==, false, false),
                Op::JEQF_L => cjf!(pc, base, insn, cx, ==, true, true),
                Op::JNEF_T => cjf!(pc, base, insn, cx, !=, true, false),
                Op::JNEF_F => cjf!(pc, base, insn, cx, !=, false, false),
                Op::JNEF_L => cjf!(pc, base, insn, cx, !=, true, true),

                // Iteration
                Op::GETITER => go!(pc, base, iter::get_iter, insn, cx),
                Op::FORLOOP => go!(pc, base, iter::for_loop, insn, cx),
                Op::FORITER => go!(pc, base, iter::for_iter, insn, cx),
                Op::FORLOOP_RANGE => {
                    let it = rd(base, fa(insn));
                    if is_ptr(it) && shape_of(it) == shape::RANGE_ITER {
                        let p = (it + 8) as *const [AtomicU64; 3];
                        let cur = (*p)[0].load(Relaxed) as i64;
                        let stop = (*p)[1].load(Relaxed) as i64;
                        let step = (*p)[2].load(Relaxed) as i64;
                        if if step > 0 { cur < stop } else { cur > stop } {
                            (*p)[0].store((cur + step) as u64, Relaxed);
                            wr(base, fb(insn), (cur << 1 | 1) as u64);
                            pc = pc.offset(ci(insn) as isize);
                            poll!(pc, base, insn, cx);
                        } else {
                            pc = pc.add(1);
                        }
                        continue;
                    }
                    go!(pc, base, iter::for_loop, insn, cx)
                }
                Op::FORLOOP_LIST => {
                    let it = rd(base, fa(insn));
                    if is_ptr(it) && shape_of(it) == shape::LIST_ITER {
                        let i = &*((it + 8) as *const SeqIter);
                        let n = i.pos.load(Relaxed);
                        let l: Gc<List> = Gc::from_obj(i.seq);
                        if n >= 0
                            && let Some(v) = l.get(n as usize)
                        {
                            i.pos.store(n + 1, Relaxed);
                            wr(base, fb(insn), v.word());
                            pc = pc.offset(ci(insn) as isize);
                            poll!(pc, base, insn, cx);
                        } else {
                            i.pos.store(-1, Relaxed);
                            pc = pc.add(1);
                        }
                        continue;
                    }
                    go!(pc, base, iter::for_loop, insn, cx)
                }
                Op::FORLOOP_TUPLE => {
                    let it = rd(base, fa(insn));
                    if is_ptr(it) && shape_of(it) == shape::TUPLE_ITER {
                        let i = &*((it + 8) as *const SeqIter);
                        let n = i.pos.load(Relaxed);
                        let t: Gc<Tuple> = Gc::from_obj(i.seq);
                        if n >= 0
                            && let Some(v) = t.get(n as usize)
                        {
                            i.pos.store(n + 1, Relaxed);
                            wr(base, fb(insn), v.word());
                            pc = pc.offset(ci(insn) as isize);
                            poll!(pc, base, insn, cx);
                        } else {
                            i.pos.store(-1, Relaxed);
                            pc = pc.add(1);
                        }
                        continue;
                    }
                    go!(pc, base, iter::for_loop, insn, cx)
                }
                Op::FORLOOP_GEN => go!(pc, base, suspend::for_loop, insn, cx),

                // Attributes
                Op::GETATTR => go!(pc, base, attr::get, insn, cx),
                Op::GETATTR_SLOT => {
                    let o = rd(base, fb(insn));
                    let ic = (*pc).load(Relaxed);
                    if is_ptr(o) && shape_of(o) == (ic >> 32) as u32 && ic & 15 == 1 {
                        let v = (*((o + (ic as u32 >> 1) as u64) as *const AtomicU64)).load(Acquire);
                        if v != 0 {
                            wr(base, fa(insn), v);
                            pc = pc.add(2);
                            continue;
                        }
                    }
                    go!(pc, base, attr::get, insn, cx)
                }
                Op::GETATTR_CLASS => {
                    let o = rd(base, fb(insn));
                    let e = (*pc.add(1)).load(Acquire);
                    if is_ptr(o) && e != 0 && is_ptr(e) {
                        let e = &*((e + 8) as *const CacheEntry);
                        if e.holds(shape_of(o)) {
                            wr(base, fa(insn), e.value.word());
                            pc = pc.add(2);
                            continue;
                        }
                    }
                    go!(pc, base, attr::get, insn, cx)
                }
                Op::SETATTR => go!(pc, base, attr::set, insn, cx),
                Op::SETATTR_SLOT => {
                    let o = rd(base, fa(insn));
                    let ic = (*pc).load(Relaxed);
                    if is_ptr(o) && shape_of(o) == (ic >> 32) as u32 && ic & 15 == 1 {
                        (*((o + (ic as u32 >> 1) as u64) as *const AtomicU64)).store(rd(base, fb(insn)), Release);
                        (*cx).mutator.barrier(o as *mut u8);
                        pc = pc.add(2);
                        continue;
                    }
                    go!(pc, base, attr::set, insn, cx)
                }
                Op::SETATTR_ADD => {
                    let o = rd(base, fa(insn));
                    let ic = (*pc).load(Relaxed);
                    let next = (*pc.add(1)).load(Relaxed);
                    // With one thread the two words belong together.
                    if is_ptr(o)
                        && shape_of(o) == (ic >> 32) as u32
                        && ic & 15 == 3
                        && next & 1 != 0
                        && !typhon_gc::multi_threaded()
                    {
                        let at = (ic as u32 >> 1 & !7) as u64;
                        (*((o + at) as *const AtomicU64)).store(rd(base, fb(insn)), Release);
                        (*(o as *const std::sync::atomic::AtomicU32)).store((next >> 32) as u32, Release);
                        (*cx).mutator.barrier(o as *mut u8);
                        pc = pc.add(2);
                        continue;
                    }
                    go!(pc, base, attr::set, insn, cx)
                }
                Op::DELATTR => go!(pc, base, attr::del, insn, cx),
                Op::LOADSUPERATTR => go!(pc, base, attr::load_super, insn, cx),

                // Subscripts
                Op::GETIDX => go!(pc, base, subscript::get, insn, cx),
                Op::GETIDX_LIST_INT => {
                    let o = rd(base, fb(insn));
                    let i = rd(base, fc(insn));
                    if is_ptr(o) && i & 1 != 0 && shape_of(o) == shape::LIST {
                        let l: Gc<List> = Gc::from_obj(Obj::from_word_unchecked(o));
                        if let Some(v) = l.get((i as i64 >> 1) as usize) {
                            wr(base, fa(insn), v.word());
                            pc = pc.add(1);
                            continue;
                        }
                    }
                    go!(pc, base, subscript::get, insn, cx)
                }
                Op::GETIDX_TUPLE_INT => {
                    let o = rd(base, fb(insn));
                    let i = rd(base, fc(insn));
                    if is_ptr(o) && i & 1 != 0 && shape_of(o) == shape::TUPLE {
                        let t: Gc<Tuple> = Gc::from_obj(Obj::from_word_unchecked(o));
                        if let Some(v) = t.get((i as i64 >> 1) as usize) {
                            wr(base, fa(insn), v.word());
                            pc = pc.add(1);
                            continue;
                        }
                    }
                    go!(pc, base, subscript::get, insn, cx)
                }
                Op::GETIDX_STR_INT | Op::GETIDX_DICT => go!(pc, base, subscript::get, insn, cx),
                Op::GETIDXI => go!(pc, base, subscript::get_imm, insn, cx),
                Op::GETIDXI_LIST => {
                    let o = rd(base, fb(insn));
                    if is_ptr(o) && shape_of(o) == shape::LIST {
                        let l: Gc<List> = Gc::from_obj(Obj::from_word_unchecked(o));
                        if let Some(v) = l.get(ci(insn) as usize) {
                            wr(base, fa(insn), v.word());
                            pc = pc.add(1);
                            continue;
                        }
                    }
                    go!(pc, base, subscript::get_imm, insn, cx)
                }
                Op::GETIDXI_TUPLE => {
                    let o = rd(base, fb(insn));
                    if is_ptr(o) && shape_of(o) == shape::TUPLE {
                        let t: Gc<Tuple> = Gc::from_obj(Obj::from_word_unchecked(o));
                        if let Some(v) = t.get(ci(insn) as usize) {
                            wr(base, fa(insn), v.word());
                            pc = pc.add(1);
                            continue;
                        }
                    }
                    go!(pc, base, subscript::get_imm, insn, cx)
                }
                Op::SETIDX => go!(pc, base, subscript::set, insn, cx),
                Op::SETIDX_LIST_INT => {
                    let o = rd(base, fa(insn));
                    let i = rd(base, fb(insn));
                    if is_ptr(o) && i & 1 != 0 && shape_of(o) == shape::LIST && !typhon_gc::multi_threaded() {
                        let l: Gc<List> = Gc::from_obj(Obj::from_word_unchecked(o));
                        let i = (i as i64 >> 1) as usize;
                        if i < l.len()
                            && let Some(b) = l.buffer()
                        {
                            let b: Gc<Array> = b;
                            b.set(&*cx, i, Obj::from_word_unchecked(rd(base, fc(insn))));
                            pc = pc.add(1);
                            continue;
                        }
                    }
                    go!(pc, base, subscript::set, insn, cx)
                }
                Op::SETIDX_DICT => go!(pc, base, subscript::set, insn, cx),
                Op::DELIDX => go!(pc, base, subscript::del, insn, cx),
                Op::BUILDSLICE => go!(pc, base, subscript::build_slice, insn, cx),
                Op::GETSLICE => go!(pc, base, subscript::get_slice, insn, cx),
                Op::SETSLICE => go!(pc, base, subscript::set_slice, insn, cx),

                // Containers and strings
                Op::BUILDLIST => go!(pc, base, build::list, insn, cx),
                Op::BUILDTUPLE => go!(pc, base, build::tuple, insn, cx),
                Op::BUILDSET => go!(pc, base, build::set, insn, cx),
                Op::BUILDMAP => go!(pc, base, build::map, insn, cx),
                Op::LISTAPPEND => go!(pc, base, build::list_append, insn, cx),
                Op::LISTEXTEND => go!(pc, base, build::list_extend, insn, cx),
                Op::SETADD => go!(pc, base, build::set_add, insn, cx),
                Op::SETUPDATE => go!(pc, base, build::set_update, insn, cx),
                Op::MAPADD => go!(pc, base, build::map_add, insn, cx),
                Op::DICTUPDATE => go!(pc, base, build::dict_update, insn, cx),
                Op::DICTMERGE => go!(pc, base, build::dict_merge, insn, cx),
                Op::LISTTOTUPLE => go!(pc, base, build::list_to_tuple, insn, cx),
                Op::UNPACKSEQ => {
                    let o = rd(base, fb(insn));
                    if is_ptr(o) && shape_of(o) == shape::TUPLE {
                        let t: Gc<Tuple> = Gc::from_obj(Obj::from_word_unchecked(o));
                        let items = t.items();
                        if items.len() == fc(insn) {
                            for (i, v) in items.iter().enumerate() {
                                wr(base, fa(insn) + i, v.word());
                            }
                            continue;
                        }
                    }
                    go!(pc, base, build::unpack_seq, insn, cx)
                }
                Op::UNPACKEX => go!(pc, base, build::unpack_ex, insn, cx),
                Op::FORMATVALUE => go!(pc, base, format::value, insn, cx),
                Op::BUILDSTRING => go!(pc, base, format::build_string, insn, cx),
                Op::BUILDINTERPOLATION => go!(pc, base, format::interpolation, insn, cx),
                Op::BUILDTEMPLATE => go!(pc, base, format::template, insn, cx),

                // Calls
                Op::CALL => {
                    let f = rd(base, fa(insn));
                    if is_ptr(f) && shape_of(f) == shape::FUNCTION {
                        let fun = &*((f + 8) as *const Function);
                        let n = fb(insn);
                        if fun.simple.load(Relaxed) as usize == n {
                            push_frame!(pc, base, insn, cx, fun, base.add(fa(insn) + 4), n, pc, call::call)
                        }
                        short!(pc, base, insn, cx, fun, n, pc);
                    }
                    go!(pc, base, call::call, insn, cx)
                }
                Op::CALL_NATIVE => go!(pc, base, call::call, insn, cx),
                Op::CALL_KW => go!(pc, base, call::call_kw, insn, cx),
                Op::CALL_EX => go!(pc, base, call::call_ex, insn, cx),
                Op::CALLM => go!(pc, base, call::call_method, insn, cx),
                Op::CALLM_FUNC => {
                    let o = rd(base, fa(insn) + 4);
                    let e = (*pc.add(1)).load(Acquire);
                    if is_ptr(o) && e != 0 && is_ptr(e) {
                        let e = &*((e + 8) as *const CacheEntry);
                        let f = e.value.word();
                        // Another thread may have put a native method there.
                        if e.holds(shape_of(o)) && shape_of(f) == shape::FUNCTION {
                            let fun = &*((f + 8) as *const Function);
                            let n = fb(insn) + 1;
                            if fun.simple.load(Relaxed) as usize == n {
                                wr(base, fa(insn), f);
                                push_frame!(
                                    pc,
                                    base,
                                    insn,
                                    cx,
                                    fun,
                                    base.add(fa(insn) + 4),
                                    n,
                                    pc.add(2),
                                    call::call_method
                                )
                            }
                            short!(pc, base, insn, cx, fun, n, pc.add(2));
                        }
                    }
                    go!(pc, base, call::call_method, insn, cx)
                }
                Op::CALLM_NATIVE => go!(pc, base, call::call_method_native, insn, cx),
                Op::LOADMETHOD => {
                    let o = rd(base, fa(insn) + 4);
                    let e = (*pc.add(1)).load(Acquire);
                    if is_ptr(o) && e != 0 && is_ptr(e) {
                        let e = &*((e + 8) as *const CacheEntry);
                        if e.holds(shape_of(o)) {
                            wr(base, fa(insn), e.value.word());
                            pc = pc.add(2);
                            continue;
                        }
                    }
                    go!(pc, base, call::load_method, insn, cx)
                }
                Op::CALLMETHOD => {
                    let f = rd(base, fa(insn));
                    if is_ptr(f) && shape_of(f) == shape::FUNCTION && rd(base, fa(insn) + 4) != 0 {
                        let fun = &*((f + 8) as *const Function);
                        let n = fb(insn) + 1;
                        if fun.simple.load(Relaxed) as usize == n {
                            push_frame!(pc, base, insn, cx, fun, base.add(fa(insn) + 4), n, pc, call::call_loaded)
                        }
                        short!(pc, base, insn, cx, fun, n, pc);
                    }
                    go!(pc, base, call::call_loaded, insn, cx)
                }
                Op::CALLMETHOD_KW => go!(pc, base, call::call_loaded_kw, insn, cx),
                Op::CALLM_KW => go!(pc, base, call::call_method_kw, insn, cx),
                Op::CALLSUPER => go!(pc, base, call::call_super, insn, cx),
                Op::RETURN => {
                    let v = rd(base, fa(insn));
                    if *base.sub(1) == 0 {
                        *base.sub(4) = v;
                        pc = *base.sub(3) as Pc;
                        base = *base.sub(2) as Base;
                        (*cx).depth -= 1;
                        continue;
                    }
                    go!(pc, base, call::slow_return, insn, cx)
                }
                Op::RETURNNONE => {
                    if *base.sub(1) == 0 {
                        *base.sub(4) = Obj::NONE.word();
                        pc = *base.sub(3) as Pc;
                        base = *base.sub(2) as Base;
                        (*cx).depth -= 1;
                        continue;
                    }
                    go!(pc, base, call::slow_return, insn, cx)
                }

                // Functions, classes, imports
                Op::MAKEFUNCTION => go!(pc, base, function_ops::make_function, insn, cx),
                Op::LOADBUILDCLASS => go!(pc, base, function_ops::load_build_class, insn, cx),
                Op::IMPORTNAME => go!(pc, base, import::name, insn, cx),
                Op::IMPORTFROM => go!(pc, base, import::from, insn, cx),
                Op::IMPORTSTAR => go!(pc, base, import::star, insn, cx),

                // Exceptions
                Op::RAISE => go!(pc, base, exception::raise, insn, cx),
                Op::RERAISE => go!(pc, base, exception::reraise, insn, cx),
                Op::PUSHEXC => {
                    let h = (*cx).handled.get();
                    let h = if (insn >> 8) as u8 != 0 { generator::begin_handling(pc, base, h) } else { h };
                    (*cx).handled.set(rd(base, fb(insn)));
                    wr(base, fa(insn), if h == 0 { Obj::NONE.word() } else { h });
                }
                Op::POPEXC => {
                    let h = rd(base, fa(insn));
                    (*cx).handled.set(match h == Obj::NONE.word() {
                        true if (insn >> 8) as u8 != 0 => generator::end_handling(pc, base),
                        true => 0,
                        false => h,
                    });
                }
                Op::CHECKEXCMATCH => go!(pc, base, exception::check_match, insn, cx),
                Op::CHECKEGMATCH => go!(pc, base, exception::check_group_match, insn, cx),
                Op::PREPRERAISESTAR => go!(pc, base, exception::prep_reraise_star, insn, cx),
                Op::LOADSPECIAL => {
                    if !WATCHED && (insn >> 8) as u8 == ENTER && with::enter_lock(pc, base, insn, cx) {
                        // Its call is done.
                        wr(base, fa(insn), Obj::TRUE.word());
                        pc = pc.add(1);
                        continue;
                    }
                    if let Some(m) = with::plain_special(Obj::from_word_unchecked(rd(base, fb(insn))), insn) {
                        wr(base, fa(insn), m.word());
                        continue;
                    }
                    go!(pc, base, with::load_special, insn, cx)
                }
                Op::EXITLOCK => {
                    if !WATCHED && with::exit_lock(rd(base, fa(insn)), cx) {
                        pc = pc.offset(bc(insn) as isize);
                    }
                }
                Op::WITHEXCEPTSTART => go!(pc, base, with::except_start, insn, cx),

                // Generators
                Op::RETURNGENERATOR => go!(pc, base, generator::return_generator, insn, cx),
                Op::YIELD => go!(pc, base, suspend::yield_value, insn, cx),
                Op::SEND => go!(pc, base, suspend::send_op, insn, cx),
                Op::GETAWAITABLE => go!(pc, base, generator::get_awaitable, insn, cx),
                Op::GETYIELDFROMITER => go!(pc, base, generator::get_yield_from_iter, insn, cx),
                Op::GETAITER => go!(pc, base, generator::get_aiter, insn, cx),
                Op::GETANEXT => go!(pc, base, generator::get_anext, insn, cx),
                Op::ENDASYNCFOR => go!(pc, base, generator::end_async_for, insn, cx),
                Op::CLEANUPTHROW => go!(pc, base, generator::cleanup_throw, insn, cx),
                Op::ASYNCGENWRAP => go!(pc, base, generator::async_gen_wrap, insn, cx),

                // Patterns
                Op::MATCHCLASS => go!(pc, base, pattern::match_class, insn, cx),
                Op::MATCHKEYS => go!(pc, base, pattern::match_keys, insn, cx),
                Op::MATCHMAPPING => go!(pc, base, pattern::match_mapping, insn, cx),
                Op::MATCHSEQUENCE => go!(pc, base, pattern::match_sequence, insn, cx),
                Op::GETLEN => go!(pc, base, pattern::get_len, insn, cx),
                Op::INTRINSIC1 => go!(pc, base, crate::intrinsic::one, insn, cx),
                Op::INTRINSIC2 => go!(pc, base, crate::intrinsic::two, insn, cx),
            }
        }
    }
}
