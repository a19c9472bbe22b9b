//! The writer.
//!
//! Tests: tests/lang/csv.md; CPython test_csv.

use super::dialect::{Dialect, Quoting};
use super::error;
use crate::util::attr_opt;
use typhon_macros::{Trace, class};
use typhon_object::native;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Dunder, ExcKind, Result, float, int, ops};
use typhon_text::strview::{StrBuf, StrView};

/// `_csv.writer`.
#[derive(Trace)]
pub struct Writer {
    write: Obj,
    dialect: Gc<Dialect>,
}

/// A writer on something with `write`.
pub fn make(cx: &mut Cx, file: Obj, dialect: Gc<Dialect>) -> Result<Gc<Writer>> {
    let write = attr_opt(cx, file, "write")?.filter(|w| crate::codecs::registry::callable(*w));
    let Some(write) = write else {
        return Err(cx.type_error("argument 1 must have a \"write\" method"));
    };
    native::instance(cx, Writer { write, dialect })
}

fn is_number(o: Obj) -> bool {
    let c = ops::class_of(o);
    int::is_int(o)
        || float::value(o).is_some()
        || [Dunder::Int, Dunder::Float, Dunder::Index, Dunder::Complex].into_iter().any(|d| c.special(d).is_some())
}

impl Writer {
    fn field(
        &self,
        cx: &mut Cx,
        out: &mut StrBuf,
        text: StrView<'_>,
        (mut quoted, null): (bool, bool),
        first: bool,
    ) -> Result<()> {
        let d = self.dialect;
        if !first {
            out.push(d.delimiter);
        }
        let special = |c: u32| {
            c == d.delimiter
                || Some(c) == d.escapechar
                || Some(c) == d.quotechar
                || c == 10
                || c == 13
                || d.lineterminator.chars().any(|t| t == c)
        };
        let mut body = StrBuf::with_capacity(text.len());
        for c in text.iter() {
            if special(c) {
                let mut escape = d.quoting == Quoting::None;
                if !escape {
                    if Some(c) == d.quotechar {
                        if d.doublequote { body.push(c) } else { escape = true }
                    } else if Some(c) == d.escapechar {
                        escape = true;
                    }
                    if !escape {
                        quoted = true;
                    }
                }
                if escape {
                    let Some(e) = d.escapechar else {
                        return Err(error(cx, "need to escape, but no escapechar set"));
                    };
                    body.push(e);
                }
            }
            body.push(c);
        }
        // Else the reader would skip the empty field with its space.
        if text.is_empty() && d.delimiter == 32 && d.skipinitialspace {
            if d.quoting == Quoting::None || (null && matches!(d.quoting, Quoting::Strings | Quoting::NotNull)) {
                return Err(error(
                    cx,
                    "empty field must be quoted if delimiter is a space and skipinitialspace is true",
                ));
            }
            quoted = true;
        }
        let quote = d.quotechar.filter(|_| quoted);
        if let Some(q) = quote {
            out.push(q);
        }
        out.push_view(body.as_view());
        if let Some(q) = quote {
            out.push(q);
        }
        Ok(())
    }
    fn row(&self, cx: &mut Cx, seq: Obj) -> Result<Obj> {
        let d = self.dialect;
        let it = match ops::get_iter(cx, seq) {
            Err(e) if e.is(cx, ExcKind::TypeError) => {
                let n = cx.type_name(seq);
                return Err(error(cx, &format!("iterable expected, not {n}")));
            }
            r => r?,
        };
        let mut out = StrBuf::new();
        let mut n = 0;
        let mut null = false;
        while let Some(v) = ops::iter_next(cx, it)? {
            let quoted = match d.quoting {
                Quoting::NonNumeric => !is_number(v),
                Quoting::All => true,
                Quoting::Strings => v.cast::<Str>().is_some(),
                Quoting::NotNull => !v.is_none(),
                _ => false,
            };
            null = v.is_none();
            let s = if null {
                None
            } else if let Some(s) = v.cast::<Str>() {
                Some(s)
            } else {
                Some(ops::to_str(cx, v)?)
            };
            // A missing value that must be quoted is shown as an empty string,
            // unless quotes are what tells them apart.
            let view = s.as_ref().map_or(StrView::ascii(""), |s| s.payload().view());
            self.field(cx, &mut out, view, (quoted, null), n == 0)?;
            n += 1;
        }
        if n == 1 && out.is_empty() {
            if d.quoting == Quoting::None || (null && matches!(d.quoting, Quoting::Strings | Quoting::NotNull)) {
                return Err(error(cx, "single empty field record must be quoted"));
            }
            self.field(cx, &mut out, StrView::ascii(""), (true, false), true)?;
        }
        out.push_view(d.lineterminator.view());
        let s = str::from_view(cx, &out.as_view())?;
        ops::call_args(cx, self.write, &[s.obj()])
    }
}

/// CSV writer
///
/// Writer objects are responsible for generating tabular data
/// in CSV format from sequence input.
#[class(module = "_csv", name = "writer")]
impl Writer {
    /// Construct and write a CSV record from an iterable of fields.
    fn writerow(&self, cx: &mut Cx, row: Obj) -> Result<Obj> {
        self.row(cx, row)
    }
    /// Construct and write a series of iterables to a csv file.
    fn writerows(&self, cx: &mut Cx, rows: Obj) -> Result<()> {
        ops::for_each(cx, rows, |cx, r| {
            self.row(cx, r)?;
            Ok(true)
        })?;
        Ok(())
    }
    #[getter]
    fn dialect(&self) -> Obj {
        self.dialect.obj()
    }
}
