//! `binascii`: hexadecimal, base64 and checksums.
//!
//! Tests: CPython test_binascii.

use crate::buffer::{AsciiBuf, Buf};
use crate::util::{bytes_obj, set};
use typhon_macros::module;
use typhon_object::interp::InterpRoot;
use typhon_object::native::{IntoObj, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Raised, Result, dict, new_type, ops, shape, tuple};

static ERROR: InterpRoot = InterpRoot::new();
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The value of each character in base64, 255 if it has none.
static DIGITS: [u8; 256] = {
    let (mut t, mut i) = ([255; 256], 0);
    while i < 64 {
        t[BASE64[i] as usize] = i as u8;
        i += 1;
    }
    t
};

fn class(cx: &mut Cx, name: &str, base: ExcKind) -> Result<Gc<Type>> {
    let ns = dict::new(cx)?;
    let (m, v) = (cx.intern("__module__")?, cx.intern("binascii")?);
    ns.insert_str(cx, m, v.obj())?;
    let bases = tuple::new(cx, &[base.class(cx).obj()])?;
    let name = cx.intern(name)?;
    new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)
}

#[cold]
fn error(cx: &mut Cx, msg: &str) -> Raised {
    let Some(c) = Obj::from_word(ERROR.get(cx)) else { return cx.value_error(msg) };
    let made = msg.into_obj(cx).and_then(|m| ops::call_args(cx, c, &[m]));
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.value_error(msg)),
        Err(e) => e,
    }
}

fn hex(cx: &mut Cx, data: Buf, sep: Option<Obj>, step: i32) -> Result<Obj> {
    let b = data.to_vec(cx)?;
    let sep = match sep {
        None => None,
        Some(s) if s.is_none() => return Err(cx.type_error("object of type 'NoneType' has no len()")),
        Some(s) => Some(typhon_builtins::bytes_like::hex::separator(cx, s, true)?),
    };
    let mut out = Vec::with_capacity(2 * b.len());
    let n = step.unsigned_abs() as usize;
    for (i, c) in b.iter().enumerate() {
        let edge = n > 0 && if step > 0 { (b.len() - i).is_multiple_of(n) } else { i.is_multiple_of(n) };
        if let Some(s) = sep.filter(|_| i > 0 && edge) {
            out.push(s);
        }
        out.extend([b"0123456789abcdef"[(c >> 4) as usize], b"0123456789abcdef"[(c & 15) as usize]]);
    }
    bytes_obj(cx, &out)
}

/// Decode digits of base64 four at a time, up to the first four that are not all digits; how
/// many characters that were.
fn whole_quads(b: &[u8], out: &mut Vec<u8>) -> usize {
    let mut done = 0;
    for four in b.as_chunks::<4>().0 {
        let v = four.map(|c| DIGITS[c as usize]);
        // What is no digit has a higher bit.
        if v[0] | v[1] | v[2] | v[3] >= 64 {
            break;
        }
        let [_, x, y, z] = v.iter().fold(0, |n, v| n << 6 | u32::from(*v)).to_be_bytes();
        out.extend_from_slice(&[x, y, z]);
        done += 4;
    }
    done
}

fn unhex(cx: &mut Cx, data: AsciiBuf) -> Result<Obj> {
    let b = data.to_vec(cx)?;
    if b.len() % 2 != 0 {
        return Err(error(cx, "Odd-length string"));
    }
    let mut out = Vec::with_capacity(b.len() / 2);
    for p in b.chunks_exact(2) {
        match ((p[0] as char).to_digit(16), (p[1] as char).to_digit(16)) {
            (Some(a), Some(d)) => out.push((a * 16 + d) as u8),
            _ => return Err(error(cx, "Non-hexadecimal digit found")),
        }
    }
    bytes_obj(cx, &out)
}

/// Conversion between binary data and ASCII
#[module("binascii")]
pub mod binascii {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let e = class(cx, "Error", ExcKind::ValueError)?;
        ERROR.set(cx, e.obj().word());
        set(cx, module, "Error", e)?;
        let i = class(cx, "Incomplete", ExcKind::Exception)?;
        set(cx, module, "Incomplete", i)
    }
    /// Hexadecimal representation of binary data.
    #[sig(data, sep = <missing>, bytes_per_sep = 1)]
    fn hexlify(cx: &mut Cx, data: Buf, sep: Missing<Obj>, bytes_per_sep: i32) -> Result<Obj> {
        hex(cx, data, sep.given(), bytes_per_sep)
    }
    /// Hexadecimal representation of binary data.
    #[sig(data, sep = <missing>, bytes_per_sep = 1)]
    fn b2a_hex(cx: &mut Cx, data: Buf, sep: Missing<Obj>, bytes_per_sep: i32) -> Result<Obj> {
        hex(cx, data, sep.given(), bytes_per_sep)
    }
    /// Binary data of hexadecimal representation.
    fn unhexlify(cx: &mut Cx, hexstr: AsciiBuf) -> Result<Obj> {
        unhex(cx, hexstr)
    }
    /// Binary data of hexadecimal representation.
    fn a2b_hex(cx: &mut Cx, hexstr: AsciiBuf) -> Result<Obj> {
        unhex(cx, hexstr)
    }
    /// Base64-code line of binary data.
    #[sig(data, /, *, newline = True)]
    fn b2a_base64(cx: &mut Cx, data: Buf, newline: bool) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        let mut out = Vec::with_capacity(b.len() / 3 * 4 + 5);
        let four = |c: [u8; 3]| {
            let n = u32::from_be_bytes([0, c[0], c[1], c[2]]);
            [18, 12, 6, 0].map(|shift| BASE64[(n >> shift & 63) as usize])
        };
        let (threes, rest) = b.as_chunks();
        threes.iter().for_each(|c| out.extend_from_slice(&four(*c)));
        match *rest {
            [a] => out.extend([four([a, 0, 0])[0], four([a, 0, 0])[1], b'=', b'=']),
            [a, b] => out.extend(four([a, b, 0])[..3].iter().copied().chain([b'='])),
            _ => {}
        }
        if newline {
            out.push(b'\n');
        }
        bytes_obj(cx, &out)
    }
    /// Decode a line of base64 data.
    #[sig(data, /, *, strict_mode = False)]
    fn a2b_base64(cx: &mut Cx, data: AsciiBuf, strict_mode: bool) -> Result<Obj> {
        let b = data.to_vec(cx)?;
        if strict_mode && b.first() == Some(&b'=') {
            return Err(error(cx, "Leading padding not allowed"));
        }
        let (mut out, mut quad, mut left, mut pads) = (Vec::with_capacity(b.len() / 4 * 3 + 3), 0, 0u32, 0);
        let mut i = 0;
        while i < b.len() {
            if quad == 0 && pads == 0 {
                i += whole_quads(&b[i..], &mut out);
            }
            let Some(c) = b.get(i) else { break };
            i += 1;
            if *c == b'=' {
                pads += 1;
                match quad {
                    // Told below.
                    1 if strict_mode => break,
                    0 | 2 | 3 if strict_mode && (quad == 0 || quad + pads > 4) => {
                        return Err(error(cx, "Excess padding not allowed"));
                    }
                    _ => continue,
                }
            }
            let Some(v) = Some(DIGITS[*c as usize]).filter(|v| *v < 64) else {
                if strict_mode {
                    return Err(error(cx, "Only base64 data is allowed"));
                }
                continue;
            };
            if strict_mode && pads > 0 {
                let whole = quad + pads == 4;
                let msg = if whole { "Excess data after padding" } else { "Discontinuous padding not allowed" };
                return Err(error(cx, msg));
            }
            pads = 0;
            left = left << 6 | v as u32;
            match quad {
                1 => out.push((left >> 4) as u8),
                2 => out.push((left >> 2) as u8),
                3 => out.push(left as u8),
                _ => {}
            }
            quad = (quad + 1) % 4;
        }
        match quad {
            0 => bytes_obj(cx, &out),
            1 => {
                let n = out.len() / 3 * 4 + 1;
                let msg = format!(
                    "Invalid base64-encoded string: number of data characters ({n}) cannot be 1 more than a multiple of 4"
                );
                Err(error(cx, &msg))
            }
            _ if quad + pads >= 4 => bytes_obj(cx, &out),
            _ => Err(error(cx, "Incorrect padding")),
        }
    }
    /// Compute CRC-32 incrementally.
    #[sig(data, crc = 0, /)]
    fn crc32(cx: &mut Cx, data: Buf, crc: i64) -> Result<u32> {
        Ok(crate::sys::zlib::crc32(crc as u32, &data.to_vec(cx)?))
    }
    /// Compute CRC-CCITT incrementally.
    fn crc_hqx(cx: &mut Cx, data: Buf, crc: i64) -> Result<u32> {
        let mut c = crc as u32 & 0xffff;
        for b in data.to_vec(cx)? {
            c ^= u32::from(b) << 8;
            for _ in 0..8 {
                c = (c << 1) ^ if c & 0x8000 != 0 { 0x1021 } else { 0 };
            }
            c &= 0xffff;
        }
        Ok(c)
    }
}
