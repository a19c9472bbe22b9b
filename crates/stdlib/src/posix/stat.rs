//! `stat_result`, `statvfs_result`, and the functions that return them.
//!
//! Tests: CPython test_os.

use crate::structseq::StructSeq;
use crate::sys;
use crate::util::{DirFd, PathArg, PathOrFd, sys_call, sys_raise};
use typhon_macros::module;
use typhon_object::native::IntoObj;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result};

/// `os.stat_result`.
pub static STAT_RESULT: StructSeq = StructSeq::new(
    "os",
    "stat_result",
    "stat_result: Result from stat, fstat, or lstat.\n\nThis object may be accessed either as a tuple of\n  (mode, ino, dev, nlink, uid, gid, size, atime, mtime, ctime)\nor via the attributes st_mode, st_ino, st_dev, st_nlink, st_uid, and so on.\n\nPosix/windows: If your platform supports st_blksize, st_blocks, st_rdev,\nor st_flags, they are available as attributes only.\n\nSee os.stat for more information.",
    &[
        ("st_mode", "protection bits"),
        ("st_ino", "inode"),
        ("st_dev", "device"),
        ("st_nlink", "number of hard links"),
        ("st_uid", "user ID of owner"),
        ("st_gid", "group ID of owner"),
        ("st_size", "total size, in bytes"),
        ("", "integer time of last access"),
        ("", "integer time of last modification"),
        ("", "integer time of last change"),
        ("st_atime", "time of last access"),
        ("st_mtime", "time of last modification"),
        ("st_ctime", "time of last change"),
        ("st_atime_ns", "time of last access in nanoseconds"),
        ("st_mtime_ns", "time of last modification in nanoseconds"),
        ("st_ctime_ns", "time of last change in nanoseconds"),
        ("st_blksize", "blocksize for filesystem I/O"),
        ("st_blocks", "number of blocks allocated"),
        ("st_rdev", "device type (if inode device)"),
    ],
    10,
);

/// `os.statvfs_result`.
pub static STATVFS_RESULT: StructSeq = StructSeq::new(
    "os",
    "statvfs_result",
    "statvfs_result: Result from statvfs or fstatvfs.",
    &[
        ("f_bsize", ""),
        ("f_frsize", ""),
        ("f_blocks", ""),
        ("f_bfree", ""),
        ("f_bavail", ""),
        ("f_files", ""),
        ("f_ffree", ""),
        ("f_favail", ""),
        ("f_flag", ""),
        ("f_namemax", ""),
        ("f_fsid", ""),
    ],
    10,
);

/// The Python object of a `struct stat`.
pub fn result(cx: &mut Cx, st: &libc::stat) -> Result<Obj> {
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    let mut v = [Obj::NONE; 19];
    let ints = [
        st.st_mode as i128,
        st.st_ino as i128,
        st.st_dev as i128,
        st.st_nlink as i128,
        st.st_uid as i128,
        st.st_gid as i128,
        st.st_size as i128,
    ];
    for (i, n) in ints.into_iter().enumerate() {
        v[i] = n.into_obj(cx)?;
    }
    for (i, (s, ns)) in times.into_iter().enumerate() {
        v[7 + i] = s.into_obj(cx)?;
        v[10 + i] = (s as f64 + 1e-9 * ns as f64).into_obj(cx)?;
        v[13 + i] = (s as i128 * 1_000_000_000 + ns as i128).into_obj(cx)?;
    }
    v[16] = (st.st_blksize as i128).into_obj(cx)?;
    v[17] = (st.st_blocks as i128).into_obj(cx)?;
    v[18] = (st.st_rdev as i128).into_obj(cx)?;
    STAT_RESULT.instance(cx, &v)
}

/// `os.stat` by name or descriptor.
pub fn stat_path(cx: &mut Cx, path: &PathOrFd, dir: i32, follow: bool) -> Result<Obj> {
    let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    let r = sys_call(cx, || match path {
        PathOrFd::Path(p) => sys::stat_at(dir, p.as_c(), flags),
        PathOrFd::Fd(fd) => sys::fstat(*fd),
    })?;
    match r {
        Ok(st) => result(cx, &st),
        Err(e) => Err(path.error(cx, e)),
    }
}

/// Part of `posix`.
#[module("posix")]
pub mod stat {
    use super::*;

    /// Perform a stat system call on the given path.
    #[sig(path, *, dir_fd = None, follow_symlinks = True)]
    fn stat(cx: &mut Cx, path: PathOrFd, dir_fd: DirFd, follow_symlinks: bool) -> Result<Obj> {
        if matches!(path, PathOrFd::Fd(_)) {
            if dir_fd.0 != libc::AT_FDCWD {
                return Err(cx.value_error("stat: can't specify dir_fd without matching path"));
            }
            if !follow_symlinks {
                return Err(cx.value_error("stat: cannot use fd and follow_symlinks together"));
            }
        }
        stat_path(cx, &path, dir_fd.0, follow_symlinks)
    }
    /// Perform a stat system call on the given path, without following symbolic links.
    #[sig(path, *, dir_fd = None)]
    fn lstat(cx: &mut Cx, path: PathArg, dir_fd: DirFd) -> Result<Obj> {
        stat_path(cx, &PathOrFd::Path(path.0), dir_fd.0, false)
    }
    /// Perform a stat system call on the given file descriptor.
    #[sig(fd)]
    fn fstat(cx: &mut Cx, fd: i32) -> Result<Obj> {
        let st = sys_raise(cx, || sys::fstat(fd))?;
        result(cx, &st)
    }
    /// Perform a statvfs system call on the given path.
    #[sig(path)]
    fn statvfs(cx: &mut Cx, path: PathOrFd) -> Result<Obj> {
        let r = sys_call(cx, || match &path {
            PathOrFd::Path(p) => sys::statvfs(Some(p.as_c()), -1),
            PathOrFd::Fd(fd) => sys::statvfs(None, *fd),
        })?;
        match r {
            Ok(s) => {
                let f = [
                    s.f_bsize,
                    s.f_frsize,
                    s.f_blocks,
                    s.f_bfree,
                    s.f_bavail,
                    s.f_files,
                    s.f_ffree,
                    s.f_favail,
                    s.f_flag,
                    s.f_namemax,
                    s.f_fsid,
                ];
                let mut v = [Obj::NONE; 11];
                for (i, n) in f.into_iter().enumerate() {
                    v[i] = n.into_obj(cx)?;
                }
                STATVFS_RESULT.instance(cx, &v)
            }
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Perform an fstatvfs system call on the given fd.
    #[sig(fd, /)]
    fn fstatvfs(cx: &mut Cx, fd: i32) -> Result<Obj> {
        statvfs(cx, PathOrFd::Fd(fd))
    }
}
