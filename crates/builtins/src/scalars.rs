//! Start-up of the scalar types: completes the classes that boot.rs made and
//! makes the others.

use crate::{bool_, float, hooks, int, none, object, str, type_};
use typhon_object::{Cx, Result};

/// Add the methods of object, type, numbers, text and binary data.
pub fn init_scalars(cx: &mut Cx) -> Result<()> {
    // Set once; a second runtime in the process would set the same.
    let _ = cx.rt().hooks().warn.set(hooks::warn);
    object::init(cx)?;
    type_::init(cx)?;
    none::init(cx)?;
    int::init(cx)?;
    bool_::init(cx)?;
    float::init(cx)?;
    str::init(cx)?;
    Ok(())
}
