//! Receivers of methods of types whose values need not be on the heap, and
//! argument checks that several types share.
//!
//! The marker types stand in `Gc<T>` for "any value that is a T"; only
//! `Gc::obj` may be used on them, nothing is ever behind the pointer.
//! Tests: through the types.

use crate::hooks;
use typhon_object::native::{Args, FromArg, Payload};
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, array, float, int, list, ops, shape};
use typhon_text::format_spec::{FormatError, Formatted, Locale};
use typhon_text::strview::{StrBuf, StrView};

macro_rules! receivers {
    ($($(#[$doc:meta])* $name:ident($o:ident) $test:expr, $class:expr;)*) => { $(
        $(#[$doc])*
        pub struct $name;
        impl Payload for $name {
            #[inline]
            fn is($o: Obj) -> bool {
                $test
            }
            fn class() -> Option<Gc<Type>> {
                let shape: Option<u32> = $class;
                shape.map(types::class_for)
            }
        }
    )* };
}

receivers! {
    /// Any value.
    Object(_o) true, None;
    /// An int of any size, a bool, or an instance of a subclass.
    Int(o) int::is_int(o), Some(shape::INT);
    /// A float or an instance of a subclass.
    Float(o) o.is_small_float() || float::value(o).is_some(), Some(shape::FLOAT);
    /// `True` or `False`.
    Bool(o) o.shape() == shape::BOOL, Some(shape::BOOL);
    /// `None`.
    NoneType(o) o.is_none(), Some(shape::NONE);
    /// `...`
    Ellipsis(o) o == Obj::ELLIPSIS, Some(shape::ELLIPSIS);
    /// `NotImplemented`
    NotImplementedType(o) o == Obj::NOT_IMPLEMENTED, Some(shape::NOT_IMPLEMENTED);
}

/// How CPython's argument parser names the type of a wrong argument.
pub fn arg_type(cx: &Cx, o: Obj) -> String {
    if o.is_none() { "None".into() } else { cx.type_name(o) }
}

/// `"{what} must be {wanted}, not {type}"`.
#[cold]
pub fn bad_arg(cx: &Cx, what: &str, wanted: &str, o: Obj) -> Raised {
    cx.type_error(format!("{what} must be {wanted}, not {}", arg_type(cx, o)))
}

/// A `str` argument; `what` is for example "find() argument 1".
#[inline]
pub fn str_arg(cx: &Cx, o: Obj, what: &str) -> Result<Gc<Str>> {
    match o.cast::<Str>() {
        Some(s) => Ok(s),
        None => Err(bad_arg(cx, what, "str", o)),
    }
}

/// The one optional positional argument of a constructor without keywords.
pub fn at_most_one(cx: &Cx, name: &str, args: Args<'_>) -> Result<Option<Obj>> {
    if args.kw.is_some_and(|k| !k.is_empty()) {
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    match args.pos {
        [] => Ok(None),
        [v] => Ok(Some(*v)),
        _ => Err(cx.type_error(format!("{name} expected at most 1 argument, got {}", args.pos.len()))),
    }
}

/// Raise what a format specification's error means.
pub fn format_error(cx: &Cx, e: FormatError) -> Raised {
    match e {
        FormatError::Value(m) => cx.value_error(m),
        FormatError::Overflow(m) => cx.error(ExcKind::OverflowError, m),
        FormatError::Memory => cx.memory_error(),
    }
}

/// Run `f` with the number layout that format code `n` asks for.
pub fn with_locale<R>(cx: &mut Cx, spec: StrView<'_>, f: impl FnOnce(&Locale<'_>) -> R) -> Result<R> {
    let last = spec.len().checked_sub(1).and_then(|i| spec.get(i));
    match hooks::LOCALE.get() {
        Some(hook) if last == Some(u32::from(b'n')) => {
            let (point, separator, grouping) = hook(cx)?;
            Ok(f(&Locale { decimal_point: &point, thousands_separator: &separator, grouping: &grouping }))
        }
        _ => Ok(f(&Locale::C)),
    }
}

/// A `str` of a formatted number.
pub fn formatted(cx: &Cx, r: std::result::Result<Formatted, FormatError>) -> Result<Obj> {
    match r {
        Ok(f) => {
            let mut out = StrBuf::with_capacity(f.len());
            f.write(&mut out);
            Ok(str::from_view(cx, &out.as_view())?.obj())
        }
        Err(e) => Err(format_error(cx, e)),
    }
}

/// A `start` or `end` argument of a search: any index, or None.
#[derive(Clone, Copy, Debug)]
pub struct Bound(pub Option<isize>);

impl FromArg for Bound {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Bound> {
        if v.is_none() {
            return Ok(Bound(None));
        }
        if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
            return Err(cx.type_error("slice indices must be integers or None or have an __index__ method"));
        }
        Ok(Bound(Some(ops::index_clamped(cx, v)?)))
    }
    fn from_missing() -> Option<Bound> {
        Some(Bound(None))
    }
}

/// The part of a sequence that a search looks at; `None` if it starts behind
/// its end, where not even nothing is found.
pub fn search_range(start: Bound, end: Bound, len: usize) -> Option<std::ops::Range<usize>> {
    let n = len as isize;
    let wrap = |i: isize| if i < 0 { (i.saturating_add(n)).max(0) } else { i };
    let end = wrap(end.0.unwrap_or(isize::MAX)).min(n);
    let start = wrap(start.0.unwrap_or(0));
    (start <= end).then_some(start as usize..end as usize)
}

/// A `maxsplit` or `count` argument: negative means no limit.
pub fn limit(n: isize) -> usize {
    if n < 0 { usize::MAX } else { n as usize }
}

/// A size argument (`width`), which raises OverflowError where it does not fit.
pub fn size_arg(cx: &mut Cx, o: Obj) -> Result<isize> {
    let i = ops::index(cx, o)?;
    match int::to_i64(i) {
        Some(v) => Ok(v as isize),
        None => Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t")),
    }
}

/// The count of a repetition, or the OverflowError.
pub fn repeat_count(cx: &mut Cx, o: Obj) -> Result<usize> {
    let i = ops::index(cx, o)?;
    match int::to_i64(i) {
        Some(n) => Ok(n.max(0) as usize),
        None => {
            let n = cx.type_name(o);
            Err(cx.error(ExcKind::OverflowError, format!("cannot fit '{n}' into an index-sized integer")))
        }
    }
}

/// A list of `n` values that `item` makes.
pub fn list_of(cx: &Cx, n: usize, mut item: impl FnMut(usize) -> Result<Obj>) -> Result<Obj> {
    let a = array::new(cx, n)?;
    for i in 0..n {
        let v = item(i)?;
        a.set(cx, i, v);
    }
    Ok(list::from_array(cx, a, n)?.obj())
}

/// Whether `o` can stand for an integer index.
#[inline]
pub fn is_index(o: Obj) -> bool {
    int::is_int(o) || ops::class_of(o).special(Dunder::Index).is_some()
}
