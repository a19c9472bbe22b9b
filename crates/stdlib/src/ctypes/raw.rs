//! What the rest of this folder cannot say without `unsafe`: memory and objects by
//! addresses that Python code gives, and answers for (FFI-1).
//!
//! Tests: tests/lang/ctypes.md.

use typhon_object::obj::Obj;
use typhon_object::raw::Memory;

/// `len` bytes at `at`, which `keep` keeps alive if anything does.
pub fn memory(keep: Obj, at: usize, len: usize) -> Memory {
    // FFI-1 for addresses from outside; those of our own memory are kept alive by `keep`.
    unsafe { Memory::foreign(keep, at as *mut u8, len) }
}

/// The object that a word in memory stands for. A word that cannot be one is refused,
/// which is more than C does.
pub fn object(word: u64) -> Option<Obj> {
    let o = Obj::from_word(word)?;
    let sound = match word & 7 {
        0 => typhon_gc::is_object(word),
        4 => word >> 3 <= 4,
        _ => true,
    };
    sound.then_some(o)
}
