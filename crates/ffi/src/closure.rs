//! Functions that C can call: a piece of code that libffi makes for each.
//!
//! Tests: tests/lang/ctypes.md; CPython test_callbacks.

use crate::call::Cif;
use libffi_sys as raw;
use std::ffi::c_void;

/// What a closure does when it is called: the number it was made with, where the result
/// goes, where the arguments are.
pub type Handler = fn(data: usize, result: usize, args: &[usize]);

struct Target {
    handler: Handler,
    data: usize,
    count: usize,
}

/// A function with an address of its own.
pub struct Closure {
    closure: *mut raw::ffi_closure,
    code: *mut c_void,
    _cif: Cif,
    /// libffi hands its address to [`entry`].
    _target: Box<Target>,
}

impl Closure {
    /// A function of this description that calls `handler` with `data`.
    pub fn new(mut cif: Cif, handler: Handler, data: usize) -> Option<Closure> {
        let mut code = std::ptr::null_mut();
        // Memory for the closure, and its address as code.
        let closure =
            unsafe { raw::ffi_closure_alloc(size_of::<raw::ffi_closure>(), &mut code) }.cast::<raw::ffi_closure>();
        if closure.is_null() {
            return None;
        }
        let target = Box::new(Target { handler, data, count: cif.count() });
        let user = std::ptr::from_ref(&*target).cast_mut().cast::<c_void>();
        let ptr = cif.as_ptr();
        let made = Closure { closure, code, _cif: cif, _target: target };
        // The description and the target live as long as the closure.
        let status = unsafe { raw::ffi_prep_closure_loc(closure, ptr, Some(entry), user, code) };
        (status == raw::ffi_status_FFI_OK).then_some(made)
    }

    /// Where C calls it.
    pub fn address(&self) -> usize {
        self.code as usize
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        // Allocated by `new`; nobody may call it any more.
        unsafe { raw::ffi_closure_free(self.closure.cast()) };
    }
}

unsafe extern "C" fn entry(_: *mut raw::ffi_cif, result: *mut c_void, args: *mut *mut c_void, user: *mut c_void) {
    // `user` is the target of a closure that somebody calls, so it is alive; libffi
    // gives as many arguments as were described.
    unsafe {
        let target = &*user.cast::<Target>();
        let (handler, data, count) = (target.handler, target.data, target.count);
        let args = if count == 0 { &[][..] } else { std::slice::from_raw_parts(args.cast::<usize>(), count) };
        handler(data, result as usize, args);
    }
}
