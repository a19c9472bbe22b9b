//! `typhon-text`: algorithms without objects.
//!
//! Owns: big-integer arithmetic, number formatting and parsing, strings at one,
//! two and four bytes per code point, Unicode properties, codecs, hashes and the
//! small format languages of Python. Nothing here knows an object, raises a
//! Python exception, or contains `unsafe`; errors are values that the caller
//! turns into exceptions.
//!
//! Tests: beside each file, with values taken from CPython 3.14.

#![forbid(unsafe_code)]
// `a << 4 | b` reads as one thing in code that packs bits all day.
#![allow(clippy::precedence)]
// One expression serves three widths of units; it widens what may be wide already.
#![allow(clippy::useless_conversion)]

pub mod codec;
pub mod complex;
pub mod decimal;
pub mod float;
pub mod format_spec;
pub mod hash;
pub mod int;
pub mod percent;
pub mod regex;
pub mod struct_fmt;
pub mod strview;
pub mod unicode;
