//! The virtual machine: code, functions, frames, the interpreter loop,
//! generators, import, threads, and the modules that need VM internals.
//!
//! An opcode family's slow paths are in the file of the same name as in
//! typhon-compiler; the fast paths are all in `interp.rs`.

pub mod async_gen;
pub mod attr;
pub mod binary;
pub mod bind;
pub mod build;
pub mod builtins;
pub mod call;
pub mod calls_watched;
pub mod code;
mod code_new;
pub mod code_object;
pub mod compare;
pub mod deadlock;
mod deadlock_report;
pub mod display;
mod dump;
pub mod ending;
pub mod exception;
pub mod faulthandler;
pub mod format;
pub mod frame;
pub mod frame_locals;
pub mod function;
pub mod function_ops;
pub mod gc_module;
mod gc_walk;
pub mod generator;
pub mod gil;
pub mod greenlet;
pub mod hooks;
pub mod imp;
pub mod import;
pub mod import_lock;
pub mod init;
pub mod interp;
pub mod interps;
pub mod intrinsic;
pub mod iter;
pub mod jump;
pub mod library;
pub mod local;
pub mod lock;
pub mod marshal;
pub mod monitor;
pub mod names;
pub mod objects;
pub mod pattern;
pub mod poll;
pub mod queue;
pub mod signal;
pub mod signal_module;
pub mod spots;
pub mod stacks;
pub mod subscript;
pub mod suspend;
pub mod sys;
pub mod sys_watch;
pub mod thread;
pub mod tools;
pub mod trace;
pub mod traceback;
pub mod typhon_module;
pub mod unwind;
pub mod weakproxy;
pub mod weakref;
pub mod with;

use typhon_object::native::Trace;
use typhon_object::{Cx, Gc, Obj, Result, shape};

/// A fresh object of a fixed shape with this payload.
pub fn object_with<T: Trace>(cx: &mut Cx, shape_id: u32, value: T) -> Result<Gc<T>> {
    let p = cx.alloc(shape_id, shape::layout(shape_id).size as usize)?;
    // The shape was defined with the layout of a `T`.
    let g: Gc<T> = unsafe {
        (p.add(8) as *mut T).write(value);
        Gc::from_obj(Obj::from_word_unchecked(p as u64))
    };
    if std::mem::needs_drop::<T>() {
        unsafe fn drop_payload<T>(p: *mut u8) {
            // Called once, for a dead object with this payload.
            unsafe { std::ptr::drop_in_place(p.add(8) as *mut T) }
        }
        // The object is fresh and its payload initialised.
        unsafe { typhon_gc::register_native_drop(p, drop_payload::<T>) };
    }
    Ok(g)
}
