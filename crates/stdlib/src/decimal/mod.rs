//! `_decimal`: decimal floating-point arithmetic.
//!
//! | file | what |
//! |---|---|
//! | `value.rs` | the payload of Decimal, conversions |
//! | `class.rs` | the class Decimal |
//! | `ordering.rs`, `format.rs` | comparison with other numbers, `__format__` |
//! | `context.rs` | contexts, the current one, `localcontext` |
//! | `context_class.rs` | the class Context |
//! | `signals.rs` | exceptions, the mappings `flags` and `traps` |
//!
//! The arithmetic is `typhon_text::decimal`, which knows no objects.
//! Tests: tests/lang/decimal.md; CPython test_decimal.

mod class;
mod context;
mod context_class;
mod format;
mod ordering;
mod signals;
mod value;

use crate::util::{attr, import, set, set_ints};
use context::{Context, ContextManager};
use typhon_macros::module;
use typhon_object::dict::Dict;
use typhon_object::interp::InterpRoot;
use typhon_object::native::class_of;
use typhon_object::obj::Obj;
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Result, ops};
use typhon_text::decimal::{self as num, Round};
use value::Decimal;

/// `DecimalTuple`, what `Decimal.as_tuple` makes.
static TUPLE: InterpRoot = InterpRoot::new();

fn decimal_tuple(cx: &Cx) -> Result<Obj> {
    Obj::from_word(TUPLE.get(cx)).ok_or_else(|| cx.error(ExcKind::SystemError, "_decimal is not initialized"))
}

fn add_tuple(cx: &mut Cx, module: Obj) -> Result<()> {
    if TUPLE.get(cx) == 0 {
        let collections = import(cx, "collections")?;
        let name = cx.intern("DecimalTuple")?.obj();
        let fields = cx.intern("sign digits exponent")?.obj();
        let class = ops::call_method(cx, collections, "namedtuple", &[name, fields])?;
        set(cx, class, "__module__", "decimal")?;
        TUPLE.set(cx, class.word());
    }
    let class = decimal_tuple(cx)?;
    set(cx, module, "DecimalTuple", class)
}

/// C decimal arithmetic module
#[module("_decimal", classes(Decimal, Context))]
pub mod decimal {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        signals::add_exceptions(cx, module)?;
        signals::add_mapping(cx)?;
        class_of::<ContextManager>(cx)?;
        let _ = cx.rt().hooks().pow_by_modulus.set(class::power_by_modulus);
        context::add_templates(cx, module)?;
        add_tuple(cx, module)?;
        let numbers = import(cx, "numbers")?;
        let class = class_of::<Decimal>(cx)?.obj();
        let number = attr(cx, numbers, "Number")?;
        ops::call_method(cx, number, "register", &[class])?;
        let rational = attr(cx, numbers, "Rational")?;
        ordering::RATIONAL.set(cx, rational.word());
        for (_, name) in Round::ALL {
            let text = cx.intern(name)?;
            set(cx, module, name, text)?;
        }
        set_ints(
            cx,
            module,
            &[
                ("MAX_PREC", num::MAX_PREC),
                ("MAX_EMAX", num::MAX_EMAX),
                ("MIN_EMIN", num::MIN_EMIN),
                ("MIN_ETINY", num::MIN_ETINY),
                ("IEEE_CONTEXT_MAX_BITS", 512),
            ],
        )?;
        set(cx, module, "HAVE_THREADS", true)?;
        set(cx, module, "HAVE_CONTEXTVAR", true)?;
        set(cx, module, "__version__", "1.70")?;
        set(cx, module, "__libmpdec_version__", "2.5.1")
    }

    /// Return the current context.
    fn getcontext(cx: &mut Cx) -> Result<Obj> {
        Ok(context::current(cx)?.obj())
    }
    /// Set a new current context.
    fn setcontext(cx: &mut Cx, context: Obj) -> Result<()> {
        let Some(c) = context.cast::<Context>() else { return Err(cx.type_error("argument must be a context")) };
        context::set_current(cx, c)
    }
    /// Return a context manager that sets a copy of a context, with changed settings, and
    /// the context before it again at the end.
    #[sig(ctx = None, **kwargs)]
    fn localcontext(cx: &mut Cx, ctx: Obj, kwargs: Obj) -> Result<Obj> {
        let mut settings = [Obj::NONE; 8];
        for (k, v) in kwargs.cast::<Dict>().into_iter().flat_map(|d| d.items()) {
            let name = k.cast::<Str>().map(|s| s.to_str().into_owned()).unwrap_or_default();
            let Some(i) = context::SETTINGS.iter().position(|s| *s == name) else {
                return Err(cx.type_error(format!("this function got an unexpected keyword argument '{name}'")));
            };
            settings[i] = v;
        }
        context::local(cx, ctx, &settings)
    }
    /// Return the context of the IEEE interchange format of so many bits.
    #[name("IEEEContext")]
    fn ieee_context(cx: &mut Cx, bits: Obj) -> Result<Obj> {
        let bits = value::ssize(cx, bits)?;
        Ok(context::ieee(cx, bits)?.obj())
    }
}
