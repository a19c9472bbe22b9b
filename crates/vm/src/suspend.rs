//! Generators in the loop: FORLOOP_GEN, SEND and YIELD, which put windows of generators on
//! the stack and take them off without native calls. Chains of generators that delegate are
//! gone through in one go.
//!
//! Invariant GEN-1 is that of `generator.rs`. Tests: tests/lang/generators.md,
//! tests/stress/yield_from_race.py.

use crate::async_gen::Asend;
use crate::frame::{Base, PB, Pc, Window};
use crate::generator::{
    BY_LOOP, BY_SEND, BY_STEP, CREATED, Generator, HANDLING, IN_STEP, SUSPENDED, Step, claim, generator_of, send,
};
use crate::{interp, poll};
use std::sync::atomic::Ordering;
use typhon_bytecode::{Insn, Op};
use typhon_object::{Cx, Gc, Obj, ops, shape};

/// Resume `g` in the loop, in a window above that of `base`, if nothing stands
/// against it. `sent` is what its `yield` gives.
///
/// # Safety
/// VM-1 for the window; `ret` is where the resuming instruction goes on.
#[inline(always)]
unsafe fn enter(cx: &mut Cx, g: Gc<Generator>, base: Base, ret: Pc, by: u32, sent: u64) -> Option<PB> {
    unsafe {
        let func = g.func.get()?;
        let nb = base.add(interp::func(base).nregs.load(Ordering::Relaxed) as usize + 4);
        let end = nb.add(func.nregs.load(Ordering::Relaxed) as usize);
        let free = (end as usize) < cx.limit as usize && cx.depth < cx.depth_limit && !cx.mutator.poll_pending();
        if !free || sent != Obj::NONE.word() && g.state() == CREATED {
            return None;
        }
        let was = claim(g)?;
        if was == CREATED && sent != Obj::NONE.word() {
            // Another thread has tried the same meanwhile and put it back.
            g.state.store(CREATED, Ordering::Release);
            return None;
        }
        let pc = g.pc.load(Ordering::Relaxed) as Pc;
        *nb.sub(4) = func.obj().word();
        *nb.sub(3) = ret as u64;
        *nb.sub(2) = base as u64;
        install(cx, g, nb, by);
        if was == SUSPENDED {
            *nb.add(yield_target(pc)) = sent;
        }
        cx.depth += 1;
        Some(PB { pc, base: nb })
    }
}

/// The instruction that resumed a generator, from its return address: FORLOOP
/// has one cache word, SEND none.
#[inline(always)]
pub(crate) unsafe fn resuming(ret: Pc, by: u32) -> Insn {
    unsafe { Insn((*ret.sub(if by == BY_LOOP { 2 } else { 1 })).load(Ordering::Relaxed)) }
}

/// Whether what was resumed goes on with sending to the one that it delegates to.
#[inline(always)]
unsafe fn delegates(pb: PB) -> bool {
    // VM-1.
    unsafe { Insn((*pb.pc).load(Ordering::Relaxed)).op() == Some(Op::JMP) }
}

/// Carry out the SENDs of generators that delegate, one after the other, without the loop.
#[inline(never)]
unsafe fn descend(cx: &mut Cx, mut pb: PB) -> PB {
    unsafe {
        while !crate::monitor::on(cx) && delegates(pb) {
            let send = pb.pc.add(1).offset(Insn((*pb.pc).load(Ordering::Relaxed)).bc() as i32 as isize);
            let insn = Insn((*send).load(Ordering::Relaxed));
            if insn.op() != Some(Op::SEND) {
                break;
            }
            let it = Obj::from_word_unchecked(*pb.base.add(insn.b() as usize));
            let sent = *pb.base.add(insn.a() as usize);
            if !it.is_ptr() || !matches!(it.shape(), shape::GENERATOR | shape::COROUTINE) {
                break;
            }
            let Some(next) = enter(cx, Gc::from_obj(it), pb.base, send.add(1), BY_SEND | IN_STEP, sent) else { break };
            pb = next;
        }
        pb
    }
}

/// FORLOOP_GEN: resume in this loop.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn for_loop(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let it = Obj::from_word_unchecked(*base.add((insn >> 16) as u16 as usize));
        if it.is_ptr()
            && it.shape() == shape::GENERATOR
            && let Some(pb) = enter(&mut *cx, Gc::from_obj(it), base, pc.add(1), BY_LOOP, Obj::NONE.word())
        {
            return if delegates(pb) { descend(&mut *cx, pb) } else { pb };
        }
        for_loop_slow(pc, base, insn, cx)
    }
}

/// SEND: resume in this loop.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn send_op(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let it = Obj::from_word_unchecked(*base.add((insn >> 32) as u16 as usize));
        let sent = *base.add((insn >> 16) as u16 as usize);
        if it.is_ptr()
            && matches!(it.shape(), shape::GENERATOR | shape::COROUTINE)
            && let Some(pb) = enter(&mut *cx, Gc::from_obj(it), base, pc, BY_SEND, sent)
        {
            return if delegates(pb) { descend(&mut *cx, pb) } else { pb };
        }
        if it.is_ptr()
            && let Some(step) = it.cast::<Asend>()
            && !crate::monitor::on(&*cx)
            && let Some(pb) = enter_step(&mut *cx, step, base, pc, sent)
        {
            return pb;
        }
        send_slow(pc, base, insn, cx)
    }
}

/// SEND to a step of an asynchronous generator: resume that in the loop.
#[inline]
unsafe fn enter_step(cx: &mut Cx, step: Gc<Asend>, base: Base, ret: Pc, sent: u64) -> Option<PB> {
    let g = step.generator();
    let (value, fresh) = step.begin(sent)?;
    // As for `enter`.
    let pb = unsafe { enter(cx, g, base, ret, BY_STEP, value) };
    if pb.is_none() && fresh {
        step.retract();
    }
    pb
}

/// The step that resumed an asynchronous generator, from its return address and the
/// window there.
pub(crate) unsafe fn resuming_step(ret: Pc, caller: Base) -> Option<Gc<Asend>> {
    // The register still holds what SEND was to send to.
    unsafe { Obj::from_word(*caller.add(resuming(ret, BY_STEP).b() as usize)).and_then(|o| o.cast()) }
}

/// YIELD.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn yield_value(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let extra = Obj::from_word_unchecked(*base.sub(1));
        if !matches!(extra.shape(), shape::GENERATOR | shape::COROUTINE | shape::ASYNC_GENERATOR) {
            return yield_slow(pc, base, insn, cx);
        }
        let value = *base.add((insn >> 32) as u16 as usize);
        let g: Gc<Generator> = Gc::from_obj(extra);
        save(&mut *cx, g, pc, base, Insn(insn));
        // Who delegates to a generator yields what that does.
        let yields = |pc: Pc| Insn((*pc).load(Ordering::Relaxed)).op() == Some(Op::YIELD);
        if yields(*base.sub(3) as Pc) {
            return leave_chain(&mut *cx, g, base, value);
        }
        let pb = leave(&mut *cx, g, base, value);
        // So does the body of a loop that does nothing else; it was not resumed in a step.
        if yields(pb.pc) { pass_on(&mut *cx, false, pb) } else { pb }
    }
}

/// [`leave`] and [`pass_on`].
#[inline(never)]
unsafe fn leave_chain(cx: &mut Cx, g: Gc<Generator>, base: Base, value: u64) -> PB {
    unsafe {
        // Once it rests, the next resumer may set its own bits.
        let in_step = g.resumer.load(Ordering::Relaxed) & IN_STEP != 0;
        let pb = leave(cx, g, base, value);
        pass_on(cx, in_step, pb)
    }
}

/// Carry out the YIELDs of generators that delegate, one after the other, without the loop.
/// `in_step`: whether the one that has yielded was resumed so.
#[inline(never)]
unsafe fn pass_on(cx: &mut Cx, mut in_step: bool, mut pb: PB) -> PB {
    unsafe {
        while !crate::monitor::on(cx) {
            let insn = Insn((*pb.pc).load(Ordering::Relaxed));
            if insn.op() != Some(Op::YIELD) {
                break;
            }
            let Some(extra) = Obj::from_word(*pb.base.sub(1)) else { break };
            if !matches!(extra.shape(), shape::GENERATOR | shape::COROUTINE) {
                break;
            }
            let value = *pb.base.add(insn.b() as usize);
            let g: Gc<Generator> = Gc::from_obj(extra);
            // The frame object that somebody may have made for the window is in the place
            // of the generator, so nothing has changed a register.
            if !in_step {
                save(cx, g, pb.pc.add(1), pb.base, insn);
            }
            in_step = g.resumer.load(Ordering::Relaxed) & IN_STEP != 0;
            pb = leave(cx, g, pb.base, value);
        }
        pb
    }
}

/// Keep what a running generator needs to go on behind its YIELD `insn`.
#[inline(always)]
unsafe fn save(cx: &mut Cx, g: Gc<Generator>, pc: Pc, base: Base, insn: Insn) {
    unsafe {
        if let Some(regs) = g.regs.get() {
            // GEN-1. A register beyond the variables may hold what a call left there: a
            // return address, or an object that has died since. The array is traced
            // exactly.
            let sure = interp::func(base).nclear.load(Ordering::Relaxed) as usize;
            let slots = regs.slots();
            let live = insn.yield_keeps().map_or(slots.len(), |n| n.min(slots.len()));
            let sure = sure.min(live);
            for (i, s) in slots[..sure].iter().enumerate() {
                s.store(*base.add(i), Ordering::Relaxed);
            }
            for (i, s) in slots[sure..live].iter().enumerate() {
                let word = *base.add(sure + i);
                s.store(if cx.mutator.is_storable(word) { word } else { 0 }, Ordering::Relaxed);
            }
            let kept = g.kept.load(Ordering::Relaxed) as usize;
            if kept != live {
                for s in slots.get(live..kept).unwrap_or_default() {
                    s.store(0, Ordering::Relaxed);
                }
                g.kept.store(live as u32, Ordering::Relaxed);
            }
            cx.barrier(regs.obj());
        }
        g.pc.store(pc as u64, Ordering::Relaxed);
    }
}

/// Put a generator that is saved to rest and go back to who resumed it.
#[inline(always)]
unsafe fn leave(cx: &mut Cx, g: Gc<Generator>, base: Base, value: u64) -> PB {
    unsafe {
        switch_back(cx, g, true);
        let by = g.resumed_by();
        cx.depth -= 1;
        // The linkage of the running window.
        let (ret, caller) = (*base.sub(3) as Pc, *base.sub(2) as Base);
        if by != BY_STEP {
            g.state.store(SUSPENDED, Ordering::Release);
        }
        let pc = match by {
            BY_LOOP => {
                let i = resuming(ret, by);
                *caller.add(i.b() as usize) = value;
                ret.sub(1).offset(i.c() as i16 as isize)
            }
            BY_SEND => {
                *caller.add(resuming(ret, by).a() as usize) = value;
                ret
            }
            BY_STEP => {
                let i = resuming(ret, by);
                *caller.add(i.a() as usize) = value;
                // What the bits say is true before another thread may resume it.
                let step = resuming_step(ret, caller);
                let over = step.is_some_and(|s| s.yielded());
                g.state.store(SUSPENDED, Ordering::Release);
                if over { ret.offset(i.c() as i16 as isize) } else { ret }
            }
            _ => {
                *base.sub(4) = value;
                ret
            }
        };
        PB { pc, base: caller }
    }
}

/// Copy the registers into a window and switch the handled exception.
#[inline(always)]
pub(crate) unsafe fn install(cx: &mut Cx, g: Gc<Generator>, base: Base, resumer: u32) {
    unsafe {
        if let Some(a) = g.regs.get() {
            // GEN-1: nobody else touches the array now. A loop: windows are
            // small, and a call of memcpy costs more than the copy.
            let kept = g.kept.load(Ordering::Relaxed) as usize;
            for (i, s) in a.slots().iter().enumerate().take(kept) {
                *base.add(i) = s.load(Ordering::Relaxed);
            }
        }
        *base.sub(1) = g.obj().word();
        g.resumer.store(resumer, Ordering::Relaxed);
        if cx.handled.get() | g.handled.word() != 0 {
            g.outer.put(cx, g, Obj::from_word(cx.handled.get()));
            if g.handled.word() != 0 {
                cx.handled.set(g.handled.word());
            }
        }
    }
}

/// Switch the handled exception back. `keep`: it goes on inside later.
#[inline(always)]
pub(crate) fn switch_back(cx: &mut Cx, g: Gc<Generator>, keep: bool) {
    let (inner, outer) = (cx.handled.get(), g.outer.word());
    if inner | outer | g.handled.word() == 0 {
        return;
    }
    let own = keep && g.steps.load(Ordering::Relaxed) & HANDLING != 0;
    g.handled.put(cx, g, Obj::from_word(inner).filter(|_| own));
    cx.handled.set(outer);
    g.outer.clear();
}

/// The register that a YIELD fills with what is sent.
pub(crate) unsafe fn yield_target(pc: Pc) -> usize {
    // A suspended generator stands behind a YIELD.
    unsafe { Insn((*pc.sub(1)).load(Ordering::Relaxed)).a() as usize }
}

crate::slow! {
    /// YIELD of a generator that has a frame object.
    fn yield_slow(f) {
        let v = f.reg(f.b());
        let w = Window { base: f.base, pc: f.pc };
        let g = generator_of(w).expect("only generators yield");
        if let Some(fr) = w.existing() {
            crate::frame::rest(w);
            g.frame.set(f.cx, g, fr);
        }
        unsafe {
            save(f.cx, g, f.pc, f.base, Insn(f.insn));
            Ok(leave(f.cx, g, f.base, v.word()))
        }
    }
    /// FORLOOP_GEN of something else, or where something is to be done first.
    fn for_loop_slow(f) {
        let it = f.reg(f.a());
        if it.shape() != shape::GENERATOR {
            f.requicken(Op::FORLOOP);
        }
        if f.cx.mutator.poll_pending() {
            poll::handle(f.cx)?;
        }
        match ops::iter_next(f.cx, it)? {
            Some(v) => {
                f.set(f.b(), v);
                Ok(f.jump16())
            }
            None => Ok(f.done()),
        }
    }
    /// SEND to something else, or where something is to be done first.
    fn send_slow(f) {
        let (it, v) = (f.reg(f.b()), f.reg(f.a()));
        if f.cx.mutator.poll_pending() {
            poll::handle(f.cx)?;
        }
        match send(f.cx, it, v)? {
            Step::Yield(v) => {
                f.set(f.a(), v);
                Ok(f.done())
            }
            Step::Return(v) => {
                // An exhausted iterator raises nothing that could be told of.
                let tells = !v.is_none() || it.cast::<Generator>().is_some() || it.cast::<Asend>().is_some();
                if tells && crate::monitor::on(f.cx) {
                    crate::monitor::stopped_at(f.cx, Window { base: f.base, pc: f.pc }, v)?;
                }
                f.set(f.a(), v);
                Ok(f.jump16())
            }
        }
    }
}
