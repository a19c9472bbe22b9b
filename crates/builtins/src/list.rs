//! Methods of `list`. Its storage and invariants are in typhon-object.
//!
//! No guard lives while Python code runs: items are read one at a time, and
//! what a method needs whole is copied first.
//! Tests: tests/containers.rs; CPython test_list.

use crate::{generic_alias, iterators, repr_guard, seq, slice, slice::Slice, sort};
use typhon_macros::class;
use typhon_object::list::{self, List};
use typhon_object::native::{self, Args, SliceIndex, instance_of};
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Raised, Result, array, ops, shape};

fn index_error(cx: &Cx, msg: &str) -> Raised {
    cx.error(ExcKind::IndexError, msg)
}

#[cold]
fn bad_index(cx: &Cx, k: Obj) -> Raised {
    cx.type_error(format!("list indices must be integers or slices, not {}", cx.type_name(k)))
}

/// The offset that subscript `k` means, or the error.
fn offset(cx: &mut Cx, this: Gc<List>, k: Obj, msg: &str) -> Result<usize> {
    if !slice::is_index(k) {
        return Err(bad_index(cx, k));
    }
    let i = ops::index_isize(cx, k)?;
    ops::wrap(i as i64, this.len()).ok_or_else(|| index_error(cx, msg))
}

/// A list of the items that a slice selects.
fn sub_list(cx: &mut Cx, this: Gc<List>, s: &Slice) -> Result<Obj> {
    let b = s.bounds(cx)?;
    if b.step == 1 {
        let (start, stop, _, _) = b.clip(this.len());
        return Ok(this.sub(cx, start as usize, stop.max(start) as usize)?.obj());
    }
    let (a, n) = {
        let g = this.write(cx);
        let (start, _, step, n) = b.clip(g.len());
        let a = array::new(cx, n)?;
        if let Some(buf) = g.buf() {
            let (from, to) = (buf.slots(), a.slots());
            for (i, t) in to.iter().enumerate() {
                let w = from[(start + i as isize * step) as usize].load(std::sync::atomic::Ordering::Relaxed);
                t.store(w, std::sync::atomic::Ordering::Relaxed);
            }
        }
        cx.barrier(a.obj());
        (a, n)
    };
    if n == 0 {
        return Ok(list::new(cx, &[])?.obj());
    }
    Ok(list::from_array(cx, a, n)?.obj())
}

/// `this[i:j] = v`; `bounds` tells i and j (i <= j <= length) from the length.
pub fn splice(cx: &mut Cx, this: Gc<List>, v: Obj, bounds: impl FnOnce(usize) -> (usize, usize)) -> Result<()> {
    let (_keep, items) = seq::fast_items(cx, v, "must assign iterable to extended slice")?;
    let mut g = this.write(cx);
    let (start, stop) = bounds(g.len());
    g.splice(start, stop, items)
}

fn set_slice(cx: &mut Cx, this: Gc<List>, s: &Slice, v: Obj) -> Result<()> {
    let b = s.bounds(cx)?;
    if b.step == 1 {
        return splice(cx, this, v, |len| {
            let (start, stop, _, _) = b.clip(len);
            (start as usize, stop.max(start) as usize)
        });
    }
    let (_keep, items) = seq::fast_items(cx, v, "must assign iterable to extended slice")?;
    let g = this.write(cx);
    let (start, _, step, n) = b.clip(g.len());
    if n != items.len() {
        return Err(
            cx.value_error(format!("attempt to assign sequence of size {} to extended slice of size {n}", items.len()))
        );
    }
    if let Some(buf) = g.buf() {
        for (i, v) in items.iter().enumerate() {
            buf.set(cx, (start + i as isize * step) as usize, *v);
        }
    }
    Ok(())
}

fn del_slice(cx: &mut Cx, this: Gc<List>, s: &Slice) -> Result<()> {
    let b = s.bounds(cx)?;
    let mut g = this.write(cx);
    let (start, stop, step, n) = b.clip(g.len());
    if n == 0 {
        return Ok(());
    }
    if step == 1 {
        return g.splice(start as usize, stop as usize, &[]);
    }
    let (first, step) = if step < 0 {
        ((start + (n as isize - 1) * step) as usize, step.unsigned_abs())
    } else {
        (start as usize, step as usize)
    };
    let total = g.len();
    let a = array::new(cx, total - n)?;
    let mut out = 0;
    for i in 0..total {
        let deleted = i >= first && (i - first).is_multiple_of(step) && (i - first) / step < n;
        if !deleted && let Some(v) = g.get(i) {
            a.set(cx, out, v);
            out += 1;
        }
    }
    g.install(a, out);
    Ok(())
}

/// `this * n` as a new array of the items.
fn repeated(cx: &Cx, this: Gc<List>, n: usize) -> Result<(Gc<array::Array>, usize)> {
    let len = this.len();
    let total = len.checked_mul(n).filter(|t| *t <= isize::MAX as usize / 16).ok_or_else(|| cx.memory_error())?;
    let a = array::new(cx, total)?;
    if total == 0 {
        return Ok((a, 0));
    }
    let len = this.copy_to(cx, a, 0, len);
    // What is there is doubled as long as it fits.
    let (mut done, total) = (len, len * n);
    while done < total {
        let more = done.min(total - done);
        array::copy_slots(a, a, done, more);
        done += more;
    }
    cx.barrier(a.obj());
    Ok((a, total))
}

struct ListMethods;

#[class(name = "list", extends = List)]
impl ListMethods {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, _args: Args<'_>) -> Result<Obj> {
        if cls.root_shape() == shape::LIST {
            return Ok(list::new(cx, &[])?.obj());
        }
        Ok(instance_of(cx, cls, List::empty())?.obj())
    }

    fn __init__(this: Gc<List>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let others = native::keywords_are_others(ops::class_of(this.obj()), Dunder::Init);
        if !others && args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("list() takes no keyword arguments"));
        }
        if args.pos.len() > 1 {
            return Err(cx.type_error(format!("list expected at most 1 argument, got {}", args.pos.len())));
        }
        if !this.is_empty() {
            this.write(cx).take();
        }
        match args.pos.first() {
            Some(v) => ops::extend_list(cx, this, *v),
            None => Ok(()),
        }
    }

    fn __repr__(this: Gc<List>, cx: &mut Cx) -> Result<Obj> {
        let Some(_entered) = repr_guard::enter(this.obj()) else {
            return Ok(typhon_object::str::new(cx, "[...]")?.obj());
        };
        Ok(repr_guard::repr_items(cx, "[", "]", |i| this.get(i))?.obj())
    }

    #[leaf]
    fn __len__(this: Gc<List>) -> usize {
        this.len()
    }

    fn __getitem__(this: Gc<List>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if let Some(s) = key.cast::<Slice>() {
            return sub_list(cx, this, &s);
        }
        let i = offset(cx, this, key, "list index out of range")?;
        this.get(i).ok_or_else(|| index_error(cx, "list index out of range"))
    }

    fn __setitem__(this: Gc<List>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        if let Some(s) = key.cast::<Slice>() {
            return set_slice(cx, this, &s, value);
        }
        let i = offset(cx, this, key, "list assignment index out of range")?;
        if this.set(cx, i, value) {
            return Ok(());
        }
        Err(index_error(cx, "list assignment index out of range"))
    }

    fn __delitem__(this: Gc<List>, cx: &mut Cx, key: Obj) -> Result<()> {
        if let Some(s) = key.cast::<Slice>() {
            return del_slice(cx, this, &s);
        }
        let i = offset(cx, this, key, "list assignment index out of range")?;
        let mut g = this.write(cx);
        if i >= g.len() {
            return Err(index_error(cx, "list assignment index out of range"));
        }
        g.splice(i, i + 1, &[])
    }

    fn __iter__(this: Gc<List>, cx: &Cx) -> Result<Obj> {
        ops::list_iter(cx, this.obj())
    }

    /// Return a reverse iterator over the list.
    fn __reversed__(this: Gc<List>, cx: &mut Cx) -> Result<Obj> {
        iterators::list_reversed(cx, this)
    }

    fn __contains__(this: Gc<List>, cx: &mut Cx, key: Obj) -> Result<bool> {
        Ok(seq::position(cx, |i| this.get(i), key, 0, usize::MAX)?.is_some())
    }

    fn __add__(this: Gc<List>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        let Some(b) = other.cast::<List>() else {
            let n = cx.type_name(other);
            return Err(cx.type_error(format!("can only concatenate list (not \"{n}\") to list")));
        };
        // What another thread appends meanwhile is not part of it.
        let (n, m) = (this.len(), b.len());
        let a = array::new(cx, n + m)?;
        let n = this.copy_to(cx, a, 0, n);
        let m = b.copy_to(cx, a, n, m);
        cx.barrier(a.obj());
        Ok(list::from_array(cx, a, n + m)?.obj())
    }

    fn __iadd__(this: Gc<List>, cx: &mut Cx, other: Obj) -> Result<Obj> {
        ops::extend_list(cx, this, other)?;
        Ok(this.obj())
    }

    fn __mul__(this: Gc<List>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = slice::repeat_count(cx, n)?;
        let (a, n) = repeated(cx, this, n)?;
        Ok(list::from_array(cx, a, n)?.obj())
    }

    fn __rmul__(this: Gc<List>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        ListMethods::__mul__(this, cx, n)
    }

    fn __imul__(this: Gc<List>, cx: &mut Cx, n: Obj) -> Result<Obj> {
        let n = slice::repeat_count(cx, n)?;
        let (a, n) = repeated(cx, this, n)?;
        this.write(cx).install(a, n);
        Ok(this.obj())
    }

    fn __richcmp__(this: Gc<List>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(b) = other.cast::<List>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        seq::compare(cx, |i| this.get(i), |i| b.get(i), || (this.len(), b.len()), op)
    }

    /// Append object to the end of the list.
    fn append(this: Gc<List>, cx: &Cx, object: Obj) -> Result<()> {
        this.append(cx, object)
    }

    /// Remove all items from list.
    fn clear(this: Gc<List>, cx: &Cx) {
        this.write(cx).take();
    }

    /// Return a shallow copy of the list.
    fn copy(this: Gc<List>, cx: &Cx) -> Result<Gc<List>> {
        let a = this.snapshot(cx)?;
        list::from_array(cx, a, a.cap())
    }

    /// Return number of occurrences of value.
    fn count(this: Gc<List>, cx: &mut Cx, value: Obj) -> Result<usize> {
        let (mut n, mut i) = (0, 0);
        while let Some(v) = this.get(i) {
            n += ops::equal(cx, v, value)? as usize;
            i += 1;
        }
        Ok(n)
    }

    /// Extend list by appending elements from the iterable.
    fn extend(this: Gc<List>, cx: &mut Cx, iterable: Obj) -> Result<()> {
        ops::extend_list(cx, this, iterable)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig(value, start = 0, stop = 9223372036854775807, /)]
    fn index(this: Gc<List>, cx: &mut Cx, value: Obj, start: SliceIndex, stop: SliceIndex) -> Result<usize> {
        let (start, stop) = seq::search_range(start.0, stop.0, this.len());
        match seq::position(cx, |i| this.get(i), value, start, stop)? {
            Some(i) => Ok(i),
            None => Err(cx.value_error("list.index(x): x not in list")),
        }
    }

    /// Insert object before index.
    fn insert(this: Gc<List>, cx: &mut Cx, index: isize, object: Obj) -> Result<()> {
        let mut g = this.write(cx);
        let i = slice::clamp_position(index, g.len());
        g.splice(i, i, &[object])
    }

    /// Remove and return item at index (default last).
    ///
    /// Raises IndexError if list is empty or index is out of range.
    #[sig(index = -1, /)]
    fn pop(this: Gc<List>, cx: &mut Cx, index: isize) -> Result<Obj> {
        let mut g = this.write(cx);
        if g.is_empty() {
            return Err(index_error(cx, "pop from empty list"));
        }
        let n = g.len();
        let Some(i) = ops::wrap(index as i64, n) else {
            return Err(index_error(cx, "pop index out of range"));
        };
        let v = if i + 1 == n { g.pop() } else { g.get(i) };
        if i + 1 < n {
            g.splice(i, i + 1, &[])?;
        }
        v.ok_or_else(|| index_error(cx, "pop index out of range"))
    }

    /// Remove first occurrence of value.
    ///
    /// Raises ValueError if the value is not present.
    fn remove(this: Gc<List>, cx: &mut Cx, value: Obj) -> Result<()> {
        match seq::position(cx, |i| this.get(i), value, 0, usize::MAX)? {
            Some(i) => {
                let mut g = this.write(cx);
                if i < g.len() { g.splice(i, i + 1, &[]) } else { Ok(()) }
            }
            None => Err(cx.value_error("list.remove(x): x not in list")),
        }
    }

    /// Reverse *IN PLACE*.
    fn reverse(this: Gc<List>, cx: &Cx) -> Result<()> {
        this.write(cx).reverse()
    }

    /// Sort the list in ascending order and return None.
    ///
    /// The sort is in-place (i.e. the list itself is modified) and stable (i.e. the
    /// order of two equal elements is maintained).
    ///
    /// If a key function is given, apply it once to each list item and sort them,
    /// ascending or descending, according to their function values.
    ///
    /// The reverse flag can be set to sort in descending order.
    #[sig(*, key = None, reverse = False)]
    fn sort(this: Gc<List>, cx: &mut Cx, key: Option<Obj>, reverse: bool) -> Result<()> {
        sort::sort_list(cx, this, key, reverse)
    }

    /// Return the size of the list in memory, in bytes.
    fn __sizeof__(this: Gc<List>) -> usize {
        40 + this.buffer().map_or(0, |b| 16 + 8 * b.cap())
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        generic_alias::new(cx, cls.obj(), item)
    }
}

/// Complete the class.
pub fn init(cx: &mut Cx) -> Result<()> {
    let t = types::class_for(shape::LIST);
    types::add_members(cx, t, ListMethods::MEMBERS)?;
    types::set_attr(cx, t, types::d_name(cx, Dunder::Hash), Some(Obj::NONE))?;
    Ok(())
}
