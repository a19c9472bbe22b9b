//! `posix`: what `os` is made of.
//!
//! | file | what |
//! |---|---|
//! | `files.rs` | descriptors and the file system |
//! | `stat.rs` | `stat_result` and its like |
//! | `scandir.rs` | `DirEntry`, `scandir`, `listdir` |
//! | `transfer.rs` | descriptors of special kinds, moving data between them |
//! | `xattr.rs` | extended attributes |
//! | `terminal.rs` | pseudo-terminals |
//! | `process.rs` | processes, the environment, the machine |
//! | `spawn.rs` | `exec` and `posix_spawn` |
//! | `sched.rs` | priorities, schedulers, namespaces |
//! | `ids.rs` | users and groups |
//! | `conf.rs` | `sysconf` and its like |
//! | `consts.rs` | constants |
//!
//! The functions of one Python module come from several Rust modules; their
//! tables are joined in [`posix`]'s `__exec__`.
//! Tests: CPython test_os, test_posix.

mod conf;
mod consts;
mod files;
mod ids;
mod process;
mod scandir;
mod sched;
mod spawn;
pub mod stat;
mod terminal;
mod transfer;
mod xattr;

use crate::util::{set, set_ints};
use typhon_macros::module;
use typhon_object::native::ModuleSpec;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, list, ops};

/// What `_have_functions` tells `os` about.
const HAVE: &[&str] = &[
    "HAVE_EVENTFD",
    "HAVE_TIMERFD_CREATE",
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FEXECVE",
    "HAVE_FDOPENDIR",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_FUTIMES",
    "HAVE_FUTIMESAT",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MEMFD_CREATE",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_MKNODAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
    "HAVE_PTSNAME_R",
];

/// Add another table's functions to a module.
fn add_functions(cx: &mut Cx, module: Obj, spec: &'static ModuleSpec) -> Result<()> {
    for m in spec.functions {
        let f = ops::native_function(cx, m, "posix")?;
        set(cx, module, m.name, f)?;
    }
    for c in spec.classes {
        let (name, class) = c(cx)?;
        set(cx, module, name, class)?;
    }
    Ok(())
}

/// This module provides access to operating system functionality that is
/// standardized by the C Standard and the POSIX standard (a thinly disguised
/// Unix interface).  Refer to the library manual and corresponding Unix manual
/// entries for more information on calls.
#[module("posix")]
pub mod posix {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        for spec in [
            &files::files::SPEC,
            &process::process::SPEC,
            &scandir::scandir::SPEC,
            &stat::stat::SPEC,
            &conf::conf::SPEC,
            &ids::ids::SPEC,
            &sched::sched::SPEC,
            &spawn::spawn::SPEC,
            &terminal::terminal::SPEC,
            &transfer::transfer::SPEC,
            &xattr::xattr::SPEC,
        ] {
            add_functions(cx, module, spec)?;
        }
        set_ints(cx, module, consts::TABLE)?;
        for (name, class) in [
            ("stat_result", &stat::STAT_RESULT),
            ("statvfs_result", &stat::STATVFS_RESULT),
            ("terminal_size", &process::TERMINAL_SIZE),
            ("uname_result", &process::UNAME_RESULT),
            ("times_result", &process::TIMES_RESULT),
            ("waitid_result", &process::WAITID_RESULT),
        ] {
            let c = class.class(cx)?;
            set(cx, module, name, c)?;
        }
        let have = list::new(cx, &[])?;
        for h in HAVE {
            let s = cx.intern(h)?;
            have.append(cx, s.obj())?;
        }
        set(cx, module, "_have_functions", have)?;
        let os_error = typhon_object::ExcKind::OSError.class(cx);
        set(cx, module, "error", os_error)?;
        let param = sched::param_class(cx)?;
        set(cx, module, "sched_param", param)?;
        for (name, table) in
            [("sysconf_names", conf::SYSCONF), ("confstr_names", conf::CONFSTR), ("pathconf_names", conf::PATHCONF)]
        {
            let d = conf::names(cx, table)?;
            set(cx, module, name, d)?;
        }
        let env = process::environ(cx)?;
        set(cx, module, "environ", env)
    }
}
