//! `product`, `permutations`, `combinations`, `combinations_with_replacement`.
//!
//! Each keeps its pools as tuples and its position as indices behind a guard.
//! Tests: CPython test_itertools.

use super::stop;
use crate::util::tuple_obj;
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, FromArg};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Guarded, Result, list, ops};

/// Where an iterator stands.
#[derive(Trace)]
enum State {
    Fresh,
    Running(Vec<usize>, Vec<usize>),
    Done,
}

/// The tuple of the pool's items at these indices.
fn pick(cx: &Cx, pool: Gc<Tuple>, indices: &[usize]) -> Result<Obj> {
    const INLINE: usize = 16;
    let items = pool.payload().items();
    if indices.len() <= INLINE {
        let mut v = [Obj::NONE; INLINE];
        for (o, i) in v.iter_mut().zip(indices) {
            *o = items[*i];
        }
        return tuple_obj(cx, &v[..indices.len()]);
    }
    let l = list::new(cx, &[])?;
    for i in indices {
        l.append(cx, items[*i])?;
    }
    Ok(ops::tuple_from_list(cx, l)?.obj())
}

/// `itertools.product`.
#[derive(Trace)]
pub struct Product {
    pools: Gc<Tuple>,
    state: Guarded<State>,
}

/// Cartesian product of input iterables.  Equivalent to nested for-loops.
#[class(module = "itertools", name = "product", subclassable)]
impl Product {
    fn __new__(cx: &mut Cx, args: Args<'_>) -> Result<Product> {
        let mut repeat = 1isize;
        for (k, v) in args.keywords() {
            if !k.eq_str("repeat") {
                return Err(cx.type_error(format!("product() got an unexpected keyword argument '{}'", k.to_str())));
            }
            repeat = isize::from_arg(cx, v)?;
        }
        if repeat < 0 {
            return Err(cx.value_error("repeat argument cannot be negative"));
        }
        if args.pos.len().checked_mul(repeat as usize).is_none_or(|n| n > isize::MAX as usize / 16) {
            return Err(cx.error(ExcKind::OverflowError, "repeat argument too large"));
        }
        let l = list::new(cx, &[])?;
        for a in if repeat == 0 { &[] } else { args.pos } {
            let t = ops::tuple_from_iter(cx, *a)?;
            l.append(cx, t.obj())?;
        }
        let n = l.len();
        for i in n..n * repeat as usize {
            let p = l.get(i - n).unwrap_or(Obj::NONE);
            l.append(cx, p)?;
        }
        let pools = ops::tuple_from_list(cx, l)?;
        Ok(Product { pools, state: Guarded::new(State::Fresh) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        let pools = self.pools.payload().items();
        let pool = |i: usize| pools[i].cast::<Tuple>().expect("pools are tuples").payload().items();
        let indices = {
            let mut g = self.state.write(cx, self);
            let next = match &mut *g {
                State::Fresh if (0..pools.len()).all(|i| !pool(i).is_empty()) => Some(vec![0; pools.len()]),
                State::Running(v, _) => {
                    let mut at = pools.len();
                    loop {
                        if at == 0 {
                            break None;
                        }
                        at -= 1;
                        v[at] += 1;
                        if v[at] < pool(at).len() {
                            break Some(std::mem::take(v));
                        }
                        v[at] = 0;
                    }
                }
                _ => None,
            };
            match next {
                Some(v) => {
                    *g = State::Running(v.clone(), Vec::new());
                    v
                }
                None => {
                    *g = State::Done;
                    drop(g);
                    return Err(stop(cx));
                }
            }
        };
        const INLINE: usize = 8;
        if indices.len() <= INLINE {
            let mut v = [Obj::NONE; INLINE];
            for (i, at) in indices.iter().enumerate() {
                v[i] = pool(i)[*at];
            }
            return tuple_obj(cx, &v[..indices.len()]);
        }
        let l = list::new(cx, &[])?;
        for (i, at) in indices.iter().enumerate() {
            l.append(cx, pool(i)[*at])?;
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
}

fn length(cx: &mut Cx, r: isize) -> Result<usize> {
    let r = usize::try_from(r).map_err(|_| cx.value_error("r must be non-negative"))?;
    // Even if there are none.
    cx.check_room(r.saturating_mul(size_of::<usize>()))?;
    Ok(r)
}

macro_rules! combining {
    ($t:ident $name:literal $doc:literal, |$v:ident, $w:ident, $n:ident, $r:ident| $start:expr, $advance:block) => {
        #[doc = concat!("`itertools.", $name, "`.")]
        #[derive(Trace)]
        pub struct $t {
            pool: Gc<Tuple>,
            r: usize,
            state: Guarded<State>,
        }

        impl $t {
            fn step(&self, cx: &Cx) -> Option<Vec<usize>> {
                let ($n, $r) = (self.pool.len(), self.r);
                let mut g = self.state.write(cx, self);
                let next = match &mut *g {
                    State::Fresh => {
                        let first: Option<(Vec<usize>, Vec<usize>)> = $start;
                        first
                    }
                    State::Running(a, b) => {
                        let ($v, $w) = (a, b);
                        let more: bool = $advance;
                        more.then(|| (std::mem::take($v), std::mem::take($w)))
                    }
                    State::Done => None,
                };
                match next {
                    Some((v, w)) => {
                        let shown = v[..$r].to_vec();
                        *g = State::Running(v, w);
                        Some(shown)
                    }
                    None => {
                        *g = State::Done;
                        None
                    }
                }
            }
        }
    };
}

combining!(Permutations "permutations" "", |v, w, n, r| (r <= n).then(|| ((0..n).collect(), (0..r).map(|i| n - i).collect())), {
    let mut at = r;
    loop {
        if at == 0 {
            break false;
        }
        at -= 1;
        w[at] -= 1;
        if w[at] == 0 {
            v[at..].rotate_left(1);
            w[at] = n - at;
        } else {
            let j = n - w[at];
            v.swap(at, j);
            break true;
        }
    }
});
combining!(Combinations "combinations" "", |v, w, n, r| (r <= n).then(|| ((0..r).collect(), Vec::new())), {
    let _ = &w;
    match (0..r).rev().find(|i| v[*i] != i + n - r) {
        Some(i) => {
            v[i] += 1;
            for j in i + 1..r {
                v[j] = v[j - 1] + 1;
            }
            true
        }
        None => false,
    }
});
combining!(CombinationsWithReplacement "combinations_with_replacement" "", |v, w, n, r| (n > 0 || r == 0).then(|| (vec![0; r], Vec::new())), {
    let _ = &w;
    match (0..r).rev().find(|i| v[*i] + 1 != n) {
        Some(i) => {
            let k = v[i] + 1;
            v[i..].fill(k);
            true
        }
        None => false,
    }
});

/// Return successive r-length permutations of elements in the iterable.
///
/// permutations(range(3), 2) --> (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)
#[class(module = "itertools", name = "permutations", subclassable)]
impl Permutations {
    #[sig(iterable, r = None)]
    fn __new__(cx: &mut Cx, iterable: Obj, r: Obj) -> Result<Permutations> {
        let pool = ops::tuple_from_iter(cx, iterable)?;
        let r = if r.is_none() {
            pool.len()
        } else {
            if !typhon_object::int::is_int(r) {
                return Err(cx.type_error("Expected int as r"));
            }
            let r = isize::from_arg(cx, r)?;
            length(cx, r)?
        };
        Ok(Permutations { pool, r, state: Guarded::new(State::Fresh) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        match self.step(cx) {
            Some(v) => pick(cx, self.pool, &v),
            None => Err(stop(cx)),
        }
    }
}

/// Return successive r-length combinations of elements in the iterable.
///
/// combinations(range(4), 3) --> (0,1,2), (0,1,3), (0,2,3), (1,2,3)
#[class(module = "itertools", name = "combinations", subclassable)]
impl Combinations {
    #[sig(iterable, r)]
    fn __new__(cx: &mut Cx, iterable: Obj, r: isize) -> Result<Combinations> {
        let pool = ops::tuple_from_iter(cx, iterable)?;
        let r = length(cx, r)?;
        Ok(Combinations { pool, r, state: Guarded::new(State::Fresh) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        match self.step(cx) {
            Some(v) => pick(cx, self.pool, &v),
            None => Err(stop(cx)),
        }
    }
}

/// Return successive r-length combinations of elements in the iterable allowing individual elements to have successive repeats.
///
/// combinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), ('A','C'), ('B','B'), ('B','C'), ('C','C')
#[class(module = "itertools", name = "combinations_with_replacement", subclassable)]
impl CombinationsWithReplacement {
    #[sig(iterable, r)]
    fn __new__(cx: &mut Cx, iterable: Obj, r: isize) -> Result<CombinationsWithReplacement> {
        let pool = ops::tuple_from_iter(cx, iterable)?;
        let r = length(cx, r)?;
        Ok(CombinationsWithReplacement { pool, r, state: Guarded::new(State::Fresh) })
    }
    fn __iter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __next__(&self, cx: &Cx) -> Result<Obj> {
        match self.step(cx) {
            Some(v) => pick(cx, self.pool, &v),
            None => Err(stop(cx)),
        }
    }
}

/// Let native loops step these without a method call.
pub(super) fn init(cx: &mut Cx) -> Result<()> {
    super::step_by!(cx, Product, |i, cx| Product::__next__(&i, cx));
    super::step_by!(cx, Permutations, |i, cx| Permutations::__next__(&i, cx));
    super::step_by!(cx, Combinations, |i, cx| Combinations::__next__(&i, cx));
    super::step_by!(cx, CombinationsWithReplacement, |i, cx| CombinationsWithReplacement::__next__(&i, cx));
    Ok(())
}
