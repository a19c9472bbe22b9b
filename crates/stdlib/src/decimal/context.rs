//! The payload of `decimal.Context`, the templates, and the current context.
//!
//! The current context is the value of a context variable. What the variable's value is
//! in the current `contextvars.Context` is noted there, so operators find it at once.
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::signals;
use super::value::ssize;
use crate::contextvars;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::interp::InterpRoot;
use typhon_object::list::List;
use typhon_object::native;
use typhon_object::obj::{Gc, Obj, Slot};
use typhon_object::str::Str;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Result};
use typhon_text::decimal::{self as num, Flags, MAX_EMAX, MAX_PREC, MIN_EMIN, Round};

/// `decimal.Context`. Each setting is read and written on its own.
#[derive(Trace)]
pub struct Context {
    prec: AtomicI64,
    emin: AtomicI64,
    emax: AtomicI64,
    round: AtomicU32,
    capitals: AtomicU32,
    clamp: AtomicU32,
    /// What raises.
    pub traps: AtomicU32,
    /// What has happened.
    pub flags: AtomicU32,
    /// The mappings, made on first use.
    views: [Slot; 2],
}

static DEFAULT: InterpRoot = InterpRoot::new();
static BASIC: InterpRoot = InterpRoot::new();
static EXTENDED: InterpRoot = InterpRoot::new();
static VARIABLE: InterpRoot = InterpRoot::new();

/// What a new context traps.
const DEFAULT_TRAPS: Flags = Flags(Flags::INVALID.0 | Flags::DIVISION_BY_ZERO.0 | Flags::OVERFLOW.0);

impl Context {
    /// A context with these settings.
    pub fn with(spec: num::Context, traps: Flags) -> Context {
        Context {
            prec: AtomicI64::new(spec.prec),
            emin: AtomicI64::new(spec.emin),
            emax: AtomicI64::new(spec.emax),
            round: AtomicU32::new(spec.round as u32),
            capitals: AtomicU32::new(1),
            clamp: AtomicU32::new(u32::from(spec.clamp)),
            traps: AtomicU32::new(traps.0),
            flags: AtomicU32::new(0),
            views: [Slot::empty(), Slot::empty()],
        }
    }
    /// What operations must know.
    #[inline]
    pub fn spec(&self) -> num::Context {
        num::Context {
            prec: self.prec.load(Ordering::Relaxed),
            emax: self.emax.load(Ordering::Relaxed),
            emin: self.emin.load(Ordering::Relaxed),
            round: Round::from_index(self.round.load(Ordering::Relaxed) as u8),
            clamp: self.clamp.load(Ordering::Relaxed) != 0,
        }
    }
    /// Whether `E` is written as a capital letter.
    pub fn capital_e(&self) -> bool {
        self.capitals.load(Ordering::Relaxed) != 0
    }
    /// Take note of conditions, and raise what is trapped.
    #[inline]
    pub fn signal(&self, cx: &mut Cx, st: Flags) -> Result<()> {
        if st.0 & !self.flags.load(Ordering::Relaxed) != 0 {
            self.note(st);
        }
        if st.0 & (self.traps.load(Ordering::Relaxed) | Flags::MEMORY.0) != 0 {
            return self.trap(cx, st);
        }
        Ok(())
    }
    /// Take note of conditions without raising.
    pub fn note(&self, st: Flags) {
        self.flags.fetch_or(st.0 & !Flags::MEMORY.0, Ordering::Relaxed);
    }
    #[cold]
    fn trap(&self, cx: &mut Cx, st: Flags) -> Result<()> {
        if st.any(Flags::MEMORY) {
            return Err(cx.memory_error());
        }
        Err(signals::raised(cx, Flags(st.0 & self.traps.load(Ordering::Relaxed))))
    }
    /// The same settings, and flags or none.
    fn duplicate(&self, with_flags: bool) -> Context {
        let c = Context::with(self.spec(), Flags(self.traps.load(Ordering::Relaxed)));
        c.capitals.store(self.capitals.load(Ordering::Relaxed), Ordering::Relaxed);
        if with_flags {
            c.flags.store(self.flags.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        c
    }
}

fn plain(prec: i64, round: Round) -> num::Context {
    num::Context { prec, emax: 999_999, emin: -999_999, round, clamp: false }
}

/// `context.copy()`
pub fn copy(cx: &mut Cx, c: Gc<Context>, with_flags: bool) -> Result<Gc<Context>> {
    native::instance(cx, c.duplicate(with_flags))
}

fn template(cx: &Cx, root: &InterpRoot) -> Option<Gc<Context>> {
    Obj::from_word(root.get(cx)).and_then(|o| o.cast())
}

/// Make the templates and the variable, and put the templates into the module.
pub fn add_templates(cx: &mut Cx, module: Obj) -> Result<()> {
    let basic = Flags(DEFAULT_TRAPS.0 | Flags::UNDERFLOW.0 | Flags::CLAMPED.0);
    for (root, name, spec, traps) in [
        (&DEFAULT, "DefaultContext", plain(28, Round::HalfEven), DEFAULT_TRAPS),
        (&BASIC, "BasicContext", plain(9, Round::HalfUp), basic),
        (&EXTENDED, "ExtendedContext", plain(9, Round::HalfEven), Flags::default()),
    ] {
        if template(cx, root).is_none() {
            let c = native::instance(cx, Context::with(spec, traps))?;
            root.set(cx, c.obj().word());
        }
        let c = template(cx, root).expect("set");
        crate::util::set(cx, module, name, c)?;
    }
    if VARIABLE.get(cx) == 0 {
        let v = contextvars::new_variable(cx, "decimal_context")?;
        VARIABLE.set(cx, v.word());
    }
    Ok(())
}

fn variable(cx: &Cx) -> Result<Obj> {
    Obj::from_word(VARIABLE.get(cx)).ok_or_else(|| cx.error(ExcKind::SystemError, "_decimal is not initialized"))
}

/// The current context.
#[inline]
pub fn current(cx: &mut Cx) -> Result<Gc<Context>> {
    match contextvars::noted(cx).and_then(|o| o.cast()) {
        Some(c) => Ok(c),
        None => find_current(cx),
    }
}

#[cold]
fn find_current(cx: &mut Cx) -> Result<Gc<Context>> {
    let var = variable(cx)?;
    if let Some(c) = contextvars::get(cx, var)?.and_then(|o| o.cast::<Context>()) {
        contextvars::note(cx, c.obj());
        return Ok(c);
    }
    let c = match template(cx, &DEFAULT) {
        Some(t) => copy(cx, t, false)?,
        None => native::instance(cx, Context::with(plain(28, Round::HalfEven), DEFAULT_TRAPS))?,
    };
    contextvars::set(cx, var, c.obj())?;
    contextvars::note(cx, c.obj());
    Ok(c)
}

/// `setcontext(c)`: templates are copied.
pub fn set_current(cx: &mut Cx, c: Gc<Context>) -> Result<()> {
    let is_template = [&DEFAULT, &BASIC, &EXTENDED].into_iter().any(|r| r.get(cx) == c.obj().word());
    let c = if is_template { copy(cx, c, false)? } else { c };
    let var = variable(cx)?;
    contextvars::set(cx, var, c.obj())?;
    contextvars::note(cx, c.obj());
    Ok(())
}

/// The context of a method's optional argument.
#[inline]
pub fn optional(cx: &mut Cx, o: Obj) -> Result<Gc<Context>> {
    if o.is_none() {
        return current(cx);
    }
    o.cast().ok_or_else(|| cx.type_error("optional argument must be a context"))
}

/// The rounding mode of a name.
pub fn rounding(cx: &Cx, o: Obj) -> Result<Round> {
    let found = o.cast::<Str>().and_then(|s| Round::ALL.iter().find(|(_, n)| s.eq_str(n)));
    found.map(|(r, _)| *r).ok_or_else(|| {
        cx.type_error(
            "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   \
             ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]",
        )
    })
}

/// A new context: what `Context.__new__` makes.
pub fn new_like_default(cx: &mut Cx, cls: Gc<Type>) -> Result<Gc<Context>> {
    let c = match template(cx, &DEFAULT) {
        Some(t) => t.duplicate(true),
        None => Context::with(plain(28, Round::HalfEven), DEFAULT_TRAPS),
    };
    c.capitals.store(1, Ordering::Relaxed);
    native::instance_of(cx, cls, c)
}

/// The settings that constructors take, None being "as it is".
pub type Settings = [Obj; 8];

/// Their names, in the order of [`Settings`].
pub const SETTINGS: [&str; 8] = ["prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"];

/// Change settings that are given.
pub fn change(cx: &mut Cx, c: Gc<Context>, s: &Settings) -> Result<()> {
    // Traps before flags, as ever.
    for i in [0, 1, 2, 3, 4, 5, 7, 6] {
        if !s[i].is_none() {
            match (i, s[i].cast::<List>()) {
                (6 | 7, Some(l)) => {
                    let f = signals::from_list(cx, l)?;
                    (if i == 7 { &c.traps } else { &c.flags }).store(f.0, Ordering::Relaxed);
                }
                _ => {
                    set_one(cx, c, SETTINGS[i], s[i])?;
                }
            }
        }
    }
    Ok(())
}

/// Change one setting; whether it is one.
pub fn set_one(cx: &mut Cx, c: Gc<Context>, name: &str, v: Obj) -> Result<bool> {
    let ranged = |cx: &mut Cx, word: &AtomicI64, low: i64, high: i64, text: &str| {
        let x = ssize(cx, v)?;
        if !(low..=high).contains(&x) {
            return Err(cx.value_error(text));
        }
        word.store(x, Ordering::Relaxed);
        Ok(true)
    };
    let switch = |cx: &mut Cx, word: &AtomicU32, text: &str| {
        let x = ssize(cx, v)?;
        if !(0..=1).contains(&x) {
            return Err(cx.value_error(text));
        }
        word.store(x as u32, Ordering::Relaxed);
        Ok(true)
    };
    let c = c.payload();
    match name {
        "prec" => ranged(cx, &c.prec, 1, MAX_PREC, "valid range for prec is [1, MAX_PREC]"),
        "Emin" => ranged(cx, &c.emin, MIN_EMIN, 0, "valid range for Emin is [MIN_EMIN, 0]"),
        "Emax" => ranged(cx, &c.emax, 0, MAX_EMAX, "valid range for Emax is [0, MAX_EMAX]"),
        "capitals" => switch(cx, &c.capitals, "valid values for capitals are 0 or 1"),
        "clamp" => switch(cx, &c.clamp, "valid values for clamp are 0 or 1"),
        "rounding" => {
            let r = rounding(cx, v)?;
            c.round.store(r as u32, Ordering::Relaxed);
            Ok(true)
        }
        "traps" | "flags" => {
            let f = signals::from_mapping(cx, v)?;
            (if name == "traps" { &c.traps } else { &c.flags }).store(f.0, Ordering::Relaxed);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// `context.flags` or `context.traps`
pub fn view(cx: &mut Cx, c: Gc<Context>, traps: bool) -> Result<Obj> {
    let slot = &c.payload().views[usize::from(traps)];
    if let Some(v) = slot.obj() {
        return Ok(v);
    }
    let v = signals::view(cx, c, traps)?;
    slot.set(cx, c, v);
    Ok(v)
}

/// The context of an IEEE interchange format.
pub fn ieee(cx: &mut Cx, bits: i64) -> Result<Gc<Context>> {
    if bits <= 0 || bits > 512 || bits % 32 != 0 {
        return Err(cx.value_error("argument must be a multiple of 32, with a maximum of 512"));
    }
    let emax = 3 * (1 << (bits / 16 + 3));
    let prec = 9 * (bits / 32) - 2;
    let spec = num::Context { prec, emax, emin: 1 - emax, round: Round::HalfEven, clamp: true };
    native::instance(cx, Context::with(spec, Flags::default()))
}

/// What `with` is given by `localcontext`.
#[derive(Trace)]
pub struct ContextManager {
    local: Gc<Context>,
    global: Gc<Context>,
}

/// `localcontext(ctx, **settings)`
pub fn local(cx: &mut Cx, ctx: Obj, settings: &Settings) -> Result<Obj> {
    let global = current(cx)?;
    let from = optional(cx, ctx)?;
    let local = copy(cx, from, true)?;
    change(cx, local, settings)?;
    Ok(native::instance(cx, ContextManager { local, global })?.obj())
}

#[class(module = "decimal", name = "ContextManager")]
impl ContextManager {
    fn __enter__(&self, cx: &mut Cx) -> Result<Gc<Context>> {
        set_current(cx, self.local)?;
        Ok(self.local)
    }
    #[sig(*args)]
    fn __exit__(&self, cx: &mut Cx, args: &[Obj]) -> Result<()> {
        let _ = args;
        set_current(cx, self.global)
    }
}
