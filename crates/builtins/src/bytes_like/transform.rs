//! New bytes from old: case, padding, replace, translate, join.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use super::Maker;
use crate::buffer::{self, BufferView};
use crate::seq;
use typhon_object::bytes::{self, Bytes};
use typhon_object::list::List;
use typhon_object::native::FromArg;
use typhon_object::{Cx, ExcKind, Obj, Result};
use typhon_text::strview::{self, StrView};

/// `title`.
pub fn title(data: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let step = |b: &u8| {
        let r = if inside { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() };
        inside = b.is_ascii_alphabetic();
        r
    };
    data.iter().map(step).collect()
}

/// `capitalize`.
pub fn capitalize(data: &[u8]) -> Vec<u8> {
    let mut v = data.to_ascii_lowercase();
    if let Some(b) = v.first_mut() {
        b.make_ascii_uppercase();
    }
    v
}

/// `swapcase`.
pub fn swapcase(data: &[u8]) -> Vec<u8> {
    data.iter().map(|b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { *b }).collect()
}

/// `istitle`.
pub fn is_title(data: &[u8]) -> bool {
    let (mut inside, mut seen) = (false, false);
    for b in data {
        match b {
            b'A'..=b'Z' if inside => return false,
            b'a'..=b'z' if !inside => return false,
            b if b.is_ascii_alphabetic() => (inside, seen) = (true, true),
            _ => inside = false,
        }
    }
    seen
}

/// `islower` and `isupper`: no letter of the other case, and one of this.
pub fn is_case(data: &[u8], lower: bool) -> bool {
    let lowers = data.iter().any(u8::is_ascii_lowercase);
    let uppers = data.iter().any(u8::is_ascii_uppercase);
    if lower { lowers && !uppers } else { uppers && !lowers }
}

/// The `is...` methods that ask something of every byte.
pub fn all(data: &[u8], test: impl Fn(u8) -> bool) -> bool {
    !data.is_empty() && data.iter().all(|b| test(*b))
}

/// The fill byte of `center`, `ljust` and `rjust`.
pub fn fill_byte(cx: &Cx, method: &str, fill: Option<Obj>) -> Result<u8> {
    let Some(o) = fill else { return Ok(b' ') };
    let (data, kind) = if let Some(b) = o.cast::<Bytes>() {
        (b.payload().as_slice(), "bytes")
    } else if let Some(b) = o.cast::<crate::bytearray::Bytearray>() {
        (b.payload().as_slice(), "bytearray")
    } else {
        return Err(cx.type_error(format!(
            "{method}() argument 2 must be a byte string of length 1, not {}",
            crate::any::arg_type(cx, o)
        )));
    };
    match data {
        [b] => Ok(*b),
        _ => Err(cx.type_error(format!(
            "{method}(): argument 2 must be a byte string of length 1, not a {kind} object of length {}",
            data.len()
        ))),
    }
}

/// `left` and `right` fills around the data.
pub fn pad(data: &[u8], left: usize, right: usize, fill: u8) -> Vec<u8> {
    let mut v = Vec::with_capacity(left + data.len() + right);
    v.resize(left, fill);
    v.extend_from_slice(data);
    v.resize(left + data.len() + right, fill);
    v
}

/// How many bytes are missing to `width`.
pub fn missing(cx: &Cx, data: &[u8], width: isize) -> Result<usize> {
    let n = usize::try_from(width).unwrap_or(0).saturating_sub(data.len());
    if n > isize::MAX as usize / 4 {
        return Err(cx.memory_error());
    }
    cx.check_room(n)?;
    Ok(n)
}

/// `center`: where the odd fill goes depends on both lengths, as for str.
pub fn center(cx: &Cx, data: &[u8], width: isize, fill: u8) -> Result<Vec<u8>> {
    let n = missing(cx, data, width)?;
    let left = n / 2 + (n & width as usize & 1);
    Ok(pad(data, left, n - left, fill))
}

/// `zfill`.
pub fn zfill(cx: &Cx, data: &[u8], width: isize) -> Result<Vec<u8>> {
    let n = missing(cx, data, width)?;
    let mut v = pad(data, n, 0, b'0');
    if n > 0
        && let Some(b'+' | b'-') = data.first()
    {
        v[0] = data[0];
        v[n] = b'0';
    }
    Ok(v)
}

/// `expandtabs`.
pub fn expandtabs(cx: &Cx, data: &[u8], tabsize: i32) -> Result<Vec<u8>> {
    let tab = usize::try_from(tabsize).unwrap_or(0);
    let mut out = Vec::with_capacity(data.len());
    let mut column = 0;
    for b in data {
        match b {
            b'\t' if tab > 0 => {
                let n = tab - column % tab;
                if out.len() + n > isize::MAX as usize / 4 {
                    return Err(cx.error(ExcKind::OverflowError, "result too long"));
                }
                out.resize(out.len() + n, b' ');
                column += n;
            }
            b'\t' => {}
            b'\n' | b'\r' => {
                out.push(*b);
                column = 0;
            }
            _ => {
                out.push(*b);
                column += 1;
            }
        }
    }
    Ok(out)
}

/// `replace`; `None` when nothing is replaced.
pub fn replace(cx: &Cx, data: &[u8], old: &[u8], new: &[u8], count: isize) -> Result<Option<Vec<u8>>> {
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let at = strview::find_all(StrView::Latin1(data), StrView::Latin1(old), limit);
    if at.is_empty() {
        return Ok(None);
    }
    let grown = new.len().checked_mul(at.len()).filter(|n| *n < isize::MAX as usize / 4);
    let Some(grown) = grown else {
        return Err(cx.error(ExcKind::OverflowError, "replace bytes is too long"));
    };
    let mut out = Vec::with_capacity(data.len() + grown - at.len() * old.len());
    let mut from = 0;
    for i in at {
        out.extend_from_slice(&data[from..i]);
        out.extend_from_slice(new);
        from = i + old.len();
    }
    out.extend_from_slice(&data[from..]);
    Ok(Some(out))
}

/// `translate`.
pub fn translate(cx: &mut Cx, data: &[u8], table: Option<&BufferView>, delete: Option<Obj>) -> Result<Vec<u8>> {
    let table = match table.map(|t| <&[u8; 256]>::try_from(t.as_slice())) {
        None => None,
        Some(Ok(t)) => Some(t),
        Some(Err(_)) => return Err(cx.value_error("translation table must be 256 characters long")),
    };
    // Looked at after the table, whose error comes first.
    let delete = delete.map(|d| BufferView::from_arg(cx, d)).transpose()?;
    let delete = delete.as_ref().map_or(&[][..], |d| d.as_slice());
    let map = |b: u8| table.map_or(b, |t| t[b as usize]);
    if delete.is_empty() {
        return Ok(data.iter().map(|b| map(*b)).collect());
    }
    let mut gone = [false; 256];
    delete.iter().for_each(|b| gone[*b as usize] = true);
    Ok(data.iter().filter(|b| !gone[**b as usize]).map(|b| map(*b)).collect())
}

/// `maketrans`.
pub fn maketrans(cx: &Cx, frm: &BufferView, to: &BufferView) -> Result<Obj> {
    if frm.len() != to.len() {
        return Err(cx.value_error("maketrans arguments must have same length"));
    }
    let mut table: [u8; 256] = std::array::from_fn(|i| i as u8);
    for (f, t) in frm.as_slice().iter().zip(to.as_slice()) {
        table[*f as usize] = *t;
    }
    Ok(bytes::new(cx, &table)?.obj())
}

/// `join`.
pub fn join(cx: &mut Cx, sep: &[u8], iterable: Obj, make: Maker) -> Result<Obj> {
    let (_keep, items) = seq::fast_items(cx, iterable, "can only join an iterable")?;
    let known = |o: &Obj| o.cast::<Bytes>().map_or(0, |b| b.as_slice().len());
    let room = items.iter().map(|o| known(o) + sep.len()).sum();
    let mut out = Vec::with_capacity(room);
    for (i, o) in items.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(sep);
        }
        if let Some(b) = o.cast::<Bytes>() {
            out.extend_from_slice(b.as_slice());
            continue;
        }
        match buffer::try_get(cx, *o)? {
            Some(v) => {
                if iterable.cast::<List>().is_some_and(|l| l.len() != items.len()) {
                    return Err(cx.error(ExcKind::RuntimeError, "sequence changed size during iteration"));
                }
                out.extend_from_slice(v.as_slice());
            }
            None => {
                return Err(cx.type_error(format!(
                    "sequence item {i}: expected a bytes-like object, {} found",
                    cx.type_name(*o)
                )));
            }
        }
    }
    make(cx, &out)
}

/// `data * n` as one buffer length, or MemoryError.
pub fn repeated_len(cx: &Cx, len: usize, n: usize) -> Result<usize> {
    let total = len.checked_mul(n).filter(|t| *t < isize::MAX as usize / 4).ok_or_else(|| cx.memory_error())?;
    cx.check_room(total)?;
    Ok(total)
}

/// Fill `out` with repetitions of `unit`, by doubling.
pub fn repeat_into(out: &mut [u8], unit: &[u8]) {
    match unit {
        [] => {}
        [b] => out.fill(*b),
        _ => {
            let first = unit.len().min(out.len());
            out[..first].copy_from_slice(&unit[..first]);
            let mut done = first;
            while done < out.len() {
                let n = done.min(out.len() - done);
                out.copy_within(..n, done);
                done += n;
            }
        }
    }
}
