//! Python functions that C can call.
//!
//! A thunk is found by the closure through its address (GC-13), so whoever lets C keep
//! the function must keep the `CFuncPtr` alive, as in CPython. The calling thread comes
//! out of the blocked state, or is attached if Python does not know it, for as long as
//! the function runs.
//! Tests: tests/lang/ctypes.md; CPython test_callbacks.

use super::codes;
use super::data::{self, CData};
use super::func_type::USE_ERRNO;
use super::info::{Info, Kind, info_of};
use super::params::type_of;
use super::raw;
use crate::util::{unraisable, warn};
use typhon_ffi::{Cif, Closure, Type as CallType, errno, mem};
use typhon_macros::{Trace, class};
use typhon_object::list;
use typhon_object::native::instance;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::reenter::reenter;
use typhon_object::tuple::Tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Result, ops};

/// See the file's comment.
#[derive(Trace)]
pub struct Thunk {
    callable: Obj,
    argtypes: Gc<Tuple>,
    restype: Slot,
    flags: u32,
    #[trace(skip)]
    closure: std::cell::OnceCell<Closure>,
}

#[class(module = "_ctypes", name = "CThunkObject")]
impl Thunk {}

impl Thunk {
    /// Where C calls it.
    pub fn address(&self) -> usize {
        self.closure.get().map_or(0, Closure::address)
    }
    fn result_info(&self) -> Option<Gc<Info>> {
        self.restype.obj().and_then(info_of)
    }
}

/// A function for C that calls `callable`, with the types of the class.
pub fn new(cx: &mut Cx, callable: Obj, argtypes: Gc<Tuple>, class: Gc<Type>) -> Result<Gc<Thunk>> {
    let Some(i) = info_of(class.obj()) else { return Err(cx.type_error("abstract class")) };
    let mut kinds = Vec::new();
    for t in argtypes.payload().items() {
        match info_of(*t) {
            Some(i) => kinds.push(type_of(&i)),
            None => kinds.push(CallType::Pointer),
        }
    }
    let restype = i.restype.obj();
    let ret = match restype {
        None => CallType::Signed(4),
        Some(Obj::NONE) => CallType::Void,
        Some(r) => match info_of(r) {
            Some(i) if i.code.is_some() => type_of(&i),
            _ => return Err(cx.type_error("invalid result type for callback function")),
        },
    };
    let Some(cif) = Cif::new(&kinds, &ret, None) else {
        return Err(cx.error(ExcKind::RuntimeError, "ffi_prep_cif failed"));
    };
    let thunk = Thunk {
        callable,
        argtypes,
        restype: Slot::of(restype),
        flags: i.flags.load(std::sync::atomic::Ordering::Relaxed),
        closure: std::cell::OnceCell::new(),
    };
    let thunk = instance(cx, thunk)?;
    let Some(closure) = Closure::new(cif, enter, thunk.obj().word() as usize) else {
        return Err(cx.error(ExcKind::RuntimeError, "ffi_prep_closure failed"));
    };
    let _ = thunk.payload().closure.set(closure);
    Ok(thunk)
}

fn enter(data: usize, result: usize, args: &[usize]) {
    let ran = reenter(&mut |cx| {
        if let Some(t) = raw::object(data as u64).and_then(|o| o.cast::<Thunk>()) {
            run(cx, t, result, args);
        }
    });
    debug_assert!(ran, "the runtime is there when its functions are called");
}

fn run(cx: &mut Cx, t: Gc<Thunk>, result: usize, args: &[usize]) {
    let ret = t.result_info();
    if t.restype.obj() != Some(Obj::NONE) {
        // Whatever happens below, C gets a value.
        let n = ret.map_or(8, |i| i.size.max(8));
        mem::fill(result, n, 0);
    }
    let use_errno = t.flags & USE_ERRNO != 0;
    if use_errno {
        errno::swap();
    }
    let made = arguments(cx, t, args).and_then(|a| ops::call_args(cx, t.callable, a.payload().items()));
    if use_errno {
        errno::swap();
    }
    match made {
        Err(e) => report(cx, e, "Exception ignored while calling ctypes callback function", t.callable),
        Ok(v) => {
            if let Err(e) = give(cx, t, ret, result, v) {
                let what = "Exception ignored while converting result of ctypes callback function";
                report(cx, e, what, t.callable);
            }
        }
    }
}

fn report(cx: &mut Cx, e: typhon_object::Raised, what: &str, callable: Obj) {
    let text = match ops::repr(cx, callable) {
        Ok(r) => format!("{what} {}", r.to_str()),
        Err(_) => what.to_owned(),
    };
    unraisable(cx, e, &text, Obj::NONE);
}

fn arguments(cx: &mut Cx, t: Gc<Thunk>, args: &[usize]) -> Result<Gc<Tuple>> {
    let all = list::new(cx, &[])?;
    for (class, at) in t.argtypes.payload().items().iter().zip(args) {
        let Some(i) = info_of(*class) else {
            return Err(cx.error(ExcKind::TypeError, "cannot build parameter"));
        };
        let v = match i.code {
            Some(c) if !data::is_simple_subclass(types::class(*class)) => codes::get(cx, c, *at, i.size, None)?,
            _ => {
                let o = ops::call_args(cx, *class, &[])?;
                if let Some(d) = o.cast::<CData>() {
                    mem::copy(d.at(), *at, i.size.min(d.size()));
                }
                o
            }
        };
        all.append(cx, v)?;
    }
    ops::tuple_from_list(cx, all)
}

/// Store the result for C, widened if it is a small integer.
fn give(cx: &mut Cx, t: Gc<Thunk>, ret: Option<Gc<Info>>, result: usize, v: Obj) -> Result<()> {
    let Some(i) = ret else {
        if t.restype.obj().is_none() {
            let n = codes::low_bits(v).unwrap_or(0);
            mem::write(result, &i64::from(n as i32).to_ne_bytes());
        }
        return Ok(());
    };
    debug_assert!(i.kind == Kind::Simple);
    let Some(code) = i.code else { return Ok(()) };
    let mut room = [0u128; 2];
    let at = room.as_mut_ptr() as usize;
    let keep = codes::set(cx, code, at, i.size, None, v)?;
    if let CallType::Signed(n) = type_of(&i) {
        let spare = 64 - 8 * n as u32;
        let wide = ((mem::word(at) as i64) << spare) >> spare;
        mem::write(at, &wide.to_ne_bytes());
    }
    mem::copy(result, at, i.size.max(8));
    if !keep.is_none() && code.letter != b'O' {
        // Nobody can tell how long C needs it.
        warn(cx, "memory leak in callback function.", ExcKind::RuntimeWarning, 1)?;
        super::helpers::keep_for_ever(cx, keep)?;
    }
    Ok(())
}
