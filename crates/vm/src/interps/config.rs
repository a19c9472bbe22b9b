//! The configuration of an interpreter, as a namespace that Python code sees.
//!
//! Tests: CPython test_interpreters.test_api.

use typhon_object::dict::{self, Dict};
use typhon_object::interp::{
    ALLOW_DAEMONS, ALLOW_EXEC, ALLOW_FORK, ALLOW_THREADS, CHECK_EXTENSIONS, Interp, MAIN_OBMALLOC, OWN_GIL,
};
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Gc, Obj, Result, name, ops};

/// A configuration: bits, and how the GIL is called.
#[derive(Clone, Copy)]
pub struct Config {
    bits: u32,
    gil: Gil,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gil {
    Default,
    Shared,
    Own,
}

const FIELDS: [(&str, u32); 6] = [
    ("use_main_obmalloc", MAIN_OBMALLOC),
    ("allow_fork", ALLOW_FORK),
    ("allow_exec", ALLOW_EXEC),
    ("allow_threads", ALLOW_THREADS),
    ("allow_daemon_threads", ALLOW_DAEMONS),
    ("check_multi_interp_extensions", CHECK_EXTENSIONS),
];

impl Config {
    /// The configuration with this name.
    pub fn named(cx: &mut Cx, name: &str) -> Result<Config> {
        Ok(match name {
            "" | "default" | "isolated" => Config { bits: ALLOW_THREADS | CHECK_EXTENSIONS, gil: Gil::Own },
            "legacy" => {
                let bits = MAIN_OBMALLOC | ALLOW_FORK | ALLOW_EXEC | ALLOW_THREADS | ALLOW_DAEMONS;
                Config { bits, gil: Gil::Shared }
            }
            "empty" => Config { bits: 0, gil: Gil::Default },
            _ => {
                let shown = str::new(cx, name)?;
                let shown = ops::repr(cx, shown.obj())?.to_str().into_owned();
                return Err(cx.value_error(format!("unsupported config name {shown}")));
            }
        })
    }

    /// The configuration of an interpreter.
    pub fn of(interp: &'static Interp) -> Config {
        let bits = interp.config.load(std::sync::atomic::Ordering::Relaxed);
        Config { bits: bits & !OWN_GIL, gil: if bits & OWN_GIL != 0 { Gil::Own } else { Gil::Shared } }
    }

    /// What an interpreter keeps of it. `None`: no interpreter can be like that.
    pub fn to_bits(self) -> Option<u32> {
        // Objects of an allocator of its own must not meet the main interpreter's under
        // one GIL, and the other way round.
        let isolated = self.bits & MAIN_OBMALLOC == 0;
        match self.gil {
            Gil::Own => Some(self.bits | OWN_GIL),
            _ if isolated && self.bits & CHECK_EXTENSIONS == 0 => None,
            _ => Some(self.bits),
        }
    }

    /// What Python code sees.
    pub fn to_obj(self, cx: &mut Cx) -> Result<Obj> {
        let d = dict::new(cx)?;
        for (n, bit) in FIELDS {
            let n = cx.intern(n)?;
            d.insert_str(cx, n, Obj::bool(self.bits & bit != 0))?;
        }
        let gil = match self.gil {
            Gil::Default => "default",
            Gil::Shared => "shared",
            Gil::Own => "own",
        };
        let gil = str::new(cx, gil)?;
        d.insert_str(cx, name!(cx, "gil"), gil.obj())?;
        typhon_builtins::namespace::new(cx, d)
    }

    /// Take the fields that are in `d`; all must be there unless `partly`, and no others.
    pub fn update(&mut self, cx: &mut Cx, d: Gc<Dict>, partly: bool) -> Result<()> {
        let mut used = 0;
        for (n, bit) in FIELDS {
            let key = cx.intern(n)?;
            match d.get_str(key) {
                Some(v) if v == Obj::TRUE => self.bits |= bit,
                Some(v) if v == Obj::FALSE => self.bits &= !bit,
                Some(_) => return Err(cx.type_error(format!("invalid config type: {n}"))),
                None if partly => continue,
                None => return Err(cx.value_error(format!("missing config key: {n}"))),
            }
            used += 1;
        }
        match d.get_str(name!(cx, "gil")) {
            Some(v) => {
                let Some(s) = v.cast::<Str>() else { return Err(cx.type_error("invalid config type: gil")) };
                self.gil = match &*s.to_str() {
                    "default" => Gil::Default,
                    "shared" => Gil::Shared,
                    "own" => Gil::Own,
                    other => {
                        let text = format!("unsupported interpreter config .gil value '{other}'");
                        return Err(cx.value_error(text));
                    }
                };
                used += 1;
            }
            None if partly => {}
            None => return Err(cx.value_error("missing config key: gil")),
        }
        let extra = d.len() - used;
        if extra == 0 {
            return Ok(());
        }
        let rest = dict::new(cx)?;
        for (k, v) in d.items() {
            let known = |s: Gc<Str>| FIELDS.iter().any(|f| s.eq_str(f.0)) || s.eq_str("gil");
            if !k.cast::<Str>().is_some_and(known) {
                rest.insert(cx, k, v)?;
            }
        }
        let shown = ops::repr(cx, rest.obj())?.to_str().into_owned();
        let s = if extra == 1 { "" } else { "s" };
        Err(cx.value_error(format!("config dict has {extra} extra item{s} ({shown})")))
    }

    /// The configuration that an argument is: a name, a namespace, or None.
    pub fn from_arg(cx: &mut Cx, o: Obj) -> Result<Config> {
        if o.is_none() {
            return Config::named(cx, "");
        }
        if let Some(s) = o.cast::<Str>() {
            let Some(name) = s.to_utf8() else {
                // The error about the surrogate is the codec's.
                let utf8 = str::new(cx, "utf-8")?;
                ops::call_method(cx, o, "encode", &[utf8.obj()])?;
                return Err(cx.value_error("unsupported config name"));
            };
            return Config::named(cx, &name);
        }
        let shown = ops::repr(cx, o)?.to_str().into_owned();
        let attrs = ops::get_attr_opt(cx, o, name!(cx, "__dict__"))?;
        let Some(d) = attrs.and_then(|d| d.cast::<Dict>()) else {
            return Err(cx.type_error(format!("bad config {shown}")));
        };
        let mut config = Config { bits: 0, gil: Gil::Default };
        config.update(cx, d, false)?;
        Ok(config)
    }
}
