//! What the crates of the upper layers need of each other: the standard library's
//! native modules and the built-in types know no VM, the VM knows no modules.
//!
//! Tests: tests/lang/fork.md, tests/lang/signals.md.

use std::sync::atomic::Ordering;
use typhon_object::{Cx, ExcKind, Obj, Result, int, name, ops, str};
use typhon_stdlib::util::{HOOKS, os_error};
use typhon_stdlib::{at_fork, util};
use typhon_vm::{hooks, import, import_lock, interps, library, poll, signal, thread};

/// Connect them. Called once, before any module is imported.
pub fn connect() {
    let _ = HOOKS.check_signals.set(poll::handle_now);
    let _ = HOOKS.poll.set(poll::handle);
    let _ = HOOKS.fork.set(fork);
    let _ = HOOKS.warn.set(warn);
    let _ = HOOKS.unraisable.set(poll::unraisable);
    typhon_stdlib::codecs::connect();
    let _ = interps::START.set(crate::start::subinterpreter);
    let _ = interps::END.set(crate::run::end_subinterpreter);
    let _ = typhon_builtins::hooks::WARN.set(|cx, text, kind| warn(cx, text, kind, 1));
}

/// `warnings.warn(text, category, stacklevel)`.
fn warn(cx: &mut Cx, text: &str, kind: ExcKind, level: i64) -> Result<()> {
    let module = import::import_module(cx, "warnings")?;
    let text = str::new(cx, text)?;
    let (class, level) = (kind.class(cx).obj(), int::from_i64(cx, level)?);
    ops::call_method(cx, module, "warn", &[text.obj(), class, level]).map(|_| ())
}

/// `os.fork()`. The child has one thread: this one.
fn fork(cx: &mut Cx) -> Result<i32> {
    if !cx.interp().may(typhon_object::interp::ALLOW_FORK) {
        return Err(cx.error(ExcKind::RuntimeError, "fork not supported for isolated subinterpreters"));
    }
    if cx.rt().finalizing.load(Ordering::Relaxed) {
        return Err(cx.error(ExcKind::PythonFinalizationError, "can't fork at interpreter shutdown"));
    }
    at_fork::before(cx);
    import_lock::acquire(cx)?;
    let pid = cx.mutator.fork();
    let failed = (pid < 0).then(|| std::io::Error::last_os_error().raw_os_error().unwrap_or(EAGAIN));
    // On both sides: the child's thread is the one that took it.
    import_lock::release();
    if pid == 0 {
        thread::after_fork(cx);
        signal::after_fork(cx);
        at_fork::after_in_child(cx);
        return Ok(0);
    }
    at_fork::after_in_parent(cx);
    match failed {
        Some(errno) => Err(os_error(cx, errno)),
        None => {
            if thread::count() > 0 {
                warn_of_threads(cx);
            }
            Ok(pid)
        }
    }
}

/// The usual reason, should the system not say: too many processes.
const EAGAIN: i32 = 11;

fn warn_of_threads(cx: &mut Cx) {
    let text = format!(
        "This process (pid={}) is multi-threaded, use of fork() may lead to deadlocks in the child.",
        std::process::id()
    );
    if let Err(e) = util::warn(cx, &text, ExcKind::DeprecationWarning, 1) {
        poll::unraisable(cx, e, "Exception ignored while warning of fork()", Obj::NONE);
    }
}

/// Start-up is over. What has a finalizer until now are the standard streams.
pub fn started() {
    typhon_gc::settle_finalizable();
}

/// At an interpreter's end: let the program's modules go, so that the finalizers of what only they
/// hold run while everything else still works. Without finalizers nobody would notice.
#[inline(never)]
pub fn finalize_modules(cx: &mut Cx) {
    // Daemon threads stop where they are.
    typhon_gc::request_all(typhon_object::cx::POLL_ASYNC_EXC);
    if typhon_gc::finalizable() == 0 || !cx.interp().used.load(Ordering::Relaxed) {
        return;
    }
    forget_modules(cx);
    // What a finalizer lets go of may have one, too.
    let rounds = if cx.interp().is_main() { 3 } else { 1 };
    for _ in 0..rounds {
        // Or the program's last calls would have left what they worked with.
        typhon_object::cx::scrub();
        cx.mutator.collect(true);
        poll::finalize(cx);
    }
}

#[inline(never)]
fn forget_modules(cx: &mut Cx) {
    let modules = import::modules(cx);
    for (name, module) in modules.items() {
        let Some(name) = name.cast::<str::Str>() else { continue };
        let file = hooks::module_dict(module).and_then(|d| d.get_str(name!(cx, "__file__")));
        let own = match file.and_then(|f| f.cast::<str::Str>()) {
            Some(f) => !f.to_str().starts_with(library::LIB),
            None => name.eq_str("__main__"),
        };
        if own {
            modules.remove_str(cx, name);
        }
    }
}
