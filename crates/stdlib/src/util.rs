//! Small helpers that every module here uses: constants of modules, importing,
//! operating-system errors and paths, calls that block.
//!
//! Tests: through the modules.

use crate::sys::{self, Sys};
use std::ffi::{CStr, CString};
use std::sync::OnceLock;
use typhon_object::bytes::{self, Bytes};
use typhon_object::cx::POLL_SIGNAL;
use typhon_object::dict::Dict;
use typhon_object::exc::{ExcKind, Raised};
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Dunder, Result, int, ops, tuple};

/// Text, category, stack level.
pub type WarnHook = fn(&mut Cx, &str, ExcKind, i64) -> Result<()>;

/// What the VM supplies.
pub struct Hooks {
    /// Run pending signal handlers and the like, for who waits.
    pub check_signals: OnceLock<fn(&mut Cx) -> Result<()>>,
    /// The same as Python code does it between two instructions: signals wait for finalizers
    /// that run.
    pub poll: OnceLock<fn(&mut Cx) -> Result<()>>,
    /// `os.fork()`: the child's side is 0.
    pub fork: OnceLock<fn(&mut Cx) -> Result<i32>>,
    /// `warnings.warn(text, category, stacklevel)`.
    pub warn: OnceLock<WarnHook>,
    /// Report an exception that nobody can catch (`sys.unraisablehook`).
    pub unraisable: OnceLock<fn(&mut Cx, Raised, &str, Obj)>,
}

/// See [`Hooks`].
pub static HOOKS: Hooks = Hooks {
    check_signals: OnceLock::new(),
    poll: OnceLock::new(),
    fork: OnceLock::new(),
    warn: OnceLock::new(),
    unraisable: OnceLock::new(),
};

/// Run pending signal handlers.
pub fn check_signals(cx: &mut Cx) -> Result<()> {
    match HOOKS.check_signals.get() {
        Some(f) => f(cx),
        None => Ok(()),
    }
}

/// Run what is due between two steps of native code that does not wait.
pub fn poll(cx: &mut Cx) -> Result<()> {
    match HOOKS.poll.get() {
        Some(f) => f(cx),
        None => Ok(()),
    }
}

/// Before a call that may block: handle signals that have arrived while native code ran,
/// which does not look for them. They interrupt only a call that has begun. In a finalizer
/// they wait for its end.
pub fn before_blocking(cx: &mut Cx) -> Result<()> {
    if cx.mutator.poll_bits() & POLL_SIGNAL != 0 { poll(cx) } else { Ok(()) }
}

/// `warnings.warn`.
pub fn warn(cx: &mut Cx, text: &str, kind: ExcKind, level: i64) -> Result<()> {
    if let Some(f) = HOOKS.warn.get() {
        return f(cx, text, kind, level);
    }
    let w = import(cx, "warnings")?;
    let args = [text.into_obj(cx)?, kind.class(cx).obj(), level.into_obj(cx)?];
    ops::call_method(cx, w, "warn", &args).map(|_| ())
}

/// Report an exception that cannot be raised.
pub fn unraisable(cx: &mut Cx, e: Raised, what: &str, o: Obj) {
    if let Some(f) = HOOKS.unraisable.get() {
        f(cx, e, what, o);
    }
}

pub use typhon_object::exc_class::{error_of, exception_class};

/// Run a system call in the blocked state, again after signals.
pub fn sys_call<T>(cx: &mut Cx, mut f: impl FnMut() -> Sys<T>) -> Result<Sys<T>> {
    before_blocking(cx)?;
    loop {
        match cx.blocked(&mut f) {
            Err(libc::EINTR) => check_signals(cx)?,
            r => return Ok(r),
        }
    }
}

/// The same, raising OSError without a file name.
pub fn sys_raise<T>(cx: &mut Cx, f: impl FnMut() -> Sys<T>) -> Result<T> {
    sys_call(cx, f)?.map_err(|e| os_error(cx, e))
}

/// `OSError(errno, strerror)` of the right subclass.
#[cold]
pub fn os_error(cx: &mut Cx, errno: i32) -> Raised {
    os_error_with(cx, errno, &[])
}

/// `OSError(errno, strerror, *names)`.
#[cold]
pub fn os_error_with(cx: &mut Cx, errno: i32, names: &[Obj]) -> Raised {
    let made = (|| {
        let mut args = [Obj::NONE; 5];
        args[0] = i64::from(errno).into_obj(cx)?;
        args[1] = sys::strerror(errno).into_obj(cx)?;
        let n = match names {
            [] => 2,
            [a] => {
                args[2] = *a;
                3
            }
            [a, b, ..] => {
                args[2] = *a;
                args[4] = *b;
                5
            }
        };
        let class = ExcKind::OSError.class(cx).obj();
        ops::call_args(cx, class, &args[..n])
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::SystemError, "OSError() is no exception")),
        Err(e) => e,
    }
}

/// Set a module constant.
pub fn set(cx: &mut Cx, module: Obj, name: &str, v: impl IntoObj) -> Result<()> {
    let v = v.into_obj(cx)?;
    let n = cx.intern(name)?;
    ops::set_attr(cx, module, n, Some(v))
}

/// Set integer constants.
pub fn set_ints(cx: &mut Cx, module: Obj, table: &[(&str, i64)]) -> Result<()> {
    table.iter().try_for_each(|(n, v)| set(cx, module, n, *v))
}

/// A `bytes` object.
pub fn bytes_obj(cx: &Cx, b: &[u8]) -> Result<Obj> {
    Ok(bytes::new(cx, b)?.obj())
}

/// A tuple.
pub fn tuple_obj(cx: &Cx, items: &[Obj]) -> Result<Obj> {
    Ok(tuple::new(cx, items)?.obj())
}

/// The builtins namespace.
pub fn builtins(cx: &Cx) -> Option<Gc<Dict>> {
    Obj::from_word(cx.interp().builtins.get()).and_then(|o| o.cast())
}

/// A name of `builtins`.
pub fn builtin(cx: &Cx, name: &str) -> Result<Obj> {
    let n = cx.intern(name)?;
    builtins(cx)
        .and_then(|d| d.get_str(n))
        .ok_or_else(|| cx.error(ExcKind::NameError, format!("name '{name}' is not defined")))
}

/// Import a module by its full name.
pub fn import(cx: &mut Cx, name: &str) -> Result<Obj> {
    let n = cx.intern(name)?;
    let loaded =
        |cx: &Cx| Obj::from_word(cx.interp().modules.get()).and_then(|o| o.cast::<Dict>()).and_then(|d| d.get_str(n));
    if let Some(m) = loaded(cx) {
        return Ok(m);
    }
    let f = builtin(cx, "__import__")?;
    let top = ops::call_args(cx, f, &[n.obj()])?;
    Ok(loaded(cx).unwrap_or(top))
}

/// `getattr(o, name)`.
pub fn attr(cx: &mut Cx, o: Obj, name: &str) -> Result<Obj> {
    let n = cx.intern(name)?;
    ops::get_attr(cx, o, n)
}

/// `getattr(o, name)`, or `None` if it has no such attribute.
pub fn attr_opt(cx: &mut Cx, o: Obj, name: &str) -> Result<Option<Obj>> {
    let n = cx.intern(name)?;
    ops::get_attr_opt(cx, o, n)
}

/// Call with keyword arguments.
pub fn call_kw(cx: &mut Cx, f: Obj, args: &[Obj], kw: &[(&str, Obj)]) -> Result<Obj> {
    let mut names = [Obj::NONE; 8];
    let mut all = [Obj::NONE; 16];
    all[..args.len()].copy_from_slice(args);
    for (i, (k, v)) in kw.iter().enumerate() {
        names[i] = cx.intern(k)?.obj();
        all[args.len() + i] = *v;
    }
    let names = tuple::new(cx, &names[..kw.len()])?;
    ops::call(cx, f, &all[..args.len() + kw.len()], Some(names))
}

/// The bytes of a file name in the file system's encoding.
pub fn fs_encode(cx: &mut Cx, s: Gc<Str>) -> Result<Vec<u8>> {
    match s.as_ascii() {
        Some(a) => Ok(a.as_bytes().to_vec()),
        None => crate::codecs::encode_text(cx, s, "utf-8", "surrogateescape"),
    }
}

/// A file name from the system.
pub fn fs_decode(cx: &mut Cx, b: &[u8]) -> Result<Obj> {
    if b.is_ascii() {
        return Ok(str::from_latin1(cx, b)?.obj());
    }
    crate::codecs::decode_text(cx, b, "utf-8", "surrogateescape")
}

/// `os.fspath(o)`.
pub fn fspath(cx: &mut Cx, o: Obj) -> Result<Obj> {
    if o.cast::<Str>().is_some() || o.cast::<Bytes>().is_some() {
        return Ok(o);
    }
    match ops::call_special(cx, o, Dunder::Fspath, &[])? {
        None => {
            let n = ops::class_of(o).name();
            Err(cx.type_error(format!("expected str, bytes or os.PathLike object, not {n}")))
        }
        Some(r) if r.cast::<Str>().is_some() || r.cast::<Bytes>().is_some() => Ok(r),
        Some(r) => Err(cx.type_error(format!(
            "expected {}.__fspath__() to return str or bytes, not {}",
            cx.type_name(o),
            cx.type_name(r)
        ))),
    }
}

/// A file name argument.
#[derive(Clone)]
pub struct Path {
    /// As the system wants it.
    pub c: CString,
    /// As given, for error messages.
    pub obj: Obj,
    /// Whether it was given as bytes.
    pub is_bytes: bool,
}

impl Path {
    /// For a call.
    pub fn as_c(&self) -> &CStr {
        &self.c
    }
    /// A name in this directory, as the caller gave the directory.
    pub fn name(&self, cx: &mut Cx, b: &[u8]) -> Result<Obj> {
        if self.is_bytes { bytes_obj(cx, b) } else { fs_decode(cx, b) }
    }
    /// The OSError that names this file.
    pub fn error(&self, cx: &mut Cx, errno: i32) -> Raised {
        os_error_with(cx, errno, &[self.obj])
    }
}

impl FromArg for Path {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Path> {
        let o = fspath(cx, v)?;
        let (raw, is_bytes) = match (o.cast::<Str>(), o.cast::<Bytes>()) {
            (Some(s), _) => (fs_encode(cx, s)?, false),
            (_, Some(b)) => (b.as_slice().to_vec(), true),
            _ => (Vec::new(), false),
        };
        let c = CString::new(raw).map_err(|_| cx.value_error("embedded null byte"))?;
        Ok(Path { c, obj: o, is_bytes })
    }
}

/// A file name or an open descriptor.
#[derive(Clone)]
pub enum PathOrFd {
    /// A name.
    Path(Path),
    /// A descriptor.
    Fd(i32),
}

impl PathOrFd {
    /// From an argument of the function `what` that might have been None as well.
    pub fn or_none(cx: &mut Cx, v: Obj, what: &str) -> Result<PathOrFd> {
        if !is_path(v) && !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
            return Err(cx.type_error(format!(
                "{what}: path should be string, bytes, os.PathLike, integer or None, not {}",
                cx.type_name(v)
            )));
        }
        PathOrFd::from_arg(cx, v)
    }
    /// The OSError that names this file.
    pub fn error(&self, cx: &mut Cx, errno: i32) -> Raised {
        match self {
            PathOrFd::Path(p) => p.error(cx, errno),
            PathOrFd::Fd(fd) => os_error_with(cx, errno, &[Obj::int_unchecked(i64::from(*fd))]),
        }
    }
}

impl FromArg for PathOrFd {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<PathOrFd> {
        let class = ops::class_of(v);
        if int::is_int(v) || (class.special(Dunder::Index).is_some() && class.special(Dunder::Fspath).is_none()) {
            warn_of_bool(cx, v)?;
            return Ok(PathOrFd::Fd(i32::from_arg(cx, v)?));
        }
        if !is_path(v) {
            return Err(cx.type_error(format!(
                "argument should be string, bytes, os.PathLike or integer, not {}",
                cx.type_name(v)
            )));
        }
        Ok(PathOrFd::Path(Path::from_arg(cx, v)?))
    }
}

/// A file name argument of an `os` function, whose errors name function and argument.
#[derive(Clone)]
pub struct PathArg(pub Path);

impl std::ops::Deref for PathArg {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl FromArg for PathArg {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<PathArg> {
        if !is_path(v) {
            return Err(
                cx.type_error(format!("argument should be string, bytes or os.PathLike, not {}", cx.type_name(v)))
            );
        }
        Path::from_arg(cx, v).map(PathArg)
    }
}

/// Whether something is a path, by its type.
pub fn is_path(v: Obj) -> bool {
    let fspath = || ops::class_of(v).special(Dunder::Fspath).is_some_and(|m| !m.is_none());
    v.cast::<Str>().is_some() || v.cast::<Bytes>().is_some() || fspath()
}

/// `True` works as a descriptor, but it is hardly meant.
pub fn warn_of_bool(cx: &mut Cx, v: Obj) -> Result<()> {
    if v == Obj::TRUE || v == Obj::FALSE {
        return warn(cx, "bool is used as a file descriptor", ExcKind::RuntimeWarning, 1);
    }
    Ok(())
}

/// A file descriptor: an int or something with `fileno()`.
#[derive(Clone, Copy)]
pub struct Fd(pub i32);

impl FromArg for Fd {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<Fd> {
        let fd = if int::is_int(v) {
            warn_of_bool(cx, v)?;
            i32::from_arg(cx, v)?
        } else if let Some(m) = attr_opt(cx, v, "fileno")? {
            let r = ops::call_args(cx, m, &[])?;
            if !int::is_int(r) {
                return Err(cx.type_error("fileno() returned a non-integer"));
            }
            i32::from_arg(cx, r)?
        } else {
            return Err(cx.type_error("argument must be an int, or have a fileno() method."));
        };
        if fd < 0 {
            return Err(cx.value_error(format!("file descriptor cannot be a negative integer ({fd})")));
        }
        Ok(Fd(fd))
    }
}

/// `dir_fd=None`.
#[derive(Clone, Copy)]
pub struct DirFd(pub i32);

impl FromArg for DirFd {
    fn from_arg(cx: &mut Cx, v: Obj) -> Result<DirFd> {
        if v.is_none() {
            return Ok(DirFd(libc::AT_FDCWD));
        }
        if !int::is_int(v) && ops::class_of(v).special(Dunder::Index).is_none() {
            return Err(cx.type_error(format!("argument should be integer or None, not {}", cx.type_name(v))));
        }
        warn_of_bool(cx, v)?;
        Ok(DirFd(i32::from_arg(cx, v)?))
    }
    fn from_missing() -> Option<DirFd> {
        Some(DirFd(libc::AT_FDCWD))
    }
}

/// A call's keyword names, as `Option<&str>` pairs for error texts.
pub fn type_name_or_none(cx: &Cx, o: Obj) -> String {
    if o.is_none() { "None".into() } else { cx.type_name(o) }
}
