//! What a pattern is applied to, and running the engine on it.

use super::drive::Wide;
use super::pattern::Pattern;
use rustpython_sre_engine::{Request, State};
use typhon_object::bytes::Bytes;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Result};
use typhon_text::strview::StrView;

/// Start and end of each group, 0 being the whole; -1 for no match.
pub type Regs = Vec<(isize, isize)>;

/// How to apply the pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// At the start only.
    Match,
    /// At the start, up to the end.
    Full,
    /// Anywhere.
    Search,
}

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
    /// Apply the pattern's code between `start` and `end`.
    pub fn run(
        &self,
        state: &mut State,
        p: &Pattern,
        start: usize,
        end: usize,
        mode: Mode,
        must_advance: bool,
    ) -> Option<Regs> {
        let code = &p.code;
        let full = mode == Mode::Full;
        macro_rules! go {
            ($drive:expr) => {{
                let mut req = Request::new($drive, start, end, code, full);
                req.must_advance = must_advance;
                state.reset(&req, req.start);
                if mode == Mode::Search { state.search(req) } else { state.py_match(&req) }
            }};
        }
        let found = match self {
            Subject::Bytes(b) => go!(Wide::<1>(b.as_slice())),
            Subject::Copy(v) => go!(Wide::<1>(v)),
            Subject::Text(s) => match s.view() {
                StrView::Latin1(b) => go!(Wide::<1>(b)),
                StrView::Ucs2(u) => go!(Wide::<2>(bytemuck::cast_slice(u))),
                StrView::Ucs4(u) => go!(Wide::<4>(bytemuck::cast_slice(u))),
            },
        };
        if !found {
            return None;
        }
        let mut regs = Vec::with_capacity(p.groups + 1);
        regs.push((state.start as isize, state.cursor.position as isize));
        for g in 0..p.groups {
            let (a, b) = state.marks.get(g);
            regs.push(match (a.into_option(), b.into_option()) {
                (Some(a), Some(b)) => (a as isize, b as isize),
                _ => (-1, -1),
            });
        }
        Some(regs)
    }
}

/// The index of the last matched group, or 0.
pub fn last_index(state: &State) -> usize {
    usize::try_from(state.marks.last_index()).unwrap_or(0)
}

/// Clip `pos` and `endpos` to the subject.
pub fn clip(len: usize, pos: isize, end: isize) -> (usize, usize) {
    let end = (end.max(0) as usize).min(len);
    let pos = (pos.max(0) as usize).min(len);
    (pos, end)
}
