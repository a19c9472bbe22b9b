//! Floats: text, rounding, hashing and arithmetic as Python defines them.

mod arith;
mod digits;
mod hex;
mod parse;

pub use arith::{PowError, as_integer_ratio, div_mod, floor_div, hash, is_integer, modulo, pow, round, scale};
pub use digits::{Flags, Notation, format, repr};
pub use hex::{FromHexError, from_hex, hex};
pub(crate) use parse::trim_space;
pub use parse::{parse, prefix_len};
