//! What one interpreter tells another of an exception: texts.

use crate::import;
use typhon_object::dict;
use typhon_object::exc::BaseException;
use typhon_object::str::{self, Str};
use typhon_object::{Cx, Gc, Obj, Result, name, ops};

/// A description of an exception.
pub struct ExcInfo {
    name: String,
    qualname: String,
    module: Option<String>,
    msg: Option<String>,
    /// The traceback and the rest, as they would be shown.
    display: Option<String>,
}

fn text(o: Obj) -> Option<String> {
    o.cast::<Str>().map(|s| s.to_str().into_owned())
}

/// Describe an exception; what fails on the way is left out.
pub fn of(cx: &mut Cx, e: Gc<BaseException>) -> ExcInfo {
    let class = ops::class_of(e.obj());
    let mut attr = |n: &str| {
        let n = cx.intern(n).ok()?;
        ops::get_attr(cx, class.obj(), n).ok().and_then(text)
    };
    let name = attr("__name__").unwrap_or_default();
    let qualname = attr("__qualname__").unwrap_or_else(|| name.clone());
    let module = attr("__module__");
    let msg = ops::to_str(cx, e.obj()).ok().map(|s| s.to_str().into_owned());
    let display = display(cx, e).ok();
    ExcInfo { name, qualname, module, msg, display }
}

fn display(cx: &mut Cx, e: Gc<BaseException>) -> Result<String> {
    let traceback = import::import_module(cx, "traceback")?;
    let class = ops::get_attr(cx, traceback, name!(cx, "TracebackException"))?;
    let shown = ops::call_method(cx, class, "from_exception", &[e.obj()])?;
    let lines = ops::call_method(cx, shown, "format", &[])?;
    let empty = str::new(cx, "")?;
    let all = ops::call_method(cx, empty.obj(), "join", &[lines])?;
    let all = ops::to_str(cx, all)?;
    let all = all.to_str();
    Ok(all.strip_suffix('\n').unwrap_or(&all).to_owned())
}

impl ExcInfo {
    /// `module.Class: text`.
    pub fn formatted(&self) -> String {
        let class = match self.module.as_deref() {
            Some("builtins" | "__main__") | None => self.qualname.clone(),
            Some(m) => format!("{m}.{}", self.qualname),
        };
        match &self.msg {
            Some(m) => format!("{class}: {m}"),
            None => class,
        }
    }

    /// The `SimpleNamespace` that Python code sees.
    pub fn to_obj(&self, cx: &mut Cx) -> Result<Obj> {
        let module = self.module.as_deref();
        let class = [("__name__", Some(&*self.name)), ("__qualname__", Some(&*self.qualname)), ("__module__", module)];
        let class = namespace(cx, &class)?;
        let formatted = self.formatted();
        let all = [
            ("type", None),
            ("msg", self.msg.as_deref()),
            ("formatted", Some(&*formatted)),
            ("errdisplay", self.display.as_deref()),
        ];
        let o = namespace(cx, &all)?;
        ops::set_attr(cx, o, name!(cx, "type"), Some(class))?;
        Ok(o)
    }
}

fn namespace(cx: &mut Cx, fields: &[(&str, Option<&str>)]) -> Result<Obj> {
    let d = dict::new(cx)?;
    for (k, v) in fields {
        let k = cx.intern(k)?;
        let v = match v {
            Some(v) => str::new(cx, v)?.obj(),
            None => Obj::NONE,
        };
        d.insert_str(cx, k, v)?;
    }
    typhon_builtins::namespace::new(cx, d)
}
