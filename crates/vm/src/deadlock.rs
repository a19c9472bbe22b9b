//! The deadlock guard: finds threads that wait for each other, or all of them for
//! ever.
//!
//! A thread that has waited for [`MOMENT`] without a time limit enters what it waits
//! for into a table, looks whether that closes a circle, and sleeps on. While nobody waits
//! so long, all of this costs what a lock's [`Holder`] costs to write.
//!
//! What counts as a deadlock:
//! - A circle of locks of which each was taken by `with`, or is an RLock, and of threads
//!   to be joined: nobody else can be meant to open it.
//! - A circle in which a lock was taken by `acquire()` might be opened by a third thread,
//!   since anyone may release such a lock. It is reported after [`LONG`], not raised.
//! - All threads wait, and none for a time: nobody is left to wake them, except the
//!   handler of a signal.
//!
//! Invariant DEAD-1: a thread is in the table from before it falls asleep until after it
//! wakes, and runs no Python code in between. So what the table says of a thread that
//! sleeps stays true while the table is locked.
//! Invariant DEAD-2: the table is locked by running threads only, for bounded time, and
//! nothing is allocated on the heap meanwhile. So no fork finds it locked.
//! Invariant DEAD-3: of threads that wait for each other, the last one that looks finds all
//! others asleep. Of a thread in the table that is awake nobody knows whether it sleeps on
//! or goes on; it may have looked before the others came. So who meets one makes it look
//! again.
//!
//! Tests: tests/lang/deadlocks.md; docs/deadlocks.md is for users.

use crate::code::Code;
use crate::frame::{self, Pc};
use crate::thread::{self, ident, ident_of};
use crate::{deadlock_report, signal};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use typhon_macros::Trace;
use typhon_object::array::{self, Array};
use typhon_object::exc_class::{error_of, exception_class};
use typhon_object::interp::InterpRoot;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, Slot};
use typhon_sync::park::{Semaphore, Waiter};

/// How long a wait is not worth a look.
pub const MOMENT: Duration = Duration::from_secs(1);
/// After how long a circle that a third thread may open is reported.
pub const LONG: Duration = Duration::from_secs(10);
/// A circle with more threads is not followed to its end.
const LONGEST: usize = 64;

/// What happens when a deadlock is found: `-X deadlock=...`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// `typhon.DeadlockError` in the thread that found it.
    Raise,
    /// A text on standard error.
    Report,
    /// Nothing; nobody looks.
    Off,
}

static MODE: AtomicU8 = AtomicU8::new(Mode::Raise as u8);
static ERROR: InterpRoot = InterpRoot::new();
static TABLE: Mutex<Vec<Record>> = Mutex::new(Vec::new());

/// Sets what happens when a deadlock is found.
pub fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
}

/// Whether anyone looks for deadlocks.
pub fn is_on() -> bool {
    MODE.load(Ordering::Relaxed) != Mode::Off as u8
}

/// `typhon.DeadlockError`.
pub fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &ERROR, "typhon", "DeadlockError", ExcKind::RuntimeError)
}

/// Who holds a lock, and where it was taken. Written by the holder alone, cleared
/// before the lock is released.
#[derive(Trace)]
pub struct Holder {
    /// `ident()` of the thread or 0; the lowest bit: it releases the lock itself.
    #[trace(skip)]
    thread: AtomicU64,
    /// Not the function, which a lock must not keep alive.
    code: Slot<Code>,
    #[trace(skip)]
    pc: AtomicU64,
}

impl Holder {
    /// Of a lock that is free.
    pub const fn free() -> Holder {
        Holder { thread: AtomicU64::new(0), code: Slot::empty(), pc: AtomicU64::new(0) }
    }
    /// The caller has taken `lock`, whose field this is. `firm`: it will release it
    /// itself.
    #[inline]
    pub fn take(&self, cx: &Cx, lock: Obj, firm: bool) {
        match frame::current(cx) {
            Some(w) => self.note(cx, lock, w, firm),
            None => self.thread.store(ident_of(cx) | u64::from(firm), Ordering::Release),
        }
    }
    /// The same by a `with` statement of the window `w`.
    #[inline]
    pub fn take_in(&self, cx: &Cx, lock: Obj, w: frame::Window) {
        self.note(cx, lock, w, true);
    }
    #[inline(always)]
    fn note(&self, cx: &Cx, lock: Obj, w: frame::Window, firm: bool) {
        self.pc.store(w.pc as u64, Ordering::Relaxed);
        // Mostly the code that took it before.
        let code = w.func().code();
        if self.code.get() != Some(code) {
            self.code.set(cx, lock, code);
        }
        self.thread.store(ident_of(cx) | u64::from(firm), Ordering::Release);
    }
    /// The lock is about to be released.
    #[inline]
    pub fn clear(&self) {
        self.thread.store(0, Ordering::Release);
    }
    /// `ident()` of the holder, or 0.
    #[inline]
    pub fn ident(&self) -> u64 {
        self.thread.load(Ordering::Acquire) & !1
    }
    /// Where it was taken: in this code, and there.
    pub fn taken(&self) -> Option<(Gc<Code>, Pc)> {
        Some((self.code.get()?, self.pc.load(Ordering::Relaxed) as Pc))
    }
    fn is_firm(&self) -> bool {
        self.thread.load(Ordering::Acquire) & 1 != 0
    }
}

/// What a thread waits for.
#[derive(Clone, Copy)]
pub enum On<'a> {
    /// A lock: its holder, and the object.
    Lock(&'a Holder, Obj),
    /// The end of a thread, by its ident.
    Thread(u64),
    /// Whoever may come.
    Anyone,
}

/// The same in the table. The thread that waits keeps the lock alive.
#[derive(Clone, Copy)]
enum Target {
    Lock(*const Holder, u64),
    Thread(u64),
    Anyone,
}

struct Record {
    ident: u64,
    waiter: *const Waiter,
    sem: *const Semaphore,
    target: Target,
}

// The pointers are followed while the record's thread waits (DEAD-1).
unsafe impl Send for Record {}

impl Record {
    fn asleep(&self) -> bool {
        // DEAD-1: the thread's wait has not ended.
        unsafe { (*self.sem).is_asleep(self.waiter) }
    }
    /// What it waits for has come, though it has not taken it yet.
    fn is_over(&self) -> bool {
        // DEAD-1, as above.
        unsafe { (*self.sem).permits() > 0 }
    }
    /// Ends its wait, or the next one if it is awake (PARK-1): it will look once more.
    fn look_again(&self) {
        // DEAD-1: the thread would have to leave the table before it ended.
        unsafe { (*self.waiter).interrupt() };
    }
}

fn table() -> MutexGuard<'static, Vec<Record>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In a forked child: the other threads are not here.
pub fn after_fork() {
    table().retain(|r| r.ident == ident());
}

/// What a thread waits for, as `dump` shows it.
pub enum Awaited {
    /// A lock: its address, and who holds it or 0.
    Lock(usize, u64),
    /// The end of a thread.
    Thread(u64),
    /// An item of a queue.
    Item,
}

/// Calls `f` with each thread that has waited for a moment, by its ident, and what it
/// waits for. `f` must not allocate on the heap (DEAD-2).
pub fn for_each_waiting(mut f: impl FnMut(u64, Awaited)) {
    for r in table().iter().filter(|r| r.asleep()) {
        let awaited = match r.target {
            // DEAD-1: the lock is there as long as somebody waits for it.
            Target::Lock(holder, lock) => Awaited::Lock(lock as usize, unsafe { &*holder }.ident()),
            Target::Thread(ident) => Awaited::Thread(ident),
            Target::Anyone => Awaited::Item,
        };
        f(r.ident, awaited);
    }
}

/// A thread's entry in the table, until it is dropped.
pub struct Entry(());

/// Enters the calling thread, which is about to wait for `sem`.
pub fn enter(sem: &Semaphore, on: On<'_>) -> Entry {
    let target = match on {
        On::Lock(h, o) => Target::Lock(h, o.word()),
        On::Thread(id) => Target::Thread(id),
        On::Anyone => Target::Anyone,
    };
    let waiter = thread::with_waiter(std::ptr::from_ref);
    table().push(Record { ident: ident(), waiter, sem, target });
    Entry(())
}

impl Drop for Entry {
    fn drop(&mut self) {
        table().retain(|r| r.ident != ident());
    }
}

/// What a thread of a deadlock waits for. Objects are in an array beside it.
pub struct Link {
    /// The thread.
    pub ident: u64,
    /// It waits for a lock, whose holder took it here; the lock and the code are
    /// words `2 * i` and `2 * i + 1` of the array.
    pub taken: Option<Pc>,
    /// The thread that it waits for, if it waits for one.
    pub next: Option<u64>,
}

/// A deadlock.
pub struct Found {
    /// The threads, the caller first.
    pub links: Vec<Link>,
    /// Not a circle: everybody waits.
    pub everybody: bool,
    /// No third thread can be meant to end it.
    pub certain: bool,
}

fn link(cx: &Cx, objects: Gc<Array>, i: usize, r: &Record) -> (Link, bool) {
    let mut link = Link { ident: r.ident, taken: None, next: None };
    let mut firm = true;
    match r.target {
        Target::Lock(holder, lock) => {
            // DEAD-1: the lock is there as long as somebody waits for it.
            let holder = unsafe { &*holder };
            firm = holder.is_firm();
            link.next = Some(holder.ident()).filter(|id| *id != 0);
            link.taken = Some(holder.pc.load(Ordering::Relaxed) as Pc);
            objects.set(cx, 2 * i, unsafe { Obj::from_word_unchecked(lock) });
            if let Some(f) = holder.code.get() {
                objects.set(cx, 2 * i + 1, f.obj());
            }
        }
        Target::Thread(id) => link.next = Some(id),
        Target::Anyone => {}
    }
    (link, firm)
}

/// Looks for a deadlock that the calling thread, which is in the table, is part of.
fn find(cx: &Cx, objects: Gc<Array>) -> Option<Found> {
    let table = table();
    let me = ident();
    let of = |id: u64| table.iter().find(|r| r.ident == id);
    let mut links = Vec::new();
    let mut certain = true;
    let mut at = of(me)?;
    while links.len() < LONGEST {
        let (l, firm) = link(cx, objects, links.len(), at);
        let next = l.next;
        links.push(l);
        certain &= firm;
        match next {
            Some(id) if id == me => {
                // A lock that was taken by `acquire()` and is waited for by the same thread is
                // how conditions wait.
                let own = links.len() == 1 && !certain;
                if own {
                    break;
                }
                if of(me)?.is_over() {
                    return None;
                }
                return Some(Found { links, everybody: false, certain });
            }
            Some(id) => match of(id) {
                Some(r) if !r.asleep() => {
                    r.look_again();
                    return None;
                }
                Some(r) if links.iter().all(|l| l.ident != id) => at = r,
                _ => break,
            },
            None => break,
        }
    }
    let alive = thread::wakers() + 1;
    if (table.len() as i64) < alive {
        return None;
    }
    if let Some(r) = table.iter().find(|r| r.ident != me && !r.asleep()) {
        r.look_again();
        return None;
    }
    // What wakes the caller may have come since its time was up, in particular while it
    // waited for the GIL. Looked at after `wakers`: the last of them may have brought it.
    if of(me)?.is_over() {
        return None;
    }
    let others = table.iter().filter(|r| r.ident != me);
    let all = of(me).into_iter().chain(others).take(LONGEST);
    let links = all.enumerate().map(|(i, r)| link(cx, objects, i, r).0).collect();
    Some(Found { links, everybody: true, certain: true })
}

/// The only thread waits for an event or a condition: for Ctrl-C, as programs do that
/// have nothing else to do.
fn waits_for_the_user(cx: &Cx) -> bool {
    thread::count() == 0
        && frame::current(cx)
            .is_some_and(|w| w.func().code().qualname.get().is_some_and(|q| q.eq_str("Condition.wait")))
}

/// What came of a look.
pub enum Verdict {
    /// Wait on.
    Nothing,
    /// A circle that a third thread may open: look again later.
    Perhaps,
}

/// The calling thread, which is in the table, has waited for [`MOMENT`], or with `last`
/// for [`LONG`]: see if it waits in vain. Raises in that case, or reports it.
pub fn look(cx: &mut Cx, last: bool) -> Result<Verdict> {
    if cx.rt().finalizing.load(Ordering::Relaxed) {
        return Ok(Verdict::Nothing);
    }
    let objects = array::new(cx, 2 * LONGEST)?;
    let Some(found) = find(cx, objects) else { return Ok(Verdict::Nothing) };
    if found.everybody && (signal::any_handler(cx)? || waits_for_the_user(cx)) {
        return Ok(Verdict::Nothing);
    }
    if !found.certain && !last {
        return Ok(Verdict::Perhaps);
    }
    let text = deadlock_report::text(cx, &found, objects)?;
    if found.certain && MODE.load(Ordering::Relaxed) == Mode::Raise as u8 {
        return Err(error(cx, text.trim_end()));
    }
    crate::display::write_stderr(cx, &text);
    Ok(Verdict::Nothing)
}

#[cold]
fn error(cx: &mut Cx, text: &str) -> Raised {
    let class = error_class(cx);
    error_of(cx, class, text)
}

/// The calling thread ends, and no longer counts: if all others wait, one of them has to
/// look. If it waits for the end of this thread, it may look for nothing.
pub fn thread_ended() {
    if !is_on() {
        return;
    }
    let table = table();
    if table.is_empty() || (table.len() as i64) < thread::wakers() + 1 {
        return;
    }
    table[0].look_again();
}
