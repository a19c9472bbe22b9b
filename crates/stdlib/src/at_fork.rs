//! The functions registered with `os.register_at_fork`.
//!
//! Tests: CPython test_posix.

use crate::util::unraisable;
use typhon_object::interp::InterpRoot;
use typhon_object::list::{self, List};
use typhon_object::obj::{Gc, Obj};
use typhon_object::{Cx, Dunder, Result, ops};

static BEFORE: InterpRoot = InterpRoot::new();
static CHILD: InterpRoot = InterpRoot::new();
static PARENT: InterpRoot = InterpRoot::new();

fn list_of(cx: &Cx, root: &'static InterpRoot) -> Result<Gc<List>> {
    if let Some(l) = Obj::from_word(root.get(cx)).and_then(|o| o.cast()) {
        return Ok(l);
    }
    let l = list::new(cx, &[])?;
    root.set(cx, l.obj().word());
    Ok(l)
}

/// `os.register_at_fork`.
pub fn register(cx: &Cx, before: Option<Obj>, child: Option<Obj>, parent: Option<Obj>) -> Result<()> {
    for (name, f) in [("before", before), ("after_in_child", child), ("after_in_parent", parent)] {
        if let Some(f) = f
            && ops::class_of(f).call_fn().is_none()
            && ops::class_of(f).special(Dunder::Call).is_none()
        {
            return Err(cx.type_error(format!("'{name}' must be callable, not {}", cx.type_name(f))));
        }
    }
    for (root, f) in [(&BEFORE, before), (&CHILD, child), (&PARENT, parent)] {
        if let Some(f) = f {
            list_of(cx, root)?.append(cx, f)?;
        }
    }
    Ok(())
}

fn run(cx: &mut Cx, root: &'static InterpRoot, backwards: bool) {
    let Ok(l) = list_of(cx, root) else { return };
    let n = l.len();
    for i in 0..n {
        if let Some(f) = l.get(if backwards { n - 1 - i } else { i })
            && let Err(e) = ops::call_args(cx, f, &[])
        {
            unraisable(cx, e, "Exception ignored in a function called at fork", f);
        }
    }
}

/// To be called before forking.
pub fn before(cx: &mut Cx) {
    run(cx, &BEFORE, true);
}
/// To be called in the child.
pub fn after_in_child(cx: &mut Cx) {
    crate::asyncio::after_fork_in_child(cx);
    run(cx, &CHILD, false);
}
/// To be called in the parent.
pub fn after_in_parent(cx: &mut Cx) {
    run(cx, &PARENT, false);
}
