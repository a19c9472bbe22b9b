//! Items of views: native single-character formats.
//!
//! Tests: tests/binary.rs; CPython test_memoryview.

use crate::slice::is_index;
use typhon_object::bytes::{self, Bytes};
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, float, int, ops};
use typhon_text::struct_fmt::{f64_to_half, half_to_f64};

/// The native format character of a format, 0 for others.
pub fn code_of(format: Option<Gc<Str>>) -> u8 {
    let Some(f) = format else { return b'B' };
    let text = f.to_str();
    let c = text.strip_prefix('@').unwrap_or(&text);
    match c.as_bytes() {
        [c] if size_of_code(*c).is_some() => *c,
        _ => 0,
    }
}

/// Bytes of one item.
pub fn size_of_code(code: u8) -> Option<usize> {
    Some(match code {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' | b'P' => 8,
        _ => return None,
    })
}

/// Whether items are single bytes.
pub fn is_byte(code: u8) -> bool {
    matches!(code, b'B' | b'b' | b'c')
}

/// Whether equal items have equal bytes and the other way round.
pub fn bytewise(code: u8) -> bool {
    !matches!(code, 0 | b'e' | b'f' | b'd' | b'?')
}

/// The error of formats that are not native.
#[cold]
pub fn unsupported(cx: &Cx, format: Option<Gc<Str>>) -> Raised {
    let f = format.map_or("B".into(), |f| f.to_str().into_owned());
    let text = match f.strip_prefix('@').unwrap_or(&f).len() {
        1 => format!("memoryview: format {f} not supported"),
        _ => format!("memoryview: unsupported format {f}"),
    };
    cx.error(ExcKind::NotImplementedError, text)
}

fn word<const N: usize>(data: &[u8]) -> [u8; N] {
    let mut w = [0; N];
    w.copy_from_slice(&data[..N]);
    w
}

/// The value of an item; `code` is not 0.
pub fn unpack(cx: &Cx, code: u8, data: &[u8]) -> Result<Obj> {
    let small = match code {
        b'B' => data[0] as i64,
        b'b' => data[0] as i8 as i64,
        b'c' => return Ok(bytes::new(cx, &data[..1])?.obj()),
        b'?' => return Ok(Obj::bool(data[0] != 0)),
        b'h' => i16::from_ne_bytes(word(data)) as i64,
        b'H' => u16::from_ne_bytes(word(data)) as i64,
        b'i' => i32::from_ne_bytes(word(data)) as i64,
        b'I' => u32::from_ne_bytes(word(data)) as i64,
        b'l' | b'q' | b'n' => i64::from_ne_bytes(word(data)),
        b'e' => return float::new(cx, half_to_f64(u16::from_ne_bytes(word(data)))),
        b'f' => return float::new(cx, f32::from_ne_bytes(word(data)) as f64),
        b'd' => return float::new(cx, f64::from_ne_bytes(word(data))),
        _ => return int::from_i128(cx, u64::from_ne_bytes(word(data)) as i128),
    };
    int::from_i64(cx, small)
}

/// The bytes of a value, and how many they are; `code` is not 0.
pub fn pack(cx: &mut Cx, code: u8, v: Obj) -> Result<([u8; 8], usize)> {
    let n = size_of_code(code).unwrap_or(1);
    let mut out = [0; 8];
    match code {
        b'c' => match v.cast::<Bytes>().map(|b| b.payload().as_slice()) {
            Some([b]) => out[0] = *b,
            Some(_) => return Err(bad_value(cx, code)),
            None => return Err(bad_type(cx, code)),
        },
        b'?' => out[0] = ops::truth(cx, v)? as u8,
        b'e' | b'f' | b'd' => {
            let f = match ops::as_float(cx, v) {
                Err(e) if e.is(cx, ExcKind::TypeError) => return Err(bad_type(cx, code)),
                r => r?,
            };
            match code {
                b'e' => match f64_to_half(f) {
                    Some(h) => out[..2].copy_from_slice(&h.to_ne_bytes()),
                    None => return Err(bad_value(cx, code)),
                },
                b'f' => out[..4].copy_from_slice(&(f as f32).to_ne_bytes()),
                _ => out = f.to_ne_bytes(),
            }
        }
        _ => {
            if !is_index(v) {
                return Err(bad_type(cx, code));
            }
            let i = ops::index(cx, v)?;
            let (low, high) = range(code, n);
            match int::to_i128(i).filter(|i| (low..=high).contains(i)) {
                Some(i) => out = (i as u64).to_ne_bytes(),
                None => return Err(bad_value(cx, code)),
            }
            if cfg!(target_endian = "big") {
                out.rotate_left(8 - n);
            }
        }
    }
    Ok((out, n))
}

fn range(code: u8, n: usize) -> (i128, i128) {
    let bits = 8 * n as u32;
    match code {
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        _ => (0, (1 << bits) - 1),
    }
}

#[cold]
fn bad_type(cx: &Cx, code: u8) -> Raised {
    cx.type_error(format!("memoryview: invalid type for format '{}'", code as char))
}

#[cold]
fn bad_value(cx: &Cx, code: u8) -> Raised {
    cx.value_error(format!("memoryview: invalid value for format '{}'", code as char))
}
