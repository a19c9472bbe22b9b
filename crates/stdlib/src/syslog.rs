//! `syslog`: the system's log.
//!
//! Tests: CPython test_syslog.

use crate::sys::terminal as call;
use crate::util::set_ints;
use std::ffi::{CStr, CString};
use std::sync::Mutex;
use typhon_macros::module;
use typhon_object::native::{Args, FromArg, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::{Cx, Result};

/// Whether `openlog` was called.
static OPEN: Mutex<bool> = Mutex::new(false);

fn c_text(cx: &Cx, s: Vec<u8>) -> Result<CString> {
    CString::new(s).map_err(|_| cx.value_error("embedded null character"))
}

fn text_arg(cx: &mut Cx, o: Obj) -> Result<Vec<u8>> {
    let s = Gc::<Str>::from_arg(cx, o)?;
    crate::codecs::encode_text(cx, s, "utf-8", "strict")
}

fn open(cx: &mut Cx, ident: Option<Vec<u8>>, options: i32, facility: i32) -> Result<()> {
    let ident = match ident {
        Some(i) => i,
        // The program's name, as far as there is one.
        None => {
            let sys = crate::util::import(cx, "sys")?;
            let argv = crate::util::attr(cx, sys, "argv")?;
            let first = argv.cast::<typhon_object::list::List>().and_then(|l| l.get(0));
            let name = first.and_then(|f| f.cast::<Str>()).map_or(String::new(), |s| s.to_str().into_owned());
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            if name.is_empty() { b"python".to_vec() } else { name.into_bytes() }
        }
    };
    // The C library keeps the pointer, so the text stays for good.
    let ident: &'static CStr = Box::leak(c_text(cx, ident)?.into_boxed_c_str());
    cx.blocked(|| call::openlog(ident, options, facility));
    if let Ok(mut o) = OPEN.lock() {
        *o = true;
    }
    Ok(())
}

#[module("syslog")]
pub mod syslog {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        macro_rules! c {
            ($($n:ident)*) => { &[$((stringify!($n), libc::$n as i64)),*] };
        }
        set_ints(
            cx,
            module,
            c!(LOG_EMERG LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE LOG_INFO LOG_DEBUG LOG_PID LOG_CONS
            LOG_NDELAY LOG_ODELAY LOG_NOWAIT LOG_PERROR LOG_KERN LOG_USER LOG_MAIL LOG_DAEMON LOG_AUTH LOG_LPR
            LOG_LOCAL0 LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4 LOG_LOCAL5 LOG_LOCAL6 LOG_LOCAL7 LOG_SYSLOG
            LOG_CRON LOG_UUCP LOG_NEWS LOG_AUTHPRIV LOG_FTP),
        )
    }
    /// Set logging options of subsequent syslog() calls.
    #[sig(ident = <missing>, logoption = 0, facility = 8)]
    fn openlog(cx: &mut Cx, ident: Missing<Obj>, logoption: i32, facility: i32) -> Result<()> {
        let ident = match ident.given() {
            Some(i) => Some(text_arg(cx, i)?),
            None => None,
        };
        open(cx, ident, logoption, facility)
    }
    /// syslog([priority=LOG_INFO,] message)
    /// Send the string message to the system logger.
    fn syslog(cx: &mut Cx, args: Args<'_>) -> Result<()> {
        let (priority, message) = match *args.pos {
            [m] => (libc::LOG_INFO, m),
            [p, m] => (i32::from_arg(cx, p)?, m),
            _ => return Err(cx.type_error("syslog.syslog requires 1 to 2 arguments")),
        };
        let text = text_arg(cx, message)?;
        let text = c_text(cx, text)?;
        if !OPEN.lock().is_ok_and(|o| *o) {
            open(cx, None, 0, libc::LOG_USER)?;
        }
        cx.blocked(|| call::syslog(priority, &text));
        Ok(())
    }
    /// Reset the syslog module values and call the system library closelog().
    fn closelog(cx: &mut Cx) {
        if let Ok(mut o) = OPEN.lock()
            && *o
        {
            *o = false;
            cx.blocked(call::closelog);
        }
    }
    /// Set the priority mask to maskpri and return the previous mask value.
    fn setlogmask(maskpri: i32) -> i32 {
        call::setlogmask(maskpri)
    }
    /// Calculates the mask for the individual priority pri.
    #[name("LOG_MASK")]
    fn log_mask(pri: i32) -> i32 {
        1i32.wrapping_shl(pri as u32)
    }
    /// Calculates the mask for all priorities up to and including pri.
    #[name("LOG_UPTO")]
    fn log_upto(pri: i32) -> i32 {
        1i32.wrapping_shl(pri as u32 + 1).wrapping_sub(1)
    }
}
