//! Shared libraries: `dlopen`, `dlsym` and their like.
//!
//! Tests: tests/lang/ctypes.md; CPython test_loading, test_dlerror, test_dllist.

use super::codes;
use crate::util::{attr, fs_decode, fspath};
use std::ffi::CString;
use typhon_ffi::dl;
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::native::IntoObj;
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Raised, Result, exc, int, list, ops};

/// `dll._handle`.
pub fn handle_of(cx: &mut Cx, dll: Obj) -> Result<usize> {
    let h = attr(cx, dll, "_handle")?;
    if !int::is_int(h) {
        return Err(cx.type_error("the _handle attribute of the second argument must be an integer"));
    }
    Ok(codes::low_bits(h).unwrap_or(0) as usize)
}

fn c_name(cx: &mut Cx, name: Gc<Str>) -> Result<CString> {
    let b = crate::util::fs_encode(cx, name)?;
    CString::new(b).map_err(|_| cx.value_error("embedded null character"))
}

fn error(cx: &mut Cx, kind: ExcKind, text: &[u8]) -> Raised {
    let made = fs_decode(cx, text).and_then(|t| exc::with_args(cx, kind, &[t]));
    match made {
        Ok(r) | Err(r) => r,
    }
}

/// The address of a symbol, or an error of that kind.
pub fn find(cx: &mut Cx, handle: usize, name: Gc<Str>, kind: ExcKind) -> Result<usize> {
    let c = c_name(cx, name)?;
    match cx.blocked(|| dl::symbol(handle, &c)) {
        Ok(at) => Ok(at),
        Err(Some(text)) => Err(error(cx, kind, &text)),
        Err(None) => {
            let what = if kind == ExcKind::AttributeError { "function" } else { "symbol" };
            Err(cx.error(kind, format!("{what} '{}' not found", name.to_str())))
        }
    }
}

/// Functions of the module.
#[module("_ctypes")]
pub mod functions {
    use super::*;

    /// dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library
    #[sig(name, flag = 2, /)]
    fn dlopen(cx: &mut Cx, name: Obj, flag: i32) -> Result<Obj> {
        let name = if name.is_none() {
            None
        } else {
            let p = fspath(cx, name)?;
            let b = match (p.cast::<Str>(), p.cast::<Bytes>()) {
                (Some(s), _) => crate::util::fs_encode(cx, s)?,
                (_, Some(b)) => b.as_slice().to_vec(),
                _ => return Err(cx.type_error("expected str, bytes or os.PathLike object")),
            };
            Some(CString::new(b).map_err(|_| cx.value_error("embedded null byte"))?)
        };
        // The initialisers of a library may take their time, or call Python.
        match cx.blocked(|| dl::open(name.as_deref(), flag | libc::RTLD_NOW)) {
            Ok(h) => h.into_obj(cx),
            Err(text) => Err(error(cx, ExcKind::OSError, &text)),
        }
    }
    /// dlclose a library
    fn dlclose(cx: &mut Cx, handle: Obj) -> Result<()> {
        let h = address(cx, handle)?;
        match cx.blocked(|| dl::close(h)) {
            Ok(()) => Ok(()),
            Err(text) => Err(error(cx, ExcKind::OSError, &text)),
        }
    }
    /// find symbol in shared library
    fn dlsym(cx: &mut Cx, handle: Obj, name: Gc<Str>) -> Result<usize> {
        let h = address(cx, handle)?;
        find(cx, h, name, ExcKind::OSError)
    }
    /// List loaded shared libraries
    fn dllist(cx: &mut Cx) -> Result<Obj> {
        let out = list::new(cx, &[])?;
        for name in cx.blocked(dl::list) {
            let n = fs_decode(cx, &name)?;
            out.append(cx, n)?;
        }
        Ok(out.obj())
    }
}

/// An int that is an address.
pub fn address(cx: &mut Cx, o: Obj) -> Result<usize> {
    let i = ops::index(cx, o)?;
    Ok(codes::low_bits(i).unwrap_or(0) as usize)
}
