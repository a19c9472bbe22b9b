//! The conditions of decimal arithmetic as exceptions, and the mappings `flags` and
//! `traps` of contexts.
//!
//! Each interpreter has the exception classes for itself. Of two lists of them, the
//! *signals* are what contexts have flags for; *conditions* are kinds of the signal
//! InvalidOperation.
//! Tests: tests/lang/decimal.md; CPython test_decimal.

use super::context::Context;
use std::sync::atomic::{AtomicU32, Ordering};
use typhon_macros::{Trace, class};
use typhon_object::dict::{self, Dict};
use typhon_object::interp::InterpRoot;
use typhon_object::list::{self, List};
use typhon_object::native;
use typhon_object::obj::{Gc, Obj};
use typhon_object::types::Type;
use typhon_object::{CompareOp, Cx, ExcKind, Raised, Result, exc, new_type, ops, shape, tuple, types};
use typhon_text::decimal::Flags;

/// A signal: its name, the conditions that it stands for, the class.
pub struct Signal {
    pub name: &'static str,
    pub flags: Flags,
    pub class: InterpRoot,
}

const fn signal(name: &'static str, flags: Flags) -> Signal {
    Signal { name, flags, class: InterpRoot::new() }
}

/// What contexts have flags for, in the order of the mappings.
pub static SIGNALS: [Signal; 9] = [
    signal("InvalidOperation", Flags::INVALID),
    signal("FloatOperation", Flags::FLOAT_OPERATION),
    signal("DivisionByZero", Flags::DIVISION_BY_ZERO),
    signal("Overflow", Flags::OVERFLOW),
    signal("Underflow", Flags::UNDERFLOW),
    signal("Subnormal", Flags::SUBNORMAL),
    signal("Inexact", Flags::INEXACT),
    signal("Rounded", Flags::ROUNDED),
    signal("Clamped", Flags::CLAMPED),
];

/// Kinds of invalid operations. The first one is the signal itself.
pub static CONDITIONS: [Signal; 5] = [
    signal("InvalidOperation", Flags::INVALID_OPERATION),
    signal("ConversionSyntax", Flags::CONVERSION_SYNTAX),
    signal("DivisionImpossible", Flags::DIVISION_IMPOSSIBLE),
    signal("DivisionUndefined", Flags::DIVISION_UNDEFINED),
    signal("InvalidContext", Flags::INVALID_CONTEXT),
];

static BASE: InterpRoot = InterpRoot::new();
static SIGNAL_DICT: InterpRoot = InterpRoot::new();

const WANTED: &str = "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   Overflow, Underflow, Subnormal, Inexact, Rounded,\n   Clamped]";

fn class_in(cx: &Cx, root: &InterpRoot) -> Result<Obj> {
    Obj::from_word(root.get(cx)).ok_or_else(|| cx.error(ExcKind::SystemError, "_decimal is not initialized"))
}

fn new_class(cx: &mut Cx, root: &'static InterpRoot, name: &str, bases: &[Obj]) -> Result<Obj> {
    if let Some(t) = Obj::from_word(root.get(cx)) {
        return Ok(t);
    }
    let ns = dict::new(cx)?;
    let (k, v) = (cx.intern("__module__")?, cx.intern("decimal")?);
    ns.insert_str(cx, k, v.obj())?;
    let bases = tuple::new(cx, bases)?;
    let name = cx.intern(name)?;
    let t = new_type::new_type(cx, types::class_for(shape::TYPE), name, bases, ns)?;
    root.set(cx, t.obj().word());
    Ok(t.obj())
}

/// Make the exception classes and put them into the module.
pub fn add_exceptions(cx: &mut Cx, module: Obj) -> Result<()> {
    let arithmetic = ExcKind::ArithmeticError.class(cx).obj();
    let zero_division = ExcKind::ZeroDivisionError.class(cx).obj();
    let type_error = ExcKind::TypeError.class(cx).obj();
    let base = new_class(cx, &BASE, "DecimalException", &[arithmetic])?;
    crate::util::set(cx, module, "DecimalException", base)?;
    // Overflow and Underflow derive from others, which are made first.
    for name in [
        "InvalidOperation",
        "FloatOperation",
        "DivisionByZero",
        "Subnormal",
        "Inexact",
        "Rounded",
        "Clamped",
        "Overflow",
        "Underflow",
    ] {
        let s = SIGNALS.iter().find(|s| s.name == name).expect("a signal");
        let other = |cx: &Cx, i: usize| class_in(cx, &SIGNALS[i].class);
        let class = match name {
            "FloatOperation" => new_class(cx, &s.class, name, &[base, type_error])?,
            "DivisionByZero" => new_class(cx, &s.class, name, &[base, zero_division])?,
            "Overflow" => {
                let bases = [other(cx, 6)?, other(cx, 7)?];
                new_class(cx, &s.class, name, &bases)?
            }
            "Underflow" => {
                let bases = [other(cx, 6)?, other(cx, 7)?, other(cx, 5)?];
                new_class(cx, &s.class, name, &bases)?
            }
            _ => new_class(cx, &s.class, name, &[base])?,
        };
        crate::util::set(cx, module, name, class)?;
    }
    let invalid = class_in(cx, &SIGNALS[0].class)?;
    CONDITIONS[0].class.set(cx, invalid.word());
    for c in &CONDITIONS[1..] {
        let bases = [invalid, zero_division];
        let n = if c.flags == Flags::DIVISION_UNDEFINED { 2 } else { 1 };
        let class = new_class(cx, &c.class, c.name, &bases[..n])?;
        crate::util::set(cx, module, c.name, class)?;
    }
    Ok(())
}

/// The exception for conditions that are trapped.
#[cold]
pub fn raised(cx: &mut Cx, trapped: Flags) -> Raised {
    let made = (|| {
        let signal = SIGNALS.iter().find(|s| trapped.any(s.flags));
        let class = class_in(cx, &signal.unwrap_or(&SIGNALS[0]).class)?;
        let l = list::new(cx, &[])?;
        for c in CONDITIONS.iter().chain(&SIGNALS[1..]).filter(|c| trapped.any(c.flags)) {
            let class = class_in(cx, &c.class)?;
            l.append(cx, class)?;
        }
        ops::call_args(cx, class, &[l.obj()])
    })();
    match made {
        Ok(o) => o.cast().map(Raised).unwrap_or_else(|| cx.error(ExcKind::SystemError, "no exception")),
        Err(e) => e,
    }
}

/// A KeyError with a text.
#[cold]
fn key_error(cx: &Cx, text: &str) -> Raised {
    match typhon_object::str::new(cx, text) {
        Ok(s) => exc::key_error(cx, s.obj()),
        Err(e) => e,
    }
}

/// The conditions of a signal's class.
fn flags_of(cx: &Cx, key: Obj) -> Result<Flags> {
    let found = SIGNALS.iter().find(|s| s.class.get(cx) == key.word());
    found.map(|s| s.flags).ok_or_else(|| key_error(cx, WANTED))
}

/// The conditions of a list of classes.
pub fn from_list(cx: &Cx, l: Gc<List>) -> Result<Flags> {
    let mut flags = Flags::default();
    for i in 0..l.len() {
        if let Some(o) = l.get(i) {
            flags.add(flags_of(cx, o)?);
        }
    }
    Ok(flags)
}

/// The conditions that a mapping of all signals turns on.
fn from_dict(cx: &mut Cx, o: Obj) -> Result<Flags> {
    let Some(d) = o.cast::<Dict>() else { return Err(cx.type_error("argument must be a signal dict")) };
    if d.len() != SIGNALS.len() {
        return Err(key_error(cx, "invalid signal dict"));
    }
    let mut flags = Flags::default();
    for (k, v) in d.items() {
        let f = flags_of(cx, k)?;
        if ops::truth(cx, v)? {
            flags.add(f);
        }
    }
    Ok(flags)
}

/// The conditions that a mapping turns on: a dict or another context's.
pub fn from_mapping(cx: &mut Cx, o: Obj) -> Result<Flags> {
    match o.cast::<SignalDict>() {
        Some(d) => Ok(Flags(d.word(cx)?.load(Ordering::Relaxed))),
        None => from_dict(cx, o),
    }
}

/// A list of the signals of which conditions are set.
pub fn to_list(cx: &mut Cx, flags: Flags) -> Result<Obj> {
    let l = list::new(cx, &[])?;
    for s in SIGNALS.iter().filter(|s| flags.any(s.flags)) {
        let class = class_in(cx, &s.class)?;
        l.append(cx, class)?;
    }
    Ok(l.obj())
}

/// `[Clamped, InvalidOperation]`: by the bits, each signal once.
pub fn names(flags: Flags) -> String {
    let mut names: Vec<&str> = Vec::new();
    for bit in 0..32 {
        let one = Flags(1 << bit);
        let name = SIGNALS.iter().find(|s| flags.any(one) && one.any(s.flags)).map(|s| s.name);
        names.extend(name.filter(|n| !names.contains(n)));
    }
    format!("[{}]", names.join(", "))
}

/// The mapping of a context's flags or traps: a view.
#[derive(Trace)]
pub struct SignalDict {
    /// Absent in instances that Python code makes, which nobody can use.
    context: Option<Gc<Context>>,
    traps: bool,
}

impl SignalDict {
    fn word(&self, cx: &Cx) -> Result<&'static AtomicU32> {
        let Some(c) = self.context else { return Err(cx.value_error("invalid signal dict")) };
        let c = c.payload();
        Ok(if self.traps { &c.traps } else { &c.flags })
    }
    fn value(&self, cx: &Cx) -> Result<Flags> {
        Ok(Flags(self.word(cx)?.load(Ordering::Relaxed)))
    }
}

/// The mapping of a context.
pub fn view(cx: &mut Cx, context: Gc<Context>, traps: bool) -> Result<Obj> {
    let class = class_in(cx, &SIGNAL_DICT)?.cast::<Type>().expect("a class");
    Ok(native::instance_of(cx, class, SignalDict { context: Some(context), traps })?.obj())
}

/// Make the class of the mappings, which are MutableMappings.
pub fn add_mapping(cx: &mut Cx) -> Result<()> {
    if SIGNAL_DICT.get(cx) != 0 {
        return Ok(());
    }
    let abc = crate::util::import(cx, "collections.abc")?;
    let mapping = crate::util::attr(cx, abc, "MutableMapping")?;
    let mixin = native::class_of::<SignalDict>(cx)?.obj();
    let meta = ops::class_of(mapping).obj();
    let name = cx.intern("SignalDict")?.obj();
    let bases = tuple::new(cx, &[mixin, mapping])?.obj();
    let ns = dict::new(cx)?.obj();
    let class = ops::call_args(cx, meta, &[name, bases, ns])?;
    SIGNAL_DICT.set(cx, class.word());
    Ok(())
}

#[class(module = "decimal", name = "SignalDictMixin", subclassable, unhashable)]
impl SignalDict {
    #[sig(*args)]
    fn __new__(cx: &mut Cx, cls: Gc<Type>, args: &[Obj]) -> Result<SignalDict> {
        let _ = (cls, args, cx);
        Ok(SignalDict { context: None, traps: false })
    }
    fn __len__(&self, cx: &Cx) -> Result<usize> {
        self.word(cx)?;
        Ok(SIGNALS.len())
    }
    fn __iter__(&self, cx: &mut Cx) -> Result<Obj> {
        self.word(cx)?;
        let l = to_list(cx, Flags(u32::MAX))?;
        ops::get_iter(cx, l)
    }
    fn __getitem__(&self, cx: &Cx, key: Obj) -> Result<bool> {
        let value = self.value(cx)?;
        Ok(value.any(flags_of(cx, key)?))
    }
    fn __setitem__(&self, cx: &mut Cx, key: Obj, value: Obj) -> Result<()> {
        let word = self.word(cx)?;
        let flags = flags_of(cx, key)?;
        if ops::truth(cx, value)? {
            word.fetch_or(flags.0, Ordering::Relaxed);
        } else {
            word.fetch_and(!flags.0, Ordering::Relaxed);
        }
        Ok(())
    }
    fn __delitem__(&self, cx: &Cx, key: Obj) -> Result<()> {
        let _ = key;
        Err(cx.value_error("signal keys cannot be deleted"))
    }
    fn __repr__(&self, cx: &Cx) -> Result<String> {
        let value = self.value(cx)?;
        let items = SIGNALS.each_ref().map(|s| {
            let on = if value.any(s.flags) { "True" } else { "False" };
            format!("<class 'decimal.{}'>:{on}", s.name)
        });
        Ok(format!("{{{}}}", items.join(", ")))
    }
    fn __richcmp__(&self, cx: &mut Cx, other: Obj, op: CompareOp) -> Result<Obj> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let value = self.value(cx)?;
        let theirs = if let Some(d) = other.cast::<SignalDict>() {
            d.value(cx)?
        } else if other.cast::<Dict>().is_some() {
            match from_dict(cx, other) {
                Ok(f) => f,
                // With other keys it is not comparable.
                Err(e) if e.is(cx, ExcKind::KeyError) => return Ok(Obj::NOT_IMPLEMENTED),
                Err(e) => return Err(e),
            }
        } else {
            return Ok(Obj::NOT_IMPLEMENTED);
        };
        Ok(Obj::bool((same(value) == same(theirs)) == (op == CompareOp::Eq)))
    }
    /// Return a dict with the signals and their values.
    fn copy(&self, cx: &mut Cx) -> Result<Obj> {
        let value = self.value(cx)?;
        let d = dict::new(cx)?;
        for s in &SIGNALS {
            let class = class_in(cx, &s.class)?;
            d.insert(cx, class, Obj::bool(value.any(s.flags)))?;
        }
        Ok(d.obj())
    }
}

/// Flags as signals: which kind of invalid operation it was does not count.
fn same(f: Flags) -> u32 {
    SIGNALS.iter().enumerate().map(|(i, s)| u32::from(f.any(s.flags)) << i).sum()
}
