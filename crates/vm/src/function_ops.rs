//! `def`, `lambda` and `class`: making functions, and `__build_class__`.

use crate::call;
use crate::code::Code;
use crate::function::{self, Function};
use typhon_bytecode::func;
use typhon_object::dict::{self, Dict};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::tuple;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, list, name, new_type, ops, shape};

crate::slow! {
    /// MAKEFUNCTION.
    fn make_function(f) {
        let k = f.code().constant(f.bc());
        // The verifier checked that the constant is code.
        let code: Gc<Code> = unsafe { Gc::from_obj(k) };
        let outer = f.func();
        let g = function::new(f.cx, code, outer.globals())?;
        let mut r = f.a();
        let mut take = |f: &crate::frame::Fr<'_>, bit: u8| {
            (f.x() & bit != 0).then(|| {
                r += 1;
                f.reg(r - 1)
            })
        };
        let (defaults, kwdefaults) = (take(f, func::DEFAULTS), take(f, func::KWDEFAULTS));
        let (annotate, closure) = (take(f, func::ANNOTATE), take(f, func::CLOSURE));
        // The compiler built these with the types that the slots want.
        g.defaults.put(f.cx, g, defaults);
        g.kwdefaults.put(f.cx, g, kwdefaults);
        g.closure.put(f.cx, g, closure);
        g.annotate.put(f.cx, g, annotate);
        f.set(f.a(), g.obj());
        Ok(f.done())
    }
    /// LOADBUILDCLASS.
    fn load_build_class(f) {
        // A program may run code with builtins of its own.
        let key = name!(f.cx, "__build_class__");
        let Some(v) = f.func().find_builtin(f.cx, key)? else {
            return Err(f.cx.error(ExcKind::NameError, "__build_class__ not found"));
        };
        f.set(f.a(), v);
        Ok(f.done())
    }
}

/// `__build_class__(func, name, *bases, metaclass=..., **kwds)`.
pub fn build_class(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
    if args.pos.len() < 2 {
        return Err(cx.type_error("__build_class__: not enough arguments"));
    }
    let Some(func) = args.pos[0].cast::<Function>() else {
        return Err(cx.type_error("__build_class__: func must be a function"));
    };
    let Some(name) = args.pos[1].cast::<Str>() else {
        return Err(cx.type_error("__build_class__: name is not a string"));
    };
    let orig = tuple::new(cx, &args.pos[2..])?;
    let bases = resolve_bases(cx, orig)?;
    let mut meta = None;
    let kw_names = list::new(cx, &[])?;
    let kw_values = list::new(cx, &[])?;
    for (n, v) in args.keywords() {
        if n.eq_str("metaclass") {
            meta = Some(v);
        } else {
            kw_names.append(cx, n.obj())?;
            kw_values.append(cx, v)?;
        }
    }
    let kw_names = ops::tuple_from_list(cx, kw_names)?;
    let kw = (!kw_names.is_empty()).then_some(kw_names);
    let meta = match meta {
        Some(m) => m,
        None => match bases.get(0) {
            Some(b) => ops::class_of(b).obj(),
            None => types::class_for(shape::TYPE).obj(),
        },
    };
    let meta = match meta.cast::<Type>() {
        Some(m) => new_type::calculate_metaclass(cx, m, bases.items())?.obj(),
        None => meta,
    };
    let call_args = |cx: &mut Cx, extra: Option<Obj>| -> Result<Gc<tuple::Tuple>> {
        let l = list::new(cx, &[name.obj(), bases.obj()])?;
        if let Some(e) = extra {
            l.append(cx, e)?;
        }
        for i in 0..kw_values.len() {
            l.append(cx, kw_values.get(i).expect("ours"))?;
        }
        ops::tuple_from_list(cx, l)
    };
    let ns = match ops::get_attr_opt(cx, meta, name!(cx, "__prepare__"))? {
        Some(p) => {
            let a = call_args(cx, None)?;
            ops::call(cx, p, a.payload().items(), kw)?
        }
        None => dict::new(cx)?.obj(),
    };
    if ns.cast::<Dict>().is_none() && ops::class_of(ns).special(typhon_object::Dunder::GetItem).is_none() {
        let m = meta.cast::<Type>().map_or("<metaclass>".into(), |t| t.name());
        return Err(cx.type_error(format!("{m}.__prepare__() must return a mapping, not {}", cx.type_name(ns))));
    }
    let cell = call::run_function(cx, func, &[], None, ns.word())?;
    if bases != orig {
        let n = name!(cx, "__orig_bases__");
        ops::set_item(cx, ns, n.obj(), orig.obj())?;
    }
    let a = call_args(cx, Some(ns))?;
    let class = ops::call(cx, meta, a.payload().items(), kw)?;
    if let Some(c) = cell.cast::<function::Cell>()
        && class.cast::<Type>().is_some()
    {
        match c.value.obj() {
            None => {
                let r = ops::repr(cx, class)?;
                return Err(cx.error(
                    ExcKind::RuntimeError,
                    format!(
                        "__class__ not set defining '{}' as {}. Was __classcell__ propagated to type.__new__?",
                        name.to_str(),
                        r.to_str()
                    ),
                ));
            }
            Some(v) if v != class => {
                let (a, b) = (ops::repr(cx, v)?, ops::repr(cx, class)?);
                return Err(cx.type_error(format!(
                    "__class__ set to {} defining '{}' as {}",
                    a.to_str(),
                    name.to_str(),
                    b.to_str()
                )));
            }
            _ => {}
        }
    }
    Ok(class)
}

/// Replace bases that are not classes by what their `__mro_entries__` gives.
pub fn resolve_bases(cx: &mut Cx, bases: Gc<tuple::Tuple>) -> Result<Gc<tuple::Tuple>> {
    if bases.items().iter().all(|b| b.cast::<Type>().is_some()) {
        return Ok(bases);
    }
    let out = list::new(cx, &[])?;
    for b in bases.items() {
        if b.cast::<Type>().is_some() {
            out.append(cx, *b)?;
            continue;
        }
        match ops::get_attr_opt(cx, *b, name!(cx, "__mro_entries__"))? {
            None => out.append(cx, *b)?,
            Some(m) => {
                let r = ops::call_args(cx, m, &[bases.obj()])?;
                let Some(t) = r.cast::<tuple::Tuple>() else {
                    return Err(cx.type_error("__mro_entries__ must return a tuple"));
                };
                for c in t.items() {
                    out.append(cx, *c)?;
                }
            }
        }
    }
    ops::tuple_from_list(cx, out)
}
