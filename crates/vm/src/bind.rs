//! Binding of arguments to the registers of a function's window, and the errors of it.
//!
//! Tests: tests/lang/functions.md; CPython test_extcall, test_call.

use crate::frame::Base;
use crate::function::Function;
use std::sync::atomic::Ordering;
use typhon_bytecode::flags;
use typhon_object::native::KwNames;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Raised, Result, dict, tuple};

/// Put arguments into the registers of a window and clear the other locals.
/// `args` may be the window's own registers.
#[inline(never)]
pub unsafe fn bind(cx: &mut Cx, func: Gc<Function>, base: Base, args: &[Obj], kw: Option<KwNames>) -> Result<()> {
    let clear = func.nclear.load(Ordering::Relaxed) as usize;
    if kw.is_none() && func.simple.load(Ordering::Relaxed) as usize == args.len() {
        // VM-1: the window has room; the arguments may overlap it.
        unsafe {
            std::ptr::copy(args.as_ptr() as *const u64, base, args.len());
            for i in args.len()..clear {
                *base.add(i) = 0;
            }
        }
        return Ok(());
    }
    if kw.is_none()
        && let Some(defaults) = func.last_defaults(args.len())
    {
        let given = args.len() + defaults.len();
        // As above; defaults are no part of a window.
        unsafe {
            std::ptr::copy(args.as_ptr() as *const u64, base, args.len());
            std::ptr::copy_nonoverlapping(defaults.as_ptr() as *const u64, base.add(args.len()), defaults.len());
            for i in given..clear {
                *base.add(i) = 0;
            }
        }
        return Ok(());
    }
    let code = func.code();
    let d = &code.data;
    let n_kw = kw.map_or(0, |k| k.len());
    let n_pos = args.len() - n_kw;
    let argc = d.argcount as usize;
    let kwonly = d.kwonlyargcount as usize;
    let has_star = d.flags & flags::VARARGS != 0;
    let has_kw = d.flags & flags::VARKEYWORDS != 0;
    // The values may stand where they are to go, or in each other's way.
    let mut room = [std::mem::MaybeUninit::<u64>::uninit(); 24];
    let held;
    let vals: &[u64] = if args.len() <= room.len() {
        for (r, a) in room.iter_mut().zip(args) {
            r.write(a.word());
        }
        // As many as were written.
        unsafe { std::slice::from_raw_parts(room.as_ptr() as *const u64, args.len()) }
    } else {
        held = tuple::new(cx, args)?;
        // A tuple's items are its values' words.
        unsafe { std::slice::from_raw_parts(held.payload().items().as_ptr() as *const u64, args.len()) }
    };
    let obj = |w: u64| unsafe { Obj::from_word_unchecked(w) };
    let reg = |i: usize, v: u64| unsafe { *base.add(i) = v };
    let get = |i: usize| unsafe { *base.add(i) };
    for i in 0..clear {
        reg(i, 0);
    }
    for (i, v) in vals.iter().take(n_pos.min(argc)).enumerate() {
        reg(i, *v);
    }
    let mut at = argc + kwonly;
    if has_star {
        let rest: &[u64] = vals.get(argc..n_pos).unwrap_or(&[]);
        // Words of values.
        let rest = unsafe { std::slice::from_raw_parts(rest.as_ptr() as *const Obj, rest.len()) };
        let t = tuple::new(cx, rest)?;
        reg(at, t.obj().word());
        at += 1;
    }
    let mut extra = None;
    if has_kw {
        let kd = dict::new(cx)?;
        reg(at, kd.obj().word());
        extra = Some(kd);
    }
    if let Some(names) = kw {
        let vars = code.varnames.get().expect("loaded code has names");
        let first = d.posonlyargcount as usize;
        for (k, name) in names.items().iter().enumerate() {
            let v = vals[n_pos + k];
            // Keyword names are strings.
            let name: Gc<Str> = unsafe { Gc::from_obj(*name) };
            let params = &vars.items()[first..argc + kwonly];
            let found = params.iter().position(|p| *p == name.obj()).or_else(|| {
                if name.is_interned() {
                    return None;
                }
                params.iter().position(|p| p.cast::<Str>().is_some_and(|s| s.same_text(&name)))
            });
            match found {
                Some(i) if get(first + i) != 0 => {
                    return Err(cx.type_error(format!(
                        "{}() got multiple values for argument '{}'",
                        qualname(func),
                        name.to_str()
                    )));
                }
                Some(i) => reg(first + i, v),
                None => match extra {
                    Some(kd) => {
                        kd.insert(cx, name.obj(), obj(v))?;
                    }
                    None => return Err(unexpected_keyword(cx, func, name, names)),
                },
            }
        }
    }
    // Only now: what is wrong with keywords is said first.
    if n_pos > argc && !has_star {
        return Err(too_many_positional(cx, func, n_pos, n_kw, vals));
    }
    if n_pos < argc {
        let defaults = func.defaults.get().map_or(&[][..], |t| t.items());
        let first = argc - defaults.len().min(argc);
        let skip = defaults.len() - (argc - first);
        for i in n_pos..argc {
            if get(i) == 0 && i >= first {
                reg(i, defaults[skip + i - first].word());
            }
        }
        if (n_pos..argc).any(|i| get(i) == 0) {
            let names: Vec<String> = (0..argc).filter(|i| get(*i) == 0).map(|i| d.varnames[i].to_string()).collect();
            return Err(missing(cx, func, "positional", &names));
        }
    }
    if kwonly > 0 {
        let kd = func.kwdefaults.get();
        let vars = code.varnames.get().expect("loaded code has names");
        let mut absent = Vec::new();
        for i in argc..argc + kwonly {
            if get(i) != 0 {
                continue;
            }
            // Variable names are strings.
            let n: Gc<Str> = unsafe { Gc::from_obj(vars.items()[i]) };
            match kd.and_then(|k| k.get_str(n)) {
                Some(v) => reg(i, v.word()),
                None => absent.push(d.varnames[i].to_string()),
            }
        }
        if !absent.is_empty() {
            return Err(missing(cx, func, "keyword-only", &absent));
        }
    }
    Ok(())
}

fn qualname(f: Gc<Function>) -> String {
    f.qualname.get().map_or_else(String::new, |s| s.to_str().into_owned())
}

#[cold]
fn missing(cx: &Cx, f: Gc<Function>, kind: &str, names: &[String]) -> Raised {
    let quoted: Vec<String> = names.iter().map(|n| format!("'{n}'")).collect();
    let list = match quoted.len() {
        1 => quoted[0].clone(),
        2 => format!("{} and {}", quoted[0], quoted[1]),
        n => format!("{}, and {}", quoted[..n - 1].join(", "), quoted[n - 1]),
    };
    let s = if names.len() == 1 { "" } else { "s" };
    cx.type_error(format!("{}() missing {} required {kind} argument{s}: {list}", qualname(f), names.len()))
}

#[cold]
fn too_many_positional(cx: &Cx, f: Gc<Function>, given: usize, n_kw: usize, _: &[u64]) -> Raised {
    let d = &f.code().data;
    let argc = d.argcount as usize;
    let defaults = f.defaults.get().map_or(0, |t| t.len());
    let (takes, plural) = if defaults > 0 {
        (format!("from {} to {argc}", argc - defaults.min(argc)), true)
    } else {
        (argc.to_string(), argc != 1)
    };
    let kwonly = if n_kw > 0 && d.kwonlyargcount > 0 {
        format!(
            " positional argument{} (and {n_kw} keyword-only argument{})",
            if given == 1 { "" } else { "s" },
            if n_kw == 1 { "" } else { "s" }
        )
    } else {
        String::new()
    };
    cx.type_error(format!(
        "{}() takes {takes} positional argument{} but {given}{kwonly} {} given",
        qualname(f),
        if plural { "s" } else { "" },
        if given == 1 && kwonly.is_empty() { "was" } else { "were" }
    ))
}

#[cold]
fn unexpected_keyword(cx: &Cx, f: Gc<Function>, name: Gc<Str>, all: KwNames) -> Raised {
    let d = &f.code().data;
    let posonly: Vec<&str> = all
        .items()
        .iter()
        .filter_map(|k| {
            let s = k.cast::<Str>()?;
            d.varnames[..d.posonlyargcount as usize].iter().find(|v| s.eq_str(v)).map(|v| &**v)
        })
        .collect();
    if !posonly.is_empty() {
        return cx.type_error(format!(
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            qualname(f),
            posonly.join(", ")
        ));
    }
    cx.type_error(format!("{}() got an unexpected keyword argument '{}'", qualname(f), name.to_str()))
}
