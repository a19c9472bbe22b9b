//! `_Pointer`.
//!
//! Tests: tests/lang/ctypes.md; CPython test_pointers, test_cast.

use super::array::{gather, item_of};
use super::data::{self, CData};
use super::field::given;
use super::info::{Info, info_of, info_of_instance};
use super::metas::PointerType;
use typhon_builtins::slice::{self, Slice};
use typhon_ffi::mem;
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, Result, ops};

/// An instance.
#[derive(Trace)]
#[repr(C)]
pub struct Pointer {
    data: CData,
}

fn as_data(this: Gc<Pointer>) -> Gc<CData> {
    Gc::of(&this.payload().data)
}

/// Where it points, what to, and how big that is.
fn target(cx: &Cx, this: Gc<Pointer>) -> Result<(usize, Gc<Type>, Gc<Info>)> {
    let (_, class, item) = item_of(cx, this.obj())?;
    match mem::word(as_data(this).at()) {
        0 => Err(cx.value_error("NULL pointer access")),
        at => Ok((at, class, item)),
    }
}

fn get(cx: &mut Cx, this: Gc<Pointer>, i: isize) -> Result<Obj> {
    let (at, class, item) = target(cx, this)?;
    let at = at.wrapping_add_signed(i.wrapping_mul(item.size as isize));
    data::get_value(cx, class, None, as_data(this), i as usize, item.size, at, None)
}

fn set_contents(cx: &mut Cx, this: Gc<Pointer>, value: Obj) -> Result<()> {
    let Some(class) = info_of_instance(this.obj()).and_then(|i| i.item()) else {
        return Err(cx.type_error("abstract class"));
    };
    let ok = match value.cast::<CData>() {
        Some(_) => ops::is_instance(cx, value, class.obj())?,
        None => false,
    };
    let Some(dst) = value.cast::<CData>().filter(|_| ok) else {
        return Err(cx.type_error(format!("expected {} instead of {}", class.name(), cx.type_name(value))));
    };
    let d = as_data(this);
    mem::write(d.at(), &dst.at().to_ne_bytes());
    // First the object itself, then what it keeps.
    data::keep_ref(cx, d, 1, value)?;
    let kept = data::kept_objects(cx, dst)?;
    data::keep_ref(cx, d, 0, kept)
}

/// A bound of a slice.
fn bound(cx: &mut Cx, o: Obj) -> Result<isize> {
    ops::index_isize(cx, o)
}

/// XXX to be documented
#[class(module = "_ctypes", name = "_Pointer", base = CData, meta = PointerType, subclassable)]
impl Pointer {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        match info_of(cls.obj()) {
            Some(i) if i.proto.obj().is_some() => data::construct(cx, cls, args),
            _ => Err(cx.type_error("Cannot create instance: has no _type_")),
        }
    }
    fn __init__(this: Gc<Pointer>, cx: &mut Cx, args: Args<'_>) -> Result<()> {
        match *args.pos {
            [] => Ok(()),
            [v] => set_contents(cx, this, v),
            ref all => Err(cx.type_error(format!("POINTER expected at most 1 argument, got {}", all.len()))),
        }
    }
    /// the object this pointer points to (read-write)
    #[getter]
    fn contents(this: Gc<Pointer>, cx: &mut Cx) -> Result<Obj> {
        let (at, class, _) = target(cx, this)?;
        Ok(data::from_base(cx, class, Some(as_data(this)), 0, at)?.obj())
    }
    #[setter]
    fn set_contents(this: Gc<Pointer>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        let v = given(cx, value, "Pointer does not support item deletion")?;
        set_contents(cx, this, v)
    }
    fn __bool__(this: Gc<Pointer>) -> bool {
        mem::word(as_data(this).at()) != 0
    }
    fn __getitem__(this: Gc<Pointer>, cx: &mut Cx, key: Obj) -> Result<Obj> {
        if slice::is_index(key) {
            let i = ops::index_isize(cx, key)?;
            return get(cx, this, i);
        }
        let Some(s) = key.cast::<Slice>() else {
            return Err(cx.type_error("Pointer indices must be integer"));
        };
        let step = if s.step.is_none() { 1 } else { bound(cx, s.step)? };
        if step == 0 {
            return Err(cx.value_error("slice step cannot be zero"));
        }
        let start = match s.start {
            Obj::NONE if step < 0 => return Err(cx.value_error("slice start is required for step < 0")),
            Obj::NONE => 0,
            o => bound(cx, o)?,
        };
        if s.stop.is_none() {
            return Err(cx.value_error("slice stop is required"));
        }
        let stop = bound(cx, s.stop)?;
        let n = match step {
            _ if step > 0 && start < stop => (stop - start - 1) as usize / step as usize + 1,
            _ if step < 0 && stop < start => (start - stop - 1) as usize / step.unsigned_abs() + 1,
            _ => 0,
        };
        let (at, _, item) = target(cx, this)?;
        gather(cx, &item, at, n, |i| start + i as isize * step, |cx, i| get(cx, this, i))
    }
    fn __setitem__(this: Gc<Pointer>, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        if !slice::is_index(key) {
            return Err(cx.type_error("Pointer indices must be integer"));
        }
        let i = ops::index_isize(cx, key)?;
        let (at, class, item) = target(cx, this)?;
        let at = at.wrapping_add_signed(i.wrapping_mul(item.size as isize));
        data::set_value(cx, as_data(this), class, None, value, i as i64, item.size, at, None)
    }
    fn __delitem__(this: Gc<Pointer>, cx: &mut Cx, key: Obj) -> Result<()> {
        let _ = (this, key);
        Err(cx.type_error("Pointer does not support item deletion"))
    }
}
