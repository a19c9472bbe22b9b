//! Streams of the zlib library (its Rust port, through the C interface, which is
//! the only one with all of `zlib`'s parameters).
//!
//! Invariant: a stream's record is boxed and initialised, so the library may
//! keep pointers to it; it is ended once, when dropped.
//! Tests: CPython test_zlib.

use libz_rs_sys as z;
use std::ffi::CStr;
use std::mem::MaybeUninit;

pub use z::{
    Z_BUF_ERROR, Z_DATA_ERROR, Z_FINISH, Z_MEM_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_STREAM_END, Z_STREAM_ERROR,
    Z_SYNC_FLUSH,
};

/// A compression or decompression under way.
pub struct Stream {
    raw: Box<z::z_stream>,
    deflate: bool,
}

// The record refers to nothing outside the stream between calls.
unsafe impl Send for Stream {}

const SIZE: i32 = size_of::<z::z_stream>() as i32;

fn blank() -> Box<z::z_stream> {
    // All-zero asks for the default allocator and has no buffers.
    Box::new(unsafe { MaybeUninit::zeroed().assume_init() })
}

fn version() -> *const std::ffi::c_char {
    z::zlibVersion()
}

impl Stream {
    /// A compressor, or zlib's error.
    pub fn deflate(level: i32, method: i32, wbits: i32, mem: i32, strategy: i32) -> Result<Stream, i32> {
        let mut raw = blank();
        let r = unsafe { z::deflateInit2_(&mut *raw, level, method, wbits, mem, strategy, version(), SIZE) };
        if r == Z_OK { Ok(Stream { raw, deflate: true }) } else { Err(r) }
    }
    /// A decompressor, or zlib's error.
    pub fn inflate(wbits: i32) -> Result<Stream, i32> {
        let mut raw = blank();
        let r = unsafe { z::inflateInit2_(&mut *raw, wbits, version(), SIZE) };
        if r == Z_OK { Ok(Stream { raw, deflate: false }) } else { Err(r) }
    }
    /// One call of the library: its code, bytes read and bytes written.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> (i32, usize, usize) {
        let (n, m) = (input.len().min(u32::MAX as usize), output.len().min(u32::MAX as usize));
        self.raw.next_in = input.as_ptr() as *mut _;
        self.raw.avail_in = n as u32;
        self.raw.next_out = output.as_mut_ptr();
        self.raw.avail_out = m as u32;
        // The buffers are valid for the call.
        let r =
            unsafe { if self.deflate { z::deflate(&mut *self.raw, flush) } else { z::inflate(&mut *self.raw, flush) } };
        (r, n - self.raw.avail_in as usize, m - self.raw.avail_out as usize)
    }
    /// Give the dictionary; zlib's code.
    pub fn set_dictionary(&mut self, d: &[u8]) -> i32 {
        let n = d.len().min(u32::MAX as usize) as u32;
        unsafe {
            if self.deflate {
                z::deflateSetDictionary(&mut *self.raw, d.as_ptr(), n)
            } else {
                z::inflateSetDictionary(&mut *self.raw, d.as_ptr(), n)
            }
        }
    }
    /// The same state again.
    pub fn copy(&mut self) -> Result<Stream, i32> {
        let mut raw = blank();
        let r = unsafe {
            if self.deflate { z::deflateCopy(&mut *raw, &mut *self.raw) } else { z::inflateCopy(&mut *raw, &*self.raw) }
        };
        if r == Z_OK { Ok(Stream { raw, deflate: self.deflate }) } else { Err(r) }
    }
    /// What the library says about the last error.
    pub fn message(&self) -> Option<String> {
        let m = self.raw.msg;
        // A static string.
        (!m.is_null()).then(|| unsafe { CStr::from_ptr(m) }.to_string_lossy().into_owned())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        unsafe {
            if self.deflate {
                z::deflateEnd(&mut *self.raw);
            } else {
                z::inflateEnd(&mut *self.raw);
            }
        }
    }
}

pub fn crc32(start: u32, data: &[u8]) -> u32 {
    unsafe { z::crc32_z(start.into(), data.as_ptr(), data.len()) as u32 }
}
pub fn adler32(start: u32, data: &[u8]) -> u32 {
    unsafe { z::adler32_z(start.into(), data.as_ptr(), data.len()) as u32 }
}
