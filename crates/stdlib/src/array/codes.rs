//! Type codes: how items of an array are stored, in the machine's byte order.
//!
//! Tests: tests/lang/array.md; CPython test_array.

use typhon_object::native::IntoObj;
use typhon_object::obj::Obj;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Dunder, ExcKind, Raised, Result, int, ops};

/// All codes, as `array.typecodes` has them.
pub const CODES: &str = "bBuwhHiIlLqQfd";

/// Bytes of an item.
pub fn size(code: u8) -> usize {
    match code {
        b'b' | b'B' => 1,
        b'h' | b'H' => 2,
        b'i' | b'I' | b'f' | b'u' | b'w' => 4,
        _ => 8,
    }
}

/// Whether items are characters.
pub fn is_text(code: u8) -> bool {
    matches!(code, b'u' | b'w')
}

/// An item's value. `b` has the item's size.
#[inline]
pub fn get(cx: &Cx, code: u8, b: &[u8]) -> Result<Obj> {
    macro_rules! number {
        ($t:ty) => {
            <$t>::from_ne_bytes(b.try_into().expect("an item's size"))
        };
    }
    let small = |n: i64| Ok(Obj::int_unchecked(n));
    match code {
        b'b' => small(i64::from(b[0] as i8)),
        b'B' => small(i64::from(b[0])),
        b'h' => small(i64::from(number!(i16))),
        b'H' => small(i64::from(number!(u16))),
        b'i' => small(i64::from(number!(i32))),
        b'I' => small(i64::from(number!(u32))),
        b'f' => f64::from(number!(f32)).into_obj(cx),
        b'd' => number!(f64).into_obj(cx),
        b'u' | b'w' => {
            let c = number!(u32);
            if c > 0x10ffff {
                return Err(cx.value_error("chr() arg not in range(0x110000)"));
            }
            Ok(str::from_char(cx, c)?.obj())
        }
        b'l' | b'q' => number!(i64).into_obj(cx),
        _ => number!(u64).into_obj(cx),
    }
}

#[cold]
fn overflow(cx: &Cx, msg: &str) -> Raised {
    cx.error(ExcKind::OverflowError, msg)
}

fn whole(cx: &mut Cx, v: Obj) -> Result<i128> {
    if v.is_small_int() {
        return Ok(i128::from(v.as_small_int().unwrap_or(0)));
    }
    if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
        return Err(cx.type_error(format!("'{}' object cannot be interpreted as an integer", cx.type_name(v))));
    }
    let i = ops::index(cx, v)?;
    // Beyond i128 any bound is passed, on the side of the sign.
    Ok(match int::to_i128(i) {
        Some(n) => n,
        None if ops::less(cx, i, Obj::int_unchecked(0))? => i128::MIN,
        None => i128::MAX,
    })
}

/// An item's bytes, of which the first [`size`] count.
#[inline]
pub fn put(cx: &mut Cx, code: u8, v: Obj) -> Result<[u8; 8]> {
    let mut out = [0; 8];
    let mut store = |b: &[u8]| out[..b.len()].copy_from_slice(b);
    let text = |name: &str, low: bool| {
        format!("{name} is {} than {}", if low { "less" } else { "greater" }, if low { "minimum" } else { "maximum" })
    };
    match code {
        b'u' | b'w' => {
            let Some(s) = v.cast::<Str>() else {
                return Err(cx.type_error(format!("array item must be a unicode character, not {}", cx.type_name(v))));
            };
            if s.len() != 1 {
                return Err(cx.type_error(format!(
                    "array item must be a unicode character, not a string of length {}",
                    s.len()
                )));
            }
            store(&s.at(0).to_ne_bytes());
        }
        b'f' => store(&(ops::as_float(cx, v)? as f32).to_ne_bytes()),
        b'd' => store(&ops::as_float(cx, v)?.to_ne_bytes()),
        b'b' | b'B' | b'h' | b'H' | b'i' | b'l' => {
            let n = whole(cx, v)?;
            let n = i64::try_from(n).map_err(|_| overflow(cx, "Python int too large to convert to C long"))?;
            let (low, high, name) = match code {
                // CPython reads a short first.
                b'b' if i16::try_from(n).is_err() => (-128, 127, "signed short integer"),
                b'b' => (-128, 127, "signed char"),
                b'B' => (0, 255, "unsigned byte integer"),
                b'h' => (-32768, 32767, "signed short integer"),
                b'H' => (0, 65535, "unsigned short"),
                b'i' => (i64::from(i32::MIN), i64::from(i32::MAX), "signed integer"),
                _ => (i64::MIN, i64::MAX, ""),
            };
            if n < low || n > high {
                return Err(overflow(cx, &text(name, n < low)));
            }
            store(&n.to_le_bytes()[..size(code)]);
        }
        b'I' | b'L' => {
            let n = whole(cx, v)?;
            if n < 0 {
                return Err(overflow(cx, "can't convert negative value to unsigned int"));
            }
            let n = u64::try_from(n).map_err(|_| overflow(cx, "Python int too large to convert to C unsigned long"))?;
            if code == b'I' && n > u64::from(u32::MAX) {
                return Err(overflow(cx, "unsigned int is greater than maximum"));
            }
            store(&n.to_le_bytes()[..size(code)]);
        }
        b'q' => {
            let n = whole(cx, v)?;
            store(&i64::try_from(n).map_err(|_| overflow(cx, "int too big to convert"))?.to_ne_bytes());
        }
        _ => {
            let n = whole(cx, v)?;
            if n < 0 {
                return Err(overflow(cx, "can't convert negative int to unsigned"));
            }
            store(&u64::try_from(n).map_err(|_| overflow(cx, "int too big to convert"))?.to_ne_bytes());
        }
    }
    Ok(out)
}

/// Turn the bytes of every item around.
pub fn swap(code: u8, data: &mut [u8]) {
    for item in data.chunks_exact_mut(size(code)) {
        item.reverse();
    }
}

/// How a machine format code stores items: type code and whether bytes are
/// swapped against this machine's order; or a codec of text.
pub enum Machine {
    /// A number.
    Number(u8, bool),
    /// Text in this codec.
    Text(&'static str),
}

/// The meaning of `_array_reconstructor`'s machine format codes.
pub fn machine(n: i64) -> Option<Machine> {
    const NUMBERS: &[u8] = b"BbHHhhIIiiQQqqffdd";
    Some(match n {
        0 | 1 => Machine::Number(NUMBERS[n as usize], false),
        // Even codes are little-endian, odd ones big-endian.
        2..=17 => Machine::Number(NUMBERS[n as usize], n % 2 == 1),
        18 => Machine::Text("utf-16-le"),
        19 => Machine::Text("utf-16-be"),
        20 => Machine::Text("utf-32-le"),
        21 => Machine::Text("utf-32-be"),
        _ => return None,
    })
}

/// The machine format code of a type code here.
pub fn machine_code(code: u8) -> i64 {
    match code {
        b'b' => 1,
        b'B' => 0,
        b'H' => 2,
        b'h' => 4,
        b'I' => 6,
        b'i' => 8,
        b'L' | b'Q' => 10,
        b'l' | b'q' => 12,
        b'f' => 14,
        b'd' => 16,
        _ => 20,
    }
}
