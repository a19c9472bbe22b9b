//! The integer constants of `posix`.

macro_rules! table {
    ($($n:ident)*) => { &[$((stringify!($n), libc::$n as i64)),*] };
}

/// Names that are the C library's.
const SYSTEM: &[(&str, i64)] = table! {
    F_OK R_OK W_OK X_OK O_RDONLY O_WRONLY O_RDWR O_NDELAY O_NONBLOCK O_APPEND O_DSYNC O_RSYNC O_SYNC O_NOCTTY O_CREAT O_EXCL
    O_TRUNC O_DIRECT O_DIRECTORY O_NOFOLLOW O_NOATIME O_PATH O_TMPFILE O_CLOEXEC O_ACCMODE O_ASYNC
    WNOHANG WUNTRACED WCONTINUED WEXITED WNOWAIT WSTOPPED P_PID P_PGID P_ALL P_PIDFD
    CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED
    F_LOCK F_TLOCK F_ULOCK F_TEST PRIO_PROCESS PRIO_PGRP PRIO_USER
    SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE SCHED_RESET_ON_FORK
    RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL RTLD_NODELETE RTLD_NOLOAD RTLD_DEEPBIND
    GRND_RANDOM GRND_NONBLOCK SEEK_DATA SEEK_HOLE
    POSIX_FADV_NORMAL POSIX_FADV_SEQUENTIAL POSIX_FADV_RANDOM POSIX_FADV_NOREUSE POSIX_FADV_WILLNEED POSIX_FADV_DONTNEED
    ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_MANDLOCK ST_NOATIME ST_NODIRATIME ST_RELATIME
    EFD_CLOEXEC EFD_NONBLOCK EFD_SEMAPHORE
};

/// All of them.
pub const TABLE: &[(&str, i64)] = &{
    const EXTRA: [(&str, i64); 20] = [
        ("EX_OK", 0),
        ("EX_USAGE", 64),
        ("EX_DATAERR", 65),
        ("EX_NOINPUT", 66),
        ("EX_NOUSER", 67),
        ("EX_NOHOST", 68),
        ("EX_UNAVAILABLE", 69),
        ("EX_SOFTWARE", 70),
        ("EX_OSERR", 71),
        ("EX_OSFILE", 72),
        ("EX_CANTCREAT", 73),
        ("EX_IOERR", 74),
        ("EX_TEMPFAIL", 75),
        ("EX_PROTOCOL", 76),
        ("EX_NOPERM", 77),
        ("EX_CONFIG", 78),
        ("O_LARGEFILE", 0),
        ("O_FSYNC", libc::O_SYNC as i64),
        ("NGROUPS_MAX", 65536),
        ("TMP_MAX", 238328),
    ];
    let mut all = [("", 0); SYSTEM.len() + EXTRA.len()];
    let mut i = 0;
    while i < SYSTEM.len() {
        all[i] = SYSTEM[i];
        i += 1;
    }
    while i < all.len() {
        all[i] = EXTRA[i - SYSTEM.len()];
        i += 1;
    }
    all
};
