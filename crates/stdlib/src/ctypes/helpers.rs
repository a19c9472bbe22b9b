//! What `ctypes` calls by address: `cast`, `string_at` and others are C functions to it,
//! which get objects and may raise. They are closures like any callback; what they raise
//! waits in [`RAISED`] until the call that led to them returns.
//!
//! Tests: tests/lang/ctypes.md; CPython test_memfunctions, test_cast.

use super::codes;
use super::data::{self, CData};
use super::info::{Kind, info_of};
use super::raw;
use crate::util::{bytes_obj, tuple_obj};
use std::sync::OnceLock;
use typhon_builtins::buffer::{BufferView, Export};
use typhon_builtins::memoryview::MemoryView;
use typhon_ffi::{Cif, Closure, Type as CallType, mem};
use typhon_gc::Root;
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::exc::BaseException;
use typhon_object::list::{self, List};
use typhon_object::native::instance;
use typhon_object::obj::{Gc, Obj};
use typhon_object::reenter::reenter;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, int, ops};

/// Exceptions by thread, and objects that C keeps.
static RAISED: Root = Root::new();
static KEPT: Root = Root::new();

fn table(cx: &Cx, root: &'static Root) -> Result<Gc<Dict>> {
    if let Some(d) = Obj::from_word(root.get()).and_then(|o| o.cast()) {
        return Ok(d);
    }
    let d = dict::new(cx)?;
    root.set(&cx.mutator, d.obj().word());
    Ok(d)
}

/// What a helper raised in the call that has just returned.
pub fn take_raised(cx: &mut Cx) -> Option<Raised> {
    let d: Gc<Dict> = Obj::from_word(RAISED.get()).and_then(|o| o.cast())?;
    if d.is_empty() {
        return None;
    }
    let key = int::from_i64(cx, cx.mutator.id() as i64).ok()?;
    let e = d.remove(cx, key).ok()??;
    e.cast::<BaseException>().map(Raised)
}

fn leave_raised(cx: &mut Cx, e: Raised) {
    let noted = table(cx, &RAISED).and_then(|d| {
        let key = int::from_i64(cx, cx.mutator.id() as i64)?;
        d.insert(cx, key, e.obj())
    });
    if let Err(e) = noted {
        crate::util::unraisable(cx, e, "Exception ignored in a ctypes helper", Obj::NONE);
    }
}

/// Count a reference that C has, or let go of one.
pub fn count_reference(cx: &mut Cx, o: Obj, by: i64) -> Result<()> {
    let all = table(cx, &KEPT)?;
    let key = int::from_i64(cx, o.word() as i64)?;
    let pair = all.get(cx, key)?.and_then(|p| p.cast::<List>());
    let n = pair.and_then(|p| p.get(1)).and_then(int::to_i64).unwrap_or(0) + by;
    if n <= 0 {
        all.remove(cx, key)?;
    } else {
        let pair = list::new(cx, &[o, Obj::int_unchecked(n)])?;
        all.insert(cx, key, pair.obj())?;
    }
    Ok(())
}

/// C has a pointer into it and nobody knows for how long.
pub fn keep_for_ever(cx: &mut Cx, o: Obj) -> Result<()> {
    count_reference(cx, o, 1)
}

/// The helpers, in the order of [`addresses`].
#[derive(Clone, Copy)]
enum Helper {
    Cast,
    StringAt,
    WideAt,
    ViewAt,
}

/// What [`addresses`] gives: the closures behind them live as long as the process.
static ADDRESSES: OnceLock<Vec<usize>> = OnceLock::new();

/// Addresses of `cast`, `string_at`, `wstring_at` and `memoryview_at`.
pub fn addresses() -> &'static [usize] {
    ADDRESSES.get_or_init(|| {
        use CallType::{Pointer, Signed};
        let make = |h: Helper, args: &[CallType]| {
            let cif = Cif::new(args, &Pointer, None).expect("plain types");
            Closure::new(cif, enter, h as usize).expect("memory for closures")
        };
        let all = [
            make(Helper::Cast, &[Pointer, Pointer, Pointer]),
            make(Helper::StringAt, &[Pointer, Signed(4)]),
            make(Helper::WideAt, &[Pointer, Signed(4)]),
            make(Helper::ViewAt, &[Pointer, Signed(8), Signed(4)]),
        ];
        let at = all.iter().map(Closure::address).collect();
        std::mem::forget(all);
        at
    })
}

fn enter(which: usize, result: usize, args: &[usize]) {
    let word = |n: usize| mem::word(args[n]);
    let small = |n: usize| i32::from_ne_bytes(mem::get(args[n])) as isize;
    reenter(&mut |cx| {
        let made = match which {
            0 => match (raw::object(word(1) as u64), raw::object(word(2) as u64)) {
                (Some(src), Some(class)) => cast(cx, word(0), src, class),
                _ => Err(cx.value_error("PyObject is NULL")),
            },
            1 => string_at(cx, word(0), small(1)),
            2 => wide_at(cx, word(0), small(1)),
            _ => view_at(cx, word(0), word(1) as isize, small(2) != 0),
        };
        let o = match made {
            Ok(o) => o.word(),
            Err(e) => {
                leave_raised(cx, e);
                0
            }
        };
        mem::write(result, &o.to_ne_bytes());
    });
}

/// A length that is given, or found if it is -1.
fn length(cx: &Cx, n: isize, find: impl FnOnce() -> usize) -> Result<usize> {
    match n {
        -1 => Ok(find()),
        n => usize::try_from(n).map_err(|_| cx.error(ExcKind::SystemError, "Negative size passed")),
    }
}

fn string_at(cx: &mut Cx, at: usize, n: isize) -> Result<Obj> {
    let n = length(cx, n, || mem::text_len(at))?;
    bytes_obj(cx, &mem::to_vec(at, n))
}

fn wide_at(cx: &mut Cx, at: usize, n: isize) -> Result<Obj> {
    let n = length(cx, n, || mem::wide_len(at))?;
    codes::text(cx, &mem::wide(at, n))
}

/// Memory that nobody of ours has, as an exporter of buffers.
#[derive(Trace)]
pub struct Region {
    at: usize,
    len: usize,
    readonly: bool,
}

#[class(module = "_ctypes", name = "_region")]
impl Region {
    fn __buffer__(this: Gc<Self>, cx: &mut Cx, flags: i64) -> Result<Obj> {
        let _ = flags;
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
}

/// How a region shows its memory.
pub fn export_region(_: &mut Cx, o: Obj) -> Result<Option<Export>> {
    let Some(r) = o.cast::<Region>() else { return Ok(None) };
    let view = BufferView { memory: raw::memory(o, r.at, r.len), readonly: r.readonly };
    Ok(Some(Export::plain(view)))
}

fn view_at(cx: &mut Cx, at: usize, n: isize, readonly: bool) -> Result<Obj> {
    let Ok(len) = usize::try_from(n) else {
        return Err(cx.value_error(format!("memoryview_at: size is negative (or overflowed): {n}")));
    };
    let r = instance(cx, Region { at, len, readonly })?;
    Ok(MemoryView::over(cx, r.obj())?.obj())
}

/// `cast(obj, class)`: a pointer of that class to where `at` points.
fn cast(cx: &mut Cx, at: usize, src: Obj, class: Obj) -> Result<Obj> {
    let i = info_of(class);
    let pointer = i.is_some_and(|i| {
        matches!(i.kind, Kind::Pointer | Kind::Func)
            || i.code.is_some_and(|c| matches!(c.letter, b's' | b'P' | b'z' | b'U' | b'Z' | b'X' | b'O'))
    });
    if !pointer {
        let name = match class.cast::<Type>() {
            Some(t) => t.name().into_owned(),
            None => ops::repr(cx, class)?.to_str().into_owned(),
        };
        return Err(cx.type_error(format!("cast() argument 2 must be a pointer type, not {name}")));
    }
    let o = ops::call_args(cx, class, &[])?;
    let Some(d) = o.cast::<CData>() else { return Err(cx.type_error("cast() made no ctypes instance")) };
    // The two share what they keep alive, whichever of them comes to it.
    if let Some(s) = src.cast::<CData>() {
        share(cx, s, d, src)?;
    }
    mem::write(d.at(), &at.to_ne_bytes());
    Ok(o)
}

fn share(cx: &mut Cx, s: Gc<CData>, d: Gc<CData>, src: Obj) -> Result<()> {
    data::kept_objects(cx, s)?;
    let mut root = s;
    while let Some(b) = root.base.get() {
        root = b;
    }
    // A dict of its own, so that it can be shared.
    let known = match root.objects.obj().and_then(|o| o.cast::<Dict>()) {
        Some(k) => Some(k),
        None if root.objects.obj().is_none_or(|o| o.is_none()) => {
            let k = dict::new(cx)?;
            root.payload().objects.set(cx, root, k);
            Some(k)
        }
        None => None,
    };
    if s != root || known.is_none() {
        // A part of something, or one that keeps a single object: keep it whole.
        let key = int::from_i64(cx, src.word() as i64)?;
        let all = known.map_or_else(|| dict::new(cx), Ok)?;
        let whole = if known.is_some() { src } else { tuple_obj(cx, &[src])? };
        all.insert(cx, key, whole)?;
        d.payload().objects.set(cx, d, all);
        return Ok(());
    }
    let Some(all) = known else { return Ok(()) };
    let key = int::from_i64(cx, src.word() as i64)?;
    all.insert(cx, key, src)?;
    d.payload().objects.set(cx, d, all);
    Ok(())
}
