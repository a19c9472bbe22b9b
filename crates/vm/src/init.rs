//! Start-up of the VM: classes of its objects, hooks, builtins.

use crate::code::{CacheEntry, Code};
use crate::code_object::CodeMethods;
use crate::frame::Frame;
use crate::function::{Cell, Function};
use crate::generator::Generator;
use crate::objects::{
    AsyncGeneratorMethods, CellMethods, CoroutineMethods, FrameMethods, FunctionMethods, GeneratorMethods,
};
use crate::traceback::{Traceback, TracebackMethods};
use crate::{builtins, call, code, function, generator, hooks};
use typhon_object::native::{DICT, NO_NEW, Trace, WEAKREF};
use typhon_object::types::{self, layout_of};
use typhon_object::{Cx, Dunder, Gc, Obj, Result, boot, name, shape};

fn define<T: Trace>(cx: &mut Cx, id: u32, name: &str, doc: &str, flags: u32) -> Result<()> {
    let words = (flags & DICT != 0) as usize;
    boot::define(cx, id, name, doc, flags, None, Some(layout_of::<T>(words)))?;
    Ok(())
}

/// Make the VM's classes and wire its hooks. Called once, after the built-in
/// types are complete.
pub fn init(cx: &mut Cx) -> Result<()> {
    typhon_gc::set_finalizable_filter(crate::ending::has_work);
    define::<Function>(cx, shape::FUNCTION, "function", "Create a function object.", DICT | WEAKREF)?;
    define::<Cell>(cx, shape::CELL, "cell", "Create a new cell object.", 0)?;
    define::<Code>(cx, shape::CODE, "code", "Create a code object.  Not for mere mortals.", WEAKREF | NO_NEW)?;
    define::<Frame>(cx, shape::FRAME, "frame", "", NO_NEW)?;
    define::<Traceback>(cx, shape::TRACEBACK, "traceback", "Create a new traceback object.", NO_NEW)?;
    define::<Generator>(cx, shape::GENERATOR, "generator", "", NO_NEW | WEAKREF)?;
    define::<Generator>(cx, shape::COROUTINE, "coroutine", "", NO_NEW | WEAKREF)?;
    define::<Generator>(cx, shape::ASYNC_GENERATOR, "async_generator", "", NO_NEW | WEAKREF)?;
    define::<CacheEntry>(cx, shape::CACHE_ENTRY, "cache_entry", "", NO_NEW)?;
    for (id, members) in [
        (shape::FUNCTION, FunctionMethods::MEMBERS),
        (shape::CELL, CellMethods::MEMBERS),
        (shape::CODE, CodeMethods::MEMBERS),
        (shape::FRAME, FrameMethods::MEMBERS),
        (shape::TRACEBACK, TracebackMethods::MEMBERS),
        (shape::GENERATOR, GeneratorMethods::MEMBERS),
        (shape::COROUTINE, CoroutineMethods::MEMBERS),
        (shape::ASYNC_GENERATOR, AsyncGeneratorMethods::MEMBERS),
    ] {
        types::add_members(cx, types::class_for(id), members)?;
    }
    let hash = types::d_name(cx, Dunder::Hash);
    types::set_attr(cx, types::class_for(shape::CELL), hash, Some(Obj::NONE))?;
    types::class_for(shape::FUNCTION).set_call_fn(call::call_function);
    for id in [shape::GENERATOR, shape::COROUTINE] {
        types::class_for(id).set_send_fn(generator::send);
    }
    crate::async_gen::init(cx)?;
    let h = cx.rt().hooks();
    let _ = h.gen_next.set(generator::next);
    let _ = h.flush_caches.set(code::flush_caches);
    let _ = h.own_attributes.set(code::own_attributes);
    let _ = h.set_cell.set(set_cell);
    let _ = h.with_foreign_thread.set(crate::thread::with_foreign);
    let _ = h.forget_dead.set(crate::gc_module::forget_dead_registers);
    let _ = typhon_builtins::hooks::RELEASE_UNHELD.set(crate::gc_walk::release_unheld);
    let _ = typhon_builtins::hooks::CALLER_MODULE.set(caller_module);
    let _ = typhon_builtins::hooks::SUPER_ARGS.set(crate::objects::super_args);
    Ok(())
}

/// `sys.modules` and `builtins` of a new interpreter: what everything else needs.
pub fn init_interp(cx: &mut Cx) -> Result<()> {
    let names = typhon_builtins::containers::builtins_namespace(cx)?;
    for m in builtins::functions::SPEC.functions {
        let n = cx.intern(m.name)?;
        let f = typhon_object::ops::native_function(cx, m, "builtins")?;
        names.insert_str(cx, n, f)?;
    }
    let modules = typhon_object::dict::new(cx)?;
    cx.interp().modules.set(&cx.mutator, modules.obj().word());
    let module = crate::import::new_module(cx, "builtins")?;
    let namespace = hooks::module_dict(module).expect("a module");
    namespace.replace_with(cx, &names);
    cx.interp().builtins.set(&cx.mutator, namespace.obj().word());
    modules.insert_str(cx, name!(cx, "builtins"), module)?;
    Ok(())
}

fn set_cell(cx: &mut Cx, cell: Obj, class: Obj) -> Result<()> {
    match cell.cast::<function::Cell>() {
        Some(c) => {
            let g: Gc<Cell> = c;
            g.value.set(cx, g, class);
            Ok(())
        }
        None => {
            let r = typhon_object::ops::repr(cx, typhon_object::ops::class_of(cell).obj())?;
            Err(cx.type_error(format!("__classcell__ must be a nonlocal cell, not {}", r.to_str())))
        }
    }
}

/// The native modules of this crate.
pub static MODULES: &[&typhon_object::native::ModuleSpec] = &[
    &crate::faulthandler::functions::SPEC,
    &crate::gc_module::functions::SPEC,
    &crate::greenlet::module::functions::SPEC,
    &crate::imp::functions::SPEC,
    &crate::interps::channels_functions::SPEC,
    &crate::interps::interpreters_functions::SPEC,
    &crate::interps::queues_functions::SPEC,
    &crate::marshal::functions::SPEC,
    &crate::queue::functions::SPEC,
    &crate::signal_module::functions::SPEC,
    &crate::thread::functions::SPEC,
    &crate::typhon_module::functions::SPEC,
    &crate::weakref::functions::SPEC,
];

fn caller_module(cx: &mut Cx) -> Option<Obj> {
    let w = crate::frame::current(cx)?;
    w.func().globals().get_str(typhon_object::name!(cx, "__name__"))
}
