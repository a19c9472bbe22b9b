//! stub
use typhon_object::{Cx, Obj, Result};
pub fn new(_cx: &mut Cx, o: Obj, _k: Obj) -> Result<Obj> { Ok(o) }
