//! `bytes % args`.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use crate::buffer;
use typhon_object::bytes::{self, Bytes};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, bigint, float, int, ops, shape};
use typhon_text::percent::{self, Amount, Conversion, Flags, Piece, Pieces};
use typhon_text::strview::StrView;

/// Where values come from.
struct Values {
    args: Obj,
    tuple: Option<Gc<Tuple>>,
    mapping: bool,
    used: usize,
}

impl Values {
    fn new(args: Obj) -> Values {
        let tuple = args.cast::<Tuple>();
        let text = args.cast::<Str>().is_some() || args.cast::<Bytes>().is_some() || buffer::is_bytearray(args);
        let mapping = tuple.is_none() && !text && ops::class_of(args).special(Dunder::GetItem).is_some();
        Values { args, tuple, mapping, used: 0 }
    }
    fn next(&mut self, cx: &Cx) -> Result<Obj> {
        let v = match self.tuple {
            Some(t) => t.get(self.used),
            None => (self.used == 0).then_some(self.args),
        };
        self.used += 1;
        v.ok_or_else(|| cx.type_error(percent::NOT_ENOUGH))
    }
    fn all_used(&self) -> bool {
        self.mapping || self.used >= self.tuple.map_or(1, |t| t.len())
    }
}

/// `fmt % args`.
pub fn format(cx: &mut Cx, fmt: &'static [u8], args: Obj) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(fmt.len() + 16);
    let mut values = Values::new(args);
    for piece in Pieces::new(StrView::Latin1(fmt)) {
        match piece {
            Err(e) => return Err(cx.value_error(e.0)),
            Ok(Piece::Literal(r)) => out.extend_from_slice(&fmt[r]),
            Ok(Piece::Conversion(c)) => convert(cx, fmt, &mut values, &c, &mut out)?,
        }
    }
    if !values.all_used() {
        return Err(cx.type_error("not all arguments converted during bytes formatting"));
    }
    Ok(out)
}

fn amount(cx: &mut Cx, values: &mut Values, a: Amount) -> Result<Option<i64>> {
    match a {
        Amount::None => Ok(None),
        Amount::Given(n) => Ok(Some(n as i64)),
        Amount::Argument => {
            let v = values.next(cx)?;
            if !int::is_int(v) {
                return Err(cx.type_error(percent::STAR_WANTS_INT));
            }
            match int::to_i64(v) {
                Some(n) => Ok(Some(n)),
                None => Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t")),
            }
        }
    }
}

fn convert(cx: &mut Cx, fmt: &[u8], values: &mut Values, c: &Conversion, out: &mut Vec<u8>) -> Result<()> {
    let mut keyed = None;
    if let Some(k) = &c.key {
        if !values.mapping {
            return Err(cx.type_error(percent::NEEDS_MAPPING));
        }
        let key = bytes::new(cx, &fmt[k.clone()])?;
        keyed = Some(ops::get_item(cx, values.args, key.obj())?);
    }
    let mut flags = c.flags;
    let width = amount(cx, values, c.width)?;
    if width.is_some_and(|w| w < 0) {
        flags.left = true;
    }
    let width = width.map_or(0, |w| w.unsigned_abs() as usize);
    let precision = amount(cx, values, c.precision)?;
    if precision.is_some_and(|p| i32::try_from(p).is_err()) {
        return Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C int"));
    }
    let precision = precision.map(|p| p.max(0) as usize);
    if width > isize::MAX as usize / 8 {
        return Err(cx.memory_error());
    }
    cx.check_room(width)?;
    let v = match keyed {
        Some(v) => v,
        None => values.next(cx)?,
    };
    let kind = u8::try_from(c.kind).unwrap_or(0);
    let text = match kind {
        b'r' | b'a' => {
            let s = ops::ascii(cx, v)?;
            s.as_ascii().unwrap_or_default().as_bytes().to_vec()
        }
        b's' | b'b' => content(cx, v)?,
        b'c' => vec![one_byte(cx, v)?],
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let i = integer(cx, v, kind)?;
            let n = bigint::with(i, |i| percent::int_text(i, kind, flags, precision));
            out.extend_from_slice(n.padded(flags, width).as_bytes());
            return Ok(());
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let n = percent::float_text(real(cx, v)?, kind, flags, precision);
            out.extend_from_slice(n.padded(flags, width).as_bytes());
            return Ok(());
        }
        _ => return Err(cx.value_error(c.unsupported())),
    };
    let keep = if kind == b'c' { 1 } else { precision.unwrap_or(usize::MAX).min(text.len()) };
    pad(cx, &text[..keep], flags, width, out)
}

fn pad(cx: &Cx, text: &[u8], flags: Flags, width: usize, out: &mut Vec<u8>) -> Result<()> {
    let missing = width.saturating_sub(text.len());
    if missing > isize::MAX as usize / 4 {
        return Err(cx.memory_error());
    }
    if !flags.left {
        out.resize(out.len() + missing, b' ');
    }
    out.extend_from_slice(text);
    if flags.left {
        out.resize(out.len() + missing, b' ');
    }
    Ok(())
}

/// What `%b` inserts.
fn content(cx: &mut Cx, v: Obj) -> Result<Vec<u8>> {
    if let Some(b) = v.cast::<Bytes>()
        && v.shape() == shape::BYTES
    {
        return Ok(b.as_slice().to_vec());
    }
    if let Some(r) = ops::call_special(cx, v, Dunder::Bytes, &[])? {
        return match r.cast::<Bytes>() {
            Some(b) => Ok(b.as_slice().to_vec()),
            None => Err(cx.type_error(format!("__bytes__ returned non-bytes (type {})", cx.type_name(r)))),
        };
    }
    match buffer::try_get(cx, v)? {
        Some(b) => Ok(b.as_slice().to_vec()),
        None => Err(cx.type_error(format!(
            "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
            cx.type_name(v)
        ))),
    }
}

fn one_byte(cx: &mut Cx, v: Obj) -> Result<u8> {
    let of = |cx: &Cx, b: &[u8], kind: &str| match b {
        [b] => Ok(*b),
        _ => Err(cx.type_error(format!(
            "%c requires an integer in range(256) or a single byte, not a {kind} object of length {}",
            b.len()
        ))),
    };
    if let Some(b) = v.cast::<Bytes>() {
        return of(cx, b.as_slice(), "bytes");
    }
    if let Some(b) = v.cast::<crate::bytearray::Bytearray>() {
        return of(cx, b.as_slice(), "bytearray");
    }
    if crate::slice::is_index(v) {
        let i = ops::index(cx, v)?;
        return match int::to_i64(i).and_then(|i| u8::try_from(i).ok()) {
            Some(b) => Ok(b),
            None => Err(cx.error(ExcKind::OverflowError, "%c arg not in range(256)")),
        };
    }
    Err(cx.type_error(format!(
        "%c requires an integer in range(256) or a single byte, not {}",
        ops::full_name(cx, ops::class_of(v)).trim_start_matches("__main__.")
    )))
}

fn integer(cx: &mut Cx, v: Obj, kind: u8) -> Result<Obj> {
    if int::is_int(v) {
        return Ok(v);
    }
    let class = ops::class_of(v);
    let based = matches!(kind, b'o' | b'x' | b'X');
    let number = class.special(Dunder::Index).is_some() || class.special(Dunder::Int).is_some();
    let r = if based && class.special(Dunder::Index).is_some() {
        ops::index(cx, v)
    } else if !based && (number || float::value(v).is_some()) {
        ops::call_args(cx, types::class_for(shape::INT).obj(), &[v])
    } else {
        Err(cx.type_error(""))
    };
    match r {
        Err(e) if e.is(cx, ExcKind::TypeError) => {
            let wanted = if based { "an integer" } else { "a real number" };
            Err(cx.type_error(format!("%{} format: {wanted} is required, not {}", char::from(kind), cx.type_name(v))))
        }
        r => r,
    }
}

fn real(cx: &mut Cx, v: Obj) -> Result<f64> {
    match ops::as_float(cx, v) {
        Err(e) if e.is(cx, ExcKind::TypeError) => {
            Err(cx.type_error(format!("float argument required, not {}", cx.type_name(v))))
        }
        r => r,
    }
}
