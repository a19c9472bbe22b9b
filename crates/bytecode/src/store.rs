//! Code to bytes and back, for cache files.
//!
//! Format: varints and length-prefixed data in the order of `Code`'s fields.
//! Reading is total: damaged or hostile input is an error, never a panic, and
//! never allocates more than the input's size allows. What `load` returns has passed
//! the verifier.
//!
//! Tests: `tests/roundtrip.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use crate::code::{Code, Const, Handler, Raw, Text};
use crate::nesting::Nests;
use crate::positions::{self, Positions, put};

/// Nesting of constants and code that `load` accepts.
const MAX_DEPTH: u32 = 200;

/// Version of the format and of the instruction set; part of a cache's key.
pub const FORMAT: u32 = 3;

/// Serialise `code`.
pub fn store(code: &Code) -> Vec<u8> {
    let mut out = Vec::new();
    put_code(&mut out, code);
    out
}

/// Read and verify what `store` wrote.
pub fn load(bytes: &[u8]) -> Result<Arc<Code>, String> {
    let code = read(bytes, |s| Cow::Owned(s.to_owned()), |b| Cow::Owned(b.to_owned()))?;
    crate::verify::verify(&code)?;
    Ok(code)
}

/// Read what [`load`] has accepted before, when the library was packed. What need not be
/// copied is not.
pub fn load_verified(bytes: &'static [u8]) -> Result<Arc<Code>, String> {
    read(bytes, Cow::Borrowed, Cow::Borrowed)
}

fn read<'a>(bytes: &'a [u8], text: fn(&'a str) -> Text, raw: fn(&'a [u8]) -> Raw) -> Result<Arc<Code>, String> {
    let mut input = Input { left: bytes, text, raw, filename: None };
    let code = get_code(&mut input, 0).ok_or("damaged code file")?;
    if !input.left.is_empty() {
        return Err("data after the code".into());
    }
    Ok(Arc::new(code))
}

fn put_bytes(out: &mut Vec<u8>, b: &[u8]) {
    put(out, b.len() as u64);
    out.extend_from_slice(b);
}

fn put_names(out: &mut Vec<u8>, names: &[Text]) {
    put(out, names.len() as u64);
    for n in names {
        put_bytes(out, n.as_bytes());
    }
}

fn put_code(out: &mut Vec<u8>, c: &Code) {
    for s in [&*c.name, &c.qualname, &c.filename] {
        put_bytes(out, s.as_bytes());
    }
    for v in [c.first_line, c.flags, c.argcount, c.posonlyargcount, c.kwonlyargcount, c.nregs, c.free_base as u32] {
        put(out, v as u64);
    }
    for n in [&c.varnames, &c.cellvars, &c.freevars, &c.names] {
        put_names(out, n);
    }
    put(out, c.cell_regs.len() as u64);
    for &r in &c.cell_regs {
        put(out, r as u64);
    }
    put_consts(out, &c.consts);
    put(out, c.instrs.len() as u64);
    for w in &c.instrs {
        out.extend_from_slice(&w.to_le_bytes());
    }
    put(out, c.exceptions.len() as u64);
    for h in &c.exceptions {
        for v in [h.start, h.end, h.target, h.reg as u32] {
            put(out, v as u64);
        }
    }
    put_bytes(out, &c.positions.0);
    put_bytes(out, &c.nests.0);
}

fn put_consts(out: &mut Vec<u8>, cs: &[Const]) {
    put(out, cs.len() as u64);
    for c in cs {
        put_const(out, c);
    }
}

fn put_const(out: &mut Vec<u8>, c: &Const) {
    match c {
        Const::None => out.push(0),
        Const::True => out.push(1),
        Const::False => out.push(2),
        Const::Ellipsis => out.push(3),
        Const::Int(v) => {
            out.push(4);
            put(out, ((v << 1) ^ (v >> 63)) as u64);
        }
        Const::BigInt(s) => {
            out.push(5);
            put_bytes(out, s.as_bytes());
        }
        Const::Float(f) => {
            out.push(6);
            out.extend(f.to_bits().to_le_bytes());
        }
        Const::Complex(a, b) => {
            out.push(7);
            out.extend(a.to_bits().to_le_bytes());
            out.extend(b.to_bits().to_le_bytes());
        }
        Const::Str(s) => {
            out.push(8);
            put_bytes(out, s.as_bytes());
        }
        Const::Wtf8(b) => {
            out.push(9);
            put_bytes(out, b);
        }
        Const::Bytes(b) => {
            out.push(10);
            put_bytes(out, b);
        }
        Const::Tuple(t) => {
            out.push(11);
            put_consts(out, t);
        }
        Const::FrozenSet(t) => {
            out.push(12);
            put_consts(out, t);
        }
        Const::Slice(s) => {
            out.push(13);
            for c in s.iter() {
                put_const(out, c);
            }
        }
        Const::Code(c) => {
            out.push(14);
            put_code(out, c);
        }
    }
}

/// What is left to read, and how to keep what was read.
struct Input<'a> {
    left: &'a [u8],
    text: fn(&'a str) -> Text,
    raw: fn(&'a [u8]) -> Raw,
    /// All code of a file shares its name.
    filename: Option<Arc<str>>,
}

type In<'b, 'a> = &'b mut Input<'a>;

fn take<'a>(b: In<'_, 'a>, n: usize) -> Option<&'a [u8]> {
    let (head, rest) = b.left.split_at_checked(n)?;
    b.left = rest;
    Some(head)
}

fn get(b: In<'_, '_>) -> Option<u64> {
    positions::get(&mut b.left)
}

fn get_u32(b: In<'_, '_>) -> Option<u32> {
    u32::try_from(get(b)?).ok()
}

/// A count of items that each take at least one byte.
fn get_len(b: In<'_, '_>) -> Option<usize> {
    usize::try_from(get(b)?).ok().filter(|&n| n <= b.left.len())
}

fn get_bytes<'a>(b: In<'_, 'a>) -> Option<&'a [u8]> {
    let n = get_len(b)?;
    take(b, n)
}

fn get_str<'a>(b: In<'_, 'a>) -> Option<&'a str> {
    std::str::from_utf8(get_bytes(b)?).ok()
}

fn get_text(b: In<'_, '_>) -> Option<Text> {
    get_str(b).map(b.text)
}

fn get_filename(b: In<'_, '_>) -> Option<Arc<str>> {
    let s = get_str(b)?;
    if b.filename.as_deref() != Some(s) {
        b.filename = Some(s.into());
    }
    b.filename.clone()
}

fn get_raw(b: In<'_, '_>) -> Option<Raw> {
    get_bytes(b).map(b.raw)
}

fn get_names(b: In<'_, '_>) -> Option<Vec<Text>> {
    let n = get_len(b)?;
    (0..n).map(|_| get_text(b)).collect()
}

fn get_word(b: In<'_, '_>) -> Option<u64> {
    Some(u64::from_le_bytes(take(b, 8)?.try_into().ok()?))
}

fn get_code(b: In<'_, '_>, depth: u32) -> Option<Code> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut c = Code {
        name: get_text(b)?,
        qualname: get_text(b)?,
        filename: get_filename(b)?,
        first_line: get_u32(b)?,
        flags: get_u32(b)?,
        argcount: get_u32(b)?,
        posonlyargcount: get_u32(b)?,
        kwonlyargcount: get_u32(b)?,
        nregs: get_u32(b)?.min(0xFFFF),
        free_base: u16::try_from(get(b)?).ok()?,
        varnames: get_names(b)?,
        cellvars: get_names(b)?,
        freevars: get_names(b)?,
        names: get_names(b)?,
        ..Code::default()
    };
    let n = get_len(b)?;
    c.cell_regs = (0..n).map(|_| u16::try_from(get(b)?).ok()).collect::<Option<_>>()?;
    c.consts = get_consts(b, depth)?;
    let n = get_len(b)?;
    c.instrs = (0..n).map(|_| get_word(b)).collect::<Option<_>>()?;
    let n = get_len(b)?;
    for _ in 0..n {
        c.exceptions.push(Handler {
            start: get_u32(b)?,
            end: get_u32(b)?,
            target: get_u32(b)?,
            reg: u16::try_from(get(b)?).ok()?,
        });
    }
    c.positions = Positions(get_raw(b)?);
    c.nests = Nests(get_raw(b)?);
    Some(c)
}

fn get_consts(b: In<'_, '_>, depth: u32) -> Option<Vec<Const>> {
    let n = get_len(b)?;
    (0..n).map(|_| get_const(b, depth + 1)).collect()
}

fn get_const(b: In<'_, '_>, depth: u32) -> Option<Const> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match take(b, 1)?[0] {
        0 => Const::None,
        1 => Const::True,
        2 => Const::False,
        3 => Const::Ellipsis,
        4 => {
            let v = get(b)?;
            Const::Int((v >> 1) as i64 ^ -((v & 1) as i64))
        }
        5 => {
            let s = get_str(b)?;
            let digits = s.strip_prefix('-').unwrap_or(s);
            if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
                return None;
            }
            Const::BigInt((b.text)(s))
        }
        6 => Const::Float(f64::from_bits(get_word(b)?)),
        7 => Const::Complex(f64::from_bits(get_word(b)?), f64::from_bits(get_word(b)?)),
        8 => Const::Str(get_text(b)?),
        9 => Const::Wtf8(get_raw(b)?),
        10 => Const::Bytes(get_raw(b)?),
        11 => Const::Tuple(get_consts(b, depth)?.into()),
        12 => Const::FrozenSet(get_consts(b, depth)?.into()),
        13 => {
            let d = depth + 1;
            Const::Slice(Box::new([get_const(b, d)?, get_const(b, d)?, get_const(b, d)?]))
        }
        14 => Const::Code(Arc::new(get_code(b, depth + 1)?)),
        _ => return None,
    })
}
