//! Attributes of native functions and of the descriptors in native classes.
//!
//! Tests: tests/containers.rs; CPython test_descr, test_inspect.

use std::sync::atomic::Ordering;
use typhon_macros::class;
use typhon_object::native::{Args, MemberKind, NativeFunction};
use typhon_object::new_type::MemberDescr;
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{CompareOp, Cx, Dunder, ExcKind, Gc, Obj, Result, exc, method, ops, shape, str, tuple};

/// Whether CPython implements the special method `name` in a type slot, and so
/// calls it a slot wrapper rather than a method.
fn is_slot(name: &str) -> bool {
    Dunder::from_name(name).is_some_and(Dunder::is_operator)
}

fn owner_class(f: &NativeFunction) -> Option<Gc<Type>> {
    f.owner.obj().and_then(|o| o.cast::<Type>())
}

fn qualname(f: &NativeFunction) -> String {
    let name = f.member().name;
    let class = match f.receiver.obj() {
        // A class method, or a method bound to an instance.
        Some(r) => r.cast::<Type>().or(owner_class(f)),
        None => owner_class(f),
    };
    match class {
        Some(c) => match c.qualname() {
            Some(q) => format!("{}.{name}", q.to_str()),
            None => format!("{}.{name}", c.name()),
        },
        None => name.to_owned(),
    }
}

fn optional(cx: &Cx, s: &str) -> Result<Obj> {
    if s.is_empty() { Ok(Obj::NONE) } else { Ok(str::new(cx, s)?.obj()) }
}

struct FunctionMethods;

#[class(name = "builtin_function_or_method", extends = NativeFunction)]
impl FunctionMethods {
    #[getter]
    fn __name__(this: Gc<NativeFunction>) -> &'static str {
        this.member().name
    }
    #[getter]
    fn __qualname__(this: Gc<NativeFunction>) -> String {
        qualname(&this)
    }
    #[getter]
    fn __doc__(this: Gc<NativeFunction>, cx: &Cx) -> Result<Obj> {
        optional(cx, this.member().doc)
    }
    #[getter]
    fn __text_signature__(this: Gc<NativeFunction>, cx: &Cx) -> Result<Obj> {
        // What a constructor takes is told by its class.
        if this.member().kind == MemberKind::New {
            return optional(cx, "($type, *args, **kwargs)");
        }
        // inspect takes `$` as the mark of a bound first parameter.
        let s = this.member().signature;
        for p in ["(self", "(type"] {
            if let Some(rest) = s.strip_prefix(p)
                && this.member().kind != MemberKind::Function
            {
                return optional(cx, &format!("(${}{rest}", &p[1..]));
            }
        }
        optional(cx, s)
    }
    #[getter]
    fn __self__(this: Gc<NativeFunction>, cx: &Cx) -> Result<Obj> {
        if let Some(r) = this.receiver.obj() {
            return Ok(r);
        }
        if let Some(c) = owner_class(&this) {
            return Ok(c.obj());
        }
        // A module's function knows its module by name.
        let modules = Obj::from_word(cx.interp().modules.get()).and_then(|o| o.cast::<typhon_object::dict::Dict>());
        let name = this.owner.obj().and_then(|o| o.cast::<Str>());
        Ok(match (modules, name) {
            (Some(m), Some(n)) => m.get_str(n).unwrap_or(Obj::NONE),
            _ => Obj::NONE,
        })
    }
    #[getter]
    fn __module__(this: Gc<NativeFunction>) -> Obj {
        this.owner.obj().filter(|o| o.cast::<Str>().is_some()).unwrap_or(Obj::NONE)
    }
    fn __call__(this: Gc<NativeFunction>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        ops::call_native_function(cx, this.obj(), args.all(), args.kw)
    }
    fn __repr__(this: Gc<NativeFunction>, cx: &mut Cx) -> Result<String> {
        let name = this.member().name;
        let of = match this.receiver.obj() {
            Some(r) => r,
            None => match owner_class(&this) {
                Some(c) => c.obj(),
                None => return Ok(format!("<built-in function {name}>")),
            },
        };
        let kind = if is_slot(name) && this.receiver.obj().is_some() { "method-wrapper" } else { "built-in method" };
        let quote = if kind == "method-wrapper" { "'" } else { "" };
        Ok(format!("<{kind} {quote}{name}{quote} of {} object at {:#x}>", cx.type_name(of), of.word()))
    }
    fn __richcmp__(this: Gc<NativeFunction>, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        let _ = cx;
        let Some(b) = other.cast::<NativeFunction>().filter(|_| other.shape() == shape::NATIVE_FUNCTION) else {
            return Ok(Obj::NOT_IMPLEMENTED);
        };
        let same = this.receiver.word() == b.receiver.word() && std::ptr::eq(this.member(), b.member());
        Ok(match op {
            CompareOp::Eq => Obj::bool(same),
            CompareOp::Ne => Obj::bool(!same),
            _ => Obj::NOT_IMPLEMENTED,
        })
    }
    fn __hash__(this: Gc<NativeFunction>) -> i64 {
        let at = this.member() as *const _ as u64;
        let h = (at.rotate_right(4) ^ this.receiver.word().rotate_right(4)) as i64;
        if h == -1 { -2 } else { h }
    }
    fn __reduce__(this: Gc<NativeFunction>, cx: &mut Cx) -> Result<Obj> {
        let name = str::new(cx, this.member().name)?.obj();
        let of = match this.receiver.obj() {
            Some(r) => r,
            None => match owner_class(&this) {
                Some(c) => c.obj(),
                None => return Ok(name),
            },
        };
        let f = crate::functions::builtin(cx, "getattr")?;
        let args = tuple::new(cx, &[of, name])?;
        Ok(tuple::new(cx, &[f, args.obj()])?.obj())
    }
}

/// What descriptors of native classes have in common.
struct DescriptorMethods;

#[class(name = "method_descriptor", extends = NativeFunction)]
impl DescriptorMethods {
    #[getter]
    fn __name__(this: Gc<NativeFunction>) -> &'static str {
        this.member().name
    }
    #[getter]
    fn __qualname__(this: Gc<NativeFunction>) -> String {
        qualname(&this)
    }
    #[getter]
    fn __doc__(this: Gc<NativeFunction>, cx: &Cx) -> Result<Obj> {
        optional(cx, this.member().doc)
    }
    #[getter]
    fn __objclass__(this: Gc<NativeFunction>) -> Option<Obj> {
        this.owner.obj()
    }
    fn __repr__(this: Gc<NativeFunction>) -> String {
        let name = this.member().name;
        let what = match this.obj().shape() {
            shape::GETSET => "attribute",
            shape::METHOD_DESCRIPTOR if is_slot(name) => "slot wrapper",
            _ => "method",
        };
        let class = owner_class(&this).map_or("?".into(), |c| c.name());
        format!("<{what} '{name}' of '{class}' objects>")
    }
    fn __reduce__(this: Gc<NativeFunction>, cx: &mut Cx) -> Result<Obj> {
        let f = crate::functions::builtin(cx, "getattr")?;
        let name = str::new(cx, this.member().name)?.obj();
        let args = tuple::new(cx, &[this.owner.obj().unwrap_or(Obj::NONE), name])?;
        Ok(tuple::new(cx, &[f, args.obj()])?.obj())
    }
}

fn wrong_receiver(cx: &Cx, this: &NativeFunction, o: Obj) -> typhon_object::Raised {
    let class = owner_class(this).map_or("?".into(), |c| ops::type_name(cx, c));
    cx.type_error(format!(
        "descriptor '{}' for '{class}' objects doesn't apply to a '{}' object",
        this.member().name,
        cx.type_name(o)
    ))
}

struct MethodDescriptorMethods;

#[class(name = "method_descriptor", extends = NativeFunction)]
impl MethodDescriptorMethods {
    #[getter]
    fn __text_signature__(this: Gc<NativeFunction>, cx: &Cx) -> Result<Obj> {
        FunctionMethods::__text_signature__(this, cx)
    }
    fn __call__(this: Gc<NativeFunction>, cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        ops::call_native_function(cx, this.obj(), args.all(), args.kw)
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<NativeFunction>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        if this.obj().shape() == shape::CLASS_METHOD {
            let c = if owner.is_none() { ops::class_of(instance).obj() } else { owner };
            return method::bind(cx, this.obj(), c);
        }
        if instance.is_none() && !owner.is_none() {
            return Ok(this.obj());
        }
        if owner_class(&this).is_some_and(|c| !ops::class_of(instance).is_subtype(c)) {
            return Err(wrong_receiver(cx, &this, instance));
        }
        method::bind(cx, this.obj(), instance)
    }
}

struct GetSetMethods;

#[class(name = "getset_descriptor", extends = NativeFunction)]
impl GetSetMethods {
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<NativeFunction>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        if instance.is_none() && !owner.is_none() {
            return Ok(this.obj());
        }
        if owner_class(&this).is_some_and(|c| !ops::class_of(instance).is_subtype(c)) {
            return Err(wrong_receiver(cx, &this, instance));
        }
        (this.call)(cx, &[instance], None)
    }
    fn __set__(this: Gc<NativeFunction>, cx: &mut Cx, instance: Obj, value: Obj) -> Result<()> {
        if owner_class(&this).is_some_and(|c| !ops::class_of(instance).is_subtype(c)) {
            return Err(wrong_receiver(cx, &this, instance));
        }
        let n = cx.intern(this.member().name)?;
        ops::set_through_descriptor(cx, this.obj(), instance, n, Some(value))
    }
    fn __delete__(this: Gc<NativeFunction>, cx: &mut Cx, instance: Obj) -> Result<()> {
        if owner_class(&this).is_some_and(|c| !ops::class_of(instance).is_subtype(c)) {
            return Err(wrong_receiver(cx, &this, instance));
        }
        let n = cx.intern(this.member().name)?;
        ops::set_through_descriptor(cx, this.obj(), instance, n, None)
    }
}

/// `__slots__` members.
struct MemberMethods;

/// The member's name and owner, for messages.
fn member_names(m: &MemberDescr) -> (String, String) {
    let name = m.name.cast::<Str>().map_or("?".to_owned(), |s| s.to_str().into_owned());
    let class = m.owner.cast::<Type>().map_or("?".to_owned(), |c| c.name().into_owned());
    (name, class)
}

fn check_member(cx: &Cx, m: &MemberDescr, o: Obj) -> Result<()> {
    match m.owner.cast::<Type>() {
        Some(c) if ops::class_of(o).is_subtype(c) => Ok(()),
        _ => {
            let (name, class) = member_names(m);
            Err(cx.type_error(format!(
                "descriptor '{name}' for '{class}' objects doesn't apply to a '{}' object",
                cx.type_name(o)
            )))
        }
    }
}

fn unset(cx: &Cx, m: &MemberDescr, o: Obj) -> typhon_object::Raised {
    match m.name.cast::<Str>() {
        Some(n) => {
            let class = ops::full_name(cx, ops::class_of(o));
            let class = class.strip_prefix("__main__.").unwrap_or(&class);
            exc::attribute_error(cx, format!("'{class}' object has no attribute '{}'", n.to_str()), o, n.obj())
        }
        None => cx.type_error("a member without a name"),
    }
}

#[class(name = "member_descriptor", extends = MemberDescr)]
impl MemberMethods {
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<MemberDescr>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        if instance.is_none() && !owner.is_none() {
            return Ok(this.obj());
        }
        check_member(cx, &this, instance)?;
        Obj::from_word(this.word(instance).load(Ordering::Acquire)).ok_or_else(|| unset(cx, &this, instance))
    }
    fn __set__(this: Gc<MemberDescr>, cx: &mut Cx, instance: Obj, value: Obj) -> Result<()> {
        check_member(cx, &this, instance)?;
        this.word(instance).store(value.word(), Ordering::Release);
        cx.barrier(instance);
        Ok(())
    }
    fn __delete__(this: Gc<MemberDescr>, cx: &mut Cx, instance: Obj) -> Result<()> {
        check_member(cx, &this, instance)?;
        match this.word(instance).swap(0, Ordering::AcqRel) {
            0 => Err(cx.error(ExcKind::AttributeError, member_names(&this).0)),
            _ => Ok(()),
        }
    }
    #[getter]
    fn __name__(this: Gc<MemberDescr>) -> Obj {
        this.name
    }
    #[getter]
    fn __qualname__(this: Gc<MemberDescr>) -> String {
        let (name, class) = member_names(&this);
        format!("{class}.{name}")
    }
    #[getter]
    fn __objclass__(this: Gc<MemberDescr>) -> Obj {
        this.owner
    }
    #[getter]
    fn __doc__(this: Gc<MemberDescr>) -> Obj {
        let _ = this;
        Obj::NONE
    }
    fn __repr__(this: Gc<MemberDescr>) -> String {
        let (name, class) = member_names(&this);
        format!("<member '{name}' of '{class}' objects>")
    }
    fn __reduce__(this: Gc<MemberDescr>, cx: &mut Cx) -> Result<Obj> {
        let f = crate::functions::builtin(cx, "getattr")?;
        let args = tuple::new(cx, &[this.owner, this.name])?;
        Ok(tuple::new(cx, &[f, args.obj()])?.obj())
    }
}

/// Complete the classes.
pub fn init(cx: &mut Cx) -> Result<()> {
    types::add_members(cx, types::class_for(shape::NATIVE_FUNCTION), FunctionMethods::MEMBERS)?;
    for s in [shape::METHOD_DESCRIPTOR, shape::CLASS_METHOD, shape::GETSET] {
        types::add_members(cx, types::class_for(s), DescriptorMethods::MEMBERS)?;
    }
    for s in [shape::METHOD_DESCRIPTOR, shape::CLASS_METHOD] {
        types::add_members(cx, types::class_for(s), MethodDescriptorMethods::MEMBERS)?;
    }
    types::add_members(cx, types::class_for(shape::GETSET), GetSetMethods::MEMBERS)?;
    types::add_members(cx, types::class_for(shape::MEMBER), MemberMethods::MEMBERS)
}
