//! `list.sort` and `sorted`: stable sorting.
//!
//! Keys that are all small ints, floats or strings are compared natively, on
//! plain copies, since no Python code can run then. Other keys go through a
//! natural merge sort whose values stay in runtime arrays: comparisons may run
//! Python code, collect, or raise, and at each such moment the arrays together
//! hold every item.
//!
//! Arrays hold only objects older than themselves, so a collection in between
//! leaves nothing for the write barrier to remember.
//! Tests: tests/containers.rs; CPython test_sort.

use std::cmp::Ordering as Order;
use std::sync::atomic::Ordering;
use typhon_object::array::{self, Array};
use typhon_object::list::List;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{CompareOp, Cx, Gc, Obj, Result, float, ops, shape};
use typhon_text::strview::StrView;

/// `l.sort(key=key, reverse=reverse)`.
pub fn sort_list(cx: &mut Cx, l: Gc<List>, key: Option<Obj>, reverse: bool) -> Result<()> {
    let (buf, n) = l.write(cx).take();
    let Some(buf) = buf else { return Ok(()) };
    // Readers may still hold the old buffer, so the items are sorted elsewhere.
    let vals = array::new(cx, n)?;
    array::fill(cx, vals, buf.items(n));
    let r = sort_array(cx, vals, n, key, reverse);
    let mut g = l.write(cx);
    let touched = g.buf().is_some() || !g.is_empty();
    g.install(vals, n);
    drop(g);
    r?;
    if touched {
        return Err(cx.value_error("list modified during sort"));
    }
    Ok(())
}

fn sort_array(cx: &mut Cx, vals: Gc<Array>, n: usize, key: Option<Obj>, reverse: bool) -> Result<()> {
    let keys = match key {
        None => vals,
        Some(f) => {
            let keys = array::new(cx, n)?;
            for i in 0..n {
                let Some(v) = vals.get(i) else { break };
                let k = ops::call_args(cx, f, &[v])?;
                keys.set(cx, i, k);
            }
            keys
        }
    };
    if n < 2 || native_sort(cx, keys, vals, n, reverse) {
        return Ok(());
    }
    // Stability under `reverse`: turn round, sort, turn back.
    if reverse {
        turn_round(keys, vals, 0, n);
    }
    let mut s = Sorter {
        keys,
        vals: (keys != vals).then_some(vals),
        tmp_keys: array::new(cx, n / 2 + 1)?,
        tmp_vals: if keys == vals { None } else { Some(array::new(cx, n / 2 + 1)?) },
        tuples: keys.items(n).iter().all(|k| k.shape() == shape::TUPLE),
    };
    cx.barrier(s.tmp_keys.obj());
    if let Some(t) = s.tmp_vals {
        cx.barrier(t.obj());
    }
    let r = s.sort(cx, n);
    if reverse {
        turn_round(keys, vals, 0, n);
    }
    cx.barrier(vals.obj());
    r
}

fn turn_round(keys: Gc<Array>, vals: Gc<Array>, lo: usize, hi: usize) {
    let flip = |a: Gc<Array>| {
        let s = &a.slots()[lo..hi];
        for i in 0..s.len() / 2 {
            let j = s.len() - 1 - i;
            let (x, y) = (s[i].load(Ordering::Relaxed), s[j].load(Ordering::Relaxed));
            s[i].store(y, Ordering::Relaxed);
            s[j].store(x, Ordering::Relaxed);
        }
    };
    flip(keys);
    if keys != vals {
        flip(vals);
    }
}

/// Sort by native comparison if all keys are of one simple type. Nothing here
/// allocates on the heap or reaches a safepoint, so plain copies are safe.
fn native_sort(cx: &Cx, keys: Gc<Array>, vals: Gc<Array>, n: usize, reverse: bool) -> bool {
    let items = keys.items(n);
    if items.len() != n || n > u32::MAX as usize {
        return false;
    }
    let first = items[0];
    if first.is_small_int() {
        if !items.iter().all(|k| k.is_small_int()) {
            return false;
        }
        if keys == vals {
            // Equal ints are the same word, so their order does not show.
            let mut v: Vec<i64> = items.iter().map(|k| k.word() as i64).collect();
            v.sort();
            let put = |(s, w): (&std::sync::atomic::AtomicU64, &i64)| s.store(*w as u64, Ordering::Relaxed);
            if reverse {
                vals.slots().iter().zip(v.iter().rev()).for_each(put);
            } else {
                vals.slots().iter().zip(v.iter()).for_each(put);
            }
            return true;
        }
        let v = items.iter().map(|k| k.word() as i64).collect();
        permute(cx, vals, v, reverse, |a: &i64, b| a.cmp(b));
        return true;
    }
    match first.shape() {
        shape::FLOAT => {
            let mut v: Vec<f64> = Vec::with_capacity(n);
            for k in items {
                match float::value(*k) {
                    Some(f) if k.shape() == shape::FLOAT && !f.is_nan() => v.push(f),
                    _ => return false,
                }
            }
            permute(cx, vals, v, reverse, |a: &f64, b| a.partial_cmp(b).unwrap_or(Order::Equal));
            true
        }
        shape::STR => {
            let mut v: Vec<Gc<Str>> = Vec::with_capacity(n);
            for k in items {
                match k.cast::<Str>() {
                    Some(s) if k.shape() == shape::STR => v.push(s),
                    _ => return false,
                }
            }
            let latin: Option<Vec<&'static [u8]>> = v
                .iter()
                .map(|s| match s.payload().view() {
                    StrView::Latin1(b) => Some(b),
                    _ => None,
                })
                .collect();
            match latin {
                Some(v) => {
                    // The first bytes as a number decide most comparisons.
                    let v = v.into_iter().map(|b| (leading(b), b)).collect();
                    permute(cx, vals, v, reverse, |a: &(u64, &[u8]), b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
                }
                None => permute(cx, vals, v, reverse, |a: &Gc<Str>, b| a.compare(b)),
            }
            true
        }
        _ => false,
    }
}

/// The first eight bytes as a number of the same order; short texts end in zeros.
fn leading(b: &[u8]) -> u64 {
    match b.first_chunk::<8>() {
        Some(c) => u64::from_be_bytes(*c),
        None => b.iter().enumerate().fold(0, |n, (i, c)| n | (*c as u64) << (56 - 8 * i)),
    }
}

fn permute<K>(cx: &Cx, vals: Gc<Array>, keys: Vec<K>, reverse: bool, cmp: impl Fn(&K, &K) -> Order) {
    let mut v: Vec<(K, u32)> = keys.into_iter().zip(0..).collect();
    if reverse {
        v.sort_by(|a, b| cmp(&b.0, &a.0));
    } else {
        v.sort_by(|a, b| cmp(&a.0, &b.0));
    }
    let old: Vec<u64> = vals.slots().iter().map(|s| s.load(Ordering::Relaxed)).collect();
    for (s, (_, i)) in vals.slots().iter().zip(&v) {
        s.store(old[*i as usize], Ordering::Relaxed);
    }
    cx.barrier(vals.obj());
}

struct Sorter {
    keys: Gc<Array>,
    vals: Option<Gc<Array>>,
    tmp_keys: Gc<Array>,
    tmp_vals: Option<Gc<Array>>,
    /// All keys are exact tuples.
    tuples: bool,
}

fn copy(from: Gc<Array>, i: usize, to: Gc<Array>, j: usize, n: usize) {
    let (f, t) = (&from.slots()[i..i + n], &to.slots()[j..j + n]);
    if from == to && i < j {
        for k in (0..n).rev() {
            t[k].store(f[k].load(Ordering::Relaxed), Ordering::Relaxed);
        }
    } else {
        for k in 0..n {
            t[k].store(f[k].load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

fn at(a: Gc<Array>, i: usize) -> Obj {
    a.get(i).expect("every slot of a sort is filled")
}

/// `a < b` of two exact tuples.
fn tuple_less(cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
    let (Some(x), Some(y)) = (a.cast::<Tuple>(), b.cast::<Tuple>()) else {
        return ops::compare(cx, a, b, CompareOp::Lt);
    };
    for (x, y) in x.items().iter().zip(y.items()) {
        if !ops::equal(cx, *x, *y)? {
            return ops::compare(cx, *x, *y, CompareOp::Lt);
        }
    }
    Ok(x.len() < y.len())
}

impl Sorter {
    #[inline]
    fn less(&self, cx: &mut Cx, a: Obj, b: Obj) -> Result<bool> {
        if self.tuples { tuple_less(cx, a, b) } else { ops::compare(cx, a, b, CompareOp::Lt) }
    }

    /// Sort the first `n` keys: natural runs, merged in the order that their
    /// "power" tells (Munro and Wild's powersort).
    fn sort(&mut self, cx: &mut Cx, n: usize) -> Result<()> {
        let min_run = min_run(n);
        // Start, length and power of the boundary behind each pending run.
        let mut runs: Vec<(usize, usize, u32)> = Vec::new();
        let mut lo = 0;
        while lo < n {
            let mut len = self.count_run(cx, lo, n)?;
            if len < min_run {
                let want = min_run.min(n - lo);
                self.insertion(cx, lo, lo + len, lo + want)?;
                len = want;
            }
            if let Some(&(s1, n1, _)) = runs.last() {
                let p = power(s1, n1, len, n);
                while runs.len() > 1 && runs[runs.len() - 2].2 > p {
                    self.merge_last(cx, &mut runs)?;
                }
                runs.last_mut().expect("at least one run").2 = p;
            }
            runs.push((lo, len, 0));
            lo += len;
        }
        while runs.len() > 1 {
            self.merge_last(cx, &mut runs)?;
        }
        Ok(())
    }

    fn merge_last(&mut self, cx: &mut Cx, runs: &mut Vec<(usize, usize, u32)>) -> Result<()> {
        let (Some((s2, n2, p2)), Some((s1, n1, _))) = (runs.pop(), runs.pop()) else { return Ok(()) };
        runs.push((s1, n1 + n2, p2));
        self.merge(cx, s1, s2, s2 + n2)
    }

    /// Length of the run at `lo`; a strictly descending one is turned round.
    fn count_run(&mut self, cx: &mut Cx, lo: usize, hi: usize) -> Result<usize> {
        if lo + 1 == hi {
            return Ok(1);
        }
        let descending = self.less(cx, at(self.keys, lo + 1), at(self.keys, lo))?;
        let mut end = lo + 2;
        while end < hi && self.less(cx, at(self.keys, end), at(self.keys, end - 1))? == descending {
            end += 1;
        }
        if descending {
            turn_round(self.keys, self.vals.unwrap_or(self.keys), lo, end);
        }
        Ok(end - lo)
    }

    /// Binary insertion: `lo..start` is sorted, extend it to `lo..hi`.
    fn insertion(&mut self, cx: &mut Cx, lo: usize, start: usize, hi: usize) -> Result<()> {
        for i in start..hi {
            let k = at(self.keys, i);
            let p = self.upper_bound(cx, k, lo, i)?;
            shift_in(self.keys, p, i);
            if let Some(v) = self.vals {
                shift_in(v, p, i);
            }
        }
        Ok(())
    }

    /// First position in `lo..hi` whose key is greater than `k`.
    fn upper_bound(&self, cx: &mut Cx, k: Obj, mut lo: usize, mut hi: usize) -> Result<usize> {
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if self.less(cx, k, at(self.keys, mid))? { hi = mid } else { lo = mid + 1 }
        }
        Ok(lo)
    }

    /// First position in `lo..hi` whose key is not less than `k`.
    fn lower_bound(&self, cx: &mut Cx, k: Obj, mut lo: usize, mut hi: usize) -> Result<usize> {
        // Gallop from the end, where it is when the runs hardly overlap.
        let mut step = 1;
        while hi - lo > step && !self.less(cx, at(self.keys, hi - step), k)? {
            hi -= step;
            step *= 2;
        }
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if self.less(cx, at(self.keys, mid), k)? { lo = mid + 1 } else { hi = mid }
        }
        Ok(lo)
    }

    /// Merge the neighbouring runs `lo..mid` and `mid..hi`.
    fn merge(&mut self, cx: &mut Cx, lo: usize, mid: usize, hi: usize) -> Result<()> {
        let lo = self.upper_bound(cx, at(self.keys, mid), lo, mid)?;
        if lo == mid {
            return Ok(());
        }
        let hi = self.lower_bound(cx, at(self.keys, mid - 1), mid, hi)?;
        if mid - lo <= hi - mid { self.merge_low(cx, lo, mid, hi) } else { self.merge_high(cx, lo, mid, hi) }
    }

    /// Copy out the left run and merge forward.
    fn merge_low(&mut self, cx: &mut Cx, lo: usize, mid: usize, hi: usize) -> Result<()> {
        let n = mid - lo;
        self.save(lo, n);
        let (mut i, mut j, mut k) = (0, mid, lo);
        let mut r = Ok(());
        while i < n && j < hi {
            match self.less(cx, at(self.keys, j), at(self.tmp_keys, i)) {
                Ok(true) => {
                    self.move_within(j, k);
                    j += 1;
                }
                Ok(false) => {
                    self.restore(i, k, 1);
                    i += 1;
                }
                Err(e) => {
                    r = Err(e);
                    break;
                }
            }
            k += 1;
        }
        // The rest of the left run fills the gap before `j` exactly.
        self.restore(i, k, n - i);
        r
    }

    /// Copy out the right run and merge backward.
    fn merge_high(&mut self, cx: &mut Cx, lo: usize, mid: usize, hi: usize) -> Result<()> {
        let n = hi - mid;
        self.save(mid, n);
        let (mut i, mut j, mut k) = (n, mid, hi);
        let mut r = Ok(());
        while i > 0 && j > lo {
            match self.less(cx, at(self.tmp_keys, i - 1), at(self.keys, j - 1)) {
                Ok(true) => {
                    k -= 1;
                    j -= 1;
                    self.move_within(j, k);
                }
                Ok(false) => {
                    k -= 1;
                    i -= 1;
                    self.restore(i, k, 1);
                }
                Err(e) => {
                    r = Err(e);
                    break;
                }
            }
        }
        self.restore(0, j, i);
        r
    }

    fn save(&self, from: usize, n: usize) {
        copy(self.keys, from, self.tmp_keys, 0, n);
        if let (Some(v), Some(t)) = (self.vals, self.tmp_vals) {
            copy(v, from, t, 0, n);
        }
    }
    fn restore(&self, from: usize, to: usize, n: usize) {
        copy(self.tmp_keys, from, self.keys, to, n);
        if let (Some(v), Some(t)) = (self.vals, self.tmp_vals) {
            copy(t, from, v, to, n);
        }
    }
    fn move_within(&self, from: usize, to: usize) {
        copy(self.keys, from, self.keys, to, 1);
        if let Some(v) = self.vals {
            copy(v, from, v, to, 1);
        }
    }
}

/// Move the item at `i` down to `p`, shifting those between up.
fn shift_in(a: Gc<Array>, p: usize, i: usize) {
    let w = a.word(i);
    copy(a, p, a, p + 1, i - p);
    a.slots()[p].store(w, Ordering::Relaxed);
}

/// Runs shorter than this are extended by insertion.
fn min_run(n: usize) -> usize {
    let (mut n, mut r) = (n, 0);
    while n >= 64 {
        r |= n & 1;
        n >>= 1;
    }
    n + r
}

/// The depth, in the ideal merge tree, of the boundary between two runs.
fn power(s1: usize, n1: usize, n2: usize, n: usize) -> u32 {
    let mut a = 2 * s1 + n1;
    let mut b = a + n1 + n2;
    let mut result = 0;
    loop {
        result += 1;
        if a >= n {
            a -= n;
            b -= n;
        } else if b >= n {
            return result;
        }
        a <<= 1;
        b <<= 1;
    }
}
