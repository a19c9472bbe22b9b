//! `posix`: what `os` is made of.
//!
//! | file | what |
//! |---|---|
//! | `files.rs` | descriptors and the file system |
//! | `stat.rs` | `stat_result` and its like |
//! | `scandir.rs` | `DirEntry`, `scandir`, `listdir` |
//! | `process.rs` | processes, users, the environment, the machine |
//! | `consts.rs` | constants |
//!
//! The functions of one Python module come from several Rust modules; their
//! tables are joined in [`posix`]'s `__exec__`.
//! Tests: CPython test_os, test_posix.

mod consts;
mod files;
mod process;
mod scandir;
pub mod stat;

use crate::util::{set, set_ints};
use typhon_macros::module;
use typhon_object::native::ModuleSpec;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, list, ops};

/// What `_have_functions` tells `os` about.
const HAVE: &[&str] = &[
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FDOPENDIR",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
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
        for spec in [&files::files::SPEC, &process::process::SPEC, &scandir::scandir::SPEC, &stat::stat::SPEC] {
            add_functions(cx, module, spec)?;
        }
        set_ints(cx, module, consts::TABLE)?;
        for (name, class) in [
            ("stat_result", &stat::STAT_RESULT),
            ("statvfs_result", &stat::STATVFS_RESULT),
            ("terminal_size", &process::TERMINAL_SIZE),
            ("uname_result", &process::UNAME_RESULT),
            ("times_result", &process::TIMES_RESULT),
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
        let names = process::sysconf_names(cx)?;
        set(cx, module, "sysconf_names", names)?;
        let env = process::environ(cx)?;
        set(cx, module, "environ", env)
    }
}
