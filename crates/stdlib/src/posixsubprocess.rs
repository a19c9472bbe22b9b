//! `_posixsubprocess`: `fork` and `exec` in one step, for `subprocess`.
//!
//! Without a `preexec_fn` no Python code runs in the child, so it needs no
//! heap and no care for other threads; with one it is a full `os.fork()`.
//! Tests: tests/lang/subprocess.md; CPython test_subprocess.

use crate::sys;
use crate::sys::spawn::{Program, Ready};
use crate::util::{HOOKS, Path, os_error};
use std::ffi::CString;
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::list::List;
use typhon_object::native::{Args, FromArg};
use typhon_object::obj::Obj;
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Result, int, ops};

fn paths(cx: &mut Cx, o: Obj) -> Result<Vec<CString>> {
    let mut v = Vec::new();
    ops::for_each(cx, o, |cx, a| {
        v.push(Path::from_arg(cx, a)?.c);
        Ok(true)
    })?;
    Ok(v)
}

fn byte_strings(cx: &mut Cx, o: Obj) -> Result<Vec<CString>> {
    let mut v = Vec::new();
    ops::for_each(cx, o, |cx, a| {
        let Some(b) = a.cast::<Bytes>() else {
            return Err(cx.type_error(format!("expected bytes, {} found", cx.type_name(a))));
        };
        v.push(CString::new(b.as_slice()).map_err(|_| cx.value_error("embedded null byte"))?);
        Ok(true)
    })?;
    Ok(v)
}

fn id(cx: &mut Cx, o: Obj, what: &str) -> Result<Option<u32>> {
    if o.is_none() {
        return Ok(None);
    }
    if !int::is_int(o) {
        return Err(cx.type_error(format!("{what} should be integer, not {}", cx.type_name(o))));
    }
    match i64::from_arg(cx, o) {
        // -1 means "as it is" to the system, so it cannot be asked for.
        Ok(n) if n >= 0 && n < i64::from(u32::MAX) => Ok(Some(n as u32)),
        Ok(n) if n < 0 => Err(cx.error(ExcKind::OverflowError, format!("{what} is less than minimum"))),
        _ => Err(cx.error(ExcKind::OverflowError, format!("{what} is greater than maximum"))),
    }
}

fn kept(cx: &mut Cx, o: Obj) -> Result<Vec<i32>> {
    let Some(t) = o.cast::<Tuple>() else {
        return Err(cx.type_error(format!("fork_exec() argument 4 must be tuple, not {}", cx.type_name(o))));
    };
    let mut v = Vec::new();
    for fd in t.items() {
        let n = if int::is_int(*fd) { i64::from_arg(cx, *fd).unwrap_or(-1) } else { -1 };
        let last = v.last().map_or(-1, |n| i64::from(*n));
        if n <= last || n > i64::from(i32::MAX) {
            return Err(cx.value_error("bad value(s) in fds_to_keep"));
        }
        v.push(n as i32);
    }
    Ok(v)
}

fn groups(cx: &mut Cx, o: Obj) -> Result<Option<Vec<u32>>> {
    if o.is_none() {
        return Ok(None);
    }
    let Some(l) = o.cast::<List>() else {
        return Err(cx.type_error("setgroups argument must be a sequence"));
    };
    let mut v = Vec::new();
    let mut i = 0;
    while let Some(g) = l.get(i) {
        match id(cx, g, "group id") {
            Ok(Some(g)) => v.push(g),
            Ok(None) => return Err(cx.type_error("groups must be integers")),
            Err(_) => return Err(cx.value_error("invalid group id")),
        }
        i += 1;
    }
    if v.len() > 65536 {
        return Err(cx.value_error("too many extra_groups"));
    }
    Ok(Some(v))
}

fn program(cx: &mut Cx, a: &[Obj]) -> Result<Program> {
    let close_fds = ops::truth(cx, a[2])?;
    let keep = kept(cx, a[3])?;
    let mut fd = [0; 8];
    for (i, f) in fd.iter_mut().enumerate() {
        *f = i32::from_arg(cx, a[6 + i])?;
    }
    if close_fds && fd[7] < 3 {
        return Err(cx.value_error("errpipe_write must be >= 3"));
    }
    let args = paths(cx, a[0])?;
    let files = byte_strings(cx, a[1])?;
    let env = if a[5].is_none() { None } else { Some(byte_strings(cx, a[5])?) };
    let cwd = if a[4].is_none() { None } else { Some(Path::from_arg(cx, a[4])?.c) };
    Ok(Program {
        files,
        args,
        env,
        cwd,
        close_fds,
        keep,
        input: (fd[0], fd[1]),
        output: (fd[2], fd[3]),
        error: (fd[4], fd[5]),
        report: (fd[6], fd[7]),
        restore_signals: ops::truth(cx, a[14])?,
        setsid: ops::truth(cx, a[15])?,
        pgid: i32::from_arg(cx, a[16])?,
        gid: id(cx, a[17], "gid")?,
        groups: groups(cx, a[18])?,
        uid: id(cx, a[19], "uid")?,
        umask: i32::from_arg(cx, a[20])?,
    })
}

/// A POSIX helper for the subprocess module.
#[module("_posixsubprocess")]
pub mod posixsubprocess {
    use super::*;

    /// Spawn a fresh new child process.
    ///
    /// Fork a child process, close parent file descriptors as appropriate in
    /// the child and duplicate the few that are needed before calling exec() in
    /// the child process.
    fn fork_exec(cx: &mut Cx, args: Args<'_>) -> Result<i32> {
        if args.kw.is_some_and(|k| !k.is_empty()) {
            return Err(cx.type_error("_posixsubprocess.fork_exec() takes no keyword arguments"));
        }
        let a = args.pos;
        if a.len() != 22 {
            return Err(cx.type_error(format!("fork_exec expected 22 arguments, got {}", a.len())));
        }
        let p = program(cx, a)?;
        let ready = Ready::new(&p);
        let prepare = a[21];
        if prepare.is_none() {
            return cx.blocked(|| ready.start()).map_err(|e| os_error(cx, e));
        }
        if cx.rt().finalizing.load(std::sync::atomic::Ordering::Relaxed) {
            let text = "preexec_fn not supported at interpreter shutdown";
            return Err(cx.error(typhon_object::ExcKind::PythonFinalizationError, text));
        }
        if !cx.interp().is_main() {
            let text = "preexec_fn not supported within subinterpreters";
            return Err(cx.error(typhon_object::ExcKind::RuntimeError, text));
        }
        let pid = match HOOKS.fork.get() {
            Some(f) => f(cx)?,
            None => sys::raw_fork().map_err(|e| os_error(cx, e))?,
        };
        if pid == 0 {
            ready.become_program(|| ops::call_args(cx, prepare, &[]).is_ok());
        }
        Ok(pid)
    }
}
