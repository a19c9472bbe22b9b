//! `atexit`: functions to be called when the process ends.
//!
//! Tests: CPython test_atexit.

use crate::util::{tuple_obj, unraisable};
use typhon_macros::module;
use typhon_object::interp::InterpRoot;
use typhon_object::list::{self, List};
use typhon_object::native::Args;
use typhon_object::obj::{Gc, Obj};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, Result, ops};

static FUNCTIONS: InterpRoot = InterpRoot::new();

fn functions(cx: &Cx) -> Result<Gc<List>> {
    if let Some(l) = Obj::from_word(FUNCTIONS.get(cx)).and_then(|o| o.cast()) {
        return Ok(l);
    }
    let l = list::new(cx, &[])?;
    FUNCTIONS.set(cx, l.obj().word());
    Ok(l)
}

/// Call everything that was registered, the last first. The VM calls this at
/// the end of the main thread.
pub fn run_all(cx: &mut Cx) {
    let Ok(l) = functions(cx) else { return };
    loop {
        let last = l.write(cx).pop();
        let Some(t) = last.and_then(|o| o.cast::<Tuple>()) else { return };
        let &[f, args, names] = t.payload().items() else { continue };
        let all = args.cast::<Tuple>().map_or(&[][..], |t| t.payload().items());
        let names = names.cast::<Tuple>().filter(|n| !n.is_empty());
        if let Err(e) = ops::call(cx, f, all, names) {
            unraisable(cx, e, "Exception ignored in atexit callback", f);
        }
    }
}

/// allow programmer to define multiple exit functions to be executed
/// upon normal program termination.
#[module("atexit")]
pub mod atexit {
    use super::*;

    /// Register a function to be executed upon normal program termination
    fn register(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let Some((f, rest)) = args.all().split_first().filter(|_| !args.pos.is_empty()) else {
            return Err(cx.type_error("register() takes at least 1 argument (0 given)"));
        };
        if !crate::codecs::registry::callable(*f) {
            return Err(cx.type_error("the first argument must be callable"));
        }
        let rest = tuple_obj(cx, rest)?;
        let names = args.kw.map_or(Obj::NONE, |k| k.obj());
        let t = tuple_obj(cx, &[*f, rest, names])?;
        functions(cx)?.append(cx, t)?;
        Ok(*f)
    }
    /// Unregister an exit function which was previously registered using atexit.register
    fn unregister(cx: &mut Cx, func: Obj) -> Result<()> {
        let l = functions(cx)?;
        let mut i = 0;
        while let Some(t) = l.get(i) {
            let f = t.cast::<Tuple>().and_then(|t| t.get(0)).unwrap_or(Obj::NONE);
            if ops::equal(cx, f, func)? {
                let mut g = l.write(cx);
                if g.get(i) == Some(t) {
                    g.splice(i, i + 1, &[])?;
                }
            } else {
                i += 1;
            }
        }
        Ok(())
    }
    /// Clear the list of previously registered exit functions.
    #[name("_clear")]
    fn clear(cx: &Cx) -> Result<()> {
        functions(cx)?.write(cx).take();
        Ok(())
    }
    /// Run all registered exit functions.
    #[name("_run_exitfuncs")]
    fn run_exitfuncs(cx: &mut Cx) {
        run_all(cx);
    }
    /// Return the number of exit functions currently registered.
    #[name("_ncallbacks")]
    fn ncallbacks(cx: &Cx) -> Result<usize> {
        Ok(functions(cx)?.len())
    }
}
