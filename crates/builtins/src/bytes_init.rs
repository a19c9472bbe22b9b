//! Start-up of the binary types and of `complex`.
//!
//! Tests: tests/binary.rs.

use crate::{bytearray, bytes, complex, memoryview};
use typhon_object::{Cx, Result};

/// Complete `bytes`; make `bytearray`, `memoryview` and `complex`.
pub fn init_bytes(cx: &mut Cx) -> Result<()> {
    bytes::init(cx)?;
    bytearray::methods::init(cx)?;
    memoryview::methods::init(cx)?;
    complex::init(cx)
}
