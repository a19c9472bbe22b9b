//! What calling a built-in class with one positional argument does: `int(x)`, `list(x)`.
//! Short ways past `type.__call__`, `__new__` and `__init__`, which give the same.
//!
//! Tests: tests/lang/builtins.md.

use crate::{float_new, int_new, set};
use typhon_object::types::{self, OneFn};
use typhon_object::{Cx, Obj, Result, float, int, list, ops, shape};

fn int_of(cx: &mut Cx, o: Obj) -> Result<Obj> {
    let v = int_new::convert(cx, o)?;
    if v.is_small_int() { Ok(v) } else { int::new_of(cx, types::class_for(shape::INT), v) }
}

fn float_of(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if o.shape() == shape::FLOAT {
        return Ok(o);
    }
    let v = float_new::convert(cx, o)?;
    float::new(cx, v)
}

fn list_of(cx: &mut Cx, o: Obj) -> Result<Obj> {
    let l = list::new(cx, &[])?;
    ops::extend_list(cx, l, o)?;
    Ok(l.obj())
}

/// Tell the classes.
pub fn init() {
    let ways: [(u32, OneFn); 7] = [
        (shape::INT, int_of),
        (shape::FLOAT, float_of),
        (shape::STR, |cx, o| Ok(ops::to_str(cx, o)?.obj())),
        (shape::BOOL, |cx, o| Ok(Obj::bool(ops::truth(cx, o)?))),
        (shape::TUPLE, |cx, o| Ok(ops::tuple_from_iter(cx, o)?.obj())),
        (shape::LIST, list_of),
        (shape::SET, set::from_iterable),
    ];
    for (id, way) in ways {
        types::class_for(id).set_of_one(way);
    }
}
