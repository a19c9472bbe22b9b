//! Where the program is: `sys.executable`, `sys.prefix`.
//!
//! The standard library is in the binary, so there is no folder that belongs to an
//! installation; [`PREFIX`] stands for it. A virtual environment (PEP 405) has one: it is
//! known by a file `pyvenv.cfg` beside the executable, which may be a link, or above.
//! Tests: tests/lang/imports.md.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// `sys.base_prefix`.
pub const PREFIX: &str = "/typhon";

/// See the fields.
pub struct Place {
    /// `sys.executable`: as it was called, made absolute, links not followed.
    pub executable: PathBuf,
    /// `sys._base_executable`: the file itself.
    pub base: PathBuf,
    /// `sys.prefix`.
    pub prefix: PathBuf,
}

/// Finds out.
pub fn find() -> Place {
    let base = std::env::current_exe().unwrap_or_default();
    let executable = called_as(&base).unwrap_or_else(|| base.clone());
    let environment = executable.parent().and_then(|bin| {
        let above = bin.parent()?;
        [bin, above].iter().any(|dir| dir.join("pyvenv.cfg").is_file()).then(|| above.to_path_buf())
    });
    Place { executable, base, prefix: environment.unwrap_or_else(|| PathBuf::from(PREFIX)) }
}

/// The path that the program was called by, if it leads to the file that runs.
fn called_as(base: &Path) -> Option<PathBuf> {
    let name = std::env::args_os().next()?;
    let found = if name.as_bytes().contains(&b'/') {
        std::path::absolute(&name).ok()?
    } else {
        let path = std::env::var_os("PATH")?;
        let tried = std::env::split_paths(&path).map(|dir| dir.join(&name)).find(|file| file.is_file())?;
        std::path::absolute(tried).ok()?
    };
    let (a, b) = (std::fs::metadata(&found).ok()?, std::fs::metadata(base).ok()?);
    ((a.dev(), a.ino()) == (b.dev(), b.ino())).then_some(found)
}
