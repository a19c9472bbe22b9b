//! `grp`: the group database.
//!
//! Tests: CPython test_grp.

use crate::structseq::StructSeq;
use crate::sys::terminal::{self as call, Group};
use crate::util::{fs_decode, fs_encode, os_error, set};
use std::ffi::CString;
use typhon_macros::module;
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::Obj;
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Result, int, list};

/// `grp.struct_group`.
static STRUCT_GROUP: StructSeq = StructSeq::new(
    "grp",
    "struct_group",
    "grp.struct_group: Results from getgr*() routines.\n\nThis object may be accessed either as a tuple of\n  (gr_name,gr_passwd,gr_gid,gr_mem)\nor via the object attributes as named in the above tuple.\n",
    &[("gr_name", "group name"), ("gr_passwd", "password"), ("gr_gid", "group id"), ("gr_mem", "group members")],
    4,
);

fn entry(cx: &mut Cx, g: &Group) -> Result<Obj> {
    let members = list::new(cx, &[])?;
    for m in &g.members {
        let m = fs_decode(cx, m)?;
        members.append(cx, m)?;
    }
    let (name, passwd) = (fs_decode(cx, &g.name)?, fs_decode(cx, &g.passwd)?);
    let gid = g.gid.into_obj(cx)?;
    STRUCT_GROUP.instance(cx, &[name, passwd, gid, members.obj()])
}

/// Access to the Unix group database.
#[module("grp")]
pub mod grp {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let c = STRUCT_GROUP.class(cx)?;
        set(cx, module, "struct_group", c)
    }
    /// Return the group database entry for the given numeric group ID.
    #[sig(id)]
    fn getgrgid(cx: &mut Cx, id: Obj) -> Result<Obj> {
        if !int::is_int(id) {
            return Err(cx.type_error(format!("gid should be integer, not {}", cx.type_name(id))));
        }
        let n = i64::from_arg(cx, id)?;
        // -1 stands for the largest number.
        let gid = match n {
            -1 => u32::MAX,
            n if n < 0 => return Err(cx.error(ExcKind::OverflowError, "gid is less than minimum")),
            n => u32::try_from(n).map_err(|_| cx.error(ExcKind::OverflowError, "gid is greater than maximum"))?,
        };
        match cx.blocked(|| call::getgr(None, gid)) {
            Ok(Some(g)) => entry(cx, &g),
            Ok(None) => Err(cx.error(ExcKind::KeyError, format!("getgrgid(): gid not found: {n}"))),
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Return the group database entry for the given group name.
    #[sig(name)]
    fn getgrnam(cx: &mut Cx, name: Obj) -> Result<Obj> {
        let Some(s) = name.cast::<Str>() else {
            return Err(cx.type_error(format!("getgrnam() argument 'name' must be str, not {}", cx.type_name(name))));
        };
        let raw = fs_encode(cx, s)?;
        let c = CString::new(raw).map_err(|_| cx.value_error("embedded null byte"))?;
        match cx.blocked(|| call::getgr(Some(&c), 0)) {
            Ok(Some(g)) => entry(cx, &g),
            Ok(None) => {
                let r = typhon_object::ops::repr(cx, name)?.to_str().into_owned();
                Err(cx.error(ExcKind::KeyError, format!("getgrnam(): name not found: {r}")))
            }
            Err(e) => Err(os_error(cx, e)),
        }
    }
    /// Return a list of all available group entries, in arbitrary order.
    #[sig]
    fn getgrall(cx: &mut Cx) -> Result<Obj> {
        let out = list::new(cx, &[])?;
        for g in cx.blocked(call::getgrall) {
            let e = entry(cx, &g)?;
            out.append(cx, e)?;
        }
        Ok(out.obj())
    }
}
