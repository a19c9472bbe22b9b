//! Descriptors and the file system.
//!
//! Tests: CPython test_os, test_posix.

use super::ids::{Gid, Uid};
use crate::buffer::{self, Buf};
use crate::sys;
use crate::util::{
    DirFd, Fd, Path, PathArg, PathOrFd, bytes_obj, fs_decode, os_error, os_error_with, sys_call, sys_raise,
};
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::native::{FromArg, IntoObj, Missing};
use typhon_object::obj::Obj;
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Result, float, int, ops};

/// Run a call on one file name.
fn on_path(cx: &mut Cx, path: &Path, f: impl FnMut() -> sys::Sys<()>) -> Result<()> {
    match sys_call(cx, f)? {
        Ok(()) => Ok(()),
        Err(e) => Err(path.error(cx, e)),
    }
}

/// Run a call on two file names.
fn on_paths(cx: &mut Cx, a: &Path, b: &Path, f: impl FnMut() -> sys::Sys<()>) -> Result<()> {
    match sys_call(cx, f)? {
        Ok(()) => Ok(()),
        Err(e) => Err(os_error_with(cx, e, &[a.obj, b.obj])),
    }
}

/// Seconds and nanoseconds of a number.
fn split_time(cx: &mut Cx, v: Obj) -> Result<(i64, i64)> {
    if let Some(f) = float::value(v) {
        if f.is_nan() {
            return Err(cx.value_error("Invalid value NaN (not a number)"));
        }
        let (s, frac) = (f.floor(), f - f.floor());
        let ns = (frac * 1e9).floor();
        return Ok(if ns >= 1e9 { (s as i64 + 1, 0) } else { (s as i64, ns as i64) });
    }
    Ok((i64::from_arg(cx, v)?, 0))
}

/// A path as text: unlike a [`Path`] it goes to no system call, so it may hold
/// anything.
enum Text {
    Str(Vec<u32>),
    Bytes(Vec<u8>),
}

impl FromArg for Text {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Text> {
        if !crate::util::is_path(v) {
            let t = cx.type_name(v);
            return Err(cx.type_error(format!("argument should be string, bytes or os.PathLike, not {t}")));
        }
        let o = crate::util::fspath(cx, v)?;
        Ok(match o.cast::<Str>() {
            Some(s) => Text::Str(s.chars().collect()),
            None => Text::Bytes(o.cast::<Bytes>().map_or(Vec::new(), |b| b.as_slice().to_vec())),
        })
    }
}

/// How many slashes are the root: two have a meaning of their own, more have not.
fn root_len<C: Copy + PartialEq + From<u8>>(p: &[C]) -> usize {
    match p.iter().take_while(|c| **c == C::from(b'/')).count() {
        2 => 2,
        n => n.min(1),
    }
}

/// `os.path.normpath`.
fn normal<C: Copy + PartialEq + From<u8>>(p: &[C]) -> Vec<C> {
    let (slash, dot) = (C::from(b'/'), C::from(b'.'));
    let root = root_len(p);
    let mut parts: Vec<&[C]> = Vec::new();
    for part in p[root..].split(|c| *c == slash) {
        if part.is_empty() || part == [dot] {
            continue;
        }
        if part != [dot, dot] || (root == 0 && parts.last().is_none_or(|l| *l == [dot, dot])) {
            parts.push(part);
        } else {
            parts.pop();
        }
    }
    let mut out = p[..root].to_vec();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            out.push(slash);
        }
        out.extend_from_slice(part);
    }
    if out.is_empty() {
        out.push(dot);
    }
    out
}

/// Part of `posix`.
#[module("posix")]
pub mod files {
    use super::*;

    /// Open a file for low level IO.  Returns a file descriptor (integer).
    #[sig(path, flags, mode = 511, *, dir_fd = None)]
    fn open(cx: &mut Cx, path: PathArg, flags: i32, mode: i32, dir_fd: DirFd) -> Result<i32> {
        match sys_call(cx, || sys::openat(dir_fd.0, path.as_c(), flags | libc::O_CLOEXEC, mode as u32))? {
            Ok(fd) => Ok(fd),
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Close a file descriptor.
    #[sig(fd)]
    fn close(cx: &mut Cx, fd: i32) -> Result<()> {
        match cx.blocked(|| sys::close(fd)) {
            // Linux has closed the descriptor nevertheless.
            Ok(()) | Err(libc::EINTR) => Ok(()),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Closes all file descriptors in [fd_low, fd_high), ignoring errors.
    fn closerange(cx: &mut Cx, fd_low: i32, fd_high: i32) -> Result<()> {
        cx.blocked(|| {
            (fd_low..fd_high).for_each(|fd| {
                let _ = sys::close(fd);
            })
        });
        Ok(())
    }
    /// Read from a file descriptor.  Returns a bytes object.
    #[sig(fd, length, /)]
    fn read(cx: &mut Cx, fd: i32, length: isize) -> Result<Obj> {
        let n = usize::try_from(length).map_err(|_| os_error(cx, libc::EINVAL))?;
        cx.check_room(n)?;
        let mut buf = vec![0; n];
        let got = sys_raise(cx, || sys::read(fd, &mut buf))?;
        bytes_obj(cx, &buf[..got])
    }
    /// Read into a buffer object from a file descriptor.
    #[sig(fd, buffer, /)]
    fn readinto(cx: &mut Cx, fd: i32, buffer: Obj) -> Result<usize> {
        let mut buf = vec![0; buffer::writable_len(cx, buffer)?];
        let got = sys_raise(cx, || sys::read(fd, &mut buf))?;
        buffer::write_into(cx, buffer, &buf[..got])?;
        Ok(got)
    }
    /// Write a bytes object to a file descriptor.
    #[sig(fd, data, /)]
    fn write(cx: &mut Cx, fd: i32, data: Buf) -> Result<usize> {
        let data = data.to_vec(cx)?;
        sys_raise(cx, || sys::write(fd, &data))
    }
    /// Read a number of bytes from a file descriptor starting at a particular offset.
    #[sig(fd, length, offset, /)]
    fn pread(cx: &mut Cx, fd: i32, length: usize, offset: i64) -> Result<Obj> {
        cx.check_room(length)?;
        let mut buf = vec![0; length];
        let got = sys_raise(cx, || sys::pread(fd, &mut buf, offset))?;
        bytes_obj(cx, &buf[..got])
    }
    /// Write bytes to a file descriptor starting at a particular offset.
    #[sig(fd, buffer, offset, /)]
    fn pwrite(cx: &mut Cx, fd: i32, buffer: Buf, offset: i64) -> Result<usize> {
        let data = buffer.to_vec(cx)?;
        sys_raise(cx, || sys::pwrite(fd, &data, offset))
    }
    /// Set the position of a file descriptor.  Return the new position.
    #[sig(fd, position, how, /)]
    fn lseek(cx: &mut Cx, fd: i32, position: i64, how: i32) -> Result<i64> {
        sys_raise(cx, || sys::lseek(fd, position, how))
    }
    /// Copy count bytes from file descriptor in_fd to file descriptor out_fd.
    #[sig(out_fd, in_fd, offset, count)]
    fn sendfile(cx: &mut Cx, out_fd: i32, in_fd: i32, offset: Option<i64>, count: usize) -> Result<usize> {
        sys_raise(cx, || sys::sendfile(out_fd, in_fd, offset, count))
    }
    /// Return a duplicate of a file descriptor.
    fn dup(cx: &mut Cx, fd: i32) -> Result<i32> {
        sys_raise(cx, || sys::dup(fd))
    }
    /// Duplicate file descriptor.
    #[sig(fd, fd2, inheritable = True)]
    fn dup2(cx: &mut Cx, fd: i32, fd2: i32, inheritable: bool) -> Result<i32> {
        if fd < 0 || fd2 < 0 {
            return Err(os_error(cx, libc::EBADF));
        }
        sys_raise(cx, || sys::dup3(fd, fd2, inheritable))
    }
    /// Create a pipe.
    fn pipe(cx: &mut Cx) -> Result<(i32, i32)> {
        sys_raise(cx, || sys::pipe2(libc::O_CLOEXEC))
    }
    /// Create a pipe with flags set atomically.
    fn pipe2(cx: &mut Cx, flags: i32) -> Result<(i32, i32)> {
        sys_raise(cx, || sys::pipe2(flags))
    }
    /// Return True if the fd is connected to a terminal.
    fn isatty(cx: &mut Cx, fd: i32) -> bool {
        cx.blocked(|| sys::isatty(fd))
    }
    /// Return the name of the terminal device connected to 'fd'.
    fn ttyname(cx: &mut Cx, fd: i32) -> Result<Obj> {
        let b = sys_raise(cx, || sys::ttyname(fd))?;
        fs_decode(cx, &b)
    }
    /// Force write of fd to disk.
    #[sig(fd)]
    fn fsync(cx: &mut Cx, fd: Fd) -> Result<()> {
        sys_raise(cx, || sys::fsync(fd.0))
    }
    /// Force write of fd to disk without forcing update of metadata.
    #[sig(fd)]
    fn fdatasync(cx: &mut Cx, fd: Fd) -> Result<()> {
        sys_raise(cx, || sys::fdatasync(fd.0))
    }
    /// Truncate a file, specified by file descriptor, to a specific length.
    #[sig(fd, length, /)]
    fn ftruncate(cx: &mut Cx, fd: i32, length: i64) -> Result<()> {
        sys_raise(cx, || sys::ftruncate(fd, length))
    }
    /// Truncate a file, specified by path, to a specific length.
    #[sig(path, length)]
    fn truncate(cx: &mut Cx, path: PathOrFd, length: i64) -> Result<()> {
        match sys_call(cx, || match &path {
            PathOrFd::Path(p) => sys::truncate(p.as_c(), length),
            PathOrFd::Fd(fd) => sys::ftruncate(*fd, length),
        })? {
            Ok(()) => Ok(()),
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Get the close-on-exe flag of the specified file descriptor.
    fn get_inheritable(cx: &mut Cx, fd: i32) -> Result<bool> {
        Ok(sys_raise(cx, || sys::fcntl(fd, libc::F_GETFD, 0))? & libc::FD_CLOEXEC == 0)
    }
    /// Set the inheritable flag of the specified file descriptor.
    fn set_inheritable(cx: &mut Cx, fd: i32, inheritable: i32) -> Result<()> {
        sys_raise(cx, || sys::set_inheritable(fd, inheritable != 0))
    }
    /// Get the blocking mode of the file descriptor.
    fn get_blocking(cx: &mut Cx, fd: i32) -> Result<bool> {
        Ok(sys_raise(cx, || sys::fcntl(fd, libc::F_GETFL, 0))? & libc::O_NONBLOCK == 0)
    }
    /// Set the blocking mode of the specified file descriptor.
    fn set_blocking(cx: &mut Cx, fd: i32, blocking: bool) -> Result<()> {
        let old = sys_raise(cx, || sys::fcntl(fd, libc::F_GETFL, 0))?;
        let new = if blocking { old & !libc::O_NONBLOCK } else { old | libc::O_NONBLOCK };
        sys_raise(cx, || sys::fcntl(fd, libc::F_SETFL, i64::from(new))).map(|_| ())
    }
    /// Return a string describing the encoding of a terminal's file descriptor.
    #[sig(fd)]
    fn device_encoding(cx: &mut Cx, fd: i32) -> Option<&'static str> {
        cx.blocked(|| sys::isatty(fd)).then_some("UTF-8")
    }

    /// Create a directory.
    #[sig(path, mode = 511, *, dir_fd = None)]
    fn mkdir(cx: &mut Cx, path: PathArg, mode: i32, dir_fd: DirFd) -> Result<()> {
        on_path(cx, &path, || sys::mkdirat(dir_fd.0, path.as_c(), mode as u32))
    }
    /// Create a "fifo" (a POSIX named pipe).
    #[sig(path, mode = 438, *, dir_fd = None)]
    fn mkfifo(cx: &mut Cx, path: PathArg, mode: i32, dir_fd: DirFd) -> Result<()> {
        on_path(cx, &path, || sys::mkfifoat(dir_fd.0, path.as_c(), mode as u32))
    }
    /// Remove a directory.
    #[sig(path, *, dir_fd = None)]
    fn rmdir(cx: &mut Cx, path: PathArg, dir_fd: DirFd) -> Result<()> {
        on_path(cx, &path, || sys::unlinkat(dir_fd.0, path.as_c(), libc::AT_REMOVEDIR))
    }
    /// Remove a file (same as remove()).
    #[sig(path, *, dir_fd = None)]
    fn unlink(cx: &mut Cx, path: PathArg, dir_fd: DirFd) -> Result<()> {
        on_path(cx, &path, || sys::unlinkat(dir_fd.0, path.as_c(), 0))
    }
    /// Remove a file (same as unlink()).
    #[sig(path, *, dir_fd = None)]
    fn remove(cx: &mut Cx, path: PathArg, dir_fd: DirFd) -> Result<()> {
        on_path(cx, &path, || sys::unlinkat(dir_fd.0, path.as_c(), 0))
    }
    /// Rename a file or directory.
    #[sig(src, dst, *, src_dir_fd = None, dst_dir_fd = None)]
    fn rename(cx: &mut Cx, src: PathArg, dst: PathArg, src_dir_fd: DirFd, dst_dir_fd: DirFd) -> Result<()> {
        on_paths(cx, &src, &dst, || sys::renameat(src_dir_fd.0, src.as_c(), dst_dir_fd.0, dst.as_c()))
    }
    /// Rename a file or directory, overwriting the destination.
    #[sig(src, dst, *, src_dir_fd = None, dst_dir_fd = None)]
    fn replace(cx: &mut Cx, src: PathArg, dst: PathArg, src_dir_fd: DirFd, dst_dir_fd: DirFd) -> Result<()> {
        on_paths(cx, &src, &dst, || sys::renameat(src_dir_fd.0, src.as_c(), dst_dir_fd.0, dst.as_c()))
    }
    /// Create a hard link to a file.
    #[sig(src, dst, *, src_dir_fd = None, dst_dir_fd = None, follow_symlinks = True)]
    fn link(
        cx: &mut Cx,
        src: PathArg,
        dst: PathArg,
        src_dir_fd: DirFd,
        dst_dir_fd: DirFd,
        follow_symlinks: bool,
    ) -> Result<()> {
        let flags = if follow_symlinks { libc::AT_SYMLINK_FOLLOW } else { 0 };
        on_paths(cx, &src, &dst, || sys::linkat(src_dir_fd.0, src.as_c(), dst_dir_fd.0, dst.as_c(), flags))
    }
    /// Create a symbolic link pointing to src named dst.
    #[sig(src, dst, target_is_directory = False, *, dir_fd = None)]
    fn symlink(cx: &mut Cx, src: PathArg, dst: PathArg, target_is_directory: bool, dir_fd: DirFd) -> Result<()> {
        let _ = target_is_directory;
        on_paths(cx, &src, &dst, || sys::symlinkat(src.as_c(), dir_fd.0, dst.as_c()))
    }
    /// Return a string representing the path to which the symbolic link points.
    #[sig(path, *, dir_fd = None)]
    fn readlink(cx: &mut Cx, path: PathArg, dir_fd: DirFd) -> Result<Obj> {
        match sys_call(cx, || sys::readlinkat(dir_fd.0, path.as_c()))? {
            Ok(b) => path.name(cx, &b),
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Use the real uid/gid to test for access to a path.
    #[sig(path, mode, *, dir_fd = None, effective_ids = False, follow_symlinks = True)]
    fn access(
        cx: &mut Cx,
        path: PathArg,
        mode: i32,
        dir_fd: DirFd,
        effective_ids: bool,
        follow_symlinks: bool,
    ) -> Result<bool> {
        let mut flags = if effective_ids { libc::AT_EACCESS } else { 0 };
        if !follow_symlinks {
            flags |= libc::AT_SYMLINK_NOFOLLOW;
        }
        Ok(sys_call(cx, || sys::faccessat(dir_fd.0, path.as_c(), mode, flags))?.is_ok())
    }
    /// Change the current working directory to the specified path.
    #[sig(path)]
    fn chdir(cx: &mut Cx, path: PathOrFd) -> Result<()> {
        match sys_call(cx, || match &path {
            PathOrFd::Path(p) => sys::chdir(p.as_c()),
            PathOrFd::Fd(fd) => sys::fchdir(*fd),
        })? {
            Ok(()) => Ok(()),
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Change to the directory of the given file descriptor.
    #[sig(fd)]
    fn fchdir(cx: &mut Cx, fd: Fd) -> Result<()> {
        sys_raise(cx, || sys::fchdir(fd.0))
    }
    /// Change root directory to path.
    #[sig(path)]
    fn chroot(cx: &mut Cx, path: PathArg) -> Result<()> {
        on_path(cx, &path, || sys::chroot(path.as_c()))
    }
    /// Return a unicode string representing the current working directory.
    fn getcwd(cx: &mut Cx) -> Result<Obj> {
        let b = cwd(cx)?;
        fs_decode(cx, &b)
    }
    /// Return a bytes string representing the current working directory.
    fn getcwdb(cx: &mut Cx) -> Result<Obj> {
        let b = cwd(cx)?;
        bytes_obj(cx, &b)
    }
    #[internal]
    fn cwd(cx: &mut Cx) -> Result<Vec<u8>> {
        use std::os::unix::ffi::OsStringExt;
        match cx.blocked(std::env::current_dir) {
            Ok(p) => Ok(p.into_os_string().into_vec()),
            Err(e) => Err(os_error(cx, e.raw_os_error().unwrap_or(libc::ENOENT))),
        }
    }
    /// Change the access permissions of a file.
    #[sig(path, mode, *, dir_fd = None, follow_symlinks = True)]
    fn chmod(cx: &mut Cx, path: PathOrFd, mode: i32, dir_fd: DirFd, follow_symlinks: bool) -> Result<()> {
        let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        match sys_call(cx, || match &path {
            PathOrFd::Path(p) => sys::fchmodat(dir_fd.0, p.as_c(), mode as u32, flags),
            PathOrFd::Fd(fd) => sys::fchmod(*fd, mode as u32),
        })? {
            Ok(()) => Ok(()),
            // A link has no mode of its own here.
            Err(libc::EOPNOTSUPP) if !follow_symlinks && dir_fd.0 != libc::AT_FDCWD => {
                Err(cx.value_error("chmod: cannot use dir_fd and follow_symlinks together"))
            }
            Err(libc::EOPNOTSUPP) if !follow_symlinks => {
                Err(cx.error(ExcKind::NotImplementedError, "chmod: follow_symlinks unavailable on this platform"))
            }
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Change the access permissions of the file given by file descriptor fd.
    #[sig(fd, mode)]
    fn fchmod(cx: &mut Cx, fd: i32, mode: i32) -> Result<()> {
        sys_raise(cx, || sys::fchmod(fd, mode as u32))
    }
    /// Change the owner and group id of path to the numeric uid and gid.
    #[sig(path, uid, gid, *, dir_fd = None, follow_symlinks = True)]
    fn chown(cx: &mut Cx, path: PathOrFd, uid: Uid, gid: Gid, dir_fd: DirFd, follow_symlinks: bool) -> Result<()> {
        let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        match sys_call(cx, || match &path {
            PathOrFd::Path(p) => sys::fchownat(dir_fd.0, p.as_c(), uid.0, gid.0, flags),
            PathOrFd::Fd(fd) => sys::fchown(*fd, uid.0, gid.0),
        })? {
            Ok(()) => Ok(()),
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Change the owner and group id of the file specified by file descriptor.
    #[sig(fd, uid, gid)]
    fn fchown(cx: &mut Cx, fd: i32, uid: Uid, gid: Gid) -> Result<()> {
        sys_raise(cx, || sys::fchown(fd, uid.0, gid.0))
    }
    /// Change the owner and group id of path; links are not followed.
    #[sig(path, uid, gid)]
    fn lchown(cx: &mut Cx, path: PathArg, uid: Uid, gid: Gid) -> Result<()> {
        on_path(cx, &path, || sys::fchownat(libc::AT_FDCWD, path.as_c(), uid.0, gid.0, libc::AT_SYMLINK_NOFOLLOW))
    }
    /// Set the access and modified time of path.
    #[sig(path, times = None, *, ns = <missing>, dir_fd = None, follow_symlinks = True)]
    fn utime(
        cx: &mut Cx,
        path: PathOrFd,
        times: Option<Obj>,
        ns: Missing<Obj>,
        dir_fd: DirFd,
        follow_symlinks: bool,
    ) -> Result<()> {
        let pair = |cx: &mut Cx, o: Obj, what: &str| match o.cast::<Tuple>().map(|t| t.payload().items()) {
            Some(&[a, b]) => Ok((a, b)),
            _ => Err(cx.type_error(format!(
                "utime: '{what}' must be {}",
                if what == "ns" { "a tuple of two ints" } else { "either a tuple of two ints or None" }
            ))),
        };
        let t = match (times, ns.given()) {
            (Some(_), Some(_)) => {
                return Err(cx.value_error("utime: you may specify either 'times' or 'ns' but not both"));
            }
            (Some(t), None) => {
                let (a, b) = pair(cx, t, "times")?;
                Some([split_time(cx, a)?, split_time(cx, b)?])
            }
            (None, Some(n)) => {
                let (a, b) = pair(cx, n, "ns")?;
                let split = |cx: &mut Cx, o: Obj| -> Result<(i64, i64)> {
                    let i = ops::index(cx, o)?;
                    let v = int::to_i128(i).ok_or_else(|| {
                        cx.error(ExcKind::OverflowError, "timestamp out of range for platform time_t")
                    })?;
                    Ok((v.div_euclid(1_000_000_000) as i64, v.rem_euclid(1_000_000_000) as i64))
                };
                Some([split(cx, a)?, split(cx, b)?])
            }
            (None, None) => None,
        };
        let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        match sys_call(cx, || match &path {
            PathOrFd::Path(p) => sys::utimens(dir_fd.0, Some(p.as_c()), t, flags),
            PathOrFd::Fd(fd) => sys::utimens(*fd, None, t, 0),
        })? {
            Ok(()) => Ok(()),
            Err(e) => Err(path.error(cx, e)),
        }
    }
    /// Set the current numeric umask and return the previous umask.
    fn umask(mask: i32) -> u32 {
        sys::umask(mask as u32)
    }
    /// Return the file system path representation of the object.
    #[sig(path)]
    fn fspath(cx: &mut Cx, path: Obj) -> Result<Obj> {
        crate::util::fspath(cx, path)
    }
    /// Normalize path, eliminating double slashes, etc.
    #[name("_path_normpath")]
    #[sig(path)]
    fn path_normpath(cx: &mut Cx, path: Text) -> Result<Obj> {
        match path {
            Text::Bytes(b) => bytes_obj(cx, &normal(&b)),
            Text::Str(s) => Ok(str::from_ucs4(cx, &normal(&s))?.obj()),
        }
    }
    /// Split a pathname into drive, root and tail.
    #[name("_path_splitroot_ex")]
    #[sig(path, /)]
    fn path_splitroot_ex(cx: &mut Cx, path: Text) -> Result<Obj> {
        match path {
            Text::Bytes(b) => {
                let (root, tail) = b.split_at(root_len(&b));
                (bytes_obj(cx, b"")?, bytes_obj(cx, root)?, bytes_obj(cx, tail)?).into_obj(cx)
            }
            Text::Str(s) => {
                let (root, tail) = s.split_at(root_len(&s));
                (str::new(cx, "")?, str::from_ucs4(cx, root)?, str::from_ucs4(cx, tail)?).into_obj(cx)
            }
        }
    }
}
