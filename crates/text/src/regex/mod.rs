//! Matching regular expressions: an engine for the code that the standard library's
//! `re/_compiler.py` makes.
//!
//! | file | what |
//! |---|---|
//! | `program.rs` | reading the code: checked once, then instructions with known targets |
//! | `class.rs` | what matches one character: literals, sets, categories |
//! | `machine.rs` | matching at one place, by backtracking with a stack of its own |
//! | `search.rs` | finding the places worth trying |
//!
//! It is our own because the crate there is copies all groups at each choice (three to five
//! times CPython's time), cannot be stopped, and trusts the code.
//!
//! Subjects are slices of one, two or four bytes a code point. Nothing recurses, so neither
//! pattern nor subject can exhaust the native stack; memory for backtracking is asked for,
//! never taken for granted; and the caller is called back from time to time.
//!
//! Tests: `tests/regex.rs`; CPython test_re.

mod class;
mod machine;
mod program;
mod search;

pub use machine::{Machine, Stop};
pub use program::{Invalid, Program};
pub use search::{Mode, Request};

/// The version of the code (`_sre.MAGIC`).
pub const MAGIC: usize = 20230612;
/// Bytes of a word of code.
pub const CODE_SIZE: usize = 4;
/// In a repeat: without limit.
pub const MAX_REPEAT: usize = u32::MAX as usize;
/// The most groups of a pattern.
pub const MAX_GROUPS: usize = i32::MAX as usize / 2;

/// A character of a subject.
pub trait Unit: Copy + Eq + Into<u32> {
    /// Where `c` first occurs.
    fn find(text: &[Self], c: u32) -> Option<usize> {
        text.iter().position(|x| (*x).into() == c)
    }
}

impl Unit for u8 {
    fn find(text: &[u8], c: u32) -> Option<usize> {
        memchr::memchr(u8::try_from(c).ok()?, text)
    }
}
impl Unit for u16 {}
impl Unit for u32 {}

/// The lower case of a code point, where that is one code point.
pub fn simple_lower(c: u32) -> u32 {
    match crate::unicode::to_lower(c).as_slice() {
        [l] => *l,
        // One has a lower case of two: I with a dot.
        _ if c == 0x130 => 0x69,
        _ => c,
    }
}

/// The upper case of a code point, where that is one code point.
pub fn simple_upper(c: u32) -> u32 {
    match crate::unicode::to_upper(c).as_slice() {
        [u] => *u,
        _ => c,
    }
}
