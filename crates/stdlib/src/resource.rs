//! `resource`: limits and usage of system resources.
//!
//! Tests: CPython test_resource.

use crate::structseq::StructSeq;
use crate::sys::limits;
use crate::util::{os_error, set, set_ints};
use typhon_macros::module;
use typhon_object::native::IntoObj;
use typhon_object::obj::Obj;
use typhon_object::{Cx, ExcKind, Result, ops};

/// `resource.struct_rusage`.
static STRUCT_RUSAGE: StructSeq = StructSeq::new(
    "resource",
    "struct_rusage",
    "struct_rusage: Result from getrusage.\n\nThis object may be accessed either as a tuple of\n    (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    nswap,inblock,oublock,msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\nor via the attributes ru_utime, ru_stime, ru_maxrss, and so on.",
    &[
        ("ru_utime", "user time used"),
        ("ru_stime", "system time used"),
        ("ru_maxrss", "max. resident set size"),
        ("ru_ixrss", "shared memory size"),
        ("ru_idrss", "unshared data size"),
        ("ru_isrss", "unshared stack size"),
        ("ru_minflt", "page faults not requiring I/O"),
        ("ru_majflt", "page faults requiring I/O"),
        ("ru_nswap", "number of swap outs"),
        ("ru_inblock", "block input operations"),
        ("ru_oublock", "block output operations"),
        ("ru_msgsnd", "IPC messages sent"),
        ("ru_msgrcv", "IPC messages received"),
        ("ru_nsignals", "signals received"),
        ("ru_nvcsw", "voluntary context switches"),
        ("ru_nivcsw", "involuntary context switches"),
    ],
    16,
);

/// A `struct_rusage`.
pub fn rusage(cx: &mut Cx, u: &libc::rusage) -> Result<Obj> {
    let t = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    let mut v = [Obj::NONE; 16];
    v[0] = t(u.ru_utime).into_obj(cx)?;
    v[1] = t(u.ru_stime).into_obj(cx)?;
    let ints = [
        u.ru_maxrss,
        u.ru_ixrss,
        u.ru_idrss,
        u.ru_isrss,
        u.ru_minflt,
        u.ru_majflt,
        u.ru_nswap,
        u.ru_inblock,
        u.ru_oublock,
        u.ru_msgsnd,
        u.ru_msgrcv,
        u.ru_nsignals,
        u.ru_nvcsw,
        u.ru_nivcsw,
    ];
    for (o, n) in v[2..].iter_mut().zip(ints) {
        *o = n.into_obj(cx)?;
    }
    STRUCT_RUSAGE.instance(cx, &v)
}

/// A limit, where -1 is infinity.
fn limit(cx: &mut Cx, o: Obj) -> Result<u64> {
    let o = ops::index(cx, o)?;
    match typhon_object::int::to_i128(o) {
        Some(-1) => Ok(libc::RLIM_INFINITY),
        Some(n) if n < 0 => Err(cx.value_error("Cannot convert negative int")),
        Some(n) => u64::try_from(n)
            .map_err(|_| cx.error(ExcKind::OverflowError, "Python int too large to convert to C rlim_t")),
        None if ops::less(cx, o, Obj::int_unchecked(0))? => Err(cx.value_error("Cannot convert negative int")),
        None => Err(cx.error(ExcKind::OverflowError, "Python int too large to convert to C rlim_t")),
    }
}

fn limits_arg(cx: &mut Cx, o: Obj) -> Result<(u64, u64)> {
    let t = ops::tuple_from_iter(cx, o)?;
    let &[soft, hard] = t.items() else {
        return Err(cx.value_error("expected a tuple of 2 integers"));
    };
    Ok((limit(cx, soft)?, limit(cx, hard)?))
}

fn limits_obj(cx: &mut Cx, (soft, hard): (u64, u64)) -> Result<Obj> {
    let shown = |n: u64| if n == libc::RLIM_INFINITY { -1 } else { i128::from(n) };
    (shown(soft), shown(hard)).into_obj(cx)
}

fn known(cx: &mut Cx, which: i32) -> Result<()> {
    if (0..16).contains(&which) { Ok(()) } else { Err(cx.value_error("invalid resource specified")) }
}

fn set_error(cx: &mut Cx, e: i32) -> typhon_object::Raised {
    match e {
        libc::EINVAL => cx.value_error("current limit exceeds maximum limit"),
        libc::EPERM => cx.value_error("not allowed to raise maximum limit"),
        e => os_error(cx, e),
    }
}

#[module("resource")]
pub mod resource {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        macro_rules! c {
            ($($n:ident)*) => { &[$((stringify!($n), libc::$n as i64)),*] };
        }
        set_ints(
            cx,
            module,
            c!(RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_NOFILE RLIMIT_AS RLIMIT_RSS
            RLIMIT_NPROC RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING
            RUSAGE_SELF RUSAGE_CHILDREN RUSAGE_THREAD RLIM_INFINITY),
        )?;
        set(cx, module, "RLIMIT_OFILE", libc::RLIMIT_NOFILE as i64)?;
        let c = STRUCT_RUSAGE.class(cx)?;
        set(cx, module, "struct_rusage", c)?;
        let e = ExcKind::OSError.class(cx);
        set(cx, module, "error", e)
    }
    fn getrusage(cx: &mut Cx, who: i32) -> Result<Obj> {
        match limits::getrusage(who) {
            Ok(u) => rusage(cx, &u),
            Err(libc::EINVAL) => Err(cx.value_error("invalid who parameter")),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    fn getrlimit(cx: &mut Cx, resource: i32) -> Result<Obj> {
        known(cx, resource)?;
        match limits::getrlimit(resource) {
            Ok(l) => limits_obj(cx, l),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    fn setrlimit(cx: &mut Cx, resource: i32, limits: Obj) -> Result<()> {
        known(cx, resource)?;
        let (soft, hard) = limits_arg(cx, limits)?;
        crate::sys::limits::setrlimit(resource, soft, hard).map_err(|e| set_error(cx, e))
    }
    #[sig(pid, resource, limits = None, /)]
    fn prlimit(cx: &mut Cx, pid: i32, resource: i32, limits: Option<Obj>) -> Result<Obj> {
        known(cx, resource)?;
        let new = match limits {
            Some(l) => Some(limits_arg(cx, l)?),
            None => None,
        };
        match crate::sys::limits::prlimit(pid, resource, new) {
            Ok(l) => limits_obj(cx, l),
            Err(libc::EINVAL) => Err(cx.value_error("current limit exceeds maximum limit")),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    fn getpagesize(cx: &mut Cx) -> Result<i64> {
        crate::sys::sysconf(libc::_SC_PAGESIZE).map_err(|e| os_error(cx, e))
    }
}
