//! Processes, the environment, the machine.
//!
//! Tests: CPython test_os, test_posix.

use crate::structseq::StructSeq;
use crate::sys;
use crate::util::{HOOKS, Path, bytes_obj, fs_decode, os_error, sys_raise};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use typhon_macros::module;
use typhon_object::dict;
use typhon_object::native::{IntoObj, Missing};
use typhon_object::obj::Obj;
use typhon_object::{Cx, ExcKind, Result};

/// `os.terminal_size`.
pub static TERMINAL_SIZE: StructSeq = StructSeq::new(
    "os",
    "terminal_size",
    "A tuple of (columns, lines) for holding terminal window size",
    &[
        ("columns", "width of the terminal window in characters"),
        ("lines", "height of the terminal window in characters"),
    ],
    2,
);
/// `os.uname_result`.
pub static UNAME_RESULT: StructSeq = StructSeq::new(
    "posix",
    "uname_result",
    "uname_result: Result from os.uname().\n\nThis object may be accessed either as a tuple of\n  (sysname, nodename, release, version, machine),\nor via the attributes sysname, nodename, release, version, and machine.\n\nSee os.uname for more information.",
    &[
        ("sysname", "operating system name"),
        ("nodename", "name of machine on network (implementation-defined)"),
        ("release", "operating system release"),
        ("version", "operating system version"),
        ("machine", "hardware identifier"),
    ],
    5,
);
/// `os.times_result`.
pub static TIMES_RESULT: StructSeq = StructSeq::new(
    "posix",
    "times_result",
    "times_result: Result from os.times().\n\nThis object may be accessed either as a tuple of\n  (user, system, children_user, children_system, elapsed),\nor via the attributes user, system, children_user, children_system,\nand elapsed.\n\nSee os.times for more information.",
    &[
        ("user", "user time"),
        ("system", "system time"),
        ("children_user", "user time of children"),
        ("children_system", "system time of children"),
        ("elapsed", "elapsed time since an arbitrary point in the past"),
    ],
    5,
);

/// `os.waitid_result`.
pub static WAITID_RESULT: StructSeq = StructSeq::new(
    "posix",
    "waitid_result",
    "waitid_result: Result from waitid.\n\nThis object may be accessed either as a tuple of\n  (si_pid, si_uid, si_signo, si_status, si_code),\nor via the attributes si_pid, si_uid, and so on.\n\nSee os.waitid for more information.",
    &[("si_pid", ""), ("si_uid", ""), ("si_signo", ""), ("si_status", ""), ("si_code", "")],
    5,
);

/// `posix.environ`: bytes to bytes, as it is now.
pub fn environ(cx: &mut Cx) -> Result<Obj> {
    let d = dict::new(cx)?;
    for (k, v) in std::env::vars_os() {
        let k = bytes_obj(cx, k.as_bytes())?;
        let v = bytes_obj(cx, v.as_bytes())?;
        d.insert(cx, k, v)?;
    }
    Ok(d.obj())
}

/// Set a variable of the process's environment.
pub fn set_environ(k: &std::ffi::CStr, v: Option<&std::ffi::CStr>) -> sys::Sys<()> {
    match v {
        Some(v) => sys::setenv(k, v),
        None => sys::unsetenv(k),
    }
}

/// Part of `posix`.
#[module("posix")]
pub mod process {
    use super::*;

    /// Return the current process id.
    fn getpid() -> i32 {
        sys::getpid()
    }
    /// Return the parent's process id.
    fn getppid() -> i32 {
        sys::getppid()
    }
    /// Return the current process group id.
    fn getpgrp() -> i32 {
        sys::getpgrp()
    }
    /// Call the system call getpgid(), and return the result.
    #[sig(pid)]
    fn getpgid(cx: &mut Cx, pid: i32) -> Result<i32> {
        sys_raise(cx, || sys::getpgid(pid))
    }
    /// Call the system call setpgid(pid, pgrp).
    fn setpgid(cx: &mut Cx, pid: i32, pgrp: i32) -> Result<()> {
        sys_raise(cx, || sys::setpgid(pid, pgrp))
    }
    /// Make the current process the leader of its process group.
    fn setpgrp(cx: &mut Cx) -> Result<()> {
        sys_raise(cx, || sys::setpgid(0, 0))
    }
    /// Call the system call getsid(pid) and return the result.
    fn getsid(cx: &mut Cx, pid: i32) -> Result<i32> {
        sys_raise(cx, || sys::getsid(pid))
    }
    /// Call the system call setsid().
    fn setsid(cx: &mut Cx) -> Result<()> {
        sys_raise(cx, sys::setsid).map(|_| ())
    }
    /// Return the process group associated with the terminal specified by fd.
    fn tcgetpgrp(cx: &mut Cx, fd: i32) -> Result<i32> {
        sys_raise(cx, || sys::tcgetpgrp(fd))
    }
    /// Set the process group associated with the terminal specified by fd.
    fn tcsetpgrp(cx: &mut Cx, fd: i32, pgid: i32) -> Result<()> {
        sys_raise(cx, || sys::tcsetpgrp(fd, pgid))
    }
    /// Return the number of logical CPUs in the system.
    fn cpu_count(cx: &Cx) -> Result<Obj> {
        match sys::sysconf(libc::_SC_NPROCESSORS_ONLN) {
            Ok(n) if n > 0 => n.into_obj(cx),
            _ => Ok(Obj::NONE),
        }
    }
    /// Return average recent system load information.
    fn getloadavg(cx: &mut Cx) -> Result<Obj> {
        match sys::loadavg() {
            Some([a, b, c]) => (a, b, c).into_obj(cx),
            None => Err(cx.error(ExcKind::OSError, "Load averages are unobtainable")),
        }
    }
    /// Return a bytes object containing random bytes suitable for cryptographic use.
    fn urandom(cx: &mut Cx, size: isize) -> Result<Obj> {
        let n = usize::try_from(size).map_err(|_| cx.value_error("negative argument not allowed"))?;
        cx.check_room(n)?;
        let mut buf = vec![0; n];
        let mut done = 0;
        while done < n {
            done += sys_raise(cx, || sys::getrandom(&mut buf[done..], 0))?;
        }
        bytes_obj(cx, &buf)
    }
    /// Obtain a series of random bytes.
    #[sig(size, flags = 0)]
    fn getrandom(cx: &mut Cx, size: isize, flags: i32) -> Result<Obj> {
        let n = usize::try_from(size).map_err(|_| os_error(cx, libc::EINVAL))?;
        cx.check_room(n)?;
        let mut buf = vec![0; n];
        let got = sys_raise(cx, || sys::getrandom(&mut buf, flags as u32))?;
        bytes_obj(cx, &buf[..got])
    }
    /// Return the size of the terminal window as (columns, lines).
    #[sig(fd = <missing>, /)]
    fn get_terminal_size(cx: &mut Cx, fd: typhon_object::native::Missing<i32>) -> Result<Obj> {
        let fd = fd.given().unwrap_or(1);
        let (c, l) = sys_raise(cx, || sys::winsize(fd))?;
        TERMINAL_SIZE.instance(cx, &[Obj::int_unchecked(i64::from(c)), Obj::int_unchecked(i64::from(l))])
    }
    /// Return an object identifying the current operating system.
    fn uname(cx: &mut Cx) -> Result<Obj> {
        let u = sys_raise(cx, sys::uname)?;
        let mut v = [Obj::NONE; 5];
        for (i, b) in u.iter().enumerate() {
            v[i] = fs_decode(cx, b)?;
        }
        UNAME_RESULT.instance(cx, &v)
    }
    /// Return a collection containing process timing information.
    fn times(cx: &mut Cx) -> Result<Obj> {
        let mut v = [Obj::NONE; 5];
        for (i, t) in sys::times().into_iter().enumerate() {
            v[i] = t.into_obj(cx)?;
        }
        TIMES_RESULT.instance(cx, &v)
    }
    /// Translate an error code to a message string.
    fn strerror(code: i32) -> String {
        sys::strerror(code)
    }
    /// Return the actual login name.
    fn getlogin(cx: &mut Cx) -> Result<Obj> {
        match std::env::var_os("LOGNAME") {
            Some(n) => fs_decode(cx, &n.into_vec()),
            None => Err(os_error(cx, libc::ENXIO)),
        }
    }
    /// Return the name of the controlling terminal for this process.
    fn ctermid() -> &'static str {
        "/dev/tty"
    }
    /// Change or add an environment variable.
    fn putenv(cx: &mut Cx, name: Path, value: Path) -> Result<()> {
        if name.c.as_bytes().contains(&b'=') || name.c.is_empty() {
            return Err(cx.value_error("illegal environment variable name"));
        }
        set_environ(name.as_c(), Some(value.as_c())).map_err(|e| os_error(cx, e))
    }
    /// Delete an environment variable.
    fn unsetenv(cx: &mut Cx, name: Path) -> Result<()> {
        set_environ(name.as_c(), None).map_err(|e| os_error(cx, e))
    }
    /// Create the environment dictionary.
    #[name("_create_environ")]
    fn create_environ(cx: &mut Cx) -> Result<Obj> {
        environ(cx)
    }
    /// Kill a process with a signal.
    fn kill(cx: &mut Cx, pid: i32, signal: i32) -> Result<()> {
        sys_raise(cx, || sys::kill(pid, signal))?;
        crate::util::poll(cx)
    }
    /// Kill a process group with a signal.
    fn killpg(cx: &mut Cx, pgid: i32, signal: i32) -> Result<()> {
        sys_raise(cx, || sys::killpg(pgid, signal))?;
        crate::util::poll(cx)
    }
    /// Exit to the system with specified status, without normal exit processing.
    #[name("_exit")]
    #[sig(status)]
    fn exit(cx: &mut Cx, status: i32) -> Result<()> {
        let _ = cx;
        sys::exit(status)
    }
    /// Abort the interpreter immediately.
    fn abort(cx: &mut Cx) -> Result<()> {
        let _ = cx;
        sys::abort()
    }
    /// Fork a child process.
    fn fork(cx: &mut Cx) -> Result<i32> {
        match HOOKS.fork.get() {
            Some(f) => f(cx),
            None => sys::raw_fork().map_err(|e| os_error(cx, e)),
        }
    }
    /// Wait for completion of a given child process.
    fn waitpid(cx: &mut Cx, pid: i32, options: i32) -> Result<(i32, i32)> {
        sys_raise(cx, || sys::waitpid(pid, options))
    }
    /// Wait for completion of a child process.
    fn wait(cx: &mut Cx) -> Result<(i32, i32)> {
        sys_raise(cx, || sys::waitpid(-1, 0))
    }
    /// Wait for completion of a specific child process.
    #[sig(pid, options)]
    fn wait4(cx: &mut Cx, pid: i32, options: i32) -> Result<Obj> {
        let (p, s, u) = sys_raise(cx, || sys::wait4(pid, options))?;
        let u = crate::resource::rusage(cx, &u)?;
        (p, s, u).into_obj(cx)
    }
    /// Wait for completion of a child process.
    #[sig(options)]
    fn wait3(cx: &mut Cx, options: i32) -> Result<Obj> {
        wait4(cx, -1, options)
    }
    /// Wait for a process or processes to change state; None if none has and
    /// WNOHANG was given.
    fn waitid(cx: &mut Cx, idtype: i32, id: i32, options: i32) -> Result<Obj> {
        let Some(r) = sys_raise(cx, || sys::sched::waitid(idtype, id as u32, options))? else {
            return Ok(Obj::NONE);
        };
        WAITID_RESULT.instance(cx, &r.map(Obj::int_unchecked))
    }
    /// A descriptor that stands for the process pid.
    #[sig(pid, flags = 0)]
    fn pidfd_open(cx: &mut Cx, pid: i32, flags: u32) -> Result<i32> {
        sys_raise(cx, || sys::sched::pidfd_open(pid, flags))
    }
    /// Convert a wait status to an exit code.
    #[sig(status)]
    fn waitstatus_to_exitcode(cx: &mut Cx, status: i32) -> Result<i32> {
        if libc::WIFEXITED(status) {
            return Ok(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(-libc::WTERMSIG(status));
        }
        Err(cx.value_error(format!("invalid wait status: {status}")))
    }
    /// Return True if the process returning status exited via the exit() system call.
    #[name("WIFEXITED")]
    #[sig(status)]
    fn wifexited(status: i32) -> bool {
        libc::WIFEXITED(status)
    }
    /// Return the process return code from status.
    #[name("WEXITSTATUS")]
    #[sig(status)]
    fn wexitstatus(status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }
    /// Return True if the process returning status was terminated by a signal.
    #[name("WIFSIGNALED")]
    #[sig(status)]
    fn wifsignaled(status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }
    /// Return the signal that terminated the process that provided the status value.
    #[name("WTERMSIG")]
    #[sig(status)]
    fn wtermsig(status: i32) -> i32 {
        libc::WTERMSIG(status)
    }
    /// Return True if the process returning status was stopped.
    #[name("WIFSTOPPED")]
    #[sig(status)]
    fn wifstopped(status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }
    /// Return the signal that stopped the process that provided the status value.
    #[name("WSTOPSIG")]
    #[sig(status)]
    fn wstopsig(status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }
    /// Return True if the process returning status was dumped to a core file.
    #[name("WCOREDUMP")]
    fn wcoredump(status: i32) -> bool {
        libc::WCOREDUMP(status)
    }
    /// Return True if a particular process returning status was continued from a stop.
    #[name("WIFCONTINUED")]
    #[sig(status)]
    fn wifcontinued(status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }
    /// Execute the command in a subshell.
    #[sig(command)]
    fn system(cx: &mut Cx, command: Path) -> Result<i32> {
        use std::os::unix::process::ExitStatusExt;
        let c = std::ffi::OsStr::from_bytes(command.c.as_bytes()).to_owned();
        let r = cx.blocked(|| std::process::Command::new("/bin/sh").arg("-c").arg(c).status());
        match r {
            Ok(s) => Ok(s.into_raw()),
            Err(e) => Err(os_error(cx, e.raw_os_error().unwrap_or(0))),
        }
    }
    /// Register callables to be called when forking a new process.
    #[sig(*, before = <missing>, after_in_child = <missing>, after_in_parent = <missing>)]
    fn register_at_fork(
        cx: &mut Cx,
        before: Missing<Obj>,
        after_in_child: Missing<Obj>,
        after_in_parent: Missing<Obj>,
    ) -> Result<()> {
        let (before, after_in_child, after_in_parent) =
            (before.given(), after_in_child.given(), after_in_parent.given());
        if before.is_none() && after_in_child.is_none() && after_in_parent.is_none() {
            return Err(cx.type_error("At least one argument is required."));
        }
        crate::at_fork::register(cx, before, after_in_child, after_in_parent)
    }
}
