//! Native classes and functions: what `#[class]` and `#[module]` expand to,
//! and the conversion of arguments and results.
//!
//! A native function has one signature, [`NativeFn`]: positional values first,
//! then the values named by `kw`. The same [`Member`] record serves methods,
//! special methods and module functions; there is no second table of slots.
//!
//! The binding of arguments is in `bind.rs`. Tests: `tests/native.rs`.

use crate::array::{self, Array};
use crate::cx::Cx;
use crate::dict::Dict;
use crate::list::List;
use crate::obj::{Gc, Obj, Slot};
use crate::str::Str;
use crate::tuple::Tuple;
use crate::types::Type;
use crate::{Result, Tracer, int, ops, shape, str, tuple, types};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names of keyword arguments: a tuple of interned strings.
pub type KwNames = Gc<Tuple>;
/// Any native function. The last `kw.len()` values are named by `kw`.
pub type NativeFn = fn(&mut Cx, &[Obj], Option<KwNames>) -> Result<Obj>;
/// Size in bytes of a variable-size payload with its header.
pub type VarSizeFn = unsafe fn(*const u8) -> usize;

pub use crate::bind::{
    ArgName, FnInfo, bind, cannot_delete, check_exact, class_ref, constructor_args, keywords_are_others, named,
    new_class, positional, self_gc, self_ref,
};

/// How a parameter may be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    /// By position only.
    PosOnly,
    /// By position or name.
    PosOrKw,
    /// `*args`.
    VarArgs,
    /// By name only.
    KwOnly,
    /// `**kwargs`.
    VarKw,
}

/// One parameter of a native function.
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// How it may be given.
    pub kind: ParamKind,
    /// Whether it has no default.
    pub required: bool,
}

/// What a member is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberKind {
    /// Takes `self` first.
    Method,
    /// Takes the class first.
    ClassMethod,
    /// Takes neither.
    StaticMethod,
    /// `__new__`: takes the class first, is found on the class only.
    New,
    /// An attribute computed by `call` and changed by `set`.
    GetSet,
    /// A module's function.
    Function,
    /// A class attribute: the value that `call` returns once.
    Constant,
}

/// One function or attribute of a native class or module.
pub struct Member {
    /// Python name.
    pub name: &'static str,
    /// Docstring, `""` if none.
    pub doc: &'static str,
    /// `__text_signature__`, `""` if none.
    pub signature: &'static str,
    /// What it is.
    pub kind: MemberKind,
    /// The code; the getter for GetSet.
    pub call: NativeFn,
    /// The setter: `[self, value]`, or `[self]` to delete.
    pub set: Option<NativeFn>,
    /// Parameters without `self`.
    pub params: &'static [Param],
    /// Whether it neither runs Python code nor raises.
    pub leaf: bool,
}

/// A native class's base.
pub enum Base {
    /// `object`.
    Object,
    /// A class of `builtins` by name.
    Named(&'static str),
    /// Another native class.
    Native(fn(&mut Cx) -> Result<(&'static str, Obj)>),
}

/// A native class as declared.
pub struct ClassSpec {
    /// `__name__`.
    pub name: &'static str,
    /// `__module__`.
    pub module: &'static str,
    /// `__doc__`.
    pub doc: &'static str,
    /// Its base class.
    pub base: Base,
    /// Its class, if that is not `type`.
    pub meta: Option<fn(&mut Cx) -> Result<(&'static str, Obj)>>,
    /// The flags below.
    pub flags: u32,
    /// Its members.
    pub members: &'static [Member],
}

/// Python classes may derive from it.
pub const SUBCLASSABLE: u32 = 1;
/// It cannot be instantiated from Python.
pub const NO_NEW: u32 = 2;
/// Matches mapping patterns.
pub const MAPPING: u32 = 4;
/// Matches sequence patterns.
pub const SEQUENCE: u32 = 8;
/// Instances can be weakly referenced.
pub const WEAKREF: u32 = 16;
/// Instances have a `__dict__`.
pub const DICT: u32 = 32;
/// Attributes of the class cannot be set.
pub const IMMUTABLE: u32 = 64;
/// `__hash__` is None.
pub const UNHASHABLE: u32 = 128;
/// Items are found by an index and by nothing else: it has no slices, and is no mapping
/// (CPython's `sq_item` without `mp_subscript`).
pub const BY_INDEX: u32 = 256;

/// The runtime's record of a native class: its identity and its class object.
pub struct ClassCell {
    class: AtomicU64,
    parent: AtomicU64,
}

impl ClassCell {
    /// A cell for a class that does not exist yet.
    pub const fn new() -> ClassCell {
        ClassCell { class: AtomicU64::new(0), parent: AtomicU64::new(0) }
    }
    /// The class, if it exists.
    #[inline]
    pub fn get(&self) -> Option<Gc<Type>> {
        // Native classes live for ever (`Rt::classes`).
        Obj::from_word(self.class.load(Ordering::Acquire)).map(|o| unsafe { Gc::from_obj(o) })
    }
    /// The record of the class whose payload this one's starts with.
    pub(crate) fn parent(&self) -> Option<&'static ClassCell> {
        // Null or a `&'static ClassCell`, as `set` was given.
        unsafe { (self.parent.load(Ordering::Acquire) as *const ClassCell).as_ref() }
    }
    pub(crate) fn set(&'static self, class: Gc<Type>, parent: Option<&'static ClassCell>) {
        self.parent.store(parent.map_or(0, |p| p as *const ClassCell as u64), Ordering::Release);
        self.class.store(class.obj().word(), Ordering::Release);
    }
}

impl Default for ClassCell {
    fn default() -> Self {
        ClassCell::new()
    }
}

/// What the collector must know about a payload: the references in it.
pub trait Trace {
    /// Visit every reference.
    fn trace(&self, t: &mut Tracer);
}

macro_rules! no_references {
    ($($t:ty),*) => { $(impl Trace for $t { fn trace(&self, _: &mut Tracer) {} })* };
}
no_references!(
    (),
    bool,
    u8,
    u16,
    u32,
    u64,
    usize,
    i8,
    i16,
    i32,
    i64,
    isize,
    f32,
    f64,
    char,
    String,
    &'static str,
    std::sync::atomic::AtomicU64,
    std::sync::atomic::AtomicU32,
    std::sync::atomic::AtomicBool,
    std::sync::atomic::AtomicUsize,
    std::sync::atomic::AtomicI64,
    crate::lock::SmallLock
);

impl Trace for Obj {
    fn trace(&self, t: &mut Tracer) {
        // Obj is one word, and the collector does not move objects.
        t.slot(unsafe { &*(self as *const Obj as *const AtomicU64) });
    }
}
impl<T> Trace for Gc<T> {
    fn trace(&self, t: &mut Tracer) {
        // The field itself, not a copy: the collector reads the slot later.
        // Gc is one word.
        t.slot(unsafe { &*(self as *const Gc<T> as *const AtomicU64) });
    }
}
impl<T> Trace for Slot<T> {
    fn trace(&self, t: &mut Tracer) {
        t.slot(self.raw());
    }
}
impl<T: Trace> Trace for Option<T> {
    fn trace(&self, t: &mut Tracer) {
        if let Some(v) = self {
            v.trace(t);
        }
    }
}
impl<T: Trace> Trace for Vec<T> {
    fn trace(&self, t: &mut Tracer) {
        self.iter().for_each(|v| v.trace(t));
    }
}
impl<T: Trace> Trace for std::collections::VecDeque<T> {
    fn trace(&self, t: &mut Tracer) {
        self.iter().for_each(|v| v.trace(t));
    }
}
impl<T: Trace> Trace for Box<[T]> {
    fn trace(&self, t: &mut Tracer) {
        self.iter().for_each(|v| v.trace(t));
    }
}
impl<T: Trace, const N: usize> Trace for [T; N] {
    fn trace(&self, t: &mut Tracer) {
        self.iter().for_each(|v| v.trace(t));
    }
}
impl<A: Trace, B: Trace> Trace for (A, B) {
    fn trace(&self, t: &mut Tracer) {
        self.0.trace(t);
        self.1.trace(t);
    }
}

/// A type that can stand behind an object's header.
pub trait Payload {
    /// Whether `o` has this payload.
    fn is(o: Obj) -> bool;
    /// The class, if its declaration names it and it exists.
    fn class() -> Option<Gc<Type>> {
        None
    }
}

/// A native class with a payload of its own.
pub trait NativeClass: Trace + Sized + 'static {
    /// The declaration.
    const SPEC: ClassSpec;
    /// The runtime's record.
    fn cell() -> &'static ClassCell;
}

impl<T: NativeClass> Payload for T {
    #[inline]
    fn is(o: Obj) -> bool {
        has_cell(o, T::cell())
    }
    fn class() -> Option<Gc<Type>> {
        T::cell().get()
    }
}

/// Whether the payload of `o` is, or starts with, that of `cell`'s class.
pub fn has_cell(o: Obj, cell: &'static ClassCell) -> bool {
    if !o.is_ptr() {
        return false;
    }
    let mut p = shape::layout(o.shape()).user[1].load(Ordering::Relaxed);
    let want = cell as *const ClassCell as u64;
    while p != 0 {
        if p == want {
            return true;
        }
        // user[1] holds null or a `&'static ClassCell`.
        p = unsafe { &*(p as *const ClassCell) }.parent.load(Ordering::Relaxed);
    }
    false
}

/// Cells of the payloads with fixed shapes.
static CORE: [ClassCell; shape::FIXED as usize + 1] = [const { ClassCell::new() }; shape::FIXED as usize + 1];

/// The cell of a payload with a fixed shape.
pub fn core_cell(shape_id: u32) -> &'static ClassCell {
    &CORE[shape_id as usize]
}

/// Whether `o` is an instance of a Python subclass of a core type, and so has
/// the core type's payload.
#[cold]
pub fn has_payload(o: Obj, shape_id: u32) -> bool {
    has_cell(o, core_cell(shape_id))
}

/// The class of `T`, made on first use.
pub fn class_of<T: NativeClass>(cx: &mut Cx) -> Result<Gc<Type>> {
    match T::cell().get() {
        Some(c) => Ok(c),
        None => types::make_native::<T>(cx),
    }
}

/// Name and class of `T`, for module tables.
pub fn class_of_entry<T: NativeClass>(cx: &mut Cx) -> Result<(&'static str, Obj)> {
    Ok((T::SPEC.name, class_of::<T>(cx)?.obj()))
}

/// A new instance of exactly `T`'s class.
pub fn instance<T: NativeClass>(cx: &mut Cx, value: T) -> Result<Gc<T>> {
    let class = class_of::<T>(cx)?;
    instance_of(cx, class, value)
}

/// A new instance of `class`, which is `T`'s class or derives from it. `T` may
/// also be the payload of a fixed shape.
pub fn instance_of<T: Payload + Trace + 'static>(cx: &Cx, class: Gc<Type>, value: T) -> Result<Gc<T>> {
    const { assert!(align_of::<T>() <= 8, "objects are aligned to 8 bytes: box what needs more") };
    let shape_id = class.root_shape();
    let size = shape::layout(shape_id).size as usize;
    debug_assert!(size >= 8 + size_of::<T>());
    let p = cx.alloc(shape_id, size)?;
    // Fresh object with room for the payload; the class says it holds a `T`.
    let g: Gc<T> = unsafe {
        (p.add(8) as *mut T).write(value);
        Gc::from_obj(Obj::from_word_unchecked(p as u64))
    };
    debug_assert!(T::is(g.obj()), "the class holds another payload");
    cx.barrier(g.obj());
    if std::mem::needs_drop::<T>() {
        unsafe fn drop_payload<T>(p: *mut u8) {
            // Called once, for a dead object with this payload.
            unsafe { std::ptr::drop_in_place(p.add(8) as *mut T) }
        }
        // The object is fresh and its payload initialised.
        unsafe { typhon_gc::register_native_drop(p, drop_payload::<T>) };
    }
    if class.has_finalizer() {
        // The object is fresh.
        unsafe { typhon_gc::register_finalizable(p) };
    }
    Ok(g)
}

/// Have it told when `o` dies: its `__del__` is run, unless [`set_idle_filter`]'s function
/// says that it would do nothing. For classes whose instances seldom need that; others
/// have a `__del__` and F_FINALIZER.
pub fn watch_death(o: Obj) {
    debug_assert!(o.is_ptr());
    // A live object (VAL-1).
    unsafe { typhon_gc::register_finalizable(o.addr()) }
}

/// The objects with payload `T` whose death is watched and that are `wanted`, which reads
/// them and does no more. What nobody refers to any longer may be among them.
pub fn watched<T: NativeClass>(cx: &Cx, wanted: impl Fn(Gc<T>) -> bool) -> Result<(Gc<Array>, usize)> {
    let mut room = 64;
    loop {
        let found = array::new(cx, room)?;
        let mut n = 0;
        typhon_gc::for_each_finalizable(|p| {
            // Registered objects are not swept before they leave the table.
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            if o.cast::<T>().is_some_and(&wanted) {
                if let Some(slot) = found.slots().get(n) {
                    slot.store(o.word(), Ordering::Relaxed);
                }
                n += 1;
            }
        });
        cx.barrier(found.obj());
        if n <= found.slots().len() {
            return Ok((found, n));
        }
        room = n + n / 4;
    }
}

static IDLE: OnceLock<fn(Obj) -> bool> = OnceLock::new();

/// Set the function that says of a dead object that its `__del__` would do nothing. It
/// runs on a thread of the collector: it reads the object and does no more.
pub fn set_idle_filter(f: fn(Obj) -> bool) {
    let _ = IDLE.set(f);
}

/// Whether the `__del__` of a dead object would do nothing.
pub fn dies_idle(o: Obj) -> bool {
    IDLE.get().is_some_and(|f| f(o))
}

/// A native function or method object (`builtin_function_or_method`,
/// `method_descriptor`, `wrapper_descriptor`).
#[repr(C)]
pub struct NativeFunction {
    member: &'static Member,
    /// The function, copied for a shorter path.
    pub call: NativeFn,
    /// The receiver, if bound.
    pub receiver: Slot,
    /// The class that defines it, or the module's name.
    pub owner: Slot,
}

impl Trace for NativeFunction {
    fn trace(&self, t: &mut Tracer) {
        self.receiver.trace(t);
        self.owner.trace(t);
    }
}

impl NativeFunction {
    /// The declaration.
    pub fn member(&self) -> &'static Member {
        self.member
    }
}

impl Payload for NativeFunction {
    fn is(o: Obj) -> bool {
        matches!(o.shape(), shape::NATIVE_FUNCTION | shape::METHOD_DESCRIPTOR | shape::GETSET | shape::CLASS_METHOD)
            && o.is_ptr()
    }
}

/// A function object for `member`.
pub fn function(
    cx: &Cx,
    shape_id: u32,
    member: &'static Member,
    receiver: Option<Obj>,
    owner: Option<Obj>,
) -> Result<Obj> {
    let p = cx.alloc(shape_id, 8 + size_of::<NativeFunction>())?;
    // Fresh object of this layout.
    unsafe {
        (p.add(8) as *mut NativeFunction).write(NativeFunction {
            member,
            call: member.call,
            receiver: Slot::of(receiver),
            owner: Slot::of(owner),
        });
        let o = Obj::from_word_unchecked(p as u64);
        cx.barrier(o);
        Ok(o)
    }
}

/// A native module as declared.
pub struct ModuleSpec {
    /// Its name.
    pub name: &'static str,
    /// Its docstring.
    pub doc: &'static str,
    /// Its functions.
    pub functions: &'static [Member],
    /// Its classes.
    pub classes: &'static [fn(&mut Cx) -> Result<(&'static str, Obj)>],
    /// What else to do with the new module.
    pub exec: Option<fn(&mut Cx, Obj) -> Result<()>>,
}

/// Raw arguments.
pub struct Args<'a> {
    /// Positional values.
    pub pos: &'a [Obj],
    /// Names of the values after them.
    pub kw: Option<KwNames>,
    all: &'a [Obj],
}

impl<'a> Args<'a> {
    /// Split a native function's arguments.
    pub fn new(all: &'a [Obj], kw: Option<KwNames>) -> Args<'a> {
        let n = all.len() - kw.map_or(0, |k| k.len());
        Args { pos: &all[..n], kw, all }
    }
    /// The keyword arguments.
    pub fn keywords(&self) -> impl Iterator<Item = (Gc<Str>, Obj)> + use<'a> {
        let names = self.kw.map_or(&[][..], |k| k.payload().items());
        // Keyword names are strings.
        names.iter().zip(&self.all[self.pos.len()..]).map(|(n, v)| (unsafe { Gc::from_obj(*n) }, *v))
    }
    /// Everything, keyword values last.
    pub fn all(&self) -> &'a [Obj] {
        self.all
    }
}

/// A Rust type that a parameter can have.
pub trait FromArg: Sized {
    /// Convert, or raise what CPython raises.
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Self>;
    /// The value when the argument is absent, if the type has one.
    fn from_missing() -> Option<Self> {
        None
    }
}

impl FromArg for Obj {
    #[inline]
    fn from_arg(_: &mut Cx, v: Obj) -> Result<Obj> {
        Ok(v)
    }
}
/// A parameter that knows whether it was given, None being a value like others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing<T> {
    /// Not given.
    Absent,
    /// Given.
    Given(T),
}
impl<T> Missing<T> {
    /// As an `Option`.
    pub fn given(self) -> Option<T> {
        match self {
            Missing::Absent => None,
            Missing::Given(v) => Some(v),
        }
    }
}
impl<T: FromArg> FromArg for Missing<T> {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Self> {
        Ok(Missing::Given(T::from_arg(cx, v)?))
    }
    fn from_missing() -> Option<Self> {
        Some(Missing::Absent)
    }
}
/// `None` for a missing argument and for Python's None.
impl<T: FromArg> FromArg for Option<T> {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Self> {
        if v.is_none() { Ok(None) } else { T::from_arg(cx, v).map(Some) }
    }
    fn from_missing() -> Option<Self> {
        Some(None)
    }
}
impl FromArg for bool {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<bool> {
        ops::truth(cx, v)
    }
}
impl FromArg for f64 {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<f64> {
        ops::as_float(cx, v)
    }
}
macro_rules! int_args {
    ($($t:ty, $name:literal),*) => { $(
        impl FromArg for $t {
            fn from_arg(cx: &mut Cx, v: Obj) -> Result<$t> {
                let i = ops::index_i64(cx, v, concat!("Python int too large to convert to C ", $name))?;
                <$t>::try_from(i).map_err(|_| cx.error(crate::exc::ExcKind::OverflowError,
                    if i < 0 && <$t>::MIN == 0 { "can't convert negative int to unsigned" }
                    else { concat!("Python int too large to convert to C ", $name) }))
            }
        }
    )* };
}
int_args!(
    i64,
    "ssize_t",
    i32,
    "int",
    u8,
    "unsigned char",
    u32,
    "unsigned int",
    usize,
    "ssize_t",
    isize,
    "ssize_t",
    u64,
    "unsigned long"
);

/// A sequence index: any integer, clamped to `isize`.
#[derive(Clone, Copy, Debug)]
pub struct Index(pub isize);
impl FromArg for Index {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Index> {
        Ok(Index(ops::index_clamped(cx, v)?))
    }
}
/// Like [`Index`], for a bound of a slice: the error says so.
pub struct SliceIndex(pub isize);
impl FromArg for SliceIndex {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<SliceIndex> {
        if !crate::int::is_int(v) && ops::class_of(v).special(crate::Dunder::Index).is_none() {
            return Err(cx.type_error("slice indices must be integers or have an __index__ method"));
        }
        Ok(SliceIndex(ops::index_clamped(cx, v)?))
    }
}
macro_rules! payload_args {
    ($($t:ty, $name:literal),*) => { $(
        impl FromArg for Gc<$t> {
            fn from_arg(cx: &mut Cx, v: Obj) -> Result<Gc<$t>> {
                v.cast::<$t>().ok_or_else(|| cx.type_error(format!(
                    concat!("argument must be ", $name, ", not {}"), cx.type_name(v))))
            }
        }
    )* };
}
payload_args!(Str, "str", Tuple, "tuple", List, "list", Dict, "dict", Type, "type");

impl<T: NativeClass> FromArg for Gc<T> {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Gc<T>> {
        v.cast::<T>()
            .ok_or_else(|| cx.type_error(format!("argument must be {}, not {}", T::SPEC.name, cx.type_name(v))))
    }
}
/// Text that the callee wants as Rust text; UnicodeEncodeError if it has lone surrogates.
impl FromArg for String {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<String> {
        let s = Gc::<Str>::from_arg(cx, v)?;
        ops::utf8(cx, s).map(|text| text.into_owned())
    }
}

/// A text for C: without a zero character (ValueError). What Argument Clinic's `str` takes.
pub struct CText(String);

impl std::ops::Deref for CText {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl FromArg for CText {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<CText> {
        let text = String::from_arg(cx, v)?;
        if text.contains('\0') { Err(cx.value_error("embedded null character")) } else { Ok(CText(text)) }
    }
}

/// A Rust value that becomes a Python value.
pub trait IntoObj {
    /// Convert; allocation may fail.
    fn into_obj(self, cx: &Cx) -> Result<Obj>;
}
impl IntoObj for Obj {
    #[inline]
    fn into_obj(self, _: &Cx) -> Result<Obj> {
        Ok(self)
    }
}
impl<T> IntoObj for Gc<T> {
    #[inline]
    fn into_obj(self, _: &Cx) -> Result<Obj> {
        Ok(self.obj())
    }
}
impl IntoObj for () {
    fn into_obj(self, _: &Cx) -> Result<Obj> {
        Ok(Obj::NONE)
    }
}
impl IntoObj for bool {
    fn into_obj(self, _: &Cx) -> Result<Obj> {
        Ok(Obj::bool(self))
    }
}
macro_rules! int_results {
    ($($t:ty),*) => { $(impl IntoObj for $t {
        fn into_obj(self, cx: &Cx) -> Result<Obj> { int::from_i128(cx, self as i128) }
    })* };
}
int_results!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize, i128);
impl IntoObj for f64 {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        crate::float::new(cx, self)
    }
}
impl IntoObj for &str {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        Ok(str::new(cx, self)?.obj())
    }
}
impl IntoObj for String {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        Ok(str::new(cx, &self)?.obj())
    }
}
impl<T: IntoObj> IntoObj for Option<T> {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        match self {
            Some(v) => v.into_obj(cx),
            None => Ok(Obj::NONE),
        }
    }
}
impl<A: IntoObj, B: IntoObj> IntoObj for (A, B) {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        let items = [self.0.into_obj(cx)?, self.1.into_obj(cx)?];
        Ok(tuple::new(cx, &items)?.obj())
    }
}
impl<A: IntoObj, B: IntoObj, C: IntoObj> IntoObj for (A, B, C) {
    fn into_obj(self, cx: &Cx) -> Result<Obj> {
        let items = [self.0.into_obj(cx)?, self.1.into_obj(cx)?, self.2.into_obj(cx)?];
        Ok(tuple::new(cx, &items)?.obj())
    }
}

/// What a native function may return.
pub trait IntoResult {
    /// The Python result.
    fn into_result(self, cx: &Cx) -> Result<Obj>;
}
impl<T: IntoObj> IntoResult for T {
    #[inline]
    fn into_result(self, cx: &Cx) -> Result<Obj> {
        self.into_obj(cx)
    }
}
impl<T: IntoObj> IntoResult for Result<T> {
    #[inline]
    fn into_result(self, cx: &Cx) -> Result<Obj> {
        self?.into_obj(cx)
    }
}

/// What `__new__` may return.
pub trait IntoInstance {
    /// An instance of `cls`.
    fn into_instance(self, cx: &Cx, cls: Gc<Type>) -> Result<Obj>;
}
impl<T: NativeClass> IntoInstance for T {
    fn into_instance(self, cx: &Cx, cls: Gc<Type>) -> Result<Obj> {
        Ok(instance_of(cx, cls, self)?.obj())
    }
}
impl<T: NativeClass> IntoInstance for Result<T> {
    fn into_instance(self, cx: &Cx, cls: Gc<Type>) -> Result<Obj> {
        Ok(instance_of(cx, cls, self?)?.obj())
    }
}
impl IntoInstance for Obj {
    fn into_instance(self, _: &Cx, _: Gc<Type>) -> Result<Obj> {
        Ok(self)
    }
}
impl IntoInstance for Result<Obj> {
    fn into_instance(self, _: &Cx, _: Gc<Type>) -> Result<Obj> {
        self
    }
}

/// Convert a default written in a `#[sig]`.
pub fn default_arg<T: FromArg, D: IntoObj>(cx: &mut Cx, d: D) -> Result<T> {
    let o = d.into_obj(cx)?;
    T::from_arg(cx, o)
}
