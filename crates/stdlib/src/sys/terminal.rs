//! Terminals, the system log, the group database. Tests: CPython test_termios,
//! test_pty, test_openpty, test_syslog, test_grp.

use super::{Sys, unit};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::Mutex;

pub fn tcgetattr(fd: i32) -> Sys<libc::termios> {
    let mut t = MaybeUninit::zeroed();
    unit(unsafe { libc::tcgetattr(fd, t.as_mut_ptr()) })?;
    // Filled by the call.
    Ok(unsafe { t.assume_init() })
}
/// Speeds are input, output.
pub fn tcsetattr(fd: i32, when: i32, t: &mut libc::termios, speeds: (u32, u32)) -> Sys<()> {
    unit(unsafe { libc::cfsetispeed(t, speeds.0) })?;
    unit(unsafe { libc::cfsetospeed(t, speeds.1) })?;
    unit(unsafe { libc::tcsetattr(fd, when, t) })
}
pub fn speeds(t: &libc::termios) -> (u32, u32) {
    unsafe { (libc::cfgetispeed(t), libc::cfgetospeed(t)) }
}
pub fn tcsendbreak(fd: i32, duration: i32) -> Sys<()> {
    unit(unsafe { libc::tcsendbreak(fd, duration) })
}
pub fn tcdrain(fd: i32) -> Sys<()> {
    unit(unsafe { libc::tcdrain(fd) })
}
pub fn tcflush(fd: i32, queue: i32) -> Sys<()> {
    unit(unsafe { libc::tcflush(fd, queue) })
}
pub fn tcflow(fd: i32, action: i32) -> Sys<()> {
    unit(unsafe { libc::tcflow(fd, action) })
}
/// Rows and columns.
pub fn set_winsize(fd: i32, (rows, columns): (u16, u16)) -> Sys<()> {
    // The sizes in pixels stay as they are.
    let mut w = MaybeUninit::<libc::winsize>::zeroed();
    unit(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, w.as_mut_ptr()) })?;
    // Filled by the call.
    let mut w = unsafe { w.assume_init() };
    (w.ws_row, w.ws_col) = (rows, columns);
    unit(unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &w) })
}

/// Both ends of a new terminal: the controlling one, the terminal.
pub fn openpty() -> Sys<(i32, i32)> {
    let (mut a, mut b) = (0, 0);
    // Null stands for "I do not want to know" and "as usual".
    unit(unsafe { libc::openpty(&mut a, &mut b, std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut()) })?;
    for fd in [a, b] {
        if let Err(e) = super::set_inheritable(fd, false) {
            let _ = (super::close(a), super::close(b));
            return Err(e);
        }
    }
    Ok((a, b))
}
/// Make a terminal the controlling one of a new session.
pub fn login_tty(fd: i32) -> Sys<()> {
    unit(unsafe { libc::login_tty(fd) })
}
pub fn posix_openpt(flags: i32) -> Sys<i32> {
    super::int(unsafe { libc::posix_openpt(flags) })
}
pub fn grantpt(fd: i32) -> Sys<()> {
    unit(unsafe { libc::grantpt(fd) })
}
pub fn unlockpt(fd: i32) -> Sys<()> {
    unit(unsafe { libc::unlockpt(fd) })
}
pub fn ptsname(fd: i32) -> Sys<Vec<u8>> {
    let mut buf = [0u8; 256];
    // Returns the error; the name it writes ends with a NUL.
    match unsafe { libc::ptsname_r(fd, buf.as_mut_ptr().cast(), buf.len()) } {
        0 => Ok(buf.into_iter().take_while(|b| *b != 0).collect()),
        e => Err(e),
    }
}

/// `ident` must live as long as the log is open.
pub fn openlog(ident: &'static CStr, options: i32, facility: i32) {
    unsafe { libc::openlog(ident.as_ptr(), options, facility) }
}
pub fn syslog(priority: i32, text: &CStr) {
    // The text is an argument, never the format.
    unsafe { libc::syslog(priority, c"%s".as_ptr(), text.as_ptr()) }
}
pub fn closelog() {
    unsafe { libc::closelog() }
}
pub fn setlogmask(mask: i32) -> i32 {
    unsafe { libc::setlogmask(mask) }
}

/// A record of the group database.
pub struct Group {
    pub name: Vec<u8>,
    pub passwd: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

unsafe fn group(g: &libc::group) -> Group {
    // A filled record: NUL-terminated strings and a null-terminated array.
    unsafe {
        let s = |p: *const libc::c_char| if p.is_null() { Vec::new() } else { CStr::from_ptr(p).to_bytes().to_vec() };
        let mut members = Vec::new();
        let mut p = g.gr_mem;
        while !p.is_null() && !(*p).is_null() {
            members.push(s(*p));
            p = p.add(1);
        }
        Group { name: s(g.gr_name), passwd: s(g.gr_passwd), gid: g.gr_gid, members }
    }
}

/// Look a group up by name or number.
pub fn getgr(name: Option<&CStr>, gid: u32) -> Sys<Option<Group>> {
    let mut size = 16384;
    loop {
        let mut buf = vec![0u8; size];
        let mut g = MaybeUninit::<libc::group>::zeroed();
        let mut found = std::ptr::null_mut();
        let r = unsafe {
            match name {
                Some(n) => libc::getgrnam_r(n.as_ptr(), g.as_mut_ptr(), buf.as_mut_ptr().cast(), size, &mut found),
                None => libc::getgrgid_r(gid, g.as_mut_ptr(), buf.as_mut_ptr().cast(), size, &mut found),
            }
        };
        match r {
            libc::ERANGE if size < 1 << 24 => size *= 4,
            0 if found.is_null() => return Ok(None),
            // Filled by the call; its strings lie in `buf`.
            0 => return Ok(Some(unsafe { group(&*found) })),
            libc::ENOENT | libc::ESRCH => return Ok(None),
            e => return Err(e),
        }
    }
}

/// All groups. Not for several threads at once.
pub fn getgrall() -> Vec<Group> {
    static LOCK: Mutex<()> = Mutex::new(());
    let _g = LOCK.lock();
    let mut out = Vec::new();
    unsafe {
        libc::setgrent();
        loop {
            let p = libc::getgrent();
            if p.is_null() {
                break;
            }
            out.push(group(&*p));
        }
        libc::endgrent();
    }
    out
}
