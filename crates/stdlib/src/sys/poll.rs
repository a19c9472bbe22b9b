//! Waiting for descriptors: `select`, `poll`, `epoll`. Tests: CPython test_select,
//! test_poll, test_epoll.

use super::{Sys, int, unit};
use std::mem::MaybeUninit;

/// The largest descriptor that `select` can take, and one more.
pub const FD_SETSIZE: i32 = libc::FD_SETSIZE as i32;

/// `select`: keeps the ready descriptors of each list, all below [`FD_SETSIZE`].
/// The time is in nanoseconds.
pub fn select(sets: &mut [Vec<i32>; 3], timeout: Option<i64>) -> Sys<()> {
    let mut t = timeout.map(|n| libc::timeval { tv_sec: n / 1_000_000_000, tv_usec: (n % 1_000_000_000 + 999) / 1000 });
    if let Some(t) = &mut t
        && t.tv_usec == 1_000_000
    {
        *t = libc::timeval { tv_sec: t.tv_sec + 1, tv_usec: 0 };
    }
    // All-zero is the empty set.
    let mut raw: [libc::fd_set; 3] = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut most = -1;
    for (set, fds) in raw.iter_mut().zip(sets.iter()) {
        for fd in fds.iter().filter(|fd| (0..FD_SETSIZE).contains(*fd)) {
            unsafe { libc::FD_SET(*fd, set) };
            most = most.max(*fd);
        }
    }
    let [r, w, x] = &mut raw;
    let time = t.as_mut().map_or(std::ptr::null_mut(), |t| t as *mut _);
    int(unsafe { libc::select(most + 1, r, w, x, time) })?;
    for (set, fds) in raw.iter().zip(sets.iter_mut()) {
        fds.retain(|fd| (0..FD_SETSIZE).contains(fd) && unsafe { libc::FD_ISSET(*fd, set) });
    }
    Ok(())
}

/// `poll`; the time in milliseconds, negative for ever.
pub fn poll(fds: &mut [libc::pollfd], timeout: i32) -> Sys<usize> {
    int(unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as _, timeout) }).map(|n| n as usize)
}

pub fn epoll_create(flags: i32) -> Sys<i32> {
    int(unsafe { libc::epoll_create1(flags) })
}
pub fn epoll_ctl(epfd: i32, op: i32, fd: i32, events: u32) -> Sys<()> {
    let mut e = libc::epoll_event { events, u64: fd as u64 };
    unit(unsafe { libc::epoll_ctl(epfd, op, fd, &mut e) })
}
/// Ready descriptors with their events; the time in milliseconds.
pub fn epoll_wait(epfd: i32, max: usize, timeout: i32) -> Sys<Vec<(i32, u32)>> {
    let mut v = vec![libc::epoll_event { events: 0, u64: 0 }; max];
    let n = int(unsafe { libc::epoll_wait(epfd, v.as_mut_ptr(), max as i32, timeout) })?;
    Ok(v[..n as usize].iter().map(|e| (e.u64 as i32, e.events)).collect())
}
