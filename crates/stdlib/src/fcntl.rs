//! `fcntl` and `pwd`: descriptors' options, and the user database.
//!
//! Tests: CPython test_fcntl, test_pwd.

use crate::buffer;
use crate::structseq::StructSeq;
use crate::sys::{self, Passwd};
use crate::util::{Fd, bytes_obj, fs_decode, os_error, set, set_ints, sys_raise};
use std::ffi::CString;
use typhon_macros::module;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::Obj;
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Result, int, list};

/// What Linux has beyond the C library's header of the binding.
#[rustfmt::skip]
const LINUX: &[(&str, i64)] = &[
    ("DN_ACCESS", 1), ("DN_ATTRIB", 32), ("DN_CREATE", 4), ("DN_DELETE", 8), ("DN_MODIFY", 2),
    ("DN_MULTISHOT", 0x8000_0000), ("DN_RENAME", 16), ("FASYNC", 8192), ("FICLONE", 0x4004_9409),
    ("FICLONERANGE", 0x4020_940d), ("F_ADD_SEALS", 1033), ("F_DUPFD_QUERY", 1027), ("F_EXLCK", 4),
    ("F_GETLEASE", 1025), ("F_GETLK64", 5), ("F_GETOWN_EX", 16), ("F_GETSIG", 11), ("F_GET_FILE_RW_HINT", 1037),
    ("F_GET_RW_HINT", 1035), ("F_GET_SEALS", 1034), ("F_NOTIFY", 1026), ("F_OFD_GETLK", 36), ("F_OFD_SETLK", 37),
    ("F_OFD_SETLKW", 38), ("F_OWNER_PGRP", 2), ("F_OWNER_PID", 1), ("F_OWNER_TID", 0), ("F_SEAL_FUTURE_WRITE", 16),
    ("F_SEAL_GROW", 4), ("F_SEAL_SEAL", 1), ("F_SEAL_SHRINK", 2), ("F_SEAL_WRITE", 8), ("F_SETLEASE", 1024),
    ("F_SETLK64", 6), ("F_SETLKW64", 7), ("F_SETOWN_EX", 15), ("F_SETSIG", 10), ("F_SET_FILE_RW_HINT", 1038),
    ("F_SET_RW_HINT", 1036), ("F_SHLCK", 8), ("LOCK_MAND", 32), ("LOCK_READ", 64), ("LOCK_RW", 192),
    ("LOCK_WRITE", 128), ("RWH_WRITE_LIFE_EXTREME", 5), ("RWH_WRITE_LIFE_LONG", 4), ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_NONE", 1), ("RWH_WRITE_LIFE_NOT_SET", 0), ("RWH_WRITE_LIFE_SHORT", 2),
];

/// The three ways to lock of `lockf`, by `LOCK_SH` and so on.
fn lock_kind(operation: i32) -> Option<i16> {
    if operation == libc::LOCK_UN {
        return Some(libc::F_UNLCK as i16);
    }
    if operation & libc::LOCK_SH != 0 {
        return Some(libc::F_RDLCK as i16);
    }
    (operation & libc::LOCK_EX != 0).then_some(libc::F_WRLCK as i16)
}

/// This module performs file control and I/O control on file
/// descriptors.
#[module("fcntl")]
pub mod fcntl {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        macro_rules! c {
            ($($n:ident)*) => { &[$((stringify!($n), libc::$n as i64)),*] };
        }
        set_ints(
            cx,
            module,
            c!(F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW
            F_RDLCK F_WRLCK F_UNLCK F_GETOWN F_SETOWN FD_CLOEXEC LOCK_SH LOCK_EX LOCK_NB LOCK_UN F_GETPIPE_SZ F_SETPIPE_SZ),
        )?;
        set_ints(cx, module, LINUX)
    }
    /// Perform the operation `cmd` on file descriptor fd.
    #[sig(fd, cmd, arg = 0, /)]
    fn fcntl(cx: &mut Cx, fd: Fd, cmd: i32, arg: Obj) -> Result<Obj> {
        if int::is_int(arg) {
            let n = i64::from_arg(cx, arg)?;
            return sys_raise(cx, || sys::fcntl(fd.0, cmd, n))?.into_obj(cx);
        }
        let mut b = buffer::copy(cx, arg)?;
        if b.len() > 1024 {
            return Err(cx.value_error("fcntl argument 3 is too long"));
        }
        sys_raise(cx, || sys::fcntl_buf(fd.0, cmd, &mut b))?;
        bytes_obj(cx, &b)
    }
    /// Perform the operation request on file descriptor fd.
    #[sig(fd, request, arg = 0, mutate_flag = True, /)]
    fn ioctl(cx: &mut Cx, fd: Fd, request: i64, arg: Obj, mutate_flag: bool) -> Result<Obj> {
        let request = u64::from(request as u32);
        if int::is_int(arg) {
            let n = i64::from_arg(cx, arg)?;
            return sys_raise(cx, || sys::ioctl(fd.0, request, n))?.into_obj(cx);
        }
        let mut b = match arg.cast::<Str>() {
            Some(s) => crate::codecs::encode_text(cx, s, "utf-8", "strict")?,
            None => buffer::copy(cx, arg)?,
        };
        let n = b.len();
        // Room for what the kernel may write behind a short buffer.
        b.resize(n.max(1024), 0);
        let r = sys_raise(cx, || sys::ioctl_buf(fd.0, request, &mut b))?;
        if mutate_flag && typhon_builtins::buffer::is_bytearray(arg) {
            buffer::write_into(cx, arg, &b[..n])?;
            return r.into_obj(cx);
        }
        bytes_obj(cx, &b[..n])
    }
    /// Lock or unlock a part of a file, by fcntl(): cmd is LOCK_SH, LOCK_EX (with
    /// LOCK_NB not to wait) or LOCK_UN; len bytes from start, counted as whence says.
    #[sig(fd, cmd, len = 0, start = 0, whence = 0, /)]
    fn lockf(cx: &mut Cx, fd: Fd, cmd: i32, len: i64, start: i64, whence: i32) -> Result<()> {
        let Some(kind) = lock_kind(cmd) else {
            return Err(cx.value_error("unrecognized lockf argument"));
        };
        let command = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        sys_raise(cx, || sys::transfer::lock_record(fd.0, command, kind, (start, len), whence as i16))
    }
    /// Perform the lock operation on file descriptor fd.
    fn flock(cx: &mut Cx, fd: Fd, operation: i32) -> Result<()> {
        sys_raise(cx, || sys::flock(fd.0, operation))
    }
}

/// `pwd.struct_passwd`.
static STRUCT_PASSWD: StructSeq = StructSeq::new(
    "pwd",
    "struct_passwd",
    "pwd.struct_passwd: Results from getpw*() routines.\n\nThis object may be accessed either as a tuple of\n  (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\nor via the object attributes as named in the above tuple.",
    &[
        ("pw_name", "user name"),
        ("pw_passwd", "password"),
        ("pw_uid", "user id"),
        ("pw_gid", "group id"),
        ("pw_gecos", "real name"),
        ("pw_dir", "home directory"),
        ("pw_shell", "shell program"),
    ],
    7,
);

fn entry(cx: &mut Cx, p: &Passwd) -> Result<Obj> {
    let mut t = [Obj::NONE; 5];
    for (o, b) in t.iter_mut().zip(&p.texts) {
        *o = fs_decode(cx, b)?;
    }
    let (u, g) = (p.uid.into_obj(cx)?, p.gid.into_obj(cx)?);
    STRUCT_PASSWD.instance(cx, &[t[0], t[1], u, g, t[2], t[3], t[4]])
}

/// This module provides access to the Unix password database.
#[module("pwd")]
pub mod pwd {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let c = STRUCT_PASSWD.class(cx)?;
        set(cx, module, "struct_passwd", c)
    }
    /// Return the password database entry for the given numeric user ID.
    #[sig(uidobj, /)]
    fn getpwuid(cx: &mut Cx, uidobj: Obj) -> Result<Obj> {
        let uid = i64::from_arg(cx, uidobj)?;
        match cx.blocked(|| sys::getpw(None, uid as u32)) {
            Ok(Some(p)) => entry(cx, &p),
            Ok(None) => Err(cx.error(ExcKind::KeyError, format!("getpwuid(): uid not found: {uid}"))),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Return the password database entry for the given user name.
    #[sig(name, /)]
    fn getpwnam(cx: &mut Cx, name: String) -> Result<Obj> {
        let c = CString::new(name.clone()).map_err(|_| cx.value_error("embedded null byte"))?;
        match cx.blocked(|| sys::getpw(Some(&c), 0)) {
            Ok(Some(p)) => entry(cx, &p),
            Ok(None) => Err(cx.error(ExcKind::KeyError, format!("getpwnam(): name not found: '{name}'"))),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Return a list of all available password database entries, in arbitrary order.
    fn getpwall(cx: &mut Cx) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for p in cx.blocked(sys::getpwall) {
            let e = entry(cx, &p)?;
            l.append(cx, e)?;
        }
        Ok(l.obj())
    }
}
