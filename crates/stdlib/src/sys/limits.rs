//! Resource limits and usage. Tests: CPython test_resource.

use super::{Sys, unit};
use std::mem::MaybeUninit;

pub fn getrlimit(which: i32) -> Sys<(u64, u64)> {
    let mut r = MaybeUninit::<libc::rlimit>::uninit();
    unit(unsafe { libc::getrlimit(which as _, r.as_mut_ptr()) })?;
    // Filled by the call.
    let r = unsafe { r.assume_init() };
    Ok((r.rlim_cur, r.rlim_max))
}
pub fn setrlimit(which: i32, soft: u64, hard: u64) -> Sys<()> {
    let r = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    unit(unsafe { libc::setrlimit(which as _, &r) })
}
pub fn prlimit(pid: i32, which: i32, new: Option<(u64, u64)>) -> Sys<(u64, u64)> {
    let new = new.map(|(soft, hard)| libc::rlimit { rlim_cur: soft, rlim_max: hard });
    let p = new.as_ref().map_or(std::ptr::null(), |r| r as *const libc::rlimit);
    let mut old = MaybeUninit::<libc::rlimit>::uninit();
    unit(unsafe { libc::prlimit(pid, which as _, p, old.as_mut_ptr()) })?;
    // Filled by the call.
    let r = unsafe { old.assume_init() };
    Ok((r.rlim_cur, r.rlim_max))
}
pub fn getrusage(who: i32) -> Sys<libc::rusage> {
    let mut r = MaybeUninit::<libc::rusage>::zeroed();
    unit(unsafe { libc::getrusage(who, r.as_mut_ptr()) })?;
    // Zeroed, then filled by the call.
    Ok(unsafe { r.assume_init() })
}
