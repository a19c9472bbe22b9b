//! Extents of views: contiguity, and walking over items.
//!
//! Tests: tests/binary.rs; CPython test_memoryview.

use crate::buffer::{Dims, Export};
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, Gc, Obj, Result};

fn numbers(t: Gc<Tuple>) -> Vec<isize> {
    t.items().iter().map(|o| o.as_small_int().unwrap_or(0) as isize).collect()
}

/// Number of items per dimension.
pub fn shape(d: &Dims) -> Vec<isize> {
    match d {
        Dims::Line { len, .. } => vec![*len],
        Dims::Many { shape, .. } => numbers(*shape),
    }
}

/// Bytes between items per dimension.
pub fn strides(d: &Dims) -> Vec<isize> {
    match d {
        Dims::Line { stride, .. } => vec![*stride],
        Dims::Many { strides, .. } => numbers(*strides),
    }
}

/// Number of dimensions.
pub fn ndim(d: &Dims) -> usize {
    match d {
        Dims::Line { .. } => 1,
        Dims::Many { shape, .. } => shape.len(),
    }
}

/// Number of items.
pub fn count(d: &Dims) -> usize {
    match d {
        Dims::Line { len, .. } => *len as usize,
        Dims::Many { shape, .. } => numbers(*shape).iter().product::<isize>() as usize,
    }
}

/// Extents from numbers.
pub fn dims(cx: &Cx, shape: &[isize], strides: &[isize]) -> Result<Dims> {
    if let ([len], [stride]) = (shape, strides) {
        return Ok(Dims::Line { len: *len, stride: *stride });
    }
    Ok(Dims::Many { shape: tuple_of(cx, shape)?, strides: tuple_of(cx, strides)? })
}

/// Extents without gaps, in C order.
pub fn dense(cx: &Cx, shape: &[isize], itemsize: usize) -> Result<Dims> {
    let mut strides = vec![0; shape.len()];
    let mut step = itemsize as isize;
    for (s, n) in strides.iter_mut().zip(shape).rev() {
        *s = step;
        step *= *n;
    }
    dims(cx, shape, &strides)
}

/// Numbers as a Python tuple.
pub fn tuple_of(cx: &Cx, v: &[isize]) -> Result<Gc<Tuple>> {
    // Immediate ints hold no references.
    let items: Vec<Obj> = v.iter().map(|n| Obj::int_unchecked(*n as i64)).collect();
    tuple::new(cx, &items)
}

/// Whether items follow each other without gaps, in C or Fortran order.
pub fn is_contiguous(d: &Dims, itemsize: usize, c_order: bool) -> bool {
    if let Dims::Line { len, stride } = d {
        return *len <= 1 || *stride == itemsize as isize;
    }
    let (shape, strides) = (shape(d), strides(d));
    if shape.contains(&0) {
        return true;
    }
    let mut step = itemsize as isize;
    let mut fits = |(n, s): (&isize, &isize)| {
        let ok = *n <= 1 || *s == step;
        step *= *n;
        ok
    };
    let mut pairs = shape.iter().zip(&strides);
    if c_order { pairs.rev().all(&mut fits) } else { pairs.all(&mut fits) }
}

/// Call `f` with the byte offset of every item.
pub fn walk(shape: &[isize], strides: &[isize], at: isize, f: &mut impl FnMut(isize)) {
    match (shape, strides) {
        ([n, shape @ ..], [s, strides @ ..]) => (0..*n).for_each(|i| walk(shape, strides, at + i * s, f)),
        _ => f(at),
    }
}

/// The bytes of all items, in C or Fortran order.
pub fn gather(e: &Export, fortran: bool) -> Vec<u8> {
    let (mut shape, mut strides) = (shape(&e.dims), strides(&e.dims));
    let data = e.view.as_slice();
    let mut out = Vec::with_capacity(count(&e.dims) * e.itemsize);
    if fortran {
        // The first index varies fastest.
        shape.reverse();
        strides.reverse();
    }
    walk(&shape, &strides, e.start, &mut |at| out.extend_from_slice(&data[at as usize..][..e.itemsize]));
    out
}

/// Store items, given one after the other, where `e` says.
pub fn scatter(e: &Export, data: &[u8]) {
    let mut items = data.chunks_exact(e.itemsize.max(1));
    walk(&shape(&e.dims), &strides(&e.dims), e.start, &mut |at| {
        if let Some(v) = items.next() {
            e.view.memory.write(at as usize, v);
        }
    });
}
