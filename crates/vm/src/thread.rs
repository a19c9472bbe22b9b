//! `_thread`: threads, locks, thread-local data.
//!
//! A thread gets a native stack of moderate size, since Python frames live on
//! its value stack, and a `Cx` of its own. Waiting happens in the blocked
//! state; a signal for the main thread interrupts its wait.
//!
//! Invariant THR-1: a value handed to a new thread is held by an `OwnedRoot`
//! until the thread has attached.
//! Tests: tests/lang/threads.md; CPython test_thread, test_threading.

use crate::{import, poll};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use typhon_gc::OwnedRoot;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::{self, Dict};
use typhon_object::native::{self, Args};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, Slot, exc, int, list, name, ops, tuple};
use typhon_sync::park::{Outcome, Semaphore, Waiter};

/// `TIMEOUT_MAX` in seconds: what fits 64-bit nanoseconds.
const TIMEOUT_MAX: f64 = 9_223_372_036.0;
/// Native stack of a thread unless `stack_size` says otherwise.
const STACK: usize = 1 << 20;
/// Part of it that Python code may use natively.
const HEADROOM: usize = 128 << 10;

static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicI64 = AtomicI64::new(0);
static NEXT_IDENT: AtomicU64 = AtomicU64::new(1);
static MAIN_IDENT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static WAITER: &'static Waiter = Box::leak(Box::new(Waiter::new()));
    static IDENT: Cell<u64> = const { Cell::new(0) };
}

/// The main thread's waiter, for signals.
static MAIN_WAITER: std::sync::OnceLock<&'static Waiter> = std::sync::OnceLock::new();

/// Wake the main thread if it waits for a lock: a signal wants its attention.
pub fn interrupt_main_wait() {
    if let Some(w) = MAIN_WAITER.get() {
        w.interrupt();
    }
}

/// Note that the calling thread is the main thread.
pub fn init_main() {
    let id = ident();
    MAIN_IDENT.store(id, Ordering::Relaxed);
    let _ = MAIN_WAITER.set(WAITER.with(|w| *w));
}

/// Whether the caller is the main thread.
pub fn is_main() -> bool {
    ident() == MAIN_IDENT.load(Ordering::Relaxed)
}

/// `get_ident()` of the calling thread.
pub fn ident() -> u64 {
    IDENT.with(|i| {
        if i.get() == 0 {
            // Like an address, unique while the thread lives, and never 0.
            i.set(NEXT_IDENT.fetch_add(1, Ordering::Relaxed) * 4096 + 0x7f00_0000_0000);
        }
        i.get()
    })
}

/// A deadline from a timeout in seconds; negative waits for ever.
fn deadline(cx: &Cx, timeout: f64) -> Result<Option<Instant>> {
    if timeout < 0.0 {
        return Ok(None);
    }
    if timeout > TIMEOUT_MAX {
        return Err(cx.error(ExcKind::OverflowError, "timeout value is too large"));
    }
    Ok(Instant::now().checked_add(Duration::from_secs_f64(timeout)))
}

/// Take a permit, running signal handlers when interrupted.
fn acquire(cx: &mut Cx, s: &Semaphore, deadline: Option<Instant>) -> Result<bool> {
    for _ in 0..3 {
        if s.try_acquire() {
            return Ok(true);
        }
        std::hint::spin_loop();
    }
    loop {
        let w = WAITER.with(|w| *w);
        match cx.blocked(|| s.acquire(w, deadline)) {
            Outcome::Acquired => return Ok(true),
            Outcome::TimedOut => return Ok(false),
            Outcome::Interrupted => poll::handle(cx)?,
        }
    }
}

fn lock_args(cx: &mut Cx, blocking: bool, timeout: f64) -> Result<Option<Option<Instant>>> {
    if !blocking && timeout != -1.0 {
        return Err(cx.value_error("can't specify a timeout for a non-blocking call"));
    }
    if timeout < 0.0 && timeout != -1.0 {
        return Err(cx.value_error("timeout value must be a non-negative number"));
    }
    if !blocking { Ok(None) } else { deadline(cx, timeout).map(Some) }
}

/// `_thread.lock`.
#[derive(Trace)]
pub struct Lock {
    #[trace(skip)]
    sem: Semaphore,
}

impl Lock {
    fn take(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        let d = lock_args(cx, blocking, timeout)?;
        if self.sem.try_acquire() {
            return Ok(true);
        }
        match d {
            None => Ok(false),
            Some(d) => acquire(cx, &self.sem, d),
        }
    }
}

/// A lock object is a synchronization primitive.
#[class(module = "_thread", name = "lock", weakref)]
impl Lock {
    fn __new__(_cx: &mut Cx) -> Lock {
        Lock { sem: Semaphore::new(1) }
    }
    /// Lock the lock.
    #[sig(blocking = True, timeout = -1)]
    fn acquire(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        self.take(cx, blocking, timeout)
    }
    /// An obsolete synonym of acquire().
    #[sig(blocking = True, timeout = -1)]
    fn acquire_lock(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        self.take(cx, blocking, timeout)
    }
    /// Release the lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        if self.sem.release_binary() { Ok(()) } else { Err(cx.error(ExcKind::RuntimeError, "release unlocked lock")) }
    }
    /// An obsolete synonym of release().
    fn release_lock(&self, cx: &mut Cx) -> Result<()> {
        self.release(cx)
    }
    /// Return whether the lock is locked.
    fn locked(&self) -> bool {
        self.sem.permits() == 0
    }
    /// An obsolete synonym of locked().
    fn locked_lock(&self) -> bool {
        self.sem.permits() == 0
    }
    fn __enter__(&self, cx: &mut Cx) -> Result<bool> {
        self.take(cx, true, -1.0)
    }
    #[sig(*exc_info)]
    fn __exit__(&self, cx: &mut Cx, exc_info: &[Obj]) -> Result<()> {
        let _ = exc_info;
        self.release(cx)
    }
    fn __repr__(this: Gc<Lock>) -> String {
        let s = if this.sem.permits() == 0 { "locked" } else { "unlocked" };
        format!("<{s} _thread.lock object at {:#x}>", this.obj().word())
    }
    fn _at_fork_reinit(&self) {
        self.sem.release_binary();
    }
}

/// `_thread.RLock`.
#[derive(Trace)]
pub struct RLock {
    #[trace(skip)]
    sem: Semaphore,
    /// `ident()` of the owner, or 0. Only the owner changes it from itself.
    #[trace(skip)]
    owner: AtomicU64,
    #[trace(skip)]
    count: AtomicU64,
}

impl RLock {
    fn take(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        let me = ident();
        if self.owner.load(Ordering::Relaxed) == me {
            self.count.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let d = lock_args(cx, blocking, timeout)?;
        let got = self.sem.try_acquire()
            || match d {
                None => false,
                Some(d) => acquire(cx, &self.sem, d)?,
            };
        if got {
            self.owner.store(me, Ordering::Relaxed);
            self.count.store(1, Ordering::Relaxed);
        }
        Ok(got)
    }
    fn give(&self, cx: &Cx) -> Result<()> {
        if self.owner.load(Ordering::Relaxed) != ident() {
            return Err(cx.error(ExcKind::RuntimeError, "cannot release un-acquired lock"));
        }
        if self.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.owner.store(0, Ordering::Relaxed);
            self.sem.release_binary();
        }
        Ok(())
    }
}

/// A reentrant lock.
#[class(module = "_thread", name = "RLock", subclassable, weakref)]
impl RLock {
    fn __new__(_cx: &mut Cx, args: Args<'_>) -> RLock {
        let _ = args.pos;
        RLock { sem: Semaphore::new(1), owner: AtomicU64::new(0), count: AtomicU64::new(0) }
    }
    /// Lock the lock.
    #[sig(blocking = True, timeout = -1)]
    fn acquire(&self, cx: &mut Cx, blocking: bool, timeout: f64) -> Result<bool> {
        self.take(cx, blocking, timeout)
    }
    /// Release the lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        self.give(cx)
    }
    /// Return whether this object is locked.
    fn locked(&self) -> bool {
        self.owner.load(Ordering::Relaxed) != 0
    }
    fn __enter__(&self, cx: &mut Cx) -> Result<bool> {
        self.take(cx, true, -1.0)
    }
    #[sig(*exc_info)]
    fn __exit__(&self, cx: &mut Cx, exc_info: &[Obj]) -> Result<()> {
        let _ = exc_info;
        self.give(cx)
    }
    fn __repr__(this: Gc<RLock>) -> String {
        let owner = this.owner.load(Ordering::Relaxed);
        let count = if owner == 0 { 0 } else { this.count.load(Ordering::Relaxed) };
        let s = if owner == 0 { "unlocked" } else { "locked" };
        format!("<{s} _thread.RLock object owner={owner} count={count} at {:#x}>", this.obj().word())
    }
    fn _is_owned(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == ident()
    }
    fn _recursion_count(&self) -> u64 {
        if self.owner.load(Ordering::Relaxed) == ident() { self.count.load(Ordering::Relaxed) } else { 0 }
    }
    fn _release_save(&self, cx: &mut Cx) -> Result<(u64, u64)> {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner != ident() {
            return Err(cx.error(ExcKind::RuntimeError, "cannot release un-acquired lock"));
        }
        let n = self.count.swap(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Relaxed);
        self.sem.release_binary();
        Ok((n, owner))
    }
    fn _acquire_restore(&self, cx: &mut Cx, state: Gc<Tuple>) -> Result<()> {
        let n = state.get(0).and_then(int::to_i64).unwrap_or(1);
        acquire(cx, &self.sem, None)?;
        self.owner.store(ident(), Ordering::Relaxed);
        self.count.store(n as u64, Ordering::Relaxed);
        Ok(())
    }
    fn _at_fork_reinit(&self) {
        self.owner.store(0, Ordering::Relaxed);
        self.count.store(0, Ordering::Relaxed);
        self.sem.release_binary();
    }
}

/// Shared by a handle and its thread.
struct ThreadState {
    ident: AtomicU64,
    started: AtomicBool,
    done: Mutex<bool>,
    changed: Condvar,
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
        started: AtomicBool::new(false),
        done: Mutex::new(false),
        changed: Condvar::new(),
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
        if self.state.ident.load(Ordering::Relaxed) == ident() {
            return Err(cx.error(ExcKind::RuntimeError, "Cannot join current thread"));
        }
        let until = deadline(cx, timeout.unwrap_or(-1.0))?;
        loop {
            // In steps, so that a signal for the main thread is noticed.
            let step = Duration::from_millis(50);
            let state = &self.state;
            let over = cx.blocked(|| {
                let mut done = state.done.lock().unwrap_or_else(|e| e.into_inner());
                let wait = until.map_or(step, |d| d.saturating_duration_since(Instant::now()).min(step));
                if !*done {
                    done = state.changed.wait_timeout(done, wait).unwrap_or_else(|e| e.into_inner()).0;
                }
                *done
            });
            if over || until.is_some_and(|d| Instant::now() >= d) {
                return Ok(());
            }
            if cx.mutator.poll_pending() {
                poll::handle(cx)?;
            }
        }
    }
    /// Return whether the thread has ended.
    fn is_done(&self) -> bool {
        *self.state.done.lock().unwrap_or_else(|e| e.into_inner())
    }
    fn _set_done(&self) {
        finish(&self.state);
    }
    fn __repr__(this: Gc<ThreadHandle>) -> String {
        format!("<_ThreadHandle object: ident={}>", this.state.ident.load(Ordering::Relaxed))
    }
}

fn finish(s: &ThreadState) {
    *s.done.lock().unwrap_or_else(|e| e.into_inner()) = true;
    s.changed.notify_all();
}

/// Thread-local data.
#[derive(Trace)]
pub struct Local {
    /// Arguments for `__init__` in each new thread.
    args: Slot<Tuple>,
    names: Slot<Tuple>,
    /// Namespaces by `ident()`.
    dicts: Gc<Dict>,
}

impl Local {
    /// This thread's namespace, made (and `__init__` run) on first use.
    fn dict(this: Gc<Local>, cx: &mut Cx) -> Result<Gc<Dict>> {
        let key = int::from_i64(cx, ident() as i64)?;
        if let Some(d) = this.dicts.get(cx, key)? {
            // Only dicts are stored.
            return Ok(unsafe { Gc::from_obj(d) });
        }
        let d = dict::new(cx)?;
        this.dicts.insert(cx, key, d.obj())?;
        let class = ops::class_of(this.obj());
        if class.has(typhon_object::types::F_HEAP)
            && let Some(init) = class.special(typhon_object::Dunder::Init)
        {
            let args = this.args.get();
            let kw = this.names.get();
            let items: &[Obj] = args.map_or(&[], |a| a.payload().items());
            if let Err(e) = ops::call_unbound(cx, init, this.obj(), items, kw) {
                this.dicts.remove(cx, key)?;
                return Err(e);
            }
        }
        Ok(d)
    }
}

/// Thread-local data.
#[class(module = "_thread", name = "_local", subclassable, weakref)]
impl Local {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Local> {
        let init = cls.special(typhon_object::Dunder::Init);
        let plain = typhon_object::types::class_for(typhon_object::shape::OBJECT).special(typhon_object::Dunder::Init);
        if !args.all().is_empty() && init == plain {
            return Err(cx.type_error("Initialization arguments are not supported"));
        }
        let all = tuple::new(cx, args.all())?;
        let dicts = dict::new(cx)?;
        // The making thread's `__init__` is run by the class call itself.
        let key = int::from_i64(cx, ident() as i64)?;
        let d = dict::new(cx)?;
        dicts.insert(cx, key, d.obj())?;
        Ok(Local { args: Slot::new(all), names: Slot::of(args.kw), dicts })
    }
    fn __getattribute__(this: Gc<Local>, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let d = Local::dict(this, cx)?;
        let c = ops::class_of(this.obj());
        let found = cx.lookup(c, name);
        if let Some(x) = found
            && ops::is_data_descriptor(x)
        {
            return ops::bind_descriptor(cx, x, this.obj(), c);
        }
        if name.eq_str("__dict__") {
            return Ok(d.obj());
        }
        if let Some(v) = d.get_str(name) {
            return Ok(v);
        }
        match found {
            Some(x) => ops::bind_descriptor(cx, x, this.obj(), c),
            None => Err(ops::no_attribute(cx, this.obj(), name)),
        }
    }
    fn __setattr__(this: Gc<Local>, cx: &mut Cx, name: Gc<Str>, value: Obj) -> Result<()> {
        let d = Local::dict(this, cx)?;
        set_local(cx, this.obj(), d, name, Some(value))
    }
    fn __delattr__(this: Gc<Local>, cx: &mut Cx, name: Gc<Str>) -> Result<()> {
        let d = Local::dict(this, cx)?;
        set_local(cx, this.obj(), d, name, None)
    }
}

fn set_local(cx: &mut Cx, o: Obj, d: Gc<Dict>, name: Gc<Str>, v: Option<Obj>) -> Result<()> {
    if name.eq_str("__dict__") {
        let msg = format!("'{}' object attribute '__dict__' is read-only", cx.type_name(o));
        return Err(exc::attribute_error(cx, msg, o, name.obj()));
    }
    let c = ops::class_of(o);
    if let Some(x) = cx.lookup(c, name)
        && ops::is_data_descriptor(x)
    {
        return ops::set_through_descriptor(cx, x, o, name, v);
    }
    let name = typhon_object::intern::intern(cx, name)?;
    match v {
        Some(v) => {
            d.insert_str(cx, name, v)?;
            Ok(())
        }
        None => match d.remove_str(cx, name) {
            Some(_) => Ok(()),
            None => Err(ops::no_attribute(cx, o, name)),
        },
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
    if cx.rt().finalizing.load(Ordering::Relaxed) {
        return Err(cx.error(ExcKind::PythonFinalizationError, "can't create new thread at interpreter shutdown"));
    }
    let pack = list::new(cx, &[func, args.obj(), kwargs.map_or(Obj::NONE, |k| k.obj())])?;
    // THR-1.
    let root = OwnedRoot::new(&cx.mutator, pack.obj().word());
    let size = match STACK_SIZE.load(Ordering::Relaxed) {
        0 => STACK,
        n => n,
    };
    let ready = Arc::new((Mutex::new(0u64), Condvar::new()));
    let (tell, shared) = (ready.clone(), state.clone());
    COUNT.fetch_add(1, Ordering::Relaxed);
    let spawned = std::thread::Builder::new().stack_size(size).spawn(move || {
        let id = ident();
        shared.ident.store(id, Ordering::Relaxed);
        let mut cx = Cx::attach(size - HEADROOM.min(size / 2));
        // Told before it runs: the starter needs no more than the ident.
        *tell.0.lock().unwrap_or_else(|e| e.into_inner()) = id;
        tell.1.notify_all();
        body(&mut cx, root, legacy);
        COUNT.fetch_sub(1, Ordering::Relaxed);
        Cx::detach(cx);
        finish(&shared);
    });
    if spawned.is_err() {
        COUNT.fetch_sub(1, Ordering::Relaxed);
        return Err(cx.error(ExcKind::RuntimeError, "can't start new thread"));
    }
    state.started.store(true, Ordering::Release);
    let id = cx.blocked(|| {
        let mut g = ready.0.lock().unwrap_or_else(|e| e.into_inner());
        while *g == 0 {
            g = ready.1.wait(g).unwrap_or_else(|e| e.into_inner());
        }
        *g
    });
    Ok(id)
}

#[inline(never)]
fn body(cx: &mut Cx, root: OwnedRoot, legacy: bool) {
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
        && !cx.rt().finalizing.load(Ordering::Relaxed)
    {
        if legacy {
            poll::unraisable(cx, e, "Exception ignored in thread started by", func);
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

/// `sys._current_frames()`: the calling thread's frame; those of others need
/// them to stop.
pub fn current_frames(cx: &mut Cx) -> Result<Obj> {
    let d = dict::new(cx)?;
    if let Some(w) = crate::frame::current(cx) {
        let f = w.frame(cx)?;
        let id = int::from_i64(cx, ident() as i64)?;
        d.insert(cx, id, f.obj())?;
    }
    Ok(d.obj())
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
        let _ = daemon;
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
        start(cx, function, args, None, h.state.clone(), true)?;
        Ok(h.obj())
    }

    /// Create a new lock object.
    fn allocate_lock(cx: &mut Cx) -> Result<Obj> {
        Ok(native::instance(cx, Lock { sem: Semaphore::new(1) })?.obj())
    }

    /// An obsolete synonym of allocate_lock().
    fn allocate(cx: &mut Cx) -> Result<Obj> {
        Ok(native::instance(cx, Lock { sem: Semaphore::new(1) })?.obj())
    }

    /// Return a non-zero integer that uniquely identifies the current thread.
    fn get_ident() -> u64 {
        ident()
    }

    /// Return the thread identifier that the operating system gives.
    fn get_native_id() -> i64 {
        // A system call without arguments.
        unsafe { libc::syscall(libc::SYS_gettid) as i64 }
    }

    /// Return the number of threads that Python has started and that run.
    fn _count() -> i64 {
        COUNT.load(Ordering::Relaxed)
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
        crate::signal::deliver(signum as i32);
        Ok(())
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

    /// Whether the calling thread belongs to the main interpreter: the only one.
    fn _is_main_interpreter() -> bool {
        true
    }

    /// Whether the platform has daemon threads: yes.
    fn daemon_threads_allowed() -> bool {
        true
    }

    /// Nothing to do: threads that are not daemons are joined by `threading`.
    fn _shutdown() {}

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
