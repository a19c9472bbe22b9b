//! `sys.monitoring` (PEP 669): tools, the events that they want, and telling them.
//!
//! Which events are wanted stands in plain atomics, here for all code and in each
//! code object for that code. Callbacks are values, in one array that a root holds.
//! What a tool has disabled is noted in the code object, together with the number of
//! restarts at that time.
//!
//! Tests: tests/lang/tracing.md; CPython test_monitoring.

use crate::code::Code;
use crate::monitor::{self, Event, Told};
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use typhon_gc::Root;
use typhon_macros::module;
use typhon_object::array::{self, Array};
use typhon_object::dict;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj, Result, name, ops};

/// Tools that Python code may be.
const TOOLS: usize = 6;
/// Events, with `BRANCH`.
const EVENTS: usize = 19;
/// Both branches.
const BRANCH: u32 = 1 << 18;
/// Events that belong to an instruction, so that they can be wanted for one code
/// object and disabled for one place.
const LOCAL: u32 = (1 << 11) - 1;
/// Events that come with `CALL`.
const OF_CALL: u32 = Event::CReturn.bit() | Event::CRaise.bit();
const BRANCHES: u32 = Event::BranchLeft.bit() | Event::BranchRight.bit();

const NAMES: [&str; EVENTS] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
    "BRANCH",
];

/// Words of the array: callbacks, then tools' names, then `DISABLE` and `MISSING`.
const NAME: usize = TOOLS * EVENTS;
const DISABLE: usize = NAME + TOOLS;
const MISSING: usize = DISABLE + 1;

static VALUES: Root = Root::new();
static GLOBAL: [AtomicU32; TOOLS] = [const { AtomicU32::new(0) }; TOOLS];
/// Some code object has events of its own.
static ANY_LOCAL: AtomicBool = AtomicBool::new(false);
static RESTARTS: AtomicU64 = AtomicU64::new(0);

/// What tools want of one code object.
#[derive(Default, Debug)]
pub struct Watched {
    local: [AtomicU32; TOOLS],
    disabled: Mutex<Disabled>,
}

#[derive(Default, Debug)]
struct Disabled {
    restarts: u64,
    /// Tool, event and word offset.
    places: HashSet<(u8, u8, u32)>,
}

/// Whether there are tools that want anything.
pub fn active() -> bool {
    ANY_LOCAL.load(Ordering::Relaxed) || GLOBAL.iter().any(|g| g.load(Ordering::Relaxed) != 0)
}

/// The events that some tool wants of this code.
pub fn wanted(code: &Gc<Code>) -> u32 {
    let all = |s: &[AtomicU32]| s.iter().fold(0, |a, e| a | e.load(Ordering::Relaxed));
    with_company(all(&GLOBAL) | all(&code.watched.local))
}

/// `CALL` and `BRANCH` stand for more events.
fn with_company(mut set: u32) -> u32 {
    if set & Event::Call.bit() != 0 {
        set |= OF_CALL;
    }
    if set & BRANCH != 0 {
        set |= BRANCHES;
    }
    set
}

fn values(cx: &Cx) -> Result<Gc<Array>> {
    if let Some(o) = Obj::from_word(VALUES.get()) {
        // Only this function fills the root.
        return Ok(unsafe { Gc::from_obj(o) });
    }
    let a = array::new(cx, MISSING + 1)?;
    VALUES.set(&cx.mutator, a.obj().word());
    Ok(a)
}

impl Watched {
    fn is_disabled(&self, tool: usize, event: u8, at: u32) -> bool {
        let Ok(mut d) = self.disabled.lock() else { return false };
        let now = RESTARTS.load(Ordering::Relaxed);
        if d.restarts != now {
            d.restarts = now;
            d.places.clear();
        }
        d.places.contains(&(tool as u8, event, at))
    }
    fn disable(&self, tool: usize, event: u8, at: u32) {
        if let Ok(mut d) = self.disabled.lock() {
            d.restarts = RESTARTS.load(Ordering::Relaxed);
            d.places.insert((tool as u8, event, at));
        }
    }
}

/// Tell the tools of an event at word `at`.
pub fn tell(cx: &mut Cx, code: Gc<Code>, at: u32, event: Event, told: Told) -> Result<()> {
    for (tool, global) in GLOBAL.iter().enumerate() {
        let set = global.load(Ordering::Relaxed) | code.watched.local[tool].load(Ordering::Relaxed);
        if with_company(set) & event.bit() == 0 {
            continue;
        }
        // A tool may have a callback for both branches.
        for e in [event as u8, 18] {
            if e == 18 && event.bit() & BRANCHES == 0 {
                continue;
            }
            tell_one(cx, code, at, tool, e, event, told)?;
        }
    }
    Ok(())
}

fn tell_one(cx: &mut Cx, code: Gc<Code>, at: u32, tool: usize, e: u8, event: Event, told: Told) -> Result<()> {
    let v = values(cx)?;
    let Some(callback) = v.get(tool * EVENTS + e as usize) else { return Ok(()) };
    if code.watched.is_disabled(tool, e, at) {
        return Ok(());
    }
    let missing = v.get(MISSING).unwrap_or(Obj::NONE);
    let offset = Obj::int_unchecked(at as i64 * 2);
    let code_o = code.obj();
    let r = match told {
        Told::Nothing => ops::call_args(cx, callback, &[code_o, offset]),
        Told::Value(x) => ops::call_args(cx, callback, &[code_o, offset, x]),
        Told::Line(l) => ops::call_args(cx, callback, &[code_o, Obj::int_unchecked(l as i64)]),
        Told::To(to) => ops::call_args(cx, callback, &[code_o, offset, Obj::int_unchecked(to as i64 * 2)]),
        Told::Call(f, first) => ops::call_args(cx, callback, &[code_o, offset, f, first.unwrap_or(missing)]),
    }?;
    if Some(r) == v.get(DISABLE) {
        if event.bit() & (LOCAL | OF_CALL) != 0 {
            code.watched.disable(tool, e, at);
            return Ok(());
        }
        v.clear(tool * EVENTS + e as usize);
        return Err(cx.value_error(format!("Cannot disable {} events. Callback removed.", NAMES[e as usize])));
    }
    Ok(())
}

fn tool_id(cx: &Cx, id: i64) -> Result<usize> {
    if (0..TOOLS as i64).contains(&id) {
        return Ok(id as usize);
    }
    Err(cx.value_error(format!("invalid tool {id} (must be between 0 and {})", TOOLS - 1)))
}

fn used(cx: &mut Cx, id: i64) -> Result<usize> {
    let t = tool_id(cx, id)?;
    match values(cx)?.get(NAME + t) {
        Some(_) => Ok(t),
        None => Err(cx.value_error(format!("tool {id} is not in use"))),
    }
}

fn events(cx: &Cx, set: i64) -> Result<u32> {
    if !(0..1 << EVENTS).contains(&set) {
        return Err(cx.value_error(format!("invalid event set 0x{set:x}")));
    }
    let mut set = set as u32;
    const ALL: u32 = OF_CALL | Event::Call.bit();
    if set & OF_CALL != 0 && set & ALL != ALL {
        return Err(cx.value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    set &= !OF_CALL;
    if set & BRANCH != 0 {
        set = set & !BRANCH | BRANCHES;
    }
    Ok(set)
}

fn clear(cx: &mut Cx, t: usize) -> Result<()> {
    let v = values(cx)?;
    GLOBAL[t].store(0, Ordering::Relaxed);
    for e in 0..EVENTS {
        v.clear(t * EVENTS + e);
    }
    typhon_gc::for_each_object(&cx.mutator, move |p| {
        // The walk visits live objects while the world is stopped.
        if let Some(c) = unsafe { Obj::from_word_unchecked(p as u64) }.cast::<Code>() {
            c.watched.local[t].store(0, Ordering::Relaxed);
        }
    });
    // What was disabled was so for the tool that is gone.
    RESTARTS.fetch_add(1, Ordering::Relaxed);
    monitor::refresh_all(cx);
    Ok(())
}

/// The functions of `sys.monitoring`.
#[module("sys.monitoring")]
pub mod functions {
    use super::*;

    /// Take a tool identifier.
    #[sig(tool_id, name, /)]
    fn use_tool_id(cx: &mut Cx, tool_id: i64, name: Obj) -> Result<()> {
        let t = super::tool_id(cx, tool_id)?;
        if name.cast::<Str>().is_none() {
            return Err(cx.value_error("tool name must be a str"));
        }
        let v = values(cx)?;
        if v.get(NAME + t).is_some() {
            return Err(cx.value_error(format!("tool {tool_id} is already in use")));
        }
        v.set(cx, NAME + t, name);
        Ok(())
    }
    /// Forget a tool's callbacks and events.
    #[sig(tool_id, /)]
    fn clear_tool_id(cx: &mut Cx, tool_id: i64) -> Result<()> {
        let t = super::tool_id(cx, tool_id)?;
        if values(cx)?.get(NAME + t).is_none() { Ok(()) } else { clear(cx, t) }
    }
    /// Give a tool identifier back.
    #[sig(tool_id, /)]
    fn free_tool_id(cx: &mut Cx, tool_id: i64) -> Result<()> {
        let t = super::tool_id(cx, tool_id)?;
        let v = values(cx)?;
        if v.get(NAME + t).is_some() {
            clear(cx, t)?;
            v.clear(NAME + t);
        }
        Ok(())
    }
    /// The name of the tool that has the identifier, or None.
    #[sig(tool_id, /)]
    fn get_tool(cx: &mut Cx, tool_id: i64) -> Result<Option<Obj>> {
        let t = super::tool_id(cx, tool_id)?;
        Ok(values(cx)?.get(NAME + t))
    }
    /// Set the callback of a tool for an event; returns the former one.
    #[sig(tool_id, event, func, /)]
    fn register_callback(cx: &mut Cx, tool_id: i64, event: i64, func: Obj) -> Result<Option<Obj>> {
        let t = super::tool_id(cx, tool_id)?;
        if event <= 0 || event & (event - 1) != 0 {
            return Err(cx.value_error("The callback can only be set for one event at a time"));
        }
        let e = event.trailing_zeros() as usize;
        if e >= EVENTS {
            return Err(cx.value_error(format!("invalid event {event}")));
        }
        let v = values(cx)?;
        let old = v.get(t * EVENTS + e);
        if func.is_none() {
            v.clear(t * EVENTS + e);
        } else {
            v.set(cx, t * EVENTS + e, func);
        }
        Ok(old)
    }
    /// The events that a tool wants of all code.
    #[sig(tool_id, /)]
    fn get_events(cx: &mut Cx, tool_id: i64) -> Result<u32> {
        let t = super::tool_id(cx, tool_id)?;
        Ok(GLOBAL[t].load(Ordering::Relaxed))
    }
    /// Set the events that a tool wants of all code.
    #[sig(tool_id, event_set, /)]
    fn set_events(cx: &mut Cx, tool_id: i64, event_set: i64) -> Result<()> {
        let t = super::tool_id(cx, tool_id)?;
        let set = events(cx, event_set)?;
        used(cx, tool_id)?;
        GLOBAL[t].store(set, Ordering::Relaxed);
        monitor::refresh_all(cx);
        Ok(())
    }
    /// The events that a tool wants of one code object.
    #[sig(tool_id, code, /)]
    fn get_local_events(cx: &mut Cx, tool_id: i64, code: Obj) -> Result<u32> {
        let Some(code) = code.cast::<Code>() else { return Err(cx.type_error("code must be a code object")) };
        let t = super::tool_id(cx, tool_id)?;
        Ok(code.watched.local[t].load(Ordering::Relaxed))
    }
    /// Set the events that a tool wants of one code object.
    #[sig(tool_id, code, event_set, /)]
    fn set_local_events(cx: &mut Cx, tool_id: i64, code: Obj, event_set: i64) -> Result<()> {
        let Some(code) = code.cast::<Code>() else { return Err(cx.type_error("code must be a code object")) };
        let t = super::tool_id(cx, tool_id)?;
        let set = events(cx, event_set)?;
        if set & !LOCAL != 0 {
            return Err(cx.value_error(format!("invalid local event set 0x{event_set:x}")));
        }
        used(cx, tool_id)?;
        code.watched.local[t].store(set, Ordering::Relaxed);
        if set != 0 {
            ANY_LOCAL.store(true, Ordering::Relaxed);
        }
        monitor::refresh_all(cx);
        Ok(())
    }
    /// Enable all events that have been disabled.
    fn restart_events() {
        RESTARTS.fetch_add(1, Ordering::Relaxed);
    }
    /// The events that are wanted of all code, and which tools want them.
    fn _all_events(cx: &mut Cx) -> Result<Obj> {
        let d = dict::new(cx)?;
        for (e, n) in NAMES.iter().enumerate() {
            let mut tools = 0;
            for (t, g) in GLOBAL.iter().enumerate() {
                if with_company(g.load(Ordering::Relaxed)) & 1 << e != 0 {
                    tools |= 1 << t;
                }
            }
            if tools != 0 {
                let n = cx.intern(n)?;
                d.insert_str(cx, n, Obj::int_unchecked(tools))?;
            }
        }
        Ok(d.obj())
    }
}

/// The module object.
pub fn init(cx: &mut Cx) -> Result<Obj> {
    let m = crate::import::new_module(cx, "sys.monitoring")?;
    for f in functions::SPEC.functions {
        let n = cx.intern(f.name)?;
        let v = ops::native_function(cx, f, "sys.monitoring")?;
        ops::set_attr(cx, m, n, Some(v))?;
    }
    let object = typhon_object::types::class_for(typhon_object::shape::OBJECT).obj();
    let v = values(cx)?;
    for (at, n) in [(DISABLE, "DISABLE"), (MISSING, "MISSING")] {
        // One object for all interpreters, as the tools are.
        let o = match v.get(at) {
            Some(o) => o,
            None => ops::call_args(cx, object, &[])?,
        };
        v.set(cx, at, o);
        let n = cx.intern(n)?;
        ops::set_attr(cx, m, n, Some(o))?;
    }
    for (id, n) in [(0, "DEBUGGER_ID"), (1, "COVERAGE_ID"), (2, "PROFILER_ID"), (5, "OPTIMIZER_ID")] {
        let n = cx.intern(n)?;
        ops::set_attr(cx, m, n, Some(Obj::int_unchecked(id)))?;
    }
    let events = dict::new(cx)?;
    for (i, n) in NAMES.iter().enumerate() {
        let n = cx.intern(n)?;
        events.insert_str(cx, n, Obj::int_unchecked(1 << i))?;
    }
    events.insert_str(cx, name!(cx, "NO_EVENTS"), Obj::int_unchecked(0))?;
    let events = typhon_builtins::namespace::new(cx, events)?;
    ops::set_attr(cx, m, name!(cx, "events"), Some(events))?;
    Ok(m)
}
