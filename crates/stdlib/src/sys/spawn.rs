//! Starting a program: what happens between `fork` and `exec`.
//!
//! The child side allocates nothing and touches no object, since it may share
//! the parent's memory: every string and pointer array is made before.
//! Tests: tests/lang/subprocess.md; CPython test_subprocess.

use super::{Sys, errno, int};
use std::ffi::{CString, c_char, c_int, c_void};

/// A program to be started; -1 stands for "not given" in the descriptors.
pub struct Program {
    /// Files to try, in order.
    pub files: Vec<CString>,
    /// Arguments.
    pub args: Vec<CString>,
    /// Environment; the parent's if `None`.
    pub env: Option<Vec<CString>>,
    /// Working directory.
    pub cwd: Option<CString>,
    /// Close everything from 3 on that is not in `keep`.
    pub close_fds: bool,
    /// Sorted descriptors that stay open.
    pub keep: Vec<i32>,
    /// Ends of the pipes to standard input: the child's, the parent's.
    pub input: (i32, i32),
    /// Standard output: the parent's, the child's.
    pub output: (i32, i32),
    /// Standard error: the parent's, the child's.
    pub error: (i32, i32),
    /// Where the child reports failure: the parent's, the child's.
    pub report: (i32, i32),
    /// Give the signals that the runtime ignores their defaults again.
    pub restore_signals: bool,
    /// A new session.
    pub setsid: bool,
    /// A process group, or -1.
    pub pgid: i32,
    /// A group.
    pub gid: Option<u32>,
    /// Supplementary groups.
    pub groups: Option<Vec<u32>>,
    /// A user.
    pub uid: Option<u32>,
    /// A file mode mask, or -1.
    pub umask: i32,
}

fn pointers(v: &[CString]) -> Vec<*const c_char> {
    v.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

/// A program with its pointer arrays: what the child may use.
pub struct Ready<'a> {
    program: &'a Program,
    args: Vec<*const c_char>,
    env: Option<Vec<*const c_char>>,
}

/// What the new thread of control starts with.
struct Start<'a> {
    ready: &'a Ready<'a>,
    mask: libc::sigset_t,
}

/// A failure in the child: `errno`, or 0, and what was being done.
type Failed = (i32, &'static [u8]);

impl<'a> Ready<'a> {
    /// Make the pointer arrays.
    pub fn new(program: &'a Program) -> Ready<'a> {
        Ready { program, args: pointers(&program.args), env: program.env.as_deref().map(pointers) }
    }

    /// Start the program in a child that never returns here.
    pub fn start(&self) -> Sys<i32> {
        let p = self.program;
        let mut mask = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // The sets are valid for the calls; sigprocmask fills `mask`.
        let start = unsafe {
            let mut all = std::mem::MaybeUninit::uninit();
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), mask.as_mut_ptr());
            Start { ready: self, mask: mask.assume_init() }
        };
        // The C library changes users in all threads of the process, which must
        // not be tried from a child that shares memory.
        let pid = if p.uid.is_none() && p.gid.is_none() && p.groups.is_none() {
            share_memory(&start)
        } else {
            // The child makes only system calls.
            match int(unsafe { libc::fork() }) {
                Ok(0) => child(&start),
                r => r,
            }
        };
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &start.mask, std::ptr::null_mut()) };
        pid
    }

    /// The child's side: become the program, or report why not and exit.
    /// `prepare` is the last thing before descriptors are closed.
    pub fn become_program(&self, prepare: impl FnOnce() -> bool) -> ! {
        let (e, what) = self.attempt(prepare);
        let fd = self.program.report.1;
        let put = |b: &[u8]| {
            // A report that cannot be written cannot be helped.
            let _ = super::write(fd, b);
        };
        if e == 0 {
            put(b"SubprocessError:0:");
        } else {
            put(b"OSError:");
            let mut hex = [0u8; 8];
            let (mut at, mut n) = (hex.len(), e as u32);
            while n > 0 {
                at -= 1;
                hex[at] = b"0123456789ABCDEF"[(n & 15) as usize];
                n >>= 4;
            }
            put(&hex[at..]);
            put(b":");
        }
        put(what);
        super::exit(255)
    }

    /// Returns only what went wrong.
    fn attempt(&self, prepare: impl FnOnce() -> bool) -> Failed {
        let p = self.program;
        if let Err(e) = self.descriptors() {
            return (e, b"");
        }
        if let Some(d) = &p.cwd
            && let Err(e) = super::chdir(d)
        {
            return (e, b"noexec:chdir");
        }
        if p.umask >= 0 {
            super::umask(p.umask as u32);
        }
        if p.restore_signals {
            for s in [libc::SIGPIPE, libc::SIGXFSZ] {
                unsafe { libc::signal(s, libc::SIG_DFL) };
            }
        }
        if let Err(e) = self.identity() {
            return (e, b"noexec");
        }
        if !prepare() {
            return (0, b"Exception occurred in preexec_fn.");
        }
        if p.close_fds {
            close_others(&p.keep);
        }
        (self.exec(), b"")
    }

    fn descriptors(&self) -> Sys<()> {
        let p = self.program;
        for fd in p.keep.iter().filter(|fd| **fd != p.report.1) {
            super::set_inheritable(*fd, true)?;
        }
        for fd in [p.input.1, p.output.0, p.error.0, p.report.0] {
            if fd >= 0 {
                super::close(fd)?;
            }
        }
        // The ends must not lie where another will be put.
        let (mut out, mut err) = (p.output.1, p.error.1);
        if out == 0 {
            out = super::dup(out)?;
        }
        while err == 0 || err == 1 {
            err = super::dup(err)?;
        }
        for (fd, to) in [(p.input.0, 0), (out, 1), (err, 2)] {
            if fd == to {
                super::set_inheritable(fd, true)?;
            } else if fd >= 0 {
                super::dup3(fd, to, true)?;
            }
        }
        Ok(())
    }

    fn identity(&self) -> Sys<()> {
        let p = self.program;
        if p.setsid {
            super::setsid()?;
        }
        if p.pgid >= 0 {
            super::setpgid(0, p.pgid)?;
        }
        if let Some(g) = &p.groups {
            int(unsafe { libc::setgroups(g.len(), g.as_ptr()) })?;
        }
        if let Some(g) = p.gid {
            int(unsafe { libc::setregid(g, g) })?;
        }
        if let Some(u) = p.uid {
            int(unsafe { libc::setreuid(u, u) })?;
        }
        Ok(())
    }

    fn exec(&self) -> i32 {
        let mut first = 0;
        for f in &self.program.files {
            // The arrays end with a null and their strings live in `program`.
            unsafe {
                match &self.env {
                    Some(e) => libc::execve(f.as_ptr(), self.args.as_ptr(), e.as_ptr()),
                    None => libc::execv(f.as_ptr(), self.args.as_ptr()),
                }
            };
            let e = errno();
            if e != libc::ENOENT && e != libc::ENOTDIR && first == 0 {
                first = e;
            }
        }
        if first != 0 { first } else { errno() }
    }
}

/// A child in the parent's memory, on a stack of its own. The parent's thread
/// waits until the child has become the program or is gone.
fn share_memory(start: &Start<'_>) -> Sys<i32> {
    extern "C" fn entry(arg: *mut c_void) -> c_int {
        // The parent's thread, which owns the record, waits for us.
        child(unsafe { &*(arg as *const Start<'_>) })
    }
    const STACK: usize = 256 << 10;
    let mut stack = vec![0u128; STACK / 16];
    // The stack grows down from the end of the buffer, which outlives the child's use.
    let pid = unsafe {
        libc::clone(
            entry,
            stack.as_mut_ptr().add(stack.len()).cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            start as *const Start<'_> as *mut c_void,
        )
    };
    int(pid)
}

/// The child's first steps: signals must not run the parent's handlers here.
fn child(start: &Start<'_>) -> ! {
    for s in 1..65 {
        // Asking and setting use records on this stack.
        unsafe {
            let mut act: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(s, std::ptr::null(), &mut act) == 0
                && act.sa_sigaction != libc::SIG_IGN
                && act.sa_sigaction != libc::SIG_DFL
            {
                libc::signal(s, libc::SIG_DFL);
            }
        }
    }
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &start.mask, std::ptr::null_mut()) };
    start.ready.become_program(|| true)
}

fn close_others(keep: &[i32]) {
    let mut from = 3;
    for fd in keep.iter().copied().filter(|fd| *fd >= 3) {
        if fd > from {
            close_range(from, fd - 1);
        }
        from = from.max(fd + 1);
    }
    close_range(from, i32::MAX);
}

fn close_range(from: i32, to: i32) {
    let r = unsafe { libc::syscall(libc::SYS_close_range, from as u32, to as u32, 0) };
    if r < 0 {
        let end = super::sysconf(libc::_SC_OPEN_MAX).map_or(1024, |n| n as i32);
        for fd in from..=to.min(end) {
            let _ = super::close(fd);
        }
    }
}
