//! Taking `str` apart and together: split, partition, strip, join.
//!
//! Tests: tests/lang/str.md; CPython test_str (string_tests).

use crate::any;
use typhon_macros::class;
use typhon_object::list::List;
use typhon_object::str::{self, Str};
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, ops};
use typhon_text::strview::{self, Chars, Pieces, StrView};

struct StrSplit;

fn pieces(cx: &Cx, s: Gc<Str>, p: Pieces) -> Result<Obj> {
    any::list_of(cx, p.len(), |i| Ok(str::substring(cx, s, p[i].start, p[i].end)?.obj()))
}

fn split(
    cx: &Cx,
    s: Gc<Str>,
    sep: Obj,
    maxsplit: isize,
    (by, by_space): (fn(StrView<'_>, StrView<'_>, usize) -> Pieces, fn(StrView<'_>, usize) -> Pieces),
) -> Result<Obj> {
    let limit = any::limit(maxsplit);
    if sep.is_none() {
        return pieces(cx, s, by_space(s.view(), limit));
    }
    let Some(sep) = sep.cast::<Str>() else {
        let n = cx.type_name(sep);
        return Err(cx.type_error(format!("must be str or None, not {n}")));
    };
    if sep.is_empty() {
        return Err(cx.value_error("empty separator"));
    }
    pieces(cx, s, by(s.view(), sep.view(), limit))
}

fn separator(cx: &Cx, sep: Obj) -> Result<Gc<Str>> {
    let Some(s) = sep.cast::<Str>() else {
        let n = cx.type_name(sep);
        return Err(cx.type_error(format!("must be str, not {n}")));
    };
    if s.is_empty() { Err(cx.value_error("empty separator")) } else { Ok(s) }
}

fn strip(
    cx: &Cx,
    s: Gc<Str>,
    chars: Obj,
    name: &str,
    f: fn(StrView<'_>, Chars<'_>) -> std::ops::Range<usize>,
) -> Result<Obj> {
    let range = if chars.is_none() {
        f(s.view(), Chars::Space)
    } else {
        let Some(c) = chars.cast::<Str>() else {
            return Err(cx.type_error(format!("{name} arg must be None or str")));
        };
        f(s.view(), Chars::AnyOf(c.view()))
    };
    Ok(str::substring(cx, s, range.start, range.end)?.obj())
}

#[class(name = "str", extends = Str)]
impl StrSplit {
    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any
    ///     whitespace character (including \n \r \t \f and spaces) and
    ///     will discard empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the front of the string and works to the end.
    ///
    /// Note, str.split() is mainly useful for data that has been
    /// intentionally delimited.  With natural text that includes
    /// punctuation, consider using the regular expression module.
    #[sig(sep = None, maxsplit = -1)]
    fn split(this: Gc<Str>, cx: &mut Cx, sep: Obj, maxsplit: isize) -> Result<Obj> {
        split(cx, this, sep, maxsplit, (strview::split, strview::split_space))
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any
    ///     whitespace character (including \n \r \t \f and spaces) and
    ///     will discard empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the end of the string and works to the front.
    #[sig(sep = None, maxsplit = -1)]
    fn rsplit(this: Gc<Str>, cx: &mut Cx, sep: Obj, maxsplit: isize) -> Result<Obj> {
        split(cx, this, sep, maxsplit, (strview::rsplit, strview::rsplit_space))
    }

    /// Return a list of the lines in the string, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends
    /// is given and true.
    #[sig(keepends = False)]
    fn splitlines(this: Gc<Str>, cx: &mut Cx, keepends: bool) -> Result<Obj> {
        pieces(cx, this, strview::split_lines(this.view(), keepends))
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string.  If the separator
    /// is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing
    /// the original string and two empty strings.
    #[sig(sep, /)]
    fn partition(this: Gc<Str>, cx: &mut Cx, sep: Obj) -> Result<Obj> {
        let sep = separator(cx, sep)?;
        let empty = str::from_latin1(cx, b"")?.obj();
        let parts = match strview::partition(this.view(), sep.view()) {
            Some((a, b)) => [
                str::substring(cx, this, a.start, a.end)?.obj(),
                sep.obj(),
                str::substring(cx, this, b.start, b.end)?.obj(),
            ],
            None => [super::exact(cx, this)?, empty, empty],
        };
        Ok(tuple::new(cx, &parts)?.obj())
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string, starting at the
    /// end.  If the separator is found, returns a 3-tuple containing the
    /// part before the separator, the separator itself, and the part after
    /// it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two
    /// empty strings and the original string.
    #[sig(sep, /)]
    fn rpartition(this: Gc<Str>, cx: &mut Cx, sep: Obj) -> Result<Obj> {
        let sep = separator(cx, sep)?;
        let empty = str::from_latin1(cx, b"")?.obj();
        let parts = match strview::rpartition(this.view(), sep.view()) {
            Some((a, b)) => [
                str::substring(cx, this, a.start, a.end)?.obj(),
                sep.obj(),
                str::substring(cx, this, b.start, b.end)?.obj(),
            ],
            None => [empty, empty, super::exact(cx, this)?],
        };
        Ok(tuple::new(cx, &parts)?.obj())
    }

    /// Return a copy of the string with leading and trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[sig(chars = None, /)]
    fn strip(this: Gc<Str>, cx: &mut Cx, chars: Obj) -> Result<Obj> {
        strip(cx, this, chars, "strip", strview::strip)
    }

    /// Return a copy of the string with leading whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[sig(chars = None, /)]
    fn lstrip(this: Gc<Str>, cx: &mut Cx, chars: Obj) -> Result<Obj> {
        strip(cx, this, chars, "lstrip", strview::strip_start)
    }

    /// Return a copy of the string with trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[sig(chars = None, /)]
    fn rstrip(this: Gc<Str>, cx: &mut Cx, chars: Obj) -> Result<Obj> {
        strip(cx, this, chars, "rstrip", strview::strip_end)
    }

    /// Concatenate any number of strings.
    ///
    /// The string whose method is called is inserted in between each given
    /// string.  The result is returned as a new string.
    ///
    /// Example: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'
    #[sig(iterable, /)]
    fn join(this: Gc<Str>, cx: &mut Cx, iterable: Obj) -> Result<Obj> {
        join(cx, this, iterable)
    }
}

/// `sep.join(iterable)`.
pub fn join(cx: &mut Cx, sep: Gc<Str>, iterable: Obj) -> Result<Obj> {
    let items = items(cx, iterable)?;
    match str::join_items(cx, sep, items)? {
        Ok(s) => Ok(s.obj()),
        Err(i) => {
            let n = cx.type_name(items[i]);
            Err(cx.type_error(format!("sequence item {i}: expected str instance, {n} found")))
        }
    }
}

/// The items to join, in an array or tuple that nobody else writes to; they keep it alive.
fn items(cx: &mut Cx, iterable: Obj) -> Result<&'static [Obj]> {
    if let Some(t) = iterable.cast::<Tuple>() {
        return Ok(t.payload().items());
    }
    if let Some(l) = iterable.cast::<List>() {
        let a = l.snapshot(cx)?;
        return Ok(a.items(a.cap()));
    }
    let it = match ops::get_iter(cx, iterable) {
        Err(e) if e.is(cx, ExcKind::TypeError) => return Err(cx.type_error("can only join an iterable")),
        r => r?,
    };
    // Nothing else knows the list.
    let (a, n) = ops::list_from_iter(cx, it)?.write(cx).take();
    Ok(a.map_or(&[], |a| a.items(n)))
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrSplit::MEMBERS)
}
