//! `_multiprocessing`: semaphores that processes share; `_posixshmem`: memory that
//! they share.
//!
//! How often this process holds a semaphore, and which thread took it last, is known
//! to the object alone. Another process sees the semaphore only.
//! Tests: tests/lang/multiprocessing.md; CPython test_multiprocessing_fork, _spawn,
//! _forkserver.

use crate::sys::semaphore::{self, Semaphore, this_thread};
use crate::util::{Path, check_signals, os_error, sys_raise};
use std::ffi::CString;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use typhon_macros::{Trace, class, module};
use typhon_object::native::{self, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Result, dict, name, ops};

const RECURSIVE_MUTEX: i32 = 0;
const SEM_VALUE_MAX: i64 = i32::MAX as i64;

/// `_multiprocessing.SemLock`.
#[derive(Trace)]
pub struct SemLock {
    #[trace(skip)]
    sem: Semaphore,
    kind: i32,
    maxvalue: i32,
    #[trace(skip)]
    name: Option<String>,
    /// Taken minus released by this process.
    #[trace(skip)]
    count: AtomicI64,
    /// The thread that took it last.
    #[trace(skip)]
    owner: AtomicU64,
}

impl SemLock {
    fn make(sem: Semaphore, kind: i32, maxvalue: i32, name: Option<String>) -> SemLock {
        SemLock { sem, kind, maxvalue, name, count: AtomicI64::new(0), owner: AtomicU64::new(0) }
    }
    fn is_mine(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.owner.load(Ordering::Relaxed) == this_thread()
    }
    fn taken(&self) -> bool {
        self.owner.store(this_thread(), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::AcqRel);
        true
    }
    fn take(&self, cx: &mut Cx, block: bool, timeout: Option<f64>) -> Result<bool> {
        if self.kind == RECURSIVE_MUTEX && self.is_mine() {
            return Ok(self.taken());
        }
        // More than a hundred years are for ever.
        let deadline =
            timeout.map(|t| t.max(0.0)).filter(|t| *t < 4e9).map(|t| SystemTime::now() + Duration::from_secs_f64(t));
        loop {
            let r = match self.sem.try_wait() {
                Err(libc::EAGAIN) if !block => return Ok(false),
                Err(libc::EAGAIN) => cx.blocked(|| self.sem.wait(deadline)),
                r => r,
            };
            match r {
                Ok(()) => return Ok(self.taken()),
                Err(libc::EINTR) => check_signals(cx)?,
                Err(libc::ETIMEDOUT) => return Ok(false),
                Err(e) => return Err(os_error(cx, e)),
            }
        }
    }
    fn give(&self, cx: &mut Cx) -> Result<()> {
        if self.kind == RECURSIVE_MUTEX {
            if !self.is_mine() {
                let text = "attempt to release recursive lock not owned by thread";
                return Err(cx.error(ExcKind::AssertionError, text));
            }
            if self.count.load(Ordering::Relaxed) > 1 {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return Ok(());
            }
        } else if self.sem.value().map_err(|e| os_error(cx, e))? >= self.maxvalue {
            return Err(cx.value_error("semaphore or lock released too many times"));
        }
        // Before others can take it: a thread that does finds the count as if alone.
        self.count.fetch_sub(1, Ordering::AcqRel);
        self.sem.post().map_err(|e| {
            self.count.fetch_add(1, Ordering::AcqRel);
            os_error(cx, e)
        })
    }
}

fn c_name(cx: &Cx, name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| cx.value_error("embedded null character"))
}

/// Semaphore/Mutex type
#[class(module = "_multiprocessing", name = "SemLock", subclassable)]
impl SemLock {
    #[sig(kind, value, maxvalue, name, unlink)]
    fn __new__(cx: &mut Cx, kind: i32, value: i32, maxvalue: i32, name: Gc<Str>, unlink: bool) -> Result<SemLock> {
        if !(0..=1).contains(&kind) {
            return Err(cx.value_error("unrecognized kind"));
        }
        let name = name.to_str().into_owned();
        let c = c_name(cx, &name)?;
        let sem = Semaphore::create(&c, value as u32).map_err(|e| os_error(cx, e))?;
        if unlink {
            semaphore::sem_unlink(&c).map_err(|e| os_error(cx, e))?;
        }
        Ok(SemLock::make(sem, kind, maxvalue, (!unlink).then_some(name)))
    }
    #[classmethod]
    #[sig(handle, kind, maxvalue, name, /)]
    fn _rebuild(
        cx: &mut Cx,
        cls: Gc<Type>,
        handle: i64,
        kind: i32,
        maxvalue: i32,
        name: Option<Gc<Str>>,
    ) -> Result<Obj> {
        // The handle is an address in the process that made the semaphore: only the name
        // can be trusted.
        let _ = handle;
        let Some(name) = name.map(|n| n.to_str().into_owned()) else { return Err(os_error(cx, libc::EINVAL)) };
        let c = c_name(cx, &name)?;
        let sem = Semaphore::open(&c).map_err(|e| os_error(cx, e))?;
        Ok(native::instance_of(cx, cls, SemLock::make(sem, kind, maxvalue, Some(name)))?.obj())
    }
    #[getter]
    fn handle(&self) -> u64 {
        self.sem.handle() as u64
    }
    #[getter]
    fn kind(&self) -> i32 {
        self.kind
    }
    #[getter]
    fn maxvalue(&self) -> i32 {
        self.maxvalue
    }
    #[getter]
    fn name(&self) -> Option<String> {
        self.name.clone()
    }
    /// Acquire the semaphore/lock.
    #[sig(block = True, timeout = None)]
    fn acquire(&self, cx: &mut Cx, block: bool, timeout: Option<f64>) -> Result<bool> {
        self.take(cx, block, timeout)
    }
    /// Release the semaphore/lock.
    fn release(&self, cx: &mut Cx) -> Result<()> {
        self.give(cx)
    }
    /// Enter the semaphore/lock.
    fn __enter__(&self, cx: &mut Cx) -> Result<bool> {
        self.take(cx, true, None)
    }
    /// Exit the semaphore/lock.
    #[sig(exc_type = None, exc_value = None, exc_tb = None, /)]
    fn __exit__(&self, cx: &mut Cx, exc_type: Obj, exc_value: Obj, exc_tb: Obj) -> Result<()> {
        let _ = (exc_type, exc_value, exc_tb);
        self.give(cx)
    }
    /// Num of `acquire()`s minus num of `release()`s for this process.
    fn _count(&self) -> i64 {
        self.count.load(Ordering::Relaxed)
    }
    /// Whether the lock is owned by this thread.
    fn _is_mine(&self) -> bool {
        self.is_mine()
    }
    /// Get the value of the semaphore.
    fn _get_value(&self, cx: &mut Cx) -> Result<i32> {
        // Some systems count those who wait as negative.
        self.sem.value().map(|n| n.max(0)).map_err(|e| os_error(cx, e))
    }
    /// Return whether semaphore has value zero.
    fn _is_zero(&self, cx: &mut Cx) -> Result<bool> {
        self.sem.value().map(|n| n <= 0).map_err(|e| os_error(cx, e))
    }
    /// Rezero the net acquisition count after fork().
    fn _after_fork(&self) {
        self.count.store(0, Ordering::Relaxed);
    }
}

#[module("_multiprocessing", classes(SemLock))]
pub mod multiprocessing {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let class = native::class_of::<SemLock>(cx)?;
        let max = SEM_VALUE_MAX.into_obj(cx)?;
        types::set_attr(cx, class, name!(cx, "SEM_VALUE_MAX"), Some(max))?;
        let flags = dict::new(cx)?;
        for flag in ["HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"] {
            let flag = cx.intern(flag)?;
            flags.insert_str(cx, flag, Obj::int_unchecked(1))?;
        }
        ops::set_attr(cx, module, name!(cx, "flags"), Some(flags.obj()))
    }
    #[sig(name, /)]
    fn sem_unlink(cx: &mut Cx, name: Gc<Str>) -> Result<()> {
        let c = c_name(cx, &name.to_str())?;
        sys_raise(cx, || semaphore::sem_unlink(&c))
    }
}

/// POSIX shared memory module
#[module("_posixshmem")]
pub mod posixshmem {
    use super::*;

    /// Open a shared memory object.  Returns a file descriptor (integer).
    #[sig(path, flags, mode = 0o777)]
    fn shm_open(cx: &mut Cx, path: Path, flags: i32, mode: i32) -> Result<i32> {
        crate::util::sys_call(cx, || semaphore::shm_open(&path.c, flags | libc::O_CLOEXEC, mode as u32))?
            .map_err(|e| path.error(cx, e))
    }
    /// Remove a shared memory object (similar to unlink()).
    ///
    /// Remove a shared memory object name, and, once all processes have
    /// unmapped the object, de-allocates and destroys the contents of the
    /// associated memory region.
    #[sig(path)]
    fn shm_unlink(cx: &mut Cx, path: Path) -> Result<()> {
        crate::util::sys_call(cx, || semaphore::shm_unlink(&path.c))?.map_err(|e| path.error(cx, e))
    }
    fn __exec__(_cx: &mut Cx, _module: Obj) -> Result<()> {
        Ok(())
    }
}
