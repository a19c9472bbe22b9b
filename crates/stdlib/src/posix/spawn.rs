//! Becoming another program, and starting one: `exec`, `posix_spawn`.
//!
//! Tests: CPython test_os, test_posix.

use super::sched::priority_of;
use crate::sys::{self, posix_spawn as call};
use crate::util::{Path, PathArg, PathOrFd, os_error, sys_call};
use call::{Attributes, FileAction};
use std::ffi::CString;
use typhon_macros::module;
use typhon_object::list::List;
use typhon_object::native::{FromArg, Missing};
use typhon_object::obj::Obj;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Dunder, ExcKind, Result, ops};

/// `POSIX_SPAWN_OPEN`
pub const OPEN: i64 = 0;
/// `POSIX_SPAWN_CLOSE`
pub const CLOSE: i64 = 1;
/// `POSIX_SPAWN_DUP2`
pub const DUP2: i64 = 2;
/// `POSIX_SPAWN_CLOSEFROM`
pub const CLOSEFROM: i64 = 3;

/// Whether the interpreter may replace the process.
fn may_exec(cx: &Cx) -> Result<()> {
    if cx.interp().may(typhon_object::interp::ALLOW_EXEC) {
        return Ok(());
    }
    Err(cx.error(ExcKind::RuntimeError, "exec not supported for isolated subinterpreters"))
}

/// Arguments of a program; `what` begins the errors about them.
fn arguments(cx: &mut Cx, o: Obj, what: &str) -> Result<Vec<CString>> {
    if o.cast::<Tuple>().is_none() && o.cast::<List>().is_none() {
        return Err(cx.type_error(format!("{what} must be a tuple or list")));
    }
    let mut v = Vec::new();
    ops::for_each(cx, o, |cx, a| {
        v.push(Path::from_arg(cx, a)?.c);
        Ok(true)
    })?;
    match v.first() {
        None => Err(cx.value_error(format!("{what} must not be empty"))),
        Some(f) if f.is_empty() => Err(cx.value_error(format!("{what} first element cannot be empty"))),
        Some(_) => Ok(v),
    }
}

/// Whether something can be subscribed, which is all that CPython asks.
fn is_mapping(o: Obj) -> bool {
    ops::class_of(o).special(Dunder::GetItem).is_some()
}

/// The environment of a program, from a mapping.
fn variables(cx: &mut Cx, env: Obj) -> Result<Vec<CString>> {
    let keys = ops::call_method(cx, env, "keys", &[])?;
    let keys = ops::tuple_from_iter(cx, keys)?;
    let values = ops::call_method(cx, env, "values", &[])?;
    let values = ops::tuple_from_iter(cx, values)?;
    let mut vars = Vec::with_capacity(keys.len());
    for (k, v) in keys.items().iter().zip(values.items()) {
        let (k, v) = (Path::from_arg(cx, *k)?.c, Path::from_arg(cx, *v)?.c);
        // A first '=' would belong to the name, as some systems have it.
        if k.as_bytes().iter().skip(1).any(|b| *b == b'=') {
            return Err(cx.value_error("illegal environment variable name"));
        }
        let mut s = k.into_bytes();
        s.push(b'=');
        s.extend(v.as_bytes());
        vars.push(CString::new(s).unwrap_or_default());
    }
    Ok(vars)
}

fn file_action(cx: &mut Cx, o: Obj) -> Result<FileAction> {
    let Some(t) = o.cast::<Tuple>().filter(|t| !t.is_empty()) else {
        return Err(cx.type_error("Each file_actions element must be a non-empty tuple"));
    };
    let a = t.payload().items();
    let kind = i64::from_arg(cx, a[0])?;
    let (name, len) = match kind {
        OPEN => ("open", 5),
        CLOSE => ("close", 2),
        DUP2 => ("dup2", 3),
        CLOSEFROM => ("closefrom", 2),
        _ => return Err(cx.type_error("Unknown file_actions identifier")),
    };
    if a.len() != len {
        return Err(cx.type_error(format!("A {name} file_action tuple must have {len} elements")));
    }
    let fd = i32::from_arg(cx, a[1])?;
    Ok(match kind {
        OPEN => {
            let path = Path::from_arg(cx, a[2])?.c;
            FileAction::Open(fd, path, i32::from_arg(cx, a[3])?, i64::from_arg(cx, a[4])? as u32)
        }
        CLOSE => FileAction::Close(fd),
        DUP2 => FileAction::Dup(fd, i32::from_arg(cx, a[2])?),
        _ => FileAction::CloseFrom(fd),
    })
}

fn signals(cx: &mut Cx, o: Obj) -> Result<Option<Vec<i32>>> {
    let mut v = Vec::new();
    ops::for_each(cx, o, |cx, s| {
        let n = i64::from_arg(cx, s)?;
        if !(1..=64).contains(&n) {
            return Err(cx.value_error(format!("signal number {n} out of range [1; 64]")));
        }
        v.push(n as i32);
        Ok(true)
    })?;
    Ok(Some(v))
}

/// The arguments of `posix_spawn` that may be missing.
struct Options {
    file_actions: Option<Obj>,
    setpgroup: Option<Obj>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<Obj>,
    setsigdef: Option<Obj>,
    scheduler: Option<Obj>,
}

fn spawn_program(cx: &mut Cx, search: bool, path: &Path, argv: Obj, env: Obj, o: Options) -> Result<i32> {
    let name = if search { "posix_spawnp" } else { "posix_spawn" };
    let args = arguments(cx, argv, &format!("{name}: argv"))?;
    if !env.is_none() && !is_mapping(env) {
        return Err(cx.type_error(format!("{name}: environment must be a mapping object or None")));
    }
    let env = if env.is_none() { None } else { Some(variables(cx, env)?) };
    let mut attributes = Attributes { reset_ids: o.resetids, session: o.setsid, ..Attributes::default() };
    if let Some(actions) = o.file_actions {
        if !ops::is_sequence(actions) {
            return Err(cx.type_error("file_actions must be a sequence or None"));
        }
        ops::for_each(cx, actions, |cx, a| {
            let a = file_action(cx, a)?;
            attributes.actions.push(a);
            Ok(true)
        })?;
    }
    if let Some(g) = o.setpgroup {
        attributes.group = Some(i32::from_arg(cx, g)?);
    }
    if let Some(s) = o.setsigmask {
        attributes.mask = signals(cx, s)?;
    }
    if let Some(s) = o.setsigdef {
        attributes.defaults = signals(cx, s)?;
    }
    if let Some(s) = o.scheduler {
        let Some(t) = s.cast::<Tuple>() else {
            return Err(cx.type_error(format!("{name}: scheduler must be a tuple or None")));
        };
        let &[policy, param] = t.payload().items() else {
            return Err(cx.type_error("A scheduler tuple must have two elements"));
        };
        let policy = Option::<i32>::from_arg(cx, policy)?;
        attributes.scheduler = Some((policy, priority_of(cx, param)?));
    }
    match sys_call(cx, || call::posix_spawn(search, path.as_c(), &args, env.as_deref(), &attributes))? {
        Ok(pid) => Ok(pid),
        Err(e) => Err(path.error(cx, e)),
    }
}

/// Part of `posix`.
#[module("posix")]
pub mod spawn {
    use super::*;

    /// Execute an executable path with arguments, replacing current process.
    fn execv(cx: &mut Cx, path: PathArg, argv: Obj) -> Result<()> {
        may_exec(cx)?;
        let args = arguments(cx, argv, "execv() arg 2")?;
        let e = sys::execve(path.as_c(), &args, None);
        Err(path.error(cx, e))
    }
    /// Execute an executable path with arguments and environment.
    #[sig(path, argv, env)]
    fn execve(cx: &mut Cx, path: PathOrFd, argv: Obj, env: Obj) -> Result<()> {
        may_exec(cx)?;
        let args = arguments(cx, argv, "execve: argv")?;
        if !is_mapping(env) {
            return Err(cx.type_error("execve: environment must be a mapping object"));
        }
        let vars = variables(cx, env)?;
        let e = match &path {
            PathOrFd::Path(p) => sys::execve(p.as_c(), &args, Some(&vars)),
            PathOrFd::Fd(fd) => call::fexecve(*fd, &args, &vars),
        };
        match path {
            PathOrFd::Path(p) => Err(p.error(cx, e)),
            PathOrFd::Fd(_) => Err(os_error(cx, e)),
        }
    }
    /// Execute the program specified by path in a new process.
    #[sig(
        path, argv, env, /, *, file_actions = None, setpgroup = None, resetids = False, setsid = False,
        setsigmask = <missing>, setsigdef = <missing>, scheduler = None
    )]
    #[allow(clippy::too_many_arguments)]
    fn posix_spawn(
        cx: &mut Cx,
        path: PathArg,
        argv: Obj,
        env: Obj,
        file_actions: Option<Obj>,
        setpgroup: Option<Obj>,
        resetids: bool,
        setsid: bool,
        setsigmask: Missing<Obj>,
        setsigdef: Missing<Obj>,
        scheduler: Option<Obj>,
    ) -> Result<i32> {
        let o = Options {
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask: setsigmask.given(),
            setsigdef: setsigdef.given(),
            scheduler,
        };
        spawn_program(cx, false, &path, argv, env, o)
    }
    /// Execute the program specified by path in a new process; it is looked for
    /// on the path.
    #[sig(
        path, argv, env, /, *, file_actions = None, setpgroup = None, resetids = False, setsid = False,
        setsigmask = <missing>, setsigdef = <missing>, scheduler = None
    )]
    #[allow(clippy::too_many_arguments)]
    fn posix_spawnp(
        cx: &mut Cx,
        path: PathArg,
        argv: Obj,
        env: Obj,
        file_actions: Option<Obj>,
        setpgroup: Option<Obj>,
        resetids: bool,
        setsid: bool,
        setsigmask: Missing<Obj>,
        setsigdef: Missing<Obj>,
        scheduler: Option<Obj>,
    ) -> Result<i32> {
        let o = Options {
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask: setsigmask.given(),
            setsigdef: setsigdef.given(),
            scheduler,
        };
        spawn_program(cx, true, &path, argv, env, o)
    }
}
