//! Priorities, schedulers, processors and namespaces.
//!
//! Tests: CPython test_os, test_posix.

use crate::structseq::StructSeq;
use crate::sys;
use crate::util::{Fd, sys_raise, tuple_obj};
use typhon_macros::module;
use typhon_object::native::{self, Args, FromArg, Member, MemberKind};
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::{self, Tuple};
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Result, int, list, ops};

static PARAM: StructSeq = StructSeq::new(
    "posix",
    "sched_param",
    "Currently has only one field: sched_priority\n\n  sched_priority\n    A scheduling parameter.",
    &[("sched_priority", "the scheduling priority")],
    1,
);

/// Unlike other classes of the kind, this one takes its field and no sequence.
const PARAM_METHODS: &[Member] = &[
    Member {
        name: "__new__",
        doc: "Create and return a new object.  See help(type) for accurate signature.",
        signature: "(sched_priority)",
        kind: MemberKind::New,
        call: param_new,
        set: None,
        params: &[],
        leaf: false,
    },
    Member {
        name: "__reduce__",
        doc: "",
        signature: "",
        kind: MemberKind::Method,
        call: param_reduce,
        set: None,
        params: &[],
        leaf: false,
    },
];

fn param_new(cx: &mut Cx, args: &[Obj], kw: Option<native::KwNames>) -> Result<Obj> {
    let class = native::class_ref(cx, args, "sched_param")?;
    let a = Args::new(args, kw);
    let given = a.all().len() - 1;
    if given > 1 {
        return Err(cx.type_error(format!("sched_param() takes at most 1 argument ({given} given)")));
    }
    let mut value = a.pos.get(1).copied();
    for (k, v) in a.keywords() {
        if !k.eq_str("sched_priority") {
            return Err(cx.type_error(format!("sched_param() got an unexpected keyword argument '{}'", k.to_str())));
        }
        value = Some(v);
    }
    match value {
        Some(v) => Ok(tuple::new_of(cx, class, &[v])?),
        None => Err(cx.type_error("sched_param() missing required argument 'sched_priority' (pos 1)")),
    }
}

fn param_reduce(cx: &mut Cx, args: &[Obj], _: Option<native::KwNames>) -> Result<Obj> {
    let this = native::self_gc::<Tuple>(cx, args, "__reduce__")?;
    let items = tuple_obj(cx, this.items())?;
    tuple_obj(cx, &[ops::class_of(this.obj()).obj(), items])
}

/// `os.sched_param`.
pub fn param_class(cx: &mut Cx) -> Result<Gc<Type>> {
    let c = PARAM.class(cx)?;
    types::add_members(cx, c, PARAM_METHODS)?;
    Ok(c)
}

/// The priority in a `sched_param`.
pub fn priority_of(cx: &mut Cx, o: Obj) -> Result<i32> {
    let class = PARAM.class(cx)?;
    let value = match o.cast::<Tuple>() {
        Some(t) if ops::class_of(o) == class => t.get(0).unwrap_or(Obj::NONE),
        _ => return Err(cx.type_error("must have a sched_param object")),
    };
    let i = ops::index(cx, value)?;
    int::to_i64(i)
        .and_then(|n| i32::try_from(n).ok())
        .ok_or_else(|| cx.error(ExcKind::OverflowError, "sched_priority out of range"))
}

/// Part of `posix`.
#[module("posix")]
pub mod sched {
    use super::*;

    /// Add increment to the priority of process and return the new priority.
    fn nice(cx: &mut Cx, increment: i32) -> Result<i32> {
        sys_raise(cx, || sys::sched::nice(increment))
    }
    /// Return program scheduling priority.
    #[sig(which, who)]
    fn getpriority(cx: &mut Cx, which: i32, who: i32) -> Result<i32> {
        sys_raise(cx, || sys::sched::getpriority(which, who as u32))
    }
    /// Set program scheduling priority.
    #[sig(which, who, priority)]
    fn setpriority(cx: &mut Cx, which: i32, who: i32, priority: i32) -> Result<()> {
        sys_raise(cx, || sys::sched::setpriority(which, who as u32, priority))
    }
    /// Voluntarily relinquish the CPU.
    fn sched_yield(cx: &mut Cx) -> Result<()> {
        sys_raise(cx, sys::sched_yield)
    }
    /// Get the maximum scheduling priority for policy.
    #[sig(policy)]
    fn sched_get_priority_max(cx: &mut Cx, policy: i32) -> Result<i32> {
        sys_raise(cx, || sys::sched::priority_max(policy))
    }
    /// Get the minimum scheduling priority for policy.
    #[sig(policy)]
    fn sched_get_priority_min(cx: &mut Cx, policy: i32) -> Result<i32> {
        sys_raise(cx, || sys::sched::priority_min(policy))
    }
    /// Get the scheduling policy for the process identified by pid; 0 is the
    /// calling process.
    fn sched_getscheduler(cx: &mut Cx, pid: i32) -> Result<i32> {
        sys_raise(cx, || sys::sched::getscheduler(pid))
    }
    /// Set the scheduling policy for the process identified by pid; 0 is the
    /// calling process.
    fn sched_setscheduler(cx: &mut Cx, pid: i32, policy: i32, param: Obj) -> Result<()> {
        let p = priority_of(cx, param)?;
        sys_raise(cx, || sys::sched::setscheduler(pid, policy, p)).map(|_| ())
    }
    /// The scheduling parameters of the process identified by pid; 0 is the
    /// calling process.
    fn sched_getparam(cx: &mut Cx, pid: i32) -> Result<Obj> {
        let p = sys_raise(cx, || sys::sched::getparam(pid))?;
        PARAM.instance(cx, &[Obj::int_unchecked(i64::from(p))])
    }
    /// Set scheduling parameters for the process identified by pid; 0 is the
    /// calling process.
    fn sched_setparam(cx: &mut Cx, pid: i32, param: Obj) -> Result<()> {
        let p = priority_of(cx, param)?;
        sys_raise(cx, || sys::sched::setparam(pid, p))
    }
    /// Return the round-robin quantum for the process identified by pid, in seconds.
    fn sched_rr_get_interval(cx: &mut Cx, pid: i32) -> Result<f64> {
        sys_raise(cx, || sys::sched::rr_get_interval(pid))
    }
    /// Return the affinity of the process identified by pid (or the current process if zero).
    fn sched_getaffinity(cx: &mut Cx, pid: i32) -> Result<Obj> {
        let v = sys_raise(cx, || sys::affinity(pid))?;
        let l = list::new(cx, &[])?;
        for c in v {
            l.append(cx, Obj::int_unchecked(c as i64))?;
        }
        let set = crate::util::builtin(cx, "set")?;
        ops::call_args(cx, set, &[l.obj()])
    }
    /// Set the CPU affinity of the process identified by pid to mask.
    fn sched_setaffinity(cx: &mut Cx, pid: i32, mask: Obj) -> Result<()> {
        let mut v = Vec::new();
        ops::for_each(cx, mask, |cx, c| {
            if !int::is_int(c) {
                let class = ops::repr(cx, ops::class_of(c).obj())?;
                return Err(
                    cx.type_error(format!("expected an iterator of ints, but iterator yielded {}", class.to_str()))
                );
            }
            let c = i64::from_arg(cx, c)?;
            v.push(usize::try_from(c).map_err(|_| cx.value_error("negative CPU number"))?);
            Ok(true)
        })?;
        sys_raise(cx, || sys::set_affinity(pid, &v))
    }
    /// Disassociate parts of a process (or thread) execution context.
    #[sig(flags)]
    fn unshare(cx: &mut Cx, flags: i32) -> Result<()> {
        sys_raise(cx, || sys::sched::unshare(flags))
    }
    /// Move the calling thread into different namespaces.
    #[sig(fd, nstype = 0)]
    fn setns(cx: &mut Cx, fd: Fd, nstype: i32) -> Result<()> {
        sys_raise(cx, || sys::sched::setns(fd.0, nstype))
    }
}
