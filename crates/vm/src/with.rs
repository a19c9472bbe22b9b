//! `with`: looking up the special methods, and `__exit__` on an exception.

use crate::frame::{Base, Pc, Window};
use crate::lock;
use typhon_bytecode::Special;
use typhon_object::exc::BaseException;
use typhon_object::{Cx, Dunder, Obj, Raised, ops, shape};

/// The special method of `o` that LOADSPECIAL `insn` asks for, if it takes `o` as it is.
#[inline(always)]
pub fn plain_special(o: Obj, insn: u64) -> Option<Obj> {
    let m = ops::class_of(o).special(dunder(Special::from_u8((insn >> 8) as u8)?))?;
    (m.shape() == shape::FUNCTION || m.shape() == shape::METHOD_DESCRIPTOR).then_some(m)
}

/// LOADSPECIAL of `__enter__`: takes the object, if it is a lock that is free, so that there
/// is nothing to call. Its CALLMETHOD stands behind it.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn enter_lock(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> bool {
    unsafe {
        let o = Obj::from_word_unchecked(*base.add((insn >> 32) as u16 as usize));
        o.is_ptr() && lock::is_plain(o) && lock::take_free(&*cx, o, Window { base, pc })
    }
}

/// EXITLOCK: releases the object in `word`, if it is a lock that is held.
///
/// # Safety
/// Called by the interpreter loop (VM-1).
#[inline(never)]
pub unsafe extern "C" fn exit_lock(word: u64, cx: *mut Cx) -> bool {
    // A register that holds a value, or 0 for an exit that is bound already.
    match Obj::from_word(word) {
        Some(o) => o.is_ptr() && lock::is_plain(o) && lock::give_held(unsafe { &*cx }, o),
        None => false,
    }
}

#[inline(always)]
fn dunder(s: Special) -> Dunder {
    match s {
        Special::Enter => Dunder::Enter,
        Special::Exit => Dunder::Exit,
        Special::Aenter => Dunder::AEnter,
        Special::Aexit => Dunder::AExit,
    }
}

fn unsupported(cx: &mut Cx, o: Obj, s: Special) -> Raised {
    let n = ops::full_name(cx, ops::class_of(o));
    let has = |d: Dunder| ops::class_of(o).special(d).is_some();
    cx.type_error(match s {
        Special::Enter | Special::Exit => {
            let kind = "the context manager protocol";
            let hint = if has(Dunder::AEnter) && has(Dunder::AExit) {
                " but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"
            } else {
                ""
            };
            if hint.is_empty() {
                format!("'{n}' object does not support {kind} (missed {} method)", dunder(s).name())
            } else {
                format!("'{n}' object does not support {kind} (missed {} method){hint}", dunder(s).name())
            }
        }
        _ => {
            let kind = "the asynchronous context manager protocol";
            let hint = if has(Dunder::Enter) && has(Dunder::Exit) {
                " but it supports the context manager protocol. Did you mean to use 'with'?"
            } else {
                ""
            };
            format!("'{n}' object does not support {kind} (missed {} method){hint}", dunder(s).name())
        }
    })
}

crate::slow! {
    /// LOADSPECIAL of anything but a plain method, which the loop does itself.
    fn load_special(f) {
        let s = Special::from_u8(f.x()).expect("verified code");
        let o = f.reg(f.b());
        let c = ops::class_of(o);
        let Some(m) = c.special(dunder(s)) else { return Err(unsupported(f.cx, o, s)) };
        let m = ops::bind_descriptor(f.cx, m, o, c)?;
        f.set(f.a(), m);
        f.set_word(f.b(), 0);
        Ok(f.done())
    }
    /// WITHEXCEPTSTART.
    fn except_start(f) {
        let (exit, e) = (f.reg(f.b()), f.reg(f.c()));
        let tb = e.cast::<BaseException>().and_then(|e| e.traceback.obj()).unwrap_or(Obj::NONE);
        let class = ops::class_of(e).obj();
        let r = match Obj::from_word(f.word(f.b() + 1)) {
            Some(this) => ops::call_args(f.cx, exit, &[this, class, e, tb])?,
            None => ops::call_args(f.cx, exit, &[class, e, tb])?,
        };
        f.set(f.a(), r);
        Ok(f.done())
    }
}
