//! Configuration of the system and of files. Tests: CPython test_os, test_posix.

use super::{Sys, clear_errno, errno};
use std::ffi::CStr;

/// A limit, where -1 without an error means that there is none.
fn limit(ask: impl FnOnce() -> i64) -> Sys<i64> {
    clear_errno();
    match ask() {
        -1 if errno() != 0 => Err(errno()),
        n => Ok(n),
    }
}
pub fn pathconf(path: &CStr, name: i32) -> Sys<i64> {
    limit(|| unsafe { libc::pathconf(path.as_ptr(), name) })
}
pub fn fpathconf(fd: i32, name: i32) -> Sys<i64> {
    limit(|| unsafe { libc::fpathconf(fd, name) })
}
/// `None` if the variable has no value.
pub fn confstr(name: i32) -> Sys<Option<Vec<u8>>> {
    let mut buf = vec![0u8; 255];
    loop {
        clear_errno();
        // Writes at most `len` bytes, and says how many there would be.
        let n = unsafe { libc::confstr(name, buf.as_mut_ptr().cast(), buf.len()) };
        match n {
            0 if errno() != 0 => return Err(errno()),
            0 => return Ok(None),
            n if n <= buf.len() => {
                buf.truncate(n - 1);
                return Ok(Some(buf));
            }
            n => buf.resize(n, 0),
        }
    }
}
