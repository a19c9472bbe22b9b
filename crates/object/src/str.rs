//! `str`: immutable text at 1, 2 or 4 bytes a code point.
//!
//! Layout: header, length in code points, hash (0 = not computed yet), data.
//! The header's meta word holds the width and two flags.
//!
//! Invariants: STR-1: stored in the narrowest width that fits. STR-2: the meta
//! bits never change, apart from INTERNED, which is only ever set.
//! Tests: `tests/strings.rs`; CPython test_str.

use crate::cx::Cx;
use crate::exc::Raised;
use crate::native::Payload;
use crate::obj::{Gc, Obj};
use crate::types::Type;
use crate::{Result, shape};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_text::strview::StrView;

/// The payload of a `str`.
#[repr(C)]
pub struct Str {
    len: u64,
    hash: AtomicU64,
}

// The two lowest bits are the object lock's: instances of subclasses have one.
const WIDTH_SHIFT: u32 = 2;
const WIDTH_MASK: u32 = 3 << WIDTH_SHIFT;
const ASCII: u32 = 16;
const INTERNED: u32 = 32;
const CACHED: u32 = 64;
/// Header, length and hash.
const DATA: usize = 24;

/// Payload size of a string, for the collector.
pub(crate) unsafe fn var_size(p: *const u8) -> usize {
    // STR-2; called on live strings only.
    unsafe {
        let meta = (*(p as *const typhon_gc::Header)).meta.load(Ordering::Relaxed);
        let len = *(p.add(8) as *const u64) as usize;
        (DATA + (len << ((meta & WIDTH_MASK) >> WIDTH_SHIFT)) + 7) & !7
    }
}

impl Str {
    fn meta(&self) -> u32 {
        Gc::of(self).header().meta.load(Ordering::Relaxed)
    }
    /// Length in code points.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }
    /// Whether it is `""`.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Whether every code point is below 128.
    #[inline]
    pub fn is_ascii(&self) -> bool {
        self.meta() & ASCII != 0
    }
    /// Whether it is the one interned string of its value.
    #[inline]
    pub fn is_interned(&self) -> bool {
        self.meta() & INTERNED != 0
    }
    /// log2 of the bytes per code point.
    #[inline]
    pub fn width(&self) -> u32 {
        (self.meta() & WIDTH_MASK) >> WIDTH_SHIFT
    }
    fn data(&self) -> *const u8 {
        // The data follows the payload (layout above).
        unsafe { (self as *const Str as *const u8).add(DATA - 8) }
    }
    /// The contents.
    #[inline]
    pub fn view(&self) -> StrView<'_> {
        let n = self.len as usize;
        // STR-1, STR-2: `n` units of this width follow, and never change.
        unsafe {
            match self.width() {
                0 => StrView::Latin1(std::slice::from_raw_parts(self.data(), n)),
                1 => StrView::Ucs2(std::slice::from_raw_parts(self.data() as *const u16, n)),
                _ => StrView::Ucs4(std::slice::from_raw_parts(self.data() as *const u32, n)),
            }
        }
    }
    /// The contents as Rust text when they are ASCII.
    #[inline]
    pub fn as_ascii(&self) -> Option<&str> {
        match self.view() {
            // ASCII is UTF-8.
            StrView::Latin1(b) if self.is_ascii() => Some(unsafe { std::str::from_utf8_unchecked(b) }),
            _ => None,
        }
    }
    /// The contents as Rust text; lone surrogates become U+FFFD.
    pub fn to_str(&self) -> Cow<'_, str> {
        match self.as_ascii() {
            Some(s) => Cow::Borrowed(s),
            None => Cow::Owned(self.chars().map(|c| char::from_u32(c).unwrap_or('\u{fffd}')).collect()),
        }
    }
    /// The contents as UTF-8 unless a lone surrogate prevents it.
    pub fn to_utf8(&self) -> Option<Cow<'_, str>> {
        match self.as_ascii() {
            Some(s) => Some(Cow::Borrowed(s)),
            None => self.chars().map(char::from_u32).collect::<Option<String>>().map(Cow::Owned),
        }
    }
    /// The code points.
    pub fn chars(&self) -> impl Iterator<Item = u32> + '_ {
        let v = self.view();
        (0..self.len()).map(move |i| code_point(&v, i))
    }
    /// The code point at `i`, which must be in range.
    #[inline]
    pub fn at(&self, i: usize) -> u32 {
        code_point(&self.view(), i)
    }
    /// Equality of contents. (Not called `eq`: on a `Gc<Str>` that would compare
    /// addresses.)
    #[inline]
    pub fn same_text(&self, o: &Str) -> bool {
        if std::ptr::eq(self, o) {
            return true;
        }
        if self.len != o.len || self.width() != o.width() {
            return false;
        }
        let n = self.len() << self.width();
        // STR-1: equal strings have equal width, so bytes decide.
        unsafe { std::slice::from_raw_parts(self.data(), n) == std::slice::from_raw_parts(o.data(), n) }
    }
    /// Compare with Rust text.
    pub fn eq_str(&self, s: &str) -> bool {
        match self.as_ascii() {
            Some(a) => a == s,
            None => self.chars().eq(s.chars().map(|c| c as u32)),
        }
    }
    /// Lexicographic order by code point.
    pub fn compare(&self, o: &Str) -> std::cmp::Ordering {
        match (self.view(), o.view()) {
            (StrView::Latin1(a), StrView::Latin1(b)) => a.cmp(b),
            _ => self.chars().cmp(o.chars()),
        }
    }
    /// Python's hash.
    #[inline]
    pub fn hash(&self) -> i64 {
        match self.hash.load(Ordering::Relaxed) {
            0 => self.compute_hash(),
            h => h as i64,
        }
    }
    #[cold]
    fn compute_hash(&self) -> i64 {
        let n = self.len() << self.width();
        let h = crate::hash::hash_bytes(unsafe { std::slice::from_raw_parts(self.data(), n) });
        // An empty string hashes to 0, which simply is computed anew each time.
        self.hash.store(h as u64, Ordering::Relaxed);
        h
    }
}

#[inline(always)]
fn code_point(v: &StrView<'_>, i: usize) -> u32 {
    match v {
        StrView::Latin1(b) => b[i] as u32,
        StrView::Ucs2(b) => b[i] as u32,
        StrView::Ucs4(b) => b[i],
    }
}

/// A string object with room for `len` units of the given width; the caller
/// fills the data before anyone else sees it.
fn alloc(cx: &Cx, len: usize, width: u32, ascii: bool) -> Result<(Gc<Str>, *mut u8)> {
    let size = (DATA + (len << width) + 7) & !7;
    let p = cx.alloc_var(shape::STR, size, len as u64)?;
    // The object is ours alone until returned.
    unsafe {
        (*(p as *const typhon_gc::Header))
            .meta
            .store(width << WIDTH_SHIFT | if ascii { ASCII } else { 0 }, Ordering::Relaxed);
        Ok((Gc::from_obj(Obj::from_word_unchecked(p as u64)), p.add(DATA)))
    }
}

/// Copy `n` bytes; most strings are short, and then a call of memcpy costs more
/// than two overlapping moves.
///
/// # Safety
/// As for `copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy(src: *const u8, dst: *mut u8, n: usize) {
    macro_rules! both_ends {
        ($t:ty) => {{
            // Both ends are inside, since n is at least the size of the type.
            unsafe {
                let k = n - size_of::<$t>();
                let (a, b) = ((src as *const $t).read_unaligned(), (src.add(k) as *const $t).read_unaligned());
                (dst as *mut $t).write_unaligned(a);
                (dst.add(k) as *mut $t).write_unaligned(b);
            }
        }};
    }
    match n {
        33.. => unsafe { std::ptr::copy_nonoverlapping(src, dst, n) },
        16.. => both_ends!(u128),
        8.. => both_ends!(u64),
        4.. => both_ends!(u32),
        2.. => both_ends!(u16),
        1 => both_ends!(u8),
        0 => {}
    }
}

/// A string of Latin-1 bytes.
pub fn from_latin1(cx: &Cx, b: &[u8]) -> Result<Gc<Str>> {
    latin1(cx, b, b.is_ascii())
}

fn latin1(cx: &Cx, b: &[u8], ascii: bool) -> Result<Gc<Str>> {
    if b.len() == 1 {
        return Ok(cx.rt().latin1_char(b[0]));
    }
    let (s, p) = alloc(cx, b.len(), 0, ascii)?;
    // `alloc` made room for exactly these bytes.
    unsafe { copy(b.as_ptr(), p, b.len()) };
    Ok(s)
}

/// `s` with its bytes changed by `change`, which keeps ASCII ASCII; `None` if `s`
/// is not ASCII.
pub fn map_ascii(cx: &Cx, s: Gc<Str>, change: impl Fn(&mut [u8])) -> Result<Option<Gc<Str>>> {
    let Some(text) = s.payload().as_ascii() else { return Ok(None) };
    if let [c] = text.as_bytes() {
        let mut one = [*c];
        change(&mut one);
        return latin1(cx, &one, true).map(Some);
    }
    let (out, p) = alloc(cx, text.len(), 0, true)?;
    // `alloc` made room for exactly these bytes, and nobody else sees them yet.
    unsafe {
        copy(text.as_ptr(), p, text.len());
        change(std::slice::from_raw_parts_mut(p, text.len()));
    }
    Ok(Some(out))
}

/// The same without the cache of one-character strings (used to fill it).
pub(crate) fn from_latin1_uncached(cx: &Cx, b: &[u8]) -> Result<Gc<Str>> {
    let (s, p) = alloc(cx, b.len(), 0, b.is_ascii())?;
    // As in `from_latin1`.
    unsafe { std::ptr::copy_nonoverlapping(b.as_ptr(), p, b.len()) };
    Ok(s)
}

/// A string of Rust text.
pub fn new(cx: &Cx, s: &str) -> Result<Gc<Str>> {
    if s.is_ascii() {
        return from_latin1(cx, s.as_bytes());
    }
    let v: Vec<u32> = s.chars().map(|c| c as u32).collect();
    from_ucs4(cx, &v)
}

/// A string of code points (surrogates allowed).
pub fn from_ucs4(cx: &Cx, v: &[u32]) -> Result<Gc<Str>> {
    let max = v.iter().fold(0, |m, &c| m | c);
    if max < 256 {
        let b: Vec<u8> = v.iter().map(|&c| c as u8).collect();
        from_latin1(cx, &b)
    } else if max < 0x10000 {
        let b: Vec<u16> = v.iter().map(|&c| c as u16).collect();
        from_units16(cx, &b)
    } else {
        let (s, p) = alloc(cx, v.len(), 2, false)?;
        // `alloc` made room for exactly these units.
        unsafe { std::ptr::copy_nonoverlapping(v.as_ptr(), p as *mut u32, v.len()) };
        Ok(s)
    }
}

fn from_units16(cx: &Cx, b: &[u16]) -> Result<Gc<Str>> {
    let (s, p) = alloc(cx, b.len(), 1, false)?;
    // `alloc` made room for exactly these units.
    unsafe { std::ptr::copy_nonoverlapping(b.as_ptr(), p as *mut u16, b.len()) };
    Ok(s)
}

/// A string of units that all fit into a byte.
fn narrow(cx: &Cx, b: &[u16]) -> Result<Gc<Str>> {
    if let [unit] = b {
        return Ok(cx.rt().latin1_char(*unit as u8));
    }
    let ascii = b.iter().fold(0, |all, unit| all | unit) < 0x80;
    let (s, p) = alloc(cx, b.len(), 0, ascii)?;
    // `alloc` made room for exactly these bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(p, b.len()) };
    for (to, unit) in out.iter_mut().zip(b) {
        *to = *unit as u8;
    }
    Ok(s)
}

/// A string of one code point.
pub fn from_char(cx: &Cx, c: u32) -> Result<Gc<Str>> {
    if c < 256 { Ok(cx.rt().latin1_char(c as u8)) } else { from_ucs4(cx, &[c]) }
}

/// A string with the contents of a view, narrowed if possible.
pub fn from_view(cx: &Cx, v: &StrView<'_>) -> Result<Gc<Str>> {
    match v {
        StrView::Latin1(b) => from_latin1(cx, b),
        StrView::Ucs2(b) => {
            // Without a way out in the middle of a short one.
            let (chunks, rest) = b.as_chunks::<64>();
            let bits = |units: &[u16]| units.iter().fold(0, |all, unit| all | unit);
            if chunks.iter().any(|chunk| bits(chunk) > 255) || bits(rest) > 255 {
                return from_units16(cx, b);
            }
            narrow(cx, b)
        }
        StrView::Ucs4(b) => from_ucs4(cx, b),
    }
}

/// `a + b`.
pub fn concat(cx: &Cx, a: Gc<Str>, b: Gc<Str>) -> Result<Gc<Str>> {
    if a.is_empty() && b.obj().shape() == shape::STR {
        return Ok(b);
    }
    if b.is_empty() && a.obj().shape() == shape::STR {
        return Ok(a);
    }
    join(cx, &[a, b])
}

/// The concatenation of all parts.
pub fn join(cx: &Cx, parts: &[Gc<Str>]) -> Result<Gc<Str>> {
    let (mut len, mut width, mut ascii) = (0usize, 0, true);
    for p in parts {
        len += p.len();
        width = width.max(p.width());
        ascii &= p.is_ascii();
    }
    if len == 1 && width == 0 {
        let p = parts.iter().find(|p| p.len() == 1).expect("one part has the character");
        return Ok(cx.rt().latin1_char(p.at(0) as u8));
    }
    let (s, mut out) = alloc(cx, len, width, ascii)?;
    for p in parts {
        // `alloc` made room for the sum of the parts at the widest width.
        unsafe {
            write_widened(p, out, width);
            out = out.add(p.len() << width);
        }
    }
    Ok(s)
}

/// `sep.join(items)`; the first item that is no `str` is the error.
pub fn join_items(cx: &Cx, sep: Gc<Str>, items: &[Obj]) -> Result<std::result::Result<Gc<Str>, usize>> {
    let (mut len, mut width, mut ascii) = (0usize, 0, true);
    for (i, o) in items.iter().enumerate() {
        let Some(p) = o.cast::<Str>() else { return Ok(Err(i)) };
        len = len.saturating_add(p.len());
        width = width.max(p.width());
        ascii &= p.is_ascii();
    }
    match items {
        [] => return from_latin1(cx, b"").map(Ok),
        // The item was just seen to be a string.
        [one] if one.shape() == shape::STR => return Ok(Ok(unsafe { Gc::from_obj(*one) })),
        [_] => {}
        _ => {
            let gaps = sep.len().checked_mul(items.len() - 1).and_then(|n| n.checked_add(len));
            len = match gaps {
                Some(n) if n < isize::MAX as usize / 4 => n,
                _ => {
                    return Err(
                        cx.error(crate::exc::ExcKind::OverflowError, "join() result is too long for a Python string")
                    );
                }
            };
            width = width.max(sep.width());
            ascii &= sep.is_ascii();
        }
    }
    if len <= 1 {
        let parts = items.iter().filter_map(|o| o.cast::<Str>());
        let one = parts.chain([sep]).find(|p| p.len() == len.max(1));
        return match one {
            Some(p) if len == 1 => from_char(cx, p.at(0)).map(Ok),
            _ => from_latin1(cx, b"").map(Ok),
        };
    }
    let (s, mut out) = alloc(cx, len, width, ascii)?;
    for (i, o) in items.iter().enumerate() {
        // The strings are as long and as wide as they were above: they never
        // change; `alloc` made room for all of them.
        unsafe {
            if i > 0 {
                write_widened(&sep, out, width);
                out = out.add(sep.len() << width);
            }
            let p: Gc<Str> = Gc::from_obj(*o);
            write_widened(&p, out, width);
            out = out.add(p.len() << width);
        }
    }
    Ok(Ok(s))
}

unsafe fn write_widened(p: &Str, out: *mut u8, width: u32) {
    let n = p.len();
    unsafe {
        if width == 0 {
            return copy(p.data(), out, n);
        }
        fn widen<T: Copy + Into<u32>, U>(from: &[T], to: &mut [U], unit: impl Fn(T) -> U) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = unit(*from));
        }
        // `n` units of the wider width are there to be written.
        match (p.view(), width) {
            (_, w) if w == p.width() => copy(p.data(), out, n << w),
            (StrView::Latin1(b), 1) => widen(b, std::slice::from_raw_parts_mut(out as *mut u16, n), u16::from),
            (StrView::Latin1(b), _) => widen(b, std::slice::from_raw_parts_mut(out as *mut u32, n), u32::from),
            (StrView::Ucs2(b), _) => widen(b, std::slice::from_raw_parts_mut(out as *mut u32, n), u32::from),
            (StrView::Ucs4(_), _) => unreachable!("nothing is wider"),
        }
    }
}

/// The code points `start..end`.
pub fn substring(cx: &Cx, s: Gc<Str>, start: usize, end: usize) -> Result<Gc<Str>> {
    if start == 0 && end == s.len() && s.obj().shape() == shape::STR {
        return Ok(s);
    }
    match s.view() {
        StrView::Latin1(b) => latin1(cx, &b[start..end], s.is_ascii() || b[start..end].is_ascii()),
        StrView::Ucs2(b) => from_view(cx, &StrView::Ucs2(&b[start..end])),
        StrView::Ucs4(b) => from_view(cx, &StrView::Ucs4(&b[start..end])),
    }
}

/// `s * n`.
pub fn repeat(cx: &Cx, s: Gc<Str>, n: usize) -> Result<Gc<Str>> {
    if n == 1 && s.obj().shape() == shape::STR {
        return Ok(s);
    }
    let unit = s.len() << s.width();
    if unit.checked_mul(n).is_none_or(|t| t > isize::MAX as usize) {
        return Err(cx.memory_error());
    }
    if n == 0 || s.is_empty() {
        return from_latin1(cx, b"");
    }
    if s.len() == 1 && n == 1 && s.width() == 0 {
        return from_char(cx, s.at(0));
    }
    let (out, p) = alloc(cx, s.len() * n, s.width(), s.is_ascii())?;
    // `alloc` made room for n copies; each step doubles what is there.
    unsafe {
        std::ptr::copy_nonoverlapping(s.data(), p, unit);
        let mut done = unit;
        while done < unit * n {
            let k = done.min(unit * n - done);
            std::ptr::copy_nonoverlapping(p, p.add(done), k);
            done += k;
        }
    }
    Ok(out)
}

/// The text of `s` as an instance of `class`, which is `str` or derives from it.
pub fn new_of(cx: &Cx, class: Gc<Type>, s: Gc<Str>) -> Result<Obj> {
    let shape_id = class.root_shape();
    if shape_id == shape::STR {
        return if s.obj().shape() == shape::STR { Ok(s.obj()) } else { Ok(from_view(cx, &s.view())?.obj()) };
    }
    let o = copy_into_subclass(cx, s, shape_id)?;
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(o.addr()) };
    }
    Ok(o)
}

/// A copy of `s` with a subclass's ext word and members behind it.
fn copy_into_subclass(cx: &Cx, s: Gc<Str>, shape_id: u32) -> Result<Obj> {
    let body = (DATA + (s.len() << s.width()) + 7) & !7;
    let tail = 8 + 8 * crate::shape::layout(shape_id).nslots as usize;
    let p = cx.alloc_var(shape_id, body + tail, s.len)?;
    // Fresh object with room for the payload and what is behind it.
    unsafe {
        (*(p as *const typhon_gc::Header)).meta.store(s.meta() & (WIDTH_MASK | ASCII), Ordering::Relaxed);
        std::ptr::copy_nonoverlapping(s.data(), p.add(DATA), s.len() << s.width());
        Ok(Obj::from_word_unchecked(p as u64))
    }
}

/// Mark `s` as a name whose place in instances is cached.
pub(crate) fn set_cached(s: Gc<Str>) {
    // All threads read the header's line: it is written only once.
    if !is_cached(s) {
        s.header().meta.fetch_or(CACHED, Ordering::Relaxed);
    }
}

/// Whether `set_cached` was called.
pub(crate) fn is_cached(s: Gc<Str>) -> bool {
    s.header().meta.load(Ordering::Relaxed) & CACHED != 0
}

/// Mark `s` as the interned string of its value.
pub(crate) fn set_interned(s: Gc<Str>) {
    s.header().meta.fetch_or(INTERNED, Ordering::Relaxed);
}

impl Payload for Str {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::STR || crate::native::has_payload(o, shape::STR))
    }
}

/// The text of `o` if it is a `str`, else a TypeError naming `what`.
pub fn expect(cx: &Cx, o: Obj, what: &str) -> std::result::Result<Gc<Str>, Raised> {
    o.cast::<Str>().ok_or_else(|| cx.type_error(format!("{what} must be str, not {}", cx.type_name(o))))
}
