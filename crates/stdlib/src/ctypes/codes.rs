//! Letters of simple types: sizes, reading a value from memory, storing one.
//!
//! What a store must keep alive is returned: the `bytes` behind a `char *`, and so on.
//! Tests: tests/lang/ctypes.md; CPython test_numbers, test_bitfields, test_strings.

use super::info::Code;
use super::raw;
use crate::util::bytes_obj;
use typhon_builtins::buffer::{self, BufferView};
use typhon_builtins::bytearray::Bytearray;
use typhon_builtins::complex::{self, construct};
use typhon_ffi::{Type as CallType, long_double, mem};
use typhon_object::bytes::{self, Bytes};
use typhon_object::native::IntoObj;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Raised, Result, int, ops};

/// All letters, as the error text lists them.
pub const LETTERS: &str = "cbBhHiIlLdDFGfuzZqQPOv?g";

/// What is special of a bit field: its lowest bit and how many there are.
pub type Bits = Option<(u32, u32)>;

/// Size, which is the alignment too but for the few that say otherwise.
pub fn size(letter: u8) -> Option<(usize, usize)> {
    Some(match letter {
        b'c' | b'b' | b'B' | b'?' | b's' => (1, 1),
        b'h' | b'H' | b'v' => (2, 2),
        b'i' | b'I' | b'f' | b'u' | b'U' => (4, 4),
        b'l' | b'L' | b'q' | b'Q' | b'd' | b'z' | b'Z' | b'P' | b'O' => (8, 8),
        b'F' => (8, 4),
        b'D' => (16, 8),
        b'g' => (16, 16),
        b'G' => (32, 16),
        _ => return None,
    })
}

/// Whether there is a type with the other byte order.
pub fn swappable(letter: u8) -> bool {
    matches!(letter, b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'f' | b'd' | b'F' | b'D')
}

fn signed(letter: u8) -> Option<bool> {
    match letter {
        b'b' | b'h' | b'i' | b'l' | b'q' => Some(true),
        b'B' | b'H' | b'I' | b'L' | b'Q' => Some(false),
        _ => None,
    }
}

/// Whether bit fields of this type are possible.
pub fn takes_bits(letter: u8) -> bool {
    signed(letter).is_some() || letter == b'?'
}

/// How a function is given one.
pub fn call_type(letter: u8) -> CallType {
    let (n, _) = size(letter).unwrap_or((8, 8));
    match letter {
        b'f' => CallType::Float,
        b'd' => CallType::Double,
        b'g' => CallType::LongDouble,
        b'F' => CallType::FloatComplex,
        b'D' => CallType::DoubleComplex,
        b'G' => CallType::LongDoubleComplex,
        b'z' | b'Z' | b'P' | b'O' | b's' | b'U' => CallType::Pointer,
        b'c' | b'v' => CallType::Signed(n),
        b'u' => CallType::Signed(4),
        _ if signed(letter) == Some(true) => CallType::Signed(n),
        _ => CallType::Unsigned(n),
    }
}

/// The letter in the language of PEP 3118, with the byte order.
pub fn format(code: Code) -> String {
    let letter = match code.letter {
        b'l' => 'q',
        b'L' => 'Q',
        c => c as char,
    };
    format!("{}{letter}", if code.swapped != cfg!(target_endian = "big") { '>' } else { '<' })
}

fn raw_int(at: usize, n: usize, swapped: bool) -> u64 {
    let mut b = [0; 8];
    mem::read(at, &mut b[..n]);
    if swapped {
        b[..n].reverse();
    }
    u64::from_le_bytes(b)
}

fn put_int(at: usize, n: usize, swapped: bool, v: u64) {
    let mut b = v.to_le_bytes();
    if swapped {
        b[..n].reverse();
    }
    mem::write(at, &b[..n]);
}

fn pointer(at: usize) -> usize {
    mem::word(at)
}

/// The value at `at`; `len` is the size of what is read, for texts in arrays.
pub fn get(cx: &mut Cx, code: Code, at: usize, len: usize, bits: Bits) -> Result<Obj> {
    let (n, _) = size(code.letter).unwrap_or((8, 8));
    if let Some(sign) = signed(code.letter) {
        let mut v = raw_int(at, n, code.swapped);
        let mut width = 8 * n as u32;
        if let Some((low, count)) = bits {
            v >>= low;
            width = count;
        }
        let spare = 64 - width;
        return if sign { (((v << spare) as i64) >> spare).into_obj(cx) } else { ((v << spare) >> spare).into_obj(cx) };
    }
    match code.letter {
        b'?' => {
            let v = raw_int(at, 1, false);
            Ok(Obj::bool(bits.map_or(v, |(low, count)| v >> low & ((1 << count) - 1)) != 0))
        }
        b'v' => Ok(Obj::bool(raw_int(at, 2, false) != 0)),
        b'f' => f64::from(f32::from_bits(raw_int(at, 4, code.swapped) as u32)).into_obj(cx),
        b'd' => f64::from_bits(raw_int(at, 8, code.swapped)).into_obj(cx),
        b'g' => long_double::to_f64(mem::get(at)).into_obj(cx),
        b'F' => {
            let part = |at| f64::from(f32::from_bits(raw_int(at, 4, code.swapped) as u32));
            complex::new(cx, (part(at), part(at + 4)))
        }
        b'D' => {
            let part = |at| f64::from_bits(raw_int(at, 8, code.swapped));
            complex::new(cx, (part(at), part(at + 8)))
        }
        b'G' => complex::new(cx, (long_double::to_f64(mem::get(at)), long_double::to_f64(mem::get(at + 16)))),
        b'c' => bytes_obj(cx, &mem::get::<1>(at)),
        b'u' => text(cx, &mem::wide(at, 1)),
        b's' => {
            let all = mem::to_vec(at, len);
            let end = all.iter().position(|b| *b == 0).unwrap_or(len);
            bytes_obj(cx, &all[..end])
        }
        b'U' => {
            let all = mem::wide(at, len / 4);
            let end = all.iter().position(|c| *c == 0).unwrap_or(all.len());
            text(cx, &all[..end])
        }
        b'P' => match pointer(at) {
            0 => Ok(Obj::NONE),
            p => p.into_obj(cx),
        },
        b'z' => match pointer(at) {
            0 => Ok(Obj::NONE),
            p => bytes_obj(cx, &mem::to_vec(p, mem::text_len(p))),
        },
        b'Z' => match pointer(at) {
            0 => Ok(Obj::NONE),
            p => text(cx, &mem::wide(p, mem::wide_len(p))),
        },
        b'O' => match raw::object(pointer(at) as u64) {
            Some(o) => Ok(o),
            None if pointer(at) == 0 => Err(cx.value_error("PyObject is NULL")),
            None => Err(cx.value_error(format!("no object at {:#x}", pointer(at)))),
        },
        _ => Err(cx.type_error("unknown type code")),
    }
}

/// A str of wide characters.
pub fn text(cx: &Cx, c: &[u32]) -> Result<Obj> {
    if let Some(c) = c.iter().find(|c| **c > 0x10ffff) {
        return Err(cx.value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]")));
    }
    Ok(str::from_ucs4(cx, c)?.obj())
}

/// The low 64 bits of an int, as C takes them.
pub fn low_bits(o: Obj) -> Option<u64> {
    let mut room = [0];
    let (negative, limbs) = int::parts(o, &mut room)?;
    let low = limbs.first().copied().unwrap_or(0);
    Some(if negative { low.wrapping_neg() } else { low })
}

#[cold]
fn expected(cx: &Cx, what: &str, v: Obj) -> Raised {
    cx.type_error(format!("{what} expected instead of {} instance", cx.type_name(v)))
}

/// Text as wide characters with a zero behind, in memory of its own.
pub fn wide_copy(cx: &Cx, s: Gc<Str>) -> Result<Gc<Bytes>> {
    let v: Vec<u8> = s.chars().chain([0]).flat_map(u32::to_ne_bytes).collect();
    bytes::new(cx, &v)
}

/// The address of the contents of a bytes object.
pub fn data_of(b: Gc<Bytes>) -> usize {
    b.payload().as_slice().as_ptr() as usize
}

/// Store a value; what must stay alive as long as it is there.
pub fn set(cx: &mut Cx, code: Code, at: usize, len: usize, bits: Bits, v: Obj) -> Result<Obj> {
    let (n, _) = size(code.letter).unwrap_or((8, 8));
    if signed(code.letter).is_some() {
        let new = if int::is_int(v) { v } else { ops::index(cx, v)? };
        let new = low_bits(new).unwrap_or(0);
        let new = match bits {
            None => new,
            Some(b) => merged(raw_int(at, n, code.swapped), new, b),
        };
        put_int(at, n, code.swapped, new);
        return Ok(Obj::NONE);
    }
    match code.letter {
        b'?' => {
            let new = u64::from(ops::truth(cx, v)?);
            put_int(at, 1, false, bits.map_or(new, |b| merged(raw_int(at, 1, false), new, b)));
        }
        b'v' => {
            let new = if ops::truth(cx, v)? { u64::MAX } else { 0 };
            put_int(at, 2, false, new);
        }
        b'f' => {
            let x = ops::as_float(cx, v)?;
            let y = x as f32;
            if y.is_infinite() && x.is_finite() {
                return Err(cx.error(typhon_object::ExcKind::OverflowError, "float too large to pack with f format"));
            }
            put_int(at, 4, code.swapped, u64::from(y.to_bits()));
        }
        b'd' => {
            let x = ops::as_float(cx, v)?;
            put_int(at, 8, code.swapped, x.to_bits());
        }
        b'g' => {
            let x = ops::as_float(cx, v)?;
            mem::write(at, &long_double::from_f64(x));
        }
        b'F' => {
            let (re, im) = construct::from_number(cx, v)?;
            put_int(at, 4, code.swapped, u64::from((re as f32).to_bits()));
            put_int(at + 4, 4, code.swapped, u64::from((im as f32).to_bits()));
        }
        b'D' => {
            let (re, im) = construct::from_number(cx, v)?;
            put_int(at, 8, code.swapped, re.to_bits());
            put_int(at + 8, 8, code.swapped, im.to_bits());
        }
        b'G' => {
            let (re, im) = construct::from_number(cx, v)?;
            mem::write(at, &long_double::from_f64(re));
            mem::write(at + 16, &long_double::from_f64(im));
        }
        b'c' => mem::write(at, &[one_char(cx, v)?]),
        b'u' => {
            let Some(s) = v.cast::<Str>() else {
                return Err(cx.type_error(format!(
                    "a unicode character expected, not instance of {}",
                    ops::full_name(cx, ops::class_of(v))
                )));
            };
            if s.len() != 1 {
                return Err(cx.type_error(format!("a unicode character expected, not a string of length {}", s.len())));
            }
            mem::write(at, &s.at(0).to_ne_bytes());
        }
        b's' => {
            let Some(b) = v.cast::<Bytes>() else {
                return Err(cx.type_error(format!("expected bytes, {} found", cx.type_name(v))));
            };
            let data = b.as_slice();
            let used = data.iter().position(|b| *b == 0).unwrap_or(data.len());
            fill(cx, "bytes", at, len, 1, &data[..used])?;
        }
        b'U' => {
            let Some(s) = v.cast::<Str>() else { return Err(text_expected(cx, v)) };
            let data: Vec<u8> = s.chars().flat_map(u32::to_ne_bytes).collect();
            fill(cx, "string", at, len, 4, &data)?;
        }
        b'P' => {
            let p = match low_bits(v) {
                _ if v.is_none() => 0,
                Some(p) => p,
                None => return Err(cx.type_error("cannot be converted to pointer")),
            };
            put_int(at, 8, false, p);
        }
        b'z' => {
            if let Some(b) = v.cast::<Bytes>() {
                put_int(at, 8, false, data_of(b) as u64);
                return Ok(v);
            }
            match low_bits(v) {
                _ if v.is_none() => put_int(at, 8, false, 0),
                Some(p) => put_int(at, 8, false, p),
                None => return Err(expected(cx, "bytes or integer address", v)),
            }
        }
        b'Z' => {
            if let Some(s) = v.cast::<Str>() {
                let b = wide_copy(cx, s)?;
                put_int(at, 8, false, data_of(b) as u64);
                return Ok(b.obj());
            }
            match low_bits(v) {
                _ if v.is_none() => put_int(at, 8, false, 0),
                Some(p) => put_int(at, 8, false, p),
                None => return Err(expected(cx, "unicode string or integer address", v)),
            }
        }
        b'O' => {
            put_int(at, 8, false, v.word());
            return Ok(v);
        }
        _ => return Err(cx.type_error("unknown type code")),
    }
    Ok(Obj::NONE)
}

fn merged(old: u64, new: u64, (low, count): (u32, u32)) -> u64 {
    let mask = (u64::MAX >> (64 - count)) << low;
    old & !mask | new << low & mask
}

fn text_expected(cx: &Cx, v: Obj) -> Raised {
    cx.type_error(format!("unicode string expected instead of {} instance", cx.type_name(v)))
}

/// Store text of `unit` bytes a character, with a zero behind if there is room.
fn fill(cx: &Cx, what: &str, at: usize, len: usize, unit: usize, data: &[u8]) -> Result<()> {
    if data.len() > len {
        return Err(cx.value_error(format!("{what} too long ({}, maximum length {})", data.len() / unit, len / unit)));
    }
    mem::write(at, data);
    if data.len() + unit <= len {
        mem::fill(at + data.len(), unit, 0);
    }
    Ok(())
}

fn one_char(cx: &mut Cx, v: Obj) -> Result<u8> {
    let what = "one character bytes, bytearray, or an integer in range(256) expected, not ";
    if v.cast::<Bytes>().is_some() || v.cast::<Bytearray>().is_some() {
        let b: BufferView = buffer::get(cx, v, false)?;
        return match b.as_slice() {
            [c] => Ok(*c),
            s => {
                let kind = if v.cast::<Bytes>().is_some() { "bytes" } else { "bytearray" };
                Err(cx.type_error(format!("{what}{kind} of length {}", s.len())))
            }
        };
    }
    if int::is_int(v) {
        return match int::to_i64(v).and_then(|n| u8::try_from(n).ok()) {
            Some(c) => Ok(c),
            None => Err(cx.type_error("integer not in range(256)")),
        };
    }
    Err(cx.type_error(format!("{what}{}", ops::full_name(cx, ops::class_of(v)))))
}
