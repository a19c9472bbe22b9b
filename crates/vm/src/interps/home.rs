//! Which interpreter an object's finalizer or a weak reference's callback belongs to. The
//! thread that comes by when a collection has found the object dead may run in another.
//!
//! Tests: tests/lang/interpreters.md.

use super::enter;
use crate::function::Function;
use crate::generator::Generator;
use typhon_object::interp::{self, Interp};
use typhon_object::method::Method;
use typhon_object::{Cx, Gc, Obj, ops};

/// The interpreter whose code the object would run; `None` if it belongs to none, or to
/// one that has ended: the second value tells.
fn of(cx: &Cx, o: Obj) -> (Option<&'static Interp>, bool) {
    if let Some(m) = o.cast::<Method>() {
        return of(cx, m.func);
    }
    let function: Option<Gc<Function>> = match o.cast::<Generator>() {
        Some(g) => g.func.get(),
        None => o.cast(),
    };
    if let Some(f) = function {
        let Some(builtins) = f.builtins.get() else { return (None, false) };
        let found = interp::all(cx).into_iter().find(|i| i.builtins.get() == builtins.obj().word());
        // The program may have given it builtins of its own.
        return (found, false);
    }
    match ops::class_of(o).interp() {
        None => (None, false),
        Some(id) => {
            let found = interp::find(cx, id);
            (found, found.is_none())
        }
    }
}

/// Run `f`, which runs code on behalf of `o`, in the interpreter that `o` belongs to; not
/// at all if that has ended.
pub fn run(cx: &mut Cx, o: Obj, mut f: impl FnMut(&mut Cx)) {
    if !interp::several() {
        return f(cx);
    }
    match of(cx, o) {
        (_, true) => {}
        (Some(i), _) if i != cx.interp() => {
            // Without room on the stack it is not run: so it is with any finalizer.
            let _ = enter::enter(cx, i, f);
        }
        _ => f(cx),
    }
}
