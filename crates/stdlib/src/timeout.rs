//! Timeouts of blocking calls: reading them from Python numbers, and waiting
//! for the rest of one again after a signal (PEP 475).
//!
//! Tests: CPython test_select, test_socket.

use crate::sys::Sys;
use crate::util::{before_blocking, check_signals};
use std::time::{Duration, Instant};
use typhon_object::obj::Obj;
use typhon_object::{Cx, Dunder, ExcKind, Raised, Result, float, int, ops};

fn too_large(cx: &Cx) -> Raised {
    cx.error(ExcKind::OverflowError, "timestamp too large to convert to C PyTime_t")
}

/// A number of units as nanoseconds, rounded away from zero; `None` if it is no
/// number.
pub fn nanoseconds(cx: &mut Cx, v: Obj, unit: i64) -> Result<Option<i64>> {
    if let Some(f) = float::value(v) {
        if f.is_nan() {
            return Err(cx.value_error("Invalid value NaN (not a number)"));
        }
        let ns = f * unit as f64;
        let ns = if ns < 0.0 { ns.floor() } else { ns.ceil() };
        if !(-9.2e18..9.2e18).contains(&ns) {
            return Err(too_large(cx));
        }
        return Ok(Some(ns as i64));
    }
    if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
        return Ok(None);
    }
    let n = ops::index_i64(cx, v, "timestamp too large to convert to C PyTime_t")?;
    n.checked_mul(unit).map(Some).ok_or_else(|| too_large(cx))
}

/// A moment after which a call gives up; never, if there is none.
#[derive(Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// From now on; `None` or a negative time waits for ever.
    pub fn after(ns: Option<i64>) -> Deadline {
        Deadline(ns.filter(|n| *n >= 0).and_then(|n| Instant::now().checked_add(Duration::from_nanos(n as u64))))
    }
    /// What is left in nanoseconds.
    pub fn left(self) -> Option<i64> {
        self.0.map(|d| d.saturating_duration_since(Instant::now()).as_nanos() as i64)
    }
    /// What is left in whole milliseconds, rounded up; -1 for ever.
    pub fn left_ms(self) -> i32 {
        self.left().map_or(-1, |n| (n / 1_000_000 + i64::from(n % 1_000_000 != 0)).min(i64::from(i32::MAX)) as i32)
    }
}

/// Make a call that takes a timeout, in the blocked state, and again after
/// signals with what is left. `None` when the time ran out meanwhile.
pub fn wait<T>(cx: &mut Cx, deadline: Deadline, mut f: impl FnMut(Deadline) -> Sys<T>) -> Result<Option<Sys<T>>> {
    before_blocking(cx)?;
    loop {
        match cx.blocked(|| f(deadline)) {
            Err(libc::EINTR) => {
                check_signals(cx)?;
                if deadline.left() == Some(0) {
                    return Ok(None);
                }
            }
            r => return Ok(Some(r)),
        }
    }
}
