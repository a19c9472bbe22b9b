//! stub
use typhon_object::{Cx, Result};
/// Complete the classes.
pub fn init(_cx: &mut Cx) -> Result<()> { Ok(()) }
