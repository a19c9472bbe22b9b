//! Widths of `str`: center, ljust, rjust, zfill, expandtabs.
//!
//! Tests: tests/lang/str.md; CPython test_str (string_tests).

use crate::any;
use typhon_macros::class;
use typhon_object::native::Missing;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, ops};
use typhon_text::strview::{self, StrBuf};

struct StrPad;

fn fill(cx: &Cx, fillchar: Missing<Obj>) -> Result<u32> {
    let Missing::Given(o) = fillchar else { return Ok(u32::from(b' ')) };
    let Some(s) = o.cast::<Str>() else {
        let n = cx.type_name(o);
        return Err(cx.type_error(format!("The fill character must be a unicode character, not {n}")));
    };
    if s.len() != 1 {
        return Err(cx.type_error("The fill character must be exactly one character long"));
    }
    Ok(s.at(0))
}

/// `s` with `left` and `right` fills around it.
fn pad(cx: &Cx, s: Gc<Str>, left: usize, right: usize, fill: u32) -> Result<Obj> {
    if left == 0 && right == 0 {
        return super::exact(cx, s);
    }
    if left.saturating_add(right).saturating_add(s.len()) > isize::MAX as usize / 8 {
        return Err(cx.error(ExcKind::OverflowError, "padded string is too long"));
    }
    cx.check_room(left + s.len() + right)?;
    let mut out = StrBuf::with_capacity(left + s.len() + right);
    out.push_repeated(fill, left);
    out.push_view(s.view());
    out.push_repeated(fill, right);
    Ok(super::from_buf(cx, out)?.obj())
}

#[class(name = "str", extends = Str)]
impl StrPad {
    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character (default is
    /// a space).
    #[sig(width, fillchar = <missing>, /)]
    fn center(this: Gc<Str>, cx: &mut Cx, width: Obj, fillchar: Missing<Obj>) -> Result<Obj> {
        let width = any::size_arg(cx, width)?;
        let fill = fill(cx, fillchar)?;
        let p = strview::center_padding(this.len(), width.max(0) as usize);
        pad(cx, this, p.left, p.right, fill)
    }

    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is
    /// a space).
    #[sig(width, fillchar = <missing>, /)]
    fn ljust(this: Gc<Str>, cx: &mut Cx, width: Obj, fillchar: Missing<Obj>) -> Result<Obj> {
        let width = any::size_arg(cx, width)?;
        let fill = fill(cx, fillchar)?;
        let missing = (width.max(0) as usize).saturating_sub(this.len());
        pad(cx, this, 0, missing, fill)
    }

    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is
    /// a space).
    #[sig(width, fillchar = <missing>, /)]
    fn rjust(this: Gc<Str>, cx: &mut Cx, width: Obj, fillchar: Missing<Obj>) -> Result<Obj> {
        let width = any::size_arg(cx, width)?;
        let fill = fill(cx, fillchar)?;
        let missing = (width.max(0) as usize).saturating_sub(this.len());
        pad(cx, this, missing, 0, fill)
    }

    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The string is never truncated.
    #[sig(width, /)]
    fn zfill(this: Gc<Str>, cx: &mut Cx, width: Obj) -> Result<Obj> {
        let width = any::size_arg(cx, width)?.max(0) as usize;
        if width <= this.len() {
            return super::exact(cx, this);
        }
        if width > isize::MAX as usize / 8 {
            return Err(cx.memory_error());
        }
        cx.check_room(width)?;
        Ok(super::from_buf(cx, strview::zfill(this.view(), width))?.obj())
    }

    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[sig(tabsize = 8)]
    fn expandtabs(this: Gc<Str>, cx: &mut Cx, tabsize: Obj) -> Result<Obj> {
        let size = ops::index_i64(cx, tabsize, "Python int too large to convert to C int")?;
        let Ok(size) = i32::try_from(size) else {
            let text = if size < 0 {
                "signed integer is less than minimum"
            } else {
                "Python int too large to convert to C int"
            };
            return Err(cx.error(ExcKind::OverflowError, text));
        };
        let size = size.max(0) as usize;
        let tabs = this.chars().filter(|c| *c == 9).count();
        if tabs.checked_mul(size).is_none_or(|n| n > isize::MAX as usize / 8) {
            return Err(cx.error(ExcKind::OverflowError, "new string is too long"));
        }
        Ok(super::from_buf(cx, strview::expand_tabs(this.view(), size))?.obj())
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrPad::MEMBERS)
}
