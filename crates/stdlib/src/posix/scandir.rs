//! `listdir`, `scandir` and `DirEntry`.
//!
//! Tests: CPython test_os.

use super::stat::stat_path;
use crate::sys::{self, Dir};
use crate::util::{Path, PathOrFd, bytes_obj, fs_decode};
use std::ffi::CString;
use typhon_macros::{Trace, class, module};
use typhon_object::native::FromArg;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::{Cx, Guarded, Result, list, native, ops};

/// `os.DirEntry`.
#[derive(Trace)]
pub struct DirEntry {
    name: Obj,
    path: Obj,
    #[trace(skip)]
    c_path: CString,
    kind: u8,
    inode: u64,
    dir_fd: i32,
    #[trace(skip)]
    c_name: CString,
    stat: Slot,
    lstat: Slot,
}

impl DirEntry {
    fn fetch(this: Gc<DirEntry>, cx: &mut Cx, follow: bool) -> Result<Obj> {
        let slot = if follow { &this.payload().stat } else { &this.payload().lstat };
        if let Some(s) = slot.obj() {
            return Ok(s);
        }
        let d = this.payload();
        let at = if d.dir_fd >= 0 { (d.dir_fd, &d.c_name) } else { (libc::AT_FDCWD, &d.c_path) };
        let p = PathOrFd::Path(Path { c: at.1.clone(), obj: d.path, is_bytes: false });
        let s = stat_path(cx, &p, at.0, follow)?;
        slot.set(cx, this, s);
        Ok(s)
    }
    fn is_kind(this: Gc<DirEntry>, cx: &mut Cx, kind: u8, mode: u32, follow: bool) -> Result<bool> {
        let known = this.kind != libc::DT_UNKNOWN;
        if known && !(follow && this.kind == libc::DT_LNK) {
            return Ok(this.kind == kind);
        }
        let s = match DirEntry::fetch(this, cx, follow) {
            Ok(s) => s,
            Err(e) if e.is(cx, typhon_object::ExcKind::FileNotFoundError) => return Ok(false),
            Err(e) => return Err(e),
        };
        let m = crate::util::attr(cx, s, "st_mode")?;
        Ok(u32::from_arg(cx, m)? & libc::S_IFMT == mode)
    }
}

#[class(module = "posix", name = "DirEntry")]
impl DirEntry {
    /// the entry's base filename, relative to scandir() "path" argument
    #[getter]
    fn name(&self) -> Obj {
        self.name
    }
    /// the entry's full path name; equivalent to os.path.join(scandir_path, entry.name)
    #[getter]
    fn path(&self) -> Obj {
        self.path
    }
    /// Return True if the entry is a directory; cached per entry.
    #[sig(*, follow_symlinks = True)]
    fn is_dir(this: Gc<Self>, cx: &mut Cx, follow_symlinks: bool) -> Result<bool> {
        DirEntry::is_kind(this, cx, libc::DT_DIR, libc::S_IFDIR, follow_symlinks)
    }
    /// Return True if the entry is a file; cached per entry.
    #[sig(*, follow_symlinks = True)]
    fn is_file(this: Gc<Self>, cx: &mut Cx, follow_symlinks: bool) -> Result<bool> {
        DirEntry::is_kind(this, cx, libc::DT_REG, libc::S_IFREG, follow_symlinks)
    }
    /// Return True if the entry is a symbolic link; cached per entry.
    fn is_symlink(this: Gc<Self>, cx: &mut Cx) -> Result<bool> {
        DirEntry::is_kind(this, cx, libc::DT_LNK, libc::S_IFLNK, false)
    }
    /// Return True if the entry is a junction; cached per entry.
    fn is_junction(&self) -> bool {
        false
    }
    /// Return inode of the entry; cached per entry.
    fn inode(&self) -> u64 {
        self.inode
    }
    /// Return stat_result object for the entry; cached per entry.
    #[sig(*, follow_symlinks = True)]
    fn stat(this: Gc<Self>, cx: &mut Cx, follow_symlinks: bool) -> Result<Obj> {
        if follow_symlinks && this.kind != libc::DT_LNK && this.kind != libc::DT_UNKNOWN {
            return DirEntry::fetch(this, cx, false);
        }
        DirEntry::fetch(this, cx, follow_symlinks)
    }
    fn __fspath__(&self) -> Obj {
        self.path
    }
    fn __repr__(&self, cx: &mut Cx) -> Result<String> {
        Ok(format!("<DirEntry {}>", ops::repr(cx, self.name)?.to_str()))
    }
    /// Return self[key].
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<typhon_object::types::Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// The iterator that `scandir` returns.
#[derive(Trace)]
pub struct ScandirIterator {
    /// As given: None, a name or a descriptor.
    path: Obj,
    is_bytes: bool,
    fd: i32,
    #[trace(skip)]
    dir: Guarded<Option<Dir>>,
}

#[class(module = "posix", name = "ScandirIterator")]
impl ScandirIterator {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        // The directory is taken out while the call may block.
        let Some(mut dir) = self.dir.write(cx, self).take() else {
            return Err(typhon_object::exc::stop_iteration(cx, Obj::NONE));
        };
        let r = cx.blocked(|| dir.next());
        match r {
            Ok(Some(e)) => {
                *self.dir.write(cx, self) = Some(dir);
                self.entry(cx, e)
            }
            Ok(None) => Err(typhon_object::exc::stop_iteration(cx, Obj::NONE)),
            Err(e) => Err(crate::util::os_error_with(cx, e, &[self.path])),
        }
    }
    #[internal]
    fn entry(&self, cx: &mut Cx, e: sys::Entry) -> Result<Obj> {
        let name = if self.is_bytes { bytes_obj(cx, &e.0)? } else { fs_decode(cx, &e.0)? };
        let c_name = CString::new(e.0.clone()).unwrap_or_default();
        let (path, c_path) = if self.fd >= 0 {
            (name, c_name.clone())
        } else {
            let mut full = Path::from_arg(cx, self.path)?.c.into_bytes();
            if !full.ends_with(b"/") {
                full.push(b'/');
            }
            full.extend(&e.0);
            let o = if self.is_bytes { bytes_obj(cx, &full)? } else { fs_decode(cx, &full)? };
            (o, CString::new(full).unwrap_or_default())
        };
        let d = DirEntry {
            name,
            path,
            c_path,
            kind: e.2,
            inode: e.1,
            dir_fd: self.fd,
            c_name,
            stat: Slot::empty(),
            lstat: Slot::empty(),
        };
        Ok(native::instance(cx, d)?.obj())
    }
    fn close(&self, cx: &Cx) {
        *self.dir.write(cx, self) = None;
    }
    fn __enter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    #[sig(*args)]
    fn __exit__(&self, cx: &Cx, args: &[Obj]) {
        let _ = args;
        *self.dir.write(cx, self) = None;
    }
}

/// A directory by name, descriptor, or `.` for None, for the function `what`.
fn open_dir(cx: &mut Cx, path: Obj, what: &str) -> Result<(Dir, Obj, bool, i32)> {
    let p = if path.is_none() {
        let dot = typhon_object::str::new(cx, ".")?.obj();
        PathOrFd::from_arg(cx, dot)?
    } else {
        PathOrFd::or_none(cx, path, what)?
    };
    let r = cx.blocked(|| match &p {
        PathOrFd::Path(p) => Dir::open(p.as_c()),
        PathOrFd::Fd(fd) => Dir::open_fd(*fd),
    });
    match (r, &p) {
        (Ok(d), PathOrFd::Path(p)) => Ok((d, p.obj, p.is_bytes, -1)),
        (Ok(d), PathOrFd::Fd(fd)) => Ok((d, path, false, *fd)),
        (Err(e), _) => Err(p.error(cx, e)),
    }
}

/// Part of `posix`.
#[module("posix", classes(DirEntry))]
pub mod scandir {
    use super::*;

    /// Return a list containing the names of the files in the directory.
    #[sig(path = None)]
    fn listdir(cx: &mut Cx, path: Option<Obj>) -> Result<Obj> {
        let (mut dir, _, is_bytes, _) = open_dir(cx, path.unwrap_or(Obj::NONE), "listdir")?;
        let names = cx.blocked(|| {
            let mut v = Vec::new();
            while let Ok(Some(e)) = dir.next() {
                v.push(e.0);
            }
            v
        });
        let l = list::new(cx, &[])?;
        for n in names {
            let o = if is_bytes { bytes_obj(cx, &n)? } else { fs_decode(cx, &n)? };
            l.append(cx, o)?;
        }
        Ok(l.obj())
    }
    /// Return an iterator of DirEntry objects for given path.
    #[sig(path = None)]
    fn scandir(cx: &mut Cx, path: Option<Obj>) -> Result<Obj> {
        let (dir, path, is_bytes, fd) = open_dir(cx, path.unwrap_or(Obj::NONE), "scandir")?;
        let it = ScandirIterator { path, is_bytes, fd, dir: Guarded::new(Some(dir)) };
        Ok(native::instance(cx, it)?.obj())
    }
}
