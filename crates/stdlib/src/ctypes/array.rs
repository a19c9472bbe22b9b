//! `Array`.
//!
//! Tests: tests/lang/ctypes.md; CPython test_arrays, test_slicing, test_strings.

use super::codes;
use super::data::{self, CData};
use super::field::given;
use super::info::{Code, Info, info_of, info_of_instance};
use super::metas::ArrayType;
use crate::util::bytes_obj;
use typhon_builtins::slice::{self, Slice};
use typhon_ffi::mem;
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::native::{self, Args, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Raised, Result, list, ops, shape};

/// An instance.
#[derive(Trace)]
#[repr(C)]
pub struct Array {
    data: CData,
}

fn as_data(this: Gc<Array>) -> Gc<CData> {
    Gc::of(&this.payload().data)
}

/// The class of items and its info.
pub fn item_of(cx: &Cx, o: Obj) -> Result<(Gc<Info>, Gc<Type>, Gc<Info>)> {
    let found = info_of_instance(o).and_then(|i| {
        let t = i.item()?;
        Some((i, t, info_of(t.obj())?))
    });
    found.ok_or_else(|| cx.type_error("abstract class"))
}

#[cold]
fn out_of_range(cx: &Cx) -> Raised {
    cx.error(ExcKind::IndexError, "invalid index")
}

fn get(cx: &mut Cx, this: Gc<Array>, i: isize) -> Result<Obj> {
    let (info, class, item) = item_of(cx, this.obj())?;
    let d = as_data(this);
    let n = usize::try_from(i).ok().filter(|i| *i < info.length && (i + 1) * item.size <= d.size());
    let Some(n) = n else { return Err(out_of_range(cx)) };
    data::get_value(cx, class, None, d, n, item.size, d.at() + n * item.size, None)
}

fn set(cx: &mut Cx, this: Gc<Array>, i: isize, value: Obj) -> Result<()> {
    let (info, class, item) = item_of(cx, this.obj())?;
    let d = as_data(this);
    let n = usize::try_from(i).ok().filter(|i| *i < info.length && (i + 1) * item.size <= d.size());
    let Some(n) = n else { return Err(out_of_range(cx)) };
    data::set_value(cx, d, class, None, value, n as i64, item.size, d.at() + n * item.size, None)
}

/// Bytes or text of single characters, a list of anything else.
pub fn gather(
    cx: &mut Cx,
    item: &Info,
    base: usize,
    n: usize,
    index: impl Fn(usize) -> isize,
    mut get: impl FnMut(&mut Cx, isize) -> Result<Obj>,
) -> Result<Obj> {
    let at = |i: usize| base.wrapping_add_signed(index(i).wrapping_mul(item.size as isize));
    match item.code.map(|c| c.letter) {
        Some(b'c') => {
            let all: Vec<u8> = (0..n).map(|i| mem::get::<1>(at(i))[0]).collect();
            bytes_obj(cx, &all)
        }
        Some(b'u') => {
            let all: Vec<u32> = (0..n).map(|i| mem::wide(at(i), 1)[0]).collect();
            codes::text(cx, &all)
        }
        _ => {
            let out = list::new(cx, &[])?;
            for i in 0..n {
                let v = get(cx, index(i))?;
                out.append(cx, v)?;
            }
            Ok(out.obj())
        }
    }
}

fn index_of(cx: &mut Cx, this: Gc<Array>, key: Obj) -> Result<isize> {
    let i = ops::index_isize(cx, key)?;
    let n = info_of_instance(this.obj()).map_or(0, |i| i.length);
    Ok(if i < 0 { i.saturating_add(n as isize) } else { i })
}

/// Abstract base class for arrays.
///
/// The recommended way to create concrete array types is by multiplying any
/// ctypes data type with a non-negative integer. Alternatively, you can subclass
/// this type and define _length_ and _type_ class variables. Array elements can
/// be read and written using standard subscript and slice accesses for slice
/// reads, the resulting object is not itself an Array.
#[class(module = "_ctypes", name = "Array", base = CData, meta = ArrayType, subclassable)]
impl Array {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        data::construct(cx, cls, args)
    }
    fn __init__(this: Gc<Array>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        for (i, v) in args.pos.iter().enumerate() {
            set(cx, this, i as isize, *v)?;
        }
        Ok(())
    }
    fn __len__(this: Gc<Array>) -> usize {
        info_of_instance(this.obj()).map_or(0, |i| i.length)
    }
    fn __getitem__(this: Gc<Array>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if slice::is_index(key) {
            let i = index_of(cx, this, key)?;
            return get(cx, this, i);
        }
        let Some(s) = key.cast::<Slice>() else { return Err(cx.type_error("indices must be integers")) };
        let (info, _, item) = item_of(cx, this.obj())?;
        let (start, _, step, n) = s.indices(cx, info.length)?;
        let base = as_data(this).at();
        gather(cx, &item, base, n, |i| start + i as isize * step, |cx, i| get(cx, this, i))
    }
    fn __setitem__(this: Gc<Array>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        if slice::is_index(key) {
            let i = index_of(cx, this, key)?;
            return set(cx, this, i, value);
        }
        let Some(s) = key.cast::<Slice>() else { return Err(cx.type_error("indices must be integers")) };
        let (info, _, _) = item_of(cx, this.obj())?;
        let (start, _, step, n) = s.indices(cx, info.length)?;
        if ops::len(cx, value)? != n {
            return Err(cx.value_error("Can only assign sequence of same size"));
        }
        for i in 0..n {
            let v = ops::get_item(cx, value, Obj::int_unchecked(i as i64))?;
            set(cx, this, start + i as isize * step, v)?;
        }
        Ok(())
    }
    fn __delitem__(this: Gc<Array>, cx: &mut Cx, key: Obj) -> Result<()> {
        let _ = (this, key);
        Err(cx.type_error("Array does not support item deletion"))
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// What arrays of `c_char` have besides.
struct CharArray;

#[class(name = "_c_char_array", extends = CData)]
impl CharArray {
    /// string value
    #[getter]
    fn value(this: Gc<CData>, cx: &mut Cx) -> Result<Obj> {
        let (at, size) = this.span();
        codes::get(cx, Code { letter: b's', swapped: false }, at, size, None)
    }
    #[setter]
    fn set_value(this: Gc<CData>, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        let v = given(cx, v, "can't delete attribute")?;
        let Some(b) = v.cast::<Bytes>() else {
            return Err(cx.type_error(format!("bytes expected instead of {} instance", cx.type_name(v))));
        };
        let data = b.as_slice();
        if data.len() > this.size() {
            return Err(cx.value_error("byte string too long"));
        }
        mem::write(this.at(), data);
        if data.len() < this.size() {
            mem::fill(this.at() + data.len(), 1, 0);
        }
        Ok(())
    }
    /// value
    #[getter]
    fn raw(this: Gc<CData>, cx: &mut Cx) -> Result<Obj> {
        bytes_obj(cx, &this.to_vec())
    }
    #[setter]
    fn set_raw(this: Gc<CData>, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        let Some(v) = v.given() else {
            return Err(cx.error(ExcKind::AttributeError, "cannot delete attribute"));
        };
        let data = crate::buffer::copy(cx, v)?;
        if data.len() > this.size() {
            return Err(cx.value_error("byte string too long"));
        }
        mem::write(this.at(), &data);
        Ok(())
    }
}

/// What arrays of `c_wchar` have besides.
struct WideArray;

#[class(name = "_c_wchar_array", extends = CData)]
impl WideArray {
    /// string value
    #[getter]
    fn value(this: Gc<CData>, cx: &mut Cx) -> Result<Obj> {
        let (at, size) = this.span();
        codes::get(cx, Code { letter: b'U', swapped: false }, at, size, None)
    }
    #[setter]
    fn set_value(this: Gc<CData>, cx: &mut Cx, v: Missing<Obj>) -> Result<()> {
        let v = given(cx, v, "can't delete attribute")?;
        let Some(s) = v.cast::<Str>() else {
            return Err(cx.type_error(format!("unicode string expected instead of {} instance", cx.type_name(v))));
        };
        let data: Vec<u8> = s.chars().flat_map(u32::to_ne_bytes).collect();
        if data.len() > this.size() {
            return Err(cx.value_error("string too long"));
        }
        mem::write(this.at(), &data);
        if data.len() + 4 <= this.size() {
            mem::fill(this.at() + data.len(), 4, 0);
        }
        Ok(())
    }
}

/// `value` and `raw` for arrays of characters.
pub fn add_text_attributes(cx: &mut Cx, t: Gc<Type>, letter: Option<u8>) -> Result<()> {
    let members = match letter {
        Some(b'c') => CharArray::MEMBERS,
        Some(b'u') => WideArray::MEMBERS,
        _ => return Ok(()),
    };
    for m in members {
        let f = native::function(cx, shape::GETSET, m, None, Some(t.obj()))?;
        let key = cx.intern(m.name)?;
        types::set_attr(cx, t, key, Some(f))?;
    }
    Ok(())
}
