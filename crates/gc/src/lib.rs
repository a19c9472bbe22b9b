//! The heap: allocation, tracing, barriers, weak references, safepoints. A
//! binding of the mmtk crate's StickyImmix plan (generational, non-moving).
//!
//! `gc` never names a Python type. It sees value words, objects with an 8-byte
//! [`Header`], and [`Layout`] records that say how to find an object's size and
//! pointers. A value word is a heap pointer iff it is non-zero and its low three
//! bits are zero.
//!
//! # Code map
//!
//! | file | what |
//! |---|---|
//! | `layout` | header, layout table, how objects are traced |
//! | `mutator` | the per-thread [`Mutator`]: attach, poll, blocked, stop the world |
//! | `alloc` | allocation and the write barrier |
//! | `roots`, `scan` | exact roots; conservative scanning |
//! | `switch` | stacks that no thread owns, changing from one to another |
//! | `weak` | weak references, finalizers, native destructors, weak hooks |
//! | `trigger` | when to collect, how the heap grows |
//! | `binding`, `collection`, `init` | what mmtk asks for; collector threads |
//! | `fork`, `trim`, `walk`, `stats` | the rest |
//!
//! # Invariants
//!
//! The safepoint protocol (its state machine is `typhon_sync::safepoint`, `SP-n`):
//!
//! - GC-1: every mutator polls at function entries and loop back-edges: it loads its
//!   own poll word and calls [`Mutator::poll_slow`] if that is non-zero.
//! - GC-2: whoever parks first has its callee-saved registers pushed and its stack
//!   pointer recorded, so [sp, stack_hi) holds every value the thread can still use.
//! - GC-3: a thread that requested a collection waits until one has *ended*.
//! - GC-4: native code that may block runs in [`Mutator::blocked`], inside the frame
//!   that saved the registers, and does not touch the heap.
//! - GC-5: coming back from native code waits for the end of a stop in force.
//! - GC-6: a collection visits the mutators only when all are stopped.
//! - GC-7: a claimed native thread stays stopped until it returns; the stack it had
//!   on entry stays valid for later collections.
//! - GC-8: mutators are bound and destroyed under the world's mutex, while no stop
//!   is in force.
//! - GC-9: no lock that the collector needs is held across a poll, an allocation or
//!   a native transition. Contended locks are awaited in the blocked state.
//! - GC-10: a conservative word counts if it points into [start, start + size) of an
//!   object; such an object stays alive and is traced. One-past-the-end does not.
//! - GC-11: `fork` happens with the collector's threads gone and the world stopped.
//!
//! The heap:
//!
//! - GC-12: header and length are written before the valid-object bit; memory
//!   arrives zeroed; there is no safepoint between. A zero-filled object is traceable.
//! - GC-13: objects never move; an object's address is its identity.
//! - GC-14: after storing a pointer (or a shape whose owner may be younger) into an
//!   object that existed before the last safepoint, call [`Mutator::barrier`].
//! - GC-15: values are found in: native stacks and registers, value stacks and
//!   [`StackRange`]s (all conservatively), [`Root`]s, [`OwnedRoot`]s, and objects, to
//!   some of which stacks belong (GC-19).
//!   Not in `Vec`, `Box`, `HashMap`, statics or thread-locals.
//! - GC-16: a layout never changes its kind, size or trace function, is never freed
//!   and never reused; an object's size never changes.
//! - GC-17: weak references are cleared before finalizers resurrect anything; each
//!   registered finalizer is queued once.
//! - GC-18: trace functions, destructors and weak hooks run on collector threads
//!   while the world is stopped: they take no locks of the runtime, and destructors
//!   touch nothing but their own object.
//! - GC-19: a thread that changes stacks tells where the new ones are and changes, with no
//!   safepoint between. A stack that was left is scanned by the trace function of the
//!   object that it belongs to; who leaves a stack calls the barrier for that object.
//!
//! # Deliberately absent
//!
//! - Moving objects, reference counts, incremental or concurrent marking
//!   (mmtk's ConcurrentImmix marks whole lines, which breaks GC-10).
//! - A cheap start: mmtk 0.33 marks each 4 MB chunk of a side-metadata reservation
//!   that is sized by a compile-time 47-bit address space (milliseconds, 4 MB of
//!   memory). `set_vm_layout` does not affect it. [`init`] may run on a
//!   thread of its own while the program's source is parsed.
//! - Returning partly used 32 KB blocks to the system; see `trim`.

mod alloc;
mod binding;
mod census;
mod collection;
mod fork;
mod init;
mod layout;
mod mutator;
mod registers;
mod roots;
mod scan;
mod stats;
mod switch;
mod trigger;
mod trim;
mod walk;
mod weak;

pub use alloc::{INLINE_MAX, OutOfMemory, jit};
pub use collection::block_signals;
pub use init::{HeapOptions, init, is_initialized};
pub use layout::{
    Header, Layout, LayoutInit, LayoutKind, MAX_LAYOUTS, QUEUE_CLEARED, TRACE_OWNER, TRACE_USER0, Tracer,
    WEAK_REFERENT, is_pointer, layout, layout_base, layout_count, new_layout, no_size, no_trace, object_size,
    replace_layout, shape_of,
};
pub use mutator::{
    Mutator, POLL_COLLECT, POLL_FINALIZE, POLL_GIL, POLL_STOP, attach, attached, current, detach, multi_threaded,
    own_mutators, request_all, request_one,
};
pub use registers::FrameMark;
pub use roots::{OwnedRoot, Root, StackRange};
pub use stats::{Stats, add_external, automatic, set_automatic, stats};
pub use switch::{STACK_BYTES, STACK_VALUES, Stack, switch};
pub use walk::{Stopped, VerifyError, for_each_object, for_each_word, is_object, stopped, verify};
pub use weak::{
    LivenessQuery, awaits_finalizer, finalizable, for_each_finalizable, pop_cleared_weak, pop_ready_finalizer,
    register_finalizable, register_native_drop, register_weak, register_weak_hook, set_finalizable_filter,
    settle_finalizable, unregister_last_finalizable,
};
