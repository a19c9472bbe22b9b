//! Reading code: words, as the compiler in Python leaves them, become instructions whose
//! targets are known to exist. What the reader accepts cannot make the machine leave the
//! program, a set or a group: code may come from anybody who calls `_sre.compile`.
//!
//! The words are described in the standard library's `re/_constants.py` and
//! `re/_compiler.py`.

use super::class::{Category, Class, Fold, Part, Set};
use std::collections::{HashMap, HashSet};

/// One step of the machine. Targets are indices of instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Inst {
    Fail,
    /// The end of the pattern, or of what a look-around, atomic group or possessive repeat
    /// encloses.
    Success,
    One(Class),
    At(u8),
    Mark(u32),
    Jump(u32),
    /// Try what follows, then go on at the other alternative.
    Alternative(u32),
    /// Match again what the group matched.
    Again(Fold, u32),
    /// Go on at the target unless the group has matched.
    IfGroup(u32, u32),
    /// What follows must match, or must not, from so many characters before; then go on at
    /// the target.
    Look {
        negative: bool,
        behind: u32,
        after: u32,
    },
    /// What follows is matched once and never tried another way; then the target.
    Atomic(u32),
    /// The same, repeated.
    Possessive {
        min: u32,
        max: u32,
        after: u32,
    },
    /// One character repeated, then what follows.
    RepeatOne {
        class: Class,
        min: u32,
        max: u32,
        how: How,
    },
    /// What follows is repeated, up to its `Until`.
    Repeat,
    Until {
        body: u32,
        min: u32,
        max: u32,
        lazy: bool,
    },
}

/// How often a repeat of one character is taken first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    Greedy,
    Lazy,
    /// As often as it goes, for good.
    Possessive,
}

/// What a search may know before it tries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Hint {
    /// The fewest characters of a match.
    pub min: usize,
    /// What every match begins with.
    pub prefix: Vec<u32>,
    /// What the first character must be.
    pub first: Option<Class>,
}

/// A pattern that is ready to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    pub(super) insts: Vec<Inst>,
    /// Of each repeat, the index of its end; 0 elsewhere.
    pub(super) ends: Vec<u32>,
    pub(super) sets: Vec<Set>,
    pub(super) hint: Hint,
    pub(super) groups: usize,
}

/// The code is not what the compiler makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invalid;

type Res<T> = Result<T, Invalid>;

struct Reader<'a> {
    code: &'a [u32],
    at: usize,
    groups: usize,
    insts: Vec<Inst>,
    sets: Vec<Set>,
    /// Index of the instruction at each word that begins one.
    places: HashMap<usize, u32>,
    /// Words that begin an alternative.
    alternatives: HashSet<usize>,
    /// The body and bounds of a repeat, by the word of its end.
    repeats: HashMap<usize, (usize, u32, u32)>,
    hint: Hint,
}

impl Program {
    /// Read code of a pattern with so many groups.
    pub fn new(code: &[u32], groups: usize) -> Res<Program> {
        let mut r = Reader {
            code,
            at: 0,
            groups,
            insts: Vec::new(),
            sets: Vec::new(),
            places: HashMap::new(),
            alternatives: HashSet::new(),
            repeats: HashMap::new(),
            hint: Hint::default(),
        };
        while r.at < code.len() {
            r.inst()?;
        }
        // The last word ends the whole, and each repeat has its end.
        if r.insts.last() != Some(&Inst::Success) || !r.repeats.is_empty() {
            return Err(Invalid);
        }
        let places = r.places;
        let place = |word: u32| places.get(&(word as usize)).copied().ok_or(Invalid);
        for inst in &mut r.insts {
            match inst {
                Inst::Jump(t)
                | Inst::Alternative(t)
                | Inst::IfGroup(_, t)
                | Inst::Atomic(t)
                | Inst::Look { after: t, .. }
                | Inst::Possessive { after: t, .. }
                | Inst::Until { body: t, .. } => *t = place(*t)?,
                _ => {}
            }
        }
        let mut ends = vec![0; r.insts.len()];
        for (i, inst) in r.insts.iter().enumerate() {
            if let Inst::Until { body, .. } = inst {
                // The instruction in front of a body is its repeat.
                ends[*body as usize - 1] = i as u32;
            }
        }
        Ok(Program { insts: r.insts, ends, sets: r.sets, hint: r.hint, groups })
    }
}

impl Reader<'_> {
    fn word(&mut self) -> Res<u32> {
        let w = *self.code.get(self.at).ok_or(Invalid)?;
        self.at += 1;
        Ok(w)
    }

    /// A distance, counted from its own word, to a later word.
    fn target(&mut self) -> Res<u32> {
        let from = self.at;
        let to = from + self.word()? as usize;
        if to <= from || to > self.code.len() { Err(Invalid) } else { Ok(to as u32) }
    }

    fn inst(&mut self) -> Res<()> {
        let start = self.at;
        self.places.insert(start, self.insts.len() as u32);
        if self.alternatives.remove(&start) {
            return self.alternative();
        }
        let op = self.word()?;
        let inst = match op {
            0 => Inst::Fail,
            1 => Inst::Success,
            4 | 5 => {
                let after = self.target()?;
                Inst::Look { negative: op == 5, behind: self.word()?, after }
            }
            6 => match self.word()? {
                k @ 0..=11 => Inst::At(k as u8),
                _ => return Err(Invalid),
            },
            7 => {
                self.alternatives.insert(self.at);
                return Ok(());
            }
            11 | 30 | 34 | 38 => {
                let fold = match op {
                    11 => Fold::None,
                    30 => Fold::Ascii,
                    34 => Fold::Locale,
                    _ => Fold::Unicode,
                };
                Inst::Again(fold, self.group()?)
            }
            12 => {
                let group = self.group()?;
                // Counted from the word before, in effect.
                let from = self.at;
                let to = from + self.word()? as usize - 1;
                if to <= from || to > self.code.len() {
                    return Err(Invalid);
                }
                Inst::IfGroup(group, to as u32)
            }
            14 => return self.info(start),
            15 => Inst::Jump(self.target()?),
            17 => match self.word()? {
                n if (n as usize) < 2 * self.groups => Inst::Mark(n),
                _ => return Err(Invalid),
            },
            18 | 19 => {
                let (body, min, max) = self.repeats.remove(&start).ok_or(Invalid)?;
                Inst::Until { body: body as u32, min, max, lazy: op == 19 }
            }
            23 | 28 => {
                let to = self.target()?;
                let (min, max) = (self.word()?, self.word()?);
                if min > max {
                    return Err(Invalid);
                }
                if op == 28 {
                    // The distance is that to the body's word of success.
                    if self.code.get(to as usize) != Some(&1) {
                        return Err(Invalid);
                    }
                    Inst::Possessive { min, max, after: to + 1 }
                } else {
                    self.repeats.insert(to as usize, (self.at, min, max));
                    Inst::Repeat
                }
            }
            24 | 26 | 29 => {
                let to = self.target()?;
                let (min, max) = (self.word()?, self.word()?);
                let op_word = self.word()?;
                let class = self.class(op_word)?.ok_or(Invalid)?;
                if min > max || self.word()? != 1 || self.at != to as usize {
                    return Err(Invalid);
                }
                let how = match op {
                    24 => How::Greedy,
                    26 => How::Lazy,
                    _ => How::Possessive,
                };
                Inst::RepeatOne { class, min, max, how }
            }
            27 => Inst::Atomic(self.target()?),
            _ => Inst::One(self.class(op)?.ok_or(Invalid)?),
        };
        self.insts.push(inst);
        Ok(())
    }

    fn group(&mut self) -> Res<u32> {
        match self.word()? {
            g if (g as usize) < self.groups => Ok(g),
            _ => Err(Invalid),
        }
    }

    /// The word of an alternative: the distance to the next, or 0 behind the last.
    fn alternative(&mut self) -> Res<()> {
        let from = self.at;
        let skip = self.word()? as usize;
        if skip == 0 {
            self.insts.push(Inst::Fail);
            return Ok(());
        }
        if from + skip >= self.code.len() {
            return Err(Invalid);
        }
        self.alternatives.insert(from + skip);
        self.insts.push(Inst::Alternative((from + skip) as u32));
        Ok(())
    }

    /// What matches one character; `None` if `op` is something else.
    fn class(&mut self, op: u32) -> Res<Option<Class>> {
        Ok(Some(match op {
            0 => Class::Never,
            2 => Class::Any,
            3 => Class::All,
            8 => {
                let c = self.category()?;
                self.set(Fold::None, vec![Part::Category(c)])
            }
            13 => self.in_set(Fold::None)?,
            16 => Class::Literal(self.word()?),
            20 => Class::Not(self.word()?),
            31 => self.in_set(Fold::Ascii)?,
            32 => Class::Folded(Fold::Ascii, self.word()?),
            33 => Class::NotFolded(Fold::Ascii, self.word()?),
            35 => self.in_set(Fold::Locale)?,
            36 => Class::Folded(Fold::Locale, self.word()?),
            37 => Class::NotFolded(Fold::Locale, self.word()?),
            39 => self.in_set(Fold::Unicode)?,
            40 => Class::Folded(Fold::Unicode, self.word()?),
            41 => Class::NotFolded(Fold::Unicode, self.word()?),
            _ => return Ok(None),
        }))
    }

    fn category(&mut self) -> Res<Category> {
        match self.word()? {
            k if k < Category::COUNT => Ok(Category(k as u8)),
            _ => Err(Invalid),
        }
    }

    fn set(&mut self, fold: Fold, parts: Vec<Part>) -> Class {
        let set = Set::new(fold, parts);
        let i = self.sets.iter().position(|s| *s == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        Class::Set(i as u32)
    }

    fn in_set(&mut self, fold: Fold) -> Res<Class> {
        let end = self.target()?;
        let parts = self.parts()?;
        if self.at != end as usize { Err(Invalid) } else { Ok(self.set(fold, parts)) }
    }

    fn bitmap(&mut self) -> Res<[u32; 8]> {
        let mut map = [0; 8];
        for w in &mut map {
            *w = self.word()?;
        }
        Ok(map)
    }

    /// The parts of a set, up to its end.
    fn parts(&mut self) -> Res<Vec<Part>> {
        let mut parts = Vec::new();
        loop {
            parts.push(match self.word()? {
                0 => return Ok(parts),
                8 => Part::Category(self.category()?),
                9 => Part::Bitmap(Box::new(self.bitmap()?)),
                10 => {
                    let count = self.word()? as usize;
                    let mut index = Box::new([0; 256]);
                    for chunk in index.chunks_exact_mut(4) {
                        chunk.copy_from_slice(&self.word()?.to_le_bytes());
                    }
                    if index.iter().any(|i| usize::from(*i) >= count) {
                        return Err(Invalid);
                    }
                    let blocks = (0..count).map(|_| self.bitmap()).collect::<Res<Vec<_>>>()?;
                    Part::Blocks(index, blocks.into())
                }
                16 => Part::Literal(self.word()?),
                21 => Part::Negate,
                22 => Part::Range(self.word()?, self.word()?),
                42 => Part::RangeFolded(self.word()?, self.word()?),
                _ => return Err(Invalid),
            });
        }
    }

    /// The block in front of a pattern: what a search may use.
    fn info(&mut self, start: usize) -> Res<()> {
        let end = self.target()? as usize;
        let (flags, min, _max) = (self.word()?, self.word()?, self.word()?);
        // It describes the whole pattern only in front of it.
        let whole = start == 0;
        let mut hint = Hint { min: min as usize, ..Hint::default() };
        if flags & 1 != 0 {
            let (len, skip) = (self.word()? as usize, self.word()? as usize);
            let words = self.code.get(self.at..self.at + len).ok_or(Invalid)?;
            if skip > len || self.at + 2 * len != end {
                return Err(Invalid);
            }
            hint.prefix = words.to_vec();
            self.at = end;
        } else if flags & 4 != 0 {
            let parts = self.parts()?;
            hint.first = Some(self.set(Fold::None, parts));
        }
        if self.at != end {
            return Err(Invalid);
        }
        if whole {
            self.hint = hint;
        }
        Ok(())
    }
}
