//! The position table: which source range each instruction came from.
//!
//! Encoding: one record per run of words with the same position, as varints:
//! the run length and a presence bit (`len << 1 | present`); if present the
//! zigzag difference of the line to that of the previous record, the number of
//! further lines, the start column and the end column. The first line counts
//! from the code object's first line. Decoding is total: a damaged table ends.
//!
//! Tests: `tests/roundtrip.rs`.

/// A source range: lines from 1, columns as UTF-8 byte offsets from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// First line.
    pub line: u32,
    /// Column of the first byte.
    pub col: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last byte.
    pub end_col: u32,
}

/// A run of words from one source range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// First word.
    pub start: u32,
    /// First word after the run.
    pub end: u32,
    /// The range; instructions without a source line have none.
    pub position: Option<Position>,
}

/// The encoded table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(pub Box<[u8]>);

impl Positions {
    /// Encode runs that follow one another from word 0.
    pub fn encode(first_line: u32, runs: impl IntoIterator<Item = Run>) -> Positions {
        let mut out = Vec::new();
        let mut line = first_line;
        let mut pending: Option<Run> = None;
        let mut emit = |r: Run| {
            let present = r.position.is_some() as u64;
            put(&mut out, ((r.end - r.start) as u64) << 1 | present);
            if let Some(p) = r.position {
                let d = p.line as i64 - line as i64;
                put(&mut out, ((d << 1) ^ (d >> 63)) as u64);
                put(&mut out, p.end_line.saturating_sub(p.line) as u64);
                put(&mut out, p.col as u64);
                put(&mut out, p.end_col as u64);
                line = p.line;
            }
        };
        for r in runs {
            match &mut pending {
                Some(p) if p.position == r.position => p.end = r.end,
                _ => {
                    if let Some(p) = pending.replace(r) {
                        emit(p);
                    }
                }
            }
        }
        if let Some(p) = pending {
            emit(p);
        }
        Positions(out.into())
    }

    /// All runs in order.
    pub fn runs(&self, first_line: u32) -> Runs<'_> {
        Runs { bytes: &self.0, line: first_line as i64, word: 0 }
    }

    /// The position of word `pc`.
    pub fn at(&self, first_line: u32, pc: u32) -> Option<Position> {
        self.runs(first_line).find(|r| pc < r.end).and_then(|r| r.position)
    }

    /// Line runs (start word, end word, line), as `co_lines` shows them.
    pub fn lines(&self, first_line: u32) -> impl Iterator<Item = (u32, u32, Option<u32>)> {
        let mut runs = self.runs(first_line).peekable();
        std::iter::from_fn(move || {
            let r = runs.next()?;
            let line = r.position.map(|p| p.line);
            let mut end = r.end;
            while let Some(n) = runs.peek()
                && n.position.map(|p| p.line) == line
            {
                end = n.end;
                runs.next();
            }
            Some((r.start, end, line))
        })
    }
}

/// Iterator over the runs of a table.
pub struct Runs<'a> {
    bytes: &'a [u8],
    line: i64,
    word: u32,
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let head = get(&mut self.bytes)?;
        let start = self.word;
        let end = start.checked_add(u32::try_from(head >> 1).ok()?)?;
        let position = if head & 1 == 1 {
            let d = get(&mut self.bytes)?;
            let d = (d >> 1) as i64 ^ -((d & 1) as i64);
            self.line = self.line.wrapping_add(d);
            let line = u32::try_from(self.line).ok()?;
            let more = u32::try_from(get(&mut self.bytes)?).ok()?;
            let col = u32::try_from(get(&mut self.bytes)?).ok()?;
            let end_col = u32::try_from(get(&mut self.bytes)?).ok()?;
            Some(Position { line, col, end_line: line.saturating_add(more), end_col })
        } else {
            None
        };
        self.word = end;
        Some(Run { start, end, position })
    }
}

/// Append a varint, seven bits per byte, low bits first.
pub(crate) fn put(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Take a varint off the front.
pub(crate) fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut v = 0u64;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        v |= ((b & 0x7f) as u64) << shift;
        if b & 0x80 == 0 {
            return Some(v);
        }
    }
    None
}
