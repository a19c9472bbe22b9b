//! `zlib`: compression.
//!
//! | file | what |
//! |---|---|
//! | `objects.rs` | compressor and decompressor objects |
//!
//! Large data is worked on in the blocked state, on copies.
//! Tests: tests/lang/zlib.md; CPython test_zlib.

mod objects;

use crate::buffer::Buf;
use crate::sys::zlib::{self as z, Stream};
use crate::util::{bytes_obj, error_of, exception_class, set, set_ints};
use objects::{Compress, Decompress, Decompressor};
use typhon_macros::module;
use typhon_object::interp::InterpRoot;
use typhon_object::native::{self, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, int, ops};

static ERROR: InterpRoot = InterpRoot::new();

/// Largest window.
const MAX_WBITS: i32 = 15;
/// First size of an output buffer.
const BUFFER: usize = 16384;

fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &ERROR, "zlib", "error", ExcKind::Exception)
}

#[cold]
fn plain_error(cx: &mut Cx, msg: &str) -> Raised {
    let c = error_class(cx);
    error_of(cx, c, msg)
}

/// `zlib.error` for a code of the library, while doing `what`.
#[cold]
fn error(cx: &mut Cx, s: Option<&Stream>, code: i32, what: &str) -> Raised {
    let said = s.and_then(Stream::message).filter(|m| !m.is_empty());
    let why = said.or_else(|| {
        Some(
            match code {
                z::Z_BUF_ERROR => "incomplete or truncated stream",
                z::Z_STREAM_ERROR => "inconsistent stream state",
                z::Z_DATA_ERROR => "invalid input data",
                _ => return None,
            }
            .to_owned(),
        )
    });
    match why {
        Some(why) => plain_error(cx, &format!("Error {code} {what}: {why}")),
        None => plain_error(cx, &format!("Error {code} {what}")),
    }
}

/// What a run of the library ended with.
struct Ran {
    code: i32,
    read: usize,
    out: Vec<u8>,
}

/// Run until all input is read and no output is held back, the stream ends, or
/// `most` bytes have come out.
fn run(s: &mut Stream, input: &[u8], flush: i32, first: usize, most: usize) -> Ran {
    // What the caller expects at first may be too much.
    let first = first.clamp(1, most.max(1)).min(1 << 26);
    let mut out = vec![0; first];
    let (mut read, mut written) = (0, 0);
    loop {
        if written == out.len() {
            if written >= most {
                return Ran { code: z::Z_OK, read, out };
            }
            out.resize((out.len() * 2).min(most), 0);
        }
        let (code, r, w) = s.step(&input[read..], &mut out[written..], flush);
        read += r;
        written += w;
        let full = written == out.len();
        let go_on = match code {
            z::Z_OK => full || read < input.len() || (flush == z::Z_FINISH && w + r > 0),
            // No progress was possible: only more room can change that.
            z::Z_BUF_ERROR => full && written < most,
            _ => false,
        };
        if !go_on || (full && written >= most) {
            out.truncate(written);
            return Ran { code, read, out };
        }
    }
}

/// [`run`], in the blocked state when that pays.
fn run_large(cx: &Cx, s: &mut Stream, input: &[u8], flush: i32, first: usize, most: usize) -> Ran {
    if input.len() < 2048 {
        run(s, input, flush, first, most)
    } else {
        cx.blocked(|| run(s, input, flush, first, most))
    }
}

/// A number of 32 bits, the rest cut off.
fn low32(cx: &mut Cx, o: Obj) -> Result<u32> {
    let o = ops::index(cx, o)?;
    let mut room = [0];
    Ok(match int::parts(o, &mut room) {
        Some((negative, limbs)) => {
            let n = limbs.first().copied().unwrap_or(0) as u32;
            if negative { n.wrapping_neg() } else { n }
        }
        None => 0,
    })
}

/// The functions in this module allow compression and decompression using the
/// zlib library, which is based on GNU zip.
#[module("zlib", classes(Decompressor))]
pub mod zlib {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let e = error_class(cx)?;
        set(cx, module, "error", e)?;
        set_ints(
            cx,
            module,
            &[
                ("MAX_WBITS", 15),
                ("DEFLATED", 8),
                ("DEF_MEM_LEVEL", 8),
                ("DEF_BUF_SIZE", BUFFER as i64),
                ("Z_NO_COMPRESSION", 0),
                ("Z_BEST_SPEED", 1),
                ("Z_BEST_COMPRESSION", 9),
                ("Z_DEFAULT_COMPRESSION", -1),
                ("Z_FILTERED", 1),
                ("Z_HUFFMAN_ONLY", 2),
                ("Z_RLE", 3),
                ("Z_FIXED", 4),
                ("Z_DEFAULT_STRATEGY", 0),
                ("Z_NO_FLUSH", 0),
                ("Z_PARTIAL_FLUSH", 1),
                ("Z_SYNC_FLUSH", 2),
                ("Z_FULL_FLUSH", 3),
                ("Z_FINISH", 4),
                ("Z_BLOCK", 5),
                ("Z_TREES", 6),
            ],
        )?;
        set(cx, module, "ZLIB_VERSION", "1.3.1")?;
        set(cx, module, "ZLIB_RUNTIME_VERSION", "1.3.1")?;
        set(cx, module, "__version__", "1.0")
    }
    /// Returns a bytes object containing compressed data.
    #[sig(data, /, level = -1, wbits = 15)]
    fn compress(cx: &mut Cx, data: Buf, level: i32, wbits: i32) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        let mut s = match Stream::deflate(level, 8, wbits, 8, 0) {
            Ok(s) => s,
            Err(z::Z_MEM_ERROR) => {
                return Err(cx.error(ExcKind::MemoryError, "Out of memory while compressing data"));
            }
            Err(z::Z_STREAM_ERROR) => return Err(plain_error(cx, "Bad compression level")),
            Err(e) => return Err(error(cx, None, e, "while compressing data")),
        };
        let r = run_large(cx, &mut s, &b, z::Z_FINISH, BUFFER, usize::MAX);
        if r.code != z::Z_STREAM_END {
            return Err(error(cx, Some(&s), r.code, "while compressing data"));
        }
        bytes_obj(cx, &r.out)
    }
    /// Returns a bytes object containing the uncompressed data.
    #[sig(data, /, wbits = 15, bufsize = 16384)]
    fn decompress(cx: &mut Cx, data: Buf, wbits: i32, bufsize: isize) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        let first = usize::try_from(bufsize).map_err(|_| cx.value_error("bufsize must be non-negative"))?;
        let mut s = match Stream::inflate(wbits) {
            Ok(s) => s,
            Err(e) => return Err(error(cx, None, e, "while preparing to decompress data")),
        };
        let r = run_large(cx, &mut s, &b, z::Z_SYNC_FLUSH, first.max(1), usize::MAX);
        match r.code {
            z::Z_STREAM_END => bytes_obj(cx, &r.out),
            z::Z_OK | z::Z_BUF_ERROR => {
                Err(plain_error(cx, "Error -5 while decompressing data: incomplete or truncated stream"))
            }
            e => Err(error(cx, Some(&s), e, "while decompressing data")),
        }
    }
    /// Return a compressor object.
    #[sig(level = -1, method = 8, wbits = 15, memLevel = 8, strategy = 0, zdict = None)]
    fn compressobj(
        cx: &mut Cx,
        level: i32,
        method: i32,
        wbits: i32,
        #[allow(non_snake_case)] memLevel: i32,
        strategy: i32,
        zdict: Option<Buf>,
    ) -> Result<Gc<Compress>> {
        let c = Compress::begin(cx, [level, method, wbits, memLevel, strategy], zdict)?;
        native::instance(cx, c)
    }
    /// Return a decompressor object.
    #[sig(wbits = 15, zdict = <missing>)]
    fn decompressobj(cx: &mut Cx, wbits: i32, zdict: Missing<Obj>) -> Result<Gc<Decompress>> {
        let d = Decompress::begin(cx, wbits, zdict)?;
        native::instance(cx, d)
    }
    /// Compute an Adler-32 checksum of data.
    #[sig(data, value = <missing>, /)]
    fn adler32(cx: &mut Cx, data: Buf, value: Missing<Obj>) -> Result<u32> {
        let start = match value.given() {
            // Both halves are remainders.
            Some(v) => {
                let v = low32(cx, v)?;
                (((v >> 16) % 65521) << 16) | ((v & 0xffff) % 65521)
            }
            None => 1,
        };
        let b = data.to_vec(cx)?;
        Ok(cx.blocked(|| z::adler32(start, &b)))
    }
    /// Compute a CRC-32 checksum of data.
    #[sig(data, value = <missing>, /)]
    fn crc32(cx: &mut Cx, data: Buf, value: Missing<Obj>) -> Result<u32> {
        let start = match value.given() {
            Some(v) => low32(cx, v)?,
            None => 0,
        };
        let b = data.to_vec(cx)?;
        Ok(cx.blocked(|| z::crc32(start, &b)))
    }
}
