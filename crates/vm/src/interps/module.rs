//! `_interpreters`: the functions.
//!
//! Tests: tests/lang/interpreters.md; CPython test__interpreters, test_interpreters.

use super::buffer_view::CrossInterpreterBufferView;
use super::config::Config;
use super::data::{self, Data};
use super::script::{self, Kind};
use super::{enter, errors, excinfo, id_arg};
use crate::function::Function;
use crate::hooks::{self, CompileRequest, Source};
use crate::{code, import, thread};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use typhon_macros::{Trace, class, module};
use typhon_object::dict::{self, Dict};
use typhon_object::exc::BaseException;
use typhon_object::interp::{self, Interp};
use typhon_object::native::{self, Args, Missing};
use typhon_object::str::Str;
use typhon_object::tuple::{self, Tuple};
use typhon_object::{Cx, Gc, Obj, Raised, Result, Slot, list, name, ops};

/// The runtime made it.
const RUNTIME: u32 = 1;
/// This module made it.
const STDLIB: u32 = 5;

/// The interpreter with the id given, if what is to be done (`what`) may be done with it.
fn find(cx: &mut Cx, id: Obj, restrict: bool, what: &str) -> Result<(&'static Interp, i64)> {
    let id = id_arg(cx, id, "interpreter")?;
    let Some(found) = interp::find(cx, id) else { return Err(errors::not_found(cx, id)) };
    if !found.ready.load(Ordering::Acquire) && found != cx.interp() {
        return Err(errors::failed(cx, &format!("cannot {what} interpreter {id} (not ready)")));
    }
    if restrict && found.whence.load(Ordering::Relaxed) != STDLIB {
        return Err(errors::failed(cx, &format!("cannot {what} unrecognized interpreter {id}")));
    }
    Ok((found, id))
}

fn id_and_whence(i: &'static Interp) -> (i64, i64) {
    (i.id(), i64::from(i.whence.load(Ordering::Relaxed)))
}

/// The argument `shared`: names and values for `__main__`.
fn shared(cx: &mut Cx, o: Option<Obj>, who: &str, place: u32) -> Result<Vec<(Box<str>, Data)>> {
    let Some(o) = o else { return Ok(Vec::new()) };
    let Some(d) = o.cast::<Dict>() else {
        let t = if o.is_none() { "None".to_owned() } else { cx.type_name(o) };
        return Err(cx.type_error(format!("_interpreters.{who}() argument {place} must be dict, not {t}")));
    };
    let mut all = Vec::new();
    for (k, v) in d.items() {
        let Some(k) = k.cast::<Str>() else {
            return Err(cx.type_error("bad argument type for built-in operation"));
        };
        let Some(name) = k.to_utf8() else {
            ops::call_method(cx, k.obj(), "encode", &[])?;
            return Err(cx.value_error("surrogates not allowed"));
        };
        if name.contains('\0') {
            return Err(cx.value_error("found embedded NULL character"));
        }
        all.push((name.into(), Data::of(cx, v, false)?));
    }
    Ok(all)
}

/// `exec` and its kind.
fn run(cx: &mut Cx, id: Obj, code: Obj, vars: Option<Obj>, restrict: bool, kind: Kind, who: &str) -> Result<Obj> {
    if kind == Kind::Text && code.cast::<Str>().is_none() {
        script::script(cx, code, kind, who)?;
    }
    if let Some(v) = vars.filter(|v| v.cast::<Dict>().is_none()) {
        return shared(cx, Some(v), who, 3).map(|_| Obj::NONE);
    }
    let (interp, id) = find(cx, id, restrict, &format!("{who} code for"))?;
    let body = script::script(cx, code, kind, who)?;
    let vars = shared(cx, vars, who, 3)?;
    match enter::in_main(cx, interp, id, &vars, |cx, main| body.run(cx, main))? {
        Ok(()) => Ok(Obj::NONE),
        Err(info) => info.to_obj(cx),
    }
}

/// A call that is to be made by code of `__main__`, so that a function that asks for the
/// caller's namespace is given that one.
#[derive(Trace)]
struct Pending {
    callee: Slot,
    args: Slot<Tuple>,
    kwargs: Slot<Dict>,
}

#[class(module = "_interpreters", name = "_Pending")]
impl Pending {
    #[getter]
    fn call(this: Gc<Pending>, cx: &mut Cx) -> Result<Obj> {
        let callee = this.callee.obj().unwrap_or(Obj::NONE);
        let Some(args) = this.args.get() else { return Ok(Obj::NONE) };
        match this.kwargs.get() {
            Some(kwargs) if !kwargs.is_empty() => thread::call_with_dict(cx, callee, args, kwargs),
            _ => ops::call_args(cx, callee, args.payload().items()),
        }
    }
}

/// Make the call: an attribute of a constant is asked for, in whose place the call is.
fn call_in(cx: &mut Cx, main: Gc<Dict>, callee: Obj, args: Gc<Tuple>, kwargs: Option<Gc<Dict>>) -> Result<Obj> {
    const SOURCE: &str = "'callee'.call";
    static CODE: OnceLock<Arc<typhon_bytecode::Code>> = OnceLock::new();
    let code = match CODE.get() {
        Some(data) => code::load(cx, data)?,
        None => {
            let source = Source::Text(SOURCE);
            let request = CompileRequest {
                source,
                filename: "<call>",
                mode: "eval",
                flags: 0,
                optimize: -1,
                feature_version: -1,
            };
            let code = hooks::compile(cx, &request)?;
            let _ = CODE.set(code.data.clone());
            code::load(cx, &code.data)?
        }
    };
    let pending = Pending { callee: Slot::of(Some(callee)), args: Slot::new(args), kwargs: Slot::of(kwargs) };
    let pending = native::instance(cx, pending)?.obj();
    let consts = code.consts.get().expect("loaded code has constants");
    let is_callee = |c: &Obj| c.cast::<Str>().is_some_and(|s| s.eq_str("callee"));
    let replaced = list::new(cx, &[])?;
    for c in consts.items() {
        replaced.append(cx, if is_callee(c) { pending } else { *c })?;
    }
    let replaced = ops::tuple_from_list(cx, replaced)?;
    code.consts.set(cx, code, replaced);
    import::exec_code(cx, code, main).inspect_err(|e| {
        // Without the frame of that code.
        let t = e.0.traceback.obj().and_then(|t| t.cast::<crate::traceback::Traceback>());
        if let Some(t) = t {
            e.0.traceback.put(cx, e.0, t.next.obj());
        }
    })
}

/// What came of a call in another interpreter.
enum Outcome {
    Value(Data),
    /// Something did not cross: what, and why.
    Unshareable(&'static str, Box<excinfo::ExcInfo>),
}

fn callee_data(cx: &mut Cx, callee: Obj) -> Result<Data> {
    let Some(f) = callee.cast::<Function>() else { return Data::of(cx, callee, true) };
    match script::stateless(cx, f) {
        Ok(body) => Ok(Data::Function(body)),
        Err(why) => match Data::of(cx, callee, true) {
            Ok(d) => Ok(d),
            Err(_) => Err(errors::not_shareable(cx, "only stateless functions are shareable", Some(why.0))),
        },
    }
}

fn call(cx: &mut Cx, interp: &'static Interp, id: i64, callee: Obj, args: Obj, kwargs: Option<Obj>) -> Result<Obj> {
    let callee = callee_data(cx, callee)?;
    let args = Data::of(cx, args, true)?;
    let kwargs = kwargs.map(|k| Data::of(cx, k, true)).transpose()?;
    let ran = enter::in_main(cx, interp, id, &[], |cx, main| {
        let mut arrive = |what: &'static str, d: &Data| match d.to_obj(cx) {
            Ok(o) => Ok(o),
            Err(e) => Err(Outcome::Unshareable(what, Box::new(excinfo::of(cx, e.0)))),
        };
        let arrived = (|| {
            let f = arrive("callable not shareable", &callee)?;
            let a = arrive("args not shareable", &args)?;
            let k = kwargs.as_ref().map(|k| arrive("kwargs not shareable", k)).transpose()?;
            Ok((f, a, k))
        })();
        let (f, a, k) = match arrived {
            Ok(all) => all,
            Err(outcome) => return Ok(outcome),
        };
        let Some(a) = a.cast::<Tuple>() else { return Err(cx.type_error("args must be a tuple")) };
        let r = call_in(cx, main, f, a, k.and_then(|k| k.cast::<Dict>()))?;
        Ok(match Data::of(cx, r, true) {
            Ok(d) => Outcome::Value(d),
            Err(e) => {
                Outcome::Unshareable("object does not support cross-interpreter data", Box::new(excinfo::of(cx, e.0)))
            }
        })
    })?;
    match ran {
        Ok(Outcome::Value(d)) => {
            let v = d.to_obj(cx)?;
            Ok(tuple::new(cx, &[v, Obj::NONE])?.obj())
        }
        Ok(Outcome::Unshareable(what, why)) => {
            let cause = cx.error(typhon_object::ExcKind::Exception, why.formatted());
            Err(data::not_arrived(cx, what, cause.0))
        }
        Err(info) => {
            let info = info.to_obj(cx)?;
            Ok(tuple::new(cx, &[Obj::NONE, info])?.obj())
        }
    }
}

fn missing_type(cx: &mut Cx, o: Obj, who: &str, place: u32, wanted: &str) -> Raised {
    let t = if o.is_none() { "None".to_owned() } else { cx.type_name(o) };
    cx.type_error(format!("_interpreters.{who}() argument {place} must be {wanted}, not {t}"))
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[module("_interpreters", classes(CrossInterpreterBufferView))]
pub mod functions {
    use super::*;

    /// Return a representation of a new interpreter config.
    fn new_config(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let mut config = match args.pos {
            [] => Config::named(cx, "")?,
            [o] => match o.cast::<Str>() {
                Some(s) => Config::named(cx, &s.to_str())?,
                None => return Err(missing_type(cx, *o, "new_config", 1, "str")),
            },
            more => {
                let n = more.len();
                return Err(cx.type_error(format!("_interpreters.new_config() takes at most 1 argument ({n} given)")));
            }
        };
        let overrides = dict::new(cx)?;
        for (k, v) in args.keywords() {
            overrides.insert_str(cx, k, v)?;
        }
        config.update(cx, overrides, true)?;
        config.to_obj(cx)
    }

    /// Create a new interpreter and return a unique generated ID.
    #[sig(config = None, *, reqrefs = False)]
    fn create(cx: &mut Cx, config: Obj, reqrefs: bool) -> Result<i64> {
        let config = Config::from_arg(cx, config)?;
        let Some(bits) = config.to_bits() else { return Err(errors::failed(cx, "interpreter creation failed")) };
        let new = enter::create(cx, bits, STDLIB)?;
        new.ends_with_refs.store(reqrefs, Ordering::Release);
        Ok(new.id())
    }

    /// Destroy the identified interpreter.
    ///
    /// Attempting to destroy the current interpreter raises InterpreterError.
    /// So does an unrecognized ID.
    #[sig(id, *, restrict = False)]
    fn destroy(cx: &mut Cx, id: Obj, restrict: bool) -> Result<()> {
        let (interp, id) = find(cx, id, restrict, "destroy")?;
        if interp == cx.interp() || interp.is_main() {
            return Err(errors::failed(cx, "cannot destroy the current interpreter"));
        }
        enter::destroy(cx, interp, id)
    }

    /// Return a list containing the ID of every existing interpreter.
    #[sig(*, require_ready = False)]
    fn list_all(cx: &mut Cx, require_ready: bool) -> Result<Obj> {
        // Asked for by those who count them.
        if interp::all(cx).len() > 1 {
            super::super::settle(cx);
        }
        let l = list::new(cx, &[])?;
        for i in interp::all(cx) {
            if require_ready && !i.ready.load(Ordering::Acquire) {
                continue;
            }
            let (id, whence) = id_and_whence(i);
            let row = tuple::new(cx, &[Obj::int_unchecked(id), Obj::int_unchecked(whence)])?;
            l.append(cx, row.obj())?;
        }
        Ok(l.obj())
    }

    /// Return (ID, whence) of the current interpreter.
    fn get_current(cx: &Cx) -> (i64, i64) {
        id_and_whence(cx.interp())
    }

    /// Return (ID, whence) of the main interpreter.
    fn get_main() -> (i64, i64) {
        id_and_whence(interp::main())
    }

    /// Bind the given attributes in the interpreter's __main__ module.
    #[name("set___main___attrs")]
    #[sig(id, ns, *, restrict = False)]
    fn set_main_attrs(cx: &mut Cx, id: Obj, ns: Obj, restrict: bool) -> Result<()> {
        let who = "set___main___attrs";
        let Some(d) = ns.cast::<Dict>() else { return Err(missing_type(cx, ns, who, 2, "dict")) };
        let (interp, id) = find(cx, id, restrict, "update __main__ for")?;
        if d.is_empty() {
            return Err(cx.value_error("arg 2 must be a non-empty dict"));
        }
        let vars = shared(cx, Some(ns), who, 2)?;
        match enter::in_main(cx, interp, id, &vars, |_, _| Ok(()))? {
            Ok(()) => Ok(()),
            Err(info) => Err(errors::failed(cx, &info.formatted())),
        }
    }

    /// Execute the provided code in the identified interpreter.
    ///
    /// This is equivalent to running the builtin exec() under the target
    /// interpreter, using the __dict__ of its __main__ module as both
    /// globals and locals.
    ///
    /// "code" may be a string containing the text of a Python script, or a
    /// function (or code object) without arguments, closure and result.
    ///
    /// A summary of an uncaught exception is returned.
    #[sig(id, code, shared = <missing>, *, restrict = False)]
    fn exec(cx: &mut Cx, id: Obj, code: Obj, shared: Missing<Obj>, restrict: bool) -> Result<Obj> {
        run(cx, id, code, shared.given(), restrict, Kind::Any, "exec")
    }

    /// Execute the provided string in the identified interpreter.
    #[sig(id, script, shared = <missing>, *, restrict = False)]
    fn run_string(cx: &mut Cx, id: Obj, script: Obj, shared: Missing<Obj>, restrict: bool) -> Result<Obj> {
        run(cx, id, script, shared.given(), restrict, Kind::Text, "run_string")
    }

    /// Execute the body of the provided function in the identified interpreter.
    #[sig(id, func, shared = <missing>, *, restrict = False)]
    fn run_func(cx: &mut Cx, id: Obj, func: Obj, shared: Missing<Obj>, restrict: bool) -> Result<Obj> {
        run(cx, id, func, shared.given(), restrict, Kind::Function, "run_func")
    }

    /// Call the provided object in the identified interpreter: a pair of its result
    /// and of the summary of an uncaught exception.
    #[sig(id, callable, args = <missing>, kwargs = <missing>, *, restrict = False)]
    fn call(
        cx: &mut Cx,
        id: Obj,
        callable: Obj,
        args: Missing<Obj>,
        kwargs: Missing<Obj>,
        restrict: bool,
    ) -> Result<Obj> {
        let args = match args.given() {
            Some(a) if a.cast::<Tuple>().is_none() => return Err(missing_type(cx, a, "call", 3, "tuple")),
            Some(a) => a,
            None => tuple::new(cx, &[])?.obj(),
        };
        let kwargs = match kwargs.given() {
            Some(k) if k.cast::<Dict>().is_none() => return Err(missing_type(cx, k, "call", 4, "dict")),
            k => k,
        };
        let (interp, id) = find(cx, id, restrict, "make a call in")?;
        let class = ops::class_of(callable);
        if class.call_fn().is_none() && class.special(typhon_object::Dunder::Call).is_none() {
            let shown = ops::repr(cx, callable)?.to_str().into_owned();
            return Err(cx.type_error(format!("expected a callable, got {shown}")));
        }
        super::call(cx, interp, id, callable, args, kwargs)
    }

    /// Return True if the object's data may be shared between interpreters and
    /// False otherwise.
    fn is_shareable(cx: &mut Cx, obj: Obj) -> Result<bool> {
        data::is_shareable(cx, obj)
    }

    /// Return whether or not the identified interpreter is running.
    #[sig(id, *, restrict = False)]
    fn is_running(cx: &mut Cx, id: Obj, restrict: bool) -> Result<bool> {
        let (interp, _) = find(cx, id, restrict, "check if running for")?;
        Ok(interp.running.load(Ordering::Acquire))
    }

    /// Return a representation of the config used to initialize the interpreter.
    #[sig(id, *, restrict = False)]
    fn get_config(cx: &mut Cx, id: Obj, restrict: bool) -> Result<Obj> {
        let interp = match id.is_none() {
            true => cx.interp(),
            false => find(cx, id, restrict, "get the config of")?.0,
        };
        Config::of(interp).to_obj(cx)
    }

    /// Return an identifier for where the interpreter was created.
    fn whence(cx: &mut Cx, id: Obj) -> Result<i64> {
        let id = id_arg(cx, id, "interpreter")?;
        match interp::find(cx, id) {
            Some(i) => Ok(id_and_whence(i).1),
            None => Err(errors::not_found(cx, id)),
        }
    }

    /// Count one more reference to the interpreter's ID.
    #[sig(id, *, implieslink = False, restrict = False)]
    fn incref(cx: &mut Cx, id: Obj, implieslink: bool, restrict: bool) -> Result<()> {
        let (interp, _) = find(cx, id, restrict, "incref")?;
        if implieslink {
            interp.ends_with_refs.store(true, Ordering::Release);
        }
        interp.refs.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Count one less; with the last one the interpreter ends.
    #[sig(id, *, restrict = False)]
    fn decref(cx: &mut Cx, id: Obj, restrict: bool) -> Result<()> {
        let (interp, id) = find(cx, id, restrict, "decref")?;
        let counted = interp.refs.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n > 0).then_some(n - 1));
        let last = counted == Ok(1) && interp.ends_with_refs.load(Ordering::Acquire);
        if last && !interp.is_main() && interp != cx.interp() {
            // Should it run, or be gone already, there is nothing to do.
            let _ = enter::destroy(cx, interp, id);
        }
        Ok(())
    }

    /// Return a snapshot of an exception.  If "exc" is None
    /// then the current exception, if any, is used (but not cleared).
    #[sig(exc = None)]
    fn capture_exception(cx: &mut Cx, exc: Obj) -> Result<Obj> {
        let e = match exc.is_none() {
            true => match cx.handled() {
                Some(e) => e,
                None => return Ok(Obj::NONE),
            },
            false => match exc.cast::<BaseException>() {
                Some(e) => e,
                None => {
                    let shown = ops::repr(cx, exc)?.to_str().into_owned();
                    return Err(cx.type_error(format!("expected exception, got {shown}")));
                }
            },
        };
        excinfo::of(cx, e).to_obj(cx)
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let origins = [
            ("WHENCE_UNKNOWN", 0),
            ("WHENCE_RUNTIME", RUNTIME),
            ("WHENCE_LEGACY_CAPI", 2),
            ("WHENCE_CAPI", 3),
            ("WHENCE_XI", 4),
            ("WHENCE_STDLIB", STDLIB),
        ];
        for (n, v) in origins {
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(Obj::int_unchecked(i64::from(v))))?;
        }
        let (a, b, c) = (errors::failed_class(cx)?, errors::not_found_class(cx)?, errors::not_shareable_class(cx)?);
        ops::set_attr(cx, module, name!(cx, "InterpreterError"), Some(a.obj()))?;
        ops::set_attr(cx, module, name!(cx, "InterpreterNotFoundError"), Some(b.obj()))?;
        ops::set_attr(cx, module, name!(cx, "NotShareableError"), Some(c.obj()))
    }
}
