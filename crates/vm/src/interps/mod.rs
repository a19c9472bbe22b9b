//! Several interpreters in one process (PEP 734): `_interpreters`, `_interpqueues` and
//! `_interpchannels`, on which the library's `concurrent.interpreters` stands.
//!
//! A thread that enters an interpreter gets a second context there, as `enter.rs` says,
//! and what belongs to threads (frames, handled exceptions, context variables) begins
//! anew. Values cross as plain data without objects in it (`data.rs`).
//!
//! Tests: tests/lang/interpreters.md, tests/stress/interpreters_race.py; CPython
//! test_interpreters, test__interpreters, test__interpchannels.

mod buffer_view;
mod channel_id;
mod channels;
mod channels_module;
mod config;
mod data;
mod enter;
mod errors;
mod excinfo;
mod fake_main;
mod home;
mod module;
mod queues;
mod script;

pub use channels_module::functions as channels_functions;
pub use enter::{END, START, end_all};
pub use home::run as run_for;
pub use module::functions as interpreters_functions;
pub use queues::functions as queues_functions;

use typhon_object::interp::Interp;
use typhon_object::{Cx, Obj, Result, ops};

/// What an interpreter that has ended leaves in queues and channels is dealt with as
/// those who put it there asked.
fn forget_items(cx: &Cx, interp: &'static Interp) {
    queues::forget_items(cx, interp.id());
    channels::forget_items(cx, interp.id());
}

/// Let go of what nobody refers to any more, before a list is made of what there is: an
/// object that is told of would else seem to be alive.
fn settle(cx: &mut Cx) {
    cx.collect_thoroughly(true);
    crate::poll::finalize(cx);
}

/// An id given by the program: `what` is "interpreter" and so on.
fn id_arg(cx: &mut Cx, o: Obj, what: &str) -> Result<i64> {
    let is_index = typhon_object::int::is_int(o) || ops::class_of(o).special(typhon_object::Dunder::Index).is_some();
    if !is_index {
        return Err(cx.type_error(format!("{what} ID must be an int, got {}", cx.type_name(o))));
    }
    let id = ops::index_i64(cx, o, "int too big to convert")?;
    if id < 0 {
        let shown = ops::repr(cx, o)?.to_str().into_owned();
        return Err(cx.value_error(format!("{what} ID must be a non-negative int, got {shown}")));
    }
    Ok(id)
}

/// What becomes of an item whose interpreter has ended: the constants of
/// `concurrent.interpreters._crossinterp`.
mod unbound {
    use typhon_object::{Cx, Result};

    pub const REMOVE: i64 = 1;
    pub const REPLACE: i64 = 3;

    /// An argument, of which -1 is the default.
    pub fn check(cx: &Cx, op: i64, default: i64) -> Result<i64> {
        match op {
            -1 => Ok(default),
            1..=3 => Ok(op),
            _ => Err(cx.value_error(format!("unsupported unboundop {op}"))),
        }
    }
}

/// What happens to objects of types that do not cross as they are.
mod fallback {
    use typhon_object::{Cx, Result};

    /// They cross as code or pickled.
    pub const FULL: i64 = 1;

    /// An argument, of which -1 is the default.
    pub fn check(cx: &Cx, op: i64, default: i64) -> Result<i64> {
        match op {
            -1 => Ok(default),
            0 | 1 => Ok(op),
            _ => Err(cx.value_error(format!("unsupported fallback {op}"))),
        }
    }
}
