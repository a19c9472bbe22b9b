//! Binding the arguments of native functions, with CPython's error texts.
//!
//! Tests: `tests/native.rs`.

use crate::cx::Cx;
use crate::dunder::Dunder;
use crate::exc::{ExcKind, Raised};
use crate::native::{KwNames, Param, ParamKind, Payload};
use crate::obj::{Gc, Obj};
use crate::str::Str;
use crate::types::Type;
use crate::{Result, dict, ops, tuple};

/// What error texts say about a function.
pub struct FnInfo {
    /// The class's name, `""` for a module function.
    pub class: &'static str,
    /// A module function's module, `""` for a method.
    pub module: &'static str,
    /// The function's name.
    pub name: &'static str,
}

impl FnInfo {
    fn qualified(&self) -> String {
        match if self.class.is_empty() { self.module } else { self.class } {
            "" | "builtins" => self.short().to_string(),
            _ if self.is_constructor() => self.short().to_string(),
            scope => format!("{scope}.{}", self.name),
        }
    }
    fn short(&self) -> &'static str {
        if self.is_constructor() { self.class } else { self.name }
    }
    fn is_constructor(&self) -> bool {
        matches!(self.name, "__new__" | "__init__")
    }
}

/// Whether `name` is a special method that CPython reaches through a slot of the
/// type; others (`__format__`, `__reduce__`) are methods like any.
fn is_operator(class: &str, name: &str) -> bool {
    Dunder::from_name(name).is_some_and(Dunder::is_operator) && !is_method_too(class, name)
}

/// The special methods that CPython has as ordinary methods as well, which are
/// what a lookup finds.
fn is_method_too(class: &str, name: &str) -> bool {
    match name {
        "__contains__" => matches!(class, "dict" | "set" | "frozenset"),
        "__getitem__" => matches!(class, "dict" | "list"),
        _ => false,
    }
}

/// The receiver of a method, checked.
#[inline]
pub fn self_ref<T: Payload + 'static>(cx: &Cx, args: &[Obj], member: &'static str) -> Result<&'static T> {
    self_gc::<T>(cx, args, member).map(|g| g.payload())
}

/// The receiver of a method as a typed pointer, checked.
#[inline]
pub fn self_gc<T: Payload + 'static>(cx: &Cx, args: &[Obj], member: &'static str) -> Result<Gc<T>> {
    match args.first().and_then(|o| o.cast::<T>()) {
        Some(g) => Ok(g),
        None => Err(bad_receiver(cx, args, T::class(), std::any::type_name::<T>(), member)),
    }
}

#[cold]
fn bad_receiver(cx: &Cx, args: &[Obj], class: Option<Gc<Type>>, rust: &str, member: &str) -> Raised {
    let (class, name) = match class {
        Some(c) => (ops::type_name(cx, c), c.name().into_owned()),
        None => {
            let name = rust.rsplit("::").next().unwrap_or(rust).to_lowercase();
            (name.clone(), name)
        }
    };
    match args.first() {
        None if is_operator(&class, member) => {
            cx.type_error(format!("descriptor '{member}' of '{class}' object needs an argument"))
        }
        None => cx.type_error(format!("unbound method {name}.{member}() needs an argument")),
        Some(o) if is_operator(&class, member) => cx.type_error(format!(
            "descriptor '{member}' requires a '{class}' object but received a '{}'",
            cx.type_name(*o)
        )),
        Some(o) => cx.type_error(format!(
            "descriptor '{member}' for '{class}' objects doesn't apply to a '{}' object",
            cx.type_name(*o)
        )),
    }
}

/// The class that `__new__` or a class method was called on.
pub fn class_ref(cx: &Cx, args: &[Obj], class: &'static str) -> Result<Gc<Type>> {
    match args.first() {
        Some(o) => o
            .cast::<Type>()
            .ok_or_else(|| cx.type_error(format!("{class}.__new__(X): X is not a type object ({})", cx.type_name(*o)))),
        None => Err(cx.type_error(format!("{class}.__new__(): not enough arguments"))),
    }
}

/// The class to make an instance of, which `class`'s `__new__` was called on: it
/// must derive from `class`, and have no native base with a `__new__` of its own
/// in between, whose payload would be left out.
#[inline]
pub fn new_class(cx: &Cx, args: &[Obj], class: &'static str) -> Result<Gc<Type>> {
    let cls = class_ref(cx, args, class)?;
    if cls.is_native() && cls.name_obj().is_some_and(|n| n.eq_str(class)) {
        return Ok(cls);
    }
    check_new_class(cx, cls, class)?;
    Ok(cls)
}

fn check_new_class(cx: &Cx, cls: Gc<Type>, class: &str) -> Result<()> {
    if cls.has(crate::types::F_NO_NEW) {
        return Err(cx.type_error(format!("cannot create '{}' instances", ops::full_name(cx, cls))));
    }
    let natives = || cls.mro().iter().map(|c| crate::types::class(*c)).filter(|c| c.is_native());
    let Some(own) = natives().find(|c| c.name_obj().is_some_and(|n| n.eq_str(class))) else {
        let n = ops::full_name(cx, cls);
        return Err(cx.type_error(format!("{class}.__new__({n}): {n} is not a subtype of {class}")));
    };
    let mut base = cls;
    while !base.is_native() {
        match base.base() {
            Some(b) => base = b,
            None => return Ok(()),
        }
    }
    if base.special(Dunder::New) != own.special(Dunder::New) {
        let (n, b) = (ops::full_name(cx, cls), ops::full_name(cx, base));
        return Err(cx.type_error(format!("{class}.__new__({n}) is not safe, use {b}.__new__()")));
    }
    Ok(())
}

/// Whether keywords given to the native `special` method (`__new__` or `__init__`)
/// of an instance of `cls` are the affair of the other one, which a class derived
/// from the native one has written anew.
pub fn keywords_are_others(cls: Gc<Type>, special: Dunder) -> bool {
    if cls.is_native() {
        return false;
    }
    let other = if special == Dunder::New { Dunder::Init } else { Dunder::New };
    let mut native = cls;
    while !native.is_native() {
        match native.base() {
            Some(b) => native = b,
            None => return false,
        }
    }
    cls.special(other) != native.special(other)
}

/// The arguments for a constructor that takes no keywords.
#[inline]
pub fn constructor_args(
    cls: Gc<Type>,
    special: Dunder,
    rest: &[Obj],
    kw: Option<KwNames>,
) -> (&[Obj], Option<KwNames>) {
    match kw {
        Some(k) if keywords_are_others(cls, special) => (&rest[..rest.len() - k.len()], None),
        kw => (rest, kw),
    }
}

/// The positional part of a native function's arguments.
pub fn positional(rest: &[Obj], kw: Option<KwNames>) -> &[Obj] {
    &rest[..rest.len() - kw.map_or(0, |k| k.len())]
}

/// An attribute that cannot be deleted.
pub fn cannot_delete(cx: &Cx, info: &FnInfo) -> Raised {
    cx.type_error(format!("cannot delete {}", info.name))
}

/// How messages name an argument.
#[derive(Clone, Copy, Debug)]
pub enum ArgName {
    /// The only one.
    Only,
    /// By its position, from 1: keywords are not taken.
    Number(usize),
    /// By its name.
    Name(&'static str),
}

/// What a conversion raised, with the function and the argument named: a type's conversion
/// knows neither.
#[cold]
#[inline(never)]
pub fn named(cx: &mut Cx, e: Raised, info: &FnInfo, at: ArgName) -> Raised {
    let converted = e.is(cx, ExcKind::TypeError) && e.0.traceback.obj().is_none();
    let message = e.0.args.get().and_then(|a| a.get(0)).filter(|_| converted).and_then(|m| m.cast::<Str>());
    let Some(message) = message else { return e };
    let message = message.to_str();
    if let Some(rest) = message.strip_prefix("argument should be string, ").filter(|_| info.module == "posix") {
        let argument = if let ArgName::Name(n) = at { n } else { "path" };
        return cx.type_error(format!("{}: {argument} should be string, {rest}", info.name));
    }
    let rest = message.strip_prefix("argument must be ").filter(|rest| rest.contains(", not "));
    // Of None these messages say the value.
    let Some(rest) = rest.map(|r| r.strip_suffix("Type").filter(|r| r.ends_with(", not None")).unwrap_or(r)) else {
        return e;
    };
    if info.name.starts_with("__") && !info.is_constructor() {
        return e;
    }
    let name = info.short();
    cx.type_error(match at {
        ArgName::Only => format!("{name}() argument must be {rest}"),
        ArgName::Number(n) => format!("{name}() argument {n} must be {rest}"),
        ArgName::Name(n) => format!("{name}() argument '{n}' must be {rest}"),
    })
}

/// Check a call with exactly `wanted` positional arguments; `given` counts all.
#[cold]
pub fn check_exact(cx: &mut Cx, info: &FnInfo, given: usize, kw: Option<KwNames>, wanted: usize) -> Result<()> {
    // CPython gives this one the class that defines it, and so has other words for it.
    if matches!(info, FnInfo { class: "array", name: "extend", .. }) && (kw.is_some() || given != wanted) {
        return Err(cx.type_error(match given {
            0 | 1 => "extend() takes exactly 1 positional argument (0 given)".to_owned(),
            n => format!("extend() takes at most 1 argument ({n} given)"),
        }));
    }
    if kw.is_some_and(|k| !k.is_empty()) {
        return Err(cx.type_error(format!("{}() takes no keyword arguments", info.qualified())));
    }
    if given == wanted {
        return Ok(());
    }
    let name = info.qualified();
    let special = is_operator(info.class, info.name);
    Err(cx.type_error(match wanted {
        0 | 1 if special => format!("expected {wanted} argument{}, got {given}", plural(wanted)),
        1 if info.is_constructor() => format!("{name} expected 1 argument, got {given}"),
        0 => format!("{name}() takes no arguments ({given} given)"),
        1 => format!("{name}() takes exactly one argument ({given} given)"),
        n => format!("{} expected {n} arguments, got {given}", info.short()),
    }))
}

/// Bind arguments to parameters. Absent ones stay `None`; `*args` becomes a
/// tuple, `**kwargs` a dict.
pub fn bind<const N: usize>(
    cx: &mut Cx,
    info: &FnInfo,
    params: &'static [Param],
    args: &[Obj],
    kw: Option<KwNames>,
    out: &mut [Option<Obj>; N],
) -> Result<()> {
    let n_kw = kw.map_or(0, |k| k.len());
    let pos = &args[..args.len() - n_kw];
    let is_pos = |p: &&Param| matches!(p.kind, ParamKind::PosOnly | ParamKind::PosOrKw);
    let max = params.iter().filter(is_pos).count();
    let star = params.iter().position(|p| p.kind == ParamKind::VarArgs);
    let double = params.iter().position(|p| p.kind == ParamKind::VarKw);
    if pos.len() > max && star.is_none() {
        return Err(too_many(cx, info, params, pos.len(), max, n_kw));
    }
    if args.len() > params.len() && star.is_none() && double.is_none() && takes_keywords(params) {
        return Err(too_many_in_all(cx, info, params, pos.len(), n_kw));
    }
    for (slot, v) in out.iter_mut().zip(pos.iter().take(max)) {
        *slot = Some(*v);
    }
    if let Some(i) = star {
        let rest = pos.get(max..).unwrap_or(&[]);
        out[i] = Some(tuple::new(cx, rest)?.obj());
    }
    if let Some(i) = double {
        out[i] = Some(dict::new(cx)?.obj());
    }
    for k in 0..n_kw {
        // Keyword names are strings.
        let name: Gc<Str> = unsafe { Gc::from_obj(kw.unwrap().items()[k]) };
        let value = args[pos.len() + k];
        let found =
            params.iter().position(|p| matches!(p.kind, ParamKind::PosOrKw | ParamKind::KwOnly) && name.eq_str(p.name));
        match (found, double) {
            (Some(i), _) if out[i].is_none() => out[i] = Some(value),
            (Some(_), _) if is_enumerate(info) => return Err(unexpected(cx, info, params, &name, max)),
            (Some(i), _) => {
                let at = i + 1;
                return Err(cx.type_error(format!(
                    "argument for {}() given by name ('{}') and position ({at})",
                    info.short(),
                    name.to_str()
                )));
            }
            (None, Some(d)) => {
                // Made above.
                let d: Gc<dict::Dict> = unsafe { Gc::from_obj(out[d].unwrap()) };
                d.insert(cx, name.obj(), value)?;
            }
            (None, None) => return Err(unexpected(cx, info, params, &name, max)),
        }
    }
    for (i, p) in params.iter().enumerate() {
        if p.required && out[i].is_none() && !matches!(p.kind, ParamKind::VarArgs | ParamKind::VarKw) {
            return Err(missing(cx, info, params, p, i, pos.len()));
        }
    }
    Ok(())
}

fn unexpected(cx: &Cx, info: &FnInfo, params: &[Param], name: &Str, max: usize) -> Raised {
    if params.iter().all(|p| p.kind == ParamKind::PosOnly) && max == params.len() {
        return cx.type_error(format!("{}() takes no keyword arguments", info.qualified()));
    }
    if is_enumerate(info) {
        return cx.type_error(format!("'{}' is an invalid keyword argument for enumerate()", name.to_str()));
    }
    cx.type_error(format!("{}() got an unexpected keyword argument '{}'", info.short(), name.to_str()))
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// `enumerate` reads its arguments itself, and has words of its own for what is
/// wrong with them.
fn is_enumerate(info: &FnInfo) -> bool {
    info.is_constructor() && info.class == "enumerate"
}

fn takes_keywords(params: &[Param]) -> bool {
    params.iter().any(|p| matches!(p.kind, ParamKind::PosOrKw | ParamKind::KwOnly))
}

/// More arguments than the function has parameters.
fn too_many_in_all(cx: &Cx, info: &FnInfo, params: &[Param], n_pos: usize, n_kw: usize) -> Raised {
    let n = params.len();
    let keyword = if n_pos == 0 { "keyword " } else { "" };
    cx.type_error(format!(
        "{}() takes at most {n} {keyword}argument{} ({} given)",
        info.short(),
        plural(n),
        n_pos + n_kw
    ))
}

/// A function of one positional-only parameter, as CPython words its errors.
fn takes_one(params: &[Param]) -> bool {
    matches!(params, [Param { kind: ParamKind::PosOnly, required: true, .. }])
}

/// The wording for one parameter, for powers and for `sorted`, which hands its
/// keywords on.
fn special_count(cx: &Cx, info: &FnInfo, params: &[Param], given: usize) -> Option<Raised> {
    if matches!(info.name, "__pow__" | "__rpow__" | "__ipow__") {
        return Some(cx.type_error(format!("expected 1 or 2 arguments, got {given}")));
    }
    if matches!(info, FnInfo { class: "", name: "sorted", .. }) || takes_one(params) && info.is_constructor() {
        return Some(cx.type_error(format!("{} expected 1 argument, got {given}", info.short())));
    }
    if takes_one(params) && !is_operator(info.class, info.name) {
        return Some(cx.type_error(format!("{}() takes exactly one argument ({given} given)", info.qualified())));
    }
    None
}

fn too_many(cx: &Cx, info: &FnInfo, params: &[Param], given: usize, max: usize, n_kw: usize) -> Raised {
    if let Some(e) = special_count(cx, info, params, given) {
        return e;
    }
    let positional_only = params.iter().all(|p| p.kind == ParamKind::PosOnly);
    let min = params.iter().filter(|p| p.kind == ParamKind::PosOnly && p.required).count();
    let name = info.short();
    if positional_only {
        let bound = if min == max { "" } else { "at most " };
        return cx.type_error(format!("{name} expected {bound}{max} argument{}, got {given}", plural(max)));
    }
    let varies = params.iter().any(|p| p.kind == ParamKind::VarKw);
    if given + n_kw > params.len() && !varies {
        return too_many_in_all(cx, info, params, given, n_kw);
    }
    if max == 0 {
        return cx.type_error(format!("{name}() takes no positional arguments"));
    }
    let required = params.iter().filter(|p| p.required && p.kind != ParamKind::KwOnly).count();
    let only_pos = params.iter().any(|p| p.kind == ParamKind::KwOnly);
    let how = if required == max { "exactly" } else { "at most" };
    let given = if only_pos { given } else { given + n_kw };
    cx.type_error(format!(
        "{name}() takes {how} {max} {}argument{} ({given} given)",
        if only_pos { "positional " } else { "" },
        plural(max)
    ))
}

fn missing(cx: &Cx, info: &FnInfo, params: &[Param], p: &Param, at: usize, given: usize) -> Raised {
    if let Some(e) = special_count(cx, info, params, given) {
        return e;
    }
    if p.kind == ParamKind::PosOnly && params.iter().any(|p| matches!(p.kind, ParamKind::PosOrKw | ParamKind::KwOnly)) {
        let min = params.iter().filter(|p| p.kind == ParamKind::PosOnly && p.required).count();
        let max = params.iter().filter(|p| matches!(p.kind, ParamKind::PosOnly | ParamKind::PosOrKw)).count();
        let how = if min < max { "at least" } else { "exactly" };
        return cx.type_error(format!(
            "{}() takes {how} {min} positional argument{} ({given} given)",
            info.short(),
            plural(min)
        ));
    }
    if p.kind == ParamKind::PosOnly {
        let min = params.iter().filter(|p| p.kind == ParamKind::PosOnly && p.required).count();
        let more = params.iter().any(|p| p.kind == ParamKind::PosOnly && !p.required);
        let bound = if more { "at least " } else { "" };
        return cx.type_error(format!("{} expected {bound}{min} argument{}, got {given}", info.short(), plural(min)));
    }
    if p.kind == ParamKind::KwOnly {
        return cx.type_error(format!("{}() missing required keyword-only argument: '{}'", info.short(), p.name));
    }
    let at = if is_enumerate(info) { String::new() } else { format!(" (pos {})", at + 1) };
    cx.type_error(format!("{}() missing required argument '{}'{at}", info.short(), p.name))
}
