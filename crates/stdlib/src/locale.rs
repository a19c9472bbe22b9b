//! `_locale` and `_stat`: small wrappers of the C library.
//!
//! Tests: CPython test_locale, test_stat.

use crate::sys;
use crate::util::{fs_decode, set, set_ints};
use std::ffi::CString;
use typhon_macros::module;
use typhon_object::obj::Obj;
use typhon_object::{Cx, ExcKind, Result, dict, list};

/// Support for POSIX locales.
#[module("_locale")]
pub mod locale {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set_ints(
            cx,
            module,
            &[
                ("LC_CTYPE", libc::LC_CTYPE as i64),
                ("LC_TIME", libc::LC_TIME as i64),
                ("LC_COLLATE", libc::LC_COLLATE as i64),
                ("LC_MONETARY", libc::LC_MONETARY as i64),
                ("LC_MESSAGES", libc::LC_MESSAGES as i64),
                ("LC_NUMERIC", libc::LC_NUMERIC as i64),
                ("LC_ALL", libc::LC_ALL as i64),
                ("CHAR_MAX", 127),
                ("CODESET", libc::CODESET as i64),
                ("RADIXCHAR", libc::RADIXCHAR as i64),
                ("THOUSEP", libc::THOUSEP as i64),
            ],
        )?;
        let e = ExcKind::ValueError.class(cx);
        set(cx, module, "Error", e)
    }
    /// Activates/queries locale processing.
    #[sig(category, locale = None, /)]
    fn setlocale(cx: &mut Cx, category: i32, locale: Option<String>) -> Result<Obj> {
        let name = match locale {
            Some(l) => Some(CString::new(l).map_err(|_| cx.value_error("embedded null character"))?),
            None => None,
        };
        match sys::setlocale(category, name.as_deref()) {
            Some(b) => fs_decode(cx, &b),
            None => Err(cx.value_error("unsupported locale setting")),
        }
    }
    /// Return the value for the locale information associated with key.
    fn nl_langinfo(cx: &mut Cx, key: i32) -> Result<Obj> {
        let b = sys::nl_langinfo(key);
        fs_decode(cx, &b)
    }
    /// Get the locale encoding.
    fn getencoding() -> String {
        crate::io::locale_encoding()
    }
    /// Returns numeric and monetary locale-specific parameters.
    fn localeconv(cx: &mut Cx) -> Result<Obj> {
        let d = dict::new(cx)?;
        for (k, v) in [
            ("decimal_point", "."),
            ("thousands_sep", ""),
            ("int_curr_symbol", ""),
            ("currency_symbol", ""),
            ("mon_decimal_point", ""),
            ("mon_thousands_sep", ""),
            ("positive_sign", ""),
            ("negative_sign", ""),
        ] {
            let (k, v) = (cx.intern(k)?, cx.intern(v)?);
            d.insert_str(cx, k, v.obj())?;
        }
        for k in ["grouping", "mon_grouping"] {
            let k = cx.intern(k)?;
            let l = list::new(cx, &[])?;
            d.insert_str(cx, k, l.obj())?;
        }
        for k in [
            "int_frac_digits",
            "frac_digits",
            "p_cs_precedes",
            "p_sep_by_space",
            "n_cs_precedes",
            "n_sep_by_space",
            "p_sign_posn",
            "n_sign_posn",
        ] {
            let k = cx.intern(k)?;
            d.insert_str(cx, k, Obj::int_unchecked(127))?;
        }
        Ok(d.obj())
    }
    /// Compares two strings according to the locale.
    fn strcoll(a: String, b: String) -> i32 {
        a.cmp(&b) as i32
    }
    /// Return a string that can be used as a key for locale-aware comparisons.
    fn strxfrm(a: Obj) -> Obj {
        a
    }
}
