//! Users and groups of the process. Tests: CPython test_os, test_posix.

use super::{Sys, int, unit};
use std::ffi::CStr;

/// Real, effective, saved.
pub type Ids = (u32, u32, u32);

pub fn getresuid() -> Sys<Ids> {
    let mut v = (0, 0, 0);
    unit(unsafe { libc::getresuid(&mut v.0, &mut v.1, &mut v.2) })?;
    Ok(v)
}
pub fn getresgid() -> Sys<Ids> {
    let mut v = (0, 0, 0);
    unit(unsafe { libc::getresgid(&mut v.0, &mut v.1, &mut v.2) })?;
    Ok(v)
}
pub fn setresuid(r: u32, e: u32, s: u32) -> Sys<()> {
    unit(unsafe { libc::setresuid(r, e, s) })
}
pub fn setresgid(r: u32, e: u32, s: u32) -> Sys<()> {
    unit(unsafe { libc::setresgid(r, e, s) })
}
pub fn setreuid(r: u32, e: u32) -> Sys<()> {
    unit(unsafe { libc::setreuid(r, e) })
}
pub fn setregid(r: u32, e: u32) -> Sys<()> {
    unit(unsafe { libc::setregid(r, e) })
}
pub fn setgroups(groups: &[u32]) -> Sys<()> {
    unit(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })
}
pub fn initgroups(user: &CStr, group: u32) -> Sys<()> {
    unit(unsafe { libc::initgroups(user.as_ptr(), group) })
}
/// The groups of a user, with one that is always among them.
pub fn getgrouplist(user: &CStr, group: u32) -> Sys<Vec<u32>> {
    let mut room: i32 = 64;
    loop {
        let mut v = vec![0u32; room as usize];
        let mut n = room;
        // `n` says how many there is room for, and then how many there are.
        let r = unsafe { libc::getgrouplist(user.as_ptr(), group, v.as_mut_ptr(), &mut n) };
        if r >= 0 {
            v.truncate(n as usize);
            return Ok(v);
        }
        if room > 1 << 20 {
            return int(r).map(|_| v);
        }
        room = n.max(room * 2);
    }
}
