//! The % operator of `str`.
//!
//! Tests: tests/lang/text_errors.md; CPython test_format, test_str.

use crate::percent_args::{self, Arguments};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Gc, Obj, Raised, Result, ops};
use typhon_text::format_spec::simple;
use typhon_text::percent::{CHARACTER_RANGE, Conversion, Flags, PercentError, Piece, Pieces};
use typhon_text::strview::{StrBuf, StrView};

fn raise(cx: &Cx, e: PercentError) -> Raised {
    cx.value_error(e.0)
}

/// `text`, cut to the precision and padded to the width.
fn push_text(out: &mut StrBuf, c: &Conversion, text: StrView<'_>, width: usize, precision: Option<usize>) {
    let text = text.slice(0..precision.map_or(text.len(), |p| p.min(text.len())));
    let missing = width.saturating_sub(text.len());
    if !c.flags.left {
        out.push_repeated(u32::from(b' '), missing);
    }
    out.push_view(text);
    if c.flags.left {
        out.push_repeated(u32::from(b' '), missing);
    }
}

fn character(cx: &mut Cx, v: Obj) -> Result<u32> {
    if let Some(s) = v.cast::<Str>() {
        return match s.len() {
            1 => Ok(s.at(0)),
            n => Err(cx.type_error(format!("%c requires an int or a unicode character, not a string of length {n}"))),
        };
    }
    match percent_args::code_point(cx, v, 0x11_0000, CHARACTER_RANGE)? {
        Some(c) => Ok(c),
        None => {
            let n = ops::full_name(cx, ops::class_of(v));
            Err(cx.type_error(format!("%c requires an int or a unicode character, not {n}")))
        }
    }
}

/// `format % args`.
pub fn format(cx: &mut Cx, format: Gc<Str>, args: Obj) -> Result<Obj> {
    let text: StrView<'static> = format.payload().view();
    let mut args = Arguments::new(args);
    let mut out = StrBuf::with_capacity(text.len() + 16);
    for piece in Pieces::new(text) {
        let mut c = match piece.map_err(|e| raise(cx, e))? {
            Piece::Literal(r) => {
                out.push_view(text.slice(r));
                continue;
            }
            Piece::Conversion(c) => c,
        };
        if let Some(key) = &c.key {
            let key = str::from_view(cx, &text.slice(key.clone()))?;
            args.look_up(cx, key.obj())?;
        }
        let (width, precision) = args.amounts(cx, &mut c)?;
        let v = args.next(cx)?;
        match char::from_u32(c.kind) {
            Some('s') => {
                let s = ops::to_str(cx, v)?;
                push_text(&mut out, &c, s.view(), width, precision);
            }
            Some('r') => {
                let s = ops::repr(cx, v)?;
                push_text(&mut out, &c, s.view(), width, precision);
            }
            Some('a') => {
                let s = ops::ascii(cx, v)?;
                push_text(&mut out, &c, s.view(), width, precision);
            }
            // `str(v)`, which is made without an object for it.
            Some('d' | 'i') if v.is_small_int() && c.flags == Flags::default() && width == 0 && precision.is_none() => {
                let mut room = [0; simple::ROOM];
                let n = v.as_small_int().and_then(|i| simple::int(b"", i, &mut room)).unwrap_or(0);
                out.push_view(StrView::Latin1(&room[..n]));
            }
            Some('c') => {
                let ch = character(cx, v)?;
                push_text(&mut out, &c, StrView::Ucs4(&[ch]), width, None);
            }
            _ => match percent_args::number_text(cx, &c, width, precision, v, false)? {
                Some(s) => out.push_str(&s),
                None => return Err(cx.value_error(c.unsupported())),
            },
        }
    }
    args.finish(cx, "string")?;
    Ok(super::from_buf(cx, out)?.obj())
}
