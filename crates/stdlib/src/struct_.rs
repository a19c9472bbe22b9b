//! `_struct`: packing values into bytes. Formats are parsed in typhon-text.
//!
//! Tests: CPython test_struct.

use crate::buffer::{self, Buf};
use crate::util::{bytes_obj, set};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use typhon_builtins::complex;
use typhon_macros::{Trace, class, module};
use typhon_object::bytes::Bytes;
use typhon_object::interp::InterpRoot;
use typhon_object::native::{self, Args, FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{
    Cx, Dunder, ExcKind, Guarded, Raised, Result, array, dict, exc, float, int, new_type, ops, shape, tuple,
};
use typhon_text::struct_fmt::{Item, Layout, f64_to_half, half_to_f64};

static ERROR: InterpRoot = InterpRoot::new();

fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    if let Some(t) = Obj::from_word(ERROR.get(cx)).and_then(|o| o.cast()) {
        return Ok(t);
    }
    let ns = dict::new(cx)?;
    let (m, v) = (cx.intern("__module__")?, cx.intern("struct")?);
    ns.insert_str(cx, m, v.obj())?;
    let bases = tuple::new(cx, &[ExcKind::Exception.class(cx).obj()])?;
    let name = cx.intern("error")?;
    let t = new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)?;
    ERROR.set(cx, t.obj().word());
    Ok(t)
}

#[cold]
fn error(cx: &mut Cx, msg: impl AsRef<str>) -> Raised {
    let made = (|| {
        let c = error_class(cx)?;
        let m = msg.as_ref().into_obj(cx)?;
        ops::call_args(cx, c.obj(), &[m])
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.value_error(msg.as_ref())),
        Err(e) => e,
    }
}

/// Formats that a thread used before, each where a hash of its bytes says.
type Known = [Option<(Box<[u8]>, Arc<Layout>)>; 32];

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::new(Default::default());
}

/// The parsed format, from a cache.
/// A format as an argument, which is looked at before those that follow.
struct Format(Arc<Layout>);

impl FromArg for Format {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Format> {
        layout(cx, v).map(Format)
    }
}

fn layout(cx: &mut Cx, format: Obj) -> Result<Arc<Layout>> {
    let f: &[u8] = match (format.cast::<Str>(), format.cast::<Bytes>()) {
        (Some(s), _) => match s.payload().as_ascii() {
            Some(a) => a.as_bytes(),
            // Raises, for it is not ASCII.
            None => {
                let ascii = "ascii".into_obj(cx)?;
                ops::call_method(cx, format, "encode", &[ascii])?;
                return Err(error(cx, "bad char in struct format"));
            }
        },
        (_, Some(b)) if b.as_slice().is_ascii() => b.as_slice(),
        (_, Some(b)) => {
            let (ascii, escape) = ("ascii".into_obj(cx)?, "surrogateescape".into_obj(cx)?);
            let text = ops::call_method(cx, b.obj(), "decode", &[ascii, escape])?;
            ops::call_method(cx, text, "encode", &[ascii])?;
            return Err(error(cx, "bad char in struct format"));
        }
        _ => {
            // First it is looked for among the known formats.
            dict::key_hash(cx, format)?;
            return Err(cx.type_error(format!(
                "Struct() argument 1 must be a str or bytes object, not {}",
                cx.type_name(format)
            )));
        }
    };
    let place = f.iter().fold(f.len(), |h, b| h.wrapping_mul(31) ^ *b as usize) % 32;
    let known = KNOWN.with_borrow(|k| k[place].as_ref().filter(|(g, _)| **g == *f).map(|(_, l)| l.clone()));
    if let Some(l) = known {
        return Ok(l);
    }
    if f.contains(&0) {
        return Err(error(cx, "embedded null character"));
    }
    let l = Arc::new(Layout::parse(f).map_err(|e| error(cx, e.0))?);
    KNOWN.with_borrow_mut(|k| k[place] = Some((f.into(), l.clone())));
    Ok(l)
}

fn store(l: &Layout, out: &mut [u8], le_bytes: &[u8]) {
    let n = out.len();
    out.copy_from_slice(&le_bytes[..n]);
    if !l.little_endian {
        out.reverse();
    }
}

/// Store the low bytes of an integer.
#[inline]
fn store_int(little_endian: bool, out: &mut [u8], n: i64) {
    let n = if little_endian { n } else { n.swap_bytes() >> (64 - 8 * out.len() as u32) };
    match out.len() {
        1 => out[0] = n as u8,
        2 => out.copy_from_slice(&(n as u16).to_le_bytes()),
        4 => out.copy_from_slice(&(n as u32).to_le_bytes()),
        _ => out.copy_from_slice(&n.to_le_bytes()),
    }
}

/// Pack a small int that is in range; `false` if it is left to [`pack_one`].
#[inline]
fn pack_small(l: &Layout, it: &Item, out: &mut [u8], v: Obj) -> bool {
    let (Some(n), true) = (v.as_small_int(), is_int_code(it.code)) else { return false };
    let bits = 8 * it.size as u32;
    let fits = match it.code.is_ascii_lowercase() {
        true => (n >> (bits - 1)) == 0 || (n >> (bits - 1)) == -1,
        // A shift by 63 leaves the sign.
        false => n >= 0 && (n >> bits.min(63)) == 0,
    };
    if fits {
        store_int(l.little_endian, out, n);
    }
    fits
}

fn is_int_code(code: u8) -> bool {
    matches!(code, b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'P')
}

fn int_range(code: u8, size: usize) -> (i128, i128) {
    let bits = 8 * size as u32;
    if code.is_ascii_lowercase() {
        (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
    } else {
        (0, (1i128 << bits) - 1)
    }
}

fn pack_one(cx: &mut Cx, l: &Layout, it: &Item, out: &mut [u8], v: Obj) -> Result<()> {
    match it.code {
        b'c' => match v.cast::<Bytes>().map(|b| b.as_slice()) {
            Some(&[b]) => out[0] = b,
            _ => return Err(error(cx, "char format requires a bytes object of length 1")),
        },
        b's' | b'p' => {
            if v.cast::<Bytes>().is_none() && !typhon_builtins::buffer::is_bytearray(v) {
                return Err(error(cx, format!("argument for '{}' must be a bytes object", it.code as char)));
            }
            let b = typhon_builtins::buffer::get(cx, v, false)?;
            let b = b.as_slice();
            if it.code == b's' {
                let n = b.len().min(out.len());
                out[..n].copy_from_slice(&b[..n]);
            } else if !out.is_empty() {
                let n = b.len().min(out.len() - 1);
                out[1..=n].copy_from_slice(&b[..n]);
                out[0] = n.min(255) as u8;
            }
        }
        b'?' => out[0] = u8::from(ops::truth(cx, v)?),
        b'e' | b'f' | b'd' => {
            let f = match ops::as_float(cx, v) {
                Err(e) if e.is(cx, ExcKind::TypeError) => return Err(error(cx, "required argument is not a float")),
                r => r?,
            };
            match it.code {
                b'e' => match f64_to_half(f) {
                    Some(h) => store(l, out, &h.to_le_bytes()),
                    None => return Err(cx.error(ExcKind::OverflowError, "float too large to pack with e format")),
                },
                b'f' => {
                    let s = f as f32;
                    if s.is_infinite() && f.is_finite() {
                        return Err(cx.error(ExcKind::OverflowError, "float too large to pack with f format"));
                    }
                    store(l, out, &s.to_le_bytes());
                }
                _ => store(l, out, &f.to_le_bytes()),
            }
        }
        b'F' | b'D' => {
            let (re, im) = match complex::construct::from_number(cx, v) {
                Err(e) if e.is(cx, ExcKind::TypeError) => return Err(error(cx, "required argument is not a complex")),
                r => r?,
            };
            let (first, second) = out.split_at_mut(it.size / 2);
            for (f, out) in [(re, first), (im, second)] {
                if it.code == b'F' {
                    let s = f as f32;
                    if s.is_infinite() && f.is_finite() {
                        return Err(cx.error(ExcKind::OverflowError, "complex too large to pack with F format"));
                    }
                    store(l, out, &s.to_le_bytes());
                } else {
                    store(l, out, &f.to_le_bytes());
                }
            }
        }
        code => {
            let i = if int::is_int(v) || ops::class_of(v).special(Dunder::Index).is_some() {
                ops::index(cx, v)?
            } else {
                return Err(error(cx, "required argument is not an integer"));
            };
            let n = int::to_i128(i);
            let (lo, hi) = if code == b'P' { (-(1i128 << 63), (1i128 << 64) - 1) } else { int_range(code, it.size) };
            match n.filter(|n| (lo..=hi).contains(n)) {
                Some(n) => store(l, out, &n.to_le_bytes()),
                None => {
                    return Err(if code == b'P' {
                        error(cx, "int too large to convert")
                    } else {
                        error(cx, format!("'{}' format requires {lo} <= number <= {hi}", code as char))
                    });
                }
            }
        }
    }
    Ok(())
}

/// The packed values, handed to `done`; small ones need no memory of their own.
fn pack_values<R>(
    cx: &mut Cx,
    l: &Layout,
    values: &[Obj],
    done: impl FnOnce(&mut Cx, &[u8]) -> Result<R>,
) -> Result<R> {
    if values.len() != l.value_count {
        return Err(error(cx, format!("pack expected {} items for packing (got {})", l.value_count, values.len())));
    }
    let mut room = [0u8; 128];
    let mut large = Vec::new();
    let out = if l.size <= room.len() {
        &mut room[..l.size]
    } else {
        cx.check_room(l.size)?;
        large.resize(l.size, 0u8);
        &mut large[..]
    };
    let mut at = 0;
    for it in &l.items {
        for k in 0..it.count {
            let o = it.offset + k * it.size;
            let out = &mut out[o..o + it.size];
            if !pack_small(l, it, out, values[at]) {
                pack_one(cx, l, it, out, values[at])?;
            }
            at += 1;
        }
    }
    done(cx, out)
}

fn unpack_one(cx: &mut Cx, l: &Layout, it: &Item, b: &[u8]) -> Result<Obj> {
    if is_int_code(it.code) {
        return unpack_int(cx, l.little_endian, it.code.is_ascii_lowercase(), b);
    }
    let mut w = [0u8; 16];
    let fixed = |w: &mut [u8; 16]| {
        w[..b.len()].copy_from_slice(b);
        if !l.little_endian {
            w[..b.len()].reverse();
        }
    };
    match it.code {
        b'c' => bytes_obj(cx, b),
        b's' => bytes_obj(cx, b),
        b'p' => {
            let n = b.first().map_or(0, |n| *n as usize).min(b.len().saturating_sub(1));
            bytes_obj(cx, if n == 0 { &[] } else { &b[1..=n] })
        }
        b'?' => Ok(Obj::bool(b[0] != 0)),
        b'e' => {
            fixed(&mut w);
            half_to_f64(u16::from_le_bytes([w[0], w[1]])).into_obj(cx)
        }
        b'f' => {
            fixed(&mut w);
            f64::from(f32::from_le_bytes([w[0], w[1], w[2], w[3]])).into_obj(cx)
        }
        b'd' => {
            fixed(&mut w);
            float::new(cx, f64::from_le_bytes(w[..8].try_into().expect("8 bytes")))
        }
        b'F' | b'D' => {
            let half = it.size / 2;
            let part = |b: &[u8]| {
                let mut w = [0u8; 8];
                w[..half].copy_from_slice(b);
                if !l.little_endian {
                    w[..half].reverse();
                }
                match half {
                    4 => f64::from(f32::from_le_bytes([w[0], w[1], w[2], w[3]])),
                    _ => f64::from_le_bytes(w),
                }
            };
            complex::new(cx, (part(&b[..half]), part(&b[half..])))
        }
        code => unreachable!("no format character: {code}"),
    }
}

#[inline]
fn unpack_int(cx: &mut Cx, little_endian: bool, signed: bool, b: &[u8]) -> Result<Obj> {
    // The value's bytes at the high end, the lowest first.
    let u = match *b {
        [a] => (a as u64) << 56,
        [a, b] => (u16::from_le_bytes([a, b]) as u64) << 48,
        [a, b, c, d] => (u32::from_le_bytes([a, b, c, d]) as u64) << 32,
        _ => u64::from_le_bytes(b.try_into().expect("8 bytes")),
    };
    let shift = 64 - 8 * b.len() as u32;
    let u = if little_endian { u } else { u.swap_bytes() << shift };
    if signed {
        int::from_i64(cx, u as i64 >> shift)
    } else if shift > 0 {
        int::from_i64(cx, (u >> shift) as i64)
    } else {
        u.into_obj(cx)
    }
}

fn unpack_values(cx: &mut Cx, l: &Layout, b: &[u8]) -> Result<Obj> {
    let n = l.value_count;
    // The collector finds them in the stack's words.
    let mut few = [Obj::NONE; 16];
    let many = if n > few.len() { Some(array::new(cx, n)?) } else { None };
    let mut i = 0;
    for it in &l.items {
        for k in 0..it.count {
            let o = it.offset + k * it.size;
            let v = unpack_one(cx, l, it, &b[o..o + it.size])?;
            match many {
                Some(a) => a.set(cx, i, v),
                None => few[i] = v,
            }
            i += 1;
        }
    }
    Ok(match many {
        Some(a) => tuple::new(cx, a.items(n))?.obj(),
        None => tuple::new(cx, &few[..n])?.obj(),
    })
}

fn unpack_exact(cx: &mut Cx, l: &Layout, b: Buf) -> Result<Obj> {
    let view = typhon_builtins::buffer::get(cx, b.0, false)?;
    let b = view.as_slice();
    if b.len() != l.size {
        return Err(error(cx, format!("unpack requires a buffer of {} bytes", l.size)));
    }
    unpack_values(cx, l, b)
}

/// A checked offset into a buffer of `len` bytes.
fn offset(cx: &mut Cx, len: usize, at: isize, size: usize, what: &str) -> Result<usize> {
    let n = len as isize;
    if at < 0 {
        if at + size as isize > 0 {
            let verb = if what == "pack_into" { "no space to pack" } else { "not enough data to unpack" };
            return Err(error(cx, format!("{verb} {size} bytes at offset {at}")));
        }
        if at + n < 0 {
            return Err(error(cx, format!("offset {at} out of range for {n}-byte buffer")));
        }
    }
    let at = if at < 0 { at + n } else { at };
    if n - at < size as isize {
        return Err(error(
            cx,
            format!(
                "{what} requires a buffer of at least {} bytes for {} {size} bytes at offset {at} (actual buffer size is {n})",
                size as i128 + at as i128,
                if what == "pack_into" { "packing" } else { "unpacking" },
            ),
        ));
    }
    Ok(at as usize)
}

fn pack_at(cx: &mut Cx, l: &Layout, args: &[Obj]) -> Result<()> {
    let [buf, at, values @ ..] = args else {
        let msg =
            if args.is_empty() { "pack_into expected buffer argument" } else { "pack_into expected offset argument" };
        return Err(error(cx, msg));
    };
    if values.len() != l.value_count {
        return Err(error(
            cx,
            format!("pack_into expected {} items for packing (got {})", l.value_count, values.len()),
        ));
    }
    let n = buffer::writable_len(cx, *buf)?;
    let at = isize::from_arg(cx, *at)?;
    let at = offset(cx, n, at, l.size, "pack_into")?;
    pack_values(cx, l, values, |cx, b| buffer::write_at(cx, *buf, at, b))
}

fn unpack_at(cx: &mut Cx, l: &Layout, buf: Buf, at: isize) -> Result<Obj> {
    let view = typhon_builtins::buffer::get(cx, buf.0, false)?;
    let b = view.as_slice();
    let at = offset(cx, b.len(), at, l.size, "unpack_from")?;
    unpack_values(cx, l, &b[at..at + l.size])
}

/// `struct.Struct`.
#[derive(Trace)]
pub struct Struct {
    format: Slot,
    #[trace(skip)]
    layout: Guarded<Option<Arc<Layout>>>,
}

impl Struct {
    fn parsed(&self, cx: &mut Cx) -> Result<Arc<Layout>> {
        let l = self.layout.read(cx).clone();
        l.ok_or_else(|| cx.error(ExcKind::RuntimeError, "Struct object is not initialized"))
    }
}

/// Struct(fmt) --> compiled struct object
#[class(module = "_struct", name = "Struct", subclassable, weakref)]
impl Struct {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Struct> {
        let _ = (cx, cls, args);
        Ok(Struct { format: Slot::empty(), layout: Guarded::new(None) })
    }
    #[sig(format)]
    fn __init__(this: Gc<Self>, cx: &mut Cx, format: Obj) -> Result<()> {
        let l = layout(cx, format)?;
        let p = this.payload();
        let text = match format.cast::<Bytes>() {
            Some(b) => typhon_object::str::from_latin1(cx, b.as_slice())?.obj(),
            None => format,
        };
        p.format.set(cx, this, text);
        *p.layout.write(cx, p) = Some(l);
        Ok(())
    }
    fn pack(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let l = self.parsed(cx)?;
        pack_values(cx, &l, args.pos, |cx, b| bytes_obj(cx, b))
    }
    fn pack_into(&self, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let l = self.parsed(cx)?;
        pack_at(cx, &l, args.pos)
    }
    fn unpack(&self, cx: &mut Cx, buffer: Buf) -> Result<Obj> {
        let l = self.parsed(cx)?;
        unpack_exact(cx, &l, buffer)
    }
    #[sig(buffer, offset = 0)]
    fn unpack_from(&self, cx: &mut Cx, buffer: Buf, offset: isize) -> Result<Obj> {
        let l = self.parsed(cx)?;
        unpack_at(cx, &l, buffer, offset)
    }
    fn iter_unpack(&self, cx: &mut Cx, buffer: Buf) -> Result<Obj> {
        let l = self.parsed(cx)?;
        Unpacker::make(cx, l, buffer)
    }
    /// struct format string
    #[getter]
    fn format(&self, cx: &mut Cx) -> Result<Obj> {
        self.parsed(cx)?;
        Ok(self.format.obj().unwrap_or(Obj::NONE))
    }
    /// struct size in bytes
    #[getter]
    fn size(&self, cx: &Cx) -> i64 {
        self.layout.read(cx).as_ref().map_or(-1, |l| l.size as i64)
    }
    /// S.__sizeof__() -> size of S in memory, in bytes
    fn __sizeof__(&self, cx: &mut Cx) -> Result<usize> {
        let l = self.parsed(cx)?;
        Ok(size_of::<Struct>() + size_of::<Layout>() + l.items.len() * size_of::<Item>())
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        this.payload().parsed(cx)?;
        let f = ops::repr(cx, this.format.obj().unwrap_or(Obj::NONE))?.to_str().into_owned();
        Ok(format!("{}({f})", ops::class_of(this.obj()).name()))
    }
}

/// `_struct.unpack_iterator`.
#[derive(Trace)]
pub struct Unpacker {
    #[trace(skip)]
    layout: Arc<Layout>,
    #[trace(skip)]
    data: Vec<u8>,
    at: AtomicUsize,
}

impl Unpacker {
    fn make(cx: &mut Cx, l: Arc<Layout>, buffer: Buf) -> Result<Obj> {
        let data = buffer.to_vec(cx)?;
        if l.size == 0 {
            return Err(error(cx, "cannot iteratively unpack with a struct of length 0"));
        }
        if data.len() % l.size != 0 {
            return Err(error(cx, format!("iterative unpacking requires a buffer of a multiple of {} bytes", l.size)));
        }
        Ok(native::instance(cx, Unpacker { layout: l, data, at: AtomicUsize::new(0) })?.obj())
    }
}

#[class(module = "_struct", name = "unpack_iterator")]
impl Unpacker {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let n = self.layout.size;
        let at = self.at.fetch_add(n, Ordering::Relaxed);
        match self.data.get(at..at + n) {
            Some(b) => unpack_values(cx, &self.layout, b),
            None => {
                self.at.store(self.data.len(), Ordering::Relaxed);
                Err(exc::stop_iteration(cx, Obj::NONE))
            }
        }
    }
    fn __length_hint__(&self) -> usize {
        self.data.len().saturating_sub(self.at.load(Ordering::Relaxed)) / self.layout.size
    }
}

/// Functions to convert between Python values and C structs.
/// Python bytes objects are used to hold the data representing the C struct
/// and also as format strings (explained below) to describe the layout of data
/// in the C struct.
#[module("_struct", classes(Struct))]
pub mod struct_ {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let e = error_class(cx)?;
        set(cx, module, "error", e)
    }
    /// Return size in bytes of the struct described by the format string.
    fn calcsize(cx: &mut Cx, format: Obj) -> Result<usize> {
        Ok(layout(cx, format)?.size)
    }
    /// Return a bytes object containing the values v1, v2, ... packed according to the format string.
    fn pack(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let Some((f, values)) = args.pos.split_first() else {
            return Err(cx.type_error("pack expected at least 1 argument, got 0"));
        };
        let l = layout(cx, *f)?;
        pack_values(cx, &l, values, |cx, b| bytes_obj(cx, b))
    }
    /// Pack the values v1, v2, ... and write the packed bytes into the writable buffer starting at offset.
    fn pack_into(cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let Some((f, rest)) = args.pos.split_first() else {
            return Err(cx.type_error("pack_into expected at least 1 argument, got 0"));
        };
        let l = layout(cx, *f)?;
        pack_at(cx, &l, rest)
    }
    /// Return a tuple containing values unpacked according to the format string.
    fn unpack(cx: &mut Cx, format: Format, buffer: Buf) -> Result<Obj> {
        unpack_exact(cx, &format.0, buffer)
    }
    /// Return a tuple containing values unpacked according to the format string, starting at offset.
    #[sig(format, /, buffer, offset = 0)]
    fn unpack_from(cx: &mut Cx, format: Format, buffer: Buf, offset: isize) -> Result<Obj> {
        unpack_at(cx, &format.0, buffer, offset)
    }
    /// Return an iterator yielding tuples unpacked from the given bytes.
    fn iter_unpack(cx: &mut Cx, format: Format, buffer: Buf) -> Result<Obj> {
        Unpacker::make(cx, format.0, buffer)
    }
    /// Clear the internal cache.
    #[name("_clearcache")]
    fn clearcache() {}
}
