//! `errno`: the numbers of operating-system errors.
//!
//! Tests: CPython test_errno.

use crate::util::set;
use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, Result, dict, str};

macro_rules! table {
    ($($n:ident)*) => { const TABLE: &[(&str, i32)] = &[$((stringify!($n), libc::$n)),*]; };
}
table! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
    ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK
    ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT
    EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT
    ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC
    EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT
    ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET
    ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN
    EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE
    ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON
}
/// Second names, which `errorcode` does not show.
const ALIASES: &[(&str, i32)] =
    &[("EWOULDBLOCK", libc::EWOULDBLOCK), ("EDEADLOCK", libc::EDEADLOCK), ("EOPNOTSUPP", libc::EOPNOTSUPP)];

/// This module makes available standard errno system symbols.
#[module("errno")]
pub mod errno {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let codes = dict::new(cx)?;
        for (name, n) in TABLE.iter().chain(ALIASES) {
            set(cx, module, name, *n)?;
            let key = Obj::int_unchecked(i64::from(*n));
            if codes.get(cx, key)?.is_none() {
                let s = str::new(cx, name)?;
                codes.insert(cx, key, s.obj())?;
            }
        }
        set(cx, module, "errorcode", codes)
    }
}
