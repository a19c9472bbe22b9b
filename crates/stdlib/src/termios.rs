//! `termios`: terminal control.
//!
//! Tests: CPython test_termios, test_tty, test_pty.

use crate::sys::{self, terminal as call};
use crate::util::{Fd, bytes_obj, exception_class, set, set_ints, sys_call};
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::interp::InterpRoot;
use typhon_object::list::{self, List};
use typhon_object::native::{FromArg, IntoObj};
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Raised, Result, int, ops};

static ERROR: InterpRoot = InterpRoot::new();

fn error_class(cx: &mut Cx) -> Result<Gc<Type>> {
    exception_class(cx, &ERROR, "termios", "error", ExcKind::Exception)
}

/// `termios.error(errno, text)`.
#[cold]
fn error(cx: &mut Cx, e: i32) -> Raised {
    let made = (|| {
        let c = error_class(cx)?;
        let args = [e.into_obj(cx)?, sys::strerror(e).into_obj(cx)?];
        ops::call_args(cx, c.obj(), &args)
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::OSError, "terminal error")),
        Err(e) => e,
    }
}

/// What the system has beyond the binding to the C library: the usual control
/// characters, line disciplines, and further requests.
#[rustfmt::skip]
const MORE: &[(&str, i64)] = &[
    ("CDSUSP", 25), ("CEOF", 4), ("CEOL", 0), ("CEOT", 4), ("CERASE", 127), ("CFLUSH", 15), ("CINTR", 3),
    ("CKILL", 21), ("CLNEXT", 22), ("CQUIT", 28), ("CRPRNT", 18), ("CSTART", 17), ("CSTOP", 19), ("CSUSP", 26),
    ("CWERASE", 23), ("IBSHIFT", 16), ("IOCSIZE_MASK", 1073676288), ("IOCSIZE_SHIFT", 16), ("N_MOUSE", 2),
    ("N_PPP", 3), ("N_SLIP", 1), ("N_STRIP", 4), ("N_TTY", 0), ("TIOCGETD", 21540), ("TIOCGICOUNT", 21597),
    ("TIOCGLCKTRMIOS", 21590), ("TIOCGSERIAL", 21534), ("TIOCGSOFTCAR", 21529), ("TIOCMIWAIT", 21596),
    ("TIOCPKT", 21536), ("TIOCPKT_DATA", 0), ("TIOCPKT_DOSTOP", 32), ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2), ("TIOCPKT_NOSTOP", 16), ("TIOCPKT_START", 8), ("TIOCPKT_STOP", 4),
    ("TIOCSERCONFIG", 21587), ("TIOCSERGETLSR", 21593), ("TIOCSERGETMULTI", 21594), ("TIOCSERGSTRUCT", 21592),
    ("TIOCSERGWILD", 21588), ("TIOCSERSETMULTI", 21595), ("TIOCSERSWILD", 21589), ("TIOCSER_TEMT", 1),
    ("TIOCSETD", 21539), ("TIOCSLCKTRMIOS", 21591), ("TIOCSSERIAL", 21535), ("TIOCSSOFTCAR", 21530),
    ("B7200", 7200), ("B14400", 14400), ("B28800", 28800), ("B76800", 76800),
];

fn done<T>(cx: &mut Cx, r: sys::Sys<T>) -> Result<T> {
    r.map_err(|e| error(cx, e))
}

/// A control character: a number or a byte.
fn control(cx: &mut Cx, o: Obj) -> Result<u8> {
    if let Some(b) = o.cast::<Bytes>()
        && let &[b] = b.as_slice()
    {
        return Ok(b);
    }
    if int::is_int(o) {
        return Ok(i64::from_arg(cx, o)? as u8);
    }
    Err(cx.type_error("tcsetattr: elements of attributes must be characters or integers"))
}

/// This module provides an interface to the Posix calls for tty I/O control.
#[module("termios")]
pub mod termios {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        macro_rules! c {
            ($($n:ident)*) => { &[$((stringify!($n), libc::$n as i64)),*] };
        }
        set_ints(
            cx,
            module,
            c!(B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400 B57600 B115200
            B230400 B460800 B500000 B576000 B921600 B1000000 B1152000 B1500000 B2000000 B2500000 B3000000 B3500000
            B4000000 TCSANOW TCSADRAIN TCSAFLUSH TCIFLUSH TCOFLUSH TCIOFLUSH TCOOFF TCOON TCIOFF TCION IGNBRK BRKINT
            IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IXON IXANY IXOFF IMAXBEL IUTF8 OPOST OLCUC ONLCR OCRNL
            ONOCR ONLRET OFILL OFDEL NLDLY CRDLY TABDLY BSDLY VTDLY FFDLY NL0 NL1 CR0 CR1 CR2 CR3 TAB0 TAB1 TAB2
            TAB3 XTABS BS0 BS1 VT0 VT1 FF0 FF1 CSIZE CSTOPB CREAD PARENB PARODD HUPCL CLOCAL CRTSCTS CS5 CS6 CS7 CS8
            ISIG ICANON ECHO ECHOE ECHOK ECHONL ECHOCTL ECHOPRT ECHOKE FLUSHO NOFLSH TOSTOP PENDIN IEXTEN EXTPROC
            VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL VREPRINT VDISCARD VWERASE VLNEXT
            VEOL2 CBAUD CBAUDEX CIBAUD EXTA EXTB FIOASYNC FIOCLEX FIONBIO FIONCLEX FIONREAD NCCS TCFLSH TCGETS TCSBRK
            TCSBRKP TCSETS TCSETSF TCSETSW TCXONC TIOCCONS TIOCEXCL TIOCGPGRP TIOCGWINSZ TIOCINQ TIOCLINUX TIOCMBIC
            TIOCMBIS TIOCMGET TIOCMSET TIOCM_CAR TIOCM_CD TIOCM_CTS TIOCM_DSR TIOCM_DTR TIOCM_LE TIOCM_RI TIOCM_RNG
            TIOCM_RTS TIOCM_SR TIOCM_ST TIOCNOTTY TIOCNXCL TIOCOUTQ TIOCSCTTY TIOCSPGRP TIOCSTI TIOCSWINSZ),
        )?;
        set_ints(cx, module, &[("IUCLC", 512), ("XCASE", 4), ("VSWTCH", 7), ("_POSIX_VDISABLE", 0)])?;
        set_ints(cx, module, MORE)?;
        let e = error_class(cx)?;
        set(cx, module, "error", e)
    }
    /// Get the tty attributes for file descriptor fd.
    fn tcgetattr(cx: &mut Cx, fd: Fd) -> Result<Obj> {
        let r = sys_call(cx, || call::tcgetattr(fd.0))?;
        let t = done(cx, r)?;
        let cc = list::new(cx, &[])?;
        for (i, c) in t.c_cc.iter().enumerate() {
            // Without line editing two of them are numbers.
            let number = t.c_lflag & libc::ICANON == 0 && (i == libc::VMIN || i == libc::VTIME);
            let v = if number { Obj::int_unchecked(i64::from(*c)) } else { bytes_obj(cx, &[*c])? };
            cc.append(cx, v)?;
        }
        let (i, o) = call::speeds(&t);
        let mut v = [Obj::NONE; 7];
        for (slot, n) in v.iter_mut().zip([t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, i, o]) {
            *slot = n.into_obj(cx)?;
        }
        v[6] = cc.obj();
        Ok(list::new(cx, &v)?.obj())
    }
    /// Set the tty attributes for file descriptor fd.
    fn tcsetattr(cx: &mut Cx, fd: Fd, when: i32, attributes: Obj) -> Result<()> {
        let Some(l) = attributes.cast::<List>().filter(|l| l.len() == 7) else {
            return Err(cx.type_error("tcsetattr, arg 3: must be 7 element list"));
        };
        let mut n = [0u32; 6];
        for (i, n) in n.iter_mut().enumerate() {
            let v = l.get(i).unwrap_or(Obj::NONE);
            *n = u32::from_arg(cx, v)?;
        }
        let r = sys_call(cx, || call::tcgetattr(fd.0))?;
        let mut t = done(cx, r)?;
        let Some(cc) = l.get(6).and_then(|o| o.cast::<List>()).filter(|c| c.len() == t.c_cc.len()) else {
            let n = t.c_cc.len();
            return Err(cx.type_error(format!("tcsetattr: attributes[6] must be {n} element list")));
        };
        (t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag) = (n[0], n[1], n[2], n[3]);
        for i in 0..t.c_cc.len() {
            let v = cc.get(i).unwrap_or(Obj::NONE);
            t.c_cc[i] = control(cx, v)?;
        }
        let r = sys_call(cx, || call::tcsetattr(fd.0, when, &mut t, (n[4], n[5])))?;
        done(cx, r)
    }
    /// Send a break on file descriptor fd.
    fn tcsendbreak(cx: &mut Cx, fd: Fd, duration: i32) -> Result<()> {
        let r = sys_call(cx, || call::tcsendbreak(fd.0, duration))?;
        done(cx, r)
    }
    /// Wait until all output written to file descriptor fd has been transmitted.
    fn tcdrain(cx: &mut Cx, fd: Fd) -> Result<()> {
        let r = sys_call(cx, || call::tcdrain(fd.0))?;
        done(cx, r)
    }
    /// Discard queued data on file descriptor fd.
    fn tcflush(cx: &mut Cx, fd: Fd, queue: i32) -> Result<()> {
        let r = sys_call(cx, || call::tcflush(fd.0, queue))?;
        done(cx, r)
    }
    /// Suspend or resume input or output on file descriptor fd.
    fn tcflow(cx: &mut Cx, fd: Fd, action: i32) -> Result<()> {
        let r = sys_call(cx, || call::tcflow(fd.0, action))?;
        done(cx, r)
    }
    /// Get the tty winsize for file descriptor fd.
    fn tcgetwinsize(cx: &mut Cx, fd: Fd) -> Result<Obj> {
        let r = sys_call(cx, || sys::winsize(fd.0))?;
        let (columns, rows) = done(cx, r)?;
        (rows, columns).into_obj(cx)
    }
    /// Set the tty winsize for file descriptor fd.
    fn tcsetwinsize(cx: &mut Cx, fd: Fd, winsize: Obj) -> Result<()> {
        let t = ops::tuple_from_iter(cx, winsize)?;
        let &[rows, columns] = t.items() else {
            return Err(cx.type_error("tcsetwinsize, arg 2: must be a two-item sequence"));
        };
        let mut size = [0u16; 2];
        for (s, o) in size.iter_mut().zip([rows, columns]) {
            let n = i64::from_arg(cx, o)?;
            *s = u16::try_from(n).map_err(|_| cx.error(ExcKind::OverflowError, "winsize value(s) out of range."))?;
        }
        let r = sys_call(cx, || call::set_winsize(fd.0, (size[0], size[1])))?;
        done(cx, r)
    }
}
