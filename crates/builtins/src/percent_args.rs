//! The arguments of the % operator, and the conversions that str and bytes
//! share.
//!
//! Tests: tests/lang/text_errors.md; CPython test_format.

use crate::any;
use crate::int_new;
use typhon_object::bytes::Bytes;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, bigint, float, int, ops, types};
use typhon_text::percent::{self, Amount, Conversion, NEEDS_MAPPING, NOT_ENOUGH, STAR_WANTS_INT};

/// What is left of the right operand.
pub struct Arguments {
    tuple: Option<Gc<Tuple>>,
    at: usize,
    single: Option<Obj>,
    /// The operand if it can serve `%(key)s`.
    mapping: Option<Obj>,
}

impl Arguments {
    /// Look at the right operand.
    pub fn new(args: Obj) -> Arguments {
        let tuple = args.cast::<Tuple>();
        let is_text = args.cast::<Str>().is_some();
        let class = ops::class_of(args);
        let subscripts = class.special(Dunder::GetItem).is_some() && !class.has(types::F_BY_INDEX);
        let is_mapping = tuple.is_none() && !is_text && subscripts;
        Arguments {
            tuple,
            at: 0,
            single: if tuple.is_some() { None } else { Some(args) },
            mapping: is_mapping.then_some(args),
        }
    }

    /// The same for bytes, which are no mapping there.
    pub fn for_bytes(args: Obj) -> Arguments {
        let mut a = Arguments::new(args);
        if args.cast::<Bytes>().is_some() || crate::buffer::is_bytearray(args) {
            a.mapping = None;
        }
        a
    }

    /// The next positional argument.
    pub fn next(&mut self, cx: &Cx) -> Result<Obj> {
        if let Some(v) = self.single.take() {
            return Ok(v);
        }
        match self.tuple.and_then(|t| t.get(self.at)) {
            Some(v) => {
                self.at += 1;
                Ok(v)
            }
            None => Err(cx.type_error(NOT_ENOUGH)),
        }
    }

    /// The value of `%(key)...`, which becomes the only argument left.
    pub fn look_up(&mut self, cx: &mut Cx, key: Obj) -> Result<()> {
        let Some(m) = self.mapping else { return Err(cx.type_error(NEEDS_MAPPING)) };
        self.single = Some(ops::get_item(cx, m, key)?);
        self.tuple = None;
        Ok(())
    }

    /// Raise if something is left over.
    pub fn finish(&self, cx: &Cx, what: &str) -> Result<()> {
        let left = self.single.is_some() || self.tuple.is_some_and(|t| self.at < t.len());
        if left && self.mapping.is_none() {
            return Err(cx.type_error(format!("not all arguments converted during {what} formatting")));
        }
        Ok(())
    }

    /// Width and precision; a negative width pads on the right.
    pub fn amounts(&mut self, cx: &Cx, c: &mut Conversion) -> Result<(usize, Option<usize>)> {
        let width = match c.width {
            Amount::None => 0,
            Amount::Given(n) => n,
            Amount::Argument => {
                let n = self.star(cx)?;
                c.flags.left |= n < 0;
                n.unsigned_abs() as usize
            }
        };
        let precision = match c.precision {
            Amount::None => None,
            Amount::Given(n) => Some(n),
            Amount::Argument => match i32::try_from(self.star(cx)?) {
                Ok(p) => Some(p.max(0) as usize),
                Err(_) => {
                    return Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C int"));
                }
            },
        };
        if width > isize::MAX as usize / 8 {
            return Err(cx.memory_error());
        }
        cx.check_room(width.saturating_add(precision.unwrap_or(0)))?;
        Ok((width, precision))
    }

    fn star(&mut self, cx: &Cx) -> Result<i64> {
        let v = self.next(cx)?;
        if !int::is_int(v) {
            return Err(cx.type_error(STAR_WANTS_INT));
        }
        int::to_i64(v).ok_or_else(|| cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t"))
    }
}

/// The int that a `d i u o x X` conversion shows.
fn integer(cx: &mut Cx, v: Obj, kind: u8) -> Result<Obj> {
    if int::is_int(v) {
        return Ok(v);
    }
    let decimal = matches!(kind, b'd' | b'i' | b'u');
    let c = ops::class_of(v);
    let has = |d| c.special(d).is_some_and(|m| !m.is_none());
    let number = has(Dunder::Index) || has(Dunder::Int) || has(Dunder::Float) || float::value(v).is_some();
    let r = match () {
        () if !number => Err(cx.type_error("")),
        () if decimal => crate::int_new::convert(cx, v),
        () => ops::index(cx, v),
    };
    match r {
        Err(e) if e.is(cx, ExcKind::TypeError) => {
            let n = cx.type_name(v);
            let wanted = if decimal { "a real number" } else { "an integer" };
            Err(cx.type_error(format!("%{} format: {wanted} is required, not {n}", char::from(kind))))
        }
        r => r,
    }
}

/// The text of a conversion to a number, padded; `None` for other conversions.
pub fn number_text(
    cx: &mut Cx,
    c: &Conversion,
    width: usize,
    precision: Option<usize>,
    v: Obj,
    is_bytes: bool,
) -> Result<Option<String>> {
    let Ok(kind) = u8::try_from(c.kind) else { return Ok(None) };
    let text = match kind {
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let v = integer(cx, v, kind)?;
            if matches!(kind, b'd' | b'i' | b'u') {
                int_new::check_length(cx, v)?;
            }
            bigint::with(v, |x| percent::int_text(x, kind, c.flags, precision))
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let x = match ops::as_float(cx, v) {
                Err(e) if is_bytes && e.is(cx, ExcKind::TypeError) => {
                    let n = cx.type_name(v);
                    return Err(cx.type_error(format!("float argument required, not {n}")));
                }
                r => r?,
            };
            percent::float_text(x, kind, c.flags, precision)
        }
        _ => return Ok(None),
    };
    Ok(Some(text.padded(c.flags, width)))
}

/// The code point of an int argument of `%c` below `end`.
pub fn code_point(cx: &mut Cx, v: Obj, end: i64, text: &str) -> Result<Option<u32>> {
    if !any::is_index(v) {
        return Ok(None);
    }
    let i = ops::index(cx, v)?;
    match int::to_i64(i) {
        Some(i) if (0..end).contains(&i) => Ok(Some(i as u32)),
        _ => Err(cx.error(ExcKind::OverflowError, text)),
    }
}
