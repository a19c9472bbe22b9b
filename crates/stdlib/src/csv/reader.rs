//! The reader: a state machine over characters.
//!
//! Invariant: the machine's state is taken out while a line is asked for, since
//! that runs Python code; a reader used by two threads at once mixes up records,
//! never memory.
//! Tests: tests/lang/csv.md; CPython test_csv.

use super::dialect::{Dialect, Quoting};
use super::{LIMIT, error};
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::list::{self, List};
use typhon_object::native;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result, exc, ops};
use typhon_text::strview::StrBuf;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    AfterEscapedEnd,
    Field,
    Quoted,
    EscapedInQuoted,
    QuoteInQuoted,
    EatEnd,
}

/// `_csv.reader`.
#[derive(Trace)]
pub struct Reader {
    source: Obj,
    dialect: Gc<Dialect>,
    line_num: AtomicU64,
    /// Counts records, so that a record begun notices another in between.
    turns: AtomicU64,
}

/// A reader of the lines of an iterator.
pub fn make(cx: &mut Cx, source: Obj, dialect: Gc<Dialect>) -> Result<Gc<Reader>> {
    native::instance(cx, Reader { source, dialect, line_num: AtomicU64::new(0), turns: AtomicU64::new(0) })
}

/// A record being read.
struct Record {
    d: Gc<Dialect>,
    fields: Gc<List>,
    field: StrBuf,
    state: State,
    unquoted: bool,
    limit: i64,
}

impl Record {
    fn add(&mut self, cx: &mut Cx, c: u32) -> Result<()> {
        if self.field.len() as i64 >= self.limit {
            return Err(error(cx, &format!("field larger than field limit ({})", self.limit)));
        }
        self.field.push(c);
        Ok(())
    }
    fn save(&mut self, cx: &mut Cx) -> Result<()> {
        let q = self.d.quoting;
        let v = if self.unquoted && self.field.is_empty() && matches!(q, Quoting::NotNull | Quoting::Strings) {
            Obj::NONE
        } else {
            let s = str::from_view(cx, &self.field.as_view())?.obj();
            if self.unquoted && !self.field.is_empty() && matches!(q, Quoting::NonNumeric | Quoting::Strings) {
                let float = crate::util::builtin(cx, "float")?;
                ops::call_args(cx, float, &[s])?
            } else {
                s
            }
        };
        self.field = StrBuf::new();
        self.fields.append(cx, v)
    }
    /// A field has ended at the end of a line (`None`) or at a newline character.
    fn end_field(&mut self, cx: &mut Cx, c: Option<u32>) -> Result<()> {
        self.save(cx)?;
        self.state = if c.is_none() { State::StartRecord } else { State::EatEnd };
        Ok(())
    }
    /// One character, or the end of a line.
    fn step(&mut self, cx: &mut Cx, c: Option<u32>) -> Result<()> {
        let d = self.d;
        let ends = matches!(c, None | Some(10 | 13));
        let is = |x: Option<u32>| c.is_some() && c == x;
        let quote = is(d.quotechar) && d.quoting != Quoting::None;
        match self.state {
            State::StartRecord => match c {
                // An empty line is an empty record.
                None => {}
                Some(10 | 13) => self.state = State::EatEnd,
                Some(_) => {
                    self.state = State::StartField;
                    return self.step(cx, c);
                }
            },
            State::StartField => {
                self.unquoted = true;
                if ends {
                    return self.end_field(cx, c);
                }
                if quote {
                    self.unquoted = false;
                    self.state = State::Quoted;
                } else if is(d.escapechar) {
                    self.state = State::Escaped;
                } else if c == Some(32) && d.skipinitialspace {
                } else if c == Some(d.delimiter) {
                    return self.save(cx);
                } else if let Some(c) = c {
                    self.add(cx, c)?;
                    self.state = State::Field;
                }
            }
            State::Escaped => {
                if let Some(c @ (10 | 13)) = c {
                    self.add(cx, c)?;
                    self.state = State::AfterEscapedEnd;
                } else {
                    self.add(cx, c.unwrap_or(10))?;
                    self.state = State::Field;
                }
            }
            State::AfterEscapedEnd if c.is_none() => {}
            State::AfterEscapedEnd | State::Field => {
                if ends {
                    return self.end_field(cx, c);
                }
                if is(d.escapechar) {
                    self.state = State::Escaped;
                } else if c == Some(d.delimiter) {
                    self.save(cx)?;
                    self.state = State::StartField;
                } else if let Some(c) = c {
                    self.add(cx, c)?;
                    self.state = State::Field;
                }
            }
            State::Quoted => {
                if is(d.escapechar) {
                    self.state = State::EscapedInQuoted;
                } else if quote {
                    self.state = if d.doublequote { State::QuoteInQuoted } else { State::Field };
                } else if let Some(c) = c {
                    self.add(cx, c)?;
                }
            }
            State::EscapedInQuoted => {
                self.add(cx, c.unwrap_or(10))?;
                self.state = State::Quoted;
            }
            State::QuoteInQuoted => {
                if quote {
                    self.add(cx, c.unwrap_or(0))?;
                    self.state = State::Quoted;
                } else if c == Some(d.delimiter) {
                    self.save(cx)?;
                    self.state = State::StartField;
                } else if ends {
                    return self.end_field(cx, c);
                } else if !d.strict {
                    self.add(cx, c.unwrap_or(0))?;
                    self.state = State::Field;
                } else {
                    let show = |c: Option<u32>| c.and_then(char::from_u32).unwrap_or('\u{fffd}');
                    let (a, b) = (show(Some(d.delimiter)), show(d.quotechar));
                    return Err(error(cx, &format!("'{a}' expected after '{b}'")));
                }
            }
            State::EatEnd => match c {
                None => self.state = State::StartRecord,
                Some(10 | 13) => {}
                Some(_) => {
                    return Err(error(
                        cx,
                        "new-line character seen in unquoted field - do you need to open the file with newline=''?",
                    ));
                }
            },
        }
        Ok(())
    }
}

/// CSV reader
///
/// Reader objects are responsible for reading and parsing tabular data
/// in CSV format.
#[class(module = "_csv", name = "reader")]
impl Reader {
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &mut Cx) -> Result<Obj> {
        let mut r = Record {
            d: self.dialect,
            fields: list::new(cx, &[])?,
            field: StrBuf::new(),
            state: State::StartRecord,
            unquoted: false,
            limit: LIMIT.load(Ordering::Relaxed),
        };
        let turn = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        loop {
            let line = ops::iter_next(cx, self.source)?;
            if self.turns.load(Ordering::Relaxed) != turn {
                return Err(error(cx, "iterator has already advanced the reader"));
            }
            let Some(line) = line else {
                if !r.field.is_empty() || r.state == State::Quoted {
                    if self.dialect.strict {
                        return Err(error(cx, "unexpected end of data"));
                    }
                    r.save(cx)?;
                    break;
                }
                return Err(exc::stop_iteration(cx, Obj::NONE));
            };
            let Some(s) = line.cast::<Str>() else {
                let n = cx.type_name(line);
                let msg = format!("iterator should return strings, not {n} (the file should be opened in text mode)");
                return Err(error(cx, &msg));
            };
            self.line_num.fetch_add(1, Ordering::Relaxed);
            for c in s.chars() {
                r.step(cx, Some(c))?;
            }
            r.step(cx, None)?;
            if r.state == State::StartRecord {
                break;
            }
        }
        Ok(r.fields.obj())
    }
    #[getter]
    fn dialect(&self) -> Obj {
        self.dialect.obj()
    }
    #[getter]
    fn line_num(&self) -> u64 {
        self.line_num.load(Ordering::Relaxed)
    }
}
