//! `SyntaxError`: fields msg 0, filename 1, lineno 2, offset 3, text 4,
//! end_lineno 5, end_offset 6, print_file_and_line 7, _metadata 8.
//!
//! Tests: CPython test_exceptions.

use super::{field, no_keywords};
use typhon_macros::class;
use typhon_object::exc::{self, BaseException, ExcKind};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Result, int, ops, shape, str, tuple, types};

struct SyntaxErrorMethods;

macro_rules! fields {
    ($($get:ident $set:ident $i:literal),*) => {
        #[class(name = "SyntaxError", extends = BaseException)]
        impl SyntaxErrorMethods {
            fn __init__(this: Gc<BaseException>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
                no_keywords(cx, "SyntaxError", &args)?;
                init_fields(cx, this, args.pos)
            }
            fn __str__(this: Gc<BaseException>, cx: &mut Cx) -> Result<Obj> {
                text(cx, this)
            }
            $(
                #[getter]
                fn $get(this: Gc<BaseException>) -> Obj {
                    field(&this, $i)
                }
                #[setter]
                #[allow(non_snake_case)]
                fn $set(this: Gc<BaseException>, cx: &mut Cx, value: Option<Obj>) {
                    this.fields[$i].put(cx, this, value);
                }
            )*
        }
    };
}

fields!(
    msg set_msg 0, filename set_filename 1, lineno set_lineno 2, offset set_offset 3,
    text set_text 4, end_lineno set_end_lineno 5, end_offset set_end_offset 6,
    print_file_and_line set_print_file_and_line 7, _metadata set__metadata 8
);

fn init_fields(cx: &mut Cx, this: Gc<BaseException>, pos: &[Obj]) -> Result<()> {
    let t = tuple::new(cx, pos)?;
    this.args.set(cx, this, t);
    if let Some(&msg) = pos.first() {
        this.fields[0].set(cx, this, msg);
    }
    if pos.len() != 2 {
        return Ok(());
    }
    let info = ops::tuple_from_iter(cx, pos[1])?;
    let items = info.payload().items();
    if items.len() < 4 || items.len() > 7 {
        let bound = if items.len() < 4 { "at least 4" } else { "at most 7" };
        return Err(cx.type_error(format!("function takes {bound} arguments ({} given)", items.len())));
    }
    for i in 1..=6 {
        this.fields[i].put(cx, this, items.get(i - 1).copied());
    }
    if items.len() == 5 {
        return Err(cx.type_error("end_offset must be provided when end_lineno is provided"));
    }
    Ok(())
}

/// The message with the place.
fn text(cx: &mut Cx, e: Gc<BaseException>) -> Result<Obj> {
    let msg = ops::to_str(cx, field(&e, 0))?;
    let line = field(&e, 2);
    let line = if line.shape() == shape::INT { int::to_i64(line) } else { None };
    let file = field(&e, 1).cast::<Str>().map(|s| {
        let s = s.to_str();
        s.rsplit('/').next().unwrap_or(&s).to_owned()
    });
    let place = match (file, line) {
        (None, None) => return Ok(msg.obj()),
        (Some(f), Some(l)) => format!(" ({f}, line {l})"),
        (Some(f), None) => format!(" ({f})"),
        (None, Some(l)) => format!(" (line {l})"),
    };
    let place = str::new(cx, &place)?;
    Ok(str::concat(cx, msg, place)?.obj())
}

/// A SyntaxError (or the given kind of it) at a place, for the compiler.
/// Lines and offsets count from 1.
#[allow(clippy::too_many_arguments)]
pub fn new(
    cx: &mut Cx,
    kind: ExcKind,
    msg: &str,
    filename: Obj,
    start: (u32, u32),
    end: (u32, u32),
    source_line: Option<&str>,
) -> Result<Gc<BaseException>> {
    let e = exc::alloc(cx, kind.class(cx), &[])?;
    let msg = str::new(cx, msg)?.obj();
    let line = match source_line {
        Some(s) => str::new(cx, s)?.obj(),
        None => Obj::NONE,
    };
    let n = |v: u32| Obj::int_unchecked(v as i64);
    let info = tuple::new(cx, &[filename, n(start.0), n(start.1), line, n(end.0), n(end.1)])?;
    init_fields(cx, e, &[msg, info.obj()])?;
    Ok(e)
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, ExcKind::SyntaxError.class(cx), SyntaxErrorMethods::MEMBERS)
}
