//! Source text with its line index.

use rustpython_ruff_text_size::{TextRange, TextSize};
use typhon_bytecode::Position;

use crate::error::{ErrKind, SyntaxErr};

/// Source text, and where its lines start.
pub struct Source<'a> {
    /// The text.
    pub text: &'a str,
    starts: Vec<u32>,
}

impl<'a> Source<'a> {
    /// Index the lines of `text`.
    pub fn new(text: &'a str) -> Source<'a> {
        let mut starts = vec![0];
        let b = text.as_bytes();
        for (i, &c) in b.iter().enumerate() {
            if c == b'\n' || c == b'\r' && b.get(i + 1) != Some(&b'\n') {
                starts.push(i as u32 + 1);
            }
        }
        Source { text, starts }
    }

    /// An index without text, of `lines` lines of `stride` bytes: for trees that
    /// say their places themselves.
    pub fn of_lines(lines: u32, stride: u32) -> Source<'static> {
        Source { text: "", starts: (0..lines).map(|l| l * stride).collect() }
    }

    /// The line number, from 1, of an offset.
    pub fn line_of(&self, at: TextSize) -> u32 {
        self.starts.partition_point(|&s| s <= at.to_u32()) as u32
    }

    /// The offset at which the line of `at` starts.
    pub fn line_start(&self, at: TextSize) -> TextSize {
        TextSize::new(self.starts[self.line_of(at) as usize - 1])
    }

    /// Lines and byte columns of a range.
    pub fn position(&self, r: TextRange) -> Position {
        let (line, end_line) = (self.line_of(r.start()), self.line_of(r.end()));
        Position {
            line,
            col: r.start().to_u32() - self.starts[line as usize - 1],
            end_line,
            end_col: r.end().to_u32() - self.starts[end_line as usize - 1],
        }
    }

    /// The text of a line, without its end.
    pub fn line_text(&self, line: u32) -> &'a str {
        let i = (line.max(1) - 1) as usize;
        let start = self.starts.get(i).copied().unwrap_or(self.text.len() as u32) as usize;
        let end = self.starts.get(i + 1).map_or(self.text.len(), |&e| e as usize);
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }

    /// What CPython's tokenizer takes for the end of the line of `at`: the comment, if there
    /// is one, and the place where the line ends.
    pub fn newline(&self, at: TextSize) -> TextRange {
        let start = self.line_start(at).to_usize();
        let line = self.line_text(self.line_of(at));
        let mut quote = None;
        let mut escaped = false;
        let comment = line.char_indices().find(|&(_, c)| {
            match (quote, c) {
                _ if escaped => escaped = false,
                (_, '\\') => escaped = true,
                (None, '"' | '\'') => quote = Some(c),
                (Some(q), _) if q == c => quote = None,
                _ => {}
            }
            c == '#' && quote.is_none()
        });
        let end = start + line.len();
        let from = comment.map_or(end, |(i, _)| start + i);
        TextRange::new(TextSize::new(from as u32), TextSize::new(end as u32))
    }

    /// Number of lines.
    pub fn lines(&self) -> u32 {
        self.starts.len() as u32
    }

    /// An error at a range, with columns counted in characters from 1.
    pub fn error(&self, kind: ErrKind, r: TextRange, msg: impl Into<String>) -> SyntaxErr {
        let p = self.position(r);
        let chars = |line: u32, col: u32| {
            let t = self.line_text(line);
            t.get(..col as usize).unwrap_or(t).chars().count() as u32 + 1
        };
        SyntaxErr {
            kind,
            msg: msg.into(),
            line: p.line,
            col: chars(p.line, p.col),
            end_line: p.end_line,
            end_col: chars(p.end_line, p.end_col),
            text: Some(self.line_text(p.line).into()),
            at_end: false,
        }
    }
}
