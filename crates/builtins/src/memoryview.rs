//! `memoryview`.
use typhon_object::{Cx, Obj, Gc, Result, bytes::Bytes, native::Payload};
use crate::buffer::BufferView;
pub struct MemoryView;
impl Payload for MemoryView { fn is(_: Obj) -> bool { false } }
impl MemoryView { pub fn simple(&self, _: &Cx) -> Result<BufferView> { unreachable!() }
 pub fn to_bytes(&self, _: &Cx) -> Result<Gc<Bytes>> { unreachable!() } }
