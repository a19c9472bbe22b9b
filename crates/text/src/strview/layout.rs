//! Padding: expandtabs, center, zfill, and the size of a join.

use super::{StrBuf, StrView};

/// `text.expandtabs(tab_size)`
pub fn expand_tabs(text: StrView<'_>, tab_size: usize) -> StrBuf {
    let mut out = StrBuf::with_capacity(text.len());
    let mut column = 0;
    for code_point in text.iter() {
        match code_point {
            0x09 => {
                let blanks = if tab_size == 0 { 0 } else { tab_size - column % tab_size };
                out.push_repeated(u32::from(b' '), blanks);
                column += blanks;
                continue;
            }
            0x0a | 0x0d => column = 0,
            _ => column += 1,
        }
        out.push(code_point);
    }
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    pub left: usize,
    pub right: usize,
}

/// `str.center`: the odd blank goes left when the width is odd.
pub fn center_padding(len: usize, width: usize) -> Padding {
    let missing = width.saturating_sub(len);
    let left = missing / 2 + (missing & width & 1);
    Padding { left, right: missing - left }
}

/// `text.zfill(width)`
pub fn zfill(text: StrView<'_>, width: usize) -> StrBuf {
    let mut out = StrBuf::with_capacity(text.len().max(width));
    let sign = match text.get(0) {
        Some(0x2b | 0x2d) => 1,
        _ => 0,
    };
    out.push_view(text.slice(0..sign));
    out.push_repeated(u32::from(b'0'), width.saturating_sub(text.len()));
    out.push_view(text.slice(sign..text.len()));
    out
}

/// Code points of `separator.join(lens)`; `None` when it is too long.
pub fn join_len(separator: usize, lens: impl Iterator<Item = usize>) -> Option<usize> {
    let mut total = 0usize;
    for (index, len) in lens.enumerate() {
        let gap = if index == 0 { 0 } else { separator };
        total = total.checked_add(gap)?.checked_add(len)?;
    }
    isize::try_from(total).is_ok().then_some(total)
}
