//! Attributes: caches of `o.name`, and `super()`.
//!
//! A slot cache holds shape, byte offset and form (bit 1: the store adds the
//! attribute) in one word, a class cache is one entry, so that no mixture of two
//! threads' caches can pass a check (VM-3).

use crate::code::cache_entry;
use crate::frame::{Base, PB, Pc};
use crate::interp;
use std::sync::atomic::Ordering;
use typhon_builtins::module::Module;
use typhon_builtins::property::Property;
use typhon_bytecode::Op;
use typhon_object::attr_cache::{self, Place};
use typhon_object::shape::{self, Storage};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Gc, Obj, Result, ops};

/// The name operand of an instruction.
#[inline(always)]
pub(crate) unsafe fn name_of(base: Base, insn: u64) -> Gc<Str> {
    // VM-1: field c of verified code is an index into the names.
    unsafe {
        let names = interp::func(base).names.load(Ordering::Relaxed) as *const u64;
        Gc::from_obj(Obj::from_word_unchecked(*names.add((insn >> 48) as usize)))
    }
}

/// GETATTR in every form, when the instruction's own cache did not serve: ask
/// the thread's.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn get(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let w = *base.add((insn >> 32) as u16 as usize);
        if w & 7 == 0 {
            let o = Obj::from_word_unchecked(w);
            let name = name_of(base, insn);
            let found = if o.shape() == shape::TYPE {
                (*cx).attrs.read_class(o, name)
            } else if o.shape() == shape::MODULE {
                // What the class `module` has itself, like `__dict__`, comes first.
                match (*cx).lookup(types::class_for(shape::MODULE), name) {
                    None => Gc::<Module>::from_obj(o).dict.get().and_then(|d| d.get_str(name)),
                    Some(_) => None,
                }
            } else if insn as u8 != Op::GETATTR as u8 && !(*cx).attrs.tired() {
                (*cx).attrs.read(o, name)
            } else {
                None
            };
            if let Some(v) = found {
                *base.add((insn >> 16) as u16 as usize) = v.word();
                return PB { pc: pc.add(2), base };
            }
        }
        get_slow(pc, base, insn, cx)
    }
}

/// SETATTR in every form, likewise.
///
/// # Safety
/// Called by the interpreter loop with its locals (VM-1).
#[inline(never)]
pub unsafe extern "C" fn set(pc: Pc, base: Base, insn: u64, cx: *mut Cx) -> PB {
    unsafe {
        let w = *base.add((insn >> 16) as u16 as usize);
        if w & 7 == 0 && insn as u8 != Op::SETATTR as u8 && !(*cx).attrs.tired() {
            let v = Obj::from_word_unchecked(*base.add((insn >> 32) as u16 as usize));
            if (*cx).attrs.write(&*cx, Obj::from_word_unchecked(w), name_of(base, insn), v) {
                return PB { pc: pc.add(2), base };
            }
        }
        set_slow(pc, base, insn, cx)
    }
}

crate::slow! {
    /// GETATTR, and what to remember of it.
    fn get_slow(f) {
        let (o, n) = (f.reg(f.b()), f.name());
        if let Some(t) = o.cast::<Type>() {
            if o.shape() != shape::TYPE
                && let Some(v) = f.cx.attrs.read_meta(t, n)
            {
                f.set(f.a(), v);
                return Ok(f.done());
            }
            let versions = (t.version(), ops::class_of(o).version());
            let v = ops::get_attr(f.cx, o, n)?;
            match o.shape() {
                shape::TYPE => f.cx.attrs.note_class(f.cx, t, n, versions.0),
                _ => f.cx.attrs.note_meta(f.cx, t, n, versions),
            }
            f.set(f.a(), v);
            return Ok(f.done());
        }
        if let Some(m) = o.is_ptr().then(|| f.cx.attrs.method(o, n)).flatten() {
            let v = typhon_object::method::bind(f.cx, m, o)?;
            f.set(f.a(), v);
            return Ok(f.done());
        }
        if let Some(p) = o.is_ptr().then(|| f.cx.attrs.property(o, n)).flatten()
            && let Some(get) = p.cast::<Property>().and_then(|p| p.get.obj())
        {
            let v = ops::call_args(f.cx, get, &[o])?;
            f.set(f.a(), v);
            return Ok(f.done());
        }
        match attr_cache::place_of(f.cx, o, n) {
            Some((Place::Slot(offset), _)) => {
                f.cache(0).store((o.shape() as u64) << 32 | (offset as u64) << 1 | 1, Ordering::Release);
                f.requicken(Op::GETATTR_SLOT);
            }
            Some((Place::Value(v), version)) => {
                let e = cache_entry(f.cx, o.shape(), ops::class_of(o).obj(), v, version)?;
                f.cache_object(1, e);
                f.requicken(Op::GETATTR_CLASS);
            }
            _ => {}
        }
        let v = ops::get_attr(f.cx, o, n)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// SETATTR, and what to remember of it.
    fn set_slow(f) {
        let (o, v, n) = (f.reg(f.a()), f.reg(f.b()), f.name());
        let before = o.shape();
        ops::set_attr(f.cx, o, n, Some(v))?;
        if let Some(offset) = attr_cache::slot_for_store(f.cx, o, n) {
            let after = o.shape();
            let w0 = (before as u64) << 32 | (offset as u64) << 1 | 1;
            if after == before {
                f.cache(0).store(w0, Ordering::Release);
                f.requicken(Op::SETATTR_SLOT);
            } else if shape::info(before).storage == Storage::Slots
                // Another thread may have added an attribute in between.
                && shape::info(before).with(n).is_some_and(|(id, _)| id == after)
            {
                f.cx.attrs.note_add(before, after, n, offset);
                f.cache(0).store(0, Ordering::Relaxed);
                f.cache(1).store((after as u64) << 32 | 1, Ordering::Relaxed);
                f.cache(0).store(w0 | 2, Ordering::Release);
                f.requicken(Op::SETATTR_ADD);
            }
        }
        Ok(f.done())
    }
    /// DELATTR.
    fn del(f) {
        let (o, n) = (f.reg(f.a()), f.name());
        ops::set_attr(f.cx, o, n, None)?;
        Ok(f.done())
    }
    /// LOADSUPERATTR.
    fn load_super(f) {
        let (a, n) = (f.a(), f.name());
        let v = super_attr(f.cx, f.reg(a), f.reg(a + 1), f.reg(a + 2), n, f.x())?;
        f.set(a, v);
        Ok(f.done())
    }
}

/// `super().name`: `sup` is what the name `super` gave.
pub fn super_attr(cx: &mut Cx, sup: Obj, cls: Obj, this: Obj, name: Gc<Str>, written: u8) -> Result<Obj> {
    if sup != types::class_for(shape::SUPER).obj() {
        let s = if written == 0 { ops::call_args(cx, sup, &[])? } else { ops::call_args(cx, sup, &[cls, this])? };
        return ops::get_attr(cx, s, name);
    }
    typhon_builtins::super_::get_attr(cx, cls, this, name)
}
