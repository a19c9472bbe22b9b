//! Bound methods.
//!
//! Tests: tests/lang/functions.md.

use crate::cx::Cx;
use crate::native::{self, NativeFunction, Payload, Trace};
use crate::obj::Obj;
use crate::{Result, Tracer, shape};

/// The payload of a `method`. It never changes.
#[repr(C)]
pub struct Method {
    /// `__func__`.
    pub func: Obj,
    /// `__self__`.
    pub this: Obj,
}

impl Trace for Method {
    fn trace(&self, t: &mut Tracer) {
        self.func.trace(t);
        self.this.trace(t);
    }
}

impl Payload for Method {
    #[inline(always)]
    fn is(o: Obj) -> bool {
        o.shape() == shape::METHOD
    }
}

/// Bind a function to a receiver.
#[inline]
pub fn bind(cx: &Cx, func: Obj, this: Obj) -> Result<Obj> {
    if func.shape() != shape::FUNCTION
        && let Some(f) = func.cast::<NativeFunction>()
    {
        return native::function(cx, shape::NATIVE_FUNCTION, f.member(), Some(this), f.owner.obj());
    }
    new(cx, func, this)
}

/// A `method` of any callable.
pub fn new(cx: &Cx, func: Obj, this: Obj) -> Result<Obj> {
    let p = cx.alloc(shape::METHOD, 8 + size_of::<Method>())?;
    // Fresh object of this layout.
    unsafe {
        (p.add(8) as *mut Method).write(Method { func, this });
        Ok(Obj::from_word_unchecked(p as u64))
    }
}
