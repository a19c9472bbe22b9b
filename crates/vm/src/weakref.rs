//! `_weakref`: weak references. Proxies are in `weakproxy.rs`.
//!
//! The referent's word is not traced; the collector empties it when the
//! referent dies and hands the reference over for its callback, which runs as
//! ordinary Python code at a poll.
//!
//! Tests: CPython test_weakref.

use crate::weakproxy::Proxy;
use crate::{gc_walk, interps, poll};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use typhon_gc::{LivenessQuery, QUEUE_CLEARED, WEAK_REFERENT};
use typhon_macros::{class, module};
use typhon_object::list::List;
use typhon_object::native::{Args, Payload, Trace};
use typhon_object::str::Str;
use typhon_object::types::{self, Type, layout_of};
use typhon_object::{CompareOp, Cx, Gc, Obj, Result, Slot, Tracer, boot, list, name, native, ops, shape};

/// The payload of a weak reference; the referent comes first.
#[repr(C)]
pub struct WeakRef {
    referent: AtomicU64,
    callback: Slot,
    /// Hash of the referent, kept for when it is gone; -1 until asked for.
    hash: AtomicI64,
}

impl Trace for WeakRef {
    fn trace(&self, t: &mut Tracer) {
        self.callback.trace(t);
    }
}

impl Payload for WeakRef {
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::WEAKREF || native::has_payload(o, shape::WEAKREF))
    }
}

impl WeakRef {
    /// The referent, if it lives.
    pub fn get(&self) -> Option<Obj> {
        Obj::from_word(self.referent.load(Ordering::Acquire))
    }
}

/// Whether objects of this class can be weakly referenced.
fn can_refer(o: Obj) -> bool {
    o.is_ptr() && (ops::class_of(o).has(types::F_WEAKREF) || o.shape() == shape::FUNCTION || o.shape() == shape::TYPE)
}

/// A weak reference of class `cls`.
fn make(cx: &mut Cx, cls: Gc<Type>, o: Obj, callback: Option<Obj>) -> Result<Gc<WeakRef>> {
    if !can_refer(o) {
        return Err(cx.type_error(format!("cannot create weak reference to '{}' object", cx.type_name(o))));
    }
    let id = cls.root_shape();
    let p = cx.alloc(id, shape::layout(id).size as usize)?;
    // Fresh object with a WeakRef payload.
    let w: Gc<WeakRef> = unsafe {
        (p.add(8) as *mut WeakRef).write(WeakRef {
            referent: AtomicU64::new(o.word()),
            callback: Slot::of(callback.filter(|c| !c.is_none())),
            hash: AtomicI64::new(-1),
        });
        typhon_gc::register_weak(p);
        Gc::from_obj(Obj::from_word_unchecked(p as u64))
    };
    Ok(w)
}

/// `weakref.ref(o)`: the one that exists, if it does.
pub fn to(cx: &mut Cx, o: Obj) -> Result<Gc<WeakRef>> {
    let plain = types::class_for(shape::WEAKREF);
    if let Some(w) = SHARED.find(o).and_then(|w| w.cast()) {
        return Ok(w);
    }
    let w = make(cx, plain, o, None)?;
    Ok(SHARED.add(o, w.obj()).cast().unwrap_or(w))
}

/// The references or proxies without a callback, by the addresses of their referents:
/// CPython makes one of them per object, and programs compare them by identity.
///
/// The addresses keep nothing alive; the collector's hook removes those of the dead,
/// in the same stop in which they die.
struct Shared([Mutex<Part>; 16]);

struct Part {
    by_referent: HashMap<u64, u64>,
    /// Referents added since the last collection: all that a young one can end.
    young: Vec<u64>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::new(|live| SHARED.purge(live, |w| w)));

static PROXIES: LazyLock<Shared> = LazyLock::new(|| {
    // A proxy's payload begins with its reference, which lives as long as it does.
    Shared::new(|live| PROXIES.purge(live, |p| unsafe { *((p + 8) as *const u64) }))
});

impl Shared {
    fn new(hook: fn(&LivenessQuery)) -> Shared {
        typhon_gc::register_weak_hook(hook);
        Shared(std::array::from_fn(|_| Mutex::new(Part { by_referent: HashMap::new(), young: Vec::new() })))
    }
    fn part(&self, o: u64) -> MutexGuard<'_, Part> {
        // Objects lie a few words apart.
        self.0[(o >> 5) as usize % self.0.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn find(&self, o: Obj) -> Option<Obj> {
        let w = *self.part(o.word()).by_referent.get(&o.word())?;
        // No collection can end it between here and the caller's frame.
        Obj::from_word(w)
    }
    /// What refers to `o`: `w`, unless another thread was faster.
    fn add(&self, o: Obj, w: Obj) -> Obj {
        let mut part = self.part(o.word());
        if let Some(first) = part.by_referent.get(&o.word()).and_then(|w| Obj::from_word(*w)) {
            return first;
        }
        part.by_referent.insert(o.word(), w.word());
        part.young.push(o.word());
        w
    }
    /// At the end of a marking: forget the dead, and references that have been cleared.
    /// `reference` is the weak reference in an entry that lives.
    fn purge(&self, live: &LivenessQuery, reference: impl Fn(u64) -> u64) {
        for part in &self.0 {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            let part = &mut *part;
            let stays = |o: u64, w: u64| {
                // The payload of a live reference may be read; its referent comes first.
                live.is_live(w) && live.is_live(o) && unsafe { *((reference(w) + 8) as *const u64) } == o
            };
            if live.young() {
                for o in part.young.drain(..) {
                    if part.by_referent.get(&o).is_some_and(|w| !stays(o, *w)) {
                        part.by_referent.remove(&o);
                    }
                }
            } else {
                part.young.clear();
                part.by_referent.retain(|o, w| stays(*o, *w));
            }
        }
    }
}

/// Methods of `weakref.ref`.
pub struct RefMethods;

#[class(name = "ReferenceType", extends = WeakRef, subclassable)]
impl RefMethods {
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        typhon_builtins::generic_alias::new(cx, cls.obj(), item)
    }
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        match args.pos {
            [o] | [o, Obj::NONE] if cls.root_shape() == shape::WEAKREF => Ok(to(cx, *o)?.obj()),
            [o] => Ok(make(cx, cls, *o, None)?.obj()),
            [o, cb, ..] => Ok(make(cx, cls, *o, Some(*cb))?.obj()),
            [] => Err(cx.type_error("__new__ expected at least 1 argument, got 0")),
        }
    }
    #[sig(object, callback = None, /)]
    fn __init__(this: Gc<WeakRef>, object: Obj, callback: Option<Obj>) {
        let _ = (this, object, callback);
    }
    fn __call__(this: Gc<WeakRef>) -> Option<Obj> {
        this.get()
    }
    fn __hash__(this: Gc<WeakRef>, cx: &mut Cx) -> Result<i64> {
        let h = this.hash.load(Ordering::Relaxed);
        if h != -1 {
            return Ok(h);
        }
        let Some(o) = this.payload().get() else { return Err(cx.type_error("weak object has gone away")) };
        let h = ops::hash(cx, o)?;
        this.hash.store(h, Ordering::Relaxed);
        Ok(h)
    }
    fn __richcmp__(this: Gc<WeakRef>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(o) = other.cast::<WeakRef>() else { return Ok(Obj::NOT_IMPLEMENTED) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        match (this.payload().get(), o.payload().get()) {
            (Some(a), Some(b)) => ops::rich_compare(cx, a, b, op),
            _ => Ok(Obj::bool((this == o) == (op == CompareOp::Eq))),
        }
    }
    fn __repr__(this: Gc<WeakRef>, cx: &mut Cx) -> Result<String> {
        let at = this.obj().word();
        Ok(match this.payload().get() {
            None => format!("<weakref at {at:#x}; dead>"),
            Some(o) => {
                // As special methods are: `__getattr__` and the instance are not asked.
                let name = match cx.lookup(ops::class_of(o), name!(cx, "__name__")) {
                    Some(found) => ops::bind_descriptor(cx, found, o, ops::class_of(o))?.cast::<Str>(),
                    None => None,
                };
                let name = name.map_or_else(String::new, |n| format!(" ({})", n.to_str()));
                let class = cx.type_name(o);
                format!("<weakref at {at:#x}; to '{class}' at {:#x}{name}>", o.word())
            }
        })
    }
    #[getter]
    fn __callback__(this: Gc<WeakRef>) -> Option<Obj> {
        if this.payload().get().is_some() { this.callback.obj() } else { None }
    }
}

fn callback(cx: &mut Cx, w: Obj) {
    // The collector queues weak references only.
    let r: Gc<WeakRef> = unsafe { Gc::from_obj(w) };
    let Some(cb) = r.callback.obj() else { return };
    r.callback.clear();
    interps::run_for(cx, cb, |cx| {
        if let Err(e) = ops::call_args(cx, cb, &[w]) {
            poll::unraisable(cx, e, "Exception ignored while calling weakref callback", cb);
        }
    });
}

/// Define the class; called at start-up.
pub fn init(cx: &mut Cx) -> Result<()> {
    let l = layout_of::<WeakRef>(0).with_flags(WEAK_REFERENT | QUEUE_CLEARED);
    boot::define(cx, shape::WEAKREF, "ReferenceType", "", native::SUBCLASSABLE, None, Some(l))?;
    let class = types::class_for(shape::WEAKREF);
    let module = typhon_object::str::new(cx, "weakref")?;
    types::set_attr(cx, class, name!(cx, "__module__"), Some(module.obj()))?;
    types::add_members(cx, class, RefMethods::MEMBERS)?;
    let _ = poll::WEAK_CALLBACK.set(callback);
    let _ = cx.rt().hooks().weakref_of.set(|o| SHARED.find(o));
    Ok(())
}

/// The module.
#[module("_weakref", classes(Proxy))]
pub mod functions {
    use super::*;

    /// Create a proxy object that weakly references 'object'.
    #[sig(object, callback = None, /)]
    fn proxy(cx: &mut Cx, object: Obj, callback: Option<Obj>) -> Result<Obj> {
        let shared = callback.is_none_or(|c| c.is_none());
        if shared && let Some(p) = PROXIES.find(object) {
            return Ok(p);
        }
        let target = make(cx, types::class_for(shape::WEAKREF), object, callback)?;
        let p = native::instance(cx, Proxy { target })?.obj();
        Ok(if shared { PROXIES.add(object, p) } else { p })
    }
    /// Return the number of weak references to 'object'.
    fn getweakrefcount(cx: &mut Cx, object: Obj) -> Result<usize> {
        Ok(all_of(cx, object)?.len())
    }
    /// Return a list of all weak reference objects pointing to 'object'.
    fn getweakrefs(cx: &mut Cx, object: Obj) -> Result<Gc<List>> {
        all_of(cx, object)
    }
    /// Remove a dead weak reference's entry from a dictionary.
    fn _remove_dead_weakref(cx: &mut Cx, dct: Gc<typhon_object::dict::Dict>, key: Obj) -> Result<()> {
        if let Some(v) = dct.get(cx, key)?
            && v.cast::<WeakRef>().is_some_and(|w| w.payload().get().is_none())
        {
            dct.remove(cx, key)?;
        }
        Ok(())
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let r = types::class_for(shape::WEAKREF).obj();
        let p = native::class_of::<Proxy>(cx)?.obj();
        for (n, v) in [("ref", r), ("ReferenceType", r), ("ProxyType", p), ("CallableProxyType", p)] {
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(v))?;
        }
        Ok(())
    }
}

/// The weak references and proxies of `object`, those that are shared first. The reference
/// in a proxy is not one of them.
fn all_of(cx: &mut Cx, object: Obj) -> Result<Gc<List>> {
    let target = |o: Obj| o.cast::<Proxy>().map(|p| p.target).or_else(|| o.cast::<WeakRef>());
    let all = gc_walk::objects(cx, |o| target(o).is_some_and(|w| w.payload().get() == Some(object)))?;
    let all = all.snapshot(cx)?;
    let all = all.items(all.cap());
    let inner = |o: &Obj| all.iter().any(|p| p.cast::<Proxy>().is_some_and(|p| p.target.obj() == *o));
    let shared = [SHARED.find(object), PROXIES.find(object)];
    let l = list::new(cx, &[])?;
    for first in [true, false] {
        for o in all.iter().filter(|o| shared.contains(&Some(**o)) == first && !inner(o)) {
            l.append(cx, *o)?;
        }
    }
    Ok(l)
}
