//! Matching at one place.
//!
//! A step either goes on, or fails; then the last choice is taken another way. What a
//! choice must find again is written down: the trail remembers what marks were before they
//! changed, and the counts of repeats are records that never change, so an index brings
//! them back. Look-arounds, atomic groups and possessive repeats put a fence among the
//! choices; when their body succeeds, everything from the fence on is forgotten.

use super::class::{Class, Fold, is_word};
use super::program::{How, Inst, Program};
use super::{MAX_REPEAT, Unit};

/// No mark, no fence, no repeat.
const NONE: usize = usize::MAX;

/// Why matching stopped without an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// There is no memory for another choice.
    Memory,
    /// The caller wished it.
    Interrupted,
}

/// A repeat that is under way.
#[derive(Clone, Copy)]
struct Count {
    /// How often the body has been begun.
    count: usize,
    /// Where it was begun last, if it need not be.
    last: usize,
    /// The repeat around this one.
    outer: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Go on at `pc`.
    Go,
    /// A greedy repeat of one character at `pc`: `count` were taken from `pos` on.
    Greedy,
    /// A lazy one: `pos` is behind `count` of them.
    Lazy,
    /// The tail of a lazy repeat did not match: begin the body once more.
    Body,
    /// The fence of the instruction at `pc`, whose body began at `pos`.
    Fence,
}

/// What to do if what follows fails.
#[derive(Clone, Copy)]
struct Choice {
    kind: Kind,
    pc: usize,
    pos: usize,
    count: usize,
    trail: usize,
    counts: usize,
    repeat: usize,
    fence: usize,
    last_group: usize,
}

/// A matcher's memory, which may be used again and again.
#[derive(Default)]
pub struct Machine {
    marks: Vec<usize>,
    /// Number of the group that ended last, 0 if none did.
    last_group: usize,
    choices: Vec<Choice>,
    trail: Vec<(u32, usize)>,
    counts: Vec<Count>,
    repeat: usize,
    fence: usize,
    steps: u32,
}

/// The subject, and what an end must look like.
pub(super) struct Bounds<'a, C> {
    pub text: &'a [C],
    pub end: usize,
    /// The match must reach the end.
    pub whole: bool,
    /// The match must not be empty.
    pub advance: bool,
}

/// Called now and then; false interrupts.
pub(super) type Tick<'a> = &'a mut dyn FnMut() -> bool;

impl Machine {
    /// Where group `i` (from 0) begins and ends, if it has matched.
    pub fn group(&self, i: usize) -> Option<(usize, usize)> {
        match (self.marks[2 * i], self.marks[2 * i + 1]) {
            (NONE, _) | (_, NONE) => None,
            (a, b) => Some((a, b)),
        }
    }

    /// Number of the group that ended last.
    pub fn last_group(&self) -> Option<usize> {
        (self.last_group != 0).then_some(self.last_group)
    }

    /// Whether it holds little memory.
    pub fn is_small(&self) -> bool {
        self.choices.capacity() < 1 << 10 && self.counts.capacity() < 1 << 12 && self.trail.capacity() < 1 << 12
    }

    pub(super) fn reset(&mut self, groups: usize) {
        self.marks.clear();
        self.marks.resize(2 * groups, NONE);
        self.last_group = 0;
        self.choices.clear();
        self.trail.clear();
        self.counts.clear();
        self.repeat = NONE;
        self.fence = NONE;
    }

    fn choose(&mut self, kind: Kind, pc: usize, pos: usize, count: usize) -> Result<(), Stop> {
        if self.choices.len() == self.choices.capacity() {
            let more = self.choices.len().max(16);
            self.choices.try_reserve(more).map_err(|_| Stop::Memory)?;
        }
        self.choices.push(Choice {
            kind,
            pc,
            pos,
            count,
            trail: self.trail.len(),
            counts: self.counts.len(),
            repeat: self.repeat,
            fence: self.fence,
            last_group: self.last_group,
        });
        Ok(())
    }

    fn build_fence(&mut self, pc: usize, pos: usize, count: usize) -> Result<(), Stop> {
        self.choose(Kind::Fence, pc, pos, count)?;
        self.fence = self.choices.len() - 1;
        Ok(())
    }

    fn begin_body(&mut self, count: usize, last: usize, outer: usize) -> Result<(), Stop> {
        self.counts.try_reserve(1).map_err(|_| Stop::Memory)?;
        self.counts.push(Count { count, last, outer });
        self.repeat = self.counts.len() - 1;
        Ok(())
    }

    fn mark(&mut self, i: usize, pos: usize) -> Result<(), Stop> {
        if !self.choices.is_empty() {
            self.trail.try_reserve(1).map_err(|_| Stop::Memory)?;
            self.trail.push((i as u32, self.marks[i]));
        }
        self.marks[i] = pos;
        if i & 1 == 1 {
            self.last_group = i / 2 + 1;
        }
        Ok(())
    }

    fn restore(&mut self, c: &Choice) {
        for (i, old) in self.trail.drain(c.trail..).rev() {
            self.marks[i as usize] = old;
        }
        self.counts.truncate(c.counts);
        self.repeat = c.repeat;
        self.fence = c.fence;
        self.last_group = c.last_group;
    }

    /// Match from instruction `pc` and place `start` on: where the match ends.
    pub(super) fn run<C: Unit>(
        &mut self,
        p: &Program,
        b: &Bounds<'_, C>,
        pc: usize,
        start: usize,
        tick: Tick<'_>,
    ) -> Result<Option<usize>, Stop> {
        let (mut pc, mut pos) = (pc, start);
        let text = &b.text[..b.end];
        loop {
            let goes_on = match p.insts[pc] {
                Inst::One(class) => match text.get(pos) {
                    Some(c) if class.has(&p.sets, (*c).into()) => {
                        pos += 1;
                        pc += 1;
                        true
                    }
                    _ => false,
                },
                Inst::Mark(i) => {
                    self.mark(i as usize, pos)?;
                    pc += 1;
                    true
                }
                Inst::Jump(t) => {
                    pc = t as usize;
                    true
                }
                Inst::Alternative(next) => {
                    let fits = |class: Class| text.get(pos).is_some_and(|c| class.has(&p.sets, (*c).into()));
                    match p.insts[pc + 1] {
                        Inst::One(class) if !fits(class) => pc = next as usize,
                        _ => {
                            if p.insts[next as usize] != Inst::Fail {
                                self.choose(Kind::Go, next as usize, pos, 0)?;
                            }
                            pc += 1;
                        }
                    }
                    true
                }
                Inst::RepeatOne { class, min, max, how } => {
                    let (min, max) = (min as usize, max as usize);
                    let limit = if how == How::Lazy { min } else { max };
                    let rest = &text[pos..];
                    let rest = if limit < rest.len() { &rest[..limit] } else { rest };
                    let n = class.count(&p.sets, rest);
                    if n < min {
                        false
                    } else {
                        match how {
                            How::Possessive => {
                                pos += n;
                                pc += 1;
                                true
                            }
                            How::Greedy if n == min => {
                                pos += n;
                                pc += 1;
                                true
                            }
                            How::Greedy => match give_back(p, text, pc, pos, n, min) {
                                Some(n) => {
                                    if n > min {
                                        self.choose(Kind::Greedy, pc, pos, n)?;
                                    }
                                    pos += n;
                                    pc += 1;
                                    true
                                }
                                None => false,
                            },
                            How::Lazy => {
                                pos += n;
                                if max > min {
                                    self.choose(Kind::Lazy, pc, pos, n)?;
                                }
                                pc += 1;
                                true
                            }
                        }
                    }
                }
                Inst::Repeat => {
                    self.begin_body(0, NONE, self.repeat)?;
                    // The end decides whether there is a first time.
                    pc = p.ends[pc] as usize;
                    true
                }
                Inst::Until { body, min, max, lazy } => match self.counts.get(self.repeat).copied() {
                    None => false,
                    Some(now) => {
                        let (min, max) = (min as usize, max as usize);
                        let more = (now.count < max || max == MAX_REPEAT) && now.last != pos;
                        if now.count < min {
                            self.begin_body(now.count + 1, now.last, now.outer)?;
                            pc = body as usize;
                        } else if lazy {
                            if more {
                                self.choose(Kind::Body, pc, pos, 0)?;
                            }
                            self.repeat = now.outer;
                            pc += 1;
                        } else if more {
                            let here = self.repeat;
                            self.repeat = now.outer;
                            self.choose(Kind::Go, pc + 1, pos, 0)?;
                            self.repeat = here;
                            self.begin_body(now.count + 1, pos, now.outer)?;
                            pc = body as usize;
                        } else {
                            self.repeat = now.outer;
                            pc += 1;
                        }
                        true
                    }
                },
                Inst::At(k) => {
                    let holds = is_at(k, b.text, pos, b.end);
                    pc += 1;
                    holds
                }
                Inst::Again(fold, g) => match self.group(g as usize) {
                    Some((from, to)) if from <= to && to - from <= b.end - pos => {
                        let same = text[from..to].iter().zip(&text[pos..]).all(|(x, y)| is_same(fold, *x, *y));
                        pos += to - from;
                        pc += 1;
                        same
                    }
                    _ => false,
                },
                Inst::IfGroup(g, otherwise) => {
                    let matched = self.group(g as usize).is_some_and(|(from, to)| from <= to);
                    pc = if matched { pc + 1 } else { otherwise as usize };
                    true
                }
                Inst::Look { negative, behind, after } => match pos.checked_sub(behind as usize) {
                    Some(from) => {
                        self.build_fence(pc, pos, 0)?;
                        pos = from;
                        pc += 1;
                        true
                    }
                    None => {
                        pc = after as usize;
                        negative
                    }
                },
                Inst::Atomic(_) => {
                    self.build_fence(pc, pos, 0)?;
                    pc += 1;
                    true
                }
                Inst::Possessive { max, after, .. } => {
                    if max == 0 {
                        pc = after as usize;
                    } else {
                        self.build_fence(pc, pos, 0)?;
                        pc += 1;
                    }
                    true
                }
                Inst::Success if self.fence == NONE => {
                    if b.whole && pos != b.end || b.advance && pos == start {
                        false
                    } else {
                        return Ok(Some(pos));
                    }
                }
                Inst::Success => match self.leave(p, pos)? {
                    Some(to) => {
                        (pc, pos) = to;
                        true
                    }
                    None => false,
                },
                Inst::Fail => false,
            };
            if goes_on {
                continue;
            }
            self.steps = self.steps.wrapping_add(1);
            if self.steps & 0xfff == 0 && !tick() {
                return Err(Stop::Interrupted);
            }
            match self.back(p, text)? {
                Some(to) => (pc, pos) = to,
                None => return Ok(None),
            }
        }
    }

    /// The body of the innermost fence has succeeded at `pos`: where to go on, or `None` to
    /// fail.
    fn leave(&mut self, p: &Program, pos: usize) -> Result<Option<(usize, usize)>, Stop> {
        let fence = self.choices[self.fence];
        self.choices.truncate(self.fence);
        self.fence = fence.fence;
        self.repeat = fence.repeat;
        Ok(match p.insts[fence.pc] {
            Inst::Look { negative: true, .. } => {
                self.restore(&fence);
                None
            }
            Inst::Look { after, .. } => Some((after as usize, fence.pos)),
            Inst::Possessive { min, max, after } => {
                let count = fence.count + 1;
                let enough = count >= min as usize;
                if count == max as usize && max as usize != MAX_REPEAT || enough && pos == fence.pos {
                    Some((after as usize, pos))
                } else {
                    self.build_fence(fence.pc, pos, count)?;
                    Some((fence.pc + 1, pos))
                }
            }
            Inst::Atomic(after) => Some((after as usize, pos)),
            _ => None,
        })
    }

    /// Something failed: take the last choice another way. `None`: there is none left.
    fn back<C: Unit>(&mut self, p: &Program, text: &[C]) -> Result<Option<(usize, usize)>, Stop> {
        while let Some(top) = self.choices.len().checked_sub(1) {
            let c = self.choices[top];
            self.restore(&c);
            match c.kind {
                Kind::Go => {
                    self.choices.pop();
                    return Ok(Some((c.pc, c.pos)));
                }
                Kind::Greedy => {
                    let Inst::RepeatOne { min, .. } = p.insts[c.pc] else { unreachable!("a choice of a repeat") };
                    let Some(n) = give_back(p, text, c.pc, c.pos, c.count - 1, min as usize) else {
                        self.choices.pop();
                        continue;
                    };
                    if n > min as usize {
                        self.choices[top].count = n;
                    } else {
                        self.choices.pop();
                    }
                    return Ok(Some((c.pc + 1, c.pos + n)));
                }
                Kind::Lazy => {
                    let Inst::RepeatOne { class, max, .. } = p.insts[c.pc] else {
                        unreachable!("a choice of a repeat")
                    };
                    let fits = text.get(c.pos).is_some_and(|x| class.has(&p.sets, (*x).into()));
                    if !fits || c.count >= max as usize {
                        self.choices.pop();
                        continue;
                    }
                    let choice = &mut self.choices[top];
                    choice.pos += 1;
                    choice.count += 1;
                    return Ok(Some((c.pc + 1, c.pos + 1)));
                }
                Kind::Body => {
                    self.choices.pop();
                    let (Some(now), Inst::Until { body, .. }) = (self.counts.get(c.repeat).copied(), p.insts[c.pc])
                    else {
                        continue;
                    };
                    self.begin_body(now.count + 1, c.pos, now.outer)?;
                    return Ok(Some((body as usize, c.pos)));
                }
                Kind::Fence => {
                    self.choices.pop();
                    match p.insts[c.pc] {
                        Inst::Look { negative: true, after, .. } => return Ok(Some((after as usize, c.pos))),
                        Inst::Possessive { min, after, .. } if c.count >= min as usize => {
                            return Ok(Some((after as usize, c.pos)));
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(None)
    }
}

/// How many of `n` characters that a greedy repeat at `pc` could take from `pos` on it takes
/// at most, if what follows is to have a chance.
fn give_back<C: Unit>(p: &Program, text: &[C], pc: usize, pos: usize, n: usize, min: usize) -> Option<usize> {
    let behind = p.insts[pc + 1..].iter().find(|i| !matches!(i, Inst::Mark(_)));
    let Some(Inst::One(next)) = behind else { return Some(n) };
    let fits = |n: &usize| text.get(pos + n).is_some_and(|c| next.has(&p.sets, (*c).into()));
    (min..=n).rev().find(fits)
}

/// Whether the place is of that kind.
fn is_at<C: Unit>(kind: u8, text: &[C], pos: usize, end: usize) -> bool {
    let at = |i: usize| -> u32 { text[i].into() };
    let boundary = |all| {
        let before = pos > 0 && is_word(at(pos - 1), all);
        let behind = pos < end && is_word(at(pos), all);
        before != behind
    };
    match kind {
        0 | 2 => pos == 0,
        1 => pos == 0 || at(pos - 1) == 0x0a,
        5 => pos == end || pos + 1 == end && at(pos) == 0x0a,
        6 => pos == end || at(pos) == 0x0a,
        7 => pos == end,
        3 | 8 => boundary(false),
        4 | 9 => !boundary(false),
        10 => boundary(true),
        _ => !boundary(true),
    }
}

fn is_same<C: Unit>(fold: Fold, x: C, y: C) -> bool {
    x == y || fold != Fold::None && fold.lower(x.into()) == fold.lower(y.into())
}
