//! `Decimal.__format__`.
//!
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::context::current;
use typhon_builtins::hooks;
use typhon_object::dict::Dict;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, ExcKind, Result, ops};
use typhon_text::decimal::{self as num, Decimal as Number, Layout, Spec};

/// A text of the dict that overrides the locale's marks.
fn entry(cx: &mut Cx, d: Gc<Dict>, name: &str) -> Result<Option<String>> {
    let key = cx.intern(name)?;
    match d.get(cx, key.obj())? {
        None => Ok(None),
        Some(v) => match v.cast::<Str>() {
            Some(s) => Ok(Some(s.to_str().into_owned())),
            None => Err(cx.type_error("bad argument type for built-in operation")),
        },
    }
}

/// `format(n, spec)`. The marks of `overriding` replace those of the locale.
pub fn format(cx: &mut Cx, n: &Number, spec: Obj, overriding: Option<Obj>) -> Result<Obj> {
    let c = current(cx)?;
    let Some(text) = spec.cast::<Str>() else { return Err(cx.type_error("format arg must be str")) };
    let Some(text) = text.to_utf8() else {
        // Lone surrogates: the error is the codec's.
        return ops::call_method(cx, spec, "encode", &[]);
    };
    let Some(mut spec) = Spec::parse(&text, c.capital_e()) else {
        return Err(cx.value_error("invalid format string"));
    };
    if spec.is_deprecated() {
        let text = "Format specifier 'N' is deprecated and slated for removal in Python 3.18";
        crate::util::warn(cx, text, ExcKind::DeprecationWarning, 1)?;
    }
    let (mut point, mut separator, mut grouping) = (".".to_owned(), String::new(), Vec::new());
    if let Some(o) = overriding {
        let Some(d) = o.cast::<Dict>() else { return Err(cx.type_error("optional argument must be a dict")) };
        if spec.is_grouped() {
            (separator, grouping) = (",".to_owned(), vec![3]);
        }
        spec.localized = true;
        if let Some(s) = entry(cx, d, "decimal_point")? {
            point = s;
        }
        if let Some(s) = entry(cx, d, "thousands_sep")? {
            separator = s;
        }
        if let Some(s) = entry(cx, d, "grouping")? {
            grouping = s.into_bytes();
        }
        let negative = grouping.iter().any(|n| *n > 127);
        if point.is_empty() || point.len() > 4 || separator.len() > 4 || negative {
            return Err(cx.value_error("invalid override dict"));
        }
    } else if let Some(hook) = hooks::LOCALE.get()
        && spec.localized
    {
        (point, separator, grouping) = hook(cx)?;
    }
    let layout = Layout { point: &point, separator: &separator, grouping: &grouping };
    match num::format(n, &spec, &c.spec(), &layout) {
        Some(s) => Ok(str::new(cx, &s)?.obj()),
        None => Err(cx.value_error("format specification exceeds internal limits of _decimal")),
    }
}
