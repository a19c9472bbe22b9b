//! Attributes: caches of `o.name`, and `super()`.
//!
//! A slot cache holds shape, byte offset and form (bit 1: the store adds the
//! attribute) in one word, a class cache is one entry, so that no mixture of two
//! threads' caches can pass a check (VM-3).

use crate::code::cache_entry;
use std::sync::atomic::Ordering;
use typhon_bytecode::Op;
use typhon_object::shape::{self, Storage};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, Dunder, Gc, Obj, Result, instance, intern, ops};

/// The byte offset of an inline attribute slot that a cache may hold.
fn inline_offset(o: Obj, name: Gc<Str>) -> Option<u32> {
    if !instance::has_attrs(o) {
        return None;
    }
    let s = shape::info(o.shape());
    if s.storage != Storage::Slots {
        return None;
    }
    let i = s.find(name)?;
    (i < s.inline).then(|| s.ext_offset + 8 + 8 * i)
}

fn generic(c: Gc<Type>) -> bool {
    c.special(Dunder::GetAttribute) == types::class_for(shape::OBJECT).special(Dunder::GetAttribute)
}

crate::slow! {
    /// GETATTR.
    fn get(f) {
        let (o, n) = (f.reg(f.b()), f.name());
        let c = ops::class_of(o);
        if o.is_ptr() && generic(c) {
            let version = c.version();
            let found = f.cx.lookup(c, n);
            match found {
                Some(d) if ops::is_data_descriptor(d) => {}
                _ => {
                    let id = o.shape();
                    if let Some(off) = inline_offset(o, n) {
                        intern::mark_cached(n);
                        f.cache(0).store((id as u64) << 32 | (off as u64) << 1 | 1, Ordering::Release);
                        f.requicken(Op::GETATTR_SLOT);
                    } else if let Some(d) = found
                        && version != 0
                        && (!d.is_ptr() || ops::class_of(d).special(Dunder::Get).is_none())
                        && (!instance::has_attrs(o)
                            || (shape::info(id).storage == Storage::Slots && shape::info(id).find(n).is_none()))
                    {
                        let e = cache_entry(f.cx, o.shape(), c.obj(), d, version)?;
                        f.cache_object(1, e);
                        f.requicken(Op::GETATTR_CLASS);
                    }
                }
            }
        }
        let v = ops::get_attr(f.cx, o, n)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// GETATTR_MODULE.
    fn get_module(f) {
        let (o, n) = (f.reg(f.b()), f.name());
        let v = ops::get_attr(f.cx, o, n)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// SETATTR.
    fn set(f) {
        let (o, v, n) = (f.reg(f.a()), f.reg(f.b()), f.name());
        let before = o.shape();
        let c = ops::class_of(o);
        ops::set_attr(f.cx, o, n, Some(v))?;
        let plain = o.is_ptr()
            && c.special(Dunder::SetAttr) == types::class_for(shape::OBJECT).special(Dunder::SetAttr)
            && f.cx.lookup(c, n).is_none_or(|d| !ops::is_data_descriptor(d));
        if plain && let Some(off) = inline_offset(o, n) {
            intern::mark_cached(n);
            let after = o.shape();
            let w0 = (before as u64) << 32 | (off as u64) << 1 | 1;
            if after == before {
                f.cache(0).store(w0, Ordering::Release);
                f.requicken(Op::SETATTR_SLOT);
            } else if shape::info(before).storage == Storage::Slots {
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
