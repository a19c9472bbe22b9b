//! A toy of the object layer: just the items that expansions name.

use std::cell::RefCell;
use std::rc::Rc;

pub use native::{Args, KwNames};

/// A toy value. The real one is `Copy`; here that would only hide moves, so
/// `Obj` is a leaked reference or a small value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Obj {
    None,
    Bool(bool),
    Int(i64),
    Str(&'static str),
    List(&'static [Obj]),
    Class(&'static str),
    Instance,
    Deque(DequeRef),
}

#[derive(Clone, Copy)]
pub struct DequeRef(pub &'static crate::Deque);

impl std::fmt::Debug for DequeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("deque")
    }
}

impl PartialEq for DequeRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Obj {
    pub const NONE: Obj = Obj::None;

    #[allow(non_snake_case)]
    pub fn list(items: Vec<Obj>) -> Obj {
        Obj::List(Vec::leak(items))
    }

    pub fn deque() -> Obj {
        Obj::Deque(DequeRef(Box::leak(Box::default())))
    }
}

pub struct Gc<T: 'static + ?Sized>(pub &'static T);
impl<T: 'static + ?Sized> Clone for Gc<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static + ?Sized> Copy for Gc<T> {}

pub type Type = str;

#[derive(Debug)]
pub struct Raised(pub String);
pub type Result<T> = core::result::Result<T, Raised>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CompareOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

#[derive(Default)]
pub struct Cx {
    notes: Rc<RefCell<String>>,
}

impl Cx {
    pub fn note(&self, text: String) {
        let mut notes = self.notes.borrow_mut();
        notes.push_str(&text);
        notes.push(' ');
    }

    pub fn notes(&self) -> String {
        self.notes.borrow().clone()
    }
}

#[derive(Default)]
pub struct Tracer {
    pub seen: Vec<Obj>,
}

pub trait Trace {
    fn trace(&self, tracer: &mut Tracer);
}

impl Trace for Obj {
    fn trace(&self, tracer: &mut Tracer) {
        tracer.seen.push(*self);
    }
}

impl<T: Trace> Trace for Vec<T> {
    fn trace(&self, tracer: &mut Tracer) {
        self.iter().for_each(|item| item.trace(tracer));
    }
}

pub struct Missing(pub Option<Obj>);

pub mod native {
    use super::{Cx, Gc, Missing, Obj, Raised, Result, Trace, Type};

    pub type NativeFn = fn(&mut Cx, &[Obj], Option<KwNames>) -> Result<Obj>;

    #[derive(Clone, Copy)]
    pub struct KwNames(pub &'static [&'static str]);

    impl KwNames {
        pub fn leak(names: Vec<&'static str>) -> Self {
            KwNames(Vec::leak(names))
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum ParamKind {
        PosOnly,
        PosOrKw,
        VarArgs,
        KwOnly,
        VarKw,
    }

    pub struct Param {
        pub name: &'static str,
        pub kind: ParamKind,
        pub required: bool,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum MemberKind {
        Method,
        ClassMethod,
        StaticMethod,
        New,
        GetSet,
        Constant,
        Function,
    }

    pub struct Member {
        pub name: &'static str,
        pub doc: &'static str,
        pub signature: &'static str,
        pub kind: MemberKind,
        pub call: NativeFn,
        pub set: Option<NativeFn>,
        #[allow(dead_code)]
        pub params: &'static [Param],
        pub leaf: bool,
    }

    pub const SUBCLASSABLE: u32 = 1;
    #[allow(dead_code)]
    pub const NO_NEW: u32 = 2;
    pub const SEQUENCE: u32 = 8;
    pub const UNHASHABLE: u32 = 128;

    #[allow(dead_code)]
    pub enum Base {
        Object,
        Named(&'static str),
        Native(ClassFn),
    }

    pub type ClassFn = fn(&mut Cx) -> Result<(&'static str, Obj)>;

    pub struct ClassSpec {
        pub name: &'static str,
        pub module: &'static str,
        pub doc: &'static str,
        #[allow(dead_code)]
        pub base: Base,
        #[allow(dead_code)]
        pub meta: Option<ClassFn>,
        pub flags: u32,
        pub members: &'static [Member],
    }

    pub trait NativeClass: Trace + 'static {
        const SPEC: ClassSpec;
        fn cell() -> &'static ClassCell;
    }

    pub struct ClassCell;

    impl Default for ClassCell {
        fn default() -> Self {
            Self::new()
        }
    }

    impl ClassCell {
        pub const fn new() -> Self {
            ClassCell
        }
    }

    pub struct ModuleSpec {
        pub name: &'static str,
        pub doc: &'static str,
        pub functions: &'static [Member],
        pub classes: &'static [ClassFn],
        pub exec: Option<fn(&mut Cx, Obj) -> Result<()>>,
    }

    pub fn class_of_entry<T: NativeClass>(_: &mut Cx) -> Result<(&'static str, Obj)> {
        Ok((T::SPEC.name, Obj::Class(T::SPEC.name)))
    }

    pub struct FnInfo {
        pub class: &'static str,
        pub module: &'static str,
        pub name: &'static str,
    }

    pub enum ArgName {
        Only,
        Number(usize),
        Name(&'static str),
    }

    pub fn named(_: &mut Cx, e: Raised, _: &FnInfo, _: ArgName) -> Raised {
        e
    }

    impl FnInfo {
        fn raise(&self, text: impl std::fmt::Display) -> Raised {
            Raised(format!("{}.{} {text}", self.class, self.name))
        }
    }

    pub trait FromArg: Sized {
        fn from_arg(cx: &mut Cx, value: Obj) -> Result<Self>;
        fn from_missing() -> Option<Self> {
            None
        }
    }

    impl FromArg for Obj {
        fn from_arg(_: &mut Cx, value: Obj) -> Result<Self> {
            Ok(value)
        }
    }

    impl FromArg for i64 {
        fn from_arg(_: &mut Cx, value: Obj) -> Result<Self> {
            match value {
                Obj::Int(value) => Ok(value),
                other => Err(Raised(format!("not an int: {other:?}"))),
            }
        }
    }

    impl<T: FromArg> FromArg for Option<T> {
        fn from_arg(cx: &mut Cx, value: Obj) -> Result<Self> {
            match value {
                Obj::None => Ok(None),
                value => T::from_arg(cx, value).map(Some),
            }
        }

        fn from_missing() -> Option<Self> {
            Some(None)
        }
    }

    impl FromArg for Missing {
        fn from_arg(_: &mut Cx, value: Obj) -> Result<Self> {
            Ok(Missing(Some(value)))
        }

        fn from_missing() -> Option<Self> {
            Some(Missing(None))
        }
    }

    pub trait IntoObj {
        fn into_obj(self) -> Obj;
    }

    impl IntoObj for Obj {
        fn into_obj(self) -> Obj {
            self
        }
    }

    impl IntoObj for () {
        fn into_obj(self) -> Obj {
            Obj::None
        }
    }

    impl IntoObj for bool {
        fn into_obj(self) -> Obj {
            Obj::Bool(self)
        }
    }

    impl IntoObj for i64 {
        fn into_obj(self) -> Obj {
            Obj::Int(self)
        }
    }

    impl IntoObj for &'static str {
        fn into_obj(self) -> Obj {
            Obj::Str(self)
        }
    }

    pub fn default_arg<T: FromArg, D: IntoObj>(cx: &mut Cx, default: D) -> Result<T> {
        T::from_arg(cx, default.into_obj())
    }

    pub trait IntoResult {
        fn into_result(self, cx: &Cx) -> Result<Obj>;
    }

    impl<T: IntoObj> IntoResult for T {
        fn into_result(self, _: &Cx) -> Result<Obj> {
            Ok(self.into_obj())
        }
    }

    impl<T: IntoObj> IntoResult for Result<T> {
        fn into_result(self, _: &Cx) -> Result<Obj> {
            self.map(IntoObj::into_obj)
        }
    }

    pub trait IntoInstance {
        fn into_instance(self, cx: &Cx, cls: Gc<Type>) -> Result<Obj>;
    }

    impl<T: NativeClass> IntoInstance for Result<T> {
        fn into_instance(self, _: &Cx, _: Gc<Type>) -> Result<Obj> {
            self.map(|_| Obj::Instance)
        }
    }

    pub fn self_ref<'a, T: NativeClass>(cx: &Cx, args: &'a [Obj], member: &str) -> Result<&'a T> {
        Ok(self_gc::<T>(cx, args, member)?.0)
    }

    pub fn self_gc<T: NativeClass>(_: &Cx, args: &[Obj], member: &str) -> Result<Gc<T>> {
        match args.first() {
            Some(Obj::Deque(object)) => {
                let object: &dyn std::any::Any = object.0;
                Ok(Gc(object.downcast_ref().expect("the only class here")))
            }
            other => Err(Raised(format!("{member} on {other:?}"))),
        }
    }

    pub fn new_class(cx: &Cx, args: &[Obj], class: &str) -> Result<Gc<Type>> {
        class_ref(cx, args, class)
    }
    pub fn class_ref(_: &Cx, args: &[Obj], class: &str) -> Result<Gc<Type>> {
        match args.first() {
            Some(Obj::Class(class)) => Ok(Gc(class)),
            other => Err(Raised(format!("{class}: {other:?} is not a class"))),
        }
    }

    pub fn check_exact(_: &mut Cx, info: &FnInfo, given: usize, kw: Option<KwNames>, wanted: usize) -> Result<()> {
        match kw {
            Some(_) => Err(info.raise("takes no keyword arguments")),
            None => Err(info.raise(format!("wants {wanted}, got {given}"))),
        }
    }

    #[allow(dead_code)]
    pub fn cannot_delete(_: &mut Cx, info: &FnInfo) -> Raised {
        info.raise("cannot be deleted")
    }

    pub fn positional(args: &[Obj], kw: Option<KwNames>) -> &[Obj] {
        &args[..args.len() - kw.map_or(0, |kw| kw.0.len())]
    }

    pub fn bind<const N: usize>(
        cx: &mut Cx,
        info: &FnInfo,
        params: &'static [Param],
        args: &[Obj],
        kw: Option<KwNames>,
        out: &mut [Option<Obj>; N],
    ) -> Result<()> {
        cx.note(format!("bind {}.{}", info.class, info.name));
        let given = positional(args, kw);
        for (index, param) in params.iter().enumerate() {
            out[index] = match param.kind {
                ParamKind::PosOnly | ParamKind::PosOrKw => given.get(index).copied(),
                ParamKind::VarArgs if !param.required => None,
                ParamKind::VarArgs | ParamKind::VarKw => Some(Obj::list(vec![])),
                ParamKind::KwOnly => None,
            };
            let names = kw.map_or(&[][..], |kw| kw.0);
            if let Some(at) = names.iter().position(|name| *name == param.name) {
                out[index] = Some(args[given.len() + at]);
            }
        }
        Ok(())
    }

    pub struct Args<'a> {
        pub pos: &'a [Obj],
    }

    impl<'a> Args<'a> {
        pub fn new(args: &'a [Obj], kw: Option<KwNames>) -> Self {
            Args { pos: positional(args, kw) }
        }
    }
}
