//! `bytes_iterator` and `bytearray_iterator`.
//!
//! Tests: tests/binary.rs; CPython test_bytes.

use crate::bytearray::Bytearray;
use crate::iterators::reduce_iter;
use std::sync::atomic::{AtomicI64, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::bytes::Bytes;
use typhon_object::native::class_of;
use typhon_object::{Cx, Gc, Obj, Result, Slot, exc, ops, tuple};

macro_rules! byte_iterator {
    ($(#[$doc:meta])* $iter:ident, $name:tt, $payload:ident) => {
        $(#[$doc])*
        #[derive(Trace)]
        pub struct $iter {
            seq: Slot<$payload>,
            pos: AtomicI64,
        }

        impl $iter {
            /// An iterator at the start.
            pub fn over(seq: Gc<$payload>) -> $iter {
                $iter { seq: Slot::new(seq), pos: AtomicI64::new(0) }
            }
            fn step(&self) -> Option<Obj> {
                let s = self.seq.get()?;
                let i = self.pos.load(Ordering::Relaxed);
                let Some(b) = s.payload().as_slice().get(i as usize) else {
                    self.seq.clear();
                    return None;
                };
                self.pos.store(i + 1, Ordering::Relaxed);
                Some(Obj::int_unchecked(*b as i64))
            }
        }

        #[class(name = $name)]
        impl $iter {
            fn __iter__(this: Gc<$iter>) -> Obj {
                this.obj()
            }
            fn __next__(&self, cx: &Cx) -> Result<Obj> {
                self.step().ok_or_else(|| exc::stop_iteration(cx, Obj::NONE))
            }
            /// Private method returning an estimate of len(list(it)).
            fn __length_hint__(&self) -> usize {
                let at = self.pos.load(Ordering::Relaxed) as usize;
                self.seq.get().map_or(0, |s| s.payload().as_slice().len().saturating_sub(at))
            }
            /// Return state information for pickling.
            fn __reduce__(&self, cx: &mut Cx) -> Result<Obj> {
                match self.seq.get() {
                    Some(s) => {
                        let at = Obj::int_unchecked(self.pos.load(Ordering::Relaxed));
                        reduce_iter(cx, s.obj(), Some(at))
                    }
                    None => {
                        let empty = tuple::new(cx, &[])?;
                        reduce_iter(cx, empty.obj(), None)
                    }
                }
            }
            /// Set state information for unpickling.
            fn __setstate__(&self, cx: &mut Cx, state: Obj) -> Result<()> {
                let i = ops::index_clamped(cx, state)? as i64;
                if let Some(s) = self.seq.get() {
                    self.pos.store(i.clamp(0, s.payload().as_slice().len() as i64), Ordering::Relaxed);
                }
                Ok(())
            }
        }
    };
}

byte_iterator!(
    /// The iterator of `bytes`.
    BytesIter, "bytes_iterator", Bytes
);
byte_iterator!(
    /// The iterator of `bytearray`.
    BytearrayIter, "bytearray_iterator", Bytearray
);

/// Let native loops step them without a method call.
pub fn init(cx: &mut Cx) -> Result<()> {
    class_of::<BytesIter>(cx)?.set_next_fn(|_, it| Ok(it.cast::<BytesIter>().and_then(|i| i.step())));
    class_of::<BytearrayIter>(cx)?.set_next_fn(|_, it| Ok(it.cast::<BytearrayIter>().and_then(|i| i.step())));
    Ok(())
}
