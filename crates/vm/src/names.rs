//! Locals, cells, globals, builtins and namespaces of bodies.

use crate::frame::{Fr, Window};
use crate::function::{Cell, Function, new_cell};
use std::sync::atomic::Ordering;
use typhon_bytecode::{Common, Op};
use typhon_object::dict::{self, Dict, Table};
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, exc, name, ops};

/// The value word of entry `i` of a table if its key is this word, or 0.
///
/// # Safety
/// `table` is a live dict table.
#[inline(always)]
pub unsafe fn value_of_key(table: u64, i: usize, key: u64) -> u64 {
    // The caller's promise.
    let t: &Table = unsafe { &*((table + 8) as *const Table) };
    match t.entry(i) {
        Some(e) if e.key().word() == key => e.value().map_or(0, Obj::word),
        _ => 0,
    }
}

/// How many entries a table has.
///
/// # Safety
/// `table` is a live dict table.
#[inline(always)]
pub unsafe fn table_used(table: u64) -> u64 {
    // The caller's promise.
    unsafe { (*((table + 8) as *const Table)).used() as u64 }
}

/// The value of entry `i` of the builtins if its key is still name `n`, or 0.
#[inline(always)]
pub fn builtin_value(f: &Function, i: usize, n: usize) -> u64 {
    let Some(t) = f.builtins.get().and_then(|b| b.table()) else { return 0 };
    match t.entry(i) {
        Some(e) if e.key() == f.code().name_at(n).obj() => e.value().map_or(0, Obj::word),
        _ => 0,
    }
}

fn undefined(cx: &Cx, name: Gc<Str>) -> Raised {
    let r = exc::new(cx, ExcKind::NameError, &format!("name '{}' is not defined", name.to_str()));
    r.0.fields[0].set(cx, r.0, name);
    r
}

fn window(f: &Fr<'_>) -> Window {
    Window { base: f.base, pc: f.pc }
}

fn namespace(f: &Fr<'_>) -> Obj {
    window(f).namespace().unwrap_or_else(|| f.func().globals().obj())
}

/// A global or builtin, slowly but rightly.
pub fn find_global(cx: &mut Cx, func: Gc<Function>, name: Gc<Str>) -> Result<Obj> {
    let g = func.globals();
    if let Some(v) = g.get_str(name) {
        return Ok(v);
    }
    // A subclass of dict may have `__missing__`.
    if g.obj().shape() != typhon_object::shape::DICT
        && let Some(v) = get_from(cx, g.obj(), name)?
    {
        return Ok(v);
    }
    match func.find_builtin(cx, name)? {
        Some(v) => Ok(v),
        None => Err(undefined(cx, name)),
    }
}

crate::slow! {
    /// LOADCOMMON.
    fn load_common(f) {
        let c = Common::from_u8(f.x()).expect("verified code");
        let v = match c {
            Common::AssertionError => ExcKind::AssertionError.class(f.cx).obj(),
            Common::NotImplementedError => ExcKind::NotImplementedError.class(f.cx).obj(),
            c => crate::hooks::builtin(f.cx, c.text())?,
        };
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// CHECKLOCAL and DELLOCAL of an unbound register.
    fn unbound_local(f) {
        let code = f.code();
        let n = code.register_name(f.a()).unwrap_or("?").to_string();
        // As in CPython its `name` is not set: there is nothing to suggest.
        Err(exc::new(f.cx, ExcKind::UnboundLocalError, &format!(
            "cannot access local variable '{n}' where it is not associated with a value")))
    }
    /// LOADCELL and DELCELL of an empty cell.
    fn unbound_cell(f) {
        let r = if f.op() == Op::LOADCELL { f.b() } else { f.a() };
        let code = f.code();
        let n = code.register_name(r).unwrap_or("?").to_string();
        Err(if r >= code.data.free_base as usize && !code.data.freevars.is_empty() {
            let e = exc::new(f.cx, ExcKind::NameError, &format!(
                "cannot access free variable '{n}' where it is not associated with a value in enclosing scope"));
            let s = f.cx.intern(&n)?;
            e.0.fields[0].set(f.cx, e.0, s);
            e
        } else {
            exc::new(f.cx, ExcKind::UnboundLocalError, &format!(
                "cannot access local variable '{n}' where it is not associated with a value"))
        })
    }
    /// MAKECELL.
    fn make_cell(f) {
        let v = Obj::from_word(f.word(f.a()));
        let c = new_cell(f.cx, v)?;
        f.set(f.a(), c.obj());
        Ok(f.done())
    }
    /// LOADDICTORCELL.
    fn load_dict_or_cell(f) {
        let (m, n) = (f.reg(f.a()), f.name());
        let v = match get_from(f.cx, m, n)? {
            Some(v) => v,
            None => match f.reg(f.b()).cast::<Cell>().and_then(|c| c.value.obj()) {
                Some(v) => v,
                None => {
                    let t = format!("cannot access free variable '{}' where it is not associated with a value in enclosing scope", n.to_str());
                    return Err(f.cx.error(ExcKind::NameError, t));
                }
            },
        };
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// LOADDICTORGLOBAL.
    fn load_dict_or_global(f) {
        let (m, n) = (f.reg(f.a()), f.name());
        let v = match get_from(f.cx, m, n)? {
            Some(v) => v,
            None => find_global(f.cx, f.func(), n)?,
        };
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// LOADGLOBAL.
    fn load_global(f) {
        let (func, n) = (f.func(), f.name());
        let g = func.globals();
        if let (Some(t), Some(e)) = (g.table(), g.find_str(n))
            && let Some(v) = e.value()
        {
            let at = t.position(e) as u64;
            if t.entry(at as usize).is_some_and(|x| std::ptr::eq(x, e)) {
                f.cache(1).store(0, Ordering::Relaxed);
                f.cache_object(0, n.obj());
                f.cache(1).store(at << 1 | 1, Ordering::Release);
                f.requicken(Op::LOADGLOBAL_MODULE);
            }
            f.set(f.a(), v);
            return Ok(f.done());
        }
        if g.obj().shape() == typhon_object::shape::DICT
            && let Some(b) = func.builtins.get()
            && let (Some(t), Some(bt), Some(e)) = (g.table(), b.table(), b.find_str(n))
            && let Some(v) = e.value()
        {
            let (used, at) = (t.used() as u64, bt.position(e) as u64);
            if bt.entry(at as usize).is_some_and(|x| std::ptr::eq(x, e)) && used < 1 << 31 && g.table() == Some(t) {
                f.cache(1).store(0, Ordering::Relaxed);
                f.cache_object(0, t.obj());
                f.cache(1).store(used << 32 | at << 1 | 1, Ordering::Release);
                f.requicken(Op::LOADGLOBAL_BUILTIN);
            }
            f.set(f.a(), v);
            return Ok(f.done());
        }
        let v = find_global(f.cx, func, n)?;
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// STOREGLOBAL.
    fn store_global(f) {
        let (g, n, v) = (f.func().globals(), f.name(), f.reg(f.a()));
        g.insert_str(f.cx, n, v)?;
        Ok(f.done())
    }
    /// DELGLOBAL.
    fn del_global(f) {
        let (g, n) = (f.func().globals(), f.name());
        match g.remove_str(f.cx, n) {
            Some(_) => Ok(f.done()),
            None => Err(undefined(f.cx, n)),
        }
    }
    /// LOADNAME.
    fn load_name(f) {
        let (m, n) = (namespace(f), f.name());
        let v = match get_from(f.cx, m, n)? {
            Some(v) => v,
            None => find_global(f.cx, f.func(), n)?,
        };
        f.set(f.a(), v);
        Ok(f.done())
    }
    /// STORENAME.
    fn store_name(f) {
        let (m, n, v) = (namespace(f), f.name(), f.reg(f.a()));
        match m.cast::<Dict>() {
            Some(d) if m.shape() == typhon_object::shape::DICT => {
                d.insert_str(f.cx, n, v)?;
            }
            _ => ops::set_item(f.cx, m, n.obj(), v)?,
        }
        Ok(f.done())
    }
    /// DELNAME.
    fn del_name(f) {
        let (m, n) = (namespace(f), f.name());
        match m.cast::<Dict>() {
            Some(d) if m.shape() == typhon_object::shape::DICT => {
                if d.remove_str(f.cx, n).is_none() {
                    return Err(undefined(f.cx, n));
                }
            }
            _ => match ops::del_item(f.cx, m, n.obj()) {
                Err(e) if e.is(f.cx, ExcKind::KeyError) => return Err(undefined(f.cx, n)),
                r => r?,
            },
        }
        Ok(f.done())
    }
    /// LOADLOCALS.
    fn load_locals(f) {
        let m = namespace(f);
        f.set(f.a(), m);
        Ok(f.done())
    }
    /// SETUPANNOTATIONS.
    fn setup_annotations(f) {
        let m = namespace(f);
        let n = name!(f.cx, "__annotations__");
        if get_from(f.cx, m, n)?.is_none() {
            let d = dict::new(f.cx)?;
            ops::set_item(f.cx, m, n.obj(), d.obj())?;
        }
        Ok(f.done())
    }
}

/// `m[name]`, or `None` on KeyError.
pub fn get_from(cx: &mut Cx, m: Obj, n: Gc<Str>) -> Result<Option<Obj>> {
    if m.shape() == typhon_object::shape::DICT {
        // By its shape.
        return Ok(unsafe { Gc::<Dict>::from_obj(m) }.get_str(n));
    }
    let r = ops::get_item(cx, m, n.obj());
    ops::catch(cx, r, ExcKind::KeyError)
}
