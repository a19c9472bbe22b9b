//! Format strings of the `struct` module, and half-precision floats.

/// How one item of a format is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The format character; pad bytes are not items.
    pub code: u8,
    /// Where its first value starts.
    pub offset: usize,
    /// Bytes of one value. For `s` and `p`, the whole field, which is one value.
    pub size: usize,
    /// How many values.
    pub count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub little_endian: bool,
    /// Native sizes and alignment (`@`), where `n`, `N` and `P` exist.
    pub native: bool,
    pub items: Vec<Item>,
    /// Bytes of the whole.
    pub size: usize,
    /// Values that pack takes.
    pub value_count: usize,
}

/// The text of a `struct.error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatError(pub &'static str);

const TOO_LONG: FormatError = FormatError("total struct size too long");

/// Size and alignment of a format character.
fn size_of_code(code: u8, native: bool) -> Option<(usize, usize)> {
    let plain = |size| Some((size, size));
    match code {
        b'x' | b'c' | b'b' | b'B' | b'?' | b's' | b'p' => plain(1),
        b'h' | b'H' | b'e' => plain(2),
        b'i' | b'I' | b'f' => plain(4),
        b'l' | b'L' => plain(if native { size_of::<std::ffi::c_long>() } else { 4 }),
        b'q' | b'Q' | b'd' => plain(8),
        b'F' => Some((8, 4)),
        b'D' => Some((16, 8)),
        b'n' | b'N' | b'P' if native => plain(size_of::<usize>()),
        _ => None,
    }
}

impl Layout {
    pub fn parse(format: &[u8]) -> Result<Layout, FormatError> {
        let host_is_little = cfg!(target_endian = "little");
        let (little_endian, native, codes) = match format {
            [b'<', rest @ ..] => (true, false, rest),
            [b'>' | b'!', rest @ ..] => (false, false, rest),
            [b'=', rest @ ..] => (host_is_little, false, rest),
            [b'@', rest @ ..] => (host_is_little, true, rest),
            _ => (host_is_little, true, format),
        };
        let mut layout = Layout { little_endian, native, items: Vec::new(), size: 0, value_count: 0 };
        let mut codes = codes.iter().copied();
        while let Some(first) = codes.next() {
            if first.is_ascii_whitespace() || first == 0x0b {
                continue;
            }
            let mut code = first;
            let mut count = None;
            while code.is_ascii_digit() {
                let digit = usize::from(code - b'0');
                let next = count
                    .unwrap_or(0usize)
                    .checked_mul(10)
                    .and_then(|count| count.checked_add(digit))
                    .filter(|count| isize::try_from(*count).is_ok())
                    .ok_or(TOO_LONG)?;
                count = Some(next);
                code = codes.next().ok_or(FormatError("repeat count given without format specifier"))?;
            }
            layout.add(code, count.unwrap_or(1))?;
        }
        Ok(layout)
    }

    fn add(&mut self, code: u8, count: usize) -> Result<(), FormatError> {
        let bad = FormatError("bad char in struct format");
        let (size, alignment) = size_of_code(code, self.native).ok_or(bad)?;
        let alignment = if self.native { alignment } else { 1 };
        let offset = self.size.checked_next_multiple_of(alignment).ok_or(TOO_LONG)?;
        let total = size.checked_mul(count).and_then(|t| t.checked_add(offset));
        self.size = total.filter(|total| isize::try_from(*total).is_ok()).ok_or(TOO_LONG)?;
        match code {
            b'x' => return Ok(()),
            b's' | b'p' => {
                self.value_count += 1;
                self.items.push(Item { code, offset, size: count, count: 1 });
            }
            _ if count > 0 => {
                self.value_count += count;
                self.items.push(Item { code, offset, size, count });
            }
            _ => {}
        }
        Ok(())
    }
}

/// A half-precision float.
pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => {
            let payload = u64::from(bits & 0x3ff) << 42;
            f64::from_bits(u64::from(bits & 0x8000) << 48 | 0x7ff << 52 | payload)
        }
        _ => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// The nearest half, ties to even; `None` for "float too large to pack with e
/// format".
pub fn f64_to_half(value: f64) -> Option<u16> {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    if value.is_nan() {
        let payload = (value.to_bits() >> 42 & 0x3ff) as u16;
        return Some(sign | 0x7c00 | if payload == 0 { 0x200 } else { payload });
    }
    if value.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = value.abs();
    // Half of the last bit above the largest half, 65504, already overflows.
    if magnitude >= 65520.0 {
        return None;
    }
    if magnitude < 2f64.powi(-14) {
        // Subnormal: a multiple of 2**-24; 1024 of them is the first normal.
        return Some(sign | (magnitude * 2f64.powi(24)).round_ties_even() as u16);
    }
    let exponent = (magnitude.to_bits() >> 52) as i32 - 1023;
    let fraction = (magnitude * 2f64.powi(10 - exponent)).round_ties_even() as u16;
    // A fraction of 2048 carries into the exponent by itself.
    Some(sign | (((exponent + 14) as u16) << 10).wrapping_add(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(format: &str) -> (usize, usize, Vec<usize>) {
        let layout = Layout::parse(format.as_bytes()).expect("a valid format");
        let offsets = layout.items.iter().map(|item| item.offset).collect();
        (layout.size, layout.value_count, offsets)
    }

    #[test]
    fn sizes_and_offsets() {
        assert_eq!(layout("bhilq"), (24, 5, vec![0, 2, 4, 8, 16]));
        assert_eq!(layout("<bhilq"), (19, 5, vec![0, 1, 3, 7, 11]));
        assert_eq!(layout("i0q"), (8, 1, vec![0]));
        assert_eq!(layout("3x 2h 5s0s"), (13, 4, vec![4, 8, 13]));
        assert_eq!(layout("bnPD"), (40, 4, vec![0, 8, 16, 24]));
    }

    #[test]
    fn format_errors() {
        let error = |format: &str| Layout::parse(format.as_bytes()).expect_err("invalid").0;
        assert_eq!(error("<n"), "bad char in struct format");
        assert_eq!(error("3"), "repeat count given without format specifier");
        assert_eq!(error("3 i"), "bad char in struct format");
        assert_eq!(error("99999999999999999999i"), "total struct size too long");
        assert_eq!(error("9223372036854775807q"), "total struct size too long");
    }

    #[test]
    fn halves_survive_both_ways() {
        for bits in 0..=u16::MAX {
            let back = f64_to_half(half_to_f64(bits)).expect("in range");
            assert!(back == bits || half_to_f64(bits).is_nan(), "{bits:#x}");
        }
        assert_eq!(f64_to_half(65519.999), Some(0x7bff));
        assert_eq!(f64_to_half(65520.0), None);
        assert_eq!(f64_to_half(1.0 + 1.0 / 2048.0), Some(0x3c00));
        assert_eq!(f64_to_half(1.0 + 3.0 / 2048.0), Some(0x3c02));
        assert_eq!(f64_to_half(2f64.powi(-25)), Some(0));
        assert_eq!(f64_to_half(-1e-300), Some(0x8000));
    }
}
