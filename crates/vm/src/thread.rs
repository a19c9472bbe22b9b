//! `_thread`: threads.
//!
//! A thread gets a native stack of moderate size, since Python frames live on
//! its value stack, and a `Cx` of its own. Locks are in `lock.rs`, thread-local
//! data is in `local.rs`.
//!
//! Invariant THR-1: a value handed to a new thread is held by an `OwnedRoot`
//! until the thread has attached.
//! Tests: tests/lang/threads.md, tests/lang/fork.md; CPython test_thread,
//! test_threading.

use crate::deadlock::{self, On};
use crate::local::{self, Local};
use crate::lock::{Lock, RLock, acquire, deadline, new_lock};
use crate::{import, poll};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use typhon_gc::OwnedRoot;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::Dict;
use typhon_object::interp::{self, Interp};
use typhon_object::native;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, exc, list, name, ops, tuple};
use typhon_sync::park::{Semaphore, Waiter};

/// `TIMEOUT_MAX` in seconds: what fits 64-bit nanoseconds.
pub const TIMEOUT_MAX: f64 = 9_223_372_036.0;
/// Native stack of a thread unless `stack_size` says otherwise.
const STACK: usize = 1 << 20;
/// The index in `Cx::ext` of the thread's ident, for other threads to read.
pub const IDENT: usize = 4;
/// Part of it that Python code may not use natively.
const HEADROOM: usize = 128 << 10;

static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicI64 = AtomicI64::new(0);
/// The main thread has ended as a thread does: in a process that another one than the main
/// thread has forked off. The process ends with the last of its threads.
static MAIN_GONE: AtomicBool = AtomicBool::new(false);
/// Threads that count no longer, but have yet to wake those who wait for their end.
static ENDING: AtomicI64 = AtomicI64::new(0);
static MAIN_IDENT: AtomicU64 = AtomicU64::new(0);
/// How many forks lie between this process and the first one. The threads of the
/// processes before do not exist here.
static GENERATION: AtomicU32 = AtomicU32::new(0);
/// The threads that the process waits for at its end, by the address of their state.
static AWAITED: Mutex<BTreeMap<usize, Arc<ThreadState>>> = Mutex::new(BTreeMap::new());
/// The main thread's waiter, for signals.
static MAIN_WAITER: AtomicPtr<Waiter> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    static WAITER: Waiter = const { Waiter::new() };
    /// What the thread's handle sees, if Python started it.
    static STATE: RefCell<Option<Arc<ThreadState>>> = const { RefCell::new(None) };
}

/// Calls `f` with what the calling thread waits with.
pub fn with_waiter<R>(f: impl FnOnce(&Waiter) -> R) -> R {
    WAITER.with(f)
}

/// Wake the main thread if it waits for a lock: a signal wants its attention.
pub fn interrupt_main_wait() {
    // The main thread lives as long as the process.
    if let Some(w) = unsafe { MAIN_WAITER.load(Ordering::SeqCst).as_ref() } {
        w.interrupt();
    }
}

/// Note that the calling thread is the main thread.
pub fn init_main(cx: &Cx) {
    cx.ext[IDENT].set(ident());
    MAIN_IDENT.store(ident(), Ordering::Relaxed);
    MAIN_WAITER.store(with_waiter(|w| std::ptr::from_ref(w).cast_mut()), Ordering::SeqCst);
}

/// Whether the caller is the main thread and runs in the main interpreter.
pub fn is_main(cx: &Cx) -> bool {
    is_main_thread() && cx.interp().is_main()
}

/// Whether the caller is the main thread, whatever it runs in.
pub fn is_main_thread() -> bool {
    ident() == MAIN_IDENT.load(Ordering::Relaxed)
}

/// `get_ident()` of the calling thread: what the system's own functions call it.
#[inline]
pub fn ident() -> u64 {
    // No preconditions.
    unsafe { libc::pthread_self() as u64 }
}

/// The same, from the thread's context.
#[inline(always)]
pub fn ident_of(cx: &Cx) -> u64 {
    cx.ext[IDENT].get()
}

/// What the system calls the calling thread: `get_native_id()`.
pub fn system_id() -> i32 {
    // A system call without arguments.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

/// How many threads Python has started and run still.
pub fn count() -> i64 {
    COUNT.load(Ordering::Relaxed)
}

/// Threads that may wake others, without the calling one if that is the main thread.
pub fn wakers() -> i64 {
    // In the order in which a thread that ends goes from one to the other.
    let counted = COUNT.load(Ordering::SeqCst);
    counted + ENDING.load(Ordering::SeqCst)
}

/// In a forked child: the caller is the main thread, and the only one.
pub fn after_fork(cx: &Cx) {
    let generation = GENERATION.fetch_add(1, Ordering::SeqCst) + 1;
    let started =
        STATE.with_borrow(|s| s.as_ref().inspect(|s| s.generation.store(generation, Ordering::SeqCst)).is_some());
    COUNT.store(started as i64, Ordering::SeqCst);
    ENDING.store(0, Ordering::SeqCst);
    interp::after_fork(cx);
    cx.interp().threads.store(started as i64, Ordering::SeqCst);
    deadlock::after_fork();
    init_main(cx);
}

/// What a thread other than the main one does at a poll when the process ends: nothing
/// any more. So does a thread whose interpreter is ended by another one. Called without
/// any lock of the runtime.
pub fn stop_if_finalizing(cx: &Cx) {
    let process = cx.rt().finalizing.load(Ordering::Relaxed) && !is_main_thread();
    // Whoever ends it, or only visits it, was not started in it.
    let own = |cx: &Cx| {
        let id = cx.interp().id();
        STATE.with_borrow(|s| s.as_ref().is_some_and(|s| s.interp.load(Ordering::Relaxed) == id))
    };
    if process || cx.interp().finalizing.load(Ordering::Relaxed) && own(cx) {
        cx.blocked(|| {
            loop {
                std::thread::park();
            }
        });
    }
}

/// Shared by a handle and its thread.
struct ThreadState {
    ident: AtomicU64,
    /// The id of the interpreter that it runs in.
    interp: AtomicI64,
    started: AtomicBool,
    /// See [`GENERATION`]. A thread of another process has ended.
    generation: AtomicU32,
    /// Has a permit once the thread has ended.
    done: Semaphore,
}

impl ThreadState {
    fn is_done(&self) -> bool {
        self.done.permits() > 0
            || self.started.load(Ordering::Acquire)
                && self.generation.load(Ordering::Relaxed) != GENERATION.load(Ordering::Relaxed)
                // The thread that forked goes on in the child, where it is the main one.
                && self.ident.load(Ordering::Relaxed) != MAIN_IDENT.load(Ordering::Relaxed)
    }
    fn finish(&self) {
        self.done.release_binary();
    }
}

/// For bounded time, and by attached threads only, which a fork has stopped.
fn awaited() -> std::sync::MutexGuard<'static, BTreeMap<usize, Arc<ThreadState>>> {
    AWAITED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wait for all threads of the interpreter that are not daemons, and for those that they
/// start.
fn wait_for_all(cx: &mut Cx) -> Result<()> {
    let interp = cx.interp().id();
    loop {
        let other = |s: &&Arc<ThreadState>| {
            s.interp.load(Ordering::Relaxed) == interp && s.ident.load(Ordering::Relaxed) != ident() && !s.is_done()
        };
        let next = awaited().values().find(other).cloned();
        let Some(state) = next else { return Ok(()) };
        acquire(cx, &state.done, None, On::Thread(state.ident.load(Ordering::Relaxed)))?;
        state.finish();
    }
}

/// `_thread._ThreadHandle`.
#[derive(Trace)]
pub struct ThreadHandle {
    #[trace(skip)]
    state: Arc<ThreadState>,
}

fn new_state() -> Arc<ThreadState> {
    Arc::new(ThreadState {
        ident: AtomicU64::new(0),
        interp: AtomicI64::new(0),
        started: AtomicBool::new(false),
        generation: AtomicU32::new(GENERATION.load(Ordering::Relaxed)),
        done: Semaphore::new(0),
    })
}

/// A thread that was started, and whether it has ended.
#[class(module = "_thread", name = "_ThreadHandle")]
impl ThreadHandle {
    fn __new__(_cx: &mut Cx) -> ThreadHandle {
        ThreadHandle { state: new_state() }
    }
    #[getter]
    fn ident(&self) -> u64 {
        self.state.ident.load(Ordering::Relaxed)
    }
    /// Wait until the thread ends or the timeout elapses.
    #[sig(timeout = None, /)]
    fn join(&self, cx: &mut Cx, timeout: Option<f64>) -> Result<()> {
        if !self.state.started.load(Ordering::Acquire) {
            return Err(cx.error(ExcKind::RuntimeError, "thread not started"));
        }
        if self.state.ident.load(Ordering::Relaxed) == ident() && !self.state.is_done() {
            return Err(cx.error(ExcKind::RuntimeError, "Cannot join current thread"));
        }
        let until = deadline(cx, timeout.unwrap_or(-1.0))?;
        if cx.is_ending() && !self.state.is_done() {
            // It stands still, or will soon.
            return Err(cx.error(ExcKind::PythonFinalizationError, "cannot join thread at interpreter shutdown"));
        }
        // The handle may be collected while its thread's end wakes us.
        let state = self.state.clone();
        let on = On::Thread(state.ident.load(Ordering::Relaxed));
        if !state.is_done() && acquire(cx, &state.done, until, on)? {
            // For whoever else waits.
            state.finish();
        }
        Ok(())
    }
    /// Return whether the thread has ended.
    fn is_done(&self) -> bool {
        self.state.is_done()
    }
    fn _set_done(&self, cx: &Cx) -> Result<()> {
        if !self.state.started.load(Ordering::Acquire) {
            return Err(cx.error(ExcKind::RuntimeError, "thread not started"));
        }
        self.state.finish();
        Ok(())
    }
    fn __repr__(this: Gc<ThreadHandle>) -> String {
        format!("<_ThreadHandle object: ident={}>", this.state.ident.load(Ordering::Relaxed))
    }
}

/// Run `func(*args, **kwargs)` in a new thread.
fn start(
    cx: &mut Cx,
    func: Obj,
    args: Gc<Tuple>,
    kwargs: Option<Gc<Dict>>,
    state: Arc<ThreadState>,
    legacy: bool,
) -> Result<u64> {
    let interp = cx.interp();
    if !interp.may(interp::ALLOW_THREADS) {
        return Err(cx.error(ExcKind::RuntimeError, "thread is not supported for isolated subinterpreters"));
    }
    if cx.is_ending() {
        return Err(cx.error(ExcKind::PythonFinalizationError, "can't create new thread at interpreter shutdown"));
    }
    let pack = list::new(cx, &[func, args.obj(), kwargs.map_or(Obj::NONE, |k| k.obj())])?;
    // THR-1.
    let root = OwnedRoot::new(&cx.mutator, pack.obj().word());
    let size = match STACK_SIZE.load(Ordering::Relaxed) {
        0 => STACK,
        n => n,
    };
    // Before it can end, or be asked to by whoever has the handle.
    state.interp.store(interp.id(), Ordering::Relaxed);
    state.started.store(true, Ordering::Release);
    COUNT.fetch_add(1, Ordering::Relaxed);
    interp.threads.fetch_add(1, Ordering::Relaxed);
    let start = Box::new(Start { interp, state: state.clone(), root, legacy, room: size - HEADROOM.min(size / 2) });
    match spawn(size, start) {
        Some(id) => {
            state.ident.store(id, Ordering::Relaxed);
            Ok(id)
        }
        None => {
            COUNT.fetch_sub(1, Ordering::Relaxed);
            interp.threads.fetch_sub(1, Ordering::Relaxed);
            state.started.store(false, Ordering::Release);
            Err(cx.error(ExcKind::RuntimeError, "can't start new thread"))
        }
    }
}

/// What a new thread gets.
struct Start {
    interp: &'static Interp,
    state: Arc<ThreadState>,
    /// THR-1: function, arguments, keywords.
    root: OwnedRoot,
    legacy: bool,
    /// Bytes of native stack that it may use.
    room: usize,
}

/// Start a detached thread by the system's own function: the standard library's sets up
/// a stack for its overflow handler, which costs as much as the thread itself.
fn spawn(size: usize, start: Box<Start>) -> Option<u64> {
    let start = Box::into_raw(start);
    // The attributes are initialised before they are used; the new thread owns `start`
    // if there is one.
    unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        let mut id: libc::pthread_t = 0;
        let mut error = libc::pthread_attr_init(&mut attr);
        if error == 0 {
            libc::pthread_attr_setdetachstate(&mut attr, libc::PTHREAD_CREATE_DETACHED);
            // Of whole pages; an odd size would be refused.
            error = libc::pthread_attr_setstacksize(&mut attr, size.next_multiple_of(4096));
        }
        if error == 0 {
            error = libc::pthread_create(&mut id, &attr, run_thread, start.cast());
        }
        libc::pthread_attr_destroy(&mut attr);
        if error == 0 {
            return Some(id as u64);
        }
        drop(Box::from_raw(start));
    }
    None
}

extern "C" fn run_thread(start: *mut libc::c_void) -> *mut libc::c_void {
    // `spawn` gave it away.
    let start = unsafe { Box::from_raw(start.cast::<Start>()) };
    let Start { interp, state, root, legacy, room } = *start;
    state.ident.store(ident(), Ordering::Relaxed);
    STATE.set(Some(state.clone()));
    // This frame holds no values: those below it do.
    let marker = 0u64;
    let mut cx = Cx::attach_in(interp, std::ptr::from_ref(std::hint::black_box(&marker)).addr() + 8, room);
    cx.ext[IDENT].set(ident());
    crate::monitor::refresh(&cx);
    crate::gil::start_thread(&cx);
    body(&mut cx, root, legacy);
    MAIN_GONE.fetch_or(is_main(&cx), Ordering::SeqCst);
    ENDING.fetch_add(1, Ordering::SeqCst);
    COUNT.fetch_sub(1, Ordering::SeqCst);
    interp.threads.fetch_sub(1, Ordering::Relaxed);
    Cx::detach(cx);
    state.finish();
    ENDING.fetch_sub(1, Ordering::SeqCst);
    deadlock::thread_ended();
    if MAIN_GONE.load(Ordering::SeqCst) && wakers() == 0 {
        // As when a C program's last thread ends. The collector's threads do not count.
        unsafe { libc::_exit(0) };
    }
    std::ptr::null_mut()
}

/// Attach the calling thread, which the system or a library started, for the time of `f`.
pub fn with_foreign(f: &mut dyn FnMut(&mut Cx)) {
    let marker = 0u64;
    let here = std::ptr::from_ref(std::hint::black_box(&marker)).addr();
    let room = here.saturating_sub(native_stack_low()).min(8 << 20);
    let mut cx = Cx::attach_at(here + 8, room - HEADROOM.min(room / 2));
    cx.ext[IDENT].set(ident());
    crate::monitor::refresh(&cx);
    crate::gil::start_thread(&cx);
    run_foreign(&mut cx, f);
    deadlock::thread_ended();
    Cx::detach(cx);
}

#[inline(never)]
fn run_foreign(cx: &mut Cx, f: &mut dyn FnMut(&mut Cx)) {
    stop_if_finalizing(cx);
    f(cx);
    crate::greenlet::leave(cx);
    local::leave(cx);
}

/// The lower end of the calling thread's native stack.
fn native_stack_low() -> usize {
    // The attributes are initialised by the first call, if it succeeds.
    unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) != 0 {
            return 0;
        }
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        libc::pthread_attr_getstack(&attr, &mut low, &mut size);
        libc::pthread_attr_destroy(&mut attr);
        low as usize
    }
}

#[inline(never)]
fn body(cx: &mut Cx, root: OwnedRoot, legacy: bool) {
    stop_if_finalizing(cx);
    run_function(cx, root, legacy);
    crate::greenlet::leave(cx);
    local::leave(cx);
    STATE.with_borrow(|s| s.as_ref().map(|s| awaited().remove(&Arc::as_ptr(s).addr())));
}

fn run_function(cx: &mut Cx, root: OwnedRoot, legacy: bool) {
    let pack = Obj::from_word(root.get()).and_then(|o| o.cast::<list::List>()).expect("a list");
    drop(root);
    let (func, args, kwargs) = (pack.get(0).expect("func"), pack.get(1).expect("args"), pack.get(2).expect("kwargs"));
    let args: Gc<Tuple> = args.cast::<Tuple>().expect("a tuple");
    let r = match kwargs.cast::<Dict>() {
        Some(k) if !k.is_empty() => call_with_dict(cx, func, args, k),
        _ => ops::call_args(cx, func, args.payload().items()),
    };
    if let Err(e) = r
        && !e.is(cx, ExcKind::SystemExit)
        && !cx.is_ending()
    {
        if legacy {
            // The function is named in the text: it is no object that failed.
            let what = match ops::repr(cx, func) {
                Ok(r) => format!("Exception ignored in thread started by {}", r.to_str()),
                Err(_) => "Exception ignored in thread".to_owned(),
            };
            poll::unraisable(cx, e, &what, Obj::NONE);
        } else {
            crate::display::print_exception(cx, e);
        }
    }
}

/// `func(*args, **kwargs)`.
pub fn call_with_dict(cx: &mut Cx, func: Obj, args: Gc<Tuple>, kwargs: Gc<Dict>) -> Result<Obj> {
    let names = list::new(cx, &[])?;
    let all = list::new(cx, args.payload().items())?;
    for (k, v) in kwargs.items() {
        let Some(s) = k.cast::<Str>() else { return Err(cx.type_error("keywords must be strings")) };
        let s = typhon_object::intern::intern(cx, s)?;
        names.append(cx, s.obj())?;
        all.append(cx, v)?;
    }
    let names = ops::tuple_from_list(cx, names)?;
    let all = ops::tuple_from_list(cx, all)?;
    ops::call(cx, func, all.payload().items(), Some(names))
}

/// The module.
#[module("_thread", classes(Lock, RLock, ThreadHandle, Local))]
pub mod functions {
    use super::*;

    /// Start a new thread and return its identifier.
    #[sig(function, args, kwargs = None, /)]
    fn start_new_thread(cx: &mut Cx, function: Obj, args: Obj, kwargs: Option<Obj>) -> Result<u64> {
        launch(cx, function, args, kwargs)
    }

    /// An obsolete synonym of start_new_thread().
    #[sig(function, args, kwargs = None, /)]
    fn start_new(cx: &mut Cx, function: Obj, args: Obj, kwargs: Option<Obj>) -> Result<u64> {
        launch(cx, function, args, kwargs)
    }

    /// For internal use only: start a new thread.
    #[sig(function, handle = None, daemon = True)]
    fn start_joinable_thread(cx: &mut Cx, function: Obj, handle: Option<Obj>, daemon: bool) -> Result<Obj> {
        if ops::class_of(function).call_fn().is_none()
            && ops::class_of(function).special(typhon_object::Dunder::Call).is_none()
        {
            return Err(cx.type_error("thread function must be callable"));
        }
        let h = match handle {
            None => native::instance(cx, ThreadHandle { state: new_state() })?,
            Some(h) => match h.cast::<ThreadHandle>() {
                Some(h) => h,
                None => return Err(cx.type_error("'handle' must be a _ThreadHandle")),
            },
        };
        if h.state.started.load(Ordering::Acquire) {
            return Err(cx.error(ExcKind::RuntimeError, "thread already started"));
        }
        let args = tuple::new(cx, &[])?;
        if daemon && !cx.interp().may(interp::ALLOW_DAEMONS) {
            return Err(cx.error(ExcKind::RuntimeError, "daemon threads are disabled in this interpreter"));
        }
        if !daemon {
            h.state.interp.store(cx.interp().id(), Ordering::Relaxed);
            awaited().insert(Arc::as_ptr(&h.state).addr(), h.state.clone());
        }
        let started = start(cx, function, args, None, h.state.clone(), true);
        if started.is_err() {
            awaited().remove(&Arc::as_ptr(&h.state).addr());
        }
        started.map(|_| h.obj())
    }

    /// Create a new lock object.
    fn allocate_lock(cx: &mut Cx) -> Result<Obj> {
        Ok(new_lock(cx)?.obj())
    }

    /// An obsolete synonym of allocate_lock().
    fn allocate(cx: &mut Cx) -> Result<Obj> {
        Ok(new_lock(cx)?.obj())
    }

    /// Return a non-zero integer that uniquely identifies the current thread.
    fn get_ident() -> u64 {
        ident()
    }

    /// Return the thread identifier that the operating system gives.
    fn get_native_id() -> i32 {
        system_id()
    }

    /// Return the number of threads that Python has started and that run.
    fn _count(cx: &Cx) -> i64 {
        cx.interp().threads.load(Ordering::Relaxed)
    }

    /// This is synonymous to ``raise SystemExit''.
    fn exit(cx: &mut Cx) -> Result<()> {
        Err(exc::with_args(cx, ExcKind::SystemExit, &[])?)
    }

    /// An obsolete synonym of exit().
    fn exit_thread(cx: &mut Cx) -> Result<()> {
        Err(exc::with_args(cx, ExcKind::SystemExit, &[])?)
    }

    /// Simulate the effect of a signal arriving in the main thread.
    #[sig(signum = 2, /)]
    fn interrupt_main(cx: &mut Cx, signum: i64) -> Result<()> {
        if !(1..=64).contains(&signum) {
            return Err(cx.value_error("signal number out of range"));
        }
        if !crate::signal::is_handled(cx, signum)? {
            return Ok(());
        }
        crate::signal::deliver(signum as i32);
        // The main thread need not wait for its next poll.
        if is_main(cx) { poll::handle_now(cx) } else { Ok(()) }
    }

    /// Return the thread stack size, and set it for new threads.
    #[sig(size = 0, /)]
    fn stack_size(cx: &mut Cx, size: i64) -> Result<usize> {
        if size < 0 {
            return Err(cx.value_error("size must be 0 or a positive value"));
        }
        if size != 0 && size < 32768 {
            return Err(cx.value_error(format!("size not valid: {size} bytes")));
        }
        // A runtime frame needs more than CPython's minimum.
        let new = if size == 0 { 0 } else { (size as usize).max(256 << 10) };
        Ok(STACK_SIZE.swap(new, Ordering::Relaxed))
    }

    /// Set the name of the current thread.
    fn set_name(cx: &mut Cx, name: Gc<Str>) {
        let mut b: Vec<u8> = name.to_str().bytes().filter(|b| *b != 0).take(15).collect();
        b.push(0);
        let _ = cx;
        // A null-terminated name of at most 16 bytes.
        unsafe { libc::prctl(libc::PR_SET_NAME, b.as_ptr()) };
    }

    /// Handle an uncaught exception of threading.Thread.run().
    fn _excepthook(cx: &mut Cx, args: Obj) -> Result<()> {
        let class = ops::get_attr(cx, args, name!(cx, "exc_type"))?;
        if class == ExcKind::SystemExit.class(cx).obj() {
            return Ok(());
        }
        let thread = ops::get_attr(cx, args, name!(cx, "thread"))?;
        let value = ops::get_attr(cx, args, name!(cx, "exc_value"))?;
        let n = if thread.is_none() {
            ident().to_string()
        } else {
            let n = ops::get_attr(cx, thread, name!(cx, "name"))?;
            ops::to_str(cx, n)?.to_str().into_owned()
        };
        crate::display::write_stderr(cx, &format!("Exception in thread {n}:\n"));
        if let Some(e) = value.cast::<exc::BaseException>() {
            crate::display::print_exception(cx, Raised(e));
        }
        Ok(())
    }

    /// Return the ident of the main thread.
    fn _get_main_thread_ident() -> u64 {
        MAIN_IDENT.load(Ordering::Relaxed)
    }

    /// Make a handle for a thread that Python did not start.
    fn _make_thread_handle(cx: &mut Cx, id: i64) -> Result<Obj> {
        let state = new_state();
        state.ident.store(id as u64, Ordering::Relaxed);
        state.started.store(true, Ordering::Relaxed);
        Ok(native::instance(cx, ThreadHandle { state })?.obj())
    }

    /// Return True if the current interpreter is the main Python interpreter.
    fn _is_main_interpreter(cx: &Cx) -> bool {
        cx.interp().is_main()
    }

    /// Return True if daemon threads are allowed in the current interpreter,
    /// and False otherwise.
    fn daemon_threads_allowed(cx: &Cx) -> bool {
        cx.interp().may(interp::ALLOW_DAEMONS)
    }

    /// Wait for all threads that are not daemons, at the end of the interpreter.
    fn _shutdown(cx: &mut Cx) -> Result<()> {
        wait_for_all(cx)
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let lock = native::class_of::<Lock>(cx)?;
        let error = ExcKind::RuntimeError.class(cx);
        let max = typhon_object::float::new(cx, TIMEOUT_MAX)?;
        for (n, v) in [("LockType", lock.obj()), ("error", error.obj()), ("TIMEOUT_MAX", max)] {
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(v))?;
        }
        // `threading` asks for the arguments of its hook as a named tuple.
        let collections = import::import_module(cx, "_thread_args");
        match collections {
            Ok(m) => {
                let n = name!(cx, "_ExceptHookArgs");
                let v = ops::get_attr(cx, m, n)?;
                ops::set_attr(cx, module, n, Some(v))
            }
            Err(_) => Ok(()),
        }
    }
}

fn launch(cx: &mut Cx, function: Obj, args: Obj, kwargs: Option<Obj>) -> Result<u64> {
    if ops::class_of(function).call_fn().is_none()
        && ops::class_of(function).special(typhon_object::Dunder::Call).is_none()
    {
        return Err(cx.type_error("first arg must be callable"));
    }
    let Some(args) = args.cast::<Tuple>() else { return Err(cx.type_error("2nd arg must be a tuple")) };
    let kwargs = match kwargs {
        None => None,
        Some(k) => match k.cast::<Dict>() {
            Some(d) => Some(d),
            None => return Err(cx.type_error("optional 3rd arg must be a dictionary")),
        },
    };
    start(cx, function, args, kwargs, new_state(), true)
}
