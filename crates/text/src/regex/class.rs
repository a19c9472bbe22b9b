//! What matches one character.

use super::{Unit, simple_lower, simple_upper};
use crate::unicode;

/// How case is ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fold {
    /// It is not.
    None,
    /// Of ASCII letters.
    Ascii,
    /// Of all letters.
    Unicode,
    /// Of the locale's letters; only the C locale is known.
    Locale,
}

impl Fold {
    pub fn lower(self, c: u32) -> u32 {
        match self {
            Fold::None => c,
            Fold::Unicode => simple_lower(c),
            Fold::Ascii | Fold::Locale => match c {
                0x41..=0x5a => c + 0x20,
                _ => c,
            },
        }
    }
}

/// A test of one character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Never,
    /// All but a line feed.
    Any,
    All,
    Literal(u32),
    Not(u32),
    /// The pattern's letter is in lower case.
    Folded(Fold, u32),
    NotFolded(Fold, u32),
    /// A set of the program.
    Set(u32),
}

/// A named category, by its number in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Category(pub u8);

impl Category {
    pub const COUNT: u32 = 18;

    pub fn has(self, c: u32) -> bool {
        // Even numbers name a category, the odd ones behind them what is not in it.
        let inside = match self.0 & !1 {
            0 => matches!(c, 0x30..=0x39),
            2 => matches!(c, 0x09..=0x0d | 0x20),
            4 | 8 => is_word(c, false),
            6 => c == 0x0a,
            10 => unicode::decimal(c).is_some(),
            12 => unicode::is_space(c),
            14 => is_word(c, true),
            _ => unicode::is_line_break(c),
        };
        inside == (self.0 & 1 == 0)
    }
}

/// Whether `\w` matches.
pub(super) fn is_word(c: u32, all: bool) -> bool {
    match c {
        0x30..=0x39 | 0x41..=0x5a | 0x5f | 0x61..=0x7a => true,
        0..0x80 => false,
        _ => all && unicode::is_alnum(c),
    }
}

/// A part of a set; the first that knows the character decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// From here on, what is in a part is not in the set, and the other way round.
    Negate,
    Literal(u32),
    Range(u32, u32),
    /// A range that has the character or its upper case.
    RangeFolded(u32, u32),
    Category(Category),
    /// The first 256 code points.
    Bitmap(Box<[u32; 8]>),
    /// The first 65,536, by blocks of 256.
    Blocks(Box<[u8; 256]>, Box<[[u32; 8]]>),
}

fn bit(map: &[u32; 8], c: u32) -> bool {
    map[(c as usize & 255) >> 5] >> (c & 31) & 1 == 1
}

/// A set of characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Set {
    fold: Fold,
    parts: Vec<Part>,
    /// What of the first 256 code points is in it.
    low: [u64; 4],
}

impl Set {
    pub fn new(fold: Fold, parts: Vec<Part>) -> Set {
        let mut set = Set { fold, parts, low: [0; 4] };
        for c in 0..256u32 {
            if set.holds(c) {
                set.low[c as usize >> 6] |= 1 << (c & 63);
            }
        }
        set
    }

    #[inline]
    pub fn has(&self, c: u32) -> bool {
        if c < 256 {
            return self.low[c as usize >> 6] >> (c & 63) & 1 == 1;
        }
        self.holds(c)
    }

    fn holds(&self, c: u32) -> bool {
        let lower = self.fold.lower(c);
        if self.has_exactly(lower) {
            return true;
        }
        // The upper case may be in it alone: locales do without the compiler's help.
        self.fold == Fold::Locale && matches!(lower, 0x61..=0x7a) && self.has_exactly(lower - 0x20)
    }

    fn has_exactly(&self, c: u32) -> bool {
        let mut found = true;
        for part in &self.parts {
            let here = match part {
                Part::Negate => {
                    found = !found;
                    false
                }
                Part::Literal(l) => c == *l,
                Part::Range(lo, hi) => (*lo..=*hi).contains(&c),
                Part::RangeFolded(lo, hi) => (*lo..=*hi).contains(&c) || (*lo..=*hi).contains(&simple_upper(c)),
                Part::Category(k) => k.has(c),
                Part::Bitmap(map) => c < 256 && bit(map, c),
                Part::Blocks(index, blocks) => {
                    c < 0x1_0000 && blocks.get(usize::from(index[c as usize >> 8])).is_some_and(|b| bit(b, c))
                }
            };
            if here {
                return found;
            }
        }
        !found
    }
}

impl Class {
    #[inline]
    pub fn has(self, sets: &[Set], c: u32) -> bool {
        match self {
            Class::Never => false,
            Class::Any => c != 0x0a,
            Class::All => true,
            Class::Literal(l) => c == l,
            Class::Not(l) => c != l,
            Class::Set(i) => sets[i as usize].has(c),
            Class::Folded(fold, l) => is_case_of(fold, c, l),
            Class::NotFolded(fold, l) => !is_case_of(fold, c, l),
        }
    }

    /// How many characters in front of `text` match.
    #[inline]
    pub fn count<C: Unit>(self, sets: &[Set], text: &[C]) -> usize {
        let until = |stop: &dyn Fn(u32) -> bool| text.iter().position(|c| stop((*c).into())).unwrap_or(text.len());
        match self {
            Class::All => text.len(),
            Class::Any => C::find(text, 0x0a).unwrap_or(text.len()),
            Class::Not(l) => C::find(text, l).unwrap_or(text.len()),
            Class::Literal(l) => until(&|c| c != l),
            Class::Set(i) => {
                let set = &sets[i as usize];
                text.iter().position(|c| !set.has((*c).into())).unwrap_or(text.len())
            }
            _ => until(&|c| !self.has(sets, c)),
        }
    }
}

/// Whether `c` is the pattern's letter `l`, case ignored.
fn is_case_of(fold: Fold, c: u32, l: u32) -> bool {
    c == l || fold.lower(c) == l || fold == Fold::Locale && fold.lower(c) == fold.lower(l)
}
