//! Finding the places worth trying.

use super::Unit;
use super::machine::{Bounds, Machine, Stop, Tick};
use super::program::{Inst, Program};

/// Where a match may begin and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It begins at the start.
    Match,
    /// It begins at the start and ends at the end.
    Full,
    /// Anywhere between them.
    Search,
}

/// What to look for where.
#[derive(Clone, Copy)]
pub struct Request<'a, C> {
    /// The subject.
    pub text: &'a [C],
    /// The first place to try.
    pub start: usize,
    /// Where the subject ends in effect.
    pub end: usize,
    /// Where a match may be.
    pub mode: Mode,
    /// An empty match at the start does not count.
    pub must_advance: bool,
}

impl Machine {
    /// Where the first match begins and ends. `tick` is called now and then, and may
    /// interrupt by giving false.
    pub fn find<C: Unit>(
        &mut self,
        p: &Program,
        r: Request<'_, C>,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Option<(usize, usize)>, Stop> {
        let end = r.end.min(r.text.len());
        let start = r.start.min(end);
        let mut b = Bounds { text: r.text, end, whole: r.mode == Mode::Full, advance: r.must_advance };
        if r.mode != Mode::Search {
            return self.try_at(p, &b, start, tick);
        }
        // Where a match may begin at the latest.
        let Some(last) = end.checked_sub(p.hint.min) else { return Ok(None) };
        let fixed = matches!(p.insts[0], Inst::At(0 | 2));
        let mut at = start;
        loop {
            let Some(here) = candidate(p, r.text, at, last) else { return Ok(None) };
            b.advance = r.must_advance && here == start;
            if let Some(found) = self.try_at(p, &b, here, tick)? {
                return Ok(Some(found));
            }
            if fixed {
                return Ok(None);
            }
            at = here + 1;
        }
    }

    fn try_at<C: Unit>(
        &mut self,
        p: &Program,
        b: &Bounds<'_, C>,
        at: usize,
        tick: Tick<'_>,
    ) -> Result<Option<(usize, usize)>, Stop> {
        self.reset(p.groups);
        Ok(self.run(p, b, 0, at, tick)?.map(|end| (at, end)))
    }
}

/// The first place from `at` to `last` that is worth a try.
fn candidate<C: Unit>(p: &Program, text: &[C], at: usize, last: usize) -> Option<usize> {
    if at > last {
        return None;
    }
    match (p.hint.prefix.as_slice(), p.hint.first) {
        ([], None) => Some(at),
        ([], Some(class)) => {
            let places = &text[at..text.len().min(last + 1)];
            places.iter().position(|c| class.has(&p.sets, (*c).into())).map(|i| at + i)
        }
        ([first, rest @ ..], _) => {
            let mut at = at;
            while at <= last {
                let places = &text[at..text.len().min(last + 1)];
                at += C::find(places, *first)?;
                let begins = |(c, w): (&C, &u32)| (*c).into() == *w;
                if text[at + 1..].len() >= rest.len() && text[at + 1..].iter().zip(rest).all(begins) {
                    return Some(at);
                }
                at += 1;
            }
            None
        }
    }
}
