//! Atomics, parking and the safepoint handshake: everything of Typhon whose
//! correctness is an argument about interleavings.
//!
//! - [`safepoint`]: the protocol by which one thread stops all others. It knows
//!   nothing of the collector, so loom can explore it (`tests/loom.rs`).
//! - [`object_lock`]: a lock in two bits of an object header.
//! - [`park`]: locks with timeouts and interruption, for `threading`.
//! - [`parking`]: the table of sleeping threads that both of these use.
//! - [`prim`]: the atomics, mutexes and condition variables all of these use;
//!   under `--cfg loom` they are loom's.
//!
//! Invariants (cited as `SYNC-n`):
//!
//! - SYNC-1: a thread waits for anything but the safepoint handshake itself only
//!   inside the `block` callback it passes in, which puts it in the blocked state.
//! - SYNC-2: the handshake's mutex is held for bounded time, except by a stopper
//!   that waits on a condition variable (which lets go of it) and around `fork`.
//! - SYNC-3: a state word becomes RUNNING, other than by its own thread's CAS from
//!   BLOCKED, only under the handshake's mutex while no stop is in force.

#[cfg(not(loom))]
pub mod gil;
pub mod object_lock;
#[cfg(not(loom))]
pub mod park;
#[cfg(not(loom))]
pub mod parking;
pub mod prim;
pub mod safepoint;
