//! Calling C: arguments by `paramflags` and `argtypes`, the call in the blocked state,
//! the result by `restype`, `errcheck` and `paramflags`.
//!
//! All functions are called blocked, those of `PyDLL` too: what they call back comes in
//! through `reenter`, so that no call ever holds a collection up (GC-4).
//! Tests: tests/lang/ctypes.md; CPython test_cfuncs, test_prototypes, test_errno.

use super::codes;
use super::data::{self, extend_error};
use super::func::{FuncPtr, argtypes_of, as_data};
use super::func_type::{CDECL, USE_ERRNO};
use super::info::{Info, Kind, info_of};
use super::params::{self, Param, type_of};
use super::{argument_error, helpers};
use typhon_ffi::{Cif, Type as CallType, errno, mem};
use typhon_object::list::{self, List};
use typhon_object::native::Args;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Result, int, ops};

/// The most arguments there can be.
pub const MAX_ARGS: usize = 1024;

/// What the result becomes of the arguments.
struct Outs {
    args: Gc<Tuple>,
    out: u64,
    inout: u64,
    count: usize,
}

/// Call a function pointer.
pub fn call(cx: &mut Cx, this: Gc<FuncPtr>, i: Gc<Info>, args: Args<'_>) -> Result<Obj> {
    let restype = this.restype.obj().or(i.restype.obj());
    let checker = if this.restype.obj().is_some() { this.checker.obj() } else { i.checker.obj() };
    let converters = this.converters.get().or(i.converters.get());
    let f = mem::word(as_data(this).at());
    let outs = arguments(cx, this, i, &args)?;
    let flags = i.flags.load(std::sync::atomic::Ordering::Relaxed);
    if let Some(c) = converters {
        let (required, actual) = (c.len(), outs.args.len());
        let s = if required == 1 { "" } else { "s" };
        if flags & CDECL != 0 && required > actual {
            return Err(cx.type_error(format!("this function takes at least {required} argument{s} ({actual} given)")));
        }
        if flags & CDECL == 0 && required != actual {
            return Err(cx.type_error(format!("this function takes {required} argument{s} ({actual} given)")));
        }
    }
    let mut result = invoke(cx, f, outs.args, flags, converters, restype, checker)?;
    if let Some(check) = this.errcheck.obj() {
        let v = ops::call_args(cx, check, &[result, this.obj(), outs.args.obj()])?;
        if v != outs.args.obj() {
            return Ok(v);
        }
    }
    if outs.count == 0 {
        return Ok(result);
    }
    let all = list::new(cx, &[])?;
    for n in 0..outs.args.len().min(64) {
        let v = outs.args.get(n).unwrap_or(Obj::NONE);
        if outs.inout >> n & 1 != 0 {
            result = v;
        } else if outs.out >> n & 1 != 0 {
            result = ops::call_method(cx, v, "__ctypes_from_outparam__", &[])?;
        } else {
            continue;
        }
        all.append(cx, result)?;
    }
    if outs.count == 1 { Ok(result) } else { Ok(ops::tuple_from_list(cx, all)?.obj()) }
}

fn arguments(cx: &mut Cx, this: Gc<FuncPtr>, i: Gc<Info>, args: &Args<'_>) -> Result<Outs> {
    let argtypes = argtypes_of(cx, this, i)?;
    let flags = match this.paramflags.get() {
        Some(f) if !argtypes.is_empty() => f,
        _ => {
            // As in CPython, keywords without names for them are ignored.
            let args = typhon_object::tuple::new(cx, args.pos)?;
            return Ok(Outs { args, out: 0, inout: 0, count: 0 });
        }
    };
    let all = list::new(cx, &[])?;
    let mut o = Outs { args: argtypes, out: 0, inout: 0, count: 0 };
    let mut used = 0;
    for (n, item) in flags.payload().items().iter().enumerate() {
        let parts = item.cast::<Tuple>().map_or(&[][..], |t| t.payload().items());
        let flag = parts.first().and_then(|f| codes::low_bits(*f)).unwrap_or(0) & 7;
        let name = parts.get(1).and_then(|n| n.cast::<Str>());
        let default = parts.get(2).copied();
        let bit = 1u64.checked_shl(n as u32).unwrap_or(0);
        let v = match flag {
            5 => default.unwrap_or(Obj::int_unchecked(0)),
            2 => {
                o.out |= bit;
                o.count += 1;
                match default {
                    Some(d) => d,
                    None => out_value(cx, argtypes.get(n).unwrap_or(Obj::NONE))?,
                }
            }
            _ => {
                if flag == 3 {
                    o.out |= bit;
                    o.inout |= bit;
                    o.count += 1;
                }
                one(cx, &mut used, name, default, args)?
            }
        };
        all.append(cx, v)?;
    }
    let given = args.all().len();
    if given != used {
        return Err(cx.type_error(format!("call takes exactly {used} arguments ({given} given)")));
    }
    o.args = ops::tuple_from_list(cx, all)?;
    Ok(o)
}

/// The next positional argument, the one of that name, or the default.
fn one(cx: &Cx, used: &mut usize, name: Option<Gc<Str>>, default: Option<Obj>, args: &Args<'_>) -> Result<Obj> {
    if let Some(v) = args.pos.get(*used) {
        *used += 1;
        return Ok(*v);
    }
    if let Some(n) = name
        && let Some((_, v)) = args.keywords().find(|(k, _)| k.same_text(&n))
    {
        *used += 1;
        return Ok(v);
    }
    match (default, name) {
        (Some(d), _) => Ok(d),
        (None, Some(n)) => Err(cx.type_error(format!("required argument '{}' missing", n.to_str()))),
        (None, None) => Err(cx.type_error("not enough arguments")),
    }
}

/// Something for the function to write to.
fn out_value(cx: &mut Cx, class: Obj) -> Result<Obj> {
    let Some(i) = info_of(class) else { return Err(cx.type_error("abstract class")) };
    match i.kind {
        Kind::Array => ops::call_args(cx, class, &[]),
        Kind::Pointer => match i.proto.obj() {
            Some(p) => ops::call_args(cx, p, &[]),
            None => Err(cx.type_error("abstract class")),
        },
        _ => {
            let name = super::metas::name_of(class);
            Err(cx.type_error(format!("{name} 'out' parameter must be passed as default value")))
        }
    }
}

/// Convert the arguments, call `f`, convert the result.
pub fn invoke(
    cx: &mut Cx,
    f: usize,
    args: Gc<Tuple>,
    flags: u32,
    converters: Option<Gc<Tuple>>,
    restype: Option<Obj>,
    checker: Option<Obj>,
) -> Result<Obj> {
    if args.len() > MAX_ARGS {
        let text = format!("too many arguments ({}), maximum is {MAX_ARGS}", args.len());
        return Err(argument_error(cx, &text));
    }
    if f == 0 {
        return Err(cx.value_error("attempt to call a NULL function pointer"));
    }
    let kept: Gc<List> = list::new(cx, &[])?;
    let mut given: Vec<Param> = Vec::with_capacity(args.len());
    for (n, &arg) in args.payload().items().iter().enumerate() {
        let converter = converters.and_then(|c| c.get(n));
        let made = match converter {
            Some(c) => ops::call_args(cx, c, &[arg]),
            None => Ok(arg),
        };
        let made = made.and_then(|a| params::convert(cx, a, n + 1, &mut |cx, o| kept.append(cx, o)));
        match made {
            Ok(p) => given.push(p),
            Err(e) => {
                let class = super::argument_error_class(cx)?;
                return Err(extend_error(cx, e, class, &format!("argument {}: ", n + 1)));
            }
        }
    }
    let ret = match restype {
        None => CallType::Signed(4),
        Some(Obj::NONE) => CallType::Void,
        Some(r) => info_of(r).map_or(CallType::Signed(4), |i| type_of(&i)),
    };
    let kinds: Vec<CallType> = given.iter().map(|p| p.ty.clone()).collect();
    let fixed = converters.map(|c| c.len()).filter(|n| *n > 0 && *n < given.len());
    let Some(cif) = Cif::new(&kinds, &ret, fixed) else {
        return Err(cx.error(typhon_object::ExcKind::RuntimeError, "ffi_prep_cif failed"));
    };
    let at: Vec<usize> =
        given.iter().map(|p| if p.ty.is_struct() { p.value[0] as usize } else { p.value.as_ptr() as usize }).collect();
    let mut result = vec![0u128; ret.size().div_ceil(16).max(2)];
    cx.blocked(|| {
        if flags & USE_ERRNO != 0 {
            errno::swap();
        }
        cif.call(f, &at, &mut result);
        if flags & USE_ERRNO != 0 {
            errno::swap();
        }
    });
    std::hint::black_box((kept, args));
    if let Some(e) = helpers::take_raised(cx) {
        return Err(e);
    }
    finish(cx, restype, checker, result.as_ptr() as usize)
}

fn finish(cx: &mut Cx, restype: Option<Obj>, checker: Option<Obj>, at: usize) -> Result<Obj> {
    let number = i64::from(i32::from_ne_bytes(mem::get(at)));
    let restype = match restype {
        None => return int::from_i64(cx, number),
        Some(Obj::NONE) => return Ok(Obj::NONE),
        Some(r) => r,
    };
    let Some(i) = info_of(restype) else {
        let n = int::from_i64(cx, number)?;
        return ops::call_args(cx, restype, &[n]);
    };
    let class = typhon_object::types::class(restype);
    let v = match i.code {
        Some(c) if !data::is_simple_subclass(class) => codes::get(cx, c, at, i.size, None)?,
        _ => data::from_base(cx, class, None, 0, at)?.obj(),
    };
    match checker {
        Some(c) => ops::call_args(cx, c, &[v]),
        None => Ok(v),
    }
}
