//! `_functools`: `partial`, `reduce`, `cmp_to_key`, the wrapper of `lru_cache`.
//!
//! The cache of `lru_cache` is a dict of key to link, and a ring of links in
//! order of use behind one guard; user code (hashing, comparing, the function
//! itself) runs outside of it. Two threads may both compute a missing value.
//! Tests: CPython test_functools.

use crate::util::{set, tuple_obj};
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_builtins::repr_guard;
use typhon_gc::Root;
use typhon_macros::{Trace, class, module};
use typhon_object::dict::{self, Dict};
use typhon_object::int;
use typhon_object::list;
use typhon_object::native::{self, Args, FromArg, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, Guarded, Result, instance, ops};

/// The type of `functools.Placeholder`.
#[derive(Trace)]
pub struct PlaceholderType {}

static PLACEHOLDER: Root = Root::new();

fn placeholder(cx: &mut Cx) -> Result<Obj> {
    match Obj::from_word(PLACEHOLDER.get()) {
        Some(o) => Ok(o),
        None => {
            let o = native::instance(cx, PlaceholderType {})?.obj();
            PLACEHOLDER.set(&cx.mutator, o.word());
            Ok(o)
        }
    }
}

/// The type of the Placeholder singleton.
///
/// Used as a placeholder for partial arguments.
#[class(module = "functools", name = "_PlaceholderType")]
impl PlaceholderType {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Obj> {
        let _ = cls;
        if !args.all().is_empty() {
            return Err(cx.type_error("_PlaceholderType takes no arguments"));
        }
        placeholder(cx)
    }
    fn __repr__(&self) -> &'static str {
        "Placeholder"
    }
    fn __reduce__(&self) -> &'static str {
        "Placeholder"
    }
}

/// `functools.partial`.
#[derive(Trace)]
pub struct Partial {
    func: Slot,
    args: Slot<Tuple>,
    kw: Slot<Dict>,
}

/// Create a new function with partial application of the given arguments and keywords.
#[class(module = "functools", name = "partial", subclassable, dict, weakref)]
impl Partial {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Partial> {
        let _ = cls;
        let Some((func, rest)) = args.pos.split_first() else {
            return Err(cx.type_error("type 'partial' takes at least one argument"));
        };
        if !crate::codecs::registry::callable(*func) {
            return Err(cx.type_error("the first argument must be callable"));
        }
        let ph = placeholder(cx)?;
        if rest.last() == Some(&ph) {
            return Err(cx.type_error("trailing Placeholders are not allowed"));
        }
        let kw = dict::new(cx)?;
        for (k, v) in args.keywords() {
            if v == ph {
                return Err(cx.type_error("Placeholder cannot be passed as a keyword argument"));
            }
            kw.insert_str(cx, k, v)?;
        }
        // A partial of a partial is flattened, unless it has attributes.
        if let Some(p) = func.cast::<Partial>().filter(|p| instance::is_bare(p.obj())) {
            let merged = dict::copy(cx, &p.kw.get().expect("set"))?;
            for (k, v) in kw.items() {
                merged.insert(cx, k, v)?;
            }
            let all = join(cx, ph, p.args.get().expect("set").payload().items(), rest, false)?;
            return Ok(Partial { func: Slot::of(p.func.obj()), args: Slot::new(all), kw: Slot::new(merged) });
        }
        let a = tuple::new(cx, rest)?;
        Ok(Partial { func: Slot::new(*func), args: Slot::new(a), kw: Slot::new(kw) })
    }
    fn __call__(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let func = self.func.obj().expect("set");
        let bound = self.args.get().expect("set").payload().items();
        let kw = self.kw.get().expect("set");
        let n_kw = args.all().len() - args.pos.len();
        if kw.is_empty()
            && n_kw == 0
            && bound.len() + args.pos.len() <= 8
            && !bound.iter().any(|b| b.word() == PLACEHOLDER.get())
        {
            // The common case.
            let mut all = [Obj::NONE; 8];
            all[..bound.len()].copy_from_slice(bound);
            all[bound.len()..bound.len() + args.pos.len()].copy_from_slice(args.pos);
            return ops::call_args(cx, func, &all[..bound.len() + args.pos.len()]);
        }
        let ph = placeholder(cx)?;
        let pos = join(cx, ph, bound, args.pos, true)?;
        if kw.is_empty() && n_kw == 0 {
            return ops::call_args(cx, func, pos.payload().items());
        }
        let merged = dict::copy(cx, &kw)?;
        for (k, v) in args.keywords() {
            merged.insert_str(cx, k, v)?;
        }
        call_with_dict(cx, func, pos, merged)
    }
    fn __get__(this: Gc<Self>, cx: &mut Cx, obj: Obj, owner: Missing<Obj>) -> Result<Obj> {
        let _ = owner;
        if obj.is_none() {
            return Ok(this.obj());
        }
        typhon_object::method::bind(cx, this.obj(), obj)
    }
    /// function object to use in future partial calls
    #[getter]
    fn func(&self) -> Obj {
        self.func.obj().unwrap_or(Obj::NONE)
    }
    /// tuple of arguments to future partial calls
    #[getter]
    fn args(&self) -> Obj {
        self.args.obj().unwrap_or(Obj::NONE)
    }
    /// dictionary of keyword arguments to future partial calls
    #[getter]
    fn keywords(&self) -> Obj {
        self.kw.obj().unwrap_or(Obj::NONE)
    }
    fn __repr__(this: Gc<Self>, cx: &mut Cx) -> Result<String> {
        let Some(_inside) = repr_guard::enter(this.obj()) else { return Ok("...".to_string()) };
        let name = ops::full_name(cx, ops::class_of(this.obj()));
        // All taken before any `repr`, which may change them.
        let (func, args) = (this.func.obj().expect("set"), this.args.get().expect("set"));
        let kw = dict::copy(cx, &this.kw.get().expect("set"))?;
        let mut out = format!("{name}({}", ops::repr(cx, func)?.to_str());
        for a in args.payload().items() {
            out.push_str(&format!(", {}", ops::repr(cx, *a)?.to_str()));
        }
        for (k, v) in kw.items() {
            out.push_str(&format!(", {}={}", ops::to_str(cx, k)?.to_str(), ops::repr(cx, v)?.to_str()));
        }
        out.push(')');
        Ok(out)
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        let func = this.func.obj().expect("set");
        let one = tuple_obj(cx, &[func])?;
        let d = if instance::is_bare(this.obj()) { Obj::NONE } else { instance::dict_of(cx, this.obj())?.obj() };
        let state = tuple_obj(cx, &[func, this.args.obj().expect("set"), this.kw.obj().expect("set"), d])?;
        tuple_obj(cx, &[ops::class_of(this.obj()).obj(), one, state])
    }
    fn __setstate__(this: Gc<Self>, cx: &mut Cx, state: Obj) -> Result<()> {
        let bad = "invalid partial state";
        let Some(&[func, args, kw, d]) = state.cast::<Tuple>().map(|t| t.payload().items()) else {
            return Err(cx.type_error(bad));
        };
        let (Some(args), true) = (args.cast::<Tuple>(), crate::codecs::registry::callable(func)) else {
            return Err(cx.type_error(bad));
        };
        if !d.is_none() && d.cast::<Dict>().is_none() {
            return Err(cx.type_error(bad));
        }
        let ph = placeholder(cx)?;
        if args.payload().items().last() == Some(&ph) {
            return Err(cx.type_error("trailing Placeholders are not allowed"));
        }
        let args = match ops::class_of(args.obj()).is_native() {
            true => args,
            false => tuple::new(cx, args.payload().items())?,
        };
        let kw = match kw.cast::<Dict>() {
            Some(k) if ops::class_of(kw).is_native() => k,
            Some(k) => dict::copy(cx, &k)?,
            None if kw.is_none() => dict::new(cx)?,
            None => return Err(cx.type_error(bad)),
        };
        let p = this.payload();
        p.func.set(cx, this, func);
        p.args.set(cx, this, args);
        p.kw.set(cx, this, kw);
        match d.cast::<Dict>() {
            Some(d) => instance::set_dict(cx, this.obj(), d),
            None if instance::is_bare(this.obj()) => Ok(()),
            None => instance::set_dict(cx, this.obj(), dict::new(cx)?),
        }
    }
    #[classmethod]
    fn __class_getitem__(cx: &mut Cx, cls: Gc<Type>, item: Obj) -> Result<Obj> {
        crate::generic_alias(cx, cls.obj(), item)
    }
}

/// `bound` with its placeholders filled from `given`, then the rest of `given`.
fn join(cx: &mut Cx, ph: Obj, bound: &[Obj], given: &[Obj], calling: bool) -> Result<Gc<Tuple>> {
    let mut it = given.iter();
    let holes = bound.iter().filter(|b| **b == ph).count();
    if calling && holes > given.len() {
        return Err(cx.type_error(format!(
            "missing positional arguments in 'partial' call; expected at least {holes}, got {}",
            given.len()
        )));
    }
    let l = list::new(cx, &[])?;
    for b in bound {
        let v = if *b == ph { it.next().copied().unwrap_or(ph) } else { *b };
        l.append(cx, v)?;
    }
    for v in it {
        l.append(cx, *v)?;
    }
    let mut g = l.write(cx);
    while !calling && g.get(g.len().wrapping_sub(1)) == Some(ph) {
        g.pop();
    }
    drop(g);
    ops::tuple_from_list(cx, l)
}

/// `f(*pos, **kw)`.
pub fn call_with_dict(cx: &mut Cx, f: Obj, pos: Gc<Tuple>, kw: Gc<Dict>) -> Result<Obj> {
    let names = list::new(cx, &[])?;
    let all = list::new(cx, pos.payload().items())?;
    for (k, v) in kw.items() {
        if k.cast::<Str>().is_none() {
            return Err(cx.type_error("keywords must be strings"));
        }
        names.append(cx, k)?;
        all.append(cx, v)?;
    }
    let names = ops::tuple_from_list(cx, names)?;
    let all = ops::tuple_from_list(cx, all)?;
    ops::call(cx, f, all.payload().items(), Some(names).filter(|n| !n.is_empty()))
}

/// What `cmp_to_key` returns, and what that returns.
#[derive(Trace)]
pub struct KeyWrapper {
    cmp: Obj,
    object: Slot,
}

#[class(module = "functools", name = "KeyWrapper", unhashable)]
impl KeyWrapper {
    #[sig(obj)]
    fn __call__(&self, cx: &mut Cx, obj: Obj) -> Result<Obj> {
        Ok(native::instance(cx, KeyWrapper { cmp: self.cmp, object: Slot::new(obj) })?.obj())
    }
    /// Value wrapped by a key function.
    #[getter]
    fn obj(&self) -> Obj {
        self.object.obj().unwrap_or(Obj::NONE)
    }
    #[setter]
    fn set_obj(this: Gc<Self>, cx: &Cx, v: Obj) {
        this.payload().object.set(cx, this, v);
    }
    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let Some(o) = other.cast::<KeyWrapper>() else {
            return Err(cx.type_error("other argument must be K instance"));
        };
        let (Some(a), Some(b)) = (self.object.obj(), o.object.obj()) else {
            return Err(cx.error(typhon_object::ExcKind::AttributeError, "object"));
        };
        let r = ops::call_args(cx, self.cmp, &[a, b])?;
        ops::rich_compare(cx, r, Obj::int_unchecked(0), op)
    }
}

/// A cached result, in the ring of recently used ones.
#[derive(Trace)]
pub struct Link {
    key: Obj,
    hash: i64,
    value: Obj,
    prev: Slot<Link>,
    next: Slot<Link>,
}

#[class(module = "functools", name = "_lru_list_elem")]
impl Link {}

#[derive(Trace)]
struct Ring {
    /// The least and the most recently used link.
    oldest: Option<Gc<Link>>,
    newest: Option<Gc<Link>>,
    len: usize,
}

/// `functools._lru_cache_wrapper`.
#[derive(Trace)]
pub struct LruCache {
    func: Obj,
    /// -1 for no limit.
    max: i64,
    typed: bool,
    info: Obj,
    cache: Gc<Dict>,
    ring: Guarded<Ring>,
    hits: AtomicU64,
    misses: AtomicU64,
}

static KWD_MARK: Root = Root::new();

impl LruCache {
    fn key(&self, cx: &mut Cx, args: &Args<'_>) -> Result<Obj> {
        if args.kw.is_none_or(|k| k.is_empty()) && !self.typed {
            if let [one] = args.pos
                && (one.is_small_int() || one.shape() == typhon_object::shape::STR && one.is_ptr())
            {
                return Ok(*one);
            }
            return tuple_obj(cx, args.pos);
        }
        let l = list::new(cx, args.pos)?;
        if args.kw.is_some_and(|k| !k.is_empty()) {
            let mark = match Obj::from_word(KWD_MARK.get()) {
                Some(m) => m,
                None => {
                    let m = native::instance(cx, PlaceholderType {})?.obj();
                    KWD_MARK.set(&cx.mutator, m.word());
                    m
                }
            };
            l.append(cx, mark)?;
            for (k, v) in args.keywords() {
                l.append(cx, k.obj())?;
                l.append(cx, v)?;
            }
        }
        if self.typed {
            for v in args.pos {
                l.append(cx, ops::class_of(*v).obj())?;
            }
            for (_, v) in args.keywords() {
                l.append(cx, ops::class_of(v).obj())?;
            }
        }
        Ok(ops::tuple_from_list(cx, l)?.obj())
    }
    /// Take a link out of the ring.
    fn unlink(&self, cx: &Cx, r: &mut Ring, l: Gc<Link>) {
        let (p, n) = (l.prev.get(), l.next.get());
        match p {
            Some(p) => p.payload().next.put(cx, p, n),
            None => r.oldest = n,
        }
        match n {
            Some(n) => n.payload().prev.put(cx, n, p),
            None => r.newest = p,
        }
        l.prev.clear();
        l.next.clear();
        r.len -= 1;
    }
    fn push(&self, cx: &Cx, r: &mut Ring, l: Gc<Link>) {
        match r.newest {
            Some(n) => {
                n.payload().next.set(cx, n, l);
                l.payload().prev.set(cx, l, n);
            }
            None => r.oldest = Some(l),
        }
        r.newest = Some(l);
        r.len += 1;
    }
    fn in_ring(&self, r: &Ring, l: Gc<Link>) -> bool {
        l.prev.get().is_some() || r.oldest == Some(l)
    }
}

/// Create a cached callable that wraps another function.
#[class(module = "functools", name = "_lru_cache_wrapper", subclassable, dict, weakref)]
impl LruCache {
    #[sig(user_function, maxsize, typed, cache_info_type)]
    fn __new__(cx: &mut Cx, user_function: Obj, maxsize: Obj, typed: bool, cache_info_type: Obj) -> Result<LruCache> {
        if !crate::codecs::registry::callable(user_function) {
            return Err(cx.type_error("the first argument must be callable"));
        }
        let max = if maxsize.is_none() {
            -1
        } else if int::is_int(maxsize) {
            i64::from_arg(cx, maxsize)?.max(0)
        } else {
            return Err(cx.type_error("maxsize should be integer or None"));
        };
        Ok(LruCache {
            func: user_function,
            max,
            typed,
            info: cache_info_type,
            cache: dict::new(cx)?,
            ring: Guarded::new(Ring { oldest: None, newest: None, len: 0 }),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        })
    }
    fn __call__(&self, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        if self.max == 0 {
            self.misses.fetch_add(1, Ordering::Relaxed);
            return ops::call(cx, self.func, args.all(), args.kw);
        }
        let key = self.key(cx, &args)?;
        let hash = ops::hash(cx, key)?;
        if let Some(found) = self.cache.get_hashed(cx, key, hash)? {
            self.hits.fetch_add(1, Ordering::Relaxed);
            if self.max < 0 {
                return Ok(found);
            }
            let link = found.cast::<Link>().expect("a link");
            let mut r = self.ring.write(cx, self);
            if self.in_ring(&r, link) && r.newest != Some(link) {
                self.unlink(cx, &mut r, link);
                self.push(cx, &mut r, link);
            }
            return Ok(link.value);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let value = ops::call(cx, self.func, args.all(), args.kw)?;
        if self.max < 0 {
            self.cache.insert_hashed(cx, key, hash, value)?;
            return Ok(value);
        }
        let link = native::instance(cx, Link { key, hash, value, prev: Slot::empty(), next: Slot::empty() })?;
        let old = self.cache.insert_hashed(cx, key, hash, link.obj())?;
        let victim = {
            let mut r = self.ring.write(cx, self);
            if let Some(o) = old.and_then(|o| o.cast::<Link>())
                && self.in_ring(&r, o)
            {
                self.unlink(cx, &mut r, o);
            }
            self.push(cx, &mut r, link);
            if r.len as i64 > self.max {
                let v = r.oldest.expect("the ring is not empty");
                self.unlink(cx, &mut r, v);
                Some(v)
            } else {
                None
            }
        };
        if let Some(v) = victim {
            let now = self.cache.get_hashed(cx, v.key, v.hash)?;
            if now == Some(v.obj()) {
                self.cache.remove_hashed(cx, v.key, v.hash)?;
            }
        }
        Ok(value)
    }
    fn __get__(this: Gc<Self>, cx: &mut Cx, obj: Obj, owner: Missing<Obj>) -> Result<Obj> {
        let _ = owner;
        if obj.is_none() {
            return Ok(this.obj());
        }
        typhon_object::method::bind(cx, this.obj(), obj)
    }
    /// Report cache statistics
    fn cache_info(&self, cx: &mut Cx) -> Result<Obj> {
        let args = [
            self.hits.load(Ordering::Relaxed).into_obj(cx)?,
            self.misses.load(Ordering::Relaxed).into_obj(cx)?,
            if self.max < 0 { Obj::NONE } else { self.max.into_obj(cx)? },
            self.cache.len().into_obj(cx)?,
        ];
        ops::call_args(cx, self.info, &args)
    }
    /// Clear the cache and cache statistics
    fn cache_clear(&self, cx: &Cx) {
        self.cache.clear(cx);
        let mut r = self.ring.write(cx, self);
        while let Some(l) = r.oldest {
            self.unlink(cx, &mut r, l);
        }
        drop(r);
        self.hits.store(0, Ordering::Relaxed);
        self.misses.store(0, Ordering::Relaxed);
    }
    fn __reduce__(this: Gc<Self>, cx: &mut Cx) -> Result<Obj> {
        crate::util::attr(cx, this.obj(), "__qualname__")
    }
    fn __copy__(this: Gc<Self>) -> Gc<Self> {
        this
    }
    fn __deepcopy__(this: Gc<Self>, memo: Obj) -> Gc<Self> {
        let _ = memo;
        this
    }
}

/// Tools that operate on functions.
#[module("_functools", classes(Partial, LruCache))]
pub mod functools {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let p = placeholder(cx)?;
        set(cx, module, "Placeholder", p)?;
        let t = native::class_of::<PlaceholderType>(cx)?;
        set(cx, module, "_PlaceholderType", t)
    }

    /// Apply a function of two arguments cumulatively to the items of an iterable, from left to right.
    #[sig(function, iterable, /, initial = <missing>)]
    fn reduce(cx: &mut Cx, function: Obj, iterable: Obj, initial: Missing<Obj>) -> Result<Obj> {
        let it = match ops::get_iter(cx, iterable) {
            Err(e) if e.is(cx, typhon_object::ExcKind::TypeError) => {
                return Err(cx.type_error("reduce() arg 2 must support iteration"));
            }
            r => r?,
        };
        let mut acc = initial.given();
        while let Some(v) = ops::iter_next(cx, it)? {
            acc = Some(match acc {
                None => v,
                Some(a) => ops::call_args(cx, function, &[a, v])?,
            });
        }
        acc.ok_or_else(|| cx.type_error("reduce() of empty iterable with no initial value"))
    }
    /// Convert a cmp= function into a key= function.
    #[sig(mycmp)]
    fn cmp_to_key(cx: &mut Cx, mycmp: Obj) -> Result<Obj> {
        Ok(native::instance(cx, KeyWrapper { cmp: mycmp, object: Slot::empty() })?.obj())
    }
}
