//! The functions of `builtins` that need the VM.
//!
//! Tests: CPython test_builtin.

use crate::code::Code;
use crate::frame;
use crate::function::Function;
use crate::hooks::{self, CompileRequest, Source};
use crate::{function_ops, import, objects};
use typhon_macros::module;
use typhon_object::bytes::Bytes;
use typhon_object::dict::Dict;
use typhon_object::native::{Args, Missing};
use typhon_object::str::Str;
use typhon_object::tuple::Tuple;
use typhon_object::types::Type;
use typhon_object::{Cx, Dunder, ExcKind, Gc, Obj, Result, name, ops, shape, types};

/// Future flags that code passes on to what it compiles.
const FUTURES: u32 = 0x1fe0000;
/// All flags that `compile` accepts.
const FLAGS: i64 = 0x1fe0010 | 0x200 | ONLY_AST | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x100;
/// Compile to a tree.
const ONLY_AST: i64 = 0x400;

fn source_text(cx: &mut Cx, source: Obj, what: &str) -> Result<Vec<u8>> {
    if let Some(s) = source.cast::<Str>() {
        return Ok(ops::utf8(cx, s)?.into_owned().into_bytes());
    }
    if let Some(b) = source.cast::<Bytes>() {
        return Ok(b.as_slice().to_vec());
    }
    if source.shape() == shape::BYTEARRAY || ops::class_of(source).special(Dunder::Buffer).is_some() {
        let class = types::class_for(shape::BYTES).obj();
        if let Some(b) = ops::call_args(cx, class, &[source])?.cast::<Bytes>() {
            return Ok(b.as_slice().to_vec());
        }
    }
    let other = if what.starts_with("compile") { "AST" } else { "code" };
    Err(cx.type_error(format!("{what} must be a string, bytes or {other} object")))
}

/// The functions; merged into the `builtins` namespace at start-up.
#[module("builtins")]
pub mod functions {
    use super::*;

    /// Internal helper function used by the class statement.
    fn __build_class__(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        function_ops::build_class(cx, args)
    }

    /// Import a module.
    #[sig(name, globals = None, locals = None, fromlist = None, level = 0)]
    fn __import__(
        cx: &mut Cx,
        name: Obj,
        globals: Option<Obj>,
        locals: Option<Obj>,
        fromlist: Option<Obj>,
        level: i64,
    ) -> Result<Obj> {
        let _ = locals;
        let Some(name) = name.cast::<Str>() else {
            return Err(cx.type_error("module name must be a string"));
        };
        import::dunder_import(cx, name, globals, fromlist.unwrap_or(Obj::NONE), level)
    }

    /// Return the dictionary containing the current scope's global variables.
    fn globals(cx: &mut Cx) -> Result<Obj> {
        match frame::current(cx) {
            Some(w) => Ok(w.func().globals().obj()),
            None => Err(cx.error(ExcKind::SystemError, "globals(): no current frame")),
        }
    }

    /// Return a dictionary containing the current scope's local variables.
    fn locals(cx: &mut Cx) -> Result<Obj> {
        objects::current_locals(cx)
    }

    /// Return the names in the current scope, or those of an object.
    #[sig(object = <missing>, /)]
    fn dir(cx: &mut Cx, object: Missing<Obj>) -> Result<Obj> {
        let names = match object.given() {
            None => {
                let l = objects::current_locals(cx)?;
                ops::call_method(cx, l, "keys", &[])?
            }
            Some(o) => match ops::call_special(cx, o, typhon_object::Dunder::Dir, &[])? {
                Some(r) => r,
                None => return Err(cx.type_error("object does not provide __dir__")),
            },
        };
        let l = ops::list_from_iter(cx, names)?;
        ops::call_method(cx, l.obj(), "sort", &[])?;
        Ok(l.obj())
    }

    /// Without arguments, equivalent to locals().
    /// With an argument, equivalent to object.__dict__.
    #[sig(object = <missing>, /)]
    fn vars(cx: &mut Cx, object: Missing<Obj>) -> Result<Obj> {
        match object.given() {
            None => objects::current_locals(cx),
            Some(o) => match ops::get_attr_opt(cx, o, name!(cx, "__dict__"))? {
                Some(d) => Ok(d),
                None => Err(cx.type_error("vars() argument must have __dict__ attribute")),
            },
        }
    }

    /// Compile source into a code object that can be executed by exec() or eval().
    #[sig(source, filename, mode, flags = 0, dont_inherit = False, optimize = -1, *, _feature_version = -1)]
    fn compile(
        cx: &mut Cx,
        source: Obj,
        filename: Obj,
        mode: Gc<Str>,
        flags: i64,
        dont_inherit: bool,
        optimize: i64,
        _feature_version: i64,
    ) -> Result<Obj> {
        let filename = match filename.cast::<Str>() {
            Some(s) => s.to_str().into_owned(),
            None => match filename.cast::<Bytes>() {
                Some(b) => String::from_utf8_lossy(b.as_slice()).into_owned(),
                None => {
                    let p = import::import_module(cx, "os")?;
                    let p = ops::call_method(cx, p, "fspath", &[filename])?;
                    ops::to_str(cx, p)?.to_str().into_owned()
                }
            },
        };
        let mode = mode.to_str().into_owned();
        let known = matches!(mode.as_str(), "exec" | "eval" | "single");
        if !known && (mode != "func_type" || flags & ONLY_AST == 0) {
            return Err(match (mode.as_str(), flags & ONLY_AST != 0) {
                ("func_type", false) => cx.value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST"),
                (_, true) => cx.value_error("compile() mode must be 'exec', 'eval', 'single' or 'func_type'"),
                (_, false) => cx.value_error("compile() mode must be 'exec', 'eval' or 'single'"),
            });
        }
        if !(-1..=2).contains(&optimize) {
            return Err(cx.value_error("compile(): invalid optimize value"));
        }
        if flags & !FLAGS != 0 {
            return Err(cx.value_error("compile(): unrecognised flags"));
        }
        let mut inherited = flags as u32;
        if !dont_inherit && let Some(w) = frame::current(cx) {
            inherited |= w.func().code().data.flags & FUTURES;
        }
        if let Some(ast) = import::modules(cx).get_str(name!(cx, "_ast"))
            && let class = ops::get_attr(cx, ast, name!(cx, "AST"))?
            && class.cast::<Type>().is_some_and(|c| ops::class_of(source).is_subtype(c))
        {
            let source = Source::Tree(source);
            let r = CompileRequest {
                source,
                filename: &filename,
                mode: &mode,
                flags: inherited,
                optimize: optimize as i32,
                feature_version: -1,
            };
            if flags & ONLY_AST != 0 {
                return hooks::parse(cx, &r);
            }
            return Ok(hooks::compile(cx, &r)?.obj());
        }
        if source.cast::<Code>().is_some() {
            return Err(cx.type_error("compile() arg 1 must be a string, bytes or AST object"));
        }
        let is_text = source.cast::<Str>().is_some();
        let text = source_text(cx, source, "compile() arg 1")?;
        let source = match (is_text, std::str::from_utf8(&text)) {
            (true, Ok(t)) => Source::Text(t),
            _ => Source::Bytes(&text),
        };
        let r = CompileRequest {
            source,
            filename: &filename,
            mode: &mode,
            flags: inherited,
            optimize: optimize as i32,
            feature_version: _feature_version.clamp(-1, 127) as i32,
        };
        if flags & ONLY_AST != 0 {
            return hooks::parse(cx, &r);
        }
        Ok(hooks::compile(cx, &r)?.obj())
    }

    /// Evaluate the given source in the context of globals and locals.
    #[sig(source, /, globals = None, locals = None)]
    fn eval(cx: &mut Cx, source: Obj, globals: Option<Obj>, locals: Option<Obj>) -> Result<Obj> {
        run(cx, source, globals, locals, "eval", None)
    }

    /// Execute the given source in the context of globals and locals.
    #[sig(source, /, globals = None, locals = None, *, closure = None)]
    fn exec(cx: &mut Cx, source: Obj, globals: Option<Obj>, locals: Option<Obj>, closure: Option<Obj>) -> Result<()> {
        run(cx, source, globals, locals, "exec", closure).map(|_| ())
    }

    /// Call sys.breakpointhook(*args, **kws).
    fn breakpoint(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let sys = import::import_module(cx, "sys")?;
        let Some(h) = ops::get_attr_opt(cx, sys, name!(cx, "breakpointhook"))? else {
            return Err(cx.error(ExcKind::RuntimeError, "lost sys.breakpointhook"));
        };
        ops::call(cx, h, args.all(), args.kw)
    }

    /// Return an AsyncIterator for an AsyncIterable object.
    fn aiter(cx: &mut Cx, o: Obj) -> Result<Obj> {
        match ops::call_special(cx, o, typhon_object::Dunder::AIter, &[])? {
            Some(v) => Ok(v),
            None => Err(cx.type_error(format!("'{}' object is not an async iterable", cx.type_name(o)))),
        }
    }

    /// Return the next item from the async iterator, or the default once it is
    /// exhausted.
    #[sig(iterator, default = <missing>, /)]
    fn anext(cx: &mut Cx, iterator: Obj, default: Missing<Obj>) -> Result<Obj> {
        match ops::call_special(cx, iterator, typhon_object::Dunder::ANext, &[])? {
            Some(v) => match default.given() {
                Some(d) => crate::async_gen::anext_default(cx, v, d),
                None => Ok(v),
            },
            None => Err(cx.type_error(format!("'{}' object is not an async iterator", cx.type_name(iterator)))),
        }
    }
}

fn run(
    cx: &mut Cx,
    source: Obj,
    globals: Option<Obj>,
    locals: Option<Obj>,
    what: &str,
    closure: Option<Obj>,
) -> Result<Obj> {
    let w = frame::current(cx);
    let g: Gc<Dict> = match globals {
        Some(g) => match g.cast::<Dict>() {
            Some(d) => d,
            None => return Err(cx.type_error(format!("{what}() globals must be a dict, not {}", cx.type_name(g)))),
        },
        None => match w {
            Some(w) => w.func().globals(),
            None => return Err(cx.error(ExcKind::SystemError, "globals and locals cannot be NULL")),
        },
    };
    let ns = match (locals, globals) {
        (Some(l), _) => l,
        (None, Some(g)) => g,
        (None, None) => objects::current_locals(cx)?,
    };
    let code = match source.cast::<Code>() {
        Some(c) => c,
        None if closure.is_some() => {
            return Err(cx.type_error("closure can only be used when source is a code object"));
        }
        None => {
            let is_text = source.cast::<Str>().is_some();
            let text = source_text(cx, source, &format!("{what}() arg 1"))?;
            let inherited = w.map_or(0, |w| w.func().code().data.flags & FUTURES);
            let source = match (is_text, std::str::from_utf8(&text)) {
                (true, Ok(t)) => Source::Text(if what == "eval" { t.trim_start_matches([' ', '\t']) } else { t }),
                _ => Source::Bytes(&text),
            };
            let r = CompileRequest {
                source,
                filename: "<string>",
                mode: what,
                flags: inherited,
                optimize: -1,
                feature_version: -1,
            };
            hooks::compile(cx, &r)?
        }
    };
    let free = code.data.freevars.len();
    if what == "eval" && free > 0 {
        return Err(cx.type_error("code object passed to eval() may not contain free variables"));
    }
    if free == 0 && closure.is_some() {
        return Err(cx.type_error("cannot use a closure with this code object"));
    }
    if free > 0 {
        // The code takes what is in there for cells.
        let cells = closure
            .and_then(|c| c.cast::<Tuple>())
            .filter(|c| c.len() == free && c.items().iter().all(|c| c.cast::<crate::function::Cell>().is_some()));
        let Some(c) = cells else {
            return Err(cx.type_error(format!("code object requires a closure of exactly length {free}")));
        };
        let f: Gc<Function> = crate::function::new(cx, code, g)?;
        f.closure.set(cx, f, c);
        return crate::call::run_function(cx, f, &[], None, ns.word());
    }
    import::exec_in(cx, code, g, ns)
}
