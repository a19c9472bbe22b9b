//! Users and groups of the process, and ids as arguments.
//!
//! Tests: CPython test_os, test_posix.

use crate::sys;
use crate::util::{Path, sys_raise};
use typhon_macros::module;
use typhon_object::native::FromArg;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Dunder, ExcKind, Result, int, list, ops};

/// A user's or group's number; -1 stands for "leave it as it is".
fn id(cx: &mut Cx, v: Obj, what: &str) -> Result<u32> {
    if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
        return Err(cx.type_error(format!("{what} should be integer, not {}", cx.type_name(v))));
    }
    let i = ops::index(cx, v)?;
    match int::to_i64(i) {
        Some(-1) => Ok(u32::MAX),
        Some(n) => {
            u32::try_from(n).map_err(|_| cx.error(ExcKind::OverflowError, format!("{what} is less than minimum")))
        }
        None => {
            let negative = i.cast::<int::Int>().is_some_and(|b| b.is_negative());
            let bound = if negative { "less than minimum" } else { "greater than maximum" };
            Err(cx.error(ExcKind::OverflowError, format!("{what} is {bound}")))
        }
    }
}

/// A user id argument.
#[derive(Clone, Copy)]
pub struct Uid(pub u32);
impl FromArg for Uid {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Uid> {
        id(cx, v, "uid").map(Uid)
    }
}
/// A group id argument.
#[derive(Clone, Copy)]
pub struct Gid(pub u32);
impl FromArg for Gid {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Gid> {
        id(cx, v, "gid").map(Gid)
    }
}

fn id_list(cx: &mut Cx, ids: &[u32]) -> Result<Obj> {
    let l = list::new(cx, &[])?;
    for g in ids {
        l.append(cx, Obj::int_unchecked(i64::from(*g)))?;
    }
    Ok(l.obj())
}

/// The most groups a process can have.
const NGROUPS_MAX: usize = 65536;

/// Part of `posix`.
#[module("posix")]
pub mod ids {
    use super::*;

    /// Return the current process's user id.
    fn getuid() -> u32 {
        sys::ids().0
    }
    /// Return the current process's effective user id.
    fn geteuid() -> u32 {
        sys::ids().1
    }
    /// Return the current process's group id.
    fn getgid() -> u32 {
        sys::ids().2
    }
    /// Return the current process's effective group id.
    fn getegid() -> u32 {
        sys::ids().3
    }
    /// Real, effective and saved user ids of the process.
    fn getresuid(cx: &mut Cx) -> Result<(u32, u32, u32)> {
        sys_raise(cx, sys::ids::getresuid)
    }
    /// Real, effective and saved group ids of the process.
    fn getresgid(cx: &mut Cx) -> Result<(u32, u32, u32)> {
        sys_raise(cx, sys::ids::getresgid)
    }
    /// Set the current process's user id.
    fn setuid(cx: &mut Cx, uid: Uid) -> Result<()> {
        sys_raise(cx, || sys::setuid(uid.0))
    }
    /// Set the current process's group id.
    fn setgid(cx: &mut Cx, gid: Gid) -> Result<()> {
        sys_raise(cx, || sys::setgid(gid.0))
    }
    /// Set the current process's effective user id.
    fn seteuid(cx: &mut Cx, euid: Uid) -> Result<()> {
        sys_raise(cx, || sys::seteuid(euid.0))
    }
    /// Set the current process's effective group id.
    fn setegid(cx: &mut Cx, egid: Gid) -> Result<()> {
        sys_raise(cx, || sys::setegid(egid.0))
    }
    /// Set the current process's real and effective user ids.
    fn setreuid(cx: &mut Cx, ruid: Uid, euid: Uid) -> Result<()> {
        sys_raise(cx, || sys::ids::setreuid(ruid.0, euid.0))
    }
    /// Set the current process's real and effective group ids.
    fn setregid(cx: &mut Cx, rgid: Gid, egid: Gid) -> Result<()> {
        sys_raise(cx, || sys::ids::setregid(rgid.0, egid.0))
    }
    /// Set the current process's real, effective, and saved user ids.
    fn setresuid(cx: &mut Cx, ruid: Uid, euid: Uid, suid: Uid) -> Result<()> {
        sys_raise(cx, || sys::ids::setresuid(ruid.0, euid.0, suid.0))
    }
    /// Set the current process's real, effective, and saved group ids.
    fn setresgid(cx: &mut Cx, rgid: Gid, egid: Gid, sgid: Gid) -> Result<()> {
        sys_raise(cx, || sys::ids::setresgid(rgid.0, egid.0, sgid.0))
    }
    /// Return list of supplemental group IDs for the process.
    fn getgroups(cx: &mut Cx) -> Result<Obj> {
        let v = sys_raise(cx, sys::getgroups)?;
        id_list(cx, &v)
    }
    /// Set the groups of the current process to list.
    fn setgroups(cx: &mut Cx, groups: Obj) -> Result<()> {
        if !ops::is_sequence(groups) {
            return Err(cx.type_error("setgroups argument must be a sequence"));
        }
        let t = ops::tuple_from_iter(cx, groups)?;
        if t.len() > NGROUPS_MAX {
            return Err(cx.value_error("too many groups"));
        }
        let mut v = Vec::with_capacity(t.len());
        for g in t.items() {
            if !int::is_int(*g) {
                return Err(cx.type_error("groups must be integers"));
            }
            v.push(id(cx, *g, "gid")?);
        }
        sys_raise(cx, || sys::ids::setgroups(&v))
    }
    /// The groups that a user is in, and the given group.
    fn getgrouplist(cx: &mut Cx, user: Path, group: Gid) -> Result<Obj> {
        let v = sys_raise(cx, || sys::ids::getgrouplist(user.as_c(), group.0))?;
        id_list(cx, &v)
    }
    /// Set the groups of the process to those that a user is in, and the given one.
    fn initgroups(cx: &mut Cx, username: Path, gid: Gid) -> Result<()> {
        sys_raise(cx, || sys::ids::initgroups(username.as_c(), gid.0))
    }
}
