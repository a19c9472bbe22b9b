//! The nesting table: within which blocks each instruction stands, and where
//! statements begin. Nobody reads it but `frame.f_lineno = N`, which asks whether a
//! jump is allowed and which registers it has to leave behind.
//!
//! A nest is a block within another one, with the registers that live as long as it
//! does; number 0 is the body itself. A jump is allowed where a statement begins and
//! only out of blocks, or between blocks of the same kinds.
//!
//! Encoding: varints. The number of nests, then for each its parent, kind, first
//! register and number of registers; then for each place the distance to the last one
//! and `nest << 1 | landing`. Decoding is total: damage gives `None`. A nest's parent
//! has a smaller number.
//!
//! Tests: `tests/lang/tracing_jumps.md`; those of this module.

use crate::positions::{get, put};

/// What keeps registers alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Nesting {
    /// A `for` loop: its iterator.
    Iterator,
    /// A value that is needed later: the value of a `return` while a `finally` runs, the
    /// exception that goes on after one.
    Value,
    /// A `with` block: its exit method.
    With,
    /// An exception is being handled: it, and the one that was handled before.
    Except,
    /// The clauses of `except*`: what they raised and what is left to match.
    Star,
}

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nest {
    /// The nest around it.
    pub parent: u32,
    /// What it is.
    pub kind: Nesting,
    /// Its first register.
    pub reg: u16,
    /// Number of its registers.
    pub len: u16,
}

/// Where another nest, or a statement begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The word.
    pub start: u32,
    /// Its nest.
    pub nest: u32,
    /// A statement begins: no value of an expression is waiting in a register.
    pub landing: bool,
}

/// The encoded table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nests(pub crate::code::Raw);

/// The table to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NestTable {
    /// The nests from number 1 on.
    nests: Vec<Nest>,
    /// In order.
    spots: Vec<Spot>,
}

impl Nests {
    /// Encode the nests from number 1 on, and the spots in order.
    pub fn encode(nests: &[Nest], spots: impl IntoIterator<Item = Spot>) -> Nests {
        let mut out = Vec::new();
        put(&mut out, nests.len() as u64);
        for n in nests {
            for v in [n.parent, n.kind as u32, n.reg as u32, n.len as u32] {
                put(&mut out, v as u64);
            }
        }
        let (mut at, mut nest) = (0, 0);
        for s in spots {
            if s.landing || s.nest != nest {
                put(&mut out, (s.start - at) as u64);
                put(&mut out, (s.nest as u64) << 1 | s.landing as u64);
                (at, nest) = (s.start, s.nest);
            }
        }
        Nests(out.into())
    }

    /// The table.
    pub fn decode(&self) -> Option<NestTable> {
        let b = &mut &self.0[..];
        if b.is_empty() {
            return Some(NestTable::default());
        }
        let n = usize::try_from(get(b)?).ok().filter(|n| *n <= b.len())?;
        let mut nests = Vec::with_capacity(n);
        for i in 0..n {
            let parent = u32::try_from(get(b)?).ok().filter(|p| *p as usize <= i)?;
            let kind = match get(b)? {
                0 => Nesting::Iterator,
                1 => Nesting::Value,
                2 => Nesting::With,
                3 => Nesting::Except,
                4 => Nesting::Star,
                _ => return None,
            };
            let (reg, len) = (u16::try_from(get(b)?).ok()?, u16::try_from(get(b)?).ok()?);
            nests.push(Nest { parent, kind, reg, len });
        }
        let mut spots = Vec::new();
        let mut at = 0u32;
        while !b.is_empty() {
            at = at.checked_add(u32::try_from(get(b)?).ok()?)?;
            let v = get(b)?;
            let nest = u32::try_from(v >> 1).ok().filter(|n| *n as usize <= nests.len())?;
            spots.push(Spot { start: at, nest, landing: v & 1 != 0 });
        }
        Some(NestTable { nests, spots })
    }
}

impl NestTable {
    /// The nests around word `at`, outermost first.
    pub fn around(&self, at: u32) -> Vec<Nest> {
        let i = self.spots.partition_point(|s| s.start <= at);
        let mut n = i.checked_sub(1).map_or(0, |i| self.spots[i].nest);
        let mut out = Vec::new();
        while n != 0 {
            let nest = self.nests[n as usize - 1];
            out.push(nest);
            n = nest.parent;
        }
        out.reverse();
        out
    }

    /// Whether a statement begins at word `at`.
    pub fn lands(&self, at: u32) -> bool {
        let from = self.spots.partition_point(|s| s.start < at);
        self.spots[from..].iter().take_while(|s| s.start == at).any(|s| s.landing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roundtrip() {
        let nests = [
            Nest { parent: 0, kind: Nesting::Iterator, reg: 3, len: 1 },
            Nest { parent: 1, kind: Nesting::Except, reg: 5, len: 2 },
        ];
        let spots = [
            Spot { start: 0, nest: 0, landing: true },
            Spot { start: 4, nest: 0, landing: false },
            Spot { start: 6, nest: 2, landing: false },
            Spot { start: 300, nest: 1, landing: true },
        ];
        let t = Nests::encode(&nests, spots).decode().unwrap();
        assert_eq!(t.around(5), []);
        assert_eq!(t.around(6), nests);
        assert_eq!(t.around(1000), nests[..1]);
        assert!(t.lands(0) && t.lands(300) && !t.lands(6));
    }

    #[test]
    fn damage() {
        let good = Nests::encode(
            &[Nest { parent: 0, kind: Nesting::With, reg: 3, len: 1 }],
            [Spot { start: 2, nest: 1, landing: true }],
        );
        for i in 0..good.0.len() {
            for v in [0, 1, 7, 0x80, 0xff] {
                let mut bytes = good.0.to_vec();
                bytes[i] = v;
                if let Some(t) = Nests(bytes.into()).decode() {
                    t.around(2);
                }
            }
        }
        assert_eq!(Nests(vec![1, 1, 0, 0, 0].into()).decode(), None);
    }
}
