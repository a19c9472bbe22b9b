//! `sys`: the functions by which programs watch the interpreter or are watched:
//! audit hooks, remote debugging, figures about memory.
//!
//! The interpreter raises no audit events of its own; those of `sys.audit` reach
//! the hooks. Invariant: hooks are only ever added, to a new list each time, so a
//! list that is being called does not change.
//! Tests: tests/lang/sys.md; CPython test_sys.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use typhon_macros::module;
use typhon_object::interp::InterpRoot;
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, list, ops, str};

/// The hooks: a tuple.
static HOOKS: InterpRoot = InterpRoot::new();
/// One thread at a time adds a hook.
static ADDING: Mutex<()> = Mutex::new(());
/// `sys.getdlopenflags()`: RTLD_NOW. Nothing is loaded that would need them.
static DLOPEN_FLAGS: AtomicI32 = AtomicI32::new(2);

fn hooks(cx: &Cx) -> Option<Gc<Tuple>> {
    Obj::from_word(HOOKS.get(cx)).and_then(|o| o.cast::<Tuple>())
}

/// Call the hooks with an event, the oldest first.
fn raise(cx: &mut Cx, event: Obj, args: &[Obj]) -> Result<()> {
    let Some(all) = hooks(cx) else { return Ok(()) };
    let args = tuple::new(cx, args)?;
    for h in all.payload().items() {
        ops::call_args(cx, *h, &[event, args.obj()])?;
    }
    Ok(())
}

/// The functions.
#[module("sys")]
pub mod functions {
    use super::*;

    /// Passes the event to any hooks that are attached.
    #[sig(event, /, *args)]
    fn audit(cx: &mut Cx, event: Obj, args: &[Obj]) -> Result<()> {
        if event.cast::<str::Str>().is_none() {
            let n = cx.type_name(event);
            return Err(cx.type_error(format!("expected str for argument 'event', not {n}")));
        }
        raise(cx, event, args)
    }

    /// Adds a new audit hook callback.
    #[sig(hook)]
    fn addaudithook(cx: &mut Cx, hook: Obj) -> Result<()> {
        let event = str::new(cx, "sys.addaudithook")?.obj();
        match raise(cx, event, &[]) {
            // A hook may refuse its successors.
            Err(e) if e.is(cx, ExcKind::Exception) => return Ok(()),
            r => r?,
        }
        loop {
            let old = hooks(cx);
            let l = list::new(cx, old.map_or(&[][..], |t| t.payload().items()))?;
            l.append(cx, hook)?;
            let new = ops::tuple_from_list(cx, l)?;
            // Held for two words, without allocating or running anything.
            let _one = ADDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if hooks(cx) == old {
                HOOKS.set(cx, new.obj().word());
                return Ok(());
            }
        }
    }

    /// Call func(*args), while tracing is enabled.
    fn call_tracing(cx: &mut Cx, func: Obj, args: Obj) -> Result<Obj> {
        let Some(t) = args.cast::<Tuple>() else {
            let n = cx.type_name(args);
            return Err(cx.type_error(format!("call_tracing() argument 2 must be tuple, not {n}")));
        };
        ops::call_args(cx, func, t.payload().items())
    }

    /// Return True if remote debugging is enabled, False otherwise: it is not supported.
    fn is_remote_debug_enabled() -> bool {
        false
    }

    /// Executes a file containing Python code in a given remote Python process.
    #[sig(pid, script)]
    fn remote_exec(cx: &mut Cx, pid: i64, script: Obj) -> Result<()> {
        let _ = (pid, script);
        Err(cx.error(ExcKind::RuntimeError, "Remote debugging is not enabled"))
    }

    /// Return the current value of the flags that are used for dlopen calls.
    fn getdlopenflags() -> i32 {
        DLOPEN_FLAGS.load(Ordering::Relaxed)
    }

    /// Set the flags used by the interpreter for dlopen calls.
    fn setdlopenflags(flags: i32) {
        DLOPEN_FLAGS.store(flags, Ordering::Relaxed);
    }

    /// Return *True* if a stack profiler trampoline is active: there is none.
    fn is_stack_trampoline_active() -> bool {
        false
    }

    /// Activate stack profiler trampoline *backend*.
    fn activate_stack_trampoline(cx: &mut Cx, backend: Obj) -> Result<()> {
        let _ = backend;
        Err(cx.value_error("perf trampoline not available"))
    }

    /// Deactivate the current stack profiler trampoline backend.
    fn deactivate_stack_trampoline() {}

    /// Print debug info to stderr about the state of the heap.
    fn _debugmallocstats() {
        let s = typhon_gc::stats();
        eprintln!("heap: {} bytes in use", s.used_bytes);
    }
}
