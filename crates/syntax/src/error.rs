//! Syntax errors as values.

/// The exception type of an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrKind {
    /// `SyntaxError`.
    Syntax,
    /// `IndentationError`.
    Indentation,
    /// `SyntaxError` of a source that its codec refuses: no line of it is known.
    Undecoded,
    /// `TabError`.
    Tab,
    /// `_IncompleteInputError`: more input could make it valid.
    Incomplete,
    /// `RecursionError`: too deeply nested to compile.
    Recursion,
    /// `MemoryError`: too deeply nested to parse.
    Memory,
}

/// An error with its place. Lines and columns count from 1, columns in
/// characters; zero means unknown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxErr {
    /// Which exception to raise.
    pub kind: ErrKind,
    /// Its message.
    pub msg: String,
    /// First line.
    pub line: u32,
    /// First column; `u32::MAX` stands for the -1 that CPython gives in some errors.
    pub col: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character; `u32::MAX` likewise.
    pub end_col: u32,
    /// The first line's text.
    pub text: Option<Box<str>>,
    /// Whether the parser came to the end of the source: more could make it valid.
    pub at_end: bool,
}

impl SyntaxErr {
    /// An error without a place.
    pub fn bare(kind: ErrKind, msg: impl Into<String>) -> SyntaxErr {
        SyntaxErr { kind, msg: msg.into(), line: 1, col: 0, end_line: 0, end_col: 0, text: None, at_end: false }
    }
}

impl std::fmt::Display for SyntaxErr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.col, self.msg)
    }
}

impl std::error::Error for SyntaxErr {}
