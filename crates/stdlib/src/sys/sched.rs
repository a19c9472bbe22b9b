//! Scheduling, namespaces and waiting for processes. Tests: CPython test_posix.

use super::{Sys, clear_errno, errno, int, unit};
use std::mem::MaybeUninit;

pub fn priority_max(policy: i32) -> Sys<i32> {
    int(unsafe { libc::sched_get_priority_max(policy) })
}
pub fn priority_min(policy: i32) -> Sys<i32> {
    int(unsafe { libc::sched_get_priority_min(policy) })
}
pub fn getscheduler(pid: i32) -> Sys<i32> {
    int(unsafe { libc::sched_getscheduler(pid) })
}
pub fn setscheduler(pid: i32, policy: i32, priority: i32) -> Sys<i32> {
    let p = libc::sched_param { sched_priority: priority };
    int(unsafe { libc::sched_setscheduler(pid, policy, &p) })
}
pub fn getparam(pid: i32) -> Sys<i32> {
    let mut p = libc::sched_param { sched_priority: 0 };
    unit(unsafe { libc::sched_getparam(pid, &mut p) })?;
    Ok(p.sched_priority)
}
pub fn setparam(pid: i32, priority: i32) -> Sys<()> {
    let p = libc::sched_param { sched_priority: priority };
    unit(unsafe { libc::sched_setparam(pid, &p) })
}
/// In seconds.
pub fn rr_get_interval(pid: i32) -> Sys<f64> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unit(unsafe { libc::sched_rr_get_interval(pid, &mut t) })?;
    Ok(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)
}
/// -1 is a priority like others, so only `errno` tells of a failure.
fn or_errno(f: impl FnOnce() -> i32) -> Sys<i32> {
    clear_errno();
    match f() {
        -1 if errno() != 0 => Err(errno()),
        n => Ok(n),
    }
}
pub fn getpriority(which: i32, who: u32) -> Sys<i32> {
    or_errno(|| unsafe { libc::getpriority(which as _, who) })
}
pub fn setpriority(which: i32, who: u32, priority: i32) -> Sys<()> {
    unit(unsafe { libc::setpriority(which as _, who, priority) })
}
pub fn nice(n: i32) -> Sys<i32> {
    or_errno(|| unsafe { libc::nice(n) })
}
pub fn unshare(flags: i32) -> Sys<()> {
    unit(unsafe { libc::unshare(flags) })
}
pub fn setns(fd: i32, kind: i32) -> Sys<()> {
    unit(unsafe { libc::setns(fd, kind) })
}
pub fn pidfd_open(pid: i32, flags: u32) -> Sys<i32> {
    int(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) } as i32)
}
/// pid, uid, signal, status, code; `None` if no child has changed.
pub fn waitid(kind: i32, id: u32, options: i32) -> Sys<Option<[i64; 5]>> {
    let mut si = MaybeUninit::<libc::siginfo_t>::zeroed();
    unit(unsafe { libc::waitid(kind as _, id, si.as_mut_ptr(), options) })?;
    // Zeroed, then filled by the call with what belongs to SIGCHLD.
    let (pid, uid, status, si) = unsafe {
        let si = si.assume_init();
        (si.si_pid(), si.si_uid(), si.si_status(), si)
    };
    Ok((pid != 0).then_some([pid.into(), uid.into(), si.si_signo.into(), status.into(), si.si_code.into()]))
}
