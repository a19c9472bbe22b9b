//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`, `BufferedRWPair`.
//!
//! One payload serves the first three. Data that was read ahead is in `buf`
//! from `rpos` to `rend`; data to be written is in `wbuf`; never both.
//! Invariant: the state is consistent whenever the raw object's methods run;
//! `IoLock` keeps other threads out meanwhile.
//! Tests: CPython test_io.

use super::base::{BufferedIOBase, name_for_repr};
use super::fileio::FileIO;
use super::lock::{IoGuard, IoLock};
use super::{closed_error, unsupported};
use crate::buffer::{self, Buf};
use crate::util::{attr, bytes_obj};
use std::sync::atomic::{AtomicBool, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::native::{Args, FromArg, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Result, exc, ops};

/// Buffered data.
#[derive(Trace, Default)]
struct State {
    #[trace(skip)]
    buf: Vec<u8>,
    rpos: usize,
    rend: usize,
    #[trace(skip)]
    wbuf: Vec<u8>,
    size: usize,
}

/// The payload of the three classes.
#[derive(Trace)]
#[repr(C)]
pub struct Buffered {
    raw: Slot,
    state: Guarded<State>,
    lock: IoLock,
    can_read: bool,
    can_write: bool,
    detached: AtomicBool,
}

impl Buffered {
    fn new(can_read: bool, can_write: bool) -> Buffered {
        Buffered {
            raw: Slot::empty(),
            state: Guarded::new(State::default()),
            lock: IoLock::new(),
            can_read,
            can_write,
            detached: AtomicBool::new(false),
        }
    }
    fn init(this: Gc<Buffered>, cx: &mut Cx, raw: Obj, size: isize) -> Result<()> {
        if size <= 0 {
            return Err(cx.value_error("buffer size must be strictly positive"));
        }
        let p = this.payload();
        p.raw.set(cx, this, raw);
        p.detached.store(false, Ordering::Relaxed);
        let mut s = p.state.write(cx, p);
        *s = State { size: size as usize, ..State::default() };
        Ok(())
    }
    /// The raw object.
    pub fn raw(&self, cx: &Cx) -> Result<Obj> {
        match self.raw.obj() {
            Some(r) => Ok(r),
            None if self.detached.load(Ordering::Relaxed) => Err(cx.value_error("raw stream has been detached")),
            None => Err(cx.value_error("I/O operation on uninitialized object")),
        }
    }
    /// The raw object if it is a plain `FileIO`, which needs no Python.
    fn plain(raw: Obj) -> Option<Gc<FileIO>> {
        raw.cast::<FileIO>().filter(|_| ops::class_of(raw).is_native())
    }
    fn enter(this: Gc<Buffered>, cx: &mut Cx) -> Result<IoGuard> {
        this.payload().lock.enter(cx, this.obj())
    }
    /// Whether the raw object is closed.
    pub fn is_closed(&self, cx: &mut Cx) -> Result<bool> {
        let raw = self.raw(cx)?;
        if let Some(f) = Buffered::plain(raw) {
            return Ok(f.fd().is_none());
        }
        let c = attr(cx, raw, "closed")?;
        ops::truth(cx, c)
    }
    fn check_open(&self, cx: &mut Cx, what: &str) -> Result<Obj> {
        let raw = self.raw(cx)?;
        if self.is_closed(cx)? {
            return Err(cx.value_error(what));
        }
        Ok(raw)
    }
    /// Read from the raw object: the bytes, `None` if it would block.
    fn raw_read(&self, cx: &mut Cx, raw: Obj, n: usize) -> Result<Option<Vec<u8>>> {
        if let Some(f) = Buffered::plain(raw) {
            cx.check_room(n)?;
            let mut v = vec![0; n];
            return Ok(f.read_raw(cx, &mut v)?.map(|n| {
                v.truncate(n);
                v
            }));
        }
        let class = crate::util::builtin(cx, "bytearray")?;
        let b = ops::call_args(cx, class, &[Obj::int_unchecked(n as i64)])?;
        let view = crate::util::builtin(cx, "memoryview")?;
        let view = ops::call_args(cx, view, &[b])?;
        let r = ops::call_method(cx, raw, "readinto", &[view])?;
        if r.is_none() {
            return Ok(None);
        }
        let Some(got) = r.as_small_int() else {
            return Err(cx.error(ExcKind::OSError, "raw readinto() failed"));
        };
        if got < 0 || got as usize > n {
            let msg = format!("raw readinto() returned invalid length {got} (should have been between 0 and {n})");
            return Err(cx.error(ExcKind::OSError, msg));
        }
        let mut v = buffer::copy(cx, b)?;
        v.truncate(got as usize);
        Ok(Some(v))
    }
    /// Write to the raw object: how many bytes, `None` if it would block.
    fn raw_write(&self, cx: &mut Cx, raw: Obj, data: &[u8]) -> Result<Option<usize>> {
        if let Some(f) = Buffered::plain(raw) {
            return f.write_raw(cx, data);
        }
        let b = bytes_obj(cx, data)?;
        let r = ops::call_method(cx, raw, "write", &[b])?;
        if r.is_none() {
            return Ok(None);
        }
        let n = i64::from_arg(cx, r)?;
        if n < 0 || n as usize > data.len() {
            let msg =
                format!("raw write() returned invalid length {n} (should have been between 0 and {})", data.len());
            return Err(cx.error(ExcKind::OSError, msg));
        }
        Ok(Some(n as usize))
    }
    fn raw_seek(&self, cx: &mut Cx, raw: Obj, pos: i64, how: i32) -> Result<i64> {
        if let Some(f) = Buffered::plain(raw) {
            return f.seek_raw(cx, pos, how);
        }
        let r = ops::call_method(cx, raw, "seek", &[pos.into_obj(cx)?, Obj::int_unchecked(i64::from(how))])?;
        let n = i64::from_arg(cx, r)?;
        if n < 0 {
            return Err(cx.error(ExcKind::OSError, format!("Raw stream returned invalid position {n}")));
        }
        Ok(n)
    }
    fn raw_tell(&self, cx: &mut Cx, raw: Obj) -> Result<i64> {
        if let Some(f) = Buffered::plain(raw) {
            return f.seek_raw(cx, 0, libc::SEEK_CUR);
        }
        let r = ops::call_method(cx, raw, "tell", &[])?;
        let n = i64::from_arg(cx, r)?;
        if n < 0 {
            return Err(cx.error(ExcKind::OSError, format!("Raw stream returned invalid position {n}")));
        }
        Ok(n)
    }
    /// How much has been read ahead.
    fn ahead(&self, cx: &Cx) -> usize {
        let s = self.state.read(cx);
        s.rend - s.rpos
    }
    /// Write out what is pending. Called with the lock held.
    fn flush_pending(&self, cx: &mut Cx, raw: Obj) -> Result<()> {
        loop {
            // The data stays in the buffer until the raw object has taken it.
            let data = {
                let mut s = self.state.write(cx, self);
                if s.wbuf.is_empty() {
                    return Ok(());
                }
                std::mem::take(&mut s.wbuf)
            };
            let r = self.raw_write(cx, raw, &data);
            let done = match &r {
                Ok(Some(n)) => *n,
                _ => 0,
            };
            {
                let mut s = self.state.write(cx, self);
                if done < data.len() {
                    let mut rest = data[done..].to_vec();
                    rest.append(&mut s.wbuf);
                    s.wbuf = rest;
                } else if s.wbuf.is_empty() {
                    // Keep the allocation.
                    s.wbuf = data;
                    s.wbuf.clear();
                }
            }
            match r {
                Ok(Some(_)) => crate::util::check_signals(cx)?,
                Ok(None) => return Err(would_block(cx, 0)),
                Err(e) => return Err(e),
            }
        }
    }
    /// Forget what was read ahead, and put the raw position back.
    fn rewind(&self, cx: &mut Cx, raw: Obj) -> Result<()> {
        let n = self.ahead(cx);
        if n > 0 {
            {
                let mut s = self.state.write(cx, self);
                (s.rpos, s.rend) = (0, 0);
            }
            self.raw_seek(cx, raw, -(n as i64), 1)?;
        }
        Ok(())
    }
    /// Take up to `n` bytes of what was read ahead.
    fn take_ahead(&self, cx: &Cx, n: usize) -> Vec<u8> {
        let mut s = self.state.write(cx, self);
        let n = n.min(s.rend - s.rpos);
        let v = s.buf[s.rpos..s.rpos + n].to_vec();
        s.rpos += n;
        v
    }
    /// Fill the empty read buffer once; false at the end, `None` if it would block.
    fn fill(&self, cx: &mut Cx, raw: Obj) -> Result<Option<bool>> {
        let size = self.state.read(cx).size;
        let plain = Buffered::plain(raw);
        if let Some(f) = plain {
            // Reuse the buffer itself.
            let mut v = std::mem::take(&mut self.state.write(cx, self).buf);
            if v.len() < size {
                v.resize(size, 0);
            }
            let r = f.read_raw(cx, &mut v[..size]);
            let mut s = self.state.write(cx, self);
            s.buf = v;
            s.rpos = 0;
            s.rend = match &r {
                Ok(Some(n)) => *n,
                _ => 0,
            };
            drop(s);
            return Ok(r?.map(|n| n > 0));
        }
        let Some(v) = self.raw_read(cx, raw, size)? else { return Ok(None) };
        let mut s = self.state.write(cx, self);
        s.rpos = 0;
        s.rend = v.len();
        s.buf = v;
        Ok(Some(s.rend > 0))
    }
    /// Before reading: what is to be written must be out.
    fn ready_to_read(&self, cx: &mut Cx, raw: Obj) -> Result<()> {
        if self.can_write { self.flush_pending(cx, raw) } else { Ok(()) }
    }
    fn read_some(&self, cx: &mut Cx, raw: Obj, n: Option<usize>) -> Result<Option<Vec<u8>>> {
        self.ready_to_read(cx, raw)?;
        let Some(n) = n else {
            let mut out = self.take_ahead(cx, usize::MAX);
            if let Some(f) = Buffered::plain(raw) {
                return Ok(match f.read_all(cx)? {
                    Some(v) if out.is_empty() => Some(v),
                    Some(v) => {
                        out.extend(v);
                        Some(out)
                    }
                    None if out.is_empty() => None,
                    None => Some(out),
                });
            }
            if let Some(f) = crate::util::attr_opt(cx, raw, "readall")? {
                let r = ops::call_args(cx, f, &[])?;
                if r.is_none() {
                    return Ok(if out.is_empty() { None } else { Some(out) });
                }
                let Some(b) = r.cast::<Bytes>() else { return Err(cx.type_error("readall() should return bytes")) };
                out.extend_from_slice(b.as_slice());
                return Ok(Some(out));
            }
            loop {
                let r = ops::call_method(cx, raw, "read", &[])?;
                if r.is_none() {
                    return Ok(if out.is_empty() { None } else { Some(out) });
                }
                let Some(b) = r.cast::<Bytes>() else { return Err(cx.type_error("read() should return bytes")) };
                if b.as_slice().is_empty() {
                    return Ok(Some(out));
                }
                out.extend_from_slice(b.as_slice());
            }
        };
        let mut out = self.take_ahead(cx, n);
        while out.len() < n {
            let missing = n - out.len();
            let size = self.state.read(cx).size;
            if missing >= size {
                // Whole buffers go straight to the caller.
                match self.raw_read(cx, raw, missing - missing % size)? {
                    None => return Ok(if out.is_empty() { None } else { Some(out) }),
                    Some(v) if v.is_empty() => break,
                    Some(v) => out.extend(v),
                }
                continue;
            }
            match self.fill(cx, raw)? {
                None => return Ok(if out.is_empty() { None } else { Some(out) }),
                Some(false) => break,
                Some(true) => {
                    let v = self.take_ahead(cx, missing);
                    out.extend(v);
                }
            }
        }
        Ok(Some(out))
    }
    /// At most one raw read.
    fn read_once(&self, cx: &mut Cx, raw: Obj, n: Option<usize>) -> Result<Vec<u8>> {
        self.ready_to_read(cx, raw)?;
        let n = n.unwrap_or(self.state.read(cx).size);
        if n == 0 {
            return Ok(Vec::new());
        }
        let v = self.take_ahead(cx, n);
        if !v.is_empty() {
            return Ok(v);
        }
        let size = self.state.read(cx).size;
        if n >= size {
            return Ok(self.raw_read(cx, raw, n)?.unwrap_or_default());
        }
        self.fill(cx, raw)?;
        Ok(self.take_ahead(cx, n))
    }
    fn read_line(&self, cx: &mut Cx, raw: Obj, limit: Option<usize>) -> Result<Vec<u8>> {
        self.ready_to_read(cx, raw)?;
        let mut out = Vec::new();
        loop {
            let done = {
                let mut s = self.state.write(cx, self);
                let rest = &s.buf[s.rpos..s.rend];
                let found = memchr::memchr(b'\n', rest);
                let mut n = found.map_or(rest.len(), |i| i + 1);
                let mut done = found.is_some();
                if let Some(l) = limit
                    && out.len() + n >= l
                {
                    n = l - out.len();
                    done = true;
                }
                out.extend_from_slice(&rest[..n]);
                s.rpos += n;
                done
            };
            if done || self.fill(cx, raw)? != Some(true) {
                return Ok(out);
            }
        }
    }
    /// Write `data`; the lock is held.
    fn write_all(&self, cx: &mut Cx, raw: Obj, data: &[u8]) -> Result<usize> {
        if self.can_read {
            self.rewind(cx, raw)?;
        }
        {
            let mut s = self.state.write(cx, self);
            if s.wbuf.len() + data.len() <= s.size {
                s.wbuf.extend_from_slice(data);
                return Ok(data.len());
            }
        }
        let (size, pending) = {
            let s = self.state.read(cx);
            (s.size, s.wbuf.len())
        };
        if let Err(e) = self.flush_pending(cx, raw) {
            if !e.is(cx, ExcKind::BlockingIOError) {
                return Err(e);
            }
            // Take what still fits.
            let mut s = self.state.write(cx, self);
            let room = size.saturating_sub(s.wbuf.len());
            if room >= data.len() {
                s.wbuf.extend_from_slice(data);
                return Ok(data.len());
            }
            s.wbuf.extend_from_slice(&data[..room]);
            drop(s);
            return Err(would_block(cx, room));
        }
        let _ = pending;
        let mut done = 0;
        while data.len() - done > size {
            match self.raw_write(cx, raw, &data[done..])? {
                Some(n) => done += n,
                None => {
                    let mut s = self.state.write(cx, self);
                    let room = size.min(data.len() - done);
                    s.wbuf.extend_from_slice(&data[done..done + room]);
                    drop(s);
                    if done + room == data.len() {
                        return Ok(data.len());
                    }
                    return Err(would_block(cx, done + room));
                }
            }
            crate::util::check_signals(cx)?;
        }
        self.state.write(cx, self).wbuf.extend_from_slice(&data[done..]);
        Ok(data.len())
    }
    /// `flush()` for this crate and for the end of the process.
    pub fn flush(this: Gc<Buffered>, cx: &mut Cx) -> Result<()> {
        let p = this.payload();
        let raw = p.check_open(cx, "flush of closed file")?;
        if !p.can_write {
            // A reader has nothing to write, and keeps its place.
            return ops::call_method(cx, raw, "flush", &[]).map(|_| ());
        }
        let _g = Buffered::enter(this, cx)?;
        p.flush_pending(cx, raw)?;
        if p.can_read {
            p.rewind(cx, raw)?;
        }
        Ok(())
    }
    /// Write bytes for `TextIOWrapper`, without objects in between.
    pub fn write_bytes(this: Gc<Buffered>, cx: &mut Cx, data: &[u8]) -> Result<usize> {
        let p = this.payload();
        let raw = p.check_open(cx, "write to closed file")?;
        let _g = Buffered::enter(this, cx)?;
        p.write_all(cx, raw, data)
    }
    /// Read a chunk for `TextIOWrapper`.
    pub fn read_chunk(this: Gc<Buffered>, cx: &mut Cx, n: usize) -> Result<Vec<u8>> {
        let p = this.payload();
        let raw = p.check_open(cx, "read of closed file")?;
        let _g = Buffered::enter(this, cx)?;
        p.read_once(cx, raw, Some(n))
    }
    /// The logical position.
    pub fn position(this: Gc<Buffered>, cx: &mut Cx) -> Result<i64> {
        let p = this.payload();
        let raw = p.raw(cx)?;
        let _g = Buffered::enter(this, cx)?;
        let at = p.raw_tell(cx, raw)?;
        let s = p.state.read(cx);
        Ok((at - (s.rend - s.rpos) as i64 + s.wbuf.len() as i64).max(0))
    }
    fn seek_to(this: Gc<Buffered>, cx: &mut Cx, pos: i64, how: i32) -> Result<i64> {
        let p = this.payload();
        if !(0..=2).contains(&how) && how != libc::SEEK_DATA && how != libc::SEEK_HOLE {
            return Err(cx.value_error(format!("whence value {how} unsupported")));
        }
        let raw = p.check_open(cx, "seek of closed file")?;
        let seekable = ops::call_method(cx, raw, "seekable", &[])?;
        if !ops::truth(cx, seekable)? {
            return Err(unsupported(cx, "File or stream is not seekable."));
        }
        let _g = Buffered::enter(this, cx)?;
        let ahead = p.ahead(cx) as i64;
        if how < 2 && p.can_read && ahead > 0 {
            // Within what was read ahead, no system call moves anything.
            let raw_at = p.raw_tell(cx, raw)?;
            let current = raw_at - ahead;
            let offset = if how == 0 { pos - current } else { pos };
            let mut s = p.state.write(cx, p);
            if offset >= -(s.rpos as i64) && offset <= ahead {
                s.rpos = (s.rpos as i64 + offset) as usize;
                return Ok(current + offset);
            }
        }
        p.flush_pending(cx, raw)?;
        let pos = if how == 1 { pos - ahead } else { pos };
        let n = p.raw_seek(cx, raw, pos, how)?;
        let mut s = p.state.write(cx, p);
        (s.rpos, s.rend) = (0, 0);
        Ok(n)
    }
    fn close_it(this: Gc<Buffered>, cx: &mut Cx) -> Result<()> {
        let p = this.payload();
        let raw = p.raw(cx)?;
        if p.is_closed(cx)? {
            return Ok(());
        }
        let first = ops::call_method(cx, this.obj(), "flush", &[]).map(|_| ());
        let second = ops::call_method(cx, raw, "close", &[]).map(|_| ());
        {
            let mut s = p.state.write(cx, p);
            s.buf = Vec::new();
            (s.rpos, s.rend) = (0, 0);
        }
        match (first, second) {
            (Err(a), Err(b)) => {
                if a != b {
                    b.0.context.set(cx, b.0, a.0);
                }
                Err(b)
            }
            (a, b) => a.and(b),
        }
    }
    fn repr(this: Gc<Buffered>, cx: &mut Cx) -> Result<String> {
        let class = ops::full_name(cx, ops::class_of(this.obj()));
        Ok(match name_for_repr(cx, this.obj())? {
            Some(n) => format!("<{class} name={n}>"),
            None => format!("<{class}>"),
        })
    }
}

/// `BlockingIOError(EAGAIN, ..., written)`.
fn would_block(cx: &mut Cx, written: usize) -> typhon_object::Raised {
    let made = (|| {
        let args = [
            libc::EAGAIN.into_obj(cx)?,
            "write could not complete without blocking".into_obj(cx)?,
            written.into_obj(cx)?,
        ];
        let c = ExcKind::BlockingIOError.class(cx).obj();
        ops::call_args(cx, c, &args)
    })();
    match made {
        Ok(o) => o.cast().map(typhon_object::Raised).unwrap_or_else(|| closed_error(cx)),
        Err(e) => e,
    }
}

fn n_arg(cx: &mut Cx, size: Missing<Obj>) -> Result<Option<usize>> {
    match size.given() {
        None | Some(Obj::NONE) => Ok(None),
        Some(v) => match isize::from_arg(cx, v)? {
            -1 => Ok(None),
            n => usize::try_from(n).map(Some).map_err(|_| cx.value_error("read length must be non-negative or -1")),
        },
    }
}

/// Declares one of the three classes: shared members, then its own.
macro_rules! buffered_class {
    ($t:ident $name:literal $read:literal $write:literal $doc:literal { $($own:tt)* }) => {
        #[doc = concat!("`_io.", $name, "`.")]
        #[derive(Trace)]
        #[repr(C)]
        pub struct $t {
            /// What the three classes share.
            pub inner: Buffered,
        }
        impl $t {
            fn of(this: Gc<$t>) -> Gc<Buffered> {
                super::buffered_of(this.obj()).expect("one of the buffered classes")
            }
        }
        #[doc = $doc]
        #[class(module = "_io", name = $name, base = BufferedIOBase, subclassable, dict, weakref)]
        impl $t {
            fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<$t> {
                let _ = (cx, cls, args);
                Ok($t { inner: Buffered::new($read, $write) })
            }
            #[sig(raw, buffer_size = 131072)]
            fn __init__(this: Gc<Self>, cx: &mut Cx, raw: Obj, buffer_size: isize) -> Result<()> {
                for (on, method, msg) in [
                    ($read && $write, "seekable", "File or stream is not seekable."),
                    ($read, "readable", "File or stream is not readable."),
                    ($write, "writable", "File or stream is not writable."),
                ] {
                    if on {
                        let r = ops::call_method(cx, raw, method, &[])?;
                        if !ops::truth(cx, r)? {
                            return Err(unsupported(cx, msg));
                        }
                    }
                }
                Buffered::init(Self::of(this), cx, raw, buffer_size)
            }
            #[getter]
            fn raw(this: Gc<Self>) -> Obj {
                this.inner.raw.obj().unwrap_or(Obj::NONE)
            }
            fn detach(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                ops::call_method(cx, this.obj(), "flush", &[])?;
                this.inner.raw.clear();
                this.inner.detached.store(true, Ordering::Relaxed);
                Ok(raw)
            }
            fn flush(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
                Buffered::flush(Self::of(this), cx)
            }
            fn close(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
                Buffered::close_it(Self::of(this), cx)
            }
            #[getter]
            fn closed(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                attr(cx, raw, "closed")
            }
            #[getter]
            fn name(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                attr(cx, raw, "name")
            }
            #[getter]
            fn mode(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                attr(cx, raw, "mode")
            }
            fn seekable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                ops::call_method(cx, raw, "seekable", &[])
            }
            fn fileno(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                ops::call_method(cx, raw, "fileno", &[])
            }
            fn isatty(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                ops::call_method(cx, raw, "isatty", &[])
            }
            fn tell(this: Gc<Self>, cx: &mut Cx) -> Result<i64> {
                Buffered::position(Self::of(this), cx)
            }
            #[sig(target, whence = 0, /)]
            fn seek(this: Gc<Self>, cx: &mut Cx, target: i64, whence: i32) -> Result<i64> {
                Buffered::seek_to(Self::of(this), cx, target, whence)
            }
            #[sig(pos = None, /)]
            fn truncate(this: Gc<Self>, cx: &mut Cx, pos: Obj) -> Result<Obj> {
                let raw = this.inner.check_open(cx, "truncate of closed file")?;
                if !$write {
                    return Err(unsupported(cx, "truncate"));
                }
                let at = if pos.is_none() {
                    Buffered::position(Self::of(this), cx)?.into_obj(cx)?
                } else {
                    pos
                };
                Buffered::flush(Self::of(this), cx)?;
                ops::call_method(cx, raw, "truncate", &[at])
            }
            fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
                Buffered::repr(Self::of(this), cx)
            }
            fn __getstate__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                Err(cx.type_error(format!("cannot pickle '{}' instances", cx.type_name(this.obj()))))
            }
            #[name("_dealloc_warn")]
            fn dealloc_warn(this: Gc<Self>, cx: &mut Cx, source: Obj) -> Result<()> {
                if let Some(raw) = this.inner.raw.obj()
                    && let Some(f) = crate::util::attr_opt(cx, raw, "_dealloc_warn")?
                {
                    ops::call_args(cx, f, &[source])?;
                }
                Ok(())
            }
            $($own)*
        }
    };
}

/// Members of the classes that read.
macro_rules! reading {
    ($t:ident $name:literal $read:literal $write:literal $doc:literal { $($own:tt)* }) => {
        buffered_class! { $t $name $read $write $doc {
            fn readable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let raw = this.inner.raw(cx)?;
                ops::call_method(cx, raw, "readable", &[])
            }
            #[sig(size = -1, /)]
            fn read(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Obj> {
                let n = n_arg(cx, size)?;
                let raw = this.inner.check_open(cx, "read of closed file")?;
                let _g = Buffered::enter(Self::of(this), cx)?;
                match this.payload().inner.read_some(cx, raw, n)? {
                    Some(v) => bytes_obj(cx, &v),
                    None => Ok(Obj::NONE),
                }
            }
            #[sig(size = -1, /)]
            fn read1(this: Gc<Self>, cx: &mut Cx, size: isize) -> Result<Obj> {
                let raw = this.inner.check_open(cx, "read of closed file")?;
                let _g = Buffered::enter(Self::of(this), cx)?;
                let v = this.payload().inner.read_once(cx, raw, usize::try_from(size).ok())?;
                bytes_obj(cx, &v)
            }
            #[sig(size = 0, /)]
            fn peek(this: Gc<Self>, cx: &mut Cx, size: isize) -> Result<Obj> {
                let _ = size;
                let raw = this.inner.check_open(cx, "peek of closed file")?;
                let _g = Buffered::enter(Self::of(this), cx)?;
                let p = &this.payload().inner;
                p.ready_to_read(cx, raw)?;
                if p.ahead(cx) == 0 {
                    p.fill(cx, raw)?;
                }
                let v = {
                    let s = p.state.read(cx);
                    s.buf[s.rpos..s.rend].to_vec()
                };
                bytes_obj(cx, &v)
            }
            fn readinto(this: Gc<Self>, cx: &mut Cx, buffer: Obj) -> Result<Obj> {
                let n = buffer::writable_len(cx, buffer)?;
                let raw = this.inner.check_open(cx, "readinto of closed file")?;
                let v = {
                    let _g = Buffered::enter(Self::of(this), cx)?;
                    this.payload().inner.read_some(cx, raw, Some(n))?
                };
                let Some(v) = v else { return Ok(Obj::NONE) };
                buffer::write_into(cx, buffer, &v)?;
                Ok(Obj::int_unchecked(v.len() as i64))
            }
            fn readinto1(this: Gc<Self>, cx: &mut Cx, buffer: Obj) -> Result<Obj> {
                let n = buffer::writable_len(cx, buffer)?;
                let raw = this.inner.check_open(cx, "readinto of closed file")?;
                let v = {
                    let _g = Buffered::enter(Self::of(this), cx)?;
                    this.payload().inner.read_once(cx, raw, Some(n))?
                };
                buffer::write_into(cx, buffer, &v)?;
                Ok(Obj::int_unchecked(v.len() as i64))
            }
            #[sig(size = -1, /)]
            fn readline(this: Gc<Self>, cx: &mut Cx, size: Option<isize>) -> Result<Obj> {
                let raw = this.inner.check_open(cx, "readline of closed file")?;
                let _g = Buffered::enter(Self::of(this), cx)?;
                let limit = size.and_then(|n| usize::try_from(n).ok());
                let v = this.payload().inner.read_line(cx, raw, limit)?;
                bytes_obj(cx, &v)
            }
            fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
                let line = if ops::class_of(this.obj()).is_native() {
                    let raw = this.inner.check_open(cx, "readline of closed file")?;
                    let _g = Buffered::enter(Self::of(this), cx)?;
                    let v = this.payload().inner.read_line(cx, raw, None)?;
                    bytes_obj(cx, &v)?
                } else {
                    ops::call_method(cx, this.obj(), "readline", &[])?
                };
                if ops::truth(cx, line)? { Ok(line) } else { Err(exc::stop_iteration(cx, Obj::NONE)) }
            }
            $($own)*
        } }
    };
}

reading! { BufferedReader "BufferedReader" true false "Create a new buffered reader using the given readable raw IO object." {} }
reading! { BufferedRandom "BufferedRandom" true true "A buffered interface to random access streams.\n\nThe constructor creates a reader and writer for a seekable stream,\nraw, given in the first argument. If the buffer_size is omitted it\ndefaults to DEFAULT_BUFFER_SIZE." {
    fn writable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let raw = this.inner.raw(cx)?;
        ops::call_method(cx, raw, "writable", &[])
    }
    fn write(this: Gc<Self>, cx: &mut Cx, buffer: Buf) -> Result<usize> {
        let data = buffer.to_vec(cx)?;
        Buffered::write_bytes(Self::of(this), cx, &data)
    }
} }
buffered_class! { BufferedWriter "BufferedWriter" false true "A buffer for a writeable sequential RawIO object.\n\nThe constructor creates a BufferedWriter for the given writeable raw\nstream. If the buffer_size is not given, it defaults to\nDEFAULT_BUFFER_SIZE." {
    fn writable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let raw = this.inner.raw(cx)?;
        ops::call_method(cx, raw, "writable", &[])
    }
    fn write(this: Gc<Self>, cx: &mut Cx, buffer: Buf) -> Result<usize> {
        let data = buffer.to_vec(cx)?;
        Buffered::write_bytes(Self::of(this), cx, &data)
    }
} }

/// `_io.BufferedRWPair`.
#[derive(Trace)]
pub struct BufferedRWPair {
    reader: Slot,
    writer: Slot,
}

impl BufferedRWPair {
    fn part(cx: &Cx, s: &Slot) -> Result<Obj> {
        s.obj().ok_or_else(|| cx.value_error("I/O operation on uninitialized object"))
    }
}

macro_rules! forward {
    ($($f:ident $part:ident),*) => { $(
        pub fn $f(this: Gc<BufferedRWPair>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
            let part = BufferedRWPair::part(cx, &this.payload().$part)?;
            ops::call_method(cx, part, stringify!($f), args.pos)
        }
    )* };
}

mod pair_calls {
    use super::*;
    forward!(read reader, peek reader, read1 reader, readinto reader, readinto1 reader, readable reader,
             write writer, flush writer, writable writer);
}

/// A buffered reader and writer object together.
///
/// A buffered reader object and buffered writer object put together to
/// form a sequential IO object that can read and write. This is typically
/// used with a socket or two-way pipe.
///
/// reader and writer are RawIOBase objects that are readable and
/// writeable respectively. If the buffer_size is omitted it defaults to
/// DEFAULT_BUFFER_SIZE.
#[class(module = "_io", name = "BufferedRWPair", base = BufferedIOBase, subclassable, dict, weakref)]
impl BufferedRWPair {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<BufferedRWPair> {
        let _ = (cx, cls, args);
        Ok(BufferedRWPair { reader: Slot::empty(), writer: Slot::empty() })
    }
    #[sig(reader, writer, buffer_size = 131072, /)]
    fn __init__(this: Gc<Self>, cx: &mut Cx, reader: Obj, writer: Obj, buffer_size: Obj) -> Result<()> {
        for (o, method, msg) in [
            (reader, "readable", "File or stream is not readable."),
            (writer, "writable", "File or stream is not writable."),
        ] {
            let r = ops::call_method(cx, o, method, &[])?;
            if !ops::truth(cx, r)? {
                return Err(unsupported(cx, msg));
            }
        }
        let c = typhon_object::native::class_of::<BufferedReader>(cx)?;
        let r = ops::call_args(cx, c.obj(), &[reader, buffer_size])?;
        let c = typhon_object::native::class_of::<BufferedWriter>(cx)?;
        let w = ops::call_args(cx, c.obj(), &[writer, buffer_size])?;
        this.payload().reader.set(cx, this, r);
        this.payload().writer.set(cx, this, w);
        Ok(())
    }
    fn read(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::read(this, cx, args)
    }
    fn peek(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::peek(this, cx, args)
    }
    fn read1(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::read1(this, cx, args)
    }
    fn readinto(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::readinto(this, cx, args)
    }
    fn readinto1(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::readinto1(this, cx, args)
    }
    fn readable(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::readable(this, cx, args)
    }
    fn write(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::write(this, cx, args)
    }
    fn flush(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::flush(this, cx, args)
    }
    fn writable(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        pair_calls::writable(this, cx, args)
    }
    fn close(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let w = BufferedRWPair::part(cx, &this.payload().writer)?;
        let a = ops::call_method(cx, w, "close", &[]);
        let r = BufferedRWPair::part(cx, &this.payload().reader)?;
        let b = ops::call_method(cx, r, "close", &[]);
        if let (Err(a), Err(b)) = (a, b) {
            b.0.context.set(cx, b.0, a.0);
        }
        a.and(b).map(|_| ())
    }
    fn isatty(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let w = BufferedRWPair::part(cx, &this.payload().writer)?;
        let r = ops::call_method(cx, w, "isatty", &[])?;
        if r != Obj::FALSE {
            return Ok(r);
        }
        let o = BufferedRWPair::part(cx, &this.payload().reader)?;
        ops::call_method(cx, o, "isatty", &[])
    }
    #[getter]
    fn closed(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        match this.writer.obj() {
            Some(w) => attr(cx, w, "closed"),
            None => Err(cx.error(ExcKind::RuntimeError, "the BufferedRWPair object is being garbage-collected")),
        }
    }
}
