//! `gc`.
//!
//! Tests: CPython test_gc.

use crate::frame::Window;
use crate::{code, gc_walk, poll};
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_bytecode::{Insn, Op};
use typhon_macros::module;
use typhon_object::list::List;
use typhon_object::native::{Missing, NativeFunction};
use typhon_object::{Cx, Gc, Obj, Result, dict, list, ops, shape, tuple};

thread_local! {
    /// Whether this thread is in `gc.collect`, in the greenlet that runs.
    static COLLECTING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What collections of each generation that the program asked for have found.
static COLLECTED: [AtomicI64; 3] = [const { AtomicI64::new(0) }; 3];
/// How many objects there were at the last `gc.freeze()`.
static FROZEN: AtomicI64 = AtomicI64::new(0);
static DEBUG: AtomicI64 = AtomicI64::new(0);
static THRESHOLDS: [AtomicI64; 3] = [AtomicI64::new(2000), AtomicI64::new(10), AtomicI64::new(0)];

/// Clear the registers of the calling window that lie beyond its pending call. The
/// collector scans windows conservatively, and there stands what former calls worked
/// with: objects that a program that collects expects to be gone.
pub fn forget_dead_registers(cx: &Cx) {
    if cx.base.is_null() || cx.pc.is_null() {
        return;
    }
    // VM-1, VM-2: the window that runs, and behind the instruction that called us.
    // Registers are given out like a stack, so those above a call's are free.
    unsafe {
        if *cx.base.sub(4) == 0 {
            return;
        }
        let func = Window { base: cx.base, pc: cx.pc }.func();
        let insn = Insn((*cx.pc.sub(1)).load(Ordering::Relaxed));
        // Where the arguments begin, and what of the call's own registers is in use.
        let (arguments, callee) = match insn.op() {
            Some(Op::CALL | Op::CALL_NATIVE) => (4, 1),
            Some(Op::CALLMETHOD) => (5, 1),
            Some(Op::CALLM | Op::CALLM_NATIVE) => (5, 0),
            // A statement of its own: it needs what it names and what the blocks around it
            // keep.
            Some(Op::DELIDX) => {
                let code = func.code();
                let around = code.data.nests.decode().unwrap_or_default().around(code.offset(cx.pc) - 1);
                let kept =
                    |r: usize| around.iter().any(|n| (n.reg as usize..n.reg as usize + n.len as usize).contains(&r));
                for r in func.nclear.load(Ordering::Relaxed) as usize..func.nregs.load(Ordering::Relaxed) as usize {
                    if r != insn.a() as usize && r != insn.b() as usize && !kept(r) {
                        *cx.base.add(r) = 0;
                    }
                }
                return;
            }
            _ => return,
        };
        // A native function has no linkage in the four words below its arguments.
        let at = insn.a() as usize;
        for r in at + callee..at + 4 {
            *cx.base.add(r) = 0;
        }
        let end = at + arguments + insn.b() as usize;
        for r in end.max(func.nclear.load(Ordering::Relaxed) as usize)..func.nregs.load(Ordering::Relaxed) as usize {
            *cx.base.add(r) = 0;
        }
    }
}

/// Set whether the stack that is in use is in `gc.collect`; what was set before.
pub(crate) fn replace_collecting(on: bool) -> bool {
    COLLECTING.replace(on)
}

/// Whether the loop has called `gc.collect` itself, with no argument or a plain number: then
/// native frames between the loop's and here keep nothing that is used afterwards.
fn called_by_loop(cx: &Cx) -> bool {
    if cx.base.is_null() || cx.pc.is_null() {
        return false;
    }
    // VM-1, VM-2, as above.
    unsafe {
        if *cx.base.sub(4) == 0 {
            return false;
        }
        let insn = Insn((*cx.pc.sub(1)).load(Ordering::Relaxed));
        let word = |r: usize| *cx.base.add(r);
        let at = insn.a() as usize;
        let (callee, arguments) = match insn.op() {
            Some(Op::CALL | Op::CALL_NATIVE) => (Obj::from_word(word(at)), 4),
            Some(Op::CALLMETHOD) => (Obj::from_word(word(at)), 5),
            Some(Op::CALLM | Op::CALLM_FUNC | Op::CALLM_NATIVE) => {
                let name = Window { base: cx.base, pc: cx.pc }.func().code().name_at(insn.c() as usize);
                let module = Obj::from_word(word(at + 4)).filter(|o| o.is_ptr() && o.shape() == shape::MODULE);
                (module.and_then(crate::hooks::module_dict).and_then(|d| d.get_str(name)), 5)
            }
            _ => return false,
        };
        let ours = callee.and_then(|o| o.cast::<NativeFunction>()).is_some_and(|f| {
            functions::SPEC.functions.iter().any(|m| m.name == "collect" && std::ptr::eq(m, f.member()))
        });
        ours && (0..insn.b() as usize).all(|i| word(at + arguments + i) & 1 != 0)
    }
}

/// `gc.callbacks`, whatever the module's attribute is set to.
static CALLBACKS: typhon_object::interp::InterpRoot = typhon_object::interp::InterpRoot::new();

/// Call the callbacks of a collection that the program asked for. Those that happen by
/// themselves call none: they find the threads anywhere.
#[inline(never)]
fn call_callbacks(cx: &mut Cx, phase: &str, generation: i64, collected: i64) -> Result<()> {
    let Some(l) = Obj::from_word(CALLBACKS.get(cx)).and_then(|o| o.cast::<List>()) else { return Ok(()) };
    let mut i = 0;
    while let Some(f) = l.get(i) {
        i += 1;
        let info = dict::new(cx)?;
        for (k, v) in [("generation", generation), ("collected", collected), ("uncollectable", 0)] {
            let k = cx.intern(k)?;
            info.insert_str(cx, k, Obj::int_unchecked(v))?;
        }
        let phase = cx.intern(phase)?;
        if let Err(e) = ops::call_args(cx, f, &[phase.obj(), info.obj()]) {
            poll::unraisable(cx, e, "Exception ignored in:", f);
        }
    }
    Ok(())
}

/// `gc.collect()`. Its frames come to lie on a scrubbed stack: their gaps hold nothing of
/// former calls.
#[inline(never)]
fn collect_now(cx: &mut Cx, generation: i64) -> Result<i64> {
    // What `collect` calls may call it from native frames with values of their own.
    let nested = COLLECTING.replace(true);
    let direct = !nested && called_by_loop(cx);
    let r = collect_as(cx, generation, direct);
    COLLECTING.set(nested);
    r
}

fn collect_as(cx: &mut Cx, generation: i64, direct: bool) -> Result<i64> {
    call_callbacks(cx, "start", generation, 0)?;
    let full = generation == 2;
    let mut collected = round(cx, full, direct);
    // What finalizers let go of, and themselves, if nobody has taken hold of them.
    if poll::finalize(cx) && full {
        collected += round(cx, full, direct);
        poll::finalize(cx);
    }
    COLLECTED[generation as usize].fetch_add(collected, Ordering::Relaxed);
    call_callbacks(cx, "stop", generation, collected)?;
    Ok(collected)
}

fn round(cx: &Cx, full: bool, direct: bool) -> i64 {
    // They are complete until the collection is over.
    let counts = |p: *mut u8| Obj::from_word(p as u64).is_some_and(gc_walk::is_tracked);
    let found = cx.mutator.counting(full, counts, || {
        if full {
            forget_dead_registers(cx);
            code::collect_forgetting(cx, direct);
        } else {
            cx.collect_thoroughly(false);
        }
    });
    found as i64
}

/// The module.
#[module("gc")]
pub mod functions {
    use super::*;

    /// Run the garbage collector.
    #[sig(generation = 2)]
    fn collect(cx: &mut Cx, generation: i64) -> Result<i64> {
        if !(0..=2).contains(&generation) {
            return Err(cx.value_error("invalid generation"));
        }
        typhon_object::cx::scrub();
        collect_now(cx, generation)
    }
    /// Enable automatic garbage collection.
    fn enable() {
        typhon_gc::set_automatic(true);
    }
    /// Disable automatic garbage collection.
    fn disable() {
        typhon_gc::set_automatic(false);
    }
    /// Returns true if automatic garbage collection is enabled.
    fn isenabled() -> bool {
        typhon_gc::automatic()
    }
    /// Return a three-tuple of the current collection counts.
    fn get_count(cx: &mut Cx) -> Result<Obj> {
        Ok(tuple::new(cx, &[Obj::int_unchecked(0); 3])?.obj())
    }
    /// Return the current collection thresholds.
    fn get_threshold(cx: &mut Cx) -> Result<Obj> {
        let t = [0, 1, 2].map(|i| Obj::int_unchecked(THRESHOLDS[i].load(Ordering::Relaxed)));
        Ok(tuple::new(cx, &t)?.obj())
    }
    /// Set the collection thresholds; they are only kept.
    #[sig(threshold0, threshold1 = <missing>, threshold2 = <missing>, /)]
    fn set_threshold(threshold0: i64, threshold1: Missing<i64>, threshold2: Missing<i64>) {
        THRESHOLDS[0].store(threshold0, Ordering::Relaxed);
        if let Missing::Given(v) = threshold1 {
            THRESHOLDS[1].store(v, Ordering::Relaxed);
        }
        if let Missing::Given(v) = threshold2 {
            THRESHOLDS[2].store(v, Ordering::Relaxed);
        }
    }
    /// Set the garbage collection debugging flags; they are only kept.
    fn set_debug(flags: i64) {
        DEBUG.store(flags, Ordering::Relaxed);
    }
    /// Get the garbage collection debugging flags.
    fn get_debug() -> i64 {
        DEBUG.load(Ordering::Relaxed)
    }
    /// Return a list of per-generation statistics. What was collected is known of collections
    /// that were asked for.
    fn get_stats(cx: &mut Cx) -> Result<Obj> {
        let s = typhon_gc::stats();
        let l = list::new(cx, &[])?;
        for (n, found) in [s.young_collections, 0, s.full_collections].into_iter().zip(&COLLECTED) {
            let found = found.load(Ordering::Relaxed);
            let d = dict::new(cx)?;
            for (k, v) in [("collections", n as i64), ("collected", found), ("uncollectable", 0)] {
                let k = cx.intern(k)?;
                d.insert_str(cx, k, Obj::int_unchecked(v))?;
            }
            l.append(cx, d.obj())?;
        }
        Ok(l.obj())
    }
    /// Returns true if the object is tracked by the garbage collector.
    ///
    /// Simple atomic objects will return false.
    fn is_tracked(obj: Obj) -> bool {
        gc_walk::is_tracked(obj)
    }
    /// Returns true if the object has been already finalized by the GC.
    fn is_finalized(obj: Obj) -> bool {
        obj.is_ptr() && ops::class_of(obj).has_finalizer() && !typhon_gc::awaits_finalizer(obj.addr())
    }
    /// Return a list of objects tracked by the collector (excluding the list returned).
    ///
    ///   generation
    ///     Generation to extract the objects from. All are in every one here.
    #[sig(generation = None)]
    fn get_objects(cx: &mut Cx, generation: Option<i64>) -> Result<Gc<List>> {
        match generation {
            Some(n) if n < -1 => Err(cx.value_error("generation parameter cannot be negative")),
            Some(n) if n > 2 => {
                Err(cx.value_error("generation parameter must be less than the number of available generations (3)"))
            }
            _ => {
                // Garbage is not to be seen, unless it is to be kept.
                if typhon_gc::automatic() {
                    forget_dead_registers(cx);
                    typhon_object::cx::scrub();
                    cx.collect_thoroughly(false);
                }
                gc_walk::objects(cx, gc_walk::is_tracked)
            }
        }
    }
    /// Return the list of objects that directly refer to any of 'objs'.
    #[sig(*objs)]
    fn get_referrers(cx: &mut Cx, objs: &[Obj]) -> Result<Gc<List>> {
        gc_walk::referrers(cx, objs)
    }
    /// Return the list of objects that are directly referred to by 'objs'.
    #[sig(*objs)]
    fn get_referents(cx: &mut Cx, objs: &[Obj]) -> Result<Gc<List>> {
        gc_walk::referents(cx, objs)
    }
    /// Make all objects that live now old.
    ///
    /// Young collections, in a forked child too, neither look at them nor write to them.
    fn freeze(cx: &mut Cx) {
        cx.collect_thoroughly(false);
        FROZEN.store(gc_walk::count(cx) as i64, Ordering::Relaxed);
    }
    /// Count no object as frozen any more; they stay old.
    fn unfreeze() {
        FROZEN.store(0, Ordering::Relaxed);
    }
    /// Return how many objects the last freeze() has made old.
    fn get_freeze_count() -> i64 {
        FROZEN.load(Ordering::Relaxed)
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        for n in ["garbage", "callbacks"] {
            let l = list::new(cx, &[])?;
            if n == "callbacks" {
                CALLBACKS.set(cx, l.obj().word());
            }
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(l.obj()))?;
        }
        for (n, v) in [
            ("DEBUG_STATS", 1),
            ("DEBUG_COLLECTABLE", 2),
            ("DEBUG_UNCOLLECTABLE", 4),
            ("DEBUG_SAVEALL", 32),
            ("DEBUG_LEAK", 38),
        ] {
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(Obj::int_unchecked(v)))?;
        }
        Ok(())
    }
}
