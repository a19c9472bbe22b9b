//! `_csv.Dialect`: the parameters of a format, checked and fixed.
//!
//! Tests: CPython test_csv.

use super::registered;
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, class_of, instance_of};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::types::Type;
use typhon_object::{Cx, Result, int, ops};

/// When fields are quoted, and what quotes mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    Minimal,
    All,
    NonNumeric,
    None,
    Strings,
    NotNull,
}

impl Quoting {
    const ALL: [Quoting; 6] =
        [Quoting::Minimal, Quoting::All, Quoting::NonNumeric, Quoting::None, Quoting::Strings, Quoting::NotNull];
}

/// `_csv.Dialect`.
#[derive(Trace)]
pub struct Dialect {
    pub delimiter: u32,
    pub doublequote: bool,
    #[trace(skip)]
    pub escapechar: Option<u32>,
    pub lineterminator: Gc<Str>,
    #[trace(skip)]
    pub quotechar: Option<u32>,
    #[trace(skip)]
    pub quoting: Quoting,
    pub skipinitialspace: bool,
    pub strict: bool,
}

const NAMES: [&str; 8] =
    ["delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict"];

/// Parameters as they were given, in the order of [`NAMES`].
#[derive(Clone, Copy, Default)]
pub struct Given {
    values: [Option<Obj>; 8],
}

impl Given {
    /// Take one by name.
    pub fn set(&mut self, cx: &Cx, name: Gc<Str>, v: Obj) -> Result<()> {
        match NAMES.iter().position(|n| name.eq_str(n)) {
            Some(i) => {
                self.values[i] = Some(v);
                Ok(())
            }
            None => Err(cx.type_error(format!("this function got an unexpected keyword argument '{}'", name.to_str()))),
        }
    }
    fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}

fn bad_char(cx: &Cx, name: &str, or_none: &str, o: Obj) -> typhon_object::Raised {
    match o.cast::<Str>() {
        Some(s) => cx
            .type_error(format!("\"{name}\" must be a unicode character{or_none}, not a string of length {}", s.len())),
        None => cx.type_error(format!("\"{name}\" must be a unicode character{or_none}, not {}", cx.type_name(o))),
    }
}

fn char_of(o: Obj) -> Option<u32> {
    o.cast::<Str>().filter(|s| s.len() == 1).map(|s| s.at(0))
}

fn optional_char(cx: &Cx, name: &str, o: Option<Obj>, default: Option<u32>) -> Result<Option<u32>> {
    match o {
        None => Ok(default),
        Some(Obj::NONE) => Ok(None),
        Some(o) => char_of(o).map(Some).ok_or_else(|| bad_char(cx, name, " or None", o)),
    }
}

fn flag(cx: &mut Cx, o: Option<Obj>, default: bool) -> Result<bool> {
    match o {
        None => Ok(default),
        Some(o) => ops::truth(cx, o),
    }
}

impl Dialect {
    fn check(cx: &mut Cx, g: &Given) -> Result<Dialect> {
        let [delimiter, doublequote, escapechar, lineterminator, quotechar, quoting, skipinitialspace, strict] =
            g.values;
        let delimiter = match delimiter {
            None => u32::from(','),
            Some(o) => char_of(o).ok_or_else(|| bad_char(cx, "delimiter", "", o))?,
        };
        let doublequote = flag(cx, doublequote, true)?;
        let escapechar = optional_char(cx, "escapechar", escapechar, None)?;
        let lineterminator = match lineterminator {
            None => str::new(cx, "\r\n")?,
            Some(o) => o.cast::<Str>().ok_or_else(|| {
                cx.type_error(format!("\"lineterminator\" must be a string, not {}", cx.type_name(o)))
            })?,
        };
        let no_quote = quotechar == Some(Obj::NONE);
        let quotechar = optional_char(cx, "quotechar", quotechar, Some(u32::from('"')))?;
        let quoting = match quoting {
            None if no_quote => Quoting::None,
            None => Quoting::Minimal,
            Some(o) if !int::is_int(o) => {
                return Err(cx.type_error(format!("\"quoting\" must be an integer, not {}", cx.type_name(o))));
            }
            Some(o) => {
                let n = int::to_i64(o).and_then(|n| usize::try_from(n).ok());
                match n.and_then(|n| Quoting::ALL.get(n)) {
                    Some(q) => *q,
                    None => return Err(cx.type_error("bad \"quoting\" value")),
                }
            }
        };
        let d = Dialect {
            delimiter,
            doublequote,
            escapechar,
            lineterminator,
            quotechar,
            quoting,
            skipinitialspace: flag(cx, skipinitialspace, false)?,
            strict: flag(cx, strict, false)?,
        };
        if d.quoting != Quoting::None && d.quotechar.is_none() {
            return Err(cx.type_error("quotechar must be set if quoting enabled"));
        }
        d.check_chars(cx)?;
        Ok(d)
    }
    fn check_chars(&self, cx: &Cx) -> Result<()> {
        let space = !self.skipinitialspace;
        let one = |name: &str, c: Option<u32>, space: bool| -> Result<()> {
            let Some(c) = c else { return Ok(()) };
            if c == 10 || c == 13 || (c == 32 && !space) {
                return Err(cx.value_error(format!("bad {name} value")));
            }
            if self.lineterminator.chars().any(|t| t == c) {
                return Err(cx.value_error(format!("bad {name} or lineterminator value")));
            }
            Ok(())
        };
        let two = |a: &str, b: &str, x: Option<u32>, y: Option<u32>| match (x, y) {
            (Some(x), Some(y)) if x == y => Err(cx.value_error(format!("bad {a} or {b} value"))),
            _ => Ok(()),
        };
        let delimiter = Some(self.delimiter);
        one("delimiter", delimiter, true)?;
        one("escapechar", self.escapechar, space)?;
        one("quotechar", self.quotechar, space)?;
        two("delimiter", "escapechar", delimiter, self.escapechar)?;
        two("delimiter", "quotechar", delimiter, self.quotechar)?;
        two("escapechar", "quotechar", self.escapechar, self.quotechar)
    }
}

/// A dialect from another (an object or a registered name) and parameters.
pub fn make(cx: &mut Cx, cls: Option<Gc<Type>>, base: Option<Obj>, mut given: Given) -> Result<Gc<Dialect>> {
    let class = class_of::<Dialect>(cx)?;
    let base = match base.filter(|b| !b.is_none()) {
        Some(b) if b.cast::<Str>().is_some() => Some(registered(cx, b)?),
        b => b,
    };
    if let Some(b) = base {
        if given.is_empty()
            && cls.is_none_or(|c| c == class)
            && let Some(d) = b.cast::<Dialect>()
        {
            return Ok(d);
        }
        for (i, n) in NAMES.iter().enumerate() {
            if given.values[i].is_none() {
                given.values[i] = crate::util::attr_opt(cx, b, n)?;
            }
        }
    }
    let d = Dialect::check(cx, &given)?;
    instance_of(cx, cls.unwrap_or(class), d)
}

fn char_obj(cx: &Cx, c: Option<u32>) -> Result<Obj> {
    match c {
        Some(c) => Ok(str::from_char(cx, c)?.obj()),
        None => Ok(Obj::NONE),
    }
}

/// CSV dialect
///
/// The Dialect type records CSV dialect options.
#[class(module = "_csv", name = "Dialect", subclassable)]
impl Dialect {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let mut given = Given::default();
        let mut base = args.pos.first().copied();
        for (i, v) in args.pos.iter().skip(1).enumerate() {
            match given.values.get_mut(i) {
                Some(slot) => *slot = Some(*v),
                None => return Err(cx.type_error("Dialect() takes at most 9 arguments")),
            }
        }
        for (k, v) in args.keywords() {
            if k.eq_str("dialect") { base = Some(v) } else { given.set(cx, k, v)? }
        }
        Ok(make(cx, Some(cls), base, given)?.obj())
    }
    #[getter]
    fn delimiter(&self, cx: &Cx) -> Result<Obj> {
        char_obj(cx, Some(self.delimiter))
    }
    #[getter]
    fn doublequote(&self) -> bool {
        self.doublequote
    }
    #[getter]
    fn escapechar(&self, cx: &Cx) -> Result<Obj> {
        char_obj(cx, self.escapechar)
    }
    #[getter]
    fn lineterminator(&self) -> Gc<Str> {
        self.lineterminator
    }
    #[getter]
    fn quotechar(&self, cx: &Cx) -> Result<Obj> {
        char_obj(cx, self.quotechar)
    }
    #[getter]
    fn quoting(&self) -> i64 {
        self.quoting as i64
    }
    #[getter]
    fn skipinitialspace(&self) -> bool {
        self.skipinitialspace
    }
    #[getter]
    fn strict(&self) -> bool {
        self.strict
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        Err(cx.type_error(format!("cannot pickle '{}' instances", ops::class_of(this.obj()).name())))
    }
    fn __reduce_ex__(this: Gc<Self>, cx: &mut Cx, protocol: Obj) -> Result<Obj> {
        let _ = protocol;
        Dialect::__reduce__(this, cx)
    }
}
