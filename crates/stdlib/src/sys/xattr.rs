//! Extended attributes of files. Tests: CPython test_os.

use super::{Sys, long, unit};
use std::ffi::CStr;

/// Which file a call is about.
pub enum File<'a> {
    /// A name; links are followed.
    Path(&'a CStr),
    /// A name; a link itself is meant.
    Link(&'a CStr),
    /// A descriptor.
    Fd(i32),
}

/// Calls with more and more room while the answer does not fit.
fn grown(mut call: impl FnMut(&mut [u8]) -> isize) -> Sys<Vec<u8>> {
    for size in [256, 1 << 16, 1 << 20] {
        let mut buf = vec![0u8; size];
        match long(call(&mut buf) as i64) {
            Ok(n) => {
                buf.truncate(n as usize);
                return Ok(buf);
            }
            Err(libc::ERANGE) => {}
            Err(e) => return Err(e),
        }
    }
    Err(libc::ERANGE)
}

pub fn get(file: &File<'_>, name: &CStr) -> Sys<Vec<u8>> {
    let n = name.as_ptr();
    // The buffer is as long as said.
    grown(|b| unsafe {
        match file {
            File::Path(p) => libc::getxattr(p.as_ptr(), n, b.as_mut_ptr().cast(), b.len()),
            File::Link(p) => libc::lgetxattr(p.as_ptr(), n, b.as_mut_ptr().cast(), b.len()),
            File::Fd(fd) => libc::fgetxattr(*fd, n, b.as_mut_ptr().cast(), b.len()),
        }
    })
}
/// Names, each ended by a NUL.
pub fn list(file: &File<'_>) -> Sys<Vec<u8>> {
    // The buffer is as long as said.
    grown(|b| unsafe {
        match file {
            File::Path(p) => libc::listxattr(p.as_ptr(), b.as_mut_ptr().cast(), b.len()),
            File::Link(p) => libc::llistxattr(p.as_ptr(), b.as_mut_ptr().cast(), b.len()),
            File::Fd(fd) => libc::flistxattr(*fd, b.as_mut_ptr().cast(), b.len()),
        }
    })
}
pub fn set(file: &File<'_>, name: &CStr, value: &[u8], flags: i32) -> Sys<()> {
    let (n, v) = (name.as_ptr(), value.as_ptr().cast());
    unit(unsafe {
        match file {
            File::Path(p) => libc::setxattr(p.as_ptr(), n, v, value.len(), flags),
            File::Link(p) => libc::lsetxattr(p.as_ptr(), n, v, value.len(), flags),
            File::Fd(fd) => libc::fsetxattr(*fd, n, v, value.len(), flags),
        }
    })
}
pub fn remove(file: &File<'_>, name: &CStr) -> Sys<()> {
    let n = name.as_ptr();
    unit(unsafe {
        match file {
            File::Path(p) => libc::removexattr(p.as_ptr(), n),
            File::Link(p) => libc::lremovexattr(p.as_ptr(), n),
            File::Fd(fd) => libc::fremovexattr(*fd, n),
        }
    })
}
