//! What a pattern is applied to, and running the engine on it.

use super::pattern::Pattern;
use crate::util::poll;
use std::cell::Cell;
use typhon_object::bytes::Bytes;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result};
pub use typhon_text::regex::Mode;
use typhon_text::regex::{Machine, Request, Stop};
use typhon_text::strview::StrView;

/// Start and end of each group, 0 being the whole; -1 for no match.
pub type Regs = Vec<(isize, isize)>;

/// What is searched.
pub enum Subject {
    /// Text.
    Text(Gc<Str>),
    /// A bytes object.
    Bytes(Gc<Bytes>),
    /// A copy of another buffer.
    Copy(Vec<u8>),
}

impl Subject {
    /// Check the argument against the kind of pattern.
    pub fn new(cx: &mut Cx, p: &Pattern, o: Obj) -> Result<Subject> {
        let s = if let Some(s) = o.cast::<Str>() {
            Subject::Text(s)
        } else if let Some(b) = o.cast::<Bytes>() {
            Subject::Bytes(b)
        } else if crate::buffer::is_buffer(o) {
            Subject::Copy(crate::buffer::copy(cx, o)?)
        } else {
            return Err(cx.type_error(format!("expected string or bytes-like object, got '{}'", cx.type_name(o))));
        };
        match (p.is_bytes, matches!(s, Subject::Text(_))) {
            (Some(true), true) => Err(cx.type_error("cannot use a bytes pattern on a string-like object")),
            (Some(false), false) => Err(cx.type_error("cannot use a string pattern on a bytes-like object")),
            _ => Ok(s),
        }
    }
    /// Length in characters.
    pub fn len(&self) -> usize {
        match self {
            Subject::Text(s) => s.len(),
            Subject::Bytes(b) => b.as_slice().len(),
            Subject::Copy(v) => v.len(),
        }
    }
    /// A part, as an object.
    pub fn slice(&self, cx: &Cx, start: usize, end: usize) -> Result<Obj> {
        let (start, end) = (start.min(self.len()), end.min(self.len()));
        let end = end.max(start);
        match self {
            Subject::Text(s) => Ok(str::substring(cx, *s, start, end)?.obj()),
            Subject::Bytes(b) => {
                let all = b.as_slice();
                if start == 0 && end == all.len() && b.obj().shape() == typhon_object::shape::BYTES {
                    return Ok(b.obj());
                }
                crate::util::bytes_obj(cx, &all[start..end])
            }
            Subject::Copy(v) => crate::util::bytes_obj(cx, &v[start..end]),
        }
    }
    /// Apply the pattern between two places.
    pub fn run(
        &self,
        cx: &mut Cx,
        matcher: &mut Matcher,
        p: &Pattern,
        (start, end): (usize, usize),
        mode: Mode,
        must_advance: bool,
    ) -> Result<Option<Regs>> {
        let mut raised = None;
        // Matching may take long: signals, collections and other threads do not wait for
        // its end.
        let mut tick = || poll(cx).map_err(|e| raised = Some(e)).is_ok();
        let machine = &mut matcher.0;
        macro_rules! find {
            ($text:expr) => {
                machine.find(&p.program, Request { text: $text, start, end, mode, must_advance }, &mut tick)
            };
        }
        let found = match self {
            Subject::Bytes(b) => find!(b.as_slice()),
            Subject::Copy(v) => find!(v.as_slice()),
            Subject::Text(s) => match s.view() {
                StrView::Latin1(b) => find!(b),
                StrView::Ucs2(u) => find!(u),
                StrView::Ucs4(u) => find!(u),
            },
        };
        let (from, to) = match found {
            Ok(None) => return Ok(None),
            Ok(Some(place)) => place,
            Err(Stop::Memory) => return Err(cx.memory_error()),
            Err(Stop::Interrupted) => return Err(raised.unwrap_or_else(|| cx.memory_error())),
        };
        let mut regs = Vec::with_capacity(p.groups + 1);
        regs.push((from as isize, to as isize));
        for g in 0..p.groups {
            regs.push(machine.group(g).map_or((-1, -1), |(a, b)| (a as isize, b as isize)));
        }
        Ok(Some(regs))
    }
}

thread_local! {
    /// Of the last match that has ended.
    static SPARE: Cell<Option<Machine>> = const { Cell::new(None) };
}

/// The engine's memory, which the thread's next match takes over.
pub struct Matcher(Machine);

impl Matcher {
    /// The thread's, unless a match that has not ended uses it.
    pub fn new() -> Matcher {
        Matcher(SPARE.take().unwrap_or_default())
    }
    /// Number of the group that ended last, or 0.
    pub fn last_index(&self) -> usize {
        self.0.last_group().unwrap_or(0)
    }
}

impl Drop for Matcher {
    fn drop(&mut self) {
        if self.0.is_small() {
            SPARE.set(Some(std::mem::take(&mut self.0)));
        }
    }
}

/// Clip `pos` and `endpos` to the subject.
pub fn clip(len: usize, pos: isize, end: isize) -> (usize, usize) {
    let end = (end.max(0) as usize).min(len);
    let pos = (pos.max(0) as usize).min(len);
    (pos, end)
}
