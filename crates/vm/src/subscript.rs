//! `o[k]`: the slow paths, slices included.

use typhon_bytecode::Op;
use typhon_object::bytes::{self, Bytes};
use typhon_object::list::List;
use typhon_object::str::{self, Str};
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, Gc, Obj, Result, ops, shape};

/// A bound of a slice, as a place in a sequence of `len` items.
fn bound(b: Obj, len: usize, absent: usize) -> Option<usize> {
    if b.is_none() {
        return Some(absent);
    }
    let i = b.as_small_int()?;
    Some(if i < 0 { len.saturating_sub(i.unsigned_abs() as usize) } else { len.min(i as usize) })
}

/// `o[start:stop]` of a str, bytes, tuple or list, without a slice object.
fn plain_slice(cx: &Cx, o: Obj, start: Obj, stop: Obj) -> Result<Option<Obj>> {
    let len = match o.shape() {
        // By their shapes.
        shape::STR => unsafe { Gc::<Str>::from_obj(o) }.len(),
        shape::TUPLE => unsafe { Gc::<Tuple>::from_obj(o) }.len(),
        shape::LIST => unsafe { Gc::<List>::from_obj(o) }.len(),
        shape::BYTES => unsafe { Gc::<Bytes>::from_obj(o) }.as_slice().len(),
        _ => return Ok(None),
    };
    let (Some(i), Some(j)) = (bound(start, len, 0), bound(stop, len, len)) else { return Ok(None) };
    let j = j.max(i);
    Ok(Some(match o.shape() {
        shape::STR => str::substring(cx, unsafe { Gc::from_obj(o) }, i, j)?.obj(),
        shape::LIST => unsafe { Gc::<List>::from_obj(o) }.sub(cx, i, j)?.obj(),
        _ if j - i == len => o,
        shape::BYTES => bytes::new(cx, &unsafe { Gc::<Bytes>::from_obj(o) }.as_slice()[i..j])?.obj(),
        _ => tuple::new(cx, &unsafe { Gc::<Tuple>::from_obj(o) }.payload().items()[i..j])?.obj(),
    }))
}

crate::slow! {
    /// GETIDX.
    fn get(f) {
        let (o, k) = (f.reg(f.b()), f.reg(f.c()));
        match o.shape() {
            shape::LIST if k.is_small_int() => f.requicken(Op::GETIDX_LIST_INT),
            shape::TUPLE if k.is_small_int() => f.requicken(Op::GETIDX_TUPLE_INT),
            shape::DICT => f.requicken(Op::GETIDX_DICT),
            shape::STR if k.is_small_int() => f.requicken(Op::GETIDX_STR_INT),
            _ => {}
        }
        let v = ops::get_item(f.cx, o, k)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// GETIDXI.
    fn get_imm(f) {
        let o = f.reg(f.b());
        let k = Obj::int_unchecked(f.insn as i64 >> 48);
        match o.shape() {
            shape::LIST => f.requicken(Op::GETIDXI_LIST),
            shape::TUPLE => f.requicken(Op::GETIDXI_TUPLE),
            _ => {}
        }
        let v = ops::get_item(f.cx, o, k)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// SETIDX.
    fn set(f) {
        let (o, k, v) = (f.reg(f.a()), f.reg(f.b()), f.reg(f.c()));
        match o.shape() {
            shape::LIST if k.is_small_int() => f.requicken(Op::SETIDX_LIST_INT),
            shape::DICT => f.requicken(Op::SETIDX_DICT),
            _ => {}
        }
        ops::set_item(f.cx, o, k, v)?;
        Ok(f.done())
    }
    /// DELIDX.
    fn del(f) {
        let (o, k) = (f.reg(f.a()), f.reg(f.b()));
        ops::del_item(f.cx, o, k)?;
        Ok(f.done())
    }
    /// BUILDSLICE.
    fn build_slice(f) {
        let b = f.b();
        let step = if f.x() == 1 { f.reg(b + 2) } else { Obj::NONE };
        let s = crate::hooks::slice(f.cx, f.reg(b), f.reg(b + 1), step)?;
        f.set(f.a(), s);
        Ok(f.done())
    }
    /// GETSLICE.
    fn get_slice(f) {
        let (o, c) = (f.reg(f.b()), f.c());
        if let Some(v) = plain_slice(f.cx, o, f.reg(c), f.reg(c + 1))? {
            f.set(f.a(), v);
            return Ok(f.done());
        }
        let s = crate::hooks::slice(f.cx, f.reg(c), f.reg(c + 1), Obj::NONE)?;
        let v = ops::get_item(f.cx, o, s)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// SETSLICE.
    fn set_slice(f) {
        let (o, v, c) = (f.reg(f.a()), f.reg(f.b()), f.c());
        let (start, stop) = (f.reg(c), f.reg(c + 1));
        if o.shape() == shape::LIST && bound(start, 0, 0).is_some() && bound(stop, 0, 0).is_some() {
            // By its shape.
            typhon_builtins::list::splice(f.cx, unsafe { Gc::from_obj(o) }, v, |len| {
                let place = |b, absent| bound(b, len, absent).expect("asked before");
                let i = place(start, 0);
                (i, place(stop, len).max(i))
            })?;
            return Ok(f.done());
        }
        let s = crate::hooks::slice(f.cx, f.reg(c), f.reg(c + 1), Obj::NONE)?;
        ops::set_item(f.cx, o, s, v)?;
        Ok(f.done())
    }
}
