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
pub struct Positions(pub crate::code::Raw);

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

impl Positions {
    /// The table in the form that `co_linetable` has in CPython, where a word of ours counts
    /// as a unit of code; without columns if these are not wanted.
    pub fn location_table(&self, first_line: u32, columns: bool) -> Vec<u8> {
        let (mut out, mut line) = (Vec::new(), first_line as i64);
        for r in self.runs(first_line) {
            // An entry is for eight units at most.
            for start in (r.start..r.end).step_by(8) {
                let len = (r.end - start).min(8) as u8 - 1;
                let Some(p) = r.position else {
                    out.push(0x80 | NO_PLACE << 3 | len);
                    continue;
                };
                let step = p.line as i64 - line;
                line = p.line as i64;
                let sign = (step < 0) as u64;
                if !columns {
                    out.push(0x80 | NO_COLUMNS << 3 | len);
                    put6(&mut out, step.unsigned_abs() << 1 | sign);
                    continue;
                }
                out.push(0x80 | LONG << 3 | len);
                put6(&mut out, step.unsigned_abs() << 1 | sign);
                put6(&mut out, p.end_line.saturating_sub(p.line) as u64);
                put6(&mut out, p.col as u64 + 1);
                put6(&mut out, p.end_col as u64 + 1);
            }
        }
        out
    }

    /// What a table of CPython's form says; a damaged one ends.
    pub fn from_location_table(first_line: u32, mut table: &[u8]) -> Positions {
        let (mut runs, mut line, mut word) = (Vec::new(), first_line as i64, 0u32);
        while let Some(r) = entry(&mut table, &mut line, &mut word) {
            runs.push(r);
        }
        Positions::encode(first_line, runs)
    }
}

/// Kinds of entries.
const NO_COLUMNS: u8 = 13;
const LONG: u8 = 14;
const NO_PLACE: u8 = 15;

fn entry(table: &mut &[u8], line: &mut i64, word: &mut u32) -> Option<Run> {
    let (&head, rest) = table.split_first()?;
    *table = rest;
    let start = *word;
    *word = start.checked_add((head & 7) as u32 + 1)?;
    let mut byte = || {
        let (&b, rest) = table.split_first()?;
        *table = rest;
        Some(b as u32)
    };
    let kind = head >> 3 & 15;
    let (mut more, mut columns) = (0, (0, 0));
    match kind {
        NO_PLACE => return Some(Run { start, end: *word, position: None }),
        NO_COLUMNS | LONG => {
            let step = get6(table)?;
            let by = (step >> 1) as i64;
            *line = line.checked_add(if step & 1 == 1 { -by } else { by })?;
            if kind == LONG {
                more = get6(table)?;
                // One more than the column; 0 for none.
                columns = (get6(table)?.saturating_sub(1), get6(table)?.saturating_sub(1));
            }
        }
        10..=12 => {
            *line += (kind - 10) as i64;
            columns = (byte()? as u64, byte()? as u64);
        }
        _ => {
            let b = byte()? as u64;
            let col = (kind as u64) << 3 | b >> 4;
            columns = (col, col + (b & 15));
        }
    }
    let small = |v: u64| u32::try_from(v).ok();
    let first = u32::try_from(*line).ok()?;
    let position = Position {
        line: first,
        col: small(columns.0)?,
        end_line: first.checked_add(small(more)?)?,
        end_col: small(columns.1)?,
    };
    Some(Run { start, end: *word, position: Some(position) })
}

/// Append a number, six bits a byte, low bits first.
fn put6(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x40 {
        out.push(v as u8 & 0x3f | 0x40);
        v >>= 6;
    }
    out.push(v as u8);
}

/// Take such a number off the front.
fn get6(bytes: &mut &[u8]) -> Option<u64> {
    let mut v = 0u64;
    for shift in (0..60).step_by(6) {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        v |= ((b & 0x3f) as u64) << shift;
        if b & 0x40 == 0 {
            return Some(v);
        }
    }
    None
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
