//! Memory by address. FFI-1 for all of it.
//!
//! Tests: tests/lang/ctypes.md; CPython test_memfunctions.

/// Copy `out.len()` bytes from `at`.
pub fn read(at: usize, out: &mut [u8]) {
    // FFI-1. Other threads may write meanwhile, as in C.
    unsafe { std::ptr::copy(at as *const u8, out.as_mut_ptr(), out.len()) }
}

/// The `N` bytes at `at`.
pub fn get<const N: usize>(at: usize) -> [u8; N] {
    let mut b = [0; N];
    read(at, &mut b);
    b
}

/// A word at `at`.
pub fn word(at: usize) -> usize {
    usize::from_ne_bytes(get(at))
}

/// Store `data` at `at`.
pub fn write(at: usize, data: &[u8]) {
    // FFI-1.
    unsafe { std::ptr::copy(data.as_ptr(), at as *mut u8, data.len()) }
}

/// Copy `n` bytes; the two may overlap.
pub fn copy(to: usize, from: usize, n: usize) {
    // FFI-1.
    unsafe { std::ptr::copy(from as *const u8, to as *mut u8, n) }
}

/// Set `n` bytes.
pub fn fill(at: usize, n: usize, byte: u8) {
    // FFI-1.
    unsafe { std::ptr::write_bytes(at as *mut u8, byte, n) }
}

/// A copy of `n` bytes.
pub fn to_vec(at: usize, n: usize) -> Vec<u8> {
    let mut v = vec![0; n];
    read(at, &mut v);
    v
}

/// The length of the text at `at`, which ends with a zero byte.
pub fn text_len(at: usize) -> usize {
    // FFI-1.
    unsafe { libc::strlen(at as *const libc::c_char) }
}

/// The length of the wide text at `at`, in characters.
pub fn wide_len(at: usize) -> usize {
    let mut n = 0;
    while u32::from_ne_bytes(get(at + 4 * n)) != 0 {
        n += 1;
    }
    n
}

/// `n` wide characters.
pub fn wide(at: usize, n: usize) -> Vec<u32> {
    to_vec(at, n * 4).chunks_exact(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]])).collect()
}

/// The C library's `memmove`, for whoever wants to call it by address.
pub fn memmove_address() -> usize {
    libc::memmove as *const () as usize
}

/// The C library's `memset`.
pub fn memset_address() -> usize {
    libc::memset as *const () as usize
}
