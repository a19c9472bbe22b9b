//! `sys`: the functions that need the VM. Values that are plain data (version,
//! flags, paths) are put in by the binary, which knows them.
//!
//! Tests: CPython test_sys.

use crate::display::{self, print_exception};
use crate::frame;
use crate::{import, monitor, poll, tools, trace};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use typhon_macros::module;
use typhon_object::exc::BaseException;
use typhon_object::native::Missing;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, dict, float, int, intern, list, name, ops, tuple};

/// `sys.getswitchinterval()` in nanoseconds. Without a GIL it is only kept.
static SWITCH_INTERVAL: AtomicU64 = AtomicU64::new(5_000_000);

/// `-X cpu_count`, or -1.
pub static CPU_COUNT: AtomicI64 = AtomicI64::new(-1);

/// The functions of `sys`.
#[module("sys")]
pub mod functions {
    use super::*;

    /// Return information about the most recent exception caught by an except clause.
    fn exc_info(cx: &mut Cx) -> Result<Obj> {
        let t = match cx.handled() {
            None => [Obj::NONE; 3],
            Some(e) => [ops::class_of(e.obj()).obj(), e.obj(), e.traceback.obj().unwrap_or(Obj::NONE)],
        };
        Ok(tuple::new(cx, &t)?.obj())
    }

    /// Return the current exception.
    fn exception(cx: &mut Cx) -> Option<Obj> {
        cx.handled().map(|e| e.obj())
    }

    /// Exit the interpreter by raising SystemExit(status).
    #[sig(status = None, /)]
    fn exit(cx: &mut Cx, status: Obj) -> Result<Obj> {
        let class = ExcKind::SystemExit.class(cx);
        // A tuple is what the exception is made of.
        let args = match status.cast::<tuple::Tuple>() {
            Some(t) => t.payload().items(),
            None if status.is_none() => &[],
            None => std::slice::from_ref(&status),
        };
        let e = ops::call_args(cx, class.obj(), args)?;
        match e.cast::<BaseException>() {
            Some(e) => Err(Raised(e)),
            None => Err(cx.error(ExcKind::SystemError, "SystemExit is not an exception")),
        }
    }

    /// Return a frame object from the call stack.
    #[sig(depth = 0, /)]
    fn _getframe(cx: &mut Cx, depth: i64) -> Result<Obj> {
        let mut w = frame::current(cx);
        for _ in 0..depth.max(0) {
            w = w.and_then(|w| w.caller());
        }
        match w {
            Some(w) => Ok(w.frame(cx)?.obj()),
            None => Err(cx.value_error("call stack is not deep enough")),
        }
    }

    /// Return the name of the module for a calling frame.
    #[sig(depth = 0)]
    fn _getframemodulename(cx: &mut Cx, depth: i64) -> Result<Obj> {
        let mut w = frame::current(cx);
        for _ in 0..depth.max(0) {
            w = w.and_then(|w| w.caller());
        }
        Ok(w.and_then(|w| w.func().module.obj()).unwrap_or(Obj::NONE))
    }

    /// Return a dict mapping each thread's identifier to its current frame.
    fn _current_frames(cx: &mut Cx) -> Result<Obj> {
        crate::stacks::current_frames(cx)
    }

    /// Return a dict mapping each thread's identifier to the exception that it handles.
    fn _current_exceptions(cx: &mut Cx) -> Result<Obj> {
        crate::stacks::current_exceptions(cx)
    }

    /// Return the maximum string digits limit for non-binary int<->str conversions.
    fn get_int_max_str_digits() -> usize {
        typhon_builtins::int_new::MAX_STR_DIGITS.load(Ordering::Relaxed)
    }

    /// Set the maximum string digits limit for non-binary int<->str conversions.
    #[sig(maxdigits)]
    fn set_int_max_str_digits(cx: &Cx, maxdigits: i64) -> Result<()> {
        // CPython's threshold, below which no limit makes sense.
        const THRESHOLD: i64 = 640;
        match usize::try_from(maxdigits) {
            Ok(n) if n == 0 || maxdigits >= THRESHOLD => {
                typhon_builtins::int_new::MAX_STR_DIGITS.store(n, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(cx.value_error(format!("maxdigits must be 0 or larger than {THRESHOLD}"))),
        }
    }

    /// Return the current value of the recursion limit.
    fn getrecursionlimit(cx: &Cx) -> usize {
        cx.interp().recursion_limit.load(Ordering::Relaxed)
    }

    /// Set the maximum depth of the Python interpreter stack to n.
    fn setrecursionlimit(cx: &mut Cx, limit: i64) -> Result<()> {
        if limit < 1 {
            return Err(cx.value_error("recursion limit must be greater or equal than 1"));
        }
        if (cx.depth as i64) >= limit {
            return Err(cx.error(
                ExcKind::RecursionError,
                format!(
                    "cannot set the recursion limit to {limit} at the recursion depth {}: the limit is too low",
                    cx.depth
                ),
            ));
        }
        cx.interp().recursion_limit.store(limit as usize, Ordering::Relaxed);
        cx.depth_limit = limit.min(u32::MAX as i64) as u32;
        Ok(())
    }

    /// Return the current thread switch interval.
    fn getswitchinterval(cx: &Cx) -> Result<Obj> {
        float::new(cx, SWITCH_INTERVAL.load(Ordering::Relaxed) as f64 / 1e9)
    }

    /// Set the ideal thread switching delay inside the Python interpreter.
    fn setswitchinterval(cx: &mut Cx, interval: f64) -> Result<()> {
        if interval <= 0.0 || interval.is_nan() {
            return Err(cx.value_error("switch interval must be strictly positive"));
        }
        SWITCH_INTERVAL.store((interval * 1e9) as u64, Ordering::Relaxed);
        typhon_sync::gil::set_interval(std::time::Duration::from_nanos((interval * 1e9) as u64));
        Ok(())
    }

    /// Return True if the GIL is currently enabled and False if it's disabled.
    fn _is_gil_enabled() -> bool {
        typhon_sync::gil::is_on()
    }

    /// ``Intern'' the given string.
    fn intern(cx: &mut Cx, s: Obj) -> Result<Obj> {
        if s.shape() != typhon_object::shape::STR {
            return Err(cx.type_error(format!("can't intern {}", cx.type_name(s))));
        }
        let s = str::expect(cx, s, "intern() argument")?;
        Ok(super::intern::intern(cx, s)?.obj())
    }

    /// Return True if the given string is interned.
    fn _is_interned(s: Gc<Str>) -> bool {
        s.is_interned()
    }

    /// Return the size of object in bytes.
    #[sig(object, default = <missing>)]
    fn getsizeof(cx: &mut Cx, object: Obj, default: Missing<Obj>) -> Result<Obj> {
        let r = ops::call_method(cx, object, "__sizeof__", &[]);
        match (r, default) {
            (Err(e), Missing::Given(d)) if e.is(cx, ExcKind::TypeError) || e.is(cx, ExcKind::AttributeError) => Ok(d),
            (r, _) => r,
        }
    }

    /// Return the reference count of object: not kept, so always the same.
    fn getrefcount(_object: Obj) -> i64 {
        2
    }

    /// Return the encoding used to convert Unicode filenames to OS filenames.
    fn getfilesystemencoding() -> &'static str {
        "utf-8"
    }

    /// Return the error mode used to convert Unicode filenames to OS filenames.
    fn getfilesystemencodeerrors() -> &'static str {
        "surrogateescape"
    }

    /// Return the current default encoding used by the Unicode implementation.
    fn getdefaultencoding() -> &'static str {
        "utf-8"
    }

    /// Return the number of memory blocks currently allocated.
    fn getallocatedblocks() -> usize {
        typhon_gc::stats().used_bytes / 64
    }

    /// Return True if Python is exiting.
    fn is_finalizing(cx: &Cx) -> bool {
        cx.rt().finalizing.load(Ordering::Relaxed)
    }

    /// This hook function is called by built-in breakpoint().
    fn breakpointhook(cx: &mut Cx, args: typhon_object::native::Args<'_>) -> Result<Obj> {
        let wanted = std::env::var("PYTHONBREAKPOINT").unwrap_or_default();
        let wanted = match wanted.as_str() {
            "0" => return Ok(Obj::NONE),
            "" => "pdb.set_trace",
            w => w,
        };
        let (module, attr) = wanted.rsplit_once('.').unwrap_or(("builtins", wanted));
        let found = match module {
            "" => Err(cx.error(ExcKind::ImportError, "no module is named")),
            m => import::import_module(cx, m),
        };
        let found = match found {
            Ok(m) => {
                let n = cx.intern(attr)?;
                ops::get_attr(cx, m, n)
            }
            Err(e) => Err(e),
        };
        match found {
            Ok(f) => ops::call(cx, f, args.all(), args.kw),
            Err(e) if e.is(cx, ExcKind::ImportError) || e.is(cx, ExcKind::AttributeError) => {
                let text = format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{wanted}\"");
                typhon_builtins::hooks::warn(cx, &text, ExcKind::RuntimeWarning)?;
                Ok(Obj::NONE)
            }
            Err(e) => Err(e),
        }
    }

    /// Print an object to sys.stdout and also save it in builtins._
    fn displayhook(cx: &mut Cx, value: Obj) -> Result<()> {
        if value.is_none() {
            return Ok(());
        }
        let b = crate::hooks::builtins(cx);
        let key = name!(cx, "_");
        b.insert_str(cx, key, Obj::NONE)?;
        let r = ops::repr(cx, value)?;
        let print = crate::hooks::builtin(cx, "print")?;
        ops::call_args(cx, print, &[r.obj()])?;
        b.insert_str(cx, key, value)?;
        Ok(())
    }

    /// Handle an exception by displaying it with a traceback on sys.stderr.
    fn excepthook(cx: &mut Cx, _exctype: Obj, value: Obj, traceback: Obj) -> Result<()> {
        let Some(e) = value.cast::<BaseException>() else {
            // Shown, for there is nobody to whom it could be raised.
            let n = cx.type_name(value);
            display::write_stderr(
                cx,
                &format!("TypeError: print_exception(): Exception expected for value, {n} found\n"),
            );
            return Ok(());
        };
        if !traceback.is_none() && e.traceback.obj().is_none() {
            e.traceback.set(cx, e, traceback);
        }
        print_exception(cx, Raised(e));
        Ok(())
    }

    /// Handle an unraisable exception.
    fn unraisablehook(cx: &mut Cx, unraisable: Obj) -> Result<()> {
        let msg = ops::get_attr(cx, unraisable, name!(cx, "err_msg"))?;
        let o = ops::get_attr(cx, unraisable, name!(cx, "object"))?;
        let e = ops::get_attr(cx, unraisable, name!(cx, "exc_value"))?;
        let msg = if msg.is_none() { None } else { Some(ops::to_str(cx, msg)?.to_str().into_owned()) };
        if let Some(e) = e.cast::<BaseException>() {
            display::show_unraisable(cx, Raised(e), msg.as_deref(), o);
        }
        Ok(())
    }

    /// Set the global debug tracing function.
    #[sig(function, /)]
    fn settrace(cx: &mut Cx, function: Obj) {
        trace::set(cx, false, function);
    }

    /// Return the global debug tracing function.
    fn gettrace(cx: &Cx) -> Obj {
        trace::get(cx, false)
    }

    /// Set the global debug tracing function in all running threads.
    #[sig(function, /)]
    fn _settraceallthreads(cx: &mut Cx, function: Obj) {
        trace::set_all(cx, false, function);
    }

    /// Set the profiling function.
    #[sig(function, /)]
    fn setprofile(cx: &mut Cx, function: Obj) {
        trace::set(cx, true, function);
    }

    /// Return the profiling function.
    fn getprofile(cx: &Cx) -> Obj {
        trace::get(cx, true)
    }

    /// Set the profiling function in all running threads.
    #[sig(function, /)]
    fn _setprofileallthreads(cx: &mut Cx, function: Obj) {
        trace::set_all(cx, true, function);
    }

    /// Call a function while tracing is off.
    #[sig(func, args, /)]
    fn call_tracing(cx: &mut Cx, func: Obj, args: Gc<tuple::Tuple>) -> Result<Obj> {
        monitor::watched_again(cx, |cx| ops::call_args(cx, func, args.payload().items()))
    }

    /// Return the asynchronous generator hooks.
    fn get_asyncgen_hooks(cx: &mut Cx) -> Result<Obj> {
        let (first, last) = crate::async_gen::hooks(cx);
        let pair = tuple::new(cx, &[first, last])?;
        match Obj::from_word(crate::async_gen::HOOKS_CLASS.get(cx)) {
            Some(class) => ops::call_args(cx, class, &[pair.obj()]),
            None => Ok(pair.obj()),
        }
    }

    /// Set the functions that are called when an asynchronous generator is iterated
    /// over for the first time, and when one dies.
    #[sig(firstiter = <missing>, finalizer = <missing>)]
    fn set_asyncgen_hooks(cx: &mut Cx, firstiter: Missing<Obj>, finalizer: Missing<Obj>) -> Result<()> {
        let (mut first, mut last) = crate::async_gen::hooks(cx);
        for (name, given, slot) in
            [("finalizer", finalizer.given(), &mut last), ("firstiter", firstiter.given(), &mut first)]
        {
            let Some(f) = given else { continue };
            if !f.is_none()
                && ops::class_of(f).special(typhon_object::Dunder::Call).is_none()
                && ops::class_of(f).call_fn().is_none()
            {
                return Err(cx.type_error(format!("callable {name} expected, got {}", cx.type_name(f))));
            }
            *slot = f;
        }
        crate::async_gen::set_hooks(cx, first, last)
    }

    /// Check status of origin tracking for coroutine objects.
    fn get_coroutine_origin_tracking_depth(cx: &Cx) -> i64 {
        crate::ending::origin_depth(cx)
    }

    /// Enable or disable origin tracking for coroutine objects in this thread.
    #[sig(depth)]
    fn set_coroutine_origin_tracking_depth(cx: &mut Cx, depth: i64) -> Result<()> {
        if depth < 0 {
            return Err(cx.value_error("depth must be >= 0"));
        }
        crate::ending::set_origin_depth(cx, depth.min(1 << 30) as u32);
        Ok(())
    }

    /// Clear the internal caches; there are none that need it.
    fn _clear_type_cache() {}

    /// Remove the descriptors that keep a class's instances reachable from it
    /// (used by dataclasses when it makes a class anew).
    fn _clear_type_descriptors(cx: &mut Cx, cls: Gc<typhon_object::types::Type>) -> Result<()> {
        for n in ["__dict__", "__weakref__"] {
            let n = cx.intern(n)?;
            typhon_object::types::set_attr(cx, cls, n, None)?;
        }
        Ok(())
    }

    /// The CPU count given by -X cpu_count, or -1.
    fn _get_cpu_count_config() -> i64 {
        super::CPU_COUNT.load(Ordering::Relaxed)
    }

    /// Clear the internal caches; there are none that need it.
    fn _clear_internal_caches() {}
}

/// `sys._jit`: whether there is a JIT. There is none yet.
#[module("sys._jit")]
pub mod jit {
    /// Return True if this build supports JIT compilation.
    fn is_available() -> bool {
        false
    }
    /// Return True if JIT compilation is enabled.
    fn is_enabled() -> bool {
        false
    }
    /// Return True if the topmost frame runs compiled code.
    fn is_active() -> bool {
        false
    }
}

/// Make the module object; the binary adds the rest.
pub fn init(cx: &mut Cx) -> Result<Obj> {
    let m = import::new_module(cx, "sys")?;
    let d = crate::hooks::module_dict(m).expect("a module");
    for f in functions::SPEC.functions.iter().chain(crate::sys_watch::functions::SPEC.functions) {
        let n = cx.intern(f.name)?;
        let v = ops::native_function(cx, f, "sys")?;
        d.insert_str(cx, n, v)?;
        if matches!(f.name, "breakpointhook" | "displayhook" | "excepthook" | "unraisablehook") {
            let n = cx.intern(&format!("__{}__", f.name))?;
            d.insert_str(cx, n, v)?;
        }
    }
    let modules = import::modules(cx);
    for (n, v) in [
        ("modules", modules.obj()),
        ("meta_path", list::new(cx, &[])?.obj()),
        ("path_hooks", list::new(cx, &[])?.obj()),
    ] {
        let n = cx.intern(n)?;
        d.insert_str(cx, n, v)?;
    }
    let cache = dict::new(cx)?;
    d.insert_str(cx, name!(cx, "path_importer_cache"), cache.obj())?;
    let max = int::from_i64(cx, i64::MAX)?;
    d.insert_str(cx, name!(cx, "maxsize"), max)?;
    d.insert_str(cx, name!(cx, "maxunicode"), Obj::int_unchecked(0x10ffff))?;
    modules.insert_str(cx, name!(cx, "sys"), m)?;
    let j = import::new_module(cx, "sys._jit")?;
    for f in jit::SPEC.functions {
        let n = cx.intern(f.name)?;
        let v = ops::native_function(cx, f, "sys._jit")?;
        ops::set_attr(cx, j, n, Some(v))?;
    }
    d.insert_str(cx, name!(cx, "_jit"), j)?;
    let t = tools::init(cx)?;
    d.insert_str(cx, name!(cx, "monitoring"), t)?;
    modules.insert_str(cx, name!(cx, "sys.monitoring"), t)?;
    let _ = poll::UNRAISABLE.set(display::unraisable);
    Ok(m)
}
