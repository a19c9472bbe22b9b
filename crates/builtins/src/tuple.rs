//! Methods of `tuple`. Its layout is in typhon-object.
//!
//! Tests: tests/containers.rs; CPython test_tuple.

use crate::{generic_alias, repr_guard, seq, slice, slice::Slice};
use typhon_macros::class;
use typhon_object::native::{self, Args, SliceIndex};
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, array, ops, shape, str};
use typhon_text::strview::StrBuf;

struct TupleMethods;

#[class(name = "tuple", extends = Tuple)]
impl TupleMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let exact = cls.root_shape() == shape::TUPLE;
        let others = native::keywords_are_others(cls, Dunder::New);
        if !others && args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("tuple() takes no keyword arguments"));
        }
        if args.pos.len() > 1 {
            return Err(cx.type_error(format!("tuple expected at most 1 argument, got {}", args.pos.len())));
        }
        let t = match args.pos.first() {
            Some(v) => ops::tuple_from_iter(cx, *v)?,
            None => tuple::new(cx, &[])?,
        };
        if exact { Ok(t.obj()) } else { tuple::new_of(cx, cls, t.items()) }
    }

    fn __repr__(this: Gc<Tuple>, cx: &mut Cx) -> Result<Obj> {
        let Some(_entered) = repr_guard::enter(this.obj()) else {
            return Ok(str::new(cx, "(...)")?.obj());
        };
        if this.len() == 1 {
            let mut out = StrBuf::new();
            out.push_str("(");
            repr_guard::push_repr(cx, &mut out, this.items()[0])?;
            out.push_str(",)");
            return Ok(repr_guard::finish(cx, out)?.obj());
        }
        Ok(repr_guard::repr_items(cx, "(", ")", |i| this.get(i))?.obj())
    }

    #[leaf]
    fn __len__(this: Gc<Tuple>) -> usize {
        this.len()
    }

    fn __getitem__(this: Gc<Tuple>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(s) = key.cast::<Slice>() {
            let (start, stop, step, n) = s.indices(cx, this.len())?;
            if step == 1 {
                if n == this.len() && this.obj().shape() == shape::TUPLE {
                    return Ok(this.obj());
                }
                return Ok(tuple::new(cx, &this.items()[start as usize..stop.max(start) as usize])?.obj());
            }
            let a = array::new(cx, n)?;
            for i in 0..n {
                a.set(cx, i, this.items()[(start + i as isize * step) as usize]);
            }
            return Ok(tuple::new(cx, a.items(n))?.obj());
        }
        if !slice::is_index(key) {
            return Err(cx.type_error(format!("tuple indices must be integers or slices, not {}", cx.type_name(key))));
        }
        let i = ops::index_isize(cx, key)?;
        match ops::wrap(i as i64, this.len()) {
            Some(i) => Ok(this.items()[i]),
            None => Err(cx.error(ExcKind::IndexError, "tuple index out of range")),
        }
    }

    fn __iter__(this: Gc<Tuple>, cx: &Cx) -> Result<Obj> {
        ops::tuple_iter(cx, this.obj())
    }

    fn __contains__(this: Gc<Tuple>, cx: &mut Cx, key: Obj) -> Result<bool> {
        Ok(seq::position(cx, |i| this.get(i), key, 0, usize::MAX)?.is_some())
    }

    fn __add__(this: Gc<Tuple>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let Some(b) = other.cast::<Tuple>() else {
            let n = cx.type_name(other);
            return Err(cx.type_error(format!("can only concatenate tuple (not \"{n}\") to tuple")));
        };
        if this.is_empty() && other.shape() == shape::TUPLE {
            return Ok(other);
        }
        if b.is_empty() && this.obj().shape() == shape::TUPLE {
            return Ok(this.obj());
        }
        let (x, y) = (this.items(), b.items());
        let a = array::new(cx, x.len() + y.len())?;
        for (i, v) in x.iter().chain(y).enumerate() {
            a.set(cx, i, *v);
        }
        Ok(tuple::new(cx, a.items(x.len() + y.len()))?.obj())
    }

    fn __mul__(this: Gc<Tuple>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = slice::repeat_count(cx, n)?;
        if this.obj().shape() == shape::TUPLE && (n == 1 || this.is_empty()) {
            return Ok(this.obj());
        }
        let len = this.len();
        let total = len.checked_mul(n).filter(|t| *t <= isize::MAX as usize / 16).ok_or_else(|| cx.memory_error())?;
        let a = array::new(cx, total)?;
        for i in 0..total {
            a.set(cx, i, this.items()[i % len]);
        }
        Ok(tuple::new(cx, a.items(total))?.obj())
    }

    fn __rmul__(this: Gc<Tuple>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        TupleMethods::__mul__(this, cx, n)
    }

    fn __richcmp__(this: Gc<Tuple>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<Tuple>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        seq::compare(cx, |i| this.get(i), |i| b.get(i), || (this.len(), b.len()), op)
    }

    fn __hash__(this: Gc<Tuple>, cx: &mut Cx) -> Result<i64> {
        tuple::hash(cx, this)
    }

    /// Return number of occurrences of value.
    fn count(this: Gc<Tuple>, cx: &mut Cx, value: Obj) -> Result<usize> {
        let mut n = 0;
        for v in this.items() {
            n += ops::equal(cx, *v, value)? as usize;
        }
        Ok(n)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig(value, start = 0, stop = 9223372036854775807, /)]
    fn index(this: Gc<Tuple>, cx: &mut Cx, value: Obj, start: SliceIndex, stop: SliceIndex) -> Result<usize> {
        let (start, stop) = seq::search_range(start.0, stop.0, this.len());
        match seq::position(cx, |i| this.get(i), value, start, stop)? {
            Some(i) => Ok(i),
            None => Err(cx.value_error("tuple.index(x): x not in tuple")),
        }
    }

    fn __getnewargs__(this: Gc<Tuple>, cx: &Cx) -> Result<Obj> {
        let t = tuple::new(cx, this.items())?;
        Ok(tuple::new(cx, &[t.obj()])?.obj())
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        generic_alias::new(cx, cls.obj(), item)
    }
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, types::class_for(shape::TUPLE), TupleMethods::MEMBERS)
}
