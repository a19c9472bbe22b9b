//! Calling: `f(*args)`, special methods, `isinstance`.

use super::class_of;
use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::exc::ExcKind;
use crate::method::Method;
use crate::native::{KwNames, NativeFunction};
use crate::obj::{Gc, Obj};
use crate::types::Type;
use crate::{Result, ops, shape, tuple};

/// Call `f`; the last `kw.len()` values of `args` are named by `kw`.
#[inline]
pub fn call(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    match class_of(f).call_fn() {
        // Native code that calls native code that calls ... has no frames to count.
        Some(_) if cx.native_stack_low() => Err(cx.recursion_error()),
        Some(native) => native(cx, f, args, kw),
        None => call_slow(cx, f, args, kw),
    }
}

/// Call without keywords.
#[inline]
pub fn call_args(cx: &mut Cx, f: Obj, args: &[Obj]) -> Result<Obj> {
    call(cx, f, args, None)
}

#[cold]
fn call_slow(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    match class_of(f).special(Dunder::Call) {
        Some(m) => {
            cx.enter()?;
            call_unbound(cx, m, f, args, kw)
        }
        None => Err(cx.type_error(format!("'{}' object is not callable", cx.type_name(f)))),
    }
}

/// Call with one more value in front.
pub fn call_prepend(cx: &mut Cx, f: Obj, first: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    // Special methods have none to two arguments: without copying a slice of unknown length.
    match *args {
        [] => return call_descriptor(cx, f, &[first], kw),
        [a] => return call_descriptor(cx, f, &[first, a], kw),
        [a, b] => return call_descriptor(cx, f, &[first, a, b], kw),
        _ => {}
    }
    const INLINE: usize = 6;
    if args.len() < INLINE {
        let mut a = [first; INLINE];
        a[1..=args.len()].copy_from_slice(args);
        return call_descriptor(cx, f, &a[..=args.len()], kw);
    }
    cx.scratch(args.len() + 1, |cx, words| {
        words[0] = first.word();
        for (w, a) in words[1..].iter_mut().zip(args) {
            *w = a.word();
        }
        // Every word was just filled with a value.
        let all = unsafe { std::slice::from_raw_parts(words.as_ptr() as *const Obj, words.len()) };
        call(cx, f, all, kw)
    })
}

/// Call what is most often a method of native code.
#[inline(always)]
fn call_descriptor(cx: &mut Cx, f: Obj, all: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    if f.shape() == shape::METHOD_DESCRIPTOR && !cx.native_stack_low() {
        // By its shape; these have no receiver of their own.
        let native: Gc<NativeFunction> = unsafe { Gc::from_obj(f) };
        return (native.call)(cx, all, kw);
    }
    call(cx, f, all, kw)
}

/// Call `m`, found on the class of `this`, as its method.
#[inline]
pub fn call_unbound(cx: &mut Cx, m: Obj, this: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    match m.shape() {
        shape::METHOD_DESCRIPTOR | shape::FUNCTION => call_prepend(cx, m, this, args, kw),
        _ => {
            let bound = ops::bind_descriptor(cx, m, this, class_of(this))?;
            call(cx, bound, args, kw)
        }
    }
}

/// Call the special method `d` of `this`; `None` if its class has none.
#[inline]
pub fn call_special(cx: &mut Cx, this: Obj, d: Dunder, args: &[Obj]) -> Result<Option<Obj>> {
    match class_of(this).special(d) {
        Some(m) if !m.is_none() => call_unbound(cx, m, this, args, None).map(Some),
        _ => Ok(None),
    }
}

/// `this.name(*args)`.
pub fn call_method(cx: &mut Cx, this: Obj, name: &str, args: &[Obj]) -> Result<Obj> {
    let n = cx.intern(name)?;
    let f = ops::get_attr(cx, this, n)?;
    call(cx, f, args, None)
}

/// How native functions are called (`Type::call`).
pub fn call_native_function(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    // This is the call function of native functions only.
    let f: Gc<NativeFunction> = unsafe { Gc::from_obj(f) };
    match f.receiver.obj() {
        None => (f.call)(cx, args, kw),
        Some(r) => {
            const INLINE: usize = 6;
            if args.len() < INLINE {
                let mut a = [r; INLINE];
                a[1..=args.len()].copy_from_slice(args);
                return (f.call)(cx, &a[..=args.len()], kw);
            }
            cx.scratch(args.len() + 1, |cx, words| {
                words[0] = r.word();
                for (w, a) in words[1..].iter_mut().zip(args) {
                    *w = a.word();
                }
                // Every word was just filled with a value.
                let all = unsafe { std::slice::from_raw_parts(words.as_ptr() as *const Obj, words.len()) };
                (f.call)(cx, all, kw)
            })
        }
    }
}

/// How bound methods are called.
pub fn call_method_object(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    // This is the call function of methods only.
    let m: Gc<Method> = unsafe { Gc::from_obj(f) };
    call_prepend(cx, m.func, m.this, args, kw)
}

/// How classes are called: `type.__call__`.
pub fn call_type(cx: &mut Cx, f: Obj, args: &[Obj], kw: Option<KwNames>) -> Result<Obj> {
    // This is the call function of classes only.
    let t: Gc<Type> = unsafe { Gc::from_obj(f) };
    if let ([arg], None, Some(make)) = (args, kw, t.of_one()) {
        return make(cx, *arg);
    }
    if f == crate::types::class_for(shape::TYPE).obj() && args.len() - kw.map_or(0, |k| k.len()) != 3 {
        return Err(cx.type_error("type() takes 1 or 3 arguments"));
    }
    if t.has(crate::types::F_NO_NEW) {
        return Err(cx.type_error(format!("cannot create '{}' instances", ops::full_name(cx, t))));
    }
    let Some(new) = t.special(Dunder::New) else {
        return Err(cx.type_error(format!("cannot create '{}' instances", ops::full_name(cx, t))));
    };
    cx.enter()?;
    let new = if new.shape() == shape::NATIVE_FUNCTION || new.shape() == shape::FUNCTION {
        new
    } else {
        ops::bind_descriptor_class(cx, new, t)?
    };
    let o = call_prepend(cx, new, f, args, kw)?;
    if !class_of(o).is_subtype(t) {
        return Ok(o);
    }
    if let Some(init) = class_of(o).special(Dunder::Init) {
        // `object.__init__` does nothing; to arguments it only objects where `__new__` is
        // `object`'s, too.
        let object = crate::types::class_for(shape::OBJECT);
        if Some(init) == object.special(Dunder::Init)
            && (args.is_empty() || class_of(o).special(Dunder::New) != object.special(Dunder::New))
        {
            return Ok(o);
        }
        let r = call_unbound(cx, init, o, args, kw)?;
        if !r.is_none() {
            return Err(cx.type_error(format!("__init__() should return None, not '{}'", cx.type_name(r))));
        }
    }
    Ok(o)
}

/// `isinstance(o, cls)`; `cls` may be a tuple or have `__instancecheck__`.
pub fn is_instance(cx: &mut Cx, o: Obj, cls: Obj) -> Result<bool> {
    is_instance_at(cx, o, cls, 0)
}

fn is_instance_at(cx: &mut Cx, o: Obj, cls: Obj, depth: u32) -> Result<bool> {
    if class_of(o).obj() == cls {
        return Ok(true);
    }
    if class_of(cls).obj() == crate::types::class_for(shape::TYPE).obj() {
        return real_is_instance(cx, o, cls);
    }
    if let Some(t) = cls.cast::<tuple::Tuple>() {
        return any_of(cx, t, depth, |cx, c| is_instance_at(cx, o, c, depth + 1));
    }
    cx.enter()?;
    match call_special(cx, cls, Dunder::InstanceCheck, &[o])? {
        Some(r) => ops::truth(cx, r),
        None => real_is_instance(cx, o, cls),
    }
}

/// How deep tuples of classes may be in one another. The native stack has room for more,
/// but each look at such a thing takes long.
const MAX_TUPLES: u32 = 50_000;

/// Whether `f` holds of an item.
fn any_of(
    cx: &mut Cx,
    t: Gc<tuple::Tuple>,
    depth: u32,
    mut f: impl FnMut(&mut Cx, Obj) -> Result<bool>,
) -> Result<bool> {
    cx.enter()?;
    if depth > MAX_TUPLES {
        return Err(cx.recursion_error());
    }
    for c in t.items() {
        if f(cx, *c)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `type.__instancecheck__`: by class, then by `__class__`.
pub fn real_is_instance(cx: &mut Cx, o: Obj, cls: Obj) -> Result<bool> {
    if let Some(c) = cls.cast::<Type>() {
        if class_of(o).is_subtype(c) {
            return Ok(true);
        }
        let n = crate::name!(cx, "__class__");
        // Only a class that overrides `__class__` can differ.
        if class_of(o).special(Dunder::GetAttribute)
            == crate::types::class_for(shape::OBJECT).special(Dunder::GetAttribute)
            && cx.lookup(class_of(o), n) == cx.lookup(crate::types::class_for(shape::OBJECT), n)
        {
            return Ok(false);
        }
        let k = ops::get_attr_opt(cx, o, n)?;
        return Ok(k.and_then(|k| k.cast::<Type>()).is_some_and(|k| k.is_subtype(c)));
    }
    let bases = bases_of(cx, cls)?;
    if bases.is_none() {
        return Err(cx.type_error("isinstance() arg 2 must be a type, a tuple of types, or a union"));
    }
    let n = crate::name!(cx, "__class__");
    match ops::get_attr_opt(cx, o, n)? {
        Some(k) => abstract_is_subclass(cx, k, cls),
        None => Ok(false),
    }
}

fn bases_of(cx: &mut Cx, cls: Obj) -> Result<Option<Gc<tuple::Tuple>>> {
    let n = crate::name!(cx, "__bases__");
    Ok(ops::get_attr_opt(cx, cls, n)?.and_then(|b| b.cast()))
}

fn abstract_is_subclass(cx: &mut Cx, d: Obj, cls: Obj) -> Result<bool> {
    if d == cls {
        return Ok(true);
    }
    cx.enter()?;
    let Some(b) = bases_of(cx, d)? else { return Ok(false) };
    for c in b.items() {
        if abstract_is_subclass(cx, *c, cls)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `issubclass(d, cls)`.
pub fn is_subclass(cx: &mut Cx, d: Obj, cls: Obj) -> Result<bool> {
    is_subclass_at(cx, d, cls, 0)
}

fn is_subclass_at(cx: &mut Cx, d: Obj, cls: Obj, depth: u32) -> Result<bool> {
    if class_of(cls).obj() == crate::types::class_for(shape::TYPE).obj() {
        if d == cls {
            return Ok(true);
        }
        return real_is_subclass(cx, d, cls);
    }
    if let Some(t) = cls.cast::<tuple::Tuple>() {
        return any_of(cx, t, depth, |cx, c| is_subclass_at(cx, d, c, depth + 1));
    }
    cx.enter()?;
    match call_special(cx, cls, Dunder::SubclassCheck, &[d])? {
        Some(r) => ops::truth(cx, r),
        None => real_is_subclass(cx, d, cls),
    }
}

/// `type.__subclasscheck__`.
pub fn real_is_subclass(cx: &mut Cx, d: Obj, cls: Obj) -> Result<bool> {
    if let (Some(a), Some(b)) = (d.cast::<Type>(), cls.cast::<Type>()) {
        return Ok(a.is_subtype(b));
    }
    if bases_of(cx, d)?.is_none() {
        return Err(cx.type_error("issubclass() arg 1 must be a class"));
    }
    if bases_of(cx, cls)?.is_none() {
        return Err(cx.type_error("issubclass() arg 2 must be a class, a tuple of classes, or a union"));
    }
    abstract_is_subclass(cx, d, cls)
}

/// Turn `Err(kind)` into `None`.
pub fn catch<T>(cx: &Cx, r: Result<T>, kind: ExcKind) -> Result<Option<T>> {
    match r {
        Ok(v) => Ok(Some(v)),
        Err(e) if e.is(cx, kind) => Ok(None),
        Err(e) => Err(e),
    }
}
