//! `zlib.Compress`, `zlib.Decompress`, `zlib._ZlibDecompressor`.
//!
//! Invariant: the stream is behind a lock, which is held for one call.
//! Tests: tests/lang/zlib.md; CPython test_zlib, test_gzip.

use super::{BUFFER, MAX_WBITS, error, plain_error, run_large};
use crate::buffer::Buf;
use crate::sys::zlib::{self as z, Stream};
use crate::util::bytes_obj;
use typhon_macros::{Trace, class};
use typhon_object::native::{self, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Raised, Result, int, ops};

/// How a call on a stream went, once its lock is free again.
enum Went {
    Out(Vec<u8>),
    /// A code of the library and what it says.
    Failed(i32, Option<String>),
    Ended,
}

#[cold]
fn failed(cx: &mut Cx, code: i32, said: Option<String>, what: &str) -> Raised {
    match said.filter(|s| !s.is_empty()) {
        Some(said) => plain_error(cx, &format!("Error {code} {what}: {said}")),
        None => error(cx, None, code, what),
    }
}

/// `zlib.Compress`.
#[derive(Trace)]
pub struct Compress {
    /// Empty when finished.
    #[trace(skip)]
    stream: Guarded<Option<Stream>>,
}

impl Compress {
    /// A compressor: level, method, wbits, memory level, strategy.
    pub fn begin(cx: &mut Cx, p: [i32; 5], zdict: Option<Buf>) -> Result<Compress> {
        let d = match zdict {
            Some(d) => Some(d.to_vec(cx)?),
            None => None,
        };
        let mut s = match Stream::deflate(p[0], p[1], p[2], p[3], p[4]) {
            Ok(s) => s,
            Err(z::Z_STREAM_ERROR) => return Err(cx.value_error("Invalid initialization option")),
            Err(e) => return Err(error(cx, None, e, "while creating compression object")),
        };
        if let Some(d) = d {
            match s.set_dictionary(&d) {
                z::Z_OK => {}
                z::Z_STREAM_ERROR => return Err(cx.value_error("Invalid dictionary")),
                _ => return Err(cx.value_error("deflateSetDictionary()")),
            }
        }
        Ok(Compress { stream: Guarded::new(Some(s)) })
    }
    fn feed(&self, cx: &Cx, b: &[u8], flush: i32) -> Went {
        let mut g = self.stream.write(cx, self);
        let Some(s) = g.as_mut() else { return Went::Ended };
        let r = run_large(cx, s, b, flush, BUFFER, usize::MAX);
        match r.code {
            z::Z_STREAM_END => {
                *g = None;
                Went::Out(r.out)
            }
            z::Z_OK | z::Z_BUF_ERROR => Went::Out(r.out),
            e => Went::Failed(e, s.message()),
        }
    }
    fn finish(&self, cx: &mut Cx, went: Went, what: &str) -> Result<Obj> {
        match went {
            Went::Out(v) => bytes_obj(cx, &v),
            Went::Failed(e, said) => Err(failed(cx, e, said, what)),
            Went::Ended => Err(failed(cx, z::Z_STREAM_ERROR, None, what)),
        }
    }
    fn again(&self, cx: &mut Cx) -> Result<Gc<Compress>> {
        let copy = self.stream.write(cx, self).as_mut().map(Stream::copy);
        match copy {
            None => Err(cx.value_error("Inconsistent stream state")),
            Some(Ok(s)) => native::instance(cx, Compress { stream: Guarded::new(Some(s)) }),
            Some(Err(e)) => Err(error(cx, None, e, "while copying compression object")),
        }
    }
}

#[class(module = "zlib", name = "Compress")]
impl Compress {
    /// Returns a bytes object containing compressed data.
    fn compress(&self, cx: &mut Cx, data: Buf) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        let went = self.feed(cx, &b, z::Z_NO_FLUSH);
        self.finish(cx, went, "while compressing data")
    }
    /// Return a bytes object containing any remaining compressed data.
    #[sig(mode = 4, /)]
    fn flush(&self, cx: &mut Cx, mode: i32) -> Result<Obj> {
        if mode == z::Z_NO_FLUSH {
            return bytes_obj(cx, b"");
        }
        let went = self.feed(cx, b"", mode);
        self.finish(cx, went, "while flushing")
    }
    /// Return a copy of the compression object.
    fn copy(&self, cx: &mut Cx) -> Result<Gc<Self>> {
        self.again(cx)
    }
    fn __copy__(&self, cx: &mut Cx) -> Result<Gc<Self>> {
        self.again(cx)
    }
    fn __deepcopy__(&self, cx: &mut Cx, memo: Obj) -> Result<Gc<Self>> {
        let _ = memo;
        self.again(cx)
    }
}

/// A decompression and what it has left over.
struct Inflating {
    stream: Stream,
    unused: Vec<u8>,
    tail: Vec<u8>,
    zdict: Option<Vec<u8>>,
    eof: bool,
    /// Whether the last call stopped because it had enough output.
    full: bool,
    /// Whether it was flushed at its end, after which it cannot be copied.
    ended: bool,
}

impl Inflating {
    fn new(cx: &mut Cx, wbits: i32, zdict: Missing<Obj>) -> Result<Inflating> {
        let zdict = match zdict.given() {
            None => None,
            Some(o) if !crate::buffer::is_buffer(o) => {
                return Err(cx.type_error("zdict argument must support the buffer protocol"));
            }
            Some(o) => Some(crate::buffer::copy(cx, o)?).filter(|d| !d.is_empty()),
        };
        let stream = match Stream::inflate(wbits) {
            Ok(s) => s,
            Err(z::Z_STREAM_ERROR) => return Err(cx.value_error("Invalid initialization option")),
            Err(e) => return Err(error(cx, None, e, "while creating decompression object")),
        };
        let mut new =
            Inflating { stream, unused: Vec::new(), tail: Vec::new(), zdict, eof: false, full: false, ended: false };
        // A raw stream does not ask for its dictionary.
        if wbits < 0
            && let Some(d) = &new.zdict
            && new.stream.set_dictionary(d) != z::Z_OK
        {
            return Err(plain_error(cx, "Error -3 while setting zdict: invalid input data"));
        }
        Ok(new)
    }
    /// Decompress; bytes read, the last code, and the output.
    fn run(&mut self, cx: &Cx, b: &[u8], flush: i32, first: usize, most: usize) -> (usize, Went, i32) {
        let mut out = Vec::new();
        let mut read = 0;
        loop {
            let r = run_large(cx, &mut self.stream, &b[read..], flush, first, most - out.len());
            read += r.read;
            out.extend(r.out);
            match r.code {
                z::Z_NEED_DICT if self.zdict.is_some() => {
                    let code = self.stream.set_dictionary(self.zdict.as_deref().unwrap_or(&[]));
                    if code != z::Z_OK {
                        return (read, Went::Failed(code, Some(String::new())), code);
                    }
                }
                z::Z_OK | z::Z_BUF_ERROR | z::Z_STREAM_END => {
                    self.full = out.len() >= most;
                    return (read, Went::Out(out), r.code);
                }
                e => return (read, Went::Failed(e, self.stream.message()), e),
            }
        }
    }
    fn again(&mut self) -> std::result::Result<Inflating, i32> {
        if self.ended {
            return Err(z::Z_STREAM_ERROR);
        }
        Ok(Inflating {
            stream: self.stream.copy()?,
            unused: self.unused.clone(),
            tail: self.tail.clone(),
            zdict: self.zdict.clone(),
            eof: self.eof,
            full: self.full,
            ended: false,
        })
    }
}

fn outcome(cx: &mut Cx, went: Went, what: &str) -> Result<Obj> {
    match went {
        Went::Out(v) => bytes_obj(cx, &v),
        // An empty text stands for a dictionary that does not fit.
        Went::Failed(e, Some(s)) if s.is_empty() => Err(error(cx, None, e, "while setting zdict")),
        Went::Failed(e, said) => Err(failed(cx, e, said, what)),
        Went::Ended => Err(failed(cx, z::Z_STREAM_ERROR, None, what)),
    }
}

/// `zlib.Decompress`.
#[derive(Trace)]
pub struct Decompress {
    #[trace(skip)]
    state: Guarded<Inflating>,
}

impl Decompress {
    /// A decompressor.
    pub fn begin(cx: &mut Cx, wbits: i32, zdict: Missing<Obj>) -> Result<Decompress> {
        Ok(Decompress { state: Guarded::new(Inflating::new(cx, wbits, zdict)?) })
    }
    /// Decompress and keep what was not read.
    fn feed(&self, cx: &Cx, b: &[u8], flush: i32, first: usize, most: usize) -> Went {
        let mut g = self.state.write(cx, self);
        let (read, went, code) = g.run(cx, b, flush, first, most);
        let rest = &b[read..];
        if code == z::Z_STREAM_END {
            g.unused.extend_from_slice(rest);
            g.tail.clear();
            g.eof = true;
        } else {
            g.tail = rest.to_vec();
        }
        went
    }
    fn again(&self, cx: &mut Cx) -> Result<Gc<Decompress>> {
        let copy = self.state.write(cx, self).again();
        match copy {
            Ok(s) => native::instance(cx, Decompress { state: Guarded::new(s) }),
            Err(z::Z_STREAM_ERROR) => Err(cx.value_error("Inconsistent stream state")),
            Err(e) => Err(error(cx, None, e, "while copying decompression object")),
        }
    }
}

#[class(module = "zlib", name = "Decompress")]
impl Decompress {
    /// Return a bytes object containing the decompressed version of the data.
    #[sig(data, /, max_length = 0)]
    fn decompress(&self, cx: &mut Cx, data: Buf, max_length: Obj) -> Result<Obj> {
        let n = length(cx, max_length)?;
        let Ok(most) = usize::try_from(n) else {
            return Err(cx.value_error("max_length must be non-negative"));
        };
        let b = data.to_vec(cx)?;
        let most = if most == 0 { usize::MAX } else { most };
        let went = self.feed(cx, &b, z::Z_SYNC_FLUSH, BUFFER.min(most), most);
        outcome(cx, went, "while decompressing data")
    }
    /// Return a bytes object containing any remaining decompressed data.
    #[sig(length = 16384, /)]
    fn flush(&self, cx: &mut Cx, length: Obj) -> Result<Obj> {
        let n = self::length(cx, length)?;
        if n <= 0 {
            return Err(cx.value_error("length must be greater than zero"));
        }
        let tail = self.state.read(cx).tail.clone();
        let went = self.feed(cx, &tail, z::Z_FINISH, (n as usize).min(1 << 24), usize::MAX);
        {
            let mut g = self.state.write(cx, self);
            g.ended = g.eof;
        }
        outcome(cx, went, "while flushing")
    }
    /// Return a copy of the decompression object.
    fn copy(&self, cx: &mut Cx) -> Result<Gc<Self>> {
        self.again(cx)
    }
    fn __copy__(&self, cx: &mut Cx) -> Result<Gc<Self>> {
        self.again(cx)
    }
    fn __deepcopy__(&self, cx: &mut Cx, memo: Obj) -> Result<Gc<Self>> {
        let _ = memo;
        self.again(cx)
    }
    #[getter]
    fn unused_data(&self, cx: &Cx) -> Result<Obj> {
        let v = self.state.read(cx).unused.clone();
        bytes_obj(cx, &v)
    }
    #[getter]
    fn unconsumed_tail(&self, cx: &Cx) -> Result<Obj> {
        let v = self.state.read(cx).tail.clone();
        bytes_obj(cx, &v)
    }
    #[getter]
    fn eof(&self, cx: &Cx) -> bool {
        self.state.read(cx).eof
    }
}

fn length(cx: &mut Cx, o: Obj) -> Result<i64> {
    let o = ops::index(cx, o)?;
    match int::to_i128(o) {
        Some(n) if i64::try_from(n).is_ok() => Ok(n as i64),
        _ => Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t")),
    }
}

/// `zlib._ZlibDecompressor`: keeps input that it was not asked to decompress yet.
#[derive(Trace)]
pub struct Decompressor {
    #[trace(skip)]
    state: Guarded<Inflating>,
}

/// Create a decompressor object for decompressing data incrementally.
#[class(module = "zlib", name = "_ZlibDecompressor")]
impl Decompressor {
    #[sig(wbits = 15, zdict = <missing>)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, wbits: i32, zdict: Missing<Obj>) -> Result<Decompressor> {
        let _ = (cls, MAX_WBITS);
        Ok(Decompressor { state: Guarded::new(Inflating::new(cx, wbits, zdict)?) })
    }
    /// Decompress *data*, returning uncompressed data as bytes.
    #[sig(data, max_length = -1)]
    fn decompress(&self, cx: &mut Cx, data: Buf, max_length: Obj) -> Result<Obj> {
        let n = length(cx, max_length)?;
        let b = data.to_vec(cx)?;
        let most = usize::try_from(n).unwrap_or(usize::MAX);
        let went = {
            let mut g = self.state.write(cx, self);
            if g.eof {
                Went::Ended
            } else {
                let mut all = std::mem::take(&mut g.tail);
                all.extend_from_slice(&b);
                if most == 0 {
                    g.tail = all;
                    g.full = true;
                    drop(g);
                    return bytes_obj(cx, b"");
                }
                let (read, went, code) = g.run(cx, &all, z::Z_SYNC_FLUSH, BUFFER.min(most), most);
                let rest = all.split_off(read);
                if code == z::Z_STREAM_END {
                    g.eof = true;
                    g.unused = rest;
                } else {
                    g.tail = rest;
                }
                went
            }
        };
        match went {
            Went::Ended => Err(cx.error(ExcKind::EOFError, "End of stream already reached")),
            went => outcome(cx, went, "while decompressing data"),
        }
    }
    /// Data found after the end of the compressed stream.
    #[getter]
    fn unused_data(&self, cx: &Cx) -> Result<Obj> {
        let v = self.state.read(cx).unused.clone();
        bytes_obj(cx, &v)
    }
    /// True if the end-of-stream marker has been reached.
    #[getter]
    fn eof(&self, cx: &Cx) -> bool {
        self.state.read(cx).eof
    }
    /// True if more input is needed before more decompressed data can be produced.
    #[getter]
    fn needs_input(&self, cx: &Cx) -> bool {
        let g = self.state.read(cx);
        !g.eof && !g.full && g.tail.is_empty()
    }
}
