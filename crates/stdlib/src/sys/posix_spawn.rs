//! `posix_spawn`: starting a program with the C library's own routine.
//! Tests: CPython test_posix.

use super::Sys;
use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;

/// Something done to descriptors in the child, in order.
pub enum FileAction {
    /// Open a file as a descriptor: path, flags, mode.
    Open(i32, CString, i32, u32),
    /// Close one.
    Close(i32),
    /// Duplicate the first as the second.
    Dup(i32, i32),
    /// Close all from here on.
    CloseFrom(i32),
}

/// What the child is like.
#[derive(Default)]
pub struct Attributes {
    /// What is done to its descriptors.
    pub actions: Vec<FileAction>,
    /// Its process group.
    pub group: Option<i32>,
    /// Its effective ids are the real ones.
    pub reset_ids: bool,
    /// It has a session of its own.
    pub session: bool,
    /// Blocked signals.
    pub mask: Option<Vec<i32>>,
    /// Signals with the default action.
    pub defaults: Option<Vec<i32>>,
    /// A scheduling policy (if it changes) and priority.
    pub scheduler: Option<(Option<i32>, i32)>,
}

/// The routines return the error.
fn code(r: i32) -> Sys<()> {
    if r == 0 { Ok(()) } else { Err(r) }
}

/// Initialised file actions; destroyed when dropped.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(list: &[FileAction]) -> Sys<Actions> {
        let mut raw = MaybeUninit::uninit();
        code(unsafe { libc::posix_spawn_file_actions_init(raw.as_mut_ptr()) })?;
        // Initialised by the call.
        let mut a = Actions(unsafe { raw.assume_init() });
        for one in list {
            // The record is initialised, and strings are copied.
            code(unsafe {
                match one {
                    FileAction::Open(fd, path, flags, mode) => {
                        libc::posix_spawn_file_actions_addopen(&mut a.0, *fd, path.as_ptr(), *flags, *mode)
                    }
                    FileAction::Close(fd) => libc::posix_spawn_file_actions_addclose(&mut a.0, *fd),
                    FileAction::Dup(fd, to) => libc::posix_spawn_file_actions_adddup2(&mut a.0, *fd, *to),
                    FileAction::CloseFrom(fd) => libc::posix_spawn_file_actions_addclosefrom_np(&mut a.0, *fd),
                }
            })?;
        }
        Ok(a)
    }
}
impl Drop for Actions {
    fn drop(&mut self) {
        // Initialised, and not used again.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// Initialised attributes; destroyed when dropped.
struct Attr(libc::posix_spawnattr_t);

fn signal_set(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // The first call initialises the set; a number out of range is refused.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for s in signals {
            libc::sigaddset(set.as_mut_ptr(), *s);
        }
        set.assume_init()
    }
}

impl Attr {
    fn new(a: &Attributes) -> Sys<Attr> {
        let mut raw = MaybeUninit::uninit();
        code(unsafe { libc::posix_spawnattr_init(raw.as_mut_ptr()) })?;
        // Initialised by the call.
        let mut attr = Attr(unsafe { raw.assume_init() });
        let mut flags = 0;
        // All of these only store into the initialised record.
        unsafe {
            if let Some(g) = a.group {
                code(libc::posix_spawnattr_setpgroup(&mut attr.0, g))?;
                flags |= libc::POSIX_SPAWN_SETPGROUP;
            }
            if a.reset_ids {
                flags |= libc::POSIX_SPAWN_RESETIDS;
            }
            if a.session {
                flags |= libc::POSIX_SPAWN_SETSID as i32;
            }
            if let Some(s) = &a.mask {
                code(libc::posix_spawnattr_setsigmask(&mut attr.0, &signal_set(s)))?;
                flags |= libc::POSIX_SPAWN_SETSIGMASK;
            }
            if let Some(s) = &a.defaults {
                code(libc::posix_spawnattr_setsigdefault(&mut attr.0, &signal_set(s)))?;
                flags |= libc::POSIX_SPAWN_SETSIGDEF;
            }
            if let Some((policy, priority)) = a.scheduler {
                if let Some(p) = policy {
                    code(libc::posix_spawnattr_setschedpolicy(&mut attr.0, p))?;
                    flags |= libc::POSIX_SPAWN_SETSCHEDULER;
                }
                let p = libc::sched_param { sched_priority: priority };
                code(libc::posix_spawnattr_setschedparam(&mut attr.0, &p))?;
                flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
            }
            code(libc::posix_spawnattr_setflags(&mut attr.0, flags as _))?;
        }
        Ok(attr)
    }
}
impl Drop for Attr {
    fn drop(&mut self) {
        // Initialised, and not used again.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

/// Start a program; `search` looks for it on the path. Without an environment
/// the child gets this process's.
pub fn posix_spawn(
    search: bool,
    path: &CStr,
    args: &[CString],
    env: Option<&[CString]>,
    attributes: &Attributes,
) -> Sys<i32> {
    let actions = Actions::new(&attributes.actions)?;
    let attr = Attr::new(attributes)?;
    let pointers =
        |v: &[CString]| v.iter().map(|s| s.as_ptr().cast_mut()).chain([std::ptr::null_mut()]).collect::<Vec<_>>();
    let args = pointers(args);
    let env = env.map(pointers);
    unsafe extern "C" {
        static environ: *const *mut c_char;
    }
    let mut pid = 0;
    // The arrays end with a null and live until the call returns, and so do
    // their strings, which are only read.
    code(unsafe {
        let env = env.as_ref().map_or(environ, |e| e.as_ptr());
        let start = if search { libc::posix_spawnp } else { libc::posix_spawn };
        start(&mut pid, path.as_ptr(), &actions.0, &attr.0, args.as_ptr(), env)
    })?;
    Ok(pid)
}

/// Replace the process by the program that a descriptor is of; returns only the
/// error.
pub fn fexecve(fd: i32, args: &[CString], env: &[CString]) -> i32 {
    let pointers = |v: &[CString]| v.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>();
    let (a, e) = (pointers(args), pointers(env));
    // The arrays end with a null, and their strings live until the call returns.
    unsafe { libc::fexecve(fd, a.as_ptr(), e.as_ptr()) };
    super::errno()
}
