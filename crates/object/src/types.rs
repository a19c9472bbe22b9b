//! `type`: class objects, their MRO, layout and tables of special methods.
//!
//! Invariants:
//! - TYPE-1: `version` changes before any lookup through the class, or through
//!   a class derived from it, can give another result; 0 means "do not cache".
//! - TYPE-2: `special[d]` is what a lookup of the special name `d` finds, or 0.
//! - TYPE-3: the layout of a class's instances never changes.
//! - TYPE-4: whoever stores what was made from classes (an MRO, a table of special methods)
//!   looks afterwards whether these have changed meanwhile, and makes it again if so.
//!
//! Creation from Python (`type(name, bases, dict)`) is in `new_type.rs`, the MRO in `mro.rs`.
//! Tests: `tests/types.rs`, tests/stress/special_methods_race.py; CPython test_descr.

use crate::cx::Cx;
use crate::dict::{self, Dict};
use crate::dunder::{self, Dunder};
use crate::exc::{self, ExcKind};
use crate::list::List;
use crate::native::{self, Base, ClassCell, ClassSpec, Member, MemberKind, NativeClass, Payload, Trace};
use crate::obj::{Gc, Obj, Slot};
use crate::shape::{self, Storage};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::{Result, Tracer, list, name, ops, str, subclasses, tuple};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use typhon_gc::LayoutInit;

/// How a class's instances are called, natively; the first value is the callee.
pub type CallFn = fn(&mut Cx, Obj, &[Obj], Option<native::KwNames>) -> Result<Obj>;

/// What a class makes of one positional argument.
pub type OneFn = fn(&mut Cx, Obj) -> Result<Obj>;

/// How an iterator is advanced natively; `None` when it is exhausted.
pub type NextFn = fn(&mut Cx, Obj) -> Result<Option<Obj>>;

/// What an iterator over pairs gives to a loop that takes them apart at once.
pub enum NextPair {
    /// The two items of what would have been the next tuple.
    Two(Obj, Obj),
    /// The iterator is exhausted.
    End,
    /// This one does not give pairs: ask for its next item.
    NoPairs,
}

/// How an iterator gives pairs without making tuples.
pub type NextPairFn = fn(&mut Cx, Obj) -> Result<NextPair>;

/// What stepping a coroutine or a generator gave.
pub enum Sent {
    /// It yielded.
    Yield(Obj),
    /// It returned.
    Return(Obj),
}

/// How something that can be awaited is stepped without raising StopIteration.
pub type SendFn = fn(&mut Cx, Obj, Obj) -> Result<Sent>;

/// The payload of a class.
#[repr(C)]
pub struct Type {
    /// `__name__`.
    pub(crate) name: Slot<Str>,
    /// `__qualname__`.
    pub(crate) qualname: Slot<Str>,
    /// The namespace.
    pub(crate) dict: Slot<Dict>,
    /// `__mro__`.
    pub(crate) mro: Slot<Tuple>,
    /// `__bases__`.
    pub(crate) bases: Slot<Tuple>,
    /// `__base__`, whose layout this class's extends.
    pub(crate) base: Slot<Type>,
    /// Classes that name this one as a base.
    pub(crate) subclasses: Slot<List>,
    /// TYPE-2.
    pub(crate) special: [AtomicU64; dunder::COUNT],
    /// TYPE-1.
    pub(crate) version: AtomicU64,
    /// Flag bits, below.
    pub(crate) flags: AtomicU32,
    /// The shape of fresh instances.
    pub(crate) root_shape: AtomicU32,
    /// Calls instances of this class; a `CallFn` or 0.
    pub(crate) call: AtomicU64,
    /// Makes an instance of just this class from one argument; a `OneFn` or 0.
    pub(crate) of_one: AtomicU64,
    /// Makes instances for the nearest native base; an `AllocFn` or 0.
    pub(crate) alloc: AtomicU64,
    /// Advances exact instances without raising StopIteration; a `NextFn` or 0.
    pub(crate) next: AtomicU64,
    /// The same for the items of pairs; a `NextPairFn` or 0.
    pub(crate) next_pair: AtomicU64,
    /// Steps exact instances without raising StopIteration; a `SendFn` or 0.
    pub(crate) send: AtomicU64,
    /// What the VM caches for instantiation.
    pub construct: Slot,
    /// The id of the interpreter that made it plus one; 0: all share it.
    pub(crate) interp: AtomicU64,
}

/// Class may be subclassed.
pub const F_SUBCLASSABLE: u32 = 1;
/// Instances have a `__dict__`.
pub const F_DICT: u32 = 2;
/// Instances can be weakly referenced.
pub const F_WEAKREF: u32 = 4;
/// Made by a class statement or `type()`.
pub const F_HEAP: u32 = 8;
/// Attributes cannot be set.
pub const F_IMMUTABLE: u32 = 16;
/// Has `__del__`.
pub const F_FINALIZER: u32 = 32;
/// Matches mapping patterns.
pub const F_MAPPING: u32 = 64;
/// Matches sequence patterns.
pub const F_SEQUENCE: u32 = 128;
/// Abstract methods are left (`__abstractmethods__`).
pub const F_ABSTRACT: u32 = 256;
/// Cannot be instantiated.
pub const F_NO_NEW: u32 = 512;
/// Payload of variable size: attributes stand behind it.
pub const F_VARIABLE: u32 = 1024;
/// Items are found by an index and by nothing else.
pub const F_BY_INDEX: u32 = 2048;

static VERSION: AtomicU64 = AtomicU64::new(1);

impl Payload for Type {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.is_ptr() && (o.shape() == shape::TYPE || native::has_payload(o, shape::TYPE))
    }
}

impl Trace for Type {
    fn trace(&self, t: &mut Tracer) {
        self.name.trace(t);
        self.qualname.trace(t);
        self.dict.trace(t);
        self.mro.trace(t);
        self.bases.trace(t);
        self.base.trace(t);
        self.subclasses.trace(t);
        self.construct.trace(t);
        // `special` repeats values of the MRO's namespaces, but one of those
        // may change between a store there and the update here.
        self.special.iter().for_each(|s| t.slot(s));
    }
}

impl Type {
    /// `__name__`, for messages.
    pub fn name(&self) -> Cow<'static, str> {
        match self.name.get() {
            Some(n) => Cow::Owned(n.to_str().into_owned()),
            None => Cow::Borrowed("?"),
        }
    }
    /// `__name__`.
    pub fn name_obj(&self) -> Option<Gc<Str>> {
        self.name.get()
    }
    /// `__qualname__`.
    pub fn qualname(&self) -> Option<Gc<Str>> {
        self.qualname.get()
    }
    /// Rename (`__name__ = ...`).
    pub fn set_name(&self, cx: &Cx, n: Gc<Str>) {
        self.name.set(cx, Gc::of(self), n);
    }
    /// Change `__qualname__`.
    pub fn set_qualname(&self, cx: &Cx, n: Gc<Str>) {
        self.qualname.set(cx, Gc::of(self), n);
    }
    /// The namespace.
    pub fn dict(&self) -> Option<Gc<Dict>> {
        self.dict.get()
    }
    /// The classes to search, itself first.
    #[inline]
    pub fn mro(&self) -> &'static [Obj] {
        self.mro.get().map_or(&[], |m| m.items())
    }
    /// `__mro__`.
    pub fn mro_tuple(&self) -> Option<Gc<Tuple>> {
        self.mro.get()
    }
    /// `__bases__`.
    pub fn bases(&self) -> &'static [Obj] {
        self.bases.get().map_or(&[], |m| m.items())
    }
    /// `__bases__` as a tuple.
    pub fn bases_tuple(&self) -> Option<Gc<Tuple>> {
        self.bases.get()
    }
    /// `__base__`.
    pub fn base(&self) -> Option<Gc<Type>> {
        self.base.get()
    }
    /// Whether flag bits are set.
    #[inline(always)]
    pub fn has(&self, f: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & f != 0
    }
    /// Set or clear a flag.
    pub fn set_flag(&self, f: u32, on: bool) {
        if on {
            self.flags.fetch_or(f, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!f, Ordering::Relaxed);
        }
    }
    /// Whether instances have `__del__`.
    #[inline(always)]
    pub fn has_finalizer(&self) -> bool {
        self.has(F_FINALIZER)
    }
    /// TYPE-1.
    #[inline(always)]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
    /// The id of the interpreter that made it; `None` if all share it.
    pub fn interp(&self) -> Option<i64> {
        (self.interp.load(Ordering::Relaxed) as i64).checked_sub(1).filter(|id| *id >= 0)
    }
    /// The shape of fresh instances.
    #[inline(always)]
    pub fn root_shape(&self) -> u32 {
        self.root_shape.load(Ordering::Relaxed)
    }
    /// The special method `d`, unbound (TYPE-2).
    #[inline(always)]
    pub fn special(&self, d: Dunder) -> Option<Obj> {
        Obj::from_word(self.special[d as usize].load(Ordering::Acquire))
    }
    /// How instances are called.
    #[inline(always)]
    pub fn call_fn(&self) -> Option<CallFn> {
        match self.call.load(Ordering::Relaxed) {
            0 => None,
            // Only `set_call_fn` stores here.
            f => Some(unsafe { std::mem::transmute::<usize, CallFn>(f as usize) }),
        }
    }
    /// Set how instances are called natively.
    pub fn set_call_fn(&self, f: CallFn) {
        self.call.store(f as usize as u64, Ordering::Relaxed);
    }
    /// What calling the class with one positional argument does, if that is short.
    #[inline(always)]
    pub fn of_one(&self) -> Option<OneFn> {
        match self.of_one.load(Ordering::Relaxed) {
            0 => None,
            // Only `set_of_one` stores here.
            f => Some(unsafe { std::mem::transmute::<usize, OneFn>(f as usize) }),
        }
    }
    /// Set what calling the class with one positional argument does. The class is immutable
    /// and an instance of `type`: nobody can give it another `__new__`.
    pub fn set_of_one(&self, f: OneFn) {
        self.of_one.store(f as usize as u64, Ordering::Relaxed);
    }
    /// How exact instances are advanced natively, if they are.
    #[inline(always)]
    pub fn next_fn(&self) -> Option<NextFn> {
        match self.next.load(Ordering::Relaxed) {
            0 => None,
            // Only `set_next_fn` stores here.
            f => Some(unsafe { std::mem::transmute::<usize, NextFn>(f as usize) }),
        }
    }
    /// Set how instances are advanced natively. Subclasses do not inherit it.
    pub fn set_next_fn(&self, f: NextFn) {
        self.next.store(f as usize as u64, Ordering::Relaxed);
    }
    /// How exact instances give pairs without making tuples, if they do.
    #[inline(always)]
    pub fn next_pair_fn(&self) -> Option<NextPairFn> {
        match self.next_pair.load(Ordering::Relaxed) {
            0 => None,
            // Only `set_next_pair_fn` stores here.
            f => Some(unsafe { std::mem::transmute::<usize, NextPairFn>(f as usize) }),
        }
    }
    /// Set how instances give pairs. Subclasses do not inherit it.
    pub fn set_next_pair_fn(&self, f: NextPairFn) {
        self.next_pair.store(f as usize as u64, Ordering::Relaxed);
    }
    /// How exact instances are sent a value natively, if they are.
    #[inline(always)]
    pub fn send_fn(&self) -> Option<SendFn> {
        match self.send.load(Ordering::Relaxed) {
            0 => None,
            // Only `set_send_fn` stores here.
            f => Some(unsafe { std::mem::transmute::<usize, SendFn>(f as usize) }),
        }
    }
    /// Set how instances are sent a value. Subclasses do not inherit it.
    pub fn set_send_fn(&self, f: SendFn) {
        self.send.store(f as usize as u64, Ordering::Relaxed);
    }
    /// Search the MRO without a cache.
    pub fn lookup_uncached(&self, name: Gc<Str>) -> Option<Obj> {
        self.mro().iter().find_map(|c| class(*c).dict.get()?.get_str(name))
    }
    /// Search the MRO and tell which class had it.
    pub fn lookup_where(&self, name: Gc<Str>) -> Option<(Gc<Type>, Obj)> {
        self.mro().iter().find_map(|c| Some((class(*c), class(*c).dict.get()?.get_str(name)?)))
    }
    /// Whether this class is `other` or derives from it.
    #[inline]
    pub fn is_subtype(&self, other: Gc<Type>) -> bool {
        Gc::of(self) == other || self.mro().contains(&other.obj())
    }
    /// Whether it is exactly a native class, not derived in Python.
    pub fn is_native(&self) -> bool {
        !self.has(F_HEAP)
    }
}

/// A class from an MRO or bases tuple.
#[inline(always)]
pub fn class(o: Obj) -> Gc<Type> {
    debug_assert!(o.cast::<Type>().is_some());
    // MROs and bases hold classes only.
    unsafe { Gc::from_obj(o) }
}

/// `__module__` as found in the class's own namespace.
pub fn d_module(cx: &Cx, t: Gc<Type>) -> Option<Obj> {
    t.dict.get()?.get_str(name!(cx, "__module__"))
}

/// A new class object without contents.
pub(crate) fn alloc(cx: &Cx, meta_shape: u32) -> Result<Gc<Type>> {
    let size = shape::layout(meta_shape).size as usize;
    let p = cx.alloc(meta_shape, size)?;
    // Fresh zeroed object with a Type payload.
    Ok(unsafe { Gc::from_obj(Obj::from_word_unchecked(p as u64)) })
}

/// Set an attribute of a class and keep its tables true.
pub fn set_attr(cx: &Cx, t: Gc<Type>, name: Gc<Str>, value: Option<Obj>) -> Result<bool> {
    let Some(d) = t.dict.get() else { return Ok(false) };
    // TYPE-1: nothing may be cached between the change and the new version.
    forget(t);
    let before = d.get_str(name);
    let had = match value {
        Some(v) => {
            d.insert_str(cx, name, v)?;
            true
        }
        None => d.remove_str(cx, name).is_some(),
    };
    let shadowing = |v: Option<Obj>| v.is_some_and(has_shadowing_descriptor);
    let positions = str::is_cached(name) && (shadowing(before) || shadowing(value));
    if positions || matches!(&*name.to_str(), "__getattribute__" | "__setattr__" | "__delattr__") {
        flush_caches(cx);
    }
    if let Some(s) = name.as_ascii().and_then(Dunder::from_name) {
        note_source_change();
        update_special(cx, t, s);
    }
    renew(t);
    Ok(had)
}

/// Nothing that caches say of slots may be relied on any longer.
pub fn flush_caches(cx: &Cx) {
    if let Some(flush) = cx.rt().hooks().flush_caches.get() {
        flush(cx);
    }
}

/// Whether a class attribute takes precedence over instance attributes.
fn has_shadowing_descriptor(v: Obj) -> bool {
    let c = ops::class_of(v);
    c.special(Dunder::Set).is_some() || c.special(Dunder::Delete).is_some()
}

fn forget(t: Gc<Type>) {
    forget_tree(t);
    subclasses::each_follower(t, forget_tree);
}

fn forget_tree(t: Gc<Type>) {
    t.version.store(0, Ordering::SeqCst);
    subclasses::each(t, forget_tree);
}

/// Give the class and all that depend on it new versions.
pub fn renew(t: Gc<Type>) {
    renew_tree(t);
    subclasses::each_follower(t, renew_tree);
}

fn renew_tree(t: Gc<Type>) {
    t.version.store(VERSION.fetch_add(1, Ordering::Relaxed), Ordering::SeqCst);
    subclasses::each(t, renew_tree);
}

/// Look the special name up again, here and in all classes that depend on this one.
pub(crate) fn update_special(cx: &Cx, t: Gc<Type>, d: Dunder) {
    update_special_tree(cx, t, d);
    subclasses::each_follower(t, |s| update_special_tree(cx, s, d));
}

fn update_special_tree(cx: &Cx, t: Gc<Type>, d: Dunder) {
    until_unchanged(|| {
        let found = t.lookup_uncached(d_name(cx, d));
        t.special[d as usize].store(found.map_or(0, Obj::word), Ordering::Release);
        match d {
            Dunder::Del => t.set_flag(F_FINALIZER, found.is_some()),
            Dunder::Call if t.has(F_HEAP) => t.call.store(0, Ordering::Relaxed),
            _ => {}
        }
    });
    cx.barrier(t.obj());
    subclasses::each(t, |s| update_special_tree(cx, s, d));
}

/// How often something changed that tables of special methods are made from: an attribute
/// of such a name, or an MRO.
static SOURCES: AtomicU64 = AtomicU64::new(0);

/// What tables of special methods are made from has changed; the caller renews them now.
pub(crate) fn note_source_change() {
    SOURCES.fetch_add(1, Ordering::SeqCst);
}

/// Calls `fill`, which fills tables, until nothing has changed meanwhile: of two threads that
/// renew the same table, the one that has looked first may store last (TYPE-4).
fn until_unchanged(mut fill: impl FnMut()) {
    loop {
        let before = SOURCES.load(Ordering::SeqCst);
        fill();
        // What was stored is to be seen before the counter is read.
        fence(Ordering::SeqCst);
        if SOURCES.load(Ordering::SeqCst) == before {
            return;
        }
    }
}

/// The interned name of a special method.
pub fn d_name(cx: &Cx, d: Dunder) -> Gc<Str> {
    static NAMES: [AtomicU64; dunder::COUNT] = [const { AtomicU64::new(0) }; dunder::COUNT];
    match Obj::from_word(NAMES[d as usize].load(Ordering::Acquire)) {
        // STR-3.
        Some(o) => unsafe { Gc::from_obj(o) },
        None => {
            let s = cx.intern(d.name()).expect("memory for the names of special methods");
            NAMES[d as usize].store(s.obj().word(), Ordering::Release);
            s
        }
    }
}

/// Fill the whole table of special methods.
pub(crate) fn fill_special(cx: &Cx, t: Gc<Type>) {
    until_unchanged(|| fill_special_once(cx, t));
    cx.barrier(t.obj());
}

fn fill_special_once(cx: &Cx, t: Gc<Type>) {
    let put = |d: Dunder, word| t.special[d as usize].store(word, Ordering::Release);
    match t.mro().split_first() {
        // With one line of ancestors what they have is in the table of the first.
        Some((_, above @ [first, ..])) if class(*first).mro() == above => {
            for d in Dunder::all() {
                put(*d, class(*first).special[*d as usize].load(Ordering::Acquire));
            }
            let own = t.dict.get().into_iter().flat_map(|d| d.items());
            for (name, value) in own {
                if let Some(d) = name.cast::<Str>().and_then(|n| Dunder::named(&n.to_str())) {
                    put(d, value.word());
                }
            }
        }
        _ => {
            for d in Dunder::all() {
                put(*d, t.lookup_uncached(d_name(cx, *d)).map_or(0, Obj::word));
            }
        }
    }
    t.set_flag(F_FINALIZER, t.special(Dunder::Del).is_some());
}

/// Trace an object whose native payload is a `T`, and the words behind it.
unsafe fn trace_native<T: Trace>(p: *mut u8, t: &mut Tracer) {
    // The shape says that a `T` follows the header, then value slots.
    unsafe {
        (*(p.add(8) as *const T)).trace(t);
        let shape_id = (*(p as *const typhon_gc::Header)).shape.load(Ordering::Relaxed);
        let end = shape::layout(shape_id).size as usize;
        let mut at = (8 + size_of::<T>() + 7) & !7;
        while at < end {
            t.slot(&*(p.add(at) as *const AtomicU64));
            at += 8;
        }
    }
}

/// The layout of a native class with payload `T` and `words` slots behind it.
pub fn layout_of<T: Trace>(words: usize) -> LayoutInit {
    let size = ((8 + size_of::<T>() + 7) & !7) + 8 * words;
    LayoutInit::custom(size as u32, trace_native::<T>)
}

/// Make `T`'s class. Two threads may meet here; one class wins.
pub fn make_native<T: NativeClass>(cx: &mut Cx) -> Result<Gc<Type>> {
    let spec = const { &T::SPEC };
    let words = (spec.flags & native::DICT != 0) as usize;
    let base = match spec.base {
        Base::Object => class_for(shape::OBJECT),
        Base::Native(f) => class(f(cx)?.1),
        Base::Named(n) => {
            let b = builtin_class(cx, n)?;
            class(b)
        }
    };
    let payload_end = ((8 + size_of::<T>() + 7) & !7) as u32;
    let storage = if words > 0 { Storage::Slots } else { Storage::None };
    let shape_id = shape::new_root(layout_of::<T>(words), None, storage, payload_end, 0);
    let meta = match spec.meta {
        Some(f) => class(f(cx)?.1).root_shape(),
        None => shape::TYPE,
    };
    let t = make_class(cx, spec, base, shape_id, meta)?;
    set_cell(shape_id, T::cell());
    T::cell().set(t, cell_of(base));
    for m in spec.members.iter().filter(|m| m.kind == MemberKind::Constant) {
        let v = (m.call)(cx, &[], None)?;
        let n = cx.intern(m.name)?;
        t.dict.get().expect("classes have a namespace").insert_str(cx, n, v)?;
    }
    Ok(t)
}

/// A class of `builtins`, by name.
fn builtin_class(cx: &Cx, name: &str) -> Result<Obj> {
    let n = cx.intern(name)?;
    let d = cx.interp().builtins.get();
    // The root holds the builtins namespace once it exists.
    let found = Obj::from_word(d).and_then(|o| unsafe { Gc::<Dict>::from_obj(o) }.get_str(n));
    found.ok_or_else(|| cx.error(ExcKind::SystemError, format!("no built-in class {name}")))
}

/// The payload cell of a class's instances.
pub fn cell_of(t: Gc<Type>) -> Option<&'static ClassCell> {
    let p = shape::layout(t.root_shape()).user[1].load(Ordering::Acquire) as *const ClassCell;
    // user[1] holds null or a `&'static ClassCell`.
    unsafe { p.as_ref() }
}

/// Record which payload objects of a shape have.
pub fn set_cell(shape_id: u32, cell: &'static ClassCell) {
    shape::layout(shape_id).user[1].store(cell as *const ClassCell as u64, Ordering::Release);
}

/// The class whose exact instances have a fixed shape.
#[inline(always)]
pub fn class_for(fixed_shape: u32) -> Gc<Type> {
    shape::class_of_shape(fixed_shape)
}

fn make_class(cx: &Cx, spec: &'static ClassSpec, base: Gc<Type>, shape_id: u32, meta_shape: u32) -> Result<Gc<Type>> {
    let t = alloc(cx, meta_shape)?;
    finish_native(cx, t, spec.name, spec.module, spec.doc, Some(base), spec.flags, shape_id)?;
    add_members(cx, t, spec.members)?;
    if spec.flags & native::UNHASHABLE != 0 {
        set_attr(cx, t, d_name(cx, Dunder::Hash), Some(Obj::NONE))?;
    }
    Ok(t)
}

/// Fill in a fresh native class object.
#[allow(clippy::too_many_arguments)]
pub(crate) fn finish_native(
    cx: &Cx,
    t: Gc<Type>,
    name: &str,
    module: &str,
    doc: &str,
    base: Option<Gc<Type>>,
    flags: u32,
    shape_id: u32,
) -> Result<()> {
    let n = cx.intern(name)?;
    t.name.set(cx, t, n);
    t.qualname.set(cx, t, n);
    let d = dict::new(cx)?;
    t.dict.set(cx, t, d);
    t.subclasses.set(cx, t, list::new(cx, &[])?);
    let mut mro = vec![t.obj().word()];
    let mut f = F_IMMUTABLE;
    if let Some(b) = base {
        mro.extend(b.mro().iter().map(|o| o.word()));
        t.base.set(cx, t, b);
        f |= b.flags.load(Ordering::Relaxed) & (F_WEAKREF | F_DICT | F_MAPPING | F_SEQUENCE);
        subclasses::add(cx, b, t)?;
        t.call.store(b.call.load(Ordering::Relaxed), Ordering::Relaxed);
        t.alloc.store(b.alloc.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    let bases: Vec<Obj> = base.iter().map(|b| b.obj()).collect();
    t.bases.set(cx, t, tuple::new(cx, &bases)?);
    // `mro` only repeats words that the class's bases keep alive.
    let items: Vec<Obj> = mro.iter().filter_map(|w| Obj::from_word(*w)).collect();
    t.mro.set(cx, t, tuple::new(cx, &items)?);
    for (bit, flag) in [
        (native::SUBCLASSABLE, F_SUBCLASSABLE),
        (native::NO_NEW, F_NO_NEW),
        (native::MAPPING, F_MAPPING),
        (native::SEQUENCE, F_SEQUENCE),
        (native::BY_INDEX, F_BY_INDEX),
        (native::WEAKREF, F_WEAKREF),
        (native::DICT, F_DICT),
    ] {
        if flags & bit != 0 {
            f |= flag;
        }
    }
    t.flags.store(f, Ordering::Relaxed);
    t.root_shape.store(shape_id, Ordering::Release);
    shape::layout(shape_id).owner.store(t.obj().word(), Ordering::Release);
    // As in CPython, `__module__` of the classes of builtins is computed.
    if module != "builtins" {
        let m = str::new(cx, module)?;
        d.insert_str(cx, name!(cx, "__module__"), m.obj())?;
    }
    let doc = if doc.is_empty() { Obj::NONE } else { str::new(cx, doc)?.obj() };
    d.insert_str(cx, name!(cx, "__doc__"), doc)?;
    if flags & native::DICT != 0 && base.is_some_and(|b| !b.has(F_DICT)) {
        crate::own_dict::add_native(cx, t, d)?;
    }
    cx.rt().classes().append(cx, t.obj())?;
    fill_special(cx, t);
    renew(t);
    Ok(())
}

/// Add native members to a class.
pub fn add_members(cx: &Cx, t: Gc<Type>, members: &'static [Member]) -> Result<()> {
    let d = t.dict.get().expect("classes have a namespace");
    for m in members {
        let n = cx.intern(m.name)?;
        let v = match m.kind {
            MemberKind::Method | MemberKind::Function => {
                native::function(cx, shape::METHOD_DESCRIPTOR, m, None, Some(t.obj()))?
            }
            MemberKind::ClassMethod => native::function(cx, shape::CLASS_METHOD, m, None, Some(t.obj()))?,
            MemberKind::StaticMethod => native::function(cx, shape::NATIVE_FUNCTION, m, None, Some(t.obj()))?,
            // Like CPython's, `X.__new__` is a built-in method of X.
            MemberKind::New => native::function(cx, shape::NATIVE_FUNCTION, m, None, Some(t.obj()))?,
            MemberKind::GetSet => native::function(cx, shape::GETSET, m, None, Some(t.obj()))?,
            MemberKind::Constant => continue,
        };
        if m.kind == MemberKind::New {
            t.set_flag(F_NO_NEW, false);
        }
        d.insert_str(cx, n, v)?;
    }
    fill_special(cx, t);
    subclasses::each(t, |s| refill(cx, s));
    renew(t);
    Ok(())
}

/// Fill the tables of special methods of a class and all derived from it.
pub(crate) fn refill(cx: &Cx, t: Gc<Type>) {
    fill_special(cx, t);
    subclasses::each(t, |s| refill(cx, s));
}

/// The class of a core type: created at start-up with a fixed shape.
pub struct CoreClass {
    /// Its fixed shape.
    pub shape: u32,
    /// `__name__`.
    pub name: &'static str,
    /// `__doc__`.
    pub doc: &'static str,
    /// Flags as for `ClassSpec`.
    pub flags: u32,
}

/// A built-in exception class.
pub(crate) fn make_exception(cx: &Cx, kind: ExcKind, name: &str, doc: &str, base: Gc<Type>) -> Result<()> {
    let t = alloc(cx, shape::TYPE)?;
    let base_info = shape::info(base.root_shape());
    let shape_id = shape::new_root(layout_of::<exc::BaseException>(1), None, Storage::Slots, base_info.ext_offset, 0);
    finish_native(
        cx,
        t,
        name,
        "builtins",
        doc,
        Some(base),
        native::SUBCLASSABLE | native::DICT | native::WEAKREF,
        shape_id,
    )?;
    set_cell(shape_id, native::core_cell(shape::BASE_EXCEPTION));
    cx.rt().exceptions().set(cx, kind as usize, t.obj());
    Ok(())
}
