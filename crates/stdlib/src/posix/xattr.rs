//! Extended attributes of files.
//!
//! Tests: CPython test_os.

use crate::buffer::Buf;
use crate::sys::{self, xattr as call};
use crate::util::{Path, PathArg, PathOrFd, bytes_obj, fs_decode, sys_call};
use sys::xattr::File;
use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, list};

/// Make a call on the file that the arguments mean.
fn on_file<T>(
    cx: &mut Cx,
    path: &PathOrFd,
    follow: bool,
    what: &str,
    mut f: impl FnMut(&File<'_>) -> sys::Sys<T>,
) -> Result<T> {
    let file = match path {
        PathOrFd::Path(p) if follow => File::Path(p.as_c()),
        PathOrFd::Path(p) => File::Link(p.as_c()),
        PathOrFd::Fd(fd) if follow => File::Fd(*fd),
        PathOrFd::Fd(_) => {
            return Err(cx.value_error(format!("{what}: cannot use fd and follow_symlinks together")));
        }
    };
    match sys_call(cx, || f(&file))? {
        Ok(v) => Ok(v),
        Err(e) => Err(path.error(cx, e)),
    }
}

/// Part of `posix`.
#[module("posix")]
pub mod xattr {
    use super::*;

    /// Return the value of extended attribute attribute on path.
    #[sig(path, attribute, *, follow_symlinks = True)]
    fn getxattr(cx: &mut Cx, path: PathOrFd, attribute: PathArg, follow_symlinks: bool) -> Result<Obj> {
        let v = on_file(cx, &path, follow_symlinks, "getxattr", |f| call::get(f, attribute.as_c()))?;
        bytes_obj(cx, &v)
    }
    /// Set extended attribute attribute on path to value.
    #[sig(path, attribute, value, flags = 0, *, follow_symlinks = True)]
    fn setxattr(
        cx: &mut Cx,
        path: PathOrFd,
        attribute: PathArg,
        value: Buf,
        flags: i32,
        follow_symlinks: bool,
    ) -> Result<()> {
        let value = value.to_vec(cx)?;
        on_file(cx, &path, follow_symlinks, "setxattr", |f| call::set(f, attribute.as_c(), &value, flags))
    }
    /// Remove extended attribute attribute on path.
    #[sig(path, attribute, *, follow_symlinks = True)]
    fn removexattr(cx: &mut Cx, path: PathOrFd, attribute: PathArg, follow_symlinks: bool) -> Result<()> {
        on_file(cx, &path, follow_symlinks, "removexattr", |f| call::remove(f, attribute.as_c()))
    }
    /// Return a list of extended attributes on path; of the current directory if
    /// it is None.
    #[sig(path = None, *, follow_symlinks = True)]
    fn listxattr(cx: &mut Cx, path: Option<Obj>, follow_symlinks: bool) -> Result<Obj> {
        let path = match path {
            Some(p) => PathOrFd::or_none(cx, p, "listxattr")?,
            None => PathOrFd::Path(Path { c: c".".to_owned(), obj: Obj::NONE, is_bytes: false }),
        };
        let names = on_file(cx, &path, follow_symlinks, "listxattr", call::list)?;
        let l = list::new(cx, &[])?;
        for n in names.split(|b| *b == 0).filter(|n| !n.is_empty()) {
            let n = fs_decode(cx, n)?;
            l.append(cx, n)?;
        }
        Ok(l.obj())
    }
}
