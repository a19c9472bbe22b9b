//! `_abc`: the machinery of abstract base classes.
//!
//! Answers are remembered under the asked class's version, which is unique and
//! changes with the class: the caches keep no class alive and need no clearing.
//! Invariant: no guard lives while Python code runs.
//! Tests: tests/lang/classes.md; CPython test_abc, test_collections.

use crate::util::{attr, import, tuple_obj};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_macros::{Trace, class, module};
use typhon_object::interp::InterpRoot;
use typhon_object::list::List;
use typhon_object::native::{self, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Guarded, Result, dict, name, ops};

/// Changes with every registration; negative answers are good for one value.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Versions remembered at most; classes that change all the time would fill
/// the cache with dead ones.
const MOST: usize = 4096;

#[derive(Default)]
struct Answers {
    yes: HashSet<u64>,
    no: HashSet<u64>,
    /// [`COUNTER`] when `no` was begun.
    no_at: u64,
}

/// What hangs on an abstract class as `_abc_impl`.
#[derive(Trace)]
pub struct AbcData {
    /// Weak references to registered classes.
    registry: Guarded<Vec<Obj>>,
    #[trace(skip)]
    answers: Guarded<Answers>,
}

#[class(module = "_abc", name = "_abc_data")]
impl AbcData {}

fn data(cx: &mut Cx, cls: Obj) -> Result<Gc<AbcData>> {
    let v = attr(cx, cls, "_abc_impl")?;
    v.cast::<AbcData>().ok_or_else(|| cx.type_error("_abc_impl is set to a wrong type"))
}

impl AbcData {
    fn known(&self, cx: &Cx, t: Gc<Type>) -> Option<bool> {
        let version = t.version();
        let a = self.answers.read(cx);
        if a.yes.contains(&version) {
            return Some(true);
        }
        (a.no_at == COUNTER.load(Ordering::Acquire) && a.no.contains(&version)).then_some(false)
    }
    /// Remember an answer about the class as it was when `version` was read.
    fn remember(&self, cx: &Cx, version: u64, counter: u64, answer: bool) {
        // 0 is the version of a class that is being changed.
        if version == 0 {
            return;
        }
        let mut a = self.answers.write(cx, self);
        if !answer && a.no_at != counter {
            a.no.clear();
            a.no_at = counter;
        }
        let set = if answer { &mut a.yes } else { &mut a.no };
        if set.len() >= MOST {
            set.clear();
        }
        set.insert(version);
    }
    /// The registered classes that live.
    fn registered(&self, cx: &mut Cx) -> Result<Gc<List>> {
        let out = typhon_object::list::new(cx, &[])?;
        let mut i = 0;
        loop {
            let r = self.registry.read(cx).get(i).copied();
            let Some(r) = r else { return Ok(out) };
            let c = ops::call_args(cx, r, &[])?;
            if !c.is_none() {
                out.append(cx, c)?;
            }
            i += 1;
        }
    }
}

fn is_abstract(cx: &mut Cx, v: Obj) -> Result<bool> {
    match ops::get_attr_opt(cx, v, name!(cx, "__isabstractmethod__"))? {
        Some(f) => ops::truth(cx, f),
        None => Ok(false),
    }
}

fn compute_abstract_methods(cx: &mut Cx, cls: Gc<Type>) -> Result<()> {
    let found = typhon_builtins::set::new(cx)?;
    if let Some(d) = cls.dict() {
        let own = dict::copy(cx, &d)?;
        let mut at = 0;
        while let Some((next, k, v)) = own.next_from(at) {
            at = next;
            if is_abstract(cx, v)? {
                typhon_builtins::set::add(cx, found, k)?;
            }
        }
    }
    let bases = attr(cx, cls.obj(), "__bases__")?;
    ops::for_each(cx, bases, |cx, base| {
        let Some(names) = ops::get_attr_opt(cx, base, name!(cx, "__abstractmethods__"))? else { return Ok(true) };
        ops::for_each(cx, names, |cx, n| {
            let Some(n) = n.cast::<Str>() else { return Err(cx.type_error("attribute name must be string")) };
            let n = typhon_object::intern::intern(cx, n)?;
            if let Some(v) = ops::get_attr_opt(cx, cls.obj(), n)?
                && is_abstract(cx, v)?
            {
                typhon_builtins::set::add(cx, found, n.obj())?;
            }
            Ok(true)
        })?;
        Ok(true)
    })?;
    let frozenset = crate::util::builtin(cx, "frozenset")?;
    let f = ops::call_args(cx, frozenset, &[found])?;
    ops::set_attr(cx, cls.obj(), name!(cx, "__abstractmethods__"), Some(f))
}

const COLLECTION: u32 = types::F_SEQUENCE | types::F_MAPPING;

fn collection_flag(t: Gc<Type>) -> u32 {
    [types::F_SEQUENCE, types::F_MAPPING].into_iter().filter(|f| t.has(*f)).sum()
}

/// Make a class and those derived from it match a kind of pattern.
fn spread_flag(cx: &mut Cx, t: Gc<Type>, flag: u32) -> Result<()> {
    if t.has(types::F_IMMUTABLE) || collection_flag(t) == flag {
        return Ok(());
    }
    t.set_flag(COLLECTION & !flag, false);
    t.set_flag(flag, true);
    let l = ops::call_method(cx, t.obj(), "__subclasses__", &[])?;
    ops::for_each(cx, l, |cx, c| {
        if let Some(c) = c.cast::<Type>() {
            spread_flag(cx, c, flag)?;
        }
        Ok(true)
    })?;
    Ok(())
}

fn class_arg(cx: &Cx, o: Obj, msg: &str) -> Result<Gc<Type>> {
    o.cast::<Type>().ok_or_else(|| cx.type_error(msg))
}

fn weak_ref(cx: &mut Cx, o: Obj) -> Result<Obj> {
    static REF: InterpRoot = InterpRoot::new();
    let class = match Obj::from_word(REF.get(cx)) {
        Some(c) => c,
        None => {
            let m = import(cx, "_weakref")?;
            let c = attr(cx, m, "ref")?;
            REF.set(cx, c.word());
            c
        }
    };
    ops::call_args(cx, class, &[o])
}

fn decide(cx: &mut Cx, d: Gc<AbcData>, cls: Obj, sub: Gc<Type>) -> Result<bool> {
    let hook = ops::call_method(cx, cls, "__subclasshook__", &[sub.obj()])?;
    match hook {
        Obj::TRUE => return Ok(true),
        Obj::FALSE => return Ok(false),
        Obj::NOT_IMPLEMENTED => {}
        _ => {
            return Err(
                cx.error(ExcKind::AssertionError, "__subclasshook__ must return either False, True, or NotImplemented")
            );
        }
    }
    if sub.mro().contains(&cls) {
        return Ok(true);
    }
    let registered = d.registered(cx)?;
    let mut i = 0;
    while let Some(c) = registered.get(i) {
        if ops::is_subclass(cx, sub.obj(), c)? {
            return Ok(true);
        }
        i += 1;
    }
    let derived = ops::call_method(cx, cls, "__subclasses__", &[])?;
    let mut yes = false;
    if derived.cast::<List>().is_none() {
        return Err(cx.type_error("__subclasses__() must return a list"));
    }
    ops::for_each(cx, derived, |cx, c| {
        yes = ops::is_subclass(cx, sub.obj(), c)?;
        Ok(!yes)
    })?;
    Ok(yes)
}

/// Module contains faster C implementation of abc.ABCMeta
#[module("_abc")]
pub mod abc {
    use super::*;

    /// Returns the current ABC cache token.
    fn get_cache_token() -> u64 {
        COUNTER.load(Ordering::Acquire)
    }
    /// Internal ABC helper for class set-up. Should be never used outside abc module.
    fn _abc_init(cx: &mut Cx, cls: Obj) -> Result<()> {
        let t = class_arg(cx, cls, "_abc_init() argument must be a class")?;
        compute_abstract_methods(cx, t)?;
        let d = AbcData { registry: Guarded::new(Vec::new()), answers: Guarded::new(Answers::default()) };
        let d = native::instance(cx, d)?;
        ops::set_attr(cx, cls, name!(cx, "_abc_impl"), Some(d.obj()))?;
        let n = name!(cx, "__abc_tpflags__");
        if let Some(v) = t.dict().and_then(|d| d.get_str(n)) {
            let bits = v.as_small_int().unwrap_or(0);
            let (sequence, mapping) = (bits & 1 << 5 != 0, bits & 1 << 6 != 0);
            if sequence && mapping {
                return Err(cx.type_error("__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING"));
            }
            if sequence || mapping {
                let flag = if sequence { types::F_SEQUENCE } else { types::F_MAPPING };
                t.set_flag(COLLECTION & !flag, false);
                t.set_flag(flag, true);
            }
            ops::set_attr(cx, cls, n, None)?;
        }
        Ok(())
    }
    /// Internal ABC helper for subclasss registration. Should be never used outside abc module.
    fn _abc_register(cx: &mut Cx, cls: Obj, subclass: Obj) -> Result<Obj> {
        let sub = class_arg(cx, subclass, "Can only register classes")?;
        if ops::is_subclass(cx, subclass, cls)? {
            return Ok(subclass);
        }
        // After the question above, so that X.register(X) does nothing.
        if ops::is_subclass(cx, cls, subclass)? {
            return Err(cx.error(ExcKind::RuntimeError, "Refusing to create an inheritance cycle"));
        }
        let d = data(cx, cls)?;
        let r = weak_ref(cx, subclass)?;
        d.registry.write(cx, d.payload()).push(r);
        COUNTER.fetch_add(1, Ordering::AcqRel);
        if let Some(t) = cls.cast::<Type>()
            && collection_flag(t) != 0
        {
            spread_flag(cx, sub, collection_flag(t))?;
        }
        Ok(subclass)
    }
    /// Internal ABC helper for instance checks. Should be never used outside abc module.
    fn _abc_instancecheck(cx: &mut Cx, cls: Obj, instance: Obj) -> Result<Obj> {
        let d = data(cx, cls)?;
        let real = ops::class_of(instance);
        let class = ops::get_attr_opt(cx, instance, name!(cx, "__class__"))?.unwrap_or(real.obj());
        if let Some(t) = class.cast::<Type>() {
            match d.known(cx, t) {
                Some(true) => return Ok(Obj::TRUE),
                Some(false) if t == real => return Ok(Obj::FALSE),
                _ => {}
            }
        }
        let r = ops::call_method(cx, cls, "__subclasscheck__", &[class])?;
        if class == real.obj() || ops::truth(cx, r)? {
            return Ok(r);
        }
        ops::call_method(cx, cls, "__subclasscheck__", &[real.obj()])
    }
    /// Internal ABC helper for subclasss checks. Should be never used outside abc module.
    fn _abc_subclasscheck(cx: &mut Cx, cls: Obj, subclass: Obj) -> Result<bool> {
        let sub = class_arg(cx, subclass, "issubclass() arg 1 must be a class")?;
        let d = data(cx, cls)?;
        if let Some(known) = d.known(cx, sub) {
            return Ok(known);
        }
        let (version, counter) = (sub.version(), COUNTER.load(Ordering::Acquire));
        let answer = decide(cx, d, cls, sub)?;
        d.remember(cx, version, counter, answer);
        Ok(answer)
    }
    /// Internal ABC helper to reset registry of a given class.
    fn _reset_registry(cx: &mut Cx, cls: Obj) -> Result<()> {
        let d = data(cx, cls)?;
        d.registry.write(cx, d.payload()).clear();
        Ok(())
    }
    /// Internal ABC helper to reset both caches of a given class.
    fn _reset_caches(cx: &mut Cx, cls: Obj) -> Result<()> {
        let d = data(cx, cls)?;
        let mut a = d.answers.write(cx, d.payload());
        a.yes.clear();
        a.no.clear();
        Ok(())
    }
    /// Internal ABC helper for cache and registry debugging.
    fn _get_dump(cx: &mut Cx, cls: Obj) -> Result<Obj> {
        let d = data(cx, cls)?;
        let registry = typhon_builtins::set::new(cx)?;
        let mut i = 0;
        loop {
            let r = d.registry.read(cx).get(i).copied();
            let Some(r) = r else { break };
            typhon_builtins::set::add(cx, registry, r)?;
            i += 1;
        }
        // The caches hold no classes that could be shown.
        let (yes, no) = (typhon_builtins::set::new(cx)?, typhon_builtins::set::new(cx)?);
        let at = d.answers.read(cx).no_at.into_obj(cx)?;
        tuple_obj(cx, &[registry, yes, no, at])
    }
}
