//! `mmap`: files as memory.
//!
//! The mapped memory belongs to an object of its own, to which buffers refer:
//! closing or resizing lets go of it, and it is unmapped when the collector
//! finds it dead. So no view can look at memory that is gone.
//! Tests: tests/lang/mmap.md; CPython test_mmap.

use crate::buffer::Buf;
use crate::sys::mapping::Mapping;
use crate::sys::{self, Sys};
use crate::util::{bytes_obj, os_error, set, set_ints, sys_raise};
use typhon_builtins::buffer::{BufferView, Export, Exports};
use typhon_builtins::memoryview::MemoryView;
use typhon_builtins::slice::{self, Slice};
use typhon_macros::{Trace, class, module};
use typhon_object::native::{self, FromArg, Index, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::raw::Memory;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Raised, Result, int, ops};

/// Owns mapped memory; unmaps it when it dies.
#[derive(Trace)]
pub struct Mapped {
    #[trace(skip)]
    map: Mapping,
}

#[class(module = "mmap", name = "_mapped")]
impl Mapped {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Default,
    Read,
    Write,
    Copy,
}

struct State {
    pos: usize,
    /// Our own descriptor of the file, -1 for none.
    fd: i32,
}

impl Drop for State {
    fn drop(&mut self) {
        if self.fd >= 0 {
            let _ = sys::close(self.fd);
        }
    }
}

/// `mmap.mmap`.
#[derive(Trace)]
pub struct Mmap {
    /// Empty when closed.
    mapped: Slot<Mapped>,
    exports: Gc<Exports>,
    #[trace(skip)]
    state: Guarded<State>,
    #[trace(skip)]
    access: Access,
    prot: i32,
    flags: i32,
    offset: i64,
    trackfd: bool,
}

fn page() -> usize {
    sys::sysconf(libc::_SC_PAGESIZE).unwrap_or(4096) as usize
}

#[cold]
fn read_only(cx: &Cx) -> Raised {
    cx.type_error("mmap can't modify a readonly memory map.")
}

impl Mmap {
    fn open(&self, cx: &Cx) -> Result<Gc<Mapped>> {
        self.mapped.get().ok_or_else(|| cx.value_error("mmap closed or invalid"))
    }
    fn memory(&self, cx: &Cx) -> Result<Memory> {
        let m = self.open(cx)?;
        Ok(m.map.memory(m.obj()))
    }
    fn writable(&self, cx: &Cx) -> Result<Memory> {
        let m = self.memory(cx)?;
        let ok = self.access != Access::Read && self.prot & libc::PROT_WRITE != 0;
        if ok { Ok(m) } else { Err(read_only(cx)) }
    }
    fn pos(&self, cx: &Cx) -> usize {
        self.state.read(cx).pos
    }
    /// Move the position on by `n`, if that many of `len` bytes are left; where it was.
    fn advance(&self, cx: &Cx, n: usize, len: usize) -> Option<usize> {
        let mut s = self.state.write(cx, self);
        let at = s.pos;
        if at > len || len - at < n {
            return None;
        }
        s.pos += n;
        Some(at)
    }
    fn fd(&self, cx: &Cx) -> i32 {
        self.state.read(cx).fd
    }
    fn unexported(&self, cx: &Cx, msg: &str) -> Result<()> {
        if self.exports.is_unheld(cx) { Ok(()) } else { Err(cx.error(ExcKind::BufferError, msg)) }
    }
    fn search(&self, cx: &mut Cx, view: Buf, start: Missing<Obj>, end: Missing<Obj>, last: bool) -> Result<Obj> {
        let needle = view.to_vec(cx)?;
        let m = self.memory(cx)?;
        let n = m.len() as isize;
        let bound = |cx: &mut Cx, o: Missing<Obj>, default: isize| match o.given() {
            None | Some(Obj::NONE) => Ok(default),
            Some(o) => {
                let i = Index::from_arg(cx, o)?.0;
                Ok(if i < 0 { (i + n).max(0) } else { i.min(n) })
            }
        };
        let from = self.pos(cx) as isize;
        let (start, end) = (bound(cx, start, from.min(n))?, bound(cx, end, n)?);
        // The bounds may have run code that closed the map.
        let m = self.memory(cx)?;
        let Some(part) = m.as_slice().get(start as usize..end.max(start) as usize) else {
            return Ok(Obj::int_unchecked(-1));
        };
        if end < start {
            return Ok(Obj::int_unchecked(-1));
        }
        let found = if last { memchr::memmem::rfind(part, &needle) } else { memchr::memmem::find(part, &needle) };
        Ok(Obj::int_unchecked(found.map_or(-1, |i| (i as isize + start) as i64)))
    }
    fn index(&self, cx: &mut Cx, key: Obj) -> Result<usize> {
        let n = self.memory(cx)?.len();
        if !slice::is_index(key) {
            return Err(cx.type_error("mmap indices must be integers"));
        }
        let i = ops::index_isize(cx, key)?;
        let at = ops::wrap(i as i64, n);
        at.ok_or_else(|| cx.error(ExcKind::IndexError, "mmap index out of range"))
    }
    fn take(&self, cx: &Cx, n: Option<usize>, line: bool) -> Result<Obj> {
        let m = self.memory(cx)?;
        let all = m.as_slice();
        // What is taken is nobody else's: the position moves on in one step.
        let part = {
            let mut s = self.state.write(cx, self);
            let rest = &all[s.pos.min(all.len())..];
            let mut len = n.map_or(rest.len(), |n| n.min(rest.len()));
            if line {
                len = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            }
            s.pos = all.len() - rest.len() + len;
            &rest[..len]
        };
        bytes_obj(cx, part)
    }
}

/// A map as a sequence of `bytes` of length 1, which it is for iteration only.
#[derive(Trace)]
pub struct Items {
    map: Gc<Mmap>,
}

#[class(module = "mmap", name = "_items")]
impl Items {
    fn __getitem__(&self, cx: &mut Cx, i: usize) -> Result<Obj> {
        let m = self.map.memory(cx)?;
        match m.as_slice().get(i) {
            Some(b) => bytes_obj(cx, &[*b]),
            None => Err(cx.error(ExcKind::IndexError, "mmap index out of range")),
        }
    }
}

fn export(cx: &mut Cx, o: Obj) -> Result<Option<Export>> {
    let Some(m) = o.cast::<Mmap>() else { return Ok(None) };
    let memory = m.memory(cx)?;
    let readonly = m.access == Access::Read || m.prot & libc::PROT_WRITE == 0;
    Ok(Some(Export { exports: Some(m.exports), ..Export::plain(BufferView { memory, readonly }) }))
}

fn byte(cx: &mut Cx, v: Obj) -> Result<u8> {
    if !int::is_int(v) && !slice::is_index(v) {
        return Err(cx.type_error("mmap item value must be an int"));
    }
    let n = Index::from_arg(cx, v)?.0;
    u8::try_from(n).map_err(|_| cx.value_error("mmap item value must be in range(0, 256)"))
}

/// Maps length bytes from the file specified by the file descriptor fileno,
/// and returns a mmap object.
#[class(module = "mmap", name = "mmap", subclassable, weakref)]
impl Mmap {
    #[sig(fileno, length, flags = <missing>, prot = <missing>, access = 0, offset = 0, *, trackfd = True)]
    fn __new__(
        cx: &mut Cx,
        cls: Gc<Type>,
        fileno: i32,
        length: isize,
        flags: Missing<i32>,
        prot: Missing<i32>,
        access: i32,
        offset: i64,
        trackfd: bool,
    ) -> Result<Mmap> {
        let _ = cls;
        let mut len = usize::try_from(length)
            .map_err(|_| cx.error(ExcKind::OverflowError, "memory mapped length must be positive"))?;
        if offset < 0 {
            return Err(cx.error(ExcKind::OverflowError, "memory mapped offset must be positive"));
        }
        if access != 0 && (flags.given().is_some() || prot.given().is_some()) {
            return Err(cx.value_error("mmap can't specify both access and flags, prot."));
        }
        let (mut flags, mut prot) =
            (flags.given().unwrap_or(libc::MAP_SHARED), prot.given().unwrap_or(libc::PROT_WRITE | libc::PROT_READ));
        let access = match access {
            0 => Access::Default,
            1 => {
                prot = libc::PROT_READ;
                Access::Read
            }
            2 => {
                prot = libc::PROT_READ | libc::PROT_WRITE;
                Access::Write
            }
            3 => {
                flags = libc::MAP_PRIVATE;
                prot = libc::PROT_READ | libc::PROT_WRITE;
                Access::Copy
            }
            _ => return Err(cx.value_error("mmap invalid access parameter.")),
        };
        let mut fd = -1;
        if fileno == -1 {
            flags |= libc::MAP_ANONYMOUS;
        } else {
            // A descriptor without a size, like a device's, is mapped as asked.
            let st = sys_raise(cx, || sys::fstat(fileno))?;
            if st.st_mode & libc::S_IFMT == libc::S_IFREG {
                if len == 0 {
                    if st.st_size == 0 {
                        return Err(cx.value_error("cannot mmap an empty file"));
                    }
                    if offset >= st.st_size {
                        return Err(cx.value_error("mmap offset is greater than file size"));
                    }
                    len = (st.st_size - offset) as usize;
                } else if offset > st.st_size || (st.st_size - offset) < len as i64 {
                    return Err(cx.value_error("mmap length is greater than file size"));
                }
            }
            if trackfd {
                fd = sys_raise(cx, || sys::dup(fileno))?;
            }
        }
        let state = Guarded::new(State { pos: 0, fd });
        if len == 0 {
            return Err(os_error(cx, libc::EINVAL));
        }
        let map = cx.blocked(|| Mapping::new(len, prot, flags, fileno, offset)).map_err(|e| os_error(cx, e))?;
        let mapped = native::instance(cx, Mapped { map })?;
        let exports = native::instance(cx, Exports::new())?;
        Ok(Mmap { mapped: Slot::of(Some(mapped)), exports, state, access, prot, flags, offset, trackfd })
    }
    fn close(&self, cx: &mut Cx) -> Result<()> {
        self.unexported(cx, "cannot close exported pointers exist")?;
        self.mapped.clear();
        let fd = std::mem::replace(&mut self.state.write(cx, self).fd, -1);
        if fd >= 0 {
            cx.blocked(|| sys::close(fd)).map_err(|e| os_error(cx, e))?;
        }
        Ok(())
    }
    #[getter]
    fn closed(&self) -> bool {
        self.mapped.get().is_none()
    }
    #[sig(view, start = <missing>, end = <missing>, /)]
    fn find(&self, cx: &mut Cx, view: Buf, start: Missing<Obj>, end: Missing<Obj>) -> Result<Obj> {
        self.search(cx, view, start, end, false)
    }
    #[sig(view, start = <missing>, end = <missing>, /)]
    fn rfind(&self, cx: &mut Cx, view: Buf, start: Missing<Obj>, end: Missing<Obj>) -> Result<Obj> {
        self.search(cx, view, start, end, true)
    }
    #[sig(offset = 0, size = <missing>, /)]
    fn flush(&self, cx: &mut Cx, offset: isize, size: Missing<isize>) -> Result<()> {
        let m = self.open(cx)?;
        let n = m.map.len() as isize;
        let size = size.given().unwrap_or(n - offset);
        if offset < 0 || size < 0 || n - offset < size {
            return Err(cx.value_error("flush values out of range"));
        }
        if self.access == Access::Read || self.access == Access::Copy {
            return Ok(());
        }
        cx.blocked(|| m.map.flush(offset as usize, size as usize)).map_err(|e| os_error(cx, e))
    }
    #[sig(option, start = 0, length = <missing>, /)]
    fn madvise(&self, cx: &mut Cx, option: i32, start: isize, length: Missing<isize>) -> Result<()> {
        let m = self.open(cx)?;
        let n = m.map.len();
        let Some(at) = usize::try_from(start).ok().filter(|s| *s < n) else {
            return Err(cx.value_error("madvise start out of bounds"));
        };
        let Ok(len) = usize::try_from(length.given().unwrap_or((n - at) as isize)) else {
            return Err(cx.value_error("madvise length invalid"));
        };
        if at.checked_add(len).is_none_or(|end| end > isize::MAX as usize) {
            return Err(cx.error(ExcKind::OverflowError, "madvise length too large"));
        }
        cx.blocked(|| m.map.advise(at, len.min(n - at), option)).map_err(|e| os_error(cx, e))
    }
    fn r#move(&self, cx: &mut Cx, dest: isize, src: isize, count: isize) -> Result<()> {
        let m = self.writable(cx)?;
        let n = m.len() as isize;
        if dest < 0 || src < 0 || count < 0 || n - dest < count || n - src < count {
            return Err(cx.value_error("source, destination, or count out of range"));
        }
        m.write(dest as usize, m.part(src as usize, count as usize).as_slice());
        Ok(())
    }
    #[sig(n = None, /)]
    fn read(&self, cx: &mut Cx, n: Option<isize>) -> Result<Obj> {
        self.take(cx, n.and_then(|n| usize::try_from(n).ok()), false)
    }
    fn read_byte(&self, cx: &mut Cx) -> Result<u8> {
        let m = self.memory(cx)?;
        let at = self.advance(cx, 1, m.len()).ok_or_else(|| cx.value_error("read byte out of range"))?;
        Ok(m.as_slice()[at])
    }
    fn readline(&self, cx: &mut Cx) -> Result<Obj> {
        self.take(cx, None, true)
    }
    fn resize(this: Gc<Self>, cx: &mut Cx, newsize: isize) -> Result<()> {
        this.open(cx)?;
        this.unexported(cx, "mmap can't resize with extant buffers exported.")?;
        let fd = this.fd(cx);
        let anonymous = this.flags & libc::MAP_ANONYMOUS != 0;
        if !this.trackfd {
            return Err(cx.value_error("mmap can't resize with trackfd=False."));
        }
        if matches!(this.access, Access::Read | Access::Copy) {
            return Err(cx.type_error("mmap can't resize a readonly or copy-on-write memory map."));
        }
        let new = usize::try_from(newsize)
            .ok()
            .filter(|n| i64::try_from(*n).is_ok_and(|n| n.checked_add(this.offset).is_some()))
            .ok_or_else(|| cx.value_error("new size out of range"))?;
        let old = this.memory(cx)?;
        if anonymous && this.flags & libc::MAP_SHARED != 0 && new > old.len() {
            return Err(cx.value_error("mmap: can't expand a shared anonymous mapping"));
        }
        if new == 0 {
            return Err(os_error(cx, libc::EINVAL));
        }
        let (prot, flags, offset) = (this.prot, this.flags, this.offset);
        let made: Sys<Mapping> = cx.blocked(|| {
            if fd >= 0 {
                sys::ftruncate(fd, offset + new as i64)?;
            }
            Mapping::new(new, prot, flags, fd, offset)
        });
        let map = made.map_err(|e| os_error(cx, e))?;
        let mapped = native::instance(cx, Mapped { map })?;
        if fd < 0 {
            // Nothing but the old memory has the contents.
            let n = old.len().min(new);
            mapped.map.memory(mapped.obj()).write(0, &old.as_slice()[..n]);
        }
        this.payload().mapped.set(cx, this, mapped);
        Ok(())
    }
    #[sig(dist, how = 0, /)]
    fn seek(&self, cx: &mut Cx, dist: isize, how: i32) -> Result<usize> {
        let n = self.memory(cx)?.len() as isize;
        if !(0..=2).contains(&how) {
            return Err(cx.value_error("unknown seek type"));
        }
        let moved = {
            let mut s = self.state.write(cx, self);
            let base = [0, s.pos as isize, n][how as usize];
            let at = base.checked_add(dist).filter(|at| (0..=n).contains(at));
            if let Some(at) = at {
                s.pos = at as usize;
            }
            at
        };
        moved.map(|at| at as usize).ok_or_else(|| cx.value_error("seek out of range"))
    }
    fn seekable(&self) -> bool {
        true
    }
    fn size(&self, cx: &mut Cx) -> Result<i64> {
        self.open(cx)?;
        let fd = self.fd(cx);
        if fd < 0 {
            return Err(os_error(cx, libc::EBADF));
        }
        Ok(sys_raise(cx, || sys::fstat(fd))?.st_size)
    }
    fn tell(&self, cx: &mut Cx) -> Result<usize> {
        self.open(cx)?;
        Ok(self.pos(cx))
    }
    fn write(&self, cx: &mut Cx, bytes: Buf) -> Result<usize> {
        let b = bytes.to_vec(cx)?;
        let m = self.writable(cx)?;
        let at = self.advance(cx, b.len(), m.len()).ok_or_else(|| cx.value_error("data out of range"))?;
        m.write(at, &b);
        Ok(b.len())
    }
    fn write_byte(&self, cx: &mut Cx, byte: Obj) -> Result<()> {
        let n = ops::index_i64(cx, byte, "Python int too large to convert to C long")?;
        let bound = |cx: &Cx, s: &str| cx.error(ExcKind::OverflowError, format!("unsigned byte integer is {s}"));
        let b = match n {
            n if n < 0 => return Err(bound(cx, "less than minimum")),
            n if n > 255 => return Err(bound(cx, "greater than maximum")),
            n => n as u8,
        };
        let m = self.writable(cx)?;
        let at = self.advance(cx, 1, m.len()).ok_or_else(|| cx.value_error("write byte out of range"))?;
        m.set(at, b);
        Ok(())
    }
    fn __enter__(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Self>> {
        this.open(cx)?;
        Ok(this)
    }
    #[sig(*exc_info)]
    fn __exit__(&self, cx: &mut Cx, exc_info: &[Obj]) -> Result<()> {
        let _ = exc_info;
        self.close(cx)
    }
    fn __len__(&self, cx: &mut Cx) -> Result<usize> {
        Ok(self.memory(cx)?.len())
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        self.open(cx)?;
        if let Some(s) = key.cast::<Slice>() {
            let b = s.bounds(cx)?;
            let m = self.memory(cx)?;
            let (start, _, step, n) = b.clip(m.len());
            let all = m.as_slice();
            if step == 1 {
                return bytes_obj(cx, &all[start as usize..start as usize + n]);
            }
            let v: Vec<u8> = (0..n as isize).map(|i| all[(start + i * step) as usize]).collect();
            return bytes_obj(cx, &v);
        }
        let i = self.index(cx, key)?;
        let m = self.memory(cx)?;
        match m.as_slice().get(i) {
            Some(b) => Ok(Obj::int_unchecked(i64::from(*b))),
            None => Err(cx.error(ExcKind::IndexError, "mmap index out of range")),
        }
    }
    fn __setitem__(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        self.writable(cx)?;
        if let Some(s) = key.cast::<Slice>() {
            let v = Buf::from_arg(cx, value)?.to_vec(cx)?;
            let b = s.bounds(cx)?;
            let m = self.writable(cx)?;
            let (start, _, step, n) = b.clip(m.len());
            if v.len() != n {
                return Err(cx.error(ExcKind::IndexError, "mmap slice assignment is wrong size"));
            }
            if step == 1 {
                m.write(start as usize, &v);
            } else {
                v.iter().enumerate().for_each(|(i, b)| m.set((start + i as isize * step) as usize, *b));
            }
            return Ok(());
        }
        let i = self.index(cx, key)?;
        let b = byte(cx, value)?;
        let m = self.writable(cx)?;
        if i >= m.len() {
            return Err(cx.error(ExcKind::IndexError, "mmap index out of range"));
        }
        m.set(i, b);
        Ok(())
    }
    fn __delitem__(&self, cx: &mut Cx, key: Obj) -> Result<()> {
        self.open(cx)?;
        Err(cx.type_error(if key.cast::<Slice>().is_some() {
            "mmap object doesn't support slice deletion"
        } else {
            "mmap doesn't support item deletion"
        }))
    }
    /// Iteration gives the bytes as `bytes`, subscripts as ints.
    fn __iter__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let items = native::instance(cx, Items { map: this })?;
        ops::getitem_iter(cx, items.obj())
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let name = ops::full_name(cx, ops::class_of(this.obj()));
        let Ok(m) = this.memory(cx) else { return Ok(format!("<{name} closed=True>")) };
        let access = match this.access {
            Access::Default => "ACCESS_DEFAULT",
            Access::Read => "ACCESS_READ",
            Access::Write => "ACCESS_WRITE",
            Access::Copy => "ACCESS_COPY",
        };
        let (n, pos, offset) = (m.len(), this.pos(cx), this.offset);
        Ok(format!("<{name} closed=False, access={access}, length={n}, pos={pos}, offset={offset}>"))
    }
    fn __sizeof__(&self) -> usize {
        std::mem::size_of::<Mmap>() + 8
    }
    fn __buffer__(this: Gc<Self>, cx: &mut Cx, flags: i64) -> Result<Obj> {
        let _ = flags;
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
    fn __release_buffer__(&self, cx: &mut Cx, buffer: Obj) -> Result<()> {
        match buffer.cast::<MemoryView>() {
            Some(m) => m.release_now(cx),
            None => Err(cx.type_error("expected a memoryview object")),
        }
    }
}

#[module("mmap", classes(Mmap))]
pub mod mmap {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| typhon_builtins::buffer::register(export));
        macro_rules! c {
            ($($n:ident)*) => { &[$((stringify!($n), libc::$n as i64)),*] };
        }
        set_ints(
            cx,
            module,
            c!(PROT_EXEC PROT_READ PROT_WRITE MAP_SHARED MAP_PRIVATE MAP_DENYWRITE MAP_EXECUTABLE MAP_ANON
            MAP_ANONYMOUS MAP_POPULATE MAP_STACK MAP_NORESERVE MAP_32BIT MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL
            MADV_WILLNEED MADV_DONTNEED MADV_REMOVE MADV_DONTFORK MADV_DOFORK MADV_HWPOISON MADV_MERGEABLE
            MADV_UNMERGEABLE MADV_HUGEPAGE MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_FREE),
        )?;
        set_ints(cx, module, &[("ACCESS_DEFAULT", 0), ("ACCESS_READ", 1), ("ACCESS_WRITE", 2), ("ACCESS_COPY", 3)])?;
        set(cx, module, "PAGESIZE", page())?;
        set(cx, module, "ALLOCATIONGRANULARITY", page())?;
        let e = ExcKind::OSError.class(cx);
        set(cx, module, "error", e)
    }
}
