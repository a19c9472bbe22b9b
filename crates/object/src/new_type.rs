//! `type(name, bases, namespace)`: making classes.
//!
//! Tests: `tests/types.rs`; CPython test_descr, test_metaclass.

use crate::cx::Cx;
use crate::dict::{self, Dict};
use crate::dunder::Dunder;
use crate::exc::ExcKind;
use crate::native::{Payload, Trace};
use crate::obj::{Gc, Obj};
use crate::shape::{self, Storage};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::types::{self, Type, class, d_name};
use crate::{Result, Tracer, intern, list, mro, name, ops, subclasses, tuple};
use std::sync::atomic::{AtomicU64, Ordering};
use typhon_gc::{LayoutInit, LayoutKind};

/// A `__slots__` member: the word of an instance at a fixed offset.
#[repr(C)]
pub struct MemberDescr {
    /// Name.
    pub name: Obj,
    /// The class that defines it.
    pub owner: Obj,
    /// Byte offset in instances, or behind their payload, if [`BEHIND_PAYLOAD`] is set.
    pub offset: u32,
}

/// Marks a [`MemberDescr::offset`] that counts from the end of a payload whose size varies.
pub const BEHIND_PAYLOAD: u32 = 1 << 31;

impl Trace for MemberDescr {
    fn trace(&self, t: &mut Tracer) {
        self.name.trace(t);
        self.owner.trace(t);
    }
}

impl Payload for MemberDescr {
    fn is(o: Obj) -> bool {
        o.shape() == shape::MEMBER
    }
}

impl MemberDescr {
    /// The member's word in `o`, an instance of `owner`.
    pub fn word(&self, o: Obj) -> &'static AtomicU64 {
        let at = match self.offset & BEHIND_PAYLOAD {
            0 => self.offset as usize,
            _ => shape::var_payload_size(o) + (self.offset & !BEHIND_PAYLOAD) as usize,
        };
        // TYPE-3: instances of `owner` have this word.
        unsafe { &*(o.addr().add(at) as *const AtomicU64) }
    }
}

/// The most derived metaclass of `meta` and the bases' classes.
pub fn calculate_metaclass(cx: &Cx, meta: Gc<Type>, bases: &[Obj]) -> Result<Gc<Type>> {
    let mut winner = meta;
    for b in bases {
        let m = ops::class_of(*b);
        if winner.is_subtype(m) {
            continue;
        }
        if m.is_subtype(winner) {
            winner = m;
            continue;
        }
        return Err(cx.type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
        ));
    }
    Ok(winner)
}

/// `type.__new__(meta, name, bases, namespace)`, without the calls of
/// `__set_name__` and `__init_subclass__`, which `finish` makes.
pub fn new_type(cx: &mut Cx, meta: Gc<Type>, name: Gc<Str>, bases: Gc<Tuple>, ns: Gc<Dict>) -> Result<Gc<Type>> {
    let bases = if bases.is_empty() { tuple::new(cx, &[types::class_for(shape::OBJECT).obj()])? } else { bases };
    for b in bases.items() {
        match b.cast::<Type>() {
            None => return Err(cx.type_error("bases must be types")),
            Some(t) if !t.has(types::F_SUBCLASSABLE) => {
                return Err(cx.type_error(format!("type '{}' is not an acceptable base type", ops::full_name(cx, t))));
            }
            Some(_) => {}
        }
    }
    let base = best_base(cx, bases.items())?;
    let d = dict::copy(cx, &ns)?;
    let slots = d.get_str(name!(cx, "__slots__"));
    let t = types::alloc(cx, meta.root_shape())?;
    t.interp.store(cx.interp().id() as u64 + 1, Ordering::Relaxed);
    t.name.set(cx, t, name);
    t.dict.set(cx, t, d);
    t.bases.set(cx, t, bases);
    t.base.set(cx, t, base);
    t.subclasses.set(cx, t, list::new(cx, &[])?);
    let mut flags = types::F_HEAP | types::F_SUBCLASSABLE | (base.flags.load(Ordering::Relaxed) & types::F_VARIABLE);
    for b in bases.items() {
        flags |= class(*b).flags.load(Ordering::Relaxed) & (types::F_DICT | types::F_WEAKREF);
    }
    let q = name!(cx, "__qualname__");
    match d.remove_str(cx, q) {
        Some(v) => match v.cast::<Str>() {
            Some(s) => t.qualname.set(cx, t, s),
            None => {
                return Err(cx.type_error(format!("type __qualname__ must be a str, not {}", cx.type_name(v))));
            }
        },
        None => t.qualname.set(cx, t, name),
    }
    // Before members, one of which may have this name.
    let classcell = d.remove_str(cx, name!(cx, "__classcell__"));
    let dictcell = d.remove_str(cx, name!(cx, "__classdictcell__"));
    let members = match slots {
        Some(s) => slot_names(cx, s, name, &mut flags, base, d)?,
        None => {
            flags |= types::F_DICT | types::F_WEAKREF;
            None
        }
    };
    t.flags.store(flags, Ordering::Relaxed);
    lay_out(cx, t, base, members, d)?;
    // Functions that Python makes class or static methods of.
    wrap_implicit(cx, d)?;
    if let Some(c) = classcell {
        match cx.rt().set_cell_hook() {
            Some(f) => f(cx, c, t.obj())?,
            None => return Err(cx.type_error("__classcell__ must be a nonlocal cell")),
        }
    }
    // What is evaluated later sees the class as it is then.
    if let (Some(c), Some(f)) = (dictcell, cx.rt().set_cell_hook()) {
        f(cx, c, d.obj())?;
    }
    if d.get_str(name!(cx, "__doc__")).is_none() {
        d.insert_str(cx, name!(cx, "__doc__"), Obj::NONE)?;
    }
    crate::own_dict::add(cx, t, base, d)?;
    let hash = d_name(cx, Dunder::Hash);
    if d.get_str(d_name(cx, Dunder::Eq)).is_some() && d.get_str(hash).is_none() {
        d.insert_str(cx, hash, Obj::NONE)?;
    }
    let changes = mro::changes();
    mro::set(cx, t, meta)?;
    for b in bases.items() {
        subclasses::add(cx, class(*b), t)?;
    }
    if mro::changes() != changes {
        // Another thread has changed the bases of a class, perhaps of one of ours, and gone
        // through its subclasses before this one was among them.
        mro::set(cx, t, meta)?;
    }
    // Of two kinds of pattern a class matches the one that comes first.
    let kinds = types::F_MAPPING | types::F_SEQUENCE;
    let first = t.mro().iter().skip(1).map(|c| class(*c).flags.load(Ordering::Relaxed) & kinds).find(|k| *k != 0);
    t.flags.fetch_or(first.unwrap_or(0), Ordering::Relaxed);
    inherit_call(t);
    types::fill_special(cx, t);
    types::renew(t);
    Ok(t)
}

/// How instances of a Python class are called, when they are classes.
fn inherit_call(t: Gc<Type>) {
    let base = t.base().expect("classes have a base");
    t.alloc.store(base.alloc.load(Ordering::Relaxed), Ordering::Relaxed);
    let dunder_call_defined =
        t.dict().is_some_and(|d| d.items().any(|(k, _)| k.cast::<Str>().is_some_and(|s| s.eq_str("__call__"))));
    if !dunder_call_defined
        && t.mro().iter().skip(1).all(|c| {
            class(*c) == base
                || class(*c).call.load(Ordering::Relaxed) == base.call.load(Ordering::Relaxed)
                || base.is_subtype(class(*c))
        })
    {
        t.call.store(base.call.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// `__set_name__` of the namespace's values, then `__init_subclass__`.
pub fn finish(cx: &mut Cx, t: Gc<Type>, args: &[Obj], kw: Option<Gc<Tuple>>) -> Result<()> {
    let items = list::new(cx, &[])?;
    for (k, v) in t.dict().expect("classes have a namespace").items() {
        items.append(cx, k)?;
        items.append(cx, v)?;
    }
    let mut i = 0;
    while let (Some(k), Some(v)) = (items.get(i), items.get(i + 1)) {
        i += 2;
        if let Some(f) = ops::class_of(v).special(Dunder::SetName)
            && let Err(e) = ops::call_unbound(cx, f, v, &[t.obj(), k], None)
        {
            let note = format!(
                "Error calling __set_name__ on '{}' instance {} in '{}'",
                cx.type_name(v),
                ops::repr(cx, k)?.to_str(),
                t.name()
            );
            add_note(cx, e.obj(), &note)?;
            return Err(e);
        }
    }
    let n = d_name(cx, Dunder::InitSubclass);
    // super(t, t).__init_subclass__
    let found = t.mro().iter().skip(1).find_map(|c| class(*c).dict()?.get_str(n));
    if let Some(f) = found {
        let bound = ops::bind_descriptor_class(cx, f, t)?;
        ops::call(cx, bound, args, kw)?;
    }
    Ok(())
}

/// `e.add_note(note)`.
pub fn add_note(cx: &mut Cx, e: Obj, note: &str) -> Result<()> {
    let s = crate::str::new(cx, note)?;
    ops::call_method(cx, e, "add_note", &[s.obj()]).map(|_| ())
}

fn wrap_implicit(cx: &mut Cx, d: Gc<Dict>) -> Result<()> {
    let Some(hook) = cx.rt().wrap_method_hook() else { return Ok(()) };
    for (n, is_static) in [(Dunder::New, true), (Dunder::InitSubclass, false), (Dunder::ClassGetItem, false)] {
        let key = d_name(cx, n);
        if let Some(f) = d.get_str(key)
            && f.shape() == shape::FUNCTION
        {
            let w = hook(cx, f, is_static)?;
            d.insert_str(cx, key, w)?;
        }
    }
    Ok(())
}

/// The base whose layout the class extends.
pub fn best_base(cx: &Cx, bases: &[Obj]) -> Result<Gc<Type>> {
    let mut best = class(bases[0]);
    for b in &bases[1..] {
        let b = class(*b);
        let (s, t) = (solid(best), solid(b));
        if s.is_subtype(t) {
            continue;
        }
        if t.is_subtype(s) {
            best = b;
            continue;
        }
        return Err(cx.type_error("multiple bases have instance lay-out conflict"));
    }
    Ok(best)
}

/// The nearest base that adds storage of fixed place.
pub(crate) fn solid(t: Gc<Type>) -> Gc<Type> {
    let mut t = t;
    loop {
        let Some(b) = t.base() else { return t };
        let (l, m) = (shape::info(t.root_shape()), shape::info(b.root_shape()));
        let same_cell = match (types::cell_of(t), types::cell_of(b)) {
            (Some(a), Some(b)) => std::ptr::eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if !same_cell || fixed_end(l, t) != fixed_end(m, b) {
            return t;
        }
        t = b;
    }
}

/// Where the fixed part of instances ends.
pub fn fixed_end(s: &shape::ShapeInfo, t: Gc<Type>) -> u32 {
    if t.has(types::F_VARIABLE) {
        shape::layout(s.id).nslots.into()
    } else if s.ext_offset != 0 {
        s.ext_offset
    } else {
        shape::layout(s.id).size
    }
}

/// Read `__slots__`: the mangled member names, sorted out from `__dict__` and
/// `__weakref__`.
fn slot_names(
    cx: &mut Cx,
    slots: Obj,
    class_name: Gc<Str>,
    flags: &mut u32,
    base: Gc<Type>,
    ns: Gc<Dict>,
) -> Result<Option<Gc<list::List>>> {
    let l = match slots.cast::<Str>() {
        Some(_) => list::new(cx, &[slots])?,
        None => ops::list_from_iter(cx, slots)?,
    };
    let out = list::new(cx, &[])?;
    let mut i = 0;
    while let Some(s) = l.get(i) {
        i += 1;
        let Some(s) = s.cast::<Str>() else {
            return Err(cx.type_error(format!("__slots__ items must be strings, not '{}'", cx.type_name(s))));
        };
        let text = s.to_str().into_owned();
        if !is_identifier(&text) {
            return Err(cx.type_error("__slots__ must be identifiers"));
        }
        match text.as_str() {
            "__dict__" => {
                if *flags & types::F_DICT != 0 {
                    return Err(cx.type_error("__dict__ slot disallowed: we already got one"));
                }
                *flags |= types::F_DICT;
            }
            "__weakref__" => {
                if *flags & types::F_WEAKREF != 0 {
                    return Err(cx.type_error("__weakref__ slot disallowed: we already got one"));
                }
                *flags |= types::F_WEAKREF;
            }
            _ => {
                if base.has(types::F_VARIABLE) && !base.is_subtype(types::class_for(shape::STR)) {
                    return Err(
                        cx.type_error(format!("nonempty __slots__ not supported for subtype of '{}'", base.name()))
                    );
                }
                let m = intern::intern_str(cx, &mangle(&class_name.to_str(), &text))?;
                let transient = matches!(text.as_str(), "__qualname__" | "__classcell__" | "__classdictcell__");
                if ns.get_str(m).is_some() && !transient {
                    return Err(cx.value_error(format!("'{text}' in __slots__ conflicts with class variable")));
                }
                out.append(cx, m.obj())?;
            }
        }
    }
    // As in CPython, the order of places is that of the names.
    let key = |i: usize| out.get(i).and_then(|o| o.cast::<Str>());
    for i in 1..out.len() {
        let mut j = i;
        while let (Some(a), Some(b)) = (key(j.wrapping_sub(1)), key(j))
            && a.compare(&b).is_gt()
        {
            out.set(cx, j - 1, b.obj());
            out.set(cx, j, a.obj());
            j -= 1;
        }
    }
    Ok(Some(out))
}

fn is_identifier(s: &str) -> bool {
    let mut c = s.chars();
    c.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && c.all(|c| c == '_' || c.is_alphanumeric())
}

fn mangle(class_name: &str, s: &str) -> String {
    let stripped = class_name.trim_start_matches('_');
    if s.starts_with("__") && !s.ends_with("__") && !stripped.is_empty() {
        format!("_{stripped}{s}")
    } else {
        s.to_string()
    }
}

/// The most inline attribute slots that a class gets.
const MAX_INLINE: usize = 24;
/// The slots of a class that does not say what attributes there will be.
const UNKNOWN_INLINE: usize = 4;

/// Whether instances of a class are classes or modules, which have a namespace
/// in their payload and no other attributes.
fn has_namespace(base: Gc<Type>) -> bool {
    let cells = || std::iter::successors(types::cell_of(base), |c| c.parent());
    cells().any(|c| [shape::TYPE, shape::MODULE].iter().any(|s| std::ptr::eq(c, crate::native::core_cell(*s))))
}

/// Decide the layout of instances and make the root shape (TYPE-3).
fn lay_out(cx: &mut Cx, t: Gc<Type>, base: Gc<Type>, members: Option<Gc<list::List>>, d: Gc<Dict>) -> Result<()> {
    let bl = shape::layout(base.root_shape());
    let bi = shape::info(base.root_shape());
    let has_dict = t.has(types::F_DICT);
    let storage = if has_dict && !has_namespace(base) { Storage::Slots } else { Storage::None };
    if base.has(types::F_VARIABLE) {
        // An ext word behind the payload, then the members.
        let first = bl.nslots;
        let init = LayoutInit {
            kind: LayoutKind::Custom,
            size: 0,
            nslots: first + members.map_or(0, |m| m.len()) as u16,
            trace: trace_variable,
            size_fn: size_variable,
            flags: typhon_gc::TRACE_OWNER,
            ..LayoutInit::custom_var(size_variable, trace_variable)
        };
        let id = shape::new_root(init, Some(t), storage, 0, 0);
        for i in 1..4 {
            shape::layout(id).user[i].store(bl.user[i].load(Ordering::Relaxed), Ordering::Release);
        }
        t.root_shape.store(id, Ordering::Release);
        return match members {
            Some(m) => add_members(cx, t, m, d, BEHIND_PAYLOAD | (8 + 8 * u32::from(first))),
            None => Ok(()),
        };
    }
    // Words up to here are the base's; its ext word and inline slots are not
    // repeated, since a subclass lays those out anew.
    let fixed = if bi.ext_offset != 0 { bi.ext_offset as usize } else { bl.size as usize };
    let n = members.map_or(0, |m| m.len());
    let ext = fixed + 8 * n;
    let inline = if storage == Storage::Slots { inline_slots(cx, base, d)? } else { 0 };
    let size = ext + if storage == Storage::Slots { 8 + 8 * inline } else { 0 };
    let mut init = LayoutInit {
        kind: bl.kind,
        trace: bl.trace,
        size: size as u32,
        nslots: ((size - 8) / 8) as u16,
        flags: bl.flags | typhon_gc::TRACE_OWNER,
        ..LayoutInit::slots(0)
    };
    if bl.kind == LayoutKind::Leaf {
        // A leaf payload (float) with words behind it.
        init.kind = LayoutKind::Custom;
        init.trace = trace_leaf_tail;
    }
    let ext_offset = if storage == Storage::Slots { ext as u32 } else { 0 };
    let id = shape::new_root(init, Some(t), storage, ext_offset, inline as u32);
    for i in 1..4 {
        shape::layout(id).user[i].store(bl.user[i].load(Ordering::Relaxed), Ordering::Release);
    }
    t.root_shape.store(id, Ordering::Release);
    match members {
        Some(m) => add_members(cx, t, m, d, fixed as u32),
        None => Ok(()),
    }
}

/// The descriptors of `__slots__`, of which the first has this offset.
fn add_members(cx: &mut Cx, t: Gc<Type>, members: Gc<list::List>, d: Gc<Dict>, first: u32) -> Result<()> {
    for i in 0..members.len() {
        let name = members.get(i).expect("the list is ours");
        let p = cx.alloc(shape::MEMBER, 8 + size_of::<MemberDescr>())?;
        // Fresh object of this layout.
        let descr = unsafe {
            let m = MemberDescr { name, owner: t.obj(), offset: first + 8 * i as u32 };
            (p.add(8) as *mut MemberDescr).write(m);
            Obj::from_word_unchecked(p as u64)
        };
        // Slot names are interned strings.
        d.insert_str(cx, unsafe { Gc::from_obj(name) }, descr)?;
    }
    Ok(())
}

/// How many attributes to expect: what the class's methods and those of its
/// bases store on their first argument, and what is annotated, which a dataclass gets
/// its methods for only later. Where nothing is known, a few more are likely than none.
fn inline_slots(cx: &Cx, base: Gc<Type>, d: Gc<Dict>) -> Result<usize> {
    // Names of code are interned and live for ever (STR-3).
    let mut names = std::collections::HashSet::new();
    if let Some(visit) = cx.rt().hooks().own_attributes.get() {
        for (_, v) in d.items() {
            visit(v, &mut |name| {
                names.insert(name.word());
            });
        }
    }
    let annotated = d.get_str(name!(cx, "__annotations__")).and_then(|o| o.cast::<Dict>());
    for (name, _) in annotated.iter().flat_map(|a| a.items()) {
        names.insert(name.word());
    }
    // It also knows what functions do in which the argument is a cell.
    let named = d.get_str(name!(cx, "__static_attributes__")).and_then(|o| o.cast::<Tuple>()).map_or(0, |t| t.len());
    let own = names.len().max(named);
    let inherited = shape::info(base.root_shape()).inline as usize;
    Ok(match own + inherited {
        0 => UNKNOWN_INLINE,
        n => n.clamp(2, MAX_INLINE),
    })
}

unsafe fn trace_leaf_tail(p: *mut u8, t: &mut Tracer) {
    // A Float payload, then value slots to the end.
    unsafe {
        let id = (*(p as *const typhon_gc::Header)).shape.load(Ordering::Relaxed);
        let mut at = 16;
        while at < shape::layout(id).size as usize {
            t.slot(&*(p.add(at) as *const AtomicU64));
            at += 8;
        }
    }
}

/// Size of a variable payload, the ext word and the members.
unsafe fn size_variable(p: *const u8) -> usize {
    // Live objects of a shape made by `lay_out`.
    unsafe {
        let id = (*(p as *const typhon_gc::Header)).shape.load(Ordering::Relaxed);
        let f = shape::layout(id).user[2].load(Ordering::Relaxed);
        let f: crate::native::VarSizeFn = std::mem::transmute(f as usize);
        f(p) + 8 + 8 * shape::layout(id).nslots as usize
    }
}

unsafe fn trace_variable(p: *mut u8, t: &mut Tracer) {
    // Live objects of a shape made by `lay_out`.
    unsafe {
        let id = (*(p as *const typhon_gc::Header)).shape.load(Ordering::Relaxed);
        let l = shape::layout(id);
        let end = {
            let f = l.user[2].load(Ordering::Relaxed);
            let f: crate::native::VarSizeFn = std::mem::transmute(f as usize);
            f(p)
        };
        // user[3] tells whether the payload holds references: a tuple's, but for its hash.
        if l.user[3].load(Ordering::Relaxed) != 0 {
            let mut at = 16;
            while at < end - crate::tuple::TAIL {
                t.slot(&*(p.add(at) as *const AtomicU64));
                at += 8;
            }
        }
        for i in 0..=l.nslots as usize {
            t.slot(&*(p.add(end + 8 * i) as *const AtomicU64));
        }
    }
}

/// Raise the TypeError of an abstract class being instantiated.
pub fn abstract_error(cx: &mut Cx, t: Gc<Type>) -> Result<crate::exc::Raised> {
    let n = name!(cx, "__abstractmethods__");
    let names = match t.dict().and_then(|d| d.get_str(n)) {
        Some(s) => ops::list_from_iter(cx, s)?,
        None => list::new(cx, &[])?,
    };
    let mut v: Vec<String> =
        (0..names.len()).filter_map(|i| names.get(i)?.cast::<Str>().map(|s| s.to_str().into_owned())).collect();
    v.sort();
    let plural = if v.len() == 1 { "" } else { "s" };
    let quoted: Vec<String> = v.iter().map(|s| format!("'{s}'")).collect();
    Ok(cx.error(
        ExcKind::TypeError,
        format!(
            "Can't instantiate abstract class {} without an implementation for abstract method{plural} {}",
            t.name(),
            quoted.join(", ")
        ),
    ))
}
