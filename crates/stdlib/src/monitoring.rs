//! `sys.monitoring`: tools, their callbacks, the names of events.
//!
//! The interpreter delivers no events yet, so asking for one raises
//! NotImplementedError; everything that works without events works.
//! Tests: tests/lang/sys_basics.md; CPython test_monitoring.

use crate::util::{builtin, set, set_ints};
use typhon_gc::Root;
use typhon_macros::module;
use typhon_object::list::{self, List};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::{Cx, ExcKind, Result, dict, ops};

const TOOLS: i64 = 6;
/// Events with a bit of their own.
const EVENTS: &[&str] = &[
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
const C_RETURN: i64 = 1 << 16;
const C_RAISE: i64 = 1 << 17;
const BRANCH: i64 = 1 << 18;
/// Events that can be asked for a single code object.
const LOCAL: i64 = (1 << 11) - 1;

/// For each tool its name and then its callbacks, in one list.
static STATE: Root = Root::new();
const ROW: i64 = 1 + EVENTS.len() as i64;

fn state(cx: &mut Cx) -> Result<Gc<List>> {
    if let Some(l) = Obj::from_word(STATE.get()).and_then(|o| o.cast()) {
        return Ok(l);
    }
    let l = list::new(cx, &[Obj::NONE; (TOOLS * ROW) as usize])?;
    STATE.set(&cx.mutator, l.obj().word());
    Ok(l)
}

fn swap(cx: &mut Cx, at: i64, v: Obj) -> Result<Obj> {
    let l = state(cx)?;
    let at = at as usize;
    let mut g = l.write(cx);
    let old = g.get(at).unwrap_or(Obj::NONE);
    g.splice(at, at + 1, &[v])?;
    Ok(old)
}

fn name_of(cx: &mut Cx, tool: i64) -> Result<Obj> {
    Ok(state(cx)?.get((tool * ROW) as usize).unwrap_or(Obj::NONE))
}

fn valid(cx: &mut Cx, tool: i64) -> Result<()> {
    if (0..TOOLS).contains(&tool) {
        return Ok(());
    }
    Err(cx.value_error(format!("invalid tool {tool} (must be between 0 and 5)")))
}

fn in_use(cx: &mut Cx, tool: i64) -> Result<()> {
    valid(cx, tool)?;
    if name_of(cx, tool)?.is_none() {
        return Err(cx.value_error(format!("tool {tool} is not in use")));
    }
    Ok(())
}

fn forget_callbacks(cx: &mut Cx, tool: i64) -> Result<()> {
    for e in 1..ROW {
        swap(cx, tool * ROW + e, Obj::NONE)?;
    }
    Ok(())
}

fn undelivered(cx: &mut Cx, set: i64) -> Result<()> {
    if set == 0 {
        return Ok(());
    }
    Err(cx.error(ExcKind::NotImplementedError, "the interpreter does not deliver monitoring events yet"))
}

/// C_RETURN and C_RAISE come with CALL only.
fn with_call(cx: &mut Cx, set: i64) -> Result<i64> {
    const BOTH: i64 = C_RETURN | C_RAISE;
    if set & BOTH == 0 {
        return Ok(set);
    }
    if set & BOTH != BOTH || set & 16 == 0 {
        return Err(cx.value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    Ok(set & !BOTH)
}

fn code_arg(cx: &mut Cx, code: Obj) -> Result<()> {
    if cx.type_name(code) == "code" { Ok(()) } else { Err(cx.type_error("code must be a code object")) }
}

/// Monitoring of code.
#[module("sys.monitoring")]
pub mod monitoring {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set_ints(cx, module, &[("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)])?;
        let object = builtin(cx, "object")?;
        for n in ["DISABLE", "MISSING"] {
            let o = ops::call_args(cx, object, &[])?;
            set(cx, module, n, o)?;
        }
        let d = dict::new(cx)?;
        for (i, n) in EVENTS.iter().enumerate() {
            let k = cx.intern(n)?;
            d.insert_str(cx, k, Obj::int_unchecked(1 << i))?;
        }
        let k = cx.intern("NO_EVENTS")?;
        d.insert_str(cx, k, Obj::int_unchecked(0))?;
        let events = typhon_builtins::namespace::new(cx, d)?;
        set(cx, module, "events", events)
    }
    fn use_tool_id(cx: &mut Cx, tool_id: i64, name: Obj) -> Result<()> {
        valid(cx, tool_id)?;
        if name.cast::<Str>().is_none() {
            return Err(cx.value_error("tool name must be a str"));
        }
        if !name_of(cx, tool_id)?.is_none() {
            return Err(cx.value_error(format!("tool {tool_id} is already in use")));
        }
        swap(cx, tool_id * ROW, name).map(|_| ())
    }
    fn clear_tool_id(cx: &mut Cx, tool_id: i64) -> Result<()> {
        in_use(cx, tool_id)?;
        forget_callbacks(cx, tool_id)
    }
    fn free_tool_id(cx: &mut Cx, tool_id: i64) -> Result<()> {
        valid(cx, tool_id)?;
        forget_callbacks(cx, tool_id)?;
        swap(cx, tool_id * ROW, Obj::NONE).map(|_| ())
    }
    fn get_tool(cx: &mut Cx, tool_id: i64) -> Result<Obj> {
        valid(cx, tool_id)?;
        name_of(cx, tool_id)
    }
    fn register_callback(cx: &mut Cx, tool_id: i64, event: i64, func: Obj) -> Result<Obj> {
        valid(cx, tool_id)?;
        if event <= 0 || event.count_ones() != 1 {
            return Err(cx.value_error("The callback can only be set for one event at a time"));
        }
        let n = i64::from(event.trailing_zeros());
        if n >= EVENTS.len() as i64 {
            return Err(cx.value_error(format!("invalid event {event}")));
        }
        swap(cx, tool_id * ROW + 1 + n, func)
    }
    fn get_events(cx: &mut Cx, tool_id: i64) -> Result<i64> {
        valid(cx, tool_id)?;
        Ok(0)
    }
    fn set_events(cx: &mut Cx, tool_id: i64, event_set: i64) -> Result<()> {
        valid(cx, tool_id)?;
        if !(0..1 << EVENTS.len()).contains(&event_set) {
            return Err(cx.value_error(format!("invalid event set 0x{event_set:x}")));
        }
        let event_set = with_call(cx, event_set)?;
        in_use(cx, tool_id)?;
        undelivered(cx, event_set)
    }
    fn get_local_events(cx: &mut Cx, tool_id: i64, code: Obj) -> Result<i64> {
        code_arg(cx, code)?;
        valid(cx, tool_id)?;
        Ok(0)
    }
    fn set_local_events(cx: &mut Cx, tool_id: i64, code: Obj, event_set: i64) -> Result<()> {
        code_arg(cx, code)?;
        valid(cx, tool_id)?;
        let event_set = with_call(cx, event_set)?;
        if event_set < 0 || event_set & !(LOCAL | BRANCH) != 0 {
            return Err(cx.value_error(format!("invalid local event set 0x{event_set:x}")));
        }
        in_use(cx, tool_id)?;
        undelivered(cx, event_set)
    }
    fn restart_events() {}
    #[name("_all_events")]
    fn all_events(cx: &mut Cx) -> Result<Obj> {
        Ok(dict::new(cx)?.obj())
    }
}
