//! Exception classes that native modules define, such as `zlib.error`.
//!
//! Tests: through the modules.

use crate::cx::Cx;
use crate::exc::{ExcKind, Raised};
use crate::interp::InterpRoot;
use crate::obj::{Gc, Obj};
use crate::types::{self, Type};
use crate::{Result, dict, new_type, ops, shape, str, tuple};

/// An exception class of a native module, made on first use and kept in `root`.
pub fn exception_class(
    cx: &mut Cx,
    root: &'static InterpRoot,
    module: &str,
    name: &str,
    base: ExcKind,
) -> Result<Gc<Type>> {
    let base = base.class(cx);
    exception_subclass(cx, root, module, name, base)
}

/// The same with any exception class as its base.
pub fn exception_subclass(
    cx: &mut Cx,
    root: &'static InterpRoot,
    module: &str,
    name: &str,
    base: Gc<Type>,
) -> Result<Gc<Type>> {
    if let Some(t) = Obj::from_word(root.get(cx)).and_then(|o| o.cast()) {
        return Ok(t);
    }
    let ns = dict::new(cx)?;
    let (k, v) = (cx.intern("__module__")?, cx.intern(module)?);
    ns.insert_str(cx, k, v.obj())?;
    let bases = tuple::new(cx, &[base.obj()])?;
    let name = cx.intern(name)?;
    let t = new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)?;
    root.set(cx, t.obj().word());
    Ok(t)
}

/// An exception of such a class, with a text.
#[cold]
pub fn error_of(cx: &mut Cx, class: Result<Gc<Type>>, msg: &str) -> Raised {
    let made = (|| {
        let m = str::new(cx, msg)?;
        ops::call_args(cx, class?.obj(), &[m.obj()])
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::SystemError, msg)),
        Err(e) => e,
    }
}
