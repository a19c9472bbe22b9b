//! Shared libraries: `dlopen` and its like.
//!
//! Tests: tests/lang/ctypes.md; CPython test_loading, test_dlerror, test_dllist.

use std::ffi::{CStr, c_int, c_void};

/// What the loader says of the last failure of this thread.
fn error() -> Option<Vec<u8>> {
    // The text is the thread's own until its next call.
    unsafe {
        let e = libc::dlerror();
        (!e.is_null()).then(|| CStr::from_ptr(e).to_bytes().to_vec())
    }
}

fn last_error() -> Vec<u8> {
    error().unwrap_or_else(|| b"dlopen() error".to_vec())
}

/// Load a library, or the program itself; its handle.
pub fn open(name: Option<&CStr>, mode: c_int) -> Result<usize, Vec<u8>> {
    // A library's initialisers run, which is what is asked for.
    let h = unsafe { libc::dlopen(name.map_or(std::ptr::null(), CStr::as_ptr), mode) };
    if h.is_null() { Err(last_error()) } else { Ok(h as usize) }
}

/// Let go of a handle. FFI-1.
pub fn close(handle: usize) -> Result<(), Vec<u8>> {
    // FFI-1.
    if unsafe { libc::dlclose(handle as *mut c_void) } == 0 { Ok(()) } else { Err(last_error()) }
}

/// The address of a symbol, which may be null; or what is wrong, if the loader says. FFI-1.
pub fn symbol(handle: usize, name: &CStr) -> Result<usize, Option<Vec<u8>>> {
    error();
    // FFI-1 for the handle.
    let p = unsafe { libc::dlsym(handle as *mut c_void, name.as_ptr()) };
    if !p.is_null() {
        return Ok(p as usize);
    }
    Err(error())
}

/// The names of all libraries that are loaded, the program's own first.
pub fn list() -> Vec<Vec<u8>> {
    unsafe extern "C" fn note(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
        // The loader's record, and the vector below.
        unsafe {
            let name = (*info).dlpi_name;
            let name = if name.is_null() { Vec::new() } else { CStr::from_ptr(name).to_bytes().to_vec() };
            (*data.cast::<Vec<Vec<u8>>>()).push(name);
        }
        0
    }
    let mut names: Vec<Vec<u8>> = Vec::new();
    // The callback is not called after the function returns.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut names).cast()) };
    names
}
