//! `_contextvars`: `ContextVar`, `Context`, `Token`.
//!
//! A context is an immutable snapshot behind one slot: setting a variable
//! copies the dict, so `copy_context` shares it. Each thread has its own
//! current context, kept in `Cx::ext`, which the collector sees.
//! Tests: CPython test_context.

use std::sync::atomic::{AtomicBool, Ordering};
use typhon_gc::Root;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::{self, Dict};
use typhon_object::list;
use typhon_object::native::{self, Args, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, ExcKind, Result, exc, ops};

/// The index in `Cx::ext` of the thread's current context.
pub const EXT: usize = typhon_object::cx::CONTEXT;

static MISSING: Root = Root::new();

fn current(cx: &mut Cx) -> Result<Gc<Context>> {
    if let Some(c) = Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast()) {
        return Ok(c);
    }
    let c = Context::make(cx, None)?;
    cx.ext[EXT].set(c.obj().word());
    Ok(c)
}

/// `copy_context()`.
pub fn copy_current(cx: &mut Cx) -> Result<Obj> {
    let d = current(cx)?.dict();
    Ok(Context::make(cx, Some(d))?.obj())
}

/// What is noted in the current context.
#[inline]
pub fn noted(cx: &Cx) -> Option<Obj> {
    Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast::<Context>()).and_then(|c| c.noted.obj())
}

/// Note something in the current context, until one of its variables changes.
pub fn note(cx: &Cx, o: Obj) {
    if let Some(c) = Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast::<Context>()) {
        c.payload().noted.set(cx, c, o);
    }
}

/// A variable for native code.
pub fn new_variable(cx: &mut Cx, name: &str) -> Result<Obj> {
    let name = cx.intern(name)?;
    Ok(native::instance(cx, ContextVar { name, default: Slot::empty() })?.obj())
}

/// The value of a variable in the current context.
pub fn get(cx: &mut Cx, var: Obj) -> Result<Option<Obj>> {
    match Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast::<Context>()) {
        Some(c) => c.dict().get(cx, var),
        None => Ok(None),
    }
}

/// Set a variable in the current context.
pub fn set(cx: &mut Cx, var: Obj, value: Obj) -> Result<()> {
    let c = current(cx)?;
    let d = dict::copy(cx, &c.dict())?;
    d.insert(cx, var, value)?;
    c.replace(cx, d);
    Ok(())
}

/// A context that has been entered; [`Entered::leave`] goes back to the one before.
pub struct Entered {
    context: Gc<Context>,
    before: Option<Gc<Context>>,
}

/// Make `context` the thread's current one.
pub fn enter(cx: &mut Cx, context: Obj) -> Result<Entered> {
    match context.cast::<Context>() {
        Some(c) => Context::enter(cx, c),
        None => Err(cx.type_error("an instance of Context was expected")),
    }
}

impl Entered {
    /// Go back.
    pub fn leave(self, cx: &Cx) {
        cx.ext[EXT].set(self.before.map_or(0, |c| c.obj().word()));
        self.context.entered.store(false, Ordering::Release);
    }
}

/// `contextvars.Context`.
#[derive(Trace)]
pub struct Context {
    vars: Slot<Dict>,
    entered: AtomicBool,
    /// What `_decimal` has found in `vars`; empty again when they change. The thread
    /// that entered the context alone uses it.
    noted: Slot,
}

impl Context {
    fn make(cx: &mut Cx, vars: Option<Gc<Dict>>) -> Result<Gc<Context>> {
        let d = match vars {
            Some(d) => d,
            None => dict::new(cx)?,
        };
        native::instance(cx, Context { vars: Slot::new(d), entered: AtomicBool::new(false), noted: Slot::empty() })
    }
    fn dict(&self) -> Gc<Dict> {
        self.vars.get().expect("set")
    }
    fn replace(&self, cx: &Cx, vars: Gc<Dict>) {
        self.noted.clear();
        self.vars.set(cx, Gc::of(self), vars);
    }
    fn enter(cx: &mut Cx, this: Gc<Context>) -> Result<Entered> {
        if this.entered.swap(true, Ordering::AcqRel) {
            let r = ops::repr(cx, this.obj())?.to_str().into_owned();
            return Err(cx.error(ExcKind::RuntimeError, format!("cannot enter context: {r} is already entered")));
        }
        let before = Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast());
        cx.ext[EXT].set(this.obj().word());
        Ok(Entered { context: this, before })
    }
    fn var(cx: &mut Cx, key: Obj) -> Result<()> {
        if key.cast::<ContextVar>().is_some() {
            return Ok(());
        }
        let key = ops::repr(cx, key)?;
        Err(cx.type_error(format!("a ContextVar key was expected, got {}", key.to_str())))
    }
}

#[class(module = "_contextvars", name = "Context", weakref, mapping)]
impl Context {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        if !args.all().is_empty() {
            return Err(cx.type_error("Context() does not accept any arguments"));
        }
        Ok(Context::make(cx, None)?.obj())
    }
    fn run(this: Gc<Self>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let Some((f, rest)) = args.all().split_first().filter(|_| !args.pos.is_empty()) else {
            return Err(cx.type_error("run() missing 1 required positional argument"));
        };
        let entered = Context::enter(cx, this)?;
        let r = ops::call(cx, *f, rest, args.kw);
        entered.leave(cx);
        r
    }
    /// Return a shallow copy of the context object.
    fn copy(&self, cx: &mut Cx) -> Result<Obj> {
        let d = self.dict();
        Ok(Context::make(cx, Some(d))?.obj())
    }
    #[sig(key, default = None, /)]
    fn get(&self, cx: &mut Cx, key: Obj, default: Obj) -> Result<Obj> {
        Context::var(cx, key)?;
        Ok(self.dict().get(cx, key)?.unwrap_or(default))
    }
    fn __getitem__(&self, cx: &mut Cx, key: Obj) -> Result<Obj> {
        Context::var(cx, key)?;
        self.dict().get(cx, key)?.ok_or_else(|| exc::key_error(cx, key))
    }
    fn __contains__(&self, cx: &mut Cx, key: Obj) -> Result<bool> {
        Context::var(cx, key)?;
        Ok(self.dict().get(cx, key)?.is_some())
    }
    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        match other.cast::<Context>() {
            Some(c) if matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                ops::rich_compare(cx, self.dict().obj(), c.dict().obj(), op)
            }
            _ => Ok(Obj::NOT_IMPLEMENTED),
        }
    }
    fn __len__(&self) -> usize {
        self.dict().len()
    }
    fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
        ops::get_iter(cx, self.dict().obj())
    }
    fn keys(&self, cx: &mut Cx) -> Result<Obj> {
        self.listed(cx, true, false)
    }
    fn values(&self, cx: &mut Cx) -> Result<Obj> {
        self.listed(cx, false, true)
    }
    fn items(&self, cx: &mut Cx) -> Result<Obj> {
        self.listed(cx, true, true)
    }
    #[internal]
    fn listed(&self, cx: &mut Cx, keys: bool, values: bool) -> Result<Obj> {
        let l = list::new(cx, &[])?;
        for (k, v) in self.dict().items() {
            let o = match (keys, values) {
                (true, true) => crate::util::tuple_obj(cx, &[k, v])?,
                (true, _) => k,
                _ => v,
            };
            l.append(cx, o)?;
        }
        ops::get_iter(cx, l.obj())
    }
}

/// `contextvars.ContextVar`.
#[derive(Trace)]
pub struct ContextVar {
    name: Gc<Str>,
    default: Slot,
}

#[class(module = "_contextvars", name = "ContextVar", weakref)]
impl ContextVar {
    #[sig(name, /, *, default = <missing>)]
    fn __new__(cx: &mut Cx, name: Obj, default: Missing<Obj>) -> Result<ContextVar> {
        let Some(name) = name.cast::<Str>() else { return Err(cx.type_error("context variable name must be a str")) };
        // CPython hashes it here; a subclass may refuse.
        ops::hash(cx, name.obj())?;
        Ok(ContextVar { name, default: Slot::of(default.given()) })
    }
    /// Return a value for the context variable for the current context.
    #[sig(default = <missing>, /)]
    fn get(this: Gc<Self>, cx: &mut Cx, default: Missing<Obj>) -> Result<Obj> {
        let found = match Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast::<Context>()) {
            Some(c) => c.dict().get(cx, this.obj())?,
            None => None,
        };
        match found.or(default.given()).or(this.default.obj()) {
            Some(v) => Ok(v),
            None => match exc::with_args(cx, ExcKind::LookupError, &[this.obj()]) {
                Ok(e) | Err(e) => Err(e),
            },
        }
    }
    /// Call to set a new value for the context variable in the current context.
    fn set(this: Gc<Self>, cx: &mut Cx, value: Obj) -> Result<Obj> {
        let c = current(cx)?;
        let old = c.dict().get(cx, this.obj())?;
        self::set(cx, this.obj(), value)?;
        let t = Token { var: this, context: c, old: Slot::of(old), used: AtomicBool::new(false) };
        Ok(native::instance(cx, t)?.obj())
    }
    /// Reset the context variable.
    fn reset(this: Gc<Self>, cx: &mut Cx, token: Obj) -> Result<()> {
        let Some(t) = token.cast::<Token>() else {
            return Err(cx.type_error(format!("expected an instance of Token, got {}", cx.type_name(token))));
        };
        let r = ops::repr(cx, token)?.to_str().into_owned();
        if t.used.load(Ordering::Acquire) {
            return Err(cx.error(ExcKind::RuntimeError, format!("{r} has already been used once")));
        }
        if t.var != this {
            return Err(cx.value_error(format!("{r} was created by a different ContextVar")));
        }
        let c = current(cx)?;
        if t.context != c {
            return Err(cx.value_error(format!("{r} was created in a different Context")));
        }
        t.used.store(true, Ordering::Release);
        let d = dict::copy(cx, &c.dict())?;
        match t.old.obj() {
            Some(o) => d.insert(cx, this.obj(), o)?,
            None => d.remove(cx, this.obj())?,
        };
        c.replace(cx, d);
        Ok(())
    }
    #[getter]
    fn name(&self) -> Gc<Str> {
        self.name
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let n = ops::repr(cx, this.name.obj())?.to_str().into_owned();
        let d = match this.default.obj() {
            Some(d) => format!(" default={}", ops::repr(cx, d)?.to_str()),
            None => String::new(),
        };
        Ok(format!("<ContextVar name={n}{d} at {:#x}>", this.obj().word()))
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// `contextvars.Token`.
#[derive(Trace)]
pub struct Token {
    var: Gc<ContextVar>,
    context: Gc<Context>,
    old: Slot,
    used: AtomicBool,
}

/// The type of `Token.MISSING`.
#[derive(Trace)]
pub struct TokenMissing {}

#[class(module = "_contextvars", name = "Token.MISSING")]
impl TokenMissing {
    fn __repr__(&self) -> &'static str {
        "<Token.MISSING>"
    }
}

fn missing(cx: &mut Cx) -> Result<Obj> {
    if let Some(o) = Obj::from_word(MISSING.get()) {
        return Ok(o);
    }
    let o = native::instance(cx, TokenMissing {})?.obj();
    MISSING.set(&cx.mutator, o.word());
    Ok(o)
}

#[class(module = "_contextvars", name = "Token", unhashable)]
impl Token {
    #[getter]
    fn var(&self) -> Gc<ContextVar> {
        self.var
    }
    #[getter]
    fn old_value(&self, cx: &mut Cx) -> Result<Obj> {
        match self.old.obj() {
            Some(o) => Ok(o),
            None => missing(cx),
        }
    }
    fn __enter__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    #[sig(*args)]
    fn __exit__(this: Gc<Self>, cx: &mut Cx, args: &[Obj]) -> Result<()> {
        let _ = args;
        let var = this.var;
        ops::call_method(cx, var.obj(), "reset", &[this.obj()]).map(|_| ())
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let used = if this.used.load(Ordering::Relaxed) { " used" } else { "" };
        let v = ops::repr(cx, this.var.obj())?.to_str().into_owned();
        Ok(format!("<Token{used} var={v} at {:#x}>", this.obj().word()))
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// Context Variables
#[module("_contextvars", classes(Context, ContextVar, Token))]
pub mod contextvars {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let m = missing(cx)?;
        let t = native::class_of::<Token>(cx)?;
        let n = cx.intern("MISSING")?;
        typhon_object::types::set_attr(cx, t, n, Some(m))?;
        crate::util::set(cx, module, "__package__", "")
    }
    fn copy_context(cx: &mut Cx) -> Result<Obj> {
        copy_current(cx)
    }
}
