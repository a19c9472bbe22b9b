//! `CFuncPtr`: functions of libraries, and Python functions that C can call.
//!
//! Tests: tests/lang/ctypes.md; CPython test_funcptr, test_functions, test_prototypes.

use super::call;
use super::callback;
use super::data::{self, CData};
use super::func_type::{FuncType, checker, converters, is_restype};
use super::info::{Info, Kind, info_of, info_of_instance};
use super::simple::is_callable;
use super::{codes, library};
use typhon_ffi::mem;
use typhon_macros::{Trace, class};
use typhon_object::native::{Args, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Result, int, ops, tuple};

/// An instance. Slots that are empty leave a matter to the class.
#[derive(Trace)]
#[repr(C)]
pub struct FuncPtr {
    /// The pointer.
    pub data: CData,
    /// `restype`
    pub restype: Slot,
    /// Its `_check_retval_`.
    pub checker: Slot,
    /// `argtypes`
    pub argtypes: Slot<Tuple>,
    /// Their `from_param`.
    pub converters: Slot<Tuple>,
    /// `errcheck`
    pub errcheck: Slot,
    /// Flags, names and defaults of arguments.
    pub paramflags: Slot<Tuple>,
}

/// The pointer, as C data.
pub fn as_data(this: Gc<FuncPtr>) -> Gc<CData> {
    Gc::of(&this.payload().data)
}

fn empty(cx: &mut Cx, cls: Gc<Type>) -> Result<Gc<FuncPtr>> {
    let o = data::new(cx, cls)?.obj();
    o.cast::<FuncPtr>().ok_or_else(|| cx.type_error("abstract class"))
}

/// `(name, library)`, and perhaps flags of parameters.
fn from_library(cx: &mut Cx, cls: Gc<Type>, args: &Args<'_>, what: Gc<Tuple>) -> Result<Obj> {
    let &[name, dll] = what.payload().items() else {
        return Err(cx.type_error(format!("argument must be 2-item tuple, not {}-item", what.len())));
    };
    let flags = match *args.pos {
        [_] => Obj::NONE,
        [_, f] => f,
        _ => {
            return Err(cx.type_error(format!("function takes at most 2 arguments ({} given)", args.pos.len())));
        }
    };
    let handle = library::handle_of(cx, dll)?;
    let Some(name) = name_arg(cx, name)? else {
        return Err(cx.type_error("function name must be string, bytes object or integer"));
    };
    let at = library::find(cx, handle, name, typhon_object::ExcKind::AttributeError)?;
    let Some(i) = info_of(cls.obj()) else { return Err(cx.type_error("abstract class")) };
    let flags = match i.argtypes.get() {
        Some(a) => validate(cx, a, flags)?,
        None => None,
    };
    let f = empty(cx, cls)?;
    if let Some(t) = flags {
        f.payload().paramflags.set(cx, f, t);
    }
    let d = as_data(f);
    mem::write(d.at(), &at.to_ne_bytes());
    data::keep_ref(cx, d, 0, dll)?;
    Ok(f.obj())
}

fn name_arg(cx: &Cx, o: Obj) -> Result<Option<Gc<Str>>> {
    if let Some(s) = o.cast::<Str>() {
        return Ok(Some(s));
    }
    match o.cast::<typhon_object::bytes::Bytes>() {
        Some(b) => Ok(Some(typhon_object::str::from_latin1(cx, b.as_slice())?)),
        None => Ok(None),
    }
}

/// Check flags of parameters against the types of arguments.
fn validate(cx: &mut Cx, argtypes: Gc<Tuple>, flags: Obj) -> Result<Option<Gc<Tuple>>> {
    if flags.is_none() {
        return Ok(None);
    }
    let Some(t) = flags.cast::<Tuple>() else { return Err(cx.type_error("paramflags must be a tuple or None")) };
    if t.len() != argtypes.len() {
        return Err(cx.value_error("paramflags must have the same length as argtypes"));
    }
    for (n, (item, class)) in t.payload().items().iter().zip(argtypes.payload().items()).enumerate() {
        let parts = item.cast::<Tuple>().map_or(&[][..], |t| t.payload().items());
        let sound = matches!(parts.len(), 1..=3)
            && int::is_int(parts[0])
            && parts.get(1).is_none_or(|n| n.is_none() || n.cast::<Str>().is_some());
        if !sound {
            return Err(cx.type_error("paramflags must be a sequence of (int [,string [,value]]) tuples"));
        }
        match codes::low_bits(parts[0]).unwrap_or(0) & 7 {
            0 | 1 | 3 | 5 => {}
            2 => check_out(cx, *class, n + 1)?,
            f => return Err(cx.type_error(format!("paramflag value {f} not supported"))),
        }
    }
    Ok(Some(t))
}

fn check_out(cx: &Cx, class: Obj, n: usize) -> Result<()> {
    let ok = info_of(class).is_some_and(|i| {
        matches!(i.kind, Kind::Pointer | Kind::Array) || [b'P', b'z', b'Z'].iter().any(|l| i.is_letter(*l))
    });
    if ok {
        return Ok(());
    }
    let name = super::metas::name_of(class);
    Err(cx.type_error(format!("'out' parameter {n} must be a pointer type, not {name}")))
}

fn info(cx: &Cx, this: Gc<FuncPtr>) -> Result<Gc<Info>> {
    info_of_instance(this.obj()).ok_or_else(|| cx.type_error("abstract class"))
}

/// Function Pointer
#[class(module = "_ctypes", name = "CFuncPtr", base = CData, meta = FuncType, subclassable)]
impl FuncPtr {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let Some(&first) = args.pos.first() else {
            return Ok(empty(cx, cls)?.obj());
        };
        if let Some(t) = first.cast::<Tuple>() {
            return from_library(cx, cls, &args, t);
        }
        if args.pos.len() == 1 && int::is_int(first) {
            let f = empty(cx, cls)?;
            mem::write(as_data(f).at(), &codes::low_bits(first).unwrap_or(0).to_ne_bytes());
            return Ok(f.obj());
        }
        if args.pos.len() != 1 {
            return Err(cx.type_error(format!("function takes exactly 1 argument ({} given)", args.pos.len())));
        }
        if !is_callable(first) {
            return Err(cx.type_error("argument must be callable or integer function address"));
        }
        let Some(argtypes) = info_of(cls.obj()).and_then(|i| i.argtypes.get()) else {
            return Err(cx.type_error("cannot construct instance of this class: no argtypes"));
        };
        let thunk = callback::new(cx, first, argtypes, cls)?;
        let f = empty(cx, cls)?;
        let d = as_data(f);
        mem::write(d.at(), &thunk.address().to_ne_bytes());
        data::keep_ref(cx, d, 0, thunk.obj())?;
        Ok(f.obj())
    }
    #[sig(*_args)]
    fn __init__(this: Gc<FuncPtr>, _args: &[Obj]) {
        let _ = this;
    }
    fn __call__(this: Gc<FuncPtr>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let i = info(cx, this)?;
        call::call(cx, this, i, args)
    }
    fn __bool__(this: Gc<FuncPtr>) -> bool {
        mem::word(as_data(this).at()) != 0
    }
    fn __repr__(this: Gc<FuncPtr>) -> String {
        format!("<{} object at {:#x}>", ops::class_of(this.obj()).name(), this.addr() as usize)
    }
    /// specify the result type
    #[getter]
    fn restype(this: Gc<FuncPtr>, cx: &mut Cx) -> Result<Option<Obj>> {
        match this.restype.obj() {
            Some(r) => Ok(Some(r)),
            None => Ok(info(cx, this)?.restype.obj()),
        }
    }
    #[setter]
    fn set_restype(this: Gc<FuncPtr>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        let f = this.payload();
        let Missing::Given(v) = value else {
            f.restype.clear();
            f.checker.clear();
            return Ok(());
        };
        if !is_restype(v) {
            return Err(cx.type_error("restype must be a type, a callable, or None"));
        }
        let c = checker(cx, v)?;
        f.restype.set(cx, this, v);
        f.checker.put(cx, this, c);
        Ok(())
    }
    /// specify the argument types
    #[getter]
    fn argtypes(this: Gc<FuncPtr>, cx: &mut Cx) -> Result<Option<Obj>> {
        match this.argtypes.obj() {
            Some(r) => Ok(Some(r)),
            None => Ok(info(cx, this)?.argtypes.obj()),
        }
    }
    #[setter]
    fn set_argtypes(this: Gc<FuncPtr>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        let f = this.payload();
        match value {
            Missing::Absent | Missing::Given(Obj::NONE) => {
                f.argtypes.clear();
                f.converters.clear();
            }
            Missing::Given(v) => {
                let t = match v.cast::<Tuple>() {
                    Some(t) => t,
                    None if !ops::is_sequence(v) => {
                        return Err(cx.type_error("_argtypes_ must be a sequence of types"));
                    }
                    None => ops::tuple_from_iter(cx, v)?,
                };
                let c = converters(cx, t)?;
                if let Some(flags) = f.paramflags.obj() {
                    validate(cx, t, flags)?;
                }
                f.converters.set(cx, this, c);
                f.argtypes.set(cx, this, t);
            }
        }
        Ok(())
    }
    /// a function to check for errors
    #[getter]
    fn errcheck(this: Gc<FuncPtr>) -> Option<Obj> {
        this.errcheck.obj()
    }
    #[setter]
    fn set_errcheck(this: Gc<FuncPtr>, cx: &mut Cx, value: Missing<Obj>) -> Result<()> {
        match value {
            Missing::Given(v) if is_callable(v) => this.payload().errcheck.set(cx, this, v),
            Missing::Given(v) if !v.is_none() => {
                return Err(cx.type_error("the errcheck attribute must be callable"));
            }
            _ => this.payload().errcheck.clear(),
        }
        Ok(())
    }
}

/// A tuple of what a function takes, `()` if it does not say.
pub fn argtypes_of(cx: &Cx, this: Gc<FuncPtr>, i: Gc<Info>) -> Result<Gc<Tuple>> {
    match this.argtypes.get().or(i.argtypes.get()) {
        Some(t) => Ok(t),
        None => tuple::new(cx, &[]),
    }
}
