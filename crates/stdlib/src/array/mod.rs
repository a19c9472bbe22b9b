//! `array`: sequences of numbers of one machine type.
//!
//! | file | what |
//! |---|---|
//! | `codes.rs` | type codes |
//! | `iter.rs` | the iterator, pickling |
//!
//! The bytes are a bytearray's, which brings locking, growth and the counting
//! of views; so its invariants are those here (BA-1 to BA-3).
//! Tests: tests/lang/array.md; CPython test_array.

mod codes;
mod iter;

use crate::buffer::{self, Buf};
use crate::util::{attr_opt, bytes_obj, set};
use iter::ArrayIter;
use typhon_builtins::bytearray::{self, Bytearray};
use typhon_builtins::memoryview::MemoryView;
use typhon_builtins::slice::{self, Slice};
use typhon_macros::{Trace, class, module};
use typhon_object::list::{self, List};
use typhon_object::native::{self, Args, IntoObj, SliceIndex, class_of, instance_of};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, ExcKind, Raised, Result, ops};

/// `array.array`.
#[derive(Trace)]
pub struct Array {
    code: u8,
    data: Gc<Bytearray>,
}

#[cold]
fn no_index(cx: &Cx, what: &str) -> Raised {
    cx.error(ExcKind::IndexError, format!("{what} index out of range"))
}

impl Array {
    fn size(&self) -> usize {
        codes::size(self.code)
    }
    fn bytes(&self) -> &'static [u8] {
        self.data.payload().as_slice()
    }
    fn count_items(&self) -> usize {
        self.data.len() / self.size()
    }
    /// The item at `i`, if it exists.
    fn item(&self, cx: &Cx, i: usize) -> Result<Option<Obj>> {
        let n = self.size();
        match self.bytes().get(i * n..(i + 1) * n) {
            Some(b) => codes::get(cx, self.code, b).map(Some),
            None => Ok(None),
        }
    }
    /// Replace items `from..to`; lengths in items, `new` in bytes.
    fn splice(&self, cx: &Cx, from: usize, to: usize, new: &[u8]) -> Result<()> {
        let n = self.size();
        if (to - from) * n != new.len() {
            self.resizable(cx)?;
        }
        self.data.splice(cx, from * n, to * n, new)
    }
    fn resizable(&self, cx: &Cx) -> Result<()> {
        match self.data.check_resizable(cx) {
            Ok(()) => Ok(()),
            Err(_) => Err(cx.error(ExcKind::BufferError, "cannot resize an array that is exporting buffers")),
        }
    }
    fn push_bytes(&self, cx: &Cx, b: &[u8]) -> Result<()> {
        let n = self.count_items();
        self.splice(cx, n, n, b)
    }
    fn push(&self, cx: &mut Cx, v: Obj) -> Result<()> {
        let b = codes::put(cx, self.code, v)?;
        self.push_bytes(cx, &b[..self.size()])
    }
    fn like(&self, cx: &mut Cx, data: &[u8]) -> Result<Obj> {
        make(cx, None, self.code, data)
    }
    fn key(&self, cx: &mut Cx, key: Obj, what: &str) -> Result<usize> {
        if !slice::is_index(key) {
            return Err(cx.type_error("array indices must be integers"));
        }
        let i = ops::index_isize(cx, key)?;
        ops::wrap(i as i64, self.count_items()).ok_or_else(|| no_index(cx, what))
    }
    fn selected(&self, cx: &mut Cx, s: Gc<Slice>) -> Result<Vec<u8>> {
        let b = s.bounds(cx)?;
        let (start, _, step, n) = b.clip(self.count_items());
        let (size, all) = (self.size(), self.bytes());
        let mut out = Vec::with_capacity(n * size);
        for i in 0..n as isize {
            let at = (start + i * step) as usize * size;
            out.extend_from_slice(all.get(at..at + size).unwrap_or(&[]));
        }
        Ok(out)
    }
    fn replace(&self, cx: &mut Cx, s: Gc<Slice>, value: Option<Vec<u8>>) -> Result<()> {
        let b = s.bounds(cx)?;
        let size = self.size();
        let (start, stop, step, n) = b.clip(self.count_items());
        if step == 1 {
            let new = value.unwrap_or_default();
            return self.splice(cx, start as usize, stop.max(start) as usize, &new);
        }
        match value {
            Some(v) if v.len() != n * size && !v.is_empty() => Err(cx.value_error(format!(
                "attempt to assign array of size {} to extended slice of size {n}",
                v.len() / size
            ))),
            Some(v) if !v.is_empty() => {
                self.data.change(cx, |m| {
                    for (i, item) in v.chunks_exact(size).enumerate() {
                        let at = (start + i as isize * step) as usize * size;
                        if at + size <= m.len() {
                            m.write(at, item);
                        }
                    }
                });
                Ok(())
            }
            _ if n == 0 => Ok(()),
            _ => {
                self.resizable(cx)?;
                let (first, step) = match step {
                    s if s < 0 => ((start + (n as isize - 1) * s) as usize, s.unsigned_abs()),
                    s => (start as usize, s as usize),
                };
                let gone = |i: usize| i >= first && (i - first).is_multiple_of(step) && (i - first) / step < n;
                let items = self.bytes().chunks_exact(size).enumerate();
                let rest: Vec<u8> = items.filter(|(i, _)| !gone(*i)).flat_map(|(_, b)| b).copied().collect();
                self.data.assign(cx, &rest)
            }
        }
    }
    fn extend_from(&self, cx: &mut Cx, other: Obj) -> Result<()> {
        if let Some(a) = other.cast::<Array>() {
            if a.code != self.code {
                return Err(cx.type_error("can only extend with array of same kind"));
            }
            let b = a.bytes().to_vec();
            return self.push_bytes(cx, &b);
        }
        ops::for_each(cx, other, |cx, v| {
            self.push(cx, v)?;
            Ok(true)
        })?;
        Ok(())
    }
    fn frombytes_checked(&self, cx: &Cx, b: &[u8]) -> Result<()> {
        if !b.len().is_multiple_of(self.size()) {
            return Err(cx.value_error("bytes length not a multiple of item size"));
        }
        self.push_bytes(cx, b)
    }
    fn push_text(&self, cx: &Cx, s: Gc<Str>) -> Result<()> {
        let b: Vec<u8> = s.chars().flat_map(u32::to_ne_bytes).collect();
        self.push_bytes(cx, &b)
    }
    fn repeated(&self, cx: &Cx, n: isize) -> Result<Vec<u8>> {
        let n = n.max(0) as usize;
        match self.bytes().len().checked_mul(n) {
            Some(total) if total <= isize::MAX as usize / 4 => {
                cx.check_room(total)?;
                Ok(self.bytes().repeat(n))
            }
            _ => Err(cx.error(ExcKind::MemoryError, "")),
        }
    }
    fn text(&self, cx: &mut Cx) -> Result<Gc<Str>> {
        let mut v = Vec::with_capacity(self.count_items());
        for (i, item) in self.bytes().chunks_exact(4).enumerate() {
            let c = u32::from_ne_bytes([item[0], item[1], item[2], item[3]]);
            if c > 0x10ffff {
                return Err(not_a_character(cx, self.bytes(), i));
            }
            v.push(c);
        }
        str::from_ucs4(cx, &v)
    }
}

/// An array of `cls`, or of the class itself.
fn make(cx: &mut Cx, cls: Option<Gc<Type>>, code: u8, data: &[u8]) -> Result<Obj> {
    let cls = match cls {
        Some(c) => c,
        None => class_of::<Array>(cx)?,
    };
    let data = bytearray::new(cx, data)?;
    Ok(instance_of(cx, cls, Array { code, data })?.obj())
}

fn export(cx: &mut Cx, o: Obj) -> Result<Option<typhon_builtins::buffer::Export>> {
    let Some(a) = o.cast::<Array>() else { return Ok(None) };
    let Some(mut e) = typhon_builtins::buffer::export(cx, a.data.obj(), false)? else { return Ok(None) };
    let size = a.size();
    let name = [a.code];
    e.format = Some(str::from_latin1(cx, &name)?);
    e.itemsize = size;
    e.dims = typhon_builtins::buffer::Dims::Line { len: a.count_items() as isize, stride: size as isize };
    Ok(Some(e))
}

/// The item at `i`, 4 bytes long, is beyond Unicode.
fn not_a_character(cx: &mut Cx, data: &[u8], i: usize) -> Raised {
    let (start, end) = (4 * i as i64, 4 * i as i64 + 4);
    let made = (|| {
        let args = [
            "utf-32-le".into_obj(cx)?,
            bytes_obj(cx, data)?,
            Obj::int_unchecked(start),
            Obj::int_unchecked(end),
            "code point not in range(0x110000)".into_obj(cx)?,
        ];
        let class = ExcKind::UnicodeDecodeError.class(cx);
        ops::call_args(cx, class.obj(), &args)
    })();
    match made {
        Ok(e) => e.cast().map(Raised).unwrap_or_else(|| cx.value_error("code point not in range(0x110000)")),
        Err(e) => e,
    }
}

fn code_arg(cx: &Cx, o: Obj) -> Result<u8> {
    let Some(s) = o.cast::<Str>() else {
        return Err(cx.type_error(format!(
            "array() argument 1 must be a unicode character, not {}",
            typhon_builtins::any::arg_type(cx, o)
        )));
    };
    if s.len() != 1 {
        return Err(cx.type_error(format!(
            "array() argument 1 must be a unicode character, not a string of length {}",
            s.len()
        )));
    }
    match u8::try_from(s.at(0)) {
        Ok(c) if codes::CODES.as_bytes().contains(&c) => Ok(c),
        // What it is to be made of is looked at first.
        Ok(c) => Ok(c),
        _ => Err(bad_code(cx)),
    }
}

fn bad_code(cx: &Cx) -> Raised {
    cx.value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)")
}

/// array(typecode [, initializer]) -> array
///
/// Return a new array whose items are restricted by typecode, and
/// initialized from the optional initializer value, which must be a list,
/// string or iterable over elements of the appropriate type.
#[class(module = "array", name = "array", subclassable, weakref, unhashable, sequence)]
impl Array {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        if cls.is_native() && args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("array.array() takes no keyword arguments"));
        }
        let (code, initial) = match *args.pos {
            [] => return Err(cx.type_error("array() takes at least 1 argument (0 given)")),
            [c] => (c, None),
            [c, i] => (c, Some(i)),
            ref a => return Err(cx.type_error(format!("array() takes at most 2 arguments ({} given)", a.len()))),
        };
        let code = code_arg(cx, code)?;
        if code == b'u' {
            let text = "The 'u' type code is deprecated and will be removed in Python 3.16";
            crate::util::warn(cx, text, ExcKind::DeprecationWarning, 1)?;
        }
        let text = match initial {
            Some(v) if v.cast::<Str>().is_some() => Some("str"),
            Some(v) if v.cast::<Array>().is_some_and(|a| codes::is_text(a.code)) => Some("unicode array"),
            _ => None,
        };
        if let Some(what) = text.filter(|_| !codes::is_text(code)) {
            let code = code as char;
            return Err(cx.type_error(format!("cannot use a {what} to initialize an array with typecode '{code}'")));
        }
        if !codes::CODES.as_bytes().contains(&code) {
            // What cannot be iterated over is the first mistake.
            let plain = |v: Obj| {
                v.cast::<List>().is_some() || v.cast::<typhon_object::tuple::Tuple>().is_some() || buffer::is_buffer(v)
            };
            if let Some(v) = initial.filter(|v| v.cast::<Str>().is_none() && !plain(*v)) {
                ops::get_iter(cx, v)?;
            }
            return Err(bad_code(cx));
        }
        let made = make(cx, Some(cls), code, &[])?;
        let (Some(a), Some(v)) = (made.cast::<Array>(), initial) else { return Ok(made) };
        if let Some(s) = v.cast::<Str>() {
            a.push_text(cx, s)?;
        } else if let Some(other) = v.cast::<Array>() {
            if other.code == code {
                a.extend_from(cx, v)?;
            } else {
                let mut i = 0;
                while let Some(x) = other.item(cx, i)? {
                    a.push(cx, x)?;
                    i += 1;
                }
            }
        } else if v.cast::<typhon_object::bytes::Bytes>().is_some() || typhon_builtins::buffer::is_bytearray(v) {
            let b = buffer::copy(cx, v)?;
            a.frombytes_checked(cx, &b)?;
        } else {
            a.extend_from(cx, v)?;
        }
        Ok(made)
    }
    /// Append new value v to the end of the array.
    fn append(&self, cx: &mut Cx, v: Obj) -> Result<()> {
        self.push(cx, v)
    }
    /// Append items to the end of the array.
    fn extend(&self, cx: &mut Cx, bb: Obj) -> Result<()> {
        self.extend_from(cx, bb)
    }
    /// Append items to array from list.
    fn fromlist(&self, cx: &mut Cx, list: Obj) -> Result<()> {
        let Some(l) = list.cast::<List>() else { return Err(cx.type_error("arg must be list")) };
        let n = l.len();
        let mut b = Vec::with_capacity(n * self.size());
        for i in 0..n {
            let Some(v) = l.get(i).filter(|_| l.len() == n) else {
                return Err(cx.error(ExcKind::RuntimeError, "list changed size during iteration"));
            };
            b.extend_from_slice(&codes::put(cx, self.code, v)?[..self.size()]);
        }
        self.push_bytes(cx, &b)
    }
    /// Appends items from the string, interpreting it as an array of machine values.
    fn frombytes(&self, cx: &mut Cx, buffer: Buf) -> Result<()> {
        let b = buffer.to_vec(cx)?;
        self.frombytes_checked(cx, &b)
    }
    /// Read n objects from the file object f and append them to the end of the array.
    fn fromfile(&self, cx: &mut Cx, f: Obj, n: isize) -> Result<()> {
        let n = usize::try_from(n).map_err(|_| cx.value_error("negative count"))?;
        let Some(want) = n.checked_mul(self.size()).and_then(|n| isize::try_from(n).ok()) else {
            return Err(cx.error(ExcKind::MemoryError, ""));
        };
        let b = ops::call_method(cx, f, "read", &[Obj::int_unchecked(want as i64)])?;
        let Some(b) = b.cast::<typhon_object::bytes::Bytes>() else {
            return Err(cx.type_error("read() didn't return bytes"));
        };
        let got = b.as_slice();
        self.frombytes_checked(cx, got)?;
        if got.len() < want as usize {
            return Err(cx.error(ExcKind::EOFError, "read() didn't return enough bytes"));
        }
        Ok(())
    }
    /// Extends this array with data from the unicode string ustr.
    fn fromunicode(&self, cx: &mut Cx, ustr: Obj) -> Result<()> {
        let Some(s) = ustr.cast::<Str>() else {
            return Err(cx.type_error(format!("fromunicode() argument must be str, not {}", cx.type_name(ustr))));
        };
        if !codes::is_text(self.code) {
            return Err(cx.value_error("fromunicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        self.push_text(cx, s)
    }
    /// Convert the array to an array of machine values and return the bytes representation.
    fn tobytes(&self, cx: &Cx) -> Result<Obj> {
        bytes_obj(cx, self.bytes())
    }
    /// Write all items (as machine values) to the file object f.
    fn tofile(&self, cx: &mut Cx, f: Obj) -> Result<()> {
        const BLOCK: usize = 64 << 10;
        let mut at = 0;
        let write = match attr_opt(cx, f, "write")? {
            Some(w) => w,
            None => crate::util::attr(cx, f, "write")?,
        };
        loop {
            let all = self.bytes();
            if at >= all.len() {
                return Ok(());
            }
            let b = bytes_obj(cx, &all[at..(at + BLOCK).min(all.len())])?;
            ops::call_args(cx, write, &[b])?;
            at += BLOCK;
        }
    }
    /// Convert array to an ordinary list with the same items.
    fn tolist(&self, cx: &Cx) -> Result<Obj> {
        let out = list::new(cx, &[])?;
        for b in self.bytes().chunks_exact(self.size()) {
            out.append(cx, codes::get(cx, self.code, b)?)?;
        }
        Ok(out.obj())
    }
    /// Extends this array with data from the unicode string ustr.
    fn tounicode(&self, cx: &mut Cx) -> Result<Gc<Str>> {
        if !codes::is_text(self.code) {
            return Err(cx.value_error("tounicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        self.text(cx)
    }
    /// Byteswap all items of the array.
    fn byteswap(&self, cx: &Cx) {
        let n = self.size();
        self.data.change(cx, |m| {
            for at in (0..m.len() / n * n).step_by(n) {
                let mut item = [0; 8];
                item[..n].copy_from_slice(&m.as_slice()[at..at + n]);
                item[..n].reverse();
                m.write(at, &item[..n]);
            }
        });
    }
    /// Return a tuple (address, length) giving the current memory address and the length in items.
    fn buffer_info(&self, cx: &Cx) -> Result<Obj> {
        (self.bytes().as_ptr().addr(), self.count_items()).into_obj(cx)
    }
    /// Return number of occurrences of v in the array.
    fn count(&self, cx: &mut Cx, v: Obj) -> Result<usize> {
        let (mut i, mut n) = (0, 0);
        while let Some(x) = self.item(cx, i)? {
            n += usize::from(ops::equal(cx, x, v)?);
            i += 1;
        }
        Ok(n)
    }
    /// Return index of first occurrence of v in the array.
    #[sig(v, start = 0, stop = 9223372036854775807, /)]
    fn index(&self, cx: &mut Cx, v: Obj, start: SliceIndex, stop: SliceIndex) -> Result<usize> {
        let n = self.count_items() as isize;
        let fix = |i: isize| if i < 0 { (i + n).max(0) } else { i };
        let (mut i, stop) = (fix(start.0), fix(stop.0));
        while i < stop {
            let Some(x) = self.item(cx, i as usize)? else { break };
            if ops::equal(cx, x, v)? {
                return Ok(i as usize);
            }
            i += 1;
        }
        Err(cx.value_error("array.index(x): x not in array"))
    }
    /// Insert a new item v into the array before position i.
    fn insert(&self, cx: &mut Cx, i: isize, v: Obj) -> Result<()> {
        let b = codes::put(cx, self.code, v)?;
        let n = self.count_items() as isize;
        let at = if i < 0 { (i + n).max(0) } else { i.min(n) } as usize;
        self.splice(cx, at, at, &b[..self.size()])
    }
    /// Return the i-th element and delete it from the array.
    #[sig(i = -1, /)]
    fn pop(&self, cx: &mut Cx, i: isize) -> Result<Obj> {
        let n = self.count_items();
        if n == 0 {
            return Err(cx.error(ExcKind::IndexError, "pop from empty array"));
        }
        let Some(i) = ops::wrap(i as i64, n) else { return Err(no_index(cx, "pop")) };
        let Some(v) = self.item(cx, i)? else { return Err(no_index(cx, "pop")) };
        self.splice(cx, i, i + 1, &[])?;
        Ok(v)
    }
    /// Remove the first occurrence of v in the array.
    fn remove(&self, cx: &mut Cx, v: Obj) -> Result<()> {
        let mut i = 0;
        while let Some(x) = self.item(cx, i)? {
            if ops::equal(cx, x, v)? {
                return self.splice(cx, i, i + 1, &[]);
            }
            i += 1;
        }
        Err(cx.value_error("array.remove(x): x not in array"))
    }
    /// Reverse the order of the items in the array.
    fn reverse(&self, cx: &Cx) {
        let n = self.size();
        self.data.change(cx, |m| {
            let turned: Vec<u8> = m.as_slice().chunks_exact(n).rev().flatten().copied().collect();
            m.write(0, &turned);
        });
    }
    /// Remove all items from the array.
    fn clear(&self, cx: &Cx) -> Result<()> {
        self.splice(cx, 0, self.count_items(), &[])
    }
    /// Return a copy of the array.
    fn __copy__(&self, cx: &mut Cx) -> Result<Obj> {
        let b = self.bytes().to_vec();
        self.like(cx, &b)
    }
    /// Return a copy of the array.
    fn __deepcopy__(&self, cx: &mut Cx, unused: Obj) -> Result<Obj> {
        let _ = unused;
        let b = self.bytes().to_vec();
        self.like(cx, &b)
    }
    /// Return state information for pickling.
    fn __reduce_ex__(this: Gc<Self>, cx: &mut Cx, value: i64) -> Result<Obj> {
        iter::reduce(cx, this, value)
    }
    /// Size of the array in memory, in bytes.
    fn __sizeof__(&self) -> usize {
        64 + self.data.capacity()
    }
    /// the typecode character used to create the array
    #[getter]
    fn typecode(&self) -> String {
        (self.code as char).to_string()
    }
    /// the size, in bytes, of one array item
    #[getter]
    fn itemsize(&self) -> usize {
        self.size()
    }
    fn __len__(&self) -> usize {
        self.count_items()
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(s) = key.cast::<Slice>() {
            let b = self.selected(cx, s)?;
            return self.like(cx, &b);
        }
        let i = self.key(cx, key, "array")?;
        self.item(cx, i)?.ok_or_else(|| no_index(cx, "array"))
    }
    fn __setitem__(this: Gc<Self>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        if let Some(s) = key.cast::<Slice>() {
            let Some(a) = value.cast::<Array>() else {
                let n = cx.type_name(value);
                return Err(cx.type_error(format!("can only assign array (not \"{n}\") to array slice")));
            };
            if a.code != this.code {
                return Err(cx.type_error("bad argument type for built-in operation"));
            }
            let b = a.bytes().to_vec();
            return this.replace(cx, s, Some(b));
        }
        this.key(cx, key, "array assignment")?;
        let b = codes::put(cx, this.code, value)?;
        // The conversion may have changed the array.
        let i = this.key(cx, key, "array assignment")?;
        this.splice(cx, i, i + 1, &b[..this.size()])
    }
    fn __delitem__(&self, cx: &mut Cx, key: Obj) -> Result<()> {
        if let Some(s) = key.cast::<Slice>() {
            return self.replace(cx, s, None);
        }
        let i = self.key(cx, key, "array assignment")?;
        self.splice(cx, i, i + 1, &[])
    }
    fn __contains__(&self, cx: &mut Cx, v: Obj) -> Result<bool> {
        let mut i = 0;
        while let Some(x) = self.item(cx, i)? {
            if ops::equal(cx, x, v)? {
                return Ok(true);
            }
            i += 1;
        }
        Ok(false)
    }
    fn __iter__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Ok(native::instance(cx, ArrayIter::over(this))?.obj())
    }
    fn __add__(&self, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let Some(o) = other.cast::<Array>() else {
            let n = cx.type_name(other);
            return Err(cx.type_error(format!("can only append array (not \"{n}\") to array")));
        };
        if o.code != self.code {
            return Err(cx.type_error("bad argument type for built-in operation"));
        }
        let b = [self.bytes(), o.bytes()].concat();
        self.like(cx, &b)
    }
    fn __iadd__(this: Gc<Self>, cx: &mut Cx, other: Obj) -> Result<Gc<Self>> {
        if other.cast::<Array>().is_none() {
            let n = cx.type_name(other);
            return Err(cx.type_error(format!("can only extend array with array (not \"{n}\")")));
        }
        this.extend_from(cx, other)?;
        Ok(this)
    }
    fn __mul__(&self, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = ops::index_size(cx, n)?;
        let b = self.repeated(cx, n)?;
        self.like(cx, &b)
    }
    fn __rmul__(&self, cx: &mut Cx, n: Obj) -> Result<Obj> {
        self.__mul__(cx, n)
    }
    fn __imul__(this: Gc<Self>, cx: &mut Cx, n: Obj) -> Result<Gc<Self>> {
        let n = ops::index_size(cx, n)?;
        let b = this.repeated(cx, n)?;
        this.splice(cx, 0, this.count_items(), &b)?;
        Ok(this)
    }
    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(o) = other.cast::<Array>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        let (n, m) = (self.count_items(), o.count_items());
        if n != m && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::bool(op == CompareOp::Ne));
        }
        let mut i = 0;
        while let (Some(a), Some(b)) = (self.item(cx, i)?, o.item(cx, i)?) {
            if !ops::equal(cx, a, b)? {
                return match op {
                    CompareOp::Eq => Ok(Obj::FALSE),
                    CompareOp::Ne => Ok(Obj::TRUE),
                    _ => ops::rich_compare(cx, a, b, op),
                };
            }
            i += 1;
        }
        Ok(Obj::bool(op.holds(n.cmp(&m))))
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<Gc<Str>> {
        let name = ops::class_of(this.obj()).name().into_owned();
        let mut out = typhon_text::strview::StrBuf::new();
        out.push_str(&format!("{name}('{}'", this.code as char));
        if this.count_items() > 0 {
            let v = if codes::is_text(this.code) { this.text(cx)?.obj() } else { this.tolist(cx)? };
            out.push_str(", ");
            out.push_view(ops::repr(cx, v)?.view());
        }
        out.push_str(")");
        str::from_view(cx, &out.as_view())
    }
    fn __buffer__(this: Gc<Self>, cx: &mut Cx, flags: i64) -> Result<Obj> {
        let _ = flags;
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
    fn __release_buffer__(&self, cx: &mut Cx, buffer: Obj) -> Result<()> {
        match buffer.cast::<MemoryView>() {
            Some(m) => m.release_now(cx),
            None => Err(cx.type_error("expected a memoryview object")),
        }
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// This module defines an object type which can efficiently represent
/// an array of basic values: characters, integers, floating-point
/// numbers.
#[module("array", classes(Array))]
pub mod array {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| typhon_builtins::buffer::register(export));
        set(cx, module, "typecodes", codes::CODES)?;
        let c = class_of::<Array>(cx)?;
        set(cx, module, "ArrayType", c)?;
        // The virtual base class, as CPython registers it.
        let abc = crate::util::import(cx, "collections.abc")?;
        let base = crate::util::attr(cx, abc, "MutableSequence")?;
        ops::call_method(cx, base, "register", &[c.obj()])?;
        Ok(())
    }
    /// Internal. Used for pickling support.
    fn _array_reconstructor(cx: &mut Cx, arraytype: Obj, typecode: Obj, mformat_code: i64, items: Obj) -> Result<Obj> {
        iter::reconstruct(cx, arraytype, typecode, mformat_code, items)
    }
}
