//! `itertools`: iterators as building blocks.
//!
//! | file | what |
//! |---|---|
//! | `infinite.rs` | count, cycle, repeat |
//! | `stream.rs` | accumulate, batched, chain, compress, dropwhile, filterfalse, islice, pairwise, starmap, takewhile, zip_longest |
//! | `group.rs` | groupby, tee |
//! | `combine.rs` | product, permutations, combinations and with replacement |
//!
//! Each iterator keeps its state in slots, atomics or behind a `Guarded` that
//! is never held while Python runs: two threads that share one may lose or
//! repeat items, as documented, but nothing worse.
//! Tests: CPython test_itertools.

mod combine;
mod group;
mod infinite;
mod stream;

use combine::{Combinations, CombinationsWithReplacement, Permutations, Product};
use group::{GroupBy, Grouper, Tee};
use infinite::{Count, Cycle, Repeat};
use stream::{
    Accumulate, Batched, Chain, Compress, DropWhile, FilterFalse, ISlice, Pairwise, StarMap, TakeWhile, ZipLongest,
};
use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, exc, ops};

/// `StopIteration()`.
pub(crate) fn stop(cx: &Cx) -> typhon_object::Raised {
    exc::stop_iteration(cx, Obj::NONE)
}

/// Have the exact instances of a class stepped by this in native loops.
macro_rules! step_by {
    ($cx:ident, $ty:ident, |$i:ident, $c:ident| $next:expr) => {
        typhon_object::native::class_of::<$ty>($cx)?.set_next_fn(|$c, it| match it.cast::<$ty>() {
            Some($i) => $next.map(Some),
            None => Ok(None),
        });
    };
}
use step_by;

/// Functional tools for creating and using iterators.
#[module(
    "itertools",
    classes(
        Accumulate,
        Batched,
        Chain,
        Combinations,
        CombinationsWithReplacement,
        Compress,
        Count,
        Cycle,
        DropWhile,
        FilterFalse,
        GroupBy,
        Grouper,
        ISlice,
        Pairwise,
        Permutations,
        Product,
        Repeat,
        StarMap,
        TakeWhile,
        Tee,
        ZipLongest
    )
)]
pub mod itertools {
    use super::*;

    fn __exec__(cx: &mut Cx, _module: Obj) -> Result<()> {
        combine::init(cx)?;
        group::init(cx)?;
        infinite::init(cx)?;
        stream::init(cx)
    }
    /// Returns a tuple of n independent iterators.
    #[sig(iterable, n = 2, /)]
    fn tee(cx: &mut Cx, iterable: Obj, n: isize) -> Result<Obj> {
        let Ok(n) = usize::try_from(n) else { return Err(cx.value_error("n must be >= 0")) };
        cx.check_room(n.saturating_mul(size_of::<Obj>()))?;
        let out = typhon_object::list::new(cx, &[])?;
        if n > 0 {
            let first = Tee::make(cx, iterable)?;
            out.append(cx, first.obj())?;
            for _ in 1..n {
                let c = ops::call_method(cx, first.obj(), "__copy__", &[])?;
                out.append(cx, c)?;
            }
        }
        Ok(ops::tuple_from_list(cx, out)?.obj())
    }
}
