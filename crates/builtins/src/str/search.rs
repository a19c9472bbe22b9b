//! Searching in `str`: find, count, replace, prefixes and suffixes.
//!
//! Tests: tests/lang/str.md; CPython test_str (string_tests).

use crate::any::{self, Bound};
use typhon_macros::class;
use typhon_object::native::{FromArg, Missing};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result};
use typhon_text::strview::{self, StrView};

struct StrSearch;

/// The part of `this` to search, `start` and `end` being looked at only now: what is
/// searched for is refused before them.
fn part(cx: &mut Cx, this: Gc<Str>, start: Obj, end: Obj) -> Result<Option<std::ops::Range<usize>>> {
    let (start, end) = (Bound::from_arg(cx, start)?, Bound::from_arg(cx, end)?);
    Ok(any::search_range(start, end, this.len()))
}

fn locate(
    cx: &mut Cx,
    this: Gc<Str>,
    sub: Obj,
    (start, end): (Obj, Obj),
    name: &str,
    find: fn(StrView<'_>, StrView<'_>) -> Option<usize>,
) -> Result<Option<usize>> {
    let Some(sub) = sub.cast::<Str>() else {
        return Err(any::bad_arg(cx, &format!("{name}() argument 1"), "str", sub));
    };
    let Some(range) = part(cx, this, start, end)? else { return Ok(None) };
    let from = range.start;
    Ok(find(this.view().slice(range), sub.view()).map(|i| i + from))
}

fn position(i: Option<usize>) -> i64 {
    i.map_or(-1, |i| i as i64)
}

/// Whether the text in the range begins (or ends) with `what`: a string or
/// any of a tuple.
fn has_affix(
    cx: &Cx,
    this: Gc<Str>,
    what: Obj,
    (start, end): (Bound, Bound),
    name: &str,
    test: fn(StrView<'_>, StrView<'_>) -> bool,
) -> Result<bool> {
    let range = any::search_range(start, end, this.len());
    let holds = |s: Gc<Str>| range.clone().is_some_and(|r| test(this.view().slice(r), s.view()));
    if let Some(s) = what.cast::<Str>() {
        return Ok(holds(s));
    }
    let Some(t) = what.cast::<Tuple>() else {
        let n = cx.type_name(what);
        return Err(cx.type_error(format!("{name} first arg must be str or a tuple of str, not {n}")));
    };
    for o in t.items() {
        let Some(s) = o.cast::<Str>() else {
            let n = cx.type_name(*o);
            return Err(cx.type_error(format!("tuple for {name} must only contain str, not {n}")));
        };
        if holds(s) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[class(name = "str", extends = Str)]
impl StrSearch {
    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Return -1 on failure.
    #[sig(sub, start = None, end = None, /)]
    fn find(this: Gc<Str>, cx: &mut Cx, sub: Obj, start: Obj, end: Obj) -> Result<i64> {
        Ok(position(locate(cx, this, sub, (start, end), "find", strview::find)?))
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Return -1 on failure.
    #[sig(sub, start = None, end = None, /)]
    fn rfind(this: Gc<Str>, cx: &mut Cx, sub: Obj, start: Obj, end: Obj) -> Result<i64> {
        Ok(position(locate(cx, this, sub, (start, end), "rfind", strview::rfind)?))
    }

    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Raises ValueError when the substring is not found.
    #[sig(sub, start = None, end = None, /)]
    fn index(this: Gc<Str>, cx: &mut Cx, sub: Obj, start: Obj, end: Obj) -> Result<usize> {
        locate(cx, this, sub, (start, end), "index", strview::find)?
            .ok_or_else(|| cx.value_error("substring not found"))
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.  Raises ValueError when the substring is not found.
    #[sig(sub, start = None, end = None, /)]
    fn rindex(this: Gc<Str>, cx: &mut Cx, sub: Obj, start: Obj, end: Obj) -> Result<usize> {
        locate(cx, this, sub, (start, end), "rindex", strview::rfind)?
            .ok_or_else(|| cx.value_error("substring not found"))
    }

    /// Return the number of non-overlapping occurrences of substring sub in string S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice
    /// notation.
    #[sig(sub, start = None, end = None, /)]
    fn count(this: Gc<Str>, cx: &mut Cx, sub: Obj, start: Obj, end: Obj) -> Result<usize> {
        let sub = any::str_arg(cx, sub, "count() argument 1")?;
        Ok(match part(cx, this, start, end)? {
            Some(range) => strview::count(this.view().slice(range), sub.view()),
            None => 0,
        })
    }

    /// Return True if the string starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[sig(prefix, start = None, end = None, /)]
    fn startswith(this: Gc<Str>, cx: &mut Cx, prefix: Obj, start: Bound, end: Bound) -> Result<bool> {
        has_affix(cx, this, prefix, (start, end), "startswith", strview::starts_with)
    }

    /// Return True if the string ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[sig(suffix, start = None, end = None, /)]
    fn endswith(this: Gc<Str>, cx: &mut Cx, suffix: Obj, start: Bound, end: Bound) -> Result<bool> {
        has_affix(cx, this, suffix, (start, end), "endswith", strview::ends_with)
    }

    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[sig(old, new, /, count = -1)]
    fn replace(this: Gc<Str>, cx: &mut Cx, old: Obj, new: Obj, count: Missing<Obj>) -> Result<Obj> {
        let old = any::str_arg(cx, old, "replace() argument 1")?;
        let new = any::str_arg(cx, new, "replace() argument 2")?;
        let count = count.given().map_or(Ok(-1), |c| isize::from_arg(cx, c))?;
        match strview::replace(this.view(), old.view(), new.view(), any::limit(count)) {
            Some(b) => Ok(super::from_buf(cx, b)?.obj()),
            None => super::exact(cx, this),
        }
    }

    /// Return a str with the given prefix string removed if present.
    ///
    /// If the string starts with the prefix string, return
    /// string[len(prefix):].  Otherwise, return a copy of the original
    /// string.
    #[sig(prefix, /)]
    fn removeprefix(this: Gc<Str>, cx: &mut Cx, prefix: Obj) -> Result<Obj> {
        let p = any::str_arg(cx, prefix, "removeprefix() argument")?;
        if strview::starts_with(this.view(), p.view()) {
            return Ok(str::substring(cx, this, p.len(), this.len())?.obj());
        }
        super::exact(cx, this)
    }

    /// Return a str with the given suffix string removed if present.
    ///
    /// If the string ends with the suffix string and that suffix is not
    /// empty, return string[:-len(suffix)].  Otherwise, return a copy of
    /// the original string.
    #[sig(suffix, /)]
    fn removesuffix(this: Gc<Str>, cx: &mut Cx, suffix: Obj) -> Result<Obj> {
        let s = any::str_arg(cx, suffix, "removesuffix() argument")?;
        if strview::ends_with(this.view(), s.view()) {
            return Ok(str::substring(cx, this, 0, this.len() - s.len())?.obj());
        }
        super::exact(cx, this)
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrSearch::MEMBERS)
}
