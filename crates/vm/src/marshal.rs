//! `marshal`: values to bytes and back, in CPython's format (version 5).
//!
//! Code is the exception: behind its type byte stands what the cache files of this
//! interpreter hold, which its loader verifies. `_imp.pyc_magic_number_token` changes with
//! that format, so that no other interpreter's cache file is ever taken for ours.
//!
//! Every object but the immediate ones is given a number when it is written (format 3
//! and later) and a second time only its number is.
//!
//! Tests: tests/lang/marshal.md; CPython test_marshal.

use crate::code::{self, Code};
use std::collections::HashMap;
use typhon_builtins::buffer;
use typhon_builtins::complex::Complex;
use typhon_builtins::set::SetItems;
use typhon_builtins::slice::Slice;
use typhon_macros::module;
use typhon_object::bytes::{self, Bytes};
use typhon_object::dict::{self, Dict};
use typhon_object::list::{self, List};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, bigint, float, int, intern, ops, shape};
use typhon_text::int::Int;

const VERSION: i64 = 5;
const MAX_DEPTH: usize = 2000;
const REF: u8 = 0x80;

struct Writer {
    out: Vec<u8>,
    version: i64,
    allow_code: bool,
    depth: usize,
    /// The number of each object written, by address: the value being written keeps
    /// them alive.
    seen: HashMap<u64, u32>,
}

impl Writer {
    fn size(&mut self, cx: &Cx, n: usize) -> Result<()> {
        match i32::try_from(n) {
            Ok(n) => {
                self.out.extend(n.to_le_bytes());
                Ok(())
            }
            Err(_) => Err(unmarshallable(cx)),
        }
    }

    fn text(&mut self, cx: &Cx, flag: u8, s: Gc<Str>) -> Result<()> {
        let interned = self.version >= 1 && s.is_interned();
        if self.version >= 4 && s.is_ascii() {
            let short = s.len() < 256;
            self.out.push(
                flag | if short {
                    if interned { b'Z' } else { b'z' }
                } else if interned {
                    b'A'
                } else {
                    b'a'
                },
            );
            if short {
                self.out.push(s.len() as u8);
            } else {
                self.size(cx, s.len())?;
            }
            self.out.extend(s.as_ascii().unwrap_or_default().as_bytes());
            return Ok(());
        }
        let mut units = Vec::with_capacity(s.len() * 2);
        s.chars().for_each(|c| put_utf8(&mut units, c));
        self.out.push(flag | if interned { b't' } else { b'u' });
        self.size(cx, units.len())?;
        self.out.extend(units);
        Ok(())
    }

    fn float(&mut self, v: f64) {
        if self.version > 1 {
            self.out.extend(v.to_le_bytes());
        } else {
            let text = typhon_text::float::repr(v);
            self.out.push(text.len() as u8);
            self.out.extend(text.as_bytes());
        }
    }

    fn integer(&mut self, cx: &Cx, flag: u8, v: Obj) -> Result<()> {
        if let Some(v) = int::to_i64(v).and_then(|v| i32::try_from(v).ok()) {
            self.out.push(flag | b'i');
            self.out.extend(v.to_le_bytes());
            return Ok(());
        }
        let mut digits = Vec::new();
        let negative = bigint::with(v, |v| {
            let bit = |i: usize| v.mag.get(i / 64).map_or(0, |limb| (limb >> (i % 64) & 1) as u16);
            for first in (0..v.mag.len() * 64).step_by(15) {
                digits.push((0..15).fold(0u16, |d, i| d | bit(first + i) << i));
            }
            v.negative
        });
        while digits.last() == Some(&0) {
            digits.pop();
        }
        self.out.push(flag | b'l');
        let n = i32::try_from(digits.len()).map_err(|_| unmarshallable(cx))?;
        self.out.extend((if negative { -n } else { n }).to_le_bytes());
        digits.iter().for_each(|d| self.out.extend(d.to_le_bytes()));
        Ok(())
    }

    fn all(&mut self, cx: &mut Cx, items: impl Iterator<Item = Obj>) -> Result<()> {
        for v in items {
            self.value(cx, v)?;
        }
        Ok(())
    }

    fn value(&mut self, cx: &mut Cx, v: Obj) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH || cx.native_stack_low() {
            return Err(cx.value_error("object too deeply nested to marshal"));
        }
        match v {
            Obj::NONE => self.out.push(b'N'),
            Obj::TRUE => self.out.push(b'T'),
            Obj::FALSE => self.out.push(b'F'),
            Obj::ELLIPSIS => self.out.push(b'.'),
            _ if v == ExcKind::StopIteration.class(cx).obj() => self.out.push(b'S'),
            _ => self.counted(cx, v)?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn counted(&mut self, cx: &mut Cx, v: Obj) -> Result<()> {
        let mut flag = 0;
        if self.version >= 3 && v.is_ptr() {
            if let Some(n) = self.seen.get(&v.word()) {
                self.out.push(b'r');
                self.out.extend(n.to_le_bytes());
                return Ok(());
            }
            self.seen.insert(v.word(), self.seen.len() as u32);
            flag = REF;
        }
        let at = self.out.len();
        match v.shape() {
            shape::INT => return self.integer(cx, flag, v),
            shape::FLOAT => {
                self.out.push(flag | if self.version > 1 { b'g' } else { b'f' });
                self.float(float::value(v).unwrap_or_default());
                return Ok(());
            }
            shape::COMPLEX => {
                let c = v.cast::<Complex>().ok_or_else(|| unmarshallable(cx))?;
                self.out.push(flag | if self.version > 1 { b'y' } else { b'x' });
                self.float(c.re);
                self.float(c.im);
                return Ok(());
            }
            _ => {}
        }
        if v.shape() == shape::STR {
            return self.text(cx, flag, str::expect(cx, v, "")?);
        }
        if let Some(t) = v.cast::<Tuple>().filter(|_| v.shape() == shape::TUPLE) {
            if self.version >= 4 && t.len() < 256 {
                self.out.extend([flag | b')', t.len() as u8]);
            } else {
                self.out.push(flag | b'(');
                self.size(cx, t.len())?;
            }
            return self.all(cx, t.items().iter().copied());
        }
        if let Some(l) = v.cast::<List>().filter(|_| v.shape() == shape::LIST) {
            self.out.push(flag | b'[');
            let items = ops::tuple_from_list(cx, l)?;
            self.size(cx, items.len())?;
            return self.all(cx, items.items().iter().copied());
        }
        if let Some(d) = v.cast::<Dict>().filter(|_| v.shape() == shape::DICT) {
            self.out.push(flag | b'{');
            for (key, value) in d.items() {
                self.value(cx, key)?;
                self.value(cx, value)?;
            }
            self.out.push(b'0');
            return Ok(());
        }
        if let Some(s) = v.cast::<SetItems>().filter(|_| matches!(v.shape(), shape::SET | shape::FROZENSET)) {
            self.out.push(flag | if v.shape() == shape::SET { b'<' } else { b'>' });
            return self.set(cx, s);
        }
        if let Some(c) = v.cast::<Code>() {
            if !self.allow_code {
                return Err(cx.value_error("marshalling code objects is disallowed"));
            }
            let data = typhon_bytecode::store(&c.payload().data);
            self.out.push(flag | b'c');
            self.size(cx, data.len())?;
            self.out.extend(data);
            return Ok(());
        }
        if let Some(s) = v.cast::<Slice>() {
            if self.version < 5 {
                return Err(unmarshallable(cx));
            }
            self.out.push(flag | b':');
            return self.all(cx, [s.start, s.stop, s.step].into_iter());
        }
        if ops::class_of(v).is_native() && buffer::is_buffer(v) {
            let view = buffer::get(cx, v, false)?;
            self.out.push(flag | b's');
            self.size(cx, view.len())?;
            self.out.extend(view.as_slice());
            return Ok(());
        }
        self.out.truncate(at);
        Err(unmarshallable(cx))
    }

    /// The items in the order of what they are written as: the same for equal sets.
    fn set(&mut self, cx: &mut Cx, s: Gc<SetItems>) -> Result<()> {
        let items = ops::list_from_iter(cx, s.obj())?;
        let items = ops::tuple_from_list(cx, items)?;
        self.size(cx, items.len())?;
        let mut keyed = Vec::with_capacity(items.len());
        for (i, v) in items.items().iter().enumerate() {
            let mut one = Writer { out: Vec::new(), seen: HashMap::new(), ..*self };
            one.value(cx, *v)?;
            keyed.push((one.out, i));
        }
        keyed.sort();
        self.all(cx, keyed.iter().map(|(_, i)| items.items()[*i]))
    }
}

#[cold]
fn unmarshallable(cx: &Cx) -> Raised {
    cx.value_error("unmarshallable object")
}

/// UTF-8 that takes surrogates for characters.
fn put_utf8(out: &mut Vec<u8>, c: u32) {
    match char::from_u32(c) {
        Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8]),
    }
}

/// Where the bytes come from.
enum Source {
    Memory { bytes: buffer::BufferView, at: usize },
    File(Obj),
}

struct Reader {
    source: Source,
    allow_code: bool,
    depth: usize,
    /// The numbered objects.
    refs: Gc<List>,
}

impl Reader {
    fn take(&mut self, cx: &mut Cx, n: usize) -> Result<Vec<u8>> {
        match &mut self.source {
            Source::Memory { bytes, at } => match bytes.as_slice().get(*at..).and_then(|rest| rest.get(..n)) {
                Some(taken) => {
                    *at += n;
                    Ok(taken.to_vec())
                }
                None => Err(cx.error(ExcKind::EOFError, "marshal data too short")),
            },
            Source::File(f) => {
                let f = *f;
                let size = int::from_i64(cx, n as i64)?;
                let read = ops::call_method(cx, f, "read", &[size])?;
                let got = read_bytes(cx, read)?;
                match got.len() {
                    len if len == n => Ok(got),
                    len if len > n => {
                        Err(cx
                            .value_error(format!("read() returned too much data: {n} bytes requested, {len} returned")))
                    }
                    _ => Err(cx.error(ExcKind::EOFError, "EOF read where not expected")),
                }
            }
        }
    }

    fn byte(&mut self, cx: &mut Cx) -> Result<u8> {
        Ok(self.take(cx, 1)?[0])
    }

    fn long(&mut self, cx: &mut Cx) -> Result<i32> {
        let b = self.take(cx, 4)?;
        Ok(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn size(&mut self, cx: &mut Cx, what: &str) -> Result<usize> {
        let n = self.long(cx)?;
        usize::try_from(n).map_err(|_| cx.value_error(format!("bad marshal data ({what} size out of range)")))
    }

    fn float(&mut self, cx: &mut Cx, binary: bool) -> Result<f64> {
        if binary {
            let b = self.take(cx, 8)?;
            return Ok(f64::from_le_bytes(b.try_into().unwrap_or_default()));
        }
        let n = self.byte(cx)? as usize;
        let text = self.take(cx, n)?;
        let text = String::from_utf8(text).unwrap_or_default();
        let v = str::new(cx, &text)?;
        let v = crate::hooks::builtin(cx, "float").and_then(|class| ops::call_args(cx, class, &[v.obj()]))?;
        Ok(float::value(v).unwrap_or_default())
    }

    fn integer(&mut self, cx: &mut Cx) -> Result<Obj> {
        let n = self.long(cx)?;
        let count = n.unsigned_abs() as usize;
        let bytes = self.take(cx, count * 2)?;
        let mut limbs = vec![0u64; (count * 15).div_ceil(64)];
        for (i, d) in bytes.chunks_exact(2).enumerate() {
            let digit = u16::from_le_bytes([d[0], d[1]]);
            if digit >= 1 << 15 {
                return Err(cx.value_error("bad marshal data (digit out of range in long)"));
            }
            if digit == 0 && i + 1 == count {
                return Err(cx.value_error("bad marshal data (unnormalized long data)"));
            }
            let bit = i * 15;
            limbs[bit / 64] |= u64::from(digit) << (bit % 64);
            if bit % 64 > 49 && bit / 64 + 1 < limbs.len() {
                limbs[bit / 64 + 1] |= u64::from(digit) >> (64 - bit % 64);
            }
        }
        bigint::from_owned(cx, &Int::new(n < 0, limbs))
    }

    fn text(&mut self, cx: &mut Cx, n: usize, ascii: bool, interned: bool) -> Result<Obj> {
        let b = self.take(cx, n)?;
        let s = match std::str::from_utf8(&b) {
            _ if ascii => str::from_latin1(cx, &b)?,
            Ok(s) => str::new(cx, s)?,
            Err(_) => {
                // Surrogates; anything else is an error, as the codec says it.
                let o = bytes::new(cx, &b)?;
                let (codec, errors) = (str::new(cx, "utf-8")?, str::new(cx, "surrogatepass")?);
                let s = ops::call_method(cx, o.obj(), "decode", &[codec.obj(), errors.obj()])?;
                str::expect(cx, s, "")?
            }
        };
        Ok(if interned { intern::intern(cx, s)?.obj() } else { s.obj() })
    }

    /// The values of a container, `n` of them.
    fn values(&mut self, cx: &mut Cx, n: usize, what: &str) -> Result<Gc<List>> {
        let l = list::new(cx, &[])?;
        for _ in 0..n {
            let v = self.member(cx, what)?;
            l.append(cx, v)?;
        }
        Ok(l)
    }

    fn member(&mut self, cx: &mut Cx, what: &str) -> Result<Obj> {
        match self.value(cx)? {
            Some(v) => Ok(v),
            None => Err(cx.type_error(format!("NULL object in marshal data for {what}"))),
        }
    }

    /// The next value; `None` for the mark that ends a dict.
    fn value(&mut self, cx: &mut Cx) -> Result<Option<Obj>> {
        let first = match &self.source {
            Source::Memory { bytes, at } if *at >= bytes.len() => {
                return Err(cx.error(ExcKind::EOFError, "EOF read where object expected"));
            }
            _ => self.byte(cx)?,
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH || cx.native_stack_low() {
            return Err(cx.value_error("recursion limit exceeded"));
        }
        // Its number is given before those of what is in it.
        let number = (first & REF != 0).then(|| self.refs.len());
        if number.is_some() {
            self.refs.append(cx, Obj::NONE)?;
        }
        let v = self.of_kind(cx, first & !REF, number)?;
        if let (Some(number), Some(v)) = (number, v) {
            self.refs.set(cx, number, v);
        }
        self.depth -= 1;
        Ok(v)
    }

    fn of_kind(&mut self, cx: &mut Cx, kind: u8, number: Option<usize>) -> Result<Option<Obj>> {
        let v = match kind {
            b'0' => return Ok(None),
            b'N' => Obj::NONE,
            b'T' => Obj::TRUE,
            b'F' => Obj::FALSE,
            b'.' => Obj::ELLIPSIS,
            b'S' => ExcKind::StopIteration.class(cx).obj(),
            b'i' => {
                let v = self.long(cx)?;
                Obj::int_unchecked(v.into())
            }
            b'l' => self.integer(cx)?,
            b'g' | b'f' => {
                let v = self.float(cx, kind == b'g')?;
                float::new(cx, v)?
            }
            b'y' | b'x' => {
                let (re, im) = (self.float(cx, kind == b'y')?, self.float(cx, kind == b'y')?);
                crate::hooks::complex(cx, re, im)?
            }
            b's' => {
                let n = self.size(cx, "bytes object")?;
                let b = self.take(cx, n)?;
                bytes::new(cx, &b)?.obj()
            }
            b'a' | b'A' | b'u' | b't' => {
                let n = self.size(cx, "string")?;
                self.text(cx, n, matches!(kind, b'a' | b'A'), matches!(kind, b'A' | b't'))?
            }
            b'z' | b'Z' => {
                let n = self.byte(cx)?;
                self.text(cx, n.into(), true, kind == b'Z')?
            }
            b')' | b'(' => {
                let n = if kind == b')' { self.byte(cx)?.into() } else { self.size(cx, "tuple")? };
                let l = self.values(cx, n, "tuple")?;
                ops::tuple_from_list(cx, l)?.obj()
            }
            b'[' => {
                let n = self.size(cx, "list")?;
                let l = list::new(cx, &[])?;
                self.known(cx, number, l.obj());
                for _ in 0..n {
                    let v = self.member(cx, "list")?;
                    l.append(cx, v)?;
                }
                l.obj()
            }
            b'{' => {
                let d = dict::new(cx)?;
                self.known(cx, number, d.obj());
                while let Some(key) = self.value(cx)? {
                    let Some(value) = self.value(cx)? else { break };
                    d.insert(cx, key, value)?;
                }
                d.obj()
            }
            b'<' => {
                let n = self.size(cx, "set")?;
                let s = crate::hooks::new_set(cx)?;
                self.known(cx, number, s);
                for _ in 0..n {
                    let v = self.member(cx, "set")?;
                    crate::hooks::set_add(cx, s, v)?;
                }
                s
            }
            b'>' => {
                let n = self.size(cx, "set")?;
                let l = self.values(cx, n, "set")?;
                crate::hooks::frozenset(cx, l.obj())?
            }
            b':' => {
                let (start, stop) = (self.member(cx, "slice")?, self.member(cx, "slice")?);
                let step = self.member(cx, "slice")?;
                crate::hooks::slice(cx, start, stop, step)?
            }
            b'c' => {
                if !self.allow_code {
                    return Err(cx.value_error("unmarshalling code objects is disallowed"));
                }
                let n = self.size(cx, "code")?;
                let data = self.take(cx, n)?;
                match typhon_bytecode::load(&data) {
                    Ok(data) => code::load(cx, &data)?.obj(),
                    Err(why) => return Err(cx.value_error(format!("bad marshal data ({why})"))),
                }
            }
            b'r' => {
                let n = self.long(cx)?;
                match usize::try_from(n).ok().and_then(|n| self.refs.get(n)).filter(|v| !v.is_none()) {
                    Some(v) => v,
                    None => return Err(cx.value_error("bad marshal data (invalid reference)")),
                }
            }
            _ => return Err(cx.value_error("bad marshal data (unknown type code)")),
        };
        Ok(Some(v))
    }

    /// A container that what is in it may refer to.
    fn known(&self, cx: &Cx, number: Option<usize>, v: Obj) {
        if let Some(n) = number {
            self.refs.set(cx, n, v);
        }
    }
}

fn read_bytes(cx: &mut Cx, o: Obj) -> Result<Vec<u8>> {
    match o.cast::<Bytes>() {
        Some(b) => Ok(b.as_slice().to_vec()),
        None => {
            let t = cx.type_name(o);
            Err(cx.type_error(format!("file.read() returned not bytes but {t}")))
        }
    }
}

fn write(cx: &mut Cx, value: Obj, version: i64, allow_code: bool) -> Result<Obj> {
    let mut w = Writer { out: Vec::new(), version, allow_code, depth: 0, seen: HashMap::new() };
    w.value(cx, value)?;
    Ok(bytes::new(cx, &w.out)?.obj())
}

fn read(cx: &mut Cx, source: Source, allow_code: bool) -> Result<Obj> {
    let refs = list::new(cx, &[])?;
    let mut r = Reader { source, allow_code, depth: 0, refs };
    r.member(cx, "object")
}

/// This module contains functions that can read and write Python values in
/// a binary format. The format is specific to Python, but independent of
/// machine architecture issues.
#[module("marshal")]
pub mod functions {
    use super::*;

    /// Write the value on the open file.
    #[sig(value, file, version = 5, /, *, allow_code = True)]
    fn dump(cx: &mut Cx, value: Obj, file: Obj, version: i64, allow_code: bool) -> Result<Obj> {
        let data = write(cx, value, version, allow_code)?;
        ops::call_method(cx, file, "write", &[data])
    }

    /// Return the bytes object that would be written to a file by dump(value, file).
    #[sig(value, version = 5, /, *, allow_code = True)]
    fn dumps(cx: &mut Cx, value: Obj, version: i64, allow_code: bool) -> Result<Obj> {
        write(cx, value, version, allow_code)
    }

    /// Read one value from the open file and return it.
    #[sig(file, /, *, allow_code = True)]
    fn load(cx: &mut Cx, file: Obj, allow_code: bool) -> Result<Obj> {
        // Whether it is a binary file shows before anything is read.
        let nothing = ops::call_method(cx, file, "read", &[Obj::int_unchecked(0)])?;
        read_bytes(cx, nothing)?;
        read(cx, Source::File(file), allow_code)
    }

    /// Convert the bytes-like object to a value.
    #[sig(bytes, /, *, allow_code = True)]
    fn loads(cx: &mut Cx, bytes: Obj, allow_code: bool) -> Result<Obj> {
        let view = buffer::get(cx, bytes, false)?;
        read(cx, Source::Memory { bytes: view, at: 0 }, allow_code)
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        ops::set_attr(cx, module, typhon_object::name!(cx, "version"), Some(Obj::int_unchecked(VERSION)))
    }
}
