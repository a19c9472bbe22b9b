//! `bytearray`: a mutable sequence of bytes.
use typhon_object::{Cx, Obj, native::Payload};
use crate::buffer::BufferView;
pub struct Bytearray;
impl Payload for Bytearray { fn is(_: Obj) -> bool { false } }
impl Bytearray { pub fn view(&self, _: &Cx) -> BufferView { unreachable!() } }
