//! `_thread._local`: attributes that each thread has for itself.
//!
//! A namespace is found by the thread's number, which is never reused. A thread
//! that ends removes its namespaces, so it remembers, weakly, where it has one.
//!
//! Tests: tests/lang/threads.md; CPython test_threading_local.

use crate::weakref::{self, WeakRef};
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::list::{self, List};
use typhon_object::native::Args;
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Gc, Obj, Result, Slot, exc, int, ops, tuple};

/// The index in `Cx::ext` of the list of weak references to the `Local`s in which the
/// thread has a namespace.
const EXT: usize = 5;

/// The calling thread's key in `Local::dicts`.
fn key(cx: &Cx) -> Result<Obj> {
    int::from_i64(cx, cx.mutator.id() as i64)
}

/// Remember that the thread has a namespace in `this`.
fn note(cx: &mut Cx, this: Obj) -> Result<()> {
    let w = weakref::to(cx, this)?;
    let touched = match Obj::from_word(cx.ext[EXT].get()).and_then(|o| o.cast::<List>()) {
        Some(l) => l,
        None => {
            let l = list::new(cx, &[])?;
            cx.ext[EXT].set(l.obj().word());
            l
        }
    };
    if touched.len() >= 32 && touched.len().is_power_of_two() {
        // Before it grows: without those that are gone.
        let alive = list::new(cx, &[])?;
        for i in 0..touched.len() {
            if let Some(w) = touched.get(i)
                && live(w).is_some()
            {
                alive.append(cx, w)?;
            }
        }
        cx.ext[EXT].set(alive.obj().word());
        return alive.append(cx, w.obj());
    }
    touched.append(cx, w.obj())
}

fn live(w: Obj) -> Option<Gc<Local>> {
    let o = w.cast::<WeakRef>()?.payload().get()?;
    o.cast::<Local>()
}

/// The thread ends: its namespaces go.
pub fn leave(cx: &mut Cx) {
    let Some(touched) = Obj::from_word(cx.ext[EXT].replace(0)).and_then(|o| o.cast::<List>()) else { return };
    for i in 0..touched.len() {
        if let Some(l) = touched.get(i).and_then(live) {
            // A dict with int keys asks no Python code, so nothing can be raised.
            let _ = key(cx).and_then(|k| l.dicts.remove(cx, k));
        }
    }
}

/// Thread-local data.
#[derive(Trace)]
pub struct Local {
    /// Arguments for `__init__` in each new thread.
    args: Slot<Tuple>,
    names: Slot<Tuple>,
    /// Namespaces by the number of the thread.
    dicts: Gc<Dict>,
}

impl Local {
    /// This thread's namespace, made (and `__init__` run) on first use.
    fn dict(this: Gc<Local>, cx: &mut Cx) -> Result<Gc<Dict>> {
        let key = key(cx)?;
        if let Some(d) = this.dicts.get(cx, key)? {
            // Only dicts are stored.
            return Ok(unsafe { Gc::from_obj(d) });
        }
        let d = dict::new(cx)?;
        this.dicts.insert(cx, key, d.obj())?;
        note(cx, this.obj())?;
        let class = ops::class_of(this.obj());
        if class.has(typhon_object::types::F_HEAP)
            && let Some(init) = class.special(typhon_object::Dunder::Init)
        {
            let args = this.args.get();
            let kw = this.names.get();
            let items: &[Obj] = args.map_or(&[], |a| a.payload().items());
            if let Err(e) = ops::call_unbound(cx, init, this.obj(), items, kw) {
                this.dicts.remove(cx, key)?;
                return Err(e);
            }
        }
        Ok(d)
    }
}

/// Thread-local data.
#[class(module = "_thread", name = "_local", subclassable, weakref)]
impl Local {
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: Args<'_>) -> Result<Local> {
        let init = cls.special(typhon_object::Dunder::Init);
        let plain = typhon_object::types::class_for(typhon_object::shape::OBJECT).special(typhon_object::Dunder::Init);
        if !args.all().is_empty() && init == plain {
            return Err(cx.type_error("Initialization arguments are not supported"));
        }
        let all = tuple::new(cx, args.all())?;
        let dicts = dict::new(cx)?;
        // The making thread's `__init__` is run by the class call itself.
        let key = key(cx)?;
        let d = dict::new(cx)?;
        dicts.insert(cx, key, d.obj())?;
        Ok(Local { args: Slot::new(all), names: Slot::of(args.kw), dicts })
    }
    fn __getattribute__(this: Gc<Local>, cx: &mut Cx, name: Gc<Str>) -> Result<Obj> {
        let d = Local::dict(this, cx)?;
        if name.eq_str("__dict__") {
            return Ok(d.obj());
        }
        let c = ops::class_of(this.obj());
        let found = cx.lookup(c, name);
        if let Some(x) = found
            && ops::is_data_descriptor(x)
        {
            return ops::bind_descriptor(cx, x, this.obj(), c);
        }
        if let Some(v) = d.get_str(name) {
            return Ok(v);
        }
        match found {
            Some(x) => ops::bind_descriptor(cx, x, this.obj(), c),
            None => Err(ops::no_attribute(cx, this.obj(), name)),
        }
    }
    fn __setattr__(this: Gc<Local>, cx: &mut Cx, name: Gc<Str>, value: Obj) -> Result<()> {
        let d = Local::dict(this, cx)?;
        set_local(cx, this.obj(), d, name, Some(value))
    }
    fn __delattr__(this: Gc<Local>, cx: &mut Cx, name: Gc<Str>) -> Result<()> {
        let d = Local::dict(this, cx)?;
        set_local(cx, this.obj(), d, name, None)
    }
}

fn set_local(cx: &mut Cx, o: Obj, d: Gc<Dict>, name: Gc<Str>, v: Option<Obj>) -> Result<()> {
    if name.eq_str("__dict__") {
        let msg = format!("'{}' object attribute '__dict__' is read-only", cx.type_name(o));
        return Err(exc::attribute_error(cx, msg, o, name.obj()));
    }
    let c = ops::class_of(o);
    if let Some(x) = cx.lookup(c, name)
        && ops::is_data_descriptor(x)
    {
        return ops::set_through_descriptor(cx, x, o, name, v);
    }
    let name = typhon_object::intern::intern(cx, name)?;
    match v {
        Some(v) => {
            d.insert_str(cx, name, v)?;
            Ok(())
        }
        None => match d.remove_str(cx, name) {
            Some(_) => Ok(()),
            None => Err(ops::no_attribute(cx, o, name)),
        },
    }
}
