//! Encodings. Errors go to a callback, which says what stands for the bad part
//! and where to go on; `Handler` has the standard answers.
//!
//! Tests: tests/codecs.rs.

mod charmap;
mod handler;
mod names;
mod narrow;
mod utf16;
mod utf32;
mod utf8;

use crate::strview::{OwnedStr, StrView};

pub use charmap::{charmap_decode, charmap_encode};
pub use handler::{Handler, Target};
pub use names::{Known, known, normalize};
pub use narrow::{ascii_decode, ascii_encode, latin1_decode, latin1_encode};
pub use utf8::{utf8_decode, utf8_encode, utf8_sig_start};
pub use utf16::{utf16_decode, utf16_encode};
pub use utf32::{utf32_decode, utf32_encode};

/// Bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

/// Code points that do not encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
    /// A replacement for them did not encode either: now it must be raised.
    pub fatal: bool,
}

/// What stands for code points that do not encode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    Bytes(Vec<u8>),
    /// Encoded in its turn.
    Text(OwnedStr),
}

/// Decoded text, and how many bytes it took. Fewer than all only if the caller
/// said that more may follow and the end is incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub text: OwnedStr,
    pub consumed: usize,
}

/// The order of bytes in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    Little,
    Big,
    /// Told by a byte-order mark, little without one; written with one.
    Marked,
}

/// The answer to a decoding error: replacement, and where to go on.
pub type DecodeAnswer<E> = Result<(OwnedStr, usize), E>;
/// The answer to an encoding error.
pub type EncodeAnswer<E> = Result<(Replacement, usize), E>;

/// Encodes code by code: `push` writes one or returns false.
fn encode_units<E>(
    text: StrView<'_>,
    reason: &'static str,
    in_runs: bool,
    mut push: impl FnMut(u32, &mut Vec<u8>) -> bool,
    mut on_error: impl FnMut(EncodeError) -> EncodeAnswer<E>,
) -> Result<Vec<u8>, E> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(code_point) = text.get(at) {
        if push(code_point, &mut out) {
            at += 1;
            continue;
        }
        let written = out.len();
        let mut end = at + 1;
        while in_runs && text.get(end).is_some_and(|c| !push(c, &mut out)) {
            end += 1;
        }
        // The probe may have written the code point that ends the run.
        out.truncate(written);
        let mut error = EncodeError { start: at, end, reason, fatal: false };
        let (replacement, next) = on_error(error)?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend(bytes),
            Replacement::Text(text) => {
                for code_point in text.as_view().iter() {
                    if !push(code_point, &mut out) {
                        error.fatal = true;
                        on_error(error)?;
                    }
                }
            }
        }
        at = next;
    }
    Ok(out)
}
