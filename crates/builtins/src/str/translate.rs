//! `str.maketrans` and `str.translate`.
//!
//! Tests: tests/lang/str.md; CPython test_str.

use crate::any;
use typhon_macros::class;
use typhon_object::dict::{self, Dict};
use typhon_object::native::Missing;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, int, ops, shape};
use typhon_text::strview::StrBuf;

struct StrTranslate;

fn char_obj(c: u32) -> Obj {
    Obj::int_unchecked(i64::from(c))
}

/// The table of one mapping: its one-character keys become numbers.
fn from_dict(cx: &mut Cx, x: Obj) -> Result<Obj> {
    let Some(d) = x.cast::<Dict>() else {
        return Err(cx.type_error("if you give only one argument to maketrans it must be a dict"));
    };
    let table = dict::new(cx)?;
    for (k, v) in d.items() {
        let key = match k.cast::<Str>() {
            Some(s) if s.len() == 1 => char_obj(s.at(0)),
            Some(_) => return Err(cx.value_error("string keys in translatetable must be of length 1")),
            None if int::is_int(k) => k,
            None => return Err(cx.type_error("keys in translate table mustbe strings or integers")),
        };
        table.insert(cx, key, v)?;
    }
    Ok(table.obj())
}

/// What stands for one character; `None` to keep it.
fn mapped(cx: &mut Cx, table: Obj, c: u32, out: &mut StrBuf) -> Result<()> {
    let found = match table.cast::<Dict>().filter(|_| table.shape() == shape::DICT) {
        // Most characters are not in the table: no exception need say so.
        Some(d) => d.get(cx, char_obj(c))?,
        None => match ops::get_item(cx, table, char_obj(c)) {
            Ok(v) => Some(v),
            Err(e) if e.is(cx, ExcKind::LookupError) => None,
            Err(e) => return Err(e),
        },
    };
    let Some(found) = found else {
        out.push(c);
        return Ok(());
    };
    if found.is_none() {
        return Ok(());
    }
    if let Some(s) = found.cast::<Str>() {
        out.push_view(s.view());
        return Ok(());
    }
    if !int::is_int(found) {
        return Err(cx.type_error("character mapping must return integer, None or str"));
    }
    match int::to_i64(found) {
        Some(i @ 0..=0x10ffff) => {
            out.push(i as u32);
            Ok(())
        }
        _ => Err(cx.value_error("character mapping must be in range(0x110000)")),
    }
}

#[class(name = "str", extends = Str)]
impl StrTranslate {
    /// Return a translation table usable for str.translate().
    ///
    /// If there is only one argument, it must be a dictionary mapping Unicode
    /// ordinals (integers) or characters to Unicode ordinals, strings or None.
    /// Character keys will be then converted to ordinals.
    /// If there are two arguments, they must be strings of equal length, and
    /// in the resulting dictionary, each character in x will be mapped to the
    /// character at the same position in y. If there is a third argument, it
    /// must be a string, whose characters will be mapped to None in the result.
    #[staticmethod]
    #[sig(x, y = <unrepresentable>, z = <unrepresentable>, /)]
    fn maketrans(cx: &mut Cx, x: Obj, y: Missing<Obj>, z: Missing<Obj>) -> Result<Obj> {
        let Missing::Given(y) = y else { return from_dict(cx, x) };
        let y = any::str_arg(cx, y, "maketrans() argument 2")?;
        let z = match z {
            Missing::Given(z) => Some(any::str_arg(cx, z, "maketrans() argument 3")?),
            Missing::Absent => None,
        };
        let Some(x) = x.cast::<Str>() else {
            return Err(cx.type_error("first maketrans argument must be a string if there is a second argument"));
        };
        if x.len() != y.len() {
            return Err(cx.value_error("the first two maketrans arguments must have equal length"));
        }
        let table = dict::new(cx)?;
        for i in 0..x.len() {
            table.insert(cx, char_obj(x.at(i)), char_obj(y.at(i)))?;
        }
        if let Some(z) = z {
            for i in 0..z.len() {
                table.insert(cx, char_obj(z.at(i)), Obj::NONE)?;
            }
        }
        Ok(table.obj())
    }

    /// Replace each character in the string using the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a mapping of Unicode ordinals
    ///     to Unicode ordinals, strings, or None.
    ///
    /// The table must implement lookup/indexing via __getitem__, for
    /// instance a dictionary or list.  If this operation raises
    /// LookupError, the character is left untouched.  Characters mapped to
    /// None are deleted.
    #[sig(table, /)]
    fn translate(this: Gc<Str>, cx: &mut Cx, table: Obj) -> Result<Obj> {
        let mut out = StrBuf::with_capacity(this.len());
        // Each ASCII character is looked up once: the code points that stand
        // for it, or `None` until it is seen.
        let mut known: [Option<(u32, bool)>; 128] = [None; 128];
        for i in 0..this.len() {
            let c = this.at(i);
            if let Some(Some((to, keep))) = known.get(c as usize) {
                if *keep {
                    out.push(*to);
                }
                continue;
            }
            let mut one = StrBuf::new();
            mapped(cx, table, c, &mut one)?;
            out.push_view(one.as_view());
            if c < 128 && one.len() <= 1 {
                known[c as usize] = Some((one.as_view().get(0).unwrap_or(0), !one.is_empty()));
            }
        }
        Ok(super::from_buf(cx, out)?.obj())
    }
}

/// Add the methods to the class.
pub fn init(cx: &mut Cx, t: Gc<Type>) -> Result<()> {
    types::add_members(cx, t, StrTranslate::MEMBERS)
}
