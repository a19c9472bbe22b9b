//! `str.format`, `str.format_map`, `str.__format__`.
//!
//! Tests: tests/lang/text_errors.md; CPython test_str (test_format), test_string.

use super::formatter::{Access, Field, FieldName, FormatStringError, Pieces};
use crate::any;
use typhon_macros::class;
use typhon_object::native::Args;
use typhon_object::str::{self, Str};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, exc, int, ops, shape};
use typhon_text::format_spec;
use typhon_text::strview::{StrBuf, StrView};

struct StrFormat;

/// Where fields find their values.
#[derive(Clone, Copy)]
enum Values<'a> {
    Call(&'a [Obj], Option<typhon_object::native::KwNames>, &'a [Obj]),
    Map(Obj),
}

/// Whether fields are numbered by hand.
#[derive(Default)]
struct Numbering {
    next: usize,
    automatic: Option<bool>,
}

fn raise(cx: &Cx, e: FormatStringError) -> Raised {
    cx.value_error(e.0)
}

impl Numbering {
    /// The number of a field whose name starts with `number` or with nothing.
    fn resolve(&mut self, cx: &Cx, number: Option<usize>, empty: bool) -> Result<Option<usize>> {
        if !empty && number.is_none() {
            return Ok(None);
        }
        match self.automatic {
            None => self.automatic = Some(empty),
            Some(true) if !empty => {
                return Err(
                    cx.value_error("cannot switch from automatic field numbering to manual field specification")
                );
            }
            Some(false) if empty => {
                return Err(
                    cx.value_error("cannot switch from manual field specification to automatic field numbering")
                );
            }
            Some(_) => {}
        }
        if empty {
            self.next += 1;
            return Ok(Some(self.next - 1));
        }
        Ok(number)
    }
}

fn keyword(cx: &mut Cx, values: Values<'_>, name: Gc<Str>) -> Result<Obj> {
    match values {
        Values::Map(m) => ops::get_item(cx, m, name.obj()),
        Values::Call(_, names, kw) => {
            let names = names.map_or(&[][..], |n| n.payload().items());
            let found = names.iter().position(|n| n.cast::<Str>().is_some_and(|n| n.same_text(&name)));
            match found {
                Some(i) => Ok(kw[i]),
                None => Err(exc::key_error(cx, name.obj())),
            }
        }
    }
}

fn field_value(cx: &mut Cx, name: StrView<'_>, values: Values<'_>, numbering: &mut Numbering) -> Result<Obj> {
    let parts = FieldName::new(name).map_err(|e| raise(cx, e))?;
    let mut v = match numbering.resolve(cx, parts.number, parts.first.is_empty())? {
        None => {
            let key = str::from_view(cx, &name.slice(parts.first.clone()))?;
            keyword(cx, values, key)?
        }
        Some(i) => match values {
            Values::Map(_) => return Err(cx.value_error("Format string contains positional fields")),
            Values::Call(pos, _, _) => match pos.get(i) {
                Some(v) => *v,
                None => {
                    return Err(cx.error(
                        ExcKind::IndexError,
                        format!("Replacement index {i} out of range for positional args tuple"),
                    ));
                }
            },
        },
    };
    for access in parts {
        v = match access.map_err(|e| raise(cx, e))? {
            Access::Attribute(r) => {
                let n = str::from_view(cx, &name.slice(r))?;
                ops::get_attr(cx, v, n)?
            }
            Access::Index(i) => {
                let i = int::from_i64(cx, i as i64)?;
                ops::get_item(cx, v, i)?
            }
            Access::Key(r) => {
                let k = str::from_view(cx, &name.slice(r))?;
                ops::get_item(cx, v, k.obj())?
            }
        };
    }
    Ok(v)
}

fn convert(cx: &mut Cx, v: Obj, conversion: u32) -> Result<Obj> {
    match char::from_u32(conversion) {
        Some('r') => Ok(ops::repr(cx, v)?.obj()),
        Some('s') => Ok(ops::to_str(cx, v)?.obj()),
        Some('a') => Ok(ops::ascii(cx, v)?.obj()),
        Some(c @ '!'..='~') => Err(cx.value_error(format!("Unknown conversion specifier {c}"))),
        _ => Err(cx.value_error(format!("Unknown conversion specifier \\x{conversion:x}"))),
    }
}

fn render(
    cx: &mut Cx,
    text: StrView<'_>,
    field: &Field,
    values: Values<'_>,
    depth: u32,
    numbering: &mut Numbering,
    out: &mut StrBuf,
) -> Result<()> {
    let mut v = field_value(cx, text.slice(field.name.clone()), values, numbering)?;
    if let Some(c) = field.conversion {
        v = convert(cx, v, c)?;
    }
    let spec = text.slice(field.spec.clone());
    let spec = if field.nested {
        let mut b = StrBuf::new();
        build(cx, spec, values, depth - 1, numbering, &mut b)?;
        Some(super::from_buf(cx, b)?)
    } else if spec.is_empty() {
        None
    } else {
        Some(str::from_view(cx, &spec)?)
    };
    // Text without a specification needs no object.
    if spec.is_none() && v.shape() == shape::STR {
        if let Some(s) = v.cast::<Str>() {
            out.push_view(s.view());
        }
        return Ok(());
    }
    let r = ops::format(cx, v, spec.map(|s| s.obj()))?;
    out.push_view(r.view());
    Ok(())
}

fn build(
    cx: &mut Cx,
    text: StrView<'_>,
    values: Values<'_>,
    depth: u32,
    numbering: &mut Numbering,
    out: &mut StrBuf,
) -> Result<()> {
    if depth == 0 {
        return Err(cx.value_error("Max string recursion exceeded"));
    }
    for piece in Pieces::new(text) {
        let piece = piece.map_err(|e| raise(cx, e))?;
        out.push_view(text.slice(piece.literal.clone()));
        if let Some(f) = &piece.field {
            render(cx, text, f, values, depth, numbering, out)?;
        }
    }
    Ok(())
}

fn run(cx: &mut Cx, s: Gc<Str>, values: Values<'_>) -> Result<Obj> {
    let mut out = StrBuf::with_capacity(s.len() + 16);
    build(cx, s.payload().view(), values, 2, &mut Numbering::default(), &mut out)?;
    Ok(super::from_buf(cx, out)?.obj())
}

#[class(name = "str", extends = Str)]
impl StrFormat {
    /// Return a formatted version of the string, using substitutions from args and kwargs.
    /// The substitutions are identified by braces ('{' and '}').
    fn format(this: Gc<Str>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let kw = &args.all()[args.pos.len()..];
        run(cx, this, Values::Call(args.pos, args.kw, kw))
    }

    /// Return a formatted version of the string, using substitutions from mapping.
    /// The substitutions are identified by braces ('{' and '}').
    #[sig(mapping, /)]
    fn format_map(this: Gc<Str>, cx: &mut Cx, mapping: Obj) -> Result<Obj> {
        run(cx, this, Values::Map(mapping))
    }

    /// Return a formatted version of the string as described by format_spec.
    #[sig(format_spec, /)]
    fn __format__(this: Gc<Str>, cx: &mut Cx, format_spec: Obj) -> Result<Obj> {
        let spec = any::str_arg(cx, format_spec, "__format__() argument")?;
        if spec.is_empty() {
            return if this.obj().shape() == shape::STR {
                Ok(this.obj())
            } else {
                Ok(ops::to_str(cx, this.obj())?.obj())
            };
        }
        let name = cx.type_name(this.obj());
        let plan = format_spec::string(spec.view(), this.len(), &name).map_err(|e| any::format_error(cx, e))?;
        if plan.left == 0 && plan.right == 0 {
            return Ok(str::substring(cx, this, 0, plan.keep)?.obj());
        }
        let mut out = StrBuf::with_capacity(plan.left + plan.keep + plan.right);
        out.push_repeated(plan.fill, plan.left);
        out.push_view(this.view().slice(0..plan.keep));
        out.push_repeated(plan.fill, plan.right);
        Ok(super::from_buf(cx, out)?.obj())
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrFormat::MEMBERS)
}
