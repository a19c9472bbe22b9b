//! `memoryview.cast`.
//!
//! Tests: tests/binary.rs; CPython test_memoryview.

use super::{MemoryView, extent, item};
use crate::buffer::Export;
use crate::slice::is_index;
use typhon_object::list::List;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Gc, Obj, Result, int, ops};

const MAX_DIMENSIONS: usize = 64;

/// What the view becomes with another format, and another shape if given.
pub fn cast(cx: &mut Cx, m: &MemoryView, format: Gc<Str>, shape: Option<Obj>) -> Result<Export> {
    if !extent::is_contiguous(&m.dims, m.itemsize, true) {
        return Err(cx.type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    let old = extent::shape(&m.dims);
    if (shape.is_some() || old.len() != 1) && old.contains(&0) {
        return Err(cx.type_error("memoryview: cannot cast view with zeros in shape or strides"));
    }
    let shape = match shape {
        None => None,
        Some(s) => Some(shape_arg(cx, s, old.len())?),
    };
    let native = |what: &str| {
        format!("memoryview: {what} format must be a native single character format prefixed with an optional '@'")
    };
    let code = item::code_of(Some(format));
    let Some(itemsize) = item::size_of_code(code) else { return Err(cx.value_error(native("destination"))) };
    if m.code == 0 {
        return Err(cx.value_error(native("source")));
    }
    if !item::is_byte(m.code) && !item::is_byte(code) {
        return Err(cx.type_error("memoryview: cannot cast between two non-byte formats"));
    }
    let n = extent::count(&m.dims) * m.itemsize;
    if !n.is_multiple_of(itemsize) {
        return Err(cx.type_error("memoryview: length is not a multiple of itemsize"));
    }
    let shape = match shape {
        None => vec![(n / itemsize) as isize],
        Some(s) => {
            let total = s.iter().try_fold(itemsize as isize, |t, d| t.checked_mul(*d));
            if total != Some(n as isize) {
                return Err(cx.type_error("memoryview: product(shape) * itemsize != buffer size"));
            }
            s
        }
    };
    let mut e = m.export(cx)?;
    e.dims = extent::dense(cx, &shape, itemsize)?;
    e.format = Some(format);
    e.itemsize = itemsize;
    Ok(e)
}

fn shape_arg(cx: &mut Cx, shape: Obj, old: usize) -> Result<Vec<isize>> {
    let t = match (shape.cast::<Tuple>(), shape.cast::<List>()) {
        (Some(t), _) => t,
        (_, Some(l)) => ops::tuple_from_list(cx, l)?,
        _ => return Err(cx.type_error("shape must be a list or a tuple")),
    };
    if t.len() > MAX_DIMENSIONS {
        return Err(cx.value_error("memoryview: number of dimensions must not exceed 64"));
    }
    if t.len() != 1 && old != 1 {
        return Err(cx.type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
    }
    let mut out = Vec::with_capacity(t.len());
    for o in t.items() {
        if !int::is_int(*o) && !is_index(*o) {
            return Err(cx.type_error("memoryview.cast(): elements of shape must be integers"));
        }
        let n = ops::index_isize(cx, *o)?;
        if n <= 0 {
            return Err(cx.value_error("memoryview.cast(): elements of shape must be integers > 0"));
        }
        out.push(n);
    }
    Ok(out)
}
