//! `_interpreters.CrossInterpreterBufferView`: stands for the object of another
//! interpreter at whose memory a memoryview looks.
//!
//! Tests: tests/lang/interpreters.md; CPython test_interpreters.test_channels.

use std::sync::Once;
use typhon_builtins::buffer::{self, Export};
use typhon_builtins::memoryview::MemoryView;
use typhon_macros::{Trace, class};
use typhon_object::{Cx, Gc, Obj, Result, native};

/// The payload.
#[derive(Trace)]
pub struct CrossInterpreterBufferView {
    view: Gc<MemoryView>,
}

#[class(module = "_interpreters", name = "CrossInterpreterBufferView")]
impl CrossInterpreterBufferView {
    /// Return a buffer object that exposes the underlying memory of the object.
    #[sig(flags, /)]
    fn __buffer__(this: Gc<CrossInterpreterBufferView>, cx: &mut Cx, flags: i64) -> Result<Obj> {
        let _ = flags;
        Ok(MemoryView::over(cx, this.obj())?.obj())
    }
}

fn export(cx: &mut Cx, o: Obj) -> Result<Option<Export>> {
    match o.cast::<CrossInterpreterBufferView>() {
        Some(c) => c.payload().view.payload().export(cx).map(Some),
        None => Ok(None),
    }
}

/// A memoryview of what `view` looks at, which does not lead to the object behind it.
pub fn memoryview(cx: &mut Cx, view: Obj) -> Result<Obj> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| buffer::register(export));
    let Some(view) = view.cast::<MemoryView>() else { return Ok(Obj::NONE) };
    let stand_in = native::instance(cx, CrossInterpreterBufferView { view })?;
    Ok(MemoryView::over(cx, stand_in.obj())?.obj())
}
