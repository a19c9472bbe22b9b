//! Iteration: `iter(o)`, `next(it)`, and native loops over iterables.

use super::class_of;
use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::exc::ExcKind;
use crate::list::List;
use crate::native::{Payload, Trace};
use crate::obj::{Gc, Obj};
use crate::tuple::Tuple;
use crate::{Result, Tracer, int, list, ops, shape, tuple};
use std::sync::atomic::{AtomicI64, Ordering};

/// The payload of the iterators that `iter` makes for sequences: `list`,
/// `tuple`, and anything with only `__getitem__`.
#[repr(C)]
pub struct SeqIter {
    /// The sequence; nothing keeps it alive any more once the iterator is exhausted, so it
    /// is not looked at then.
    pub seq: Obj,
    /// Index of the next item; -1 once exhausted, which it stays: whoever makes it something
    /// else has come through no poll since it was 0 or more.
    pub pos: AtomicI64,
}

impl Trace for SeqIter {
    fn trace(&self, t: &mut Tracer) {
        if self.pos.load(Ordering::Relaxed) >= 0 {
            self.seq.trace(t);
        }
    }
}

impl Payload for SeqIter {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        matches!(o.shape(), shape::LIST_ITER | shape::TUPLE_ITER | shape::SEQ_ITER)
    }
}

fn seq_iter(cx: &Cx, shape_id: u32, seq: Obj) -> Result<Obj> {
    let p = cx.alloc(shape_id, 8 + size_of::<SeqIter>())?;
    // Fresh object of this layout.
    unsafe {
        (p.add(8) as *mut SeqIter).write(SeqIter { seq, pos: AtomicI64::new(0) });
        Ok(Obj::from_word_unchecked(p as u64))
    }
}

/// `iter(o)`.
pub fn get_iter(cx: &mut Cx, o: Obj) -> Result<Obj> {
    match o.shape() {
        shape::LIST => return seq_iter(cx, shape::LIST_ITER, o),
        shape::TUPLE => return seq_iter(cx, shape::TUPLE_ITER, o),
        shape::GENERATOR => return Ok(o),
        _ => {}
    }
    match class_of(o).special(Dunder::Iter) {
        Some(m) if !m.is_none() => {
            cx.enter()?;
            let it = ops::call_unbound(cx, m, o, &[], None)?;
            if class_of(it).special(Dunder::Next).is_none() {
                return Err(cx.type_error(format!("iter() returned non-iterator of type '{}'", cx.type_name(it))));
            }
            Ok(it)
        }
        None if is_sequence(o) => seq_iter(cx, shape::SEQ_ITER, o),
        _ => Err(cx.type_error(format!("'{}' object is not iterable", cx.type_name(o)))),
    }
}

/// The iterator that a native `__iter__` of a list (subclass) returns.
pub fn list_iter(cx: &Cx, o: Obj) -> Result<Obj> {
    seq_iter(cx, shape::LIST_ITER, o)
}
/// The same for tuples.
pub fn tuple_iter(cx: &Cx, o: Obj) -> Result<Obj> {
    seq_iter(cx, shape::TUPLE_ITER, o)
}
/// An iterator by `__getitem__`.
pub fn getitem_iter(cx: &Cx, o: Obj) -> Result<Obj> {
    seq_iter(cx, shape::SEQ_ITER, o)
}

/// Whether `o` can be indexed like a sequence.
pub fn is_sequence(o: Obj) -> bool {
    let c = class_of(o);
    // A native class with subscripts and no length is no sequence: a match, a union.
    c.special(Dunder::GetItem).is_some()
        && o.cast::<crate::dict::Dict>().is_none()
        && !(c.is_native() && c.special(Dunder::Len).is_none())
}

/// The next item of an iterator; `None` when it is exhausted.
#[inline]
pub fn iter_next(cx: &mut Cx, it: Obj) -> Result<Option<Obj>> {
    match it.shape() {
        shape::LIST_ITER | shape::TUPLE_ITER => Ok(seq_next(it)),
        shape::GENERATOR if let Some(f) = cx.rt().hooks().gen_next.get() => f(cx, it),
        _ => iter_next_slow(cx, it),
    }
}

/// Advance a list or tuple iterator.
#[inline]
pub fn seq_next(it: Obj) -> Option<Obj> {
    // By its shape. Racing threads may get the same item, as documented.
    unsafe {
        let i: Gc<SeqIter> = Gc::from_obj(it);
        let n = i.pos.load(Ordering::Relaxed);
        if n < 0 {
            return None;
        }
        let v = if it.shape() == shape::LIST_ITER {
            Gc::<List>::from_obj(i.seq).get(n as usize)
        } else {
            Gc::<Tuple>::from_obj(i.seq).get(n as usize)
        };
        i.pos.store(if v.is_some() { n + 1 } else { -1 }, Ordering::Relaxed);
        v
    }
}

fn iter_next_slow(cx: &mut Cx, it: Obj) -> Result<Option<Obj>> {
    if it.shape() == shape::SEQ_ITER {
        return getitem_next(cx, it);
    }
    let c = class_of(it);
    if let Some(f) = c.next_fn() {
        // An iterator over an iterator over an iterator ...
        if cx.native_stack_low() {
            return Err(cx.recursion_error());
        }
        // A StopIteration from code that the iterator calls ends it, too.
        let r = f(cx, it);
        return Ok(ops::catch(cx, r, ExcKind::StopIteration)?.flatten());
    }
    match c.special(Dunder::Next) {
        Some(m) => {
            let r = ops::call_unbound(cx, m, it, &[], None);
            ops::catch(cx, r, ExcKind::StopIteration)
        }
        None => Err(cx.type_error(format!("'{}' object is not an iterator", cx.type_name(it)))),
    }
}

fn getitem_next(cx: &mut Cx, it: Obj) -> Result<Option<Obj>> {
    // By its shape.
    let i: Gc<SeqIter> = unsafe { Gc::from_obj(it) };
    let n = i.pos.load(Ordering::Relaxed);
    if n < 0 {
        return Ok(None);
    }
    let at = int::from_i64(cx, n)?;
    match ops::get_item(cx, i.seq, at) {
        Ok(v) => {
            // Another thread may have come to its end meanwhile.
            let _ = i.pos.compare_exchange(n, n + 1, Ordering::Relaxed, Ordering::Relaxed);
            Ok(Some(v))
        }
        Err(e) if e.is(cx, ExcKind::IndexError) || e.is(cx, ExcKind::StopIteration) => {
            i.pos.store(-1, Ordering::Relaxed);
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// Call `f` with every item until it returns false.
pub fn for_each(cx: &mut Cx, iterable: Obj, mut f: impl FnMut(&mut Cx, Obj) -> Result<bool>) -> Result<()> {
    let it = get_iter(cx, iterable)?;
    while let Some(v) = iter_next(cx, it)? {
        if !f(cx, v)? {
            break;
        }
    }
    Ok(())
}

/// `list(iterable)`.
pub fn list_from_iter(cx: &mut Cx, iterable: Obj) -> Result<Gc<List>> {
    let l = list::new(cx, &[])?;
    extend_list(cx, l, iterable)?;
    Ok(l)
}

/// `l.extend(iterable)`.
pub fn extend_list(cx: &mut Cx, l: Gc<List>, iterable: Obj) -> Result<()> {
    collect(cx, l, iterable, true)
}

/// The same; `ask`: what says how long it will be is asked before the first item.
fn collect(cx: &mut Cx, l: Gc<List>, iterable: Obj, ask: bool) -> Result<()> {
    match iterable.shape() {
        shape::TUPLE => {
            // By its shape.
            let items = unsafe { Gc::<Tuple>::from_obj(iterable) }.items();
            l.write(cx).extend(items)
        }
        shape::LIST => {
            // By its shape.
            let other: Gc<List> = unsafe { Gc::from_obj(iterable) };
            let a = other.snapshot(cx)?;
            take_or_extend(cx, l, a, a.items(a.cap()).len())
        }
        _ => {
            // `list(d)` and its like are atomic, as CPython documents.
            if let Some(f) = cx.rt().hooks().snapshot.get()
                && let Some(s) = f(cx, iterable)?
            {
                // Nothing else knows it.
                let (buf, n) = s.write(cx).take();
                return buf.map_or(Ok(()), |a| take_or_extend(cx, l, a, n));
            }
            let it = get_iter(cx, iterable)?;
            let c = class_of(iterable);
            let tells = c.special(Dunder::Len).is_some() || c.special(Dunder::LengthHint).is_some();
            if tells && ask && !c.is_native() {
                check_hint(cx, l, iterable)?;
            }
            // Native code's own is asked where that costs nothing beside the rest.
            let mut until_asked = if tells && c.is_native() { 1 << 16 } else { usize::MAX };
            while let Some(v) = iter_next(cx, it)? {
                l.append(cx, v)?;
                until_asked -= 1;
                if until_asked == 0 {
                    check_hint(cx, l, iterable)?;
                }
            }
            Ok(())
        }
    }
}

/// The storage of `l` grows as needed; but of what says that it will never fit no more is
/// taken. A sum that is no length is not believed, as in CPython.
fn check_hint(cx: &mut Cx, l: Gc<List>, iterable: Obj) -> Result<()> {
    let more = length_hint(cx, iterable)?;
    match more.checked_add(l.len()) {
        Some(n) if n <= isize::MAX as usize => cx.check_room(n.saturating_mul(size_of::<Obj>())),
        _ => Ok(()),
    }
}

/// Append the first `n` items of an array that nothing else uses: it becomes the
/// storage of an empty list.
fn take_or_extend(cx: &Cx, l: Gc<List>, a: Gc<crate::array::Array>, n: usize) -> Result<()> {
    let mut g = l.write(cx);
    if g.is_empty() && g.buf().is_none() {
        if n > 0 {
            g.install(a, n);
        }
        return Ok(());
    }
    g.extend(a.items(n))
}

/// `tuple(iterable)`.
pub fn tuple_from_iter(cx: &mut Cx, iterable: Obj) -> Result<Gc<Tuple>> {
    if iterable.shape() == shape::TUPLE {
        // By its shape.
        return Ok(unsafe { Gc::from_obj(iterable) });
    }
    let l = match iterable.shape() {
        // By its shape.
        shape::LIST => unsafe { Gc::from_obj(iterable) },
        _ => {
            let l = list::new(cx, &[])?;
            collect(cx, l, iterable, false)?;
            l
        }
    };
    tuple_from_list(cx, l)
}

/// A tuple of a list's items.
pub fn tuple_from_list(cx: &Cx, l: Gc<List>) -> Result<Gc<Tuple>> {
    let a = l.snapshot(cx)?;
    // A snapshot's slots are all filled, up to items that a racing writer took.
    tuple::new(cx, a.items(a.cap()))
}

/// `operator.length_hint(o)`, 0 if it has none.
pub fn length_hint(cx: &mut Cx, o: Obj) -> Result<usize> {
    let c = class_of(o);
    if c.special(Dunder::Len).is_some() {
        let r = ops::len(cx, o);
        if let Some(n) = ops::catch(cx, r, ExcKind::TypeError)? {
            return Ok(n);
        }
    }
    let r = ops::call_special(cx, o, Dunder::LengthHint, &[]);
    match ops::catch(cx, r, ExcKind::TypeError)?.flatten() {
        Some(h) if h != Obj::NOT_IMPLEMENTED => match int::to_i64(h) {
            Some(n) if n >= 0 => Ok(n as usize),
            Some(_) => Err(cx.value_error("__length_hint__() should return >= 0")),
            None if int::is_int(h) => {
                Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C ssize_t"))
            }
            None => Err(cx.type_error(format!("__length_hint__ must be an integer, not {}", cx.type_name(h)))),
        },
        _ => Ok(0),
    }
}
