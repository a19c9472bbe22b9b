//! Properties and case mappings of code points, Unicode 16.0 as in CPython 3.14.
//!
//! The tables are generated: tables.rs says how. A code point selects a block, the
//! block a record; records are shared by everything that behaves alike.

mod runs;
mod tables;

use tables as t;

/// What code points of one kind have in common.
pub struct Record {
    flags: u16,
    digit: u8,
    upper: i32,
    lower: i32,
    title: i32,
    fold: i32,
}

impl Record {
    const fn new(flags: u16, digit: u8, upper: i32, lower: i32, title: i32, fold: i32) -> Self {
        Record { flags, digit, upper, lower, title, fold }
    }
}

#[inline]
fn record(code_point: u32) -> &'static Record {
    let block = t::BLOCKS.get((code_point >> t::SHIFT) as usize).copied().unwrap_or(0);
    let mask = (1 << t::SHIFT) - 1;
    let leaf = (usize::from(block) << t::SHIFT) | (code_point & mask) as usize;
    &t::RECORDS[usize::from(t::LEAVES[leaf])]
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident = $flag:ident;)*) => {
        $($(#[$doc])*
        #[inline]
        pub fn $name(code_point: u32) -> bool {
            record(code_point).flags & t::$flag != 0
        })*
    };
}

predicates! {
    is_alpha = ALPHA;
    is_decimal = DECIMAL;
    is_digit = DIGIT;
    is_numeric = NUMERIC;
    is_space = SPACE;
    is_upper = UPPER;
    is_lower = LOWER;
    /// Category Lt.
    is_title = TITLE;
    is_printable = PRINTABLE;
    /// May begin an identifier; true for the underscore.
    is_xid_start = XID_START;
    is_xid_continue = XID_CONTINUE;
    /// Skipped when looking for the letters around a final sigma.
    is_case_ignorable = CASE_IGNORABLE;
}

pub fn is_alnum(code_point: u32) -> bool {
    record(code_point).flags & (t::ALPHA | t::DECIMAL | t::DIGIT | t::NUMERIC) != 0
}

pub fn is_cased(code_point: u32) -> bool {
    record(code_point).flags & (t::UPPER | t::LOWER | t::TITLE) != 0
}

/// Where `str.splitlines` breaks.
pub fn is_line_break(code_point: u32) -> bool {
    matches!(
        code_point,
        0x0a..=0x0d | 0x1c..=0x1e | 0x85 | 0x2028 | 0x2029
    )
}

/// The value of a decimal digit.
#[inline]
pub fn decimal(code_point: u32) -> Option<u32> {
    if code_point < 0x80 {
        let value = code_point.wrapping_sub(0x30);
        return (value < 10).then_some(value);
    }
    let record = record(code_point);
    (record.flags & t::DECIMAL != 0).then_some(u32::from(record.digit))
}

/// The value of a digit, also of superscripts and the like.
pub fn digit(code_point: u32) -> Option<u32> {
    let record = record(code_point);
    (record.flags & t::DIGIT != 0).then_some(u32::from(record.digit))
}

/// One to three code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    code_points: [u32; 3],
    len: u8,
}

impl Mapped {
    fn new(code_point: u32, mapping: i32) -> Self {
        const EXTENDED: i32 = 1 << 24;
        if mapping < EXTENDED {
            let mapped = code_point.wrapping_add_signed(mapping);
            return Mapped { code_points: [mapped, 0, 0], len: 1 };
        }
        let place = (mapping - EXTENDED) as usize;
        let (start, len) = (place / 4, place % 4);
        let mut code_points = [0; 3];
        code_points[..len].copy_from_slice(&t::EXTENDED[start..start + len]);
        Mapped { code_points, len: len as u8 }
    }

    pub fn as_slice(&self) -> &[u32] {
        &self.code_points[..usize::from(self.len)]
    }
}

pub fn to_upper(code_point: u32) -> Mapped {
    Mapped::new(code_point, record(code_point).upper)
}

/// Without the rule for final sigma, which needs context.
pub fn to_lower(code_point: u32) -> Mapped {
    Mapped::new(code_point, record(code_point).lower)
}

pub fn to_title(code_point: u32) -> Mapped {
    Mapped::new(code_point, record(code_point).title)
}

pub fn to_casefold(code_point: u32) -> Mapped {
    Mapped::new(code_point, record(code_point).fold)
}

fn run(table: &[u32], code_point: u32) -> u32 {
    const CODE: u32 = (1 << 21) - 1;
    // The first run begins at 0.
    let after = table.partition_point(|r| r & CODE <= code_point);
    table[after.saturating_sub(1)] >> 21
}

fn direction(bits: u32) -> &'static str {
    runs::DIRECTIONS[(bits >> 5) as usize]
}

/// The bidirectional class; empty for what is not assigned.
pub fn bidirectional(code_point: u32) -> &'static str {
    direction(run(&runs::NEW, code_point))
}

/// Category and bidirectional class in Unicode 3.2, which host names go by.
pub fn in_version_3_2(code_point: u32) -> (&'static str, &'static str) {
    let bits = run(&runs::OLD, code_point);
    (runs::CATEGORIES[(bits & 31) as usize], direction(bits))
}
