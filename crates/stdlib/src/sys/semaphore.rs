//! Named semaphores and shared memory of the system. Tests: CPython
//! test_multiprocessing_*.
//!
//! Invariant: a [`Semaphore`] refers to a semaphore that this process has open, and
//! closes it when it is dropped.

use super::{Sys, errno, int, unit};
use std::ffi::CStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An open semaphore.
pub struct Semaphore {
    raw: *mut libc::sem_t,
}

// The system's semaphores are made for this.
unsafe impl Send for Semaphore {}
unsafe impl Sync for Semaphore {}

impl Semaphore {
    /// Makes a semaphore that did not exist.
    pub fn create(name: &CStr, value: u32) -> Sys<Semaphore> {
        // The mode is an unsigned int in a variable argument.
        Self::opened(unsafe {
            libc::sem_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL, 0o600 as libc::c_uint, value)
        })
    }
    pub fn open(name: &CStr) -> Sys<Semaphore> {
        Self::opened(unsafe { libc::sem_open(name.as_ptr(), 0) })
    }
    fn opened(raw: *mut libc::sem_t) -> Sys<Semaphore> {
        if raw == libc::SEM_FAILED { Err(errno()) } else { Ok(Semaphore { raw }) }
    }
    pub fn handle(&self) -> usize {
        self.raw.addr()
    }
    /// Takes one if there is one: otherwise EAGAIN.
    pub fn try_wait(&self) -> Sys<()> {
        unit(unsafe { libc::sem_trywait(self.raw) })
    }
    /// Waits until the deadline, if there is one; ETIMEDOUT, EINTR.
    pub fn wait(&self, deadline: Option<SystemTime>) -> Sys<()> {
        let Some(deadline) = deadline else { return unit(unsafe { libc::sem_wait(self.raw) }) };
        let t = deadline.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let t = libc::timespec { tv_sec: t.as_secs() as i64, tv_nsec: i64::from(t.subsec_nanos()) };
        unit(unsafe { libc::sem_timedwait(self.raw, &t) })
    }
    pub fn post(&self) -> Sys<()> {
        unit(unsafe { libc::sem_post(self.raw) })
    }
    pub fn value(&self) -> Sys<i32> {
        let mut n = 0;
        unit(unsafe { libc::sem_getvalue(self.raw, &mut n) })?;
        Ok(n)
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        unsafe { libc::sem_close(self.raw) };
    }
}

pub fn sem_unlink(name: &CStr) -> Sys<()> {
    unit(unsafe { libc::sem_unlink(name.as_ptr()) })
}

pub fn shm_open(name: &CStr, flags: i32, mode: u32) -> Sys<i32> {
    int(unsafe { libc::shm_open(name.as_ptr(), flags, mode) })
}

pub fn shm_unlink(name: &CStr) -> Sys<()> {
    unit(unsafe { libc::shm_unlink(name.as_ptr()) })
}

/// The calling thread, as the system's own functions call it.
pub fn this_thread() -> u64 {
    // No preconditions.
    unsafe { libc::pthread_self() }
}
