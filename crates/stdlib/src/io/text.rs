//! `TextIOWrapper`: text over a buffered binary file.
//!
//! UTF-8, ASCII and Latin-1 are encoded and decoded natively; other encodings
//! go through the codecs' incremental objects. Line ends are always native.
//! Tests: CPython test_io.

use super::base::{TextIOBase, name_for_repr};
use super::buffered::Buffered;
use super::bytesio::size_arg;
use super::lock::IoLock;
use super::newline::{self, Ends};
use super::{buffered_of, unsupported};
use crate::codecs::{Encoding, decode_known, encode_known, registry};
use crate::util::{attr, attr_opt, bytes_obj, tuple_obj};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::native::{Args, FromArg, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Guarded, Result, exc, int, ops};
use typhon_text::strview::StrBuf;

const CHUNK: usize = 8192;

/// How the wrapper was set up, and what is in flight.
#[derive(Trace)]
struct State {
    #[trace(skip)]
    native: Option<Encoding>,
    errors: String,
    /// The `newline` argument.
    #[trace(skip)]
    newline: Option<&'static str>,
    #[trace(skip)]
    ends: Ends,
    translate: bool,
    #[trace(skip)]
    write_nl: Option<&'static str>,
    line_buffering: bool,
    write_through: bool,
    seen: u8,
    /// Encoded text to be written.
    #[trace(skip)]
    pending: Vec<u8>,
    /// Decoded text, and how much of it has been given out.
    decoded: Option<Obj>,
    used: usize,
    /// The bytes of which `decoded` was made, and those left over from them.
    #[trace(skip)]
    chunk: Vec<u8>,
    #[trace(skip)]
    rest: Vec<u8>,
    /// The incremental decoder's state when `chunk` went in.
    snapshot: Option<(Obj, i64)>,
    /// A `\r` held back, for decoders that are not native.
    held_cr: bool,
    /// The `\r` was already held when `chunk` was decoded.
    chunk_held_cr: bool,
    telling: bool,
    at_start: bool,
}

/// `_io.TextIOWrapper`.
#[derive(Trace)]
pub struct TextIOWrapper {
    buffer: Slot,
    encoding: Slot<Str>,
    errors: Slot<Str>,
    encoder: Slot,
    decoder: Slot,
    state: Guarded<State>,
    lock: IoLock,
    chunk_size: AtomicUsize,
    ready: AtomicBool,
    detached: AtomicBool,
    seekable: AtomicBool,
    finalizing: AtomicBool,
}

impl TextIOWrapper {
    fn binary(&self, cx: &Cx) -> Result<Obj> {
        match self.buffer.obj() {
            Some(b) if self.ready.load(Ordering::Relaxed) => Ok(b),
            _ if self.detached.load(Ordering::Relaxed) => Err(cx.value_error("underlying buffer has been detached")),
            _ => Err(cx.value_error("I/O operation on uninitialized object")),
        }
    }
    fn check_open(&self, cx: &mut Cx) -> Result<Obj> {
        let b = self.binary(cx)?;
        let closed = match native_buffer(b) {
            Some(n) => n.payload().is_closed(cx)?,
            None => {
                let c = attr(cx, b, "closed")?;
                ops::truth(cx, c)?
            }
        };
        if closed {
            return Err(cx.value_error("I/O operation on closed file."));
        }
        Ok(b)
    }
    /// Write out what is pending.
    fn flush_pending(&self, cx: &mut Cx, buffer: Obj) -> Result<()> {
        let data = {
            let mut s = self.state.write(cx, self);
            if s.pending.is_empty() {
                return Ok(());
            }
            std::mem::take(&mut s.pending)
        };
        let r = match native_buffer(buffer) {
            Some(b) => Buffered::write_bytes(b, cx, &data).map(|_| ()),
            None => {
                let o = bytes_obj(cx, &data)?;
                ops::call_method(cx, buffer, "write", &[o]).map(|_| ())
            }
        };
        if r.is_ok() {
            // Keep the allocation for the next lines.
            let mut s = self.state.write(cx, self);
            if s.pending.is_empty() && data.capacity() <= 4 * CHUNK {
                s.pending = data;
                s.pending.clear();
            }
        }
        r
    }
    fn drop_decoded(&self, cx: &Cx) {
        let mut s = self.state.write(cx, self);
        s.decoded = None;
        s.used = 0;
        s.chunk.clear();
        s.rest.clear();
        s.snapshot = None;
    }
    /// What is decoded but not yet read.
    fn waiting(&self, cx: &Cx) -> Option<(Gc<Str>, usize)> {
        let s = self.state.read(cx);
        let d = s.decoded.and_then(|o| o.cast::<Str>())?;
        (s.used < d.len()).then_some((d, s.used))
    }
    fn set_decoded(&self, cx: &Cx, text: Option<Gc<Str>>, used: usize) {
        let mut s = self.state.write(cx, self);
        s.decoded = text.map(|t| t.obj());
        s.used = used;
    }
    /// Decode one more chunk; false at the end of the file. What was decoded
    /// before has been used up.
    fn read_chunk(&self, cx: &mut Cx, buffer: Obj, hint: usize) -> Result<bool> {
        let native = self.state.read(cx).native;
        if native.is_none() && self.decoder.obj().is_none() {
            self.make_decoder(cx, buffer)?;
        }
        let size = self.chunk_size.load(Ordering::Relaxed).max(hint);
        let snapshot = match self.decoder.obj() {
            Some(d) if native.is_none() && self.state.read(cx).telling => Some(decoder_state(cx, d)?),
            _ => None,
        };
        let bytes = match native_buffer(buffer) {
            Some(b) => Buffered::read_chunk(b, cx, size)?,
            None => {
                let has_read1 = attr_opt(cx, buffer, "read1")?;
                let n = Obj::int_unchecked(size as i64);
                let (o, m) = match has_read1 {
                    Some(f) => (ops::call_args(cx, f, &[n])?, "read1"),
                    None => (ops::call_method(cx, buffer, "read", &[n])?, "read"),
                };
                if !crate::buffer::is_buffer(o) {
                    return Err(cx.type_error(format!(
                        "underlying {m}() should have returned a bytes-like object, not '{}'",
                        cx.type_name(o)
                    )));
                }
                crate::buffer::copy(cx, o)?
            }
        };
        let eof = bytes.is_empty();
        let text = match native {
            Some(enc) => self.decode_native(cx, enc, bytes, eof)?,
            None => self.decode_other(cx, bytes, eof, snapshot)?,
        };
        let empty = text.is_empty();
        self.set_decoded(cx, Some(text), 0);
        Ok(!eof || !empty)
    }
    fn decode_native(&self, cx: &mut Cx, enc: Encoding, bytes: Vec<u8>, eof: bool) -> Result<Gc<Str>> {
        let (mut data, errors, translate, universal) = {
            let mut s = self.state.write(cx, self);
            let rest = std::mem::take(&mut s.rest);
            (rest, s.errors.clone(), s.translate, s.ends == Ends::Any || s.translate)
        };
        if data.is_empty() {
            data = bytes;
        } else {
            data.extend(bytes);
        }
        // A final `\r` waits for what follows it.
        let keep = if universal && !eof && data.last() == Some(&b'\r') { 1 } else { 0 };
        let (text, n, _) = decode_known(cx, &data[..data.len() - keep], enc, &errors, eof)?;
        let mut text = text.cast::<Str>().expect("decoding gives text");
        let mut seen = self.state.read(cx).seen;
        if translate {
            if let Some(b) = newline::translate(text.view(), &mut seen) {
                text = str::from_view(cx, &b.as_view())?;
            }
        } else if universal && seen != newline::CR | newline::LF | newline::CRLF {
            newline::scan(text.view(), &mut seen);
        }
        let mut s = self.state.write(cx, self);
        s.seen = seen;
        s.rest = data[n..].to_vec();
        data.truncate(n);
        s.chunk = data;
        Ok(text)
    }
    fn decode_other(&self, cx: &mut Cx, bytes: Vec<u8>, eof: bool, snapshot: Option<(Obj, i64)>) -> Result<Gc<Str>> {
        let d = self.decoder.obj().expect("made before");
        let o = bytes_obj(cx, &bytes)?;
        let t = ops::call_method(cx, d, "decode", &[o, Obj::bool(eof)])?;
        let Some(mut text) = t.cast::<Str>() else {
            return Err(cx.type_error(format!("decoder should return a string result, not '{}'", cx.type_name(t))));
        };
        let (translate, universal, held, mut seen) = {
            let s = self.state.read(cx);
            (s.translate, s.ends == Ends::Any || s.translate, s.held_cr, s.seen)
        };
        let mut hold = false;
        if universal {
            let joined = (held && (!text.is_empty() || eof)).then(|| newline::with_cr(text.view()));
            hold = held && joined.is_none();
            let mut v = joined.as_ref().map_or(text.view(), |j| j.as_view());
            if !eof && !v.is_empty() && v.get(v.len() - 1) == Some(13) {
                v = v.slice(0..v.len() - 1);
                hold = true;
            }
            text = match if translate { newline::translate(v, &mut seen) } else { None } {
                Some(b) => str::from_view(cx, &b.as_view())?,
                None => {
                    if !translate {
                        newline::scan(v, &mut seen);
                    }
                    str::from_view(cx, &v)?
                }
            };
        }
        let mut s = self.state.write(cx, self);
        s.chunk_held_cr = held;
        s.held_cr = hold;
        s.seen = seen;
        s.chunk = bytes;
        s.snapshot = snapshot;
        Ok(text)
    }
    fn codec(&self, cx: &mut Cx) -> Result<Obj> {
        let n = self.encoding.get().map(|s| s.to_str().into_owned()).unwrap_or_default();
        registry::lookup(cx, &n)
    }
    fn make_decoder(&self, cx: &mut Cx, buffer: Obj) -> Result<()> {
        let r = ops::call_method(cx, buffer, "readable", &[])?;
        if !ops::truth(cx, r)? {
            return Err(unsupported(cx, "not readable"));
        }
        let info = self.codec(cx)?;
        let f = attr(cx, info, "incrementaldecoder")?;
        let e = self.errors.get().map_or(Obj::NONE, |e| e.obj());
        let d = ops::call_args(cx, f, &[e])?;
        self.decoder.set(cx, Gc::of(self), d);
        Ok(())
    }
    fn make_encoder(&self, cx: &mut Cx) -> Result<Obj> {
        if let Some(e) = self.encoder.obj() {
            return Ok(e);
        }
        let info = self.codec(cx)?;
        let f = attr(cx, info, "incrementalencoder")?;
        let e = self.errors.get().map_or(Obj::NONE, |e| e.obj());
        let enc = ops::call_args(cx, f, &[e])?;
        // Appending to a file must not write a second byte-order mark.
        if self.seekable.load(Ordering::Relaxed) && self.state.read(cx).at_start {
            let b = self.binary(cx)?;
            let at = ops::call_method(cx, b, "tell", &[])?;
            if at.as_small_int() != Some(0) {
                let r = ops::call_method(cx, enc, "setstate", &[Obj::int_unchecked(0)]);
                ops::catch(cx, r, ExcKind::AttributeError)?;
            }
        }
        self.encoder.set(cx, Gc::of(self), enc);
        Ok(enc)
    }
    fn encode(&self, cx: &mut Cx, s: Gc<Str>) -> Result<Vec<u8>> {
        let (native, errors) = {
            let st = self.state.read(cx);
            (st.native, if st.errors == "strict" { None } else { Some(st.errors.clone()) })
        };
        if let Some(enc) = native {
            return encode_known(cx, s, enc, errors.as_deref().unwrap_or("strict"));
        }
        let e = self.make_encoder(cx)?;
        let b = ops::call_method(cx, e, "encode", &[s.obj()])?;
        match b.cast::<Bytes>() {
            Some(b) => Ok(b.as_slice().to_vec()),
            None => Err(cx.type_error(format!("encoder should return a bytes object, not '{}'", cx.type_name(b)))),
        }
    }
    /// Write text; the lock is held.
    fn write_text(&self, cx: &mut Cx, buffer: Obj, s: Gc<Str>) -> Result<()> {
        let (write_nl, line_buffering, write_through, native) = {
            let st = self.state.read(cx);
            (st.write_nl, st.line_buffering, st.write_through, st.native)
        };
        let has_nl = (write_nl.is_some() || line_buffering) && newline::position(s.view(), b'\n').is_some();
        let needs_flush = line_buffering && (has_nl || newline::position(s.view(), b'\r').is_some());
        let plain = !(has_nl && write_nl.is_some());
        let ascii = plain && matches!(native, Some(Encoding::Utf8 | Encoding::Ascii | Encoding::Latin1));
        let size = self.chunk_size.load(Ordering::Relaxed);
        let mut total = 0;
        match s.as_ascii().filter(|_| ascii) {
            // The common case copies once.
            Some(a) => {
                let mut st = self.state.write(cx, self);
                st.pending.extend_from_slice(a.as_bytes());
                total += st.pending.len();
            }
            None => {
                let b = match write_nl.filter(|_| has_nl) {
                    Some(nl) => {
                        let mut out = StrBuf::with_capacity(s.len() + 8);
                        for c in s.view().iter() {
                            if c == 10 { out.push_str(nl) } else { out.push(c) }
                        }
                        let t = str::from_view(cx, &out.as_view())?;
                        self.encode(cx, t)?
                    }
                    None => self.encode(cx, s)?,
                };
                let mut st = self.state.write(cx, self);
                st.pending.extend(b);
                total += st.pending.len();
            }
        }
        if total >= size || needs_flush || write_through {
            self.flush_pending(cx, buffer)?;
        }
        if needs_flush {
            match native_buffer(buffer) {
                Some(b) => Buffered::flush(b, cx)?,
                None => drop(ops::call_method(cx, buffer, "flush", &[])?),
            }
        }
        if self.state.read(cx).decoded.is_some() {
            self.drop_decoded(cx);
            if let Some(d) = self.decoder.obj() {
                ops::call_method(cx, d, "reset", &[])?;
            }
        }
        Ok(())
    }
    fn read_text(&self, cx: &mut Cx, buffer: Obj, n: Option<usize>) -> Result<Gc<Str>> {
        self.flush_pending(cx, buffer)?;
        let mut out = StrBuf::new();
        match n {
            None => {
                if let Some((d, used)) = self.waiting(cx) {
                    out.push_view(d.view().slice(used..d.len()));
                }
                self.set_decoded(cx, None, 0);
                let native = self.state.read(cx).native;
                if native.is_none() && self.decoder.obj().is_none() {
                    self.make_decoder(cx, buffer)?;
                }
                let o = ops::call_method(cx, buffer, "read", &[])?;
                if o.is_none() {
                    return Err(cx.error(ExcKind::BlockingIOError, "Read returned None."));
                }
                let bytes = crate::buffer::copy(cx, o)?;
                let text = match native {
                    Some(e) => self.decode_native(cx, e, bytes, true)?,
                    None => self.decode_other(cx, bytes, true, None)?,
                };
                {
                    let mut s = self.state.write(cx, self);
                    s.chunk.clear();
                    s.snapshot = None;
                }
                if out.is_empty() {
                    return Ok(text);
                }
                out.push_view(text.view());
            }
            Some(n) => loop {
                if let Some((d, used)) = self.waiting(cx) {
                    let k = (n - out.len()).min(d.len() - used);
                    if out.is_empty() && k == n {
                        self.set_decoded(cx, Some(d), used + k);
                        return str::substring(cx, d, used, used + k);
                    }
                    out.push_view(d.view().slice(used..used + k));
                    self.set_decoded(cx, Some(d), used + k);
                }
                if out.len() >= n || !self.read_chunk(cx, buffer, n - out.len())? {
                    break;
                }
            },
        }
        str::from_view(cx, &out.as_view())
    }
    fn read_line(&self, cx: &mut Cx, buffer: Obj, limit: Option<usize>) -> Result<Gc<Str>> {
        if !self.state.read(cx).pending.is_empty() {
            self.flush_pending(cx, buffer)?;
        }
        let ends = self.state.read(cx).ends;
        let mut before: Option<StrBuf> = None;
        loop {
            if let Some((d, used)) = self.waiting(cx) {
                let rest = d.view().slice(used..d.len());
                let got = before.as_ref().map_or(0, |b| b.len());
                // A `\r\n` may be split between chunks.
                let split = ends == Ends::CrLf
                    && before.as_ref().is_some_and(|b| b.as_view().get(b.len() - 1) == Some(13))
                    && rest.get(0) == Some(10);
                let found = if split { Some(1) } else { newline::line_len(rest, ends) };
                let mut n = found.unwrap_or(rest.len());
                let mut done = found.is_some();
                if let Some(l) = limit
                    && got + n >= l
                {
                    n = l - got;
                    done = true;
                }
                self.set_decoded(cx, Some(d), used + n);
                if done && before.is_none() {
                    return str::substring(cx, d, used, used + n);
                }
                before.get_or_insert_with(StrBuf::new).push_view(rest.slice(0..n));
                if done {
                    break;
                }
            }
            if limit == Some(0) || !self.read_chunk(cx, buffer, 0)? {
                break;
            }
        }
        match before {
            Some(b) => str::from_view(cx, &b.as_view()),
            None => str::from_latin1(cx, b""),
        }
    }
    /// How many bytes of the chunk gave the first `used` code points.
    fn native_offset(&self, cx: &mut Cx, enc: Encoding, chunk: &[u8], used: usize) -> Result<usize> {
        let (errors, translate) = {
            let s = self.state.read(cx);
            (s.errors.clone(), s.translate)
        };
        let count = |cx: &mut Cx, n: usize| -> Result<usize> {
            let (t, _, _) = decode_known(cx, &chunk[..n], enc, &errors, false)?;
            let t = t.cast::<Str>().expect("text");
            let mut seen = 0;
            Ok(match if translate { newline::translate(t.view(), &mut seen) } else { None } {
                Some(b) => b.len(),
                None => t.len(),
            })
        };
        if enc != Encoding::Utf8 && !translate || chunk.is_ascii() && !chunk.contains(&b'\r') {
            return Ok(used.min(chunk.len()));
        }
        // The count grows with the offset: search for the least that fits.
        let (mut lo, mut hi) = (used.min(chunk.len()), chunk.len());
        while lo < hi {
            let mid = (lo + hi) / 2;
            if count(cx, mid)? < used { lo = mid + 1 } else { hi = mid }
        }
        // Not between the halves of a `\r\n`.
        if translate && lo > 0 && chunk[lo - 1] == b'\r' && chunk.get(lo) == Some(&b'\n') && used > 0 {
            lo += 1;
        }
        Ok(lo)
    }
    fn tell_it(&self, cx: &mut Cx, this: Obj) -> Result<Obj> {
        let buffer = self.check_open(cx)?;
        if !self.seekable.load(Ordering::Relaxed) {
            return Err(unsupported(cx, "underlying stream is not seekable"));
        }
        if !self.state.read(cx).telling {
            return Err(cx.error(ExcKind::OSError, "telling position disabled by next() call"));
        }
        self.flush_pending(cx, buffer)?;
        ops::call_method(cx, this, "flush", &[])?;
        let at = match native_buffer(buffer) {
            Some(b) => Buffered::position(b, cx)?,
            None => {
                let r = ops::call_method(cx, buffer, "tell", &[])?;
                i64::from_arg(cx, r)?
            }
        };
        let (native, chunk, rest, decoded, used, snapshot, held) = {
            let s = self.state.read(cx);
            (s.native, s.chunk.clone(), s.rest.len(), s.decoded, s.used, s.snapshot, s.chunk_held_cr)
        };
        if decoded.is_none() {
            return at.into_obj(cx);
        }
        let start = at - (chunk.len() + rest) as i64;
        if let Some(enc) = native {
            let n = self.native_offset(cx, enc, &chunk, used)?;
            return (start + n as i64).into_obj(cx);
        }
        let (Some((buf, flags)), Some(d)) = (snapshot, self.decoder.obj()) else { return at.into_obj(cx) };
        let held_len = buf.cast::<Bytes>().map_or(0, |b| b.as_slice().len());
        let start = at - (chunk.len() + held_len) as i64;
        let flags = flags << 1 | i64::from(held);
        if used == 0 {
            return cookie(cx, start, flags, 0, 0, false);
        }
        // Feed bytes again until the text that was used has come out, and
        // remember the last point where the decoder held nothing back.
        let saved = ops::call_method(cx, d, "getstate", &[])?;
        let s0 = tuple_obj(cx, &[buf, Obj::int_unchecked(flags >> 1)])?;
        ops::call_method(cx, d, "setstate", &[s0])?;
        let (mut safe, mut safe_flags, mut safe_chars) = (0usize, flags, 0usize);
        let (mut chars, mut fed, mut cr) = (0usize, 0usize, held);
        let translate = self.state.read(cx).translate;
        let mut result = None;
        for i in 0..chunk.len() {
            let b = bytes_obj(cx, &chunk[i..=i])?;
            let t = ops::call_method(cx, d, "decode", &[b, Obj::FALSE])?;
            fed = i + 1;
            if let Some(t) = t.cast::<Str>() {
                for c in t.chars() {
                    if translate && c == 10 && cr {
                        cr = false;
                        continue;
                    }
                    cr = translate && c == 13;
                    chars += 1;
                }
            }
            let st = decoder_state(cx, d)?;
            if st.0.cast::<Bytes>().is_some_and(|b| b.as_slice().is_empty()) && chars <= used && !cr {
                (safe, safe_flags, safe_chars) = (fed, st.1 << 1, chars);
            }
            if chars >= used {
                result = Some(());
                break;
            }
        }
        let eof = result.is_none();
        ops::call_method(cx, d, "setstate", &[saved])?;
        let skip = used - safe_chars;
        if skip == 0 {
            return cookie(cx, start + safe as i64, safe_flags, 0, 0, false);
        }
        cookie(cx, start + safe as i64, safe_flags, fed - safe, skip, eof)
    }
}

/// The number that `tell` gives for a decoder in the middle of things.
fn cookie(cx: &mut Cx, pos: i64, flags: i64, feed: usize, skip: usize, eof: bool) -> Result<Obj> {
    let limbs =
        [pos as u64, u64::from(flags as u32) | (feed as u64) << 32, u64::from(skip as u32) | u64::from(eof) << 32];
    int::from_limbs(cx, false, &limbs)
}

fn decoder_state(cx: &mut Cx, d: Obj) -> Result<(Obj, i64)> {
    let s = ops::call_method(cx, d, "getstate", &[])?;
    match s.cast::<Tuple>().map(|t| t.payload().items()) {
        Some(&[b, f]) if b.cast::<Bytes>().is_some() => Ok((b, i64::from_arg(cx, f)?)),
        _ => Err(cx.type_error("illegal decoder state")),
    }
}

/// A buffered object that needs no Python for its methods.
fn native_buffer(o: Obj) -> Option<Gc<Buffered>> {
    if ops::class_of(o).is_native() { buffered_of(o) } else { None }
}

fn newline_arg(cx: &mut Cx, o: Obj) -> Result<Option<&'static str>> {
    let Some(s) = o.cast::<Str>() else {
        if o.is_none() {
            return Ok(None);
        }
        return Err(
            cx.type_error(format!("TextIOWrapper() argument 'newline' must be str or None, not {}", cx.type_name(o)))
        );
    };
    match ["", "\n", "\r", "\r\n"].into_iter().find(|n| s.eq_str(n)) {
        Some(n) => Ok(Some(n)),
        None => Err(cx.value_error(format!("illegal newline value: {}", s.to_str()))),
    }
}

fn set_newline(s: &mut State, nl: Option<&'static str>) {
    s.newline = nl;
    s.translate = nl.is_none();
    s.ends = match nl {
        Some("") => Ends::Any,
        Some("\r") => Ends::Cr,
        Some("\r\n") => Ends::CrLf,
        _ => Ends::Lf,
    };
    s.write_nl = nl.filter(|n| !matches!(*n, "" | "\n"));
}

fn fresh() -> State {
    State {
        native: None,
        errors: "strict".into(),
        newline: None,
        ends: Ends::Lf,
        translate: true,
        write_nl: None,
        line_buffering: false,
        write_through: false,
        seen: 0,
        pending: Vec::new(),
        decoded: None,
        used: 0,
        chunk: Vec::new(),
        rest: Vec::new(),
        snapshot: None,
        held_cr: false,
        chunk_held_cr: false,
        telling: true,
        at_start: true,
    }
}

/// Flush what this wrapper has pending, for the end of the process.
pub fn flush(this: Gc<TextIOWrapper>, cx: &mut Cx) -> Result<()> {
    ops::call_method(cx, this.obj(), "flush", &[]).map(|_| ())
}

/// Character and line based layer over a BufferedIOBase object, buffer.
///
/// encoding gives the name of the encoding that the stream will be
/// decoded or encoded with. It defaults to locale.getencoding().
///
/// errors determines the strictness of encoding and decoding (see
/// help(codecs.Codec) or the documentation for codecs.register) and
/// defaults to "strict".
///
/// newline controls how line endings are handled. It can be None, '',
/// '\n', '\r', and '\r\n'.  It works as follows:
///
/// * On input, if newline is None, universal newlines mode is
///   enabled. Lines in the input can end in '\n', '\r', or '\r\n', and
///   these are translated into '\n' before being returned to the
///   caller. If it is '', universal newline mode is enabled, but line
///   endings are returned to the caller untranslated. If it has any of
///   the other legal values, input lines are only terminated by the given
///   string, and the line ending is returned to the caller untranslated.
///
/// * On output, if newline is None, any '\n' characters written are
///   translated to the system default line separator, os.linesep. If
///   newline is '' or '\n', no translation takes place. If newline is any
///   of the other legal values, any '\n' characters written are translated
///   to the given string.
///
/// If line_buffering is True, a call to flush is implied when a call to
/// write contains a newline character.
#[class(module = "_io", name = "TextIOWrapper", base = TextIOBase, subclassable, dict, weakref)]
impl TextIOWrapper {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<TextIOWrapper> {
        let _ = (cx, cls, args);
        Ok(TextIOWrapper {
            buffer: Slot::empty(),
            encoding: Slot::empty(),
            errors: Slot::empty(),
            encoder: Slot::empty(),
            decoder: Slot::empty(),
            state: Guarded::new(fresh()),
            lock: IoLock::new(),
            chunk_size: AtomicUsize::new(CHUNK),
            ready: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            seekable: AtomicBool::new(false),
            finalizing: AtomicBool::new(false),
        })
    }
    #[sig(buffer, encoding = None, errors = None, newline = None, line_buffering = False, write_through = False)]
    fn __init__(
        this: Gc<Self>,
        cx: &mut Cx,
        buffer: Obj,
        encoding: Option<Gc<Str>>,
        errors: Option<Gc<Str>>,
        newline: Obj,
        line_buffering: bool,
        write_through: bool,
    ) -> Result<()> {
        let p = this.payload();
        p.ready.store(false, Ordering::Relaxed);
        let nl = newline_arg(cx, newline)?;
        let errors = match errors {
            Some(e) => e,
            None => str::new(cx, "strict")?,
        };
        let encoding = match encoding {
            Some(e) if e.eq_str("locale") => str::new(cx, &super::locale_encoding())?,
            Some(e) => e,
            None => str::new(cx, &super::locale_encoding())?,
        };
        let name = encoding.to_str().into_owned();
        if name.contains('\0') {
            return Err(cx.value_error("embedded null character"));
        }
        let native =
            Encoding::from_name(&name).filter(|e| matches!(e, Encoding::Utf8 | Encoding::Ascii | Encoding::Latin1));
        if native.is_none() {
            let info = registry::lookup(cx, &name)?;
            if let Some(f) = attr_opt(cx, info, "_is_text_encoding")?
                && !ops::truth(cx, f)?
            {
                return Err(cx.error(
                    ExcKind::LookupError,
                    format!("'{name}' is not a text encoding; use codecs.open() to handle arbitrary codecs"),
                ));
            }
        }
        {
            let mut s = p.state.write(cx, p);
            *s = fresh();
            s.native = native;
            s.errors = errors.to_str().into_owned();
            s.line_buffering = line_buffering;
            s.write_through = write_through;
            set_newline(&mut s, nl);
        }
        p.encoding.set(cx, this, encoding);
        p.errors.set(cx, this, errors);
        p.encoder.clear();
        p.decoder.clear();
        p.buffer.set(cx, this, buffer);
        p.detached.store(false, Ordering::Relaxed);
        let seekable = ops::call_method(cx, buffer, "seekable", &[])?;
        let seekable = ops::truth(cx, seekable)?;
        p.seekable.store(seekable, Ordering::Relaxed);
        p.state.write(cx, p).telling = seekable;
        p.ready.store(true, Ordering::Relaxed);
        Ok(())
    }
    /// Reconfigure the text stream with new parameters.
    #[sig(*, encoding = None, errors = None, newline = <missing>, line_buffering = None, write_through = None)]
    fn reconfigure(
        this: Gc<Self>,
        cx: &mut Cx,
        encoding: Option<Gc<Str>>,
        errors: Option<Gc<Str>>,
        newline: Missing<Obj>,
        line_buffering: Option<bool>,
        write_through: Option<bool>,
    ) -> Result<()> {
        let p = this.payload();
        p.binary(cx)?;
        let changes = encoding.is_some() || errors.is_some() || newline.given().is_some();
        if p.state.read(cx).decoded.is_some() && changes {
            return Err(unsupported(
                cx,
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        let nl = match newline.given() {
            Some(n) => Some(newline_arg(cx, n)?),
            None => None,
        };
        ops::call_method(cx, this.obj(), "flush", &[])?;
        if encoding.is_some() || errors.is_some() {
            let enc = match encoding {
                Some(e) if e.eq_str("locale") => str::new(cx, &super::locale_encoding())?,
                Some(e) => e,
                None => p.encoding.get().expect("set"),
            };
            let err = match (errors, encoding) {
                (Some(e), _) => e,
                (None, Some(_)) => str::new(cx, "strict")?,
                (None, None) => p.errors.get().expect("set"),
            };
            let name = enc.to_str().into_owned();
            let native =
                Encoding::from_name(&name).filter(|e| matches!(e, Encoding::Utf8 | Encoding::Ascii | Encoding::Latin1));
            if native.is_none() {
                registry::lookup(cx, &name)?;
            }
            p.encoding.set(cx, this, enc);
            p.errors.set(cx, this, err);
            p.encoder.clear();
            p.decoder.clear();
            let mut s = p.state.write(cx, p);
            s.native = native;
            s.errors = err.to_str().into_owned();
        }
        let mut s = p.state.write(cx, p);
        if let Some(nl) = nl {
            set_newline(&mut s, nl);
        }
        if let Some(b) = line_buffering {
            s.line_buffering = b;
        }
        if let Some(b) = write_through {
            s.write_through = b;
        }
        Ok(())
    }
    fn detach(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, this.obj(), "flush", &[])?;
        this.buffer.clear();
        this.detached.store(true, Ordering::Relaxed);
        this.ready.store(false, Ordering::Relaxed);
        Ok(b)
    }
    fn write(this: Gc<Self>, cx: &mut Cx, text: Obj) -> Result<usize> {
        let Some(s) = text.cast::<Str>() else {
            return Err(cx.type_error(format!("write() argument must be str, not {}", cx.type_name(text))));
        };
        let p = this.payload();
        let b = p.check_open(cx)?;
        let _g = p.lock.enter_again(cx)?;
        p.write_text(cx, b, s)?;
        Ok(s.len())
    }
    #[sig(size = -1, /)]
    fn read(this: Gc<Self>, cx: &mut Cx, size: Missing<Obj>) -> Result<Gc<Str>> {
        let n = size_arg(cx, size)?;
        let p = this.payload();
        let b = p.check_open(cx)?;
        let _g = p.lock.enter_again(cx)?;
        p.read_text(cx, b, n)
    }
    #[sig(size = -1, /)]
    fn readline(this: Gc<Self>, cx: &mut Cx, size: isize) -> Result<Gc<Str>> {
        let p = this.payload();
        let b = p.check_open(cx)?;
        let _g = p.lock.enter_again(cx)?;
        p.read_line(cx, b, usize::try_from(size).ok())
    }
    fn __next__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let p = this.payload();
        let line = if ops::class_of(this.obj()).is_native() {
            let b = p.check_open(cx)?;
            let _g = p.lock.enter_again(cx)?;
            p.state.write(cx, p).telling = false;
            p.read_line(cx, b, None)?.obj()
        } else {
            p.check_open(cx)?;
            p.state.write(cx, p).telling = false;
            ops::call_method(cx, this.obj(), "readline", &[])?
        };
        if ops::truth(cx, line)? {
            return Ok(line);
        }
        let seekable = p.seekable.load(Ordering::Relaxed);
        let mut s = p.state.write(cx, p);
        s.telling = seekable;
        s.snapshot = None;
        drop(s);
        Err(exc::stop_iteration(cx, Obj::NONE))
    }
    fn flush(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let p = this.payload();
        let b = p.check_open(cx)?;
        let seekable = p.seekable.load(Ordering::Relaxed);
        let _g = p.lock.enter_again(cx)?;
        p.state.write(cx, p).telling = seekable;
        p.flush_pending(cx, b)?;
        match native_buffer(b) {
            Some(n) => {
                // A reader has nothing to flush and must keep its data.
                if b.cast::<super::buffered::BufferedReader>().is_none() {
                    Buffered::flush(n, cx)?;
                }
                Ok(())
            }
            None => ops::call_method(cx, b, "flush", &[]).map(|_| ()),
        }
    }
    fn close(this: Gc<Self>, cx: &mut Cx) -> Result<()> {
        let p = this.payload();
        let b = p.binary(cx)?;
        let c = attr(cx, b, "closed")?;
        if ops::truth(cx, c)? {
            return Ok(());
        }
        let first = ops::call_method(cx, this.obj(), "flush", &[]);
        let second = ops::call_method(cx, b, "close", &[]);
        match (first, second) {
            (Err(a), Err(e)) => {
                if a != e {
                    e.0.context.set(cx, e.0, a.0);
                }
                Err(e)
            }
            (a, e) => a.and(e).map(|_| ()),
        }
    }
    fn fileno(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, b, "fileno", &[])
    }
    fn seekable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, b, "seekable", &[])
    }
    fn readable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, b, "readable", &[])
    }
    fn writable(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, b, "writable", &[])
    }
    fn isatty(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, b, "isatty", &[])
    }
    #[sig(pos = None, /)]
    fn truncate(this: Gc<Self>, cx: &mut Cx, pos: Obj) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        ops::call_method(cx, this.obj(), "flush", &[])?;
        ops::call_method(cx, b, "truncate", &[pos])
    }
    fn tell(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let p = this.payload();
        let _g = p.lock.enter_again(cx)?;
        p.tell_it(cx, this.obj())
    }
    #[sig(cookie, whence = 0, /)]
    fn seek(this: Gc<Self>, cx: &mut Cx, cookie: Obj, whence: i32) -> Result<Obj> {
        let p = this.payload();
        let buffer = p.check_open(cx)?;
        if !p.seekable.load(Ordering::Relaxed) {
            return Err(unsupported(cx, "underlying stream is not seekable"));
        }
        let _g = p.lock.enter_again(cx)?;
        let zero = cookie.as_small_int() == Some(0);
        let mut target = cookie;
        match whence {
            1 if !zero => return Err(unsupported(cx, "can't do nonzero cur-relative seeks")),
            1 => target = p.tell_it(cx, this.obj())?,
            2 if !zero => return Err(unsupported(cx, "can't do nonzero end-relative seeks")),
            2 => {
                ops::call_method(cx, this.obj(), "flush", &[])?;
                p.drop_decoded(cx);
                p.state.write(cx, p).held_cr = false;
                if let Some(d) = p.decoder.obj() {
                    ops::call_method(cx, d, "reset", &[])?;
                }
                let r = ops::call_method(cx, buffer, "seek", &[Obj::int_unchecked(0), Obj::int_unchecked(2)])?;
                if let Some(e) = p.encoder.obj() {
                    let st = i64::from(r.as_small_int() != Some(0));
                    let (m, a): (&str, &[Obj]) =
                        if st == 0 { ("reset", &[]) } else { ("setstate", &[Obj::int_unchecked(0)]) };
                    ops::call_method(cx, e, m, a)?;
                }
                return Ok(r);
            }
            0 => {}
            n => return Err(cx.value_error(format!("invalid whence ({n}, should be 0, 1 or 2)"))),
        }
        let target = ops::index(cx, target)?;
        let mut room = [0];
        let (negative, limbs) = int::parts(target, &mut room).expect("an int");
        if negative {
            let r = ops::repr(cx, target)?.to_str().into_owned();
            return Err(cx.value_error(format!("negative seek position {r}")));
        }
        let limb = |i: usize| limbs.get(i).copied().unwrap_or(0);
        let (pos, flags, feed) = (limb(0), limb(1) as u32, (limb(1) >> 32) as usize);
        let (skip, eof) = (limb(2) as u32 as usize, limb(2) >> 32 != 0);
        ops::call_method(cx, this.obj(), "flush", &[])?;
        let at = pos.into_obj(cx)?;
        ops::call_method(cx, buffer, "seek", &[at])?;
        p.drop_decoded(cx);
        let held = flags & 1 != 0;
        p.state.write(cx, p).held_cr = held;
        if p.state.read(cx).native.is_none() {
            if (flags != 0 || feed != 0) && p.decoder.obj().is_none() {
                p.make_decoder(cx, buffer)?;
            }
            if let Some(d) = p.decoder.obj() {
                if pos == 0 && flags == 0 {
                    ops::call_method(cx, d, "reset", &[])?;
                } else {
                    let empty = bytes_obj(cx, b"")?;
                    let s = tuple_obj(cx, &[empty, Obj::int_unchecked(i64::from(flags >> 1))])?;
                    ops::call_method(cx, d, "setstate", &[s])?;
                }
            }
            if let Some(e) = p.encoder.obj() {
                let (m, a): (&str, &[Obj]) =
                    if pos == 0 && flags == 0 { ("reset", &[]) } else { ("setstate", &[Obj::int_unchecked(0)]) };
                ops::call_method(cx, e, m, a)?;
            }
            p.state.write(cx, p).at_start = pos == 0;
            if skip > 0 {
                let o = ops::call_method(cx, buffer, "read", &[Obj::int_unchecked(feed as i64)])?;
                let bytes = crate::buffer::copy(cx, o)?;
                let d = p.decoder.obj();
                let snapshot = match d {
                    Some(d) => Some(decoder_state(cx, d)?),
                    None => None,
                };
                let text = p.decode_other(cx, bytes, eof, snapshot)?;
                if text.len() < skip {
                    return Err(cx.error(ExcKind::OSError, "can't restore logical file position"));
                }
                p.set_decoded(cx, Some(text), skip);
            }
        }
        Ok(cookie)
    }
    #[getter]
    fn buffer(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        this.payload().binary(cx)
    }
    #[getter]
    fn encoding(this: Gc<Self>) -> Obj {
        this.encoding.get().map_or(Obj::NONE, |e| e.obj())
    }
    #[getter]
    fn errors(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        this.payload().binary(cx)?;
        Ok(this.errors.get().map_or(Obj::NONE, |e| e.obj()))
    }
    #[getter]
    fn name(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        attr(cx, b, "name")
    }
    #[getter]
    fn closed(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let b = this.payload().binary(cx)?;
        attr(cx, b, "closed")
    }
    #[getter]
    fn newlines(this: Gc<Self>, cx: &Cx) -> Result<Obj> {
        this.payload().binary(cx)?;
        let (seen, universal) = {
            let s = this.payload().state.read(cx);
            (s.seen, s.translate || s.ends == Ends::Any)
        };
        if universal { newline::newlines(cx, seen) } else { Ok(Obj::NONE) }
    }
    #[getter]
    fn line_buffering(this: Gc<Self>, cx: &Cx) -> bool {
        this.payload().state.read(cx).line_buffering
    }
    #[getter]
    fn write_through(this: Gc<Self>, cx: &Cx) -> bool {
        this.payload().state.read(cx).write_through
    }
    #[getter]
    #[name("_CHUNK_SIZE")]
    fn chunk_size(this: Gc<Self>) -> usize {
        this.chunk_size.load(Ordering::Relaxed)
    }
    #[setter]
    #[name("_CHUNK_SIZE")]
    fn set_chunk_size(this: Gc<Self>, cx: &mut Cx, v: isize) -> Result<()> {
        if v <= 0 {
            return Err(cx.value_error("a strictly positive integer is required"));
        }
        this.chunk_size.store(v as usize, Ordering::Relaxed);
        Ok(())
    }
    #[getter]
    #[name("_finalizing")]
    fn finalizing(this: Gc<Self>) -> bool {
        this.finalizing.load(Ordering::Relaxed)
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let mut out = format!("<{}", ops::full_name(cx, ops::class_of(this.obj())));
        if let Some(n) = name_for_repr(cx, this.obj())? {
            out.push_str(&format!(" name={n}"));
        }
        if let Ok(Some(m)) = attr_opt(cx, this.obj(), "mode") {
            out.push_str(&format!(" mode={}", ops::repr(cx, m)?.to_str()));
        }
        let enc = this.encoding.get().map_or(String::new(), |e| e.to_str().into_owned());
        out.push_str(&format!(" encoding='{enc}'>"));
        Ok(out)
    }
    fn __getstate__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Err(cx.type_error(format!("cannot pickle '{}' instances", cx.type_name(this.obj()))))
    }
}
