//! Source text to syntax tree: decoding, parsing, positions, syntax errors.
//!
//! The parser is Ruff's; this crate owns what surrounds it: source encodings,
//! a bound on nesting so that no source can overflow the native stack, and
//! errors with CPython's wording. The tree is a plain value.
//!
//! Tests: `tests/`.

#![forbid(unsafe_code)]

mod barry;
mod decode;
mod depth;
mod error;
mod escape;
mod fields;
mod grammar;
mod messages;
mod misplaced;
mod numbers;
mod parse;
mod source;
mod type_comments;
mod versions;

pub use decode::{decode, normal_lines};
pub use depth::with_stack;
pub use error::{ErrKind, SyntaxErr};
pub use parse::{Mode, Tree, parse};
pub use source::Source;
pub use type_comments::{TypeComments, parse_func_type};
pub use versions::too_new;

/// A SyntaxWarning to be issued by whoever asked for the compilation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The text.
    pub msg: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 0.
    pub col: u32,
}
