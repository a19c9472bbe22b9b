//! Pseudo-terminals.
//!
//! Tests: CPython test_os, test_pty, test_openpty, test_posix.

use crate::sys;
use crate::util::{Fd, HOOKS, fs_decode, os_error, sys_raise};
use sys::terminal as call;
use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result};

/// Part of `posix`.
#[module("posix")]
pub mod terminal {
    use super::*;

    /// Open a pseudo-terminal; returns the descriptors of both ends.
    fn openpty(cx: &mut Cx) -> Result<(i32, i32)> {
        sys_raise(cx, call::openpty)
    }
    /// Prepare the terminal of which fd is a descriptor for a new login session:
    /// the calling process leads a session with this controlling terminal, which
    /// is its standard input, output and error.
    fn login_tty(cx: &mut Cx, fd: Fd) -> Result<()> {
        sys_raise(cx, || call::login_tty(fd.0))
    }
    /// Fork a child process with a new pseudo-terminal as its controlling one.
    /// Returns (pid, descriptor of the other end); pid is 0 in the child.
    fn forkpty(cx: &mut Cx) -> Result<(i32, i32)> {
        let (master, slave) = sys_raise(cx, call::openpty)?;
        let forked = match HOOKS.fork.get() {
            Some(f) => f(cx),
            None => sys::raw_fork().map_err(|e| os_error(cx, e)),
        };
        let pid = match forked {
            Ok(pid) => pid,
            Err(e) => {
                let _ = (sys::close(master), sys::close(slave));
                return Err(e);
            }
        };
        if pid == 0 {
            let _ = sys::close(master);
            if call::login_tty(slave).is_err() {
                sys::exit(1);
            }
            return Ok((0, -1));
        }
        let _ = sys::close(slave);
        Ok((pid, master))
    }
    /// Open and return a file descriptor for a master pseudo-terminal device.
    fn posix_openpt(cx: &mut Cx, oflag: i32) -> Result<i32> {
        let fd = sys_raise(cx, || call::posix_openpt(oflag))?;
        sys_raise(cx, || sys::set_inheritable(fd, false))?;
        Ok(fd)
    }
    /// Grant access to the slave pseudo-terminal device.
    fn grantpt(cx: &mut Cx, fd: Fd) -> Result<()> {
        sys_raise(cx, || call::grantpt(fd.0))
    }
    /// Unlock a pseudo-terminal master/slave pair.
    fn unlockpt(cx: &mut Cx, fd: Fd) -> Result<()> {
        sys_raise(cx, || call::unlockpt(fd.0))
    }
    /// The name of the slave pseudo-terminal device.
    fn ptsname(cx: &mut Cx, fd: Fd) -> Result<Obj> {
        let b = sys_raise(cx, || call::ptsname(fd.0))?;
        fs_decode(cx, &b)
    }
}
